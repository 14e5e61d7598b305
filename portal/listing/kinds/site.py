"""The lists of what happens on sites: acceptances of stages, change orders, delays, safety notices, weekly words, visits, open days."""

from __future__ import annotations

from sqlalchemy.orm import aliased

from portal.i18n import N_
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing
from portal.listing.kinds import search
from portal.models.customer import Customer, Property
from portal.models.milestone import (
    ChangeOrder,
    ContactChannel,
    DelayNotice,
    OpenDay,
    SafetyNotice,
    StageAcceptance,
    StageKind,
    StageResult,
    SupervisorVisit,
    SupervisorVisitKind,
    WeeklyReportToCustomer,
)
from portal.models.org import Party
from portal.models.project import Project
from portal.permissions import Permission
from portal.processes import change_order, delay_notice, safety_notice

P = Permission
STATE = N_("State")
HOME = (Property.estate, Property.building, Property.unit, Property.room)
MANAGER, RESPONSIBLE, TELLER, SUPERVISOR = (aliased(Party) for _number in range(4))

STAGE_ACCEPTANCES = Listing(
    kind=StageAcceptance.KIND,
    title=N_("Stage acceptances"),
    one=N_("Stage acceptance"),
    icon="clipboard-check",
    model=StageAcceptance,
    permission=P.PROJECT_VIEW,
    number=StageAcceptance.number,
    order="-id",
    joins=(
        (Customer, Customer.id == StageAcceptance.customer_id),
        (Project, Project.id == StageAcceptance.project_id),
        (Property, Property.id == Project.property_id),
        (MANAGER, MANAGER.id == Project.project_manager_id),
    ),
    card=("stage", "held"),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade, *HOME), cells.title, "cell-title"),
        Column("number", N_("Number"), (StageAcceptance.number,), cells.text, "ref hide-small", sort=StageAcceptance.number),
        Column("stage", N_("Stage of the works"), (StageAcceptance.stage,), StageKind.show),
        Column("place", N_("Part of the home"), (StageAcceptance.place,), cells.text, "fill hide-small"),
        Column("manager", N_("Project manager"), (MANAGER.name,), cells.text, "hide-small"),
        Column("held", N_("Accepted on"), (StageAcceptance.held_on,), cells.day, "num"),
        Column("result", N_("Result", "stage"), (StageAcceptance.result,), StageResult.show, "cell-foot"),
    ),
    search=search.of_project(StageAcceptance),
    filters=(
        Filter("failed", N_("Failed"), lambda now: StageAcceptance.result == StageResult.FAIL),
        Filter("passed", N_("Passed"), lambda now: StageAcceptance.result == StageResult.PASS),
    ),
    choices=(
        Choice("stage", N_("Stage of the works"), StageAcceptance.stage, StageKind),
        Choice("result", N_("Result", "stage"), StageAcceptance.result, StageResult),
        cells.of_customer(StageAcceptance.customer_id),
        cells.of_project(StageAcceptance.project_id),
    ),
    empty=N_("No stage was accepted yet. It is recorded on the page of the project."),
)  # fmt: skip

CHANGE_ORDERS = Listing(
    kind=ChangeOrder.KIND,
    title=N_("Change orders"),
    one=N_("Change order"),
    icon="receipt",
    model=ChangeOrder,
    permission=P.PROJECT_VIEW,
    number=ChangeOrder.number,
    order="-id",
    joins=(
        (Customer, Customer.id == ChangeOrder.customer_id),
        (Project, Project.id == ChangeOrder.project_id),
        (Property, Property.id == Project.property_id),
    ),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade, *HOME), cells.title, "cell-title"),
        Column("number", N_("Number"), (ChangeOrder.number,), cells.text, "ref hide-small", sort=ChangeOrder.number),
        Column("items", N_("Added and left out"), (ChangeOrder.items,), cells.text, "fill hide-small"),
        Column("amount", N_("More or less (yuan)"), (ChangeOrder.amount,), cells.money, "num", sort=ChangeOrder.amount),
        Column("days", N_("Extra days"), (ChangeOrder.extra_days,), cells.text, "num hide-small"),
        Column("signed", N_("Signed on"), (ChangeOrder.signed_on,), cells.day, "num"),
        Column("state", STATE, (ChangeOrder.state,), cells.state_of(change_order.PROCESS), "cell-foot"),
    ),
    search=search.of_project(ChangeOrder),
    card=("amount", "days", "signed"),
    filters=(
        Filter("unsigned", N_("Not signed yet"), lambda now: ChangeOrder.state == change_order.State.PROPOSED),
        Filter("signed", N_("Signed"), lambda now: ChangeOrder.state == change_order.State.SIGNED),
    ),
    choices=(
        Choice("state", STATE, ChangeOrder.state, change_order.State, labels=cells.state_of(change_order.PROCESS)),
        cells.of_customer(ChangeOrder.customer_id),
        cells.of_project(ChangeOrder.project_id),
    ),
    empty=N_("No change order here. It is written on the page of the project."),
)  # fmt: skip

DELAYS = Listing(
    kind=DelayNotice.KIND,
    title=N_("Delays", "works"),
    one=N_("Delay", "works"),
    icon="clock",
    model=DelayNotice,
    permission=P.PROJECT_VIEW,
    number=DelayNotice.number,
    order="-id",
    joins=(
        (Customer, Customer.id == DelayNotice.customer_id),
        (Project, Project.id == DelayNotice.project_id),
        (Property, Property.id == Project.property_id),
    ),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade, *HOME), cells.title, "cell-title"),
        Column("number", N_("Number"), (DelayNotice.number,), cells.text, "ref hide-small", sort=DelayNotice.number),
        Column("cause", N_("Cause"), (DelayNotice.cause,), cells.text, "fill hide-small"),
        Column("days", N_("Days"), (DelayNotice.days,), cells.text, "num", sort=DelayNotice.days),
        Column("signed", N_("Signed on"), (DelayNotice.signed_on,), cells.day, "num"),
        Column("state", STATE, (DelayNotice.state,), cells.state_of(delay_notice.PROCESS), "cell-foot"),
    ),
    card=("days", "signed"),
    search=search.of_project(DelayNotice),
    filters=(
        Filter("unsigned", N_("Not signed yet"), lambda now: DelayNotice.state == delay_notice.State.PROPOSED),
        Filter("signed", N_("Signed"), lambda now: DelayNotice.state == delay_notice.State.SIGNED),
    ),
    choices=(
        Choice("state", STATE, DelayNotice.state, delay_notice.State, labels=cells.state_of(delay_notice.PROCESS)),
        cells.of_customer(DelayNotice.customer_id),
        cells.of_project(DelayNotice.project_id),
    ),
    empty=N_("No delay form here. It is written on the page of the project."),
)  # fmt: skip

SAFETY_NOTICES = Listing(
    kind=SafetyNotice.KIND,
    title=N_("Safety notices"),
    one=N_("Safety notice"),
    icon="alert-triangle",
    model=SafetyNotice,
    permission=P.PROJECT_VIEW,
    number=SafetyNotice.number,
    order="-id",
    joins=(
        (Customer, Customer.id == SafetyNotice.customer_id),
        (Project, Project.id == SafetyNotice.project_id),
        (Property, Property.id == Project.property_id),
        (RESPONSIBLE, RESPONSIBLE.id == SafetyNotice.responsible_id),
    ),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade, *HOME), cells.title, "cell-title"),
        Column("number", N_("Number"), (SafetyNotice.number,), cells.text, "ref hide-small", sort=SafetyNotice.number),
        Column("hazard", N_("Hazard"), (SafetyNotice.hazard,), cells.text, "fill hide-small"),
        Column("responsible", N_("Responsible"), (RESPONSIBLE.name,), cells.text),
        Column("found", N_("Found on"), (SafetyNotice.found_on,), cells.day, "num hide-small"),
        Column("limit", N_("To be removed by"), (SafetyNotice.limit_on,), cells.day, "num"),
        Column("state", STATE, (SafetyNotice.state,), cells.state_of(safety_notice.PROCESS), "cell-foot"),
    ),
    search=search.of_project(SafetyNotice),
    filters=(
        Filter("open", N_("Not removed"), lambda now: SafetyNotice.state == safety_notice.State.OPEN),
        Filter("removed", N_("Removed"), lambda now: SafetyNotice.state == safety_notice.State.REMOVED),
    ),
    card=("responsible", "limit"),
    choices=(
        Choice("state", STATE, SafetyNotice.state, safety_notice.State, labels=cells.state_of(safety_notice.PROCESS)),
        cells.of_customer(SafetyNotice.customer_id),
        cells.of_project(SafetyNotice.project_id),
    ),
    default_filters=("open",),
    empty=N_("No hazard is known. One is recorded on the page of the project."),
)  # fmt: skip

WEEKLY_REPORTS = Listing(
    kind=WeeklyReportToCustomer.KIND,
    title=N_("Weekly reports to the customer"),
    one=N_("Weekly report to the customer"),
    icon="phone",
    model=WeeklyReportToCustomer,
    permission=P.PROJECT_VIEW,
    number=WeeklyReportToCustomer.number,
    order="-told",
    joins=(
        (Customer, Customer.id == WeeklyReportToCustomer.customer_id),
        (Project, Project.id == WeeklyReportToCustomer.project_id),
        (Property, Property.id == Project.property_id),
        (TELLER, TELLER.id == WeeklyReportToCustomer.by_id),
    ),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade, *HOME), cells.title, "cell-title"),
        Column("number", N_("Number"), (WeeklyReportToCustomer.number,), cells.text, "ref hide-small", sort=WeeklyReportToCustomer.number),
        Column("progress", N_("Progress"), (WeeklyReportToCustomer.progress,), cells.text, "fill hide-small"),
        Column("words", N_("What the customer said"), (WeeklyReportToCustomer.customer_words,), cells.text, "fill hide-small"),
        Column("manager", N_("Project manager"), (TELLER.name,), cells.text, "hide-small"),
        Column("channel", N_("Channel"), (WeeklyReportToCustomer.channel,), ContactChannel.show),
        Column("told", N_("Told at", "works"), (WeeklyReportToCustomer.told_at,), cells.moment, "num cell-foot", sort=WeeklyReportToCustomer.told_at),
    ),
    card=("progress",),
    search=search.of_project(WeeklyReportToCustomer),
    filters=(
        Filter("said", N_("The customer said something"), lambda now: WeeklyReportToCustomer.customer_words.is_not(None)),
        Filter("today", N_("Of today"), lambda now: WeeklyReportToCustomer.told_at >= now.day_from),
    ),
    choices=(
        Choice("channel", N_("Channel"), WeeklyReportToCustomer.channel, ContactChannel),
        cells.of_customer(WeeklyReportToCustomer.customer_id),
        cells.of_project(WeeklyReportToCustomer.project_id),
    ),
    empty=N_("No report yet. It is recorded on the page of the project."),
)  # fmt: skip

SUPERVISOR_VISITS = Listing(
    kind=SupervisorVisit.KIND,
    title=N_("Contacts and visits of the supervisor"),
    one=N_("Contact or visit of the supervisor"),
    icon="user-check",
    model=SupervisorVisit,
    permission=P.PROJECT_VIEW,
    number=SupervisorVisit.number,
    order="-held",
    joins=(
        (Customer, Customer.id == SupervisorVisit.customer_id),
        (Project, Project.id == SupervisorVisit.project_id),
        (Property, Property.id == Project.property_id),
        (SUPERVISOR, SUPERVISOR.id == SupervisorVisit.by_id),
    ),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade, *HOME), cells.title, "cell-title"),
        Column("number", N_("Number"), (SupervisorVisit.number,), cells.text, "ref hide-small", sort=SupervisorVisit.number),
        Column("kind", N_("Counts as"), (SupervisorVisit.kind,), SupervisorVisitKind.show),
        Column("what", N_("What was found or said"), (SupervisorVisit.what,), cells.text, "fill hide-small"),
        Column("supervisor", N_("Supervisor"), (SUPERVISOR.name,), cells.text, "hide-small"),
        Column("held", N_("On", "day"), (SupervisorVisit.held_on,), cells.day, "num cell-foot", sort=SupervisorVisit.held_on),
    ),
    card=("what",),
    search=search.of_project(SupervisorVisit),
    filters=(
        Filter("visits", N_("Obligatory visits"), lambda now: SupervisorVisit.kind == SupervisorVisitKind.VISIT),
        Filter("contacts", N_("Only contacts"), lambda now: SupervisorVisit.kind == SupervisorVisitKind.CONTACT),
    ),
    choices=(
        Choice("kind", N_("Counts as"), SupervisorVisit.kind, SupervisorVisitKind),
        cells.of_customer(SupervisorVisit.customer_id),
        cells.of_project(SupervisorVisit.project_id),
    ),
    empty=N_("Nothing was counted yet. It is recorded on the page of the project."),
)  # fmt: skip

OPEN_DAYS = Listing(
    kind=OpenDay.KIND,
    title=N_("Open days"),
    one=N_("Open day"),
    icon="calendar-event",
    model=OpenDay,
    permission=P.PROJECT_VIEW,
    number=OpenDay.number,
    order="-held",
    columns=(
        Column("invited", N_("Customers invited"), (OpenDay.invited,), cells.title, "cell-title"),
        Column("number", N_("Number"), (OpenDay.number,), cells.text, "ref hide-small", sort=OpenDay.number),
        Column("attended", N_("Who came, and what they said"), (OpenDay.attended,), cells.text, "fill hide-small"),
        Column("held", N_("On", "day"), (OpenDay.held_on,), cells.day, "num cell-foot", sort=OpenDay.held_on),
    ),
    search=search.open_days,
    placeholder=N_("Number"),
    filters=(Filter("open", N_("Nobody wrote down who came"), lambda now: OpenDay.attended.is_(None)),),
    empty=N_("No open day yet. It is recorded on the page of a site that may be visited."),
)  # fmt: skip

LISTINGS = (STAGE_ACCEPTANCES, CHANGE_ORDERS, DELAYS, SAFETY_NOTICES, WEEKLY_REPORTS, SUPERVISOR_VISITS, OPEN_DAYS)
