"""P18: what is proposed by a rule, once, with its evidence and its figures. Source: `domain.md` 4.18, 7.9, R-01 to R-05, R-14."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.db import session, transaction
from portal.models.event import Event
from portal.models.org import PartyKind
from portal.models.outbox import Outbox
from portal.models.penalty import PenaltyEntry
from portal.models.project import Project
from portal.processes.penalty import Kind, State
from portal.services import penalties


@pytest.fixture
def proposed(make: Any, clock: Any) -> Any:
    """Propose by a rule for a project, in a transaction of its own."""
    project = make.project()

    def act(rule: str, party: Any, cause: str = "case:1", **more: Any) -> PenaltyEntry:
        with transaction() as writing:
            entry = penalties.propose(
                writing, rule=rule, party_id=party.id, record=writing.get_one(Project, project.id), cause=cause,
                evidence=more.pop("evidence", {}), at=clock.now(), **more,
            )  # fmt: skip
        return entry

    return act


def test_one_of_each_kind_for_a_cause_with_exact_figures(proposed, make, clock):
    """R-03, R-05: 0.5 % of 168,000.00 is 840.00; called again, nothing is added."""
    designer = make.party(PartyKind.DESIGNER)
    said = {"score": 95, "due": clock.now(), "base": Decimal("168000.00")}
    entry = proposed("K-02", designer, percent=Decimal("0.5"), base=Decimal("168000.00"), evidence=said)
    assert (entry.number, entry.state, entry.kind, entry.amount) == (
        "JC-2026-0001", State.PROPOSED, "COMMISSION_DEDUCTION", Decimal("840.00"),
    )  # fmt: skip
    assert entry.evidence == {"score": 95, "due": clock.now().isoformat(), "base": "168000.00"}
    assert (entry.department, entry.rule_said["offence"]) == ("DESIGN", "Not all findings corrected at the re-review")
    assert proposed("K-02", designer, percent=Decimal("9"), base=Decimal("1")).id == entry.id
    criticism = proposed("K-03", designer, kind=Kind.PUBLIC_CRITICISM)
    assert (criticism.number, criticism.amount) == ("JC-2026-0002", None)
    rounded = proposed("K-03", designer, "case:2", percent=Decimal("1"), base=Decimal("100.50"))
    assert rounded.amount == Decimal("1.01")  # half a fen is rounded up
    nothing = proposed("K-02", designer, "case:3", percent=Decimal("0"), base=Decimal("168000.00"))
    assert (nothing.amount, nothing.percent, nothing.base) == (None, None, None)
    told = session().scalars(select(Outbox).where(Outbox.kind == "notify_step").order_by(Outbox.id)).all()
    assert [row.payload["record_id"] for row in told] == [entry.id, criticism.id, rounded.id, nothing.id]
    assert len(session().scalars(select(Event).where(Event.record_kind == "penalties")).all()) == 4


def test_occurrences_are_counted_per_person_and_rule_within_twelve_months(proposed, make, clock):
    """7.9, K-33: 50, then 100, then dismissal; other people, other rules and rejected entries do not count."""
    inspector, other = make.party(PartyKind.SUPERVISOR), make.party(PartyKind.SUPERVISOR)
    first = proposed("K-33", inspector)
    assert (first.occurrence_no, first.kind, first.amount) == (1, "FINE", Decimal("50.00"))
    assert proposed("K-33", other, "case:2").occurrence_no == 1
    assert proposed("K-34", inspector, "case:3").amount == Decimal("20.00")
    rejected = proposed("K-33", inspector, "case:4")
    assert (rejected.occurrence_no, rejected.amount) == (2, Decimal("100.00"))
    with transaction() as writing:
        writing.get_one(PenaltyEntry, rejected.id).state = State.REJECTED
    assert proposed("K-33", inspector, "case:5").amount == Decimal("100.00")
    third = proposed("K-33", inspector, "case:6")
    assert (third.occurrence_no, third.kind, third.amount) == (3, "DISMISSAL_PROPOSED", None)
    clock.advance(days=366)
    assert proposed("K-33", inspector, "case:7").occurrence_no == 1


def test_a_suspension_holds_from_its_first_to_its_last_day_once_approved(proposed, make, clock):
    """R-14: three months to the same day; proposed or rejected it holds nobody back."""
    foreman, other = make.party(PartyKind.FOREMAN), make.party(PartyKind.FOREMAN)
    fine = proposed("K-05", foreman, kind=Kind.FINE)
    assert (fine.amount, fine.suspended_from) == (Decimal("500.00"), None)
    entry = proposed("K-05", foreman, kind=Kind.ORDER_SUSPENSION)
    assert (entry.suspended_from, entry.suspended_until) == (date(2026, 5, 11), date(2026, 8, 11))
    assert entry.occurrence_no == fine.occurrence_no == 1
    first, last = entry.suspended_from, entry.suspended_until
    assert penalties.suspension_of(session(), foreman.id, first) is None
    for state in (State.APPROVED, State.SENT, State.EXECUTED):
        with transaction() as writing:
            known = writing.get_one(PenaltyEntry, entry.id)
            known.state, known.approved_at, known.executed_at = state, clock.now(), clock.now()
        for day in (first, last):
            assert penalties.suspension_of(session(), foreman.id, day).id == entry.id
    for day in (first - timedelta(days=1), last + timedelta(days=1)):
        assert penalties.suspension_of(session(), foreman.id, day) is None
    assert penalties.suspension_of(session(), other.id, first) is None


def test_a_month_that_is_shorter_ends_on_its_last_day():
    assert penalties.months_later(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert penalties.months_later(date(2026, 6, 30), 3) == date(2026, 9, 30)
    assert penalties.months_later(date(2026, 12, 31), 0) == date(2026, 12, 31)


def test_the_database_refuses_what_can_not_be_true(proposed, make):
    foreman = make.party(PartyKind.FOREMAN)
    entry = proposed("K-05", foreman, kind=Kind.ORDER_SUSPENSION)
    wrong: tuple[dict[str, Any], ...] = (
        {"state": "APPROVED"}, {"suspended_until": None}, {"suspended_until": date(2020, 1, 1)},
        {"percent": Decimal(1)}, {"amount": Decimal(0)}, {"party_id": None},
    )  # fmt: skip
    for values in wrong:
        with pytest.raises(IntegrityError), transaction() as writing:
            known = writing.get_one(PenaltyEntry, entry.id)
            for name, value in values.items():
                setattr(known, name, value)
