"""The call after a repair is one of the call desk, with a script of its own."""

from __future__ import annotations

from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None
OLD_STAGES = (
    "stage IN ('START', 'MATERIAL', 'CONCEALED', 'WATERPROOF', 'MID', 'COMPLETION', 'ONE_MONTH', 'WARRANTY_PERIODIC', "
    "'SEASONAL', 'REVISIT')"
)
STAGES = OLD_STAGES.replace("'SEASONAL'", "'REPAIR', 'SEASONAL'")
QUESTIONS = (
    # code, words, kind, what an answer leads to, which answer (5.4)
    ("arrived_at", "维修人员几点到场？（报修后 8 小时内）", "TIME", None, None),
    ("explained", "是否说明了故障原因和维修方法？", "YES_NO", "SLIP", "NO"),
    ("repaired", "是否已完全修好？", "YES_NO", None, None),
    ("cleaned", "维修后现场是否清理干净？", "YES_NO", "SLIP", "NO"),
    ("manners", "维修人员是否礼貌、佩戴工牌？", "YES_NO", "SLIP", "NO"),
    ("money_asked", "有没有人向您索要钱物？", "YES_NO", "INCIDENT", "YES"),
    ("satisfied", "您对这次维修是否满意？", "YES_NO", "SLIP", "NO"),
)


def upgrade() -> None:
    """Repairs that the customer has signed for already are closed on their page, as before."""
    for table in ("call_script", "follow_up_call"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(op.f(f"ck_{table}_stage_known"), type_="check")
            batch_op.create_check_constraint(op.f(f"ck_{table}_stage_known"), STAGES)
    with op.batch_alter_table("follow_up_call", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_follow_up_call_stage_of_a_project"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_follow_up_call_stage_of_a_project"), "project_id IS NOT NULL OR stage IN ('REPAIR', 'REVISIT')"
        )
    op.create_table(
        "repair_follow_up",
        sa.Column("call_id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("round_no", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_sent_back", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["follow_up_call.id"], name=op.f("fk_repair_follow_up_call_id")),
        sa.ForeignKeyConstraint(["order_id"], ["repair_order.id"], name=op.f("fk_repair_follow_up_order_id")),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_repair_follow_up")),
        sa.UniqueConstraint("order_id", "round_no", name=op.f("uq_repair_follow_up_order_id_round_no")),
    )
    items = []
    for code, question, kind, opens, when in QUESTIONS:
        item = {"code": code, "question": question, "kind": kind, "required": True}
        items.append(item | ({"opens": opens, "when": when} if opens else {}))
    script = sa.table(
        "call_script",
        sa.column("stage", sa.String()),
        sa.column("grade_class", sa.String()),
        sa.column("edition", sa.Integer()),
        sa.column("effective_from", sa.Date()),
        sa.column("items", sa.JSON()),
        sa.column("created_at", sa.DateTime(timezone=True)),
    )
    row = {
        "stage": "REPAIR", "grade_class": "ALL", "edition": 1, "effective_from": date(2020, 1, 1), "items": items,
        "created_at": datetime(2020, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    op.bulk_insert(script, [row])


def downgrade() -> None:
    """Back: what was said after repairs stands among the holiday calls; repairs keep what came of it."""
    op.drop_table("repair_follow_up")
    op.execute(
        "UPDATE follow_up_call SET stage = CASE WHEN project_id IS NULL THEN 'REVISIT' ELSE 'SEASONAL' END,"
        " occurrence = occurrence + 1000, script_id = NULL WHERE stage = 'REPAIR'"
    )
    op.execute("DELETE FROM call_script WHERE stage = 'REPAIR'")
    with op.batch_alter_table("follow_up_call", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_follow_up_call_stage_of_a_project"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_follow_up_call_stage_of_a_project"), "project_id IS NOT NULL OR stage = 'REVISIT'"
        )
    for table in ("call_script", "follow_up_call"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_constraint(op.f(f"ck_{table}_stage_known"), type_="check")
            batch_op.create_check_constraint(op.f(f"ck_{table}_stage_known"), OLD_STAGES)
