"""What people wrote on tasks is found as full text."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from portal import hanzi
from portal.models.passage import pairs

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

PORTION = 2000
ASKED = sa.text(
    "SELECT id, CASE WHEN kind IN ('HAND', 'PROMISE') THEN title END AS title, note, result FROM task"
    " WHERE id > :last AND (kind IN ('HAND', 'PROMISE') OR note IS NOT NULL OR result IS NOT NULL)"
    f" ORDER BY id LIMIT {PORTION}"
)
COLUMNS = "record_kind, record_id, place, text, folded"
FILLED = "'tasks', :record, 0, :text, :folded"


def upgrade() -> None:
    """Apply."""
    connection, last = op.get_bind(), 0
    while found := connection.execute(ASKED, {"last": last}).all():
        last = found[-1][0]
        _write(connection, [row for number, *texts in found if (row := _row(number, texts))["text"]])


def _row(number: int, texts: list[str | None]) -> dict[str, Any]:
    words = "\n".join(plain for each in texts if each and (plain := hanzi.plain(each)))
    folded = hanzi.folded(words)
    return {"record": number, "text": words, "folded": folded if folded != words else None}


def _write(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(sa.text(f"INSERT INTO passage ({COLUMNS}) VALUES ({FILLED})"), rows)
        return
    last = connection.scalar(sa.text("SELECT coalesce(max(id), 0) FROM passage"))
    for number, row in enumerate(rows, last + 1):
        row |= {"id": number, "pairs": pairs("tasks", row["folded"] or row["text"])}
    connection.execute(sa.text(f"INSERT INTO passage (id, {COLUMNS}) VALUES (:id, {FILLED})"), rows)
    connection.execute(sa.text("INSERT INTO passage_pair (rowid, pairs) VALUES (:id, :pairs)"), rows)


def downgrade() -> None:
    """Take back; on SQLite the pairs go with their texts."""
    op.execute("DELETE FROM passage WHERE record_kind = 'tasks'")
