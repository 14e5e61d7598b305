"""What the phone knows of a job to go on without network: words to sign, and what the steps with a checklist ask for.

Rules and sentences are those of the process; `static/js/visit.js` puts what is not sent yet beside them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from blueprints.repair_captain import signature
from portal.i18n import _
from portal.models.repair import CostBearer, CostKind, RepairOrder
from portal.processes import repair
from portal.processes.repair import CHECKED, PHOTO_OF, Action, Cause, PhotoKind
from portal.services import repair_words

LABELLED = {
    Action.ARRIVE: {"photo": "photo-before"},
    Action.FINISH: {"photo": "photo-after", "cleaned": "cleaned", "costs": "costs", "quote": "quote"},
}
"""What the phone can look at by itself: its name there, and the guard of the process whose sentence says it."""


def of(order: RepairOrder) -> dict[str, Any]:
    """For `#visit` of the page."""
    return {
        "patterns": repair_words.patterns(),
        "facts": repair_words.facts(order),
        "terms": {
            name: {member.value: str(member.label) for member in terms}
            for name, terms in (("cause", Cause), ("kind", CostKind), ("bearer", CostBearer))
        },
        "needs": {str(action): _needs(order, action) for action in CHECKED},
        "photos": {kind.value: sum(photo.kind == kind for photo in repair.photos_of(order)) for kind in PhotoKind},
        "borne": float(order.customer_share),
        "agreed": float(order.accepted_quote),
        "offered": float((order.quote_material or Decimal(0)) + (order.quote_labour or Decimal(0))),
        "written": _("Written on this phone"),
        "missing": _("Missing: %(condition)s", condition="{}"),
    }


def _needs(order: RepairOrder, action: Action) -> dict[str, Any]:
    step = next(step for step in order.PROCESS.transitions if step.action == action)
    said = {guard.code: str(guard.label) for guard in step.guards}
    labels = {name: said[code] for name, code in LABELLED.get(action, {}).items()}
    if action == Action.SIGN_OFF:
        labels["signed"] = str(signature.MISSING)
    return {
        "labels": labels,
        "must": {line.id: line.text for line in repair.checks_of(order, action) if line.is_required},
        "photo": str(PHOTO_OF.get(action, "")),
        "rule": repair.photo_rule(order, action),
        "came_back": repair.came_back(order, action),
    }
