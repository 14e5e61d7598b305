"""Numbers of very many rows are counted now and then, and say of when they are; of fewer they are of this moment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from portal import clock as portal_clock
from portal.listing import agenda, groups, kept, pivot
from portal.listing.analysis import read
from portal.listing.registry import LISTINGS
from portal.listing.state import State, from_args
from portal.permissions import Role
from tests.listing import rows

COMPLAINTS = LISTINGS["complaints"]


@pytest.fixture
def few(session, monkeypatch):
    """More than four rows are very many."""
    monkeypatch.setattr(kept, "CEILING", 4)
    kept.forget(session)
    yield
    kept.forget(session)


def by_state(session: Any, user: Any, at: Any, state: State | None = None) -> dict[str, int]:
    session.info.pop("counted_at", None)
    by = groups.read(COMPLAINTS, "state")
    assert by is not None
    found, _more = groups.of(session, user, COMPLAINTS, state or State(), [by], at=at)
    return {group.values[0]: group.count for group in found}


def test_many_rows_are_counted_again_after_some_minutes(make, sample, session, clock, few):
    at = clock.now()
    before = by_state(session, sample.manager, at)
    assert kept.counted_at(session) == at
    rows.complaint(None, make.customer(), 50, at, None, state="REGISTERED")
    session.rollback()
    later = at + timedelta(minutes=4)
    assert by_state(session, sample.manager, later) == before
    assert kept.counted_at(session) == at, "it says of when the numbers are"
    after = by_state(session, sample.manager, at + kept.KEPT_FOR)
    assert after == before | {"REGISTERED": before["REGISTERED"] + 1}
    assert kept.counted_at(session) == at + kept.KEPT_FOR


def test_counting_anew_counts_now(make, sample, session, clock, few):
    at = clock.now()
    before = by_state(session, sample.manager, at)
    rows.complaint(None, make.customer(), 50, at, None, state="REGISTERED")
    kept.forget(session)
    assert by_state(session, sample.manager, at) != before


def test_nobody_is_given_the_numbers_of_what_somebody_else_sees(make, sample, session, clock, few):
    at = clock.now()
    everything = by_state(session, sample.manager, at)
    near, far = by_state(session, sample.specialist, at), by_state(session, sample.far, at)
    added = {state: near.get(state, 0) + far.get(state, 0) for state in near | far}
    assert near != everything != far and added == everything
    mine = State(filters=("mine",))
    assert by_state(session, sample.specialist, at, mine) != by_state(session, sample.far, at, mine)


def test_few_rows_are_of_this_moment(make, sample, session, clock):
    at = clock.now()
    before = by_state(session, sample.manager, at)
    rows.complaint(None, make.customer(), 50, at, None, state="REGISTERED")
    session.rollback()
    assert by_state(session, sample.manager, at) == before | {"REGISTERED": before["REGISTERED"] + 1}
    assert kept.counted_at(session) is None


def test_all_figures_of_a_pivot_are_of_one_moment(make, sample, session, clock, few):
    at = clock.now()
    state, _problems = from_args(COMPLAINTS, {"filter": "", "view": "pivot", "rows": "state", "columns": "category"})
    layout, _unread = read(COMPLAINTS, state)
    before = pivot.make(session, sample.manager, COMPLAINTS, state, layout, at=at).total.count
    rows.complaint(None, make.customer(), 50, at, None, state="REGISTERED")
    session.rollback()
    made = pivot.make(session, sample.manager, COMPLAINTS, state, layout, at=at + timedelta(minutes=1))
    assert made.total.count == before == sum(made.amounts[row.path, ()].count for row in made.rows)


@pytest.mark.parametrize("view", ["view=kanban", "view=pivot", "view=graph", "group=state"])
def test_the_page_says_of_when_its_numbers_are(sample, sign_in, few, view):
    browser = sign_in(Role.MANAGER)
    page = browser.get(f"/records/complaints?filter=&{view}", status=200)
    assert "数字为" in page.text and "anew=1" in page.text
    assert "重新统计" in browser.get(f"/records/complaints?filter=&{view}&anew=1", status=200).text
    assert "数字为" not in browser.get(f"/records/complaints?filter=state.CLOSED&{view}", status=200).text


def test_the_numbers_of_the_days_of_a_calendar_too(make, sample, session, clock, few):
    at = clock.now()
    received = next(each for each in agenda.dates(COMPLAINTS) if each.key == "received")
    month = (portal_clock.today(at) - timedelta(days=40), portal_clock.today(at) + timedelta(days=2))

    def days(moment: Any) -> int:
        session.info.pop("counted_at", None)
        found = agenda.counts(session, sample.manager, COMPLAINTS, State(), received, month, moment)
        return sum(found.values())

    before = days(at)
    rows.complaint(None, make.customer(), 50, at, None, state="REGISTERED")
    session.rollback()
    assert days(at + timedelta(minutes=4)) == before > 4
    assert kept.counted_at(session) == at, "it says of when the numbers are"
    assert days(at + kept.KEPT_FOR) == before + 1
