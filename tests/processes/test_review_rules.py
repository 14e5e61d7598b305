"""Scores, the pass mark, R-01 and R-05 as the manual writes them. Source: `domain.md` 3.5, 4.4, 8.1."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pytest

from portal.processes.drawing_review import Lack, commission_base, deserves_warning, lacking, lacks, passes, score


@pytest.mark.parametrize(
    ("points", "total"),
    [((), 100), ((10, 5, 5, 3), 77), ((5,), 95), ((30, 30, 30, 10), 0), ((30, 30, 30, 30), 0)],
)
def test_the_score_is_a_hundred_less_the_open_points_and_never_below_nothing(points, total):
    assert score(points) == total


@pytest.mark.parametrize(
    ("total", "must_fix", "passed"), [(80, False, True), (79, False, False), (100, True, False), (95, True, False)]
)
def test_a_pass_needs_eighty_and_nothing_open_that_must_be_fixed(total, must_fix, passed):
    assert passes(total, pass_score=80, has_open_must_fix=must_fix) is passed


@pytest.mark.parametrize(
    ("place", "is_marked", "lacked"),
    [
        ("厨房", True, []),
        ("", True, ["PLACE"]),
        (None, True, ["PLACE"]),
        ("厨房", False, ["MARK"]),
        (None, False, ["PLACE", "MARK"]),
    ],
)
def test_a_finding_says_its_place_and_is_marked_on_a_page_or_photo(place, is_marked, lacked):
    def finding(round_no: int) -> SimpleNamespace:
        return SimpleNamespace(place=place, is_marked=is_marked, round_no=round_no)

    earlier, own = finding(1), finding(2)
    assert lacks(own) == [Lack(name) for name in lacked]
    review = SimpleNamespace(round_no=2, findings=[earlier, own])
    assert [one for one, _lacks in lacking(review)] == ([own] if lacked else [])


def test_one_warning_from_round_one_only():
    assert deserves_warning(1, 79, 80) and not deserves_warning(1, 80, 80) and not deserves_warning(2, 40, 80)


def test_the_percentages_are_of_the_contract_or_of_the_commission():
    amount = Decimal("168000.00")
    assert commission_base(amount, "CONTRACT_AMOUNT", Decimal(3)) == Decimal("168000.00")
    assert commission_base(amount, "COMMISSION", Decimal(3)) == Decimal("5040.00"), "8.1: 3 % of 168,000"
