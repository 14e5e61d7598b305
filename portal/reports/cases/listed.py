"""What every list of records in a report is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal import metrics
from portal.i18n import N_, Text

Unit = metrics.Unit
MOST = 200
"""Rows of one list; a report is no dump, the list holds the rest."""
CUSTOMER, MATTER, NUMBER = N_("Customer"), N_("Matter", "report"), N_("Number")
DEPARTMENT, STATE = N_("Department"), N_("State")


@dataclass(frozen=True, slots=True)
class Listed:
    """Heads with the class of their column, rows of values, a line for all. `is_missing`: there is no source yet."""

    heads: list[tuple[Text, str]]
    rows: list[list[Any]]
    total: list[Any] | None = None
    is_missing: bool = False


def together(texts: Any) -> str:
    """Texts in one cell, each once, cut where it grows too long."""
    return "；".join(dict.fromkeys(text.strip() for text in texts if text and text.strip()))[:300]
