"""The manager's board in a browser: what comes again by itself stands still under the pointer; charts are drawn."""

from __future__ import annotations

from playwright.sync_api import expect


def test_the_cockpit_comes_again_each_minute_but_not_under_the_pointer(desk):
    sitting = desk("manager")
    page = sitting.page
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/manager/cockpit") else None)
    sitting.go("/manager/")
    page.locator("html[data-ready]").wait_for()
    page.mouse.move(5, 5)
    page.clock.run_for(61_000)
    assert len(asked) == 1
    page.locator("#cockpit").hover()
    page.clock.run_for(61_000)
    assert len(asked) == 1, "nothing moves under the pointer"
    page.mouse.move(5, 5)
    page.clock.run_for(61_000)
    assert len(asked) == 2
    # A minute of the page's own clock is over before the portal has answered what else it asks for.
    sitting.complaints[:] = [said for said in sitting.complaints if "htmx:error: timeout" not in said]


def test_the_charts_of_twelve_weeks_open_their_records(desk):
    page = desk("manager").go("/manager/")
    for which in ("trend", "timeliness", "satisfaction"):
        expect(page.locator(f"#weeks-{which} svg.plot")).to_be_visible()
    point = page.locator("#weeks-trend svg a").last
    address = point.get_attribute("href")
    assert address and "figure.M-2" in address
    page.goto(page.url.replace("/manager/", address))
    expect(page.locator("tr.line").first).to_be_visible()
