"""Complaint pages: registration, the record with its clocks, one page per step. Rules: `portal/processes/complaint.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from blueprints.http import get_or_404, page, requires, see_other
from blueprints.records import attachments as attachments_view
from blueprints.records import blueprint, chatter, process_view
from blueprints.records import documents as documents_view
from blueprints.records.complaint_forms import STEP_FORMS, Desk, RegisterForm, StepForm
from portal import clock, explain, formatting, visibility
from portal.db import session, transaction
from portal.errors import ConditionsMissing, DomainError, Invalid, NotFound, Stale
from portal.i18n import N_, _
from portal.models.complaint import Complaint, ComplaintDepartment, Escalation
from portal.models.consultation import Channel, Consultation
from portal.models.customer import Customer, Property
from portal.models.org import Department, User
from portal.models.project import Project, ProjectStage
from portal.models.task import Task
from portal.permissions import Permission, may
from portal.processes.complaint import PROCESS, Action, Category, Phase, Severity, Verdict, plan_must_be_seen
from portal.processes.escalation import Ground
from portal.services import (
    assignment,
    attachments,
    complaints,
    consultations,
    customers,
    requests,
    steps,
    tasks,
)

P = Permission
PATH = "/complaints/<number>"


@blueprint.route("/complaints/new", methods=["GET", "POST"])
@requires(P.COMPLAINT_PREFILL)
def register_complaint() -> ResponseReturnValue:
    """F-16: register a complaint, pre-filled from a call or a customer."""
    form = RegisterForm()
    source = _source(form)
    form.project.choices = [(0, N_("Not about a project")), *_project_choices(source.customer)]
    if not form.is_submitted():
        _prefill(form, source)
    elif form.validate():
        try:
            return see_other(_register(form, source))
        except Invalid as refusal:
            form.take(refusal)
    phone = form.phone.data if isinstance(form.phone.data, str) else ""
    customer_id = source.customer.id if source.customer else None
    same = complaints.similar(session(), g.user, phone=phone, customer_id=customer_id) if phone or customer_id else []
    return page(
        "records/complaints/new.html", fragment="form", status=form.status, form=form, source=source, similar=same
    )


@blueprint.get(PATH)
@requires(P.COMPLAINT_VIEW)
def complaint(number: str) -> ResponseReturnValue:
    """The record: clocks, what is possible now, the case, its departments, rounds and files, the talk beside it."""
    record = _find_for_page(number)
    return page("records/complaints/show.html", **_record_context(record))


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.COMPLAINT_VIEW)
def complaint_step(number: str, action: str) -> ResponseReturnValue:
    """One step of the process: its form, and carrying it out."""
    if action not in STEP_FORMS:
        raise NotFound()
    record = _find(number)
    step = PROCESS.transition(record.state, action)
    steps.check_permission(g.user, step)
    form_class, _act = STEP_FORMS[action]
    form = form_class()
    form.prepare(Desk(session(), record, g.user, clock.now()))
    news: list[Any] = []
    status = form.status
    if form.is_submitted() and form.validate():
        try:
            return _carry_out(record, action, form)
        except Invalid as refusal:
            form.take(refusal)
            status = 422
        except Stale:
            news, status = chatter.since_version(record, form.version.data), 409
        except ConditionsMissing as refusal:
            form.form_errors = [_("Missing: %(condition)s", condition=reason) for reason in refusal.reasons]
            status = 422
        record = _find(number)
    form.version.data = str(record.version)
    return page(
        "records/complaints/step.html",
        fragment="form",
        status=status if status != 200 else form.status,
        complaint=record,
        step=step,
        form=form,
        news=news,
        guards=PROCESS.unmet(step, record, entered=False),
        clocks=_clocks(tasks.clocks_of(session(), record)),
    )


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


@blueprint.get("/escalations/<number>")
@requires(P.ESCALATION_VIEW)
def escalation(number: str) -> ResponseReturnValue:
    """The case as the specialist handed it over."""
    visible = complaints.escalations_visible_to(g.user)
    record = get_or_404(visible, Escalation.number == number)
    return page(
        "records/escalations/show.html",
        escalation=record,
        complaint=record.complaint,
        status_views=process_view.status_views(record, g.user, None),
        actions=process_view.buttons(record, g.user),
        why_label=Ground.show(record.why),
        talk=chatter.of(record),
    )


@blueprint.post("/escalations/<number>/take")
@requires(P.ESCALATION_WORK)
def take_escalation(number: str) -> ResponseReturnValue:
    """The manager takes the case."""
    with transaction() as writing:
        record = get_or_404(complaints.escalations_visible_to(g.user), Escalation.number == number)
        complaints.take(writing, record, actor=g.user, at=clock.now())
    return see_other(f"/records/escalations/{number}")


# ---------- Parts ----------


@dataclass(frozen=True, slots=True)
class Source:
    """Where a registration comes from: a call, a customer, both or neither."""

    customer: Customer | None
    contact: Consultation | None


def _find(number: str) -> Complaint:
    return get_or_404(complaints.visible_to(g.user), Complaint.number == number)


def _find_for_page(number: str) -> Complaint:
    """The complaint with everything its page names, in few questions to the database."""
    project = joinedload(Complaint.project)
    named = (
        joinedload(Complaint.customer),
        joinedload(Complaint.owner),
        joinedload(Complaint.received_by),
        joinedload(Complaint.plan_seen_by),
        joinedload(Complaint.verified_by),
        joinedload(Complaint.escalation),
        project.joinedload(Project.property),
        project.joinedload(Project.project_manager),
        project.joinedload(Project.foreman),
        selectinload(Complaint.departments).joinedload(ComplaintDepartment.head),
        selectinload(Complaint.rounds),
    )
    return get_or_404(complaints.visible_to(g.user).options(*named), Complaint.number == number)


def _clock(writing: Session, record: Complaint, task_id: int) -> Task:
    task = writing.get(Task, task_id)
    if task is None or (task.record_kind, task.record_id) != (record.KIND, record.id):
        raise NotFound()
    return task


def _carry_out(record: Complaint, action: str, form: StepForm) -> ResponseReturnValue:
    _form_class, act = STEP_FORMS[action]
    number, at = record.number, clock.now()
    with transaction() as writing:
        fresh = _find(number)
        if form.version.data and form.version.data != str(fresh.version):
            raise Stale()
        act(writing, fresh, form.to_command(Desk(writing, fresh, g.user, at)), actor=g.user, at=at)
    if may(g.user, P.COMPLAINT_VIEW):
        return see_other(f"/records/complaints/{number}")
    return see_other("/")


def _source(form: RegisterForm) -> Source:
    contact_number = form.consultation.data or request.args.get("consultation")
    customer_number = form.customer.data or request.args.get("customer")
    contact = customer = None
    if contact_number:
        contact = get_or_404(consultations.visible_to(g.user), Consultation.number == contact_number)
        customer = contact.customer
    if customer is None and customer_number:
        customer = get_or_404(customers.visible_to(g.user), Customer.number == customer_number)
    return Source(customer, contact)


def _project_choices(customer: Customer | None) -> list[tuple[int, str]]:
    if customer is None:
        return []
    rows = session().execute(
        select(Project, Property)
        .join(Property, Project.property_id == Property.id)
        .where(Project.customer_id == customer.id)
    )
    return [(project.id, f"{project.number} · {home.address}") for project, home in rows]


def _prefill(form: RegisterForm, source: Source) -> None:
    form.client_key.data = requests.new_key()
    form.received_at.data = clock.now()
    form.channel.data = Channel.PHONE
    form.severity.data = Severity.ORDINARY
    if source.customer is not None:
        form.customer.data = source.customer.number
        form.complainant.data, form.phone.data = source.customer.name, source.customer.phone
    if source.contact is not None:
        form.consultation.data = source.contact.number
        form.complainant.data, form.phone.data = source.contact.name, source.contact.phone
        form.channel.data, form.received_at.data = Channel(source.contact.channel), source.contact.occurred_at
        form.content.data = source.contact.question
        form.subject.data = source.contact.question.splitlines()[0][:40]
    if form.project.choices and len(form.project.choices) == 2:
        form.project.data = form.project.choices[1][0]
        form.phase.data = _phase(session().get(Project, form.project.data))


def _phase(project: Project | None) -> Phase:
    late = {ProjectStage.ACCEPTED, ProjectStage.SETTLED, ProjectStage.IN_WARRANTY, ProjectStage.OUT_OF_WARRANTY}
    if project is None:
        return Phase.PRE_SALE
    return Phase.AFTER_SALE if project.stage in late else Phase.IN_SALE


def _register(form: RegisterForm, source: Source) -> str:
    at = clock.now()

    def act() -> str:
        project = None
        if form.project.data:
            project = get_or_404(visibility.visible_to(g.user, Project), Project.id == form.project.data)
        made = complaints.register(
            writing,
            complaints.RegisterComplaint(
                complainant=form.complainant.data,
                phone=form.phone.data,
                phase=str(form.phase.data),
                category=str(form.category.data),
                subject=form.subject.data,
                content=form.content.data,
                demand=form.demand.data,
                received_at=form.received_at.data,
                channel=str(form.channel.data),
                severity=str(form.severity.data),
                customer=source.customer,
                project=project,
                consultation=source.contact,
                is_multi_department=bool(form.is_multi_department.data),
            ),
            actor=g.user,
            at=at,
        )
        return f"/records/complaints/{made.number}" if may(g.user, P.COMPLAINT_VIEW) else "/front-desk/log"

    with transaction() as writing:
        return requests.once(
            writing, user=g.user, key=form.client_key.data, content=request.form.to_dict(flat=False), at=at, act=act
        )


def _record_context(record: Complaint) -> dict[str, Any]:
    clocks = tasks.clocks_of(session(), record)
    running = [task for task in clocks if task.closed_at is None]
    project, customer = record.project, record.customer
    if customer is not None and not visibility.may_see(session(), g.user, customer):
        customer = None  # the case is shown, the way to the customer's file is not
    return {
        "complaint": record,
        "customer": customer,
        "project": project,
        "home": project.property if project else None,
        "status_views": process_view.status_views(record, g.user, f"/records/complaints/{record.number}"),
        "actions": [] if record.is_historical else process_view.buttons(record, g.user),
        "clocks": _clocks(clocks),
        "running": running,
        "why": [_why(task) for task in running if task.explanation],
        "round": record.present_round,
        "phone": formatting.phone_group(record.phone)
        if g.user.id == record.owner_id
        else formatting.phone_mask(record.phone),
        "panel": attachments_view.panel(record) if request.args.get("tab") == "files" else None,
        "print_items": documents_view.print_menu(record),
        "specialists": assignment.specialists(session(), record.branch_id) if may(g.user, P.COMPLAINT_REASSIGN) else [],
        "plan_waits": _plan_waits(record),
        "talk": chatter.of(record),
        **_words(record),
        **_tabs(record, customer),
    }


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


def _tabs(record: Complaint, customer: Customer | None) -> dict[str, Any]:
    path = f"/records/complaints/{record.number}"
    tab = request.args.get("tab", "case")
    names = {
        "case": (_("Case and plan"), None),
        "departments": (_("Departments"), len(record.departments)),
        "rounds": (_("Visits and calls"), len(record.rounds)),
        "files": (_("Files"), attachments.count(session(), record)),
    }
    tab = tab if tab in names else "case"
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
        "tab": tab,
        "tabs": [
            {
                "url": path if key == "case" else f"{path}?tab={key}",
                "label": label,
                "count": count,
                "current": key == tab,
            }
            for key, (label, count) in names.items()
        ],
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


def _why(task: Task) -> dict[str, Any]:
    due = tasks.explanation(task)
    assert due is not None
    view = explain.explain(due, clock.now())
    facts = [(fact.label, fact.value, fact.is_sum) for fact in view.facts]
    return {"task": task, "view": view, "facts": facts, "svg": explain.render_svg(view, key=f"why-{task.id}")}


def _clocks(found: list[Task]) -> list[dict[str, Any]]:
    """The clocks of the present round in the order of the process, those not started yet too."""
    latest = {task.code: task for task in found}
    present = max((task.round_no for task in found), default=1)
    codes = [declared.code for declared in PROCESS.deadlines]
    reached = max((codes.index(t.code) for t in found if t.code in codes and t.round_no == present), default=-1)
    rows = []
    for index, declared in enumerate(PROCESS.deadlines):
        task = latest.get(declared.code)
        if task is not None and index > reached and task.round_no < present:
            task = None  # of the round before; this round has not come so far
        view = formatting.clock_view(_with_pause(task)) if task else None
        limit = ""
        if task is not None and task.due_at is not None:
            limit = _("Limit %(moment)s", moment=formatting.moment(task.due_at))
        rows.append(
            {
                "name": str(declared.label),
                "code": declared.code,
                "view": view,
                "current": task is not None and task.closed_at is None,
                "limit": limit,
                "waits": _("Not started"),
            }
        )
    return rows


def _with_pause(task: Task) -> dict[str, Any]:
    paused = next((item.reason for item in task.pauses if item.ended_at is None), None)
    names = ("due_at", "started_at", "warn_at", "closed_at", "outcome")
    return {**{name: getattr(task, name) for name in names}, "paused_reason": paused}


assert set(STEP_FORMS) == {str(step.action) for step in PROCESS.transitions} - {Action.REGISTER}
