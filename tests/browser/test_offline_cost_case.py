"""The cost case of a crew that has left (P15), begun and carried out on a captain's phone without signal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from portal import i18n
from portal.db import session, transaction
from portal.models.field_entry import FieldEntry
from portal.models.org import Crew, Department, Party, PartyKind
from portal.models.repair import RepairCostCase, RepairOrder
from portal.services import approvals, events, numbering, repair_costs
from tests.browser.handset import Handset, local, new_job, open_form, person, photos, send, sign, state_of

DRAFT = {"estimate_material": "460", "estimate_labour": "600.00"}


@pytest.fixture
def crew(portal) -> int:
    """A crew that has left, with 5,000 yuan retained."""

    def leave() -> int:
        with transaction() as writing:
            at = portal.clock.now()
            gone = Crew(name="刘大勇队", status="DEPARTED", retention_balance=Decimal("5000.00"))
            gone.number = numbering.next_number(writing, Crew.PREFIX, at)
            gone.created_at = gone.updated_at = at
            writing.add(gone)
            writing.flush()
            return gone.id

    return int(portal.ask(leave))


def keeping(handset: Any, job: str) -> Handset:
    phone: Handset = handset()
    phone.sign_in("captain")
    phone.go("/repair-captain/")
    phone.kept(job)
    return phone


def on_site(page: Page, now: datetime) -> None:
    send(page, "step", arrived_at=local(now))
    photos(page, "BEFORE", 1)
    expect(page.locator("[data-photos-unsent]")).to_contain_text("1")
    send(
        page, "step-arrive", arrived_at=local(now), cause="CONSTRUCTION", plan="更换接头，重做防水",
        planned_done_at=local(now + timedelta(hours=5)), plan_made_at=local(now),
    )  # fmt: skip


def order_of(number: str) -> RepairOrder:
    return session().scalars(select(RepairOrder).where(RepairOrder.number == number)).one()


def case_of(portal: Any, number: str) -> tuple[str, str, Decimal, Decimal | None]:
    def read() -> tuple[str, str, Decimal, Decimal | None]:
        case = session().scalars(select(RepairCostCase).join(RepairOrder).where(RepairOrder.number == number)).one()
        return case.number, case.state, case.estimate, case.actual

    return portal.ask(read)  # type: ignore[no-any-return]


def act(portal: Any, number: str, service: Any, make: Any, actor: str) -> None:
    """Somebody at a desk takes a step of the case; `make` gives what it is asked with."""

    def carry_out() -> None:
        with i18n.use_locale(i18n.DEFAULT), transaction() as writing:
            case = writing.scalars(select(RepairCostCase).join(RepairOrder).where(RepairOrder.number == number)).one()
            given = [] if make is None else [make(writing)]
            service(writing, case, *given, actor=person(actor), at=portal.clock.now())

    portal.ask(carry_out)


def confirm(portal: Any, number: str) -> None:
    def said(writing: Any) -> repair_costs.ConfirmCase:
        head = writing.scalars(
            select(Party).where(Party.department == Department.ENGINEERING, Party.is_head.is_(True))
        ).first()
        return repair_costs.ConfirmCase("CONSTRUCTION", True, head, portal.clock.now())

    act(portal, number, repair_costs.confirm, said, "specialist")


def approve(portal: Any, number: str) -> None:
    """Engineering, the manager and above 1,000 yuan the general manager agree."""

    def by_gm(writing: Any) -> approvals.Word:
        gm = writing.scalars(select(Party).where(Party.kind == PartyKind.GM)).first()
        return approvals.Word(gm, portal.clock.now(), "同意", "审批单原件在档案柜")

    confirm(portal, number)
    act(portal, number, repair_costs.approve, lambda _writing: approvals.Word(reason="同意"), "manager")
    act(portal, number, repair_costs.approve, by_gm, "manager")
    assert case_of(portal, number)[1] == "APPROVED"


def sent_as(portal: Any, action: str, since: datetime) -> list[FieldEntry]:
    return list(
        portal.ask(
            lambda: list(
                session().scalars(
                    select(FieldEntry)
                    .where(FieldEntry.action == action, FieldEntry.received_at >= since)
                    .order_by(FieldEntry.id)
                )
            )
        )
    )


def test_from_the_door_to_the_charge_without_signal(handset, portal, network, crew):
    """Section 8: estimate 460 + 600 = 1,060.00 on the phone, the browser killed, answers lost: one case. Approved meanwhile,
    its actual cost is noted after the signature, again without signal; 5,000.00 of retention money become 3,940.00."""
    began = portal.clock.now()
    number = new_job(portal, crew_id=crew)
    job = f"/repair-captain/jobs/{number}"
    phone = keeping(handset, job)
    phone.airplane(True)
    page, now = phone.go(job), portal.clock.now()
    case, waiting = page.locator("#step-draft-case"), page.locator("#cost-case [data-case-step=draft-case]")
    expect(case).to_be_hidden()  # the captain is not there yet
    on_site(page, now)
    open_form(page, "step-draft-case")
    expect(case.locator("[name=crew_status]:checked")).to_have_value("DEPARTED")
    expect(page.locator("#cost-case")).to_be_hidden()
    first = datetime.now(UTC)
    send(page, "step-draft-case", **DRAFT)
    last = datetime.now(UTC)
    expect(waiting).to_contain_text("费用处理单：预算")
    expect(waiting.locator(".num")).to_have_text("1,060.00 元")
    expect(waiting.locator(".tag")).to_have_text("未上传")
    phone.kill()
    phone.switch_on()
    phone.airplane(True)
    page = phone.go(job)
    waiting = page.locator("#cost-case [data-case-step=draft-case]")
    expect(waiting.locator(".num")).to_have_text("1,060.00 元")
    assert page.evaluate("document.getElementById('step-draft-case').inert")
    assert not network.posts

    portal.clock.set(datetime.now(UTC))
    network.lost = {4, 6}  # of the plan, once its photo is there, and of the case
    phone.airplane(False)
    phone.sign_in("captain")
    phone.all_sent()
    name, state, estimate, _actual = case_of(portal, number)
    assert (state, estimate) == ("DRAFT", Decimal("1060.00"))
    assert network.posts.count(f"{job}/steps/draft-case") >= 2
    (entry,) = sent_as(portal, "draft-case", began)
    assert first - timedelta(seconds=1) <= entry.device_at <= last and entry.record_kind == "repair-cost-cases"
    (arrived,) = sent_as(portal, "arrive", began)
    assert arrived.id < entry.id and arrived.device_at < entry.device_at
    page = phone.go(job)
    section = page.locator("#cost-case")
    for words in (name, "待核定", "1,060.00 元", "材料 460.00，人工 600.00"):
        expect(section).to_contain_text(words)
    assert section.locator("a").get_attribute("href") == f"/records/repair-cost-cases/{name}"
    expect(page.locator("#step-draft-case, [data-case-step=draft-case]")).to_have_count(0)

    approve(portal, number)
    phone.go("/repair-captain/").evaluate("sessionStorage.clear()")
    phone.go("/repair-captain/")  # what the phone keeps of the job is older than the consent, so it asks for it anew
    phone.kept(job, "step-execute-case")
    phone.airplane(True)
    page = phone.go(job)
    expect(page.locator("#cost-case")).to_contain_text("1,166.00 元")
    expect(page.locator("#step-execute-case")).to_be_hidden()
    send(page, "step")
    send(page, "cost-form", kind="MATERIAL", what="接头、防水涂料", amount="460", bearer="CREW")
    send(page, "cost-form", kind="LABOUR", what="两个工日", amount="600", bearer="CREW")
    photos(page, "AFTER", 1)
    expect(page.locator("[data-photos-unsent]")).to_contain_text("1")
    send(page, "step-finish", work_done="更换接头，闭水试验合格", done_at=local(now), site_cleaned="y")
    sign(page, "step-sign-off")
    send(page, "step-sign-off", signed_by="罗文静", rating="5")
    expect(page.locator(".action-bar .btn.primary")).to_have_text("登记实际费用")
    actual = page.locator("#step-execute-case")
    expect(actual.locator("[name=actual_material]")).to_have_value("460.00")  # of the lines that wait
    expect(actual.locator("[name=actual_labour]")).to_have_value("600.00")
    open_form(page, "step-execute-case")
    actual.locator("[name=actual_labour]").fill("706.01")
    page.evaluate("document.getElementById('step-execute-case').requestSubmit()")
    expect(actual.locator(".outbox-said")).to_contain_text("尚缺")  # a cent above the tolerance
    send(page, "step-execute-case", actual_labour="600")
    expect(page.locator("#cost-case [data-case-step=execute-case] .num")).to_have_text("1,060.00 元")
    expect(page.locator("#step-exceed-case")).to_be_hidden()
    phone.airplane(False)
    phone.all_sent()
    assert state_of(portal, number) == "SIGNED_OFF"
    assert case_of(portal, number)[1:] == ("EXECUTED", Decimal("1060.00"), Decimal("1060.00"))

    act(portal, number, repair_costs.charge, None, "manager")

    def booked() -> list[tuple[Any, ...]]:
        lines = order_of(number).cost_case.bookings
        return [(line.bearer, line.amount, line.balance_before, line.balance_after) for line in lines]

    assert portal.ask(booked) == [
        ("ORIGINAL_CREW_RETENTION", Decimal("1060.00"), Decimal("5000.00"), Decimal("3940.00"))
    ]
    assert portal.ask(lambda: events.check_chain(session()).ok)


def test_what_was_refused_is_written_anew_on_the_same_page(handset, portal, network, crew):
    """An amount that is none is refused by the portal in words; nothing typed is lost, and it becomes one case."""
    number = new_job(portal, crew_id=crew)
    job = f"/repair-captain/jobs/{number}"
    phone = keeping(handset, job)
    phone.airplane(True)
    page = phone.go(job)
    on_site(page, portal.clock.now())
    open_form(page, "step-draft-case")
    page.locator("#step-draft-case [name=estimate_material]").fill("0")
    page.locator("#step-draft-case [name=estimate_labour]").fill("0.00")
    page.evaluate("document.getElementById('step-draft-case').requestSubmit()")
    expect(page.locator("#step-draft-case .outbox-said")).to_contain_text("预算合计大于 0")
    send(
        page,
        "step-draft-case",
        crew_status="REPLACED_ON_REQUEST",
        estimate_material="<b>四百六</b>",
        estimate_labour="600",
    )
    expect(page.locator("#cost-case .num").first).to_have_text("<b>四百六</b> + 600")
    send(page, "step-start")  # the repair goes on: its case stands beside it and holds up no step
    phone.airplane(False)
    expect(page.locator("#outbox-bar")).to_contain_text("1 条需要处理")
    phone.go("/repair-captain/outbox")
    expect(phone.page.locator(".outbox-item")).to_have_count(1)
    assert state_of(portal, number) == "REPAIRING"
    page = phone.go(job)
    item = page.locator(".outbox-item")
    expect(item.locator(".why")).to_contain_text("两位小数")
    item.get_by_role("link", name="打开修改").click()
    case = page.locator("#step-draft-case")
    expect(case.locator(".outbox-said")).to_contain_text("两位小数")
    expect(case.locator("[name=estimate_material]")).to_have_value("<b>四百六</b>")
    expect(case.locator("[name=crew_status]:checked")).to_have_value("REPLACED_ON_REQUEST")
    send(page, "step-draft-case", estimate_material="460")
    phone.all_sent()
    assert case_of(portal, number)[1:] == ("DRAFT", Decimal("1060.00"), None)
    assert portal.ask(lambda: order_of(number).cost_case.crew_status) == "REPLACED_ON_REQUEST"


def test_written_at_the_desk_meanwhile_and_taken_back_meanwhile(handset, portal, network, crew):
    """Somebody else was faster: the phone shows what became of the case, and there is one."""
    number = new_job(portal, crew_id=crew)
    job = f"/repair-captain/jobs/{number}"
    phone = keeping(handset, job)
    phone.airplane(True)
    on_site(phone.go(job), portal.clock.now())
    phone.airplane(False)
    phone.all_sent()
    phone.go(job)
    phone.airplane(True)
    page = phone.go(job)
    send(page, "step-draft-case", **DRAFT)

    def draft() -> None:
        with i18n.use_locale(i18n.DEFAULT), transaction() as writing:
            order = writing.scalars(select(RepairOrder).where(RepairOrder.number == number)).one()
            command = repair_costs.DraftCase("DEPARTED", Decimal("500.00"), Decimal("600.00"))
            repair_costs.draft(writing, order, command, actor=person("captain"), at=portal.clock.now())

    portal.ask(draft)
    name, *_rest = case_of(portal, number)
    phone.airplane(False)
    expect(page.locator("#outbox-bar")).to_contain_text("1 条需要处理")
    page = phone.go(job)
    item = page.locator(".outbox-item")
    expect(item.locator(".why")).to_contain_text(name)
    expect(item.locator(".others")).to_contain_text("待核定")
    expect(item.locator(".own")).to_contain_text("600.00")
    expect(page.locator("#cost-case")).to_contain_text("1,100.00 元")
    item.get_by_role("button", name="丢弃").click()
    page.get_by_role("button", name="确定").click()
    expect(page.locator(".outbox-item")).to_have_count(0)
    assert case_of(portal, number)[1:3] == ("DRAFT", Decimal("1100.00"))

    approve(portal, number)
    page = phone.go(job)
    phone.airplane(True)
    page = phone.go(job)
    send(page, "step-exceed-case", actual_material="900", actual_labour="600", reason="管道全部更换")
    expect(page.locator("#cost-case [data-case-step=exceed-case] .num")).to_have_text("1,500.00 元")
    expect(page.locator("#step-execute-case")).to_be_hidden()
    act(portal, number, repair_costs.recall, lambda _writing: approvals.TakeBack("金额有误"), "manager")
    phone.airplane(False)
    expect(page.locator("#outbox-bar")).to_contain_text("1 条需要处理")
    page = phone.go(job)
    item = page.locator(".outbox-item")
    expect(item.locator(".others")).to_contain_text("待核定")
    expect(item.locator(".others")).to_contain_text("已审批 → 待核定")
    expect(item.locator(".own")).to_contain_text("管道全部更换")
    assert case_of(portal, number)[1:] == ("DRAFT", Decimal("1100.00"), None)
    assert phone.unsent() == 1
