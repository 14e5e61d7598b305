"""Each invariant holds in a healthy house and is found broken when it is broken."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError

from portal import clock as portal_clock
from portal import outbox, verify
from portal.db import session, transaction
from portal.files.store import Store
from portal.models.account import UserSession
from portal.models.attachment import StoredFile
from portal.models.complaint import Complaint
from portal.models.contract import Contract, PaymentTerm
from portal.models.event import EventHead, EventKind
from portal.models.ledger import LedgerLine, LedgerMonth
from portal.models.notice import Delivery
from portal.models.org import Party, PartyKind
from portal.models.outbox import ClientRequest, Outbox, Slot
from portal.models.project import Project
from portal.models.task import Task
from portal.permissions import Role
from portal.schedules import SCHEDULES
from portal.services import events, penalties, penalty_steps, rewards, slots
from tests.documents import world
from tests.factories import tell_the_history

UNGUARDED = {
    "sqlite": ("DROP TRIGGER ledger_line_no_update", "DROP TRIGGER ledger_line_no_delete"),
    "postgresql": ("ALTER TABLE ledger_line DISABLE TRIGGER ledger_line_kept",),
}
"""What keeps the lines of the ledger, taken away to break them."""


def broken() -> dict[str, list[str]]:
    session().rollback()
    return {result.code: result.problems for result in verify.run_all() if not result.ok}


def test_an_empty_house_is_sound(app: Flask):
    results = verify.run_all()
    assert [result.code for result in results] == [f"I{number}" for number in range(1, 12)]
    assert broken() == {}


def test_a_lived_in_house_is_sound(app: Flask, make, clock, sign_in, config):
    make.contract()
    tell_the_history(clock.now())
    sign_in(Role.SPECIALIST)
    with transaction() as current:
        slots.plan(current, SCHEDULES[1], at=clock.now())
        current.add(StoredFile(sha256=Store.of(config).put(b"photo"), size=5, mime="image/png", created_at=clock.now()))
    assert broken() == {}


def test_a_form_without_result(app: Flask, make, clock):
    user = make.user()
    with transaction() as current:
        current.add(ClientRequest(user_id=user.id, key="k" * 20, fingerprint="f", location="", at=clock.now()))
    assert list(broken()) == ["I1"]


def test_a_state_that_its_history_does_not_know(app: Flask, make, clock):
    number = world.closed(make, clock).number
    tell_the_history(clock.now())
    with transaction() as current:
        current.query(Outbox).delete()
        current.execute(update(Task).values(warned_at=None))  # told nobody: not what this is about
    assert broken() == {}
    with transaction() as current:
        current.execute(update(Complaint).values(state="VISITED"))
    assert broken() == {"I2": [f"complaints {number} is VISITED, its history says CLOSED"]}


def task(clock: Any, **fields: Any) -> int:
    with transaction() as current:
        row = Task(
            kind="DEADLINE", title="x", record_kind="complaints", record_id=1, record_number="TS-1",
            started_at=clock.now() - timedelta(hours=9), **fields,
        )  # fmt: skip
        current.add(row)
    return row.id


def test_a_warning_nobody_got(app: Flask, make, clock):
    person = make.user(Role.SPECIALIST)
    task(clock, person_id=person.id, warned_at=clock.now() - timedelta(minutes=5))
    assert broken() == {"I3": ["task 1: nobody was told WARN"]}


def test_a_missed_clock_without_breach(app: Flask, clock):
    task(clock, code="DL-10", breached_at=clock.now())
    assert broken() == {"I3": ["task 1 (DL-10) was missed and has no breach"]}


def test_an_e_mail_nobody_will_send(app: Flask, make, clock):
    user = make.user()
    with transaction() as current:
        current.add(Delivery(key="k", user_id=user.id, state="DUE", message_id="<1@x>", created_at=clock.now()))
    assert list(broken()) == ["I3"]


def test_a_slot_that_is_missing_and_one_that_is_late(app: Flask, clock):
    audit = SCHEDULES[1]
    with transaction() as current:
        slots.plan(current, audit, at=clock.now())
    clock.advance(days=3)
    with transaction() as current:
        slots.plan(current, audit, at=clock.now())
        current.query(Outbox).update({"state": "DONE"})
        current.query(Slot).update({"state": "DONE"})
    assert broken() == {}
    with transaction() as current:
        current.delete(current.get_one(Slot, (audit.name, "2026-05-13", "")))
        current.get_one(Slot, (audit.name, "2026-05-14", "")).state = "DUE"
    problems = broken()["I4"]
    assert len(problems) == 2
    assert "2026-05-14 is due since" in problems[0] and "2026-05-13 was never planned" in problems[1]


def test_files_missing_changed_and_of_nobody(app: Flask, clock, config, monkeypatch):
    store = Store.of(config)
    kept, changed, gone = (store.put(word) for word in (b"kept", b"changed", b"gone"))
    with transaction() as current:
        for sha256, size in ((kept, 4), (changed, 7), (gone, 4)):
            current.add(StoredFile(sha256=sha256, size=size, mime="image/png", created_at=clock.now()))
    assert broken() == {}
    store.path(changed).write_bytes(b"Changed")
    store.path(gone).unlink()
    orphan = store.put(b"orphan")
    assert len(broken()["I5"]) == 2, "young bytes may still get their row"
    monkeypatch.setattr(verify, "FRESH_FILE_SECONDS", -1)
    assert sorted(problem.split("…")[0][-12:] for problem in broken()["I5"]) == sorted(
        (changed[:12], gone[:12], orphan[:12])
    )


def test_instalments_that_do_not_add_up(app: Flask, make, clock):
    contract = make.contract(amount=Decimal("100.10"))
    tell_the_history(clock.now())
    with transaction() as current:
        for position, amount in enumerate((Decimal("33.37"), Decimal("33.37"), Decimal("33.36"))):
            current.add(
                PaymentTerm(
                    contract_id=contract.id, position=position, kind="FIRST", percent=Decimal("33"), amount=amount
                )
            )  # fmt: skip
    assert broken() == {}
    with transaction() as current:
        current.execute(update(Contract).values(amount=Decimal("100.11")))
    assert list(broken()) == ["I6"]


def test_a_cut_chain(app: Flask, clock):
    for _number in range(3):
        with transaction() as current:
            events.record(current, EventKind.SYSTEM, at=clock.now(), actor=None)
    assert broken() == {}
    with transaction() as current:
        current.get_one(EventHead, 1).last_id = 4
    assert list(broken()) == ["I7"]


@pytest.mark.parametrize("state", ["PENDING", "LEASED", "DEAD"])
def test_stuck_work(app: Flask, clock, state):
    with transaction() as current:
        outbox.post(current, "cleanup", key="k", at=clock.now())
    assert broken() == {}
    clock.advance(minutes=2)
    past = portal_clock.machine_now() - timedelta(minutes=2)
    with transaction() as current:
        current.query(Outbox).update({"state": state, "lease_until": past})
    assert list(broken()) == ["I8"]


@pytest.mark.sqlite_only
def test_a_row_that_points_to_nothing(app: Flask):
    with session().get_bind().connect() as connection:  # type: ignore[union-attr]
        raw = connection.connection.dbapi_connection
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("INSERT INTO recovery_code (user_id, code_hash) VALUES (77, 'x')")
        raw.execute("PRAGMA foreign_keys=ON")
    assert broken() == {"I9": ["row 1 of recovery_code points to a row of user that is gone"]}


@pytest.mark.parametrize("how", ["used", "open"])
def test_a_session_after_its_end(app: Flask, make, clock, sign_in, how):
    sign_in(Role.SPECIALIST)
    assert broken() == {}
    with transaction() as current:
        if how == "used":
            current.query(UserSession).update({"ended_at": clock.now() - timedelta(minutes=1)})
        else:
            current.execute(text('UPDATE "user" SET disabled_at = created_at'))
    assert list(broken()) == ["I10"]


def test_penalties_are_decided_figured_and_booked(app: Flask, make, clock):
    """I11 finds a wrong share, an approval without its line, a line that was changed, a line in a closed month."""
    manager, project = make.user(Role.MANAGER), make.project()
    hr, designer = make.party(PartyKind.HR, department="HR"), make.party(PartyKind.DESIGNER)
    with transaction() as current:
        entry = penalties.propose(
            current, rule="K-02", party_id=designer.id, record=current.get_one(Project, project.id), cause="x",
            evidence={}, at=clock.now(), base=Decimal("168000.00"),
        )  # fmt: skip
        command = penalty_steps.ApprovePenalty(
            entry.kind, confirmed_by=current.get_one(Party, hr.id), confirmed_at=clock.now()
        )
        penalty_steps.approve(current, entry, command, actor=manager, at=clock.now())
        number = entry.number
    assert "I11" not in broken()
    for statement, problem in (
        ("UPDATE penalty_entry SET amount = 839", f"penalty {number}: 0.500 % of 168000.00 is not 839.00"),
        ("UPDATE ledger_line SET amount = 1", f"penalty {number}: 840.00 decided, 1.00 in 1 lines of the ledger"),
        ("DELETE FROM ledger_line", f"penalty {number}: 840.00 decided, None in 0 lines of the ledger"),
    ):
        with transaction() as current, current.begin_nested() as savepoint:
            if "ledger_line" in statement:
                with pytest.raises(DBAPIError, match="lines of the ledger are never"), current.begin_nested():
                    current.execute(text(statement))
                for forget in UNGUARDED[current.get_bind().dialect.name]:
                    current.execute(text(forget))
            current.execute(text(statement))
            result = verify.Result("I11", "")
            verify.penalties_hold(current, result)
            savepoint.rollback()
        assert result.problems == [problem]
    with transaction() as current:
        current.add(
            LedgerMonth(month=clock.now().date().replace(day=1), closed_at=clock.now() - timedelta(days=1), closed_by_id=manager.id)
        )  # fmt: skip
    assert broken()["I11"] == [f"{number}: a line of the ledger was written in a closed month"]
    with pytest.raises(DBAPIError, match="month of the ledger is closed"), transaction() as current:
        reward = rewards.propose(
            current, record=current.get_one(Project, project.id), person=current.get_one(Party, hr.id),
            reason="QUALITY", words="x", at=clock.now(),
        )  # fmt: skip
        month = clock.now().date().replace(day=1)
        current.add(
            LedgerLine(month=month, decided_on=month, reward_id=reward.id, amount=Decimal(0), booked_at=clock.now())
        )
        current.flush()
