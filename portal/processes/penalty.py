"""P18 Penalties: where an entry stands, and the rules of the catalogue that the portal proposes by itself.

Source: domain.md 3.20, 4.18, 7.9. Approving, executing and appealing belong to the process P18; an entry begins here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from portal.i18n import N_, Text
from portal.terms import Term


class State(Term):
    """Where a penalty stands (4.18)."""

    PROPOSED = "PROPOSED", "Proposed"
    APPROVED = "APPROVED", "Approved"
    REJECTED = "REJECTED", "Rejected"
    SENT = "SENT", "Sent to be carried out"
    EXECUTED = "EXECUTED", "Carried out"
    APPEALED = "APPEALED", "Appealed"
    CANCELLED = "CANCELLED", "Cancelled"


class Kind(Term):
    """What a penalty is (3.20); the other kinds come with their rules."""

    FINE = "FINE", "Fine"
    BY_DECISION = "BY_DECISION", "As the manager decides"


@dataclass(frozen=True, slots=True)
class Rule:
    """A line of the catalogue. `amount` in yuan; None: the manager decides."""

    code: str
    offence: Text
    kind: Kind
    amount: Decimal | None
    source: str


RULES = {
    rule.code: rule
    for rule in (
        Rule("K-08", N_("Problem from a call or a complaint"), Kind.BY_DECISION, None, "003, 004"),
        Rule("K-20", N_("Not rectifying within the limit"), Kind.FINE, Decimal("200.00"), "000"),
    )
}
"""Of the catalogue 7.9 what can apply to a crew that does not come in time."""

PROPOSED_FOR = {"DL-22": "repair_late_rule"}
"""The clocks whose miss has a penalty proposed, and the setting that names the rule."""
