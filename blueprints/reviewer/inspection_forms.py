"""Forms of an inspection on site: its lines, their photos, its end."""

from __future__ import annotations

from wtforms.fields import FileField

from blueprints.forms import (
    ChoiceField,
    Form,
    HiddenField,
    LocalDateField,
    LocalDateTimeField,
    TermField,
    TextField,
)
from blueprints.records.pre_acceptance_forms import YES_NO, L, MeasureField
from portal.db import session
from portal.i18n import N_
from portal.models.pre_acceptance import Inspection, PreAcceptance
from portal.processes.pre_acceptance import ItemResult
from portal.services import inspections

SIGNS = [("yes", N_("Has signed")), ("no", N_("Refuses to sign"))]
SIGNED: dict[str | None, bool] = {"yes": True, "no": False}
"""What each choice says; nothing chosen: not said."""


class OnSite(Form):
    """What every form of the page carries: the key that makes it count once, and when the phone says it was written."""

    client_key = HiddenField()
    device_at = HiddenField()


class OfLine(OnSite):
    """A form of one line. Many stand on a page, so their fields are told apart by the place of the line."""

    seen = HiddenField()
    """The mark of the words that were judged by."""

    def __init__(self, position: int, *, sent: bool) -> None:
        super().__init__(**({} if sent else {"formdata": None}))
        for field in self:
            field.id = f"line{position}-{field.name}"
            field.label.field_id = field.id


class LineForm(OfLine):
    """One line: tapped, measured, said. Each line is a form of its own, so none waits for another."""

    result = TermField(N_("Result", "inspection"), ItemResult, radio=True)
    measured = MeasureField(N_("Measured"))
    comment = TextField(N_("Remark", "inspection"), limit=500, rows=1)

    def to_command(self) -> inspections.Judge:
        """What was found."""
        return inspections.Judge(
            str(self.result.data) if self.result.data else None, self.measured.data, self.comment.data
        )


class PhotoForm(OfLine):
    """A photo of a line."""

    file = FileField(N_("Photo"))


class FinishForm(OnSite):
    """The end of an inspection."""

    inspected_at = LocalDateTimeField(L["inspected_at"], required=True)
    manager_present = ChoiceField(N_("The project manager is present"), choices=YES_NO, required=True, radio=True)
    foreman_present = ChoiceField(N_("The foreman is present"), choices=YES_NO, required=True, radio=True)
    reported_at = LocalDateTimeField(
        N_("The foreman said that it is done at"),
        description=N_(
            "Empty, or after the limit: the rectification was missed; the inspection is held anyway and fails (DL-19)."
        ),
    )
    manager_signed = ChoiceField(N_("Signature of the project manager"), choices=SIGNS, radio=True)
    manager_refusal = TextField(N_("Why the project manager refuses to sign"), limit=200, rows=2)
    foreman_signed = ChoiceField(N_("Signature of the foreman"), choices=SIGNS, radio=True)
    foreman_refusal = TextField(N_("Why the foreman refuses to sign"), limit=200, rows=2)
    requirement = TextField(
        L["requirement"], limit=4000, rows=4, description=N_("Empty: what was noted at the lines that are not in order")
    )
    limit_on = LocalDateField(L["limit_on"])
    recheck_at = LocalDateTimeField(L["recheck_at"])

    NOTICE = ("requirement", "limit_on", "recheck_at")

    def prepare(self, record: PreAcceptance, held: Inspection) -> None:
        """What is usual, as far as it is known; the last inspection asks for no notice, a first one for no rectification."""
        notice = record.to_recheck
        if notice is None or notice.reported_at is not None:
            del self.reported_at
        self.asks_notice = record.round_no < record.fail_limit
        if not self.asks_notice:
            for name in self.NOTICE:
                delattr(self, name)
        if self.is_submitted():
            return
        begun, agreed = held.inspected_at, record.scheduled_at
        self.inspected_at.data = begun if held.id is not None or agreed is None else max(begun, agreed)
        if self.asks_notice:
            self.requirement.data = inspections.usual_requirement(held) or None
            self.limit_on.data, self.recheck_at.data = inspections.usual_dates(session(), self.inspected_at.data)

    def to_command(self) -> inspections.Finish:
        """The end, with the notice where one is asked for."""
        notice = {name: self[name].data for name in self.NOTICE} if self.asks_notice else {}
        return inspections.Finish(
            inspected_at=self.inspected_at.data,
            manager_present=self.manager_present.data == "yes",
            foreman_present=self.foreman_present.data == "yes",
            manager_signed=SIGNED.get(self.manager_signed.data),
            foreman_signed=SIGNED.get(self.foreman_signed.data),
            manager_refusal=self.manager_refusal.data,
            foreman_refusal=self.foreman_refusal.data,
            reported_at=self.reported_at.data if self.reported_at else None,
            **notice,
        )
