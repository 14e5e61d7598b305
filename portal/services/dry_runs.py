"""What would have happened last month with other limits, before a setting is saved (DL-01 to DL-29).

Looked at are the clocks that were met last month, as M-23 to M-26 count them: each is counted again from its own start,
with its own pauses, on today's calendar. Where a second limit begins, and which window a call had, its record says. What
cannot be known is left out and said.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from portal import clock, settings, visibility
from portal.calendar import Due, Limit, compute_due
from portal.i18n import N_, Text
from portal.metrics.clocks import KEPT
from portal.metrics.periods import month_of
from portal.metrics.questions import Period
from portal.models.complaint import Complaint
from portal.models.org import User
from portal.models.task import Task, TaskOutcome
from portal.paths import record_path
from portal.processes.base import Deadline
from portal.processes.registry import PROCESSES
from portal.services import calendars, setting_changes
from portal.services.record_kinds import MODELS

MOST = 5_000
"""Clocks that are looked at; of more the last ones."""
AT_ONCE = 500
"""Records that are read with one query."""
WITH: Mapping[Any, tuple[ORMOption, ...]] = {Complaint: (selectinload(Complaint.departments),)}
"""What `Deadline.cap_field` of these records looks at beside the record itself."""
A_MINUTE = timedelta(minutes=1)
"""Less than a minute after its time is in time (`portal.metrics.clocks.KEPT`)."""


class _Met(NamedTuple):
    """A clock that ended."""

    code: str
    record_kind: str
    record_id: int
    record_number: str
    customer_name: str | None
    started_at: datetime
    due_at: datetime | None
    explanation: dict[str, Any] | None
    closed_at: datetime
    outcome: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Turned:
    """A clock that would have ended otherwise: late instead of in time, or the other way round."""

    record_number: str
    customer_name: str | None
    url: str
    due_at: datetime | None
    due_then: datetime | None
    """None: its clock would stand."""
    met_at: datetime
    is_late: bool
    """What it would have been."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of the clocks of one code, and what would have. `said` are (label, now, then) of what is changed."""

    clock: Deadline
    said: tuple[tuple[Text, str, str], ...]
    urls: Mapping[str, str]
    """The lists behind the numbers: `met`, `late`, `open`, `cancelled`."""
    met: int = 0
    late: int = 0
    late_then: int = 0
    turned: tuple[Turned, ...] = ()
    unknown: int = 0
    """Left out: the record no longer says from when its second limit ran, or is gone."""
    bare: int = 0
    """Left out: nothing is kept of how it was counted."""
    cancelled: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True)
class DryRun:
    """The answer for a group of settings. `seal` names what was answered, so that just this is saved after it."""

    period: Period
    trials: tuple[Trial, ...]
    fixed: tuple[Text, ...] = ()
    """Settings whose dates are fixed one by one when they are agreed: nothing can be counted again."""
    seal: str = ""
    is_cut: bool = False


def of_changes(session: Session, user: User, changes: Mapping[str, Any], *, at: datetime) -> DryRun | None:
    """What these new values would have done last month to what the person sees; None: they are no limits of clocks."""
    period = month_of(clock.today(at)).before
    concerned = [
        (deadline, keys)
        for process in PROCESSES.values()
        for deadline in process.deadlines
        if (keys := [key for key in _keys(session, deadline, changes) if key in changes])
    ]
    if not concerned:
        return None
    told = {key for _deadline, keys in concerned for key in keys}
    fixed = [key for key in changes if key not in told and settings.SETTINGS[key].label.message.startswith("DL-")]
    found = _ended(session, user, [deadline.code for deadline, _keys in concerned], period)
    waiting = _open(session, user, [deadline.code for deadline, _keys in concerned])
    trials = []
    for deadline, keys in concerned:
        trial = Trial(deadline, tuple(_said(session, key, changes[key]) for key in keys), _urls(deadline.code, period))
        rows = [row for row in found[:MOST] if row.code == deadline.code]
        records = _records(session, deadline, rows)
        again = _by_window(changes, records) if deadline.due_field else _by_limits(session, deadline, changes, records)
        trials.append(replace(_tried(trial, again, rows), open=waiting.get(deadline.code, 0)))
    return DryRun(
        period,
        tuple(trials),
        tuple(settings.SETTINGS[key].label for key in fixed),
        json.dumps(dict(changes), sort_keys=True, default=str),
        len(found) > MOST,
    )


# ---- which limits ------------------------------------------------------------------------------------------------


def _keys(session: Session, deadline: Deadline, changes: Mapping[str, Any]) -> list[str]:
    """The settings from which a clock is counted."""
    if deadline.due_field:
        return list(deadline.due_settings)
    second = (deadline.cap_setting, deadline.cap_switch)
    keys = [deadline.setting, *filter(None, (*second, deadline.clock_setting))]
    chosen = deadline.clock_setting
    if chosen and changes.get(chosen, settings.get(session, chosen)) == "DUTY_HOURS":
        keys.append("duty_hours")
    return keys


def _said(session: Session, key: str, value: Any) -> tuple[Text, str, str]:
    """A changed setting in words: its label, what it is and what it would be."""
    declared = settings.SETTINGS[key]
    unit = f" {declared.unit}" if declared.unit else ""
    now, then = (setting_changes.told(key, each) for each in (settings.get(session, key), value))
    return declared.label, f"{now}{unit}", f"{then}{unit}"


# ---- which clocks ------------------------------------------------------------------------------------------------


def _ended(session: Session, user: User, codes: Sequence[str], period: Period) -> list[_Met]:
    """The clocks of these codes that ended in the period, the last first; one more than is looked at."""
    rows = session.execute(
        select(
            Task.code, Task.record_kind, Task.record_id, Task.record_number, Task.customer_name, Task.started_at, Task.due_at,
            Task.explanation, Task.closed_at, Task.outcome, KEPT.label("kept"),
        )
        .where(visibility.condition(user, Task), Task.code.in_(codes), period.holds(Task.closed_at))
        .order_by(Task.closed_at.desc(), Task.id.desc())
        .limit(MOST + 1)
    )  # fmt: skip
    return [_Met(*row) for row in rows]


def _open(session: Session, user: User, codes: Sequence[str]) -> dict[str, int]:
    rows = session.execute(
        select(Task.code, func.count())
        .where(visibility.condition(user, Task), Task.code.in_(codes), Task.closed_at.is_(None))
        .group_by(Task.code)
    )
    return {code: number for code, number in rows if code}


def _urls(code: str, period: Period) -> dict[str, str]:
    where = json.dumps(["all", ["done", "between", f"{period.first}", f"{period.last}"]], separators=(",", ":"))

    def path(filters: str, **more: str) -> str:
        return "/records/tasks?" + urlencode({"filter": f"clock.{code},{filters}", **more}, safe=",")

    return {
        "met": path("outcome.DONE", where=where),
        "late": path("outcome.DONE,missed", where=where),
        "cancelled": path("outcome.CANCELLED", where=where),
        "open": path("open"),
    }


def _records(session: Session, deadline: Deadline, rows: Sequence[_Met]) -> dict[int, Any]:
    """The records of these clocks, where the answer hangs on them: those of one deadline are of one kind."""
    if not rows or not (deadline.cap_field or deadline.due_settings):
        return {}
    model: Any = MODELS[rows[0].record_kind]
    numbers = sorted({row.record_id for row in rows})
    found: dict[int, Any] = {}
    for first in range(0, len(numbers), AT_ONCE):
        asked = select(model).where(model.id.in_(numbers[first : first + AT_ONCE])).options(*WITH.get(model, ()))
        found |= {record.id: record for record in session.scalars(asked)}
    return found


# ---- trying it ---------------------------------------------------------------------------------------------------


class _Unknown(Exception):
    """It cannot be told when it would have been due."""


class _Bare(Exception):
    """Nothing is kept of how it was counted."""


_Again = Callable[[_Met], datetime | None]
"""When a clock would have been due; None: it stands. Raises _Unknown, _Bare."""


def _by_limits(session: Session, deadline: Deadline, changes: Mapping[str, Any], records: Mapping[int, Any]) -> _Again:
    """Counted from the start of the clock, and from that of its second limit where it has one: what comes first."""

    def considered(key: str) -> Limit:
        return calendars.limit(session, key, deadline.clock_setting, considered=changes)

    switch = deadline.cap_switch
    is_capped = deadline.cap_setting and (not switch or changes.get(switch, settings.get(session, switch)))
    own, calendar = considered(deadline.setting), calendars.current(session)
    cap = considered(deadline.cap_setting) if deadline.cap_setting and is_capped else None

    def due(row: _Met) -> datetime | None:
        if row.explanation is None:
            raise _Bare
        known = Due.from_dict(row.explanation)

        def counted(start: datetime, limit: Limit) -> datetime | None:
            if (start, limit) == (known.start, known.limit):
                return known.due_at
            return compute_due(start, limit, calendar, known.pauses).due_at

        found = [counted(row.started_at, own)]
        if cap is not None and (second := _second_start(deadline, row, known, records)) is not None:
            found.append(counted(second, cap))
        return min((each for each in found if each is not None), default=None)

    return due


def _second_start(deadline: Deadline, row: _Met, known: Due, records: Mapping[int, Any]) -> datetime | None:
    """Where the second limit of a clock begins; None: this record has none. Raises _Unknown."""
    if deadline.cap_field is None:
        return row.started_at
    if known.start != row.started_at:  # it was the one that came first, and is kept with the clock
        return known.start
    if row.record_id not in records:
        raise _Unknown
    start: datetime | None = getattr(records[row.record_id], deadline.cap_field)
    if start is not None and start > row.closed_at:
        raise _Unknown  # signed anew since, by another department
    return start


def _by_window(changes: Mapping[str, Any], records: Mapping[int, Any]) -> _Again:
    """Counted by the record, which knows its window; what was agreed stays."""

    def due(row: _Met) -> datetime | None:
        record = records.get(row.record_id)
        if record is None:
            raise _Unknown
        key = record.due_setting
        counted: datetime | None = record.due_with(changes[key]) if key in changes else row.due_at
        return counted

    return due


def _tried(trial: Trial, again: _Again, rows: Sequence[_Met]) -> Trial:
    numbers: Counter[str] = Counter()
    turned: list[Turned] = []
    for row in rows:
        if row.outcome != TaskOutcome.DONE:
            numbers["cancelled"] += 1
            continue
        try:
            due = again(row)
        except (_Unknown, _Bare) as reason:
            numbers["bare" if isinstance(reason, _Bare) else "unknown"] += 1
            continue
        late = not row.kept if due == row.due_at else _is_late(row.closed_at, due)
        numbers["met"] += 1
        numbers["late"] += not row.kept
        numbers["late_then"] += late
        if late == row.kept:
            url = record_path(row.record_kind, row.record_number)
            turned.append(Turned(row.record_number, row.customer_name, url, row.due_at, due, row.closed_at, late))
    return replace(
        trial,
        met=numbers["met"],
        late=numbers["late"],
        late_then=numbers["late_then"],
        turned=tuple(turned),
        unknown=numbers["unknown"],
        bare=numbers["bare"],
        cancelled=numbers["cancelled"],
    )


def _is_late(met_at: datetime, due_at: datetime | None) -> bool:
    """A clock that stands is never late."""
    return due_at is not None and met_at - due_at >= A_MINUTE


def why_left_out(trial: Trial) -> list[tuple[str, str]]:
    """What a trial leaves out, in sentences, each with the list it is in."""
    said = [
        (trial.open, N_("Still open, so not judged: %(number)s"), "open"),
        (trial.cancelled, N_("Called off: %(number)s"), "cancelled"),
        (trial.unknown, N_("Their records no longer say from when it ran: %(number)s"), "met"),
        (trial.bare, N_("Without a count of their own: %(number)s"), "met"),
    ]
    return [(str(text % {"number": number}), trial.urls[side]) for number, text, side in said if number]
