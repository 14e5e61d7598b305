"""What stands in a report, as data: drawn up from the records, kept with the run, shown without asking them again.

Blocks in order. Words are message ids (`{"m", "c"}`) and are translated when shown; figures are decimal text.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import metrics
from portal.i18n import N_, Text
from portal.metrics import METRICS, Figure, Period
from portal.models.report import ReportRun
from portal.reports import cases
from portal.reports.catalogue import SAID, Board, Cases, History, Note, Report, Said, Section, Split, Tiles, Trend
from portal.reports.values import Block, number, say, term
from portal.visibility import Viewer

EDITION = 1
"""Of the shape of the data, for those who read it in years."""
UNWRITTEN = N_("Nothing was written here.", "report")
PROMISED = N_("Promised in the report before", "report")
PROMISES = ("measures", "plan", "help")
"""What is written in a report that the next one opens with."""
ALL, UNKNOWN = N_("Together", "report"), N_("Not said", "report")
MOST_PEOPLE = 60
"""Lines of a split; what is more stands under "others" nowhere: such a report is read by the list."""


def draw_up(
    session: Session, viewer: Viewer, report: Report, period: Period, *, at: datetime, calendar: str,
    told: Callable[[int], None] | None = None,
) -> Block:  # fmt: skip
    """The content of a report about a period, over the records that exist for the viewer.

    `told` hears after each section how many there are.
    """
    blocks = promised(session, viewer, report, period)
    for done, part in enumerate(report.sections, start=1):
        blocks.append(_MAKERS[type(part)](session, viewer, part, period, at))
        if told is not None:
            told(done)
    return {
        "edition": EDITION,
        "code": report.code,
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "before": [period.before.first.isoformat(), period.before.last.isoformat()],
        "at": at.isoformat(),
        "calendar": calendar,
        "blocks": blocks,
    }


def promised(session: Session, viewer: Viewer, report: Report, period: Period) -> list[Block]:
    """What the report before this one promised, word for word: measures, plan, and the help that was asked for.

    The report before is the newest signed one of the same code and branch whose days were over when these began, a week's
    before a week's and a month's before a month's.
    """
    wanted = [SAID[field] for field in PROMISES]
    branch_id = getattr(viewer, "branch_id", None)
    query = (
        select(ReportRun)
        .where(
            ReportRun.code == report.code,
            ReportRun.branch_id.is_(None) if branch_id is None else ReportRun.branch_id == branch_id,
            ReportRun.signed_at.is_not(None),
            ReportRun.period_to < period.first,
            ReportRun.period_from >= period.first - timedelta(days=4 * period.days + 31),
        )
        .order_by(ReportRun.period_to.desc(), ReportRun.edition.desc(), ReportRun.id.desc())
    )
    for run in session.scalars(query):
        if _size((run.period_to - run.period_from).days + 1) != _size(period.days):
            continue
        lines = [[say(part.title), text] for part in wanted if (text := (getattr(run, part.field) or "").strip())]
        if not lines:
            return []
        return [
            {
                "kind": "promised",
                "title": say(PROMISED),
                "number": run.number,
                "first": run.period_from.isoformat(),
                "last": run.period_to.isoformat(),
                "lines": lines,
            }
        ]
    return []


def _size(days: int) -> int:
    """A day's report, a week's, or a longer one."""
    return 0 if days == 1 else 1 if days <= 7 else 2


# ---------- Values ----------


def _figure(figure: Figure, *, leads: bool = False) -> Block:
    """A figure; `leads`: of all records of the period, which its list shows."""
    unit = METRICS[figure.key].unit
    if not figure.has_source:
        return {"none": True}
    return number(figure.value, unit) | ({"key": figure.key} if leads else {})


def _change(now: Figure, before: Figure) -> Block:
    metric = METRICS[now.key]
    if now.value is None or before.value is None:
        return {"n": None, "u": metric.unit.value}
    difference = now.value - before.value
    better = None if metric.more_is_better is None or not difference else (difference > 0) == metric.more_is_better
    return {"change": f"{difference:.{metrics.digits(metric.unit)}f}", "u": metric.unit.value, "better": better}


def _counted(figure: Figure) -> str:
    """How the figure came about: 23 ÷ 32; nothing where it is a number itself."""
    if not figure.has_source or METRICS[figure.key].unit != metrics.Unit.PERCENT:
        return ""
    return f"{figure.part or 0:,.0f} ÷ {figure.whole or 0:,.0f}"


# ---------- Blocks ----------


def _tiles(session: Session, viewer: Viewer, part: Tiles, period: Period, _at: datetime) -> Block:
    found = metrics.compare(session, viewer, part.keys, [period, period.before])
    return {
        "kind": "tiles",
        "title": say(part.title),
        "tiles": [
            {
                "key": key,
                "code": METRICS[key].code,
                "title": say(METRICS[key].title),
                "now": _figure(now, leads=True),
                "before": _figure(before),
                "change": _change(now, before),
                "counted": _counted(now),
            }
            for key, (now, before) in found.items()
        ],
    }


def _board(session: Session, viewer: Viewer, part: Board, period: Period, _at: datetime) -> Block:
    found = metrics.compare(session, viewer, part.keys, [period, period.before])
    heads = [
        (N_("Code"), "code"), (N_("Metric"), "fill"), (N_("This period"), "num"), (N_("Unit", "report"), ""),
        (N_("Period before"), "num"), (N_("Change", "metric"), "num"), (N_("Counted", "metrics"), "num"),
    ]  # fmt: skip
    rows = [
        [
            METRICS[key].code,
            say(METRICS[key].title),
            _figure(now, leads=True),
            say(METRICS[key].unit.label),
            _figure(before),
            _change(now, before),
            _counted(now),
        ]
        for key, (now, before) in found.items()
    ]
    return table(part.title, heads, rows)


def _split(session: Session, viewer: Viewer, part: Split, period: Period, _at: datetime) -> Block:
    found = {key: metrics.split(session, viewer, key, period, part.by) for key in part.keys}
    whole = metrics.measure_all(session, viewer, part.keys, period)
    by = next((each for key in part.keys if (each := metrics.dimension(key, part.by))), None)
    values = list(dict.fromkeys(value for figures in found.values() for value in figures))
    first = part.keys[0]

    def weight(value: Any) -> tuple[bool, Decimal, str]:
        figure = found[first].get(value)
        return (value is None, -(figure.value or figure.whole or Decimal(0)) if figure else Decimal(0), str(value))

    rows = [
        [_label(by, value), *(_figure(found[key].get(value) or _nothing(key)) for key in part.keys)]
        for value in sorted(values, key=weight)[:MOST_PEOPLE]
    ]
    heads = [(by.title if by else part.title, "fill"), *((METRICS[key].title, "num") for key in part.keys)]
    if not rows:
        sources = [metrics.why(key, period) for key in part.keys]
        return table(part.title, heads, [], missing=all(sources))
    return table(part.title, heads, rows, total=[say(ALL), *(_figure(whole[key], leads=True) for key in part.keys)])


def _label(by: metrics.Dimension | None, value: Any) -> Block | str:
    if value is None:
        return say(UNKNOWN)
    return term(by.terms, value) if by is not None and by.terms is not None else str(value)


def _nothing(key: str) -> Figure:
    """A figure of a value that has none: a count is nothing, a share of nothing is a dash."""
    unit = METRICS[key].unit
    is_amount = unit in (metrics.Unit.COUNT, metrics.Unit.YUAN)
    return Figure(key, Decimal(0) if is_amount else None)


def _trend(session: Session, viewer: Viewer, part: Trend, period: Period, _at: datetime) -> Block:
    periods = _last(period, part.periods)
    found = metrics.compare(session, viewer, part.keys, periods)
    return {
        "kind": "trend",
        "title": say(part.title),
        "periods": [[each.first.isoformat(), each.last.isoformat()] for each in periods],
        "series": [
            {"key": key, "title": say(METRICS[key].title), "figures": [_figure(each) for each in figures]}
            for key, figures in found.items()
        ],
    }


def _history(session: Session, viewer: Viewer, part: History, period: Period, _at: datetime) -> Block:
    periods = _last(period, part.periods)
    keys = [key for key in part.keys if not metrics.why(key, period)]
    found = metrics.compare(session, viewer, keys, periods)
    return {
        "kind": "history",
        "title": say(part.title),
        "periods": [[each.first.isoformat(), each.last.isoformat()] for each in periods],
        "rows": [
            [METRICS[key].code, say(METRICS[key].title), say(METRICS[key].unit.label), *map(_figure, figures)]
            for key, figures in found.items()
        ],
    }


def _last(period: Period, count: int) -> list[Period]:
    """A period after those before it, so many together."""
    periods = [period]
    while len(periods) < count:
        periods.insert(0, periods[0].before)
    return periods


def _cases(session: Session, viewer: Viewer, part: Cases, period: Period, at: datetime) -> Block:
    listed: Callable[..., cases.Listed] = getattr(cases, part.listed)
    found = listed(session, viewer, period, at)
    return table(part.title, found.heads, found.rows, total=found.total, missing=found.is_missing)


def _said(_session: Session, _viewer: Viewer, part: Said, _period: Period, _at: datetime) -> Block:
    return {"kind": "said", "title": say(part.title), "field": part.field, "empty": say(UNWRITTEN)}


def _note(_session: Session, _viewer: Viewer, part: Note, _period: Period, _at: datetime) -> Block:
    return {"kind": "note", "title": say(part.title), "text": say(part.text)}


def table(
    title: Text,
    heads: list[tuple[Text, str]],
    rows: list[list[Any]],
    *,
    total: list[Any] | None = None,
    missing: bool = False,
) -> Block:
    """A table; `missing`: nothing is recorded from which it could be made."""
    return {
        "kind": "table",
        "title": say(title),
        "heads": [[say(head), css] for head, css in heads],
        "rows": rows,
        "total": total,
        "missing": missing,
    }


_MAKERS: dict[type[Section], Callable[..., Block]] = {
    Tiles: _tiles, Board: _board, Split: _split, Trend: _trend, History: _history, Cases: _cases, Note: _note, Said: _said,
}  # fmt: skip
