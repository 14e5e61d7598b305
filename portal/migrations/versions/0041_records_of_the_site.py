"""Weekly words, visits of the supervisor and open days are records with number and branch, as all others of a site."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
CHANNELS = "channel IN ('PHONE', 'WECHAT', 'ON_SITE', 'OTHER')"
KINDS = "kind IN ('CONTACT', 'VISIT')"
PREFIXES = {"weekly_report": "GT", "supervisor_visit": "XJ", "open_day": "KF"}
NEW = ("number", "branch_id", "customer_id", "created_at", "updated_at", "version")


def upgrade() -> None:
    """Numbered in the order of their days; the branch is that of the site, of an open day that of its sites."""
    weekly = _rows(
        "SELECT w.*, p.customer_id, p.branch_id FROM weekly_report w JOIN project p ON p.id = w.project_id"
        " ORDER BY w.told_at, w.id",
        told_at=MOMENT,
    )
    visits = _rows(
        "SELECT v.*, p.customer_id, p.branch_id FROM supervisor_visit v JOIN project p ON p.id = v.project_id"
        " ORDER BY v.held_on, v.id",
        held_on=sa.Date(),
    )
    days = _rows(
        "SELECT d.*, (SELECT min(p.branch_id) FROM open_day_site s JOIN project p ON p.id = s.project_id"
        " WHERE s.open_day_id = d.id) AS branch_id FROM open_day d ORDER BY d.held_on, d.id",
        held_on=sa.Date(),
    )
    sites = _rows("SELECT open_day_id, project_id FROM open_day_site")
    _drop()
    _weekly(*_record("weekly_report"), sa.Column("customer_id", sa.Integer(), nullable=False), is_record=True)
    _visits(*_record("supervisor_visit"), sa.Column("customer_id", sa.Integer(), nullable=False), is_record=True)
    _days(*_record("open_day"), is_record=True)
    for table, rows, moment in (("weekly_report", weekly, "told_at"), ("supervisor_visit", visits, "held_on"), ("open_day", days, "held_on")):  # fmt: skip
        _number(table, rows, moment)
        _insert(table, rows)
    _insert("open_day_site", sites)


def downgrade() -> None:
    """As it was, without the numbers."""
    found = {
        "weekly_report": _rows("SELECT * FROM weekly_report", told_at=MOMENT),
        "supervisor_visit": _rows("SELECT * FROM supervisor_visit", held_on=sa.Date()),
        "open_day": _rows("SELECT * FROM open_day", held_on=sa.Date()),
    }
    sites = _rows("SELECT open_day_id, project_id FROM open_day_site")
    _drop()
    op.execute("DELETE FROM number_sequence WHERE prefix IN ('GT', 'XJ', 'KF')")
    for table, make in (("weekly_report", _weekly), ("supervisor_visit", _visits), ("open_day", _days)):
        make(*_id(table), is_record=False)
        gone = {*NEW, "remarks", "created_by_id", "updated_by_id"}
        _insert(table, [{key: value for key, value in row.items() if key not in gone} for row in found[table]])
    _insert("open_day_site", sites)


# ---------- Tables ----------


def _weekly(*columns: Any, is_record: bool) -> None:
    own: list[Any] = [
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=True),
        sa.Column("safety", sa.Text(), nullable=True),
        sa.Column("next_week", sa.Text(), nullable=True),
        sa.Column("customer_words", sa.Text(), nullable=True),
    ]
    _create("weekly_report", own, columns, is_record, sa.CheckConstraint(CHANNELS, name=op.f("ck_weekly_report_channel_known")))  # fmt: skip
    op.create_index("ix_weekly_report_project", "weekly_report", ["project_id", "told_at"], unique=False)
    if is_record:
        op.create_index("ix_weekly_report_told", "weekly_report", ["told_at", "id"], unique=False)


def _visits(*columns: Any, is_record: bool) -> None:
    own: list[Any] = [
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
    ]
    _create("supervisor_visit", own, columns, is_record, sa.CheckConstraint(KINDS, name=op.f("ck_supervisor_visit_kind_known")))  # fmt: skip
    op.create_index(op.f("ix_supervisor_visit_project_id"), "supervisor_visit", ["project_id"], unique=False)
    if is_record:
        op.create_index("ix_supervisor_visit_held", "supervisor_visit", ["held_on", "id"], unique=False)


def _days(*columns: Any, is_record: bool) -> None:
    own: list[Any] = [
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("invited", sa.Text(), nullable=False),
        sa.Column("attended", sa.Text(), nullable=True),
    ]
    if is_record:
        op.create_table("open_day", *own, *columns)
        op.create_index("ix_open_day_branch", "open_day", ["branch_id", "id"], unique=False)
        op.create_index("ix_open_day_held", "open_day", ["held_on", "id"], unique=False)
    else:
        op.create_table("open_day", columns[0], *own, *columns[1:])
    op.create_table(
        "open_day_site",
        sa.Column("open_day_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["open_day_id"], ["open_day.id"], name=op.f("fk_open_day_site_open_day_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_open_day_site_project_id")),
        sa.PrimaryKeyConstraint("open_day_id", "project_id", name=op.f("pk_open_day_site")),
    )
    op.create_index(op.f("ix_open_day_site_project_id"), "open_day_site", ["project_id"], unique=False)


def _create(table: str, own: list[Any], columns: tuple[Any, ...], is_record: bool, check: Any) -> None:
    """The table with its own columns; a record has them first, its customer after the project, and those of every record last."""
    if is_record:
        *columns, customer = columns  # type: ignore[assignment]
        own = [own[0], customer, *own[1:]]
        columns = (*own, *columns, sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f(f"fk_{table}_customer_id")))  # fmt: skip
    else:
        columns = (columns[0], *own, *columns[1:])
    op.create_table(
        table,
        *columns,
        check,
        sa.ForeignKeyConstraint(["by_id"], ["party.id"], name=op.f(f"fk_{table}_by_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f(f"fk_{table}_project_id")),
    )
    if is_record:
        op.create_index(f"ix_{table}_branch", table, ["branch_id", "id"], unique=False)
        op.create_index(op.f(f"ix_{table}_customer_id"), table, ["customer_id"], unique=False)


def _drop() -> None:
    for table in ("open_day_site", "open_day", "supervisor_visit", "weekly_report"):
        op.drop_table(table)


def _id(table: str) -> tuple[Any, ...]:
    return (sa.Column("id", sa.Integer(), nullable=False), sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")))


def _record(table: str) -> tuple[Any, ...]:
    """What every numbered record carries."""
    return (
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql"), nullable=False),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f(f"fk_{table}_branch_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f(f"fk_{table}_created_by_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f(f"fk_{table}_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint("number", name=op.f(f"uq_{table}_number")),
    )  # fmt: skip


# ---------- Rows ----------


def _number(table: str, rows: list[dict[str, Any]], moment: str) -> None:
    zone, last = ZoneInfo("Asia/Shanghai"), dict[int, int]()
    for row in rows:
        day = row[moment]
        if isinstance(day, datetime):
            made = day if day.tzinfo else day.replace(tzinfo=UTC)
            day = made.astimezone(zone).date()
        else:
            made = datetime(day.year, day.month, day.day, 12, tzinfo=zone)
        last[day.year] = last.get(day.year, 0) + 1
        row |= {"number": f"{PREFIXES[table]}-{day.year}-{last[day.year]:04d}", "version": 1}
        row |= {"created_at": made.astimezone(UTC), "updated_at": made.astimezone(UTC)}
    for year, number in last.items():
        op.execute(f"INSERT INTO number_sequence (prefix, year, last) VALUES ('{PREFIXES[table]}', {year}, {number})")


def _insert(table: str, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    types: dict[str, Any] = {name: MOMENT for name in ("told_at", "created_at", "updated_at")} | {"held_on": sa.Date()}
    for row in rows:
        if isinstance(moment := row.get("told_at"), datetime) and moment.tzinfo is None:
            row["told_at"] = moment.replace(tzinfo=UTC)
    to = sa.table(table, *(sa.column(name, types.get(name)) for name in rows[0]))
    for start in range(0, len(rows), 500):
        op.get_bind().execute(sa.insert(to), rows[start : start + 500])
    if "id" in rows[0] and op.get_bind().dialect.name == "postgresql":
        op.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")


def _rows(query: str, **types: Any) -> list[dict[str, Any]]:
    found = op.get_bind().execute(sa.text(query)).mappings()
    made = [dict(row) for row in found]
    if op.get_bind().dialect.name == "sqlite":
        for name, kind in types.items():
            read = datetime.fromisoformat if kind is MOMENT else (lambda text: datetime.fromisoformat(text).date())
            for row in made:
                row[name] = read(row[name])
    return made
