"""Follow-up in reports: praise, slips, and whoever said they were not satisfied."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from portal import clock, metrics, visibility
from portal.i18n import N_, Text
from portal.metrics import Period
from portal.metrics.dimensions import PEOPLE, link_of
from portal.models.customer import Customer
from portal.models.follow_up import FollowUpCall, FollowUpTicket
from portal.models.org import Department, Party
from portal.models.project import Project
from portal.models.reward import RewardEntry
from portal.models.survey import Survey
from portal.processes import complaint as complaint_rules
from portal.processes import follow_up_call as call_rules
from portal.processes import follow_up_ticket as slip_rules
from portal.processes.follow_up import CallStage
from portal.processes.reward import Cause
from portal.processes.reward import State as RewardState
from portal.processes.survey import Dimension as SurveyDimension
from portal.reports.cases.listed import CUSTOMER, DEPARTMENT, MOST, NUMBER, STATE, Listed, Unit, together
from portal.reports.values import day, moment, number, say, several, term
from portal.visibility import Viewer

EXAMPLES = 3
"""Problems that are quoted of each department."""
SCORED, FOLLOWED = N_("%(dimension)s %(score)s", "report"), N_("%(number)s %(state)s", "report")


def praise(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """What customers praised in the period: in calls and contacts, for which a reward was proposed, and in surveys."""
    heads = [
        (N_("Day"), "nowrap"), (N_("Who is praised", "report"), ""), (N_("In the customer's words"), "fill"), (NUMBER, "nowrap"),
    ]  # fmt: skip
    rewarded = (
        select(RewardEntry)
        .where(
            visibility.condition(viewer, RewardEntry),
            RewardEntry.reason == Cause.CUSTOMER_PRAISE,
            RewardEntry.state != RewardState.REJECTED,
            period.holds(RewardEntry.created_at),
        )
        .options(joinedload(RewardEntry.crew), joinedload(RewardEntry.party), joinedload(RewardEntry.user))
        .order_by(RewardEntry.id)
        .limit(MOST)
    )
    answered = (
        select(Survey)
        .where(visibility.condition(viewer, Survey), period.holds(Survey.answered_at), Survey.praise > "")
        .order_by(Survey.id)
        .limit(MOST)
    )
    proposed = list(session.scalars(rewarded))
    known = {each.record_number for each in proposed}
    found = [(each.created_at, each.person, each.words, each.record_number) for each in proposed]
    for survey in session.scalars(answered):
        if survey.number not in known and survey.answered_at is not None:
            found.append((survey.answered_at, "", survey.praise or "", survey.number))
    rows = [[day(clock.today(when)), who, words, code] for when, who, words, code in sorted(found)[:MOST]]
    return Listed(heads, rows)


def open_slips(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Liaison slips that were open when the period ended, the oldest first, with their age."""
    until = min(period.end, at)
    heads = [
        (CUSTOMER, ""), (N_("Problem", "report"), "fill"), (NUMBER, "nowrap"), (DEPARTMENT, "nowrap"),
        (N_("Days open", "report"), "num"), (N_("Limit", "deadline"), "num"),
    ]  # fmt: skip
    query = (
        select(FollowUpTicket)
        .where(
            visibility.condition(viewer, FollowUpTicket),
            FollowUpTicket.handed_over_at < until,
            or_(FollowUpTicket.settled_at.is_(None), FollowUpTicket.settled_at >= until),
        )
        .options(joinedload(FollowUpTicket.customer))
        .order_by(FollowUpTicket.handed_over_at)
        .limit(MOST)
    )
    rows = [
        [
            each.customer.name, each.problem, each.number, term(Department, each.department),
            number((until - each.handed_over_at).days, Unit.COUNT), moment(each.limit_at),
        ]
        for each in session.scalars(query)
    ]  # fmt: skip
    return Listed(heads, rows)


def slips_by_department(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """Per department the slips it was given in the period, how many limits fell due and were kept, and examples (5.6, F-29)."""
    heads = [
        (DEPARTMENT, "nowrap"), (N_("Slips opened", "report"), "num"), (N_("Fell due", "report"), "num"),
        (N_("In time", "report"), "num"), (N_("Late", "report"), "num"), (N_("Problems, for example", "report"), "fill"),
    ]  # fmt: skip
    query = (
        select(FollowUpTicket.department, FollowUpTicket.problem)
        .where(visibility.condition(viewer, FollowUpTicket), period.holds(FollowUpTicket.handed_over_at))
        .order_by(FollowUpTicket.handed_over_at, FollowUpTicket.id)
    )
    problems: dict[str, list[str]] = defaultdict(list)
    for department, problem in session.execute(query):
        problems[department].append(problem)
    kept = {
        department: (int(figure.part or 0), int(figure.whole or 0))
        for department, figure in metrics.split(session, viewer, "M-14", period, "department").items()
    }

    def counts(opened: int, in_time: int, due: int) -> list[Any]:
        return [number(each, Unit.COUNT) for each in (opened, due, in_time, due - in_time)]

    names = [each.value for each in Department if each in problems or each in kept]
    names.sort(key=lambda name: kept.get(name, (0, 0))[0] - kept.get(name, (0, 0))[1])
    rows = [
        [
            term(Department, name), *counts(len(problems[name]), *kept.get(name, (0, 0))),
            "；".join(dict.fromkeys(problems[name][:EXAMPLES])),
        ]
        for name in names
    ]  # fmt: skip
    together = (sum(map(len, problems.values())), *(sum(each[side] for each in kept.values()) for side in (0, 1)))
    return Listed(heads, rows, [say(N_("Together", "report")), *counts(*together), ""] if rows else None)


def unsatisfied_calls(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """The calls behind M-12.unsatisfied: what the customer said, who worked at the home, and what became of it (RP-08)."""
    people = [aliased(Party) for _each in PEOPLE]
    heads = [
        (CUSTOMER, "nowrap"), (N_("What was said", "report"), "fill"), (NUMBER, "nowrap"), (N_("Stage", "call"), "nowrap"),
        *((title, "nowrap") for title in PEOPLE.values()), (STATE, "nowrap"),
    ]  # fmt: skip
    joins = [(Customer, Customer.id == FollowUpCall.customer_id), (Project, Project.id == FollowUpCall.project_id)]
    joins += [(who, who.id == link_of(Project, name)) for name, who in zip(PEOPLE, people, strict=True)]
    query = (
        metrics.calls.unsatisfied(period)
        .query(viewer, FollowUpCall, Customer.name, *(who.name for who in people), joins=joins)
        .options(selectinload(FollowUpCall.tickets))
        .order_by(FollowUpCall.called_at, FollowUpCall.id)
        .limit(MOST)
    )
    rows = [
        [
            name, together([call.customer_words, *(slip.problem for slip in call.tickets)]), call.number,
            term(CallStage, call.stage), *(each or day(None) for each in names),
            say(call_rules.PROCESS.state(call.state).label),
        ]
        for call, name, *names in session.execute(query)
    ]  # fmt: skip
    return Listed(heads, rows)


def unsatisfied_surveys(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """The surveys behind M-70.unsatisfied: with what, in the customer's words, and what came of it (RP-04)."""
    heads = [
        (CUSTOMER, "nowrap"), (N_("Not satisfied with", "report"), ""), (N_("What was said", "report"), "fill"),
        (N_("Overall", "report"), "num"), (NUMBER, "nowrap"), (N_("What came of it", "report"), "nowrap"),
    ]  # fmt: skip
    query = (
        metrics.surveys.unsatisfied(period)
        .query(viewer, Survey)
        .options(joinedload(Survey.customer), joinedload(Survey.complaint), selectinload(Survey.answers))
        .order_by(Survey.overall, Survey.answered_at, Survey.id)
        .limit(MOST)
    )
    found = list(session.scalars(query))
    slips = select(FollowUpTicket).where(
        visibility.condition(viewer, FollowUpTicket), FollowUpTicket.survey_id.in_([each.id for each in found])
    )
    followed: dict[int | None, list[tuple[str, Text]]] = defaultdict(list)
    for slip in session.scalars(slips.order_by(FollowUpTicket.id)):
        followed[slip.survey_id].append((slip.number, slip_rules.PROCESS.state(slip.state).label))
    for each in found:
        if each.complaint is not None:
            state = complaint_rules.PROCESS.state(each.complaint.state).label
            followed[each.id].append((each.complaint.number, state))
    rows = [
        [
            each.customer.name,
            several(
                say(SCORED) | {"v": {"dimension": term(SurveyDimension, answer.dimension), "score": answer.score}}
                for answer in each.answers
                if answer.score < metrics.surveys.SATISFIED and answer.dimension != SurveyDimension.OVERALL
            ),
            together([each.criticism]) or day(None), number(each.overall, Unit.COUNT), each.number,
            several(say(FOLLOWED) | {"v": {"number": code, "state": say(state)}} for code, state in followed[each.id]),
        ]
        for each in found
    ]  # fmt: skip
    return Listed(heads, rows)
