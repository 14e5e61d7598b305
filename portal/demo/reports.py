"""Reports of the demo: those of 8.2 no. 12 with their exact days, and those of the last days. Source: `domain.md` 8.2."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.demo.stage import Stage
from portal.models.report import ReportRun
from portal.processes.report import State, Way
from portal.reports import due
from portal.reports.catalogue import REPORTS
from portal.services import calendars, reports

STORY = (
    # code, its due day, drawn up, signed, delivered
    ("RP-01", "2026-05-12", "2026-05-11 08:00", "2026-05-12 15:00", "2026-05-12 16:00"),
    ("RP-02", "2026-05-13", "2026-05-13 08:00", "2026-05-13 15:30", "2026-05-13 17:00"),
    ("RP-03", "2026-05-16", "2026-05-16 08:00", "2026-05-16 10:00", "2026-05-16 11:20"),
    ("RP-04", "2026-05-25", "2026-05-25 08:00", "2026-05-25 14:00", "2026-05-25 16:30"),
    ("RP-05", "2026-05-27", "2026-05-27 08:00", "2026-05-27 15:00", "2026-05-27 17:10"),
)
WORDS = {
    "analysis": "本期投诉集中在现场文明施工，均已按时转办；回访中反映的插座位置问题已整改并复访满意。",
    "measures": "工程部每日收工前拍照自检，客服专员每周抽查两处工地。",
}
AGO = timedelta(days=8)


def plan(stage: Stage) -> None:
    """The reports of May: drawn up, signed and delivered in time."""
    for code, day, made, signed, sent in STORY:
        stage.at(made, _made(code, date.fromisoformat(day)))
        stage.at(signed, _signed(stage, code))
        stage.at(sent, _sent(stage, code))


def enter(stage: Stage, today: datetime) -> None:
    """What the calendar made in the last days: drawn up, and signed where its time is over."""

    def act(writing: Session, at: datetime) -> None:
        found = reports.calendar_of(writing, clock.today(at) - AGO, clock.today(at))
        for report, each in sorted(found, key=lambda pair: (pair[1].made_on, pair[0].code)):
            made = clock.at_local(each.made_on, 8)
            if made > at:
                continue
            run = reports.make(writing, report, each, at=made)
            reports.draw_up(writing, run, at=made)
            if run.due_at is not None and run.due_at <= at:
                signed, manager = run.due_at - timedelta(hours=3), stage.get(writing, "manager")
                reports.sign(writing, run, _words(), actor=manager, at=signed)
                _hand_out(writing, run, stage, run.due_at - timedelta(hours=1))

    stage.now(act, today)


def _made(code: str, day: date) -> Any:
    def act(writing: Session, at: datetime) -> None:
        report = REPORTS[code]
        found = due.made_between(reports.rule_of(writing, report), day - 5 * due.DAY, day, calendars.current(writing))
        each = next(each for each in found if each.due_on == day)
        reports.draw_up(writing, reports.make(writing, report, each, at=at), at=at)

    return act


def _signed(stage: Stage, code: str) -> Any:
    def act(writing: Session, at: datetime) -> None:
        for run in _standing(writing, code, State.DRAFT):
            reports.sign(writing, run, _words(), actor=stage.get(writing, "manager"), at=at)

    return act


def _sent(stage: Stage, code: str) -> Any:
    def act(writing: Session, at: datetime) -> None:
        for run in _standing(writing, code, State.SIGNED):
            _hand_out(writing, run, stage, at)

    return act


def _words() -> reports.WriteWords:
    return reports.WriteWords(WORDS["analysis"], WORDS["measures"])


def _hand_out(writing: Session, run: ReportRun, stage: Stage, at: datetime) -> None:
    for each in list(run.deliveries):
        command = reports.Deliver(each.id, Way.PAPER, "前台代收")
        reports.deliver(writing, run, command, actor=stage.get(writing, "specialist"), at=at)


def _standing(writing: Session, code: str, state: State) -> list[ReportRun]:
    found = select(ReportRun).where(ReportRun.code == code, ReportRun.state == state, ReportRun.due_at.is_not(None))
    return list(writing.scalars(found))
