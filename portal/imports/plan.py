"""What an import would do, row by row, before anything is written. The same rows and answers give the same plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from portal.imports.asking import Answer, Question
from portal.imports.known import Known, Rules
from portal.imports.mapping import ColumnMapping, Kind
from portal.imports.reading import Drop, Sheet
from portal.imports.rows import Draft, RowNote, Skip, Table


class Act(StrEnum):
    """What happens to one record of a row."""

    CREATE = "CREATE"
    MERGE = "MERGE"
    """The record is there; empty fields are filled."""
    REUSE = "REUSE"
    """The record is there, or made by an earlier row; nothing changes in it."""
    CHANGE = "CHANGE"
    """The record is there; fields get other values."""


class Status(StrEnum):
    """What happens to a row."""

    CREATE = "CREATE"
    MERGE = "MERGE"
    CHANGE = "CHANGE"
    SAME = "SAME"
    """The portal says the same already."""
    SKIP = "SKIP"
    QUESTION = "QUESTION"


@dataclass(frozen=True, slots=True)
class Step:
    """One record of a row: made, filled or reused."""

    act: Act
    record: str
    """customer, property, project, contract or complaint; of a list the kind of the import."""
    key: str
    """The same for all rows that mean the same record."""
    values: Mapping[str, Any]
    """What to store; for MERGE only what is filled."""
    existing_id: int | None = None
    existing_number: str = ""
    before: Mapping[str, str] = field(default_factory=dict)
    """For CHANGE: what the record says now, as people read it."""
    after: Mapping[str, str] = field(default_factory=dict)
    """For CHANGE: what the file says, as the file writes it."""


@dataclass(frozen=True, slots=True)
class RowPlan:
    """One row of the preview."""

    number: int
    status: Status
    steps: tuple[Step, ...] = ()
    notes: tuple[RowNote, ...] = ()
    skip: Skip | None = None
    skip_value: str = ""
    questions: tuple[str, ...] = ()
    shown: Mapping[str, str] = field(default_factory=dict)
    """Name, contract number and the like as the file writes them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All rows, all questions, and what it comes to."""

    kind: Kind
    rows: tuple[RowPlan, ...]
    questions: tuple[Question, ...]
    """Open ones, in the order of the rows."""
    answered: tuple[tuple[Question, Answer], ...]
    dropped: tuple[tuple[int, Drop], ...]
    parties: tuple[tuple[str, str], ...] = ()
    """(kind, name) of people to be registered."""
    stores: tuple[str, ...] = ()
    """Stores to be registered."""

    @property
    def is_ready(self) -> bool:
        """Whether nothing is open and there is something to do."""
        return not self.questions and any(row.steps for row in self.rows)

    def counts(self) -> dict[str, int]:
        """Numbers for the preview: rows by status, records by what happens, skips by reason, notes by kind."""
        counter: Counter[str] = Counter({"rows": len(self.rows), "questions": len(self.questions)})
        counter["answered"] = len(self.answered)
        counter["dropped"] = len(self.dropped)
        counter["party.CREATE"] = len(self.parties)
        counter["store.CREATE"] = len(self.stores)
        for row in self.rows:
            counter[f"row.{row.status}"] += 1
            if row.skip:
                counter[f"skip.{row.skip}"] += 1
            for step in row.steps:
                counter[f"{step.record}.{step.act}"] += 1
            for note in row.notes:
                counter[f"note.{note.code}"] += 1
        for question in self.questions:
            counter[f"ask.{question.group}"] += 1
        return {key: number for key, number in counter.items() if number}


def make_plan(
    sheet: Sheet,
    kind: Kind,
    mapping: ColumnMapping,
    *,
    known: Known,
    rules: Rules,
    answers: Mapping[str, Answer],
) -> Plan:
    """The plan for a ledger. Answers to questions that no longer arise are ignored."""
    from portal.imports import complaints, customers

    planner = {Kind.CUSTOMERS: customers.plan, Kind.COMPLAINTS: complaints.plan}[kind]
    return planner(Table(sheet, kind, mapping, answers), known, rules)


def finish(
    table: Table,
    steps: Mapping[int, tuple[Step, ...]],
    *,
    shown: tuple[str, ...],
    parties: tuple[tuple[str, str], ...] = (),
    stores: tuple[str, ...] = (),
) -> Plan:
    """Put the parts together. Questions of rows that were left out meanwhile are dropped."""
    live = {draft.number for draft in table.live()}
    questions = [
        replace(question, rows=tuple(row for row in question.rows if row in live))
        for question in table.desk.open.values()
        if live.intersection(question.rows)
    ]
    questions.sort(key=lambda question: (question.rows[0], question.field))
    return Plan(
        kind=table.kind,
        rows=tuple(_row(draft, steps.get(draft.number, ()), shown) for draft in table.drafts),
        questions=tuple(questions),
        answered=tuple(table.desk.answered.values()),
        dropped=table.sheet.dropped,
        parties=parties,
        stores=stores,
    )


def _row(draft: Draft, steps: tuple[Step, ...], shown: tuple[str, ...]) -> RowPlan:
    if draft.skip:
        status = Status.SKIP
    elif draft.waiting:
        status = Status.QUESTION
    elif not steps:
        status = Status.SAME
    elif all(step.act is Act.CHANGE for step in steps):
        status = Status.CHANGE
    elif all(step.act is not Act.CREATE for step in steps):
        status = Status.MERGE
    else:
        status = Status.CREATE
    return RowPlan(
        number=draft.number,
        status=status,
        steps=steps if status in (Status.CREATE, Status.MERGE, Status.CHANGE) else (),
        notes=tuple(draft.notes),
        skip=draft.skip,
        skip_value=draft.skip_value,
        questions=tuple(sorted(draft.waiting)),
        shown={key: draft.raw.get(key, "") for key in shown},
    )
