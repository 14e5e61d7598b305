"""Contact pages: the record with its clocks and promises, one page per step. Rules: `portal/processes/consultation.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import get_or_404, page, requires, see_other
from blueprints.records import blueprint, chatter, documents, process_view
from blueprints.records.consultation_forms import STEP_FORMS, FirstContactForm, StepForm
from portal import clock, explain, formatting, visibility
from portal.db import session, transaction
from portal.errors import ConditionsMissing, Invalid, NotFound, Stale
from portal.i18n import _
from portal.models.complaint import Complaint
from portal.models.consultation import Channel, Complexity, Consultation, Matter
from portal.models.org import Department, User
from portal.models.task import Task, TaskKind
from portal.permissions import Permission, may
from portal.processes.consultation import FIRST_CONTACT, PROCESS
from portal.services import consultations, steps, tasks

P = Permission
PATH = "/consultations/<number>"


@blueprint.get(PATH)
@requires(P.CONSULTATION_VIEW)
def consultation(number: str) -> ResponseReturnValue:
    """The record: what was said, what is still promised, what is possible now, the talk beside it."""
    return _show(_find(number))


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.CONSULTATION_VIEW)
def consultation_step(number: str, action: str) -> ResponseReturnValue:
    """One step of the process: its form, and carrying it out."""
    if action not in STEP_FORMS:
        raise NotFound()
    record = _find(number)
    step = PROCESS.transition(record.state, action)
    steps.check_permission(g.user, step)
    form = STEP_FORMS[action][0]()
    form.prepare(record, g.user, clock.now())
    news: list[Any] = []
    status = form.status
    if form.is_submitted() and form.validate():
        try:
            return _carry_out(number, action, form)
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
        "records/consultations/step.html",
        fragment="form",
        status=status if status != 200 else form.status,
        contact=record,
        step=step,
        form=form,
        news=news,
        guards=PROCESS.unmet(step, record, entered=False),
        clocks=_clocks(tasks.clocks_of(session(), record)),
    )


@blueprint.post(f"{PATH}/call-back")
@requires(P.CONSULTATION_WORK)
def call_back(number: str) -> ResponseReturnValue:
    """A missed caller was rung back: reached or not."""
    reached = request.form.get("reached")
    if reached not in ("yes", "no"):
        raise NotFound()
    with transaction() as writing:
        consultations.called_back(writing, _find(number), reached=reached == "yes", actor=g.user, at=clock.now())
    return see_other(f"/records/consultations/{number}")


@blueprint.post(f"{PATH}/tasks/<int:task_id>/done")
@requires(P.CONSULTATION_WORK)
def settle_contact_task(number: str, task_id: int) -> ResponseReturnValue:
    """A message was passed on, a promise kept."""
    with transaction() as writing:
        consultations.settle(writing, _find(number), task_id, actor=g.user, at=clock.now())
    return see_other(f"/records/consultations/{number}")


@blueprint.post(f"{PATH}/first-contact")
@requires(P.CUSTOMER_EDIT)
def first_contact(number: str) -> ResponseReturnValue:
    """The specialist has spoken with the new customer (DL-02)."""
    form = FirstContactForm()
    if form.validate():
        with transaction() as writing:
            consultations.first_contact(writing, _find(number), form.to_command(), actor=g.user, at=clock.now())
        return see_other(f"/records/consultations/{number}")
    return _show(_find(number), first=form, status=422)


@blueprint.post(f"{PATH}/phone")
@requires(P.CONSULTATION_VIEW)
def show_number(number: str) -> ResponseReturnValue:
    """The full number, for calling. That it was seen is written down."""
    with transaction() as writing:
        consultations.show_number(writing, _find(number), actor=g.user, at=clock.now())
    return _show(_find(number), shows_number=True)


# ---------- Parts ----------


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something people set and nobody has done yet."""

    task: Task
    title: str
    who: str
    kind: str


def _find(number: str) -> Consultation:
    return get_or_404(consultations.visible_to(g.user), Consultation.number == number)


def _carry_out(number: str, action: str, form: StepForm) -> ResponseReturnValue:
    act = STEP_FORMS[action][1]
    with transaction() as writing:
        fresh = _find(number)
        if form.version.data and form.version.data != str(fresh.version):
            raise Stale()
        act(writing, fresh, form.to_command(), actor=g.user, at=clock.now())
    return see_other(f"/records/consultations/{number}")


def _show(
    record: Consultation, *, first: FirstContactForm | None = None, shows_number: bool = False, status: int = 200
) -> ResponseReturnValue:
    clocks = tasks.clocks_of(session(), record)
    running = [task for task in clocks if task.closed_at is None]
    open_tasks = tasks.open_of(session(), record)
    complaint_number = _complaint_number(record)
    expects_contact = any(task.code == FIRST_CONTACT.code for task in running) and may(g.user, P.CUSTOMER_EDIT)
    customer = record.customer
    return page(
        "records/consultations/show.html",
        status=status,
        contact=record,
        customer=customer if customer and visibility.may_see(session(), g.user, customer) else None,
        home=record.project.property if record.project else None,
        status_views=process_view.status_views(record, g.user, f"/records/consultations/{record.number}"),
        actions=process_view.buttons(record, g.user),
        clocks=_clocks(clocks),
        why=[_why(task) for task in running if task.explanation],
        call_back=next((task for task in open_tasks if task.kind == TaskKind.CALL_BACK), None),
        waiting=[_waiting(task) for task in open_tasks if task.kind in consultations.PEOPLE_TASKS],
        phone=formatting.phone_group(record.phone) if shows_number else formatting.phone_mask(record.phone),
        may_see_number=not shows_number and consultations.may_see_number(session(), record, g.user),
        complaint_number=complaint_number,
        wants_complaint=record.kind == Matter.COMPLAINT and not complaint_number and may(g.user, P.COMPLAINT_PREFILL),
        first=(first or FirstContactForm(formdata=None)) if expects_contact else None,
        print_items=documents.print_menu(record),
        talk=chatter.of(record),
        **_words(record),
    )


def _complaint_number(record: Consultation) -> str | None:
    found = session().get(Complaint, record.complaint_id) if record.complaint_id else None
    return found.number if found else None


def _waiting(task: Task) -> Waiting:
    title = task.title if task.kind == TaskKind.PROMISE else _(task.title)
    return Waiting(task, title, task.person.name if task.person else "", TaskKind.show(task.kind))


def _words(record: Consultation) -> dict[str, Any]:
    """What the facts of the contact read like."""
    writer = session().get(User, record.created_by_id) if record.created_by_id else None
    party = record.forwarded_party.name if record.forwarded_party else ""
    to = " · ".join(part for part in (Department.show(record.forwarded_department), party) if part)
    satisfied = {True: _("Yes"), False: _("No"), None: None}[record.is_satisfied]
    return {
        "channel_label": Channel.show(record.channel),
        "kind_label": Matter.show(record.kind),
        "complexity_label": Complexity.show(record.complexity),
        "forwarded_text": to if record.forwarded_department else None,
        "satisfied_text": satisfied,
        "taken_by": writer.name if writer else None,
        "entered_later": record.created_at - record.occurred_at > steps.CLOCK_SLACK,
        "taken_text": _("%(seconds)s s", seconds=record.taken_seconds) if record.taken_seconds is not None else None,
    }


def _why(task: Task) -> dict[str, Any]:
    due = tasks.explanation(task)
    assert due is not None
    view = explain.explain(due, clock.now())
    facts = [(fact.label, fact.value, fact.is_sum) for fact in view.facts]
    return {"task": task, "view": view, "facts": facts, "svg": explain.render_svg(view, key=f"why-{task.id}")}


def _clocks(found: list[Task]) -> list[dict[str, Any]]:
    """The clocks that ran or run on this contact, in the order of the process."""
    latest = {task.code: task for task in found}
    return [
        {
            "name": str(declared.label),
            "code": declared.code,
            "view": formatting.clock_view(task),
            "current": task.closed_at is None,
            "limit": _("Limit %(moment)s", moment=formatting.moment(task.due_at)) if task.due_at else "",
        }
        for declared in PROCESS.deadlines
        if (task := latest.get(declared.code)) is not None
    ]
