"""Where the boxes and arrows of a process stand: pure geometry, worked out from the `Process` object alone.

The main line runs from left to right. Detours that lead back to it stand above, exits below; jumps ahead run above
the line, ways back below it. A step that may be taken in several states is one arrow with several roots.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from portal.flowchart import labels
from portal.flowchart.words import BOX_HEIGHT, BOX_WIDTH, text_width
from portal.processes.base import Process, Transition

GAP = 78
"""Between two boxes; wide enough for six Chinese characters of an arrow's label."""
STEP, MARGIN = BOX_WIDTH + GAP, 14
LANE, FIRST_LANE = 34, 32
LABEL_ROOM = 54
"""Above a lower box, for what its arrow says."""
BESIDE = 24
"""Between two lower boxes."""
LEAST_ROOM, ASIDE = 48, 110
"""Less than this holds no words; so wide are those that stand aside then."""
LEAST_WIDTH = 1180
"""Small processes are not blown up to the width of the page."""

Point = tuple[float, float]
Words = Callable[[Transition], str]
Edge = tuple[Transition, str]
"""A step and one of the states it starts from."""


class Zone(StrEnum):
    """Where a box stands."""

    MAIN = "MAIN"
    ABOVE = "ABOVE"
    BELOW = "BELOW"


@dataclass(frozen=True, slots=True)
class Box:
    """A state: its code, its place, its zone. x and y are the upper left corner."""

    code: str
    x: float
    y: float
    zone: Zone

    @property
    def middle(self) -> float:
        """x of the centre."""
        return self.x + BOX_WIDTH / 2

    @property
    def bottom(self) -> float:
        """y of the lower edge."""
        return self.y + BOX_HEIGHT

    @property
    def right(self) -> float:
        """x of the right edge."""
        return self.x + BOX_WIDTH


@dataclass(frozen=True, slots=True)
class Label:
    """Where the words of an arrow stand: lines centred on x (`middle`) or beginning there (`start`).

    `rule` is the y that the words look at: the action above it, who may below it. With `is_plate` they stand on the
    arrow, which is covered behind them. `room` is how wide they may be.
    """

    x: float
    rule: float
    anchor: str = "middle"
    is_plate: bool = False
    room: float = GAP - 18


@dataclass(frozen=True, slots=True)
class Arrow:
    """A step as drawn: one line with a head, further roots that join it, and the place of its words."""

    step: Transition
    sources: tuple[str, ...]
    line: tuple[Point, ...]
    label: Label | None
    roots: tuple[tuple[Point, ...], ...] = ()
    is_main: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A drawing: boxes by state, arrows, and its size."""

    boxes: dict[str, Box]
    arrows: tuple[Arrow, ...]
    width: float
    height: float


def lay_out(process: Process, words: Words) -> Layout:
    """The places of everything. `words` says what stands on an arrow, so that room can be found for it."""
    return _Plan(process, words).layout()


@dataclass(slots=True)
class _Group:
    """One step through the lower zone: from several boxes along a lane to one target."""

    step: Transition
    sources: list[str]
    target: str
    ports: list[float] = field(default_factory=list)
    end: float = 0.0
    lane: int = -1
    """-1: straight down, no lane."""

    def span(self) -> tuple[float, float]:
        xs = [*self.ports, self.end]
        return min(xs), max(xs)


class _Plan:
    """Works a layout out, in the order: columns, upper rows, ports and lanes, lower boxes."""

    def __init__(self, process: Process, words: Words) -> None:
        self.process, self.words = process, words
        self.main = [state.code for state in process.states if state.main_line]
        sides = [state.code for state in process.states if not state.main_line]
        self.above = [code for code in sides if self._rejoins(code)]
        self.below = [code for code in sides if code not in self.above]
        self.rows = self._upper_rows()
        self.boxes: dict[str, Box] = {}
        self.arrows: list[Arrow] = []

    def layout(self) -> Layout:
        forward, jumps, detours, links, groups = self._sorted()
        lanes = self._link_lanes(links)
        skip_room = LANE * len(jumps) + (12 if jumps else 0)
        rooms = [self._row_room(row, lanes) for row in self.rows]
        row = MARGIN + sum(rooms) + skip_room
        self._place_main(row)
        self._place_above(row - skip_room, rooms)
        self._place_below(groups)
        lowest = self._begin()
        for step, source in forward:
            self._ahead(step, source)
        self._draw_top(jumps, detours, row)
        self._draw_links(links, lanes)
        bottom = max(self._draw_bottom(groups, row + BOX_HEIGHT), lowest)
        right = max(box.right for box in self.boxes.values())
        width = max(right + MARGIN, LEAST_WIDTH)
        arrows = labels.settle(self.arrows, self.boxes, self._said, width)
        return Layout(self.boxes, tuple(arrows), width, bottom + MARGIN)

    def _said(self, step: Transition) -> tuple[str, str]:
        """What the step is called, and who may take it."""
        action, _dot, who = self.words(step).rpartition(" · ")
        return action, who

    # ---- sorting ----------------------------------------------------------------------------------------------

    def _rejoins(self, code: str) -> bool:
        """Whether the way leads from this side state to the main line again, ahead of where it came from.

        Where both the main line and detours end, as in an escalation, is no detour: it stands below all of them.
        """
        sources = {source for step in self.process.transitions if step.target == code for source in step.sources}
        if sources & set(self.main) and sources - set(self.main) - {code}:
            return False
        return any(
            step.target in self.main and self._column(step.target) > self._came_from(code)
            for step in self.process.steps_from(code)
        )

    def _column(self, code: str) -> int:
        return self.main.index(code)

    def _came_from(self, code: str) -> int:
        columns = [
            self._column(source)
            for step in self.process.transitions
            if step.target == code
            for source in step.sources
            if source in self.main
        ]
        return min(columns, default=0)

    def _upper_rows(self) -> list[dict[str, int]]:
        """The columns of the detours, row by row: what is reached from another detour only stands behind that one."""
        rows: list[dict[str, int]] = []
        for code in self.above:
            before = {source for step in self.process.transitions if step.target == code for source in step.sources}
            row = None if before & set(self.main) else next((row for row in rows if before & row.keys()), None)
            if row is not None:
                row[code] = max(row.values()) + 1
                continue
            first = self._came_from(code)
            back = min(self._column(step.target) for step in self.process.steps_from(code) if step.target in self.main)
            rows.append({code: min(first + 1, max(back - 1, first))})
        return rows

    def _link_lanes(self, links: Sequence[Edge]) -> dict[Edge, int]:
        """The lanes above the upper rows of what leads from detour to detour; -1: straight ahead to the next."""
        lanes: dict[Edge, int] = {}
        columns = {code: column for row in self.rows for code, column in row.items()}
        rows = {code: number for number, row in enumerate(self.rows) for code in row}
        ahead: set[tuple[str, str]] = set()
        taken: list[set[int]] = []
        for step, source in sorted(links, key=lambda link: abs(columns[link[0].target] - columns[link[1]])):
            low, high = sorted((columns[source], columns[step.target]))
            is_next = rows[source] == rows[step.target] and columns[source] + 1 == columns[step.target]
            if is_next and (source, step.target) not in ahead:
                ahead.add((source, step.target))
                lanes[step, source] = -1
                continue
            span = set(range(low, high + 1))
            lane = next((lane for lane, used in enumerate(taken) if not used & span), len(taken))
            if lane == len(taken):
                taken.append(set())
            taken[lane] |= span
            lanes[step, source] = lane
        return lanes

    def _row_room(self, row: dict[str, int], lanes: dict[Edge, int]) -> float:
        used = [lane + 1 for (step, source), lane in lanes.items() if source in row or step.target in row]
        return BOX_HEIGHT + LABEL_ROOM + LANE * max(used, default=0)

    def _sorted(self) -> tuple[list[Edge], list[Edge], list[Edge], list[Edge], list[_Group]]:
        forward: list[Edge] = []
        jumps: list[Edge] = []
        detours: list[Edge] = []
        links: list[Edge] = []
        groups: list[_Group] = []
        order = [state.code for state in self.process.states]
        for step in self.process.transitions:
            low: list[str] = []
            for source in sorted(step.sources, key=order.index):
                is_ahead = source in self.main and step.target in self.main
                columns = self._column(step.target) - self._column(source) if is_ahead else 0
                if columns == 1 and not any(
                    other.target == step.target and source == start for other, start in forward
                ):
                    forward.append((step, source))
                elif columns >= 1:
                    jumps.append((step, source))
                elif step.target in self.above and source in self.above:
                    links.append((step, source))
                elif {source, step.target} & set(self.above) and {source, step.target} & set(self.main):
                    detours.append((step, source))
                else:
                    low.append(source)
            if low:
                groups.append(_Group(step, low, step.target))
        return forward, jumps, detours, links, groups

    # ---- boxes ------------------------------------------------------------------------------------------------

    def _place_main(self, row: float) -> None:
        left: float = MARGIN + (GAP if self.process.creations() else 0)
        width = left + STEP * len(self.main) - GAP + MARGIN
        left += max(0.0, LEAST_WIDTH - width) / 2
        for column, code in enumerate(self.main):
            self.boxes[code] = Box(code, left + STEP * column, row, Zone.MAIN)

    def _place_above(self, bottom: float, rooms: Sequence[float]) -> None:
        """A row of detours above another; each stands over a gap, so that a way down passes between the boxes."""
        left = self.boxes[self.main[0]].right + GAP / 2 - BOX_WIDTH / 2
        for index, row in enumerate(self.rows):
            y = bottom - sum(rooms[:index]) - BOX_HEIGHT - LABEL_ROOM
            for code, column in row.items():
                self.boxes[code] = Box(code, left + STEP * column, y, Zone.ABOVE)

    def _place_below(self, groups: Sequence[_Group]) -> None:
        """Each exit under the middle of the states that lead there; the row is moved down when the lanes are known."""
        wanted = []
        for code in self.below:
            xs = [self.boxes[source].middle for group in groups if group.target == code for source in group.sources
                  if source in self.boxes]  # fmt: skip
            wanted.append((sum(xs) / len(xs) if xs else self.boxes[self.main[-1]].middle, code))
        free: float = MARGIN
        for middle, code in sorted(wanted, key=lambda item: item[0]):
            x = max(free, middle - BOX_WIDTH / 2)
            self.boxes[code] = Box(code, x, 0, Zone.BELOW)
            free = x + BOX_WIDTH + BESIDE

    # ---- the main line and above ------------------------------------------------------------------------------

    def _begin(self) -> float:
        """What makes a record leads into its first box, a second such step from below. Gives where the lowest begins."""
        entered: dict[str, int] = {}
        lowest = 0.0
        for step in self.process.creations():
            box, before = self.boxes[step.target], entered.get(step.target, 0)
            entered[step.target] = before + 1
            y = box.y + BOX_HEIGHT / 2
            line, label = ((box.x - GAP, y), (box.x, y)), Label(box.x - GAP / 2, y)
            if before:
                x = box.x + 14 * before
                line, label = (
                    ((x, box.bottom + GAP), (x, box.bottom)),
                    Label(x + 7, box.bottom + GAP / 2, anchor="start"),
                )
            lowest = max(lowest, line[0][1])
            self.arrows.append(Arrow(step, (), line, label, is_main=True))
        return lowest

    def _ahead(self, step: Transition, source: str, *, is_main: bool = True) -> None:
        start, end = self.boxes[source], self.boxes[step.target]
        y = start.y + BOX_HEIGHT / 2
        label = Label((start.right + end.x) / 2, y)
        self.arrows.append(Arrow(step, (source,), ((start.right, y), (end.x, y)), label, is_main=is_main))

    def _draw_top(self, jumps: Sequence[Edge], detours: Sequence[Edge], row: float) -> None:
        ports = _Ports()
        for index, (step, source) in enumerate(jumps):
            ports.ask(source, self.boxes[step.target].middle, ("jump", index, "from"))
            ports.ask(step.target, self.boxes[source].middle, ("jump", index, "to"))
        for index, (step, source) in enumerate(detours):
            if source in self.main:
                ports.ask(source, self.boxes[step.target].middle, ("detour", index, "from"))
            if step.target in self.main:
                ports.ask(step.target, self.boxes[source].middle, ("detour", index, "to"))
        places = ports.spread(self.boxes)
        for index, (step, source) in enumerate(jumps):
            start, end = places["jump", index, "from"], places["jump", index, "to"]
            y = row - LANE * (index + 1)
            line: tuple[Point, ...] = ((start, row), (start, y), (end, y), (end, row))
            label = Label((start + end) / 2, y, is_plate=True, room=abs(end - start))
            self.arrows.append(Arrow(step, (source,), line, label))
        entered: set[str] = set()
        for index, (step, source) in enumerate(detours):
            origin, target = self.boxes[source], self.boxes[step.target]
            if source in self.main:
                x, y = places["detour", index, "from"], target.y + BOX_HEIGHT / 2
                if target.code in entered or x >= target.x or self._is_between(target, x):
                    line, label = self._beneath(origin, target, x)
                    self.arrows.append(Arrow(step, (source,), line, label))
                    continue
                entered.add(target.code)
                line = ((x, origin.y), (x, y), (target.x, y))
                room = target.x - x - 16
                label = Label((x + target.x) / 2, y, room=room)
                if room < LEAST_ROOM:  # no words fit between the way up and the box: they stand on its other side
                    label = Label(x - 8 - ASIDE / 2, y, room=ASIDE)
            else:
                x, y = places["detour", index, "to"], origin.y + BOX_HEIGHT / 2
                if x < origin.right or self._is_between(origin, x):
                    line, label = self._beneath(target, origin, x)
                    self.arrows.append(Arrow(step, (source,), line[::-1], label))
                    continue
                line = ((origin.right, y), (x, y), (x, target.y))
                room = max(abs(x - origin.right) - 24, GAP)
                label = Label(origin.right + min(room, 150) / 2 + 8, y, room=min(room, 150))
            self.arrows.append(Arrow(step, (source,), line, label))

    def _is_between(self, upper: Box, x: float) -> bool:
        """Whether another detour of the row stands on that side of this one."""
        row = next(row for row in self.rows if upper.code in row)
        return any((self.boxes[code].x > upper.x) == (x > upper.middle) for code in row if code != upper.code)

    def _beneath(self, lower: Box, upper: Box, x: float) -> tuple[tuple[Point, ...], Label]:
        """The way up into a detour from beneath: straight where the boxes stand above one another."""
        y = upper.bottom + 12
        left, right = max(lower.x, upper.x), min(lower.right, upper.right)
        if right - left >= BESIDE:
            x = (left + right) / 2
            return ((x, lower.y), (x, upper.bottom)), Label(x, y, is_plate=True, room=0)
        end = upper.x + 18 if x < upper.x else upper.right - 18
        label = Label((x + end) / 2, y, is_plate=True, room=abs(end - x))
        return ((x, lower.y), (x, y), (end, y), (end, upper.bottom)), label

    def _draw_links(self, links: Sequence[Edge], lanes: dict[Edge, int]) -> None:
        ports = _Ports()
        for step, source in links:
            lane, start, end = lanes[step, source], self.boxes[source], self.boxes[step.target]
            if lane < 0:
                self._ahead(step, source, is_main=False)
                continue
            nested = lane + 1 if source == step.target else 0  # a further lane goes round the nearer ones
            ports.ask(source, end.middle - nested, (step, source, "from"))
            ports.ask(step.target, start.middle + nested, (step, source, "to"))
        places = ports.spread(self.boxes)
        for step, source in links:
            lane, start, end = lanes[step, source], self.boxes[source], self.boxes[step.target]
            if lane < 0:
                continue
            x1, x2 = places[step, source, "from"], places[step, source, "to"]
            y = min(start.y, end.y) - LANE * (lane + 1) + 4
            line = ((x1, start.y), (x1, y), (x2, y), (x2, end.y))
            label = Label((x1 + x2) / 2, y, is_plate=True, room=abs(x2 - x1))
            self.arrows.append(Arrow(step, (source,), line, label))

    # ---- below ------------------------------------------------------------------------------------------------

    def _draw_bottom(self, groups: list[_Group], row: float) -> float:
        self._give_ports(groups)
        lanes = self._give_lanes(groups)
        floor = row + FIRST_LANE + LANE * max(lanes - 1, 0)
        if self.below:
            floor += LABEL_ROOM if lanes else LABEL_ROOM + 10 - FIRST_LANE
        elif not lanes:
            floor = row
        for code in self.below:
            box = self.boxes[code]
            self.boxes[code] = Box(code, box.x, floor, Zone.BELOW)
        uprights = [x for group in groups for x in [*group.ports, group.end]]
        for group in groups:
            self.arrows.append(self._drawn(group, row, uprights))
        return floor + (BOX_HEIGHT if self.below else 14)

    def _give_ports(self, groups: Sequence[_Group]) -> None:
        ports = _Ports()
        for index, group in enumerate(groups):
            others = [self.boxes[code].middle for code in group.sources]
            ports.ask(group.target, sum(others) / len(others), (index, "to"))
            for source in group.sources:
                ports.ask(source, self.boxes[group.target].middle, (index, source))
        places = ports.spread(self.boxes)
        passing = 0
        for index, group in enumerate(groups):
            xs = []
            for name, code in (("to", group.target), *((source, source) for source in group.sources)):
                x = places[index, name]
                if code in self.above:  # the way down from it, or up to it, passes through the gap beneath it
                    x = self.boxes[code].middle - GAP / 2 + 5 + 6 * passing
                    passing += 1
                xs.append(x)
            group.end, *group.ports = xs

    def _give_lanes(self, groups: Sequence[_Group]) -> int:
        """The ways back lie next to the boxes, shortest first; then the exits, longest first."""
        taken: list[list[tuple[float, float]]] = []
        backs = [group for group in groups if group.target not in self.below]
        exits = [group for group in groups if group.target in self.below]
        for group in exits:
            box = self.boxes[group.target]
            if len(group.ports) == 1 and box.x + 12 <= group.ports[0] <= box.right - 12:
                group.end = group.ports[0]
        wide = lambda group: group.span()[1] - group.span()[0]  # noqa: E731  a key, twice
        first = 0
        backs, exits = sorted(backs, key=wide), sorted(exits, key=wide, reverse=True)
        for part in (backs, exits):
            for group in part:
                low, high = group.span()
                if high == low:
                    continue
                if part is not exits:  # words wider than the way itself need the lane as well
                    half, middle = self._half_width(group, high - low), (low + high) / 2
                    low, high = min(low, middle - half), max(high, middle + half)
                lane = first
                while lane < len(taken) and any(low < end + 16 and start < high + 16 for start, end in taken[lane]):
                    lane += 1
                if lane == len(taken):
                    taken.append([])
                taken[lane].append((low, high))
                group.lane = lane
            first = len(taken)
        return len(taken)

    def _half_width(self, group: _Group, room: float) -> float:
        """Half of what the words take on a lane: on one line where they fit, else the wider of two."""
        action, who = self._said(group.step)
        whole = text_width(self.words(group.step))
        return (whole if whole + 40 <= room else max(text_width(action), text_width(who))) / 2 + 4

    def _drawn(self, group: _Group, row: float, uprights: Sequence[float]) -> Arrow:
        target = self.boxes[group.target]
        end_y = target.y if target.zone is Zone.BELOW else target.bottom
        starts = [self._foot(code) for code in group.sources]
        if group.lane < 0:
            line = ((group.ports[0], starts[0]), (group.end, end_y))
            return Arrow(group.step, tuple(group.sources), line, Label(group.end + 7, end_y - 22, "start"))
        y = row + FIRST_LANE + LANE * group.lane
        far = max(range(len(group.ports)), key=lambda index: abs(group.ports[index] - group.end))
        line_points = ((group.ports[far], starts[far]), (group.ports[far], y), (group.end, y), (group.end, end_y))
        across = [x for x in group.ports if (x - group.end) * (group.ports[far] - group.end) < 0]
        other = max(across, key=lambda x: abs(x - group.end), default=None)
        roots = tuple(
            ((x, starts[index]), (x, y), (group.end if x == other else x + (14 if group.end > x else -14), y))
            for index, x in enumerate(group.ports)
            if index != far and x != group.end
        )
        if target.zone is Zone.BELOW:
            label = Label(group.end + 7, end_y - 22, "start")
        else:
            low, high = group.span()
            label = Label(self._calm(group, uprights), y, is_plate=True, room=high - low)
        return Arrow(group.step, tuple(group.sources), line_points, label, roots)

    def _foot(self, code: str) -> float:
        box = self.boxes[code]
        return box.y if box.zone is Zone.BELOW else box.bottom

    def _calm(self, group: _Group, uprights: Sequence[float]) -> float:
        """The middle of the stretch of the lane where the words cover the fewest other lines."""
        low, high = group.span()
        half = min(text_width(self.words(group.step)) + 12, high - low) / 2
        places = range(int(low + half), max(int(high - half), int(low + half)) + 1, 6)
        middle = (low + high) / 2

        def noise(x: float) -> tuple[int, float]:
            return sum(1 for upright in uprights if abs(upright - x) < half), abs(x - middle)

        return min(places, key=noise) if len(places) > 1 else middle


class _Ports:
    """Shares the edge of a box among the arrows that touch it, ordered by where they lead, so that few cross."""

    def __init__(self) -> None:
        self.wishes: dict[str, list[tuple[float, tuple[object, ...]]]] = defaultdict(list)

    def ask(self, code: str, towards: float, name: tuple[object, ...]) -> None:
        """One arrow more at this box, leading towards that x."""
        self.wishes[code].append((towards, name))

    def spread(self, boxes: dict[str, Box]) -> dict[tuple[object, ...], float]:
        """The x of every arrow's end."""
        places: dict[tuple[object, ...], float] = {}
        for code, wishes in self.wishes.items():
            for number, (_towards, name) in enumerate(sorted(wishes, key=lambda wish: wish[0]), start=1):
                places[name] = boxes[code].x + BOX_WIDTH * number / (len(wishes) + 1)
        return places
