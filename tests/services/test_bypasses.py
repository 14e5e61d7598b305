"""R-04 for contracts that come in as signed. Source: `domain.md` 4.3 (signed all the same), 4.4."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from portal import clock as portal_clock
from portal.db import session, transaction
from portal.models.contract import Contract
from portal.models.customer import Customer
from portal.models.drawing_review import DeductionRule, DrawingReview
from portal.models.org import Branch, Party, PartyKind, User
from portal.models.penalty import PenaltyEntry
from portal.models.project import Project
from portal.models.task import Task
from portal.permissions import Role
from portal.processes.drawing_review import Paper
from portal.services import bypasses, contracts, drawing_reviews, review_findings
from tests.factories import pinned

R_04 = [
    ("COMMISSION_DEDUCTION", "许诺", Decimal("1500.00")),
    ("PUBLIC_CRITICISM", "许诺", None),
    ("ORDINARY_FAULT", "高原", None),
]
"""1 % of 150,000 (8.2 line 5)."""


class Desk:
    """A customer whose contract comes in."""

    def __init__(self, make: Any, clock: Any) -> None:
        self.make, self.clock = make, clock
        self.branch = make.branch()
        self.specialist, self.reviewer = make.user(Role.SPECIALIST), make.user(Role.REVIEWER)
        self.designer = make.party(PartyKind.DESIGNER, name="许诺")
        self.manager = make.party(PartyKind.BRANCH_MANAGER, name="高原", branch_id=self.branch.id)

    def project(self, **more: Any) -> Project:
        return self.make.project(branch_id=self.branch.id, designer_id=self.designer.id, **more)

    def enters(self, project: Project, days_ago: int = 0, **more: Any) -> Contract:
        signed_on = portal_clock.today(self.clock.now()) - timedelta(days=days_ago)
        given = {"amount": Decimal("150000.00"), "project_id": project.id, "signed_on": signed_on} | more
        with transaction() as writing:
            command = contracts.CreateContract(**given)
            customer = writing.get_one(Customer, project.customer_id)
            actor = writing.get_one(User, self.specialist.id)
            return contracts.create(writing, customer, command, actor=actor, at=self.clock.now())

    def review(self, project: Project, outcome: str | None) -> None:
        """Handed in; returned with a must-fix finding, passed, or still at the bench."""
        with transaction() as writing:
            reviewer, at = writing.get_one(User, self.reviewer.id), self.clock.now()
            command = drawing_reviews.SubmitReview(
                tuple(paper.value for paper in Paper), writing.get_one(Party, self.designer.id),
                writing.get_one(Party, self.manager.id), writing.get_one(Branch, self.branch.id), Decimal("150000.00"), at,
            )  # fmt: skip
            customer = writing.get_one(Customer, project.customer_id)
            review = drawing_reviews.submit(writing, customer, command, actor=reviewer, at=at)
            if outcome == "returned":
                rule = writing.scalars(select(DeductionRule).where(DeductionRule.code == "D06")).one()
                finding = review_findings.add(
                    writing, review, rule, actor=reviewer, at=at, mark=pinned(writing, review, actor=reviewer, at=at)
                )
                finding.place = "阳台"
                drawing_reviews.return_(writing, review, drawing_reviews.Decide("补漏项"), actor=reviewer, at=at)
            elif outcome == "passed":
                drawing_reviews.pass_(writing, review, drawing_reviews.Decide(), actor=reviewer, at=at)


@pytest.fixture
def desk(make: Any, clock: Any) -> Desk:
    return Desk(make, clock)


def proposed() -> list[tuple[str, str, Decimal | None]]:
    found = session().scalars(select(PenaltyEntry).order_by(PenaltyEntry.id))
    return [(entry.kind, entry.person, entry.amount) for entry in found]


def forget() -> None:
    with transaction() as writing:
        for entry in writing.scalars(select(PenaltyEntry)):
            writing.delete(entry)


def test_what_is_entered_as_signed_without_a_pass(desk: Desk):
    """Returned, at the bench or never handed in: R-04; passed, on paper or long ago: none."""
    for outcome in ("returned", None):
        project = desk.project()
        desk.review(project, outcome)
        contract = desk.enters(project)
        review = session().scalars(select(DrawingReview).where(DrawingReview.contract_id == contract.id)).one()
        assert (review.state, contract.is_bypassed) == ("SIGNED_WITHOUT_PASS", True)
        assert proposed() == R_04
        forget()
    desk.enters(desk.project(), amount=Decimal("168000.00"))
    assert proposed()[0] == ("COMMISSION_DEDUCTION", "许诺", Decimal("1680.00"))
    forget()
    contract = desk.enters(desk.project())
    assert contract.is_bypassed and proposed() == R_04
    with transaction() as writing:  # asked again, proposed once
        actor = writing.get_one(User, desk.specialist.id)
        fresh = writing.get_one(Contract, contract.id)
        bypasses.entered_as_signed(writing, fresh, actor=actor, at=desk.clock.now())
    assert len(proposed()) == 3
    forget()
    passed = desk.project()
    desk.review(passed, "passed")
    signed = desk.enters(passed)
    assert [review.state for review in session().merge(signed).reviews] == ["SIGNED"]
    for contract in (
        signed,
        desk.enters(desk.project(), days_ago=31),
        desk.enters(desk.project(), reviewed_on_paper=True),
    ):
        assert not contract.is_bypassed
    assert proposed() == []
    assert desk.enters(desk.project(), days_ago=30).is_bypassed, "within the days of the setting"


def test_whom_nobody_knows_the_manager_names(desk: Desk):
    """Without designer or branch manager nothing can be proposed: the manager is told to, and the contract is marked."""
    project = desk.make.project(branch_id=desk.branch.id)
    contract = desk.enters(project)
    assert contract.is_bypassed and proposed() == []
    (task,) = session().scalars(select(Task).where(Task.record_number == contract.number)).all()
    assert (task.title, task.role) == (bypasses.NAME_THEM.message, "MANAGER")
