"""Write `versions/0001_foundation.py` anew from the models: `python -m portal.migrations.remake`.

Only while no database that matters stands on it. Later changes get a migration of their own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import DowngradeOps, UpgradeOps
from alembic.runtime.migration import MigrationContext
from sqlalchemy import ForeignKeyConstraint, create_engine

import portal.models  # noqa: F401  every table must be known
from portal.db import Base
from portal.migrations.naming import OPTIONS

TARGET = Path(__file__).parent / "versions" / "0001_foundation.py"

HEAD = '''"""The foundation: people, customers, projects, contracts, contacts, complaints, and what carries them.

Written by `python -m portal.migrations.remake`, then read.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = {append_only}


def upgrade() -> None:
    """Create everything; the database itself refuses to rewrite history."""
    dialect = op.get_bind().dialect.name
    {upgrades}
    if dialect != "sqlite":  # which takes a reference to a table that comes later as it is
        {circles}
    for statement in APPEND_ONLY[dialect]:
        op.execute(statement)


def downgrade() -> None:
    """Drop everything."""
    dialect = op.get_bind().dialect.name
    if dialect != "sqlite":
        {uncircles}
    {downgrades}
    if dialect == "postgresql":
        op.execute("DROP FUNCTION event_refuse()")
'''


def remake() -> str:
    """The text of the first migration for the models as they are."""
    from portal.models.event import APPEND_ONLY

    with create_engine("sqlite://").connect() as connection:
        context = MigrationContext.configure(connection, opts={**OPTIONS, "target_metadata": Base.metadata})
        script = produce_migrations(context, Base.metadata)
        upgrade, downgrade = script.upgrade_ops, script.downgrade_ops
        assert isinstance(upgrade, UpgradeOps) and isinstance(downgrade, DowngradeOps)
        options = {"render_as_batch": True, "render_item": OPTIONS["render_item"], "migration_context": context}
        upgrades = render_python_code(upgrade, **options)
        downgrades = render_python_code(downgrade, **options)
    circles = [
        constraint
        for table in Base.metadata.sorted_tables
        for constraint in sorted(table.foreign_key_constraints, key=lambda each: str(each.name))
        if constraint.use_alter
    ]
    return HEAD.format(
        append_only=repr(APPEND_ONLY),
        upgrades=_body(upgrades),
        downgrades=_body(downgrades),
        circles="\n        ".join(map(_create, circles)) or "pass",
        uncircles="\n        ".join(map(_drop, circles)) or "pass",
    )


def _body(code: str) -> str:
    return "\n".join(line for line in code.splitlines() if not line.lstrip().startswith("#")).strip()


def _create(constraint: ForeignKeyConstraint) -> str:
    element = constraint.elements[0].column
    names = [column.name for column in constraint.columns]
    return (
        f"op.create_foreign_key({_name(constraint)!r}, {constraint.table.name!r}, {element.table.name!r},"
        f" {names!r}, {[element.name]!r})"
    )


def _drop(constraint: ForeignKeyConstraint) -> str:
    return f"op.drop_constraint({_name(constraint)!r}, {constraint.table.name!r}, type_='foreignkey')"


def _name(constraint: ForeignKeyConstraint) -> str:
    column = next(iter(constraint.columns))
    return f"fk_{constraint.table.name}_{column.name}"


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(remake(), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(TARGET)], check=True)
    subprocess.run([sys.executable, "-m", "ruff", "check", "-q", "--fix", str(TARGET)], check=True)
