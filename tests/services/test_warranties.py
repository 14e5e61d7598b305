"""Opening and issuing warranty certificates, and what the archive says. Source: `domain.md` 3.15, 4.13."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from jobs.outbox import handlers
from portal.db import session, transaction
from portal.documents import repair_building
from portal.errors import ConditionsMissing, Invalid
from portal.models.contract import Contract, ContractTemplate
from portal.models.document import Document
from portal.models.follow_up import FollowUpCall
from portal.models.outbox import Outbox
from portal.models.task import Task
from portal.services import contract_templates, contracts, repairs, warranties
from tests.services.repair_story import Story, fresh, local, task_of


@pytest.fixture
def story(make: Any, clock: Any) -> Story:
    return Story(make, clock)


def test_everything_paid_before_the_final_payment_opens_no_certificate(story):
    """4.13: the trigger is the final payment, not the sum."""
    story.pays("FIRST", "171600.00", "2026-03-31")
    assert story.certificate is None


def test_the_final_payment_alone_opens_no_certificate_while_a_change_is_open(story):
    """4.12: the final payment incl. open changes."""
    story.pays("FIRST", "100800.00", "2026-03-31")
    story.pays("FINAL", "8400.00", "2026-07-05")
    assert story.certificate is None
    story.pays("CHANGE", "62400.00", "2026-07-06")
    assert story.certificate.state == "PENDING"
    assert story.certificate.project.stage == "SETTLED"


def test_what_is_struck_from_the_contract_after_the_final_payment_opens_it_too(story):
    story.pays("FIRST", "100800.00", "2026-03-31")
    story.pays("FINAL", "67200.00", "2026-07-05")
    assert story.certificate is None  # 168,000.00 of 171,600.00
    with transaction() as writing:
        contract = writing.get(Contract, story.contract.id)
        contracts.change(
            writing,
            contract,
            {"amount": Decimal("164400.00")},
            version=contract.version,
            actor=story.specialist,
            at=story.clock.now(),
        )
    assert story.certificate.state == "PENDING"


def test_dl_21_counts_from_the_day_of_payment(story):
    story.clock.set("2026-07-08 09:00")  # Wednesday; finance said it late
    story.pays("FIRST", "100800.00", "2026-03-31")
    story.pays("MID", "62400.00", "2026-05-22")
    story.pays("FINAL", "8400.00", "2026-07-06")
    assert local(task_of(story.certificate, "DL-21").due_at) == "07-07 18:00"


def test_the_certificate_says_how_to_care_and_whom_to_call(story):
    story.settled()
    certificate = story.issued()
    assert certificate.care_notes == warranties.CARE
    assert certificate.hotline == "400-000-0000"


def test_what_follows_when_the_certificate_is_issued(story, app):
    """4.13: F-19 is made once however often the job runs, the club has its time, the completion call its window; void, nobody invites."""
    story.settled()
    certificate = story.issued()

    def made() -> list[str]:
        for row in session().scalars(select(Outbox).where(Outbox.kind == "print_certificate")).all():
            for _again in range(2):
                with transaction() as writing:
                    handlers()["print_certificate"](writing, **row.payload)
        return [f"{paper.form} {paper.record_number}" for paper in session().scalars(select(Document))]

    def waiting() -> dict[str, str]:
        query = select(Task).where(Task.record_kind == "warranties", Task.closed_at.is_(None), Task.code.is_(None))
        return {task.title: local(task.due_at) for task in session().scalars(query)}

    with app.test_request_context():
        assert made() == [f"F-19 {certificate.number}"]
    assert waiting() == {"Invite the customer to the club, note whether they consent": "07-16 10:00"}
    call = session().scalars(select(FollowUpCall).where(FollowUpCall.stage == "COMPLETION")).one()
    assert (call.window_from, call.due_on) == (date(2026, 7, 6), date(2026, 7, 16))
    story.act(warranties.void, certificate, warranties.Void("CONTRACT_CANCELLED", "合同解除"), actor=story.manager)
    assert waiting() == {}


def test_a_certificate_is_not_issued_without_a_word_on_the_evaluation(story, sign_in):
    """F-18 is collected, or the customer declined: it is asked, never assumed."""
    story.settled()
    browser = sign_in(story.specialist)
    path = f"/records/warranties/{story.certificate.number}/steps/issue"
    shown = browser.get(path, status=200).text
    sent = {
        name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', shown).group(1)
        for name in ("version", "received_by", "hotline")
    }
    sent |= {
        f"years_{trade}": "5" for trade in ("basic", "water_electric", "waterproof", "woodwork", "hardware", "paint")
    }
    sent |= {"starts_on": "2026-07-04", "acceptance_signed": "y", "exclusions": "无", "care_notes": "通风"}
    browser.post(path, sent, status=422)
    browser.post(path, sent | {"evaluation": "DECLINED"}, status=303)
    assert (session().merge(story.certificate).state, story.certificate.evaluation) == ("ISSUED", "DECLINED")


def test_a_defect_before_the_term_began_is_not_in_term(story):
    story.settled()
    certificate = story.issued()
    found = warranties.verdict_by(session(), certificate, "PAINT", date(2026, 7, 3))
    assert (found.standing, found.starts_on) == ("OUT_OF_TERM", date(2026, 7, 4))


def test_the_archive_is_consulted_or_it_is_said_that_there_is_none(story):
    order = story.reported(project=None)
    command = repairs.CheckRepair("NO", "–", "DEPARTED", "收费")
    with pytest.raises(ConditionsMissing):
        story.act(repairs.check, order, command, actor=story.specialist)
    session().rollback()
    none = repairs.CheckRepair("NO", "–", "DEPARTED", "收费", has_no_certificate=True)
    story.act(repairs.check, order, none, actor=story.specialist)
    assert fresh(order).has_no_certificate


def test_a_certificate_found_in_the_archive_brings_the_project(story):
    story.settled()
    certificate = story.issued()
    order = story.reported(project=None, customer=None)
    command = repairs.CheckRepair("YES", "–", "DEPARTED", "免费", certificate=session().merge(certificate))
    story.act(repairs.check, order, command, actor=story.specialist)
    found = fresh(order)
    assert (found.project_id, found.customer_id) == (story.project.id, story.customer.id)


def template(story: Story, **said: Any) -> Any:
    """A printed contract that promises more than the usual for waterproofing."""
    years = {"basic": 2, "water_electric": 5, "waterproof": 8, "woodwork": 3, "hardware": 2, "paint": 2}
    given: dict[str, Any] = {"title": "施工合同", "edition": "2026版", "effective_from": date(2026, 1, 1)}
    given |= {f"years_{trade}": count for trade, count in years.items()}
    command = contract_templates.CreateTemplate(**given | said)
    with transaction() as writing:
        return contract_templates.create(writing, command, actor=story.manager, at=story.clock.now())


def choose(story: Story, template_id: int | None) -> None:
    with transaction() as writing:
        contract = writing.get_one(Contract, story.contract.id)
        contracts.change(
            writing, contract, {"template_id": template_id}, version=contract.version, actor=story.specialist,
            at=story.clock.now(),
        )  # fmt: skip


def test_the_template_of_the_contract_says_the_terms_and_a_later_change_of_it_nothing(story, app):
    """3.15: terms per trade are data of the contract template; what was issued is frozen, for the verdict and on F-19."""
    made = template(story)
    choose(story, made.id)
    story.settled()
    certificate = story.issued()
    assert {term.trade: term.years for term in certificate.terms} == {
        "BASIC": 2, "WATER_ELECTRIC": 5, "WATERPROOF": 8, "WOODWORK": 3, "HARDWARE": 2, "PAINT": 2,
    }  # fmt: skip
    with transaction() as writing:
        fresh_one = writing.get_one(ContractTemplate, made.id)
        said = {name: getattr(fresh_one, name) for name in contract_templates.FIELDS}
        command = contract_templates.UpdateTemplate(
            **said | {"years_waterproof": 5, "edition": "2026B"}, version=fresh_one.version
        )
        contract_templates.update(writing, fresh_one, command, actor=story.manager, at=story.clock.now())
    session().expire_all()
    verdict, _certificate = warranties.verdict(session(), certificate.project, "WATERPROOF", date(2034, 7, 3))
    assert (verdict.standing, verdict.ends_on) == ("IN_TERM", date(2034, 7, 3))
    with app.test_request_context():
        paper = repair_building.certificate(session(), certificate, None)
    assert (paper.template, [line.years for line in paper.terms]) == ("施工合同 2026版", [2, 5, 8, 3, 2, 2])


def test_a_template_is_no_shorter_than_the_law_and_not_chosen_before_its_day(story):
    with pytest.raises(Invalid) as refused:
        template(story, years_waterproof=4, years_paint=1)
    assert set(refused.value.fields) == {"years_waterproof", "years_paint"}
    late = template(story, effective_from=date(2027, 1, 1))
    with pytest.raises(Invalid) as refused:
        choose(story, late.id)
    assert set(refused.value.fields) == {"template_id"}
    with pytest.raises(Invalid) as refused:
        template(story)
    assert set(refused.value.fields) == {"edition"}


def test_the_manager_keeps_templates_and_a_contract_names_one(story, sign_in):
    manager = sign_in(story.manager)
    sent = {"title": "施工合同", "edition": "2026版", "effective_from": "2026-01-01", "is_active": "y"}
    sent |= {f"years_{trade}": "6" for trade in ("basic", "water_electric", "waterproof", "woodwork", "hardware")}
    path = "/records/contract-templates/new"
    manager.get(path, status=200)
    refused = manager.post(path, sent | {"years_paint": "1"}, status=422)
    assert "法定最低 2 年" in refused.text and 'value="施工合同"' in refused.text
    manager.post(path, sent | {"years_paint": "2"}, status=303)
    made = session().scalars(select(ContractTemplate)).one()
    specialist = sign_in(story.specialist)
    specialist.get(path, status=403)
    assert "6" in specialist.get(f"/records/contract-templates/{made.number}", status=200).text
    form = specialist.get(f"/records/contracts/{story.contract.number}/edit", status=200).text
    assert "施工合同 2026版" in form
    manager.post(
        f"/records/contract-templates/{made.number}/edit",
        sent | {"years_paint": "3", "version": str(made.version)},
        status=303,
    )
    session().expire_all()
    assert session().scalars(select(ContractTemplate)).one().years("PAINT") == 3
