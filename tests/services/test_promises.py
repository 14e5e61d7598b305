"""Promises to customers: kept or broken by a table with dates written by hand, per person, of a household, first in the morning."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from typing import Any

import pytest

from jobs.notices import digest_person, mail_sections
from portal import clock as portal_clock
from portal import i18n
from portal.db import session, transaction
from portal.errors import Invalid
from portal.models.notice import Notice
from portal.models.task import Task, TaskKind
from portal.permissions import Role
from portal.services import digest, own_tasks, promises, tasks
from portal.services.promises import PromiseStanding as S


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=portal_clock.ZONE)


STANDINGS = (
    # due, closed, how it ended, looked at, how it stands
    ("2026-02-28 23:59", None, None, "2026-02-28 23:58", S.OPEN),
    ("2026-02-28 23:59", None, None, "2026-03-01 00:00", S.BROKEN),
    ("2026-12-31 18:00", None, None, "2026-12-31 18:00", S.OPEN),
    ("2026-12-31 18:00", "2026-12-31 18:00", "DONE", "2027-01-05 09:00", S.KEPT),
    ("2026-12-31 18:00", "2027-01-01 00:00", "DONE", "2027-01-05 09:00", S.BROKEN),
    ("2026-12-31 18:00", "2026-12-30 10:00", "CANCELLED", "2027-01-05 09:00", S.CALLED_OFF),
    ("2026-12-31 18:00", "2027-01-02 10:00", "CANCELLED", "2027-01-05 09:00", S.BROKEN),
)


@pytest.fixture
def house(make: Any, sign_in: Any) -> dict[str, Any]:
    me, manager = sign_in(Role.SPECIALIST), sign_in(Role.MANAGER)
    return {"me": me, "manager": manager, "customer": make.customer(name="彭志刚"), "other": make.user(Role.SPECIALIST)}


def give(house: dict[str, Any], text: str, due: str, at: datetime, owner: str = "other") -> Task:
    with transaction() as writing:
        record, by = writing.merge(house["customer"]), writing.merge(house["me"].user)
        person = by if owner == "me" else writing.merge(house[owner])
        return promises.promise(writing, record, text, local(due), person, by, at=at)


def test_how_a_promise_stands_in_words_and_in_the_database(house, make):
    for due, closed, outcome, at, expected in STANDINGS:
        with transaction() as writing:
            task = Task(
                kind="PROMISE", title="周四上门", record_kind="customers", record_id=house["customer"].id, started_at=local("2026-02-01"),
                record_number=house["customer"].number, due_at=local(due), outcome=outcome, closed_at=local(closed) if closed else None,
            )  # fmt: skip
            writing.add(task)
            writing.flush()
            assert promises.standing(task, local(at)) == expected, (due, closed, at)
            said = {
                S.OPEN: promises.is_pending(local(at)), S.KEPT: promises.is_kept(), S.BROKEN: promises.is_broken(local(at))
            }  # fmt: skip
            found = {name for name, test in said.items() if writing.query(Task).where(Task.id == task.id, test).count()}
            assert found == ({expected} & said.keys()), (due, closed, at)


def test_a_promise_needs_words_a_time_to_come_and_somebody_who_sees_the_record(house, clock, make):
    at = clock.now()
    for text, due, field in (("  ", "2026-05-12 09:00", "promise"), ("上门", "2026-05-11 10:00", "promised_at"), ("长" * 201, "2026-05-12 09:00", "promise")):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            give(house, text, due, at)
        assert list(refused.value.fields) == [field]
    house["stranger"] = make.user(Role.SPECIALIST, branch_id=make.branch().id)
    house["customer"] = make.customer(branch_id=make.branch().id)
    with pytest.raises(Invalid) as refused:
        give(house, "上门", "2026-05-12 09:00", at, owner="stranger")
    assert list(refused.value.fields) == ["whose"]
    assert not session().query(Task).where(Task.kind == TaskKind.PROMISE).count()


def test_it_is_set_kept_and_called_off_on_any_record_and_never_put_off(house, clock):
    base = f"/records/customers/{house['customer'].number}"
    given = {
        "title": "周四下午上门",
        "type_name": "",
        "whose": f"p{house['me'].user.id}",
        "when": "TOMORROW",
        "is_promise": "y",
    }
    house["me"].post(f"{base}/tasks", data=given, status=303)
    task = session().query(Task).where(Task.kind == TaskKind.PROMISE).one()
    assert (task.title, task.person_id, task.set_by_id) == ("周四下午上门", house["me"].user.id, house["me"].user.id)
    role = given | {"whose": "rSPECIALIST"}
    assert "请选定一个人" in house["me"].post(f"{base}/tasks", data=role, status=422).text
    page = house["me"].get(base).text
    assert "对客户的承诺" in page and "承诺" in page and f"/records/tasks/{task.id}/call-off" in page
    assert f"/records/tasks/{task.id}/later" not in page
    house["me"].post(f"/records/tasks/{task.id}/later", data={"when": "NEXT_MONDAY", "reason": "忙"}, status=409)
    house["me"].post(f"/records/tasks/{task.id}/call-off", data={"reason": "客户改主意"}, status=303)
    session().rollback()
    assert promises.standing(session().get_one(Task, task.id), clock.now()) == S.CALLED_OFF


def test_per_person_each_number_opens_the_list_it_counts(house, clock, sign_in):
    at = clock.set("2026-05-29 09:00")
    kept, late = give(house, "回个准信", "2026-05-30 12:00", at), give(house, "送去样板", "2026-05-31 09:00", at)
    give(house, "周二到场", "2026-06-02 09:00", at)
    give(house, "自己的", "2026-05-30 09:00", at, owner="me")
    at = clock.set("2026-05-30 11:00")
    with transaction() as writing:
        own_tasks.finish(writing, writing.get_one(Task, kept.id), actor=writing.merge(house["other"]), at=at)
    at = clock.set("2026-06-01 09:00")
    with transaction() as writing:
        tasks.sweep(writing, at)
        own_tasks.finish(writing, writing.get_one(Task, late.id), actor=writing.merge(house["other"]), at=at)
    me, other = house["me"].user, house["other"]
    house["manager"] = sign_in(house["manager"].user)
    rows = promises.by_person(session(), house["manager"].user, local("2026-05-01"), local("2026-06-01"), at=at)
    assert [(row.person_id, row.open, row.kept, row.broken, row.rate) for row in rows] == [
        (me.id, 0, 0, 1, 0.0),
        (other.id, 1, 1, 1, 0.5),
    ]
    page = house["manager"].get("/manager/promises?month=2026-05")
    assert "50%" in page.text or "50.0%" in page.text
    for filters, words in ((",kept", "回个准信"), (",broken", "送去样板"), (",pending", "周二到场")):
        link = next(
            each
            for each in re.findall(r'href="([^"]+)"', page.text)
            if f"person.{other.id}{filters}&".replace(",", "%2C") in each
        )
        found = house["manager"].get(unescape(link)).text
        assert words in found and all(each not in found for each in {"回个准信", "送去样板", "周二到场"} - {words}), (
            filters
        )
    assert "没有对客户作出承诺" in house["manager"].get("/manager/promises?month=2026-04").text
    sign_in(house["me"].user).get("/manager/promises", status=403)


def test_the_last_promises_of_a_household_as_the_person_sees_them(house, clock, make, sign_in, queries):
    at = clock.now()
    for text, due in (("第一件", "2026-05-12 09:00"), ("第三件", "2026-05-14 09:00"), ("第二件", "2026-05-13 09:00")):
        give(house, text, due, at)
    shown = house["me"].get(f"/records/customers/{house['customer'].number}/household", status=200).text
    assert "最近的承诺" in shown and shown.index("第三件") < shown.index("第二件")
    done = give(house, "已完成", "2026-05-20 09:00", at)
    with transaction() as writing:
        own_tasks.finish(writing, writing.get_one(Task, done.id), actor=writing.merge(house["other"]), at=at)
    user, key = house["me"].user, house["customer"].id
    assert user.role
    with queries() as seen:
        found = promises.of_customer(session(), user, key, at=clock.set("2026-05-12 10:00"))
    assert [(each.task.title, each.standing) for each in found] == [
        ("第三件", S.OPEN),
        ("第二件", S.OPEN),
        ("第一件", S.BROKEN),
        ("已完成", S.KEPT),
    ]
    assert len(seen) == 1 and found[0].task.person.name == house["other"].name
    assert len(promises.of_customer(session(), user, key, at=at, most=2)) == 2
    assert promises.of_customer(session(), make.user(Role.REPAIR_CAPTAIN), key, at=at) == []


def test_broken_promises_lead_the_morning_and_managers_hear_of_everybodys(house, clock, sign_in):
    at = clock.set("2026-05-11 10:00")
    broken = give(house, "昨天上门", "2026-05-11 18:00", at)
    with transaction() as writing:
        late = tasks.open_task(
            writing, TaskKind.TODO, "Call back", writing.merge(house["customer"]), due_at=local("2026-05-11 12:00"), at=at,
            who=tasks.Responsible(writing.merge(house["other"])),
        )  # fmt: skip
    at = clock.set("2026-05-12 08:00")
    other, manager = house["other"], house["manager"].user
    assert digest.gather(session(), other, at)["named"] == {"broken": [broken.id], "overdue": [late.id]}
    assert digest.gather(session(), manager, at)["named"] == {"broken": [broken.id]}
    for person in (other, manager):
        for _again in range(2):
            with transaction() as writing:
                digest_person(writing, user_id=person.id, day="2026-05-12")
        session().rollback()
        kept = session().query(Notice).where(Notice.user_id == person.id, Notice.key == "digest:2026-05-12").one()
        found = digest.sections(session(), person, kept.params)
        assert found[0].key == "broken" and found[0].url.startswith("/records/tasks?filter=")
        assert ("mine" in found[0].url) == (person is other)
        with i18n.use_locale("zh_Hans"):
            assert mail_sections(session(), kept, at)[0][0] == "失约的承诺"
    page = sign_in(manager).get("/account/digest/2026-05-12").text
    assert "失约承诺 1" in page and page.index("失约的承诺") < page.index("昨天上门")
