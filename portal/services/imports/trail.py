"""What a run made and changed, whoever did it: the service of a record may touch others, and undoing needs them all.

Listens to the session while the rows are carried out. Records of the kinds in `undo.MODELS` are noted with each field's
value from before the run and after it; everything else (instalments, tasks of a clock, spellings) follows its record.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import PASSIVE_NO_INITIALIZE, get_history

from portal.services import events

STAMPS = frozenset({"version", "created_at", "created_by_id", "updated_at", "updated_by_id"})
SECRET = frozenset({"password_hash", "password_changed_at", "must_change_password", "totp_secret"})


@dataclass(slots=True)
class Touched:
    """One record: made by the run, or changed in some fields."""

    record: Any
    row: int
    is_new: bool
    changes: dict[str, list[Any]] = field(default_factory=dict)
    """{field: [before the run, after it]}, as JSON keeps it."""


class Trail:
    """The records that a session writes while this listens."""

    def __init__(self, session: Session, models: tuple[type[Any], ...]) -> None:
        self._session, self._models = session, models
        self._touched: dict[int, Touched] = {}
        self.row = 0
        """The row that is carried out now."""

    def __enter__(self) -> Trail:
        event.listen(self._session, "before_flush", self._look)
        return self

    def __exit__(self, *_error: object) -> None:
        event.remove(self._session, "before_flush", self._look)

    def touched(self) -> list[Touched]:
        """Everything noted, in the order of the rows; changes that came to nothing are left out."""
        return [
            each
            for each in self._touched.values()
            if each.is_new or any(old != new for old, new in each.changes.values())
        ]

    def _look(self, session: Session, _context: Any, _instances: Any) -> None:
        for record in session.new:
            if isinstance(record, self._models):
                self._touched.setdefault(id(record), Touched(record, self.row, is_new=True))
        for record in session.dirty:
            if isinstance(record, self._models) and session.is_modified(record):
                self._note(record)

    def _note(self, record: Any) -> None:
        noted = self._touched.get(id(record))
        if noted is not None and noted.is_new:
            return
        if noted is None:
            noted = self._touched[id(record)] = Touched(record, self.row, is_new=False)
        for attribute in inspect(record).mapper.column_attrs:
            name = attribute.key
            if name in STAMPS or name in SECRET:
                continue
            history = get_history(record, name, PASSIVE_NO_INITIALIZE)
            if not history.has_changes() or not history.added:
                continue
            old = events.plain(history.deleted[0]) if history.deleted else None
            new = events.plain(history.added[0])
            noted.changes[name] = [noted.changes[name][0] if name in noted.changes else old, new]
