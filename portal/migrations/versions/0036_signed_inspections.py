"""Who signed the form of an inspection, also of one that passed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

NAMES = ("manager_signed", "foreman_signed")


def upgrade() -> None:
    """Of inspections that failed it is known from their notice; of the others nothing was noted."""
    with op.batch_alter_table("inspection", schema=None) as batch_op:
        for name in NAMES:
            batch_op.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in NAMES:
        op.execute(
            f"UPDATE inspection SET {name} = true WHERE EXISTS (SELECT 1 FROM rectification_notice"
            f" WHERE rectification_notice.inspection_id = inspection.id AND rectification_notice.{name})"
        )
    with op.batch_alter_table("inspection", schema=None) as batch_op:
        for name in NAMES:
            batch_op.alter_column(name, server_default=None)


def downgrade() -> None:
    """Take it away."""
    with op.batch_alter_table("inspection", schema=None) as batch_op:
        for name in NAMES:
            batch_op.drop_column(name)
