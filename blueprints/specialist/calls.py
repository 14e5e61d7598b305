"""The call desk: the queue at the left, the script in the middle, the household at the right; by keyboard alone, or on a phone.

After each talk and each try the next call opens by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload, selectinload

from blueprints.http import find_or_404, page, requires, see_other
from blueprints.specialist import blueprint
from blueprints.specialist.talk_forms import SAID, TalkForm, TryForm, talk_form
from portal import clock, formatting
from portal.calendar.hours import hours_text
from portal.db import session, transaction
from portal.errors import ConditionsMissing, DomainError, Invalid, NotFound, Stale
from portal.i18n import _
from portal.models.customer import CustomerGrade, CustomerKind, GenderTitle
from portal.models.follow_up import FollowUpCall, FollowUpTicket, RepairFollowUp, Revisit
from portal.models.org import Department
from portal.models.project import Project, ProjectStage
from portal.models.repair import RepairOrder
from portal.paths import record_path
from portal.permissions import Permission
from portal.processes import follow_up_ticket as ticket_rules
from portal.processes.follow_up import AttemptOutcome, CallStage, Overall
from portal.processes.follow_up_call import WAITING
from portal.processes.repair import Trade
from portal.services import calls, knowledge, promises, recognition, requests
from portal.services.calls import queue, scripts, tickets
from portal.services.calls.common import avoided, call_hours

P = Permission
NAMED = (
    joinedload(FollowUpCall.customer),
    joinedload(FollowUpCall.project).joinedload(Project.property),
    selectinload(FollowUpCall.attempts),
    selectinload(FollowUpCall.tickets),
    joinedload(FollowUpCall.revisit).joinedload(Revisit.slip).joinedload(FollowUpTicket.responsible),
    joinedload(FollowUpCall.after).joinedload(RepairFollowUp.order).joinedload(RepairOrder.captain),
)
TERMS: dict[str, Any] = {
    "grade": CustomerGrade,
    "kind": CustomerKind,
    "stage": ProjectStage,
    "gender_title": GenderTitle,
    "department": Department,
    "outcome": AttemptOutcome,
    "overall": Overall,
    "trade": Trade,
}
QUICK = (
    AttemptOutcome.NO_ANSWER,
    AttemptOutcome.BUSY,
    AttemptOutcome.REFUSED,
    AttemptOutcome.WRONG_NUMBER,
    AttemptOutcome.OTHER_PERSON,
)
"""What is noted with one press; to be called later asks for the time."""
MOODS = {Overall.SATISFIED: "mood-smile", Overall.FAIR: "mood-neutral", Overall.UNSATISFIED: "mood-sad"}


@blueprint.get("/calls")
@requires(P.FOLLOW_UP_WORK)
def call_desk() -> ResponseReturnValue:
    """The queue, with the first call that may be made now."""
    at = clock.now()
    lines = queue.queue(session(), g.user, at=at)
    first = queue.following(lines)
    return _draw(first.number if first is not None else None, lines, is_chosen=False)


@blueprint.get("/calls/<number>")
@requires(P.FOLLOW_UP_WORK)
def call_at_desk(number: str) -> ResponseReturnValue:
    """One call of the queue; one that is done leads to its record."""
    call = _find_call(number)
    if call.state not in WAITING:
        return see_other(record_path(call.KIND, call.number))
    return _draw(number, queue.queue(session(), g.user, at=clock.now()))


@blueprint.post("/calls/<number>/talk")
@requires(P.FOLLOW_UP_WORK)
def finish_call(number: str) -> ResponseReturnValue:
    """The talk is written down; the next call opens."""
    call = _find_call(number)
    form = _talk(call)
    if not form.validate():
        return _draw(number, form=form, status=form.status)
    at = clock.now()

    def act() -> str:
        fresh = _find_call(number)
        if form.version.data != str(fresh.version):
            raise Stale()
        command = form.to_command(session(), at)
        calls.finish(session(), fresh, command, actor=g.user, at=at)
        _promise(form, fresh, at)
        return number

    try:
        with transaction() as writing:
            requests.once(
                writing, user=g.user, key=form.client_key.data, content=request.form.to_dict(flat=False), at=at, act=act
            )
    except Invalid as refusal:
        form.take(refusal)
        return _draw(number, form=form, status=422)
    except (Stale, ConditionsMissing) as refusal:
        form.form_errors = [str(refusal)]
        return _draw(number, form=form, status=409 if isinstance(refusal, Stale) else 422)
    done = _find_call(number)
    if done.about is not None:
        return _asked_again(done.about, number)
    if done.repair is not None:
        said = _("%(who)s: the repair is now “%(state)s”.", who=done.customer.name, state=_state(done.repair))
        flash(said, "done")
        return _next(number)
    said = _("%(who)s: now “%(state)s”.", who=done.customer.name, state=done.PROCESS.state(done.state).label)
    flash(said, "done")
    return _next(number)


@blueprint.post("/calls/<number>/try")
@requires(P.FOLLOW_UP_WORK)
def note_try(number: str) -> ResponseReturnValue:
    """Not reached: it is noted, the next try has its time, the next call opens."""
    form, at = TryForm(), clock.now()
    if not form.validate():
        return _draw(number, tried=form, status=form.status)
    try:
        with transaction() as writing:
            fresh = _find_call(number)
            if form.version.data and form.version.data != str(fresh.version):
                raise Stale()
            made = calls.attempt(writing, fresh, form.to_command(at), actor=g.user, at=at)
            following, who = made.next_at, fresh.customer.name
    except Invalid as refusal:
        form.take(refusal)
        return _draw(number, tried=form, status=422)
    except DomainError as refusal:
        form.form_errors = [str(refusal)]
        return _draw(number, tried=form, status=refusal.status)
    if following is not None:
        flash(_("%(who)s: next try %(moment)s.", who=who, moment=formatting.stamp(following)), "done")
    else:
        flash(_("%(who)s cannot be reached; the manager is told.", who=who), "done")
    return _next(number)


# ---------- Parts ----------


def _draw(
    number: str | None,
    lines: list[queue.Line] | None = None,
    *,
    is_chosen: bool = True,
    form: TalkForm | None = None,
    tried: TryForm | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    at = clock.now()
    lines = queue.queue(session(), g.user, at=at) if lines is None else lines
    record = _find_call(number) if number else None
    line = next((each for each in lines if each.number == number), None)
    context: dict[str, Any] = {}
    if record is not None:
        context["form"] = form or _fresh(record, at)
        context["tried"] = tried or TryForm(formdata=None)
        context["script"] = _script(record)
        context["articles"] = knowledge.beside(session(), g.user, record.stage, record.customer.grade)
    return page(
        "specialist/calls.html",
        fragment="desk" if status != 200 else None,
        status=status,
        lines=lines,
        ready=[each for each in lines if each.is_ready],
        waiting=[each for each in lines if not each.is_ready],
        record=record,
        line=line,
        is_chosen=is_chosen,
        home=recognition.household(session(), g.user, record.customer, at=at) if record is not None else None,
        promises=promises.of_customer(session(), g.user, record.customer_id, at=at) if record is not None else [],
        earlier=queue.earlier(session(), g.user, record.customer_id, but=record.id) if record is not None else [],
        may_call=record is None or calls.may_call_now(session(), record.customer, at),
        avoid=hours_text(avoided(record.customer)) if record is not None else "",
        hours=hours_text(call_hours(session())),
        done_today=queue.done_today(session(), g.user, at=at),
        moods=MOODS,
        quick=QUICK,
        said=SAID,
        stage_of=CallStage.show,
        customer_term=lambda name, value: TERMS[name].show(value),
        at=at,
        **context,
    )


def _script(call: FollowUpCall) -> Any:
    return scripts.script_for(session(), call.stage, call.customer.grade, clock.today(clock.now()))


def _talk(call: FollowUpCall) -> TalkForm:
    script = _script(call)
    return talk_form(call, script.items if script is not None else [], session(), g.user)


def _fresh(call: FollowUpCall, at: datetime) -> TalkForm:
    form = _talk(call)
    if call.about is not None:
        form.limit_at.data = tickets.usual_limit(session(), at)
    form.version.data, form.client_key.data = str(call.version), requests.new_key()
    return form


def _promise(form: TalkForm, call: FollowUpCall, at: Any) -> None:
    if not form.promise.data:
        return
    due = form.promised_at.data or at + timedelta(days=1)
    promises.promise(session(), call, form.promise.data, due, g.user, g.user, at=at)


def _state(order: RepairOrder) -> str:
    """Where a repair stands after the call; satisfied and not closed, it is not paid yet."""
    if order.follow_up_satisfied and order.still_owed > 0:
        owed = formatting.money(order.still_owed)
        return _("satisfied, %(amount)s yuan still to pay", amount=owed)
    return str(order.PROCESS.state(order.state).label)


def _asked_again(slip: FollowUpTicket, number: str) -> ResponseReturnValue:
    """Settled or with the department again, the next call opens; after the last round the complaint's form does, filled in."""
    who = slip.customer.name
    if slip.is_refused:
        flash(_("%(who)s is not satisfied after the last round: it becomes a complaint.", who=who), "done")
        return see_other(f"{record_path(slip.KIND, slip.number)}/steps/{ticket_rules.Action.ESCALATE}")
    is_settled = slip.state == ticket_rules.State.VERIFIED
    said = _("%(who)s is content, the slip is settled.") if is_settled else _("%(who)s: the department has it again.")
    flash(said % {"who": who}, "done")
    return _next(number)


def _next(number: str) -> ResponseReturnValue:
    found = queue.following(queue.queue(session(), g.user, at=clock.now()), number)
    return see_other(found.path if found is not None else queue.DESK)


def _find_call(number: str) -> FollowUpCall:
    call = find_or_404(FollowUpCall, number, NAMED)
    if call.window_from is None:
        raise NotFound()
    return call
