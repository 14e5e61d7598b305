"""Definitions that fit together, and a Chinese word for everything they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules

import pytest

import portal.models
import portal.processes
from portal import i18n
from portal.i18n import N_, Text
from portal.permissions import Permission, Role, who_may
from portal.processes import base, complaint
from portal.processes.base import Process, Transition, check
from portal.processes.registry import PROCESSES
from portal.services.setting_changes import PROVENANCE
from portal.settings import SETTINGS
from portal.terms import Term

ALLOWED = re.compile(r"RP-\d\d|DL-\d\d|[FKRP]-?\d\d|STARTTLS|\{address\}|Excel|CSV|\.xlsx|\b[ABC] [级級]")
"""Codes of the manual, a technical name, customer grades: the only Latin letters in a Chinese label."""


@pytest.fixture(autouse=True)
def chinese() -> Iterator[None]:
    with i18n.use_locale("zh_Hans"):
        yield


@pytest.mark.parametrize("process", PROCESSES.values(), ids=lambda process: process.code)
def test_a_process_is_sound(process):
    assert check(process) == []


@pytest.mark.parametrize("process", PROCESSES.values(), ids=lambda process: process.code)
def test_every_step_can_be_taken_by_somebody_and_every_limit_is_a_setting(process):
    for step in process.transitions:
        assert who_may(step.permission), f"nobody may {step.action}"
        for name in (*step.required, *step.optional):
            assert name in process.field_labels, f"{step.action}: {name} has no label"
        assert step.happened_field is None or step.happened_field in (*step.required, *step.optional)
    for clock in process.deadlines:
        for key in (clock.setting, clock.cap_setting, clock.clock_setting):
            assert key is None or key in SETTINGS
        assert not clock.starts or clock.starts & {state.code for state in process.states if not state.final}, (
            clock.code
        )


def _broken(**changes: object) -> Process:
    return replace(complaint.PROCESS, **changes)  # type: ignore[arg-type]


def _step(**changes: object) -> Transition:
    return replace(complaint.PROCESS.transitions[1], **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("process", "problem"),
    [
        (_broken(states=(*complaint.PROCESS.states, complaint.PROCESS.states[0])), "REGISTERED listed twice"),
        (_broken(transitions=(*complaint.PROCESS.transitions, _step(target="NOWHERE"))), "unknown state NOWHERE"),
        (
            _broken(transitions=(*complaint.PROCESS.transitions, _step(sources=frozenset({"LOST"})))),
            "unknown state LOST",
        ),
        (_broken(states=(*complaint.PROCESS.states, base.State("ALONE", N_("Alone")))), "no step leads to ALONE"),
        (_broken(states=(*complaint.PROCESS.states, base.State("ALONE", N_("Alone")))), "ALONE is a dead end"),
        (
            _broken(deadlines=(replace(complaint.PROCESS.deadlines[0], met_by=frozenset({"NEVER"})),)),
            "DL-10 names unknown state NEVER",
        ),
    ],
)
def test_an_unsound_process_is_noticed(process, problem):
    assert any(problem in said for said in check(process)), check(process)


# ---- words --------------------------------------------------------------------------------------------------------


def _terms() -> Iterator[type[Term]]:
    for package in (portal.models, portal.processes):
        for found in iter_modules(package.__path__):
            import_module(f"{package.__name__}.{found.name}")
    yield from Term.__subclasses__()


def _texts() -> Iterator[tuple[str, Text]]:
    for terms in _terms():
        for member in terms:
            yield f"{terms.__name__}.{member.name}", member.label
    for role in Role:
        yield f"role {role}", role.label
    for process in PROCESSES.values():
        yield f"{process.code} title", process.title
        yield f"{process.code} purpose", process.purpose
        for state in process.states:
            yield f"{process.code} {state.code}", state.label
            assert state.meaning is not None, f"{process.code} {state.code} does not say what it means"
            yield f"{process.code} {state.code} meaning", state.meaning
        for step in process.transitions:
            yield f"{process.code} {step.action}", step.label
            for guard in step.guards:
                yield f"{process.code} guard {guard.code}", guard.label
        for clock in process.deadlines:
            yield f"{process.code} {clock.code}", clock.label
        for name, label in process.field_labels.items():
            yield f"{process.code} field {name}", label
    for key, setting in SETTINGS.items():
        yield f"setting {key}", setting.label
        yield f"setting {key} group", setting.group
        if setting.unit:
            yield f"setting {key} unit", setting.unit
        if setting.help:
            yield f"setting {key} help", setting.help
        for value, label in setting.choices:
            yield f"setting {key} {value}", label
    for name, label in PROVENANCE.items():
        yield f"provenance {name}", label


@pytest.mark.parametrize("locale", ["zh_Hans", "zh_Hant"])
def test_everything_that_has_a_name_has_a_chinese_one(locale):
    missing = []
    with i18n.use_locale(locale):
        for where, text in _texts():
            said = str(text)
            if not said or re.search("[A-Za-z]", ALLOWED.sub("", said)):
                missing.append(f"{where}: {said!r}")
    assert not missing, "no Chinese word in portal/translations/zh_Hans:\n" + "\n".join(missing)


STATES = {
    "P01": {"LOGGED": "已登记", "FORWARDED": "已转办", "ANSWERED": "已答复", "CLOSED": "已完结"},
    "P02": {"DUE": "待发送", "SENT": "已发送", "SKIPPED": "已跳过"},
    "P05": {
        "SIGNED": "已签约",
        "ARCHIVED": "已登记建档",
        "TO_DISPATCH": "待派单",
        "DISPATCHED": "已派施工队",
        "MATERIAL_CARD": "已开领料卡",
        "START_SET": "已定开工日期",
        "IN_PROGRESS": "在施工",
        "PRE_ACCEPTED": "预验收合格",
        "ACCEPTED": "竣工验收合格",
        "SETTLED": "尾款已结",
        "IN_WARRANTY": "保修期内",
        "OUT_OF_WARRANTY": "已出保",
        "SUSPENDED": "停工",
        "CANCELLED": "已退单",
    },
    "P03": {
        "INTENT": "意向",
        "NEGOTIATING": "洽谈中",
        "LEGAL_REVIEW": "法务审核中",
        "LEGAL_RETURNED": "法务退回修改",
        "READY_TO_SIGN": "待签约",
        "SIGNED": "已签约",
        "COMPLETED": "已履行完",
        "TERMINATED": "已注销",
    },
    "P04": {
        "SUBMITTED": "待审核",
        "RETURNED": "退回店面整改",
        "PASSED": "审核合格",
        "SIGNED": "已签约",
        "SIGNED_WITHOUT_PASS": "违规签约",
        "WITHDRAWN": "已撤回",
    },
    "P07": {
        "PLANNED": "待回访",
        "ATTEMPTED": "未接通",
        "MISSED": "逾期未访",
        "UNREACHABLE": "联系不上",
        "DONE_SATISFIED": "已回访-满意",
        "DONE_UNSATISFIED": "已回访-不满意",
        "RESOLVED": "已反馈待复访",
        "CLOSED": "已闭环",
        "ESCALATED": "转投诉",
        "CANCELLED": "已取消",
    },
    "P07-2": {
        "OPEN": "待签收",
        "RECEIVED": "已签收",
        "REOPENED": "复访不满意",
        "DONE": "已整改",
        "VERIFIED": "复访满意",
        "ESCALATED": "转投诉",
    },
    "P09": {
        "REGISTERED": "已登记",
        "EXPLAINED": "不成立已解释",
        "REFUSED": "恶意拒绝受理",
        "SELF_HANDLING": "客服直接处理",
        "HANDED_OVER": "已转部门签收",
        "VERIFIED": "已电话核实",
        "PLANNED": "已定方案及上门时间",
        "VISITED": "已上门处理",
        "CLOSED": "已结案",
        "ESCALATED": "已升级",
    },
    "P10": {
        "SUBMITTED": "已提交经理",
        "ASSESSING": "经理了解情况",
        "VISIT_SET": "已约上门",
        "LIABILITY_SET": "已界定责任",
        "EXECUTING": "方案执行中",
        "LEADER_REVIEW": "公司主管审核",
        "FINANCE": "财务办理支出凭证",
        "PAID": "已支付",
        "CLOSED": "已结案",
    },
    "P16": {
        "REQUESTED": "申请中",
        "APPROVED": "已批准",
        "OUT": "查阅/借出中",
        "OVERDUE": "逾期",
        "RETURNED": "已归还",
        "REFUSED": "未批准",
        "LOST": "遗失",
    },
    "P17": {
        "APPLIED": "客户已申请",
        "DESIGN_OPINION": "设计部已出意见",
        "LIABILITY_SET": "已界定责任",
        "FINANCE_VERIFIED": "财务已核款",
        "GM_APPROVED": "总经理已批准",
        "GM_REFUSED": "总经理未批准",
        "NOTIFIED": "已通知相关部门",
        "VOIDED": "合同已注销、产值已核减",
        "CLOSED": "已办结",
        "WITHDRAWN": "客户撤回",
    },
    "PA": {
        "WAITING": "待审批",
        "APPROVED": "审批通过",
        "REFUSED": "审批未通过",
        "WITHDRAWN": "已收回",
        "VOID": "金额变更作废",
    },
    "P12": {
        "PREPARING": "验收准备",
        "INITIAL_DONE": "初验合格",
        "NOTICE_SENT": "已发验收通知",
        "RECTIFYING": "整改中",
        "ACCEPTED": "验收合格",
        "SETTLED": "尾款已结",
    },
    "P11": {
        "LISTED": "已申报",
        "SCHEDULED": "已排期",
        "RECTIFYING_1": "第一次整改中",
        "RECTIFYING_2": "第二次整改中",
        "FAILED_3": "三次不合格",
        "PASSED": "预验收合格",
        "WITHDRAWN": "已撤回",
    },
    "P13": {"PENDING": "待办理", "ISSUED": "已办理", "REISSUED": "已补办", "VOID": "已作废", "EXPIRED": "已到期"},
    "P14": {
        "REPORTED": "已报修",
        "CHECKED": "已核保",
        "ASSIGNED": "已派单",
        "ON_SITE": "已到场",
        "QUOTED": "待客户确认报价",
        "REPAIRING": "维修中",
        "DONE": "待客户验收",
        "SIGNED_OFF": "客户已签收",
        "CLOSED": "已结案",
        "DECLINED": "未维修结束",
        "COMPLAINT": "转投诉",
    },
    "P15": {
        "DRAFT": "待核定",
        "CONFIRMED": "工程部已确认",
        "APPROVED": "已审批",
        "EXECUTED": "已施工",
        "CHARGED": "已扣款",
        "CLOSED": "已结案",
    },
    "P18": {
        "PROPOSED": "待审批",
        "APPROVED": "已批准",
        "REJECTED": "已驳回",
        "SENT": "已转执行部门",
        "EXECUTED": "已执行",
        "APPEALED": "申诉中",
        "CANCELLED": "已撤销",
    },
    "P21": {"SENT": "已发放", "ANSWERED": "已回收", "VOID": "无效"},
    "P08": {
        "RECORDED": "已记录",
        "SENT": "已转部门",
        "DECIDED": "已答复",
        "IMPLEMENTED": "已落实",
        "ANSWERED_CUSTOMER": "已反馈客户",
    },
    "P27": {"DRAFT": "草稿", "APPROVED": "已审批", "PUBLISHED": "已发布", "RETIRED": "已停用"},
    "P19": {"DUE": "待生成", "DRAFT": "草稿", "SIGNED": "经理已审", "SENT": "已报送", "LATE": "逾期"},
    "P06-1": {"PROPOSED": "待签字", "SIGNED": "已签字", "WITHDRAWN": "已撤回"},
    "P06-2": {"PROPOSED": "待签字", "SIGNED": "已签字", "WITHDRAWN": "已撤回"},
    "P06-3": {"OPEN": "待整改", "REMOVED": "已消除"},
    "P18-R": {
        "PROPOSED": "待审批",
        "APPROVED": "已批准",
        "REJECTED": "已驳回",
        "SENT": "已转执行部门",
        "EXECUTED": "已执行",
    },
}
ROLES = {
    "FRONT_DESK": "前台",
    "SPECIALIST": "客服专员",
    "REVIEWER": "图纸审核/预验收员",
    "REPAIR_CAPTAIN": "维修队长",
    "MANAGER": "客服经理",
}
TRADITIONAL = {"已登记": "已登記", "已转部门签收": "已轉部門簽收", "不成立已解释": "不成立已解釋", "已答复": "已答覆"}


def test_states_and_roles_are_called_as_in_the_manual():
    for process in PROCESSES.values():
        assert {state.code: str(state.label) for state in process.states} == STATES[process.code]
    assert {role.value: str(role.label) for role in Role} == ROLES


def test_traditional_words_are_those_of_the_dictionary():
    for plain, traditional in TRADITIONAL.items():
        assert i18n.traditional(plain) == traditional


def test_no_two_states_or_steps_of_a_process_look_alike():
    for process in PROCESSES.values():
        labels = [str(state.label) for state in process.states]
        assert len(labels) == len(set(labels))
        for state in process.states:
            buttons = [str(step.label) for step in process.steps_from(state.code)]
            assert len(buttons) == len(set(buttons)), f"{process.code} {state.code}"


def test_every_permission_is_granted_to_somebody():
    assert [permission for permission in Permission if not who_may(permission)] == []
