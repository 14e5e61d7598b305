"""A slip says whether its problem is solved; a call that asks again may be about a slip without works."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """What was settled so far was solved."""
    with op.batch_alter_table("follow_up_ticket", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_solved", sa.Boolean(), nullable=True))
    op.execute("UPDATE follow_up_ticket SET is_solved = (1 = 1) WHERE state = 'VERIFIED'")
    op.execute("UPDATE follow_up_ticket SET is_solved = (1 = 0) WHERE state = 'REOPENED'")
    with op.batch_alter_table("follow_up_ticket", schema=None) as batch_op:
        batch_op.create_check_constraint(
            batch_op.f("ck_follow_up_ticket_verified_is_solved"), "state <> 'VERIFIED' OR is_solved"
        )
    with op.batch_alter_table("follow_up_call", schema=None) as batch_op:
        batch_op.alter_column("project_id", existing_type=sa.Integer(), nullable=True)
        batch_op.create_check_constraint(
            batch_op.f("ck_follow_up_call_stage_of_a_project"), "project_id IS NOT NULL OR stage = 'REVISIT'"
        )


def downgrade() -> None:
    """Back; calls about no works are forgotten with what was said in them, their slips stay."""
    homeless = "IN (SELECT id FROM follow_up_call WHERE project_id IS NULL)"
    for table in ("call_answer", "call_attempt", "revisit"):
        op.execute(f"DELETE FROM {table} WHERE call_id {homeless}")
    op.execute("DELETE FROM follow_up_call WHERE project_id IS NULL")
    with op.batch_alter_table("follow_up_call", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_follow_up_call_stage_of_a_project"), type_="check")
        batch_op.alter_column("project_id", existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table("follow_up_ticket", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_follow_up_ticket_verified_is_solved"), type_="check")
        batch_op.drop_column("is_solved")
