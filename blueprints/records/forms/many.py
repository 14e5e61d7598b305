"""The form of a step that is taken with many records: that of the single step, filled in once for all of them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from wtforms import BooleanField, SelectField, SelectMultipleField

from blueprints.forms import MoneyField, TextField
from blueprints.records import complaint_forms, consultation_forms, lead_touches, warranties
from blueprints.records.forms.changes import HIDDEN, ChangeForm, Said
from blueprints.records.repairs import cost_cases
from blueprints.records.repairs import steps as repair_steps
from blueprints.records.steps import Desk, StepForm
from portal import formatting
from portal.db import session
from portal.errors import Invalid
from portal.i18n import N_, _
from portal.models.org import Party, User
from portal.processes.complaint import Action
from portal.services.changes.stepping import Step


class _SignedByOneOfUs(complaint_forms.DepartmentForm):
    """Heads who are known: a name that is typed would make a person before anything is carried out."""

    other_head = None  # type: ignore[assignment]

    def prepare(self, desk: Desk) -> None:
        """As for one complaint, without somebody else."""
        complaint_forms.DepartmentForm.prepare(self, desk)
        self.head.choices = [choice for choice in self.head.choices if choice[0]]

    def signer(self, desk: Desk) -> Party:
        """The head who was chosen."""
        if not self.head.data:
            raise Invalid({"head": N_("Choose who signs.")})
        return desk.session.get_one(Party, self.head.data)


class HandOverMany(_SignedByOneOfUs, complaint_forms.HandOverForm):
    """Several slips signed by one head."""


class ReassignMany(_SignedByOneOfUs, complaint_forms.ReassignForm):
    """Several complaints moved to one department."""


FORMS: dict[str, dict[str, tuple[type[StepForm], Any]]] = {
    "complaints": complaint_forms.STEP_FORMS,
    "consultations": consultation_forms.STEP_FORMS,
    "lead-touches": dict(lead_touches.STEPS.forms),
    "repair-orders": repair_steps.STEP_FORMS,
    "repair-cost-cases": dict(cost_cases.STEPS.forms),
    "warranties": dict(warranties.STEPS.forms),
}
"""The forms of the single steps."""
OWN: dict[tuple[str, str], type[StepForm]] = {
    ("complaints", Action.HAND_OVER): HandOverMany,
    ("complaints", Action.REASSIGN): ReassignMany,
}
"""Those that ask a little less of many."""


class ManyForm(ChangeForm):
    """What both have: the hidden fields of a choice, and those that one sees."""

    def shown(self, change: Any) -> list[Any]:
        """The fields of the step."""
        hidden = {*HIDDEN, "csrf_token"}
        return [field for name, field in self._fields.items() if name not in hidden]

    def said(self, change: Step) -> list[list[str]]:
        """What was filled in, as people read it."""
        return [[str(field.label.text), text] for field in self.shown(change) if (text := _read(field))]


def form_for(
    kind: str, change: Step, record: Any, actor: User, *, at: datetime, is_sent: bool, said: Said | None = None
) -> Any:
    """The form; fresh, it offers what fits the first record that can take the step, without that record's own words.

    `said`: what was filled in before, to be changed.
    """
    single = OWN.get((kind, change.action)) or FORMS[kind][change.action][0]
    is_filled = is_sent or said is not None
    made = type("ManySteps", (ManyForm, single), {"is_submitted": lambda _form: is_filled})
    form: Any = made() if is_sent else made(formdata=said)
    form.prepare(Desk(session(), record, actor, at))
    if not is_filled:
        for field in form.shown(change):
            if isinstance(field, TextField | MoneyField):
                field.data = None
    return form


def _read(field: Any) -> str:
    value = field.data
    if isinstance(field, BooleanField):
        return _("Yes") if value else ""
    if isinstance(field, SelectMultipleField):
        return "、".join(str(label) for key, label in field.choices if key in (value or ()))
    if isinstance(field, SelectField):
        return next((str(label) for key, label in field.choices if key == value and value), "")
    if isinstance(value, datetime):
        return formatting.moment(value)
    if isinstance(value, date):
        return formatting.full_date(value)
    return formatting.money(value) if isinstance(value, Decimal) else str(value or "")
