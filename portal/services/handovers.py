"""Somebody leaves the company: what is open goes to colleagues for good, and the account is closed.

Everything of one customer goes to the same colleague; customers are shared out in turn. What is closed stays with whoever did it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle
from typing import Any

from sqlalchemy import func, null, select
from sqlalchemy.orm import Session

from portal import outbox
from portal.errors import DomainError, Invalid
from portal.i18n import N_
from portal.models.absence import Absence
from portal.models.approval import Approval, ApprovalStep
from portal.models.customer import Customer
from portal.models.event import EventKind
from portal.models.favourite import Favourite
from portal.models.org import User
from portal.models.repair import RepairOrder, RepairVisit
from portal.models.task import Task
from portal.models.task_type import TaskType
from portal.processes.approval import State as ApprovalState
from portal.services import absences, accounts, events, record_kinds, tasks

COLUMNS = {"owner_id": "owner", "captain_id": "captain", "inspector_id": "inspector"}
"""Columns of records that say whose they are, and what their change is called in the history."""
CUSTOMERS, TASKS, FAVOURITES, OTHERS = "customers", "tasks", "favourites", "others"
BATCH = 400


@dataclass(frozen=True, slots=True)
class Move:
    """One row that goes to somebody. `kind`: as the preview counts it."""

    kind: str
    model: type[Any]
    column: str
    row_id: int
    to_id: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What would move. `stands_in`: leaves of others in which the person stands in, and which need somebody else."""

    moves: tuple[Move, ...]
    stands_in: int = 0
    counts: dict[int, Counter[str]] = field(default_factory=dict)
    """Per colleague, how many of each kind."""

    @property
    def kinds(self) -> list[str]:
        """The kinds there is something of: customers, records by name, tasks, what else there is."""
        found = {move.kind for move in self.moves}
        records = [kind for kind in record_kinds.MODELS if kind in found and kind not in (CUSTOMERS, TASKS)]
        return [kind for kind in (CUSTOMERS, *records, TASKS, FAVOURITES, OTHERS) if kind in found]


def colleagues(session: Session, person: User) -> list[User]:
    """Who could take over: those who could stand in."""
    return absences.could_stand_in(session, person)


def plan(session: Session, person: User, to: Sequence[User]) -> Plan:
    """Who gets what; nothing is changed. Raises Invalid for colleagues who may not do the work, or none."""
    _check(session, person, to)
    moves = list(_moves(session, person, [each.id for each in to]))
    counts = {each.id: Counter(move.kind for move in moves if move.to_id == each.id) for each in to}
    stands_in = (Absence.by_user_id == person.id, Absence.ended_at.is_(None))
    return Plan(tuple(moves), session.scalar(select(func.count()).where(*stands_in)) or 0, counts)


def carry_out(session: Session, person: User, to: Sequence[User], *, actor: User, at: datetime) -> Plan:
    """Move everything that is open and close the account, in one transaction. Raises Invalid, DomainError."""
    if person.id == actor.id:
        raise DomainError(N_("Nobody hands over and closes the own account; ask another manager."))
    found = plan(session, person, to)
    names = {each.id: each for each in to}
    groups: dict[tuple[type[Any], str], dict[int, int]] = {}
    for move in found.moves:
        groups.setdefault((move.model, move.column), {})[move.row_id] = move.to_id
    for (model, column), receivers in groups.items():
        for row in _rows(session, model, sorted(receivers)):
            _give(session, row, column, person, names[receivers[row.id]], actor, at)
    session.flush()
    for absence in session.scalars(select(Absence).where(Absence.user_id == person.id, Absence.ended_at.is_(None))):
        absence.ended_at = at
    said = {each.name: dict(found.counts[each.id]) for each in to}
    events.record(session, EventKind.ACCOUNT, at=at, actor=actor, record=person, action="HANDED_OVER", to=said)
    accounts.disable(session, person, actor=actor, at=at)
    absences.settle(session, at)
    for each in to:
        counted = found.counts[each.id]
        if each.id != actor.id and counted:
            outbox.post(
                session, "notify_handover", key=f"handover:{person.id}:{at.isoformat()}:{each.id}", at=at,
                person_id=person.id, to_id=each.id, customers=counted[CUSTOMERS], tasks=counted[TASKS],
                records=sum(counted.values()) - counted[CUSTOMERS] - counted[TASKS] - counted[FAVOURITES] - counted[OTHERS],
            )  # fmt: skip
    return found


# ---------- Parts ----------


def _check(session: Session, person: User, to: Sequence[User]) -> None:
    if not to:
        raise Invalid({"to": N_("Choose who takes over.")})
    fit = {each.id for each in colleagues(session, person)}
    for each in to:
        if each.id not in fit:
            raise Invalid({"to": N_("%(name)s may not do this work.") % {"name": each.name}})


def _moves(session: Session, person: User, to: Sequence[int]) -> Iterator[Move]:
    turn = cycle(to)
    of_customer: dict[int, int] = {}
    of_record: dict[tuple[str, int], int] = {}

    def receiver(customer_id: int | None) -> int:
        if customer_id is None:
            return next(turn)
        if customer_id not in of_customer:
            of_customer[customer_id] = next(turn)
        return of_customer[customer_id]

    owned = select(Customer.id).where(Customer.owner_id == person.id, Customer.merged_into_id.is_(None))
    for row_id in session.scalars(owned.order_by(Customer.id)):
        yield Move(CUSTOMERS, Customer, "owner_id", row_id, receiver(row_id))
    for kind, model, column, query in _open_records(person):
        for row_id, customer_id in session.execute(query):
            to_id = of_record.setdefault((kind, row_id), receiver(customer_id))
            yield Move(kind, model, column, row_id, to_id)
    visits = select(RepairVisit.id, RepairVisit.order_id, RepairOrder.customer_id).join(RepairVisit.order)
    planned = (RepairVisit.captain_id == person.id, RepairVisit.came_at.is_(None))
    for row_id, order_id, customer_id in session.execute(visits.where(*planned).order_by(RepairVisit.id)):
        to_id = of_record.get((RepairOrder.KIND, order_id)) or receiver(customer_id)
        yield Move(OTHERS, RepairVisit, "captain_id", row_id, to_id)
    due = select(Task.id, Task.record_kind, Task.record_id, Task.customer_id)
    due = due.where(Task.person_id == person.id, Task.closed_at.is_(None)).order_by(Task.id)
    for row_id, record_kind, record_id, customer_id in session.execute(due):
        yield Move(TASKS, Task, "person_id", row_id, of_record.get((record_kind, record_id)) or receiver(customer_id))
    for row_id in session.scalars(select(Favourite.id).where(Favourite.owner_id == person.id).order_by(Favourite.id)):
        yield Move(FAVOURITES, Favourite, "owner_id", row_id, to[0])
    for row_id in session.scalars(select(TaskType.id).where(TaskType.person_id == person.id).order_by(TaskType.id)):
        yield Move(OTHERS, TaskType, "person_id", row_id, to[0])
    steps = select(ApprovalStep.id).join(ApprovalStep.approval).where(Approval.state == ApprovalState.WAITING)
    steps = steps.where(ApprovalStep.user_id == person.id, ApprovalStep.decision.is_(None))
    for row_id in session.scalars(steps.order_by(ApprovalStep.id)):
        yield Move(OTHERS, ApprovalStep, "user_id", row_id, to[0])


def _open_records(person: User) -> Iterator[tuple[str, type[Any], str, Any]]:
    """The open records of each kind that say that they are the person's, by the columns that say so."""
    for kind, model in record_kinds.MODELS.items():
        process = getattr(model, "PROCESS", None)
        if process is None:
            continue
        final = [state.code for state in process.states if state.final]
        customer = model.customer_id if hasattr(model, "customer_id") else None
        for column in COLUMNS:
            if hasattr(model, column):
                query = select(model.id, null() if customer is None else customer)
                mine = getattr(model, column) == person.id
                yield kind, model, column, query.where(mine, model.state.not_in(final)).order_by(model.id)


def _rows(session: Session, model: type[Any], ids: Sequence[int]) -> Iterator[Any]:
    for start in range(0, len(ids), BATCH):
        query = (
            select(model).where(model.id.in_(ids[start : start + BATCH])).order_by(model.id).with_for_update(of=model)
        )
        yield from session.scalars(query).unique()


def _give(session: Session, row: Any, column: str, person: User, to: User, actor: User, at: datetime) -> None:
    """One row to its new person, with what its history keeps."""
    if isinstance(row, Favourite):
        _give_favourite(session, row, to)
        return
    if isinstance(row, Task):
        tasks.hand_over(session, row, person=to, role=row.role, at=at)
        if row.kind == "HAND":
            tasks.say(
                session, row, "task-handed-over", actor, at, before={"name": person.name, "role": None}, text=None
            )
        return
    setattr(row, column, to.id)
    if column in COLUMNS and hasattr(row, "KIND") and not isinstance(row, RepairVisit):
        row.updated_at, row.updated_by_id = at, actor.id
        changes = {COLUMNS[column]: [person.name, to.name]}
        events.record(session, EventKind.CHANGE, actor=actor, at=at, record=row, action="handed-over", changes=changes)


def _give_favourite(session: Session, favourite: Favourite, to: User) -> None:
    """A name that the colleague has already is counted on; what the colleague's lists open with stays."""
    same = (Favourite.owner_id == to.id, Favourite.kind == favourite.kind)
    taken = set(session.scalars(select(Favourite.name).where(*same)))
    name, number = favourite.name, 2
    while name in taken:
        ending = f" {number}"
        name, number = f"{favourite.name[: 40 - len(ending)]}{ending}", number + 1
    favourite.name, favourite.owner_id, favourite.is_default = name, to.id, False
    session.flush()
