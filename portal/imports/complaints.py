"""The plan for the old complaints sheet: each row becomes a historical complaint on a contract the portal knows.

A historical complaint is for reading: it has no clocks, sends no notices and takes no steps. One that was dealt with is
closed, with its closing day if the sheet has one (a person may say that nobody knows it); any other stays registered,
with the sheet's words on how far it came. If it still needs work it is registered anew, and the portal shows the old
one beside it. The phase follows from the dates: before the contract was signed, before the works were finished, after.
Source: `domain.md` 3.11, 4.9.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from portal.imports.asking import Action, Answer, Ask, Choice, Question
from portal.imports.known import Known, KnownContract, Rules
from portal.imports.plan import Act, Plan, Step, finish
from portal.imports.rows import Draft, Skip, Table
from portal.imports.values import Doubt, Found, contract_number
from portal.imports.words import category_hint

CHAINS = (("received_on", "closed_on"),)
SHOWN = ("received_on", "name", "phone", "contract_number", "content")


def plan(table: Table, known: Known, rules: Rules) -> Plan:
    """Plan every row of the complaints sheet."""
    for draft in table.drafts:
        if draft.unclear.get("category", None) and draft.unclear["category"].doubt is Doubt.MISSING:
            del draft.unclear["category"]
    table.leave_out_duplicates()
    table.settle_unclear(CHAINS)
    contracts = _Contracts(table, known)
    for draft in table.live():
        contracts.link(draft)
        _ask_category(table, draft)
        _ask_closing(table, draft)
    there = set(known.complaints({contract.id for contract in contracts.linked.values()}))
    for draft in table.live():
        contract = contracts.linked.get(draft.number)
        if contract and (contract.id, draft.values.get("received_on"), draft.values.get("content")) in there:
            draft.leave_out(Skip.ALREADY_THERE, contract.number)
    steps = {draft.number: (_step(draft, contracts.linked[draft.number]),) for draft in table.drafts if draft.is_open}
    return finish(table, steps, shown=SHOWN)


def _ask(table: Table, question: Question, draft: Draft) -> Answer | None:
    answer = table.desk.ask(question)
    if answer is None:
        draft.waiting.add(question.id)
    elif answer.action is Action.SKIP:
        draft.leave_out(Skip.ANSWER)
    return answer


class _Contracts:
    """Finds the contract of each complaint by number, and checks it by phone and name."""

    def __init__(self, table: Table, known: Known) -> None:
        self._table = table
        self._known = known
        self.linked: dict[int, KnownContract] = {}
        self._by_number = {item.number: item for item in known.contracts(self._values("contract_number"))}
        self._of_phone: dict[str, list[KnownContract]] = {}
        for item in known.contracts_of(self._values("phone")):
            for phone in item.customer_phones:
                self._of_phone.setdefault(phone, []).append(item)

    def _values(self, key: str) -> set[str]:
        return {str(draft.values[key]) for draft in self._table.live() if key in draft.values}

    def link(self, draft: Draft) -> None:
        """Link the row to its contract, or ask: unknown number, or a holder with another name and phone."""
        number = draft.values.get("contract_number")
        if number is None or draft.skip:
            return
        contract = self._by_number.get(number)
        if contract is None:
            self._choose(draft, Ask.CONTRACT_UNKNOWN, number, None)
        elif self._belongs(draft, contract):
            self.linked[draft.number] = contract
        elif "phone" in draft.values and "name" in draft.values:
            self._choose(draft, Ask.HOLDER_DIFFERS, number, contract)

    def _belongs(self, draft: Draft, contract: KnownContract) -> bool:
        if draft.values.get("phone") in contract.customer_phones:
            return True
        if draft.values.get("name") == contract.customer_name:
            draft.note("OTHER_PHONE", "phone", draft.raw.get("phone", ""))
            return True
        return False

    def _choose(self, draft: Draft, code: Ask, number: str, contract: KnownContract | None) -> None:
        others = self._of_phone.get(str(draft.values.get("phone")), [])
        uses = tuple(Choice(Action.USE, item.number) for item in others if item.number != number)
        question = Question(
            id=f"contract_number:{code}:{draft.number}",
            code=code,
            field="contract_number",
            rows=(draft.number,),
            column=self._table.letters.get("contract_number", ""),
            found=number,
            choices=(
                *uses,
                *([Choice(Action.KEEP)] if contract else []),
                Choice(Action.ENTER, takes_text=True),
                Choice(Action.SKIP),
            ),
            context={
                **self._table.context(draft),
                **({"holder": contract.holder} if contract else {}),
            },
            proposed=uses[0].key if len(uses) == 1 and contract is None else "",
        )
        answer = _ask(self._table, question, draft)
        if answer is None or draft.skip:
            return
        if answer.action is Action.KEEP and contract:
            self.linked[draft.number] = contract
            return
        reading = contract_number(answer.value)
        chosen = self._find(str(reading.value)) if isinstance(reading, Found) else None
        if chosen is None:
            self._table.desk.refuse(question, Ask.CONTRACT_UNKNOWN)
            draft.waiting.add(question.id)
        else:
            self.linked[draft.number] = chosen

    def _find(self, number: str) -> KnownContract | None:
        if number not in self._by_number:
            self._by_number.update({item.number: item for item in self._known.contracts([number])})
        return self._by_number.get(number)


def _ask_category(table: Table, draft: Draft) -> None:
    """The category is no column of the old sheet: proposed from the text, asked once per text."""
    content = draft.values.get("content")
    if draft.skip or "category" in draft.values or "category" in draft.unclear or content is None:
        return
    best = Choice(Action.USE, category_hint(content))
    others = (Choice(Action.USE, code) for code in table.fields["category"].choices if code != best.value)
    question = Question(
        id=f"category:{Ask.CATEGORY}:{content[:200]}",
        code=Ask.CATEGORY,
        field="category",
        rows=(draft.number,),
        column=table.letters.get("category", table.letters.get("content", "")),
        found=content,
        choices=(best, *others, Choice(Action.SKIP)),
        proposed=best.key,
    )
    answer = _ask(table, question, draft)
    if answer and not draft.skip:
        draft.values["category"] = answer.value


def _ask_closing(table: Table, draft: Draft) -> None:
    """A complaint that was dealt with has a closing day; when the sheet lacks it, a person says so."""
    if (
        draft.skip
        or draft.values.get("result") != "CLOSED"
        or "closed_on" in draft.values
        or "closed_on" in draft.unclear
    ):
        return
    unknown = Choice(Action.EMPTY)
    question = Question(
        id=f"closed_on:{Ask.CLOSED_NO_DATE}:{draft.number}",
        code=Ask.CLOSED_NO_DATE,
        field="closed_on",
        rows=(draft.number,),
        column=table.letters.get("closed_on", table.letters.get("result", "")),
        found=draft.raw.get("result", ""),
        choices=(unknown, Choice(Action.ENTER, takes_text=True), Choice(Action.SKIP)),
        context={**table.context(draft), "received_on": draft.raw.get("received_on", "")},
        proposed=unknown.key,
    )
    answer = _ask(table, question, draft)
    if answer and answer.action is Action.ENTER:
        table.take_answer(draft, table.fields["closed_on"], question, answer)
        closed, received = draft.values.get("closed_on"), draft.values.get("received_on")
        if isinstance(closed, date) and isinstance(received, date) and closed < received:
            del draft.values["closed_on"]
            table.desk.refuse(question, Ask.DATE_ORDER)
            draft.waiting.add(question.id)


def _phase(received: date, contract: KnownContract) -> str:
    if contract.signed_on and received < contract.signed_on:
        return "PRE_SALE"
    return "AFTER_SALE" if contract.finished_on and received > contract.finished_on else "IN_SALE"


def _step(draft: Draft, contract: KnownContract) -> Step:
    keys: Iterable[str] = (
        "received_on", "name", "phone", "content", "demand", "department", "category", "channel", "result", "closed_on",
        "satisfaction", "remarks",
    )  # fmt: skip
    values: dict[str, Any] = {key: draft.values[key] for key in keys if draft.values.get(key) is not None}
    values["phase"] = _phase(values["received_on"], contract)
    if values["phase"] == "PRE_SALE":
        draft.note("BEFORE_SIGNING", "received_on", contract.signed_on or "")
    values["historical_result"] = " / ".join(
        text for key in ("result", "satisfaction") if (text := draft.raw.get(key, "").strip())
    )
    values["contract_id"] = contract.id
    return Step(Act.CREATE, "complaint", f"complaint:{draft.number}", values)
