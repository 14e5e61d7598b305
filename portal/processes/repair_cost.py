"""P15 Repair cost of departed or replaced crews: who bears it, who approves it. Source: domain.md 4.15, 3.17, R-19."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Guard, Process, Transition
from portal.processes.conditions import AtMost, Fixed, Given, Is, Not, Says, Total
from portal.processes.repair import OURS, CrewStatus
from portal.processes.repair import State as RepairState
from portal.terms import Term

CONTEXT = "repair cost"
NOTHING = Decimal("0.00")


class State(StrEnum):
    """Where a cost case stands."""

    DRAFT = "DRAFT"
    CONFIRMED = "CONFIRMED"
    APPROVED = "APPROVED"
    EXECUTED = "EXECUTED"
    CHARGED = "CHARGED"
    CLOSED = "CLOSED"


class Action(StrEnum):
    """What can be done with a cost case."""

    DRAFT = "draft"
    CONFIRM = "confirm"
    APPROVE = "approve"
    REFUSE = "refuse"
    RECALL = "recall"
    EXECUTE = "execute"
    EXCEED = "exceed"
    CHARGE = "charge"
    CLOSE = "close"


class Bearer(Term):
    """Out of which money a repair is paid."""

    ORIGINAL_CREW_RETENTION = "ORIGINAL_CREW_RETENTION", "Retention money of the original crew"
    ORIGINAL_CREW_SETTLEMENT = "ORIGINAL_CREW_SETTLEMENT", "Unsettled money of the original crew"
    COMPANY = "COMPANY", "The company"
    CUSTOMER = "CUSTOMER", "The customer"


@dataclass(frozen=True, slots=True)
class Share:
    """What one bearer pays, in yuan."""

    bearer: Bearer
    amount: Decimal


def bearers(*, crew_status: str, crew_at_fault: bool, in_warranty: bool, cause: str) -> tuple[Bearer, ...]:
    """R-19: whose money is taken, in this order, each as far as it goes.

    (c) not a fault of ours: by R-16 the customer pays, in or out of term. (a), (b) the crew's fault: its retention
    money, then its unsettled money, the rest the company. Ours, but not the crew's fault: the company, in term.
    """
    if cause not in OURS or not in_warranty:
        return (Bearer.CUSTOMER,)
    if crew_at_fault and crew_status in (CrewStatus.DEPARTED, CrewStatus.REPLACED_ON_REQUEST):
        return (Bearer.ORIGINAL_CREW_RETENTION, Bearer.ORIGINAL_CREW_SETTLEMENT, Bearer.COMPANY)
    return (Bearer.COMPANY,)


def split(cost: Decimal, order: tuple[Bearer, ...], *, retention: Decimal, settlement: Decimal) -> tuple[Share, ...]:
    """The cost among its bearers; the shares sum exactly to the cost. Shares of nothing are left out."""
    limits = {
        Bearer.ORIGINAL_CREW_RETENTION: max(retention, NOTHING),
        Bearer.ORIGINAL_CREW_SETTLEMENT: max(settlement, NOTHING),
    }
    shares, rest = [], cost
    for bearer in order:
        amount = min(rest, limits.get(bearer, rest))
        if amount > 0:
            shares.append(Share(bearer, amount))
            rest -= amount
    return tuple(shares)


def may_cost(estimate: Decimal, tolerance_percent: Decimal) -> Decimal:
    """The most a repair may cost without being confirmed anew, in yuan."""
    return (estimate * (100 + tolerance_percent) / 100).quantize(Decimal("0.01"))


ON_SITE = Guard(
    "on-site",
    N_("the captain was on site, and the repair is not closed"),
    Is(
        "order.state",
        (RepairState.ON_SITE, RepairState.QUOTED, RepairState.REPAIRING, RepairState.DONE, RepairState.SIGNED_OFF),
    ),
)
CREW_KNOWN = Guard("crew", N_("the repair names the crew that built it"), Given("crew_id"))
CREW_GONE = Guard(
    "crew-gone",
    N_("the crew has left or the customer refuses it"),
    Is("crew_status", (CrewStatus.DEPARTED, CrewStatus.REPLACED_ON_REQUEST)),
    needs_input=True,
)
"""Said by whoever writes the estimate: a customer may refuse at the door a crew that works for the company."""
PHOTOS = Guard("photo", N_("a photo of the defect is on the repair"), Says("order.photos"), needs_input=True)
COSTS_MONEY = Guard(
    "money",
    N_("the estimate is above nothing"),
    Not(AtMost(Total(("estimate_material", "estimate_labour")), Fixed(0))),
    needs_input=True,
)
CONSENT = Guard(
    "limit",
    N_("the manager, above the limit the general manager too, consented to exactly this estimate"),
    lambda case: (
        case.approval is not None and case.approval.state == "APPROVED" and case.approval.amount == case.estimate
    ),
    needs_input=True,
)
SIGNED_OFF = Guard(
    "signed-off",
    N_("the customer signed the repair off"),
    Is("order.state", (RepairState.SIGNED_OFF, RepairState.CLOSED)),
)
NOT_ABOVE = AtMost(Total(("actual_material", "actual_labour")), Total(("may_cost",)))
"""What it really cost lies within the estimate and the tolerance."""
WITHIN_ESTIMATE = Guard(
    "estimate",
    N_("the actual cost is at most the estimate and the tolerance; else it is confirmed anew"),
    NOT_ABOVE,
    needs_input=True,
)
OVER_ESTIMATE = Guard(
    "over", N_("the actual cost is above the estimate and the tolerance"), Not(NOT_ABOVE), needs_input=True
)
EXACT = Guard(
    "exact",
    N_("what is booked sums exactly to the cost"),
    lambda case: case.actual is not None and sum((each.amount for each in case.bookings), NOTHING) == case.actual,
    needs_input=True,
)

PROCESS = Process(
    code="P15",
    kind="repair-cost-cases",
    title=N_("Repair cost of departed or replaced crews"),
    purpose=N_("Whoever caused the defect pays, by confirmed estimate, approved limit and exact booking."),
    states=(
        base.State(State.DRAFT, N_("To be confirmed", CONTEXT), N_("The captain wrote the estimate.")),
        base.State(State.CONFIRMED, N_("Confirmed by engineering", CONTEXT), N_("Who is liable is confirmed.")),
        base.State(State.APPROVED, N_("Approved", CONTEXT), N_("By the manager, above the limit the general manager.")),
        base.State(State.EXECUTED, N_("Carried out", CONTEXT), N_("Repaired; the actual cost is known.")),
        base.State(State.CHARGED, N_("Charged", CONTEXT), N_("Booked on whoever bears it.")),
        base.State(State.CLOSED, N_("Closed", CONTEXT), N_("The executing crew is paid."), final=True),
    ),
    transitions=(
        Transition(
            Action.DRAFT,
            N_("Write the estimate"),
            frozenset(),
            State.DRAFT,
            Permission.COST_CASE_WORK,
            required=("crew_status", "estimate_material", "estimate_labour"),
            guards=(ON_SITE, CREW_KNOWN, CREW_GONE, PHOTOS, COSTS_MONEY),
            notify=("specialists", "owner"),
        ),
        Transition(
            Action.CONFIRM,
            N_("Engineering confirms who is liable"),
            frozenset({State.DRAFT}),
            State.CONFIRMED,
            Permission.COST_CASE_RECORD,
            required=("cause", "is_crew_at_fault", "confirmed_by", "confirmed_at"),
            optional=("settlement_available", "estimate_material", "estimate_labour"),
            happened_field="confirmed_at",
            on_behalf=True,
            notify=("managers",),
            source_note="R-19",
        ),
        Transition(
            Action.APPROVE,
            N_("Approve", CONTEXT),
            frozenset({State.CONFIRMED}),
            State.APPROVED,
            Permission.COST_CASE_APPROVE,
            optional=("person", "decided_at", "reason", "evidence", "scan"),
            guards=(CONSENT,),
            notify=("captain",),
        ),
        Transition(
            Action.REFUSE,
            N_("Refuse", CONTEXT),
            frozenset({State.CONFIRMED}),
            State.DRAFT,
            Permission.COST_CASE_APPROVE,
            required=("reason",),
            optional=("person", "decided_at", "evidence", "scan"),
            notify=("captain", "owner"),
            primary=False,
            source_note="PA",
        ),
        Transition(
            Action.RECALL,
            N_("Take the consent back: confirm anew"),
            frozenset({State.CONFIRMED, State.APPROVED}),
            State.DRAFT,
            Permission.COST_CASE_APPROVE,
            required=("reason",),
            notify=("captain", "owner"),
            primary=False,
            source_note="PA",
        ),
        Transition(
            Action.EXECUTE,
            N_("Note the actual cost"),
            frozenset({State.APPROVED}),
            State.EXECUTED,
            Permission.COST_CASE_WORK,
            required=("actual_material", "actual_labour"),
            guards=(SIGNED_OFF, WITHIN_ESTIMATE),
            notify=("managers",),
        ),
        Transition(
            Action.EXCEED,
            N_("It costs more: confirm anew"),
            frozenset({State.APPROVED}),
            State.CONFIRMED,
            Permission.COST_CASE_WORK,
            required=("actual_material", "actual_labour", "reason"),
            guards=(OVER_ESTIMATE,),
            notify=("managers",),
            primary=False,
        ),
        Transition(
            Action.CHARGE,
            N_("Book on whoever bears it"),
            frozenset({State.EXECUTED}),
            State.CHARGED,
            Permission.COST_CASE_APPROVE,
            guards=(EXACT,),
            notify=("owner",),
            source_note="R-19",
        ),
        Transition(
            Action.CLOSE,
            N_("Close, the executing crew is paid", CONTEXT),
            frozenset({State.CHARGED}),
            State.CLOSED,
            Permission.COST_CASE_RECORD,
            required=("voucher_no", "executor_paid_at"),
        ),
    ),
    field_labels={
        "crew_status": N_("Status of the crew"),
        "estimate_material": N_("Estimate: material (yuan)"),
        "estimate_labour": N_("Estimate: labour (yuan)"),
        "cause": N_("Cause of the defect"),
        "is_crew_at_fault": N_("Is the original crew at fault?"),
        "confirmed_by": N_("Confirmed by"),
        "confirmed_at": N_("Confirmed at"),
        "settlement_available": N_("Unsettled money of the crew (yuan)"),
        "actual_material": N_("Actual: material (yuan)"),
        "actual_labour": N_("Actual: labour (yuan)"),
        "reason": N_("Reason"),
        "person": N_("Who decided"),
        "decided_at": N_("Decided at", "approval"),
        "evidence": N_("Evidence: where the signed paper is"),
        "scan": N_("Scan of the signed decision"),
        "voucher_no": N_("Number of the voucher"),
        "executor_paid_at": N_("Executing crew paid at"),
    },
    forms=("F-22",),
)
