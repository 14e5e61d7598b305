"""To whom a task on a record can be given, so that whoever has it also sees the record. Source: `domain.md` 7.1, 7.2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.errors import Invalid
from portal.i18n import N_
from portal.models.org import User
from portal.models.task import Task
from portal.permissions import Permission, Role, may
from portal.services import record_kinds

NOT_ALL = N_("Not everybody of the role %(role)s may see this record: name a person.")


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose turn it is: a person, or whoever of a role is first."""

    person: User | None = None
    role: Role | None = None


def candidates(session: Session, record: Any, actor: User) -> tuple[list[User], list[Role]]:
    """Who can be given a task here: people who see the record, and roles all of whose people do.

    Whoever may bring in reviewers and captains is offered those too whose role sees such records when given.
    """
    people = list(session.scalars(record_kinds.who_sees(record).order_by(User.name, User.id)))
    known = {person.id for person in people}
    everybody = _by_role(session, record)
    roles = [role for role in Role if (ids := everybody.get(role)) and ids <= known]
    if may(actor, Permission.FOLLOWER_ADD):
        people += record_kinds.who_could_be_given(session, record, actor)
    return people, roles


def refuse_strangers(session: Session, record: Any, whose: Whose, actor: User) -> None:
    """Only who may bring in somebody new gives a record to a person who does not see it yet. Raises Invalid."""
    if whose.person is None and whose.role is None:
        raise Invalid({"whose": N_("Choose whose turn it is.")})
    if may(actor, Permission.FOLLOWER_ADD):
        return
    if whose.person is not None and not record_kinds.sees(session, whose.person, record):
        raise Invalid({"whose": N_("%(name)s may not see this record.") % {"name": whose.person.name}})
    if whose.role is not None and not _all_see(session, record, whose.role):
        raise Invalid({"whose": NOT_ALL % {"role": str(whose.role.label)}})


def refuse_blind(session: Session, record: Any, task: Task) -> None:
    """With the task given, its people must see the record; what is never theirs to see is refused. Raises Invalid."""
    if task.person is not None and not record_kinds.sees(session, task.person, record):
        raise Invalid({"whose": N_("%(name)s may not see this record.") % {"name": task.person.name}})
    if task.person is None and task.role and not _all_see(session, record, Role(task.role)):
        raise Invalid({"whose": NOT_ALL % {"role": str(Role(task.role).label)}})


def can_have(session: Session, record: Any, whose: Whose) -> bool:
    """Whether the person, or everybody of the role, sees the record already."""
    if whose.person is not None:
        return record_kinds.sees(session, whose.person, record)
    return whose.role is not None and _all_see(session, record, whose.role)


def _all_see(session: Session, record: Any, role: Role) -> bool:
    people = _by_role(session, record).get(role, set())
    return bool(people) and people <= set(session.scalars(record_kinds.who_sees(record).with_only_columns(User.id)))


def _by_role(session: Session, record: Any) -> dict[str, set[int]]:
    """The people of each role in the branch of the record, who may sign in."""
    query = select(User.role, User.id).where(User.disabled_at.is_(None))
    if (branch_id := record_kinds.branch_of(record)) is not None:
        query = query.where(or_(User.branch_id.is_(None), User.branch_id == branch_id))
    found: dict[str, set[int]] = {}
    for role, number in session.execute(query):
        found.setdefault(role, set()).add(number)
    return found
