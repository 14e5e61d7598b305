"""Repairs: the page of one, and what is noted beside its steps. Rules: `portal/processes/repair.py`."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload, selectinload

from blueprints.http import find_or_404, get_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.repairs import tabs
from blueprints.records.repairs.desk_forms import CallForm, MoveVisitForm, NoteVisitForm, PaymentForm
from portal import clock, visibility
from portal.db import session
from portal.errors import NotFound
from portal.i18n import N_, Text, _
from portal.models.consultation import Channel
from portal.models.follow_up import RepairFollowUp
from portal.models.org import Crew, User
from portal.models.project import Project
from portal.models.repair import RepairOrder, RepairVisit
from portal.permissions import Permission, may
from portal.processes.repair import PROCESS, Cause, CrewStatus, Executor, Ground, InWarranty, State, Trade, Urgency
from portal.services import maps, repair_costs, repairs, repeats
from portal.services.fields import Field, link, money, phone, term
from portal.services.repairs.visits import to_come
from portal.shell import REPAIRS_ON_SITE

P = Permission
PATH = "/repair-orders/<number>"
L = PROCESS.field_labels
NAMED = (
    joinedload(RepairOrder.customer),
    joinedload(RepairOrder.owner),
    joinedload(RepairOrder.captain),
    joinedload(RepairOrder.responsible_crew),
    joinedload(RepairOrder.certificate),
    joinedload(RepairOrder.cost_case),
    joinedload(RepairOrder.project).joinedload(Project.property),
    selectinload(RepairOrder.costs),
    selectinload(RepairOrder.signatures),
    selectinload(RepairOrder.payments),
    selectinload(RepairOrder.calls),
    selectinload(RepairOrder.follow_ups).joinedload(RepairFollowUp.call),
    selectinload(RepairOrder.visits).joinedload(RepairVisit.captain),
    selectinload(RepairOrder.visits).selectinload(RepairVisit.all_photos),
)
"""Everything the page of a repair names, in few questions to the database."""
FIELDS: dict[str, Field] = {
    "reporter": Field(L["reporter"]),
    "phone": phone(L["phone"]),
    "address": Field(L["address"]),
    "trade": term(L["trade"], Trade),
    "symptom": Field(L["symptom"]),
    "material": Field(L["material"]),
    "urgency": term(L["urgency"], Urgency),
    "channel": term(N_("Channel"), Channel),
    "reported_at": Field(L["reported_at"]),
    "project_id": link(N_("Project"), Project),
    "in_warranty": term(L["in_warranty"], InWarranty),
    "warranty_reason": Field(L["warranty_reason"]),
    "has_no_certificate": Field(L["has_no_certificate"]),
    "basis_told": Field(L["basis_told"]),
    "responsible_crew_id": link(L["responsible_crew"], Crew),
    "crew_status": term(L["crew_status"], CrewStatus),
    "captain_id": link(L["captain"], User),
    "executor": term(L["executor"], Executor),
    "told_at": Field(L["told_at"]),
    "appointment_at": repairs.FIELDS["appointment_at"],
    "overlap_reason": repairs.FIELDS["overlap_reason"],
    "arrived_at": Field(L["arrived_at"]),
    "cause": term(L["cause"], Cause),
    "plan": Field(L["plan"]),
    "planned_done_at": Field(L["planned_done_at"]),
    "is_plan_told": Field(L["is_plan_told"]),
    "quote_material": money(L["quote_material"]),
    "quote_labour": money(L["quote_labour"]),
    "quote_note": Field(L["quote_note"]),
    "work_done": Field(L["work_done"]),
    "done_at": Field(L["done_at"]),
    "defects": Field(L["defects"]),
    "signed_by": Field(L["signed_by"]),
    "signed_at": Field(L["signed_at"]),
    "rating": Field(L["rating"]),
    "follow_up_at": Field(L["follow_up_at"]),
    "follow_up_note": Field(L["follow_up_note"]),
    "rework_count": Field(N_("Repaired again")),
    "complaint_ground": term(L["ground"], Ground),
    "owner_id": link(N_("Owner", "record"), User),
}
REPORTED: tuple[Text, tuple[str, ...]] = (
    N_("What was reported"),
    ("reporter", "phone", "address", "project_id", "trade", "urgency", "reported_at", "channel", "symptom", "owner_id"),
)
LATER: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (
        N_("Warranty and crew"),
        (
            "in_warranty",
            "basis_told",
            "warranty_reason",
            "has_no_certificate",
            "responsible_crew_id",
            "crew_status",
            "material",
        ),
    ),
    (
        N_("Visit"),
        (
            "captain_id",
            "executor",
            "told_at",
            "appointment_at",
            "overlap_reason",
            "arrived_at",
            "planned_done_at",
            "is_plan_told",
            "cause",
            "plan",
        ),
    ),
    (N_("Quote"), ("quote_material", "quote_labour", "quote_note")),
    (N_("Work and signature"), ("done_at", "work_done", "defects", "signed_by", "signed_at", "rating")),
    (N_("Call after the repair"), ("follow_up_at", "follow_up_note", "rework_count", "complaint_ground")),
)
"""Groups of facts that are shown once one of them is known."""
ONLY_IF_SO = frozenset(
    {"material", "has_no_certificate", "overlap_reason", "is_plan_told", "defects", "rework_count", "complaint_ground"}
)


@blueprint.get(PATH)
@requires(P.REPAIR_VIEW)
def repair_order(number: str) -> ResponseReturnValue:
    """The repair: clocks, what is possible now, what is known, its costs, the talk beside it."""
    record = find_or_404(RepairOrder, number, NAMED)
    notes = []
    if record.is_historical:
        notes.append(("info-circle", _("From the old ledger: kept for reading, no clocks run.")))
    if record.is_arrival_late and record.arrived_at is None:
        notes.append(("alert-triangle", _("Nobody was on site within the limit (DL-22). The captain may take over.")))
    if repairs.signature_is_void(record):
        notes.append(
            ("signature", _("The customer signed other words than those that stand here now: the signature is void."))
        )
    if record.round_no > 1 and record.state == State.REPAIRING:
        notes.append(
            (
                "refresh",
                _(
                    "Round %(round)s: the customer sent the work back. Photos after the repair and the checklist are needed anew.",
                    round=record.round_no,
                ),
            )
        )
    customer = record.customer
    return showing.show(
        record,
        record.symptom[:40],
        FIELDS,
        (REPORTED, *known(record)),
        meta=[(record.reporter, editing.path(customer) if customer else ""), (Trade.show(record.trade), "")],
        smart=_smart(record),
        actions=_actions(record),
        tabs=tabs.of(record),
        household_url=f"{editing.path(customer)}/household" if customer else "",
        notes=notes,
        repeats=[] if record.closed_at else repeats.of_record(session(), g.user, record),
    )


@blueprint.route(f"{PATH}/visit", methods=["GET", "POST"])
@requires(P.REPAIR_PLAN)
def move_visit(number: str) -> ResponseReturnValue:
    """Agree on another time for the visit; one that lies on another of the captain asks for a reason."""
    record = _find(number)
    form = MoveVisitForm(obj=record)
    kept = record.id

    def now() -> RepairOrder:
        return get_or_404(repairs.visible_to(g.user), RepairOrder.id == kept)

    def act(writing: Any, fresh: RepairOrder) -> None:
        repairs.move_visit(writing, fresh, form.to_command(), actor=g.user, at=clock.now())

    return editing.change(form, showing.sheet(_("Move the visit"), record, "repair-orders"), now, act)


@blueprint.route(f"{PATH}/visits/new", methods=["GET", "POST"])
@blueprint.route(f"{PATH}/visits/<int:visit_id>", methods=["GET", "POST"])
@requires(P.REPAIR_PLAN)
def note_visit(number: str, visit_id: int | None = None) -> ResponseReturnValue:
    """Note a visit: one that is known, or one more. Was somebody faster with a known one, both are compared by field."""
    record, form = _find(number), NoteVisitForm()
    form.visit = next((each for each in record.visits if each.id == visit_id), None)
    if visit_id is None:
        if not form.is_submitted():
            form.prepare(record, clock.now())
        return _note(form, record, _("Note a visit"), repairs.note_visit, tab="visits")
    if form.visit is None:
        raise NotFound()

    def now() -> RepairVisit:
        return get_or_404(visibility.visible_to(g.user, RepairVisit), RepairVisit.id == visit_id)

    def act(writing: Any, fresh: RepairVisit) -> None:
        repairs.note_visit(writing, fresh.order, form.to_command(), actor=g.user, at=clock.now())

    sheet = showing.sheet(form.visit.number, record, "repair-orders")
    return editing.change(form, sheet, now, act, back=f"{editing.path(record)}?tab=visits")


@blueprint.route(f"{PATH}/payment", methods=["GET", "POST"])
@requires(P.REPAIR_PAYMENT)
def pay_repair(number: str) -> ResponseReturnValue:
    """Note what the customer paid."""
    record, form = _find(number), PaymentForm()
    if not form.is_submitted():
        form.paid_at.data, form.paid_by.data = clock.now(), record.reporter
        form.amount.data = max(record.still_owed, record.accepted_quote - record.paid_amount) or None
    return _note(form, record, _("Note a payment"), repairs.record_payment)


@blueprint.route(f"{PATH}/calls", methods=["GET", "POST"])
@requires(P.REPAIR_CLOSE)
def call_during_repair(number: str) -> ResponseReturnValue:
    """Note a call while the repair goes on."""
    record, form = _find(number), CallForm()
    if not form.is_submitted():
        form.called_at.data, form.is_reached.data = clock.now(), "yes"
    return _note(form, record, _("Note a call during the repair"), repairs.record_call)


def known(record: RepairOrder) -> list[tuple[Text, tuple[str, ...]]]:
    """The groups of which something is known, without what only says something when it is so."""
    groups = [(heading, names) for heading, names in LATER if any(getattr(record, name) for name in names)]
    return [
        (heading, tuple(name for name in names if name not in ONLY_IF_SO or getattr(record, name)))
        for heading, names in groups
    ]


def _find(number: str) -> RepairOrder:
    return find_or_404(RepairOrder, number)


def _note(form: Any, record: RepairOrder, title: str, service: Any, tab: str = "") -> ResponseReturnValue:
    """A form that adds something to the repair, once however often it is sent."""
    number = record.number

    def make(writing: Any) -> str:
        fresh = _find(number)
        service(writing, fresh, form.to_command(), actor=g.user, at=clock.now())
        return f"{editing.path(fresh)}?tab={tab}" if tab else editing.path(fresh)

    return editing.create(form, showing.sheet(title, record, "repair-orders"), make)


def _smart(record: RepairOrder) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if record.certificate is not None and may(g.user, P.WARRANTY_VIEW):
        found.append({
            "url": editing.path(record.certificate), "icon": "shield-check", "count": "", "label": _("Warranty"),
        })  # fmt: skip
    if record.cost_case is not None and may(g.user, P.COST_CASE_VIEW):
        found.append({
            "url": editing.path(record.cost_case), "icon": "receipt", "count": "", "label": _("Cost case"),
        })  # fmt: skip
    if record.follow_ups and may(g.user, P.FOLLOW_UP_VIEW):
        found.append({
            "url": editing.path(record.follow_ups[-1].call), "icon": "phone", "count": "",
            "label": _("Call after the repair"),
        })  # fmt: skip
    found.append({"url": maps.url(session(), record.address), "icon": "map-pin", "count": "", "label": _("Map")})
    return found


def _actions(record: RepairOrder) -> list[dict[str, Any]]:
    base = editing.path(record)
    found: list[dict[str, Any]] = []
    if may(g.user, P.CAPTAIN_DESK) and record.captain_id == g.user.id and record.closed_at is None:
        url = REPAIRS_ON_SITE.records + quote(record.number, safe="")
        found.append({"label": _("Go on with the job"), "url": url, "icon": "tool", "primary": True})
    if record.state in repairs.PLANNED and may(g.user, P.REPAIR_PLAN):
        label = _("Move the visit") if to_come(record) else _("Agree on a visit")
        found.append({"label": label, "url": f"{base}/visit", "icon": "calendar"})
    if record.state in repairs.VISITED and may(g.user, P.REPAIR_PLAN):
        found.append({"label": _("Note a visit"), "url": f"{base}/visits/new", "icon": "calendar-event"})
    owes = record.state in repairs.PAYABLE and not record.is_free
    if (
        owes
        and max(record.still_owed, record.accepted_quote - record.paid_amount) > 0
        and may(g.user, P.REPAIR_PAYMENT)
    ):
        found.append({"label": _("Note a payment"), "url": f"{base}/payment", "icon": "cash"})
    if record.waiting_call is not None and may(g.user, P.FOLLOW_UP_WORK):
        url = f"/specialist/calls/{quote(record.waiting_call.number, safe='')}"
        found.append({"label": _("Call"), "url": url, "icon": "phone-call", "primary": True})
    if record.state == State.REPAIRING and may(g.user, P.REPAIR_CLOSE):
        found.append({"label": _("Note a call"), "url": f"{base}/calls", "icon": "phone"})
    if record.cost_case is None and may(g.user, P.COST_CASE_WORK) and not repair_costs.lacking(record):
        found.append({"label": _("Write a cost case"), "url": f"{base}/cost-case", "icon": "receipt"})
    return found
