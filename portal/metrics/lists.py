"""The records behind a figure as a filter of their list: `figure.M-02.part.20260501.20260531`.

The list adds who may see them, so the same rows stand in each of its views, counts and files.
"""

from __future__ import annotations

import re
from collections.abc import Container
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import urlencode

from portal.i18n import N_, Text
from portal.listing.declaration import Filter
from portal.metrics.questions import Balance, NoSource, Period, Rows, Share, Unsaid
from portal.metrics.registry import METRICS

PREFIX = "figure."
_KEY = re.compile(r"figure\.(M-\d\d(?:\.[a-z]+)?)\.(part|whole)\.(\d{8})\.(\d{8})")


def sides(key: str, period: Period) -> dict[str, Rows]:
    """The rows of a figure: of a share its part and its whole, else only what is counted. Nothing without a source."""
    question = METRICS[key].ask(period)
    if isinstance(question, NoSource):
        return {}
    if isinstance(question, Share):
        return {"part": question.part, "whole": question.whole}
    if isinstance(question, Balance):
        return {"whole": question.whole}
    return {"whole": question.rows}


def path(key: str, side: str, period: Period) -> str:
    """Where the records of a figure are listed; empty where there are none to list."""
    kind = _kind(key, side)
    if kind not in _listed():
        return ""
    name = f"{PREFIX}{key}.{side}.{period.first:%Y%m%d}.{period.last:%Y%m%d}"
    return f"/records/{kind}?{urlencode({'filter': name})}"


@cache
def _kind(key: str, side: str) -> str:
    """What records stand behind it, whatever the period; empty: none."""
    rows = sides(key, Unsaid()).get(side)
    return "" if rows is None else getattr(rows.model, "KIND", "tasks")


def _listed() -> Container[str]:
    """The records that have a list."""
    from portal.listing.registry import LISTINGS  # which knows this module through the filters of lists

    return LISTINGS


def find(model: Any, name: str) -> Filter | None:
    """The filter of that name in a list of these records; None: it is none, or of other records."""
    found = _KEY.fullmatch(name)
    if found is None:
        return None
    key, side, first, last = found.groups()
    try:
        period = Period(_day(first), _day(last))
    except ValueError:
        return None
    rows = sides(key, period).get(side) if key in METRICS else None
    if rows is None or rows.model is not model:
        return None
    ids = rows.ids()
    return Filter(name, _said(key, side, period), lambda _now: model.id.in_(ids), group=PREFIX + name)


def _said(key: str, side: str, period: Period) -> Text:
    metric = METRICS[key]
    said = N_("%(code)s %(title)s, %(first)s to %(last)s")
    if side == "part":
        said = N_("%(code)s %(title)s, those that count, %(first)s to %(last)s")
    return said % {
        "code": metric.code,
        "title": metric.title,
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
    }


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))
