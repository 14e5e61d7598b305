"""Figures of drawing reviews: first-pass rates by designer and reviewer, what is found most. Source: `domain.md` 6.2, M-01 to M-05."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import case, distinct, func, select
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.models.drawing_review import DrawingReview, ReviewFinding, ReviewRound
from portal.models.org import Party, User
from portal.processes.drawing_review import Result


@dataclass(frozen=True, slots=True)
class Figures:
    """Round-1 results of a person in a period. Rates in percent with one decimal; None: 0/0."""

    person_id: int
    name: str
    decided: int
    passed: int
    average: Decimal | None
    """Mean of the scores of round 1 (M-03)."""
    most: str = ""
    """The line that was found most often."""

    @property
    def rate(self) -> float | None:
        """M-02: first-pass rate, a share of 1."""
        return self.passed / self.decided if self.decided else None


def month_of(day: date) -> tuple[datetime, datetime]:
    """The month of a day on the company's clocks: its beginning and the beginning of the next."""
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return clock.at_local(first), clock.at_local(following)


def by_designer(session: Session, user: User, start: datetime, end: datetime) -> list[Figures]:
    """Per designer, those with the lowest rate first, as far as the person sees the reviews."""
    found = _figures(session, user, start, end, Party, DrawingReview.designer_id)
    most = _found_most(session, user, start, end)
    return [
        Figures(each.person_id, each.name, each.decided, each.passed, each.average, most.get(each.person_id, ""))
        for each in found
    ]


def by_reviewer(session: Session, user: User, start: datetime, end: datetime) -> list[Figures]:
    """Per reviewer."""
    return _figures(session, user, start, end, User, ReviewRound.reviewer_id)


def of_reviewer(session: Session, user: User, start: datetime, end: datetime) -> Figures:
    """One's own figures."""
    own = [each for each in by_reviewer(session, user, start, end) if each.person_id == user.id]
    return own[0] if own else Figures(user.id, user.name, 0, 0, None)


def _figures(session: Session, user: User, start: datetime, end: datetime, model: Any, who: Any) -> list[Figures]:
    passed = func.sum(case((ReviewRound.result == Result.PASS, 1), else_=0))
    query = (
        select(model.id, model.name, func.count(), passed, func.avg(ReviewRound.score))
        .select_from(ReviewRound)
        .join(DrawingReview, DrawingReview.id == ReviewRound.review_id)
        .join(model, model.id == who)
        .where(visibility.condition(user, DrawingReview), *_first_rounds(start, end))
        .group_by(model.id, model.name)
    )
    rows = [
        Figures(
            key, name, count, int(good or 0), Decimal(str(mean)).quantize(Decimal("0.1")) if mean is not None else None
        )
        for key, name, count, good, mean in session.execute(query)
    ]
    return sorted(rows, key=lambda each: (each.rate or 0, -each.decided, each.name))


def _first_rounds(start: datetime, end: datetime) -> Sequence[Any]:
    return (ReviewRound.round_no == 1, ReviewRound.reviewed_at >= start, ReviewRound.reviewed_at < end)


def _found_most(session: Session, user: User, start: datetime, end: datetime) -> dict[int, str]:
    times = func.sum(ReviewFinding.count)
    query = (
        select(DrawingReview.designer_id, ReviewFinding.code, ReviewFinding.title, times)
        .select_from(ReviewFinding)
        .join(DrawingReview, DrawingReview.id == ReviewFinding.review_id)
        .join(ReviewRound, ReviewRound.review_id == DrawingReview.id)
        .where(visibility.condition(user, DrawingReview), *_first_rounds(start, end), ReviewFinding.round_no == 1)
        .group_by(DrawingReview.designer_id, ReviewFinding.code, ReviewFinding.title)
        .order_by(times.desc(), ReviewFinding.code)
    )
    most: dict[int, str] = {}
    for designer_id, code, title, count in session.execute(query):
        most.setdefault(designer_id, f"{code} {title} × {count}")
    return most


def submitted(session: Session, user: User, start: datetime, end: datetime) -> int:
    """M-01: reviews whose round 1 was submitted in the period."""
    query = (
        select(func.count(distinct(DrawingReview.id)))
        .join(ReviewRound, ReviewRound.review_id == DrawingReview.id)
        .where(visibility.condition(user, DrawingReview), ReviewRound.round_no == 1)
        .where(ReviewRound.submitted_at >= start, ReviewRound.submitted_at < end)
    )
    return session.scalar(query) or 0
