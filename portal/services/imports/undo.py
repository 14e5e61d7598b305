"""Taking an import back: first what would go and what must stay, then doing it.

A record that somebody changed or worked on since stays, and so does everything it stands on. What was filled into
records that were there before is emptied again, unless it was changed since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.db import Base, UtcDateTime
from portal.i18n import N_, Text
from portal.models.attachment import Attachment
from portal.models.complaint import Complaint
from portal.models.consultation import Consultation
from portal.models.contract import Contract, Payment, Quotation
from portal.models.customer import Customer, Property
from portal.models.document import Document
from portal.models.event import Event, EventKind
from portal.models.importing import ImportedRecord, ImportRun
from portal.models.org import Branch, Crew, Party, User
from portal.models.project import Project
from portal.models.repair import RepairOrder, WarrantyCertificate
from portal.models.task import Follower, Task
from portal.services import contracts, events, penalties
from portal.services.imports.known import batches
from portal.services.tasks import RecordRef

MODELS: dict[str, type[Any]] = {
    "payments": Payment,
    "tasks": Task,
    **{
        model.KIND: model
        for model in (
            RepairOrder, WarrantyCertificate, Consultation, Complaint, Quotation, Contract, Project, Property, Customer, Crew, Party, User, Branch,
        )
    },
}  # fmt: skip
"""What a run may make or change, in the order in which it can be removed."""
KINDS = {model: kind for kind, model in MODELS.items()}
PARTS = {"complaint_department", "complaint_round", "payment_term", "repair_cost", "warranty_term"}
"""Tables whose rows were made with their record and go with it."""
HARMLESS = (EventKind.VIEW, EventKind.EXPORT)
"""Looking at a record is not working on it."""

CHANGED: Text = N_("It was changed or worked on since.")
NEEDED: Text = N_("Other records need it.")
GONE: Text = N_("It is gone already.")
TAKEN_BACK: Text = N_("The import that brought the contract was taken back.")
OTHER_VALUE: Text = N_("The value was changed since.")

Key = tuple[str, int]


def kind_of(record: Any) -> str:
    """The plural name of a record that a run made or changed."""
    return KINDS[type(record)]


def number_of(record: Any) -> str:
    """What people call the record by."""
    for name in ("number", "username", "receipt_no", "record_number", "name"):
        if text := getattr(record, name, None):
            return str(text)[:40]
    return str(record.id)


def told_at(record: Any) -> Any:
    """The record whose history tells of it: payments stand in that of their contract, tasks in that of their record."""
    if isinstance(record, Payment):
        return record.contract
    if isinstance(record, Task):
        return RecordRef(record.record_kind, record.record_id, record.record_number, record.customer_id)
    return record


@dataclass(frozen=True, slots=True)
class Kept:
    """Something the undoing leaves as it is, and why."""

    record_kind: str
    record_number: str
    reason: Text
    field: str = ""


@dataclass(slots=True)
class Survey:
    """What undoing a run would do."""

    remove: list[ImportedRecord] = field(default_factory=list)
    restore: list[tuple[ImportedRecord, str, Any]] = field(default_factory=list)
    """(note, field, the value from before)."""
    kept: list[Kept] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How many records go, by kind, and how many values are put back and kept."""
        counted: dict[str, int] = defaultdict(int)
        for item in self.remove:
            counted[item.record_kind] += 1
        return {**counted, "restored": len(self.restore), "kept": len(self.kept)}


def survey(session: Session, run: ImportRun) -> Survey:
    """Look what can be taken back; writes nothing."""
    noted = session.scalars(select(ImportedRecord).where(ImportedRecord.run_id == run.id)).all()
    created = {(item.record_kind, item.record_id): item for item in noted if item.before is None}
    filled = [item for item in noted if item.before is not None]
    records = _load(session, [*created, *((item.record_kind, item.record_id) for item in filled)])
    blocked: dict[Key, Text] = {}
    for key, item in created.items():
        record = records.get(key)
        if record is None:
            blocked[key] = GONE
        elif getattr(record, "version", 0) != item.version_after:
            blocked[key] = CHANGED
    for key in _worked_on(session, run, created):
        blocked.setdefault(key, CHANGED)
    _block_needed(session, created, blocked)
    result = Survey()
    for key, item in created.items():
        if key in blocked:
            result.kept.append(Kept(item.record_kind, item.record_number, blocked[key]))
        else:
            result.remove.append(item)
    for item in filled:
        _survey_filled(item, records.get((item.record_kind, item.record_id)), result)
    return result


def _survey_filled(item: ImportedRecord, record: Any, result: Survey) -> None:
    for name, (old, new) in (item.before or {}).items():
        if record is None:
            result.kept.append(Kept(item.record_kind, item.record_number, GONE, name))
        elif events.plain(getattr(record, name)) == new:
            result.restore.append((item, name, old))
        else:
            result.kept.append(Kept(item.record_kind, item.record_number, OTHER_VALUE, name))


def _load(session: Session, keys: Iterable[Key]) -> dict[Key, Any]:
    ids: dict[str, set[int]] = defaultdict(set)
    for kind, record_id in keys:
        ids[kind].add(record_id)
    return {
        (kind, record.id): record
        for kind, wanted in ids.items()
        for part in batches(wanted)
        for record in session.scalars(select(MODELS[kind]).where(MODELS[kind].id.in_(part)))
    }


def _worked_on(session: Session, run: ImportRun, created: dict[Key, ImportedRecord]) -> set[Key]:
    """Created records with tasks, files, printed forms, or events other than this run's."""
    found: set[Key] = set()
    ids: dict[str, set[int]] = defaultdict(set)
    for kind, record_id in created:
        ids[kind].add(record_id)
    for kind, wanted in ids.items():
        for part in batches(wanted):
            for table in (Task, Attachment, Document):
                used = select(table.record_id).where(table.record_kind == kind, table.record_id.in_(part))
                found.update((kind, record_id) for record_id in session.scalars(used))
            found.update((kind, record_id) for record_id in _told_of_since(session, run, kind, part))
    return found


def _told_of_since(session: Session, run: ImportRun, kind: str, ids: list[int]) -> set[int]:
    """Records of which something was told after the run told that it made them."""
    said = (
        select(Event.record_id, Event.kind, Event.data)
        .where(Event.record_kind == kind, Event.record_id.in_(ids), Event.kind.not_in(HARMLESS))
        .order_by(Event.id)
    )
    made: set[int] = set()
    found: set[int] = set()
    for record_id, event_kind, data in session.execute(said):
        if event_kind == EventKind.IMPORT and data.get("run") == run.number:
            made.add(record_id)
        elif record_id in made:
            found.add(record_id)
    return found


def _block_needed(session: Session, created: dict[Key, ImportedRecord], blocked: dict[Key, Text]) -> None:
    """Block what rows from elsewhere refer to, and what blocked records stand on."""
    by_table = {MODELS[kind].__tablename__: kind for kind in MODELS}
    needs: list[tuple[Key, Key | None]] = []
    for table in Base.metadata.sorted_tables:
        if table.name in PARTS:
            continue
        for column in table.columns:
            for foreign in column.foreign_keys:
                kind = by_table.get(foreign.column.table.name)
                wanted = {record_id for of, record_id in created if of == kind}
                child_kind = by_table.get(table.name)
                for part in batches(wanted):
                    child_id = table.c.id if child_kind else column
                    for parent, child in session.execute(select(column, child_id).where(column.in_(part))):
                        child_key = (child_kind, child) if child_kind else None
                        needs.append(((str(kind), parent), child_key if child_key in created else None))
    changed = True
    while changed:
        changed = False
        for parent, child in needs:
            if parent not in blocked and (child is None or (child in blocked and blocked[child] is not GONE)):
                blocked[parent] = NEEDED
                changed = True


def undo(session: Session, run: ImportRun, *, actor: User, at: datetime) -> Survey:
    """Take back what the survey says, in the caller's transaction. Raises Stale when somebody is faster."""
    found = survey(session, run)
    records = _load(
        session,
        [(item.record_kind, item.record_id) for item in (*found.remove, *(item for item, _, _ in found.restore))],
    )
    for item, name, old in found.restore:
        record = records[item.record_kind, item.record_id]
        new = events.plain(getattr(record, name))
        setattr(record, name, _stored(record, name, old))
        if hasattr(record, "updated_at"):
            record.updated_at, record.updated_by_id = at, actor.id
        events.record(
            session, EventKind.IMPORT, action="undo", actor=actor, at=at, record=told_at(record), run=run.number,
            changes={name: [new, old]},
        )  # fmt: skip
        if isinstance(record, Contract) and name == "amount":
            contracts.respread(session, record)
    for item in found.remove:
        record = records[item.record_kind, item.record_id]
        events.record(
            session, EventKind.IMPORT, action="undo", actor=actor, at=at, record=told_at(record), run=run.number
        )  # fmt: skip
        if isinstance(record, Contract):  # what was proposed because it came in as signed
            penalties.withdraw(session, f"R-04:{record.number}", why=TAKEN_BACK, actor=actor, at=at)
        for follower in session.scalars(
            select(Follower).where(Follower.record_kind == item.record_kind, Follower.record_id == item.record_id)
        ):
            session.delete(follower)
    for kind in MODELS:
        for item in found.remove:
            if item.record_kind == kind:
                _delete(session, records[kind, item.record_id])
        session.flush()
    return found


def _stored(record: Any, name: str, old: Any) -> Any:
    """A value from before as the column takes it; what was noted is what JSON keeps."""
    column = getattr(type(record), name).type
    kind = datetime if isinstance(column, UtcDateTime) else column.python_type
    if isinstance(old, str) and kind in (date, datetime):
        return kind.fromisoformat(old)
    return Decimal(old) if isinstance(old, str) and kind is Decimal else old


def _delete(session: Session, record: Any) -> None:
    parts: tuple[Any, ...] = ()
    if isinstance(record, Complaint):
        parts = (*record.departments, *record.rounds)
    elif isinstance(record, Contract):
        parts = tuple(record.terms)
    for part in parts:
        session.delete(part)
    session.delete(record)
