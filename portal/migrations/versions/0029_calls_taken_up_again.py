"""Since when tries of a call count; liaison slips name their survey."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("follow_up_call", schema=None) as batch_op:
        batch_op.add_column(sa.Column("attempts_from", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("follow_up_ticket", schema=None) as batch_op:
        batch_op.create_foreign_key(batch_op.f("fk_follow_up_ticket_survey_id"), "survey", ["survey_id"], ["id"])


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("follow_up_ticket", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_follow_up_ticket_survey_id"), type_="foreignkey")
    with op.batch_alter_table("follow_up_call", schema=None) as batch_op:
        batch_op.drop_column("attempts_from")
