"""The plan for a list of the portal's own: one record in a row, found by its number or by what tells it from others.

A row whose record is there changes only what the file says otherwise; an empty cell leaves the value as it is, unless
the run says that empty clears. What the file repeats is no change, however it is written.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from portal.imports.asking import Action, Answer, Ask, Choice, Question
from portal.imports.mapping import NUMBER, VERSION, Field
from portal.imports.plan import Act, Plan, Step, finish
from portal.imports.reading import plain
from portal.imports.rows import Draft, Skip, Table
from portal.imports.values import Doubt, narrow

Key = tuple[Any, ...]
CONTEXT = (NUMBER, "name", "title", "phone", "customer", "username")


@dataclass(frozen=True, slots=True)
class Present:
    """A record as it stands."""

    id: int
    number: str
    version: int
    values: Mapping[str, Any]
    """By field key; links by the inner number of what they lead to."""
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By field key: what a file may write for the value without changing it; the first is what people read."""
    changed: str = ""
    """Who changed it last and when, for people."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a link may lead to. `id` is what the field takes: an inner number, for links to any kind with the kind."""

    id: Any
    number: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """How rows of a kind find their records."""

    keys: tuple[str, ...] = ()
    """Without a number: the fields that tell one record from another; none: such a row is a new record."""
    gives_number: bool = False
    """The number is said by people (a contract, a branch), so one that is unknown makes a new record."""
    may_create: bool = True
    may_change: bool = True


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that the service of the record refused when it was tried."""

    row: int
    field: str
    said: tuple[str | None, str, Mapping[str, Any]]
    """Context, message id and values of the sentence."""


class Known(Protocol):
    """Questions to the portal, each asked once per plan with everything the file names."""

    def by_number(self, numbers: Collection[str]) -> Mapping[str, Present]:
        """The records of these numbers that the person sees."""

    def by_key(self, keys: Collection[Key]) -> Mapping[Key, Sequence[Present]]:
        """The records that say this in the fields of `Rule.keys`."""

    def targets(self, field_key: str, texts: Collection[str]) -> Mapping[str, Sequence[Target]]:
        """What has this number or name, for one field with links."""


def plan(
    table: Table, rule: Rule, known: Known, *, empty_clears: bool = False, refusals: Iterable[Refusal] = ()
) -> Plan:
    """Plan every row of a list."""
    return _Plan(table, rule, known, empty_clears, tuple(refusals)).make()


class _Plan:
    def __init__(
        self, table: Table, rule: Rule, known: Known, empty_clears: bool, refusals: tuple[Refusal, ...]
    ) -> None:
        self._table, self._rule, self._known, self._empty_clears = table, rule, known, empty_clears
        self._refusals = refusals
        self._present: dict[int, Present] = {}
        self._cleared: dict[int, set[str]] = defaultdict(set)

    def make(self) -> Plan:
        table = self._table
        table.context_keys = CONTEXT
        table.leave_out_duplicates()
        self._find_by_number()
        self._find_by_key()
        self._ask_for_one_row_each()
        for draft in table.live():
            if present := self._present.get(draft.number):
                self._drop_what_is_same(draft, present)
        table.settle_unclear(())
        self._follow_links()
        self._try_again()
        for draft in table.live():
            if present := self._present.get(draft.number):
                self._ask_whether_still(draft, present)
        steps = {draft.number: self._steps(draft) for draft in table.drafts if draft.is_open}
        return finish(table, steps, shown=tuple(table.fields))

    # --- which record

    def _find_by_number(self) -> None:
        named = [draft for draft in self._table.live() if NUMBER in draft.values]
        found = dict(self._known.by_number({draft.values[NUMBER] for draft in named}))
        for draft in named:
            self._take_number(draft, found)

    def _take_number(self, draft: Draft, found: dict[str, Present]) -> None:
        number = draft.values[NUMBER]
        if number in found:
            self._is(draft, found[number])
            return
        if self._rule.gives_number and self._rule.may_create:
            return
        create = (Choice(Action.CREATE),) if self._rule.may_create and not self._rule.gives_number else ()
        question = self._question(
            draft, Ask.NUMBER_UNKNOWN, NUMBER, (Choice(Action.ENTER, takes_text=True), *create, Choice(Action.SKIP))
        )
        answer = self._ask(draft, question)
        if answer is None:
            self._forget_what_is_missing(draft)  # until it is known whether the row is a new record
        if answer is None or draft.skip:
            return
        if answer.action is Action.CREATE:
            del draft.values[NUMBER]
            return
        other = narrow(answer.value).upper()
        if other not in found:
            found.update(self._known.by_number({other}))
        if other in found:
            draft.values[NUMBER] = other
            self._is(draft, found[other])
        else:
            self._table.desk.refuse(question, Ask.NUMBER_UNKNOWN)
            draft.waiting.add(question.id)

    def _is(self, draft: Draft, present: Present) -> None:
        if self._rule.may_change:
            self._present[draft.number] = present
            self._forget_what_is_missing(draft)
        else:
            draft.leave_out(Skip.ALREADY_THERE, present.number)

    @staticmethod
    def _forget_what_is_missing(draft: Draft) -> None:
        draft.unclear = {key: unclear for key, unclear in draft.unclear.items() if unclear.doubt is not Doubt.MISSING}

    def _ask_for_one_row_each(self) -> None:
        """Several rows for one record: one of them counts."""
        groups: dict[tuple[bool, Any], list[Draft]] = defaultdict(list)
        for draft in self._table.live():
            present = self._present.get(draft.number)
            number = present.number if present else draft.values.get(NUMBER)
            if number is not None:
                groups[True, number].append(draft)
            elif (key := self._key(draft)) is not None:
                groups[False, key].append(draft)
        for (by_number, _said), drafts in groups.items():
            if len(drafts) > 1:
                self._choose_row(drafts, by_number=by_number)

    def _choose_row(self, drafts: list[Draft], *, by_number: bool) -> None:
        rows = tuple(draft.number for draft in drafts)
        key = NUMBER if by_number else self._rule.keys[0]
        keep = (Choice(Action.KEEP, row=row) for row in rows)
        separate = () if by_number else (Choice(Action.SEPARATE),)
        question = Question(
            id=f"{key}:{Ask.SAME_RECORD}:{rows[0]}",
            code=Ask.SAME_RECORD,
            field=key,
            rows=rows,
            column=self._table.letters.get(key, ""),
            found=drafts[0].raw.get(key, ""),
            choices=(*keep, *separate, Choice(Action.SKIP)),
            context={"rows": {str(draft.number): self._table.context(draft) for draft in drafts}},
        )
        answer = self._table.desk.ask(question)
        for draft in drafts:
            if answer is None:
                draft.waiting.add(question.id)
            elif answer.action is Action.SKIP:
                draft.leave_out(Skip.ANSWER)
            elif answer.action is Action.KEEP and answer.row != draft.number:
                draft.leave_out(Skip.OTHER_ROW, str(answer.row))

    def _key(self, draft: Draft) -> Key | None:
        if not self._rule.keys or draft.number in self._present or NUMBER in draft.values:
            return None
        said = tuple(draft.values.get(key) for key in self._rule.keys)
        return None if said[0] is None or all(value is None for value in said) else said

    def _find_by_key(self) -> None:
        drafts = [(draft, key) for draft in self._table.live() if (key := self._key(draft)) is not None]
        if not drafts:
            return
        found = self._known.by_key({key for _draft, key in drafts})
        first = self._rule.keys[0]
        for draft, key in drafts:
            there = found.get(key, ())
            if len(there) == 1:
                self._is(draft, there[0])
            elif there:
                self._choose_among(draft, first, there)

    def _choose_among(self, draft: Draft, key: str, there: Sequence[Present]) -> None:
        uses = tuple(Choice(Action.USE, present.number) for present in there)
        create = (Choice(Action.CREATE),) if self._rule.may_create else ()
        question = self._question(draft, Ask.RECORD_SEVERAL, key, (*uses, *create, Choice(Action.SKIP)))
        answer = self._ask(draft, question)
        if answer and answer.action is Action.USE:
            self._is(draft, next(present for present in there if present.number == answer.value))

    # --- what is changed

    def _drop_what_is_same(self, draft: Draft, present: Present) -> None:
        """Only what the file says otherwise stays; a cell that repeats the record needs no reading at all."""
        for key, item in self._table.fields.items():
            if key in (NUMBER, VERSION):
                continue
            if key not in draft.raw:
                if self._empty_clears and key in self._table.letters and self._can_be_cleared(item, present):
                    self._cleared[draft.number].add(key)
                draft.values.pop(key, None)  # a value for all rows is for new ones
                draft.unclear.pop(key, None)
            elif self._says_the_same(draft, item, present):
                draft.values.pop(key, None)
                draft.unclear.pop(key, None)
                draft.notes = [note for note in draft.notes if note.field != key]
            elif item.is_set_once:
                draft.values.pop(key, None)
                draft.unclear.pop(key, None)
                shown = next(iter(present.texts.get(key, ())), "")
                question = self._question(
                    draft, Ask.FIXED, key, (Choice(Action.KEEP), Choice(Action.SKIP)), {"known": [shown]}
                )
                self._ask(draft, question)

    @staticmethod
    def _can_be_cleared(item: Field, present: Present) -> bool:
        is_free = not (item.is_required or item.is_set_once or item.is_never_empty)
        return is_free and present.values.get(item.key) not in (None, "", False)

    @staticmethod
    def _says_the_same(draft: Draft, item: Field, present: Present) -> bool:
        now = present.values.get(item.key)
        if item.key in draft.values and not item.is_link and same(draft.values[item.key], now):
            return True
        raw = draft.raw.get(item.key, "")
        if any(_folded(raw) == _folded(text) for text in present.texts.get(item.key, ())):
            return True
        return not item.is_link and item.key in draft.unclear and same(raw, now)

    def _follow_links(self) -> None:
        """From what the file writes to the records it means; what is not clear is asked once for all its rows."""
        for key, item in self._table.fields.items():
            if not item.is_link:
                continue
            drafts = [draft for draft in self._table.live() if key in draft.values]
            found = dict(self._known.targets(key, {str(draft.values[key]) for draft in drafts}))
            for draft in drafts:
                self._follow(draft, item, found)
                present = self._present.get(draft.number)
                if present and key in draft.values and draft.values[key] == present.values.get(key):
                    del draft.values[key]  # where it leads already, by another of its names

    def _follow(self, draft: Draft, item: Field, found: dict[str, Sequence[Target]]) -> None:
        said = str(draft.values[item.key])
        there = found.get(said, ())
        if len(there) == 1:
            draft.values[item.key] = there[0].id
            return
        del draft.values[item.key]
        code = Ask.LINK_SEVERAL if there else Ask.LINK_UNKNOWN
        leave = () if item.is_required else (Choice(Action.EMPTY),)
        uses = tuple(Choice(Action.USE, target.number) for target in there[:20])
        question = Question(
            id=f"{item.key}:{code}:{_folded(said)[:200]}",
            code=code,
            field=item.key,
            rows=(draft.number,),
            column=self._table.letters.get(item.key, ""),
            found=said,
            choices=(*uses, Choice(Action.ENTER, takes_text=True), *leave, Choice(Action.SKIP)),
            context={"known": [f"{target.number} {target.name}".strip() for target in there[:5]]},
        )
        answer = self._ask(draft, question)
        if answer is None or draft.skip or answer.action is Action.EMPTY:
            return
        if answer.value not in found:
            found.update(self._known.targets(item.key, {answer.value}))
        chosen = found.get(answer.value, ())
        if len(chosen) == 1:
            draft.values[item.key] = chosen[0].id
        else:
            self._table.desk.refuse(question, Ask.LINK_SEVERAL if chosen else Ask.LINK_UNKNOWN)
            draft.waiting.add(question.id)

    def _try_again(self) -> None:
        """Rows the service refused when they were tried: with another value, or not at all."""
        drafts = {draft.number: draft for draft in self._table.live()}
        for refusal in self._refusals:
            draft = drafts.get(refusal.row)
            item = self._table.fields.get(refusal.field)
            if draft is None or item is None or draft.skip:
                continue
            question = self._question(
                draft, Ask.RULE, refusal.field, (Choice(Action.ENTER, takes_text=True), Choice(Action.SKIP)),
                {"said": list(refusal.said)},
            )  # fmt: skip
            answer = self._ask(draft, question)
            if answer is None or draft.skip:
                continue
            self._table.take_answer(draft, item, question, answer)
            if item.is_link and item.key in draft.values:
                self._follow(draft, item, dict(self._known.targets(item.key, {str(draft.values[item.key])})))

    def _ask_whether_still(self, draft: Draft, present: Present) -> None:
        version = draft.values.get(VERSION)
        if version in (None, present.version) or not self._changes(draft):
            return
        question = self._question(
            draft, Ask.CHANGED_SINCE, NUMBER, (Choice(Action.KEEP), Choice(Action.SKIP)),
            {"changed": present.changed, "fields": self._changes(draft)},
        )  # fmt: skip
        self._ask(draft, question)

    def _changes(self, draft: Draft) -> list[str]:
        keys = [key for key in draft.values if key not in (NUMBER, VERSION)]
        return [*keys, *sorted(self._cleared[draft.number])]

    def _steps(self, draft: Draft) -> tuple[Step, ...]:
        present = self._present.get(draft.number)
        values = {key: value for key, value in draft.values.items() if key != VERSION}
        record = str(self._table.kind)
        if present is None:
            return (Step(Act.CREATE, record, f"{record}:{draft.number}", values),)
        values.pop(NUMBER, None)
        values |= {key: None for key in self._cleared[draft.number]}
        if not values:
            return ()
        return (
            Step(
                Act.CHANGE, record, f"{record}:{present.number}", values, present.id, present.number,
                {key: next(iter(present.texts.get(key, ())), "") for key in values},
                {key: self._after(draft, key) for key in values},
            ),
        )  # fmt: skip

    def _after(self, draft: Draft, key: str) -> str:
        """The new value as a person writes it; a link by what the file says."""
        if self._table.fields[key].is_link:
            return draft.raw.get(key, "")
        value = draft.values.get(key)
        return "" if value is None else plain(value) if not isinstance(value, bool) else str(value)

    # --- questions

    def _question(
        self, draft: Draft, code: Ask, key: str, choices: Sequence[Choice], more: Mapping[str, Any] | None = None
    ) -> Question:
        return Question(
            id=f"{key}:{code}:{draft.number}",
            code=code,
            field=key,
            rows=(draft.number,),
            column=self._table.letters.get(key, ""),
            found=draft.raw.get(key, ""),
            choices=tuple(choices),
            context={**self._table.context(draft, key), **(more or {})},
        )

    def _ask(self, draft: Draft, question: Question) -> Answer | None:
        answer = self._table.desk.ask(question)
        if answer is None:
            draft.waiting.add(question.id)
        elif answer.action is Action.SKIP:
            draft.leave_out(Skip.ANSWER)
        return answer


def _folded(text: str) -> str:
    return " ".join(narrow(text).casefold().split())


def same(said: Any, now: Any) -> bool:
    """Whether a value of a file says what the record says: 5 and 5.00 do, so do two ways to end a line."""
    if now is None:
        return said in (None, "")
    if isinstance(now, bool) or isinstance(said, bool):
        return said is now
    if isinstance(now, Decimal | int):
        try:
            return Decimal(str(said)) == now
        except InvalidOperation:
            return False
    if isinstance(now, datetime):
        return said == now
    if isinstance(now, date):
        return (said.date() if isinstance(said, datetime) else said) == now
    return _folded(plain(said)) == _folded(str(now)) and str(said).split() == str(now).split()
