"""What happens on a site: stage acceptances, change orders, delays, weekly reports, visits, open days, safety notices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

NUMBER = sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "open_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("invited", sa.Text(), nullable=False),
        sa.Column("attended", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_open_day")),
    )
    op.create_table(
        "change_order",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("extra_days", sa.Integer(), nullable=False),
        sa.Column("designer_signed_by", sa.String(length=50), nullable=True),
        sa.Column("foreman_signed_by", sa.String(length=50), nullable=True),
        sa.Column("pm_signed_by", sa.String(length=50), nullable=True),
        sa.Column("customer_signed_by", sa.String(length=50), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "signed_on IS NULL OR (designer_signed_by IS NOT NULL AND foreman_signed_by IS NOT NULL AND pm_signed_by IS NOT NULL AND customer_signed_by IS NOT NULL)",
            name=op.f("ck_change_order_signed_by_all_four"),
        ),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_change_order_branch_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_change_order_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_change_order_customer_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_change_order_project_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_change_order_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_order")),
        sa.UniqueConstraint("number", name=op.f("uq_change_order_number")),
    )
    op.create_index("ix_change_order_branch", "change_order", ["branch_id", "id"], unique=False)
    op.create_index(op.f("ix_change_order_customer_id"), "change_order", ["customer_id"], unique=False)
    op.create_index(op.f("ix_change_order_project_id"), "change_order", ["project_id"], unique=False)
    op.create_index("ix_change_order_signed", "change_order", ["signed_on", "id"], unique=False)
    op.create_table(
        "delay_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("customer_signed_by", sa.String(length=50), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.CheckConstraint("days > 0", name=op.f("ck_delay_notice_days_positive")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_delay_notice_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delay_notice")),
    )
    op.create_index(op.f("ix_delay_notice_project_id"), "delay_notice", ["project_id"], unique=False)
    op.create_table(
        "open_day_site",
        sa.Column("open_day_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["open_day_id"], ["open_day.id"], name=op.f("fk_open_day_site_open_day_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_open_day_site_project_id")),
        sa.PrimaryKeyConstraint("open_day_id", "project_id", name=op.f("pk_open_day_site")),
    )
    op.create_index(op.f("ix_open_day_site_project_id"), "open_day_site", ["project_id"], unique=False)
    op.create_table(
        "safety_notice",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("hazard", sa.Text(), nullable=False),
        sa.Column("responsible_id", sa.Integer(), nullable=False),
        sa.Column("limit_on", sa.Date(), nullable=False),
        sa.Column("rechecked_on", sa.Date(), nullable=True),
        sa.Column("recheck", sa.Text(), nullable=True),
        sa.Column("is_removed", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "NOT is_removed OR rechecked_on IS NOT NULL", name=op.f("ck_safety_notice_removed_is_rechecked")
        ),
        sa.CheckConstraint("limit_on >= found_on", name=op.f("ck_safety_notice_limit_after_found")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_safety_notice_branch_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_safety_notice_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_safety_notice_customer_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_safety_notice_project_id")),
        sa.ForeignKeyConstraint(["responsible_id"], ["party.id"], name=op.f("fk_safety_notice_responsible_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_safety_notice_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safety_notice")),
        sa.UniqueConstraint("number", name=op.f("uq_safety_notice_number")),
    )
    op.create_index("ix_safety_notice_branch", "safety_notice", ["branch_id", "id"], unique=False)
    op.create_index(op.f("ix_safety_notice_customer_id"), "safety_notice", ["customer_id"], unique=False)
    op.create_index(op.f("ix_safety_notice_project_id"), "safety_notice", ["project_id"], unique=False)
    op.create_index("ix_safety_notice_removed", "safety_notice", ["is_removed", "limit_on"], unique=False)
    op.create_table(
        "stage_acceptance",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("result", sa.String(length=10), nullable=False),
        sa.Column("customer_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("supervisor_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("covering_on", sa.Date(), nullable=True),
        sa.Column("customer_signed_by", sa.String(length=50), nullable=True),
        sa.Column("supervisor_signed_by", sa.String(length=50), nullable=True),
        sa.Column("pm_signed_by", sa.String(length=50), nullable=True),
        sa.Column("foreman_signed_by", sa.String(length=50), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("result IN ('PASS', 'FAIL')", name=op.f("ck_stage_acceptance_result_known")),
        sa.CheckConstraint(
            "stage <> 'CONCEALED' OR result <> 'PASS' OR (customer_signed_by IS NOT NULL AND supervisor_signed_by IS NOT NULL AND customer_told_at IS NOT NULL AND supervisor_told_at IS NOT NULL)",
            name=op.f("ck_stage_acceptance_concealed_is_signed"),
        ),
        sa.CheckConstraint(
            "stage IN ('MATERIAL', 'CONCEALED', 'WATERPROOF', 'MID', 'TRADE_HANDOVER')",
            name=op.f("ck_stage_acceptance_stage_known"),
        ),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_stage_acceptance_branch_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_stage_acceptance_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_stage_acceptance_customer_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_stage_acceptance_project_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_stage_acceptance_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_acceptance")),
        sa.UniqueConstraint("number", name=op.f("uq_stage_acceptance_number")),
    )
    op.create_index("ix_stage_acceptance_branch", "stage_acceptance", ["branch_id", "id"], unique=False)
    op.create_index(op.f("ix_stage_acceptance_customer_id"), "stage_acceptance", ["customer_id"], unique=False)
    op.create_index("ix_stage_acceptance_held", "stage_acceptance", ["held_on", "id"], unique=False)
    op.create_index(op.f("ix_stage_acceptance_project_id"), "stage_acceptance", ["project_id"], unique=False)
    op.create_index("ix_stage_acceptance_stage", "stage_acceptance", ["stage", "id"], unique=False)
    op.create_table(
        "supervisor_visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('CONTACT', 'VISIT')", name=op.f("ck_supervisor_visit_kind_known")),
        sa.ForeignKeyConstraint(["by_id"], ["party.id"], name=op.f("fk_supervisor_visit_by_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_supervisor_visit_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supervisor_visit")),
    )
    op.create_index(op.f("ix_supervisor_visit_project_id"), "supervisor_visit", ["project_id"], unique=False)
    op.create_table(
        "weekly_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=True),
        sa.Column("safety", sa.Text(), nullable=True),
        sa.Column("next_week", sa.Text(), nullable=True),
        sa.Column("customer_words", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "channel IN ('PHONE', 'WECHAT', 'ON_SITE', 'OTHER')", name=op.f("ck_weekly_report_channel_known")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["party.id"], name=op.f("fk_weekly_report_by_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_weekly_report_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weekly_report")),
    )
    op.create_index("ix_weekly_report_project", "weekly_report", ["project_id", "told_at"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_weekly_report_project", table_name="weekly_report")
    op.drop_table("weekly_report")
    op.drop_index(op.f("ix_supervisor_visit_project_id"), table_name="supervisor_visit")
    op.drop_table("supervisor_visit")
    op.drop_index("ix_stage_acceptance_stage", table_name="stage_acceptance")
    op.drop_index(op.f("ix_stage_acceptance_project_id"), table_name="stage_acceptance")
    op.drop_index("ix_stage_acceptance_held", table_name="stage_acceptance")
    op.drop_index(op.f("ix_stage_acceptance_customer_id"), table_name="stage_acceptance")
    op.drop_index("ix_stage_acceptance_branch", table_name="stage_acceptance")
    op.drop_table("stage_acceptance")
    op.drop_index("ix_safety_notice_removed", table_name="safety_notice")
    op.drop_index(op.f("ix_safety_notice_project_id"), table_name="safety_notice")
    op.drop_index(op.f("ix_safety_notice_customer_id"), table_name="safety_notice")
    op.drop_index("ix_safety_notice_branch", table_name="safety_notice")
    op.drop_table("safety_notice")
    op.drop_index(op.f("ix_open_day_site_project_id"), table_name="open_day_site")
    op.drop_table("open_day_site")
    op.drop_index(op.f("ix_delay_notice_project_id"), table_name="delay_notice")
    op.drop_table("delay_notice")
    op.drop_index("ix_change_order_signed", table_name="change_order")
    op.drop_index(op.f("ix_change_order_project_id"), table_name="change_order")
    op.drop_index(op.f("ix_change_order_customer_id"), table_name="change_order")
    op.drop_index("ix_change_order_branch", table_name="change_order")
    op.drop_table("change_order")
    op.drop_table("open_day")
