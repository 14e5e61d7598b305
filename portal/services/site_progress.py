"""How far the works of a project are: each milestone as planned and as it was, and what is missing. Source: `domain.md` 4.6.

Days of the company's calendar. The planned ones are those of `works_forecast.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import clock, formatting, settings
from portal.i18n import N_, Text
from portal.models.milestone import (
    ChangeOrder,
    DelayNotice,
    SafetyNotice,
    StageKind,
    StageResult,
    SupervisorVisitKind,
)
from portal.models.project import Project, ProjectStage
from portal.processes import change_order, delay_notice, safety_notice
from portal.processes.follow_up import CallStage
from portal.processes.follow_up_call import State as CallState
from portal.processes.project import WORKS_OVER
from portal.services import call_plan, change_orders, milestones
from portal.services.works_forecast import Milestone, forecast, reached

STAGES = (StageKind.MATERIAL, StageKind.CONCEALED, StageKind.WATERPROOF, StageKind.MID)
"""The accepted stages that are milestones."""
AT_WORK = frozenset({ProjectStage.IN_PROGRESS, ProjectStage.SUSPENDED})


@dataclass(frozen=True, slots=True)
class Mark:
    """One milestone: planned and actual day, and by how many days it is late (negative: early; None: not to be said).

    `state`: done, late-done, failed, late (the planned day has passed), next, ahead.
    """

    milestone: Milestone
    planned_on: date | None
    actual_on: date | None
    days_late: int | None
    state: str


def strip(session: Session, project: Project, at: datetime) -> list[Mark]:
    """The milestones in order, planned against actual; empty before a start is known.

    Once the works are accepted or given up, a milestone that nobody recorded is not waited for: it is neither late nor next.
    """
    planned = forecast(session, project, on=clock.today(at))
    if not planned:
        return []
    seen = milestones.stages_of(session, project)
    actual = reached(session, project)
    failed = {one.stage for one in seen if one.result == StageResult.FAIL} - {key.value for key in actual}
    is_over = project.stage in WORKS_OVER
    today, marks, is_next = None if is_over else clock.today(at), [], not is_over
    for milestone in Milestone:
        due, done = planned.get(milestone), actual.get(milestone)
        late = _days_late(due, done, today)
        if done is not None:
            state = "late-done" if late is not None and late > 0 else "done"
        elif milestone.value in failed:
            state = "failed"
        elif late is not None and late > 0:
            state = "late"
        else:
            state = "next" if is_next else "ahead"
        is_next = is_next and done is not None
        marks.append(Mark(milestone, due, done, late, state))
    return marks


def _days_late(due: date | None, done: date | None, today: date | None) -> int | None:
    until = done or today
    if due is None or until is None or (done is None and due >= until):
        return None
    return (until - due).days


# ---------- What is missing ----------


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that is missing: a sentence, and the part of the project's page that helps. `is_late`: since before today."""

    said: Text
    is_late: bool = False


def missing(session: Session, project: Project, at: datetime) -> list[Lack]:
    """What stands open on a site at work, most urgent first."""
    if project.stage not in AT_WORK:
        return []
    today = clock.today(at)
    late = [
        Lack(
            N_("%(stage)s is not accepted yet, planned for %(day)s") % {
                "stage": mark.milestone.label, "day": formatting.day(mark.planned_on, at)}, True)
        for mark in strip(session, project, at)
        if mark.state == "late" and mark.milestone is not Milestone.START
    ]  # fmt: skip
    return [
        *_failed(session, project),
        *late,
        *_uncalled(session, project),
        *_weekly(session, project, at),
        *_counted(session, project, today),
        *_supervised(session, project),
    ]


def _uncalled(session: Session, project: Project) -> list[Lack]:
    return [
        Lack(N_("The call about “%(stage)s” was missed") % {"stage": CallStage(call.stage).label}, True)
        for call in call_plan.calls_of(session, project)
        if call.state == CallState.MISSED
    ]


def _failed(session: Session, project: Project) -> list[Lack]:
    passed = milestones.passed_on(session, project)
    return [
        Lack(N_("%(stage)s failed and was not looked at again") % {"stage": StageKind(one.stage).label}, True)
        for one in milestones.stages_of(session, project)
        if one.result == StageResult.FAIL and StageKind(one.stage) not in passed
    ][-1:]


def _weekly(session: Session, project: Project, at: datetime) -> list[Lack]:
    if project.stage != ProjectStage.IN_PROGRESS:
        return []
    last = milestones.last_report_at(session, project)
    days = settings.get(session, "weekly_report_days")
    since = last or project.works_from
    if since is None or at < since + timedelta(days=days):
        return []
    if last is None:
        return [Lack(N_("The project manager has not told the customer anything yet"), True)]
    gone = (clock.today(at) - clock.today(last)).days
    return [Lack(N_("The project manager last told the customer something %(days)s days ago") % {"days": gone}, True)]


def _counted(session: Session, project: Project, today: date) -> list[Lack]:
    delays = session.scalar(
        select(func.count()).where(
            DelayNotice.project_id == project.id, DelayNotice.state == delay_notice.State.PROPOSED
        )
    )
    unsigned = session.scalar(
        select(func.count()).where(
            ChangeOrder.project_id == project.id, ChangeOrder.state == change_order.State.PROPOSED
        )
    )
    hazards = select(SafetyNotice.limit_on).where(
        SafetyNotice.project_id == project.id, SafetyNotice.state == safety_notice.State.OPEN
    )
    limits = list(session.scalars(hazards))
    found = []
    if limits:
        said = N_("Hazards that are not removed: %(count)s") % {"count": len(limits)}
        found.append(Lack(said, min(limits) < today))
    if unsigned:
        found.append(Lack(N_("Change orders that are not signed: %(count)s") % {"count": unsigned}))
    if delays:
        found.append(Lack(N_("Delay forms that are not signed: %(count)s") % {"count": delays}))
    return found


def _supervised(session: Session, project: Project) -> list[Lack]:
    """Contacts and visits of the supervisor that are still owed; said from the mid-term on, when time runs out (Q23: no fine)."""
    if StageKind.MID not in milestones.passed_on(session, project):
        return []
    count = milestones.counted(milestones.visits_of(session, project))
    owed = (
        (SupervisorVisitKind.VISIT, "supervisor_visits", N_("Obligatory visits of the supervisor: %(count)s of %(least)s")),
        (SupervisorVisitKind.CONTACT, "supervisor_contacts", N_("Contacts of the supervisor: %(count)s of %(least)s")),
    )  # fmt: skip
    return [
        Lack(said % {"count": count[kind], "least": least})
        for kind, key, said in owed
        if count[kind] < (least := settings.get(session, key))
    ]


def mid_due(session: Session, project: Project) -> Decimal:
    """Yuan of the mid-term payment that wait for it, changes included; nothing before the mid-term is accepted."""
    if project.contract is None or StageKind.MID not in milestones.passed_on(session, project):
        return Decimal("0.00")
    return change_orders.mid_payment(session, project.contract)
