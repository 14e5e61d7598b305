"""P18 Penalties: where an entry stands, and the rules of the catalogue that the portal proposes by itself.

Source: domain.md 3.20, 4.18, 7.9. Approving, executing and appealing belong to the process P18; an entry begins here.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from portal.processes.penalty_catalogue import RULES, Kind, Rule, Sanction, Subject
from portal.terms import Term

__all__ = [
    "EXECUTORS",
    "PROPOSED_FOR",
    "RULES",
    "SUSPENDS",
    "Executor",
    "Kind",
    "Rule",
    "Sanction",
    "State",
    "Subject",
    "amount_of",
]


class State(Term):
    """Where a penalty stands (4.18)."""

    PROPOSED = "PROPOSED", "Proposed"
    APPROVED = "APPROVED", "Approved"
    REJECTED = "REJECTED", "Rejected"
    SENT = "SENT", "Sent to be carried out"
    EXECUTED = "EXECUTED", "Carried out"
    APPEALED = "APPEALED", "Appealed"
    CANCELLED = "CANCELLED", "Cancelled"


class Executor(Term):
    """Who carries a penalty out: warnings, slips, wages and commission HR; fines and settlement finance; orders engineering."""

    HR = "HR", "Human resources"
    FINANCE = "FINANCE", "Finance"
    ENGINEERING = "ENGINEERING", "Engineering"


EXECUTORS = {
    Kind.FINE: Executor.FINANCE,
    Kind.COMPENSATION_SHARE: Executor.FINANCE,
    Kind.ORDER_SUSPENSION: Executor.ENGINEERING,
    Kind.FOREMAN_REPLACED: Executor.ENGINEERING,
}
"""Who is asked to carry it out (4.18); everything else HR."""

SUSPENDS = frozenset({State.APPROVED, State.SENT, State.EXECUTED})
"""Where a suspension holds: dispatch refuses the person."""

PROPOSED_FOR = {"DL-22": "repair_late_rule"}
"""The clocks whose miss has a penalty proposed, and the setting that names the rule."""


def amount_of(percent: Decimal, base: Decimal) -> Decimal:
    """R-05: that many percent of the base, in yuan, rounded to the fen."""
    return (percent * base / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
