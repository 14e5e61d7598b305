"""Approvals with who stands in; compensation with shares and vouchers; cancellations with loss notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

STATES = (
    "'SUBMITTED', 'ASSESSING', 'VISIT_SET', 'LIABILITY_SET', 'EXECUTING', 'LEADER_REVIEW', 'FINANCE', 'PAID', 'CLOSED'"
)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "approval_substitute",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("party_id", sa.Integer(), nullable=True),
        sa.Column("by_user_id", sa.Integer(), nullable=True),
        sa.Column("by_party_id", sa.Integer(), nullable=True),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("made_by_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(by_user_id IS NULL) <> (by_party_id IS NULL)", name=op.f("ck_approval_substitute_one_stands_in")
        ),
        sa.CheckConstraint("(user_id IS NULL) <> (party_id IS NULL)", name=op.f("ck_approval_substitute_one_is_away")),
        sa.CheckConstraint("from_on <= until_on", name=op.f("ck_approval_substitute_days_in_order")),
        sa.ForeignKeyConstraint(["by_party_id"], ["party.id"], name=op.f("fk_approval_substitute_by_party_id")),
        sa.ForeignKeyConstraint(["by_user_id"], ["user.id"], name=op.f("fk_approval_substitute_by_user_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["user.id"], name=op.f("fk_approval_substitute_made_by_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_approval_substitute_party_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_approval_substitute_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_substitute")),
    )
    with op.batch_alter_table("approval_substitute", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_approval_substitute_party_id"), ["party_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_approval_substitute_user_id"), ["user_id"], unique=False)

    op.create_table(
        "approval",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("record_kind", sa.String(length=30), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("record_number", sa.String(length=40), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("contract_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("counted", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("round_no", sa.Integer(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
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
            "state IN ('WAITING', 'APPROVED', 'REFUSED', 'WITHDRAWN', 'VOID')", name=op.f("ck_approval_state_known")
        ),
        sa.CheckConstraint(
            "what IN ('COMPENSATION', 'COST_CASE', 'PENALTY', 'CANCELLATION')", name=op.f("ck_approval_what_known")
        ),
        sa.CheckConstraint("amount IS NULL OR amount >= 0", name=op.f("ck_approval_amount_not_negative")),
        sa.ForeignKeyConstraint(["asked_by_id"], ["user.id"], name=op.f("fk_approval_asked_by_id")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_approval_branch_id")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_approval_contract_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_approval_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_approval_customer_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_approval_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        sa.UniqueConstraint("number", name=op.f("uq_approval_number")),
        sa.UniqueConstraint("record_kind", "record_id", "round_no", name="uq_approval_round"),
    )
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.create_index("ix_approval_branch", ["branch_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_approval_contract_id"), ["contract_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_approval_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_approval_state", ["state", "branch_id", "id"], unique=False)

    op.create_table(
        "approval_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("approval_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("party_id", sa.Integer(), nullable=True),
        sa.Column("for_user_id", sa.Integer(), nullable=True),
        sa.Column("for_party_id", sa.Integer(), nullable=True),
        sa.Column("decision", sa.String(length=20), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("evidence", sa.String(length=200), nullable=True),
        sa.Column("scan_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "decision IS NULL OR decision IN ('APPROVED', 'REFUSED')", name=op.f("ck_approval_step_decision_known")
        ),
        sa.CheckConstraint(
            "level IN ('MANAGER', 'HEAD', 'DEPUTY_GM', 'GM')", name=op.f("ck_approval_step_level_known")
        ),
        sa.CheckConstraint(
            "decision IS NULL OR decided_at IS NOT NULL", name=op.f("ck_approval_step_decision_has_a_time")
        ),
        sa.CheckConstraint("user_id IS NULL OR party_id IS NULL", name=op.f("ck_approval_step_one_person")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_approval_step_approval_id")),
        sa.ForeignKeyConstraint(["for_party_id"], ["party.id"], name=op.f("fk_approval_step_for_party_id")),
        sa.ForeignKeyConstraint(["for_user_id"], ["user.id"], name=op.f("fk_approval_step_for_user_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_approval_step_party_id")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["user.id"], name=op.f("fk_approval_step_recorded_by_id")),
        sa.ForeignKeyConstraint(["scan_id"], ["attachment.id"], name=op.f("fk_approval_step_scan_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_approval_step_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_step")),
        sa.UniqueConstraint("approval_id", "position", name=op.f("uq_approval_step_approval_id_position")),
    )
    op.create_table(
        "cancellation",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applicant", sa.String(length=50), nullable=False),
        sa.Column("reason_kind", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("project_stage", sa.String(length=20), nullable=True),
        sa.Column("contract_amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("design_opinion", sa.Text(), nullable=True),
        sa.Column("design_by_id", sa.Integer(), nullable=True),
        sa.Column("design_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts_checked", sa.Boolean(), nullable=False),
        sa.Column("liability_reason", sa.Text(), nullable=True),
        sa.Column("loss_rate", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("measuring_fee", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("certification_rate", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("documented_loss", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("usual_loss", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("loss", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("drafted_by_id", sa.Integer(), nullable=True),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("liability_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by_id", sa.Integer(), nullable=True),
        sa.Column("finance_by_id", sa.Integer(), nullable=True),
        sa.Column("finance_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finance_opinion", sa.Text(), nullable=True),
        sa.Column("paid_total", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("paid_to_crew", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("work_done", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("approval_id", sa.Integer(), nullable=True),
        sa.Column("gm_id", sa.Integer(), nullable=True),
        sa.Column("gm_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gm_decision", sa.Text(), nullable=True),
        sa.Column("notified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_on", sa.Date(), nullable=True),
        sa.Column("output_value_reduction", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("withdrawal_note", sa.Text(), nullable=True),
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
            "project_stage IS NULL OR project_stage IN ('SIGNED', 'ARCHIVED', 'TO_DISPATCH', 'DISPATCHED', 'MATERIAL_CARD', 'START_SET', 'IN_PROGRESS', 'PRE_ACCEPTED', 'ACCEPTED', 'SETTLED', 'IN_WARRANTY', 'OUT_OF_WARRANTY', 'SUSPENDED', 'CANCELLED')",
            name=op.f("ck_cancellation_project_stage_known"),
        ),
        sa.CheckConstraint(
            "reason_kind IN ('DESIGN', 'WORKS', 'SERVICE', 'PRICE', 'CUSTOMER', 'FORCE_MAJEURE', 'OTHER')",
            name=op.f("ck_cancellation_reason_kind_known"),
        ),
        sa.CheckConstraint(
            "state IN ('APPLIED', 'DESIGN_OPINION', 'LIABILITY_SET', 'FINANCE_VERIFIED', 'GM_APPROVED', 'GM_REFUSED', 'NOTIFIED', 'VOIDED', 'CLOSED', 'WITHDRAWN')",
            name=op.f("ck_cancellation_state_known"),
        ),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_cancellation_approval_id")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_cancellation_branch_id")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_cancellation_contract_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_cancellation_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_cancellation_customer_id")),
        sa.ForeignKeyConstraint(["design_by_id"], ["party.id"], name=op.f("fk_cancellation_design_by_id")),
        sa.ForeignKeyConstraint(["drafted_by_id"], ["user.id"], name=op.f("fk_cancellation_drafted_by_id")),
        sa.ForeignKeyConstraint(["finance_by_id"], ["party.id"], name=op.f("fk_cancellation_finance_by_id")),
        sa.ForeignKeyConstraint(["gm_id"], ["party.id"], name=op.f("fk_cancellation_gm_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_cancellation_owner_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_cancellation_project_id")),
        sa.ForeignKeyConstraint(["signed_by_id"], ["user.id"], name=op.f("fk_cancellation_signed_by_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_cancellation_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellation")),
        sa.UniqueConstraint("number", name=op.f("uq_cancellation_number")),
    )
    with op.batch_alter_table("cancellation", schema=None) as batch_op:
        batch_op.create_index("ix_cancellation_branch", ["branch_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_cancellation_contract_id"), ["contract_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_cancellation_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_cancellation_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_cancellation_project_id"), ["project_id"], unique=False)
        batch_op.create_index(
            "uq_cancellation_running",
            ["contract_id"],
            unique=True,
            sqlite_where=sa.text("state NOT IN ('CLOSED', 'WITHDRAWN')"),
            postgresql_where=sa.text("state NOT IN ('CLOSED', 'WITHDRAWN')"),
        )

    op.create_table(
        "cancellation_share",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cancellation_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("liability", sa.String(length=20), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=True),
        sa.Column("crew_id", sa.Integer(), nullable=True),
        sa.Column("percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.CheckConstraint(
            "(liability = 'DESIGNER') = (party_id IS NOT NULL) AND (liability = 'CREW') = (crew_id IS NOT NULL)",
            name=op.f("ck_cancellation_share_liable_is_named"),
        ),
        sa.CheckConstraint(
            "liability IN ('CUSTOMER', 'DESIGNER', 'CREW', 'OTHER')", name=op.f("ck_cancellation_share_liability_known")
        ),
        sa.CheckConstraint("amount IS NULL OR amount >= 0", name=op.f("ck_cancellation_share_amount_not_negative")),
        sa.CheckConstraint("percent > 0 AND percent <= 100", name=op.f("ck_cancellation_share_percent_in_range")),
        sa.ForeignKeyConstraint(
            ["cancellation_id"], ["cancellation.id"], name=op.f("fk_cancellation_share_cancellation_id")
        ),
        sa.ForeignKeyConstraint(["crew_id"], ["crew.id"], name=op.f("fk_cancellation_share_crew_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_cancellation_share_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellation_share")),
    )
    op.create_table(
        "cancellation_word",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cancellation_id", sa.Integer(), nullable=False),
        sa.Column("department", sa.String(length=20), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "department IN ('DESIGN', 'STORE', 'ENGINEERING', 'PURCHASING', 'FINANCE', 'SERVICE', 'HR', 'LEGAL', 'MARKETING', 'ADMIN', 'MANAGEMENT')",
            name=op.f("ck_cancellation_word_department_known"),
        ),
        sa.ForeignKeyConstraint(
            ["cancellation_id"], ["cancellation.id"], name=op.f("fk_cancellation_word_cancellation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellation_word")),
        sa.UniqueConstraint(
            "cancellation_id", "department", name=op.f("uq_cancellation_word_cancellation_id_department")
        ),
    )
    op.create_table(
        "compensation_share",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("escalation_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("bearer", sa.String(length=20), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=True),
        sa.Column("crew_id", sa.Integer(), nullable=True),
        sa.Column("percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("monthly_wage", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.Column("copied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(bearer = 'PERSON') = (party_id IS NOT NULL) AND (bearer = 'CREW') = (crew_id IS NOT NULL)",
            name=op.f("ck_compensation_share_bearer_is_named"),
        ),
        sa.CheckConstraint("bearer IN ('COMPANY', 'PERSON', 'CREW')", name=op.f("ck_compensation_share_bearer_known")),
        sa.CheckConstraint("amount IS NULL OR amount >= 0", name=op.f("ck_compensation_share_amount_not_negative")),
        sa.CheckConstraint("percent > 0 AND percent <= 100", name=op.f("ck_compensation_share_percent_in_range")),
        sa.ForeignKeyConstraint(["crew_id"], ["crew.id"], name=op.f("fk_compensation_share_crew_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["penalty_entry.id"], name=op.f("fk_compensation_share_entry_id")),
        sa.ForeignKeyConstraint(["escalation_id"], ["escalation.id"], name=op.f("fk_compensation_share_escalation_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_compensation_share_party_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compensation_share")),
        sa.UniqueConstraint("escalation_id", "position", name=op.f("uq_compensation_share_escalation_id_position")),
    )
    op.create_table(
        "loss_notice",
        sa.Column("cancellation_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("liability", sa.String(length=20), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=True),
        sa.Column("crew_id", sa.Integer(), nullable=True),
        sa.Column("basis", sa.String(length=200), nullable=False),
        sa.Column("percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("loss", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_by_id", sa.Integer(), nullable=True),
        sa.Column("copied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("executed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entry_id", sa.Integer(), nullable=True),
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
            "liability IN ('CUSTOMER', 'DESIGNER', 'CREW', 'OTHER')", name=op.f("ck_loss_notice_liability_known")
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_loss_notice_amount_not_negative")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_loss_notice_branch_id")),
        sa.ForeignKeyConstraint(["cancellation_id"], ["cancellation.id"], name=op.f("fk_loss_notice_cancellation_id")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_loss_notice_contract_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_loss_notice_created_by_id")),
        sa.ForeignKeyConstraint(["crew_id"], ["crew.id"], name=op.f("fk_loss_notice_crew_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_loss_notice_customer_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["penalty_entry.id"], name=op.f("fk_loss_notice_entry_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_loss_notice_party_id")),
        sa.ForeignKeyConstraint(["received_by_id"], ["party.id"], name=op.f("fk_loss_notice_received_by_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_loss_notice_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loss_notice")),
        sa.UniqueConstraint("number", name=op.f("uq_loss_notice_number")),
    )
    with op.batch_alter_table("loss_notice", schema=None) as batch_op:
        batch_op.create_index("ix_loss_notice_branch", ["branch_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_loss_notice_cancellation_id"), ["cancellation_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_loss_notice_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "payment_voucher",
        sa.Column("escalation_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=True),
        sa.Column("approval_id", sa.Integer(), nullable=False),
        sa.Column("payee", sa.String(length=50), nullable=False),
        sa.Column("purpose", sa.String(length=200), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("annex_count", sa.Integer(), nullable=False),
        sa.Column("leader_id", sa.Integer(), nullable=True),
        sa.Column("leader_decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clerk_id", sa.Integer(), nullable=True),
        sa.Column("finance_no", sa.String(length=50), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
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
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_voucher_amount_positive")),
        sa.CheckConstraint("paid_at IS NULL OR voided_at IS NULL", name=op.f("ck_payment_voucher_not_paid_and_void")),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_payment_voucher_approval_id")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_payment_voucher_branch_id")),
        sa.ForeignKeyConstraint(["clerk_id"], ["party.id"], name=op.f("fk_payment_voucher_clerk_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_payment_voucher_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_payment_voucher_customer_id")),
        sa.ForeignKeyConstraint(["escalation_id"], ["escalation.id"], name=op.f("fk_payment_voucher_escalation_id")),
        sa.ForeignKeyConstraint(["leader_id"], ["party.id"], name=op.f("fk_payment_voucher_leader_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_payment_voucher_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_voucher")),
        sa.UniqueConstraint("approval_id", name=op.f("uq_payment_voucher_approval_id")),
        sa.UniqueConstraint("number", name=op.f("uq_payment_voucher_number")),
    )
    with op.batch_alter_table("payment_voucher", schema=None) as batch_op:
        batch_op.create_index("ix_payment_voucher_branch", ["branch_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_voucher_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_payment_voucher_escalation_id"), ["escalation_id"], unique=False)

    with op.batch_alter_table("escalation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("visit_due_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("visit_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("visit_head_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("late_reason", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("visited_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("present", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("findings", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("solution", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("involves_money", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("liability_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("measures", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("execute_until", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=True))
        batch_op.add_column(sa.Column("approval_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("leader_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("leader_decided_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("leader_decision", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("is_satisfied", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("has_agreement", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("signed_by", sa.String(length=50), nullable=True))
        batch_op.add_column(sa.Column("signed_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("root_cause", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("improvement", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.drop_constraint(batch_op.f("ck_escalation_state_known"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_escalation_state_known"), f"state IN ({STATES})")
        batch_op.create_check_constraint(batch_op.f("ck_escalation_amount_positive"), "amount IS NULL OR amount > 0")
        batch_op.create_foreign_key(batch_op.f("fk_escalation_approval_id"), "approval", ["approval_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_escalation_leader_id"), "party", ["leader_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_escalation_visit_head_id"), "party", ["visit_head_id"], ["id"])

    with op.batch_alter_table("escalation", schema=None) as batch_op:
        batch_op.alter_column("is_satisfied", server_default=None)
        batch_op.alter_column("has_agreement", server_default=None)
    with op.batch_alter_table("penalty_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("recover_by", sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.add_column(sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.drop_column("frozen_at")

    with op.batch_alter_table("penalty_entry", schema=None) as batch_op:
        batch_op.drop_column("recover_by")

    op.execute("UPDATE escalation SET state = 'ASSESSING' WHERE state <> 'SUBMITTED'")
    with op.batch_alter_table("escalation", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_escalation_amount_positive"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_escalation_state_known"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_escalation_state_known"), "state IN ('SUBMITTED', 'ASSESSING')")
        batch_op.drop_constraint(batch_op.f("fk_escalation_visit_head_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_escalation_leader_id"), type_="foreignkey")
        batch_op.drop_constraint(batch_op.f("fk_escalation_approval_id"), type_="foreignkey")
        batch_op.drop_column("closed_at")
        batch_op.drop_column("improvement")
        batch_op.drop_column("root_cause")
        batch_op.drop_column("signed_on")
        batch_op.drop_column("signed_by")
        batch_op.drop_column("has_agreement")
        batch_op.drop_column("is_satisfied")
        batch_op.drop_column("paid_at")
        batch_op.drop_column("leader_decision")
        batch_op.drop_column("leader_decided_at")
        batch_op.drop_column("leader_id")
        batch_op.drop_column("approval_id")
        batch_op.drop_column("amount")
        batch_op.drop_column("execute_until")
        batch_op.drop_column("measures")
        batch_op.drop_column("liability_at")
        batch_op.drop_column("involves_money")
        batch_op.drop_column("solution")
        batch_op.drop_column("findings")
        batch_op.drop_column("present")
        batch_op.drop_column("visited_at")
        batch_op.drop_column("late_reason")
        batch_op.drop_column("visit_head_id")
        batch_op.drop_column("visit_at")
        batch_op.drop_column("visit_due_at")

    with op.batch_alter_table("payment_voucher", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_payment_voucher_escalation_id"))
        batch_op.drop_index(batch_op.f("ix_payment_voucher_customer_id"))
        batch_op.drop_index("ix_payment_voucher_branch")

    op.drop_table("payment_voucher")
    with op.batch_alter_table("loss_notice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_loss_notice_customer_id"))
        batch_op.drop_index(batch_op.f("ix_loss_notice_cancellation_id"))
        batch_op.drop_index("ix_loss_notice_branch")

    op.drop_table("loss_notice")
    op.drop_table("compensation_share")
    op.drop_table("cancellation_word")
    op.drop_table("cancellation_share")
    with op.batch_alter_table("cancellation", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_cancellation_running",
            sqlite_where=sa.text("state NOT IN ('CLOSED', 'WITHDRAWN')"),
            postgresql_where=sa.text("state NOT IN ('CLOSED', 'WITHDRAWN')"),
        )
        batch_op.drop_index(batch_op.f("ix_cancellation_project_id"))
        batch_op.drop_index(batch_op.f("ix_cancellation_owner_id"))
        batch_op.drop_index(batch_op.f("ix_cancellation_customer_id"))
        batch_op.drop_index(batch_op.f("ix_cancellation_contract_id"))
        batch_op.drop_index("ix_cancellation_branch")

    op.drop_table("cancellation")
    op.drop_table("approval_step")
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.drop_index("ix_approval_state")
        batch_op.drop_index(batch_op.f("ix_approval_customer_id"))
        batch_op.drop_index(batch_op.f("ix_approval_contract_id"))
        batch_op.drop_index("ix_approval_branch")

    op.drop_table("approval")
    with op.batch_alter_table("approval_substitute", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_approval_substitute_user_id"))
        batch_op.drop_index(batch_op.f("ix_approval_substitute_party_id"))

    op.drop_table("approval_substitute")
