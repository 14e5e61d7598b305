"""Payments, calls and quantities of repairs; grounds; care notes of certificates; the ledger of penalties."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(precision=12, scale=2)
NUMBER = sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql")
VISITS = sa.text("appointment_at IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("warranty_certificate", schema=None) as batch_op:
        batch_op.add_column(sa.Column("care_notes", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("hotline", sa.String(length=50), nullable=True))
        batch_op.add_column(sa.Column("ground", sa.String(length=20), nullable=True))
        batch_op.create_check_constraint(
            batch_op.f("ck_warranty_certificate_ground_known"),
            "ground IS NULL OR ground IN ('MONEY_RETURNED', 'CONTRACT_CANCELLED', 'LEGAL')",
        )

    with op.batch_alter_table("repair_order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("has_no_certificate", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("is_plan_told", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("complaint_ground", sa.String(length=20), nullable=True))
        batch_op.create_check_constraint(
            batch_op.f("ck_repair_order_complaint_ground_known"),
            "complaint_ground IS NULL OR complaint_ground IN ('LATE', 'REFUSED', 'REPEATED')",
        )
        batch_op.create_index(
            "ix_repair_order_visits",
            ["captain_id", "appointment_at"],
            unique=False,
            sqlite_where=VISITS,
            postgresql_where=VISITS,
        )
    with op.batch_alter_table("repair_order", schema=None) as batch_op:
        batch_op.alter_column("has_no_certificate", server_default=None)
        batch_op.alter_column("is_plan_told", server_default=None)
    op.execute("UPDATE repair_order SET has_no_certificate = (certificate_id IS NULL) WHERE in_warranty IS NOT NULL")

    with op.batch_alter_table("repair_cost", schema=None) as batch_op:
        batch_op.add_column(sa.Column("quantity", sa.Numeric(precision=10, scale=2), nullable=True))
        batch_op.add_column(sa.Column("unit", sa.String(length=10), nullable=True))
        batch_op.create_check_constraint(
            batch_op.f("ck_repair_cost_quantity_positive"), "quantity IS NULL OR quantity > 0"
        )

    op.create_table(
        "repair_payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_by", sa.String(length=50), nullable=False),
        sa.Column("receipt_no", sa.String(length=50), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_repair_payment_amount_positive")),
        sa.CheckConstraint(
            "method IN ('CASH', 'WECHAT', 'ALIPAY', 'CARD', 'TRANSFER')", name=op.f("ck_repair_payment_method_known")
        ),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_payment_order_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["user.id"], name=op.f("fk_repair_payment_recorded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_payment")),
        sa.UniqueConstraint("receipt_no", name=op.f("uq_repair_payment_receipt_no")),
    )
    op.create_index(op.f("ix_repair_payment_order_id"), "repair_payment", ["order_id"])

    op.create_table(
        "repair_call",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_reached", sa.Boolean(), nullable=False),
        sa.Column("is_satisfied", sa.Boolean(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("called_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["called_by_id"], ["user.id"], name=op.f("fk_repair_call_called_by_id")),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_call_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_call")),
    )
    op.create_index(op.f("ix_repair_call_order_id"), "repair_call", ["order_id"])

    op.create_table(
        "penalty_entry",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("rule", sa.String(length=10), nullable=False),
        sa.Column("crew_id", sa.Integer(), nullable=True),
        sa.Column("party_id", sa.Integer(), nullable=True),
        sa.Column("record_kind", sa.String(length=30), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("record_number", sa.String(length=40), nullable=False),
        sa.Column("amount", MONEY, nullable=True),
        sa.Column("occurrence_no", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(length=100), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("amount IS NULL OR amount > 0", name=op.f("ck_penalty_entry_amount_positive")),
        sa.CheckConstraint("crew_id IS NOT NULL OR party_id IS NOT NULL", name=op.f("ck_penalty_entry_subject_known")),
        sa.CheckConstraint("kind IN ('FINE', 'BY_DECISION')", name=op.f("ck_penalty_entry_kind_known")),
        sa.CheckConstraint(
            "state IN ('PROPOSED', 'APPROVED', 'REJECTED', 'SENT', 'EXECUTED', 'APPEALED', 'CANCELLED')",
            name=op.f("ck_penalty_entry_state_known"),
        ),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_penalty_entry_branch_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_penalty_entry_created_by_id")),
        sa.ForeignKeyConstraint(["crew_id"], ["crew.id"], name=op.f("fk_penalty_entry_crew_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_penalty_entry_party_id")),
        sa.ForeignKeyConstraint(["proposed_by_id"], ["user.id"], name=op.f("fk_penalty_entry_proposed_by_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_penalty_entry_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_penalty_entry")),
        sa.UniqueConstraint("cause", name=op.f("uq_penalty_entry_cause")),
        sa.UniqueConstraint("number", name=op.f("uq_penalty_entry_number")),
    )
    op.create_index("ix_penalty_entry_branch", "penalty_entry", ["branch_id", "id"])
    op.create_index(op.f("ix_penalty_entry_crew_id"), "penalty_entry", ["crew_id"])
    op.create_index("ix_penalty_entry_record", "penalty_entry", ["record_kind", "record_id"])
    op.create_index(op.f("ix_penalty_entry_state"), "penalty_entry", ["state"])


def downgrade() -> None:
    """Take back."""
    op.drop_table("penalty_entry")
    op.drop_table("repair_call")
    op.drop_table("repair_payment")
    with op.batch_alter_table("repair_cost", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_repair_cost_quantity_positive"), type_="check")
        batch_op.drop_column("unit")
        batch_op.drop_column("quantity")
    with op.batch_alter_table("repair_order", schema=None) as batch_op:
        batch_op.drop_index("ix_repair_order_visits")
        batch_op.drop_constraint(batch_op.f("ck_repair_order_complaint_ground_known"), type_="check")
        batch_op.drop_column("complaint_ground")
        batch_op.drop_column("is_plan_told")
        batch_op.drop_column("has_no_certificate")
    with op.batch_alter_table("warranty_certificate", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_warranty_certificate_ground_known"), type_="check")
        batch_op.drop_column("ground")
        batch_op.drop_column("hotline")
        batch_op.drop_column("care_notes")
