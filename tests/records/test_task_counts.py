"""The three numbers of the top bar: each opens the list with exactly that many rows."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.db import transaction
from portal.models.task import Task
from portal.permissions import Role


@pytest.mark.parametrize("role", [Role.SPECIALIST, Role.FRONT_DESK, Role.MANAGER])
def test_each_number_is_its_list(sign_in, make, clock, role):
    browser, other = sign_in(role), make.user(role)
    at = clock.now()  # 10:00
    hours = [-30, -9, -1, 0.5, 3, 13, 15, 23, 25, 100, None]
    with transaction() as writing:
        for number, late in enumerate(hours):
            due = None if late is None else at + timedelta(hours=late)
            for person in (browser.user, other):
                writing.add(
                    Task(kind="HAND", title=f"第 {number} 件", record_kind="customers", record_id=1, record_number="x",
                         person_id=person.id, started_at=at - timedelta(days=2), due_at=due)
                )  # fmt: skip
            writing.add(
                Task(kind="HAND", title="完成", record_kind="customers", record_id=1, record_number="x", outcome="DONE",
                     person_id=browser.user.id, started_at=at, due_at=due, closed_at=at)
            )  # fmt: skip
    text = browser.get("/account/", status=200).text
    found = re.findall(r'<a href="(/records/tasks[^"]*)"><span class="tally-(\w+)">(\d+)</span>', text)
    assert [(name, int(count)) for _url, name, count in found] == [("late", 3), ("today", 5), ("soon", 5), ("open", 11)]
    for url, _name, count in found:
        listed = browser.get(url.replace("&amp;", "&"), status=200).text
        assert len(set(re.findall(r"第 \d+ 件", listed))) == int(count), url
