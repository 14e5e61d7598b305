"""Complaints, repairs and slips name the material they are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

CASES = (
    ("complaint", "ix_complaint_named_material", "received_at"),
    ("repair_order", "ix_repair_order_named_material", "reported_at"),
    ("follow_up_ticket", "ix_follow_up_ticket_material", "handed_over_at"),
)


def upgrade() -> None:
    """Nobody has said yet which; they are found by it with their moment."""
    for table, index, moment in CASES:
        op.add_column(table, sa.Column("material", sa.String(length=40), nullable=True))
        op.create_index(index, table, ["material", moment, "id"], unique=False)


def downgrade() -> None:
    """Back."""
    for table, index, _moment in CASES:
        op.drop_index(index, table_name=table)
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_column("material")
