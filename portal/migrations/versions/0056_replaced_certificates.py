"""The number of a certificate that was lost leads to the one that took its place."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

NAME, TABLE = "ix_warranty_certificate_replaced", "warranty_certificate"
ONLY = sa.text("replaced_numbers IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    op.create_index(NAME, TABLE, ["replaced_numbers"], sqlite_where=ONLY, postgresql_where=ONLY)


def downgrade() -> None:
    """Take back."""
    op.drop_index(NAME, table_name=TABLE)
