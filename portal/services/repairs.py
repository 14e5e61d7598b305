"""P14 repairs: what people do with them and which they see. Rules: `processes/repair.py`. Source: `domain.md` 4.14."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload

from portal import clock, formatting, i18n, settings, visibility
from portal.calendar import compute_due
from portal.errors import DomainError, Invalid, NotPermitted, Stale
from portal.files.intake import Accepted
from portal.i18n import N_, Text, _
from portal.models.complaint import Complaint
from portal.models.consultation import Consultation
from portal.models.customer import Customer
from portal.models.event import EventKind
from portal.models.org import Crew, PartyStatus, User
from portal.models.project import Project
from portal.models.repair import (
    CostBearer,
    CostKind,
    PaymentMethod,
    RepairCall,
    RepairCheck,
    RepairCost,
    RepairOrder,
    RepairPayment,
    RepairSignature,
    WarrantyCertificate,
)
from portal.models.task import TaskKind
from portal.permissions import Permission, Role, may
from portal.processes import complaint as complaint_rules
from portal.processes.repair import (
    CHECKED,
    PHOTO_OF,
    PROCESS,
    Action,
    CrewStatus,
    Executor,
    State,
    Trade,
    Urgency,
    fingerprint,
    unticked,
)
from portal.services import (
    assignment,
    attachments,
    calendars,
    complaints,
    consultations,
    events,
    numbering,
    steps,
    tasks,
    warranties,
)
from portal.services.fields import Field, apply

L = PROCESS.field_labels
INTERIM_CALL = N_("Call the customer during the repair")
COST_CASE = N_("Write the cost case of the urgent repair (P15)")
GONE = frozenset({CrewStatus.DEPARTED, CrewStatus.REPLACED_ON_REQUEST})
"""The crew that built it does not repair it: who bears the cost is a case of its own (P15)."""
PLANNED = frozenset({State.ASSIGNED, State.ON_SITE, State.QUOTED, State.REPAIRING, State.DONE})
"""A visit can be agreed or moved."""
PAYABLE = frozenset({State.REPAIRING, State.DONE, State.SIGNED_OFF})
"""The customer can pay."""


MOST_CARRIED = 30
"""Jobs that a phone keeps; nobody visits more in two days."""


def payment_text(value: Any) -> str:
    """A payment for a repair as people read it."""
    amount = _("%(amount)s yuan", amount=formatting.money(value["amount"]))
    receipt = _("receipt %(number)s", number=value["receipt_no"])
    return f"{amount} · {PaymentMethod.show(value['method'])} · {receipt}"


FIELDS: dict[str, Field] = {
    "appointment_at": Field(L["appointment_at"]),
    "overlap_reason": Field(N_("Why two visits may lie on each other")),
    "payment": Field(N_("Payment"), payment_text),
    "call": Field(N_("Call during the repair"), str),
}
"""What changes beside the steps, as the history says it."""


def visible_to(user: User) -> Select[RepairOrder]:
    """The repairs that exist for this person."""
    return visibility.visible_to(user, RepairOrder)


@dataclass(frozen=True, slots=True)
class ReportRepair:
    """What the customer says; `project` is looked up in the archive, None: not known yet."""

    reporter: str
    phone: str
    address: str
    trade: str
    symptom: str
    urgency: str
    reported_at: datetime
    channel: str
    customer: Customer | None = None
    project: Project | None = None
    consultation: Consultation | None = None


@dataclass(frozen=True, slots=True)
class CheckRepair:
    """The archive was consulted: a person decides about the warranty and the crew."""

    in_warranty: str
    warranty_reason: str
    crew_status: str
    basis_told: str
    responsible_crew: Crew | None = None
    certificate: WarrantyCertificate | None = None
    """None: the one of the project, where the project is known."""
    has_no_certificate: bool = False


@dataclass(frozen=True, slots=True)
class AssignRepair:
    """Who goes, and when the crew was phoned."""

    captain: User
    executor: str
    told_at: datetime
    appointment_at: datetime | None = None
    overlap_reason: str | None = None


@dataclass(frozen=True, slots=True)
class MoveVisit:
    """Another time for the visit. None: none is agreed any more."""

    appointment_at: datetime | None
    overlap_reason: str | None = None
    version: int | None = None
    """The one the person saw; None: whatever it is."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """The captain goes with the own team, at the crew's cost."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reach:
    """The captain stands at the door; cause and plan follow."""

    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class Arrive:
    """On site: cause and plan. `checks`: lines of the checklist that are in order, by id."""

    arrived_at: datetime
    cause: str
    plan: str
    planned_done_at: datetime
    plan_made_at: datetime
    is_plan_told: bool = False
    checks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Extend:
    """What was found besides; what it costs the customer more, in yuan, with the consent (R-16)."""

    new_problem: str
    planned_done_at: datetime
    quote_material: Decimal | None = None
    quote_labour: Decimal | None = None
    quote_note: str | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    """What it would cost the customer, in yuan."""

    quote_material: Decimal
    quote_labour: Decimal


@dataclass(frozen=True, slots=True)
class AnswerQuote:
    """What the customer said to the quote."""

    quote_answered_at: datetime
    quote_note: str


@dataclass(frozen=True, slots=True)
class CostLine:
    """One line of the cost, in yuan; of material also how much of it was used."""

    kind: str
    what: str
    amount: Decimal
    bearer: str
    quantity: Decimal | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class FinishRepair:
    """The work is done and the place is clean. `costs` are added to those that were noted while working."""

    work_done: str
    done_at: datetime
    site_cleaned: bool | None
    costs: tuple[CostLine, ...] = ()
    has_no_costs: bool = False
    checks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordPayment:
    """What the customer paid for the repair, in yuan."""

    amount: Decimal
    method: str
    paid_at: datetime
    paid_by: str
    receipt_no: str


@dataclass(frozen=True, slots=True)
class RecordCall:
    """A call while the repair goes on; `is_satisfied` None: not reached, or not said."""

    called_at: datetime
    is_reached: bool
    said: str
    is_satisfied: bool | None = None


@dataclass(frozen=True, slots=True)
class SignOff:
    """The customer signs what is written. `shown`: its words, `shown_hash`: `processes.repair.fingerprint` of it."""

    signed_by: str
    signed_at: datetime
    shown: str
    shown_hash: str
    signature: Accepted | None = None
    """What was drawn on the screen, or the scan of the signed paper."""
    rating: int | None = None
    checks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Reject:
    """What the customer is not content with."""

    defects: str


@dataclass(frozen=True, slots=True)
class CloseRepair:
    """The call after the repair (DL-23)."""

    follow_up_at: datetime
    follow_up_satisfied: bool
    follow_up_note: str | None = None


@dataclass(frozen=True, slots=True)
class Rework:
    """The customer is not satisfied in the call."""

    follow_up_at: datetime
    follow_up_note: str


@dataclass(frozen=True, slots=True)
class Complain:
    """Late, refused or repeated (`ground`): it goes on as a complaint."""

    why_complaint: str
    demand: str
    ground: str


def report(session: Session, command: ReportRepair, *, actor: User, at: datetime) -> RepairOrder:
    """Register a repair; the specialist is told at once, with URGENT the captains too. Raises Invalid by field."""
    branch_id = _branch(command, actor)
    entered = steps.entered_of(command)
    order = RepairOrder(
        number=numbering.next_number(session, RepairOrder.PREFIX, at),
        branch_id=branch_id,
        owner=assignment.owner_for(session, customer=command.customer, actor=actor, branch_id=branch_id),
        consultation_id=command.consultation.id if command.consultation else None,
        **{name: value for name, value in entered.items() if name != "consultation"},
    )
    order.rework_of = _earlier(session, command, at)
    steps.begin(session, order, Action.REPORT, actor=actor, at=at, entered=steps.said_of(entered))
    if command.consultation is not None:
        consultations.case_written(session, command.consultation, actor=actor, at=at)
    if command.urgency == Urgency.URGENT:
        steps.announce(session, order, "urgent", ("captains",), actor=actor, at=at)
    return order


def check(session: Session, order: RepairOrder, command: CheckRepair, *, actor: User, at: datetime) -> None:
    """Note what the archive says; what the dates would say stays with the certificate. Raises Invalid by field."""
    if command.crew_status == CrewStatus.ACTIVE and command.responsible_crew is None:
        raise Invalid({"responsible_crew": N_("Choose the crew, or say that it has left.")})
    _consult(session, order, command)
    order.in_warranty, order.warranty_reason = command.in_warranty, command.warranty_reason
    order.crew_status, order.responsible_crew = command.crew_status, command.responsible_crew
    order.basis_told = command.basis_told
    _advance(session, order, Action.CHECK, command, actor, at)


def assign(session: Session, order: RepairOrder, command: AssignRepair, *, actor: User, at: datetime) -> None:
    """The crew was phoned: DL-22 counts from that moment, the captain is told. Raises Invalid by field."""
    _check_captain(command.captain)
    _check_overlap(session, order, command.captain, command.appointment_at, command.overlap_reason)
    order.captain, order.executor, order.told_at = command.captain, command.executor, command.told_at
    order.appointment_at, order.overlap_reason = command.appointment_at, command.overlap_reason
    order.photo_rules = {str(action): settings.get(session, f"repair_photo_{_word(action)}") for action in PHOTO_OF}
    order.checks = checklist(session, order.trade)
    _advance(session, order, Action.ASSIGN, command, actor, at)


def take_over(session: Session, order: RepairOrder, command: TakeOver, *, actor: User, at: datetime) -> None:
    """DL-22 was missed: the captain goes with the own team at the crew's cost."""
    step = order.PROCESS.transition(order.state, Action.TAKE_OVER)
    steps.check_permission(actor, step)
    if unmet := order.PROCESS.unmet(step, order, entered=True):
        raise steps.ConditionsMissing([guard.label for guard in unmet])
    _advance(session, order, Action.TAKE_OVER, command, actor, at)
    order.executor, order.taken_over_at, order.take_over_reason = Executor.CAPTAIN_TEAM, at, command.reason


def reach(session: Session, order: RepairOrder, command: Reach, *, actor: User, at: datetime) -> None:
    """The captain stands at the door. DL-22 runs on until the plan is made."""
    step = order.PROCESS.transition(order.state, Action.REACH)
    if unmet := order.PROCESS.unmet(step, order, entered=True):
        raise steps.ConditionsMissing([guard.label for guard in unmet])
    _advance(session, order, Action.REACH, command, actor, at)
    order.arrived_at = command.arrived_at


def arrive(session: Session, order: RepairOrder, command: Arrive, *, actor: User, at: datetime) -> None:
    """On site with cause and plan: DL-22 is met when the plan is made. Raises Invalid by field."""
    if command.plan_made_at < command.arrived_at:
        raise Invalid({"plan_made_at": N_("The plan is made after the arrival.")})
    order.arrived_at, order.cause, order.plan = command.arrived_at, command.cause, command.plan
    order.planned_done_at, order.plan_made_at = command.planned_done_at, command.plan_made_at
    order.is_plan_told = command.is_plan_told
    _tick(order, Action.ARRIVE, command.checks, actor, at)
    _advance(session, order, Action.ARRIVE, command, actor, at)
    if order.urgency == Urgency.URGENT and order.crew_status in GONE:
        _ask_for(session, order, COST_CASE, "cost_case_wd", at, tasks.Responsible(order.captain, Role.REPAIR_CAPTAIN))


def move_visit(session: Session, order: RepairOrder, command: MoveVisit, *, actor: User, at: datetime) -> None:
    """Another time for the visit; whoever is concerned and did not do it is told. Raises Invalid, Stale."""
    if command.version not in (None, order.version):
        raise Stale()
    if not may(actor, Permission.REPAIR_PLAN):
        raise DomainError(N_("Your role does not plan visits."), status=403)
    if order.state not in PLANNED or order.captain is None:
        raise DomainError(N_("A visit is agreed once the repair is assigned and until the customer has signed."))
    _check_overlap(session, order, order.captain, command.appointment_at, command.overlap_reason)
    lies_on = command.appointment_at and overlapping(session, order.captain, command.appointment_at, but=order)
    values = {
        "appointment_at": command.appointment_at,
        "overlap_reason": command.overlap_reason if lies_on else None,
    }
    if apply(session, order, values, FIELDS, actor=actor, at=at):
        steps.announce(session, order, "visit-moved", ("captain", "owner"), actor=actor, at=at)


def start(session: Session, order: RepairOrder, *, actor: User, at: datetime) -> None:
    """Begin: it is free of charge."""
    session.flush()
    steps.advance(session, order, Action.START, actor=actor, at=at, entered={})
    _plan_call(session, order, at)


def quote(session: Session, order: RepairOrder, command: Quote, *, actor: User, at: datetime) -> None:
    """Say what it would cost; the customer decides."""
    order.quote_material, order.quote_labour = command.quote_material, command.quote_labour
    order.quote_accepted = None
    _advance(session, order, Action.QUOTE, command, actor, at)


def accept(session: Session, order: RepairOrder, command: AnswerQuote, *, actor: User, at: datetime) -> None:
    """The customer accepts the quote."""
    _answer(order, command, accepted=True)
    _advance(session, order, Action.ACCEPT, command, actor, at)
    _plan_call(session, order, at)


def decline(session: Session, order: RepairOrder, command: AnswerQuote, *, actor: User, at: datetime) -> None:
    """The customer declines the quote: the repair ends without work."""
    _answer(order, command, accepted=False)
    order.closed_at = at
    _advance(session, order, Action.DECLINE, command, actor, at)


def extend(session: Session, order: RepairOrder, command: Extend, *, actor: User, at: datetime) -> None:
    """What was found besides goes into the plan before it is repaired. Raises Invalid by field."""
    more = (command.quote_material or Decimal(0)) + (command.quote_labour or Decimal(0))
    if more and not order.quote_accepted:
        raise Invalid({"quote_material": N_("This repair is free of charge.")})
    if more and not command.quote_note:
        raise Invalid({"quote_note": N_("How did the customer agree to the higher quote?")})
    order.plan = f"{order.plan}\n{command.new_problem}" if order.plan else command.new_problem
    order.planned_done_at = command.planned_done_at
    if more:
        order.quote_material = (order.quote_material or Decimal(0)) + (command.quote_material or Decimal(0))
        order.quote_labour = (order.quote_labour or Decimal(0)) + (command.quote_labour or Decimal(0))
        order.quote_note = "\n".join(filter(None, (order.quote_note, command.quote_note)))
    _advance(session, order, Action.EXTEND, command, actor, at)


def finish(session: Session, order: RepairOrder, command: FinishRepair, *, actor: User, at: datetime) -> None:
    """Work done, costs noted, place clean; now the customer looks at it. Raises Invalid by field."""
    if (command.costs or order.costs) and command.has_no_costs:
        raise Invalid({"has_no_costs": N_("There are lines of cost.")})
    order.work_done, order.done_at = command.work_done, command.done_at
    order.site_cleaned, order.has_no_costs = bool(command.site_cleaned), command.has_no_costs
    order.costs.extend(map(_cost, command.costs))
    _tick(order, Action.FINISH, command.checks, actor, at)
    _advance(session, order, Action.FINISH, command, actor, at)
    _no_more(session, order, INTERIM_CALL, actor, at)


def record_payment(
    session: Session, order: RepairOrder, command: RecordPayment, *, actor: User, at: datetime
) -> RepairPayment:
    """Note what the customer paid. Raises Invalid by field, DomainError where nothing is to be paid."""
    if not may(actor, Permission.REPAIR_PAYMENT):
        raise DomainError(N_("Your role does not note payments."), status=403)
    if order.is_free or order.state not in PAYABLE:
        raise DomainError(N_("Nothing is to be paid for this repair now."))
    problems: dict[str, Text | str] = {}
    agreed = order.accepted_quote if order.state == State.REPAIRING else order.customer_share
    if order.paid_amount + command.amount > agreed:
        rest = max(agreed - order.paid_amount, Decimal(0))
        problems["amount"] = N_("The customer owes %(rest)s yuan.") % {"rest": formatting.money(rest)}
    if command.paid_at > at + steps.CLOCK_SLACK:
        problems["paid_at"] = N_("This moment lies in the future.")
    if session.scalar(select(RepairPayment.id).where(RepairPayment.receipt_no == command.receipt_no)):
        problems["receipt_no"] = N_("This receipt number is recorded already.")
    if problems:
        raise Invalid(problems)
    payment = RepairPayment(recorded_by_id=actor.id, **steps.entered_of(command))
    order.payments.append(payment)
    order.updated_at, order.updated_by_id = at, actor.id
    said = {"amount": command.amount, "method": command.method, "receipt_no": command.receipt_no}
    _note(session, order, "payment", said, actor, at)
    return payment


def record_call(session: Session, order: RepairOrder, command: RecordCall, *, actor: User, at: datetime) -> RepairCall:
    """Note a call during a longer repair; the next one is due in some days. Raises Invalid by field."""
    if not may(actor, Permission.REPAIR_CLOSE):
        raise DomainError(N_("Your role does not make these calls."), status=403)
    if order.state != State.REPAIRING:
        raise DomainError(N_("These calls are made while the repair goes on."))
    if command.called_at > at + steps.CLOCK_SLACK:
        raise Invalid({"called_at": N_("This moment lies in the future.")})
    call = RepairCall(called_by_id=actor.id, **steps.entered_of(command))
    order.calls.append(call)
    order.updated_at, order.updated_by_id = at, actor.id
    _note(session, order, "call", command.said, actor, at)
    if command.is_reached:
        for task in _asked_for(session, order, INTERIM_CALL):
            tasks.close(session, task, happened_at=command.called_at, at=at, actor=actor)
        _plan_call(session, order, at)
    return call


def add_cost(session: Session, order: RepairOrder, line: CostLine, *, actor: User, at: datetime) -> RepairCost:
    """Note a part or hours while working, before the repair is done. Raises Invalid by field, DomainError."""
    _check_costs_open(order, actor)
    made = _cost(line)
    order.costs.append(made)
    order.updated_at, order.updated_by_id, order.has_no_costs = at, actor.id, False
    events.record(session, EventKind.CHANGE, action="cost-added", actor=actor, at=at, record=order, **_said(made))
    return made


def drop_cost(session: Session, order: RepairOrder, cost_id: int, *, actor: User, at: datetime) -> None:
    """Take back a line of cost that was noted by mistake. One that is gone already stays gone."""
    _check_costs_open(order, actor)
    for line in [line for line in order.costs if line.id == cost_id]:
        order.costs.remove(line)
        order.updated_at, order.updated_by_id = at, actor.id
        events.record(session, EventKind.CHANGE, action="cost-dropped", actor=actor, at=at, record=order, **_said(line))


def sign_off(session: Session, order: RepairOrder, command: SignOff, *, actor: User, at: datetime) -> None:
    """The customer signed. A signature for other words than those that stand there now is kept and does not count."""
    if command.rating is not None and not 1 <= command.rating <= 5:
        raise Invalid({"rating": N_("One to five.")})
    steps.check_permission(actor, order.PROCESS.transition(order.state, Action.SIGN_OFF))
    if command.shown_hash != fingerprint(order):
        raise DomainError(N_("The text changed while the customer was reading it. Show it again and have it signed."))
    drawn = None
    if command.signature is not None:
        drawn = attachments.add(session, order, command.signature, actor=actor, at=at, kind="SIGNATURE").attachment
    order.signatures.append(
        RepairSignature(
            signed_by=command.signed_by,
            signed_at=command.signed_at,
            shown=command.shown,
            shown_hash=command.shown_hash,
            attachment_id=drawn.id if drawn else None,
            recorded_by_id=actor.id,
        )
    )
    order.signed_by, order.signed_at, order.rating = command.signed_by, command.signed_at, command.rating
    _tick(order, Action.SIGN_OFF, command.checks, actor, at)
    _advance(session, order, Action.SIGN_OFF, command, actor, at)


def reject(session: Session, order: RepairOrder, command: Reject, *, actor: User, at: datetime) -> None:
    """The customer is not content: the repair goes on."""
    order.defects = command.defects
    _advance(session, order, Action.REJECT, command, actor, at)
    _plan_call(session, order, at)


def close(session: Session, order: RepairOrder, command: CloseRepair, *, actor: User, at: datetime) -> None:
    """The customer is satisfied: the repair is filed and counts for the rating of the crew (R-17)."""
    order.follow_up_at, order.follow_up_satisfied = command.follow_up_at, command.follow_up_satisfied
    order.follow_up_note, order.closed_at = command.follow_up_note, at
    _advance(session, order, Action.CLOSE, command, actor, at)


def rework(session: Session, order: RepairOrder, command: Rework, *, actor: User, at: datetime) -> None:
    """The customer is not satisfied: it is done again and counts as rework."""
    order.follow_up_at, order.follow_up_satisfied = command.follow_up_at, False
    order.follow_up_note = command.follow_up_note
    order.rework_count += 1
    _advance(session, order, Action.REWORK, command, actor, at)
    _plan_call(session, order, at)


def complain(session: Session, order: RepairOrder, command: Complain, *, actor: User, at: datetime) -> Complaint:
    """Late, refused or repeated: a complaint goes on with what is known, the repair ends."""
    made = complaints.register(
        session,
        complaints.RegisterComplaint(
            complainant=order.reporter,
            phone=order.phone,
            phase=complaint_rules.Phase.AFTER_SALE,
            category=complaint_rules.Category.REPAIR,
            subject=order.symptom[:100],
            content=f"{order.number}：{order.symptom}\n{command.why_complaint}",
            demand=command.demand,
            received_at=at,
            channel=order.channel,
            customer=order.customer,
            project=order.project,
        ),
        actor=actor,
        at=at,
    )
    order.complaint_id, order.complaint_ground, order.closed_at = made.id, command.ground, at
    _advance(session, order, Action.COMPLAIN, command, actor, at)
    _no_more(session, order, INTERIM_CALL, actor, at)
    _no_more(session, order, COST_CASE, actor, at)
    return made


def signature_is_void(order: RepairOrder) -> bool:
    """Whether the last signature stands for other words than those that are written now."""
    return bool(order.signatures) and order.signatures[-1].shown_hash != fingerprint(order)


def number_of_contact(session: Session, contact: Consultation) -> str | None:
    """The number of the repair that was registered from a contact; None: there is none."""
    query = select(RepairOrder.number).where(RepairOrder.consultation_id == contact.id)
    return session.scalar(query.order_by(RepairOrder.id).limit(1))


def show_number(session: Session, order: RepairOrder, *, actor: User, at: datetime) -> str:
    """The full number, for calling from the own job; written down as seen. Raises NotPermitted."""
    if order.captain_id != actor.id and not may(actor, Permission.CUSTOMER_UNMASK):
        raise NotPermitted(N_("Your role sees phone numbers masked."))
    purpose = str(N_("Call about the repair"))
    events.record(session, EventKind.VIEW, action="unmask", actor=actor, at=at, record=order, purpose=purpose)
    return order.phone


def checklist(session: Session, trade: str) -> list[RepairCheck]:
    """The lines of all steps that hold for a trade now, as settings have them."""
    found = []
    for action in CHECKED:
        for line in settings.get(session, f"repair_checks_{_word(action)}"):
            starred, text = line.startswith("*"), line.removeprefix("*").strip()
            head, colon, rest = text.replace(":", "：", 1).partition("：")
            only = _trades().get(head.strip()) if colon else None
            if only in (None, trade):
                found.append(RepairCheck(step=action, text=(rest if only else text).strip(), is_required=starred))
    return found


def _trades() -> dict[str, str]:
    """The trades by what they are called in any language."""
    found: dict[str, str] = {}
    for locale in i18n.LOCALES:
        with i18n.use_locale(locale):
            found |= {str(trade.label): str(trade) for trade in Trade}
    return found


def _word(action: str) -> str:
    return str(action).replace("-", "_")


def captains(session: Session, branch_id: int | None) -> list[User]:
    """The active repair captains who see a branch, by name."""
    query = select(User).where(User.role == Role.REPAIR_CAPTAIN, User.disabled_at.is_(None))
    if branch_id is not None:
        query = query.where(or_(User.branch_id.is_(None), User.branch_id == branch_id))
    return list(session.scalars(query.order_by(User.name, User.id)))


def to_carry(session: Session, captain: User, *, at: datetime) -> list[RepairOrder]:
    """What a captain's phone keeps for places without signal: open jobs up to tomorrow, and those without a time yet."""
    until = clock.at_local(clock.today(at) + timedelta(days=2), 0, 0)
    mine = visible_to(captain).where(
        RepairOrder.captain_id == captain.id,
        RepairOrder.closed_at.is_(None),
        or_(RepairOrder.appointment_at.is_(None), RepairOrder.appointment_at < until),
    )
    return list(session.scalars(mine.order_by(RepairOrder.appointment_at, RepairOrder.id).limit(MOST_CARRIED)))


def overlapping(
    session: Session, captain: User, appointment_at: datetime, *, but: RepairOrder | None = None
) -> list[RepairOrder]:
    """Repairs whose visit by the captain is still to come or going on and lies too near to a time.

    A visit has no planned end; how long one takes is the setting `repair_visit_minutes`.
    """
    near = timedelta(minutes=int(settings.get(session, "repair_visit_minutes")))
    query = select(RepairOrder).where(
        RepairOrder.captain_id == captain.id,
        RepairOrder.state.in_(sorted(PLANNED)),
        RepairOrder.appointment_at > appointment_at - near,
        RepairOrder.appointment_at < appointment_at + near,
    )
    if but is not None:
        query = query.where(RepairOrder.id != but.id)
    return list(session.scalars(query.order_by(RepairOrder.appointment_at)))


def visits(session: Session, user: User, day: date, captain: User | None = None) -> list[RepairOrder]:
    """The visits of a day that the person sees, by captain and in the order they are made."""
    query = visible_to(user).where(
        RepairOrder.appointment_at >= clock.at_local(day),
        RepairOrder.appointment_at < clock.at_local(day + timedelta(days=1)),
        RepairOrder.state.not_in((State.DECLINED, State.COMPLAINT)),
    )
    if captain is not None:
        query = query.where(RepairOrder.captain_id == captain.id)
    found = session.scalars(query.options(joinedload(RepairOrder.captain)))
    return sorted(
        found, key=lambda order: (order.captain.name if order.captain else "", order.appointment_at, order.id)
    )


def crew_status_now(crew: Crew | None) -> str:
    """How a crew stands today; without a crew, or one that is not active, it is as good as departed."""
    return CrewStatus.ACTIVE if crew is not None and crew.status == PartyStatus.ACTIVE else CrewStatus.DEPARTED


def _tick(order: RepairOrder, action: str, ticked: tuple[int, ...], actor: User, at: datetime) -> None:
    """Take over what is in order. Raises Invalid that names what must be and is not."""
    for line in order.checks:
        if line.step == action:
            is_on = line.id in ticked
            line.ticked_at = (line.ticked_at or at) if is_on else None
            line.ticked_by_id = actor.id if is_on else None
    if missing := unticked(order, action):
        raise Invalid({"checks": N_("Still missing: %(lines)s") % {"lines": "；".join(missing)}})


def _cost(line: CostLine) -> RepairCost:
    if line.amount < 0:
        raise Invalid({"costs": N_("A cost is not below zero.")})
    return RepairCost(
        kind=CostKind(line.kind),
        what=line.what,
        quantity=line.quantity,
        unit=line.unit,
        amount=line.amount,
        bearer=CostBearer(line.bearer),
    )


def _said(line: RepairCost) -> dict[str, Any]:
    return {"cost_kind": line.kind, "what": line.what, "amount": line.amount, "bearer": line.bearer}


def _check_costs_open(order: RepairOrder, actor: User) -> None:
    if not may(actor, Permission.REPAIR_WORK):
        raise NotPermitted(N_("Your role may not do this."))
    if order.state != State.REPAIRING:
        raise DomainError(N_("Costs are noted while the repair is going on."))


def _check_captain(captain: User) -> None:
    if captain.role not in (Role.REPAIR_CAPTAIN, Role.MANAGER) or not captain.is_active:
        raise Invalid({"captain": N_("Only an active repair captain can be given a repair.")})


def _check_overlap(
    session: Session, order: RepairOrder, captain: User, appointment_at: datetime | None, reason: str | None
) -> None:
    if appointment_at is None or reason:
        return
    if found := overlapping(session, captain, appointment_at, but=order):
        numbers = "、".join(each.number for each in found)
        raise Invalid(
            {"overlap_reason": N_("Too near to %(numbers)s. Choose another time, or say why.") % {"numbers": numbers}}
        )


def _consult(session: Session, order: RepairOrder, command: CheckRepair) -> None:
    """Note what the archive holds: the certificate named, else that of the project, else that there is none."""
    known = warranties.of_project(session, order.project_id) if order.project_id is not None else None
    order.certificate = command.certificate or known
    order.has_no_certificate = order.certificate is None and (
        command.has_no_certificate or order.project_id is not None
    )
    if order.certificate is not None and order.project_id is None:
        order.project, order.customer = order.certificate.project, order.customer or order.certificate.customer


def _plan_call(session: Session, order: RepairOrder, at: datetime) -> None:
    """A longer repair: its customer is called again every few days (4.14)."""
    owner = tasks.Responsible(order.owner, None if order.owner else Role.SPECIALIST)
    _ask_for(session, order, INTERIM_CALL, "repair_interim_days", at, owner)


def _ask_for(
    session: Session, order: RepairOrder, title: Text, setting: str, at: datetime, who: tasks.Responsible
) -> None:
    if _asked_for(session, order, title):
        return
    due = compute_due(at, calendars.limit(session, setting), calendars.current(session)).due_at
    tasks.open_task(
        session, TaskKind.TODO, title.message, order, due_at=due, at=at, who=who, detail=order.symptom[:100]
    )


def _asked_for(session: Session, order: RepairOrder, title: Text) -> list[Any]:
    return [task for task in tasks.open_of(session, order) if task.title == title.message]


def _no_more(session: Session, order: RepairOrder, title: Text, actor: User, at: datetime) -> None:
    for task in _asked_for(session, order, title):
        tasks.cancel(session, task, at=at, actor=actor)


def cost_case_written(session: Session, order: RepairOrder, *, actor: User, at: datetime) -> None:
    """The case that was asked for is there."""
    for task in _asked_for(session, order, COST_CASE):
        tasks.close(session, task, happened_at=at, at=at, actor=actor)


def _note(session: Session, order: RepairOrder, name: str, said: Any, actor: User, at: datetime) -> None:
    changes = {name: [None, said]}
    events.record(session, EventKind.CHANGE, action=name, actor=actor, at=at, record=order, changes=changes)
    session.flush()


def _answer(order: RepairOrder, command: AnswerQuote, *, accepted: bool) -> None:
    order.quote_accepted = accepted
    order.quote_answered_at, order.quote_note = command.quote_answered_at, command.quote_note


def _earlier(session: Session, command: ReportRepair, at: datetime) -> RepairOrder | None:
    """The last repair of the same trade in the same home, when it was not long ago (3.16)."""
    if command.project is None:
        return None
    since = at - timedelta(days=int(settings.get(session, "repair_repeat_days")))
    query = select(RepairOrder).where(
        RepairOrder.project_id == command.project.id,
        RepairOrder.trade == command.trade,
        RepairOrder.state == State.CLOSED,
        RepairOrder.closed_at >= since,
    )
    return session.scalars(query.order_by(RepairOrder.closed_at.desc()).limit(1)).first()


def _branch(command: ReportRepair, actor: User) -> int | None:
    for source in (command.project, command.customer):
        if source is not None and source.branch_id is not None:
            return source.branch_id
    return actor.branch_id


def _advance(session: Session, order: RepairOrder, action: str, command: Any, actor: User, at: datetime) -> None:
    entered = steps.entered_of(command)
    said = {name: value for name, value in entered.items() if name not in _KEPT_APART}
    session.flush()
    steps.advance(session, order, action, actor=actor, at=at, entered=entered, said=steps.said_of(said))


_KEPT_APART = frozenset({"shown", "shown_hash", "signature", "costs", "certificate", "checks"})
"""What the event need not keep: it stands in rows of its own."""
