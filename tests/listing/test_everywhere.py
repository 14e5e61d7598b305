"""A word without a field finds what the rows show and what the records say, however many fit."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from sqlalchemy import update

from portal.db import transaction
from portal.listing import engine, everywhere, passages
from portal.listing.kinds import search
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.complaint import Complaint
from portal.models.project import Project
from portal.models.task import Task, TaskKind
from portal.permissions import Role
from portal.services import talk
from tests.listing import rows


@pytest.fixture
def find(make, session, clock, monkeypatch):
    """The numbers of the rows; page, count and every way of looking must agree."""
    manager = make.user(Role.MANAGER)

    def found(kind: str, q: str, where: str = "") -> set[int]:
        listing, answers = LISTINGS[kind], []
        for few, few_texts in ((3000, 3000), (-1, 3000), (3000, -1), (-1, -1)):
            monkeypatch.setattr(search, "FEW", few)
            monkeypatch.setattr(passages, "FEW", few_texts)
            page = engine.page(session, manager, listing, State(q, where=where), at=clock.now())
            count = engine.count_state(session, manager, listing, State(q, where=where), at=clock.now())
            answers.append(frozenset(row.id for row in page.rows))
            assert count == (len(answers[-1]), False)
        assert len(set(answers)) == 1, answers
        return set(answers[0])

    found.manager = manager
    return found


def words_links(text):
    return [
        unescape(link) for link in re.findall(r'href="([^"]*)"', text) if "words" in link and "conditions" not in link
    ]


def complaint(make, clock, number, **fields):
    customer = make.customer(name=f"客{number}", phone=f"1380000{number:04d}")
    texts = {"subject": "无", "content": "无", "demand": "无", **fields}
    return rows.complaint(None, customer, number, clock.now(), None, **texts)


def test_a_word_is_found_in_subject_texts_and_notes_beside_names_and_numbers(make, clock, find):
    one = complaint(make, clock, 1, subject="卫生间闭水后楼下渗水")
    other = complaint(make, clock, 2, content="业主说渗水严重")
    noted = complaint(make, clock, 3)
    complaint(make, clock, 4)
    with transaction() as writing:
        talk.add_note(writing, writing.get_one(Complaint, noted), "墙面渗水已拍照", actor=find.manager, at=clock.now())
    assert find("complaints", "渗水") == {one, other, noted}
    assert find("complaints", "渗水 客2") == {other}, "each word somewhere"
    assert find("complaints", "渗水 0003") == {noted}
    assert find("complaints", "客4 渗水") == set()
    assert find("complaints", "渗水 13800000001") == {one}, "beside a word that is narrow by itself"


def test_people_that_the_rows_show_are_found_by_name_and_pinyin(make, clock, find):
    one, other = complaint(make, clock, 1), complaint(make, clock, 2)
    owner = make.user(Role.SPECIALIST, name="马建国")
    with transaction() as writing:
        writing.execute(update(Complaint).where(Complaint.id == one).values(owner_id=owner.id))
    assert find("complaints", "马建国") == find("complaints", "马建") == find("complaints", "majianguo") == {one}
    assert find("complaints", "马") == set(), "one sign is a surname of customers"
    assert other not in find("complaints", "mjg")


def test_every_list_that_shows_people_of_an_index_finds_them():
    columns = {kind: {column.name for column in everywhere._people(kind)} for kind in LISTINGS}
    assert columns["complaints"] == {"owner_id"} and columns["repair-orders"] == {"captain_id"}
    assert columns["tasks"] == {"person_id"}
    assert columns["projects"] == {"designer_id", "project_manager_id"}


def test_the_manager_of_a_project_is_found(make, session, find):
    one, _other = (
        make.project(make.customer(name="甲一", phone="13800000001")),
        make.project(make.customer(name="乙二")),
    )
    with transaction() as writing:
        party = make.party(name="王志强")
        writing.execute(update(Project).where(Project.id == one.id).values(project_manager_id=party.id))
    assert find("projects", "王志强") == {one.id}


@pytest.mark.parametrize("q", ["3-5", "50%", "'", '"', "a_b c", "水" * 100, "NEAR(", "-无", "*"])
def test_any_sign_may_be_typed(make, clock, find, q):
    complaint(make, clock, 1, content="3-5 天，50% 退款")
    assert len(find("complaints", q)) <= 1


def test_whose_a_record_is_can_be_asked_by_name_phone_and_address(make, clock, find, session):
    one, other = make.customer(name="罗建平", phone="13812340048"), make.customer(name="罗建国", phone="13900480000")
    make.property(one, estate="翠湖天地", building="3", unit="1", room="502")
    texts = {"subject": "罗建平 0048 翠湖天地", "content": "无", "demand": "无"}
    mine, _others = (
        rows.complaint(None, who, place, clock.now(), None, **texts) for place, who in enumerate((one, other))
    )
    for field, said in (
        ("of-name", "罗建平"), ("of-name", "luojianp"), ("of-name", "ljp"), ("of-phone", "0048"), ("of-phone", "138 1234"),
        ("of-phone", "13812340048"), ("of-address", "翠湖"), ("of-address", "翠湖天地 3-1-502"), ("of-address", "chtd"),
    ):  # fmt: skip
        assert find(
            "complaints", "", where=json.dumps(["all", ["of-name", "contains", "罗"], [field, "contains", said]])
        ) == {mine}
        assert find("complaints", "", where=json.dumps(["none", [field, "contains", said]])) == {_others}
    assert find("complaints", "", where=json.dumps(["all", ["of-phone", "contains", "罗"]])) == set()


def test_the_box_offers_whose_it_is(sign_in):
    client = sign_in(Role.MANAGER)
    for kind, keys in (
        ("complaints", ("of-name", "of-phone", "of-address")), ("projects", ("of-name", "of-phone", "of-address")),
        ("repair-orders", ("of-name", "of-phone", "address")), ("follow-up-calls", ("of-name", "of-phone", "of-address")),
        ("consultations", ("name", "phone", "of-address")),
    ):  # fmt: skip
        shown = client.get(f"/records/{kind}", status=200).text
        assert all(f'data-in="{key}"' in shown for key in keys), kind
    chosen = client.get("/records/complaints", query={"q": "138", "in": "of-phone"}, status=303)
    assert (
        "联系电话" in client.get(chosen.location, status=200).text
        or "电话" in client.get(chosen.location, status=200).text
    )


def test_an_empty_page_leads_to_the_texts_of_all_records(make, clock, sign_in):
    complaint(make, clock, 1, content="楼下渗水")
    client = sign_in(Role.MANAGER)
    empty = client.get("/records/complaints", query={"q": "渗水", "filter": "second-round"}, status=200)
    found = client.get(words_links(empty.text)[0], status=200)
    assert "客1" in found.text and "客1" not in empty.text
    nothing = client.get("/records/complaints", query={"q": "嬲囍", "filter": ""}, status=200)
    assert words_links(nothing.text) == [], "it was looked for there"


def test_a_task_is_found_by_what_its_row_says_of_the_record(make, clock, find):
    def task(number: int, detail: str, content: str = "无") -> int:
        record = complaint(make, clock, number, subject=detail, content=content)
        with transaction() as writing:
            found = Task(
                kind=TaskKind.DEADLINE.value, title="Solve on site", record_kind="complaints", record_id=record,
                record_number=f"TS-{number}", detail=detail, started_at=clock.now(), person_id=find.manager.id,
            )  # fmt: skip
            writing.add(found)
            writing.flush()
            return found.id

    one, _other = task(1, "客厅瓷砖空鼓"), task(2, "墙面开裂", content="瓷砖空鼓也有")
    assert find("tasks", "空鼓") == find("tasks", "空鼓 瓷砖") == {one}, "what the row does not say is not found"
    assert find("tasks", "空鼓 开裂") == set()


def test_a_task_is_found_by_what_people_wrote_on_it(make, session, clock, find):
    customer = make.customer(name="张建军")
    record = rows.complaint(None, customer, 1, clock.now(), None)

    def task(kind: TaskKind, title: str, **more: str) -> int:
        with transaction() as writing:
            found = Task(
                kind=kind.value, title=title, record_kind="complaints", record_id=record, record_number="TS-2026-0001",
                started_at=clock.now(), person_id=find.manager.id, **more,
            )  # fmt: skip
            writing.add(found)
            writing.flush()
            return found.id

    door, _clock = task(TaskKind.HAND, "给客户装临时门锁"), task(TaskKind.DEADLINE, "Solve on site")
    promise = task(TaskKind.PROMISE, "周五前回电话", note="客户要换门锁的颜色")
    assert find("tasks", "门锁") == {door, promise}
    assert find("tasks", "門鎖 回电") == {promise}
    assert find("tasks", "Solve") == set(), "the title of a clock reads in the language of whoever looks"
    with transaction() as writing:
        writing.get_one(Task, door).result = "已换密码盘"
    assert find("tasks", "密码盘") == {door}
    assert find("tasks", "", where=json.dumps(["all", ["words", "contains", "门锁"]])) == {door, promise}


def test_where_nothing_fits_a_word_the_filters_that_are_called_so_are_offered(sign_in):
    """Titles of clocks stand in no text: without script too they are found as filters."""
    client = sign_in(Role.MANAGER)
    page = client.get("/records/tasks?q=答复", status=200)
    offered = re.findall(r'<a class="btn" href="([^"]*)">按筛选查看：([^<]*)</a>', page.text)
    assert 0 < len(offered) <= 4
    for url, label in offered:
        assert "答复" in label
        assert "q=" not in url
        assert label.split(" · ")[-1] in client.get(unescape(url), status=200).text
    assert "按筛选查看" not in client.get("/records/tasks?q=无人这样称呼", status=200).text
    assert "按筛选查看" not in client.get("/records/tasks?q=答", status=200).text, "one sign says too little"
