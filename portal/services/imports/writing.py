"""Carries a plan out: records with numbers and events, and a note of each so that the run can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.imports.parties import TRADES
from portal.imports.plan import Act, Plan, RowPlan, Step
from portal.models.complaint import Complaint, ComplaintDepartment, ComplaintRound
from portal.models.contract import Contract
from portal.models.customer import Customer, Property
from portal.models.event import EventKind
from portal.models.importing import ImportedRecord, ImportRun
from portal.models.org import Branch, Party, PartyStatus, User
from portal.models.project import Project, ProjectStage
from portal.services import customers, events, numbering
from portal.services.fields import stamp

SUBJECT_LENGTH = 100
Progress = Callable[[int, int], None]


def carry_out(
    session: Session, run: ImportRun, plan: Plan, *, actor: User, at: datetime, progress: Progress | None = None
) -> dict[str, int]:
    """Write everything the plan says, in the caller's transaction. Gives what was made, by kind of record.

    `progress` is called with (rows done, rows in all) now and then.
    """
    writer = _Writer(session, run, actor, at)
    rows = [row for row in plan.rows if row.steps]
    with session.no_autoflush:
        writer.make_stores(plan.stores)
        writer.make_parties(plan)
        writer.take_numbers(rows)
        for index, row in enumerate(rows):
            writer.write(row)
            if progress and index % 25 == 0:
                progress(index, len(rows))
    writer.note_all()
    if progress:
        progress(len(rows), len(rows))
    return writer.made


class _Writer:
    def __init__(self, session: Session, run: ImportRun, actor: User, at: datetime) -> None:
        self._session, self._run, self._actor, self._at = session, run, actor, at
        self._records: dict[str, Any] = {}
        self._noted: list[tuple[int, Any, dict[str, Any] | None]] = []
        self._stores: dict[str, Branch] = {}
        self._parties: dict[tuple[str, str], Party] = {}
        self._numbers: dict[str, Party] = {}
        self._ready: dict[tuple[str, datetime], Iterator[str]] = {}
        self.made: dict[str, int] = {}

    # --- stores and people

    def make_stores(self, names: tuple[str, ...]) -> None:
        """Register stores; they get the next free code."""
        self._stores = {branch.name: branch for branch in self._session.scalars(select(Branch))}
        used = {branch.code for branch in self._stores.values()}
        number = 0
        for name in names:
            number += 1
            while f"S{number:02d}" in used:
                number += 1
            branch = Branch(code=f"S{number:02d}", name=name)
            self._add(0, branch)
            self._stores[name] = branch
        self._session.flush()  # records name their branch by its id

    def make_parties(self, plan: Plan) -> None:
        """Find the people of the plan, and register those who are new."""
        names = {
            str(value)
            for row in plan.rows
            for step in row.steps
            for field, value in step.values.items()
            if field in TRADES
        }
        for start in range(0, len(names), 400):
            part = sorted(names)[start : start + 400]
            named = Party.name.in_(part) & (Party.status != PartyStatus.DEPARTED) & visibility.standing(Party)
            for party in self._session.scalars(select(Party).where(named | Party.number.in_(part))):
                self._parties.setdefault((party.kind, party.name), party)
                self._numbers[party.number] = party
        numbers = (
            numbering.next_numbers(self._session, Party.PREFIX, self._at, len(plan.parties)) if plan.parties else []
        )
        for (kind, name), number in zip(plan.parties, numbers, strict=True):
            party = Party(name=name, kind=kind, number=number)
            stamp(party, actor=self._actor, at=self._at)
            self._add(0, party)
            self._parties[kind, name] = party

    def take_numbers(self, rows: list[RowPlan]) -> None:
        """Take all record numbers at once, in the order of the rows."""
        wanted: dict[tuple[str, datetime], int] = {}
        for step in (step for row in rows for step in row.steps if step.act is Act.CREATE):
            if model := _NUMBERED.get(step.record):
                slot = (model.PREFIX, self._year(step.values))
                wanted[slot] = wanted.get(slot, 0) + 1
        for (prefix, year), count in wanted.items():
            self._ready[prefix, year] = iter(numbering.next_numbers(self._session, prefix, year, count))

    def _year(self, values: Mapping[str, Any]) -> datetime:
        """The moment whose year a number carries: an old complaint is numbered in the year it came."""
        received = values.get("received_on")
        return clock.at_local(date(received.year, 1, 1)) if received else self._at

    def _number(self, model: Any, values: Mapping[str, Any]) -> str:
        return next(self._ready[model.PREFIX, self._year(values)])

    # --- rows

    def write(self, row: RowPlan) -> None:
        """Make, fill or reuse the records of one row."""
        for step in row.steps:
            if step.act is Act.CREATE:
                record = self._make(step, row)
                self._add(row.number, record)
                self._records[step.key] = record
            elif step.existing_id is not None:
                record = self._records.get(step.key) or self._session.get_one(_MODELS[step.record], step.existing_id)
                self._records[step.key] = record
                if step.act is Act.MERGE:
                    self._fill(row.number, record, step.values)
        if contract := next((self._records[step.key] for step in row.steps if step.record == "contract"), None):
            project = next(self._records[step.key] for step in row.steps if step.record == "project")
            contract.project = project

    def _make(self, step: Step, row: RowPlan) -> Any:
        maker = {
            "customer": self._customer,
            "property": self._property,
            "project": self._project,
            "contract": self._contract,
            "complaint": self._complaint,
        }[step.record]
        record = maker(step.values, row)
        stamp(record, actor=self._actor, at=self._at)
        return record

    def _of(self, row: RowPlan, kind: str) -> Any:
        return next(self._records[step.key] for step in row.steps if step.record == kind)

    def _branch(self, row: RowPlan) -> Branch | None:
        store = next((step.values.get("store") for step in row.steps if step.record == "project"), None)
        return self._stores.get(str(store)) if store else self._actor.branch

    def _customer(self, values: Mapping[str, Any], row: RowPlan) -> Customer:
        branch = self._branch(row)
        customer = Customer(
            number=self._number(Customer, values),
            phone_tail=customers.tail(values["phone"]),
            kind=values["customer_kind"],
            owner_id=self._run.mapping.get("owner_id"),
            branch_id=branch.id if branch else None,
        )
        for name in (
            "name",
            "phone",
            "phone2",
            "gender_title",
            "wechat",
            "email",
            "grade",
            "source",
            "avoid_hours",
            "avoid_times",
            "remarks",
        ):
            if name in values:
                setattr(customer, name, values[name])
        return customer

    def _property(self, values: Mapping[str, Any], row: RowPlan) -> Property:
        customer = self._of(row, "customer")
        return Property(
            number=self._number(Property, values), customer=customer, branch_id=customer.branch_id, **values
        )

    def _project(self, values: Mapping[str, Any], row: RowPlan) -> Project:
        branch = self._branch(row)
        project = Project(
            number=self._number(Project, values),
            customer=self._of(row, "customer"),
            property=self._of(row, "property"),
            branch_id=branch.id if branch else None,
            kind=values["project_kind"],
            stage=_stage(values),
            contract_days=values.get("contract_days"),
        )
        for name in ("planned_start", "planned_finish", "actual_start", "actual_finish"):
            setattr(project, f"{name}_on", values.get(name))
        for field, kind in TRADES.items():
            if person := values.get(field):
                setattr(project, field, self._numbers.get(person) or self._parties[kind, person])
        return project

    def _contract(self, values: Mapping[str, Any], row: RowPlan) -> Contract:
        project = self._of(row, "project")
        return Contract(
            number=values["contract_number"],
            customer=self._of(row, "customer"),
            branch_id=project.branch_id,
            amount=values["amount"],
            output_value=values["amount"],
            signed_on=values.get("signed_on"),
        )

    def _complaint(self, values: Mapping[str, Any], row: RowPlan) -> Complaint:
        contract = self._session.get_one(Contract, values["contract_id"])
        received_at = clock.at_local(values["received_on"])
        is_closed = values.get("result") == "CLOSED"
        complaint = Complaint(
            number=self._number(Complaint, values),
            state="CLOSED" if is_closed else "REGISTERED",
            received_at=received_at,
            channel=values["channel"],
            complainant=values["name"],
            phone=values["phone"],
            customer_id=contract.customer_id,
            project_id=contract.project_id,
            branch_id=contract.branch_id,
            subject=values["content"][:SUBJECT_LENGTH],
            phase=values["phase"],
            category=values["category"],
            content=values["content"],
            demand=values["demand"],
            remarks=values.get("remarks"),
            closed_at=clock.at_local(values["closed_on"]) if is_closed and "closed_on" in values else None,
            is_historical=True,
            historical_result=values.get("historical_result") or None,
        )
        complaint.departments.append(
            ComplaintDepartment(department=values["department"], recorded_by_id=self._actor.id)
        )
        satisfied = {"SATISFIED": True, "UNSATISFIED": False}.get(values.get("satisfaction", ""))
        complaint.rounds.append(ComplaintRound(round_no=1, follow_up_satisfied=satisfied))
        return complaint

    def _fill(self, row_no: int, record: Any, values: Mapping[str, Any]) -> None:
        before = {name: [events.plain(getattr(record, name)), events.plain(value)] for name, value in values.items()}
        for name, value in values.items():
            setattr(record, name, value)
        record.updated_at, record.updated_by_id = self._at, self._actor.id
        self._noted.append((row_no, record, before))

    def _add(self, row_no: int, record: Any) -> None:
        self._session.add(record)
        self._noted.append((row_no, record, None))
        self.made[record.KIND] = self.made.get(record.KIND, 0) + 1

    def note_all(self) -> None:
        """After all rows: one event per record, and what undoing needs. Filled records are noted once each."""
        self._session.flush()
        for row_no, record, before in self._noted:
            said: dict[str, Any] = {"run": self._run.number, "row": row_no}
            if before is not None:
                said["changes"] = before
            events.record(
                self._session,
                EventKind.IMPORT,
                action="fill" if before is not None else "create",
                actor=self._actor,
                at=self._at,
                record=record,
                **said,
            )
            self._session.add(
                ImportedRecord(
                    run_id=self._run.id,
                    row_no=row_no,
                    record_kind=record.KIND,
                    record_id=record.id,
                    record_number=getattr(record, "number", getattr(record, "name", "")),
                    version_after=record.version,
                    before=before,
                )
            )
        self._session.flush()


_NUMBERED: dict[str, Any] = {"customer": Customer, "property": Property, "project": Project, "complaint": Complaint}
_MODELS: dict[str, type[Any]] = {"customer": Customer, "property": Property, "project": Project, "contract": Contract}


def _stage(values: Mapping[str, Any]) -> str:
    """Where the works stand as far as the ledger says: started, given to a foreman, or waiting for one."""
    if values.get("actual_start"):
        return ProjectStage.IN_PROGRESS
    return ProjectStage.DISPATCHED if values.get("foreman") else ProjectStage.TO_DISPATCH
