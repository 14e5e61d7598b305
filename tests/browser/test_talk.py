"""Writing beside a record in a real browser: canned texts, files, topics, changing a note, searching, chains, counts."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import expect
from sqlalchemy import select

from portal.db import session, transaction
from portal.models.customer import Customer
from portal.models.org import User
from portal.models.task import Task
from portal.models.task_type import TaskType
from portal.services import canned, task_types
from portal.services.canned import Details
from tests.browser.conftest import DESKTOP, HEIGHTS, PHONE
from tests.browser.test_accessibility import COLOURS, SWITCH, WHOLE, findings


@pytest.fixture(scope="module", autouse=True)
def prepared(portal):
    """A canned text for everybody, one of another name, and a chain of two types."""

    def prepare():
        with transaction() as writing:
            manager = writing.scalars(select(User).where(User.username == "manager")).one()
            at = portal.clock.now()
            for title, text in (("回访问候", "{称谓}您好，{编号}的事由我跟进。"), ("改期说明", "改期：{今天}")):
                canned.add(writing, Details(title, text, shared="ALL"), actor=manager, at=at)
            second = task_types.add(
                writing, task_types.Details("水电回访", summary="问水电", chaining="NONE"), actor=manager, at=at
            )
            task_types.add(
                writing,
                task_types.Details("开工回访", summary="问开工", chaining="TRIGGER", next_id=second.id),
                actor=manager,
                at=at,
            )

    portal.ask(prepare)


@pytest.fixture
def address(portal):
    number = portal.ask(lambda: session().scalars(select(Customer.number).where(Customer.name == "张建军")).one())
    return f"/records/customers/{number}"


def photo(name="现场.png"):
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "#a33").save(out, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": out.getvalue()}


def test_a_canned_text_by_keyboard(desk, address):
    page = desk("specialist").go(address)
    page.locator("#composer").click()
    page.keyboard.type("已通话。 /回访")
    offered = page.locator(".composer .mentions button:visible")
    expect(offered).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(offered.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    for _sign in "回访":
        page.keyboard.press("Backspace")
    page.keyboard.type("hfwh")  # without an input method
    expect(offered).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#composer")).to_be_focused()
    value = page.locator("#composer").input_value()
    assert value.startswith("已通话。 ") and "您好，KH-" in value and "{" not in value
    expect(offered).to_have_count(0)


def test_the_button_offers_all_and_escape_goes_back(desk, address):
    page = desk("specialist").go(address)
    page.locator("#composer").fill("前 后")
    page.evaluate("document.getElementById('composer').setSelectionRange(2, 2)")
    page.locator(".composer [data-offer-texts]").click()
    offered = page.locator(".composer .mentions button:visible")
    expect(offered).to_have_count(2)
    expect(offered.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#composer")).to_be_focused()
    expect(offered).to_have_count(0)
    page.locator(".composer [data-offer-texts]").click()
    offered.filter(has_text="改期说明").click()
    value = page.locator("#composer").input_value()
    assert value.startswith("前 改期：") and value.endswith("后")


def test_a_path_in_a_text_offers_nothing(desk, address):
    page = desk("specialist").go(address)
    page.locator("#composer").click()
    page.keyboard.type("见 http://a/b 与 1/2")
    expect(page.locator(".composer .mentions")).to_be_hidden()


def test_files_are_chosen_shown_refused_and_sent(desk, address):
    page = desk("specialist").go(address)
    page.locator("#composer").fill("两张现场照片")
    pick = page.locator(".composer [data-pick]").first
    pick.set_input_files([photo("一.png"), photo("二.png")])
    chosen = page.locator(".composer-files input[name=attachment]")
    expect(chosen).to_have_count(1)  # the same content is on the record once
    pick.set_input_files({"name": "坏.exe", "mimeType": "application/x-msdownload", "buffer": b"MZ\0\0"})
    expect(page.locator(".composer-files .error")).to_contain_text("坏.exe")
    expect(page.locator("#composer")).to_have_value("两张现场照片")
    page.locator(".composer button[type=submit]").click()
    entry = page.locator(".entry.note", has_text="两张现场照片")
    expect(entry.locator("a", has_text=".png")).to_have_count(1)
    expect(page.locator(".composer-files li")).to_have_count(0)


DROP = """([form, kind, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], "拖入.png", { type: "image/png" }));
  if (kind === "paste") {
    const event = new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: data });
    form.querySelector("textarea").dispatchEvent(event);
  } else {
    form.dispatchEvent(new DragEvent("dragover", { bubbles: true, cancelable: true, dataTransfer: data }));
    form.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }));
  }
}"""


@pytest.mark.parametrize(("kind", "colour"), [("drop", "#123"), ("paste", "#456")])
def test_a_picture_is_dropped_or_pasted(desk, address, kind, colour):
    page = desk("specialist").go(address)
    out = io.BytesIO()
    Image.new("RGB", (50, 30), colour).save(out, "PNG")
    page.locator("html[data-ready]").wait_for()
    page.evaluate(DROP, [page.locator("form.composer").element_handle(), kind, list(out.getvalue())])
    expect(page.locator(".composer-files input[name=attachment]")).to_have_count(1)
    expect(page.locator(".composer-files img")).to_be_visible()


def test_a_phone_offers_its_camera(desk, address):
    page = desk("specialist", width=PHONE).go(address)
    camera = page.locator(".composer .touch-only")
    expect(camera).to_be_visible()
    assert camera.locator("input").get_attribute("capture") == "environment"
    for target in page.locator(".composer .foot .icon-button, .composer .foot .btn").all():
        if target.is_visible():
            box = target.bounding_box()
            assert box["height"] >= 44 and box["width"] >= 44, target.inner_text()


def test_a_note_is_changed_in_place(desk, address):
    page = desk("specialist").go(address)
    page.locator("#composer").fill("客户周五在家")
    page.locator(".composer button[type=submit]").click()
    entry = page.locator(".entry.note", has_text="客户周五在家").first
    entry.locator(".entry-edit a").click()
    expect(page.locator("#composer")).to_have_value("客户周五在家")
    expect(page.locator("#composer")).to_be_focused()
    page.locator("#composer").fill("客户周六在家")
    page.keyboard.press("Control+Enter")
    entry = page.locator(".entry.note", has_text="客户周六在家").first
    entry.locator("summary").click()
    expect(entry.locator("del")).to_have_text("客户周五在家")
    expect(page.locator(".composer.is-note")).to_be_visible()


def test_the_history_is_searched_while_one_types(desk, address):
    page = desk("specialist").go(address)
    page.locator("#composer").fill("瓷砖到货日期待定")
    page.locator(".composer button[type=submit]").click()
    page.locator(".entry.note", has_text="瓷砖到货").wait_for()
    page.locator("#thread-q").fill("瓷砖 到货")
    expect(page.locator("#talk .found")).to_contain_text("找到 1 条")
    expect(page.locator("#talk .entry")).to_have_count(1)
    expect(page.locator("#thread-q")).to_be_focused()
    page.locator("#thread-q").fill("")
    expect(page.locator("#talk .found")).to_have_count(0)


def test_topics_are_chosen_beside_the_record(desk, address):
    page = desk("specialist").go(address)
    page.locator(".followers button", has_text="关注").first.click()
    menu = page.locator(".followers details")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(menu.locator("input:checked")).to_have_count(2)
    menu.locator("label", has_text="附件").click()
    menu.locator("button", has_text="保存").click()
    expect(page.locator(".said")).to_contain_text("已保存")
    page.locator(".followers summary").click()
    expect(page.locator(".followers input[value=FILES]")).to_be_checked()
    page.locator(".followers button", has_text="按我的账号设置").click()
    expect(page.locator(".entry.log").first).to_contain_text("按账号设置")
    page.locator(".followers summary").click()
    expect(page.locator(".followers input[value=FILES]")).not_to_be_checked()


def test_a_chain_beside_the_record_by_keyboard(desk, portal, address):
    page = desk("specialist").go(address)
    page.locator(".chatter-head a", has_text="待办").click()
    page.locator("#type_name").select_option("开工回访")
    page.locator("input[name=when][value=AS_TYPE]").check(force=True)
    page.keyboard.press("Control+Enter")
    line = page.locator(".task-list li", has_text="问开工")
    line.locator("button.round-check").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_contain_text("接着：问水电")
    expect(page.locator(".task-list li", has_text="问水电")).to_be_visible()
    found = portal.ask(
        lambda: (
            session().execute(select(Task.title, TaskType.name).join(TaskType).order_by(Task.id.desc()).limit(1)).one()
        )
    )
    assert found == ("问水电", "水电回访")


def test_the_numbers_of_the_top_bar_open_their_lists(desk):
    for width in (DESKTOP, PHONE):
        page = desk("specialist", width=width).go("/specialist/")
        page.locator(".task-counts summary").click()
        item = page.locator(".task-counts .menu a").first
        count = int(item.locator("span").inner_text())
        item.click()
        page.wait_for_url("**/records/tasks?filter=mine,open,overdue")
        expect(page.locator("tbody tr.line")).to_have_count(count)


def test_without_javascript_a_text_and_a_file_go_too(desk, address):
    page = desk("specialist", width=PHONE, java_script=False).go(address)
    page.locator(".composer [data-offer-texts]").click()
    page.locator("#canned").select_option(label="改期说明")
    page.locator("button[name=insert]").click()
    assert page.locator("#composer").input_value().startswith("改期：20")
    page.locator(".composer input[type=file]").first.set_input_files(photo("纸面.png"))
    page.locator(".composer button[type=submit]").last.click()
    expect(page.locator(".entry.note a", has_text=".png").first).to_be_visible()


def test_no_serious_finding(desk, portal, address):
    sitting, boss = desk("specialist"), desk("manager")
    sitting.go(address).locator("#composer").fill("看一眼")
    sitting.page.locator(".composer button[type=submit]").click()
    sitting.page.locator(".entry-edit a").first.wait_for()
    edit = sitting.page.locator(".entry-edit a").first.get_attribute("href")
    kind = portal.ask(lambda: session().scalars(select(TaskType.id).where(TaskType.name == "开工回访")).one())
    wrong = []
    for one, path in (
        (sitting, edit), (sitting, f"{address}/timeline?q=看"), (sitting, "/account/texts"), (sitting, "/account/texts/new"),
        (sitting, "/account/"), (boss, "/manager/task-types"), (boss, f"/manager/task-types/{kind}"),
        (boss, "/records/customers?view=tasks"),
    ):  # fmt: skip
        page = one.go(path)
        page.locator("html[data-ready]").wait_for()
        for theme, options in (("light", WHOLE), ("dark", COLOURS)):
            page.evaluate(SWITCH, theme)
            for width in (DESKTOP, PHONE):
                page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
                if page.evaluate("document.scrollingElement.scrollWidth - innerWidth") > 0:
                    wrong.append(f"{path} is wider than {width}")
                wrong += findings(page, options, f"{path} at {width}, {theme}")
    assert not wrong, "\n".join(wrong)


def test_who_is_named_stands_among_the_receivers_at_once(desk, address):
    page = desk("specialist").go(f"{address}/talk?mode=message")
    said = page.locator("[data-receivers]")
    before = said.inner_text()
    page.locator("#composer").click()
    page.keyboard.type("请看一下 @chenl")
    expect(page.locator(".composer .mentions button:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(said).to_contain_text("陈丽华")
    page.reload()  # what was typed came back, and so did the line
    expect(said).to_contain_text("陈丽华")
    page.locator("#composer").fill("没有点名")
    expect(said).to_have_text(before)
