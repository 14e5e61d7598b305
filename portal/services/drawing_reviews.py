"""P04 drawing reviews: submitted, judged round by round, passed or signed without a pass. Rules: `processes/drawing_review.py`.

Source: `domain.md` 4.4, 3.5, DL-04, R-01 to R-06. What is found at the bench: `review_findings.py`; penalties: `review_penalties.py`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal import clock, settings, visibility
from portal.errors import Invalid
from portal.i18n import N_, _
from portal.models.contract import Contract
from portal.models.customer import Customer, Property
from portal.models.drawing_review import DrawingReview, ReviewRound
from portal.models.org import Branch, Party, PartyKind, User
from portal.processes import drawing_review as rules
from portal.processes.contract import SIGNED_STATES
from portal.processes.drawing_review import Action, Paper, Result, State
from portal.services import assignment, numbering, review_penalties, steps
from portal.services.fields import Field, link, money, stamp, term

L = rules.PROCESS.field_labels
FIELDS: dict[str, Field] = {
    "state": term(N_("State"), State),
    "home_id": link(N_("Property"), Property),
    "contract_id": link(N_("Contract"), Contract),
    "designer_id": link(L["designer"], Party),
    "branch_manager_id": link(L["branch_manager"], Party),
    "store_id": link(L["store"], Branch),
    "contract_amount": money(L["contract_amount"]),
    "round_no": Field(N_("Round", "review")),
    "pass_score": Field(N_("Pass mark")),
    "owner_id": link(N_("Reviewer", "record"), User),
    "submitted_at": Field(L["submitted_at"]),
    "signed_on": Field(L["signed_on"]),
    "reason": Field(L["reason"]),
}


def visible_to(user: User) -> Select[DrawingReview]:
    """The drawing reviews that exist for the person."""
    return visibility.visible_to(user, DrawingReview)


@dataclass(frozen=True, slots=True)
class SubmitReview:
    """What the designer hands in before the customer signs; the amount in yuan as it is to be signed."""

    documents: tuple[str, ...]
    designer: Party | None
    branch_manager: Party | None
    store: Branch | None
    contract_amount: Decimal | None
    submitted_at: datetime
    home: Property | None = None
    contract: Contract | None = None


@dataclass(frozen=True, slots=True)
class Resubmit:
    """Corrected papers; `corrected` names the findings that the designer says are put right."""

    documents: tuple[str, ...]
    submitted_at: datetime
    corrected: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeAfterPass:
    """Drawings or price were changed after the pass (R-06); a new amount in yuan where it changed."""

    documents: tuple[str, ...]
    what_changed: str | None
    submitted_at: datetime
    contract_amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Decide:
    """The reviewer's word on a round. `opinion` is needed for a return."""

    opinion: str | None = None


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Who of the design department signed for a return, and when; the scan is an attachment of the review."""

    acknowledged_by: Party | None
    acknowledged_at: datetime
    scan_id: int | None = None


@dataclass(frozen=True, slots=True)
class Bypass:
    """The day on which it was signed although it had not passed."""

    signed_on: date | None


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The customer is lost."""

    reason: str


def submit(session: Session, customer: Customer, command: SubmitReview, *, actor: User, at: datetime) -> DrawingReview:
    """Hand drawings, quotation and draft in: round 1, DL-04 starts. Raises Invalid by field, ConditionsMissing."""
    _check_people(command)
    _check_papers(command.documents)
    entered = steps.entered_of(command)
    steps.check_permission(actor, rules.PROCESS.transition(None, Action.SUBMIT))
    branch_id = command.store.id if command.store else customer.branch_id
    review = DrawingReview(
        number=numbering.next_number(session, DrawingReview.PREFIX, at),
        customer=customer,
        home=command.home,
        contract=command.contract,
        branch_id=branch_id,
        designer=command.designer,
        branch_manager=command.branch_manager,
        contract_amount=command.contract_amount,
        owner=assignment.reviewer_for(session, actor=actor, branch_id=branch_id),
        round_no=1,
        pass_score=settings.get(session, "review_pass_score"),
        submitted_at=command.submitted_at,
    )
    review.rounds.append(_round(review, command.documents, command.submitted_at))
    stamp(review, actor=actor, at=at)
    session.add(review)
    steps.begin(
        session, review, Action.SUBMIT, actor=actor, at=at, entered=entered | {"documents": _said(command.documents)}
    )
    return review


def resubmit(session: Session, review: DrawingReview, command: Resubmit, *, actor: User, at: datetime) -> None:
    """The corrected papers come back: the next round, a new DL-04. Open findings go on into it."""
    for finding in review.open_findings:
        finding.claimed_in_round = review.round_no + 1 if finding.id in command.corrected else None
    said = {"corrected": "、".join(finding.code for finding in review.findings if finding.id in command.corrected)}
    _next_round(session, review, Action.RESUBMIT, command, said, None, actor, at)


def change(session: Session, review: DrawingReview, command: ChangeAfterPass, *, actor: User, at: datetime) -> None:
    """R-06: drawings or price changed after the pass and before signing; the review begins a new round."""
    if command.contract_amount is not None:
        review.contract_amount = command.contract_amount
    said = {"what_changed": command.what_changed, "contract_amount": command.contract_amount}
    _next_round(session, review, Action.CHANGE, command, said, command.what_changed, actor, at)


def pass_(session: Session, review: DrawingReview, command: Decide, *, actor: User, at: datetime) -> None:
    """The customer may sign. R-03 is looked at: a small finding of an earlier round may still be open."""
    _decide(session, review, Action.PASS, Result.PASS, command, actor, at)


def return_(session: Session, review: DrawingReview, command: Decide, *, actor: User, at: datetime) -> None:
    """Back to the store with the findings; R-01 and R-03 are looked at and proposed."""
    _decide(session, review, Action.RETURN, Result.RETURN, command, actor, at)


def complete(session: Session, review: DrawingReview, command: Decide, *, actor: User, at: datetime) -> None:
    """Complete a review for the record whose contract was signed before it was decided."""
    good = rules.passes(review.score, pass_score=review.pass_score, has_open_must_fix=review.has_open_must_fix)
    _decide(session, review, Action.COMPLETE, Result.PASS if good else Result.RETURN, command, actor, at)


def acknowledge(session: Session, review: DrawingReview, command: Acknowledge, *, actor: User, at: datetime) -> None:
    """The design department signs for a return (设计部签收)."""
    entered = {"acknowledged_by": command.acknowledged_by, "acknowledged_at": command.acknowledged_at}
    steps.advance(
        session, review, Action.ACKNOWLEDGE, actor=actor, at=at, entered=entered, said=steps.said_of(entered),
        acted_by=command.acknowledged_by,
    )  # fmt: skip
    current = review.current
    current.acknowledged_by, current.acknowledged_at = command.acknowledged_by, command.acknowledged_at
    current.acknowledgement_id = command.scan_id


def sign(session: Session, review: DrawingReview, *, actor: User, at: datetime) -> None:
    """The contract was signed after the pass."""
    contract = review.contract
    entered = {"contract": contract}
    review.signed_on = contract.signed_on if contract is not None else None
    steps.advance(session, review, Action.SIGN, actor=actor, at=at, entered=entered, said=steps.said_of(entered))


def bypass(session: Session, review: DrawingReview, command: Bypass, *, actor: User, at: datetime) -> None:
    """Register that it was signed without a pass: R-04 for designer and branch manager, instead of R-03 of the round."""
    if command.signed_on and command.signed_on > clock.today(at):
        raise Invalid({"signed_on": N_("This day is still to come.")})
    review.signed_on = command.signed_on
    review.contract = review.contract or _signed_contract(session, review.customer_id)
    if review.contract is not None and review.contract.bypass_reason is None:
        review.contract.bypass_reason = _("Its drawing review had not passed")
    entered = steps.entered_of(command)
    steps.advance(session, review, Action.BYPASS, actor=actor, at=at, entered=entered)
    session.flush()
    review_penalties.for_bypass(session, review, actor=actor, at=at)


def withdraw(session: Session, review: DrawingReview, command: Withdraw, *, actor: User, at: datetime) -> None:
    """The customer is lost; DL-04 stops."""
    review.reason = command.reason
    steps.advance(session, review, Action.WITHDRAW, actor=actor, at=at, entered=steps.entered_of(command))


def of_customer(session: Session, customer_id: int, *, free: bool = False) -> list[DrawingReview]:
    """The reviews of a customer that were not withdrawn, newest last; `free`: those of no contract yet."""
    query = select(DrawingReview).where(
        DrawingReview.customer_id == customer_id, DrawingReview.state != State.WITHDRAWN
    )
    if free:
        query = query.where(DrawingReview.contract_id.is_(None))
    return list(session.scalars(query.order_by(DrawingReview.id)))


# ---------- Parts ----------


def _signed_contract(session: Session, customer_id: int) -> Contract | None:
    """The signed contract of a customer that no review belongs to, where there is exactly one."""
    query = select(Contract).where(
        Contract.customer_id == customer_id,
        Contract.state.in_(sorted(SIGNED_STATES)),
        Contract.id.not_in(select(DrawingReview.contract_id).where(DrawingReview.contract_id.is_not(None))),
    )
    found = session.scalars(query.limit(2)).all()
    return found[0] if len(found) == 1 else None


def _round(review: DrawingReview, documents: Collection[str], at: datetime, what: str | None = None) -> ReviewRound:
    return ReviewRound(
        round_no=review.round_no,
        submitted_at=at,
        documents=list(documents),
        what_changed=what,
        pass_score=review.pass_score,
    )


def _next_round(
    session: Session,
    review: DrawingReview,
    action: str,
    command: Any,
    said: dict[str, Any],
    what: str | None,
    actor: User,
    at: datetime,
) -> None:
    _check_papers(command.documents)
    if command.submitted_at < (review.current.reviewed_at or review.submitted_at):
        raise Invalid({"submitted_at": N_("This lies before the last round was decided.")})
    entered = {"documents": _said(command.documents), "submitted_at": command.submitted_at} | said
    review.round_no += 1
    session.flush()
    steps.advance(
        session, review, action, actor=actor, at=at, entered=entered, said=steps.said_of(entered),
        round_no=review.round_no,
    )  # fmt: skip
    review.pass_score = settings.get(session, "review_pass_score")
    review.submitted_at = command.submitted_at
    review.rounds.append(_round(review, command.documents, command.submitted_at, what))
    session.flush()


def _decide(
    session: Session, review: DrawingReview, action: str, result: Result, command: Decide, actor: User, at: datetime
) -> None:
    total = review.score
    entered = {"score": total, "opinion": command.opinion}
    said = entered | {"findings": "、".join(f"{each.code}×{each.count}" for each in review.open_findings)}
    steps.advance(session, review, action, actor=actor, at=at, entered=entered, said=steps.said_of(said))
    current = review.current
    current.score, current.result, current.reviewed_at = total, result, at
    current.opinion, current.reviewer = command.opinion, actor
    review.owner = review.owner or actor
    if review.round_no == 1:
        review.first_result = result
    session.flush()
    review_penalties.for_result(session, review, actor=actor, at=at)


def _said(documents: Collection[str]) -> str:
    return "、".join(Paper.show(code) for code in documents)


def _check_papers(documents: Collection[str]) -> None:
    if unknown := set(documents) - {paper.value for paper in Paper}:
        raise Invalid({"documents": N_("There is no such paper: %(name)s.") % {"name": sorted(unknown)[0]}})


def _check_people(command: SubmitReview) -> None:
    problems = {}
    if command.designer is not None and command.designer.kind != PartyKind.DESIGNER:
        problems["designer"] = N_("Choose a designer.")
    if command.branch_manager is not None and command.branch_manager.kind != PartyKind.BRANCH_MANAGER:
        problems["branch_manager"] = N_("Choose the design branch manager.")
    if problems:
        raise Invalid(problems)
