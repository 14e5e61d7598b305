"""A worker killed between writing "sending" and hearing the mail server: one mailbox line, whatever happened."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.db import session, transaction
from portal.models.notice import Delivery
from portal.models.org import User
from portal.models.setting import SettingValue
from tests.faults.conftest import problems, told
from tests.smtp import serving

pytestmark = pytest.mark.faults


@pytest.mark.parametrize(("point", "sent"), [("K11", 1), ("K12", 2)])
def test_killed_around_the_call_the_mail_keeps_its_name(house, work, clock, point, sent):
    with serving() as sink:
        with transaction() as current:
            for key, value in (
                ("smtp_host", "127.0.0.1"),
                ("smtp_port", sink.port),
                ("mail_from", "portal@example.test"),
            ):
                current.merge(SettingValue(key=key, value=value, updated_at=clock.now()))
            current.query(User).update({"email": "peng@example.test"})
        house.store()
        house.worker(faults=house.once(point))
        work()
        house.until(lambda: house.happened(point), "the fault is met")
        house.until_quiet()
        session().rollback()
        (delivery,) = session().scalars(select(Delivery)).all()
        assert (delivery.state, delivery.attempts) == ("SENT", 2)
        assert [message["Message-ID"] for message in sink.got] == [delivery.message_id] * sent
        assert told() == ["task:1:WARN:0"]
        assert problems() == {}
