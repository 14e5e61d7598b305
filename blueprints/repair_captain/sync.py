"""The captain's phone without signal: the jobs it keeps, and what is said of a signature that does not count."""

from __future__ import annotations

from typing import Any

from flask import g

from blueprints import on_site
from blueprints.repair_captain import blueprint, forms
from portal import clock
from portal.db import session
from portal.i18n import N_, _
from portal.models.field_entry import FieldEntry
from portal.models.repair import RepairOrder
from portal.processes.repair import Action, State
from portal.services import repairs, timeline
from portal.shell import REPAIRS_ON_SITE
from portal.visibility import by_number


def _pages(code: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for order in repairs.to_carry(session(), g.user, at=clock.now()):
        shown = [order, *([order.cost_case] if order.cost_case is not None else [])]
        version = "-".join([code, *(str(timeline.last_id(session(), each)) for each in shown)])
        found += [(path, version) for path in paths(order.number)]
    return found


def paths(number: str) -> list[str]:
    """The pages of a job that the phone keeps."""
    return [f"{_path(number)}{page}" for page in ("", "/record")]


def _record(number: str) -> RepairOrder | None:
    return by_number(session(), g.user, RepairOrder, number)


def _path(number: str) -> str:
    return REPAIRS_ON_SITE.records + number


def _heed(entry: FieldEntry, number: str | None) -> str:
    """A signature that is kept and does not count."""
    waits: dict[str, tuple[State, Any]] = {
        Action.SIGN_OFF: (State.DONE, repairs.signature_is_void),
        Action.ACCEPT: (State.QUOTED, repairs.consent_is_void),
    }
    if number is None or entry.action not in waits:
        return ""
    (state, is_void), order = waits[entry.action], _record(number)
    if order is None or order.state != state or not is_void(order):
        return ""
    return _("Kept, but void: the record says something else than what was signed. Have it signed again.")


def _concerns(order: RepairOrder, action: str) -> Any:
    """Steps of the cost case are compared with what became of the case."""
    return order.cost_case if action in forms.CASE_STEPS and order.cost_case is not None else order


SITE = on_site.Site(
    area=REPAIRS_ON_SITE,
    name=N_("Repairs: customer service portal"),
    short_name=N_("Repairs", "app name"),
    home=N_("Jobs of today"),
    keeps=N_("This page is not kept on the phone. The jobs of today and tomorrow are, with their forms."),
    files=("js/conditions.js", "js/moments.js", "js/photos.js", "js/visit.js", "js/captain.js"),
    pages=_pages,
    record=_record,
    path=_path,
    heed=_heed,
    concerns=_concerns,
)
on_site.attach(blueprint, SITE)
