"""The chain of events holds for moments said in any zone."""

from portal import clock as portal_clock
from portal.db import session, transaction
from portal.models.event import EventKind
from portal.services import events


def write(*moments):
    for moment in moments:
        with transaction() as current:
            events.record(current, EventKind.NOTE, at=moment, actor=None, acted_at=moment, text="called back")


def test_a_moment_said_in_the_company_s_zone_is_chained_as_it_is_read_back(app, clock):
    write(clock.now(), portal_clock.local(clock.now()))
    session().expire_all()
    report = events.check_chain(session())
    assert report.ok, report.problem
    assert report.checked == 2
