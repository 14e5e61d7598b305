"""The lists of the works: dispatch orders, completion acceptances."""

from __future__ import annotations

from sqlalchemy.orm import aliased

from portal.i18n import N_
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing, Span
from portal.listing.kinds import search
from portal.listing.kinds.repairs import crews
from portal.models.completion import CompletionAcceptance
from portal.models.customer import Customer, Property
from portal.models.org import Crew, Party
from portal.models.project import Project
from portal.models.works import DispatchOrder
from portal.permissions import Permission
from portal.processes import completion
from portal.visibility import turn_of

P = Permission
HOME = (Property.estate, Property.building, Property.unit, Property.room)
FOREMAN, MANAGER, SUPERVISOR = (aliased(Party) for _post in range(3))


DISPATCH_ORDERS = Listing(
    kind=DispatchOrder.KIND,
    title=N_("Dispatch orders"),
    one=N_("Dispatch order"),
    icon="hammer",
    model=DispatchOrder,
    permission=P.PROJECT_VIEW,
    number=DispatchOrder.number,
    order="-id",
    joins=(
        (Customer, Customer.id == DispatchOrder.customer_id),
        (Project, Project.id == DispatchOrder.project_id),
        (Property, Property.id == Project.property_id),
        (FOREMAN, FOREMAN.id == DispatchOrder.foreman_id),
        (MANAGER, MANAGER.id == DispatchOrder.project_manager_id),
        (SUPERVISOR, SUPERVISOR.id == DispatchOrder.supervisor_id),
        (Crew, Crew.id == DispatchOrder.crew_id),
    ),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Number"), (DispatchOrder.number,), cells.text, "ref hide-small", sort=DispatchOrder.number),
        Column("home", N_("Home"), HOME, cells.home, "fill"),
        Column("manager", N_("Project manager"), (MANAGER.name,), cells.text),
        Column("foreman", N_("Foreman"), (FOREMAN.name,), cells.text, "cell-foot"),
        Column("crew", N_("Crew"), (Crew.name,), cells.text),
        Column("supervisor", N_("Supervisor"), (SUPERVISOR.name,), cells.text),
        Column("received", N_("Handed over"), (DispatchOrder.received_at,), cells.moment, "num hide-small", sort=DispatchOrder.received_at),
        Column("dispatched", N_("Dispatched", "moment"), (DispatchOrder.dispatched_at,), cells.moment, "num cell-due"),
    ),
    search=search.dispatch_orders,
    filters=(
        Filter("waiting", N_("Waits for engineering"), lambda now: DispatchOrder.dispatched_at.is_(None)),
        Filter("dispatched", N_("Dispatched"), lambda now: DispatchOrder.dispatched_at.is_not(None)),
    ),
    choices=(
        Choice("crew", N_("Crew"), DispatchOrder.crew_id, options=crews),
        cells.of_customer(DispatchOrder.customer_id),
        cells.of_project(DispatchOrder.project_id),
    ),
    empty=N_("No dispatch order here. One is made when the file of a project is handed to engineering."),
)  # fmt: skip

CLOCK = cells.clock(CompletionAcceptance.KIND, CompletionAcceptance, N_("Due"))

COMPLETIONS = Listing(
    kind=CompletionAcceptance.KIND,
    title=N_("Completion acceptances"),
    one=N_("Completion acceptance"),
    icon="clipboard-check",
    model=CompletionAcceptance,
    permission=P.COMPLETION_VIEW,
    number=CompletionAcceptance.number,
    order="-id",
    urgent_order="due",
    joins=(
        (Customer, Customer.id == CompletionAcceptance.customer_id),
        (Project, Project.id == CompletionAcceptance.project_id),
        (Property, Property.id == Project.property_id),
        CLOCK.join,
    ),
    card=("number", "appointed", "accepted"),
    lengths=(("appointed", "calendar_minutes"),),
    spans=(Span(N_("Appointed to accepted", "span"), CompletionAcceptance.appointed_at, CompletionAcceptance.accepted_at),),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Number"), (CompletionAcceptance.number,), cells.text, "ref hide-small", sort=CompletionAcceptance.number),
        Column("home", N_("Home"), HOME, cells.home, "fill"),
        Column("project", N_("Project"), (Project.number,), cells.text, "ref hide-small"),
        Column("state", N_("State"), (CompletionAcceptance.state,), cells.state_of(completion.PROCESS), "cell-foot"),
        Column("appointed", N_("Acceptance at"), (CompletionAcceptance.appointed_at,), cells.moment, "num hide-small"),
        Column("accepted", N_("Accepted at"), (CompletionAcceptance.accepted_at,), cells.moment, "num hide-small"),
        Column("settled", N_("Paid in full on"), (CompletionAcceptance.settled_on,), cells.day, "num hide-small"),
        CLOCK.column,
    ),
    search=search.completions,
    filters=(
        Filter("open", N_("Open", "record"), lambda now: CompletionAcceptance.state != completion.State.SETTLED),
        Filter("mine", N_("Mine"), lambda now: turn_of(now.viewer, CompletionAcceptance.owner_id)),
        Filter("to-settle", N_("Waits for the final payment"), lambda now: CompletionAcceptance.state == completion.State.ACCEPTED),
        Filter("settled", N_("Completed projects"), lambda now: CompletionAcceptance.state == completion.State.SETTLED),
    ),
    choices=(
        Choice("state", N_("State"), CompletionAcceptance.state, completion.State, labels=cells.state_of(completion.PROCESS)),
        Choice("owner", N_("Owner", "record"), CompletionAcceptance.owner_id, options=cells.specialists),
        cells.of_customer(CompletionAcceptance.customer_id),
        cells.of_project(CompletionAcceptance.project_id),
    ),
    default_filters=("open",),
    empty=N_("No acceptance here. It is prepared on the page of a project that passed the pre-acceptance."),
)  # fmt: skip

LISTINGS = (DISPATCH_ORDERS, COMPLETIONS)
