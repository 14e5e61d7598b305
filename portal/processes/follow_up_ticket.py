"""P07 Liaison slip: a problem from a call or survey, with the department until the customer is content. Source: domain.md 4.7, 5.6, DL-08."""

from __future__ import annotations

from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition

CONTEXT = "liaison slip"


class State(StrEnum):
    """Where a slip stands."""

    OPEN = "OPEN"
    RECEIVED = "RECEIVED"
    DONE = "DONE"
    REOPENED = "REOPENED"
    VERIFIED = "VERIFIED"
    ESCALATED = "ESCALATED"


class Action(StrEnum):
    """What can be done with a slip."""

    OPEN = "open"
    RECEIVE = "receive"
    URGE = "urge"
    EXTEND = "extend"
    FINISH = "finish"
    VERIFY = "verify"
    REOPEN = "reopen"
    REFUSE = "refuse"
    ESCALATE = "escalate"
    MISSED_TWICE = "missed-twice"
    SEVERE = "severe"


WITH_DEPARTMENT = frozenset({State.OPEN, State.RECEIVED, State.REOPENED})
"""The department has something to do."""
LIVE = frozenset({*WITH_DEPARTMENT, State.DONE})
"""The problem is not settled."""

LIMIT_AHEAD = Guard(
    "limit-ahead",
    N_("the limit lies ahead"),
    lambda slip: slip.limit_at is not None and slip.limit_at > slip.limit_from,
    needs_input=True,
)
MORE_ROUNDS = Guard("more-rounds", N_("it is not the last round"), lambda slip: slip.round_no < slip.rounds)
LAST_ROUND = Guard("last-round", N_("it is the last round"), lambda slip: slip.round_no >= slip.rounds)
SOLVED = Guard(
    "solved",
    N_("the customer says that the problem is solved"),
    lambda slip: slip.is_solved is True,
    needs_input=True,
)
COMPLAINED = Guard(
    "complaint", N_("the complaint is registered"), lambda slip: slip.complaint_id is not None, needs_input=True
)

P = Permission

PROCESS = Process(
    code="P07-2",
    kind="follow-up-tickets",
    title=N_("Liaison slips"),
    purpose=N_("A problem has one who answers for it and a limit, and is not settled before the customer says so."),
    states=(
        base.State(State.OPEN, N_("To be signed for", CONTEXT), N_("Handed over the same day.")),
        base.State(State.RECEIVED, N_("Signed for", CONTEXT), N_("The department has it.")),
        base.State(
            State.REOPENED,
            N_("Not content", CONTEXT),
            N_("Asked again, the customer is not satisfied."),
            main_line=False,
        ),
        base.State(State.DONE, N_("Reported done", CONTEXT), N_("The customer is asked again.")),
        base.State(State.VERIFIED, N_("Customer content", CONTEXT), N_("Settled."), final=True),
        base.State(
            State.ESCALATED,
            N_("Became a complaint", CONTEXT),
            N_("It goes on as a complaint."),
            final=True,
            main_line=False,
        ),
    ),
    transitions=(
        Transition(
            Action.OPEN,
            N_("Open a liaison slip"),
            frozenset(),
            State.OPEN,
            P.FOLLOW_UP_WORK,
            required=("problem", "department", "limit_at"),
            optional=("responsible", "material"),
            guards=(LIMIT_AHEAD,),
            notify=("owner",),
            source_note="5.6",
        ),
        Transition(
            Action.RECEIVE,
            N_("Department signs"),
            frozenset({State.OPEN, State.REOPENED}),
            State.RECEIVED,
            P.FOLLOW_UP_WORK,
            required=("received_at", "received_by"),
            happened_field="received_at",
            on_behalf=True,
        ),
        *(
            Transition(
                Action.URGE,
                N_("Limit missed, urged with a new one"),
                frozenset({state}),
                state,
                P.FOLLOW_UP_WORK,
                guards=(LIMIT_AHEAD,),
                notify=("owner", "managers"),
                automatic=True,
                source_note="DL-08",
            )
            for state in (State.OPEN, State.RECEIVED, State.REOPENED)
        ),
        *(
            Transition(
                Action.EXTEND,
                N_("Set another limit"),
                frozenset({state}),
                state,
                P.FOLLOW_UP_DECIDE,
                required=("limit_at", "reason"),
                guards=(LIMIT_AHEAD,),
                notify=("owner",),
                primary=False,
                source_note="DL-08",
            )
            for state in (State.OPEN, State.RECEIVED, State.REOPENED)
        ),
        Transition(
            Action.FINISH,
            N_("Department reports done"),
            WITH_DEPARTMENT,
            State.DONE,
            P.FOLLOW_UP_WORK,
            required=("measure", "done_at"),
            optional=("material",),
            happened_field="done_at",
            notify=("owner",),
            on_behalf=True,
            source_note="DL-08",
        ),
        Transition(
            Action.VERIFY,
            N_("Asked again, satisfied"),
            frozenset({State.DONE}),
            State.VERIFIED,
            P.FOLLOW_UP_WORK,
            required=("revisit_at", "is_solved"),
            optional=("revisit_result",),
            guards=(SOLVED,),
            happened_field="revisit_at",
            primary=False,
            source_note="5.6",
        ),
        Transition(
            Action.REOPEN,
            N_("Asked again, not satisfied"),
            frozenset({State.DONE}),
            State.REOPENED,
            P.FOLLOW_UP_WORK,
            required=("revisit_at", "revisit_result", "limit_at"),
            guards=(MORE_ROUNDS, LIMIT_AHEAD),
            happened_field="revisit_at",
            notify=("owner", "managers"),
            primary=False,
            source_note="5.6",
        ),
        Transition(
            Action.REFUSE,
            N_("Not satisfied after the last round"),
            frozenset({State.DONE}),
            State.DONE,
            P.FOLLOW_UP_WORK,
            required=("revisit_at", "revisit_result"),
            guards=(LAST_ROUND,),
            happened_field="revisit_at",
            notify=("owner", "managers"),
            automatic=True,
            source_note="5.6, P09",
        ),
        Transition(
            Action.ESCALATE,
            N_("Make it a complaint"),
            LIVE,
            State.ESCALATED,
            P.FOLLOW_UP_WORK,
            required=("demand",),
            optional=("why",),
            guards=(COMPLAINED,),
            notify=("owner", "managers"),
            primary=False,
            source_note="5.6, P09",
        ),
        Transition(
            Action.MISSED_TWICE,
            N_("Limit missed twice, becomes a complaint"),
            WITH_DEPARTMENT,
            State.ESCALATED,
            P.FOLLOW_UP_WORK,
            guards=(COMPLAINED,),
            notify=("owner", "managers"),
            automatic=True,
            source_note="DL-08, P09",
        ),
        Transition(
            Action.SEVERE,
            N_("Very low scores, becomes a complaint"),
            frozenset({State.OPEN}),
            State.ESCALATED,
            P.FOLLOW_UP_WORK,
            guards=(COMPLAINED,),
            notify=("owner", "managers"),
            automatic=True,
            source_note="4.21, P09",
        ),
    ),
    deadlines=(
        Deadline(
            "DL-08",
            N_("Department settles the problem of the slip"),
            starts=frozenset({State.OPEN, State.RECEIVED, State.REOPENED}),
            starts_on=frozenset({Action.OPEN, Action.REOPEN, Action.URGE, Action.EXTEND}),
            met_by=frozenset({State.DONE}),
            cancelled_by=frozenset({State.ESCALATED}),
            setting="slip_hours",
            due_field="limit_at",
            due_words=N_("As the slip says; 48 hours unless another limit is set"),
            responsible="department",
        ),
    ),
    field_labels={
        "problem": N_("Problem", "liaison slip"),
        "material": N_("Material", "case"),
        "department": N_("Responsible department"),
        "responsible": N_("Responsible person"),
        "limit_at": N_("To be settled by"),
        "reason": N_("Reason"),
        "received_at": N_("Signed for at"),
        "received_by": N_("Signed for by"),
        "measure": N_("Measure"),
        "done_at": N_("Settled at"),
        "revisit_at": N_("Asked again at"),
        "revisit_result": N_("What the customer said", "liaison slip"),
        "is_solved": N_("Is the problem solved?"),
        "demand": N_("What the customer demands"),
        "why": N_("Why it becomes a complaint"),
    },
    forms=("F-05",),
)
