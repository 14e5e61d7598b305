"""A worker killed while it writes an export: taken up again, one file, nothing left lying."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import func, select

from portal.db import session, transaction
from portal.files.store import Store
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.customer import Customer
from portal.models.event import Event
from portal.models.export import Export
from portal.models.org import User
from portal.permissions import Role
from portal.services import exports
from portal.services.exports import Wanted
from tests.faults.conftest import problems

pytestmark = [pytest.mark.faults, pytest.mark.sqlite_only]

ROWS = 2_500


@pytest.mark.parametrize("form", ["CSV", "XLSX"])
@pytest.mark.parametrize("point", ["K6", "K7", "K8", "K9", "K1"])
def test_killed_while_it_writes(house, make, clock, config, point, form):
    """K7 is met after the first thousand rows, K8 and K9 around keeping the file, K1 before each commit."""
    manager, at = make.user(Role.MANAGER), clock.now()
    with transaction() as current:
        current.add_all(
            Customer(
                number=f"KH-2026-{number:05d}", name="张三", phone=f"138{number:08d}", phone_tail="0000",
                source="STORE", created_at=at, updated_at=at,
            )
            for number in range(ROWS)
        )  # fmt: skip
    house.store()
    house.worker(queue_name="fast")
    house.worker(queue_name="pdf", faults=house.once(point))
    with transaction() as current:
        wanted = Wanted(LISTINGS["customers"], State(sort="number"), "客户", ("number",), form)
        exports.begin(current, wanted, actor=current.get_one(User, manager.id), locale="zh_Hans", at=at)
    house.until(lambda: house.happened(point), "the fault is met")
    house.until_quiet(90)
    session().rollback()
    (export,) = session().scalars(select(Export)).all()
    assert (export.state, export.rows_done) == ("READY", ROWS), export.error
    store = Store.of(config)
    assert [kept.sha256 for kept in store.all()] == [export.sha256]
    assert store.verify(export.sha256)
    assert session().scalar(select(func.count(Event.id)).where(Event.action == "export")) == 1
    if form == "CSV":
        said = list(csv.reader(io.StringIO(store.read(export.sha256).decode("utf-8-sig"))))
        assert [row[0] for row in said[1:]] == [f"KH-2026-{number:05d}" for number in range(ROWS)]
    assert problems() == {}
