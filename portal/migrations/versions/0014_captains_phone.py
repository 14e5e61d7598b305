"""Photos and checklists of repairs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "repair_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=20), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("ticked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ticked_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_check_order_id")),
        sa.ForeignKeyConstraint(["ticked_by_id"], ["user.id"], name=op.f("fk_repair_check_ticked_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_check")),
    )
    op.create_index(op.f("ix_repair_check_order_id"), "repair_check", ["order_id"])
    op.create_table(
        "repair_photo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("attachment_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("pair", sa.Integer(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("drawn_on_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('BEFORE', 'AFTER', 'OTHER')", name=op.f("ck_repair_photo_kind_known")),
        sa.CheckConstraint("pair IS NULL OR pair BETWEEN 1 AND 99", name=op.f("ck_repair_photo_pair_in_range")),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"], name=op.f("fk_repair_photo_attachment_id")),
        sa.ForeignKeyConstraint(["drawn_on_id"], ["repair_photo.id"], name=op.f("fk_repair_photo_drawn_on_id")),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_photo_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_photo")),
        sa.UniqueConstraint("attachment_id", name=op.f("uq_repair_photo_attachment_id")),
    )
    op.create_index(op.f("ix_repair_photo_order_id"), "repair_photo", ["order_id"])
    op.add_column("repair_order", sa.Column("photo_rules", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take back."""
    op.drop_column("repair_order", "photo_rules")
    op.drop_table("repair_photo")
    op.drop_table("repair_check")
