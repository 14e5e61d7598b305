"""The index of customers by their day holds the store, so that a store's customers of some weeks are counted by it alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

STANDING = sa.text("merged_into_id IS NULL")


def _make(*columns: str) -> None:
    op.drop_index("ix_customer_created", table_name="customer")
    op.create_index("ix_customer_created", "customer", list(columns), sqlite_where=STANDING, postgresql_where=STANDING)


def upgrade() -> None:
    """Apply."""
    _make("created_at", "id", "branch_id")


def downgrade() -> None:
    """Take back."""
    _make("created_at", "id")
