"""A home from the signature to the last money at the desk: archive, dispatch, start, and the customer's signature."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from playwright.sync_api import expect
from sqlalchemy import select

from portal.db import session, transaction
from portal.models.completion import CompletionAcceptance
from portal.models.contract import Contract
from portal.models.org import PartyKind, User
from portal.models.project import Project
from portal.services import contracts, projects
from tests.factories import Make


def signed_home(portal) -> str:
    """A project whose contract was signed today and whose first payment is in; a suspended foreman is there too."""

    def build() -> str:
        make = Make(portal.clock.now)
        at = portal.clock.now()
        customer = make.customer(name="顾安然", phone="13970020001")
        home = make.property(customer=customer)
        make.party(
            kind=PartyKind.FOREMAN,
            name="钟立山",
            status="SUSPENDED",
            status_from=date(2026, 9, 1),
            status_until=date(2026, 12, 1),
        )
        with transaction() as writing:
            actor = writing.scalars(select(User).where(User.username == "specialist")).one()
            command = projects.CreateProject(kind="FULL", contract_days=60)
            project = projects.create(writing, writing.merge(home), command, actor=actor, at=at)
            contract = contracts.create(
                writing, writing.merge(customer),
                contracts.CreateContract(amount=Decimal("90000.00"), project_id=project.id, signed_on=date(2026, 11, 17)),
                actor=actor, at=at,
            )  # fmt: skip
            first = contracts.RecordPayment("FIRST", Decimal("54000.00"), date(2026, 11, 17), "SJ-W1")
            contracts.record_payment(writing, contract, first, actor=actor, at=at)
            return project.number

    return portal.ask(build)


def test_a_home_from_the_archive_to_the_last_money(portal, desk):
    number = signed_home(portal)
    path = f"/records/projects/{number}"
    person = desk("specialist")
    page = person.page

    def step(base: str, action: str) -> None:
        person.go(f"{base}/steps/{action}")

    def send(button: str) -> None:
        with page.expect_navigation():
            page.locator("#step").get_by_role("button", name=button).click()

    def pick(field: str, name: str) -> None:
        page.get_by_label(field, exact=True).select_option(label=name)

    def tick(which: str) -> None:
        person.go(f"{path}/papers/{which}")
        for box in page.locator("input[name=papers]").all():
            box.check()
        with page.expect_navigation():
            page.get_by_role("button", name="保存").click()

    person.go(path)
    page.get_by_role("link", name="登记建档").first.click()
    expect(page.get_by_text("等级应为 B 级")).to_be_visible()
    send("登记建档")
    expect(page.locator(".status-bar .now-at")).to_have_text("已登记建档")
    expect(page.get_by_text("档案缺少")).to_be_visible()
    tick("signing")
    step(path, "hand-over")
    pick("接收人", "石磊")
    send("转工程部")

    step(path, "dispatch")
    for field, name in (("项目经理", "王志强"), ("工长", "钟立山"), ("施工队", "周大海队"), ("监理", "丁一")):
        pick(field, name)
    page.locator("#step").get_by_role("button", name="登记派单").click()
    expect(page.get_by_text("钟立山 停单至 2026-12-01（含当日），期间不能接新工程。").first).to_be_visible()
    pick("工长", "吴刚")
    send("登记派单")
    step(path, "issue-card")
    page.get_by_label("领料卡号").fill("LLK-9001")
    send("登记领料卡")
    step(path, "set-start")
    page.get_by_label("计划开工").fill("2026-11-17")
    page.get_by_label("客户同意该日期").check()
    send("确定开工日期")
    person.go(f"{path}/disclosures/new")
    for box in page.locator("input[name=present]").all():
        box.check()
    page.get_by_label("已完成图纸会审").check()
    page.get_by_label("交底内容").fill("水电点位、防水高度")
    page.get_by_label("现场原状").fill("原有管道完好")
    with page.expect_navigation():
        page.get_by_role("button", name="保存").click()
    step(path, "start")
    send("登记开工")
    expect(page.locator(".status-bar .now-at")).to_have_text("在施工")

    person.go(f"{path}/change-orders/new")
    page.get_by_label("增减内容").fill("增加玄关柜")
    page.get_by_label("增减金额（元）").fill("0")
    page.get_by_label("增加工期（天）").fill("2")
    with page.expect_navigation():
        page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("尚未签字，不得施工。").first).to_be_visible()
    page.get_by_role("link", name="登记签字").first.click()
    expect(page.get_by_label("客户签字", exact=True)).to_have_value("顾安然")
    page.get_by_label("设计师签字", exact=True).fill("许诺")
    send("登记签字")
    expect(page.locator(".status-bar .now-at")).to_have_text("已签字")

    def passed() -> None:
        with transaction() as writing:
            project = writing.scalars(select(Project).where(Project.number == number)).one()
            projects.pre_accepted(writing, project, at=portal.clock.now())

    portal.ask(passed)
    tick("completion")
    person.go(path)
    with page.expect_navigation():
        page.get_by_role("button", name="准备竣工验收").click()
    acceptance = page.url.removeprefix(portal.url).partition("?")[0]
    step(acceptance, "check")
    page.get_by_label("初验人员").fill("王志强")
    page.get_by_label("问题已整改").check()
    send("登记初验")
    step(acceptance, "send-notice")
    page.get_by_label("验收时间").fill("2026-11-18T10:00")
    page.locator("#step").get_by_role("button", name="发验收通知").click()
    expect(page.get_by_text("至少提前 48 小时通知客户").first).to_be_visible()
    page.get_by_label("验收时间").fill("2026-11-20T10:00")
    send("发验收通知")

    page.wait_for_load_state("networkidle")  # what the page asks for by itself would find the session over
    portal.clock.set("2026-11-20 11:00")
    person.sign_in("specialist")  # three days later
    person.go(f"{acceptance}/lines")
    for choice in page.locator("select[name^=verdict_]").all():
        choice.select_option("PASSED")
    with page.expect_navigation():
        page.get_by_role("button", name="保存").click()
    step(acceptance, "accept")
    pad = page.locator(".signature-pad canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.down()
    for place in range(1, 12):
        page.mouse.move(box["x"] + 30 + place * 12, box["y"] + 40 + (place % 3) * 18)
    page.mouse.up()
    send("客户验收签字")
    expect(page.locator(".status-bar .now-at")).to_have_text("验收合格")
    step(acceptance, "settle")
    page.get_by_label("金额").fill("30000")
    page.get_by_label("收据号").fill("SJ-W2")
    page.locator("#step").get_by_role("button", name="登记尾款").click()
    expect(page.get_by_text("少 6,000.00 元").first).to_be_visible()
    page.get_by_label("金额").fill("36000")
    send("登记尾款")
    expect(page.locator(".status-bar .now-at")).to_have_text("尾款已结")

    def told() -> tuple[str, str, Decimal, bool]:
        made = session().scalars(select(CompletionAcceptance).join(Project).where(Project.number == number)).one()
        contract = session().get_one(Contract, made.contract_id)
        return made.project.stage, made.project.foreman.name, contract.received, bool(made.signatures[0].attachment_id)

    assert portal.ask(told) == ("SETTLED", "吴刚", Decimal("90000.00"), True)
