"""P08 Suggestions: a customer's idea goes to the department, is decided, carried out and answered. Source: domain.md 3.24, 4.8, DL-09."""

from __future__ import annotations

from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition
from portal.terms import Term

CONTEXT = "suggestion"


class State(StrEnum):
    """Where a suggestion stands (4.8)."""

    RECORDED = "RECORDED"
    SENT = "SENT"
    DECIDED = "DECIDED"
    IMPLEMENTED = "IMPLEMENTED"
    ANSWERED_CUSTOMER = "ANSWERED_CUSTOMER"


class Action(StrEnum):
    """What can be done with a suggestion."""

    RECORD = "record"
    SEND = "send"
    DECIDE = "decide"
    IMPLEMENT = "implement"
    ANSWER = "answer"
    EXPLAIN = "explain"


class Decision(Term):
    """What the department says."""

    ADOPTED = "ADOPTED", "Adopted"
    PARTLY = "PARTLY", "Adopted in part"
    NOT_ADOPTED = "NOT_ADOPTED", "Not adopted"


class Worth(Term):
    """How the specialist values it before it is sent."""

    HIGH = "HIGH", "Of great value"
    SOME = "SOME", "Of some value"
    LITTLE = "LITTLE", "Of little value"


IS_ADOPTED = Guard(
    "adopted",
    N_("it was adopted, at least in part"),
    lambda suggestion: suggestion.decision in (Decision.ADOPTED, Decision.PARTLY),
)
IS_NOT_ADOPTED = Guard(
    "not-adopted",
    N_("it was not adopted; what was adopted is put into effect first"),
    lambda suggestion: suggestion.decision == Decision.NOT_ADOPTED,
)
ANSWERED = ("answer", "answered_at")

PROCESS = Process(
    code="P08",
    kind="suggestions",
    title=N_("Suggestions of customers"),
    purpose=N_("No idea is lost: the department decides, what is adopted is carried out, the customer hears of it."),
    states=(
        base.State(
            State.RECORDED, N_("Recorded", CONTEXT), N_("Written down; the specialist weighs what it is worth.")
        ),
        base.State(State.SENT, N_("Sent to the department", CONTEXT), N_("The department decides within its limit.")),
        base.State(State.DECIDED, N_("Decided", CONTEXT), N_("Adopted, adopted in part or not adopted.")),
        base.State(State.IMPLEMENTED, N_("Put into effect", CONTEXT), N_("What was adopted is carried out.")),
        base.State(State.ANSWERED_CUSTOMER, N_("Customer told", CONTEXT), N_("The customer was told."), final=True),
    ),
    transitions=(
        Transition(
            Action.RECORD,
            N_("Register a suggestion"),
            frozenset(),
            State.RECORDED,
            Permission.SUGGESTION_CREATE,
            required=("content", "received_at"),
            happened_field="received_at",
            notify=("owner",),
        ),
        Transition(
            Action.SEND,
            N_("Send to the department"),
            frozenset({State.RECORDED}),
            State.SENT,
            Permission.SUGGESTION_WORK,
            required=("department", "worth", "worth_note", "sent_at"),
            optional=("sent_to", "expected_on"),
            happened_field="sent_at",
            source_note="DL-09",
        ),
        Transition(
            Action.DECIDE,
            N_("Record the decision"),
            frozenset({State.SENT}),
            State.DECIDED,
            Permission.SUGGESTION_WORK,
            required=("decision", "decision_note", "decided_at"),
            optional=("decided_by",),
            happened_field="decided_at",
            on_behalf=True,
            source_note="DL-09",
        ),
        Transition(
            Action.IMPLEMENT,
            N_("Record that it is put into effect"),
            frozenset({State.DECIDED}),
            State.IMPLEMENTED,
            Permission.SUGGESTION_WORK,
            required=("progress", "done_at"),
            guards=(IS_ADOPTED,),
            happened_field="done_at",
            on_behalf=True,
        ),
        Transition(
            Action.ANSWER,
            N_("Tell the customer"),
            frozenset({State.IMPLEMENTED}),
            State.ANSWERED_CUSTOMER,
            Permission.SUGGESTION_WORK,
            required=ANSWERED,
            optional=("is_satisfied",),
            happened_field="answered_at",
        ),
        Transition(
            Action.EXPLAIN,
            N_("Tell the customer why not"),
            frozenset({State.DECIDED}),
            State.ANSWERED_CUSTOMER,
            Permission.SUGGESTION_WORK,
            required=ANSWERED,
            optional=("is_satisfied",),
            guards=(IS_NOT_ADOPTED,),
            happened_field="answered_at",
            primary=False,
        ),
    ),
    deadlines=(
        Deadline(
            "DL-09",
            N_("Department decides on the suggestion"),
            starts=frozenset({State.SENT}),
            met_by=frozenset({State.DECIDED}),
            setting="suggestion_decision_wd",
            start_field="sent_at",
        ),
    ),
    field_labels={
        "content": N_("Suggestion"),
        "received_at": N_("Received at", CONTEXT),
        "department": N_("Department"),
        "worth": N_("Value", CONTEXT),
        "worth_note": N_("What it is worth"),
        "sent_at": N_("Sent at"),
        "sent_to": N_("Person"),
        "expected_on": N_("Customer was told to expect an answer by"),
        "decision": N_("Decision", CONTEXT),
        "decision_note": N_("Reason of the decision"),
        "decided_at": N_("Decided at", CONTEXT),
        "decided_by": N_("Decided by", CONTEXT),
        "progress": N_("What was put into effect"),
        "done_at": N_("In effect since"),
        "answer": N_("What the customer was told"),
        "answered_at": N_("Told at"),
        "is_satisfied": N_("Is the customer satisfied?"),
    },
)
