"""Types of tasks, for the manager: list, new, change; what comes next when a task is done."""

from __future__ import annotations

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from blueprints.forms import BooleanField, ChoiceField, Form, HiddenField, TermField, TextField, WholeField
from blueprints.http import page, requires, see_other
from blueprints.manager import blueprint
from portal import clock
from portal.db import session, transaction
from portal.errors import Invalid, Stale
from portal.i18n import N_, _
from portal.models.org import User
from portal.models.task_type import Chaining, CountedFrom, DelayUnit, TaskType
from portal.permissions import Permission, Role
from portal.services import task_types
from portal.services.task_types import FIELDS, ICONS, Details


class TaskTypeForm(Form):
    """What the manager says about a type of task."""

    name = TextField(FIELDS["name"].label, limit=20, required=True)
    summary = TextField(FIELDS["summary"].label, limit=200, description=N_("Counts when nobody writes another title"))
    icon = ChoiceField(FIELDS["icon"].label, choices=list(ICONS.items()), required=True)
    whose = ChoiceField(FIELDS["whose"].label, blank=N_("Whoever sets it, or had the one before"))
    delay = WholeField(FIELDS["delay"].label, low=1, high=9999, required=True)
    delay_unit = TermField(N_("Unit", "delay"), DelayUnit, required=True)
    chaining = TermField(FIELDS["chaining"].label, Chaining, required=True, radio=True)
    next_id = ChoiceField(FIELDS["next"].label, coerce=int, blank=N_("Nothing"))
    counted_from = TermField(
        FIELDS["counted_from"].label,
        CountedFrom,
        required=True,
        radio=True,
        description=N_("The delay is that of the type that comes next"),
    )
    position = WholeField(FIELDS["position"].label, low=0, high=9999, required=True)
    is_active = BooleanField(FIELDS["is_active"].label)
    version = HiddenField()

    def prepare(self, each: TaskType | None) -> None:
        """Fill in the choices, and what is there now when nothing was sent."""
        people = session().scalars(select(User).where(User.disabled_at.is_(None)).order_by(User.name, User.id))
        self.whose.choices = [
            *((f"r{role.value}", _("Anybody: %(role)s", role=role.label)) for role in Role),
            *((f"p{person.id}", f"{person.name} · {Role(person.role).label}") for person in people),
        ]
        if each is not None and each.person is not None and not each.person.is_active:
            self.whose.choices.append((f"p{each.person_id}", each.person.name))
        others = [other for other in task_types.every(session()) if each is None or other.id != each.id]
        known = each.next_id if each is not None else None
        self.next_id.choices = [(other.id, other.name) for other in others if other.is_active or other.id == known]
        if self.is_submitted():
            return
        if each is not None:
            self.process(obj=each)
            self.whose.data = f"p{each.person_id}" if each.person_id else f"r{each.role}" if each.role else None
        else:
            start = Details("", position=max((other.position for other in others), default=0) + 1)
            self.process(obj=start)

    def to_details(self) -> Details:
        """What the service takes."""
        whose = self.whose.data or ""
        return Details(
            name=self.name.data or "",
            icon=self.icon.data or "",
            summary=self.summary.data,
            person_id=int(whose[1:]) if whose.startswith("p") else None,
            role=whose[1:] if whose.startswith("r") else None,
            delay=self.delay.data or 1,
            delay_unit=str(self.delay_unit.data),
            chaining=str(self.chaining.data),
            next_id=self.next_id.data,
            counted_from=str(self.counted_from.data),
            position=self.position.data or 0,
            is_active=self.is_active.data,
        )


@blueprint.get("/task-types")
@requires(Permission.SETTING_EDIT)
def list_task_types() -> ResponseReturnValue:
    """All types in their order, with what comes next."""
    return page(
        "manager/task_types/list.html",
        types=[
            {
                "type": each,
                "whose": each.person.name if each.person else str(Role(each.role).label) if each.role else "",
                "delay": task_types.delay_text(each),
                "next": _chain_text(each),
            }
            for each in task_types.every(session())
        ],
    )


def _chain_text(each: TaskType) -> str:
    if each.next is None or each.chaining == Chaining.NONE:
        return ""
    how = Chaining.show(each.chaining)
    return f"{how} → {each.next.name} · {CountedFrom.show(each.counted_from)}"


@blueprint.route("/task-types/new", methods=["GET", "POST"])
@requires(Permission.SETTING_EDIT)
def new_task_type() -> ResponseReturnValue:
    """A new type."""
    return _edit(None)


@blueprint.route("/task-types/<int:type_id>", methods=["GET", "POST"])
@requires(Permission.SETTING_EDIT)
def edit_task_type(type_id: int) -> ResponseReturnValue:
    """Change a type; tasks that are there already keep their time, and chain as the type says when they are done."""
    return _edit(task_types.find(session(), type_id))


def _edit(each: TaskType | None) -> ResponseReturnValue:
    form = TaskTypeForm()
    form.prepare(each)
    status = 200
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                if each is None:
                    task_types.add(writing, form.to_details(), actor=g.user, at=clock.now())
                else:
                    fresh = task_types.find(writing, each.id)
                    task_types.change(
                        writing, fresh, form.to_details(), version=seen_version(), actor=g.user, at=clock.now()
                    )
        except Invalid as refusal:
            form.take(refusal)
        except Stale as refusal:
            form.form_errors, status = [str(refusal)], refusal.status
        else:
            flash(_("Saved."), "done")
            return see_other(".list_task_types")
    version = request.form.get("version") or (each.version if each is not None else "")
    return page(
        "manager/task_types/form.html",
        form=form,
        each=each,
        version=version,
        status=status if status != 200 else form.status,
    )


def seen_version() -> int:
    """The version that the person looked at. Raises Stale without one."""
    text = request.form.get("version") or ""
    if not text.isdecimal() or len(text) > 9:
        raise Stale()
    return int(text)
