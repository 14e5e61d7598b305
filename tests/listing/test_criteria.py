"""Conditions of one's own: what can be said, what the database makes of it, and what happens to nonsense."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal import hanzi
from portal.db import transaction
from portal.listing import criteria, engine, groups, passages
from portal.listing.criteria import SPANS, Asked, Group, Unreadable, operators
from portal.listing.fields import Kind, fields_of
from portal.listing.registry import LISTINGS
from portal.listing.state import from_args
from portal.models.complaint import ComplaintDepartment
from portal.models.task import Task
from portal.permissions import Role
from tests.listing import rows

COMPLAINTS, CONTRACTS = LISTINGS["complaints"], LISTINGS["contracts"]
AT = datetime(2026, 10, 15, 1, 0, tzinfo=UTC)


def values_of(field, operator):
    if operator.span:
        return st.tuples(st.sampled_from(sorted(SPANS)))
    count = operator.values
    one = {
        Kind.TEXT: st.text("漏水%_/aB", min_size=1, max_size=4),
        Kind.PLACES: st.text("漏水%_/aB1-", min_size=1, max_size=4),
        Kind.PASSAGES: st.text("漏水%_/aB", min_size=2, max_size=4),
        Kind.NUMBER: st.integers(-10, 300_000).map(str),
        Kind.DAY: st.dates(date(2026, 9, 1), date(2026, 11, 1)).map(str),
        Kind.MOMENT: st.dates(date(2026, 9, 1), date(2026, 11, 1)).map(str),
        Kind.TERM: st.sampled_from(
            [value for value, _label in field.choice.values] if field.kind is Kind.TERM else [""]
        ),
        Kind.LINK: st.integers(1, 4).map(str),
    }.get(field.kind)
    if count == 0 or one is None:
        return st.just(())
    return st.lists(one, min_size=count or 1, max_size=count or 3).map(tuple)


def questions_of(listing):
    pairs = [(field, operator) for field in fields_of(listing).values() for operator in operators(field)]
    return st.sampled_from(pairs).flatmap(
        lambda pair: values_of(*pair).map(lambda values: Asked(pair[0].key, pair[1].key, values))
    )


def groups_of(listing):
    parts = st.recursive(
        questions_of(listing),
        lambda inner: st.builds(Group, st.sampled_from(["all", "any", "none"]), st.lists(inner, max_size=3).map(tuple)),
        max_leaves=5,
    )
    return st.builds(Group, st.sampled_from(["all", "any", "none"]), st.lists(parts, max_size=3).map(tuple))


def depth(part):
    return 1 + max((depth(each) for each in part.parts), default=0) if isinstance(part, Group) else 0


@pytest.mark.parametrize("kind", sorted(LISTINGS))
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_what_is_said_can_be_read_again(kind, data):
    listing = LISTINGS[kind]
    group = data.draw(groups_of(listing).filter(lambda group: depth(group) <= criteria.DEEPEST))
    assert criteria.read(listing, criteria.write(group)) == group
    assert criteria.words(listing, group, lambda field, value: value) is not None


NONSENSE = [
    "", "x", "{}", "[]", "null", '"all"', '["all",1]', '["all",["state"]]', '["all",["state","is"]]', '["state","is","NEW"]',
    '["all",["nothing","is","1"]]', '["all",["state","contains","x"]]', '["all",["state","is","GONE"]]',
    '["all",["received","in","next-eon"]]', '["all",["received","on","2026-13-01"]]', '["all",["received","on","0001-01-01"]]',
    '["all",["owner","is","1e3"]]', '["all",["owner","is","-1"]]', '["all",["owner","is","99999999999999999999"]]',
    '["all",["subject","contains"," "]]', '["some",["subject","contains","x"]]', "[" * 2_000,
    '["all",["any",["all",["any",["subject","filled"]]]]]', json.dumps(["all", *[["subject", "filled"]] * 21]),
    json.dumps(["all", ["subject", "contains", "长" * 5_000]]), '["all",["owner","me","1"]]', '["all",["subject","filled",""]]',
]  # fmt: skip


@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_left_out_and_said(text):
    with pytest.raises(Unreadable):
        criteria.read(COMPLAINTS, text)
    state, problems = from_args(COMPLAINTS, {"where": text, "filter": ""})
    assert state.where == "" and (problems == [criteria.UNREADABLE] if text else not problems)


@pytest.mark.parametrize("text", NONSENSE)
def test_a_page_with_nonsense_is_a_page(sign_in, text):
    sign_in(Role.MANAGER).get("/records/complaints", query={"where": text}, status=200)


@pytest.mark.parametrize(
    ("name", "today", "days"),
    [
        ("this-week", "2026-10-15", ("2026-10-12", "2026-10-19")),
        ("last-month", "2026-01-31", ("2025-12-01", "2026-01-01")),
        ("next-month", "2026-12-15", ("2027-01-01", "2027-02-01")),
        ("this-quarter", "2026-12-31", ("2026-10-01", "2027-01-01")),
        ("last-year", "2026-10-15", ("2025-01-01", "2026-01-01")),
        ("last-7-days", "2026-10-15", ("2026-10-09", "2026-10-16")),
    ],
)
def test_spans_are_whole_days(name, today, days):
    assert tuple(map(str, criteria.span(name, date.fromisoformat(today)))) == days


@settings(deadline=None)
@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.sampled_from(sorted(SPANS)))
def test_every_span_is_a_stretch_around_its_day(today, name):
    start, end = criteria.span(name, today)
    assert start < end and end - start <= timedelta(days=366)


def holds(part, row) -> bool:
    """What the conditions mean, told without a database."""
    if isinstance(part, Group):
        found = [holds(each, row) for each in part.parts]
        return {"all": all(found), "any": any(found), "none": not any(found)}[part.how]
    field = fields_of(CONTRACTS)[part.field]
    if field.kind is Kind.PASSAGES:
        return (passages.meant(part.values[0]) in hanzi.folded(row.remarks or "")) is (part.operator == "contains")
    value, given = getattr(row, field.column.key), part.values
    if part.operator in ("empty", "filled"):
        return (value is None or value == "") is (part.operator == "empty")
    if part.operator == "lacks":
        return value is None or given[0].strip().lower() not in value.lower()
    if part.operator == "not":
        return value is None or str(value) not in given
    if value is None or part.operator == "me":
        return False
    match field.kind, part.operator:
        case (Kind.TEXT, "contains"):
            return given[0].strip().lower() in value.lower()
        case (Kind.TEXT, "begins"):
            return value.lower().startswith(given[0].strip().lower())
        case (Kind.TEXT, "equals"):
            return value == given[0].strip()
        case (Kind.NUMBER, operator):
            least, most = min(map(Decimal, given)), max(map(Decimal, given))
            return {
                "eq": value == least,
                "least": value >= least,
                "most": value <= most,
                "between": least <= value <= most,
            }[operator]
        case (Kind.DAY, "in"):
            start, end = criteria.span(given[0], AT.date())
            return start <= value < end
        case (Kind.DAY, operator):
            least, most = min(map(date.fromisoformat, given)), max(map(date.fromisoformat, given))
            return {
                "on": value == least,
                "from": value >= least,
                "until": value <= least,
                "between": least <= value <= most,
            }[operator]
        case _:
            return str(value) in given


def test_the_database_finds_what_the_conditions_mean(make, session, app):
    rows = [
        make.contract(number=number, amount=Decimal(amount), signed_on=signed, state=state, remarks=remarks)
        for number, amount, signed, state, remarks in (
            ("漏水-1", 100_000, date(2026, 10, 1), "SIGNED", "水漏水a"), ("aB_%/2", 1, None, "NEGOTIATING", None),
            ("B漏", 168_000, date(2026, 10, 14), "SIGNED", "AB%_/漏"), ("水a", 299_999, date(2026, 9, 30), "SIGNED", "漏漏"),
        )
    ]  # fmt: skip
    manager = make.user(Role.MANAGER)

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(groups_of(CONTRACTS).filter(lambda group: depth(group) <= criteria.DEEPEST))
    def agree(group):
        args = {"filter": "", "where": criteria.write(group)}
        state, problems = from_args(CONTRACTS, args)
        assert not problems
        found = {row.number for row in engine.page(session, manager, CONTRACTS, state, at=AT).rows}
        assert found == {row.number for row in rows if holds(group, row)}
        assert engine.count(session, manager, "contracts", args, at=AT) == (len(found), False)

    agree()


def found(session, user, *parts):
    where = {"filter": "", "where": json.dumps(["all", *parts])}
    statement, values = engine.ids(session, user, "complaints", where, at=AT)
    return set(session.scalars(statement, values))


def test_complaints_are_asked_for_what_is_due_and_by_department(session, make):
    """What runs out next week, and who answers for it: what stands beside the complaint counts as its own."""
    user, customer = make.user(Role.MANAGER), make.customer()
    monday = datetime(2026, 10, 19, 1, 0, tzinfo=UTC)
    due = (monday, monday + timedelta(days=8), None, monday - timedelta(days=3))
    ids = [rows.complaint(user, customer, number, AT, moment) for number, moment in enumerate(due, 1)]
    with transaction() as writing:
        later = Task(
            kind="DEADLINE", record_kind="complaints", record_id=ids[3], record_number="TS-2026-0004", title="后一项",
            started_at=AT, due_at=monday, warn_at=AT,
        )  # fmt: skip
        old, new = (
            ComplaintDepartment(complaint_id=ids[0], department=department, replaced_at=replaced)
            for department, replaced in (("DESIGN", AT), ("ENGINEERING", None))
        )
        writing.add_all([later, old, new])
    assert found(session, user, ["due", "in", "next-week"]) == {ids[0]}  # of the fourth something else runs out first
    assert found(session, user, ["due", "empty"]) == {ids[2]}
    assert found(session, user, ["due", "filled"]) == {ids[0], ids[1], ids[3]}
    assert found(session, user, ["departments", "is", "ENGINEERING"]) == {ids[0]}
    assert found(session, user, ["departments", "is", "DESIGN"]) == set()  # handed on
    assert found(session, user, ["departments", "not", "ENGINEERING"]) == set(ids[1:])
    assert found(session, user, ["departments", "empty"]) == set(ids[1:])
    assert "due" not in {each.field.key for each in groups.groupings(COMPLAINTS)}
