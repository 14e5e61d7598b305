"""An inspection on site: begun with its first line, from the page and from the outbox of a phone. Source: domain.md 4.11."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.db import session
from portal.i18n import use_locale
from portal.models.event import Event
from portal.models.field_entry import FieldEntry
from portal.models.pre_acceptance import CheckItem, Inspection, PreAcceptance
from portal.permissions import Role
from portal.services import inspections
from tests.files import hostile
from tests.services.test_pre_acceptances import Story, local


class Site:
    """A project to be inspected on 06-25 at 09:30, and the inspector's phone at its pages."""

    def __init__(self, make: Any, clock: Any, sign_in: Any) -> None:
        self.story = Story(make, clock)
        record = self.story.listed(trades=("TILES",))
        self.story.scheduled(record)
        clock.set("2026-06-25 09:40")
        self.clock, self.sign_in, self.number = clock, sign_in, f"{record.number}-1"
        self.path = f"/reviewer/inspections/{self.number}"

    @property
    def client(self) -> Any:
        return self.sign_in(self.story.reviewer)

    @property
    def record(self) -> PreAcceptance:
        return session().scalars(select(PreAcceptance)).one()

    def post(self, path: str, data: dict[str, Any], **more: Any) -> Any:
        return self.client.post(f"{self.path}/{path}", data, **more)

    def send(
        self, path: str, data: dict[str, Any], *, key: str, at: str = "2026-06-25T09:40:00+08:00", **more: Any
    ) -> Any:
        """As the outbox of the phone sends it."""
        headers = {
            "X-Outbox": "1",
            "X-Outbox-User": str(more.pop("user", self.story.reviewer.id)),
            "X-Outbox-Skew": "0",
        }
        given = {"client_key": key, "device_at": at, **data}
        return self.client.post(f"{self.path}/{path}", given, headers=headers, **more).get_json()


@pytest.fixture
def site(make, clock, sign_in) -> Site:
    return Site(make, clock, sign_in)


def held() -> Inspection | None:
    return session().scalars(select(Inspection)).one_or_none()


def test_looking_writes_nothing_and_the_first_line_begins_it(site):
    shown = site.client.get(site.path, status=200).text
    assert "瓷砖空鼓率" in shown and held() is None
    site.post("lines/1", {"measured": "5"}, status=303)
    found = held()
    assert (found.number, found.inspector_id) == (site.number, site.story.reviewer.id)
    assert (found.items[0].result, found.items[1].result) == ("PASS", None)
    site.post("lines/1", {"measured": "5.01", "comment": "客厅"}, status=303)
    assert [(item.result, item.comment) for item in held().items[:1]] == [("FAIL", "客厅")]


def test_only_who_inspects_comes_here(site, sign_in):
    for role in (site.story.specialist, site.story.manager):
        sign_in(role).get(site.path, status=403)
    other = site.number.rpartition("-")[0]
    for number in (f"{other}-2", f"{other}-0", other, "YY-1999-0001-1", "1"):
        site.client.get(f"/reviewer/inspections/{number}", status=404)
        site.client.post(f"/reviewer/inspections/{number}/lines/1", {"result": "PASS"}, status=404)
    site.post("lines/99", {"result": "PASS"}, status=409)
    site.post("trades/ROOF/skip", {}, status=404)
    assert held() is None


def test_a_value_that_is_no_number_is_said_at_its_line(site):
    answer = site.post("lines/1", {"measured": "五", "comment": "客厅"}, status=422)
    assert "请只填数字，最多两位小数，不带单位" in answer.text and "客厅" in answer.text
    part = site.post("lines/1", {"measured": "五"}, status=422, htmx=True)
    assert "请只填数字，最多两位小数，不带单位" in part.text and "<html" not in part.text
    assert held() is None
    for number, value in enumerate(("abc", "6.5mm", "6,555")):
        said = site.send("lines/1", {"measured": value}, key=f"m{number}")
        assert (said["state"], said["message"]) == ("refused", "请只填数字，最多两位小数，不带单位")
    assert site.send("lines/1", {"measured": "6,5"}, key="comma")["state"] == "done"
    assert str(held().items[0].measured) == "6.50"


def test_a_trade_that_the_project_does_not_have(site):
    site.post("lines/1", {"measured": "1"}, status=303)
    site.post("trades/TILES/skip", {}, status=303)
    assert {item.result for item in held().items if item.trade == "TILES"} == {"PASS", "NOT_APPLICABLE"}


def test_an_entry_of_a_phone_counts_once_and_keeps_both_times(site):
    site.clock.set("2026-06-25 12:00")
    done = {"state": "done", "message": "", "url": site.path}
    for _again in range(5):
        assert site.send("lines/1", {"measured": "7"}, key="one") == done
    site.send("lines/1", {"measured": "3"}, key="two", at="2026-06-25T09:45:00+08:00")
    assert site.send("lines/1", {"measured": "7"}, key="one") == done  # late again, the later word stays
    found = held()
    assert (found.items[0].result, found.items[0].judged_at) == ("PASS", local("2026-06-25 09:45"))
    assert (found.inspected_at, found.created_at) == (local("2026-06-25 09:40"), local("2026-06-25 12:00"))
    entries = session().scalars(select(FieldEntry).order_by(FieldEntry.id)).all()
    assert [(each.client_key, each.device_at, each.received_at) for each in entries] == [
        ("one", local("2026-06-25 09:40"), local("2026-06-25 12:00")),
        ("two", local("2026-06-25 09:45"), local("2026-06-25 12:00")),
    ]
    assert session().scalar(select(func.count(Event.id)).where(Event.record_kind == "inspections")) == 1


def test_a_photo_twice_is_there_once(site):
    for key in ("p", "p", "q"):
        picture = {"file": (io.BytesIO(hostile.photo()), "a.jpg")}
        said = site.send("lines/1/photos", picture, key=key, content_type="multipart/form-data")
        assert said["state"] == "done"
    assert len(held().photos) == 1
    picture = {"file": (io.BytesIO(hostile.photo()), "a.jpg")}
    said = site.send("lines/2/photos", picture, key="s", content_type="multipart/form-data")
    assert said["state"] == "refused" and said["message"].startswith("这张照片已用于“瓷砖空鼓率”")
    assert site.send("lines/1/photos", {}, key="r")["state"] == "refused"


def test_a_failed_line_of_which_nothing_is_noted_says_that_it_is_not_in_order(site):
    """Its text reads as if it were: the foreman must see what the notice is about."""
    for line, said in (
        ("1", {"measured": "7"}),
        ("3", {"result": "FAIL"}),
        ("4", {"result": "FAIL", "comment": "缺角"}),
    ):
        site.post(f"lines/{line}", said, status=303)
    first, third, fourth = (held().items[place].text for place in (0, 2, 3))
    with use_locale("zh_Hans"):
        said = inspections.usual_requirement(held())
    assert said == f"{first} 7 %\n{third}：不合格\n{fourth}：缺角"


def test_other_words_than_the_phone_kept_are_a_conflict(site):
    mark = inspections.mark_of(
        session().scalars(select(CheckItem).where(CheckItem.trade == "TILES").order_by(CheckItem.position)).first()
    )
    said = site.send("lines/1", {"measured": "3", "seen": "0123456789ab"}, key="one")
    assert said["state"] == "conflict" and "已有变动" in said["message"] and said["now"]["state"] == "已排期"
    assert held() is None
    assert site.send("lines/1", {"measured": "3", "seen": mark}, key="two")["state"] == "done"


def test_what_others_ended_meanwhile_is_shown(site, make, sign_in):
    begun = site.story.begun(site.record, "2026-06-25 09:41")
    site.story.judged(begun)
    site.story.finished(begun)
    said = site.send("lines/1", {"measured": "3"}, key="one")
    assert said["state"] == "conflict" and "已完成" in said["message"] and said["now"]["state"] == "预验收合格"
    assert any(each["who"] == "韩志刚" for each in said["now"]["meanwhile"])
    site.client.get(site.path, status=303)
    other = make.user(Role.REVIEWER, name="另一位")
    assert site.send("lines/1", {"measured": "3"}, key="three", user=other.id)["state"] == "refused"


def test_the_end_says_what_is_missing_and_leads_to_the_notice(site):
    site.send("lines/1", {"measured": "7"}, key="one")
    end = {
        "inspected_at": "2026-06-25T09:40",
        "manager_present": "yes",
        "foreman_present": "yes",
        "limit_on": "2026-06-29",
        "recheck_at": "2026-06-30T10:00",
    }
    said = site.send("finish", end, key="end")
    assert said["state"] == "refused" and "未完成" in said["message"]
    site.post("finish", end, status=422)
    site.story.judged(held(), {"空鼓": "7"})
    said = site.send("finish", end, key="end")
    for sentence in ("项目经理签字：验收不合格：请选择“已签字”或“拒签”。", "工长签字：验收不合格："):
        assert said["state"] == "refused" and sentence in said["message"]
    end |= {"manager_signed": "yes", "foreman_signed": "no", "manager_refusal": "有", "foreman_refusal": " "}
    said = site.send("finish", end, key="end")
    assert said["message"] == "工长拒签原因：验收不合格：请写明拒签原因。" and site.record.notices == []
    shown = site.post("finish", end, status=422).text
    assert re.search(
        r'id="foreman_refusal-under"><span class="error"[^<]*.{0,200}请写明拒签原因', shown
    )  # at its field
    assert re.search(r'id="foreman_signed-1" value="no" checked', shown)
    end["foreman_refusal"] = "不认可空鼓率"
    said = site.send("finish", end, key="end")
    notice = site.record.notices[0]
    assert (notice.manager_signed, notice.manager_refusal) == (True, None)  # who signed has not refused
    assert (notice.foreman_signed, notice.foreman_refusal) == (False, "不认可空鼓率")
    assert said == {"state": "done", "message": "", "url": f"/records/rectification-notices/{notice.number}"}
    assert site.send("finish", end, key="end") == said and len(site.record.notices) == 1
    assert notice.requirement.startswith("瓷砖空鼓率 7 %")  # what was noted, where the phone sent nothing else


def test_the_phone_keeps_what_one_may_inspect(site, make):
    kept = site.client.get("/reviewer/inspections/kept", status=200).get_json()
    assert [path for path, _version in kept["pages"]] == [
        "/reviewer/inspections/", "/reviewer/inspections/outbox", "/reviewer/inspections/not-kept", site.path,
    ]  # fmt: skip
    site.post("lines/1", {"measured": "3"}, status=303)
    again = site.client.get("/reviewer/inspections/kept", status=200).get_json()
    assert dict(again["pages"])[site.path] != dict(kept["pages"])[site.path]  # another version: asked for anew
    day = site.client.get("/reviewer/inspections/", status=200)
    assert site.path in day.text
    for name in ("outbox", "not-kept", "not-ready"):
        site.client.get(f"/reviewer/inspections/{name}", status=200)
    own = make.user(Role.REVIEWER, name="刘大勇")  # the foreman's name: whoever did the work does not inspect it
    theirs = site.sign_in(own).get("/reviewer/inspections/kept", status=200).get_json()
    assert site.path not in dict(theirs["pages"])
    site.sign_in(own).post(f"{site.path}/lines/2", {"result": "PASS"}, status=403)
    assert held().items[1].result is None
