"""A certificate that was issued says what became of the evaluation form F-18."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

NAME = "ck_warranty_certificate_issued_with_evaluation"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("warranty_certificate") as batch_op:
        batch_op.create_check_constraint(op.f(NAME), "state = 'PENDING' OR evaluation IS NOT NULL")


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("warranty_certificate") as batch_op:
        batch_op.drop_constraint(op.f(NAME), type_="check")
