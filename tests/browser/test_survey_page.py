"""The survey on the customer's own phone, and the specialist's page whose scores are keys."""

from __future__ import annotations

from playwright.sync_api import expect
from sqlalchemy import select

from portal.db import session, transaction
from portal.models.survey import Survey, SurveyLink
from portal.processes.survey import SurveyKind
from portal.services import surveys
from portal.services.surveys import links
from tests.browser.conftest import PHONE
from tests.factories import Make


def asked(portal) -> tuple[str, str]:
    """Two surveys that wait: the path of the customer's link to one, the number of the other."""

    def build() -> tuple[str, str]:
        make = Make(portal.clock.now)
        customer = make.customer(name="顾安然", phone="13970020002")
        at = portal.clock.now()
        with transaction() as writing:
            owner = writing.scalars(select(Survey).order_by(Survey.id)).first().owner
            sent = [
                surveys.send(writing, surveys.SendSurvey(kind, writing.merge(customer)), actor=owner, at=at)
                for kind in (SurveyKind.PERIODIC, SurveyKind.PERIODIC)
            ]
            link = links.make(writing, sent[0], actor=owner, at=at)
            address = links.address(writing, link, portal.app.config["PORTAL"].secret_key)
            return "/s/" + address.partition("/s/")[2], sent[1].number

    return portal.ask(build)


def test_the_customer_answers_on_the_own_phone_and_the_specialist_by_keys(portal, desk):
    path, number = asked(portal)
    phone = desk(width=PHONE, java_script=False)
    page = phone.go(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
    assert phone.context.cookies() == []
    expect(page.locator("input:checked")).to_have_count(0)
    small = page.evaluate(
        "[...document.querySelectorAll('.five label, .eleven label, .tick, button')]"
        ".map((one) => one.getBoundingClientRect()).filter((box) => box.height < 44).length"
    )
    assert small == 0
    page.get_by_role("button", name="提交评价").tap()
    expect(page.get_by_role("alert").first).to_contain_text("未填")
    for name, score in (
        ("施工质量", "5 非常满意"),
        ("响应速度", "4 满意"),
        ("服务态度", "5 非常满意"),
        ("总体", "5 非常满意"),
    ):
        page.get_by_role("group", name=name).get_by_label(score).check()
    page.get_by_label("哪些地方做得好？").fill("师傅手艺好")
    page.get_by_role("button", name="提交评价").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("谢谢，已收到您的评价")
    assert phone.context.cookies() == []
    again = phone.page.goto(portal.url + path)
    assert again is not None and again.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("链接无法打开")

    person = desk("specialist")
    page = person.go(f"/records/surveys/{number}/steps/answer")
    expect(page.locator("#score_0 input").first).to_be_focused()
    for key in "54535":
        page.keyboard.press(key)
    expect(page.locator("#recommend input").first).to_be_focused()
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    expect(page.locator(".status-bar .now-at")).to_contain_text("已回收")

    def kept() -> tuple[list[int], str | None, bool]:
        survey = session().scalars(select(Survey).where(Survey.number == number)).one()
        link = session().scalars(select(SurveyLink).order_by(SurveyLink.id.desc())).first()
        return [line.score for line in survey.answers], link.survey.praise, link.used_at is not None

    assert portal.ask(kept) == ([5, 4, 5, 3, 5], "师傅手艺好", True)
