"""The cost case of a crew that has left (P15), as it arrives from a phone: once, in order, with amounts that are none."""

from __future__ import annotations

import html
import json
import re
import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from portal import clock as portal_clock
from portal.db import db, session, transaction
from portal.documents import paper, repair_building
from portal.documents.views import Company, Issue
from portal.errors import DomainError
from portal.files.store import Store
from portal.models.event import Event
from portal.models.field_entry import FieldEntry
from portal.models.org import User
from portal.models.repair import RepairCostCase, RepairOrder
from portal.models.task import Task
from portal.services import captain_days, repair_costs, repairs
from portal.services.approvals import TakeBack, Word
from tests.captain.test_sync import Sender, arrive

DRAFT = {"crew_status": "DEPARTED", "estimate_material": "460", "estimate_labour": "600"}


@pytest.fixture
def sender(phone, clock):
    clock.set("2026-10-12 14:36")
    return Sender(phone, clock)


@pytest.fixture
def on_site(sender, phone):
    assert sender.step("arrive", arrive(phone))["state"] == "done"
    return sender


def cases() -> list[RepairCostCase]:
    return list(session().scalars(select(RepairCostCase)))


def section(phone: Any, name: str) -> str:
    """What a section of the page says, without its tags."""
    page = phone.client.get(phone.path, status=200).text
    found = re.search(rf'<section class="phone-section" id="{name}".*?</section>', page, re.S)
    assert found
    return re.sub(r"<[^>]+>", " ", found[0])


def offered(phone: Any) -> dict[str, bool]:
    """The forms of the cost case on the page, and whether they can be seen where no script looks."""
    page = phone.client.get(phone.path, status=200).text
    sections = re.findall(r'<section class="phone-section"([^>]*)><details.*?id="step-([\w-]+)"', page, re.S)
    return {name: "hidden" not in how for how, name in sections if name.endswith("-case")}


def approved(story: Any, case: RepairCostCase) -> None:
    confirmed = repair_costs.ConfirmCase("CONSTRUCTION", True, session().merge(story.engineering), story.clock.now())
    story.act(repair_costs.confirm, case, confirmed, actor=story.specialist)
    story.act(repair_costs.approve, case, Word(reason="同意"), actor=story.manager)
    word = Word(session().merge(story.gm), story.clock.now(), "同意", "档案柜 2")
    story.act(repair_costs.approve, case, word, actor=story.manager)


def test_it_follows_the_arrival_and_keeps_the_time_of_the_phone(sender, phone, clock):
    """Written at 14:40, heard of at 16:00; before the arrival is there it is kept on the phone."""
    written = clock.now() + timedelta(minutes=4)
    clock.set("2026-10-12 16:00")
    said = sender.step("draft-case", DRAFT, key="case", at=written.isoformat())
    assert said["state"] == "conflict" and "到场后" in said["message"] and not cases()
    sender.step("arrive", arrive(phone), at=(written - timedelta(minutes=3)).isoformat())
    first = sender.step("draft-case", DRAFT, key="case", at=written.isoformat())
    assert first == {"state": "done", "message": "", "url": phone.path}
    assert sender.step("draft-case", DRAFT, key="case", at=written.isoformat()) == first
    (case,) = cases()
    assert (case.state, case.crew_status, case.estimate) == ("DRAFT", "DEPARTED", Decimal("1060.00"))
    assert case.crew_id == phone.order.responsible_crew_id and case.captain_id == phone.user.id
    entry = session().scalars(select(FieldEntry).where(FieldEntry.action == "draft-case")).one()
    assert (entry.record_kind, entry.record_id) == (RepairCostCase.KIND, case.id)
    assert (entry.device_at, entry.received_at) == (written, clock.now())
    event = session().scalars(select(Event).where(Event.record_kind == RepairCostCase.KIND)).one()
    assert (event.action, event.data["device_at"]) == ("draft", written.isoformat())


def test_arrivals_at_the_same_moment_make_one_case(on_site, phone, app, story):
    """One entry eight times at once, and the desk with another one: one case, every entry of the phone answered."""
    clients = [phone.client for _each in range(7)]
    at, said, refused, gate = on_site.clock.now().isoformat(), [], [], threading.Barrier(8)
    user, order_id, captain_id = phone.user.id, phone.order.id, story.captain.id
    db.session.remove()

    def press(client: Any) -> None:
        with app.app_context():
            gate.wait()
            for _again in range(2):
                said.append(on_site.step("draft-case", dict(DRAFT), client=client, key="case", at=at, user=user))

    def write() -> None:
        with app.app_context():
            gate.wait()
            try:
                with transaction() as writing:
                    order, captain = writing.get_one(RepairOrder, order_id), writing.get_one(User, captain_id)
                    command = repair_costs.DraftCase("DEPARTED", Decimal("1"), Decimal("1"))
                    repair_costs.draft(writing, order, command, actor=captain, at=on_site.clock.now())
            except DomainError as refusal:
                refused.append(str(refusal))

    threads = [threading.Thread(target=press, args=(client,)) for client in clients] + [threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    (case,) = cases()
    outcome = {each["state"] for each in said}
    if refused:
        assert outcome == {"done"} and case.estimate == Decimal("1060.00") and case.number in refused[0]
    else:
        assert outcome == {"conflict"} and case.estimate == Decimal("2.00")
        assert all(case.number in each["message"] for each in said)
    assert len(said) == 14
    assert session().scalar(select(func.count(Event.id)).where(Event.record_kind == RepairCostCase.KIND)) == 1


def test_the_desk_was_faster_by_a_moment(on_site, phone, app, story):
    """What the desk writes is not committed yet when the entry arrives: it waits, and hears of the case that is there."""
    client, said, user = phone.client, [], phone.user.id

    def press() -> None:
        with app.app_context():
            said.append(on_site.step("draft-case", dict(DRAFT), client=client, user=user))

    arrival = threading.Thread(target=press)
    with transaction() as writing:
        order = writing.scalars(select(RepairOrder).where(RepairOrder.number == phone.number)).one()
        command = repair_costs.DraftCase("DEPARTED", Decimal("1"), Decimal("1"))
        repair_costs.draft(writing, order, command, actor=writing.merge(story.captain), at=on_site.clock.now())
        arrival.start()
        arrival.join(1)
    arrival.join(60)
    (case,) = cases()
    assert [each["state"] for each in said] == ["conflict"] and case.number in said[0]["message"]
    assert case.estimate == Decimal("2.00")


NO_AMOUNTS = (
    "", " ", "-1", "−0.01", "NaN", "Infinity", "1e3", "0x10", "12,34", "1.005", "1,060.00元元", "９９９９９９９９９９９９",
    "9" * 400, "=1+1", "<script>", "4 6 0", "١٢",
)  # fmt: skip


@pytest.mark.parametrize(("field", "label"), [("estimate_material", "材料"), ("estimate_labour", "人工")])
def test_an_amount_that_is_none_is_refused_in_words(on_site, field, label):
    for amount in NO_AMOUNTS:
        said = on_site.step("draft-case", {**DRAFT, field: amount})
        assert said["state"] == "refused" and label in said["message"] and not cases(), amount


@pytest.mark.parametrize(("amount", "read"), [
    ("￥1,060.50", "1060.50"), ("４６０", "460.00"), ("460元", "460.00"), ("-0", "0.00"), (" 0.01 ", "0.01"), ("460\u202e", "460.00"),
])  # fmt: skip
def test_an_amount_as_people_write_it_is_read_exactly(on_site, amount, read):
    assert on_site.step("draft-case", {**DRAFT, "estimate_material": amount})["state"] == "done"
    assert cases()[0].estimate_material == Decimal(read)


def test_an_estimate_of_nothing_is_none(on_site):
    said = on_site.step("draft-case", {**DRAFT, "estimate_material": "0", "estimate_labour": "0.00"})
    assert said["state"] == "refused" and "大于 0" in said["message"] and not cases()


@pytest.mark.parametrize("status", ["", "ACTIVE", "GONE"])
def test_the_reason_is_one_of_two(on_site, status):
    said = on_site.step("draft-case", {**DRAFT, "crew_status": status})
    assert said["state"] == "refused" and "施工队" in said["message"] and not cases()


def test_the_page_offers_it_by_the_rules_of_the_process(sender, phone, story):
    """Kept with the page before the arrival, to be seen once somebody was there; an existing case is not offered again."""
    assert offered(phone) == {"draft-case": False}
    sender.step("arrive", arrive(phone))
    assert offered(phone) == {"draft-case": True}
    sender.step("draft-case", DRAFT)
    assert offered(phone) == {}
    (case,) = cases()
    shown = section(phone, "cost-case")
    for words in (case.number, "待核定", "1,060.00 元"):
        assert words in shown
    approved(story, case)
    assert offered(phone) == {"execute-case": False, "exceed-case": True}
    assert "1,166.00 元" in section(phone, "cost-case")


def test_a_crew_that_is_not_known_has_no_case(on_site, phone):
    with transaction() as writing:
        writing.get_one(RepairOrder, phone.order.id).responsible_crew_id = None
    assert offered(phone) == {}
    desk = phone.client.get(f"/records/repair-orders/{phone.number}", status=200).text
    assert "填写费用处理单" not in desk


def test_a_crew_that_works_here_may_be_refused_at_the_door(on_site, phone):
    with transaction() as writing:
        writing.get_one(RepairOrder, phone.order.id).crew_status = "ACTIVE"
    assert offered(phone) == {"draft-case": True}
    desk = phone.client.get(f"/records/repair-orders/{phone.number}", status=200).text
    assert "填写费用处理单" in desk
    reasons = re.findall(r'<input[^>]*name="crew_status"[^>]*>', phone.client.get(phone.path, status=200).text)
    form = phone.client.get(f"/records/repair-orders/{phone.number}/cost-case", status=200).text
    reasons += re.findall(r"<option[^>]*>", form[form.index('id="crew_status"') :])
    assert len(reasons) > 4 and not [each for each in reasons if " checked" in each or 'selected value="D' in each]
    said = on_site.step("draft-case", {**DRAFT, "crew_status": "REPLACED_ON_REQUEST"})
    assert said["state"] == "done" and cases()[0].crew_status == "REPLACED_ON_REQUEST"


def test_the_phone_is_told_the_rules_and_what_they_look_at(on_site, phone):
    page = phone.client.get(phone.path, status=200).text
    said = json.loads(html.unescape(re.search(r'data-visit="([^"]*)"', page)[1]))
    assert said["caseSteps"]["draft-case"]["from"] == [] and said["caseSteps"]["execute-case"]["from"] == ["APPROVED"]
    assert said["known"]["case"] == {
        "actual_labour": None, "actual_material": None, "crew_id": phone.order.responsible_crew_id,
        "crew_status": "DEPARTED", "estimate_labour": None, "estimate_material": None, "may_cost": None, "state": None,
    }  # fmt: skip
    assert said["known"]["photos"] and said["known"]["state"] == "ON_SITE"


def test_the_kept_page_is_asked_for_anew_when_the_case_goes_on(on_site, phone, story):
    def version() -> str:
        return dict(phone.client.get("/repair-captain/kept", status=200).get_json()["pages"])[phone.path]

    seen = [version()]
    on_site.step("draft-case", DRAFT)
    seen.append(version())
    approved(story, cases()[0])
    seen.append(version())
    assert len(set(seen)) == 3


def test_the_actual_cost_waits_for_the_signature_and_the_consent(on_site, phone, story, clock):
    """APPROVED to EXECUTED is the server's to allow: before the signature it is a condition, taken back it is a conflict."""
    on_site.step("draft-case", DRAFT)
    actual = {"actual_material": "460", "actual_labour": "600"}
    assert on_site.step("execute-case", actual)["state"] == "conflict"
    (case,) = cases()
    approved(story, case)
    said = on_site.step("execute-case", actual, key="cost")
    assert said["state"] == "refused" and "签" in said["message"]
    story.act(repairs.start, phone.order, actor=story.captain)
    clock.set("2026-10-13 16:00")
    story.done(phone.order)
    story.signed(phone.order)
    story.act(repair_costs.recall, case, TakeBack("金额有误"), actor=story.manager)
    said = on_site.step("execute-case", actual, key="cost")
    assert said["state"] == "conflict" and said["now"]["state"] == "待核定"
    assert any("已审批 → 待核定" in each["what"] for each in said["now"]["meanwhile"])
    approved(story, case)
    assert "费用处理单：实际费用" in section(phone, "now")
    for _again in range(2):
        assert on_site.step("execute-case", actual, key="cost", at="2026-10-13T16:00:00+08:00")["state"] == "done"
    assert captain_days.of(session(), story.captain, clock.now()).to_note == []
    story.act(repair_costs.charge, case, actor=story.manager)
    (booked,) = session().get(RepairCostCase, case.id).bookings
    assert (booked.amount, booked.balance_before, booked.balance_after) == (
        Decimal("1060.00"), Decimal("5000.00"), Decimal("3940.00"),
    )  # fmt: skip


def test_the_reminder_of_an_urgent_repair_ends_with_it(on_site, phone, story):
    """R-19: within two working days; the phone's case is what was asked for."""
    with transaction() as writing:
        order = writing.get_one(RepairOrder, phone.order.id)
        repairs.reminders.ask_for(
            writing, order, repairs.COST_CASE, "cost_case_wd", story.clock.now(),
            repairs.reminders.tasks.Responsible(order.captain),
        )  # fmt: skip
    on_site.step("draft-case", DRAFT)
    asked = session().scalars(select(Task).where(Task.title == repairs.COST_CASE.message)).one()
    assert asked.closed_at == story.clock.now()


def test_a_case_approved_after_the_signature_stands_on_the_list_of_the_day(on_site, phone, story, clock):
    """Days later, and closed meanwhile: as long as the actual cost is missing the job is there, also without network."""
    on_site.step("draft-case", DRAFT)
    story.act(repairs.start, phone.order, actor=story.captain)
    clock.set("2026-10-13 16:00")
    story.done(phone.order)
    story.signed(phone.order)

    def noted() -> list[str]:
        return [stop.order.number for stop in captain_days.of(session(), story.captain, clock.now()).to_note]

    (case,) = cases()
    assert noted() == []
    approved(story, case)
    with transaction() as writing:
        order = writing.get_one(RepairOrder, phone.order.id)
        order.state, order.closed_at = "CLOSED", clock.now()
    clock.set("2026-10-16 09:00")
    assert noted() == [phone.number]
    page = phone.client.get("/repair-captain/", status=200).text
    assert "待登记实际费用" in page and "费用处理单：实际费用" in page
    assert phone.path in dict(phone.client.get("/repair-captain/kept", status=200).get_json()["pages"])
    actual = {"actual_material": "460", "actual_labour": "600"}
    assert on_site.step("execute-case", actual)["state"] == "done"
    assert noted() == []
    assert phone.path not in dict(phone.client.get("/repair-captain/kept", status=200).get_json()["pages"])


def test_the_form_says_what_the_case_says(on_site, phone, app):
    """F-22, with the defect that it is about."""
    on_site.step("draft-case", DRAFT)
    view = repair_building.BUILDERS["F-22"](session(), cases()[0], Store.of(app.config["PORTAL"]))
    said = paper.write(
        view, Issue(Company("示例", "客户服务部", "400", None), "FY-1", portal_clock.now(), "马建国")
    ).html
    for words in (phone.order.symptom, "施工队状态", "1,060.00 元（壹仟零陆拾元整）"):
        assert words in said
