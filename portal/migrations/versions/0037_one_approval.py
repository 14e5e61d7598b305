"""Consent to repair costs and penalties is asked for like every other: what waits for a decision becomes a request.

How many annexes a voucher has is counted.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

TABLES = ("penalty_entry", "repair_cost_case")
DEPARTMENTS = (
    "department IS NULL OR department IN ('DESIGN', 'STORE', 'ENGINEERING', 'PURCHASING', 'FINANCE', 'SERVICE', 'HR',"
    " 'LEGAL', 'MARKETING', 'ADMIN', 'MANAGEMENT')"
)
PENALTIES = """
    SELECT p.id, p.number, p.branch_id, p.amount, p.department, p.proposed_by_id AS asked_by_id, p.created_at AS asked_at,
    COALESCE(crew.name, party.name, "user".name, '') || ' · ' || p.rule AS subject, NULL AS customer_id,
    p.amount AS counted
    FROM penalty_entry p LEFT JOIN crew ON crew.id = p.crew_id LEFT JOIN party ON party.id = p.party_id
    LEFT JOIN "user" ON "user".id = p.user_id WHERE p.state = 'PROPOSED' ORDER BY p.id"""
COSTS = """
    SELECT c.id, c.number, c.branch_id, c.estimate_material + c.estimate_labour AS amount, c.owner_id AS asked_by_id,
    c.updated_at AS asked_at, o.reporter || ' · ' || crew.name AS subject, o.customer_id, c.approval_limit,
    NULL AS department FROM repair_cost_case c JOIN repair_order o ON o.id = c.order_id JOIN crew ON crew.id = c.crew_id
    WHERE c.state = 'CONFIRMED' ORDER BY c.id"""
MOMENT = sa.DateTime(timezone=True)
MONEY = sa.Numeric(12, 2)


def upgrade() -> None:
    """Requests in the first round for what is proposed or confirmed and not decided."""
    with op.batch_alter_table("approval_step", schema=None) as batch_op:
        batch_op.add_column(sa.Column("department", sa.String(length=20), nullable=True))
        batch_op.create_check_constraint(batch_op.f("ck_approval_step_department_known"), DEPARTMENTS)
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column("approval_id", sa.Integer(), nullable=True))
            batch_op.create_foreign_key(batch_op.f(f"fk_{table}_approval_id"), "approval", ["approval_id"], ["id"])
    with op.batch_alter_table("payment_voucher", schema=None) as batch_op:
        batch_op.drop_column("annex_count")
    names = {"amount": MONEY, "counted": MONEY, "asked_at": MOMENT}
    for row in _rows(PENALTIES, **names):
        levels = ("MANAGER",) if row["department"] == "SERVICE" else ("MANAGER", "HEAD")
        _ask("penalty_entry", "penalties", "PENALTY", row, levels)
    for row in _rows(COSTS, amount=MONEY, asked_at=MOMENT, approval_limit=MONEY):
        levels = ("MANAGER",) if row["amount"] <= row["approval_limit"] else ("MANAGER", "GM")
        _ask("repair_cost_case", "repair-cost-cases", "COST_CASE", row | {"counted": row["amount"]}, levels)


def downgrade() -> None:
    """Take it away, with the requests that only these know."""
    bind = op.get_bind()
    with op.batch_alter_table("payment_voucher", schema=None) as batch_op:
        batch_op.add_column(sa.Column("annex_count", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("payment_voucher", schema=None) as batch_op:
        batch_op.alter_column("annex_count", server_default=None)
    for table in TABLES:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(batch_op.f(f"fk_{table}_approval_id"), type_="foreignkey")
            batch_op.drop_column("approval_id")
    theirs = "SELECT id FROM approval WHERE what IN ('PENALTY', 'COST_CASE')"
    bind.execute(sa.text(f"DELETE FROM approval_step WHERE approval_id IN ({theirs})"))
    bind.execute(sa.text("DELETE FROM approval WHERE what IN ('PENALTY', 'COST_CASE')"))
    with op.batch_alter_table("approval_step", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_approval_step_department_known"), type_="check")
        batch_op.drop_column("department")


def _rows(query: str, **types: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in op.get_bind().execute(sa.text(query).columns(**types)).mappings()]


def _ask(table: str, kind: str, what: str, row: dict[str, Any], levels: tuple[str, ...]) -> None:
    bind, now = op.get_bind(), datetime.now(UTC)
    year = now.astimezone(ZoneInfo("Asia/Shanghai")).year
    last = bind.scalar(sa.text("SELECT last FROM number_sequence WHERE prefix = 'SP' AND year = :year"), {"year": year})
    write = "UPDATE number_sequence SET last = :last WHERE prefix = 'SP' AND year = :year"
    if last is None:
        write = "INSERT INTO number_sequence (prefix, year, last) VALUES ('SP', :year, :last)"
    bind.execute(sa.text(write), {"year": year, "last": (last or 0) + 1})
    approval = sa.table(
        "approval",
        *map(sa.column, ("number", "state", "what", "record_kind", "record_id", "record_number", "customer_id")),
        *map(sa.column, ("subject", "round_no", "asked_by_id", "branch_id", "version", "id")),
        *(sa.column(name, MONEY) for name in ("amount", "counted")),
        *(sa.column(name, MOMENT) for name in ("asked_at", "created_at", "updated_at")),
    )
    number = f"SP-{year}-{(last or 0) + 1:04d}"
    said = {name: row[name] for name in ("customer_id", "amount", "counted", "asked_by_id", "asked_at", "branch_id")}
    values = said | {
        "number": number, "state": "WAITING", "what": what, "record_kind": kind, "record_id": row["id"],
        "record_number": row["number"], "subject": row["subject"][:200], "round_no": 1, "version": 1,
        "created_at": now, "updated_at": now,
    }  # fmt: skip
    bind.execute(sa.insert(approval).values(values))
    made = bind.scalar(sa.select(approval.c.id).where(approval.c.number == number))
    for position, level in enumerate(levels, 1):
        step = {"approval": made, "position": position, "level": level}
        step["department"] = row["department"] if level == "HEAD" else None
        bind.execute(
            sa.text(
                "INSERT INTO approval_step (approval_id, position, level, department)"
                " VALUES (:approval, :position, :level, :department)"
            ),
            step,
        )
    bind.execute(sa.text(f"UPDATE {table} SET approval_id = :made WHERE id = :id"), {"made": made, "id": row["id"]})
