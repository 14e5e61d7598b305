"""Lists find the people on their rows: by an index, and people with a login by pinyin."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from portal import pinyin

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

PEOPLE = (
    ("approval", "asked_by_id"), ("dispatch_order", "foreman_id"), ("dispatch_order", "project_manager_id"),
    ("dispatch_order", "supervisor_id"), ("escalation", "submitted_by_id"), ("inspection", "project_manager_id"),
    ("lead_touch", "sent_by_id"), ("project", "designer_id"), ("project", "project_manager_id"),
    ("safety_notice", "responsible_id"), ("suggestion", "owner_id"), ("supervisor_visit", "by_id"),
    ("survey", "owner_id"), ("weekly_report", "by_id"),
)  # fmt: skip


def upgrade() -> None:
    """Apply."""
    for table, column in PEOPLE:
        op.create_index(f"ix_{table}_{column}", table, [column])
    connection = op.get_bind()
    names = connection.scalars(sa.text('SELECT DISTINCT name FROM "user"')).all()
    rows = [{"name": name, "text": text} for name in names for text in pinyin.spellings(name)]
    if rows:
        add = "INSERT INTO spelling (scope, name, text) VALUES ('PERSON', :name, :text) ON CONFLICT DO NOTHING"
        connection.execute(sa.text(add), rows)


def downgrade() -> None:
    """Take back. Spellings that are there more find nothing wrong."""
    for table, column in PEOPLE:
        op.drop_index(f"ix_{table}_{column}", table_name=table)
