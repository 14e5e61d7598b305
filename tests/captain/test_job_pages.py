"""The whole job through the phone's pages: what is carried out, what is refused, what comes back as it was typed."""

from __future__ import annotations

import base64
import io
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from portal import clock as portal_clock
from portal import settings
from portal.db import session, transaction
from portal.models.attachment import Attachment
from portal.models.event import Event
from portal.models.repair import RepairPhoto, RepairSignature
from portal.models.setting import SettingValue
from portal.permissions import Role
from portal.services import repairs
from tests.files import hostile

MARKS = (
    '[{"shape": "circle", "points": [[0.2, 0.2], [0.6, 0.7]]}, {"shape": "arrow", "points": [[0.9, 0.9], [0.6, 0.6]]}]'
)


def choose(key: str, value: Any, at: Any) -> None:
    with transaction() as writing:
        writing.add(SettingValue(key=key, value=value, updated_at=at))
    settings.forget(session())


def count(model: Any) -> int:
    return session().scalar(select(func.count()).select_from(model)) or 0


def arrive(phone, status=303, **more):
    return phone.step(
        "arrive", status, **{
            "arrived_at": "2026-10-12T14:30", "cause": "CONSTRUCTION", "plan": "更换接头，重做防水",
            "planned_done_at": "2026-10-13T18:00", "plan_made_at": "2026-10-12T14:35", "checks": phone.checks("arrive"),
            **more,
        },
    )  # fmt: skip


def finish(phone, status=303, **more):
    return phone.step(
        "finish", status, **{
            "work_done": "换接头，闭水试验合格", "done_at": "2026-10-13T16:00", "site_cleaned": "y",
            "checks": phone.checks("finish"), **more,
        },
    )  # fmt: skip


def to_repairing(phone, clock):
    clock.set("2026-10-12 14:30")
    phone.step("reach", arrived_at="2026-10-12T14:30")
    phone.photo("BEFORE")
    clock.set("2026-10-12 14:35")
    arrive(phone)
    phone.step("start")


def to_done(phone, clock):
    to_repairing(phone, clock)
    for kind, what, amount in (("MATERIAL", "接头、防水涂料", "460"), ("LABOUR", "两个工日", "600.00")):
        phone.send("cost-form", "costs", kind=kind, what=what, amount=amount, bearer="CREW")
    clock.set("2026-10-13 16:00")
    phone.photo("AFTER")
    finish(phone)


def test_a_job_from_the_door_to_the_signature(phone, clock):
    clock.set("2026-10-12 14:30")
    phone.step("reach", arrived_at="2026-10-12T14:30")
    assert phone.order.arrived_at is not None
    assert phone.order.state == "ASSIGNED"
    phone.photo("BEFORE")
    clock.set("2026-10-12 14:35")
    arrive(phone)
    assert phone.order.state == "ON_SITE"
    phone.step("start")
    for kind, what, amount in (("MATERIAL", "接头、防水涂料", "460"), ("LABOUR", "两个工日", "600.00")):
        phone.send("cost-form", "costs", kind=kind, what=what, amount=amount, bearer="CREW")
    clock.set("2026-10-13 16:00")
    phone.photo("AFTER")
    finish(phone)
    assert phone.order.state == "DONE"
    phone.sign(at="2026-10-13T16:00")
    order = phone.order
    assert (order.state, order.signed_by, order.rating) == ("SIGNED_OFF", "张建军", 5)
    assert sum(line.amount for line in order.costs) == Decimal("1060.00")
    kept = session().get_one(Attachment, order.signatures[0].attachment_id)
    assert (kept.kind, kept.file.mime) == ("SIGNATURE", "image/png")
    assert kept.file.sha256 and "signature-pad" in phone.client.get(phone.path, status=200).text


def test_the_phone_may_say_when_it_was_done(phone, clock):
    clock.set("2026-10-12 14:50")
    phone.step("reach", arrived_at="2026-10-12T14:30", device_at="2026-10-12T06:31:00.000Z")
    told = session().scalars(select(Event).where(Event.action == "reach")).one()
    assert told.data["device_at"] == "2026-10-12T06:31:00+00:00"
    assert told.acted_at is not None


def test_without_the_photo_a_step_is_refused_and_what_was_typed_comes_back(phone, clock):
    clock.set("2026-10-12 14:35")
    answer = arrive(phone, 422)
    assert "修前照片" in answer.text and "更换接头，重做防水" in answer.text
    assert phone.order.state == "ASSIGNED"


def test_the_checklist_says_which_line_is_missing(phone, clock):
    clock.set("2026-10-12 14:35")
    phone.photo("BEFORE")
    lines = {line.text: str(line.id) for line in phone.order.checks if line.step == "arrive"}
    assert "已断电或关阀" not in lines and "已查看楼下" in lines  # only what holds for the trade
    answer = arrive(phone, 422, checks=[lines["已查看楼下"]])
    assert "还差：穿工装、戴工牌、套鞋套；家具和地面已做保护" in answer.text
    arrive(phone, checks=[number for text, number in lines.items() if text != "已查看楼下"])
    ticked = {line.text: line.ticked_at is not None for line in phone.order.checks if line.step == "arrive"}
    assert ticked == {"穿工装、戴工牌、套鞋套": True, "家具和地面已做保护": True, "已查看楼下": False}


@pytest.mark.parametrize(
    ("rule", "ticks_all", "status"),
    [("NEVER", False, 303), ("ON_FAILURE", True, 303), ("ON_FAILURE", False, 422), ("ALWAYS", True, 422)],
)
def test_when_a_photo_is_needed(story, sign_in, clock, rule, ticks_all, status):
    from tests.captain.conftest import Phone

    choose("repair_photo_arrive", rule, clock.now())
    order = story.reported()
    story.checked(order)
    story.assigned(order)
    phone = Phone(sign_in, story.captain, order.number)
    clock.set("2026-10-12 14:35")
    needed = [str(line.id) for line in phone.order.checks if line.step == "arrive" and (line.is_required or ticks_all)]
    answer = arrive(phone, status, checks=needed)
    assert ("修前照片" in answer.text) is (status == 422)


def test_what_was_set_later_does_not_hold_for_a_job_that_was_told_before(phone, clock):
    choose("repair_photo_arrive", "NEVER", clock.now())
    clock.set("2026-10-12 14:35")
    arrive(phone, 422)


@pytest.mark.parametrize("colour", [(255, 255, 255, 255), (0, 0, 0, 0)])
def test_an_empty_pad_is_no_signature(phone, clock, colour):
    to_done(phone, clock)
    empty = hostile.encoded(Image.new("RGBA", (640, 256), colour), "PNG")
    answer = phone.sign(
        422, at="2026-10-13T16:00", signature="data:image/png;base64," + base64.b64encode(empty).decode()
    )
    assert "请签名" in answer.text
    assert "张建军" in answer.text
    assert count(RepairSignature) == 0 and phone.order.state == "DONE"


@pytest.mark.parametrize(
    "given", ["", "data:image/png;base64,%%%", "data:text/html;base64,PHNjcmlwdD4=", "https://x/y.png"]
)
def test_what_is_no_signature(phone, clock, given):
    to_done(phone, clock)
    phone.sign(422, at="2026-10-13T16:00", signature=given)
    assert count(RepairSignature) == 0


def test_a_photo_of_the_signed_paper_counts_too(phone, clock):
    to_done(phone, clock)
    given = phone.fields("step") | {
        "signed_by": "张建军",
        "signed_at": "2026-10-13T16:00",
        "checks": phone.checks("sign-off"),
    }
    given.pop("csrf_token")
    given["signature"] = (io.BytesIO(hostile.heic_photo()), "IMG_1.HEIC")
    phone.client.post(f"{phone.path}/steps/sign-off", given, status=303, content_type="multipart/form-data")
    assert phone.order.state == "SIGNED_OFF"


def test_a_signature_for_other_words_is_refused(phone, clock):
    to_done(phone, clock)
    answer = phone.sign(409, at="2026-10-13T16:00", facts_hash="0" * 64)
    assert "张建军" in answer.text and phone.order.state == "DONE"


def test_a_signature_is_void_once_the_words_change(phone, story, clock):
    to_done(phone, clock)
    phone.sign(at="2026-10-13T16:00")
    assert "作废" not in phone.client.get(phone.path, status=200).text
    story.called(phone.order, "仍有渗水", wrong=("repaired",))
    phone.photo("AFTER", hostile.photo(colour="navy"))
    finish(phone, work_done="再次更换接头")
    html = phone.client.get(phone.path, status=200).text
    assert "签字" in html and phone.order.state == "DONE"
    assert repairs.signature_is_void(phone.order)
    phone.sign(at="2026-10-13T16:00")
    assert not repairs.signature_is_void(phone.order)


def test_sent_twice_it_is_done_once(phone, clock):
    to_repairing(phone, clock)
    given = {**phone.fields("cost-form"), "kind": "MATERIAL", "what": "接头", "amount": "460", "bearer": "CREW"}
    given.pop("csrf_token")
    for late in ("", "2026-10-12T06:40:00Z"):
        phone.client.post(f"{phone.path}/costs", {**given, "device_at": late}, status=303)
    assert len(phone.order.costs) == 1
    phone.client.post(f"{phone.path}/costs", {**given, "amount": "461"}, status=409)
    assert [line.amount for line in phone.order.costs] == [Decimal("460.00")]


def test_a_photo_sent_twice_is_there_once(phone, clock):
    given = phone.fields("photo-form")
    given.pop("csrf_token")
    for _time in range(2):
        data = {**given, "kind": "BEFORE", "file": (io.BytesIO(hostile.photo()), "a.jpg")}
        phone.client.post(f"{phone.path}/photos", data, status=303, content_type="multipart/form-data")
    assert count(RepairPhoto) == 1
    data = {**given, "kind": "BEFORE", "file": (io.BytesIO(hostile.photo(colour="red")), "a.jpg")}
    phone.client.post(f"{phone.path}/photos", data, status=409, content_type="multipart/form-data")
    assert count(RepairPhoto) == 1


def test_own_steps_from_one_page_are_no_conflict_those_of_others_are(phone, story, clock, make):
    clock.set("2026-10-12 14:35")
    phone.photo("BEFORE")
    version = phone.fields("step")["version"]
    phone.step("reach", arrived_at="2026-10-12T14:35")
    arrive(phone, version=version)
    with transaction() as writing:
        order = writing.merge(phone.order)
        order.plan = "改方案"
        from portal.models.event import EventKind
        from portal.services import events

        events.record(
            writing, EventKind.CHANGE, action="edit", actor=writing.merge(story.specialist), at=clock.now(), record=order
        )  # fmt: skip
    answer = phone.step("start", 409, version=version)
    assert "您填写的内容已保留" in answer.text and phone.order.state == "ON_SITE"
    phone.step("start")
    assert phone.order.state == "REPAIRING"


def test_a_step_whose_turn_has_not_come_comes_back_as_it_was_typed(phone, clock):
    answer = phone.step(
        "finish", 409, form="step-finish", work_done="换好了接头", done_at="2026-10-12T09:10", site_cleaned="y",
        checks=phone.checks("finish"),
    )  # fmt: skip
    assert "换好了接头" in answer.text and phone.order.state == "ASSIGNED"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (hostile.png_header(50_000, 50_000), "huge.png"),
        (hostile.bomb_png(), "bomb.png"),
        (hostile.photo()[:600], "cut.jpg"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "x.jpg"),
        (b"%PDF-1.7 no picture", "x.jpg"),
        (b"", "empty.jpg"),
    ],
)
def test_hostile_photos_are_refused_in_words(phone, content, name):
    answer = phone.photo("BEFORE", content, name, 422, note="楼下顶面")
    assert "楼下顶面" in answer.text
    assert (count(RepairPhoto), count(Attachment)) == (0, 0)


def test_the_photos_of_an_iphone_become_jpegs(phone):
    phone.photo("BEFORE", hostile.heic_photo(), "IMG_0001.HEIC")
    kept = session().scalars(select(Attachment)).one()
    assert kept.file.mime == "image/jpeg" and kept.file.thumbnail_sha256


def test_where_it_was_taken_is_gone_and_when_is_kept(phone, app):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2026:10:12 14:31:05"
    exif.get_ifd(0x8825)[1] = "N"
    content = hostile.encoded(Image.new("RGB", (320, 240), "olive"), "JPEG", exif=exif, comment=hostile.GPS_MARK)
    phone.photo("BEFORE", content)
    photo = session().scalars(select(RepairPhoto)).one()
    assert photo.taken_at is not None and photo.taken_at.isoformat() == "2026-10-12T06:31:05+00:00"
    served = phone.client.get(f"/records/attachments/{photo.attachment_id}/file", status=200).data
    assert hostile.GPS_MARK not in served and not Image.open(io.BytesIO(served)).getexif()


def test_before_and_after_find_each_other(phone, clock):
    for kind, colour in (
        ("BEFORE", "red"),
        ("BEFORE", "blue"),
        ("AFTER", "green"),
        ("OTHER", "black"),
        ("AFTER", "pink"),
    ):
        phone.photo(kind, hostile.photo(colour=colour))
    assert [(photo.kind, photo.pair) for photo in phone.order.photos] == [
        ("BEFORE", 1), ("BEFORE", 2), ("AFTER", 1), ("OTHER", None), ("AFTER", 2),
    ]  # fmt: skip
    phone.photo("AFTER", hostile.photo(colour="gold"), pair="1", taken_at="2026-10-12T06:31:05+00:00", note="地漏旁")
    last = phone.order.photos[-1]
    assert (last.pair, last.note, last.taken_at.minute) == (1, "地漏旁", 31)


def test_what_the_finger_drew_is_a_copy_beside_the_photo(phone):
    phone.photo("BEFORE", marks=MARKS)
    plain, copy = phone.order.photos
    assert (copy.drawn_on_id, copy.pair, copy.kind) == (plain.id, 1, "BEFORE")
    phone.bare(f"photos/{plain.id}/marks", marks='[{"shape": "line", "points": [[0, 0], [1, 1]]}]')
    assert len(phone.order.photos) == 3
    picture = Image.open(io.BytesIO(phone.client.get(f"/records/attachments/{copy.attachment_id}/file").data))
    red, green, blue = picture.convert("RGB").getpixel((int(0.4 * picture.width), int(0.2 * picture.height)))
    assert red > 150 > green + blue - 60


@pytest.mark.parametrize(
    "marks",
    [
        "{", "[1]", '[{"shape": "star", "points": [[0, 0], [1, 1]]}]', '[{"shape": "line", "points": [[0, 0]]}]',
        '[{"shape": "line", "points": [[0, 0], [9, 9]]}]', '[{"shape": "line", "points": [[0, 0], [NaN, 1]]}]',
        "[" * 50_000, '[{"shape": "line"}]', '{"shape": "line"}',
    ],
)  # fmt: skip
def test_what_cannot_be_drawn(phone, marks):
    phone.photo("BEFORE", status=422, marks=marks)
    assert count(RepairPhoto) == 0


def test_the_number_is_shown_for_calling_and_written_down(phone):
    html = phone.client.get(phone.path, status=200).text
    assert phone.order.phone not in html and "每次查看都要登记" in html  # said where there is no network
    answer = phone.client.post(f"{phone.path}/call", {}, status=200)
    assert f"tel:{phone.order.phone}" in answer.text
    seen = session().scalars(select(Event).where(Event.action == "unmask")).one()
    assert (seen.actor_id, seen.record_number) == (phone.user.id, phone.number)


def test_only_a_suggested_present_moves_on(phone, clock):
    """The phone keeps a time that was said before, and one that was typed and came back."""

    clock.set("2026-10-12 14:40")

    def moving() -> set[str]:
        html = phone.client.get(phone.path, status=200).text
        return {re.search(r'name="(\w+)"', field)[1] for field in re.findall(r"<input[^>]*data-present[^>]*>", html)}

    others = {"plan_made_at", "quote_answered_at", "done_at", "signed_at"}
    assert moving() == {"arrived_at", *others}
    phone.step("reach", arrived_at="2026-10-12T14:30")
    assert moving() == others
    refused = arrive(phone, 422)
    assert not re.search(r'name="plan_made_at"[^>]*data-present|data-present[^>]*name="plan_made_at"', refused.text)


def test_the_day_names_the_pages_that_the_phone_keeps(phone):
    html = phone.client.get("/repair-captain/", status=200).text
    assert f'data-kept-pages="{phone.path} {phone.path}/record"' in html


def test_another_captain_finds_nothing(phone, sign_in):
    other = sign_in(Role.REPAIR_CAPTAIN)
    other.get(phone.path, status=404)
    for path in ("steps/reach", "photos", "costs", "call", "costs/1/drop", "photos/1/marks"):
        other.post(f"{phone.path}/{path}", {}, status=404)
    sign_in(Role.SPECIALIST).get(phone.path, status=403)


@pytest.mark.parametrize("path", ["steps/reach", "steps/arrive", "steps/finish", "photos", "costs", "steps/nothing"])
def test_an_empty_form_is_refused_in_words(phone, path):
    answer = phone.client.post(f"{phone.path}/{path}", {})
    assert answer.status_code in (404, 409, 422)
    assert not re.search(r"Error|Traceback", answer.text)


def test_a_cost_is_taken_back(phone, clock):
    to_repairing(phone, clock)
    phone.send("cost-form", "costs", kind="MATERIAL", what="接头", amount="46.00", bearer="COMPANY")
    phone.send("cost-form", "costs", 422, kind="MATERIAL", what="接头", amount="abc", bearer="COMPANY")
    line = phone.order.costs[0]
    phone.bare(f"costs/{line.id}/drop")
    assert phone.order.costs == []
    finish(phone, 422, has_no_costs="")
    phone.photo("AFTER")
    finish(phone, has_no_costs="y", done_at="2026-10-12T14:35")
    assert phone.order.state == "DONE"


def test_a_further_problem_goes_into_the_plan_and_a_part_has_its_quantity(phone, clock):
    to_repairing(phone, clock)
    phone.step("extend", form="step-extend", new_problem="墙角也渗水", planned_done_at="2026-10-14T12:00")
    assert phone.order.plan == "更换接头，重做防水\n墙角也渗水"
    phone.send(
        "cost-form", "costs", kind="MATERIAL", what="防水涂料", amount="96", bearer="COMPANY", quantity="2", unit="桶"
    )
    (line,) = phone.order.costs
    assert (line.quantity, line.unit, line.amount) == (Decimal("2.00"), "桶", Decimal("96.00"))


def test_the_way_of_a_paid_repair(phone, clock):
    clock.set("2026-10-12 14:35")
    phone.photo("BEFORE")
    arrive(phone, cause="CUSTOMER_USE")
    phone.step("quote", quote_material="120", quote_labour="80.50")
    phone.step("accept", quote_answered_at="2026-10-12T14:35", quote_note="当面同意")
    order = phone.order
    assert (order.state, order.quote_accepted) == ("REPAIRING", True)


def test_the_customer_is_not_content(phone, clock):
    to_done(phone, clock)
    phone.step("reject", form="step-reject", defects="边角不平")
    assert (phone.order.state, phone.order.defects) == ("REPAIRING", "边角不平")


def test_another_visit_is_agreed_on_the_phone(phone, story, clock):
    """While one is going on it is one more; before it began it is moved. One that lies on another asks why."""
    to_repairing(phone, clock)
    assert "约定再次上门" in phone.client.get(phone.path, status=200).text
    phone.photo("DURING")
    other = story.reported(symptom="厨房漏水")
    story.checked(other)
    story.assigned(other, appointment_at=clock.now() + timedelta(days=1, hours=1))
    when = portal_clock.local(clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    refused = phone.send("visit-form", "visit", 422, appointment_at=when)
    assert other.number in refused.text and f'value="{when}"' in refused.text
    phone.send("visit-form", "visit", appointment_at=when, overlap_reason="同一小区")
    first, second = phone.order.visits
    assert first.is_going_on and second.planned_at == phone.order.appointment_at and second.came_at is None
    during = [photo for photo in phone.order.photos if photo.kind == "DURING"]
    assert [(photo.pair, photo.visit_id) for photo in during] == [(None, first.id)]
    assert phone.path in dict(
        phone.client.get("/repair-captain/kept").get_json()["pages"]
    )  # the captain is still there


def test_the_day_has_the_palette_for_a_finger_and_for_keys(phone):
    day = phone.client.get("/repair-captain/", status=200).text
    assert re.search(r'<a class="icon-button" href="/records/palette" role="button" data-palette', day)
    assert '<dialog class="palette" id="palette"' in day
