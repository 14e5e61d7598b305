"""The morning of a person from rows made by hand: what stands where, what is not said, in which language, and once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from jobs.notices import digest_person, mail_sections
from portal import i18n
from portal.db import session, transaction
from portal.models.notice import Delivery, Notice, NoticeLevel
from portal.models.setting import SettingValue
from portal.models.task import Task
from portal.permissions import Role
from portal.services import digest, notices

DAY = "2026-05-12"


@pytest.fixture
def morning(make: Any, clock: Any) -> dict[str, Any]:
    """Eight in the morning of 12 May, a specialist, tasks of each sort, and those of others beside."""
    at = clock.set(f"{DAY} 08:00")
    me, other = make.user(Role.SPECIALIST, email="me@example.test"), make.user(Role.SPECIALIST)
    customer = make.customer(name="彭志刚")

    def task(title: str, due: datetime | None, started: datetime | None = None, **more: Any) -> int:
        given = {
            "kind": "HAND", "title": title, "record_kind": "customers", "record_id": customer.id, "person_id": me.id,
            "record_number": customer.number, "customer_name": customer.name, "due_at": due,
            "started_at": started or at - timedelta(days=9),
        } | more  # fmt: skip
        with transaction() as writing:
            made = Task(**given)
            writing.add(made)
            writing.flush()
            return made.id

    hour, day = timedelta(hours=1), timedelta(days=1)
    ids = {
        "late": task("逾期的", at - 20 * hour),
        "later-today": task("下午的", at + 7 * hour),
        "sooner-today": task("上午的", at + hour),
        "back": task("延到今天的", at + 2 * hour, put_off_count=1),
        "new": task("昨天新建的", at + 3 * day, at - 20 * hour),
        "new-without-time": task("昨天新建没有时限的", None, at - 20 * hour),
    }
    task("早就有、以后到期的", at + 3 * day)
    task("做完的", at - hour, closed_at=at, outcome="DONE")
    task("别人的", at - hour, person_id=other.id)
    return {"me": me, "other": other, "at": at, "ids": ids, "customer": customer}


def tell(morning: dict[str, Any], key: str, **more: Any) -> int:
    with transaction() as writing:
        notices.notify(
            writing, user=writing.merge(morning["me"]), key=key, level=NoticeLevel.ACTION, link="/records/customers",
            title="%(person)s mentioned you: %(customer)s", at=morning["at"] - timedelta(hours=3),
            params={"person": "沈佳", "customer": "彭志刚", "number": "KH-1"}, **more,
        )  # fmt: skip
    return session().scalars(select(Notice.id).where(Notice.key == key)).one()


def held(morning: dict[str, Any]) -> dict[str, Any]:
    session().rollback()
    return digest.gather(session(), session().merge(morning["me"]), morning["at"])


def run(morning: dict[str, Any], who: str = "me") -> None:
    with transaction() as writing:
        digest_person(writing, user_id=morning[who].id, day=DAY)
    session().rollback()


def test_each_task_stands_once_in_the_section_that_presses_most(morning):
    ids, found = morning["ids"], held(morning)
    assert found["named"] == {
        "overdue": [ids["late"]],
        "today": [ids["sooner-today"], ids["later-today"]],
        "back": [ids["back"]],
        "new": [ids["new"], ids["new-without-time"]],
    }
    assert [found[key] for key in ("overdue", "today", "back", "new", "said")] == [1, 2, 1, 2, 0]


def test_what_was_written_to_one_and_not_read_is_in_it(morning, clock):
    unread, read = tell(morning, "talk:1"), tell(morning, "talk:2")
    tell(morning, "step:complaints:1:register:1")
    with transaction() as writing:
        notices.mark_read(writing, morning["me"], at=clock.now(), notice_id=read)
    assert held(morning)["named"]["said"] == [unread] and held(morning)["said"] == 1


def test_nothing_to_say_sends_nothing(morning, make, clock):
    idle = make.user(Role.FRONT_DESK)
    with transaction() as writing:
        digest_person(writing, user_id=idle.id, day=DAY)
    assert session().scalar(select(func.count()).select_from(Notice)) == 0


def test_a_day_is_told_once_however_often_it_runs(morning, clock):
    with transaction() as writing:
        for key, value in {"smtp_host": "mail.example.test", "mail_from": "portal@example.test"}.items():
            writing.add(SettingValue(key=key, value=value, updated_at=clock.now()))
    for _again in range(3):
        run(morning)
    assert session().scalars(select(Notice.key)).all() == [f"digest:{DAY}"]
    assert session().scalar(select(func.count()).select_from(Delivery)) == 1
    assert session().scalars(select(Notice.user_id)).all() == [morning["me"].id]


def test_the_page_leads_to_every_record_and_says_how_it_stands_now(morning, sign_in, clock):
    tell(morning, "talk:1")
    run(morning)
    with transaction() as writing:
        done = writing.get_one(Task, morning["ids"]["late"])
        done.closed_at, done.outcome = clock.now(), "DONE"
    browser = sign_in(morning["me"])
    kept = session().scalars(select(Notice).where(Notice.key == f"digest:{DAY}")).one()
    assert kept.link == f"/account/digest/{DAY}"
    answer = browser.post(f"/records/notices/{kept.id}", status=303)
    text = browser.get(answer.location, status=200).text
    places = [text.index(word) for word in ("逾期的", "上午的", "下午的", "延到今天的", "昨天新建的", "沈佳 提到了你")]
    assert places == sorted(places)
    assert text.count(f'href="/records/customers/{morning["customer"].number}"') >= 6
    assert text.count('class="is-done"') == 1
    assert "早就有" not in text and "别人的" not in text
    sign_in(morning["other"]).get(answer.location, status=404)
    browser.get("/account/digest/2026-05-13", status=404)
    browser.get("/account/digest/x%27", status=404)


def test_the_mail_is_in_the_language_of_the_person_and_names_no_customer(morning):
    tell(morning, "talk:1")
    run(morning)
    kept = session().scalars(select(Notice).where(Notice.key == f"digest:{DAY}")).one()
    for locale, heading in (("zh_Hans", "延到今天"), ("en", "Put off to today")):
        with i18n.use_locale(locale):
            found = mail_sections(session(), kept, morning["at"])
            assert [heading for heading, _lines in found][2] == heading
            assert all("彭志刚" not in str(lines) and "上午的" not in str(lines) for _heading, lines in found)
            assert all(path.startswith("/records/customers") for _h, lines in found for _left, _name, path in lines)


def test_many_are_counted_and_the_first_are_named(morning):
    with transaction() as writing:
        first = writing.get_one(Task, morning["ids"]["late"])
        for number in range(30):
            kept = {name: getattr(first, name) for name in ("kind", "record_kind", "record_id", "record_number")}
            due = first.due_at + timedelta(minutes=number)
            writing.add(
                Task(**kept, title=f"又{number}", person_id=first.person_id, due_at=due, started_at=first.started_at)
            )
    found = held(morning)
    assert found["overdue"] == 31 and len(found["named"]["overdue"]) == digest.MOST
