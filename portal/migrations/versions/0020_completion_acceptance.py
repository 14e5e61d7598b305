"""Completion acceptances with their lines, rounds and signatures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NUMBER = sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "completion_acceptance",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("self_checked_at", MOMENT, nullable=True),
        sa.Column("initial_checked_at", MOMENT, nullable=True),
        sa.Column("initial_present", sa.String(length=200), nullable=True),
        sa.Column("initial_result", sa.Text(), nullable=True),
        sa.Column("defects_removed", sa.Boolean(), nullable=False),
        sa.Column("notice_sent_at", MOMENT, nullable=True),
        sa.Column("notice_channel", sa.String(length=20), nullable=True),
        sa.Column("notice_hours", sa.Integer(), nullable=True),
        sa.Column("appointed_at", MOMENT, nullable=True),
        sa.Column("place", sa.String(length=200), nullable=True),
        sa.Column("invited", sa.String(length=200), nullable=True),
        sa.Column("accepted_at", MOMENT, nullable=True),
        sa.Column("present", sa.String(length=200), nullable=True),
        sa.Column("conclusion", sa.Text(), nullable=True),
        sa.Column("customer_words", sa.Text(), nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('PREPARING', 'INITIAL_DONE', 'NOTICE_SENT', 'RECTIFYING', 'ACCEPTED', 'SETTLED')",
            name=op.f("ck_completion_acceptance_state_known"),
        ),
        sa.CheckConstraint(
            "notice_channel IS NULL OR notice_channel IN ('PHONE', 'WECHAT', 'MESSAGE', 'PAPER')",
            name=op.f("ck_completion_acceptance_notice_channel_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('ACCEPTED', 'SETTLED') OR accepted_at IS NOT NULL",
            name=op.f("ck_completion_acceptance_accepted_has_a_time"),
        ),
        sa.CheckConstraint(
            "state <> 'SETTLED' OR settled_on IS NOT NULL", name=op.f("ck_completion_acceptance_settled_has_a_day")
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_completion_acceptance_{column}"))
            for column, table in (
                ("project_id", "project"),
                ("contract_id", "contract"),
                ("customer_id", "customer"),
                ("owner_id", "user"),
                ("created_by_id", "user"),
                ("updated_by_id", "user"),
                ("branch_id", "branch"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completion_acceptance")),
        sa.UniqueConstraint("number", name=op.f("uq_completion_acceptance_number")),
        sa.UniqueConstraint("project_id", name=op.f("uq_completion_acceptance_project_id")),
    )
    for column in ("state", "contract_id", "customer_id", "accepted_at"):
        op.create_index(op.f(f"ix_completion_acceptance_{column}"), "completion_acceptance", [column])
    op.create_index("ix_completion_acceptance_branch", "completion_acceptance", ["branch_id", "id"])
    op.create_table(
        "completion_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("completion_id", sa.Integer(), nullable=False),
        sa.Column("room", sa.String(length=50), nullable=False),
        sa.Column("trade", sa.String(length=50), nullable=False),
        sa.Column("what", sa.String(length=200), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=True),
        sa.Column("remark", sa.String(length=200), nullable=True),
        sa.CheckConstraint(
            "verdict IS NULL OR verdict IN ('PASSED', 'REFUSED', 'NONE')",
            name=op.f("ck_completion_check_verdict_known"),
        ),
        sa.ForeignKeyConstraint(
            ["completion_id"], ["completion_acceptance.id"], name=op.f("fk_completion_check_completion_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completion_check")),
    )
    op.create_table(
        "completion_round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("completion_id", sa.Integer(), nullable=False),
        sa.Column("refused_at", MOMENT, nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("requirement", sa.Text(), nullable=False),
        sa.Column("limit_on", sa.Date(), nullable=False),
        sa.Column("rectified_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["completion_id"], ["completion_acceptance.id"], name=op.f("fk_completion_round_completion_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completion_round")),
    )
    op.create_table(
        "completion_signature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("completion_id", sa.Integer(), nullable=False),
        sa.Column("signed_by", sa.String(length=50), nullable=False),
        sa.Column("signed_at", MOMENT, nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("shown_hash", sa.String(length=64), nullable=False),
        sa.Column("attachment_id", sa.Integer(), nullable=True),
        sa.Column("recorded_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["completion_id"], ["completion_acceptance.id"], name=op.f("fk_completion_signature_completion_id")
        ),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachment.id"], name=op.f("fk_completion_signature_attachment_id")
        ),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["user.id"], name=op.f("fk_completion_signature_recorded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_completion_signature")),
    )
    for table in ("completion_check", "completion_round", "completion_signature"):
        op.create_index(op.f(f"ix_{table}_completion_id"), table, ["completion_id"])


def downgrade() -> None:
    """Take back."""
    for table in ("completion_signature", "completion_round", "completion_check", "completion_acceptance"):
        op.drop_table(table)
