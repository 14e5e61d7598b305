"""Reports that are drawn up wait for the manager's signature: their open clocks are the managers' (DL-29)."""

from __future__ import annotations

from alembic import op

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

OPEN = """
UPDATE task SET role = '{to}', person_id = NULL, version = version + 1
WHERE code = 'DL-29' AND record_kind = 'report-runs' AND closed_at IS NULL AND role = '{of}'
AND record_id IN (SELECT id FROM report_run WHERE state IN ('DRAFT', 'SIGNED', 'LATE'))
"""


def upgrade() -> None:
    """Whoever could not sign hands it on."""
    op.execute(OPEN.format(of="SPECIALIST", to="MANAGER"))


def downgrade() -> None:
    """Back to where they stood."""
    op.execute(OPEN.format(of="MANAGER", to="SPECIALIST"))
