"""Wednesday's list, Thursday's schedule, the sheet of a day. Rules: `portal/processes/pre_acceptance.py`, DL-17, DL-18."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import flash, g, redirect, request
from flask.typing import ResponseReturnValue

from blueprints.http import find_or_404, page, requires, see_other
from blueprints.records import blueprint, editing
from blueprints.records.pre_acceptance_forms import week_text
from blueprints.records.pre_acceptances import read_week, week_url
from portal import clock, formatting
from portal.db import session, transaction
from portal.errors import Invalid, NotFound
from portal.i18n import _, _n
from portal.models.pre_acceptance import WEEK, PreAcceptance
from portal.permissions import Permission, may
from portal.processes.pre_acceptance import INSPECTED_FROM, PROCESS, State
from portal.services import inspections, maps, pre_acceptances, tasks, week_lists
from portal.settings import WEEKDAYS
from portal.shell import INSPECTIONS_ON_SITE

P = Permission
SCHEDULE = "/records/pre-acceptances/schedule"
DAY = "/records/pre-acceptances/day"


@dataclass(frozen=True, slots=True)
class Stop:
    """An inspection as the pages of a week and of a day show it."""

    record: PreAcceptance
    url: str
    time: str
    address: str
    state: str
    is_draft: bool
    is_again: bool
    """A repeated inspection; its date was agreed in F-10."""
    map_url: str = ""
    inspect_url: str = ""
    """Where it is inspected on site."""
    is_to_tell: bool = False
    """Project manager and foreman were not told of what holds now."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the schedule."""

    day: date
    title: str
    stops: list[Stop]


@blueprint.get("/pre-acceptances/week")
@requires(P.PREACCEPT_VIEW)
def pre_acceptance_week() -> ResponseReturnValue:
    """Engineering's list of a week: what is on it, what came late, what waits for it from before, how long it is open."""
    week_from = read_week(request.args.get("week")) or pre_acceptances.next_week(clock.now())
    week = pre_acceptances.of_week(session(), g.user, week_from)
    waiting = week_lists.waited_for(session(), week.listed)
    return page(
        "records/pre_acceptances/week.html",
        week=week,
        waiting=waiting,
        is_missing=waiting is not None and clock.now() > week.closes_at,
        title=week_text(week_from),
        entries=[_stop(record) for record in pre_acceptances.entries(session(), g.user, week_from)],
        come_over=[_stop(record) for record in pre_acceptances.come_over(session(), g.user, week_from)],
        is_closed=clock.now() > week.closes_at,
        may_list=may(g.user, P.PREACCEPT_LIST),
        may_admit=may(g.user, P.PREACCEPT_DECIDE),
        new_url=f"/records/pre-acceptances/new?week={week_from.isoformat()}",
        schedule_url=_schedule_url(week_from),
        previous_url=week_url(week_from - WEEK),
        next_url=week_url(week_from + WEEK),
    )


@blueprint.get("/pre-acceptance-lists/<number>")
@requires(P.PREACCEPT_VIEW)
def pre_acceptance_list(number: str) -> ResponseReturnValue:
    """Where the clock of a list leads: the page of its week."""
    week_from = read_week(number)
    if week_from is None:
        raise NotFound()
    return redirect(week_url(week_from))


@blueprint.post("/pre-acceptances/week/nothing")
@requires(P.PREACCEPT_LIST)
def nothing_to_pre_accept() -> ResponseReturnValue:
    """Engineering said that no project is to be inspected in the week: its list is waited for no longer."""
    week_from = read_week(request.form.get("week"))
    if week_from is None:
        raise NotFound()
    with transaction() as writing:
        week_lists.nothing_to_list(writing, week_from, actor=g.user, at=clock.now())
    flash(_("Noted: nothing is to be inspected in this week."), "done")
    return see_other(week_url(week_from))


@blueprint.get("/pre-acceptances/schedule")
@requires(P.PREACCEPT_VIEW)
def pre_acceptance_schedule() -> ResponseReturnValue:
    """The schedule of a week: drag to order, or with buttons; nothing is told before it is published."""
    week_from = read_week(request.args.get("week")) or pre_acceptances.next_week(clock.now())
    return _schedule(week_from)


@blueprint.post("/pre-acceptances/schedule/order")
@requires(P.PREACCEPT_WORK)
def order_pre_acceptances() -> ResponseReturnValue:
    """Put the inspections of a day in an order; their times follow."""
    day, order = _read_day(request.form.get("day")), request.form.get("order", "")
    numbers = [text for text in order.split(",") if text][:200]
    if day is None or not numbers or not all(text.isdecimal() and len(text) < 10 for text in numbers):
        raise NotFound()
    at = clock.now()
    try:
        with transaction() as writing:
            pre_acceptances.arrange(writing, g.user, day, list(dict.fromkeys(map(int, numbers))), at=at)
    except Invalid as refusal:
        return _schedule(pre_acceptances.monday_of(day), problem=_sentence(refusal))
    return see_other(_schedule_url(pre_acceptances.monday_of(day)))


@blueprint.post("/pre-acceptances/schedule/plan")
@requires(P.PREACCEPT_WORK)
def plan_pre_acceptance() -> ResponseReturnValue:
    """Pencil one in on a day and at a time; without a day it is taken out again."""
    at = clock.now()
    number, given = request.form.get("number", ""), request.form.get("time", "").strip()
    day = _read_day(request.form.get("day"))
    week_from = read_week(request.form.get("week")) or pre_acceptances.next_week(at)
    try:
        with transaction() as writing:
            record = find_or_404(PreAcceptance, number)
            if day is None:
                pre_acceptances.plan(writing, record, None, actor=g.user, at=at)
            elif given:
                pre_acceptances.plan(writing, record, _moment(day, given), actor=g.user, at=at)
            else:
                drafts = [
                    each.id
                    for each in pre_acceptances.of_day(writing, g.user, day)
                    if each.state == State.LISTED and each.id != record.id
                ]
                pre_acceptances.arrange(writing, g.user, day, [*drafts, record.id], at=at)
    except Invalid as refusal:
        return _schedule(week_from, problem=_sentence(refusal))
    return see_other(f"{_schedule_url(week_from)}#stop-{record.id}")


@blueprint.post("/pre-acceptances/schedule/publish")
@requires(P.PREACCEPT_WORK)
def publish_pre_acceptances() -> ResponseReturnValue:
    """Publish the planned dates of a week: each is told once."""
    week_from = read_week(request.form.get("week"))
    if week_from is None:
        raise NotFound()
    try:
        with transaction() as writing:
            count = pre_acceptances.publish(writing, g.user, week_from, at=clock.now())
    except Invalid as refusal:
        return _schedule(week_from, problem=_sentence(refusal))
    said = _n("%(num)s date is published.", "%(num)s dates are published.", count)
    flash(said if count else _("There was nothing new to publish."), "done")
    return see_other(_schedule_url(week_from))


@blueprint.get("/pre-acceptances/day")
@requires(P.PREACCEPT_VIEW)
def pre_acceptance_day() -> ResponseReturnValue:
    """The sheet of a day: where to drive to and in which order, for the phone and for paper."""
    today = clock.today(clock.now())
    day = _read_day(request.args.get("day")) or today
    stops = [_stop(record, on_the_way=True) for record in pre_acceptances.of_day(session(), g.user, day)]
    return page(
        "records/pre_acceptances/day.html",
        title=f"{formatting.full_date(day)} {WEEKDAYS[day.weekday()][1]}",
        day=day,
        stops=stops,
        may_inspect=may(g.user, P.PREACCEPT_WORK),
        inspected_from=INSPECTED_FROM,
        previous_url=f"{DAY}?day={day - timedelta(days=1)}",
        next_url=f"{DAY}?day={day + timedelta(days=1)}",
        today_url=DAY if day != today else "",
        schedule_url=_schedule_url(pre_acceptances.monday_of(day)),
    )


# ---------- Parts ----------


def _schedule(week_from: date, problem: str = "") -> ResponseReturnValue:
    week = pre_acceptances.of_week(session(), g.user, week_from)
    stops = [_stop(record) for record in week.appointments]
    days = []
    for number in range(7):
        day = week_from + timedelta(days=number)
        of_day = [stop for stop in stops if stop.record.scheduled_on == day]
        if number < 5 or of_day:
            days.append(Day(day, f"{WEEKDAYS[day.weekday()][1]} {day:%m-%d}", of_day))
    return page(
        "records/pre_acceptances/schedule.html",
        status=422 if problem else 200,
        week=week,
        problem=problem,
        title=week_text(week_from),
        days=days,
        unplanned=[_stop(record) for record in week.unplanned],
        waiting=[stop for stop in map(_stop, week.unplanned) if stop.record.earliest_on > week_from],
        may_plan=may(g.user, P.PREACCEPT_WORK),
        usual_day=week_from + timedelta(days=3),
        list_url=week_url(week_from),
        day_url=DAY,
        previous_url=_schedule_url(week_from - WEEK),
        next_url=_schedule_url(week_from + WEEK),
    )


def _schedule_url(week_from: date) -> str:
    return f"{SCHEDULE}?week={week_from.isoformat()}"


def _stop(record: PreAcceptance, *, on_the_way: bool = False) -> Stop:
    address = record.project.property.address
    to_tell = False
    if on_the_way and record.parties_told_at is None:
        titles = {task.title for task in tasks.open_of(session(), record)}
        to_tell = bool(titles & {pre_acceptances.TELL_DATE.message, pre_acceptances.TELL_NOTICE.message})
    return Stop(
        record,
        editing.path(record),
        f"{clock.local(record.scheduled_at):%H:%M}" if record.scheduled_at else "",
        address,
        str(PROCESS.state(record.state).label),
        record.state == State.LISTED,
        record.round_no > 1,
        maps.url(session(), address) if on_the_way else "",
        INSPECTIONS_ON_SITE.records + inspections.next_number(record) if on_the_way else "",
        to_tell,
    )


def _read_day(given: str | None) -> date | None:
    try:
        day = date.fromisoformat((given or "").strip())
    except ValueError:
        return None
    return day if 2000 < day.year < 2100 else None


def _moment(day: date, given: str) -> Any:
    hour, _colon, minute = given.replace("：", ":").partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and len(given) <= 5 and int(hour) < 24 and int(minute) < 60):
        raise Invalid({"time": _("Enter a time like 09:30.")})
    return clock.at_local(day, int(hour), int(minute))


def _sentence(refusal: Invalid) -> str:
    return " ".join(str(sentence) for sentence in refusal.fields.values())
