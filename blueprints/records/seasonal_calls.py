"""Calls for a holiday or an occasion: the manager has the customers greeted. Rules: `portal/services/call_plan.py`."""

from __future__ import annotations

from flask import flash, g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.forms import ChecksField, LocalDateField, TextField
from blueprints.http import requires
from blueprints.records import blueprint, editing
from blueprints.records.forms.base import RecordForm
from portal import clock
from portal.i18n import N_, _, ngettext
from portal.models.customer import CustomerGrade
from portal.permissions import Permission
from portal.services import call_plan

P = Permission
GRADES = tuple(CustomerGrade)
PATH = "/follow-up-calls/seasonal"


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
        return f"{blueprint.url_prefix}{PATH}"

    sheet = editing.Sheet(
        title=_("Holiday calls"),
        crumbs=[(_("Holiday calls"), None)],
        submit=_("Plan the calls"),
        cancel_url="/",
        note=_("One call for each customer whose works run or are in warranty. It opens on that day and has no limit."),
    )
    return editing.create(form, sheet, make)
