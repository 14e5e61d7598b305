"""Who is away and who stands in: list, calendar, and a form for anybody."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask import flash, g, request
from flask.typing import ResponseReturnValue

from blueprints import absence_form
from blueprints.absence_form import AbsenceForm
from blueprints.http import get_or_404, page, requires, see_other
from blueprints.manager import blueprint
from portal import clock
from portal.db import session, transaction
from portal.errors import Invalid
from portal.formatting import WEEKDAYS
from portal.i18n import _, _p
from portal.models.absence import Absence
from portal.permissions import Permission
from portal.services import absences, calendars

P = Permission
FIRST_YEAR, LAST_YEAR = 2001, 2099


@blueprint.route("/absences", methods=["GET", "POST"])
@requires(P.ABSENCE_EDIT)
def who_is_away() -> ResponseReturnValue:
    """Who is away, by list and by calendar of a month, and a form for new days."""
    form = AbsenceForm()
    form.prepare(g.user)
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                absences.enter(writing, form.to_command(writing, g.user), actor=g.user, at=clock.now())
        except Invalid as refusal:
            form.take(refusal)
        else:
            flash(_("Saved. Both are told."), "done")
            return see_other(".who_is_away")
    found = absence_form.rows(absences.latest(session(), g.user), g.user)
    return page("absences/manager.html", rows=found, form=form, month=_month(), status=form.status)


@blueprint.post("/absences/<int:absence_id>/end")
@requires(P.ABSENCE_EDIT)
def end_absence(absence_id: int) -> ResponseReturnValue:
    """Back before the last day, or not away after all."""
    with transaction() as writing:
        query = absences.visible_to(g.user).where(Absence.id == absence_id).with_for_update(of=Absence)
        absences.end(writing, get_or_404(query), actor=g.user, at=clock.now())
    flash(_("Ended. What is not done is with its own person again."), "done")
    return see_other(".who_is_away")


# ---------- The calendar ----------


@dataclass(frozen=True, slots=True)
class Cell:
    """A day of the month with those who are away."""

    day: date
    is_today: bool
    is_off: bool
    is_outside: bool
    names: list[tuple[str, str]] = field(default_factory=list)


def _month() -> dict[str, Any]:
    """The month of `?month=2026-11`, else the present one, in whole weeks."""
    today = clock.today(clock.now())
    first = today.replace(day=1)
    asked = re.fullmatch(r"(\d{4})-(\d{2})", request.args.get("month", ""))
    if asked and FIRST_YEAR <= int(asked[1]) <= LAST_YEAR and 1 <= int(asked[2]) <= 12:
        first = date(int(asked[1]), int(asked[2]), 1)
    after = (first + timedelta(days=31)).replace(day=1)
    start = first - timedelta(days=first.weekday())
    end = after + timedelta(days=-after.weekday() % 7)
    away = absences.of_days(session(), g.user, start, end - timedelta(days=1))
    calendar = calendars.current(session())
    days = [start + timedelta(days=count) for count in range((end - start).days)]
    cells = [
        Cell(
            day=day,
            is_today=day == today,
            is_off=not calendar.is_working_day(day),
            is_outside=not first <= day < after,
            names=[absences.name_of(each) for each in away if each.from_on <= day <= each.until_on],
        )
        for day in days
    ]
    return {
        "title": f"{first:%Y-%m}",
        "weekdays": [_p("weekday", WEEKDAYS[number]) for number in range(7)],
        "weeks": [cells[place : place + 7] for place in range(0, len(cells), 7)],
        "before": f"{first - timedelta(days=1):%Y-%m}",
        "after": f"{after:%Y-%m}",
    }
