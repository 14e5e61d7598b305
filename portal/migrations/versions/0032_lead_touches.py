"""Pre-sale messages before the hand-over of an estate and after a visit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "lead_touch",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("property_id", sa.Integer(), nullable=True),
        sa.Column("consultation_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("hangs_on", sa.String(length=20), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("response", sa.Text(), nullable=True),
        sa.Column("asked_to_stop", sa.Boolean(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_by_id", sa.Integer(), nullable=True),
        sa.Column("skip_reason", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("mail_state", sa.String(length=20), nullable=True),
        sa.Column("mail_answer", sa.String(length=500), nullable=True),
        sa.Column("mail_attempts", sa.Integer(), nullable=False),
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
        sa.CheckConstraint("state <> 'SENT' OR sent_at IS NOT NULL", name=op.f("ck_lead_touch_sent_has_a_time")),
        sa.CheckConstraint(
            "state <> 'SKIPPED' OR skip_reason IS NOT NULL", name=op.f("ck_lead_touch_skipped_has_a_reason")
        ),
        sa.CheckConstraint(
            "channel IS NULL OR channel IN ('SMS', 'WECHAT', 'PHONE', 'EMAIL')",
            name=op.f("ck_lead_touch_channel_known"),
        ),
        sa.CheckConstraint(
            "kind IN ('HANDOVER_30', 'HANDOVER_15', 'HANDOVER_3', 'VISIT_0', 'VISIT_3', 'VISIT_5', 'VISIT_7', 'VISIT_15')",
            name=op.f("ck_lead_touch_kind_known"),
        ),
        sa.CheckConstraint(
            "mail_state IS NULL OR mail_state IN ('DUE', 'SENDING', 'SENT', 'UNCERTAIN', 'FAILED', 'SUPPRESSED')",
            name=op.f("ck_lead_touch_mail_state_known"),
        ),
        sa.CheckConstraint(
            "skip_reason IS NULL OR skip_reason IN ('PAST', 'SIGNED', 'OPTED_OUT', 'LOST', 'NO_DATE', 'NEW_VISIT', 'DOUBLE', 'BY_HAND')",
            name=op.f("ck_lead_touch_skip_reason_known"),
        ),
        sa.CheckConstraint("state IN ('DUE', 'SENT', 'SKIPPED')", name=op.f("ck_lead_touch_state_known")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_lead_touch_branch_id")),
        sa.ForeignKeyConstraint(["consultation_id"], ["consultation.id"], name=op.f("fk_lead_touch_consultation_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_lead_touch_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_lead_touch_customer_id")),
        sa.ForeignKeyConstraint(["property_id"], ["property.id"], name=op.f("fk_lead_touch_property_id")),
        sa.ForeignKeyConstraint(["sent_by_id"], ["user.id"], name=op.f("fk_lead_touch_sent_by_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_lead_touch_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead_touch")),
        sa.UniqueConstraint("hangs_on", "kind", name=op.f("uq_lead_touch_hangs_on_kind")),
        sa.UniqueConstraint("number", name=op.f("uq_lead_touch_number")),
    )
    op.create_index("ix_lead_touch_branch", "lead_touch", ["branch_id", "due_on", "id"], unique=False)
    op.create_index(op.f("ix_lead_touch_consultation_id"), "lead_touch", ["consultation_id"], unique=False)
    op.create_index("ix_lead_touch_created_by", "lead_touch", ["created_by_id", "due_on", "id"], unique=False)
    op.create_index(op.f("ix_lead_touch_customer_id"), "lead_touch", ["customer_id"], unique=False)
    op.create_index(
        "ix_lead_touch_due",
        "lead_touch",
        ["due_on", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'DUE'"),
        postgresql_where=sa.text("state = 'DUE'"),
    )
    op.create_index("ix_lead_touch_order", "lead_touch", ["due_on", "id"], unique=False)
    op.create_index(op.f("ix_lead_touch_property_id"), "lead_touch", ["property_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_table("lead_touch")
