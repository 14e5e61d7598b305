"""Contracts with payment terms and payments. Source: `domain.md` 3.3; amounts in yuan, exact to the fen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from portal import clock, formatting, settings, visibility
from portal.errors import DomainError, Invalid, Stale
from portal.i18n import N_, Text, _
from portal.models.contract import Contract, ContractState, ContractTemplate, Payment, PaymentKind, PaymentTerm
from portal.models.customer import Customer, CustomerKind
from portal.models.event import EventKind
from portal.models.org import Party, User
from portal.models.project import Project
from portal.processes.contract import BEFORE_SIGNED, SIGNED_STATES, Action, Topic
from portal.processes.drawing_review import State as ReviewState
from portal.processes.follow_up import CallStage
from portal.services import (
    bypasses,
    call_plan,
    contract_templates,
    customers,
    drawing_reviews,
    events,
    lead_touches,
    numbering,
    projects,
    steps,
    warranties,
)
from portal.services.fields import Field, apply, cleaned, link, money, stamp, term

FEN = Decimal("0.01")
SPLIT_KINDS = (PaymentKind.FIRST, PaymentKind.MID, PaymentKind.FINAL)
DUE_EVENTS: dict[str, Text] = {
    PaymentKind.FIRST: N_("When the contract is signed"),
    PaymentKind.MID: N_("When the mid-term acceptance has passed"),
    PaymentKind.FINAL: N_("When the works are accepted"),
}
HOLDERS = {
    "CUSTOMER": N_("Customer"),
    "FINANCE": N_("Finance"),
    "ENGINEERING": N_("Engineering"),
    "LEGAL": N_("Legal"),
    "ARCHIVE": N_("Archive"),
}
"""Who may hold an original of the contract."""


def terms_text(value: Any) -> str:
    """Payment terms as people read them: 首期款 60%、中期款 35%、尾款 5%."""
    return "、".join(
        f"{PaymentKind.show(item['kind'])} {Decimal(item['percent']).normalize():f}%" for item in value or []
    )


def payment_text(value: Any) -> str:
    """A payment as people read it."""
    amount = _("%(amount)s yuan", amount=formatting.money(value["amount"]))
    receipt = _("receipt %(number)s", number=value["receipt_no"])
    return f"{PaymentKind.show(value['kind'])} {amount} · {value['paid_on']} · {receipt}"


def copies_text(value: Any) -> str:
    """Who holds how many originals."""
    return "、".join(f"{HOLDERS.get(item['holder'], item['holder'])} {item['count']}" for item in value or [])


FIELDS: dict[str, Field] = {
    "number": Field(N_("Contract number")),
    "state": term(N_("State"), ContractState),
    "project_id": link(N_("Project"), Project),
    "amount": money(N_("Contract amount")),
    "output_value": money(N_("Output value")),
    "signed_on": Field(N_("Signed on")),
    "template_id": link(N_("Contract template"), ContractTemplate),
    "signed_by_company": Field(N_("Signed for the company by")),
    "copies": Field(N_("Copies and who holds them"), copies_text),
    "signed_by_customer": Field(N_("Signed for the customer by")),
    "scope": Field(N_("Scope of the works")),
    "duration_days": Field(N_("Duration (days)")),
    "intended_on": Field(N_("Letter of intent of")),
    "style": Field(N_("Style", "contract")),
    "deposit": money(N_("Deposit (yuan)")),
    "intended_until": Field(N_("Letter of intent valid until")),
    "designer_id": link(N_("Designer"), Party),
    "draft": Field(N_("Draft", "contract")),
    "covered": Field(N_("The negotiation has covered"), lambda codes: "、".join(Topic.show(code) for code in codes)),
    "reviewed_on_paper": Field(N_("Drawings passed on paper")),
    "bypass_reason": Field(N_("Why it was signed without the reviews")),
    "voided_on": Field(N_("Voided on")),
    "void_reason": Field(N_("Reason of voiding")),
    "terms": Field(N_("Payment terms"), terms_text),
    "payment": Field(N_("Payment"), payment_text),
    "remarks": Field(N_("Remarks")),
}


@dataclass(frozen=True, slots=True)
class TermLine:
    """One instalment: its share in percent of the contract amount, and when it falls due, in words."""

    kind: str
    percent: Decimal
    due_event: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateContract:
    """A contract. `number` as printed on it (None: the next HT number); `amount` in yuan."""

    amount: Decimal
    number: str | None = None
    state: str = ContractState.SIGNED
    project_id: int | None = None
    signed_on: date | None = None
    template_id: int | None = None
    """Which printed contract it is; None: nobody said, the usual warranty terms hold."""
    signed_by_company: str | None = None
    copies: list[dict[str, Any]] | None = None
    terms: tuple[TermLine, ...] = ()
    """None given: the setting `payment_split`."""
    reviewed_on_paper: bool = False
    """Its drawings passed before the portal or beside it, so that R-04 does not apply."""
    remarks: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateContract(CreateContract):
    """All fields as they shall be. `version` is the one the person saw."""

    version: int


@dataclass(frozen=True, slots=True)
class RecordPayment:
    """Money that finance reported. Yuan, positive; a refund has the kind REFUND."""

    kind: str
    amount: Decimal
    paid_on: date
    receipt_no: str
    note: str | None = None
    early_reason: str | None = None
    """Why the mid-term payment comes before the customer was found content at the mid-term call (Q20)."""


@dataclass(frozen=True, slots=True)
class Void:
    """The day from which it counts no more, and why."""

    voided_on: date
    void_reason: str


def visible_to(user: User) -> Select[Contract]:
    """The contracts that exist for the person."""
    return visibility.visible_to(user, Contract)


# ---------- Payment terms ----------


def default_terms(session: Session) -> tuple[TermLine, ...]:
    """First, mid and final payment by the setting `payment_split`."""
    split = [Decimal(str(share)) for share in settings.get(session, "payment_split")]
    lines = zip(SPLIT_KINDS, split, strict=False)
    return tuple(TermLine(kind, share, str(DUE_EVENTS[kind])) for kind, share in lines)


def instalments(amount: Decimal, percents: list[Decimal]) -> list[Decimal]:
    """The amounts of the instalments to the fen; what rounding leaves over is in the last one, so that the sum is exact."""
    parts = [(amount * share / 100).quantize(FEN, ROUND_HALF_UP) for share in percents[:-1]]
    return [*parts, amount - sum(parts, Decimal(0))]


def set_terms(session: Session, contract: Contract, lines: tuple[TermLine, ...]) -> None:
    """Give a contract these instalments instead of those it had; their amounts follow from the shares."""
    for old in list(contract.terms):
        session.delete(old)
    amounts = instalments(contract.amount, [line.percent for line in lines])
    session.flush()
    session.add_all(
        PaymentTerm(
            contract_id=contract.id, position=position, kind=line.kind, percent=line.percent, amount=amount,
            due_event=line.due_event,
        )
        for position, (line, amount) in enumerate(zip(lines, amounts, strict=True), start=1)
    )  # fmt: skip
    session.flush()
    session.expire(contract, ["terms"])


def respread(session: Session, contract: Contract) -> None:
    """Give the instalments their share of an amount that was put back."""
    for line, amount in zip(
        contract.terms, instalments(contract.amount, [line.percent for line in contract.terms]), strict=True
    ):
        line.amount = amount
    session.flush()


def _said(lines: Any) -> list[dict[str, Any]]:
    return [{"kind": str(line.kind), "percent": str(Decimal(line.percent).normalize())} for line in lines]


# ---------- Register and change ----------


def create(
    session: Session, customer: Customer, command: CreateContract, *, actor: User | None, at: datetime
) -> Contract:
    """Record a contract with its payment terms; the customer becomes a signed one, with the grade the amount asks for.

    Raises Invalid: number taken, shares that are not 100 %, a project that has a contract, a day still to come.
    """
    _check(session, command, None, customer, at=at)
    project = session.get(Project, command.project_id) if command.project_id else None
    contract = Contract(
        number=cleaned(command.number) or numbering.next_number(session, Contract.PREFIX, at),
        customer_id=customer.id,
        branch_id=project.branch_id if project else customer.branch_id,
        project_id=command.project_id,
        state=command.state,
        amount=command.amount,
        output_value=command.amount,
        signed_on=command.signed_on,
        template_id=command.template_id,
        signed_by_company=cleaned(command.signed_by_company),
        copies=command.copies,
        reviewed_on_paper=command.reviewed_on_paper,
        remarks=cleaned(command.remarks),
    )
    stamp(contract, actor=actor, at=at)
    session.add(contract)
    session.flush()
    set_terms(session, contract, command.terms or default_terms(session))
    events.record(session, EventKind.CREATED, at=at, actor=actor, record=contract)
    _follow(session, contract, customer, project, actor=actor, at=at)
    if contract.state in SIGNED_STATES:
        bypasses.entered_as_signed(session, contract, actor=actor, at=at)
    return contract


def update(
    session: Session, contract: Contract, command: UpdateContract, *, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Change a contract. The output value moves with the amount. Raises Stale, Invalid; DomainError when it is void."""
    if contract.version != command.version:
        raise Stale()
    refuse_void(contract)
    customer = contract.customer
    _check(session, command, contract, customer, at=at)
    before = _said(contract.terms)
    values = {
        "number": cleaned(command.number) or contract.number,
        "state": command.state,
        "project_id": command.project_id,
        "output_value": contract.output_value + (command.amount - contract.amount),
        "amount": command.amount,
        "signed_on": command.signed_on,
        "template_id": command.template_id,
        "signed_by_company": cleaned(command.signed_by_company),
        "copies": command.copies,
        "reviewed_on_paper": command.reviewed_on_paper,
        "remarks": cleaned(command.remarks),
    }
    changes = apply(session, contract, values, FIELDS, actor=actor, at=at)
    if "amount" in changes and contract.state in BEFORE_SIGNED:
        _review_anew(session, contract, changes["amount"], actor=actor, at=at)
    lines = command.terms or default_terms(session)
    if _said(lines) != before or "amount" in changes:
        set_terms(session, contract, lines)
    if _said(lines) != before:
        contract.updated_at, contract.updated_by_id = at, actor.id
        changes["terms"] = [before, _said(lines)]
        said = {"terms": changes["terms"]}
        events.record(session, EventKind.CHANGE, at=at, actor=actor, record=contract, changes=said)
    project = session.get(Project, command.project_id) if command.project_id else None
    _follow(session, contract, customer, project, actor=actor, at=at)
    session.flush()
    session.expire(contract, ["project", "template"])
    if "state" in changes and changes["state"][0] in BEFORE_SIGNED and contract.state in SIGNED_STATES:
        bypasses.entered_as_signed(session, contract, actor=actor, at=at)
    warranties.open_when_paid(session, contract, paid_on=clock.today(at), actor=actor, at=at)
    return changes


def change(
    session: Session, contract: Contract, values: Mapping[str, Any], *, version: int, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Change amount, state or day of signing, or what else `UpdateContract` knows; the rest stays. Raises as `update`."""
    kept = {item.name: getattr(contract, item.name) for item in fields(CreateContract)}
    kept["terms"] = tuple(TermLine(line.kind, line.percent, line.due_event) for line in contract.terms)
    return update(session, contract, UpdateContract(**kept | dict(values), version=version), actor=actor, at=at)


def check(contract: Contract, values: Mapping[str, Any], *, at: datetime) -> None:
    """Raise DomainError for a void contract, Invalid for a day of signing that cannot be; asks nothing of the database."""
    refuse_void(contract)
    if wrong := _dates(values.get("state", contract.state), values.get("signed_on", contract.signed_on), at):
        raise Invalid(wrong)


def refuse_void(contract: Contract) -> None:
    """Raise DomainError for a void contract."""
    if contract.state == ContractState.TERMINATED:
        raise DomainError(N_("A voided contract is not changed any more."))


def _review_anew(session: Session, contract: Contract, amounts: list[Any], *, actor: User | None, at: datetime) -> None:
    """R-06: another price before signing sets a passed drawing review back."""
    review = contract.review
    if review is None or review.state != ReviewState.PASSED or actor is None:
        return
    was, now = map(formatting.money, amounts)
    command = drawing_reviews.ChangeAfterPass(
        tuple(review.current.documents), f"{was} → {now}", at, contract_amount=contract.amount
    )
    drawing_reviews.change(session, review, command, actor=actor, at=at)


def refuse_signed(contract: Contract) -> None:
    """Raise DomainError once it is signed or void: what was negotiated is not changed any more."""
    if contract.state not in BEFORE_SIGNED:
        raise DomainError(N_("The contract is signed; what was negotiated stays as it is."))


def refuse_stale(contract: Contract, version: int) -> None:
    """Raise Stale when somebody changed it since the person looked."""
    if contract.version != version:
        raise Stale()


def follow_signing(session: Session, contract: Contract, *, actor: User, at: datetime) -> None:
    """What signing means for the customer: signed, and graded by the amount (5.5)."""
    _follow(session, contract, contract.customer, contract.project, actor=actor, at=at)


def _dates(state: str, signed_on: date | None, at: datetime) -> dict[str, Text | str]:
    if state in SIGNED_STATES and signed_on is None:
        return {"signed_on": N_("When was it signed?")}
    if signed_on and signed_on > clock.today(at):
        return {"signed_on": N_("This day is still to come.")}
    return {}


def _check(
    session: Session, command: CreateContract, present: Contract | None, customer: Customer, *, at: datetime
) -> None:
    problems = _dates(command.state, command.signed_on, at)
    if present is not None and command.state != present.state:
        problems["state"] = N_("A contract comes to another state by its steps.")
    number = cleaned(command.number)
    own = present.id if present else 0
    if number and session.scalar(select(Contract.id).where(Contract.number == number, Contract.id != own)):
        problems["number"] = N_("There is a contract with this number already.")
    if wrong := contract_templates.problem(session, command.template_id, present, command.signed_on, at):
        problems["template_id"] = wrong
    if command.terms and sum(line.percent for line in command.terms) != 100:
        problems["terms"] = N_("The shares must add up to 100 %.")
    if command.project_id is not None:
        project = session.get(Project, command.project_id)
        if project is None or project.customer_id != customer.id:
            problems["project_id"] = N_("This project belongs to somebody else.")
        elif session.scalar(select(Contract.id).where(Contract.project_id == project.id, Contract.id != own)):
            problems["project_id"] = N_("This project has a contract already.")
    if problems:
        raise Invalid(problems)


def _follow(
    session: Session,
    contract: Contract,
    customer: Customer,
    project: Project | None,
    *,
    actor: User | None,
    at: datetime,
) -> None:
    """What signing means for the customer: signed, and graded by the amount (5.5)."""
    if contract.state not in SIGNED_STATES:
        return
    if customer.kind == CustomerKind.LEAD:
        apply(session, customer, {"kind": CustomerKind.SIGNED}, customers.FIELDS, actor=actor, at=at)
        lead_touches.halt(session, customer, at=at)
    grade = customers.default_grade(
        session,
        amount=contract.amount,
        layout=project.property.layout if project else None,
        project_kind=project.kind if project else None,
        is_model_house=project.is_model_house if project else False,
        is_repeat=customer.is_repeat,
    )
    customers.raise_grade(session, customer, grade, reason="Contract amount", actor=actor, at=at)
    if project is not None:
        projects.sign(session, project, at=at)


def void(session: Session, contract: Contract, command: Void, *, actor: User, at: datetime) -> None:
    """Void a contract. It stays readable. Raises Invalid; TransitionNotAllowed when it is void already."""
    if command.voided_on > clock.today(at):
        raise Invalid({"voided_on": N_("This day is still to come.")})
    entered = {"voided_on": command.voided_on, "void_reason": command.void_reason.strip()}
    contract.voided_on, contract.void_reason = command.voided_on, command.void_reason.strip() or None
    steps.advance(session, contract, Action.TERMINATE, actor=actor, at=at, entered=entered)


# ---------- Payments ----------


def record_payment(
    session: Session, contract: Contract, command: RecordPayment, *, actor: User, at: datetime, is_past: bool = False
) -> Payment:
    """Record money as finance reported it. Raises Invalid: receipt number taken, more refunded than paid, mid-term money
    before the mid-term call without a reason (Q20).

    `is_past`: it is entered from an old ledger, where nobody can say why.
    """
    problems: dict[str, Text | str] = {}
    receipt = command.receipt_no.strip()
    if session.scalar(select(Payment.id).where(Payment.receipt_no == receipt)):
        problems["receipt_no"] = N_("This receipt number is recorded already.")
    if command.paid_on > clock.today(at):
        problems["paid_on"] = N_("This day is still to come.")
    if command.kind == PaymentKind.REFUND and command.amount > paid(session, contract.id):
        problems["amount"] = N_("More than was paid cannot be refunded.")
    is_early = comes_early(session, contract, command.kind)
    early_reason = cleaned(command.early_reason) if is_early else None
    if is_early and early_reason is None and not is_past:
        problems["early_reason"] = N_(
            "The customer was not found content at the mid-term call yet: say why the money comes before it."
        )
    if problems:
        raise Invalid(problems)
    payment = Payment(
        contract_id=contract.id,
        kind=command.kind,
        amount=command.amount,
        paid_on=command.paid_on,
        receipt_no=receipt,
        note=cleaned(command.note),
        early_reason=early_reason,
        recorded_by_id=actor.id,
    )
    session.add(payment)
    contract.updated_at, contract.updated_by_id = at, actor.id
    said = {"kind": command.kind, "amount": command.amount, "paid_on": command.paid_on, "receipt_no": receipt}
    if early_reason is not None:
        said["early_reason"] = early_reason
    events.record(
        session,
        EventKind.CHANGE,
        at=at,
        actor=actor,
        record=contract,
        action="payment",
        changes={"payment": [None, said]},
    )
    session.flush()
    session.expire(contract, ["payments"])
    if command.kind == PaymentKind.MID and contract.project is not None:  # at the latest now (5.3)
        event, on = contract.project, command.paid_on
        call_plan.reached(session, event, CallStage.MID, on=on, event=event, at=at)
    warranties.open_when_paid(session, contract, paid_on=command.paid_on, actor=actor, at=at)
    return payment


def comes_early(session: Session, contract: Contract, kind: str) -> bool:
    """Whether money of this kind would come before the customer was found content at the mid-term call (5.3, Q20)."""
    if kind != PaymentKind.MID or contract.project is None:
        return False
    return not call_plan.is_content(session, contract.project, CallStage.MID)


def paid(session: Session, contract_id: int) -> Decimal:
    """What came in less what was refunded, in yuan."""
    rows = session.execute(
        select(Payment.kind, func.sum(Payment.amount)).where(Payment.contract_id == contract_id).group_by(Payment.kind)
    )
    sums: dict[str, Decimal] = {kind: amount for kind, amount in rows}
    refunded = sums.pop(PaymentKind.REFUND, Decimal(0))
    return (sum(sums.values(), Decimal(0)) - refunded).quantize(FEN)


@dataclass(frozen=True, slots=True)
class Money:
    """Where the money of a contract stands, in yuan."""

    agreed: Decimal
    paid: Decimal

    @property
    def open(self) -> Decimal:
        """What is still to come; negative when too much was paid."""
        return self.agreed - self.paid


def money_of(contract: Contract) -> Money:
    """The state of a contract whose payments are loaded: output value against payments."""
    return Money(contract.output_value, contract.received.quantize(FEN))
