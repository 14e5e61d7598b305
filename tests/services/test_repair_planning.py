"""Visits, parts, payments, calls, proposals of penalties and the rating of crews. Source: `domain.md` 3.16, 4.14, R-16 to R-18."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from jobs.outbox import handlers
from portal import clock as portal_clock
from portal.db import session, transaction
from portal.errors import ConditionsMissing, DomainError, Invalid
from portal.listing import engine
from portal.models.contract import Contract
from portal.models.document import PrintRun
from portal.models.event import Event
from portal.models.org import Crew
from portal.models.outbox import Outbox
from portal.models.penalty import PenaltyEntry
from portal.models.repair import RepairOrder
from portal.models.setting import SettingValue
from portal.models.task import DeadlineBreach, Task
from portal.permissions import Role
from portal.services import contracts, crew_ratings, penalties, repair_costs, repairs, tasks, warranties
from portal.services.crew_ratings import Period, Weights
from tests.services.test_repairs import Story, local, task_of


@pytest.fixture
def story(make: Any, clock: Any) -> Story:
    return Story(make, clock)


def told(story: Story, **more: Any) -> RepairOrder:
    order = story.reported(**more)
    story.checked(order, "ACTIVE")
    story.assigned(order, "RESPONSIBLE_CREW")
    return order


def begun(story: Story, **more: Any) -> RepairOrder:
    order = told(story, **more)
    story.on_site(order)
    story.act(repairs.start, order, actor=story.captain)
    return order


def closed(story: Story, order: RepairOrder) -> None:
    story.done(order)
    story.signed(order)
    story.act(repairs.close, order, repairs.CloseRepair(story.clock.now(), True), actor=story.specialist)


def fresh(order: RepairOrder) -> RepairOrder:
    session().expire_all()
    return session().get_one(RepairOrder, order.id)


def change(key: str, value: Any, at: Any) -> None:
    with transaction() as writing:
        writing.merge(SettingValue(key=key, value=value, updated_at=at))


def swept(story: Story) -> None:
    with transaction() as writing:
        tasks.sweep(writing, story.clock.now())
    session().expire_all()


def run_penalties() -> None:
    for row in session().scalars(select(Outbox).where(Outbox.kind == "propose_penalty")).all():
        with transaction() as writing:
            handlers()["propose_penalty"](writing, **row.payload)


def open_tasks(order: RepairOrder, title: str) -> list[Task]:
    query = select(Task).where(Task.record_kind == order.KIND, Task.record_id == order.id, Task.closed_at.is_(None))
    return [task for task in session().scalars(query) if task.title == title]


# ---------- Warranty ----------


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


# ---------- Visits ----------


def test_moving_a_visit_onto_another_asks_for_a_reason(story):
    first, second = told(story), told(story, trade="PAINT")
    at = story.clock.now() + timedelta(hours=4)
    story.act(repairs.move_visit, first, repairs.MoveVisit(at), actor=story.captain)
    near = at + timedelta(minutes=119)
    with pytest.raises(Invalid) as refusal:
        story.act(repairs.move_visit, second, repairs.MoveVisit(near), actor=story.specialist)
    assert set(refusal.value.fields) == {"overlap_reason"} and first.number in str(refusal.value)
    session().rollback()
    story.act(repairs.move_visit, second, repairs.MoveVisit(near, "同一小区顺路"), actor=story.specialist)
    assert fresh(second).overlap_reason == "同一小区顺路"
    free = repairs.MoveVisit(at + timedelta(minutes=120), "不再需要")
    story.act(repairs.move_visit, second, free, actor=story.specialist)
    assert fresh(second).overlap_reason is None  # nothing lies on it any more


def test_how_long_a_visit_takes_is_a_setting(story):
    change("repair_visit_minutes", 30, story.clock.now())
    first, second = told(story), told(story, trade="PAINT")
    at = story.clock.now() + timedelta(hours=4)
    for order, visit in ((first, at), (second, at + timedelta(minutes=30))):
        story.act(repairs.move_visit, order, repairs.MoveVisit(visit), actor=story.captain)
    assert fresh(second).appointment_at == at + timedelta(minutes=30)


def test_a_visit_that_was_moved_is_in_the_history_and_told_to_the_captain(story):
    order = told(story)
    story.act(repairs.move_visit, order, repairs.MoveVisit(story.clock.now()), actor=story.specialist)
    changes = [event.data["changes"] for event in session().scalars(select(Event).where(Event.kind == "CHANGE"))]
    assert any("appointment_at" in change for change in changes)
    assert session().scalars(select(Outbox.payload).where(Outbox.key.contains("visit-moved"))).one()["audiences"] == [
        "captain",
        "owner",
    ]


def test_no_visit_is_agreed_before_anybody_is_sent(story):
    order = story.reported()
    with pytest.raises(DomainError):
        story.act(repairs.move_visit, order, repairs.MoveVisit(story.clock.now()), actor=story.specialist)


def test_the_visits_of_a_day_in_the_order_they_are_made(story, make):
    other = make.user(Role.REPAIR_CAPTAIN, name="周二")
    late, early, tomorrow = told(story), told(story, trade="PAINT"), told(story, trade="BASIC")
    day = portal_clock.today(story.clock.now())
    for order, hour in ((late, 16), (early, 9)):
        story.act(repairs.move_visit, order, repairs.MoveVisit(portal_clock.at_local(day, hour)), actor=story.captain)
    at = portal_clock.at_local(day + timedelta(days=1), 0)
    story.act(repairs.move_visit, tomorrow, repairs.MoveVisit(at), actor=story.captain)
    found = repairs.visits(session(), story.specialist, day)
    assert [order.id for order in found] == [early.id, late.id]
    assert repairs.visits(session(), other, day) == []


# ---------- The shorter limit of urgent repairs ----------


@pytest.mark.parametrize(("on", "due"), [(False, "07-06 18:00"), (True, "07-06 13:00")])
def test_urgent_repairs_have_a_shorter_limit_when_it_is_switched_on(story, on, due):
    change("repair_urgent_clock", on, story.clock.now())
    order = told(story, urgency="URGENT")
    assert local(task_of(order, "DL-22").due_at) == due


def test_the_shorter_limit_is_not_for_normal_repairs(story):
    change("repair_urgent_clock", True, story.clock.now())
    assert local(task_of(told(story), "DL-22").due_at) == "07-06 18:00"


# ---------- Plan, parts, payment ----------


def test_a_new_problem_goes_into_the_plan_first(story):
    order = begun(story)
    done = story.clock.now() + timedelta(days=2)
    story.act(repairs.extend, order, repairs.Extend("墙内管道也锈蚀，一并更换", done), actor=story.captain)
    found = fresh(order)
    assert found.plan.splitlines() == ["更换接头，重做防水", "墙内管道也锈蚀，一并更换"]
    assert (found.state, found.planned_done_at) == ("REPAIRING", done)


def chargeable(story: Story, quote: str = "680.00") -> RepairOrder:
    order = told(story)
    story.on_site(order, "CUSTOMER_USE")
    story.act(repairs.quote, order, repairs.Quote(Decimal("280.00"), Decimal("400.00")), actor=story.captain)
    story.act(repairs.accept, order, repairs.AnswerQuote(story.clock.now(), "电话同意"), actor=story.specialist)
    return order


def finish_with(story: Story, order: RepairOrder, line: repairs.CostLine) -> None:
    story.photo(order, "AFTER")
    checks = story.ticked(order, "finish")
    command = repairs.FinishRepair("重做", story.clock.now(), True, (line,), checks=checks)
    story.act(repairs.finish, order, command, actor=story.captain)


def arrived(story: Story, order: RepairOrder, at: datetime) -> None:
    """The captain was there at that time, noted now."""
    story.photo(order, "BEFORE")
    checks = story.ticked(order, "arrive")
    command = repairs.Arrive(at, "CONSTRUCTION", "更换", at + timedelta(days=1), at, checks=checks)
    story.act(repairs.arrive, order, command, actor=story.captain)


def finished(story: Story, order: RepairOrder, amount: str, bearer: str = "CUSTOMER") -> None:
    line = repairs.CostLine("MATERIAL", "防水涂料", Decimal(amount), bearer, Decimal("2.5"), "桶")
    finish_with(story, order, line)


def test_the_customer_bears_no_more_than_the_accepted_quote(story):
    order = chargeable(story)
    with pytest.raises(ConditionsMissing):
        finished(story, order, "680.01")
    session().rollback()
    more = repairs.Extend("再换一段管", story.clock.now(), Decimal("100.00"), None, "电话同意加 100")
    story.act(repairs.extend, order, more, actor=story.captain)
    finished(story, order, "780.00")
    assert fresh(order).state == "DONE"


def test_a_higher_quote_needs_the_customers_consent(story):
    order = chargeable(story)
    more = repairs.Extend("再换一段管", story.clock.now(), Decimal("100.00"))
    with pytest.raises(Invalid) as refusal:
        story.act(repairs.extend, order, more, actor=story.captain)
    assert set(refusal.value.fields) == {"quote_note"}


def test_a_free_repair_costs_the_customer_nothing(story):
    with pytest.raises(ConditionsMissing):
        finished(story, begun(story), "1.00")


def test_parts_are_named_with_how_much_was_used(story):
    order = chargeable(story)
    finished(story, order, "680.00")
    (line,) = fresh(order).costs
    assert (line.measure, line.quantity, line.unit) == ("2.5 桶", Decimal("2.50"), "桶")


def test_a_paid_repair_is_not_filed_before_it_is_paid(story):
    """4.14: paid repairs have a payment record; 8.2 no. 6: quote 680.00, accepted, paid."""
    order = chargeable(story)
    finished(story, order, "680.00")
    story.signed(order)
    at = story.clock.now()
    with pytest.raises(ConditionsMissing):
        story.act(repairs.close, order, repairs.CloseRepair(at, True), actor=story.specialist)
    session().rollback()
    pay = repairs.RecordPayment(Decimal("600.00"), "WECHAT", at, "张建军", "WX-SJ-1")
    story.act(repairs.record_payment, order, pay, actor=story.captain)
    with pytest.raises(ConditionsMissing):
        story.act(repairs.close, order, repairs.CloseRepair(at, True), actor=story.specialist)
    session().rollback()
    for wrong, field in (("80.01", "amount"), ("80.00", "receipt_no")):
        twice = repairs.RecordPayment(Decimal(wrong), "CASH", at, "张建军", "WX-SJ-1" if field != "amount" else "X")
        with pytest.raises(Invalid) as refusal:
            story.act(repairs.record_payment, order, twice, actor=story.captain)
        assert field in refusal.value.fields
        session().rollback()
    rest = repairs.RecordPayment(Decimal("80.00"), "CASH", at, "张建军", "WX-SJ-2")
    story.act(repairs.record_payment, order, rest, actor=story.specialist)
    story.act(repairs.close, order, repairs.CloseRepair(at, True), actor=story.specialist)
    assert (fresh(order).state, fresh(order).still_owed) == ("CLOSED", Decimal("0.00"))


def test_nothing_is_paid_for_a_free_repair(story):
    pay = repairs.RecordPayment(Decimal("1.00"), "CASH", story.clock.now(), "张建军", "X")
    with pytest.raises(DomainError):
        story.act(repairs.record_payment, begun(story), pay, actor=story.captain)


# ---------- Calls and cost cases ----------


def test_a_longer_repair_is_called_about_every_three_days(story):
    order = begun(story)
    (task,) = open_tasks(order, repairs.INTERIM_CALL.message)
    assert (local(task.due_at)[:5], task.person_id) == ("07-09", story.specialist.id)
    story.clock.set("2026-07-09 09:00")
    call = repairs.RecordCall(story.clock.now(), True, "希望快一点", is_satisfied=True)
    story.act(repairs.record_call, order, call, actor=story.specialist)
    (task,) = open_tasks(order, repairs.INTERIM_CALL.message)
    assert local(task.due_at)[:5] == "07-12"
    missed = repairs.RecordCall(story.clock.now(), False, "无人接听")
    story.act(repairs.record_call, order, missed, actor=story.specialist)
    assert len(open_tasks(order, repairs.INTERIM_CALL.message)) == 1  # still to be called
    assert [call.is_reached for call in fresh(order).calls] == [True, False]
    story.done(order)
    assert open_tasks(order, repairs.INTERIM_CALL.message) == []


def test_the_call_after_the_repair_is_a_task_of_the_owner(story):
    order = begun(story)
    story.done(order)
    story.signed(order)
    task = task_of(order, "DL-23")
    assert (task.person_id, local(task.due_at)[:5]) == (story.specialist.id, "07-09")


def test_an_urgent_repair_of_a_departed_crew_has_its_case_asked_for(story):
    """4.15: urgent repairs start at once, the cost case follows within 2 working days."""
    order = story.reported(urgency="URGENT")
    story.checked(order, "DEPARTED")
    story.assigned(order)
    story.on_site(order)
    (task,) = open_tasks(order, repairs.COST_CASE.message)
    assert (local(task.due_at), task.person_id) == ("07-08 18:00", story.captain.id)
    draft = repair_costs.DraftCase("DEPARTED", Decimal("100"), Decimal("0"))
    story.act(repair_costs.draft, order, draft, actor=story.captain)
    assert open_tasks(order, repairs.COST_CASE.message) == []


def test_only_the_head_of_engineering_confirms(story, make):
    order = story.reported()
    story.checked(order)
    story.assigned(order)
    story.on_site(order)
    draft = repair_costs.DraftCase("DEPARTED", Decimal("100"), Decimal("0"))
    case = story.act(repair_costs.draft, order, draft, actor=story.captain)
    clerk = session().merge(make.party(department="ENGINEERING", is_head=False))
    command = repair_costs.ConfirmCase("CONSTRUCTION", True, clerk, story.clock.now())
    with pytest.raises(Invalid):
        story.act(repair_costs.confirm, case, command, actor=story.specialist)


# ---------- Proposals of penalties ----------


def test_a_crew_that_does_not_come_has_a_penalty_proposed_once(story):
    """DL-22, 4.18, 7.9 K-20: 200 yuan, with the evidence as it was, however often the job runs."""
    order = told(story)
    story.clock.advance(hours=8, minutes=1)
    swept(story)
    run_penalties()
    run_penalties()
    swept(story)
    run_penalties()
    (entry,) = session().scalars(select(PenaltyEntry)).all()
    assert (entry.number, entry.state, entry.rule, entry.amount) == (
        "JC-2026-0001",
        "PROPOSED",
        "K-20",
        Decimal("200.00"),
    )
    assert (entry.crew_id, entry.party_id, entry.occurrence_no) == (story.crew.id, story.crew.foreman_id, 1)
    task = task_of(order, "DL-22")
    assert entry.evidence["due_at"] == task.due_at.isoformat()
    assert (entry.evidence["clock"], entry.evidence["repair"], entry.evidence["crew"]) == (
        "DL-22",
        order.number,
        "刘大勇队",
    )
    with transaction() as writing:
        writing.get(Crew, story.crew.id).name = "另一个名字"
    assert session().get(PenaltyEntry, entry.id).evidence["crew"] == "刘大勇队"


def test_the_second_time_within_a_year_is_counted(story):
    told(story)
    story.clock.advance(hours=9)
    swept(story)
    run_penalties()
    told(story, trade="PAINT")
    story.clock.advance(hours=9)
    swept(story)
    run_penalties()
    assert sorted(session().scalars(select(PenaltyEntry.occurrence_no))) == [1, 2]


def test_the_rule_is_a_setting_and_its_amount_the_catalogues(story):
    change("repair_late_rule", "K-08", story.clock.now())
    told(story)
    story.clock.advance(hours=9)
    swept(story)
    run_penalties()
    (entry,) = session().scalars(select(PenaltyEntry)).all()
    assert (entry.rule, entry.amount, entry.kind) == ("K-08", None, "BY_DECISION")


def test_the_captains_own_team_has_no_penalty_proposed(story):
    order = story.reported()
    story.checked(order)
    story.assigned(order)
    story.clock.advance(hours=9)
    swept(story)
    run_penalties()
    assert session().scalars(select(PenaltyEntry)).all() == []


def test_a_takeover_after_the_limit_leaves_the_crew_liable(story):
    order = told(story)
    story.clock.advance(hours=9)
    swept(story)
    story.act(repairs.take_over, order, repairs.TakeOver("没人来"), actor=story.captain)
    run_penalties()
    assert session().scalars(select(PenaltyEntry.crew_id)).all() == [story.crew.id]


def test_an_arrival_that_was_noted_late_says_so(story):
    order = told(story)
    in_time = story.clock.now() + timedelta(hours=1)
    story.clock.advance(hours=9)
    swept(story)
    run_penalties()
    arrived(story, order, in_time)
    (entry,) = session().scalars(select(PenaltyEntry)).all()
    assert penalties.met_since(session(), entry).late_minutes == 0


# ---------- Rating of crews ----------

BY = Weights(Decimal(50), Decimal(30), Decimal(20), Decimal(1000))


@pytest.mark.parametrize(
    ("repairs_filed", "told_count", "again", "late", "cost", "score"),
    [
        (0, 0, 0, 0, "0.00", None),
        (4, 4, 0, 0, "0.00", "100.0"),
        (4, 4, 1, 0, "0.00", "87.5"),
        (4, 4, 0, 2, "0.00", "85.0"),
        (4, 0, 0, 0, "2000.00", "90.0"),
        (1, 1, 1, 1, "9999.00", "0.0"),
        (3, 3, 1, 1, "0.00", "73.3"),
    ],
)
def test_the_rating_by_hand(repairs_filed, told_count, again, late, cost, score):
    found = crew_ratings.score(repairs_filed, told_count, again, late, Decimal(cost), BY)
    assert (None if found is None else str(found)) == score


def filed_world(story: Story) -> None:
    """Five filed repairs of the crew, two of them late, one repaired again, one whose cost it bears; and one not filed."""
    for number in range(5):
        order = told(story, trade=("PAINT", "BASIC", "WOODWORK", "HARDWARE", "WATER_ELECTRIC")[number])
        if number < 2:
            story.clock.advance(hours=9)
            swept(story)
        story.on_site(order)
        story.act(repairs.start, order, actor=story.captain)
        if number == 4:
            line = repairs.CostLine("LABOUR", "返工", Decimal("300.00"), "CREW")
            finish_with(story, order, line)
        else:
            story.done(order)
        story.signed(order)
        if number == 3:
            again = repairs.Rework(story.clock.now(), "还松")
            story.act(repairs.rework, order, again, actor=story.specialist)
            story.done(order)
            story.signed(order)
        story.act(repairs.close, order, repairs.CloseRepair(story.clock.now(), True), actor=story.specialist)
    begun(story, trade="OTHER")


def test_every_figure_is_the_count_of_the_list_it_opens(story, make):
    filed_world(story)
    make.crew(name="没有维修的队")
    today = portal_clock.today(story.clock.now())
    period = Period(today - timedelta(days=30), today)
    rating = next(r for r in crew_ratings.of_crews(session(), story.manager, period) if r.crews[0].id == story.crew.id)
    assert (rating.repairs, rating.told, rating.reworked, rating.late, rating.costly) == (5, 5, 1, 2, 1)
    assert (rating.cost, rating.cost_per_repair) == (Decimal("300.00"), Decimal("60.00"))
    assert str(rating.score) == "76.8"  # 100 - 50/5 - 30·2/5 - 20·60/1000
    for filters, figure in (
        ((), rating.repairs), (("sent",), rating.told), (("again",), rating.reworked),
        (("crew-late",), rating.late), (("crew-cost",), rating.costly),
    ):  # fmt: skip
        url = crew_ratings.records_url(rating.crews, period, *filters)
        assert _listed(story, url) == figure, url


def _listed(story: Story, url: str) -> int:
    from urllib.parse import parse_qsl, urlsplit

    params = dict(parse_qsl(urlsplit(url).query))
    return engine.count(session(), story.manager, "repair-orders", params, at=story.clock.now())[0]


def test_a_foreman_is_rated_over_all_crews(story, make):
    second = make.crew(name="刘大勇二队", foreman_id=story.crew.foreman_id)
    closed(story, begun(story))
    order = story.reported(trade="BASIC")
    command = repairs.CheckRepair("YES", "在保", "ACTIVE", "免费", session().merge(second))
    story.act(repairs.check, order, command, actor=story.specialist)
    story.assigned(order, "RESPONSIBLE_CREW")
    story.on_site(order)
    story.act(repairs.start, order, actor=story.captain)
    closed(story, order)
    today = portal_clock.today(story.clock.now())
    (rating,) = crew_ratings.of_foremen(session(), story.manager, Period(today, today))
    assert (rating.repairs, len(rating.crews)) == (2, 2)
    assert _listed(story, crew_ratings.records_url(rating.crews, Period(today, today))) == 2


def test_nothing_is_rated_out_of_nothing(story):
    today = portal_clock.today(story.clock.now())
    (rating,) = crew_ratings.of_crews(session(), story.manager, Period(today, today))
    assert (rating.score, rating.rework_share, rating.late_share, rating.cost_per_repair) == (None, None, None, None)


def test_what_was_noted_late_and_happened_in_time_is_not_late(story):
    order = told(story)
    in_time = story.clock.now() + timedelta(hours=1)
    story.clock.advance(hours=9)
    swept(story)
    arrived(story, order, in_time)
    story.act(repairs.start, order, actor=story.captain)
    closed(story, order)
    assert session().scalars(select(DeadlineBreach.code)).all() == ["DL-22"]
    today = portal_clock.today(story.clock.now())
    (rating,) = crew_ratings.of_crews(session(), story.manager, Period(today, today))
    assert (rating.repairs, rating.late) == (1, 0)


# ---------- Pages ----------


def token(page: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', page.text)
    assert found, name
    return found[1]


def test_the_pages_of_a_crews_rating(story, sign_in):
    filed_world(story)
    browser = sign_in(story.specialist)
    page = browser.get("/records/crew-ratings", status=200)
    assert "76.8" in page.text and "刘大勇队" in page.text
    assert "–" in browser.get("/records/crew-ratings?from=2020-01-01&until=2020-01-02", status=200).text
    assert "日期无法识别" in browser.get("/records/crew-ratings?from=soon", status=200).text
    browser.get("/records/crew-ratings?by=foreman", status=200)
    crew = browser.get(f"/records/crews/{story.crew.number}", status=200).text
    assert "维修评价" in crew and "filter=filed%2Ccrew-late" in crew
    assert "维修评价" not in sign_in(story.captain).get(f"/records/crews/{story.crew.number}", status=200).text
    sign_in(story.captain).get("/records/crew-ratings", status=403)


def test_a_visit_is_moved_on_its_page(story, sign_in):
    first, second = told(story), told(story, trade="PAINT")
    at = portal_clock.at_local(portal_clock.today(story.clock.now()), 15)
    story.act(repairs.move_visit, first, repairs.MoveVisit(at), actor=story.captain)
    browser = sign_in(story.captain)
    path = f"/records/repair-orders/{second.number}/visit"
    shown = browser.get(path, status=200)
    sent = {"appointment_at": "2026-07-06T15:30", "overlap_reason": "", "version": token(shown, "version")}
    refused = browser.post(path, sent, status=422)
    assert first.number in refused.text and "2026-07-06T15:30" in refused.text
    browser.post(path, sent | {"overlap_reason": "顺路"}, status=303)
    page = browser.get(f"/records/repair-orders/{second.number}", status=200).text
    assert "顺路" in page and "uri.amap.com/search?keyword=" in page
    day = browser.get("/records/repair-orders/visits?day=2026-07-06", status=200).text
    assert f"与 {first.number} 时间冲突。理由：顺路" in day
    browser.post(path, sent | {"overlap_reason": "顺路"}, status=409)  # somebody was faster


def test_the_forms_of_a_captains_day_are_one_file_in_visiting_order(story, sign_in, make):
    late, early = told(story), told(story, trade="PAINT")
    day = portal_clock.today(story.clock.now())
    for order, hour in ((late, 16), (early, 9)):
        story.act(repairs.move_visit, order, repairs.MoveVisit(portal_clock.at_local(day, hour)), actor=story.captain)
    browser = sign_in(story.captain)
    assert "打印当天" in browser.get("/records/repair-orders/visits", status=200).text
    sent = {"day": day.isoformat(), "captain": str(story.captain.id)}
    answer = browser.post("/records/repair-orders/visits/print", sent, status=303)
    run = session().scalars(select(PrintRun)).one()
    assert (run.form, run.record_ids) == ("F-20", [early.id, late.id])
    assert answer.location.endswith(f"/prints/{run.id}")
    browser.post("/records/repair-orders/visits/print", sent | {"captain": "x"}, status=404)
    browser.post("/records/repair-orders/visits/print", sent | {"day": "soon"}, status=404)
    browser.post("/records/repair-orders/visits/print", sent | {"day": "2020-01-01"}, status=422)


def test_strange_days_are_no_error(story, sign_in):
    browser = sign_in(story.specialist)
    for day in ("x", "9999-12-31", "2026-13-01", "0001-01-01"):
        browser.get(f"/records/repair-orders/visits?day={day}&captain=x", status=200)


def test_a_payment_is_noted_on_its_page_once(story, sign_in):
    order = chargeable(story)
    browser = sign_in(story.captain)
    path = f"/records/repair-orders/{order.number}/payment"
    shown = browser.get(path, status=200)
    assert 'value="680.00"' in shown.text
    sent = {
        "client_key": token(shown, "client_key"), "amount": "680", "method": "WECHAT", "paid_by": "张建军",
        "paid_at": "2026-07-06T09:50", "receipt_no": "SJ-9",
    }  # fmt: skip
    browser.post(path, sent | {"amount": "681"}, status=422)
    browser.post(path, sent, status=303)
    browser.post(path, sent, status=303)
    assert [payment.amount for payment in fresh(order).payments] == [Decimal("680.00")]
    assert "微信支付" in browser.get(f"/records/repair-orders/{order.number}?tab=costs", status=200).text


def test_a_call_is_noted_on_its_page(story, sign_in):
    order = begun(story)
    browser = sign_in(story.specialist)
    path = f"/records/repair-orders/{order.number}/calls"
    shown = browser.get(path, status=200)
    sent = {
        "client_key": token(shown, "client_key"), "called_at": "2026-07-06T09:50", "is_reached": "yes",
        "is_satisfied": "no", "said": "",
    }  # fmt: skip
    browser.post(path, sent, status=422)
    browser.post(path, sent | {"said": "进度慢"}, status=303)
    assert "进度慢" in browser.get(f"/records/repair-orders/{order.number}?tab=calls", status=200).text
    sign_in(story.captain).get(path, status=403)


def test_parts_are_entered_line_by_line(story, sign_in):
    order = begun(story)
    story.photo(order, "AFTER")
    browser = sign_in(story.captain)
    path = f"/records/repair-orders/{order.number}/steps/finish"
    shown = browser.get(path, status=200)
    sent = {
        "version": token(shown, "version"), "done_at": "2026-07-06T09:50", "work_done": "换", "site_cleaned": "y",
        "labour_bearer": "COMPANY", "other_bearer": "COMPANY",
        **{f"part_{n}_bearer": "COMPANY" for n in (1, 2, 3)},
        "part_1_what": "角阀", "part_1_quantity": "2", "part_1_unit": "个", "part_1_amount": "36",
        "part_2_what": "生料带", "checks": [str(line) for line in story.ticked(order, "finish")],
    }  # fmt: skip
    refused = browser.post(path, sent, status=422)
    assert "费用是多少" in refused.text and "生料带" in refused.text
    browser.post(path, sent | {"part_2_amount": "0"}, status=303)
    assert [(line.what, line.measure, line.amount) for line in fresh(order).costs] == [
        ("角阀", "2 个", Decimal("36.00")),
        ("生料带", "", Decimal("0.00")),
    ]
    assert "2 个" in browser.get(f"/records/repair-orders/{order.number}?tab=costs", status=200).text


def test_the_cost_case_is_written_on_its_page(story, sign_in):
    order = story.reported()
    story.checked(order)
    story.assigned(order)
    story.on_site(order)
    browser = sign_in(story.captain)
    path = f"/records/repair-orders/{order.number}/cost-case"
    shown = browser.get(path, status=200)
    sent = {
        "client_key": token(shown, "client_key"), "crew_status": "DEPARTED", "estimate_material": "0",
        "estimate_labour": "120",
    }  # fmt: skip
    browser.post(path, sent | {"estimate_labour": "x"}, status=422)
    browser.post(path, sent, status=303)
    assert fresh(order).cost_case.estimate == Decimal("120.00")


def test_the_manager_reads_the_evidence_and_nobody_else(story, sign_in):
    told(story)
    story.clock.advance(hours=9)
    swept(story)
    run_penalties()
    manager = sign_in(story.manager)
    assert "JC-2026-0001" in manager.get("/records/penalties", status=200).text
    page = manager.get("/records/penalties/JC-2026-0001", status=200).text
    assert "不按期整改" in page and "WX-2026-0001" in page and "2026-07-06 18:00" in page
    for person in (story.specialist, story.captain, story.desk):
        sign_in(person).get("/records/penalties/JC-2026-0001", status=403)


def test_the_request_comes_from_a_call_a_complaint_and_the_code(story, sign_in):
    story.settled()
    certificate = story.issued()
    complaint = story.act(
        repairs.complain,
        story.reported(),
        repairs.Complain("拖延", "尽快", "LATE"),
        actor=story.specialist,
    )
    for person, query in (
        (story.desk, f"certificate={certificate.number}"),
        (story.specialist, f"certificate={certificate.number}"),
        (story.specialist, f"complaint={complaint.number}"),
        (story.specialist, f"customer={story.customer.number}"),
    ):
        page = sign_in(person).get(f"/records/repair-orders/new?{query}", status=200).text
        assert "张建军" in page and story.project.number in page, (person.role, query)
    sign_in(story.desk).get("/records/repair-orders/new?certificate=BX-0000-0000", status=200)


def test_the_complaint_is_filled_in_with_what_is_known(story, sign_in):
    order = told(story)
    story.clock.advance(hours=9)
    swept(story)
    page = sign_in(story.specialist).get(f"/records/repair-orders/{order.number}/steps/complain", status=200).text
    assert re.search(r'<option[^>]*value="LATE"[^>]*selected|<option selected[^>]*value="LATE"', page)
    assert "到 2026-07-06 18:00 仍无人到场（DL-22）。" in page


@pytest.mark.parametrize(("day", "said"), [("2028-07-03", "在保"), ("2028-07-10", "刚过"), ("2029-07-10", "已过")])
def test_the_check_shows_what_the_dates_say(story, sign_in, day, said):
    story.settled()
    story.issued()
    story.clock.set(f"{day} 10:00")
    order = story.reported(trade="PAINT")
    page = sign_in(story.specialist).get(f"/records/repair-orders/{order.number}/steps/check", status=200).text
    assert "2026-07-04 至 2028-07-03" in page.replace("年", "-").replace("月", "-") or "2028" in page
    assert said in page
