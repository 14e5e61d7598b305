"""Who else is at a record: told while the store answers, and missed by nobody when it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from portal import presence, valkey
from portal.permissions import Role


def test_people_at_a_record_are_told_of_each_other_for_a_minute(app):
    config, now = app.config["PORTAL"], datetime(2026, 10, 15, 1, 0, tzinfo=UTC)

    def come(user_id: int, name: str, editing: bool = False, later: int = 0):
        moment = now + timedelta(seconds=later)
        return presence.others(
            config, "complaints", 7, user_id=user_id, name=name, is_editing=editing, now=lambda: moment
        )

    with valkey.running(config.home):
        assert come(1, "周晓雯") == []
        assert come(2, "陈丽华", editing=True) == [presence.Visitor("周晓雯", False)]
        assert come(1, "周晓雯", later=30) == [presence.Visitor("陈丽华", True)]
        assert come(1, "周晓雯", later=80) == [], "who says nothing any more has gone"
        assert presence.others(config, "complaints", 8, user_id=3, name="沈佳", is_editing=False) == []


def test_the_hint_is_on_the_page_and_names_who_edits(app, sign_in, make):
    customer = make.customer()
    mine, theirs = sign_in(Role.SPECIALIST), sign_in(Role.MANAGER)
    path = f"/records/customers/{customer.number}/here"
    assert f'hx-get="{path}"' in mine.get(f"/records/customers/{customer.number}", status=200).text
    form = mine.get(f"/records/customers/{customer.number}/edit", status=200).text
    assert f'hx-get="{path}?editing=1"' in form
    with valkey.running(app.config["PORTAL"].home):
        mine.get(f"{path}?editing=1", status=200)
        told = theirs.get(path, status=200).text
        assert f"{mine.user.name} 正在修改此记录" in told and theirs.user.name not in told


def test_without_the_store_there_is_no_hint_and_no_error(sign_in, make):
    customer = make.customer()
    told = sign_in(Role.SPECIALIST).get(f"/records/customers/{customer.number}/here", status=200).text
    assert told.strip() == ""


def test_nobody_learns_of_a_record_that_does_not_exist_for_them(sign_in, make):
    contract = make.contract()
    sign_in(Role.FRONT_DESK).get(f"/records/contracts/{contract.number}/here", status=404)
    sign_in(Role.MANAGER).get("/records/nothing/KH-2026-0001/here", status=404)
