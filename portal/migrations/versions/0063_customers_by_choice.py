"""The indexes of customers hold what they are chosen by, and tasks have one by kind."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0059"
branch_labels = None
depends_on = None

STANDING = sa.text("merged_into_id IS NULL")
INDEXES: tuple[tuple[str, list[str], list[str]], ...] = (
    ("ix_customer_branch", ["branch_id", "id"], ["kind", "grade", "source", "intention", "owner_id", "sms_opt_out"]),
    ("ix_customer_owner", ["owner_id", "id"], ["branch_id"]),
    ("ix_customer_kind", ["kind", "id"], ["branch_id"]),
)
"""Of customers: what the index begins with, what is new in it."""


def _make(*, new: bool) -> None:
    for name, columns, more in INDEXES:
        op.drop_index(name, table_name="customer")
        whole = [*columns, *(more if new else [])]
        op.create_index(name, "customer", whole, sqlite_where=STANDING, postgresql_where=STANDING)


def upgrade() -> None:
    """Apply."""
    _make(new=True)
    op.create_index("ix_task_kind", "task", ["kind", "due_at", "id", "closed_at", "outcome", "branch_id"])


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_task_kind", table_name="task")
    _make(new=False)
