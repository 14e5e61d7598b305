"""The knowledge base as people handle it: written, approved in the inbox, read, confirmed; what each role sees. Source: `domain.md` 4.27, 7.1."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from jobs.outbox import handlers
from portal.db import session, transaction
from portal.models.follow_up import FollowUpCall
from portal.models.knowledge import KnowledgeArticle, KnowledgeReading
from portal.models.notice import Notice
from portal.models.outbox import Outbox
from portal.permissions import Role

LIST = "/records/knowledge-articles"
SAID = {
    "title": "电话接听规范",
    "category": "MANNERS",
    "grade": "ALL",
    "body": "# 接听\n\n三声内接听\n第二行\n\n- 报公司\n- <b>报姓名</b>",
}


def written(writer: Any, **more: Any) -> str:
    return str(writer.post(f"{LIST}/new", SAID | more, status=303).location)


def asked(writer: Any, **more: Any) -> tuple[str, str]:
    """The article and its request."""
    path = written(writer, **more)
    writer.post(f"{path}/steps/ask", status=303)
    record = session().scalars(select(KnowledgeArticle).order_by(KnowledgeArticle.id.desc())).first()
    assert record is not None and record.approval is not None
    return path, f"/records/approvals/{record.approval.number}"


def published(writer: Any, manager: Any, **more: Any) -> str:
    path, request = asked(writer, **more)
    manager.post(f"{request}/steps/approve", status=303)
    return path


def test_from_the_draft_to_what_everybody_has_read(sign_in: Any):
    writer, manager, front = sign_in(Role.SPECIALIST, name="周晓雯"), sign_in(Role.MANAGER, name="陈丽华"), sign_in(Role.FRONT_DESK, name="李敏")  # fmt: skip
    lost = writer.post(f"{LIST}/new", SAID | {"category": "", "effective_from": "2026-13-01"}, status=422).text
    assert "三声内接听" in lost and "2026-13-01" in lost
    path, request = asked(writer, is_mandatory="1")
    front.get(path, status=404)
    draft = writer.get(path).text
    assert "审批" in draft and request.rpartition("/")[2] in draft and "尚未生效" in draft
    inbox = manager.get("/manager/approvals").text
    assert "电话接听规范 V1" in inbox and path in inbox
    assert "请填写" in manager.post(f"{request}/steps/refuse", status=422).text
    manager.post(f"{request}/steps/approve", status=303)

    page = front.get(path).text
    assert "<h2>接听</h2>" in page and "三声内接听<br>第二行" in page
    assert "&lt;b&gt;报姓名&lt;/b&gt;" in page, "what was typed is text, never markup"
    assert "我已阅读</button>" in page
    assert "电话接听规范" in front.get(f"{LIST}?filter=unread").text
    assert front.post(f"{path}/read", {"edition": "1"}, status=303).location == path
    page = front.get(path).text
    assert "确认已阅" in page and "我已阅读</button>" not in page
    assert "电话接听规范" not in front.get(f"{LIST}?filter=unread").text
    readers = manager.get(f"{path}?tab=readers").text
    assert readers.index("周晓雯") < readers.index("李敏"), "who has not read it comes first"
    assert "?tab=readers" not in front.get(path).text


def test_readers_see_the_edition_that_counts_and_no_draft(sign_in: Any):
    writer, manager, front = sign_in(Role.REVIEWER), sign_in(Role.MANAGER), sign_in(Role.FRONT_DESK)
    path = published(writer, manager)
    writer.post(f"{path}/steps/revise", status=303)
    writer.post(f"{path}/steps/change", SAID | {"title": "新规范", "body": "两声内接听"}, status=303)
    for reader in (front.get(path).text, front.get(LIST).text, front.get(f"{LIST}?q=两声内").text):
        assert "新规范" not in reader
    front.get(f"{path}?edition=2", status=404)
    assert "两声内接听" in writer.get(f"{path}?edition=2").text
    assert "新版本编写中" in writer.get(path).text and "三声内接听" in writer.get(path).text
    writer.post(f"{path}/steps/ask", status=303)
    manager.post(f"{path}/steps/approve", status=303)
    assert "两声内接听" in front.get(path).text
    assert "旧版本" in front.get(f"{path}?edition=1").text
    for wrong in ("3", "x", "-1", "1" * 40):
        front.get(f"{path}?edition={wrong}", status=404)


def test_an_edition_that_is_gone_is_not_confirmed(sign_in: Any):
    writer, manager, front = sign_in(Role.SPECIALIST), sign_in(Role.MANAGER), sign_in(Role.FRONT_DESK)
    path = published(writer, manager, is_mandatory="1")
    for sent in ({}, {"edition": "2"}, {"edition": "x"}, {"edition": "9" * 30}, {"edition": "²"}):
        front.post(f"{path}/read", sent, status=303)
        assert "请阅读新版本" in front.get(path).text
    assert session().scalars(select(KnowledgeReading)).all() == []
    front.post(f"{LIST}/ZS-2026-9999/read", {"edition": "1"}, status=404)


@pytest.mark.parametrize("role", list(Role))
def test_what_each_role_may_do(sign_in: Any, role: Role):
    writer, manager = sign_in(Role.SPECIALIST), sign_in(Role.MANAGER)
    path, _request = asked(writer)
    counts = published(writer, manager, title="现行")
    somebody = sign_in(role)
    writes, decides = role is not Role.FRONT_DESK, role is Role.MANAGER
    somebody.get(LIST, status=200)
    somebody.get(counts, status=200)
    somebody.get(f"{LIST}/new", status=200 if writes else 403)
    somebody.get(path, status=200 if writes else 404)
    somebody.get(f"{counts}/steps/revise", status=200 if writes else 403)
    for step in ("approve", "refuse", "recall", "retire"):
        somebody.get(f"{path}/steps/{step}", status=200 if decides else 403 if writes else 404)
    somebody.get(f"{path}/steps/publish", status=404)
    somebody.get(f"{counts}/steps/approve", status=409)


def test_who_must_read_is_told_and_the_manager_of_a_request(sign_in: Any):
    writer, manager, front = sign_in(Role.REPAIR_CAPTAIN), sign_in(Role.MANAGER), sign_in(Role.FRONT_DESK)
    _path, request = asked(writer, is_mandatory="1")
    _deliver()
    assert _told(manager) == ["An article waits for your approval: %(subject)s"]
    manager.post(f"{request}/steps/approve", status=303)
    _deliver()
    assert "Please read and confirm: %(subject)s" in _told(front) and "Please read and confirm: %(subject)s" in _told(
        writer
    )
    assert "请阅读并确认：电话接听规范" in front.get("/records/notices").text


def _deliver() -> None:
    for row in session().scalars(select(Outbox).where(Outbox.kind == "notify_step")).all():
        with transaction() as writing:
            handlers()["notify_step"](writing, **row.payload)


def _told(somebody: Any) -> list[str]:
    return list(session().scalars(select(Notice.title).where(Notice.user_id == somebody.user.id)))


def test_beside_the_call_and_the_complaint(sign_in: Any, make: Any, clock: Any):
    writer, manager = sign_in(Role.SPECIALIST), sign_in(Role.MANAGER)
    published(writer, manager, title="开工回访要点", category="SCRIPT", stage="START")
    published(writer, manager, title="投诉处理要点", category="PROCEDURE", stage="REVISIT")
    customer = make.customer(owner_id=writer.user.id)
    project = make.project(customer)
    with transaction() as writing:
        at = clock.now()
        call = FollowUpCall(
            number="HF-2026-0001", state="PLANNED", stage="START", occurrence=1, grade="B", customer_id=customer.id,
            project_id=project.id, owner_id=writer.user.id, window_from=at.date(), due_on=at.date(), created_at=at, updated_at=at,
        )  # fmt: skip
        writing.add(call)
    desk = writer.get("/specialist/calls/HF-2026-0001").text
    assert "开工回访要点" in desk and "投诉处理要点" not in desk
    sent = {
        "complainant": customer.name, "phone": customer.phone, "received_at": f"{clock.now():%Y-%m-%dT%H:%M}", "channel": "PHONE",
        "phase": "IN_SALE", "category": "QUALITY", "severity": "ORDINARY", "subject": "墙面开裂", "content": "客厅墙面", "demand": "修补",
        "customer": customer.number,
    }  # fmt: skip
    case = writer.post("/records/complaints/new", sent, status=303).location
    assert "投诉处理要点" in writer.get(case).text
