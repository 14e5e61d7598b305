"""P03 Contract: from the letter of intent over legal review to the signature. Source: domain.md 4.3, 3.3, 3.4, DL-03.

Terminating belongs to P17, completing to the final payment (P12); both are steps here so that a contract has one life.
"""

from __future__ import annotations

from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition
from portal.terms import Term

CONTEXT = "contract"


class State(Term):
    """How far the contract has come."""

    INTENT = "INTENT", "Letter of intent"
    NEGOTIATING = "NEGOTIATING", "In negotiation"
    LEGAL_REVIEW = "LEGAL_REVIEW", "In legal review"
    LEGAL_RETURNED = "LEGAL_RETURNED", "Returned by legal"
    READY_TO_SIGN = "READY_TO_SIGN", "Ready to sign"
    SIGNED = "SIGNED", "Signed"
    COMPLETED = "COMPLETED", "Fulfilled"
    TERMINATED = "TERMINATED", "Voided"


class Action(StrEnum):
    """What can be done with a contract."""

    INTEND = "intend"
    NEGOTIATE = "negotiate"
    SUBMIT_LEGAL = "submit-legal"
    RETURN_LEGAL = "return-legal"
    RESUBMIT_LEGAL = "resubmit-legal"
    APPROVE = "approve"
    SIGN = "sign"
    SIGN_ANYWAY = "sign-anyway"
    COMPLETE = "complete"
    TERMINATE = "terminate"


class Topic(Term):
    """What the negotiation must have covered (4.3)."""

    SCOPE = "SCOPE", "Scope of the works"
    CRAFT = "CRAFT", "Craft and quality standards"
    SCHEDULE = "SCHEDULE", "Schedule"
    PRICE = "PRICE", "How the price is made up"
    PAYMENT = "PAYMENT", "Payment and settlement"
    RIGHTS = "RIGHTS", "Rights and duties"
    BREACH = "BREACH", "Breach of contract"
    DISPUTE = "DISPUTE", "Settling disputes"
    AFTER_SALES = "AFTER_SALES", "After-sales service"


class LegalPoint(Term):
    """The five points legal looks at (3.4)."""

    LAWFUL = "LAWFUL", "The clauses are lawful"
    BALANCED = "BALANCED", "Rights and duties are clear and balanced"
    SPECIFIC = "SPECIFIC", "Scope, quality and duration are specific"
    PAYMENT = "PAYMENT", "Payment and settlement are reasonable"
    LIABILITY = "LIABILITY", "Liability for breach is effective"


class LegalResult(Term):
    """What legal decided."""

    PASS = "PASS", "Passed by legal"
    RETURN = "RETURN", "Returned for revision"


BEFORE_SIGNED = frozenset(
    {State.INTENT, State.NEGOTIATING, State.LEGAL_REVIEW, State.LEGAL_RETURNED, State.READY_TO_SIGN}
)
"""Nobody has signed yet."""
SIGNED_STATES = frozenset({State.SIGNED, State.COMPLETED})
"""Both have signed, and it stands."""


COVERED = Guard(
    "covered",
    N_("the negotiation has covered every point of the list"),
    lambda contract: set(contract.covered or ()) >= {topic.value for topic in Topic},
)
DRAFTED = Guard("drafted", N_("a draft is there"), lambda contract: bool(contract.draft))
HAS_TERMS = Guard("terms", N_("the terms of payment are agreed"), lambda contract: bool(contract.terms))
POINT_FAILS = Guard(
    "point-fails",
    N_("one of the five points does not hold"),
    lambda contract: contract.legal_review is not None and not contract.legal_review.holds,
    needs_input=True,
)
POINTS_HOLD = Guard(
    "points-hold",
    N_("all five points hold"),
    lambda contract: contract.legal_review is not None and contract.legal_review.holds,
    needs_input=True,
)
DRAWINGS_PASSED = Guard(
    "drawings",
    N_("the drawing review is passed"),
    lambda contract: contract.review is not None and contract.review.state == "PASSED",
)
IDENTITIES = Guard(
    "identities",
    N_("the identities of both sides are checked"),
    lambda contract: bool(contract.identities_checked),
    needs_input=True,
)
A_REVIEW_LACKS = Guard(
    "review-lacks",
    N_("the legal review or the drawing review is not passed"),
    lambda contract: (
        not (
            contract.state == State.READY_TO_SIGN and contract.review is not None and contract.review.state == "PASSED"
        )
    ),
)

BY_CANCELLATION = Guard(
    "by-cancellation",
    N_("a signed contract is ended by a cancellation (P17)"),
    lambda contract: contract.state not in SIGNED_STATES or contract.is_ending,
)

PROCESS = Process(
    code="P03",
    kind="contracts",
    title=N_("Contract negotiation, legal review, signing"),
    purpose=N_("The customer signs what was explained, what legal has read and what the reviewer has passed."),
    states=(
        base.State(State.INTENT, State.INTENT.label, N_("Scope, price and duration in a letter of intent.", CONTEXT)),
        base.State(
            State.NEGOTIATING, State.NEGOTIATING.label, N_("Proposal, quotation and clauses are explained.", CONTEXT)
        ),
        base.State(State.LEGAL_REVIEW, State.LEGAL_REVIEW.label, N_("The draft is with legal.", CONTEXT)),
        base.State(State.LEGAL_RETURNED, State.LEGAL_RETURNED.label, N_("To be revised.", CONTEXT), main_line=False),
        base.State(State.READY_TO_SIGN, State.READY_TO_SIGN.label, N_("Legal and drawing review are passed.", CONTEXT)),
        base.State(State.SIGNED, State.SIGNED.label, N_("Both have signed.", CONTEXT)),
        base.State(State.COMPLETED, State.COMPLETED.label, N_("The final payment is made.", CONTEXT), final=True),
        base.State(
            State.TERMINATED, State.TERMINATED.label, N_("It counts no more.", CONTEXT), final=True, main_line=False
        ),
    ),
    transitions=(
        Transition(
            Action.INTEND,
            N_("Record a letter of intent"),
            frozenset(),
            State.INTENT,
            Permission.CONTRACT_EDIT,
            required=("scope", "amount", "duration_days", "designer", "store"),
        ),
        Transition(
            Action.NEGOTIATE,
            N_("Begin to negotiate"),
            frozenset({State.INTENT}),
            State.NEGOTIATING,
            Permission.CONTRACT_EDIT,
            required=("draft", "quotation"),
        ),
        Transition(
            Action.SUBMIT_LEGAL,
            N_("Hand the draft to legal"),
            frozenset({State.NEGOTIATING}),
            State.LEGAL_REVIEW,
            Permission.CONTRACT_EDIT,
            required=("submitted_by", "submitted_at"),
            guards=(DRAFTED, HAS_TERMS, COVERED),
            happened_field="submitted_at",
            on_behalf=True,
            source_note="DL-03",
        ),
        Transition(
            Action.APPROVE,
            N_("Legal has passed it"),
            frozenset({State.LEGAL_REVIEW}),
            State.READY_TO_SIGN,
            Permission.CONTRACT_EDIT,
            required=("approver",),
            optional=("points", "opinion"),
            guards=(POINTS_HOLD, DRAWINGS_PASSED),
            on_behalf=True,
            notify=("owner",),
            source_note="DL-03",
        ),
        Transition(
            Action.RETURN_LEGAL,
            N_("Legal has returned it"),
            frozenset({State.LEGAL_REVIEW}),
            State.LEGAL_RETURNED,
            Permission.CONTRACT_EDIT,
            required=("opinion",),
            optional=("points",),
            guards=(POINT_FAILS,),
            on_behalf=True,
            notify=("owner",),
            primary=False,
            source_note="DL-03",
        ),
        Transition(
            Action.RESUBMIT_LEGAL,
            N_("Hand the revised draft to legal"),
            frozenset({State.LEGAL_RETURNED}),
            State.LEGAL_REVIEW,
            Permission.CONTRACT_EDIT,
            required=("what_changed",),
            source_note="DL-03",
        ),
        Transition(
            Action.SIGN,
            N_("Sign the contract"),
            frozenset({State.READY_TO_SIGN}),
            State.SIGNED,
            Permission.CONTRACT_EDIT,
            required=("signed_on", "signed_by_company", "signed_by_customer", "amount", "copies"),
            guards=(DRAWINGS_PASSED, IDENTITIES),
            notify=("owner",),
        ),
        Transition(
            Action.SIGN_ANYWAY,
            N_("Was signed all the same"),
            BEFORE_SIGNED,
            State.SIGNED,
            Permission.CONTRACT_EDIT,
            required=("signed_on", "amount", "reason"),
            guards=(A_REVIEW_LACKS,),
            notify=("owner", "managers"),
            primary=False,
            source_note="R-04",
        ),
        Transition(
            Action.COMPLETE,
            N_("Everything is paid"),
            frozenset({State.SIGNED}),
            State.COMPLETED,
            Permission.CONTRACT_EDIT,
            automatic=True,
        ),
        Transition(
            Action.TERMINATE,
            N_("Void the contract"),
            BEFORE_SIGNED | {State.SIGNED, State.COMPLETED},
            State.TERMINATED,
            Permission.CONTRACT_EDIT,
            required=("voided_on", "void_reason"),
            guards=(BY_CANCELLATION,),
            primary=False,
            source_note="P17",
        ),
    ),
    deadlines=(
        Deadline(
            "DL-03",
            N_("Legal review of the contract"),
            starts=frozenset({State.LEGAL_REVIEW}),
            met_by=frozenset({State.LEGAL_RETURNED, State.READY_TO_SIGN}),
            cancelled_by=frozenset({State.SIGNED, State.TERMINATED}),
            setting="legal_review_wd",
        ),
    ),
    field_labels={
        "scope": N_("Scope of the works"),
        "amount": N_("Contract amount (yuan)"),
        "duration_days": N_("Duration (days)"),
        "designer": N_("Designer"),
        "store": N_("Store"),
        "draft": N_("Draft", CONTEXT),
        "quotation": N_("Quotation"),
        "submitted_by": N_("Handed in by"),
        "submitted_at": N_("Handed in at"),
        "approver": N_("Approved by", CONTEXT),
        "points": N_("Points that hold"),
        "opinion": N_("Opinion"),
        "what_changed": N_("What was changed"),
        "signed_on": N_("Signed on"),
        "signed_by_company": N_("Signed for the company by"),
        "signed_by_customer": N_("Signed for the customer by"),
        "copies": N_("Copies and who holds them"),
        "reason": N_("Reason"),
        "voided_on": N_("Voided on"),
        "void_reason": N_("Reason of voiding"),
    },
    forms=("F-32",),
)
