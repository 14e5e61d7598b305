"""The ledger of penalties by month, and editions of the catalogue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SUBJECTS = (
    "'DESIGNER', 'BRANCH_MANAGER', 'FOREMAN', 'PROJECT_MANAGER', 'LIABLE', 'CREW', 'SITE_STAFF', 'INSPECTOR', "
    "'SUPERVISOR', 'TEAM_LEADER', 'SERVICE', 'EVERYBODY'"
)


def upgrade() -> None:
    """None yet: what was approved is not known before this."""
    op.create_table(
        "ledger_month",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=False),
        sa.Column("closed_by_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["closed_by_id"], ["user.id"], name=op.f("fk_ledger_month_closed_by_id")),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_ledger_month")),
    )
    op.create_table(
        "ledger_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("is_reversal", sa.Boolean(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("booked_at", MOMENT, nullable=False),
        sa.Column("booked_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["booked_by_id"], ["user.id"], name=op.f("fk_ledger_line_booked_by_id")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_ledger_line_branch_id")),
        sa.ForeignKeyConstraint(["entry_id"], ["penalty_entry.id"], name=op.f("fk_ledger_line_entry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_line")),
        sa.UniqueConstraint("entry_id", "is_reversal", name=op.f("uq_ledger_line_entry_id_is_reversal")),
    )
    op.create_index("ix_ledger_line_month", "ledger_line", ["month", "id"])
    op.create_index(op.f("ix_penalty_entry_party_id"), "penalty_entry", ["party_id"])
    op.create_table(
        "penalty_rule_edition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("offence", sa.String(length=200), nullable=False),
        sa.Column("times", sa.JSON(), nullable=False),
        sa.Column("otherwise", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by_id", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"subject IN ({SUBJECTS})", name=op.f("ck_penalty_rule_edition_subject_known")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["user.id"], name=op.f("fk_penalty_rule_edition_changed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_penalty_rule_edition")),
        sa.UniqueConstraint("code", "edition", name=op.f("uq_penalty_rule_edition_code_edition")),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index(op.f("ix_penalty_entry_party_id"), table_name="penalty_entry")
    op.drop_table("penalty_rule_edition")
    op.drop_table("ledger_line")
    op.drop_table("ledger_month")
