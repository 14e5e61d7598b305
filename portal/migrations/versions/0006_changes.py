"""Changes of many records: the run and what came of it for each record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "change_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("change", sa.String(length=40), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("requested_by_id", sa.Integer(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("undo_of_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('DRAFT', 'WORKING', 'DONE')", name=op.f("ck_change_run_state_known")),
        sa.ForeignKeyConstraint(["requested_by_id"], ["user.id"], name=op.f("fk_change_run_requested_by_id")),
        sa.ForeignKeyConstraint(
            ["undo_of_id"], ["change_run.id"], name=op.f("fk_change_run_undo_of_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_run")),
    )
    with op.batch_alter_table("change_run", schema=None) as batch_op:
        batch_op.create_index("ix_change_run_person", ["requested_by_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_run_requested_at"), ["requested_at"], unique=False)
        batch_op.create_index(
            "ix_change_run_undo",
            ["undo_of_id"],
            unique=False,
            sqlite_where=sa.text("undo_of_id IS NOT NULL"),
            postgresql_where=sa.text("undo_of_id IS NOT NULL"),
        )

    op.create_table(
        "change_item",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("value", sa.String(length=300), nullable=True),
        sa.Column("outcome", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.JSON(), nullable=True),
        sa.Column("before", sa.String(length=300), nullable=True),
        sa.Column("after_version", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "outcome IS NULL OR outcome IN ('CHANGED', 'SKIPPED')", name=op.f("ck_change_item_outcome_known")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["change_run.id"], name=op.f("fk_change_item_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "record_id", name=op.f("pk_change_item")),
    )


def downgrade() -> None:
    op.drop_table("change_item")
    with op.batch_alter_table("change_run", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_change_run_undo",
            sqlite_where=sa.text("undo_of_id IS NOT NULL"),
            postgresql_where=sa.text("undo_of_id IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_change_run_requested_at"))
        batch_op.drop_index("ix_change_run_person")

    op.drop_table("change_run")
