"""The form that says who is away and who stands in, and the rows of those who are: of managers and of everybody for themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from blueprints.forms import ChoiceField, Form, LocalDateField, TextField
from portal import clock, visibility
from portal.db import session
from portal.i18n import N_, Text, _
from portal.models.absence import Absence
from portal.models.org import Party, PartyKind, PartyStatus, User
from portal.permissions import Role
from portal.services import absences

PLEASE = N_("Please choose")


class OwnAbsenceForm(Form):
    """From when to when somebody is away, and who stands in."""

    instead = ChoiceField(N_("Who stands in"), choices=[], required=True, blank=PLEASE)
    from_on = LocalDateField(N_("From", "days"), required=True)
    until_on = LocalDateField(N_("Until, this day too"), required=True)
    reason = TextField(N_("Reason"), limit=200)

    needs: Sequence[Text] = ()
    """For whom nobody can stand in, and what that would take: said before anything is typed."""

    def prepare(self, person: User) -> None:
        """Offer the colleagues whose role may do the work."""
        self.instead.choices = [(f"user:{one.id}", _named(one)) for one in absences.could_stand_in(session(), person)]
        self.needs = [] if self.instead.choices else absences.needed_for([person])
        self.fill_days()

    def fill_days(self) -> None:
        """A week from today, unless something was typed."""
        if not self.is_submitted():
            self.from_on.data = clock.today(clock.now())
            self.until_on.data = self.from_on.data + timedelta(days=6)

    def to_command(self, writing: Any, person: User) -> absences.Enter:
        """The command; people are read anew."""
        return absences.Enter(
            writing.get_one(User, person.id), _person(writing, self.instead.data), *self._days(), self.reason.data
        )

    def _days(self) -> tuple[date, date]:
        return self.from_on.data, self.until_on.data


class AbsenceForm(OwnAbsenceForm):
    """The same of anybody, leaders without a login too."""

    away = ChoiceField(N_("Who is away"), choices=[], required=True, blank=PLEASE)

    def prepare(self, person: User) -> None:
        """Offer the colleagues whom the manager sees, and leaders; away only those for whom somebody can stand in."""
        colleagues = visibility.visible_to(person, User).where(User.disabled_at.is_(None))
        found = session().scalars(colleagues.order_by(User.role, User.name, User.id)).all()
        order = list(Role)
        people = [(f"user:{one.id}", _named(one)) for one in sorted(found, key=lambda one: order.index(Role(one.role)))]
        there = (Party.status == PartyStatus.ACTIVE, visibility.standing(Party))
        kinds = Party.kind.in_((PartyKind.GM, PartyKind.DEPUTY_GM))
        leaders = session().scalars(select(Party).where(kinds, *there).order_by(Party.name, Party.id)).all()
        known = {one.id for one in leaders}
        heads = session().scalars(
            select(Party).where(Party.is_head.is_(True), *there).order_by(Party.name, Party.id).limit(100)
        )
        deciding = [*leaders, *(one for one in heads if one.id not in known)]
        of_leaders = [(f"party:{one.id}", f"{one.name} · {PartyKind.show(one.kind)}") for one in deciding]
        alone = absences.alone(session(), found)
        self.needs = absences.needed_for(alone)
        keys = {f"user:{one.id}" for one in alone}
        self.away.choices = [*(one for one in people if one[0] not in keys), *of_leaders[: len(leaders)]]
        self.instead.choices = [*people, *of_leaders]
        self.fill_days()

    def to_command(self, writing: Any, person: User) -> absences.Enter:
        """The command; people are read anew."""
        away, instead = _person(writing, self.away.data), _person(writing, self.instead.data)
        return absences.Enter(away, instead, *self._days(), self.reason.data)


def _named(person: User) -> str:
    return f"{person.name} · {Role(person.role).label}"


def _person(writing: Any, text: Any) -> Any:
    kind, _colon, key = str(text).partition(":")
    return writing.get_one({"user": User, "party": Party}[kind], int(key))


def rows(found: Sequence[Absence], viewer: User, *, only_own: bool = False) -> list[dict[str, Any]]:
    """Absences as lines of a table: who, for which days, where they stand, and whether the viewer may end them here."""
    today = clock.today(clock.now())
    return [
        {
            "id": each.id,
            "away": absences.name_of(each)[0],
            "instead": absences.name_of(each)[1],
            "from_on": each.from_on,
            "until_on": each.until_on,
            "reason": each.reason,
            "made_by": each.made_by.name if each.made_by else None,
            "state": _state(each, today),
            "is_now": each.ended_at is None and each.from_on <= today <= each.until_on,
            "may_end": each.ended_at is None
            and each.until_on >= today
            and (each.user_id == viewer.id or (not only_own and absences.may_enter(viewer, each.user or each.party))),
        }
        for each in found
    ]


def _state(absence: Absence, today: date) -> str:
    if absence.ended_at is not None:
        return _("Ended early") if clock.today(absence.ended_at) >= absence.from_on else _("Called off")
    if absence.until_on < today:
        return _("Back again")
    return _("Away now") if absence.from_on <= today else _("Still to come")
