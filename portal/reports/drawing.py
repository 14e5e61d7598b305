"""The content of a report as it is shown: the same blocks, in the language of the reader, for page, paper and workbook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from portal import charts, clock, formatting, metrics
from portal.i18n import Text, _, _p
from portal.metrics import METRICS, Period, Unit, lists
from portal.reports.catalogue import SAID
from portal.reports.values import Block


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a table. `number` and `digits` are for workbooks; `url` leads to the records, on the screen."""

    text: str
    css: str = ""
    number: Decimal | None = None
    digits: int = 0
    day: date | None = None
    moment: datetime | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """A key figure."""

    code: str
    title: str
    cell: Cell
    unit: str
    delta: str
    counted: str
    url: str = ""

    @property
    def figure(self) -> str:
        """As it reads."""
        return self.cell.text


@dataclass(frozen=True, slots=True)
class Tiles:
    """Key figures in rows of four."""

    title: str
    note: str
    rows: tuple[tuple[Tile, ...], ...]
    kind: str = "tiles"


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a line for all; `empty` is said where it has no rows."""

    title: str
    heads: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...]
    empty: str
    kind: str = "table"

    @property
    def shape(self) -> str:
        """How its columns stand: tables of one shape below each other have them at the same places."""
        first, *others = (css for _label, css in self.heads)
        if first == "code":
            return "figures" if len(others) == 6 else "history"
        return "numbers" if all(css == "num" for css in others) else "free"


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing, and the table with the same figures."""

    title: str
    note: str
    drawing: Markup
    table: Table
    kind: str = "chart"


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody wrote."""

    title: str
    paragraphs: tuple[str, ...]
    empty: str
    kind: str = "words"


@dataclass(frozen=True, slots=True)
class Nothing:
    """What has nothing to say, gathered in one place: which headings it was, and why.

    `summary`: what a report says whose lists and figures are all empty.
    """

    title: str
    lines: tuple[tuple[str, str], ...]
    summary: str = ""
    kind: str = "nothing"

    @property
    def sentences(self) -> tuple[str, ...]:
        """As it reads."""
        said = (_p("report", "%(title)s: %(text)s", title=titles, text=why) for titles, why in self.lines)
        return (*((self.summary,) if self.summary else ()), *said)


Part = Tiles | Table | Chart | Words | Nothing


def draw(content: Block, words: dict[str, str | None], *, links: bool = False, on_paper: bool = False) -> list[Part]:
    """The parts of a report, in order; what has nothing to say is gathered in one part before what people wrote.

    `words`: what was written, by field. `links`: figures lead to their records. `on_paper`: drawings fit a printed page.
    """
    period = period_of(content)
    drawn: list[Part] = []
    for number, block in enumerate(content["blocks"]):
        match block["kind"]:
            case "tiles":
                drawn.append(_tiles(block, period if links else None, content))
            case "table":
                drawn.append(_table(block, period if links else None))
            case "trend":
                drawn.append(_chart(block, f"trend-{number}", on_paper=on_paper))
            case "history":
                drawn.append(_history(block))
            case "promised":
                drawn.append(_promised(block))
            case "note":
                drawn.append(Words(said(block["title"]), (said(block["text"]),), ""))
    return _gathered([*drawn, *_written(content, words)], period_of(content))


def _written(content: Block, words: dict[str, str | None]) -> Iterator[Words]:
    """What people wrote, in its order: what the report asks for, and whatever else was written."""
    asked = {block["field"]: block for block in content["blocks"] if block["kind"] == "said"}
    for field, part in SAID.items():
        paragraphs = tuple(line.strip() for line in (words.get(field) or "").splitlines() if line.strip())
        if field in asked:
            yield Words(said(asked[field]["title"]), paragraphs, said(asked[field]["empty"]))
        elif paragraphs:
            yield Words(str(part.title), paragraphs, "")


def _promised(block: Block) -> Words:
    """What the report before promised, under its number and days."""
    days = title_of_period(Period(date.fromisoformat(block["first"]), date.fromisoformat(block["last"])))
    lines = [f"{block['number']} · {days}"]
    for title, text in block["lines"]:
        first, *others = [line.strip() for line in text.splitlines() if line.strip()]
        lines += [_p("report", "%(title)s: %(text)s", title=said(title), text=first), *others]
    return Words(said(block["title"]), tuple(lines), "")


def _gathered(drawn: list[Part], period: Period) -> list[Part]:
    """The parts that say something, and one more that names the others."""
    found = [(part, _nothing(part)) for part in drawn]
    why: dict[str, list[str]] = {}
    for part, reason in found:
        if reason:
            why.setdefault(reason, []).append(part.title)
    kept = [part for part, reason in found if not reason]
    if why:
        lines = tuple((_p("report", ", ").join(titles), reason) for reason, titles in why.items())
        place = max((at for at, part in enumerate(kept, 1) if not isinstance(part, Words)), default=len(kept))
        kept.insert(place, Nothing(_p("report", "Nothing to report"), lines, _summary(drawn, kept, period)))
    return kept


def _summary(drawn: list[Part], kept: list[Part], period: Period) -> str:
    """What a report says all of whose lists and drawings are empty; nothing for others."""
    if all(isinstance(part, Words) for part in drawn) or not all(isinstance(part, Words) for part in kept):
        return ""
    days = title_of_period(period)
    return _p(
        "report",
        "%(days)s: nothing that this report is about has happened. It is sent so that nobody waits for it.",
        days=days,
    )


def _nothing(part: Part) -> str:
    """Why a part has nothing to say; empty: it has."""
    match part:
        case Table(rows=()):
            return part.empty
        case Chart() if not part.drawing:
            return part.table.empty
        case Words(paragraphs=()):
            return part.empty
    return ""


def period_of(content: Block) -> Period:
    """The days the content is about."""
    return Period(date.fromisoformat(content["first"]), date.fromisoformat(content["last"]))


def said(value: Block) -> str:
    """Words in the language of the reader."""
    message, context = value["m"], value.get("c")
    text = Text(message, context)
    given = {name: cell(each).text if isinstance(each, dict) else each for name, each in value.get("v", {}).items()}
    return str(text % given) if given else str(text)


# ---------- Parts ----------


def _tiles(block: Block, period: Period | None, content: Block) -> Tiles:
    tiles = [_tile(each, period) for each in block["tiles"]]
    wide = 4 if len(tiles) > 3 and len(tiles) % 3 else 3
    before = f"{content['before'][0]} – {content['before'][1]}"
    return Tiles(
        said(block["title"]),
        _p("report", "beside %(before)s", before=before),
        tuple(tuple(tiles[at : at + wide]) for at in range(0, len(tiles), wide)),
    )


def _tile(block: Block, period: Period | None) -> Tile:
    now, before, change = cell(block["now"]), cell(block["before"]), block["change"]
    unit = Unit(METRICS[block["key"]].unit) if block["key"] in METRICS else Unit.COUNT
    delta = ""
    if "change" in change:
        delta = _p("report", "%(change)s, before %(before)s", change=cell(change).text, before=before.text)
    elif now.number is not None:
        delta = _p("report", "before %(before)s", before=before.text)
    return Tile(
        block["code"],
        said(block["title"]),
        now,
        str(unit.label) if now.number is not None else "",
        delta,
        block["counted"],
        _url(block["now"], period),
    )


def _table(block: Block, period: Period | None) -> Table:
    heads = tuple((said(label), css) for label, css in block["heads"])
    rows = tuple(_row(row, block["heads"], period) for row in block["rows"])
    total = _row(block["total"], block["heads"], period) if block["total"] else ()
    empty = _("no source yet") if block["missing"] else _p("report", "None in this period.")
    return Table(said(block["title"]), heads, rows, total, empty)


def _row(values: Sequence[Any], heads: Sequence[Any], period: Period | None) -> tuple[Cell, ...]:
    return tuple(cell(value, css, _url(value, period)) for value, (_label, css) in zip(values, heads, strict=True))


def _url(value: Any, period: Period | None) -> str:
    if period is None or not isinstance(value, dict) or not value.get("n") or value.get("key") not in METRICS:
        return ""
    return "" if Decimal(value["n"]) == 0 else lists.path(value["key"], "whole", period)


def cell(value: Any, css: str = "", url: str = "") -> Cell:
    """A value as it reads. Everything that is not there is a dash."""
    if isinstance(value, str):
        return Cell(value, css)
    match value:
        case {"m": _message}:
            return Cell(said(value), css)
        case {"none": True}:
            return Cell(_("no source yet"), f"{css} missing".strip())
        case {"n": None}:
            return Cell(formatting.DASH, css)
        case {"n": text, "u": unit}:
            number = Decimal(text)
            return Cell(metrics.formatted(Unit(unit), number), css, number, metrics.digits(Unit(unit)), url=url)
        case {"change": text, "u": unit}:
            number = Decimal(text)
            if not number:
                return Cell(_("unchanged"), css)
            arrow = "▲" if number > 0 else "▼"
            return Cell(
                f"{arrow} {metrics.formatted(Unit(unit), abs(number))}", css, number, metrics.digits(Unit(unit))
            )
        case {"d": text}:
            found = date.fromisoformat(text) if text else None
            return Cell(formatting.full_date(found), css, day=found)
        case {"t": text}:
            at = datetime.fromisoformat(text) if text else None
            return Cell(formatting.stamp(at), css, moment=at)
        case {"all": values}:
            return Cell(_p("report", "; ").join(cell(each).text for each in values) or formatting.DASH, css)
    raise TypeError(value)


def _chart(block: Block, key: str, *, on_paper: bool) -> Chart:
    labels = _labels(block)
    names = [said(each["title"]) for each in block["series"]]
    series = []
    for name, each in zip(names, block["series"], strict=True):
        cells = [cell(figure) for figure in each["figures"]]
        points = [charts.Point(None if one.number is None else float(one.number), one.text) for one in cells]
        series.append(charts.Series(name, points))
    title = said(block["title"])
    is_share = any(METRICS[each["key"]].unit != Unit.COUNT for each in block["series"] if each["key"] in METRICS)
    room, high = (charts.SHEET, charts.LOW) if on_paper else (charts.WIDE, charts.HIGH)
    drawing = (charts.lines if is_share else charts.columns)(
        labels, series, title=title, key=key, room=room, high=high
    )  # fmt: skip
    rows = tuple(
        (Cell(name), *(cell(figure, "num") for figure in each["figures"]))
        for name, each in zip(names, block["series"], strict=True)
    )
    heads = ((_p("report", "From the day"), ""), *((label, "num") for label in labels))
    has_any = any(point.value is not None for each in series for point in each.points)
    table = Table(title, heads, rows, (), _p("report", "None in this period."))
    note = _p("report", "%(count)s periods", count=len(labels))
    return Chart(title, note, drawing if has_any else Markup(""), table)


def _history(block: Block) -> Table:
    labels = _labels(block)
    css = ("code", "fill", "", *("num" for _label in labels))
    heads = tuple(zip((_("Code"), _("Metric"), _p("report", "Unit"), *labels), css, strict=True))
    rows = tuple(tuple(cell(value, how) for value, how in zip(row, css, strict=True)) for row in block["rows"])
    return Table(said(block["title"]), heads, rows, (), _p("report", "None in this period."))


def _labels(block: Block) -> list[str]:
    """How the periods of a block are called."""
    return [_label(Period(date.fromisoformat(first), date.fromisoformat(last))) for first, last in block["periods"]]


def _label(period: Period) -> str:
    """The month, or the first day."""
    return f"{period.first:%Y-%m}" if period.days > 27 and period.first.day == 1 else f"{period.first:%m-%d}"


def title_of_period(period: Period) -> str:
    """2026-10-10 周六 至 2026-10-16 周五; a whole month by its name."""
    following = period.last.toordinal() + 1
    if period.first.day == 1 and date.fromordinal(following).day == 1 and period.days < 32:
        return _p("report", "%(year)s-%(month)s", year=period.first.year, month=f"{period.first.month:02d}")
    if period.days == 1:
        return formatting.full_date(period.first)
    return _p("report", "%(first)s to %(last)s", first=_day(period.first), last=_day(period.last))


def _day(day: date) -> str:
    return f"{day:%Y-%m-%d}"


def stamped(content: Block) -> str:
    """When it was drawn up."""
    return formatting.stamp(clock.local(datetime.fromisoformat(content["at"])))
