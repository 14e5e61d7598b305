"""Change orders, delay forms and safety notices say where they stand; a delay form is a record with a number of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

SITE = ("project_id", "customer_id")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """What is signed or removed is known from its day; the delays so far were all signed."""
    with op.batch_alter_table("change_order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state", sa.String(length=20), nullable=False, server_default="PROPOSED"))
        batch_op.add_column(sa.Column("withdrawn_why", sa.Text(), nullable=True))
    op.execute("UPDATE change_order SET state = 'SIGNED' WHERE signed_on IS NOT NULL")
    with op.batch_alter_table("change_order", schema=None) as batch_op:
        batch_op.alter_column("state", server_default=None)
        batch_op.create_check_constraint(
            batch_op.f("ck_change_order_state_known"), "state IN ('PROPOSED', 'SIGNED', 'WITHDRAWN')"
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_change_order_signed_has_a_day"), "(state = 'SIGNED') = (signed_on IS NOT NULL)"
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_change_order_withdrawn_has_a_reason"), "state <> 'WITHDRAWN' OR withdrawn_why IS NOT NULL"
        )
        batch_op.create_index("ix_change_order_state", ["state", "id"], unique=False)

    with op.batch_alter_table("safety_notice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state", sa.String(length=20), nullable=False, server_default="OPEN"))
    op.execute("UPDATE safety_notice SET state = 'REMOVED' WHERE is_removed")
    op.drop_index("ix_safety_notice_removed", table_name="safety_notice")
    with op.batch_alter_table("safety_notice", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_safety_notice_removed_is_rechecked"), type_="check")
    with op.batch_alter_table("safety_notice", schema=None) as batch_op:
        batch_op.alter_column("state", server_default=None)
        batch_op.drop_column("is_removed")
        batch_op.create_check_constraint(
            batch_op.f("ck_safety_notice_removed_is_rechecked"), "state <> 'REMOVED' OR rechecked_on IS NOT NULL"
        )
        batch_op.create_check_constraint(batch_op.f("ck_safety_notice_state_known"), "state IN ('OPEN', 'REMOVED')")
        batch_op.create_index("ix_safety_notice_state", ["state", "limit_on"], unique=False)

    rows = _rows(
        "SELECT d.id, d.project_id, p.customer_id, p.branch_id, d.cause, d.days, d.customer_signed_by, d.signed_on"
        " FROM delay_notice d JOIN project p ON p.id = d.project_id ORDER BY d.signed_on, d.id",
        signed_on=sa.Date(),
    )
    op.drop_index(op.f("ix_delay_notice_project_id"), table_name="delay_notice")
    op.drop_table("delay_notice")
    op.create_table(
        "delay_notice",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("customer_signed_by", sa.String(length=50), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("withdrawn_why", sa.Text(), nullable=True),
        *_record("delay_notice"),
        sa.CheckConstraint(
            "state IN ('PROPOSED', 'SIGNED', 'WITHDRAWN')", name=op.f("ck_delay_notice_state_known")
        ),
        sa.CheckConstraint("days > 0", name=op.f("ck_delay_notice_days_positive")),
        sa.CheckConstraint(
            "(state = 'SIGNED') = (signed_on IS NOT NULL) AND (signed_on IS NULL OR customer_signed_by IS NOT NULL)",
            name=op.f("ck_delay_notice_signed_by_the_customer"),
        ),
        sa.CheckConstraint(
            "state <> 'WITHDRAWN' OR withdrawn_why IS NOT NULL", name=op.f("ck_delay_notice_withdrawn_has_a_reason")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_delay_notice_project_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_delay_notice_customer_id")),
    )  # fmt: skip
    for name in SITE:
        op.create_index(op.f(f"ix_delay_notice_{name}"), "delay_notice", [name], unique=False)
    op.create_index("ix_delay_notice_branch", "delay_notice", ["branch_id", "id"], unique=False)
    op.create_index("ix_delay_notice_state", "delay_notice", ["state", "id"], unique=False)
    now, last = datetime.now(UTC), dict[int, int]()
    names = (*SITE, "branch_id", "cause", "days", "customer_signed_by")
    table = sa.table(
        "delay_notice",
        *map(sa.column, (*names, "id", "state", "number", "version")),
        sa.column("signed_on", sa.Date()),
        *(sa.column(name, MOMENT) for name in ("created_at", "updated_at")),
    )
    for row in rows:
        day: date = row["signed_on"]
        last[day.year] = last.get(day.year, 0) + 1
        made = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)
        values = row | {"number": f"YQ-{day.year}-{last[day.year]:04d}", "state": "SIGNED", "version": 1}
        op.execute(table.insert().values(values | {"created_at": made, "updated_at": now}))
    for year, number in last.items():
        op.execute(f"INSERT INTO number_sequence (prefix, year, last) VALUES ('YQ', {year}, {number})")
    if rows and op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT setval(pg_get_serial_sequence('delay_notice', 'id'), (SELECT max(id) FROM delay_notice))")


def downgrade() -> None:
    """As it was; forms that are not signed are lost with their states."""
    rows = _rows(
        "SELECT id, project_id, cause, days, customer_signed_by, signed_on FROM delay_notice WHERE state = 'SIGNED'",
        signed_on=sa.Date(),
    )
    op.drop_table("delay_notice")
    op.execute("DELETE FROM number_sequence WHERE prefix = 'YQ'")
    made = op.create_table(
        "delay_notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("customer_signed_by", sa.String(length=50), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.CheckConstraint("days > 0", name=op.f("ck_delay_notice_days_positive")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_delay_notice_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delay_notice")),
    )
    op.create_index(op.f("ix_delay_notice_project_id"), "delay_notice", ["project_id"], unique=False)
    for row in rows:
        op.execute(made.insert().values(row))
    if rows and op.get_bind().dialect.name == "postgresql":
        op.execute("SELECT setval(pg_get_serial_sequence('delay_notice', 'id'), (SELECT max(id) FROM delay_notice))")

    with op.batch_alter_table("safety_notice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_removed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("UPDATE safety_notice SET is_removed = true WHERE state = 'REMOVED'")
    op.drop_index("ix_safety_notice_state", table_name="safety_notice")
    with op.batch_alter_table("safety_notice", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_safety_notice_removed_is_rechecked"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_safety_notice_state_known"), type_="check")
    with op.batch_alter_table("safety_notice", schema=None) as batch_op:
        batch_op.alter_column("is_removed", server_default=None)
        batch_op.drop_column("state")
        batch_op.create_check_constraint(
            batch_op.f("ck_safety_notice_removed_is_rechecked"), "NOT is_removed OR rechecked_on IS NOT NULL"
        )
        batch_op.create_index("ix_safety_notice_removed", ["is_removed", "limit_on"], unique=False)

    op.drop_index("ix_change_order_state", table_name="change_order")
    with op.batch_alter_table("change_order", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_change_order_state_known"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_change_order_signed_has_a_day"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_change_order_withdrawn_has_a_reason"), type_="check")
    with op.batch_alter_table("change_order", schema=None) as batch_op:
        batch_op.drop_column("withdrawn_why")
        batch_op.drop_column("state")


def _record(table: str) -> tuple[Any, ...]:
    """What every numbered record carries."""
    return (
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql"), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f(f"fk_{table}_branch_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f(f"fk_{table}_created_by_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f(f"fk_{table}_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("number", name=op.f(f"uq_{table}_number")),
    )  # fmt: skip


def _rows(query: str, **types: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in op.get_bind().execute(sa.text(query).columns(**types)).mappings()]
