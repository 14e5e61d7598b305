"""Who gets what nobody owns yet. Source: `domain.md` 4.1 (specialist on duty), 3.1 (owner)."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.models.customer import Customer
from portal.models.org import User
from portal.permissions import Role


def owner_for(session: Session, *, customer: Customer | None, actor: User | None, branch_id: int | None) -> User | None:
    """The specialist who takes a new case: the customer's own, the actor, the one on duty, a lead, any. None: nobody."""
    if customer is not None and customer.owner is not None and customer.owner.is_active:
        return customer.owner
    if actor is not None and actor.role == Role.SPECIALIST:
        return actor
    return next(iter(specialists(session, branch_id)), None)


def specialists(session: Session, branch_id: int | None) -> list[User]:
    """The active specialists who see a branch, those who are there first, then those on duty, then leads."""
    query = (
        select(User)
        .where(User.role == Role.SPECIALIST, User.disabled_at.is_(None))
        .order_by(User.stand_in_id.is_not(None), User.is_on_duty.desc(), User.is_lead.desc(), User.id)
    )
    if branch_id is not None:
        query = query.where(or_(User.branch_id.is_(None), User.branch_id == branch_id))
    return list(session.scalars(query))


def managers(session: Session, branch_id: int | None) -> list[User]:
    """The active managers who see a branch."""
    query = select(User).where(User.role == Role.MANAGER, User.disabled_at.is_(None)).order_by(User.id)
    if branch_id is not None:
        query = query.where(or_(User.branch_id.is_(None), User.branch_id == branch_id))
    return list(session.scalars(query))


def reviewer_for(session: Session, *, actor: User, branch_id: int | None) -> User | None:
    """The reviewer who takes a new drawing review: the actor, or the only one who sees the branch. None: any of them."""
    if actor.role == Role.REVIEWER:
        return actor
    query = select(User).where(User.role == Role.REVIEWER, User.disabled_at.is_(None))
    if branch_id is not None:
        query = query.where(or_(User.branch_id.is_(None), User.branch_id == branch_id))
    found = session.scalars(query.limit(2)).all()
    return found[0] if len(found) == 1 else None
