"""Every kind of page, on desk and phone, light and dark: no serious finding of axe, nothing wider than the screen."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import select

from portal.db import session
from portal.models.complaint import Complaint
from portal.models.contract import Contract
from portal.models.customer import Customer
from tests.browser.conftest import DESKTOP, HEIGHTS, PHONE

WHOLE = {"resultTypes": ["violations"]}
COLOURS = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}
SWITCH = """theme => {
  document.documentElement.dataset.bsTheme = theme;
  for (const change of document.getAnimations()) if (change instanceof CSSTransition) change.finish();
}"""
"""Colours fade from one theme into the other; what is measured are those at the end."""
DRAWN = "() => new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
"""After another width: what axe measures has been laid out and painted."""
GRAVE = {"serious", "critical"}

PAGES = {
    None: ("/account/sign-in",),
    "front_desk": (
        "/front-desk/",
        "/front-desk/calls/new",
        "/front-desk/log",
        "/front-desk/visitors",
        "/records/complaints/new?customer={customer}",
        "/records/consultations",
        "/records/knowledge-articles",
        "/records/knowledge-articles/ZS-2026-0001",
    ),
    "specialist": (
        "/specialist/",
        "/records/complaints",
        "/records/complaints?view=kanban&filter=",
        "/records/complaints?view=calendar&filter=&rows=received",
        "/records/complaints?view=timeline&filter=",
        "/records/projects?view=timeline&group=stage",
        "/records/complaints?filter=&group=state,category&open=CLOSED",
        "/records/complaints/conditions?filter=open",
        "/records/complaints/favourites?filter=open",
        "/records/complaints/columns?filter=open",
        "/records/complaints/{complaint}",
        "/records/complaints/{complaint}?tab=files",
        "/records/complaints/{complaint}/steps/plan",
        "/records/customers",
        "/records/customers/{customer}",
        "/records/customers/{customer}/edit",
        "/records/customers/{customer}/household",
        "/records/duplicates",
        "/records/duplicates/customers/{customer}/{other}",
        "/records/contracts/{contract}",
        "/records/import-runs/new",
        "/records/tasks",
        "/records/notices?filter=",
        "/account/",
    ),
    "reviewer": ("/reviewer/", "/reviewer/inspections/", "/reviewer/inspections/YY-2026-0005-1"),
    "captain": (
        "/repair-captain/",
        "/repair-captain/dashboard",
        *(f"/repair-captain/jobs/WX-2026-000{number}" for number in (2, 3, 4, 5, 6)),
        "/repair-captain/jobs/WX-2026-0004/record",
    ),
    "manager": (
        "/manager/",
        "/manager/wall",
        "/manager/absences",
        "/manager/settings",
        "/manager/calendar",
        "/records/users",
        "/manager/operations",
        "/manager/audit",
        "/records/processes",
        "/records/processes/p09",
        "/records/escalations/SJ-2026-0001",
        "/records/exports",
        "/records/exports/new?kind=complaints",
    ),
}


@pytest.fixture(scope="module")
def numbers(portal):
    def look():
        subject, name = Complaint.subject == "到货地板色差明显", Customer.name == "张建军"
        return {
            "complaint": session()
            .scalars(select(Complaint.number).where(subject, Complaint.state == "VERIFIED"))
            .one(),
            "customer": session().scalars(select(Customer.number).where(name)).one(),
            "other": session().scalars(select(Customer.number).where(~name).order_by(Customer.id)).first(),
            "contract": session().scalars(select(Contract.number).order_by(Contract.id)).first(),
        }

    return portal.ask(look)


def findings(page, options, where):
    page.evaluate(DRAWN)
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{where}: {one['id']} ({one['impact']}): {node['html'][:160]} {node['failureSummary'][-160:]!r}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"][:3]
    ]


@pytest.mark.parametrize("who", PAGES, ids=str)
def test_pages_of(who, desk, portal, numbers):
    wrong = []
    sitting = desk(who)
    for path in PAGES[who]:
        address = path.format(**numbers)
        page = sitting.go(address)
        page.locator("html[data-ready]").wait_for()
        for theme, options in (("light", WHOLE), ("dark", COLOURS)):
            page.evaluate(SWITCH, theme)
            for width in (DESKTOP, PHONE):
                page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
                where = f"{address} at {width}, {theme}"
                wider = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
                if wider > 0:
                    wrong.append(f"{where}: {wider} px wider than the screen")
                wrong += findings(page, options, where)
    assert not wrong, f"{len(wrong)} findings:\n" + "\n".join(wrong)
