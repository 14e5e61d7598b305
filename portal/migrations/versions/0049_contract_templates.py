"""Contract templates with the warranty they promise; a contract names its own, a certificate the one it was issued by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None
TRADES = ("basic", "water_electric", "waterproof", "woodwork", "hardware", "paint")


def upgrade() -> None:
    """Nobody has said yet which contract was signed on which template."""
    op.create_table(
        "contract_template",
        sa.Column("title", sa.String(length=50), nullable=False),
        sa.Column("edition", sa.String(length=20), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        *(sa.Column(f"years_{trade}", sa.Integer(), nullable=False) for trade in TRADES),
        sa.Column("is_active", sa.Boolean(), nullable=False),
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
        sa.CheckConstraint(
            " AND ".join(f"years_{trade} BETWEEN 0 AND 50" for trade in TRADES),
            name=op.f("ck_contract_template_years_in_range"),
        ),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_contract_template_branch_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_contract_template_created_by_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_contract_template_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_template")),
        sa.UniqueConstraint("number", name=op.f("uq_contract_template_number")),
        sa.UniqueConstraint("title", "edition", name=op.f("uq_contract_template_title_edition")),
    )
    with op.batch_alter_table("contract", schema=None) as batch_op:
        batch_op.add_column(sa.Column("template_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_contract_template_id"), "contract_template", ["template_id"], ["id"])
    op.add_column("warranty_certificate", sa.Column("template", sa.String(length=80), nullable=True))


def downgrade() -> None:
    """Back: the terms of issued certificates stay, nobody knows where they came from."""
    op.drop_column("warranty_certificate", "template")
    with op.batch_alter_table("contract", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("fk_contract_template_id"), type_="foreignkey")
        batch_op.drop_column("template_id")
    op.drop_table("contract_template")
