"""A condition says the same in Python and on the phone, fact by fact."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from types import SimpleNamespace
from typing import Any

from portal.processes.base import Guard
from portal.processes.conditions import Condition
from portal.processes.pre_acceptance import IS_ASKED, IS_OPEN_MUST, IS_OUT, LACKS_PHOTO, ItemResult, PhotoNeed
from portal.processes.repair import PROCESS
from portal.processes.repair import State as RepairState
from portal.processes.repair_cost import PROCESS as COST_PROCESS
from portal.static import FOLDER

LISTS = ("costs", "present_photos", "present_checks")
COSTS = ([], [{"bearer": "COMPANY", "amount": 80.0}], [{"bearer": "CUSTOMER", "amount": each} for each in (0.1, 0.2)])
CHECKS = ([], *([{"step": "finish", "is_required": must, "ticked_at": None}] for must in (True, False)))
PHOTOS = ([], [{"kind": "AFTER"}], [{"kind": "BEFORE"}])


def worlds() -> list[dict[str, Any]]:
    """Facts in every combination that the rules of a repair look at."""
    free = product(("YES", "NO", None), ("CONSTRUCTION", "CUSTOMER_USE", None))
    found = [
        {"in_warranty": term, "cause": cause, "quote_note": note, "is_quote_signed": signed, "arrived_at": signed}
        for (term, cause), note, signed in product(free, (None, "当面同意"), (True, False))
    ]
    for rule, round_no, photos, checks, costs, accepted in product(
        ({"finish": "ALWAYS"}, {"finish": "ON_FAILURE"}, None), (1, 2), PHOTOS, CHECKS, COSTS, (True, None)
    ):
        found.append(
            {
                "photo_rules": rule, "round_no": round_no, "present_photos": photos, "present_checks": checks,
                "costs": costs, "quote_accepted": accepted, "quote_material": 0.3, "quote_labour": None,
                "site_cleaned": accepted, "has_no_costs": not costs and round_no == 1, "is_signed": round_no == 2,
            }
        )  # fmt: skip
    return found


def record(facts: dict[str, Any]) -> SimpleNamespace:
    """The same facts as a record has them."""

    def value(given: Any) -> Any:
        return Decimal(str(given)) if isinstance(given, float) else given

    lines = {
        name: [SimpleNamespace(**{k: value(v) for k, v in line.items()}) for line in facts.get(name, ())]
        for name in LISTS
    }
    return SimpleNamespace(**{name: value(given) for name, given in facts.items()} | lines)


def test_every_rule_of_a_repair_says_the_same_on_the_phone(browser):
    guards: dict[str, Guard] = {guard.code: guard for step in PROCESS.transitions for guard in step.guards}
    rules = {code: guard.holds for code, guard in guards.items() if isinstance(guard.holds, Condition)}
    assert {
        "free",
        "chargeable",
        "consent",
        "cleaned",
        "costs",
        "quote",
        "signed",
        "photo-after",
        "ticked-finish",
    } <= set(rules)
    found = worlds()
    page = browser.new_page()
    page.evaluate((FOLDER / "js/conditions.js").read_text(encoding="utf-8"))
    said = page.evaluate(
        "([rules, worlds]) => Object.fromEntries(Object.entries(rules).map(([code, rule]) => [code, worlds.map((facts) => Conditions.holds(rule, facts))]))",
        [{code: rule.data for code, rule in rules.items()}, found],
    )
    page.close()
    expected = {code: [rule(record(facts)) for facts in found] for code, rule in rules.items()}
    assert said == expected
    both = {code for code, answers in expected.items() if set(answers) == {True, False}}
    assert both == set(rules) - {"photo-before", "photo-before-failed", "ticked-arrive", "ticked-sign-off"}


def test_every_rule_of_a_cost_case_says_the_same_on_the_phone(browser):
    """P15, with what the rules look at on its repair."""
    guards = {guard.code: guard for step in COST_PROCESS.transitions for guard in step.guards}
    rules = {code: guard.holds for code, guard in guards.items() if isinstance(guard.holds, Condition)}
    assert set(rules) == {"on-site", "crew", "crew-gone", "photo", "money", "signed-off", "estimate", "over"}
    found: list[dict[str, Any]] = [
        {
            "order": {"state": state, "photos": photos}, "crew_id": crew, "crew_status": status,
            "estimate_material": material, "estimate_labour": 0.0, "actual_material": 1000.0,
            "actual_labour": labour, "may_cost": 1166.0,
        }
        for state, photos, crew, status, material, labour in product(
            RepairState, PHOTOS[:2], (None, 7), ("ACTIVE", "DEPARTED", "REPLACED_ON_REQUEST"), (None, 0.0, 0.01),
            (166.0, 166.01),
        )
    ]  # fmt: skip
    page = browser.new_page()
    page.evaluate((FOLDER / "js/conditions.js").read_text(encoding="utf-8"))
    said = page.evaluate(
        "([rules, worlds]) => Object.fromEntries(Object.entries(rules).map(([code, rule]) => [code, worlds.map((facts) => Conditions.holds(rule, facts))]))",
        [{code: rule.data for code, rule in rules.items()}, found],
    )
    page.close()
    expected = {
        code: [rule(SimpleNamespace(**{**facts, "order": SimpleNamespace(**facts["order"])})) for facts in found]
        for code, rule in rules.items()
    }
    assert said == expected and all({*answers} == {True, False} for answers in expected.values())


def test_every_rule_of_a_line_says_the_same_on_the_phone(browser):
    rules = {"asked": IS_ASKED, "out": IS_OUT, "must": IS_OPEN_MUST, "photo": LACKS_PHOTO}
    limits = ((None, "5.00"), ("5.00", "8.00"), ("5.00", None), (None, "0.00"), (None, None))
    measured = (None, 0.0, 4.99, 5.0, 5.01, 8.0, 8.01)
    found: list[dict[str, Any]] = [
        {"low": low, "high": high, "measured": value, "result": result, "is_must": must, "photo_rule": rule, "photos": photos}
        for (low, high), value, result, must, rule, photos in product(
            limits, measured, (None, *map(str, ItemResult)), (True, False), map(str, PhotoNeed), ([], [{}])
        )
    ]  # fmt: skip
    for asked_if, wanted in ((None, None), *product(({"result": None}, {"result": "FAIL"}), ("FAIL", "PASS"))):
        found.append({**found[0], "asked_if": asked_if, "asked_if_result": wanted})
    page = browser.new_page()
    page.evaluate((FOLDER / "js/conditions.js").read_text(encoding="utf-8"))
    said = page.evaluate(
        "([rules, worlds]) => Object.fromEntries(Object.entries(rules).map(([code, rule]) => [code, worlds.map((facts) => Conditions.holds(rule, facts))]))",
        [{code: rule.data for code, rule in rules.items()}, found],
    )
    page.close()

    def line(facts: dict[str, Any]) -> SimpleNamespace:
        numbers = {name: Decimal(str(facts[name])) for name in ("low", "high", "measured") if facts[name] is not None}
        return SimpleNamespace(**facts | numbers)

    assert said == {code: [rule(line(facts)) for facts in found] for code, rule in rules.items()}
    assert all(set(answers) == {True, False} for answers in said.values())
