"""Projects: one renovation under one contract. Source: `domain.md` 3.2, stages of 4.5.

The steps that people take are in `works.py`; here are those that another process brings about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.errors import Invalid, Stale
from portal.i18n import N_, Text
from portal.models.customer import CustomerKind, Property
from portal.models.event import EventKind
from portal.models.org import Branch, Crew, Party, User
from portal.models.project import Project, ProjectKind, ProjectStage
from portal.models.task import Task
from portal.models.works import FinishMove
from portal.permissions import Permission, may
from portal.processes.archive_loan import Secrecy
from portal.processes.project import Action
from portal.services import call_plan, customers, events, numbering, penalties, steps, tasks
from portal.services.fields import Field, apply, cleaned, link, stamp, term

FIELDS: dict[str, Field] = {
    "kind": term(N_("Project kind"), ProjectKind),
    "stage": term(N_("Stage"), ProjectStage),
    "branch_id": link(N_("Store"), Branch),
    "designer_id": link(N_("Designer"), Party),
    "sales_id": link(N_("Sales"), Party),
    "project_manager_id": link(N_("Project manager"), Party),
    "foreman_id": link(N_("Foreman"), Party),
    "crew_id": link(N_("Crew"), Crew),
    "supervisor_id": link(N_("Supervisor"), Party),
    "planned_start_on": Field(N_("Planned start")),
    "actual_start_on": Field(N_("Actual start")),
    "planned_finish_on": Field(N_("Planned finish")),
    "actual_finish_on": Field(N_("Actual finish")),
    "contract_days": Field(N_("Contract period (days)"), str),
    "is_model_house": Field(N_("Model house")),
    "visit_allowed": Field(N_("Site may be visited")),
    "archive_number": Field(N_("Archive number")),
    "archive_shelf": Field(N_("Shelf of the file")),
    "archive_secrecy": term(N_("Secrecy of the file"), Secrecy),
    "paper": Field(N_("Paper in the file")),
    "disclosure": Field(N_("Technical disclosure")),
    "remarks": Field(N_("Remarks")),
}

AT_WORK = (
    ProjectStage.IN_PROGRESS,
    ProjectStage.PRE_ACCEPTED,
    ProjectStage.ACCEPTED,
    ProjectStage.SETTLED,
    ProjectStage.IN_WARRANTY,
    ProjectStage.OUT_OF_WARRANTY,
)
FINISHED = AT_WORK[2:]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateProject:
    """A renovation. `contract_days` counts calendar days; `branch_id` is the store that sold it."""

    kind: str
    stage: str = ProjectStage.SIGNED
    """Where it stands already when it was begun before the portal; after that only steps move it."""
    branch_id: int | None = None
    designer_id: int | None = None
    sales_id: int | None = None
    project_manager_id: int | None = None
    foreman_id: int | None = None
    crew_id: int | None = None
    supervisor_id: int | None = None
    planned_start_on: date | None = None
    actual_start_on: date | None = None
    planned_finish_on: date | None = None
    actual_finish_on: date | None = None
    contract_days: int | None = None
    is_model_house: bool = False
    visit_allowed: bool = False
    archive_shelf: str | None = None
    archive_secrecy: str = Secrecy.CONFIDENTIAL
    """How secret its file is: whose consent a loan takes (P16)."""
    remarks: str | None = None

    def values(self) -> dict[str, Any]:
        """The columns and what to write into them."""
        return {name: cleaned(getattr(self, name)) for name in _COLUMNS}


_COLUMNS = tuple(item.name for item in fields(CreateProject))


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateProject(CreateProject):
    """All fields as they shall be; the stage is moved by steps alone. `version` is the one the person saw."""

    version: int

    def values(self) -> dict[str, Any]:
        """The columns and what to write into them."""
        return {name: value for name, value in CreateProject.values(self).items() if name != "stage"}


def visible_to(user: User) -> Select[Project]:
    """The projects that exist for the person."""
    return visibility.visible_to(user, Project)


def create(session: Session, home: Property, command: CreateProject, *, actor: User | None, at: datetime) -> Project:
    """Open a project on a home. Raises Invalid for dates and people that cannot be."""
    values = command.values()
    check(values, at=at)
    if values["branch_id"] is None:
        values["branch_id"] = home.branch_id
    project = Project(
        number=numbering.next_number(session, Project.PREFIX, at),
        customer_id=home.customer_id,
        property_id=home.id,
        **values,
    )
    if project.stage == ProjectStage.SIGNED and actor is not None:
        steps.begin(session, project, Action.OPEN, actor=actor, at=at, entered={})
    else:
        stamp(project, actor=actor, at=at)
        session.add(project)
        session.flush()
        events.record(session, EventKind.CREATED, at=at, actor=actor, record=project)
    _grade(session, project, actor=actor, at=at)
    return project


def update(
    session: Session, project: Project, command: UpdateProject, *, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Change a project; who worked on it before stays in its history. Raises Stale, Invalid."""
    return change(session, project, command.values(), version=command.version, actor=actor, at=at)


def change(
    session: Session, project: Project, values: Mapping[str, Any], *, version: int, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Change some fields of a project. Raises Stale, Invalid."""
    if project.version != version:
        raise Stale()
    check(present(project) | dict(values), at=at)
    _give_orders(session, project, values.get("foreman_id"), at)
    _keep_secret(project, values.get("archive_secrecy"), actor)
    has_begun, finish = project.actual_start_on is not None, project.planned_finish_on
    changes = apply(session, project, values, FIELDS, actor=actor, at=at)
    if has_begun and finish is not None and project.planned_finish_on not in (None, finish):
        days = (project.planned_finish_on - finish).days
        project.finish_moves.append(FinishMove(moved_on=clock.today(at), days=days))
    _grade(session, project, actor=actor, at=at)
    call_plan.replan(session, project, at=at)
    return changes


def _give_orders(session: Session, project: Project, foreman_id: int | None, at: datetime) -> None:
    """Naming another foreman gives him an order, so who is suspended is refused as at the dispatch (R-14)."""
    if foreman_id in (None, project.foreman_id) or project.stage in (*FINISHED, ProjectStage.CANCELLED):
        return  # who built what is finished may be put right
    if (why := penalties.no_orders(session, session.get_one(Party, foreman_id), clock.today(at))) is not None:
        raise Invalid({"foreman_id": why})


def _keep_secret(project: Project, secrecy: str | None, actor: User) -> None:
    """Only who decides about loans makes a top secret file less secret: otherwise nobody need ask the general manager."""
    lowers = project.archive_secrecy == Secrecy.TOP and secrecy not in (None, Secrecy.TOP)
    if lowers and not may(actor, Permission.APPROVAL_DECIDE):
        raise Invalid({"archive_secrecy": N_("Only managers make a top secret file less secret.")})


# ---------- What other processes bring about ----------


def sign(session: Session, project: Project, *, at: datetime) -> None:
    """Its contract is signed (P03): DL-05 starts with the day of signing, once."""
    session.flush()
    session.expire(project, ["contract"])
    if project.stage != ProjectStage.SIGNED or not project.is_signed or _has_clock(session, project, "DL-05"):
        return
    steps.advance(session, project, Action.SIGN, actor=None, at=at, entered={})


def pre_accepted(session: Session, project: Project, *, at: datetime) -> None:
    """The pre-acceptance passed (P11)."""
    _reach(session, project, Action.PRE_ACCEPT, at)


def accepted(session: Session, project: Project, *, on: date, at: datetime) -> None:
    """The customer accepted the works on that day (P12)."""
    apply(session, project, {"actual_finish_on": on}, FIELDS, actor=None, at=at)
    _reach(session, project, Action.ACCEPT, at)
    call_plan.finished(session, project, at=at)


def settled(session: Session, project: Project, *, at: datetime) -> None:
    """The final payment is in (P12)."""
    _reach(session, project, Action.SETTLE, at)


def warranted(session: Session, project: Project, *, at: datetime) -> None:
    """The certificate is issued (P13)."""
    _reach(session, project, Action.WARRANT, at)
    follow(session, project, CustomerKind.IN_WARRANTY, at=at)


def expired(session: Session, project: Project, *, at: datetime) -> None:
    """The last term of the warranty is over (P13)."""
    _reach(session, project, Action.EXPIRE, at)
    follow(session, project, CustomerKind.OUT_OF_WARRANTY, at=at)


def cancelled(session: Session, project: Project, *, at: datetime) -> None:
    """The contract was ended (P17): nobody is called about the works any more."""
    _reach(session, project, Action.CANCEL, at)
    call_plan.call_off(session, project, at=at)


def place(session: Session, project: Project, stage: str, *, actor: User | None, at: datetime, reason: str) -> None:
    """Say where works stand that were begun before the portal. No clock starts; those that run stop.

    Raises Invalid where the stage needs dates or people that are missing.
    """
    check(present(project) | {"stage": stage}, at=at)
    if project.stage == stage:
        return
    for task in tasks.open_of(session, project):
        if task.code:
            tasks.cancel(session, task, at=at, actor=actor)
    before, project.stage, project.updated_at = project.stage, stage, at
    project.updated_by_id = actor.id if actor else None
    _moved(session, project, "place", before, {"reason": reason}, actor, at)
    session.flush()


def follow(session: Session, project: Project, kind: str, *, at: datetime) -> None:
    """Where the customer stands now that the project has come so far; who has other works going on stays there."""
    others = select(Project.id).where(
        Project.customer_id == project.customer_id, Project.id != project.id, Project.stage.in_(sorted(GOING_ON))
    )
    if kind != CustomerKind.UNDER_CONSTRUCTION and session.scalar(select(others.exists())):
        return
    apply(session, project.customer, {"kind": kind}, customers.FIELDS, actor=None, at=at)


GOING_ON = frozenset({ProjectStage.IN_PROGRESS, ProjectStage.SUSPENDED, ProjectStage.PRE_ACCEPTED})
"""Somebody is at work for the customer."""


def _reach(session: Session, project: Project, action: Action, at: datetime) -> None:
    """A step of the system; works begun before the portal skip what was never recorded here, an ended contract stays."""
    step = next(step for step in Project.PROCESS.transitions if step.action == action)
    if project.stage in (step.target, ProjectStage.CANCELLED):
        return
    if project.stage in step.sources:
        steps.advance(session, project, action, actor=None, at=at, entered={})
        return
    for task in tasks.open_of(session, project):
        if task.code:
            tasks.cancel(session, task, at=at, actor=None)
    before, project.stage, project.updated_at = project.stage, step.target, at
    _moved(session, project, action, before, {}, None, at)


def _moved(
    session: Session,
    project: Project,
    action: str,
    before: str,
    said: Mapping[str, Any],
    actor: User | None,
    at: datetime,
) -> None:
    data: dict[str, Any] = {"from": before, "to": project.stage, "fields": dict(said)}
    events.record(session, EventKind.TRANSITION, action=action, actor=actor, at=at, record=project, **data)


def _has_clock(session: Session, project: Project, code: str) -> bool:
    found = select(Task.id).where(Task.record_kind == project.KIND, Task.record_id == project.id, Task.code == code)
    return bool(session.scalar(select(found.exists())))


# ---------- Parts ----------


def present(project: Project) -> dict[str, Any]:
    """All fields as they are."""
    return {name: getattr(project, name) for name in _COLUMNS}


def _grade(session: Session, project: Project, *, actor: User | None, at: datetime) -> None:
    if project.is_model_house:
        grade = customers.default_grade(session, is_model_house=True)
        customers.raise_grade(session, project.customer, grade, reason="Model house", actor=actor, at=at)


def check(values: dict[str, Any], *, at: datetime) -> None:
    """Raise Invalid for what cannot be: an end before its start, works that lie ahead, works without people."""
    problems: dict[str, Text | str] = {}
    today = clock.today(at)
    for start, finish in (("planned_start_on", "planned_finish_on"), ("actual_start_on", "actual_finish_on")):
        if values[start] and values[finish] and values[finish] < values[start]:
            problems[finish] = N_("The finish cannot lie before the start.")
    for name in ("actual_start_on", "actual_finish_on"):
        if values[name] and values[name] > today:
            problems[name] = N_("This day is still to come.")
    stage = values["stage"]
    if stage in AT_WORK and not values["actual_start_on"]:
        problems.setdefault("actual_start_on", N_("Works have begun: when?"))
    if stage in FINISHED and not values["actual_finish_on"]:
        problems.setdefault("actual_finish_on", N_("Works are accepted: when were they finished?"))
    if stage in (ProjectStage.DISPATCHED, ProjectStage.IN_PROGRESS) and not values["project_manager_id"]:
        problems["project_manager_id"] = N_("From dispatch on there is a project manager.")
    if problems:
        raise Invalid(problems)
