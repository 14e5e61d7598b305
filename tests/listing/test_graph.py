"""The graph of a list: the numbers of its pivot, drawn so that nothing hangs on colour alone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import pytest

from portal import charts
from portal.listing import analysis, engine, series
from portal.listing.registry import LISTINGS
from portal.listing.state import State, from_args
from portal.permissions import Role

AT = datetime(2026, 10, 15, 1, 0, tzinfo=UTC)


def drawn(session, user, kind, **options):
    listing = LISTINGS[kind]
    state = State(view="graph", options=tuple(sorted(options.items())))
    chart, layout, problems = series.read(listing, state)
    found = series.make(session, user, listing, state, chart, layout, at=AT)
    return found, [*problems, *found.problems]


@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_every_point_leads_to_as_many_records(session, sample, kind):
    manager, listing = sample.manager, LISTINGS[kind]
    terms, _times = analysis.defaults(listing)
    whole = engine.count(session, manager, kind, {"filter": ""}, at=AT)[0]
    for chart in series.CHARTS:
        options = {"chart": chart} | ({"columns": terms[-1]} if len(terms) > 1 else {})
        found, _problems = drawn(session, manager, kind, **options)
        told = 0
        for figures in found.figures:
            passed = Decimal(0)
            for figure in figures:
                value = figure.value - passed if found.chart == "cumulative" else figure.value
                passed = figure.value
                told += value
                if figure.records is not None:
                    said = dict(parse_qsl(figure.records.query(), keep_blank_values=True))
                    assert from_args(listing, said) == (figure.records, [])
                    assert engine.count(session, manager, kind, said, at=AT) == (value, False)
        assert told == whole > 0


@pytest.mark.parametrize("view", ["pivot", "graph", "tasks"])
@pytest.mark.parametrize("kind", sorted(LISTINGS))
def test_empty_lists_say_what_to_do(sign_in, kind, view):
    answer = sign_in(Role.MANAGER).get(
        f"/records/{kind}", query={"filter": "", "q": "nobody", "view": view}, status=200
    )
    assert 'class="empty-state"' in answer.text


def test_without_a_word_it_is_by_month_of_the_first_time_else_by_the_first_term(session, make):
    manager = make.user(Role.MANAGER)
    assert drawn(session, manager, "complaints")[0].layout.rows[0].key == "received:month"
    assert drawn(session, manager, "crews")[0].layout.rows[0].key == "status"
    assert drawn(session, manager, "complaints")[0].labels == []


@pytest.fixture
def manager(make):
    for day, amount in ((date(2026, 1, 5), "100"), (date(2026, 4, 5), "50.50"), (None, "7")):
        make.contract(signed_on=day, amount=Decimal(amount))
    return make.user(Role.MANAGER)


def test_months_without_rows_stand_there_too(session, manager):
    found, _problems = drawn(session, manager, "contracts", measure="amount", rows="signed:month")
    assert found.labels[:4] == ["2026-01", "2026-02", "2026-03", "2026-04"] and len(found.labels) == 5
    assert [figure.value for figure in found.figures[0]] == [100, 0, 0, Decimal("50.5"), 7]
    summed, _problems = drawn(session, manager, "contracts", measure="amount", rows="signed:month", chart="cumulative")
    assert [figure.value for figure in summed.figures[0]] == [100, 100, 100, Decimal("150.5"), Decimal("157.5")]


def test_a_long_gap_stands_as_one_place(session, make):
    for day in (date(2023, 12, 5), date(2024, 3, 5), date(2026, 4, 5)):
        make.contract(signed_on=day, amount=Decimal("10"))
    found, _problems = drawn(session, make.user(Role.MANAGER), "contracts", rows="signed:month", chart="cumulative")
    assert found.labels == ["2023-12", "2024-01", "2024-02", "2024-03", "空 24 期", "2026-04"]
    assert [figure.value for figure in found.figures[0]] == [1, 1, 1, 2, 2, 3]
    assert found.figures[0][4].records is None


def test_open_tasks_are_drawn_and_counted_by_what_they_have(session, make):
    listing, manager = LISTINGS["tasks"], make.user(Role.MANAGER)
    assert series.read(listing, State())[1].rows[0].key == "kind"
    layout, _problems = analysis.read(listing, State())
    assert [each.key for each in (*layout.rows, *layout.columns)] == ["kind", "due:week"]
    assert drawn(session, manager, "tasks")[0].layout.rows[0].key == "kind"


def test_many_times_open_at_the_newest(sign_in, make):
    for month in range(1, 8):
        make.contract(signed_on=date(2026, month, 5), amount=Decimal("10"))
    manager = sign_in(Role.MANAGER)
    path = "/records/contracts?view=graph&filter=&rows=signed:"
    assert "from-newest" in manager.get(f"{path}month", status=200).text
    assert "from-newest" not in manager.get(f"{path}year", status=200).text


@pytest.mark.parametrize(
    ("chart", "shown"), [("pie", "bar"), ("stacked", "bar"), ("cumulative", "line"), ("3d", "bar")]
)
def test_what_makes_no_sense_is_said_and_drawn_otherwise(session, manager, chart, shown):
    found, problems = drawn(session, manager, "contracts", measure="amount:average", chart=chart)
    assert found.chart == shown and problems


def test_many_series_are_put_together(session, make):
    manager = make.user(Role.MANAGER)
    for _number in range(10):
        make.contract()
    found, _problems = drawn(session, manager, "contracts", rows="state", columns="customer", chart="stacked")
    assert len(found.names) == series.MOST_SERIES
    assert sum(figures[0].value for figures in found.figures) == 10
    ring, _problems = drawn(session, manager, "contracts", rows="customer", chart="pie")
    assert len(ring.labels) == series.MOST_SERIES and sum(figure.value for figure in ring.figures[0]) == 10


POINTS = [
    charts.Point(12.0, "12", "/a?b=1&c=<"),
    charts.Point(None),
    charts.Point(-3.5, "−3.5"),
    charts.Point(0.0, "0"),
]
LABELS = ["<script>", "投诉", "2026-10", ""]


def every_drawing(count):
    many = [charts.Series(f"S{number}", POINTS) for number in range(count)]
    yield charts.rows_of_bars(LABELS, many, title="T")
    yield charts.columns(LABELS, many, title="T")
    yield charts.columns(LABELS, many, title="T", stacked=True)
    yield charts.lines(LABELS, many, title="T")
    yield charts.shares(
        LABELS, [charts.Point(abs(each.value or 0), each.text) for each in POINTS], title="T", total="15"
    )


@pytest.mark.parametrize("count", [1, 2, 9])
def test_drawings_are_well_formed_and_carry_no_style_or_script(count):
    for made in every_drawing(count):
        root = ElementTree.fromstring(str(made))
        names = {element.tag for element in root.iter()}
        assert "script" not in names and not any("style" in element.attrib for element in root.iter())
        assert "NaN" not in made and "inf" not in made
        assert root.find("title").text == "T"
        for element in root.iter("rect"):
            assert float(element.get("width")) >= 0 and float(element.get("height")) >= 0


def test_series_differ_by_pattern_and_dash_not_by_colour_alone():
    many = [charts.Series(f"S{number}", POINTS) for number in range(charts.PATTERNS)]
    fills = set(re.findall(r'class="series-edge[^>]*? fill="([^"]+)"', charts.columns(LABELS, many, title="T")))
    assert len(fills) == charts.PATTERNS
    assert sum(each.startswith("url(") for each in fills) == charts.PATTERNS // 2
    dashes = re.findall(
        r'<polyline class="(series-line-\d)"[^>]*?(?:stroke-dasharray="([^"]*)")? points',
        charts.lines(LABELS, many, title="T"),
    )
    assert len(set(dashes)) == charts.PATTERNS


def test_empty_and_huge_charts_are_drawn():
    assert "<svg" in charts.columns([], [charts.Series("S", [])], title="T")
    assert "<svg" in charts.shares([], [], title="T", total="0")
    days = [f"2026-{number}" for number in range(400)]
    long = charts.columns(days, [charts.Series("S", [charts.Point(float(number)) for number in range(400)])], title="T")
    assert 'class="plot plot-long"' in long and long.count("<rect") == 399


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0, 4), (0, 7), (0, 10), (0, 32), (-5, 3), (0, 0), (0, 1_444_800), (-1e6, 0), (0, 0.3)]
)
def test_axes_hold_all_figures_with_few_round_marks(low, high):
    marks = charts.ticks(low, high)
    assert marks[0] <= low and marks[-1] >= high and 0 in marks and 2 <= len(marks) <= 8


def test_the_page_has_the_figures_as_a_table(sign_in, sample):
    answer = sign_in(Role.MANAGER).get("/records/complaints", query={"filter": "", "view": "graph", "rows": "state"})
    table = answer.text.partition('<table class="pivot"')[2]
    links = re.findall(r'<td><a href="([^"]+)">(\d+)</a></td>', table)
    assert sum(int(number) for _url, number in links) == 8
    drawing = answer.text.partition('<svg class="plot"')[2].partition("</svg>")[0]
    assert all(url in drawing for url, _number in links)
