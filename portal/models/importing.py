"""Imports of Excel files: the run, its rows with their questions, what each row made. Source: `domain.md` 3.1–3.3."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.models.base import Base, Record
from portal.models.org import User
from portal.terms import Term, one_of


class ImportState(Term):
    """How far an import has come."""

    UPLOADED = "UPLOADED", "Uploaded"
    MAPPED = "MAPPED", "Columns matched"
    PREVIEWED = "PREVIEWED", "Questions open"
    READY = "READY", "Ready"
    RUNNING = "RUNNING", "Running"
    DONE = "DONE", "Done"
    UNDONE = "UNDONE", "Undone"
    FAILED = "FAILED", "Failed"


class ImportKind(Term):
    """What a sheet becomes; the fields of each are in `portal/imports/` and `portal/services/imports/kinds/`."""

    CUSTOMERS = "customers", "Ledger: customers, projects, contracts"
    COMPLAINTS = "complaints", "Ledger: historical complaints"
    CUSTOMER_LIST = "customer-list", "Customers"
    PROPERTIES = "properties", "Properties"
    PROJECTS = "projects", "Projects"
    CONTRACTS = "contracts", "Contracts"
    PAYMENTS = "payments", "Payments"
    QUOTATIONS = "quotations", "Quotations"
    CONSULTATIONS = "consultations", "Past calls, visits, messages"
    REPAIRS = "repair-orders", "Repairs of an old ledger"
    WARRANTIES = "warranties", "Warranty certificates issued before"
    TASKS = "tasks", "Tasks"
    PARTIES = "parties", "Parties"
    CREWS = "crews", "Crews"
    BRANCHES = "branches", "Branches"
    USERS = "users", "People with a login"


class ImportRun(Record, Base):
    """One sheet of a file brought in: all of it or nothing, and all of it can be undone."""

    __tablename__ = "import_run"
    KIND, PREFIX = "import-runs", "DR"

    kind: Mapped[str] = mapped_column(String(20))
    """One of `ImportKind`."""
    file_name: Mapped[str] = mapped_column(String(200))
    file_sha256: Mapped[str] = mapped_column(String(64))
    sheet: Mapped[str] = mapped_column(String(100))
    header_row: Mapped[int]
    header_signature: Mapped[str] = mapped_column(String(64), index=True)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSON)
    """{"columns": {"4": "phone"}, "constants": {"channel": "PHONE"}, "owner_id": 3}."""
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    """By question: {"phone:PHONE_SHORT:9": {"action": "enter", "value": "13812345678"}}."""
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """Those still open, as `Question` writes them."""
    state: Mapped[str] = mapped_column(String(12))
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)
    rows_done: Mapped[int] = mapped_column(default=0)
    rows_total: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    created_by: Mapped[User | None] = relationship(foreign_keys="ImportRun.created_by_id", viewonly=True)
    confirmed_by: Mapped[User | None] = relationship(foreign_keys=[confirmed_by_id])

    __table_args__ = (one_of("state", ImportState), Index("ix_import_run_file", "file_sha256", "sheet"))


class ImportRow(Base):
    """One row of the preview as the last check left it; written anew by each check."""

    __tablename__ = "import_row"

    run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"), primary_key=True)
    row_no: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(10))
    """CREATE, MERGE, SKIP or QUESTION."""
    reason: Mapped[str | None] = mapped_column(String(20))
    """Why it is left out."""
    said: Mapped[dict[str, Any]] = mapped_column(JSON)
    """What the preview shows: the row's own words, the steps, the notes."""

    __table_args__ = (Index("ix_import_row_status", "run_id", "status", "row_no"),)


class ImportedRecord(Base):
    """What a run made or changed, so that it can be undone."""

    __tablename__ = "imported_record"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"))
    row_no: Mapped[int]
    record_kind: Mapped[str] = mapped_column(String(30))
    record_id: Mapped[int]
    record_number: Mapped[str] = mapped_column(String(40))
    version_after: Mapped[int]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    """{field: [old, new]} of a record that was there; None: the record was created."""

    __table_args__ = (
        Index("ix_imported_record_run", "run_id"),
        Index("ix_imported_record_record", "record_kind", "record_id"),
    )
