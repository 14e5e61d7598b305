"""Favourites: kept, shared as far as one may, counted, opened with, told about; nobody touches those of others."""

from __future__ import annotations

import re
from html import unescape

import pytest
from sqlalchemy import select

from portal.db import transaction
from portal.listing import engine
from portal.listing.registry import LISTINGS
from portal.listing.state import args_of
from portal.models.favourite import Favourite
from portal.models.notice import Notice
from portal.permissions import Role, may
from portal.services import favourites

PATH = "/records/customers/favourites"
STATE = "filter=grade.A&q=&sort=-name"


def keep(client, name, *, state=STATE, path=PATH, status=303, **fields):
    sent = {"name": name, "state": state, "shared": "ME", "is_counted": "1", **fields}
    return client.post(path, {key: value for key, value in sent.items() if value}, status=status)


def one(session, name):
    return session.scalars(select(Favourite).where(Favourite.name == name)).one()


@pytest.fixture
def people(make):
    for number, grade in enumerate("AAB", 1):
        make.customer(name=f"客户{number}", grade=grade)


def test_kept_shown_counted_changed_and_deleted(sign_in, session, people):
    client = sign_in(Role.SPECIALIST)
    client.get(f"{PATH}?{STATE}", status=200)
    answer = keep(client, "重点客户")
    shown = client.get(answer.location, status=200).text
    assert "重点客户" in shown and "客户3" not in shown
    number = one(session, "重点客户").id
    menu = client.get(f"{PATH}/menu?filter=", htmx=True, status=200, check=False).text
    assert re.search(r'重点客户<span class="count">2</span>', menu)
    assert "grade.A" in client.get(f"{PATH}/{number}", status=303).location
    here = "filter=grade.B"
    client.post(f"/records/favourites/{number}/keep", {"state": here}, status=303)
    client.post(f"/records/favourites/{number}/change", {"name": "普通客户", "shared": "ME", "state": here}, status=303)
    menu = client.get(f"{PATH}/menu?{here}", htmx=True, status=200, check=False).text
    assert "普通客户" in menu and 'class="count"' not in menu and 'aria-current="true"' in menu
    client.post(f"/records/favourites/{number}/delete", {"state": here}, status=303)
    assert session.scalars(select(Favourite)).all() == []


def test_what_is_wrong_is_said_where_it_was_typed(sign_in, session, people):
    client = sign_in(Role.SPECIALIST)
    keep(client, "甲")
    number = one(session, "甲").id
    twice = keep(client, "甲", alert_over="viel", status=422).text
    assert "您已有同名收藏" in twice and "请填写不超过 9999 的整数" in twice and 'value="viel"' in twice
    assert "请填写不超过 40 个字的名称" in keep(client, "", status=422).text
    keep(client, "x" * 41, status=422)
    changed = client.post(f"/records/favourites/{number}/change", {"name": "", "shared": "ME"}, status=422).text
    assert "请填写不超过 40 个字的名称" in changed


def test_who_shares_with_whom(sign_in, make, session, people):
    specialist, manager = sign_in(Role.SPECIALIST), sign_in(Role.MANAGER)
    colleague, desk = sign_in(make.user(Role.SPECIALIST)), sign_in(Role.FRONT_DESK)
    for shared in ("ALL", "FRONT_DESK", "nonsense"):
        keep(specialist, "不行", shared=shared, status=403)
    keep(specialist, "本岗", shared="SPECIALIST")
    keep(specialist, "自用")
    keep(manager, "全体", shared="ALL")
    keep(manager, "前台用", shared="FRONT_DESK")
    sees = {
        client.user.id: {each.name for each in favourites.seen(session, client.user, "customers")}
        for client in (specialist, manager, colleague, desk)
    }
    assert sees[specialist.user.id] == {"本岗", "自用", "全体"} and sees[colleague.user.id] == {"本岗", "全体"}
    assert sees[desk.user.id] == {"前台用", "全体"} and sees[manager.user.id] == {"全体", "前台用"}
    shown = colleague.get("/records/customers", status=200).text
    assert "本岗" in shown and "自用" not in shown
    theirs = one(session, "本岗").id
    for client in (colleague, manager):
        for act in ("change", "keep", "delete"):
            client.post(f"/records/favourites/{theirs}/{act}", {"name": "x", "shared": "ME"}, status=404)
    hidden = one(session, "自用").id
    colleague.get(f"{PATH}/{hidden}", status=404)
    colleague.get(f"/records/parties/favourites/{theirs}", status=404)
    colleague.get(f"{PATH}/{theirs}", status=303)


def test_nothing_is_shared_with_another_branch(sign_in, make, session, people):
    here, there = make.branch(), make.branch()
    keep(sign_in(make.user(Role.MANAGER, branch_id=here.id)), "本店", shared="ALL")
    assert favourites.seen(session, make.user(Role.SPECIALIST, branch_id=there.id), "customers") == []
    assert len(favourites.seen(session, make.user(Role.SPECIALIST, branch_id=here.id), "customers")) == 1


def test_a_list_opens_with_ones_own_then_the_roles_then_everybodys(sign_in, session, make, people):
    manager, desk = sign_in(Role.MANAGER), sign_in(Role.FRONT_DESK)
    colleague = sign_in(make.user(Role.SPECIALIST))

    def rows(client, query=""):
        return client.get(f"/records/customers{query}", status=200).text.count('<tr class="line">')

    keep(colleague, "不算", shared="SPECIALIST", is_default="1", state="filter=&q=nobody")
    assert rows(desk) == 3 and rows(sign_in(Role.SPECIALIST)) == 3  # only a manager says how others begin
    keep(manager, "全体", shared="ALL", is_default="1", state="filter=grade.A")
    assert rows(desk) == 2
    keep(manager, "前台用", shared="FRONT_DESK", is_default="1", state="filter=grade.B&view=pivot")
    assert "grade.B" in unescape(desk.get("/records/customers?view=list", status=200).text)
    assert rows(desk, "?view=list") == 1 and rows(desk, "?filter=") == 3 and rows(desk, "?q=客户") == 3
    keep(desk, "我的", is_default="1", state="filter=grade.A&sort=-name")
    assert rows(desk) == 2
    keep(desk, "另一个", is_default="1", state="filter=&q=客户3")
    assert rows(desk) == 1 and not one(session, "我的").is_default


def test_the_owner_is_told_once_a_day_when_there_are_too_many(sign_in, session, make, clock, people):
    client = sign_in(Role.SPECIALIST)
    keep(client, "太多", alert_over="1")
    keep(client, "不多", alert_over="2")

    def told():
        with transaction() as writing:
            return favourites.tell(writing, at=clock.now())

    assert (told(), told()) == (1, 0)
    notice = session.scalars(select(Notice).where(Notice.key.like("favourite:%"))).one()
    assert notice.user_id == client.user.id and notice.params == {"name": "太多", "count": "2", "limit": 1}
    assert "grade.A" in client.get(notice.link, status=303).location
    clock.advance(days=1)
    make.customer(grade="A")
    assert told() == 2
    with transaction():
        client.user.disabled_at = clock.now()
    clock.advance(days=1)
    assert told() == 0


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_every_list_keeps_favourites_that_count_its_rows(sign_in, session, make, clock, kind):
    make.contract()
    client = sign_in(Role.MANAGER)
    keep(client, "全部", state="filter=", path=f"/records/{kind}/favourites")
    favourite = one(session, "全部")
    counted = favourites.counts(session, client.user, [favourite], at=clock.now())[favourite.id]
    assert counted == engine.count(session, client.user, kind, args_of(favourite.query), at=clock.now())
    client.get(f"/records/{kind}/favourites", status=200)
    assert "全部" in client.get(f"/records/{kind}", status=200).text
    desk = sign_in(Role.FRONT_DESK)
    allowed = may(Role.FRONT_DESK, LISTINGS[kind].permission)
    desk.get(f"/records/{kind}/favourites", status=200 if allowed else 403)


@pytest.mark.parametrize(
    "state", ["", "filter=nonsense", "where=[", "sort=x&after=y", "view=nonsense&group=x", "q=" + "长" * 3000, "%%%&=&"]
)
def test_no_state_breaks_a_favourite(sign_in, session, state):
    client = sign_in(Role.MANAGER)
    keep(client, "甲", state=state)
    client.get(f"{PATH}?{state}", status=200)
    assert client.get("/records/customers?" + one(session, "甲").query).status_code == 200


def test_a_favourite_that_lost_a_condition_says_so_and_counts_nothing(sign_in, session, make, clock, people):
    owner, manager = sign_in(Role.SPECIALIST), sign_in(Role.MANAGER)
    keep(manager, "本岗", shared="SPECIALIST")
    keep(owner, "失效", is_default="1", alert_over="1")
    lost = 'filter=&where=[["field_that_was","is","1"]]'
    assert "部分条件已失效" not in owner.get(PATH, status=200).text
    with transaction() as writing:
        for favourite in writing.scalars(select(Favourite)):
            favourite.query = lost
    shown = owner.get(PATH, status=200).text
    number = one(session, "失效").id
    assert shown.count("部分条件已失效") == 2 and f'form="delete-{number}"' in shown
    assert re.search(rf'id="favourite-{number}".*?<details class="sure" open>', shown, re.DOTALL)
    assert "此收藏的部分条件已失效" in owner.get("/records/customers", status=200).text

    def told():
        with transaction() as writing:
            return favourites.tell(writing, at=clock.now())

    assert told() == 1
    notice = session.scalars(select(Notice).where(Notice.user_id == owner.user.id)).one()
    assert notice.params == {"name": "失效"} and notice.link.endswith(f"#favourite-{number}")
    owner.get(notice.link, status=200)
    clock.advance(days=1)
    assert told() == 0
