"""Boards of one store find the first cards of each column by an index, calendars their days."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STANDING = {"sqlite_where": sa.text("merged_into_id IS NULL"), "postgresql_where": sa.text("merged_into_id IS NULL")}
INDEXES: tuple[tuple[str, str, list[str], dict[str, Any]], ...] = (
    ("ix_complaint_branch_state", "complaint", ["branch_id", "state", "received_at", "id"], {}),
    ("ix_consultation_branch_state", "consultation", ["branch_id", "state", "occurred_at", "id"], {}),
    ("ix_contract_branch_state", "contract", ["branch_id", "state", "id"], {}),
    ("ix_contract_signed", "contract", ["signed_on", "branch_id"], {}),
    ("ix_project_branch_stage", "project", ["branch_id", "stage", "id"], {}),
    ("ix_project_start", "project", ["actual_start_on", "branch_id"], {}),
    ("ix_property_handover", "property", ["handover_on", "branch_id"], STANDING),
    ("ix_quotation_quoted", "quotation", ["quoted_on", "branch_id"], {}),
    ("ix_task_due", "task", ["due_at", "id"], {}),
)


def upgrade() -> None:
    """Apply."""
    for name, table, columns, only in INDEXES:
        op.create_index(name, table, columns, **only)


def downgrade() -> None:
    """Take back."""
    for name, table, _columns, _only in reversed(INDEXES):
        op.drop_index(name, table)
