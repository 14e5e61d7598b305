"""Rewards beside the penalties in one ledger, whose lines the database itself keeps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
KEPT = {
    "sqlite": (
        "CREATE TRIGGER ledger_line_closed BEFORE INSERT ON ledger_line"
        " WHEN EXISTS (SELECT 1 FROM ledger_month WHERE ledger_month.month = NEW.month)"
        " BEGIN SELECT RAISE(ABORT, 'this month of the ledger is closed'); END",
        "CREATE TRIGGER ledger_line_no_update BEFORE UPDATE ON ledger_line"
        " BEGIN SELECT RAISE(ABORT, 'lines of the ledger are never changed'); END",
        "CREATE TRIGGER ledger_line_no_delete BEFORE DELETE ON ledger_line"
        " BEGIN SELECT RAISE(ABORT, 'lines of the ledger are never deleted'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION ledger_line_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF TG_OP <> 'INSERT' THEN RAISE EXCEPTION 'lines of the ledger are never changed or deleted'; END IF;"
        " IF EXISTS (SELECT 1 FROM ledger_month WHERE ledger_month.month = NEW.month)"
        " THEN RAISE EXCEPTION 'this month of the ledger is closed'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER ledger_line_kept BEFORE INSERT OR UPDATE OR DELETE ON ledger_line"
        " FOR EACH ROW EXECUTE FUNCTION ledger_line_kept()",
    ),
}
FREED = {
    "sqlite": tuple(f"DROP TRIGGER ledger_line_{name}" for name in ("closed", "no_update", "no_delete")),
    "postgresql": ("DROP TRIGGER ledger_line_kept ON ledger_line", "DROP FUNCTION ledger_line_kept()"),
}
DEPARTMENTS = "'DESIGN', 'STORE', 'ENGINEERING', 'PURCHASING', 'FINANCE', 'SERVICE', 'HR', 'LEGAL', 'MARKETING', 'ADMIN', 'MANAGEMENT'"
CHECKS = {
    "state_known": "state IN ('PROPOSED', 'APPROVED', 'REJECTED', 'SENT', 'EXECUTED')",
    "kind_known": "kind IN ('PRAISE', 'BONUS', 'PROMOTION_PROPOSED')",
    "reason_known": "reason IN ('HIGH_SATISFACTION', 'CUSTOMER_PRAISE', 'SPOTLESS_HANDOVER', 'MODEL_HOUSE', 'QUALITY', 'REFERRAL')",
    "department_known": f"department IS NULL OR department IN ({DEPARTMENTS})",
    "executor_known": "executor IS NULL OR executor IN ('HR', 'FINANCE', 'ENGINEERING')",
    "subject_known": "crew_id IS NOT NULL OR party_id IS NOT NULL OR user_id IS NOT NULL",
    "amount_of_a_bonus": "amount IS NULL OR (amount > 0 AND kind = 'BONUS')",
    "nothing_without_approval": "state NOT IN ('APPROVED', 'SENT', 'EXECUTED') OR approved_at IS NOT NULL",
    "executed_has_a_time": "state <> 'EXECUTED' OR executed_at IS NOT NULL",
}
LINKS = {
    "created_by_id": "user", "updated_by_id": "user", "branch_id": "branch", "crew_id": "crew", "party_id": "party",
    "user_id": "user", "proposed_by_id": "user", "approved_by_id": "user", "confirmed_by_id": "party",
}  # fmt: skip


def upgrade() -> None:
    """Lines of penalties keep their place; rewards have none yet."""
    op.create_table(
        "reward_entry",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("rule", sa.String(length=10), nullable=False),
        sa.Column("crew_id", sa.Integer(), nullable=True),
        sa.Column("party_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("department", sa.String(length=20), nullable=True),
        sa.Column("record_kind", sa.String(length=30), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("record_number", sa.String(length=40), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=True),
        sa.Column("cause", sa.String(length=100), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("confirmed_by_id", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("executor", sa.String(length=20), nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("executed_at", MOMENT, nullable=True),
        sa.Column("execution_note", sa.Text(), nullable=True),
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
            sa.ForeignKeyConstraint([name], [f"{target}.id"], name=op.f(f"fk_reward_entry_{name}"))
            for name, target in LINKS.items()
        ),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_reward_entry_{name}")) for name, rule in CHECKS.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_entry")),
        sa.UniqueConstraint("number", name=op.f("uq_reward_entry_number")),
        sa.UniqueConstraint("cause", "kind", name=op.f("uq_reward_entry_cause_kind")),
    )
    for name in ("state", "crew_id", "party_id"):
        op.create_index(op.f(f"ix_reward_entry_{name}"), "reward_entry", [name])
    op.create_index("ix_reward_entry_branch", "reward_entry", ["branch_id", "id"])
    op.create_index("ix_reward_entry_record", "reward_entry", ["record_kind", "record_id"])
    with op.batch_alter_table("ledger_line", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_ledger_line_entry_id_is_reversal"), type_="unique")
        batch_op.drop_constraint(batch_op.f("fk_ledger_line_entry_id"), type_="foreignkey")
        batch_op.alter_column("entry_id", new_column_name="penalty_id", existing_type=sa.Integer(), nullable=True)
        batch_op.add_column(sa.Column("reward_id", sa.Integer(), nullable=True))
    with op.batch_alter_table("ledger_line", schema=None) as batch_op:  # SQLite knows the new name from here on
        batch_op.create_foreign_key(batch_op.f("fk_ledger_line_penalty_id"), "penalty_entry", ["penalty_id"], ["id"])
        batch_op.create_foreign_key(batch_op.f("fk_ledger_line_reward_id"), "reward_entry", ["reward_id"], ["id"])
        for name in ("penalty_id", "reward_id"):
            batch_op.create_unique_constraint(batch_op.f(f"uq_ledger_line_{name}_is_reversal"), [name, "is_reversal"])
        batch_op.create_check_constraint(
            batch_op.f("ck_ledger_line_one_entry"), "(penalty_id IS NULL) <> (reward_id IS NULL)"
        )
    for statement in KEPT[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Take it away, with the lines of rewards."""
    for statement in FREED[op.get_bind().dialect.name]:
        op.execute(statement)
    op.execute("DELETE FROM ledger_line WHERE penalty_id IS NULL")
    with op.batch_alter_table("ledger_line", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_ledger_line_one_entry"), type_="check")
        for name in ("penalty_id", "reward_id"):
            batch_op.drop_constraint(batch_op.f(f"uq_ledger_line_{name}_is_reversal"), type_="unique")
            batch_op.drop_constraint(batch_op.f(f"fk_ledger_line_{name}"), type_="foreignkey")
        batch_op.drop_column("reward_id")
        batch_op.alter_column("penalty_id", new_column_name="entry_id", existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table("ledger_line", schema=None) as batch_op:
        batch_op.create_foreign_key(batch_op.f("fk_ledger_line_entry_id"), "penalty_entry", ["entry_id"], ["id"])
        batch_op.create_unique_constraint(
            batch_op.f("uq_ledger_line_entry_id_is_reversal"), ["entry_id", "is_reversal"]
        )
    op.drop_table("reward_entry")
