"""The lists of warranty certificates, repairs and cost cases of repairs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, and_, literal_column, select
from sqlalchemy.orm import Session, aliased

from portal import visibility
from portal.i18n import N_
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing, Span
from portal.listing.kinds import search
from portal.models.consultation import Channel
from portal.models.customer import Customer, Property
from portal.models.org import Crew, User
from portal.models.project import Project
from portal.models.repair import RepairCostCase, RepairOrder, RepairVisit, WarrantyCertificate
from portal.permissions import Permission, Role
from portal.processes import repair, repair_cost, warranty
from portal.services import crew_ratings
from portal.visibility import turn_of

P = Permission
HOME = (Property.estate, Property.building, Property.unit, Property.room)
STATE, DUE, OWNER = N_("State"), N_("Due"), N_("Owner", "record")
CLOCKS = {"overdue": N_("Late"), "today": N_("Due today"), "soon": N_("Due within 24 hours")}
CAPTAIN = aliased(User)


def captains(session: Session, user: User) -> list[tuple[Any, str]]:
    """Repair captains the person knows, for filters."""
    query = select(User.id, User.name).where(User.role == Role.REPAIR_CAPTAIN, User.disabled_at.is_(None))
    return [
        (key, name) for key, name in session.execute(query.where(visibility.in_branch(User, user)).order_by(User.name))
    ]


def crews(session: Session, user: User) -> list[tuple[Any, str]]:
    """Crews the person knows, for filters."""
    query = visibility.visible_to(user, Crew).with_only_columns(Crew.id, Crew.name).order_by(Crew.name).limit(300)
    return [(key, name) for key, name in session.execute(query)]


def _none(*moments: Any) -> Any:
    return and_(*(moment.is_(None) for moment in moments))


REPAIR_CLOCK = cells.clock(RepairOrder.KIND, RepairOrder, DUE)

REPAIRS = Listing(
    kind=RepairOrder.KIND,
    title=N_("Repairs"),
    one=N_("Repair", "record"),
    icon="tool",
    model=RepairOrder,
    permission=P.REPAIR_VIEW,
    number=RepairOrder.number,
    order="-reported",
    urgent_order="due",
    joins=(
        (Customer, Customer.id == RepairOrder.customer_id),
        (CAPTAIN, CAPTAIN.id == RepairOrder.captain_id),
        REPAIR_CLOCK.join,
    ),
    card=("symptom", "address", "trade"),
    lengths=(("appointment", "repair_visit_minutes"),),
    spans=(Span(N_("Reported to closed", "span"), RepairOrder.reported_at, RepairOrder.closed_at, runs=True),),
    columns=(
        Column("customer", N_("Customer"), (RepairOrder.reporter, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Number"), (RepairOrder.number,), cells.text, "ref hide-small", sort=RepairOrder.number),
        Column("trade", N_("Trade"), (RepairOrder.trade,), repair.Trade.show),
        Column("symptom", N_("Symptom"), (RepairOrder.symptom,), lambda value: value[:120], "fill"),
        Column("address", N_("Address"), (RepairOrder.address,), cells.text),
        Column("urgency", N_("Urgency"), (RepairOrder.urgency,), repair.Urgency.show),
        Column("state", STATE, (RepairOrder.state,), cells.state_of(repair.PROCESS)),
        Column("captain", N_("Repair captain"), (CAPTAIN.name,), cells.text, "cell-foot"),
        Column("appointment", N_("Visit agreed for"), (RepairOrder.appointment_at,), cells.moment, "num hide-small"),
        Column(
            "reported",
            N_("Reported"),
            (RepairOrder.reported_at,),
            cells.moment,
            "num hide-small",
            sort=RepairOrder.reported_at,
        ),
        Column("closed", N_("Closed", "record"), (RepairOrder.closed_at,), cells.moment, "num hide-small"),
        REPAIR_CLOCK.column,
    ),
    search=search.repair_orders,
    asked=(REPAIR_CLOCK.asked,),
    by=search.whose(RepairOrder, RepairOrder.reporter, RepairOrder.phone, without=("of-address",)),
    filters=(
        Filter("open", N_("Open", "record"), lambda now: RepairOrder.state.in_(sorted(repair.OPEN))),
        Filter("mine", N_("Mine"), lambda now: turn_of(now.viewer, RepairOrder.owner_id), "owner"),
        Filter("my-jobs", N_("My jobs"), lambda now: turn_of(now.viewer, RepairOrder.captain_id), "owner"),
        *cells.clock_filters(RepairOrder.KIND, RepairOrder, CLOCKS),
        Filter(
            "visit-today",
            N_("Visit today"),
            lambda now: RepairOrder.id.in_(
                select(RepairVisit.order_id).where(
                    RepairVisit.planned_at >= now.day_from, RepairVisit.planned_at < now.day_until
                )
            ),
        ),
        Filter("to-check", N_("To check"), lambda now: RepairOrder.state == repair.State.REPORTED),
        Filter("to-call", N_("To call after the repair"), lambda now: RepairOrder.state == repair.State.SIGNED_OFF),
        Filter("urgent", N_("Urgent"), lambda now: RepairOrder.urgency == repair.Urgency.URGENT),
        Filter("rework", N_("Repaired again"), lambda now: RepairOrder.rework_count > 0),
        Filter("repeat", N_("Same trade again"), lambda now: RepairOrder.rework_of_id.is_not(None)),
        Filter("filed", N_("Filed", "repair"), lambda now: crew_ratings.FILED),
        Filter("again", N_("Rework of either kind"), lambda now: crew_ratings.REWORKED),
        Filter("sent", N_("The crew was sent"), lambda now: crew_ratings.TOLD),
        Filter("crew-late", N_("The crew came late (DL-22)"), lambda now: crew_ratings.LATE),
        Filter("crew-cost", N_("The crew bears cost"), lambda now: crew_ratings.COSTLY),
    ),
    choices=(
        Choice("state", STATE, RepairOrder.state, repair.State, labels=cells.state_of(repair.PROCESS)),
        Choice("trade", N_("Trade"), RepairOrder.trade, repair.Trade),
        Choice("warranty", N_("In warranty?"), RepairOrder.in_warranty, repair.InWarranty),
        Choice("cause", N_("Cause of the defect"), RepairOrder.cause, repair.Cause),
        Choice("channel", N_("Channel"), RepairOrder.channel, Channel),
        Choice("captain", N_("Repair captain"), RepairOrder.captain_id, options=captains),
        Choice("crew", N_("Responsible crew"), RepairOrder.responsible_crew_id, options=crews),
        Choice("owner", OWNER, RepairOrder.owner_id, options=cells.specialists),
        cells.of_customer(RepairOrder.customer_id),
        cells.of_project(RepairOrder.project_id),
    ),
    default_filters=("open",),
    create=P.REPAIR_CREATE,
    create_label=N_("Register a repair"),
    create_path="/records/repair-orders/new",
    empty=N_("No repair here. A request is registered with the button above."),
)

VISITS = Listing(
    kind=RepairVisit.KIND,
    title=N_("Visits", "repair"),
    one=N_("Visit", "repair"),
    icon="calendar-event",
    model=RepairVisit,
    permission=P.REPAIR_VIEW,
    number=RepairVisit.number,
    link=(literal_column(f"'{RepairOrder.KIND}'", String()), RepairVisit.order_number),
    order="-id",
    joins=(
        (RepairOrder, RepairOrder.id == RepairVisit.order_id),
        (Customer, Customer.id == RepairOrder.customer_id),
        (CAPTAIN, CAPTAIN.id == RepairVisit.captain_id),
    ),
    card=("trade", "address", "work"),
    lengths=(("planned", "repair_visit_minutes"), ("came", "repair_visit_minutes")),
    spans=(Span(N_("On site", "span"), RepairVisit.came_at, RepairVisit.left_at, runs=True),),
    columns=(
        Column("customer", N_("Customer"), (RepairOrder.reporter, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Number"), (RepairVisit.number,), cells.text, "ref hide-small"),
        Column("trade", N_("Trade"), (RepairOrder.trade,), repair.Trade.show),
        Column("address", N_("Address"), (RepairOrder.address,), cells.text),
        Column("work", N_("What was done", "visit"), (RepairVisit.work,), lambda value: (value or "")[:120], "fill"),
        Column("planned", N_("Agreed for"), (RepairVisit.planned_at,), cells.moment, "num cell-due"),
        Column("came", N_("Came at"), (RepairVisit.came_at,), cells.moment, "num hide-small"),
        Column("left", N_("Left at"), (RepairVisit.left_at,), cells.moment, "num hide-small"),
        Column("captain", N_("Repair captain"), (CAPTAIN.name,), cells.text, "cell-foot"),
        Column("workers", N_("Who was there"), (RepairVisit.workers,), cells.text),
        Column("round", N_("Round", "repair"), (RepairVisit.round_no,), cells.text, "num hide-small", adds_up=False),
    ),
    search=search.repair_visits,
    filters=(
        Filter("to-come", N_("To come"), lambda now: _none(RepairVisit.came_at, RepairVisit.left_at), "stands"),
        Filter(
            "going-on",
            N_("On site now"),
            lambda now: and_(RepairVisit.came_at.is_not(None), RepairVisit.left_at.is_(None)),
            "stands",
        ),
        Filter("made", N_("Over"), lambda now: RepairVisit.left_at.is_not(None), "stands"),
        Filter("mine", N_("My jobs"), lambda now: turn_of(now.viewer, RepairVisit.captain_id)),
        Filter(
            "today",
            N_("Agreed for today"),
            lambda now: and_(RepairVisit.planned_at >= now.day_from, RepairVisit.planned_at < now.day_until),
        ),
        Filter(
            "missed",
            N_("Agreed, and nobody came"),
            lambda now: and_(RepairVisit.planned_at < now.at, _none(RepairVisit.came_at, RepairVisit.left_at)),
        ),
        Filter("again", N_("After the customer sent it back"), lambda now: RepairVisit.round_no > 1),
    ),
    choices=(
        Choice("captain", N_("Repair captain"), RepairVisit.captain_id, options=captains),
        Choice("executor", N_("Carried out by"), RepairVisit.executor, repair.Executor),
    ),
    empty=N_("No visit here. One is agreed when a repair is assigned, and noted when the captain comes."),
)

WARRANTY_CLOCK = cells.clock(WarrantyCertificate.KIND, WarrantyCertificate, DUE)

WARRANTIES = Listing(
    kind=WarrantyCertificate.KIND,
    title=N_("Warranty certificates"),
    one=N_("Warranty certificate"),
    icon="shield-check",
    model=WarrantyCertificate,
    permission=P.WARRANTY_VIEW,
    number=WarrantyCertificate.number,
    order="-id",
    urgent_order="due",
    joins=(
        (Customer, Customer.id == WarrantyCertificate.customer_id),
        (Project, Project.id == WarrantyCertificate.project_id),
        (Property, Property.id == Project.property_id),
        WARRANTY_CLOCK.join,
    ),
    card=("number", "starts", "ends"),
    spans=(Span(N_("Warranty", "span"), WarrantyCertificate.starts_on, WarrantyCertificate.ends_on),),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade, *HOME), cells.title, "cell-title"),
        Column(
            "number", N_("Number"), (WarrantyCertificate.number,), cells.text, "ref hide-small",
            sort=WarrantyCertificate.number,
        ),
        Column("project", N_("Project"), (Project.number,), cells.text, "ref hide-small"),
        Column("starts", N_("Begins"), (WarrantyCertificate.starts_on,), cells.day, "num hide-small"),
        Column("ends", N_("Ends"), (WarrantyCertificate.ends_on,), cells.day, "num hide-small"),
        Column("issued", N_("Issued at"), (WarrantyCertificate.issued_at,), cells.moment, "num hide-small"),
        Column(
            "state", STATE, (WarrantyCertificate.state,), cells.state_of(warranty.PROCESS), "fill"
        ),
        WARRANTY_CLOCK.column,
    ),
    search=search.warranties,
    by=search.whose(WarrantyCertificate),
    filters=(
        Filter("pending", N_("To be issued"), lambda now: WarrantyCertificate.state == warranty.State.PENDING),
        Filter("valid", N_("Valid"), lambda now: WarrantyCertificate.state.in_(sorted(warranty.VALID))),
        Filter("mine", N_("Mine"), lambda now: turn_of(now.viewer, WarrantyCertificate.owner_id)),
        *cells.clock_filters(WarrantyCertificate.KIND, WarrantyCertificate, CLOCKS),
    ),
    choices=(
        Choice(
            "state", STATE, WarrantyCertificate.state, warranty.State, labels=cells.state_of(warranty.PROCESS)
        ),
        cells.of_customer(WarrantyCertificate.customer_id),
        cells.of_project(WarrantyCertificate.project_id),
    ),
    empty=N_("No certificate here. One is opened by itself when a contract is paid in full."),
)  # fmt: skip

ESTIMATE = RepairCostCase.estimate_material + RepairCostCase.estimate_labour
ACTUAL = RepairCostCase.actual_material + RepairCostCase.actual_labour

COST_CASES = Listing(
    kind=RepairCostCase.KIND,
    title=N_("Repair cost cases"),
    one=N_("Repair cost case"),
    icon="receipt",
    model=RepairCostCase,
    permission=P.COST_CASE_VIEW,
    number=RepairCostCase.number,
    order="-id",
    joins=(
        (RepairOrder, RepairOrder.id == RepairCostCase.order_id),
        (Customer, Customer.id == RepairOrder.customer_id),
        (Crew, Crew.id == RepairCostCase.crew_id),
    ),
    card=("crew", "estimate"),
    columns=(
        Column("customer", N_("Customer"), (RepairOrder.reporter, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Number"), (RepairCostCase.number,), cells.text, "ref hide-small", sort=RepairCostCase.number),
        Column("repair", N_("Repair", "record"), (RepairOrder.number,), cells.text, "ref hide-small"),
        Column("crew", N_("Original crew"), (Crew.name,), cells.text, "fill"),
        Column("estimate", N_("Estimate (yuan)"), (ESTIMATE,), cells.money, "num hide-small"),
        Column("actual", N_("Actual (yuan)"), (ACTUAL,), lambda value: "" if value is None else cells.money(value), "num hide-small"),
        Column("state", STATE, (RepairCostCase.state,), cells.state_of(repair_cost.PROCESS), "cell-foot"),
    ),
    search=search.repair_cost_cases,
    filters=(
        Filter("open", N_("Open", "record"), lambda now: RepairCostCase.state != repair_cost.State.CLOSED),
        Filter("to-confirm", N_("To be confirmed"), lambda now: RepairCostCase.state == repair_cost.State.DRAFT),
        Filter("to-approve", N_("To approve"), lambda now: RepairCostCase.state == repair_cost.State.CONFIRMED),
        Filter("to-book", N_("To book"), lambda now: RepairCostCase.state == repair_cost.State.EXECUTED),
    ),
    choices=(
        Choice("state", STATE, RepairCostCase.state, repair_cost.State, labels=cells.state_of(repair_cost.PROCESS)),
        Choice("cause", N_("Cause of the defect"), RepairCostCase.cause, repair.Cause),
    ),
    default_filters=("open",),
    empty=N_("No cost case here. Captains write one when the crew of a repair has left or is refused."),
)  # fmt: skip

LISTINGS = (WARRANTIES, REPAIRS, VISITS, COST_CASES)
