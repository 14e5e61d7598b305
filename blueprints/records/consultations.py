"""Contact pages: the record with its clocks and promises, one page per step. Rules: `portal/processes/consultation.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue

from blueprints.http import find_or_404, page, requires, see_other
from blueprints.records import blueprint, chatter, documents, process_view
from blueprints.records.consultation_forms import STEP_FORMS, FirstContactForm
from blueprints.records.steps import StepPages
from portal import clock, formatting, visibility
from portal.db import session, transaction
from portal.errors import NotFound
from portal.i18n import N_, _
from portal.models.complaint import Complaint
from portal.models.consultation import Channel, Complexity, Consultation, Matter
from portal.models.org import Department, User
from portal.models.task import Task, TaskKind
from portal.permissions import Permission, may
from portal.processes.consultation import FIRST_CONTACT
from portal.services import consultations, repairs, steps, suggestions, tasks

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
    return STEPS.show(number, action)


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
    return find_or_404(Consultation, number)


def _show(
    record: Consultation, *, first: FirstContactForm | None = None, shows_number: bool = False, status: int = 200
) -> ResponseReturnValue:
    clocks = tasks.clocks_of(session(), record)
    running = [task for task in clocks if task.closed_at is None]
    open_tasks = tasks.open_of(session(), record)
    complaint_number, repair_number = _complaint_number(record), repairs.number_of_contact(session(), record)
    suggestion_number = suggestions.number_of_source(session(), record) if record.kind == Matter.SUGGESTION else None
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
        clocks=process_view.clock_rows(record, clocks, shows_waiting=STEPS.shows_waiting_clocks),
        why=[process_view.why(task) for task in running if task.explanation],
        call_back=next((task for task in open_tasks if task.kind == TaskKind.CALL_BACK), None),
        waiting=[_waiting(task) for task in open_tasks if task.kind in consultations.PEOPLE_TASKS],
        phone=formatting.phone_group(record.phone) if shows_number else formatting.phone_mask(record.phone),
        may_see_number=not shows_number and consultations.may_see_number(session(), record, g.user),
        complaint_number=complaint_number,
        repair_number=repair_number,
        wants_repair=record.kind == Matter.REPAIR and not repair_number and may(g.user, P.REPAIR_CREATE),
        suggestion_number=suggestion_number,
        wants_suggestion=record.kind == Matter.SUGGESTION
        and not suggestion_number
        and may(g.user, P.SUGGESTION_CREATE),
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


STEPS = StepPages(
    find=_find,
    forms=STEP_FORMS,
    kinds=N_("Contacts", "app"),
    heading=lambda contact: (contact.name, contact.question.splitlines()[0]),
    shows_waiting_clocks=False,
)
