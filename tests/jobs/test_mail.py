"""E-mail against a real SMTP server that behaves, refuses, hangs and drops."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from sqlalchemy import select

from jobs.outbox import deliver
from portal import faults
from portal import mail as portal_mail
from portal.db import session, transaction
from portal.models.notice import Delivery, DeliveryState, Notice, NoticeLevel
from portal.models.org import User
from portal.models.outbox import Outbox
from portal.models.setting import SettingValue
from portal.models.task import Task
from portal.permissions import Role
from portal.services import notices
from tests.smtp import Sink, free_port

State = DeliveryState


def use(clock: Any, **values: Any) -> None:
    with transaction() as current:
        for key, value in values.items():
            current.merge(SettingValue(key=key, value=value, updated_at=clock.now()))
        current.info.pop("settings", None)


@pytest.fixture
def told(app: Any, sink: Sink, clock: Any, make: Any) -> tuple[User, int]:
    """A specialist with an address, told of something pressing; and the number of the work."""
    use(
        clock,
        smtp_host="127.0.0.1",
        smtp_port=sink.port,
        mail_from="portal@example.test",
        portal_url="http://portal.test/",
    )
    user = make.user(Role.SPECIALIST, email="peng@example.test", locale="zh_Hans")
    return user, tell(user, clock)


def tell(user: User, clock: Any, key: str = "k") -> int:
    with transaction() as current:
        notices.notify(
            current,
            user=current.get_one(User, user.id),
            key=key,
            level=NoticeLevel.OVERDUE,
            title="Overdue: %(task)s (%(customer)s)",
            params={"task": "a promise", "customer": "彭志刚", "number": "TS-2026-0001"},
            link="/records/complaints/TS-2026-0001",
            due_at=clock.now(),
            at=clock.now(),
        )
    return session().scalars(select(Outbox.id).order_by(Outbox.id.desc()).limit(1)).one()


def state() -> tuple[str, int]:
    session().rollback()
    row = session().scalars(select(Delivery)).one()
    return row.state, row.attempts


def again(number: int, clock: Any) -> None:
    clock.advance(hours=3)
    assert deliver(number)


def test_a_mail_goes_out_in_the_persons_language_without_anybodys_name(told, sink, clock):
    assert deliver(told[1])
    assert state() == (State.SENT, 1)
    (message,) = sink.got
    assert message["To"] == "peng@example.test"
    assert message["Subject"] == "逾期：TS-2026-0001"
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for body in (text, html):
        assert "彭志刚" not in body
        assert "http://portal.test/records/complaints/TS-2026-0001" in body
        assert "请勿回复" in body
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert not deliver(told[1])
    assert len(sink.got) == 1


def test_a_notice_told_twice_is_one_mail(told, sink, clock):
    tell(told[0], clock)
    assert session().scalars(select(Outbox.kind)).all() == ["send_mail"]


@pytest.mark.parametrize("answer", ["450 mailbox busy", "421 come back later"])
def test_a_temporary_refusal_is_tried_again_with_the_same_message_id(told, sink, clock, answer):
    sink.rcpt.append(answer)
    sink.data.append("451 not now")
    deliver(told[1])
    assert state() == (State.DUE, 1)
    again(told[1], clock)
    assert state() == (State.DUE, 2)
    again(told[1], clock)
    assert state() == (State.SENT, 3)
    assert len({message["Message-ID"] for message in sink.got}) == 1


@pytest.mark.parametrize("where", ["rcpt", "data"])
def test_a_lasting_refusal_is_final_and_shown(told, sink, clock, where):
    getattr(sink, where).append("550 no such person")
    deliver(told[1])
    assert state() == (State.FAILED, 1)
    assert "no such person" in session().scalars(select(Delivery.answer)).one()
    assert not deliver(told[1])


def test_one_bad_address_stops_nobody_else(told, sink, clock, make):
    second = make.user(Role.SPECIALIST, email="good@example.test")
    other = tell(second, clock)
    sink.rcpt.append("550 no such person")
    deliver(told[1])
    deliver(other)
    assert [message["To"] for message in sink.got] == ["good@example.test"]


def test_a_drop_after_the_message_is_uncertain_and_sent_again_with_the_same_id(told, sink, clock):
    sink.drop_after_data = 1
    deliver(told[1])
    assert state() == (State.UNCERTAIN, 1)
    again(told[1], clock)
    assert state() == (State.SENT, 2)
    assert len(sink.got) == 2 and len({message["Message-ID"] for message in sink.got}) == 1


def test_a_server_that_never_answers_is_not_fed_for_ever(told, sink, clock):
    sink.drop_after_data = 99
    for _try in range(4):
        clock.advance(hours=3)
        deliver(told[1])
    assert state() == (State.UNCERTAIN, 3)
    assert len(sink.got) == 3


def test_no_server_is_tried_again(told, sink, clock):
    use(clock, smtp_port=free_port())
    deliver(told[1])
    assert state() == (State.DUE, 1)
    assert "Connection refused" in session().scalars(select(Delivery.answer)).one()


def test_a_server_that_hangs_is_left_after_a_while(told, sink, clock, monkeypatch):
    monkeypatch.setattr(portal_mail, "TIMEOUT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        held: list[socket.socket] = []
        thread = threading.Thread(target=lambda: held.append(deaf.accept()[0]), daemon=True)
        thread.start()
        use(clock, smtp_port=deaf.getsockname()[1])
        deliver(told[1])
        thread.join(2)
        for connection in held:
            connection.close()
    assert state() == (State.DUE, 1)


def test_killed_before_the_call_it_is_uncertain_and_sent(told, sink, clock, monkeypatch):
    died_at(monkeypatch, "K11", told[1])
    assert state() == (State.SENDING, 1) and sink.got == []
    revive(told[1])
    assert state() == (State.SENT, 2) and len(sink.got) == 1


def test_killed_after_the_answer_it_is_sent_again_with_the_same_id(told, sink, clock, monkeypatch):
    died_at(monkeypatch, "K12", told[1])
    assert state() == (State.SENDING, 1) and len(sink.got) == 1
    revive(told[1])
    assert state() == (State.SENT, 2)
    assert len({message["Message-ID"] for message in sink.got}) == 1


def test_read_after_a_call_of_unknown_end_it_stays_uncertain(told, sink, clock, monkeypatch):
    died_at(monkeypatch, "K12", told[1])
    with transaction() as current:
        notices.mark_read(current, current.get_one(User, told[0].id), at=clock.now())
    revive(told[1])
    assert state() == (State.UNCERTAIN, 1), "it may lie in the mailbox; nobody may say it was not sent"
    assert len(sink.got) == 1


class Died(BaseException):
    """Stands for SIGKILL: nothing after it runs."""


def died_at(monkeypatch: pytest.MonkeyPatch, point: str, number: int) -> None:
    def die(reached: str) -> None:
        if reached == point:
            raise Died

    with monkeypatch.context() as patch:
        patch.setattr(faults, "reach", die)
        with pytest.raises(Died):
            deliver(number, worker="dead")


def revive(number: int) -> None:
    from portal import clock as portal_clock
    from portal.services import delivery

    with transaction() as current:
        delivery.free_abandoned(current, machine_at=portal_clock.machine_now(), holder="dead")
    assert deliver(number)


@pytest.mark.parametrize("why", ["read", "disabled", "no address", "no server"])
def test_what_is_not_wanted_any_more_is_not_sent(told, sink, clock, why):
    with transaction() as current:
        user = current.get_one(User, told[0].id)
        if why == "read":
            notices.mark_read(current, user, at=clock.now())
        elif why == "disabled":
            user.disabled_at = clock.now()
        elif why == "no address":
            user.email = None
    if why == "no server":
        use(clock, smtp_host="")
    deliver(told[1])
    assert state() == (State.SUPPRESSED, 0) and sink.got == []


def test_a_task_done_meanwhile_sends_no_mail(told, sink, clock, make):
    with transaction() as current:
        task = Task(
            kind="TODO", title="x", record_kind="complaints", record_id=1, record_number="TS-1", started_at=clock.now(),
            closed_at=clock.now(), outcome="DONE",
        )  # fmt: skip
        current.add(task)
        current.flush()
        current.scalars(select(Notice)).one().task_id = task.id
    deliver(told[1])
    assert state()[0] == State.SUPPRESSED


@pytest.mark.parametrize("address", ["a@b.test\r\nBcc: all@b.test", "彭@b.test", ""])
def test_an_address_cannot_smuggle_headers(told, sink, clock, address):
    with transaction() as current:
        current.get_one(User, told[0].id).email = address
    deliver(told[1])
    assert state()[0] in (State.FAILED, State.SUPPRESSED)
    assert sink.got == []


def test_without_a_mail_server_nothing_is_written(app, clock, make):
    user = make.user(Role.SPECIALIST, email="peng@example.test")
    with transaction() as current:
        notices.notify(
            current, user=current.get_one(User, user.id), key="k", level=NoticeLevel.WARN, title="x", params={},
            link="/", at=clock.now(),
        )  # fmt: skip
    assert session().scalars(select(Delivery)).all() == []
