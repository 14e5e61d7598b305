"""What was built and repaired before the portal: warranty certificates and repairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.i18n import N_
from portal.imports import mapping, values
from portal.imports.mapping import NUMBER, Kind
from portal.imports.records import Rule
from portal.models.contract import Contract
from portal.models.customer import Customer
from portal.models.org import Crew, User
from portal.models.project import Project
from portal.models.repair import RepairOrder, WarrantyCertificate
from portal.permissions import Permission
from portal.services import past_warranties, repairs
from portal.services.imports import deriving
from portal.services.imports.deriving import Link
from portal.services.imports.kinds.base import NUMBER_LABEL, VERSION, RecordKind, as_now, declare, moment, names

P = Permission
PROJECT = Link(Project, through=Contract.project)
PROJECT_HINT = N_("Number of the project or of its contract", "import")
OF_PROJECT = "工程编号 工程編號 工程号 项目编号 項目編號 合同编号 合同編號 合同号 合同號"


def _written(made: list[mapping.Field], headers: Mapping[str, str]) -> list[mapping.Field]:
    """The fields with what old ledgers write above such columns."""
    hints = {"project_id": PROJECT_HINT}
    return [replace(item, synonyms=headers.get(item.key, ""), hint=hints.get(item.key, item.hint)) for item in made]


# ---------- Repairs ----------

REPAIR_HEADERS = {
    "reported_at": "报修时间 報修時間 报修日期 報修日期 登记日期 登記日期 受理日期",
    "reporter": "报修人 報修人 客户 客戶 业主 業主 客户姓名 客戶姓名 业主姓名 業主姓名 姓名",
    "phone": "联系电话 聯繫電話 联系方式 聯繫方式 手机 手機",
    "trade": "报修项目 報修項目 维修项目 維修項目 项目类别 類別 工种 工種",
    "symptom": "报修内容 報修內容 现象 現象 问题描述 問題描述 故障",
    "state": "状态 狀態 维修状态 維修狀態 处理结果 處理結果 处理情况 處理情況 结果 結果",
    "project_id": OF_PROJECT,
    "customer_id": "客户编号 客戶編號",
    "address": "地址 报修地址 報修地址 工程地址 小区地址",
    "urgency": "紧急程度 緊急程度",
    "in_warranty": "是否在保 在保 质保 質保",
    "responsible_crew_id": "责任施工队 責任施工隊 施工队 施工隊 班组 班組",
    "cause": "原因判定 原因 责任原因",
    "work_done": "维修情况 維修情況 处理办法 處理辦法 维修结果 維修結果",
    "done_at": "完成日期 完成时间 完成時間 维修完成日期 维修日期 維修日期",
    "closed_at": "结案日期 結案日期 结案时间 結案時間",
    "signed_by": "验收人 驗收人 签字人 簽字人",
    "rating": "评分 評分 客户评价 客戶評價",
    "cost": "费用 費用 维修费用 維修費用 金额 金額",
    "bearer": "费用承担 費用承擔 承担方 承擔方 承担人",
    "remarks": "备注 備註",
}


def _repair_fields() -> list[mapping.Field]:
    """The cost is said once: it has lines of its own. So is the state: only steps move it."""
    once = {"is_set_once": True}
    more: dict[str, dict[str, Any]] = {
        "rating": {"read": values.whole(1, 5)}, "cost": once, "bearer": once, "state": once
    }  # fmt: skip
    made = deriving.of_service(repairs.PAST_FIELDS, repairs.PastRepair, RepairOrder)
    return [replace(item, **more.get(item.key, {})) for item in made]


def _moments(said: dict[str, Any]) -> dict[str, Any]:
    return {key: moment(value) if key.endswith("_at") and value else value for key, value in said.items()}


def _make_repair(session: Session, said: dict[str, Any], actor: User, at: datetime) -> RepairOrder:
    number = said.pop(NUMBER, None)
    command = repairs.PastRepair(**_moments(said))
    return repairs.enter_past(session, command, number=number, actor=actor, at=at)


def _change_repair(session: Session, record: RepairOrder, said: dict[str, Any], actor: User, at: datetime) -> Any:
    whole = repairs.PastRepair(**as_now(record, names(repairs.PastRepair), _moments(said)))
    return repairs.correct_past(session, record, whole, version=record.version, actor=actor, at=at)


declare(
    RecordKind(
        Kind.REPAIRS, RepairOrder, N_("Repairs of an old ledger", "import"), N_("Repair", "record"),
        P.REPAIR_CREATE, P.REPAIR_CLOSE, Rule(("phone", "reported_at", "symptom"), gives_number=True),
        (
            deriving.number_field(NUMBER_LABEL),
            *_written(_repair_fields(), REPAIR_HEADERS),
            VERSION,
        ),
        repairs.PAST_FIELDS,
        {"project_id": PROJECT, "customer_id": Link(Customer), "responsible_crew_id": Link(Crew, name="name")},
        _make_repair,
        _change_repair,
        columns={"customer": "", "reported": "reported_at", "closed": "closed_at"},
        as_stored=frozenset({"symptom"}),
    )
)  # fmt: skip

# ---------- Warranty certificates ----------

WARRANTY_HEADERS = {
    "project_id": OF_PROJECT,
    "starts_on": "起始日期 保修起始日期 开始日期 開始日期 验收日期 驗收日期 质保开始",
    "issued_on": "发放日期 發放日期 开具日期 開具日期 签发日期 簽發日期",
    "paid_on": "付清日期 尾款日期",
    "evaluation": "评价表 評價表",
    "received_by": "领取人 領取人 签收人 簽收人",
    "exclusions": "除外 不保范围 不保範圍",
    "remarks": "备注 備註",
}


def _make_certificate(session: Session, said: dict[str, Any], actor: User, at: datetime) -> WarrantyCertificate:
    number = said.pop(NUMBER)
    return past_warranties.enter(session, past_warranties.PastWarranty(**said), number=number, actor=actor, at=at)


declare(
    RecordKind(
        Kind.WARRANTIES, WarrantyCertificate, N_("Warranty certificates issued before", "import"),
        N_("Warranty certificate"), P.WARRANTY_ISSUE, P.WARRANTY_ISSUE, Rule(gives_number=True, may_change=False),
        (
            deriving.number_field(NUMBER_LABEL, must=True),
            *_written(
                [
                    replace(item, read=values.whole(1, 50)) if item.key.startswith("years_") else item
                    for item in deriving.of_service(
                        past_warranties.FIELDS, past_warranties.PastWarranty, WarrantyCertificate
                    )
                ],
                WARRANTY_HEADERS,
            ),
        ),
        past_warranties.FIELDS,
        {"project_id": PROJECT},
        _make_certificate,
        columns={"customer": "", "project": "project_id", "starts": "starts_on", "ends": "", "issued": "issued_on",
                 "state": ""},
    )
)  # fmt: skip
