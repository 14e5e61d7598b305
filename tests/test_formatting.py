"""Money, moments, time left and phones as people read them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from portal import formatting
from portal.i18n import use_locale

NOW = datetime(2026, 10, 15, 1, 0, tzinfo=UTC)  # Thursday 09:00 in Shanghai


def after(**parts: int) -> datetime:
    return NOW + timedelta(**parts)


@pytest.mark.parametrize(
    ("amount", "capitals"),
    [
        ("0", "零元整"),
        ("1", "壹元整"),
        ("10", "壹拾元整"),
        ("11", "壹拾壹元整"),
        ("100", "壹佰元整"),
        ("101", "壹佰零壹元整"),
        ("110", "壹佰壹拾元整"),
        ("1000", "壹仟元整"),
        ("1001", "壹仟零壹元整"),
        ("1010", "壹仟零壹拾元整"),
        ("1060", "壹仟零陆拾元整"),
        ("4000.00", "肆仟元整"),
        ("1409.50", "壹仟肆佰零玖元伍角整"),
        ("6007.14", "陆仟零柒元壹角肆分"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("325.04", "叁佰贰拾伍元零肆分"),
        ("10000", "壹万元整"),
        ("10001", "壹万零壹元整"),
        ("100500", "壹拾万零伍佰元整"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("236000", "贰拾叁万陆仟元整"),
        ("1000000", "壹佰万元整"),
        ("10000001", "壹仟万零壹元整"),
        ("100000000", "壹亿元整"),
        ("100000001", "壹亿零壹元整"),
        ("100010000", "壹亿零壹万元整"),
        ("120000000000", "壹仟贰佰亿元整"),
        ("1200000000000", "壹万贰仟亿元整"),
        ("1000000000000", "壹万亿元整"),
        ("0.5", "伍角整"),
        ("0.05", "伍分"),
        ("0.55", "伍角伍分"),
        ("2.005", "贰元零壹分"),
        ("-1060.5", "负壹仟零陆拾元伍角整"),
        ("9999999999999999.99", "玖仟玖佰玖拾玖万玖仟玖佰玖拾玖亿玖仟玖佰玖拾玖万玖仟玖佰玖拾玖元玖角玖分"),
    ],
)
def test_amounts_in_capitals(amount, capitals):
    assert formatting.yuan_capital(Decimal(amount)) == capitals


def test_an_amount_too_long_for_capitals_is_refused():
    with pytest.raises(ValueError, match="too many digits"):
        formatting.yuan_capital(Decimal(10) ** 16)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1060"), "1,060.00"),
        (Decimal("0.005"), "0.01"),
        (Decimal("-1234567.8"), "−1,234,567.80"),
        (0, "0.00"),
        (None, "–"),
    ],
)
def test_money_has_separators_and_two_decimals(value, text):
    assert formatting.money(value) == text


@pytest.mark.parametrize(
    ("moment", "chinese", "english"),
    [
        (datetime(2026, 10, 15, 6, 0, tzinfo=UTC), "今天 14:00", "Today 14:00"),
        (datetime(2026, 10, 14, 7, 40, tzinfo=UTC), "昨天 15:40", "Yesterday 15:40"),
        (datetime(2026, 10, 15, 16, 0, tzinfo=UTC), "明天 00:00", "Tomorrow 00:00"),
        (datetime(2026, 10, 13, 7, 40, tzinfo=UTC), "10-13 15:40", "10-13 15:40"),
        (datetime(2025, 12, 31, 16, 30, tzinfo=UTC), "01-01 00:30", "01-01 00:30"),
        (datetime(2025, 12, 31, 15, 30, tzinfo=UTC), "2025-12-31 23:30", "2025-12-31 23:30"),
        (None, "–", "–"),
    ],
)
def test_moments_are_said_as_staff_say_them(moment, chinese, english):
    assert formatting.moment(moment, NOW) == chinese
    with use_locale("en"):
        assert formatting.moment(moment, NOW) == english


def test_dates_carry_the_year_only_when_it_is_another():
    assert formatting.day(date(2026, 10, 13), NOW) == "10-13 周二"
    assert formatting.day(datetime(2025, 10, 12, 20, 0, tzinfo=UTC), NOW) == "2025-10-13 周一"
    assert formatting.full_date(datetime(2026, 10, 14, 16, 0, tzinfo=UTC)) == "2026-10-15"
    assert formatting.stamp(NOW) == "2026-10-15 09:00"
    assert formatting.iso(NOW) == "2026-10-15T09:00+08:00"


@pytest.mark.parametrize(
    ("due", "text"),
    [
        (after(days=1, hours=6), "剩 1 天 6 时"),
        (after(days=1, hours=6, minutes=50), "剩 1 天 6 时"),
        (after(days=2), "剩 2 天"),
        (after(hours=10, minutes=40), "剩 10 时 40 分"),
        (after(hours=7), "剩 7 时"),
        (after(minutes=45), "剩 45 分"),
        (after(seconds=40), "剩不到 1 分"),
        (after(seconds=-40), "刚逾期"),
        (after(minutes=-45), "逾期 45 分"),
        (after(days=-3, hours=-2), "逾期 3 天 2 时"),
        (None, "无时限"),
    ],
)
def test_time_left_has_two_units_at_most(due, text):
    assert formatting.time_left(due, NOW) == text


def test_time_left_in_english():
    with use_locale("en"):
        assert formatting.time_left(after(hours=1, minutes=5), NOW) == "1 h 5 min left"
        assert formatting.time_left(after(hours=-1), NOW) == "1 h late"


def task(**columns):
    return {"started_at": after(hours=-6), "due_at": after(hours=2), "warn_at": None} | columns


@pytest.mark.parametrize(
    ("columns", "kind", "text", "left"),
    [
        ({}, "", "剩 2 时", 25),
        ({"warn_at": after(minutes=-1)}, "soon", "剩 2 时", 25),
        ({"due_at": after(hours=1)}, "soon", "剩 1 时", 14),
        ({"due_at": after(minutes=-45)}, "late", "逾期 45 分", 0),
        ({"closed_at": after(hours=1)}, "done", "提前 1 时", 0),
        ({"closed_at": after(hours=3)}, "late", "逾期 1 时", 0),
        ({"closed_at": NOW, "due_at": None}, "done", "已完成", 0),
        ({"closed_at": NOW, "outcome": "CANCELLED"}, "off", "不再需要", 0),
        ({"due_at": None, "paused_reason": "等客户"}, "paused", "暂停 · 等客户", 0),
        ({"due_at": None}, "none", "无时限", 0),
    ],
)
def test_how_a_clock_stands(columns, kind, text, left):
    view = formatting.clock_view(task(**columns), NOW)
    assert (view.kind, view.text, view.left) == (kind, text, left)


def test_a_clock_gives_the_page_its_seconds():
    view = formatting.clock_view(task(), NOW)
    assert view.due is not None and view.start is not None
    assert view.due - view.start == 8 * 3600


@pytest.mark.parametrize(
    ("typed", "masked", "grouped"),
    [
        ("13812341234", "138****1234", "138 1234 1234"),
        ("+86 138-1234-1234", "138****1234", "138 1234 1234"),
        ("0571-88123456", "0571-****3456", "0571 8812 3456"),
        ("01088123456", "010-****3456", "010 8812 3456"),
        ("0571-8812345", "0571-***2345", "0571 881 2345"),
        ("+8657188123456", "0571-****3456", "0571 8812 3456"),
        ("88123456转802", "****3456", "8812 3456 转 802"),
        ("400-123-4567", "400***4567", "400 123 4567"),
        ("12345", "***45", "12345"),
        ("110", "***", "110"),
        ("", "–", "–"),
        (None, "–", "–"),
    ],
)
def test_phones_are_masked_and_grouped(typed, masked, grouped):
    assert formatting.phone_mask(typed) == masked
    assert formatting.phone_group(typed) == grouped


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (812, "812 B"), (411_600, "412 kB"), (999_700, "1.0 MB"), (1_240_000, "1.2 MB"), (None, "–")],
)
def test_sizes_of_files(size, text):
    assert formatting.filesize(size) == text


def test_shares_are_rounded_half_up():
    assert formatting.percent(0.9225) == "92.3%"
    assert formatting.percent(Decimal("1"), 0) == "100%"
    assert formatting.percent(-0.032) == "−3.2%"
    assert formatting.percent(None) == "–"
