"""P09 Ordinary complaint, from registration to the closed file. Source: domain.md 4.9, DL-10…DL-14, R-08…R-12."""

from __future__ import annotations

from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition
from portal.terms import Term

CONTEXT = "complaint"


class State(StrEnum):
    """Where a complaint stands (4.9.1)."""

    REGISTERED = "REGISTERED"
    EXPLAINED = "EXPLAINED"
    REFUSED = "REFUSED"
    SELF_HANDLING = "SELF_HANDLING"
    HANDED_OVER = "HANDED_OVER"
    VERIFIED = "VERIFIED"
    PLANNED = "PLANNED"
    VISITED = "VISITED"
    CLOSED = "CLOSED"
    ESCALATED = "ESCALATED"


class Action(StrEnum):
    """What can be done with a complaint."""

    REGISTER = "register"
    EXPLAIN = "explain"
    REFUSE = "refuse"
    HANDLE = "handle"
    HAND_OVER = "hand-over"
    VERIFY = "verify"
    PLAN = "plan"
    VISIT = "visit"
    CLOSE = "close"
    REWORK = "rework"
    ESCALATE = "escalate"
    REASSIGN = "reassign"
    SETTLE = "settle"


class Phase(Term):
    """When in the life of a project the complaint arose."""

    PRE_SALE = "PRE_SALE", "Before sale"
    IN_SALE = "IN_SALE", "During works"
    AFTER_SALE = "AFTER_SALE", "After sale"


class Category(Term):
    """What the complaint is about (4.9.3)."""

    DESIGN = "DESIGN", "Design, drawings, quotation"
    SALES = "SALES", "Promises at signing, reception"
    QUALITY = "QUALITY", "Workmanship"
    SCHEDULE = "SCHEDULE", "Delay of works"
    SITE = "SITE", "Site order and safety"
    MATERIAL = "MATERIAL", "Materials"
    PERSONNEL = "PERSONNEL", "Conduct of staff"
    MONEY = "MONEY", "Charges and settlement"
    REPAIR = "REPAIR", "Repairs late or poor"
    SERVICE = "SERVICE", "Customer service"
    NEIGHBOUR = "NEIGHBOUR", "Neighbours, property management"
    OTHER = "OTHER", "Other"


class Verdict(Term):
    """Whether the complaint is founded."""

    ESTABLISHED = "ESTABLISHED", "Founded"
    NOT_ESTABLISHED = "NOT_ESTABLISHED", "Not founded"
    MALICIOUS = "MALICIOUS", "Malicious"


class Severity(Term):
    """ORDINARY: the specialist tracks it; MAJOR: compensation, or beyond the specialist."""

    ORDINARY = "ORDINARY", "Ordinary"
    MAJOR = "MAJOR", "Major"


LEAD_DEPARTMENTS: dict[Category, tuple[str, ...]] = {
    Category.DESIGN: ("DESIGN",),
    Category.SALES: ("STORE",),
    Category.QUALITY: ("ENGINEERING",),
    Category.SCHEDULE: ("ENGINEERING",),
    Category.SITE: ("ENGINEERING",),
    Category.MATERIAL: ("PURCHASING",),
    Category.PERSONNEL: (),
    Category.MONEY: ("FINANCE", "DESIGN"),
    Category.REPAIR: ("SERVICE", "ENGINEERING"),
    Category.SERVICE: ("SERVICE",),
    Category.NEIGHBOUR: ("ENGINEERING",),
    Category.OTHER: ("SERVICE",),
}
"""Which department leads (4.9.3 [assumed]); the setting `complaint_departments` overrides it."""

OPEN = frozenset(
    {
        State.REGISTERED,
        State.SELF_HANDLING,
        State.HANDED_OVER,
        State.VERIFIED,
        State.PLANNED,
        State.VISITED,
    }
)
"""Work is still ours: neither closed, refused, explained nor handed to the manager."""


def plan_must_be_seen(complaint: base.Facts) -> bool:
    """R-09: the manager sees a plan first when it touches two departments or costs money."""
    return bool(complaint.is_multi_department or complaint.costs_money)


def _round(complaint: base.Facts) -> base.Facts | None:
    return complaint.rounds[-1] if complaint.rounds else None


def _signed_or_reason(complaint: base.Facts) -> bool:
    present = _round(complaint)
    return bool(present and (present.customer_signed or present.no_signature_reason))


def _follow_up(complaint: base.Facts, satisfied: bool) -> bool:
    present = _round(complaint)
    return bool(present and present.follow_up_satisfied is satisfied)


VERDICT_NOT_ESTABLISHED = Guard(
    "not-founded",
    N_("the verdict is “not founded” and the customer was told courteously"),
    lambda complaint: complaint.verdict == Verdict.NOT_ESTABLISHED,
    needs_input=True,
)
VERDICT_MALICIOUS = Guard(
    "malicious",
    N_("the verdict is “malicious”, with evidence"),
    lambda complaint: complaint.verdict == Verdict.MALICIOUS,
    needs_input=True,
)
HEAD_SIGNED = Guard(
    "head-signed",
    N_("the department head has signed"),
    lambda complaint: any(item.signed_at and not item.replaced_at for item in complaint.departments),
    needs_input=True,
)
COPY_LEFT = Guard(
    "copy-left",
    N_("a copy of F-06 was left with the department"),
    lambda complaint: any(item.copy_left and not item.replaced_at for item in complaint.departments),
    needs_input=True,
)
PLAN_SEEN = Guard(
    "plan-seen",
    N_("the manager has seen the plan (two departments or money, R-09)"),
    lambda complaint: not plan_must_be_seen(complaint) or complaint.plan_seen_by_id is not None,
    needs_input=True,
)
SIGNATURE_OR_REASON = Guard(
    "signature",
    N_("the customer signed, or the reason why not is given"),
    _signed_or_reason,
    needs_input=True,
)
FOLLOW_UP_SATISFIED = Guard(
    "satisfied",
    N_("the customer said in the follow-up call that it is settled"),
    lambda complaint: _follow_up(complaint, True),
    needs_input=True,
)
FIRST_UNSATISFIED = Guard(
    "first-time",
    N_("the customer is not satisfied for the first time; the second time it is escalated (R-10)"),
    lambda complaint: complaint.round_no == 1,
)

PROCESS = Process(
    code="P09",
    kind="complaints",
    title=N_("Complaint handling"),
    purpose=N_("Taken at once, settled fast, called back afterwards, learned from."),
    states=(
        base.State(State.REGISTERED, N_("Registered", CONTEXT), N_("Entered; the clocks run.")),
        base.State(
            State.EXPLAINED,
            N_("Explained, not founded", CONTEXT),
            N_("Not founded, politely explained."),
            final=True,
            main_line=False,
        ),
        base.State(
            State.REFUSED,
            N_("Refused as malicious", CONTEXT),
            N_("Malicious, by the manager's decision."),
            final=True,
            main_line=False,
        ),
        base.State(
            State.SELF_HANDLING,
            N_("Handled by customer service", CONTEXT),
            N_("No department is needed."),
            main_line=False,
        ),
        base.State(State.HANDED_OVER, N_("Signed for", CONTEXT), N_("The head signed, a copy was left.")),
        base.State(State.VERIFIED, N_("Verified", CONTEXT), N_("The department called the customer.")),
        base.State(State.PLANNED, N_("Planned", CONTEXT), N_("Plan and visit are fed back to the specialist.")),
        base.State(State.VISITED, N_("Visited", CONTEXT), N_("The department carried it out.")),
        base.State(
            State.CLOSED, N_("Closed", CONTEXT), N_("The customer is satisfied, the analysis is written."), final=True
        ),
        base.State(
            State.ESCALATED,
            N_("Escalated", CONTEXT),
            N_("Handed to the manager (P10)."),
            final=True,
            main_line=False,
        ),
    ),
    transitions=(
        Transition(
            Action.REGISTER,
            N_("Register"),
            frozenset(),
            State.REGISTERED,
            Permission.COMPLAINT_PREFILL,
            happened_field="received_at",
            required=("complainant", "phone", "phase", "category", "subject", "content", "demand", "received_at"),
            notify=("owner",),
            source_note="R-08",
        ),
        Transition(
            Action.HAND_OVER,
            N_("Hand over to department"),
            frozenset({State.REGISTERED}),
            State.HANDED_OVER,
            Permission.COMPLAINT_WORK,
            happened_field="signed_at",
            required=("department", "head", "signed_at", "copy_left"),
            guards=(HEAD_SIGNED, COPY_LEFT),
            on_behalf=True,
            source_note="DL-10",
        ),
        Transition(
            Action.HANDLE,
            N_("Handle ourselves"),
            frozenset({State.REGISTERED}),
            State.SELF_HANDLING,
            Permission.COMPLAINT_WORK,
            required=("plan",),
            optional=("visit_appointment",),
            primary=False,
        ),
        Transition(
            Action.EXPLAIN,
            N_("Explain: not founded"),
            frozenset({State.REGISTERED}),
            State.EXPLAINED,
            Permission.COMPLAINT_WORK,
            required=("verdict", "reason", "explanation"),
            guards=(VERDICT_NOT_ESTABLISHED,),
            primary=False,
        ),
        Transition(
            Action.REFUSE,
            N_("Refuse as malicious"),
            frozenset({State.REGISTERED}),
            State.REFUSED,
            Permission.COMPLAINT_REFUSE,
            required=("verdict", "explanation"),
            guards=(VERDICT_MALICIOUS,),
            notify=("owner",),
            primary=False,
        ),
        Transition(
            Action.VERIFY,
            N_("Record the verification call"),
            frozenset({State.HANDED_OVER}),
            State.VERIFIED,
            Permission.COMPLAINT_WORK,
            happened_field="verify_call_at",
            required=("verify_call_at", "verified_by", "verify_result"),
            on_behalf=True,
            source_note="DL-11",
        ),
        Transition(
            Action.PLAN,
            N_("Record plan and visit"),
            frozenset({State.VERIFIED}),
            State.PLANNED,
            Permission.COMPLAINT_WORK,
            happened_field="plan_fed_back_at",
            required=("plan", "visit_appointment", "customer_agreed", "plan_fed_back_at"),
            optional=("costs_money",),
            guards=(PLAN_SEEN,),
            on_behalf=True,
            source_note="DL-12, R-09",
        ),
        Transition(
            Action.VISIT,
            N_("Record the visit"),
            frozenset({State.PLANNED, State.SELF_HANDLING}),
            State.VISITED,
            Permission.COMPLAINT_WORK,
            happened_field="visit_at",
            required=("visit_at", "visit_by", "solution_record"),
            optional=("customer_signed", "no_signature_reason"),
            guards=(SIGNATURE_OR_REASON,),
            on_behalf=True,
            source_note="DL-13",
        ),
        Transition(
            Action.CLOSE,
            N_("Close", CONTEXT),
            frozenset({State.VISITED}),
            State.CLOSED,
            Permission.COMPLAINT_WORK,
            happened_field="follow_up_at",
            required=(
                "follow_up_at",
                "follow_up_satisfied",
                "verdict",
                "root_cause",
                "improvement",
                "responsible",
            ),
            optional=("follow_up_note",),
            guards=(FOLLOW_UP_SATISFIED,),
            source_note="DL-14, R-11",
        ),
        Transition(
            Action.REWORK,
            N_("Not satisfied: next round"),
            frozenset({State.VISITED}),
            State.PLANNED,
            Permission.COMPLAINT_WORK,
            happened_field="follow_up_at",
            required=("follow_up_at", "new_demand", "plan", "visit_appointment"),
            optional=("follow_up_note",),
            guards=(FIRST_UNSATISFIED,),
            notify=("managers",),
            primary=False,
            source_note="DL-13, DL-14",
        ),
        Transition(
            Action.REASSIGN,
            N_("Move to another department"),
            frozenset({State.HANDED_OVER, State.VERIFIED, State.PLANNED}),
            State.HANDED_OVER,
            Permission.COMPLAINT_REASSIGN,
            happened_field="signed_at",
            required=("department", "head", "signed_at", "copy_left", "reason"),
            guards=(HEAD_SIGNED, COPY_LEFT),
            notify=("owner",),
            on_behalf=True,
            primary=False,
            source_note="DL-11",
        ),
        Transition(
            Action.ESCALATE,
            N_("Escalate"),
            OPEN,
            State.ESCALATED,
            Permission.ESCALATION_SUBMIT,
            required=("why", "cause", "process_so_far", "customer_demand"),
            notify=("managers",),
            primary=False,
            source_note="R-10",
        ),
        Transition(
            Action.SETTLE,
            N_("Settled by the manager"),
            frozenset({State.ESCALATED}),
            State.CLOSED,
            Permission.ESCALATION_WORK,
            notify=("owner",),
            automatic=True,
            source_note="P10",
        ),
    ),
    deadlines=(
        Deadline(
            "DL-10",
            N_("Hand over and have the head sign"),
            starts=frozenset({State.REGISTERED}),
            met_by=frozenset({State.HANDED_OVER, State.SELF_HANDLING, State.EXPLAINED, State.REFUSED}),
            cancelled_by=frozenset({State.ESCALATED}),
            setting="complaint_handover_hours",
            start_field="received_at",
            clock_setting="complaint_clock",
        ),
        Deadline(
            "DL-11",
            N_("Department calls the customer"),
            starts=frozenset({State.HANDED_OVER}),
            met_by=frozenset({State.VERIFIED}),
            cancelled_by=frozenset({State.ESCALATED}),
            setting="complaint_verify_hours",
            start_field="signed_at",
            responsible="department",
            clock_setting="complaint_clock",
        ),
        Deadline(
            "DL-12",
            N_("Plan and visit fed back"),
            starts=frozenset({State.VERIFIED}),
            met_by=frozenset({State.PLANNED}),
            cancelled_by=frozenset({State.ESCALATED, State.HANDED_OVER}),
            setting="complaint_plan_hours",
            start_field="verify_call_at",
            cap_field="signed_at",
            cap_setting="complaint_plan_cap_hours",
            responsible="department",
            clock_setting="complaint_clock",
        ),
        Deadline(
            "DL-13",
            N_("Solve on site"),
            starts=frozenset({State.PLANNED}),
            met_by=frozenset({State.VISITED}),
            cancelled_by=frozenset({State.ESCALATED, State.HANDED_OVER}),
            setting="complaint_visit_hours",
            start_field="plan_fed_back_at",
            responsible="department",
            clock_setting="complaint_clock",
        ),
        Deadline(
            "DL-14",
            N_("Call the customer after the visit"),
            starts=frozenset({State.VISITED}),
            met_by=frozenset({State.CLOSED, State.PLANNED}),
            cancelled_by=frozenset({State.ESCALATED}),
            setting="complaint_call_hours",
            start_field="visit_at",
            clock_setting="complaint_clock",
        ),
    ),
    field_labels={
        "complainant": N_("Complainant"),
        "phone": N_("Phone"),
        "phase": N_("Phase"),
        "category": N_("Category"),
        "subject": N_("Subject"),
        "content": N_("What happened"),
        "demand": N_("What the customer demands"),
        "received_at": N_("Received at"),
        "department": N_("Responsible department"),
        "head": N_("Head who signs"),
        "signed_at": N_("Signed at"),
        "copy_left": N_("Copy of F-06 left"),
        "verdict": N_("Verdict"),
        "reason": N_("Reason"),
        "explanation": N_("What was said to the customer"),
        "verify_call_at": N_("Verification call at"),
        "verified_by": N_("Called by"),
        "verify_result": N_("Facts found"),
        "plan": N_("Plan"),
        "plan_fed_back_at": N_("Plan fed back at"),
        "customer_agreed": N_("The customer agrees to the plan"),
        "costs_money": N_("The plan costs money"),
        "visit_appointment": N_("Visit agreed for"),
        "visit_at": N_("Visited at"),
        "visit_by": N_("Who came"),
        "solution_record": N_("What was done"),
        "customer_signed": N_("The customer signed F-06"),
        "no_signature_reason": N_("Why there is no signature"),
        "follow_up_at": N_("Follow-up call at"),
        "follow_up_satisfied": N_("Is the customer satisfied?"),
        "follow_up_note": N_("What the customer said"),
        "new_demand": N_("New demand"),
        "root_cause": N_("Root cause"),
        "material": N_("Material", "case"),
        "improvement": N_("Improvement"),
        "responsible": N_("Responsible person"),
        "why": N_("Ground for escalation"),
        "cause": N_("Cause"),
        "process_so_far": N_("What was done so far"),
        "customer_demand": N_("What the customer demands"),
    },
    forms=("F-06", "F-07", "F-16"),
)
