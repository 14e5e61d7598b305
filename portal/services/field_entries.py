"""What arrives from a phone: looked at before it is carried out, carried out once per key, kept with both times.

A phone may send late, twice, at the same moment, with a wrong clock or after somebody else signed in on it. Nothing
of that loses or doubles anything: what is not carried out stays on the phone with a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from portal import settings
from portal.errors import DomainError
from portal.formatting import duration
from portal.i18n import N_, Text
from portal.models.field_entry import FieldEntry
from portal.models.org import User
from portal.services.claims import ARRIVAL, true_time
from portal.services.requests import KEY_LENGTH
from portal.services.steps import CLOCK_SLACK


@dataclass(slots=True)
class Arrival:
    """An entry as the phone sent it. `user_id`: under whom it was written; `is_confirmed`: the person looked again."""

    user_id: int
    key: str
    fingerprint: str
    action: str
    location: str
    device_at: datetime
    skew_seconds: int
    received_at: datetime
    is_confirmed: bool = False

    @property
    def happened_at(self) -> datetime:
        """When it was written, by the clock of the server."""
        return true_time(self.device_at, self.skew_seconds)


class ArrivedMeanwhile(DomainError):
    """The same entry was carried out by another arrival at the same moment; nothing was written now."""

    def __init__(self) -> None:
        super().__init__(N_("This was received already."))


@dataclass(frozen=True, slots=True)
class Objection:
    """Why an entry is not carried out; `may_confirm`: the person may look again and send it all the same."""

    sentence: Text | str
    may_confirm: bool = False


def find(session: Session, user: User, key: str) -> FieldEntry | None:
    """The entry of that key, if it was carried out."""
    return session.scalars(
        select(FieldEntry).where(FieldEntry.user_id == user.id, FieldEntry.client_key == key)
    ).one_or_none()


def objection(session: Session, arrival: Arrival, user: User) -> Objection | None:
    """What speaks against carrying it out, before the form itself is looked at."""
    if arrival.user_id != user.id:
        return Objection(N_("Written by somebody else on this phone. It is sent when that person signs in."))
    if not arrival.key or len(arrival.key) > KEY_LENGTH:
        return Objection(N_("This entry has no mark of its own. Please open it and send it anew."))
    if arrival.is_confirmed:
        return None
    most = timedelta(hours=int(settings.get(session, "phone_clock_hours")))
    skew = timedelta(seconds=arrival.skew_seconds)
    if abs(skew) > most or arrival.happened_at > arrival.received_at + CLOCK_SLACK:
        wrong = abs(skew) if abs(skew) > most else arrival.happened_at - arrival.received_at
        return Objection(
            N_("The phone's clock was wrong by %(time)s. Look at the times you entered, then send it again.")
            % {"time": duration(wrong)},
            may_confirm=True,
        )
    days = int(settings.get(session, "entry_age_days"))
    if arrival.happened_at < arrival.received_at - timedelta(days=days):
        return Objection(
            N_("Written more than %(days)s days ago. See whether it is still right, then send it again.")
            % {"days": days},
            may_confirm=True,
        )
    return None


def begin(session: Session, arrival: Arrival) -> None:
    """The next transaction that changes something is this entry: it is kept with it, or neither is."""
    session.info[ARRIVAL] = arrival


def keep(session: Session) -> None:
    """Called right before the commit: note the entry beside what it did. Raises ArrivedMeanwhile."""
    arrival: Arrival | None = session.info.get(ARRIVAL)
    happened = [event for event in session.info.get("events", ()) if event.record_kind]
    if arrival is None or not happened:
        return
    record = happened[0]
    if not _insert(session, arrival, record.record_kind, record.record_id):
        raise ArrivedMeanwhile()


def note(session: Session, arrival: Arrival, kind: str | None, record_id: int | None) -> None:
    """Note an entry that changed nothing, such as a photo the record has already."""
    _insert(session, arrival, kind, record_id)


def _insert(session: Session, arrival: Arrival, kind: str | None, record_id: int | None) -> bool:
    session.flush()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    made = session.execute(
        insert(FieldEntry)
        .values(
            user_id=arrival.user_id,
            client_key=arrival.key,
            fingerprint=arrival.fingerprint,
            record_kind=kind,
            record_id=record_id,
            action=arrival.action,
            device_at=arrival.device_at,
            skew_seconds=arrival.skew_seconds,
            received_at=arrival.received_at,
            location=arrival.location,
        )
        .on_conflict_do_nothing()
        .returning(FieldEntry.id)
    ).scalar_one_or_none()
    return made is not None
