"""One page per step of a process: its form, what is still missing, and carrying it out. The same for every record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.forms import Form, HiddenField
from blueprints.http import page, safe_path, see_other
from blueprints.records import chatter, process_view
from portal import clock, settings
from portal.db import session, transaction
from portal.errors import ConditionsMissing, DomainError, Invalid, NotFound, Stale
from portal.i18n import Text, _
from portal.models.org import User
from portal.paths import record_path
from portal.processes.base import Transition
from portal.services import steps, tasks, way_back


@dataclass(frozen=True, slots=True)
class Desk:
    """What a form needs to know to offer choices and to make its command."""

    session: Session
    record: Any
    user: User
    at: datetime


class StepForm(Form):
    """A step of a process. `version` is the one the person looked at."""

    TEMPLATE = "records/step.html"
    HAS_FILES = False
    """Whether a file may come with it."""
    version = HiddenField()
    LINES: Sequence[tuple[Text, Sequence[str]]] = ()
    """Fields that stand together in a line, by their heading; the others come first."""

    def prepare(self, desk: Desk) -> None:
        """Fill in choices, and what the record already says when the form is fresh."""

    def told(self, desk: Desk) -> list[str]:
        """What stands above the fields: what the person must know to take the step."""
        return []

    def to_command(self, desk: Desk) -> Any:
        """The command; text has become values. Raises Invalid by field."""
        raise LookupError(type(self).__name__)


@dataclass(frozen=True, slots=True)
class StepPages:
    """What the step pages of one kind of record are made of."""

    find: Callable[[str], Any]
    """The record of that number, if it exists for the person."""
    forms: Mapping[str, tuple[type[StepForm], Callable[..., Any]]]
    """The form of each step and the service function that carries it out."""
    kinds: Text
    """What the list of these records is called."""
    heading: Callable[[Any], tuple[str, str]]
    """Whose record it is, and what it is about."""
    back: Callable[..., None] | None = None
    """The service function that takes a step back, where the process knows ways back."""
    shows_waiting_clocks: bool = True
    """Whether every record comes to every clock, so that those not started are shown too."""

    def show(self, number: str, action: str) -> ResponseReturnValue:
        """The form of a step (GET), and carrying it out (POST); refused, nothing typed is lost."""
        if action not in self.forms:
            raise NotFound()
        record = self.find(number)
        step = record.PROCESS.transition(record.state, action)
        steps.check_permission(g.user, step)
        form = self.forms[action][0]()
        form.prepare(Desk(session(), record, g.user, clock.now()))
        news: list[Any] = []
        status = 200
        if form.is_submitted() and form.validate():
            try:
                return self._carry_out(number, action, form)
            except Invalid as refusal:
                form.take(refusal)
                status = 422
            except Stale:
                news, status = chatter.since_version(record, form.version.data), 409
            except ConditionsMissing as refusal:
                form.form_errors = [_("Missing: %(condition)s", condition=reason) for reason in refusal.reasons]
                status = 422
            record = self.find(number)
        form.version.data = str(record.version)
        who, what = self.heading(record)
        return page(
            form.TEMPLATE,
            fragment="form",
            status=status if status != 200 else form.status,
            record=record,
            path=record_path(record.KIND, number),
            kinds=self.kinds,
            who=who,
            what=what,
            step=step,
            form=form,
            back=safe_path(request.values.get("next"), ""),
            news=news,
            told=form.told(Desk(session(), record, g.user, clock.now())),
            afterwards=self._afterwards(step, record),
            guards=record.PROCESS.unmet(step, record, entered=False),
            clocks=process_view.clock_rows(
                record, tasks.clocks_of(session(), record), shows_waiting=self.shows_waiting_clocks
            ),
        )

    def _carry_out(self, number: str, action: str, form: StepForm) -> ResponseReturnValue:
        act, at = self.forms[action][1], clock.now()
        with transaction() as writing:
            fresh = self.find(number)
            if form.version.data and form.version.data != str(fresh.version):
                raise Stale()
            step = fresh.PROCESS.transition(fresh.state, action)
            before = fresh.state
            act(writing, fresh, form.to_command(Desk(writing, fresh, g.user, at)), actor=g.user, at=at)
            said = {"who": self.heading(fresh)[0], "state": fresh.PROCESS.state(fresh.state).label}
            moved = fresh.state != before
            version = fresh.version
        back = safe_path(request.form.get("next"), "")
        path = record_path(fresh.KIND, number)
        if self._returns(step):
            undo = f"{path}/steps/{action}/back?{urlencode({'version': version, 'next': back})}"
            done = {"text": _("%(who)s: now “%(state)s”.", **said), "undo": undo}
            flash(done, "done")  # type: ignore[arg-type]  # the snack knows both
        elif back:  # the page that is come back to does not show the record
            sentence = _("%(who)s: now “%(state)s”. A step that was taken cannot be undone.", **said)
            flash(sentence if moved else _("%(who)s: saved, still “%(state)s”.", **said), "done")
        return see_other(back or path)

    def take_back(self, number: str, action: str) -> ResponseReturnValue:
        """Take a step back that was taken a moment ago; what stands against it is said on the page one comes back to."""
        record = self.find(number)
        path = record_path(record.KIND, number)
        if self.back is None or action not in self.forms:
            raise NotFound()
        try:
            with transaction() as writing:
                fresh = self.find(number)
                if request.args.get("version") != str(fresh.version):
                    raise Stale()
                self.back(writing, fresh, action, actor=g.user, at=clock.now())
                said = {"who": self.heading(fresh)[0], "state": fresh.PROCESS.state(fresh.state).label}
        except DomainError as refusal:
            flash(str(refusal), "alert")
        else:
            flash(_("%(who)s: “%(state)s” again.", **said), "done")
        return see_other(safe_path(request.args.get("next"), path))

    def _returns(self, step: Transition) -> bool:
        """Whether the step can be taken back for a while."""
        return self.back is not None and step.way_back is not None

    def _afterwards(self, step: Transition, record: Any) -> str:
        """What is said before a step about taking it back."""
        if self._returns(step):
            minutes = settings.get(session(), way_back.GRACE)
            return _("Taken by mistake, it can be taken back for %(minutes)s minutes.", minutes=minutes)
        return _("A step that was taken cannot be undone.") if step.target != record.state else ""
