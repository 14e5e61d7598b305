"""The indexes of customers hold what they are chosen by, and promises have one of their own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

STANDING, PROMISES = sa.text("merged_into_id IS NULL"), sa.text("kind = 'PROMISE'")
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
    columns = ["due_at", "id", "closed_at", "outcome", "branch_id"]
    op.create_index("ix_task_promise", "task", columns, sqlite_where=PROMISES, postgresql_where=PROMISES)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_task_promise", table_name="task")
    _make(new=False)
