"""The page of a complaint: its clocks, what is possible now, the case; its steps. Rules: `portal/processes/complaint.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.http import find_or_404, page, read_or_404, requires, see_other
from blueprints.records import attachments as attachments_view
from blueprints.records import blueprint, chatter, field_history, process_view, showing
from blueprints.records import documents as documents_view
from blueprints.records.complaint_forms import STEP_FORMS
from blueprints.records.steps import StepPages
from portal import clock, formatting, visibility
from portal.db import session, transaction
from portal.errors import DomainError, NotFound
from portal.i18n import N_, _
from portal.models.complaint import Complaint
from portal.models.consultation import Channel
from portal.models.customer import Customer
from portal.models.knowledge import KnowledgeArticle
from portal.models.org import Department, User
from portal.models.task import Task
from portal.permissions import Permission, may
from portal.processes.complaint import PROCESS, Action, Category, Phase, Severity, Verdict, plan_must_be_seen
from portal.processes.follow_up import CallStage
from portal.reading import Whole
from portal.services import assignment, complaints, knowledge, repeats, standing_in, tasks

P = Permission
PATH = "/complaints/<number>"


@blueprint.get(PATH)
@requires(P.COMPLAINT_VIEW)
def complaint(number: str) -> ResponseReturnValue:
    """The record: clocks, what is possible now, the case, its departments, rounds and files, the talk beside it."""
    record = read_or_404(NAMED, number)
    return page("records/complaints/show.html", **_record_context(record))


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.COMPLAINT_VIEW)
def complaint_step(number: str, action: str) -> ResponseReturnValue:
    """One step of the process: its form, and carrying it out."""
    return STEPS.show(number, action)


@blueprint.post(f"{PATH}/plan-seen")
@requires(P.COMPLAINT_SEE_PLAN)
def see_plan(number: str) -> ResponseReturnValue:
    """The manager has looked through the plan (R-09)."""
    with transaction() as writing:
        complaints.see_plan(writing, _find(number), actor=g.user, at=clock.now())
    return see_other(f"/records/complaints/{number}")


@blueprint.post(f"{PATH}/owner")
@requires(P.COMPLAINT_REASSIGN)
def assign_complaint(number: str) -> ResponseReturnValue:
    """Another specialist takes over."""
    with transaction() as writing:
        owner = writing.get(User, request.form.get("owner", type=int) or 0)
        if owner is None:
            raise DomainError(N_("Choose who takes over."), status=422)
        complaints.assign(writing, _find(number), owner, actor=g.user, at=clock.now())
    return see_other(f"/records/complaints/{number}")


@blueprint.post(f"{PATH}/clocks/<int:task_id>/pause")
@requires(P.COMPLAINT_WORK)
def pause_clock(number: str, task_id: int) -> ResponseReturnValue:
    """Stop a clock, with the reason."""
    reason = (request.form.get("reason") or "").strip()
    if not reason or len(reason) > 200:
        raise DomainError(N_("Say in up to 200 signs why the clock stands still."), status=422)
    with transaction() as writing:
        record = _find(number)
        tasks.pause(writing, _clock(writing, record, task_id), reason, actor=g.user, at=clock.now())
    return see_other(f"/records/complaints/{number}")


@blueprint.post(f"{PATH}/clocks/<int:task_id>/resume")
@requires(P.COMPLAINT_WORK)
def resume_clock(number: str, task_id: int) -> ResponseReturnValue:
    """Let a clock run on."""
    with transaction() as writing:
        record = _find(number)
        tasks.resume(writing, _clock(writing, record, task_id), actor=g.user, at=clock.now())
    return see_other(f"/records/complaints/{number}")


# ---------- Parts ----------


def _find(number: str) -> Complaint:
    return find_or_404(Complaint, number)


NAMED = Whole(
    Complaint,
    (
        "customer", "owner", "received_by", "plan_seen_by", "verified_by", "escalation",
        "project", "project.property", "project.project_manager", "project.foreman",
    ),
    {"departments": ("head",), "rounds": ()},
)  # fmt: skip
"""Everything the page of a complaint names, in few questions to the database."""


def _clock(writing: Session, record: Complaint, task_id: int) -> Task:
    task = writing.get(Task, task_id)
    if task is None or (task.record_kind, task.record_id) != (record.KIND, record.id):
        raise NotFound()
    return task


def _record_context(record: Complaint) -> dict[str, Any]:
    clocks, talk = tasks.clocks_of(session(), record), chatter.of(record)
    running = [task for task in clocks if task.closed_at is None]
    project, customer = record.project, record.customer
    if customer is not None and not visibility.may_see(session(), g.user, customer):
        customer = None  # the case is shown, the way to the customer's file is not
    return {
        "history": field_history.urls(record),
        "complaint": record,
        "customer": customer,
        "project": project,
        "home": project.property if project else None,
        "status_views": process_view.status_views(record, g.user, f"/records/complaints/{record.number}"),
        "actions": [] if record.is_historical else process_view.buttons(record, g.user),
        "clocks": process_view.clock_rows(record, clocks),
        "running": running,
        "why": [process_view.why(task) for task in running if task.explanation],
        "round": record.present_round,
        "phone": formatting.phone_group(record.phone)
        if standing_in.acts_as(g.user, record.owner)
        else formatting.phone_mask(record.phone),
        "print_items": documents_view.print_menu(record),
        "specialists": assignment.specialists(session(), record.branch_id) if may(g.user, P.COMPLAINT_REASSIGN) else [],
        "plan_waits": _plan_waits(record),
        "articles": _articles(record),
        "repeats": [] if record.closed_at or record.is_historical else repeats.of_record(session(), g.user, record),
        "talk": talk,
        **_words(record),
        **_tabs(record, customer, talk.files_count),
    }


def _articles(record: Complaint) -> Sequence[KnowledgeArticle]:
    """What is read beside an open case: of the call in which the customer is asked whether it is solved."""
    if record.closed_at or record.is_historical:
        return []
    grade = record.customer.grade if record.customer is not None else None
    return knowledge.beside(session(), g.user, CallStage.REVISIT, grade)


def _words(record: Complaint) -> dict[str, Any]:
    """What the facts of the case read like."""
    lead, project = record.lead_department, record.project
    people = [person.name for person in (project.project_manager, project.foreman) if person] if project else []
    received = [formatting.moment(record.received_at), Channel.show(record.channel)]
    if record.received_by:
        received.append(record.received_by.name)
    return {
        "department_label": Department.show,
        "phase_label": Phase.show(record.phase),
        "category_label": Category.show(record.category),
        "verdict_label": Verdict.show(record.verdict),
        "severity_label": _dots(
            Severity.show(record.severity),
            _("several departments") if record.is_multi_department else _("one department"),
        ),
        "responsible_text": _dots(Department.show(lead.department), lead.head.name if lead.head else "")
        if lead
        else "",
        "signed_text": _dots(formatting.moment(lead.signed_at), _("copy left") if lead.copy_left else "")
        if lead and lead.signed_at
        else "",
        "received_text": _dots(*received),
        "project_text": _dots(project.number, *people) if project else "",
        "verify_text": _dots(
            formatting.moment(record.verify_call_at) if record.verify_call_at else "",
            record.verified_by.name if record.verified_by else "",
            record.verify_result or "",
        ),
        "plan_seen_text": _dots(record.plan_seen_by.name, formatting.moment(record.plan_seen_at))
        if record.plan_seen_by
        else "",
        "lead_labels": "、".join(
            Department.show(code) for code in complaints.lead_departments(session(), record.category)
        )
        or _("the department of the person concerned"),
    }


def _dots(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _tabs(record: Complaint, customer: Customer | None, files: int) -> dict[str, Any]:
    tabs = [
        showing.Tab("case", _("Case and plan"), list),
        showing.Tab("departments", _("Departments"), list, len(record.departments)),
        showing.Tab("rounds", _("Visits and calls"), list, len(record.rounds)),
        *showing.common_tabs(record, files),
    ]
    tab = showing.chosen(tabs)
    smart: list[dict[str, Any]] = []
    if customer is not None:
        smart.append(
            {
                "url": f"/records/customers/{customer.number}/household",
                "icon": "home-2",
                "count": "",
                "label": _("Household"),
            }
        )
    if record.project is not None:
        smart.append(
            {"url": f"/records/projects/{record.project.number}", "icon": "building", "count": 1, "label": _("Project")}
        )
    return {
        "tab": tab.key,
        "tabs": showing.strip(record, tabs, tab),
        "tables": tab.content(),
        "panel": attachments_view.panel(record) if tab.key == showing.FILES else None,
        "smart": smart,
    }


def _plan_waits(record: Complaint) -> bool:
    return bool(
        record.state in ("VERIFIED", "PLANNED")
        and plan_must_be_seen(record)
        and record.plan_seen_by_id is None
        and record.present_round
        and record.present_round.plan
    )


STEPS = StepPages(
    find=_find,
    forms=STEP_FORMS,
    kinds=N_("Complaints", "app"),
    heading=lambda complaint: (complaint.complainant, complaint.subject),
)
assert set(STEP_FORMS) == {str(step.action) for step in PROCESS.transitions} - {Action.REGISTER, Action.SETTLE}
