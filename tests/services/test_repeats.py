"""What happens again: which earlier records count, for whom, in how many questions, and by which indexes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from portal import visibility
from portal.db import session, transaction
from portal.metrics import Period
from portal.models.complaint import Complaint
from portal.models.follow_up import FollowUpTicket
from portal.models.repair import RepairOrder
from portal.models.survey import Survey
from portal.permissions import Role
from portal.reports import cases
from portal.services import repeats
from portal.services.repeats import Sort

DAY = timedelta(days=1)


@pytest.fixture
def house(make: Any, sign_in: Any, clock: Any) -> dict[str, Any]:
    me = sign_in(Role.SPECIALIST)
    crew, other_crew = make.crew(name="刘大勇队"), make.crew(name="孙海队")
    customer = make.customer()

    def project(estate: str, of_crew: Any, branch: Any = None) -> Any:
        owner = make.customer(branch_id=branch.id) if branch else customer
        return make.project(owner, property=make.property(owner, estate=estate), crew_id=of_crew.id)

    far = make.branch()
    return {
        "me": me, "at": clock.now(), "crew": crew, "far": far,
        "here": project("滨江花园", crew), "same-estate": project("滨江花园", other_crew),
        "same-crew": project("翠湖天地", crew), "elsewhere": project("书香门第", other_crew),
        "foreign": project("滨江花园", crew, far),
    }  # fmt: skip


def complaint(house: dict[str, Any], number: int, where: str, category: str, ago: timedelta, **more: Any) -> int:
    at: datetime = house["at"] - ago
    project = house[where]
    with transaction() as writing:
        made = Complaint(
            number=f"TS-2026-{number:04d}", state="REGISTERED", received_at=at, channel="PHONE", subject=f"投诉 {number}",
            complainant="张", phone="13800000000", customer_id=project.customer_id, project_id=project.id, phase="IN_SALE",
            category=category, content="话", demand="修好", branch_id=project.branch_id, created_at=at, updated_at=at, **more,
        )  # fmt: skip
        writing.add(made)
        writing.flush()
        return made.id


def repair(house: dict[str, Any], number: int, where: str, trade: str, ago: timedelta, **more: Any) -> int:
    at: datetime = house["at"] - ago
    project = house[where]
    with transaction() as writing:
        made = RepairOrder(
            number=f"WX-2026-{number:04d}", state="REPORTED", reported_at=at, channel="PHONE", reporter="张", phone="13800000000",
            address="滨江花园", customer_id=project.customer_id, project_id=project.id, trade=trade, symptom=f"维修 {number}",
            branch_id=project.branch_id, created_at=at, updated_at=at, **more,
        )  # fmt: skip
        writing.add(made)
        writing.flush()
        return made.id


def seen(user: Any, record: Any) -> dict[Sort, list[str]]:
    return {each.sort: [one.number for one in each.earlier] for each in repeats.of_record(session(), user, record)}


def test_which_earlier_records_count_for_a_complaint_and_a_repair(house, queries, make):
    user = house["me"].user
    new = complaint(house, 9, "here", "QUALITY", timedelta())
    complaint(house, 1, "same-estate", "SITE", 3 * DAY)
    complaint(house, 2, "elsewhere", "QUALITY", 90 * DAY)  # the last day that counts
    complaint(house, 3, "same-crew", "MONEY", 90 * DAY + timedelta(minutes=1))
    complaint(house, 4, "elsewhere", "QUALITY", -DAY)  # later than the record
    complaint(house, 5, "foreign", "QUALITY", DAY)  # of another branch
    repair(house, 1, "elsewhere", "PAINT", DAY, responsible_crew_id=house["crew"].id)
    repair(house, 2, "same-crew", "PAINT", 2 * DAY)
    repair(
        house, 3, "here", "PAINT", 4 * DAY, responsible_crew_id=house["same-estate"].crew_id
    )  # built by somebody else
    session().rollback()
    near = make.user(Role.SPECIALIST, branch_id=make.branch().id)
    record = session().get_one(Complaint, new)
    assert record.project.property.estate and near.branch_id and user.branch_id is None
    with queries() as asked:
        found = seen(user, record)
    assert [statement for statement in asked if "UNION ALL" in statement] and len(asked) <= 2  # and the settings
    assert found == {
        Sort.CREW: ["TS-2026-0005", "WX-2026-0001", "WX-2026-0002"],
        Sort.ESTATE: ["TS-2026-0005", "TS-2026-0001", "WX-2026-0003"],
        Sort.CATEGORY: ["TS-2026-0005", "TS-2026-0002"],
    }
    assert "TS-2026-0005" not in str(seen(near, record))
    assert seen(near, record)[Sort.CREW] == ["WX-2026-0001", "WX-2026-0002"]
    assert Sort.CATEGORY not in seen(near, record)  # one earlier one of a category says nothing
    assert seen(make.user(Role.REPAIR_CAPTAIN), record) == {}
    again = session().get_one(RepairOrder, repair(house, 4, "same-estate", "PAINT", timedelta(), cause="MATERIAL"))
    assert seen(user, again)[Sort.TRADE] == ["WX-2026-0001", "WX-2026-0002", "WX-2026-0003"]
    assert Sort.BAD_MATERIAL not in seen(user, again)
    complaint(house, 6, "elsewhere", "MATERIAL", DAY)
    repair(house, 5, "elsewhere", "BASIC", 2 * DAY, cause="MATERIAL")
    assert seen(user, again)[Sort.BAD_MATERIAL] == ["TS-2026-0006", "WX-2026-0005"]
    repair(house, 6, "elsewhere", "BASIC", 3 * DAY, material="瓷砖")
    repair(house, 7, "elsewhere", "BASIC", 3 * DAY, material="地板")
    named = session().get_one(RepairOrder, repair(house, 8, "same-estate", "PAINT", timedelta(), material="瓷砖"))
    assert seen(user, named)[Sort.MATERIAL] == ["WX-2026-0006"] and Sort.BAD_MATERIAL not in seen(user, named)


def test_slips_count_and_many_are_capped(house, sign_in):
    at, project = house["at"], house["here"]
    with transaction() as writing:
        survey = Survey(
            number="MY-2026-0001", state="SENT", kind="PERIODIC", customer_id=project.customer_id, contact_name="张",
            contact_phone="13800000000", questions=[], sent_at=at, created_at=at, updated_at=at,
        )  # fmt: skip
        writing.add(survey)
        writing.flush()
        writing.add(
            FollowUpTicket(
                number="LX-2026-0001", state="OPEN", survey_id=survey.id, customer_id=project.customer_id, project_id=project.id,
                problem="插座位置不对", department="ENGINEERING", handed_over_at=at - DAY, limit_at=at, limit_from=at, rounds=3,
                created_at=at, updated_at=at,
            )
        )  # fmt: skip
    for number in range(1, 25):
        complaint(house, number, "same-crew", "SITE", number * timedelta(hours=1) + 2 * DAY)
    session().rollback()
    record = session().get_one(Complaint, complaint(house, 99, "here", "QUALITY", timedelta()))
    crew = next(each for each in repeats.of_record(session(), house["me"].user, record) if each.sort is Sort.CREW)
    assert (crew.count, crew.is_capped, crew.earlier[0].number) == (20, True, "LX-2026-0001")
    slip = sign_in(Role.MANAGER).get("/records/follow-up-tickets/LX-2026-0001", status=200).text
    assert "重复发生" in slip and "同一施工队 20+" in slip


def test_the_banner_and_the_managers_page(house, sign_in, queries):
    complaint(house, 1, "same-estate", "SITE", 3 * DAY)
    complaint(house, 2, "same-crew", "SITE", 2 * DAY)
    complaint(house, 9, "here", "QUALITY", timedelta())
    repair(house, 1, "same-crew", "PAINT", DAY, material="防水涂料")
    repair(house, 2, "here", "PAINT", timedelta(), material="防水涂料")
    page = house["me"].get("/records/complaints/TS-2026-0009", status=200)
    banner = page.text[page.text.index("重复发生") :][:3000]
    assert "同一施工队 2" in banner and "同一小区 1" in banner and "/records/complaints/TS-2026-0002" in banner
    with queries() as asked:
        again = house["me"].get("/records/repair-orders/WX-2026-0002", status=200).text
    assert "同一施工队 2" in again and "同一材料 1" in again
    with queries() as asked:
        house["me"].get("/records/complaints/TS-2026-0009", status=200)
    assert len(asked) <= 15, len(asked)
    manager = sign_in(Role.MANAGER)
    with queries() as asked:
        text_of = manager.get("/manager/repeats", status=200).text
    assert len(asked) <= 15, len(asked)
    assert "刘大勇队" in text_of and "滨江花园" in text_of and "by=CREW&amp;value=" in text_of
    crew = house["crew"].id
    behind = manager.get(f"/manager/repeats?by=CREW&value={crew}", status=200).text
    assert "<h1>同一施工队 刘大勇队</h1>" in behind
    behind_it = manager.get("/manager/repeats?by=MATERIAL&value=防水涂料", status=200).text
    assert "WX-2026-0001" in behind_it and "WX-2026-0002" in behind_it and "TS-2026-0002" not in behind_it
    assert all(number in behind for number in ("TS-2026-0002", "TS-2026-0009", "WX-2026-0001", "WX-2026-0002")) and "TS-2026-0001" not in behind  # fmt: skip
    for query in ("by=CREW&value=x%27", "by=CREW&value=99999999999", "by=NOTHING&value=1", "by=ESTATE&value=%E9%97%A8"):
        manager.get(f"/manager/repeats?{query}", status=200)
    house["me"].get("/manager/repeats", status=403)


@pytest.mark.sqlite_only
def test_every_part_is_found_by_an_index(house):
    session().execute(text("ANALYZE"))
    user = house["me"].user
    statement = repeats._statement(visibility.placeholder(user), tuple(Sort), "complaints")
    assert statement is not None
    sql = str(statement._statement.compile(session().get_bind(), compile_kwargs={"render_postcompile": True}))
    rows = session().connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", tuple([1] * sql.count("?"))).all()
    plan = "\n".join(row[3] for row in rows)
    assert plan.count("ix_") >= 8, plan
    assert not [table for table in ("complaint", "repair_order", "project", "property") if f"SCAN {table}" in plan], (
        plan
    )


def test_the_report_names_what_came_again_in_its_week(house):
    """One new one of a crew or an estate is enough where another stood within 90 days; what did not come in the week is not named."""
    complaint(house, 1, "here", "QUALITY", DAY)
    repair(house, 1, "same-crew", "PAINT", 2 * DAY)
    complaint(house, 3, "same-estate", "SITE", 20 * DAY)
    complaint(house, 4, "elsewhere", "SITE", 30 * DAY)
    complaint(house, 5, "elsewhere", "QUALITY", 100 * DAY)
    session().rollback()
    user, at = house["me"].user, house["at"]
    found = repeats.again(session(), user, start=at - 7 * DAY, end=at)
    assert [(each.sort, each.row.name, each.new, each.row.total) for each in found] == [
        (Sort.CREW, "刘大勇队", 2, 2),
        (Sort.ESTATE, "滨江花园", 1, 2),
    ]
    shown = cases.repeats(session(), user, Period((at - 7 * DAY).date(), at.date()), at)
    assert [row[1] for row in shown.rows] == ["刘大勇队", "滨江花园"]
    complaint(house, 6, "elsewhere", "SITE", 3 * DAY)
    session().rollback()
    again = {each.sort: each for each in repeats.again(session(), user, start=at - 7 * DAY, end=at)}
    assert (again[Sort.CATEGORY].new, again[Sort.CATEGORY].row.total) == (1, 3), "of a category three are wanted"
