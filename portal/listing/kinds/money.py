"""The lists of approvals, payment vouchers, cancellations and loss notices."""

from __future__ import annotations

from sqlalchemy import and_
from sqlalchemy.orm import aliased

from portal.i18n import N_
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing, Span
from portal.listing.kinds import search
from portal.models.approval import Approval
from portal.models.cancellation import Cancellation, LossNotice
from portal.models.compensation import PaymentVoucher
from portal.models.complaint import Escalation
from portal.models.contract import Contract
from portal.models.customer import Customer
from portal.models.org import User
from portal.models.repair import RepairCostCase
from portal.permissions import Permission
from portal.processes import approval, cancellation
from portal.visibility import turn_of

P = Permission
STATE, DUE, OWNER = N_("State"), N_("Due"), N_("Owner", "record")
CLOCKS = {"overdue": N_("Late"), "today": N_("Due today"), "soon": N_("Due within 24 hours")}
ASKER, TRACKER = aliased(User), aliased(User)
AMOUNT = N_("Amount (yuan)")
CANCELLATION_CLOCK = cells.clock(Cancellation.KIND, Cancellation, DUE)

APPROVALS = Listing(
    kind=Approval.KIND,
    title=N_("Approvals"),
    one=N_("Approval", "record"),
    icon="signature",
    model=Approval,
    permission=P.APPROVAL_VIEW,
    number=Approval.number,
    order="-id",
    joins=((Customer, Customer.id == Approval.customer_id), (ASKER, ASKER.id == Approval.asked_by_id)),
    card=("what", "amount"),
    spans=(Span(N_("Asked to decided", "span"), Approval.asked_at, Approval.decided_at, runs=True),),
    columns=(
        Column("subject", N_("Subject"), (Approval.subject,), cells.title, "cell-title"),
        Column("number", N_("Number"), (Approval.number,), cells.text, "ref hide-small", sort=Approval.number),
        Column("what", N_("What for", "approval"), (Approval.what,), approval.What.show),
        Column("record", N_("Record"), (Approval.record_number,), cells.text, "ref hide-small"),
        Column("amount", AMOUNT, (Approval.amount,), cells.money, "num", sort=Approval.amount),
        Column("counted", N_("With what was granted before"), (Approval.counted,), cells.money, "num hide-small"),
        Column("round", N_("Round"), (Approval.round_no,), cells.text, "num hide-small", adds_up=False),
        Column("state", STATE, (Approval.state,), cells.state_of(approval.PROCESS)),
        Column("by", N_("Asked by"), (ASKER.name,), cells.text, "cell-foot"),
        Column("asked", N_("Asked at"), (Approval.asked_at,), cells.moment, "num hide-small"),
        Column("decided", N_("Decided at", "approval"), (Approval.decided_at,), cells.moment, "num hide-small"),
    ),
    search=search.approvals,
    filters=(
        Filter("waiting", N_("Waiting for a decision"), lambda now: Approval.state == approval.State.WAITING),
        Filter("mine", N_("Asked by me"), lambda now: turn_of(now.viewer, Approval.asked_by_id)),
        Filter("again", N_("Asked for anew"), lambda now: Approval.round_no > 1),
        Filter("in-parts", N_("Granted in parts"), lambda now: Approval.counted > Approval.amount),
    ),
    choices=(
        Choice("state", STATE, Approval.state, approval.State, labels=cells.state_of(approval.PROCESS)),
        Choice("what", N_("What for", "approval"), Approval.what, approval.What),
        cells.of_customer(Approval.customer_id),
    ),
    empty=N_("No approval here. Consent is asked for by the steps of compensations, cost cases, penalties, cancellations."),
)  # fmt: skip

VOUCHERS = Listing(
    kind=PaymentVoucher.KIND,
    title=N_("Payment vouchers"),
    one=N_("Payment voucher"),
    icon="cash",
    model=PaymentVoucher,
    permission=P.VOUCHER_VIEW,
    number=PaymentVoucher.number,
    order="-id",
    joins=(
        (Escalation, Escalation.id == PaymentVoucher.escalation_id),
        (RepairCostCase, RepairCostCase.id == PaymentVoucher.cost_case_id),
    ),
    card=("amount", "purpose"),
    spans=(Span(N_("Consent to payment", "span"), PaymentVoucher.leader_decided_at, PaymentVoucher.paid_at, runs=True),),
    columns=(
        Column("payee", N_("Payee"), (PaymentVoucher.payee,), cells.title, "cell-title"),
        Column("number", N_("Number"), (PaymentVoucher.number,), cells.text, "ref hide-small", sort=PaymentVoucher.number),
        Column("escalation", N_("Escalation"), (Escalation.number,), cells.text, "ref hide-small"),
        Column("cost_case", N_("Cost case"), (RepairCostCase.number,), cells.text, "ref hide-small"),
        Column("purpose", N_("Purpose"), (PaymentVoucher.purpose,), cells.text, "fill"),
        Column("amount", AMOUNT, (PaymentVoucher.amount,), cells.money, "num", sort=PaymentVoucher.amount),
        Column("finance_no", N_("Finance's voucher number"), (PaymentVoucher.finance_no,), cells.text, "ref hide-small"),
        Column("decided", N_("Decided at", "approval"), (PaymentVoucher.leader_decided_at,), cells.moment, "num hide-small"),
        Column("paid", N_("Paid at", "escalation"), (PaymentVoucher.paid_at,), cells.moment, "num cell-foot"),
        Column("void", N_("Void since"), (PaymentVoucher.voided_at,), cells.moment, "num hide-small"),
    ),
    search=search.payment_vouchers,
    filters=(
        Filter(
            "to-pay",
            N_("To be paid"),
            lambda now: and_(PaymentVoucher.paid_at.is_(None), PaymentVoucher.voided_at.is_(None)),
            "stands",
        ),
        Filter("paid", N_("Paid", "voucher"), lambda now: PaymentVoucher.paid_at.is_not(None), "stands"),
        Filter("void", N_("Void"), lambda now: PaymentVoucher.voided_at.is_not(None), "stands"),
    ),
    choices=(cells.of_customer(PaymentVoucher.customer_id),),
    empty=N_("No voucher here. One is written when a leader consents to a compensation, or when the company bears a repair."),
)  # fmt: skip

CANCELLATIONS = Listing(
    kind=Cancellation.KIND,
    title=N_("Cancellations"),
    one=N_("Cancellation"),
    icon="circle-x",
    model=Cancellation,
    permission=P.CANCELLATION_VIEW,
    number=Cancellation.number,
    order="-id",
    urgent_order="due",
    joins=(
        (Customer, Customer.id == Cancellation.customer_id),
        (Contract, Contract.id == Cancellation.contract_id),
        (TRACKER, TRACKER.id == Cancellation.owner_id),
        CANCELLATION_CLOCK.join,
    ),
    card=("contract", "reason_kind"),
    spans=(Span(N_("Applied to settled", "span"), Cancellation.applied_at, Cancellation.closed_at, runs=True),),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Number"), (Cancellation.number,), cells.text, "ref hide-small", sort=Cancellation.number),
        Column("contract", N_("Contract"), (Contract.number,), cells.text, "ref hide-small"),
        Column("reason_kind", N_("Kind of reason", "cancellation"), (Cancellation.reason_kind,), cancellation.Reason.show),
        Column("reason", N_("Reason"), (Cancellation.reason,), lambda value: value[:120], "fill"),
        Column("amount", N_("Contract amount"), (Cancellation.contract_amount,), cells.money, "num hide-small"),
        Column("loss", N_("Loss (yuan)"), (Cancellation.loss,), cells.money, "num hide-small"),
        Column("state", STATE, (Cancellation.state,), cells.state_of(cancellation.PROCESS)),
        Column("owner", OWNER, (TRACKER.name,), cells.text, "cell-foot"),
        Column("applied", N_("Applied at"), (Cancellation.applied_at,), cells.moment, "num hide-small"),
        Column("voided", N_("Voided on"), (Cancellation.voided_on,), cells.day, "num hide-small"),
        CANCELLATION_CLOCK.column,
    ),
    search=search.cancellations,
    filters=(
        Filter("open", N_("Open", "record"), lambda now: Cancellation.state.in_(sorted(cancellation.OPEN))),
        Filter("mine", N_("Mine"), lambda now: turn_of(now.viewer, Cancellation.owner_id)),
        *cells.clock_filters(Cancellation.KIND, Cancellation, CLOCKS),
        Filter("to-sign", N_("Liability to be signed"), lambda now: Cancellation.state == cancellation.State.DESIGN_OPINION),
        Filter("voided", N_("Contract voided"), lambda now: Cancellation.voided_on.is_not(None)),
    ),
    choices=(
        Choice("state", STATE, Cancellation.state, cancellation.State, labels=cells.state_of(cancellation.PROCESS)),
        Choice("reason", N_("Kind of reason", "cancellation"), Cancellation.reason_kind, cancellation.Reason),
        Choice("owner", OWNER, Cancellation.owner_id, options=cells.specialists),
        cells.of_customer(Cancellation.customer_id),
        cells.of_project(Cancellation.project_id),
    ),
    default_filters=("open",),
    empty=N_("No cancellation here. One begins on the page of a signed contract."),
)  # fmt: skip

LOSS_NOTICES = Listing(
    kind=LossNotice.KIND,
    title=N_("Loss notices"),
    one=N_("Loss notice"),
    icon="receipt",
    model=LossNotice,
    permission=P.CANCELLATION_VIEW,
    number=LossNotice.number,
    order="-id",
    joins=(
        (Customer, Customer.id == LossNotice.customer_id),
        (Contract, Contract.id == LossNotice.contract_id),
        (Cancellation, Cancellation.id == LossNotice.cancellation_id),
    ),
    card=("liability", "amount"),
    spans=(Span(N_("Sent to carried out", "span"), LossNotice.sent_at, LossNotice.executed_at, runs=True),),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Number"), (LossNotice.number,), cells.text, "ref hide-small", sort=LossNotice.number),
        Column("cancellation", N_("Cancellation"), (Cancellation.number,), cells.text, "ref hide-small"),
        Column("contract", N_("Contract"), (Contract.number,), cells.text, "ref hide-small"),
        Column("liability", N_("Who is liable"), (LossNotice.liability,), cancellation.Liability.show, "fill"),
        Column("amount", AMOUNT, (LossNotice.amount,), cells.money, "num", sort=LossNotice.amount),
        Column("sent", N_("Sent to finance at"), (LossNotice.sent_at,), cells.moment, "num hide-small"),
        Column("received", N_("Received by finance at"), (LossNotice.received_at,), cells.moment, "num cell-foot"),
        Column("executed", N_("Carried out at"), (LossNotice.executed_at,), cells.moment, "num hide-small"),
    ),
    search=search.loss_notices,
    filters=(
        Filter("to-receive", N_("Not with finance yet"), lambda now: LossNotice.received_at.is_(None), "stands"),
        Filter(
            "to-execute",
            N_("To be carried out"),
            lambda now: and_(LossNotice.received_at.is_not(None), LossNotice.executed_at.is_(None)),
            "stands",
        ),
        Filter("executed", N_("Carried out"), lambda now: LossNotice.executed_at.is_not(None), "stands"),
    ),
    choices=(
        Choice("liability", N_("Who is liable"), LossNotice.liability, cancellation.Liability),
        cells.of_customer(LossNotice.customer_id),
    ),
    empty=N_("No loss notice here. They are written when the contract of a cancellation is voided."),
)  # fmt: skip

LISTINGS = (APPROVALS, VOUCHERS, CANCELLATIONS, LOSS_NOTICES)
