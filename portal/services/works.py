"""P05, the steps that people take: archive, hand-over, dispatch, material card, start, stop. Source: `domain.md` 3.6, 4.5, 5.5.

Rules: `processes/project.py`; what other processes bring about: `projects.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from portal import clock, formatting, settings, visibility
from portal.calendar import compute_due
from portal.errors import Invalid
from portal.i18n import N_, Text
from portal.models.complaint import Complaint, Escalation
from portal.models.contract import Contract, PaymentKind
from portal.models.customer import Customer, CustomerGrade, CustomerKind
from portal.models.event import EventKind
from portal.models.org import Crew, Party, PartyStatus, User
from portal.models.project import Project
from portal.models.task import TaskKind
from portal.models.works import (
    ContractSlip,
    DispatchOrder,
    MaterialCard,
    Presence,
    ProjectPaper,
    TechnicalDisclosure,
    WorkStop,
)
from portal.permissions import Permission, Role, may
from portal.processes.follow_up import CallStage
from portal.processes.project import Action, PaperStage
from portal.services import (
    calendars,
    call_plan,
    customers,
    events,
    numbering,
    penalties,
    projects,
    steps,
    tasks,
    works_forecast,
)
from portal.services.fields import apply, stamp

ARCHIVE_PREFIX = "DA"
PAPERS = {PaperStage.SIGNING: "papers_signing", PaperStage.COMPLETION: "papers_completion"}
"""The setting that lists the papers of a stage."""
TELL_WHO_BUILDS = N_("Tell the customer who builds")


@dataclass(frozen=True, slots=True)
class Archive:
    """The file of customer service is opened. `archive_number` None: the next one."""

    grade: str
    is_repeat: bool
    slip_engineering_at: datetime
    slip_finance_at: datetime
    slip_service_at: datetime
    archive_number: str | None = None
    grade_reason: str | None = None
    """Why another grade than the portal found."""
    promises: str | None = None


@dataclass(frozen=True, slots=True)
class HandOver:
    """The file goes to engineering."""

    received_at: datetime
    received_by: Party


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Who builds, as engineering named them."""

    dispatched_at: datetime
    project_manager: Party
    foreman: Party
    crew: Crew
    supervisor: Party


@dataclass(frozen=True, slots=True)
class IssueCard:
    """The material card of the crew."""

    card_number: str
    issued_on: date
    card_limit: str | None = None


@dataclass(frozen=True, slots=True)
class SetStart:
    """The day of the start as agreed with the customer."""

    planned_start_on: date
    start_agreed: bool | None


@dataclass(frozen=True, slots=True)
class Start:
    """The first day of work."""

    actual_start_on: date


@dataclass(frozen=True, slots=True)
class Suspend:
    """Works are stopped. `until` None: nobody knows for how long."""

    reason: str
    what: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """Works go on."""

    resumed_on: date


@dataclass(frozen=True, slots=True)
class Disclose:
    """What was explained and found on site before the start (F-31)."""

    held_at: datetime
    place: str
    present: tuple[str, ...]
    drawings_reviewed: bool
    items: str
    condition: str
    signed_by: str
    questions: str | None = None


def orders_visible_to(user: User) -> Select[DispatchOrder]:
    """The dispatch orders that exist for the person."""
    return visibility.visible_to(user, DispatchOrder)


# ---------- Archive ----------


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the portal finds about the customer when the archive is opened; `since`: the number of an earlier record."""

    grade: CustomerGrade
    is_repeat: bool
    known_by: str | None = None


def propose(session: Session, project: Project) -> Proposal:
    """The grade by the table of 5.5, and whether the customer bought before or came by another customer."""
    customer, contract = project.customer, project.contract
    known_by = _earlier(session, project)
    is_repeat = customer.is_repeat or known_by is not None
    escalated = select(Escalation.id).join(Complaint).where(Complaint.customer_id == customer.id).exists()
    found = customers.default_grade(
        session,
        amount=contract.amount if contract else None,
        layout=project.property.layout,
        project_kind=project.kind,
        is_model_house=project.is_model_house,
        is_repeat=is_repeat,
        was_escalated=bool(session.scalar(select(escalated))),
    )
    return Proposal(min(found, CustomerGrade(customer.grade)), is_repeat, known_by)


def _earlier(session: Session, project: Project) -> str | None:
    """An earlier contract of the customer, or of another row with one of the phones; else who referred the customer."""
    customer = project.customer
    phones = [phone for phone in (customer.phone, customer.phone2) if phone]
    same = select(Customer.id).where(or_(Customer.phone.in_(phones), Customer.phone2.in_(phones)))
    own = project.contract.id if project.contract else 0
    query = select(Contract.number).where(
        or_(Contract.customer_id == customer.id, Contract.customer_id.in_(same)),
        Contract.id != own,
        Contract.signed_on.is_not(None),
        Contract.voided_on.is_(None),
    )
    if (number := session.scalar(query.order_by(Contract.signed_on).limit(1))) is not None:
        return number
    if customer.referred_by_id is None:
        return None
    return session.scalar(select(Customer.number).where(Customer.id == customer.referred_by_id))


def archive(session: Session, project: Project, command: Archive, *, actor: User, at: datetime) -> None:
    """Open the archive: number, grade, repeat customer, F-15 with its times, the list of papers. Raises Invalid."""
    steps.check_permission(actor, Project.PROCESS.transition(project.stage, Action.ARCHIVE))
    number = (command.archive_number or "").strip() or numbering.next_number(session, ARCHIVE_PREFIX, at)
    command = replace(command, archive_number=number)
    _check_archive(session, project, command, actor, at)
    project.archive_number, project.archived_at = number, at
    project.slip = ContractSlip(
        is_repeat=command.is_repeat,
        promises=command.promises,
        engineering_at=command.slip_engineering_at,
        finance_at=command.slip_finance_at,
        service_at=command.slip_service_at,
    )
    _list_papers(session, project, PaperStage.SIGNING)
    _advance(session, project, Action.ARCHIVE, command, actor, at)
    values = {"grade": command.grade, "is_repeat": command.is_repeat}
    why = command.grade_reason or "Archive opened"
    apply(session, project.customer, values, customers.FIELDS, actor=actor, at=at, reason=why)
    call_plan.make_plan(session, project, at=at)


def slip_days_late(session: Session, project: Project, sent_at: datetime) -> int | None:
    """How many days too late a department got the contract information (F-15), counted from signing and first payment.

    None: it is not known from when to count. The days that are allowed are a setting; same day unless it says otherwise.
    """
    contract = project.contract
    paid = [each.paid_on for each in contract.payments if each.kind == PaymentKind.FIRST] if contract else []
    if contract is None or contract.signed_on is None or not paid:
        return None
    due_on = max(contract.signed_on, min(paid)) + timedelta(days=settings.get(session, "contract_slip_days"))
    return max((clock.local(sent_at).date() - due_on).days, 0)


def _check_archive(session: Session, project: Project, command: Archive, actor: User, at: datetime) -> None:
    problems: dict[str, Text | str] = {}
    taken = select(Project.id).where(Project.archive_number == command.archive_number, Project.id != project.id)
    if session.scalar(taken) is not None:
        problems["archive_number"] = N_("There is a file with this number already.")
    for name in ("slip_engineering_at", "slip_finance_at", "slip_service_at"):
        if getattr(command, name) > at + steps.CLOCK_SLACK:
            problems[name] = N_("This moment lies in the future.")
    found = propose(session, project).grade
    if command.grade > found and not may(actor, Permission.CUSTOMER_GRADE):
        problems["grade"] = N_("Only the manager lowers a grade.")
    elif command.grade != found and not (command.grade_reason or "").strip():
        problems["grade_reason"] = N_("The portal found grade %(grade)s; say why it is another one.") % {"grade": found}
    if problems:
        raise Invalid(problems)


# ---------- Papers ----------


def papers_of(session: Session, project: Project, stage: PaperStage) -> list[ProjectPaper]:
    """The papers of a stage; as settings list them where the project has no list yet (those are not stored)."""
    kept = [paper for paper in project.papers if paper.stage == stage]
    return kept or _wanted(session, stage)


def keep_papers(
    session: Session, project: Project, stage: PaperStage, present: Iterable[int], *, actor: User, at: datetime
) -> None:
    """Which papers of a stage are in the file, by their place in the list; each change is written down."""
    _list_papers(session, project, stage)
    chosen = set(present)
    changes = []
    for place, paper in enumerate(papers_of(session, project, stage)):
        if (paper.present_on is not None) == (place in chosen):
            continue
        paper.present_on = clock.today(at) if place in chosen else None
        changes.append([None, paper.title] if place in chosen else [paper.title, None])
    for change in changes:
        events.record(session, EventKind.CHANGE, at=at, actor=actor, record=project, changes={"paper": change})
    if changes:
        project.updated_at, project.updated_by_id = at, actor.id
    session.flush()


def _list_papers(session: Session, project: Project, stage: PaperStage) -> None:
    if not any(paper.stage == stage for paper in project.papers):
        project.papers.extend(_wanted(session, stage))
        session.flush()


def _wanted(session: Session, stage: PaperStage) -> list[ProjectPaper]:
    lines = dict.fromkeys(settings.get(session, PAPERS[stage]))
    return [
        ProjectPaper(stage=stage, title=line.removeprefix("*").strip(), is_required=line.startswith("*"))
        for line in lines
    ]


# ---------- Engineering ----------


def hand_over(session: Session, project: Project, command: HandOver, *, actor: User, at: datetime) -> DispatchOrder:
    """Hand the file to engineering; DL-06 counts from then."""
    order = DispatchOrder(
        number=numbering.next_number(session, DispatchOrder.PREFIX, at),
        branch_id=project.branch_id,
        customer_id=project.customer_id,
        received_at=command.received_at,
        received_by_id=command.received_by.id,
    )
    stamp(order, actor=actor, at=at)
    project.dispatch_orders.append(order)
    _advance(session, project, Action.HAND_OVER, command, actor, at)
    events.record(session, EventKind.CREATED, at=at, actor=actor, record=order)
    return order


def dispatch(session: Session, project: Project, command: Dispatch, *, actor: User, at: datetime) -> None:
    """Record who builds. Refused for a suspended foreman, until when, and for a crew that is not at work."""
    steps.check_permission(actor, Project.PROCESS.transition(project.stage, Action.DISPATCH))
    _refuse_absent(session, command)
    order = project.dispatch_orders[-1] if project.dispatch_orders else None
    if order is None or order.dispatched_at is not None:  # begun before the portal, or another foreman
        order = DispatchOrder(
            number=numbering.next_number(session, DispatchOrder.PREFIX, at),
            branch_id=project.branch_id,
            customer_id=project.customer_id,
            received_at=command.dispatched_at,
        )
        stamp(order, actor=actor, at=at)
        project.dispatch_orders.append(order)
    if command.dispatched_at < order.received_at:
        raise Invalid({"dispatched_at": N_("Engineering has had the file only since %(moment)s.") % {
            "moment": formatting.moment(order.received_at)}})  # fmt: skip
    order.dispatched_at, order.updated_at, order.updated_by_id = command.dispatched_at, at, actor.id
    people = {
        "project_manager_id": command.project_manager.id,
        "foreman_id": command.foreman.id,
        "crew_id": command.crew.id,
        "supervisor_id": command.supervisor.id,
    }
    for name, key in people.items():
        setattr(order, name, key)
    apply(session, project, people, projects.FIELDS, actor=actor, at=at)
    session.flush()
    session.expire(project, ["project_manager", "foreman", "crew", "supervisor"])
    _advance(session, project, Action.DISPATCH, command, actor, at)
    _ask_for(session, project, TELL_WHO_BUILDS, "dispatch_told_wd", at)


def _refuse_absent(session: Session, command: Dispatch) -> None:
    problems: dict[str, Text | str] = {}
    on = clock.local(command.dispatched_at).date()
    if (why := penalties.no_orders(session, command.foreman, on)) is not None:
        problems["foreman"] = why
    for name in ("project_manager", "foreman", "supervisor", "crew"):
        if getattr(command, name).status == PartyStatus.DEPARTED:
            problems[name] = N_("%(name)s does not work for us any more.") % {"name": getattr(command, name).name}
    if command.crew.status == PartyStatus.SUSPENDED:
        problems["crew"] = N_("%(name)s is suspended at present.") % {"name": command.crew.name}
    if problems:
        raise Invalid(problems)


def issue_card(session: Session, project: Project, command: IssueCard, *, actor: User, at: datetime) -> None:
    """Record the material card; the crew may draw materials."""
    steps.check_permission(actor, Project.PROCESS.transition(project.stage, Action.ISSUE_CARD))
    problems: dict[str, Text | str] = {}
    if session.scalar(select(MaterialCard.id).where(MaterialCard.number == command.card_number.strip())) is not None:
        problems["card_number"] = N_("There is a card with this number already.")
    if command.issued_on > clock.today(at):
        problems["issued_on"] = N_("This day is still to come.")
    if problems:
        raise Invalid(problems)
    project.material_card = MaterialCard(
        number=command.card_number.strip(),
        crew_id=project.crew_id,
        issued_on=command.issued_on,
        limit=command.card_limit,
    )
    _advance(session, project, Action.ISSUE_CARD, command, actor, at)


# ---------- Start ----------


def set_start(session: Session, project: Project, command: SetStart, *, actor: User, at: datetime) -> None:
    """Fix the day of the start with the customer; the planned finish follows from the contract period."""
    if command.planned_start_on < clock.today(at):
        raise Invalid({"planned_start_on": N_("This day has passed.")})
    project.start_agreed = bool(command.start_agreed)
    values: dict[str, Any] = {"planned_start_on": command.planned_start_on}
    if days := works_forecast.agreed_days(session, project):
        values["planned_finish_on"] = command.planned_start_on + timedelta(days=days)
    apply(session, project, values, projects.FIELDS, actor=actor, at=at)
    _advance(session, project, Action.SET_START, command, actor, at)
    call_plan.replan(session, project, at=at)


def disclose(session: Session, project: Project, command: Disclose, *, actor: User, at: datetime) -> None:
    """Record the technical disclosure (F-31). Raises Invalid: in the future, nobody of whom it needs was there."""
    steps.check_permission(actor, next(s for s in Project.PROCESS.transitions if s.action == Action.START))
    problems: dict[str, Text | str] = {}
    if command.held_at > at + steps.CLOCK_SLACK:
        problems["held_at"] = N_("This moment lies in the future.")
    if absent := [one for one in EXPECTED if one not in command.present]:
        names = "、".join(str(one.label) for one in absent)
        problems["present"] = N_("It needs all of them; not there: %(names)s") % {"names": names}
    if problems:
        raise Invalid(problems)
    project.disclosures.append(
        TechnicalDisclosure(
            held_at=command.held_at,
            place=command.place,
            present=list(command.present),
            drawings_reviewed=command.drawings_reviewed,
            items=command.items,
            questions=command.questions,
            condition=command.condition,
            signed_by=command.signed_by,
        )
    )
    project.updated_at, project.updated_by_id = at, actor.id
    changes = {"disclosure": [None, formatting.stamp(command.held_at)]}
    events.record(session, EventKind.CHANGE, at=at, actor=actor, record=project, changes=changes)
    session.flush()


EXPECTED = (Presence.CUSTOMER, Presence.DESIGNER, Presence.FOREMAN, Presence.PROJECT_MANAGER)
"""Who must be there when the works are explained (3.6)."""


def start(session: Session, project: Project, command: Start, *, actor: User, at: datetime) -> None:
    """Works have begun; the window of the call about the start opens."""
    projects.check(projects.present(project) | {"actual_start_on": command.actual_start_on}, at=at)
    apply(session, project, {"actual_start_on": command.actual_start_on}, projects.FIELDS, actor=actor, at=at)
    _advance(session, project, Action.START, command, actor, at)
    projects.follow(session, project, CustomerKind.UNDER_CONSTRUCTION, at=at)
    call_plan.replan(session, project, at=at)
    call_plan.reached(session, project, CallStage.START, on=command.actual_start_on, event=project, at=at)


def suspend(session: Session, project: Project, command: Suspend, *, actor: User, at: datetime) -> None:
    """Stop the works, with the reason."""
    problems: dict[str, Text | str] = {}
    if command.since > clock.today(at):
        problems["since"] = N_("This day is still to come.")
    if project.actual_start_on and command.since < project.actual_start_on:
        problems["since"] = N_("Works began on %(day)s only.") % {"day": formatting.full_date(project.actual_start_on)}
    if command.until and command.until < command.since:
        problems["until"] = N_("The end cannot lie before the beginning.")
    if problems:
        raise Invalid(problems)
    project.stops.append(WorkStop(reason=command.reason, what=command.what, since=command.since, until=command.until))
    _advance(session, project, Action.SUSPEND, command, actor, at)
    call_plan.replan(session, project, at=at)


def resume(session: Session, project: Project, command: Resume, *, actor: User, at: datetime) -> None:
    """Works go on."""
    stop = project.stops[-1] if project.stops else None
    problems: dict[str, Text | str] = {}
    if command.resumed_on > clock.today(at):
        problems["resumed_on"] = N_("This day is still to come.")
    if stop is not None and command.resumed_on < stop.since:
        problems["resumed_on"] = N_("Works stopped on %(day)s.") % {"day": formatting.full_date(stop.since)}
    if problems:
        raise Invalid(problems)
    if stop is not None:
        stop.resumed_on = command.resumed_on
    _advance(session, project, Action.RESUME, command, actor, at)
    call_plan.replan(session, project, at=at)


# ---------- Parts ----------


def _evening(session: Session, day: date) -> datetime:
    """The end of a working day, from which whole days are counted."""
    return clock.at_local(day) + timedelta(minutes=calendars.current(session).day_end or 0)


def _ask_for(session: Session, project: Project, title: Text, setting: str, start_at: datetime) -> None:
    owner = tasks.Responsible(project.owner, None if project.owner else Role.SPECIALIST)
    due = compute_due(start_at, calendars.limit(session, setting), calendars.current(session)).due_at
    tasks.open_task(session, TaskKind.TODO, title.message, project, due_at=due, at=start_at, who=owner)


def _advance(session: Session, project: Project, action: str, command: Any, actor: User, at: datetime) -> None:
    entered = steps.entered_of(command)
    session.flush()
    steps.advance(session, project, action, actor=actor, at=at, entered=entered, said=steps.said_of(entered))
