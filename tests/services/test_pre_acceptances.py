"""Pre-acceptance from engineering's list to the last inspection. Source: `domain.md` 4.11, R-14, R-15, DL-17 to DL-19, 8.1, 8.2."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from portal import i18n
from portal.db import session, transaction
from portal.documents import inspection_building
from portal.documents.penalty_building import penalty_slip
from portal.errors import ConditionsMissing, DomainError, Invalid, NotPermitted
from portal.files.intake import Accepted
from portal.files.store import Store
from portal.i18n import use_locale
from portal.models.org import PartyKind
from portal.models.penalty import PenaltyEntry
from portal.models.pre_acceptance import CheckItem, Inspection, PreAcceptance
from portal.models.project import Project
from portal.models.task import DeadlineBreach
from portal.permissions import Role
from portal.processes.pre_acceptance import ItemResult, is_same_person, judge, unsigned, was_missed
from portal.services import calendars, check_items, inspections, penalties, pre_acceptances, tasks
from portal.visibility import by_number

WEEK = date(2026, 6, 22)


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


class Story:
    """A project under construction with its people; each act is a transaction of its own."""

    def __init__(self, make: Any, clock: Any) -> None:
        self.make, self.clock = make, clock
        clock.set("2026-06-17 10:00")
        self.specialist = make.user(Role.SPECIALIST, name="周晓雯")
        self.reviewer = make.user(Role.REVIEWER, name="韩志刚", phone="13911110000")
        self.manager = make.user(Role.MANAGER, name="陈丽华")
        self.pm = make.party(PartyKind.PROJECT_MANAGER, name="王志强")
        self.foreman = make.party(PartyKind.FOREMAN, name="刘大勇")
        self.project = self.site()

    def site(self, **more: Any) -> Project:
        given = {"stage": "IN_PROGRESS", "project_manager_id": self.pm.id, "foreman_id": self.foreman.id}
        return self.make.project(actual_start_on=date(2026, 4, 8), **(given | more))

    def act(self, service: Any, *args: Any, actor: Any, **more: Any) -> Any:
        with transaction() as writing:
            fresh = [writing.merge(arg) if hasattr(arg, "__table__") else arg for arg in args]
            return service(writing, *fresh, actor=writing.merge(actor), at=self.clock.now(), **more)

    def listed(self, project: Project | None = None, when: str = "2026-06-17 10:00", **more: Any) -> PreAcceptance:
        self.clock.set(when)
        with transaction() as writing:
            command = pre_acceptances.ListProject(
                project=writing.merge(project or self.project), week_from=more.pop("week", WEEK),
                project_manager=writing.merge(self.pm), foreman=writing.merge(more.pop("foreman", self.foreman)),
                listed_at=self.clock.now(), **more,
            )  # fmt: skip
            actor = writing.merge(self.specialist)
            return pre_acceptances.list_project(writing, command, actor=actor, at=self.clock.now())

    def scheduled(self, record: PreAcceptance, when: str = "2026-06-25 09:30") -> None:
        self.act(pre_acceptances.schedule, record, pre_acceptances.Schedule(local(when)), actor=self.reviewer)

    def begun(self, record: PreAcceptance, when: str) -> Inspection:
        self.clock.set(when)
        return self.act(inspections.begin, record, actor=self.reviewer)

    def judged(self, held: Inspection, failing: dict[str, Any] | None = None) -> None:
        """Everything in order but the lines that hold one of the words; photos where they are asked for."""
        found = session().merge(held)
        for item in found.items:
            word = next((word for word in failing or {} if word in item.text), None)
            value = (failing or {}).get(word)
            measured = Decimal(value) if value else Decimal(5 if item.low else 0) if item.unit else None
            result = "FAIL" if word else "PASS"
            self.act(inspections.judge_item, item, inspections.Judge(result, measured), actor=self.reviewer)
            if item.photo_rule == "ALWAYS" or word:
                self.photo(session().merge(item))

    def photo(self, item: Any) -> None:
        sha256 = hashlib.sha256(f"{item.inspection_id} {item.id}".encode()).hexdigest()
        file = Accepted("现场.jpg", "image/jpeg", sha256, 1000, 640, 480)
        self.act(inspections.add_photo, item, file, actor=self.reviewer)

    def finished(self, held: Inspection, limit: str | None = None, recheck: str | None = None, **more: Any) -> None:
        there = {"manager_present": True, "foreman_present": True, "manager_signed": True, "foreman_signed": True}
        given: dict[str, Any] = there | more
        if limit and recheck:
            given |= {"requirement": "整改", "limit_on": date.fromisoformat(limit), "recheck_at": local(recheck)}
        notice = self.see(held).pre_acceptance.to_recheck
        if notice is not None and notice.reported_at is None:
            given.setdefault("reported_at", local(f"{notice.limit_on} 17:00"))
        command = inspections.Finish(inspected_at=self.clock.now(), **given)
        self.act(inspections.finish, held, command, actor=self.reviewer)

    def inspected(
        self, record: PreAcceptance, when: str, failing: dict[str, Any] | None = None, **more: Any
    ) -> Inspection:
        held = self.begun(record, when)
        self.judged(held, failing)
        self.finished(held, **more)
        return held

    def see(self, record: Any) -> Any:
        session().expire_all()
        return session().merge(record)

    def clocks(self, record: PreAcceptance) -> list[tuple[str | None, str | None, bool]]:
        found = tasks.clocks_of(session(), record)
        return [(task.code, task.outcome, task.breached_at is not None) for task in found]


@pytest.fixture
def story(make: Any, clock: Any, app: Any) -> Any:
    return Story(make, clock)


def test_the_worked_example_fails_once_and_passes(story):
    record = story.listed()
    assert (record.number, record.is_late) == ("YY-2026-0001", False)
    assert story.clocks(record)[0] == ("DL-17", "DONE", False)
    story.clock.set("2026-06-18 15:00")
    story.scheduled(record)
    assert [code[:2] for code in story.clocks(record)] == [("DL-17", "DONE"), ("DL-18", "DONE")]

    held = story.inspected(
        record, "2026-06-25 09:40", {"空鼓": "7", "刷痕": None}, limit="2026-06-29", recheck="2026-06-30 10:00"
    )
    record = story.see(record)
    held, notice = record.inspections[0], record.notice
    assert (record.state, record.round_no, held.number, held.result) == ("RECTIFYING_1", 2, "YY-2026-0001-1", "FAIL")
    assert (notice.number, notice.limit_on, notice.responsible.name) == ("ZG-2026-0001", date(2026, 6, 29), "刘大勇")
    assert [item.text for item in notice.items] == ["瓷砖空鼓率", "无刷痕、滚筒印"]
    assert [photo.number for item in notice.items for photo in item.photos] == [
        3,
        4,
    ]  # after the two that are always taken
    recheck = tasks.open_of(session(), record, "DL-19")[0]
    assert recheck.due_at == local("2026-06-30 18:00") and recheck.person_id == story.reviewer.id
    assert session().scalars(select(PenaltyEntry)).all() == []  # no fine

    again = story.begun(record, "2026-06-30 10:05")
    again = story.see(again)
    assert [item.before.text for item in again.items] == ["瓷砖空鼓率", "无刷痕、滚筒印"]  # the failed lines only
    story.judged(again)
    story.finished(again)
    record = story.see(record)
    assert (record.state, record.project.stage, record.inspections[1].result) == ("PASSED", "PRE_ACCEPTED", "PASS")
    assert story.clocks(record)[2] == ("DL-19", "DONE", False)
    assert (record.notices[0].state, record.notices[0].rechecked_by.number) == ("CLOSED", "YY-2026-0001-2")
    (standing,) = inspections.foremen(session(), story.manager, 8)
    assert (standing.name, standing.first, standing.passed, standing.open) == ("刘大勇", 1, 0, 0)  # M-31
    assert [task.title for task in tasks.open_of(session(), record)] == []


def test_what_comes_after_wednesday_waits_a_week_unless_the_manager_admits_it(story):
    late = story.listed(when="2026-06-17 18:01")
    assert late.is_late and late.earliest_on == date(2026, 6, 29)
    breach = session().scalars(select(DeadlineBreach)).one()
    assert (breach.code, breach.department, breach.user_id) == ("DL-17", "ENGINEERING", None)
    assert tasks.open_of(session(), late, "DL-18")[0].due_at == local("2026-06-25 18:00")
    with pytest.raises(Invalid) as refusal:
        story.scheduled(late, "2026-06-25 09:30")
    assert "scheduled_at" in refusal.value.fields
    with pytest.raises(NotPermitted):
        story.act(pre_acceptances.admit, late, pre_acceptances.Admit("客户急"), actor=story.reviewer)
    assert stands_in(story, date(2026, 6, 22)) == (["YY-2026-0001"], [])
    assert stands_in(story, date(2026, 6, 29)) == ([], ["YY-2026-0001"]), "the week it waits for"
    story.clock.set("2026-06-18 09:00")
    story.act(pre_acceptances.admit, late, pre_acceptances.Admit("客户急"), actor=story.manager)
    story.act(pre_acceptances.plan, story.see(late), local("2026-06-25 09:30"), actor=story.reviewer)
    assert stands_in(story, date(2026, 6, 29)) == ([], []), "admitted, it waits for nothing"
    late = story.see(late)
    assert late.earliest_on == WEEK and late.is_late  # the flag stays
    assert tasks.open_of(session(), late, "DL-18")[0].due_at == local("2026-06-18 18:00")
    with pytest.raises(ConditionsMissing):
        story.act(pre_acceptances.admit, late, pre_acceptances.Admit("再次"), actor=story.manager)
    story.scheduled(late, "2026-06-25 09:30")
    assert story.see(late).state == "SCHEDULED"
    with pytest.raises(Invalid) as refusal:
        story.listed()
    assert "project" in refusal.value.fields


def stands_in(story, week):
    """What the list of a week shows: handed in for it, and come over from the weeks before."""
    shown = (pre_acceptances.entries, pre_acceptances.come_over)
    return tuple([record.number for record in each(session(), story.reviewer, week)] for each in shown)


def test_holidays_move_list_and_schedule_and_keep_their_order(story):
    with transaction() as writing:
        calendars.seed(writing, {2026}, at=story.clock.now())
        assert pre_acceptances.limits(writing, date(2026, 6, 22)) == (
            local("2026-06-17 18:00"),
            local("2026-06-18 18:00"),
        )
        closes, due = pre_acceptances.limits(writing, date(2026, 10, 12))  # 7 October, a Wednesday, is the last holiday
        assert (closes, due) == (local("2026-10-08 18:00"), local("2026-10-09 18:00"))


def test_the_order_of_a_day_gives_its_times_and_publishing_tells_once(story):
    records = [story.listed(story.site(), f"2026-06-17 1{hour}:00") for hour in range(3)]
    ids, day = [record.id for record in records], date(2026, 6, 25)

    def arrange(order: list[int]) -> list[str]:
        with transaction() as writing:
            pre_acceptances.arrange(writing, writing.merge(story.reviewer), day, order, at=story.clock.now())
        found = {record.id: story.see(record).scheduled_at for record in records}
        return [f"{found[key].astimezone(local('2026-06-25 00:00').tzinfo):%H:%M}" for key in ids]

    story.clock.set("2026-06-18 10:00")
    assert arrange(ids) == ["09:30", "11:00", "12:30"]
    assert arrange([ids[2], ids[0], ids[1]]) == ["11:00", "12:30", "09:30"]
    assert {story.see(record).state for record in records} == {"LISTED"}
    with pytest.raises(NotPermitted), transaction() as writing:
        pre_acceptances.publish(writing, writing.merge(story.specialist), WEEK, at=story.clock.now())
    for expected in (3, 0):
        with transaction() as writing:
            assert (
                pre_acceptances.publish(writing, writing.merge(story.reviewer), WEEK, at=story.clock.now()) == expected
            )
    record = story.see(records[0])
    to_tell = [task for task in tasks.open_of(session(), record) if task.title == pre_acceptances.TELL_DATE.message]
    assert len(to_tell) == 1 and "王志强、刘大勇" in to_tell[0].detail
    story.act(pre_acceptances.record_told, record, actor=story.reviewer)
    story.act(pre_acceptances.record_told, record, actor=story.reviewer)
    assert story.see(record).parties_told_at == story.clock.now() and not tasks.open_of(session(), record)


def test_the_third_failure_costs_the_foreman_the_site(story):
    """8.2 line 2: 赵敏, inspections 05-28, 06-02, 06-05; the suspension runs from 06-05 to 09-05."""
    record = story.listed(when="2026-05-20 10:00", week=date(2026, 5, 25))
    story.scheduled(record, "2026-05-28 09:30")
    failing = {"空鼓": "9"}
    story.inspected(record, "2026-05-28 09:30", failing, limit="2026-06-01", recheck="2026-06-02 10:00")
    story.inspected(record, "2026-06-02 10:00", failing, limit="2026-06-04", recheck="2026-06-05 10:00")
    record = story.see(record)
    assert (record.state, [notice.state for notice in record.notices]) == ("RECTIFYING_2", ["FAILED", "OPEN"])
    story.inspected(record, "2026-06-05 10:00", failing)
    record = story.see(record)
    assert (record.state, record.project.stage) == ("FAILED_3", "IN_PROGRESS")
    entries = {entry.kind: entry for entry in session().scalars(select(PenaltyEntry))}
    assert set(entries) == {"FOREMAN_REPLACED", "FINE", "ORDER_SUSPENSION", "SERIOUS_FAULT"}
    assert entries["FINE"].amount == Decimal("500.00")
    stop = entries["ORDER_SUSPENSION"]
    assert (stop.suspended_from, stop.suspended_until) == (date(2026, 6, 5), date(2026, 9, 5))
    assert {entries[kind].party_id for kind in ("FOREMAN_REPLACED", "FINE", "ORDER_SUSPENSION")} == {story.foreman.id}
    assert (entries["SERIOUS_FAULT"].party_id, entries["SERIOUS_FAULT"].rule) == (story.pm.id, "K-06")
    assert [found["number"] for found in stop.evidence["inspections"]] == [f"YY-2026-0001-{n}" for n in (1, 2, 3)]
    assert (stop.evidence["clock"], stop.evidence["due_at"][:10]) == ("DL-19", "2026-06-05")
    kept = [(each["number"], each["limit_on"], each["reported_at"]) for each in stop.evidence["notices"]]
    assert [(number, limit, datetime.fromisoformat(said)) for number, limit, said in kept] == [
        (notice.number, str(notice.limit_on), notice.reported_at) for notice in record.notices
    ]
    assert {each["inspector"] for each in stop.evidence["inspections"]} == {"韩志刚"}
    assert {entry.state for entry in entries.values()} == {"PROPOSED"}
    with i18n.use_locale("zh_Hans"):
        slip = penalty_slip(session(), stop, None)
    assert (slip.suspended, slip.address) == ((date(2026, 6, 5), date(2026, 9, 5)), record.project.property.address)
    held = slip.what.splitlines()
    assert [line.split()[:2] for line in held] == [
        [f"YY-2026-0001-{number}", day] for number, day in ((1, "2026-05-28"), (2, "2026-06-02"), (3, "2026-06-05"))
    ]
    assert all("瓷砖空鼓率 9 %" in line for line in held)
    assert not tasks.open_of(session(), record, "DL-19")

    with pytest.raises(ConditionsMissing):  # the same foreman
        again = pre_acceptances.Restart(session().merge(story.foreman), local("2026-06-11 09:30"))
        story.act(pre_acceptances.restart, record, again, actor=story.reviewer)
    session().rollback()
    other = story.make.party(PartyKind.FOREMAN, name="吴刚")
    command = pre_acceptances.Restart(session().merge(other), local("2026-06-11 09:30"))
    story.act(pre_acceptances.restart, record, command, actor=story.reviewer)
    record = story.see(record)
    assert (record.state, record.cycle, record.round_no, record.project.foreman.name) == ("SCHEDULED", 2, 1, "吴刚")
    held = story.begun(record, "2026-06-11 09:30")
    assert (held.number, held.round_no, len(story.see(held).items)) == ("YY-2026-0001-4", 1, 29)  # all lines anew
    story.judged(held)
    story.finished(held)
    assert story.see(record).state == "PASSED"
    rates = {row.name: (row.passed, row.first) for row in inspections.foremen(session(), story.manager, 8)}
    assert rates == {"刘大勇": (0, 1), "吴刚": (1, 1)}


def test_somebody_absent_is_not_held_and_the_manager_decides(story):
    record = story.listed()
    story.scheduled(record)
    held = story.begun(record, "2026-06-25 09:40")
    story.finished(held, manager_present=True, foreman_present=False)
    record = story.see(record)
    assert (record.state, record.absent, record.inspections[0].result) == ("SCHEDULED", "FOREMAN", "NOT_HELD")
    with pytest.raises(DomainError):
        story.begun(record, "2026-06-25 14:00")
    story.act(
        inspections.excuse, record, inspections.Excuse(local("2026-06-26 09:30"), "车祸堵路"), actor=story.manager
    )
    story.inspected(record, "2026-06-26 09:30", {"空鼓": "6"}, limit="2026-06-29", recheck="2026-06-30 10:00")

    story.clock.set("2026-06-30 10:30")
    absent = inspections.NotHeld("BOTH", story.clock.now(), "无人到场")
    story.act(inspections.not_held, record, absent, actor=story.reviewer)
    command = inspections.Count("无故缺席", date(2026, 7, 2), local("2026-07-03 10:00"))
    with pytest.raises(NotPermitted):
        story.act(inspections.count, record, command, actor=story.reviewer)
    session().rollback()
    story.act(inspections.count, record, command, actor=story.manager)
    record = story.see(record)
    assert (record.state, record.round_no, record.absent) == ("RECTIFYING_2", 3, None)
    assert [item.text for item in record.notice.items] == ["瓷砖空鼓率"]
    assert tasks.open_of(session(), record, "DL-19")[0].due_at == local("2026-07-03 18:00")
    last = story.see(story.begun(record, "2026-07-03 10:00"))
    assert last.items[0].before.inspection.number == "YY-2026-0001-2"  # as it was last looked at
    story.judged(last)
    story.finished(last, reported_at=None)  # nothing was done in time: held anyway, and fails
    assert story.see(record).state == "FAILED_3"
    assert len(session().scalars(select(PenaltyEntry)).all()) == 4


def test_a_rectification_that_was_said_to_be_done_too_late_was_missed(story):
    """DL-19: concluded from the day of the report, never ticked; all lines are in order and it fails all the same."""
    limit = date(2026, 6, 29)
    assert [was_missed(limit, day) for day in (None, date(2026, 6, 30), limit, date(2026, 6, 26))] == [
        True,
        True,
        False,
        False,
    ]
    record = story.listed(trades=("TILES",))
    story.scheduled(record)
    story.inspected(record, "2026-06-25 09:40", {"空鼓": "7"}, limit="2026-06-29", recheck="2026-06-30 10:00")
    notice = story.see(record).notice
    story.clock.set("2026-06-30 08:30")
    for wrong in ("2026-06-30 09:30", "2026-06-24 17:00"):  # still to come, before the notice
        with pytest.raises(Invalid):
            story.act(inspections.report_done, notice, None, reported_at=local(wrong), actor=story.specialist)
    story.act(inspections.report_done, notice, "已更换", actor=story.specialist)
    again = story.begun(record, "2026-06-30 10:05")
    story.judged(again)
    story.finished(again, limit="2026-07-03", recheck="2026-07-06 10:00")
    again = story.see(again)
    assert (again.result, again.is_rectified, again.failed, again.manager_signed) == ("FAIL", False, [], True)
    assert (story.see(record).state, again.notice.manager_signed) == ("RECTIFYING_2", True)
    third = story.inspected(record, "2026-07-06 10:00")  # reported on the last day of the limit
    assert (story.see(third).result, story.see(record).state) == ("PASS", "PASSED")


def test_what_stands_in_the_way_of_the_end(story):
    record = story.listed(trades=("TILES",))
    story.scheduled(record)
    held = story.see(story.begun(record, "2026-06-25 09:40"))
    assert {item.trade for item in held.items} == {"TILES", "CONFORMITY", "CLEANING", "PAPERS"}
    assert story.act(inspections.begin, record, actor=story.reviewer).id == held.id  # begun again it goes on
    with pytest.raises(Invalid):
        story.finished(held)
    session().rollback()
    story.judged(held, {"空鼓": "5.01"})
    with pytest.raises(Invalid) as refusal:
        story.finished(held)
    assert set(refusal.value.fields) == {"limit_on", "recheck_at"}  # what is required follows from the lines
    session().rollback()
    with pytest.raises(Invalid) as refusal:
        story.finished(held, "2026-06-29", "2026-06-28 10:00")
    assert set(refusal.value.fields) == {"recheck_at"}
    session().rollback()
    for actor in (story.specialist, story.manager):
        with pytest.raises(NotPermitted):
            story.act(inspections.begin, record, actor=actor)
        session().rollback()
    story.finished(held, "2026-06-29", "2026-06-30 10:00")
    with pytest.raises(DomainError):
        judged = inspections.Judge("PASS", None)
        story.act(inspections.judge_item, session().merge(held).items[0], judged, actor=story.reviewer)
    session().rollback()
    notice = story.see(record).notice
    story.act(inspections.report_done, notice, "已换砖", actor=story.specialist)
    assert story.see(notice).state == "REPORTED" and story.see(record).state == "RECTIFYING_1"  # said, not closed
    with transaction() as writing:
        wrong = writing.merge(story.make.user(Role.REVIEWER, name="刘大勇"))
        with pytest.raises(DomainError) as refused:
            inspections.begin(writing, writing.merge(record), actor=wrong, at=story.clock.now())
    assert refused.value.status == 403  # whoever did the work does not close the finding


SIGNED, REFUSED, NOT_SAID = {"signed": True}, {"signed": False, "refusal": "不认可空鼓率"}, {}
NO_REASON: dict[str, Any] = {"signed": False}


@pytest.mark.parametrize(
    ("manager", "foreman", "wrong"),
    [
        (SIGNED, SIGNED, set()),
        (REFUSED, SIGNED, set()),
        (SIGNED, REFUSED, set()),
        (REFUSED, REFUSED, set()),
        (NOT_SAID, SIGNED, {"manager_signed"}),
        (SIGNED, NOT_SAID, {"foreman_signed"}),
        (SIGNED, NO_REASON, {"foreman_refusal"}),
        (NO_REASON, NOT_SAID, {"manager_refusal", "foreman_signed"}),
        (NOT_SAID, NOT_SAID, {"manager_signed", "foreman_signed"}),
    ],
)
def test_what_failed_ends_with_two_signatures_or_a_reason(story, manager, foreman, wrong):
    """3.13: no F-10 without the signatures; what passed ends without them."""
    record = story.listed(trades=("TILES",))
    story.scheduled(record)
    held = story.begun(record, "2026-06-25 09:40")
    story.judged(held, {"空鼓": "7"})
    said = {"manager_signed": None, "foreman_signed": None}
    said |= {f"manager_{name}": value for name, value in manager.items()}
    said |= {f"foreman_{name}": value for name, value in foreman.items()}
    if wrong:
        with pytest.raises(Invalid) as refusal:
            story.finished(held, "2026-06-29", "2026-06-30 10:00", **said)
        session().rollback()
        assert set(refusal.value.fields) == wrong
        held = story.see(held)
        assert (held.result, held.notice, held.pre_acceptance.state) == (None, None, "SCHEDULED")
        story.judged(held, {})
        story.finished(held, **said)
        assert (story.see(held).result, story.see(record).state) == ("PASS", "PASSED")
        return
    story.finished(held, "2026-06-29", "2026-06-30 10:00", **said)
    held = story.see(held)
    written = [
        (one.manager_signed, one.manager_refusal, one.foreman_signed, one.foreman_refusal)
        for one in (held, held.notice)
    ]
    assert written == [(manager["signed"], manager.get("refusal"), foreman["signed"], foreman.get("refusal"))] * 2
    assert unsigned(held) == []


def test_the_last_failure_is_signed_too(story):
    record = story.listed(trades=("TILES",))
    story.scheduled(record)
    failing, unsaid = {"空鼓": "7"}, {"manager_signed": None, "foreman_signed": False, "foreman_refusal": "不服处罚"}
    story.inspected(record, "2026-06-25 09:40", failing, limit="2026-06-29", recheck="2026-06-30 10:00")
    story.inspected(record, "2026-06-30 10:05", failing, limit="2026-07-02", recheck="2026-07-03 10:00")
    with pytest.raises(Invalid) as refusal:
        story.inspected(record, "2026-07-03 10:05", failing, **unsaid)
    assert set(refusal.value.fields) == {"manager_signed"}
    session().rollback()
    assert (story.see(record).state, session().scalars(select(PenaltyEntry)).all()) == ("RECTIFYING_2", [])
    story.finished(story.see(record).running, **(unsaid | {"manager_signed": True}))
    assert story.see(record).state == "FAILED_3"


def test_f_09_and_f_10_print_who_signed_and_why_one_refused(story, app):
    record = story.listed(trades=("TILES",))
    story.scheduled(record)
    refused = {"foreman_signed": False, "foreman_refusal": "认为空鼓为前一班组所做"}
    held = story.inspected(
        record, "2026-06-25 09:40", {"空鼓": "7"}, limit="2026-06-29", recheck="2026-06-30 10:00", **refused
    )
    store, held = Store.of(app.config["PORTAL"]), story.see(held)
    with use_locale("zh_Hans"):
        papers = [
            inspection_building.inspection(session(), held, store),
            inspection_building.notice(session(), held.notice, store),
        ]
    for paper in papers:
        assert [(box.label, box.name, box.day, box.refusal) for box in paper.signatures] == [
            ("预验收员", "韩志刚", date(2026, 6, 25), ""),
            ("项目经理", "王志强", date(2026, 6, 25), ""),
            ("工长", "刘大勇", date(2026, 6, 25), "拒签：认为空鼓为前一班组所做"),
        ]


def test_rules_that_need_no_record():
    assert [judge(Decimal(value), None, Decimal(5)) for value in ("5", "5.01")] == [ItemResult.PASS, ItemResult.FAIL]
    assert [judge(Decimal(value), Decimal(5), Decimal(8)) for value in ("4.99", "5", "8", "8.01")] == [
        ItemResult.FAIL, ItemResult.PASS, ItemResult.PASS, ItemResult.FAIL,
    ]  # fmt: skip
    assert penalties.months_later(date(2026, 6, 5), 3) == date(2026, 9, 5)
    assert penalties.months_later(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert penalties.months_later(date(2027, 11, 30), 3) == date(2028, 2, 29)
    assert penalties.months_later(date(2026, 12, 31), 0) == date(2026, 12, 31)

    class Somebody:
        def __init__(self, name: str, phone: str | None) -> None:
            self.name, self.phone = name, phone

    assert is_same_person(Somebody("刘大勇", None), Somebody("刘大勇", "138"))
    assert is_same_person(Somebody("刘勇", "138"), Somebody("刘大勇", "138"))
    assert not is_same_person(Somebody("刘大勇", "139"), Somebody("刘大勇", "138"))  # a namesake


def test_who_sees_them(story, make):
    record = story.listed()
    seen = {role: by_number(session(), make.user(role), PreAcceptance, record.number) is not None for role in Role}
    assert seen == {
        Role.FRONT_DESK: False, Role.SPECIALIST: True, Role.REVIEWER: True, Role.REPAIR_CAPTAIN: False, Role.MANAGER: True,
    }  # fmt: skip
    elsewhere = make.user(Role.REVIEWER, branch_id=make.branch().id)
    store = make.branch()
    other = story.listed(story.site(branch_id=store.id))
    assert by_number(session(), elsewhere, PreAcceptance, other.number) is None


def test_a_line_is_asked_only_if_another_came_out_so(story):
    """Conditional lines: asked, missing, judged and counted only while the line before says so; copied with the rest."""
    with transaction() as writing:
        first = writing.scalars(
            select(CheckItem).where(CheckItem.trade == "TILES").order_by(CheckItem.position)
        ).first()
        manager = writing.merge(story.manager)
        details = check_items.Details(
            "TILES", "空鼓砖已标记", None, None, None, True, "NEVER", first.position, asked_if_id=first.id, asked_if_result="FAIL"
        )  # fmt: skip
        with pytest.raises(Invalid) as refusal:
            check_items.add(writing, details, actor=manager, at=story.clock.now())
        assert set(refusal.value.fields) == {"asked_if"}  # it stands no later than the line it depends on
        later = check_items.add(writing, replace(details, position=999), actor=manager, at=story.clock.now())
        for wrong in (
            replace(details, position=999, text="b", asked_if_result=None),
            replace(details, position=1000, text="c", asked_if_id=later.id),
        ):
            with pytest.raises(Invalid):
                check_items.add(writing, wrong, actor=manager, at=story.clock.now())
    record = story.listed(trades=("TILES",))
    story.scheduled(record)
    held = story.see(story.begun(record, "2026-06-25 09:40"))
    hollow, marked = held.items[0], next(item for item in held.items if item.text == "空鼓砖已标记")
    assert marked.asked_if is hollow and marked not in held.asked

    def judge_line(item: Any, result: str | None, measured: int | None = None) -> None:
        value = Decimal(measured) if measured is not None else None
        story.act(inspections.judge_item, item, inspections.Judge(result, value), actor=story.reviewer)

    judge_line(hollow, None, 7)
    assert marked.id in {each.item.id for each in inspections.missing(story.see(held))}
    judge_line(marked, "FAIL")
    held = story.see(held)
    assert {item.text for item in held.failed} == {hollow.text, "空鼓砖已标记"}
    judge_line(hollow, None, 3)  # in order after all: what was said of the other no longer counts
    held = story.see(held)
    assert not held.failed and held.verdict == "PASS" and len(held.asked) == len(held.items) - 1
    for item in held.asked[1:]:
        judge_line(item, "PASS", (5 if item.low else 0) if item.unit else None)
        if item.photo_rule == "ALWAYS":
            story.photo(story.see(item))
    story.finished(held)
    assert story.see(held).result == "PASS" and story.see(marked).result == "NOT_APPLICABLE"
