"""Figures of the manual whose records the portal does not keep yet: each says so, none shows a zero. Source: `domain.md` 6.2."""

from __future__ import annotations

from portal.i18n import N_, Text
from portal.metrics.questions import NoSource, Period, Question
from portal.metrics.registry import Unit, metric
from portal.permissions import Permission

P = Permission
CALLS = N_("Follow-up calls are not recorded yet.")
CANCELLATIONS = N_("Cancellations are not recorded yet.")
SURVEYS = N_("Surveys are not recorded yet.")
CLUB = N_("The club is not recorded yet.")


def _declare(key: str, title: Text, unit: Unit, why: Text, formula: str, permission: Permission, better: str) -> None:
    def ask(_period: Period) -> Question:
        return NoSource(why)

    ask.__doc__ = formula
    metric(key, title, unit, permission, better)(ask)


_declare(
    "M-10", N_("Follow-up calls due", "metric"), Unit.COUNT, CALLS, "Calls due in the period.", P.CUSTOMER_VIEW, ""
)
_declare(
    "M-10.effective",
    N_("Effective follow-up calls", "metric"),
    Unit.COUNT,
    CALLS,
    "Effective calls of those.",
    P.CUSTOMER_VIEW,
    "more",
)
_declare("M-11", N_("Effective call rate", "metric"), Unit.PERCENT, CALLS, "Effective ÷ due.", P.CUSTOMER_VIEW, "more")
_declare(
    "M-12",
    N_("Satisfied at the call", "metric"),
    Unit.PERCENT,
    CALLS,
    "Effective calls satisfied ÷ effective.",
    P.CUSTOMER_VIEW,
    "more",
)
_declare(
    "M-13", N_("Projects with all four calls", "metric"), Unit.PERCENT, CALLS,
    "Projects completed in the period with at least four effective obligatory stages ÷ projects completed.",
    P.CUSTOMER_VIEW, "more",
)  # fmt: skip
_declare(
    "M-14",
    N_("Liaison slips in time", "metric"),
    Unit.PERCENT,
    CALLS,
    "Slips closed by their limit ÷ slips due.",
    P.CUSTOMER_VIEW,
    "more",
)
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
    "M-70",
    N_("Satisfied customers", "metric"),
    Unit.PERCENT,
    SURVEYS,
    "Surveys with an overall score of at least 4 ÷ valid surveys.",
    P.CUSTOMER_VIEW,
    "more",
)
_declare(
    "M-71",
    N_("Average score of surveys", "metric"),
    Unit.POINTS,
    SURVEYS,
    "Mean score, per dimension.",
    P.CUSTOMER_VIEW,
    "more",
)
_declare(
    "M-72",
    N_("Net promoter score", "metric"),
    Unit.POINTS,
    SURVEYS,
    "Share of 9 and 10 less share of 0 to 6.",
    P.CUSTOMER_VIEW,
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
