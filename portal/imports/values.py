"""What people type into ledgers, as values. A cell is Found, a Doubt, or empty (None); it is never guessed.

Every proposal of a Doubt is a text that the same function accepts, so an answer is read like a cell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum

import phonenumbers

from portal.calendar.hours import hours_text, parse_quiet
from portal.imports.reading import CellValue, plain
from portal.processes.follow_up import avoided

YEARS = range(1990, 2101)
MAX_AMOUNT = Decimal("9999999999.99")
MAX_AREA = Decimal(100_000)
LONGEST_QUIET = 100


class Doubt(StrEnum):
    """Why a cell cannot be taken as it is."""

    MISSING = "MISSING"
    FORMULA = "FORMULA"
    ERROR_VALUE = "ERROR_VALUE"
    TOO_LONG = "TOO_LONG"
    UNREADABLE = "UNREADABLE"
    UNKNOWN_WORD = "UNKNOWN_WORD"
    NAME_TITLE = "NAME_TITLE"
    PHONE_SHORT = "PHONE_SHORT"
    PHONE_LONG = "PHONE_LONG"
    PHONE_MANY = "PHONE_MANY"
    PHONE_MASKED = "PHONE_MASKED"
    """138****1234, as files show numbers that were not taken out in full."""
    APPROXIMATE = "APPROXIMATE"
    TOO_PRECISE = "TOO_PRECISE"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    DATE_NO_YEAR = "DATE_NO_YEAR"
    DATE_SHORT_YEAR = "DATE_SHORT_YEAR"
    DATE_INCOMPLETE = "DATE_INCOMPLETE"
    DATE_AMBIGUOUS = "DATE_AMBIGUOUS"
    NO_CLOCK_TIMES = "NO_CLOCK_TIMES"


class Note(StrEnum):
    """What a person should know although the cell is clear."""

    CLEANED = "CLEANED"
    """Invisible characters were removed."""
    PHONE_RANGE_UNKNOWN = "PHONE_RANGE_UNKNOWN"
    """Eleven digits, but no operator is known to use numbers that start so."""
    SECOND_PHONE = "SECOND_PHONE"
    """The cell held two numbers; the second became the other phone."""
    SERIAL_DATE = "SERIAL_DATE"
    """A day number of Excel, read as the date it stands for."""
    FORMULA_TEXT = "FORMULA_TEXT"
    """Text that looks like a formula; kept as text, never calculated."""
    SURNAME_ONLY = "SURNAME_ONLY"


@dataclass(frozen=True, slots=True)
class Found:
    """A clear value. `second`: the other phone number of the same cell."""

    value: str | int | Decimal | date
    notes: tuple[Note, ...] = ()
    second: str | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """A cell that needs a person. `proposals`: texts the same reader accepts, best first."""

    doubt: Doubt
    proposals: tuple[str, ...] = ()
    month: int | None = None
    """With DATE_NO_YEAR, together with `day`."""
    day: int | None = None


Reading = Found | Unclear | None
Reader = Callable[[CellValue], Reading]

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}


def visible(text: str) -> tuple[str, bool]:
    """Text without invisible characters (line ends become spaces), and whether any was removed."""
    spaced = re.sub(r"[\r\n\t\u2028\u2029]+", " ", text)
    kept = "".join(char for char in spaced if unicodedata.category(char) not in _INVISIBLE)
    return kept.strip(), kept != spaced


def narrow(value: CellValue) -> str:
    """Full-width forms made narrow, spaces of every kind made plain, ends trimmed."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", visible(plain(value))[0])).strip()


def text(limit: int) -> Reader:
    """A reader of free text up to `limit` characters, kept as typed but for invisible characters."""

    def read(value: CellValue) -> Reading:
        kept, cleaned = visible(plain(value))
        if not kept:
            return None
        if len(kept) > limit:
            return Unclear(Doubt.TOO_LONG)
        notes = (Note.CLEANED,) if cleaned else ()
        start = unicodedata.normalize("NFKC", kept)[:1]
        return Found(kept, (*notes, Note.FORMULA_TEXT) if start in set("=+-@") else notes)

    return read


def lines(limit: int) -> Reader:
    """A reader of text of several lines, kept as typed but for invisible characters."""

    def read(value: CellValue) -> Reading:
        typed = plain(value).replace("\r\n", "\n").replace("\r", "\n")
        parts = [visible(part) for part in typed.split("\n")]
        kept = "\n".join(part for part, _cleaned in parts).strip()
        if not kept:
            return None
        if len(kept) > limit:
            return Unclear(Doubt.TOO_LONG)
        start = unicodedata.normalize("NFKC", kept)[:1]
        return Found(kept, (Note.FORMULA_TEXT,) if start in set("=+-@") else ())

    return read


_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


def email(value: CellValue) -> Reading:
    """An e-mail address in ASCII."""
    kept = narrow(value)
    if not kept:
        return None
    return Found(kept) if len(kept) <= 200 and _EMAIL.fullmatch(kept) else Unclear(Doubt.UNREADABLE)


YES = frozenset({"是", "有", "对", "對", "yes", "y", "true", "1", "√", "✓", "✔"})
NO = frozenset({"否", "无", "無", "不", "no", "n", "false", "0", "×", "✗"})


def yes_no(*words_for_yes: str) -> Reader:
    """A reader of yes and no, as bool. `words_for_yes`: what a list shows where it is so."""
    more = {re.sub(r"\s+", "", narrow(word)).casefold() for word in words_for_yes}

    def read(value: CellValue) -> Reading:
        if isinstance(value, bool):
            return Found(value)
        kept = re.sub(r"\s+", "", narrow(value)).casefold()
        if not kept:
            return None
        if kept in YES or kept in more:
            return Found(True)
        return Found(False) if kept in NO else Unclear(Doubt.UNREADABLE)

    return read


_TITLES = {
    "先生": "MR", "男士": "MR", "男": "MR", "mr": "MR", "mr.": "MR",
    "女士": "MS", "小姐": "MS", "太太": "MS", "女": "MS", "ms": "MS", "ms.": "MS", "mrs": "MS",
}  # fmt: skip
_NAME_TITLE = re.compile(r"^(?P<name>.{1,2}?)(?P<title>先生|女士|小姐|太太)$")
_DOTS = re.compile(r"(?<=\w)\s*[·•・‧∙⋅●˙.]\s*(?=\w)")
_HAN_SPACE = re.compile(r"(?<=[\u2e80-\u9fff\U00020000-\U0003ffff])\s+(?=[\u2e80-\u9fff\U00020000-\U0003ffff])")


def name(value: CellValue) -> Reading:
    """A person's name: trimmed, no spaces between characters, one kind of middle dot; 50 characters at most."""
    kept = narrow(value)
    if not kept:
        return None
    if len(kept) > 50:
        return Unclear(Doubt.TOO_LONG)
    if not re.search(r"[^\W\d_]", kept) or re.search(r"\d{3,}|[<>{}\[\]=|\\]", kept):
        return Unclear(Doubt.UNREADABLE)
    kept = _HAN_SPACE.sub("", _DOTS.sub("·", kept) if _is_han(kept) else kept)
    notes = (Note.CLEANED,) if visible(plain(value))[1] else ()
    return Found(kept, (*notes, Note.SURNAME_ONLY) if _NAME_TITLE.match(kept) else notes)


def _is_han(kept: str) -> bool:
    return bool(re.match(r"[\u2e80-\u9fff\U00020000-\U0003ffff]", kept))


def title_in_name(cleaned_name: str) -> str | None:
    """The form of address a name itself carries: 王女士 → MS."""
    match = _NAME_TITLE.match(cleaned_name)
    return _TITLES[match["title"]] if match else None


def title(value: CellValue) -> Reading:
    """先生 or 女士 as MR or MS."""
    kept = narrow(value).casefold()
    if not kept:
        return None
    return Found(_TITLES[kept]) if kept in _TITLES else Unclear(Doubt.UNKNOWN_WORD, ("MR", "MS"))


_PHONE_SPLIT = re.compile(r"\s*(?:[/、,;；|]|\b或\b|或|和)\s*")
_AREA_CODE = re.compile(r"^0(10|2\d|[3-9]\d{2})(\d{7,8})$")


def phone(value: CellValue) -> Reading:
    """A phone number: mobile as 11 digits, landline as area code, dash, number. Digits are never added or cut."""
    kept = narrow(value)
    if not kept:
        return None
    parts = [part for part in _PHONE_SPLIT.split(kept) if part]
    if isinstance(value, Decimal | date) or not parts:
        return Unclear(Doubt.UNREADABLE)
    if len(parts) > 2:
        return Unclear(Doubt.PHONE_MANY if all(re.search(r"\d{3}", part) for part in parts) else Doubt.UNREADABLE)
    first = _one_phone(parts[0])
    if len(parts) == 1 or isinstance(first, Unclear):
        return first
    second = _one_phone(parts[1])
    if isinstance(second, Unclear):
        return second
    return Found(first.value, (*first.notes, *second.notes, Note.SECOND_PHONE), str(second.value))


def phone_or_mask(value: CellValue) -> Reading:
    """One phone number. A masked one says nothing by itself: it only tells that the number was left as it is."""
    if "*" in narrow(value):
        return Unclear(Doubt.PHONE_MASKED)
    read = phone(value)
    return Unclear(Doubt.PHONE_MANY) if isinstance(read, Found) and read.second else read


def _one_phone(kept: str) -> Found | Unclear:
    kept = re.sub(r"^(电话|手机|tel|mobile)[:. ]*", "", kept, flags=re.IGNORECASE)
    digits = re.sub(r"[\s()\-–—‐‑−.]", "", kept)
    digits = re.sub(r"^(\+86|0086)", "", digits)
    if re.fullmatch(r"86\d{11}", digits):
        digits = digits[2:]
    if not re.fullmatch(r"[0-9]+", digits):
        return Unclear(Doubt.UNREADABLE)
    if digits.startswith("01") and len(digits) == 12 and digits[2] in "3456789":
        digits = digits[1:]  # a mobile number dialled with the long-distance zero
    if digits.startswith("0"):
        match = _AREA_CODE.match(digits)
        if match:
            return Found(f"0{match[1]}-{match[2]}")
        return Unclear(Doubt.PHONE_SHORT if len(digits) < 10 else Doubt.PHONE_LONG)
    if digits.startswith("1") and digits[1:2] in set("3456789"):
        if len(digits) != 11:
            return Unclear(Doubt.PHONE_SHORT if len(digits) < 11 else Doubt.PHONE_LONG)
        known = phonenumbers.is_valid_number(phonenumbers.parse(digits, "CN"))
        return Found(digits, () if known else (Note.PHONE_RANGE_UNKNOWN,))
    if re.fullmatch(r"[48]00\d{7}", digits):
        return Found(f"{digits[:3]}-{digits[3:6]}-{digits[6:]}")
    return Unclear(Doubt.PHONE_SHORT if len(digits) < 11 else Doubt.PHONE_LONG)


_AMOUNT = re.compile(r"^(?P<number>\d+(?:\.\d*)?|\.\d+|\d{1,3}(?:,\d{3})+(?:\.\d*)?)(?P<unit>万|萬|千)?$")
_ABOUT = re.compile(r"^(约|約|大约|大約|大概|近|~|≈|将近)|(左右|上下|多|余|餘|\+)$")


def amount(value: CellValue) -> Reading:
    """Yuan with at most two decimals. `12.5万`, `¥219,900.00`, `３００元` are read; "about" is asked."""
    if isinstance(value, bool | date):
        return Unclear(Doubt.UNREADABLE)
    if isinstance(value, int | Decimal):
        return _yuan(Decimal(value) if isinstance(value, int) else _without_float_noise(value))
    kept = narrow(value).replace(" ", "")
    if not kept:
        return None
    exact = _ABOUT.sub("", kept)
    is_about = exact != kept
    if exact[:1] in "-−" or re.fullmatch(r"\(.*\)", exact):
        return Unclear(Doubt.OUT_OF_RANGE)
    exact = re.sub(r"^(¥|￥|rmb|cny|人民币|人民幣)|(圆|圓|元)?(整|正)?$", "", exact, flags=re.IGNORECASE)
    match = _AMOUNT.match(exact)
    if not match:
        return Unclear(Doubt.UNREADABLE)
    number = Decimal(match["number"].replace(",", ""))
    number *= {"万": 10_000, "萬": 10_000, "千": 1_000}.get(match["unit"] or "", 1)
    read = _yuan(number)
    if is_about and isinstance(read, Found):
        return Unclear(Doubt.APPROXIMATE, (plain(read.value),))
    return read


def amount_or_nothing(value: CellValue) -> Reading:
    """As `amount`, and 0 is an amount."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and value == 0:
        return Found(Decimal("0.00"))
    return Found(Decimal("0.00")) if re.fullmatch(r"0(\.0*)?(元)?", narrow(value)) else amount(value)


def _yuan(number: Decimal) -> Found | Unclear:
    if not number.is_finite():
        return Unclear(Doubt.UNREADABLE)
    if number <= 0 or number > MAX_AMOUNT:
        return Unclear(Doubt.OUT_OF_RANGE)
    exact = number.quantize(Decimal("0.01"))
    if exact != number:
        return Unclear(Doubt.TOO_PRECISE, (plain(exact),))
    return Found(exact)


def _without_float_noise(number: Decimal) -> Decimal:
    """Excel keeps 0.1 + 0.2 as 0.30000000000000004; the person saw 0.30."""
    try:
        near = number.quantize(Decimal("0.01"))
    except InvalidOperation:
        return number
    return near if abs(near - number) < Decimal("1e-6") else number


_AREA = re.compile(r"^(\d+(?:\.\d+)?)(平方米|平米|平方|平|㎡|m2|m²|m\^2|方)?$")


def area(value: CellValue) -> Reading:
    """Square metres, two decimals at most: `160平`, `142㎡`, `90m2`."""
    if isinstance(value, bool | date):
        return Unclear(Doubt.UNREADABLE)
    kept = narrow(value).replace(" ", "").casefold()
    if not kept:
        return None
    exact = _ABOUT.sub("", kept)
    match = _AREA.match(exact)
    if not match:
        return Unclear(Doubt.UNREADABLE)
    number = _without_float_noise(Decimal(match[1]))
    if not 0 < number <= MAX_AREA:
        return Unclear(Doubt.OUT_OF_RANGE)
    rounded = number.quantize(Decimal("0.01"))
    if rounded != number:
        return Unclear(Doubt.TOO_PRECISE, (plain(rounded),))
    shown = plain(rounded.normalize())
    return Unclear(Doubt.APPROXIMATE, (shown,)) if exact != kept else Found(rounded)


_DATE = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号號]?(?:[ t]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$")
_SHORT_YEAR = re.compile(r"^(\d{2})[-/.年](\d{1,2})[-/.月](\d{1,2})[日号號]?$")
_NO_YEAR = re.compile(r"^(\d{1,2})[-/.月](\d{1,2})[日号號]?$")
_YEAR_LAST = re.compile(r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$")
_NO_DAY = re.compile(r"^\d{4}[-/.年]\d{1,2}月?$|^\d{4}年?$|^\d{1,2}月(份|底|初|中旬|上旬|下旬)?$")
_EPOCH = date(1899, 12, 30)


def day(value: CellValue) -> Reading:
    """A calendar day. A day without its year, with a two-digit year or without its day is asked, not completed."""
    if isinstance(value, bool):
        return Unclear(Doubt.UNREADABLE)
    if isinstance(value, datetime):
        return _plausible(value.date())
    if isinstance(value, date):
        return _plausible(value)
    kept = re.sub(r"\s*([-/.年月日号號])\s*", r"\1", narrow(value).casefold()).rstrip(".")
    if not kept:
        return None
    exact = re.sub(r"^(约|約|大约)|(左右|前|后|後|之前|之后|以前)$", "", kept)
    read = _written_day(exact)
    if exact != kept and isinstance(read, Found):
        return Unclear(Doubt.APPROXIMATE, (plain(read.value),))
    return read


_CLOCK = re.compile(r"^(.*?\d[日号號]?)[ t]*(\d{1,2})[:：时時点點](\d{2})(?:[:：分]\d{0,2}(?:\.\d+)?[秒]?)?$")


def moment(value: CellValue) -> Reading:
    """Day and time on the company's clocks, as a moment without a zone; a day alone is its midnight."""
    if isinstance(value, datetime):
        read = _plausible(value.date())
        return Found(value.replace(second=0, microsecond=0)) if isinstance(read, Found) else read
    match = None if isinstance(value, date) else _CLOCK.match(narrow(value).casefold())
    read_day = day(match[1] if match else value)
    if not isinstance(read_day, Found):
        return Unclear(read_day.doubt) if isinstance(read_day, Unclear) else None
    on = read_day.value
    if not isinstance(on, date):
        return Unclear(Doubt.UNREADABLE)
    hour, minute = (int(match[2]), int(match[3])) if match else (0, 0)
    if hour > 23 or minute > 59:
        return Unclear(Doubt.UNREADABLE)
    return Found(datetime.combine(on, time(hour, minute)))


def _written_day(kept: str) -> Found | Unclear:
    if match := _DATE.match(kept):
        return _day(*match.groups())
    if re.fullmatch(r"(19|20)\d{6}", kept):
        return _day(kept[:4], kept[4:6], kept[6:])
    if re.fullmatch(r"\d{5}(\.\d+)?", kept):
        read = _plausible(_EPOCH + timedelta(days=int(kept[:5])))
        return Found(read.value, (Note.SERIAL_DATE,)) if isinstance(read, Found) else read
    if match := _SHORT_YEAR.match(kept):
        found = _day("20" + match[1], match[2], match[3])
        return Unclear(Doubt.DATE_SHORT_YEAR, (plain(found.value),)) if isinstance(found, Found) else found
    if match := _YEAR_LAST.match(kept):
        a, b, year = match.groups()
        readings = dict.fromkeys((_day(year, a, b), _day(year, b, a)))
        proposals = tuple(plain(found.value) for found in readings if isinstance(found, Found))
        return Unclear(Doubt.DATE_AMBIGUOUS if proposals else Doubt.UNREADABLE, proposals)
    if match := _NO_YEAR.match(kept):
        month, number = int(match[1]), int(match[2])
        if isinstance(_day("2024", month, number), Unclear):  # 2024 has a 29 February
            return Unclear(Doubt.UNREADABLE)
        return Unclear(Doubt.DATE_NO_YEAR, (), month, number)
    return Unclear(Doubt.DATE_INCOMPLETE if _NO_DAY.match(kept) else Doubt.UNREADABLE)


def _day(year: str | int, month: str | int, number: str | int) -> Found | Unclear:
    try:
        return _plausible(date(int(year), int(month), int(number)))
    except ValueError:
        return Unclear(Doubt.UNREADABLE)


def _plausible(found: date) -> Found | Unclear:
    return Found(found) if found.year in YEARS else Unclear(Doubt.OUT_OF_RANGE)


def _place(pattern: str) -> Reader:
    ending = re.compile(pattern)

    def read(value: CellValue) -> Reading:
        kept = narrow(value).replace(" ", "")
        if not kept:
            return None
        if isinstance(value, date) or len(kept) > 20:
            return Unclear(Doubt.UNREADABLE)  # Excel turns 3-2 into a date all by itself
        bare = ending.sub("", re.sub(r"^第(?=.)", "", kept)) or kept
        return Found(bare.upper())

    return read


building = _place(r"(号楼|號樓|栋|棟|幢|座|号|號|楼|樓|#楼|#樓|#)$")
unit = _place(r"(单元|單元|门|門)$")
room = _place(r"(室|号房|號房|房|号|號)$")


def whole(low: int, high: int) -> Reader:
    """A reader of whole numbers, `90天` included."""

    def read(value: CellValue) -> Reading:
        if isinstance(value, bool | date):
            return Unclear(Doubt.UNREADABLE)
        kept = re.sub(r"(个|工作日|日历天|天|日)+$", "", narrow(value).replace(" ", ""))
        if not kept:
            return None
        if not re.fullmatch(r"\d{1,9}", kept):
            return Unclear(Doubt.UNREADABLE)
        return Found(int(kept)) if low <= int(kept) <= high else Unclear(Doubt.OUT_OF_RANGE)

    return read


def quiet_hours(value: CellValue) -> Reading:
    """When a customer wants quiet: `12:00-14:00`, `22:00至7:30`, several of them; clock times among words are proposed."""
    kept = narrow(value)
    if not kept:
        return None
    if len(kept) > LONGEST_QUIET:
        return Unclear(Doubt.TOO_LONG)
    try:
        found = hours_text(parse_quiet(kept))
    except ValueError:
        among = hours_text(avoided(kept))
        return Unclear(Doubt.NO_CLOCK_TIMES, (among,) if among else ())
    return Found(found) if found and len(found) <= LONGEST_QUIET else Unclear(Doubt.TOO_LONG)


def contract_number(value: CellValue) -> Reading:
    """A contract number: narrow capitals without spaces."""
    kept = re.sub(r"[–—−‐‑]", "-", narrow(value).replace(" ", "").upper())
    if not kept:
        return None
    if len(kept) > 40 or not re.fullmatch(r"[\w\-/.()#]+", kept):
        return Unclear(Doubt.UNREADABLE)
    return Found(kept)


def word(words: Mapping[str, str], proposals: tuple[str, ...]) -> Reader:
    """A reader of a closed list: `words` maps every way to write a choice (casefolded, narrow) to its code."""

    def read(value: CellValue) -> Reading:
        kept = re.sub(r"\s+", "", narrow(value)).casefold()
        if not kept:
            return None
        if kept in words:
            return Found(words[kept])
        upper = kept.upper()
        return Found(upper) if upper in proposals else Unclear(Doubt.UNKNOWN_WORD, proposals)

    return read
