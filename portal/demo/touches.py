"""The demo's pre-sale messages: those of the worked example, and people who were in the shop in the last two weeks.

Source: `domain.md` 8.1 (03-05 to 03-22). Everything goes through the services at the story's own time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.demo.hours import on_duty
from portal.demo.stage import Stage
from portal.models.consultation import Channel, Matter
from portal.models.customer import Customer, CustomerSource, Intention
from portal.models.lead_touch import LeadTouch
from portal.processes.lead_touch import State, TouchKind
from portal.services import consultations, customers, lead_touches

DAY = timedelta(days=1)
ZHANG = (
    # when it was sent, the message, what the customer said
    ("2026-03-05 09:40", TouchKind.HANDOVER_15, None),
    ("2026-03-07 11:40", TouchKind.VISIT_0, None),
    ("2026-03-10 10:10", TouchKind.VISIT_3, "想看水电的报价明细"),
    ("2026-03-12 09:50", TouchKind.VISIT_5, "周末可以量房"),
    ("2026-03-14 10:20", TouchKind.VISIT_7, None),
    ("2026-03-17 09:30", TouchKind.HANDOVER_3, "交房当天请设计师一起去"),
    ("2026-03-22 10:00", TouchKind.VISIT_15, "等图纸审核通过就签"),
)
VISITORS = (
    # name, phone, days ago, what was asked, days that the last messages lie behind
    ("蒋先生", "13500030061", 15, "看整装套餐，准备下半年装", 0),
    ("于女士", "13500030062", 7, "看样板间，关心环保", 0),
    ("董先生", "13500030063", 7, "问旧房改造能否局部做", 3),
    ("萧女士", "13500030064", 5, "带图纸来问全屋定制", 0),
    ("程先生", "13500030065", 3, "问水电怎么计价", 0),
    ("苏女士", "13500030066", 3, "想约设计师谈方案", 0),
)
ANSWERS = ("谢谢，有空再去", None, "下周末再来看看", None)


def plan(stage: Stage, today: datetime) -> None:
    """All of it; what is still to come is left to the person who opens the demo."""
    for moment, kind, response in ZHANG:
        _sent(stage, moment, "张建军.customer", kind, response)
    for name, phone, ago, asked, behind in VISITORS:
        _visits(stage, name, phone, today, ago, asked, behind)
    first = max(ago for _name, _phone, ago, _asked, _behind in VISITORS)
    for back in range(first, -1, -1):
        morning = clock.at_local(clock.today(today) - back * DAY, 8, 31)
        stage.at(min(morning, today), lambda writing, at: lead_touches.begin_day(writing, at))


def _visits(stage: Stage, name: str, phone: str, today: datetime, ago: int, asked: str, behind: int) -> None:
    key = f"{name}.customer"
    came = on_duty(today - ago * DAY, today)

    def comes(writing: Session, at: datetime) -> None:
        owner = stage.get(writing, "specialist")
        lead = customers.CreateCustomer(
            name=name, phone=phone, source=CustomerSource.STORE, intention=Intention.MEDIUM, needs=asked, owner_id=owner.id
        )  # fmt: skip
        contact = consultations.LogContact(
            channel=Channel.VISIT, kind=Matter.CONSULT, name=name, phone=phone, question=asked, occurred_at=at
        )
        made = consultations.register(writing, consultations.Register(contact, lead), actor=owner, at=at)
        consultations.leave(writing, made, actor=owner, at=at)
        stage.keep(key, made.customer)

    stage.at(came, comes)
    for number, kind in enumerate((TouchKind.VISIT_0, TouchKind.VISIT_3, TouchKind.VISIT_5, TouchKind.VISIT_7)):
        due = came + kind.days * DAY
        if due < today - (behind or 1) * DAY or kind is TouchKind.VISIT_0:
            sent = max(on_duty(due + timedelta(minutes=20), today), came)
            _sent(stage, sent, key, kind, ANSWERS[(number + ago) % len(ANSWERS)])


def _sent(stage: Stage, moment: datetime | str, customer_key: str, kind: TouchKind, response: str | None) -> None:
    def act(writing: Session, at: datetime) -> None:
        customer: Customer = stage.get(writing, customer_key)
        due = select(LeadTouch).where(
            LeadTouch.customer_id == customer.id, LeadTouch.kind == kind, LeadTouch.state == State.DUE
        )
        for touch in writing.scalars(due).all():
            said = lead_touches.Send("WECHAT" if response else "SMS", response=response)
            lead_touches.send(writing, touch, said, actor=stage.get(writing, "specialist"), at=at)

    stage.at(moment, act)
