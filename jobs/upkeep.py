"""The night's work: following the audit chain, clearing away what nobody needs any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import delete
from sqlalchemy.orm import Session

from jobs.outbox import Staged
from portal import clock, database, settings
from portal.db import session as present_session
from portal.db import transaction
from portal.files.store import Store
from portal.i18n import N_
from portal.models import passage
from portal.models.change import ChangeRun, RunState
from portal.models.document import PrintRun
from portal.models.export import Export
from portal.models.notice import NoticeLevel
from portal.models.outbox import ClientRequest, Outbox, OutboxState, Worker
from portal.services import exports, notices, prints
from portal.services.changes import runs
from portal.services.delivery import changed, close_slot
from portal.services.events import ChainReport, check_chain

BROKEN = N_("The audit log was tampered with: event %(number)s does not fit")

KEEP_WORK = timedelta(days=90)
KEEP_WORKERS = timedelta(days=1)
KEEP_DRAFTS = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SlotOf:
    """The slot a piece of nightly work belongs to."""

    schedule: str
    slot: str
    scope: str = ""


class AuditCheck(Staged):
    """Follow the whole chain; it takes long, so it reads beside everybody else and holds no lock."""

    limit_seconds = 1800

    def prepare(self, session: Session, **ids: Any) -> SlotOf:
        """Nothing to write before."""
        return SlotOf(**ids)

    def act(self, prepared: SlotOf) -> ChainReport:
        """Read every event."""
        return check_chain(present_session())

    def finish(self, session: Session, prepared: SlotOf, result: ChainReport) -> None:
        """Note the result; a broken chain is told to the managers."""
        at = clock.now()
        if not result.ok:
            for person in notices.audience(session, "managers", None):
                notices.notify(
                    session,
                    user=person,
                    key=f"audit:{prepared.slot}",
                    level=NoticeLevel.OVERDUE,
                    title=BROKEN,
                    params={"number": result.broken_at or 0},
                    link="/manager/audit",
                    at=at,
                )
        said = f"{result.checked}" if result.ok else (result.problem or "broken")
        close_slot(session, prepared.schedule, prepared.slot, prepared.scope, at=at, result=said)


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was removed from the store: how many files, and the exports and prints that had some of them."""

    files: int
    exports: list[int]
    prints: list[int]


class Cleanup(Staged):
    """Clear away done work, spent form keys, drafts and changes past taking back, workers long gone, expired exports and prints, files that were never finished.

    The index of texts is put together, and the database looks at its tables.
    """

    def prepare(self, session: Session, **ids: Any) -> SlotOf:
        """Nothing to write before."""
        return SlotOf(**ids)

    def act(self, prepared: SlotOf) -> Cleared:
        """Files left over from uploads that never ended, and those of expired exports and prints; the index of texts in one piece."""
        is_more = begin = True
        while is_more:  # a transaction each, so that nobody waits for the whole
            with transaction() as writing:
                is_more, begin = passage.put_together(writing, begin=begin), False
        store = Store.of(current_app.config["PORTAL"])
        gone, printed = (service.expired(present_session(), at=clock.now()) for service in (exports, prints))
        for sha256 in (contents := gone.contents | printed.contents):
            store.delete(sha256)
        return Cleared(store.sweep() + len(contents), gone.ids, printed.ids)

    def finish(self, session: Session, prepared: SlotOf, result: Cleared) -> None:
        """Rows whose time is over."""
        at = clock.now()
        keep_requests = timedelta(days=int(settings.get(session, "client_key_days")))
        gone = result.files
        for statement in (
            delete(Export).where(Export.id.in_(result.exports)),
            delete(PrintRun).where(PrintRun.id.in_(result.prints)),
            delete(Outbox).where(Outbox.state == OutboxState.DONE, Outbox.done_at < at - KEEP_WORK),
            delete(ChangeRun).where(ChangeRun.state == RunState.DRAFT, ChangeRun.requested_at < at - KEEP_DRAFTS),
            delete(ChangeRun).where(ChangeRun.id.in_(runs.expired(session, at=at))),
            delete(ClientRequest).where(ClientRequest.at < at - keep_requests),
            delete(Worker).where(Worker.seen_at < clock.machine_now() - KEEP_WORKERS),
        ):
            gone += changed(session, statement)
        database.look_at_tables(session.connection())
        close_slot(session, prepared.schedule, prepared.slot, prepared.scope, at=at, result=f"{gone}")


HANDLERS = {"audit_check": AuditCheck(), "cleanup": Cleanup()}
