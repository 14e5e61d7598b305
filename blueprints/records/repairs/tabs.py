"""What stands on the tabs of a repair."""

from __future__ import annotations

from flask import g

from blueprints.records import editing, showing
from portal import formatting
from portal.i18n import _, _p
from portal.models.repair import NOTHING, CostBearer, CostKind, PaymentMethod, RepairOrder, RepairSignature
from portal.permissions import Permission, may
from portal.processes.repair import StandsFor, fingerprint
from portal.services import repairs


def of(record: RepairOrder) -> list[showing.Tab]:
    """The tabs of which something is known."""
    money = [table for table in (_costs(record), _payments(record)) if table is not None]
    calls = _calls(record)
    found = []
    if record.visits:
        found.append(showing.Tab("visits", _p("repair", "Visits"), lambda: [_visits(record)], len(record.visits)))
    if money:
        count = len(record.costs) + len(record.payments)
        found.append(showing.Tab("costs", _("Costs and payments"), lambda: money, count))
    if calls is not None:
        found.append(showing.Tab("calls", _("Calls"), lambda: [calls], len(record.calls)))
    if signed := [*record.consents, *record.signatures]:
        found.append(showing.Tab("signatures", _("Signatures"), lambda: [_signatures(record, signed)], len(signed)))
    return found


def _signatures(record: RepairOrder, signed: list[RepairSignature]) -> showing.Table:
    """Each with what it stands for and the words that were shown. One for the work is void once the record says something
    else; one for a quote counts for the quote as it was then."""
    present = fingerprint(record)

    def holds(each: RepairSignature) -> bool:
        is_quote = each.stands_for == StandsFor.QUOTE
        return each.facts_hash is not None if is_quote else each.facts_hash == present

    rows = [
        [
            StandsFor.show(each.stands_for), formatting.stamp(each.signed_at), each.signed_by,
            each.shown.replace("\n", " / "), _("Holds") if holds(each) else _("Void"),
        ]
        for each in signed
    ]  # fmt: skip
    head = [
        (_p("signature", "For"), ""), (_("Signed at"), ""), (_("Signed by"), ""), (_("What was shown and signed"), ""), (_("Result"), ""),
    ]  # fmt: skip
    return showing.Table(_("Signatures of the customer"), head, rows, "")


def _visits(record: RepairOrder) -> showing.Table:
    """When was who there, what was done; the number leads to where it is noted."""
    may_note = record.state in repairs.VISITED and may(g.user, Permission.REPAIR_PLAN)
    rows = [
        [
            (visit.number, f"{editing.path(record)}/visits/{visit.id}") if may_note else visit.number,
            formatting.stamp(visit.planned_at), formatting.stamp(visit.came_at), formatting.stamp(visit.left_at),
            visit.workers or (visit.captain.name if visit.captain else formatting.DASH), visit.work or formatting.DASH,
            str(len(visit.photos)), str(visit.round_no),
        ]
        for visit in record.visits
    ]  # fmt: skip
    head = [
        (_("Number"), ""), (_("Agreed for"), "num"), (_("Came at"), "num"), (_("Left at"), "num"),
        (_("Who was there"), ""), (_p("visit", "What was done"), ""), (_("Photos"), "num"), (_p("repair", "Round"), "num"),
    ]  # fmt: skip
    return showing.Table(_p("repair", "Visits"), head, rows, "")


def _costs(record: RepairOrder) -> showing.Table | None:
    if not record.costs:
        return None
    rows = [
        [CostKind.show(line.kind), line.what, line.measure, CostBearer.show(line.bearer), formatting.money(line.amount)]
        for line in record.costs
    ]
    head = [
        (_("Kind"), ""), (_("What"), ""), (_("Quantity"), ""), (_("Borne by"), ""),
        (_("Amount (yuan)"), "num"),
    ]  # fmt: skip
    total = sum(line.amount for line in record.costs)
    return showing.Table(
        _("Parts and costs"), head, rows, "", foot=[_("Together %(amount)s yuan", amount=formatting.money(total))]
    )


def _payments(record: RepairOrder) -> showing.Table | None:
    if not record.payments and not record.customer_share:
        return None
    rows = [
        [
            formatting.stamp(payment.paid_at), PaymentMethod.show(payment.method), payment.paid_by, payment.receipt_no,
            payment.recorded_by.name if payment.recorded_by else formatting.DASH, formatting.money(payment.amount),
        ]
        for payment in record.payments
    ]  # fmt: skip
    head = [
        (_("Paid at"), ""), (_("Paid by"), ""), (_("Who paid"), ""), (_("Receipt number"), ""),
        (_("Noted by"), ""), (_("Amount (yuan)"), "num"),
    ]  # fmt: skip
    owed = max(record.still_owed, NOTHING)
    return showing.Table(
        _("Payments"), head, rows, _("Nothing is paid yet."),
        foot=[_("Still to pay: %(amount)s yuan", amount=formatting.money(owed))] if record.done_at else [],
    )  # fmt: skip


def _calls(record: RepairOrder) -> showing.Table | None:
    if not record.calls:
        return None
    words = {True: _("Satisfied"), False: _("Not satisfied"), None: formatting.DASH}
    rows = [
        [
            formatting.stamp(call.called_at), call.called_by.name if call.called_by else formatting.DASH,
            words[call.is_satisfied] if call.is_reached else _("Not reached"), call.said,
        ]
        for call in record.calls
    ]  # fmt: skip
    head = [(_("Called at"), ""), (_("By"), ""), (_("Result"), ""), (_("What the customer said"), "")]
    return showing.Table(_("Calls during the repair"), head, rows, "")
