"""Full text: any two signs of what a record says or of what was written about it find the record, and only those."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from portal import hanzi
from portal.db import transaction
from portal.listing import engine, passages
from portal.listing.kinds import search
from portal.listing.registry import LISTINGS
from portal.listing.state import from_args
from portal.models import passage
from portal.models.complaint import Complaint, ComplaintRound
from portal.models.customer import Customer
from portal.models.passage import Passage, pairs, phrase
from portal.permissions import Role
from portal.services import search as palette
from portal.services import talk
from portal.visibility import visible_to
from tests.listing import rows


def where(said: str, operator: str = "contains") -> dict[str, str]:
    return {"filter": "", "where": json.dumps(["all", ["words", operator, said]])}


@pytest.fixture
def found(make, session, clock):
    """The ids of a list whose records say something; list, count and both ways of looking must agree."""
    manager = make.user(Role.MANAGER)

    def find(kind: str, said: str, user: Any = None, operator: str = "contains") -> set[int]:
        user, listing, answers = user or manager, LISTINGS[kind], []
        state, problems = from_args(listing, where(said, operator))
        assert problems == [], problems
        for few in (3000, -1):  # gathered, then tried on each row
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(passages, "FEW", few)
                page = engine.page(session, user, listing, state, at=clock.now())
            answers.append({row.id for row in page.rows})
        assert answers[0] == answers[1]
        assert engine.count_state(session, user, listing, state, at=clock.now()) == (len(answers[0]), False)
        return answers[0]

    return find


def complaint(make: Any, clock: Any, number: int, **fields: Any) -> int:
    customer = make.customer()
    return rows.complaint(
        None, customer, number, clock.now(), None, **{"subject": "无", "content": "无", "demand": "无", **fields}
    )


def test_any_part_of_any_text_finds_the_record(make, clock, found):
    one = complaint(make, clock, 1, content="厨房水槽下面漏水，邻居已来投诉", demand="要求 3 天内修好 ABC-7")
    other = complaint(make, clock, 2, subject="水漏到楼下", content="漏，水")
    assert found("complaints", "漏水") == {one}
    assert found("complaints", "水槽下面漏") == {one}
    assert found("complaints", "漏到") == {other}
    assert found("complaints", "漏，水") == {other}
    assert found("complaints", "3 天") == found("complaints", "３　天") == {one}
    assert found("complaints", "abc-7") == {one}
    assert found("complaints", "来投诉要求") == set(), "two fields are two texts"
    assert found("complaints", "漏水", operator="lacks") == {other}


def test_signs_with_a_meaning_for_databases_mean_themselves(make, clock, found):
    texts = ["打折 50% 吗", "a_b", 'say "hi" AND', "c:\\d*", "x'y", "NEAR(甲 乙)", "-乙", "甲/乙"]
    made = {said: complaint(make, clock, number, content=said) for number, said in enumerate(texts, 1)}
    for said, number in made.items():
        assert found("complaints", said) == {number}, said
    assert found("complaints", "50_") == set()
    assert found("complaints", "%%") == set()


def test_traditional_and_simplified_find_each_other(make, clock, found):
    one = complaint(make, clock, 1, content="廚房漏水，請儘快處理")
    other = complaint(make, clock, 2, content="厨房漏水")
    assert found("complaints", "厨房漏") == found("complaints", "廚房漏") == {one, other}


def test_notes_and_messages_belong_to_their_record(make, clock, found, session):
    manager = make.user(Role.MANAGER)
    customer, stranger = make.customer(), make.customer()
    with transaction() as writing:
        talk.add_note(writing, writing.get_one(Customer, customer.id), "钥匙放在物业处", actor=manager, at=clock.now())
    assert found("customers", "在物业") == {customer.id}
    assert found("projects", "在物业") == set()
    assert stranger.id in found("customers", "在物业", operator="lacks")


def test_changing_and_deleting_keep_it_true(make, clock, found, session):
    number = complaint(make, clock, 1, content="瓷砖空鼓")
    with transaction() as writing:
        writing.get_one(Complaint, number).content = "墙面开裂"
        writing.add(ComplaintRound(complaint_id=number, round_no=1, plan="铲除重贴"))
    assert found("complaints", "空鼓") == set()
    assert found("complaints", "面开") == found("complaints", "除重") == {number}
    with transaction() as writing:
        round_one = writing.scalars(select(ComplaintRound)).one()
        round_one.plan = None
    assert found("complaints", "除重") == set()
    with transaction() as writing:
        writing.delete(writing.scalars(select(ComplaintRound)).one())
        writing.flush()
        writing.delete(writing.get_one(Complaint, number))
    assert session.scalars(select(Passage).where(Passage.record_kind == "complaints")).all() == []
    with transaction() as writing:
        if writing.get_bind().dialect.name == "sqlite":
            assert (
                writing.scalar(
                    text("SELECT count(*) FROM passage_pair WHERE passage_pair MATCH :q"),
                    {"q": phrase("complaints", "面开")},
                )
                == 0
            )


def test_what_is_rolled_back_is_not_written(make, session):
    customer = make.customer()
    with pytest.raises(RuntimeError), transaction() as writing:
        writing.get_one(Customer, customer.id).needs = "不会留下"
        writing.flush()
        raise RuntimeError
    with transaction() as writing:
        writing.get_one(Customer, customer.id).needs = "会留下"
    assert [each.text for each in session.scalars(select(Passage).where(Passage.record_kind == "customers"))] == [
        "会留下"
    ]


def test_what_was_merged_is_found_at_the_record_that_is_kept(make, clock, found, session):
    manager = make.user(Role.MANAGER)
    kept, double = make.customer(remarks="常驻外地"), make.customer(remarks="楼下敏感")
    with transaction() as writing:
        talk.add_note(writing, writing.get_one(Customer, double.id), "周末才在家", actor=manager, at=clock.now())
    with transaction() as writing:
        one, two = writing.get_one(Customer, kept.id), writing.get_one(Customer, double.id)
        two.merged_into_id = one.id
    assert found("customers", "才在家") == {kept.id}
    assert found("customers", "下敏感") == set(), "its own fields are seen nowhere"
    with transaction() as writing:
        writing.get_one(Customer, double.id).merged_into_id = None
    assert found("customers", "才在家") == found("customers", "下敏感") == {double.id}


def test_only_records_that_one_sees_are_found_and_counted(make, sample, clock, found):
    everything = found("complaints", "漏水", sample.manager)
    near, far = found("complaints", "漏水", sample.specialist), found("complaints", "漏水", sample.far)
    assert near and far and not near & far
    assert near | far == everything


def test_one_sign_is_refused_with_a_sentence(make, sign_in):
    browser = sign_in(Role.MANAGER)
    answer = browser.get("/records/complaints?filter=&q=漏&in=words")
    assert answer.status_code == 200
    assert "两个字" in answer.text and 'value="漏"' in answer.text
    answer = browser.get("/records/complaints?filter=&q=漏水&in=words", follow_redirects=True)
    assert answer.status_code == 200 and "全文与备注" in answer.text
    for said in ("%00", "x" * 10_000, "\ud800甲"):
        wanted = {"filter": "", "where": json.dumps(["all", ["words", "contains", said]])}
        assert browser.get("/records/complaints", query_string=wanted).status_code == 200


ALPHABET = "漏水厨房的，。 aB1-%_\"'廚（"
TEXTS = st.lists(st.text(ALPHABET, max_size=24), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=TEXTS, wanted=st.data())
def test_it_finds_what_looking_through_every_text_finds(app, make, clock, session, texts, wanted):
    """The oracle reads every text and compares."""
    whole = "".join(texts)
    start = wanted.draw(st.integers(0, max(0, len(whole) - 2)))
    said = passages.meant(whole[start : start + wanted.draw(st.integers(2, 6))])
    if len(said) < passages.SHORTEST:
        said = "漏水"
    with transaction() as writing:
        writing.query(Passage).delete()
        kept = [(("customers", number, 0), hanzi.plain(each)) for number, each in enumerate(texts, 1)]
        if written := [each for each in kept if each[1]]:
            passage._add(writing, written)
    expected = {number for number, each in enumerate(texts, 1) if said in hanzi.folded(hanzi.plain(each))}
    match, few, _pattern = passages.asked("customers", said)
    if session.get_bind().dialect.name == "sqlite":
        query = text(
            "SELECT record_id FROM passage JOIN passage_pair ON passage_pair.rowid = passage.id WHERE passage_pair MATCH :few"
        )
        answer = session.scalars(query, {"few": few})
    else:
        answer = session.scalars(
            text(f"SELECT record_id FROM passage WHERE {passages._match('customers', ':said')}"), {"said": match}
        )
    assert set(answer) == expected
    session.rollback()


def test_volume_written_past_the_models_is_filled(make, clock, session, found):
    number = complaint(make, clock, 1, content="补写的文字")
    manager = make.user(Role.MANAGER)
    with transaction() as writing:
        talk.add_note(writing, writing.get_one(Complaint, number), "备注一条", actor=manager, at=clock.now())
    with transaction() as writing:
        writing.query(Passage).delete()
    assert found("complaints", "补写") == set()
    with transaction() as writing:
        passage.fill(writing)
        passage.fill(writing)
    assert found("complaints", "补写") == found("complaints", "注一") == {number}


def test_pairs():
    assert pairs("repair-orders", "漏水 a") == "漏水repairorders 水\ue020repairorders \ue020arepairorders"
    assert phrase("customers", "漏") == '""'


def test_texts_made_alike_keep_their_length():
    for said in ("İstanbul", "ß", "張Ａ b", "廚房"):
        plain = hanzi.plain(said)
        assert len(hanzi.folded(plain)) == len(plain)


def test_the_palette_names_records_with_the_place_where_it_stands(make, sample, clock, session):
    one = complaint(
        make, clock, 90, content="客厅瓷砖空鼓，走上去有响声，接缝也不直，业主要求本周内返工并赔偿误工费用若干"
    )
    groups = {str(title): hits for title, hits in palette.find(session, sample.manager, "瓷砖空")}
    (hit,) = groups[str(palette.TEXTS)]
    assert hit.label == session.get_one(Complaint, one).number and "瓷砖空鼓" in hit.extra
    assert palette.find(session, sample.far, "漏水")[0][1] != palette.find(session, sample.specialist, "漏水")[0][1]
    for user in (sample.specialist, sample.far):
        seen = {session.get_one(Complaint, number).number for number in near(session, user)}
        hits = [hit for _title, hits in palette.find(session, user, "漏水") for hit in hits if "TS-" in hit.label]
        assert hits and {hit.label for hit in hits} <= seen


def near(session: Any, user: Any) -> set[int]:
    return set(session.scalars(visible_to(user, Complaint).with_only_columns(Complaint.id)))


def test_the_palette_names_only_the_list_where_very_many_say_it(make, sample, clock, session, monkeypatch):
    monkeypatch.setattr(search, "FEW", 2)
    hits = [hit for _title, hits in palette.find(session, sample.manager, "漏水") for hit in hits]
    assert any("/records/complaints?" in hit.url and "words" in hit.url for hit in hits)
