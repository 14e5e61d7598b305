"""A try notes that somebody else of the household answered; a mid-term payment keeps why it came before the call (Q20)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

OLD = "outcome IN ('REACHED', 'NO_ANSWER', 'BUSY', 'REFUSED', 'WRONG_NUMBER', 'ASKED_LATER')"
NEW = "outcome IN ('REACHED', 'NO_ANSWER', 'BUSY', 'REFUSED', 'WRONG_NUMBER', 'ASKED_LATER', 'OTHER_PERSON')"


def upgrade() -> None:
    """One more outcome of a try, one more fact of a payment."""
    with op.batch_alter_table("call_attempt", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_call_attempt_outcome_known"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_call_attempt_outcome_known"), NEW)
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("early_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    """Back; where somebody else answered, nobody did."""
    with op.batch_alter_table("payment", schema=None) as batch_op:
        batch_op.drop_column("early_reason")
    op.execute("UPDATE call_attempt SET outcome = 'NO_ANSWER' WHERE outcome = 'OTHER_PERSON'")
    with op.batch_alter_table("call_attempt", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_call_attempt_outcome_known"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_call_attempt_outcome_known"), OLD)
