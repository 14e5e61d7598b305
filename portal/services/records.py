"""Any record by the words of its address, for pages that serve every kind: talk, history, files."""

from __future__ import annotations

from typing import Any

from portal.db import session
from portal.models.org import User
from portal.permissions import Permission
from portal.services import record_kinds

RECORDS = record_kinds.MODELS
"""Everything that talk, files and papers can hang on, by its plural name."""


def find(user: User, kind: str, number: str) -> Any:
    """The record at `/records/<kind>/<number>`, if it exists for this person. Raises NotFound."""
    return record_kinds.find(session(), user, kind, number=number)


def find_by_id(user: User, kind: str, record_id: int) -> Any:
    """As `find`, by the inner number, for files and jobs."""
    return record_kinds.find(session(), user, kind, record_id=record_id)


def permission_of(kind: str) -> Permission:
    """What a role must be granted to see records of the kind at all. Raises KeyError."""
    return record_kinds.VIEW[RECORDS[kind]]
