"""Somebody leaves the company: what would go to whom, then all of it, and the account is closed."""

from __future__ import annotations

from typing import Any

from flask import flash, g, request
from flask.typing import ResponseReturnValue

from blueprints.fields import ChecksField
from blueprints.forms import Form
from blueprints.http import find_or_404, page, requires, see_other
from blueprints.records import blueprint
from portal import clock
from portal.db import session, transaction
from portal.errors import DomainError, Invalid
from portal.i18n import N_, _
from portal.listing.registry import LISTINGS
from portal.models.org import User
from portal.permissions import Permission, Role
from portal.services import accounts, handovers


class HandOverForm(Form):
    """Who takes over."""

    to = ChecksField(N_("Who takes over"))

    def prepare(self, colleagues: list[User]) -> None:
        """Offer those whose role may do the work."""
        self.to.choices = [(one.id, f"{one.name} · {Role(one.role).label}") for one in colleagues]


@blueprint.route("/users/<number>/hand-over", methods=["GET", "POST"])
@requires(Permission.USER_EDIT)
def hand_over_user(number: str) -> ResponseReturnValue:
    """Choose who takes over, see what would move, then move it and close the account."""
    person = find_or_404(User, number)
    colleagues = handovers.colleagues(session(), person)
    form = HandOverForm()
    form.prepare(colleagues)
    if not form.is_submitted():
        form.to.process_formdata(request.args.getlist("to"))
    chosen = [one for one in colleagues if one.id in (form.to.data or ())]
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                leaver = accounts.get(writing, person.id)
                receivers = [writing.get_one(User, one.id) for one in chosen]
                found = handovers.carry_out(writing, leaver, receivers, actor=g.user, at=clock.now())
        except Invalid as refusal:
            form.take(refusal)
        except DomainError as refusal:
            form.form_errors = [str(refusal)]
        else:
            flash(
                _("%(count)s moved. %(name)s cannot sign in any more.", count=len(found.moves), name=person.name),
                "done",
            )
            return see_other(".edit_user", number=number)
    plan = handovers.plan(session(), person, chosen) if chosen else None
    status = 422 if form.errors or getattr(form, "form_errors", None) else 200
    return page(
        "records/users/hand_over.html", person=person, form=form, chosen=chosen, plan=plan,
        lines=_lines(plan, chosen) if plan else [], is_self=person.id == g.user.id, status=status,
    )  # fmt: skip


def _lines(plan: handovers.Plan, chosen: list[User]) -> list[dict[str, Any]]:
    """One line per kind of what moves, with how many go to each."""
    names = {
        handovers.FAVOURITES: _("Favourites"),
        handovers.TEXTS: _("Canned texts"),
        handovers.FOLLOWS: _("Followed records"),
        handovers.OTHERS: _("Visits, types of tasks, decisions that wait"),
    }
    return [
        {
            "name": names.get(kind) or str(LISTINGS[kind].title),
            "counts": [plan.counts[one.id][kind] for one in chosen],
            "total": sum(plan.counts[one.id][kind] for one in chosen),
        }
        for kind in plan.kinds
    ]
