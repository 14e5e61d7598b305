"""The plan for the department's ledger: customers with their homes, projects and contracts.

The checks of a row come first, then those across rows (one contract number twice, one phone under two names, one
address of two customers), then those against what the portal has. Source: `domain.md` 3.1 to 3.3, 5.5.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from itertools import pairwise
from typing import Any

from portal.imports.asking import Action, Answer, Ask, Choice, Question
from portal.imports.customer_steps import Steps
from portal.imports.known import Known, KnownContract, KnownCustomer, Rules
from portal.imports.parties import PartyDesk
from portal.imports.plan import Plan, finish
from portal.imports.rows import Draft, Skip, Table
from portal.imports.values import Doubt, Found, contract_number, title_in_name

CHAINS = (("signed_on", "planned_start", "planned_finish"), ("signed_on", "actual_start", "actual_finish"))
SHOWN = ("name", "phone", "estate", "building", "unit", "room", "contract_number", "amount")
_AVOID = re.compile(r"(勿在|请勿|請勿|不要).{0,20}(致电|致電|打电话|打電話|来电|來電)")


def plan(table: Table, known: Known, rules: Rules) -> Plan:
    """Plan every row of the ledger."""
    table.leave_out_duplicates()
    table.settle_unclear(CHAINS)
    for draft in table.live():
        _check_title(table, draft)
        _check_order(table, draft)
        _complete(draft, rules)
    contracts = {item.number: item for item in known.contracts(_all(table, "contract_number"))}
    existing = list(known.customers(_all(table, "phone")))
    _leave_out_known(table, contracts)
    _check_contract_numbers(table, contracts)
    names = _check_phones(table, existing)
    people = PartyDesk(table, known)
    people.check()
    steps = Steps(table, known, existing, names).all()
    return finish(table, steps, shown=SHOWN, parties=people.new_parties(), stores=people.new_stores())


def _all(table: Table, key: str) -> set[Any]:
    return {draft.values[key] for draft in table.live() if key in draft.values}


def _ask(table: Table, question: Question, drafts: Iterable[Draft]) -> Answer | None:
    answer = table.desk.ask(question)
    for draft in drafts:
        if answer is None:
            draft.waiting.add(question.id)
        elif answer.action is Action.SKIP:
            draft.leave_out(Skip.ANSWER)
    return answer


def _check_title(table: Table, draft: Draft) -> None:
    """王女士 in the name and 先生 beside it cannot both be right; a title only in the name is taken from it."""
    named = title_in_name(str(draft.values.get("name", "")))
    if not named:
        return
    given = draft.values.get("gender_title")
    if given is None:
        draft.values["gender_title"] = named
        draft.note("TITLE_FROM_NAME", "gender_title", named)
    elif given != named:
        best = Choice(Action.USE, named)
        question = Question(
            id=f"gender_title:{Doubt.NAME_TITLE}:{draft.number}",
            code=Doubt.NAME_TITLE,
            field="gender_title",
            rows=(draft.number,),
            column=table.letters.get("gender_title", ""),
            found=f"{draft.raw.get('name', '')} / {draft.raw.get('gender_title', '')}",
            choices=(best, Choice(Action.USE, given), Choice(Action.EMPTY), Choice(Action.SKIP)),
            context=table.context(draft, "gender_title"),
            proposed=best.key,
        )
        answer = _ask(table, question, [draft])
        if answer and answer.action is Action.USE:
            draft.values["gender_title"] = answer.value
        elif answer:
            draft.values.pop("gender_title", None)


def _check_order(table: Table, draft: Draft) -> None:
    """Signed, start, finish: dates out of this order are asked about, once per row and pair."""
    for chain in CHAINS:
        dated = [(key, draft.values[key]) for key in chain if isinstance(draft.values.get(key), date)]
        for (first, earlier), (second, later) in pairwise(dated):
            if draft.skip or earlier <= later:
                continue
            question = Question(
                id=f"{second}:{Ask.DATE_ORDER}:{draft.number}",
                code=Ask.DATE_ORDER,
                field=second,
                rows=(draft.number,),
                column=table.letters.get(second, ""),
                found=f"{earlier.isoformat()} > {later.isoformat()}",
                choices=(
                    Choice(Action.KEEP),
                    Choice(Action.ENTER, takes_text=True),
                    Choice(Action.EMPTY),
                    Choice(Action.SKIP),
                ),
                context={**table.context(draft, second), "before": first},
            )
            answer = _ask(table, question, [draft])
            if answer and answer.action is Action.ENTER:
                table.take_answer(draft, table.fields[second], question, answer)
            elif answer and answer.action is Action.EMPTY:
                draft.values.pop(second, None)


def _complete(draft: Draft, rules: Rules) -> None:
    """What rules say where the ledger is silent: grade by amount, customer type by the works, do-not-call times."""
    values = draft.values
    if "grade" not in values and "grade" not in draft.unclear and "amount" in values and "project_kind" in values:
        values["grade"] = rules.grade(
            amount=values["amount"], project_kind=values["project_kind"], layout=str(values.get("layout", ""))
        )
        draft.note("GRADE_BY_RULE", "grade", values["grade"])
    if "customer_kind" not in values and "customer_kind" not in draft.unclear:
        values["customer_kind"] = "UNDER_CONSTRUCTION" if "actual_start" in values else "SIGNED"
    remarks = str(values.get("remarks", ""))
    if _AVOID.search(remarks):
        values["avoid_times"] = remarks[:200]
        draft.note("AVOID_TIMES", "remarks", remarks)


def _leave_out_known(table: Table, contracts: dict[str, KnownContract]) -> None:
    """A row whose contract the portal has, with the same holder, was imported or typed in before."""
    for draft in table.live():
        held = contracts.get(draft.values.get("contract_number", ""))
        if held and (
            draft.values.get("phone") in held.customer_phones or draft.values.get("name") == held.customer_name
        ):
            draft.leave_out(Skip.ALREADY_THERE, held.number)


def _check_contract_numbers(table: Table, contracts: dict[str, KnownContract]) -> None:
    taken = set(contracts) | _all(table, "contract_number")
    free = _free_numbers(table)
    while True:
        groups: dict[str, list[Draft]] = defaultdict(list)
        for draft in table.live():
            if number := draft.values.get("contract_number"):
                groups[number].append(draft)
        changed = False
        for number, drafts in groups.items():
            if number in contracts:
                changed |= _settle_number(table, number, drafts, taken, free, Ask.CONTRACT_TAKEN, contracts[number])
            elif len(drafts) > 1:
                changed |= _settle_number(table, number, drafts, taken, free, Ask.SAME_CONTRACT, None)
        if not changed:
            return


def _settle_number(
    table: Table,
    number: str,
    drafts: list[Draft],
    taken: set[str],
    free: Callable[[int], str | None],
    code: Ask,
    held: KnownContract | None,
) -> bool:
    """Ask about one contract number. True when rows changed, so that the groups must be formed again."""
    rows = tuple(draft.number for draft in drafts)
    proposals = {draft.number: value for draft in drafts if (value := free(draft.number)) and value not in taken}
    choices = [Choice(Action.KEEP, row=row) for row in rows] if held is None else []
    choices += [Choice(Action.RENUMBER, proposals.get(row, ""), row, takes_text=True) for row in rows]
    question = Question(
        id=f"contract_number:{code}:{number}:{','.join(map(str, rows))}",
        code=code,
        field="contract_number",
        rows=rows,
        column=table.letters.get("contract_number", ""),
        found=number,
        choices=(*choices, Choice(Action.SKIP)),
        context={
            "rows": {str(draft.number): _recognise(draft) for draft in drafts},
            **({"holder": held.holder} if held else {}),
        },
    )
    if any(question.id in draft.waiting for draft in drafts):
        return False
    answer = _ask(table, question, drafts)
    if answer is None or answer.action is Action.SKIP:
        return False
    if answer.action is Action.KEEP:
        for draft in drafts:
            if draft.number != answer.row:
                draft.leave_out(Skip.OTHER_KEPT, str(answer.row))
        return False
    reading = contract_number(answer.value)
    if not isinstance(reading, Found) or reading.value in taken:
        table.desk.refuse(question, "TAKEN" if isinstance(reading, Found) else Doubt.UNREADABLE)
        for draft in drafts:
            draft.waiting.add(question.id)
        return False
    draft = next(draft for draft in drafts if draft.number == answer.row)
    draft.values["contract_number"] = reading.value
    draft.note("RENUMBERED", "contract_number", number)
    taken.add(str(reading.value))
    return True


def _recognise(draft: Draft) -> dict[str, str]:
    return {
        key: draft.raw.get(key, "") for key in ("name", "phone", "estate", "building", "room", "amount", "signed_on")
    }


def _free_numbers(table: Table) -> Callable[[int], str | None]:
    """A proposal for a row's contract number: one that the sequence of the rows around it leaves out."""
    numbers = [(draft.number, str(draft.values.get("contract_number", ""))) for draft in table.drafts]
    used = {number for _, number in numbers}
    at = {row: index for index, (row, _) in enumerate(numbers)}

    def propose(row: int) -> str | None:
        index = at[row]
        near = [number for _, number in numbers[max(0, index - 3) : index]][::-1]
        for number in near:
            match = re.match(r"^(.*?)(\d+)$", number)
            if not match:
                continue
            following = f"{match[1]}{int(match[2]) + 1:0{len(match[2])}d}"
            after = f"{match[1]}{int(match[2]) + 2:0{len(match[2])}d}"
            later = {other for _, other in numbers[index + 1 : index + 4]}
            if following not in used and (after in later or not later):
                return following
        return None

    return propose


def _check_phones(table: Table, existing: list[KnownCustomer]) -> dict[int, str]:
    """One phone under several names: one person or several? Returns the names rows get by an answer."""
    names: dict[int, str] = {}
    groups: dict[str, list[Draft]] = defaultdict(list)
    for draft in table.live():
        if "phone" in draft.values and "name" in draft.values:
            groups[draft.values["phone"]].append(draft)
    there: dict[str, list[KnownCustomer]] = defaultdict(list)
    for customer in existing:
        there[customer.phone].append(customer)
    for phone, drafts in groups.items():
        in_file = dict.fromkeys(draft.values["name"] for draft in drafts)
        known_names = {customer.name for customer in there[phone]}
        if len(known_names | set(in_file)) < 2 or set(in_file) <= known_names:
            continue
        shown = [customer for customer in there[phone] if customer.is_shown]
        everyone = list(dict.fromkeys([*(customer.name for customer in shown), *in_file]))
        question = Question(
            id=f"phone:{Ask.NAME_DIFFERS}:{phone}:{','.join(sorted(everyone))}",
            code=Ask.NAME_DIFFERS,
            field="phone",
            rows=tuple(draft.number for draft in drafts),
            column=table.letters.get("phone", ""),
            found=phone,
            choices=(*(Choice(Action.SAME, name) for name in everyone), Choice(Action.SEPARATE), Choice(Action.SKIP)),
            context={
                "rows": {str(draft.number): _recognise(draft) for draft in drafts},
                "known": [f"{customer.number} {customer.name}" for customer in shown],
            },
        )
        answer = _ask(table, question, drafts)
        if answer and answer.action is Action.SAME:
            for draft in drafts:
                if draft.values["name"] != answer.value:
                    draft.note("NAME_REPLACED", "name", draft.values["name"])
                names[draft.number] = answer.value
    return names
