"""What followers are told of, per record and per person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing was said so far: everybody is told of the usual."""
    op.add_column("user", sa.Column("follow_topics", sa.String(length=100), nullable=True))
    op.add_column("follower", sa.Column("topics", sa.String(length=100), nullable=True))


def downgrade() -> None:
    """Everybody is told of the usual again."""
    op.drop_column("follower", "topics")
    op.drop_column("user", "follow_topics")
