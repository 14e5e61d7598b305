"""Dashboards: every number is the number of rows it opens; each person's arrangement is theirs and outlives changes."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from decimal import Decimal
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from blueprints.dashboards import greeting
from portal.db import transaction
from portal.listing.registry import LISTINGS
from portal.models.dashboard import Dashboard
from portal.models.favourite import Favourite
from portal.models.org import User
from portal.permissions import Permission, Role, may
from portal.services import tiles
from portal.services.tiles import Look
from portal.shell import DASHBOARD_PATHS

ARRANGE = "/records/dashboard"
NUMBER = re.compile(
    r'<a class="kpi([^"]*)" href="([^"]+)"[^>]*><span class="label">([^<]+)</span><span class="figure">([^<]+)'
)


def numbers(text):
    """(label, figure, url, classes) of each number tile."""
    return [(label, figure, unescape(url), css.split()) for css, url, label, figure in NUMBER.findall(text)]


def rows_of(client, url):
    """How many rows the list of an address shows."""
    return client.get(url, status=200).text.count('<tr class="line"')


def home(client):
    return client.get(DASHBOARD_PATHS[Role(client.user.role)], status=200).text


def do(client, act, *, status=303, **more):
    version = re.search(r'name="version" value="(\d+)"', client.get(ARRANGE, status=200).text).group(1)
    return client.post(ARRANGE, {"do": act, "version": version, **more}, status=status)


def pin(client, kind, state, name, look="number", status=303, **more):
    sent = {"name": name, "look": look, "state": state, "client_key": f"key-{name}-{look}", **more}
    return client.post(f"/records/{kind}/tile", sent, status=status)


def one(session, name):
    return session.scalars(select(Favourite).where(Favourite.name == name)).one()


@pytest.fixture
def people(sample):
    return sample


def desks(sign_in, people):
    """A browser of each of the five roles; the specialist and the manager have work."""
    known = {Role.SPECIALIST: people.specialist, Role.MANAGER: people.manager}
    return [sign_in(known.get(role, role)) for role in Role]


def test_every_number_is_the_number_of_rows_it_opens(sign_in, people):
    seen = 0
    for client in desks(sign_in, people):
        found = numbers(home(client))
        declared = [tile for tile in tiles.DEFAULTS[Role(client.user.role)] if tile.look is Look.NUMBER]
        assert len(found) == len(declared) > 0, client.user.role
        for label, figure, url, css in found:
            assert int(figure) == rows_of(client, url), f"{client.user.role} {label}"
            assert not ({"late", "soon"} & set(css)) or int(figure)
            seen += int(figure)
    assert seen > 10


@pytest.mark.sqlite_only
@pytest.mark.parametrize("role", Role)
def test_every_list_can_stand_on_the_dashboard_of_who_sees_it(sign_in, people, role):
    """As a number, as a chart and as rows; the number is that of the rows."""
    client = sign_in({Role.SPECIALIST: people.specialist, Role.MANAGER: people.manager}.get(role, role))
    kinds = [kind for kind, listing in LISTINGS.items() if may(role, listing.permission)]
    for kind in kinds[:20]:
        client.get(f"/records/{kind}/tile?filter=", status=200)
        pin(client, kind, "filter=", f"全部 {kind}")
    shown = {label: (figure, url) for label, figure, url, _css in numbers(home(client))}
    for kind in kinds[:20]:
        figure, url = shown[f"全部 {kind}"]
        assert int(figure) == rows_of(client, url), kind
    for kind in kinds:
        if kind in kinds[:20]:
            favourite = tiles.favourite_of(f"favourite-{_id(client, f'全部 {kind}')}-rows")
            for look in ("rows", "chart"):
                status = client.get(f"/records/tiles/{favourite}/{look}", htmx=True, check=False).status_code
                assert status == 200 or (look == "chart" and status == 404), f"{kind} {look}: {status}"
    for kind in set(LISTINGS) - set(kinds):
        client.get(f"/records/{kind}/tile", status=403)


def _id(client, name):
    from portal.db import session

    return (
        session()
        .scalars(select(Favourite.id).where(Favourite.name == name, Favourite.owner_id == client.user.id))
        .one()
    )


def test_conditions_words_and_links_count_in_one_dashboard(sign_in, people, session, queries):
    client = sign_in(people.specialist)
    where = json.dumps(["all", ["subject", "contains", "漏水 1"]], ensure_ascii=False)
    asked = client.get("/records/complaints", query={"filter": "", "where": where}, status=200)
    assert asked.text.count('<tr class="line"') == 1
    from urllib.parse import urlencode

    for number in range(6):
        other = where.replace("漏水 1", f"漏水 {number}")
        pin(client, "complaints", urlencode({"filter": "", "where": other}), f"条件 {number}")
    pin(client, "complaints", f"filter=owner.{people.specialist.id}", "我的")
    pin(client, "consultations", urlencode({"filter": "", "q": "罗"}), "有词")
    text = home(client)
    shown = {label: (figure, url) for label, figure, url, _css in numbers(text)}
    for name in (*(f"条件 {number}" for number in range(6)), "我的"):
        figure, url = shown[name]
        assert int(figure) == rows_of(client, url), name
    assert int(shown["条件 1"][0]) == 1 and int(shown["我的"][0]) > 1
    assert shown["有词"][0] == "…"
    part = unescape(re.search(r'hx-get="(/records/tiles/\d+/number)"', text).group(1))
    [(label, figure, url, _css)] = numbers(client.get(part, htmx=True, status=200, check=False).text)
    assert label == "有词" and int(figure) == rows_of(client, url) > 1
    client.get(part, status=303)  # without htmx the list itself


def test_no_filter_is_not_the_default_filter(sign_in, people, session):
    """A favourite of all counts all, on the dashboard and in the menu."""
    client = sign_in(people.specialist)
    pin(client, "complaints", "filter=", "全部")
    pin(client, "complaints", "filter=open", "未结")
    shown = {label: (figure, url) for label, figure, url, _css in numbers(home(client))}
    every, still_open = (rows_of(client, f"/records/complaints?filter={each}") for each in ("", "open"))
    assert every > still_open > 0
    assert int(shown["全部"][0]) == every == rows_of(client, shown["全部"][1])
    menu = client.get("/records/complaints/favourites/menu?filter=mine", htmx=True, status=200, check=False).text
    assert re.search(rf'全部(<svg.*?</svg>)?<span class="count">{every}</span>', menu)
    assert re.search(rf'未结(<svg.*?</svg>)?<span class="count">{still_open}</span>', menu)


@pytest.mark.parametrize("stands_in", [False, True])
def test_questions_stay_few_whatever_stands_on_it(sign_in, people, queries, make, stands_in):
    for client in desks(sign_in, people):
        if stands_in:
            away = make.user(Role(client.user.role))
            with transaction() as writing:
                writing.get_one(User, away.id).stand_in_id = client.user.id
        home(client)
        for number in range(tiles.MOST):
            kind = ("tasks", "consultations", "complaints")[number % 3]
            kind = kind if may(client.user, LISTINGS[kind].permission) else "tasks"
            look = ("number", "number", "chart", "rows")[number % 4]
            state = f"filter={'open' if number % 2 else ''}&q={'罗' if number % 5 == 0 else ''}"
            pin(client, kind, state, f"第 {number} 个", look)
        path = DASHBOARD_PATHS[Role(client.user.role)]
        with queries() as seen:
            text = client.get(path, status=200).text
        assert len(seen) <= 15, f"{client.user.role}: {len(seen)}\n" + "\n".join(seen)
        assert "第 0 个" in text and text.count("第 ") >= tiles.MOST
        with queries() as arranging:
            client.get(ARRANGE, status=200)
        assert len(arranging) <= 15
        assert "上限" in pin(client, "tasks", "filter=", "再一个", status=409).text


def test_hidden_moved_widened_and_as_before(sign_in, people):
    client, other = sign_in(people.specialist), sign_in(Role.SPECIALIST)
    before = [label for label, *_rest in numbers(home(client))]
    do(client, "hide.today")
    do(client, "up.complaints")
    do(client, "wide.forwarded")
    shown = numbers(home(client))
    assert [label for label, *_rest in shown] == [before[0], before[3], before[1], *before[4:]]
    assert "wide" in shown[3][3]
    do(client, "hide.queue")
    assert "我的队列" not in home(client) and "我的队列" in home(other)
    page = client.get(ARRANGE, status=200).text
    assert 'value="show.queue"' in page and 'value="hide.queue"' not in page
    do(client, "show.queue")
    assert "我的队列" in home(client)
    do(client, "small.queue")
    assert 'class="board' not in home(client)  # both in one column
    do(client, "reset")
    assert [label for label, *_rest in numbers(home(client))] == before
    assert [label for label, *_rest in numbers(home(other))] == before


def test_put_down_elsewhere(sign_in, people, session):
    client = sign_in(people.manager)
    order = ["complaints", "late-in-all", "nonsense", "complaints", "people.wide", "trend.small", "departments.wide"]
    do(client, "order", order=order)
    board = tiles.arranged(session, people.manager)
    assert [tile.key for tile in board.numbers][:2] == ["complaints", "late-in-all"] and len(board.numbers) == 7
    assert [tile.key for tile in board.panels(wide=True)][:2] == ["people", "departments"]
    assert board.panels(wide=False)[0].key == "trend"


def test_what_two_windows_do_is_said(sign_in, people, session):
    client = sign_in(people.specialist)
    do(client, "hide.today")
    answer = client.post(ARRANGE, {"do": "hide.soon", "version": "0"}, status=409)
    assert "另一个窗口" in answer.text
    part = client.post(ARRANGE, {"do": "hide.soon", "version": "0"}, htmx=True, status=409, check=False).text
    assert "另一个窗口" in part and "<html" not in part
    assert [tile.key for tile in tiles.arranged(session, people.specialist).hidden] == ["today"]


@pytest.mark.parametrize(
    "act", ["", "hide", "hide.", "hide.nonsense", "off.queue", "up.favourite-1-chart", "add.favourite-x-chart", "x" * 9000,
            "add.favourite-1-panel", "add.favourite-99999999-number", "add.favourite-999999999999-number", "jump.queue"],
)  # fmt: skip
def test_nonsense_changes_nothing(sign_in, session, act):
    client = sign_in(Role.SPECIALIST)
    do(client, act, status=404)
    assert session.scalars(select(Dashboard)).all() == []
    client.post(ARRANGE, {"do": "hide.queue", "version": "nonsense"}, status=409)
    client.post(ARRANGE, {"do": "order", "version": "0", "order": ["x" * 100_000] * 3}, status=303)
    assert tiles.arranged(session, client.user).hidden == ()


def test_a_chart_of_many_months_opens_at_the_newest(sign_in, make):
    for month in range(1, 8):
        make.contract(signed_on=date(2026, month, 5), amount=Decimal("10"))
    client = sign_in(Role.MANAGER)
    for stretch, is_long in (("month", True), ("year", False)):
        pin(client, "contracts", f"view=graph&filter=&rows=signed:{stretch}", stretch, "chart")
        tile = re.findall(r'hx-get="(/records/tiles/\d+/chart[^"]*)"', home(client))[-1]
        drawn = client.get(unescape(tile), htmx=True, status=200, check=False).text
        assert "<svg" in drawn and ("from-newest" in drawn) == is_long


@pytest.mark.parametrize(
    ("hour", "said"), [(6, "早上好"), (11, "早上好"), (12, "下午好"), (17, "下午好"), (18, "晚上好"), (23, "晚上好")]
)
def test_the_greeting_knows_the_time_of_day(app, make, hour, said):
    with app.test_request_context():
        at = datetime(2026, 11, 30, hour, 59, tzinfo=ZoneInfo("Asia/Shanghai"))
        assert greeting(make.user(Role.SPECIALIST), at).endswith(said)


def test_favourites_of_others_and_of_lists_not_seen(sign_in, people, session):
    owner, other, desk = sign_in(people.specialist), sign_in(Role.SPECIALIST), sign_in(Role.FRONT_DESK)
    pin(owner, "complaints", "filter=open", "只有我")
    mine = one(session, "只有我").id
    do(other, f"add.favourite-{mine}-number", status=404)
    for look in ("number", "chart", "rows"):
        other.get(f"/records/tiles/{mine}/{look}", htmx=True, status=404, check=False)
        owner.get(f"/records/tiles/{mine}/{look}", htmx=True, status=200, check=False)
    owner.get(f"/records/tiles/{mine}/nonsense", htmx=True, status=404, check=False)
    hidden = next(kind for kind, each in LISTINGS.items() if not may(Role.FRONT_DESK, each.permission))
    with transaction() as writing:
        given = {"kind": hidden, "name": "给所有人", "query": "filter=", "owner_id": people.manager.id, "shared": "ALL"}
        writing.add(Favourite(**given, role="MANAGER", created_at=people.manager.created_at))
    given = one(session, "给所有人").id
    do(desk, f"add.favourite-{given}-number", status=404)
    desk.get(f"/records/tiles/{given}/number", htmx=True, status=404, check=False)
    assert "给所有人" not in desk.get(ARRANGE, status=200).text


def test_what_is_gone_is_said_and_forgotten(sign_in, people, session):
    owner, other = sign_in(people.manager), sign_in(people.specialist)
    pin(owner, "complaints", "filter=", "共享的")
    shared = one(session, "共享的")
    with transaction() as writing:
        writing.get(Favourite, shared.id).shared = "ALL"
    do(other, f"add.favourite-{shared.id}-number")
    do(other, f"add.favourite-{shared.id}-chart")
    assert "共享的" in [label for label, *_rest in numbers(home(other))]
    with transaction() as writing:
        writing.get(Favourite, shared.id).shared = "ME"
    text = home(other)
    assert "以下收藏对您已不可用：共享的。" in text
    assert "共享的" not in [label for label, *_rest in numbers(text)]
    do(other, "tidy", back="home")
    assert "共享的" not in home(other)
    owner.post(f"/records/favourites/{shared.id}/delete", {"state": ""}, status=303)
    assert "以下收藏对您已不可用：共享的。" in home(owner)
    do(owner, "hide.complaints")  # whatever is arranged forgets it, too
    assert "共享的" not in home(owner)


def test_a_favourite_that_lost_a_part_says_so_instead_of_a_number(sign_in, people, session):
    client = sign_in(people.manager)
    for look in ("number", "rows", "chart"):
        pin(client, "complaints", "filter=open", f"失效{look}", look)
    assert "部分条件已失效" not in home(client)
    with transaction() as writing:
        for favourite in writing.scalars(select(Favourite)):
            favourite.query = 'filter=&where=[["field_that_was","is","1"]]'
    ((figure, css),) = [(figure, css) for label, figure, _url, css in numbers(home(client)) if label == "失效number"]
    assert (figure, css) == ("–", ["soon"]) and home(client).count("部分条件已失效") == 1
    for look in ("number", "rows", "chart"):
        part = f"/records/tiles/{one(session, f'失效{look}').id}/{look}"
        assert "部分条件已失效" in client.get(part, htmx=True, status=200, check=False).text


def test_new_tiles_of_the_role_are_seen_and_hidden_ones_stay_hidden(sign_in, people, session, monkeypatch):
    client = sign_in(people.specialist)
    do(client, "hide.today")
    do(client, "up.soon")
    old = tiles.DEFAULTS[Role.SPECIALIST]
    new = tiles.Tile("fresh", "新的", kind="customers", query="filter=mine")
    changed = [*(tile for tile in old[:3]), new, *(tile for tile in old[3:] if tile.key != "forwarded")]
    monkeypatch.setitem(tiles.DEFAULTS, Role.SPECIALIST, tuple(changed))
    board = tiles.arranged(session, people.specialist)
    assert [tile.key for tile in board.numbers] == ["soon", "overdue", "fresh", "complaints", "to-read"]
    assert [tile.key for tile in board.hidden] == ["today"]
    monkeypatch.setitem(tiles.DEFAULTS, Role.SPECIALIST, old)
    assert "forwarded" in [tile.key for tile in tiles.arranged(session, people.specialist).numbers]


def test_a_list_is_put_on_once_with_its_limit(sign_in, people, session):
    client = sign_in(people.specialist)
    assert "/records/complaints/tile?" in client.get("/records/complaints?filter=open", status=200).text
    client.get("/records/complaints/tile?filter=open&view=graph", status=200)
    for _twice in range(2):
        pin(client, "complaints", "filter=open", "很多", alert_over="1")
    tile = next(each for each in numbers(home(client)) if each[0] == "很多")
    assert int(tile[1]) > 1 and "late" in tile[3] and "超过 1" in home(client)
    assert len(session.scalars(select(Favourite)).all()) == 1
    pin(client, "complaints", "filter=open", "很多", "chart")  # the same favourite, drawn as well
    assert len(session.scalars(select(Favourite)).all()) == 1
    chart = unescape(re.search(r'hx-get="(/records/tiles/\d+/chart[^"]*)"', home(client)).group(1))
    drawn = client.get(chart, htmx=True, status=200, check=False).text
    assert "<svg" in drawn and f'id="tile-{one(session, "很多").id}-title"' in drawn
    client.post(
        f"/records/favourites/{one(session, '很多').id}/change",
        {"name": "很多", "shared": "ME", "alert_over": "99"},
        status=303,
    )
    assert "不超过 99" in home(client)


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "长" * 41), ("alert_over", "-1"), ("alert_over", "viel"), ("look", "panel"), ("look", "")],
)
def test_what_is_wrong_is_said_and_kept(sign_in, session, field, value):
    client = sign_in(Role.SPECIALIST)
    sent = {"name": "名字", "look": "rows", "alert_over": "5", "state": "filter=open&nonsense=1"} | {field: value}
    text = client.post("/records/complaints/tile", sent, status=422).text
    assert 'class="error"' in text
    for name in {"name", "alert_over"} - {field}:
        assert f'value="{sent[name]}"' in text
    assert session.scalars(select(Favourite)).all() == [] == session.scalars(select(Dashboard)).all()


def test_keys_mean_favourites_or_tiles_of_roles():
    assert tiles.favourite_of(tiles.key_of(12, Look.CHART)) == 12
    for key in ("queue", "late-in-all", "favourite-12", "favourite--chart", "favourite-1-panel", "favourite-٣-chart"):
        assert tiles.favourite_of(key) == 0
    for role, declared in tiles.DEFAULTS.items():
        keys = [tile.key for tile in declared]
        assert len(set(keys)) == len(keys), role
        for tile in declared:
            assert tile.look is Look.PANEL or may(role, LISTINGS[tile.kind].permission), f"{role} {tile.key}"
            assert tile.look is Look.PANEL or tile.state.filters, f"{role} {tile.key}: its filters are not known"
    assert Permission.HOME
