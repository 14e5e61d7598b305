"""The flow chart of a process as SVG, drawn from the `Process` object: nothing of it is drawn by hand.

Classes of the style sheet on screen; the light colours are written as attributes too, because paper knows no style
sheet inside a drawing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from portal.flowchart.labels import is_one_line
from portal.flowchart.layout import (
    BOX_HEIGHT,
    BOX_WIDTH,
    Arrow,
    Box,
    Label,
    Layout,
    Point,
    lay_out,
)
from portal.flowchart.words import text_width, wrapped
from portal.i18n import _, _n, _p
from portal.permissions import who_may
from portal.processes.base import Process, Transition

__all__ = ["Standing", "render_svg", "step_id", "who_text"]

CORNER = 8
INK, INK_2, INK_3, INK_4 = "#1c2229", "#474f58", "#646b73", "#a4a8ac"
ACCENT, ACCENT_STRONG, ACCENT_LINE = "#2b5a87", "#1f4468", "#b9cfe2"
SURFACE, SURFACE_2, LINE = "#ffffff", "#faf9f6", "#d2cec4"
LATE, LATE_SOFT, LATE_LINE = "#b3261e", "#fcebe8", "#efb9b2"
"""The light colours of `static/css/tokens.css`."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How many records stand in a state now, and how many of them are late."""

    count: int = 0
    late: int = 0


def step_id(step: Transition) -> str:
    """The id of the step's row in the table of the help page; the words of its arrow link there."""
    return f"step-{step.action}-{step.target.lower().replace('_', '-')}"


def who_text(step: Transition) -> str:
    """The roles that may take the step."""
    return "、".join(str(role.label) for role in who_may(step.permission))


def render_svg(
    process: Process,
    standings: Mapping[str, Standing] | None = None,
    *,
    limits: Mapping[str, str] | None = None,
    state_url: Callable[[str], str] | None = None,
    links_steps: bool = False,
    key: str = "flow",
) -> Markup:
    """The chart. `standings` by state (None: no figures), `limits` by DL code as people read them.

    `state_url` gives the list of the records in a state; with `links_steps` the words of an arrow link to the row of
    `step_id`. `key` (letters, digits, hyphen) keeps ids apart where a page has several charts.
    """
    if not key.replace("-", "").isalnum() or not key.isascii():
        raise ValueError(f"not an id: {key!r}")
    layout = lay_out(process, _words)
    drawing = _Drawing(process, layout, standings, limits or {}, state_url, links_steps, key)
    return drawing.svg()


def _words(step: Transition) -> str:
    return f"{step.label} · {who_text(step)}"


@dataclass(frozen=True, slots=True)
class _Drawing:
    process: Process
    layout: Layout
    standings: Mapping[str, Standing] | None
    limits: Mapping[str, str]
    state_url: Callable[[str], str] | None
    links_steps: bool
    key: str

    def svg(self) -> Markup:
        """Arrows first, then words, then boxes, so that words lie on lines and boxes on both."""
        layout = self.layout
        parts = [self._lines(arrow) for arrow in layout.arrows]
        parts += [self._label(arrow, arrow.label) for arrow in layout.arrows if arrow.label]
        parts += [self._box(box) for box in layout.boxes.values()]
        return Markup(
            '<svg class="flow plot{wide}" viewBox="0 0 {width} {height}" role="group" aria-labelledby="{key}-title">'
            '<title id="{key}-title">{title}</title><defs>{tip}{tip_main}</defs>{parts}</svg>'
        ).format(
            wide=" is-wide" if layout.width > 1000 else "",
            width=_number(layout.width),
            height=_number(layout.height),
            key=self.key,
            title=_("Flow chart: %(process)s", process=self.process.title),
            tip=self._tip("tip", "", INK_4),
            tip_main=self._tip("tip-main", "main", ACCENT),
            parts=Markup("").join(parts),
        )

    def _tip(self, name: str, class_: str, colour: str) -> Markup:
        return Markup(
            '<marker id="{}-{}"{} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"'
            ' markerUnits="userSpaceOnUse"><path d="M0 0 8 4 0 8z" fill="{}"/></marker>'
        ).format(self.key, name, Markup(' class="{}"').format(class_) if class_ else "", colour)

    # ---- arrows -----------------------------------------------------------------------------------------------

    def _lines(self, arrow: Arrow) -> Markup:
        name, colour, width = ("arrow main", ACCENT, 2) if arrow.is_main else ("arrow", INK_4, 1.5)
        tip = "tip-main" if arrow.is_main else "tip"
        parts = [
            Markup('<path class="{}" d="{}" fill="none" stroke="{}" stroke-width="{}"/>').format(
                name, _path(root), colour, width
            )
            for root in arrow.roots
        ]
        parts.append(
            Markup(
                '<path class="{}" d="{}" fill="none" stroke="{}" stroke-width="{}" marker-end="url(#{}-{})"/>'
            ).format(name, _path(arrow.line), colour, width, self.key, tip)
        )
        return Markup("").join(parts)

    def _label(self, arrow: Arrow, label: Label) -> Markup:
        action, who = str(arrow.step.label), who_text(arrow.step)
        if label.is_plate:
            body = self._plate(label, action, who)
        elif label.anchor == "start":
            body = _text(label.x, label.rule - 6, action, "edge", INK_2)
            body += _text(label.x, label.rule + 10, who, "who", INK_3)
        else:
            body = self._stacked(label, action, who)
        told = Markup("<title>{}</title>").format(self._told(arrow))
        if self.links_steps:
            return Markup('<a href="#{}">{}{}</a>').format(step_id(arrow.step), told, body)
        return Markup("<g>{}{}</g>").format(told, body)

    def _plate(self, label: Label, action: str, who: str) -> Markup:
        """Both on the line where there is room, else the action on it and who may beneath."""
        words = [f"{action} · {who}"] if is_one_line(label, action, who) else [action, who]
        body = Markup("")
        for number, line in enumerate(words):
            width, y = text_width(line) + 8, label.rule + 4 + 15 * number
            body += Markup('<rect class="ground" x="{}" y="{}" width="{}" height="16" fill="{}"/>').format(
                _number(label.x - width / 2), _number(y - 12), _number(width), SURFACE
            )
            name, colour = ("edge", INK_2) if not number else ("who", INK_3)
            body += _text(label.x, y, line, name, colour, anchor="middle")
        return body

    def _stacked(self, label: Label, action: str, who: str) -> Markup:
        """The action above the line, who may below it."""
        body = Markup("")
        lines = wrapped(action, label.room)
        for number, line in enumerate(lines):
            y = label.rule - 8 - 14 * (len(lines) - 1 - number)
            body += _text(label.x, y, line, "edge", INK_2, anchor="middle")
        for number, line in enumerate(wrapped(who, label.room)):
            body += _text(label.x, label.rule + 18 + 14 * number, line, "who", INK_3, anchor="middle")
        return body

    def _told(self, arrow: Arrow) -> str:
        """The step in one sentence, for those who point at it or do not see it."""
        step = arrow.step
        before = "、".join(str(self.process.state(code).label) for code in arrow.sources) or _("(new)")
        way = f"{before} → {self.process.state(step.target).label} · {who_text(step)}"
        said = _("%(label)s: %(text)s", label=step.label, text=way)
        conditions = "; ".join(str(guard.label) for guard in step.guards)
        return f"{said} · {conditions}" if conditions else said

    # ---- boxes ------------------------------------------------------------------------------------------------

    def _box(self, box: Box) -> Markup:
        state = self.process.state(box.code)
        standing = self.standings.get(box.code, Standing()) if self.standings is not None else None
        late = standing.late if standing else 0
        classes = " ".join(
            ["box", *(["has-late"] if late else ["busy"] if standing and standing.count else []),
             *(["final"] if state.final else [])]
        )  # fmt: skip
        stroke = LATE_LINE if late else ACCENT_LINE if standing and standing.count else LINE
        body = Markup(
            '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="8" fill="{}" stroke="{}"{}/>'
        ).format(
            classes, _number(box.x), _number(box.y), BOX_WIDTH, BOX_HEIGHT, SURFACE_2 if state.final else SURFACE,
            stroke, Markup(' stroke-dasharray="4 3"') if state.final else "",
        )  # fmt: skip
        left = box.x + 12
        names = wrapped(str(state.label), (BOX_WIDTH - 22) * 12 / 14)
        body += _text(left, box.y + 25, names[0], "name", INK, size=14, weight="600")
        if len(names) > 1:
            body += _text(left, box.y + 42, " ".join(names[1:]), "name", INK, size=14, weight="600")
        else:
            body += _text(left, box.y + 44, self._clock(box.code), "who", INK_3)
        body += self._figures(box, standing)
        told = Markup("<title>{}</title>").format(state.meaning or state.label)
        if self.state_url is None:
            return Markup("<g>{}{}</g>").format(told, body)
        return Markup('<a href="{}" aria-label="{}">{}{}</a>').format(
            self.state_url(box.code), self._spoken(box.code, standing), told, body
        )

    def _figures(self, box: Box, standing: Standing | None) -> Markup:
        if standing is None:
            return Markup("")
        y = box.y + BOX_HEIGHT - 11
        if not standing.count:
            return _text(box.x + 12, y, "0", "who", INK_3)
        body = _text(box.x + 12, y, f"{standing.count:,}", "figure", ACCENT_STRONG, size=22, weight="600")
        if standing.late:
            words = _("Late %(number)s", number=f"{standing.late:,}")
            width = max(text_width(words) + 18, 52)
            right = box.right - 10
            body += Markup(
                '<rect class="late-pill" x="{}" y="{}" width="{}" height="20" rx="10" fill="{}" stroke="{}"/>'
            ).format(_number(right - width), _number(y - 17), _number(width), LATE_SOFT, LATE_LINE)
            body += _text(right - width / 2, y - 3, words, "text-late edge", LATE, anchor="middle")
        return body

    def _clock(self, state: str) -> str:
        """The clocks that run in a state: `DL-11 · 24 小时`."""
        clocks = [clock for clock in self.process.deadlines if state in clock.starts]
        return ", ".join(
            f"{clock.code} · {self.limits[clock.code]}" if clock.code in self.limits else clock.code for clock in clocks
        )

    def _spoken(self, code: str, standing: Standing | None) -> str:
        parts = [str(self.process.state(code).label)]
        if standing is not None:
            parts.append(_n("%(num)s record", "%(num)s records", standing.count))
            if standing.late:
                parts.append(_("Late %(number)s", number=standing.late))
        if clock := self._clock(code):
            parts.append(clock)
        return _p("list of facts", ", ").join(parts)


def _text(
    x: float, y: float, text: str, name: str, colour: str, *, anchor: str = "", size: int = 12, weight: str = ""
) -> Markup:
    if not text:
        return Markup("")
    extra = Markup(' text-anchor="{}"').format(anchor) if anchor else Markup("")
    extra += Markup(' font-weight="{}"').format(weight) if weight else Markup("")
    return Markup('<text class="{}" x="{}" y="{}" font-size="{}" fill="{}"{}>{}</text>').format(
        name, _number(x), _number(y), size, colour, extra, text
    )


def _path(points: tuple[Point, ...]) -> str:
    """A line through the points with rounded corners."""
    parts = [f"M{_number(points[0][0])} {_number(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        start, end = _towards(corner, before), _towards(corner, after)
        parts.append(f"L{_pair(start)}Q{_pair(corner)} {_pair(end)}")
    parts.append(f"L{_pair(points[-1])}")
    return "".join(parts)


def _towards(corner: Point, other: Point) -> Point:
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = abs(dx) + abs(dy)
    share = min(CORNER, length / 2) / length if length else 0.0
    return corner[0] + dx * share, corner[1] + dy * share


def _pair(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
