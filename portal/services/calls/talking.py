"""The customer was spoken to: answers, opinion, and what comes of them. Source: `domain.md` 5.2, 5.4, 5.6."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock, settings
from portal.errors import ConditionsMissing, Invalid
from portal.i18n import N_, Text
from portal.models.consultation import Channel
from portal.models.customer import CustomerGrade, Property
from portal.models.follow_up import CallAnswer, CallAttempt, FollowUpCall
from portal.models.notice import NoticeLevel
from portal.models.org import Party, User
from portal.models.repair import RepairOrder
from portal.models.task import TaskKind
from portal.paths import record_path
from portal.permissions import Role
from portal.processes import follow_up as asked
from portal.processes.follow_up import RANGES, AttemptOutcome, ItemKind, Overall
from portal.processes.follow_up_call import Action
from portal.processes.repair import Trade, Urgency
from portal.processes.reward import Cause as RewardCause
from portal.services import notices, repairs, rewards, steps, suggestions, tasks
from portal.services.calls import scripts, tickets
from portal.services.calls.common import advance

ACT_ON_A = N_("Grade A customer unsatisfied: see to it")
ACT_ON_INCIDENT = N_("Incident heard of in a call: see to it today")
INCIDENT = N_("%(customer)s: incident heard of in a call (%(number)s)")
UNSATISFIED_A = N_("Grade A customer %(customer)s is unsatisfied (%(number)s)")
_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d")
_TYPED = re.compile(r"(\d{1,2})\s*[:：点时.]?\s*(\d{2})?分?")
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to one question: `value` YES or NO, a number, a time or words; `score` for scores."""

    code: str
    value: str | None = None
    score: int | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Slip:
    """A problem for a department. `limit_at` None: the usual time (DL-08)."""

    problem: str
    department: str
    responsible: Party | None = None
    limit_at: datetime | None = None
    material: str | None = None


@dataclass(frozen=True, slots=True)
class RepairWish:
    """Something is to be repaired."""

    symptom: str
    trade: str = Trade.OTHER
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class FinishCall:
    """A talk as it was held. Texts that are None: nothing of the kind was said."""

    called_at: datetime
    manner: str
    answered_by: str
    overall: str
    answers: tuple[Answer, ...]
    customer_words: str | None = None
    slips: tuple[Slip, ...] = ()
    repair: RepairWish | None = None
    suggestion: str | None = None
    praise: str | None = None
    praised: Party | None = None
    incident: str | None = None
    is_to_be_repaired_again: bool = False
    """After a repair: it is not whole, the captain comes again."""
    limit_at: datetime | None = None
    """Where the customer was asked again and is not content: the department's next limit. None: the usual time (DL-08)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a talk beside the call itself."""

    repair: RepairOrder | None = None


def finish(session: Session, call: FollowUpCall, command: FinishCall, *, actor: User, at: datetime) -> Outcome:
    """Write down the talk; slips, a repair, a suggestion, praise and an incident are passed on at once.

    SATISFIED without a problem ends it; FAIR and UNSATISFIED need a liaison slip, or send the one that was asked about
    on (5.6). Raises Invalid by field (`answers-CODE` for a question), ConditionsMissing.
    """
    day = clock.today(command.called_at)
    call.script = scripts.script_for(session, call.stage, call.customer.grade, day)
    items = call.script.items if call.script is not None else []
    _check(call, command, items, at)
    action = Action.SATISFIED if command.overall == Overall.SATISFIED and not command.slips else Action.UNSATISFIED
    steps.check_permission(actor, call.PROCESS.transition(call.state, action))
    call.grade = call.customer.grade
    call.called_at, call.caller_id, call.manner = command.called_at, actor.id, command.manner
    call.answered_by, call.overall, call.customer_words = command.answered_by, command.overall, command.customer_words
    call.answers = [
        CallAnswer(item_code=each.code, value=each.value, score=each.score, comment=each.comment)
        for each in command.answers
    ]
    call.attempts.append(CallAttempt(at=command.called_at, by_id=actor.id, outcome=AttemptOutcome.REACHED))
    call.next_at = None
    call.is_late = call.due_on is not None and day > call.due_on
    call.is_effective = asked.is_effective(
        stage=call.stage,
        manner=command.manner,
        answered_by=command.answered_by,
        overall=command.overall,
        all_answered=not call.missing_items,
        is_open=call.window_from is not None and day >= call.window_from,
    )
    for slip in command.slips:
        _open_slip(session, call, slip, actor, at)
    sends_back = action == Action.UNSATISFIED and _sends_back(call, command)
    if call.after is not None:
        call.after.is_sent_back = sends_back
    said = ("called_at", "answered_by", "overall", "manner", "customer_words")
    advance(session, call, action, {name: getattr(command, name) for name in said}, actor, at)
    if call.about is not None:
        is_content = command.overall == Overall.SATISFIED
        solved = _solved(command)
        is_solved = is_content if solved is None else solved
        again = tickets.AskedAgain(command.called_at, is_content, is_solved, command.customer_words, command.limit_at)
        tickets.asked_again(session, call.about, again, actor=actor, at=at)
    if call.after is not None:
        words = repairs.CloseRepair(command.called_at, action == Action.SATISFIED, command.customer_words)
        repairs.heard(session, call, words, sends_back=sends_back, actor=actor, at=at)
    return _pass_on(session, call, command, action, actor, at)


def _sends_back(call: FollowUpCall, command: FinishCall) -> bool:
    """Whether the repair is not whole, by the question of the script or by the specialist."""
    is_asked = any(each.code == asked.REPAIRED and each.value == "NO" for each in command.answers)
    return call.after is not None and (command.is_to_be_repaired_again or is_asked)


def as_time(typed: str) -> str:
    """A time as one types it with the telephone at the ear: 9, 930 and 9点30 are 9:00, 9:30 and 9:30. Others stay as they are."""
    found = _TYPED.fullmatch(typed.strip())
    return f"{found[1]}:{found[2] or '00'}" if found else typed


def checks_of(items: Sequence[asked.Item], answers: Sequence[Answer]) -> dict[str, Text | str]:
    """What is wrong with the answers, by `answers-CODE`."""
    known = {item["code"]: item for item in items}
    problems: dict[str, Text | str] = {}
    for each in answers:
        item = known.get(each.code)
        field = f"answers-{each.code}"
        if item is None:
            problems[field] = N_("This question is not in the script.")
            continue
        kind = ItemKind(item["kind"])
        if kind in RANGES:
            low, high = RANGES[kind]
            if each.score is None or not low <= each.score <= high:
                problems[field] = N_("From %(low)s to %(high)s.") % {"low": low, "high": high}
        elif kind == ItemKind.YES_NO and each.value not in ("YES", "NO"):
            problems[field] = N_("Yes or no.")
        elif kind == ItemKind.NUMBER and not re.fullmatch(r"\d{1,4}(\.\d{1,2})?", each.value or ""):
            problems[field] = N_("Please enter a number.")
        elif kind == ItemKind.TIME and not _TIME.fullmatch(each.value or ""):
            problems[field] = N_("Please enter a time such as 14:30.")
        elif len(each.value or "") > LONGEST or len(each.comment or "") > LONGEST:
            problems[field] = N_("At most %(count)s characters.") % {"count": LONGEST}
    return problems


def _check(call: FollowUpCall, command: FinishCall, items: Sequence[asked.Item], at: datetime) -> None:
    problems = checks_of(items, command.answers)
    for item in asked.missing(items, (each.code for each in command.answers)):
        problems.setdefault(f"answers-{item['code']}", N_("This question has to be answered."))
    if command.called_at > at + steps.CLOCK_SLACK:
        problems["called_at"] = N_("This moment lies in the future.")
    elif call.window_from is not None and clock.today(command.called_at) < call.window_from:
        problems["called_at"] = N_("The window of this call opened on %(day)s.") % {"day": call.window_from.isoformat()}
    if call.stage in asked.OBLIGATORY and command.answered_by not in asked.SPEAKS:
        problems["answered_by"] = N_(
            "Only the customer or the named representative answers here (5.2): note a try, “Somebody else answered”."
        )
    if _sends_back(call, command) and command.overall == Overall.SATISFIED and not command.slips:
        problems["overall"] = N_("It is not repaired: the customer cannot be satisfied.")
    if command.overall in (Overall.FAIR, Overall.UNSATISFIED):
        if not command.slips and call.about is None and not _sends_back(call, command):
            problems["slips"] = (
                N_("Fair and unsatisfied need a liaison slip, unless it is repaired again.")
                if call.after is not None
                else N_("Fair and unsatisfied need a liaison slip: problem, department, limit.")
            )
        if not (command.customer_words or "").strip():
            problems["customer_words"] = N_("Write down what the customer said, in the customer's words.")
    elif call.about is not None and _solved(command) is False:
        problems["overall"] = tickets.NOT_SOLVED
    elif command.slips and not (command.customer_words or "").strip():
        problems["customer_words"] = N_("Write down what the customer said, in the customer's words.")
    if command.praise is not None and command.praised is None:
        problems["praised"] = N_("Who is praised? Only somebody who is named can be rewarded.")
    if problems:
        raise Invalid(problems)
    if call.window_from is None:
        raise ConditionsMissing([N_("the event that opens its window has happened")])


def _solved(command: FinishCall) -> bool | None:
    """Whether the problem that was asked about again is solved; None: the script did not ask."""
    said = next((each.value for each in command.answers if each.code == asked.SOLVED), None)
    return said == "YES" if said else None


def _open_slip(session: Session, call: FollowUpCall, slip: Slip, actor: User, at: datetime) -> None:
    tickets.open_ticket(
        session,
        customer=call.customer,
        project=call.project,
        problem=slip.problem,
        department=slip.department,
        responsible=slip.responsible,
        material=slip.material,
        limit_at=slip.limit_at,
        call=call,
        actor=actor,
        at=at,
    )


def _pass_on(
    session: Session, call: FollowUpCall, command: FinishCall, action: Action, actor: User, at: datetime
) -> Outcome:
    repair = None
    if command.repair is not None:
        repair = repairs.report(
            session,
            repairs.ReportRepair(
                reporter=call.customer.name,
                phone=call.customer.phone,
                address=_address(session, call),
                trade=command.repair.trade,
                symptom=command.repair.symptom,
                urgency=Urgency.URGENT if command.repair.is_urgent else Urgency.NORMAL,
                reported_at=command.called_at,
                channel=Channel.PHONE,
                customer=call.customer,
                project=call.project,
            ),
            actor=actor,
            at=at,
        )
    if command.suggestion is not None:
        suggestions.register(
            session,
            suggestions.RegisterSuggestion(
                command.suggestion,
                received_at=command.called_at,
                channel=Channel.PHONE,
                customer=call.customer,
                project=call.project,
                source=call,
            ),
            actor=actor,
            at=at,
        )
    if command.praise is not None and command.praised is not None:
        rewards.propose(
            session,
            record=call,
            person=command.praised,
            reason=RewardCause.CUSTOMER_PRAISE,
            words=command.praise,
            cause=f"praise:{call.KIND}:{call.id}",
            actor=actor,
            at=at,
        )
    if action == Action.UNSATISFIED and call.grade == CustomerGrade.A:
        due = at + timedelta(minutes=settings.get(session, "grade_a_alarm_minutes"))
        _alarm(session, call, ACT_ON_A, UNSATISFIED_A, due, command.customer_words, at)
    if command.incident is not None:
        today = clock.at_local(clock.today(at) + timedelta(days=1)) - timedelta(minutes=1)
        _alarm(session, call, ACT_ON_INCIDENT, INCIDENT, today, command.incident, at)
    return Outcome(repair)


def _address(session: Session, call: FollowUpCall) -> str:
    """Where something is to be repaired: the home of the works, else the customer's only one. Raises Invalid."""
    if call.project is not None:
        return call.project.property.address
    homes = session.scalars(select(Property).where(Property.customer_id == call.customer_id).limit(2)).all()
    if len(homes) != 1:
        raise Invalid({"repair": N_("It is not known in which home: register the repair by itself, with its address.")})
    return homes[0].address


def _alarm(
    session: Session, call: FollowUpCall, title: Text, notice: Text, due: datetime, words: str | None, at: datetime
) -> None:
    """The manager has a task with a limit and is told at once."""
    tasks.open_task(
        session, TaskKind.TODO, title.message, call, due_at=due, at=at, who=tasks.Responsible(role=Role.MANAGER),
        detail=(words or "")[:200] or None,
    )  # fmt: skip
    for person in notices.audience(session, "managers", call):
        notices.notify(
            session,
            user=person,
            key=f"{title.message}:{call.id}:{at.isoformat()}",
            level=NoticeLevel.ACTION,
            title=notice,
            params={"customer": call.customer.name, "number": call.number},
            link=record_path(call.KIND, call.number),
            record=call,
            due_at=due,
            at=at,
        )
