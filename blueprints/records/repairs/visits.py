"""The visits of a day by captain, in the order they are made: to plan, to print, to find the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from urllib.parse import urlencode

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires, see_other
from blueprints.records import blueprint, editing
from portal import clock, formatting, i18n, settings
from portal.db import session, transaction
from portal.errors import NotFound
from portal.i18n import _
from portal.models.org import User
from portal.models.repair import RepairVisit
from portal.permissions import Permission
from portal.processes.repair import PROCESS, Trade, Urgency
from portal.services import maps, prints, repairs

P = Permission
PATH = "/records/repair-orders/visits"


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit as the page shows it."""

    time: str
    who: str
    url: str
    number: str
    address: str
    map_url: str
    what: str
    state: str
    is_urgent: bool
    clash: str
    """What lies too near to it, and why that was accepted."""


@dataclass(frozen=True, slots=True)
class Round:
    """The visits of one captain on the day."""

    captain: User | None
    visits: list[Visit] = field(default_factory=list)


@blueprint.get("/repair-orders/visits")
@requires(P.REPAIR_VIEW)
def repair_visits() -> ResponseReturnValue:
    """Who goes where on a day."""
    at = clock.now()
    day, problem = _day(clock.today(at), request.args.get("day", ""))
    captain_id = request.args.get("captain", "")
    people = repairs.captains(session(), g.user.branch_id)
    captain = next((person for person in people if str(person.id) == captain_id), None)
    found = repairs.visits_on(session(), g.user, day, captain)
    rounds = [
        Round(captain, _visits(list(visits)))
        for captain, visits in groupby(found, key=lambda visit: visit.captain)
    ]  # fmt: skip

    def url(to: date) -> str:
        chosen = {"captain": captain_id} if captain else {}
        return f"{PATH}?{urlencode({'day': to.isoformat(), **chosen})}"

    return page(
        "records/repairs/visits.html",
        day=day,
        problem=problem,
        title=formatting.full_date(day),
        rounds=rounds,
        captain=captain,
        people=[("", _("Everybody")), *((str(person.id), person.name) for person in people)],
        previous_url=url(day - timedelta(days=1)),
        next_url=url(day + timedelta(days=1)),
        today_url=url(clock.today(at)) if day != clock.today(at) else "",
        calendar_url=_calendar(day),
    )


@blueprint.post("/repair-orders/visits/print")
@requires(P.DOCUMENT_PRINT)
def print_visits() -> ResponseReturnValue:
    """The repair orders (F-20) of a captain's day as one file, in the order of the visits."""
    at = clock.now()
    day, problem = _day(clock.today(at), request.form.get("day", ""))
    captain_id = request.form.get("captain", "")
    with transaction() as writing:
        captain = next(
            (person for person in repairs.captains(writing, g.user.branch_id) if str(person.id) == captain_id), None
        )
        if captain is None or problem:
            raise NotFound()
        found = repairs.visits_on(writing, g.user, day, captain)
        run = prints.print_many(
            writing, "F-20", list(dict.fromkeys(visit.order_id for visit in found)), actor=g.user, locale=i18n.locale(), at=at,
            words=_("%(captain)s, visits of %(day)s", captain=captain.name, day=formatting.full_date(day)),
            back=f"{PATH}?{urlencode({'day': day.isoformat(), 'captain': captain_id})}",
        )  # fmt: skip
        run_id = run.id
    return see_other(".print_run", run_id=run_id)


def _visits(found: list[RepairVisit]) -> list[Visit]:
    length = timedelta(minutes=int(settings.get(session(), repairs.VISIT_MINUTES)))
    return [_visit(visit, [other for other in found if _is_near(visit, other, length)]) for visit in found]


def _is_near(visit: RepairVisit, other: RepairVisit, length: timedelta) -> bool:
    return other.order_id != visit.order_id and abs(other.begins_at - visit.begins_at) < length


def _visit(visit: RepairVisit, near: list[RepairVisit]) -> Visit:
    order = visit.order
    clash = ""
    if near:
        clash = _("Lies on %(numbers)s", numbers="、".join(other.order_number for other in near))
        if order.overlap_reason and visit.planned_at == order.appointment_at:
            clash = _("%(clash)s. Reason: %(reason)s", clash=clash, reason=order.overlap_reason)
    return Visit(
        time=f"{clock.local(visit.begins_at):%H:%M}",
        who=order.reporter,
        url=editing.path(order),
        number=order.number,
        address=order.address,
        map_url=maps.url(session(), order.address),
        what=f"{Trade.show(order.trade)} · {order.symptom[:60]}",
        state=str(PROCESS.state(order.state).label),
        is_urgent=order.urgency == Urgency.URGENT,
        clash=clash,
    )


def _day(today: date, given: str) -> tuple[date, str]:
    given = given.strip()
    if not given:
        return today, ""
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return today, _("This day cannot be read; today is shown.")
    return (day, "") if 2000 < day.year < 2100 else (today, _("This day cannot be read; today is shown."))


def _calendar(day: date) -> str:
    """The same in the calendar of the list: hours down, captains across."""
    chosen = {"view": "calendar", "rows": "planned", "span": "day", "columns": "person"}
    return f"/records/repair-visits?{urlencode(chosen | {'day': day.isoformat()})}"
