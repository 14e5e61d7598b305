"""The letter of intent says style, deposit and its last day (F-32)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three more facts of a contract."""
    with op.batch_alter_table("contract", schema=None) as batch_op:
        batch_op.add_column(sa.Column("style", sa.String(length=100), nullable=True))
        batch_op.add_column(sa.Column("deposit", sa.Numeric(precision=12, scale=2), nullable=True))
        batch_op.add_column(sa.Column("intended_until", sa.Date(), nullable=True))


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("contract", schema=None) as batch_op:
        batch_op.drop_column("intended_until")
        batch_op.drop_column("deposit")
        batch_op.drop_column("style")
