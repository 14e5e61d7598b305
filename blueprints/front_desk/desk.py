"""The column beside the desk's form: the log of today, calls to return, what customers wait for, visitors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select

from portal import formatting
from portal.db import session
from portal.i18n import _
from portal.listing import cells
from portal.models.complaint import Complaint
from portal.models.consultation import Channel, Consultation, Matter
from portal.models.org import User
from portal.models.task import Task, TaskKind
from portal.processes.consultation import PROCESS, State
from portal.services import consultations, desk

LOG_LINES = 12
TASK_LINES = 3


@dataclass(frozen=True, slots=True)
class Day:
    """What the side column shows; counts are of all, lists of the first ones."""

    log: list[dict[str, Any]]
    log_count: int
    average: str
    calls: list[dict[str, Any]]
    calls_count: int
    waiting: list[dict[str, Any]]
    waiting_count: int
    visitors: list[Consultation]


def day(user: User, at: datetime) -> Day:
    """The desk's day at a moment."""
    count, average = desk.figures_of_today(session(), user, at)
    calls = desk.calls_to_return(session(), user)
    promised = [(task, _waiting_line(task, contact, user)) for task, contact in desk.waiting_for(session(), user)]
    own = [(task, _own_line(task)) for task in desk.set_for(session(), user)]
    waiting = [line for _task, line in sorted([*promised, *own], key=lambda pair: pair[0].due_at or cells.FAR)]
    return Day(
        log=[log_line(contact, number) for contact, number in desk.log_of_today(session(), user, at, LOG_LINES)],
        log_count=count,
        average=_("%(seconds)s s on average", seconds=round(average)) if average is not None else "",
        calls=[_call_line(task, contact) for task, contact in calls[:TASK_LINES]],
        calls_count=len(calls),
        waiting=waiting[:TASK_LINES],
        waiting_count=len(waiting),
        visitors=desk.in_house(session(), user, at),
    )


def rows(query: Select[Consultation], limit: int | None = None) -> list[tuple[Consultation, str | None]]:
    """Contacts with the number of the complaint that came of each."""
    joined = query.add_columns(Complaint.number).outerjoin(Complaint, Complaint.id == Consultation.complaint_id)
    return [(contact, number) for contact, number in session().execute(joined.limit(limit))]


def log_line(contact: Consultation, complaint_number: str | None) -> dict[str, Any]:
    """A contact as a line of the log: time, name, matter, what became of it."""
    matter = Channel.show(contact.channel) if contact.channel == Channel.VISIT else Matter.show(contact.kind)
    what = contact.question.splitlines()[0] if contact.question else ""
    is_settled = not contact.needs_call_back and (contact.state != State.LOGGED or _is_passed_on(contact))
    result = outcome(contact)
    return {
        "time": formatting.stamp(contact.occurred_at)[-5:],
        "title": contact.name,
        "note": matter,
        "detail": f"{what} · {complaint_number}" if complaint_number else what,
        "url": f"/records/consultations/{contact.number}",
        "done": result if is_settled else "",
        "tag": "" if is_settled else result,
    }


def outcome(contact: Consultation) -> str:
    """What became of a contact, in a word."""
    if contact.needs_call_back:
        return _("To call back")
    if contact.state == State.LOGGED and _is_passed_on(contact):
        return _("Passed on")
    if contact.state == State.LOGGED and contact.kind == Matter.COMPLAINT:
        return _("F-16 to write")
    return str(PROCESS.state(contact.state).label)


def _is_passed_on(contact: Consultation) -> bool:
    """Whether somebody else has it although no department was asked."""
    is_given = contact.kind in consultations.SEEN_TO or contact.message_to_id is not None
    return is_given or contact.complaint_id is not None


def _call_line(task: Task, contact: desk.Contact) -> dict[str, Any]:
    return {
        "title": contact.name,
        "note": formatting.phone_mask(contact.phone),
        "detail": f"{formatting.moment(contact.occurred_at)} · {contact.question.splitlines()[0]}",
        "url": f"/records/consultations/{contact.number}",
        "task": task,
    }


def _own_line(task: Task) -> dict[str, Any]:
    """A task that was set by hand, on whichever record."""
    return {
        "title": task.customer_name or task.record_number,
        "note": task.title,
        "detail": " · ".join(part for part in (task.type_name, task.note) if part),
        "url": f"/records/{task.record_kind}/{task.record_number}",
        "task": task,
    }


def _waiting_line(task: Task, contact: desk.Contact, user: User) -> dict[str, Any]:
    what = task.title if task.kind == TaskKind.PROMISE else _(task.title)
    who = task.person.name if task.person and task.person_id != user.id else ""
    return {
        "title": contact.name,
        "note": what,
        "detail": " · ".join(part for part in (formatting.moment(contact.occurred_at), who, task.detail) if part),
        "url": f"/records/consultations/{contact.number}",
        "task": task,
    }
