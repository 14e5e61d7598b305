"""What the search box and the URL of a list mean, also when somebody plays with them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, String, Table, create_engine, insert, select

from portal.listing.registry import LISTINGS
from portal.listing.state import Cursor, State, from_args
from portal.listing.terms import MAX_LENGTH, MAX_WORDS, normalised, word, words

WORDS = Table("word", MetaData(), Column("text", String))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("  张建军 ", ["张建军"]),
        ("ＫＨ－２０２６", ["KH-2026"]),
        ("张　建军\t5-1", ["张", "建军", "5-1"]),
        ("139 0001 0043", ["13900010043"]),
        ("0571 8812 3456", ["057188123456"]),
        ("a\u200bb\x07c", ["a", "b", "c"]),
        ("", []),
    ],
)
def test_what_is_typed_becomes_words(typed, read):
    assert words(typed) == read


def test_searches_have_an_end():
    assert len(normalised("长" * 10_000)) == MAX_LENGTH
    assert len(words(" ".join("abcdefghijkl"))) == MAX_WORDS


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=4), st.data())
def test_a_beginning_finds_exactly_what_begins_so(start, data):
    others = data.draw(
        st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=6), max_size=6)
    )
    texts = [*others, start, start + "甲"]
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        WORDS.metadata.create_all(connection)
        connection.execute(insert(WORDS), [{"text": text} for text in texts])
        typed, filled = word(0, {"text": start}, {})
        found = connection.execute(select(WORDS.c.text).where(typed.begins(WORDS.c.text)), filled).scalars().all()
    engine.dispose()
    assert sorted(found) == sorted(text for text in texts if text.startswith(start))


@pytest.mark.parametrize("value", [7, "张建军", Decimal("1680.50"), datetime(2026, 5, 11, 2, 0, 1, 5, tzinfo=UTC)])
def test_a_place_survives_the_url(value):
    place = Cursor(value, 12, 80)
    assert Cursor.read(place.text(), type(value)) == place


@pytest.mark.parametrize(
    "text", ["", "x", "e30", "W10", "WyIiLDEsMiwzLDRd", "=" * 400, "A" * 5000, "WyIiLCJhIiwxLDJd", "Wy"]
)
def test_a_place_that_was_played_with_is_no_place(text):
    assert Cursor.read(text, int) is None


def test_the_url_says_all_of_a_state():
    listing = LISTINGS["complaints"]
    state, problems = from_args(
        listing, {"q": "张", "filter": "open,mine,owner.3,category.QUALITY", "sort": "-received"}
    )
    assert not problems
    assert state == State("张", ("open", "mine", "owner.3", "category.QUALITY"), "-received")


def test_no_filter_in_the_url_means_the_default_and_an_empty_one_means_none():
    listing = LISTINGS["complaints"]
    assert from_args(listing, {})[0].filters == ("open",)
    assert from_args(listing, {"filter": ""})[0].filters == ()


@pytest.mark.parametrize(
    "args",
    [
        {"filter": "nonsense"},
        {"filter": "owner.x"},
        {"filter": "owner.99999999999999"},
        {"filter": "category.'; DROP TABLE task"},
        {"sort": "password"},
        {"sort": "--due"},
        {"after": "tampered"},
        {"before": "WyIiLDEsMiwzLDRd"},
        {"filter": ",".join(f"owner.{n}" for n in range(500))},
    ],
)
def test_what_cannot_be_read_is_left_out_and_said(args):
    _state, problems = from_args(LISTINGS["complaints"], args)
    assert len(problems) == 1
