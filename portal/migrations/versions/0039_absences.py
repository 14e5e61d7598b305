"""Whoever stands in takes over the whole work of somebody away, not only what is to be approved.

Those who stood in for approvals stay, with their days.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

COLUMNS = "id, user_id, party_id, by_user_id, by_party_id, from_on, until_on, reason, made_by_id, made_at, ended_at"


def upgrade() -> None:
    """Apply."""
    _table("absence")
    op.execute(f"INSERT INTO absence ({COLUMNS}) SELECT {COLUMNS} FROM approval_substitute ORDER BY id")
    _count_on("absence")
    op.drop_table("approval_substitute")
    op.create_index("ix_absence_party_id", "absence", ["party_id"])
    op.create_index("ix_absence_user_id", "absence", ["user_id"])
    op.create_index("ix_absence_by_user_id", "absence", ["by_user_id"])
    op.create_index("ix_absence_days", "absence", ["until_on", "from_on"])
    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.add_column(sa.Column("stand_in_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("stands_in", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_foreign_key(batch_op.f("fk_user_stand_in_id"), "user", ["stand_in_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_user_stand_in_id"), ["stand_in_id"])
    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.alter_column("stands_in", server_default=None)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_user_stand_in_id"))
        batch_op.drop_constraint(batch_op.f("fk_user_stand_in_id"), type_="foreignkey")
        batch_op.drop_column("stands_in")
        batch_op.drop_column("stand_in_id")
    _table("approval_substitute")
    op.execute(f"INSERT INTO approval_substitute ({COLUMNS}) SELECT {COLUMNS} FROM absence ORDER BY id")
    _count_on("approval_substitute")
    op.drop_table("absence")
    op.create_index("ix_approval_substitute_party_id", "approval_substitute", ["party_id"])
    op.create_index("ix_approval_substitute_user_id", "approval_substitute", ["user_id"])


def _table(name: str) -> None:
    op.create_table(
        name,
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
        sa.CheckConstraint("(by_user_id IS NULL) <> (by_party_id IS NULL)", name=op.f(f"ck_{name}_one_stands_in")),
        sa.CheckConstraint("(user_id IS NULL) <> (party_id IS NULL)", name=op.f(f"ck_{name}_one_is_away")),
        sa.CheckConstraint("from_on <= until_on", name=op.f(f"ck_{name}_days_in_order")),
        sa.ForeignKeyConstraint(["by_party_id"], ["party.id"], name=op.f(f"fk_{name}_by_party_id")),
        sa.ForeignKeyConstraint(["by_user_id"], ["user.id"], name=op.f(f"fk_{name}_by_user_id")),
        sa.ForeignKeyConstraint(["made_by_id"], ["user.id"], name=op.f(f"fk_{name}_made_by_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f(f"fk_{name}_party_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f(f"fk_{name}_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )


def _count_on(name: str) -> None:
    """Let numbers go on after the rows that were taken over."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT COALESCE(MAX(id), 0) + 1 FROM {name}), false)"
        )
