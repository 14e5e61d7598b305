"""The inbox behind the bell: who is told of what, once. E-mail follows from it. Source: `domain.md` 7.2.

A notice is single per person and key, however often a job runs. Its title is an English message id with values; a
value that is itself a message id is kept as `{"text": …, "context": …}` and translated when shown.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.orm import Session

from portal import outbox, settings
from portal.i18n import Text, _
from portal.models.notice import Delivery, DeliveryState, Notice, NoticeLevel
from portal.models.org import User
from portal.models.task import Task, Topic
from portal.permissions import Role
from portal.services import assignment, following, record_kinds
from portal.services.delivery import changed, insert_once
from portal.visibility import Viewer

MAILED_LEVELS = frozenset({NoticeLevel.WARN, NoticeLevel.OVERDUE, NoticeLevel.ACTION})
"""Levels pressing enough for an e-mail of their own."""
STOOD_FOR = "stood_for"
"""The value of a notice that names whom somebody stands in for."""
COUNT_CEILING = 100
"""The bell says 99+ beyond."""


# Writing -------------------------------------------------------------------------------------------------------------


def notify(
    session: Session,
    *,
    user: User,
    key: str,
    level: str,
    title: Text | str,
    params: Mapping[str, Any],
    link: str,
    at: datetime,
    record: Any = None,
    task: Task | None = None,
    due_at: datetime | None = None,
) -> bool:
    """Tell one person one thing, once per key; by e-mail too where that is switched on. False: told before.

    `record`: any object with KIND and id. What is told of a record or task to somebody who is away is told to who stands
    in, too, with the name of whom it is for.
    """
    shown = {name: _kept(value) for name, value in params.items()}
    row = {
        "user_id": user.id,
        "key": key,
        "level": level,
        "title": title.message if isinstance(title, Text) else title,
        "params": shown,
        "link": link,
        "record_kind": record.KIND if record is not None else task.record_kind if task else None,
        "record_id": record.id if record is not None else task.record_id if task else None,
        "task_id": task.id if task else None,
        "due_at": due_at,
        "created_at": at,
    }
    if user.stand_in_id is not None and row["record_kind"] is not None:
        stand_in = session.get_one(User, user.stand_in_id)
        for_whom = {**row, "user_id": stand_in.id, "params": shown | {STOOD_FOR: user.name}}
        if insert_once(session, Notice, [for_whom]):
            _mail_too(session, stand_in, key, level, at)
    if not insert_once(session, Notice, [row]):
        return False
    _mail_too(session, user, key, level, at)
    return True


def _mail_too(session: Session, user: User, key: str, level: str, at: datetime) -> None:
    if level in MAILED_LEVELS and settings.get(session, "mail_each_notice"):
        notice_id = session.scalar(select(Notice.id).where(Notice.user_id == user.id, Notice.key == key))
        mail(session, user=user, key=f"notice:{notice_id}", notice_id=notice_id, at=at)


def mail(session: Session, *, user: User, key: str, notice_id: int | None, at: datetime) -> bool:
    """Have an e-mail sent to a person, once per key. False: no mail server, no address, or asked for before."""
    if not settings.get(session, "smtp_host") or not user.email or not user.is_active:
        return False
    sender = settings.get(session, "mail_from")
    row = {
        "key": key,
        "user_id": user.id,
        "notice_id": notice_id,
        "channel": "EMAIL",
        "state": DeliveryState.DUE,
        "message_id": f"<{secrets.token_hex(16)}@{sender.rpartition('@')[2] or 'portal'}>",
        "attempts": 0,
        "created_at": at,
    }
    if not insert_once(session, Delivery, [row]):
        return False
    delivery_id = session.scalar(select(Delivery.id).where(Delivery.key == key))
    outbox.post(session, "send_mail", key=f"mail:{delivery_id}", at=at, delivery_id=delivery_id)
    return True


def _kept(value: Any) -> Any:
    if isinstance(value, Text):
        return {"text": value.message, "context": value.context}
    return value


def sentence(title: str, params: Mapping[str, Any]) -> str:
    """The title of a notice in the present language."""
    values = {}
    for name, value in params.items():
        if isinstance(value, Mapping):
            text = value.get("text") or ""
            values[name] = str(Text(text, value.get("context"))) if text else ""
        else:
            values[name] = value
    said = _(title, **values)
    if stood_for := values.get(STOOD_FOR):
        return _("For %(name)s: %(sentence)s", name=stood_for, sentence=said)
    return said


# Audiences -----------------------------------------------------------------------------------------------------------


def audience(session: Session, name: str, record: Any) -> list[User]:
    """The people behind the name a process uses: owner, customer_owner, captain, captains, reviewers, inspectors, deciders, applicant, managers,
    specialists, readers, handlers, addressee, followers.

    Somebody who may not sign in any more is left out; a case without an owner turns to the specialist on duty.
    """
    branch_id = getattr(record, "branch_id", None)
    match name:
        case "managers":
            return assignment.managers(session, branch_id)
        case "specialists":
            return on_duty(session, branch_id)
        case "owner":
            owner = getattr(record, "owner", None) or getattr(record, "submitted_by", None)
            return [owner] if owner is not None and owner.is_active else on_duty(session, branch_id)
        case "deciders":
            step = record.present
            decider = step.user if step is not None else None
            return [decider] if decider is not None else assignment.managers(session, branch_id)
        case "inspectors":
            inspector = getattr(record, "inspector", None)
            if inspector is not None and inspector.is_active:
                return [inspector]
            return _active(session, _of_role(Role.REVIEWER, branch_id))
        case "applicant":
            asked = record.applicant_user
            return [asked] if asked is not None and asked.is_active else []
        case "captain":
            return [record.captain] if record.captain is not None and record.captain.is_active else []
        case "captains":
            return _active(session, _of_role(Role.REPAIR_CAPTAIN, branch_id))
        case "reviewers":
            owner = getattr(record, "owner", None)
            return (
                [owner]
                if owner is not None and owner.is_active
                else _active(session, _of_role(Role.REVIEWER, branch_id))
            )
        case "customer_owner":
            customer = getattr(record, "customer", None)
            owner = customer.owner if customer is not None else None
            return [owner] if owner is not None and owner.is_active else on_duty(session, branch_id)
        case "addressee":
            addressee = getattr(record, "message_to", None)
            return [addressee] if addressee is not None and addressee.is_active else []
        case "readers":
            return list(session.scalars(record_kinds.who_sees(record).order_by(User.id)))
        case "handlers":
            ids = select(Task.person_id).where(
                Task.record_kind == record.KIND, Task.record_id == record.id, Task.closed_at.is_(None)
            )
            return _active(session, User.id.in_(ids))
        case "followers":
            wanting = [person.id for person in following.told_of(session, record, Topic.STEPS)]
            if not wanting:
                return []
            seeing = record_kinds.who_sees(record).where(User.id.in_(wanting))
            return list(session.scalars(seeing.order_by(User.id)))
    raise ValueError(f"unknown audience {name!r}")


def on_duty(session: Session, branch_id: int | None) -> list[User]:
    """The specialists on duty for a branch who are there; all who are there when nobody is on duty."""
    everybody = assignment.specialists(session, branch_id)
    there = [user for user in everybody if user.stand_in_id is None] or everybody
    return [user for user in there if user.is_on_duty] or there


def handlers_of(session: Session, task: Task) -> list[User]:
    """Whose turn a task is: the person, else everybody of the role in the branch."""
    if task.person_id is not None:
        person = session.get(User, task.person_id)
        if person is not None and person.is_active:
            return [person]
    if task.role == Role.SPECIALIST or task.role is None:
        return on_duty(session, task.branch_id)
    return _active(session, _of_role(task.role, task.branch_id))


def _of_role(role: str, branch_id: int | None) -> ColumnElement[bool]:
    """People of a role who see a branch."""
    of_role: ColumnElement[bool] = User.role == role
    if branch_id is None:
        return of_role
    return of_role & or_(User.branch_id.is_(None), User.branch_id == branch_id)


def _active(session: Session, condition: ColumnElement[bool]) -> list[User]:
    return list(session.scalars(select(User).where(User.disabled_at.is_(None), condition).order_by(User.id)))


def distinct(people: Iterable[User], *, but: int | None = None) -> list[User]:
    """Each person once, without the one who did it."""
    return list({person.id: person for person in people if person.id != but}.values())


# Reading -------------------------------------------------------------------------------------------------------------


def unread(viewer: Viewer) -> Select[Any]:
    """The numbers of the unread notices, up to COUNT_CEILING, over an index."""
    return select(Notice.id).where(Notice.user_id == viewer.id, Notice.read_at.is_(None)).limit(COUNT_CEILING)


def unread_count(session: Session, user: User) -> int:
    """How many notices are unread, up to COUNT_CEILING."""
    return session.scalar(select(func.count()).select_from(unread(user).subquery())) or 0


def find(session: Session, user: User, notice_id: int) -> Notice | None:
    """One of the person's own notices."""
    return session.scalars(select(Notice).where(Notice.user_id == user.id, Notice.id == notice_id)).one_or_none()


def by_key(session: Session, user: User, key: str) -> Notice | None:
    """The person's own notice of that key."""
    return session.scalars(select(Notice).where(Notice.user_id == user.id, Notice.key == key)).one_or_none()


def mark_read(session: Session, user: User, *, at: datetime, notice_id: int | None = None) -> int:
    """Mark one notice, or all of the person, as read. Gives how many were unread; doing it again changes nothing."""
    unread = update(Notice).where(Notice.user_id == user.id, Notice.read_at.is_(None))
    if notice_id is not None:
        unread = unread.where(Notice.id == notice_id)
    return changed(session, unread.values(read_at=at))
