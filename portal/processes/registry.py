"""All processes the portal carries out, by the plural name of their records."""

from __future__ import annotations

from portal.processes import (
    approval,
    archive_loan,
    cancellation,
    change_order,
    complaint,
    completion,
    consultation,
    contract,
    delay_notice,
    drawing_review,
    escalation,
    follow_up_call,
    follow_up_ticket,
    knowledge,
    lead_touch,
    penalty,
    pre_acceptance,
    project,
    repair,
    repair_cost,
    report,
    reward,
    safety_notice,
    suggestion,
    survey,
    warranty,
)
from portal.processes.base import Process

PROCESSES: dict[str, Process] = {
    process.kind: process
    for process in (
        consultation.PROCESS,
        lead_touch.PROCESS,
        contract.PROCESS,
        drawing_review.PROCESS,
        complaint.PROCESS,
        escalation.PROCESS,
        project.PROCESS,
        archive_loan.PROCESS,
        change_order.PROCESS,
        delay_notice.PROCESS,
        safety_notice.PROCESS,
        completion.PROCESS,
        follow_up_call.PROCESS,
        follow_up_ticket.PROCESS,
        pre_acceptance.PROCESS,
        warranty.PROCESS,
        repair.PROCESS,
        repair_cost.PROCESS,
        cancellation.PROCESS,
        penalty.PROCESS,
        reward.PROCESS,
        survey.PROCESS,
        suggestion.PROCESS,
        approval.PROCESS,
        report.PROCESS,
        knowledge.PROCESS,
    )
}
