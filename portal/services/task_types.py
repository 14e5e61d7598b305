"""Types of tasks (待办类型): what the company calls its work, how long it takes, what comes after it.

The manager keeps them. Chains end: a type never leads back to itself, so a task that is done sets at most one other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from portal.calendar import WorkCalendar
from portal.errors import Invalid, Message, NotFound, NotPermitted, Stale
from portal.i18n import N_, Text
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.task_type import Chaining, CountedFrom, DelayUnit, TaskType
from portal.permissions import Permission, Role, may
from portal.services import events
from portal.services.fields import Field

LONGEST_DELAY = {DelayUnit.HOURS: 24 * 365, DelayUnit.DAYS: 365 * 3, DelayUnit.WORKING_DAYS: 250 * 3}
ICONS: dict[str, Text] = {
    "checklist": N_("List", "icon"),
    "phone": N_("Telephone", "icon"),
    "home": N_("House", "icon"),
    "file-text": N_("Paper", "icon"),
    "bell": N_("Bell", "icon"),
    "calendar": N_("Calendar", "icon"),
    "send": N_("Letter", "icon"),
    "user": N_("Person", "icon"),
    "camera": N_("Camera", "icon"),
    "clock": N_("Clock", "icon"),
}
"""Pictures a type can have."""

FIELDS = {
    "name": Field(N_("Name", "task type")),
    "icon": Field(N_("Picture"), lambda icon: str(ICONS.get(icon, icon))),
    "summary": Field(N_("Usual title")),
    "whose": Field(
        N_("Usually whose turn"), lambda who: str(Role(who).label) if who in Role._value2member_map_ else who
    ),
    "delay": Field(N_("Due after"), lambda said: _delay(*said.split())),
    "chaining": Field(N_("When it is done"), Chaining.show),
    "next": Field(N_("What comes next")),
    "counted_from": Field(N_("The next is due, counted"), CountedFrom.show),
    "position": Field(N_("Place in the list")),
    "is_active": Field(N_("Can be chosen")),
}


@dataclass(frozen=True, slots=True)
class Details:
    """What the manager says about a type. `person_id` and `role` None: whoever sets it."""

    name: str
    icon: str = "checklist"
    summary: str | None = None
    person_id: int | None = None
    role: str | None = None
    delay: int = 1
    delay_unit: str = DelayUnit.WORKING_DAYS
    chaining: str = Chaining.NONE
    next_id: int | None = None
    counted_from: str = CountedFrom.COMPLETION
    position: int = 0
    is_active: bool = True


def every(session: Session) -> list[TaskType]:
    """All types in their order, with what comes next and whose turn it usually is."""
    loaded = (joinedload(TaskType.next), joinedload(TaskType.person))
    return list(session.scalars(select(TaskType).options(*loaded).order_by(TaskType.position, TaskType.id)))


def offered(session: Session) -> list[TaskType]:
    """The types that can be chosen, in their order."""
    return [each for each in every(session) if each.is_active]


def find(session: Session, type_id: int) -> TaskType:
    """One type. Raises NotFound."""
    found = session.get(TaskType, type_id)
    if found is None:
        raise NotFound()
    return found


def due(each: TaskType, start: datetime, calendar: WorkCalendar) -> datetime:
    """When a task of the type is due that begins to run at `start`; working days end as the calendar says."""
    match each.delay_unit:
        case DelayUnit.HOURS:
            return start + timedelta(hours=each.delay)
        case DelayUnit.DAYS:
            return start + timedelta(days=each.delay)
    return calendar.add_working_days(start, each.delay)


def delay_text(each: TaskType) -> str:
    """The delay as people say it: 3 个工作日."""
    return _delay(str(each.delay), each.delay_unit)


def _delay(amount: str, unit: str) -> str:
    return f"{amount} {DelayUnit.show(unit)}"


def add(session: Session, details: Details, *, actor: User, at: datetime) -> TaskType:
    """A new type. Raises Invalid by field, NotPermitted."""
    made = TaskType(is_default=False)
    _apply(session, made, details, actor)
    session.add(made)
    session.flush()
    _log(session, made, {name: [None, new] for name, new in said(made).items() if new not in (None, "")}, actor, at)
    return made


def change(session: Session, each: TaskType, details: Details, *, version: int, actor: User, at: datetime) -> bool:
    """Say something else of a type; False: nothing was different. Raises Invalid by field, Stale, NotPermitted."""
    if each.version != version:
        raise Stale()
    before = said(each)
    _apply(session, each, details, actor)
    session.flush()
    session.refresh(each)
    after = said(each)
    changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if changes:
        each.is_default = False
        _log(session, each, changes, actor, at)
    return bool(changes)


def said(each: TaskType) -> dict[str, Any]:
    """What is kept of a type in its history, in words of the record."""
    return {
        "name": each.name,
        "icon": each.icon,
        "summary": each.summary,
        "whose": each.person.name if each.person else each.role,
        "delay": f"{each.delay} {each.delay_unit}",
        "chaining": str(each.chaining),
        "next": each.next.name if each.next else None,
        "counted_from": str(each.counted_from),
        "position": each.position,
        "is_active": each.is_active,
    }


def _apply(session: Session, each: TaskType, details: Details, actor: User) -> None:
    if not may(actor, Permission.SETTING_EDIT):
        raise NotPermitted(N_("Only the manager changes the types of tasks."))
    others = [other for other in _locked(session) if other is not each]
    wrong = _problems(session, each, details, others)
    if wrong:
        raise Invalid(wrong)
    for name, value in asdict(details).items():
        setattr(each, name, value)
    if details.chaining == Chaining.NONE:
        each.next_id = None
    each.next = next((other for other in others if other.id == each.next_id), None)
    each.person = session.get(User, details.person_id) if details.person_id else None


def _locked(session: Session) -> list[TaskType]:
    """All types, held until the end of the transaction: two changes at once cannot close a circle."""
    return list(session.scalars(select(TaskType).order_by(TaskType.id).with_for_update()))


def _problems(session: Session, each: TaskType, details: Details, others: Sequence[TaskType]) -> dict[str, Message]:
    wrong: dict[str, Message] = {}
    by_id = {other.id: other for other in others}
    if any(other.name == details.name for other in others):
        wrong["name"] = N_("There is a type of this name already.")
    if details.icon not in ICONS:
        wrong["icon"] = N_("There is no such picture.")
    if not 0 < details.delay <= LONGEST_DELAY[DelayUnit(details.delay_unit)]:
        wrong["delay"] = N_("This delay is too long: at most three years.")
    if details.person_id is not None and session.get(User, details.person_id) is None:
        wrong["whose"] = N_("There is no such person.")
    if details.role is not None and details.role not in Role._value2member_map_:
        wrong["whose"] = N_("There is no such role.")
    if details.chaining != Chaining.NONE:
        following = by_id.get(details.next_id or 0)
        if details.next_id is None:
            wrong["next_id"] = N_("Say which type comes next.")
        elif details.next_id == each.id or _leads_to(following, each.id, by_id):
            wrong["next_id"] = N_("This chain would lead back to where it began.")
        elif following is None or not following.is_active:
            wrong["next_id"] = N_("This type cannot be chosen any more.")
    leading = [other.name for other in others if each.id and other.is_active and other.next_id == each.id]
    if not details.is_active and leading:
        wrong["is_active"] = N_("%(names)s leads here; change that first.") % {"names": "、".join(leading)}
    return wrong


def _leads_to(start: TaskType | None, wanted: int | None, by_id: dict[int, TaskType]) -> bool:
    """Whether a chain comes by a type."""
    met: set[int] = set()
    while wanted is not None and start is not None and start.id not in met:
        met.add(start.id)
        if start.next_id == wanted:
            return True
        start = by_id.get(start.next_id or 0)
    return False


def _log(session: Session, each: TaskType, changes: dict[str, list[Any]], actor: User, at: datetime) -> None:
    events.record(
        session,
        EventKind.SETTING,
        action="task-type",
        actor=actor,
        at=at,
        type=each.id,
        name=each.name,
        changes=changes,
    )
