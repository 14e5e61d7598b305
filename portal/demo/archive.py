"""The demo's loans of files: those of the worked example (8.2 no. 9), and who reads or has not brought back a file now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal.demo.cases import Household
from portal.demo.hours import closing_time, on_duty
from portal.demo.stage import Stage, local
from portal.models.archive import ArchiveLoan
from portal.services import archive_loans
from portal.services.approvals import Word
from portal.services.archive_loans import Ask, HandOut, TakeIn

PLACE = "客服部档案室"
HOUR = timedelta(hours=1)


def plan(stage: Stage, zhang: Household, houses: Sequence[Household], today: datetime) -> None:
    """Put the loans on the stage."""
    engineering = Ask("核对隐蔽工程验收记录与水电图", "READ_ON_SITE", PLACE, "高建国", "ENGINEERING")
    _asks(stage, "JY1", zhang, local("2026-05-12 09:10"), engineering)
    _decides(stage, "JY1", local("2026-05-12 09:40"), "同意，限现场查阅")
    _goes_out(stage, "JY1", local("2026-05-12 10:00"), 46)
    _comes_back(stage, "JY1", local("2026-05-12 15:30"), 46)
    marketing = Ask("制作案例画册，需要客户合同页", "COPY", PLACE, "方晓", "MARKETING")
    _asks(stage, "JY2", zhang, local("2026-05-13 10:00"), marketing)
    _decides(stage, "JY2", local("2026-05-13 10:30"), "含客户隐私，不予复印", refused=True)

    def ago(days: float) -> datetime:
        return on_duty(today - timedelta(days=days), today)

    def decided(asked: datetime) -> datetime:
        return min(asked + HOUR, closing_time(asked))

    design = Ask("深化设计核对原始量房尺寸", "BORROW", "设计部", "许诺", "DESIGN")
    _asks(stage, "JY3", houses[4], ago(8), design)
    _decides(stage, "JY3", decided(ago(8)), "同意，三个工作日内归还")
    _goes_out(stage, "JY3", ago(7), 62)
    _asks(stage, "JY4", houses[6], ago(0.2), Ask("复核变更单与报价差异", "READ_ON_SITE", PLACE), who="reviewer")
    _asks(stage, "JY5", houses[8], ago(1), Ask("核对材料签收单", "READ_ON_SITE", PLACE, "采购孙工", "PURCHASING"))
    _decides(stage, "JY5", decided(ago(1)), "同意")


def _asks(stage: Stage, key: str, house: Household, moment: datetime, command: Ask, who: str = "specialist") -> None:
    def act(writing: Session, at: datetime) -> None:
        project = stage.get(writing, f"{house.key}.project")
        stage.keep(key, archive_loans.ask(writing, project, command, actor=stage.get(writing, who), at=at))

    stage.at(moment, act)


def _step(
    stage: Stage, key: str, moment: datetime, who: str, take: Callable[..., None], command: Callable[[datetime], object]
) -> None:
    def act(writing: Session, at: datetime) -> None:
        loan: ArchiveLoan = stage.get(writing, key)
        take(writing, loan, command(at), actor=stage.get(writing, who), at=at)

    stage.at(moment, act)


def _decides(stage: Stage, key: str, moment: datetime, said: str, *, refused: bool = False) -> None:
    take = archive_loans.refuse if refused else archive_loans.approve
    _step(stage, key, moment, "manager", take, lambda _at: Word(reason=said))


def _goes_out(stage: Stage, key: str, moment: datetime, pages: int) -> None:
    _step(stage, key, moment, "specialist", archive_loans.hand_out, lambda at: HandOut(at, pages))


def _comes_back(stage: Stage, key: str, moment: datetime, pages: int) -> None:
    _step(stage, key, moment, "specialist", archive_loans.take_in, lambda at: TakeIn(at, pages, "INTACT"))
