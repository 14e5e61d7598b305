"""The knowledge base: articles, their editions, who confirmed reading them; consent is asked for to publish one."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

ASKED_FOR = ("COMPENSATION", "COST_CASE", "PENALTY", "CANCELLATION", "ARCHIVE_LOAN")
CATEGORY = "category IN ('SCRIPT', 'FAQ', 'RULE', 'MATERIAL', 'PROCEDURE', 'FORM', 'MANNERS')"
GRADE = "grade IN ('A', 'BC', 'ALL')"
STAGE = (
    "stage IS NULL OR stage IN ('START', 'MATERIAL', 'CONCEALED', 'WATERPROOF', 'MID', 'COMPLETION', 'ONE_MONTH',"
    " 'WARRANTY_PERIODIC', 'REPAIR', 'SEASONAL', 'REVISIT')"
)


def _wording(table: str) -> tuple[Any, ...]:
    """What an edition says, and which values it may have."""
    return (
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("category", sa.String(length=20), nullable=False),
        sa.Column("grade", sa.String(length=5), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("is_mandatory", sa.Boolean(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.CheckConstraint(CATEGORY, name=op.f(f"ck_{table}_category_known")),
        sa.CheckConstraint(GRADE, name=op.f(f"ck_{table}_grade_known")),
        sa.CheckConstraint(STAGE, name=op.f(f"ck_{table}_stage_known")),
    )


def _ask_for(*what: str) -> None:
    listed = ", ".join(f"'{each}'" for each in what)
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_approval_what_known"), type_="check")
        batch_op.create_check_constraint(batch_op.f("ck_approval_what_known"), f"what IN ({listed})")


def upgrade() -> None:
    """Apply."""
    _ask_for(*ASKED_FOR, "KNOWLEDGE")
    op.create_table(
        "knowledge_article",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("edition_no", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("approval_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        *_wording("knowledge_article"),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "number",
            sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("remarks", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("updated_by_id", sa.Integer(), nullable=True),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state <> 'PUBLISHED' OR edition_no > 0", name=op.f("ck_knowledge_article_published_has_an_edition")
        ),
        sa.CheckConstraint(
            "state <> 'RETIRED' OR reason IS NOT NULL", name=op.f("ck_knowledge_article_retired_has_a_reason")
        ),
        sa.CheckConstraint(
            "state IN ('DRAFT', 'APPROVED', 'PUBLISHED', 'RETIRED')", name=op.f("ck_knowledge_article_state_known")
        ),
        sa.ForeignKeyConstraint(["approval_id"], ["approval.id"], name=op.f("fk_knowledge_article_approval_id")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_knowledge_article_branch_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_knowledge_article_created_by_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_knowledge_article_owner_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_knowledge_article_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_article")),
        sa.UniqueConstraint("number", name=op.f("uq_knowledge_article_number")),
    )
    with op.batch_alter_table("knowledge_article", schema=None) as batch_op:
        batch_op.create_index("ix_knowledge_article_branch", ["branch_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_knowledge_article_owner_id"), ["owner_id"], unique=False)
    op.create_table(
        "knowledge_edition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("written_by_id", sa.Integer(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=120), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        *_wording("knowledge_edition"),
        sa.CheckConstraint(
            "published_at IS NULL OR approved_at IS NOT NULL", name=op.f("ck_knowledge_edition_published_was_approved")
        ),
        sa.ForeignKeyConstraint(["article_id"], ["knowledge_article.id"], name=op.f("fk_knowledge_edition_article_id")),
        sa.ForeignKeyConstraint(["written_by_id"], ["user.id"], name=op.f("fk_knowledge_edition_written_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_edition")),
        sa.UniqueConstraint("article_id", "no", name=op.f("uq_knowledge_edition_article_id_no")),
    )
    op.create_table(
        "knowledge_reading",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("edition_no", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["knowledge_article.id"], name=op.f("fk_knowledge_reading_article_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_knowledge_reading_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_reading")),
        sa.UniqueConstraint(
            "article_id", "edition_no", "user_id", name=op.f("uq_knowledge_reading_article_id_edition_no_user_id")
        ),
    )
    with op.batch_alter_table("knowledge_reading", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_knowledge_reading_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    """Take it away, with the requests and texts that only these know."""
    for table in ("knowledge_reading", "knowledge_edition", "knowledge_article"):
        op.drop_table(table)
    theirs = "SELECT id FROM approval WHERE what = 'KNOWLEDGE'"
    op.execute(f"DELETE FROM approval_step WHERE approval_id IN ({theirs})")
    op.execute("DELETE FROM approval WHERE what = 'KNOWLEDGE'")
    op.execute("DELETE FROM passage WHERE record_kind = 'knowledge-articles'")
    _ask_for(*ASKED_FOR)
