"""P10 Escalated complaint and compensation. Source: domain.md 4.10, 3.12, R-10, R-13, DL-15, DL-16."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition
from portal.terms import Term

CONTEXT = "escalation"
FEN, WHOLE = Decimal("0.01"), Decimal(100)


class State(StrEnum):
    """Where an escalation stands."""

    SUBMITTED = "SUBMITTED"
    ASSESSING = "ASSESSING"
    VISIT_SET = "VISIT_SET"
    LIABILITY_SET = "LIABILITY_SET"
    EXECUTING = "EXECUTING"
    LEADER_REVIEW = "LEADER_REVIEW"
    FINANCE = "FINANCE"
    PAID = "PAID"
    CLOSED = "CLOSED"


OPEN = frozenset(set(State) - {State.CLOSED})
"""Not settled yet."""


class Action(StrEnum):
    """What can be done with an escalation."""

    SUBMIT = "submit"
    TAKE = "take"
    SET_VISIT = "set-visit"
    JUDGE = "judge"
    JUDGE_ON_SITE = "judge-on-site"
    EXECUTE = "execute"
    ASK_LEADER = "ask-leader"
    REFUSE = "refuse"
    APPROVE = "approve"
    RECALL = "recall"
    PAY = "pay"
    CLOSE = "close"


class Ground(Term):
    """Why a complaint is escalated (R-10)."""

    COMPENSATION = "COMPENSATION", "Compensation or loss is claimed"
    BEYOND_SPECIALIST = "BEYOND_SPECIALIST", "The specialist cannot solve it"
    TWO_ROUNDS = "TWO_ROUNDS", "Two unsatisfied rounds"
    THIRD_TIME = "THIRD_TIME", "The same problem for the third time"
    DL13_TWICE = "DL13_TWICE", "Solving on site missed twice (DL-13)"
    SAFETY = "SAFETY", "Safety or injury"
    OUTSIDE_PRESSURE = "OUTSIDE_PRESSURE", "Media, authority, lawyer or a group is involved"
    GRADE_A_DEMANDS = "GRADE_A_DEMANDS", "A grade A customer demands it"


class Bearer(Term):
    """Who bears a share of a compensation (3.12, R-13)."""

    COMPANY = "COMPANY", "The company"
    PERSON = "PERSON", "A person of the company, from the wage"
    CREW = "CREW", "An outside crew, from its settlement"


def shared_out(amount: Decimal, percents: Sequence[Decimal]) -> list[Decimal]:
    """An amount in yuan by percents that sum to 100: each rounded down to the fen, the last takes the rest.

    The parts sum to the amount to the fen, and none is below zero.
    """
    parts = [(amount * percent / WHOLE).quantize(FEN, ROUND_DOWN) for percent in percents[:-1]]
    return [*parts, amount - sum(parts, Decimal("0.00"))] if percents else []


def over_wage(amount: Decimal, wage: Decimal | None, *, percent: Decimal, minimum_wage: Decimal) -> Decimal:
    """How much of a share is to be carried to later months, in yuan: above a percent of the wage, or what the law leaves.

    Nothing when the wage is not known: human resources look at it (Q18).
    """
    if wage is None:
        return Decimal("0.00")
    most = min((wage * percent / WHOLE).quantize(FEN, ROUND_DOWN), max(wage - minimum_wage, Decimal("0.00")))
    return max(amount - most, Decimal("0.00"))


def _is_shared(case: base.Facts) -> bool:
    return bool(case.shares) and sum((share.percent for share in case.shares), Decimal(0)) == WHOLE


def _sums_up(case: base.Facts) -> bool:
    return case.amount is not None and sum((share.amount or 0 for share in case.shares), Decimal(0)) == case.amount


VISIT_IN_TIME = Guard(
    "visit-in-time",
    N_("the visit lies within its limit (DL-15), or it is said why not"),
    lambda case: case.visit_due_at is None or case.visit_at <= case.visit_due_at or bool(case.late_reason),
    needs_input=True,
)
SHARED = Guard("shares", N_("the shares of liability sum to 100 %"), _is_shared, needs_input=True)
NO_MONEY = Guard("no-money", N_("no compensation or loss is involved"), lambda case: case.involves_money is False)
MONEY = Guard("money", N_("compensation or loss is involved"), lambda case: case.involves_money is True)
EXACT = Guard("exact", N_("what the bearers pay sums exactly to the amount"), _sums_up, needs_input=True)
CONSENT = Guard(
    "consent",
    N_("the company leader consented to exactly this amount"),
    lambda case: (
        case.approval is not None and case.approval.state == "APPROVED" and case.approval.amount == case.amount
    ),
    needs_input=True,
)
VOUCHER = Guard("voucher", N_("the payment voucher (F-08) is approved"), lambda case: case.voucher is not None)
SETTLED = Guard(
    "settled",
    N_("the customer is satisfied, or has signed an agreement"),
    lambda case: bool(case.is_satisfied or case.has_agreement),
    needs_input=True,
)
P = Permission

PROCESS = Process(
    code="P10",
    kind="escalations",
    title=N_("Escalated complaint"),
    purpose=N_("What the specialist cannot settle is settled by the manager."),
    states=(
        base.State(
            State.SUBMITTED, N_("Submitted to the manager", CONTEXT), N_("The specialist handed the case over.")
        ),
        base.State(State.ASSESSING, N_("Being assessed", CONTEXT), N_("The manager studies the case.")),
        base.State(State.VISIT_SET, N_("Visit agreed", CONTEXT), N_("With department head and customer.", CONTEXT)),
        base.State(State.LIABILITY_SET, N_("Liability decided", CONTEXT), N_("Who is liable, and to which share.", CONTEXT)),
        base.State(
            State.EXECUTING, N_("Being carried out", CONTEXT), N_("The manager follows the solution.", CONTEXT),
            main_line=False,
        ),
        base.State(State.LEADER_REVIEW, N_("With the company leader", CONTEXT), N_("Money is involved.", CONTEXT)),
        base.State(State.FINANCE, N_("Voucher with finance", CONTEXT), N_("Voucher, approval, signature.", CONTEXT)),
        base.State(State.PAID, N_("Paid", CONTEXT), N_("The customer has the money.", CONTEXT)),
        base.State(State.CLOSED, N_("Closed", CONTEXT), N_("The file is complete.", CONTEXT), final=True),
    ),
    transitions=(
        Transition(
            Action.SUBMIT,
            N_("Escalate"),
            frozenset(),
            State.SUBMITTED,
            P.ESCALATION_SUBMIT,
            required=("why", "cause", "process_so_far", "customer_demand"),
            notify=("managers",),
            source_note="DL-15",
        ),
        Transition(
            Action.TAKE,
            N_("Take the case"),
            frozenset({State.SUBMITTED}),
            State.ASSESSING,
            P.ESCALATION_WORK,
            notify=("owner",),
        ),
        Transition(
            Action.SET_VISIT,
            N_("Agree on a visit"),
            frozenset({State.ASSESSING}),
            State.VISIT_SET,
            P.ESCALATION_WORK,
            required=("visit_at", "visit_head"),
            optional=("late_reason",),
            guards=(VISIT_IN_TIME,),
            notify=("owner",),
            source_note="DL-15",
        ),
        Transition(
            Action.JUDGE,
            N_("Decide liability without a visit"),
            frozenset({State.ASSESSING}),
            State.LIABILITY_SET,
            P.ESCALATION_WORK,
            required=("solution", "involves_money"),
            guards=(SHARED,),
            primary=False,
        ),
        Transition(
            Action.JUDGE_ON_SITE,
            N_("Note the visit and the liability"),
            frozenset({State.VISIT_SET}),
            State.LIABILITY_SET,
            P.ESCALATION_WORK,
            required=("visited_at", "present", "findings", "solution", "involves_money"),
            guards=(SHARED,),
            happened_field="visited_at",
            source_note="DL-15",
        ),
        Transition(
            Action.EXECUTE,
            N_("Carry the solution out"),
            frozenset({State.LIABILITY_SET}),
            State.EXECUTING,
            P.ESCALATION_WORK,
            required=("measures", "execute_until"),
            guards=(NO_MONEY,),
            notify=("owner",),
        ),
        Transition(
            Action.ASK_LEADER,
            N_("Ask the company leader"),
            frozenset({State.LIABILITY_SET}),
            State.LEADER_REVIEW,
            P.ESCALATION_WORK,
            required=("amount",),
            guards=(MONEY, SHARED, EXACT),
        ),
        Transition(
            Action.APPROVE,
            N_("The leader has consented"),
            frozenset({State.LEADER_REVIEW}),
            State.FINANCE,
            P.ESCALATION_WORK,
            required=("person", "decided_at"),
            optional=("reason", "evidence", "scan"),
            guards=(CONSENT, EXACT),
            on_behalf=True,
            notify=("owner",),
            source_note="F-08",
        ),
        Transition(
            Action.REFUSE,
            N_("The leader has refused"),
            frozenset({State.LEADER_REVIEW}),
            State.LIABILITY_SET,
            P.ESCALATION_WORK,
            required=("person", "decided_at", "reason"),
            optional=("evidence", "scan"),
            on_behalf=True,
            primary=False,
        ),
        Transition(
            Action.RECALL,
            N_("Change amount or shares"),
            frozenset({State.LEADER_REVIEW, State.FINANCE}),
            State.LIABILITY_SET,
            P.ESCALATION_WORK,
            required=("reason",),
            primary=False,
        ),
        Transition(
            Action.PAY,
            N_("Finance has paid"),
            frozenset({State.FINANCE}),
            State.PAID,
            P.ESCALATION_WORK,
            required=("finance_no", "paid_at", "clerk"),
            guards=(VOUCHER, CONSENT),
            happened_field="paid_at",
            on_behalf=True,
            notify=("owner",),
            source_note="F-08, DL-16, R-13",
        ),
        Transition(
            Action.CLOSE,
            N_("Close", CONTEXT),
            frozenset({State.EXECUTING, State.PAID}),
            State.CLOSED,
            P.ESCALATION_WORK,
            required=("signed_by", "signed_on", "root_cause", "improvement"),
            optional=("is_satisfied", "has_agreement"),
            guards=(SETTLED,),
            notify=("owner",),
            source_note="F-07",
        ),
    ),
    deadlines=(
        Deadline(
            "DL-15",
            N_("Visit the customer of the escalated complaint"),
            starts=frozenset({State.SUBMITTED}),
            met_by=frozenset({State.LIABILITY_SET}),
            not_met_by=frozenset({Action.JUDGE}),
            cancelled_by=frozenset({State.LIABILITY_SET}),
            setting="escalated_visit_wd",
            start_field="submitted_at",
            responsible="managers",
        ),
    ),
    field_labels={
        "why": N_("Ground for escalation"),
        "cause": N_("Cause"),
        "process_so_far": N_("What was done so far"),
        "customer_demand": N_("What the customer demands"),
        "visit_at": N_("Visit agreed for"),
        "visit_head": N_("Department head who comes along"),
        "late_reason": N_("Why later than its limit"),
        "visited_at": N_("Visited at"),
        "present": N_("Who was present"),
        "findings": N_("What was found on site"),
        "solution": N_("Solution", CONTEXT),
        "involves_money": N_("Is compensation or a loss involved?"),
        "measures": N_("Measures, who and until when"),
        "execute_until": N_("To be carried out until"),
        "amount": N_("Compensation (yuan)"),
        "person": N_("Who decided"),
        "decided_at": N_("Decided at", "approval"),
        "reason": N_("Reason"),
        "evidence": N_("Evidence: where the signed paper is"),
        "scan": N_("Scan of the signed decision"),
        "finance_no": N_("Finance's voucher number"),
        "paid_at": N_("Paid at", CONTEXT),
        "clerk": N_("Finance clerk"),
        "is_satisfied": N_("The customer is satisfied"),
        "has_agreement": N_("The customer has signed an agreement"),
        "signed_by": N_("Signed by", CONTEXT),
        "signed_on": N_("Signed by the customer on"),
        "root_cause": N_("Root cause"),
        "improvement": N_("Improvement"),
    },
    forms=("F-07", "F-08"),
)  # fmt: skip
