"""An article from the draft to what everybody has read: written, approved in the inbox, read on a phone, confirmed, printed."""

from __future__ import annotations

from playwright.sync_api import expect
from sqlalchemy import select

from portal.db import session
from portal.models.knowledge import KnowledgeArticle
from tests.browser.conftest import PHONE, WIDTHS

LIST = "/records/knowledge-articles"
TEXT = "# 到场\n穿鞋套，说明来意。\n\n- 先看现场\n- 再谈原因\n\n# 离开\n1. 清理现场\n2. 请客户签字"


def test_written_approved_read_and_confirmed(desk):
    captain = desk("captain")
    page = captain.go(f"{LIST}/new")
    page.get_by_label("标题").fill("上门维修礼仪")
    page.get_by_label("类别").select_option("MANNERS")
    page.get_by_label("正文").fill(TEXT)
    page.get_by_label("必读").check()
    page.get_by_role("button", name="保存").click()
    expect(page.locator(".prose h2").first).to_have_text("到场")
    path = page.url.removeprefix(captain.portal.url)
    page.get_by_role("link", name="提交审批").click()
    page.get_by_role("button", name="提交审批").click()
    expect(page.locator(".callout").first).to_contain_text("待审批")

    page = desk("manager").go("/manager/approvals")
    line = page.locator(".approval-list > li", has_text="上门维修礼仪 V1")
    line.get_by_role("button", name="同意").click()
    expect(line).to_have_count(0)

    front = desk("front_desk", width=PHONE)
    page = front.go("/records/knowledge-articles?filter=unread")
    page.get_by_role("link", name="上门维修礼仪").first.click()
    expect(page.locator(".prose li")).to_have_count(4)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    page.get_by_role("button", name="我已阅读").click()
    expect(page.locator(".prose .read")).to_contain_text("确认已阅")
    expect(page.get_by_role("button", name="我已阅读")).to_have_count(0)

    page = desk("manager").go(f"{path}?tab=readers")
    expect(page.locator("tr", has_text="李敏")).not_to_contain_text("未阅")
    expect(page.locator("tr", has_text="马建国")).to_contain_text("未阅")


def test_only_the_article_is_printed(desk):
    """On paper stand the title and the text, no menu, no talk, no button."""
    page = desk("front_desk").go(f"{LIST}?filter=unread")
    page.get_by_role("link", name="电话接听规范").first.click()
    expect(page.locator(".prose")).to_be_visible()
    page.emulate_media(media="print")
    for shown in (".sheet-head h1", ".prose h2 >> nth=0", ".prose footer p >> nth=0"):
        expect(page.locator(shown)).to_be_visible()
    for hidden in (".rail", ".chatter", ".tab-strip", ".prose footer form"):
        expect(page.locator(hidden).first).to_be_hidden()


def test_every_page_of_it_fits(desk):
    for width in WIDTHS:
        writer = desk("specialist", width=width)
        number = writer.portal.ask(_newest)
        for path in (LIST, f"{LIST}/new", f"{LIST}/{number}", f"{LIST}/{number}?tab=editions"):
            page = writer.go(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)


def _newest() -> str:
    return str(session().scalar(select(KnowledgeArticle.number).order_by(KnowledgeArticle.id.desc()).limit(1)))
