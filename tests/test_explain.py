"""The panel that says why a deadline falls when it does: rows, facts, and the drawing."""

import re
from datetime import datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from portal.calendar import ClockKind, Due, Limit, Pause, WorkCalendar, compute_due, statutory
from portal.explain import SegmentKind, duration, explain, hours_minutes, render_svg
from portal.i18n import use_locale

SHANGHAI = ZoneInfo("Asia/Shanghai")
LAW = statutory([2026, 2027])
CALENDAR = WorkCalendar.build(LAW.rules, known_years=LAW.known_years, version="2026 版第 3 次修订")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI)


def visit(reason: str = "客户要求改期") -> Due:
    """DL-13 with a pause: from 10-13 15:40, due 10-15 19:40."""
    pause = Pause(at("10-14 08:00"), at("10-14 12:00"), reason)
    return compute_due(at("10-13 15:40"), Limit(ClockKind.WALL_HOURS, 48), CALENDAR, [pause])


def cancellation() -> Due:
    """Seven working days over National Day: due 10-14 18:00."""
    return compute_due(at("09-29 10:00"), Limit(ClockKind.WORKING_DAYS, 7), CALENDAR)


def shown(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def texts(svg: ElementTree.Element) -> list[str]:
    return [element.text or "" for element in svg.iter("text")]


def test_the_panel_of_a_paused_visit_is_the_one_that_was_drawn_by_hand():
    view = explain(visit(), at("10-15 09:00"), trigger="方案反馈")
    assert view.question == "为什么是今天 19:40？"
    assert view.title == "从 10-13 15:40 起计 48 时，扣除暂停 4 时 00 分，到 10-15 19:40"
    assert [(row.label, row.counted) for row in view.rows] == [
        ("10-13 周二", "8:20"),
        ("10-14 周三", "20:00"),
        ("10-15 周四", "19:40"),
    ]
    bars = [[(part.kind.value, part.label, round(part.start * 24, 2)) for part in row.segments] for row in view.rows]
    assert bars == [
        [("counted", "15:40 方案反馈", 15.67)],
        [("counted", "", 0), ("paused", "暂停 4:00", 8), ("counted", "", 12)],
        [("counted", "", 0), ("left", "还剩 10:40", 9)],
    ]
    assert [(mark.kind, mark.label) for mark in view.rows[2].marks] == [("now", "现在 09:00"), ("due", "到期 19:40")]
    assert [(fact.label, fact.value, fact.is_sum) for fact in view.facts] == [
        ("规则", "方案反馈后 48 时", False),
        ("算法", "自然时，含夜间和周末", False),
        ("起点", "10-13 15:40", False),
        ("暂停", "10-14 08:00–12:00", False),
        ("原因", "客户要求改期", False),
        ("合计", "48 时 00 分", True),
        ("日历", "2026 版第 3 次修订", False),
    ]


def test_the_drawing_puts_everything_where_the_clock_says():
    svg = shown(render_svg(explain(visit(), at("10-15 09:00"), trigger="方案反馈"), key="dl-13"))
    bars = [(rect.get("class"), rect.get("x"), rect.get("width")) for rect in svg.findall("rect")]
    assert bars == [
        ("fill-track", "84", "540"),
        ("fill-accent-soft", "436.5", "187.5"),
        ("fill-track", "84", "540"),
        ("fill-accent-soft", "84", "180"),
        (None, "264", "90"),
        ("fill-accent-soft", "354", "270"),
        ("fill-track", "84", "540"),
        ("fill-accent-soft", "84", "202.5"),
        ("fill-soon-wash", "286.5", "240"),
    ]
    assert [(line.get("class"), line.get("x1")) for line in svg.findall("line")] == [
        ("line-now", "286.5"),
        ("line-due", "526.5"),
    ]
    assert svg.get("aria-labelledby") == svg.find("title").get("id") == "dl-13-title"
    assert {"15:40 方案反馈", "暂停 4:00", "还剩 10:40", "现在 09:00", "到期 19:40", "24 时"} <= set(texts(svg))


def test_the_drawing_keeps_to_the_content_security_policy_and_escapes_what_people_typed():
    hostile = "<script>alert(1)</script>\"'&"
    svg = render_svg(explain(visit(hostile), at("10-15 09:00"), trigger=hostile))
    assert hostile not in svg
    assert not re.search(r"<script|\sstyle=|\son\w+=|javascript:|href", svg)
    view = explain(cancellation(), at("09-29 11:00"), trigger="<b>取消</b>")
    assert "10:00 <b>取消</b>" in texts(shown(render_svg(view)))


def test_two_panels_on_a_page_share_no_id():
    view = explain(visit(), at("10-15 09:00"))
    first, second = (set(re.findall(r' id="([^"]+)"', render_svg(view, key=key))) for key in ("a", "b"))
    assert first and second and not first & second
    with pytest.raises(ValueError, match="not an id"):
        render_svg(view, key='"><script>')


def test_long_spans_fold_to_eight_rows_and_still_add_up():
    view = explain(cancellation(), at("10-08 15:00"), trigger="退单申请")
    assert [(row.label, row.folded, row.note) for row in view.rows] == [
        ("09-29 周二", 0, "10:00 退单申请"),
        ("09-30 周三", 0, ""),
        ("10-01–10-07", 7, "… 7 天 … 国庆节"),
        ("10-08 周四", 0, ""),
        ("10-09–10-11", 3, "… 3 天 … 国庆节调休上班"),
        ("10-12 周一", 0, ""),
        ("10-13 周二", 0, ""),
        ("10-14 周三", 0, ""),
    ]
    assert [row.counted for row in view.rows] == ["", "8:00", "", "8:00", "16:00", "8:00", "8:00", "8:00"]
    assert ("节假日", "10-01–10-07 国庆节") in [(fact.label, fact.value) for fact in view.facts]
    assert ("合计", "7 个工作日") in [(fact.label, fact.value) for fact in view.facts]


@pytest.mark.parametrize("days", [1, 6, 7, 8, 9, 30, 365])
@pytest.mark.parametrize("passed", [0, 0.1, 0.5, 0.9, 1, 1.5])
def test_never_more_than_eight_rows_and_always_the_present_one(days, passed):
    due = compute_due(at("01-05 10:00"), Limit(ClockKind.CALENDAR_DAYS, days), CALENDAR)
    now = due.start + timedelta(days=days) * passed
    rows = explain(due, now).rows
    assert 1 <= len(rows) <= 8
    marks = [mark.kind for row in rows for mark in row.marks]
    assert marks.count("now") == 1
    if passed <= 1:  # a due day long gone may lie in a fold
        assert marks.count("due") == 1
    minutes = sum(int(hours) * 60 + int(rest) for hours, rest in (r.counted.split(":") for r in rows if r.counted))
    assert minutes == days * 24 * 60


def test_days_that_do_not_count_say_why():
    due = compute_due(at("06-18 10:00"), Limit(ClockKind.WORKING_DAYS, 2), CALENDAR)
    rows = explain(due, at("06-22 09:00"), trigger="升级").rows
    assert [row.note for row in rows] == ["10:00 升级", "端午节", "端午节", "端午节", "", ""]
    weekend = compute_due(at("10-16 17:00"), Limit(ClockKind.WORKING_HOURS, 2), CALENDAR)
    assert [row.note for row in explain(weekend, at("10-16 17:30")).rows] == ["", "非工作日", "非工作日", ""]


def test_a_late_deadline_shows_by_how_much():
    view = explain(visit(), at("10-16 01:10"))
    assert view.is_late and view.question == "为什么是昨天 19:40？"
    assert ("逾期", "5 时 30 分") in [(fact.label, fact.value) for fact in view.facts]
    late = [part for row in view.rows for part in row.segments if part.kind is SegmentKind.LATE]
    assert [(round(part.start * 24, 2), round(part.end * 24, 2)) for part in late] == [(19.67, 24), (0, 1.17)]
    assert 'class="text-late"' in render_svg(view) and "text-soon" not in render_svg(view)


def test_what_was_done_early_says_so():
    view = explain(visit(), at("10-15 09:00"), is_done=True)
    labels = [mark.label for row in view.rows for mark in row.marks]
    assert labels == ["完成 09:00", "到期 19:40"]
    assert view.rows[2].segments[-1].label == "提前 10:40"


def test_a_clock_that_stands_says_since_when_and_what_is_left():
    open_pause = Pause(at("10-13 11:00"), None, "等客户回电")
    due = compute_due(at("10-12 09:10"), Limit(ClockKind.DUTY_HOURS, 24), CALENDAR, [open_pause])
    view = explain(due, at("10-14 16:00"))
    assert view.question == "为什么暂停计时？"
    assert view.title == "从 10-12 09:10 起计 24 时，10-13 11:00 起暂停"
    facts = [(fact.label, fact.value) for fact in view.facts]
    assert facts[3:6] == [("暂停", "10-13 11:00 起"), ("原因", "等客户回电"), ("剩余", "10 时 40 分")]
    assert ("算法", "值班时，每天 08:30–20:00") in facts
    assert [row.segments[-1].kind.value for row in view.rows] == ["counted", "paused", "paused"]
    assert not any(mark.kind == "due" for row in view.rows for mark in row.marks)


def test_many_pauses_are_summed_up():
    start = at("10-12 09:00")
    pauses = [Pause(start + timedelta(hours=n), start + timedelta(hours=n, minutes=5), "") for n in range(1, 8)]
    view = explain(compute_due(start, Limit(ClockKind.WALL_HOURS, 24), CALENDAR, pauses), at("10-12 18:00"))
    paused = [fact.value for fact in view.facts if fact.label == "暂停"]
    assert (len(paused), paused[0], paused[-1]) == (5, "10-12 10:00–10:05", "另有 3 次")


def test_pauses_beside_the_way_are_not_named():
    pause = Pause(at("10-01 08:00"), at("10-02 08:00"), "早已结束")
    due = compute_due(at("10-13 15:40"), Limit(ClockKind.WALL_HOURS, 48), CALENDAR, [pause])
    assert "暂停" not in [fact.label for fact in explain(due, at("10-13 16:00")).facts]


def test_a_year_without_published_make_up_days_is_said():
    due = compute_due(at("12-30 10:00"), Limit(ClockKind.WORKING_DAYS, 4), CALENDAR)
    view = explain(due, at("12-30 10:00"))
    assert view.question == "为什么是 2027-01-06 18:00？"
    assert ("提示", "2027 年调休安排尚未公布") in [(fact.label, fact.value) for fact in view.facts]


def test_a_stored_deadline_explains_itself_as_the_fresh_one_does():
    now = at("10-08 15:00")
    assert explain(Due.from_dict(cancellation().to_dict()), now) == explain(cancellation(), now)


def everything(language: str) -> str:
    """All text of many panels."""
    found = []
    with use_locale(language):
        for kind in ClockKind:
            for pauses in ([], [Pause(at("10-13 09:00"), at("10-13 11:00"), "原因")], [Pause(at("10-13 09:00"), None)]):
                due = compute_due(at("10-12 09:10"), Limit(kind, 2), CALENDAR, pauses)
                for now, is_done in ((at("10-12 10:00"), False), (at("10-13 12:00"), True), (at("10-30 10:00"), False)):
                    view = explain(due, now, trigger="签收", is_done=is_done)
                    found += [view.question, view.title, *(f"{fact.label} {fact.value}" for fact in view.facts)]
                    found += texts(shown(render_svg(view)))
    return "\n".join(found)


def test_no_english_word_stands_on_a_chinese_panel():
    assert not re.findall(r"[A-Za-z]+", everything("zh_Hans"))
    traditional = everything("zh_Hant")
    assert "週二" in traditional and not re.findall(r"[A-Za-z]+", traditional)


def test_english_is_english():
    view_text = everything("en").replace("签收", "").replace("原因", "").replace("版第", "").replace("次修订", "")
    assert not re.findall(r"[\u4e00-\u9fff]+", view_text)
    with use_locale("en"):
        assert explain(visit(), at("10-15 09:00")).question == "Why today 19:40?"


def test_durations_are_cut_to_minutes():
    assert hours_minutes(timedelta(hours=30, minutes=5, seconds=59)) == "30:05"
    assert duration(timedelta(minutes=65)) == "1 时 05 分"
