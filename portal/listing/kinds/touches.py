"""The list of pre-sale messages."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased

from portal.i18n import N_
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing
from portal.listing.kinds import search
from portal.models.customer import Customer, Property
from portal.models.lead_touch import LeadTouch
from portal.models.org import User
from portal.models.task import Task
from portal.permissions import Permission
from portal.processes import lead_touch as rules
from portal.visibility import turn_of

OWNER, SENDER = aliased(User), aliased(User)
HOME = (Property.estate, Property.building, Property.unit, Property.room)
L = rules.PROCESS.field_labels
STATE = N_("State")
HAS_TASK = select(Task.record_id).where(Task.record_kind == LeadTouch.KIND, Task.closed_at.is_(None))
CLOCK = cells.clock(LeadTouch.KIND, LeadTouch, N_("Due"))

LEAD_TOUCHES = Listing(
    kind=LeadTouch.KIND,
    title=N_("Pre-sale messages"),
    one=N_("Pre-sale message", "record"),
    icon="send",
    model=LeadTouch,
    permission=Permission.TOUCH_VIEW,
    number=LeadTouch.number,
    order="due-on",
    urgent_order="due",
    joins=(
        (Customer, Customer.id == LeadTouch.customer_id),
        (Property, Property.id == LeadTouch.property_id),
        (OWNER, OWNER.id == Customer.owner_id),
        (SENDER, SENDER.id == LeadTouch.sent_by_id),
        CLOCK.join,
    ),
    card=("kind", "due-on"),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade, *HOME), cells.title, "cell-title"),
        Column("number", N_("Number"), (LeadTouch.number,), cells.text, "ref hide-small", sort=LeadTouch.number),
        Column("kind", L["kind"], (LeadTouch.kind,), rules.TouchKind.show),
        Column("due-on", L["due_on"], (LeadTouch.due_on,), cells.day, "num", sort=LeadTouch.due_on),
        Column("owner", N_("Responsible specialist"), (OWNER.name,), cells.text, "hide-small"),
        Column("channel", L["channel"], (LeadTouch.channel,), lambda value: rules.TouchChannel.show(value) if value else "", "hide-small"),
        Column("sent", N_("Sent at", "lead touch"), (LeadTouch.sent_at,), cells.moment, "num hide-small"),
        Column("sender", N_("Sent by", "person"), (SENDER.name,), cells.text, "hide-small"),
        Column("response", L["response"], (LeadTouch.response,), cells.text, "fill hide-small"),
        Column("skipped", N_("Why not sent"), (LeadTouch.skip_reason,), lambda value: rules.SkipReason.show(value) if value else "", "hide-small"),
        Column("state", STATE, (LeadTouch.state,), cells.state_of(rules.PROCESS), "cell-foot"),
        CLOCK.column,
    ),
    search=search.lead_touches,
    filters=(
        Filter("now", N_("To send now"), lambda now: LeadTouch.id.in_(HAS_TASK)),
        *cells.clock_filters(LeadTouch.KIND, LeadTouch, {"overdue": N_("Late")}),
        Filter("mine", N_("Of my customers"), lambda now: or_(
            LeadTouch.customer_id.in_(
                select(Customer.id).where(turn_of(now.viewer, Customer.owner_id), Customer.merged_into_id.is_(None))
            ),
            LeadTouch.sent_by_id == now.viewer.id,
        )),
        Filter("answered", N_("With a response"), lambda now: LeadTouch.response.is_not(None)),
        Filter("asked", L["asked_to_stop"], lambda now: LeadTouch.asked_to_stop.is_(True)),
    ),
    choices=(
        Choice("state", STATE, LeadTouch.state, rules.State, labels=cells.state_of(rules.PROCESS)),
        Choice("kind", L["kind"], LeadTouch.kind, rules.TouchKind),
        Choice("channel", L["channel"], LeadTouch.channel, rules.TouchChannel),
        Choice("skipped", N_("Why not sent"), LeadTouch.skip_reason, rules.SkipReason),
        Choice("sender", N_("Sent by", "person"), LeadTouch.sent_by_id, options=cells.colleagues),
        cells.of_customer(LeadTouch.customer_id),
    ),
    default_filters=("state.DUE",),
    empty=N_("No message here. They are planned when a hand-over date or a visit to the shop is saved."),
)  # fmt: skip

LISTINGS = (LEAD_TOUCHES,)
