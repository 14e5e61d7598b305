"""Charts as SVG drawn on the server, the same on the page and on paper. No script, no inline style.

Colours are classes, with the light ones as attributes too, since style sheets do not reach a drawing in a PDF. Series
differ by pattern as well as by colour, figures stand on the data. Beside each chart stands a table with the same
figures: it is what is read aloud and reached by keys.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from portal.i18n import _

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 36, 12, 16, 28
BROADEST = 64
"""A bar of a chart with few times is no block."""


def bars_and_line(
    labels: Sequence[str],
    bars: Sequence[int],
    line: Sequence[int],
    *,
    bar_name: str,
    line_name: str,
    key: str = "trend",
) -> Markup:
    """Bars with a line over them, for example received and closed per week. The last bar is the present one."""
    top = _nice(max([*bars, *line, 1]))
    width = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    high = HEIGHT - TOP - BOTTOM

    def y(value: float) -> float:
        return round(TOP + high * (1 - value / top), 1)

    parts = [
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{escape(key)}-title">',
        f'<title id="{escape(key)}-title">{escape(_("%(first)s and %(second)s", first=bar_name, second=line_name))}</title>',
    ]
    for step in range(5):
        value = top * step / 4
        parts.append(
            f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value)}" y2="{y(value)}" stroke="#e4e0d8"/>'
        )
        parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4}" text-anchor="end">{value:g}</text>')
    points = []
    for index, (label, bar, point) in enumerate(zip(labels, bars, line, strict=True)):
        middle = LEFT + width * (index + 0.5)
        fill = "fill-accent" if index == len(labels) - 1 else "fill-accent-soft"
        colour = "#2b5a86" if index == len(labels) - 1 else "#bcd2e4"
        parts.append(
            f'<rect class="{fill}" fill="{colour}" x="{middle - width * 0.32:.1f}" y="{y(bar)}" width="{width * 0.64:.1f}"'
            f' height="{max(0.0, TOP + high - y(bar)):.1f}" rx="2"><title>{escape(label)} {escape(bar_name)} {bar}</title></rect>'
        )
        parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(label)}</text>')
        points.append((middle, y(point), label, point))
    track = " ".join(f"{x:.1f},{height}" for x, height, _label, _point in points)
    parts.append(f'<polyline class="line-ink" fill="none" stroke="#3b4754" stroke-width="1.5" points="{track}"/>')
    for x, height, label, point in points:
        parts.append(
            f'<circle class="dot-ink" cx="{x:.1f}" cy="{height}" r="3.5" fill="#ffffff" stroke="#3b4754" stroke-width="1.5">'
            f"<title>{escape(label)} {escape(line_name)} {point}</title></circle>"
        )
    return Markup("".join(parts) + "</svg>")


def _nice(value: float) -> int:
    for step in (4, 8, 12, 20, 40, 60, 80, 120, 200, 400, 800, 1200, 2000, 4000, 8000, 20000):
        if value <= step:
            return step
    return int(value * 1.2)


# ---------- Figures of a list: bars, stacks, lines, shares ----------

WIDE, NARROW = 880, 520
"""Units of a drawing that fills the page, and of one in a side column."""
SHEET, HIGH, LOW = 680, 260, 170
"""Units of a drawing across a printed page, where its words read like those of a table; how high charts stand there (`LOW`)."""
RING = 380
ROW, BAR = 30, 18
PATTERNS = 8
"""Series that can be told apart; what is more belongs into one more, "others"."""
_INK, _SOFT, _ACCENT, _GRID, _AXIS = "#474f58", "#646b73", "#2b5a87", "#e6e3dc", "#d2cec4"
_PLAIN = (0, 1, 3, 5)
_GROUNDS = ("#2b5a87", "#b9cfe2", "#e9f0f6", "#646b73", "#ffffff", "#d2cec4", "#e9f0f6", "#ffffff")


@dataclass(frozen=True, slots=True)
class Point:
    """A figure: None where there is none. `text` in full, `url` of its records; empty leads nowhere."""

    value: float | None
    text: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Figures that belong together, one for each label."""

    name: str
    points: Sequence[Point]


def rows_of_bars(
    labels: Sequence[str], series: Sequence[Series], *, title: str, key: str = "chart", room: int = WIDE
) -> Markup:
    """A bar for each label, lying, its figure behind it; several series lie end to end."""
    names = min(190.0, room * 0.36, max([60, *(_width(label) for label in labels)]) + 12)
    low, high = _span([_stack(series, place) for place in range(len(labels))])
    scale = (room - names - 84) / ((high - low) or 1)
    start = names + -low * scale
    parts, top = _legend(series, key, room)
    parts.append(_line("axis", start, top, start, top + ROW * len(labels)))
    for place, label in enumerate(labels):
        middle = top + ROW * place + ROW / 2
        parts.append(_text(names - 8, middle + 4, _cut(label, names - 12), "mid", "end"))
        right, left = start, start
        for number, each in enumerate(series):
            point = each.points[place]
            long = abs(point.value or 0) * scale
            if long:
                x = right if (point.value or 0) > 0 else left - long
                right, left = (right + long, left) if (point.value or 0) > 0 else (right, left - long)
                said = f"{label} {each.name} {point.text}" if len(series) > 1 else f"{label} {point.text}"
                parts.append(_link(point, said, _bar(x, middle - BAR / 2, long, BAR, number, len(series), key)))
        shown = series[0].points[place].text if len(series) == 1 else short(sum(_stack(series, place)))
        if any(each.points[place].value is not None for each in series):
            parts.append(_text(right + 6, middle + 4, shown, "strong"))
    return _drawing(parts, room, top + ROW * len(labels) + 8, title, key, len(series), room)


def columns(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    title: str,
    key: str = "chart",
    stacked: bool = False,
    room: int = WIDE,
    high: int = HIGH,
) -> Markup:
    """Standing bars, for times; several series stand side by side or, stacked, on each other."""
    plan = _Plan(labels, series, stacked, room, high)
    parts, top = _legend(series, key, room)
    parts += plan.frame(top)
    together = min(plan.step * 0.7, BROADEST if stacked else BROADEST * len(series))
    each_wide = together / (1 if stacked else len(series))
    for place, label in enumerate(labels):
        up, down = 0.0, 0.0
        for number, one in enumerate(series):
            point = one.points[place]
            if not point.value:
                continue
            base = (up if point.value > 0 else down) if stacked else 0.0
            end = base + point.value
            up, down = (end, down) if point.value > 0 else (up, end)
            x = plan.left + plan.step * (place + 0.5) - together / 2 + (0 if stacked else each_wide * number)
            y, foot = sorted((plan.y(end, top), plan.y(base, top)))
            said = f"{label} {one.name} {point.text}" if len(series) > 1 else f"{label} {point.text}"
            parts.append(_link(point, said, _bar(x, y, each_wide, foot - y, number, len(series), key)))
        if (len(series) == 1 or stacked) and plan.tells_figures and (up or down):
            x = plan.left + plan.step * (place + 0.5)
            parts.append(_text(x, plan.y(max(up, 0), top) - 5, short(up + down), "strong", "middle"))
    return _drawing(parts, plan.wide, plan.foot(top), title, key, len(series), room)


def lines(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    title: str,
    key: str = "chart",
    room: int = WIDE,
    high: int = HIGH,
) -> Markup:
    """A line for each series, its name at its end; where there is no figure, it breaks."""
    plan = _Plan(labels, series, False, room, high)
    parts, top = _legend(series, key, room, as_lines=True)
    parts += plan.frame(top)
    said_at: list[tuple[float, float]] = []
    for number, each in enumerate(series):
        at = [
            (plan.left + plan.step * (place + 0.5), plan.y(point.value, top), place, point)
            for place, point in enumerate(each.points)
            if point.value is not None
        ]
        for stretch in _unbroken(at):
            track = " ".join(f"{x:.1f},{y:.1f}" for x, y, _place, _point in stretch)
            parts.append(_track(number, track))
        for x, y, place, point in at:
            said = f"{labels[place]} {each.name} {point.text}" if len(series) > 1 else f"{labels[place]} {point.text}"
            parts.append(_link(point, said, _dot(x, y, number)))
        told = at if len(series) == 1 and plan.step >= 60 else at[-1:]
        for x, y, _place, point in told:
            if all(abs(x - other_x) >= 30 or abs(y - other_y) >= 14 for other_x, other_y in said_at):
                words = short(point.value or 0)
                if len(series) > 1:  # over the last point lie the points of others
                    parts.append(_text(x + 8, y + 4, words, "strong"))
                else:
                    parts.append(_text(x, y - 9, words, "strong", "middle"))
                said_at.append((x, y))  # figures on each other are no figures; the table has them all
    return _drawing(parts, plan.wide, plan.foot(top), title, key, 0, room)


def shares(labels: Sequence[str], points: Sequence[Point], *, title: str, total: str, key: str = "chart") -> Markup:
    """A ring of shares, the largest first from twelve o'clock on; names, figures and shares stand under it."""
    whole = sum(point.value or 0 for point in points) or 1
    parts: list[str] = []
    turned, middle, outer, inner = 0.0, RING / 2, 128, 78
    first = 2 * outer + 50
    for number, (label, point) in enumerate(zip(labels, points, strict=True)):
        share = (point.value or 0) / whole
        said = f"{label} {point.text}, {100 * share:.1f}%"
        if share > 0:
            shape = _slice(middle, outer + 8, outer, inner, turned, turned + share)
            parts.append(_link(point, said, f'<path {_fill(number, len(points), key)} d="{shape}"/>'))
        turned += share
        y = first + 28 * number
        mark = f'<rect {_fill(number, len(points), key)} x="4" y="{y - 11}" width="16" height="12"/>'
        words = _text(30, y, _cut(label, RING - 190), "mid") + _text(RING - 64, y, point.text, "strong", "end")
        parts.append(_link(point, said, mark + words + _text(RING - 4, y, f"{100 * share:.1f}%", "", "end")))
    parts.append(_text(middle, outer + 13, total, "strong", "middle"))
    return _drawing(parts, RING, first + 28 * len(points), title, key, len(points), WIDE)


def short(value: float) -> str:
    """A figure as it stands on the data: without what nobody reads there."""
    whole = abs(value) >= 100 or abs(value - round(value)) < 0.005
    return f"{value:,.0f}".replace("-", "−") if whole else f"{value:,.1f}".replace("-", "−")


def ticks(low: float, high: float) -> list[float]:
    """Round figures that reach from the lowest to the highest, three to six of them, zero among them."""
    low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        high = low + 1
    rough = (high - low) / 4
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough * 0.999)
    if max(abs(low), high) <= 4:
        step = max(step, 1.0) if float(high).is_integer() and float(low).is_integer() else step
    first, last = math.floor(low / step), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


class _Plan:
    """Where things stand in a chart with an axis at the left and labels at the foot."""

    def __init__(self, labels: Sequence[str], series: Sequence[Series], stacked: bool, room: int, high: int) -> None:
        self.high = high
        stacks = [_stack(series, place) for place in range(len(labels))]
        found = [sum(each) for each in stacks] if stacked else [value for each in stacks for value in each]
        if stacked:
            found += [sum(value for value in each if value < 0) for each in stacks]
            found += [sum(value for value in each if value > 0) for each in stacks]
        self.marks = ticks(min(found, default=0), max(found, default=0))
        self.left = 16 + max(_width(short(mark)) for mark in self.marks)
        count = max(1, len(labels))
        least = 30 if count <= 60 and room == WIDE else 12
        self.wide = max(float(room), self.left + 24 + count * least)
        self.step = min((self.wide - self.left - 24) / count, 2.5 * BROADEST)  # few times stay where a phone sees them
        self.labels = labels
        longest = max((_width(label) for label in labels), default=0)
        self.every = max(1, math.ceil((longest + 10) / self.step))
        self.tells_figures = self.step >= 30

    def y(self, value: float, top: float) -> float:
        """The height of a figure."""
        low, high = self.marks[0], self.marks[-1]
        return top + self.high * (1 - (value - low) / ((high - low) or 1))

    def foot(self, top: float) -> float:
        """The height of the drawing."""
        return top + self.high + 32

    def frame(self, top: float) -> list[str]:
        """The axis, few lines, and as many labels as can be read."""
        parts = []
        for mark in self.marks:
            y = self.y(mark, top)
            parts.append(_line("axis" if mark == 0 else "grid", self.left, y, self.wide - 12, y))
            parts.append(_text(self.left - 8, y + 4, short(mark), "", "end"))
        for place, label in enumerate(self.labels):
            if place % self.every == 0:
                x = self.left + self.step * (place + 0.5)
                parts.append(_text(x, top + self.high + 20, label, "", "middle"))
        return parts


def _stack(series: Sequence[Series], place: int) -> list[float]:
    return [each.points[place].value or 0.0 for each in series]


def _span(stacks: Sequence[Sequence[float]]) -> tuple[float, float]:
    lows = [sum(value for value in each if value < 0) for each in stacks]
    highs = [sum(value for value in each if value > 0) for each in stacks]
    return min(lows, default=0.0), max(highs, default=0.0)


def _unbroken(at: Sequence[tuple[float, float, int, Point]]) -> list[list[tuple[float, float, int, Point]]]:
    found: list[list[tuple[float, float, int, Point]]] = []
    for each in at:
        if found and found[-1][-1][2] == each[2] - 1:
            found[-1].append(each)
        else:
            found.append([each])
    return found


def _slice(x: float, y: float, outer: float, inner: float, start: float, end: float) -> str:
    """A part of a ring, shares of a turn from twelve o'clock on; a whole turn would end where it begins."""
    end = min(end, start + 0.9999)

    def on(radius: float, share: float) -> str:
        turn = 2 * math.pi * share
        return f"{x + radius * math.sin(turn):.2f} {y - radius * math.cos(turn):.2f}"

    large = 1 if end - start > 0.5 else 0
    return (
        f"M{on(outer, start)}A{outer} {outer} 0 {large} 1 {on(outer, end)}"
        f"L{on(inner, end)}A{inner} {inner} 0 {large} 0 {on(inner, start)}Z"
    )


def _legend(series: Sequence[Series], key: str, room: int, as_lines: bool = False) -> tuple[list[str], float]:
    """The names of the series over the drawing, and where the drawing begins; of a single one the title tells."""
    if len(series) < 2:
        return [], 20.0
    parts, x, y = [], 8.0, 16.0
    for number, each in enumerate(series):
        name = _cut(each.name, 200)
        if x + 34 + _width(name) > room:
            x, y = 8.0, y + 20
        if as_lines:
            parts.append(_track(number, f"{x},{y - 4} {x + 20},{y - 4}") + _dot(x + 10, y - 4, number))
        else:
            parts.append(f'<rect {_fill(number, len(series), key)} x="{x}" y="{y - 10}" width="16" height="12"/>')
        parts.append(_text(x + 26, y, name, "mid"))
        x += 46 + _width(name)
    return parts, y + 28


def _bar(x: float, y: float, wide: float, high: float, number: int, count: int, key: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{max(1.0, wide):.1f}" height="{max(1.0, high):.1f}"'
    return f"<rect {_fill(number, count, key)} {place}/>"


def _fill(number: int, count: int, key: str) -> str:
    """A single series in the colour of the house, of several each in its own pattern."""
    if count < 2:
        return f'class="series-fill" fill="{_ACCENT}"'
    number, edge = number % PATTERNS, f'stroke="{_INK}" stroke-width="0.75"'
    if number in _PLAIN:  # a pattern would show its tiles on paper
        return f'class="series-edge pattern-{number}" {edge} fill="{_GROUNDS[number]}"'
    return f'class="series-edge" {edge} fill="url(#{escape(key)}-{number})"'


def _patterns(key: str) -> str:
    found = []
    for number, ground in enumerate(_GROUNDS):
        marks = {
            2: '<path class="pattern-line" d="M0 4h8" stroke="#2b5a87" stroke-width="2.5"/>',
            4: '<circle class="pattern-dot" cx="4" cy="4" r="1.6" fill="#474f58"/>',
            6: '<path class="pattern-line" d="M0 4h8M4 0v8" stroke="#2b5a87" stroke-width="1.25"/>',
            7: '<path class="pattern-thin" d="M0 4h8" stroke="#474f58" stroke-width="1"/>',
        }.get(number, "")
        turn = {2: -45, 6: 0, 7: 45}.get(number, 0)
        found.append(
            f'<pattern id="{escape(key)}-{number}" width="8" height="8" patternUnits="userSpaceOnUse"'
            f' patternTransform="rotate({turn})"><rect class="pattern-{number}" width="8" height="8" fill="{ground}"/>{marks}</pattern>'
        )
    return "<defs>" + "".join(found) + "</defs>"


_DASHES = ("", "6 3", "2 3", "9 3 2 3", "12 4", "4 4", "1 4", "9 3 2 3 2 3")


def _track(number: int, points: str) -> str:
    dash = _DASHES[number % PATTERNS]
    how = f' stroke-dasharray="{dash}"' if dash else ""
    colour = _ACCENT if number % 2 == 0 else _INK
    return f'<polyline class="series-line-{number % 2}" fill="none" stroke="{colour}" stroke-width="2"{how} points="{points}"/>'


def _dot(x: float, y: float, number: int) -> str:
    colour = _ACCENT if number % 2 == 0 else _INK
    return f'<circle class="series-dot-{number % 2}" cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#ffffff" stroke="{colour}" stroke-width="2"/>'


def _link(point: Point, said: str, shape: str) -> str:
    words = escape(said)
    if not point.url:
        return f"<g>{shape}<title>{words}</title></g>"
    return f'<a href="{escape(point.url)}" tabindex="-1" aria-label="{words}">{shape}<title>{words}</title></a>'


def _line(kind: str, x: float, y: float, to_x: float, to_y: float) -> str:
    colour = _AXIS if kind == "axis" else _GRID
    return f'<line class="{kind}" x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    weight = ' font-weight="600"' if kind == "strong" else ""
    colour = _SOFT if not kind else _INK
    return (
        f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="12" fill="{colour}"{weight}>'
        f"{escape(words)}</text>"
    )


def _width(words: str) -> float:
    """How wide a text of the drawing stands, roughly: a Chinese character is twice a letter."""
    return sum(12.5 if ord(sign) > 0x2E7F else 7 for sign in words)


def _cut(words: str, room: float) -> str:
    if _width(words) <= room:
        return words
    while words and _width(words) > room - 12:
        words = words[:-1]
    return f"{words}…"


def _drawing(parts: Sequence[str], wide: float, high: float, title: str, key: str, patterned: int, room: int) -> Markup:
    name = escape(key)
    size = "plot plot-long" if wide > room else "plot" if wide == room else "plot plot-ring"
    head = (
        f'<svg class="{size}" viewBox="0 0 {wide:.0f} {high:.0f}" width="{wide:.0f}" height="{high:.0f}" role="group"'
        f' aria-labelledby="{name}-title"><title id="{name}-title">{escape(title)}</title>'
    )
    return Markup(head + (_patterns(key) if patterned > 1 else "") + "".join(parts) + "</svg>")
