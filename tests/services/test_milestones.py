"""What happens on a site between start and pre-acceptance. Source: `domain.md` 3.7, 4.6, 8.1."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from portal import i18n, settings
from portal.clock import ZONE
from portal.db import session as current
from portal.db import transaction
from portal.documents import paper, works_building
from portal.documents.views import Company, Issue
from portal.errors import ConditionsMissing, Invalid, TransitionNotAllowed
from portal.models.contract import Contract
from portal.models.follow_up import FollowUpCall
from portal.models.milestone import ChangeOrder, DelayNotice, StageAcceptance, StageKind, SupervisorVisitKind
from portal.models.org import PartyKind
from portal.models.project import Project
from portal.models.task import DeadlineBreach, Task
from portal.permissions import Role
from portal.processes import change_order
from portal.services import change_orders, contracts, milestones, projects, site_progress, tasks, works
from portal.services.site_progress import Milestone


def when(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


class Site:
    """张建军's home from the first day of work on, as 8.1 tells it."""

    def __init__(self, make: Any, clock: Any) -> None:
        self.clock = clock
        clock.set("2026-04-01 09:00")
        self.specialist = make.user(Role.SPECIALIST)
        customer = make.customer(name="张建军", owner_id=self.specialist.id)
        self.pm = make.party(PartyKind.PROJECT_MANAGER)
        people = {
            "project_manager_id": self.pm.id,
            "foreman_id": make.party(PartyKind.FOREMAN).id,
            "supervisor_id": make.party(PartyKind.SUPERVISOR).id,
        }
        self.project = make.project(
            customer, stage="START_SET", planned_start_on=date(2026, 4, 8), planned_finish_on=date(2026, 7, 4),
            contract_days=87, visit_allowed=True, **people,
        )  # fmt: skip
        command = contracts.CreateContract(
            amount=Decimal("168000.00"), project_id=self.project.id, signed_on=date(2026, 3, 31)
        )
        with transaction() as writing:
            contracts.create(
                writing, writing.merge(customer), command, actor=writing.merge(self.specialist), at=clock.now()
            )

    def act(self, moment: str, service: Any, *args: Any, **more: Any) -> Any:
        at = self.clock.set(f"2026-{moment}")
        with transaction() as writing:
            actor = writing.get(type(self.specialist), self.specialist.id)
            return service(writing, writing.get(Project, self.project.id), *args, actor=actor, at=at, **more)

    def starts(self) -> None:
        everybody = tuple(works.EXPECTED)
        self.act("04-08 08:30", works.disclose, works.Disclose(
            when("04-08 08:30"), "现场", tuple(str(one) for one in everybody), True, "水电点位", "完好", "张建军"))  # fmt: skip
        self.act("04-08 09:00", works.start, works.Start(date(2026, 4, 8)))

    def stage(self, moment: str, stage: str, result: str = "PASS", **more: Any) -> StageAcceptance:
        given = {"stage": stage, "held_on": when(moment).date(), "place": "全屋", "items": "按图施工", "result": result}
        return self.act(moment, milestones.accept_stage, milestones.AcceptStage(**given | more))

    def pays(self, moment: str, kind: str, amount: str, receipt: str) -> None:
        at = self.clock.set(f"2026-{moment}")
        with transaction() as writing:
            contract = writing.scalars(select(Contract)).one()
            command = contracts.RecordPayment(kind, Decimal(amount), at.date(), receipt, early_reason="客户出差前先付")
            contracts.record_payment(
                writing, contract, command, actor=writing.get(type(self.specialist), self.specialist.id), at=at
            )

    @property
    def fresh(self) -> Project:
        current().rollback()
        found = current().get(Project, self.project.id)
        assert found is not None
        return found


CONCEALED = {
    "customer_told_at": when("04-25 10:00"), "supervisor_told_at": when("04-25 10:05"), "covering_on": date(2026, 4, 29),
    "customer_signed_by": "张建军", "supervisor_signed_by": "丁一", "pm_signed_by": "王志强", "foreman_signed_by": "刘大勇",
}  # fmt: skip


@pytest.fixture
def site(make, clock):
    made = Site(make, clock)
    made.starts()
    return made


def test_concealed_works_are_told_of_and_signed_before_they_are_covered(site):
    """4.6, 3: customer and supervisor are notified before covering and sign; a failed look asks for another one."""
    with pytest.raises(Invalid) as refused:
        site.stage("04-27 15:00", "CONCEALED")
    assert set(refused.value.fields) == {
        "customer_told_at", "supervisor_told_at", "customer_signed_by", "supervisor_signed_by",
    }  # fmt: skip
    for wrong, field in (
        ({"customer_told_at": when("04-27 10:00"), "covering_on": date(2026, 4, 26)}, "customer_told_at"),
        ({"covering_on": date(2026, 4, 26)}, "covering_on"),
        ({"supervisor_told_at": when("04-28 10:00")}, "supervisor_told_at"),
        ({"held_on": date(2026, 4, 7)}, "held_on"),
        ({"held_on": date(2026, 4, 28)}, "held_on"),
    ):
        with pytest.raises(Invalid) as refused:
            site.stage("04-27 15:00", "CONCEALED", **CONCEALED | wrong)
        assert field in refused.value.fields, wrong
    failed = site.stage("04-26 15:00", "CONCEALED", "FAIL")
    waiting = current().scalars(select(Task).where(Task.record_kind == StageAcceptance.KIND)).one()
    assert (waiting.record_id, waiting.title) == (failed.id, milestones.LOOK_AGAIN.message)
    assert site_progress.strip(current(), site.fresh, when("04-26 16:00"))[2].state == "failed"
    passed = site.stage("04-27 15:00", "CONCEALED", **CONCEALED)
    assert passed.number == "JD-2026-0002"
    current().expire_all()
    assert current().get(Task, waiting.id).closed_at is not None, "the stage passed: nobody looks at the failed one"
    assert milestones.passed_on(current(), site.fresh) == {StageKind.CONCEALED: date(2026, 4, 27)}
    with i18n.use_locale("zh_Hans"):
        view = works_building.BUILDERS["F-31-2"](current(), current().get(StageAcceptance, passed.id), None)
        said = paper.write(view, Issue(Company("示例装饰", "客服部"), "000001", site.clock.now(), "周晓雯")).html
    assert all(words in said for words in ("2026-04-25 10:05", "2026-04-29", "丁一", "按图施工", "隐蔽工程"))
    calls = {call.stage: call for call in current().scalars(select(FollowUpCall))}
    assert set(calls) == {"START", "CONCEALED"}, "begun before the portal: a call for each event that happens"
    assert (calls["CONCEALED"].window_from, calls["CONCEALED"].due_on) == (date(2026, 4, 27), date(2026, 4, 30))


def test_the_strip_says_plan_and_fact_and_what_is_missing(site):
    """Planned days by the shares of the works; the actual ones, early and late."""
    planned = site_progress.forecast(current(), site.fresh)
    assert planned == {
        Milestone.START: date(2026, 4, 8), Milestone.MATERIAL: date(2026, 4, 16), Milestone.CONCEALED: date(2026, 4, 29),
        Milestone.WATERPROOF: date(2026, 5, 4), Milestone.MID: date(2026, 5, 21),
        Milestone.PRE_ACCEPTANCE: date(2026, 6, 25), Milestone.ACCEPTANCE: date(2026, 7, 4),
    }  # fmt: skip
    site.stage("04-18 10:00", "MATERIAL")
    site.stage("04-27 15:00", "CONCEALED", **CONCEALED)
    marks = site_progress.strip(current(), site.fresh, when("05-06 10:00"))
    assert [(mark.state, mark.days_late) for mark in marks] == [
        ("done", 0), ("late-done", 2), ("done", -2), ("late", 2), ("ahead", None), ("ahead", None), ("ahead", None),
    ]  # fmt: skip
    said = [str(lack.said) for lack in site_progress.missing(current(), site.fresh, when("05-06 10:00"))]
    assert said == ["防水闭水未验收，计划 05-04 周一", "项目经理还没有与客户沟通的记录"]


@pytest.mark.parametrize("stage", ["ACCEPTED", "SETTLED", "IN_WARRANTY", "OUT_OF_WARRANTY", "CANCELLED"])
def test_nothing_grows_late_once_the_works_are_accepted_or_given_up(site, sign_in, stage):
    """A milestone that nobody wrote down is late while it is waited for; what was done late stays so."""
    site.stage("04-27 15:00", "CONCEALED", **CONCEALED)
    site.stage("05-10 10:00", "WATERPROOF", place="主卫", items="闭水 48 小时")
    page = f"/records/projects/{site.project.number}"
    site.clock.set("2026-11-15 10:00")
    desk = sign_in(Role.SPECIALIST)
    at_work = {mark.milestone: mark for mark in site_progress.strip(current(), site.fresh, site.clock.now())}
    assert (at_work[Milestone.PRE_ACCEPTANCE].state, at_work[Milestone.PRE_ACCEPTANCE].days_late) == ("late", 143)
    assert "已晚" in desk.get(page, status=200).text

    with transaction() as writing:
        project = writing.get(Project, site.project.id)
        project.stage = stage
    over = site_progress.strip(current(), site.fresh, site.clock.now())
    assert [(mark.state, mark.days_late) for mark in over] == [
        ("done", 0), ("ahead", None), ("done", -2), ("late-done", 6), ("ahead", None), ("ahead", None), ("ahead", None),
    ]  # fmt: skip
    shown = desk.get(page, status=200).text
    assert "已晚" not in shown and "晚 6 天" in shown


def test_a_change_counts_from_the_signature_on_and_once(site, session):
    """8.1: +3,600.00 makes the mid payment 62,400.00 and the project value 171,600.00."""
    order = site.act(
        "05-15 10:00", change_orders.propose, change_orders.Propose("增加墙柜 5 平方米", Decimal("3600.00"), 2)
    )
    contract = session.scalars(select(Contract)).one()
    assert (contract.output_value, change_orders.mid_payment(session, contract)) == (168000, Decimal("58800.00"))
    names = change_orders.Sign("许诺", "刘大勇", "王志强", "张建军", date(2026, 5, 15))

    def sign(writing, _project, command, **more):
        change_orders.sign(writing, writing.get(ChangeOrder, order.id), command, **more)

    site.act("05-15 11:00", sign, names)
    assert site.fresh.planned_finish_on == date(2026, 7, 6)
    with pytest.raises(TransitionNotAllowed):
        site.act("05-15 11:05", sign, names)
    contract = session.scalars(select(Contract)).one()
    assert contract.output_value == Decimal("171600.00")
    assert site_progress.mid_due(session, site.fresh) == 0, "the mid-term is not accepted yet"
    site.stage("05-20 10:00", "MID")
    mid = session.scalars(select(FollowUpCall).where(FollowUpCall.stage == "MID")).one()
    assert (mid.window_from, mid.due_on) == (date(2026, 5, 20), date(2026, 5, 23))
    assert site_progress.mid_due(session, site.fresh) == Decimal("62400.00")
    site.pays("05-22 15:00", "MID", "58800.00", "SJ-2")
    session.refresh(mid)
    assert mid.due_on == date(2026, 5, 23), "opened before the money came: nothing changes"
    site.pays("05-22 15:00", "CHANGE", "3600.00", "SJ-3")
    assert site_progress.mid_due(session, site.fresh) == 0
    less = site.act("05-23 10:00", change_orders.propose, change_orders.Propose("不做吊顶", Decimal("-171600.00")))
    order = less
    with pytest.raises(ConditionsMissing) as refused:
        site.act("05-23 10:00", sign, names)
    assert refused.value.reasons == (change_order.HAS_VALUE.label,)
    site.act("05-24 10:00", change_orders.delay, change_orders.Delay("连续暴雨", 5, "张建军", date(2026, 5, 24)))
    assert site.fresh.planned_finish_on == date(2026, 7, 11)
    waits = site.act("05-24 11:00", change_orders.delay, change_orders.Delay("瓷砖到货晚", 3))
    assert (waits.number, waits.state) == ("YQ-2026-0002", "PROPOSED")
    assert site.fresh.planned_finish_on == date(2026, 7, 11), "not signed: the finish stays"
    said = [str(lack.said) for lack in site_progress.missing(session, site.fresh, when("07-12 11:00"))]
    for words in ("未签字的变更单：1 张", "未签字的延长单：1 张", "监理必检：0 / 5 次", "监理联系客户：0 / 6 次"):
        assert words in said, (words, said)
    assert any(one.startswith("预验收未验收") for one in said), said
    with pytest.raises(Invalid):
        site.act("05-24 11:00", change_orders.delay, change_orders.Delay("没有日期", 3, "张建军"))

    def on_delay(service):
        return lambda writing, _project, command, **more: service(
            writing, writing.get(DelayNotice, waits.id), command, **more
        )

    signature = change_orders.SignDelay("张建军", date(2026, 5, 25))
    with pytest.raises(Invalid):
        site.act("05-24 12:00", on_delay(change_orders.sign_delay), signature)
    site.act("05-25 12:00", on_delay(change_orders.sign_delay), signature)
    assert site.fresh.planned_finish_on == date(2026, 7, 14)
    with pytest.raises(TransitionNotAllowed):
        site.act("05-25 13:00", on_delay(change_orders.withdraw), change_orders.Withdraw("客户不同意"))
    site.act(
        "05-25 14:00",
        lambda writing, _project, command, **more: change_orders.withdraw(
            writing, writing.get(ChangeOrder, less.id), command, **more
        ),
        change_orders.Withdraw("客户仍要做吊顶"),
    )
    assert session.get(ChangeOrder, less.id, populate_existing=True).state == "WITHDRAWN"
    with pytest.raises(Invalid):
        site.act("05-24 10:00", change_orders.propose, change_orders.Propose("什么也不变", Decimal("0.00")))


def test_the_weekly_word_is_missed_after_seven_days_and_counts_anew(site, session):
    """DL-07, of the project manager: counted from the start, from each report, and only while works run."""

    def clocks():
        session.rollback()
        found = session.scalars(select(Task).where(Task.code == "DL-07").order_by(Task.id)).all()
        return [(task.due_at, task.outcome) for task in found]

    assert clocks() == [(when("04-16 00:00"), None)], "seven days from the end of the first day"
    at = site.clock.set("2026-04-16 00:01")
    with transaction() as writing:
        tasks.sweep(writing, at)
    breach = session.scalars(select(DeadlineBreach)).one()
    assert (breach.code, breach.party_id, breach.department) == ("DL-07", site.pm.id, None)
    site.act("04-16 10:00", milestones.report_week, milestones.ReportWeek(when("04-16 09:30"), "PHONE", "水电开槽"))
    assert clocks() == [(when("04-16 00:00"), "DONE"), (when("04-23 09:30"), None)]
    site.act("04-20 10:00", milestones.report_week, milestones.ReportWeek(when("04-15 09:30"), "PHONE", "补记"))
    assert clocks()[-1] == (when("04-23 09:30"), None), "an older word moves nothing"
    site.act("04-20 10:00", works.suspend, works.Suspend("QUALITY", "返工", date(2026, 4, 20)))
    assert clocks()[-1][1] == "CANCELLED"
    site.act("04-28 10:00", works.resume, works.Resume(date(2026, 4, 28)))
    assert clocks()[-1] == (when("05-06 00:00"), None)
    with transaction() as writing:
        projects.pre_accepted(writing, writing.get(Project, site.project.id), at=site.clock.set("2026-05-01 10:00"))
    assert clocks()[-1] == (when("05-06 00:00"), "DONE")


def test_hazards_are_rechecked_until_they_are_gone_and_visits_are_only_counted(site, session, make):
    """4.6, 7 and 11; Q23: counters, no fine."""
    note = milestones.NoteHazard(date(2026, 4, 20), "临边无防护", make.party(PartyKind.FOREMAN), date(2026, 4, 22))
    notice = site.act("04-20 10:00", milestones.note_hazard, note)

    def again(writing, _project, command, **more):
        service = milestones.remove if isinstance(command, milestones.Remove) else milestones.extend
        service(writing, writing.get(type(notice), notice.id), command, **more)

    with pytest.raises(Invalid) as refused:
        site.act("04-22 10:00", again, milestones.Extend(date(2026, 4, 22), "未整改", date(2026, 4, 21)))
    assert "limit_on" in refused.value.fields
    site.act("04-22 10:00", again, milestones.Extend(date(2026, 4, 22), "未整改", date(2026, 4, 24)))
    with pytest.raises(Invalid):
        site.act("04-24 10:00", again, milestones.Remove(date(2026, 4, 25), "明天的复查"))
    site.act("04-24 10:00", again, milestones.Remove(date(2026, 4, 24), "已设护栏"))
    with pytest.raises(TransitionNotAllowed):
        site.act("04-25 10:00", again, milestones.Remove(date(2026, 4, 25), "再看"))
    found = session.scalars(select(Task).where(Task.record_kind == "safety-notices").order_by(Task.id)).all()
    assert [(task.due_at, task.outcome) for task in found] == [
        (when("04-22 18:00"), "DONE"),
        (when("04-24 18:00"), "DONE"),
    ]
    for day, kind in ((10, "CONTACT"), (14, "VISIT"), (21, "VISIT")):
        site.act(f"04-{day} 18:00", milestones.record_visit, kind=kind, held_on=date(2026, 4, day), what="查看水电")
    counted = milestones.counted(milestones.visits_of(session, site.fresh))
    assert counted == {SupervisorVisitKind.CONTACT: 3, SupervisorVisitKind.VISIT: 2}
    assert (settings.get(session, "supervisor_contacts"), settings.get(session, "supervisor_visits")) == (6, 5)
    assert not session.scalars(select(DeadlineBreach).where(DeadlineBreach.code != "DL-07")).all()

    def shown(writing, project, **more):
        milestones.hold_open_day(writing, [project], held_on=date(2026, 5, 30), invited="李女士", attended=None, **more)

    site.act("05-20 10:00", shown)
    assert [day.invited for day in milestones.open_days_of(session, site.fresh)] == ["李女士"]


def test_the_project_page_shows_the_strip_and_takes_what_happens(site, sign_in, session):
    """Through the pages: forms refuse at the field, what was made stands on its page, the strip and the tab."""
    site.clock.set("2026-04-27 16:00")
    specialist = sign_in(site.specialist)
    base = f"/records/projects/{site.project.number}"
    page = specialist.get(base, status=200).text
    assert "施工进度" in page and "计划 04-29 周三" in page and "材料进场未验收" in page
    sent = {
        "stage": "CONCEALED",
        "held_on": "2026-04-27",
        "place": "厨卫",
        "items": "水电",
        "result": "PASS",
        "client_key": "k1",
    }
    refused = specialist.post(f"{base}/stage-acceptances/new", sent, status=422).text
    assert "覆盖前须客户签字" in refused and "厨卫" in refused
    told = {"customer_told_at": "2026-04-25T10:00", "supervisor_told_at": "2026-04-25T10:00"}
    signed = {"customer_signed_by": "张建军", "supervisor_signed_by": "丁一"}
    made = specialist.post(f"{base}/stage-acceptances/new", sent | told | signed, status=303)
    assert "隐蔽工程" in specialist.get(made.headers["Location"], status=200).text
    order = {"items": "增加墙柜", "amount": "3600", "extra_days": "", "client_key": "k2"}
    place = specialist.post(f"{base}/change-orders/new", order, status=303).headers["Location"]
    assert "不得施工" in specialist.get(place, status=200).text
    form = specialist.get(f"{place}/steps/sign", status=200)
    fields = {
        name: "某人" for name in ("designer_signed_by", "foreman_signed_by", "pm_signed_by", "customer_signed_by")
    }
    version = session.scalars(select(ChangeOrder.version)).one()
    assert "张建军" in form.text
    specialist.post(f"{place}/steps/sign", fields | {"signed_on": "2026-04-27", "version": str(version)}, status=303)
    foreman = site.fresh.foreman_id
    for where, words in (
        ("delays", {"days": "3", "cause": "停电", "customer_signed_by": "张建军", "signed_on": "2026-04-27"}),
        ("weekly-reports", {"told_at": "2026-04-27T15:00", "channel": "WECHAT", "progress": "水电完成"}),
        ("supervisor-visits", {"kind": "VISIT", "held_on": "2026-04-27", "what": "水电验收"}),
        ("open-days", {"held_on": "2026-04-30", "invited": "李女士"}),
        ("safety-notices", {"found_on": "2026-04-27", "hazard": "电线拖地", "responsible_id": foreman, "limit_on": "2026-04-28"}),
    ):  # fmt: skip
        specialist.get(f"{base}/{where}/new", status=200)
        specialist.post(f"{base}/{where}/new", words | {"client_key": where}, status=303)
    notice = "/records/safety-notices/AQ-2026-0001"
    specialist.get(notice, status=200)
    seen = {"rechecked_on": "2026-04-27", "recheck": "已整理", "version": "1"}
    late = specialist.post(f"{notice}/steps/remove", seen | {"rechecked_on": "2026-04-28"}, status=422).text
    assert "复查日期" in late and "已整理" in late
    specialist.post(f"{notice}/steps/remove", seen, status=303)
    assert "已消除" in specialist.get(notice, status=200).text
    assert "已签字" in specialist.get("/records/delays/YQ-2026-0001", status=200).text
    tab = specialist.get(f"{base}?tab=site", status=200).text
    for words in (
        "回访计划",
        "2026-04-30",
        "增加墙柜",
        "停电",
        "水电完成",
        "必检 1 / 5 次",
        "李女士",
        "电线拖地",
        "3,600.00",
    ):
        assert words in tab, words
    reviewer = sign_in(Role.REVIEWER)
    assert "change-orders/new" not in reviewer.get(f"{base}?tab=site", status=200).text
    reviewer.post(f"{base}/change-orders/new", order, check=False, status=403)
    assert site.fresh.planned_finish_on == date(2026, 7, 4) + timedelta(days=3)
