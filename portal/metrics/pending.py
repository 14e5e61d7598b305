"""Figures of the manual whose records the portal does not keep yet: each says so, none shows a zero. Source: `domain.md` 6.2."""

from __future__ import annotations

from portal.i18n import N_, Text
from portal.metrics.questions import NoSource, Period, Question
from portal.metrics.registry import Unit, metric
from portal.permissions import Permission

P = Permission
CANCELLATIONS = N_("Cancellations are not recorded yet.")
CLUB = N_("The club is not recorded yet.")


def _declare(key: str, title: Text, unit: Unit, why: Text, formula: str, permission: Permission, better: str) -> None:
    def ask(_period: Period) -> Question:
        return NoSource(why)

    ask.__doc__ = formula
    metric(key, title, unit, permission, better)(ask)


_declare(
    "M-50",
    N_("Cancellations", "metric"),
    Unit.COUNT,
    CANCELLATIONS,
    "Cancellations voided in the period.",
    P.CONTRACT_VIEW,
    "less",
)
_declare(
    "M-50.amount",
    N_("Contract amount cancelled", "metric"),
    Unit.YUAN,
    CANCELLATIONS,
    "Sum of the contract amounts reduced.",
    P.CONTRACT_VIEW,
    "less",
)
_declare(
    "M-51",
    N_("Cancellation rate", "metric"),
    Unit.PERCENT,
    CANCELLATIONS,
    "Voided ÷ contracts signed in the period.",
    P.CONTRACT_VIEW,
    "less",
)
_declare(
    "M-52",
    N_("Liability of cancellations", "metric"),
    Unit.COUNT,
    CANCELLATIONS,
    "Cancellations decided in the period, by liability.",
    P.CONTRACT_VIEW,
    "",
)
_declare(
    "M-53",
    N_("Cancellations in time", "metric"),
    Unit.PERCENT,
    CANCELLATIONS,
    "DL-26 met ÷ cancellations.",
    P.CONTRACT_VIEW,
    "more",
)
_declare(
    "M-90",
    N_("Members of the club", "metric"),
    Unit.COUNT,
    CLUB,
    "Members, activities, attendance, referred and signed leads.",
    P.CUSTOMER_VIEW,
    "more",
)
