"""P10 escalated complaints: visit, liability, money, voucher, close. Rules: `processes/escalation.py`. Source: 4.10, 3.12."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from portal import clock, formatting, settings, visibility
from portal.errors import Invalid
from portal.i18n import N_, Text
from portal.models.approval import Approval
from portal.models.compensation import CompensationShare, PaymentVoucher
from portal.models.complaint import Escalation
from portal.models.org import Crew, Department, Party, PartyKind, User
from portal.processes import complaint as complaint_rules
from portal.processes import escalation as rules
from portal.processes.approval import What
from portal.processes.complaint import Verdict
from portal.processes.escalation import Action, Bearer
from portal.services import approvals, numbering, penalty_shares, steps
from portal.services.approvals import Request, TakeBack, Word
from portal.services.fields import Field, link, money

NOTHING = Decimal("0.00")
L = rules.PROCESS.field_labels
FIELDS: dict[str, Field] = {
    "why": Field(L["why"], rules.Ground.show),
    **{name: Field(L[name]) for name in ("cause", "process_so_far", "customer_demand")},
    "visit_due_at": Field(N_("To be visited until (DL-15)")),
    "visit_at": Field(L["visit_at"]),
    "visit_head_id": link(L["visit_head"], Party),
    **{name: Field(L[name]) for name in ("late_reason", "visited_at", "present", "findings", "solution")},
    "involves_money": Field(L["involves_money"]),
    "liability_at": Field(N_("Liability decided at")),
    **{name: Field(L[name]) for name in ("measures", "execute_until")},
    "amount": money(L["amount"]),
    "leader_id": link(N_("Company leader"), Party),
    "leader_decided_at": Field(L["decided_at"]),
    "leader_decision": Field(N_("What the leader said")),
    "paid_at": Field(L["paid_at"]),
    **{name: Field(L[name]) for name in ("is_satisfied", "has_agreement", "signed_by", "signed_on")},
    **{name: Field(L[name]) for name in ("root_cause", "improvement")},
    "closed_at": Field(N_("Closed at")),
}
"""How the fields of a case are called and read."""


@dataclass(frozen=True, slots=True)
class SetVisit:
    """When the manager goes there, and with which head."""

    visit_at: datetime
    visit_head: Party
    late_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Bears:
    """Who bears which percent, why, and their monthly wage in yuan as human resources say. `who` None: the company."""

    who: Party | Crew | None
    percent: Decimal
    reason: str | None = None
    monthly_wage: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Who is liable, what is done about it. The first three: what the visit brought."""

    visited_at: datetime | None = None
    present: str | None = None
    findings: str | None = None
    solution: str
    involves_money: bool
    shares: tuple[Bears, ...]


@dataclass(frozen=True, slots=True)
class Execute:
    """What is done without money, by whom and until when."""

    measures: str
    execute_until: date


@dataclass(frozen=True, slots=True)
class AskLeader:
    """What the customer is to get, in yuan."""

    amount: Decimal


@dataclass(frozen=True, slots=True)
class Pay:
    """Finance's number of the voucher, when the customer was paid, and by whom."""

    finance_no: str
    paid_at: datetime
    clerk: Party


@dataclass(frozen=True, slots=True)
class Close:
    """What the customer signed, and what is learned from it."""

    signed_by: str
    signed_on: date
    root_cause: str
    improvement: str
    is_satisfied: bool = False
    has_agreement: bool = False


def visible_to(user: User) -> Select[Escalation]:
    """The escalations that exist for this person."""
    return visibility.visible_to(user, Escalation)


def set_visit(session: Session, case: Escalation, command: SetVisit, *, actor: User, at: datetime) -> None:
    """Agree on the visit with head and customer. Raises Invalid by field, ConditionsMissing beyond DL-15 without a reason."""
    if not command.visit_head.is_head:
        raise Invalid({"visit_head": N_("The head of a department comes along.")})
    if command.visit_at < case.submitted_at:
        raise Invalid({"visit_at": N_("The case was not handed over yet then.")})
    case.visit_at, case.visit_head, case.late_reason = command.visit_at, command.visit_head, command.late_reason
    _advance(session, case, Action.SET_VISIT, command, actor, at)


def judge(session: Session, case: Escalation, command: Judge, *, actor: User, at: datetime) -> None:
    """Decide who is liable: on the spot what was found and who was there too. Shares sum to 100 %."""
    on_site = case.state == rules.State.VISIT_SET
    if on_site and command.visited_at is not None and command.visited_at < case.submitted_at:
        raise Invalid({"visited_at": N_("The case was not handed over yet then.")})
    _set_shares(session, case, command.shares)
    case.visited_at, case.present, case.findings = command.visited_at, command.present, command.findings
    case.solution, case.involves_money, case.liability_at = command.solution, command.involves_money, at
    _advance(session, case, Action.JUDGE_ON_SITE if on_site else Action.JUDGE, command, actor, at)


def execute(session: Session, case: Escalation, command: Execute, *, actor: User, at: datetime) -> None:
    """No money is involved: the manager follows what is done."""
    if command.execute_until < clock.today(at):
        raise Invalid({"execute_until": N_("This day is over.")})
    case.measures, case.execute_until = command.measures, command.execute_until
    _advance(session, case, Action.EXECUTE, command, actor, at)


def ask_leader(session: Session, case: Escalation, command: AskLeader, *, actor: User, at: datetime) -> Approval:
    """Share the amount out among the bearers and ask for consent: the level follows from all the household was granted."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.ASK_LEADER))
    if command.amount <= 0:
        raise Invalid({"amount": N_("A compensation is more than nothing.")})
    case.amount = command.amount
    for share, part in zip(case.shares, rules.shared_out(case.amount, [s.percent for s in case.shares]), strict=True):
        share.amount = part
    _advance(session, case, Action.ASK_LEADER, command, actor, at)
    complaint = case.complaint
    contract = complaint.project.contract if complaint.project else None
    request = Request(
        What.COMPENSATION,
        f"{complaint.complainant} · {complaint.subject}",
        case.amount,
        customer_id=complaint.customer_id,
        contract_id=contract.id if contract else None,
    )
    case.approval = approvals.ask(session, case, request, actor=actor, at=at)
    return case.approval


def approve(session: Session, case: Escalation, word: Word, *, actor: User, at: datetime) -> None:
    """Take down that the leader consents; with the last word it takes, finance gets the voucher (F-08)."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.APPROVE))
    assert case.approval is not None
    if not approvals.approve(session, case.approval, word, actor=actor, at=at):
        return
    case.leader, case.leader_decided_at, case.leader_decision = word.person, word.decided_at, word.reason
    _advance(session, case, Action.APPROVE, word, actor, at, acted_by=word.person)
    _write_voucher(session, case, at)


def refuse(session: Session, case: Escalation, word: Word, *, actor: User, at: datetime) -> None:
    """The leader refuses: liability and amount are decided anew."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.REFUSE))
    assert case.approval is not None
    approvals.refuse(session, case.approval, word, actor=actor, at=at)
    case.leader, case.leader_decided_at, case.leader_decision = word.person, word.decided_at, word.reason
    _advance(session, case, Action.REFUSE, word, actor, at, acted_by=word.person)


def recall(session: Session, case: Escalation, command: TakeBack, *, actor: User, at: datetime) -> None:
    """Amount or shares are to change: request or consent is taken back, the voucher void. The round stays in the log."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.RECALL))
    assert case.approval is not None
    approvals.take_back(session, case.approval, command, actor=actor, at=at)
    if (voucher := case.voucher) is not None:
        voucher.voided_at, voucher.void_reason, voucher.updated_at = at, command.reason, at
    case.leader = case.leader_decided_at = case.leader_decision = None
    _advance(session, case, Action.RECALL, command, actor, at)


def pay(session: Session, case: Escalation, command: Pay, *, actor: User, at: datetime) -> None:
    """Finance has paid the customer: shares of people go to human resources (DL-16), of crews to finance (R-13)."""
    steps.check_permission(actor, case.PROCESS.transition(case.state, Action.PAY))
    voucher, approval = case.voucher, case.approval
    assert voucher is not None and approval is not None
    if command.clerk.department != Department.FINANCE and command.clerk.kind != PartyKind.FINANCE:
        raise Invalid({"clerk": N_("Somebody of finance pays.")})
    if case.leader_id is not None and command.clerk.id == case.leader_id:
        raise Invalid({"clerk": N_("Whoever consented does not pay.")})
    if command.paid_at < voucher.leader_decided_at.replace(second=0, microsecond=0):
        raise Invalid({"paid_at": N_("The leader had not consented yet then.")})
    voucher.clerk, voucher.finance_no, voucher.paid_at = command.clerk, command.finance_no, command.paid_at
    voucher.updated_at, voucher.updated_by_id = at, actor.id
    case.paid_at = command.paid_at
    _advance(session, case, Action.PAY, command, actor, at, acted_by=command.clerk)
    approvals.used(approval, at)
    for share in case.shares:
        _book(session, case, share, actor, at)


def close(session: Session, case: Escalation, command: Close, *, actor: User, at: datetime) -> None:
    """The file is complete, the complaint is closed with it: founded, as somebody of ours was liable (F-17, M-21)."""
    if command.signed_on > clock.today(at):
        raise Invalid({"signed_on": N_("This day is still to come.")})
    for name in ("signed_by", "signed_on", "root_cause", "improvement", "is_satisfied", "has_agreement"):
        setattr(case, name, getattr(command, name))
    case.closed_at = at
    _advance(session, case, Action.CLOSE, command, actor, at)
    complaint = case.complaint
    complaint.root_cause, complaint.improvement, complaint.closed_at = command.root_cause, command.improvement, at
    complaint.verdict = Verdict.ESTABLISHED
    complaint.responsible = "、".join(share.name for share in case.shares)[:100]
    steps.advance(session, complaint, complaint_rules.Action.SETTLE, actor=actor, at=at, entered={})


def warnings(session: Session, case: Escalation) -> list[Text]:
    """Where a share takes more of a month's wage than the law leaves: the rest is for later months (Q18)."""
    percent, minimum = settings.get(session, "wage_warning_percent"), settings.get(session, "minimum_wage")
    said = []
    for share in case.shares:
        if share.bearer != Bearer.PERSON or not share.amount:
            continue
        over = rules.over_wage(share.amount, share.monthly_wage, percent=percent, minimum_wage=minimum)
        if over > 0:
            sums = {"amount": share.amount, "now": share.amount - over, "rest": over}
            values = {"name": share.name, **{name: formatting.money(amount) for name, amount in sums.items()}}
            said.append(
                N_(
                    "%(name)s: %(amount)s yuan is more than may be taken of a month's wage. %(now)s yuan this month,"
                    " %(rest)s yuan is carried forward; human resources decide."
                )
                % values
            )
    return said


# ---------- Parts ----------


def _set_shares(session: Session, case: Escalation, shares: Sequence[Bears]) -> None:
    named = [(type(each.who).__name__, each.who.id if each.who else 0) for each in shares]
    if len(named) != len(set(named)):
        raise Invalid({"": N_("Each bearer is named once.")})
    if any(each.percent <= 0 for each in shares):
        raise Invalid({"": N_("A share is more than nothing.")})
    case.shares.clear()
    session.flush()
    for position, each in enumerate(shares, 1):
        bearer = Bearer.CREW if isinstance(each.who, Crew) else Bearer.PERSON if each.who else Bearer.COMPANY
        case.shares.append(
            CompensationShare(
                position=position,
                bearer=bearer,
                party=each.who if isinstance(each.who, Party) else None,
                crew=each.who if isinstance(each.who, Crew) else None,
                percent=each.percent,
                reason=each.reason,
                monthly_wage=each.monthly_wage if bearer is Bearer.PERSON else None,
            )
        )


def _write_voucher(session: Session, case: Escalation, at: datetime) -> None:
    assert case.amount is not None and case.approval is not None and case.leader_decided_at is not None
    complaint = case.complaint
    case.vouchers.append(
        PaymentVoucher(
            number=numbering.next_number(session, PaymentVoucher.PREFIX, at),
            branch_id=case.branch_id,
            customer_id=complaint.customer_id,
            approval_id=case.approval.id,
            payee=complaint.customer.name if complaint.customer else complaint.complainant,
            purpose=f"{complaint.number} {complaint.subject}",
            amount=case.amount,
            leader=case.leader,
            leader_decided_at=case.leader_decided_at,
            created_at=at,
            updated_at=at,
        )
    )
    session.flush()


def _book(session: Session, case: Escalation, share: CompensationShare, actor: User, at: datetime) -> None:
    who = share.party or share.crew
    if who is None or not share.amount or case.approval is None:
        return
    evidence: dict[str, Any] = {
        "record": case.number,
        "complaint": case.complaint.number,
        "approval": case.approval.number,
        "decided_by": case.leader.name if case.leader else None,
        "decided_at": case.leader_decided_at,
        "percent": share.percent,
        "of": case.amount,
        "amount": share.amount,
        "paid_at": case.paid_at,
    }
    share.entry = penalty_shares.book(
        session,
        case,
        who,
        share.amount,
        cause=f"compensation:{case.id}:{share.bearer}:{who.id}",
        evidence=evidence,
        decided_on=clock.today(case.leader_decided_at or at),
        approved_by=actor,
        paid_at=case.paid_at or at,
        at=at,
    )
    share.copied_at = at


def _advance(
    session: Session,
    case: Escalation,
    action: str,
    command: Any,
    actor: User,
    at: datetime,
    *,
    acted_by: Party | None = None,
) -> None:
    entered = steps.entered_of(command)
    entered.pop("scan", None)
    shares = entered.pop("shares", None)
    session.flush()
    said = steps.said_of(entered)
    if shares is not None:
        said["shares"] = "、".join(f"{share.name} {share.percent.normalize():f}%" for share in case.shares)
    steps.advance(session, case, action, actor=actor, at=at, entered=entered, said=said, acted_by=acted_by)
