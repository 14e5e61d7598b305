"""Whatever stands in the URL of a list: never an error, a sentence for what was left out, all rows or none."""

from __future__ import annotations

import base64
import json
import re
from html import unescape
from itertools import count
from urllib.parse import urlencode

import pytest

from blueprints.records import lists
from portal.db import transaction
from portal.listing import engine
from portal.listing.fields import Kind, fields_of
from portal.listing.registry import LISTINGS
from portal.listing.state import State, from_args
from portal.models.org import User
from portal.permissions import Role
from portal.services import favourites
from portal.services.favourites import Wish
from tests.turns import is_turn


def cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def conditions(listing) -> list[str]:
    """Conditions that cannot be read: no JSON, no such field, operator or value, too deep, too many."""
    deep: list[object] = ["all"]
    for _level in range(50):
        deep = ["all", deep]
    bad: list[object] = [["all", ["nonsense", "is", "1"]], ["all", [[]]], {"all": 1}, None, "all", deep, [1e400], []]
    for field in fields_of(listing).values():
        bad += [["all", [field.key, "nonsense", "1"]], ["all", [field.key, "is"]], ["all", [field.key, "is", ["1"]]]]
        if field.kind in (Kind.DAY, Kind.MOMENT, Kind.NUMBER, Kind.TERM, Kind.LINK):
            bad += [["all", [field.key, "is", "NaN"]], ["all", [field.key, "between", "9" * 400, "x"]]]
    many = ["all", *([["nonsense", "is", "1"]] * 1000)]
    return [*map(json.dumps, [*bad, many]), "[" * 3000, "{", "\x00", "null"]


WRONG = (
    {"filter": "nonsense,state.NOTHING,owner.99999999999,customer.-1,.,a.b.c"},
    {"sort": "nonsense", "after": cursor("", "a", 1, 2)},
    {"sort": "-" * 60, "before": cursor("t", "9999-99-99T00:00", 1, 2)},
    {"after": cursor("t", "2026-01-01T00:00", -1, 2**70)},
    {"after": "' OR 1=1 --"},
    {"group": "nonsense,state:decade,created:month:day", "open": "../../;;//"},
    {"q": "%_'\"\\ \u202e\U0010ffff", "in": "nonsense"},
    {"rows": "nonsense", "columns": "nonsense:month", "measure": "nonsense,nonsense:average", "order": "-nonsense@x"},
    {"chart": "nonsense", "span": "nonsense", "day": "2026-02-31"},
    {"span": "week", "day": "9999-12-31"},
    {"span": "month", "day": "0001-01-01"},
    {"span": "agenda", "day": "٢٠٢٦-٠١-٠١"},
)
"""What a URL may say, that no list understands."""


@pytest.fixture
def client(sample, sign_in):
    return sign_in(sample.manager)


def every_view(listing) -> list[str]:
    return ["list", *(name for name, view in lists.VIEWS.items() if view.fits(listing)), "nonsense"]


def said_of(text: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", text))


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_no_url_breaks_a_view(client, kind):
    """Each view with each of WRONG: a page, and a sentence for what the list itself could not read."""
    listing, turn = LISTINGS[kind], count(len(kind))
    for view in every_view(listing):
        for args in WRONG:
            if not is_turn(next(turn)):
                continue
            query = {"filter": "", "view": view} | args
            state, problems = from_args(listing, query)
            answer = client.get(listing.path, query=query, check=False)
            if answer.status_code == 303:  # a word looked for in no field is looked for in all
                answer, problems = client.get(answer.location, check=False), []
            assert answer.status_code == 200, (view, args)
            text, shown = answer.text, said_of(answer.text)
            assert all(str(problem) in shown for problem in problems), (view, args)
            if view == "list" and not (state.q or state.after or state.before or "group" in args):
                assert text.count('<tr class="line">') > 0, args


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_conditions_that_cannot_be_read_are_left_out_and_said(client, session, clock, kind):
    listing, user = LISTINGS[kind], session.get_one(User, client.user.id)
    whole = engine.count(session, user, kind, {"filter": ""}, at=clock.now())
    bad = conditions(listing)
    for where in bad:
        state, problems = from_args(listing, {"filter": "", "where": where})
        assert state == State() and len(problems) == 1, where[:200]
        assert engine.count(session, user, kind, {"filter": "", "where": where}, at=clock.now()) == whole
    for where, view in zip(bad, every_view(listing), strict=False):
        text = client.get(
            listing.path, query={"filter": "", "where": where, "view": view}, status=200, check=False
        ).text
        assert "条件无法识别" in said_of(text) or str(from_args(listing, {"where": where})[1][0]) in said_of(text)


LONG = ("filter", "where", "q", "sort", "group", "after", "rows", "day")


@pytest.mark.parametrize("name", LONG)
@pytest.mark.sqlite_only
def test_ten_megabytes_are_no_more_than_a_sentence(client, name):
    text = client.get(f"/records/complaints?{urlencode({name: '9' * 10_000_000})}", status=200, check=False).text
    assert len(text) < 400_000


@pytest.mark.parametrize("kind", sorted(LISTINGS))
@pytest.mark.sqlite_only
def test_far_too_much_is_no_more_than_a_sentence_in_any_list(client, kind):
    asked = urlencode(dict.fromkeys(LONG, "9" * 50_000))
    assert len(client.get(f"/records/{kind}?{asked}", status=200, check=False).text) < 400_000


@pytest.mark.parametrize("name", ["filter", "where", "q", "day"])
def test_signs_that_no_keyboard_makes_are_refused_as_everywhere(client, name):
    text = client.get("/records/notices", query={name: "\x00"}, status=400).text
    assert "无法识别的字符" in text


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_favourites_of_others_are_not_there(client, make, sign_in, clock, kind):
    with transaction() as writing:
        actor = writing.merge(client.user)
        kept = favourites.save(writing, LISTINGS[kind], State(), Wish(name="别人收藏"), actor=actor, at=clock.now()).id
    stranger = sign_in(make.user(Role.MANAGER))
    for number in (kept, 999_999_999):
        for act in ("change", "keep", "delete"):
            stranger.post(f"/records/favourites/{number}/{act}", {"name": "x"}, status=404)
    assert "别人收藏" not in said_of(stranger.get(f"/records/{kind}/favourites", status=200, check=False).text)
