"""The board: the rows of the list in columns, moved only where the process allows it for the person."""

from __future__ import annotations

import html
import re
from itertools import product
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from sqlalchemy import select, update

from blueprints.records import kanban
from portal.db import transaction
from portal.listing import board, engine
from portal.listing.registry import LISTINGS
from portal.listing.state import Cursor, State, from_args, order_type
from portal.models.complaint import Complaint, Escalation
from portal.models.event import Event
from portal.permissions import Role
from portal.services.requests import new_key
from tests.listing import rows

KINDS = [kind for kind, listing in LISTINGS.items() if board.default(listing) is not None]


@pytest.fixture
def people(sample):
    return sample


def cards_of(session, user, kind, state, grouping, at):
    """All cards of the board, column by column, read on to the end."""
    listing = LISTINGS[kind]
    lanes, more = board.lanes(session, user, listing, state, grouping, None, at)
    assert not more
    board.fill(session, user, listing, state, grouping, lanes, at)
    found = {}
    for lane in lanes:
        ids = [card.row.id for card in lane.cards]
        while lane.next:
            place = Cursor.read(lane.next, order_type(listing, state))
            lane.cards, lane.next = [], ""
            board.fill(session, user, listing, state, grouping, [lane], at, place)
            ids += [card.row.id for card in lane.cards]
        assert len(ids) == lane.count, lane
        found[lane.value] = ids
    return found


def test_what_has_no_closed_list_has_no_board():
    assert set(LISTINGS) - set(KINDS) == {
        *("quotations", "branches", "properties", "dispatch-orders", "review-findings"),
        *("payment-vouchers", "open-days", "contract-templates"),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_all_columns_together_are_the_rows_of_the_list(session, people, clock, kind, monkeypatch):
    monkeypatch.setattr(board, "SHOWN", 2)
    board._cards.cache_clear()
    listing, at = LISTINGS[kind], clock.now()
    sorts = ["", "-id", *(column.key for column in listing.columns if column.sort is not None)]
    filters = ["", ",".join(listing.default_filters), *(each.key for each in listing.filters[:1])]
    cases = [(user, each) for user in (people.manager, people.specialist, people.far) for each in filters]
    for grouping, (place, (user, chosen)) in product(board.groupings(listing), enumerate(cases)):
        state, _problems = from_args(listing, {"filter": chosen, "sort": sorts[place % len(sorts)]})
        found = cards_of(session, user, kind, state, grouping, at)
        statement, values = engine.ids(session, user, kind, {"filter": chosen}, at=at)
        ids = [number for lane in found.values() for number in lane]
        assert len(ids) == len(set(ids)) and set(ids) == set(session.scalars(statement, values))
        whole = [row.id for row in engine.page(session, user, listing, state, at=at).rows]
        for lane in found.values():
            assert lane == [number for number in whole if number in lane], "the order of the list"
    board._cards.cache_clear()


def test_columns_stand_in_the_order_of_the_process_and_say_how_their_clocks_stand(session, people, clock):
    listing, at = LISTINGS["complaints"], clock.now()
    lanes, _more = board.lanes(session, people.manager, listing, State(), board.default(listing), None, at)
    assert [lane.value for lane in lanes] == [
        "REGISTERED", "EXPLAINED", "SELF_HANDLING", "HANDED_OVER", "VERIFIED", "PLANNED", "VISITED", "CLOSED", "ESCALATED",
    ]  # fmt: skip
    told = {lane.value: (lane.count, lane.late, lane.soon) for lane in lanes if lane.late or lane.soon}
    assert told == {"REGISTERED": (2, 0, 1), "PLANNED": (1, 1, 0)}


def test_the_head_sums_what_is_summed(sign_in, people):
    text = sign_in(people.manager).get("/records/contracts?view=kanban&filter=", status=200).text
    assert "16,000.00" in text and "20,000.00" in text


def test_a_board_shows_states_without_cards_and_folds_the_closed_ones(sign_in, people):
    client = sign_in(people.manager)
    text = client.get("/records/complaints?view=kanban&filter=", status=200).text
    folded = re.findall(r'class="kanban-folded" href="([^"]+)" data-lane="(\w+)"', text)
    assert [key for _url, key in folded] == ["EXPLAINED", "CLOSED", "ESCALATED"]
    assert 'data-lane="VERIFIED"' in text and "TS-2026-0006" not in text
    opened = client.get(html.unescape(folded[1][0]), status=200).text
    assert re.search(r'<section class="kanban-column"[^>]*data-lane="CLOSED"', opened) and "TS-2026-0006" in opened


def test_more_cards_come_twenty_at_a_time_with_and_without_javascript(sign_in, make, clock, queries):
    client = sign_in(Role.MANAGER)
    customer = make.customer()
    counts = []
    for number in range(1, 46):
        rows.complaint(client.user, customer, number, clock.now(), None)
        if number in (3, 45):
            client.get("/records/complaints?view=kanban&filter=")
            with queries() as seen:
                first = client.get("/records/complaints?view=kanban&filter=", status=200).text
            counts.append(len(seen))
    assert counts[0] == counts[1] <= 15
    assert first.count('class="kanban-card"') == 20
    onward = html.unescape(re.search(r'kanban-more" href="([^"]+)"', first).group(1))
    part = client.get(onward, htmx=True, status=200).text
    assert part.count('class="kanban-card"') == 20 and "<html" not in part
    last = html.unescape(re.search(r'kanban-more" href="([^"]+)"', part).group(1))
    whole = client.get(last, status=200).text
    assert whole.count('class="kanban-card"') == 5 and "kanban-more" not in whole and "<html" in whole
    numbers = [set(re.findall(r'data-number="([^"]+)"', text)) for text in (first, part, whole)]
    assert len(set.union(*numbers)) == 45


@pytest.mark.parametrize(
    "query",
    [
        "group=nothing", "group=received:month", f"group={'x' * 5000}", "open=,<script>", "columns=REGISTERED",
        "columns=NONE&after=abc", "columns=CLOSED&after=WyIiLDEsMSwxXQ", "after=~~", "group=state&open=,,,,", "sort=due&after=zz",
        "group=customer", "measure=7&span=99&day=x",
    ],
)  # fmt: skip
def test_odd_links_still_show_a_board(sign_in, people, query):
    text = sign_in(people.manager).get(f"/records/complaints?view=kanban&filter=&{query}", status=200).text
    assert "data-board" in text and "<script>" not in text


def test_an_unknown_column_is_said(sign_in, people):
    text = sign_in(people.manager).get("/records/complaints?view=kanban&group=nothing", status=200).text
    assert "链接中的分列方式无法识别" in text


def test_another_branch_is_not_on_the_board(sign_in, people):
    near = sign_in(people.specialist).get("/records/complaints?view=kanban&filter=", status=200).text
    far = sign_in(people.far).get("/records/complaints?view=kanban&filter=", status=200).text
    assert "漏水 1<" in near and "漏水 3<" not in near
    assert "漏水 3<" in far and "漏水 1<" not in far


# ---------- Moving ----------


def grips(text):
    return {
        dict(parse_qsl(urlsplit(url).query))["next"] and urlsplit(url).path.split("/")[-2]: url
        for url in map(html.unescape, re.findall(r'draggable="false" href="([^"]+)"', text))
    }


def ways(text):
    found = {}
    for key, inner in re.findall(r'<li data-way="([^"]+)"(.*?)</li>', text, re.S):
        kind = "refused" if "data-reason" in inner else "form" if "<form" in inner else "step"
        found.setdefault(key, []).append(kind)
    return found


BOARD = "/records/complaints?filter=&view=kanban"


def test_a_card_goes_only_where_the_process_lets_this_person(sign_in, people):
    client = sign_in(people.specialist)
    url = grips(client.get(BOARD, status=200).text)["TS-2026-0001"]
    text = client.get(url, htmx=True, status=200).text
    assert ways(text) == {
        "EXPLAINED": ["step"], "REFUSED": ["refused"], "SELF_HANDLING": ["step"], "HANDED_OVER": ["step"],
        "VERIFIED": ["refused"], "PLANNED": ["refused"], "VISITED": ["refused"], "CLOSED": ["refused"],
        "ESCALATED": ["step"],
    }  # fmt: skip
    assert "只有" in text or "仅限" in text
    assert "没有直接到这里的步骤" in text


def test_a_step_that_asks_for_something_comes_back_to_the_board(sign_in, people, session):
    client = sign_in(people.specialist)
    panel = client.get(grips(client.get(BOARD).text)["TS-2026-0001"], htmx=True).text
    url = html.unescape(re.search(r'href="([^"]+/steps/handle[^"]*)"', panel).group(1))
    form = client.get(url, htmx=True, status=200).text
    back = html.unescape(re.search(r'name="next" value="([^"]+)"', form).group(1))
    assert back.startswith("/records/complaints?") and "view=kanban" in back
    version = re.search(r'name="version"[^>]*value="(\d+)"', form).group(1)
    path = urlsplit(url).path
    refused = client.post(path, {"version": version, "next": back}, status=422).text
    assert html.escape(back) in refused
    answer = client.post(path, {"version": version, "next": back, "plan": "上门清扫"}, status=303)
    assert answer.location == back
    text = client.get(back, status=200).text
    assert "现为“客服直接处理”" in text and "不能撤销" in text
    away = client.get(f"{path.replace('handle', 'escalate')}?next=https://elsewhere.example/", status=200).text
    step = away[away.index('id="step"') :]
    assert 'name="next"' not in step and "elsewhere" not in step


def take(client, session, number="SJ-1", **more):
    version = session.scalar(select(Escalation.version).where(Escalation.number == number))
    back = "/records/escalations?filter=&view=kanban"
    data = {"group": "state", "to": "ASSESSING", "version": version, "next": back, "client_key": new_key()} | more
    return client.post(f"/records/escalations/{number}/move", data, check=False), data


def events(session):
    return len(list(session.scalars(select(Event.id).where(Event.record_kind == "escalations"))))


def test_a_step_without_needs_is_carried_out_once(sign_in, people, session):
    client = sign_in(people.manager)
    answer, data = take(client, session)
    assert (answer.status_code, answer.location) == (303, data["next"])
    text = client.get(data["next"], status=200).text
    assert "这一步不能撤销" in text and 'data-lane="ASSESSING"' in text
    before = events(session)
    again = client.post("/records/escalations/SJ-1/move", data, status=303)
    assert again.location == data["next"] and events(session) == before
    assert "这一步不能撤销" not in client.get(data["next"]).text


def test_who_may_not_is_refused_with_the_reason(sign_in, people, session):
    answer, _data = take(sign_in(people.specialist), session)
    assert answer.status_code == 409 and "data-board" in answer.text and 'role="alert"' in answer.text
    assert session.scalar(select(Escalation.state).where(Escalation.number == "SJ-1")) == "SUBMITTED"


def test_a_stale_card_is_not_moved_and_the_board_says_so(sign_in, people, session):
    client = sign_in(people.manager)
    board_page = client.get("/records/escalations?filter=&view=kanban", status=200).text
    with transaction() as writing:
        writing.execute(update(Escalation).where(Escalation.number == "SJ-1").values(version=Escalation.version + 1))
    sentence = "已被别人改动"
    assert sentence in client.get(grips(board_page)["SJ-1"], status=409, check=False).text
    answer, _data = take(client, session, version="1")
    assert answer.status_code == 409 and sentence in answer.text and "data-board" in answer.text
    assert session.scalar(select(Escalation.state).where(Escalation.number == "SJ-1")) == "SUBMITTED"


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"to": "NOWHERE"}, 422), ({"to": ""}, 422), ({"group": "why"}, 409), ({"group": "x" * 900}, 422), ({"version": "x"}, 409),
        ({"to": "SUBMITTED"}, 422), ({"next": "https://elsewhere.example/"}, 303), ({"client_key": "k" * 900}, 303),
    ],
)  # fmt: skip
def test_tampered_moves_are_refused(sign_in, people, session, more, status):
    answer, _data = take(sign_in(people.manager), session, **more)
    assert answer.status_code == status
    assert "elsewhere" not in (answer.location or "")


def test_a_card_of_another_branch_is_not_there(sign_in, people):
    client = sign_in(people.specialist)
    for method in (client.get, client.post):
        method("/records/complaints/TS-2026-0003/move?group=state&version=1", status=404, check=False)


def test_the_manager_moves_cards_from_owner_to_owner_and_back(sign_in, people, session, make):
    other = make.user(Role.SPECIALIST, name="孟洁")
    client = sign_in(people.manager)
    owners = f"{BOARD}&group=owner"
    text = client.get(owners, status=200).text
    panel = client.get(grips(text)["TS-2026-0001"], htmx=True, status=200).text
    assert ways(panel)[str(other.id)] == ["form"] and ways(panel)["-"] == ["refused"]
    fields = dict(re.findall(r'name="(version|group|next|client_key)" value="([^"]*)"', panel))
    fields = {name: html.unescape(value) for name, value in fields.items()} | {"to": str(other.id)}
    client.post("/records/complaints/TS-2026-0001/move", fields, status=303)
    owner = select(Complaint.owner_id).where(Complaint.number == "TS-2026-0001")
    assert session.scalar(owner) == other.id
    after = client.get(fields["next"], status=200).text
    undo = html.unescape(re.search(r'<form method="post" action="([^"]+/move\?[^"]+)"', after).group(1))
    client.post(undo, status=303)
    session.expire_all()
    assert session.scalar(owner) == people.specialist.id


def test_a_board_that_cannot_be_moved_says_why(sign_in, people):
    text = sign_in(people.specialist).get(f"{BOARD}&group=owner", status=200).text
    assert "这里不能移动卡片" in text and "grip" not in text.replace("grip-vertical", "")
    tasks = sign_in(people.manager).get("/records/tasks?view=kanban&filter=", status=200).text
    assert "这里不能移动卡片" in tasks


def test_undo_of_an_outdated_move_is_refused(sign_in, people):
    query = urlencode({"group": "owner", "to": str(people.far.id), "version": "77", "next": BOARD})
    answer = sign_in(people.manager).post(f"/records/complaints/TS-2026-0001/move?{query}", check=False)
    assert answer.status_code == 409 and "已被别人改动" in answer.text


def test_what_asks_for_nothing_is_done_at_once_and_nothing_else():
    """The process says which steps ask for something: those have a page, the others a change that asks for nothing."""
    steps = {
        (kind, step.action): step
        for kind, listing in LISTINGS.items()
        if (process := getattr(listing.model, "PROCESS", None)) is not None and kind in kanban.MOVED
        for step in process.transitions
        if step.sources and not step.automatic
    }
    assert len(steps) > 10
    for (kind, action), step in steps.items():
        asks = bool(step.required or step.optional or step.on_behalf or step.happened_field)
        at_once = kanban._at_once(LISTINGS[kind], action) is not None
        assert not (asks and at_once), f"{kind} {action} asks for something: it needs its page"
        assert at_once or action in kanban.FORMS[kind].forms


def test_undo_is_offered_where_the_rules_have_a_way_back(sign_in, people, session, make, monkeypatch):
    """A way back that asks for something is offered as the page of that step."""
    client, (other, board_url) = sign_in(people.manager), (make.user(Role.SPECIALIST), f"{BOARD}&group=owner")
    real = kanban._by_hand

    def asking(listing, record, grouping):
        found = real(listing, record, grouping)
        return [
            kanban.Way(way.key, way.place, "改派", url="/records/complaints/asked")
            if way.key == str(people.specialist.id)
            else way
            for way in found
        ]

    monkeypatch.setattr(kanban, "_by_hand", asking)
    grip = grips(client.get(board_url, status=200).text)["TS-2026-0001"]
    panel = client.get(grip, htmx=True, status=200).text
    fields = dict(re.findall(r'name="(version|group|next|client_key)" value="([^"]*)"', panel))
    fields = {name: html.unescape(value) for name, value in fields.items()} | {"to": str(other.id)}
    client.post("/records/complaints/TS-2026-0001/move", fields, status=303)
    after = client.get(fields["next"], status=200).text
    assert 'href="/records/complaints/asked"' in after and "data-undo" not in after


def test_a_kept_card_tells_the_time_anew_and_to_each_whether_it_is_theirs(make, clock, sign_in):
    """Cards are kept by what the database says: the clock goes on all the same, and eyes differ."""
    from tests.listing.test_lists import complaint_with_clock

    owner, other = sign_in(Role.SPECIALIST), sign_in(make.user(Role.MANAGER, name="陈丽华"))
    complaint_with_clock(make, clock, make.customer(), owner=owner.user, hours=5, number=1)
    path = "/records/complaints?view=kanban&filter="
    assert "剩 5 时" in owner.get(path, status=200).text
    clock.advance(minutes=20)
    mine = owner.get(path, status=200).text
    assert "剩 4 时 40 分" in mine and "剩 5 时" not in mine and "push avatar-dot me" in mine
    assert "push avatar-dot me" not in other.get(path, status=200).text
