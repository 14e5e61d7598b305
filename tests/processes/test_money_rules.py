"""Sums that must be exact, and who decides from which amount on. By hand from 4.10, 4.17, Q31; no database."""

from __future__ import annotations

from decimal import Decimal as D
from itertools import product
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.processes import approval, cancellation, escalation
from portal.processes.approval import Level, What
from portal.processes.cancellation import Liability


@st.composite
def percents(draw: st.DrawFn) -> list[D]:
    """Up to six shares in hundredths of a percent that sum to 100 %."""
    count = draw(st.integers(1, 6))
    cuts = sorted(draw(st.lists(st.integers(1, 9999), min_size=count - 1, max_size=count - 1, unique=True)))
    return [D(b - a) / 100 for a, b in zip([0, *cuts], [*cuts, 10000], strict=True)]


@given(amount=st.decimals("0.00", "9999999999.99", places=2), shares=percents())
def test_shares_sum_to_the_amount_to_the_fen(amount, shares):
    parts = escalation.shared_out(amount, shares)
    assert sum(parts) == amount
    assert all(part >= 0 and part == part.quantize(D("0.01")) for part in parts)
    for part, percent in zip(parts[:-1], shares[:-1], strict=True):
        assert 0 <= amount * percent / 100 - part < D("0.01")


@pytest.mark.parametrize(
    ("amount", "shares", "parts"),
    [
        ("4000.00", ("70", "30"), ("2800.00", "1200.00")),  # 8.2 no. 1
        ("100.00", ("33.33", "33.33", "33.34"), ("33.33", "33.33", "33.34")),
        ("0.01", ("50", "50"), ("0.00", "0.01")),
        ("10.00", ("33.33", "66.67"), ("3.33", "6.67")),
        ("9600.00", ("100",), ("9600.00",)),
    ],
)
def test_the_last_share_takes_the_rest(amount, shares, parts):
    assert escalation.shared_out(D(amount), [D(share) for share in shares]) == [D(part) for part in parts]


@pytest.mark.parametrize(
    ("amount", "wage", "minimum", "carried"),
    [
        ("2800", None, "0", "0"),  # nobody asked human resources
        ("2800", "14000", "0", "0"),  # exactly 20 %
        ("2800", "10000", "0", "800.00"),
        ("2800", "10000", "8500", "1300.00"),  # the law leaves 8,500
        ("2800", "2000", "2500", "2800"),
    ],
)
def test_what_is_more_than_may_be_taken_of_a_wage_is_carried_forward(amount, wage, minimum, carried):
    over = escalation.over_wage(D(amount), D(wage) if wage else None, percent=D(20), minimum_wage=D(minimum))
    assert over == D(carried)


LEVELS = [
    # what, counted yuan, own people, both leaders → who decides, in order
    (What.COMPENSATION, "0.01", False, False, ["DEPUTY_GM"]),
    (What.COMPENSATION, "5000.00", False, False, ["DEPUTY_GM"]),
    (What.COMPENSATION, "5000.01", False, False, ["GM"]),
    (What.COMPENSATION, "5000.01", False, True, ["DEPUTY_GM", "GM"]),
    (What.COMPENSATION, "5000.00", False, True, ["DEPUTY_GM"]),
    (What.COST_CASE, "1000.00", False, False, ["MANAGER"]),
    (What.COST_CASE, "1000.01", False, False, ["MANAGER", "GM"]),
    (What.CANCELLATION, "0.00", False, False, ["GM"]),
    (What.CANCELLATION, "48000.00", False, True, ["GM"]),
    (What.PENALTY, "500.00", True, False, ["MANAGER"]),
    (What.PENALTY, "500.00", False, False, ["MANAGER", "HEAD"]),
]


@pytest.mark.parametrize(("what", "counted", "is_own", "both", "expected"), LEVELS)
def test_who_decides_from_which_amount_on(what, counted, is_own, both, expected):
    found = approval.levels(
        what, D(counted), deputy_limit=D(5000), manager_limit=D(1000), both_leaders=both, is_own=is_own
    )
    assert [level.value for level in found] == expected


@pytest.mark.parametrize("what", [What.ARCHIVE_LOAN, What.KNOWLEDGE])
@pytest.mark.parametrize(
    ("by_manager", "is_top_secret", "expected"),
    [(False, False, ["MANAGER"]), (False, True, ["MANAGER", "GM"]), (True, False, ["GM"]), (True, True, ["GM"])],
)
def test_who_decides_about_files_and_articles(what, by_manager, is_top_secret, expected):
    limits = {"deputy_limit": D(5000), "manager_limit": D(1000), "both_leaders": False}
    found = approval.levels(what, D(0), **limits, by_manager=by_manager, is_top_secret=is_top_secret)
    assert [level.value for level in found] == expected


def test_four_eyes():
    """Nobody decides twice; where money goes out or a contract ends, not what they asked for."""
    one, two = ("user", 1), ("party", 1)
    for what, asker in product(What, (None, one, two)):
        assert approval.is_by_others([one, one], asker, what) is False
        decided_own = asker in (one, two)
        assert approval.is_by_others([one, two], asker, what) is (not decided_own or what is What.PENALTY)
    assert set(approval.MAY_STAND_IN[Level.DEPUTY_GM]) == {Level.DEPUTY_GM, Level.GM}
    assert set(approval.MAY_STAND_IN[Level.GM]) == {Level.GM}


LOSSES = [
    # liability, contract, measuring fee, certification %, documented → loss (10 % and 3 % of commission)
    (Liability.CUSTOMER, "96000.00", "0", "0", "0", "9600.00"),  # 8.2 no. 3
    (Liability.CUSTOMER, "96000.00", "300.00", "1", "0", "10860.00"),
    (Liability.CUSTOMER, "96000.00", "0", "0", "5000.00", "9600.00"),
    (Liability.DESIGNER, "96000.00", "300.00", "1", "1500.00", "4380.00"),
    (Liability.CREW, "96000.00", "300.00", "1", "1500.00", "1500.00"),
    (Liability.OTHER, "96000.00", "300.00", "1", "1500.00", "0.00"),
    (Liability.CUSTOMER, "88888.88", "0", "0", "0", "8888.89"),
]


@pytest.mark.parametrize(("liability", "amount", "fee", "certified", "documented", "loss"), LOSSES)
def test_what_a_cancellation_costs_by_liability(liability, amount, fee, certified, documented, loss):
    found = cancellation.usual_loss(
        liability, D(amount), loss_rate=D(10), measuring_fee=D(fee), certification_rate=D(certified),
        commission_rate=D(3), documented=D(documented),
    )  # fmt: skip
    assert found == D(loss)


def test_the_refund_is_what_was_paid_less_loss_and_work():
    assert cancellation.refund(paid=D("57600"), customers_loss=D("9600"), work_done=D(0)) == D("48000")
    assert cancellation.refund(paid=D("57600"), customers_loss=D("9600"), work_done=D("50000")) == D("-2000")


def test_consent_holds_for_exactly_the_amount_it_was_given_to():
    given_to = SimpleNamespace(state="APPROVED", amount=D("4000.00"))
    for amount, state, holds in (
        ("4000.00", "APPROVED", True),
        ("4000.01", "APPROVED", False),
        ("4000.00", "VOID", False),
    ):
        given_to.state = state
        case = SimpleNamespace(approval=given_to, amount=D(amount), settled_amount=D(amount))
        assert escalation.CONSENT.holds(case) is holds
        assert cancellation.CONSENT.holds(case) is holds
    assert not escalation.CONSENT.holds(SimpleNamespace(approval=None, amount=D(1)))
