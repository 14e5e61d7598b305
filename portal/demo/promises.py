"""The demo's promises to customers of the last two weeks: most were kept, some broken, one of them done too late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.demo.cases import Household
from portal.demo.hours import closing_time, next_on_duty, on_duty
from portal.demo.stage import Stage
from portal.models.task import Task
from portal.services import own_tasks, promises

KEPT, LATE, BROKEN = "kept", "late", "broken"
PROMISED = (
    # household, who keeps it, what, days ago, hours until it is due, what became of it
    (2, "specialist", "把水电改造报价明细发给您", 13, 24, KEPT),
    (5, "specialist", "周四前告诉您瓷砖到货日期", 11, 48, KEPT),
    (7, "captain", "带同色美缝剂上门补缝", 9, 30, KEPT),
    (9, "specialist", "请项目经理当天给您回电", 8, 6, LATE),
    (3, "front_desk", "把保养手册寄给您", 6, 48, KEPT),
    (12, "captain", "周末前换好卫生间地漏", 5, 52, BROKEN),
    (6, "specialist", "把竣工验收的时间定下来告诉您", 3, 28, KEPT),
    (10, "front_desk", "帮您查开发商交房通知", 2, 20, BROKEN),
)


def plan(stage: Stage, houses: Sequence[Household], today: datetime) -> None:
    """All of them, in office hours."""
    for number, (house, who, text, ago, hours, ending) in enumerate(PROMISED):
        made = on_duty(today - timedelta(days=ago), today)
        due = next_on_duty(made + timedelta(hours=hours))
        _given(stage, f"promise-{number}", f"{houses[house].key}.customer", who, text, made, due)
        if ending == KEPT:
            _done(stage, f"promise-{number}", who, min(made + timedelta(hours=2), closing_time(made)))
        elif ending == LATE:
            _done(stage, f"promise-{number}", who, next_on_duty(due + timedelta(hours=20)))


def _given(stage: Stage, key: str, customer: str, who: str, text: str, made: datetime, due: datetime) -> None:
    def act(writing: Session, at: datetime) -> None:
        by, owner = stage.get(writing, "specialist"), stage.get(writing, who)
        stage.keep(key, promises.promise(writing, stage.get(writing, customer), text, due, owner, by, at=at))

    stage.at(made, act)


def _done(stage: Stage, key: str, who: str, moment: datetime) -> None:
    def act(writing: Session, at: datetime) -> None:
        task: Task = stage.get(writing, key)
        own_tasks.finish(writing, task, "已办好，告知客户", actor=stage.get(writing, who), at=at)

    stage.at(moment, act)
