"""What waits for the manager's decision, and who stands in for whom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, g
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from blueprints.forms import ChoiceField, Form, LocalDateField, TextField
from blueprints.http import get_or_404, page, requires, see_other
from blueprints.manager import blueprint
from portal import clock, visibility
from portal.db import session, transaction
from portal.errors import Invalid
from portal.i18n import N_, _
from portal.models.approval import ApprovalSubstitute
from portal.models.org import Party, PartyKind, PartyStatus, User
from portal.permissions import Permission, Role
from portal.services import approval_inbox, standing_in

P = Permission
PLEASE = N_("Please choose")


@blueprint.get("/approvals")
@requires(P.APPROVAL_DECIDE)
def approvals() -> ResponseReturnValue:
    """Everything that waits for a decision, what was asked first first."""
    return page("manager/approvals/list.html", waiting=approval_inbox.waiting(session(), g.user))


@blueprint.route("/substitutes", methods=["GET", "POST"])
@requires(P.APPROVAL_DECIDE)
def substitutes() -> ResponseReturnValue:
    """Who decides in whose place, and a form for new dates."""
    form = SubstituteForm()
    form.prepare()
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                standing_in.decide(writing, form.to_command(writing), actor=g.user, at=clock.now())
        except Invalid as refusal:
            form.take(refusal)
        else:
            flash(_("Saved. Who stands in is told."), "done")
            return see_other(".substitutes")
    today = clock.today(clock.now())
    rows = [
        {
            "id": each.id,
            "names": standing_in.name_of(each),
            "substitute": each,
            "is_open": each.ended_at is None and each.until_on >= today,
        }
        for each in standing_in.latest(session())
    ]
    return page("manager/approvals/substitutes.html", rows=rows, form=form, status=form.status)


@blueprint.post("/substitutes/<int:substitute_id>/end")
@requires(P.APPROVAL_DECIDE)
def end_substitute(substitute_id: int) -> ResponseReturnValue:
    """It ends today."""
    with transaction() as writing:
        found = get_or_404(select(ApprovalSubstitute).where(ApprovalSubstitute.id == substitute_id).with_for_update())
        standing_in.end(writing, found, actor=g.user, at=clock.now())
    flash(_("Ended."), "done")
    return see_other(".substitutes")


class SubstituteForm(Form):
    """Who is away, who decides instead, from when to when."""

    away = ChoiceField(N_("Who is away"), choices=[], required=True, blank=PLEASE)
    instead = ChoiceField(N_("Who decides instead"), choices=[], required=True, blank=PLEASE)
    from_on = LocalDateField(N_("From", "days"), required=True)
    until_on = LocalDateField(N_("Until, this day too"), required=True)
    reason = TextField(N_("Reason"), limit=200)

    def prepare(self) -> None:
        """Offer managers and leaders."""
        managers = select(User).where(User.role == Role.MANAGER, User.disabled_at.is_(None)).order_by(User.name)
        leaders = select(Party).where(
            Party.kind.in_((PartyKind.GM, PartyKind.DEPUTY_GM)),
            Party.status == PartyStatus.ACTIVE,
            visibility.standing(Party),
        )
        own = [(f"user:{one.id}", _("%(name)s (manager)", name=one.name)) for one in session().scalars(managers)]
        others = session().scalars(leaders.order_by(Party.name, Party.id)).all()
        self.away.choices = [*own, *((f"party:{one.id}", f"{one.name} · {PartyKind.show(one.kind)}") for one in others)]
        heads = select(Party).where(
            Party.is_head.is_(True), Party.status == PartyStatus.ACTIVE, visibility.standing(Party)
        )
        known = {one.id for one in others}
        more = [
            one for one in session().scalars(heads.order_by(Party.name, Party.id).limit(100)) if one.id not in known
        ]
        self.instead.choices = [
            *self.away.choices,
            *((f"party:{one.id}", f"{one.name} · {PartyKind.show(one.kind)}") for one in more),
        ]
        if not self.is_submitted():
            self.from_on.data = clock.today(clock.now())
            self.until_on.data = self.from_on.data + timedelta(days=6)

    def to_command(self, writing: Any) -> standing_in.StandIn:
        """The command; people are read anew."""

        def person(text: str) -> User | Party:
            kind, _colon, key = text.partition(":")
            found: User | Party = writing.get_one({"user": User, "party": Party}[kind], int(key))
            return found

        return standing_in.StandIn(
            person(str(self.away.data)),
            person(str(self.instead.data)),
            self.from_on.data,
            self.until_on.data,
            self.reason.data,
        )
