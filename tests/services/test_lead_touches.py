"""P02, messages before the hand-over and after a visit: days written by hand, once, moved, stopped, sent, in the morning."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from jobs.outbox import deliver
from portal import clock as portal_clock
from portal import settings
from portal.db import session, transaction
from portal.errors import ConditionsMissing, Invalid, NotPermitted
from portal.mail import MailRefused
from portal.models.consultation import Channel, Matter
from portal.models.customer import Customer, CustomerKind, Property
from portal.models.lead_touch import LeadTouch
from portal.models.outbox import Outbox
from portal.models.setting import SettingValue
from portal.models.task import Task
from portal.permissions import Role
from portal.processes.lead_touch import TouchKind
from portal.schedules import SCHEDULES
from portal.services import consultations, customers, lead_touches, properties, slots
from portal.services.tasks import sweep

DAYS = (
    # hand-over or visit, the message, its day
    ("2026-03-20", TouchKind.HANDOVER_30, "2026-02-18"),
    ("2026-03-20", TouchKind.HANDOVER_15, "2026-03-05"),
    ("2026-03-20", TouchKind.HANDOVER_3, "2026-03-17"),
    ("2026-03-07", TouchKind.VISIT_0, "2026-03-07"),
    ("2026-03-07", TouchKind.VISIT_3, "2026-03-10"),
    ("2026-03-07", TouchKind.VISIT_5, "2026-03-12"),
    ("2026-03-07", TouchKind.VISIT_7, "2026-03-14"),
    ("2026-03-07", TouchKind.VISIT_15, "2026-03-22"),
    ("2027-01-02", TouchKind.HANDOVER_30, "2026-12-03"),
    ("2027-01-02", TouchKind.HANDOVER_3, "2026-12-30"),
    ("2028-03-01", TouchKind.HANDOVER_3, "2028-02-27"),
    ("2028-03-01", TouchKind.HANDOVER_30, "2028-01-31"),
    ("2026-12-31", TouchKind.VISIT_15, "2027-01-15"),
    ("2026-02-26", TouchKind.VISIT_3, "2026-03-01"),
)  # fmt: skip


def test_the_days_of_the_messages():
    for hangs_on, kind, expected in DAYS:
        assert kind.due_on(date.fromisoformat(hangs_on)) == date.fromisoformat(expected), (hangs_on, kind)


@pytest.fixture
def shop(make: Any, sign_in: Any, clock: Any) -> dict[str, Any]:
    clock.set("2026-03-02 09:12")
    me = sign_in(Role.SPECIALIST)
    return {"me": me, "lead": make.customer(name="张建军", kind=CustomerKind.LEAD.value, owner_id=me.user.id, email="zhang@example.test")}  # fmt: skip


def new_home(shop: dict[str, Any], day: str | None, at: datetime, who: str = "lead") -> int:
    with transaction() as writing:
        command = properties.CreateProperty(
            estate="滨江花园", building="3", unit="2", room="1501", area=118, handover_on=date.fromisoformat(day) if day else None,
        )  # fmt: skip
        home = properties.create(writing, writing.get_one(Customer, shop[who].id), command, actor=writing.merge(shop["me"].user), at=at)  # fmt: skip
        return home.id


def move(shop: dict[str, Any], home_id: int, day: str | None, at: datetime) -> None:
    with transaction() as writing:
        home = writing.get_one(Property, home_id)
        values = {"handover_on": date.fromisoformat(day) if day else None}
        properties.change(writing, home, values, version=home.version, actor=writing.merge(shop["me"].user), at=at)


def visit(
    shop: dict[str, Any], at: datetime, matter: str = Matter.CONSULT, channel: str = Channel.VISIT, **more: Any
) -> int:
    with transaction() as writing:
        lead = writing.get_one(Customer, shop["lead"].id)
        command = consultations.LogContact(
            channel=channel, kind=matter, name=lead.name, phone=lead.phone, question="看看样板", occurred_at=more.pop("occurred_at", at), customer=lead, **more,
        )  # fmt: skip
        return consultations.log(writing, command, actor=writing.merge(shop["me"].user), at=at).id


def change(shop: dict[str, Any], at: datetime, **values: Any) -> None:
    with transaction() as writing:
        lead = writing.get_one(Customer, shop["lead"].id)
        customers.change(writing, lead, values, version=lead.version, actor=writing.merge(shop["me"].user), at=at)


def kept() -> list[tuple[str, str, str, str | None]]:
    session().rollback()
    rows = session().scalars(select(LeadTouch).order_by(LeadTouch.due_on, LeadTouch.id))
    return [(row.kind, f"{row.due_on:%m-%d}", row.state, row.skip_reason) for row in rows]


def open_tasks() -> list[tuple[str, str]]:
    session().rollback()
    rows = session().scalars(select(Task).where(Task.record_kind == "lead-touches", Task.closed_at.is_(None)))
    return sorted((row.record_number, f"{portal_clock.local(row.due_at):%m-%d %H:%M}") for row in rows if row.due_at)


def test_the_worked_example_and_moving_the_date(shop, clock):
    at = clock.set("2026-03-02 09:12")
    home = new_home(shop, "2026-03-20", at)
    assert kept() == [("HANDOVER_30", "02-18", "SKIPPED", "PAST"), ("HANDOVER_15", "03-05", "DUE", None), ("HANDOVER_3", "03-17", "DUE", None)]  # fmt: skip
    move(shop, home, "2026-03-20", at)
    with transaction() as writing:
        lead_touches.of_home(
            writing, writing.get_one(Property, home), writing.get_one(Customer, shop["lead"].id), actor=None, at=at
        )
    assert len(kept()) == 3
    assert not open_tasks()
    at = clock.set("2026-03-07 10:00")
    contact = visit(shop, at)
    found = kept()[3:] if kept()[1][0] == "VISIT_0" else [row for row in kept() if row[0].startswith("VISIT")]
    assert found == [(f"VISIT_{days}", day, "DUE", None) for days, day in ((0, "03-07"), (3, "03-10"), (5, "03-12"), (7, "03-14"), (15, "03-22"))]  # fmt: skip
    assert [due for _number, due in open_tasks()] == ["03-09 00:00"]  # of the day itself; late once a day has passed
    with transaction() as writing:
        lead_touches.of_visit(writing, writing.get_one(consultations.Consultation, contact), actor=None, at=at)
    assert len(kept()) == 8
    move(shop, home, "2026-04-20", at)  # what was past before is wanted again, on its new day
    assert [row for row in kept() if row[0].startswith("HANDOVER")] == [
        ("HANDOVER_30", "03-21", "DUE", None), ("HANDOVER_15", "04-05", "DUE", None), ("HANDOVER_3", "04-17", "DUE", None),
    ]  # fmt: skip
    move(shop, home, None, at)
    assert {row[2:] for row in kept() if row[0].startswith("HANDOVER")} == {("SKIPPED", "NO_DATE")}
    move(shop, home, "2026-03-10", at)
    assert [row for row in kept() if row[0].startswith("HANDOVER")] == [
        ("HANDOVER_30", "02-08", "SKIPPED", "NO_DATE"), ("HANDOVER_15", "02-23", "SKIPPED", "NO_DATE"), ("HANDOVER_3", "03-07", "DUE", None),
    ]  # fmt: skip
    assert len(open_tasks()) == 2


def test_which_visits_count_and_a_later_one_begins_anew(shop, clock):
    at = clock.set("2026-03-07 10:00")
    for matter, channel in ((Matter.COMPLAINT, Channel.VISIT), (Matter.REPAIR, Channel.VISIT), (Matter.CONSULT, Channel.PHONE)):  # fmt: skip
        visit(shop, at, matter, channel)
    assert kept() == []
    visit(shop, at, handover_on=date(2026, 3, 9))  # no home is registered: the contact's own date counts
    assert [row for row in kept() if row[0] == "HANDOVER_3"] == [("HANDOVER_3", "03-06", "SKIPPED", "PAST")]
    home = new_home(shop, "2026-03-12", at)
    assert [row for row in kept() if row[0] == "HANDOVER_3"] == [("HANDOVER_3", "03-09", "DUE", None)]
    assert {
        row.property_id for row in session().scalars(select(LeadTouch).where(LeadTouch.kind.startswith("HANDOVER")))
    } == {home}
    at = clock.set("2026-03-10 16:00")
    visit(shop, at, occurred_at=clock.set("2026-03-09 16:00"))
    visits = [row for row in kept() if row[0].startswith("VISIT")]
    assert sum(1 for row in visits if row[3] == "NEW_VISIT") == 5
    assert [row for row in visits if row[3] != "NEW_VISIT"][:2] == [
        ("VISIT_0", "03-09", "SKIPPED", "PAST"),
        ("VISIT_3", "03-12", "DUE", None),
    ]


@pytest.mark.parametrize("switch", [True, False])
def test_nothing_is_sent_to_who_signed_is_lost_or_wants_none(shop, clock, switch):
    with transaction() as writing:
        for key in ("touch_stop_signed", "touch_stop_lost"):
            writing.add(SettingValue(key=key, value=switch, updated_at=clock.now()))
    settings.forget(session())
    at = clock.set("2026-03-07 10:00")
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"kind": CustomerKind.SIGNED}, "SIGNED"),
        ({"kind": CustomerKind.LOST, "lost_reason": "价格"}, "LOST"),
        ({"sms_opt_out": True}, "OPTED_OUT"),
    )  # fmt: skip
    for values, reason in cases:
        visit(shop, at)
        change(shop, at, **values)
        stops = switch or reason == "OPTED_OUT"
        assert {row[2:] for row in kept()[-5:]} == ({("SKIPPED", reason)} if stops else {("DUE", None)}), reason
        assert bool(open_tasks()) is not stops
        if stops and reason != "OPTED_OUT":
            count = len(kept())
            visit(shop, at)
            assert len(kept()) == count, "of whoever has signed or is lost nothing is planned"
        change(shop, at, kind=CustomerKind.LEAD, sms_opt_out=False)
        with transaction() as writing:
            for touch in writing.scalars(select(LeadTouch).where(LeadTouch.state == "DUE")):
                lead_touches.skip(
                    writing, touch, lead_touches.Skip("清场"), actor=writing.merge(shop["me"].user), at=at
                )
            writing.execute(LeadTouch.__table__.delete())
    change(shop, at, sms_opt_out=True)
    visit(shop, at)
    assert {row[2:] for row in kept()} == {("SKIPPED", "OPTED_OUT")}


def test_sent_answered_and_asked_to_stop(shop, clock, make):
    at = clock.set("2026-03-07 10:00")
    visit(shop, at)
    me = shop["me"].user
    with pytest.raises(Invalid) as refused, transaction() as writing:  # no mail server is known
        lead_touches.send(
            writing, of_kind(writing, "VISIT_0"), lead_touches.Send("EMAIL"), actor=writing.merge(me), at=at
        )
    assert list(refused.value.fields) == ["channel"]
    captain = make.user(Role.REPAIR_CAPTAIN)
    with pytest.raises(NotPermitted), transaction() as writing:
        lead_touches.send(
            writing, of_kind(writing, "VISIT_0"), lead_touches.Send("SMS"), actor=writing.merge(captain), at=at
        )
    with transaction() as writing:
        first, actor = of_kind(writing, "VISIT_0"), writing.merge(me)
        lead_touches.send(writing, first, lead_touches.Send("SMS"), actor=actor, at=at)
        assert first.text == (
            f"张建军您好，感谢您今天到店。我是示例装饰工程有限公司的{me.name}，您提到的问题我已记下，有任何疑问都可以找我。"
        )
        lead_touches.skip(writing, of_kind(writing, "VISIT_3"), lead_touches.Skip("已电话沟通"), actor=actor, at=at)
    assert open_tasks() == []
    change(shop, at, sms_opt_out=False)
    with transaction() as writing:
        writing.execute(update(Customer).values(sms_opt_out=True))  # behind the back of every service
    with pytest.raises(ConditionsMissing), transaction() as writing:
        lead_touches.send(
            writing, of_kind(writing, "VISIT_5"), lead_touches.Send("SMS"), actor=writing.merge(me), at=at
        )
    with transaction() as writing:
        writing.execute(update(Customer).values(sms_opt_out=False))
    with transaction() as writing:
        answer = lead_touches.Respond("不用再发了", asked_to_stop=True)
        lead_touches.respond(writing, of_kind(writing, "VISIT_0"), answer, actor=writing.merge(me), at=at)
    assert session().get_one(Customer, shop["lead"].id).sms_opt_out
    assert [row[2:] for row in kept()] == [("SENT", None), ("SKIPPED", "BY_HAND"), *[("SKIPPED", "OPTED_OUT")] * 3]


def of_kind(writing: Any, kind: str) -> LeadTouch:
    return writing.scalars(select(LeadTouch).where(LeadTouch.kind == kind)).one()


def test_an_email_goes_out_once_and_what_cannot_arrive_becomes_a_task(shop, clock, monkeypatch):
    at = clock.set("2026-03-07 10:00")
    visit(shop, at)
    sent: list[Any] = []

    def take(_via: Any, message: Any) -> str:
        if "refused" in str(message["To"]):
            raise MailRefused("550 unknown")
        sent.append(message)
        return "250 taken"

    monkeypatch.setattr("jobs.lead_touches.send", take)
    with transaction() as writing:
        for key, value in {"smtp_host": "mail.example.test", "mail_from": "portal@example.test"}.items():
            writing.add(SettingValue(key=key, value=value, updated_at=at))
    settings.forget(session())
    for kind, address, state in (("VISIT_0", "zhang@example.test", "SENT"), ("VISIT_3", "refused@example.test", "FAILED"), ("VISIT_5", "zhang@example.test", "SUPPRESSED")):  # fmt: skip
        change(shop, at, email=address)
        with transaction() as writing:
            lead_touches.send(
                writing,
                of_kind(writing, kind),
                lead_touches.Send("EMAIL", "您好"),
                actor=writing.merge(shop["me"].user),
                at=at,
            )
        if state == "SUPPRESSED":
            change(shop, at, sms_opt_out=True)
        number = (
            session()
            .scalars(select(Outbox.id).where(Outbox.kind == "mail_touch").order_by(Outbox.id.desc()).limit(1))
            .one()
        )
        for _again in range(2):
            deliver(number)
        session().rollback()
        assert of_kind(session(), kind).mail_state == state, kind
    assert [str(message["To"]) for message in sent] == ["zhang@example.test"] and "您好" in sent[0].get_body(
        ("plain",)
    ).get_content()
    titles = (
        session().scalars(select(Task.title).where(Task.record_kind == "lead-touches", Task.closed_at.is_(None))).all()
    )
    assert titles == ["The e-mail did not go out: send the message another way"]


def test_the_morning_makes_tasks_once_and_tells_who_is_late(shop, clock, make):
    new_home(shop, "2026-03-20", clock.set("2026-03-02 09:12"))
    imported = make.property(make.customer(kind=CustomerKind.LEAD.value), handover_on=date(2026, 3, 8))
    make.property(make.customer(), handover_on=date(2026, 3, 8))
    schedule = next(each for each in SCHEDULES if each.kind == "lead_touches")
    with transaction() as writing:
        slots.plan(writing, schedule, at=clock.now())  # what lay before is not made up
    for moment, expected in (("2026-03-04 07:00", 0), ("2026-03-05 07:00", 2)):
        at = clock.set(moment)
        with transaction() as writing:
            slots.plan(writing, schedule, at=at)
        waiting = select(Outbox.id).where(Outbox.kind == "lead_touches", Outbox.state == "PENDING")
        for number in session().scalars(waiting).all():
            deliver(number)
        assert len(open_tasks()) == expected, moment
        with transaction() as writing:
            assert lead_touches.begin_day(writing, at) == (0, 0)
    assert session().scalars(select(LeadTouch.state).where(LeadTouch.property_id == imported.id).order_by(LeadTouch.due_on)).all() == ["SKIPPED", "SKIPPED", "DUE"]  # fmt: skip
    at = clock.set("2026-03-06 23:59")
    with transaction() as writing:
        sweep(writing, at)
    assert not session().scalars(select(Task.id).where(Task.breached_at.is_not(None))).all()
    at = clock.set("2026-03-07 00:01")
    with transaction() as writing:
        sweep(writing, at)
        sweep(writing, at)
    late = session().scalars(select(Task).where(Task.breached_at.is_not(None))).all()
    assert len(late) == 2 and {task.person_id for task in late} == {shop["me"].user.id, None}
    told = session().scalars(select(Outbox.payload).where(Outbox.kind == "notify_task")).all()
    assert sorted(each["task_id"] for each in told if each["level"] == "OVERDUE") == sorted(task.id for task in late)
