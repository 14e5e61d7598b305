"""The calls that ask again after the measure of a liaison slip."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Which call asks about which slip, in which round, until when."""
    op.create_table(
        "revisit",
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("slip_id", sa.Integer(), nullable=False),
        sa.Column("round_no", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["follow_up_call.id"], name=op.f("fk_revisit_call_id")),
        sa.ForeignKeyConstraint(["slip_id"], ["follow_up_ticket.id"], name=op.f("fk_revisit_slip_id")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_revisit")),
        sa.UniqueConstraint("slip_id", "round_no", name=op.f("uq_revisit_slip_id_round_no")),
    )


def downgrade() -> None:
    """Back: the calls stay as calls, nobody knows what they asked about."""
    op.drop_table("revisit")
