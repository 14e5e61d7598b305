"""Suggestions from the idea to the answer, with DL-09. Source: `domain.md` 4.8."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock as portal_clock
from portal.db import session, transaction
from portal.errors import ConditionsMissing, Invalid, TransitionNotAllowed
from portal.models.consultation import Consultation
from portal.models.org import Department
from portal.models.suggestion import Suggestion
from portal.models.task import Task
from portal.permissions import Role
from portal.services import suggestions


@pytest.fixture
def desk(make: Any, clock: Any, sign_in: Any) -> Any:
    """A customer, the specialist, the head of a department."""
    specialist = sign_in(Role.SPECIALIST, name="周晓雯")
    return SimpleNamespace(
        clock=clock,
        browser=specialist,
        specialist=specialist.user,
        customer=make.customer(name="郭晓东", owner_id=specialist.user.id),
        head=make.party(name="石磊", department=Department.ENGINEERING, is_head=True),
    )


def act(desk: Any, service: Any, record: Suggestion, command: Any) -> Suggestion:
    with transaction() as writing:
        found = writing.merge(record)
        service(writing, found, command, actor=writing.merge(desk.specialist), at=desk.clock.now())
    session().expire_all()
    return session().merge(record)


def recorded(desk: Any, **more: Any) -> Suggestion:
    with transaction() as writing:
        command = suggestions.RegisterSuggestion(
            "建议开工前给业主一张节点表", desk.clock.now(), customer=writing.merge(desk.customer), **more
        )
        return suggestions.register(writing, command, actor=writing.merge(desk.specialist), at=desk.clock.now())


def deadline(record: Suggestion) -> Task:
    return session().scalars(select(Task).where(Task.record_kind == "suggestions", Task.code == "DL-09")).one()


def test_adopted_carried_out_and_told(desk):
    record, at = recorded(desk), desk.clock.now()
    assert (record.number, record.state, record.name, record.owner_id) == (
        "JL-2026-0001", "RECORDED", "郭晓东", desk.specialist.id,
    )  # fmt: skip
    send = suggestions.SendSuggestion("ENGINEERING", "HIGH", "成本低，效果好", at, desk.head)
    with pytest.raises(Invalid) as refusal:
        act(desk, suggestions.send, record, suggestions.SendSuggestion("ENGINEERING", "HIGH", "–", at, expected_on=date(2026, 5, 1)))  # fmt: skip
    assert set(refusal.value.fields) == {"expected_on"}
    record = act(desk, suggestions.send, record, send)
    assert portal_clock.local(deadline(record).due_at).strftime("%Y-%m-%d %H:%M") == "2026-05-18 18:00"
    with pytest.raises(TransitionNotAllowed):
        act(desk, suggestions.answer, record, suggestions.AnswerCustomer("–", at))
    early = suggestions.DecideSuggestion("ADOPTED", "合理", at - timedelta(hours=2))
    with pytest.raises(Invalid) as refusal:
        act(desk, suggestions.decide, record, early)
    assert set(refusal.value.fields) == {"decided_at"}
    desk.clock.set("2026-05-19 09:00")
    late = suggestions.DecideSuggestion("PARTLY", "主材先做", desk.clock.now(), desk.head)
    record = act(desk, suggestions.decide, record, late)
    assert (record.decision, record.decided_by_id, deadline(record).breached_at is not None) == (
        "PARTLY", desk.head.id, True,
    )  # fmt: skip
    with pytest.raises(ConditionsMissing):  # what was adopted is put into effect first
        act(desk, suggestions.answer, record, suggestions.AnswerCustomer("谢谢", desk.clock.now()))
    record = act(desk, suggestions.implement, record, suggestions.ImplementSuggestion("已印入手册", desk.clock.now()))
    record = act(desk, suggestions.answer, record, suggestions.AnswerCustomer("已告知", desk.clock.now(), True))
    assert (record.state, record.is_satisfied) == ("ANSWERED_CUSTOMER", True)


def test_what_is_not_adopted_is_told_and_never_carried_out(desk):
    at = desk.clock.now()
    record = act(desk, suggestions.send, recorded(desk), suggestions.SendSuggestion("STORE", "LITTLE", "客流少", at))
    record = act(desk, suggestions.decide, record, suggestions.DecideSuggestion("NOT_ADOPTED", "人手不足", at))
    with pytest.raises(ConditionsMissing):
        act(desk, suggestions.implement, record, suggestions.ImplementSuggestion("–", at))
    record = act(desk, suggestions.answer, record, suggestions.AnswerCustomer("已说明原因", at))
    assert (record.state, record.done_at, record.is_satisfied) == ("ANSWERED_CUSTOMER", None, None)


def test_a_contact_opens_it_filled_in_and_is_settled_by_it(desk, make, sign_in):
    """P01: kind SUGGESTION; the front desk registers what it heard and sees only that."""
    front = sign_in(Role.FRONT_DESK)
    sent = {
        "channel": "PHONE",
        "kind": "SUGGESTION",
        "number": desk.customer.phone,
        "name": "郭晓东",
        "question": "建议周末延长营业",
    }
    with transaction() as writing:
        contact = Consultation(
            number="ZX-2026-0001", state="LOGGED", occurred_at=desk.clock.now(), phone=desk.customer.phone,
            customer_id=desk.customer.id, created_at=desk.clock.now(), updated_at=desk.clock.now(),
            **{name: sent[name] for name in ("channel", "kind", "name", "question")},
        )  # fmt: skip
        writing.add(contact)
        writing.flush()
        todo = Task(
            kind="TODO", title="See to the suggestion", record_kind="consultations", record_id=contact.id,
            record_number=contact.number, role="SPECIALIST", started_at=desk.clock.now(),
        )  # fmt: skip
        writing.add(todo)
    page = front.get("/records/consultations/ZX-2026-0001", status=200).text
    assert "/records/suggestions/new?consultation=ZX-2026-0001" in page
    path = "/records/suggestions/new?consultation=ZX-2026-0001"
    form = front.get(path, status=200).text
    assert "建议周末延长营业" in form and "郭晓东" in form
    said = {"content": "建议周末延长营业", "name": "郭晓东", "phone": desk.customer.phone, "channel": "PHONE"}
    wrong = front.post(path, said | {"received_at": "2026-05-12T10:00", "client_key": "k" * 32}, status=422)
    assert "建议周末延长营业" in wrong.text
    for _twice in range(2):
        done = front.post(path, said | {"received_at": "2026-05-11T10:00", "client_key": "k" * 32}, status=303)
    (made,) = session().scalars(select(Suggestion)).all()
    assert done.location.endswith(f"/records/suggestions/{made.number}")
    assert (made.source_kind, made.source_number, made.owner_id) == (
        "consultations", "ZX-2026-0001", desk.specialist.id,
    )  # fmt: skip
    assert session().get_one(Task, todo.id).closed_at is not None
    front.get(f"/records/suggestions/{made.number}", status=200)
    sign_in(Role.FRONT_DESK).get(f"/records/suggestions/{made.number}", status=404)
    sign_in(Role.REVIEWER).get(f"/records/suggestions/{made.number}", status=403)
    front.post(f"/records/suggestions/{made.number}/steps/send", {}, status=403)
    shown = desk.browser.get("/records/consultations/ZX-2026-0001", status=200).text
    assert made.number in shown and "suggestions/new" not in shown
    step = f"/records/suggestions/{made.number}/steps/send"
    refused = desk.browser.post(step, {"worth_note": "值得做", "department": "STORE"}, status=422).text
    assert "值得做" in refused
    desk.browser.post(
        step,
        {"worth": "SOME", "worth_note": "值得做", "department": "STORE", "sent_at": "2026-05-11T10:00"},
        status=303,
    )
    assert session().get_one(Suggestion, made.id).state == "SENT"
