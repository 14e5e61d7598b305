"""The metrics of the manual by their codes. Source: `domain.md` 6.2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portal.i18n import N_, Text
from portal.metrics.questions import Period, Question
from portal.permissions import Permission
from portal.terms import Term


class Unit(Term):
    """What a figure is counted in, and how it reads."""

    COUNT = "COUNT", "cases"
    PERCENT = "PERCENT", "%"
    HOURS = "HOURS", "hours"
    POINTS = "POINTS", "points"
    YUAN = "YUAN", "yuan"


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure: its code in the manual, what it is called, and the function that says what to ask.

    Where the manual puts two figures under one code, the key tells them apart: `M-04.warnings`.
    """

    key: str
    title: Text
    unit: Unit
    ask: Callable[[Period], Question]
    permission: Permission
    """To see the records behind it."""
    more_is_better: bool | None = None
    """None: neither is better."""

    @property
    def code(self) -> str:
        """The code in the manual."""
        return self.key.partition(".")[0]


METRICS: dict[str, Metric] = {}


def metric(
    key: str, title: Text, unit: Unit, permission: Permission, better: str = ""
) -> Callable[[Callable[[Period], Question]], Callable[[Period], Question]]:
    """Declare the function of a figure. `better`: `more` or `less`; empty: neither."""

    def declare(ask: Callable[[Period], Question]) -> Callable[[Period], Question]:
        assert key not in METRICS, key
        METRICS[key] = Metric(key, title, unit, ask, permission, {"more": True, "less": False}.get(better))
        return ask

    return declare


FAMILIES: tuple[tuple[Text, str, str], ...] = (
    (N_("Drawing reviews"), "M-01", "M-05"),
    (N_("Follow-up calls", "metrics"), "M-10", "M-14"),
    (N_("Complaints"), "M-20", "M-29"),
    (N_("Pre-acceptances"), "M-30", "M-34"),
    (N_("Repairs"), "M-40", "M-45"),
    (N_("Cancellations", "metrics"), "M-50", "M-53"),
    (N_("Reception and business", "metrics"), "M-60", "M-63"),
    (N_("Satisfaction", "metrics"), "M-70", "M-72"),
    (N_("Files of customers", "metrics"), "M-80", "M-80"),
    (N_("Club", "metrics"), "M-90", "M-90"),
    (N_("Discipline of limits", "metrics"), "M-95", "M-97"),
)
"""How the table is divided: title, first and last code."""


def of_family(first: str, last: str) -> list[Metric]:
    """The figures of a stretch of codes, in the order of the manual."""
    found = [each for each in METRICS.values() if first <= each.code <= last]
    return sorted(found, key=lambda each: each.code)


def between(first: str, last: str) -> tuple[str, ...]:
    """Their keys."""
    return tuple(each.key for each in of_family(first, last))
