"""Contracts whose drawings passed on paper, before the portal or beside it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is known of contracts that are there already; none of them is looked at anew."""
    with op.batch_alter_table("contract", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reviewed_on_paper", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("contract", schema=None) as batch_op:
        batch_op.alter_column("reviewed_on_paper", server_default=None)


def downgrade() -> None:
    """Take it away."""
    with op.batch_alter_table("contract", schema=None) as batch_op:
        batch_op.drop_column("reviewed_on_paper")
