"""What would have happened last month with other limits, before a setting is saved (DL-01 to DL-29).

Looked at are the clocks that were met last month, as M-23 to M-26 count them: each is counted again from its own start,
with its own pauses, on today's calendar. What cannot be known from what a clock keeps is left out and said.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import clock, settings, visibility
from portal.calendar import Due, Limit, WorkCalendar, compute_due
from portal.i18n import N_, Text
from portal.metrics.clocks import KEPT
from portal.metrics.periods import month_of
from portal.metrics.questions import Period
from portal.models.org import User
from portal.models.setting import SettingValue
from portal.models.task import Task, TaskOutcome
from portal.paths import record_path
from portal.processes.base import Deadline
from portal.processes.registry import PROCESSES
from portal.services import calendars, setting_changes

MOST = 5_000
"""Clocks that are looked at; of more the last ones."""
A_MINUTE = timedelta(minutes=1)
"""Less than a minute after its time is in time (`portal.metrics.clocks.KEPT`)."""


class _Met(NamedTuple):
    """A clock that ended."""

    code: str
    record_kind: str
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
    """None where only its side of the second limit is known."""
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
    """Left out: it hangs on the second limit, and where that began is not kept with the clock."""
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
        if not deadline.due_field and (keys := [key for key in _keys(session, deadline, changes) if key in changes])
    ]
    if not concerned:
        return None
    told = {key for _deadline, keys in concerned for key in keys}
    fixed = [key for key in changes if key not in told and settings.SETTINGS[key].label.message.startswith("DL-")]
    switches = {deadline.cap_switch for deadline, _keys in concerned if deadline.cap_switch}
    touched = (
        set(session.scalars(select(SettingValue.key).where(SettingValue.key.in_(switches)))) if switches else set()
    )
    found = _ended(session, user, [deadline.code for deadline, _keys in concerned], period)
    waiting = _open(session, user, [deadline.code for deadline, _keys in concerned])
    trials = []
    for deadline, keys in concerned:
        trial = Trial(deadline, tuple(_said(session, key, changes[key]) for key in keys), _urls(deadline.code, period))
        rules = _rules(
            session, deadline, changes, is_capped=deadline.cap_switch is None or deadline.cap_switch in touched
        )
        rows = [row for row in found[:MOST] if row.code == deadline.code]
        trials.append(replace(_tried(trial, rules, rows), open=waiting.get(deadline.code, 0)))
    return DryRun(
        period,
        tuple(trials),
        tuple(settings.SETTINGS[key].label for key in fixed),
        json.dumps(dict(changes), sort_keys=True, default=str),
        len(found) > MOST,
    )


# ---- which limits ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rules:
    """The limits of a clock as they are and as they would be. `cap` None: it has no second limit."""

    own_now: Limit
    own: Limit
    cap_now: Limit | None
    cap: Limit | None
    same_start: bool
    """The second limit begins where the clock does."""
    calendar: WorkCalendar


def _keys(session: Session, deadline: Deadline, changes: Mapping[str, Any]) -> list[str]:
    """The settings from which a clock is counted. What turns a second limit on is none: from when it ran is not kept."""
    keys = [deadline.setting, *filter(None, (deadline.cap_setting, deadline.clock_setting))]
    chosen = deadline.clock_setting
    if chosen and changes.get(chosen, settings.get(session, chosen)) == "DUTY_HOURS":
        keys.append("duty_hours")
    return keys


def _rules(session: Session, deadline: Deadline, changes: Mapping[str, Any], *, is_capped: bool) -> _Rules:
    def both(key: str) -> tuple[Limit, Limit]:
        chosen = deadline.clock_setting
        return calendars.limit(session, key, chosen), calendars.limit(session, key, chosen, considered=changes)

    own_now, own = both(deadline.setting)
    cap_now, cap = both(deadline.cap_setting) if deadline.cap_setting and is_capped else (None, None)
    return _Rules(own_now, own, cap_now, cap, deadline.cap_field is None, calendars.current(session))


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
            Task.code, Task.record_kind, Task.record_number, Task.customer_name, Task.started_at, Task.due_at,
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


# ---- trying it ---------------------------------------------------------------------------------------------------


def _tried(trial: Trial, rules: _Rules, rows: Sequence[_Met]) -> Trial:
    numbers: Counter[str] = Counter()
    turned: list[Turned] = []
    for row in rows:
        if row.outcome != TaskOutcome.DONE:
            numbers["cancelled"] += 1
            continue
        if row.explanation is None:
            numbers["bare"] += 1
            continue
        then = _span(rules, row, Due.from_dict(row.explanation))
        late = None if then is None else _verdict(row, *then)
        if then is None or late is None:
            numbers["unknown"] += 1
            continue
        numbers["met"] += 1
        numbers["late"] += not row.kept
        numbers["late_then"] += late
        if late == row.kept:
            turned.append(_turned(row, *then, late))
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


def _verdict(row: _Met, earliest: datetime | None, latest: datetime | None) -> bool | None:
    """Whether it would have been late; None where that hangs on when between the two it would have been due."""
    if earliest == latest == row.due_at:
        return not row.kept
    if _is_late(row.closed_at, latest):
        return True
    return None if _is_late(row.closed_at, earliest) else False


def _turned(row: _Met, earliest: datetime | None, latest: datetime | None, late: bool) -> Turned:
    return Turned(
        row.record_number,
        row.customer_name,
        record_path(row.record_kind, row.record_number),
        row.due_at,
        latest if earliest == latest else None,
        row.closed_at,
        late,
    )


def _is_late(met_at: datetime, due_at: datetime | None) -> bool:
    """A clock that stands is never late."""
    return due_at is not None and met_at - due_at >= A_MINUTE


BEGINNING = datetime.min.replace(tzinfo=clock.ZONE)


def _span(rules: _Rules, row: _Met, known: Due) -> tuple[datetime | None, datetime | None] | None:
    """Between which moments it would have been due, mostly one and the same; None: that cannot be known.

    A clock keeps the limit that came first. Where that was its own one and it has a second, where the second began is not
    kept, only that it came later.
    """
    if rules.cap is None or rules.cap_now is None:
        if known.limit == rules.own:
            return known.due_at, known.due_at
        own = compute_due(known.start, rules.own, rules.calendar, known.pauses).due_at
        return own, own
    is_cap = _is_cap(rules, row, known)
    if is_cap is None:
        return None
    own = compute_due(row.started_at, rules.own, rules.calendar, known.pauses).due_at
    if is_cap or rules.same_start:
        cap = compute_due(known.start, rules.cap, rules.calendar, known.pauses).due_at
        both = [each for each in (own, cap) if each is not None]
        first = min(both) if both else None
        return first, first
    if known.due_at is None or own is None:
        return None
    if rules.cap.kind is not rules.cap_now.kind or rules.cap.amount < rules.cap_now.amount:
        return BEGINNING, own
    return min(known.due_at, own), own


def _is_cap(rules: _Rules, row: _Met, known: Due) -> bool | None:
    """Whether it was the second limit that came first; None where both begin alike and neither is the one kept."""
    assert rules.cap_now is not None
    if known.start != row.started_at:
        return True
    if rules.own_now.kind is not rules.cap_now.kind and known.limit.kind in (rules.own_now.kind, rules.cap_now.kind):
        return known.limit.kind is rules.cap_now.kind
    if known.limit in (rules.own_now, rules.own):
        return False
    return True if known.limit in (rules.cap_now, rules.cap) else None


def why_left_out(trial: Trial) -> list[tuple[str, str]]:
    """What a trial leaves out, in sentences, each with the list it is in."""
    said = [
        (trial.open, N_("Still open, so not judged: %(number)s"), "open"),
        (trial.cancelled, N_("Called off: %(number)s"), "cancelled"),
        (trial.unknown, N_("Hang on the second limit, whose start the clock does not keep: %(number)s"), "met"),
        (trial.bare, N_("Without a count of their own: %(number)s"), "met"),
    ]
    return [(str(text % {"number": number}), trial.urls[side]) for number, text, side in said if number]
