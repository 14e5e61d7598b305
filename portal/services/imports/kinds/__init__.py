"""What can be imported one record in a row: every kind that people make or change by hand.

A kind costs one declaration: its fields come from the service of the record (`deriving`), its rows are made and changed
by the commands of that service, so rules, numbers, rights and events are those of the forms.
"""

from __future__ import annotations

from portal.services.imports.kinds import cases, people, sales, works
from portal.services.imports.kinds.base import BY_LIST, RECORD_KINDS, RecordKind, demand, offered
from portal.services.imports.kinds.left_out import LEFT_OUT

__all__ = [
    "BY_LIST",
    "LEFT_OUT",
    "RECORD_KINDS",
    "RecordKind",
    "cases",
    "demand",
    "offered",
    "people",
    "sales",
    "works",
]
