"""P01 Consultation and reception: no contact lost, the right person answers. Source: domain.md 4.1, DL-01, DL-02."""

from __future__ import annotations

from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition

CONTEXT = "consultation"


class State(StrEnum):
    """Where a contact stands."""

    LOGGED = "LOGGED"
    FORWARDED = "FORWARDED"
    ANSWERED = "ANSWERED"
    CLOSED = "CLOSED"


class Action(StrEnum):
    """What can be done with a contact."""

    LOG = "log"
    ANSWER = "answer"
    FORWARD = "forward"
    REPLY = "reply"
    CLOSE = "close"


IS_COMMON = Guard(
    "common",
    N_("the question is common; a special one is forwarded"),
    lambda contact: contact.complexity == "COMMON",
)
CONSENT_AND_WAIT = Guard(
    "consent",
    N_("the caller agrees to be transferred and was told the waiting time"),
    lambda contact: bool(contact.transfer_consent and contact.wait_told),
    needs_input=True,
)

FIRST_CONTACT = Deadline(
    "DL-02",
    N_("First contact with the new customer"),
    starts=frozenset(),
    met_by=frozenset(),
    setting="first_contact_hours",
    cap_setting="first_contact_limit_days",
)
"""Runs when a contact makes somebody a customer, whatever becomes of the contact; ends when a specialist has called."""

PROCESS = Process(
    code="P01",
    kind="consultations",
    title=N_("Consultation and reception"),
    purpose=N_("No contact is lost, and the right person answers."),
    states=(
        base.State(State.LOGGED, N_("Logged", CONTEXT), N_("The contact is recorded.")),
        base.State(State.FORWARDED, N_("Forwarded", CONTEXT), N_("Passed to a department.")),
        base.State(State.ANSWERED, N_("Answered", CONTEXT), N_("The customer has the answer.")),
        base.State(State.CLOSED, N_("Closed", CONTEXT), N_("Satisfaction asked, the record is complete."), final=True),
    ),
    transitions=(
        Transition(
            Action.LOG,
            N_("Register"),
            frozenset(),
            State.LOGGED,
            Permission.CONSULTATION_CREATE,
            happened_field="occurred_at",
            required=("channel", "name", "phone", "occurred_at", "kind", "question"),
        ),
        Transition(
            Action.ANSWER,
            N_("Answer"),
            frozenset({State.LOGGED}),
            State.ANSWERED,
            Permission.CONSULTATION_WORK,
            required=("answer",),
            guards=(IS_COMMON,),
        ),
        Transition(
            Action.FORWARD,
            N_("Forward"),
            frozenset({State.LOGGED}),
            State.FORWARDED,
            Permission.CONSULTATION_WORK,
            happened_field="forwarded_at",
            required=("forwarded_department", "transfer_consent", "wait_told"),
            optional=("forwarded_party", "forwarded_at"),
            guards=(CONSENT_AND_WAIT,),
            notify=("specialists",),
            primary=False,
        ),
        Transition(
            Action.REPLY,
            N_("Record the reply"),
            frozenset({State.FORWARDED}),
            State.ANSWERED,
            Permission.CONSULTATION_WORK,
            happened_field="replied_at",
            required=("reply", "replied_at"),
        ),
        Transition(
            Action.CLOSE,
            N_("Close", CONTEXT),
            frozenset({State.ANSWERED}),
            State.CLOSED,
            Permission.CONSULTATION_WORK,
            required=("is_satisfied",),
            optional=("further_need", "score"),
        ),
    ),
    deadlines=(
        Deadline(
            "DL-01",
            N_("Reply to the forwarded question"),
            starts=frozenset({State.FORWARDED}),
            met_by=frozenset({State.ANSWERED}),
            setting="consultation_reply_hours",
        ),
        FIRST_CONTACT,
    ),
    field_labels={
        "channel": N_("Channel"),
        "name": N_("Name of the caller"),
        "phone": N_("Phone"),
        "occurred_at": N_("Happened at"),
        "kind": N_("Matter"),
        "question": N_("What was said"),
        "answer": N_("Answer"),
        "forwarded_department": N_("Forwarded to"),
        "forwarded_party": N_("Person"),
        "forwarded_at": N_("Forwarded at"),
        "transfer_consent": N_("The caller agrees to be transferred"),
        "wait_told": N_("The waiting time was told"),
        "reply": N_("Reply"),
        "replied_at": N_("Replied at"),
        "is_satisfied": N_("Is the customer satisfied?"),
        "further_need": N_("Further need"),
        "score": N_("Score, 1 to 5"),
    },
    forms=("F-14",),
)
