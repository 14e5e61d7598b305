"""Follow-up calls: plans, scripts, calls with attempts and answers, liaison slips, leave to read; when not to call."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

YES_NO, SCORE, NUMBER, TEXT, RATE10 = "YES_NO", "SCORE", "NUMBER", "TEXT", "RATE10"
SLIP, REPAIR, INCIDENT, SUGGESTION = "SLIP", "REPAIR", "INCIDENT", "SUGGESTION"
NO, YES, LOW, ANY = "NO", "YES", "LOW", "ANY"

SCRIPTS = {
    # stage: its questions; code, words, kind, required, what an answer leads to, which answer
    "START": (
        ("start_kept", "开工日期是否按约定？", YES_NO, True, SLIP, NO),
        ("briefing_held", "开工前设计师、工长、项目经理是否到现场做了交底？", YES_NO, True, SLIP, NO),
        ("drawings_clear", "图纸和报价是否已讲解清楚？", YES_NO, True, SLIP, NO),
        ("manager_introduced", "项目经理是否已自我介绍并留下电话？", YES_NO, True, SLIP, NO),
        ("site_prepared", "开工告示、工牌、工地海报、地面和门的保护是否到位？", YES_NO, True, SLIP, NO),
        ("designer_score", "您给设计师的服务打几分？", SCORE, False, SLIP, LOW),
        ("promises_kept", "销售时的承诺是否兑现？", YES_NO, False, SLIP, NO),
        ("contact_day", "每周沟通约定在星期几？", TEXT, False, None, None),
        ("remark", "您还有什么意见或建议？", TEXT, False, None, None),
    ),
    "MATERIAL": (
        ("as_agreed", "到场材料的品牌、型号、数量是否与合同一致？", YES_NO, True, SLIP, NO),
        ("accepted_together", "材料验收时您（或代理人）是否在场并签字？", YES_NO, True, SLIP, NO),
        ("undamaged", "材料是否完好无破损？", YES_NO, True, SLIP, NO),
        ("stored_well", "材料堆放是否整齐、有防护？", YES_NO, False, SLIP, NO),
        ("remark", "您还有什么意见或建议？", TEXT, False, None, None),
    ),
    "CONCEALED": (
        ("invited", "隐蔽工程验收是否请您（或代理人）到场？", YES_NO, True, SLIP, NO),
        ("signed_before", "验收记录是否在封闭之前签字？", YES_NO, True, SLIP, NO),
        ("supervisor_present", "监理是否在场？", YES_NO, True, SLIP, NO),
        ("lines_as_drawn", "水电管线走向、点位是否与图纸一致？", YES_NO, True, SLIP, NO),
        ("tests_shown", "打压、闭水试验是否向您展示？", YES_NO, False, SLIP, NO),
        ("materials_as_agreed", "所用材料是否与合同一致？", YES_NO, True, SLIP, NO),
        ("weekly_contact", "项目经理每周是否与您联系？", YES_NO, False, SLIP, NO),
        ("cleanliness", "工地整洁程度打几分？", SCORE, False, SLIP, LOW),
        ("manners", "工人的礼貌和行为打几分？", SCORE, False, SLIP, LOW),
        ("additions_signed", "增减项是否事先说明并签字？", YES_NO, False, SLIP, NO),
        ("remark", "您还有什么意见或建议？", TEXT, False, None, None),
    ),
    "WATERPROOF": (
        ("ponding_held", "闭水试验是否做满 48 小时？", YES_NO, True, SLIP, NO),
        ("seen_by_customer", "试验结果是否请您（或代理人）到场确认并签字？", YES_NO, True, SLIP, NO),
        ("dry_below", "楼下住户是否无渗漏？", YES_NO, True, SLIP, NO),
        ("height_as_agreed", "防水高度是否与约定一致？", YES_NO, False, SLIP, NO),
        ("remark", "您还有什么意见或建议？", TEXT, False, None, None),
    ),
    "MID": (
        ("on_schedule", "工程进度是否按计划？", YES_NO, True, SLIP, NO),
        ("days_late", "如有拖延，晚了几天？", NUMBER, False, None, None),
        ("carpentry_score", "木作、贴砖质量打几分？", SCORE, True, SLIP, LOW),
        ("order_score", "现场文明施工打几分？", SCORE, True, SLIP, LOW),
        ("manager_score", "项目经理的服务打几分？", SCORE, True, SLIP, LOW),
        ("supervisor_seen", "您见到监理到场几次？", NUMBER, True, None, None),
        ("designer_visited", "设计师是否到过现场？", YES_NO, True, SLIP, NO),
        ("additions_clear", "增减项是否已结算清楚？", YES_NO, True, SLIP, NO),
        ("money_asked", "有没有人向您索要钱物？", YES_NO, True, INCIDENT, YES),
        ("ready_to_pay", "中期款是否已做好准备？", YES_NO, True, None, None),
        ("remark", "您还有什么意见或建议？", TEXT, False, None, None),
    ),
    "COMPLETION": (
        ("quality_score", "工程整体质量打几分？", SCORE, True, SLIP, LOW),
        ("duration_kept", "工期是否按约定？", YES_NO, True, SLIP, NO),
        ("defects_fixed", "验收时提出的问题是否已解决？", YES_NO, True, SLIP, NO),
        ("account_clear", "最终结算是否清楚？", YES_NO, True, SLIP, NO),
        ("warranty_received", "保修单和使用养护说明是否已收到？", YES_NO, True, SLIP, NO),
        ("designer_score", "设计师服务打几分？", SCORE, True, SLIP, LOW),
        ("manager_score", "项目经理服务打几分？", SCORE, True, SLIP, LOW),
        ("foreman_score", "工长服务打几分？", SCORE, True, SLIP, LOW),
        ("supervisor_score", "监理服务打几分？", SCORE, True, SLIP, LOW),
        ("service_score", "客服服务打几分？", SCORE, True, SLIP, LOW),
        ("recommend", "您会向朋友推荐我们吗？（0 到 10 分）", RATE10, True, None, None),
        ("wishes", "您有什么愿望或建议？", TEXT, False, SUGGESTION, ANY),
        ("visits_allowed", "是否允许预约参观或拍照？", YES_NO, False, None, None),
        ("club_wanted", "是否愿意加入客户俱乐部？", YES_NO, False, None, None),
    ),
    "ONE_MONTH": (
        ("moved_in", "是否已入住？", YES_NO, False, None, None),
        ("water_ok", "用水是否正常？", YES_NO, True, REPAIR, NO),
        ("power_ok", "用电是否正常？", YES_NO, True, REPAIR, NO),
        ("doors_ok", "门窗五金是否正常？", YES_NO, True, REPAIR, NO),
        ("walls_ok", "墙面是否完好？", YES_NO, True, REPAIR, NO),
        ("paint_ok", "油漆是否完好？", YES_NO, True, REPAIR, NO),
        ("no_leak", "是否无渗漏？", YES_NO, True, REPAIR, NO),
        ("no_smell", "室内是否无异味？", YES_NO, True, SLIP, NO),
        ("repair_wanted", "是否需要安排维修？", YES_NO, True, REPAIR, YES),
        ("satisfaction", "总体满意度打几分？", SCORE, True, SLIP, LOW),
        ("referral", "是否有朋友近期要装修？", TEXT, False, None, None),
    ),
    "WARRANTY_PERIODIC": (
        ("in_order", "居住使用是否一切正常？", YES_NO, True, REPAIR, NO),
        ("repair_wanted", "是否需要安排维修？", YES_NO, True, REPAIR, YES),
        ("care_explained", "养护注意事项是否需要再说明？", YES_NO, False, None, None),
        ("satisfaction", "总体满意度打几分？", SCORE, True, SLIP, LOW),
        ("remark", "您还有什么意见或建议？", TEXT, False, SUGGESTION, ANY),
    ),
    "SEASONAL": (
        ("greeting", "已代表公司致以节日问候？", YES_NO, True, None, None),
        ("in_order", "家里使用是否正常、满意？", YES_NO, True, REPAIR, NO),
        ("reminded", "已提醒天气防范和养护？", YES_NO, False, None, None),
        ("remark", "您还有什么意见或建议？", TEXT, False, None, None),
    ),
    "REVISIT": (
        ("measure_done", "上次反映的问题是否已解决？", YES_NO, True, None, None),
        ("attitude", "处理人员的态度打几分？", SCORE, False, None, None),
        ("remark", "您还有什么意见或建议？", TEXT, False, None, None),
    ),
}
"""The checklists of the manual (5.4); those of materials, waterproofing, warranty and asking again are assumed."""
SHARED = ("MATERIAL", "WATERPROOF", "ONE_MONTH", "WARRANTY_PERIODIC", "SEASONAL", "REVISIT")
"""Stages with one script for all grades (Q26)."""
LONG = (
    ("best", "目前为止您最满意的是什么？", TEXT, True, None, None),
    ("wish", "您最希望我们改进什么？", TEXT, True, SUGGESTION, ANY),
)
"""What grade A is asked on top; all questions are required then (5.5)."""
WHEN_EMPTY = "remark"
"""The free remark is asked of everybody and may stay empty."""


def items(stage: str, *, is_long: bool) -> list[dict[str, Any]]:
    """The questions of a script."""
    made = []
    for code, question, kind, required, opens, when in (*SCRIPTS[stage], *(LONG if is_long else ())):
        item: dict[str, Any] = {"code": code, "question": question, "kind": kind}
        item["required"] = required or (is_long and code not in (WHEN_EMPTY, "days_late"))
        if opens:
            item |= {"opens": opens, "when": when}
        made.append(item)
    return made


def upgrade() -> None:
    """Apply; the scripts of the manual are the first edition."""
    op.create_table(
        "call_script",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("grade_class", sa.String(length=5), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("approved_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("grade_class IN ('A', 'BC', 'ALL')", name=op.f("ck_call_script_grade_class_known")),
        sa.CheckConstraint(
            "stage IN ('START', 'MATERIAL', 'CONCEALED', 'WATERPROOF', 'MID', 'COMPLETION', 'ONE_MONTH', 'WARRANTY_PERIODIC', 'SEASONAL', 'REVISIT')",
            name=op.f("ck_call_script_stage_known"),
        ),
        sa.ForeignKeyConstraint(["approved_by_id"], ["user.id"], name=op.f("fk_call_script_approved_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_script")),
        sa.UniqueConstraint("stage", "grade_class", "edition", name=op.f("uq_call_script_stage_grade_class_edition")),
    )
    op.create_table(
        "follow_up_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(length=1), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("start_on", sa.Date(), nullable=True),
        sa.Column("finish_on", sa.Date(), nullable=True),
        sa.CheckConstraint("grade IN ('A', 'B', 'C')", name=op.f("ck_follow_up_plan_grade_known")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_follow_up_plan_project_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_plan")),
        sa.UniqueConstraint("project_id", name=op.f("uq_follow_up_plan_project_id")),
    )
    op.create_table(
        "record_access",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("branch_id", sa.Integer(), nullable=True),
        sa.Column("requester_id", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decision_note", sa.Text(), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_viewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state <> 'APPROVED' OR valid_until IS NOT NULL", name=op.f("ck_record_access_leave_has_an_end")
        ),
        sa.CheckConstraint(
            "state IN ('REQUESTED', 'APPROVED', 'REFUSED', 'EXPIRED')", name=op.f("ck_record_access_state_known")
        ),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_record_access_branch_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["user.id"], name=op.f("fk_record_access_decided_by_id")),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name=op.f("fk_record_access_party_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_record_access_project_id")),
        sa.ForeignKeyConstraint(["requester_id"], ["user.id"], name=op.f("fk_record_access_requester_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_access")),
    )
    with op.batch_alter_table("record_access", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_record_access_project_id"), ["project_id"], unique=False)
        batch_op.create_index("ix_record_access_reader", ["requester_id", "state", "project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_record_access_requested_at"), ["requested_at"], unique=False)
        batch_op.create_index(
            "uq_record_access_waiting",
            ["requester_id", "project_id"],
            unique=True,
            sqlite_where=sa.text("state = 'REQUESTED'"),
            postgresql_where=sa.text("state = 'REQUESTED'"),
        )

    op.create_table(
        "follow_up_call",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("grade", sa.String(length=1), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=True),
        sa.Column("window_from", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("again_until", sa.Date(), nullable=True),
        sa.Column("opened_kind", sa.String(length=30), nullable=True),
        sa.Column("opened_id", sa.Integer(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("caller_id", sa.Integer(), nullable=True),
        sa.Column("manner", sa.String(length=10), nullable=True),
        sa.Column("answered_by", sa.String(length=20), nullable=True),
        sa.Column("overall", sa.String(length=20), nullable=True),
        sa.Column("customer_words", sa.Text(), nullable=True),
        sa.Column("is_effective", sa.Boolean(), nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("script_id", sa.Integer(), nullable=True),
        sa.Column("visit_allowed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visit_allowed_by_id", sa.Integer(), nullable=True),
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
            "answered_by IS NULL OR answered_by IN ('CUSTOMER', 'REPRESENTATIVE', 'OTHER')",
            name=op.f("ck_follow_up_call_answered_by_known"),
        ),
        sa.CheckConstraint("grade IN ('A', 'B', 'C')", name=op.f("ck_follow_up_call_grade_known")),
        sa.CheckConstraint(
            "manner IS NULL OR manner IN ('PHONE', 'VISIT', 'MESSAGE')", name=op.f("ck_follow_up_call_manner_known")
        ),
        sa.CheckConstraint(
            "overall IS NULL OR overall IN ('SATISFIED', 'FAIR', 'UNSATISFIED')",
            name=op.f("ck_follow_up_call_overall_known"),
        ),
        sa.CheckConstraint(
            "stage IN ('START', 'MATERIAL', 'CONCEALED', 'WATERPROOF', 'MID', 'COMPLETION', 'ONE_MONTH', 'WARRANTY_PERIODIC', 'SEASONAL', 'REVISIT')",
            name=op.f("ck_follow_up_call_stage_known"),
        ),
        sa.CheckConstraint(
            "state IN ('PLANNED', 'ATTEMPTED', 'DONE_SATISFIED', 'DONE_UNSATISFIED', 'RESOLVED', 'CLOSED', 'ESCALATED', 'MISSED', 'UNREACHABLE', 'CANCELLED')",
            name=op.f("ck_follow_up_call_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('DONE_SATISFIED', 'DONE_UNSATISFIED', 'RESOLVED', 'CLOSED', 'ESCALATED') OR (called_at IS NOT NULL AND overall IS NOT NULL)",
            name=op.f("ck_follow_up_call_called_has_a_time"),
        ),
        sa.CheckConstraint("due_on IS NULL OR due_on >= window_from", name=op.f("ck_follow_up_call_window_in_order")),
        sa.CheckConstraint(
            "due_on IS NULL OR window_from IS NOT NULL", name=op.f("ck_follow_up_call_due_needs_a_window")
        ),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_follow_up_call_branch_id")),
        sa.ForeignKeyConstraint(["caller_id"], ["user.id"], name=op.f("fk_follow_up_call_caller_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_follow_up_call_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_follow_up_call_customer_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_follow_up_call_owner_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["follow_up_plan.id"], name=op.f("fk_follow_up_call_plan_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_follow_up_call_project_id")),
        sa.ForeignKeyConstraint(["script_id"], ["call_script.id"], name=op.f("fk_follow_up_call_script_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_follow_up_call_updated_by_id")),
        sa.ForeignKeyConstraint(
            ["visit_allowed_by_id"], ["user.id"], name=op.f("fk_follow_up_call_visit_allowed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_call")),
        sa.UniqueConstraint("number", name=op.f("uq_follow_up_call_number")),
        sa.UniqueConstraint(
            "project_id", "stage", "occurrence", name=op.f("uq_follow_up_call_project_id_stage_occurrence")
        ),
    )
    with op.batch_alter_table("follow_up_call", schema=None) as batch_op:
        batch_op.create_index("ix_follow_up_call_branch", ["branch_id", "id"], unique=False)
        batch_op.create_index("ix_follow_up_call_called", ["called_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_call_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_follow_up_call_due", ["due_on", "id"], unique=False)
        batch_op.create_index("ix_follow_up_call_owner", ["owner_id", "state", "due_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_call_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index("ix_follow_up_call_stage", ["stage", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_call_state"), ["state"], unique=False)

    op.create_table(
        "call_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("item_code", sa.String(length=30), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.CheckConstraint("score IS NULL OR score BETWEEN 0 AND 10", name=op.f("ck_call_answer_score_in_range")),
        sa.ForeignKeyConstraint(["call_id"], ["follow_up_call.id"], name=op.f("fk_call_answer_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_answer")),
        sa.UniqueConstraint("call_id", "item_code", name=op.f("uq_call_answer_call_id_item_code")),
    )
    op.create_table(
        "call_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('REACHED', 'NO_ANSWER', 'BUSY', 'REFUSED', 'WRONG_NUMBER', 'ASKED_LATER')",
            name=op.f("ck_call_attempt_outcome_known"),
        ),
        sa.ForeignKeyConstraint(["by_id"], ["user.id"], name=op.f("fk_call_attempt_by_id")),
        sa.ForeignKeyConstraint(["call_id"], ["follow_up_call.id"], name=op.f("fk_call_attempt_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_attempt")),
    )
    with op.batch_alter_table("call_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_call_attempt_call_id"), ["call_id"], unique=False)

    op.create_table(
        "follow_up_ticket",
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("call_id", sa.Integer(), nullable=True),
        sa.Column("survey_id", sa.Integer(), nullable=True),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("department", sa.String(length=20), nullable=False),
        sa.Column("responsible_id", sa.Integer(), nullable=True),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("limit_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("limit_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("missed_count", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_by_id", sa.Integer(), nullable=True),
        sa.Column("measure", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revisit_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revisit_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revisit_result", sa.Text(), nullable=True),
        sa.Column("round_no", sa.Integer(), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("complaint_id", sa.Integer(), nullable=True),
        sa.Column("penalty_id", sa.Integer(), nullable=True),
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
            "department IN ('DESIGN', 'STORE', 'ENGINEERING', 'PURCHASING', 'FINANCE', 'SERVICE', 'HR', 'LEGAL', 'MARKETING', 'ADMIN', 'MANAGEMENT')",
            name=op.f("ck_follow_up_ticket_department_known"),
        ),
        sa.CheckConstraint(
            "state <> 'ESCALATED' OR complaint_id IS NOT NULL",
            name=op.f("ck_follow_up_ticket_escalated_has_a_complaint"),
        ),
        sa.CheckConstraint(
            "state IN ('OPEN', 'RECEIVED', 'DONE', 'REOPENED', 'VERIFIED', 'ESCALATED')",
            name=op.f("ck_follow_up_ticket_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('DONE', 'VERIFIED') OR done_at IS NOT NULL", name=op.f("ck_follow_up_ticket_done_has_a_time")
        ),
        sa.CheckConstraint("(call_id IS NULL) <> (survey_id IS NULL)", name=op.f("ck_follow_up_ticket_one_source")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_follow_up_ticket_branch_id")),
        sa.ForeignKeyConstraint(["call_id"], ["follow_up_call.id"], name=op.f("fk_follow_up_ticket_call_id")),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaint.id"], name=op.f("fk_follow_up_ticket_complaint_id")),
        sa.ForeignKeyConstraint(["created_by_id"], ["user.id"], name=op.f("fk_follow_up_ticket_created_by_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_follow_up_ticket_customer_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_follow_up_ticket_owner_id")),
        sa.ForeignKeyConstraint(["penalty_id"], ["penalty_entry.id"], name=op.f("fk_follow_up_ticket_penalty_id")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_follow_up_ticket_project_id")),
        sa.ForeignKeyConstraint(["received_by_id"], ["party.id"], name=op.f("fk_follow_up_ticket_received_by_id")),
        sa.ForeignKeyConstraint(["responsible_id"], ["party.id"], name=op.f("fk_follow_up_ticket_responsible_id")),
        sa.ForeignKeyConstraint(["updated_by_id"], ["user.id"], name=op.f("fk_follow_up_ticket_updated_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow_up_ticket")),
        sa.UniqueConstraint("number", name=op.f("uq_follow_up_ticket_number")),
    )
    with op.batch_alter_table("follow_up_ticket", schema=None) as batch_op:
        batch_op.create_index("ix_follow_up_ticket_branch", ["branch_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_ticket_call_id"), ["call_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_ticket_customer_id"), ["customer_id"], unique=False)
        batch_op.create_index("ix_follow_up_ticket_department", ["department", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_ticket_limit_at"), ["limit_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_ticket_owner_id"), ["owner_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_ticket_project_id"), ["project_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_ticket_responsible_id"), ["responsible_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_ticket_revisit_due_at"), ["revisit_due_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_ticket_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_follow_up_ticket_survey_id"), ["survey_id"], unique=False)

    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("avoid_hours", sa.String(length=100), nullable=True))
    script = sa.table(
        "call_script",
        sa.column("stage", sa.String),
        sa.column("grade_class", sa.String),
        sa.column("edition", sa.Integer),
        sa.column("effective_from", sa.Date),
        sa.column("items", sa.JSON),
        sa.column("created_at", sa.DateTime(timezone=True)),
    )
    first = {"edition": 1, "effective_from": date(2020, 1, 1), "created_at": datetime(2020, 1, 1, tzinfo=UTC)}
    rows = [
        {"stage": stage, "grade_class": who, "items": items(stage, is_long=who == "A"), **first}
        for stage in SCRIPTS
        for who in (("ALL",) if stage in SHARED else ("A", "BC"))
    ]
    op.bulk_insert(script, rows)


def downgrade() -> None:
    """Take back; what was asked and answered is lost."""
    with op.batch_alter_table("customer", schema=None) as batch_op:
        batch_op.drop_column("avoid_hours")

    with op.batch_alter_table("follow_up_ticket", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_follow_up_ticket_survey_id"))
        batch_op.drop_index(batch_op.f("ix_follow_up_ticket_state"))
        batch_op.drop_index(batch_op.f("ix_follow_up_ticket_revisit_due_at"))
        batch_op.drop_index(batch_op.f("ix_follow_up_ticket_responsible_id"))
        batch_op.drop_index(batch_op.f("ix_follow_up_ticket_project_id"))
        batch_op.drop_index(batch_op.f("ix_follow_up_ticket_owner_id"))
        batch_op.drop_index(batch_op.f("ix_follow_up_ticket_limit_at"))
        batch_op.drop_index("ix_follow_up_ticket_department")
        batch_op.drop_index(batch_op.f("ix_follow_up_ticket_customer_id"))
        batch_op.drop_index(batch_op.f("ix_follow_up_ticket_call_id"))
        batch_op.drop_index("ix_follow_up_ticket_branch")

    op.drop_table("follow_up_ticket")
    with op.batch_alter_table("call_attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_call_attempt_call_id"))

    op.drop_table("call_attempt")
    op.drop_table("call_answer")
    with op.batch_alter_table("follow_up_call", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_follow_up_call_state"))
        batch_op.drop_index("ix_follow_up_call_stage")
        batch_op.drop_index(batch_op.f("ix_follow_up_call_plan_id"))
        batch_op.drop_index("ix_follow_up_call_owner")
        batch_op.drop_index("ix_follow_up_call_due")
        batch_op.drop_index(batch_op.f("ix_follow_up_call_customer_id"))
        batch_op.drop_index("ix_follow_up_call_called")
        batch_op.drop_index("ix_follow_up_call_branch")

    op.drop_table("follow_up_call")
    with op.batch_alter_table("record_access", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_record_access_waiting",
            sqlite_where=sa.text("state = 'REQUESTED'"),
            postgresql_where=sa.text("state = 'REQUESTED'"),
        )
        batch_op.drop_index(batch_op.f("ix_record_access_requested_at"))
        batch_op.drop_index("ix_record_access_reader")
        batch_op.drop_index(batch_op.f("ix_record_access_project_id"))

    op.drop_table("record_access")
    op.drop_table("follow_up_plan")
    op.drop_table("call_script")
