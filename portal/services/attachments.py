"""Files of records: added, listed, put into the bin. Who sees the record sees its files, nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from portal.documents.building import attachments as of_record
from portal.documents.building import kind_label
from portal.errors import DomainError, Invalid, NotFound, NotPermitted
from portal.files.intake import FIELD, Accepted
from portal.i18n import N_
from portal.models.attachment import Attachment, StoredFile
from portal.models.event import EventKind
from portal.models.org import User
from portal.permissions import Permission, Role, may
from portal.prepared import Prepared
from portal.services import events, record_kinds

__all__ = ["KINDS", "Added", "add", "count", "find", "kind_label", "of_record", "refuse_closed", "remove", "room"]

MOST_PER_RECORD = 30
KINDS = ("FILE", "PHOTO", "EVIDENCE", "SIGNATURE")
TOO_MANY = N_("A record holds at most 30 files. Remove one that is not needed.")
CLOSED = N_("The case is closed; files can no longer be added.")
ALWAYS_OPEN = {"contracts", "escalations"}
"""Kinds that take files after their last state: papers of a contract come for years."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of an upload; `is_new` False: the record had this very file already."""

    attachment: Attachment
    is_new: bool


_COUNT = Prepared(
    select(func.count())
    .select_from(Attachment)
    .where(Attachment.record_kind == bindparam("kind"), Attachment.record_id == bindparam("id"))
    .where(Attachment.removed_at.is_(None))
)


def count(session: Session, record: Any) -> int:
    """How many files a record has, for its paperclip."""
    session.flush()
    return int(_COUNT.scalar(session, {"kind": record.KIND, "id": record.id}))


def room(session: Session, record: Any) -> int:
    """How many more files the record takes."""
    return max(0, MOST_PER_RECORD - count(session, record))


def is_closed(record: Any) -> bool:
    """Whether the case is closed and takes no more files."""
    process = getattr(record, "PROCESS", None)
    return process is not None and record.KIND not in ALWAYS_OPEN and bool(process.state(record.state).final)


def refuse_closed(record: Any) -> None:
    """Raises DomainError when the case is closed and takes no more files. Check before a file is read."""
    if is_closed(record):
        raise DomainError(CLOSED)


def add(session: Session, record: Any, accepted: Accepted, *, actor: User, at: datetime, kind: str = "FILE") -> Added:
    """Put a file that `files.intake.take` accepted on a record; the same file twice is there once.

    `kind` is one of KINDS; pictures without a kind are photos. Raises Invalid when the record is full, DomainError
    when its case is closed, NotPermitted by role.
    """
    if not may(actor, Permission.ATTACHMENT_ADD):
        raise NotPermitted(N_("Your role may not add files."))
    refuse_closed(record)
    twin = select(Attachment).join(StoredFile).where(*_live(record), StoredFile.sha256 == accepted.sha256)
    same = session.scalars(twin).first()
    if same is not None:
        return Added(same, False)
    if not room(session, record):
        raise Invalid({FIELD: TOO_MANY})
    kind = kind if kind in KINDS else "FILE"
    attachment = Attachment(
        record_kind=record.KIND,
        record_id=record.id,
        file=_stored(session, accepted, at),
        name=accepted.name,
        kind="PHOTO" if kind == "FILE" and accepted.mime.startswith("image/") else kind,
        uploaded_by_id=actor.id,
        uploaded_at=at,
    )
    session.add(attachment)
    session.flush()
    _note(session, "add", attachment, record, actor, at)
    return Added(attachment, True)


def find(session: Session, user: User, attachment_id: int) -> tuple[Attachment, Any]:
    """The file and its record, if the record exists for this person now. Raises NotFound, also for what is in the bin."""
    attachment = session.get(Attachment, attachment_id)
    if attachment is None or attachment.removed_at is not None:
        raise NotFound()
    return attachment, record_kinds.find(session, user, attachment.record_kind, record_id=attachment.record_id)


def may_remove(user: User, attachment: Attachment) -> bool:
    """Who added a file may take it away again, and the manager."""
    return user.role == Role.MANAGER or attachment.uploaded_by_id == user.id


def remove(session: Session, attachment: Attachment, record: Any, *, actor: User, at: datetime) -> None:
    """Put a file into the bin; its content stays, the timeline says who. Raises NotPermitted."""
    if not may_remove(actor, attachment):
        raise NotPermitted(N_("Only who added the file, or the manager, may remove it."))
    refuse_closed(record)
    attachment.removed_at, attachment.removed_by_id = at, actor.id
    _note(session, "remove", attachment, record, actor, at)


def _live(record: Any) -> tuple[Any, ...]:
    return (
        Attachment.record_kind == record.KIND,
        Attachment.record_id == record.id,
        Attachment.removed_at.is_(None),
    )


def _stored(session: Session, accepted: Accepted, at: datetime) -> StoredFile:
    file = session.scalars(select(StoredFile).where(StoredFile.sha256 == accepted.sha256)).one_or_none()
    if file is None:
        file = StoredFile(
            sha256=accepted.sha256,
            size=accepted.size,
            mime=accepted.mime,
            width=accepted.width,
            height=accepted.height,
            thumbnail_sha256=accepted.thumbnail_sha256,
            created_at=at,
        )
        session.add(file)
        session.flush()
    return file


def _note(session: Session, action: str, attachment: Attachment, record: Any, actor: User, at: datetime) -> None:
    events.record(
        session, EventKind.FILE, action=action, actor=actor, at=at, record=record,
        attachment=attachment.id, name=attachment.name, file_kind=attachment.kind,
    )  # fmt: skip
