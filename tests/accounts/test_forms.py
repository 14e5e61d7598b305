"""What people type into forms, and what hostile hands send."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from blueprints.forms import (
    BooleanField,
    ChoiceField,
    EmailField,
    Form,
    LocalDateField,
    LocalDateTimeField,
    MoneyField,
    NameField,
    PhoneField,
    StrangeForm,
    TermField,
    TextField,
    WholeField,
)
from portal import i18n
from portal.errors import Invalid
from portal.models.customer import CustomerGrade


class Sample(Form):
    name = NameField(i18n.N_("Name"), required=False)
    phone = PhoneField(required=False)
    call = PhoneField(i18n.N_("Phone"), required=False, allow_landline=True)
    amount = MoneyField(i18n.N_("Amount"))
    discount = MoneyField(i18n.N_("Amount"), minimum=Decimal(0), maximum=Decimal(100))
    note = TextField(i18n.N_("Note"), limit=2000, rows=3)
    subject = TextField(i18n.N_("Subject"), limit=20)
    email = EmailField()
    on = LocalDateField(i18n.N_("Date"))
    at = LocalDateTimeField(i18n.N_("Time"))
    grade = TermField(i18n.N_("Grade"), CustomerGrade)
    owner = ChoiceField(i18n.N_("Owner"), choices=[(1, "甲"), (2, "乙")], coerce=int, blank=i18n.N_("Nobody"))
    floors = WholeField(i18n.N_("Floors"), low=1, high=99)
    agreed = BooleanField(i18n.N_("Agreed"))


class Needed(Form):
    name = NameField(i18n.N_("Name"))
    phone = PhoneField()
    grade = TermField(i18n.N_("Grade"), CustomerGrade, required=True)


@pytest.fixture
def send() -> Iterator[Callable[..., Form]]:
    """`send(phone="138...")`: the form after a person sent it, validated."""
    app = Flask("forms")
    app.config.update(SECRET_KEY="x", WTF_CSRF_ENABLED=False)

    def post(kind: type[Form] = Sample, /, *, obj: Any = None, **given: Any) -> Form:
        pairs = [
            (key, item) for key, value in given.items() for item in (value if isinstance(value, list) else [value])
        ]
        with app.test_request_context(method="POST", data=MultiDict(pairs)):
            form = kind(obj=obj)
            form.validate_on_submit()
            return form

    with i18n.use_locale("en"):
        yield post


def only(form: Form, name: str) -> str:
    """The single error of the form, which stands at this field."""
    assert set(form.errors) == {name}, form.errors
    assert form.status == 422
    assert len(form.errors[name]) == 1
    return str(form.errors[name][0])


# A. Names and short text


@pytest.mark.parametrize("blank", ["", "   ", "\u3000\u3000", "\u200b\u200e\ufeff"])
def test_a_blank_name_is_asked_for_by_its_name(send: Callable[..., Form], blank: str) -> None:
    form = send(Needed, name=blank, phone="13800138000", grade="A")
    assert only(form, "name") == "Please fill in Name"


@pytest.mark.parametrize(
    "name", ["王", "王" * 50, "𠮷田䶮", "<script>alert(1)</script>", "' OR 1=1 --", "{{7*7}}", "=1+1"]
)
def test_names_that_are_taken_as_typed(send: Callable[..., Form], name: str) -> None:
    form = send(name=name)
    assert not form.errors
    assert form.name.data == name


def test_a_name_of_51_signs_is_refused_with_both_numbers(send: Callable[..., Form]) -> None:
    assert only(send(name="王" * 51), "name") == "At most 50 characters; these are 51"


@pytest.mark.parametrize("dot", ["·", "•", "‧", "・", "･", " · "])
def test_dots_in_names_become_one(send: Callable[..., Form], dot: str) -> None:
    assert send(name=f"买买提{dot}吐尔逊").name.data == "买买提·吐尔逊"


@pytest.mark.parametrize("picture", ["😀", "👨‍👩‍👧", "🇨🇳"])
def test_emoji_are_refused_in_names_and_taken_in_notes(send: Callable[..., Form], picture: str) -> None:
    assert only(send(name=f"王{picture}"), "name") == "A name cannot contain emoji"
    assert send(note=f"好{picture}").note.data == f"好{picture}"


def test_a_family_counts_as_one_sign(send: Callable[..., Form]) -> None:
    assert not send(note="👨‍👩‍👧" * 700 + "好" * 1300).errors
    assert "2001" in only(send(note="👨‍👩‍👧" * 700 + "好" * 1301), "note")


def test_five_hundred_marks_on_one_letter_are_no_text(send: Callable[..., Form]) -> None:
    assert only(send(name="a" + "\u0301" * 500), "name") == "Contains characters that cannot be recognised"


def test_direction_marks_and_joiners_are_removed(send: Callable[..., Form]) -> None:
    assert send(name="\u202e王\u200d小\u2066明\ufeff").name.data == "王小明"


@pytest.mark.parametrize("wrong", ["王\x00", "王\x1b[0m", "王\ufffd", "王\x85明", "王\x7f"])
def test_control_characters_are_no_text(send: Callable[..., Form], wrong: str) -> None:
    assert only(send(name=wrong), "name") == "Contains characters that cannot be recognised"


def test_decomposed_text_is_composed(send: Callable[..., Form]) -> None:
    assert send(name="Andre\u0301").name.data == "André"


def test_line_ends_belong_into_boxes_only(send: Callable[..., Form]) -> None:
    assert send(note="一\r\n二\r三").note.data == "一\n二\n三"
    assert only(send(subject="一\r\nBcc: x@y.cn"), "subject") == "Write this in one line"
    assert send(note="\n\n\n").note.data is None


# B. Phones


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "+8613800138000",
        "+86 138 0013 8000",
        "008613800138000",
        "１３８００１３８０００",
    ],
)
def test_a_mobile_number_is_kept_in_one_form(send: Callable[..., Form], typed: str) -> None:
    assert send(phone=typed).phone.data == "13800138000"


@pytest.mark.parametrize(
    "typed",
    [
        "1380013800",
        "138001380001",
        "12345678901",
        "00000000000",
        "一三八零零一三八零零零",
        "abc",
        "13800138000 / 13900139000",
        "010-12345678",
        "13800138000转3",
        "1" * 99,
        "1" * 101,
        "138****8000",
        "١٣٨٠٠١٣٨٠٠٠",
    ],
)
def test_anything_else_is_no_mobile_number(send: Callable[..., Form], typed: str) -> None:
    form = send(phone=typed)
    assert only(form, "phone")
    assert form.phone._value() == typed  # comes back as typed


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("010-12345678", "010-12345678"),
        ("0571 88123456", "0571-88123456"),
        ("010-12345678 ext. 3", "010-12345678转3"),
        ("010-12345678 转 301", "010-12345678转301"),
        ("13800138000", "13800138000"),
    ],
)
def test_a_landline_where_it_is_allowed(send: Callable[..., Form], typed: str, kept: str) -> None:
    assert send(call=typed).call.data == kept


def test_the_mask_sent_back_keeps_the_number(send: Callable[..., Form]) -> None:
    class Known:
        phone = "13800138000"

    assert send(obj=Known(), phone="138****8000").phone.data == "13800138000"
    assert send(obj=Known(), phone="138****8001").errors


# C. Money


@pytest.mark.parametrize(
    "typed", ["1234.56", "1,234.56", "1，234.56", "￥1234.56", "¥1,234.56", "1234.56元", "１２３４．５６", " 1234.56 "]
)
def test_money_as_people_write_it(send: Callable[..., Form], typed: str) -> None:
    assert send(amount=typed).amount.data == Decimal("1234.56")


@pytest.mark.parametrize(
    "typed",
    ["0.001", "1.005", "1e3", "1E309", "NaN", "Infinity", "0x10", "١٢٣", "1.234,56", "1,23", "--1", "1_000", "1 234"],
)
def test_money_that_cannot_be_meant(send: Callable[..., Form], typed: str) -> None:
    assert only(send(amount=typed), "amount") == "Enter a number with at most two decimals"


@pytest.mark.parametrize("typed", ["0", "0.00", "-0", "-1", "−1"])
def test_money_must_be_more_than_nothing(send: Callable[..., Form], typed: str) -> None:
    assert only(send(amount=typed), "amount") == "The amount must be more than 0"


def test_limits_of_money(send: Callable[..., Form]) -> None:
    assert "9,999,999,999.99" in only(send(amount="99999999999999999999"), "amount")
    assert "9,999,999,999.99" in only(send(amount="9" * 90), "amount")
    assert only(send(discount="100.01"), "discount") == "The amount cannot be more than 100.00"
    assert only(send(discount="-1"), "discount") == "The amount cannot be less than 0.00"
    assert send(discount="0").discount.data == Decimal("0.00")
    assert str(send(discount="-0").discount.data) == "0.00"


# D. Dates, times, numbers


@pytest.mark.parametrize("typed", ["2026-02-03", "2026/2/3", "2026年2月3日", "20260203", "２０２６-０２-０３"])
def test_a_date_as_people_write_it(send: Callable[..., Form], typed: str) -> None:
    assert send(on=typed).on.data == date(2026, 2, 3)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("2026-02-29", "This date does not exist"),
        ("2026-13-01", "This date does not exist"),
        ("0000-00-00", "The date is out of range: 2000 to 2100"),
        ("9999-12-31", "The date is out of range: 2000 to 2100"),
        ("1999-12-31", "The date is out of range: 2000 to 2100"),
        ("3月5日", "Enter a date like 2026-05-11"),
        ("2026-0203", "Enter a date like 2026-05-11"),
        ("٢٠٢٦-٠٢-٠٣", "Enter a date like 2026-05-11"),
    ],
)
def test_a_date_that_is_none(send: Callable[..., Form], typed: str, sentence: str) -> None:
    assert only(send(on=typed), "on") == sentence


@pytest.mark.parametrize("typed", ["2026-05-11T10:00", "2026-05-11 10:00", "2026-05-11T10:00:00", "2026/5/11 10:00"])
def test_a_moment_is_on_the_companys_clocks(send: Callable[..., Form], typed: str) -> None:
    form = send(at=typed)
    assert form.at.data == datetime(2026, 5, 11, 2, 0, tzinfo=UTC)
    assert form.at._value() == "2026-05-11T10:00"


@pytest.mark.parametrize(
    "typed",
    [
        "2026-05-11T24:00",
        "2026-05-11T23:59:60",
        "2026-05-11T10:00Z",
        "2026-05-11T10:00+08:00",
        "2026-02-30T10:00",
        "10:00",
    ],
)
def test_a_moment_that_is_none(send: Callable[..., Form], typed: str) -> None:
    form = send(at=typed)
    assert only(form, "at")
    assert form.at._value() == typed


@pytest.mark.parametrize("typed", ["0", "100", "-3", "1.5", "x", "1" * 50])
def test_whole_numbers_stay_in_their_limits(send: Callable[..., Form], typed: str) -> None:
    assert only(send(floors=typed), "floors") == "Enter a whole number from 1 to 99"


def test_a_whole_number(send: Callable[..., Form]) -> None:
    assert send(floors="１2").floors.data == 12


# E. Choices, structure


def test_choices(send: Callable[..., Form]) -> None:
    form = send(grade="A", owner="2")
    assert form.grade.data is CustomerGrade.A
    assert form.owner.data == 2
    assert send(owner="").owner.data is None


@pytest.mark.parametrize("given", [{"grade": "Z"}, {"owner": "3"}, {"owner": "1 OR 1"}, {"owner": "10" * 40}])
def test_what_was_not_offered_is_refused(send: Callable[..., Form], given: dict[str, str]) -> None:
    form = send(**given)
    assert only(form, next(iter(given))) == "This choice is no longer available, please choose again"


def test_a_required_choice_is_asked_for(send: Callable[..., Form]) -> None:
    assert only(send(Needed, name="王", phone="13800138000"), "grade") == "Please choose Grade"


def test_a_required_field_that_cannot_be_read_says_one_thing(send: Callable[..., Form]) -> None:
    assert only(send(Needed, name="王", phone="1", grade="A"), "phone").startswith("A mobile number has 11 digits")


@pytest.mark.parametrize(
    "extra", [{"role": "MANAGER"}, {"id": "1"}, {"name": ["王", "李"]}, {"name[]": "王"}, {"next": ["/", "/"]}]
)
def test_fields_that_the_form_does_not_have_are_refused_and_logged(
    send: Callable[..., Form], caplog: pytest.LogCaptureFixture, extra: dict[str, Any]
) -> None:
    with caplog.at_level(logging.WARNING, "portal.security"), pytest.raises(StrangeForm) as refusal:
        send(**{"phone": "13800138000", **extra})
    assert refusal.value.status == 400
    assert len(caplog.records) == 1


def test_hidden_fields_of_every_form_are_known(send: Callable[..., Form]) -> None:
    assert not send(csrf_token="x", client_key="k", next="/", version="3").errors


@pytest.mark.parametrize(
    "address",
    ["a@b", "a@@b.cn", "a@b.cn\r\nBcc: c@d.cn", "测试@例子.中国", '"a b"@c.cn', "x" * 300 + "@b.cn", "a@b..cn"],
)
def test_no_e_mail_address(send: Callable[..., Form], address: str) -> None:
    assert only(send(email=address), "email")


def test_an_e_mail_address(send: Callable[..., Form]) -> None:
    assert send(email=" li.min+kf@example.com.cn ").email.data == "li.min+kf@example.com.cn"


def test_a_refusal_of_a_service_stands_at_its_field(send: Callable[..., Form]) -> None:
    form = send(name="王")
    form.take(Invalid({"name": "taken", "": "later"}))
    assert form.status == 422
    assert form.name.errors == ["taken"]
    assert form.form_errors == ["later"]
