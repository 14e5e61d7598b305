"""The lists of follow-up calls and liaison slips."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, or_
from sqlalchemy.orm import aliased

from portal.i18n import N_
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing
from portal.listing.kinds import search
from portal.models.customer import Customer, CustomerGrade, Property
from portal.models.follow_up import FollowUpCall, FollowUpTicket
from portal.models.org import Department, Party, User
from portal.models.project import Project
from portal.permissions import Permission
from portal.processes import follow_up_call as call_rules
from portal.processes import follow_up_ticket as ticket_rules
from portal.processes.follow_up import CallStage, Overall
from portal.visibility import turn_of

P = Permission
HOME = (Property.estate, Property.building, Property.unit, Property.room)
STATE, DUE = N_("State"), N_("Due")
CLOCKS = {"overdue": N_("Late"), "today": N_("Due today"), "soon": N_("Due within 24 hours")}
OWNER, RESPONSIBLE = aliased(User), aliased(Party)
LIVE = sorted({*call_rules.WAITING, call_rules.State.DONE_UNSATISFIED, call_rules.State.RESOLVED})


def _term(terms: Any) -> Any:
    return lambda value: terms.show(value) if value else ""


CALL_CLOCK = cells.clock(FollowUpCall.KIND, FollowUpCall, DUE)

CALLS = Listing(
    kind=FollowUpCall.KIND,
    title=N_("Follow-up calls"),
    one=N_("Follow-up call", "record"),
    icon="phone",
    model=FollowUpCall,
    permission=P.FOLLOW_UP_VIEW,
    number=FollowUpCall.number,
    order="-id",
    urgent_order="due",
    joins=(
        (Customer, Customer.id == FollowUpCall.customer_id),
        (Project, Project.id == FollowUpCall.project_id),
        (Property, Property.id == Project.property_id),
        (OWNER, OWNER.id == FollowUpCall.owner_id),
        CALL_CLOCK.join,
    ),
    card=("stage", "until", "overall"),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, FollowUpCall.grade, *HOME), cells.title, "cell-title"),
        Column("number", N_("Number"), (FollowUpCall.number,), cells.text, "ref hide-small", sort=FollowUpCall.number),
        Column("stage", N_("Stage", "follow-up"), (FollowUpCall.stage,), CallStage.show),
        Column("from", N_("Window from", "follow-up"), (FollowUpCall.window_from,), cells.day, "num hide-small"),
        Column("until", N_("Window until", "follow-up"), (FollowUpCall.due_on,), cells.day, "num"),
        Column("called", N_("Called at", "follow-up"), (FollowUpCall.called_at,), cells.moment, "num hide-small"),
        Column("overall", N_("Overall opinion"), (FollowUpCall.overall,), _term(Overall)),
        Column("effective", N_("Effective"), (FollowUpCall.is_effective,), cells.yes(N_("Effective")), "hide-small"),
        Column("owner", N_("Who calls"), (OWNER.name,), cells.text, "hide-small"),
        Column("state", STATE, (FollowUpCall.state,), cells.state_of(call_rules.PROCESS), "fill cell-foot"),
        CALL_CLOCK.column,
    ),
    search=search.of_customer(FollowUpCall),
    by=search.whose(FollowUpCall),
    filters=(
        Filter("open", N_("Open", "record"), lambda now: FollowUpCall.state.in_(LIVE)),
        Filter("mine", N_("Mine"), lambda now: turn_of(now.viewer, FollowUpCall.owner_id)),
        Filter("callable", N_("To be called now"), lambda now: and_(
            FollowUpCall.state.in_(sorted(call_rules.WAITING)), FollowUpCall.window_from.is_not(None)
        )),
        *cells.clock_filters(FollowUpCall.KIND, FollowUpCall, CLOCKS),
        Filter("effective", N_("Effective"), lambda now: FollowUpCall.is_effective.is_(True)),
        Filter("late", N_("Made late"), lambda now: FollowUpCall.is_late.is_(True)),
        Filter("missing", N_("Missed or not reached"), lambda now: FollowUpCall.state.in_(
            (call_rules.State.MISSED.value, call_rules.State.UNREACHABLE.value)
        )),
        Filter("discontent", N_("Fair or unsatisfied"), lambda now: FollowUpCall.overall.in_(
            (Overall.FAIR.value, Overall.UNSATISFIED.value)
        )),
    ),
    choices=(
        Choice("state", STATE, FollowUpCall.state, call_rules.State, labels=cells.state_of(call_rules.PROCESS)),
        Choice("stage", N_("Stage", "follow-up"), FollowUpCall.stage, CallStage),
        Choice("overall", N_("Overall opinion"), FollowUpCall.overall, Overall),
        Choice("grade", N_("Grade"), FollowUpCall.grade, CustomerGrade),
        Choice("owner", N_("Who calls"), FollowUpCall.owner_id, options=cells.specialists),
        cells.of_customer(FollowUpCall.customer_id),
        cells.of_project(FollowUpCall.project_id),
    ),
    default_filters=("open",),
    empty=N_("No call here. Calls are planned when the archive of a project is opened."),
)  # fmt: skip

TICKET_CLOCK = cells.clock(FollowUpTicket.KIND, FollowUpTicket, DUE)

TICKETS = Listing(
    kind=FollowUpTicket.KIND,
    title=N_("Liaison slips"),
    one=N_("Liaison slip", "record"),
    icon="file-text",
    model=FollowUpTicket,
    permission=P.FOLLOW_UP_VIEW,
    number=FollowUpTicket.number,
    order="-id",
    urgent_order="due",
    joins=(
        (Customer, Customer.id == FollowUpTicket.customer_id),
        (Project, Project.id == FollowUpTicket.project_id),
        (Property, Property.id == Project.property_id),
        (RESPONSIBLE, RESPONSIBLE.id == FollowUpTicket.responsible_id),
        (OWNER, OWNER.id == FollowUpTicket.owner_id),
        TICKET_CLOCK.join,
    ),
    card=("problem", "department", "limit"),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade, *HOME), cells.title, "cell-title"),
        Column("number", N_("Number"), (FollowUpTicket.number,), cells.text, "ref hide-small", sort=FollowUpTicket.number),
        Column("problem", N_("Problem", "liaison slip"), (FollowUpTicket.problem,), cells.text, "fill"),
        Column("department", N_("Responsible department"), (FollowUpTicket.department,), Department.show),
        Column("responsible", N_("Responsible person"), (RESPONSIBLE.name,), cells.text, "hide-small"),
        Column("round", N_("Round"), (FollowUpTicket.round_no,), cells.text, "num hide-small", adds_up=False),
        Column("limit", N_("To be settled by"), (FollowUpTicket.limit_at,), cells.moment, "num hide-small", sort=FollowUpTicket.limit_at),
        Column("state", STATE, (FollowUpTicket.state,), cells.state_of(ticket_rules.PROCESS), "cell-foot"),
        TICKET_CLOCK.column,
    ),
    search=search.of_customer(FollowUpTicket),
    by=search.whose(FollowUpTicket),
    filters=(
        Filter("open", N_("Open", "record"), lambda now: FollowUpTicket.state.in_(sorted(ticket_rules.LIVE))),
        Filter("mine", N_("Mine"), lambda now: turn_of(now.viewer, FollowUpTicket.owner_id)),
        Filter("with-department", N_("With the department"), lambda now: FollowUpTicket.state.in_(sorted(ticket_rules.WITH_DEPARTMENT))),
        Filter("ask-again", N_("Ask the customer again"), lambda now: FollowUpTicket.state == ticket_rules.State.DONE),
        *cells.clock_filters(FollowUpTicket.KIND, FollowUpTicket, CLOCKS),
        Filter("again", N_("Second round or later"), lambda now: FollowUpTicket.round_no > 1),
        Filter("missed", N_("Limit missed"), lambda now: or_(
            FollowUpTicket.missed_count > 0,
            and_(FollowUpTicket.state.in_(sorted(ticket_rules.WITH_DEPARTMENT)), FollowUpTicket.limit_at < now.at),
        )),
    ),
    choices=(
        Choice("state", STATE, FollowUpTicket.state, ticket_rules.State, labels=cells.state_of(ticket_rules.PROCESS)),
        Choice("department", N_("Responsible department"), FollowUpTicket.department, Department),
        Choice("owner", N_("Owner", "record"), FollowUpTicket.owner_id, options=cells.specialists),
        cells.of_customer(FollowUpTicket.customer_id),
        cells.of_project(FollowUpTicket.project_id),
    ),
    default_filters=("open",),
    empty=N_("No liaison slip here. One is opened when a customer is not content in a call."),
)  # fmt: skip

LISTINGS = (CALLS, TICKETS)
