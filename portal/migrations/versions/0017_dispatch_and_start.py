"""Contract information, dispatch, material cards, disclosures, stops and papers of projects; further stages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NUMBER = sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql")
BEFORE = (
    "ARCHIVED TO_DISPATCH DISPATCHED IN_PROGRESS PRE_ACCEPTED ACCEPTED SETTLED IN_WARRANTY OUT_OF_WARRANTY CANCELLED"
)
STAGES = (
    "SIGNED ARCHIVED TO_DISPATCH DISPATCHED MATERIAL_CARD START_SET IN_PROGRESS PRE_ACCEPTED ACCEPTED SETTLED"
    " IN_WARRANTY OUT_OF_WARRANTY SUSPENDED CANCELLED"
)
NEAREST = {
    "SIGNED": "ARCHIVED",
    "MATERIAL_CARD": "DISPATCHED",
    "START_SET": "DISPATCHED",
    "SUSPENDED": "IN_PROGRESS",
}


def _within(codes: str) -> str:
    return f"stage IN ({', '.join(repr(code) for code in codes.split())})"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.add_column(sa.Column("archive_number", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("start_agreed", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_unique_constraint(batch_op.f("uq_project_archive_number"), ["archive_number"])
        batch_op.drop_constraint(batch_op.f("ck_project_stage_known"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_project_stage_known"), _within(STAGES))
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.alter_column("start_agreed", server_default=None)

    op.create_table(
        "contract_slip",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("is_repeat", sa.Boolean(), nullable=False),
        sa.Column("promises", sa.Text(), nullable=True),
        sa.Column("engineering_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finance_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("service_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_contract_slip_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_slip")),
        sa.UniqueConstraint("project_id", name=op.f("uq_contract_slip_project_id")),
    )
    op.create_table(
        "dispatch_order",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by_id", sa.Integer(), nullable=True),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("project_manager_id", sa.Integer(), nullable=True),
        sa.Column("foreman_id", sa.Integer(), nullable=True),
        sa.Column("crew_id", sa.Integer(), nullable=True),
        sa.Column("supervisor_id", sa.Integer(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "dispatched_at IS NULL OR (project_manager_id IS NOT NULL AND foreman_id IS NOT NULL"
            " AND crew_id IS NOT NULL AND supervisor_id IS NOT NULL)",
            name=op.f("ck_dispatch_order_dispatched_names_all"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_dispatch_order_{column}"))
            for column, table in (
                ("project_id", "project"),
                ("customer_id", "customer"),
                ("received_by_id", "party"),
                ("project_manager_id", "party"),
                ("foreman_id", "party"),
                ("crew_id", "crew"),
                ("supervisor_id", "party"),
                ("created_by_id", "user"),
                ("updated_by_id", "user"),
                ("branch_id", "branch"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch_order")),
        sa.UniqueConstraint("number", name=op.f("uq_dispatch_order_number")),
    )
    op.create_index(op.f("ix_dispatch_order_project_id"), "dispatch_order", ["project_id"])
    op.create_index(op.f("ix_dispatch_order_customer_id"), "dispatch_order", ["customer_id"])
    op.create_index("ix_dispatch_order_branch", "dispatch_order", ["branch_id", "id"])
    op.create_index("ix_dispatch_order_received", "dispatch_order", ["received_at", "id"])
    op.create_table(
        "material_card",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("crew_id", sa.Integer(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("limit", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_material_card_project_id")),
        sa.ForeignKeyConstraint(["crew_id"], ["crew.id"], name=op.f("fk_material_card_crew_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_card")),
        sa.UniqueConstraint("project_id", name=op.f("uq_material_card_project_id")),
        sa.UniqueConstraint("number", name=op.f("uq_material_card_number")),
    )
    op.create_table(
        "technical_disclosure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("present", sa.JSON(), nullable=False),
        sa.Column("drawings_reviewed", sa.Boolean(), nullable=False),
        sa.Column("items", sa.Text(), nullable=False),
        sa.Column("questions", sa.Text(), nullable=True),
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("signed_by", sa.String(length=50), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_technical_disclosure_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_technical_disclosure")),
    )
    op.create_index(op.f("ix_technical_disclosure_project_id"), "technical_disclosure", ["project_id"])
    op.create_table(
        "work_stop",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("resumed_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "reason IN ('PAYMENT', 'DISPUTE', 'QUALITY', 'OTHER')", name=op.f("ck_work_stop_reason_known")
        ),
        sa.CheckConstraint(
            "resumed_on IS NULL OR resumed_on >= since", name=op.f("ck_work_stop_resumed_after_it_stopped")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_work_stop_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_stop")),
    )
    op.create_index(op.f("ix_work_stop_project_id"), "work_stop", ["project_id"])
    op.create_table(
        "project_paper",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("present_on", sa.Date(), nullable=True),
        sa.CheckConstraint("stage IN ('SIGNING', 'COMPLETION')", name=op.f("ck_project_paper_stage_known")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_project_paper_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_paper")),
        sa.UniqueConstraint("project_id", "stage", "title", name=op.f("uq_project_paper_project_id_stage_title")),
    )
    op.create_index(op.f("ix_project_paper_project_id"), "project_paper", ["project_id"])


def downgrade() -> None:
    """Take back."""
    for table in (
        "project_paper",
        "work_stop",
        "technical_disclosure",
        "material_card",
        "dispatch_order",
        "contract_slip",
    ):
        op.drop_table(table)
    for stage, nearest in NEAREST.items():
        op.execute(f"UPDATE project SET stage = '{nearest}' WHERE stage = '{stage}'")
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_project_stage_known"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_project_stage_known"), _within(BEFORE))
        batch_op.drop_constraint(batch_op.f("uq_project_archive_number"), type_="unique")
        batch_op.drop_column("start_agreed")
        batch_op.drop_column("archived_at")
        batch_op.drop_column("archive_number")
