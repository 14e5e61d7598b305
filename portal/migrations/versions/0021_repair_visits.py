"""Visits of repairs, and the rounds in which work is sent back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def _round() -> sa.Column[int]:
    return sa.Column("round_no", sa.Integer(), nullable=False, server_default="1")


def upgrade() -> None:
    """Apply. Where a repair stands in its rounds follows from what was written; each agreed or made visit becomes a row."""
    op.create_table(
        "repair_visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(50).with_variant(sa.String(50, collation="C"), "postgresql"), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("order_number", sa.String(length=40), nullable=False),
        sa.Column("round_no", sa.Integer(), nullable=False),
        sa.Column("captain_id", sa.Integer(), nullable=True),
        sa.Column("executor", sa.String(length=20), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("came_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("workers", sa.String(length=100), nullable=True),
        sa.Column("work", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "executor IS NULL OR executor IN ('RESPONSIBLE_CREW', 'CAPTAIN_TEAM')",
            name=op.f("ck_repair_visit_executor_known"),
        ),
        sa.CheckConstraint(
            "came_at IS NOT NULL OR left_at IS NOT NULL OR planned_at IS NOT NULL",
            name=op.f("ck_repair_visit_has_a_time"),
        ),
        sa.CheckConstraint("left_at >= came_at", name=op.f("ck_repair_visit_left_after_coming")),
        sa.ForeignKeyConstraint(["captain_id"], ["user.id"], name=op.f("fk_repair_visit_captain_id")),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_visit_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_visit")),
        sa.UniqueConstraint("number", name=op.f("uq_repair_visit_number")),
    )
    for column in ("order_id", "captain_id", "planned_at", "came_at"):
        op.create_index(op.f(f"ix_repair_visit_{column}"), "repair_visit", [column])
    with op.batch_alter_table("repair_order") as batch_op:
        batch_op.add_column(_round())
        batch_op.create_check_constraint(op.f("ck_repair_order_rounds_from_one"), "round_no > 0")
    op.execute("UPDATE repair_order SET round_no = 1 + rework_count + CASE WHEN defects IS NULL THEN 0 ELSE 1 END")
    with op.batch_alter_table("repair_check") as batch_op:
        batch_op.add_column(_round())
    op.execute(
        "UPDATE repair_check SET round_no = (SELECT round_no FROM repair_order WHERE id = repair_check.order_id)"
    )
    with op.batch_alter_table("repair_photo") as batch_op:
        batch_op.add_column(_round())
        batch_op.add_column(sa.Column("visit_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_repair_photo_visit_id"), "repair_visit", ["visit_id"], ["id"])
        batch_op.create_index(op.f("ix_repair_photo_visit_id"), ["visit_id"])
    for table in ("repair_order", "repair_check", "repair_photo"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.alter_column("round_no", server_default=None)
    op.execute(
        "INSERT INTO repair_visit (number, order_id, order_number, round_no, captain_id, executor, planned_at, came_at, left_at, work)"
        " SELECT number || '-1', id, number, 1, captain_id, executor, appointment_at, arrived_at,"
        " CASE WHEN done_at >= arrived_at THEN done_at END, CASE WHEN done_at >= arrived_at THEN work_done END"
        " FROM repair_order WHERE arrived_at IS NOT NULL"
        " OR (appointment_at IS NOT NULL AND state NOT IN ('DECLINED', 'COMPLAINT'))"
    )
    op.execute(
        "UPDATE repair_photo SET visit_id = (SELECT id FROM repair_visit WHERE order_id = repair_photo.order_id)"
    )


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("repair_photo") as batch_op:
        batch_op.drop_index(op.f("ix_repair_photo_visit_id"))
        batch_op.drop_constraint(op.f("fk_repair_photo_visit_id"), type_="foreignkey")
        batch_op.drop_column("visit_id")
        batch_op.drop_column("round_no")
    with op.batch_alter_table("repair_check") as batch_op:
        batch_op.drop_column("round_no")
    with op.batch_alter_table("repair_order") as batch_op:
        batch_op.drop_constraint(op.f("ck_repair_order_rounds_from_one"), type_="check")
        batch_op.drop_column("round_no")
    op.drop_table("repair_visit")
