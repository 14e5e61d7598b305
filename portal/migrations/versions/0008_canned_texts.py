"""Texts people write again and again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """None yet."""
    op.create_table(
        "canned_text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kinds", sa.String(length=300), nullable=True),
        sa.Column("places", sa.String(length=100), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("shared", sa.String(length=10), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("shared IN ('ME', 'ROLE', 'ALL')", name=op.f("ck_canned_text_shared_known")),
        sa.CheckConstraint(
            "role IS NULL OR role IN ('FRONT_DESK', 'SPECIALIST', 'REVIEWER', 'REPAIR_CAPTAIN', 'MANAGER')",
            name=op.f("ck_canned_text_role_known"),
        ),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_canned_text_branch_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_canned_text_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_text")),
        sa.UniqueConstraint("owner_id", "title", name=op.f("uq_canned_text_owner_id_title")),
    )
    op.create_index("ix_canned_text_shared", "canned_text", ["shared", "role"])


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_canned_text_shared", table_name="canned_text")
    op.drop_table("canned_text")
