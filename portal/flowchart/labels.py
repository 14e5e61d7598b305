"""Words of arrows that would lie on other words or on a box are moved along their own line. Pure geometry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from portal.flowchart.words import BOX_HEIGHT, BOX_WIDTH, text_width, wrapped

if TYPE_CHECKING:
    from portal.flowchart.layout import Arrow, Box, Label
    from portal.processes.base import Transition

Rect = tuple[float, float, float, float]
"""Left, top, right, bottom."""
PACE = 4
"""Between two places that are tried."""
SHORTEST = 16
"""A shorter stretch of a line carries no words."""
ROUNDS = 3


def extents(label: Label, action: str, who: str) -> list[Rect]:
    """Where the lines of a label lie when they are drawn."""
    if label.is_plate:
        lines = [f"{action} · {who}"] if is_one_line(label, action, who) else [action, who]
        return [_line(label.x, label.rule + 4 + 15 * number, text, "middle") for number, text in enumerate(lines)]
    if label.anchor == "start":
        return [_line(label.x, label.rule - 6, action, "start"), _line(label.x, label.rule + 10, who, "start")]
    above, below = wrapped(action, label.room), wrapped(who, label.room)
    return [
        *(_line(label.x, label.rule - 8 - 14 * number, text, "middle") for number, text in enumerate(reversed(above))),
        *(_line(label.x, label.rule + 18 + 14 * number, text, "middle") for number, text in enumerate(below)),
    ]


def is_one_line(label: Label, action: str, who: str) -> bool:
    """Whether action and roles fit on the line together."""
    return text_width(f"{action} · {who}") + 40 <= label.room


def settle(
    arrows: Iterable[Arrow], boxes: Mapping[str, Box], said: Callable[[Transition], tuple[str, str]], width: float
) -> list[Arrow]:
    """The arrows, with words that overlap nothing as far as their lines have a free place for them."""
    solid: list[Rect] = [(box.x, box.y, box.x + BOX_WIDTH, box.y + BOX_HEIGHT) for box in boxes.values()]
    every = list(arrows)
    places = {
        number: list(_places(arrow, arrow.label, *said(arrow.step)))
        for number, arrow in enumerate(every)
        if arrow.label is not None
    }
    chosen: dict[int, tuple[Label, list[Rect]]] = {}
    for _round in range(ROUNDS):  # what was in nobody's way at first may be in the way of what had no other place
        for number in sorted(places, key=lambda each: (not every[each].is_main, len(places[each]))):
            words = said(every[number].step)
            others = [rect for each, (_label, rects) in chosen.items() if each != number for rect in rects]
            best = min(places[number], key=lambda label: _covered(extents(label, *words), [*solid, *others], width))
            chosen[number] = best, extents(best, *words)
    return [
        replace(arrow, label=chosen[number][0]) if number in chosen else arrow for number, arrow in enumerate(every)
    ]


def _places(arrow: Arrow, first: Label, action: str, who: str) -> Iterator[Label]:
    """Its own place, then others along the line and its roots: on what runs across, beside what runs up or down."""
    yield first
    wide = max(text_width(action), text_width(who))
    if arrow.line[0] == arrow.line[-1]:  # a step that stays where it is has no way of its own beneath a lower box
        for up in (0, 1, 2):
            for aside in (0.0, -wide - 14, BOX_WIDTH / 2):
                yield replace(first, x=first.x + aside, rule=first.rule - 32 * up)
    for line in (arrow.line, *arrow.roots):
        for (x1, y1), (x2, y2) in pairwise(line):
            low, high = min(x1, x2), max(x1, x2)
            top, bottom = min(y1, y2), max(y1, y2)
            if high - low >= SHORTEST:
                for x in range(int(low), int(high) + 1, PACE):
                    yield replace(first, x=float(x), rule=y1, anchor="middle", is_plate=True, room=high - low)
            if bottom - top >= SHORTEST:
                for y in range(int(top) + 6, int(bottom) - 5, PACE):
                    yield replace(first, x=x1 + 7, rule=float(y), anchor="start", is_plate=False)
                    yield replace(first, x=x1 - 7 - wide, rule=float(y), anchor="start", is_plate=False)


def _covered(rects: Sequence[Rect], taken: Sequence[Rect], width: float) -> float:
    """How much of the words lies on something else, or outside the drawing."""
    found = 0.0
    for left, top, right, bottom in rects:
        found += max(0.0, -left) + max(0.0, right - width) + max(0.0, -top)
        for other in taken:
            across, down = min(right, other[2]) - max(left, other[0]), min(bottom, other[3]) - max(top, other[1])
            if across > 0 and down > 0:
                found += across * down
    return found


def _line(x: float, y: float, text: str, anchor: str) -> Rect:
    wide = text_width(text)
    left = x - wide / 2 if anchor == "middle" else x
    return left - 2, y - 11, left + wide + 2, y + 3
