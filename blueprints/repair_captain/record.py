"""The whole record on the captain's phone, kept with its job: what the desk's page shows on its tabs, one below the other."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload, selectinload

from blueprints.http import find_or_404, page, requires
from blueprints.records import attachments, editing, told
from blueprints.records.repairs import pages, tabs
from blueprints.repair_captain import blueprint
from portal import clock, formatting
from portal.db import session
from portal.i18n import N_, Text, _
from portal.models.event import Event
from portal.models.repair import RepairOrder, WarrantyCertificate, WarrantyTerm
from portal.paths import record_path
from portal.permissions import Permission
from portal.processes.repair import PROCESS, Cause, Trade
from portal.services import household, repairs, timeline

MOST_EVENTS = 40
"""Entries of the history that the phone keeps."""
NAMED = (
    *pages.NAMED,
    joinedload(RepairOrder.certificate).selectinload(WarrantyCertificate.terms),
    selectinload(RepairOrder.all_photos),
)
STANDING: dict[bool, Text] = {True: N_("in force"), False: N_("over")}


@blueprint.get("/jobs/<number>/record")
@requires(Permission.REPAIR_WORK)
def job_record(number: str) -> ResponseReturnValue:
    """Everything of the repair (F-20), its warranty, what was repaired in the home before, files by name, the history."""
    order = find_or_404(RepairOrder, number, NAMED)
    return page(
        "repair_captain/record.html",
        order=order,
        groups=_groups(order),
        terms=[_term(order, term) for term in order.certificate.terms] if order.certificate else [],
        earlier=[_earlier(each) for each in repairs.earlier(session(), order, g.user)],
        tables=[table for tab in tabs.of(order) for table in tab.content()],
        files=attachments.panel(order).files,
        days=told.days(_events(order), g.user),
        desk_url=record_path(order.KIND, order.number),
    )


def _groups(order: RepairOrder) -> list[tuple[str, list[editing.Fact]]]:
    """The facts under their headings, without those that are not known."""
    found = []
    for heading, names in (pages.REPORTED, *pages.known(order)):
        facts = [fact for fact in editing.facts(order, pages.FIELDS, names) if fact.value != formatting.DASH]
        found.append((str(heading), facts))
    return found


def _term(order: RepairOrder, term: WarrantyTerm) -> dict[str, Any]:
    reported_on = clock.today(order.reported_at)
    return {
        "trade": Trade.show(term.trade),
        "span": f"{formatting.full_date(term.starts_on)} – {formatting.full_date(term.ends_on)}",
        "standing": STANDING[term.starts_on <= reported_on <= term.ends_on],
        "is_of_this": term.trade == order.trade,
    }


def _earlier(each: RepairOrder) -> dict[str, Any]:
    said = [Cause.show(each.cause) if each.cause else "", each.work_done or ""]
    if each.rework_count:
        said.append(_("repaired again: %(count)s", count=each.rework_count))
    return {
        "head": f"{formatting.full_date(each.done_at or each.reported_at)} · {Trade.show(each.trade)}",
        "symptom": each.symptom,
        "said": " · ".join(filter(None, said)),
        "state": PROCESS.state(each.state).label,
        "number": each.number,
    }


def _events(order: RepairOrder) -> list[Event]:
    """What happened around the home as far as the person may see it; of a repair without customer its own."""
    if order.customer is None:
        return timeline.of_record(session(), order.KIND, order.id, limit=MOST_EVENTS)
    return household.timeline(session(), g.user, order.customer, limit=MOST_EVENTS)
