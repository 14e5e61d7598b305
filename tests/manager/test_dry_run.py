"""Before a limit is saved: what would have happened last month with the new one, counted by hand here.

Last month is April 2026; 1 April is a Wednesday, 4 to 6 April is the Tomb-Sweeping holiday, 9 May a working Saturday.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import unescape
from typing import Any

import pytest

from portal import clock as portal_clock
from portal import settings
from portal.calendar import Pause, recompute
from portal.db import transaction
from portal.models.complaint import Complaint, ComplaintDepartment
from portal.models.follow_up import FollowUpCall
from portal.models.repair import RepairOrder
from portal.models.setting import SettingValue
from portal.models.task import Task
from portal.permissions import Role
from portal.processes import complaint, consultation, follow_up_call, repair
from portal.processes.base import Deadline
from portal.services import calendars, dry_runs, tasks
from portal.services.dry_runs import DryRun, Trial

PROCESSES = (complaint.PROCESS, repair.PROCESS, follow_up_call.PROCESS)
DEADLINES = {each.code: each for process in PROCESSES for each in process.deadlines} | {
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
        pause: tuple[float, float] | None = None, record: Any = None,
    ) -> str:  # fmt: skip
        clock: Deadline = DEADLINES[code]
        number = next(numbers)
        start = FIRST + after * HOUR
        cap_start = None if cap_after is None else FIRST + cap_after * HOUR
        with transaction() as writing:
            record = writing.merge(record) if record is not None else Case(number, f"TS-2026-{number:04}")
            task = tasks.open_deadline(
                writing, clock, record, start=start, at=start, who=tasks.Responsible(role="MANAGER"),
                cap_start=getattr(record, clock.cap_field or "", cap_start),
                due_at=getattr(record, clock.due_field) if clock.due_field else None,
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


def signed(make: Any, hours: float) -> Complaint:
    """A complaint that the department signed so many hours after nine on 1 April."""
    at = FIRST + hours * HOUR
    customer = make.customer()
    with transaction() as writing:
        made = Complaint(
            number=f"TS-2025-{customer.id:04}", state="PLANNED", received_at=at, channel="PHONE", subject="漏水",
            complainant=customer.name, phone=customer.phone, customer_id=customer.id, phase="IN_SALE", category="QUALITY",
            content="漏水", demand="修好", created_at=at, updated_at=at,
        )  # fmt: skip
        writing.add(made)
        writing.flush()
        writing.add(ComplaintDepartment(complaint_id=made.id, department="ENGINEERING", is_lead=True, signed_at=at))
    return made


def told(make: Any, urgency: str) -> RepairOrder:
    """A repair whose crew was phoned at nine on 1 April."""
    customer = make.customer()
    with transaction() as writing:
        made = RepairOrder(
            number=f"WX-2026-{customer.id:04}", state="CLOSED", reported_at=FIRST, channel="PHONE", reporter=customer.name,
            phone=customer.phone, address="翠湖天地 5 号楼", customer_id=customer.id, trade="PAINT", symptom="漏水",
            urgency=urgency, told_at=FIRST, closed_at=FIRST, created_at=FIRST, updated_at=FIRST,
        )  # fmt: skip
        writing.add(made)
    return made


def window(make: Any, stage: str, day: int, days: int | None, again_until: date | None = None) -> FollowUpCall:
    """A call whose window opened on this day of April."""
    project = make.project()
    opened = date(2026, 4, day)
    with transaction() as writing:
        made = FollowUpCall(
            number=f"HF-2026-{project.id:04}", state="PLANNED", stage=stage, grade="B", project_id=project.id,
            customer_id=project.customer_id, window_from=opened, again_until=again_until,
            due_on=None if days is None else opened + timedelta(days=days), created_at=FIRST, updated_at=FIRST,
        )  # fmt: skip
        writing.add(made)
    return made


def test_of_two_limits_the_one_that_comes_first_counts_and_the_record_says_where_the_second_began(
    session, make, boss, clock, met
):
    for hours in (10, 23, 26):  # its own limit came first: 24 hours, the second at the 38th
        met("DL-12", hours, record=signed(make, -10))
    shorter = tried(session, boss, clock, complaint_plan_hours=20)["DL-12"]
    assert (*sums(shorter), shorter.unknown) == (3, 1, 2, 0)
    longer = tried(session, boss, clock, complaint_plan_hours=50)["DL-12"]
    assert (*sums(longer), longer.unknown) == (3, 1, 0, 0), "now the second came first, at the 38th hour"
    met("DL-12", 39, record=signed(make, -10))
    longer = tried(session, boss, clock, complaint_plan_hours=50)["DL-12"]
    assert (*sums(longer), longer.unknown) == (4, 2, 1, 0)
    assert {turned.due_then for turned in longer.turned} == {FIRST + 38 * HOUR}


def test_where_the_second_limit_came_first_both_are_known(session, make, boss, clock, met):
    for hours in (5, 9, 11, 30):  # signed 38 hours before: due after 10 hours
        met("DL-12", hours, record=signed(make, -38))
    own = tried(session, boss, clock, complaint_plan_hours=8)["DL-12"]
    assert (*sums(own), own.unknown) == (4, 2, 3, 0)
    cap = tried(session, boss, clock, complaint_plan_cap_hours=60)["DL-12"]
    assert (*sums(cap), cap.unknown) == (4, 2, 1, 0), "now 22 hours for all"


def test_a_shorter_second_limit_overtakes_the_first(session, make, boss, clock, met):
    met("DL-12", 9, record=signed(make, -10))
    met("DL-12", 11, record=signed(make, -10))
    found = tried(session, boss, clock, complaint_plan_cap_hours=20)["DL-12"]
    assert (*sums(found), found.unknown) == (2, 0, 1, 0)


def test_what_a_record_no_longer_says_is_left_out(session, make, boss, clock, met):
    met("DL-12", 9, record=signed(make, 30))  # another department signed since
    met("DL-12", 9, cap_after=-10)  # the record is gone
    found = tried(session, boss, clock, complaint_plan_hours=20)["DL-12"]
    assert (*sums(found), found.unknown) == (0, 0, 0, 2)


def test_a_second_limit_that_is_off_counts_for_nobody(session, make, boss, clock, met):
    met("DL-22", 9)
    met("DL-22", 9, record=told(make, "URGENT"))
    found = tried(session, boss, clock, repair_arrive_hours=10)["DL-22"]
    assert (*sums(found), found.unknown) == (2, 2, 0, 0)


def test_a_shorter_limit_for_urgent_repairs_is_turned_on_and_off(session, make, boss, clock, met):
    for hours in (2, 4, 7, 9):
        met("DL-22", hours, record=told(make, "URGENT"))
        met("DL-22", hours, record=told(make, "NORMAL"))
    on = tried(session, boss, clock, repair_urgent_clock=True)["DL-22"]
    assert (*sums(on), on.unknown) == (8, 2, 4, 0), "after three hours: 4 and 7 of the urgent ones"
    longer = tried(session, boss, clock, repair_urgent_clock=True, repair_urgent_hours=5)["DL-22"]
    assert (*sums(longer), longer.unknown) == (8, 2, 3, 0)
    with transaction() as writing:
        writing.add(SettingValue(key="repair_urgent_clock", value=True, updated_at=clock.now()))
        settings.forget(writing)
    for hours in (2, 4):
        met("DL-22", hours, record=told(make, "URGENT"))  # counted with three hours
    off = tried(session, boss, clock, repair_urgent_clock=False)["DL-22"]
    assert (*sums(off), off.unknown) == (10, 3, 2, 0)


def test_the_windows_of_calls_are_tried_stage_by_stage(session, make, boss, clock, met):
    for stage, day, days, hours in (
        ("MID", 1, 3, 24), ("MID", 1, 3, 24 * 2 + 10), ("MID", 1, 3, 24 * 4), ("CONCEALED", 1, 3, 24 * 2 + 10),
        ("SEASONAL", 1, None, 24 * 9),
    ):  # fmt: skip
        met("DL-28", hours, record=window(make, stage, day, days))
    met("DL-28", 24 * 9, record=window(make, "MID", 1, 3, again_until=date(2026, 4, 12)))
    shorter = tried(session, boss, clock, call_mid_days=1)["DL-28"]
    assert (*sums(shorter), shorter.unknown, shorter.bare) == (6, 1, 2, 0, 0), "till 2 April, 23:59"
    (one,) = shorter.turned
    assert portal_clock.local(one.due_then).strftime("%m-%d %H:%M") == "04-02 23:59" and one.is_late
    longer = tried(session, boss, clock, call_mid_days=5, call_concealed_days=1)["DL-28"]
    assert sums(longer) == (6, 1, 1) and [turned.is_late for turned in longer.turned] == [False, True]


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
