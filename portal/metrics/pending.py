"""Figures of the manual whose records the portal does not keep yet: each says so, none shows a zero. Source: `domain.md` 6.2."""

from __future__ import annotations

from portal.i18n import N_, Text
from portal.metrics.questions import NoSource, Period, Question
from portal.metrics.registry import Unit, metric
from portal.permissions import Permission

P = Permission
CLUB = N_("The club is not recorded yet.")


def _declare(key: str, title: Text, unit: Unit, why: Text, formula: str, permission: Permission, better: str) -> None:
    def ask(_period: Period) -> Question:
        return NoSource(why)

    ask.__doc__ = formula
    metric(key, title, unit, permission, better)(ask)


_declare(
    "M-90",
    N_("Members of the club", "metric"),
    Unit.COUNT,
    CLUB,
    "Members, activities, attendance, referred and signed leads.",
    P.CUSTOMER_VIEW,
    "more",
)
