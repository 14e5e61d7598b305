"""Work that follows from penalties and rewards: proposing by a rule, making criticism and praise known, telling of the end of a suspension.

Source: DL-22, `domain.md` 4.18, 7.2.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal import clock
from portal.i18n import N_, Text
from portal.models.notice import NoticeLevel
from portal.models.org import User
from portal.models.penalty import PenaltyEntry
from portal.models.reward import RewardEntry
from portal.paths import record_path
from portal.processes.penalty import SUSPENDS, State
from portal.processes.reward import Cause
from portal.services import notices, penalty_misses, record_kinds

CRITICISED = N_("Public criticism: %(person)s, %(offence)s")
TAKEN_BACK = N_("The public criticism of %(person)s was taken back: %(offence)s")
PRAISED = N_("Praise for %(person)s: %(offence)s")
SUSPENSION_ENDED = N_("The suspension of %(person)s has ended")


def propose_penalty(session: Session, *, task_id: int) -> None:
    """Propose the penalty for a missed clock; nothing when that was done before."""
    penalty_misses.propose_for_miss(session, task_id, at=clock.now())


def publish_criticism(session: Session, *, entry_id: int) -> None:
    """Tell everybody of the branch of a public criticism, or that it was taken back."""
    entry = session.get(PenaltyEntry, entry_id)
    if entry is None:
        return
    title = TAKEN_BACK if entry.state == State.CANCELLED else CRITICISED
    _tell_everybody(session, entry, title, entry.offence, f"criticism:{entry.id}:{entry.state}")


def publish_praise(session: Session, *, entry_id: int) -> None:
    """Tell everybody of the branch who was praised, and for what."""
    entry = session.get(RewardEntry, entry_id)
    if entry is not None:
        _tell_everybody(session, entry, PRAISED, Cause(entry.reason).label, f"praise:{entry.id}")


def suspension_ended(session: Session, *, entry_id: int) -> None:
    """Tell managers and specialists that orders may be given again; nothing where it did not hold."""
    entry = session.get(PenaltyEntry, entry_id)
    if entry is None or entry.state not in SUSPENDS:
        return
    told = [*notices.audience(session, "managers", entry), *notices.audience(session, "specialists", entry)]
    for person in notices.distinct(told):
        path = record_path(entry.KIND, entry.number)
        _tell(session, entry, person, SUSPENSION_ENDED, None, f"suspension-ended:{entry.id}", path)


def _tell_everybody(session: Session, entry: PenaltyEntry | RewardEntry, title: Text, what: Text, key: str) -> None:
    everybody = select(User).where(User.disabled_at.is_(None))
    if entry.branch_id is not None:
        everybody = everybody.where(or_(User.branch_id.is_(None), User.branch_id == entry.branch_id))
    seeing = {person.id for person in session.scalars(record_kinds.who_sees(entry))}
    for person in session.scalars(everybody.order_by(User.id)):
        path = record_path(entry.KIND, entry.number) if person.id in seeing else "/records/notices"
        _tell(session, entry, person, title, what, key, path)


def _tell(
    session: Session,
    entry: PenaltyEntry | RewardEntry,
    person: User,
    title: Text,
    what: Text | None,
    key: str,
    path: str,
) -> None:
    notices.notify(
        session,
        user=person,
        key=key,
        level=NoticeLevel.INFO,
        title=title,
        params={"person": entry.person, "offence": what or "", "number": entry.number},
        link=path,
        record=entry,
        at=clock.now(),
    )


HANDLERS: dict[str, Callable[..., None]] = {
    "propose_penalty": propose_penalty,
    "publish_criticism": publish_criticism,
    "publish_praise": publish_praise,
    "suspension_ended": suspension_ended,
}
