"""Cleaning: what people type, and what may be made of it. Left: the cell; right: the value, or why it is asked."""

from datetime import date, datetime
from decimal import Decimal

import pytest

from portal.imports import values as v
from portal.imports import words
from portal.imports.values import Doubt, Found, Note, Unclear


def outcome(reading):
    """A value, a Doubt, or None; for the tables below."""
    return reading.value if isinstance(reading, Found) else reading.doubt if isinstance(reading, Unclear) else None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (13964134116, "13964134116"),
        ("157 1955 6279", "15719556279"),
        ("192-1429-1747", "19214291747"),
        ("１８２４７２８９８１１", "18247289811"),
        ("+86 17479061205", "17479061205"),
        ("＋８６１７４７９０６１２０５", "17479061205"),
        ("0086-13812345678", "13812345678"),
        ("8613812345678", "13812345678"),
        ("013812345678", "13812345678"),
        ("(029)84246544", "029-84246544"),
        ("029-84246544", "029-84246544"),
        ("029 8424 6544", "029-84246544"),
        ("010-65123456", "010-65123456"),
        ("0830-2345678", "0830-2345678"),
        ("400-820-8820", "400-820-8820"),
        ("手机:13812345678", "13812345678"),
        ("138\u200b12345678", "13812345678"),
        ("138\u00a01234\u30005678", "13812345678"),
        ("1700610340", Doubt.PHONE_SHORT),
        (1700610340, Doubt.PHONE_SHORT),
        ("138123456789", Doubt.PHONE_LONG),
        ("13812345678 ext 3", Doubt.UNREADABLE),
        ("029-842465", Doubt.PHONE_SHORT),
        ("84246544", Doubt.PHONE_SHORT),
        ("无", Doubt.UNREADABLE),
        ("138-1234-5678/13912345678/1371234", Doubt.PHONE_MANY),
        ("13812345678/1391234567", Doubt.PHONE_SHORT),
        ("1381234567\N{LATIN CAPITAL LETTER O}", Doubt.UNREADABLE),
        ("=1+1", Doubt.UNREADABLE),
        ("'; DROP TABLE customer;--", Doubt.UNREADABLE),
        (Decimal("13800000000.5"), Doubt.UNREADABLE),
        (True, Doubt.UNREADABLE),
        ("   ", None),
    ],
)
def test_phone(cell, expected):
    assert outcome(v.phone(cell)) == expected


def test_a_phone_is_never_padded_or_cut():
    for text in ("1700610340", "17006103401", "170061034012"):
        read = v.phone(text)
        if isinstance(read, Found):
            assert read.value == text
        else:
            assert read.proposals == ()


def test_two_phones_in_one_cell_are_both_kept():
    read = v.phone("13812345678、029-84246544")
    assert (read.value, read.second) == ("13812345678", "029-84246544")
    assert Note.SECOND_PHONE in read.notes


def test_a_range_no_operator_uses_is_noted_and_not_refused():
    assert v.phone("17912712010") == Found("17912712010", (Note.PHONE_RANGE_UNKNOWN,))
    assert v.phone("13812345678") == Found("13812345678")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (268500, "268500.00"),
        ("219,900", "219900.00"),
        ("¥257,100.00", "257100.00"),
        ("￥２５７，１００", "257100.00"),
        ("12.5万", "125000.00"),
        ("38.96万", "389600.00"),
        ("12.5万元", "125000.00"),
        ("12.5萬元整", "125000.00"),
        ("39万", "390000.00"),
        ("0.5千", "500.00"),
        ("300元", "300.00"),
        ("RMB 88,000.50", "88000.50"),
        (Decimal("88000.5"), "88000.50"),
        (Decimal("123456.10000000001"), "123456.10"),
        ("约58万", Doubt.APPROXIMATE),
        ("58万左右", Doubt.APPROXIMATE),
        ("58万多", Doubt.APPROXIMATE),
        ("88000.555", Doubt.TOO_PRECISE),
        ("1.23456万", "12345.60"),
        ("1.2345678万", Doubt.TOO_PRECISE),
        ("-5000", Doubt.OUT_OF_RANGE),
        ("(5000)", Doubt.OUT_OF_RANGE),
        (-5000, Doubt.OUT_OF_RANGE),
        (0, Doubt.OUT_OF_RANGE),
        ("99999999999", Doubt.OUT_OF_RANGE),
        ("12,34", Doubt.UNREADABLE),
        ("1,2345", Doubt.UNREADABLE),
        ("1.2.3", Doubt.UNREADABLE),
        ("1e5", Doubt.UNREADABLE),
        ("NaN", Doubt.UNREADABLE),
        ("Infinity", Doubt.UNREADABLE),
        (Decimal("Infinity"), Doubt.UNREADABLE),
        ("二十万", Doubt.UNREADABLE),
        ("=SUM(A1:A9)", Doubt.UNREADABLE),
        (date(2026, 1, 1), Doubt.UNREADABLE),
        (True, Doubt.UNREADABLE),
        ("", None),
    ],
)
def test_amount(cell, expected):
    read = outcome(v.amount(cell))
    assert (str(read) if isinstance(read, Decimal) else read) == expected


def test_about_58_wan_proposes_but_does_not_decide():
    assert v.amount("约58万") == Unclear(Doubt.APPROXIMATE, ("580000.00",))
    assert v.amount("580000.00") == Found(Decimal("580000.00"))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("160平", "160.00"),
        ("142㎡", "142.00"),
        ("90m2", "90.00"),
        ("90 M²", "90.00"),
        ("88.5平方米", "88.50"),
        (216, "216.00"),
        (Decimal("195.9"), "195.90"),
        ("１３０平", "130.00"),
        ("约130平", Doubt.APPROXIMATE),
        ("130.555", Doubt.TOO_PRECISE),
        ("0", Doubt.OUT_OF_RANGE),
        ("1000001", Doubt.OUT_OF_RANGE),
        ("三室", Doubt.UNREADABLE),
        ("-90", Doubt.UNREADABLE),
        (date(2026, 3, 2), Doubt.UNREADABLE),
        ("", None),
    ],
)
def test_area(cell, expected):
    read = outcome(v.area(cell))
    assert (str(read) if isinstance(read, Decimal) else read) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (date(2026, 9, 11), date(2026, 9, 11)),
        (datetime(2026, 9, 11, 15, 30), date(2026, 9, 11)),
        ("2026-06-23", date(2026, 6, 23)),
        ("2026/5/20", date(2026, 5, 20)),
        ("2026.9.11", date(2026, 9, 11)),
        ("2026年7月30日", date(2026, 7, 30)),
        ("2026 年 7 月 30 日", date(2026, 7, 30)),
        ("２０２６．９．１１", date(2026, 9, 11)),
        ("20260723", date(2026, 7, 23)),
        (20260723, date(2026, 7, 23)),
        ("46276", date(2026, 9, 11)),
        (46276, date(2026, 9, 11)),
        ("2026-09-11 00:00:00", date(2026, 9, 11)),
        ("2026年7月30号", date(2026, 7, 30)),
        ("3月3日", Doubt.DATE_NO_YEAR),
        ("3.3", Doubt.DATE_NO_YEAR),
        (Decimal("3.3"), Doubt.DATE_NO_YEAR),
        ("2月29日", Doubt.DATE_NO_YEAR),
        ("2月30日", Doubt.UNREADABLE),
        ("26.9.11", Doubt.DATE_SHORT_YEAR),
        ("5/6/2026", Doubt.DATE_AMBIGUOUS),
        ("2026年7月", Doubt.DATE_INCOMPLETE),
        ("7月底", Doubt.DATE_INCOMPLETE),
        ("2026", Doubt.DATE_INCOMPLETE),
        ("约2026.9.11", Doubt.APPROXIMATE),
        ("2026.9.11左右", Doubt.APPROXIMATE),
        ("2026-02-29", Doubt.UNREADABLE),
        ("2026.9.31", Doubt.UNREADABLE),
        ("2026-13-01", Doubt.UNREADABLE),
        ("1026-09-11", Doubt.OUT_OF_RANGE),
        ("9999-12-31", Doubt.OUT_OF_RANGE),
        ("待定", Doubt.UNREADABLE),
        ("二〇二六年九月", Doubt.UNREADABLE),
        ("=TODAY()", Doubt.UNREADABLE),
        (True, Doubt.UNREADABLE),
        ("", None),
    ],
)
def test_day(cell, expected):
    assert outcome(v.day(cell)) == expected


def test_a_day_without_year_keeps_month_and_day_for_the_question():
    assert v.day("3月3日") == Unclear(Doubt.DATE_NO_YEAR, (), 3, 3)


def test_a_date_that_reads_both_ways_proposes_both():
    assert set(v.day("5/6/2026").proposals) == {"2026-05-06", "2026-06-05"}
    assert v.day("25/6/2026").proposals == ("2026-06-25",)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (" 张英 ", "张英"),
        ("张 英", "张英"),
        ("张\u3000英", "张英"),
        ("𠮷辉", "𠮷辉"),
        ("阿依古丽·买买提", "阿依古丽·买买提"),
        ("阿依古丽•买买提", "阿依古丽·买买提"),
        ("阿依古丽・买买提", "阿依古丽·买买提"),
        ("阿依古丽 ‧ 买买提", "阿依古丽·买买提"),
        ("John Smith", "John Smith"),
        ("Ｊｏｈｎ  Smith", "John Smith"),
        ("J. R. Smith", "J. R. Smith"),
        ("王女士", "王女士"),
        ("张\u200e英\u202e", "张英"),
        ("张\x00英", "张英"),
        (12345, Doubt.UNREADABLE),
        ("---", Doubt.UNREADABLE),
        ("<script>alert(1)</script>", Doubt.UNREADABLE),
        ('=HYPERLINK("x","点我")', Doubt.UNREADABLE),
        ("张" * 51, Doubt.TOO_LONG),
        ("", None),
    ],
)
def test_name(cell, expected):
    assert outcome(v.name(cell)) == expected


def test_a_name_with_a_form_of_address_is_known_to_be_a_surname():
    assert v.title_in_name("王女士") == "MS"
    assert v.title_in_name("欧阳先生") == "MR"
    assert v.title_in_name("李丽") is None
    assert v.name("王女士").notes == (Note.SURNAME_ONLY,)


@pytest.mark.parametrize(
    ("read", "cell", "expected"),
    [
        (v.building, "3号楼", "3"),
        (v.building, 17, "17"),
        (v.building, "第3栋", "3"),
        (v.building, "3幢", "3"),
        (v.building, "3#", "3"),
        (v.building, "3#楼", "3"),
        (v.building, "a座", "A"),
        (v.building, "１２号楼", "12"),
        (v.building, "3號樓", "3"),
        (v.building, date(2026, 3, 2), Doubt.UNREADABLE),
        (v.unit, "1单元", "1"),
        (v.unit, 2, "2"),
        (v.unit, "二單元", "二"),
        (v.room, "2501", "2501"),
        (v.room, 904, "904"),
        (v.room, "0501室", "0501"),
        (v.room, "1501號房", "1501"),
        (v.room, "x" * 21, Doubt.UNREADABLE),
        (v.room, " ", None),
        (v.contract_number, " ht2026-0001 ", "HT2026-0001"),
        (v.contract_number, "ＨＴ２０２６－０００１", "HT2026-0001"),
        (v.contract_number, "HT2026–0001", "HT2026-0001"),
        (v.contract_number, "=A1", Doubt.UNREADABLE),
        (v.whole(1, 3000), "90天", 90),
        (v.whole(1, 3000), "90个工作日", 90),
        (v.whole(1, 3000), 0, Doubt.OUT_OF_RANGE),
        (v.whole(1, 3000), "九十", Doubt.UNREADABLE),
        (v.quiet_hours, "12:00-14:00", "12:00-14:00"),
        (v.quiet_hours, "１２：００—１４：００；22:00至7:30", "00:00-07:30, 12:00-14:00, 22:00-24:00"),
        (v.quiet_hours, "午休", Doubt.NO_CLOCK_TIMES),
        (v.quiet_hours, "25:00-26:00", Doubt.NO_CLOCK_TIMES),
        (v.quiet_hours, "12" * 60, Doubt.TOO_LONG),
        (v.quiet_hours, " ", None),
        (v.title, "先生", "MR"),
        (v.title, "女", "MS"),
        (v.title, "同志", Doubt.UNKNOWN_WORD),
        (words.read_grade, "a", "A"),
        (words.read_grade, "B级", "B"),
        (words.read_grade, "Ｃ級", "C"),
        (words.read_grade, "VIP", Doubt.UNKNOWN_WORD),
        (words.read_source, "微信公众号", "WECHAT"),
        (words.read_source, "回頭客介紹", "REFERRAL"),
        (words.read_source, "WEBSITE", "WEBSITE"),
        (words.read_source, "抖音", Doubt.UNKNOWN_WORD),
        (words.read_project_kind, "整裝", "WHOLE"),
        (words.read_project_kind, "半包", "HALF"),
        (words.read_department, "工程部", "ENGINEERING"),
        (words.read_department, "材料部", "PURCHASING"),
        (words.read_department, "設計部", "DESIGN"),
        (words.read_result, "已处理", "CLOSED"),
        (words.read_satisfaction, "不滿意", "UNSATISFIED"),
    ],
)
def test_places_numbers_and_closed_lists(read, cell, expected):
    assert outcome(read(cell)) == expected


@pytest.mark.parametrize("cell", ['=HYPERLINK("x","点我")', "＝1+1", "+1", "-1", "@SUM(1)", "\t=1", "\n=1"])
def test_text_that_looks_like_a_formula_stays_text_and_is_noted(cell):
    read = v.text(100)(cell)
    assert read.value == cell.strip()
    assert Note.FORMULA_TEXT in read.notes


def test_free_text_keeps_what_was_typed_but_invisible_characters():
    assert v.text(100)("  要求环保板材,  急 ").value == "要求环保板材,  急"
    assert v.text(100)("甲\x00乙\u202e丙") == Found("甲乙丙", (Note.CLEANED,))
    assert v.text(3)("四个汉字") == Unclear(Doubt.TOO_LONG)


def test_hours_among_words_are_proposed():
    assert v.quiet_hours("中午 12:00-14:00 午休") == Unclear(Doubt.NO_CLOCK_TIMES, ("12:00-14:00",))


@pytest.mark.parametrize(
    "read", [v.phone, v.quiet_hours, v.amount, v.area, v.day, v.name, v.title, v.building, v.contract_number]
)
@pytest.mark.parametrize(
    "cell", ["1" * 30_000, "，" * 30_000, " " * 30_000 + "x", "￥" * 5_000, "·" * 5_000, "٣٤٥", "²³", "一\udce4"]
)
def test_hostile_text_is_answered_quickly(read, cell):
    assert isinstance(read(cell), Found | Unclear | None)


def test_codes_are_those_of_the_models():
    from portal.models.complaint import Category
    from portal.models.consultation import Channel
    from portal.models.customer import CustomerGrade, CustomerKind, CustomerSource
    from portal.models.org import Department
    from portal.models.project import ProjectKind

    pairs = [
        (words.SOURCES, CustomerSource),
        (words.GRADES, CustomerGrade),
        (words.CUSTOMER_KINDS, CustomerKind),
        (words.PROJECT_KINDS, ProjectKind),
        (words.DEPARTMENTS, Department),
        (words.CATEGORIES, Category),
        (words.CHANNELS, Channel),
    ]
    for codes, terms in pairs:
        assert set(codes) == {term.value for term in terms}


def test_every_kind_of_import_has_its_name():
    from portal.imports.mapping import Kind
    from portal.models.importing import ImportKind

    assert [str(kind) for kind in Kind] == [kind.value for kind in ImportKind]
