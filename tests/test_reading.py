"""Whole records for pages that only read: as the library loads them, and nothing is fetched behind the page's back."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect
from sqlalchemy.orm.exc import DetachedInstanceError

from portal.models.contract import Contract
from portal.models.project import Project
from portal.permissions import Role
from portal.reading import Asked, Whole

NAMED = Whole(Project, ("customer", "property", "property.customer", "project_manager", "foreman"))


@pytest.fixture
def project(make):
    """A project with a manager and no foreman."""
    return make.project(make.customer(name="苏敏"), project_manager_id=make.party(name="石磊").id)


def test_a_record_is_as_the_library_loads_it(make, session, project):
    found = NAMED.by_number(session, make.user(Role.MANAGER), project.number)
    loaded = session.get_one(Project, project.id)
    for column in inspect(Project).column_attrs:
        assert getattr(found, column.key) == getattr(loaded, column.key), column.key
    assert (found.customer.name, found.property.customer.name, found.project_manager.name) == ("苏敏", "苏敏", "石磊")
    assert found.property.address == loaded.property.address
    assert found.foreman is None
    assert isinstance(found, Project)
    assert found not in session
    assert not session.dirty


def test_what_was_not_named_raises(make, session, project):
    found = NAMED.by_number(session, make.user(Role.MANAGER), project.number)
    with pytest.raises(DetachedInstanceError):
        _ = found.designer
    with pytest.raises(DetachedInstanceError):
        _ = found.customer.owner


def test_what_one_may_not_see_is_not_there(make, session, project):
    elsewhere = make.user(Role.SPECIALIST, branch_id=make.branch().id)
    theirs = make.project(make.customer(branch_id=make.branch().id))
    assert NAMED.by_number(session, elsewhere, theirs.number) is None
    assert NAMED.by_number(session, elsewhere, "XM-NONE") is None


def test_many_come_in_the_order_of_the_relation_with_their_own_paths(make, session):
    customer = make.customer()
    contracts = [make.contract(make.project(customer)) for _time in range(3)]
    asked = Asked(Contract, ("customer",), (Contract.customer_id == customer.id,), (Contract.id.desc(),))
    found = asked.all(session, {})
    assert [contract.id for contract in found] == sorted((contract.id for contract in contracts), reverse=True)
    assert {contract.customer.name for contract in found} == {customer.name}
    numbered = Asked(Contract, ("customer",), (Contract.customer_id == customer.id,), also=(Contract.number,))
    for contract, beside in numbered.beside(session, {}):
        assert beside == (contract.number,)
