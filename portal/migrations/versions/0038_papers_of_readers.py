"""A form that lists only what its reader may see notes what it listed, so that it is read no longer than those rows are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A form made before notes nothing; of a form that lists, it has to be made anew to be read."""
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shown_ids", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    """Take it away."""
    with op.batch_alter_table("document", schema=None) as batch_op:
        batch_op.drop_column("shown_ids")
