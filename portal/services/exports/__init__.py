"""Lists taken out as files: asked for, made by the pdf worker, handed out, cleared away. Rights: `domain.md` 7.1.

A file holds what the list shows to the person who asked, in its order. Managers export; specialists do once the manager
switches it on, and always with masked phones. Everything is an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from portal import outbox, settings
from portal.errors import DomainError, Invalid, Message, NotFound, NotPermitted
from portal.exporting import reading
from portal.exporting.fields import Field, fields
from portal.i18n import N_, Text, _
from portal.listing.declaration import Listing
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.attachment import content_columns
from portal.models.event import EventKind
from portal.models.export import Export, ExportFormat, ExportState
from portal.models.notice import NoticeLevel
from portal.models.org import User
from portal.permissions import Permission, may
from portal.services import events, notices
from portal.services.delivery import changed
from portal.visibility import visible_to

P = Permission
OUTBOX_KIND = "make_export"
WAITING = (ExportState.QUEUED, ExportState.WORKING)
AT_ONCE = 3
"""Unfinished exports of one person."""
TOLD_FROM = 5_000
"""With so many rows nobody waits before the page: a notice says that the file is there."""

READY = N_("Your export is ready: %(list)s, %(rows)s rows")
NO_LONGER_YOURS = N_("The person who asked for it may no longer export this list.")
BROKEN = N_("The file could not be made. The manager was told; try again later.")
TOO_MANY = N_("This list has more than %(most)s rows, and one file takes no more. Narrow the list with a filter first.")
SWITCHED_OFF = N_("The manager has not opened exports to specialists.")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be taken out."""

    listing: Listing
    state: State
    words: str
    columns: tuple[str, ...]
    format: str
    full_phones: bool = False
    purpose: str = ""
    record_ids: tuple[int, ...] | None = None
    """The chosen rows by their inner numbers; None: every row the list shows."""


def may_export(session: Session, user: User, listing: Listing | None = None) -> bool:
    """Whether the person may take lists out, and this one if it is given."""
    if listing is not None and not may(user, listing.permission):
        return False
    if may(user, P.EXPORT):
        return True
    return may(user, P.EXPORT_RUN) and bool(settings.get(session, "export_specialists"))


def may_unmask(user: User) -> bool:
    """Whether the person may take out full phone numbers: who exports by right and sees them by right."""
    return may(user, P.EXPORT) and may(user, P.CUSTOMER_UNMASK)


def listing_for(session: Session, user: User, kind: str) -> Listing:
    """The list to take out. Raises NotFound for an unknown one, NotPermitted."""
    listing = LISTINGS.get(kind)
    if listing is None:
        raise NotFound()
    if not may(user, listing.permission):
        raise NotPermitted(N_("Your role does not see this list."))
    if not may_export(session, user):
        raise NotPermitted(SWITCHED_OFF)
    return listing


def begin(session: Session, wanted: Wanted, *, actor: User, locale: str, at: datetime) -> Export:
    """Ask for a file. Raises Invalid with sentences at the fields, NotPermitted, DomainError when too much is under way."""
    listing_for(session, actor, wanted.listing.kind)
    columns = chosen(wanted.listing.kind, wanted.columns)
    wrong = _problems(session, wanted, columns, actor, at)
    if wrong:
        raise Invalid(wrong)
    unfinished = select(func.count(Export.id)).where(Export.requested_by_id == actor.id, Export.state.in_(WAITING))
    if (session.scalar(unfinished) or 0) >= AT_ONCE:
        raise DomainError(
            N_("Three of your exports are still being made. Wait for one of them, or stop it."), status=429
        )
    export = Export(
        kind=wanted.listing.kind,
        query=wanted.state.without_place().query(),
        record_ids=list(wanted.record_ids) if wanted.record_ids is not None else None,
        words=wanted.words,
        columns=[each.key for each in columns],
        format=wanted.format,
        full_phones=wanted.full_phones,
        purpose=wanted.purpose[:200] or None if wanted.full_phones else None,
        locale=locale,
        state=ExportState.QUEUED,
        requested_by_id=actor.id,
        requested_at=at,
        rows_done=0,
        rows_total=0,
    )
    session.add(export)
    session.flush()
    _have_made(session, export, actor=actor, at=at)
    return export


def chosen(kind: str, keys: Sequence[str]) -> list[Field]:
    """The columns of these keys, in the order of the file; what is not known is left out."""
    return [each for key, each in fields(kind).items() if key in keys]


def _problems(session: Session, wanted: Wanted, columns: list[Field], actor: User, at: datetime) -> dict[str, Message]:
    wrong: dict[str, Message] = {}
    if not columns:
        wrong["columns"] = N_("Choose at least one column.")
    if wanted.format not in set(ExportFormat):
        wrong["format"] = N_("Choose one of the formats.")
    if wanted.full_phones and not may_unmask(actor):
        wrong["full_phones"] = N_("Your role takes out phone numbers masked.")
    elif wanted.full_phones and not wanted.purpose.strip():
        wrong["purpose"] = N_("Say what you need the full numbers for.")
    most = settings.get(session, "export_max_rows")
    if wanted.record_ids is not None:
        if len(wanted.record_ids) > most:
            wrong[""] = too_many(most)
    elif reading.count(session, actor, wanted.listing, wanted.state, at=at, most=most) > most:
        wrong[""] = too_many(most)
    return wrong


def too_many(most: int) -> Text:
    """The sentence about the cap."""
    return TOO_MANY % {"most": f"{most:,}"}


def _have_made(session: Session, export: Export, *, actor: User, at: datetime) -> None:
    key = f"export:{export.id}:{at.isoformat()}"
    outbox.post(session, OUTBOX_KIND, key=key, at=at, queue="pdf", made_by_id=actor.id, export_id=export.id)


# ---------- What became of it ----------


def find(session: Session, user: User, export_id: int, *, at: datetime) -> Export:
    """The export, if it is the person's to see. Raises NotFound; what expired is gone."""
    export = session.scalars(visible_to(user, Export).where(Export.id == export_id)).one_or_none()
    if export is None or export.kind not in LISTINGS or not may_export(session, user, LISTINGS[export.kind]):
        raise NotFound()
    if export.expires_at is not None and export.expires_at <= at:
        raise NotFound()
    return export


def stop(session: Session, export: Export) -> None:
    """Stop one that is not finished; the worker leaves it at the next thousand rows."""
    changed(
        session,
        update(Export).where(Export.id == export.id, Export.state.in_(WAITING)).values(state=ExportState.STOPPED),
    )


def retry(session: Session, export: Export, *, actor: User, at: datetime) -> None:
    """Have a failed or stopped one made anew; one that is on its way or ready is left alone."""
    if export.state not in (ExportState.FAILED, ExportState.STOPPED):
        return
    export.state, export.error, export.rows_done = ExportState.QUEUED, None, 0
    if export.sha256 is None:  # else the file was whole already and is given out as it is
        export.as_of = None
    _have_made(session, export, actor=actor, at=at)


def handed_out(session: Session, export: Export, *, actor: User, at: datetime) -> None:
    """Note that the file left the portal, and with whom."""
    events.record(
        session, EventKind.EXPORT, action="export-taken", actor=actor, at=at, export=export.id, name=summary(export),
        sha256=export.sha256,
    )  # fmt: skip


def summary(export: Export) -> str:
    """List, filter and size in one line, in the language in which it was asked for."""
    parts = [export.words, _("%(rows)s rows", rows=f"{export.rows_total:,}"), ExportFormat.show(export.format)]
    if export.full_phones:
        parts.append(_("full phone numbers"))
    if export.purpose:
        parts.append(export.purpose)
    return " · ".join(parts)


def missing(export: Export) -> int:
    """How many of the chosen rows are not in the finished file: gone, or no longer the person's to see."""
    if export.record_ids is None or export.state != ExportState.READY:
        return 0
    return len(export.record_ids) - export.rows_total


def error_text(export: Export) -> str:
    """Why there is no file, in the present language."""
    if not export.error:
        return ""
    message, values = export.error["message"], export.error["values"]
    return _(message, **values)


# ---------- For the worker ----------


@dataclass(frozen=True, slots=True)
class Order:
    """What the worker is to make."""

    export_id: int
    kind: str
    query: str
    record_ids: tuple[int, ...] | None
    words: str
    columns: tuple[str, ...]
    format: str
    full_phones: bool
    locale: str
    person_id: int
    person: str
    as_of: datetime
    most: int
    sha256: str | None
    """Named by a run that died: its content may be kept already."""


def take_up(session: Session, export_id: int, *, at: datetime) -> Order | None:
    """Begin, or begin again after a death: the file shows the list as of the first time. None: nothing to do."""
    export = session.get(Export, export_id)
    if export is None or export.state not in WAITING:
        return None
    person = export.requested_by
    listing = LISTINGS.get(export.kind)
    barred = listing is None or not person.is_active or not may_export(session, person, listing)
    if barred or (export.full_phones and not may_unmask(person)):
        failed(export, NO_LONGER_YOURS, at=at)
        return None
    export.state, export.as_of = ExportState.WORKING, export.as_of or at
    return Order(
        export.id, export.kind, export.query, None if export.record_ids is None else tuple(export.record_ids),
        export.words, tuple(export.columns), export.format, export.full_phones, export.locale, person.id, person.name,
        export.as_of, settings.get(session, "export_max_rows"), export.sha256,
    )  # fmt: skip


def progress(session: Session, export_id: int, **values: Any) -> bool:
    """Write how far it has come. False: it was stopped."""
    working = (Export.id == export_id, Export.state == ExportState.WORKING)
    return changed(session, update(Export).where(*working).values(**values)) == 1


def made(session: Session, export_id: int, *, sha256: str, size: int, at: datetime) -> None:
    """Note the finished file; who does not wait before the page is told. One that was stopped stays stopped."""
    export = session.get_one(Export, export_id, populate_existing=True)
    if export.state != ExportState.WORKING:
        return
    export.state, export.finished_at, export.error = ExportState.READY, at, None
    export.sha256, export.size, export.rows_done = sha256, size, export.rows_total
    export.expires_at = at + timedelta(days=settings.get(session, "export_keep_days"))
    events.record(
        session, EventKind.EXPORT, action="export", actor=export.requested_by, at=at, export=export.id,
        name=summary(export), list=export.kind, query=export.query, filter=export.words, columns=export.columns,
        rows=export.rows_total, format=export.format, full_phones=export.full_phones, purpose=export.purpose,
        sha256=sha256, chosen=None if export.record_ids is None else len(export.record_ids),
    )  # fmt: skip
    if export.rows_total >= TOLD_FROM:
        notices.notify(
            session, user=export.requested_by, key=f"export:{export.id}:{at.isoformat()}", level=NoticeLevel.INFO,
            title=READY, params={"list": export.words, "rows": f"{export.rows_total:,}"},
            link=f"/records/exports/{export.id}", at=at,
        )  # fmt: skip


def failed(export: Export, message: Text, *, at: datetime) -> None:
    """Note why there is no file; the sentence is kept in English and shown translated."""
    export.state, export.finished_at = ExportState.FAILED, at
    export.error = {"message": message.message, "values": message.values}


# ---------- Clearing away ----------


@dataclass(frozen=True, slots=True)
class Expired:
    """Rows whose time is over, and the content that nothing else names."""

    ids: list[int]
    contents: set[str]


def expired(session: Session, *, at: datetime) -> Expired:
    """What the nightly clearing takes away: files first, then the rows; the events stay."""
    kept = timedelta(days=settings.get(session, "export_keep_days"))
    ended = and_(Export.state.in_((ExportState.FAILED, ExportState.STOPPED)), Export.requested_at <= at - kept)
    rows = session.execute(select(Export.id, Export.sha256).where(or_(Export.expires_at <= at, ended))).all()
    ids = [row.id for row in rows]
    return Expired(ids, unnamed(session, {row.sha256 for row in rows if row.sha256}, Export, ids))


def unnamed(session: Session, contents: set[str], model: Any, ids: Sequence[int]) -> set[str]:
    """Of these contents, those that nothing names but the rows of these numbers, which are to go."""
    for column in content_columns():
        used = select(column).where(column.in_(contents))
        if column.table is model.__table__:
            used = used.where(model.id.not_in(ids))
        contents = contents - set(session.scalars(used))
    return contents
