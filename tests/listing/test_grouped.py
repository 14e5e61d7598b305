"""Lists in groups: folded, opened, the rows of the click; for every record type and everything it can be grouped by."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape

import pytest

from portal.listing import engine, groups
from portal.listing.registry import LISTINGS
from portal.permissions import Role


@pytest.fixture
def manager(make, sign_in):
    for number, (state, signed) in enumerate([("SIGNED", 1), ("SIGNED", 2), ("NEGOTIATING", None)], 1):
        day = date(2026, 5, signed) if signed else None
        make.contract(amount=Decimal(1000 * number), signed_on=day, state=state)
    make.customer(grade="A", created_at=datetime(2026, 4, 30, 16, 30, tzinfo=UTC))
    return sign_in(Role.MANAGER)


def toggles(text):
    return [unescape(url) for url in re.findall(r'class="group-toggle" href="([^"]+)"', text)]


def parts(text):
    return [unescape(url) for url in re.findall(r'class="group-toggle"[^>]* hx-get="([^"]+)"', text)]


def names(text):
    return [unescape(name) for name in re.findall(r'class="group-toggle"[^>]* data-group="([^"]+)"', text)]


def lines(text):
    return text.count('<tr class="line">')


def test_groups_are_folded_counted_and_summed(manager):
    shown = manager.get("/records/contracts?filter=&group=state", status=200).text
    assert len(toggles(shown)) == 2 and lines(shown) == 0 and "3,000" in shown
    opened = manager.get(toggles(shown)[1], status=200).text
    assert lines(opened) == 2 and 'aria-expanded="true"' in opened
    closed = manager.get(toggles(opened)[1], status=200).text
    assert lines(closed) == 0


def test_only_what_is_clicked_is_fetched_and_keeps_the_focus(manager):
    shown = manager.get("/records/contracts?filter=&group=state,signed:month", status=200).text
    first = manager.get(parts(shown)[1], htmx=True, status=200).text
    assert first.startswith("<tbody") or first.strip().startswith("<tbody")
    assert first.count("<tbody") == 1 and lines(first) == 0 and "data-focus" in first and len(parts(first)) == 2
    second = manager.get(parts(first)[1], htmx=True, status=200).text
    assert lines(second) == 2 and second.count('aria-expanded="true"') == 2
    folded = manager.get(parts(second)[0], htmx=True, status=200).text
    assert lines(folded) == 0 and folded.count('class="group-toggle"') == 1


def test_what_a_script_says_of_open_groups_opens_them(manager):
    """journey.js puts the names of the open heads into the address: what Back and the path of a record lead to."""
    address = "/records/contracts?filter=&group=state"
    shown = manager.get(address, status=200).text
    assert sorted(names(shown)) == ["NEGOTIATING", "SIGNED"]
    both = manager.get(f"{address}&open={';'.join(names(shown))}", status=200).text
    assert lines(both) == 3
    deep = manager.get(f"{address},signed:month&open=SIGNED", status=200).text
    inner = next(name for name in names(deep) if "/" in name)
    assert lines(manager.get(f"{address},signed:month&open={inner}", status=200).text) == 2


def test_three_levels_and_the_box_says_them(manager):
    shown = manager.get("/records/contracts?filter=&group=state,signed:quarter,customer", status=200).text
    for _level in range(3):
        url = next(url for url in reversed(toggles(shown)) if "SIGNED" in url)
        shown = manager.get(url, status=200).text
    assert lines(shown) == 1 and shown.count('class="facet"') == 3


def test_what_is_inside_a_group_is_only_its_own(manager, make):
    for grade, source in ("AS", "AW", "BS", "BS", "CW"):
        make.customer(grade=grade, source={"S": "STORE", "W": "WEBSITE"}[source])
    manager.get("/records/customers?filter=&group=grade,source&open=B/STORE", status=200)
    shown = manager.get("/records/customers?filter=grade.A,grade.B&group=grade,source&open=B/STORE", status=200).text
    heads = re.findall(r'depth-(\d)">.*?<span class="count">(\d+)</span>', shown)
    assert [count for depth, count in heads if depth == "1"] == ["2"] and lines(shown) == 2


def test_further_rows_follow_in_the_group_and_in_the_list(manager, make, monkeypatch):
    for number in range(7):
        make.customer(name=f"客户{number}", grade="C")
    monkeypatch.setattr(engine, "PAGE", 3)
    engine._page.cache_clear()
    shown = manager.get("/records/customers?filter=&group=grade&open=C&sort=number", status=200).text
    more = re.search(r'<tr class="more"><td[^>]*><a href="([^"]+)" hx-get="([^"]+)"', shown)
    listed, fetched = unescape(more.group(1)), unescape(more.group(2))
    numbers = re.findall(r"KH-\d+-\d+", manager.get(listed, status=200).text)
    following = manager.get(fetched, htmx=True, status=200, check=False).text
    assert re.findall(r"KH-\d+-\d+", following)[:3] == numbers[:3] and lines(following) == 3
    assert not set(re.findall(r"KH-\d+-\d+", following)) & set(
        re.findall(r'class="who" href="[^"]*(KH-\d+-\d+)', shown)
    )
    engine._page.cache_clear()


def test_more_groups_than_are_told_is_said(manager, make, monkeypatch):
    monkeypatch.setattr(groups, "MOST_GROUPS", 1)
    groups._grouped.cache_clear()
    shown = manager.get("/records/contracts?filter=&group=state", status=200).text
    groups._grouped.cache_clear()
    assert "分组过多" in shown and len(toggles(shown)) == 1


def test_late_rows_are_counted_at_their_group(sign_in, make, clock):
    from tests.listing.test_lists import complaint_with_clock

    client = sign_in(Role.SPECIALIST)
    for number, hours in enumerate((-2, -1, 5), 1):
        complaint_with_clock(make, clock, make.customer(), owner=client.user, hours=hours, number=number)
    shown = client.get("/records/complaints?filter=open&group=category", status=200).text
    assert re.search(r'late-text">[^<]*<b>2</b>', shown)
    only_late = client.get("/records/complaints?filter=overdue&group=category", status=200).text
    assert "late-text" not in only_late and len(toggles(only_late)) == 1


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_every_group_of_every_list_opens_to_its_rows(manager, make, kind):
    listing = LISTINGS[kind]
    plain = lines(manager.get(f"/records/{kind}?filter=", status=200).text)
    for grouping in groups.groupings(listing):
        path = f"/records/{kind}?filter=&group={grouping.key}"
        shown = manager.get(path, status=200).text
        heads = re.findall(r'<span class="count">([\d,]+)</span></a>', shown)
        assert sum(int(head) for head in heads) == plain, grouping.key
        for url, fetched, count in zip(toggles(shown), parts(shown), heads, strict=True):
            assert lines(manager.get(fetched, htmx=True, status=200, check=False).text) == int(count), url
        if heads:
            assert lines(manager.get(toggles(shown)[0], status=200).text) == int(heads[0])


@pytest.mark.parametrize(
    "query",
    [
        "group=nonsense",
        "group=state,nonsense,signed:minute",
        "group=" + "state," * 200,
        "group=state&open=<script>/x;;//;-",
        "group=state&open=" + "A" * 5000,
        "group=state&after=nonsense",
        "group=signed:month&open=2026-99-99",
        "group=state&view=nonsense",
        'group=state&where=["any",["state","is","NEGOTIATING"]]',
    ],
)
def test_no_url_breaks_the_groups(manager, query):
    shown = manager.get(f"/records/contracts?filter=&{query}", status=200).text
    assert "<script>/x" not in shown


@pytest.mark.parametrize("part", ["nonsense", "", "2026-13-01", "'", "x" * 900, "SIGNED/../x", "-"])
def test_no_part_breaks_the_groups(manager, part):
    for by in ("state", "signed:month", "state,signed:month"):
        answer = manager.get(
            "/records/contracts", query={"filter": "", "group": by, "part": part}, htmx=True, check=False
        )
        assert answer.status_code in (200, 404)
