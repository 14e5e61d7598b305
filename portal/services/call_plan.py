"""Which calls a project gets, when they are expected, and which event opens the window of each. Source: `domain.md` 5.1, 5.3, 5.5.

The plan is made when the archive is opened and moves with the dates of the project. An event opens a window at once; what
only time opens (one month after the acceptance, the regular calls of the warranty) is opened by the morning's look.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from types import ModuleType
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from portal import clock, settings, visibility
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.customer import Customer, CustomerGrade
from portal.models.follow_up import FollowUpCall, FollowUpPlan
from portal.models.milestone import StageAcceptance, StageResult
from portal.models.org import User
from portal.models.project import Project, ProjectStage
from portal.processes.follow_up import OBLIGATORY, CallStage
from portal.processes.follow_up_call import OFF_FOR_GRADE, WAITING, Action, State
from portal.services import assignment, steps
from portal.services.works_forecast import Milestone, forecast, span

EXTRA = (CallStage.MATERIAL, CallStage.WATERPROOF)
"""What grade A is asked about beyond the four (5.5); the others too where more than four calls are wanted."""
ORDER = (
    CallStage.START,
    CallStage.MATERIAL,
    CallStage.CONCEALED,
    CallStage.WATERPROOF,
    CallStage.MID,
    CallStage.COMPLETION,
    CallStage.ONE_MONTH,
)
BY_THE_CHIEF = frozenset({CallStage.MID, CallStage.COMPLETION})
"""Grade A: the manager or a lead specialist calls (5.5)."""
PERIODIC_MONTHS = (3, 6, 9, 12, 18, 24)
"""Regular calls of the warranty: every three months in the first year, every six in the second, yearly after that (5.3)."""
OVER = frozenset({ProjectStage.CANCELLED, ProjectStage.OUT_OF_WARRANTY})
GREETED = frozenset(
    {
        ProjectStage.IN_PROGRESS,
        ProjectStage.PRE_ACCEPTED,
        ProjectStage.ACCEPTED,
        ProjectStage.SETTLED,
        ProjectStage.IN_WARRANTY,
    }
)
"""Whose customers are called for a holiday."""
LONGEST_NAME = 100


def stages_for(session: Session, grade: str) -> tuple[CallStage, ...]:
    """The calls of a project of this grade, in order. The four are always among them, whatever grade and settings say."""
    wanted = max(settings.get(session, "min_effective_calls") - len(OBLIGATORY), 0)
    extra = EXTRA if grade == CustomerGrade.A else EXTRA[:wanted]
    return tuple(stage for stage in ORDER if stage in OBLIGATORY or stage in extra or stage == CallStage.ONE_MONTH)


def expected(session: Session, project: Project) -> dict[CallStage, date]:
    """The day on which the window of each call is expected to open; none while works stand still and nobody knows until when."""
    if project.stage == ProjectStage.SUSPENDED and not (project.stops and project.stops[-1].until):
        return {}
    days = forecast(session, project)
    found = {CallStage(each.value): day for each, day in days.items() if each.value in set(CallStage)}
    finish = project.actual_finish_on or days.get(Milestone.ACCEPTANCE)
    if project.actual_start_on is not None:
        found[CallStage.START] = project.actual_start_on
    if finish is not None:
        found[CallStage.COMPLETION] = finish
        found[CallStage.ONE_MONTH] = months_after(finish, 1)
    return found


def months_after(day: date, months: int) -> date:
    """The same day so many months later; the last day of a month that is too short for it."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


# ---------- The plan ----------


def make_plan(session: Session, project: Project, *, at: datetime) -> FollowUpPlan:
    """Plan the calls of a project, when its archive is opened. Asked again, it is the same plan."""
    known = of_project(session, project)
    if known is not None:
        return known
    start, finish = span(session, project)
    plan = FollowUpPlan(project=project, grade=project.customer.grade, made_at=at, start_on=start, finish_on=finish)
    session.add(plan)
    session.flush()
    _add_missing(session, project, plan, at)
    return plan


def of_project(session: Session, project: Project) -> FollowUpPlan | None:
    """The plan of a project; None: it was begun before the portal, or its archive is not open."""
    return session.scalars(select(FollowUpPlan).where(FollowUpPlan.project_id == project.id)).one_or_none()


def calls_of(session: Session, project: Project) -> list[FollowUpCall]:
    """All calls of a project in the order of the plan."""
    found = session.scalars(select(FollowUpCall).where(FollowUpCall.project_id == project.id).order_by(FollowUpCall.id))
    place = {stage.value: number for number, stage in enumerate(ORDER)}
    return sorted(found, key=lambda call: (place.get(call.stage, len(place)), call.occurrence))


def is_content(session: Session, project: Project, stage: CallStage) -> bool:
    """Whether the customer was called about a stage, the call counts (5.2), and nothing of it is open any more."""
    query = select(FollowUpCall.id).where(
        FollowUpCall.project_id == project.id,
        FollowUpCall.stage == stage,
        FollowUpCall.is_effective,
        FollowUpCall.state.in_([State.DONE_SATISFIED, State.CLOSED]),
    )
    return session.scalar(query.limit(1)) is not None


def replan(session: Session, project: Project, *, at: datetime) -> None:
    """The dates or the grade changed: everything that is not done moves with them; nothing is planned twice or lost."""
    plan = of_project(session, project)
    if plan is None or project.stage in OVER:
        return
    plan.start_on, plan.finish_on = span(session, project)
    days, grade = expected(session, project), project.customer.grade
    for call in calls_of(session, project):
        if call.state not in WAITING:
            continue
        if call.window_from is None and call.stage in ORDER:
            call.expected_on = days.get(CallStage(call.stage))
        if call.grade != grade:
            call.grade = grade
            _calls().give_to(session, call, _owner(session, project, CallStage(call.stage)), at=at)
    plan.grade = grade
    _drop_surplus(session, project, at)
    _add_missing(session, project, plan, at)
    session.flush()


def replan_all(session: Session, customer: Customer, *, at: datetime) -> None:
    """The grade of a customer changed: the plans of all works that are not over follow."""
    running = select(Project).where(Project.customer_id == customer.id, Project.stage.not_in(sorted(OVER)))
    for project in session.scalars(running):
        replan(session, project, at=at)


def call_off(session: Session, project: Project, *, at: datetime) -> None:
    """The contract was ended: no call is to be made any more; those that were made stay."""
    for call in calls_of(session, project):
        if call.state in WAITING or call.state == State.UNREACHABLE:
            call.reason, call.next_at = CALLED_OFF.message, None
            steps.advance(session, call, Action.CALL_OFF, actor=None, at=at, entered={})


CALLED_OFF = N_("The contract was ended.")


def _drop_surplus(session: Session, project: Project, at: datetime) -> None:
    """The grade was lowered: extra calls that it does not ask for and nobody has held are not made; the four always are."""
    wanted = stages_for(session, project.customer.grade)
    for call in calls_of(session, project):
        if call.stage in EXTRA and call.stage not in wanted and call.state in WAITING:
            call.reason, call.next_at = OFF_FOR_GRADE.message, None
            steps.advance(session, call, Action.DROP, actor=None, at=at, entered={})


def _add_missing(session: Session, project: Project, plan: FollowUpPlan, at: datetime) -> None:
    """Plan what the grade asks for and is not there, or was dropped with a lower grade; an extra call about a stage that
    has passed asks for nothing."""
    days, known = expected(session, project), {call.stage: call for call in calls_of(session, project)}
    passed = select(StageAcceptance.stage).where(
        StageAcceptance.project_id == project.id, StageAcceptance.result == StageResult.PASS
    )
    gone = set(session.scalars(passed)) if known else set()
    for stage in stages_for(session, project.customer.grade):
        if stage in EXTRA and stage in gone:
            continue
        call = known.get(stage)
        if call is not None and call.state == State.CANCELLED and call.reason == OFF_FOR_GRADE.message:
            steps.advance(session, call, Action.RESTORE, actor=None, at=at, entered={})
            call.reason, call.window_from, call.due_on, call.again_until = None, None, None, None
            call.expected_on, call.grade = days.get(stage), project.customer.grade
            _calls().give_to(session, call, _owner(session, project, stage), at=at)
        if call is not None:
            continue
        owner = _owner(session, project, stage)
        _calls().plan_call(session, project, stage, at=at, plan=plan, expected_on=days.get(stage), owner=owner)


def _owner(session: Session, project: Project, stage: CallStage) -> User | None:
    """Who calls: the customer's specialist; grade A at the mid-term and after completion whom the setting names."""
    who = settings.get(session, "call_a_owner")
    if project.customer.grade == CustomerGrade.A and stage in BY_THE_CHIEF and who != "OWNER":
        leads = [one for one in assignment.specialists(session, project.branch_id) if one.is_lead]
        chiefs = [*(leads if who == "LEAD" else ()), *assignment.managers(session, project.branch_id)]
        if chiefs:
            return chiefs[0]
    return project.customer.owner


# ---------- What opens a window ----------


def reached(session: Session, project: Project, stage: str, *, on: date, event: Any, at: datetime) -> None:
    """A milestone was reached on that day: the customer is to be called about it, where the plan or the grade says so."""
    if stage not in ORDER or project.stage in OVER:
        return
    which = CallStage(stage)
    calls = _calls()
    if calls.find(session, project, which) is None:
        if which in EXTRA and which not in stages_for(session, project.customer.grade):
            return
        days, owner = expected(session, project), _owner(session, project, which)
        plan = of_project(session, project)
        calls.plan_call(session, project, which, at=at, plan=plan, expected_on=days.get(which), owner=owner)
    calls.open_window(session, project, which, on=on, event=event, at=at)


def finished(session: Session, project: Project, *, at: datetime) -> None:
    """The customer accepted the works: the call of one month later has its day."""
    days, stage = expected(session, project), CallStage.ONE_MONTH
    _calls().plan_call(session, project, stage, at=at, plan=of_project(session, project), expected_on=days.get(stage))
    replan(session, project, at=at)


def open_due(session: Session, at: datetime) -> int:
    """Open what only time opens, as of this day; gives how many. Asked twice, nothing is opened twice."""
    today, opened = clock.today(at), 0
    waiting = (
        select(FollowUpCall)
        .join(Project, Project.id == FollowUpCall.project_id)
        .where(
            FollowUpCall.state == State.PLANNED,
            FollowUpCall.window_from.is_(None),
            FollowUpCall.expected_on <= today,
            or_(
                FollowUpCall.stage == CallStage.SEASONAL,
                and_(FollowUpCall.stage == CallStage.ONE_MONTH, Project.actual_finish_on.is_not(None)),
            ),
        )
    )
    for call in session.scalars(waiting.order_by(FollowUpCall.id)).all():
        assert call.expected_on is not None and call.project is not None
        project, stage = call.project, CallStage(call.stage)
        _calls().open_window(
            session, project, stage, on=call.expected_on, event=project, at=at, occurrence=call.occurrence
        )
        opened += 1
    return opened + (_open_periodic(session, today, at) if settings.get(session, "call_periodic") else 0)


def periodic_days(finish: date) -> Iterator[date]:
    """The days of the regular calls of a warranty that began on that day, without an end."""
    for months in PERIODIC_MONTHS:
        yield months_after(finish, months)
    months = PERIODIC_MONTHS[-1]
    while True:
        months += 12
        yield months_after(finish, months)


def _open_periodic(session: Session, today: date, at: datetime) -> int:
    """The regular call whose day came within its window; what lay before the series was switched on is let be."""
    stage, opened = CallStage.WARRANTY_PERIODIC, 0
    since = today - timedelta(days=settings.get(session, "call_warranty_days"))
    query = select(Project).where(Project.stage == ProjectStage.IN_WARRANTY, Project.actual_finish_on.is_not(None))
    for project in session.scalars(query.order_by(Project.id)).all():
        assert project.actual_finish_on is not None
        for occurrence, day in enumerate(periodic_days(project.actual_finish_on), start=1):
            if day > today:
                break
            if day >= since and _calls().find(session, project, stage, occurrence) is None:
                _calls().open_window(session, project, stage, on=day, event=project, at=at, occurrence=occurrence)
                opened += 1
    return opened


def plan_seasonal(
    session: Session, *, name: str, on: date, grades: Sequence[str], actor: User, at: datetime
) -> list[FollowUpCall]:
    """Calls for a holiday or an occasion: one for each customer of these grades whose works run or are in warranty.

    On the day their windows open, without a limit. Asked for again with the same name and day, only those are added who have none yet. Raises Invalid.
    """
    steps.check_permission(actor, FollowUpCall.PROCESS.transition(State.PLANNED, Action.CANCEL))
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise Invalid({"name": N_("Name the occasion.")})
    if not grades:
        raise Invalid({"grades": N_("Choose at least one grade.")})
    if on < clock.today(at):
        raise Invalid({"on": N_("This day has passed.")})
    latest = (
        select(func.max(Project.id))
        .join(Customer, Customer.id == Project.customer_id)
        .where(
            Project.stage.in_(sorted(GREETED)),
            Customer.grade.in_(list(grades)),
            visibility.standing(Customer),
            visibility.condition(actor, Project),
        )
        .group_by(Project.customer_id)
    )
    made = []
    for project in session.scalars(select(Project).where(Project.id.in_(latest)).order_by(Project.id)).all():
        greeted = [call for call in calls_of(session, project) if call.stage == CallStage.SEASONAL]
        if any(call.remarks == name and call.expected_on == on for call in greeted):
            continue
        occurrence = max((call.occurrence for call in greeted), default=0) + 1
        call = _calls().plan_call(
            session, project, CallStage.SEASONAL, at=at, expected_on=on, occurrence=occurrence, actor=actor
        )
        call.remarks = name
        made.append(call)
    open_due(session, at)
    return made


def _calls() -> ModuleType:
    """The services of calls. They know repairs and complaints, which know projects, which know this plan: found late."""
    from portal.services import calls

    return calls
