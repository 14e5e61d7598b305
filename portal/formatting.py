"""How values are written for people: money, moments, time left, phones. Registered as template filters by `init_app`.

Chinese by default, English in the `en` locale. Local times are the company's (`clock.ZONE`); stored moments are UTC.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from flask import Flask, g, has_app_context

from portal import clock
from portal.i18n import _, _p

DASH = "–"
"""Stands for a value that is not there."""

# ---------- Money ----------

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_UNITS = ("", "拾", "佰", "仟")
_SECTIONS = ("", "万", "亿", "万亿")
_LIMIT = Decimal(10) ** 16
_CENT = Decimal("0.01")


def money(value: Decimal | int | str | None, digits: int = 2) -> str:
    """An amount in yuan with thousands separators, without the unit: `1,060.00`. None gives a dash."""
    if value is None or value == "":
        return DASH
    amount = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{amount:,.{digits}f}".replace("-", "−")


def _section(number: int) -> str:
    """Four digits as read aloud: 1060 is 壹仟零陆拾. Zeros at the end are silent, runs of zeros are one 零."""
    text, pending = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if pending and text else "") + _DIGITS[digit] + _UNITS[place]
            pending = False
        else:
            pending = True
    return text


def _whole(number: int) -> str:
    """A whole number in capitals, by groups of four digits: 万, 亿, 万亿."""
    if number == 0:
        return "零"
    text, gap = "", False
    groups = [number // 10 ** (4 * index) % 10_000 for index in range(4)]
    for index in (3, 2, 1, 0):
        group = groups[index]
        if group == 0:
            gap = True
            continue
        if text and (gap or group < 1000):
            text += "零"
        text += _section(group) + _SECTIONS[index]
        gap = False
    # 万亿 and 亿 share their 亿: 壹万亿贰仟亿 is written 壹万贰仟亿.
    if text.count("亿") > 1:
        head, tail = text.split("万亿", 1)
        text = f"{head}万{tail}"
    return text


def yuan_capital(value: Decimal | int | str | None) -> str:
    """An amount in the characters that cannot be altered (人民币大写): 1060 is 壹仟零陆拾元整.

    Rounded to the cent. 整 closes whole yuan and whole jiao; a missing jiao before cents is 零. Raises ValueError from
    ten thousand million million yuan on. None gives an empty text.
    """
    if value is None or value == "":
        return ""
    amount = Decimal(value).quantize(_CENT, ROUND_HALF_UP)
    if abs(amount) >= _LIMIT:
        raise ValueError(f"{amount} has too many digits to be written in capitals")
    yuan, cents = divmod(int(abs(amount) * 100), 100)
    jiao, fen = divmod(cents, 10)
    text = _whole(yuan) + "元" if yuan or not cents else ""
    if jiao:
        text += f"{_DIGITS[jiao]}角"
    elif fen and text:
        text += "零"
    text += f"{_DIGITS[fen]}分" if fen else "整"
    return ("负" if amount < 0 else "") + text


# ---------- Moments ----------


def page_moment() -> datetime:
    """The moment a page shows, aware, UTC: asked once per request, so that all chips of a page agree."""
    if not has_app_context():
        return clock.now()
    if "page_moment" not in g:
        g.page_moment = clock.now()
    moment: datetime = g.page_moment
    return moment


def moment(value: datetime | None, at: datetime | None = None) -> str:
    """A moment as staff say it: `今天 14:00`, `昨天 15:40`, `10-13 15:40`, with the year if it is another one."""
    if value is None:
        return DASH
    shown = clock.local(value)
    today = clock.today(at or page_moment())
    time = f"{shown:%H:%M}"
    match (shown.date() - today).days:
        case 0:
            return _("Today %(time)s", time=time)
        case -1:
            return _("Yesterday %(time)s", time=time)
        case 1:
            return _("Tomorrow %(time)s", time=time)
    return f"{shown:%m-%d} {time}" if shown.year == today.year else f"{shown:%Y-%m-%d} {time}"


def stamp(value: datetime | None) -> str:
    """A moment in full, for documents, titles and exports: `2026-10-13 15:40`."""
    return DASH if value is None else f"{clock.local(value):%Y-%m-%d %H:%M}"


def iso(value: datetime | None) -> str:
    """A moment for the `datetime` attribute of `<time>`: `2026-10-13T15:40+08:00`."""
    return "" if value is None else clock.local(value).isoformat(timespec="minutes")


def _as_date(value: date | datetime) -> date:
    return clock.local(value).date() if isinstance(value, datetime) else value


def full_date(value: date | datetime | None) -> str:
    """A date in full: `2026-10-13`."""
    return DASH if value is None else f"{_as_date(value):%Y-%m-%d}"


WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def day(value: date | datetime | None, at: datetime | None = None) -> str:
    """A date with its weekday: `10-13 周二`, with the year if it is another one."""
    if value is None:
        return DASH
    shown = _as_date(value)
    year = "" if shown.year == clock.today(at or page_moment()).year else f"{shown:%Y}-"
    return f"{year}{shown:%m-%d} {_p('weekday', WEEKDAYS[shown.weekday()])}"


# ---------- Time left ----------

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def duration(span: timedelta) -> str:
    """A stretch of time in two units at most: `1 天 6 时`, `45 分`. Parts of a minute are dropped."""
    seconds = int(abs(span).total_seconds())
    days, hours, minutes = seconds // _DAY, seconds % _DAY // _HOUR, seconds % _HOUR // _MINUTE
    if days:
        parts = [_p("duration", "%(n)s d", n=days)] + ([_p("duration", "%(n)s h", n=hours)] if hours else [])
    elif hours:
        parts = [_p("duration", "%(n)s h", n=hours)] + ([_p("duration", "%(n)s min", n=minutes)] if minutes else [])
    else:
        parts = [_p("duration", "%(n)s min", n=minutes)]
    return " ".join(parts)


def time_left(due_at: datetime | None, at: datetime | None = None) -> str:
    """How long until a limit, or since: `剩 1 天 6 时`, `逾期 45 分`. None: `无时限`."""
    if due_at is None:
        return _("No limit")
    span = due_at - (at or page_moment())
    if abs(span) < timedelta(minutes=1):
        return _("Less than 1 min left") if span >= timedelta() else _("Just late")
    if span > timedelta():
        return _("%(time)s left", time=duration(span))
    return _("%(time)s late", time=duration(span))


SOON = 25
"""Share of the limit, in hundredths, from which on a clock without a moment of its own to warn is marked."""


@dataclass(frozen=True, slots=True)
class ClockView:
    """A clock as the due chip shows it."""

    kind: str
    """`` running, `soon`, `late`, `done`, `paused`, `off` (cancelled) or `none` (no limit)."""
    text: str
    left: int = 0
    """Share of the limit that is left, 0 to 100, for the ring."""
    due: int | None = None
    """Seconds since 1970 UTC, for the page's script; None: nothing runs."""
    start: int | None = None
    warn: int | None = None


def _value(source: Any, name: str) -> Any:
    return source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)


def _seconds(value: datetime | None) -> int | None:
    return None if value is None else int(value.timestamp())


def clock_view(task: Any, at: datetime | None = None) -> ClockView:
    """How a task, or a mapping with its columns, stands at a moment (default: the page's).

    Reads `due_at`, `started_at`, `warn_at`, `closed_at`, `outcome` and `paused_reason`; the last is no column: callers
    that know of a pause put it there. Met late stays late: a breach is a fact.
    """
    due_at, closed_at = _value(task, "due_at"), _value(task, "closed_at")
    if _value(task, "outcome") == "CANCELLED":
        return ClockView("off", _("No longer needed"))
    if closed_at is not None:
        if due_at is None:
            return ClockView("done", _("Done"))
        spare = due_at - closed_at
        if spare < timedelta():
            return ClockView("late", _("%(time)s late", time=duration(spare)))
        return ClockView("done", _("%(time)s early", time=duration(spare)))
    reason = _value(task, "paused_reason")
    if reason:
        return ClockView("paused", _("Paused · %(reason)s", reason=reason))
    if due_at is None:
        return ClockView("none", _("No limit"))
    at = at or page_moment()
    started_at = _value(task, "started_at")
    whole = (due_at - started_at).total_seconds() if started_at is not None else 0.0
    rest = (due_at - at).total_seconds()
    left = round(100 * min(1.0, max(0.0, rest / whole))) if whole > 0 else (100 if rest > 0 else 0)
    warn_at = _value(task, "warn_at")
    if rest < 0:
        kind = "late"
    elif (at >= warn_at) if warn_at is not None else rest * 100 < whole * SOON:
        kind = "soon"
    else:
        kind = ""
    return ClockView(kind, time_left(due_at, at), left, _seconds(due_at), _seconds(started_at), _seconds(warn_at))


# ---------- Phones ----------

_NOT_A_DIGIT = re.compile(r"\D")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"(0(?:10|2\d|[3-9]\d\d))(\d{7,8})")
_LOCAL = re.compile(r"[2-9]\d{6,7}")
_HOTLINE = re.compile(r"([48]00)(\d{3})(\d{4})")


def _phone_parts(number: str) -> tuple[list[str], str]:
    """The groups of a Chinese number and its extension; no groups when it is none."""
    main, _sep, extension = number.strip().partition("转")
    digits = _NOT_A_DIGIT.sub("", main)
    if main.strip().startswith(("+86", "0086")):
        digits = digits.removeprefix("00").removeprefix("86")
        if not _MOBILE.fullmatch(digits) and not digits.startswith("0"):
            digits = f"0{digits}"
    if _MOBILE.fullmatch(digits):
        return [digits[:3], digits[3:7], digits[7:]], extension.strip()
    if found := _LANDLINE.fullmatch(digits):
        area, local = found.groups()
        return [area, local[:-4], local[-4:]], extension.strip()
    if found := _HOTLINE.fullmatch(digits):
        return list(found.groups()), extension.strip()
    if _LOCAL.fullmatch(digits):
        return [digits[:-4], digits[-4:]], extension.strip()
    return [], ""


def phone_group(number: str | None) -> str:
    """A phone number in the groups people read aloud: `139 0001 0043`, `0571 8812 3456`. Unknown kinds stay as typed."""
    if not number:
        return DASH
    parts, extension = _phone_parts(number)
    if not parts:
        return number.strip()
    text = " ".join(parts)
    return f"{text} {_p('phone', 'ext. %(number)s', number=extension)}" if extension else text


def phone_mask(number: str | None) -> str:
    """A phone number that only tells callers apart: `138****1234`, `0571-****3456`. Source: `domain.md` 7.1."""
    if not number:
        return DASH
    parts, _extension = _phone_parts(number)
    match parts:
        case [head, middle, tail] if head.startswith("0"):
            return f"{head}-{'*' * len(middle)}{tail}"
        case [head, middle, tail]:
            return f"{head}{'*' * len(middle)}{tail}"
        case [middle, tail]:
            return f"{'*' * len(middle)}{tail}"
    digits = number.strip()
    shown = digits[-2:] if len(digits) > 4 else ""
    return "*" * (len(digits) - len(shown)) + shown


# ---------- Addresses ----------


def address(estate: str, building: str, unit: str, room: str) -> str:
    """A home as staff say it: `翠湖天地 5 号楼 1 单元 1802`. A part that is no bare number stays as it was written."""
    parts = (
        estate,
        _p("address", "Building %(n)s", n=building) if building.isalnum() else building,
        _p("address", "Unit %(n)s", n=unit) if unit.isalnum() else unit,
        room,
    )
    return " ".join(part for part, given in zip(parts, (estate, building, unit, room), strict=True) if given)


def short_address(estate: str, building: str, unit: str, room: str) -> str:
    """A home in a list: `翠湖天地 5-1-1802`."""
    return f"{estate} {'-'.join(part for part in (building, unit, room) if part)}".strip()


# ---------- Sizes and shares ----------


def filesize(size: int | None) -> str:
    """The size of a file in decimal units: `812 B`, `412 kB`, `1.2 MB`."""
    if size is None:
        return DASH
    if size < 1000:
        return f"{size} B"
    if size < 999_500:
        return f"{round(size / 1000)} kB"
    if size < 999_950_000:
        return f"{size / 1e6:.1f} MB"
    return f"{size / 1e9:.1f} GB"


def percent(share: float | Decimal | None, digits: int = 1) -> str:
    """A share of one as a percentage: 0.923 is `92.3%`. None (nothing to divide by) gives a dash."""
    if share is None:
        return DASH
    value = (Decimal(str(share)) * 100).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{value}%".replace("-", "−")


FILTERS = {
    "money": money,
    "yuan_capital": yuan_capital,
    "datetime": moment,
    "stamp": stamp,
    "iso": iso,
    "date": full_date,
    "day": day,
    "duration": duration,
    "time_left": time_left,
    "phone_mask": phone_mask,
    "phone_group": phone_group,
    "filesize": filesize,
    "percent": percent,
}


def init_app(app: Flask) -> None:
    """Give templates the filters of this module, and the functions that the components call."""
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(clock_view=clock_view, page_moment=page_moment)
