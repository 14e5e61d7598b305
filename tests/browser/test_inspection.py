"""The inspection day on a phone: lines tapped and measured, a photo, the notice, and the re-inspection. Source: `domain.md` 4.11."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime, timedelta

from PIL import Image
from playwright.sync_api import Route, expect
from sqlalchemy import select

from portal import clock
from portal.db import session, transaction
from portal.models.org import PartyKind, User
from portal.models.pre_acceptance import CheckItem, PreAcceptance
from portal.services import check_items, pre_acceptances
from tests import story
from tests.browser.conftest import PHONE
from tests.browser.handset import local
from tests.browser.test_captain import SMALL
from tests.factories import Make


def picture(colour: str) -> dict[str, object]:
    content = io.BytesIO()
    Image.new("RGB", (1600, 1200), colour).save(content, "JPEG", quality=80)
    return {"name": f"{colour}.jpg", "mimeType": "image/jpeg", "buffer": content.getvalue()}


def sign(page, field: str, word: str) -> None:
    """Say of one of the two at the end whether the form is signed."""
    page.locator(f"#{field}").get_by_text(word, exact=True).click()


def scheduled(portal, name: str = "季慕白", phone: str = "13977770001") -> str:
    """A project with tiles only, to be inspected today at 14:00."""

    def build() -> str:
        make = Make(portal.clock.now)
        people = {user.username: user for user in session().scalars(select(User))}
        customer = make.customer(name=name, phone=phone)
        manager, foreman = (
            make.party(PartyKind.PROJECT_MANAGER, name="王铁"),
            make.party(PartyKind.FOREMAN, name="秦瓦"),
        )
        project = make.project(
            customer=customer, stage="IN_PROGRESS", actual_start_on=date(2026, 9, 1),
            project_manager_id=manager.id, foreman_id=foreman.id,
        )  # fmt: skip
        at = portal.clock.now()
        with transaction() as writing:
            of_week = pre_acceptances.monday_of(clock.today(at + timedelta(hours=3, minutes=30)))
            command = pre_acceptances.ListProject(
                writing.merge(project), of_week, writing.merge(manager), writing.merge(foreman), at - timedelta(days=14),
                trades=("TILES",),
            )  # fmt: skip
            record = pre_acceptances.list_project(writing, command, actor=writing.merge(people["specialist"]), at=at)
            when = pre_acceptances.Schedule(at + timedelta(hours=3, minutes=30))
            pre_acceptances.schedule(writing, record, when, actor=writing.merge(people["reviewer"]), at=at)
            return record.number

    return portal.ask(build)


def test_a_day_of_inspection_with_a_failed_line_and_its_re_inspection(portal, desk):
    number = scheduled(portal)
    sitting = desk("reviewer", width=PHONE)
    sitting.page.clock.install(time=story.NOW.replace(" ", "T") + ":00+08:00")
    page = sitting.go("/records/pre-acceptances/day")
    stop = page.locator(".day-sheet li").filter(has_text="季慕白")
    expect(stop).to_contain_text("14:00")
    stop.get_by_role("link", name="验收", exact=True).click()
    page.wait_for_selector("html[data-outbox-ready]", state="attached")
    expect(page.locator("#progress")).to_contain_text("已判定 0 / 8 项")
    small = [each for each in page.evaluate(SMALL) if "张" not in (each[0] or "")]
    assert not small, small
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    def line(text):
        return page.locator(".check-card").filter(has_text=text)

    hollow = line("瓷砖空鼓率")
    hollow.get_by_label("实测值").fill("7")  # judged by the server while it is typed
    expect(hollow.locator(".line-state")).to_contain_text("7 % 超出允许偏差（≤ 5 %）")
    expect(hollow.get_by_label("不合格")).to_be_checked()
    expect(hollow.locator(".line-state")).to_contain_text("需要照片")
    hollow.get_by_label("说明").fill("客厅 3 块")
    hollow.locator("input[type=file]").set_input_files(picture("gray"))
    expect(hollow.locator(".thumbs b")).to_have_text("1")
    expect(hollow.get_by_label("说明")).to_have_value("客厅 3 块")
    line("砖面平整度").get_by_label("实测值").fill("2.5")
    expect(line("砖面平整度").get_by_label("合格", exact=True)).to_be_checked()

    remark = line("砖缝均匀一致").get_by_label("说明")
    saved = remark.evaluate("field => field.form.action")
    with page.expect_response(lambda answer: answer.url == saved):
        remark.fill("缝宽")
    sitting.context.clear_cookies()  # the session ends; what is typed now, behind what was saved, is not lost
    remark.fill("缝宽 2 毫米")
    expect(page.locator("#outbox-bar a")).to_have_attribute("href", re.compile(r"/account/sign-in"))
    expect(page.locator("#outbox-bar")).to_contain_text("未上传 1 条")
    page.locator("#outbox-bar a").click()
    page.wait_for_url(re.compile(r"/account/sign-in"))
    with page.expect_navigation():
        page.locator("button[name=username][value=reviewer]").click()
    page.wait_for_url(re.compile(r"/reviewer/inspections/YY-"))
    expect(line("砖缝均匀一致").get_by_label("说明")).to_have_value("缝宽 2 毫米")
    expect(page.locator("#outbox-bar")).to_have_count(0)

    expect(page.locator(".missing-list li")).to_have_count(6)
    for card in page.locator(".check-card").all():
        if not card.locator("input[type=radio]:checked").count():
            card.locator(".tap-pass").click()
            expect(card.locator("input[value=PASS]")).to_be_checked()
    expect(page.locator("#progress")).to_contain_text("已判定 8 / 8 项")
    assert page.locator("#progress").text_content().count("还差") == 0

    expect(page.locator(".verdict .if-fails")).to_be_visible()
    expect(page.get_by_label("整改要求")).to_have_value(re.compile("瓷砖空鼓率 7 %：客厅 3 块"))
    expect(page.get_by_label("整改期限")).to_have_value("2026-11-20")  # three days later
    page.locator("#manager_present").get_by_text("是").click()
    page.locator("#foreman_present").get_by_text("是").click()
    page.get_by_label("约定复查时间").fill("2026-11-23T10:00")
    expect(page.locator("[data-signatures] input:checked")).to_have_count(0)  # nobody signs by itself
    reason = page.get_by_label("工长拒签原因")
    expect(reason).to_be_hidden()
    page.get_by_role("button", name="完成验收").click()
    expect(page.locator("#manager_signed-0")).to_be_focused()  # the phone asks before anything is sent
    sign(page, "manager_signed", "已签字")
    sign(page, "foreman_signed", "拒签")
    page.get_by_role("button", name="完成验收").click()
    expect(reason).to_be_focused()
    reason.fill("认为空鼓为前一班组所做")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="完成验收").click()
    page.wait_for_url(re.compile(r"/records/rectification-notices/ZG-"))
    expect(page.locator("main")).to_contain_text("瓷砖空鼓率 7 %")
    expect(page.locator("main")).to_contain_text("认为空鼓为前一班组所做")

    portal.clock.set("2026-11-23 10:05")
    page.clock.set_system_time("2026-11-23T10:05:00+08:00")
    sitting.sign_in("reviewer")
    page = sitting.go("/records/pre-acceptances/day")
    page.locator(".day-sheet li").filter(has_text="季慕白").get_by_role("link", name="验收", exact=True).click()
    page.wait_for_selector("html[data-outbox-ready]", state="attached")
    expect(page.locator(".check-card")).to_have_count(1)  # the failed line only
    card = page.locator(".check-card")
    expect(card.locator(".before")).to_contain_text("7 %")
    under_way: list[Route] = []
    page.route("**/photos", lambda route: under_way.append(route))
    with page.expect_request("**/photos"):
        card.locator("input[type=file]").set_input_files(picture("white"))
    card.get_by_label("实测值").fill("3")  # before the photo has arrived
    expect(card.locator("input[value=PASS]")).to_be_checked()
    under_way[0].continue_()
    expect(card.locator(".judged .thumbs img")).to_have_count(1)
    expect(card.locator("input[value=PASS]")).to_be_checked()
    expect(page.locator("#finish")).to_contain_text("还没有登记整改完成；整改期限为 2026-11-20")
    expect(page.locator(".verdict .if-fails")).to_be_visible()  # nobody said in time that it is done (DL-19)
    said = page.get_by_label("工长报告整改完成的时间")
    said.fill("2026-11-21T08:00")
    expect(page.locator(".verdict .if-fails")).to_be_visible()
    said.fill("2026-11-20T17:00")
    expect(page.locator(".verdict .if-passes")).to_be_visible()  # and nobody is asked for a signature
    page.locator("#manager_present").get_by_text("是").click()
    page.locator("#foreman_present").get_by_text("是").click()
    page.get_by_role("button", name="完成验收").click()
    page.wait_for_url(re.compile(r"/records/inspections/.*-2$"))
    page.get_by_role("link", name=number).first.click()
    expect(page.locator(".status-bar .now-at")).to_have_text("预验收合格")
    page = sitting.go(f"/records/rectification-notices/{_notice(portal, number)}")
    expect(page.locator(".sides .thumbs img")).to_have_count(2)  # before and after side by side


def test_a_remark_typed_in_the_moment_of_leaving_is_there_again(portal, desk):
    """A slow phone, a session that has ended, and a remark written on behind what was saved, with the bar tapped at once:
    the page is left only once the remark is written down."""
    scheduled(portal, name="季晚晴", phone="13977770005")
    sitting = desk("reviewer", width=PHONE)
    sitting.page.clock.install(time=story.NOW.replace(" ", "T") + ":00+08:00")
    page = sitting.go("/records/pre-acceptances/day")
    page.locator(".day-sheet li").filter(has_text="季晚晴").get_by_role("link", name="验收", exact=True).click()
    page.wait_for_selector("html[data-outbox-ready]", state="attached")
    at = page.url
    sitting.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 8})
    remark = page.locator(".check-card").filter(has_text="砖缝均匀一致").get_by_label("说明")
    saved = remark.evaluate("field => field.form.action")
    with page.expect_response(lambda answer: answer.url == saved):
        remark.fill("缝宽")
    sitting.context.clear_cookies()
    remark.fill("缝宽 3 毫米")
    page.locator(".phone-head a, #outbox-bar a").first.click()
    page.wait_for_url(re.compile(r"/account/sign-in"))
    with page.expect_navigation():
        page.locator("button[name=username][value=reviewer]").click()
    page.wait_for_selector("html[data-outbox-ready]", state="attached")
    page.goto(at)
    expect(remark).to_have_value("缝宽 3 毫米")
    expect(page.locator("#outbox-bar")).to_have_count(0)
    page.reload()
    expect(remark).to_have_value("缝宽 3 毫米")  # the portal has it
    page.wait_for_selector("html[data-outbox-ready]", state="attached")
    remark.fill("缝宽 4 毫米")
    with page.expect_response(lambda answer: answer.url == saved):  # kept by the tab, sent by the page that comes
        page.reload()
    expect(remark).to_have_value("缝宽 4 毫米")
    expect(page.locator("#outbox-bar")).to_have_count(0)
    page.reload()
    expect(remark).to_have_value("缝宽 4 毫米")


def _notice(portal, number: str) -> str:
    def find() -> str:
        record = session().scalars(select(PreAcceptance).where(PreAcceptance.number == number)).one()
        assert (record.state, record.project.stage) == ("PASSED", "PRE_ACCEPTED")
        return record.notices[0].number

    return portal.ask(find)


def test_an_inspection_without_signal_arrives_once_and_in_order(handset, portal, network):
    """Airplane mode before it is begun: eight lines, a photo, the browser killed, the end; answers lost on the way back."""
    only_sometimes = portal.ask(lambda: _add_line("空鼓砖已标记", after="瓷砖空鼓率"))
    number = scheduled(portal, "祝清如", "13977770002")
    place = f"/reviewer/inspections/{number}-1"
    phone = handset()
    phone.sign_in("reviewer")
    phone.go("/reviewer/inspections/")
    phone.kept(place)
    phone.airplane(True)
    page = phone.go("/reviewer/inspections/")
    page.get_by_role("link", name="祝清如").click()
    page.wait_for_selector("html[data-outbox-ready]", state="attached")
    expect(page.locator("#outbox-bar")).to_contain_text("没有网络")

    def line(text):
        return phone.page.locator(".check-card").filter(has_text=text)

    expect(page.locator("#progress")).to_contain_text("已判定 0 / 8 项")
    expect(line("空鼓砖已标记")).to_be_hidden()
    hollow = line("瓷砖空鼓率")
    hollow.get_by_label("实测值").fill("7")
    expect(line("空鼓砖已标记")).to_be_visible()  # asked because the other is not in order
    expect(hollow.get_by_label("不合格")).to_be_checked()  # by the rule that the portal gave along
    expect(hollow.locator(".line-state")).to_contain_text("7 % 超出允许偏差（≤ 5 %）")
    expect(hollow.locator(".line-state")).to_contain_text("需要照片")
    hollow.get_by_label("说明").fill("客厅 3 块")
    hollow.locator("input[type=file]").set_input_files(picture("gray"))
    expect(page.locator("#outbox-bar b")).to_have_text(
        "未上传 2 条"
    )  # the last word on a line took the place of the first
    expect(hollow.locator(".line-state")).not_to_contain_text("需要照片")
    line("砖缝均匀一致").locator(".tap-fail").click()
    expect(page.locator("#outbox-bar b")).to_have_text("未上传 3 条")
    word = page.locator(".outbox-item").filter(has_text="砖缝均匀一致")
    first = word.get_attribute("data-key")
    line("砖缝均匀一致").locator(".tap-pass").click()
    expect(word).not_to_have_attribute("data-key", first)  # written down
    expect(page.locator("#outbox-bar b")).to_have_text("未上传 3 条")
    assert not network.posts

    phone.kill()
    phone.switch_on()
    phone.airplane(True)
    page = phone.go(place)
    expect(line("瓷砖空鼓率").get_by_label("实测值")).to_have_value("7")
    expect(line("瓷砖空鼓率").get_by_label("说明")).to_have_value("客厅 3 块")
    expect(line("砖缝均匀一致").get_by_label("合格", exact=True)).to_be_checked()
    for card in page.locator(".check-card").all():
        if not card.locator("input[type=radio]:checked").count():
            card.locator(".tap-pass").click()
    expect(page.locator("#progress")).to_have_text("已判定 9 / 9 项 · 1 项不合格")
    expect(page.locator("#outbox-bar b")).to_have_text("未上传 10 条")
    expect(page.locator(".verdict .if-fails")).to_be_visible()
    expect(page.get_by_label("整改要求")).to_have_value("瓷砖空鼓率 7 %：客厅 3 块")
    limit = portal.clock.now() + timedelta(days=3)
    page.get_by_label("整改期限").fill(local(limit)[:10])
    page.get_by_label("约定复查时间").fill(local(limit + timedelta(days=1)))
    page.locator("#manager_present").get_by_text("是").click()
    page.locator("#foreman_present").get_by_text("是").click()
    sign(page, "manager_signed", "已签字")
    sign(page, "foreman_signed", "已签字")
    page.get_by_role("button", name="完成验收").click()
    page.wait_for_url(re.compile(r"/reviewer/inspections/$"))
    expect(page.locator("#outbox-bar b")).to_have_text("未上传 11 条")
    page = phone.go(place)
    expect(page.locator("[data-is-over]")).to_contain_text("等待上传")
    assert page.locator("[data-lines]").evaluate("place => place.inert")

    portal.clock.set(datetime.now(UTC))
    network.lost = {1, 4, 9}
    phone.airplane(False)
    phone.sign_in("reviewer")
    phone.all_sent()
    # Three again because the answer was lost, and the end because its photo had to go first.
    assert len(network.posts) == 11 + 3 + 1 and network.most_at_once == 1
    assert portal.ask(lambda: _arrived(number)) == {
        "lines": {"瓷砖空鼓率": ("FAIL", "7", "客厅 3 块", 1), "砖缝均匀一致": ("PASS", "", "", 0)},
        "inspections": 1, "judged": 9, "result": "FAIL", "notices": 1, "state": "RECTIFYING_1",
    }  # fmt: skip
    portal.ask(lambda: _ask_no_more(only_sometimes))


def _add_line(text: str, *, after: str) -> int:
    """A line that is asked only if another is not in order."""
    with transaction() as writing:
        other = writing.scalars(select(CheckItem).where(CheckItem.text == after)).one()
        manager = writing.scalars(select(User).where(User.username == "manager")).one()
        said = check_items.Details(
            other.trade, text, None, None, None, False, "NEVER", 900, asked_if_id=other.id, asked_if_result="FAIL"
        )  # fmt: skip
        return check_items.add(writing, said, actor=manager, at=clock.now()).id


def _ask_no_more(line: int) -> None:
    with transaction() as writing:
        check_items.find(writing, line).is_active = False


def test_an_end_that_was_refused_leaves_the_lines_open(handset, portal):
    """Written too early without signal, it comes back: the lines can be judged, and written anew it goes after them."""
    number = scheduled(portal, "祝清如", "13977770003")
    place = f"/reviewer/inspections/{number}-1"
    phone = handset()
    phone.sign_in("reviewer")
    phone.go("/reviewer/inspections/")
    phone.kept(place)
    page = phone.go(place)
    phone.airplane(True)
    cards = page.locator(".check-card").filter(visible=True)
    hollow = page.locator(".check-card").filter(has_text="瓷砖空鼓率")
    hollow.get_by_label("实测值").fill("7")
    hollow.locator("input[type=file]").set_input_files(picture("gray"))
    expect(page.locator("#outbox-bar b")).to_have_text("未上传 2 条")
    limit = portal.clock.now() + timedelta(days=3)
    page.get_by_label("整改要求").fill("整间重贴")
    page.get_by_label("整改期限").fill(local(limit)[:10])
    page.get_by_label("约定复查时间").fill(local(limit + timedelta(days=1)))
    page.locator("#manager_present").get_by_text("是").click()
    page.locator("#foreman_present").get_by_text("是").click()
    sign(page, "manager_signed", "已签字")
    sign(page, "foreman_signed", "已签字")
    page.get_by_role("button", name="完成验收").click()
    page.wait_for_url(re.compile(r"/reviewer/inspections/$"))

    phone.airplane(False)
    page = phone.go(place)  # on the page of its form, too, what is opened comes back into it
    stuck = page.locator(".is-stuck[data-key]")
    expect(stuck).to_contain_text("未完成")
    for label in ("项目经理到场", "工长到场"):
        expect(stuck.locator(".own")).to_contain_text(label)
    phone.airplane(True)
    stuck.locator("[data-act=open]").click()
    page.wait_for_selector("html[data-outbox-ready]", state="attached")
    expect(page.locator("[data-is-over]")).to_be_hidden()
    assert not page.locator("[data-lines]").evaluate("place => place.inert")
    expect(page.get_by_label("整改要求")).to_have_value("整间重贴")
    for card in cards.all():
        if not card.locator("input[type=radio]:checked").count():
            card.locator(".tap-pass").click()
    expect(page.locator("#progress")).to_have_text("已判定 8 / 8 项 · 1 项不合格")
    page.get_by_role("button", name="完成验收").click()
    page.wait_for_url(re.compile(r"/reviewer/inspections/$"))
    phone.airplane(False)
    phone.go("/reviewer/inspections/")
    phone.all_sent()

    def ended() -> tuple[str, str, int]:
        record = session().scalars(select(PreAcceptance).where(PreAcceptance.number == number)).one()
        return record.state, record.notices[0].requirement, len(record.inspections[0].failed)

    assert portal.ask(ended) == ("RECTIFYING_1", "整间重贴", 1)


def test_an_end_without_signatures_comes_back_and_is_written_anew(handset, portal):
    """A page that was kept before signatures were asked for lets it be written without signal; the portal refuses it by its fields,
    and it is mended on the same page, still without signal."""
    number = scheduled(portal, "祝清如", "13977770006")
    place = f"/reviewer/inspections/{number}-1"
    phone = handset()
    phone.sign_in("reviewer")
    phone.go("/reviewer/inspections/")
    phone.kept(place)
    page = phone.go(place)
    phone.airplane(True)
    page.locator(".check-card").filter(has_text="瓷砖空鼓率").get_by_label("实测值").fill("7")
    page.locator(".check-card").filter(has_text="瓷砖空鼓率").locator("input[type=file]").set_input_files(
        picture("gray")
    )
    for card in page.locator(".check-card").filter(visible=True).all():
        if not card.locator("input[type=radio]:checked").count():
            card.locator(".tap-pass").click()
    expect(page.locator("#progress")).to_have_text("已判定 8 / 8 项 · 1 项不合格")
    limit = portal.clock.now() + timedelta(days=3)
    page.get_by_label("整改期限").fill(local(limit)[:10])
    page.get_by_label("约定复查时间").fill(local(limit + timedelta(days=1)))
    page.locator("#manager_present").get_by_text("是").click()
    page.locator("#foreman_present").get_by_text("是").click()
    sign(page, "manager_signed", "已签字")
    sign(page, "foreman_signed", "拒签")
    page.evaluate("document.getElementById('finish').noValidate = true")
    page.get_by_role("button", name="完成验收").click()
    page.wait_for_url(re.compile(r"/reviewer/inspections/$"))

    phone.airplane(False)
    page = phone.go(place)
    stuck = page.locator(".is-stuck[data-key]")
    expect(stuck).to_contain_text("工长拒签原因：验收不合格：请写明拒签原因。")
    expect(stuck.locator(".own")).to_contain_text("拒签")
    phone.airplane(True)
    stuck.locator("[data-act=open]").click()
    expect(page.locator("#finish")).to_contain_text("请写明拒签原因")
    expect(page.locator("#manager_signed-0")).to_be_checked()
    expect(page.locator("#foreman_signed-1")).to_be_checked()
    page.get_by_label("工长拒签原因").fill("不认可空鼓率")
    page.get_by_role("button", name="完成验收").click()
    page.wait_for_url(re.compile(r"/reviewer/inspections/$"))
    phone.airplane(False)
    phone.go("/reviewer/inspections/")
    phone.all_sent()

    def ended() -> tuple[object, ...]:
        record = session().scalars(select(PreAcceptance).where(PreAcceptance.number == number)).one()
        (notice,) = record.notices
        return record.state, notice.manager_signed, notice.foreman_signed, notice.foreman_refusal

    assert portal.ask(ended) == ("RECTIFYING_1", True, False, "不认可空鼓率")


def _arrived(number: str) -> dict[str, object]:
    record = session().scalars(select(PreAcceptance).where(PreAcceptance.number == number)).one()
    held = record.inspections[0]
    said = {
        item.text: (item.result, f"{item.measured.normalize():f}" if item.measured is not None else "", item.comment or "", len(item.photos))
        for item in held.items
    }  # fmt: skip
    return {
        "lines": {text: said[text] for text in ("瓷砖空鼓率", "砖缝均匀一致")},
        "inspections": len(record.inspections), "judged": sum(item.result is not None for item in held.items),
        "result": held.result, "notices": len(record.notices), "state": record.state,
    }  # fmt: skip
