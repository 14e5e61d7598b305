"""What the phone leaves on paper, the order of the day, and the settings behind it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.db import session
from portal.documents import paper, repair_building
from portal.documents.views import Company, Issue
from portal.files.store import Store
from portal.permissions import Role
from portal.services import captain_days, repairs, setting_changes
from portal.settings import SETTINGS
from tests.captain.test_job_pages import MARKS, finish, to_done
from tests.files import hostile


@pytest.mark.parametrize("form", ["F-20", "F-21"])
def test_pairs_and_signature_stand_on_the_forms(phone, story, clock, app, form):
    to_done(phone, clock)
    phone.photo("AFTER", b"", status=422)
    phone.photo("OTHER", marks=MARKS)
    phone.sign(at="2026-10-13T16:00")
    store = Store.of(app.config["PORTAL"])

    def view():
        return repair_building.BUILDERS[form](session(), phone.order, store)

    signed = view()
    (pair,) = signed.pairs
    assert [len(pair.before), len(pair.after), len(signed.photos)] == [1, 1, 2]
    assert "修前" in pair.before[0].caption and "修后" in pair.after[0].caption
    box = signed.signatures[0]
    assert (box.name, box.is_void) == ("张建军", False)
    assert box.image.read_bytes().startswith(b"\x89PNG")
    company = Company("示例", "客户服务部", "400", None)
    issue = Issue(company, "WD-1", clock.now(), "马建国")
    assert "作废" not in paper.write(signed, issue).html
    story.called(phone.order, "仍有渗水", wrong=("repaired",))
    phone.photo("AFTER", hostile.photo(colour="navy"))
    finish(phone, work_done="再次更换接头")
    changed = view()
    assert changed.signatures[0].is_void and changed.is_void
    assert "<b>作废</b>" in paper.write(changed, issue).html
    assert paper.fingerprint(signed, company, "zh_Hans") != paper.fingerprint(changed, company, "zh_Hans")


def test_the_repair_form_says_who_built_it_and_dates_only_what_was_signed(phone, clock, app):
    """F-20: who carries it out has signed nothing, so no date stands there; the crew that built it is named as departed."""
    to_done(phone, clock)
    order = phone.order
    view = repair_building.BUILDERS["F-20"](session(), order, Store.of(app.config["PORTAL"]))
    assert view.responsible_crew == f"{order.responsible_crew.name} · 离职"
    assert {box.label: box.day for box in view.signatures}["实施人"] is None
    html = paper.write(view, Issue(Company("示例", "客户服务部", "400", None), "WD-1", clock.now(), "马建国")).html
    assert "责任施工队" in html and view.responsible_crew in html


def test_the_day_is_in_the_order_of_driving(story, clock, sign_in):
    now = clock.now()

    def told(symptom, hours, **more):
        order = story.reported(symptom=symptom, **more)
        story.checked(order)
        visit = None if hours is None else now + timedelta(hours=hours)
        story.assigned(order, appointment_at=visit, overlap_reason="同一小区")
        return order

    for symptom, hours, more in (
        ("下午", 6, {}), ("上午", 2, {}), ("急修", 7, {"urgency": "URGENT"}), ("明天", 24, {}), ("后天", 48, {}),
        ("未约", None, {}),
    ):  # fmt: skip
        told(symptom, hours, **more)
    day = captain_days.of(session(), story.captain, clock.now())

    def names(part):
        return [stop.order.symptom for stop in getattr(day, part)]

    assert names("now") == ["急修"]
    assert names("today") == ["上午", "下午", "未约"]
    assert (names("tomorrow"), names("later"), names("late")) == (["明天"], ["后天"], [])
    clock.set("2026-10-12 17:30")
    late = captain_days.of(session(), story.captain, clock.now())
    assert {stop.order.symptom for stop in late.now + late.late} == {"急修", "上午", "下午", "未约", "明天", "后天"}
    browser = sign_in(story.captain)
    text = browser.get("/repair-captain/", status=200).text
    assert text.index("急修") < text.index("上午") < text.index("下午")
    assert "https://uri.amap.com/search?keyword=" in text and story.customer.phone not in text
    assert "没有未完成的维修" in sign_in(Role.REPAIR_CAPTAIN).get("/repair-captain/", status=200).text


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        (["* 一\n\n  二  \n"], ["* 一", "二"]),
        ([""], SETTINGS["repair_checks_finish"].default),
        (["-"], []),
    ],
)
def test_a_checklist_is_typed_line_by_line(typed, lines):
    setting = SETTINGS["repair_checks_finish"]
    assert setting_changes.parse(setting, typed) == lines
    assert setting_changes.told(setting.key, lines)


@pytest.mark.parametrize("typed", ["长" * 101, "\n".join("行" for _line in range(41))])
def test_a_checklist_has_its_limits(typed):
    with pytest.raises(setting_changes.Refused):
        setting_changes.parse(SETTINGS["repair_checks_finish"], [typed])


@pytest.mark.parametrize("typed", ["javascript:alert(1)//{address}", "https://x/", "x"])
def test_the_map_is_an_address_with_one_place_for_the_address(typed):
    with pytest.raises(setting_changes.Refused):
        setting_changes.parse(SETTINGS["map_url"], [typed])


def test_a_trade_is_known_in_every_language(story):
    lines = repairs.checklist(session(), "WATER_ELECTRIC")
    assert {line.text for line in lines if line.step == "finish"} == {"工具和余料已带走", "通电通水试验正常"}
    assert [line.is_required for line in lines if line.step == "sign-off"] == [True, False]
