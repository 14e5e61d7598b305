"""The household page: customer, homes, projects, contracts, money, and the timeline of everything. Fit to print."""

from __future__ import annotations

from dataclasses import replace

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires
from blueprints.records import blueprint, customers, told
from portal import clock, formatting
from portal.db import session
from portal.models.contract import ContractState
from portal.models.event import Event
from portal.models.project import ProjectKind, ProjectStage
from portal.permissions import Permission
from portal.processes.complaint import PROCESS
from portal.services import household, promises, timeline
from portal.services.timeline import NowRead

P = Permission


@blueprint.get("/customers/<number>/household")
@requires(P.CUSTOMER_VIEW)
def household_of(number: str) -> ResponseReturnValue:
    """Everything about one household."""
    record = customers.find(number)
    chosen = request.args.get("show", "all")
    if chosen not in household.FILTERS:
        chosen = "all"
    before = request.args.get("before", type=int)
    found = household.timeline(session(), g.user, record, chosen=chosen, before=before, limit=timeline.PAGE + 1)
    shown = found[: timeline.PAGE]
    here = f"/records/customers/{record.number}/household"
    return page(
        "records/customers/household.html",
        fragment="entries",
        customer=record,
        house=household.of(session(), g.user, record),
        promised=promises.of_customer(session(), g.user, record.id, at=clock.now()),
        filters=[
            {"label": str(label), "url": f"{here}?show={key}", "current": key == chosen}
            for key, label in household.FILTERS.items()
        ],
        days=told.days(shown, g.user, record.number, _as_now_read(shown)),
        more_url=f"{here}?show={chosen}&before={shown[-1].id}" if len(found) > timeline.PAGE else "",
        states={state.code: str(state.label) for state in PROCESS.states},
        show_kind=ProjectKind.show,
        show_stage=ProjectStage.show,
        show_state=ContractState.show,
        facts=[
            (formatting.phone_mask(record.phone), ""),
            (record.owner.name if record.owner else "", ""),
        ],
    )


def _as_now_read(shown: list[Event]) -> dict[int, NowRead]:
    """Notes with the words they have now, the earlier ones folded; they are changed beside their own record."""
    reads = timeline.as_now_read(session(), shown, g.user, clock.now())
    return {number: replace(read, is_open=False) for number, read in reads.items()}
