"""Leave: entered by whoever goes, worked by whoever stands in, ended again."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import PHONE

MINE = "/records/tasks?filter=mine,open"


def test_whoever_stands_in_has_the_work_until_the_leave_is_ended(desk):
    front_desk, instead = desk("front_desk"), desk("specialist")
    hers = instead.page.locator("tr.line", has_text="李敏")
    instead.go(MINE)
    expect(hers).to_have_count(0)

    page = front_desk.go("/account/absences")
    colleague = page.locator("#instead option", has_text="周晓雯").get_attribute("value")
    page.locator("#instead").select_option(colleague)
    page.locator("#reason").fill("婚假")
    page.get_by_role("button", name="保存").click()
    line = page.locator("tr.line", has_text="李敏")
    expect(line).to_contain_text("由周晓雯代理")
    expect(line).to_contain_text("请假中")

    instead.go(MINE)
    expect(hers.first).to_be_visible()
    expect(desk("manager").go("/manager/absences").locator(".leave-month")).to_contain_text("李敏")

    line.get_by_role("button", name="结束代理").click()
    expect(line.get_by_role("button", name="结束代理")).to_have_count(0)
    instead.go(MINE)
    expect(hers).to_have_count(0)


def test_leave_fits_a_phone(desk):
    for who, path in (("specialist", "/account/absences"), ("manager", "/manager/absences")):
        page = desk(who, width=PHONE).go(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE, path
