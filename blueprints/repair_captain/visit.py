"""What the phone knows of a job to go on without network: words to sign, and the rules of the steps.

Rules and sentences are those of the process, as data; `static/js/visit.js` puts what is not sent yet beside them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from blueprints.repair_captain.forms import ACTUAL, CASE_STEPS
from portal.i18n import _
from portal.models.repair import CostBearer, CostKind, RepairOrder
from portal.processes import conditions
from portal.processes.base import Transition
from portal.processes.conditions import Condition
from portal.processes.repair import FREE_OF_CHARGE, PROCESS, Action, Cause, PhotoKind
from portal.processes.repair_cost import PROCESS as COST_PROCESS
from portal.services import repair_costs, repair_words, repairs

A = Action
STEPS = (A.REACH, A.ARRIVE, A.START, A.QUOTE, A.ACCEPT, A.DECLINE, A.EXTEND, A.FINISH, A.SIGN_OFF)
"""The steps that a phone takes without network."""
SETS: dict[str, dict[str, bool]] = {A.ACCEPT: {"quote_accepted": True}, A.DECLINE: {"quote_accepted": False}}
"""What a step says beside its fields."""
ADDS: dict[str, tuple[str, ...]] = {A.EXTEND: ("quote_material", "quote_labour")}
"""Fields that come on top of what was said before."""
LINES = {
    "costs": ("kind", "bearer", "amount"),
    "photos": ("kind",),
    "present_photos": ("kind",),
    "present_checks": ("id", "step", "is_required", "ticked_at", "text"),
}
"""What the rules look at in lists of a repair."""


CASE = "order."
"""How the rules of a cost case name what they look at on its repair."""


def of(order: RepairOrder) -> dict[str, Any]:
    """For `#visit` of the page."""
    steps = {str(step.action): _step(step) for step in PROCESS.transitions if step.action in STEPS}
    steps_of_case = {
        name: _step(step)
        for name, action in CASE_STEPS.items()
        for step in COST_PROCESS.transitions
        if step.action == action
    }
    of_case = _names(steps_of_case)
    names = {
        "state",
        *LINES,
        *(name.partition(".")[0] for name in _names(steps)),
        *(name.removeprefix(CASE) for name in of_case if name.startswith(CASE)),
    }
    return {
        "patterns": repair_words.patterns(),
        "facts": repair_words.facts(order),
        "terms": {
            name: {member.value: str(member.label) for member in terms}
            for name, terms in (("cause", Cause), ("kind", CostKind), ("bearer", CostBearer), ("photo", PhotoKind))
        },
        "over": [state.code for state in PROCESS.states if state.final],
        "steps": steps,
        "caseSteps": steps_of_case,
        "actual": ACTUAL,
        "bearer": {
            "free": FREE_OF_CHARGE.data,
            "yes": repairs.bearer_when(order, is_free=True),
            "no": repairs.bearer_when(order, is_free=False),
        },
        "known": {
            **{name: _known(order, name) for name in sorted(names)},
            "case": _case(order, {"state", *(name for name in of_case if not name.startswith(CASE))}),
        },
        "written": _("Written on this phone"),
        "missing": _("Missing: %(condition)s", condition="{}"),
    }


def _names(steps: dict[str, dict[str, Any]]) -> set[str]:
    return {name for step in steps.values() for guard in step["guards"] for name in conditions.names_in(guard["when"])}


def _case(order: RepairOrder, names: set[str]) -> dict[str, Any]:
    """The cost case, or what it would say."""
    case = order.cost_case or repair_costs.to_be(order)
    return {name: _plain(conditions.fact(case, name)) for name in sorted(names)}


def _step(step: Transition) -> dict[str, Any]:
    return {
        "from": sorted(step.sources),
        "to": step.target,
        "guards": [
            {"label": str(guard.label), "when": guard.holds.data, "isEntered": guard.needs_input}
            for guard in step.guards
            if isinstance(guard.holds, Condition)
        ],
        "sets": SETS.get(step.action, {}),
        "adds": ADDS.get(step.action, ()),
    }


def _known(order: RepairOrder, name: str) -> Any:
    value = getattr(order, name)
    if name in LINES:
        return [{each: _plain(getattr(line, each)) for each in LINES[name]} for line in value]
    return _plain(value)


def _plain(value: Any) -> Any:
    """A value as JSON: amounts as numbers, moments as whether there is one."""
    if isinstance(value, Decimal):
        return float(value)
    return value if value is None or isinstance(value, bool | int | str | dict) else True
