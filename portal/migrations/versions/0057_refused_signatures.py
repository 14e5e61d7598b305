"""Why project manager or foreman refused to sign the form of an inspection."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

NAMES = ("manager_refusal", "foreman_refusal")
CHECK = "ck_inspection_signed_or_refused"


def upgrade() -> None:
    """Of inspections so far nothing was noted."""
    with op.batch_alter_table("inspection", schema=None) as batch_op:
        for name in NAMES:
            batch_op.add_column(sa.Column(name, sa.String(length=200), nullable=True))
        batch_op.create_check_constraint(
            op.f(CHECK),
            "(manager_refusal IS NULL OR NOT manager_signed) AND (foreman_refusal IS NULL OR NOT foreman_signed)",
        )


def downgrade() -> None:
    """Take it away."""
    with op.batch_alter_table("inspection", schema=None) as batch_op:
        batch_op.drop_constraint(op.f(CHECK), type_="check")
        for name in NAMES:
            batch_op.drop_column(name)
