"""Words looked for in one field, days one click away: what the chips of the box say and do."""

from __future__ import annotations

import json

import pytest

from portal.listing import criteria, facets
from portal.listing.criteria import Asked
from portal.listing.fields import Kind, fields_of
from portal.listing.registry import LISTINGS
from portal.permissions import Role

COMPLAINTS, CUSTOMERS = LISTINGS["complaints"], LISTINGS["customers"]
LEAK, DAMP = Asked("subject", "contains", ("leak",)), Asked("subject", "contains", ("damp",))
YEAR = Asked("received", "in", ("this-year",))


def said(*tests):
    where = ""
    for test in tests:
        where = facets.toggled(COMPLAINTS, where, test)
    return json.loads(where) if where else where


def test_the_same_field_again_is_an_alternative_another_narrows():
    assert said(LEAK) == ["all", ["subject", "contains", "leak"]]
    either = ["any", ["subject", "contains", "leak"], ["subject", "contains", "damp"]]
    assert said(LEAK, DAMP) == either
    assert said(LEAK, DAMP, YEAR) == ["all", either, ["received", "in", "this-year"]]
    assert said(LEAK, DAMP, YEAR, LEAK, YEAR) == ["all", ["subject", "contains", "damp"]]
    assert said(LEAK, LEAK) == ""


def test_what_stood_there_before_stays_one_chip():
    where = '["none",["subject","contains","leak"]]'
    added = facets.toggled(COMPLAINTS, where, YEAR)
    assert json.loads(added) == ["all", json.loads(where), ["received", "in", "this-year"]]
    assert facets.without(COMPLAINTS, added, 1) == where
    assert facets.without(COMPLAINTS, added, 0) == '["all",["received","in","this-year"]]'


def test_too_many_conditions_are_refused():
    many = json.dumps(["all", *(["subject", "lacks", str(number)] for number in range(criteria.MOST))])
    with pytest.raises(criteria.Unreadable):
        facets.toggled(COMPLAINTS, many, YEAR)


def test_a_word_is_looked_for_in_one_field(sign_in, make):
    make.customer(name="张水", phone="13800001111")
    make.customer(name="李墙", phone="13800002222")
    make.customer(name="王五", phone="13800003333")
    client = sign_in(Role.MANAGER)
    first = client.get("/records/customers", query={"q": "水", "in": "name"}, status=303)
    second = client.get(first.location + "&q=墙&in=name", status=303)
    shown = client.get(second.location, status=200).text
    assert "张水" in shown and "李墙" in shown and "王五" not in shown
    assert ">水<span" in shown and "墙</a>" in shown
    narrowed = client.get(second.location + "&q=1111&in=phone", status=303)
    shown = client.get(narrowed.location, status=200).text
    assert "张水" in shown and "李墙" not in shown


@pytest.mark.parametrize("field", ["nonsense", "created", "x" * 5000, "<b>", "'"])
def test_a_field_that_is_none_leaves_the_word_as_it_is(sign_in, make, field):
    make.customer(name="张三")
    client = sign_in(Role.MANAGER)
    answer = client.get("/records/customers", query={"q": "张三", "in": field}, status=303)
    assert "q=%E5%BC%A0%E4%B8%89" in answer.location and "张三" in client.get(answer.location, status=200).text


def test_one_word_too_many_is_said_and_stays_in_the_box(sign_in):
    many = json.dumps(["all", *(["name", "lacks", str(number)] for number in range(criteria.MOST))])
    client = sign_in(Role.MANAGER)
    shown = client.get("/records/customers", query={"q": "甲乙", "in": "name", "where": many}, status=200).text
    assert "条件过多" in shown and 'value="甲乙"' in shown


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_every_box_offers_its_fields_days_and_groups(sign_in, kind):
    shown = sign_in(Role.MANAGER).get(f"/records/{kind}", status=200).text
    has_text = any(field.kind in (Kind.TEXT, Kind.PLACES) for field in fields_of(LISTINGS[kind]).values())
    assert "自定义条件" in shown and ('data-in="' in shown) is has_text and "group=" in shown
