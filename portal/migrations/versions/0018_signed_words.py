"""A signature keeps the hash of the words that were shown beside that of the record which says them."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

SIGNATURE = sa.table("repair_signature", *map(sa.column, ("id", "shown", "shown_hash", "facts_hash")))


def upgrade() -> None:
    """What was the hash of the record gets its own name; that of the words is made from them."""
    op.add_column("repair_signature", sa.Column("facts_hash", sa.String(length=64), nullable=True))
    op.execute(sa.update(SIGNATURE).values(facts_hash=SIGNATURE.c.shown_hash))
    connection = op.get_bind()
    for row in connection.execute(sa.select(SIGNATURE.c.id, SIGNATURE.c.shown)).all():
        made = hashlib.sha256(row.shown.encode()).hexdigest()
        connection.execute(sa.update(SIGNATURE).where(SIGNATURE.c.id == row.id).values(shown_hash=made))


def downgrade() -> None:
    """Only the hash of the record stays; a signature for other words keeps that of its words, which no record has."""
    op.execute(
        sa.update(SIGNATURE).where(SIGNATURE.c.facts_hash.is_not(None)).values(shown_hash=SIGNATURE.c.facts_hash)
    )
    op.drop_column("repair_signature", "facts_hash")
