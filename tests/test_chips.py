"""A chip that is kept says at every moment what one drawn anew would say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import g

from portal import chips, formatting
from portal.i18n import use_locale
from portal.kept import Kept

KINDS = {
    "an hour": {"limit": timedelta(hours=1)},
    "two days": {"limit": timedelta(days=2)},
    "its own warning": {"limit": timedelta(days=2), "warn": timedelta(hours=5, seconds=7)},
    "no limit": {"limit": None},
}


@pytest.fixture
def task(clock, request):
    """A clock that has just begun."""
    limit, warn = KINDS[request.param]["limit"], KINDS[request.param].get("warn")
    due = clock.now() + limit if limit else None
    return {"started_at": clock.now(), "due_at": due, "warn_at": due - warn if warn and due else None}


def words(chip):
    """The chip without the share of its ring, which the page's own script moves."""
    return chip.split("</svg>")[-1], chip.split('"')[1]


@pytest.mark.parametrize("task", list(KINDS), indirect=True)
def test_a_kept_chip_is_true_at_every_moment(app, clock, task):
    with app.test_request_context():
        for _step in range(400):
            clock.advance(seconds=617)
            g.page_moment = clock.now()
            kept = chips.chip(task, "DL-01")
            chips._chips.clear()
            assert words(kept) == words(chips.chip(task, "DL-01"))


@pytest.mark.parametrize("task", ["an hour"], indirect=True)
def test_it_is_drawn_once_while_it_says_the_same(app, clock, task, monkeypatch):
    drawn = []
    view = formatting.clock_view
    monkeypatch.setattr(formatting, "clock_view", lambda *given: drawn.append(given) or view(*given))
    chips._chips.clear()
    with app.test_request_context():
        for seconds in (1, 20, 20, 30):
            clock.advance(seconds=seconds)
            g.page_moment = clock.now()
            chips.chip(task)
        assert len(drawn) == 2
        with use_locale("en"):
            assert "left" in chips.chip(task)
        assert "late" not in chips.chip(task | {"closed_at": clock.now()})


def test_as_many_are_kept_as_may_be():
    kept: Kept[int, str] = Kept(3)
    assert [kept.keep(number, str(number)) for number in range(3)] == ["0", "1", "2"]
    assert len(kept) == 3
    kept.keep(3, "3")
    assert dict(kept) == {3: "3"}
    assert kept.get(0) is None
