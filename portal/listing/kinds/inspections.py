"""The lists of pre-acceptances, inspections and rectification notices."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from portal import visibility
from portal.i18n import N_, _
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing
from portal.listing.kinds import search
from portal.models.customer import Customer, Property
from portal.models.org import Party, PartyKind, User
from portal.models.pre_acceptance import Inspection, PreAcceptance, PreAcceptanceList, RectificationNotice
from portal.models.project import Project
from portal.permissions import Permission, Role
from portal.processes import pre_acceptance as rules
from portal.visibility import turn_of

P = Permission
HOME = (Property.estate, Property.building, Property.unit, Property.room)
STATE, DUE = N_("State"), N_("Due")
CLOCKS = {"overdue": N_("Late"), "today": N_("Due today"), "soon": N_("Due within 24 hours")}
INSPECTOR, FOREMAN, MANAGER = aliased(User), aliased(Party), aliased(Party)
UNHELD = rules.Result.NOT_HELD


def reviewers(session: Session, user: User) -> list[tuple[Any, str]]:
    """Reviewers the person knows, for filters."""
    query = select(User.id, User.name).where(User.role == Role.REVIEWER, User.disabled_at.is_(None))
    return [
        (key, name) for key, name in session.execute(query.where(visibility.in_branch(User, user)).order_by(User.name))
    ]


def _people(kind: PartyKind) -> Any:
    def people(session: Session, user: User) -> list[tuple[Any, str]]:
        query = visibility.visible_to(user, Party).with_only_columns(Party.id, Party.name)
        found = session.execute(query.where(Party.kind == kind).order_by(Party.name).limit(300))
        return [(key, name) for key, name in found]

    return people


foremen, project_managers = _people(PartyKind.FOREMAN), _people(PartyKind.PROJECT_MANAGER)


def _round(number: int | None, cycle: int | None) -> str:
    said = _("No. %(round)s", round=number)
    if not cycle or cycle == 1:
        return said
    return _("%(round)s · foreman no. %(cycle)s", round=said, cycle=cycle)


def _result(value: str | None) -> str:
    return rules.Result.show(value) if value else _("Being held")


def _today(column: Any) -> Any:
    return lambda now: and_(column >= now.day_from, column < now.day_until)


CLOCK = cells.clock(PreAcceptance.KIND, PreAcceptance, DUE)

PRE_ACCEPTANCES = Listing(
    kind=PreAcceptance.KIND,
    title=N_("Pre-acceptances"),
    one=N_("Pre-acceptance", "record"),
    icon="clipboard-check",
    model=PreAcceptance,
    permission=P.PREACCEPT_VIEW,
    number=PreAcceptance.number,
    order="-id",
    urgent_order="due",
    joins=(
        (Customer, Customer.id == PreAcceptance.customer_id),
        (Project, Project.id == PreAcceptance.project_id),
        (Property, Property.id == Project.property_id),
        (PreAcceptanceList, PreAcceptanceList.id == PreAcceptance.list_id),
        (FOREMAN, FOREMAN.id == PreAcceptance.foreman_id),
        (INSPECTOR, INSPECTOR.id == PreAcceptance.inspector_id),
        CLOCK.join,
    ),
    card=("week", "foreman", "scheduled"),
    lengths=(("scheduled", "calendar_minutes"),),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade, *HOME), cells.title, "cell-title"),
        Column("number", N_("Number"), (PreAcceptance.number,), cells.text, "ref hide-small", sort=PreAcceptance.number),
        Column("week", N_("Week from"), (PreAcceptanceList.week_from,), cells.day, "num hide-small"),
        Column("foreman", N_("Foreman"), (FOREMAN.name,), cells.text),
        Column(
            "scheduled", N_("Inspection at"), (PreAcceptance.scheduled_at,), cells.moment, "num",
        ),
        Column("round", N_("Which inspection"), (PreAcceptance.round_no, PreAcceptance.cycle), _round, "hide-small", adds_up=False),
        Column("late", N_("Late on the list"), (PreAcceptance.is_late,), cells.yes(N_("Late entry"))),
        Column("inspector", N_("Inspector"), (INSPECTOR.name,), cells.text, "hide-small"),
        Column("state", STATE, (PreAcceptance.state,), cells.state_of(rules.PROCESS), "fill cell-foot"),
        CLOCK.column,
    ),
    search=search.pre_acceptances,
    filters=(
        Filter("open", N_("Open", "record"), lambda now: PreAcceptance.state.in_(sorted(rules.OPEN))),
        Filter("mine", N_("Mine"), lambda now: or_(
            turn_of(now.viewer, PreAcceptance.inspector_id), turn_of(now.viewer, PreAcceptance.owner_id)
        )),
        *cells.clock_filters(PreAcceptance.KIND, PreAcceptance, CLOCKS),
        Filter("inspect-today", N_("Inspected today"), lambda now: and_(
            PreAcceptance.state.in_(sorted(rules.INSPECTED_FROM)), _today(PreAcceptance.scheduled_at)(now)
        )),
        Filter("to-schedule", N_("To schedule"), lambda now: PreAcceptance.state == rules.State.LISTED),
        Filter("again", N_("Re-inspections"), lambda now: PreAcceptance.state.in_(sorted(rules.RECTIFYING))),
        Filter("late-entry", N_("Late on the list"), lambda now: PreAcceptance.is_late.is_(True)),
        Filter("undecided", N_("Not held, to decide"), lambda now: PreAcceptance.absent.is_not(None)),
    ),
    choices=(
        Choice("state", STATE, PreAcceptance.state, rules.State, labels=cells.state_of(rules.PROCESS)),
        Choice("inspector", N_("Inspector"), PreAcceptance.inspector_id, options=reviewers),
        Choice("foreman", N_("Foreman"), PreAcceptance.foreman_id, options=foremen),
        Choice("manager", N_("Project manager"), PreAcceptance.project_manager_id, options=project_managers),
        cells.of_customer(PreAcceptance.customer_id),
        cells.of_project(PreAcceptance.project_id),
    ),
    default_filters=("open",),
    create=P.PREACCEPT_LIST,
    create_label=N_("Put a project on the list"),
    create_path="/records/pre-acceptances/new",
    empty=N_("No pre-acceptance here. Engineering's list of next week is recorded every Wednesday."),
)  # fmt: skip

INSPECTIONS = Listing(
    kind=Inspection.KIND,
    title=N_("Inspections"),
    one=N_("Inspection"),
    icon="checklist",
    model=Inspection,
    permission=P.PREACCEPT_VIEW,
    number=Inspection.number,
    order="-inspected",
    joins=(
        (Customer, Customer.id == Inspection.customer_id),
        (PreAcceptance, PreAcceptance.id == Inspection.pre_acceptance_id),
        (Project, Project.id == PreAcceptance.project_id),
        (Property, Property.id == Project.property_id),
        (FOREMAN, FOREMAN.id == Inspection.foreman_id),
        (MANAGER, MANAGER.id == Inspection.project_manager_id),
        (INSPECTOR, INSPECTOR.id == Inspection.inspector_id),
    ),
    card=("foreman", "inspected"),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade, *HOME), cells.title, "cell-title"),
        Column("number", N_("Number"), (Inspection.number,), cells.text, "ref hide-small", sort=Inspection.number),
        Column("round", N_("Which inspection"), (Inspection.round_no, Inspection.cycle), _round, adds_up=False),
        Column("inspected", N_("Inspected at"), (Inspection.inspected_at,), cells.moment, "num", sort=Inspection.inspected_at),
        Column("foreman", N_("Foreman"), (FOREMAN.name,), cells.text, "hide-small"),
        Column("manager", N_("Project manager"), (MANAGER.name,), cells.text, "hide-small"),
        Column("inspector", N_("Inspector"), (INSPECTOR.name,), cells.text, "hide-small"),
        Column("result", N_("Result", "inspection"), (Inspection.result,), _result, "fill cell-foot"),
    ),
    search=search.inspections,
    filters=(
        Filter("running", N_("Being held"), lambda now: Inspection.result.is_(None)),
        Filter("mine", N_("Mine"), lambda now: turn_of(now.viewer, Inspection.inspector_id)),
        Filter("today", N_("Of today"), _today(Inspection.inspected_at)),
        Filter("first", N_("First inspections"), lambda now: and_(
            Inspection.round_no == 1, Inspection.result.in_((rules.Result.PASS, rules.Result.FAIL))
        )),
        Filter("first-passed", N_("Passed at the first"), lambda now: and_(
            Inspection.round_no == 1, Inspection.result == rules.Result.PASS
        )),
        Filter("absent", N_("Not held"), lambda now: Inspection.result == UNHELD),
    ),
    choices=(
        Choice("result", N_("Result", "inspection"), Inspection.result, rules.Result),
        Choice("inspector", N_("Inspector"), Inspection.inspector_id, options=reviewers),
        Choice("foreman", N_("Foreman"), Inspection.foreman_id, options=foremen),
        Choice("manager", N_("Project manager"), Inspection.project_manager_id, options=project_managers),
        cells.of_customer(Inspection.customer_id),
    ),
    empty=N_("No inspection here. One is begun from the day sheet or the pre-acceptance."),
)  # fmt: skip

NOTICES = Listing(
    kind=RectificationNotice.KIND,
    title=N_("Rectification notices"),
    one=N_("Rectification notice"),
    icon="file-text",
    model=RectificationNotice,
    permission=P.PREACCEPT_VIEW,
    number=RectificationNotice.number,
    order="-id",
    joins=(
        (Customer, Customer.id == RectificationNotice.customer_id),
        (PreAcceptance, PreAcceptance.id == RectificationNotice.pre_acceptance_id),
        (Project, Project.id == PreAcceptance.project_id),
        (Property, Property.id == Project.property_id),
        (FOREMAN, FOREMAN.id == RectificationNotice.responsible_id),
    ),
    card=("foreman", "limit", "recheck"),
    lengths=(("recheck", "calendar_minutes"),),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade, *HOME), cells.title, "cell-title"),
        Column("number", N_("Number"), (RectificationNotice.number,), cells.text, "ref hide-small", sort=RectificationNotice.number),
        Column("foreman", N_("Responsible"), (FOREMAN.name,), cells.text),
        Column("issued", N_("Issued on", "inspection"), (RectificationNotice.issued_on,), cells.day, "num hide-small"),
        Column("limit", N_("To be rectified by"), (RectificationNotice.limit_on,), cells.day, "num"),
        Column("recheck", N_("Re-inspection agreed for"), (RectificationNotice.recheck_at,), cells.moment, "num hide-small", sort=RectificationNotice.recheck_at),
        Column("state", STATE, (RectificationNotice.state,), rules.NoticeState.show, "fill cell-foot"),
    ),
    search=search.rectification_notices,
    filters=(
        Filter("open", N_("Open", "record"), lambda now: RectificationNotice.closed_at.is_(None)),
        Filter("recheck-passed", N_("Re-inspection is overdue"), lambda now: and_(
            RectificationNotice.closed_at.is_(None), RectificationNotice.recheck_at < now.at
        )),
        Filter("recheck-today", N_("Re-inspected today"), lambda now: and_(
            RectificationNotice.closed_at.is_(None), _today(RectificationNotice.recheck_at)(now)
        )),
    ),
    choices=(
        Choice("state", STATE, RectificationNotice.state, rules.NoticeState),
        Choice("foreman", N_("Responsible"), RectificationNotice.responsible_id, options=foremen),
        cells.of_customer(RectificationNotice.customer_id),
    ),
    default_filters=("open",),
    empty=N_("No notice here. One is issued when an inspection fails."),
)  # fmt: skip

LISTINGS = (PRE_ACCEPTANCES, INSPECTIONS, NOTICES)
