"""A line of an inspection may be asked only if another came out in one way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None
RESULTS = "asked_if_result IS NULL OR asked_if_result IN ('PASS', 'FAIL', 'NOT_APPLICABLE')"


def upgrade() -> None:
    """The other line, and how it has to come out."""
    with op.batch_alter_table("check_item", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asked_if_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("asked_if_result", sa.String(length=20), nullable=True))
        batch_op.create_foreign_key(op.f("fk_check_item_asked_if_id"), "check_item", ["asked_if_id"], ["id"])
        batch_op.create_check_constraint(op.f("ck_check_item_asked_if_result_known"), RESULTS)
        batch_op.create_check_constraint(
            op.f("ck_check_item_asked_if_whole"), "(asked_if_id IS NULL) = (asked_if_result IS NULL)"
        )
    with op.batch_alter_table("inspection_item", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asked_if_position", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("asked_if_result", sa.String(length=20), nullable=True))
        batch_op.create_check_constraint(op.f("ck_inspection_item_asked_if_result_known"), RESULTS)


def downgrade() -> None:
    """Back: each line is asked."""
    with op.batch_alter_table("inspection_item", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_inspection_item_asked_if_result_known"), type_="check")
        batch_op.drop_column("asked_if_result")
        batch_op.drop_column("asked_if_position")
    with op.batch_alter_table("check_item", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_check_item_asked_if_whole"), type_="check")
        batch_op.drop_constraint(op.f("ck_check_item_asked_if_result_known"), type_="check")
        batch_op.drop_constraint(op.f("fk_check_item_asked_if_id"), type_="foreignkey")
        batch_op.drop_column("asked_if_result")
        batch_op.drop_column("asked_if_id")
