"""Forms beside a record: a task set by hand, and what becomes of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from blueprints.forms import BooleanField, ChoiceField, Form, HiddenField, LocalDateTimeField, TextField
from portal import clock, formatting
from portal.db import session
from portal.errors import Invalid
from portal.i18n import N_, _
from portal.models.org import User
from portal.models.task import Task
from portal.permissions import Role
from portal.services import calendars, chaining, own_tasks, task_types
from portal.services.own_tasks import SetTask, When, Whose


def _named(person: User) -> str:
    """A colleague in a choice: with the role, and whoever stands in where they are away."""
    words = [person.name, str(Role(person.role).label)]
    if person.stand_in_id is not None:
        words.append(_("away, %(who)s stands in", who=session().get_one(User, person.stand_in_id).name))
    return " · ".join(words)


class TalkForm(Form):
    """`version` is the task the person looked at, `client_key` keeps a form that is sent twice from counting twice."""

    version = HiddenField()
    client_key = HiddenField()

    SHOWN: ClassVar[tuple[str, ...]] = ("reason",)
    """The fields one sees, in their order."""

    def shown(self) -> list[Any]:
        """The fields one sees."""
        return [self._fields[name] for name in self.SHOWN]

    def prepare(self, record: Any, actor: User, task: Task | None = None) -> None:
        """Fill in the choices."""


class _DueForm(TalkForm):
    """A due time: a quick choice, or a time of one's own, which counts when it is given."""

    when = ChoiceField(N_("Due"), radio=True)
    due_at = LocalDateTimeField(N_("Another time"), description=N_("Counts instead of the choice above"))

    def prepare(self, record: Any, actor: User, task: Task | None = None) -> None:
        """Say beside each quick choice which time it means."""
        at, calendar = clock.now(), calendars.current(session())
        times = {when: own_tasks.moment(when, calendar, at) for when in When if when != When.AS_TYPE}
        chosen = self.when.data  # what was sent is kept, so that a refusal can say what is wrong with it
        times = {when: time for when, time in times.items() if self.offers(time, task) or when == chosen}
        self.when.choices = [(when.value, f"{when.label} {formatting.moment(time)}") for when, time in times.items()]
        if self.when.data is None:
            self.when.data = next((when.value for when in times), None)

    def offers(self, time: datetime, task: Task | None) -> bool:
        """Whether a quick choice of this time makes sense."""
        return True

    def due(self, at: datetime) -> datetime:
        """The moment that was chosen."""
        if self.due_at.data is not None:
            own: datetime = self.due_at.data
            return own
        return own_tasks.moment(When(str(self.when.data)), calendars.current(session()), at)


class _WhoseForm(TalkForm):
    """Whose turn: a colleague who sees the record, or a role."""

    whose = ChoiceField(N_("Whose turn"), required=True)

    def prepare(self, record: Any, actor: User, task: Task | None = None) -> None:
        """Oneself first, then colleagues, then roles."""
        people, roles = own_tasks.candidates(session(), record, actor)
        self._people = {f"p{person.id}": person for person in people}
        self._roles = {f"r{role.value}": role for role in roles}
        others = [(key, _named(person)) for key, person in self._people.items()]
        own = f"p{actor.id}"
        self.whose.choices = [
            *([(own, _("Me (%(name)s)", name=actor.name))] if own in self._people else []),
            *((key, label) for key, label in others if key != own),
            *((key, _("Anybody: %(role)s", role=role.label)) for key, role in self._roles.items()),
        ]

    def chosen(self) -> Whose:
        """Who was chosen."""
        key = str(self.whose.data)
        return Whose(self._people.get(key), self._roles.get(key))


AS_TYPE = "type"
"""The choice of whose turn it is that leaves it to the type."""


class TaskForm(_WhoseForm, _DueForm):
    """A task to be set. What its type says counts wherever nothing else is said."""

    type_name = ChoiceField(N_("Type", "task"), blank=N_("None", "task type"))
    title = TextField(
        N_("What is to be done"), limit=200, description=N_("Empty: the usual title of the type, or its name")
    )
    is_promise = BooleanField(
        N_("Promised to the customer"), description=N_("Counted as kept or broken; it cannot be put off")
    )
    note = TextField(N_("Note"), limit=2000, rows=2)

    SHOWN = ("title", "type_name", "whose", "when", "due_at", "is_promise", "note")

    def prepare(self, record: Any, actor: User, task: Task | None = None) -> None:
        """Fresh, it is one's own and of the first type; after a task that is done it is what follows that one."""
        _DueForm.prepare(self, record, actor)
        _WhoseForm.prepare(self, record, actor)
        self._actor = actor
        self._types = {each.name: each for each in task_types.offered(session())}
        self.type_name.choices = [
            (name, f"{name} · {task_types.delay_text(each)}") for name, each in self._types.items()
        ]
        if self._types:
            self.when.choices = [(When.AS_TYPE.value, When.AS_TYPE.label), *self.when.choices]
            self.whose.choices = [(AS_TYPE, _("As its type says, else me")), *self.whose.choices]
        if self.whose.raw_data is None:
            self._begin(actor, task)

    def _begin(self, actor: User, task: Task | None) -> None:
        """What stands in the empty form."""
        following = chaining.suggested(task) if task is not None else None
        first = next(iter(self._types), None)
        if task is None:
            self.type_name.data, self.whose.data = first, f"p{actor.id}"
            self.when.data = When.NEXT_WORKING_DAY.value
        elif following is None:
            self.type_name.data, self.title.data = task.type_name, task.title
            self.whose.data = f"p{task.person_id}" if task.person_id else f"p{actor.id}"
        else:
            self.type_name.data, self.title.data = following.name, following.title
            offered = {key for key, _label in self.whose.choices}
            turns = (_key(turn) for turn in chaining.turns(task, following, actor))
            self.whose.data = next((key for key in turns if key in offered), f"p{actor.id}")
            self.due_at.data = chaining.due(session(), task, following, clock.now())

    def validate(self, extra_validators: Any = None) -> bool:
        """A title, unless a type lends its own."""
        fine = super().validate(extra_validators)
        each = self._types.get(self.type_name.data or "")
        if not self.title.data and not self.title.errors and each is None:
            self.title.errors = [_("Please fill in %(field)s", field=self.title.label.text)]
            return False
        return fine

    def due(self, at: datetime) -> datetime:
        """The moment that was chosen, or what the type says."""
        each = self._types.get(self.type_name.data or "")
        if self.due_at.data is None and self.when.data == When.AS_TYPE:
            if each is None:
                raise Invalid({"when": N_("Choose a type, or say when it is due.")})
            return task_types.due(each, at, calendars.current(session()))
        return _DueForm.due(self, at)

    def chosen(self) -> Whose:
        """Who was chosen, or whom the type names."""
        if self.whose.data != AS_TYPE:
            return super().chosen()
        each = self._types.get(self.type_name.data or "")
        if each is not None and (each.person is not None or each.role is not None):
            return Whose(each.person, None if each.person is not None else Role(str(each.role)))
        return Whose(self._actor)

    def to_command(self, at: datetime) -> SetTask:
        """The command."""
        each = self._types.get(self.type_name.data or "")
        title = self.title.data or (each.title if each else "")
        return SetTask(title, self.due(at), self.chosen(), each, self.note.data, bool(self.is_promise.data))


def _key(turn: Whose) -> str:
    return f"p{turn.person.id}" if turn.person is not None else f"r{turn.role}"


class DoneForm(TalkForm):
    """What came of a task; `then` says whether another one follows."""

    result = TextField(N_("What came of it"), limit=2000, rows=3)
    then = HiddenField()
    canned = HiddenField()
    insert = HiddenField()
    next = HiddenField()

    SHOWN = ("result",)


class LaterForm(_DueForm):
    """A later time than the present one: no other is offered, and a far one is one's own."""

    reason = TextField(N_("Why later"), limit=300, required=True)

    SHOWN = ("when", "due_at", "reason")

    def shown(self) -> list[Any]:
        """The fields one sees; without a quick choice there is none to see."""
        return [field for field in super().shown() if field is not self.when or self.when.choices]

    def offers(self, time: datetime, task: Task | None) -> bool:
        """Whether it is later than the task is due now."""
        return task is None or task.due_at is None or time > task.due_at

    def due(self, at: datetime) -> datetime:
        """The moment that was chosen. Raises Invalid when there is none."""
        if self.due_at.data is None and not self.when.choices:
            raise Invalid({"due_at": _("Please fill in %(field)s", field=self.due_at.label.text)})
        return super().due(at)


class HandOverForm(_WhoseForm):
    """Another person's turn."""

    reason = TextField(N_("Remark for them"), limit=300)

    SHOWN = ("whose", "reason")


class CallOffForm(TalkForm):
    """Not needed any more."""

    reason = TextField(N_("Why it is not needed"), limit=300, required=True)


ACTS: dict[str, tuple[type[TalkForm], Any]] = {
    "done": (DoneForm, N_("Done, with a result")),
    "later": (LaterForm, N_("Put off")),
    "hand-over": (HandOverForm, N_("Hand over", "task")),
    "call-off": (CallOffForm, N_("Call off")),
}
"""What can be done with a task: its form and what the button says."""


def carry_out(act: str, form: Any, writing: Any, task: Task, *, actor: User, at: datetime) -> None:
    """What the form says happens to the task. Raises Invalid, DomainError."""
    match act:
        case "done":
            own_tasks.finish(writing, task, form.result.data, actor=actor, at=at)
        case "later":
            own_tasks.put_off(writing, task, form.due(at), form.reason.data, actor=actor, at=at)
        case "hand-over":
            own_tasks.hand_over(writing, task, form.chosen(), form.reason.data, actor=actor, at=at)
        case "call-off":
            own_tasks.call_off(writing, task, form.reason.data, actor=actor, at=at)
        case _:
            raise Invalid({})
