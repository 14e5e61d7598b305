"""Visits that two people change, one appointment, photos during the work, a quote signed by the customer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

KINDS, OLD_KINDS = "kind IN ('BEFORE', 'DURING', 'AFTER', 'OTHER')", "kind IN ('BEFORE', 'AFTER', 'OTHER')"
VISITS = sa.text("appointment_at IS NOT NULL")
PLANNED = sa.text("planned_at IS NOT NULL")


def upgrade() -> None:
    """Apply. What was agreed for a repair stands on its visit alone; one that has no visit yet gets it."""
    op.execute(
        "INSERT INTO repair_visit (number, order_id, order_number, round_no, captain_id, executor, planned_at)"
        " SELECT number || '-' || (1 + (SELECT count(*) FROM repair_visit WHERE order_id = repair_order.id)),"
        " id, number, round_no, captain_id, executor, appointment_at"
        " FROM repair_order WHERE appointment_at IS NOT NULL AND state NOT IN ('DECLINED', 'COMPLAINT')"
        " AND NOT EXISTS (SELECT 1 FROM repair_visit WHERE order_id = repair_order.id AND planned_at IS NOT NULL)"
    )
    with op.batch_alter_table("repair_order") as batch_op:
        batch_op.drop_index("ix_repair_order_visits")
        batch_op.drop_index("ix_repair_order_appointment_at")
        batch_op.drop_column("appointment_at")
    with op.batch_alter_table("repair_visit") as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("updated_by_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_repair_visit_updated_by_id"), "user", ["updated_by_id"], ["id"])
        batch_op.create_index(
            "ix_repair_visit_agreed", ["order_id", "id", "planned_at"], sqlite_where=PLANNED, postgresql_where=PLANNED
        )
    with op.batch_alter_table("repair_visit") as batch_op:
        batch_op.alter_column("version", server_default=None)
    with op.batch_alter_table("repair_photo") as batch_op:
        batch_op.drop_constraint(op.f("ck_repair_photo_kind_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_repair_photo_kind_known"), KINDS)
    with op.batch_alter_table("repair_signature") as batch_op:
        batch_op.add_column(sa.Column("stands_for", sa.String(10), nullable=False, server_default="WORK"))
        batch_op.create_check_constraint(
            op.f("ck_repair_signature_stands_for_known"), "stands_for IN ('WORK', 'QUOTE')"
        )
    with op.batch_alter_table("repair_signature") as batch_op:
        batch_op.alter_column("stands_for", server_default=None)


def downgrade() -> None:
    """Take back. Signatures for quotes are gone with what they stand for; photos during the work become other photos."""
    op.execute("DELETE FROM repair_signature WHERE stands_for = 'QUOTE'")
    with op.batch_alter_table("repair_signature") as batch_op:
        batch_op.drop_constraint(op.f("ck_repair_signature_stands_for_known"), type_="check")
        batch_op.drop_column("stands_for")
    op.execute("UPDATE repair_photo SET kind = 'OTHER' WHERE kind = 'DURING'")
    with op.batch_alter_table("repair_photo") as batch_op:
        batch_op.drop_constraint(op.f("ck_repair_photo_kind_known"), type_="check")
        batch_op.create_check_constraint(op.f("ck_repair_photo_kind_known"), OLD_KINDS)
    with op.batch_alter_table("repair_visit") as batch_op:
        batch_op.drop_index("ix_repair_visit_agreed")
        batch_op.drop_constraint(op.f("fk_repair_visit_updated_by_id"), type_="foreignkey")
        batch_op.drop_column("updated_by_id")
        batch_op.drop_column("updated_at")
        batch_op.drop_column("version")
    with op.batch_alter_table("repair_order") as batch_op:
        batch_op.add_column(sa.Column("appointment_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_index("ix_repair_order_appointment_at", ["appointment_at"])
        batch_op.create_index(
            "ix_repair_order_visits", ["captain_id", "appointment_at"], sqlite_where=VISITS, postgresql_where=VISITS
        )
    op.execute(
        "UPDATE repair_order SET appointment_at = (SELECT planned_at FROM repair_visit"
        " WHERE order_id = repair_order.id AND planned_at IS NOT NULL ORDER BY id DESC LIMIT 1)"
    )
