"""P02 Pre-sale message follow-up: messages before the hand-over of an estate and after a visit. Source: domain.md 3.9, 4.2, 8.1."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Guard, Process, Transition
from portal.terms import Term

CONTEXT = "lead touch"


class State(StrEnum):
    """Where a message stands."""

    DUE = "DUE"
    SENT = "SENT"
    SKIPPED = "SKIPPED"


class Action(StrEnum):
    """What can be done with a message."""

    PLAN = "plan"
    MOVE = "move"
    SEND = "send"
    SKIP = "skip"
    STOP = "stop"
    WANT = "want"
    RESPOND = "respond"


class TouchKind(Term):
    """Which message it is: so many days before the hand-over of the estate, or after the visit."""

    HANDOVER_30 = "HANDOVER_30", "30 days before the hand-over: congratulation"
    HANDOVER_15 = "HANDOVER_15", "15 days before the hand-over: model houses"
    HANDOVER_3 = "HANDOVER_3", "3 days before the hand-over: invitation"
    VISIT_0 = "VISIT_0", "On leaving the shop"
    VISIT_3 = "VISIT_3", "3 days after the visit"
    VISIT_5 = "VISIT_5", "5 days after the visit"
    VISIT_7 = "VISIT_7", "7 days after the visit"
    VISIT_15 = "VISIT_15", "15 days after the visit"

    @property
    def days(self) -> int:
        """Days after the day it hangs on; before it they are negative."""
        name, _line, days = self.value.rpartition("_")
        return -int(days) if name == "HANDOVER" else int(days)

    def due_on(self, day: date) -> date:
        """When it is due, hanging on the hand-over of the estate or the visit on `day`."""
        return day + timedelta(days=self.days)


OF_HANDOVER = (TouchKind.HANDOVER_30, TouchKind.HANDOVER_15, TouchKind.HANDOVER_3)
OF_VISIT = (TouchKind.VISIT_0, TouchKind.VISIT_3, TouchKind.VISIT_5, TouchKind.VISIT_7, TouchKind.VISIT_15)


class TouchChannel(Term):
    """How the customer was written to or called."""

    SMS = "SMS", "Text message"
    WECHAT = "WECHAT", "WeChat"
    PHONE = "PHONE", "Call"
    EMAIL = "EMAIL", "E-mail"


class SkipReason(Term):
    """Why a message is not sent."""

    PAST = "PAST", "Its day lies before the registration"
    SIGNED = "SIGNED", "The customer has signed"
    OPTED_OUT = "OPTED_OUT", "The customer wants no messages"
    LOST = "LOST", "The customer is lost"
    NO_DATE = "NO_DATE", "The hand-over has no date any more"
    NEW_VISIT = "NEW_VISIT", "A later visit begins anew"
    DOUBLE = "DOUBLE", "The home has this message already"
    BY_HAND = "BY_HAND", "Skipped by hand"


STOPS = frozenset({SkipReason.SIGNED, SkipReason.OPTED_OUT, SkipReason.LOST})
"""Reasons that lie in the customer."""

IS_WANTED = Guard(
    "wanted",
    N_("the customer has not asked for no messages"),
    lambda touch: not touch.customer.sms_opt_out,
)

PROCESS = Process(
    code="P02",
    kind="lead-touches",
    title=N_("Pre-sale message follow-up"),
    purpose=N_("Nobody who is about to get a home, or was in the shop, is forgotten."),
    states=(
        base.State(State.DUE, N_("To send", CONTEXT), N_("Its day is fixed; it is sent on that day.")),
        base.State(State.SENT, N_("Sent", CONTEXT), N_("The customer was written to or called."), final=True),
        base.State(
            State.SKIPPED, N_("Skipped", CONTEXT), N_("It is not sent, for a reason."), final=True, main_line=False
        ),
    ),
    transitions=(
        Transition(
            Action.PLAN, N_("Plan", CONTEXT), frozenset(), State.DUE, Permission.TOUCH_WORK, automatic=True,
            source_note="4.2",
        ),
        Transition(
            Action.SEND, N_("Mark as sent"), frozenset({State.DUE}), State.SENT, Permission.TOUCH_WORK,
            required=("channel",), optional=("text", "response", "asked_to_stop"), guards=(IS_WANTED,),
        ),
        Transition(
            Action.SKIP, N_("Skip", CONTEXT), frozenset({State.DUE}), State.SKIPPED, Permission.TOUCH_WORK,
            required=("reason",), primary=False,
        ),
        Transition(
            Action.STOP, N_("Stop", CONTEXT), frozenset({State.DUE}), State.SKIPPED, Permission.TOUCH_WORK,
            automatic=True, primary=False, source_note="4.2",
        ),
        Transition(
            Action.MOVE, N_("Move with the hand-over"), frozenset({State.DUE}), State.DUE, Permission.TOUCH_WORK,
            automatic=True, primary=False, source_note="4.2",
        ),
        Transition(
            Action.WANT, N_("Plan anew", CONTEXT), frozenset({State.SKIPPED}), State.DUE, Permission.TOUCH_WORK,
            automatic=True, primary=False, source_note="4.2",
        ),
        Transition(
            Action.RESPOND, N_("Note the response"), frozenset({State.SENT}), State.SENT, Permission.TOUCH_WORK,
            required=("response",), optional=("asked_to_stop",),
        ),
    ),
    field_labels={
        "kind": N_("Which message"),
        "due_on": N_("Due on", CONTEXT),
        "channel": N_("Sent by", CONTEXT),
        "text": N_("Text", CONTEXT),
        "response": N_("Response of the customer"),
        "asked_to_stop": N_("The customer wants no more messages"),
        "reason": N_("Why it is skipped"),
    },
)  # fmt: skip
