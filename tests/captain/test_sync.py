"""What arrives from a phone late, twice, at once, out of order, with a wrong clock or under another name."""

from __future__ import annotations

import io
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from jobs.outbox import handlers
from portal import clock
from portal.db import db, session, transaction
from portal.models.event import Event
from portal.models.field_entry import DeadlineClaim, FieldEntry
from portal.models.notice import Notice
from portal.models.outbox import ClientRequest, Outbox
from portal.models.penalty import PenaltyEntry
from portal.models.repair import RepairOrder
from portal.models.task import DeadlineBreach, Task
from portal.permissions import Role
from portal.services import events, penalty_misses, repairs, tasks
from portal.verify import Result, reminders_are_told
from tests.files import hostile

REACH = {"arrived_at": "2026-10-12T14:30"}


def arrive(phone: Any, *, photo: bool = True) -> dict[str, Any]:
    """Cause and plan; the photo from before, which they need, is there unless a test says otherwise."""
    if photo and not phone.order.photos:
        phone.photo("BEFORE")
    return {
        "arrived_at": "2026-10-12T14:30", "cause": "CONSTRUCTION", "plan": "更换接头，重做防水",
        "planned_done_at": "2026-10-13T18:00", "plan_made_at": "2026-10-12T14:35", "checks": phone.checks("arrive"),
    }  # fmt: skip


class Sender:
    """The outbox of the phone, without its browser."""

    def __init__(self, phone: Any, clock: Any) -> None:
        self.phone, self.clock, self.keys = phone, clock, iter(range(1_000))

    def send(self, path: str, data: dict[str, Any], *, client: Any = None, skew: int = 0, user: int | None = None,
             confirmed: bool = False, key: str | None = None, at: str | None = None, status: int = 200) -> Any:  # fmt: skip
        headers = {"X-Outbox": "1", "X-Outbox-User": str(user or self.phone.user.id), "X-Outbox-Skew": str(skew)}
        if confirmed:
            headers["X-Outbox-Confirmed"] = "1"
        given = {
            "client_key": key or f"key-{next(self.keys)}",
            "device_at": at or (self.clock.now() + timedelta(seconds=skew)).isoformat(),
            **data,
        }
        answer = (client or self.phone.client).post(f"{self.phone.path}/{path}", given, headers=headers, status=status)
        return answer.get_json()

    def step(self, action: str, data: dict[str, Any], **more: Any) -> Any:
        return self.send(f"steps/{action}", data, **more)


@pytest.fixture
def sender(phone, clock):
    clock.set("2026-10-12 14:36")
    return Sender(phone, clock)


def entries() -> list[FieldEntry]:
    return list(session().scalars(select(FieldEntry).order_by(FieldEntry.id)))


def test_an_entry_is_done_once_and_answered_the_same(sender, phone):
    first = sender.step("reach", REACH, key="one")
    assert first == {"state": "done", "message": "", "url": phone.path}
    before = session().scalar(select(func.count(Event.id)))
    for _again in range(10):
        assert sender.step("reach", REACH, key="one", at=entries()[0].device_at.isoformat()) == first
    assert session().scalar(select(func.count(Event.id))) == before
    (entry,) = entries()
    assert (entry.action, entry.record_kind, entry.user_id) == ("reach", "repair-orders", phone.user.id)
    assert entry.device_at == entry.received_at == sender.clock.now()


def test_the_same_key_with_other_content_is_another_entry(sender):
    sender.step("reach", REACH, key="one")
    said = sender.step("reach", {"arrived_at": "2026-10-12T14:31"}, key="one")
    assert said["state"] == "conflict" and "已经提交" in said["message"]


def test_a_form_of_the_page_itself_is_answered_as_ever(phone, sender):
    phone.step("reach", **REACH)
    assert not entries()


def test_errors_of_the_form_come_in_words(sender, phone):
    said = sender.step("arrive", {**arrive(phone), "plan": ""})
    assert said["state"] == "refused" and said["message"].startswith("维修方案")
    assert not entries()


def test_what_is_missing_is_said_and_may_come_later(sender, phone):
    said = sender.step("arrive", arrive(phone, photo=False), key="plan")
    assert said["state"] == "refused" and "尚缺" in said["message"]
    picture = {"kind": "BEFORE", "file": (io.BytesIO(hostile.photo()), "a.jpg")}
    assert sender.send("photos", picture)["state"] == "done"
    assert sender.step("arrive", arrive(phone), key="plan")["state"] == "done"


def test_a_photo_twice_is_there_once(sender, phone):
    def picture() -> dict[str, Any]:
        return {"kind": "BEFORE", "file": (io.BytesIO(hostile.photo()), "a.jpg")}

    at = sender.clock.now().isoformat()
    for key in ("p", "p", "q"):  # the same entry again, and the same picture as another entry
        assert sender.send("photos", picture(), key=key, at=at)["state"] == "done"
    assert len(phone.order.photos) == 1
    assert [entry.client_key for entry in entries()] == ["p", "q"]


def test_a_photo_that_is_missing_is_asked_for(sender):
    said = sender.send("photos", {"kind": "BEFORE"})
    assert said["state"] == "refused" and said["message"]


def test_out_of_order_is_kept_and_done_later(sender, phone):
    assert sender.step("start", {}, key="start")["state"] == "conflict"
    assert sender.step("arrive", arrive(phone))["state"] == "done"
    assert sender.step("start", {}, key="start")["state"] == "done"
    assert phone.order.state == "REPAIRING"


def test_what_happened_meanwhile_stands_beside_it(sender, phone, story):
    data = arrive(phone)
    story.act(repairs.complain, phone.order, repairs.Complain("两次未修好", "退款", "REPEATED"), actor=story.specialist)
    said = sender.step("arrive", data)
    assert said["state"] == "conflict" and said["message"]
    assert said["now"]["state"] == "转投诉"
    assert any(each["who"] == "周晓雯" for each in said["now"]["meanwhile"])
    picture = {"kind": "BEFORE", "file": (io.BytesIO(hostile.photo()), "a.jpg")}
    assert sender.send("photos", picture)["state"] == "conflict"  # closed: no file is added


def test_a_page_that_others_changed_since_is_a_conflict(sender, phone, story, clock):
    seen = phone.fields("step")["version"]
    clock.advance(minutes=1)
    order = phone.order
    with transaction() as writing:
        fresh = writing.merge(order)
        events.record(
            writing, events.EventKind.CHANGE, at=clock.now(), actor=writing.merge(story.specialist), record=fresh
        )
    said = sender.step("reach", {**REACH, "version": seen})
    assert said["state"] == "conflict" and said["now"]["meanwhile"]


def test_a_job_that_is_gone_or_of_somebody_else(sender, phone, make):
    phone.path = "/repair-captain/jobs/WX-2026-9999"
    said = sender.step("reach", REACH)
    assert said["state"] == "refused" and said["message"]


def test_an_entry_of_another_person_is_refused(sender, phone, make, sign_in):
    other = make.user(Role.REPAIR_CAPTAIN)
    said = sender.step("reach", REACH, client=sign_in(other), user=phone.user.id)
    assert said["state"] == "refused" and "另一位同事" in said["message"]
    assert not entries() and phone.order.arrived_at is None


def test_nobody_signed_in_loses_nothing(sender, phone, visitor):
    said = sender.step("reach", REACH, client=visitor, status=401)
    assert said["state"] == "sign-in" and "/account/sign-in" in said["url"] and said["ended"] is False


def test_a_session_that_was_ended_on_purpose_says_so(sender, phone, clock):
    client = phone.client
    from portal.services import sessions

    with transaction() as writing:
        sessions.end_all(writing, writing.merge(phone.user), at=clock.now(), reason=sessions.End.ENDED_BY_OWNER)
    assert sender.step("reach", REACH, client=client, status=401)["ended"] is True
    assert client.get("/repair-captain/outbox/session", headers={"X-Outbox": "1"}, status=401).get_json()["ended"]


@pytest.mark.parametrize(("skew", "at", "words"), [
    (365 * 24 * 3600, None, "手机时间"),
    (-365 * 24 * 3600, None, "手机时间"),
    (0, "2027-10-12T14:36:00+08:00", "手机时间"),
    (0, "2026-09-01T08:00:00+08:00", "30 天以前"),
])  # fmt: skip
def test_a_doubtful_time_is_looked_at_first(sender, phone, skew, at, words):
    said = sender.step("reach", REACH, skew=skew, at=at, key="one")
    assert said["state"] == "refused" and said["may_confirm"] and words in said["message"]
    assert sender.step("reach", REACH, skew=skew, at=at, key="one", confirmed=True)["state"] == "done"
    (entry,) = entries()
    assert entry.skew_seconds == skew


@pytest.mark.parametrize("at", ["yesterday", "9999-99-99", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59Z"])
def test_a_time_that_is_none_is_refused(sender, at):
    assert sender.step("reach", REACH, at=at)["state"] == "refused"


@pytest.mark.parametrize("headers", [
    {"X-Outbox-Skew": "nan"}, {"X-Outbox-Skew": "1e999"}, {"X-Outbox-Skew": "soon"}, {"X-Outbox-User": "me"},
    {"X-Outbox-Skew": "-99999999999999"},
])  # fmt: skip
def test_strange_headers_are_refused(phone, headers, clock):
    data = {**REACH, "client_key": "one", "device_at": clock.now().isoformat()}
    answer = phone.client.post(f"{phone.path}/steps/reach", data, headers={"X-Outbox": "1", **headers}, status=200)
    assert answer.get_json()["state"] == "refused"


@pytest.mark.parametrize("key", ["", "x" * 65])
def test_an_entry_needs_its_key(sender, key):
    assert sender.step("reach", {**REACH, "client_key": key})["state"] == "refused"


def test_arrivals_at_the_same_moment_have_one_effect(sender, phone, app):
    """Twenty at once, on both databases: one effect, one answer to all."""
    clients = [phone.client for _each in range(8)]
    at, said, gate = sender.clock.now().isoformat(), [], threading.Barrier(8)
    data, user = arrive(phone), phone.user.id
    db.session.remove()

    def press(client: Any) -> None:
        with app.app_context():
            gate.wait()
            for _again in range(3):
                said.append(sender.step("arrive", dict(data), client=client, key="one", at=at, user=user))

    threads = [threading.Thread(target=press, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [each["state"] for each in said] == ["done"] * 24
    taken = session().scalars(select(Event).where(Event.action == "arrive")).all()
    assert len(taken) == 1 and len(entries()) == 1


# ---------- Late for want of signal ----------


@pytest.fixture
def late(sender, phone, clock, story):
    """Met on the phone at 14:35, before the limit of 17:10; heard of at 19:00, when the sweep had found it missed."""
    at = datetime.fromisoformat("2026-10-12T14:36:00+08:00")
    clock.set("2026-10-12 19:00")
    with transaction() as writing:
        tasks.sweep(writing, clock.now())
    assert sender.step("arrive", arrive(phone), at=at.isoformat())["state"] == "done"
    return session().scalars(select(DeadlineClaim)).one()


def arrival_clock(phone: Any) -> Task:
    return session().scalars(select(Task).where(Task.record_id == phone.order.id, Task.code == "DL-22")).one()


def test_until_it_is_decided_the_clock_counts_as_missed(late, phone, sign_in):
    task = arrival_clock(phone)
    assert task.breached_at is not None and task.closed_at == late.received_at
    assert phone.order.is_arrival_late
    page = sign_in(Role.SPECIALIST).get(f"/records/repair-orders/{phone.number}", status=200).text
    assert "10-12 14:35 完成" in page and "待经理认定" in page


def test_the_manager_accepts_with_one_tap(late, phone, story, sign_in, clock):
    manager = sign_in(story.manager)
    assert "无信号时完成" in manager.get("/manager/", status=200).text
    assert phone.number in manager.get("/manager/late-entries", status=200).text
    clock.advance(minutes=5)
    manager.post(f"/manager/late-entries/{late.id}/accept", status=303)
    task = arrival_clock(phone)
    assert task.breached_at is None and task.closed_at == late.met_at
    assert (
        not session().scalars(select(DeadlineBreach).where(DeadlineBreach.code == "DL-22")).all()
        and not phone.order.is_arrival_late
    )
    claim = session().get(DeadlineClaim, late.id)
    assert (claim.state, claim.decided_by_id, claim.decided_at) == ("ACCEPTED", story.manager.id, clock.now())
    page = manager.get(f"/records/repair-orders/{phone.number}", status=200).text
    assert "14:35" in page and "19:00" in page and "已认可" in page
    assert [event.action for event in session().scalars(select(Event).where(Event.kind == "TASK").order_by(Event.id))] == [
        "claim", "claim-accepted",
    ]  # fmt: skip
    assert events.check_chain(session()).ok
    manager.post(f"/manager/late-entries/{late.id}/refuse", status=409)


def test_the_managers_are_told_once_with_the_way_to_decide(late, story, make):
    """The job may run again; whoever decided already needs no telling."""
    here, other = make.branch(), make.branch()
    make.user(Role.MANAGER, branch_id=other.id)  # has nothing to decide
    with transaction() as writing:
        writing.get(DeadlineClaim, late.id).branch_id = here.id
    posted = session().scalars(select(Outbox).where(Outbox.kind == "notify_claim")).one()
    for _again in range(2):
        with transaction() as writing:
            handlers()["notify_claim"](writing, **posted.payload)
    told = session().scalars(select(Notice).where(Notice.key == f"claim:{late.id}")).all()
    assert {notice.user_id for notice in told} == {story.manager.id}
    assert (told[0].level, told[0].link) == ("ACTION", "/manager/late-entries")
    with transaction() as writing:
        writing.execute(delete(Notice))
        writing.get(DeadlineClaim, late.id).state = "REFUSED"
    with transaction() as writing:
        handlers()["notify_claim"](writing, **posted.payload)
    assert not session().scalars(select(Notice).where(Notice.key == f"claim:{late.id}")).all()


def test_refused_it_stays_missed(late, phone, story, sign_in):
    sign_in(story.manager).post(f"/manager/late-entries/{late.id}/refuse", status=303)
    task = arrival_clock(phone)
    assert task.breached_at is not None and task.closed_at == late.received_at
    assert session().scalars(select(DeadlineBreach).where(DeadlineBreach.code == "DL-22")).one().late_minutes == 110
    assert session().get(DeadlineClaim, late.id).state == "REFUSED"


@pytest.mark.parametrize(("decision", "state"), [("accept", "CANCELLED"), ("refuse", "PROPOSED")])
def test_with_the_miss_goes_the_penalty_proposed_for_it(late, phone, story, sign_in, make, decision, state):
    crew = make.crew(name="刘大勇队")
    with transaction() as writing:
        order = writing.get_one(RepairOrder, phone.order.id)
        order.executor, order.responsible_crew_id = "RESPONSIBLE_CREW", crew.id
        writing.flush()
        assert penalty_misses.propose_for_miss(writing, late.task_id, at=clock.now()) is not None
    sign_in(story.manager).post(f"/manager/late-entries/{late.id}/{decision}", status=303)
    assert session().scalars(select(PenaltyEntry)).one().state == state
    with transaction() as writing:  # the job may run again
        penalty_misses.propose_for_miss(writing, late.task_id, at=clock.now())
    assert session().scalars(select(PenaltyEntry)).one().state == state


def test_a_penalty_that_was_decided_stands_and_says_that_its_ground_is_gone(late, phone, story, sign_in, make):
    """4.18: only an appeal takes it back; manager and specialist are told, and its history says why."""
    crew = make.crew(name="刘大勇队")
    with transaction() as writing:
        order = writing.get_one(RepairOrder, phone.order.id)
        order.executor, order.responsible_crew_id = "RESPONSIBLE_CREW", crew.id
        writing.flush()
        entry = penalty_misses.propose_for_miss(writing, late.task_id, at=clock.now())
        entry.state, entry.approved_at, number = "APPROVED", clock.now(), entry.number
    manager = sign_in(story.manager)
    manager.post(f"/manager/late-entries/{late.id}/accept", status=303)
    assert f"处罚 {number} 此前已经决定" in manager.get("/manager/late-entries", status=200).text
    assert session().scalars(select(PenaltyEntry)).one().state == "APPROVED"
    page = manager.get(f"/records/penalties/{number}", status=200).text
    assert "已认定于 2026-10-12 14:35 按时完成" in page
    posted = session().scalars(select(Outbox).where(Outbox.kind == "notify_step")).all()
    (told,) = [row.payload for row in posted if row.payload["action"] == "ground-gone"]
    with transaction() as writing:
        handlers()["notify_step"](writing, **told)
    notices = session().scalars(select(Notice).where(Notice.link == f"/records/penalties/{number}")).all()
    assert story.specialist.id in {notice.user_id for notice in notices}


@pytest.mark.parametrize("role", [Role.FRONT_DESK, Role.SPECIALIST, Role.REVIEWER, Role.REPAIR_CAPTAIN])
def test_nobody_else_decides(late, sign_in, role):
    sign_in(role).post(f"/manager/late-entries/{late.id}/accept", status=403)


def test_a_manager_of_another_branch_sees_none(late, make, sign_in):
    branch, own = make.branch(), make.branch()
    with transaction() as writing:
        writing.get(DeadlineClaim, late.id).branch_id = own.id
    manager = sign_in(make.user(Role.MANAGER, branch_id=branch.id))
    manager.post(f"/manager/late-entries/{late.id}/accept", status=404)


def test_in_time_or_written_too_late_there_is_nothing_to_decide(sender, phone, clock):
    clock.set("2026-10-12 19:00")
    assert sender.step("arrive", arrive(phone))["state"] == "done"  # written at 19:00 about 14:35
    assert not session().scalars(select(DeadlineClaim)).all()


def test_the_sweep_need_not_have_been_there(sender, phone, clock):
    clock.set("2026-10-12 17:20")
    sender.step("arrive", arrive(phone), at="2026-10-12T14:36:00+08:00")
    assert session().scalars(select(DeadlineClaim)).one().state == "OPEN"
    assert arrival_clock(phone).breached_at is not None


def test_an_accepted_clock_is_in_order_for_the_nightly_check(late, story, sign_in):
    sign_in(story.manager).post(f"/manager/late-entries/{late.id}/accept", status=303)
    found = Result("reminders", "")
    reminders_are_told(session(), found)
    assert not [line for line in found.problems if "breach" in line]


# ---------- What the phone keeps ----------


def test_the_phone_keeps_the_jobs_of_today_and_tomorrow(phone, story, clock):
    said = phone.client.get("/repair-captain/kept", status=200).get_json()
    assert said["user"] == phone.user.id
    assert phone.path in dict(said["pages"]) and "/repair-captain/" in dict(said["pages"])
    later = repairs.MoveVisit(clock.now() + timedelta(days=2, hours=10))
    story.act(repairs.move_visit, phone.order, later, actor=story.captain)
    assert phone.path not in dict(phone.client.get("/repair-captain/kept").get_json()["pages"])


def test_pages_say_whose_they_are(phone, make, sign_in):
    assert phone.client.get(phone.path).headers["X-Portal-User"] == str(phone.user.id)
    reviewer = make.user(Role.REVIEWER)
    assert sign_in(reviewer).get("/repair-captain/", status=403).headers["X-Portal-User"] == str(reviewer.id)


def test_the_key_is_that_of_the_person(phone, make, sign_in):
    def key(client: Any) -> str:
        return client.get("/repair-captain/outbox/session", status=200).get_json()["key"]

    other = sign_in(Role.REPAIR_CAPTAIN)
    assert key(phone.client) == key(phone.client) != key(other)


def test_the_app_can_be_installed(visitor):
    said = visitor.get("/repair-captain/manifest.webmanifest", status=200).get_json(force=True)
    assert (said["start_url"], said["scope"], said["display"]) == ("/repair-captain/", "/", "standalone")
    for icon in said["icons"]:
        assert visitor.get(icon["src"], status=200).mimetype == "image/png"
    worker = visitor.get("/repair-captain/sw.js", status=200)
    assert worker.mimetype == "text/javascript" and worker.headers["Cache-Control"] == "no-cache"
    assert "script-src 'self'" in worker.headers["Content-Security-Policy"]


def test_keys_are_known_for_half_a_year(sender, phone, clock, app):
    from jobs.upkeep import Cleanup, SlotOf

    sender.step("reach", REACH, key="one")
    for days, left in ((179, 1), (2, 0)):
        clock.advance(days=days)
        with transaction() as writing:
            Cleanup().finish(
                writing, SlotOf("cleanup", "x"), type("Gone", (), {"files": 0, "exports": [], "prints": []})()
            )
        assert session().scalar(select(func.count()).select_from(ClientRequest)) == left
    assert len(entries()) == 1  # the entry itself, with both its times, stays
