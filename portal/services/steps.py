"""Carrying out a step of a process: one function checks, moves, starts and ends clocks, records and announces.

Announcements are outbox rows of kind `notify_step` with `record_kind`, `record_id`, `action`, `audiences`, `by_id`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import outbox
from portal.errors import ConditionsMissing, Invalid, NotPermitted
from portal.i18n import N_, Text, _
from portal.models.event import Event, EventKind
from portal.models.org import Department, Party, User
from portal.permissions import Role, may, who_may
from portal.processes.base import Deadline, Process, Transition
from portal.services import events, following, standing_in, tasks

CLOCK_SLACK = timedelta(minutes=2)
"""An entered moment may lie this far ahead of the server's clock: desks are not exact to the second."""


def advance(
    session: Session,
    record: Any,
    action: str,
    *,
    actor: User | None,
    at: datetime,
    entered: Mapping[str, Any],
    said: Mapping[str, Any] | None = None,
    acted_by: Party | None = None,
    round_no: int | None = None,
) -> Transition:
    """Take a step: the entered fields are already on the record, guards look at both.

    `said` is what the event keeps (default: what was entered), `round_no` the round that new clocks belong to.
    `actor` None: the portal itself, for automatic steps.
    Closes and opens clocks at the moment the step happened (`happened_field`), else at `at`. Raises
    TransitionNotAllowed, NotPermitted, ConditionsMissing, Invalid by field.
    """
    process = record.PROCESS
    before = record.state
    step: Transition = process.transition(before, action)
    check_permission(actor, step)
    _check_entered(step, entered, process.field_labels, at)
    if unmet := process.unmet(step, record, entered=True):
        raise ConditionsMissing([guard.label for guard in unmet])
    record.state, record.updated_at, record.updated_by_id = step.target, at, actor.id if actor else None
    happened = _happened(step, entered, at)
    _clocks(session, record, step, before, entered, happened, actor, at, round_no)
    _log(session, record, step, before, entered if said is None else said, actor, at, acted_by, happened)
    return step


def begin(
    session: Session, record: Any, action: str, *, actor: User | None, at: datetime, entered: Mapping[str, Any]
) -> Transition:
    """The step that makes a record: it is added with its first state, clocks start, people are told.

    `actor` None: the portal itself, where a rule asks for the record. Entered later than it happened (`happened_field`), its clocks start at that moment and the event keeps both times.
    """
    process = record.PROCESS
    step: Transition = process.transition(None, action)
    if actor is not None:
        check_permission(actor, step)
    _check_entered(step, entered, process.field_labels, at)
    if unmet := process.unmet(step, record, entered=True):
        raise ConditionsMissing([guard.label for guard in unmet])
    record.state = step.target
    record.created_at = record.updated_at = at
    record.created_by_id = record.updated_by_id = actor.id if actor else None
    session.add(record)
    session.flush()
    tasks.begun(session, record)
    happened = _happened(step, entered, at)
    _clocks(session, record, step, None, entered, happened, actor, at, None)
    _log(session, record, step, None, entered, actor, at, None, happened)
    return step


def check_possible(record: Any, action: str) -> None:
    """Raises Invalid with what is missing before a record can be made: the form says it and keeps what was typed."""
    step: Transition = record.PROCESS.transition(None, action)
    for guard in record.PROCESS.unmet(step, record, entered=True):
        raise Invalid({guard.code: N_("Missing: %(condition)s") % {"condition": guard.label}})


def entered_of(command: Any) -> dict[str, Any]:
    """The fields of a command as they were entered, records not unfolded."""
    return {name: getattr(command, name) for name in command.__dataclass_fields__}


def said_of(entered: Mapping[str, Any]) -> dict[str, Any]:
    """What an event keeps of entered fields: records by their name, empty values left out."""
    said = {}
    for name, value in entered.items():
        if value in (None, "", ()):
            continue
        said[name] = getattr(value, "name", None) or getattr(value, "number", None) or value
    return said


def announce(
    session: Session, record: Any, action: str, audiences: Sequence[str], *, actor: User | None, at: datetime
) -> None:
    """Have the audiences told, after the commit: `owner`, `managers`, `specialists`, `handlers`."""
    outbox.post(
        session,
        "notify_step",
        key=f"step:{record.KIND}:{record.id}:{action}:{'+'.join(audiences)}:{at.isoformat()}",
        at=at,
        made_by_id=actor.id if actor else None,
        record_kind=record.KIND,
        record_id=record.id,
        action=action,
        audiences=list(audiences),
        by_id=actor.id if actor else None,
    )


@dataclass(frozen=True, slots=True)
class ActionView:
    """A button: whether it may be pressed now, and if not, what is missing and who may."""

    action: str
    label: Text
    is_allowed: bool
    is_primary: bool
    reasons: tuple[str, ...]
    target: str


def actions(record: Any, person: User) -> list[ActionView]:
    """The buttons of a record for this person: possible steps, and impossible ones with the reason."""
    process = record.PROCESS
    found = []
    for step in process.steps_from(record.state):
        if step.automatic:
            continue
        reasons = [_("Missing: %(condition)s", condition=g.label) for g in process.unmet(step, record, entered=False)]
        if not may(person, step.permission):
            roles = "、".join(str(role.label) for role in who_may(step.permission))
            reasons.insert(0, _("Only: %(roles)s", roles=roles))
        found.append(ActionView(step.action, step.label, not reasons, step.primary, tuple(reasons), step.target))
    if not any(view.is_primary and view.is_allowed for view in found):
        return found
    first = next(view for view in found if view.is_primary and view.is_allowed)
    return [first, *(view for view in found if view is not first)]


@dataclass(frozen=True, slots=True)
class StatusItem:
    """One box of the status bar. `kind`: past, now, allowed, blocked, future; the last two say why not yet."""

    code: str
    label: Text
    kind: str
    action: str | None = None
    reasons: tuple[str, ...] = ()


def status_bar(session: Session, record: Any, person: User) -> list[StatusItem]:
    """The main line of the process with the place of the record in it; next states carry their action.

    Beside the main line only what the record went through lies behind it: what was signed without a pass never passed.
    """
    process = record.PROCESS
    line = [state for state in process.states if state.main_line or state.code == record.state]
    here = next(index for index, state in enumerate(line) if state.code == record.state)
    if not line[here].main_line and (been := _been_in(session, record)):
        line = [state for index, state in enumerate(line) if index >= here or state.code in been]
        here = next(index for index, state in enumerate(line) if state.code == record.state)
    ways = {view.target: view for view in reversed(actions(record, person))}
    roads = _roads(process, record.state)
    items = []
    for index, state in enumerate(line):
        way = ways.get(state.code)
        if index == here:
            items.append(StatusItem(state.code, state.label, "now"))
        elif index < here:
            items.append(StatusItem(state.code, state.label, "past"))
        elif way is None:
            reasons = _not_yet(process, record.state, roads.get(state.code), person)
            items.append(StatusItem(state.code, state.label, "future", reasons=reasons))
        else:
            kind = "allowed" if way.is_allowed else "blocked"
            items.append(StatusItem(state.code, state.label, kind, way.action, way.reasons))
    return items


def _been_in(session: Session, record: Any) -> set[str]:
    """The states that the history of a record names; none: it came as it is."""
    query = select(Event.data).where(
        Event.record_kind == record.KIND,
        Event.record_id == record.id,
        Event.kind.in_((EventKind.CREATED, EventKind.TRANSITION)),
    )
    return {str(code) for data in session.scalars(query) for code in (data.get("from"), data.get("to")) if code}


def _roads(process: Process, here: str) -> dict[str, tuple[Transition, ...]]:
    """The fewest steps to each state that can still be reached from here, along the main line where that leads there."""
    roads: dict[str, tuple[Transition, ...]] = {here: ()}
    for beside in (False, True):
        waiting = list(roads)
        for code in waiting:
            for step in process.steps_from(code):
                if step.target not in roads and (beside or process.state(step.target).main_line):
                    roads[step.target] = (*roads[code], step)
                    waiting.append(step.target)
    return roads


def _not_yet(process: Process, here: str, road: tuple[Transition, ...] | None, person: User) -> tuple[str, ...]:
    """Why a state further on cannot be entered from here: what comes first, and who may do that."""
    if road is None:
        return (_("Nothing leads there from “%(state)s”.", state=process.state(here).label),)
    first, *rest = road
    if not rest:
        return (_("Comes by itself: %(step)s", step=first.label),)
    reasons = [_("First: %(steps)s", steps=" → ".join(str(step.label) for step in road[:-1]))]
    if not first.automatic and not may(person, first.permission):
        roles = "、".join(str(role.label) for role in who_may(first.permission))
        reasons.append(_("Only: %(roles)s", roles=roles))
    return tuple(reasons)


def check_permission(actor: User | None, step: Transition) -> None:
    """Raises NotPermitted with the roles that may. The portal itself takes automatic steps only."""
    if actor is None and step.automatic:
        return
    if not may(actor, step.permission):
        roles = "、".join(str(role.label) for role in who_may(step.permission))
        raise NotPermitted(_("Your role may not do this. Who may: %(roles)s.", roles=roles))


def _check_entered(step: Transition, entered: Mapping[str, Any], labels: Mapping[str, Text], at: datetime) -> None:
    problems = {
        name: N_("Please fill in: %(field)s") % {"field": labels.get(name, name)}
        for name in step.required
        if entered.get(name) in (None, "")
    }
    happened = entered.get(step.happened_field) if step.happened_field else None
    if step.happened_field and isinstance(happened, datetime) and happened > at + CLOCK_SLACK:
        problems[step.happened_field] = N_("This moment lies in the future.")
    if problems:
        raise Invalid(problems)


def _happened(step: Transition, entered: Mapping[str, Any], at: datetime) -> datetime:
    moment = entered.get(step.happened_field) if step.happened_field else None
    return min(moment, at) if isinstance(moment, datetime) else at


def _clocks(
    session: Session,
    record: Any,
    step: Transition,
    before: str | None,
    entered: Mapping[str, Any],
    happened: datetime,
    actor: User | None,
    at: datetime,
    round_no: int | None,
) -> None:
    process = record.PROCESS
    running = tasks.open_of(session, record) if before is not None else []
    for task in running:
        clock = next((item for item in process.deadlines if item.code == task.code), None)
        if clock is None:
            continue
        if step.action in clock.met_on or (step.target in clock.met_by and step.action not in clock.not_met_by):
            tasks.close(session, task, happened_at=happened, at=at, actor=actor)
        elif step.target in clock.cancelled_by or clock in process.deadlines_started(step):
            tasks.cancel(session, task, at=at, actor=actor)
        elif step.target in clock.managers_in and (task.person_id, task.role) != (None, Role.MANAGER):
            tasks.hand_over(session, task, person=None, role=Role.MANAGER, at=at)
    for clock in process.deadlines_started(step):
        task = tasks.open_deadline(
            session,
            clock,
            record,
            start=_start(clock, entered, record, happened),
            at=at,
            who=record_responsible(record, clock),
            cap_start=getattr(record, clock.cap_field, None) if clock.cap_field else None,
            due_at=getattr(record, clock.due_field) if clock.due_field else None,
            round_no=round_no or getattr(record, "round_no", None) or 1,
        )
        if clock.due_field and step.target in clock.met_by and not step.sources:
            tasks.close(session, task, happened_at=happened, at=at, actor=actor)  # its date lay before: in time or late


def _start(clock: Deadline, entered: Mapping[str, Any], record: Any, happened: datetime) -> datetime:
    if clock.start_field is None:
        return happened
    start = entered.get(clock.start_field) or getattr(record, clock.start_field, None)
    return start if isinstance(start, datetime) else happened


def record_responsible(record: Any, clock: Deadline) -> tasks.Responsible:
    """Who does the work of a clock (the record's owner, else the role) and which department answers for it.

    Where only managers may take the next step it is theirs, also of a clock that runs already (`managers_in`, DL-29).
    """
    owner = getattr(record, "owner", None)
    role = None if owner else getattr(record, "OWNER_ROLE", "SPECIALIST")
    if clock.responsible == "managers" or record.state in clock.managers_in:
        return tasks.Responsible(role="MANAGER")
    if clock.responsible == "captain":
        return tasks.Responsible(record.captain, None if record.captain else "REPAIR_CAPTAIN")
    if clock.responsible == "inspectors":
        inspector = getattr(record, "inspector", None)
        return tasks.Responsible(inspector, None if inspector else "REVIEWER")
    if clock.responsible == "project_manager":
        return tasks.Responsible(owner, role, Department.ENGINEERING, record.project_manager_id)
    if clock.department is not None:
        return tasks.Responsible(role="SPECIALIST", department=clock.department)
    if clock.responsible == "department":
        lead = next((item for item in reversed(record.departments) if not item.replaced_at), None)
        if lead is not None:
            return tasks.Responsible(owner, role, lead.department, lead.head_id)
    return tasks.Responsible(owner, role)


def _data(before: str | None, after: str, said: Mapping[str, Any]) -> dict[str, Any]:
    return {"from": before, "to": after, "fields": dict(said)}


def _log(
    session: Session,
    record: Any,
    step: Transition,
    before: str | None,
    entered: Mapping[str, Any],
    actor: User | None,
    at: datetime,
    acted_by: Party | None,
    happened: datetime,
) -> None:
    said = _data(before, step.target, {name: value for name, value in entered.items() if value not in (None, "")})
    if before and (stood_for := standing_in.whom(session, actor, record, step.permission)):
        said["stood_for"] = stood_for
    events.record(
        session,
        EventKind.TRANSITION if before else EventKind.CREATED,
        action=step.action,
        actor=actor,
        at=at,
        record=record,
        acted_by=acted_by,
        acted_at=happened if happened != at else None,
        **said,
    )
    if step.notify or (before and not tasks.is_begun(session, record) and following.of_record(session, record)):
        announce(session, record, step.action, step.notify, actor=actor, at=at)
