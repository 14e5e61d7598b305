"""Rows put together: the same rows as the list, counted and summed as by hand, on the company's days."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from portal.listing import criteria, engine, groups
from portal.listing.fields import fields_of
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.permissions import Role

AT = datetime(2026, 10, 15, 1, 0, tzinfo=UTC)


@pytest.fixture
def manager(make):
    make.contract(amount=Decimal("168000"), signed_on=date(2026, 10, 1), state="SIGNED")
    make.contract(amount=Decimal("100000.50"), signed_on=date(2026, 9, 30), state="SIGNED")
    make.contract(amount=Decimal("1"), signed_on=None, state="NEGOTIATING")
    make.customer(created_at=datetime(2026, 9, 30, 16, 0, tzinfo=UTC))  # the first of October in Shanghai
    make.customer(created_at=datetime(2026, 9, 30, 15, 59, tzinfo=UTC))
    return make.user(Role.MANAGER)


@pytest.mark.parametrize("kind", LISTINGS)
def test_a_group_holds_the_rows_its_click_opens(session, manager, kind):
    for grouping in groups.groupings(LISTINGS[kind]):
        _holds_what_its_click_opens(session, manager, LISTINGS[kind], grouping)


def _holds_what_its_click_opens(session, manager, listing, grouping):
    kind = listing.kind
    assert groups.read(listing, grouping.key) == grouping
    found, more = groups.of(session, manager, listing, State(), [grouping], groups.measures(listing), at=AT)
    total, _capped = engine.count(session, manager, kind, {"filter": ""}, at=AT)
    assert not more and sum(group.count for group in found) == total
    for group in found:
        test = groups.test_of(grouping, group.values[0])
        where = criteria.write(criteria.Group("all", (test,)))
        assert engine.count(session, manager, kind, {"filter": "", "where": where}, at=AT) == (group.count, False)
        assert groups.label(grouping, group.values[0], {})


def test_sums_and_nested_groups_are_those_of_the_rows(session, manager):
    listing = LISTINGS["contracts"]
    by = [groups.read(listing, key) for key in ("state", "signed:month")]
    found, _more = groups.of(session, manager, listing, State(), by, [fields_of(listing)["amount"]], at=AT)
    told = {group.values: (group.count, group.sums[0]) for group in found}
    assert told == {
        ("NEGOTIATING", None): (1, Decimal("1")),
        ("SIGNED", date(2026, 9, 1)): (1, Decimal("100000.5")),
        ("SIGNED", date(2026, 10, 1)): (1, Decimal("168000")),
    }


@pytest.mark.parametrize(
    ("stretch", "days"),
    [
        ("day", {date(2026, 9, 30), date(2026, 10, 1)}),
        ("week", {date(2026, 9, 28)}),
        ("month", {date(2026, 9, 1), date(2026, 10, 1)}),
        ("quarter", {date(2026, 7, 1), date(2026, 10, 1)}),
        ("year", {date(2026, 1, 1)}),
    ],
)
def test_days_are_those_of_the_company(session, manager, stretch, days):
    listing = LISTINGS["customers"]
    where = criteria.write(criteria.read(listing, '["all",["created","between","2026-09-30","2026-10-01"]]'))
    found, _more = groups.of(
        session, manager, listing, State(where=where), [groups.read(listing, f"created:{stretch}")], at=AT
    )
    assert Counter({group.values[0]: group.count for group in found}).total() == 2
    assert {group.values[0] for group in found} == days


@pytest.mark.parametrize("key", ["", "nothing", "state:month", "received:eon", "number", "x" * 5_000, "received:"])
def test_unknown_groups_are_none(key):
    found = groups.read(LISTINGS["complaints"], key)
    assert found is None or found.key == "received:month"


def test_numbers_that_say_which_one_are_never_added_up():
    """The amounts of penalties have a sum, "the second time" has none."""
    summed = {field.key for field in groups.measures(LISTINGS["penalties"])}
    assert "amount" in summed
    assert "occurrence" not in summed
