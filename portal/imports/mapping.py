"""Which column is which field: guessed from the header, shown for correction, remembered by the header."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

from portal.i18n import LOCALES, N_, Text, use_locale
from portal.imports import values, words
from portal.imports.reading import Sheet, header_key
from portal.imports.values import Reader


class Kind(StrEnum):
    """What a sheet becomes."""

    CUSTOMERS = "customers"
    """Customers with their properties, projects and contracts: the department's ledger."""
    COMPLAINTS = "complaints"
    """Complaints of the past, on contracts the portal knows."""
    CUSTOMER_LIST = "customer-list"
    """Customers by themselves, one record in a row, as each kind below."""
    PROPERTIES = "properties"
    PROJECTS = "projects"
    CONTRACTS = "contracts"
    PAYMENTS = "payments"
    QUOTATIONS = "quotations"
    CONSULTATIONS = "consultations"
    """Calls, visits and messages of the past."""
    REPAIRS = "repair-orders"
    """Repairs of the past, and those still open."""
    WARRANTIES = "warranties"
    """Certificates that were issued before the portal."""
    TASKS = "tasks"
    PARTIES = "parties"
    CREWS = "crews"
    BRANCHES = "branches"
    USERS = "users"

    @property
    def is_ledger(self) -> bool:
        """Whether a row becomes several records: a sheet as the department keeps it, not one of the portal's own."""
        return self in (Kind.CUSTOMERS, Kind.COMPLAINTS)


class Need(StrEnum):
    """What an empty cell means."""

    REQUIRED = "REQUIRED"
    """A question."""
    OPTIONAL = "OPTIONAL"
    """Nothing."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field a column can feed."""

    key: str
    label: Text
    read: Reader
    synonyms: str
    """Headers that mean this field, separated by spaces; both scripts and English."""
    need: Need = Need.OPTIONAL
    choices: tuple[str, ...] = ()
    """Codes of a closed list; they may also be chosen once for all rows."""
    terms: Any = None
    """The closed list with its labels (a `Term`)."""
    is_link: bool = False
    """Leads to another record, by its number or a name that only one has."""
    is_set_once: bool = False
    """Said when the record is made; what is there already keeps it."""
    is_never_empty: bool = False
    """A record always has a value for it, so clearing the cell takes nothing away."""
    hint: Text | None = None
    """What to write, for the template."""
    headers: tuple[Text, ...] = ()
    """Headers that mean this field in whatever language the portal writes them."""

    @property
    def is_required(self) -> bool:
        """Whether a row without it is asked about."""
        return self.need is Need.REQUIRED


_R = Need.REQUIRED

CUSTOMER_FIELDS: tuple[Field, ...] = (
    Field("name", N_("Customer name"), values.name, "客户姓名 客戶姓名 姓名 客户名称 客戶名稱 业主 業主 业主姓名 業主姓名 客户 客戶 name customer", _R),
    Field("gender_title", N_("Form of address"), values.title, "称谓 稱謂 称呼 稱呼 性别 性別 title"),
    Field("phone", N_("Phone"), values.phone, "联系电话 聯繫電話 聯絡電話 电话 電話 手机 手機 手机号 手機號 联系方式 聯繫方式 phone mobile", _R),
    Field("phone2", N_("Other phone"), values.phone, "备用电话 備用電話 电话2 電話2 第二电话 第二電話 备用手机 備用手機 phone2"),
    Field("wechat", N_("WeChat"), values.text(50), "微信 微信号 微信號 wechat"),
    Field("email", N_("E-mail"), values.text(200), "邮箱 郵箱 电子邮箱 電子郵箱 email"),
    Field("avoid_hours", N_("Do not call between"), values.quiet_hours, "勿扰时段 勿擾時段 免打扰时间 免打擾時間 免打扰时段 请勿致电时间 請勿致電時間 不便接听时间 不便接聽時間 休息时间 休息時間 quiet"),
    Field("estate", N_("Estate"), values.text(100), "小区 小區 小区名称 小區名稱 楼盘 樓盤 楼盘名称 estate", _R),
    Field("building", N_("Building"), values.building, "楼号 樓號 楼栋 樓棟 栋号 棟號 楼 樓 幢号 building", _R),
    Field("unit", N_("Unit"), values.unit, "单元 單元 单元号 單元號 unit", _R),
    Field("room", N_("Room"), values.room, "房号 房號 室号 室號 门牌号 門牌號 房间号 room", _R),
    Field("area", N_("Area (m²)"), values.area, "面积 面積 建筑面积 建築面積 套内面积 平方 平米 area", _R),
    Field("layout", N_("Layout"), values.text(50), "户型 戶型 房型 layout"),
    Field("handover_on", N_("Handover date of the home"), values.day, "交房日期 交房时间 交房時間 交付日期 handover"),
    Field("source", N_("Customer source"), words.read_source, "客户来源 客戶來源 来源 來源 渠道 获客渠道 source", _R, words.SOURCES),
    Field("customer_kind", N_("Customer type"), words.read_customer_kind, "客户类型 客戶類型 客户状态 客戶狀態", choices=words.CUSTOMER_KINDS),
    Field("grade", N_("Customer grade"), words.read_grade, "客户等级 客戶等級 等级 等級 客户级别 級別 grade", choices=words.GRADES),
    Field("project_kind", N_("Project type"), words.read_project_kind, "装修类型 裝修類型 工程类型 工程類型 装修方式 裝修方式 承包方式 项目类型", _R, words.PROJECT_KINDS),
    Field("contract_number", N_("Contract number"), values.contract_number, "合同编号 合同編號 合同号 合同號 编号 contract contractno", _R),
    Field("amount", N_("Contract amount (yuan)"), values.amount, "合同金额 合同金額 合同价 合同價 合同总价 合同總價 金额 金額 签约金额 amount", _R),
    Field("signed_on", N_("Signed on"), values.day, "签订日期 簽訂日期 签约日期 簽約日期 合同日期 签单日期 签订时间 signed"),
    Field("store", N_("Store"), values.text(50), "店面 门店 門店 分店 所属门店 分公司 store"),
    Field("designer", N_("Designer"), values.name, "设计师 設計師 designer"),
    Field("sales", N_("Sales person"), values.name, "业务员 業務員 客户顾问 客戶顧問 销售 銷售 销售顾问 sales"),
    Field("project_manager", N_("Project manager"), values.name, "项目经理 項目經理 pm"),
    Field("foreman", N_("Foreman"), values.name, "工长 工長 施工队长 foreman"),
    Field("supervisor", N_("Supervisor"), values.name, "监理 監理 质检 質檢 supervisor"),
    Field("planned_start", N_("Planned start"), values.day, "计划开工 計劃開工 计划开工日期 計劃開工日期 预计开工 預計開工 开工日期 開工日期 开工"),
    Field("planned_finish", N_("Planned finish"), values.day, "计划竣工 計劃竣工 计划竣工日期 計劃竣工日期 预计竣工 預計竣工 计划完工 竣工日期 竣工"),
    Field("actual_start", N_("Actual start"), values.day, "实际开工 實際開工 实际开工日期 實際開工日期"),
    Field("actual_finish", N_("Actual finish"), values.day, "实际竣工 實際竣工 实际竣工日期 實際竣工日期 实际完工"),
    Field("contract_days", N_("Contract term (days)"), values.whole(1, 3000), "合同工期 工期 工期天数 工期天數 合同天数"),
    Field("remarks", N_("Remarks"), values.text(2000), "备注 備註 说明 說明 remarks note notes"),
)  # fmt: skip

COMPLAINT_FIELDS: tuple[Field, ...] = (
    Field("received_on", N_("Received on"), values.day, "登记日期 登記日期 投诉日期 投訴日期 受理日期 受理时间 受理時間 日期 时间", _R),
    Field("name", N_("Complainant"), values.name, "客户姓名 客戶姓名 投诉人 投訴人 姓名 客户 客戶", _R),
    Field("phone", N_("Phone"), values.phone, "电话 電話 联系电话 聯繫電話 手机 手機 联系方式", _R),
    Field("contract_number", N_("Contract number"), values.contract_number, "合同编号 合同編號 合同号 合同號", _R),
    Field("content", N_("Complaint"), values.text(4000), "投诉内容 投訴內容 内容 內容 问题描述 問題描述 投诉事项 反映问题", _R),
    Field("demand", N_("Customer's demand"), values.text(2000), "客户要求 客戶要求 要求 诉求 訴求 客户诉求", _R),
    Field("department", N_("Responsible department"), words.read_department, "责任部门 責任部門 部门 部門 承办部门", _R, words.DEPARTMENTS),
    Field("category", N_("Category"), words.read_category, "投诉类别 投訴類別 类别 類別 投诉类型 分类", _R, words.CATEGORIES),
    Field("channel", N_("Channel"), words.read_channel, "渠道 投诉渠道 投訴渠道 来源 來源 受理方式", _R, words.CHANNELS),
    Field("result", N_("Result"), words.read_result, "处理结果 處理結果 结果 結果 处理情况 處理情況 状态 狀態", choices=words.RESULTS),
    Field("closed_on", N_("Closed on"), values.day, "结案日期 結案日期 处理日期 處理日期 完成日期 办结日期"),
    Field("satisfaction", N_("Satisfied?"), words.read_satisfaction, "是否满意 是否滿意 满意度 滿意度 满意 客户满意度", choices=words.SATISFACTIONS),
    Field("remarks", N_("Remarks"), values.text(2000), "备注 備註 说明 說明"),
)  # fmt: skip

FIELDS: dict[Kind, Mapping[str, Field]] = {}
_TITLES: dict[Kind, tuple[Text, ...]] = {}
NUMBER, VERSION = "number", "version"
"""Field keys of every kind with one record in a row: which record is meant, and which version the file shows."""


def declare(kind: Kind, fields: Iterable[Field], *, titles: Iterable[Text] = ()) -> None:
    """Make a kind known. `titles`: what sheets with its records are called."""
    FIELDS[kind] = {item.key: item for item in fields}
    _TITLES[kind] = tuple(titles)


@cache
def _synonyms(kind: Kind) -> Mapping[str, str]:
    """The field of each header of the kind."""
    return {
        header_key(word): key
        for key, item in reversed(list(FIELDS[kind].items()))
        for word in (*item.synonyms.split(), *in_every_language(item.headers))
    }


@cache
def _titles(kind: Kind) -> frozenset[str]:
    return frozenset(header_key(text) for text in in_every_language(_TITLES[kind]))


def in_every_language(texts: Iterable[Text]) -> list[str]:
    """The texts as each of the portal's languages says them."""
    said = []
    for locale in LOCALES:
        with use_locale(locale):
            said += [str(text) for text in texts]
    return list(dict.fromkeys(said))


declare(Kind.CUSTOMERS, CUSTOMER_FIELDS)
declare(Kind.COMPLAINTS, COMPLAINT_FIELDS)


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Columns to fields, and values that hold for every row.

    `columns`: column number (from 1) → field key; a column that is not named is left out.
    `constants`: field key → text, read like a cell; counts only where the row's own cell is empty or absent.
    """

    columns: Mapping[int, str]
    constants: Mapping[str, str] = field(default_factory=dict)


def header_words() -> frozenset[str]:
    """All known headers; the row of a sheet that holds most of them is its header."""
    return frozenset(word for kind in FIELDS for word in _synonyms(kind))


def signature(headers: Iterable[str]) -> str:
    """The memory's key: the same headers in the same order, whatever their spaces and brackets."""
    return hashlib.sha256("\n".join(header_key(text) for text in headers).encode()).hexdigest()[:32]


def guess(sheet: Sheet, kind: Kind) -> dict[int, str]:
    """The likeliest field of each column; a field is given once, to the column that fits it best."""
    table = _synonyms(kind)
    scored: list[tuple[int, int, str]] = []
    for column, header in sheet.headers.items():
        key = header_key(header)
        for word, target in table.items():
            if key == word:
                scored.append((1000, -column, target))
            elif kind.is_ledger and len(word) >= 2 and (word in key or (len(key) >= 2 and key in word)):
                scored.append((100 * min(len(word), len(key)) // max(len(word), len(key)), -column, target))
    columns: dict[int, str] = {}
    for score, negative, target in sorted(scored, reverse=True):
        if score >= 50 and -negative not in columns and target not in columns.values():
            columns[-negative] = target
    return dict(sorted(columns.items()))


def guess_kind(sheet: Sheet) -> Kind:
    """The kind whose fields the header names best; a ledger before a list of the portal's when both fit alike."""
    keys = {header_key(header) for header in sheet.headers.values()}
    complaint = keys & set(_synonyms(Kind.COMPLAINTS)) - set(_synonyms(Kind.CUSTOMERS))
    customer = keys & set(_synonyms(Kind.CUSTOMERS)) - set(_synonyms(Kind.COMPLAINTS))
    ledger = Kind.COMPLAINTS if len(complaint) > len(customer) else Kind.CUSTOMERS
    named = header_key(re.sub(r"\d+$", "", sheet.name))
    scores = {kind: _fit(kind, keys) + (2 if named in _titles(kind) else 0) for kind in FIELDS}
    best = max(scores, key=lambda kind: (scores[kind], kind.is_ledger))
    return best if scores[best] > scores[ledger] else ledger


def fit(sheet: Sheet, kind: Kind) -> int:
    """How many fields of the kind the sheet's header names."""
    return _fit(kind, {header_key(header) for header in sheet.headers.values()})


def _fit(kind: Kind, keys: Iterable[str]) -> int:
    """How many fields of the kind the headers name."""
    table = _synonyms(kind)
    return len({table[key] for key in keys if key in table})


def problems(kind: Kind, mapping: ColumnMapping) -> list[Text]:
    """What keeps a mapping from being used: fields given twice, required fields that nothing feeds."""
    found: list[Text] = []
    fields = FIELDS[kind]
    used = list(mapping.columns.values())
    changes_only = not kind.is_ledger and NUMBER in used
    for key in dict.fromkeys(used):
        if key in fields and used.count(key) > 1:
            found.append(N_("“%(field)s” is chosen for more than one column.") % {"field": fields[key].label})
    for key, item in fields.items():
        is_fed = key in used or mapping.constants.get(key) or key in ASKED_LATER.get(kind, ()) or changes_only
        if item.is_required and not is_fed:
            found.append(N_("No column is chosen for “%(field)s”.") % {"field": item.label})
    return found


SUGGESTED_CONSTANTS: Mapping[Kind, Mapping[str, str]] = {kind: {} for kind in Kind} | {
    Kind.COMPLAINTS: {"channel": "PHONE"}
}
"""Shown for correction beside the guessed columns when no column fits."""

ASKED_LATER: Mapping[Kind, frozenset[str]] = {Kind.COMPLAINTS: frozenset({"category"})}
"""Required fields that may lack a column: the questions ask for them with proposals from the text."""
