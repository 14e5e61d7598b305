"""Make the pictures of the README from the demo department: `python docs/screenshots.py [NAME ...]`.

A portal with demo data as of one fixed morning is started in a temporary folder, so the pictures change only when the
pages do. Needs Chromium, and pdftoppm (poppler) for the printed form.
"""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from flask import Flask  # noqa: E402
from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402
from sqlalchemy import select  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

from portal import clock, i18n  # noqa: E402
from portal.app import create_app  # noqa: E402
from portal.db import session  # noqa: E402
from portal.documents import rendering  # noqa: E402
from portal.files.store import Store  # noqa: E402
from portal.models.complaint import Complaint  # noqa: E402
from portal.models.customer import Customer  # noqa: E402
from portal.services import documents  # noqa: E402
from portal.testing import find_chromium  # noqa: E402
from tests import databases, story  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"
LARGEST = 200_000
"""Bytes of one picture."""
COLOURS = (256, 128, 64, 32)
LEDGER = ROOT / "tests" / "imports" / "data" / "customer-ledger-2026.xlsx"
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@dataclass(frozen=True)
class Picture:
    """One picture: who looks, at what, on which screen; `arrange` does what must be done before."""

    name: str
    who: str | None
    path: str
    phone: bool = False
    arrange: Callable[[Page], None] | None = None
    dark: bool = False


def take_a_call(page: Page) -> None:
    """The desk in the middle of a call: the caller is known, the complaint half written."""
    page.locator("#number").press_sequentially("13900020048")
    page.locator("#household h2").wait_for()
    page.locator("#household h2").filter(has_text="罗建平").wait_for()
    page.locator("[name=kind][value=COMPLAINT]").check()
    page.locator("#question").fill("客厅墙面三条裂缝，从窗角一直到踢脚线，业主希望这周有人上门。")
    page.evaluate("scrollTo(0, 0)")


def ask_the_ledger(page: Page) -> None:
    """Upload the old ledger, take its columns as they were recognised, and come to its questions."""
    page.locator("input[type=file]").set_input_files(LEDGER)
    for following in ("**/columns", "**/questions"):
        page.locator("main form button.primary").first.click()
        page.wait_for_url(following)
    page.get_by_role("link", name="联系电话").click()


PICTURES = (
    Picture("sign-in", None, "/account/sign-in"),
    Picture("front-desk", "front_desk", "/front-desk/calls/new", arrange=take_a_call),
    Picture("front-desk-phone", "front_desk", "/front-desk/calls/new", phone=True, arrange=take_a_call),
    Picture("specialist", "specialist", "/specialist/"),
    Picture("complaint", "specialist", "{complaint}"),
    Picture("complaint-dark", "specialist", "{complaint}", dark=True),
    Picture("complaints", "specialist", "/records/complaints"),
    Picture("board", "manager", "/manager/"),
    Picture("process", "manager", "/records/processes/p09"),
    Picture("household", "specialist", "{household}"),
    Picture("calls", "specialist", "/specialist/calls"),
    Picture("bench", "reviewer", "/reviewer/bench/SH-2026-0004"),
    Picture("inspections-phone", "reviewer", "/reviewer/inspections/", phone=True),
    Picture("metrics", "manager", "/records/metrics"),
    Picture("import-questions", "manager", "/records/import-runs/new", arrange=ask_the_ledger),
    Picture("captain-phone", "captain", "/repair-captain/", phone=True),
    Picture("captain-job-phone", "captain", "/repair-captain/jobs/WX-2026-0003", phone=True),
    Picture("complaint-phone", "specialist", "{complaint}", phone=True),
)


PRINTED, CLOSED = "form-f06", "TS-2026-0001"
"""The picture of a printed form, and the closed complaint it is of; all others are pages."""


@contextmanager
def running_portal() -> Iterator[tuple[Flask, str, dict[str, str]]]:
    """The portal of the story; gives it with its address and the addresses of the records that are shown."""
    with tempfile.TemporaryDirectory(prefix="portal-pictures-") as folder:
        home = Path(folder)
        story.make_template(home, databases.make_sqlite_template(home))
        moment = home / "clock"
        moment.write_text(story.NOW)
        clock.use_test_clock(moment)
        app = create_app(story.config(home))
        with app.app_context():
            places = _places()
        server = make_server("127.0.0.1", 0, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield app, f"http://127.0.0.1:{server.port}", places
        finally:
            server.shutdown()


def _places() -> dict[str, str]:
    shown = (
        session()
        .scalars(select(Complaint).where(Complaint.subject == "到货地板色差明显", Complaint.state == "VERIFIED"))
        .one()
    )
    customer = session().scalars(select(Customer).where(Customer.name == "张建军")).one()
    return {
        "complaint": f"/records/complaints/{shown.number}",
        "household": f"/records/customers/{customer.number}/household",
    }


def print_form(app: Flask, code: str, number: str) -> bytes:
    """The first page of a printed form as PNG."""
    with app.app_context(), i18n.use_locale(i18n.DEFAULT):
        form, store = documents.get_form(code), Store.of(app.config["PORTAL"])
        record = session().scalars(select(form.model).where(form.model.number == number)).one()
        draft = documents.drawn_up(session(), form, record, number=1, by="周晓雯", at=clock.now(), store=store)
        sheet = draft.paper(store)
        session().rollback()
    pdf = rendering.render_pdf(sheet.html, sheet.assets).content
    program = ("pdftoppm", "-png", "-r", "100", "-f", "1", "-l", "1", "-singlefile", "-")
    return subprocess.run(program, input=pdf, capture_output=True, check=True).stdout


def take(browser: Browser, address: str, places: dict[str, str], picture: Picture) -> bytes:
    """The picture as PNG."""
    context = browser.new_context(
        viewport=PHONE if picture.phone else WIDE,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
        color_scheme="dark" if picture.dark else "light",
        device_scale_factor=2 if picture.phone else 1,
        is_mobile=picture.phone,
        has_touch=picture.phone,
    )
    page = context.new_page()
    if picture.who:
        page.goto(f"{address}/account/sign-in")
        page.locator(f"button[name=username][value={picture.who}]").click()
        page.wait_for_load_state()
    page.goto(address + picture.path.format(**places))
    if picture.arrange:
        picture.arrange(page)
    page.wait_for_load_state("networkidle")
    taken = page.screenshot()
    context.close()
    return taken


def smaller(png: bytes) -> bytes:
    """The same picture with fewer colours, as many as fit into LARGEST bytes."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in COLOURS:
        out = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= LARGEST:
            return out.getvalue()
    raise SystemExit("A picture does not fit; show less of the page.")


def main(wanted: list[str]) -> None:
    """Make the pictures named, or all."""
    FOLDER.mkdir(exist_ok=True)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with running_portal() as (app, address, places), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        for picture in PICTURES:
            if wanted and picture.name not in wanted:
                continue
            _keep(picture.name, take(browser, address, places, picture))
        browser.close()
        if not wanted or PRINTED in wanted:
            _keep(PRINTED, print_form(app, "F-06", CLOSED))


def _keep(name: str, png: bytes) -> None:
    small = smaller(png)
    (FOLDER / f"{name}.png").write_bytes(small)
    print(f"{name}.png  {len(small) // 1024} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
