"""P18 penalties: proposing, by a rule or by hand, with the evidence as it was; suspensions. Source: `domain.md` 3.20, 4.18, 7.9."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import clock, formatting, settings, visibility
from portal.i18n import N_, Text
from portal.models.approval import Approval
from portal.models.org import Crew, Department, Party, PartyKind, PartyStatus, User
from portal.models.penalty import PenaltyEntry
from portal.models.task import Task
from portal.permissions import Permission, may
from portal.processes.approval import What
from portal.processes.penalty import MONEY, SUSPENDS, Action, Kind, Rule, State, amount_of, is_own
from portal.services import approvals, events, numbering, penalty_rules, steps
from portal.services.approvals import Request

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
    is_decided: bool = False,
) -> PenaltyEntry:
    """Propose a penalty by a line of the catalogue: one of each kind per cause, however often it is called.

    `kind` None: what the rule leads to first of all. `amount` and `base` in yuan; with percent and base the amount follows (R-05);
    with none of them the catalogue says it, by how often it happened within twelve months. A suspension without days
    runs from today as long as the catalogue says. `evidence` is kept as it is now. Managers are told. Consent is asked for,
    unless `is_decided` says that it was given with what the penalty follows from.
    """
    line = penalty_rules.rule(session, rule)
    if (known := of_cause(session, cause, rule=None if kind else rule, kind=kind)) is not None:
        return known
    party = session.get_one(Party, party_id) if party_id is not None else None
    times = 1 + _earlier(session, (party_id, crew_id, user_id), rule, cause, at)
    kind = Kind(kind) if kind else line.sanctions(times)[0].kind
    sanction = line.sanction(kind, times)
    day = clock.today(at)
    if percent is None and amount is None and base is not None:
        percent = sanction.percent
    if percent is not None and base is not None:
        amount = amount_of(percent, base)
    if amount == 0:  # a setting of nothing takes nothing, and there is no share of anything
        percent = base = None
    if kind == Kind.ORDER_SUSPENSION:
        suspended_from = suspended_from or day
        suspended_until = suspended_until or months_later(suspended_from, sanction.months or 0)
    entry = PenaltyEntry(
        branch_id=record.branch_id,
        kind=kind,
        rule=rule,
        crew_id=crew_id,
        party_id=party_id,
        user_id=user_id,
        department=department_of(party, crew_id, user_id),
        offended_on=offended_on or day,
        rule_said=_said(line),
        record_kind=record.KIND,
        record_id=record.id,
        record_number=record.number,
        amount=((amount if amount is not None else sanction.amount) or None) if kind in MONEY else None,
        percent=percent if base is not None else None,
        base=base if percent is not None else None,
        suspended_from=suspended_from,
        suspended_until=suspended_until,
        occurrence_no=times,
        cause=cause,
        evidence=events.plain(evidence),
        proposed_by_id=actor.id if actor else None,
        is_ticket=is_ticket,
    )
    try:
        with session.begin_nested():
            entry.number = numbering.next_number(session, PenaltyEntry.PREFIX, at)
            said = {"rule": rule, "kind": kind, "amount": entry.amount}
            steps.begin(session, entry, Action.PROPOSE, actor=actor, at=at, entered=said)
            if not is_decided:
                ask(session, entry, actor=actor, at=at)
    except IntegrityError:  # somebody else was proposing the same at the same moment
        known = of_cause(session, cause, kind=kind)
        if known is None:
            raise
        return known
    return entry


def ask(session: Session, entry: PenaltyEntry, *, actor: User | None, at: datetime) -> Approval:
    """Ask for consent to a penalty as it is written now: the manager's, for another department then its head's or HR's."""
    request = Request(
        What.PENALTY,
        f"{entry.person} · {entry.rule}",
        entry.amount,
        is_own=is_own(entry),
        department=entry.department,
    )
    entry.approval = approvals.ask(session, entry, request, actor=actor, at=at)
    return entry.approval


def clock_facts(task: Task) -> dict[str, Any]:
    """A clock as evidence keeps it: which, from when until when, reckoned by which version of the calendar."""
    return {
        "clock": task.code,
        "title": task.title,
        "started_at": task.started_at.isoformat(),
        "due_at": task.due_at.isoformat() if task.due_at else None,
        "calendar": (task.explanation or {}).get("calendar_version"),
    }


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


def no_orders(session: Session, foreman: Party, on: date) -> Text | None:
    """Why a foreman takes no new orders on a day, by the ledger (R-14) or otherwise, and until when; None: he takes them."""
    if (entry := suspension_of(session, foreman.id, on)) is not None:
        until = entry.suspended_until
    elif foreman.status == PartyStatus.SUSPENDED and (foreman.status_until is None or foreman.status_until >= on):
        until = foreman.status_until
    else:
        return None
    if until is None:
        return N_("%(name)s is suspended and takes no new orders.") % {"name": foreman.name}
    said = {"name": foreman.name, "day": formatting.full_date(until)}
    return N_("%(name)s is suspended and takes no new orders up to and including %(day)s.") % said


def occurrence(session: Session, person: Party | Crew | User, rule: str, cause: str, at: datetime) -> int:
    """How often the rule applies to somebody within twelve months, this cause counted."""
    if isinstance(person, Crew):
        return 1 + _earlier(session, (None, person.id, None), rule, cause, at)
    if isinstance(person, Party):
        return 1 + _earlier(session, (person.id, None, None), rule, cause, at)
    return 1 + _earlier(session, (None, None, person.id), rule, cause, at)


def months_later(day: date, months: int) -> date:
    """The same day so many months later, else the last one of that month."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def withdraw(
    session: Session, cause: str, *, why: Text | str, actor: User | None, at: datetime, kind: Kind | None = None
) -> list[PenaltyEntry]:
    """Call off what is still only proposed for a cause; it stays in the list with the reason.

    What was decided stays as decided: taking that back is an appeal. Gives what was called off.
    """
    query = select(PenaltyEntry).where(PenaltyEntry.cause == cause, PenaltyEntry.state == State.PROPOSED)
    if kind is not None:
        query = query.where(PenaltyEntry.kind == kind)
    decider = actor if may(actor, Permission.PENALTY_DECIDE) else None
    found = list(session.scalars(query.order_by(PenaltyEntry.id)))
    for entry in found:
        entry.decision = str(why)
        if entry.approval is not None:
            approvals.lapse(session, entry.approval, entry.decision, at=at)
        steps.advance(session, entry, Action.CALL_OFF, actor=decider, at=at, entered={"decision": entry.decision})
    return found


def of_cause(session: Session, cause: str, *, rule: str | None = None, kind: Kind | None = None) -> PenaltyEntry | None:
    """The first penalty proposed for a cause, by that rule and of that kind where they are given."""
    query = select(PenaltyEntry).where(PenaltyEntry.cause == cause)
    if rule is not None:
        query = query.where(PenaltyEntry.rule == rule)
    if kind is not None:
        query = query.where(PenaltyEntry.kind == kind)
    return session.scalars(query.order_by(PenaltyEntry.id).limit(1)).first()


def department_of(party: Party | None, crew: Any, user: Any) -> str | None:
    """Whose person it is: a party's own department, else that of what the person does; None: not known."""
    if user is not None:
        return Department.SERVICE
    if party is not None and party.department is not None:
        return party.department
    if crew is not None:
        return Department.ENGINEERING
    return DEPARTMENTS.get(PartyKind(party.kind)) if party is not None else None


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
        PenaltyEntry.created_at >= at - timedelta(days=int(settings.get(session, "penalty_count_days"))),
        PenaltyEntry.state.not_in((State.REJECTED, State.CANCELLED)),
    )
    return session.scalar(counted) or 0


def _said(line: Rule) -> dict[str, Any]:
    return {"offence": line.offence.message, "edition": line.edition, "source": line.source}
