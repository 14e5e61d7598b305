"""Repair costs consented to together: the manager's word counts once each; what is not the manager's alone waits for the next."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portal.db import session, transaction
from portal.errors import DomainError
from portal.models.repair import RepairCostCase
from portal.services import repair_costs
from portal.services.approvals import Word
from tests.changes.test_changes import outcomes
from tests.changes.test_many_steps import choose, look
from tests.services.repair_story import Story


@pytest.fixture
def story(make, clock):
    return Story(make, clock)


def case(story: Story, material: str, *, confirmed: bool = True) -> int:
    order = story.reported(symptom=f"漏水 {material}")
    story.checked(order)
    story.assigned(order)
    story.on_site(order)
    draft = repair_costs.DraftCase("DEPARTED", Decimal(material), Decimal("0"))
    made = story.act(repair_costs.draft, order, draft, actor=story.captain)
    if confirmed:
        command = repair_costs.ConfirmCase(
            "CONSTRUCTION", True, session().merge(story.engineering), story.clock.now(), Decimal("100000")
        )
        story.act(repair_costs.confirm, made, command, actor=story.specialist)
    return int(made.id)


def state(number: int) -> str:
    session().expire_all()
    return session().get_one(RepairCostCase, number).state


def test_consent_to_many_is_the_managers_word_for_each(story, sign_in):
    small, large, draft = case(story, "800"), case(story, "90000"), case(story, "50", confirmed=False)
    ids, manager = [small, large, draft], sign_in(story.manager)
    choose(manager, ids, "step-approve", kind="repair-cost-cases")
    path = look(manager, ids, "step-approve", kind="repair-cost-cases")
    manager.post(f"{path}/carry-out", status=303)
    assert state(small) == "APPROVED"
    assert state(large) == "CONFIRMED"  # the general manager's consent is still to come
    steps = session().get_one(RepairCostCase, large).approval.steps
    assert [(step.level, step.decision) for step in steps] == [("MANAGER", "APPROVED"), ("GM", None)]
    found = outcomes(session(), path)
    assert found[small] == ("CHANGED", None)
    assert found[draft][0] == "SKIPPED" and state(draft) == "DRAFT"
    manager.post(f"{path}/carry-out")  # pressed twice: each once
    assert [step.decision for step in session().get_one(RepairCostCase, large).approval.steps] == ["APPROVED", None]


def test_a_case_without_a_request_says_so_in_a_sentence(story):
    number = case(story, "800")
    with transaction() as writing:
        writing.get_one(RepairCostCase, number).approval_id = None
    for act, word in ((repair_costs.approve, Word()), (repair_costs.refuse, Word(reason="太高"))):
        with pytest.raises(DomainError, match="工程部"):
            story.act(act, session().get_one(RepairCostCase, number), word, actor=story.manager)
    assert state(number) == "CONFIRMED"
