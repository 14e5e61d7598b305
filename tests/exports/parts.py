"""What the tests of exports ask for: pieces of work delivered, files read, rows made."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
from sqlalchemy import select

from jobs import outbox as delivery
from portal import settings
from portal.db import session as current_session
from portal.db import transaction
from portal.exporting.fields import plain
from portal.files.store import Store
from portal.listing import engine
from portal.listing.registry import LISTINGS
from portal.listing.state import State, from_args
from portal.models.complaint import Complaint
from portal.models.customer import Customer
from portal.models.export import Export
from portal.models.outbox import Outbox, OutboxState
from portal.models.setting import SettingValue
from portal.models.task import DeadlineBreach, Task


def work() -> int:
    """Deliver what waits for the pdf worker; how many pieces of work that was."""
    waiting = select(Outbox.id).where(Outbox.queue == "pdf", Outbox.state == OutboxState.PENDING)
    ids = list(current_session().scalars(waiting.order_by(Outbox.id)))
    current_session().rollback()
    return sum(delivery.deliver(number) for number in ids)


def fetched(export_id: int) -> Export:
    current_session().rollback()
    found = current_session().get_one(Export, export_id)
    current_session().refresh(found)
    return found


def sheet_of(store: Store, export: Export) -> Any:
    return openpyxl.load_workbook(io.BytesIO(store.read(export.sha256))).worksheets[0]


def rows_of(store: Store, export: Export) -> list[list[str]]:
    return list(csv.reader(io.StringIO(store.read(export.sha256).decode("utf-8-sig"), newline="")))


def switch(key: str, value: Any) -> None:
    with transaction() as writing:
        writing.merge(SettingValue(key=key, value=value, updated_at=datetime.now(UTC)))
        settings.forget(writing)


def many(count: int, at: Any) -> None:
    with transaction() as writing:
        writing.add_all(
            Customer(
                number=f"KH-2026-{number:05d}", name=f"张{number % 7}", phone=f"138{number:08d}",
                phone_tail=f"{number % 10_000:04d}", source="STORE", created_at=at, updated_at=at,
            )
            for number in range(1, count + 1)
        )  # fmt: skip


def complaint_with_clocks(make: Any, clock: Any, owner: Any, *, number: int, hours: float | None, **more: Any) -> int:
    at, customer = clock.now(), make.customer()
    with transaction() as writing:
        given = {
            "state": "REGISTERED", "received_at": at, "channel": "PHONE", "owner_id": owner.id, "subject": "漏水",
            "complainant": customer.name, "phone": customer.phone, "customer_id": customer.id, "phase": "IN_SALE",
            "category": "QUALITY", "content": "漏水", "demand": "修好", "created_at": at, "updated_at": at,
        }  # fmt: skip
        complaint = Complaint(number=f"TS-2026-{number:04d}", **given | more)
        writing.add(complaint)
        writing.flush()
        common = {
            "kind": "DEADLINE", "title": "Department signs for the complaint", "record_kind": "complaints",
            "record_id": complaint.id, "record_number": complaint.number, "person_id": owner.id,
        }  # fmt: skip
        start = at - timedelta(days=2)
        done = Task(
            code="DL-10", started_at=start, due_at=start + timedelta(hours=3), outcome="DONE",
            closed_at=start + timedelta(hours=4, minutes=5), **common,
        )  # fmt: skip
        writing.add(done)
        writing.flush()
        writing.add(
            DeadlineBreach(
                task_id=done.id, code="DL-10", record_kind="complaints", record_id=complaint.id,
                record_number=complaint.number, due_at=done.due_at, found_at=at,
            )
        )  # fmt: skip
        if hours is not None:
            writing.add(Task(code="DL-11", started_at=at, due_at=at + timedelta(hours=hours), **common))
        return complaint.id


def ids_of_list(session: Any, user: Any, kind: str, query: dict[str, str], at: Any) -> list[str]:
    listing = LISTINGS[kind]
    state: State | None = from_args(listing, query)[0]
    found: list[str] = []
    while state is not None:
        page = engine.page(session, user, listing, state, at=at)
        found += [plain(row.cells[0]) if kind == "notices" else row.number for row in page.rows]
        state = page.next
    return found
