"""Typed settings with their defaults and where each default comes from. Source: `domain.md` 7.10 and the DL register.

What differs from the default is a row; every change by the manager is an event. Read with `get(session, key)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.i18n import N_, Text
from portal.kept import Kept
from portal.models.setting import SettingValue
from portal.permissions import Role
from portal.prepared import Prepared

Kind = Literal["int", "decimal", "bool", "text", "choice", "hours", "split", "roles", "map", "lines"]
Provenance = Literal["seed", "ext", "assumed"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it means, its kind and limits, its default and where the default comes from."""

    key: str
    label: Text
    kind: Kind
    default: Any
    provenance: Provenance
    group: Text
    unit: Text | None = None
    low: int | None = None
    high: int | None = None
    choices: tuple[tuple[str, Text], ...] = ()
    help: Text | None = None


HOURS, DAYS, WORKING_DAYS = N_("hours"), N_("days"), N_("working days")
YUAN, PERCENT, POINTS, MINUTES = N_("yuan"), N_("%"), N_("points"), N_("minutes")
COMPANY, CLOCKS, GRADES = N_("Company"), N_("Clocks"), N_("Grades")
REVIEWS, WORKS, MONEY = N_("Drawing review"), N_("Works and repairs"), N_("Money")
SURVEYS = N_("Surveys and suggestions")
NOTICES, SIGN_IN = N_("Notices and e-mail"), N_("Signing in")
EXPORTS, CHANGES = N_("Exports of lists"), N_("Changes of many records")
REPORTS = N_("Reports")
PHONE = N_("On the captain's phone")
CALLS = N_("Follow-up calls")
TOUCHES = N_("Pre-sale messages")
TOUCH_FORM = N_("In braces: {客户} {称谓} {我} {专员} {公司} {小区} {交房日期} {今天}")
WEEKDAYS = (
    ("1", N_("Monday")), ("2", N_("Tuesday")), ("3", N_("Wednesday")), ("4", N_("Thursday")), ("5", N_("Friday")),
    ("6", N_("Saturday")), ("7", N_("Sunday")),
)  # fmt: skip
PHOTO_RULES = (("NEVER", N_("Never")), ("ON_FAILURE", N_("When something is not in order")), ("ALWAYS", N_("Always")))
LINE_FORM = N_(
    "One line each. A star before it: it must be in order. A trade and a colon before it: for that trade only."
)

CHECKS_ARRIVE = ["* 穿工装、戴工牌、套鞋套", "* 家具和地面已做保护", "* 水电工程：已断电或关阀", "防水工程：已查看楼下"]
CHECKS_FINISH = [
    "* 工具和余料已带走", "* 防水工程：闭水试验无渗漏", "* 水电工程：通电通水试验正常", "定制木作：门扇抽屉开合顺畅",
]  # fmt: skip
PAPER_FORM = N_("One line each. A star before it: it must be there.")
PAPERS_SIGNING = [
    "* 图纸报价审核记录表（F-01、F-03）", "* 合同法务审核记录", "* 施工合同及附件（图纸、报价单、材料清单）",
    "* 合同信息单（F-15）", "* 首期款收据",
]  # fmt: skip
PAPERS_COMPLETION = [
    "* 材料验收记录", "* 隐蔽工程验收记录", "* 防水试验记录", "* 中期验收记录", "* 预验收单（F-09）", "限期整改通知单（F-10）",
    "工程移交单", "工程变更单", "工期延长手续", "客户服务手册",
]  # fmt: skip
COMPLETION_CHECKS = [
    "全屋：水电工程：通水通电，开关插座逐个试用", "厨房卫生间：防水工程：闭水试验无渗漏，地漏通畅",
    "厨房卫生间：基础装修：墙地砖平整，无空鼓", "客厅卧室：墙面油漆：色泽均匀，无流坠、裂缝",
    "客厅卧室：定制木作：门扇、柜门开合顺畅，无划伤", "全屋：五金开关：安装牢固、齐全",
    "全屋：施工范围：与图纸和变更一致", "全屋：清洁：垃圾已清运，门窗地面干净",
]  # fmt: skip
COMPLETION_FORM = N_("One line each: room, trade and what is looked at, with colons between them.")
QUESTION_FORM = N_(
    "One line each. A star before it: it must be answered. Attitude, quality and efficiency are always asked."
)
QUESTIONS_SETTLEMENT = [
    "设计",
    "报价透明",
    "* 施工质量",
    "* 工期",
    "现场文明",
    "材料",
    "* 服务态度",
    "响应速度",
    "售后",
    "* 总体",
]
QUESTIONS_SHORT = ["* 施工质量", "* 响应速度", "* 服务态度", "售后", "* 总体"]
MATERIALS = [
    "瓷砖", "石材", "防水涂料", "水管管件", "电线电缆", "开关插座", "木作板材", "腻子石膏", "乳胶漆", "门窗", "五金件", "地板",
    "卫浴洁具", "橱柜台面", "吊顶材料", "胶粘密封",
]  # fmt: skip
CHECKS_SIGN_OFF = ["* 已向客户演示维修结果", "已告知养护注意事项"]

_DECLARED = (
    Setting("company_name", N_("Company name"), "text", "示例装饰工程有限公司", "assumed", COMPANY),
    Setting("company_hotline", N_("Hotline"), "text", "400-000-0000", "assumed", COMPANY),
    Setting("company_logo", N_("Logo (attachment number)"), "int", 0, "assumed", COMPANY, low=0),
    Setting("portal_url", N_("Address of the portal in messages"), "text", "http://127.0.0.1:8000", "assumed", COMPANY),
    Setting("consultation_reply_hours", N_("DL-01 Reply to a forwarded question"), "int", 24, "assumed", CLOCKS, HOURS, 1, 240),
    Setting("first_contact_hours", N_("DL-02 First contact with a new customer"), "int", 24, "seed", CLOCKS, HOURS, 1, 240),
    Setting("first_contact_limit_days", N_("DL-02 Absolute limit of the first contact"), "int", 7, "seed", CLOCKS, DAYS, 1, 60),
    Setting("call_back_minutes", N_("Call back a missed caller within"), "int", 120, "assumed", CLOCKS, MINUTES, 5, 1440),
    Setting("message_minutes", N_("Pass a message on within"), "int", 120, "assumed", CLOCKS, MINUTES, 5, 1440),
    Setting("complaint_handover_hours", N_("DL-10 Hand over and have the head sign"), "int", 3, "seed", CLOCKS, HOURS, 1, 240),
    Setting("complaint_verify_hours", N_("DL-11 Department calls the customer"), "int", 24, "seed", CLOCKS, HOURS, 1, 240),
    Setting("complaint_plan_hours", N_("DL-12 Plan and visit fed back"), "int", 24, "seed", CLOCKS, HOURS, 1, 240),
    Setting("complaint_plan_cap_hours", N_("DL-12 At the latest after the signature"), "int", 48, "seed", CLOCKS, HOURS, 1, 480),
    Setting("complaint_visit_hours", N_("DL-13 Solve on site"), "int", 48, "seed", CLOCKS, HOURS, 1, 480),
    Setting("complaint_call_hours", N_("DL-14 Call after the visit"), "int", 24, "assumed", CLOCKS, HOURS, 1, 240),
    Setting(
        "complaint_clock", N_("How complaint hours are counted"), "choice", "WALL", "assumed", CLOCKS,
        choices=(("WALL", N_("Around the clock")), ("DUTY_HOURS", N_("Duty hours only"))),
    ),
    Setting("duty_hours", N_("Duty hours"), "hours", "08:30-20:00", "assumed", CLOCKS),
    Setting("working_day_ends", N_("A limit in working days ends at"), "hours", "18:00", "assumed", CLOCKS),
    Setting("warn_share", N_("Warn when this share of the time remains"), "int", 25, "seed", CLOCKS, PERCENT, 5, 75),
    Setting("escalated_visit_wd", N_("DL-15 Visit of an escalated complaint"), "int", 2, "seed", CLOCKS, WORKING_DAYS, 1, 30),
    Setting(
        "complaint_departments", N_("Lead department by category"), "map", {}, "assumed", CLOCKS,
        help=N_("Without a choice the table of the manual counts"),
    ),
    Setting("legal_review_wd", N_("DL-03 Legal review of a contract"), "int", 2, "assumed", CLOCKS, WORKING_DAYS, 1, 30),
    Setting("drawing_review_hours", N_("DL-04 Review of drawings and quotation, each round"), "int", 48, "seed", CLOCKS, HOURS, 1, 480),
    Setting("review_pass_score", N_("Pass mark of the drawing review"), "int", 80, "seed", REVIEWS, POINTS, 0, 100),
    Setting(
        "commission_base", N_("Base of the commission deduction"), "choice", "CONTRACT_AMOUNT", "assumed", REVIEWS,
        choices=(("CONTRACT_AMOUNT", N_("Contract amount")), ("COMMISSION", N_("Commission"))),
    ),
    Setting("ratio_recheck", N_("Deduction when a finding is not corrected"), "decimal", "0.5", "seed", REVIEWS, PERCENT, 0, 100),
    Setting("ratio_bypass", N_("Deduction for signing without a pass"), "decimal", "1.0", "seed", REVIEWS, PERCENT, 0, 100),
    Setting(
        "bypass_entered_days", N_("R-04 also for contracts entered as signed, when signed within the last"), "int", 31, "assumed", REVIEWS, DAYS, 0, 365,
        help=N_("Older ones are from before; 0 leaves it to the steps of the contract"),
    ),
    Setting("designer_commission", N_("Commission of designers, where it is the base of the deduction"), "decimal", "3", "assumed", REVIEWS, PERCENT, 0, 100),
    Setting("min_effective_calls", N_("Effective calls per project"), "int", 4, "seed", WORKS, None, 0, 20),
    Setting("grade_a_amount", N_("Grade A from"), "decimal", "200000", "assumed", GRADES, YUAN, 0, 100_000_000),
    Setting("grade_b_amount", N_("Grade B from"), "decimal", "80000", "assumed", GRADES, YUAN, 0, 100_000_000),
    Setting("archive_open_wd", N_("DL-05 Archive opened after the signing"), "int", 1, "assumed", CLOCKS, WORKING_DAYS, 1, 30),
    Setting("loan_on_site_days", N_("DL-24 A file read or copied on site is back after"), "int", 1, "assumed", CLOCKS, DAYS, 1, 30),
    Setting("loan_lent_wd", N_("DL-24 A file taken out is back after"), "int", 3, "assumed", CLOCKS, WORKING_DAYS, 1, 30),
    Setting("archive_place", N_("Where files of the archive are read (R-21)"), "text", "客服部档案室", "assumed", WORKS),
    Setting("dispatch_wd", N_("DL-06 Foreman named after the hand-over to engineering"), "int", 2, "ext", CLOCKS, WORKING_DAYS, 1, 30),
    Setting("dispatch_told_wd", N_("Customer is told who builds within"), "int", 1, "assumed", WORKS, WORKING_DAYS, 1, 30),
    Setting("contract_slip_days", N_("Contract information (F-15) may come after signing and first payment by"), "int", 0, "assumed", WORKS, DAYS, 0, 30),
    Setting("weekly_report_days", N_("DL-07 Project manager tells the customer how the works go every"), "int", 7, "seed", CLOCKS, DAYS, 1, 60),
    Setting("supervisor_contacts", N_("Contacts of the supervisor with each customer, at least"), "int", 6, "seed", WORKS, None, 0, 60),
    Setting("supervisor_visits", N_("Obligatory visits of the supervisor"), "int", 5, "seed", WORKS, None, 0, 60),
    Setting("share_material", N_("Materials are planned to arrive after this share of the works"), "int", 10, "assumed", WORKS, PERCENT, 0, 100),
    Setting("share_concealed", N_("Concealed works are planned after this share of the works"), "int", 25, "assumed", WORKS, PERCENT, 0, 100),
    Setting("share_waterproof", N_("Waterproofing is planned after this share of the works"), "int", 30, "assumed", WORKS, PERCENT, 0, 100),
    Setting("share_mid", N_("The mid-term is planned after this share of the works"), "int", 50, "seed", WORKS, PERCENT, 0, 100),
    Setting("share_pre_acceptance", N_("The pre-acceptance is planned after this share of the works"), "int", 90, "assumed", WORKS, PERCENT, 0, 100),
    Setting("call_start_days", N_("Call after the start within"), "int", 10, "ext", WORKS, DAYS, 1, 60),
    Setting("papers_signing", N_("Papers in the file before the hand-over to engineering"), "lines", PAPERS_SIGNING, "seed", WORKS, help=PAPER_FORM),
    Setting("papers_completion", N_("Papers in the file before the completion acceptance"), "lines", PAPERS_COMPLETION, "assumed", WORKS, help=PAPER_FORM),
    Setting("completion_checks", N_("Lines of the completion acceptance"), "lines", COMPLETION_CHECKS, "assumed", WORKS, help=COMPLETION_FORM),
    Setting("completion_standard", N_("Standard of the completion report"), "text", "合同约定、设计图纸、变更单及国家和行业现行验收标准", "assumed", WORKS),
    Setting("completion_notice_hours", N_("Notice of the completion acceptance at least before it"), "int", 48, "ext", WORKS, HOURS, 0, 720),
    Setting("final_payment_days", N_("DL-20 Reminder of the final payment after the acceptance"), "int", 3, "assumed", CLOCKS, DAYS, 1, 90),
    Setting("completion_after_wd", N_("Evaluation form and word to finance after the settlement within"), "int", 1, "assumed", WORKS, WORKING_DAYS, 1, 30),
    Setting("preaccept_fail_limit", N_("Failed inspections until the foreman is replaced"), "int", 3, "seed", WORKS, None, 1, 3),
    Setting("preaccept_fine", N_("Fine after the last failed inspection"), "decimal", "500", "seed", WORKS, YUAN, 0, 100_000),
    Setting("preaccept_suspend_months", N_("No new orders for"), "int", 3, "seed", WORKS, N_("months"), 0, 24),
    Setting("preaccept_list_day", N_("DL-17 List of next week's pre-acceptances on"), "choice", "3", "seed", WORKS, choices=WEEKDAYS),
    Setting("preaccept_list_ends", N_("DL-17 The list is closed at"), "hours", "18:00", "assumed", WORKS),
    Setting("preaccept_schedule_day", N_("DL-18 Schedule of next week's inspections on"), "choice", "4", "seed", WORKS, choices=WEEKDAYS),
    Setting("preaccept_schedule_ends", N_("DL-18 The schedule is published by"), "hours", "18:00", "assumed", WORKS),
    Setting("preaccept_first_visit", N_("First inspection of a day at"), "hours", "09:30", "assumed", WORKS),
    Setting("preaccept_visit_minutes", N_("From one inspection to the next"), "int", 90, "assumed", WORKS, MINUTES, 10, 480),
    Setting("repair_arrive_hours", N_("DL-22 Repair: on site within"), "int", 8, "seed", WORKS, HOURS, 1, 240),
    Setting("repair_urgent_clock", N_("DL-22 A shorter limit for urgent repairs"), "bool", False, "ext", WORKS),
    Setting("repair_urgent_hours", N_("DL-22 Urgent repair: on site within"), "int", 3, "ext", WORKS, HOURS, 1, 240),
    Setting("calendar_minutes", N_("Length of an entry in calendars, where it has none of its own"), "int", 30, "assumed", CLOCKS, MINUTES, 5, 720),
    Setting("repair_visit_minutes", N_("Length of a visit, in calendars and for visits that lie on each other"), "int", 120, "assumed", WORKS, MINUTES, 10, 720),
    Setting("repair_interim_days", N_("Call again during a longer repair every"), "int", 3, "assumed", WORKS, DAYS, 1, 60),
    Setting("party_told_hours", N_("Departments without a login are told by telephone within"), "int", 4, "assumed", WORKS, HOURS, 1, 72),
    Setting("cost_case_wd", N_("Cost case of an urgent repair written within"), "int", 2, "assumed", WORKS, WORKING_DAYS, 1, 30),
    Setting(
        "repair_late_rule", N_("Penalty proposed when a crew does not come in time (DL-22)"), "choice", "K-20", "assumed", WORKS,
        choices=(
            ("K-20", N_("K-20 Not rectifying within the limit, 200 yuan")),
            ("K-08", N_("K-08 Problem from a call or complaint, the manager decides")),
        ),
    ),
    Setting("penalty_appeal_wd", N_("A penalty may be appealed within"), "int", 3, "assumed", WORKS, WORKING_DAYS, 1, 30),
    Setting("penalty_count_days", N_("Penalties of the same rule are counted over"), "int", 365, "assumed", WORKS, DAYS, 30, 3650),
    Setting(
        "map_url", N_("Map of an address"), "text", "https://uri.amap.com/search?keyword={address}", "assumed", WORKS,
        help=N_("{address} stands for the address"),
    ),
    Setting("crew_rating_days", N_("Rating of crews: repairs closed in the last"), "int", 365, "assumed", WORKS, DAYS, 1, 3650),
    Setting("crew_rating_rework", N_("Rating of crews: weight of rework"), "int", 50, "assumed", WORKS, PERCENT, 0, 100),
    Setting("crew_rating_late", N_("Rating of crews: weight of coming late"), "int", 30, "assumed", WORKS, PERCENT, 0, 100),
    Setting("crew_rating_cost", N_("Rating of crews: weight of the cost it bears"), "int", 20, "assumed", WORKS, PERCENT, 0, 100),
    Setting("crew_rating_cost_full", N_("Rating of crews: cost per repair that takes the whole weight"), "decimal", "1000", "assumed", WORKS, YUAN, 1, 1_000_000),
    Setting("call_completion_days", N_("Call after completion, once the warranty is issued, within"), "int", 10, "ext", WORKS, DAYS, 1, 60),
    Setting("call_material_days", N_("DL-28 Call after the material acceptance within"), "int", 3, "assumed", CALLS, DAYS, 1, 60),
    Setting("call_concealed_days", N_("DL-28 Call after the concealed works within"), "int", 3, "assumed", CALLS, DAYS, 1, 60),
    Setting("call_waterproof_days", N_("DL-28 Call after the waterproofing test within"), "int", 3, "assumed", CALLS, DAYS, 1, 60),
    Setting("call_mid_days", N_("DL-28 Call after the mid-term acceptance within"), "int", 3, "ext", CALLS, DAYS, 1, 60),
    Setting("call_one_month_days", N_("DL-28 Call one month after completion within"), "int", 5, "assumed", CALLS, DAYS, 1, 60),
    Setting("call_warranty_days", N_("DL-28 Regular call in the warranty within"), "int", 10, "ext", CALLS, DAYS, 1, 60),
    Setting(
        "call_a_owner", N_("Grade A: who makes the mid-term and the completion call"), "choice", "LEAD", "assumed", CALLS,
        choices=(
            ("LEAD", N_("A lead specialist, else the manager")),
            ("MANAGER", N_("The manager")),
            ("OWNER", N_("The customer's specialist")),
        ),
    ),
    Setting("call_periodic", N_("Regular calls in the warranty: every 3 months, then 6, then yearly"), "bool", False, "ext", CALLS),
    Setting("call_hours", N_("Customers are called at"), "hours", "09:00-12:00, 14:00-20:00", "assumed", CALLS, help=N_("The gap between two spans is the rest time in which nobody is called")),
    Setting("call_retry_minutes", N_("Not reached: try again after"), "int", 120, "assumed", CALLS, MINUTES, 10, 1440),
    Setting("call_evening", N_("Not reached again: try in the evening at"), "hours", "18:30", "assumed", CALLS),
    Setting("call_attempt_days", N_("Cannot be reached: failed attempts on different days"), "int", 3, "assumed", CALLS, DAYS, 1, 10),
    Setting("slip_hours", N_("DL-08 Liaison slip settled within, unless it says otherwise"), "int", 48, "assumed", CALLS, HOURS, 1, 480),
    Setting("slip_rounds", N_("Rounds of a liaison slip before it becomes a complaint"), "int", 3, "assumed", CALLS, None, 1, 10),
    Setting("slip_revisit_hours", N_("Ask the customer again after a measure within"), "int", 24, "assumed", CALLS, HOURS, 1, 240),
    Setting("grade_a_alarm_minutes", N_("Grade A unsatisfied: the manager is to act within"), "int", 60, "assumed", CALLS, MINUTES, 5, 1440),
    Setting("access_hours", N_("Leave to read call records lasts"), "int", 72, "assumed", CALLS, HOURS, 1, 720),
    Setting("club_invite_days", N_("Invitation to the club after the warranty is issued within"), "int", 10, "assumed", WORKS, DAYS, 1, 60),
    Setting("repair_call_days", N_("DL-23 Call after the repair"), "int", 3, "seed", WORKS, DAYS, 1, 60),
    Setting("survey_settlement", N_("Lines of the project evaluation (F-18)"), "lines", QUESTIONS_SETTLEMENT, "seed", SURVEYS, help=QUESTION_FORM),
    Setting("survey_repair", N_("Lines of the evaluation of a repair"), "lines", QUESTIONS_SHORT, "assumed", SURVEYS, help=QUESTION_FORM),
    Setting("survey_periodic", N_("Lines of the periodic survey"), "lines", QUESTIONS_SHORT, "assumed", SURVEYS, help=QUESTION_FORM),
    Setting("survey_service_end", N_("Lines of the survey at the end of a service"), "lines", ["* 总体"], "seed", SURVEYS),
    Setting("survey_service_end_waits", N_("A service that ends without a score leaves a survey to be sent"), "bool", False, "assumed", SURVEYS),
    Setting("survey_low_score", N_("Liaison slip for scores up to"), "int", 2, "seed", SURVEYS, POINTS, 1, 4),
    Setting("survey_severe_score", N_("Complaint for scores up to (0: never)"), "int", 1, "assumed", SURVEYS, POINTS, 0, 4),
    Setting("survey_link_days", N_("The link of a survey is open for"), "int", 14, "assumed", SURVEYS, DAYS, 1, 90),
    Setting("survey_sample", N_("Customers asked each half year (0: none)"), "int", 30, "assumed", SURVEYS, None, 0, 1000),
    Setting("survey_rest_days", N_("Customers are not asked again by the half-yearly sample within"), "int", 180, "assumed", SURVEYS, DAYS, 0, 1000),
    Setting("suggestion_decision_wd", N_("DL-09 Department decides on a suggestion"), "int", 5, "assumed", CLOCKS, WORKING_DAYS, 1, 60),
    Setting("client_key_days", N_("A form sent again is known for"), "int", 180, "assumed", WORKS, DAYS, 30, 3650),
    Setting("entry_age_days", N_("What a phone wrote without signal is carried out at once for"), "int", 30, "assumed", WORKS, DAYS, 1, 180),
    Setting("phone_clock_hours", N_("A phone's clock may be wrong by"), "int", 12, "assumed", WORKS, HOURS, 1, 240),
    Setting("repair_repeat_days", N_("The same trade again within these days is a repair of the repair"), "int", 30, "assumed", WORKS, DAYS, 0, 365),
    Setting("materials", N_("Materials that complaints, repairs and slips name"), "lines", MATERIALS, "assumed", WORKS),
    Setting("repeat_days", N_("Repeats: the same crew, estate, trade, category or material within"), "int", 90, "assumed", WORKS, DAYS, 1, 730),
    Setting("repeat_least", N_("Repeats are told from so many earlier ones of a crew, an estate, a material"), "int", 1, "assumed", WORKS, None, 1, 100),
    Setting("repeat_least_kind", N_("Repeats are told from so many earlier ones of a trade or a category"), "int", 2, "assumed", WORKS, None, 1, 100),
    Setting("warranty_issue_wd", N_("DL-21 Warranty issued after the final payment"), "int", 1, "assumed", WORKS, WORKING_DAYS, 1, 30),
    Setting("warranty_notice_days", N_("Notice before a warranty term ends"), "int", 30, "assumed", WORKS, DAYS, 1, 365),
    Setting("warranty_borderline_days", N_("Just over the term: up to"), "int", 30, "assumed", WORKS, DAYS, 0, 365),
    Setting("photo_side", N_("Longest side of a photo from the phone"), "int", 1920, "assumed", PHONE, N_("pixels"), 640, 4096),
    Setting("repair_photo_arrive", N_("Photo before the repair"), "choice", "ALWAYS", "seed", PHONE, choices=PHOTO_RULES),
    Setting("repair_photo_finish", N_("Photo after the repair"), "choice", "ALWAYS", "seed", PHONE, choices=PHOTO_RULES),
    Setting("repair_checks_arrive", N_("Checklist on arrival"), "lines", CHECKS_ARRIVE, "assumed", PHONE, help=LINE_FORM),
    Setting("repair_checks_finish", N_("Checklist when the work is done"), "lines", CHECKS_FINISH, "assumed", PHONE, help=LINE_FORM),
    Setting("repair_checks_sign_off", N_("Checklist before the customer signs"), "lines", CHECKS_SIGN_OFF, "assumed", PHONE, help=LINE_FORM),
    Setting("rectify_days", N_("Days to rectify"), "int", 3, "assumed", WORKS, DAYS, 1, 60),
    Setting("warranty_years_basic", N_("Warranty: basic works"), "int", 2, "assumed", WORKS, N_("years"), 0, 50),
    Setting("warranty_years_woodwork", N_("Warranty: woodwork"), "int", 3, "assumed", WORKS, N_("years"), 0, 50),
    Setting("warranty_years_water_electric", N_("Warranty: water and electricity"), "int", 5, "assumed", WORKS, N_("years"), 0, 50),
    Setting("warranty_years_waterproof", N_("Warranty: waterproofing"), "int", 5, "assumed", WORKS, N_("years"), 0, 50),
    Setting("warranty_years_hardware", N_("Warranty: hardware and switches"), "int", 2, "assumed", WORKS, N_("years"), 0, 50),
    Setting("warranty_years_paint", N_("Warranty: paint and walls"), "int", 2, "assumed", WORKS, N_("years"), 0, 50),
    Setting("warranty_least_years", N_("Warranty: least years by law"), "int", 2, "ext", WORKS, N_("years"), 0, 50),
    Setting("warranty_least_years_waterproof", N_("Warranty: least years by law against leaks"), "int", 5, "ext", WORKS, N_("years"), 0, 50),
    Setting("cancellation_liability_wd", N_("DL-25 Cancellation: liability"), "int", 3, "seed", CLOCKS, WORKING_DAYS, 1, 60),
    Setting("cancellation_notice_wd", N_("DL-26 Cancellation: notice"), "int", 7, "seed", CLOCKS, WORKING_DAYS, 1, 60),
    Setting("cancellation_design_wd", N_("Cancellation: design's opinion within"), "int", 1, "assumed", CLOCKS, WORKING_DAYS, 1, 30),
    Setting("cancellation_void_wd", N_("Cancellation: contract voided after the notice within"), "int", 1, "assumed", CLOCKS, WORKING_DAYS, 1, 30),
    Setting("wage_recovery_months", N_("DL-16 Share recovered from the wage in the month of the payment, or so many later"), "int", 0, "seed", MONEY, N_("months"), 0, 12),
    Setting("wage_warning_percent", N_("Warn when a share takes more of a month's wage than"), "decimal", "20", "ext", MONEY, PERCENT, 0, 100),
    Setting("minimum_wage", N_("Minimum wage that must remain of a month's wage (0: not looked at)"), "decimal", "0", "ext", MONEY, YUAN, 0, 100_000),
    Setting("approval_deputy_limit", N_("Compensation the deputy general manager decides up to"), "decimal", "5000", "assumed", MONEY, YUAN, 0, 10_000_000),
    Setting("approval_both_leaders", N_("Above that the deputy general manager decides first"), "bool", False, "assumed", MONEY),
    Setting("approval_evidence", N_("A leader's word needs a scan, or where the signed paper is"), "bool", True, "assumed", MONEY),
    Setting("certification_rate", N_("Market certification fee, where it was charged"), "decimal", "1", "ext", MONEY, PERCENT, 0, 100),
    Setting("loss_rate", N_("Loss fee"), "decimal", "10", "assumed", MONEY, PERCENT, 0, 100),
    Setting("cost_case_limit", N_("Repair cost that needs the general manager"), "decimal", "1000", "assumed", MONEY, YUAN, 0, 1_000_000),
    Setting("cost_case_tolerance", N_("Repair cost above the estimate without being confirmed anew"), "decimal", "10", "assumed", MONEY, PERCENT, 0, 100),
    Setting("payment_split", N_("Payments: first / mid / final"), "split", [60, 35, 5], "assumed", MONEY, PERCENT),
    Setting("loan_days", N_("Archive loan"), "int", 3, "assumed", WORKS, WORKING_DAYS, 1, 60),
    Setting("report_due_time", N_("DL-29 Reports are delivered by"), "hours", "18:00", "seed", REPORTS),
    Setting("report_saturday_time", N_("DL-29 Saturday report delivered by"), "hours", "12:00", "seed", REPORTS),
    Setting("report_day_rp01", N_("RP-01 Analysis of follow-up calls on"), "choice", "2", "seed", REPORTS, choices=WEEKDAYS),
    Setting("report_day_rp02", N_("RP-02 Weekly report on"), "choice", "3", "seed", REPORTS, choices=WEEKDAYS),
    Setting("report_day_rp03", N_("RP-03 Work report to the operating meeting on"), "choice", "6", "seed", REPORTS, choices=WEEKDAYS),
    Setting("reports_off", N_("Reports the calendar does not make"), "lines", [], "assumed", REPORTS, help=N_("One code in each line, like RP-17.")),
    Setting("shift_times", N_("Shifts"), "hours", "08:30-14:30, 14:00-20:00", "assumed", WORKS),
    Setting("touch_grace_days", N_("A message is late when it is not sent within, after its day"), "int", 1, "seed", TOUCHES, DAYS, 0, 30),
    Setting("touch_stop_signed", N_("No messages to customers who have signed"), "bool", True, "assumed", TOUCHES),
    Setting("touch_stop_lost", N_("No messages to customers who are lost"), "bool", True, "assumed", TOUCHES),
    Setting("touch_restart", N_("A later visit ends the messages of the one before"), "bool", True, "assumed", TOUCHES),
    Setting(
        "touch_text_handover_30", N_("30 days before the hand-over"), "text",
        "{客户}您好，恭喜您的新房即将交付！我是{公司}的{我}，收房、验房有不清楚的地方，随时问我。如不需要此类消息，请告诉我。", "assumed", TOUCHES, help=TOUCH_FORM,
    ),
    Setting(
        "touch_text_handover_15", N_("15 days before the hand-over"), "text",
        "{客户}您好，{小区}将于{交房日期}交付，我们正在征集样板间，参加者可优先量房、出方案。想了解请回复我，{公司}{我}。", "assumed", TOUCHES, help=TOUCH_FORM,
    ),
    Setting(
        "touch_text_handover_3", N_("3 days before the hand-over"), "text",
        "{客户}您好，您的新房几天后就要交付了，诚邀您到店坐坐，设计师当面为您看户型、谈方案。{公司}{我}恭候。", "assumed", TOUCHES, help=TOUCH_FORM,
    ),
    Setting(
        "touch_text_visit_0", N_("On leaving the shop"), "text",
        "{客户}您好，感谢您今天到店。我是{公司}的{我}，您提到的问题我已记下，有任何疑问都可以找我。", "assumed", TOUCHES, help=TOUCH_FORM,
    ),
    Setting(
        "touch_text_visit_3", N_("3 days after the visit"), "text",
        "{客户}您好，前几天看过的样板和材料，还有想进一步了解的吗？我可以把资料发给您。{公司}{我}", "assumed", TOUCHES, help=TOUCH_FORM,
    ),
    Setting(
        "touch_text_visit_5", N_("5 days after the visit"), "text",
        "{客户}您好，设计师可以按您的户型免费做平面方案，方便约个时间量房吗？{公司}{我}", "assumed", TOUCHES, help=TOUCH_FORM,
    ),
    Setting(
        "touch_text_visit_7", N_("7 days after the visit"), "text",
        "{客户}您好，我们在您附近有在建工地，欢迎约时间实地看看工艺。{公司}{我}", "assumed", TOUCHES, help=TOUCH_FORM,
    ),
    Setting(
        "touch_text_visit_15", N_("15 days after the visit"), "text",
        "{客户}您好，装修的事考虑得怎么样了？如有顾虑请直说，我们尽力为您解决；暂时不考虑也没关系。{公司}{我}", "assumed", TOUCHES, help=TOUCH_FORM,
    ),
    Setting("digest_time", N_("Morning digest at"), "hours", "08:15", "assumed", NOTICES),
    Setting("smtp_host", N_("Mail server"), "text", "", "assumed", NOTICES),
    Setting("smtp_port", N_("Mail server port"), "int", 25, "assumed", NOTICES, None, 1, 65535),
    Setting("smtp_user", N_("Mail user"), "text", "", "assumed", NOTICES),
    Setting("smtp_password", N_("Mail password"), "text", "", "assumed", NOTICES),
    Setting("smtp_starttls", N_("Encrypt with STARTTLS"), "bool", False, "assumed", NOTICES),
    Setting("mail_from", N_("Sender address"), "text", "portal@localhost", "assumed", NOTICES),
    Setting("note_edit_minutes", N_("One's own note can be changed for"), "int", 15, "assumed", NOTICES, MINUTES, 0, 1440),
    Setting("mail_each_notice", N_("E-mail each urgent notice at once"), "bool", True, "assumed", NOTICES),
    Setting("second_factor_roles", N_("Roles that need a second factor"), "roles", [], "assumed", SIGN_IN),
    Setting("session_idle_minutes", N_("Sign out after idle"), "int", 30, "ext", SIGN_IN, MINUTES, 5, 1440),
    Setting("session_hours", N_("Sign out at the latest after"), "int", 10, "ext", SIGN_IN, HOURS, 1, 72),
    Setting("unmask_per_day", N_("Full phone numbers a person may see a day"), "int", 120, "assumed", SIGN_IN, None, 1, 10_000),
    Setting("export_specialists", N_("Specialists may export the lists they see"), "bool", False, "seed", EXPORTS),
    Setting("export_max_rows", N_("Rows in one file, at most"), "int", 200_000, "assumed", EXPORTS, None, 1, 1_000_000),
    Setting("export_keep_days", N_("A file is kept for"), "int", 7, "assumed", EXPORTS, DAYS, 1, 90),
    Setting("print_max_forms", N_("Forms in one file, at most"), "int", 200, "assumed", EXPORTS, None, 1, 1_000),
    Setting("change_max_rows", N_("Records changed together, at most"), "int", 2000, "assumed", CHANGES, None, 1, 20_000),
    Setting("step_undo_minutes", N_("A step of many records can be taken back for"), "int", 30, "assumed", CHANGES, MINUTES, 1, 1_440),
    Setting("change_keep_days", N_("A change of many records can be taken back for"), "int", 30, "assumed", CHANGES, DAYS, 1, 365),
)  # fmt: skip

SETTINGS: dict[str, Setting] = {setting.key: setting for setting in _DECLARED}
SECRETS = frozenset({"smtp_password"})
"""Shown as dots, and never written into an event."""


_CHANGED = Prepared(select(SettingValue.key, SettingValue.value))
_read: Kept[str, dict[str, Any]] = Kept(50)
"""What differs from the defaults, by the rows that say so."""


def get(session: Session, key: str) -> Any:
    """The value in force. Read once per transaction; `decimal` settings come as Decimal. Raises KeyError."""
    values: dict[str, Any] | None = session.info.get("settings")
    if values is None:
        rows = _CHANGED.raw(session, {})
        said = repr(rows)  # PostgreSQL's driver gives lists as lists, which are no keys
        values = _read.get(said)
        if values is None:
            values = _read.keep(said, dict(map(_CHANGED.reader(session), rows)))
        session.info["settings"] = values
    setting = SETTINGS[key]
    value = values.get(key, setting.default)
    return Decimal(str(value)) if setting.kind == "decimal" else value


def forget(session: Session) -> None:
    """Drop what was read, after a change or at the end of a request."""
    session.info.pop("settings", None)


def second_factor_roles(session: Session) -> set[Role]:
    """The roles for which the manager demands a second factor."""
    return {Role(role) for role in get(session, "second_factor_roles")}


Parser = Callable[[str], Any]
Values = Mapping[str, Any]
