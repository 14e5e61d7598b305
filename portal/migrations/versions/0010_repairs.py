"""Warranty certificates, repairs and their cost cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""

    op.create_table(
        "warranty_certificate",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("acceptance_signed", sa.Boolean(), nullable=False),
        sa.Column("exclusions", sa.Text(), nullable=True),
        sa.Column("evaluation", sa.String(length=20), nullable=True),
        sa.Column("received_by", sa.String(length=50), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_by_id", sa.Integer(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("consented_by_id", sa.Integer(), nullable=True),
        sa.Column("replaced_numbers", sa.String(length=200), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "number",
            sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "evaluation IS NULL OR evaluation IN ('COLLECTED', 'DECLINED')",
            name=op.f("ck_warranty_certificate_evaluation_known"),
        ),
        sa.CheckConstraint(
            "state = 'PENDING' OR issued_at IS NOT NULL", name=op.f("ck_warranty_certificate_issued_has_a_time")
        ),
        sa.CheckConstraint(
            "state IN ('PENDING', 'ISSUED', 'REISSUED', 'VOID', 'EXPIRED')",
            name=op.f("ck_warranty_certificate_state_known"),
        ),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_warranty_certificate_branch_id")),
        sa.ForeignKeyConstraint(["consented_by_id"], ["user.id"], name=op.f("fk_warranty_certificate_consented_by_id")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_warranty_certificate_contract_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_warranty_certificate_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_warranty_certificate_customer_id")),
        sa.ForeignKeyConstraint(["issued_by_id"], ["user.id"], name=op.f("fk_warranty_certificate_issued_by_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_warranty_certificate_owner_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_warranty_certificate_project_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_warranty_certificate_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warranty_certificate")),
        sa.UniqueConstraint("number", name=op.f("uq_warranty_certificate_number")),
        sa.UniqueConstraint("project_id", name=op.f("uq_warranty_certificate_project_id")),
    )
    with op.batch_alter_table("warranty_certificate", schema=None) as batch_op:
        batch_op.create_index("ix_warranty_certificate_branch", ["branch_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_warranty_certificate_contract_id"), ["contract_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_warranty_certificate_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_warranty_certificate_ends_on"), ["ends_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_warranty_certificate_state"), ["state"], unique=False)

    op.create_table(
        "repair_order",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column(
            "reporter",
            sa.String(length=50).with_variant(sa.String(length=50, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column(
            "phone",
            sa.String(length=30).with_variant(sa.String(length=30, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("certificate_id", sa.Integer(), nullable=True),
        sa.Column("consultation_id", sa.Integer(), nullable=True),
        sa.Column("complaint_id", sa.Integer(), nullable=True),
        sa.Column("rework_of_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("captain_id", sa.Integer(), nullable=True),
        sa.Column("trade", sa.String(length=20), nullable=False),
        sa.Column("urgency", sa.String(length=20), nullable=False),
        sa.Column("symptom", sa.Text(), nullable=False),
        sa.Column("in_warranty", sa.String(length=20), nullable=True),
        sa.Column("warranty_reason", sa.Text(), nullable=True),
        sa.Column("basis_told", sa.String(length=200), nullable=True),
        sa.Column("responsible_crew_id", sa.Integer(), nullable=True),
        sa.Column("crew_status", sa.String(length=20), nullable=True),
        sa.Column("executor", sa.String(length=20), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appointment_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overlap_reason", sa.String(length=200), nullable=True),
        sa.Column("taken_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("take_over_reason", sa.Text(), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cause", sa.String(length=20), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("plan_made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("planned_done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quote_material", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("quote_labour", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("quote_accepted", sa.Boolean(), nullable=True),
        sa.Column("quote_answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quote_note", sa.Text(), nullable=True),
        sa.Column("work_done", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("site_cleaned", sa.Boolean(), nullable=False),
        sa.Column("has_no_costs", sa.Boolean(), nullable=False),
        sa.Column("defects", sa.Text(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.String(length=50), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("follow_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("follow_up_satisfied", sa.Boolean(), nullable=True),
        sa.Column("follow_up_note", sa.Text(), nullable=True),
        sa.Column("rework_count", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "number",
            sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "cause IS NULL OR cause IN ('CONSTRUCTION', 'MATERIAL', 'DESIGN', 'CUSTOMER_USE', 'THIRD_PARTY', 'FORCE_MAJEURE')",
            name=op.f("ck_repair_order_cause_known"),
        ),
        sa.CheckConstraint(
            "channel IN ('PHONE', 'VISIT', 'WEBSITE', 'WECHAT', 'PLATFORM', 'EMAIL', 'BOX', 'EXPO')",
            name=op.f("ck_repair_order_channel_known"),
        ),
        sa.CheckConstraint(
            "crew_status IS NULL OR crew_status IN ('ACTIVE', 'DEPARTED', 'REPLACED_ON_REQUEST')",
            name=op.f("ck_repair_order_crew_status_known"),
        ),
        sa.CheckConstraint(
            "executor IS NULL OR executor IN ('RESPONSIBLE_CREW', 'CAPTAIN_TEAM')",
            name=op.f("ck_repair_order_executor_known"),
        ),
        sa.CheckConstraint(
            "in_warranty IS NULL OR in_warranty IN ('YES', 'NO', 'EXCLUDED')",
            name=op.f("ck_repair_order_in_warranty_known"),
        ),
        sa.CheckConstraint(
            "state <> 'CLOSED' OR closed_at IS NOT NULL", name=op.f("ck_repair_order_closed_has_a_time")
        ),
        sa.CheckConstraint(
            "state IN ('REPORTED', 'CHECKED', 'ASSIGNED', 'ON_SITE', 'QUOTED', 'REPAIRING', 'DONE', 'SIGNED_OFF', 'CLOSED', 'DECLINED', 'COMPLAINT')",
            name=op.f("ck_repair_order_state_known"),
        ),
        sa.CheckConstraint(
            "trade IN ('BASIC', 'WATER_ELECTRIC', 'WATERPROOF', 'WOODWORK', 'HARDWARE', 'PAINT', 'OTHER')",
            name=op.f("ck_repair_order_trade_known"),
        ),
        sa.CheckConstraint("urgency IN ('NORMAL', 'URGENT')", name=op.f("ck_repair_order_urgency_known")),
        sa.CheckConstraint("rating IS NULL OR rating BETWEEN 1 AND 5", name=op.f("ck_repair_order_rating_in_range")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_repair_order_branch_id")),
        sa.ForeignKeyConstraint(["captain_id"], ["user.id"], name=op.f("fk_repair_order_captain_id")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["warranty_certificate.id"], name=op.f("fk_repair_order_certificate_id")
        ),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_repair_order_complaint_id")),
        sa.ForeignKeyConstraint(["consultation_id"], ["consultation.id"], name=op.f("fk_repair_order_consultation_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_repair_order_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_repair_order_customer_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_repair_order_owner_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_repair_order_project_id")),
        sa.ForeignKeyConstraint(["responsible_crew_id"], ["crew.id"], name=op.f("fk_repair_order_responsible_crew_id")),
        sa.ForeignKeyConstraint(["rework_of_id"], ["repair_order.id"], name=op.f("fk_repair_order_rework_of_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_repair_order_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_order")),
        sa.UniqueConstraint("number", name=op.f("uq_repair_order_number")),
    )
    with op.batch_alter_table("repair_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_repair_order_appointment_at"), ["appointment_at"], unique=False)
        batch_op.create_index("ix_repair_order_branch", ["branch_id", "reported_at", "id"], unique=False)
        batch_op.create_index("ix_repair_order_captain", ["captain_id", "state"], unique=False)
        batch_op.create_index(batch_op.f("ix_repair_order_certificate_id"), ["certificate_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_repair_order_closed_at"), ["closed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_repair_order_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_repair_order_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_repair_order_phone"), ["phone"], unique=False)
        batch_op.create_index(batch_op.f("ix_repair_order_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_repair_order_reported_at"), ["reported_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_repair_order_reporter"), ["reporter"], unique=False)
        batch_op.create_index(batch_op.f("ix_repair_order_responsible_crew_id"), ["responsible_crew_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_repair_order_state"), ["state"], unique=False)

    op.create_table(
        "warranty_term",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("certificate_id", sa.Integer(), nullable=False),
        sa.Column("trade", sa.String(length=20), nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "trade IN ('BASIC', 'WATER_ELECTRIC', 'WATERPROOF', 'WOODWORK', 'HARDWARE', 'PAINT', 'OTHER')",
            name=op.f("ck_warranty_term_trade_known"),
        ),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["warranty_certificate.id"], name=op.f("fk_warranty_term_certificate_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warranty_term")),
        sa.UniqueConstraint("certificate_id", "trade", name=op.f("uq_warranty_term_certificate_id_trade")),
    )
    with op.batch_alter_table("warranty_term", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_warranty_term_ends_on"), ["ends_on"], unique=False)

    op.create_table(
        "repair_cost",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("what", sa.String(length=100), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("bearer", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "bearer IN ('COMPANY', 'CREW', 'SUPPLIER', 'CUSTOMER')", name=op.f("ck_repair_cost_bearer_known")
        ),
        sa.CheckConstraint("kind IN ('MATERIAL', 'LABOUR', 'OTHER')", name=op.f("ck_repair_cost_kind_known")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_repair_cost_amount_not_negative")),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_cost_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_cost")),
    )
    with op.batch_alter_table("repair_cost", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_repair_cost_order_id"), ["order_id"], unique=False)

    op.create_table(
        "repair_cost_case",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("crew_id", sa.Integer(), nullable=False),
        sa.Column("crew_status", sa.String(length=20), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("captain_id", sa.Integer(), nullable=True),
        sa.Column("estimate_material", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("estimate_labour", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=True),
        sa.Column("is_crew_at_fault", sa.Boolean(), nullable=True),
        sa.Column("confirmed_by_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settlement_available", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("approval_limit", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("tolerance_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gm_id", sa.Integer(), nullable=True),
        sa.Column("gm_decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actual_material", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("actual_labour", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("voucher_no", sa.String(length=50), nullable=True),
        sa.Column("executor_paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "number",
            sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "cause IS NULL OR cause IN ('CONSTRUCTION', 'MATERIAL', 'DESIGN', 'CUSTOMER_USE', 'THIRD_PARTY', 'FORCE_MAJEURE')",
            name=op.f("ck_repair_cost_case_cause_known"),
        ),
        sa.CheckConstraint(
            "crew_status IN ('ACTIVE', 'DEPARTED', 'REPLACED_ON_REQUEST')",
            name=op.f("ck_repair_cost_case_crew_status_known"),
        ),
        sa.CheckConstraint(
            "state IN ('DRAFT', 'CONFIRMED', 'APPROVED', 'EXECUTED', 'CHARGED', 'CLOSED')",
            name=op.f("ck_repair_cost_case_state_known"),
        ),
        sa.ForeignKeyConstraint(["approved_by_id"], ["user.id"], name=op.f("fk_repair_cost_case_approved_by_id")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_repair_cost_case_branch_id")),
        sa.ForeignKeyConstraint(["captain_id"], ["user.id"], name=op.f("fk_repair_cost_case_captain_id")),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["party.id"], name=op.f("fk_repair_cost_case_confirmed_by_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_repair_cost_case_created_by_id")),
        sa.ForeignKeyConstraint(["crew_id"], ["crew.id"], name=op.f("fk_repair_cost_case_crew_id")),
        sa.ForeignKeyConstraint(["gm_id"], ["party.id"], name=op.f("fk_repair_cost_case_gm_id")),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_cost_case_order_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_repair_cost_case_owner_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_repair_cost_case_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_cost_case")),
        sa.UniqueConstraint("number", name=op.f("uq_repair_cost_case_number")),
        sa.UniqueConstraint("order_id", name=op.f("uq_repair_cost_case_order_id")),
    )
    with op.batch_alter_table("repair_cost_case", schema=None) as batch_op:
        batch_op.create_index("ix_repair_cost_case_branch", ["branch_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_repair_cost_case_crew_id"), ["crew_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_repair_cost_case_state"), ["state"], unique=False)

    op.create_table(
        "repair_signature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("signed_by", sa.String(length=50), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("shown_hash", sa.String(length=64), nullable=False),
        sa.Column("attachment_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"], name=op.f("fk_repair_signature_attachment_id")),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_signature_order_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["user.id"], name=op.f("fk_repair_signature_recorded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repair_signature")),
    )
    with op.batch_alter_table("repair_signature", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_repair_signature_order_id"), ["order_id"], unique=False)

    op.create_table(
        "cost_booking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("bearer", sa.String(length=30), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("balance_before", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("balance_after", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "bearer IN ('ORIGINAL_CREW_RETENTION', 'ORIGINAL_CREW_SETTLEMENT', 'COMPANY', 'CUSTOMER')",
            name=op.f("ck_cost_booking_bearer_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_cost_booking_amount_positive")),
        sa.ForeignKeyConstraint(["booked_by_id"], ["user.id"], name=op.f("fk_cost_booking_booked_by_id")),
        sa.ForeignKeyConstraint(["case_id"], ["repair_cost_case.id"], name=op.f("fk_cost_booking_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cost_booking")),
        sa.UniqueConstraint("case_id", "bearer", name=op.f("uq_cost_booking_case_id_bearer")),
    )


def downgrade() -> None:
    """Take back."""

    op.drop_table("cost_booking")
    with op.batch_alter_table("repair_signature", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_repair_signature_order_id"))

    op.drop_table("repair_signature")
    with op.batch_alter_table("repair_cost_case", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_repair_cost_case_state"))
        batch_op.drop_index(batch_op.f("ix_repair_cost_case_crew_id"))
        batch_op.drop_index("ix_repair_cost_case_branch")

    op.drop_table("repair_cost_case")
    with op.batch_alter_table("repair_cost", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_repair_cost_order_id"))

    op.drop_table("repair_cost")
    with op.batch_alter_table("warranty_term", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_warranty_term_ends_on"))

    op.drop_table("warranty_term")
    with op.batch_alter_table("repair_order", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_repair_order_state"))
        batch_op.drop_index(batch_op.f("ix_repair_order_responsible_crew_id"))
        batch_op.drop_index(batch_op.f("ix_repair_order_reporter"))
        batch_op.drop_index(batch_op.f("ix_repair_order_reported_at"))
        batch_op.drop_index(batch_op.f("ix_repair_order_project_id"))
        batch_op.drop_index(batch_op.f("ix_repair_order_phone"))
        batch_op.drop_index(batch_op.f("ix_repair_order_owner_id"))
        batch_op.drop_index(batch_op.f("ix_repair_order_customer_id"))
        batch_op.drop_index(batch_op.f("ix_repair_order_closed_at"))
        batch_op.drop_index(batch_op.f("ix_repair_order_certificate_id"))
        batch_op.drop_index("ix_repair_order_captain")
        batch_op.drop_index("ix_repair_order_branch")
        batch_op.drop_index(batch_op.f("ix_repair_order_appointment_at"))

    op.drop_table("repair_order")
    with op.batch_alter_table("warranty_certificate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_warranty_certificate_state"))
        batch_op.drop_index(batch_op.f("ix_warranty_certificate_ends_on"))
        batch_op.drop_index(batch_op.f("ix_warranty_certificate_customer_id"))
        batch_op.drop_index(batch_op.f("ix_warranty_certificate_contract_id"))
        batch_op.drop_index("ix_warranty_certificate_branch")

    op.drop_table("warranty_certificate")
