"""P18 penalties: what the portal proposes by itself, with the evidence as it was. Source: `domain.md` 3.20, 4.18, 7.9."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import clock, settings, visibility
from portal.models.event import EventKind
from portal.models.org import Crew, Department, Party, PartyKind, User
from portal.models.penalty import PenaltyEntry
from portal.models.repair import RepairOrder
from portal.models.task import DeadlineBreach, Task
from portal.processes.penalty import PROPOSED_FOR, RULES, SUSPENDS, Kind, Rule, State, amount_of
from portal.processes.repair import Executor
from portal.services import events, numbering, steps

K = PartyKind
DEPARTMENTS = {
    K.DESIGNER: Department.DESIGN,
    K.DESIGN_ASSISTANT: Department.DESIGN,
    K.BRANCH_MANAGER: Department.DESIGN,
    K.STORE_MANAGER: Department.STORE,
    K.SALES: Department.STORE,
    K.PROJECT_MANAGER: Department.ENGINEERING,
    K.FOREMAN: Department.ENGINEERING,
    K.TEAM_LEADER: Department.ENGINEERING,
    K.SUPERVISOR: Department.ENGINEERING,
}
"""Where people belong whose party names no department (1.2)."""
COUNTED_DAYS = 365
"""Occurrences are counted over twelve months (7.9)."""


def visible_to(user: User) -> Select[PenaltyEntry]:
    """The penalties that exist for this person."""
    return visibility.visible_to(user, PenaltyEntry)


def propose(
    session: Session,
    *,
    rule: str,
    party_id: int | None,
    record: Any,
    cause: str,
    evidence: Mapping[str, Any],
    at: datetime,
    actor: User | None = None,
    kind: Kind | None = None,
    amount: Decimal | None = None,
    percent: Decimal | None = None,
    base: Decimal | None = None,
    suspended_from: date | None = None,
    suspended_until: date | None = None,
    crew_id: int | None = None,
    user_id: int | None = None,
    offended_on: date | None = None,
    is_ticket: bool = False,
) -> PenaltyEntry:
    """Propose a penalty by a line of the catalogue: one of each kind per cause, however often it is called.

    `kind` None: what the rule leads to first of all. `amount` and `base` in yuan; with percent and base the amount follows (R-05);
    with none of them the catalogue says it, by how often it happened within twelve months. A suspension without days
    runs from today as long as the catalogue says. `evidence` is kept as it is now. Managers are told.
    """
    line = RULES[rule]
    if (known := _of_cause(session, cause, rule=None if kind else rule, kind=kind)) is not None:
        return known
    party = session.get_one(Party, party_id) if party_id is not None else None
    times = 1 + _earlier(session, (party_id, crew_id, user_id), rule, cause, at)
    kind = Kind(kind) if kind else line.sanctions(times)[0].kind
    said = line.sanction(kind, times)
    day = clock.today(at)
    if percent is None and amount is None and base is not None:
        percent = said.percent
    if percent is not None and base is not None:
        amount = amount_of(percent, base)
    if kind == Kind.ORDER_SUSPENSION:
        suspended_from = suspended_from or day
        suspended_until = suspended_until or months_later(suspended_from, said.months or 0)
    entry = PenaltyEntry(
        branch_id=record.branch_id,
        state=State.PROPOSED,
        kind=kind,
        rule=rule,
        crew_id=crew_id,
        party_id=party_id,
        user_id=user_id,
        department=_department(party, crew_id, user_id),
        offended_on=offended_on or day,
        rule_said=_said(line),
        record_kind=record.KIND,
        record_id=record.id,
        record_number=record.number,
        amount=amount if amount is not None else said.amount,
        percent=percent if base is not None else None,
        base=base if percent is not None else None,
        suspended_from=suspended_from,
        suspended_until=suspended_until,
        occurrence_no=times,
        cause=cause,
        evidence=events.plain(evidence),
        proposed_by_id=actor.id if actor else None,
        is_ticket=is_ticket,
        created_at=at,
        updated_at=at,
    )
    try:
        with session.begin_nested():
            entry.number = numbering.next_number(session, PenaltyEntry.PREFIX, at)
            session.add(entry)
            session.flush()
    except IntegrityError:  # somebody else was proposing the same at the same moment
        known = _of_cause(session, cause, kind=kind)
        if known is None:
            raise
        return known
    events.record(session, EventKind.CREATED, action="propose", actor=actor, at=at, record=entry)
    steps.announce(session, entry, "propose", ("managers",), actor=actor, at=at)
    return entry


def suspension_of(session: Session, party_id: int, on: date) -> PenaltyEntry | None:
    """The suspension in force for a person on that day, first and last day counted; None: orders may be given."""
    query = select(PenaltyEntry).where(
        PenaltyEntry.party_id == party_id,
        PenaltyEntry.kind == Kind.ORDER_SUSPENSION,
        PenaltyEntry.state.in_(SUSPENDS),
        PenaltyEntry.suspended_from <= on,
        PenaltyEntry.suspended_until >= on,
    )
    return session.scalars(query.order_by(PenaltyEntry.suspended_until.desc()).limit(1)).first()


def months_later(day: date, months: int) -> date:
    """The same day so many months later, else the last one of that month."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def propose_for_miss(session: Session, task_id: int, *, at: datetime) -> PenaltyEntry | None:
    """Propose a penalty for a missed clock of a repair (DL-22), once however often it is asked; managers are told.

    None where no crew was in charge: the captain's own team answers by the breach alone.
    """
    task = session.get(Task, task_id)
    breach = session.scalars(select(DeadlineBreach).where(DeadlineBreach.task_id == task_id)).one_or_none()
    if task is None or breach is None or breach.code not in PROPOSED_FOR or breach.record_kind != RepairOrder.KIND:
        return None
    cause = _cause(task)
    if (known := _of_cause(session, cause)) is not None:
        return known
    order = session.get_one(RepairOrder, breach.record_id)
    crew = _in_charge(order, breach.due_at)
    if crew is None:
        return None
    return propose(
        session,
        rule=settings.get(session, PROPOSED_FOR[breach.code]),
        party_id=crew.foreman_id,
        crew_id=crew.id,
        record=order,
        cause=cause,
        evidence=_evidence(order, crew, task, breach),
        offended_on=clock.today(breach.due_at),
        at=at,
    )


def call_off(session: Session, task: Task, *, actor: User, at: datetime) -> None:
    """The clock counts as met after all: what was proposed for its miss is called off and stays in the ledger.

    What was decided already stays as decided: taking that back is an appeal.
    """
    entry = _of_cause(session, _cause(task))
    if entry is None or entry.state != State.PROPOSED:
        return
    entry.state, entry.updated_at, entry.updated_by_id = State.CANCELLED, at, actor.id
    events.record(
        session, EventKind.CHANGE, action="penalty-called-off", actor=actor, at=at, record=entry, code=task.code
    )


def met_since(session: Session, entry: PenaltyEntry) -> DeadlineBreach | None:
    """The breach it rests on, once the work was noted as done; None: it is not done yet."""
    return session.scalars(
        select(DeadlineBreach).where(
            DeadlineBreach.id == entry.evidence.get("breach"), DeadlineBreach.met_at.is_not(None)
        )
    ).one_or_none()


def _cause(task: Task) -> str:
    return f"{task.code}:{task.record_kind}:{task.record_id}:{task.round_no}"


def _of_cause(
    session: Session, cause: str, *, rule: str | None = None, kind: Kind | None = None
) -> PenaltyEntry | None:
    query = select(PenaltyEntry).where(PenaltyEntry.cause == cause)
    if rule is not None:
        query = query.where(PenaltyEntry.rule == rule)
    if kind is not None:
        query = query.where(PenaltyEntry.kind == kind)
    return session.scalars(query.order_by(PenaltyEntry.id).limit(1)).first()


def _in_charge(order: RepairOrder, due_at: datetime) -> Crew | None:
    """The crew that should have come: also when the captain took over after the limit."""
    was_theirs = order.executor == Executor.RESPONSIBLE_CREW or (
        order.taken_over_at is not None and order.taken_over_at >= due_at
    )
    return order.responsible_crew if was_theirs else None


def _earlier(
    session: Session, who: tuple[int | None, int | None, int | None], rule: str, cause: str, at: datetime
) -> int:
    """How often the rule applied to the same person within twelve months, for other causes; several kinds are one time."""
    party_id, crew_id, user_id = who
    same = (
        PenaltyEntry.crew_id == crew_id
        if crew_id is not None
        else PenaltyEntry.party_id == party_id
        if party_id is not None
        else PenaltyEntry.user_id == user_id
    )
    counted = select(func.count(PenaltyEntry.cause.distinct())).where(
        same,
        PenaltyEntry.rule == rule,
        PenaltyEntry.cause != cause,
        PenaltyEntry.created_at >= at - timedelta(days=COUNTED_DAYS),
        PenaltyEntry.state.not_in((State.REJECTED, State.CANCELLED)),
    )
    return session.scalar(counted) or 0


def _department(party: Party | None, crew_id: int | None, user_id: int | None) -> str | None:
    """Whose person it is: a party's own department, else that of what the person does."""
    if user_id is not None:
        return Department.SERVICE
    if party is not None and party.department is not None:
        return party.department
    if crew_id is not None:
        return Department.ENGINEERING
    return DEPARTMENTS.get(PartyKind(party.kind)) if party is not None else None


def _said(line: Rule) -> dict[str, Any]:
    return {"offence": line.offence.message, "edition": line.edition, "source": line.source}


def _evidence(order: RepairOrder, crew: Crew, task: Task, breach: DeadlineBreach) -> dict[str, Any]:
    """What was known, in words and moments; later changes of the records do not touch it."""
    return {
        "breach": breach.id,
        "clock": breach.code,
        "title": task.title,
        "started_at": task.started_at.isoformat(),
        "due_at": breach.due_at.isoformat(),
        "found_at": breach.found_at.isoformat(),
        "repair": order.number,
        "address": order.address,
        "symptom": order.symptom,
        "crew": crew.name,
        "foreman": crew.foreman.name if crew.foreman else None,
        "captain": order.captain.name if order.captain else None,
    }
