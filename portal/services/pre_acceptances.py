"""P11: engineering's list, the schedule, what the manager decides. Rules: `processes/pre_acceptance.py`. Source: `domain.md` 4.11.

Holding an inspection is `services/inspections.py`. What is said to people without a login is a task for whoever tells them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload, selectinload

from portal import clock, formatting, settings, visibility
from portal.calendar import parse_minute
from portal.errors import DomainError, Invalid, NotFound
from portal.i18n import N_, Text
from portal.models.org import Crew, Party, PartyStatus, User
from portal.models.pre_acceptance import WEEK, PreAcceptance, PreAcceptanceList
from portal.models.project import Project, ProjectKind, ProjectStage
from portal.models.task import TaskKind
from portal.permissions import Role
from portal.processes.pre_acceptance import ALWAYS_ASKED, INSPECTED_FROM, OPEN, PROCESS, Action, CheckTrade, State
from portal.services import assignment, calendars, events, numbering, penalties, steps, tasks
from portal.services.fields import Field, apply, link

L = PROCESS.field_labels
TELL_DATE = N_("Tell project manager and foreman the date of the inspection")
DECIDE = N_("Decide on the inspection that was not held")
LONGEST_AHEAD = timedelta(days=180)
"""An inspection further ahead is a slip of the pen."""


def moment_text(value: Any) -> str:
    """A moment as people read it, as the record has it or as an event keeps it."""
    return formatting.moment(datetime.fromisoformat(value) if isinstance(value, str) else value)


FIELDS: dict[str, Field] = {
    "scheduled_at": Field(L["scheduled_at"], moment_text),
    "inspector_id": link(N_("Inspector"), User),
    "parties_told_at": Field(N_("Project manager and foreman told"), moment_text),
    "trades": Field(N_("Trades of the project"), lambda value: "、".join(map(CheckTrade.show, value))),
}
"""What changes beside the steps, as the history says it."""


def visible_to(user: User) -> Select[PreAcceptance]:
    """The pre-acceptances that exist for this person."""
    return visibility.visible_to(user, PreAcceptance)


@dataclass(frozen=True, slots=True)
class ListProject:
    """A project on engineering's list for a week. `trades`: those the project has."""

    project: Project
    week_from: date
    project_manager: Party
    foreman: Party
    listed_at: datetime
    listed_by: Party | None = None
    supervisor: Party | None = None
    trades: tuple[str, ...] = ()
    remarks: str | None = None


@dataclass(frozen=True, slots=True)
class Admit:
    """Why a late entry need not wait a week."""

    reason: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """When it is inspected."""

    scheduled_at: datetime


@dataclass(frozen=True, slots=True)
class Move:
    """Another time than was published."""

    scheduled_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Restart:
    """Engineering's new foreman, and when it is inspected anew."""

    foreman: Party
    scheduled_at: datetime


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Why it is taken off the list."""

    reason: str


# ---------- The list ----------


def monday_of(day: date) -> date:
    """The Monday of the week of a day."""
    return day - timedelta(days=day.weekday())


def next_week(at: datetime) -> date:
    """The Monday of next week: what engineering lists on Wednesday."""
    return monday_of(clock.today(at)) + WEEK


def limits(session: Session, week_from: date) -> tuple[datetime, datetime]:
    """When the list of a week is closed (DL-17) and its schedule due (DL-18).

    A holiday moves either to the next working day; the schedule stays after the list (Q32).
    """
    calendar = calendars.current(session)

    def day_of(key: str) -> date:
        return week_from - WEEK + timedelta(days=int(settings.get(session, key)) - 1)

    listed_on = calendar.working_day_from(day_of("preaccept_list_day"))
    scheduled_on = calendar.working_day_from(day_of("preaccept_schedule_day"))
    if scheduled_on <= listed_on:
        scheduled_on = calendar.next_working_day(listed_on)
    return (
        _moment(session, listed_on, "preaccept_list_ends"),
        _moment(session, scheduled_on, "preaccept_schedule_ends"),
    )


def week(session: Session, week_from: date) -> PreAcceptanceList:
    """The list of a week; the first entry opens it."""
    found = session.scalars(select(PreAcceptanceList).where(PreAcceptanceList.week_from == week_from)).one_or_none()
    if found is not None:
        return found
    closes_at, schedule_due_at = limits(session, week_from)
    opened = PreAcceptanceList(week_from=week_from, closes_at=closes_at, schedule_due_at=schedule_due_at)
    try:
        with session.begin_nested():
            session.add(opened)
    except IntegrityError:  # somebody else opened it at the same moment
        return session.scalars(select(PreAcceptanceList).where(PreAcceptanceList.week_from == week_from)).one()
    return opened


def usual_trades(project: Project) -> tuple[str, ...]:
    """The trades a project has unless somebody says otherwise: all, of a partial renovation none but what all have."""
    if project.kind == ProjectKind.PARTIAL:
        return tuple(trade for trade in CheckTrade if trade in ALWAYS_ASKED)
    return tuple(CheckTrade)


def offered(session: Session, user: User, *, most: int = 300) -> list[Project]:
    """The projects that can be listed: under construction and on no list, those that end first before the others."""
    listed = select(PreAcceptance.project_id).where(PreAcceptance.state.in_(sorted(OPEN)))
    query = visibility.visible_to(user, Project).where(
        Project.stage == ProjectStage.IN_PROGRESS, Project.id.not_in(listed)
    )
    loaded = (joinedload(Project.customer), joinedload(Project.property))
    ordered = query.options(*loaded).order_by(
        Project.planned_finish_on.is_(None), Project.planned_finish_on, Project.id
    )
    return list(session.scalars(ordered.limit(most)))


def list_project(session: Session, command: ListProject, *, actor: User, at: datetime) -> PreAcceptance:
    """Put a project on the list of a week: after the list was closed it is late (DL-17). Raises Invalid by field."""
    project = command.project
    monday = monday_of(command.week_from)
    _check_entry(session, command, monday, at)
    of_week = week(session, monday)
    is_late = command.listed_at > of_week.closes_at
    record = PreAcceptance(
        number=numbering.next_number(session, PreAcceptance.PREFIX, at),
        branch_id=project.branch_id,
        week=of_week,
        customer=project.customer,
        project=project,
        project_manager=command.project_manager,
        foreman=command.foreman,
        supervisor=command.supervisor,
        owner=assignment.owner_for(session, customer=project.customer, actor=actor, branch_id=project.branch_id),
        listed_by_id=command.listed_by.id if command.listed_by else None,
        listed_at=command.listed_at,
        is_late=is_late,
        list_due_at=of_week.closes_at,
        schedule_due_at=_schedule_due(session, monday, command.listed_at, is_late=is_late),
        trades=list(_trades(command.trades or usual_trades(project))),
        fail_limit=int(settings.get(session, "preaccept_fail_limit")),
        remarks=command.remarks,
        cycle=1,
        round_no=1,
    )
    said = {"week_from": monday, "project": project, "project_manager": command.project_manager}
    entered = steps.entered_of(command) | said
    try:
        with session.begin_nested():
            steps.begin(session, record, Action.LIST, actor=actor, at=at, entered=_said(entered))
    except IntegrityError as error:  # somebody else listed it at the same moment
        raise Invalid({"project": ON_A_LIST}) from error
    for waiting in tasks.open_of(session, of_week):  # the list has come
        tasks.close(session, waiting, happened_at=command.listed_at, at=at, actor=actor)
    return record


ON_A_LIST = N_("This project is on a list already.")


def _check_entry(session: Session, command: ListProject, monday: date, at: datetime) -> None:
    problems: dict[str, Text | str] = {}
    if command.project.stage != ProjectStage.IN_PROGRESS:
        problems["project"] = N_("This project is not under construction.")
    elif open_of(session, command.project) is not None:
        problems["project"] = ON_A_LIST
    if monday + WEEK <= clock.today(at):
        problems["week_from"] = N_("This week is over.")
    elif monday - clock.today(at) > LONGEST_AHEAD:
        problems["week_from"] = N_("This week is too far ahead.")
    if command.listed_at > at + steps.CLOCK_SLACK:
        problems["listed_at"] = N_("This moment lies in the future.")
    if problems:
        raise Invalid(problems)


def open_of(session: Session, project: Project) -> PreAcceptance | None:
    """The pre-acceptance of a project that is still open; there is one at most."""
    query = select(PreAcceptance).where(PreAcceptance.project_id == project.id, PreAcceptance.state.in_(sorted(OPEN)))
    return session.scalars(query).first()


def admit(session: Session, record: PreAcceptance, command: Admit, *, actor: User, at: datetime) -> None:
    """The manager lets a late entry into its week (DL-17)."""
    record.schedule_due_at = _schedule_due(session, record.week.week_from, at, is_late=False)
    _advance(session, record, Action.ADMIT, command, actor, at)
    record.admitted_at, record.admitted_by_id = at, actor.id


def withdraw(session: Session, record: PreAcceptance, command: Withdraw, *, actor: User, at: datetime) -> None:
    """Take it off the list."""
    if record.running is not None:
        raise DomainError(N_("An inspection is being held; finish it first."))
    record.reason = command.reason
    _advance(session, record, Action.WITHDRAW, command, actor, at)
    end_tasks(session, record, TELL_DATE, DECIDE, actor=actor, at=at, is_done=False)


# ---------- The schedule ----------


def usual_time(session: Session, week_from: date) -> datetime:
    """When a project is inspected unless somebody says otherwise: on the Thursday of the week (Q06), first thing."""
    return _moment(session, week_from + timedelta(days=3), "preaccept_first_visit")


def plan(session: Session, record: PreAcceptance, scheduled_at: datetime | None, *, actor: User, at: datetime) -> None:
    """Pencil in a time that nobody outside knows yet; None: take it out again. Raises Invalid, NotPermitted."""
    steps.check_permission(actor, PROCESS.transition(State.LISTED, Action.SCHEDULE))
    if record.state != State.LISTED:
        raise DomainError(N_("Its date is published. It is moved with a reason, on its own page."))
    if scheduled_at is not None:
        _check_time(session, record, scheduled_at, at)
    values: dict[str, Any] = {"scheduled_at": scheduled_at}
    if record.inspector_id is None and actor.role == Role.REVIEWER:
        values["inspector_id"] = actor.id
    apply(session, record, values, FIELDS, actor=actor, at=at)


def arrange(session: Session, user: User, day: date, order: Sequence[int], *, at: datetime) -> None:
    """Put the planned inspections of a day in this order: the times of the day stay, in order, and are given out anew.

    What comes from another day or has no time yet gets the next one. Raises Invalid, NotFound.
    """
    found = {record.id: record for record in session.scalars(visible_to(user).where(PreAcceptance.id.in_(order[:200])))}
    if len(found) != len(set(order)):
        raise NotFound()
    of_day = list(_appointments(session, user, day, day))
    fixed = {record.scheduled_at for record in of_day if record.state != State.LISTED}
    times = sorted(record.scheduled_at for record in of_day if record.id in found and record.scheduled_at is not None)
    for record, when in zip([found[key] for key in order], _slots(session, day, times, fixed, len(order)), strict=True):
        if record.scheduled_at != when:
            plan(session, record, when, actor=user, at=at)


def _slots(session: Session, day: date, times: list[datetime], fixed: set[Any], count: int) -> list[datetime]:
    apart = timedelta(minutes=int(settings.get(session, "preaccept_visit_minutes")))
    found = times[:count]
    following = found[-1] + apart if found else _moment(session, day, "preaccept_first_visit")
    while len(found) < count:
        while any(abs(following - taken) < apart for taken in fixed):
            following += apart
        if clock.local(following).date() != day:
            raise Invalid({"": N_("No more inspections fit into this day.")})
        found.append(following)
        following += apart
    return found


UNDATED = and_(PreAcceptance.state == State.LISTED, PreAcceptance.scheduled_at.is_(None))
"""On a list, and on no day yet."""


@dataclass(frozen=True, slots=True)
class Week:
    """A week as the schedule shows it: what has a time, in order, and what has none yet."""

    week_from: date
    closes_at: datetime
    schedule_due_at: datetime
    listed: PreAcceptanceList | None
    appointments: list[PreAcceptance]
    unplanned: list[PreAcceptance]

    @property
    def drafts(self) -> list[PreAcceptance]:
        """What is planned and not published yet."""
        return [record for record in self.appointments if record.state == State.LISTED]


def of_week(session: Session, user: User, week_from: date) -> Week:
    """What a week holds for the person: first and repeated inspections, and entries without a time."""
    listed = session.scalars(select(PreAcceptanceList).where(PreAcceptanceList.week_from == week_from)).one_or_none()
    closes_at, schedule_due_at = (
        (listed.closes_at, listed.schedule_due_at) if listed is not None else limits(session, week_from)
    )
    unplanned = (
        visible_to(user)
        .join(PreAcceptanceList, PreAcceptanceList.id == PreAcceptance.list_id)
        .where(
            UNDATED,
            PreAcceptanceList.week_from <= week_from,
        )
        .options(*NAMED)
        .order_by(PreAcceptance.listed_at, PreAcceptance.id)
    )
    return Week(
        week_from,
        closes_at,
        schedule_due_at,
        listed,
        list(_appointments(session, user, week_from, week_from + timedelta(days=6))),
        list(session.scalars(unplanned)),
    )


def entries(session: Session, user: User, week_from: date) -> list[PreAcceptance]:
    """The list of a week as engineering handed it in, as the person sees it."""
    query = (
        visible_to(user)
        .join(PreAcceptanceList, PreAcceptanceList.id == PreAcceptance.list_id)
        .where(PreAcceptanceList.week_from == week_from)
        .options(*NAMED)
        .order_by(PreAcceptance.listed_at, PreAcceptance.id)
    )
    return list(session.scalars(query))


def come_over(session: Session, user: User, week_from: date) -> list[PreAcceptance]:
    """What waits for a week from the lists before it: late entries that nobody admitted, and what has no date yet (DL-17)."""
    waits = and_(
        PreAcceptance.is_late,
        PreAcceptance.admitted_at.is_(None),
        PreAcceptance.state != State.WITHDRAWN,
        PreAcceptanceList.week_from == week_from - WEEK,
    )
    query = (
        visible_to(user)
        .join(PreAcceptanceList, PreAcceptanceList.id == PreAcceptance.list_id)
        .where(PreAcceptanceList.week_from < week_from, or_(waits, UNDATED))
        .options(*NAMED)
        .order_by(PreAcceptance.listed_at, PreAcceptance.id)
    )
    return list(session.scalars(query))


def of_day(session: Session, user: User, day: date) -> list[PreAcceptance]:
    """The inspections of a day in the order they are driven to."""
    return list(_appointments(session, user, day, day))


LOOK_BACK = timedelta(days=14)
"""How long an inspection that was not ended stays on the page of the day."""


def on_the_road(session: Session, user: User, day: date) -> list[PreAcceptance]:
    """The inspections of a day and of the next, with those before that still wait, in the order they are driven to."""
    found = _appointments(
        session, user, day - LOOK_BACK, day + timedelta(days=1), selectinload(PreAcceptance.inspections)
    )
    return [
        record
        for record in found
        if (record.scheduled_on and record.scheduled_on >= day) or record.state in INSPECTED_FROM
    ]


NAMED = (
    joinedload(PreAcceptance.customer),
    joinedload(PreAcceptance.project).joinedload(Project.property),
    joinedload(PreAcceptance.project_manager),
    joinedload(PreAcceptance.foreman),
    joinedload(PreAcceptance.inspector),
    joinedload(PreAcceptance.week),
)


def _appointments(session: Session, user: User, first: date, last: date, *more: Any) -> Sequence[PreAcceptance]:
    query = visible_to(user).where(
        PreAcceptance.scheduled_at >= clock.at_local(first),
        PreAcceptance.scheduled_at < clock.at_local(last + timedelta(days=1)),
        or_(PreAcceptance.state.in_(sorted(OPEN)), PreAcceptance.state == State.PASSED),
    )
    return session.scalars(query.options(*NAMED, *more).order_by(PreAcceptance.scheduled_at, PreAcceptance.id)).all()


def publish(session: Session, user: User, week_from: date, *, at: datetime) -> int:
    """Publish the planned dates of a week: each is told once. Gives how many; none: there was nothing to publish."""
    steps.check_permission(user, PROCESS.transition(State.LISTED, Action.SCHEDULE))
    drafts = of_week(session, user, week_from).drafts
    for record in drafts:
        assert record.scheduled_at is not None
        schedule(session, record, Schedule(record.scheduled_at), actor=user, at=at)
    if drafts:
        listed = week(session, week_from)
        listed.published_at, listed.published_by_id = at, user.id
    return len(drafts)


def schedule(session: Session, record: PreAcceptance, command: Schedule, *, actor: User, at: datetime) -> None:
    """Publish the date of one inspection: the specialist is told, project manager and foreman are to be told."""
    _check_time(session, record, command.scheduled_at, at)
    record.scheduled_at = command.scheduled_at
    record.inspector = record.inspector or actor
    _advance(session, record, Action.SCHEDULE, command, actor, at)
    to_be_told(session, record, TELL_DATE, at)


def move(session: Session, record: PreAcceptance, command: Move, *, actor: User, at: datetime) -> None:
    """Another time than was published; everybody is told anew."""
    if record.running is not None:
        raise DomainError(N_("An inspection is being held; finish it first."))
    _check_time(session, record, command.scheduled_at, at)
    record.scheduled_at = command.scheduled_at
    _advance(session, record, Action.MOVE, command, actor, at)
    to_be_told(session, record, TELL_DATE, at)


def restart(session: Session, record: PreAcceptance, command: Restart, *, actor: User, at: datetime) -> None:
    """A new foreman takes the site over: a new cycle, inspections counted from 1 again. Raises Invalid by field."""
    _check_time(session, record, command.scheduled_at, at, is_first=False)
    if (why := penalties.no_orders(session, command.foreman, clock.today(at))) is not None:
        raise Invalid({"foreman": why})
    record.foreman, record.foreman_id = command.foreman, command.foreman.id
    _advance(session, record, Action.RESTART, command, actor, at)
    record.cycle, record.round_no = record.cycle + 1, 1
    record.scheduled_at, record.recheck_due_at = command.scheduled_at, None
    record.inspector = record.inspector or actor
    crew_id = _crew_of(session, command.foreman)
    apply(
        session, record.project, {"foreman_id": command.foreman.id, "crew_id": crew_id}, PROJECT_FIELDS, actor=actor, at=at
    )  # fmt: skip
    to_be_told(session, record, TELL_DATE, at)


PROJECT_FIELDS = {"foreman_id": link(L["foreman"], Party), "crew_id": link(N_("Crew"), Crew)}


def _crew_of(session: Session, foreman: Party) -> int | None:
    """The crew a foreman leads now; None: no one crew, so nobody can say whose works they are."""
    led = select(Crew.id).where(Crew.foreman_id == foreman.id, Crew.status == PartyStatus.ACTIVE)
    found = session.scalars(led.order_by(Crew.id).limit(2)).all()
    return found[0] if len(found) == 1 else None


def change_trades(session: Session, record: PreAcceptance, trades: Sequence[str], *, actor: User, at: datetime) -> None:
    """Say which trades the project has; an inspection that is being held keeps its lines."""
    steps.check_permission(actor, PROCESS.transition(State.LISTED, Action.SCHEDULE))
    if record.state not in OPEN:
        raise DomainError(N_("This pre-acceptance is over."))
    apply(session, record, {"trades": list(_trades(trades))}, FIELDS, actor=actor, at=at)


# ---------- People without a login ----------


def to_be_told(session: Session, record: PreAcceptance, title: Text, at: datetime) -> None:
    """Project manager, foreman or engineering are to be told of what holds now; what they should have been told is over."""
    end_tasks(session, record, title, actor=None, at=at, is_done=False)
    record.parties_told_at = None
    due = at + timedelta(hours=4)
    who = tasks.Responsible(record.inspector, None if record.inspector else Role.REVIEWER)
    names = "、".join((record.project_manager.name, record.foreman.name))
    tasks.open_task(session, TaskKind.TODO, title.message, record, due_at=due, at=at, who=who, detail=names)


def record_told(session: Session, record: PreAcceptance, *, actor: User, at: datetime) -> None:
    """They were told by telephone. Said twice it is said once."""
    steps.check_permission(actor, PROCESS.transition(State.LISTED, Action.SCHEDULE))
    if end_tasks(session, record, TELL_DATE, TELL_NOTICE, actor=actor, at=at, is_done=True):
        record.parties_told_at, record.updated_at, record.updated_by_id = at, at, actor.id
        changes = {"parties_told_at": [None, at]}
        events.record(
            session, events.EventKind.CHANGE, action="told", actor=actor, at=at, record=record, changes=changes
        )


TELL_NOTICE = N_("Give the rectification notice to foreman, project manager and engineering")


def end_tasks(
    session: Session, record: PreAcceptance, *titles: Text, actor: User | None, at: datetime, is_done: bool
) -> int:
    """End the open tasks of these titles; gives how many there were."""
    wanted = {title.message for title in titles}
    found = [task for task in tasks.open_of(session, record) if task.title in wanted]
    for task in found:
        if is_done:
            tasks.close(session, task, happened_at=at, at=at, actor=actor)
        else:
            tasks.cancel(session, task, at=at, actor=actor)
    return len(found)


# ---------- Parts ----------


def _schedule_due(session: Session, week_from: date, since: datetime, *, is_late: bool) -> datetime:
    """The first end of a schedule that is still to come and from which the entry can be scheduled."""
    monday = week_from + WEEK if is_late else week_from
    due = limits(session, monday)[1]
    while due <= since:
        monday += WEEK
        due = limits(session, monday)[1]
    return due


def _moment(session: Session, day: date, key: str) -> datetime:
    return clock.at_local(day, *divmod(parse_minute(settings.get(session, key)), 60))


def _check_time(
    session: Session, record: PreAcceptance, scheduled_at: datetime, at: datetime, *, is_first: bool = True
) -> None:
    day = clock.local(scheduled_at).date()
    if scheduled_at < at - steps.CLOCK_SLACK:
        raise Invalid({"scheduled_at": N_("This moment has passed.")})
    if scheduled_at - at > LONGEST_AHEAD:
        raise Invalid({"scheduled_at": N_("This day is too far ahead.")})
    if is_first and day < record.earliest_on:
        sentence = N_("It is for the week from %(day)s on; a late entry waits a week unless the manager admits it.")
        raise Invalid({"scheduled_at": sentence % {"day": record.earliest_on.isoformat()}})


def _trades(given: Sequence[str]) -> list[str]:
    return [trade.value for trade in CheckTrade if trade in given or trade in ALWAYS_ASKED]


def _said(entered: dict[str, Any]) -> dict[str, Any]:
    said = steps.said_of(entered)
    said.pop("trades", None)
    return said


def _advance(session: Session, record: PreAcceptance, action: str, command: Any, actor: User, at: datetime) -> None:
    session.flush()
    entered = steps.entered_of(command)
    steps.advance(session, record, action, actor=actor, at=at, entered=entered, said=steps.said_of(entered))


def may_inspect_now(record: PreAcceptance) -> bool:
    """Whether an inspection can be begun or gone on with."""
    return record.state in INSPECTED_FROM and record.absent is None
