"""What the portal has, asked by the plan of a list: records by number or key, and where links may lead."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, inspect, select
from sqlalchemy.orm import Session, joinedload

from portal import clock, formatting, visibility
from portal.i18n import _
from portal.imports.mapping import NUMBER, VERSION
from portal.imports.records import Key, Present, Target
from portal.imports.rows import Table
from portal.models.contract import Contract, Payment
from portal.models.org import User
from portal.services import record_kinds
from portal.services.fields import Field, as_text, is_phone, name_of
from portal.services.imports.deriving import Link
from portal.services.imports.kinds import RecordKind
from portal.services.imports.known import batches


class StoredRecords:
    """The database behind the plan of a list, for one person."""

    def __init__(self, session: Session, viewer: User, kind: RecordKind, table: Table) -> None:
        self._session, self._viewer, self._kind = session, viewer, kind
        self._in_file = set(table.letters)
        self._names: dict[int | None, str] = {}

    # --- records

    def by_number(self, numbers: Collection[str]) -> Mapping[str, Present]:
        """See `records.Known`."""
        if not self._kind.number:
            return {}
        column = getattr(self._kind.model, self._kind.number)
        return {
            getattr(record, self._kind.number): self._present(record)
            for part in batches(numbers)
            for record in self._session.scalars(self._seen().where(column.in_(part)))
        }

    def by_key(self, keys: Collection[Key]) -> Mapping[Key, Sequence[Present]]:
        """See `records.Known`. Found by the first field and compared in full."""
        names = self._kind.rule.keys
        first = getattr(self._kind.model, names[0])
        found: dict[Key, list[Present]] = {}
        wanted = {_folded(key): key for key in keys}
        for part in batches({key[0] for key in keys}):
            for record in self._session.scalars(self._seen().where(first.in_(part)).order_by(self._kind.model.id)):
                said = wanted.get(_folded(_wall(getattr(record, name)) for name in names))
                if said is not None:
                    found.setdefault(said, []).append(self._present(record))
        return found

    def _seen(self) -> Select[Any]:
        model = self._kind.model
        links = [_relationship(model, item.key) for item in self._kind.fields if item.is_link]
        return seen(self._viewer, model).options(*(joinedload(link) for link in links if link is not None))

    def _present(self, record: Any) -> Present:
        keys = [item.key for item in self._kind.fields if item.key in self._in_file]
        values = {key: _value(record, key) for key in keys if key not in (NUMBER, VERSION)}
        return Present(
            record.id,
            str(getattr(record, self._kind.number)),
            getattr(record, "version", 0),
            values,
            {key: self._texts(record, key, values[key]) for key in values},
            self._changed(record),
        )

    def _texts(self, record: Any, key: str, value: Any) -> tuple[str, ...]:
        """What people read first, then what else a file may write for the same value."""
        if key in self._kind.links:
            target = getattr(record, key.removesuffix("_id"), None)
            link = self._kind.links[key]
            if target is None:
                return ("",)
            return tuple(str(text) for text in (name_of(target), getattr(target, link.number)))
        if value is None:
            return ("",)
        said: Field | None = self._kind.labels.get(key)
        if said is not None and is_phone(said):
            return (formatting.phone_mask(value), str(value))
        if isinstance(value, datetime):
            return (f"{value:%Y-%m-%d %H:%M}",)
        return (said.text(value) if said is not None else as_text(value), str(value))

    def _changed(self, record: Any) -> str:
        moment = getattr(record, "updated_at", None)
        if moment is None:
            return ""
        key = record.updated_by_id
        if key not in self._names:
            self._names[key] = self._session.scalar(select(User.name).where(User.id == key)) or _("The portal")
        return _("%(name)s, %(when)s", name=self._names[key], when=formatting.moment(moment))

    # --- links

    def targets(self, field_key: str, texts: Collection[str]) -> Mapping[str, Sequence[Target]]:
        """See `records.Known`. A number counts before a name."""
        link = self._kind.links[field_key]
        found = self._of_any_kind(texts) if link.model is None else self._by(link, texts, link.number)
        if link.through is not None:
            found = self._through(link, set(texts) - set(found)) | found
        if link.name:
            found = self._by(link, set(texts) - set(found), link.name) | found
        return found

    def _by(self, link: Link, texts: Collection[str], column: str) -> dict[str, list[Target]]:
        found: dict[str, list[Target]] = {}
        model = link.model
        wanted: dict[str, list[str]] = {}
        for text in texts:
            for written in dict.fromkeys((text, text.strip(), text.strip().upper())):
                wanted.setdefault(written, []).append(text)
        query = seen(self._viewer, model)
        if link.only is not None:
            query = query.where(link.only(model))
        for part in batches(wanted):
            for record in self._session.scalars(query.where(getattr(model, column).in_(part)).order_by(model.id)):
                target = Target(record.id, str(getattr(record, link.number)), name_of(record))
                for text in wanted[str(getattr(record, column))]:
                    found.setdefault(text, []).append(target)
        return found

    def _through(self, link: Link, texts: Collection[str]) -> dict[str, list[Target]]:
        """What the records of these numbers belong to, as a contract belongs to a project."""
        owner = link.through.class_
        ids = {
            text: getattr(record, link.through.key)
            for text, targets in self._by(Link(owner), texts, "number").items()
            for record in [self._session.get_one(owner, target.id) for target in targets]
        }
        return {
            text: [Target(record.id, str(getattr(record, link.number)), name_of(record))]
            for text, record in ids.items()
            if record is not None
        }

    def _of_any_kind(self, texts: Collection[str]) -> dict[str, list[Target]]:
        found: dict[str, list[Target]] = {}
        for kind, model in record_kinds.MODELS.items():
            for text, targets in self._by(Link(model), texts, "number").items():
                found.setdefault(text, []).extend(
                    Target((kind, target.id), target.number, target.name) for target in targets
                )
        return found


def seen(viewer: User, model: Any) -> Select[Any]:
    """The rows of a model that exist for the person: payments as their contract, people with a login all of them."""
    if model is Payment:
        return select(Payment).join(Contract).where(visibility.condition(viewer, Contract))
    return visibility.visible_to(viewer, model)


def _relationship(model: Any, key: str) -> Any:
    name = key.removesuffix("_id")
    return getattr(model, name) if name in inspect(model).relationships else None


def _value(record: Any, key: str) -> Any:
    if hasattr(record, f"{key}_id"):
        return getattr(record, f"{key}_id")
    return _wall(getattr(record, key, None))


def _wall(value: Any) -> Any:
    """A moment as the company's clocks show it, to the minute; files know no zones."""
    if isinstance(value, datetime):
        return clock.local(value).replace(tzinfo=None, second=0, microsecond=0)
    return value


def _folded(key: Iterable[Any]) -> Key:
    return tuple(value or "" for value in key)
