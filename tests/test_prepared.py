"""Statements made once are filled and read as the library itself would do it, on both databases."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import bindparam, column, func, literal, select, table, union_all
from sqlalchemy.exc import DBAPIError

from portal.db import UtcDateTime
from portal.models.contract import Contract, ContractState
from portal.models.customer import Customer
from portal.prepared import CONNECTION, Prepared


def test_values_come_back_as_the_library_reads_them(make, session):
    contract = make.contract()
    columns = (Contract.number, Contract.amount, Contract.signed_on, Contract.created_at, Customer.sms_opt_out)
    statement = select(*columns).join(Customer).where(Contract.id == bindparam("key"))
    found = Prepared(statement).rows(session, {"key": contract.id})
    assert found == [tuple(row) for row in session.execute(statement, {"key": contract.id})]
    assert [type(value) for value in found[0]] == [
        type(value) for value in (contract.number, contract.amount, contract.signed_on, contract.created_at, False)
    ]


def test_who_asks_first_at_the_same_moment_reads_all_the_same(make, session):
    """Two threads make the form of a question that was never asked: the second must not take the readers of the first."""
    make.contract()
    question = Prepared(select(Contract.number, Contract.signed_on))
    dialect = session.get_bind().dialect
    found = question.raw(session, {})
    question._form(dialect)
    assert [question.reader(session)(row) for row in found] == question.rows(session, {})


def test_what_stands_in_the_statement_is_kept_as_its_type_says(make, session, clock):
    """Constants, members of lists and placeholders: a moment is compared in the form in which it is stored."""
    make.contract()
    later = clock.now() + timedelta(seconds=1)
    known = [ContractState.SIGNED, ContractState.NEGOTIATING]
    conditions = (
        Contract.state.in_(known),
        Contract.amount > Decimal("0.01"),
        Contract.created_at < later,
        Contract.created_at < bindparam("until", type_=UtcDateTime()),
    )
    asked = Prepared(select(func.count(), literal(later, UtcDateTime())).select_from(Contract).where(*conditions))
    assert asked.rows(session, {"until": later, "unused": 1}) == [(1, later)]
    assert asked.rows(session, {"until": clock.now() - timedelta(days=1)}) == [(0, later)]


def test_unions_are_read_too(make, session):
    make.contract()
    both = union_all(select(Contract.created_at), select(Customer.created_at))
    assert len(Prepared(both).rows(session, {})) == 2
    assert all(moment.tzinfo for (moment,) in Prepared(both).rows(session, {}))


def test_nothing_found_is_none(session):
    assert Prepared(select(Contract.id)).scalar(session, {}) is None


def test_whoever_listens_to_the_cursors_hears_of_it(make, session, queries):
    make.contract()
    with queries() as seen:
        Prepared(select(Contract.id)).rows(session, {})
    assert [statement.split()[0] for statement in seen] == ["SELECT"]


def test_what_the_database_refuses_is_an_error_of_the_library(session):
    with pytest.raises(DBAPIError):
        Prepared(select(column("nothing")).select_from(table("nowhere"))).rows(session, {})
    session.rollback()
    assert Prepared(select(literal(1))).scalar(session, {}) == 1


def test_the_connection_is_the_one_of_the_present_transaction(make, session):
    number = make.contract().number
    asked = Prepared(select(Contract.number))
    assert asked.scalar(session, {}) == number
    session.rollback()
    assert CONNECTION not in session.info
    assert asked.scalar(session, {}) == number
    assert session.info[CONNECTION] is session.connection()
