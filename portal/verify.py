"""The invariants I1–I11: nothing lost, nothing doubled, nothing half done. Reads in portions, changes nothing.

Each check says how many facts it looked at and names the first problems. Source: `docs/architecture.md`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from typing import Any

from flask import current_app
from sqlalchemy import String, and_, cast, exists, func, literal, not_, or_, select, text
from sqlalchemy.orm import Session

from portal import clock
from portal.db import session
from portal.files.store import Store
from portal.models.account import UserSession
from portal.models.attachment import StoredFile, content_columns
from portal.models.contract import Contract, PaymentTerm
from portal.models.document import Document, DocumentState, PrintRun
from portal.models.event import Event, EventKind
from portal.models.export import Export, ExportState
from portal.models.ledger import LedgerLine, LedgerMonth
from portal.models.notice import Delivery, DeliveryState, Notice
from portal.models.org import User
from portal.models.outbox import ClientRequest, Outbox, OutboxState, Slot
from portal.models.outbox import Schedule as Mark
from portal.models.penalty import PenaltyEntry
from portal.models.reward import RewardEntry
from portal.models.task import DeadlineBreach, Task
from portal.processes.penalty import amount_of
from portal.processes.registry import PROCESSES
from portal.schedules import SCHEDULES
from portal.services.events import check_chain
from portal.services.record_kinds import MODELS

PORTION = 1000
MOST_PROBLEMS = 20
"""Named per invariant; beyond, only counted."""
QUIET = timedelta(seconds=60)
"""Work younger than this may still be on its way."""
EVERY_SECONDS = 5
"""How often a long check says how far it is."""
DECIDED_STATES = frozenset({"APPROVED", "SENT", "EXECUTED", "APPEALED"})
"""Where a penalty stands that was approved and not reversed."""
FRESH_FILE_SECONDS = 3600
"""Bytes younger than this may still get their row."""


@dataclass
class Result:
    """One invariant: how many facts were looked at, and what is wrong."""

    code: str
    title: str
    checked: int = 0
    problems: list[str] = field(default_factory=list)
    left_out: int = 0
    tell: Callable[[str], None] | None = None
    _told: float = field(default_factory=time.monotonic)

    def progress(self, line: str = "") -> None:
        """Say how far it is: a line of its own, or now and then how many were looked at."""
        if self.tell is not None and (line or time.monotonic() - self._told > EVERY_SECONDS):
            self._told = time.monotonic()
            self.tell(line or f"{self.code} {self.checked:,}")

    @property
    def ok(self) -> bool:
        """True when the invariant holds."""
        return not self.problems

    def look(self, found: Iterable[str | None]) -> None:
        """Take one answer per fact: None, or what is wrong with it."""
        for problem in found:
            self.checked += 1
            if problem is not None:
                self.say(problem)
        self.progress()

    def say(self, problem: str) -> None:
        """Name a problem, up to MOST_PROBLEMS."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)
        else:
            self.left_out += 1

    def close(self) -> Result:
        """Say how many problems were left out."""
        if self.left_out:
            self.problems.append(f"and {self.left_out} more")
        return self


def run_all(tell: Callable[[str], None] | None = None) -> list[Result]:
    """Check everything, I1 first. Needs an application context; holds no lock while it reads. `tell` is given a line
    when a check begins, and every few seconds how far it is."""
    checks: tuple[tuple[str, str, Callable[[Session, Result], None]], ...] = (
        ("I1", "every form that was sent has its one result", requests_have_results),
        ("I2", "no state without history", states_have_history),
        ("I3", "each reminder once, none missing", reminders_are_told),
        ("I4", "every slot planned, none forgotten", slots_are_complete),
        ("I5", "every file has its bytes, all bytes have a row", files_are_whole),
        ("I6", "sums of money agree", money_agrees),
        ("I7", "the audit chain holds", chain_holds),
        ("I8", "nothing is stuck in the queue", queue_is_quiet),
        ("I9", "the database is sound", database_is_sound),
        ("I10", "ended sessions stay ended", sessions_stay_ended),
        ("I11", "penalties and rewards are decided, figured and booked", penalties_hold),
    )
    results = []
    for code, title, check in checks:
        result = Result(code, title, tell=tell)
        result.progress(f"{code} {title}")
        try:
            check(session(), result)
        except Exception as error:  # one broken table must not hide the other invariants
            result.say(f"the check could not be made: {type(error).__name__}: {error}")
        finally:
            session().rollback()
        results.append(result.close())
    return results


def _portions(current: Session, columns: Any, key: Any, *conditions: Any) -> Iterator[list[Any]]:
    """The rows in portions by an ascending whole-number key, which is the first column."""
    last = 0
    while rows := current.execute(columns.where(key > last, *conditions).order_by(key).limit(PORTION)).all():
        yield list(rows)
        last = rows[-1][0]


# The invariants ------------------------------------------------------------------------------------------------------


def requests_have_results(current: Session, result: Result) -> None:
    """I1: a form's key that was taken has a location that leads to its record."""
    query = select(ClientRequest.key, ClientRequest.location).execution_options(yield_per=PORTION)
    for key, location in current.execute(query):
        result.look([None if location else f"form {key[:8]}… was taken and has no result"])


def states_have_history(current: Session, result: Result) -> None:
    """I2: the last step in a record's history leads to the state it is in."""
    for kind in PROCESSES:
        model = MODELS[kind]
        for rows in _portions(current, select(model.id, model.number, model.state), model.id):
            steps = current.execute(
                select(Event.record_id, Event.kind, Event.data)
                .where(Event.record_kind == kind, Event.record_id.in_([row[0] for row in rows]))
                .order_by(Event.id)
            )
            known: set[int] = set()
            reached: dict[int, str] = {}
            for record_id, event_kind, data in steps:
                known.add(record_id)
                if event_kind in (EventKind.CREATED, EventKind.TRANSITION) and data.get("to"):
                    reached[record_id] = data["to"]
            for record_id, number, state in rows:
                if record_id not in known:
                    result.look([f"{kind} {number} has no history"])
                elif reached.get(record_id, state) != state:
                    result.look([f"{kind} {number} is {state}, its history says {reached[record_id]}"])
                else:
                    result.look([None])


def reminders_are_told(current: Session, result: Result) -> None:
    """I3: a task that was warned of or missed was told, once per person and level; a missed clock has its breach."""
    settled = clock.now() - QUIET
    columns = select(Task.id, Task.warned_at, Task.breached_at, Task.closed_at, Task.code)
    marked = or_(Task.warned_at.is_not(None), Task.breached_at.is_not(None))
    for rows in _portions(current, columns, Task.id, marked):
        ids = [row[0] for row in rows]
        keys = [f"task:{task_id}:{level}:0" for task_id in ids for level in ("WARN", "OVERDUE")]
        work = {
            key: state for key, state in current.execute(select(Outbox.key, Outbox.state).where(Outbox.key.in_(keys)))
        }
        breaches = set(current.scalars(select(DeadlineBreach.task_id).where(DeadlineBreach.task_id.in_(ids))))
        for task_id, warned_at, breached_at, closed_at, code in rows:
            result.checked += 1
            if code and breached_at is not None and task_id not in breaches:
                result.say(f"task {task_id} ({code}) was missed and has no breach")
            for level, at in (("WARN", warned_at), ("OVERDUE", breached_at)):
                if at is None or at > settled or closed_at is not None:
                    continue
                if work.get(f"task:{task_id}:{level}:0", OutboxState.DONE) != OutboxState.DONE:
                    continue  # stuck work is I8's
                if not _was_told(current, task_id, level):
                    result.say(f"task {task_id}: nobody was told {level}")
    open_mail = Delivery.state.in_((DeliveryState.DUE, DeliveryState.SENDING))
    undone = exists().where(
        Outbox.key == literal("mail:") + cast(Delivery.id, String), Outbox.state.in_(("PENDING", "LEASED"))
    )
    for delivery_id in current.scalars(select(Delivery.id).where(open_mail, not_(undone)).limit(PORTION)):
        result.look([f"e-mail {delivery_id} waits and nobody will send it"])


def _was_told(current: Session, task_id: int, level: str) -> bool:
    """Whether anybody was told, or nobody is there who could be."""
    told = select(Notice.id).where(Notice.task_id == task_id, Notice.level == level).limit(1)
    if current.scalar(told) is not None:
        return True
    from portal.services.notices import handlers_of

    task = current.get_one(Task, task_id)
    return not handlers_of(current, task)


def slots_are_complete(current: Session, result: Result) -> None:
    """I4: between the first slot and the mark every slot is there; none is due and without work."""
    at = clock.now()
    marks = {name: until for name, until in current.execute(select(Mark.name, Mark.planned_until))}
    for schedule in SCHEDULES:
        rows = {slot.key: slot for slot in current.scalars(select(Slot).where(Slot.schedule == schedule.name))}
        for slot in rows.values():
            late = slot.state == "DUE" and slot.due_at < at - timedelta(minutes=5)
            result.look([f"{schedule.name} {slot.key} is due since {slot.due_at} and not done" if late else None])
        mark = marks.get(schedule.name)
        if mark is None or not rows or schedule.at_setting:  # a time that people change leaves days without a slot
            continue
        first = min(slot.due_at for slot in rows.values())
        for planned in schedule.rule.slots(first - timedelta(seconds=1), mark, schedule.at):
            if planned.key not in rows:
                result.say(f"{schedule.name} {planned.key} was never planned")


def files_are_whole(current: Session, result: Result) -> None:
    """I5: every row's bytes are there and are what their name says; bytes older than an hour have a row."""
    store = Store.of(current_app.config["PORTAL"])
    columns = select(StoredFile.id, StoredFile.sha256, StoredFile.size, StoredFile.thumbnail_sha256)
    for rows in _portions(current, columns, StoredFile.id):
        for _id, sha256, size, thumbnail in rows:
            whole = store.verify(sha256) and store.size(sha256) == size
            result.look([None if whole else f"file {sha256[:12]}… is missing or changed"])
            if thumbnail and not store.verify(thumbnail):
                result.say(f"thumbnail {thumbnail[:12]}… is missing or changed")
    done = Document.state == DocumentState.DONE
    for rows in _portions(current, select(Document.id, Document.sha256, Document.form), Document.id, done):
        for document_id, sha256, form in rows:
            whole = sha256 and store.verify(sha256)
            result.look([None if whole else f"document {document_id} ({form}) is missing or changed"])
    ready = Export.state == ExportState.READY
    for rows in _portions(current, select(Export.id, Export.sha256), Export.id, ready):
        for export_id, sha256 in rows:
            whole = sha256 and store.verify(sha256)
            result.look([None if whole else f"export {export_id} is missing or changed"])
    printed = PrintRun.state == DocumentState.DONE
    for rows in _portions(current, select(PrintRun.id, PrintRun.sha256), PrintRun.id, printed):
        for run_id, sha256 in rows:
            whole = sha256 and store.verify(sha256)
            result.look([None if whole else f"printed file {run_id} is missing or changed"])
    _check_orphans(current, store, result)


def _check_orphans(current: Session, store: Store, result: Result) -> None:
    before = time.time() - FRESH_FILE_SECONDS
    kept = store.all()
    while portion := list(islice(kept, PORTION)):
        known: set[str] = set()
        for column in content_columns():
            known.update(current.scalars(select(column).where(column.in_([item.sha256 for item in portion]))))
        for item in portion:
            orphan = item.sha256 not in known and item.at < before
            result.look([f"the bytes {item.sha256[:12]}… belong to nothing" if orphan else None])


def money_agrees(current: Session, result: Result) -> None:
    """I6: the instalments of a contract add up to its amount, and every amount is in whole fen."""
    columns = select(Contract.id, Contract.number, Contract.amount)
    total = select(PaymentTerm.contract_id, func.sum(PaymentTerm.amount)).group_by(PaymentTerm.contract_id)
    for rows in _portions(current, columns, Contract.id):
        among = PaymentTerm.contract_id.between(rows[0][0], rows[-1][0])
        known = {contract_id: terms for contract_id, terms in current.execute(total.where(among))}
        for contract_id, number, amount in rows:
            terms = known.get(contract_id)
            if terms is not None and Decimal(str(terms)).quantize(Decimal("0.01")) != amount:
                result.look([f"contract {number}: {amount} in all, {terms} in instalments"])
            else:
                result.look([None])


def chain_holds(current: Session, result: Result) -> None:
    """I7: every event fits the one before it, and the end is sealed."""

    def looked_at(count: int) -> None:
        result.checked = count
        result.progress()

    report = check_chain(current, looked_at=looked_at)
    result.checked = report.checked
    if not report.ok:
        result.say(report.problem or f"event {report.broken_at} does not fit")


def queue_is_quiet(current: Session, result: Result) -> None:
    """I8: no work waits or is held beyond its time; none was given up."""
    at, machine_at = clock.now() - QUIET, clock.machine_now() - QUIET
    result.checked = current.scalar(select(func.count()).select_from(Outbox)) or 0
    stuck = (
        ("waits", and_(Outbox.state == OutboxState.PENDING, Outbox.run_after < at)),
        ("is held by a dead worker", and_(Outbox.state == OutboxState.LEASED, Outbox.lease_until < machine_at)),
        ("was given up", Outbox.state == OutboxState.DEAD),
    )
    for word, condition in stuck:
        rows = select(Outbox.id, Outbox.kind, Outbox.last_error).where(condition).order_by(Outbox.id).limit(PORTION)
        for number, kind, error in current.execute(rows):
            result.say(f"{kind} {number} {word}" + (f": {error[-200:]}" if error else ""))


def database_is_sound(current: Session, result: Result) -> None:
    """I9: what the database itself can check."""
    if current.get_bind().dialect.name == "sqlite":
        result.look(None if row == "ok" else row for row in current.scalars(text("PRAGMA integrity_check")))
        for table, row_id, parent, _number in current.execute(text("PRAGMA foreign_key_check")):
            result.look([f"row {row_id} of {table} points to a row of {parent} that is gone"])
        return
    result.look(
        None if valid else f"index {name} is not valid"
        for name, valid in current.execute(text("SELECT indexrelid::regclass::text, indisvalid FROM pg_index"))
    )
    result.look(
        None if valid else f"constraint {name} is not checked"
        for name, valid in current.execute(
            text("SELECT conname, convalidated FROM pg_constraint WHERE connamespace = 'public'::regnamespace")
        )
    )


def sessions_stay_ended(current: Session, result: Result) -> None:
    """I10: nobody used a session after its end, and closed accounts have none open."""
    columns = select(UserSession.id, UserSession.ended_at, UserSession.seen_at, User.disabled_at).join(
        User, User.id == UserSession.user_id
    )
    for rows in _portions(current, columns, UserSession.id):
        for session_id, ended_at, seen_at, disabled_at in rows:
            problem = None
            if ended_at is not None and seen_at > ended_at:
                problem = f"session {session_id} was used after its end"
            elif ended_at is None and disabled_at is not None:
                problem = f"session {session_id} of a closed account is open"
            result.look([problem])


def penalties_hold(current: Session, result: Result) -> None:
    """I11: a share is its percent of the base, a suspension has its days, nothing is carried out undecided; the ledger
    says what was decided, nothing of what was reversed, and no line was written in a month after it was closed."""
    entry = PenaltyEntry
    booked = select(func.sum(LedgerLine.amount)).where(LedgerLine.penalty_id == entry.id).scalar_subquery()
    lines = select(func.count(LedgerLine.id)).where(LedgerLine.penalty_id == entry.id).scalar_subquery()
    columns = select(
        entry.id, entry.number, entry.state, entry.kind, entry.amount, entry.percent, entry.base,
        entry.suspended_from, entry.suspended_until, entry.approved_at, booked, lines,
    )  # fmt: skip
    for rows in _portions(current, columns, entry.id):
        result.look(_penalty_problem(row) for row in rows)
    reward = RewardEntry
    booked = select(func.sum(LedgerLine.amount)).where(LedgerLine.reward_id == reward.id).scalar_subquery()
    lines = select(func.count(LedgerLine.id)).where(LedgerLine.reward_id == reward.id).scalar_subquery()
    columns = select(reward.id, reward.number, reward.amount, reward.approved_at, booked, lines)
    for rows in _portions(current, columns, reward.id):
        result.look(_reward_problem(row) for row in rows)
    late = (
        select(LedgerLine.id, func.coalesce(entry.number, reward.number))
        .outerjoin(entry, entry.id == LedgerLine.penalty_id)
        .outerjoin(reward, reward.id == LedgerLine.reward_id)
        .join(LedgerMonth, LedgerMonth.month == LedgerLine.month)
    )
    for rows in _portions(current, late, LedgerLine.id, LedgerLine.booked_at > LedgerMonth.closed_at):
        result.look(f"{number}: a line of the ledger was written in a closed month" for _id, number in rows)


def _penalty_problem(row: Any) -> str | None:
    (_id, number, state, kind, amount, percent, base, first, last, approved_at, booked, lines) = row
    if percent is not None and (base is None or amount != amount_of(percent, base)):
        return f"penalty {number}: {percent} % of {base} is not {amount}"
    if kind == "ORDER_SUSPENSION" and (first is None or last is None or last < first):
        return f"penalty {number}: a suspension without its days"
    if approved_at is None and state in DECIDED_STATES:
        return f"penalty {number}: {state}, but never decided"
    should = (amount or Decimal(0)) if state in DECIDED_STATES else Decimal(0)
    if Decimal(str(booked or 0)).quantize(Decimal("0.01")) != should or (approved_at is None) is (lines > 0):
        return f"penalty {number}: {should} decided, {booked} in {lines} lines of the ledger"
    return None


def _reward_problem(row: Any) -> str | None:
    (_id, number, amount, approved_at, booked, lines) = row
    should = (amount or Decimal(0)) if approved_at is not None else Decimal(0)
    if Decimal(str(booked or 0)).quantize(Decimal("0.01")) != should or lines != (approved_at is not None):
        return f"reward {number}: {should} decided, {booked} in {lines} lines of the ledger"
    return None
