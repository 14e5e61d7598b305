"""Before a limit is saved: what would have happened last month with the new one, counted by hand here.

Last month is April 2026; 1 April is a Wednesday, 4 to 6 April is the Tomb-Sweeping holiday, 9 May a working Saturday.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest

from portal import clock as portal_clock
from portal.calendar import Pause, recompute
from portal.db import transaction
from portal.models.setting import SettingValue
from portal.models.task import Task
from portal.permissions import Role
from portal.processes import complaint, consultation, repair
from portal.processes.base import Deadline
from portal.services import calendars, dry_runs, tasks
from portal.services.dry_runs import DryRun, Trial

DEADLINES = {each.code: each for each in (*complaint.PROCESS.deadlines, *repair.PROCESS.deadlines)} | {
    "DL-02": consultation.FIRST_CONTACT
}
FIRST = datetime(2026, 4, 1, 9, tzinfo=portal_clock.ZONE)
HOUR = timedelta(hours=1)


@dataclass
class Case:
    id: int
    number: str
    KIND: str = "complaints"
    branch_id: int | None = None


@pytest.fixture(autouse=True)
def year(session, clock):
    with transaction() as writing:
        calendars.seed(writing, [2026, 2027], at=clock.now())


@pytest.fixture
def boss(make):
    return make.user(Role.MANAGER)


@pytest.fixture
def met(session) -> Callable[..., str]:
    """A clock of a complaint that began on 1 April at 9:00 plus `after` hours and was met so many hours later."""
    numbers = iter(range(1, 1000))

    def build(
        code: str, hours: float | None, *, after: float = 0, cap_after: float | None = None, cancel: bool = False,
        pause: tuple[float, float] | None = None,
    ) -> str:  # fmt: skip
        clock: Deadline = DEADLINES[code]
        number = next(numbers)
        start = FIRST + after * HOUR
        with transaction() as writing:
            task = tasks.open_deadline(
                writing, clock, Case(number, f"TS-2026-{number:04}"), start=start, at=start,
                who=tasks.Responsible(role="MANAGER"),
                cap_start=None if cap_after is None else FIRST + cap_after * HOUR,
            )  # fmt: skip
            if pause:
                known = tasks.explanation(task)
                stopped = Pause(FIRST + pause[0] * HOUR, FIRST + pause[1] * HOUR)
                due = recompute(known, calendars.current(writing), [stopped])
                task.due_at, task.explanation = due.due_at, due.to_dict()
            if cancel:
                tasks.cancel(writing, task, at=start + HOUR, actor=None)
            elif hours is not None:
                end = start + hours * HOUR
                tasks.close(writing, task, happened_at=end, at=end, actor=None)
            return task.record_number

    return build


def tried(session: Any, boss: Any, clock: Any, **changes: Any) -> dict[str, Trial]:
    found = dry_runs.of_changes(session, boss, changes, at=clock.now())
    assert found is not None
    return {trial.clock.code: trial for trial in found.trials}


def sums(trial: Trial) -> tuple[int, int, int]:
    return trial.met, trial.late, trial.late_then


def test_a_shorter_limit_makes_more_of_them_late(session, boss, clock, met):
    for hours in (5, 19.9, 20, 20.5, 23, 24, 25, 40):
        number = met("DL-11", hours)
    found = tried(session, boss, clock, complaint_verify_hours=20)["DL-11"]
    assert sums(found) == (8, 2, 5)  # 25 and 40 were late; 20.5, 23 and 24 would have been
    assert [turned.is_late for turned in found.turned] == [True, True, True]
    assert {turned.due_then for turned in found.turned} == {FIRST + 20 * HOUR}
    assert {turned.due_at for turned in found.turned} == {FIRST + 24 * HOUR}
    assert number not in [turned.record_number for turned in found.turned]
    assert found.turned[0].url == "/records/complaints/TS-2026-0006"


def test_a_longer_limit_lets_some_off(session, boss, clock, met):
    for hours in (23, 25, 30, 31):
        met("DL-11", hours)
    found = tried(session, boss, clock, complaint_verify_hours=30)["DL-11"]
    assert sums(found) == (4, 3, 1)
    assert [turned.is_late for turned in found.turned] == [False, False]


def test_less_than_a_minute_is_in_time_as_the_metrics_have_it(session, boss, clock, met):
    met("DL-11", 24 + 59 / 3600)
    met("DL-11", 20 + 59 / 3600)
    met("DL-11", 20 + 61 / 3600)
    assert sums(tried(session, boss, clock, complaint_verify_hours=20)["DL-11"]) == (3, 0, 2)


def test_pauses_do_not_count(session, boss, clock, met):
    met("DL-11", 24, pause=(2, 7))  # 19 hours were counted
    met("DL-11", 26, pause=(2, 7))  # 21
    assert sums(tried(session, boss, clock, complaint_verify_hours=20)["DL-11"]) == (2, 0, 1)


def test_duty_hours_count_the_days_from_half_past_eight_to_eight(session, boss, clock, met):
    met("DL-10", 3)  # 9:00 to 12:00
    met("DL-10", 11, after=10)  # 19:00 to 6:00: an hour of duty
    met("DL-10", 16, after=10)  # 19:00 to 11:00: three hours and a half
    found = tried(session, boss, clock, complaint_clock="DUTY_HOURS")
    assert sums(found["DL-10"]) == (3, 2, 1)
    assert set(found) == {"DL-10", "DL-11", "DL-12", "DL-13", "DL-14"}


def test_only_last_month_and_only_what_was_met(session, boss, clock, met):
    met("DL-11", 23, after=24 * 29.5)  # 1 May
    met("DL-11", 23, after=-24)  # ended on 1 April
    met("DL-11", 23, after=-24 * 2)  # ended in March
    met("DL-11", None)
    met("DL-11", None, cancel=True)
    met("DL-13", 40)
    found = tried(session, boss, clock, complaint_verify_hours=20)
    assert set(found) == {"DL-11"}
    one = found["DL-11"]
    assert (*sums(one), one.open, one.cancelled) == (1, 0, 1, 1, 1)


def test_of_two_limits_the_one_that_came_first_is_tried_and_what_hangs_on_the_other_is_left_out(
    session, boss, clock, met
):
    for hours in (10, 23, 26):  # its own limit came first: 24 hours, the second at the 38th
        met("DL-12", hours, cap_after=-10)
    shorter = tried(session, boss, clock, complaint_plan_hours=20)["DL-12"]
    assert (*sums(shorter), shorter.unknown) == (3, 1, 2, 0)
    longer = tried(session, boss, clock, complaint_plan_hours=36)["DL-12"]
    assert (*sums(longer), longer.unknown) == (2, 0, 0, 1), "between 24 and 36 hours nobody knows"


def test_where_the_second_limit_came_first_both_are_known(session, boss, clock, met):
    for hours in (5, 9, 11, 30):  # signed 38 hours before: due after 10 hours
        met("DL-12", hours, cap_after=-38)
    own = tried(session, boss, clock, complaint_plan_hours=8)["DL-12"]
    assert (*sums(own), own.unknown) == (4, 2, 3, 0)
    cap = tried(session, boss, clock, complaint_plan_cap_hours=60)["DL-12"]
    assert (*sums(cap), cap.unknown) == (4, 2, 1, 0), "now 22 hours for all"


def test_a_shorter_second_limit_says_nothing_of_those_in_time_under_the_first(session, boss, clock, met):
    met("DL-12", 23, cap_after=-10)
    met("DL-12", 26, cap_after=-10)
    found = tried(session, boss, clock, complaint_plan_cap_hours=40)["DL-12"]
    assert (*sums(found), found.unknown) == (1, 1, 1, 1)


def test_a_second_limit_that_was_never_turned_on_counts_for_nobody(session, boss, clock, met):
    met("DL-22", 9)
    found = tried(session, boss, clock, repair_arrive_hours=10)["DL-22"]
    assert (*sums(found), found.unknown) == (1, 1, 0, 0)
    with transaction() as writing:
        writing.add(SettingValue(key="repair_urgent_clock", value=False, updated_at=clock.now()))
    found = tried(session, boss, clock, repair_arrive_hours=10)["DL-22"]
    assert (*sums(found), found.unknown) == (0, 0, 0, 1)


def test_the_first_contact_has_both_limits_from_one_start(session, boss, clock, met):
    for hours in (23, 30):
        met("DL-02", hours, cap_after=0)
    assert sums(tried(session, boss, clock, first_contact_hours=36)["DL-02"]) == (2, 1, 0)
    assert sums(tried(session, boss, clock, first_contact_hours=200)["DL-02"]) == (2, 1, 0)
    assert sums(tried(session, boss, clock, first_contact_hours=12)["DL-02"]) == (2, 1, 2)


def test_what_is_agreed_or_no_limit_is_not_tried(session, boss, clock):
    assert dry_runs.of_changes(session, boss, {"warn_share": 30}, at=clock.now()) is None
    assert dry_runs.of_changes(session, boss, {"slip_hours": 24}, at=clock.now()) is None
    both = dry_runs.of_changes(session, boss, {"slip_hours": 24, "complaint_visit_hours": 40}, at=clock.now())
    assert isinstance(both, DryRun)
    assert [label.message for label in both.fixed] == ["DL-08 Liaison slip settled within, unless it says otherwise"]


def test_clocks_of_another_branch_are_not_counted(session, make, clock, met):
    met("DL-11", 23)
    home, other = make.branch(), make.branch()
    with transaction() as writing:
        writing.query(Task).update({Task.branch_id: other.id})
    assert sums(tried(session, make.user(Role.MANAGER, branch=home), clock, complaint_verify_hours=20)["DL-11"])[0] == 0


def test_the_number_of_queries_does_not_grow(session, boss, clock, met, queries):
    met("DL-11", 23)
    tried(session, boss, clock, complaint_verify_hours=20)
    with queries() as few:
        tried(session, boss, clock, complaint_verify_hours=20)
    for hours in range(20, 30):
        met("DL-11", hours)
    tried(session, boss, clock, complaint_verify_hours=20)
    with queries() as many:
        tried(session, boss, clock, complaint_verify_hours=20)
    assert len(many) == len(few)
    with queries() as whole:
        tried(session, boss, clock, complaint_clock="DUTY_HOURS")
    assert len(whole) == len(few)


def fields(page: str, **typed: str) -> dict[str, str]:
    versions = dict(re.findall(r'name="(version\.\w+)" value="(\d+)"', page))
    return {f"version.{key}": versions[f"version.{key}"] for key in typed} | typed


def test_the_page_shows_it_first_and_saves_just_what_was_seen(sign_in, session, met):
    for hours in (23, 25):
        met("DL-11", hours)
    client = sign_in(Role.MANAGER)
    sent = fields(client.get("/manager/settings").text, complaint_verify_hours="20", duty_hours="08:30-20:00")
    answer = client.post("/manager/settings/clocks", sent, status=200)
    assert "上月完成 2 项" in answer.text and "逾期 1 项" in answer.text and "若按新值逾期 2 项" in answer.text
    assert 'href="/records/complaints/TS-2026-0001"' in answer.text
    assert session.get(SettingValue, "complaint_verify_hours") is None
    seen = unescape(re.search(r'name="seen" value="([^"]*)"', answer.text)[1])
    other = client.post("/manager/settings/clocks", sent | {"complaint_verify_hours": "18", "seen": seen}, status=200)
    assert "24 小时 改为 18 小时" in other.text, "what was typed since is shown before it is saved"
    assert session.get(SettingValue, "complaint_verify_hours") is None
    client.post("/manager/settings/clocks", sent | {"seen": seen}, status=303)
    session.expire_all()
    assert session.get(SettingValue, "complaint_verify_hours").value == 20


def test_each_number_opens_a_list_with_so_many_rows(sign_in, session, boss, clock, met):
    for hours in (23, 24.5 / 60 + 24, 30):
        met("DL-11", hours)
    met("DL-11", 23, after=24 * 31)
    met("DL-11", None)
    met("DL-11", None, cancel=True)
    met("DL-13", 40)
    one = tried(session, boss, clock, complaint_verify_hours=20)["DL-11"]
    client = sign_in(Role.MANAGER)
    for side, count in (("met", 3), ("late", 2), ("open", 1), ("cancelled", 1)):
        shown = client.get(one.urls[side]).text
        assert len(re.findall(r'<tr[^>]*class="line', shown)) == count, side
    assert (one.met, one.late, one.open, one.cancelled) == (3, 2, 1, 1)
