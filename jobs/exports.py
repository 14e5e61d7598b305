"""Making exports of lists, beside the printed forms so that no notice waits for them.

The file is named by its content and the row names it before it is kept: a worker that dies anywhere leaves a row that
the next one takes up again, and content that belongs to that row or to nothing at all.
"""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from flask import current_app
from sqlalchemy.orm import Session

from jobs.outbox import Staged
from portal import clock, faults, i18n
from portal.db import snapshot, transaction
from portal.exporting import reading
from portal.exporting.files import Commas, File, Workbook
from portal.files.store import Store, hash_of
from portal.formatting import stamp
from portal.i18n import Text, _, _p
from portal.listing import engine
from portal.listing.registry import LISTINGS
from portal.listing.state import from_args
from portal.models.export import Export, ExportFormat
from portal.models.org import User
from portal.services import exports
from portal.services.exports import Order

log = logging.getLogger("portal.exports")

FILES: dict[str, type[Workbook] | type[Commas]] = {ExportFormat.XLSX: Workbook, ExportFormat.CSV: Commas}


@dataclass(frozen=True, slots=True)
class Made:
    """A file in the store."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Trying again would end the same way; the sentence says why."""

    message: Text


class Stopped(Exception):
    """Somebody stopped it; what was written so far is thrown away."""


class MakeExport(Staged):
    """`make_export(export_id)`: read the list with the rights of who asked, write the file, keep it, note it."""

    limit_seconds = 1800

    def prepare(self, session: Session, **ids: Any) -> Order | None:
        """Read what is wanted. None: it is there already, was stopped, or may no longer be made."""
        return exports.take_up(session, ids["export_id"], at=clock.now())

    def act(self, prepared: Order) -> Made | Refused | None:
        """Write and keep the file."""
        store = Store.of(current_app.config["PORTAL"])
        if prepared.sha256 and store.has(prepared.sha256):
            return Made(prepared.sha256, store.size(prepared.sha256))
        with tempfile.TemporaryDirectory(dir=store.make_workspace()) as folder, i18n.use_locale(prepared.locale):
            path = Path(folder) / "export"
            try:
                refused = write(prepared, path)
                return refused or _kept(prepared, path, store)
            except Stopped:
                return None

    def finish(self, session: Session, prepared: Order, result: Made | Refused | None) -> None:
        """Note the file, or why there is none."""
        at = clock.now()
        if isinstance(result, Refused):
            exports.failed(session.get_one(Export, prepared.export_id), result.message, at=at)
        elif result is not None:
            with i18n.use_locale(prepared.locale):
                exports.made(session, prepared.export_id, sha256=result.sha256, size=result.size, at=at)

    def gave_up(self, session: Session, error: str, **ids: Any) -> None:
        """Say on the page that it failed."""
        export = session.get(Export, ids["export_id"])
        if export is not None and export.state in exports.WAITING:
            exports.failed(export, exports.BROKEN, at=clock.now())


def write(order: Order, path: Path) -> Refused | None:
    """Write the file, a thousand rows at a time, all of one moment. Refused: more rows than one file takes."""
    listing, at = LISTINGS[order.kind], order.as_of
    state, _problems = from_args(listing, dict(parse_qsl(order.query, keep_blank_values=True)))
    columns = exports.chosen(order.kind, order.columns)
    with snapshot() as session:
        person = session.get_one(User, order.person_id)
        if order.record_ids is None:
            total = reading.count(session, person, listing, state, at=at, most=order.most)
            chunks = reading.lines(session, person, listing, state, columns, at=at)
        else:
            numbers = engine.in_order(session, person, listing, state, order.record_ids, at=at)
            total, chunks = len(numbers), reading.lines_of(session, listing, columns, numbers, at=at)
        if total > order.most:
            return Refused(exports.too_many(order.most))
        _told(order, rows_total=total, rows_done=0)
        file: File = FILES[order.format](
            path, [str(each.label) for each in columns], full_phones=order.full_phones, title=str(listing.title),
            workspace=path.parent, at=at,
        )  # fmt: skip
        try:
            done = 0
            for chunk in chunks:
                for line in chunk:
                    file.add(line)
                done += len(chunk)
                _told(order, rows_done=done)
                faults.reach("K7")
            if done != total:
                raise RuntimeError(f"export {order.export_id}: {done} rows read, {total} counted")
        except BaseException:
            file.drop()
            raise
    file.finish(_about(order, total))
    return None


def _about(order: Order, rows: int) -> tuple[tuple[str, str], ...]:
    picked = () if order.record_ids is None else ((_p("export", "Chosen rows"), f"{len(order.record_ids):,}"),)
    return (
        (_("List"), order.words),
        *picked,
        (_("Rows"), f"{rows:,}"),
        (_("As of"), stamp(order.as_of)),
        (_("Exported by"), order.person),
        (_("Phone numbers"), _("in full") if order.full_phones else _("masked")),
    )


def _told(order: Order, **values: Any) -> None:
    with transaction() as session:
        if not exports.progress(session, order.export_id, **values):
            raise Stopped


def _kept(order: Order, path: Path, store: Store) -> Made:
    size = path.stat().st_size
    with path.open("rb") as file:
        _told(order, sha256=hash_of(file), size=size)
        file.seek(0)
        return Made(store.put(file), size)


HANDLERS: dict[str, Any] = {exports.OUTBOX_KIND: MakeExport()}
