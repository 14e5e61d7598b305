"""Homes name their customers in their indexes, and the lists by a day are in order."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

STANDING = sa.text("merged_into_id IS NULL")
INDEXES: tuple[tuple[str, str, list[str], list[str], Any], ...] = (
    ("ix_property_address", "property", ["estate", "building", "unit", "room"], ["customer_id"], None),
    ("ix_property_room", "property", ["room", "building", "unit", "estate"], ["customer_id"], None),
    ("ix_property_handover", "property", ["handover_on"], ["id"], STANDING),
    ("ix_project_start", "project", ["actual_start_on"], ["id"], None),
    ("ix_contract_signed", "contract", ["signed_on"], ["id"], None),
    ("ix_quotation_quoted", "quotation", ["quoted_on"], ["id"], None),
)
"""Table, what the index begins with, what is new in it; those by a day end with the branch."""


def _make(*, new: bool) -> None:
    for name, table, columns, more, only in INDEXES:
        op.drop_index(name, table_name=table)
        ends = ["branch_id"] if more == ["id"] else []
        limited = {} if only is None else {"sqlite_where": only, "postgresql_where": only}
        op.create_index(name, table, [*columns, *(more if new else []), *ends], **limited)


def upgrade() -> None:
    """Apply."""
    _make(new=True)


def downgrade() -> None:
    """Take back."""
    _make(new=False)
