"""The drawing of a process: nothing missing, nothing on top of another, safe and readable text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from portal import flowchart, i18n
from portal.flowchart import Standing
from portal.flowchart.layout import BOX_HEIGHT, BOX_WIDTH, Layout, lay_out
from portal.flowchart.words import text_width, wrapped
from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base, complaint, consultation, escalation, pre_acceptance
from portal.processes.base import Process, Transition
from portal.processes.registry import PROCESSES

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    with i18n.use_locale("zh_Hans"):
        yield


def layout_of(process: Process) -> Layout:
    return lay_out(process, lambda step: f"{step.label} · {flowchart.who_text(step)}")


def drawn(process: Process, **options: object) -> ElementTree.Element:
    svg = str(flowchart.render_svg(process, **options))  # type: ignore[arg-type]
    return ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def texts(svg: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in svg.iter(f"{SVG}text")]


@pytest.mark.parametrize("process", PROCESSES.values(), ids=lambda process: process.code)
def test_every_state_has_a_box_and_no_two_boxes_touch(process):
    layout = layout_of(process)
    assert set(layout.boxes) == {state.code for state in process.states}
    for one, other in combinations(layout.boxes.values(), 2):
        apart = abs(one.x - other.x) >= BOX_WIDTH + 10 or abs(one.y - other.y) >= BOX_HEIGHT + 10
        assert apart, f"{one} touches {other}"
    for box in layout.boxes.values():
        assert box.x >= 0 and box.y >= 0 and box.right <= layout.width and box.bottom <= layout.height


@pytest.mark.parametrize("process", PROCESSES.values(), ids=lambda process: process.code)
def test_every_step_is_drawn_from_each_of_its_states(process):
    shown = sorted((arrow.step.action, arrow.step.target, source) for arrow in layout_of(process).arrows
                   for source in arrow.sources or ("",))  # fmt: skip
    wanted = sorted((step.action, step.target, source) for step in process.transitions
                    for source in step.sources or ("",))  # fmt: skip
    assert shown == wanted


@pytest.mark.parametrize("process", PROCESSES.values(), ids=lambda process: process.code)
def test_arrows_begin_and_end_at_boxes_and_run_straight(process):
    layout = layout_of(process)
    for arrow in layout.arrows:
        target = layout.boxes[arrow.step.target]
        x, y = arrow.line[-1]
        assert target.x <= x <= target.right and target.y <= y <= target.bottom, arrow
        for line in (arrow.line, *arrow.roots):
            for (x1, y1), (x2, y2) in pairwise(line):
                assert x1 == x2 or y1 == y2, f"{arrow.step.action} runs askew"
        starts = [arrow.line[0], *(root[0] for root in arrow.roots)]
        assert len(starts) == max(len(arrow.sources), 1)
        for source in arrow.sources:
            box = layout.boxes[source]
            assert any(box.x <= x <= box.right for x, _y in starts), f"{arrow.step.action} does not leave {source}"


@pytest.mark.parametrize("process", PROCESSES.values(), ids=lambda process: process.code)
def test_no_arrow_runs_through_a_box(process):
    layout = layout_of(process)
    for arrow in layout.arrows:
        for line in (arrow.line, *arrow.roots):
            for (x1, y1), (x2, y2) in pairwise(line):
                for box in layout.boxes.values():
                    is_across = min(x1, x2) < box.right - 1 and max(x1, x2) > box.x + 1
                    is_through = min(y1, y2) < box.bottom - 1 and max(y1, y2) > box.y + 1
                    assert not (is_across and is_through), f"{arrow.step.action} runs through {box.code}"


@pytest.mark.parametrize("process", PROCESSES.values(), ids=lambda process: process.code)
def test_no_two_steps_are_drawn_as_the_same_line(process):
    lines = [arrow.line for arrow in layout_of(process).arrows]
    assert len(set(lines)) == len(lines)


def test_the_main_line_stands_in_one_row_from_left_to_right():
    boxes = layout_of(complaint.PROCESS).boxes
    line = [boxes[code] for code in ("REGISTERED", "HANDED_OVER", "VERIFIED", "PLANNED", "VISITED", "CLOSED")]
    assert len({box.y for box in line}) == 1
    assert [box.x for box in line] == sorted(box.x for box in line)
    assert boxes["SELF_HANDLING"].y < line[0].y
    for code in ("EXPLAINED", "REFUSED", "ESCALATED"):
        assert boxes[code].y > line[0].y


def test_a_detour_after_a_detour_stands_behind_it_in_its_row():
    layout = layout_of(pre_acceptance.PROCESS)
    first, second = layout.boxes["RECTIFYING_1"], layout.boxes["RECTIFYING_2"]
    assert first.y == second.y < layout.boxes["SCHEDULED"].y and second.x > first.right
    fail = next(arrow for arrow in layout.arrows if arrow.step.action == "fail" and arrow.sources == ("RECTIFYING_1",))
    assert [x for x, _y in fail.line] == [first.right, second.x]


def test_a_way_back_runs_below_and_a_jump_above():
    arrows = {arrow.step.action: arrow for arrow in layout_of(complaint.PROCESS).arrows}
    row = layout_of(complaint.PROCESS).boxes["VISITED"].bottom
    assert max(y for _x, y in arrows["rework"].line) > row
    answer = next(arrow for arrow in layout_of(consultation.PROCESS).arrows if arrow.step.action == "answer")
    assert min(y for _x, y in answer.line) < layout_of(consultation.PROCESS).boxes["LOGGED"].y


def test_boxes_show_numbers_clocks_and_links():
    svg = drawn(
        complaint.PROCESS,
        standings={"REGISTERED": Standing(3, 1), "CLOSED": Standing(1280)},
        limits={"DL-10": "3 小时"},
        state_url=lambda state: f"/records/complaints?filter=state.{state}",
        links_steps=True,
    )
    said = texts(svg)
    assert {"已登记", "已定方案及上门时间", "3", "1,280", "逾期 1", "DL-10 · 3 小时", "DL-14"} <= set(said)
    links = {link.get("href"): link for link in svg.iter(f"{SVG}a")}
    box = links["/records/complaints?filter=state.REGISTERED"]
    assert box.get("aria-label") == "已登记，3 件，逾期 1，DL-10 · 3 小时"
    assert "#step-hand-over-handed-over" in links
    assert box.find(f"{SVG}rect").get("class") == "box has-late"
    assert sum(1 for rect in svg.iter(f"{SVG}rect") if "has-late" in (rect.get("class") or "")) == 1


def test_arrows_say_the_step_and_who_may_take_it():
    said = "".join(texts(drawn(complaint.PROCESS)))
    for step in complaint.PROCESS.transitions:
        assert str(step.label) in said
    told = [title.text or "" for title in drawn(complaint.PROCESS).iter(f"{SVG}title")]
    refuse = next(text for text in told if text.startswith("恶意，拒绝受理"))
    assert refuse == "恶意，拒绝受理：已登记 → 恶意拒绝受理 · 客服经理 · 投诉判断为“恶意”，并有证据"


def test_without_figures_and_links_nothing_is_counted_or_opened():
    svg = drawn(escalation.PROCESS)
    assert not list(svg.iter(f"{SVG}a"))
    assert not [text for text in texts(svg) if text.isdigit()]


def test_paper_gets_light_colours_and_the_page_no_inline_style():
    svg = str(flowchart.render_svg(complaint.PROCESS, {"REGISTERED": Standing(2, 2)}))
    assert 'style="' not in svg and "<script" not in svg and " on" not in re.sub(r">[^<]*<", "><", svg)
    for rect in drawn(complaint.PROCESS).iter(f"{SVG}rect"):
        assert rect.get("fill", "").startswith("#")
    for text in drawn(complaint.PROCESS).iter(f"{SVG}text"):
        assert text.get("fill", "").startswith("#") and int(text.get("font-size", 0)) >= 12


def test_labels_cannot_break_out_of_the_drawing():
    states = (
        base.State("A", N_('<script>alert("1")</script>'), N_("a & b")),
        base.State("B", N_("</svg>"), final=True),
    )
    process = Process(
        "P99", "things", N_("<b>"), N_("x"), states,
        (
            Transition("make", N_("<i>"), frozenset(), "A", Permission.HOME),
            Transition("end", N_("\"'&"), frozenset({"A"}), "B", Permission.HOME),
        ),
    )  # fmt: skip
    svg = drawn(process, state_url=lambda state: f'/x"><script>{state}')
    assert not list(svg.iter(f"{SVG}script"))


def test_two_charts_on_one_page_share_no_id():
    one = str(flowchart.render_svg(complaint.PROCESS, key="one"))
    two = str(flowchart.render_svg(complaint.PROCESS, key="two"))
    ids = [re.findall(r'\bid="([^"]+)"', svg) for svg in (one, two)]
    assert ids[0] and not set(ids[0]) & set(ids[1])
    with pytest.raises(ValueError, match="not an id"):
        flowchart.render_svg(complaint.PROCESS, key='x" onload="')


def test_a_process_of_nine_states_with_a_long_way_back_is_drawn_too():
    codes = [f"S{number}" for number in range(9)]
    steps = [Transition("make", N_("Make"), frozenset(), "S0", Permission.HOME)]
    steps += [Transition(f"go{n}", N_("Go"), frozenset({codes[n]}), codes[n + 1], Permission.HOME) for n in range(8)]
    steps += [
        Transition("back", N_("Back"), frozenset({"S8", "S5"}), "S1", Permission.HOME),
        Transition("jump", N_("Jump"), frozenset({"S2"}), "S7", Permission.HOME),
        Transition("again", N_("Again"), frozenset({"S4"}), "S4", Permission.HOME),
    ]
    states = tuple(base.State(code, N_(code)) for code in codes)
    process = Process("P98", "things", N_("Long"), N_("x"), states, tuple(steps))
    layout = layout_of(process)
    lanes = {arrow.step.action: max(y for _x, y in arrow.line) for arrow in layout.arrows}
    assert lanes["back"] != lanes["again"]
    assert layout.width > 9 * BOX_WIDTH
    drawn(replace(process, title=N_("Longer")))


def test_lines_of_a_label_fit_and_begin_with_no_sign():
    for text in (
        "登记方案及上门时间",
        "前台、客服专员、客服经理",
        "图纸审核/预验收员、客服经理",
        "Record the verification call",
    ):
        for line in wrapped(text, 60):
            assert text_width(line) <= 84
            assert line[0] not in "、，：/ "
    assert wrapped("转办", 60) == ["转办"]
    assert wrapped("客服专员、客服经理", 60) == ["客服专员、", "客服经理"]


def spread(process) -> list[tuple[int, bool, str, tuple[float, float, float, float]]]:
    """Everything with words in the drawing: which group it is of, whether that is a box, the words, where they lie."""
    found = []
    for number, group in enumerate(drawn(process)):
        if group.tag != f"{SVG}g":
            continue
        frame = next((each for each in group.iter(f"{SVG}rect") if each.get("class", "").startswith("box")), None)
        if frame is not None:
            x, y, width, height = (float(frame.get(name, "")) for name in ("x", "y", "width", "height"))
            found.append((number, True, "box", (x, y, x + width, y + height)))
            continue
        for text in group.iter(f"{SVG}text"):
            words = "".join(text.itertext())
            x, y, wide = float(text.get("x", "")), float(text.get("y", "")), text_width(words)
            left = x - wide / 2 if text.get("text-anchor") == "middle" else x
            found.append((number, False, words, (left, y - 9, left + wide, y + 2)))
    return found


@pytest.mark.parametrize("locale", ["zh_Hans", "zh_Hant"])
def test_no_words_of_an_arrow_cover_other_words_or_a_box(locale):
    """Measured in the drawing itself, for every process."""
    covered = []
    with i18n.use_locale(locale):
        for process in PROCESSES.values():
            for (one, is_box, words, a), (other, is_other_box, beside, b) in combinations(spread(process), 2):
                across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
                if one != other and not (is_box and is_other_box) and across > 1 and down > 1:
                    covered.append(f"{process.code}: {words} and {beside}")
    assert not covered, "\n".join(covered)
