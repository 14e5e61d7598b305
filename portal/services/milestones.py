"""P06: stages that are accepted, weekly words of the project manager, visits, open days, hazards. Source: `domain.md` 3.7, 4.6.

Engineering does it; customer service writes it down. Money and days that move are in `change_orders.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import clock, formatting
from portal.errors import Invalid, Stale
from portal.i18n import N_, Text
from portal.models.event import EventKind
from portal.models.milestone import (
    ContactChannel,
    OpenDay,
    SafetyNotice,
    StageAcceptance,
    StageKind,
    StageResult,
    SupervisorVisit,
    SupervisorVisitKind,
    WeeklyReportToCustomer,
)
from portal.models.org import Party, User
from portal.models.project import Project, ProjectStage
from portal.models.task import TaskKind
from portal.permissions import Role
from portal.processes import safety_notice as rules
from portal.processes.project import PROCESS
from portal.processes.safety_notice import BUILDING, Action
from portal.services import calendars, call_plan, events, numbering, steps, tasks
from portal.services.fields import Field, apply, cleaned, link, stamp, term

FIELDS: dict[str, Field] = {
    "project_id": link(N_("Project"), Project),
    "stage": term(N_("Stage of the works"), StageKind),
    "held_on": Field(N_("Accepted on")),
    "place": Field(N_("Part of the home")),
    "items": Field(N_("What was looked at and found")),
    "result": term(N_("Result", "stage"), StageResult),
    "customer_told_at": Field(N_("Customer told at")),
    "supervisor_told_at": Field(N_("Supervisor told at")),
    "covering_on": Field(N_("Covered on")),
    "customer_signed_by": Field(N_("Signed by the customer")),
    "supervisor_signed_by": Field(N_("Signed by the supervisor")),
    "pm_signed_by": Field(N_("Signed by the project manager")),
    "foreman_signed_by": Field(N_("Signed by the foreman")),
    "remarks": Field(N_("Remarks")),
}
WEEK_FIELDS: dict[str, Field] = {
    "project_id": link(N_("Project"), Project),
    "told_at": Field(N_("Told at", "works")),
    "by_id": link(N_("Project manager"), Party),
    "channel": term(N_("Channel"), ContactChannel),
    "progress": Field(N_("Progress")),
    "quality": Field(N_("Quality")),
    "safety": Field(N_("Safety")),
    "next_week": Field(N_("Next week")),
    "customer_words": Field(N_("What the customer said")),
}
VISIT_FIELDS: dict[str, Field] = {
    "project_id": link(N_("Project"), Project),
    "kind": term(N_("Counts as"), SupervisorVisitKind),
    "held_on": Field(N_("On", "day")),
    "by_id": link(N_("Supervisor"), Party),
    "what": Field(N_("What was found or said")),
}
OPEN_DAY_FIELDS: dict[str, Field] = {
    "held_on": Field(N_("On", "day")),
    "invited": Field(N_("Customers invited")),
    "attended": Field(N_("Who came, and what they said")),
}
H = rules.PROCESS.field_labels
HAZARD_FIELDS: dict[str, Field] = {
    "project_id": link(N_("Project"), Project),
    "found_on": Field(H["found_on"]),
    "hazard": Field(H["hazard"]),
    "responsible_id": link(H["responsible"], Party),
    "limit_on": Field(H["limit_on"]),
    "rechecked_on": Field(H["rechecked_on"]),
    "recheck": Field(H["recheck"]),
    "remarks": Field(N_("Remarks")),
}
LOOK_AGAIN = N_("Look at the failed stage again")
RECHECK = N_("Recheck the hazard")
WEEKLY = next(deadline for deadline in PROCESS.deadlines if deadline.code == "DL-07")
BEFORE_COVERING = (
    ("customer_told_at", N_("Concealed works: when was the customer told before they are covered?")),
    ("supervisor_told_at", N_("Concealed works: when was the supervisor told before they are covered?")),
    ("customer_signed_by", N_("Concealed works: the customer signs before they are covered.")),
    ("supervisor_signed_by", N_("Concealed works: the supervisor signs before they are covered.")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptStage:
    """A stage was looked at. A name under `*_signed_by` is a signature on the paper."""

    stage: str
    held_on: date
    place: str
    items: str
    result: str
    customer_told_at: datetime | None = None
    supervisor_told_at: datetime | None = None
    covering_on: date | None = None
    customer_signed_by: str | None = None
    supervisor_signed_by: str | None = None
    pm_signed_by: str | None = None
    foreman_signed_by: str | None = None
    remarks: str | None = None


@dataclass(frozen=True, slots=True)
class ReportWeek:
    """What the project manager told the customer, and what the customer said."""

    told_at: datetime
    channel: str
    progress: str
    quality: str | None = None
    safety: str | None = None
    next_week: str | None = None
    customer_words: str | None = None


@dataclass(frozen=True, slots=True)
class NoteHazard:
    """A hazard, who removes it, until which day."""

    found_on: date
    hazard: str
    responsible: Party
    limit_on: date


@dataclass(frozen=True, slots=True)
class Remove:
    """Somebody looked again: the hazard is gone."""

    rechecked_on: date
    recheck: str


@dataclass(frozen=True, slots=True)
class Extend:
    """Somebody looked again: the hazard is still there; `limit_on` is the new day."""

    rechecked_on: date
    recheck: str
    limit_on: date


# ---------- Stages ----------


def accept_stage(
    session: Session, project: Project, command: AcceptStage, *, actor: User, at: datetime
) -> StageAcceptance:
    """Record that a stage was looked at. Passed, it opens the call of the stage; failed, it is looked at again.

    Raises Invalid by field: a day still to come or before the start; concealed works without word and signature of
    customer and supervisor before they are covered; nobody works on the site.
    """
    _refuse_idle(project)
    _check_stage(project, command, at)
    values = {name: cleaned(getattr(command, name)) for name in command.__dataclass_fields__}
    record = StageAcceptance(
        number=numbering.next_number(session, StageAcceptance.PREFIX, at),
        branch_id=project.branch_id,
        project=project,
        customer=project.customer,
        **values,
    )
    _register(session, record, actor, at)
    if record.result == StageResult.FAIL:
        due = clock.at_local(clock.today(at)) + timedelta(days=1, minutes=calendars.current(session).day_end or 0)
        _ask(session, record, LOOK_AGAIN, due, project, at)
    else:
        _close_older(session, record, actor, at)
        call_plan.reached(session, project, record.stage, on=record.held_on, event=record, at=at)
    return record


def stages_of(session: Session, project: Project) -> list[StageAcceptance]:
    """The stages that were looked at, in the order of the days."""
    query = select(StageAcceptance).where(StageAcceptance.project_id == project.id)
    return list(session.scalars(query.order_by(StageAcceptance.held_on, StageAcceptance.id)))


def passed_on(session: Session, project: Project) -> dict[StageKind, date]:
    """The day on which each stage passed, the first one where there were several."""
    found: dict[StageKind, date] = {}
    for one in stages_of(session, project):
        if one.result == StageResult.PASS:
            found.setdefault(StageKind(one.stage), one.held_on)
    return found


def _check_stage(project: Project, command: AcceptStage, at: datetime) -> None:
    problems: dict[str, Text | str] = {}
    if command.held_on > clock.today(at):
        problems["held_on"] = N_("This day is still to come.")
    elif project.actual_start_on and command.held_on < project.actual_start_on:
        problems["held_on"] = N_("Works began on %(day)s only.") % {
            "day": formatting.full_date(project.actual_start_on)
        }
    for name in ("customer_told_at", "supervisor_told_at"):
        told = getattr(command, name)
        if told is not None and told > at + steps.CLOCK_SLACK:
            problems[name] = N_("This moment lies in the future.")
    if command.stage == StageKind.CONCEALED and command.result == StageResult.PASS:
        for name, sentence in BEFORE_COVERING:
            if not cleaned(getattr(command, name)):
                problems[name] = sentence
        covered = command.covering_on or command.held_on
        for name in ("customer_told_at", "supervisor_told_at"):
            told = getattr(command, name)
            if told is not None and clock.today(told) > covered:
                problems.setdefault(name, N_("That was after the works were covered."))
        if command.covering_on is not None and command.covering_on < command.held_on:
            problems["covering_on"] = N_("The works are covered only after they were accepted.")
    if problems:
        raise Invalid(problems)


def _close_older(session: Session, record: StageAcceptance, actor: User, at: datetime) -> None:
    """The stage passed: nobody need look at the failed ones of it again."""
    failed = select(StageAcceptance).where(
        StageAcceptance.project_id == record.project_id,
        StageAcceptance.stage == record.stage,
        StageAcceptance.result == StageResult.FAIL,
    )
    for older in session.scalars(failed):
        for task in tasks.open_of(session, older):
            tasks.close(session, task, happened_at=at, at=at, actor=actor)


# ---------- Words to the customer ----------


def report_week(
    session: Session, project: Project, command: ReportWeek, *, actor: User, at: datetime
) -> WeeklyReportToCustomer:
    """Record a weekly word to the customer; DL-07 is met by it and counts anew from it while works run. Raises Invalid."""
    _refuse_idle(project)
    if command.told_at > at + steps.CLOCK_SLACK:
        raise Invalid({"told_at": N_("This moment lies in the future.")})
    last = last_report_at(session, project)
    report = WeeklyReportToCustomer(
        number=numbering.next_number(session, WeeklyReportToCustomer.PREFIX, at),
        branch_id=project.branch_id,
        project=project,
        customer=project.customer,
        by_id=project.project_manager_id,
        **{name: cleaned(getattr(command, name)) for name in command.__dataclass_fields__},
    )
    _register(session, report, actor, at)
    if last is None or command.told_at > last:
        for task in tasks.open_of(session, project, WEEKLY.code):
            tasks.close(session, task, happened_at=command.told_at, at=at, actor=actor)
        if project.stage == ProjectStage.IN_PROGRESS:
            who = steps.record_responsible(project, WEEKLY)
            tasks.open_deadline(session, WEEKLY, project, start=command.told_at, at=at, who=who)
    return report


def reports_of(session: Session, project: Project) -> list[WeeklyReportToCustomer]:
    """The weekly words, the last one first."""
    query = select(WeeklyReportToCustomer).where(WeeklyReportToCustomer.project_id == project.id)
    return list(session.scalars(query.order_by(WeeklyReportToCustomer.told_at.desc())))


def last_report_at(session: Session, project: Project) -> datetime | None:
    """When the project manager last spoke to the customer, as far as it was recorded."""
    query = select(func.max(WeeklyReportToCustomer.told_at)).where(WeeklyReportToCustomer.project_id == project.id)
    return session.scalar(query)


def record_visit(
    session: Session, project: Project, *, kind: str, held_on: date, what: str, actor: User, at: datetime
) -> SupervisorVisit:
    """Count a contact or an obligatory visit of the supervisor (Q23: counters, no fine). Raises Invalid."""
    _refuse_idle(project)
    if held_on > clock.today(at):
        raise Invalid({"held_on": N_("This day is still to come.")})
    visit = SupervisorVisit(
        number=numbering.next_number(session, SupervisorVisit.PREFIX, at),
        branch_id=project.branch_id,
        project=project,
        customer=project.customer,
        kind=kind,
        held_on=held_on,
        by_id=project.supervisor_id,
        what=what.strip(),
    )
    _register(session, visit, actor, at)
    return visit


def visits_of(session: Session, project: Project) -> list[SupervisorVisit]:
    """Contacts and visits of the supervisor, the last one first."""
    query = select(SupervisorVisit).where(SupervisorVisit.project_id == project.id)
    return list(session.scalars(query.order_by(SupervisorVisit.held_on.desc(), SupervisorVisit.id.desc())))


def counted(visits: Sequence[SupervisorVisit]) -> dict[SupervisorVisitKind, int]:
    """How many contacts and how many visits; a visit is a contact too."""
    seen = sum(1 for one in visits if one.kind == SupervisorVisitKind.VISIT)
    return {SupervisorVisitKind.CONTACT: len(visits), SupervisorVisitKind.VISIT: seen}


def hold_open_day(
    session: Session,
    sites: Sequence[Project],
    *,
    held_on: date,
    invited: str,
    attended: str | None,
    actor: User,
    at: datetime,
) -> OpenDay:
    """Record an open day with the sites that are shown; it may lie ahead. Raises Invalid: nobody may visit a site."""
    if closed := [site.number for site in sites if not site.visit_allowed]:
        names = "、".join(closed)
        raise Invalid({"held_on": N_("The customer did not allow visits to this site: %(names)s") % {"names": names}})
    day = OpenDay(
        number=numbering.next_number(session, OpenDay.PREFIX, at),
        branch_id=sites[0].branch_id,
        held_on=held_on,
        invited=invited.strip(),
        attended=cleaned(attended),
        sites=list(sites),
    )
    _register(session, day, actor, at)
    for site in sites:
        changes = {"open_day": [None, formatting.full_date(held_on)]}
        events.record(session, EventKind.CHANGE, at=at, actor=actor, record=site, changes=changes)
    return day


def note_attendance(
    session: Session, day: OpenDay, *, invited: str, attended: str | None, version: int, actor: User, at: datetime
) -> None:
    """Who was invited, and after the day who came and what they said. Raises Stale."""
    if day.version != version:
        raise Stale()
    values = {"invited": invited.strip(), "attended": cleaned(attended)}
    apply(session, day, values, OPEN_DAY_FIELDS, actor=actor, at=at)


def open_days_of(session: Session, project: Project) -> list[OpenDay]:
    """The open days on which this site is shown, the last one first."""
    query = select(OpenDay).where(OpenDay.sites.any(Project.id == project.id))
    return list(session.scalars(query.order_by(OpenDay.held_on.desc())))


# ---------- Hazards ----------


def note_hazard(session: Session, project: Project, command: NoteHazard, *, actor: User, at: datetime) -> SafetyNotice:
    """Write a safety notice; it is rechecked on the day of its limit. Raises Invalid."""
    problems: dict[str, Text | str] = {}
    if command.found_on > clock.today(at):
        problems["found_on"] = N_("This day is still to come.")
    if command.limit_on < command.found_on:
        problems["limit_on"] = N_("The limit cannot lie before the day it was found.")
    if problems:
        raise Invalid(problems)
    notice = SafetyNotice(
        branch_id=project.branch_id,
        project=project,
        customer=project.customer,
        found_on=command.found_on,
        hazard=command.hazard.strip(),
        responsible=command.responsible,
        limit_on=command.limit_on,
    )
    steps.check_possible(notice, Action.NOTE)
    notice.number = numbering.next_number(session, SafetyNotice.PREFIX, at)
    steps.begin(session, notice, Action.NOTE, actor=actor, at=at, entered=steps.said_of(steps.entered_of(command)))
    _ask(session, notice, RECHECK, _evening(session, command.limit_on), project, at)
    return notice


def remove(session: Session, notice: SafetyNotice, command: Remove, *, actor: User, at: datetime) -> None:
    """A recheck found the hazard gone. Raises Invalid."""
    _recheck(session, notice, Action.REMOVE, command, actor, at)


def extend(session: Session, notice: SafetyNotice, command: Extend, *, actor: User, at: datetime) -> None:
    """A recheck found the hazard still there: it gets a new limit and is rechecked again. Raises Invalid."""
    _recheck(session, notice, Action.EXTEND, command, actor, at)
    _ask(session, notice, RECHECK, _evening(session, command.limit_on), notice.project, at)
    session.flush()


def _recheck(
    session: Session, notice: SafetyNotice, action: Action, command: Remove | Extend, actor: User, at: datetime
) -> None:
    steps.check_permission(actor, notice.PROCESS.transition(notice.state, action))
    problems: dict[str, Text | str] = {}
    if not notice.found_on <= command.rechecked_on <= clock.today(at):
        problems["rechecked_on"] = N_("A recheck lies between the day it was found and today.")
    if isinstance(command, Extend) and command.limit_on < command.rechecked_on:
        problems["limit_on"] = N_("Not removed: until which day now?")
    if problems:
        raise Invalid(problems)
    entered = {name: cleaned(value) for name, value in steps.entered_of(command).items()}
    for name, value in entered.items():
        setattr(notice, name, value)
    steps.advance(session, notice, action, actor=actor, at=at, entered=entered, said=steps.said_of(entered))
    for task in tasks.open_of(session, notice):
        tasks.close(session, task, happened_at=at, at=at, actor=actor)
    session.flush()


def hazards_of(session: Session, project: Project) -> list[SafetyNotice]:
    """The safety notices of a site, the last one first."""
    query = select(SafetyNotice).where(SafetyNotice.project_id == project.id)
    return list(session.scalars(query.order_by(SafetyNotice.id.desc())))


# ---------- Parts ----------


def _refuse_idle(project: Project) -> None:
    if project.stage not in BUILDING:
        raise Invalid({"project": N_("Nobody works on this site now.")})


def _register(session: Session, record: Any, actor: User, at: datetime) -> None:
    stamp(record, actor=actor, at=at)
    session.add(record)
    session.flush()
    events.record(session, EventKind.CREATED, at=at, actor=actor, record=record)


def _evening(session: Session, day: date) -> datetime:
    return clock.at_local(day) + timedelta(minutes=calendars.current(session).day_end or 0)


def _ask(
    session: Session,
    record: StageAcceptance | SafetyNotice,
    title: Text,
    due_at: datetime,
    project: Project,
    at: datetime,
) -> None:
    owner = tasks.Responsible(project.owner, None if project.owner else Role.SPECIALIST)
    tasks.open_task(session, TaskKind.TODO, title.message, record, due_at=due_at, at=at, who=owner)
