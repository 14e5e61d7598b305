"""The HTML of the forms: complete, escaped, and recognised by what it shows."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from portal import i18n
from portal.documents import paper
from portal.documents.views import Photo, View
from tests.documents import examples
from tests.html import Page

FORMS = [examples.SLIP, examples.EMPTY_SLIP, examples.FILE, examples.VISITOR, examples.REGISTER]


def html(view: View, locale: str = "zh_Hans") -> str:
    with i18n.use_locale(locale):
        return paper.write(view, examples.ISSUE).html


@pytest.mark.parametrize("view", FORMS, ids=lambda view: f"{view.FORM} {view.number}")
def test_every_text_of_a_form_is_on_its_paper(view: View) -> None:
    page = html(view)
    for name, value in ((field.name, getattr(view, field.name)) for field in fields(view)):
        if isinstance(value, str) and "phone" not in name:
            assert value in page, name
    assert "None" not in page and str(examples.COMPANY.hotline) in page


@pytest.mark.parametrize("view", FORMS, ids=lambda view: f"{view.FORM} {view.number}")
def test_no_english_word_stands_on_a_chinese_form(view: View) -> None:
    words = {"F", "TS", "HT", "GC", "KH", "ZX", "SJ", "DL", "JC", "K", "R", "A", "pdf", "jpg", "zjj_", "svg", "html"}
    text = re.sub(r"<(style|svg).*?</\1>|<[^>]+>", " ", html(view), flags=re.DOTALL)
    assert set(re.findall(r"[A-Za-z_]+", text)) <= words


def test_money_is_written_in_figures_and_capitals() -> None:
    page = html(examples.FILE)
    assert "268,000.00 元（贰拾陆万捌仟元整）" in page and "4,000.00 元（肆仟元整）" in page


def test_traditional_and_english_papers() -> None:
    assert "售中、售後問題確認單" in html(examples.SLIP, "zh_Hant")
    english = html(examples.SLIP, "en")
    assert "Root cause" in english and "Page " in english and "问题根源" not in english


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;"),
        ('"><img src=x>', "&#34;&gt;&lt;img"),
        ("{{7*7}}{% raw %}", "{{7*7}}{% raw %}"),
        ("五千\u202e元\u200b整", "五千元整"),
        ("a\0b\x07c", "abc"),
        ("好😀👨\u200d👩\u200d👧的", "好〓的"),
        ("𠮷田䶮", "𠮷田䶮"),
    ],
)
def test_typed_text_is_shown_as_text(typed: str, shown: str) -> None:
    assert shown in html(replace(examples.SLIP, content=typed))


def test_an_empty_field_is_a_line_to_write_on() -> None:
    assert html(examples.EMPTY_SLIP).count('class="rule"') > html(examples.SLIP).count('class="rule"') + 10


def test_a_photo_that_cannot_be_shown_leaves_a_note() -> None:
    broken = (Photo("门", b"not a picture"), Photo("窗", None), Photo("墙", examples.picture()))
    with i18n.use_locale("zh_Hans"):
        sheet = paper.write(replace(examples.SLIP, photos=broken, signatures=()), examples.ISSUE)
    assert sheet.html.count("此照片无法显示") == 2 and len(sheet.assets) == 1


def test_the_fingerprint_is_of_what_is_shown() -> None:
    def mark(view: View = examples.SLIP, company: Any = examples.COMPANY, locale: str = "zh_Hans") -> str:
        return paper.fingerprint(view, company, locale)

    assert mark() == mark(replace(examples.SLIP)) and len(mark()) == 64
    others = [
        mark(replace(examples.SLIP, content="别的")),
        mark(replace(examples.SLIP, closed_at=None)),
        mark(replace(examples.SLIP, received_at=examples.SLIP.received_at + timedelta(minutes=1))),
        mark(replace(examples.SLIP, photos=(Photo("门", b"\xff\xd8\xff1"),))),
        mark(replace(examples.SLIP, photos=(Photo("门", b"\xff\xd8\xff2"),))),
        mark(company=replace(examples.COMPANY, hotline="400-111-2222")),
        mark(locale="zh_Hant"),
        mark(examples.REGISTER),
    ]
    assert len({mark(), *others}) == len(others) + 1


@pytest.mark.parametrize("view", FORMS, ids=lambda view: f"{view.FORM} {view.number}")
def test_the_page_keeps_to_the_rules_of_all_pages(view: View) -> None:
    page = Page(html(view))
    assert page.check() == [] and view.number in page.title
