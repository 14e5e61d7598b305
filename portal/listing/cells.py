"""How values stand in the cells of a list, and the look-ups that several lists share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple, cast

from markupsafe import Markup, escape
from sqlalchemy import Date, and_, func, literal, select, type_coerce
from sqlalchemy.orm import Session, aliased

from portal import formatting, visibility
from portal.chips import FAR, changes
from portal.db import UtcDateTime
from portal.i18n import N_, Text
from portal.listing.declaration import Asked, Choice, Column, Condition, Filter, Moments, Way
from portal.models.customer import Customer
from portal.models.org import Branch, User
from portal.models.project import Project
from portal.models.task import Task
from portal.permissions import Role
from portal.prepared import Prepared
from portal.processes.base import Process

FAR_AWAY = literal(FAR, UtcDateTime())
"""Sorts what has no limit behind everything that has one."""


@dataclass(frozen=True, slots=True)
class Title:
    """The first cell: what the link says, and what stands behind it."""

    main: str
    sub: str = ""
    grade: str = ""


class Due(NamedTuple):
    """The clock of a row: what the chip shows."""

    view: formatting.ClockView
    code: str
    until: datetime
    """From then on it says something else."""


def title(main: str | None, grade: str | None = None, *address: str | None) -> Title:
    """Who the row is about; grade A is marked, the home stands behind the name."""
    return Title(main or formatting.DASH, home(*address), "A" if grade == "A" else "")


def text(value: Any) -> str:
    """A text, or nothing."""
    return "" if value is None else str(value)


def money(value: Decimal | None) -> str:
    """An amount in yuan."""
    return formatting.money(value)


def day(value: date | None) -> str:
    """A date in full, or nothing."""
    return "" if value is None else formatting.full_date(value)


def moment(value: datetime | None) -> Markup | str:
    """A moment as staff say it, with the full time as its title where that says more than the year."""
    if value is None:
        return ""
    full, short = formatting.stamp(value), formatting.moment(value)
    return short if full.endswith(short) else Markup('<span title="{}">{}</span>').format(full, short)


def phone(value: str | None) -> str:
    """A phone number, masked as everywhere outside the record one works on."""
    return formatting.phone_mask(value) if value else ""


def yes(label: Text) -> Any:
    """Shows the label for true and nothing for false."""
    return lambda value: str(label) if value else ""


def state_of(process: Process) -> Any:
    """Shows the label of a state of the process."""
    labels = {state.code: state.label for state in process.states}
    return lambda value: str(labels[value]) if value in labels else text(value)


def role(value: str | None) -> str:
    """A role as people call it."""
    return str(Role(value).label) if value else ""


def unasked(column: Any, sql_type: Any) -> Any:
    """A column that is shown but is nothing to ask about, as an inner number: no field follows from it."""
    return type_coerce(column, sql_type).label(f"shown_{column.key}")


def joined(values: Iterable[str]) -> Markup:
    """Several short facts in one cell."""
    return Markup("、").join(escape(value) for value in values)


def by_day(column: Any) -> dict[str, Any]:
    """How a column sorts by a day that not every row has, by an index that begins with it: what has none stands last."""
    none = literal(date.max, Date())
    ways = (Way(column, column.is_not(None)), Way(none, column.is_(None)))
    return {"sort": func.coalesce(column, none, type_=Date()), "ways": ways}


# ---------- Clocks ----------


def open_tasks(kind: str, model: Any) -> Condition:
    """The tasks on a row of the model that are not done."""
    return and_(Task.record_kind == kind, Task.record_id == model.id, Task.closed_at.is_(None))


@dataclass(frozen=True, slots=True)
class Clock:
    """The first open task of each row of a list: what is joined, the column with the time left, and the field that asks
    when it runs out."""

    join: tuple[Any, Any]
    column: Column
    asked: Asked


def clock(kind: str, model: Any, label: Text) -> Clock:
    """The clock of the records of a kind; sorting by it puts the most urgent first, what has none last."""
    first = aliased(Task)
    by_urgency = (Task.due_at.asc().nulls_last(), Task.id)
    ours = select(Task.id).where(open_tasks(kind, model)).order_by(*by_urgency).limit(1)
    number = ours.correlate(model.__table__).scalar_subquery()

    def is_running(task: Any) -> Any:
        theirs = select(Task.id).where(
            Task.record_kind == kind, Task.record_id == task.record_id, Task.closed_at.is_(None)
        )
        is_first = task.id == theirs.order_by(*by_urgency).limit(1).correlate(task).scalar_subquery()
        return and_(task.record_kind == kind, task.closed_at.is_(None), task.due_at.is_not(None), is_first)

    running, also_first = is_running(first), aliased(Task)
    runs = select(Task.id).where(open_tasks(kind, model), Task.due_at.is_not(None)).correlate(model.__table__).exists()
    values = (first.code, first.started_at, first.due_at, first.warn_at, first.closed_at, first.outcome)
    sort = func.coalesce(first.due_at, FAR_AWAY, type_=UtcDateTime())
    ways = (Way(first.due_at, running, first.record_id), Way(FAR_AWAY, ~runs))
    column = Column("due", label, values, due, "cell-due", sort=sort, ways=ways, moves=True)
    asked = Asked("due", label, also_first.due_at, select(also_first.record_id).where(is_running(also_first)))
    return Clock((first, first.id == number), column, asked)


def due(*task: Any) -> Due | str:
    """The chip of a task; nothing where no task is open."""
    found = dict(zip(("code", "started_at", "due_at", "warn_at", "closed_at", "outcome"), task, strict=True))
    if found["started_at"] is None:
        return ""
    at = formatting.page_moment()
    until = changes(found["due_at"], found["started_at"], found["warn_at"], found["closed_at"], at=at)
    return Due(formatting.clock_view(found, at), found["code"] or "", until)


def clock_filters(kind: str, model: Any, labels: Mapping[str, Text]) -> tuple[Filter, ...]:
    """Late, due today, due within 24 hours: by the open tasks of a row. Labels by key: overdue, today, soon."""

    def any_task(*conditions: Any) -> Condition:
        rows = select(Task.record_id).where(Task.record_kind == kind, Task.closed_at.is_(None), *conditions)
        return cast(Condition, model.id.in_(rows))

    def overdue(now: Moments) -> Condition:
        return any_task(Task.due_at < now.at)

    def today(now: Moments) -> Condition:
        return any_task(Task.due_at >= now.day_from, Task.due_at < now.day_until)

    def soon(now: Moments) -> Condition:
        return any_task(Task.due_at >= now.at, Task.due_at < now.soon_until)

    found = {"overdue": overdue, "today": today, "soon": soon}
    return tuple(Filter(key, label, found[key], "clock") for key, label in labels.items())


# ---------- Shared look-ups ----------


def home(*address: str | None) -> str:
    """A home in short, or nothing."""
    return formatting.short_address(*(part or "" for part in address)) if any(address) else ""


@cache
def _specialists(viewer: visibility.Placeholder) -> Prepared:
    query = select(User.id, User.name).where(User.role.in_([Role.SPECIALIST, Role.MANAGER]), User.disabled_at.is_(None))
    return Prepared(query.where(visibility.in_branch(User, viewer)).order_by(User.name))


def specialists(session: Session, user: User) -> list[tuple[Any, str]]:
    """Colleagues who can own cases, for filters and forms."""
    return _specialists(visibility.placeholder(user)).rows(session, visibility.parameters(user))


@cache
def _colleagues(viewer: visibility.Placeholder) -> Prepared:
    query = select(User.id, User.name).where(visibility.in_branch(User, viewer), User.disabled_at.is_(None))
    return Prepared(query.order_by(User.name, User.id))


def colleagues(session: Session, user: User) -> list[tuple[Any, str]]:
    """Everybody who may sign in, for filters by who did it."""
    return _colleagues(visibility.placeholder(user)).rows(session, visibility.parameters(user))


_STORES = Prepared(select(Branch.id, Branch.name).order_by(Branch.name))


def stores(session: Session, _user: User) -> list[tuple[Any, str]]:
    """The stores, for filters."""
    return _STORES.rows(session, {})


def customer_name(session: Session, user: User, key: int) -> str:
    """The name of a customer the person sees, for the chip of a list that shows one customer's records."""
    found = session.scalar(select(Customer.name).where(Customer.id == key, visibility.condition(user, Customer)))
    return found or formatting.DASH


def project_name(session: Session, user: User, key: int) -> str:
    """The number of a project the person sees, for the chip of a list that shows one project's records."""
    found = session.scalar(select(Project.number).where(Project.id == key, visibility.condition(user, Project)))
    return found or formatting.DASH


def of_project(column: Any) -> Choice:
    """The choice of one project, as the tabs of a project's page make it."""
    return Choice("project", N_("Project"), column, name_of=project_name)


def of_customer(column: Any) -> Choice:
    """The choice of one customer, as the buttons of a customer's page make it."""
    return Choice("customer", N_("Customer"), column, name_of=customer_name)
