"""What the boards count of tasks stands in indexes: open work, clocks that were met by their code, days of the calendar."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


MET = _where("code IS NOT NULL AND outcome = 'DONE'")
PERSON, ROLE = _where("person_id IS NOT NULL"), _where("role IS NOT NULL")
BEFORE: tuple[tuple[str, list[str], dict[str, Any]], ...] = (
    ("ix_task_due", ["due_at", "id"], {}),
    ("ix_task_met", ["closed_at", "department", "breached_at", "branch_id"], MET),
    ("ix_task_person_open", ["person_id", "closed_at", "due_at"], PERSON),
    ("ix_task_role_open", ["role", "closed_at", "due_at"], ROLE),
)
AFTER: tuple[tuple[str, list[str], dict[str, Any]], ...] = (
    ("ix_task_due", ["due_at", "id", "person_id", "set_by_id", "role", "branch_id"], {}),
    (
        "ix_task_met",
        ["code", "closed_at", "department", "breached_at", "branch_id", "record_kind", "record_id"],
        MET,
    ),
    ("ix_task_person_open", ["person_id", "closed_at", "due_at", "record_kind"], PERSON),
    ("ix_task_role_open", ["role", "closed_at", "due_at", "record_kind", "person_id", "branch_id"], ROLE),
    ("ix_task_load", ["closed_at", "department", "person_id", "due_at", "branch_id"], {}),
)


def upgrade() -> None:
    """Apply."""
    _replace(BEFORE, AFTER)


def downgrade() -> None:
    """Take back."""
    _replace(AFTER, BEFORE)


def _replace(old: tuple[Any, ...], new: tuple[Any, ...]) -> None:
    for name, _columns, _only in old:
        op.drop_index(name, table_name="task")
    for name, columns, only in new:
        op.create_index(name, "task", columns, **only)
