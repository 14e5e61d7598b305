"""What the phone knows of a job to go on without network: words to sign, and the rules of the steps.

Rules and sentences are those of the process, as data; `static/js/visit.js` puts what is not sent yet beside them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from portal.i18n import _
from portal.models.repair import CostBearer, CostKind, RepairOrder
from portal.processes import conditions
from portal.processes.base import Transition
from portal.processes.conditions import Condition
from portal.processes.repair import FREE_OF_CHARGE, PROCESS, Action, Cause, PhotoKind
from portal.services import repair_words, repairs

A = Action
STEPS = (A.REACH, A.ARRIVE, A.START, A.QUOTE, A.ACCEPT, A.DECLINE, A.EXTEND, A.FINISH, A.SIGN_OFF)
"""The steps that a phone takes without network."""
SETS: dict[str, dict[str, bool]] = {A.ACCEPT: {"quote_accepted": True}, A.DECLINE: {"quote_accepted": False}}
"""What a step says beside its fields."""
ADDS: dict[str, tuple[str, ...]] = {A.EXTEND: ("quote_material", "quote_labour")}
"""Fields that come on top of what was said before."""
LINES = {
    "costs": ("bearer", "amount"),
    "present_photos": ("kind",),
    "present_checks": ("id", "step", "is_required", "ticked_at", "text"),
}
"""What the rules look at in lists of a repair."""


def of(order: RepairOrder) -> dict[str, Any]:
    """For `#visit` of the page."""
    steps = {str(step.action): _step(step) for step in PROCESS.transitions if step.action in STEPS}
    names = {
        name
        for step in steps.values()
        for guard in step["guards"]
        for name in conditions.names_in(guard["when"])
    }  # fmt: skip
    return {
        "patterns": repair_words.patterns(),
        "facts": repair_words.facts(order),
        "terms": {
            name: {member.value: str(member.label) for member in terms}
            for name, terms in (("cause", Cause), ("kind", CostKind), ("bearer", CostBearer), ("photo", PhotoKind))
        },
        "state": order.state,
        "over": [state.code for state in PROCESS.states if state.final],
        "steps": steps,
        "bearer": {
            "free": FREE_OF_CHARGE.data,
            "yes": repairs.bearer_when(order, is_free=True),
            "no": repairs.bearer_when(order, is_free=False),
        },
        "known": {name: _known(order, name) for name in sorted(names | set(LINES))},
        "written": _("Written on this phone"),
        "missing": _("Missing: %(condition)s", condition="{}"),
    }


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
