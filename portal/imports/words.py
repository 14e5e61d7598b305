"""Closed lists as departments write them, in both scripts, mapped to the codes of the models."""

from __future__ import annotations

from collections.abc import Mapping

from portal.imports import values


def _words(table: Mapping[str, str]) -> dict[str, str]:
    return {word.casefold(): code for code, words in table.items() for word in words.split()}


SOURCE = _words(
    {
        "PHONE": "电话 電話 来电 來電 热线 熱線 phone",
        "WEBSITE": "网站 網站 官网 官網 website",
        "WECHAT": "微信公众号 微信公眾號 公众号 公眾號 微信 wechat",
        "PLATFORM": "装修平台 裝修平台 裝修平臺 平台 平臺 platform",
        "STORE": "到店 进店 進店 自然到店 门店 門店 walk-in",
        "EXPO": "展会 展會 家博会 家博會 家装展 家裝展 exhibition",
        "ESTATE": "小区 小區 小区活动 小區活動 驻点 駐點 estate",
        "REFERRAL": "回头客介绍 回頭客介紹 老客户介绍 老客戶介紹 转介绍 轉介紹 介绍 介紹 回头客 回頭客 referral",
    }
)
SOURCES = ("PHONE", "WEBSITE", "WECHAT", "PLATFORM", "STORE", "EXPO", "ESTATE", "REFERRAL")

PROJECT_KIND = _words(
    {
        "FULL": "全包 全包装修 全包裝修",
        "HALF": "半包 半包装修 半包裝修",
        "WHOLE": "整装 整裝 整家装修",
        "LABOUR": "清包 清工 清包工",
        "COMMERCIAL": "公装 公裝 工装 工裝",
        "PARTIAL": "局部 局改 局部改造 局部装修 局部裝修",
    }
)
PROJECT_KINDS = ("FULL", "HALF", "WHOLE", "LABOUR", "COMMERCIAL", "PARTIAL")

GRADE = {
    form: letter.upper()
    for letter in "abc"
    for form in (
        letter,
        f"{letter}级",
        f"{letter}級",
        f"{letter}类",
        f"{letter}類",
        f"{letter}级客户",
        f"{letter}級客戶",
    )
}
GRADES = ("A", "B", "C")

CUSTOMER_KIND = _words(
    {
        "LEAD": "潜在 潛在 潜在客户 潛在客戶 意向",
        "SIGNED": "已签约 已簽約 签约 簽約 已签 已簽",
        "UNDER_CONSTRUCTION": "在施 施工中 在建 在施工",
        "IN_WARRANTY": "保修期 保修 质保 質保 在保",
        "OUT_OF_WARRANTY": "出保 过保 過保",
        "CANCELLED": "已退单 已退單 退单 退單",
        "LOST": "流失 丢单 丟單",
    }
)
CUSTOMER_KINDS = ("LEAD", "SIGNED", "UNDER_CONSTRUCTION", "IN_WARRANTY", "OUT_OF_WARRANTY", "CANCELLED", "LOST")

DEPARTMENT = _words(
    {
        "DESIGN": "设计部 設計部 设计 設計 设计院 設計院",
        "STORE": "店面 门店 門店 销售部 銷售部 市场店面",
        "ENGINEERING": "工程部 工程 工程管理部 施工部",
        "PURCHASING": "材料部 采购部 採購部 材料 采购 採購 采购部/材料部",
        "FINANCE": "财务部 財務部 财务 財務",
        "SERVICE": "客服部 客服 客服监察部 客服監察部 售后 售後",
        "HR": "人力资源部 人力資源部 人事部",
        "LEGAL": "法务部 法務部 法务 法務",
        "MARKETING": "市场部 市場部 企划部 企劃部",
        "ADMIN": "行政部 行政",
        "MANAGEMENT": "总经办 總經辦 公司领导 公司領導",
    }
)
DEPARTMENTS = (
    "DESIGN", "STORE", "ENGINEERING", "PURCHASING", "FINANCE", "SERVICE", "HR", "LEGAL", "MARKETING", "ADMIN", "MANAGEMENT",
)  # fmt: skip

RESULT = _words(
    {
        "CLOSED": "已处理 已處理 处理完 處理完 已解决 已解決 已结案 已結案 完成 已完成 done",
        "OPEN": "处理中 處理中 未处理 未處理 待处理 待處理 跟进中 跟進中",
        "REJECTED": "客户不接受 客戶不接受 不接受 客户拒绝 客戶拒絕",
    }
)
RESULTS = ("CLOSED", "OPEN", "REJECTED")

SATISFACTION = _words(
    {
        "SATISFIED": "满意 滿意 是 非常满意 非常滿意 很满意 很滿意",
        "NEUTRAL": "一般 基本满意 基本滿意 尚可",
        "UNSATISFIED": "不满意 不滿意 否 不满 不滿",
    }
)
SATISFACTIONS = ("SATISFIED", "NEUTRAL", "UNSATISFIED")

CATEGORY = _words(
    {
        "DESIGN": "设计 設計 设计方案 設計方案 图纸 圖紙 报价 報價",
        "SALES": "签约承诺 簽約承諾 接待 销售 銷售",
        "QUALITY": "施工质量 施工質量 质量 質量",
        "SCHEDULE": "工期延误 工期延誤 工期",
        "SITE": "现场管理 現場管理 文明施工 安全 现场 現場",
        "MATERIAL": "材料 材料质量 材料質量",
        "PERSONNEL": "人员态度 人員態度 索要财物 索要財物 人员 人員",
        "MONEY": "收费 收費 结算 結算 增项 增項",
        "REPAIR": "维修 維修 维修不及时 維修不及時 维修质量 維修質量",
        "SERVICE": "客服服务 客服服務 客服",
        "NEIGHBOUR": "邻居 鄰居 物业 物業",
        "OTHER": "其他 其它",
    }
)
CATEGORIES = (
    "DESIGN", "SALES", "QUALITY", "SCHEDULE", "SITE", "MATERIAL", "PERSONNEL", "MONEY", "REPAIR", "SERVICE", "NEIGHBOUR",
    "OTHER",
)  # fmt: skip

CHANNEL = _words(
    {
        "PHONE": "电话 電話 来电 來電 热线 熱線",
        "VISIT": "来访 來訪 到访 到訪 上门 上門 到店",
        "WEBSITE": "网站 網站 官网 官網",
        "WECHAT": "微信 微信公众号 微信公眾號 公众号 公眾號",
        "PLATFORM": "平台 平臺 装修平台 裝修平台 裝修平臺",
        "EMAIL": "邮件 郵件 邮箱 郵箱 email",
        "BOX": "意见箱 意見箱",
        "EXPO": "展会 展會",
    }
)
CHANNELS = ("PHONE", "VISIT", "WEBSITE", "WECHAT", "PLATFORM", "EMAIL", "BOX", "EXPO")

TRADE = _words(
    {
        "BASIC": "基础 基礎 泥瓦 泥工 瓦工 瓷砖 瓷磚 墙地砖 牆地磚 吊顶 吊頂",
        "WATER_ELECTRIC": "水电 水電 水路 电路 電路 水管 电工 電工 水工 漏电 漏電",
        "WATERPROOF": "防水 渗漏 滲漏 漏水",
        "WOODWORK": "木作 定制 定製 木工 橱柜 櫥櫃 衣柜 衣櫃 柜门 櫃門 门 門 木门 木門 地板",
        "HARDWARE": "五金 开关 開關 插座 灯具 燈具 洁具 潔具 龙头 龍頭",
        "PAINT": "油漆 墙面 牆面 涂料 塗料 乳胶漆 乳膠漆 墙漆 牆漆 油工",
        "OTHER": "其他 其它",
    }
)
URGENCY = _words({"URGENT": "急 急修 紧急 緊急 加急", "NORMAL": "普通 一般 正常 不急"})
IN_WARRANTY = _words(
    {
        "YES": "是 在保 保内 保內 质保内 質保內 保修期内 保修期內",
        "NO": "否 出保 过保 過保 保外 质保外 質保外 不在保",
        "EXCLUDED": "除外 不保 免责 免責",
    }
)
CAUSE = _words(
    {
        "CONSTRUCTION": "施工 施工质量 施工質量 工艺 工藝",
        "MATERIAL": "材料 材料质量 材料質量 产品 產品",
        "DESIGN": "设计 設計",
        "CUSTOMER_USE": "使用不当 使用不當 客户使用 客戶使用 人为 人為",
        "THIRD_PARTY": "第三方 邻居 鄰居 物业 物業",
        "FORCE_MAJEURE": "不可抗力",
    }
)
BEARER = _words(
    {
        "COMPANY": "公司 我司",
        "CREW": "施工队 施工隊 责任施工队 責任施工隊 工长 工長 班组 班組",
        "SUPPLIER": "供应商 供應商 厂家 廠家 厂商 廠商",
        "CUSTOMER": "客户 客戶 业主 業主 自费 自費",
    }
)
REPAIR_STANDING = _words(
    {
        "CLOSED": "已完成 完成 已修 已修好 修好 已维修 已維修 已处理 已處理 已解决 已解決 已结案 已結案 结案 結案 done",
        "DECLINED": "未维修结束 未維修結束 未修结束 客户放弃 客戶放棄 放弃 放棄 取消 已取消 不修",
        "REPORTED": "未处理 未處理 待处理 待處理 待修 待维修 待維修 处理中 處理中 维修中 維修中 未完成",
    }
)
EVALUATION = _words(
    {"COLLECTED": "已收 已收回 已回收 有 是", "DECLINED": "未收 未收回 客户未填 客戶未填 客户拒填 客戶拒填 无 無 否"}
)

NOT_RECORDED = "未记录"
"""Stored, when a person chooses it, where the old ledger has nothing and the portal needs a text."""

_CATEGORY_HINTS = (
    ("SITE", "抽烟 吸烟 垃圾 文明施工 安全 現場 现场 噪音"),
    ("MONEY", "增项 增項 收费 收費 结算 結算 多收 费用 費用"),
    ("SCHEDULE", "工期 拖延 延误 延誤 停工"),
    ("PERSONNEL", "没有联系 沒有聯繫 态度 態度 索要 辱骂"),
    ("DESIGN", "设计 設計 图纸 圖紙 柜没有做"),
    ("MATERIAL", "色差 门板 門板 材料 板材 品牌 环保 甲醛"),
    ("REPAIR", "维修 維修 报修 報修"),
    ("NEIGHBOUR", "邻居 鄰居 物业 物業"),
    ("QUALITY", "空鼓 开裂 開裂 渗漏 滲漏 漏水 响声 響聲 脱落 不平 裂缝 起皮 返工"),
)


def category_hint(content: str) -> str:
    """The category a complaint's text suggests; a proposal for a person, never a value."""
    for code, hints in _CATEGORY_HINTS:
        if any(hint in content for hint in hints.split()):
            return code
    return "OTHER"


read_source = values.word(SOURCE, SOURCES)
read_project_kind = values.word(PROJECT_KIND, PROJECT_KINDS)
read_grade = values.word(GRADE, GRADES)
read_customer_kind = values.word(CUSTOMER_KIND, CUSTOMER_KINDS)
read_department = values.word(DEPARTMENT, DEPARTMENTS)
read_result = values.word(RESULT, RESULTS)
read_satisfaction = values.word(SATISFACTION, SATISFACTIONS)
read_channel = values.word(CHANNEL, CHANNELS)
read_category = values.word(CATEGORY, CATEGORIES)
