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

from sqlalchemy import func, null, select, true
from sqlalchemy.orm import Session

from portal import outbox
from portal.errors import DomainError, Invalid
from portal.i18n import N_
from portal.models.absence import Absence
from portal.models.approval import Approval, ApprovalStep
from portal.models.canned import CannedText
from portal.models.customer import Customer
from portal.models.event import EventKind
from portal.models.favourite import Favourite
from portal.models.org import User
from portal.models.repair import RepairOrder, RepairVisit
from portal.models.task import Follower, Task
from portal.models.task_type import TaskType
from portal.processes.approval import State as ApprovalState
from portal.services import absences, accounts, events, record_kinds, tasks

COLUMNS = {"owner_id": "owner", "captain_id": "captain", "inspector_id": "inspector"}
"""Columns of records that say whose they are, and what their change is called in the history."""
CUSTOMERS, TASKS, FAVOURITES, TEXTS, FOLLOWS, OTHERS = (
    "customers", "tasks", "favourites", "texts", "follows", "others",
)  # fmt: skip
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
    follows: tuple[tuple[type[Any], int], ...] = ()
    """Open records that the first colleague follows from now on."""
    stands_in: int = 0
    counts: dict[int, Counter[str]] = field(default_factory=dict)
    """Per colleague, how many of each kind."""

    @property
    def kinds(self) -> list[str]:
        """The kinds there is something of: customers, records by name, tasks, what else there is."""
        found = {kind for counted in self.counts.values() for kind in counted}
        records = [kind for kind in record_kinds.MODELS if kind in found and kind not in (CUSTOMERS, TASKS)]
        return [kind for kind in (CUSTOMERS, *records, TASKS, FAVOURITES, TEXTS, FOLLOWS, OTHERS) if kind in found]


def colleagues(session: Session, person: User) -> list[User]:
    """Who could take over: those who could stand in."""
    return absences.could_stand_in(session, person)


def plan(session: Session, person: User, to: Sequence[User]) -> Plan:
    """Who gets what; nothing is changed. Raises Invalid for colleagues who may not do the work, or none."""
    _check(session, person, to)
    moves = list(_moves(session, person, [each.id for each in to]))
    counts = {each.id: Counter(move.kind for move in moves if move.to_id == each.id) for each in to}
    follows = tuple(_followed(session, person, to[0]))
    if follows:
        counts[to[0].id][FOLLOWS] = len(follows)
    stands_in = (Absence.by_user_id == person.id, Absence.ended_at.is_(None))
    return Plan(tuple(moves), follows, session.scalar(select(func.count()).where(*stands_in)) or 0, counts)


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
    for model, record_id in found.follows:
        session.add(Follower(record_kind=model.KIND, record_id=record_id, user_id=to[0].id, since=at))
        record = session.get_one(model, record_id)
        events.record(session, EventKind.FOLLOW, action="follow", actor=actor, at=at, record=record, name=to[0].name)
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
                records=sum(counted[kind] for kind in record_kinds.MODELS if kind not in (CUSTOMERS, TASKS)),
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
    for row_id in session.scalars(
        select(CannedText.id).where(CannedText.owner_id == person.id).order_by(CannedText.id)
    ):
        yield Move(TEXTS, CannedText, "owner_id", row_id, to[0])
    for row_id in session.scalars(select(TaskType.id).where(TaskType.person_id == person.id).order_by(TaskType.id)):
        yield Move(OTHERS, TaskType, "person_id", row_id, to[0])
    steps = select(ApprovalStep.id).join(ApprovalStep.approval).where(Approval.state == ApprovalState.WAITING)
    steps = steps.where(ApprovalStep.user_id == person.id, ApprovalStep.decision.is_(None))
    for row_id in session.scalars(steps.order_by(ApprovalStep.id)):
        yield Move(OTHERS, ApprovalStep, "user_id", row_id, to[0])


def _open_records(person: User) -> Iterator[tuple[str, type[Any], str, Any]]:
    """The open records of each kind that say that they are the person's, by the columns that say so."""
    for kind, model in record_kinds.MODELS.items():
        if getattr(model, "PROCESS", None) is None:
            continue
        customer = model.customer_id if hasattr(model, "customer_id") else None
        for column in COLUMNS:
            if hasattr(model, column):
                query = select(model.id, null() if customer is None else customer)
                mine = getattr(model, column) == person.id
                yield kind, model, column, query.where(mine, _is_open(model)).order_by(model.id)


def _is_open(model: type[Any]) -> Any:
    process = getattr(model, "PROCESS", None)
    return true() if process is None else model.state.not_in([state.code for state in process.states if state.final])


def _followed(session: Session, person: User, to: User) -> Iterator[tuple[type[Any], int]]:
    """The open records the person follows and the colleague does not, but may see."""
    already = select(Follower.record_id).where(Follower.user_id == to.id)
    for kind, model in record_kinds.MODELS.items():
        mine = select(Follower.record_id).where(Follower.user_id == person.id, Follower.record_kind == kind)
        known = already.where(Follower.record_kind == kind)
        ids = session.scalars(select(model.id).where(model.id.in_(mine), model.id.not_in(known), _is_open(model))).all()
        if ids:
            seen = record_kinds.seen_among(session, to, model, ids, once_given=True)
            yield from ((model, record_id) for record_id in sorted(seen))


def _rows(session: Session, model: type[Any], ids: Sequence[int]) -> Iterator[Any]:
    for start in range(0, len(ids), BATCH):
        query = (
            select(model).where(model.id.in_(ids[start : start + BATCH])).order_by(model.id).with_for_update(of=model)
        )
        yield from session.scalars(query).unique()


def _give(session: Session, row: Any, column: str, person: User, to: User, actor: User, at: datetime) -> None:
    """One row to its new person, with what its history keeps."""
    if isinstance(row, Favourite):
        row.name, row.is_default = _free(session, row, "name", to, Favourite.kind == row.kind), False
    if isinstance(row, CannedText):
        row.title = _free(session, row, "title", to)
    if isinstance(row, Task):
        tasks.hand_over(session, row, person=to, role=row.role, at=at)
        if row.kind == "HAND":
            tasks.say(
                session, row, "task-handed-over", actor, at, before={"name": person.name, "role": None}, text=None
            )
        return
    setattr(row, column, to.id)
    session.flush()
    if column in COLUMNS and hasattr(row, "KIND") and not isinstance(row, RepairVisit):
        row.updated_at, row.updated_by_id = at, actor.id
        changes = {COLUMNS[column]: [person.name, to.name]}
        events.record(session, EventKind.CHANGE, actor=actor, at=at, record=row, action="handed-over", changes=changes)


def _free(session: Session, row: Favourite | CannedText, column: str, to: User, *same: Any) -> str:
    """What it is called by the colleague: a name that is taken there is counted on."""
    model = type(row)
    taken = set(session.scalars(select(getattr(model, column)).where(model.owner_id == to.id, *same)))
    wanted: str = getattr(row, column)
    name, number = wanted, 2
    while name in taken:
        ending = f" {number}"
        name, number = f"{wanted[: 40 - len(ending)]}{ending}", number + 1
    return name
