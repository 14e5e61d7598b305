"""A report that is being drawn up says how many of its sections are there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("report_run", sa.Column("sections_done", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("report_run", "sections_done")
