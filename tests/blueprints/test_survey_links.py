"""The customer's page of a survey: opened by a signed link, once, by nobody else; and what the desk does with it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from jobs.surveys import SendLink
from portal import settings
from portal.db import session, transaction
from portal.formatting import phone_mask
from portal.models.account import LoginAttempt
from portal.models.complaint import Complaint
from portal.models.follow_up import FollowUpTicket
from portal.models.setting import SettingValue
from portal.models.survey import Survey, SurveyLink
from portal.permissions import Role
from portal.processes.survey import SurveyKind
from portal.services import surveys
from portal.services.surveys import links

SCORES = {"score_0": "5", "score_1": "4", "score_2": "5", "score_4": "5"}
"""Quality, response, attitude, overall; after-sales is left out."""


@pytest.fixture
def asked(make: Any, clock: Any, sign_in: Any, app: Any) -> Any:
    """A survey that waits, its link as the customer has it."""
    specialist = sign_in(Role.SPECIALIST, name="周晓雯")
    customer = make.customer(name="张建军", email="zhang@example.com")
    with transaction() as writing:
        command = surveys.SendSurvey(SurveyKind.PERIODIC, writing.merge(customer))
        survey = surveys.send(writing, command, actor=writing.merge(specialist.user), at=clock.now())
    key = app.config["PORTAL"].secret_key

    def path() -> str:
        (link,) = session().scalars(select(SurveyLink).where(SurveyLink.withdrawn_at.is_(None))).all()
        return links.address(session(), link, key).partition("127.0.0.1:8000")[2]

    specialist.post(f"/records/surveys/{survey.number}/link", status=303)
    return SimpleNamespace(specialist=specialist, survey=survey, number=survey.number, path=path, clock=clock, key=key)


def state(asked: Any) -> tuple[str, int]:
    session().expire_all()
    found = session().merge(asked.survey)
    return found.state, len(found.answers)


def over(answer: Any, status: int = 404) -> str:
    """What every address that does not open says, whatever the reason."""
    assert answer.status_code == status and "Set-Cookie" not in answer.headers
    assert "链接无法打开" in answer.text and "张建军" not in answer.text and "MY-" not in answer.text
    return str(answer.text)


def test_the_customer_answers_once(asked, visitor):
    path = asked.path()
    page = visitor.get(path, status=200)
    assert "Set-Cookie" not in page.headers and page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "same-origin" and "noindex" in page.text
    for private in ("张建军", asked.number, "1380", "csrf", "周晓雯"):
        assert private not in page.text
    assert "checked" not in page.text and page.text.count('type="radio"') == 5 * 5 + 11
    wrong = visitor.post(path, SCORES | {"score_4": "9", "praise": "师傅好"}, token=False, status=422)
    assert "师傅好" in wrong.text and "Set-Cookie" not in wrong.headers and state(asked) == ("SENT", 0)
    missing = visitor.post(path, {"score_0": "5"}, token=False, status=422).text
    assert missing.count('aria-invalid="true"') == 3 and "checked" in missing
    sent = SCORES | {"recommend": "9", "praise": "师傅好"}
    done = visitor.post(path, sent, token=False, status=303)
    assert done.location.endswith("/s/thanks") and "Set-Cookie" not in done.headers
    assert "谢谢" in visitor.get("/s/thanks", status=200).text
    assert state(asked) == ("ANSWERED", 4)
    found = session().merge(asked.survey)
    assert (found.overall, found.recommend, found.answered_via, found.entered_by_id) == (5, 9, "LINK", None)
    visitor.post(path, sent, token=False, status=303)  # the same form again: a double tap, a reload
    assert state(asked) == ("ANSWERED", 4)
    over(visitor.post(path, sent | {"praise": "另一句"}, token=False))
    over(visitor.get(path))
    found = session().merge(asked.survey)
    assert (state(asked), found.praise) == (("ANSWERED", 4), "师傅好")


@pytest.mark.parametrize("score", ["1", "2"])
def test_bad_answers_by_the_link_open_a_slip_without_anybody_of_the_desk(asked, visitor, score):
    visitor.post(asked.path(), SCORES | {"score_0": score, "wants_contact": "y"}, token=False, status=303)
    (slip,) = session().scalars(select(FollowUpTicket)).all()
    assert (slip.survey_id, slip.department) == (asked.survey.id, "ENGINEERING")
    page = asked.specialist.get(f"/records/surveys/{asked.number}", status=200).text
    offered = f"/records/complaints/new?survey={asked.number}"
    made = session().scalars(select(Complaint)).all()
    assert slip.number in page and [one.number in page for one in made] == ([True] if score == "1" else [])
    assert (offered in page) == (score == "2")
    if score == "2":
        assert "张建军" in asked.specialist.get(offered, status=200).text


def test_every_address_that_does_not_open_says_the_same(asked, visitor):
    path, said = asked.path(), set()
    nonce, _dot, signature = path.removeprefix("/s/").partition(".")
    other = nonce[:-1] + ("B" if nonce.endswith("A") else "A")
    for bad in (
        f"/s/{nonce}", f"/s/{nonce}.", f"/s/{nonce}.{signature[:-1]}", f"/s/{other}.{signature}", "/s/1", "/s/" + "a" * 900,
        "/s/..%2f..%2fetc", "/s/%E5%BC%A0.x",
    ):  # fmt: skip
        said.add(over(visitor.get(bad, check=False)))
    forged = links._signer("another key, just as long as ours").sign(nonce).decode()
    said.add(over(visitor.get(f"/s/{forged}")))
    said.add(over(visitor.post(f"/s/{forged}", SCORES, token=False)))
    asked.clock.advance(days=14)
    said.add(over(visitor.get(path)))
    said.add(over(visitor.post(path, SCORES, token=False)))
    assert len(said) == 1 and state(asked) == ("SENT", 0)
    browser = visitor.browser.get(path, headers={"HX-Request": "true"})
    assert "链接无法打开" in browser.text


def test_a_new_link_closes_the_one_before_and_a_call_closes_both(asked, visitor, sign_in):
    first = asked.path()
    asked.specialist.post(f"/records/surveys/{asked.number}/link", status=303)
    second = asked.path()
    assert first != second
    over(visitor.get(first))
    over(visitor.post(first, SCORES, token=False))
    visitor.get(second, status=200)
    step = f"/records/surveys/{asked.number}/steps/answer"
    form = asked.specialist.get(step, status=200).text
    assert form.count("data-score-line") == 5 and "score_0" in form
    refused = asked.specialist.post(step, {"score_0": "5", "praise": "快"}, status=422).text
    assert "快" in refused and "请选择" in refused
    sent = SCORES | {"answered_via": "PHONE", "answered_at": "2026-05-11T10:00"}
    asked.specialist.post(step, sent, status=303)
    over(visitor.get(second))
    over(visitor.post(second, SCORES, token=False))
    assert state(asked) == ("ANSWERED", 4)
    asked.specialist.post(f"/records/surveys/{asked.number}/link", status=409)
    sign_in(Role.FRONT_DESK).post(f"/records/surveys/{asked.number}/link", status=403)
    sign_in(Role.FRONT_DESK).get(f"/records/surveys/{asked.number}", status=200)
    sign_in(Role.REVIEWER).get(f"/records/surveys/{asked.number}", status=403)
    assert not session().scalars(select(SurveyLink).where(SurveyLink.used_at.is_not(None))).all()


def test_it_is_no_way_around_the_locks_of_the_portal(asked, visitor):
    """Another site cannot send it; nobody's session is used, made or shown; strange fields are refused."""
    path = asked.path()
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = visitor.post(path, SCORES, token=False, headers=headers, status=403)
        assert "Set-Cookie" not in answer.headers and path not in answer.text
    visitor.post(path, SCORES | {"state": "VOID"}, token=False, status=400)
    assert state(asked) == ("SENT", 0)
    page = asked.specialist.get(path, status=200)  # somebody signed in opens it: the same page, and still signed in
    assert "周晓雯" not in page.text and "Set-Cookie" not in page.headers
    asked.specialist.get("/records/surveys", status=200)
    visitor.open("PUT", path, token=False, status=405, check=False)


def test_tries_are_counted_apart_from_signing_in(asked, visitor):
    path = asked.path()
    for _try in range(10):
        visitor.post(path, {"score_0": "5"}, token=False, status=422)
    over(visitor.post(path, SCORES, token=False), 429)
    assert state(asked) == ("SENT", 0)
    for _try in range(10):
        over(visitor.post("/s/nobody.made-this", SCORES, token=False))
    over(visitor.post("/s/nobody.made-this", SCORES, token=False), 429)
    names = set(session().scalars(select(LoginAttempt.account)))
    assert all(name.startswith("link:") for name in names)
    assert session().scalar(select(func.count()).select_from(LoginAttempt)) == 20
    asked.clock.advance(minutes=16)
    visitor.post(path, SCORES, token=False, status=303)
    assert state(asked) == ("ANSWERED", 4)


def test_the_desk_passes_it_on_by_hand_or_by_e_mail(asked, app, monkeypatch):
    base = f"/records/surveys/{asked.number}"
    page = asked.specialist.get(base, status=200).text
    assert asked.path() in page and "data:image/svg+xml" in page and "发邮件" not in page
    asked.specialist.post(f"{base}/link/handed", {"via": "PIGEON"}, status=404)
    asked.specialist.post(f"{base}/link/handed", {"via": "WECHAT"}, status=303)
    asked.specialist.post(f"{base}/link/mail", status=409)
    with transaction() as writing:
        writing.add(SettingValue(key="smtp_host", value="mail.example", updated_at=asked.clock.now()))
    settings.forget(session())
    assert "发邮件" in asked.specialist.get(base, status=200).text
    for _twice in range(2):
        asked.specialist.post(f"{base}/link/mail", status=303)
    (link,) = session().scalars(select(SurveyLink)).all()
    assert (link.handed_via, link.mailed_to, link.mailed_at) == ("WECHAT", "zhang@example.com", None)
    out: list[Any] = []
    monkeypatch.setattr("jobs.surveys.send", lambda via, message: out.append(message))
    job = SendLink()
    for _twice in range(2):  # a second run sends nothing
        with transaction() as writing:
            letter = job.prepare(writing, link_id=link.id)
        if letter is not None:
            with transaction() as writing:
                job.finish(writing, letter, job.act(letter))
    (message,) = out
    text = message.get_body(("plain",)).get_content()
    assert asked.path() in text and "张建军" not in text and asked.number not in text
    assert session().merge(link).mailed_at == asked.clock.now()
    assert "已发邮件" in asked.specialist.get(base, status=200).text


def test_a_survey_is_started_for_a_customer_by_telephone_or_by_link(asked, make):
    customer = make.customer(name="孙丽")
    path = f"/records/surveys/new?customer={customer.number}"
    shown, phone, mask = asked.specialist.get(path, status=200).text, customer.phone, phone_mask(customer.phone)
    assert "孙丽" in shown and mask in shown and phone not in shown, "the number is masked here as everywhere"
    assert "查找" in asked.specialist.get("/records/surveys/new", status=200).text
    sent = {"kind": "SETTLEMENT", "contact_name": "孙丽", "contact_phone": mask, "how": "phone"}
    refused = asked.specialist.post(path, sent | {"client_key": "a" * 32}, status=422)
    assert "项目" in refused.text and phone not in refused.text
    typed = sent | {"contact_phone": "13900008888", "client_key": "a" * 32}
    assert "13900008888" in asked.specialist.post(path, typed, status=422).text, "what was typed comes back as it was"
    made = asked.specialist.post(path, sent | {"kind": "SERVICE_END", "client_key": "b" * 32}, status=303)
    assert made.location.endswith("/steps/answer")
    made = asked.specialist.post(path, sent | {"kind": "PERIODIC", "how": "link", "client_key": "c" * 32}, status=303)
    number = made.location.rpartition("/")[2]
    found = session().scalars(select(Survey).where(Survey.number == number)).one()
    assert len(found.links) == 1 and found.customer_id == customer.id
    customer_surveys = session().scalars(select(Survey).where(Survey.customer_id == customer.id))
    assert {each.contact_phone for each in customer_surveys} == {phone}, "the mask means: unchanged"
