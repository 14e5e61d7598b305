"""Signing without network: the words come from the phone, the portal compares them with its own."""

from __future__ import annotations

import hashlib
import html
import json
import re
from typing import Any

import pytest
from sqlalchemy import select

from portal import i18n
from portal.db import session, transaction
from portal.models.event import Event
from portal.models.outbox import Outbox
from portal.services import repair_words, repairs
from tests.captain.conftest import drawn
from tests.captain.test_job_pages import arrive, finish, to_done, to_repairing
from tests.captain.test_sync import Sender, entries


def signed(phone: Any, words: str, **more: Any) -> dict[str, Any]:
    """What the phone sends when the customer signed these words."""
    return {
        "signed_by": "张建军", "signed_at": "2026-10-13T16:05", "rating": "5", "signature": drawn(),
        "checks": phone.checks("sign-off"), "facts_hash": "0" * 64, "shown": words.replace("\n", "\r\n"),
        "shown_hash": hashlib.sha256(words.encode()).hexdigest(), **more,
    }  # fmt: skip


def words_of(phone: Any, locale: str = "zh_Hans") -> str:
    with i18n.use_locale(locale):
        return repair_words.shown(phone.order)


def known(phone: Any) -> dict[str, Any]:
    """What the page tells the script of the phone."""
    page = phone.client.get(phone.path, status=200).text
    found = re.search(r'data-visit="([^"]*)"', page)
    assert found
    return json.loads(html.unescape(found[1]))


@pytest.fixture
def sender(phone, clock):
    return Sender(phone, clock)


def test_the_words_of_the_phone_are_those_of_the_portal(phone, clock, sender):
    """Filled into the patterns of a page from before the work was done; in whatever language the page was."""
    to_repairing(phone, clock)
    before = known(phone)
    to_done_from_repairing(phone, clock)
    order = phone.order
    with i18n.use_locale("zh_Hans"):
        lines = [before["patterns"]["cost"].format_map(line) for line in repair_words.facts(order)["costs"]]
        facts = {**before["facts"], "work_done": "换接头，闭水试验合格", "done_at": "2026-10-13 16:00"}
    words = "\n".join(
        [before["patterns"]["all"].format_map(facts), before["patterns"]["done"].format_map(facts), *lines]
    )
    assert words == words_of(phone)
    assert repair_words.says(order, words_of(phone, "en")) and repair_words.says(order, words.replace("\n", " \n"))
    assert not repair_words.says(order, words.replace("460.00", "406.00"))

    clock.set("2026-10-13 16:10")
    phone.photo("OTHER")  # what happened besides does not matter: the words say what was seen
    said = sender.step("sign-off", signed(phone, words, version="1"), key="sign")
    assert said == {"state": "done", "message": "", "url": phone.path}
    order = phone.order
    assert order.state == "SIGNED_OFF" and not repairs.signature_is_void(order)
    (kept,) = order.signatures
    assert (kept.shown, kept.shown_hash) == (words, hashlib.sha256(words.encode()).hexdigest())


def to_done_from_repairing(phone: Any, clock: Any) -> None:
    for kind, what, amount in (("MATERIAL", "接头、防水涂料", "460"), ("LABOUR", "两个工日", "600.00")):
        phone.send("cost-form", "costs", kind=kind, what=what, amount=amount, bearer="CREW")
    clock.set("2026-10-13 16:00")
    phone.photo("AFTER")
    finish(phone)


def test_other_words_are_kept_and_void_and_signed_again(phone, story, clock, sender, sign_in):
    to_done(phone, clock)
    words = words_of(phone)
    with transaction() as writing:  # changed at the desk while the customer was reading
        order = writing.merge(phone.order)
        order.work_done = "只换了接头"
    clock.set("2026-10-13 16:10")
    at = clock.now().isoformat()
    for _again in range(2):  # the answer was lost
        said = sender.step("sign-off", signed(phone, words), key="sign", at=at)
        assert said["state"] == "done" and "作废" in said["message"]
    order = phone.order
    assert (order.state, order.signed_by, order.rating) == ("DONE", None, None)
    (kept,) = order.signatures
    assert (kept.shown, kept.facts_hash) == (words, None) and kept.attachment_id and repairs.signature_is_void(order)
    assert len(entries()) == 1
    told = session().scalars(select(Event).where(Event.action == "signed-other-words")).one()
    assert told.data["name"] == "张建军"
    posted = session().scalars(select(Outbox).where(Outbox.key.contains("signed-other-words"))).one()
    assert "owner" in posted.key

    page = phone.client.get(phone.path, status=200).text
    assert "is-void" in page and "闭水试验合格" in page and 'data-step="sign-off"' in page
    desk = sign_in(story.specialist).get(f"/records/repair-orders/{phone.number}", status=200).text
    assert "签字作废" in desk

    assert sender.step("sign-off", signed(phone, words_of(phone)), key="again")["message"] == ""
    order = phone.order
    assert order.state == "SIGNED_OFF" and not repairs.signature_is_void(order) and len(order.signatures) == 2


@pytest.mark.parametrize(
    "wrong", [{"shown_hash": "0" * 64}, {"shown": "\x00"}, {"shown": "长" * 40_001}, {"signature": ""}]
)
def test_what_does_not_fit_its_hash_is_refused(phone, clock, sender, wrong):
    to_done(phone, clock)
    clock.set("2026-10-13 16:10")
    given = signed(phone, words_of(phone)) | wrong
    assert sender.step("sign-off", given)["state"] == "refused"
    assert not phone.order.signatures and phone.order.state == "DONE"


def test_a_signature_waits_for_the_finished_work(phone, clock, sender):
    """The rules are the portal's: before the work is done nothing is signed, whatever the phone thinks."""
    to_repairing(phone, clock)
    clock.set("2026-10-13 16:10")
    said = known(phone)
    assert {line["text"] for line in said["known"]["present_checks"]} == {line.text for line in phone.order.checks}
    assert said["steps"]["sign-off"]["from"] == ["DONE"] and said["known"]["state"] == "REPAIRING"
    assert sender.step("sign-off", signed(phone, words_of(phone)))["state"] == "conflict"
    assert not phone.order.signatures


def to_quoted(phone: Any, clock: Any) -> None:
    clock.set("2026-10-12 14:35")
    phone.photo("BEFORE")
    arrive(phone, cause="CUSTOMER_USE")
    phone.step("quote", quote_material="120", quote_labour="80.50")


def quote_signed(phone: Any, words: str) -> dict[str, Any]:
    """What the phone sends when the customer signed these words of the quote."""
    given = signed(phone, words, quote_answered_at="2026-10-12T14:40")
    return {name: value for name, value in given.items() if name not in ("rating", "checks", "signed_at")}


def test_a_quote_is_signed_or_noted(phone, story, clock, sender, sign_in):
    """4.14: QUOTED to REPAIRING by signature or note. Signed for other words: kept, void, told, and signed again."""
    to_quoted(phone, clock)
    with i18n.use_locale("zh_Hans"):
        words = repair_words.shown(phone.order, "QUOTE")
    assert "120.00 + 人工 80.50 = 200.50" in words and known(phone)["known"]["state"] == "QUOTED"
    clock.set("2026-10-12 14:42")
    neither = phone.step("accept", 422, quote_answered_at="2026-10-12T14:40").text
    assert "客户已在报价上签字，或已注明客户如何答复" in neither and phone.order.state == "QUOTED"
    unnamed = quote_signed(phone, words) | {"signed_by": ""}
    assert "请填写签字人" in sender.step("accept", unnamed, key="nobody")["message"]

    other = words.replace("200.50", "20.50")
    clock.set("2026-10-12 14:45")
    at = clock.now().isoformat()
    for _again in range(2):  # the answer was lost
        said = sender.step("accept", quote_signed(phone, other), key="quote", at=at)
        assert said["state"] == "done" and "作废" in said["message"]
    order = phone.order
    (kept,) = order.consents
    assert (order.state, order.quote_accepted, kept.facts_hash) == ("QUOTED", None, None) and not order.signatures
    page = phone.client.get(phone.path, status=200).text
    assert "is-void" in page and "= 20.50" in page

    assert sender.step("accept", quote_signed(phone, words), key="again")["message"] == ""
    order = phone.order
    assert (order.state, order.quote_accepted, order.quote_note) == ("REPAIRING", True, None)
    assert not repairs.consent_is_void(order) and len(order.consents) == 2 and not order.signatures
    desk = sign_in(story.specialist).get(f"/records/repair-orders/{phone.number}?tab=signatures", status=200).text
    assert re.findall(r">(有效|作废)<", desk).count("作废") == 1 and "报价" in desk
