"""Asking for consent and giving it: levels by amount, order, four eyes, rounds that are kept. Rules: `processes/approval.py`.

What follows from a decision for the record itself is `services/consents.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from portal import formatting, settings, visibility
from portal.errors import DomainError, Invalid
from portal.files.intake import Accepted
from portal.i18n import N_, _
from portal.models.approval import Approval, ApprovalStep
from portal.models.event import EventKind
from portal.models.org import Party, User
from portal.permissions import Permission, Role, may
from portal.processes import approval as rules
from portal.processes.approval import RECORDED, Action, Decision, Level, State, What
from portal.services import attachments, events, numbering, standing_in, steps

NOTHING = Decimal("0.00")
LEADERS = frozenset({Level.DEPUTY_GM, Level.GM})
GRANTED = (State.WAITING, State.APPROVED)
"""What counts towards the limit of the next request: what was granted, and what is asked for at the same time."""
SUPERSEDED = N_("It was asked for anew.")


@dataclass(frozen=True, slots=True)
class Request:
    """What consent is asked for. `amount` in yuan; None: no money."""

    what: What
    subject: str
    amount: Decimal | None = None
    customer_id: int | None = None
    contract_id: int | None = None
    is_own: bool = False
    """Of a penalty: it concerns customer service's own people."""
    is_top_secret: bool = False
    """Of a loan: the general manager decides too."""
    department: str | None = None
    """Of a penalty: whose people it concerns, whose head has to consent."""
    manager_limit: Decimal | None = None
    """Of a cost case: yuan up to which managers decide alone, as it was when the case was written. None: as it is set now."""


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody said. `person` and `decided_at`: of a leader or head without a login, whose word is recorded."""

    person: Party | None = None
    decided_at: datetime | None = None
    reason: str | None = None
    evidence: str | None = None
    scan: Accepted | None = None


@dataclass(frozen=True, slots=True)
class Forward:
    """Who decides instead, and why."""

    to: User | Party
    reason: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Why it is taken back."""

    reason: str


def visible_to(user: visibility.Viewer) -> Select[Approval]:
    """The requests that exist for this person."""
    return visibility.visible_to(user, Approval)


def granted_before(
    session: Session, what: str, *, customer_id: int | None, contract_id: int | None, record: Any
) -> Decimal:
    """What the same contract or household was granted, or is asked for, by other records, in yuan.

    Paying in parts comes to the same level as paying at once.
    """
    same = [
        column == key
        for column, key in ((Approval.customer_id, customer_id), (Approval.contract_id, contract_id))
        if key is not None
    ]
    if not same:
        return NOTHING
    query = select(func.sum(Approval.amount)).where(
        Approval.what == what,
        Approval.state.in_(GRANTED),
        or_(*same),
        ~and_(Approval.record_kind == record.KIND, Approval.record_id == record.id),
    )
    return session.scalar(query) or NOTHING


def levels_for(session: Session, request: Request, counted: Decimal, *, asker: User | None) -> tuple[Level, ...]:
    """Whose consent it takes now, by the settings."""
    return rules.levels(
        request.what,
        counted,
        deputy_limit=settings.get(session, "approval_deputy_limit"),
        manager_limit=settings.get(session, "cost_case_limit")
        if request.manager_limit is None
        else request.manager_limit,
        both_leaders=settings.get(session, "approval_both_leaders"),
        is_own=request.is_own,
        is_top_secret=request.is_top_secret,
        by_manager=asker is not None and asker.role == Role.MANAGER,
    )


def ask(session: Session, record: Any, request: Request, *, actor: User | None, at: datetime) -> Approval:
    """Ask for consent in a new round; one that still waits, or was granted at another amount, is void by that."""
    session.flush()
    rounds = of_record(session, record)
    for earlier in rounds:
        _void(session, earlier, at=at)
    before = granted_before(
        session, request.what, customer_id=request.customer_id, contract_id=request.contract_id, record=record
    )
    counted = None if request.amount is None else request.amount + before
    made = Approval(
        number=numbering.next_number(session, Approval.PREFIX, at),
        branch_id=record.branch_id,
        what=request.what,
        record_kind=record.KIND,
        record_id=record.id,
        record_number=record.number,
        customer_id=request.customer_id,
        contract_id=request.contract_id,
        subject=request.subject[:200],
        amount=request.amount,
        counted=counted,
        round_no=len(rounds) + 1,
        asked_by_id=actor.id if actor else None,
        asked_at=at,
    )
    needed = levels_for(session, request, counted or NOTHING, asker=actor)
    made.steps = [
        ApprovalStep(position=place, level=level, department=request.department if level == Level.HEAD else None)
        for place, level in enumerate(needed, 1)
    ]
    said = {"what": request.what, "record": record.number, "amount": request.amount, "counted": counted}
    steps.begin(session, made, Action.ASK, actor=actor, at=at, entered=said)
    return made


def of_record(session: Session, record: Any) -> Sequence[Approval]:
    """All rounds of a record, the first one first."""
    query = select(Approval).where(Approval.record_kind == record.KIND, Approval.record_id == record.id)
    return session.scalars(query.order_by(Approval.round_no)).all()


def waiting_for(session: Session, record: Any) -> Approval | None:
    """The round of a record that waits for a decision."""
    query = select(Approval).where(
        Approval.record_kind == record.KIND, Approval.record_id == record.id, Approval.state == State.WAITING
    )
    return session.scalars(query).one_or_none()


def approve(session: Session, approval: Approval, word: Word, *, actor: User, at: datetime) -> bool:
    """Take down a consent. True: it was the last one it takes, and what was asked for may be carried out."""
    step = _said(session, approval, Decision.APPROVED, word, actor=actor, at=at)
    if approval.present is not None:
        _check_four_eyes(approval)
        _note(session, approval, step, "approved-part", actor, at)
        steps.announce(session, approval, "approved-part", ("deciders",), actor=actor, at=at)
        approval.updated_at, approval.updated_by_id = at, actor.id
        return False
    approval.decided_at = step.decided_at
    _advance(session, approval, Action.APPROVE, step, actor, at)
    return True


def refuse(session: Session, approval: Approval, word: Word, *, actor: User, at: datetime) -> None:
    """Take down a refusal, with its reason. The round is over; it may be asked for anew."""
    if not word.reason:
        raise Invalid({"reason": N_("A refusal has a reason.")})
    step = _said(session, approval, Decision.REFUSED, word, actor=actor, at=at)
    approval.decided_at, approval.reason = step.decided_at, word.reason
    _advance(session, approval, Action.REFUSE, step, actor, at)


def forward(session: Session, approval: Approval, command: Forward, *, actor: User, at: datetime) -> None:
    """Have somebody else of the same level decide the step that waits."""
    step = _waiting(approval)
    to = command.to
    if isinstance(to, User):
        fits = step.level == Level.MANAGER and may(to, Permission.APPROVAL_DECIDE) and to.is_active
        step.user_id, step.party_id = to.id, None
    else:
        fits = step.level != Level.MANAGER and to in standing_in.may_be_given(session, step)
        step.user_id, step.party_id = None, to.id
    if not fits:
        raise Invalid({"to": N_("This person does not decide at this level.")})
    session.flush()
    session.expire(step, ["user", "party"])
    said = {"to": to.name, "reason": command.reason}
    entered = {"to": to, "reason": command.reason}
    steps.advance(session, approval, Action.FORWARD, actor=actor, at=at, entered=entered, said=said)
    steps.announce(session, approval, Action.FORWARD, ("deciders",), actor=actor, at=at)


def take_back(session: Session, approval: Approval, command: TakeBack, *, actor: User, at: datetime) -> None:
    """Take back a request that waits, or a consent that is not carried out yet."""
    approval.reason = command.reason
    action = Action.WITHDRAW if approval.state == State.WAITING else Action.REVOKE
    steps.advance(session, approval, action, actor=actor, at=at, entered={"reason": command.reason})


def revoke(session: Session, approval: Approval, reason: str, *, at: datetime) -> None:
    """A consent falls with the decision on an appeal, whose own step says who decided."""
    if approval.state == State.APPROVED:
        approval.reason = reason
        steps.advance(session, approval, Action.ANNUL, actor=None, at=at, entered={})


def lapse(session: Session, approval: Approval, reason: str, *, at: datetime) -> None:
    """Nothing is asked for any more, because its record ended: whoever ended it need not be entitled to decide."""
    if approval.state == State.WAITING:
        approval.reason = reason
        steps.advance(session, approval, Action.LAPSE, actor=None, at=at, entered={})


def used(approval: Approval, at: datetime) -> None:
    """What was consented to is carried out: nobody can take it back any more."""
    approval.used_at = at


def who_of(step: ApprovalStep) -> str:
    """Who decided, and for whom: A for B."""
    if step.for_whom:
        return _("%(who)s for %(other)s", who=step.who, other=step.for_whom)
    return step.who or formatting.DASH


def said_by(session: Session, approval_id: int | None, person: Party | User | None) -> str | None:
    """Whoever consented, as page and paper name them: A for B where they stood in for somebody away."""
    if person is None:
        return None
    asked = session.get(Approval, approval_id) if approval_id else None
    key = (person.__tablename__, person.id)
    step = next((each for each in reversed(asked.steps) if each.decider == key), None) if asked else None
    return who_of(step) if step is not None else person.name


# ---------- Parts ----------


def _waiting(approval: Approval) -> ApprovalStep:
    step = approval.present
    if approval.state != State.WAITING or step is None:
        raise DomainError(N_("This was decided already."))
    return step


def _said(
    session: Session, approval: Approval, decision: Decision, word: Word, *, actor: User, at: datetime
) -> ApprovalStep:
    """Write a word down at the step that waits. Raises Invalid by field, NotPermitted by role."""
    action = Action.APPROVE if decision is Decision.APPROVED else Action.REFUSE
    steps.check_permission(actor, approval.PROCESS.transition(approval.state, action))
    step = _waiting(approval)
    if step.level in RECORDED:
        _recorded(session, approval, step, word, at)
    else:
        _own(session, step, actor, at)
    if word.scan is not None:
        step.scan_id = attachments.add(session, approval, word.scan, actor=actor, at=at, kind="SIGNATURE").attachment.id
    step.decision, step.reason, step.evidence = decision, word.reason, word.evidence
    step.decided_at = word.decided_at or at
    step.recorded_by_id, step.recorded_at = actor.id, at
    session.flush()
    session.expire(step, ["user", "party", "for_user", "for_party"])
    return step


def _own(session: Session, step: ApprovalStep, actor: User, at: datetime) -> None:
    if step.user_id not in (None, actor.id):
        absent = standing_in.for_user(session, actor, at)
        if step.user_id not in absent:
            raise Invalid({"": N_("It was given to %(name)s to decide.") % {"name": step.who}})
        step.for_user_id = step.user_id
    step.user_id = actor.id


def _recorded(session: Session, approval: Approval, step: ApprovalStep, word: Word, at: datetime) -> None:
    if word.person is None:
        raise Invalid({"person": N_("Say who decided.")})
    if word.decided_at is None:
        raise Invalid({"decided_at": N_("Say when it was decided.")})
    if step.level in LEADERS and word.decided_at < approval.asked_at.replace(second=0, microsecond=0):
        raise Invalid({"decided_at": N_("Consent was not asked for yet at that moment.")})
    if word.decided_at > at + steps.CLOCK_SLACK:
        raise Invalid({"decided_at": N_("This moment lies in the future.")})
    deciders = standing_in.deciders(session, step, word.decided_at)
    if word.person.id not in deciders:
        if word.person in standing_in.barred(session, step, word.decided_at):
            liable = N_("%(name)s bears the liability, or belongs to a department that does, and does not decide.")
            raise Invalid({"person": liable % {"name": word.person.name}})
        raise Invalid({"person": N_("This person does not decide about this amount.")})
    step.for_party_id = deciders[word.person.id]
    is_proven = word.evidence or word.scan
    if step.level in LEADERS and not is_proven and settings.get(session, "approval_evidence"):
        raise Invalid({"evidence": N_("Add a scan of the signed paper, or say where it is.")})
    step.party_id, step.user_id = word.person.id, None


def _check_four_eyes(approval: Approval) -> None:
    if not rules.BY_OTHERS.holds(approval):
        raise DomainError(rules.BY_OTHERS.label)


def _void(session: Session, approval: Approval, *, at: datetime) -> None:
    if approval.state not in GRANTED or approval.is_used:
        return
    approval.reason = str(SUPERSEDED.message)
    steps.advance(session, approval, Action.VOID, actor=None, at=at, entered={})


def _advance(session: Session, approval: Approval, action: str, step: ApprovalStep, actor: User, at: datetime) -> None:
    entered = {"person": step.party, "decided_at": step.decided_at, "reason": step.reason, "evidence": step.evidence}
    said = steps.said_of(entered) | ({"for": step.for_whom} if step.for_whom else {})
    steps.advance(session, approval, action, actor=actor, at=at, entered=entered, said=said, acted_by=step.party)


def _note(session: Session, approval: Approval, step: ApprovalStep, action: str, actor: User, at: datetime) -> None:
    said: dict[str, Any] = {"level": step.level, "name": step.who, "for": step.for_whom, "text": step.reason or ""}
    events.record(
        session, EventKind.NOTE, action=action, actor=actor, at=at, record=approval, acted_by=step.party, **said
    )
