"""The demo's money and endings: 8.2 no. 1 to the voucher and the wage, no. 3 and 4 to the loss notices, and what waits today.

Everything goes through the services at the story's own time. Source: `domain.md` 8.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.demo.cases import Household, signs
from portal.demo.hours import on_duty
from portal.demo.stage import Stage, local
from portal.demo.works import archives
from portal.models.cancellation import TOLD, LossNotice
from portal.models.penalty import PenaltyEntry
from portal.processes.penalty import State
from portal.services import absences, cancellations, compensations, contracts, loss_notices, penalty_steps
from portal.services.approvals import Word

WANG = Household(
    "王芳", "王芳", "13900010005", "听涛雅苑", "5", "2", "601", "88", "96000.00", "2026-04-14", "MS", layout="两室两厅"
)
BY_DESIGNER = Household(
    "罗文博", "罗文博", "13900010006", "云杉苑", "2", "1", "1302", "105", "128000.00", "2026-05-12", layout="三室一厅"
)
BY_CREW = Household("邓洁", "邓洁", "13900010007", "桂语江南", "3", "2", "702", "92", "110000.00", "2026-05-19", "MS")
BY_NOBODY = Household("卓远", "卓远", "13900010008", "滨江花园", "9", "1", "2001", "134", "176000.00", "2026-06-09")
EVIDENCE = "签字原件：总经办档案柜 2"


@dataclass(frozen=True, slots=True)
class End:
    """How a contract ends: reason, opinion, who is liable for which percent, papers of a loss, and the days of the steps."""

    house: Household
    reason_kind: str
    reason: str
    opinion: str
    why: str
    liable: tuple[tuple[str, str, str | None], ...]
    days: tuple[str, str, str, str, str, str, str, str]
    """Applied, opinion, drafted, signed, verified, approved, told, voided."""
    documented: str = "0.00"


ENDS = (
    End(
        WANG, "CUSTOMER", "工作调动去外地，房屋准备出售", "方案和报价均经客户确认，无设计原因，已挽留", "客户自身原因",
        (("CUSTOMER", "100", None),),
        (
            "2026-04-20 09:30", "2026-04-21 16:00", "2026-04-22 10:00", "2026-04-23 15:00", "2026-04-24 11:00",
            "2026-04-27 10:00", "2026-04-28 17:00", "2026-04-29 10:00",
        ),
    ),
    End(
        BY_DESIGNER, "DESIGN", "图纸三次改动仍与现场不符，客户不再信任", "量房尺寸有误，客户已另行委托出图", "设计师量房失误",
        (("DESIGNER", "100", "许诺"),),
        (
            "2026-05-25 10:00", "2026-05-26 11:00", "2026-05-27 10:00", "2026-05-28 15:00", "2026-05-29 11:00",
            "2026-06-01 10:00", "2026-06-02 16:00", "2026-06-03 10:00",
        ),
        "1200.00",
    ),
    End(
        BY_CREW, "WORKS", "进场第一天损坏公共管道并与邻居争执", "与设计无关", "施工队野蛮施工，物业已出具证明",
        (("CREW", "100", "刘大勇队"),),
        (
            "2026-06-01 10:00", "2026-06-02 11:00", "2026-06-03 10:00", "2026-06-04 15:00", "2026-06-05 11:00",
            "2026-06-08 10:00", "2026-06-09 16:00", "2026-06-10 10:00",
        ),
        "3600.00",
    ),
    End(
        BY_NOBODY, "FORCE_MAJEURE", "开发商延期交房一年", "与设计无关", "开发商延期交房，双方均无责任",
        (("OTHER", "100", None),),
        (
            "2026-06-15 10:00", "2026-06-16 11:00", "2026-06-17 10:00", "2026-06-18 15:00", "2026-06-22 10:00",
            "2026-06-23 10:00", "2026-06-23 16:00", "2026-06-24 10:00",
        ),
    ),
)  # fmt: skip


def plan(stage: Stage, today: datetime) -> None:
    """Put the stories on the stage."""
    _compensates(stage)
    for end in ENDS:
        signs(stage, end.house)
        archives(stage, end.house, f"{end.house.signed} 17:00")
        _ends(stage, end)
    _waits_today(stage, today)


def _compensates(stage: Stage) -> None:
    """TS-2026-0007: visit Wednesday 06-03, 70/30 of 4,000.00, paid 06-05, closed 06-08, recovered in June."""
    key = "TS7.escalation"

    def act(moment: str, service: Callable[..., Any], command: Callable[[Session, datetime], Any]) -> None:
        def step(writing: Session, at: datetime) -> None:
            service(writing, stage.get(writing, key), command(writing, at), actor=stage.get(writing, "manager"), at=at)

        stage.at(moment, step)

    head = "石磊"
    act(
        "2026-06-02 15:00", compensations.set_visit,
        lambda writing, _at: compensations.SetVisit(local("2026-06-03 14:00"), stage.get(writing, head)),
    )  # fmt: skip
    act(
        "2026-06-03 16:30",
        compensations.judge,
        lambda writing, _at: compensations.Judge(
            visited_at=local("2026-06-03 14:00"),
            present="陈思远、石磊、陈丽华",
            findings="门外侧三道划痕，最长 40 厘米，露底；同批瓷砖搬运路线无保护",
            solution="赔偿 4,000 元，客户自行更换门扇；楼道和入户门当天贴膜",
            involves_money=True,
            shares=(
                compensations.Bears(stage.get(writing, "刘大勇"), Decimal(70), "未做成品保护", Decimal("12000.00")),
                compensations.Bears(None, Decimal(30), "交底未写明入户门保护"),
            ),
        ),
    )
    act("2026-06-03 17:00", compensations.ask_leader, lambda _w, _at: compensations.AskLeader(Decimal("4000.00")))
    act(
        "2026-06-04 15:00", compensations.approve,
        lambda writing, at: Word(stage.get(writing, "周副总"), at, "同意，工长部分当月扣回", EVIDENCE),
    )  # fmt: skip
    act(
        "2026-06-05 11:00", compensations.pay,
        lambda writing, at: compensations.Pay("PZ-2026-06-0117", at, stage.get(writing, "吴会计")),
    )  # fmt: skip
    act(
        "2026-06-08 10:00",
        compensations.close,
        lambda _writing, _at: compensations.Close(
            signed_by="陈思远", signed_on=date(2026, 6, 8), root_cause="进场时没有成品保护，搬运路线没有交底",
            improvement="开工前逐户检查入户门、电梯、楼道保护，拍照存档", has_agreement=True,
        ),
    )  # fmt: skip

    def recovered(writing: Session, at: datetime) -> None:
        query = select(PenaltyEntry).where(PenaltyEntry.rule == "K-07", PenaltyEntry.state == State.SENT)
        for entry in writing.scalars(query.order_by(PenaltyEntry.id)).all():
            is_wage = entry.record_kind == "escalations"
            said = "六月工资扣回 2,400.00，余 400.00 结转七月" if is_wage else "收回提成并从结算中扣除"
            command = penalty_steps.ExecutePenalty(at, said)
            penalty_steps.execute(writing, entry, command, actor=stage.get(writing, "specialist"), at=at)

    stage.at("2026-06-25 16:00", recovered)


def _ends(stage: Stage, end: End) -> None:
    """One cancellation from the application to the close, the day after it was voided."""
    house, key = end.house, f"{end.house.key}.cancellation"
    applied, opinion, drafted, signed, verified, approved, told, voided = end.days

    def act(moment: str, service: Callable[..., Any], command: Callable[..., Any], who: str = "specialist") -> None:
        def step(writing: Session, at: datetime) -> None:
            service(writing, stage.get(writing, key), command(writing, at), actor=stage.get(writing, who), at=at)

        stage.at(moment, step)

    def applies(writing: Session, at: datetime) -> None:
        contract, actor = stage.get(writing, f"{house.key}.contract"), stage.get(writing, house.owner)
        command = cancellations.Apply(at, house.name, end.reason_kind, end.reason)
        stage.keep(key, cancellations.apply(writing, contract, command, actor=actor, at=at))

    def finance_has_them(writing: Session, at: datetime) -> None:
        case = stage.get(writing, key)
        for notice in writing.scalars(select(LossNotice).where(LossNotice.cancellation_id == case.id)).all():
            command = loss_notices.Receive(stage.get(writing, "吴会计"), at)
            loss_notices.receive(writing, notice, command, actor=stage.get(writing, "specialist"), at=at)

    stage.at(applied, applies)
    act(
        opinion, cancellations.give_opinion,
        lambda writing, at: cancellations.Opinion(end.opinion, stage.get(writing, "高原"), at),
    )  # fmt: skip
    act(drafted, cancellations.draft, lambda writing, _at: _liability(stage, end, writing))
    act(signed, cancellations.sign, lambda _writing, _at: cancellations.Sign(), "manager")
    act(verified, cancellations.verify, lambda writing, at: _verified(stage, writing, key, at))
    act(
        approved, cancellations.approve,
        lambda writing, at: Word(stage.get(writing, "方总"), at, "同意按责任处理", EVIDENCE), "manager",
    )  # fmt: skip
    act(told, cancellations.notify, lambda _w, at: cancellations.Notify(tuple((each.value, at) for each in TOLD)))
    act(
        voided, cancellations.void,
        lambda writing, at: cancellations.Void(at.date(), stage.get(writing, key).contract.output_value),
    )  # fmt: skip
    after = local(voided) + timedelta(hours=5)
    stage.at(after, finance_has_them)
    act(f"{local(voided) + timedelta(days=1):%Y-%m-%d %H:%M}", cancellations.close, lambda _writing, _at: None)


def _waits_today(stage: Stage, today: datetime) -> None:
    """What the manager finds: a cancellation with the general manager, and who stands in for the deputy this week."""
    moments = [on_duty(today - timedelta(hours=hours), today) for hours in (74, 50, 30, 27, 4)]
    house = Household(
        "骆嘉宁", "骆嘉宁", "13900010009", "翠湖天地", "7", "1", "1204", "112", "142000.00",
        f"{today - timedelta(days=12):%Y-%m-%d}", "MS",
    )  # fmt: skip
    end = End(
        house, "PRICE", "家中突然用钱，无力继续", "报价经客户确认，与设计无关", "客户自身原因，已核实",
        (("CUSTOMER", "80", None), ("OTHER", "20", None)), ("",) * 8,
    )  # fmt: skip
    signs(stage, house)
    archives(stage, house, f"{house.signed} 17:00")
    key = "骆嘉宁.cancellation"

    def applies(writing: Session, at: datetime) -> None:
        contract, actor = stage.get(writing, "骆嘉宁.contract"), stage.get(writing, "specialist")
        command = cancellations.Apply(at, house.name, end.reason_kind, end.reason)
        stage.keep(key, cancellations.apply(writing, contract, command, actor=actor, at=at))

    def step(service: Callable[..., Any], command: Callable[..., Any], who: str = "specialist") -> Any:
        def act(writing: Session, at: datetime) -> None:
            service(writing, stage.get(writing, key), command(writing, at), actor=stage.get(writing, who), at=at)

        return act

    def stands_in(writing: Session, at: datetime) -> None:
        command = absences.Enter(
            stage.get(writing, "周副总"), stage.get(writing, "石磊"), at.date(), at.date() + timedelta(days=6), "出差"
        )
        absences.enter(writing, command, actor=stage.get(writing, "manager"), at=at)

    stage.at(moments[0], applies)
    stage.at(
        moments[1],
        step(
            cancellations.give_opinion,
            lambda writing, at: cancellations.Opinion(end.opinion, stage.get(writing, "高原"), at),
        ),
    )
    stage.at(moments[2], step(cancellations.draft, lambda writing, _at: _liability(stage, end, writing)))
    stage.at(moments[3], step(cancellations.sign, lambda _writing, _at: cancellations.Sign(), "manager"))
    stage.at(moments[4], step(cancellations.verify, lambda writing, at: _verified(stage, writing, key, at)))
    stage.at(moments[4], stands_in)


def _liability(stage: Stage, end: End, writing: Session) -> cancellations.Draft:
    shares = tuple(
        cancellations.Liable(who, Decimal(percent), stage.get(writing, name) if name else None)
        for who, percent, name in end.liable
    )
    documented = Decimal(end.documented)
    return cancellations.Draft(end.why, shares, facts_checked=True, documented_loss=documented)


def _verified(stage: Stage, writing: Session, key: str, at: datetime) -> cancellations.Verify:
    case = stage.get(writing, key)
    paid = contracts.paid(writing, case.contract_id)
    nothing = cancellations.NOTHING
    return cancellations.Verify(stage.get(writing, "吴会计"), at, "款项与收据核对一致", paid, nothing, nothing)
