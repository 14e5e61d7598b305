"""A payment voucher (F-08) pays a compensation, or the company's share of a repair of a crew that is gone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """All vouchers so far pay compensations."""
    with op.batch_alter_table("payment_voucher", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cost_case_id", sa.Integer(), nullable=True))
        batch_op.alter_column("escalation_id", existing_type=sa.Integer(), nullable=True)
        batch_op.alter_column("approval_id", existing_type=sa.Integer(), nullable=True)
        batch_op.create_foreign_key(
            op.f("fk_payment_voucher_cost_case_id"), "repair_cost_case", ["cost_case_id"], ["id"]
        )
        batch_op.create_unique_constraint(op.f("uq_payment_voucher_cost_case_id"), ["cost_case_id"])
        batch_op.create_check_constraint(
            op.f("ck_payment_voucher_one_case"), "(escalation_id IS NULL) <> (cost_case_id IS NULL)"
        )


def downgrade() -> None:
    """Back: vouchers of cost cases have no place any more, the cases keep their numbers."""
    op.execute("DELETE FROM payment_voucher WHERE cost_case_id IS NOT NULL")
    with op.batch_alter_table("payment_voucher", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_payment_voucher_one_case"), type_="check")
        batch_op.drop_constraint(op.f("uq_payment_voucher_cost_case_id"), type_="unique")
        batch_op.drop_constraint(op.f("fk_payment_voucher_cost_case_id"), type_="foreignkey")
        batch_op.alter_column("approval_id", existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column("escalation_id", existing_type=sa.Integer(), nullable=False)
        batch_op.drop_column("cost_case_id")
