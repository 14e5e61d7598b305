"""What is asked for when something happens again: by crew, category, trade, and bad material."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

CREW, MATERIAL = sa.text("crew_id IS NOT NULL"), sa.text("cause = 'MATERIAL'")


def upgrade() -> None:
    """Apply."""
    op.create_index("ix_project_crew", "project", ["crew_id"], sqlite_where=CREW, postgresql_where=CREW)
    op.create_index("ix_complaint_category", "complaint", ["category", "received_at", "id"])
    op.create_index("ix_repair_order_trade", "repair_order", ["trade", "reported_at", "id"])
    op.create_index(
        "ix_repair_order_material", "repair_order", ["reported_at", "id"],
        sqlite_where=MATERIAL, postgresql_where=MATERIAL,
    )  # fmt: skip


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_repair_order_material", "repair_order")
    op.drop_index("ix_repair_order_trade", "repair_order")
    op.drop_index("ix_complaint_category", "complaint")
    op.drop_index("ix_project_crew", "project")
