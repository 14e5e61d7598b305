"""Every list on a real database: pages, counts, rights, queries, plans."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import product

import pytest
from sqlalchemy import event, select

from portal import visibility
from portal.db import transaction
from portal.listing import engine
from portal.listing.kinds import search
from portal.listing.registry import LISTINGS
from portal.listing.state import State, from_args
from portal.models.complaint import Complaint
from portal.models.customer import Customer
from portal.models.task import Task
from portal.permissions import Role, may
from tests.turns import is_turn

MAY_SEE = {
    (role, kind)
    for role in Role
    for kind in ("customers", "parties", "crews", "branches", "tasks", "notices", "documents", "knowledge-articles")
} | {
    *((role, "consultations") for role in Role if role is not Role.REPAIR_CAPTAIN),
    *(
        (role, kind)
        for role in Role
        if role is not Role.FRONT_DESK
        for kind in (
            *("properties", "projects", "dispatch-orders", "completions", "complaints"),
            *(
                "stage-acceptances",
                "change-orders",
                "delays",
                "safety-notices",
                "weekly-reports",
                "supervisor-visits",
                "open-days",
                "follow-up-calls",
                "follow-up-tickets",
            ),
        )
    ),
    *(
        (role, kind)
        for role in (Role.SPECIALIST, Role.REVIEWER, Role.MANAGER)
        for kind in (
            *("contracts", "contract-templates", "quotations", "drawing-reviews", "review-findings"),
            *("pre-acceptances", "inspections", "rectification-notices"),
        )
    ),
    *((role, "lead-touches") for role in Role if role is not Role.REPAIR_CAPTAIN),
    *((role, "warranties") for role in Role if role is not Role.FRONT_DESK),
    *(
        (role, kind)
        for role in (Role.SPECIALIST, Role.REPAIR_CAPTAIN, Role.MANAGER)
        for kind in ("repair-orders", "repair-visits", "repair-cost-cases")
    ),
    *((role, kind) for role in (Role.FRONT_DESK, Role.SPECIALIST, Role.MANAGER) for kind in ("surveys", "suggestions")),
    *((role, "archive-loans") for role in Role if role is not Role.FRONT_DESK),
    *((role, "report-runs") for role in Role if role is not Role.REPAIR_CAPTAIN),
    (Role.SPECIALIST, "escalations"),
    (Role.MANAGER, "escalations"),
    (Role.MANAGER, "payment-vouchers"),
    *((role, kind) for role in (Role.SPECIALIST, Role.MANAGER) for kind in ("cancellations", "loss-notices")),
    *((role, "approvals") for role in (Role.SPECIALIST, Role.REPAIR_CAPTAIN, Role.MANAGER)),
    (Role.MANAGER, "users"),
    *((role, kind) for role in Role if role is not Role.FRONT_DESK for kind in ("penalties", "rewards")),
    *((role, kind) for role in (Role.SPECIALIST, Role.MANAGER) for kind in ("exports", "import-runs")),
}  # copied from domain 7.1


def every_filter(listing):
    yield ""
    yield from (item.key for item in listing.filters)
    for choice in listing.choices:
        yield f"{choice.key}.{next(iter(choice.terms)).value}" if choice.terms else f"{choice.key}.1"


def many_customers(session_factory_user, count: int, at) -> None:
    with transaction() as writing:
        writing.add_all(
            Customer(
                number=f"KH-2026-{number:04d}",
                name=f"张{number % 7}",
                phone=f"1380000{number:04d}",
                phone_tail=f"{number:04d}",
                source="STORE",
                created_at=at,
                updated_at=at,
            )
            for number in range(1, count + 1)
        )


@pytest.mark.parametrize("role", list(Role))
def test_each_role_opens_its_lists_and_no_other(sign_in, make, role):
    make.contract()
    client = sign_in(role)
    for kind in LISTINGS:
        client.get(f"/records/{kind}", status=200 if (role, kind) in MAY_SEE else 403)


@pytest.mark.parametrize("sort", ["", "name", "-name", "number", "-number", "created", "-created"])
def test_pages_follow_each_other_without_gap_or_double(sign_in, session, clock, sort):
    user = sign_in(Role.MANAGER).user
    many_customers(user, 200, clock.now())
    listing, state = LISTINGS["customers"], State(sort=sort)
    seen, firsts, last = [], [], None
    while state is not None:
        last = engine.page(session, user, listing, state, at=clock.now())
        seen += [row.id for row in last.rows]
        firsts.append(last.first)
        state = last.next
    assert (len(seen), len(set(seen)), firsts) == (200, 200, [1, 81, 161])
    back, state = [], last.previous
    while state is not None:
        page = engine.page(session, user, listing, state, at=clock.now())
        back = [row.id for row in page.rows] + back
        state = page.previous
    assert back == seen[:160]


def test_a_page_of_the_list_leads_on_and_back(sign_in, clock):
    client = sign_in(Role.MANAGER)
    many_customers(client.user, 100, clock.now())
    first = client.get("/records/customers", status=200).text
    onward = re.search(r'href="([^"]*after=[^"]*)"', first).group(1).replace("&amp;", "&")
    second = client.get(onward, status=200).text
    assert "81–100 / 100" in second and "KH-2026-0020" in second and "KH-2026-0021" not in second
    counted = re.search(r'href="([^"]*count=1[^"]*)"', first).group(1).replace("&amp;", "&")
    assert "100" in client.get(counted, check=False, status=200).text


def test_counting_stops_at_the_ceiling(sign_in, session, clock, monkeypatch):
    monkeypatch.setattr(engine, "CEILING", 50)
    user = sign_in(Role.MANAGER).user
    many_customers(user, 60, clock.now())
    assert engine.count(session, user, "customers", {}, at=clock.now()) == (50, True)
    assert engine.count(session, user, "customers", {"q": "张1"}, at=clock.now()) == (9, False)


def complaint_with_clock(make, clock, customer, *, owner, hours, number):
    at = clock.now()
    with transaction() as writing:
        complaint = Complaint(
            number=f"TS-2026-{number:04d}",
            state="REGISTERED",
            received_at=at,
            channel="PHONE",
            owner_id=owner.id,
            complainant=customer.name,
            phone=customer.phone,
            customer_id=customer.id,
            subject="漏水",
            phase="IN_SALE",
            category="QUALITY",
            content="漏水",
            demand="修好",
            created_at=at,
            updated_at=at,
        )
        writing.add(complaint)
        writing.flush()
        writing.add(
            Task(
                kind="DEADLINE",
                code="DL-10",
                title="Department signs for the complaint",
                record_kind="complaints",
                record_id=complaint.id,
                record_number=complaint.number,
                customer_name=customer.name,
                person_id=owner.id,
                started_at=at - timedelta(hours=1),
                due_at=at + timedelta(hours=hours),
            )
        )
    return complaint


def test_a_tile_counts_the_rows_of_the_list_it_opens(sign_in, make, session, clock):
    client, other = sign_in(Role.SPECIALIST), make.user(Role.SPECIALIST)
    for number, (owner, hours) in enumerate([(client.user, -2), (client.user, 3), (client.user, 30), (other, -1)], 1):
        complaint_with_clock(make, clock, make.customer(), owner=owner, hours=hours, number=number)
    expected = {
        "": 4,
        "open": 4,
        "mine": 3,
        "overdue": 2,
        "mine,overdue": 1,
        "today": 4 - 1,
        "soon": 1,
        "overdue,soon": 3,
        "state.CLOSED": 0,
        f"owner.{other.id}": 1,
        f"mine,owner.{other.id}": 4,
        "category.QUALITY,phase.IN_SALE": 4,
    }
    for filters, number in expected.items():
        assert engine.count(session, client.user, "complaints", {"filter": filters}, at=clock.now()) == (
            number,
            False,
        ), filters
        shown = client.get("/records/complaints", query={"filter": filters}, status=200).text
        assert shown.count('<tr class="line">') == number, filters


def test_the_most_urgent_stands_first_with_its_time_left(sign_in, make, clock):
    client = sign_in(Role.SPECIALIST)
    for number, hours in ((1, 30), (2, -2), (3, 3)):
        complaint_with_clock(make, clock, make.customer(), owner=client.user, hours=hours, number=number)
    shown = client.get("/records/complaints", status=200).text
    assert re.findall(r">TS-2026-000(\d)<", shown) == ["2", "3", "1"]
    assert "逾期 2 时" in shown
    clock.advance(hours=1)
    assert "逾期 3 时" in sign_in(client.user).get("/records/complaints", status=200).text


def test_a_changed_name_is_seen_at_once(sign_in, make, session):
    customer = make.customer(name="赵敏")
    client = sign_in(Role.MANAGER)
    assert "赵敏" in client.get("/records/customers").text
    with transaction():
        customer.name = "赵慧"
    shown = client.get("/records/customers").text
    assert "赵慧" in shown and "赵敏" not in shown


def test_what_people_wrote_is_never_markup(sign_in, make):
    make.customer(name="<b>MOVING</b>")
    make.party(name='"><script>alert(1)</script>'[:50])
    client = sign_in(Role.MANAGER)
    for kind in ("customers", "parties"):
        shown = client.get(f"/records/{kind}", status=200).text
        assert "<b>MOVING" not in shown and "<script>alert" not in shown


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "nonsense"},
        {"sort": "nonsense"},
        {"after": "nonsense"},
        {"q": "' OR 1=1 --"},
        {"q": "%_%"},
        {"filter": "x" * 5000},
        {"q": "长" * 5000},
        {"after": "WyIiLCJhIiwxLDJd", "sort": "name"},
    ],
)
def test_no_url_breaks_a_list(sign_in, make, query):
    make.contract()
    client = sign_in(Role.MANAGER)
    for kind in ("customers", "contracts", "complaints", "tasks"):
        assert client.get(f"/records/{kind}", query=query).status_code == 200


def test_queries_are_few_and_do_not_grow_with_the_rows(sign_in, make, clock, queries):
    client = sign_in(Role.SPECIALIST)
    contract = make.contract()
    complaint_with_clock(make, clock, contract.customer, owner=client.user, hours=3, number=1)
    paths = [f"/records/{kind}" for kind in LISTINGS if may(client.user, LISTINGS[kind].permission)]
    paths += [
        f"/records/{kind}/{number}"
        for kind, number in (
            ("customers", contract.customer.number),
            ("customers", f"{contract.customer.number}/household"),
            ("customers", f"{contract.customer.number}/edit"),
            ("properties", contract.project.property.number),
            ("projects", contract.project.number),
            ("contracts", contract.number),
        )
    ]
    before = {}
    for path in paths:
        client.get(path, status=200)
        with queries() as seen:
            client.get(path, status=200)
        before[path] = statements(seen)
        assert before[path] <= 15, f"{path}: {before[path]} queries\n" + "\n".join(seen)
    for number in range(2, 12):
        complaint_with_clock(make, clock, contract.customer, owner=client.user, hours=number, number=number)
        make.contract(make.project(contract.customer))
    for path in paths:
        with queries() as seen:
            client.get(path, status=200)
        assert statements(seen) <= before[path], f"{path}: {statements(seen)} after {before[path]}\n" + "\n".join(seen)


def statements(seen: list[str]) -> int:
    return sum(1 for statement in seen if statement.lstrip().upper().startswith(("SELECT", "WITH")))


BIG = {"customer", "property", "project", "contract", "complaint", "consultation", "task", "event"}


@pytest.mark.sqlite_only
@pytest.mark.parametrize("kind", [kind for kind, listing in LISTINGS.items() if listing.model.__tablename__ in BIG])
@pytest.mark.parametrize("role", [Role.MANAGER, Role.SPECIALIST])
@pytest.mark.parametrize("has_branch", [False, True])
def test_no_list_reads_a_large_table_whole(make, session, clock, kind, role, has_branch):
    """A walk in the order of an index that stops after a page is fine; reading all, then sorting, is not."""
    user = make.user(role, branch_id=make.branch().id if has_branch else None)
    listing = LISTINGS[kind]
    for filters in every_filter(listing):
        for q in ("", "张建军", "13800001234", "KH-2026-0001"):
            state, problems = from_args(listing, {"filter": filters, "q": q})
            assert not problems
            plan = plan_of(session, user, listing, state, clock.now())
            scans = [line for line in plan if re.match(rf"SCAN ({'|'.join(BIG)})\b(?! USING)", line)]
            walks = [line for line in scans if not any("TEMP B-TREE FOR ORDER BY" in other for other in plan)]
            wrong = [line for line in scans if line not in walks]
            assert not wrong, f"{kind} {filters!r} {q!r}: {wrong}\n" + "\n".join(plan)


def plan_of(session, user, listing, state, at) -> list[str]:
    """How SQLite carries out the statement of a page."""
    ran = []
    bind = session.get_bind()

    def note(_connection, _cursor, statement, parameters, *_rest) -> None:
        ran.append((statement, parameters))

    event.listen(bind, "before_cursor_execute", note)
    try:
        engine.page(session, user, listing, state, at=at)
    finally:
        event.remove(bind, "before_cursor_execute", note)
    statement, parameters = ran[-1]  # before it the words may have been looked at
    rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return [row[3] for row in rows]


@pytest.mark.sqlite_only
def test_what_is_late_is_found_by_the_clock_and_not_by_reading_all_tasks(make, session, clock):
    user = make.user(Role.SPECIALIST)
    state, _problems = from_args(LISTINGS["complaints"], {"filter": "mine,overdue"})
    plan = plan_of(session, user, LISTINGS["complaints"], state, clock.now())
    assert not [line for line in plan if line.startswith("SCAN task")], plan


@pytest.mark.parametrize("role", [Role.SPECIALIST, Role.REVIEWER, Role.MANAGER])
@pytest.mark.parametrize("has_branch", [False, True])
def test_a_list_shows_exactly_the_rows_that_exist_for_the_person(make, session, clock, monkeypatch, role, has_branch):
    """Lists are put together from parts; counts and exports ask by the rule itself. Both must mean the same rows."""
    here, elsewhere = make.branch(), make.branch()
    user = make.user(role, branch_id=here.id if has_branch else None)
    places = (None, here.id, elsewhere.id)
    for number, (of_customer, of_project) in enumerate((a, b) for a in places for b in places):
        customer = make.customer(branch_id=of_customer)
        project = make.project(customer, branch_id=of_project)
        make.contract(project, branch_id=of_project)
        complaint_with_clock(make, clock, customer, owner=user, hours=number - 4, number=number + 1)
    with transaction() as writing:
        for number, complaint in enumerate(writing.scalars(select(Complaint))):
            complaint.branch_id = places[number % 3]
    for kind, listing in LISTINGS.items():
        orders = [
            "",
            "id",
            "-id",
            *(sign + item.key for item in listing.columns if item.sort is not None for sign in ("", "-")),
        ]
        rule = set(session.scalars(select(listing.model.id).where(visibility.condition(user, listing.model))))
        for sort, few in product(orders, (3000, 0)):
            monkeypatch.setattr(search, "FEW", few)  # none: every branch is one of many rows
            engine._of_branch.cache_clear()
            shown = [row.id for row in engine.page(session, user, listing, State(sort=sort), at=clock.now()).rows]
            assert len(shown) == len(set(shown)) and set(shown) == rule, (kind, sort)
        assert engine.count(session, user, kind, {"filter": ""}, at=clock.now()) == (len(rule), False), kind
    engine._of_branch.cache_clear()


@pytest.mark.parametrize("sort", ["due", "-due"])
@pytest.mark.parametrize("has_branch", [False, True])
def test_pages_go_on_where_the_clocks_end(make, session, clock, monkeypatch, sort, has_branch):
    """What has no clock stands behind what has one, across pages and backwards."""
    monkeypatch.setattr(engine, "PAGE", 4)
    engine._page.cache_clear()
    branch = make.branch()
    user = make.user(Role.SPECIALIST, branch_id=branch.id if has_branch else None)
    customer = make.customer()
    for number in range(1, 12):
        complaint = complaint_with_clock(make, clock, customer, owner=user, hours=number // 2, number=number)
        with transaction() as writing:
            task = writing.scalars(select(Task).where(Task.record_id == complaint.id)).one()
            task.due_at = None if number % 5 == 0 else task.due_at
            task.closed_at = clock.now() if number % 3 == 0 else None
            writing.get_one(Complaint, complaint.id).branch_id = branch.id if number % 2 else None
    listing, state, seen, last = LISTINGS["complaints"], State(sort=sort), [], None
    while state is not None:
        last = engine.page(session, user, listing, state, at=clock.now())
        seen += [row.id for row in last.rows]
        state = last.next
    running = {
        task.record_id: task.due_at
        for task in session.scalars(select(Task).where(Task.closed_at.is_(None), Task.due_at.is_not(None)))
    }
    far = max(running.values()) + timedelta(days=1)
    expected = sorted(session.scalars(select(Complaint.id)), key=lambda key: (running.get(key, far), key))
    assert seen == (expected if sort == "due" else expected[::-1])
    back, state = [], last.previous
    while state is not None:
        page = engine.page(session, user, listing, state, at=clock.now())
        back = [row.id for row in page.rows] + back
        state = page.previous
    engine._page.cache_clear()
    assert back + [row.id for row in last.rows] == seen


@pytest.mark.parametrize("sort", ["signed", "-signed"])
@pytest.mark.parametrize("has_branch", [False, True])
def test_pages_go_on_where_the_days_end(make, session, clock, monkeypatch, sort, has_branch):
    """What has no day stands behind what has one, across pages and backwards."""
    monkeypatch.setattr(engine, "PAGE", 4)
    engine._page.cache_clear()
    user = make.user(Role.MANAGER, branch_id=make.branch().id if has_branch else None)
    days = [None if number % 3 == 0 else date(2026, 9, 1 + number % 4) for number in range(1, 12)]
    made = [make.contract(state="NEGOTIATING" if day is None else "SIGNED", signed_on=day).id for day in days]
    listing, state, seen, last = LISTINGS["contracts"], State(sort=sort), [], None
    while state is not None:
        last = engine.page(session, user, listing, state, at=clock.now())
        seen += [row.id for row in last.rows]
        state = last.next
    known = dict(zip(made, days, strict=True))
    expected = sorted(made, key=lambda key: (known[key] or date.max, key))
    assert seen == (expected if sort == "signed" else expected[::-1])
    back, state = [], last.previous
    while state is not None:
        page = engine.page(session, user, listing, state, at=clock.now())
        back = [row.id for row in page.rows] + back
        state = page.previous
    engine._page.cache_clear()
    assert back + [row.id for row in last.rows] == seen


@pytest.mark.parametrize("q", ["王", "王伟", "翠湖", "TS-2026", "138", "王 翠湖", "KH-2026 王", "翠湖天地 5-1-1802"])
def test_few_and_many_find_the_same(make, session, clock, monkeypatch, q):
    """A word that many records fit is tried on each row instead of gathered; what is found is the same."""
    user = make.user(Role.SPECIALIST, branch_id=make.branch().id)
    for number, name in enumerate(["王伟", "王磊", "李伟", "王小伟", "赵敏"], 1):
        customer = make.customer(name=name, phone=f"1380000{number:04d}")
        make.contract(make.project(customer))
        complaint_with_clock(make, clock, customer, owner=user, hours=number, number=number)
    for place, (kind, listing) in enumerate(LISTINGS.items(), len(q)):
        if not is_turn(place):
            continue
        found = []
        for few in (3000, 0):
            monkeypatch.setattr(search, "FEW", few)
            search._asked.clear()
            state, _problems = from_args(listing, {"filter": "", "q": q})
            shown = [row.id for row in engine.page(session, user, listing, state, at=clock.now()).rows]
            assert engine.count_state(session, user, listing, state, at=clock.now())[0] == len(shown)
            found.append(shown)
        assert found[0] == found[1], kind
    search._asked.clear()


def test_a_customer_with_several_works_stands_on_one_page_once(make, session, clock, monkeypatch):
    """People of a branch find customers of another one through each of their works here; a page is full all the same."""
    monkeypatch.setattr(engine, "PAGE", 4)
    engine._page.cache_clear()
    here, elsewhere = make.branch(), make.branch()
    user = make.user(Role.SPECIALIST, branch_id=here.id)
    customers = [make.customer(branch_id=elsewhere.id) for _number in range(6)]
    for customer in customers:
        for _number in range(3):
            make.project(customer, branch_id=here.id)
    seen, state = [], State()
    while state is not None:
        page = engine.page(session, user, LISTINGS["customers"], state, at=clock.now())
        seen.append([row.id for row in page.rows])
        state = page.next
    engine._page.cache_clear()
    newest = sorted((customer.id for customer in customers), reverse=True)
    assert seen == [newest[:4], newest[4:]]


def test_a_customer_whom_a_store_has_in_several_ways_is_counted_once(make, session, clock, monkeypatch):
    """Its own, nobody's, and those of others whose home it renovates; with and without more that narrows them."""
    here, elsewhere = make.branch(), make.branch()
    user = make.user(Role.SPECIALIST, branch_id=here.id)
    kept = make.customer(branch_id=elsewhere.id)
    for place, works in product((here, elsewhere, None), (0, 1, 2)):
        customer = make.customer(branch_id=place and place.id, grade="A" if works else "C")
        for _number in range(works):
            make.project(customer, branch_id=here.id)
        make.project(customer, branch_id=elsewhere.id)
    gone = make.customer(branch_id=elsewhere.id)
    make.project(gone, branch_id=here.id)
    gone.merged_into_id = kept.id
    session.commit()
    for query in ({}, {"filter": "grade.A"}, {"filter": "grade.C"}, {"filter": "new-today,grade.A"}, {"q": "KH"}):
        state = from_args(LISTINGS["customers"], query)[0]
        shown = engine.page(session, user, LISTINGS["customers"], state, at=clock.now()).rows
        assert len(shown) == (6 if "grade.A" in query.get("filter", "") else 2 if "filter" in query else 8), query
        for ceiling in (10_000, len(shown), len(shown) - 1, 1):
            monkeypatch.setattr(engine, "CEILING", ceiling)
            told = min(ceiling, len(shown)), ceiling < len(shown)
            asked = [("customers", query), ("customers", {"filter": "no-messages"}), ("customers", query)]
            counted = engine.count_many(session, user, asked, at=clock.now())
            assert counted == [told, (0, False), told], (query, ceiling)
