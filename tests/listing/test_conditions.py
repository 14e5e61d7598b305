"""The form for conditions of one's own: with and without htmx, with nonsense, for every record type."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from portal.listing import criteria
from portal.listing.fields import Kind, fields_of
from portal.listing.registry import LISTINGS
from portal.permissions import Role

PATH = "/records/customers/conditions"
ROW = {"part": "r.0", "field.0": "name", "op.0": "contains", "value.0": "水"}


def where_of(answer):
    return json.loads(parse_qs(urlsplit(answer.location).query)["where"][0])


def test_what_is_put_together_leads_to_the_list(sign_in, make):
    make.customer(name="张水")
    make.customer(name="李火")
    client = sign_in(Role.MANAGER)
    client.get(PATH, status=200)
    answer = client.get(PATH, query={**ROW, "how": "any", "do": "apply", "sort": "-name", "filter": ""}, status=303)
    assert where_of(answer) == ["any", ["name", "contains", "水"]] and "sort=-name" in answer.location
    shown = client.get(answer.location, status=200).text
    assert "张水" in shown and "李火" not in shown and "/conditions?" in shown
    redirected = client.get(PATH, query={**ROW, "do": "apply"}, htmx=True, status=204)
    assert redirected.headers["HX-Redirect"].startswith("/records/customers?")


def test_rows_and_groups_come_and_go(sign_in):
    client = sign_in(Role.MANAGER)
    shown = client.get(PATH, query={**ROW, "do": "add"}, status=200).text
    assert shown.count('name="part"') == 2 and 'value="水"' in shown
    shown = client.get(PATH, query={**ROW, "do": "group"}, htmx=True, status=200).text
    assert "<html" not in shown and shown.count('name="part"') == 4 and 'value="g.1"' in shown
    grouped = {**ROW, "part": ["r.0", "g.1", "r.1-0"], "how.1": "none", "field.1-0": "phone", "op.1-0": "empty"}
    assert client.get(PATH, query={**grouped, "do": "add.1"}, status=200).text.count('name="part"') == 4
    assert client.get(PATH, query={**grouped, "do": "drop.1-0"}, status=200).text.count('name="part"') == 2
    assert client.get(PATH, query={**grouped, "do": "drop.0"}, status=200).text.count('name="part"') == 2
    answer = client.get(PATH, query={**grouped, "do": "apply"}, status=303)
    assert where_of(answer) == ["all", ["name", "contains", "水"], ["none", ["phone", "empty"]]]
    assert "where" not in client.get(PATH, query={"do": "apply"}, status=303).location


def test_what_does_not_fit_is_said_at_its_row_and_stays(sign_in):
    client = sign_in(Role.MANAGER)
    day = {"part": "r.0", "field.0": "created", "op.0": "between", "value.0": ["2026-10-01", "morgen"]}
    shown = client.get(PATH, query={**day, "do": "apply"}, status=422).text
    assert "请填写日期" in shown and 'value="morgen"' in shown and 'aria-invalid="true"' in shown
    shown = client.get(PATH, query={**ROW, "value.0": " ", "do": "apply"}, status=422).text
    assert "请填写要查找的内容" in shown
    many = {"part": [f"r.{number}" for number in range(25)]}
    for number in range(25):
        many |= {f"field.{number}": "name", f"op.{number}": "lacks", f"value.{number}": str(number)}
    shown = client.get(PATH, query={**many, "do": "apply"}, status=422).text
    assert "条件过多" in shown and shown.count('name="part"') == 25


def test_what_is_nested_deeper_is_kept(sign_in):
    where = ["all", ["name", "filled"], ["any", ["name", "contains", "a"], ["all", ["phone", "empty"]]]]
    client = sign_in(Role.MANAGER)
    shown = client.get(PATH, query={"where": json.dumps(where)}, status=200).text
    kept = json.dumps(where[2], separators=(",", ":"))
    assert 'value="k.1"' in shown and "包含 a" in shown
    sent = {"part": ["r.0", "k.1"], "field.0": "name", "op.0": "filled", "kept.1": kept, "do": "apply"}
    assert where_of(client.get(PATH, query=sent, status=303)) == where


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_every_field_of_every_list_can_be_asked_every_question(sign_in, make, kind):
    make.contract()
    client, listing = sign_in(Role.MANAGER), LISTINGS[kind]
    path = f"/records/{kind}/conditions"
    client.get(path, status=200)
    for field in fields_of(listing).values():
        asked = []
        for operator in criteria.operators(field):
            sent = {"part": "r.0", "field.0": field.key, "op.0": operator.key, "was.0": field.key}
            if operator.values != 0:
                sent["value.0"] = answer_to(field, operator)
            asked += where_of(client.get(path, query={**sent, "do": "apply"}, status=303))[1:]
        together = {"filter": "", "where": json.dumps(["any", *asked])}
        shown = client.get(listing.path, query=together, status=200, check=False).text
        assert "条件无法识别" not in shown and "条件过多" not in shown
        client.get(path, query=together, status=200)


def answer_to(field, operator):
    if operator.span:
        return "this-week"
    known = {
        Kind.TEXT: "水",
        Kind.PLACES: "张",
        Kind.PASSAGES: "漏水",
        Kind.NUMBER: "1,000",
        Kind.DAY: "2026-01-01",
        Kind.MOMENT: "2026-01-01",
        Kind.LINK: "1",
    }
    one = known.get(field.kind) or field.choice.values[0][0]
    return [one, one] if operator.values == 2 else one


@pytest.mark.parametrize(
    "query",
    [
        {"where": "["},
        {"where": '["all",["name","contains"]]'},
        {"do": "add.99"},
        {"do": "add.x"},
        {"do": "drop.9-9"},
        {"do": "drop.٣"},
        {"do": "nonsense.1"},
        {"do": "fit", "part": "r.9-9", "at": "x" * 500},
        {"do": "apply", "part": ["k.0", "g.0-1", "r.", "q.1", "r.0"], "kept.0": "{"},
        {"do": "fit", "part": "r.0", "field.0": "<b>", "op.0": "<b>", "value.0": "<script>"},
        {"do": "apply", "part": "r.0", "field.0": "owner", "op.0": "is", "value.0": "9" * 50},
        {"do": "apply", "part": "r.0", "field.0": "name", "op.0": "contains", "value.0": "\u200b" * 300},
        {"do": "add", "part": ["g.0"] * 300},
    ],
)
def test_no_url_breaks_the_form(sign_in, query):
    answer = sign_in(Role.MANAGER).get(PATH, query=query)
    assert answer.status_code in (200, 303, 422) and "<script>" not in answer.text.replace("<script src", "")


def test_whoever_may_not_see_the_list_gets_no_form(sign_in):
    sign_in(Role.FRONT_DESK).get("/records/complaints/conditions", status=403)
