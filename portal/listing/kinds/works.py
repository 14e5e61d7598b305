"""The lists of the works: dispatch orders."""

from __future__ import annotations

from sqlalchemy.orm import aliased

from portal.i18n import N_
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing
from portal.listing.kinds import search
from portal.listing.kinds.repairs import crews
from portal.models.customer import Customer, Property
from portal.models.org import Crew, Party
from portal.models.project import Project
from portal.models.works import DispatchOrder
from portal.permissions import Permission

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

LISTINGS = (DISPATCH_ORDERS,)
