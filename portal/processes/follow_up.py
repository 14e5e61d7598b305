"""Follow-up calls: stages, what is asked, what a call counts for, when it may be made. Source: domain.md 3.10, section 5.

The steps of a call are `follow_up_call.py`, those of its liaison slips `follow_up_ticket.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from portal.calendar.hours import Interval, Intervals, merged, parse_quiet
from portal.terms import Term


class CallStage(Term):
    """Which moment of the works a call is about (3.10)."""

    START = "START", "Start"
    MATERIAL = "MATERIAL", "Arrival of materials"
    CONCEALED = "CONCEALED", "Concealed works"
    WATERPROOF = "WATERPROOF", "Waterproofing test"
    MID = "MID", "Mid-term"
    COMPLETION = "COMPLETION", "Completion"
    ONE_MONTH = "ONE_MONTH", "One month after completion"
    WARRANTY_PERIODIC = "WARRANTY_PERIODIC", "Regular, in the warranty"
    REPAIR = "REPAIR", "After a repair"
    SEASONAL = "SEASONAL", "Holiday"
    REVISIT = "REVISIT", "Call again"


OBLIGATORY = (CallStage.START, CallStage.CONCEALED, CallStage.MID, CallStage.COMPLETION)
"""Every project has these four (C-1); one effective call of each counts."""

UNCOUNTED = (CallStage.REPAIR, CallStage.REVISIT)
"""Never effective (5.2) and never planned: they follow from a repair or a slip, which have clocks of their own."""

WINDOW_SETTINGS: Mapping[CallStage, str] = {
    CallStage.START: "call_start_days",
    CallStage.MATERIAL: "call_material_days",
    CallStage.CONCEALED: "call_concealed_days",
    CallStage.WATERPROOF: "call_waterproof_days",
    CallStage.MID: "call_mid_days",
    CallStage.COMPLETION: "call_completion_days",
    CallStage.ONE_MONTH: "call_one_month_days",
    CallStage.WARRANTY_PERIODIC: "call_warranty_days",
    CallStage.REPAIR: "repair_call_days",
}
"""How many days after its window opened a call is due (5.3); a stage without one has no limit."""
DUE_SETTINGS: Mapping[CallStage, str] = {
    stage: key for stage, key in WINDOW_SETTINGS.items() if stage != CallStage.REPAIR
}
"""Those that DL-28 counts; after a repair it is DL-23."""


class GradeClass(Term):
    """Whose script it is (5.5): grade A has longer ones, B and C share theirs (Q26)."""

    A = "A", "Grade A"
    BC = "BC", "Grades B and C"
    ALL = "ALL", "All grades"


class AttemptOutcome(Term):
    """What came of dialling."""

    REACHED = "REACHED", "Reached"
    NO_ANSWER = "NO_ANSWER", "No answer"
    BUSY = "BUSY", "Busy"
    REFUSED = "REFUSED", "Refused to talk"
    WRONG_NUMBER = "WRONG_NUMBER", "Wrong number"
    ASKED_LATER = "ASKED_LATER", "Asked to call later"
    OTHER_PERSON = "OTHER_PERSON", "Somebody else answered"


FAILED = frozenset({AttemptOutcome.NO_ANSWER, AttemptOutcome.BUSY, AttemptOutcome.REFUSED, AttemptOutcome.WRONG_NUMBER})
"""Not reached (5.2). Who asks to be called later was reached and names the time; a number at which somebody else of the
household answers is a right one, so the ladder goes on, and nobody gives up for it."""


class AnsweredBy(Term):
    """Who spoke."""

    CUSTOMER = "CUSTOMER", "The customer"
    REPRESENTATIVE = "REPRESENTATIVE", "The named representative"
    OTHER = "OTHER", "Somebody else"


SPEAKS = frozenset({AnsweredBy.CUSTOMER, AnsweredBy.REPRESENTATIVE})
"""Whose answers count for the household (5.2)."""


class Manner(Term):
    """How the customer was asked; only a talk can be effective (C-6)."""

    PHONE = "PHONE", "Telephone"
    VISIT = "VISIT", "Personal visit"
    MESSAGE = "MESSAGE", "Message or e-mail"


TALKS = frozenset({Manner.PHONE, Manner.VISIT})


class Overall(Term):
    """What the customer thinks on the whole; FAIR is treated as UNSATISFIED (004)."""

    SATISFIED = "SATISFIED", "Satisfied"
    FAIR = "FAIR", "Fair"
    UNSATISFIED = "UNSATISFIED", "Unsatisfied"


class ItemKind(Term):
    """How a question is answered."""

    YES_NO = "YES_NO", "Yes or no"
    SCORE = "SCORE", "Score 1 to 5"
    NUMBER = "NUMBER", "Number"
    TEXT = "TEXT", "Text"
    TIME = "TIME", "Time"
    RATE10 = "RATE10", "0 to 10"


class Opens(Term):
    """What an answer can lead to (5.6)."""

    SLIP = "SLIP", "Liaison slip"
    REPAIR = "REPAIR", "Repair"
    SUGGESTION = "SUGGESTION", "Suggestion"
    PRAISE = "PRAISE", "Praise"
    INCIDENT = "INCIDENT", "Incident notice"


class When(Term):
    """Which answer leads to it."""

    NO = "NO", "No"
    YES = "YES", "Yes"
    LOW = "LOW", "Score of 1 or 2"
    ANY = "ANY", "Anything said"


LOW_SCORE = 2
RANGES = {ItemKind.SCORE: (1, 5), ItemKind.RATE10: (0, 10)}

Item = Mapping[str, Any]
"""A question of a script: `code`, `question` (Chinese), `kind`, `required`, and `opens` with `when` where it leads on."""


SOLVED = "measure_done"
"""The question of the call that asks again whether the problem is solved."""
REPAIRED = "repaired"
"""The question after a repair whether it is whole; “no” sends it back to the captain (4.14)."""
KEPT = {CallStage.REVISIT: SOLVED, CallStage.REPAIR: REPAIRED}
"""What every edition of these scripts keeps, because something follows from the answer."""


def leads_to(item: Item, value: str | None, score: int | None) -> Opens | None:
    """What the answer to a question leads to; None: nothing."""
    if not item.get("opens") or (value in (None, "") and score is None):
        return None
    when = item.get("when", When.NO)
    is_it = (
        (when == When.LOW and score is not None and score <= LOW_SCORE)
        or when == When.ANY
        or (item["kind"] == ItemKind.YES_NO and value == when)
    )
    return Opens(item["opens"]) if is_it else None


def missing(items: Sequence[Item], answered: Iterable[str]) -> list[Item]:
    """The required questions that have no answer yet."""
    known = set(answered)
    return [item for item in items if item["required"] and item["code"] not in known]


def is_effective(
    *,
    stage: CallStage | str,
    manner: Manner | str | None,
    answered_by: AnsweredBy | str | None,
    overall: Overall | str | None,
    all_answered: bool,
    is_open: bool,
) -> bool:
    """Whether a finished call counts toward the four (5.2).

    It does when the customer or the named representative spoke, by telephone or face to face, every required question
    of the stage is answered and the overall opinion recorded, and its window was open or over (then it is late and
    still counts). A call to ask again, of a complaint, a repair or a greeting never counts, nor does one not reached.
    """
    return (
        stage in OBLIGATORY
        and is_open
        and manner in TALKS
        and answered_by in SPEAKS
        and overall in tuple(Overall)
        and all_answered
    )


# ---------- When it may be called ----------

_SPAN = re.compile(r"\d{1,2}\s*[:：]\s*\d{2}\s*[-–—−~～至到]\s*\d{1,2}\s*[:：]\s*\d{2}")
STEP = timedelta(minutes=1)
LONGEST_LOOK = 14


def avoided(*texts: str | None) -> Intervals:
    """The clock times named in what a customer said about when not to be called: `午休 12:00-14:00，晚上不便` is one.

    `22:00-07:30` runs over midnight.
    """
    found: list[Interval] = []
    for text in texts:
        for span in _SPAN.findall(text or ""):
            try:
                found.extend(parse_quiet(span.replace(" ", "")))
            except ValueError:
                continue  # no clock times after all
    return merged(found)


def may_call_at(local: datetime, hours: Intervals, avoid: Intervals) -> bool:
    """Whether somebody may be called at this local moment: inside the hours for calls, outside the times to avoid."""
    minute = local.hour * 60 + local.minute
    return any(span.start <= minute < span.end for span in hours) and not any(
        span.start <= minute < span.end for span in avoid
    )


def next_allowed(local: datetime, hours: Intervals, avoid: Intervals) -> datetime:
    """The first moment from `local` on at which one may call; `local` itself where no time of day is left at all."""
    if may_call_at(local, hours, avoid):
        return local
    moment = local.replace(second=0, microsecond=0)
    if moment < local:
        moment += STEP
    starts = sorted({span.start for span in hours} | {span.end for span in avoid})
    for _day in range(LONGEST_LOOK):
        if may_call_at(moment, hours, avoid):
            return moment
        midnight = moment.replace(hour=0, minute=0)
        minute = moment.hour * 60 + moment.minute
        for start in starts:
            candidate = midnight + timedelta(minutes=start)
            if start > minute and candidate.date() == midnight.date() and may_call_at(candidate, hours, avoid):
                return candidate
        moment = midnight + timedelta(days=1)
    return local
