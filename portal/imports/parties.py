"""Stores and people named in a ledger: found by name, asked about when it is not clear, else to be registered."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from portal.imports.asking import Action, Ask, Choice, Question
from portal.imports.known import Known, KnownParty
from portal.imports.rows import Draft, Skip, Table

TRADES = {
    "designer": "DESIGNER",
    "sales": "SALES",
    "project_manager": "PROJECT_MANAGER",
    "foreman": "FOREMAN",
    "supervisor": "SUPERVISOR",
}
"""Field → kind of party."""


class PartyDesk:
    """Checks the stores and people of all live rows.

    Afterwards a draft's field holds the name of a store to use or to register, or for a person either the name
    (to be found or registered) or the number of the one that was chosen among several.
    """

    def __init__(self, table: Table, known: Known) -> None:
        self._table = table
        self._stores = dict(known.stores())
        names = {str(draft.values[field]) for draft in table.live() for field in TRADES if field in draft.values}
        self._known: dict[tuple[str, str], list[KnownParty]] = defaultdict(list)
        for party in known.parties(names):
            self._known[party.kind, party.name].append(party)

    def check(self) -> None:
        """Ask about unknown stores and about people whose name several bear."""
        for draft in self._table.live():
            self._check_store(draft)
            for field, kind in TRADES.items():
                several = self._known.get((kind, str(draft.values.get(field))), [])
                if len(several) > 1:
                    choices = tuple(Choice(Action.USE, party.number) for party in several)
                    self._ask(draft, field, Ask.PARTY_SEVERAL, choices)

    def _check_store(self, draft: Draft) -> None:
        name = draft.values.get("store")
        if name is None or name in self._stores:
            return
        create = Choice(Action.CREATE)
        choices = (create, *(Choice(Action.USE, store) for store in self._stores))
        self._ask(draft, "store", Ask.STORE_UNKNOWN, choices, proposed=create.key)

    def _ask(self, draft: Draft, field: str, code: Ask, choices: tuple[Choice, ...], proposed: str = "") -> None:
        found = str(draft.values[field])
        question = Question(
            id=f"{field}:{code}:{found}",
            code=code,
            field=field,
            rows=(draft.number,),
            column=self._table.letters.get(field, ""),
            found=found,
            choices=(*choices, Choice(Action.EMPTY), Choice(Action.SKIP)),
            proposed=proposed,
        )
        answer = self._table.desk.ask(question)
        if answer is None:
            draft.waiting.add(question.id)
        elif answer.action is Action.SKIP:
            draft.leave_out(Skip.ANSWER)
        elif answer.action is Action.EMPTY:
            del draft.values[field]
        elif answer.action is Action.USE:
            draft.values[field] = answer.value

    def new_stores(self) -> tuple[str, ...]:
        """Names of stores that ready rows need and the portal lacks."""
        return self._new(draft.values.get("store") for draft in self._table.drafts if draft.is_open)

    def _new(self, names: Any) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name in names if name and name not in self._stores))

    def new_parties(self) -> tuple[tuple[str, str], ...]:
        """(kind, name) of people that ready rows need and the portal lacks."""
        numbers = {party.number for parties in self._known.values() for party in parties}
        wanted = dict.fromkeys(
            (kind, str(draft.values[field]))
            for draft in self._table.drafts
            if draft.is_open
            for field, kind in TRADES.items()
            if field in draft.values
        )
        return tuple(pair for pair in wanted if pair not in self._known and pair[1] not in numbers)
