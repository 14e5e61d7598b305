"""Steps of a repair that were taken by mistake: assigned, begun, answered. What was filled in is empty again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from portal.models.org import User
from portal.models.repair import RepairOrder
from portal.processes.repair import Action
from portal.services import way_back
from portal.services.repairs import visits
from portal.services.repairs.reminders import INTERIM_CALL, no_more


def take_back(session: Session, order: RepairOrder, action: str, *, actor: User, at: datetime) -> None:
    """Put the repair where it stood before the step. Raises DomainError that says why it stays."""
    way_back.take_back(session, order, action, actor=actor, at=at)
    EMPTIED[Action(action)](session, order, actor, at)
    session.flush()


def _unassigned(session: Session, order: RepairOrder, _actor: User, _at: datetime) -> None:
    order.captain = order.executor = order.told_at = order.overlap_reason = order.photo_rules = None
    order.checks.clear()
    visits.called_off(order)
    session.flush()
    session.expire(order, ["appointment_at"])


def _not_begun(session: Session, order: RepairOrder, actor: User, at: datetime) -> None:
    no_more(session, order, INTERIM_CALL, actor, at)


def _not_answered(session: Session, order: RepairOrder, actor: User, at: datetime) -> None:
    order.quote_accepted = order.quote_answered_at = order.quote_note = None
    no_more(session, order, INTERIM_CALL, actor, at)


EMPTIED: dict[Action, Callable[[Session, RepairOrder, User, datetime], None]] = {
    Action.ASSIGN: _unassigned, Action.START: _not_begun, Action.ACCEPT: _not_answered,
}  # fmt: skip
"""The steps that can be taken back, and what is emptied with them."""
