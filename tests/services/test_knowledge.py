"""The knowledge base: editions, consent by four eyes, publishing, who has read what. Source: `domain.md` 3.24, 4.27."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from jobs import knowledge as morning
from portal.db import session, transaction
from portal.errors import ConditionsMissing, DomainError, Invalid, NotPermitted
from portal.models.approval import Approval
from portal.models.knowledge import KnowledgeArticle, KnowledgeReading
from portal.models.org import PartyKind
from portal.models.outbox import Outbox
from portal.permissions import Role
from portal.services import approvals, consents, knowledge
from portal.visibility import may_see

TEXT = "# 接听\n三声内接听，先问候。\n\n- 报公司\n- 报姓名"


@pytest.fixture
def desk(make: Any, clock: Any) -> Any:
    """Who writes, who decides, who only reads."""
    return SimpleNamespace(
        clock=clock,
        writer=make.user(Role.SPECIALIST, name="周晓雯"),
        manager=make.user(Role.MANAGER, name="陈丽华"),
        front=make.user(Role.FRONT_DESK, name="李敏"),
    )


def draft(**more: Any) -> knowledge.Draft:
    return knowledge.Draft(**{"title": "电话接听规范", "category": "MANNERS", "body": TEXT} | more)


def written(desk: Any, **more: Any) -> KnowledgeArticle:
    with transaction() as writing:
        return knowledge.write(writing, draft(**more), actor=writing.merge(desk.writer), at=desk.clock.now())


def act(desk: Any, service: Any, record: Any, command: Any = None, *, by: Any = None) -> Any:
    with transaction() as writing:
        actor = writing.merge(by or desk.writer)
        service(writing, writing.get_one(type(record), record.id), command, actor=actor, at=desk.clock.now())
    session().expire_all()
    return session().get_one(type(record), record.id)


def decided(desk: Any, record: KnowledgeArticle, act_of: Any, word: Any, *, by: Any = None) -> KnowledgeArticle:
    """As from the inbox: what is decided is the request."""
    request = session().scalars(select(Approval).where(Approval.id == record.approval_id)).one()
    act(desk, act_of, request, word, by=by or desk.manager)
    return session().get_one(KnowledgeArticle, record.id)


def published(desk: Any, record: KnowledgeArticle | None = None, **more: Any) -> KnowledgeArticle:
    record = record or written(desk, **more)
    record = act(desk, knowledge.ask, record)
    return decided(desk, record, consents.approve, approvals.Word(reason="可以"))


def test_what_a_manager_wrote_takes_the_general_managers_consent(desk, make):
    gm = make.party(PartyKind.GM, name="总经理", department="MANAGEMENT", is_head=True)
    record = act(desk, knowledge.ask, written(desk), by=desk.manager)
    assert [step.level for step in record.approval.steps] == ["GM"]
    with pytest.raises(Invalid):
        decided(desk, record, consents.approve, approvals.Word(reason="自己批"))
    said = approvals.Word(gm, desk.clock.now(), "可以", "总经办档案 9")
    record = decided(desk, record, consents.approve, said)
    assert (record.state, record.newest.approved_by) == ("PUBLISHED", "总经理")


def test_written_asked_for_approved_and_published_at_once(desk):
    record = written(desk)
    assert (record.number, record.state, record.edition_no, record.newest.no) == ("ZS-2026-0001", "DRAFT", 0, 1)
    record = act(desk, knowledge.ask, record)
    assert (record.state, record.is_asked, record.approval.what) == ("DRAFT", True, "KNOWLEDGE")
    assert [step.level for step in record.approval.steps] == ["MANAGER"]
    for service, command in ((knowledge.change, draft()), (knowledge.ask, None)):  # it stays as it was asked for
        with pytest.raises(ConditionsMissing):
            act(desk, service, record, command)
    record = decided(desk, record, consents.approve, approvals.Word())
    assert (record.state, record.edition_no, record.effective_from) == ("PUBLISHED", 1, date(2026, 5, 11))
    assert (record.newest.approved_by, record.newest.published_at is not None) == ("陈丽华", True)
    assert record.approval.is_used
    with pytest.raises(ConditionsMissing):  # what is published is retired, not taken back
        decided(desk, record, approvals.take_back, approvals.TakeBack("–"))


def test_nobody_approves_who_only_writes(desk):
    record = act(desk, knowledge.ask, written(desk))
    with pytest.raises(NotPermitted):
        act(desk, knowledge.approve, record, approvals.Word(), by=desk.writer)
    assert (record.state, record.edition_no, record.is_asked) == ("DRAFT", 0, True)


def test_refused_changed_and_asked_anew(desk):
    record = act(desk, knowledge.ask, written(desk))
    with pytest.raises(Invalid) as refusal:
        decided(desk, record, consents.refuse, approvals.Word())
    assert set(refusal.value.fields) == {"reason"}
    record = decided(desk, record, consents.refuse, approvals.Word(reason="请补充结束语"))
    assert (record.state, record.is_asked) == ("DRAFT", False)
    with pytest.raises(ConditionsMissing):  # there is nothing to decide
        act(desk, knowledge.approve, record, approvals.Word(), by=desk.manager)
    record = act(desk, knowledge.change, record, draft(body="请客户先挂机"))
    assert (record.body, record.newest.body) == ("请客户先挂机", "请客户先挂机")
    record = act(desk, knowledge.ask, record)
    assert (record.approval.round_no, record.is_asked) == (2, True)
    record = decided(desk, record, consents.take_back, approvals.TakeBack("还要讨论"))
    assert (record.state, record.is_asked) == ("DRAFT", False)
    assert published(desk, record).edition_no == 1


def test_a_later_day_waits_for_it_and_is_published_by_the_portal(desk):
    record = published(desk, effective_from=date(2026, 5, 14))
    assert (record.state, record.edition_no, record.counts) == ("APPROVED", 0, False)
    desk.clock.set("2026-05-13 00:05")
    _morning("2026-05-13")
    assert session().get_one(KnowledgeArticle, record.id).state == "APPROVED"
    desk.clock.set("2026-05-14 00:05")
    _morning("2026-05-14")
    _morning("2026-05-14")
    record = session().get_one(KnowledgeArticle, record.id)
    assert (record.state, record.edition_no, record.effective_from) == ("PUBLISHED", 1, date(2026, 5, 14))


def test_consent_for_a_later_day_is_taken_back_until_then(desk):
    record = published(desk, effective_from=date(2026, 5, 14))
    record = decided(desk, record, consents.take_back, approvals.TakeBack("改期"))
    assert (record.state, record.newest.approved_at) == ("DRAFT", None)
    desk.clock.set("2026-05-14 00:05")
    _morning("2026-05-14")
    assert session().get_one(KnowledgeArticle, record.id).state == "DRAFT"


def _morning(slot: str) -> None:
    with transaction() as writing:
        morning.look(writing, schedule="knowledge", slot=slot)
    session().expire_all()


def test_the_edition_before_is_read_until_the_next_is_published(desk):
    record = act(desk, knowledge.revise, published(desk))
    record = act(desk, knowledge.change, record, draft(title="新规范", body="两声内接听"))
    assert (record.title, record.body, record.edition_no, record.state) == ("电话接听规范", TEXT, 1, "DRAFT")
    assert (record.newest.no, record.newest.title, record.counts) == (2, "新规范", True)
    assert may_see(session(), desk.front, record)
    record = published(desk, record)
    assert (record.title, record.body, record.edition_no) == ("新规范", "两声内接听", 2)
    assert [(each.no, each.body) for each in record.editions] == [(1, TEXT), (2, "两声内接听")]


def test_a_new_edition_is_dropped_and_the_one_before_stays(desk):
    with pytest.raises(ConditionsMissing):  # a first draft has nothing before it
        act(desk, knowledge.drop, written(desk))
    record = act(desk, knowledge.drop, act(desk, knowledge.revise, published(desk)))
    assert (record.state, [each.no for each in record.editions]) == ("PUBLISHED", [1])
    assert act(desk, knowledge.revise, record).newest.no == 2


def test_retired_with_its_reason_and_a_waiting_request_lapses(desk):
    record = act(desk, knowledge.ask, act(desk, knowledge.revise, published(desk, is_mandatory=True)))
    with pytest.raises(NotPermitted):
        act(desk, knowledge.retire, record, knowledge.Retire("过时"))
    with pytest.raises(Invalid):
        act(desk, knowledge.retire, record, knowledge.Retire(""), by=desk.manager)
    record = act(desk, knowledge.retire, record, knowledge.Retire("过时"), by=desk.manager)
    assert (record.state, record.counts, record.approval.state) == ("RETIRED", False, "WITHDRAWN")
    assert not may_see(session(), desk.front, record)
    assert may_see(session(), desk.writer, record)
    with pytest.raises(DomainError):
        confirm(desk, record, 1)


def confirm(desk: Any, record: KnowledgeArticle, edition: int, *, by: Any = None) -> None:
    with transaction() as writing:
        article, actor = writing.get_one(KnowledgeArticle, record.id), writing.merge(by or desk.front)
        knowledge.confirm_reading(writing, article, edition, actor=actor, at=desk.clock.now())
    session().expire_all()


def to_read(user: Any) -> list[str]:
    return list(
        session().scalars(
            knowledge.visible_to(user).where(knowledge.unread(user)).with_only_columns(KnowledgeArticle.number)
        )
    )


def lacking(record: KnowledgeArticle) -> set[str]:
    return {person.name for person, moment in knowledge.readers(session(), record) if moment is None}


def test_each_edition_that_must_be_read_is_confirmed_once_by_each(desk):
    record = published(desk, is_mandatory=True)
    told = session().scalars(select(Outbox).where(Outbox.kind == "notify_step").order_by(Outbox.id)).all()
    assert [row.payload["audiences"] for row in told if row.payload["action"] == "to-read"] == [["readers"]]
    assert to_read(desk.front) == [record.number]
    assert lacking(record) == {"周晓雯", "陈丽华", "李敏"}
    confirm(desk, record, 1)
    confirm(desk, record, 1)
    assert len(session().scalars(select(KnowledgeReading)).all()) == 1
    assert (to_read(desk.front), lacking(record)) == ([], {"周晓雯", "陈丽华"})
    record = published(desk, act(desk, knowledge.revise, record))
    assert (to_read(desk.front), lacking(record)) == ([record.number], {"周晓雯", "陈丽华", "李敏"})
    with pytest.raises(DomainError):  # what was on the page is not what counts
        confirm(desk, record, 1)
    confirm(desk, record, 2)
    assert to_read(desk.front) == []


def test_what_need_not_be_confirmed_is_not(desk):
    record = published(desk)
    assert to_read(desk.front) == []
    with pytest.raises(DomainError):
        confirm(desk, record, 1)


def test_an_article_says_something(desk):
    with pytest.raises(Invalid) as refusal:
        written(desk, body=" \n ")
    assert set(refusal.value.fields) == {"body"}


def test_articles_beside_a_call_are_of_its_stage_and_grade(desk):
    for title, said in (
        ("开工回访", {"category": "SCRIPT", "stage": "START"}),
        ("开工回访（A级）", {"category": "SCRIPT", "stage": "START", "grade": "A"}),
        ("中期回访", {"category": "SCRIPT", "stage": "MID"}),
        ("开场白", {"category": "SCRIPT"}),
        ("保修政策", {"category": "RULE"}),
    ):
        published(desk, title=title, **said)
    written(desk, title="未审批", category="SCRIPT", stage="START")

    def beside(stage: str, grade: str | None) -> list[str]:
        return [each.title for each in knowledge.beside(session(), desk.writer, stage, grade)]

    assert set(beside("START", "A")) == {"开工回访", "开工回访（A级）", "开场白"}
    assert set(beside("START", "B")) == {"开工回访", "开场白"}
    assert beside("REVISIT", None) == ["开场白"]
