"""The drawing of the panel as SVG: classes of the style sheet only, no inline style, the same in page and PDF."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from markupsafe import Markup

from portal.explain.view import Explanation, Mark, Row, Segment, SegmentKind
from portal.i18n import _p

WIDTH, LEFT, RIGHT = 700, 84, 624
BAR, TOP, STEP, MARK_ROOM = 22, 22, 38, 14
WIDE, NARROW = 12.0, 6.7
"""Widths in drawing units of a Chinese character and of a digit, to see whether a label fits."""
CLASSES = {SegmentKind.COUNTED: "fill-accent-soft", SegmentKind.LEFT: "fill-soon-wash", SegmentKind.LATE: "fill-late"}


def render_svg(view: Explanation, *, key: str = "why") -> Markup:
    """The bars of the panel. `key` (letters, digits, hyphen) keeps ids apart where a page has several panels."""
    if not key.replace("-", "").isalnum() or not key.isascii():
        raise ValueError(f"not an id: {key!r}")
    parts: list[Markup] = []
    y = TOP
    for row in view.rows:
        parts.append(_row(row, y, key, view.is_late))
        y += STEP + (MARK_ROOM if row.marks else 0)
    return Markup(
        '<svg class="plot" viewBox="0 0 {width} {height}" role="img" aria-labelledby="{key}-title">'
        '<title id="{key}-title">{title}</title>'
        '<defs><pattern id="{key}-hatch" width="6" height="6" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate(45)"><rect class="fill-track" width="6" height="6"/>'
        '<line class="hatch-line" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>{axis}{rows}</svg>'
    ).format(width=WIDTH, height=y, key=key, title=view.title, axis=_axis(), rows=Markup("").join(parts))


def _axis() -> Markup:
    labels = [str(hour) for hour in (0, 6, 12, 18)] + [_p("axis", "24 h")]
    step = (RIGHT - LEFT) / 4
    marks = (_text(LEFT + n * step, TOP - 10, label, anchor="middle") for n, label in enumerate(labels))
    return Markup("<g>{}</g>").format(Markup("").join(marks))


def _row(row: Row, y: int, key: str, is_late: bool) -> Markup:
    base = y + 15
    parts = [_text(0, base, row.label, "mid")]
    if row.folded:
        parts.append(_text((LEFT + RIGHT) / 2, base, row.note, anchor="middle"))
    else:
        parts.append(_rect(LEFT, y, RIGHT - LEFT, "fill-track", radius=3))
        parts += [_segment(segment, y, key) for segment in row.segments]
        parts += _labels(row, base)
    parts.append(_text(WIDTH, base, row.counted, "mid", anchor="end"))
    parts += _marks(row.marks, y, is_late)
    return Markup("").join(parts)


def _segment(segment: Segment, y: int, key: str) -> Markup:
    x, width = _x(segment.start), _x(segment.end) - _x(segment.start)
    if segment.kind is SegmentKind.PAUSED:
        return Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="url(#{}-hatch)"/>').format(
            _number(x), y, _number(width), BAR, key
        )
    return _rect(x, y, width, CLASSES[segment.kind])


def _labels(row: Row, base: int) -> Iterable[Markup]:
    """Labels that fit into their piece; the start's label may stand before its piece, where the bar is empty."""
    free_from, first = 0.0, row.segments[0].start if row.segments else 1.0
    if row.note and _width(row.note) + 8 <= (first - free_from) * (RIGHT - LEFT):
        yield _text(LEFT + 6, base, row.note, "mid")
        free_from = (_width(row.note) + 12) / (RIGHT - LEFT)
    for number, segment in enumerate(row.segments):
        if not segment.label:
            continue
        room = (segment.end - segment.start) * (RIGHT - LEFT)
        width = _width(segment.label) + 8
        if width <= room and segment.kind is SegmentKind.COUNTED:
            yield _text(_x(segment.start) + 5.5, base, segment.label, "mid")
        elif width <= room:
            yield _text(_x((segment.start + segment.end) / 2), base, segment.label, "mid", anchor="middle")
        elif number == 0 and width <= (segment.start - free_from) * (RIGHT - LEFT):
            yield _text(_x(segment.start) - 5, base, segment.label, "mid", anchor="end")


def _marks(marks: tuple[Mark, ...], y: int, is_late: bool) -> Iterable[Markup]:
    for number, mark in enumerate(marks):
        x = _x(mark.at)
        is_due = mark.kind == "due"
        yield Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
            "line-due" if is_due else "line-now", _number(x), y - 5, _number(x), y + BAR + 5
        )
        name = ("text-late" if is_late else "text-soon") if is_due else "strong"
        yield _text(x, y + BAR + 17, mark.label, name, anchor=_anchor(marks, number))


def _anchor(marks: tuple[Mark, ...], number: int) -> str:
    """Labels stand under their line, unless two lie close together: then one looks left and one right."""
    if len(marks) == 2:
        needed = (_width(marks[0].label) + _width(marks[1].label)) / 2 + 8
        if _x(marks[1].at) - _x(marks[0].at) < needed:
            return "end" if number == 0 else "start"
    return "middle"


def _x(share: float) -> float:
    return LEFT + share * (RIGHT - LEFT)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _width(text: str) -> float:
    return sum(WIDE if unicodedata.east_asian_width(letter) in "WFA" else NARROW for letter in text)


def _rect(x: float, y: int, width: float, name: str, radius: int = 0) -> Markup:
    corner = Markup(' rx="{}"').format(radius) if radius else Markup("")
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"{}/>').format(
        name, _number(x), y, _number(width), BAR, corner
    )


def _text(x: float, y: float, text: str, name: str = "", *, anchor: str = "") -> Markup:
    if not text:
        return Markup("")
    class_ = Markup(' class="{}"').format(name) if name else Markup("")
    side = Markup(' text-anchor="{}"').format(anchor) if anchor else Markup("")
    return Markup('<text{} x="{}" y="{}"{}>{}</text>').format(class_, _number(x), _number(y), side, text)
