"""Drawing reviews with rounds, findings and the catalogue; contracts from the letter of intent to the signature."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

STATES = (
    "'INTENT', 'NEGOTIATING', 'LEGAL_REVIEW', 'LEGAL_RETURNED', 'READY_TO_SIGN', 'SIGNED', 'COMPLETED', 'TERMINATED'"
)
CATALOGUE = (
    ("D01", "缺平面布置图", 10, True),
    ("D02", "缺立面图/剖面图（每张）", 5, True),
    ("D03", "缺水电点位图", 10, True),
    ("D04", "尺寸漏标或标注矛盾（每处）", 2, True),
    ("D05", "图纸与报价不一致（每处）", 5, True),
    ("D06", "报价漏项（每项）", 5, True),
    ("D07", "工程量误差超过 5%（每项）", 5, True),
    ("D08", "单价错误（每项）", 5, True),
    ("D09", "材料品牌规格或工艺未写明（每项）", 3, True),
    ("D10", "客户资料填写不全", 2, False),
    ("D11", "合同条款空白或涂改（每处）", 5, True),
    ("D12", "擅改承重结构", 30, True),
    ("D13", "设计师/审核栏未签字", 3, True),
    ("D14", "工期或付款比例不符合公司规定", 5, True),
    ("D15", "超权限折扣", 10, True),
)
"""The usual catalogue (domain.md 3.5, assumed); the manager changes it."""


def upgrade() -> None:
    """Drafts are in negotiation, void contracts terminated; the catalogue is there to begin with."""
    op.create_table(
        "deduction_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("must_fix", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("provenance", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("provenance IN ('SEED', 'ASSUMED', 'OWN')", name=op.f("ck_deduction_rule_provenance_known")),
        sa.CheckConstraint("points BETWEEN 1 AND 100", name=op.f("ck_deduction_rule_points_in_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deduction_rule")),
        sa.UniqueConstraint("code", name=op.f("uq_deduction_rule_code")),
    )
    op.create_table(
        "drawing_review",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("home_id", sa.Integer(), nullable=True),
        sa.Column("contract_id", sa.Integer(), nullable=True),
        sa.Column("designer_id", sa.Integer(), nullable=False),
        sa.Column("branch_manager_id", sa.Integer(), nullable=False),
        sa.Column("contract_amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("round_no", sa.Integer(), nullable=False),
        sa.Column("pass_score", sa.Integer(), nullable=False),
        sa.Column("first_result", sa.String(length=10), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
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
            "first_result IS NULL OR first_result IN ('PASS', 'RETURN')",
            name=op.f("ck_drawing_review_first_result_known"),
        ),
        sa.CheckConstraint(
            "state <> 'SIGNED_WITHOUT_PASS' OR signed_on IS NOT NULL", name=op.f("ck_drawing_review_bypass_has_a_day")
        ),
        sa.CheckConstraint(
            "state IN ('SUBMITTED', 'RETURNED', 'PASSED', 'SIGNED', 'SIGNED_WITHOUT_PASS', 'WITHDRAWN')",
            name=op.f("ck_drawing_review_state_known"),
        ),
        sa.CheckConstraint("contract_amount > 0", name=op.f("ck_drawing_review_contract_amount_positive")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_drawing_review_branch_id")),
        sa.ForeignKeyConstraint(["branch_manager_id"], ["party.id"], name=op.f("fk_drawing_review_branch_manager_id")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_drawing_review_contract_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_drawing_review_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_drawing_review_customer_id")),
        sa.ForeignKeyConstraint(["designer_id"], ["party.id"], name=op.f("fk_drawing_review_designer_id")),
        sa.ForeignKeyConstraint(["home_id"], ["property.id"], name=op.f("fk_drawing_review_home_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_drawing_review_owner_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_drawing_review_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drawing_review")),
        sa.UniqueConstraint("number", name=op.f("uq_drawing_review_number")),
    )
    with op.batch_alter_table("drawing_review", schema=None) as batch_op:
        batch_op.create_index("ix_drawing_review_branch", ["branch_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_drawing_review_contract_id"), ["contract_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_drawing_review_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_drawing_review_designer", ["designer_id", "id"], unique=False)
        batch_op.create_index("ix_drawing_review_owner", ["owner_id", "id"], unique=False)
        batch_op.create_index("ix_drawing_review_state", ["state", "id"], unique=False)

    op.create_table(
        "legal_review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("round_no", sa.Integer(), nullable=False),
        sa.Column("draft", sa.String(length=200), nullable=False),
        sa.Column("what_changed", sa.Text(), nullable=True),
        sa.Column("submitted_by_id", sa.Integer(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("points", sa.JSON(), nullable=True),
        sa.Column("opinion", sa.Text(), nullable=True),
        sa.Column("result", sa.String(length=10), nullable=True),
        sa.Column("approver_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("result IS NULL OR result IN ('PASS', 'RETURN')", name=op.f("ck_legal_review_result_known")),
        sa.ForeignKeyConstraint(["approver_id"], ["party.id"], name=op.f("fk_legal_review_approver_id")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name=op.f("fk_legal_review_contract_id")),
        sa.ForeignKeyConstraint(["submitted_by_id"], ["party.id"], name=op.f("fk_legal_review_submitted_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_review")),
    )
    with op.batch_alter_table("legal_review", schema=None) as batch_op:
        batch_op.create_index("uq_legal_review_round_no", ["contract_id", "round_no"], unique=True)

    op.create_table(
        "review_finding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=10), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("points_each", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("must_fix", sa.Boolean(), nullable=False),
        sa.Column("place", sa.String(length=100), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("round_no", sa.Integer(), nullable=False),
        sa.Column("claimed_in_round", sa.Integer(), nullable=True),
        sa.Column("judged_in_round", sa.Integer(), nullable=True),
        sa.Column("fixed_in_round", sa.Integer(), nullable=True),
        sa.Column("fixed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attachment_id", sa.Integer(), nullable=True),
        sa.Column("page_no", sa.Integer(), nullable=True),
        sa.Column("mark_x", sa.Integer(), nullable=True),
        sa.Column("mark_y", sa.Integer(), nullable=True),
        sa.CheckConstraint("count BETWEEN 1 AND 99", name=op.f("ck_review_finding_count_in_range")),
        sa.CheckConstraint(
            "fixed_in_round IS NULL OR fixed_in_round > round_no", name=op.f("ck_review_finding_fixed_later")
        ),
        sa.CheckConstraint(
            "mark_x IS NULL OR (attachment_id IS NOT NULL AND page_no >= 1 AND mark_x BETWEEN 0 AND 1000 AND mark_y BETWEEN 0 AND 1000)",
            name=op.f("ck_review_finding_mark_is_whole"),
        ),
        sa.CheckConstraint("points_each BETWEEN 1 AND 100", name=op.f("ck_review_finding_points_in_range")),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"], name=op.f("fk_review_finding_attachment_id")),
        sa.ForeignKeyConstraint(["review_id"], ["drawing_review.id"], name=op.f("fk_review_finding_review_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["deduction_rule.id"], name=op.f("fk_review_finding_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_finding")),
    )
    with op.batch_alter_table("review_finding", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_review_finding_review_id"), ["review_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_review_finding_rule_id"), ["rule_id"], unique=False)

    op.create_table(
        "review_round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("round_no", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("documents", sa.JSON(), nullable=False),
        sa.Column("what_changed", sa.Text(), nullable=True),
        sa.Column("pass_score", sa.Integer(), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("result", sa.String(length=10), nullable=True),
        sa.Column("opinion", sa.Text(), nullable=True),
        sa.Column("reviewer_id", sa.Integer(), nullable=True),
        sa.Column("acknowledged_by_id", sa.Integer(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledgement_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("result IS NULL OR result IN ('PASS', 'RETURN')", name=op.f("ck_review_round_result_known")),
        sa.CheckConstraint(
            "(result IS NULL) = (reviewed_at IS NULL) AND (result IS NULL) = (score IS NULL)",
            name=op.f("ck_review_round_result_is_whole"),
        ),
        sa.CheckConstraint("score IS NULL OR score BETWEEN 0 AND 100", name=op.f("ck_review_round_score_in_range")),
        sa.ForeignKeyConstraint(["acknowledged_by_id"], ["party.id"], name=op.f("fk_review_round_acknowledged_by_id")),
        sa.ForeignKeyConstraint(
            ["acknowledgement_id"], ["attachment.id"], name=op.f("fk_review_round_acknowledgement_id")
        ),
        sa.ForeignKeyConstraint(["review_id"], ["drawing_review.id"], name=op.f("fk_review_round_review_id")),
        sa.ForeignKeyConstraint(["reviewer_id"], ["user.id"], name=op.f("fk_review_round_reviewer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_round")),
    )
    with op.batch_alter_table("review_round", schema=None) as batch_op:
        batch_op.create_index("ix_review_round_reviewed", ["reviewed_at", "review_id"], unique=False)
        batch_op.create_index("uq_review_round_no", ["review_id", "round_no"], unique=True)
    lines = sa.table(
        "deduction_rule",
        *(sa.column(name) for name in ("code", "title", "points", "must_fix", "is_active", "provenance", "version")),
    )
    op.get_bind().execute(
        lines.insert(),
        [
            {
                "code": code, "title": title, "points": points, "must_fix": must_fix, "is_active": True,
                "provenance": "ASSUMED", "version": 1,
            }
            for code, title, points, must_fix in CATALOGUE
        ],
    )  # fmt: skip
    with op.batch_alter_table("contract", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_contract_state_known"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_contract_voided_has_a_day"), type_="check")
    op.execute("UPDATE contract SET state = 'NEGOTIATING' WHERE state = 'DRAFT'")
    op.execute("UPDATE contract SET state = 'TERMINATED' WHERE state = 'VOIDED'")
    with op.batch_alter_table("contract", schema=None) as batch_op:
        batch_op.add_column(sa.Column("scope", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("duration_days", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("intended_on", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("designer_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("draft", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("covered", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("identities_checked", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("signed_by_customer", sa.String(length=50), nullable=True))
        batch_op.add_column(sa.Column("bypass_reason", sa.Text(), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_contract_designer_id"), "party", ["designer_id"], ["id"])
        batch_op.create_check_constraint(batch_op.f("ck_contract_state_known"), f"state IN ({STATES})")
        batch_op.create_check_constraint(
            batch_op.f("ck_contract_voided_has_a_day"), "state <> 'TERMINATED' OR voided_on IS NOT NULL"
        )


def downgrade() -> None:
    """What was negotiated and reviewed is lost; contracts fall back to the states there were."""
    with op.batch_alter_table("contract", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_contract_state_known"), type_="check")
        batch_op.drop_constraint(batch_op.f("ck_contract_voided_has_a_day"), type_="check")
    op.execute(
        "UPDATE contract SET state = 'DRAFT'"
        " WHERE state IN ('NEGOTIATING', 'LEGAL_REVIEW', 'LEGAL_RETURNED', 'READY_TO_SIGN')"
    )
    op.execute("UPDATE contract SET state = 'SIGNED' WHERE state = 'COMPLETED'")
    op.execute("UPDATE contract SET state = 'VOIDED' WHERE state = 'TERMINATED'")
    with op.batch_alter_table("contract", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_contract_designer_id"), type_="foreignkey")
        for name in (
            "bypass_reason", "signed_by_customer", "identities_checked", "covered", "draft", "designer_id",
            "intended_on", "duration_days", "scope",
        ):  # fmt: skip
            batch_op.drop_column(name)
        batch_op.create_check_constraint(
            batch_op.f("ck_contract_state_known"), "state IN ('INTENT', 'DRAFT', 'SIGNED', 'VOIDED')"
        )
        batch_op.create_check_constraint(
            batch_op.f("ck_contract_voided_has_a_day"), "state <> 'VOIDED' OR voided_on IS NOT NULL"
        )
    with op.batch_alter_table("review_round", schema=None) as batch_op:
        batch_op.drop_index("uq_review_round_no")
        batch_op.drop_index("ix_review_round_reviewed")

    op.drop_table("review_round")
    with op.batch_alter_table("review_finding", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_review_finding_rule_id"))
        batch_op.drop_index(batch_op.f("ix_review_finding_review_id"))

    op.drop_table("review_finding")
    with op.batch_alter_table("legal_review", schema=None) as batch_op:
        batch_op.drop_index("uq_legal_review_round_no")

    op.drop_table("legal_review")
    with op.batch_alter_table("drawing_review", schema=None) as batch_op:
        batch_op.drop_index("ix_drawing_review_state")
        batch_op.drop_index("ix_drawing_review_owner")
        batch_op.drop_index("ix_drawing_review_designer")
        batch_op.drop_index(batch_op.f("ix_drawing_review_customer_id"))
        batch_op.drop_index(batch_op.f("ix_drawing_review_contract_id"))
        batch_op.drop_index("ix_drawing_review_branch")

    op.drop_table("drawing_review")
    op.drop_table("deduction_rule")
