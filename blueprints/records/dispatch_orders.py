"""Dispatch orders: who builds, as engineering named them."""

from __future__ import annotations

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from blueprints.http import find_or_404, requires
from blueprints.records import blueprint, editing, showing
from portal.i18n import N_
from portal.models.org import Crew, Party
from portal.models.project import Project
from portal.models.works import DispatchOrder
from portal.permissions import Permission
from portal.processes.project import PROCESS
from portal.services.fields import Field, link

P = Permission
L = PROCESS.field_labels
FIELDS: dict[str, Field] = {
    "project_id": link(N_("Project"), Project),
    "received_at": Field(L["received_at"]),
    "received_by_id": link(L["received_by"], Party),
    "dispatched_at": Field(L["dispatched_at"]),
    "project_manager_id": link(L["project_manager"], Party),
    "foreman_id": link(L["foreman"], Party),
    "crew_id": link(L["crew"], Crew),
    "supervisor_id": link(L["supervisor"], Party),
    "remarks": Field(N_("Remarks")),
}
NAMED = (
    joinedload(DispatchOrder.project).joinedload(Project.property),
    joinedload(DispatchOrder.customer),
    *(
        joinedload(part)
        for part in (
            DispatchOrder.received_by,
            DispatchOrder.project_manager,
            DispatchOrder.foreman,
            DispatchOrder.crew,
            DispatchOrder.supervisor,
        )
    ),
)


@blueprint.get("/dispatch-orders/<number>")
@requires(P.PROJECT_VIEW)
def dispatch_order(number: str) -> ResponseReturnValue:
    """The dispatch order: from whom, when, who builds."""
    record = find_or_404(DispatchOrder, number, NAMED)
    return showing.show(
        record,
        record.project.property.address,
        FIELDS,
        ((N_("Dispatch order"), tuple(FIELDS)),),
        meta=[
            (record.customer.name, editing.path(record.customer)),
            (record.project.number, editing.path(record.project)),
        ],
    )
