"""The full text of records and of what people wrote about them, found by any two signs or more.

Fills the table from what is there.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

from portal import hanzi
from portal.models.passage import pairs

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEX = {
    "sqlite": [
        "CREATE VIRTUAL TABLE passage_pair USING fts5(pairs, content='', contentless_delete=1, tokenize='ascii')",
        "CREATE TRIGGER passage_gone AFTER DELETE ON passage BEGIN DELETE FROM passage_pair WHERE rowid = old.id; END",
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION passage_pairs(kind text, said text) RETURNS text[]"
        " LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 AS $$"
        " SELECT coalesce(array_agg(DISTINCT one || two || kind), '{}') FROM"
        " (SELECT sign AS one, lead(sign) OVER (ORDER BY place) AS two"
        " FROM unnest(string_to_array(said, NULL)) WITH ORDINALITY AS signs (sign, place)) AS pairs"
        " WHERE two IS NOT NULL $$",
        "CREATE INDEX ix_passage_pairs ON passage"
        " USING gin (passage_pairs(record_kind::text, coalesce(folded, text))) WITH (fastupdate = off)",
    ],
}
TEXTS = {
    "customer": ("customers", "needs lost_reason remarks"),
    "property": ("properties", "remarks"),
    "project": ("projects", "remarks"),
    "contract": ("contracts", "void_reason remarks"),
    "quotation": ("quotations", "remarks"),
    "consultation": ("consultations", "promise further_need question answer reply remarks"),
    "complaint": (
        "complaints",
        "subject responsible historical_result content demand reason explanation verify_result root_cause improvement remarks",
    ),
    "escalation": ("escalations", "cause process_so_far customer_demand remarks"),
    "party": ("parties", "remarks"),
    "crew": ("crews", "wage_basis remarks"),
}
"""The record types there are at this point, and their texts."""
PORTION = 2000


def upgrade() -> None:
    """Make the table and its index, then fill them."""
    op.create_table(
        "passage",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("record_kind", sa.String(length=30), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passage")),
    )
    op.create_index("uq_passage_place", "passage", ["record_kind", "record_id", "place"], unique=True)
    connection = op.get_bind()
    first, *others = INDEX[connection.dialect.name]
    op.execute(first)
    for table, (kind, names) in TEXTS.items():
        _copy(connection, table, f"'{kind}', id, 0", names.split())
    rounds = ["new_demand", "plan", "solution_record", "follow_up_note"]
    _copy(connection, "complaint_round", "'complaints', complaint_id, -id", rounds)
    said = "kind IN ('NOTE', 'MESSAGE', 'CALL') AND record_id IS NOT NULL"
    _copy(connection, "event", "record_kind, record_id, id", ["data"], said)
    for statement in others:  # PostgreSQL's index is made faster than kept
        op.execute(statement)


def downgrade() -> None:
    """Take it away again."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE passage_pair")
    op.drop_table("passage")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION passage_pairs(text, text)")


def _copy(connection: sa.Connection, table: str, key: str, names: list[str], which: str = "1 = 1") -> None:
    filled = " OR ".join(f"{name} IS NOT NULL" for name in names)
    query = f"SELECT id, {key}, {', '.join(names)} FROM {table} WHERE id > :last AND {which} AND ({filled})"
    statement, last = sa.text(f"{query} ORDER BY id LIMIT {PORTION}"), 0
    while found := connection.execute(statement, {"last": last}).all():
        last = found[-1][0]
        rows = [_row(kind, record, place, texts) for _id, kind, record, place, *texts in found]
        _write(connection, [row for row in rows if row["text"]])


def _row(kind: str, record: int, place: int, texts: list[Any]) -> dict[str, Any]:
    said = [_said(each) for each in texts]
    words = "\n".join(plain for each in said if each and (plain := hanzi.plain(each)))
    folded = hanzi.folded(words)
    return {
        "kind": kind,
        "record": record,
        "place": place,
        "text": words,
        "folded": folded if folded != words else None,
    }


def _said(value: Any) -> str:
    """A text, or the text of an event."""
    data = json.loads(value) if isinstance(value, str) and value.startswith("{") else value
    if not isinstance(data, dict):
        return str(value or "")
    return data["text"] if isinstance(data.get("text"), str) else ""


def _write(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    columns = "record_kind, record_id, place, text, folded"
    if connection.dialect.name != "sqlite":
        connection.execute(
            sa.text(f"INSERT INTO passage ({columns}) VALUES (:kind, :record, :place, :text, :folded)"), rows
        )
        return
    last = connection.scalar(sa.text("SELECT coalesce(max(id), 0) FROM passage"))
    for number, row in enumerate(rows, last + 1):
        row |= {"id": number, "pairs": pairs(row["kind"], row["folded"] or row["text"])}
    connection.execute(
        sa.text(f"INSERT INTO passage (id, {columns}) VALUES (:id, :kind, :record, :place, :text, :folded)"), rows
    )
    connection.execute(sa.text("INSERT INTO passage_pair (rowid, pairs) VALUES (:id, :pairs)"), rows)
