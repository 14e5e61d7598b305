"""Pages of repairs: visits, payments, calls, parts, the request, the check."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal import clock as portal_clock
from portal.db import session
from portal.models.document import PrintRun
from portal.models.repair import RepairOrder
from portal.services import repairs, warranties
from tests.services.repair_story import Story, begun, chargeable, fresh, run_penalties, swept, told


@pytest.fixture
def story(make: Any, clock: Any) -> Story:
    return Story(make, clock)


def token(page: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page.text)
    assert found, name
    return found[1]


def test_a_visit_is_moved_on_its_page(story, sign_in):
    first, second = told(story), told(story, trade="PAINT")
    at = portal_clock.at_local(portal_clock.today(story.clock.now()), 15)
    story.act(repairs.move_visit, first, repairs.MoveVisit(at), actor=story.captain)
    browser = sign_in(story.captain)
    path = f"/records/repair-orders/{second.number}/visit"
    shown = browser.get(path, status=200)
    sent = {"appointment_at": "2026-07-06T15:30", "overlap_reason": "", "version": token(shown, "version")}
    refused = browser.post(path, sent, status=422)
    assert first.number in refused.text and "2026-07-06T15:30" in refused.text
    browser.post(path, sent | {"overlap_reason": "顺路"}, status=303)
    page = browser.get(f"/records/repair-orders/{second.number}", status=200).text
    assert "顺路" in page and "uri.amap.com/search?keyword=" in page
    day = browser.get("/records/repair-orders/visits?day=2026-07-06", status=200).text
    assert f"与 {first.number} 时间冲突。理由：顺路" in day
    browser.post(path, sent | {"overlap_reason": "顺路"}, status=409)  # somebody was faster


def test_the_forms_of_a_captains_day_are_one_file_in_visiting_order(story, sign_in, make):
    late, early = told(story), told(story, trade="PAINT")
    day = portal_clock.today(story.clock.now())
    for order, hour in ((late, 16), (early, 9)):
        story.act(repairs.move_visit, order, repairs.MoveVisit(portal_clock.at_local(day, hour)), actor=story.captain)
    browser = sign_in(story.captain)
    assert "打印当天" in browser.get("/records/repair-orders/visits", status=200).text
    sent = {"day": day.isoformat(), "captain": str(story.captain.id)}
    answer = browser.post("/records/repair-orders/visits/print", sent, status=303)
    run = session().scalars(select(PrintRun)).one()
    assert (run.form, run.record_ids) == ("F-20", [early.id, late.id])
    assert answer.location.endswith(f"/prints/{run.id}")
    browser.post("/records/repair-orders/visits/print", sent | {"captain": "x"}, status=404)
    browser.post("/records/repair-orders/visits/print", sent | {"day": "soon"}, status=404)
    browser.post("/records/repair-orders/visits/print", sent | {"day": "2020-01-01"}, status=422)


def test_strange_days_are_no_error(story, sign_in):
    browser = sign_in(story.specialist)
    for day in ("x", "9999-12-31", "2026-13-01", "0001-01-01"):
        browser.get(f"/records/repair-orders/visits?day={day}&captain=x", status=200)


def test_a_payment_is_noted_on_its_page_once(story, sign_in):
    order = chargeable(story)
    browser = sign_in(story.captain)
    path = f"/records/repair-orders/{order.number}/payment"
    shown = browser.get(path, status=200)
    assert 'value="680.00"' in shown.text
    sent = {
        "client_key": token(shown, "client_key"), "amount": "680", "method": "WECHAT", "paid_by": "张建军",
        "paid_at": "2026-07-06T10:00", "receipt_no": "SJ-9",
    }  # fmt: skip
    browser.post(path, sent | {"amount": "681"}, status=422)
    browser.post(path, sent, status=303)
    browser.post(path, sent, status=303)
    assert [payment.amount for payment in fresh(order).payments] == [Decimal("680.00")]
    assert "微信支付" in browser.get(f"/records/repair-orders/{order.number}?tab=costs", status=200).text


def test_a_call_is_noted_on_its_page(story, sign_in):
    order = begun(story)
    browser = sign_in(story.specialist)
    path = f"/records/repair-orders/{order.number}/calls"
    shown = browser.get(path, status=200)
    sent = {
        "client_key": token(shown, "client_key"), "called_at": "2026-07-06T10:00", "is_reached": "yes",
        "is_satisfied": "no", "said": "",
    }  # fmt: skip
    browser.post(path, sent, status=422)
    browser.post(path, sent | {"said": "进度慢"}, status=303)
    assert "进度慢" in browser.get(f"/records/repair-orders/{order.number}?tab=calls", status=200).text
    sign_in(story.captain).get(path, status=403)


def test_parts_are_entered_line_by_line(story, sign_in):
    order = begun(story)
    story.photo(order, "AFTER")
    browser = sign_in(story.captain)
    path = f"/records/repair-orders/{order.number}/steps/finish"
    shown = browser.get(path, status=200)
    sent = {
        "version": token(shown, "version"), "done_at": "2026-07-06T10:00", "work_done": "换", "site_cleaned": "y",
        "labour_bearer": "COMPANY", "other_bearer": "COMPANY",
        **{f"part_{n}_bearer": "COMPANY" for n in (1, 2, 3)},
        "part_1_what": "角阀", "part_1_quantity": "2", "part_1_unit": "个", "part_1_amount": "36",
        "part_2_what": "生料带", "checks": [str(line) for line in story.ticked(order, "finish")],
    }  # fmt: skip
    refused = browser.post(path, sent, status=422)
    assert "费用是多少" in refused.text and "生料带" in refused.text
    browser.post(path, sent | {"part_2_amount": "0"}, status=303)
    assert [(line.what, line.measure, line.amount) for line in fresh(order).costs] == [
        ("角阀", "2 个", Decimal("36.00")),
        ("生料带", "", Decimal("0.00")),
    ]
    assert "2 个" in browser.get(f"/records/repair-orders/{order.number}?tab=costs", status=200).text


def test_the_cost_case_is_written_on_its_page(story, sign_in):
    order = story.reported()
    story.checked(order)
    story.assigned(order)
    story.on_site(order)
    browser = sign_in(story.captain)
    path = f"/records/repair-orders/{order.number}/cost-case"
    shown = browser.get(path, status=200)
    sent = {
        "client_key": token(shown, "client_key"), "crew_status": "DEPARTED", "estimate_material": "0",
        "estimate_labour": "120",
    }  # fmt: skip
    browser.post(path, sent | {"estimate_labour": "x"}, status=422)
    browser.post(path, sent, status=303)
    assert fresh(order).cost_case.estimate == Decimal("120.00")


def test_the_manager_reads_the_evidence_and_nobody_else(story, sign_in):
    told(story)
    story.clock.advance(hours=9)
    swept(story)
    run_penalties()
    manager = sign_in(story.manager)
    assert "JC-2026-0001" in manager.get("/records/penalties", status=200).text
    page = manager.get("/records/penalties/JC-2026-0001", status=200).text
    assert "不按期整改" in page and "WX-2026-0001" in page and "2026-07-06 18:00" in page
    for person, status in ((story.specialist, 404), (story.captain, 404), (story.desk, 403)):
        sign_in(person).get("/records/penalties/JC-2026-0001", status=status)


def test_the_request_comes_from_a_call_a_complaint_and_the_code(story, sign_in):
    story.settled()
    certificate = story.issued()
    complaint = story.act(
        repairs.complain,
        story.reported(),
        repairs.Complain("拖延", "尽快", "LATE"),
        actor=story.specialist,
    )
    for person, query in (
        (story.desk, f"certificate={certificate.number}"),
        (story.specialist, f"certificate={certificate.number}"),
        (story.specialist, f"complaint={complaint.number}"),
        (story.specialist, f"customer={story.customer.number}"),
    ):
        page = sign_in(person).get(f"/records/repair-orders/new?{query}", status=200).text
        assert "张建军" in page and story.project.number in page, (person.role, query)
    sign_in(story.desk).get("/records/repair-orders/new?certificate=BX-0000-0000", status=200)


def test_the_number_of_a_lost_certificate_leads_to_the_new_one(story, sign_in):
    """Issued anew, the page goes on under the new number; the code on the old paper still fills in whose home it is."""
    story.settled()
    old = story.issued().number
    story.act(warranties.consent, story.certificate, actor=story.manager)
    client = sign_in(story.specialist)
    page = client.post(f"/records/warranties/{old}/steps/reissue", {"reason": "遗失"}, status=303).location
    moved = client.get(page, status=303).location
    new = story.certificate.number
    assert new != old and moved == f"/records/warranties/{new}"
    assert f"{old} 已补办，新编号 {new}" in client.get(moved, status=200).text
    form = sign_in(story.desk).get(f"/records/repair-orders/new?certificate={old}", status=200).text
    assert "张建军" in form and story.project.number in form
    client.get(f"/records/warranties/{old[:-1]}", status=404)
    client.get("/records/warranties/BX", status=404)


def test_the_front_desk_hears_that_a_repair_is_registered(story, sign_in):
    client = sign_in(story.desk)
    sent = {
        "reporter": "张建军", "phone": "13800001234", "address": "滨江花园 3-1-502", "trade": "PAINT", "symptom": "开裂",
        "urgency": "NORMAL", "channel": "PHONE", "project": "", "reported_at": "2026-07-06T08:30", "client_key": "k" * 32,
    }  # fmt: skip
    where = client.post("/records/repair-orders/new", sent, status=303).location
    (order,) = session().scalars(select(RepairOrder)).all()
    assert f"张建军 的报修已登记为 {order.number}" in client.get(where, status=200).text


def test_the_complaint_is_filled_in_with_what_is_known(story, sign_in):
    order = told(story)
    story.clock.advance(hours=9)
    swept(story)
    page = sign_in(story.specialist).get(f"/records/repair-orders/{order.number}/steps/complain", status=200).text
    assert re.search(r'<option[^>]*value="LATE"[^>]*selected|<option selected[^>]*value="LATE"', page)
    assert "到 2026-07-06 18:00 仍无人到场（DL-22）。" in page


@pytest.mark.parametrize(("day", "said"), [("2028-07-03", "在保"), ("2028-07-10", "刚过"), ("2029-07-10", "已过")])
def test_the_check_shows_what_the_dates_say(story, sign_in, day, said):
    story.settled()
    story.issued()
    story.clock.set(f"{day} 10:00")
    order = story.reported(trade="PAINT")
    page = sign_in(story.specialist).get(f"/records/repair-orders/{order.number}/steps/check", status=200).text
    assert "2026-07-04 至 2028-07-03" in page.replace("年", "-").replace("月", "-") or "2028" in page
    assert said in page


def test_two_people_note_the_same_visit(story, sign_in):
    """The second hears of the first, field by field; what was typed stays, and nothing of the first is lost."""
    order = told(story)
    story.on_site(order)
    path = f"/records/repair-orders/{order.number}/visits/{fresh(order).visits[0].id}"
    captain, specialist = sign_in(story.captain), sign_in(story.specialist)
    first, second = (
        {"came_at": "2026-07-06T10:00", "left_at": "", "version": token(browser.get(path, status=200), "version")}
        for browser in (captain, specialist)
    )
    version = fresh(order).visits[0].version
    captain.post(path, first | {"workers": "马建国", "work": "查漏"}, status=303)
    assert fresh(order).visits[0].version > version
    conflict = specialist.post(path, second | {"workers": "老李", "work": "查漏"}, status=409).text
    assert "马建国" in conflict and 'value="老李"' in conflict and 'name="take" value="workers"' in conflict
    assert 'value="work"' not in conflict.partition("</table>")[0]  # both say the same
    assert fresh(order).visits[0].workers == "马建国"
    again = second | {"workers": "马建国、老李", "work": "查漏", "version": token(specialist.get(path), "version")}
    specialist.post(path, again, status=303)
    assert fresh(order).visits[0].workers == "马建国、老李"
