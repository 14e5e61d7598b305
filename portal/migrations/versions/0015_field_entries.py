"""What was written on phones, and clocks met there before the limit but heard of after it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """None yet."""
    op.create_table(
        "field_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("client_key", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("record_kind", sa.String(length=30), nullable=True),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=True),
        sa.Column("device_at", MOMENT, nullable=False),
        sa.Column("skew_seconds", sa.Integer(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("location", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_field_entry_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_entry")),
        sa.UniqueConstraint("user_id", "client_key", name=op.f("uq_field_entry_user_id_client_key")),
    )
    op.create_index("ix_field_entry_record", "field_entry", ["record_kind", "record_id"])
    op.create_table(
        "deadline_claim",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("met_at", MOMENT, nullable=False),
        sa.Column("device_at", MOMENT, nullable=False),
        sa.Column("skew_seconds", sa.Integer(), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('OPEN', 'ACCEPTED', 'REFUSED')", name=op.f("ck_deadline_claim_state_known")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_deadline_claim_branch_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["user.id"], name=op.f("fk_deadline_claim_decided_by_id")),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name=op.f("fk_deadline_claim_task_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_deadline_claim_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deadline_claim")),
        sa.UniqueConstraint("task_id", name=op.f("uq_deadline_claim_task_id")),
    )
    op.create_index(op.f("ix_deadline_claim_received_at"), "deadline_claim", ["received_at"])
    op.create_index(
        "ix_deadline_claim_open",
        "deadline_claim",
        ["received_at"],
        sqlite_where=sa.text("state = 'OPEN'"),
        postgresql_where=sa.text("state = 'OPEN'"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("deadline_claim")
    op.drop_table("field_entry")
