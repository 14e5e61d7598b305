"""What happens on the sites of the story: stages, weekly words, the calls their windows ask for. Source: `domain.md` 8.1."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.demo.cases import Household
from portal.demo.stage import Stage, local
from portal.models.follow_up import FollowUpCall, FollowUpTicket
from portal.models.milestone import StageKind
from portal.models.org import User
from portal.models.project import Project, ProjectStage
from portal.processes.follow_up import AnsweredBy, CallStage, ItemKind, Manner, Overall
from portal.processes.follow_up_call import WAITING
from portal.services import call_plan, calls, change_orders, milestones
from portal.services.calls import scripts, tickets

USUAL = (
    # stage, days after the start
    (StageKind.MATERIAL, 5),
    (StageKind.CONCEALED, 19),
    (StageKind.WATERPROOF, 24),
    (StageKind.MID, 42),
)
FOUND = {
    StageKind.MATERIAL: ("全屋", "水泥、砂、电线、水管与材料清单一致，合格证齐全"),
    StageKind.CONCEALED: ("厨房、卫生间、客厅", "水管打压 0.8 MPa 保压 30 分钟，线管固定牢固，走向与图纸一致"),
    StageKind.WATERPROOF: ("卫生间、阳台", "闭水 48 小时无渗漏"),
    StageKind.MID: ("全屋", "木工收口，吊顶、柜体尺寸与图纸一致"),
    StageKind.TRADE_HANDOVER: ("全屋", "水电移交瓦工，成品完好"),
}
WORDS = (
    ("水电开槽完成，开始布管", "管线横平竖直", "临时用电已接地", "布线、打压"),
    ("布线完成，水管打压合格", "无渗漏", "灭火器在位", "隐蔽验收，瓦工进场"),
    ("卫生间防水两遍，墙砖铺贴过半", "空鼓抽查合格", "材料堆放整齐", "地砖铺贴"),
    ("地砖完成，木工进场", "平整度 2 毫米内", "切割已设挡板", "吊顶、柜体"),
    ("吊顶封板完成", "接缝已处理", "登高用架合格", "油工进场"),
    ("墙面腻子第二遍", "阴阳角顺直", "通风良好", "打磨、底漆"),
)
EVERY_DAYS = 5
"""Sooner than the clock of the weekly word warns."""


def usual(stage: Stage, house: Household, started: date, mid_on: date | None = None) -> None:
    """The stages at the usual distances from the start, each with its call the day after, and the weekly words.

    `mid_on`: the mid-term passes on this day instead, and the customer is still to be called about it.
    """
    for kind, days in USUAL:
        if kind == StageKind.MID and mid_on is not None:
            _passes(stage, house, kind, _at(mid_on, 0, 9))
            continue
        _passes(stage, house, kind, _at(started, days, 15))
        talks(stage, house, CallStage(kind.value), _at(started, days + 1, 10))
    talks(stage, house, CallStage.START, _at(started, 2, 10))
    words(stage, house, started)


def words(stage: Stage, house: Household, started: date) -> None:
    """The project manager tells the customer how the works go, as long as they go."""
    for number in range(1, house.days // EVERY_DAYS * 2):
        progress, quality, safety, following = WORDS[number % len(WORDS)]

        def tell(
            writing: Session, project: Project, actor: User, at: datetime,
            said: tuple[str, ...] = (progress, quality, safety, following),
        ) -> None:  # fmt: skip
            if project.stage == ProjectStage.IN_PROGRESS:
                report = milestones.ReportWeek(at - timedelta(hours=1), "WECHAT", *said)
                milestones.report_week(writing, project, report, actor=actor, at=at)

        _take(stage, house, _at(started, number * EVERY_DAYS, 17), tell)


def talks(stage: Stage, house: Household, which: CallStage, moment: datetime | str) -> None:
    """The customer is called at a stage and is content."""

    def call(writing: Session, project: Project, actor: User, at: datetime) -> None:
        found = calls.find(writing, project, which)
        if found is not None and found.window_from is not None and found.state in WAITING:
            calls.finish(writing, found, content(writing, found, at), actor=found.owner or actor, at=at)

    _take(stage, house, local(moment) if isinstance(moment, str) else moment, call)


def content(writing: Session, call: FollowUpCall, at: datetime, **more: Any) -> calls.FinishCall:
    """A talk with a customer who is content with everything."""
    script = scripts.script_for(writing, call.stage, call.customer.grade, at.date())
    answers = tuple(_answer(item) for item in (script.items if script else ()) if item["required"])
    given = {"overall": Overall.SATISFIED.value, "customer_words": "没有意见，进度和质量都满意"} | more
    return calls.FinishCall(
        called_at=at, manner=Manner.PHONE.value, answered_by=AnsweredBy.CUSTOMER.value, answers=answers, **given
    )


def _answer(item: Any) -> calls.Answer:
    kind = ItemKind(item["kind"])
    if kind == ItemKind.YES_NO:  # the answer that opens nothing
        return calls.Answer(item["code"], "NO" if item.get("opens") and item.get("when") == "YES" else "YES")
    if kind in (ItemKind.SCORE, ItemKind.RATE10):
        return calls.Answer(item["code"], score=5 if kind == ItemKind.SCORE else 9)
    return calls.Answer(item["code"], {ItemKind.NUMBER: "3", ItemKind.TIME: "10:00"}.get(kind, "满意"))


def main_line(stage: Stage, zhang: Household) -> None:
    """张建军's site: two sockets are not as drawn, a wall unit is added, the mid-term passes, Mid-Autumn is greeted."""
    words(stage, zhang, date(2026, 4, 8))
    _passes(stage, zhang, StageKind.MATERIAL, local("2026-04-15 10:00"))
    _passes(stage, zhang, StageKind.CONCEALED, local("2026-04-27 15:00"))
    _passes(stage, zhang, StageKind.WATERPROOF, local("2026-05-03 16:00"))
    _passes(stage, zhang, StageKind.TRADE_HANDOVER, local("2026-05-04 16:00"))
    _passes(stage, zhang, StageKind.MID, local("2026-05-20 10:00"))
    talks(stage, zhang, CallStage.START, "2026-04-10 10:00")
    _sockets(stage, zhang)
    _wall_unit(stage, zhang)
    talks(stage, zhang, CallStage.MID, "2026-05-21 10:00")
    talks(stage, zhang, CallStage.COMPLETION, "2026-07-08 10:00")
    stage.at("2026-08-04 08:00", call_plan.open_due)
    talks(stage, zhang, CallStage.ONE_MONTH, "2026-08-04 10:30")
    for day, kind, what in (
        ("2026-04-09 16:00", "CONTACT", "介绍监理职责、留电话，客户服务手册已填"),
        ("2026-04-15 10:30", "VISIT", "材料进场检查"),
        ("2026-04-27 15:30", "VISIT", "隐蔽工程检查"),
        ("2026-05-03 16:30", "VISIT", "闭水检查"),
        ("2026-05-20 10:30", "VISIT", "中期检查"),
        ("2026-06-24 10:30", "VISIT", "收尾检查"),
    ):
        _visits(stage, zhang, local(day), kind, what)
    _greeting(stage)


def _sockets(stage: Stage, house: Household) -> None:
    """HF-2026-0002 and LX-2026-0001."""

    def call(writing: Session, project: Project, actor: User, at: datetime) -> None:
        found = calls.find(writing, project, CallStage.CONCEALED)
        assert found is not None
        slip = calls.Slip(
            "两个插座位置与图纸不符", "ENGINEERING", stage.get(writing, "石磊"), local("2026-04-30 18:00")
        )
        said = {
            "overall": Overall.UNSATISFIED.value,
            "customer_words": "客厅电视墙两个插座位置和图纸不一样，要改过来",
            "slips": (slip,),
        }
        calls.finish(writing, found, content(writing, found, at, **said), actor=actor, at=at)

    def of_slip(act: Callable[[Session, FollowUpTicket, datetime], Any], service: Any) -> Callable[..., None]:
        def take(writing: Session, project: Project, actor: User, at: datetime) -> None:
            slip = writing.scalars(select(FollowUpTicket).where(FollowUpTicket.project_id == project.id)).one()
            service(writing, slip, act(writing, slip, at), actor=actor, at=at)

        return take

    receive = of_slip(lambda writing, _slip, at: tickets.Receive(at, stage.get(writing, "石磊")), tickets.receive)
    done = of_slip(lambda _writing, _slip, at: tickets.Finish("两个插座按图纸移位，墙面已修补", at), tickets.finish)

    def asked(writing: Session, project: Project, actor: User, at: datetime) -> None:
        found = calls.find(writing, project, CallStage.REVISIT)
        assert found is not None
        calls.finish(
            writing, found, content(writing, found, at, customer_words="客户现场看过，满意"), actor=actor, at=at
        )

    _take(stage, house, local("2026-04-28 10:00"), call)
    _take(stage, house, local("2026-04-28 14:00"), receive)
    _take(stage, house, local("2026-04-29 16:00"), done)
    _take(stage, house, local("2026-04-30 10:00"), asked)


def _wall_unit(stage: Stage, house: Household) -> None:
    """The change order of 05-15: +3,600.00 yuan."""

    def write(writing: Session, project: Project, actor: User, at: datetime) -> None:
        command = change_orders.Propose("增加客厅墙柜 5 平方米", Decimal("3600.00"))
        order = change_orders.propose(writing, project, command, actor=actor, at=at)
        signed = change_orders.Sign("许诺", "刘大勇", "王志强", house.name, at.date())
        change_orders.sign(writing, order, signed, actor=actor, at=at)

    _take(stage, house, local("2026-05-15 11:00"), write)


def _greeting(stage: Stage) -> None:
    """Mid-Autumn: the manager has grade A and B called."""

    def plan(writing: Session, at: datetime) -> None:
        manager = stage.get(writing, "manager")
        call_plan.plan_seasonal(writing, name="中秋问候", on=date(2026, 9, 25), grades=("A", "B"), actor=manager, at=at)

    def greet(writing: Session, at: datetime) -> None:
        waiting = select(FollowUpCall).where(
            FollowUpCall.stage == CallStage.SEASONAL, FollowUpCall.window_from.is_not(None)
        )
        for call in writing.scalars(waiting.order_by(FollowUpCall.id)).all():
            actor = call.owner or stage.get(writing, "specialist")
            calls.finish(writing, call, content(writing, call, at, customer_words="感谢问候"), actor=actor, at=at)

    stage.at("2026-09-21 09:00", plan)
    stage.at("2026-09-25 09:00", call_plan.open_due)
    stage.at("2026-09-25 10:00", greet)


def _passes(stage: Stage, house: Household, kind: StageKind, moment: datetime) -> None:
    def accept(writing: Session, project: Project, actor: User, at: datetime) -> None:
        if project.stage not in milestones.BUILDING:
            return
        place, items = FOUND[kind]
        told = at - timedelta(days=1)
        command = milestones.AcceptStage(
            stage=kind.value,
            held_on=at.date(),
            place=place,
            items=items,
            result="PASS",
            customer_told_at=told,
            supervisor_told_at=told,
            covering_on=at.date() + timedelta(days=2) if kind == StageKind.CONCEALED else None,
            customer_signed_by=house.name,
            supervisor_signed_by=project.supervisor.name if project.supervisor else None,
            pm_signed_by=project.project_manager.name if project.project_manager else None,
            foreman_signed_by=project.foreman.name if project.foreman else None,
        )
        milestones.accept_stage(writing, project, command, actor=actor, at=at)

    _take(stage, house, moment, accept)


def _visits(stage: Stage, house: Household, moment: datetime, kind: str, what: str) -> None:
    def visit(writing: Session, project: Project, actor: User, at: datetime) -> None:
        milestones.record_visit(writing, project, kind=kind, held_on=at.date(), what=what, actor=actor, at=at)

    _take(stage, house, moment, visit)


def _take(
    stage: Stage, house: Household, moment: datetime, act: Callable[[Session, Project, User, datetime], None]
) -> None:
    def step(writing: Session, at: datetime) -> None:
        act(writing, stage.get(writing, f"{house.key}.project"), stage.get(writing, house.owner), at)

    stage.at(moment, step)


def _at(started: date, days: int, hour: int) -> datetime:
    return local(f"{started + timedelta(days=days)} {hour:02d}:00")
