"""What moves the works moves what is not done: stops, delays, change orders, against a table counted by hand. Source: 4.6, 5.3."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from portal.db import session, transaction
from portal.models.project import Project
from portal.processes.follow_up_call import WAITING
from portal.services import call_plan, change_orders, projects, site_progress, works
from portal.services.works_forecast import forecast
from tests.services.test_milestones import CONCEALED, Site, when

# what happens | materials, concealed, waterproofing, mid-term, pre-acceptance, acceptance as planned then | calls still ahead
HAND = """
started    | 04-16 04-29 05-04 05-21 06-25 07-04 | CONCEALED 04-29 MID 05-21 COMPLETION 07-04 ONE_MONTH 08-04
accepted   | 04-16 04-29 05-04 05-21 06-25 07-04 | MID 05-21 COMPLETION 07-04 ONE_MONTH 08-04
stopped    | 04-16 04-29 05-06 05-23 06-27 07-06 | MID -- COMPLETION -- ONE_MONTH --
went on    | 04-16 04-29 05-14 05-31 07-05 07-14 | MID 05-31 COMPLETION 07-14 ONE_MONTH 08-14
agreed     | 04-16 04-29 05-14 05-31 07-05 07-14 | MID 05-31 COMPLETION 07-14 ONE_MONTH 08-14
mid passed | 04-16 04-29 05-14 05-31 07-05 07-14 | COMPLETION 07-14 ONE_MONTH 08-14
rain       | 04-16 04-29 05-14 05-31 07-10 07-19 | COMPLETION 07-19 ONE_MONTH 08-19
less work  | 04-16 04-29 05-14 05-31 07-07 07-16 | COMPLETION 07-16 ONE_MONTH 08-16
until 20th | 04-16 04-29 05-14 05-31 07-15 07-24 | COMPLETION 07-24 ONE_MONTH 08-24
on the 22nd| 04-16 04-29 05-14 05-31 07-17 07-26 | COMPLETION 07-26 ONE_MONTH 08-26
hail       | 04-16 04-29 05-14 05-31 07-19 07-28 | COMPLETION 07-28 ONE_MONTH 08-28
by hand    | 04-16 04-29 05-14 05-31 07-22 07-31 | COMPLETION 07-31 ONE_MONTH 08-31
more work  | 04-16 04-29 05-14 05-31 07-25 08-03 | COMPLETION 08-03 ONE_MONTH 09-03
"""
TABLE = {
    row[0].strip(): (row[1].split(), row[2].split()) for row in (line.split("|") for line in HAND.strip().splitlines())
}


@pytest.fixture
def site(make, clock):
    made = Site(make, clock)
    made.act("04-07 09:00", lambda writing, project, *, actor, at: call_plan.make_plan(writing, project, at=at))
    made.starts()
    return made


def short(day: date | None) -> str:
    return f"{day:%m-%d}" if day else "--"


def test_what_is_not_done_moves_and_what_is_done_stays(site, session):
    def holds(name: str, moment: str) -> None:
        session.rollback()
        project, (milestones, ahead) = site.fresh, TABLE[name]
        planned = forecast(session, project, on=when(moment).date())
        assert [short(day) for day in planned.values()] == ["04-08", *milestones], name
        waiting = [call for call in call_plan.calls_of(session, project) if call.state in WAITING]
        shown = [(call.stage, short(call.expected_on)) for call in waiting if call.window_from is None]
        assert [word for pair in shown for word in pair] == ahead, name

    def change(writing, project, command, **more):
        order = change_orders.propose(writing, project, command, **more)
        day = more["at"].date()
        change_orders.sign(writing, order, change_orders.Sign("许诺", "刘大勇", "王志强", "张建军", day), **more)

    holds("started", "04-08 12:00")
    site.stage("04-18 10:00", "MATERIAL")
    site.stage("04-27 15:00", "CONCEALED", **CONCEALED)
    holds("accepted", "04-27 16:00")
    site.act("05-06 09:00", works.suspend, works.Suspend("QUALITY", "返工", date(2026, 5, 6)))
    holds("stopped", "05-08 09:00")
    site.act("05-16 09:00", works.resume, works.Resume(date(2026, 5, 16)))
    holds("went on", "05-16 10:00")
    late = [mark for mark in site_progress.strip(session, site.fresh, when("05-16 10:00")) if mark.state == "late"]
    assert [(mark.milestone, mark.days_late) for mark in late] == [("WATERPROOF", 2)], "the stop is not lateness"

    def agree(writing, project, **more):
        stop = change_orders.open_stop(writing, project)
        command = change_orders.Delay("停工返工", 10, "张建军", date(2026, 5, 18), stop)
        change_orders.delay(writing, project, command, **more)
        assert change_orders.open_stop(writing, project) is None

    site.act("05-18 09:00", agree)
    assert site.fresh.planned_finish_on == date(2026, 7, 14)
    holds("agreed", "05-18 10:00")
    site.stage("05-19 10:00", "WATERPROOF")
    site.stage("05-30 10:00", "MID")
    holds("mid passed", "05-30 11:00")
    site.act("06-03 09:00", change_orders.delay, change_orders.Delay("连续暴雨", 5, "张建军", date(2026, 6, 3)))
    holds("rain", "06-03 10:00")
    site.act("06-10 09:00", change, change_orders.Propose("不做吊顶", Decimal("-2000.00"), -3))
    holds("less work", "06-10 10:00")
    stop = works.Suspend("PAYMENT", "等付款", date(2026, 6, 12), date(2026, 6, 20))
    site.act("06-12 09:00", works.suspend, stop)
    holds("until 20th", "06-12 10:00")
    site.act("06-22 09:00", works.resume, works.Resume(date(2026, 6, 22)))
    holds("on the 22nd", "06-22 10:00")
    site.act("06-23 09:00", change_orders.delay, change_orders.Delay("冰雹", 2, "张建军", date(2026, 6, 23)))
    holds("hail", "06-23 10:00")

    def by_hand(writing, project, *, actor, at):
        set_to = {"planned_finish_on": date(2026, 7, 31)}
        projects.change(writing, project, set_to, version=project.version, actor=actor, at=at)

    site.act("06-24 09:00", by_hand)
    holds("by hand", "06-24 10:00")
    site.act("06-25 09:00", change, change_orders.Propose("增加柜子", Decimal("900.00"), 3))
    holds("more work", "06-25 10:00")


def test_the_form_of_a_delay_means_the_last_stop_unless_another_cause_is_chosen(site, sign_in):
    site.act("05-06 09:00", works.suspend, works.Suspend("QUALITY", "返工", date(2026, 5, 6)))
    site.act("05-16 09:00", works.resume, works.Resume(date(2026, 5, 16)))
    desk, form = sign_in(site.specialist), f"/records/projects/{site.project.number}/delays/new"
    stop = site.fresh.stops[0].id
    assert f'<option selected value="{stop}">' in desk.get(form, status=200).text
    said = {"client_key": "d" * 32, "days": "2", "cause": "连续暴雨", "stop": ""}
    assert "连续暴雨" in desk.post(form, said | {"stop": "999"}, status=422).text
    desk.post(form, said, status=303)
    desk.post(form, said | {"client_key": "e" * 32, "stop": str(stop)}, status=303)
    first, second = change_orders.delays_of(session(), site.fresh)
    assert (first.stop_id, second.stop_id) == (None, stop)
    assert "因哪次停工" in desk.get(f"/records/delays/{second.number}", status=200).text


def test_days_that_are_signed_before_a_finish_is_planned_count_when_the_start_is_set(make, clock, session):
    """A change order of the design stage is not forgotten: 87 days and 6 more from the day that is agreed."""
    site = Site(make, clock)
    with transaction() as writing:
        project = writing.get(Project, site.project.id)
        project.stage, project.planned_start_on, project.planned_finish_on = "MATERIAL_CARD", None, None

    def change(writing, project, **more):
        order = change_orders.propose(
            writing, project, change_orders.Propose("增加墙柜", Decimal("3600.00"), 6), **more
        )
        names = change_orders.Sign("许诺", "刘大勇", "王志强", "张建军", date(2026, 4, 2))
        change_orders.sign(writing, order, names, **more)

    site.act("04-02 09:00", change)
    assert site.fresh.planned_finish_on is None
    site.act("04-03 09:00", works.set_start, works.SetStart(date(2026, 4, 8), True))
    assert site.fresh.planned_finish_on == date(2026, 7, 10)
