"""Records one by one in reports: what the group is told of each month (RP-10)."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from portal import clock as portal_clock
from portal.db import session, transaction
from portal.metrics import Period
from portal.models.milestone import OpenDay
from portal.models.reward import RewardEntry
from portal.models.survey import Survey
from portal.reports import cases
from portal.reports.catalogue import REPORTS, Cases


def test_the_group_is_told_of_activities_and_of_praise(sample, clock):
    at = clock.now()
    first = portal_clock.today(at) - timedelta(days=40)
    period = Period(first, portal_clock.today(at))
    with transaction() as writing:
        survey = writing.scalars(select(Survey).where(Survey.answered_at.is_not(None))).first()
        survey.praise = "师傅讲解耐心"
        reward = writing.scalars(select(RewardEntry).where(RewardEntry.state == "PROPOSED")).first()
        told = survey.number, reward.record_number, reward.person
    viewer = sample.manager
    days = cases.activities(session(), viewer, period, at)
    held = list(session().scalars(select(OpenDay).where(period.holds_day(OpenDay.held_on)).order_by(OpenDay.held_on)))
    assert [row[-1] for row in days.rows] == [each.number for each in held] != []
    praised = cases.praise(session(), viewer, period, at)
    words = {row[-1]: (row[1], row[2]) for row in praised.rows}
    assert words[told[0]] == ("", "师傅讲解耐心")
    assert words[told[1]] == (told[2], "客户来电表扬")
    later = Period(date(2030, 1, 1), date(2030, 1, 31))
    assert (
        not cases.activities(session(), viewer, later, at).rows and not cases.praise(session(), viewer, later, at).rows
    )
    listed = {section.listed for section in REPORTS["RP-10"].sections if isinstance(section, Cases)}
    assert listed >= {"activities", "praise", "open_homes"}


def test_a_refused_proposal_is_no_praise(sample, clock):
    at = clock.now()
    period = Period(portal_clock.today(at) - timedelta(days=40), portal_clock.today(at))
    viewer = sample.manager
    before = cases.praise(session(), viewer, period, at).rows
    with transaction() as writing:
        for each in writing.scalars(select(RewardEntry)):
            each.state = "REJECTED"
    after = cases.praise(session(), viewer, period, at).rows
    assert len(after) < len(before)
