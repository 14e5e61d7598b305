"""Lists of notices and of printed forms: their order by index; numbers of records compared by code point."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Notices of a person by their number, forms by code and by the number of their record."""
    _collate("C")
    op.create_index("ix_document_form", "document", ["form", "id"])
    op.create_index("ix_document_number", "document", ["record_number"])
    op.create_index("ix_notice_told", "notice", ["user_id", "id"])


def downgrade() -> None:
    """Without them."""
    op.drop_index("ix_notice_told", "notice")
    op.drop_index("ix_document_number", "document")
    op.drop_index("ix_document_form", "document")
    _collate("default")


def _collate(collation: str) -> None:
    """SQLite compares by code point anyway."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("document", "record_number", type_=sa.String(40, collation=collation))
