"""The captain's phone at 390 px: a whole job with photos and signature, and whose money it costs in the end."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from itertools import count

import pytest
from PIL import Image
from playwright.sync_api import expect
from sqlalchemy import select

from portal.db import session, transaction
from portal.models.attachment import Attachment
from portal.models.event import Event
from portal.models.org import Crew, User
from portal.models.repair import CostBooking, RepairOrder, RepairPhoto
from portal.services import repairs
from tests import story
from tests.browser.conftest import PHONE
from tests.factories import Make
from tests.files import hostile

SMALL = """() => [...document.querySelectorAll("main a, main button, main summary, main label.btn, .action-bar *, .choice-row label, .day-strip a, .tab-bar a")]
  .filter(one => one.matches("a, button, summary, label") && one.checkVisibility() && !one.closest("p.what, .job-card.over, .facts, .form-errors"))
  .map(one => [one.textContent.trim().slice(0, 30) || one.getAttribute("aria-label"), Math.round(one.getBoundingClientRect().height)])
  .filter(([, height]) => height < 44)"""
"""Buttons and links of a page that a wet finger misses; links inside a sentence have the line for them."""


PHONES = count(1)


def a_leak(portal) -> str:
    """The worked example: a leak in a home whose crew has left with 5,000 yuan of retention money behind it."""

    def build() -> str:
        make = Make(portal.clock.now)
        people = {user.username: user for user in session().scalars(select(User))}
        crew = make.crew(name="刘大勇离职队", retention_balance=Decimal("5000.00"), status="DEPARTED")
        customer = make.customer(name="张建军", phone=f"1397{next(PHONES):07d}")
        project = make.project(customer=customer, crew_id=crew.id, actual_finish_on=date(2026, 7, 4))
        at = portal.clock.now()
        with transaction() as writing:
            order = repairs.report(
                writing,
                repairs.ReportRepair(
                    "张建军", customer.phone, "滨江花园 3 号楼 2 单元 1501", "WATERPROOF", "卫生间漏水到楼下", "NORMAL", at,
                    "PHONE", writing.merge(customer), writing.merge(project),
                ),
                actor=writing.merge(people["front_desk"]), at=at,
            )  # fmt: skip
            specialist = writing.merge(people["specialist"])
            repairs.check(
                writing, order, repairs.CheckRepair("YES", "防水在保", "DEPARTED", "属施工责任免费", writing.merge(crew)),
                actor=specialist, at=at,
            )  # fmt: skip
            repairs.assign(
                writing, order, repairs.AssignRepair(writing.merge(people["captain"]), "CAPTAIN_TEAM", at),
                actor=specialist, at=at,
            )  # fmt: skip
            return order.number

    return portal.ask(build)


def phone(desk):
    """The captain's phone, its clock as that of the portal: what a phone ten days ahead sends is looked at by a person."""
    sitting = desk("captain", width=PHONE)
    sitting.page.clock.install(time=story.NOW.replace(" ", "T") + ":00+08:00")
    return sitting


def camera(name: str, colour: str, *, taken: str = "2026:11:17 10:41:05") -> dict[str, object]:
    """A photo as a phone's camera makes it: large, with time and place in it."""
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = taken
    exif.get_ifd(0x8825)[1] = "N"
    content = hostile.encoded(Image.effect_noise((2400, 1600), 40).convert("RGB"), "JPEG", quality=90, exif=exif)
    if colour:
        content = hostile.encoded(Image.new("RGB", (3000, 2000), colour), "JPEG", exif=exif)
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


def sign_with_finger(page) -> None:
    page.evaluate("document.querySelector('.signature-pad').scrollIntoView({ block: 'center' })")
    box = page.locator(".signature-pad canvas").bounding_box()
    for stroke in (((0.1, 0.2), (0.3, 0.7), (0.5, 0.3)), ((0.6, 0.2), (0.7, 0.7), (0.9, 0.4))):
        (x, y), *rest = ((box["x"] + px * box["width"], box["y"] + py * box["height"]) for px, py in stroke)
        page.mouse.move(x, y)
        page.mouse.down()
        for x, y in rest:
            page.mouse.move(x, y, steps=4)
        page.mouse.up()


def main_button(page):
    return page.locator(".action-bar .btn.primary")


def take_photos(page, *files, kind: str | None = None) -> None:
    if kind:
        page.locator(f"#photo-form label:has(input[value={kind}])").click()
    with page.expect_navigation(wait_until="load", timeout=60_000):  # shrinking and drawing anew is work
        page.locator("#photo-form input[type=file]").focus()  # as a finger on it does: nothing is being typed any more
        page.locator("#photo-form input[type=file]").set_input_files(list(files))


def test_the_worked_example_on_the_phone(desk, portal):
    number = a_leak(portal)
    sitting = phone(desk)
    page = sitting.go("/repair-captain/")
    card = page.locator(f"#job-{number}")
    expect(card).to_contain_text("滨江花园 3 号楼 2 单元 1501")
    assert (
        card.get_by_role("link", name="导航")
        .get_attribute("href")
        .startswith("https://uri.amap.com/search?keyword=%E6")
    )
    card.get_by_role("link", name="我已到场").click()
    page.wait_for_url(f"**/jobs/{number}*")
    page.locator("[data-now-for=reach-arrived_at]").click()
    main_button(page).click()
    expect(page.locator(".step-list .is-now")).to_contain_text("原因与方案")

    # The photo before is what is missing; two come at once, shrunk, with their time.
    expect(page.locator(".action-bar .why-not")).to_contain_text("修前照片")
    take_photos(page, camera("a.jpg", "saddlebrown"), camera("b.jpg", "", taken="2026:11:17 10:42:00"))
    expect(page.locator(".photo-pair img")).to_have_count(2)
    expect(page.locator(".action-bar .why-not")).to_have_count(0)

    page.locator("#step label:has(input[value=CONSTRUCTION])").click()
    page.locator("#step textarea").fill("更换接头，局部重做防水")
    page.locator("#step [data-days='1'][data-clock='18:00']").click()
    for box in page.locator("#step input[name=checks]").all():
        box.check()
    portal.clock.advance(minutes=10)
    main_button(page).click()
    expect(page.locator(".step-list .is-now")).to_contain_text("维修")

    # A circle around the defect is a copy; the photo stays.
    page.locator("[data-draw]").first.click()
    expect(page.locator("#draw canvas")).to_be_visible()
    canvas = page.locator("#draw canvas").bounding_box()
    page.mouse.move(canvas["x"] + 0.3 * canvas["width"], canvas["y"] + 0.3 * canvas["height"])
    page.mouse.down()
    page.mouse.move(canvas["x"] + 0.7 * canvas["width"], canvas["y"] + 0.7 * canvas["height"], steps=5)
    page.mouse.up()
    with page.expect_navigation(wait_until="load"):
        page.get_by_role("button", name="保存标注图").click()
    expect(page.locator(".photo-pair img")).to_have_count(3)

    # The crew is gone: the estimate goes to engineering and, above the limit, to the general manager.
    page.locator("summary", has_text="费用处理单：预算").click()
    case = page.locator("#step-draft-case")
    case.locator("[name=estimate_material]").fill("460")
    case.locator("[name=estimate_labour]").fill("600")
    with page.expect_navigation(wait_until="load"):
        case.get_by_role("button").last.click()
    case_number = portal.ask(lambda: order_of(number).cost_case.number)

    office = desk("specialist", width=PHONE)
    confirm = office.go(f"/records/repair-cost-cases/{case_number}/steps/confirm")
    confirm.locator("[name=is_crew_at_fault]").select_option("yes")
    confirm.locator("#step button.primary").click()
    confirm.wait_for_url(f"**/repair-cost-cases/{case_number}")
    chief = desk("manager", width=PHONE)
    approve = chief.go(f"/records/repair-cost-cases/{case_number}/steps/approve")
    approve.locator("[name=reason]").fill("同意，从质保金扣除")
    approve.locator("#step button.primary").click()
    approve.wait_for_url(f"**/repair-cost-cases/{case_number}")
    expect(approve.locator("main")).to_contain_text("1,060.00 元待审批：总经理")
    approve = chief.go(f"/records/repair-cost-cases/{case_number}/steps/approve")
    approve.locator("[name=person]").select_option(label="方总")
    approve.locator("[name=decided_at]").fill("2026-11-17T10:40")
    approve.locator("[name=evidence]").fill("审批单原件在档案柜")
    approve.locator("#step button.primary").click()
    approve.wait_for_url(f"**/repair-cost-cases/{case_number}")

    sitting.go(f"/repair-captain/jobs/{number}")
    main_button(page).click()
    expect(page.locator("#now h2")).to_contain_text("完工交验")
    for kind, what, amount in (("MATERIAL", "接头、防水涂料", "460"), ("LABOUR", "两个工日", "600")):
        page.locator("#costs summary").click()
        page.locator(f"#cost-form label:has(input[value={kind}])").click()
        page.locator("#cost-form [name=what]").fill(what)
        page.locator("#cost-form [name=amount]").fill(amount)
        page.locator("#cost-form label:has(input[value=CREW])").click()
        with page.expect_navigation(wait_until="load"):
            page.locator("#cost-form button[type=submit]").click()
    expect(page.locator(".cost-table tfoot")).to_contain_text("1,060.00")

    # What was typed before the photo is there after it.
    page.locator("#step textarea").fill("更换接头，重做防水 0.6 平方米，闭水无渗漏")
    take_photos(page, camera("c.jpg", "seagreen"))
    expect(page.locator("#step textarea")).to_have_value("更换接头，重做防水 0.6 平方米，闭水无渗漏")
    for box in page.locator("#step input[type=checkbox]").all():
        box.check()
    portal.clock.advance(minutes=10)
    main_button(page).click()
    expect(page.locator(".step-list .is-now")).to_contain_text("客户签收")

    # Nobody wrote on the pad; then the customer does.
    page.locator("#step input[name=checks]").first.check()
    main_button(page).click()
    expect(page.locator("#step .outbox-said")).to_contain_text("请签名")
    sign_with_finger(page)
    page.locator("#step label:has(input[name=rating][value='5'])").click()
    main_button(page).click()
    expect(page.locator("#signature img")).to_be_visible()
    drawn = page.locator("#signature img").evaluate(
        "async (image) => { await image.decode(); return image.naturalWidth; }"
    )
    assert drawn > 300

    # What it really cost is suggested from the lines; the manager books it.
    expect(page.locator("#step [name=actual_material]")).to_have_value("460.00")
    expect(page.locator("#step [name=actual_labour]")).to_have_value("600.00")
    main_button(page).click()
    expect(page.locator("#step")).to_have_count(0)
    charge = chief.go(f"/records/repair-cost-cases/{case_number}/steps/charge")
    charge.locator("#step button.primary").click()
    charge.wait_for_url(f"**/repair-cost-cases/{case_number}")

    # The call after the repair closes it, the payment of the team the cost case.
    call = portal.ask(lambda: order_of(number).waiting_call.number)
    talk = office.go(f"/specialist/calls/{call}")
    talk.locator("#talk [name=answers-arrived_at]").fill("10:00")
    for question in ("explained", "repaired", "cleaned", "manners", "satisfied"):
        talk.locator(f"#q-{question} label:has(input[value=YES])").click()
    talk.locator("#q-money_asked label:has(input[value=NO])").click()
    talk.locator("#q-overall label:has(input[value=SATISFIED])").click()
    with talk.expect_navigation(wait_until="load"):
        talk.locator("[data-finish]").click()
    paid = office.go(f"/records/repair-cost-cases/{case_number}/steps/close")
    paid.locator("[name=voucher_no]").fill("PZ-1118")
    paid.locator("#step button.primary").click()
    paid.wait_for_url(f"**/repair-cost-cases/{case_number}")

    portal.ask(lambda: check_the_end(number))


def order_of(number: str) -> RepairOrder:
    return session().scalars(select(RepairOrder).where(RepairOrder.number == number)).one()


def check_the_end(number: str) -> None:
    order = order_of(number)
    assert (order.state, order.cost_case.state, order.rating) == ("CLOSED", "CLOSED", 5)
    bookings = session().scalars(select(CostBooking).where(CostBooking.case_id == order.cost_case.id)).all()
    assert [(one.bearer, one.amount, one.balance_before, one.balance_after) for one in bookings] == [
        ("ORIGINAL_CREW_RETENTION", Decimal("1060.00"), Decimal("5000.00"), Decimal("3940.00"))
    ]
    assert session().get_one(Crew, order.responsible_crew_id).retention_balance == Decimal("3940.00")
    photos = (
        session().scalars(select(RepairPhoto).where(RepairPhoto.order_id == order.id).order_by(RepairPhoto.id)).all()
    )
    assert [(photo.kind, photo.pair) for photo in photos] == [("BEFORE", 1), ("BEFORE", 2), ("BEFORE", 1), ("AFTER", 1)]
    assert photos[0].taken_at.isoformat() == "2026-11-17T02:41:05+00:00"
    assert max(photos[0].attachment.file.width, photos[0].attachment.file.height) == 1920
    signature = session().get_one(Attachment, order.signatures[-1].attachment_id)
    assert signature.kind == "SIGNATURE" and signature.file.mime == "image/png"
    told = session().scalars(select(Event).where(Event.record_number == number, Event.action == "finish")).one()
    assert "device_at" in told.data


@pytest.mark.parametrize("number", ["WX-2026-0003", "WX-2026-0004", "WX-2026-0006"])
def test_everything_can_be_hit_with_a_wet_finger(desk, number):
    sitting = phone(desk)
    for path in ("/repair-captain/", f"/repair-captain/jobs/{number}"):
        page = sitting.go(path)
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert page.evaluate(SMALL) == []
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE


@pytest.mark.parametrize(
    ("path", "tab"),
    [
        ("/records/repair-orders?view=calendar&rows=appointment&span=agenda", "日程"),
        ("/records/repair-orders/WX-2026-0004", "日程"),
        ("/records/repair-cost-cases", "费用单"),
        ("/repair-captain/dashboard", "看板"),
        ("/account/", "我的"),
        ("/records/warranties", None),
    ],
)
def test_what_is_opened_from_the_phone_has_its_frame(desk, path, tab):
    """The places at the thumb, a way back, and the other apps in the menu; at the desk the rail as for everybody."""
    page = phone(desk).go("/repair-captain/")
    expect(page.locator(".tab-bar a[aria-current]")).to_have_text("今天")
    page.evaluate("(path) => { location.href = path; }", path)
    page.wait_for_url(f"**{path}")
    here = page.locator(".tab-bar a[aria-current]")
    expect(here).to_have_text(tab) if tab else expect(here).to_have_count(0)
    expect(page.locator(".rail")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE
    heights = page.locator(".tab-bar a, .topbar > a, .topbar > details > summary").evaluate_all(
        "all => all.filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect().height)"
    )
    assert len(heights) == 11 and min(heights) >= 44
    page.locator(".topbar details.small-only > summary").click()
    expect(page.locator(".topbar .menu a", has_text="投诉").first).to_be_visible()
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(page.locator(".tab-bar")).to_be_hidden()
    expect(page.locator(".rail")).to_be_visible()
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.locator("[data-back]").click()
    page.wait_for_url("**/repair-captain/")


def test_calling_asks_for_the_number_and_writes_it_down(desk, portal):
    sitting = phone(desk)
    page = sitting.go("/repair-captain/jobs/WX-2026-0004")
    with page.expect_response("**/call") as answer:
        page.locator(".phone-head [data-call] button").click()
    assert "tel:" in answer.value.text()
    seen = portal.ask(
        lambda: (
            session()
            .scalars(select(Event).where(Event.action == "unmask", Event.record_number == "WX-2026-0004"))
            .all()
        )
    )
    assert len(seen) == 1


def test_without_a_script_the_same_forms_do_it(desk, portal):
    number = a_leak(portal)
    page = desk("captain", width=PHONE, java_script=False).go(f"/repair-captain/jobs/{number}")
    main_button(page).click()
    page.wait_for_load_state()
    page.locator("#photo-form input[type=file]").set_input_files([camera("a.jpg", "navy"), camera("b.jpg", "teal")])
    page.locator("#photo-form [data-plain]").click()
    page.wait_for_load_state()
    expect(page.locator(".photo-pair img")).to_have_count(2)
    page.locator("#step label:has(input[value=CONSTRUCTION])").click()
    page.locator("#step textarea").fill("更换接头")
    page.locator("#step [name=planned_done_at]").fill("2026-11-18T18:00")
    main_button(page).click()
    page.wait_for_load_state()
    expect(page.locator("#step textarea")).to_have_value("更换接头")
    expect(page.locator("#step .error").first).to_be_visible()


def test_a_refused_photo_says_why(desk, portal):
    number = a_leak(portal)
    page = phone(desk).go(f"/repair-captain/jobs/{number}")
    page.wait_for_selector("html[data-outbox-ready]", state="attached")  # phone and portal have compared their clocks
    page.locator("#photo-form input[type=file]").set_input_files(
        [{"name": "x.jpg", "mimeType": "image/jpeg", "buffer": io.BytesIO(b"<svg onload=alert(1)>").getvalue()}]
    )
    expect(page.locator("[data-outbox-list]")).to_contain_text("不是有效的图片")
