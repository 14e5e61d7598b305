"""The rating of crews. Source: `domain.md` 4.14, R-17."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock as portal_clock
from portal.db import session, transaction
from portal.listing import engine
from portal.models.repair import CostBooking, RepairCostCase
from portal.models.task import DeadlineBreach
from portal.services import crew_ratings, repairs
from portal.services.crew_ratings import Period, Weights
from tests.services.repair_story import Story, arrived, begun, closed, finish_with, swept, told


@pytest.fixture
def story(make: Any, clock: Any) -> Story:
    return Story(make, clock)


BY = Weights(Decimal(50), Decimal(30), Decimal(20), Decimal(1000))


@pytest.mark.parametrize(
    ("repairs_filed", "told_count", "again", "late", "cost", "score"),
    [
        (0, 0, 0, 0, "0.00", None),
        (4, 4, 0, 0, "0.00", "100.0"),
        (4, 4, 1, 0, "0.00", "87.5"),
        (4, 4, 0, 2, "0.00", "85.0"),
        (4, 0, 0, 0, "2000.00", "90.0"),
        (1, 1, 1, 1, "9999.00", "0.0"),
        (3, 3, 1, 1, "0.00", "73.3"),
    ],
)
def test_the_rating_by_hand(repairs_filed, told_count, again, late, cost, score):
    found = crew_ratings.score(repairs_filed, told_count, again, late, Decimal(cost), BY)
    assert (None if found is None else str(found)) == score


def filed_world(story: Story) -> None:
    """Five filed repairs of the crew, two of them late, one repaired again, one whose cost it bears; and one not filed."""
    for number in range(5):
        order = told(story, trade=("PAINT", "BASIC", "WOODWORK", "HARDWARE", "WATER_ELECTRIC")[number])
        if number < 2:
            story.clock.advance(hours=9)
            swept(story)
        story.on_site(order)
        story.act(repairs.start, order, actor=story.captain)
        if number == 4:
            line = repairs.CostLine("LABOUR", "返工", Decimal("300.00"), "CREW")
            finish_with(story, order, line)
        else:
            story.done(order)
        story.signed(order)
        if number == 3:
            story.called(order, "还松", wrong=("repaired",))
            story.done(order)
            story.signed(order)
        story.called(order)
    begun(story, trade="OTHER")


def test_every_figure_is_the_count_of_the_list_it_opens(story, make):
    filed_world(story)
    make.crew(name="没有维修的队")
    today = portal_clock.today(story.clock.now())
    period = Period(today - timedelta(days=30), today)
    rating = next(r for r in crew_ratings.of_crews(session(), story.manager, period) if r.crews[0].id == story.crew.id)
    assert (rating.repairs, rating.told, rating.reworked, rating.late, rating.costly) == (5, 5, 1, 2, 1)
    assert (rating.cost, rating.cost_per_repair) == (Decimal("300.00"), Decimal("60.00"))
    assert str(rating.score) == "76.8"  # 100 - 50/5 - 30·2/5 - 20·60/1000
    for filters, figure in (
        ((), rating.repairs), (("sent",), rating.told), (("again",), rating.reworked),
        (("crew-late",), rating.late), (("crew-cost",), rating.costly),
    ):  # fmt: skip
        url = crew_ratings.records_url(rating.crews, period, *filters)
        assert _listed(story, url) == figure, url


def _listed(story: Story, url: str) -> int:
    from urllib.parse import parse_qsl, urlsplit

    params = dict(parse_qsl(urlsplit(url).query))
    return engine.count(session(), story.manager, "repair-orders", params, at=story.clock.now())[0]


def test_a_foreman_is_rated_over_all_crews(story, make):
    second = make.crew(name="刘大勇二队", foreman_id=story.crew.foreman_id)
    closed(story, begun(story))
    order = story.reported(trade="BASIC")
    command = repairs.CheckRepair("YES", "在保", "ACTIVE", "免费", session().merge(second))
    story.act(repairs.check, order, command, actor=story.specialist)
    story.assigned(order, "RESPONSIBLE_CREW")
    story.on_site(order)
    story.act(repairs.start, order, actor=story.captain)
    closed(story, order)
    today = portal_clock.today(story.clock.now())
    (rating,) = crew_ratings.of_foremen(session(), story.manager, Period(today, today))
    assert (rating.repairs, len(rating.crews)) == (2, 2)
    assert _listed(story, crew_ratings.records_url(rating.crews, Period(today, today))) == 2


def test_nothing_is_rated_out_of_nothing(story):
    today = portal_clock.today(story.clock.now())
    (rating,) = crew_ratings.of_crews(session(), story.manager, Period(today, today))
    assert (rating.score, rating.rework_share, rating.late_share, rating.cost_per_repair) == (None, None, None, None)


def test_what_was_noted_late_and_happened_in_time_is_not_late(story):
    order = told(story)
    in_time = story.clock.now() + timedelta(hours=1)
    story.clock.advance(hours=9)
    swept(story)
    arrived(story, order, in_time)
    story.act(repairs.start, order, actor=story.captain)
    closed(story, order)
    assert session().scalars(select(DeadlineBreach.code)).all() == ["DL-22"]
    today = portal_clock.today(story.clock.now())
    (rating,) = crew_ratings.of_crews(session(), story.manager, Period(today, today))
    assert (rating.repairs, rating.late) == (1, 0)


def test_the_pages_of_a_crews_rating(story, sign_in):
    filed_world(story)
    browser = sign_in(story.specialist)
    page = browser.get("/records/crew-ratings", status=200)
    assert "76.8" in page.text and "刘大勇队" in page.text
    assert "–" in browser.get("/records/crew-ratings?from=2020-01-01&until=2020-01-02", status=200).text
    assert "日期无法识别" in browser.get("/records/crew-ratings?from=soon", status=200).text
    browser.get("/records/crew-ratings?by=foreman", status=200)
    crew = browser.get(f"/records/crews/{story.crew.number}", status=200).text
    assert "维修评价" in crew and "filter=filed%2Ccrew-late" in crew
    assert "维修评价" not in sign_in(story.captain).get(f"/records/crews/{story.crew.number}", status=200).text
    sign_in(story.captain).get("/records/crew-ratings", status=403)


def test_what_a_cost_case_booked_counts_once_and_the_lines_of_that_repair_no_more(story):
    """R-17, R-19: the crew bears what was booked on its money, not what the captain had noted, and not the company's share."""
    order = told(story)
    story.on_site(order)
    story.act(repairs.start, order, actor=story.captain)
    finish_with(story, order, repairs.CostLine("LABOUR", "返工", Decimal("900.00"), "CREW"))
    story.signed(order)
    story.called(order)
    with transaction() as writing:
        case = RepairCostCase(
            number="FY-1", state="CHARGED", order_id=order.id, crew_id=story.crew.id, crew_status="DEPARTED",
            estimate_material=Decimal(900), estimate_labour=Decimal(0), approval_limit=Decimal(1000),
            tolerance_percent=Decimal(10), created_at=story.clock.now(), updated_at=story.clock.now(),
        )  # fmt: skip
        shares = {"ORIGINAL_CREW_RETENTION": 300, "ORIGINAL_CREW_SETTLEMENT": 200, "COMPANY": 400}
        for bearer, amount in shares.items():
            case.bookings.append(CostBooking(bearer=bearer, amount=Decimal(amount), booked_at=story.clock.now()))
        writing.add(case)
    today = portal_clock.today(story.clock.now())
    (rating,) = crew_ratings.of_crews(session(), story.manager, Period(today, today))
    assert (rating.costly, rating.cost) == (1, Decimal("500.00"))
    url = crew_ratings.records_url(rating.crews, Period(today, today), "crew-cost")
    assert _listed(story, url) == 1
