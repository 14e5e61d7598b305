"""How names are typed, made anew: ü as `lv` and `lyu`, signs with two readings, traditional names in simplified signs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portal import pinyin

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NAMES = (
    ("customer", "name", "PERSON"), ("party", "name", "PERSON"), ("crew", "name", "PERSON"),
    ("consultation", "name", "PERSON"), ("complaint", "complainant", "PERSON"), ("property", "estate", "ESTATE"),
)  # fmt: skip
PORTION = 500


def upgrade() -> None:
    """Spell every name again."""
    connection = op.get_bind()
    op.execute("DELETE FROM spelling")
    add = sa.text("INSERT INTO spelling (scope, name, text) VALUES (:scope, :name, :text) ON CONFLICT DO NOTHING")
    for table, column, scope in NAMES:
        names = connection.scalars(sa.text(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")).all()
        for start in range(0, len(names), PORTION):
            some = names[start : start + PORTION]
            rows = [{"scope": scope, "name": name, "text": text} for name in some for text in pinyin.spellings(name)]
            if rows:
                connection.execute(add, rows)


def downgrade() -> None:
    """What is there more finds nothing wrong."""
