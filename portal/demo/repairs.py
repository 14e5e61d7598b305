"""Warranties and repairs of the demo: the worked example's leak, a paid repair, and the captain's jobs of today.

Source: `domain.md` 8.1, 8.2.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from portal import clock
from portal.demo import pictures, sites, surveys
from portal.demo.cases import Household, comes_in
from portal.demo.hours import on_duty
from portal.demo.stage import Stage, local
from portal.models.customer import Property
from portal.models.project import ProjectStage
from portal.models.repair import RepairOrder, WarrantyCertificate
from portal.models.setting import NumberSequence
from portal.processes.follow_up import CallStage
from portal.processes.repair import Action, CrewStatus, Executor, InWarranty, PhotoKind, Urgency, fingerprint
from portal.services import (
    calls,
    crews,
    own_tasks,
    projects,
    properties,
    repair_costs,
    repair_photos,
    repair_words,
    repairs,
    tasks,
    warranties,
)
from portal.services.approvals import Word
from portal.services.claims import ARRIVAL
from portal.services.field_entries import Arrival
from portal.services.warranty_followup import CLUB

EXCLUSIONS = "使用不当或客户自行造成的损坏；第三方或客户私自委托的施工；客户自购材料；房屋沉降及不可抗力；正常磨损。"
TEAM = "周大海队"
OLD = Household(
    "何伟", "何伟", "13900010026", "梧桐苑", "2", "1", "301", "96", "138000.00", "2023-11-20", layout="两室两厅"
)
"""Whose home was finished before the portal."""


class Job:
    """A repair of a household that is carried on step by step; moments are text or aware."""

    def __init__(self, stage: Stage, key: str, house: Household) -> None:
        self.stage, self.key, self.house = stage, key, house

    def _at(self, moment: datetime | str, act: Any) -> Job:
        self.stage.at(moment, act)
        return self

    def reported(
        self, moment: datetime | str, trade: str, symptom: str, urgency: str = Urgency.NORMAL, number: int = 0
    ) -> Job:
        """The customer calls the front desk; `number`: the one that the worked example gives it."""

        def act(writing: Session, at: datetime) -> None:
            if number:
                _numbered_from(writing, number, at)
            project = self.stage.get(writing, f"{self.house.key}.project")
            home = writing.get_one(Property, project.property_id)
            command = repairs.ReportRepair(
                reporter=self.house.name, phone=self.house.phone, address=home.address, trade=trade, symptom=symptom,
                urgency=urgency, reported_at=at, channel="PHONE", customer=project.customer, project=project,
            )  # fmt: skip
            self.stage.keep(
                self.key, repairs.report(writing, command, actor=self.stage.get(writing, "front_desk"), at=at)
            )
            if number:
                _numbered_from(writing, None, at)

        return self._at(moment, act)

    def checked(
        self,
        moment: datetime | str,
        warranty: str,
        reason: str,
        crew: str,
        status: str,
        *,
        no_certificate: bool = False,
    ) -> Job:
        """The specialist looks into the archive."""

        def act(writing: Session, at: datetime) -> None:
            command = repairs.CheckRepair(
                warranty, reason, status,
                "属公司责任免费" if warranty == InWarranty.YES else "收费维修，现场先报价",
                self.stage.get(writing, crew), has_no_certificate=no_certificate,
            )  # fmt: skip
            self._take(writing, repairs.check, command, "specialist", at)

        return self._at(moment, act)

    def assigned(self, moment: datetime | str, executor: str, visit: datetime | None = None) -> Job:
        """The crew is phoned, the captain told."""

        def act(writing: Session, at: datetime) -> None:
            captain = self.stage.get(writing, "captain")
            command = repairs.AssignRepair(captain, executor, at, visit, "同一小区顺路" if visit else None)
            self._take(writing, repairs.assign, command, "specialist", at)

        return self._at(moment, act)

    def arrived(self, moment: datetime | str, cause: str, plan: str) -> Job:
        """On site, cause found, plan made."""

        def act(writing: Session, at: datetime) -> None:
            self._photo(writing, PhotoKind.BEFORE, at)
            lines = self._lines(writing, Action.ARRIVE)
            command = repairs.Arrive(at, cause, plan, at + timedelta(days=1), at, checks=lines)
            self._take(writing, repairs.arrive, command, "captain", at)

        return self._at(moment, act)

    def arrived_without_signal(self, moment: datetime | str, heard_of: datetime | str, cause: str, plan: str) -> Job:
        """On site before the limit, written on the phone; the network came back after it: the manager decides."""

        def act(writing: Session, at: datetime) -> None:
            there = local(moment) if isinstance(moment, str) else moment
            self._photo(writing, PhotoKind.BEFORE, at)
            captain = self.stage.get(writing, "captain")
            writing.info[ARRIVAL] = Arrival(
                captain.id,
                f"demo-{self.key}",
                "",
                Action.ARRIVE,
                "/repair-captain/",
                there + timedelta(minutes=5),
                0,
                at,
            )
            lines = self._lines(writing, Action.ARRIVE)
            command = repairs.Arrive(there, cause, plan, there + timedelta(days=1), there, checks=lines)
            self._take(writing, repairs.arrive, command, "captain", at)
            del writing.info[ARRIVAL]

        return self._at(heard_of, act)

    def begun(self, moment: datetime | str) -> Job:
        """Free of charge: the repair begins."""

        def act(writing: Session, at: datetime) -> None:
            order = self.stage.get(writing, self.key)
            repairs.start(writing, order, actor=self.stage.get(writing, "captain"), at=at)

        return self._at(moment, act)

    def quoted(self, moment: datetime | str, material: str, labour: str, accepted: datetime | str | None) -> Job:
        """Chargeable: quoted, and accepted by the customer when a moment is given."""

        def act(writing: Session, at: datetime) -> None:
            self._take(writing, repairs.quote, repairs.Quote(Decimal(material), Decimal(labour)), "captain", at)

        def answer(writing: Session, at: datetime) -> None:
            self._take(writing, repairs.accept, repairs.AnswerQuote(at, "客户电话同意报价"), "specialist", at)

        self._at(moment, act)
        return self._at(accepted, answer) if accepted is not None else self

    def done(
        self, moment: datetime | str, work: str, material: str, labour: str, bearer: str = "COMPANY", *, part: str
    ) -> Job:
        """Finished, cleaned, costs noted; `part`: what was used."""

        def act(writing: Session, at: datetime) -> None:
            lines = (
                repairs.CostLine("MATERIAL", part, Decimal(material), bearer),
                repairs.CostLine("LABOUR", "拆装及施工", Decimal(labour), bearer),
            )
            self._photo(writing, PhotoKind.AFTER, at)
            ticked = self._lines(writing, Action.FINISH)
            command = repairs.FinishRepair(work, at, True, lines, checks=ticked)
            self._take(writing, repairs.finish, command, "captain", at)

        return self._at(moment, act)

    def paid(self, moment: datetime | str, amount: str, receipt: str) -> Job:
        """The customer pays what was agreed."""

        def act(writing: Session, at: datetime) -> None:
            command = repairs.RecordPayment(Decimal(amount), "WECHAT", at, self.house.name, receipt)
            self._take(writing, repairs.record_payment, command, "captain", at)

        return self._at(moment, act)

    def rejected(self, moment: datetime | str, defects: str) -> Job:
        """The customer is not content: one more round."""

        def act(writing: Session, at: datetime) -> None:
            self._take(writing, repairs.reject, repairs.Reject(defects), "captain", at)

        return self._at(moment, act)

    def visited_again(self, moment: datetime | str, hours: float, work: str) -> Job:
        """Another visit, noted when it was over."""

        def act(writing: Session, at: datetime) -> None:
            command = repairs.NoteVisit(at - timedelta(hours=hours), at, "马建国、小刘", work)
            self._take(writing, repairs.note_visit, command, "captain", at)

        return self._at(moment, act)

    def signed(self, moment: datetime | str, rating: int = 5) -> Job:
        """The customer signs."""

        def act(writing: Session, at: datetime) -> None:
            order = self.stage.get(writing, self.key)
            command = repairs.SignOff(
                self.house.name, at, repair_words.shown(order), fingerprint(order),
                signature=pictures.signature(order.id), rating=rating, checks=self._lines(writing, Action.SIGN_OFF),
            )  # fmt: skip
            self._take(writing, repairs.sign_off, command, "captain", at)

        return self._at(moment, act)

    def closed(self, moment: datetime | str) -> Job:
        """The call after the repair is satisfied: it is closed."""

        def act(writing: Session, at: datetime) -> None:
            call = self.stage.get(writing, self.key).waiting_call
            said = sites.content(writing, call, at, customer_words="客户满意")
            calls.finish(writing, call, said, actor=self.stage.get(writing, "specialist"), at=at)

        return self._at(moment, act)

    def _photo(self, writing: Session, kind: PhotoKind, at: datetime) -> None:
        order = self.stage.get(writing, self.key)
        file = pictures.photo(f"{kind.label}.jpg", order.id, is_done=kind == PhotoKind.AFTER)
        command = repair_photos.AddPhoto(file, kind, at - timedelta(minutes=4))
        repair_photos.add(writing, order, command, actor=self.stage.get(writing, "captain"), at=at)

    def _lines(self, writing: Session, action: Action) -> tuple[int, ...]:
        return tuple(line.id for line in self.stage.get(writing, self.key).checks if line.step == action)

    def _take(self, writing: Session, service: Any, command: Any, who: str, at: datetime) -> None:
        service(writing, self.stage.get(writing, self.key), command, actor=self.stage.get(writing, who), at=at)


def plan(stage: Stage, zhang: Household, houses: list[Household], today: datetime) -> None:
    """Put warranty and repairs on the stage."""
    certificate(stage, zhang, "2026-07-06 11:00", date(2026, 7, 4))
    _leak(stage, zhang)
    _team(stage)
    _paid(stage)
    _jobs_of_today(stage, houses, today)


def certificate(stage: Stage, house: Household, moment: str, accepted: date) -> None:
    """The warranty of a household is issued."""

    def act(writing: Session, at: datetime) -> None:
        project = stage.get(writing, f"{house.key}.project")
        certificate = writing.scalars(
            select(WarrantyCertificate).where(WarrantyCertificate.project_id == project.id)
        ).one()
        command = warranties.IssueWarranty(accepted, True, EXCLUSIONS, house.name, "COLLECTED")
        specialist = stage.get(writing, "specialist")
        warranties.issue(writing, certificate, command, actor=specialist, at=at)

    def evaluated(writing: Session, at: datetime) -> None:
        surveys.evaluate(stage, house, writing, at)

    def called(writing: Session, at: datetime) -> None:
        project = stage.get(writing, f"{house.key}.project")
        certificate = warranties.of_project(writing, project.id)
        specialist = stage.get(writing, "specialist")
        for task in tasks.open_of(writing, certificate):
            if task.title == CLUB.message:
                own_tasks.finish(writing, task, "客户同意入会", actor=specialist, at=at)

    stage.at(local(moment) - timedelta(minutes=15), evaluated)
    stage.at(moment, act)
    stage.at(local(moment) + timedelta(days=4), called)
    sites.talks(stage, house, CallStage.COMPLETION, local(moment) + timedelta(days=4))


def _leak(stage: Stage, zhang: Household) -> None:
    """WX-2026-0001: the crew has left, the captain's team repairs, 1,060.00 yuan from the retention money."""
    job = Job(stage, "WX1", zhang)
    job.reported("2026-10-12 09:05", "WATERPROOF", "卫生间漏水，楼下天花有水迹", number=1)
    job.checked("2026-10-12 09:08", InWarranty.YES, "防水工程在保修期内", "刘大勇队", CrewStatus.DEPARTED)
    job.assigned("2026-10-12 09:10", Executor.CAPTAIN_TEAM)
    job.arrived("2026-10-12 14:30", "CONSTRUCTION", "更换渗漏的管道接头，局部重做防水并做闭水试验")

    def case(writing: Session, at: datetime) -> None:
        order, captain = stage.get(writing, "WX1"), stage.get(writing, "captain")
        command = repair_costs.DraftCase(CrewStatus.DEPARTED, Decimal("460.00"), Decimal("600.00"))
        stage.keep("FY1", repair_costs.draft(writing, order, command, actor=captain, at=at))

    def confirmed(writing: Session, at: datetime) -> None:
        command = repair_costs.ConfirmCase("CONSTRUCTION", True, stage.get(writing, "石磊"), at)
        repair_costs.confirm(writing, stage.get(writing, "FY1"), command, actor=stage.get(writing, "specialist"), at=at)

    def approved(writing: Session, at: datetime) -> None:
        gm = Word(stage.get(writing, "方总"), at, evidence="审批单原件在档案柜")
        for word in (Word(reason="同意，按质保金扣除"), gm):
            repair_costs.approve(writing, stage.get(writing, "FY1"), word, actor=stage.get(writing, "manager"), at=at)

    def charged(writing: Session, at: datetime) -> None:
        actual = repair_costs.ActualCost(Decimal("460.00"), Decimal("600.00"))
        found = stage.get(writing, "FY1")
        repair_costs.execute(writing, found, actual, actor=stage.get(writing, "captain"), at=at)
        repair_costs.charge(writing, found, actor=stage.get(writing, "manager"), at=at)

    def paid(writing: Session, at: datetime) -> None:
        found = stage.get(writing, "FY1")
        for task in tasks.open_of(writing, found):
            if task.title == repair_costs.GIVE_COPY.message:
                own_tasks.finish(writing, task, "复印件已交吴会计、郑红", actor=stage.get(writing, "manager"), at=at)
        command = repair_costs.CloseCase("PZ-2026-1014", at)
        repair_costs.close(writing, stage.get(writing, "FY1"), command, actor=stage.get(writing, "specialist"), at=at)

    stage.at("2026-10-12 14:40", case)
    stage.at("2026-10-12 15:30", confirmed)
    stage.at("2026-10-12 17:00", approved)
    job.begun("2026-10-12 17:05")
    job.done(
        "2026-10-13 16:00",
        "更换管道接头，重做防水，闭水 24 小时无渗漏",
        "460.00",
        "600.00",
        "CREW",
        part="PPR 管件、防水涂料",
    )
    job.signed("2026-10-13 16:20")
    stage.at("2026-10-13 17:00", charged)
    job.closed("2026-10-14 10:00")
    stage.at("2026-10-14 11:00", paid)


def _team(stage: Stage) -> None:
    """A crew that still works for the company."""

    def act(writing: Session, at: datetime) -> None:
        command = crews.CreateCrew(name=TEAM, retention_balance=Decimal("8000.00"))
        stage.keep(TEAM, crews.create(writing, command, actor=None, at=at))

    stage.at("2026-01-05 09:30", act)


def _numbered_from(writing: Session, first: int | None, at: datetime) -> None:
    """The next repair of the year gets this number; None: the one after the highest."""
    year = clock.today(at).year
    found = func.coalesce(func.max(cast(func.substr(RepairOrder.number, -4), Integer)), 0)
    given = writing.scalar(select(found).where(RepairOrder.number.like(f"{RepairOrder.PREFIX}-{year}-%")))
    writing.merge(NumberSequence(prefix=RepairOrder.PREFIX, year=year, last=given if first is None else first - 1))
    writing.flush()


def _paid(stage: Stage) -> None:
    """8.2 no. 6: accepted on 2024-03-10, the paint peels after its two years: 680.00 quoted, accepted, paid."""

    def known(writing: Session, at: datetime) -> None:
        actor = stage.get(writing, OLD.owner)
        customer = comes_in(stage, writing, OLD, at)
        home = properties.create(
            writing, customer,
            properties.CreateProperty(
                estate=OLD.estate, building=OLD.building, unit=OLD.unit, room=OLD.room, area=Decimal(OLD.area),
                layout=OLD.layout,
            ),
            actor=actor, at=at,
        )  # fmt: skip
        project = projects.CreateProject(
            kind=OLD.kind, branch_id=stage.get(writing, "城南店").id, stage=ProjectStage.IN_WARRANTY,
            designer_id=stage.get(writing, "许诺").id, sales_id=stage.get(writing, "蒋涛").id,
            actual_start_on=date(2023, 12, 1), actual_finish_on=date(2024, 3, 10), contract_days=OLD.days,
        )  # fmt: skip
        stage.keep(f"{OLD.key}.project", projects.create(writing, home, project, actor=actor, at=at))

    stage.at("2026-01-06 10:00", known)
    job = Job(stage, "WX-paid", OLD).reported("2026-04-13 09:30", "PAINT", "客厅墙面油漆起皮", number=2)
    told = "2024-03-10 验收，墙面油漆保修 2 年，已于 2026-03-09 到期；纸质保修单在客户处"
    job.checked("2026-04-13 09:45", InWarranty.NO, told, TEAM, CrewStatus.ACTIVE, no_certificate=True)
    job.assigned("2026-04-13 10:00", Executor.RESPONSIBLE_CREW)
    job.arrived("2026-04-13 14:00", "CUSTOMER_USE", "铲除起皮处，重刮腻子并刷漆两遍")
    job.quoted("2026-04-13 14:20", "280.00", "400.00", "2026-04-13 15:00")
    job.done("2026-04-14 16:00", "铲除、重刮、刷漆两遍，现场清理", "280.00", "400.00", "CUSTOMER", part="腻子、乳胶漆")
    job.paid("2026-04-14 16:10", "680.00", "WXSJ-2026-0414").signed("2026-04-14 16:20").closed("2026-04-16 10:00")


def _jobs_of_today(stage: Stage, houses: list[Household], today: datetime) -> None:
    """One or more repairs in every state."""

    def ago(hours: float) -> datetime:
        return on_duty(today - timedelta(hours=hours), today)

    def visit(hour: int) -> datetime:
        return clock.at_local(clock.today(today), hour)

    def job(index: int, hours: float, trade: str, symptom: str, urgency: str = Urgency.NORMAL) -> Job:
        return Job(stage, f"job-{index}", houses[index]).reported(ago(hours), trade, symptom, urgency)

    def ready(index: int, hours: float, trade: str, symptom: str, hour: int, urgency: str = Urgency.NORMAL) -> Job:
        made = job(index, hours, trade, symptom, urgency)
        made.checked(ago(hours - 0.3), InWarranty.YES, "在保修期内", TEAM, CrewStatus.ACTIVE)
        return made.assigned(ago(hours - 0.5), Executor.RESPONSIBLE_CREW, visit(hour))

    job(0, 1.2, "HARDWARE", "入户门锁打不开")
    job(1, 3, "PAINT", "客厅墙面起皮").checked(ago(2.5), InWarranty.NO, "无保修单，工程未结清", TEAM, CrewStatus.ACTIVE)
    ready(2, 2.2, "WATER_ELECTRIC", "厨房插座没有电", 14, Urgency.URGENT)
    ready(3, 6, "WATERPROOF", "淋浴间外墙返潮", 16)
    ready(4, 5, "WOODWORK", "衣柜门关不严", 10).arrived(ago(1.5), "CONSTRUCTION", "调整铰链，更换一扇门板")
    ready(5, 26, "WATER_ELECTRIC", "马桶进水阀滴水", 11).arrived(ago(22), "CUSTOMER_USE", "更换进水阀").quoted(
        ago(21), "85.00", "120.00", None
    )
    ready(6, 30, "BASIC", "阳台地砖松动", 9).arrived(ago(26), "CONSTRUCTION", "重铺四块地砖").begun(ago(25.5))
    ready(7, 50, "PAINT", "卧室顶角开裂", 15).arrived(ago(46), "MATERIAL", "铲除重刮并刷漆").begun(ago(45)).done(
        ago(3), "顶角重刮、刷漆两遍", "130.00", "260.00", part="腻子、乳胶漆"
    )
    ready(8, 74, "HARDWARE", "浴室门把手脱落", 13).arrived(ago(70), "MATERIAL", "更换把手").begun(ago(69.5)).done(
        ago(69), "更换同款把手", "68.00", "60.00", part="门把手"
    ).signed(ago(68.5), 4)
    _older_jobs(stage, houses, today)


def _older_jobs(stage: Stage, houses: list[Household], today: datetime) -> None:
    """Days ago: one that the customer paid for, one sent back, one nobody came to, one that was met without signal."""

    def day(back: int, hour: int, minute: int = 0) -> datetime:
        return clock.at_local(clock.today(today) - timedelta(days=back), hour, minute)

    def told(index: int, back: int, trade: str, symptom: str, warranty: str = InWarranty.YES) -> Job:
        made = Job(stage, f"job-{index}", houses[index]).reported(day(back, 9), trade, symptom)
        reason = "在保修期内" if warranty == InWarranty.YES else "已过保修期"
        made.checked(day(back, 9, 10), warranty, reason, TEAM, CrewStatus.ACTIVE)
        return made.assigned(day(back, 9, 20), Executor.RESPONSIBLE_CREW)

    paid = told(9, 6, "WATER_ELECTRIC", "厨房龙头漏水", InWarranty.NO)
    paid.arrived(day(6, 11), "CUSTOMER_USE", "更换龙头阀芯及软管").quoted(
        day(6, 11, 20), "160.00", "120.00", day(6, 11, 40)
    )
    paid.done(
        day(6, 14), "更换阀芯和两根软管，试水一小时无渗漏", "160.00", "120.00", "CUSTOMER", part="陶瓷阀芯、编织软管"
    )
    paid.paid(day(6, 14, 10), "280.00", "WXSJ-0001").signed(day(6, 14, 20)).closed(day(4, 10))

    back = told(10, 5, "WATERPROOF", "阳台墙脚返潮")
    back.arrived(day(5, 10, 30), "CONSTRUCTION", "铲除墙脚、重做防水").begun(day(5, 10, 40))
    back.done(day(5, 16), "重做一米墙脚防水", "90.00", "200.00", part="防水涂料").rejected(
        day(5, 16, 20), "转角处仍有湿痕"
    )
    back.visited_again(day(3, 12), 2.5, "转角处加做一遍防水，观察两天")

    told(13, 3, "WOODWORK", "橱柜门板开裂")
    late = told(14, 2, "PAINT", "楼梯间墙面鼓包")
    late.arrived_without_signal(day(2, 15, 30), day(2, 18, 40), "CONSTRUCTION", "铲除鼓包，重刮腻子")
