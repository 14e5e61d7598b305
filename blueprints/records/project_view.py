"""What stands on the tabs of a project: plan and fact, dispatch, papers, acceptance, payments."""

from __future__ import annotations

from datetime import date

from flask import g

from blueprints.records import editing, showing
from portal import clock, formatting
from portal.db import session
from portal.i18n import _, _p, ngettext
from portal.models.contract import PaymentKind
from portal.models.project import Project
from portal.models.works import ContractSlip, Presence
from portal.permissions import Permission, may
from portal.processes.completion import PROCESS as COMPLETION
from portal.processes.project import WORKS_OVER, PaperStage, StopReason
from portal.services import completions, works

P = Permission


def plan(record: Project) -> showing.Table:
    """Planned and actual days of the works, and by how much they differ."""
    today = None if record.stage in WORKS_OVER else clock.today(clock.now())
    head = [("", ""), (_("Planned"), "num"), (_("Actual"), "num"), (_("Difference"), "num")]
    rows = [
        [_p("works", "Start"), *_compared(record.planned_start_on, record.actual_start_on, today)],
        [_p("works", "Finish"), *_compared(record.planned_finish_on, record.actual_finish_on, today)],
    ]
    return showing.Table(_("Plan and fact"), head, rows, "")


def _compared(planned: date | None, actual: date | None, today: date | None) -> list[str]:
    shown = [formatting.full_date(day) if day else formatting.DASH for day in (planned, actual)]
    until = actual or today
    if planned is None or until is None or (actual is None and planned >= until):
        return [*shown, formatting.DASH]
    days = (until - planned).days
    if days == 0:
        return [*shown, _("on the day")]
    late = ngettext("%(num)s day late", "%(num)s days late", abs(days))
    early = ngettext("%(num)s day early", "%(num)s days early", abs(days))
    if actual is None:
        return [*shown, _("%(late)s so far", late=late)]
    return [*shown, late if days > 0 else early]


def dispatch(record: Project) -> list[showing.Table]:
    """Dispatch orders, material card, disclosures, stops."""
    orders = [
        [
            (order.number, editing.path(order)),
            formatting.moment(order.received_at),
            formatting.moment(order.dispatched_at) if order.dispatched_at else _("Waits for engineering"),
            *(
                part.name if part else formatting.DASH
                for part in (order.project_manager, order.foreman, order.supervisor)
            ),
        ]
        for order in record.dispatch_orders
    ]
    order_head = [(_("Dispatch order"), ""), (_("Handed over"), "num"), (_p("moment", "Dispatched"), "num")]
    order_head += [(_("Project manager"), ""), (_("Foreman"), ""), (_("Supervisor"), "")]
    tables = [
        *([_slip(record, record.slip)] if record.slip else []),
        showing.Table(_("Dispatch orders"), order_head, orders, _("The file was not handed to engineering yet.")),
        _card(record),
        _disclosures(record),
    ]
    return [*tables, _stops(record)] if record.stops else tables


def _slip(record: Project, slip: ContractSlip) -> showing.Table:
    head = [(_("Department"), ""), (_p("contract information", "Sent at"), "num"), (_("Late by"), "num")]
    sent = [
        (_p("form", "Engineering"), slip.engineering_at),
        (_p("form", "Finance"), slip.finance_at),
        (_p("form", "Customer service"), slip.service_at),
    ]
    rows = []
    for name, at in sent:
        late = works.slip_days_late(session(), record, at)
        said = formatting.DASH if late is None else _("in time")
        rows.append([name, formatting.moment(at), ngettext("%(num)s day", "%(num)s days", late) if late else said])
    return showing.Table(_("Contract information (F-15)"), head, rows, "")


def _card(record: Project) -> showing.Table:
    card = record.material_card
    head = [(_("Number of the material card"), ""), (_("Issued on"), "num"), (_("Items and limit"), "fill")]
    rows = [[card.number, formatting.full_date(card.issued_on), card.limit or ""]] if card else []
    return showing.Table(_("Material card"), head, rows, _("No material card is recorded."))


def _disclosures(record: Project) -> showing.Table:
    head = [(_("Held at"), "num"), (_("Present"), ""), (_("Drawings reviewed"), ""), (_("What was explained"), "fill")]
    rows = [
        [
            formatting.moment(one.held_at),
            "、".join(Presence.show(code) for code in one.present),
            _("Yes") if one.drawings_reviewed else _("No"),
            one.items,
        ]
        for one in record.disclosures
    ]
    return showing.Table(_("Technical disclosure"), head, rows, _("No disclosure is recorded."))


def _stops(record: Project) -> showing.Table:
    head = [(_("Stopped since"), "num"), (_("Expected until"), "num"), (_("Works go on since"), "num")]
    head += [(_("Reason"), ""), (_("What happened"), "fill")]
    rows = [
        [
            *(
                formatting.full_date(day) if day else formatting.DASH
                for day in (stop.since, stop.until, stop.resumed_on)
            ),
            StopReason.show(stop.reason),
            stop.what,
        ]
        for stop in record.stops
    ]
    return showing.Table(_("Stops"), head, rows, "")


def papers(record: Project) -> list[showing.Table]:
    """The papers of each stage, and which are missing."""
    tables = []
    for stage in PaperStage:
        found = works.papers_of(session(), record, stage)
        rows = [
            [
                paper.title,
                _("Required") if paper.is_required else _("If there is one"),
                formatting.full_date(paper.present_on)
                if paper.present_on
                else (_("missing") if paper.is_required else formatting.DASH),
            ]
            for paper in found
        ]
        head = [(_p("papers", "Paper"), "fill"), ("", ""), (_("In the file since"), "num")]
        url = f"{editing.path(record)}/papers/{stage.lower()}" if may(g.user, P.PROJECT_EDIT) else ""
        tables.append(showing.Table(str(stage.label), head, rows, "", url, _("Tick papers") if url else ""))
    return tables


def acceptance(record: Project) -> showing.Table:
    """How far the acceptance by the customer has come."""
    found = completions.of_project(session(), record.id)
    head = [(_("Number"), ""), (_("State"), ""), (_("Acceptance at"), "num"), (_("Accepted at"), "num")]
    rows = []
    if found is not None:
        moments = (found.appointed_at, found.accepted_at)
        rows.append(
            [
                (found.number, editing.path(found)),
                str(COMPLETION.state(found.state).label),
                *(formatting.moment(moment) if moment else formatting.DASH for moment in moments),
            ]
        )
    return showing.Table(
        _("Completion acceptance"), head, rows, _("It is prepared when the pre-acceptance has passed.")
    )


def payments(record: Project) -> list[showing.Table]:
    """What came in under the contract."""
    if record.contract is None:
        return []
    head = [(_("Kind of payment"), ""), (_("Amount (yuan)"), "num"), (_p("payment", "Received on"), "num")]
    head.append((_("Receipt number"), ""))
    rows = [
        [PaymentKind.show(one.kind), formatting.money(one.amount), formatting.full_date(one.paid_on), one.receipt_no]
        for one in record.contract.payments
    ]
    return [showing.Table(_("Payments"), head, rows, _("No payment yet."))]
