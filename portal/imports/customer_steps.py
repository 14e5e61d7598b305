"""Ready rows of the ledger as records: customer, home, project, contract; each made once, filled or reused."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from portal.imports.asking import Action, Ask, Choice, Question
from portal.imports.known import Home, Known, KnownCustomer
from portal.imports.plan import Act, Step
from portal.imports.rows import Draft, Skip, Table

CUSTOMER_FILLS = ("gender_title", "phone2", "wechat", "email", "avoid_hours", "avoid_times")
PROPERTY_FILLS = ("layout", "handover_on")


class Steps:
    """Turns ready rows into records to make, fill or reuse."""

    def __init__(self, table: Table, known: Known, existing: list[KnownCustomer], names: dict[int, str]) -> None:
        self._table = table
        for draft in table.live():
            if draft.number in names:
                draft.values["name"] = names[draft.number]
        self._customers: dict[tuple[str, str], KnownCustomer] = {(item.phone, item.name): item for item in existing}
        homes = {home for draft in table.live() if (home := _home(draft))}
        self._homes = defaultdict(list)
        for item in known.properties(homes):
            self._homes[item.home].append(item)
        self._made: dict[str, int] = {}
        self._filled: dict[str, dict[str, Any]] = defaultdict(dict)
        self._owners: dict[Home, tuple[str, int]] = {}

    def all(self) -> dict[int, tuple[Step, ...]]:
        """Steps by row number."""
        for draft in self._table.live():
            self._check_home(draft)
        return {draft.number: self._row(draft) for draft in self._table.drafts if draft.is_open}

    def _check_home(self, draft: Draft) -> None:
        home = _home(draft)
        if not home or "phone" not in draft.values or "name" not in draft.values:
            return
        person = (draft.values["phone"], draft.values["name"])
        customer = self._customers.get(person)
        others = [item for item in self._homes[home] if not customer or item.customer_id != customer.id]
        mine = [item for item in self._homes[home] if customer and item.customer_id == customer.id]
        first = self._owners.setdefault(home, (f"{person[0]}/{person[1]}", draft.number))
        in_file = first[0] != f"{person[0]}/{person[1]}"
        if (not others or mine) and not in_file:
            return
        question = Question(
            id=f"room:{Ask.HOME_TAKEN}:{draft.number}",
            code=Ask.HOME_TAKEN,
            field="room",
            rows=(draft.number,),
            column=self._table.letters.get("room", ""),
            found=" ".join(home),
            choices=(Choice(Action.SEPARATE), Choice(Action.SKIP)),
            context={
                **self._table.context(draft),
                "known": [item.number for item in others],
                "other_row": first[1] if in_file else 0,
            },
        )
        answer = self._table.desk.ask(question)
        if answer is None:
            draft.waiting.add(question.id)
        elif answer.action is Action.SKIP:
            draft.leave_out(Skip.ANSWER)

    def _row(self, draft: Draft) -> tuple[Step, ...]:
        values = draft.values
        person = f"{values['phone']}/{values['name']}"
        customer = self._customers.get((values["phone"], values["name"]))
        steps = [self._customer(draft, f"customer:{person}", customer)]
        home = _home(draft)
        assert home is not None  # all four parts are required fields
        known_home = next((item for item in self._homes[home] if customer and item.customer_id == customer.id), None)
        home_values = {**home._asdict(), **_pick(values, "area", *PROPERTY_FILLS)}
        steps.append(
            self._step(
                "property",
                f"property:{person}:{'/'.join(home)}",
                home_values,
                existing=(known_home.id, known_home.number, known_home.values) if known_home else None,
                fills=PROPERTY_FILLS,
            )
        )
        number = values["contract_number"]
        project = _pick(
            values, "project_kind", "store", "designer", "sales", "project_manager", "foreman", "supervisor",
            "planned_start", "planned_finish", "actual_start", "actual_finish", "contract_days",
        )  # fmt: skip
        steps.append(self._step("project", f"project:{number}", project))
        steps.append(
            self._step("contract", f"contract:{number}", _pick(values, "contract_number", "amount", "signed_on"))
        )
        return tuple(steps)

    def _customer(self, draft: Draft, key: str, customer: KnownCustomer | None) -> Step:
        values = _pick(
            draft.values, "name", "phone", "source", "customer_kind", "grade", "remarks", *CUSTOMER_FILLS
        )  # fmt: skip
        if customer:
            for field in ("grade", "source", *CUSTOMER_FILLS):
                kept, told = customer.values.get(field), values.get(field)
                if kept and told and kept != told:
                    draft.note("KEPT", field, kept)
        existing = (customer.id, customer.number, customer.values) if customer else None
        return self._step("customer", key, values, existing=existing, fills=CUSTOMER_FILLS)

    def _step(
        self,
        record: str,
        key: str,
        values: dict[str, Any],
        *,
        existing: tuple[int, str, Any] | None = None,
        fills: tuple[str, ...] = (),
    ) -> Step:
        if existing:
            record_id, number, has = existing
            filled = self._filled[key]
            news = {name: values[name] for name in fills if name in values and not has.get(name) and name not in filled}
            filled.update(news)
            return Step(Act.MERGE if news else Act.REUSE, record, key, news, record_id, number)
        if key in self._made:
            return Step(Act.REUSE, record, key, {})
        self._made[key] = 1
        return Step(Act.CREATE, record, key, values)


def _home(draft: Draft) -> Home | None:
    try:
        return Home(*(str(draft.values[part]) for part in Home._fields))
    except KeyError:
        return None


def _pick(values: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: values[key] for key in keys if values.get(key) is not None}
