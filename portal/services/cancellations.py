"""P17 cancellations: application, opinion, liability, finance, consent, end. Rules: `processes/cancellation.py`. Source: 4.17.

What goes out at its end, the loss notices F-26, is `services/loss_notices.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal import clock, settings, visibility
from portal.calendar import compute_due
from portal.errors import DomainError, Invalid
from portal.i18n import N_, Text
from portal.models.approval import Approval
from portal.models.cancellation import Cancellation, CancellationShare, CancellationWord
from portal.models.complaint import Complaint, Escalation
from portal.models.contract import Contract
from portal.models.org import Crew, Department, Party, PartyKind, User
from portal.models.project import ProjectStage
from portal.models.repair import RepairOrder
from portal.models.task import TaskKind
from portal.permissions import Role
from portal.processes import cancellation as rules
from portal.processes.approval import What
from portal.processes.cancellation import Action, Liability, Reason, State
from portal.processes.escalation import OPEN as OPEN_ESCALATIONS
from portal.processes.escalation import shared_out
from portal.processes.repair import OPEN as OPEN_REPAIRS
from portal.services import (
    approvals,
    archive_loans,
    assignment,
    calendars,
    contracts,
    loss_notices,
    numbering,
    projects,
    steps,
    tasks,
)
from portal.services.approvals import Request, TakeBack, Word
from portal.services.fields import Field, link, money, term

NOTHING = rules.NOTHING
OPINION = N_("Get design's opinion on the cancellation")
VOIDING = N_("Void the contract of the cancellation")
L = rules.PROCESS.field_labels
FIELDS: dict[str, Field] = {
    "contract_id": link(N_("Contract"), Contract),
    "applied_at": Field(L["applied_at"]),
    "applicant": Field(L["applicant"]),
    "reason_kind": term(L["reason_kind"], Reason),
    "reason": Field(L["reason"]),
    "project_stage": term(N_("Stage when applied"), ProjectStage),
    "contract_amount": money(N_("Contract amount")),
    "design_opinion": Field(L["design_opinion"]),
    "design_by_id": link(L["design_by"], Party),
    "design_at": Field(L["design_at"]),
    "facts_checked": Field(L["facts_checked"]),
    "liability_reason": Field(L["liability_reason"]),
    "liability_at": Field(N_("Liability signed at")),
    "signed_by_id": link(N_("Signed by the manager"), User),
    "usual_loss": money(N_("Loss by the rule")),
    "loss": money(N_("Loss")),
    "finance_by_id": link(L["finance_by"], Party),
    "finance_at": Field(L["finance_at"]),
    "finance_opinion": Field(L["finance_opinion"]),
    "paid_total": money(N_("Paid by the customer")),
    "paid_to_crew": money(N_("Paid to the crew")),
    "work_done": money(N_("Value of the work done")),
    "gm_id": link(N_("General manager"), Party),
    "gm_at": Field(N_("Decided by the general manager at")),
    "gm_decision": Field(N_("What the general manager said")),
    "notified_at": Field(L["notified_at"]),
    "voided_on": Field(L["voided_on"]),
    "output_value_reduction": money(N_("Output value reduced by")),
    "closed_at": Field(N_("Closed at")),
    "withdrawn_on": Field(L["withdrawn_on"]),
    "withdrawal_note": Field(L["withdrawal_note"]),
}
"""How the fields of a cancellation are called and read."""


@dataclass(frozen=True, slots=True)
class Apply:
    """What the customer wrote, and when it came in."""

    applied_at: datetime
    applicant: str
    reason_kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What design says of the cause."""

    design_opinion: str
    design_by: Party
    design_at: datetime


@dataclass(frozen=True, slots=True)
class Liable:
    """Who is liable for which percent. `who`: the designer or crew."""

    liability: str
    percent: Decimal
    who: Party | Crew | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """Liability with its reason. Fees and losses in yuan; `loss` None: what the rule comes to."""

    liability_reason: str
    shares: tuple[Liable, ...]
    facts_checked: bool = False
    measuring_fee: Decimal = NOTHING
    is_certified: bool = False
    documented_loss: Decimal = NOTHING
    loss: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """The manager signs what was drafted."""


@dataclass(frozen=True, slots=True)
class Verify:
    """What finance verified, in yuan."""

    finance_by: Party
    finance_at: datetime
    finance_opinion: str
    paid_total: Decimal
    paid_to_crew: Decimal
    work_done: Decimal


@dataclass(frozen=True, slots=True)
class Notify:
    """When each department was told."""

    told: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True, slots=True)
class Void:
    """The day the contract ended, and by how much the output is reduced, in yuan."""

    voided_on: date
    output_value_reduction: Decimal


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The customer stays, in writing."""

    withdrawn_on: date
    withdrawal_note: str


def visible_to(user: User) -> Select[Cancellation]:
    """The cancellations that exist for this person."""
    return visibility.visible_to(user, Cancellation)


def running_of(session: Session, contract: Contract) -> Cancellation | None:
    """The cancellation of a contract that is not over."""
    ended = (State.CLOSED, State.WITHDRAWN)
    query = select(Cancellation).where(Cancellation.contract_id == contract.id, Cancellation.state.not_in(ended))
    return session.scalars(query).one_or_none()


def apply(session: Session, contract: Contract, command: Apply, *, actor: User, at: datetime) -> Cancellation:
    """The customer wants to end the contract: dispatch and start are frozen, DL-26 runs from the application.

    Raises Invalid by field, DomainError while another one runs, ConditionsMissing unless the contract is signed.
    """
    if (running := running_of(session, contract)) is not None:
        raise DomainError(N_("A cancellation of this contract runs already: %(number)s.") % {"number": running.number})
    if contract.signed_on is not None and clock.today(command.applied_at) < contract.signed_on:
        raise Invalid({"applied_at": N_("The contract was not signed yet then.")})
    project = contract.project
    case = Cancellation(
        number=numbering.next_number(session, Cancellation.PREFIX, at),
        branch_id=contract.branch_id,
        contract=contract,
        customer_id=contract.customer_id,
        project=project,
        owner=assignment.owner_for(session, customer=contract.customer, actor=actor, branch_id=contract.branch_id),
        project_stage=project.stage if project else None,
        contract_amount=contract.amount,
        loss_rate=settings.get(session, "loss_rate"),
        **steps.entered_of(command),
    )
    steps.begin(session, case, Action.APPLY, actor=actor, at=at, entered=steps.entered_of(command))
    if project is not None:
        project.frozen_at, project.updated_at = command.applied_at, at
    _ask_for(session, case, OPINION, "cancellation_design_wd", command.applied_at, at)
    return case


def give_opinion(session: Session, case: Cancellation, command: Opinion, *, actor: User, at: datetime) -> None:
    """Design's opinion is in: DL-25 runs from its receipt (Q33)."""
    kinds = (PartyKind.DESIGNER, PartyKind.DESIGN_ASSISTANT, PartyKind.BRANCH_MANAGER)
    if command.design_by.department != Department.DESIGN and command.design_by.kind not in kinds:
        raise Invalid({"design_by": N_("Somebody of design gives the opinion.")})
    if command.design_at < case.applied_at:
        raise Invalid({"design_at": N_("The customer had not applied yet then.")})
    case.design_opinion, case.design_by, case.design_at = command.design_opinion, command.design_by, command.design_at
    _advance(session, case, Action.GIVE_OPINION, command, actor, at, acted_by=command.design_by)
    _done(session, case, OPINION, command.design_at, actor, at)


def draft(session: Session, case: Cancellation, command: Draft, *, actor: User, at: datetime) -> None:
    """The specialist drafts who is liable and what the loss comes to; the manager signs it."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.DRAFT))
    _take_liability(session, case, command)
    case.drafted_by_id, case.drafted_at = actor.id, at
    _advance(session, case, Action.DRAFT, command, actor, at, loss=case.loss)


def sign(session: Session, case: Cancellation, command: Sign, *, actor: User, at: datetime) -> None:
    """The manager signs the liability (DL-25 is met)."""
    case.liability_at, case.signed_by_id = at, actor.id
    _advance(session, case, Action.SIGN, command, actor, at)


def redraft(session: Session, case: Cancellation, command: Draft, *, actor: User, at: datetime) -> None:
    """The manager decides the liability anew."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.REDRAFT))
    _take_liability(session, case, command)
    case.liability_at, case.signed_by_id = at, actor.id
    _advance(session, case, Action.REDRAFT, command, actor, at, loss=case.loss)


def verify(session: Session, case: Cancellation, command: Verify, *, actor: User, at: datetime) -> Approval:
    """Finance has verified the money: the general manager is asked for consent to exactly this refund."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.VERIFY))
    if command.finance_by.department != Department.FINANCE and command.finance_by.kind != PartyKind.FINANCE:
        raise Invalid({"finance_by": N_("Somebody of finance verifies it.")})
    amounts = {name: getattr(command, name) for name in ("paid_total", "paid_to_crew", "work_done")}
    problems: dict[str, Text | str] = {
        name: N_("Money is not below zero.") for name, amount in amounts.items() if amount < 0
    }
    recorded = contracts.paid(session, case.contract_id)
    if command.paid_total != recorded:
        values = {"amount": recorded}
        problems["paid_total"] = (
            N_("The payments of the contract come to %(amount)s yuan. Record what is missing first.") % values
        )
    if problems:
        raise Invalid(problems)
    case.finance_by, case.finance_at = command.finance_by, command.finance_at
    case.finance_opinion = command.finance_opinion
    case.paid_total, case.paid_to_crew, case.work_done = command.paid_total, command.paid_to_crew, command.work_done
    _advance(session, case, Action.VERIFY, command, actor, at, acted_by=command.finance_by)
    request = Request(
        What.CANCELLATION,
        f"{case.customer.name} · {case.contract.number}",
        case.settled_amount,
        customer_id=case.customer_id,
        contract_id=case.contract_id,
    )
    case.approval = approvals.ask(session, case, request, actor=actor, at=at)
    return case.approval


def approve(session: Session, case: Cancellation, word: Word, *, actor: User, at: datetime) -> None:
    """Take down that the general manager approves, with the terms."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.APPROVE))
    assert case.approval is not None
    if approvals.approve(session, case.approval, word, actor=actor, at=at):
        case.gm, case.gm_at, case.gm_decision = word.person, word.decided_at, word.reason
        _advance(session, case, Action.APPROVE, word, actor, at, acted_by=word.person)


def refuse(session: Session, case: Cancellation, word: Word, *, actor: User, at: datetime) -> None:
    """The general manager does not approve: decided anew, or the customer stays."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.REFUSE))
    assert case.approval is not None
    approvals.refuse(session, case.approval, word, actor=actor, at=at)
    case.gm, case.gm_at, case.gm_decision = word.person, word.decided_at, word.reason
    _advance(session, case, Action.REFUSE, word, actor, at, acted_by=word.person)


def recall(session: Session, case: Cancellation, command: TakeBack, *, actor: User, at: datetime) -> None:
    """Request or consent is taken back before it is carried out: the liability may be decided anew."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.RECALL))
    assert case.approval is not None
    approvals.take_back(session, case.approval, command, actor=actor, at=at)
    case.gm = case.gm_at = case.gm_decision = None
    _advance(session, case, Action.RECALL, command, actor, at)


def notify(session: Session, case: Cancellation, command: Notify, *, actor: User, at: datetime) -> None:
    """Every department is told (DL-26 is met when the last one was)."""
    case.told.extend(CancellationWord(department=name, told_at=moment) for name, moment in command.told)
    known = [moment for _name, moment in command.told]
    case.notified_at = max(known) if known else None
    session.flush()
    entered = {"notified_at": case.notified_at}
    steps.advance(session, case, Action.NOTIFY, actor=actor, at=at, entered=entered)
    _ask_for(session, case, VOIDING, "cancellation_void_wd", case.notified_at or at, at)


def void(session: Session, case: Cancellation, command: Void, *, actor: User, at: datetime) -> None:
    """The contract ends: output reduced, project cancelled, loss notices written (F-26)."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.VOID))
    contract, project = case.contract, case.project
    reduction = command.output_value_reduction
    if not NOTHING <= reduction <= contract.output_value:
        raise Invalid({"output_value_reduction": N_("The output is reduced by no more than there is.")})
    if contract.signed_on is not None and command.voided_on < contract.signed_on:
        raise Invalid({"voided_on": N_("The contract was not signed yet then.")})
    case.voided_on, case.output_value_reduction = command.voided_on, reduction
    _advance(session, case, Action.VOID, command, actor, at)
    contract.is_ending = True
    contracts.void(session, contract, contracts.Void(command.voided_on, case.number), actor=actor, at=at)
    contract.output_value -= reduction
    if project is not None:
        projects.cancelled(session, project, at=at)
        project.frozen_at = None
    _done(session, case, VOIDING, at, actor, at)
    if case.approval is not None:
        approvals.used(case.approval, at)
    loss_notices.write(session, case, actor=actor, at=at)


def close(session: Session, case: Cancellation, _command: None, *, actor: User, at: datetime) -> None:
    """Loss notices are with finance, the refund is set, nothing of the project is open any more."""
    case.open_numbers = open_numbers(session, case)
    case.closed_at = at
    steps.advance(session, case, Action.CLOSE, actor=actor, at=at, entered={}, said={"refund": case.refund})


def withdraw(session: Session, case: Cancellation, command: Withdraw, *, actor: User, at: datetime) -> None:
    """The customer stays: works go on where they stood, what was asked of the general manager is taken back."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.WITHDRAW))
    today = clock.today(at)
    if not clock.today(case.applied_at) <= command.withdrawn_on <= today:
        raise Invalid({"withdrawn_on": N_("This day lies before the application, or is still to come.")})
    if case.approval is not None:
        approvals.lapse(session, case.approval, command.withdrawal_note, at=at)
    case.withdrawn_on, case.withdrawal_note = command.withdrawn_on, command.withdrawal_note
    if case.project is not None:
        case.project.frozen_at, case.project.updated_at = None, at
    _advance(session, case, Action.WITHDRAW, command, actor, at)
    for task in tasks.open_of(session, case):
        tasks.cancel(session, task, at=at, actor=actor)


def open_numbers(session: Session, case: Cancellation) -> tuple[str, ...]:
    """Repairs, compensations and loans of the file that keep the cancellation open."""
    if case.project_id is None:
        return ()
    orders = select(RepairOrder.number).where(
        RepairOrder.project_id == case.project_id, RepairOrder.state.in_(sorted(OPEN_REPAIRS))
    )
    disputes = (
        select(Escalation.number)
        .join(Complaint, Complaint.id == Escalation.complaint_id)
        .where(Complaint.project_id == case.project_id, Escalation.state.in_(sorted(OPEN_ESCALATIONS)))
    )
    return (*session.scalars(orders), *session.scalars(disputes), *archive_loans.papers_out(session, case.project_id))


# ---------- Parts ----------


def _take_liability(session: Session, case: Cancellation, command: Draft) -> None:
    shares = command.shares
    _check_shares(shares)
    rate = settings.get(session, "certification_rate") if command.is_certified else NOTHING
    case.measuring_fee, case.certification_rate = command.measuring_fee, rate
    case.documented_loss = command.documented_loss
    case.facts_checked = case.facts_checked or command.facts_checked
    case.liability_reason = command.liability_reason
    main = max(shares, key=lambda share: share.percent).liability if shares else Liability.OTHER
    case.usual_loss = rules.usual_loss(
        main,
        case.contract_amount,
        loss_rate=case.loss_rate,
        measuring_fee=case.measuring_fee,
        certification_rate=rate,
        commission_rate=settings.get(session, "designer_commission"),
        documented=case.documented_loss,
    )
    case.loss = case.usual_loss if command.loss is None else command.loss
    if case.loss < 0:
        raise Invalid({"loss": N_("Money is not below zero.")})
    case.shares.clear()
    session.flush()
    parts = shared_out(case.loss, [share.percent for share in shares])
    for position, (each, part) in enumerate(zip(shares, parts, strict=True), 1):
        case.shares.append(
            CancellationShare(
                position=position,
                liability=each.liability,
                party=each.who if isinstance(each.who, Party) else None,
                crew=each.who if isinstance(each.who, Crew) else None,
                percent=each.percent,
                amount=part,
            )
        )


def _check_shares(shares: Sequence[Liable]) -> None:
    named = [(each.liability, each.who.id if each.who else 0) for each in shares]
    if len(named) != len(set(named)):
        raise Invalid({"": N_("Each who is liable is named once.")})
    if any(each.percent <= 0 for each in shares):
        raise Invalid({"": N_("A share is more than nothing.")})
    for each in shares:
        wanted = {Liability.DESIGNER: Party, Liability.CREW: Crew}.get(Liability(each.liability))
        if wanted is not None and not isinstance(each.who, wanted):
            raise Invalid({"": N_("Say which designer or crew is liable.")})


def _ask_for(session: Session, case: Cancellation, title: Text, setting: str, start: datetime, at: datetime) -> None:
    due = compute_due(start, calendars.limit(session, setting), calendars.current(session)).due_at
    who = tasks.Responsible(case.owner, None if case.owner else Role.SPECIALIST)
    tasks.open_task(session, TaskKind.TODO, title.message, case, due_at=due, at=at, who=who)


def _done(session: Session, case: Cancellation, title: Text, happened: datetime, actor: User, at: datetime) -> None:
    for task in tasks.open_of(session, case):
        if task.title == title.message:
            tasks.close(session, task, happened_at=min(happened, at), at=at, actor=actor)


def _advance(
    session: Session,
    case: Cancellation,
    action: str,
    command: Any,
    actor: User,
    at: datetime,
    *,
    acted_by: Party | None = None,
    **more: Any,
) -> None:
    entered = steps.entered_of(command) | more
    entered.pop("scan", None)
    shares = entered.pop("shares", None)
    session.flush()
    said = steps.said_of(entered)
    if shares is not None:
        said["shares"] = "、".join(f"{Liability.show(s.liability)} {s.percent.normalize():f}%" for s in shares)
    steps.advance(session, case, action, actor=actor, at=at, entered=entered, said=said, acted_by=acted_by)
