"""A delay form names the stop of works it agrees to; what is set by hand while works run moves what is not done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A delay form so far agreed to the last stop before it was signed."""
    op.create_table(
        "finish_move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_finish_move_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finish_move")),
    )
    op.create_index(op.f("ix_finish_move_project_id"), "finish_move", ["project_id"], unique=False)
    with op.batch_alter_table("delay_notice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stop_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_delay_notice_stop_id"), "work_stop", ["stop_id"], ["id"])
    op.execute(
        "UPDATE delay_notice SET stop_id = (SELECT MAX(s.id) FROM work_stop s"
        " WHERE s.project_id = delay_notice.project_id AND s.since <= delay_notice.signed_on)"
    )


def downgrade() -> None:
    """Back: the finish stays where it is."""
    with op.batch_alter_table("delay_notice", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_delay_notice_stop_id"), type_="foreignkey")
        batch_op.drop_column("stop_id")
    op.drop_index(op.f("ix_finish_move_project_id"), table_name="finish_move")
    op.drop_table("finish_move")
