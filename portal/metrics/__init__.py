"""The metrics of the manual, each defined once and used by screen, paper, workbook and dashboard. Source: `domain.md` 6.2.

A module per family declares the functions; each says what to ask of a period (`questions.py`). `measuring.py` computes
figures whole or split by a dimension; `lists.py` makes a figure's records a filter of their list.
"""

from portal.metrics import (  # noqa: F401
    business,
    calls,
    cancellations,
    complaints,
    discipline,
    inspections,
    pending,
    repairs,
    reviews,
    surveys,
)
from portal.metrics.dimensions import Dimension
from portal.metrics.measuring import (
    compare,
    digits,
    dimension,
    formatted,
    measure,
    measure_all,
    percent,
    shown,
    sides,
    split,
    why,
)
from portal.metrics.questions import Company, Figure, NoSource, Period
from portal.metrics.registry import FAMILIES, METRICS, Metric, Unit, between, of_family

__all__ = [
    "FAMILIES",
    "METRICS",
    "Company",
    "Dimension",
    "Figure",
    "Metric",
    "NoSource",
    "Period",
    "Unit",
    "between",
    "compare",
    "digits",
    "dimension",
    "formatted",
    "measure",
    "measure_all",
    "of_family",
    "percent",
    "shown",
    "sides",
    "split",
    "why",
]
