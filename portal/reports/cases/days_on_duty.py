"""Days on duty in reports: what was accepted, urged, fed back and called."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import metrics, visibility
from portal.i18n import N_
from portal.metrics import Period
from portal.models.complaint import Complaint, ComplaintRound
from portal.models.consultation import Consultation
from portal.models.follow_up import FollowUpCall, FollowUpTicket, RepairFollowUp
from portal.models.repair import RepairOrder
from portal.models.task import Task
from portal.processes.follow_up import UNCOUNTED
from portal.reports.cases.listed import Listed, Unit
from portal.reports.values import number, say
from portal.visibility import Viewer


def duty(session: Session, viewer: Viewer, period: Period, at: datetime) -> Listed:
    """What became of what people told us (004, RP-15): accepted, urged, fed back, called, for each kind of record.

    Urged: its limit ran out in the period, of which the portal told whoever had to act. Fed back: the department's answer,
    plan or measure, or that a repair is done. Called: the customer was asked whether it is in order. A dash: no such step.
    """
    heads = [
        (N_("Kind"), "fill"), (N_("Accepted", "report"), "num"), (N_("Urged", "report"), "num"),
        (N_("Fed back", "report"), "num"), (N_("Called", "report"), "num"),
    ]  # fmt: skip
    steps = (
        (N_("Contacts", "report"), Consultation, Consultation.occurred_at, Consultation.replied_at, None),
        (N_("Complaints"), Complaint, Complaint.received_at, ComplaintRound.plan_fed_back_at, ComplaintRound.follow_up_at),
        (N_("Repairs"), RepairOrder, RepairOrder.reported_at, RepairOrder.done_at, FollowUpCall.called_at),
        (N_("Liaison slips"), FollowUpTicket, FollowUpTicket.handed_over_at, FollowUpTicket.done_at, FollowUpTicket.revisit_at),
        (N_("Follow-up calls", "metrics"), FollowUpCall, None, None, FollowUpCall.called_at),
    )  # fmt: skip

    def happened(model: Any, moment_: Any) -> int | None:
        if moment_ is None:
            return None
        query = (
            select(func.count()).select_from(model).where(visibility.condition(viewer, model), period.holds(moment_))
        )
        if moment_.class_ is ComplaintRound:
            query = query.join(ComplaintRound, ComplaintRound.complaint_id == Complaint.id)
        if model is RepairOrder and moment_.class_ is FollowUpCall:
            query = query.join(RepairFollowUp, RepairFollowUp.order_id == RepairOrder.id)
            query = query.join(FollowUpCall, FollowUpCall.id == RepairFollowUp.call_id)
        if model is FollowUpCall:
            query = query.where(FollowUpCall.stage.not_in(UNCOUNTED), FollowUpCall.overall.is_not(None))
        return session.scalar(query)

    missed = metrics.discipline.missed(period).query(viewer, Task.record_kind, func.count()).group_by(Task.record_kind)
    urged = {kind: count for kind, count in session.execute(missed)}
    counts = [
        [happened(model, first), urged.get(model.KIND, 0), happened(model, back), happened(model, called)]
        for _title, model, first, back, called in steps
    ]
    rows = [
        [say(title), *(number(each, Unit.COUNT) for each in line)]
        for (title, *_rest), line in zip(steps, counts, strict=True)
    ]
    total = [number(sum(each or 0 for each in column), Unit.COUNT) for column in zip(*counts, strict=True)]
    return Listed(heads, rows if any(map(any, counts)) else [], [say(N_("Together", "report")), *total])
