"""The timeline: the rows of the list by the stretches they last, each in one part, with what is late, groups and rights."""

from __future__ import annotations

import html
import re
from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from portal import clock as company
from portal.db import transaction
from portal.listing import board, engine, spans, timeline
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.project import Project
from portal.models.task import Task
from portal.permissions import Role
from portal.services import calendars
from tests.listing import rows

KINDS = [kind for kind, listing in LISTINGS.items() if listing.spans]
WINDOWS = [
    (date(2020, 1, 1), date(2030, 1, 1)),
    (date(2026, 5, 4), date(2026, 5, 11)),
    (date(2026, 5, 11), date(2026, 5, 18)),
    (date(2026, 4, 1), date(2026, 5, 6)),
    (date(2025, 1, 1), date(2025, 2, 1)),
    (date(2027, 1, 1), date(2027, 2, 1)),
]


@pytest.fixture
def people(sample):
    works = [
        {"planned_start_on": date(2026, 3, 1), "planned_finish_on": date(2026, 5, 5)},
        {"planned_start_on": date(2026, 5, 5), "planned_finish_on": date(2026, 6, 5), "actual_start_on": date(2026, 5, 6)},
        {"actual_start_on": date(2026, 1, 1), "actual_finish_on": date(2026, 4, 30)},
        {"planned_finish_on": date(2026, 5, 10)},
        {"actual_start_on": date(2026, 8, 1)},
        {"planned_start_on": date(2026, 1, 1), "planned_finish_on": date(2026, 1, 9), "actual_start_on": date(2026, 7, 1)},
        {},
    ]  # fmt: skip
    with transaction() as writing:
        for project, days in zip(writing.query(Project).order_by(Project.id), works, strict=False):
            for name, day in ({"actual_start_on": None, "actual_finish_on": None} | days).items():
                setattr(project, name, day)
    return sample


def ids(session, user, listing, state, at):
    question, values = engine.asked(session, user, listing, state, at)
    return set(session.execute(engine.matching(question), values).scalars())


def test_what_lasts_has_a_timeline():
    assert set(KINDS) >= {"projects", "contracts", "quotations", "complaints", "consultations", "escalations", "tasks"}
    for kind in KINDS:
        assert len({span.timed for span in LISTINGS[kind].spans}) == 1, f"{kind}: days and moments in one timeline"


@pytest.mark.parametrize("kind", KINDS)
def test_the_parts_together_are_the_rows_of_the_list(session, people, clock, kind):
    listing, at = LISTINGS[kind], clock.now()
    for user in (people.manager, people.specialist, people.far):
        whole = ids(session, user, listing, State(), at)
        for days in WINDOWS:
            bars = timeline.bars(session, listing, sorted(whole), at)
            expected = dict.fromkeys(spans.PARTS, 0) | Counter(part_of(bars[number], days) for number in whole)
            assert timeline.counts(session, user, listing, State(), days, at) == expected, days
            inside = ids(session, user, listing, timeline.narrowed(State(), days), at)
            assert inside == {number for number in whole if part_of(bars[number], days) == "inside"}


def part_of(bars, days):
    start, end = company.at_local(days[0]), company.at_local(days[1])
    least = timedelta() if bars and bars[0].span.timed else timedelta(microseconds=1)
    if not bars:
        return "none"
    if any(bar.start < end and bar.end >= start + least for bar in bars):
        return "inside"
    return "before" if any(bar.start < end for bar in bars) else "after"


@pytest.mark.parametrize("kind", KINDS)
def test_lines_and_groups_are_the_rows_inside(session, people, clock, kind):
    listing, at = LISTINGS[kind], clock.now()
    for days in WINDOWS[:3]:
        inside = timeline.narrowed(State(), days)
        expected = ids(session, people.manager, listing, inside, at)
        found = engine.page(session, people.manager, listing, inside, at=at)
        assert {row.id for row in found.rows} == expected and len(found.raw) == len(expected)
        for grouping in board.groupings(listing):
            lanes, _more = board.lanes(session, people.manager, listing, inside, grouping, None, at)
            assert sum(lane.count for lane in lanes) == len(expected)
            board.fill(session, people.manager, listing, inside, grouping, lanes, at)
            assert {card.row.id for lane in lanes for card in lane.cards} == expected


def page(client, kind, query, status=200):
    return client.get(f"/records/{kind}?view=timeline&filter=&{query}", status=status).text


def reach(client, text):
    """What the page asks for apart: how many rows lie where."""
    url = html.unescape(re.search(r'hx-get="([^"]+&amp;reach=1)"', text).group(1))
    return client.get(url, status=200).text


def shown(text):
    return set(re.findall(r"/records/complaints/(TS-[\d-]+)", text))


@pytest.mark.parametrize(("span", "lines"), [("week", 8), ("month", 8), ("quarter", 8), ("year", 8)])
def test_every_stretch_shows_its_lines(sign_in, people, span, lines):
    client = sign_in(people.manager)
    text = page(client, "complaints", f"span={span}&day=2026-05-05")
    assert len(shown(text)) == lines
    assert f"这段时间 {lines} 条" in reach(client, text)


def test_what_lies_outside_is_counted_and_said(sign_in, people):
    client = sign_in(people.manager)
    text = reach(client, page(client, "projects", "span=week&day=2026-05-05"))
    words = re.search(r"这段时间 (\d+) 条，之前 (\d+) 条，之后 (\d+) 条，没有日期 (\d+) 条", text)
    assert [int(number) for number in words.groups()] == [3, 2, 1, 2]


def line_of(text, name):
    return next(line for line in re.findall(r'<tr class="timeline-line.*?</tr>', text, re.DOTALL) if name in line)


def test_the_late_part_is_red_and_said(sign_in, make, clock):
    client, customer = sign_in(Role.MANAGER), make.customer(name="邓佳怡")
    at = clock.now()
    rows.complaint(client.user, customer, 1, at - timedelta(days=2), at - timedelta(hours=5))
    rows.complaint(client.user, make.customer(name="顾明"), 2, at - timedelta(days=2), at + timedelta(hours=5))
    text = page(client, "complaints", "span=week")
    late, fine = line_of(text, "邓佳怡"), line_of(text, "顾明")
    assert 'class="bar-late"' in late and "逾期 5 时" in late and 'class="bar-due"' in late
    assert 'class="bar-late"' not in fine and "逾期" not in fine and 'class="bar-due"' in fine


def test_what_is_over_at_an_unknown_moment_is_a_point(sign_in, make, clock):
    client, customer = sign_in(Role.MANAGER), make.customer(name="范晓彤")
    rows.complaint(client.user, customer, 1, clock.now() - timedelta(minutes=5), None, state="EXPLAINED")
    line = line_of(page(client, "complaints", "span=week"), "范晓彤")
    assert 'class="bar-point"' in line and "bar-runs" not in line


def test_an_escalated_complaint_runs_on_with_its_escalation(sign_in, make, clock):
    client, at = sign_in(Role.MANAGER), clock.now() - timedelta(hours=1)
    for number, (name, old) in enumerate((("范晓彤", False), ("汤立新", True)), 1):
        customer = make.customer(name=name)
        rows.complaint(client.user, customer, number, at, None, state="ESCALATED", is_historical=old)
    text = page(client, "complaints", "span=week")
    assert "bar-runs" in line_of(text, "范晓彤") and 'class="bar-point"' not in line_of(text, "范晓彤")
    assert 'class="bar-point"' in line_of(text, "汤立新")


def test_works_are_late_beyond_the_planned_end(sign_in, make, clock):
    client, today = sign_in(Role.MANAGER), company.today(clock.now())
    project = make.project(make.customer(name="邓佳怡"))
    with transaction() as writing:
        kept = writing.get(Project, project.id)
        kept.planned_start_on, kept.planned_finish_on = today - timedelta(days=30), today - timedelta(days=3)
        kept.actual_start_on, kept.actual_finish_on = today - timedelta(days=29), None
    running = line_of(page(client, "projects", "span=quarter"), "邓佳怡")
    assert (
        'class="bar-planned"' in running
        and 'class="bar-late"' in running
        and "逾期 3 天" in running
        and "至今" in running
    )
    with transaction() as writing:
        writing.get(Project, project.id).actual_finish_on = today - timedelta(days=3)
    done = line_of(page(client, "projects", "span=quarter"), "邓佳怡")
    assert 'class="bar-ended"' in done and "bar-late" not in done and "27 天" in done


def test_a_task_done_too_late_shows_by_how_much(sign_in, make, clock):
    client, at = sign_in(Role.MANAGER), clock.now()
    with transaction() as writing:
        writing.add(
            Task(
                kind="TODO", title="x", record_kind="complaints", record_id=1, record_number="TS-1", customer_name="顾明",
                person_id=client.user.id, started_at=at - timedelta(hours=9), due_at=at - timedelta(hours=5),
                warn_at=at - timedelta(hours=6), closed_at=at - timedelta(hours=3), outcome="DONE",
            )
        )  # fmt: skip
    text = line_of(page(client, "tasks", "span=week"), "顾明")
    assert "bar-late" in text and "逾期 2 时" in text


def test_further_pages_and_groups_follow_by_key(sign_in, make, clock):
    client, customer = sign_in(Role.MANAGER), make.customer()
    for number in range(1, 91):
        rows.complaint(client.user, customer, number, clock.now() - timedelta(hours=number), None)
    first = page(client, "complaints", "")
    assert len(shown(first)) == 80
    onward = html.unescape(re.search(r'href="([^"]+)" rel="next"', first).group(1))
    second = client.get(onward, status=200).text
    assert len(shown(second)) == 10 and not shown(first) & shown(second)
    grouped = page(client, "complaints", "group=state")
    assert len(shown(grouped)) == 20
    more = html.unescape(re.search(r'timeline-more.*?href="([^"]+)"', grouped, re.DOTALL).group(1))
    part = client.get(more, headers={"HX-Request": "true"}, status=200).text
    assert "<html" not in part and len(shown(part)) == 20 and not shown(part) & shown(grouped)
    assert shown(client.get(more, status=200).text) == shown(part)


def test_asking_costs_the_same_for_few_and_many(sign_in, make, clock, queries):
    with transaction() as writing:
        calendars.seed(writing, [2026], at=clock.now())
    client, customer, counts = sign_in(Role.MANAGER), make.customer(), {"": [], "&group=owner": []}
    for number in range(1, 21):
        rows.complaint(client.user, customer, number, clock.now(), clock.now() + timedelta(hours=number))
        if number in (2, 20):
            for group, found in counts.items():
                page(client, "complaints", f"span=week{group}")
                with queries() as seen:
                    page(client, "complaints", f"span=week{group}")
                found.append(len(seen))
    assert all(few == many <= 15 for few, many in counts.values()), counts


def test_the_page_does_not_wait_for_what_all_rows_are(sign_in, people, queries):
    client = sign_in(people.manager)
    with queries() as seen:
        text = page(client, "projects", "")
    assert not [each for each in seen if "count(" in str(each) and "project" in str(each)]
    with queries() as seen:
        reach(client, text)
    assert [each for each in seen if "count(" in str(each) and "project" in str(each)]


def test_holidays_are_shaded_and_named(sign_in, people, clock):
    with transaction() as writing:
        calendars.seed(writing, [2026], at=clock.now())
    text = page(sign_in(people.manager), "complaints", "span=month&day=2026-05-05")
    ground = re.findall(r'<rect class="ground-off" x="([\d.]+)%" width="([\d.]+)%"', text)
    assert ("0.0", "16.13") in ground and "劳动节" in text  # five days of 31


def test_another_branch_is_not_in_the_timeline(sign_in, people):
    near, far = (page(sign_in(who), "complaints", "day=2026-05-05") for who in (people.specialist, people.far))
    assert not shown(near) & shown(far) and shown(near) and shown(far)


@pytest.mark.parametrize(
    "query",
    [
        "day=2026-02-30", "day=0001-01-01", "day=9999-12-31", "day=x", f"day={'9' * 5000}", "span=eon", "span=agenda",
        "group=nothing", "group=received:month", "group=state&columns=NONE&after=abc", "group=state&columns=REGISTERED&after=x",
        "columns=9", "span=year&day=2150-12-31", "span=year&day=1950-01-01", "after=abc", "sort=due", "sort=-due&span=week",
        "group=owner&columns=-&after=W10",
    ],
)  # fmt: skip
def test_odd_links_show_a_timeline_all_the_same(sign_in, people, query):
    assert "timeline" in page(sign_in(people.manager), "complaints", query)


def test_what_cannot_be_read_is_said(sign_in, people):
    client = sign_in(people.manager)
    assert "链接中的时间范围无法识别，这里显示“月”。" in page(client, "complaints", "span=eon")
    assert "链接中的分组无法识别，这里不分组。" in page(client, "complaints", "group=nothing")
    assert "链接中的日期无法识别，这里显示今天。" in page(client, "complaints", "day=x")
    assert client.get("/records/parties?view=timeline", status=200).text.count("timeline-line") == 0


def test_a_moment_of_the_wrong_zone_does_not_move_a_day(session, make, clock):
    project = make.project()
    with transaction() as writing:
        kept = writing.get(Project, project.id)
        kept.actual_start_on = kept.actual_finish_on = date(2026, 5, 5)
        kept.planned_start_on = kept.planned_finish_on = None
    (bar,) = timeline.bars(session, LISTINGS["projects"], [project.id], clock.now())[project.id]
    assert (bar.start, bar.end) == (
        datetime(2026, 5, 5, tzinfo=company.ZONE),
        datetime(2026, 5, 6, tzinfo=company.ZONE),
    )
