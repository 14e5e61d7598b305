"""The messages of today in the browser: one after the other, many at once, who sees which, the number that is shown."""

from __future__ import annotations

import html
from typing import Any

import pytest
from sqlalchemy import select

from portal.db import session, transaction
from portal.models.consultation import Channel, Matter
from portal.models.customer import Customer, CustomerKind
from portal.models.event import Event
from portal.models.lead_touch import LeadTouch
from portal.permissions import Role
from portal.services import consultations, lead_touches

TODAY = "/records/lead-touches/today"


@pytest.fixture
def shop(make: Any, sign_in: Any, clock: Any) -> dict[str, Any]:
    """Three visitors of today: two of the specialist's, one of a colleague; one of them was registered by the front desk."""
    at = clock.set("2026-05-11 10:00")
    me, desk, other = sign_in(Role.SPECIALIST), sign_in(Role.FRONT_DESK), make.user(Role.SPECIALIST)
    numbers = {}
    for name, owner, by in (("张建军", me.user, desk.user), ("罗一鸣", me.user, me.user), ("沈佳", other, me.user)):
        lead = make.customer(name=name, kind=CustomerKind.LEAD.value, owner_id=owner.id)
        with transaction() as writing:
            command = consultations.LogContact(
                channel=Channel.VISIT, kind=Matter.CONSULT, name=name, phone=lead.phone, question="看样板", occurred_at=at,
                customer=writing.get_one(Customer, lead.id),
            )  # fmt: skip
            consultations.log(writing, command, actor=writing.merge(by), at=at)
            first = select(LeadTouch.number).where(LeadTouch.customer_id == lead.id, LeadTouch.kind == "VISIT_0")
            numbers[name] = writing.scalars(first).one()
    return {"me": me, "desk": desk, "numbers": numbers, "at": at}


def state(number: str) -> str:
    session().rollback()
    return session().scalars(select(LeadTouch.state).where(LeadTouch.number == number)).one()


def test_one_after_the_other(shop, queries):
    me, (first, second, foreign) = shop["me"], shop["numbers"].values()
    with queries() as asked:
        page = me.get(TODAY, status=200).text
    assert len(asked) <= 15, len(asked)
    assert first in page and second in page and foreign not in page
    assert "张建军您好，感谢您今天到店" in page and f'value="{TODAY}?at={second}"' in page
    back = {"next": f"{TODAY}?at={second}"}
    refused = me.post(
        f"/records/lead-touches/{first}/steps/send", data={"channel": "PIGEON", "text": "我写的话", **back}, status=422
    )
    assert "我写的话" in refused.text and state(first) == "DUE"
    answer = me.post(
        f"/records/lead-touches/{first}/steps/send", data={"channel": "WECHAT", "text": "您好", **back}, status=303
    )
    assert answer.location == f"{TODAY}?at={second}" and state(first) == "SENT"
    me.post(f"/records/lead-touches/{second}/steps/skip", data={"reason": "已签意向", "next": TODAY}, status=303)
    assert "今天的消息都已发完" in me.get(TODAY, status=200).text
    record = me.get(f"/records/lead-touches/{first}", status=200).text
    assert "您好" in record and "微信" in record and "登记回应" in record
    me.post(
        f"/records/lead-touches/{first}/steps/respond", data={"response": "别发了", "asked_to_stop": "y"}, status=303
    )
    assert session().scalars(select(Customer.sms_opt_out).where(Customer.name == "张建军")).one()
    assert {row.state for row in session().scalars(select(LeadTouch).where(LeadTouch.kind == "VISIT_3"))} == {
        "DUE",
        "SKIPPED",
    }


def test_the_number_is_shown_when_asked_for_and_kept(shop):
    me, number = shop["me"], shop["numbers"]["张建军"]
    phone = session().scalars(select(Customer.phone).where(Customer.name == "张建军")).one()
    assert phone not in me.get(TODAY, status=200).text
    shown = me.post(f"/records/lead-touches/{number}/phone", status=200).text
    assert f'href="tel:{phone}"' in shown and f'href="sms:{phone}?body=' in shown
    kept = session().scalars(select(Event).where(Event.action == "unmask")).one()
    assert (kept.record_number, kept.actor_id) == (number, me.user.id)
    shop["desk"].post(f"/records/lead-touches/{number}/phone", status=403)


def test_many_are_marked_at_once_each_with_its_own_text(shop, sign_in):
    rows = session().execute(select(LeadTouch.id, LeadTouch.number).where(LeadTouch.kind == "VISIT_0")).all()
    sent = {
        "kind": "lead-touches",
        "change": "step-send",
        "rows": "filter=",
        "id": [str(row.id) for row in rows],
        "channel": "SMS",
    }
    manager = sign_in(Role.MANAGER)
    looked = manager.post("/records/changes/new", {**sent, "do": "look"}, status=303).headers["Location"]
    preview = html.unescape(manager.get(looked, status=200).text)
    assert "短信" in preview and all(row.number in preview for row in rows)
    manager.post(f"{looked}/carry-out", status=303)
    session().rollback()
    texts = {
        row.customer.name: row.text for row in session().scalars(select(LeadTouch).where(LeadTouch.kind == "VISIT_0"))
    }
    assert {state(row.number) for row in rows} == {"SENT"}
    assert all(text.startswith(f"{name}您好") for name, text in texts.items()) and len(texts) == 3


def test_who_sees_which(shop, sign_in, make):
    mine, second = shop["numbers"]["张建军"], shop["numbers"]["罗一鸣"]
    desk = shop["desk"].get(TODAY, status=200).text
    assert mine in desk and second not in desk
    shop["desk"].get(f"/records/lead-touches/{second}", status=404)
    sign_in(Role.REPAIR_CAPTAIN).get(TODAY, status=403)
    sign_in(Role.REVIEWER).get(f"/records/lead-touches/{mine}", status=404)
    assert len(lead_touches.queue(session(), make.user(Role.MANAGER), shop["at"])) == 3
