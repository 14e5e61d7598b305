"""What the reviewer writes at the bench: findings with place and mark, and whether earlier ones are corrected. Source: 3.5, 4.4."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.errors import DomainError, Invalid, NotFound
from portal.i18n import N_
from portal.models.attachment import Attachment
from portal.models.drawing_review import DeductionRule, DrawingReview, ReviewFinding
from portal.models.org import User
from portal.permissions import Permission, may
from portal.processes.drawing_review import State

MOST = 200
"""Findings of one review."""


@dataclass(frozen=True, slots=True)
class Details:
    """What is written of a finding; `count`: how often it is found."""

    count: int
    must_fix: bool
    place: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Where it is: page `page_no` of an attachment, x and y in thousandths of its width and height."""

    attachment: Attachment
    page_no: int
    x: int
    y: int


def may_judge(review: DrawingReview, user: User) -> bool:
    """Whether the person may write at the bench of this review now."""
    return may(user, Permission.REVIEW_DECIDE) and is_at_bench(review)


def is_at_bench(review: DrawingReview) -> bool:
    """Whether the review has a round that waits for its result."""
    return review.state in (State.SUBMITTED, State.SIGNED_WITHOUT_PASS) and review.is_round_open


def add(
    session: Session, review: DrawingReview, rule: DeductionRule, *, actor: User, at: datetime, mark: Mark | None = None
) -> ReviewFinding:
    """A finding by a line of the catalogue, once; the rest is written in its row. Raises DomainError off the bench."""
    _begin(review, actor, at)
    if not rule.is_active:
        raise Invalid({"q": N_("This line of the catalogue is no longer chosen.")})
    if len(review.findings) >= MOST:
        raise Invalid({"q": N_("A review holds at most 200 findings.")})
    finding = ReviewFinding(
        rule=rule, code=rule.code, title=rule.title, points_each=rule.points, count=1, must_fix=rule.must_fix,
        round_no=review.round_no,
    )  # fmt: skip
    review.findings.append(finding)
    if mark is not None:
        _put(finding, mark)
    session.flush()
    return finding


def write(
    session: Session, review: DrawingReview, finding: ReviewFinding, details: Details, *, actor: User, at: datetime
) -> None:
    """Write count, place and words of a finding of this round; of an earlier one nothing is changed."""
    _begin(review, actor, at)
    if finding.round_no != review.round_no:
        raise DomainError(N_("A finding of an earlier round is only said to be corrected or not."))
    finding.count, finding.must_fix = details.count, details.must_fix
    finding.place, finding.description = details.place, details.description
    session.flush()


def remove(session: Session, review: DrawingReview, finding: ReviewFinding, *, actor: User, at: datetime) -> None:
    """Take back a finding of this round."""
    _begin(review, actor, at)
    if finding.round_no != review.round_no:
        raise DomainError(N_("A finding of an earlier round is only said to be corrected or not."))
    review.findings.remove(finding)
    session.flush()


def judge(
    session: Session, review: DrawingReview, finding: ReviewFinding, *, is_fixed: bool, actor: User, at: datetime
) -> None:
    """Say of an earlier finding whether it is corrected in this round."""
    _begin(review, actor, at)
    if finding not in review.earlier_findings:
        raise DomainError(N_("This finding is of this round, or was corrected before."))
    finding.judged_in_round = review.round_no
    finding.fixed_in_round, finding.fixed_at = (review.round_no, at) if is_fixed else (None, None)
    session.flush()


def put_mark(
    session: Session, review: DrawingReview, finding: ReviewFinding, mark: Mark | None, *, actor: User, at: datetime
) -> None:
    """Pin a finding to a place on a paper or photo of the review, or take the pin away."""
    _begin(review, actor, at)
    if mark is None:
        finding.attachment, finding.page_no, finding.mark_x, finding.mark_y = None, None, None, None
    else:
        _put(finding, mark)
    session.flush()


def of(review: DrawingReview, finding_id: int) -> ReviewFinding:
    """A finding of this review. Raises NotFound."""
    for finding in review.findings:
        if finding.id == finding_id:
            return finding
    raise NotFound()


def numbered(review: DrawingReview) -> list[tuple[int, ReviewFinding]]:
    """The findings that count or are judged in this round with the number on their pin."""
    return [
        (number, finding)
        for number, finding in enumerate(review.findings, start=1)
        if finding.fixed_in_round is None or finding.fixed_in_round == review.round_no
    ]


def _put(finding: ReviewFinding, mark: Mark) -> None:
    review_id = finding.review.id
    if (mark.attachment.record_kind, mark.attachment.record_id) != (DrawingReview.KIND, review_id):
        raise NotFound()
    finding.attachment, finding.page_no = mark.attachment, mark.page_no
    finding.mark_x, finding.mark_y = mark.x, mark.y


def _begin(review: DrawingReview, actor: User, at: datetime) -> None:
    if not may_judge(review, actor):
        raise DomainError(N_("The round is decided; its findings are not changed any more."))
    review.updated_at, review.updated_by_id = at, actor.id
