"""Types of tasks as records; what a task is a type of, and which task it follows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAMES = "打电话、上门、送资料、提醒、其他"
"""What the setting `task_types` said where nobody changed it."""
ICONS = {"打电话": "phone", "上门": "home", "送资料": "file-text", "提醒": "bell"}


def upgrade() -> None:
    """The words of the setting become records that can be changed; tasks keep the name they were set with."""
    op.create_table(
        "task_type",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("icon", sa.String(length=30), nullable=False),
        sa.Column("summary", sa.String(length=200), nullable=True),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(length=20), nullable=True),
        sa.Column("delay", sa.Integer(), nullable=False),
        sa.Column("delay_unit", sa.String(length=20), nullable=False),
        sa.Column("chaining", sa.String(length=10), nullable=False),
        sa.Column("next_id", sa.Integer(), nullable=True),
        sa.Column("counted_from", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("chaining IN ('NONE', 'SUGGEST', 'TRIGGER')", name=op.f("ck_task_type_chaining_known")),
        sa.CheckConstraint("counted_from IN ('COMPLETION', 'DEADLINE')", name=op.f("ck_task_type_counted_from_known")),
        sa.CheckConstraint(
            "delay_unit IN ('HOURS', 'DAYS', 'WORKING_DAYS')", name=op.f("ck_task_type_delay_unit_known")
        ),
        sa.CheckConstraint(
            "role IS NULL OR role IN ('FRONT_DESK', 'SPECIALIST', 'REVIEWER', 'REPAIR_CAPTAIN', 'MANAGER')",
            name=op.f("ck_task_type_role_known"),
        ),
        sa.ForeignKeyConstraint(["next_id"], ["task_type.id"], name=op.f("fk_task_type_next_id")),
        sa.ForeignKeyConstraint(["person_id"], ["user.id"], name=op.f("fk_task_type_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_type")),
        sa.UniqueConstraint("name", name=op.f("uq_task_type_name")),
    )
    # Both databases add a column with a reference at once; the batch of Alembic would copy a table of millions.
    op.execute("ALTER TABLE task ADD COLUMN type_id INTEGER CONSTRAINT fk_task_type_id REFERENCES task_type (id)")
    op.execute("ALTER TABLE task ADD COLUMN after_id INTEGER CONSTRAINT fk_task_after_id REFERENCES task (id)")
    op.create_index(
        "uq_task_after",
        "task",
        ["after_id"],
        unique=True,
        sqlite_where=sa.text("after_id IS NOT NULL"),
        postgresql_where=sa.text("after_id IS NOT NULL"),
    )
    _carry_over(op.get_bind())


def _carry_over(bind: sa.Connection) -> None:
    setting = sa.table("setting", sa.column("key", sa.String), sa.column("value", sa.JSON))
    types = sa.table(
        "task_type",
        *(sa.column(name) for name in ("id", "name", "icon", "delay", "delay_unit", "chaining", "counted_from")),
        *(sa.column(name) for name in ("position", "is_active", "is_default", "version")),
    )
    said = bind.execute(sa.select(setting.c.value).where(setting.c.key == "task_types")).scalar() or NAMES
    names = list(dict.fromkeys(name.strip() for name in str(said).split("、") if name.strip()))
    rows = [
        {
            "name": name,
            "icon": ICONS.get(name, "checklist"),
            "delay": 1,
            "delay_unit": "WORKING_DAYS",
            "chaining": "NONE",
            "counted_from": "COMPLETION",
            "position": place,
            "is_active": True,
            "is_default": name in NAMES.split("、"),
            "version": 1,
        }
        for place, name in enumerate(names, 1)
    ]
    if rows:
        bind.execute(types.insert(), rows)
    bind.execute(setting.delete().where(setting.c.key == "task_types"))
    op.execute(
        "UPDATE task SET type_id = (SELECT id FROM task_type WHERE task_type.name = task.type_name)"
        " WHERE type_name IS NOT NULL"
    )


def downgrade() -> None:
    """The words go back into the setting where they are not those of the portal; what follows what is lost."""
    op.drop_index("uq_task_after", table_name="task")
    op.execute("ALTER TABLE task DROP COLUMN after_id")
    op.execute("ALTER TABLE task DROP COLUMN type_id")
    bind = op.get_bind()
    names = "、".join(
        bind.execute(sa.text("SELECT name FROM task_type WHERE is_active ORDER BY position, id")).scalars()
    )
    if names and names != NAMES:
        setting = sa.table(
            "setting",
            *(sa.column(name) for name in ("key", "version")),
            sa.column("value", sa.JSON),
            sa.column("updated_at", sa.DateTime(timezone=True)),
        )
        bind.execute(
            setting.insert().values(key="task_types", value=names, updated_at=sa.func.current_timestamp(), version=1)
        )
    op.drop_table("task_type")
