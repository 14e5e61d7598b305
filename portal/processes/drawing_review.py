"""P04 Drawing and quotation review: the customer signs only drawings and prices that are right.

Source: domain.md 4.4, 3.5, DL-04, R-01 to R-06.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition
from portal.terms import Term

CONTEXT = "drawing review"
FULL_SCORE = 100
FEN = Decimal("0.01")


class State(Term):
    """Where a drawing review stands."""

    SUBMITTED = "SUBMITTED", "To be reviewed"
    RETURNED = "RETURNED", "Returned to the store"
    PASSED = "PASSED", "Review passed"
    SIGNED = "SIGNED", "Signed after the pass"
    SIGNED_WITHOUT_PASS = "SIGNED_WITHOUT_PASS", "Signed without a pass"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"


class Action(StrEnum):
    """What can be done with a drawing review."""

    SUBMIT = "submit"
    PASS = "pass"
    RETURN = "return"
    ACKNOWLEDGE = "acknowledge"
    RESUBMIT = "resubmit"
    CHANGE = "change"
    SIGN = "sign"
    BYPASS = "bypass"
    COMPLETE = "complete"
    WITHDRAW = "withdraw"


class Result(Term):
    """What came out of a round."""

    PASS = "PASS", "Passed"
    RETURN = "RETURN", "Returned"


class Paper(Term):
    """What the designer hands in (3.5)."""

    PLAN = "PLAN", "Floor plan"
    ELEVATION = "ELEVATION", "Elevations"
    CEILING = "CEILING", "Ceiling plan"
    WATER_ELECTRIC = "WATER_ELECTRIC", "Water and electricity"
    QUOTATION = "QUOTATION", "Quotation"
    CONTRACT_DRAFT = "CONTRACT_DRAFT", "Draft of the contract"
    MATERIALS = "MATERIALS", "List of materials"


class CommissionBase(Term):
    """What the percentages of R-03 and R-04 are taken from (R-05)."""

    CONTRACT_AMOUNT = "CONTRACT_AMOUNT", "Contract amount"
    COMMISSION = "COMMISSION", "Commission"


class Lack(Term):
    """What a finding does not say yet of where it is (3.5)."""

    PLACE = "PLACE", "Place missing"
    MARK = "MARK", "Not marked on a page or photo"


OPEN = frozenset({State.SUBMITTED, State.RETURNED})
"""Not passed yet, and not signed."""


def score(points: Iterable[int]) -> int:
    """The score of a round: 100 less the points of the findings open in it, at least 0."""
    return max(0, FULL_SCORE - sum(points))


def lacks(finding: base.Facts) -> list[Lack]:
    """What a finding lacks before the designer can go to where it is: its place in words, and a mark on a page or photo."""
    said = {Lack.PLACE: bool(finding.place), Lack.MARK: bool(finding.is_marked)}
    return [lack for lack, is_there in said.items() if not is_there]


def lacking(review: base.Facts) -> list[tuple[base.Facts, list[Lack]]]:
    """The findings of the present round that lack something; those of earlier rounds keep what they have."""
    own = ((finding, lacks(finding)) for finding in review.findings if finding.round_no == review.round_no)
    return [(finding, found) for finding, found in own if found]


def passes(total: int, *, pass_score: int, has_open_must_fix: bool) -> bool:
    """Whether a round is passed: enough points, and nothing open that must be fixed."""
    return total >= pass_score and not has_open_must_fix


def deserves_warning(round_no: int, total: int, pass_score: int) -> bool:
    """R-01: one warning per review, taken from round 1."""
    return round_no == 1 and total < pass_score


def commission_base(amount: Decimal, base_of: str, commission_percent: Decimal) -> Decimal:
    """R-05: what the percentages of R-03 and R-04 are taken from, in yuan to the fen."""
    whole = amount if base_of == CommissionBase.CONTRACT_AMOUNT else amount * commission_percent / 100
    return whole.quantize(FEN, ROUND_HALF_UP)


NOT_SIGNED = Guard("not-signed", N_("the customer has not signed"), lambda review: not review.is_contract_signed)
LEAD_LOST = Guard(
    "lead-lost",
    N_("the lead is marked as lost on the customer's page"),
    lambda review: review.customer.kind != "LEAD",
)
SIGNED = Guard("signed", N_("the contract is signed"), lambda review: bool(review.is_contract_signed))
SIGNED_SOMEHOW = Guard(
    "signed-somehow",
    N_("the contract was signed"),
    lambda review: bool(review.is_contract_signed or review.signed_on),
    needs_input=True,
)
JUDGED = Guard(
    "judged",
    N_("it is said of every earlier finding whether it is corrected"),
    lambda review: not review.has_unjudged,
)
LOCATED = Guard(
    "located",
    N_("every finding of this round has its place, and is marked on a page or photo"),
    lambda review: not lacking(review),
)
GOOD_ENOUGH = Guard("score", N_("the score reaches the pass mark"), lambda review: review.score >= review.pass_score)
NOTHING_TO_FIX = Guard(
    "must-fix", N_("no finding that must be fixed is open"), lambda review: not review.has_open_must_fix
)
FAILED = Guard(
    "failed",
    N_("the score is below the pass mark, or a finding that must be fixed is open"),
    lambda review: not passes(review.score, pass_score=review.pass_score, has_open_must_fix=review.has_open_must_fix),
)
NOT_ACKNOWLEDGED = Guard(
    "not-acknowledged",
    N_("the design department has not signed for this round yet"),
    lambda review: not review.is_acknowledged,
)
UNDECIDED = Guard("undecided", N_("the round is not decided yet"), lambda review: bool(review.is_round_open))

PROCESS = Process(
    code="P04",
    kind="drawing-reviews",
    title=N_("Drawing and quotation review"),
    purpose=N_("The customer signs only drawings and prices that are right."),
    states=(
        base.State(State.SUBMITTED, State.SUBMITTED.label, N_("With the reviewer.", CONTEXT)),
        base.State(State.RETURNED, State.RETURNED.label, N_("Failed, with the store.", CONTEXT), main_line=False),
        base.State(State.PASSED, State.PASSED.label, N_("The customer may sign.", CONTEXT)),
        base.State(State.SIGNED, State.SIGNED.label, N_("The contract is signed.", CONTEXT), final=True),
        base.State(
            State.SIGNED_WITHOUT_PASS,
            State.SIGNED_WITHOUT_PASS.label,
            N_("Signed although it had not passed; the review is still completed.", CONTEXT),
            main_line=False,
        ),
        base.State(
            State.WITHDRAWN, State.WITHDRAWN.label, N_("The customer was lost.", CONTEXT), final=True, main_line=False
        ),
    ),
    transitions=(
        Transition(
            Action.SUBMIT,
            N_("Submit for review"),
            frozenset(),
            State.SUBMITTED,
            Permission.REVIEW_SUBMIT,
            required=("documents", "designer", "branch_manager", "store", "contract_amount", "submitted_at"),
            guards=(NOT_SIGNED,),
            notify=("reviewers",),
            happened_field="submitted_at",
            source_note="DL-04",
        ),
        Transition(
            Action.PASS,
            N_("Passed", CONTEXT),
            frozenset({State.SUBMITTED}),
            State.PASSED,
            Permission.REVIEW_DECIDE,
            required=("score",),
            optional=("opinion",),
            guards=(JUDGED, LOCATED, GOOD_ENOUGH, NOTHING_TO_FIX),
            notify=("customer_owner",),
            source_note="DL-04, R-03",
        ),
        Transition(
            Action.RETURN,
            N_("Return to the store"),
            frozenset({State.SUBMITTED}),
            State.RETURNED,
            Permission.REVIEW_DECIDE,
            required=("score", "opinion"),
            guards=(JUDGED, LOCATED, FAILED),
            notify=("customer_owner",),
            source_note="DL-04, R-01, R-02, R-03",
        ),
        Transition(
            Action.RESUBMIT,
            N_("Submit again"),
            frozenset({State.RETURNED}),
            State.SUBMITTED,
            Permission.REVIEW_SUBMIT,
            required=("documents", "submitted_at"),
            optional=("corrected",),
            notify=("reviewers",),
            happened_field="submitted_at",
            source_note="DL-04",
        ),
        Transition(
            Action.ACKNOWLEDGE,
            N_("The design department signed for it"),
            frozenset({State.RETURNED}),
            State.RETURNED,
            Permission.REVIEW_SUBMIT,
            required=("acknowledged_by", "acknowledged_at"),
            guards=(NOT_ACKNOWLEDGED,),
            happened_field="acknowledged_at",
            on_behalf=True,
            primary=False,
        ),
        Transition(
            Action.SIGN,
            N_("The contract is signed", CONTEXT),
            frozenset({State.PASSED}),
            State.SIGNED,
            Permission.CONTRACT_EDIT,
            required=("contract",),
            guards=(SIGNED,),
        ),
        Transition(
            Action.CHANGE,
            N_("Drawings or price changed: review anew"),
            frozenset({State.PASSED}),
            State.SUBMITTED,
            Permission.REVIEW_SUBMIT,
            required=("documents", "what_changed", "submitted_at"),
            optional=("contract_amount",),
            guards=(NOT_SIGNED,),
            notify=("reviewers",),
            primary=False,
            happened_field="submitted_at",
            source_note="R-06, DL-04",
        ),
        Transition(
            Action.BYPASS,
            N_("Was signed without a pass"),
            frozenset({State.SUBMITTED, State.RETURNED}),
            State.SIGNED_WITHOUT_PASS,
            Permission.REVIEW_BYPASS,
            required=("signed_on",),
            guards=(SIGNED_SOMEHOW,),
            notify=("managers", "customer_owner"),
            primary=False,
            source_note="R-04",
        ),
        Transition(
            Action.COMPLETE,
            N_("Complete the review for the record"),
            frozenset({State.SIGNED_WITHOUT_PASS}),
            State.SIGNED_WITHOUT_PASS,
            Permission.REVIEW_DECIDE,
            required=("score", "opinion"),
            guards=(UNDECIDED, JUDGED, LOCATED),
            source_note="DL-04",
        ),
        Transition(
            Action.WITHDRAW,
            N_("Withdraw, the customer is lost"),
            frozenset({State.SUBMITTED, State.RETURNED, State.PASSED}),
            State.WITHDRAWN,
            Permission.REVIEW_WITHDRAW,
            required=("reason",),
            guards=(NOT_SIGNED, LEAD_LOST),
            notify=("reviewers",),
            primary=False,
        ),
    ),
    deadlines=(
        Deadline(
            "DL-04",
            N_("Review drawings and quotation"),
            starts=frozenset({State.SUBMITTED}),
            met_by=frozenset({State.PASSED, State.RETURNED, State.SIGNED_WITHOUT_PASS}),
            not_met_by=frozenset({Action.BYPASS}),
            cancelled_by=frozenset({State.WITHDRAWN}),
            setting="drawing_review_hours",
        ),
    ),
    field_labels={
        "documents": N_("Papers handed in"),
        "designer": N_("Designer"),
        "branch_manager": N_("Design branch manager"),
        "store": N_("Store"),
        "contract_amount": N_("Amount to be signed (yuan)"),
        "submitted_at": N_("Submitted at", CONTEXT),
        "score": N_("Score"),
        "opinion": N_("Opinion"),
        "corrected": N_("Corrected, as the designer says"),
        "acknowledged_by": N_("Signed for by"),
        "acknowledged_at": N_("Signed for at"),
        "contract": N_("Contract"),
        "what_changed": N_("What was changed"),
        "signed_on": N_("Signed on"),
        "reason": N_("Reason"),
    },
    forms=("F-01", "F-03"),
)
