"""The planned day of each milestone of a project, from its dates and the shares in the settings. Source: `domain.md` 4.6, 5.3.

Days of the company's calendar. One forecast serves the strip of the project and the plan of its calls. What moves the works once
they run (a stop, a signed delay or change order) moves what was not reached by then; what was reached keeps its planned day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, null, select, union_all
from sqlalchemy.orm import Session

from portal import clock, settings
from portal.models.milestone import ChangeOrder, DelayNotice, StageAcceptance, StageResult
from portal.models.pre_acceptance import PreAcceptance
from portal.models.project import Project
from portal.models.works import WorkStop
from portal.processes import change_order, delay_notice
from portal.terms import Term


class Milestone(Term):
    """What the strip of a project shows, in the order of the works."""

    START = "START", "Start"
    MATERIAL = "MATERIAL", "Materials"
    CONCEALED = "CONCEALED", "Concealed works"
    WATERPROOF = "WATERPROOF", "Waterproofing"
    MID = "MID", "Mid-term"
    PRE_ACCEPTANCE = "PRE_ACCEPTANCE", "Pre-acceptance"
    ACCEPTANCE = "ACCEPTANCE", "Acceptance"


SHARES = {
    Milestone.MATERIAL: "share_material",
    Milestone.CONCEALED: "share_concealed",
    Milestone.WATERPROOF: "share_waterproof",
    Milestone.MID: "share_mid",
    Milestone.PRE_ACCEPTANCE: "share_pre_acceptance",
}


@dataclass(frozen=True, slots=True)
class Move:
    """Something that moves the works by calendar days from a day on; negative: forward."""

    on: date
    days: int
    stop: WorkStop | None = None
    """They stood still."""
    agrees_to: int | None = None
    """The customer signed for the days of this stop."""
    is_by_hand: bool = False
    """The finish was set, whatever had moved it before."""


def span(session: Session, project: Project) -> tuple[date | None, date | None]:
    """First and last day of the works as far as they are known: the actual start before the planned one."""
    start = project.actual_start_on or project.planned_start_on
    finish = project.planned_finish_on
    if finish is None and start is not None and (days := agreed_days(session, project)):
        finish = start + timedelta(days=days)
    return start, finish


def agreed_days(session: Session, project: Project) -> int | None:
    """The contract period with what the customer signed for since; None: none was agreed."""
    if not project.contract_days:
        return None
    return project.contract_days + sum(move.days for move in _signed(session, project))


def forecast(session: Session, project: Project, *, on: date | None = None) -> dict[Milestone, date]:
    """The planned day of each milestone; without a start there is none. `on`: today, so that a stop without an end counts so far."""
    start, finish = span(session, project)
    if start is None:
        return {}
    found = {Milestone.START: project.planned_start_on or start}
    if finish is None or finish <= start:
        return found
    moves = _moves(session, project, on)
    finish -= timedelta(days=sum(move.days for move in moves if move.stop is None))
    days = max((finish - start).days, 1)
    for milestone, key in SHARES.items():
        found[milestone] = start + timedelta(days=days * settings.get(session, key) // 100)
    found[Milestone.ACCEPTANCE] = finish
    if not moves:
        return found
    done = reached(session, project)
    shifts = _shifts(moves)
    return {
        milestone: day if milestone is Milestone.START else _moved(day, done.get(milestone), shifts)
        for milestone, day in found.items()
    }


def reached(session: Session, project: Project) -> dict[Milestone, date]:
    """The day on which each milestone was reached, the first where there were several."""
    found: dict[Milestone, date] = {}
    if project.actual_start_on is not None:
        found[Milestone.START] = project.actual_start_on
    passed = select(StageAcceptance.stage, func.min(StageAcceptance.held_on)).where(
        StageAcceptance.project_id == project.id,
        StageAcceptance.result == StageResult.PASS,
        StageAcceptance.stage.in_([milestone.value for milestone in SHARES]),
    )
    for stage, day in session.execute(passed.group_by(StageAcceptance.stage)):
        found[Milestone(stage)] = day
    inspected = select(func.max(PreAcceptance.passed_at)).where(PreAcceptance.project_id == project.id)
    if (moment := session.scalar(inspected)) is not None:
        found[Milestone.PRE_ACCEPTANCE] = clock.today(moment)
    if project.actual_finish_on is not None:
        found[Milestone.ACCEPTANCE] = project.actual_finish_on
    return found


# ---------- What moves the works ----------


def _signed(session: Session, project: Project) -> list[Move]:
    """Each signature that moved the finish."""
    parts = [
        select(model.signed_on, days, stop).where(model.project_id == project.id, model.state == state, days != 0)
        for model, days, stop, state in (
            (ChangeOrder, ChangeOrder.extra_days, null(), change_order.State.SIGNED),
            (DelayNotice, DelayNotice.days, DelayNotice.stop_id, delay_notice.State.SIGNED),
        )
    ]
    return [Move(on, days, agrees_to=stop) for on, days, stop in session.execute(union_all(*parts)) if on is not None]


def _moves(session: Session, project: Project, on: date | None) -> list[Move]:
    """What moved the works since they began, in order; what was signed before is in their dates."""
    start = project.actual_start_on
    if start is None:
        return []
    found = [move for move in _signed(session, project) if move.on >= start]
    found += [
        Move(each.moved_on, each.days, is_by_hand=True) for each in project.finish_moves if each.moved_on >= start
    ]
    for stop in project.stops:
        end = stop.resumed_on or max((day for day in (stop.until, on) if day is not None), default=stop.since)
        if end > stop.since:
            found.append(Move(stop.since, (end - stop.since).days, stop))
    return sorted(found, key=lambda move: (move.on, move.stop is None))


def _shifts(moves: list[Move]) -> list[Move]:
    """The moves without what they say twice.

    A delay form for a stop agrees to the days of that stop, one for another cause comes on top. A finish that was set by
    hand holds: it has in it what had stood by then, and what was known to stand still.
    """
    found, stood = [], {move.stop.id: move.days for move in moves if move.stop is not None}
    for move in moves:
        agreed = 0
        if move.is_by_hand:
            for stop in (each.stop for each in moves if each.stop is not None and each.on <= move.on):
                known = min(stood[stop.id], (max(stop.until or move.on, move.on) - stop.since).days)
                stood[stop.id] -= known
                agreed += known
        elif move.agrees_to in stood:
            agreed = min(stood[move.agrees_to], move.days)
            stood[move.agrees_to] -= agreed
        found.append(Move(move.on, move.days - agreed, move.stop))
    return found


def _moved(day: date, done: date | None, shifts: list[Move]) -> date:
    for move in shifts:
        if done is None or done > move.on:
            day = max(day + timedelta(days=move.days), min(day, move.on))
    return day
