"""Loans of files, with how secret a file is and where it stands; consent to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

NUMBER = sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql")
NAME = sa.String(length=50).with_variant(sa.String(length=50, collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)
SECRECIES = ("GENERAL", "CONFIDENTIAL", "TOP")
DEPARTMENTS = (
    "DESIGN", "STORE", "ENGINEERING", "PURCHASING", "FINANCE", "SERVICE", "HR", "LEGAL", "MARKETING", "ADMIN",
    "MANAGEMENT",
)  # fmt: skip
STATES = ("REQUESTED", "APPROVED", "OUT", "OVERDUE", "RETURNED", "REFUSED", "LOST")
BEFORE = ("COMPENSATION", "COST_CASE", "PENALTY", "CANCELLATION")
LINKS = (
    ("project_id", "project"), ("customer_id", "customer"), ("owner_id", "user"), ("applicant_user_id", "user"),
    ("approval_id", "approval"), ("created_by_id", "user"), ("updated_by_id", "user"), ("branch_id", "branch"),
)  # fmt: skip
INDEXED = ("project_id", "customer_id", "owner_id", "applicant_user_id", "approval_id")
PAPERS_OUT = sa.text("state IN ('OUT', 'OVERDUE')")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def _consent_for(values: tuple[str, ...]) -> None:
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_approval_what_known"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_approval_what_known"), _one_of("what", values))


def upgrade() -> None:
    """Files there are already are confidential, as every file is unless somebody says otherwise."""
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.add_column(sa.Column("archive_shelf", sa.String(length=40), nullable=True))
        batch_op.add_column(
            sa.Column("archive_secrecy", sa.String(length=20), nullable=False, server_default="CONFIDENTIAL")
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_project_archive_secrecy_known"), _one_of("archive_secrecy", SECRECIES)
        )
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.alter_column("archive_secrecy", server_default=None)
    _consent_for((*BEFORE, "ARCHIVE_LOAN"))
    op.create_table(
        "archive_loan",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("applicant", NAME, nullable=False),
        sa.Column("applicant_user_id", sa.Integer(), nullable=True),
        sa.Column("department", sa.String(length=20), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=False),
        sa.Column("secrecy", sa.String(length=20), nullable=False),
        sa.Column("wanted_until", sa.Date(), nullable=True),
        sa.Column("approval_id", sa.Integer(), nullable=True),
        sa.Column("approved_at", MOMENT, nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("out_at", MOMENT, nullable=True),
        sa.Column("pages_out", sa.Integer(), nullable=True),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("returned_at", MOMENT, nullable=True),
        sa.Column("pages_back", sa.Integer(), nullable=True),
        sa.Column("condition", sa.String(length=20), nullable=True),
        sa.Column("condition_note", sa.Text(), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(_one_of("state", STATES), name=op.f("ck_archive_loan_state_known")),
        sa.CheckConstraint(_one_of("department", DEPARTMENTS), name=op.f("ck_archive_loan_department_known")),
        sa.CheckConstraint(
            _one_of("mode", ("READ_ON_SITE", "BORROW", "COPY")), name=op.f("ck_archive_loan_mode_known")
        ),
        sa.CheckConstraint(_one_of("secrecy", SECRECIES), name=op.f("ck_archive_loan_secrecy_known")),
        sa.CheckConstraint(
            "condition IS NULL OR " + _one_of("condition", ("INTACT", "DAMAGED", "PAGES_MISSING", "GONE")),
            name=op.f("ck_archive_loan_condition_known"),
        ),
        sa.CheckConstraint(
            "state IN ('REQUESTED', 'APPROVED', 'REFUSED')"
            " OR (out_at IS NOT NULL AND due_at IS NOT NULL AND pages_out IS NOT NULL)",
            name=op.f("ck_archive_loan_out_has_a_time"),
        ),
        sa.CheckConstraint(
            "state <> 'RETURNED' OR (returned_at IS NOT NULL AND pages_back = pages_out AND condition = 'INTACT')",
            name=op.f("ck_archive_loan_returned_whole"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_archive_loan_{column}"))
            for column, table in LINKS
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_loan")),
        sa.UniqueConstraint("number", name=op.f("uq_archive_loan_number")),
    )
    for column in INDEXED:
        op.create_index(op.f(f"ix_archive_loan_{column}"), "archive_loan", [column])
    op.create_index("ix_archive_loan_branch", "archive_loan", ["branch_id", "id"])
    op.create_index("ix_archive_loan_state", "archive_loan", ["state", "id"])
    op.create_index(
        "uq_archive_loan_out", "archive_loan", ["project_id"], unique=True, sqlite_where=PAPERS_OUT,
        postgresql_where=PAPERS_OUT,
    )  # fmt: skip


def downgrade() -> None:
    """Take it away, with the consents to loans."""
    theirs = "SELECT id FROM approval WHERE what = 'ARCHIVE_LOAN'"
    op.drop_table("archive_loan")
    op.execute(f"DELETE FROM approval_step WHERE approval_id IN ({theirs})")
    op.execute("DELETE FROM approval WHERE what = 'ARCHIVE_LOAN'")
    _consent_for(BEFORE)
    with op.batch_alter_table("project", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_project_archive_secrecy_known"), type_="check")
        batch_op.drop_column("archive_secrecy")
        batch_op.drop_column("archive_shelf")
