"""Calls for a holiday or an occasion: the manager has the customers greeted, and how far each round has come.

Rules: `portal/services/call_plan.py`, `portal/services/calls/rounds.py`.
"""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.forms import ChecksField, LocalDateField, TextField
from blueprints.http import page, requires
from blueprints.records import blueprint, editing
from blueprints.records.forms.base import RecordForm
from portal import clock
from portal.db import session
from portal.i18n import N_, _, ngettext
from portal.models.customer import CustomerGrade
from portal.permissions import Permission, may
from portal.processes.follow_up import Overall
from portal.services import call_plan
from portal.services.calls import rounds

P = Permission
GRADES = tuple(CustomerGrade)
PATH = "/follow-up-calls/seasonal"
ROUNDS = "/follow-up-calls/rounds"


class SeasonForm(RecordForm):
    """What is celebrated, when, and who is called."""

    SECTIONS = ((N_("Holiday calls"), ("name", "on", "grades")),)

    name = TextField(N_("Occasion"), limit=call_plan.LONGEST_NAME, required=True)
    on = LocalDateField(N_("On", "day"), required=True)
    grades = ChecksField(N_("Customer grade"))

    def prepare(self) -> SeasonForm:
        """Grade A is greeted by telephone as a rule (5.5)."""
        self.grades.choices = [(place, grade.label) for place, grade in enumerate(GRADES)]
        if not self.is_submitted():
            self.grades.data = [0]
        return self


@blueprint.route(PATH, methods=["GET", "POST"])
@requires(P.FOLLOW_UP_DECIDE)
def seasonal_calls() -> ResponseReturnValue:
    """Have the customers called for a holiday or an occasion."""
    form = SeasonForm().prepare()

    def make(writing: Session) -> str:
        chosen = [GRADES[place].value for place in form.grades.data or () if place < len(GRADES)]
        made = call_plan.plan_seasonal(
            writing, name=form.name.data, on=form.on.data, grades=chosen, actor=g.user, at=clock.now()
        )
        flash(ngettext("%(num)s call is planned.", "%(num)s calls are planned.", len(made)), "done")
        return f"{blueprint.url_prefix}{ROUNDS}"

    sheet = editing.Sheet(
        title=_("Holiday calls"),
        crumbs=[(_("Rounds of calls"), f"{blueprint.url_prefix}{ROUNDS}"), (_("Holiday calls"), None)],
        submit=_("Plan the calls"),
        cancel_url=f"{blueprint.url_prefix}{ROUNDS}",
        note=_("One call for each customer whose works run or are in warranty. It opens on that day and has no limit."),
    )
    return editing.create(form, sheet, make)


@blueprint.get(ROUNDS)
@requires(P.FOLLOW_UP_VIEW)
def rounds_of_calls() -> ResponseReturnValue:
    """The rounds of calls, the latest first; with `name` and `on` the calls of one."""
    name, on = request.args.get("name", "")[: call_plan.LONGEST_NAME], _day(request.args.get("on"))
    is_one = bool(name) and on is not None
    path = f"{blueprint.url_prefix}{ROUNDS}"
    return page(
        "records/follow_up/rounds.html",
        path=path,
        name=name if is_one else "",
        on=on,
        calls=rounds.calls_of(session(), g.user, name, on) if on is not None and is_one else [],
        rounds=[] if is_one else rounds.rounds(session(), g.user),
        url_of=lambda each: f"{path}?{urlencode({'name': each.name, 'on': each.on.isoformat()})}",
        overall=Overall.show,
        may_plan=may(g.user, P.FOLLOW_UP_DECIDE),
        may_print=may(g.user, P.DOCUMENT_PRINT),
    )


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
