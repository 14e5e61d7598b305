"""Statements made once are filled and read as the library itself would do it, on both databases."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import bindparam, func, literal, select, union_all

from portal.db import UtcDateTime
from portal.models.contract import Contract, ContractState
from portal.models.customer import Customer
from portal.prepared import Prepared


def test_values_come_back_as_the_library_reads_them(make, session):
    contract = make.contract()
    columns = (Contract.number, Contract.amount, Contract.signed_on, Contract.created_at, Customer.sms_opt_out)
    statement = select(*columns).join(Customer).where(Contract.id == bindparam("key"))
    found = Prepared(statement).rows(session, {"key": contract.id})
    assert found == [tuple(row) for row in session.execute(statement, {"key": contract.id})]
    assert [type(value) for value in found[0]] == [
        type(value) for value in (contract.number, contract.amount, contract.signed_on, contract.created_at, False)
    ]


def test_what_stands_in_the_statement_is_kept_as_its_type_says(make, session, clock):
    """Constants, members of lists and placeholders: a moment is compared in the form in which it is stored."""
    make.contract()
    later = clock.now() + timedelta(seconds=1)
    known = [ContractState.SIGNED, ContractState.DRAFT]
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
