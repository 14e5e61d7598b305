"""Pivot, graph and task matrix in a real browser: figures lead to their records, wide things scroll in their own box."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, WIDTHS

PAGES = (
    "/records/complaints?filter=&view=pivot&rows=state,category&columns=received:month&measure=count",
    "/records/contracts?filter=&view=pivot&rows=customer&columns=signed:month&measure=count,amount,amount:average",
    "/records/complaints?filter=&view=graph&chart=stacked&rows=received:month&columns=state",
    "/records/contracts?filter=&view=graph&chart=line&rows=signed:day&measure=amount",
    "/records/complaints?filter=&view=graph&chart=pie&rows=category",
    "/records/complaints?filter=&view=tasks",
)


def number_of(page):
    """How many records the list says it has."""
    pager = page.locator(".pager .tabular")
    expect(pager).to_have_text(re.compile(r"/ [\d,]+$"))
    return int(pager.inner_text().split("/")[1].replace(",", ""))


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_screen(desk, width):
    sitting = desk("manager", width=width)
    for path in PAGES:
        page = sitting.go(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        smallest = page.evaluate(
            "Math.min(99, ...[...document.querySelectorAll('.plot text')].map(t => t.getBoundingClientRect().height))"
        )
        assert smallest >= 12, f"{path}: letters of {smallest} px"


def test_a_figure_of_the_pivot_leads_to_its_records(desk):
    page = desk("manager").go(PAGES[0])
    cell = page.locator(".pivot tbody td a").nth(3)
    told = int(cell.inner_text())
    cell.click()
    page.wait_for_url(re.compile("where="))
    assert number_of(page) == told


def test_groups_fold_swap_and_sort_without_a_script(desk):
    page = desk("manager", java_script=False).go(PAGES[0])
    lines = page.locator(".pivot tbody tr")
    before, total = lines.count(), page.locator(".pivot tfoot td.total").inner_text()
    page.locator(".pivot tbody .fold").first.click()
    assert lines.count() < before
    page.get_by_role("link", name="行列互换").click()
    assert page.locator(".pivot tfoot td.total").inner_text() == total
    page.locator(".pivot thead tr").last.locator("th.total a").click()
    expect(page.locator(".pivot th[aria-sort=descending]")).to_have_count(1)
    figures = [int(each.replace(",", "")) for each in page.locator(".pivot tbody td.total").all_inner_texts()]
    assert figures == sorted(figures, reverse=True)


def test_a_bar_leads_to_its_records(desk):
    page = desk("manager").go("/records/complaints?filter=&view=graph&rows=received:month")
    bar = page.locator(".plot a").last
    told = int(bar.get_attribute("aria-label").split()[-1])
    bar.click()
    page.wait_for_url(re.compile("where="))
    assert number_of(page) == told


def test_the_table_is_taken_out_as_a_workbook(desk):
    page = desk("manager").go(PAGES[1])
    with page.expect_download() as taken:
        page.get_by_role("link", name="导出这张表").click()
    assert taken.value.suggested_filename.endswith(".xlsx")


def test_a_cell_of_the_tasks_leads_to_its_record(desk):
    page = desk("manager", width=PHONE).go("/records/complaints?filter=open&view=tasks")
    page.locator(".tasks-matrix td a.cell").first.click()
    page.wait_for_url(re.compile(r"/records/complaints/TS-"))
    expect(page.locator("h1")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_menus_stay_on_the_screen(desk, width):
    page = desk("manager", width=width).go(PAGES[1])
    for number in range(page.locator(".chooser summary").count()):
        page.locator(".chooser summary").nth(number).click()
        box = page.locator(".chooser details[open] > .menu").first.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
        page.locator(".chooser summary").nth(number).click()
    page.locator(".chooser summary").first.click()
    page.locator(".chooser details[open] .menu a").first.click()
    page.wait_for_url(re.compile("rows="))
    expect(page.locator(".chooser").first.locator(".facet")).to_have_count(2)
