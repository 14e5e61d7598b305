"""A document worker killed around the file it writes: one document, one file, nothing left lying."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.db import session, transaction
from portal.files.store import Store
from portal.models.complaint import Complaint
from portal.models.document import Document
from portal.services import documents
from portal.services.documents import FORMS
from tests.documents import world
from tests.factories import tell_the_history
from tests.faults.conftest import problems

pytestmark = [pytest.mark.faults, pytest.mark.pdf, pytest.mark.sqlite_only]


@pytest.mark.parametrize("point", ["K6", "K8", "K9", "K7"])
def test_killed_around_the_file(house, make, clock, config, point):
    complaint = world.registered(make, clock)
    tell_the_history(clock.now())
    house.store()
    house.worker(queue_name="fast")
    house.worker(queue_name="pdf", faults=house.once(point))
    with transaction() as current:
        record = current.get_one(Complaint, complaint.id)
        documents.request(
            current, FORMS["F-06"], record, actor=record.owner, locale="zh_Hans", at=clock.now(), store=Store.of(config)
        )  # fmt: skip
    house.until(lambda: house.happened(point), "the fault is met")
    house.until_quiet(60)
    session().rollback()
    (document,) = session().scalars(select(Document)).all()
    assert document.state == "DONE"
    store = Store.of(config)
    assert [kept.sha256 for kept in store.all()] == [document.sha256]
    assert store.verify(document.sha256)
    assert problems() == {}
