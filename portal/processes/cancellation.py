"""P17 Cancellation of a signed contract: liability, loss, refund. Source: domain.md 4.17, 3.18, DL-25, DL-26, Q17, Q33."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition
from portal.processes.project import BEFORE_ACCEPTANCE
from portal.terms import Term

CONTEXT = "cancellation"
NOTHING, WHOLE = Decimal("0.00"), Decimal(100)


class State(StrEnum):
    """Where a cancellation stands."""

    APPLIED = "APPLIED"
    DESIGN_OPINION = "DESIGN_OPINION"
    LIABILITY_SET = "LIABILITY_SET"
    FINANCE_VERIFIED = "FINANCE_VERIFIED"
    GM_APPROVED = "GM_APPROVED"
    GM_REFUSED = "GM_REFUSED"
    NOTIFIED = "NOTIFIED"
    VOIDED = "VOIDED"
    CLOSED = "CLOSED"
    WITHDRAWN = "WITHDRAWN"


class Action(StrEnum):
    """What can be done with a cancellation."""

    APPLY = "apply"
    GIVE_OPINION = "give-opinion"
    DRAFT = "draft"
    SIGN = "sign"
    REDRAFT = "redraft"
    VERIFY = "verify"
    APPROVE = "approve"
    REFUSE = "refuse"
    RECALL = "recall"
    NOTIFY = "notify"
    VOID = "void"
    CLOSE = "close"
    WITHDRAW = "withdraw"


class Reason(Term):
    """Why the customer ends the contract (3.18)."""

    DESIGN = "DESIGN", "Design"
    WORKS = "WORKS", "Works"
    SERVICE = "SERVICE", "Service"
    PRICE = "PRICE", "Price"
    CUSTOMER = "CUSTOMER", "The customer's own"
    FORCE_MAJEURE = "FORCE_MAJEURE", "Force majeure"
    OTHER = "OTHER", "Other"


class Liability(Term):
    """Who answers for the end of the contract (4.17)."""

    CUSTOMER = "CUSTOMER", "The customer"
    DESIGNER = "DESIGNER", "The designer"
    CREW = "CREW", "The crew"
    OTHER = "OTHER", "Other circumstances"


RUNNING = frozenset(
    {State.APPLIED, State.DESIGN_OPINION, State.LIABILITY_SET, State.FINANCE_VERIFIED, State.GM_REFUSED}
)
"""The customer may still take it back."""
OPEN = RUNNING | {State.GM_APPROVED, State.NOTIFIED, State.VOIDED}
"""Something is still to be done."""


def percent_of(percent: Decimal, amount: Decimal) -> Decimal:
    """That many percent of an amount, in yuan, rounded to the fen."""
    return (percent * amount / WHOLE).quantize(Decimal("0.01"), ROUND_HALF_UP)


def usual_loss(
    liability: str,
    contract_amount: Decimal,
    *,
    loss_rate: Decimal,
    measuring_fee: Decimal = NOTHING,
    certification_rate: Decimal = NOTHING,
    commission_rate: Decimal = NOTHING,
    documented: Decimal = NOTHING,
) -> Decimal:
    """What the loss comes to by the branch of 4.17, in yuan; anything else is the general manager's to decide (Q17).

    Customer: percent of the contract, measuring fee, market certification where it was charged. Designer: the commission
    of the contract and documented losses. Crew: documented losses. Other circumstances: nothing.
    """
    if liability == Liability.CUSTOMER:
        return percent_of(loss_rate, contract_amount) + measuring_fee + percent_of(certification_rate, contract_amount)
    if liability == Liability.DESIGNER:
        return percent_of(commission_rate, contract_amount) + documented
    return documented if liability == Liability.CREW else NOTHING


def refund(*, paid: Decimal, customers_loss: Decimal, work_done: Decimal) -> Decimal:
    """What the customer gets back (3.18), in yuan: paid less the customer's loss fee and the value of the work done.

    Below zero: what the customer still owes.
    """
    return paid - customers_loss - work_done


CONTRACT_SIGNED = Guard(
    "signed", N_("the contract is signed and stands"), lambda case: bool(case.contract.state == "SIGNED")
)
NOT_ACCEPTED = Guard(
    "not-accepted",
    N_("the works are not accepted yet"),
    lambda case: case.project is None or case.project.stage in BEFORE_ACCEPTANCE,
)
DRAFTED = Guard("drafted", N_("the specialist has drafted the liability"), lambda case: bool(case.shares))
FACTS = Guard(
    "facts", N_("the facts are checked with the customer"), lambda case: bool(case.facts_checked), needs_input=True
)
SHARED = Guard(
    "shares",
    N_("the shares of liability sum to 100 %"),
    lambda case: bool(case.shares) and sum((share.percent for share in case.shares), Decimal(0)) == WHOLE,
    needs_input=True,
)
EXACT = Guard(
    "exact",
    N_("the shares sum exactly to the loss"),
    lambda case: (
        case.loss is not None and sum((share.amount or NOTHING for share in case.shares), NOTHING) == case.loss
    ),
    needs_input=True,
)
CONSENT = Guard(
    "consent",
    N_("the general manager consented to exactly this refund"),
    lambda case: (
        case.approval is not None and case.approval.state == "APPROVED" and case.approval.amount == case.settled_amount
    ),
    needs_input=True,
)
ALL_TOLD = Guard(
    "told",
    N_("design, engineering, finance, human resources and store are told"),
    lambda case: case.all_told,
    needs_input=True,
)
NOTICES_SENT = Guard(
    "notices", N_("every loss notice (F-26) is with finance"), lambda case: all(n.received_at for n in case.notices)
)
NOTHING_OPEN = Guard(
    "nothing-open",
    N_("no repair and no compensation of the project is open, its file is not out on loan"),
    lambda case: not case.open_numbers,
)
P = Permission

PROCESS = Process(
    code="P17",
    kind="cancellations",
    title=N_("Cancellation"),
    purpose=N_("A contract ends in days, not weeks: whoever is liable bears the loss, and everybody concerned knows."),
    states=(
        base.State(State.APPLIED, N_("The customer has applied", CONTEXT), N_("Day 0; dispatch and start are frozen.", CONTEXT)),
        base.State(State.DESIGN_OPINION, N_("Design gave its opinion", CONTEXT), N_("Design has looked at the cause.", CONTEXT)),
        base.State(State.LIABILITY_SET, N_("Liability decided", CONTEXT), N_("By customer service, signed by the manager.", CONTEXT)),
        base.State(State.FINANCE_VERIFIED, N_("Verified by finance", CONTEXT), N_("What was paid and what is due is known.", CONTEXT)),
        base.State(State.GM_APPROVED, N_("Approved by the general manager", CONTEXT), N_("With its terms.", CONTEXT)),
        base.State(
            State.GM_REFUSED, N_("Not approved by the general manager", CONTEXT),
            N_("Decided anew, or the customer stays.", CONTEXT), main_line=False,
        ),
        base.State(State.NOTIFIED, N_("Departments are told", CONTEXT), N_("Each knows what it has to end.", CONTEXT)),
        base.State(State.VOIDED, N_("Contract voided, output reduced", CONTEXT), N_("Contract and project have ended.", CONTEXT)),
        base.State(State.CLOSED, N_("Settled", CONTEXT), N_("Loss notices are with finance, the refund is set.", CONTEXT), final=True),
        base.State(
            State.WITHDRAWN, N_("Taken back by the customer", CONTEXT), N_("The customer stays.", CONTEXT), final=True,
            main_line=False,
        ),
    ),
    transitions=(
        Transition(
            Action.APPLY,
            N_("Record the application to cancel"),
            frozenset(),
            State.APPLIED,
            P.CANCELLATION_WORK,
            required=("applied_at", "applicant", "reason_kind", "reason"),
            guards=(CONTRACT_SIGNED, NOT_ACCEPTED),
            happened_field="applied_at",
            notify=("managers", "owner"),
            source_note="DL-26",
        ),
        Transition(
            Action.GIVE_OPINION,
            N_("Record design's opinion"),
            frozenset({State.APPLIED}),
            State.DESIGN_OPINION,
            P.CANCELLATION_WORK,
            required=("design_opinion", "design_by", "design_at"),
            happened_field="design_at",
            on_behalf=True,
            notify=("owner",),
            source_note="DL-25",
        ),
        Transition(
            Action.DRAFT,
            N_("Draft the liability"),
            frozenset({State.DESIGN_OPINION}),
            State.DESIGN_OPINION,
            P.CANCELLATION_WORK,
            required=("liability_reason", "facts_checked", "loss"),
            guards=(FACTS, SHARED, EXACT),
            notify=("managers",),
        ),
        Transition(
            Action.SIGN,
            N_("Sign the liability"),
            frozenset({State.DESIGN_OPINION}),
            State.LIABILITY_SET,
            P.CANCELLATION_DECIDE,
            guards=(DRAFTED, EXACT),
            notify=("owner",),
            source_note="DL-25",
        ),
        Transition(
            Action.REDRAFT,
            N_("Decide the liability anew"),
            frozenset({State.LIABILITY_SET, State.GM_REFUSED}),
            State.LIABILITY_SET,
            P.CANCELLATION_DECIDE,
            required=("liability_reason", "loss"),
            guards=(SHARED, EXACT),
            notify=("owner",),
            primary=False,
        ),
        Transition(
            Action.VERIFY,
            N_("Record what finance verified"),
            frozenset({State.LIABILITY_SET}),
            State.FINANCE_VERIFIED,
            P.CANCELLATION_WORK,
            required=("finance_by", "finance_at", "finance_opinion", "paid_total", "paid_to_crew", "work_done"),
            on_behalf=True,
            notify=("managers",),
        ),
        Transition(
            Action.APPROVE,
            N_("The general manager has approved"),
            frozenset({State.FINANCE_VERIFIED}),
            State.GM_APPROVED,
            P.CANCELLATION_DECIDE,
            required=("person", "decided_at"),
            optional=("reason", "evidence", "scan"),
            guards=(CONSENT,),
            on_behalf=True,
            notify=("owner",),
        ),
        Transition(
            Action.REFUSE,
            N_("The general manager has not approved"),
            frozenset({State.FINANCE_VERIFIED}),
            State.GM_REFUSED,
            P.CANCELLATION_DECIDE,
            required=("person", "decided_at", "reason"),
            optional=("evidence", "scan"),
            on_behalf=True,
            notify=("owner",),
            primary=False,
        ),
        Transition(
            Action.RECALL,
            N_("Take the request or the consent back"),
            frozenset({State.FINANCE_VERIFIED, State.GM_APPROVED}),
            State.LIABILITY_SET,
            P.CANCELLATION_DECIDE,
            required=("reason",),
            notify=("owner",),
            primary=False,
        ),
        Transition(
            Action.NOTIFY,
            N_("Note that the departments are told"),
            frozenset({State.GM_APPROVED}),
            State.NOTIFIED,
            P.CANCELLATION_WORK,
            required=("notified_at",),
            guards=(ALL_TOLD,),
            happened_field="notified_at",
            notify=("managers",),
            source_note="DL-26",
        ),
        Transition(
            Action.VOID,
            N_("Void the contract"),
            frozenset({State.NOTIFIED}),
            State.VOIDED,
            P.CANCELLATION_WORK,
            required=("voided_on", "output_value_reduction"),
            guards=(CONTRACT_SIGNED,),
            notify=("managers",),
        ),
        Transition(
            Action.CLOSE,
            N_("Close", CONTEXT),
            frozenset({State.VOIDED}),
            State.CLOSED,
            P.CANCELLATION_WORK,
            guards=(NOTICES_SENT, NOTHING_OPEN),
            notify=("managers",),
            source_note="F-26",
        ),
        Transition(
            Action.WITHDRAW,
            N_("The customer takes it back"),
            RUNNING,
            State.WITHDRAWN,
            P.CANCELLATION_WORK,
            required=("withdrawn_on", "withdrawal_note"),
            notify=("managers",),
            primary=False,
        ),
    ),
    deadlines=(
        Deadline(
            "DL-25",
            N_("Decide who is liable for the cancellation"),
            starts=frozenset({State.DESIGN_OPINION}),
            starts_on=frozenset({Action.GIVE_OPINION}),
            met_by=frozenset({State.LIABILITY_SET}),
            cancelled_by=frozenset({State.WITHDRAWN}),
            setting="cancellation_liability_wd",
            start_field="design_at",
        ),
        Deadline(
            "DL-26",
            N_("Tell the departments of the cancellation"),
            starts=frozenset({State.APPLIED}),
            met_by=frozenset({State.NOTIFIED}),
            cancelled_by=frozenset({State.WITHDRAWN}),
            setting="cancellation_notice_wd",
            start_field="applied_at",
        ),
    ),
    field_labels={
        "applied_at": N_("Applied at"),
        "applicant": N_("Applicant"),
        "reason_kind": N_("Kind of reason", CONTEXT),
        "reason": N_("Reason"),
        "design_opinion": N_("Design's opinion"),
        "design_by": N_("Who gave the opinion"),
        "design_at": N_("Opinion received at"),
        "facts_checked": N_("The facts are checked with the customer"),
        "liability_reason": N_("Why this liability"),
        "loss": N_("Loss (yuan)"),
        "finance_by": N_("Finance clerk"),
        "finance_at": N_("Verified at", CONTEXT),
        "finance_opinion": N_("Finance's opinion"),
        "paid_total": N_("Paid by the customer (yuan)"),
        "paid_to_crew": N_("Paid to the crew (yuan)"),
        "work_done": N_("Value of the work done (yuan)"),
        "person": N_("Who decided"),
        "decided_at": N_("Decided at", "approval"),
        "evidence": N_("Evidence: where the signed paper is"),
        "scan": N_("Scan of the signed decision"),
        "notified_at": N_("Last department told at"),
        "voided_on": N_("Voided on"),
        "output_value_reduction": N_("Output value reduced by (yuan)"),
        "withdrawn_on": N_("Taken back on"),
        "withdrawal_note": N_("What the customer wrote"),
    },
    forms=("F-25", "F-26"),
)  # fmt: skip
