"""Who changed a field of a record, when, from what to what: a small panel beside the fact, or a page of its own."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import g
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires
from blueprints.records import blueprint
from portal.db import session
from portal.errors import NotFound
from portal.paths import record_path
from portal.permissions import Permission
from portal.services import field_history, record_kinds


def url(kind: str, number: str, name: str) -> str:
    """Where the changes of a field are read."""
    return f"{record_path(kind, number)}/history/{quote(name, safe='')}"


def urls(record: Any) -> dict[str, str]:
    """Where the changes of each field are read that was ever changed. Asks nothing where the talk beside the record,
    put together before, has its whole history.
    """
    known = g.get("whole_history", {}).get((record.KIND, record.id))
    names = field_history.changed(session(), record) if known is None else field_history.names(known, record)
    return {name: url(record.KIND, record.number, name) for name in names}


@blueprint.get("/<kind>/<number>/history/<name>")
@requires(Permission.HOME)
def history_of_field(kind: str, number: str, name: str) -> ResponseReturnValue:
    """The changes of one field; a field that was never changed has no such page."""
    record = record_kinds.find(session(), g.user, kind, number=number)
    label, changes = field_history.of_field(session(), record, name)
    if not changes:
        raise NotFound()
    return page(
        "records/field_history.html",
        fragment="panel",
        label=label,
        changes=changes,
        number=record.number,
        back=record_path(kind, record.number),
    )
