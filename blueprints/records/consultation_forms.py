"""Forms of P01: one per step, each turned into the command of `portal/services/consultations.py`."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from blueprints.forms import (
    BooleanField,
    ChoiceField,
    Form,
    LocalDateTimeField,
    TermField,
    TextField,
)
from blueprints.records.steps import Desk, StepForm
from blueprints.survey_scores import SCORES
from portal import visibility
from portal.i18n import N_
from portal.models.customer import Intention
from portal.models.org import Department, Party, PartyStatus
from portal.processes.consultation import PROCESS, Action
from portal.services import consultations

L = PROCESS.field_labels
YES_NO = [("yes", N_("Yes")), ("no", N_("No"))]


class AnswerForm(StepForm):
    """The answer to a common question."""

    answer = TextField(L["answer"], limit=4000, rows=4, required=True)

    def prepare(self, desk: Desk) -> None:
        """What was told meanwhile is the beginning of the answer."""
        if not self.is_submitted():
            self.answer.data = desk.record.answer

    def to_command(self, desk: Desk) -> consultations.Answer:
        """The answer."""
        return consultations.Answer(self.answer.data)


class ForwardForm(StepForm):
    """Which department, and that the caller agrees and knows how long it takes."""

    forwarded_department = TermField(L["forwarded_department"], Department, required=True)
    forwarded_party = ChoiceField(L["forwarded_party"], coerce=int, choices=[], blank=N_("Nobody in particular"))
    forwarded_at = LocalDateTimeField(L["forwarded_at"])
    transfer_consent = BooleanField(L["transfer_consent"])
    wait_told = BooleanField(L["wait_told"])

    def prepare(self, desk: Desk) -> None:
        """Offer the people of the departments; now, unless said otherwise."""
        if not self.is_submitted():
            self.forwarded_at.data = desk.at
            if desk.record.forwarded_department:
                self.forwarded_department.data = Department(desk.record.forwarded_department)
        people = desk.session.scalars(
            visibility.visible_to(desk.user, Party)
            .where(Party.status == PartyStatus.ACTIVE, Party.department.is_not(None))
            .order_by(Party.department, Party.is_head.desc(), Party.id)
            .limit(300)
        )
        self.forwarded_party.choices = [(one.id, f"{Department.show(one.department)} · {one.name}") for one in people]

    def to_command(self, desk: Desk) -> consultations.Forward:
        """Where it goes."""
        chosen = self.forwarded_party.data
        party = desk.session.scalars(select(Party).where(Party.id == chosen)).one_or_none() if chosen else None
        return consultations.Forward(
            str(self.forwarded_department.data),
            bool(self.transfer_consent.data),
            bool(self.wait_told.data),
            party,
            self.forwarded_at.data,
        )


class ReplyForm(StepForm):
    """What the department answered, and when the customer heard it."""

    reply = TextField(L["reply"], limit=4000, rows=4, required=True)
    replied_at = LocalDateTimeField(L["replied_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        """Now, unless said otherwise."""
        if not self.is_submitted():
            self.replied_at.data = desk.at

    def to_command(self, desk: Desk) -> consultations.Reply:
        """The reply."""
        assert self.replied_at.data is not None
        return consultations.Reply(self.reply.data, self.replied_at.data)


class CloseForm(StepForm):
    """Whether the customer is satisfied, and what else is needed."""

    is_satisfied = ChoiceField(L["is_satisfied"], choices=YES_NO, radio=True, required=True)
    score = ChoiceField(
        L["score"],
        coerce=int,
        choices=SCORES,
        radio=True,
        description=N_("If the customer gives one; it counts as a survey."),
    )
    further_need = TextField(L["further_need"], limit=200)

    def to_command(self, desk: Desk) -> consultations.Close:
        """The closing words."""
        return consultations.Close(self.is_satisfied.data == "yes", self.further_need.data, self.score.data or None)


class FirstContactForm(Form):
    """The first call with a new customer (DL-02)."""

    note = TextField(N_("What came of the call"), limit=2000, rows=2, required=True)
    intention = TermField(N_("Intention"), Intention, blank=N_("Not known yet"))

    def to_command(self) -> consultations.FirstContact:
        """What was heard."""
        return consultations.FirstContact(self.note.data, str(self.intention.data) if self.intention.data else None)


STEP_FORMS: dict[str, tuple[type[StepForm], Callable[..., None]]] = {
    Action.ANSWER: (AnswerForm, consultations.answer),
    Action.FORWARD: (ForwardForm, consultations.forward),
    Action.REPLY: (ReplyForm, consultations.reply),
    Action.CLOSE: (CloseForm, consultations.close),
}
"""The form of each step and the service function that carries it out."""
