"""The lists of what happens on sites: acceptances of stages, change orders, delays, safety notices."""

from __future__ import annotations

from sqlalchemy.orm import aliased

from portal.i18n import N_
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing
from portal.listing.kinds import search
from portal.models.customer import Customer, Property
from portal.models.milestone import ChangeOrder, DelayNotice, SafetyNotice, StageAcceptance, StageKind, StageResult
from portal.models.org import Party
from portal.models.project import Project
from portal.permissions import Permission
from portal.processes import change_order, delay_notice, safety_notice

P = Permission
STATE = N_("State")
HOME = (Property.estate, Property.building, Property.unit, Property.room)
MANAGER, RESPONSIBLE = aliased(Party), aliased(Party)

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

LISTINGS = (STAGE_ACCEPTANCES, CHANGE_ORDERS, DELAYS, SAFETY_NOTICES)
