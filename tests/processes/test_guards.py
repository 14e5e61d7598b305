"""The conditions of the steps, each with the facts that meet it and those that do not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from portal.processes import complaint, consultation
from portal.processes.complaint import PROCESS, Category, Verdict


def case(**facts: Any) -> SimpleNamespace:
    plain = {
        "verdict": None,
        "departments": [],
        "rounds": [SimpleNamespace(customer_signed=None, no_signature_reason=None, follow_up_satisfied=None)],
        "round_no": 1,
        "is_multi_department": False,
        "costs_money": False,
        "plan_seen_by_id": None,
    }
    return SimpleNamespace(**(plain | facts))


def last(**facts: Any) -> SimpleNamespace:
    plain = {"customer_signed": None, "no_signature_reason": None, "follow_up_satisfied": None}
    return SimpleNamespace(**(plain | facts))


def department(**facts: Any) -> SimpleNamespace:
    return SimpleNamespace(**({"signed_at": None, "copy_left": False, "replaced_at": None} | facts))


GUARDS = [
    (complaint.VERDICT_NOT_ESTABLISHED, case(verdict=Verdict.NOT_ESTABLISHED), True),
    (complaint.VERDICT_NOT_ESTABLISHED, case(verdict=Verdict.MALICIOUS), False),
    (complaint.VERDICT_NOT_ESTABLISHED, case(), False),
    (complaint.VERDICT_MALICIOUS, case(verdict=Verdict.MALICIOUS), True),
    (complaint.VERDICT_MALICIOUS, case(verdict=Verdict.ESTABLISHED), False),
    (complaint.HEAD_SIGNED, case(departments=[department(signed_at="10:00")]), True),
    (complaint.HEAD_SIGNED, case(departments=[department(signed_at="10:00", replaced_at="11:00")]), False),
    (complaint.HEAD_SIGNED, case(departments=[department()]), False),
    (complaint.HEAD_SIGNED, case(), False),
    (complaint.COPY_LEFT, case(departments=[department(copy_left=True)]), True),
    (complaint.COPY_LEFT, case(departments=[department(copy_left=True, replaced_at="11:00")]), False),
    (complaint.COPY_LEFT, case(departments=[department(signed_at="10:00")]), False),
    (complaint.PLAN_SEEN, case(), True),
    (complaint.PLAN_SEEN, case(is_multi_department=True), False),
    (complaint.PLAN_SEEN, case(costs_money=True), False),
    (complaint.PLAN_SEEN, case(costs_money=True, is_multi_department=True, plan_seen_by_id=5), True),
    (complaint.SIGNATURE_OR_REASON, case(rounds=[last(customer_signed=True)]), True),
    (complaint.SIGNATURE_OR_REASON, case(rounds=[last(no_signature_reason="客户外出")]), True),
    (complaint.SIGNATURE_OR_REASON, case(rounds=[last(customer_signed=False)]), False),
    (complaint.SIGNATURE_OR_REASON, case(rounds=[last(customer_signed=True), last()]), False),
    (complaint.SIGNATURE_OR_REASON, case(rounds=[]), False),
    (complaint.FOLLOW_UP_SATISFIED, case(rounds=[last(follow_up_satisfied=True)]), True),
    (complaint.FOLLOW_UP_SATISFIED, case(rounds=[last(follow_up_satisfied=False)]), False),
    (complaint.FOLLOW_UP_SATISFIED, case(), False),
    (complaint.FIRST_UNSATISFIED, case(round_no=1), True),
    (complaint.FIRST_UNSATISFIED, case(round_no=2), False),
    (consultation.IS_COMMON, SimpleNamespace(complexity="COMMON"), True),
    (consultation.IS_COMMON, SimpleNamespace(complexity="SPECIAL"), False),
    (consultation.CONSENT_AND_WAIT, SimpleNamespace(transfer_consent=True, wait_told=True), True),
    (consultation.CONSENT_AND_WAIT, SimpleNamespace(transfer_consent=True, wait_told=False), False),
    (consultation.CONSENT_AND_WAIT, SimpleNamespace(transfer_consent=False, wait_told=True), False),
]


@pytest.mark.parametrize(("guard", "facts", "holds"), GUARDS, ids=lambda value: getattr(value, "code", None))
def test_a_guard_holds_exactly_when_its_facts_do(guard, facts, holds):
    assert guard.holds(facts) is holds


STANDING = {
    "explain": {"not-founded"},
    "refuse": {"malicious"},
    "hand-over": {"head-signed", "copy-left"},
    "reassign": {"head-signed", "copy-left"},
    "plan": {"plan-seen"},
    "visit": {"signature"},
    "close": {"satisfied"},
    "rework": {"first-time"},
}


def test_every_guard_stands_at_its_step():
    found = {step.action: {guard.code for guard in step.guards} for step in PROCESS.transitions if step.guards}
    assert found == STANDING


def test_what_needs_input_is_asked_only_when_the_step_is_carried_out():
    step = PROCESS.transition("REGISTERED", "hand-over")
    assert PROCESS.unmet(step, case(), entered=False) == []
    assert {guard.code for guard in PROCESS.unmet(step, case(), entered=True)} == {"head-signed", "copy-left"}
    again = PROCESS.transition("VISITED", "rework")
    assert [guard.code for guard in PROCESS.unmet(again, case(round_no=2), entered=False)] == ["first-time"]


LEAD = {
    "DESIGN": ("DESIGN",),
    "SALES": ("STORE",),
    "QUALITY": ("ENGINEERING",),
    "SCHEDULE": ("ENGINEERING",),
    "SITE": ("ENGINEERING",),
    "MATERIAL": ("PURCHASING",),
    "PERSONNEL": (),
    "MONEY": ("FINANCE", "DESIGN"),
    "REPAIR": ("SERVICE", "ENGINEERING"),
    "SERVICE": ("SERVICE",),
    "NEIGHBOUR": ("ENGINEERING",),
    "OTHER": ("SERVICE",),
}


@pytest.mark.parametrize("category", Category)
def test_the_department_that_leads_for_a_category(category):
    assert complaint.LEAD_DEPARTMENTS[category] == LEAD[category.value]
