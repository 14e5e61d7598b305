"""How names are typed by pinyin: one row per spelling of a name, however many people or homes bear it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Index, String, event, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal import pinyin
from portal.models.base import Base, prefixed
from portal.models.complaint import Complaint
from portal.models.consultation import Consultation
from portal.models.customer import Customer, Property
from portal.models.org import Crew, Party, User
from portal.models.repair import RepairOrder

PERSON, ESTATE = "PERSON", "ESTATE"
BATCH = 500


class Spelling(Base):
    """A spelling of a name. It says how the name sounds, not whose it is: it stays true whoever is renamed or merged."""

    __tablename__ = "spelling"

    scope: Mapped[str] = mapped_column(String(10), primary_key=True)
    """PERSON or ESTATE, so that looking for the one does not go through the other."""
    name: Mapped[str] = mapped_column(prefixed(100), primary_key=True)
    text: Mapped[str] = mapped_column(prefixed(pinyin.LENGTH), primary_key=True)

    __table_args__ = (Index("ix_spelling_text", "scope", "text", "name"),)


NAMED: dict[type[Any], tuple[Any, str]] = {
    Customer: (Customer.name, PERSON),
    Party: (Party.name, PERSON),
    Crew: (Crew.name, PERSON),
    User: (User.name, PERSON),
    Consultation: (Consultation.name, PERSON),
    Complaint: (Complaint.complainant, PERSON),
    RepairOrder: (RepairOrder.reporter, PERSON),
    Property: (Property.estate, ESTATE),
}
"""The names that are found by pinyin."""


@event.listens_for(Session, "after_flush")
def _note(session: Session, _context: Any) -> None:
    """Remember the names that were just written."""
    for record in (*session.new, *session.dirty):
        if type(record) in NAMED:
            column, scope = NAMED[type(record)]
            if added := inspect(record).attrs[column.key].history.added:
                session.info.setdefault("names", set()).add((scope, added[0]))


def keep(session: Session) -> None:
    """Spell the names that this transaction wrote. Right before the commit, so that no writer waits for another."""
    by_scope: dict[str, set[str]] = {}
    for scope, name in session.info.pop("names", ()):
        if name:
            by_scope.setdefault(scope, set()).add(name)
    for scope, names in sorted(by_scope.items()):
        for some in _batches(sorted(names)):
            known = session.scalars(select(Spelling.name).where(Spelling.scope == scope, Spelling.name.in_(some)))
            _write(session, scope, set(some).difference(known))


def fill(session: Session) -> None:
    """Spell all names that have no spelling yet: after rows were written past the models."""
    for column, scope in NAMED.values():
        known = select(Spelling.name).where(Spelling.scope == scope, Spelling.name == column).exists()
        missing = session.scalars(select(column).where(column.is_not(None), ~known).distinct()).all()
        for some in _batches(missing):
            _write(session, scope, some)


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + BATCH] for start in range(0, len(names), BATCH))


def _write(session: Session, scope: str, names: Iterable[str]) -> None:
    rows = [{"scope": scope, "name": name, "text": text} for name in sorted(names) for text in pinyin.spellings(name)]
    if rows:
        dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        session.execute(dialect.insert(Spelling.__table__).on_conflict_do_nothing(), rows)
