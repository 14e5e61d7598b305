"""The columns a person chose, and what all rows sum to."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from portal.listing import engine, groups, totals
from portal.listing.registry import LISTINGS
from portal.permissions import Role
from tests.listing import rows

PATH = "/records/contracts/columns?filter="


def heads(client, kind="contracts"):
    shown = client.get(f"/records/{kind}?filter=", status=200).text
    return [re.sub("<[^>]+>", "", head).strip() for head in re.findall(r'<th scope="col"[^>]*>(.*?)</th>', shown, re.S)]


def cells(client):
    shown = client.get("/records/contracts?filter=", status=200).text
    line = re.search(r'<tr class="line">(.*?)</tr>', shown, re.S).group(1)
    data = re.findall(r'<td(?! class="check")[^>]*>([^<]*(?:<(?!td|/?tr)[^<]*)*)', line, re.S)
    return [re.sub("<[^>]+>", "", cell).strip() for cell in data]


def test_each_person_has_their_own_columns_in_their_order(sign_in, make):
    contract = make.contract(amount=Decimal("168000"))
    one, other = sign_in(Role.MANAGER), sign_in(Role.SPECIALIST)
    before, drawn = heads(one), cells(one)
    listing = LISTINGS["contracts"]
    leading = next(column.key for column in listing.columns if "cell-title" in column.css)
    wanted = ["amount", leading, "number"]
    one.post(PATH, {"order": wanted, "columns": wanted, "do": "save"}, status=303)
    labels = {column.key: str(column.label) for column in listing.columns}
    assert heads(one) == [labels[key] for key in wanted] and len(cells(one)) == 3
    assert cells(one)[2] == contract.number and heads(other) == before and cells(other) == drawn
    one.post(PATH, {"columns": ["amount"], "order": ["amount", "nonsense", "amount"], "do": "save"}, status=303)
    assert heads(one) == [labels[leading], labels["amount"]]  # the way to the record stays
    one.post(PATH, {"do": "reset"}, status=303)
    assert heads(one) == before and cells(one) == drawn


def test_columns_that_few_need_are_there_to_choose(sign_in, make, clock):
    client, path = sign_in(Role.MANAGER), "/records/complaints/columns?filter="
    rows.complaint(client.user, make.customer(), 1, clock.now(), None)
    before = heads(client, "complaints")
    offered = client.get(path, status=200).text
    for key, label in (("phase", "投诉阶段"), ("severity", "投诉级别"), ("project", "工程"), ("home", "房屋")):
        box = re.search(rf'<input type="checkbox" name="columns" value="{key}"([^>]*)>([^<]+)', offered)
        assert "checked" not in box.group(1) and box.group(2) == label and label not in before
    every = re.findall(r'name="order" value="([a-z]+)"', offered)
    client.post(path, {"order": every, "columns": ["customer", "phase", "home"], "do": "save"}, status=303)
    assert heads(client, "complaints")[-2:] == ["投诉阶段", "房屋"]
    client.post(path, {"do": "reset"}, status=303)
    assert heads(client, "complaints") == before


def test_an_arrow_points_where_the_order_goes(sign_in, make):
    make.contract()
    client = sign_in(Role.MANAGER)
    for sort, direction, icon in (("number", "ascending", "chevron-up"), ("-number", "descending", "chevron-down")):
        shown = client.get(f"/records/contracts?filter=&sort={sort}", status=200).text
        head = re.search(rf'<th scope="col"[^>]* aria-sort="{direction}">(.*?)</th>', shown, re.S).group(1)
        assert re.findall(r"#(chevron-\w+)", head) == [icon]


def test_columns_move_without_being_kept_yet(sign_in, make):
    make.contract()
    client = sign_in(Role.MANAGER)
    order = [column.key for column in LISTINGS["contracts"].columns]
    before = heads(client)
    answer = client.post(PATH, {"order": order, "columns": order[:3], "do": f"up.{order[2]}"}, status=200).text
    assert re.findall(r'name="order" value="([a-z]+)"', answer)[:3] == [order[0], order[2], order[1]]
    assert "data-focus" in answer and heads(client) == before
    for act in ("up.nonsense", "down.", "up", "x" * 900):
        assert client.post(PATH, {"order": order, "columns": order, "do": act}).status_code in (200, 303)


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_every_list_can_be_turned_round(sign_in, make, kind):
    make.contract()
    client = sign_in(Role.MANAGER)
    client.get(f"/records/{kind}/columns", status=200)
    turned = [column.key for column in reversed(LISTINGS[kind].columns)]
    client.post(f"/records/{kind}/columns", {"order": turned, "columns": turned, "do": "save"}, status=303)
    assert heads(client, kind) in ([], [str(LISTINGS[kind].column(key).label) for key in turned])


def test_what_moves_with_the_clock_stands_where_it_is_wanted_or_not_at_all(sign_in, make, clock):
    from tests.listing.test_lists import complaint_with_clock

    client = sign_in(Role.SPECIALIST)
    complaint_with_clock(make, clock, make.customer(), owner=client.user, hours=-2, number=1)
    path, wanted = "/records/complaints/columns?filter=", ["due", "customer", "number"]
    client.post(path, {"order": wanted, "columns": wanted, "do": "save"}, status=303)
    shown = client.get("/records/complaints?filter=", status=200).text
    assert shown.index("逾期 2 时") < shown.index(">TS-2026-0001</tr>") and "MOVING" not in shown
    client.post(path, {"order": wanted, "columns": wanted[1:], "do": "save"}, status=303)
    shown = client.get("/records/complaints?filter=", status=200).text
    assert "逾期 2 时" not in shown and ">TS-2026-0001</tr>" in shown and "MOVING" not in shown


def test_all_rows_are_summed_up_to_where_counting_stops(sign_in, make, monkeypatch):
    for amount in ("168000", "100000.50", "1"):
        make.contract(amount=Decimal(amount))
    client = sign_in(Role.MANAGER)
    shown = client.get("/records/contracts?filter=", status=200).text
    url = re.search(r'tfoot hx-get="([^"]+)"', shown).group(1).replace("&amp;", "&")
    assert "268,001.50" in client.get(url, htmx=True, status=200, check=False).text
    monkeypatch.setattr(engine, "CEILING", 2)
    told = client.get(url, htmx=True, status=200, check=False).text
    assert "不合计" in told and "268,001.50" not in told
    assert "tfoot" not in client.get("/records/customers?filter=", status=200).text


@pytest.mark.parametrize(
    ("kind", "summed"),
    [("drawing-reviews", ["amount"]), ("review-findings", ["count"]), ("contracts", ["amount", "value"])],
)
def test_numbers_that_say_which_one_are_not_summed(kind, summed):
    assert [field.key for field in groups.measures(LISTINGS[kind])] == summed


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_sums_of_every_list_can_be_asked(sign_in, session, clock, make, kind):
    from portal.listing.state import State

    make.contract()
    user = sign_in(Role.MANAGER).user
    found = totals.of(session, user, LISTINGS[kind], State(), at=clock.now())
    assert found is not None and all(total >= 0 for _field, total in found)
