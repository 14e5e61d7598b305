"""The settings page: typed values, sentences at fields, secrets, two managers at once, the log."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from portal import settings
from portal.db import transaction
from portal.errors import Invalid
from portal.i18n import Text
from portal.models.calendar import CalendarWeek
from portal.models.event import Event, EventKind
from portal.models.setting import SettingValue
from portal.permissions import Role
from portal.services import calendars, setting_changes
from portal.services.setting_changes import Conflict, Refused, parse
from portal.settings import SECRETS, SETTINGS

CLOCKS, COMPANY, MONEY, NOTICES = "clocks", "company", "money", "notices-and-e-mail"


def form_of(html: str, group: str) -> dict[str, Any]:
    """The hidden versions of a group, as its form on the page carries them."""
    part = html.split(f'action="/manager/settings/{group}"')[1].split("</form>")[0]
    return dict(re.findall(r'name="(version\.\w+)" value="(\d+)"', part))


def only(fields: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name.removeprefix("version.") in keys}


def save(client: Any, group: str, data: dict[str, Any]) -> None:
    """Save a group as people do: a changed limit is shown first and sent again with what was seen."""
    answer = client.post(f"/manager/settings/{group}", data, status=200)
    seen = re.search(r'name="seen" value="([^"]*)"', answer.text)
    assert seen
    client.post(f"/manager/settings/{group}", data | {"seen": unescape(seen[1])}, status=303)


def test_every_setting_is_on_the_page_with_its_origin(sign_in):
    page = sign_in(Role.MANAGER).page("/manager/settings")
    said = "".join(page.text)
    for setting in SETTINGS.values():
        assert str(setting.label) in said
    assert said.count("手册") >= sum(setting.provenance == "seed" for setting in SETTINGS.values())
    names = {given.get("name") for _tag, given in page.controls}
    for key, setting in SETTINGS.items():
        assert key in names or any(name and name.startswith(f"{key}.") for name in names), key
        assert setting.key == key


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.MANAGER])
def test_only_the_manager_may(sign_in, role):
    client = sign_in(role)
    client.get("/manager/settings", status=403)
    client.post("/manager/settings/clocks", {"version.complaint_handover_hours": "0"}, status=403)


def test_a_change_is_saved_logged_and_in_force(sign_in, session):
    client = sign_in(Role.MANAGER)
    fields = form_of(client.get("/manager/settings").text, CLOCKS)
    data = only(fields, "complaint_handover_hours", "warn_share")
    save(client, CLOCKS, data | {"complaint_handover_hours": "５", "warn_share": "25"})
    settings.forget(session)
    assert settings.get(session, "complaint_handover_hours") == 5
    events = session.scalars(select(Event).where(Event.kind == EventKind.SETTING)).all()
    assert [event.data["changes"] for event in events] == [{"complaint_handover_hours": [3, 5]}]
    assert events[0].actor_id == client.user.id
    said = client.get("/manager/settings").text
    assert client.user.name in said and "默认：3" in said


def test_a_changed_limit_counts_for_the_next_deadline_only(session, make, clock):
    boss = make.user(Role.MANAGER)
    with transaction() as writing:
        before = calendars.limit(writing, "complaint_handover_hours")
        setting_changes.change(
            writing,
            CLOCKS,
            {"complaint_handover_hours": ["4"]},
            {"complaint_handover_hours": 0},
            actor=boss,
            at=clock.now(),
        )
        assert (before.amount, calendars.limit(writing, "complaint_handover_hours").amount) == (3, 4)


def test_a_wrong_value_comes_back_at_its_field_with_what_was_typed(sign_in, session):
    client = sign_in(Role.MANAGER)
    fields = only(form_of(client.get("/manager/settings").text, CLOCKS), "complaint_handover_hours", "duty_hours")
    answer = client.post(
        f"/manager/settings/{CLOCKS}",
        fields | {"complaint_handover_hours": "999", "duty_hours": "from <eight>"},
        status=422,
    )
    assert "范围：1 至 240" in answer.text and 'value="999"' in answer.text
    assert "请按 08:30-20:00 的格式填写。" in answer.text and "from &lt;eight&gt;" in answer.text
    assert not session.scalars(select(SettingValue)).all()
    assert not session.scalars(select(Event).where(Event.kind == EventKind.SETTING)).all()


def test_two_managers_at_once_see_both_values(sign_in, session):
    first, second = sign_in(Role.MANAGER), sign_in(Role.MANAGER)
    early = only(form_of(first.get("/manager/settings").text, CLOCKS), "complaint_visit_hours", "complaint_call_hours")
    late = dict(early)
    unchanged = {"complaint_call_hours": "24"}
    save(first, CLOCKS, early | unchanged | {"complaint_visit_hours": "60"})
    answer = second.post(f"/manager/settings/{CLOCKS}", late | unchanged | {"complaint_visit_hours": "36"}, status=409)
    assert re.search(r"<td>60</td>\s*<td>36</td>", answer.text)
    settings.forget(session)
    assert settings.get(session, "complaint_visit_hours") == 60
    again = only(form_of(answer.text, CLOCKS), "complaint_visit_hours")
    save(second, CLOCKS, again | {"complaint_visit_hours": "36"})
    settings.forget(session)
    assert settings.get(session, "complaint_visit_hours") == 36


def test_what_somebody_else_changed_is_no_conflict_when_both_mean_the_same(session, make, clock):
    boss = make.user(Role.MANAGER)
    for version in (0, 0):
        with transaction() as writing:
            setting_changes.change(
                writing, CLOCKS, {"warn_share": ["30"]}, {"warn_share": version}, actor=boss, at=clock.now()
            )
    with pytest.raises(Conflict), transaction() as writing:
        setting_changes.change(writing, CLOCKS, {"warn_share": ["40"]}, {"warn_share": 0}, actor=boss, at=clock.now())


def test_a_secret_is_written_never_shown_and_never_told(sign_in, session):
    client = sign_in(Role.MANAGER)
    fields = only(form_of(client.get("/manager/settings").text, NOTICES), "smtp_password")
    client.post(f"/manager/settings/{NOTICES}", fields | {"smtp_password": "hush-hush-7"}, status=303)
    settings.forget(session)
    assert settings.get(session, "smtp_password") == "hush-hush-7"
    html = client.get("/manager/settings").text
    assert "hush-hush-7" not in html and "••••••" in html
    assert "hush-hush-7" not in str([event.data for event in session.scalars(select(Event))])
    again = only(form_of(html, NOTICES), "smtp_password")
    client.post(f"/manager/settings/{NOTICES}", again | {"smtp_password": ""}, status=303)
    settings.forget(session)
    assert settings.get(session, "smtp_password") == "hush-hush-7"
    assert "hush-hush-7" not in client.get("/manager/audit").text


def test_roles_splits_and_departments_are_chosen(sign_in, session):
    client = sign_in(Role.MANAGER)
    page = client.get("/manager/settings").text
    signing, money = form_of(page, "signing-in"), only(form_of(page, MONEY), "payment_split")
    client.post(
        "/manager/settings/signing-in",
        only(signing, "second_factor_roles") | {"second_factor_roles": ["SPECIALIST", "REVIEWER"]},
        status=303,
    )
    client.post(f"/manager/settings/{MONEY}", money | {"payment_split": ["50", "45", "5"]}, status=303)
    refused = client.post(
        f"/manager/settings/{MONEY}", {"version.payment_split": "1", "payment_split": ["50", "45", "6"]}, status=422
    )
    assert "各项比例之和应为 100，现在是 101。" in refused.text
    departments = {
        "version.complaint_departments": "0",
        "complaint_departments.MONEY": "FINANCE",
        "complaint_departments.MONEY.second": "STORE",
    }
    client.post(f"/manager/settings/{CLOCKS}", departments, status=303)
    settings.forget(session)
    assert settings.second_factor_roles(session) == {Role.SPECIALIST, Role.REVIEWER}
    assert settings.get(session, "payment_split") == [50, 45, 5]
    assert settings.get(session, "complaint_departments") == {"MONEY": "FINANCE+STORE"}


def test_an_unchecked_box_means_no(sign_in, session):
    client = sign_in(Role.MANAGER)
    client.post(f"/manager/settings/{NOTICES}", {"version.mail_each_notice": "0"}, status=303)
    settings.forget(session)
    assert settings.get(session, "mail_each_notice") is False


def test_a_field_left_empty_is_the_default_again(sign_in, session):
    client = sign_in(Role.MANAGER)
    for version, text in (("0", "40"), ("1", "")):
        client.post(f"/manager/settings/{CLOCKS}", {"version.warn_share": version, "warn_share": text}, status=303)
    settings.forget(session)
    assert settings.get(session, "warn_share") == 25


def test_the_end_of_the_working_day_makes_a_new_calendar_version(session, make, clock):
    boss = make.user(Role.MANAGER)
    with transaction() as writing:
        calendars.seed(writing, [2026], at=clock.now())
    with transaction() as writing:
        key = "working_day_ends"
        setting_changes.change(writing, CLOCKS, {key: ["17:30"]}, {key: 0}, actor=boss, at=clock.now())
        assert calendars.current(writing).day_end == 17 * 60 + 30
    assert session.get(CalendarWeek, 1).version == 2


def test_keys_of_another_group_and_strange_keys_are_not_touched(sign_in, session):
    client = sign_in(Role.MANAGER)
    client.post(
        f"/manager/settings/{COMPANY}",
        {"version.warn_share": "0", "warn_share": "50", "version.nothing": "0", "nothing": "x"},
        status=303,
    )
    assert not session.scalars(select(SettingValue)).all()
    client.post("/manager/settings/no-such-group", {}, status=404)


def test_limits_that_belong_together_are_checked_together(session, make, clock):
    boss = make.user(Role.MANAGER)
    texts, versions = (
        {"grade_b_amount": ["300000"], "grade_a_amount": ["200,000"]},
        dict.fromkeys(("grade_a_amount", "grade_b_amount"), 0),
    )
    with pytest.raises(Invalid) as refusal, transaction() as writing:
        setting_changes.change(writing, "grades", texts, versions, actor=boss, at=clock.now())
    assert set(refusal.value.fields) == {"grade_b_amount"}


@pytest.mark.parametrize(
    ("key", "texts", "value"),
    [
        ("complaint_handover_hours", ["１２"], 12),
        ("grade_a_amount", ["1,250,000.50"], "1250000.50"),
        ("ratio_recheck", ["0.50"], "0.5"),
        ("ratio_recheck", ["0.75%"], "0.75"),
        ("working_day_ends", ["9：30"], "09:30"),
        ("duty_hours", ["8:00－21:00"], "08:00-21:00"),
        ("shift_times", ["14:00-20:00、08:30-14:30"], "08:30-14:30, 14:00-20:00"),
        ("company_name", ["  阳光 装饰 "], "阳光 装饰"),
        ("portal_url", ["https://kefu.example.com"], "https://kefu.example.com"),
        ("smtp_starttls", [], False),
        ("complaint_clock", ["DUTY_HOURS"], "DUTY_HOURS"),
        ("second_factor_roles", [], []),
        ("complaint_departments", ["QUALITY=", "SITE=ENGINEERING+ENGINEERING"], {"SITE": "ENGINEERING"}),
    ],
)
def test_what_people_type_is_understood(key, texts, value):
    assert parse(SETTINGS[key], texts) == value


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("complaint_handover_hours", "0"),
        ("complaint_handover_hours", "3.5"),
        ("complaint_handover_hours", "三"),
        ("complaint_handover_hours", "1" * 30),
        ("grade_a_amount", "-1"),
        ("grade_a_amount", "1e9"),
        ("grade_a_amount", "NaN"),
        ("duty_hours", "20:00-08:00"),
        ("duty_hours", "08:30-12:00, 13:00-18:00"),
        ("working_day_ends", "25:00"),
        ("shift_times", "08:00-12:00, 14:00"),
        ("complaint_clock", "SOMETIMES"),
        ("second_factor_roles", "ADMIN"),
        ("payment_split", "100"),
        ("complaint_departments", "QUALITY=NOBODY"),
        ("complaint_departments", "NOTHING=ENGINEERING"),
        ("portal_url", "javascript:alert(1)"),
        ("portal_url", 'https://x/"><script>'),
        ("mail_from", "nobody"),
        ("mail_from", "a@b.c\nBcc: d@e.f"),
        ("smtp_host", "mail server"),
        ("company_name", "x" * 201),
        ("company_name", "a\x00b"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(key, text):
    with pytest.raises(Refused) as refusal:
        parse(SETTINGS[key], [text])
    assert isinstance(refusal.value.sentence, Text) and str(refusal.value.sentence)


def test_every_default_is_a_value_that_could_be_typed():
    for key, setting in SETTINGS.items():
        if key in SECRETS:
            continue
        again = parse(setting, list(setting_changes.texts_of(setting, setting.default)))
        assert again == setting.default, key
        if setting.kind == "decimal":
            assert Decimal(again) >= 0


def test_saving_what_the_page_shows_changes_nothing(session, make, clock):
    boss = make.user(Role.MANAGER)
    for group in setting_changes.groups(session):
        texts = {row.setting.key: list(row.texts) for row in group.rows}
        versions = {row.setting.key: row.version for row in group.rows}
        with transaction() as writing:
            assert not setting_changes.change(writing, group.slug, texts, versions, actor=boss, at=clock.now())
