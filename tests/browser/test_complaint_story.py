"""A specialist carries a complaint from the first day to the closed file, with JavaScript and by plain forms."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from portal.db import session
from portal.models.complaint import Complaint
from tests.browser.conftest import DESKTOP, PHONE, go_to

STORIES = [
    pytest.param("楼道垃圾三天未清运", True, DESKTOP, id="with-javascript"),
    pytest.param("吊顶停工五天", False, DESKTOP, id="without-javascript"),
    pytest.param("橱柜增项未经签字", True, PHONE, id="phone"),
]


class Case:
    """One complaint in the browser."""

    def __init__(self, page, portal, subject):
        self.page, self.portal = page, portal
        query = select(Complaint.number).where(Complaint.subject == subject, Complaint.state == "REGISTERED")
        self.number = portal.ask(lambda: session().scalars(query).one())
        self.path = f"{portal.url}/records/complaints/{self.number}"

    def open(self):
        self.page.wait_for_load_state()  # what is still loading would be cut off
        go_to(self.page, self.path)

    def at(self, local):
        """Some time later the specialist signs in again and looks: half an hour away ends the session."""
        self.portal.clock.set(local)
        self.open()
        self.page.locator("button[name=username][value=specialist]").click()
        expect(self.page.locator(".status-bar")).to_be_visible()

    def begin(self, label):
        """Press the button of a step and come to its page."""
        self.page.locator(".record-actions").get_by_role("link", name=label).click()
        expect(self.page.locator("h1")).to_have_text(label)

    def fill(self, **fields):
        for name, value in fields.items():
            control = self.page.locator(f"#{name}")
            if value is True:
                control.check()
            elif control.evaluate("element => element.tagName") == "SELECT":
                control.select_option(value)
            else:
                control.fill(value)

    def send(self):
        self.page.locator("#step button.primary").click()

    def expect_state(self, label):
        expect(self.page.locator(".status-bar li.now-at")).to_have_text(label)
        assert self.page.url.split("?")[0] == self.path

    def clock(self, code):
        return self.page.locator(".clock-track > li").filter(has_text=code)


@pytest.mark.parametrize(("subject", "java_script", "width"), STORIES)
def test_from_registered_to_closed(desk, portal, subject, java_script, width):
    page = desk("specialist", java_script=java_script, width=width).page
    case = Case(page, portal, subject)
    case.open()
    case.expect_state("已登记")
    expect(case.clock("DL-11")).to_contain_text("尚未起算")

    refusing = page.get_by_role("button", name="恶意，拒绝受理")
    expect(refusing).to_have_attribute("aria-disabled", "true")
    reason = page.locator(f"#{refusing.get_attribute('aria-describedby')}")
    expect(reason).to_contain_text("客服经理")
    if java_script:
        refusing.click(force=True)
        expect(reason).to_be_visible()

    case.begin("转部门签收")
    case.send()
    expect(page.locator(".form-errors")).to_contain_text("复印件")
    case.fill(copy_left=True)
    further = page.locator("[name=further_departments]:checked")
    while further.count():
        further.first.uncheck()
    case.send()
    case.expect_state("已转部门签收")
    expect(case.clock("DL-10")).to_contain_text("提前" if subject != "吊顶停工五天" else "逾期")
    expect(case.clock("DL-11")).to_contain_text("剩")

    page.locator("details.why summary").first.click()
    expect(page.locator("details.why[open] svg").first).to_be_visible()
    expect(page.locator("details.why[open] dl").first).to_contain_text("24")

    case.at("2026-11-17 11:30")
    case.begin("登记核实电话")
    case.fill(verify_result="情况属实")
    case.send()
    case.expect_state("已电话核实")

    case.begin("登记方案及上门时间")
    case.fill(plan="当天清走并每天检查", visit_appointment="2026-11-17T15:00", customer_agreed="yes")
    case.send()
    case.expect_state("已定方案及上门时间")

    case.at("2026-11-17 15:30")
    case.begin("登记上门处理")
    case.fill(visit_by="石磊、清扫组", solution_record="全部清走，楼道已拖洗")
    case.send()
    expect(page.locator(".field", has=page.locator("#no_signature_reason")).locator(".error")).to_be_visible()
    assert page.locator("#solution_record").input_value() == "全部清走，楼道已拖洗"
    case.fill(customer_signed=True)
    case.send()
    case.expect_state("已上门处理")

    case.at("2026-11-17 16:30")
    case.begin("结案")
    case.fill(follow_up_satisfied="yes", root_cause="没有人负责清运", improvement="每日收工拍照", responsible="工程部")
    case.send()
    case.expect_state("已结案")
    expect(case.clock("DL-14")).to_contain_text("提前")
    expect(page.locator(".record-actions").get_by_role("link")).to_have_count(0)
    expect(page.locator("#talk")).to_contain_text("已结案")
    expect(page.locator("main")).to_contain_text("每日收工拍照")
