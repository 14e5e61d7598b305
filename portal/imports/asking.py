"""Questions a ledger raises and the answers people give. An answer is text that is read like a cell."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Ask(StrEnum):
    """Questions that no single cell raises; those of a cell are `values.Doubt`."""

    SAME_CONTRACT = "SAME_CONTRACT"
    """Several rows carry one contract number."""
    CONTRACT_TAKEN = "CONTRACT_TAKEN"
    """The portal has the contract number, on another customer."""
    CONTRACT_UNKNOWN = "CONTRACT_UNKNOWN"
    HOLDER_DIFFERS = "HOLDER_DIFFERS"
    """The contract of a complaint belongs to somebody with another name and phone."""
    NAME_DIFFERS = "NAME_DIFFERS"
    """One phone, several names."""
    HOME_TAKEN = "HOME_TAKEN"
    """One address, several customers."""
    DATE_ORDER = "DATE_ORDER"
    """Signed, start and finish are not in this order."""
    STORE_UNKNOWN = "STORE_UNKNOWN"
    PARTY_SEVERAL = "PARTY_SEVERAL"
    """Several people of this name and trade."""
    CATEGORY = "CATEGORY"
    """What the complaint is about stands nowhere but in its text."""
    CLOSED_NO_DATE = "CLOSED_NO_DATE"
    NUMBER_UNKNOWN = "NUMBER_UNKNOWN"
    """No record of the kind has the number, or the person may not see it."""
    RECORD_SEVERAL = "RECORD_SEVERAL"
    """Several records say what the row says."""
    SAME_RECORD = "SAME_RECORD"
    """Several rows mean one record."""
    FIXED = "FIXED"
    """The record says otherwise, and that cannot be changed once it is made."""
    CHANGED_SINCE = "CHANGED_SINCE"
    """Somebody changed the record after the file was taken out."""
    LINK_UNKNOWN = "LINK_UNKNOWN"
    """Nothing has this number or name."""
    LINK_SEVERAL = "LINK_SEVERAL"
    """Several have this name."""
    RULE = "RULE"
    """The service of the record refuses the row; the sentence is in the context."""


class Action(StrEnum):
    """What an answer may say. Which of them a question takes is listed in its choices."""

    USE = "use"
    """Take `value`, one of the proposals."""
    ENTER = "enter"
    """Take `value`, typed by the person."""
    EMPTY = "empty"
    """Leave the field empty."""
    KEEP = "keep"
    """As it stands, or: keep row `row` and leave the others out."""
    RENUMBER = "renumber"
    """Give row `row` the contract number `value`."""
    SAME = "same"
    """One person; the name is `value`."""
    SEPARATE = "separate"
    """Different people or homes in spite of the likeness."""
    CREATE = "create"
    SKIP = "skip"
    """Leave the row (all rows of the question) out."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to answer."""

    action: Action
    value: str = ""
    """What is taken; with `takes_text` only a proposal for the text."""
    row: int | None = None
    takes_text: bool = False

    @property
    def key(self) -> str:
        """What a form sends: "use:2026-03-03", "keep:5", "skip"."""
        parts = [str(self.action)]
        if self.row is not None:
            parts.append(str(self.row))
        if self.value and not self.takes_text:
            parts.append(self.value)
        return ":".join(parts)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said. `value` is the typed or chosen text."""

    action: Action
    value: str = ""
    row: int | None = None

    def to_json(self) -> dict[str, Any]:
        """For storing with the run."""
        return {key: item for key, item in asdict(self).items() if item not in ("", None)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Answer:
        """From a stored run or an answers file. Raises ValueError for what is no answer."""
        row = data.get("row")
        if row is not None and not isinstance(row, int):
            raise ValueError("row must be a number")
        return cls(Action(str(data.get("action"))), str(data.get("value") or ""), row)


@dataclass(frozen=True, slots=True)
class Question:
    """Something only a person can say."""

    id: str
    code: str
    """A `Doubt` or an `Ask`."""
    field: str
    rows: tuple[int, ...]
    column: str
    """Column letters, "" when the file has no such column."""
    found: str
    """What stands in the cell."""
    choices: tuple[Choice, ...]
    context: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """What helps to decide: values of the same row by field key, or per row."""
    proposed: str = ""
    """Key of the choice that fits best; "" when none does better than the others."""
    problem: str | None = None
    """Why the answer given could not be taken: a `Doubt`, or "TAKEN"."""

    @property
    def group(self) -> str:
        """Questions that may be answered alike in one go."""
        return f"{self.field}.{self.code}"

    @property
    def proposal(self) -> Choice | None:
        """The choice a person may accept unread for many questions at once; None: each must be looked at."""
        return next((choice for choice in self.choices if choice.key == self.proposed), None)

    def accepts(self, answer: Answer) -> bool:
        """Whether the answer is one of the choices (a typed value may be anything; it is read later)."""
        return any(
            choice.action == answer.action
            and choice.row == answer.row
            and (choice.takes_text or choice.value == answer.value)
            for choice in self.choices
        )


class Desk:
    """Holds the answers while a plan is made and collects what is still open."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = answers
        self.open: dict[str, Question] = {}
        self.answered: dict[str, tuple[Question, Answer]] = {}

    def ask(self, question: Question) -> Answer | None:
        """The answer, if there is one the question takes; else the question stays open.

        One id asked for several rows is one question: its rows are gathered.
        """
        answer = self._answers.get(question.id)
        if answer is None or not question.accepts(answer):
            self._leave_open(question)
            return None
        before = self.answered.get(question.id)
        self.answered[question.id] = (_with_rows_of(question, before[0] if before else None), answer)
        return answer

    def refuse(self, question: Question, problem: str) -> None:
        """The answer cannot be taken: the question is open again and says why."""
        self.answered.pop(question.id, None)
        self._leave_open(replace(question, problem=problem))

    def _leave_open(self, question: Question) -> None:
        self.open[question.id] = _with_rows_of(question, self.open.get(question.id))


def _with_rows_of(question: Question, earlier: Question | None) -> Question:
    if earlier is None:
        return question
    return replace(question, rows=tuple(dict.fromkeys((*earlier.rows, *question.rows))))
