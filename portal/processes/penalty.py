"""P18 Penalties: from the proposal to carrying out and appeal. Source: domain.md 3.20, 4.18, 7.9."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition
from portal.processes.penalty_catalogue import RULES, Kind, Rule, Sanction, Subject
from portal.terms import Term

__all__ = ["RULES", "Kind", "Rule", "Sanction", "Subject"]

CONTEXT = "penalty"
OWN_DEPARTMENT = "SERVICE"
"""Customer service, which decides about its own people alone."""


class State(Term):
    """Where a penalty stands (4.18)."""

    PROPOSED = "PROPOSED", "Proposed"
    APPROVED = "APPROVED", "Approved"
    REJECTED = "REJECTED", "Rejected"
    SENT = "SENT", "Sent to be carried out"
    EXECUTED = "EXECUTED", "Carried out"
    APPEALED = "APPEALED", "Appealed"
    CANCELLED = "CANCELLED", "Cancelled"


class Action(StrEnum):
    """What can be done with a penalty."""

    PROPOSE = "propose"
    APPROVE = "approve"
    REJECT = "reject"
    CALL_OFF = "call-off"
    BOOK_SHARE = "book-share"
    BOOK_DEDUCTION = "book-deduction"
    SEND = "send"
    EXECUTE = "execute"
    APPEAL = "appeal"
    UPHOLD = "uphold"
    REVERSE = "reverse"


class Executor(Term):
    """Who carries a penalty out: warnings, slips, wages and commission HR; fines and settlement finance; orders engineering."""

    HR = "HR", "Human resources"
    FINANCE = "FINANCE", "Finance"
    ENGINEERING = "ENGINEERING", "Engineering"


EXECUTORS = {
    Kind.FINE: Executor.FINANCE,
    Kind.COMPENSATION_SHARE: Executor.FINANCE,
    Kind.ORDER_SUSPENSION: Executor.ENGINEERING,
    Kind.FOREMAN_REPLACED: Executor.ENGINEERING,
}
"""Who is asked to carry it out (4.18); everything else HR."""

MONEY = frozenset({Kind.FINE, Kind.COMMISSION_DEDUCTION, Kind.WAGE_RECOVERY, Kind.COMPENSATION_SHARE})
"""Kinds that are a sum of money."""
SUSPENDS = frozenset({State.APPROVED, State.SENT, State.EXECUTED})
"""Where a suspension holds: dispatch refuses the person."""
PROPOSED_FOR = {"DL-22": "repair_late_rule"}
"""The clocks whose miss has a penalty proposed, and the setting that names the rule."""


def amount_of(percent: Decimal, base_amount: Decimal) -> Decimal:
    """R-05: that many percent of the base, in yuan, rounded to the fen."""
    return (percent * base_amount / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)


def is_own(entry: base.Facts) -> bool:
    """Whether customer service decides alone."""
    return bool(entry.department == OWN_DEPARTMENT)


CONSENT = Guard(
    "confirmed",
    N_("the manager, for another department its head or HR too, consented to exactly this"),
    lambda entry: (
        entry.approval is not None and entry.approval.state == "APPROVED" and entry.approval.amount == entry.amount
    ),
    needs_input=True,
)
DECIDED = Guard(
    "decided",
    N_("the kind is decided, and a sum of money has its amount"),
    lambda entry: entry.kind != Kind.BY_DECISION and (entry.kind not in MONEY or entry.amount is not None),
    needs_input=True,
)
IN_TIME = Guard(
    "in-time",
    N_("the appeal came within its limit after the decision"),
    lambda entry: entry.appeal_until is None or entry.appealed_at is None or entry.appealed_at <= entry.appeal_until,
    needs_input=True,
)
FIRST_APPEAL = Guard("first-appeal", N_("no appeal was decided before"), lambda entry: entry.appeal_result is None)

PROCESS = Process(
    code="P18",
    kind="penalties",
    title=N_("Penalties"),
    purpose=N_("Penalties follow a rule and keep their evidence; they are decided, carried out, and may be appealed."),
    states=(
        base.State(State.PROPOSED, State.PROPOSED.label, N_("By a rule or by a person; the manager decides.")),
        base.State(State.APPROVED, State.APPROVED.label, N_("Decided; it may be appealed for some days.")),
        base.State(State.SENT, State.SENT.label, N_("With HR, finance or engineering.")),
        base.State(State.EXECUTED, State.EXECUTED.label, N_("Carried out by that department."), final=True),
        base.State(State.APPEALED, State.APPEALED.label, N_("The manager decides again."), main_line=False),
        base.State(
            State.REJECTED, State.REJECTED.label, N_("The manager did not approve it."), final=True, main_line=False
        ),
        base.State(
            State.CANCELLED,
            State.CANCELLED.label,
            N_("Called off, or reversed on appeal."),
            final=True,
            main_line=False,
        ),
    ),
    transitions=(
        Transition(
            Action.PROPOSE,
            N_("Propose a penalty"),
            frozenset(),
            State.PROPOSED,
            Permission.PENALTY_PROPOSE,
            notify=("managers",),
            source_note="R-01, R-03, R-04, R-14, DL-22",
        ),
        Transition(
            Action.APPROVE,
            N_("Approve", CONTEXT),
            frozenset({State.PROPOSED}),
            State.APPROVED,
            Permission.PENALTY_DECIDE,
            required=("kind",),
            optional=("amount", "suspended_from", "suspended_until", "confirmed_by", "confirmed_at", "decision"),
            guards=(CONSENT, DECIDED),
            notify=("owner", "specialists"),
        ),
        Transition(
            Action.REJECT,
            N_("Reject", CONTEXT),
            frozenset({State.PROPOSED}),
            State.REJECTED,
            Permission.PENALTY_DECIDE,
            required=("decision",),
            optional=("person", "decided_at"),
            notify=("owner",),
            primary=False,
        ),
        Transition(
            Action.CALL_OFF,
            N_("Call off", CONTEXT),
            frozenset({State.PROPOSED}),
            State.CANCELLED,
            Permission.PENALTY_DECIDE,
            required=("decision",),
            automatic=True,
            source_note="R-04, DL-22",
        ),
        Transition(
            Action.BOOK_SHARE,
            N_("Share of a compensation: to human resources"),
            frozenset({State.PROPOSED}),
            State.SENT,
            Permission.PENALTY_DECIDE,
            guards=(DECIDED,),
            notify=("specialists",),
            automatic=True,
            source_note="P10, P17, DL-16",
        ),
        Transition(
            Action.BOOK_DEDUCTION,
            N_("Share of a compensation: to finance for the settlement"),
            frozenset({State.PROPOSED}),
            State.SENT,
            Permission.PENALTY_DECIDE,
            guards=(DECIDED,),
            notify=("specialists",),
            automatic=True,
            source_note="P10, P17, R-13",
        ),
        Transition(
            Action.SEND,
            N_("Send to be carried out"),
            frozenset({State.APPROVED}),
            State.SENT,
            Permission.PENALTY_EXECUTE,
            required=("executor", "sent_at"),
            happened_field="sent_at",
        ),
        Transition(
            Action.EXECUTE,
            N_("Note as carried out"),
            frozenset({State.SENT}),
            State.EXECUTED,
            Permission.PENALTY_EXECUTE,
            required=("executed_at",),
            optional=("execution_note",),
            happened_field="executed_at",
            notify=("managers",),
        ),
        Transition(
            Action.APPEAL,
            N_("Record an appeal"),
            frozenset({State.APPROVED}),
            State.APPEALED,
            Permission.PENALTY_EXECUTE,
            required=("appeal", "appealed_at"),
            guards=(FIRST_APPEAL, IN_TIME),
            happened_field="appealed_at",
            on_behalf=True,
            notify=("managers",),
            primary=False,
        ),
        Transition(
            Action.UPHOLD,
            N_("Uphold the decision"),
            frozenset({State.APPEALED}),
            State.APPROVED,
            Permission.PENALTY_DECIDE,
            required=("appeal_result",),
            notify=("owner", "specialists"),
        ),
        Transition(
            Action.REVERSE,
            N_("Reverse the decision"),
            frozenset({State.APPEALED}),
            State.CANCELLED,
            Permission.PENALTY_DECIDE,
            required=("appeal_result",),
            notify=("owner", "specialists"),
            primary=False,
        ),
    ),
    deadlines=(
        Deadline(
            "DL-16",
            N_("Recover the share from the wage"),
            starts=frozenset({State.SENT}),
            starts_on=frozenset({Action.BOOK_SHARE}),
            met_by=frozenset({State.EXECUTED}),
            cancelled_by=frozenset({State.CANCELLED}),
            setting="wage_recovery_months",
            due_field="recover_by",
            due_words=N_("the last day of the month in which the customer is paid"),
            responsible="department",
            department="HR",
        ),
    ),
    field_labels={
        "kind": N_("Kind"),
        "amount": N_("Amount (yuan)"),
        "suspended_from": N_("No orders from"),
        "suspended_until": N_("No orders until"),
        "confirmed_by": N_("Confirmed by"),
        "confirmed_at": N_("Confirmed at"),
        "decision": N_("Decision"),
        "person": N_("Who decided"),
        "decided_at": N_("Decided at", "approval"),
        "executor": N_("Carried out by", CONTEXT),
        "sent_at": N_("Sent at"),
        "executed_at": N_("Carried out at"),
        "execution_note": N_("Voucher or note"),
        "appeal": N_("What the person says"),
        "appealed_at": N_("Appealed at"),
        "appeal_result": N_("Result of the appeal"),
    },
    forms=("F-27",),
)
