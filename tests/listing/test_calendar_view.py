"""The calendar: the rows of the list on their days, each once, with holidays, overlaps and rights."""

from __future__ import annotations

import html
import re
from datetime import date, timedelta

import pytest

from portal import clock as portal_clock
from portal.db import transaction
from portal.listing import agenda, criteria, engine
from portal.listing.fields import fields_of
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.repair import RepairOrder, RepairVisit
from portal.models.setting import SettingValue
from portal.models.task import Task
from portal.permissions import Role
from portal.services import calendars
from tests.listing import rows

KINDS = [kind for kind, listing in LISTINGS.items() if agenda.dates(listing)]
CALENDAR = "view=calendar&filter=&span=day&columns=person"
WHOLE = (date(2020, 1, 1), date(2030, 1, 1))


@pytest.fixture
def people(sample):
    return sample


def test_what_has_no_date_has_no_calendar():
    assert set(LISTINGS) - set(KINDS) == {"parties", "crews", "branches", "repair-cost-cases"}


def test_what_has_clocks_is_shown_by_them_first():
    first = {kind: agenda.dates(LISTINGS[kind])[0].key for kind in KINDS}
    assert {kind for kind, key in first.items() if key == "due"} >= {
        "complaints",
        "consultations",
        "escalations",
        "tasks",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_days_together_are_the_rows_of_the_list(session, people, clock, kind):
    listing, at = LISTINGS[kind], clock.now()
    for user in (people.manager, people.specialist, people.far):
        for dated in agenda.dates(listing):
            for days in (WHOLE, (date(2026, 5, 9), date(2026, 5, 12))):
                counts = agenda.counts(session, user, listing, State(), dated, days, at)
                found = agenda.entries(session, user, listing, State(), dated, days, at, a_day=100)
                assert all(days[0] <= entry.day < days[1] for entry in found)
                ids = [entry.row.id for entry in found]
                assert len(ids) == len(set(ids)) == sum(counts.values())
                for day, count in counts.items():
                    assert count == sum(entry.day == day for entry in found)
                if dated.key in fields_of(listing):
                    last = (days[1] - timedelta(days=1)).isoformat()
                    test = criteria.Asked(dated.key, "between", (days[0].isoformat(), last))
                    where = criteria.write(criteria.Group("all", (test,)))
                    statement, values = engine.ids(session, user, kind, {"filter": "", "where": where}, at=at)
                    assert set(ids) == set(session.scalars(statement, values))
                few = agenda.entries(session, user, listing, State(), dated, days, at, a_day=1)
                assert [entry.day for entry in few] == sorted(counts)


def test_a_calendar_by_the_clock_shows_the_rows_that_have_one(session, people, clock):
    listing, at = LISTINGS["complaints"], clock.now()
    dated = agenda.dates(listing)[0]
    found = agenda.entries(session, people.manager, listing, State(), dated, WHOLE, at, a_day=100)
    late = {entry.row.id for entry in found if entry.when < at}
    statement, values = engine.ids(session, people.manager, "complaints", {"filter": "overdue"}, at=at)
    assert late == set(session.scalars(statement, values)) and late
    assert len(found) == session.query(Task).filter(Task.due_at.is_not(None)).count()


def page(client, query, status=200):
    return client.get(f"/records/complaints?view=calendar&filter=&{query}", status=status).text


def shown(text):
    return set(re.findall(r"/records/complaints/(TS-[\d-]+)", text))


@pytest.mark.parametrize("span", ["month", "week", "day", "agenda"])
def test_every_stretch_shows_its_entries(sign_in, people, clock, span):
    client = sign_in(people.manager)
    text = page(client, f"rows=received&span={span}&day=2026-05-05")
    expected = {"day": {"TS-2026-0006"}, "week": {f"TS-2026-000{n}" for n in (1, 2, 3, 4, 5, 6, 7)}}
    expected |= {"month": expected["week"] | {"TS-2026-0008"}, "agenda": expected["week"] - {"TS-2026-0007"}}
    assert shown(text) == expected[span]
    assert page(client, f"rows=received&span={span}&day=2026-05-05&columns=person").count("沈佳")


def test_a_full_day_of_the_month_leads_to_the_day(sign_in, make, clock):
    client, customer = sign_in(Role.MANAGER), make.customer()
    for number in range(1, 8):
        rows.complaint(client.user, customer, number, clock.now(), None)
    text = page(client, "rows=received")
    assert "还有 3 条" in text
    onward = html.unescape(re.search(r'calendar-more" href="([^"]+)"', text).group(1))
    assert len(shown(client.get(onward, status=200).text)) == 7


def test_asking_costs_the_same_for_few_and_many(sign_in, make, clock, queries):
    client, customer, counts = sign_in(Role.MANAGER), make.customer(), []
    for number in range(1, 21):
        rows.complaint(client.user, customer, number, clock.now(), clock.now() + timedelta(hours=number))
        if number in (2, 20):
            page(client, "span=week")
            with queries() as seen:
                page(client, "span=week")
            counts.append(len(seen))
    assert counts[0] == counts[1] <= 15


def test_what_is_due_together_lies_on_nothing(sign_in, make, clock):
    client, customer = sign_in(Role.MANAGER), make.customer()
    one = make.user(Role.SPECIALIST, name="孟洁")
    for number, minutes in enumerate((60, 70, 80), 1):
        rows.complaint(one, customer, number, clock.now(), clock.now() + timedelta(minutes=minutes))
    for query in ("span=day", "span=week", "span=day&columns=person", "span=day&rows=received"):
        text = page(client, query)
        assert len(shown(text)) == 3 and "另有安排" not in text and "时间重叠" not in text


def test_calendar_and_visits_of_a_day_take_the_same_length(sign_in, make, clock):
    """A visit lasts as long as the setting says wherever it stands; other entries have a length of their own."""
    client, captain = sign_in(Role.MANAGER), make.user(Role.REPAIR_CAPTAIN, name="马建国")
    at = clock.now()
    with transaction() as writing:
        for number, hours in enumerate((2, 3.5, 6), 1):
            order = RepairOrder(
                number=f"WX-2026-000{number}", state="ASSIGNED", reported_at=at, channel="PHONE", reporter="张建军",
                phone="13800001234", address="滨江花园", trade="PAINT", symptom="起皮", captain_id=captain.id,
                created_at=at, updated_at=at,
            )  # fmt: skip
            order.visits.append(
                RepairVisit(
                    number=f"{order.number}-1", order_number=order.number, round_no=1, captain_id=captain.id,
                    planned_at=at + timedelta(hours=hours),
                )
            )  # fmt: skip
            writing.add(order)
    day = f"day={portal_clock.today(at)}"
    calendars = (
        f"/records/repair-orders?{CALENDAR}&rows=appointment",
        f"/records/repair-visits?{CALENDAR}&rows=planned",
    )

    def clashes() -> list[int]:
        found = [client.get(f"{path}&{day}", status=200).text for path in calendars]
        visits = client.get(f"/records/repair-orders/visits?{day}", status=200).text
        said = [len(re.findall(r"马建国 \d\d:\d\d 另有安排", text)) // 2 for text in found]  # to see and to hear
        return [*said, visits.count('class="clash"')]

    assert clashes() == [2, 2, 2]  # 1.5 hours between the first two, a visit takes two
    assert "（每次按 120 分钟计）" in client.get(f"{calendars[0]}&{day}", status=200).text
    assert "另有安排" not in client.get(f"/records/repair-orders?{CALENDAR}&rows=due&{day}", status=200).text
    assert "tall-4" in client.get(f"{calendars[1]}&{day}", status=200).text
    with transaction() as writing:
        writing.merge(SettingValue(key="repair_visit_minutes", value=91, updated_at=at))
    assert clashes() == [2, 2, 2]
    with transaction() as writing:
        writing.merge(SettingValue(key="repair_visit_minutes", value=90, updated_at=at))
    assert clashes() == [0, 0, 0]  # one begins when the other is over
    with transaction() as writing:
        writing.merge(SettingValue(key="repair_visit_minutes", value=720, updated_at=at))
    assert clashes() == [6, 6, 3] and "tall-16" in client.get(f"{calendars[1]}&{day}", status=200).text
    reported = client.get(f"/records/repair-orders?{CALENDAR}&rows=reported&{day}", status=200).text
    assert "tall-1 " in reported and "tall-4" not in reported  # half an hour: a call is no visit


@pytest.mark.parametrize("kind", KINDS)
def test_a_day_by_person_shows_what_the_day_has(session, sign_in, people, clock, kind):
    listing, at, client = LISTINGS[kind], clock.now(), sign_in(people.manager)
    told = 0
    for dated in agenda.dates(listing):
        for day in list(agenda.counts(session, people.manager, listing, State(), dated, WHOLE, at))[:3]:
            days = (day, day + timedelta(days=1))
            found = agenda.entries(session, people.manager, listing, State(), dated, days, at, a_day=100)
            query = f"view=calendar&filter=&span=day&columns=person&rows={dated.key}&day={day}"
            main = client.get(f"{listing.path}?{query}", status=200).text.split("<main")[1]
            for entry in found:
                assert len(re.findall(rf'href="{re.escape(entry.row.path)}"', main)) >= 1, (dated.key, day)
            links = set(re.findall(rf'<a href="({re.escape(listing.path)}/[^"?]+)"', main))
            assert links <= {entry.row.path for entry in found}
            told += len(found)
    assert told or kind in ("properties", "projects"), "the sample has no such days"


def test_entries_stand_at_their_minute_and_beside_each_other(sign_in, make, clock):
    client, customer = sign_in(Role.MANAGER), make.customer()
    one = make.user(Role.SPECIALIST, name="孟洁")
    start = clock.now()
    for number, minutes in enumerate((60, 75, 110), 1):
        rows.complaint(one, customer, number, start, start + timedelta(minutes=minutes))
    rows.complaint(None, customer, 4, start, start + timedelta(minutes=90))
    text = page(client, "span=day&columns=person")
    placed = re.findall(r'<li class="planned ([^"]+)"', text)
    assert placed == [
        "minute-0 tall-1 of-2 beside-0",
        "minute-15 tall-1 of-2 beside-1",
        "minute-50 tall-1 of-1 beside-0",
        "minute-30 tall-1 of-1 beside-0",
    ]
    assert "未指定人员" in text and 'class="now-line minute-0"' in text
    assert 'class="now-line' not in page(client, "span=day&columns=person&day=2026-05-13")


def test_more_than_fit_beside_each_other_stand_in_the_strip(sign_in, make, clock):
    client, customer = sign_in(Role.MANAGER), make.customer()
    one = make.user(Role.SPECIALIST, name="孟洁")
    for number in range(1, 8):
        rows.complaint(one, customer, number, clock.now(), clock.now() + timedelta(minutes=60 + number))
    text = page(client, "span=day&columns=person")
    assert len(re.findall('class="planned', text)) == 4 and text.count('class="calendar-entry') == 3
    assert len(shown(text)) == 7


def test_a_phone_shows_the_person_that_was_picked(sign_in, people, clock):
    client = sign_in(people.manager)
    text = page(client, "rows=received&span=day&day=2026-05-05&columns=person")
    heads = re.findall(r'<th scope="col"( class="picked")?>', text.split("day-plan")[1])
    assert heads.count(' class="picked"') == 1
    for wanted in ("pick=0", "pick=99999", "pick=x"):
        assert 'class="picked"' in page(client, f"rows=received&span=day&day=2026-05-05&columns=person&{wanted}")


def test_holidays_and_make_up_days_are_named(sign_in, people, clock):
    with transaction() as writing:
        calendars.seed(writing, [2026], at=clock.now())
    text = page(sign_in(people.manager), "day=2026-10-01")
    first = re.search(
        r'<td class="([^"]*)">\s*<div class="day-head"><a [^>]*>1</a><span class="day-name">([^<]+)', text
    )
    assert "off" in first.group(1) and "国庆" in first.group(2)


def test_another_branch_is_not_in_the_calendar(sign_in, people):
    near, far = (page(sign_in(who), "rows=received&day=2026-05-05") for who in (people.specialist, people.far))
    assert not shown(near) & shown(far) and shown(near) and shown(far)


@pytest.mark.parametrize(
    "query",
    [
        "day=2026-02-30", "day=0001-01-01", "day=9999-12-31", "day=x", f"day={'9' * 5000}", "span=eon", "rows=nothing",
        "rows=state", "columns=person&span=month", "columns=9", "span=agenda&day=2150-12-31", "span=month&day=1950-01-01",
        "day=20261015", "span=week&day=2026-W01-1", "after=abc", "sort=due",
    ],
)  # fmt: skip
def test_odd_links_show_a_calendar_all_the_same(sign_in, people, query):
    assert "calendar-bar" in page(sign_in(people.manager), query)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [("day=2026-02-30", "日期无法识别"), ("span=eon", "时间范围无法识别"), ("rows=nothing", "日期字段无法识别")],
)
def test_what_was_left_out_is_said(sign_in, people, query, sentence):
    assert sentence in page(sign_in(people.manager), query)


def test_the_steps_lead_on_and_back(sign_in, people):
    client = sign_in(people.manager)
    for span, ahead in (
        ("month", "2026-06-01"),
        ("week", "2026-05-12"),
        ("day", "2026-05-06"),
        ("agenda", "2026-06-02"),
    ):
        text = page(client, f"rows=received&span={span}&day=2026-05-05")
        onward = html.unescape(re.search(r'href="([^"]+)" rel="next"', text).group(1))
        assert f"day={ahead}" in onward and f"span={span}" in onward and "rows=received" in onward


def test_how_many_there_are_in_all_is_asked_apart(sign_in, people):
    client = sign_in(people.manager)
    text = page(client, "span=month&day=2026-05-05")
    url = re.search(r'hx-get="(/records/complaints[^"]+count=1)"', text).group(1).replace("&amp;", "&")
    assert client.get(url, status=200).text.strip() == "<span>8</span>"
