"""The wall board: each number is the number of rows behind it, no customer is named, few questions are asked."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from portal.db import transaction
from portal.models.task import Task, TaskKind
from portal.permissions import Role

CUSTOMER = "江海燕"


@pytest.fixture
def tasks_of(session, make, clock):
    """Tasks due so many minutes from now, of a department and a person; everything else the same."""
    now, numbers = clock.now(), iter(range(1, 1000))

    def build(minutes: float, department: str | None = None, person: Any = None, **more: Any) -> None:
        number = next(numbers)
        with transaction() as writing:
            writing.add(
                Task(
                    kind=TaskKind.DEADLINE, code="DL-11", title="Department calls the customer", record_kind="complaints",
                    record_id=number, record_number=f"TS-2026-{number:04}", customer_name=CUSTOMER, department=department,
                    person_id=person.id if person else None, role=None if person else "SPECIALIST",
                    started_at=now - timedelta(days=2), due_at=now + timedelta(minutes=minutes), **more,
                )
            )  # fmt: skip

    return build


def shown(text: str) -> dict[str, tuple[str, str]]:
    """Figure and address of each tile by its label."""
    tiles = re.findall(r'<a class="wall-tile[^"]*" href="([^"]+)"><span>([^<]+)</span><b>(?:<svg.*?</svg>)?(\d+)', text)
    return {label: (figure, unescape(url)) for url, label, figure in tiles}


def bars(text: str) -> list[tuple[str, int, str]]:
    found = re.findall(
        r'<li><a href="([^"]+)"><span class="wall-name">([^<]+)</span><svg.*?</svg><b>(\d+)</b>', text, re.DOTALL
    )
    return [(name, int(number), unescape(url)) for url, name, number in found]


def rows(client: Any, url: str) -> int:
    return client.get(url, status=200).text.count('<tr class="line"')


def test_each_number_is_the_number_of_rows_behind_it(sign_in, make, tasks_of, queries):
    anna, ben = make.user(Role.SPECIALIST, name="安妮"), make.user(Role.SPECIALIST, name="贝恩")
    for _time in range(3):
        tasks_of(-60, "ENGINEERING", anna)
    tasks_of(-5, None, ben)
    tasks_of(-5, "SERVICE")
    tasks_of(1, None, ben)
    tasks_of(14, None, ben)
    tasks_of(16, "DESIGN")
    tasks_of(60 * 30)
    tasks_of(-60, "DESIGN", closed_at=None, branch_id=make.branch().id)
    client = sign_in(Role.MANAGER)
    client.get("/manager/wall")
    with queries() as seen:
        text = client.get("/manager/wall", status=200).text
    assert len(seen) <= 15, "\n".join(seen)
    tiles = shown(text)
    assert {label: figure for label, (figure, _url) in tiles.items()} == {
        "已逾期": "6", "15 分钟内到期": "2", "今天到期": "9", "待接手的升级客诉": "0",
    }  # fmt: skip
    for label, (figure, url) in tiles.items():
        assert rows(client, url) == int(figure), label
    assert [(name, number) for name, number, _url in bars(text)] == [
        ("工程部", 3), ("客服部", 2), ("设计部", 1), ("安妮", 3), ("贝恩", 1),
    ]  # fmt: skip
    for name, number, url in bars(text):
        assert rows(client, url) == number, name
    assert "未指定人：2" in text and rows(client, "/records/tasks?filter=open,overdue,unassigned") == 2
    assert CUSTOMER not in text and "TS-2026" not in text


def test_a_manager_of_a_branch_sees_that_branch(sign_in, make, tasks_of):
    home, other = make.branch(), make.branch()
    tasks_of(-5, branch_id=home.id)
    tasks_of(-5, branch_id=other.id)
    client = sign_in(Role.MANAGER, branch=home)
    assert shown(client.get("/manager/wall").text)["已逾期"][0] == "1"


def test_the_figures_come_again_by_themselves(sign_in, tasks_of):
    client = sign_in(Role.MANAGER)
    whole = client.get("/manager/wall", status=200).text
    assert 'hx-get="/manager/wall/figures"' in whole and 'hx-trigger="every 60s"' in whole
    assert "今天没有" not in whole and shown(whole)["已逾期"][0] == "0"
    tasks_of(-1)
    part = client.get("/manager/wall/figures", status=200, headers={"HX-Request": "true"}).text
    assert shown(part)["已逾期"][0] == "1" and "<html" not in part


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.MANAGER])
def test_only_the_manager_may(sign_in, role):
    client = sign_in(role)
    client.get("/manager/wall", status=403)
    client.get("/manager/wall/figures", status=403)
