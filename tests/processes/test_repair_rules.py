"""Warranty terms, free or chargeable, whose money a repair costs: figures by hand (3.15, 4.13 to 4.15, R-16, R-19)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from portal.processes.repair import PROCESS, Action, Cause, CrewStatus, InWarranty, is_free
from portal.processes.repair_cost import Bearer, bearers, may_cost, split
from portal.processes.warranty import Standing, last_day, verdict

RETENTION, SETTLEMENT, COMPANY, CUSTOMER = (
    Bearer.ORIGINAL_CREW_RETENTION, Bearer.ORIGINAL_CREW_SETTLEMENT, Bearer.COMPANY, Bearer.CUSTOMER,
)  # fmt: skip


@pytest.mark.parametrize(
    ("start", "years", "end"),
    [
        ("2026-07-04", 2, "2028-07-03"),
        ("2026-07-04", 3, "2029-07-03"),
        ("2026-07-04", 5, "2031-07-03"),
        ("2024-02-29", 2, "2026-02-28"),
        ("2024-02-29", 4, "2028-02-28"),
        ("2026-01-01", 2, "2027-12-31"),
        ("2026-03-01", 2, "2028-02-29"),
    ],
)
def test_the_last_day_of_a_term(start, years, end):
    assert last_day(date.fromisoformat(start), years) == date.fromisoformat(end)


TERMS = [("WATERPROOF", date(2026, 7, 4), date(2031, 7, 3)), ("PAINT", date(2026, 7, 4), date(2028, 7, 3))]


@pytest.mark.parametrize(
    ("trade", "on", "standing"),
    [
        ("WATERPROOF", "2026-10-12", Standing.IN_TERM),
        ("PAINT", "2028-07-03", Standing.IN_TERM),
        ("PAINT", "2028-07-04", Standing.BORDERLINE),
        ("PAINT", "2028-08-02", Standing.BORDERLINE),
        ("PAINT", "2028-08-03", Standing.OUT_OF_TERM),
        ("WOODWORK", "2026-10-12", Standing.NO_TERM),
    ],
)
def test_what_the_dates_say(trade, on, standing):
    found = verdict(TERMS, trade, date.fromisoformat(on), is_valid=True, borderline_days=30)
    assert found.standing == standing


def test_a_void_certificate_has_no_term():
    found = verdict(TERMS, "PAINT", date(2027, 1, 1), is_valid=False, borderline_days=30)
    assert (found.standing, found.ends_on) == (Standing.NO_TERM, None)


@pytest.mark.parametrize("cause", Cause)
@pytest.mark.parametrize("in_warranty", [*InWarranty, None])
def test_what_is_free(in_warranty, cause):
    """R-16: in term, and construction, material or design."""
    assert is_free(in_warranty=in_warranty, cause=cause) is (
        in_warranty == "YES" and cause in ("CONSTRUCTION", "MATERIAL", "DESIGN")
    )


@pytest.mark.parametrize(
    ("status", "fault", "term", "cause", "order"),
    [
        ("DEPARTED", True, True, "CONSTRUCTION", (RETENTION, SETTLEMENT, COMPANY)),
        ("REPLACED_ON_REQUEST", True, True, "CONSTRUCTION", (RETENTION, SETTLEMENT, COMPANY)),
        ("REPLACED_ON_REQUEST", False, True, "CONSTRUCTION", (COMPANY,)),
        ("DEPARTED", False, True, "MATERIAL", (COMPANY,)),
        ("DEPARTED", False, True, "CUSTOMER_USE", (CUSTOMER,)),
        ("DEPARTED", True, False, "CONSTRUCTION", (CUSTOMER,)),
    ],
)
def test_who_bears_the_cost(status, fault, term, cause, order):
    assert bearers(crew_status=CrewStatus(status), crew_at_fault=fault, in_warranty=term, cause=cause) == order


@pytest.mark.parametrize(
    ("cost", "retention", "settlement", "shares"),
    [
        ("1060.00", "5000.00", "0.00", {RETENTION: "1060.00"}),
        ("1060.00", "1000.00", "0.00", {RETENTION: "1000.00", COMPANY: "60.00"}),
        ("1060.00", "1000.00", "59.99", {RETENTION: "1000.00", SETTLEMENT: "59.99", COMPANY: "0.01"}),
        ("1060.00", "0.00", "2000.00", {SETTLEMENT: "1060.00"}),
        ("1060.00", "0.00", "0.00", {COMPANY: "1060.00"}),
        ("1060.00", "-20.00", "0.00", {COMPANY: "1060.00"}),
        ("0.00", "5000.00", "0.00", {}),
    ],
)
def test_the_shares_sum_exactly_to_the_cost(cost, retention, settlement, shares):
    order = (RETENTION, SETTLEMENT, COMPANY)
    found = split(Decimal(cost), order, retention=Decimal(retention), settlement=Decimal(settlement))
    assert {share.bearer: str(share.amount) for share in found} == shares
    assert sum((share.amount for share in found), Decimal(0)) == Decimal(cost)


def test_ten_per_cent_above_the_estimate_need_no_new_confirmation():
    assert may_cost(Decimal("1060.00"), Decimal("10")) == Decimal("1166.00")


@pytest.mark.parametrize(
    ("rule", "present", "photo", "ticked", "missing"),
    [
        ("ALWAYS", 1, 1, 1, set()),
        ("ALWAYS", 1, None, 1, {"photo-after"}),
        ("ALWAYS", 2, 1, 2, {"photo-after"}),
        ("ALWAYS", 2, 2, 1, {"ticked-finish"}),
        ("ALWAYS", 2, 2, 2, set()),
        ("ALWAYS", 3, 2, 2, {"photo-after", "ticked-finish"}),
        ("ON_FAILURE", 1, None, 1, set()),
        ("ON_FAILURE", 2, 1, 2, {"photo-after-failed"}),
        ("ON_FAILURE", 2, 2, 2, set()),
        ("NEVER", 2, 1, 2, set()),
        ("NEVER", 2, 1, 1, {"ticked-finish"}),
    ],
)
def test_what_was_shown_before_the_work_was_sent_back_does_not_count(rule, present, photo, ticked, missing):
    """4.14: after “not content” photos and ticks count from the present round on. `photo`, `ticked`: of which round."""
    lines = [
        SimpleNamespace(step="finish", text="闭水试验", is_required=True, round_no=n, ticked_at=n <= ticked or None)
        for n in range(1, present + 1)
    ]
    shot = [SimpleNamespace(kind="AFTER", round_no=photo)] if photo else []
    facts = SimpleNamespace(
        round_no=present,
        photo_rules={"finish": rule},
        present_photos=[each for each in shot if each.round_no == present],
        present_checks=[line for line in lines if line.round_no == present],
        site_cleaned=True,
        costs=[SimpleNamespace(bearer="COMPANY", amount=Decimal(80))],
        has_no_costs=False,
        defects="仍有渗水",
        rework_count=0,
    )
    step = PROCESS.transition("REPAIRING", Action.FINISH)
    assert {guard.code for guard in PROCESS.unmet(step, facts, entered=True)} == missing
