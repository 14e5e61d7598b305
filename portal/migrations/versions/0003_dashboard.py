"""Dashboards as people arrange them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One row per person who arranged anything."""
    op.create_table(
        "dashboard",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("places", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_dashboard_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_dashboard")),
    )


def downgrade() -> None:
    """Everybody has the dashboard of their role again."""
    op.drop_table("dashboard")
