"""Penalties of the demo: the fine for the cigarette ends of TS-2026-0001, and deciding what rules proposed. Source: `domain.md` 8.1."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.demo.stage import Stage
from portal.models.penalty import PenaltyEntry
from portal.models.reward import RewardEntry
from portal.processes.penalty import Executor, State
from portal.processes.reward import Kind as Praise
from portal.services import penalty_ledger, penalty_proposing, penalty_steps, rewards

PRAISED = "完工回访时客户说：返工及时，收口细致，现场天天打扫"
CIGARETTES = "阳台和客厅地面有烟头，灰尘未清，客户到场查看属实"


def plan(stage: Stage) -> None:
    """R-01, R-03, R-04 and R-14 are decided soon after; K-11 is proposed when the customer signed F-06, and carried out."""
    decides(stage, "2026-03-25 09:30", "K-01", by="高原", why="按审核记录，情况属实")
    decides(stage, "2026-03-27 09:00", "K-02", by="高原", why="复审记录清楚，按制度执行")
    decides(stage, "2026-05-13 17:00", "K-11", by="石磊", why="F-06 已由客户签字，按标准罚款")
    decides(stage, "2026-05-18 10:00", "K-03", by="郑红", why="审核未合格即签约，事实清楚")
    decides(stage, "2026-05-18 10:20", "K-04", by="郑红", why="本店违规签约，负管理责任")
    decides(stage, "2026-07-13 10:00", "K-05", by="石磊", why="三次预验收记录清楚，工程部已另派工长")
    decides(stage, "2026-07-13 10:20", "K-06", by="石磊", why="三次预验收记录清楚，按制度执行")
    carried_out(stage, "2026-04-08 10:00", "2026-04-24 16:00", "K-01", Executor.HR, "警告单已存人事档案")
    carried_out(stage, "2026-04-08 10:10", "2026-04-25 10:00", "K-02", Executor.HR, "四月提成中扣除")
    carried_out(stage, "2026-05-18 09:30", "2026-05-25 15:00", "K-11", Executor.FINANCE, "施工队结算时扣除")

    def fine(writing: Session, at: datetime) -> None:
        command = penalty_proposing.ProposePenalty(
            rule="K-11",
            person=stage.get(writing, "刘大勇队"),
            offended_on=date(2026, 5, 11),
            what=CIGARETTES,
            is_ticket=True,
        )
        actor = stage.get(writing, "specialist")
        penalty_proposing.propose_by_hand(writing, stage.get(writing, "TS1"), command, actor=actor, at=at)

    def closes(month: date) -> Any:
        def act(writing: Session, at: datetime) -> None:
            penalty_ledger.close(writing, month, actor=stage.get(writing, "manager"), at=at)

        return act

    def praise(writing: Session, at: datetime) -> None:
        actor, record = stage.get(writing, "specialist"), stage.get(writing, "张建军.project")
        for kind, amount in ((Praise.PRAISE, None), (Praise.BONUS, Decimal("200.00"))):
            command = rewards.ProposeReward(stage.get(writing, "刘大勇队"), "CUSTOMER_PRAISE", PRAISED, kind, amount)
            rewards.propose_by_hand(writing, record, command, actor=actor, at=at)

    def rewarded(writing: Session, at: datetime) -> None:
        for entry in writing.scalars(select(RewardEntry).order_by(RewardEntry.id)).all():
            command = rewards.ApproveReward(entry.kind, entry.amount, stage.get(writing, "石磊"), at, "客户评价属实")
            rewards.approve(writing, entry, command, actor=stage.get(writing, "manager"), at=at)

    stage.at("2026-05-13 14:30", fine)
    stage.at("2026-07-08 11:00", praise)
    stage.at("2026-07-09 10:00", rewarded)
    stage.at("2026-04-01 09:00", closes(date(2026, 3, 1)))
    stage.at("2026-06-01 09:00", closes(date(2026, 5, 1)))


def decides(stage: Stage, moment: str, rule: str, *, by: str, why: str, amount: Decimal | None = None) -> None:
    """The manager approves what is proposed by a rule then; the head of the other department has confirmed it."""

    def act(writing: Session, at: datetime) -> None:
        for entry in _standing(writing, rule, State.PROPOSED):
            command = penalty_steps.ApprovePenalty(
                kind=entry.kind,
                amount=amount or entry.amount,
                suspended_from=entry.suspended_from,
                suspended_until=entry.suspended_until,
                confirmed_by=stage.get(writing, by),
                confirmed_at=at,
                decision=why,
            )
            penalty_steps.approve(writing, entry, command, actor=stage.get(writing, "manager"), at=at)

    stage.at(moment, act)


def carried_out(stage: Stage, sent: str, done: str, rule: str, executor: Executor, note: str) -> None:
    """The specialist sends what is approved by a rule to its department, which carries it out."""

    def send(writing: Session, at: datetime) -> None:
        for entry in _standing(writing, rule, State.APPROVED):
            command = penalty_steps.SendPenalty(executor, at)
            penalty_steps.send(writing, entry, command, actor=stage.get(writing, "specialist"), at=at)

    def execute(writing: Session, at: datetime) -> None:
        for entry in _standing(writing, rule, State.SENT):
            command = penalty_steps.ExecutePenalty(at, note)
            penalty_steps.execute(writing, entry, command, actor=stage.get(writing, "specialist"), at=at)

    stage.at(sent, send)
    stage.at(done, execute)


def _standing(writing: Session, rule: str, state: State) -> list[PenaltyEntry]:
    query = select(PenaltyEntry).where(PenaltyEntry.rule == rule, PenaltyEntry.state == state)
    return list(writing.scalars(query.order_by(PenaltyEntry.id)))
