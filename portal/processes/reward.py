"""P18 Rewards: from the proposal to carrying out. Source: domain.md 3.20, 4.18, 7.9 (K-70)."""

from __future__ import annotations

from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Guard, Process, Transition
from portal.processes.penalty import Executor, is_own
from portal.terms import Term

CONTEXT = "reward"
RULE = "K-70"
"""The line of the catalogue that every reward rests on."""


class State(Term):
    """Where a reward stands (4.18)."""

    PROPOSED = "PROPOSED", "Proposed"
    APPROVED = "APPROVED", "Approved"
    REJECTED = "REJECTED", "Rejected"
    SENT = "SENT", "Sent to be carried out"
    EXECUTED = "EXECUTED", "Carried out"


class Action(StrEnum):
    """What can be done with a reward."""

    PROPOSE = "propose"
    APPROVE = "approve"
    REJECT = "reject"
    SEND = "send"
    EXECUTE = "execute"


class Kind(Term):
    """What somebody is rewarded with (4.18)."""

    PRAISE = "PRAISE", "Praise"
    BONUS = "BONUS", "Bonus"
    PROMOTION_PROPOSED = "PROMOTION_PROPOSED", "Promotion proposed"


class Cause(Term):
    """What somebody is rewarded for (4.18)."""

    HIGH_SATISFACTION = "HIGH_SATISFACTION", "High satisfaction"
    CUSTOMER_PRAISE = "CUSTOMER_PRAISE", "Praised by the customer"
    SPOTLESS_HANDOVER = "SPOTLESS_HANDOVER", "Spotless hand-over"
    MODEL_HOUSE = "MODEL_HOUSE", "Model house"
    QUALITY = "QUALITY", "Quality of the works"
    REFERRAL = "REFERRAL", "Brought new customers"


EXECUTORS = {Kind.BONUS: Executor.FINANCE}
"""Who is asked to carry it out; everything else HR."""

CONFIRMED = Guard(
    "confirmed",
    N_("for another department its head, or HR, has confirmed it"),
    lambda entry: is_own(entry) or entry.confirmed_by_id is not None,
    needs_input=True,
)
DECIDED = Guard(
    "decided",
    N_("a bonus has its amount, nothing else has one"),
    lambda entry: (entry.kind == Kind.BONUS) is (entry.amount is not None),
    needs_input=True,
)

PROCESS = Process(
    code="P18-R",
    kind="rewards",
    title=N_("Rewards"),
    purpose=N_(
        "Whoever does well is told so: praise, a bonus, a promotion, decided like penalties and in the same ledger."
    ),
    states=(
        base.State(State.PROPOSED, State.PROPOSED.label, N_("Proposed for a record; the manager decides.")),
        base.State(State.APPROVED, State.APPROVED.label, N_("Decided; praise is made known to everybody.")),
        base.State(State.SENT, State.SENT.label, N_("With HR or finance.")),
        base.State(State.EXECUTED, State.EXECUTED.label, N_("Carried out by that department."), final=True),
        base.State(
            State.REJECTED, State.REJECTED.label, N_("The manager did not approve it."), final=True, main_line=False
        ),
    ),
    transitions=(
        Transition(
            Action.PROPOSE,
            N_("Propose a reward"),
            frozenset(),
            State.PROPOSED,
            Permission.PENALTY_PROPOSE,
            notify=("managers",),
            source_note="4.18",
        ),
        Transition(
            Action.APPROVE,
            N_("Approve", CONTEXT),
            frozenset({State.PROPOSED}),
            State.APPROVED,
            Permission.PENALTY_DECIDE,
            required=("kind",),
            optional=("amount", "confirmed_by", "confirmed_at", "decision"),
            guards=(CONFIRMED, DECIDED),
            notify=("owner", "specialists"),
        ),
        Transition(
            Action.REJECT,
            N_("Reject", CONTEXT),
            frozenset({State.PROPOSED}),
            State.REJECTED,
            Permission.PENALTY_DECIDE,
            required=("decision",),
            notify=("owner",),
            primary=False,
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
    ),
    field_labels={
        "kind": N_("Kind"),
        "amount": N_("Amount (yuan)"),
        "confirmed_by": N_("Confirmed by"),
        "confirmed_at": N_("Confirmed at"),
        "decision": N_("Decision"),
        "executor": N_("Carried out by", "penalty"),
        "sent_at": N_("Sent at"),
        "executed_at": N_("Carried out at"),
        "execution_note": N_("Voucher or note"),
    },
)
