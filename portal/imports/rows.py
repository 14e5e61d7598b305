"""Rows of a sheet as drafts of records: each field read, what is unclear set aside for a question."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from portal.imports.asking import Action, Answer, Choice, Desk, Question
from portal.imports.guard import column_letters
from portal.imports.mapping import FIELDS, ColumnMapping, Field, Kind
from portal.imports.reading import Cell, Row, Sheet, plain
from portal.imports.values import Doubt, Found, Unclear, narrow
from portal.imports.words import NOT_RECORDED


class Skip(StrEnum):
    """Why a row is left out."""

    DUPLICATE = "DUPLICATE"
    """It says the same as an earlier row of the file."""
    ANSWER = "ANSWER"
    """A person chose to leave it out."""
    OTHER_KEPT = "OTHER_KEPT"
    """Another row with the same contract number was chosen."""
    ALREADY_THERE = "ALREADY_THERE"
    """The portal has the contract or complaint."""
    OTHER_ROW = "OTHER_ROW"
    """Another row for the same record was chosen."""


@dataclass(frozen=True, slots=True)
class RowNote:
    """Something to know about a row. `code`: a `Note` or a name of `texts.NOTES`."""

    code: str
    field: str
    value: str = ""


@dataclass(slots=True)
class Draft:
    """One row on its way to records."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    unclear: dict[str, Unclear] = field(default_factory=dict)
    notes: list[RowNote] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)
    """Ids of open questions that touch this row."""
    skip: Skip | None = None
    skip_value: str = ""

    @property
    def is_open(self) -> bool:
        """Whether the row is ready to become records."""
        return not self.skip and not self.waiting

    def leave_out(self, reason: Skip, value: str = "") -> None:
        """Leave the row out; its questions no longer matter."""
        self.skip, self.skip_value = reason, value
        self.waiting.clear()

    def note(self, code: str, field_key: str, value: object = "") -> None:
        """Remember something for the preview."""
        self.notes.append(RowNote(code, field_key, str(value)))


class Table:
    """The drafts of a sheet together with what their questions need: fields, column letters, the desk."""

    def __init__(self, sheet: Sheet, kind: Kind, mapping: ColumnMapping, answers: Mapping[str, Answer]) -> None:
        self.sheet, self.kind, self.mapping = sheet, kind, mapping
        self.fields = FIELDS[kind]
        self.desk = Desk(answers)
        self.context_keys: tuple[str, ...] = ("name", "phone", "contract_number")
        self.letters = {key: column_letters(column) for column, key in mapping.columns.items()}
        self.drafts = [self._draft(row) for row in sheet.rows]

    def live(self) -> list[Draft]:
        """Rows that are not left out."""
        return [draft for draft in self.drafts if not draft.skip]

    def _draft(self, row: Row) -> Draft:
        draft = Draft(row.number)
        draft.raw = {key: row.cells[column].text for column, key in self.mapping.columns.items() if column in row.cells}
        for column, key in self.mapping.columns.items():
            if key in self.fields:
                self._read(draft, self.fields[key], row.cells.get(column))
        for key, text in self.mapping.constants.items():
            if key in self.fields and key not in draft.values and key not in draft.unclear and text:
                reading = self.fields[key].read(text)
                if isinstance(reading, Found):
                    draft.values[key] = reading.value
        for key, item in self.fields.items():
            if item.is_required and key not in draft.values and key not in draft.unclear:
                draft.unclear[key] = Unclear(Doubt.MISSING)
        return draft

    def _read(self, draft: Draft, item: Field, cell: Cell | None) -> None:
        if cell is None:
            return
        if cell.is_error:
            draft.unclear[item.key] = Unclear(Doubt.ERROR_VALUE)
        elif cell.is_formula:
            draft.unclear[item.key] = Unclear(Doubt.FORMULA, (cell.text,) if cell.text else ())
        else:
            match item.read(cell.value):
                case Found() as found:
                    if not self._take(draft, item, found):
                        draft.unclear[item.key] = Unclear(Doubt.PHONE_MANY)
                case Unclear() as unclear:
                    draft.unclear[item.key] = unclear

    def _take(self, draft: Draft, item: Field, found: Found) -> bool:
        """Take a clear value over. False: its second phone has no place, for the row names another one."""
        if found.second:
            if item.key != "phone" or draft.raw.get("phone2"):
                return False
            draft.values["phone2"] = found.second
        draft.values[item.key] = found.value
        for note in found.notes:
            draft.note(note, item.key, draft.raw.get(item.key, ""))
        return True

    def leave_out_duplicates(self) -> None:
        """A row that says the same as an earlier one, however it is typed, is left out."""
        seen: dict[tuple[Any, ...], int] = {}
        for draft in self.drafts:
            said = tuple(
                (key, draft.values[key] if key in draft.values else narrow(draft.raw.get(key, "")))
                for key in self.fields
                if key in draft.values or draft.raw.get(key)
            )
            if said in seen:
                draft.leave_out(Skip.DUPLICATE, str(seen[said]))
            else:
                seen[said] = draft.number

    def settle_unclear(self, chains: Sequence[Sequence[str]]) -> None:
        """Ask about every unclear cell, or take the answer. `chains`: date fields that follow one another in time."""
        years = _Years(self)
        for draft in self.live():
            guessed: dict[str, date] = {}
            for key in list(draft.unclear):
                unclear = draft.unclear[key]
                if unclear.doubt is Doubt.DATE_NO_YEAR:
                    unclear = years.propose(draft, key, unclear, chains, guessed)
                self._settle(draft, self.fields[key], unclear)
                if draft.skip:
                    break

    def _settle(self, draft: Draft, item: Field, unclear: Unclear) -> None:
        question = self.question(draft, item, unclear)
        answer = self.desk.ask(question)
        if answer is None:
            draft.waiting.add(question.id)
        elif answer.action is Action.SKIP:
            draft.leave_out(Skip.ANSWER)
        elif answer.action is not Action.EMPTY:
            self.take_answer(draft, item, question, answer)

    def take_answer(self, draft: Draft, item: Field, question: Question, answer: Answer) -> None:
        """Read the answered text like a cell; one that is unclear again opens the question anew."""
        reading = item.read(answer.value)
        if isinstance(reading, Found):
            if self._take(draft, item, reading):
                return
            reading = Unclear(Doubt.PHONE_MANY)
        self.desk.refuse(question, reading.doubt if reading else Doubt.MISSING)
        draft.waiting.add(question.id)

    def question(self, draft: Draft, item: Field, unclear: Unclear) -> Question:
        """The question an unclear cell raises. Unknown words are asked once for all rows that hold them."""
        found = draft.raw.get(item.key, "")
        uses = tuple(Choice(Action.USE, text) for text in unclear.proposals)
        if unclear.doubt is Doubt.MISSING and item.key == "demand":
            uses = (Choice(Action.USE, NOT_RECORDED),)
        leave = () if item.is_required else (Choice(Action.EMPTY),)
        is_word = unclear.doubt is Doubt.UNKNOWN_WORD
        type_in = () if is_word else (Choice(Action.ENTER, takes_text=True),)
        mark = narrow(found) if is_word else str(draft.number)
        has_best = bool(uses) and not is_word and unclear.doubt is not Doubt.DATE_AMBIGUOUS
        return Question(
            id=f"{item.key}:{unclear.doubt}:{mark}",
            code=unclear.doubt,
            field=item.key,
            rows=(draft.number,),
            column=self.letters.get(item.key, ""),
            found=found,
            choices=(*uses, *type_in, *leave, Choice(Action.SKIP)),
            context=self.context(draft, item.key),
            proposed=uses[0].key if has_best else "",
        )

    def context(self, draft: Draft, but: str = "") -> dict[str, Any]:
        """What a person needs to recognise the row: who, which contract, and the dates around a date."""
        keys = [*self.context_keys]
        if but in ("signed_on", "planned_start", "planned_finish", "actual_start", "actual_finish"):
            keys += ["signed_on", "planned_start", "planned_finish"]
        return {key: draft.raw.get(key, "") for key in keys if key != but and draft.raw.get(key)}


class _Years:
    """Proposes years for days written without one; proposals, never values."""

    def __init__(self, table: Table) -> None:
        title = re.search(r"(20\d\d)", table.sheet.title)
        self._title_year = int(title[1]) if title else None
        self._by_field: dict[str, Counter[int]] = {}
        for draft in table.drafts:
            for key, value in draft.values.items():
                if isinstance(value, date):
                    self._by_field.setdefault(key, Counter())[value.year] += 1

    def propose(
        self,
        draft: Draft,
        key: str,
        unclear: Unclear,
        chains: Iterable[Sequence[str]],
        guessed: dict[str, date],
    ) -> Unclear:
        """The unclear day with its likeliest dates: in order with the row's other dates, the nearest first."""
        usual = self._usual(key)
        if usual is None:
            return unclear
        chain = next((chain for chain in chains if key in chain), (key,))
        around = {**guessed, **{name: value for name in chain if isinstance(value := draft.values.get(name), date)}}
        at = chain.index(key)
        before = [around[name] for name in chain[:at] if name in around]
        after = [around[name] for name in chain[at + 1 :] if name in around]
        options = []
        for year in (usual, usual - 1, usual + 1):
            try:
                day = date(year, unclear.month or 0, unclear.day or 0)
            except ValueError:
                continue
            if all(other <= day for other in before) and all(day <= other for other in after):
                near = min((abs((day - other).days) for other in (*before[-1:], *after[:1])), default=0)
                options.append((near, abs(year - usual), day))
        best = [day for _, _, day in sorted(options)][:2]
        if best:
            guessed[key] = best[0]
        return Unclear(unclear.doubt, tuple(plain(day) for day in best), unclear.month, unclear.day)

    def _usual(self, key: str) -> int | None:
        counter = self._by_field.get(key)
        if counter:
            return counter.most_common(1)[0][0]
        everything = sum(self._by_field.values(), Counter())
        return everything.most_common(1)[0][0] if everything else self._title_year
