"""The help pages: drawn from the object, with the numbers of the person who looks, and nothing of other branches."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.db import transaction
from portal.flowchart import Standing
from portal.listing.registry import LISTINGS
from portal.permissions import Role, may
from portal.processes.complaint import PROCESS
from portal.processes.registry import PROCESSES
from portal.services import calendars, complaints, setting_changes
from portal.services.standings import standings
from tests.html import Page


@pytest.fixture
def register(session, make, clock):
    """A complaint received so many hours ago, registered by that specialist."""

    def enter(specialist, hours: float, **fields):
        customer = make.customer(branch_id=specialist.branch_id)
        at = clock.now() - timedelta(hours=hours)
        command = complaints.RegisterComplaint(
            complainant=customer.name, phone=customer.phone, phase="IN_SALE", category="QUALITY", subject="墙面开裂",
            content="墙面开裂", demand="返工", received_at=at, channel="PHONE", customer=customer, **fields,
        )  # fmt: skip
        with transaction() as writing:
            return complaints.register(writing, command, actor=specialist, at=at)

    return enter


def test_states_count_what_stands_there_and_what_is_late(session, make, clock, register):
    specialist = make.user(Role.SPECIALIST)
    for hours in (0.5, 1, 5):
        register(specialist, hours)
    done = register(specialist, 6)
    with transaction() as writing:
        command = complaints.Explain("NOT_ESTABLISHED", "与合同一致", "已说明")
        complaints.explain(writing, writing.merge(done), command, actor=writing.merge(specialist), at=clock.now())
    found = standings(session, specialist, PROCESS, at=clock.now())
    assert found == {"REGISTERED": Standing(3, 1), "EXPLAINED": Standing(1, 0)}


def test_other_branches_are_not_counted(session, make, clock, register):
    here, there = make.branch(), make.branch()
    mine, theirs = make.user(Role.SPECIALIST, branch_id=here.id), make.user(Role.SPECIALIST, branch_id=there.id)
    register(mine, 5)
    register(theirs, 5)
    assert standings(session, mine, PROCESS, at=clock.now()) == {"REGISTERED": Standing(1, 1)}
    boss = make.user(Role.MANAGER)
    assert standings(session, boss, PROCESS, at=clock.now()) == {"REGISTERED": Standing(2, 2)}


def test_counting_takes_one_query_however_many_rows(session, make, clock, register, queries):
    specialist = make.user(Role.SPECIALIST)
    for _ in range(3):
        register(specialist, 5)
    session.refresh(specialist)
    at = clock.now()
    with queries() as seen:
        standings(session, specialist, PROCESS, at=at)
    assert len([statement for statement in seen if statement.lstrip().upper().startswith("SELECT")]) == 1


@pytest.mark.parametrize("process", PROCESSES.values(), ids=lambda process: process.code)
def test_the_page_shows_every_state_step_condition_field_and_clock(sign_in, process):
    said = "".join(sign_in(Role.MANAGER).page(f"/records/processes/{process.code.lower()}").text)
    for state in process.states:
        assert str(state.label) in said and str(state.meaning) in said
    for step in process.transitions:
        assert str(step.label) in said
        for guard in step.guards:
            assert str(guard.label) in said
        for name in step.required:
            assert str(process.field_labels[name]) in said
    for clock in process.deadlines:
        assert clock.code in said and str(clock.label) in said
    for form in process.forms:
        assert form in said


def test_a_box_opens_the_list_of_its_state(sign_in, make, clock, register):
    client = sign_in(Role.SPECIALIST)
    register(client.user, 5)
    html = client.get("/records/processes/p09", status=200).text
    assert 'href="/records/complaints?filter=state.REGISTERED" aria-label="已登记，1 件，逾期 1，DL-10 · 3 时"' in html
    assert "未结 1 件" in html and 'id="step-hand-over-handed-over"' in html


def test_the_limit_in_force_is_shown_with_where_it_comes_from(sign_in, session, clock):
    client = sign_in(Role.MANAGER)
    assert "本公司已改" not in client.get("/records/processes/p09").text
    with transaction() as writing:
        setting_changes.change(
            writing, "clocks", {"complaint_visit_hours": ["72"]}, {"complaint_visit_hours": 0},
            actor=client.user, at=clock.now(),
        )  # fmt: skip
    html = client.get("/records/processes/p09").text
    assert "72 时" in html and "本公司已改" in html and "手册" in html


@pytest.mark.parametrize("role", Role)
def test_everybody_may_read_it_and_sees_only_numbers_of_records_they_may_see(sign_in, role):
    client = sign_in(role)
    assert "投诉处理" in client.get("/records/processes", status=200).text
    html = client.get("/records/processes/p09", status=200).text
    sees = may(role, LISTINGS["complaints"].permission)
    assert ("/records/complaints?filter=" in html) is sees
    assert ('href="/manager/settings"' in html) is (role is Role.MANAGER)


def test_the_matrix_is_the_permission_table(sign_in):
    html = sign_in(Role.SPECIALIST).get("/records/processes/p09").text
    matrix = html.split('id="matrix"')[1].split("</section>")[0]
    rows = [row for row in matrix.split("<tr>") if 'scope="row"' in row]
    assert len(rows) == len(PROCESS.transitions)
    for row, step in zip(rows, PROCESS.transitions, strict=True):
        cells = row.split("<td>")[1:]
        assert ['aria-label="可以"' in cell for cell in cells] == [may(role, step.permission) for role in Role]


def test_an_unknown_process_is_not_found(sign_in):
    client = sign_in(Role.SPECIALIST)
    for code in ("p99", "P09", "%3Cscript%3E"):
        client.get(f"/records/processes/{code}", status=404)


def test_the_page_needs_few_queries(sign_in, queries):
    client = sign_in(Role.MANAGER)
    for path in ("/records/processes", "/records/processes/p09"):
        with queries() as seen:
            client.get(path, status=200)
        assert len(seen) <= 15, seen


@pytest.mark.parametrize("language", ["en", "zh_Hant"])
def test_it_is_there_in_every_language(sign_in, session, language):
    client = sign_in(Role.SPECIALIST, locale=language)
    client.browser.set_cookie("locale", language)
    assert not Page(client.get("/records/processes/p09", status=200).text).check()
    assert calendars.current(session) is not None
