"""Reports as they were drawn up and signed, and their delivery."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
RECIPIENTS = (
    "'MANAGER', 'GM', 'DEPUTY_GM', 'HEADQUARTERS', 'CULTURE', 'HR', 'DESIGN', 'ENGINEERING', 'FINANCE', 'MARKETING',"
    " 'DEPARTMENTS'"
)
RUN_CHECKS = {
    "state_known": "state IN ('DUE', 'DRAFT', 'SIGNED', 'SENT', 'LATE')",
    "period_in_order": "period_to >= period_from",
    "editions_from_one": "edition >= 1",
    "signed_has_its_figures": "state NOT IN ('SIGNED', 'SENT') OR (signed_at IS NOT NULL AND content IS NOT NULL)",
    "sent_has_a_time": "state <> 'SENT' OR sent_at IS NOT NULL",
}
DELIVERY_CHECKS = {
    "recipient_known": f"recipient IN ({RECIPIENTS})",
    "state_known": "state IN ('WAITING', 'SENDING', 'SENT', 'FAILED')",
    "way_known": "way IS NULL OR way IN ('EMAIL', 'PAPER', 'CHAT')",
    "sent_has_a_time": "state <> 'SENT' OR sent_at IS NOT NULL",
}
LINKS = {
    "corrects_id": "report_run",
    "asked_by_id": "user",
    "signed_by_id": "user",
    "created_by_id": "user",
    "updated_by_id": "user",
    "branch_id": "branch",
}
ON_CALENDAR = sa.text("due_at IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "report_run",
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("period_from", sa.Date(), nullable=False),
        sa.Column("period_to", sa.Date(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("corrects_id", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("drafted_at", MOMENT, nullable=True),
        sa.Column("content", sa.JSON(), nullable=True),
        sa.Column("calendar_version", sa.String(length=20), nullable=True),
        sa.Column("analysis", sa.Text(), nullable=True),
        sa.Column("measures", sa.Text(), nullable=True),
        sa.Column("plan", sa.Text(), nullable=True),
        sa.Column("help", sa.Text(), nullable=True),
        sa.Column("signed_at", MOMENT, nullable=True),
        sa.Column("signed_by_id", sa.Integer(), nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "number",
            sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        *(
            sa.ForeignKeyConstraint([name], [f"{target}.id"], name=op.f(f"fk_report_run_{name}"))
            for name, target in LINKS.items()
        ),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_report_run_{name}")) for name, rule in RUN_CHECKS.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_run")),
        sa.UniqueConstraint("number", name=op.f("uq_report_run_number")),
    )
    op.create_index(op.f("ix_report_run_state"), "report_run", ["state"])
    op.create_index(op.f("ix_report_run_corrects_id"), "report_run", ["corrects_id"])
    op.create_index("ix_report_run_branch", "report_run", ["branch_id", "id"])
    op.create_index("ix_report_run_code", "report_run", ["code", "period_from"])
    op.create_index(
        "uq_report_run_due", "report_run", ["code", "period_from", "period_to"], unique=True,
        sqlite_where=ON_CALENDAR, postgresql_where=ON_CALENDAR,
    )  # fmt: skip
    op.create_table(
        "report_delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=True),
        sa.Column("name", sa.String(length=50), nullable=True),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("locale", sa.String(length=10), nullable=True),
        sa.Column("message_id", sa.String(length=200), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["report_run.id"], name=op.f("fk_report_delivery_run_id")),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_report_delivery_by_id")),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_report_delivery_{name}")) for name, rule in DELIVERY_CHECKS.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_delivery")),
        sa.UniqueConstraint("run_id", "recipient", name=op.f("uq_report_delivery_run_id_recipient")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("report_delivery")
    op.drop_table("report_run")
