"""Rounds of calls for a holiday or an occasion (节日特色回访): how far each has come. Source: `domain.md` 4.28 F-30, 5.3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session, joinedload

from portal import visibility
from portal.i18n import _
from portal.models.follow_up import FollowUpCall
from portal.models.org import User
from portal.models.project import Project
from portal.processes.follow_up import CallStage, Overall
from portal.processes.follow_up_call import TALKED, WAITING, State

LATEST = 50
"""Rounds that are shown."""
MOST = 500
"""Calls of a round that are listed."""


@dataclass(frozen=True, slots=True)
class Round:
    """One occasion on one day, with its numbers of calls; those that were cancelled are not among the planned ones."""

    name: str
    on: date
    planned: int
    reached: int
    waiting: int
    unreachable: int
    discontent: int

    @property
    def notes(self) -> list[str]:
        """What is still to be done or was not well; nothing of it: all is done."""
        said = (
            (self.waiting, _("Still to be called: %(count)s", count=self.waiting)),
            (self.unreachable, _("Cannot be reached: %(count)s", count=self.unreachable)),
            (self.discontent, _("Fair or unsatisfied: %(count)s", count=self.discontent)),
        )
        return [words for number, words in said if number] or [_("All called")]


def rounds(session: Session, user: User) -> list[Round]:
    """The rounds of which the person sees calls, the latest first; only those calls are counted."""
    query = (
        select(
            FollowUpCall.remarks,
            FollowUpCall.expected_on,
            _count(FollowUpCall.state != State.CANCELLED),
            _count(FollowUpCall.state.in_(sorted(TALKED))),
            _count(FollowUpCall.state.in_(sorted(WAITING))),
            _count(FollowUpCall.state == State.UNREACHABLE),
            _count(FollowUpCall.overall.in_([Overall.FAIR, Overall.UNSATISFIED])),
        )
        .where(*_of_rounds(user))
        .group_by(FollowUpCall.remarks, FollowUpCall.expected_on)
        .order_by(FollowUpCall.expected_on.desc(), FollowUpCall.remarks)
        .limit(LATEST)
    )
    rows: Sequence[Any] = session.execute(query).all()
    return [Round(*row) for row in rows]


def calls_of(session: Session, user: User, name: str, on: date) -> Sequence[FollowUpCall]:
    """The calls of a round, in the order in which they were planned."""
    query = (
        select(FollowUpCall)
        .where(*_of_rounds(user), FollowUpCall.remarks == name, FollowUpCall.expected_on == on)
        .options(
            joinedload(FollowUpCall.customer),
            joinedload(FollowUpCall.owner),
            joinedload(FollowUpCall.project).joinedload(Project.property),
        )
        .order_by(FollowUpCall.id)
        .limit(MOST)
    )
    return session.scalars(query).all()


def _of_rounds(user: User) -> tuple[ColumnElement[bool], ...]:
    return (
        visibility.condition(user, FollowUpCall),
        FollowUpCall.stage == CallStage.SEASONAL,
        FollowUpCall.remarks.is_not(None),
        FollowUpCall.expected_on.is_not(None),
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))
