"""P07 Follow-up call: from the plan to the closed problem. Source: domain.md 3.10, 4.7, 5, DL-28, R-20."""

from __future__ import annotations

from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition
from portal.processes.follow_up import DUE_SETTINGS, OBLIGATORY, SPEAKS, TALKS, Manner, Overall

CONTEXT = "follow-up call"


class State(StrEnum):
    """Where a call stands."""

    PLANNED = "PLANNED"
    ATTEMPTED = "ATTEMPTED"
    DONE_SATISFIED = "DONE_SATISFIED"
    DONE_UNSATISFIED = "DONE_UNSATISFIED"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"
    ESCALATED = "ESCALATED"
    MISSED = "MISSED"
    UNREACHABLE = "UNREACHABLE"
    CANCELLED = "CANCELLED"


class Action(StrEnum):
    """What can be done with a call."""

    PLAN = "plan"
    OPEN = "open"
    ATTEMPT = "attempt"
    GIVE_UP = "give-up"
    MISS = "miss"
    EXPLAIN = "explain"
    SATISFIED = "satisfied"
    UNSATISFIED = "unsatisfied"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN_PROBLEM = "reopen-problem"
    ESCALATE = "escalate"
    CALL_AGAIN = "call-again"
    ALLOW_VISIT = "allow-visit"
    CANCEL = "cancel"
    CALL_OFF = "call-off"
    GO_ON = "go-on"
    DROP = "drop"
    RESTORE = "restore"


WAITING = frozenset({State.PLANNED, State.ATTEMPTED, State.MISSED})
"""The customer is still to be called; a missed call is made late and counts all the same (5.2)."""
TALKED = frozenset({State.DONE_SATISFIED, State.DONE_UNSATISFIED, State.RESOLVED, State.CLOSED, State.ESCALATED})
"""The customer was spoken to."""


OFF_FOR_GRADE = N_("The customer's grade asks for fewer calls.")
"""Why the plan drops a call (5.5); such a call is taken into it again with the grade, no other that was cancelled."""

DROPPED = Guard("dropped", N_("it was dropped because of the grade"), lambda call: call.reason == OFF_FOR_GRADE.message)
IS_OPEN = Guard(
    "window-open", N_("the event that opens its window has happened"), lambda call: call.window_from is not None
)
COMPLETE = Guard(
    "all-answered",
    N_("every required question is answered"),
    lambda call: not call.missing_items,
    needs_input=True,
)
SPOKEN = Guard(
    "spoken",
    N_("the four obligatory calls are talks, by telephone or face to face"),
    lambda call: call.stage not in OBLIGATORY or call.manner in TALKS,
    needs_input=True,
)
OWN_WORDS = Guard(
    "own-words",
    N_("at the four obligatory calls the customer or the named representative answered"),
    lambda call: call.stage not in OBLIGATORY or call.answered_by in SPEAKS,
    needs_input=True,
)
VISIT_ALLOWED = Guard(
    "visit-allowed",
    N_("a visit in place of the call has the manager's consent"),
    lambda call: call.manner != Manner.VISIT or call.visit_allowed_at is not None,
    needs_input=True,
)
CONTENT = Guard(
    "content",
    N_("the customer is satisfied and no problem was noted"),
    lambda call: call.overall == Overall.SATISFIED and not call.tickets,
    needs_input=True,
)
HAS_SLIP = Guard(
    "has-slip",
    N_("a liaison slip says the problem, who is responsible and the limit, or it is repaired again"),
    lambda call: bool(call.slips) or call.sent_back is not None,
    needs_input=True,
)
ALL_DONE = Guard("slips-done", N_("every liaison slip is reported done"), lambda call: call.are_slips_done)
ALL_VERIFIED = Guard(
    "slips-verified", N_("the customer is satisfied with every measure"), lambda call: call.are_slips_verified
)
NOT_VERIFIED = Guard(
    "slips-reopened", N_("the customer is not satisfied with a measure"), lambda call: call.is_slip_reopened
)
COMPLAINED = Guard("complaint", N_("the complaint is registered"), lambda call: call.is_slip_escalated)

TALK = ("called_at", "answered_by", "overall", "manner")
HELD = (IS_OPEN, COMPLETE, SPOKEN, OWN_WORDS, VISIT_ALLOWED)
P = Permission

PROCESS = Process(
    code="P07",
    kind="follow-up-calls",
    title=N_("Follow-up calls"),
    purpose=N_("Every customer is asked at every stage; what they are not content with is put right and asked again."),
    states=(
        base.State(State.PLANNED, N_("To be called", CONTEXT), N_("In the plan; due once its window is open.")),
        base.State(State.ATTEMPTED, N_("Not reached", CONTEXT), N_("Tried; the next try has its time.")),
        base.State(State.DONE_SATISFIED, N_("Called, satisfied", CONTEXT), N_("Nothing is open."), final=True),
        base.State(
            State.DONE_UNSATISFIED,
            N_("Called, unsatisfied", CONTEXT),
            N_("A liaison slip is with the department."),
            main_line=False,
        ),
        base.State(
            State.MISSED, N_("Missed", CONTEXT), N_("The window has passed; it is still to be made."), main_line=False
        ),
        base.State(
            State.RESOLVED,
            N_("Reported done, ask again", CONTEXT),
            N_("The department reports it done; the customer is asked again."),
            main_line=False,
        ),
        base.State(
            State.UNREACHABLE,
            N_("Cannot be reached", CONTEXT),
            N_("Tried on several days in vain; the stage is reported as missing until the next contact."),
            main_line=False,
        ),
        base.State(
            State.ESCALATED,
            N_("Became a complaint", CONTEXT),
            N_("It goes on as a complaint."),
            final=True,
            main_line=False,
        ),
        base.State(
            State.CLOSED,
            N_("Closed", CONTEXT),
            N_("Asked again, the customer was satisfied."),
            final=True,
            main_line=False,
        ),
        base.State(
            State.CANCELLED,
            N_("Cancelled", CONTEXT),
            N_("No longer needed, with the reason; the contract was cancelled, for example."),
            final=True,
            main_line=False,
        ),
    ),
    transitions=(
        Transition(Action.PLAN, N_("Plan the call"), frozenset(), State.PLANNED, P.FOLLOW_UP_WORK, source_note="C-1"),
        Transition(
            Action.OPEN,
            N_("Open the window"),
            frozenset({State.PLANNED, State.UNREACHABLE}),
            State.PLANNED,
            P.FOLLOW_UP_WORK,
            guards=(IS_OPEN,),
            notify=("owner",),
            automatic=True,
            source_note="DL-28",
        ),
        *(
            Transition(
                Action.ATTEMPT,
                N_("Not reached"),
                frozenset(sources),
                target,
                P.FOLLOW_UP_WORK,
                required=("outcome", "tried_at"),
                optional=("reason", "next_at"),
                guards=(IS_OPEN,),
                happened_field="tried_at",
                primary=False,
                source_note="5.2",
            )
            for sources, target in (
                ((State.PLANNED, State.ATTEMPTED), State.ATTEMPTED),
                ((State.MISSED,), State.MISSED),
            )
        ),
        Transition(
            Action.GIVE_UP,
            N_("Cannot be reached"),
            frozenset({State.ATTEMPTED, State.MISSED}),
            State.UNREACHABLE,
            P.FOLLOW_UP_WORK,
            notify=("owner", "managers"),
            automatic=True,
            source_note="5.2",
        ),
        Transition(
            Action.MISS,
            N_("The window has passed"),
            frozenset({State.PLANNED, State.ATTEMPTED}),
            State.MISSED,
            P.FOLLOW_UP_WORK,
            guards=(IS_OPEN,),
            automatic=True,
            source_note="DL-28",
        ),
        Transition(
            Action.EXPLAIN,
            N_("Say why it was missed"),
            frozenset({State.MISSED}),
            State.MISSED,
            P.FOLLOW_UP_WORK,
            required=("missed_reason",),
            primary=False,
        ),
        Transition(
            Action.SATISFIED,
            N_("Called, satisfied"),
            WAITING,
            State.DONE_SATISFIED,
            P.FOLLOW_UP_WORK,
            required=TALK,
            optional=("customer_words",),
            guards=(*HELD, CONTENT),
            happened_field="called_at",
            automatic=True,
            source_note="5.2",
        ),
        Transition(
            Action.UNSATISFIED,
            N_("Called, unsatisfied"),
            WAITING,
            State.DONE_UNSATISFIED,
            P.FOLLOW_UP_WORK,
            required=(*TALK, "customer_words"),
            guards=(*HELD, HAS_SLIP),
            happened_field="called_at",
            notify=("owner",),
            automatic=True,
            source_note="5.6, DL-08",
        ),
        Transition(
            Action.RESOLVE,
            N_("Department reports done"),
            frozenset({State.DONE_UNSATISFIED}),
            State.RESOLVED,
            P.FOLLOW_UP_WORK,
            guards=(ALL_DONE,),
            automatic=True,
        ),
        Transition(
            Action.CLOSE,
            N_("Asked again, satisfied"),
            frozenset({State.RESOLVED}),
            State.CLOSED,
            P.FOLLOW_UP_WORK,
            guards=(ALL_VERIFIED,),
            automatic=True,
        ),
        Transition(
            Action.REOPEN_PROBLEM,
            N_("Asked again, not satisfied"),
            frozenset({State.RESOLVED}),
            State.DONE_UNSATISFIED,
            P.FOLLOW_UP_WORK,
            guards=(NOT_VERIFIED,),
            automatic=True,
            source_note="5.6",
        ),
        Transition(
            Action.ESCALATE,
            N_("Becomes a complaint"),
            frozenset({State.DONE_UNSATISFIED, State.RESOLVED}),
            State.ESCALATED,
            P.FOLLOW_UP_WORK,
            guards=(COMPLAINED,),
            automatic=True,
            source_note="5.6, P09",
        ),
        Transition(
            Action.CALL_AGAIN,
            N_("Take up again"),
            frozenset({State.UNREACHABLE}),
            State.PLANNED,
            P.FOLLOW_UP_WORK,
            required=("reason",),
            notify=("owner",),
            source_note="5.2",
        ),
        *(
            Transition(
                Action.ALLOW_VISIT,
                N_("Allow a visit in place of the call"),
                frozenset({source}),
                target,
                P.FOLLOW_UP_DECIDE,
                required=("reason",),
                guards=(IS_OPEN,),
                notify=("owner",),
                primary=False,
                source_note="5.2",
            )
            for source, target in (
                (State.UNREACHABLE, State.PLANNED),
                (State.ATTEMPTED, State.ATTEMPTED),
                (State.MISSED, State.MISSED),
            )
        ),
        Transition(
            Action.CANCEL,
            N_("Cancel the call"),
            frozenset({*WAITING, State.UNREACHABLE}),
            State.CANCELLED,
            P.FOLLOW_UP_DECIDE,
            required=("reason",),
            notify=("owner",),
            primary=False,
        ),
        Transition(
            Action.CALL_OFF,
            N_("The contract was ended"),
            frozenset({*WAITING, State.UNREACHABLE}),
            State.CANCELLED,
            P.FOLLOW_UP_WORK,
            automatic=True,
            primary=False,
            source_note="P17",
        ),
        Transition(
            Action.GO_ON,
            N_("It went on without this call"),
            frozenset({*WAITING, State.UNREACHABLE}),
            State.CANCELLED,
            P.FOLLOW_UP_WORK,
            automatic=True,
            primary=False,
            source_note="4.14, 5.6",
        ),
        Transition(
            Action.DROP,
            N_("The grade asks for fewer calls"),
            WAITING,
            State.CANCELLED,
            P.FOLLOW_UP_WORK,
            automatic=True,
            primary=False,
            source_note="5.5",
        ),
        Transition(
            Action.RESTORE,
            N_("The grade asks for it again"),
            frozenset({State.CANCELLED}),
            State.PLANNED,
            P.FOLLOW_UP_WORK,
            guards=(DROPPED,),
            automatic=True,
            primary=False,
            source_note="5.5",
        ),
    ),
    deadlines=(
        Deadline(
            "DL-28",
            N_("Call the customer about the stage"),
            starts=frozenset({State.PLANNED}),
            starts_on=frozenset({Action.OPEN, Action.CALL_AGAIN, Action.ALLOW_VISIT}),
            met_by=frozenset({State.DONE_SATISFIED, State.DONE_UNSATISFIED}),
            cancelled_by=frozenset({State.UNREACHABLE, State.CANCELLED}),
            setting="call_start_days",
            due_field="due_at",
            due_words=N_("The end of the stage's window, each with a setting of its own"),
            due_settings=tuple(DUE_SETTINGS.values()),
        ),
    ),
    field_labels={
        "outcome": N_("Outcome of the call", "attempt"),
        "tried_at": N_("Tried at"),
        "next_at": N_("Next try at"),
        "reason": N_("Reason"),
        "missed_reason": N_("Why it was missed"),
        "called_at": N_("Called at", "follow-up"),
        "answered_by": N_("Who answered"),
        "overall": N_("Overall opinion"),
        "manner": N_("By", "follow-up"),
        "customer_words": N_("In the customer's words", "follow-up"),
    },
    forms=("F-04", "F-05", "F-30"),
)
