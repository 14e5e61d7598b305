"""Tasks set by hand, beside their record: set, done, put off, handed over, called off."""

from __future__ import annotations

from typing import Any

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from blueprints.http import requires, safe_path, see_other, wants_fragment
from blueprints.records import blueprint, chatter
from blueprints.records.chatter import Composer
from blueprints.records.notes import with_canned
from blueprints.records.talk_forms import ACTS, TaskForm, carry_out
from portal import clock, formatting
from portal.db import session
from portal.errors import Invalid, NotFound, Stale
from portal.i18n import _
from portal.models.canned import Place
from portal.models.task import Task
from portal.paths import record_path
from portal.permissions import Permission, may
from portal.services import chaining, own_tasks, records, requests, tasks

P = Permission


def task_composer(record: Any, *, after: int | None = None) -> Composer:
    """An empty form for a task; `after`: the number of a task it follows."""
    form = TaskForm(formdata=None)
    before = own_tasks.find(session(), g.user, after) if after else None
    form.prepare(record, g.user, before)
    form.client_key.data = requests.new_key()
    return _composer("task", form, _("New task"), f"{chatter.path(record)}/tasks")


@blueprint.post("/<kind>/<number>/tasks")
@requires(P.TASK_SET)
def set_task(kind: str, number: str) -> ResponseReturnValue:
    """Set a task on a record one sees, for somebody who sees it too."""
    record = records.find(g.user, kind, number)
    form = TaskForm()
    form.prepare(record, g.user)
    if form.validate():

        def act(writing: Session) -> str:
            at = clock.now()
            fresh = records.find(g.user, kind, number)
            own_tasks.add(writing, fresh, form.to_command(at), actor=g.user, at=at)
            return chatter.path(fresh)

        try:
            chatter.once(act)
            return chatter.answer(records.find(g.user, kind, number), _("The task is set."))
        except Invalid as refusal:
            form.take(refusal)
            record = records.find(g.user, kind, number)
    composer = _composer("task", form, _("New task"), f"{chatter.path(record)}/tasks")
    return chatter.show(record, composer, status=422)


@blueprint.route("/tasks/<int:task_id>/<act>", methods=["GET", "POST"])
@requires(P.HOME)
def task_act(task_id: int, act: str) -> ResponseReturnValue:
    """Tick a task off, put it off, hand it over, call it off: the form, and carrying it out."""
    if act not in ACTS:
        raise NotFound()
    task = own_tasks.find(session(), g.user, task_id)
    record = _record(task)
    if record is None and (request.method, act) == ("POST", "done"):
        return _tick(task_id)
    if record is None:
        raise NotFound()
    form = ACTS[act][0]()
    form.prepare(record, g.user, task)
    status = 200
    if act == "done" and "insert" in request.form:
        form.result.data = with_canned(record, Place.RESULT, form.result.data or "")
    elif form.is_submitted():
        status = 422
        if form.validate():
            try:
                return _carry_out(task_id, act, form)
            except Invalid as refusal:
                form.take(refusal)
            except Stale:
                status = 409
            task = own_tasks.find(session(), g.user, task_id)
            record = _record(task)
            form.prepare(record, g.user, task)
    form.version.data = str(task.version)
    form.client_key.data = requests.new_key()
    title = f"{ACTS[act][1]} · {tasks.shown_title(task)}"
    composer = _composer(act, form, title, f"/records/tasks/{task_id}/{act}", is_conflict=status == 409)
    return chatter.show(record, composer, status=status)


def _carry_out(task_id: int, act: str, form: Any) -> ResponseReturnValue:
    def write(writing: Session) -> str:
        fresh = own_tasks.find(writing, g.user, task_id)
        if form.version.data and form.version.data != str(fresh.version):
            raise Stale()
        carry_out(act, form, writing, fresh, actor=g.user, at=clock.now())
        return record_path(fresh.record_kind, fresh.record_number)

    where = chatter.once(write)
    kind, number = where.split("/")[2:4]
    if act == "done" and (done := _after_done(task_id, where, wants_next=form.then.data == "next")):
        return done
    said = {
        "done": _done(task_id),
        "later": _("The task was put off."),
        "hand-over": _("The task was handed over."),
        "call-off": _("The task was called off."),
    }[act]
    back = safe_path(request.form.get("next"), "")
    if back and not wants_fragment():
        flash(said, "done")
        return see_other(back)
    try:
        return chatter.answer(records.find(g.user, kind, number), said)
    except NotFound:  # it opened the record to this person, and is somebody else's now
        flash(said, "done")
        return see_other("/records/tasks")


def _after_done(task_id: int, where: str, *, wants_next: bool) -> ResponseReturnValue | None:
    """The form for what comes next, when somebody wants it or the type of the task suggests it."""
    task = own_tasks.find(session(), g.user, task_id)
    following = chaining.suggested(task) if may(g.user, P.TASK_SET) else None
    if not wants_next and following is None:
        return None
    said = (
        _("Done. Next would be: %(name)s", name=following.name)
        if following is not None
        else _("Done. Set the next one:")
    )
    record = _record(task)
    if record is None:
        return None
    if wants_fragment():
        return chatter.show(record, task_composer(record, after=task_id), said=said)
    flash(said, "done")
    return see_other(f"{where}/talk?mode=task&after={task_id}")


def _done(task_id: int) -> str:
    """A word about a task that is done, and about the one that followed by itself."""
    following = session().scalars(select(Task).where(Task.after_id == task_id)).one_or_none()
    if following is None:
        return _("The task is done.")
    due = formatting.moment(following.due_at) if following.due_at else ""
    return _("Done. Next comes: %(name)s, due %(due)s", name=tasks.shown_title(following), due=due)


def _tick(task_id: int) -> ResponseReturnValue:
    """A task on a record that its person may not open is ticked off all the same."""

    def write(writing: Session) -> str:
        fresh = own_tasks.find(writing, g.user, task_id)
        own_tasks.finish(writing, fresh, actor=g.user, at=clock.now())
        return "/records/tasks"

    return see_other(chatter.once(write))


def _record(task: Task) -> Any:
    try:
        return records.find_by_id(g.user, task.record_kind, task.record_id)
    except NotFound:
        return None


def _composer(mode: str, form: Any, title: str, action: str, *, is_conflict: bool = False) -> Composer:
    return Composer(mode, form=form, title=title, action=action, is_conflict=is_conflict)
