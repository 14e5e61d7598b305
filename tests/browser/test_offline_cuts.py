"""Connections that break: requests and answers cut at any byte, many large photos over a slow network."""

from __future__ import annotations

import contextlib
import time

from playwright.sync_api import Error
from sqlalchemy import select

from portal.db import session
from portal.models.event import Event
from portal.models.repair import RepairOrder
from tests.browser.cutting import Cutter
from tests.browser.handset import entries, finish_the_visit, new_job, write_the_visit


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


def test_thirty_large_photos_leave_the_page_usable(handset, portal, network):
    """Sent one at a time, smaller than they were taken; meanwhile the page answers at once."""
    number = new_job(portal)
    phone = handset()
    phone.sign_in("captain")
    page = phone.go(f"/repair-captain/jobs/{number}")
    network.slow = 0.3
    page.evaluate(
        """async () => {
          const noise = new ImageData(2400, 1800);
          for (let at = 0; at < noise.data.length; at += 65536) crypto.getRandomValues(noise.data.subarray(at, at + 65536));
          for (let at = 3; at < noise.data.length; at += 4) noise.data[at] = 255;
          const canvas = new OffscreenCanvas(2400, 1800), pen = canvas.getContext("2d"), chosen = new DataTransfer();
          for (let index = 0; index < 30; index += 1) {
            pen.putImageData(noise, 0, 0);
            pen.fillRect(0, 0, 40 + index * 40, 60);
            const picture = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
            chosen.items.add(new File([picture], `photo${index}.jpg`, { type: "image/jpeg" }));
          }
          const input = document.querySelector("#photo-form [name=file]");
          input.files = chosen.files;
          window.largest = Math.max(...[...input.files].map((file) => file.size));
          window.pauses = [];
          let last = performance.now();
          setInterval(() => { window.pauses.push(performance.now() - last); last = performance.now(); }, 20);
          input.dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    assert page.evaluate("() => window.largest") > 3_500_000
    deadline = time.monotonic() + 240
    while len(entries(portal, number)) < 3:
        assert time.monotonic() < deadline, (phone.unsent(), network.posts)
        time.sleep(0.5)
    pauses = sorted(page.evaluate("() => window.pauses"))
    print(f"{len(pauses)} looks, median {pauses[len(pauses) // 2]:.0f} ms, longest {pauses[-1]:.0f} ms")
    while len(entries(portal, number)) < 30:
        assert time.monotonic() < deadline, (phone.unsent(), len(network.posts))
        time.sleep(0.5)
    assert network.most_at_once == 1 and len(network.posts) == 30
