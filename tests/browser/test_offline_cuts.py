"""Connections that break: requests and answers cut at any byte, many large photos over a slow network."""

from __future__ import annotations

import contextlib
import gc
import time

import pytest
from playwright.sync_api import Error
from sqlalchemy import select

from portal.db import session
from portal.models.event import Event
from portal.models.repair import RepairOrder
from tests.browser.cutting import Cutter
from tests.browser.handset import entries, finish_the_visit, local, new_job, send, write_the_visit


def test_ten_connections_cut_at_any_byte(handset, portal, network):
    """Each of the first ten requests of the outbox is cut at a random byte, of the request or of its answer."""
    number = new_job(portal)
    job = f"/repair-captain/jobs/{number}"
    cutter = Cutter(portal.url, cuts=10, seed=20261128)
    phone = handset(cutter.url)
    phone.sign_in("captain")
    phone.go("/repair-captain/")
    phone.kept(job)
    phone.airplane(True)
    page = phone.go(job)
    write_the_visit(page, portal)
    finish_the_visit(page, portal)
    assert phone.unsent() == 14 and not cutter.posts
    phone.airplane(False)
    deadline = time.monotonic() + 150
    while phone.unsent():
        assert time.monotonic() < deadline, (phone.unsent(), cutter.cut)
        with contextlib.suppress(Error):
            page.evaluate("dispatchEvent(new Event('online'))")  # no need to wait for the pause between two tries
        time.sleep(0.5)
    cutter.close()
    assert len(cutter.cut) == 10 and {side for side, *_rest in cutter.cut} == {"request", "answer"}
    found = entries(portal, number)
    assert len(found) == 14
    texts = [action for action, *_rest in found if action != "photos"]
    assert texts == ["reach", "arrive", "start", "costs", "costs", "finish"]

    def check() -> None:
        order = session().scalars(select(RepairOrder).where(RepairOrder.number == number)).one()
        assert (order.state, len(order.photos), len(order.costs)) == ("DONE", 8, 2)
        steps = session().scalars(
            select(Event.action).where(Event.record_number == number, Event.action.in_(["arrive", "start", "finish"]))
        )
        assert sorted(steps) == ["arrive", "finish", "start"]

    portal.ask(check)


LINE = {"offline": False, "latency": 300, "downloadThroughput": 2_000_000 / 8, "uploadThroughput": 400_000 / 8}
"""A slow line: 300 ms there and back, 400 kbit/s up; bytes a second."""
FREE = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
LONGEST_PAUSE = 1000
"""Milliseconds that the page may be busy at a stretch while photos are made smaller and sent: longer feels broken."""
CHOOSE_THIRTY = """async () => {
  const grain = new ImageData(144, 108);
  crypto.getRandomValues(grain.data);
  for (let at = 3; at < grain.data.length; at += 4) grain.data[at] = 255;
  const small = new OffscreenCanvas(144, 108), canvas = new OffscreenCanvas(2400, 1800);
  small.getContext("2d").putImageData(grain, 0, 0);
  const pen = canvas.getContext("2d"), chosen = new DataTransfer(), rest = new Uint8Array(4_000_000);
  for (let index = 0; index < 30; index += 1) {
    pen.drawImage(small, 0, 0, 2400, 1800);
    pen.fillRect(0, 0, 40 + index * 40, 60);
    const picture = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
    chosen.items.add(new File([picture, rest], `photo${index}.jpg`, { type: "image/jpeg" }));
  }
  const input = document.querySelector("#photo-form [name=file]");
  input.files = chosen.files;
  window.pauses = [];
  let last = performance.now();
  setInterval(() => { window.pauses.push(performance.now() - last); last = performance.now(); }, 20);
  input.dispatchEvent(new Event("change", { bubbles: true }));
  return Math.min(...[...input.files].map((file) => file.size));
}"""
"""Thirty photos of over 4 MB are chosen; from then on the page's pauses are counted."""
SENT = """() => performance.getEntriesByType("resource")
  .filter((each) => each.name.endsWith("/photos")).map((each) => each.duration)"""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_thirty_large_photos_over_a_slow_line_leave_the_page_usable(handset, portal, network):
    """Made smaller and sent one at a time; meanwhile the page answers at once, and what is written goes before the photos."""
    number = new_job(portal)
    phone = handset()
    phone.sign_in("captain")
    page = phone.go(f"/repair-captain/jobs/{number}")
    line = phone.context.new_cdp_session(page)
    line.send("Network.emulateNetworkConditions", LINE)
    assert page.evaluate(CHOOSE_THIRTY) > 4_000_000
    deadline = time.monotonic() + 240

    def arrived(count: int) -> None:
        while len(entries(portal, number)) < count:
            assert time.monotonic() < deadline, (phone.unsent(), network.posts)
            time.sleep(0.3)

    arrived(2)
    fold = page.locator("main details:visible").first
    was_open = fold.evaluate("(fold) => fold.open")
    fold.locator("summary").first.tap(timeout=LONGEST_PAUSE)
    assert fold.evaluate("(fold) => fold.open") is not was_open
    assert min(page.evaluate(SENT)) >= LINE["latency"], "the line is not slow"
    assert max(page.evaluate("() => window.pauses")) < LONGEST_PAUSE

    send(page, "step", arrived_at=local(portal.clock.now()))
    waiting = phone.unsent()
    line.send("Network.emulateNetworkConditions", FREE)
    arrived(31)
    actions = [action for action, *_rest in entries(portal, number)]
    assert sorted(actions) == ["photos"] * 30 + ["reach"]  # each once
    assert waiting >= 10 and actions.index("reach") <= 31 - waiting
    assert network.most_at_once == 1
    gc.collect()  # the page came again and cut an upload; what the server had of it goes here, not in a later test
