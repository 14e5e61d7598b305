"""Pre-acceptance: lists, inspections with their lines and photos, rectification notices."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

NEVER, ON_FAILURE, ALWAYS = "NEVER", "ON_FAILURE", "ALWAYS"
LINES = (
    # trade, words, unit, at least, at most, must be in order, photo
    ("WATER", "水管打压试验保压合格", None, None, None, True, ALWAYS),
    ("WATER", "龙头、下水接口无渗漏", None, None, None, True, ON_FAILURE),
    ("WATERPROOF", "闭水试验无渗漏", None, None, None, True, ALWAYS),
    ("WATERPROOF", "防水高度符合图纸", None, None, None, True, ON_FAILURE),
    ("ELECTRIC", "漏电保护开关动作正常", None, None, None, True, ON_FAILURE),
    ("ELECTRIC", "插座全部通电测试合格", None, None, None, True, ON_FAILURE),
    ("ELECTRIC", "配电箱回路标识齐全", None, None, None, False, ON_FAILURE),
    ("TILES", "瓷砖空鼓率", "%", None, "5", True, ON_FAILURE),
    ("TILES", "砖面平整度（2 米靠尺）", "mm", None, "3", True, ON_FAILURE),
    ("TILES", "砖缝均匀一致", None, None, None, False, ON_FAILURE),
    ("PLASTER", "墙面平整度（2 米靠尺）", "mm", None, "3", True, ON_FAILURE),
    ("PLASTER", "阴阳角顺直", None, None, None, False, ON_FAILURE),
    ("CEILING", "吊顶接缝无裂纹", None, None, None, True, ON_FAILURE),
    ("CARPENTRY", "门扇开关顺畅", None, None, None, True, ON_FAILURE),
    ("CARPENTRY", "门缝宽度", "mm", None, "3", False, ON_FAILURE),
    ("CARPENTRY", "门扇下缝", "mm", "5", "8", False, ON_FAILURE),
    ("CARPENTRY", "无外露钉头、毛刺", None, None, None, True, ON_FAILURE),
    ("CARPENTRY", "表面无划伤", None, None, None, False, ON_FAILURE),
    ("PAINT", "漆面颜色均匀", None, None, None, False, ON_FAILURE),
    ("PAINT", "无流坠", None, None, None, False, ON_FAILURE),
    ("PAINT", "无刷痕、滚筒印", None, None, None, True, ON_FAILURE),
    ("INSTALLATION", "洁具安装牢固、打胶密封", None, None, None, True, ON_FAILURE),
    ("INSTALLATION", "地板踩踏无异响", None, None, None, False, ON_FAILURE),
    ("INSTALLATION", "五金配件齐全", None, None, None, True, ON_FAILURE),
    ("CONFORMITY", "做法、尺寸与图纸一致", None, None, None, True, ON_FAILURE),
    ("CONFORMITY", "增减项已全部完成", None, None, None, True, ON_FAILURE),
    ("CLEANING", "施工垃圾已清运", None, None, None, False, ON_FAILURE),
    ("CLEANING", "玻璃、地面已清洁", None, None, None, False, NEVER),
    ("PAPERS", "隐蔽工程、材料、变更记录齐全", None, None, None, True, NEVER),
)
"""The lines of the manual (3.13) and the usual tolerances; which must be in order and need a photo is assumed."""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "check_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("trade", sa.String(length=20), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=True),
        sa.Column("low", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("high", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("is_must", sa.Boolean(), nullable=False),
        sa.Column("photo_rule", sa.String(length=20), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "photo_rule IN ('NEVER', 'ON_FAILURE', 'ALWAYS')", name=op.f("ck_check_item_photo_rule_known")
        ),
        sa.CheckConstraint(
            "trade IN ('WATER', 'WATERPROOF', 'ELECTRIC', 'TILES', 'PLASTER', 'CEILING', 'CARPENTRY', 'PAINT', 'INSTALLATION', 'CONFORMITY', 'CLEANING', 'PAPERS')",
            name=op.f("ck_check_item_trade_known"),
        ),
        sa.CheckConstraint("low IS NULL OR high IS NULL OR low <= high", name=op.f("ck_check_item_tolerance_in_order")),
        sa.CheckConstraint(
            "unit IS NOT NULL OR (low IS NULL AND high IS NULL)", name=op.f("ck_check_item_tolerance_has_a_unit")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_item")),
    )
    op.create_table(
        "pre_acceptance_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("week_from", sa.Date(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("schedule_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["published_by_id"], ["user.id"], name=op.f("fk_pre_acceptance_list_published_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pre_acceptance_list")),
        sa.UniqueConstraint("week_from", name=op.f("uq_pre_acceptance_list_week_from")),
    )
    op.create_table(
        "pre_acceptance",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("project_manager_id", sa.Integer(), nullable=False),
        sa.Column("foreman_id", sa.Integer(), nullable=False),
        sa.Column("replaced_foreman_id", sa.Integer(), nullable=True),
        sa.Column("supervisor_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("inspector_id", sa.Integer(), nullable=True),
        sa.Column("listed_by_id", sa.Integer(), nullable=True),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("admitted_by_id", sa.Integer(), nullable=True),
        sa.Column("list_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("schedule_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("parties_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trades", sa.JSON(), nullable=False),
        sa.Column("fail_limit", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("round_no", sa.Integer(), nullable=False),
        sa.Column("absent", sa.String(length=20), nullable=True),
        sa.Column("recheck_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("passed_at", sa.DateTime(timezone=True), nullable=True),
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
            "absent IS NULL OR absent IN ('PROJECT_MANAGER', 'FOREMAN', 'BOTH')",
            name=op.f("ck_pre_acceptance_absent_known"),
        ),
        sa.CheckConstraint(
            "state <> 'PASSED' OR passed_at IS NOT NULL", name=op.f("ck_pre_acceptance_passed_has_a_time")
        ),
        sa.CheckConstraint(
            "state IN ('LISTED', 'SCHEDULED', 'RECTIFYING_1', 'RECTIFYING_2', 'FAILED_3', 'PASSED', 'WITHDRAWN')",
            name=op.f("ck_pre_acceptance_state_known"),
        ),
        sa.CheckConstraint(
            "round_no BETWEEN 1 AND 3 AND fail_limit BETWEEN 1 AND 3", name=op.f("ck_pre_acceptance_rounds_in_range")
        ),
        sa.ForeignKeyConstraint(["admitted_by_id"], ["user.id"], name=op.f("fk_pre_acceptance_admitted_by_id")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_pre_acceptance_branch_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_pre_acceptance_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_pre_acceptance_customer_id")),
        sa.ForeignKeyConstraint(["foreman_id"], ["party.id"], name=op.f("fk_pre_acceptance_foreman_id")),
        sa.ForeignKeyConstraint(["inspector_id"], ["user.id"], name=op.f("fk_pre_acceptance_inspector_id")),
        sa.ForeignKeyConstraint(["list_id"], ["pre_acceptance_list.id"], name=op.f("fk_pre_acceptance_list_id")),
        sa.ForeignKeyConstraint(["listed_by_id"], ["party.id"], name=op.f("fk_pre_acceptance_listed_by_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_pre_acceptance_owner_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_pre_acceptance_project_id")),
        sa.ForeignKeyConstraint(
            ["project_manager_id"], ["party.id"], name=op.f("fk_pre_acceptance_project_manager_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaced_foreman_id"], ["party.id"], name=op.f("fk_pre_acceptance_replaced_foreman_id")
        ),
        sa.ForeignKeyConstraint(["supervisor_id"], ["party.id"], name=op.f("fk_pre_acceptance_supervisor_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_pre_acceptance_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pre_acceptance")),
        sa.UniqueConstraint("number", name=op.f("uq_pre_acceptance_number")),
    )
    op.create_index("ix_pre_acceptance_branch", "pre_acceptance", ["branch_id", "id"], unique=False)
    op.create_index(op.f("ix_pre_acceptance_customer_id"), "pre_acceptance", ["customer_id"], unique=False)
    op.create_index(op.f("ix_pre_acceptance_foreman_id"), "pre_acceptance", ["foreman_id"], unique=False)
    op.create_index(op.f("ix_pre_acceptance_inspector_id"), "pre_acceptance", ["inspector_id"], unique=False)
    op.create_index(op.f("ix_pre_acceptance_list_id"), "pre_acceptance", ["list_id"], unique=False)
    op.create_index(op.f("ix_pre_acceptance_project_id"), "pre_acceptance", ["project_id"], unique=False)
    op.create_index(op.f("ix_pre_acceptance_scheduled_at"), "pre_acceptance", ["scheduled_at"], unique=False)
    op.create_index(op.f("ix_pre_acceptance_state"), "pre_acceptance", ["state"], unique=False)
    op.create_index(
        "uq_pre_acceptance_open",
        "pre_acceptance",
        ["project_id"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('PASSED', 'WITHDRAWN')"),
        postgresql_where=sa.text("state NOT IN ('PASSED', 'WITHDRAWN')"),
    )
    op.create_table(
        "inspection",
        sa.Column("pre_acceptance_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("round_no", sa.Integer(), nullable=False),
        sa.Column("foreman_id", sa.Integer(), nullable=False),
        sa.Column("project_manager_id", sa.Integer(), nullable=False),
        sa.Column("inspector_id", sa.Integer(), nullable=False),
        sa.Column("inspected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("manager_present", sa.Boolean(), nullable=True),
        sa.Column("foreman_present", sa.Boolean(), nullable=True),
        sa.Column("is_rectified", sa.Boolean(), nullable=False),
        sa.Column("result", sa.String(length=20), nullable=True),
        sa.Column("absent", sa.String(length=20), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
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
            "(result = 'NOT_HELD') = (absent IS NOT NULL) OR result IS NULL",
            name=op.f("ck_inspection_absence_is_named"),
        ),
        sa.CheckConstraint(
            "absent IS NULL OR absent IN ('PROJECT_MANAGER', 'FOREMAN', 'BOTH')",
            name=op.f("ck_inspection_absent_known"),
        ),
        sa.CheckConstraint(
            "result IS NULL OR result IN ('PASS', 'FAIL', 'NOT_HELD')", name=op.f("ck_inspection_result_known")
        ),
        sa.CheckConstraint("result IS NULL OR finished_at IS NOT NULL", name=op.f("ck_inspection_result_has_a_time")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_inspection_branch_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_inspection_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_inspection_customer_id")),
        sa.ForeignKeyConstraint(["foreman_id"], ["party.id"], name=op.f("fk_inspection_foreman_id")),
        sa.ForeignKeyConstraint(["inspector_id"], ["user.id"], name=op.f("fk_inspection_inspector_id")),
        sa.ForeignKeyConstraint(
            ["pre_acceptance_id"], ["pre_acceptance.id"], name=op.f("fk_inspection_pre_acceptance_id")
        ),
        sa.ForeignKeyConstraint(["project_manager_id"], ["party.id"], name=op.f("fk_inspection_project_manager_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_inspection_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection")),
        sa.UniqueConstraint("number", name=op.f("uq_inspection_number")),
    )
    op.create_index("ix_inspection_branch", "inspection", ["branch_id", "id"], unique=False)
    op.create_index(op.f("ix_inspection_customer_id"), "inspection", ["customer_id"], unique=False)
    op.create_index(op.f("ix_inspection_foreman_id"), "inspection", ["foreman_id"], unique=False)
    op.create_index(op.f("ix_inspection_inspected_at"), "inspection", ["inspected_at"], unique=False)
    op.create_index(op.f("ix_inspection_inspector_id"), "inspection", ["inspector_id"], unique=False)
    op.create_index(op.f("ix_inspection_pre_acceptance_id"), "inspection", ["pre_acceptance_id"], unique=False)
    op.create_index(
        "uq_inspection_running",
        "inspection",
        ["pre_acceptance_id"],
        unique=True,
        sqlite_where=sa.text("result IS NULL"),
        postgresql_where=sa.text("result IS NULL"),
    )
    op.create_table(
        "inspection_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("inspection_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("trade", sa.String(length=20), nullable=False),
        sa.Column("text", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=True),
        sa.Column("low", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("high", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("is_must", sa.Boolean(), nullable=False),
        sa.Column("photo_rule", sa.String(length=20), nullable=False),
        sa.Column("before_id", sa.Integer(), nullable=True),
        sa.Column("result", sa.String(length=20), nullable=True),
        sa.Column("measured", sa.Numeric(precision=10, scale=2), nullable=True),
        sa.Column("comment", sa.String(length=500), nullable=True),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "photo_rule IN ('NEVER', 'ON_FAILURE', 'ALWAYS')", name=op.f("ck_inspection_item_photo_rule_known")
        ),
        sa.CheckConstraint(
            "result IS NULL OR result IN ('PASS', 'FAIL', 'NOT_APPLICABLE')",
            name=op.f("ck_inspection_item_result_known"),
        ),
        sa.CheckConstraint(
            "trade IN ('WATER', 'WATERPROOF', 'ELECTRIC', 'TILES', 'PLASTER', 'CEILING', 'CARPENTRY', 'PAINT', 'INSTALLATION', 'CONFORMITY', 'CLEANING', 'PAPERS')",
            name=op.f("ck_inspection_item_trade_known"),
        ),
        sa.ForeignKeyConstraint(["before_id"], ["inspection_item.id"], name=op.f("fk_inspection_item_before_id")),
        sa.ForeignKeyConstraint(["inspection_id"], ["inspection.id"], name=op.f("fk_inspection_item_inspection_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_item")),
    )
    op.create_index(op.f("ix_inspection_item_inspection_id"), "inspection_item", ["inspection_id"], unique=False)
    op.create_table(
        "rectification_notice",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("pre_acceptance_id", sa.Integer(), nullable=False),
        sa.Column("inspection_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("round_no", sa.Integer(), nullable=False),
        sa.Column("responsible_id", sa.Integer(), nullable=False),
        sa.Column("requirement", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("limit_on", sa.Date(), nullable=False),
        sa.Column("recheck_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("manager_signed", sa.Boolean(), nullable=False),
        sa.Column("foreman_signed", sa.Boolean(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reported_note", sa.String(length=500), nullable=True),
        sa.Column("rechecked_by_id", sa.Integer(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
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
            "state IN ('OPEN', 'REPORTED') OR closed_at IS NOT NULL",
            name=op.f("ck_rectification_notice_closed_has_a_time"),
        ),
        sa.CheckConstraint(
            "state IN ('OPEN', 'REPORTED', 'CLOSED', 'FAILED')", name=op.f("ck_rectification_notice_state_known")
        ),
        sa.CheckConstraint("limit_on >= issued_on", name=op.f("ck_rectification_notice_limit_follows")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_rectification_notice_branch_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_rectification_notice_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_rectification_notice_customer_id")),
        sa.ForeignKeyConstraint(
            ["inspection_id"], ["inspection.id"], name=op.f("fk_rectification_notice_inspection_id")
        ),
        sa.ForeignKeyConstraint(
            ["pre_acceptance_id"], ["pre_acceptance.id"], name=op.f("fk_rectification_notice_pre_acceptance_id")
        ),
        sa.ForeignKeyConstraint(
            ["rechecked_by_id"], ["inspection.id"], name=op.f("fk_rectification_notice_rechecked_by_id")
        ),
        sa.ForeignKeyConstraint(["responsible_id"], ["party.id"], name=op.f("fk_rectification_notice_responsible_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_rectification_notice_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectification_notice")),
        sa.UniqueConstraint("inspection_id", name=op.f("uq_rectification_notice_inspection_id")),
        sa.UniqueConstraint("number", name=op.f("uq_rectification_notice_number")),
    )
    op.create_index("ix_rectification_notice_branch", "rectification_notice", ["branch_id", "id"], unique=False)
    op.create_index(op.f("ix_rectification_notice_customer_id"), "rectification_notice", ["customer_id"], unique=False)
    op.create_index(
        op.f("ix_rectification_notice_pre_acceptance_id"), "rectification_notice", ["pre_acceptance_id"], unique=False
    )
    op.create_index(op.f("ix_rectification_notice_recheck_at"), "rectification_notice", ["recheck_at"], unique=False)
    op.create_index(
        op.f("ix_rectification_notice_responsible_id"), "rectification_notice", ["responsible_id"], unique=False
    )
    op.create_index(op.f("ix_rectification_notice_state"), "rectification_notice", ["state"], unique=False)
    op.create_table(
        "inspection_photo",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("attachment_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["attachment_id"], ["attachment.id"], name=op.f("fk_inspection_photo_attachment_id")),
        sa.ForeignKeyConstraint(["item_id"], ["inspection_item.id"], name=op.f("fk_inspection_photo_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspection_photo")),
        sa.UniqueConstraint("attachment_id", name=op.f("uq_inspection_photo_attachment_id")),
    )
    op.create_index(op.f("ix_inspection_photo_item_id"), "inspection_photo", ["item_id"], unique=False)

    lines = sa.table(
        "check_item",
        *map(sa.column, ("trade", "text", "unit", "photo_rule", "position", "version")),
        *(sa.column(name, sa.Numeric(10, 2)) for name in ("low", "high")),
        *(sa.column(name, sa.Boolean()) for name in ("is_must", "is_active")),
    )
    op.bulk_insert(
        lines,
        [
            {
                "trade": trade,
                "text": text,
                "unit": unit,
                "low": Decimal(low) if low else None,
                "high": Decimal(high) if high else None,
                "is_must": is_must,
                "photo_rule": photo,
                "position": position,
                "is_active": True,
                "version": 1,
            }
            for position, (trade, text, unit, low, high, is_must, photo) in enumerate(LINES, 1)
        ],
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("inspection_photo")
    op.drop_table("rectification_notice")
    op.drop_table("inspection_item")
    op.drop_table("inspection")
    op.drop_table("pre_acceptance")
    op.drop_table("pre_acceptance_list")
    op.drop_table("check_item")
