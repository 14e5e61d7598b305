"""Penalties of every kind: percent and base, suspensions, decision, carrying out, appeal; several kinds for one cause."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MONEY = sa.Numeric(precision=12, scale=2)
MOMENT = sa.DateTime(timezone=True)
SUSPENDED = sa.text("kind = 'ORDER_SUSPENSION'")
COLUMNS: tuple[sa.Column[Any], ...] = (
    sa.Column("user_id", sa.Integer(), nullable=True),
    sa.Column("department", sa.String(length=20), nullable=True),
    sa.Column("offended_on", sa.Date(), nullable=True),
    sa.Column("rule_said", sa.JSON(), nullable=False, server_default="{}"),
    sa.Column("percent", sa.Numeric(precision=6, scale=3), nullable=True),
    sa.Column("base", MONEY, nullable=True),
    sa.Column("suspended_from", sa.Date(), nullable=True),
    sa.Column("suspended_until", sa.Date(), nullable=True),
    sa.Column("is_ticket", sa.Boolean(), nullable=False, server_default=sa.false()),
    sa.Column("decision", sa.Text(), nullable=True),
    sa.Column("approved_by_id", sa.Integer(), nullable=True),
    sa.Column("approved_at", MOMENT, nullable=True),
    sa.Column("confirmed_by_id", sa.Integer(), nullable=True),
    sa.Column("confirmed_at", MOMENT, nullable=True),
    sa.Column("executor", sa.String(length=20), nullable=True),
    sa.Column("sent_at", MOMENT, nullable=True),
    sa.Column("executed_at", MOMENT, nullable=True),
    sa.Column("execution_note", sa.Text(), nullable=True),
    sa.Column("appeal", sa.Text(), nullable=True),
    sa.Column("appealed_at", MOMENT, nullable=True),
    sa.Column("appeal_until", MOMENT, nullable=True),
    sa.Column("appeal_result", sa.Text(), nullable=True),
    sa.Column("appeal_decided_by_id", sa.Integer(), nullable=True),
    sa.Column("appeal_decided_at", MOMENT, nullable=True),
)
LINKS = {
    "user_id": "user",
    "approved_by_id": "user",
    "confirmed_by_id": "party",
    "appeal_decided_by_id": "user",
}
DEPARTMENTS = "'DESIGN', 'STORE', 'ENGINEERING', 'PURCHASING', 'FINANCE', 'SERVICE', 'HR', 'LEGAL', 'MARKETING', 'ADMIN', 'MANAGEMENT'"
CHECKS = {
    "kind_known": "kind IN ('WARNING', 'ORDINARY_FAULT', 'SERIOUS_FAULT', 'FINE', 'COMMISSION_DEDUCTION', 'PUBLIC_CRITICISM', "
    "'ORDER_SUSPENSION', 'FOREMAN_REPLACED', 'WAGE_RECOVERY', 'PERFORMANCE_POINTS', 'DISMISSAL_PROPOSED', "
    "'COMPENSATION_SHARE', 'BY_DECISION')",
    "department_known": f"department IS NULL OR department IN ({DEPARTMENTS})",
    "executor_known": "executor IS NULL OR executor IN ('HR', 'FINANCE', 'ENGINEERING')",
    "subject_known": "crew_id IS NOT NULL OR party_id IS NOT NULL OR user_id IS NOT NULL",
    "percent_has_a_base": "percent IS NULL OR base IS NOT NULL",
    "suspension_has_its_days": "kind <> 'ORDER_SUSPENSION' OR (suspended_from IS NOT NULL AND suspended_until IS NOT NULL"
    " AND suspended_until >= suspended_from)",
    "nothing_without_approval": "state NOT IN ('APPROVED', 'SENT', 'EXECUTED', 'APPEALED') OR approved_at IS NOT NULL",
    "executed_has_a_time": "state <> 'EXECUTED' OR executed_at IS NOT NULL",
}
BEFORE = {
    "kind_known": "kind IN ('FINE', 'BY_DECISION')",
    "subject_known": "crew_id IS NOT NULL OR party_id IS NOT NULL",
}


def upgrade() -> None:
    """What was proposed for crews until now keeps its rule as the papers say it, and the day it was proposed."""
    with op.batch_alter_table("penalty_entry", schema=None) as batch_op:
        for name in BEFORE:
            batch_op.drop_constraint(batch_op.f(f"ck_penalty_entry_{name}"), type_="check")
        batch_op.drop_constraint(batch_op.f("uq_penalty_entry_cause"), type_="unique")
        for column in COLUMNS:
            batch_op.add_column(column)
        for name, target in LINKS.items():
            batch_op.create_foreign_key(batch_op.f(f"fk_penalty_entry_{name}"), target, [name], ["id"])
        for name, rule in CHECKS.items():
            batch_op.create_check_constraint(batch_op.f(f"ck_penalty_entry_{name}"), rule)
        batch_op.create_unique_constraint(batch_op.f("uq_penalty_entry_cause_kind"), ["cause", "kind"])
        batch_op.create_index(
            "ix_penalty_entry_suspended",
            ["party_id", "suspended_until"],
            unique=False,
            sqlite_where=SUSPENDED,
            postgresql_where=SUSPENDED,
        )
    op.execute("UPDATE penalty_entry SET offended_on = CAST(created_at AS DATE)" if _is_postgresql() else
               "UPDATE penalty_entry SET offended_on = date(created_at)")  # fmt: skip
    op.execute("UPDATE penalty_entry SET department = 'ENGINEERING' WHERE crew_id IS NOT NULL")
    with op.batch_alter_table("penalty_entry", schema=None) as batch_op:
        batch_op.alter_column("offended_on", nullable=False, existing_type=sa.Date())
        batch_op.alter_column("rule_said", server_default=None)
        batch_op.alter_column("is_ticket", server_default=None)


def downgrade() -> None:
    """Take it away; refuses where a kind, or a second penalty for a cause, would not fit."""
    with op.batch_alter_table("penalty_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_penalty_entry_suspended", sqlite_where=SUSPENDED, postgresql_where=SUSPENDED)
        batch_op.drop_constraint(batch_op.f("uq_penalty_entry_cause_kind"), type_="unique")
        for name in CHECKS:
            batch_op.drop_constraint(batch_op.f(f"ck_penalty_entry_{name}"), type_="check")
        for name in LINKS:
            batch_op.drop_constraint(batch_op.f(f"fk_penalty_entry_{name}"), type_="foreignkey")
        for column in reversed(COLUMNS):
            batch_op.drop_column(column.name)
        for name, rule in BEFORE.items():
            batch_op.create_check_constraint(batch_op.f(f"ck_penalty_entry_{name}"), rule)
        batch_op.create_unique_constraint(batch_op.f("uq_penalty_entry_cause"), ["cause"])


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
