"""The steps of a suggestion: their forms and who carries them out."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from blueprints.forms import ChoiceField, LocalDateField, LocalDateTimeField, TermField, TextField
from blueprints.http import find_or_404, requires
from blueprints.records import blueprint
from blueprints.records.steps import Desk, StepForm, StepPages
from blueprints.records.suggestions.pages import NAMED
from portal import visibility
from portal.i18n import N_
from portal.models.org import Department, Party, PartyStatus
from portal.models.suggestion import Suggestion
from portal.permissions import Permission
from portal.processes.suggestion import PROCESS, Action, Decision, Worth
from portal.services import suggestions

L = PROCESS.field_labels
PLEASE, NOBODY = N_("Please choose"), N_("Nobody in particular")
YES_NO = (("yes", N_("Yes")), ("no", N_("No")))
MOST_PEOPLE = 300


@blueprint.route("/suggestions/<number>/steps/<action>", methods=["GET", "POST"])
@requires(Permission.SUGGESTION_VIEW)
def suggestion_step(number: str, action: str) -> ResponseReturnValue:
    """One step of a suggestion: its form, and carrying it out."""
    return STEPS.show(number, action)


def _find(number: str) -> Suggestion:
    return find_or_404(Suggestion, number, NAMED)


def _people(desk: Desk, department: str | None = None) -> list[tuple[int, str]]:
    """People outside who can be named; of one department its own, the head first."""
    query = visibility.visible_to(desk.user, Party).where(
        Party.status == PartyStatus.ACTIVE, Party.department.is_not(None)
    )
    if department is not None:
        query = query.where(Party.department == department)
    found = desk.session.scalars(query.order_by(Party.department, Party.is_head.desc(), Party.id).limit(MOST_PEOPLE))
    return [(one.id, f"{Department.show(one.department)} · {one.name}") for one in found]


def _party(desk: Desk, key: int | None) -> Party | None:
    return desk.session.get(Party, key) if key else None


class SendForm(StepForm):
    """What it is worth, and where it goes."""

    worth = TermField(L["worth"], Worth, required=True, radio=True)
    worth_note = TextField(L["worth_note"], limit=1000, rows=3, required=True)
    department = TermField(L["department"], Department, required=True, blank=PLEASE)
    sent_to = ChoiceField(L["sent_to"], coerce=int, choices=[], blank=NOBODY)
    sent_at = LocalDateTimeField(L["sent_at"], required=True)
    expected_on = LocalDateField(L["expected_on"])

    def prepare(self, desk: Desk) -> None:
        self.sent_to.choices = _people(desk)
        if not self.is_submitted():
            self.sent_at.data = desk.at

    def to_command(self, desk: Desk) -> suggestions.SendSuggestion:
        return suggestions.SendSuggestion(
            str(self.department.data),
            str(self.worth.data),
            self.worth_note.data,
            self.sent_at.data,
            _party(desk, self.sent_to.data),
            self.expected_on.data,
        )


class DecideForm(StepForm):
    """What the department says."""

    decision = TermField(L["decision"], Decision, required=True, radio=True)
    decision_note = TextField(L["decision_note"], limit=1000, rows=3, required=True)
    decided_by = ChoiceField(L["decided_by"], coerce=int, choices=[], blank=NOBODY)
    decided_at = LocalDateTimeField(L["decided_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        self.decided_by.choices = _people(desk, desk.record.department)
        if not self.is_submitted():
            self.decided_at.data = desk.at
            self.decided_by.data = desk.record.sent_to_id

    def to_command(self, desk: Desk) -> suggestions.DecideSuggestion:
        return suggestions.DecideSuggestion(
            str(self.decision.data), self.decision_note.data, self.decided_at.data, _party(desk, self.decided_by.data)
        )


class ImplementForm(StepForm):
    """What was changed."""

    progress = TextField(L["progress"], limit=1000, rows=3, required=True)
    done_at = LocalDateTimeField(L["done_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.done_at.data = desk.at

    def to_command(self, desk: Desk) -> suggestions.ImplementSuggestion:
        return suggestions.ImplementSuggestion(self.progress.data, self.done_at.data)


class AnswerForm(StepForm):
    """What the customer was told, and whether that is to their satisfaction."""

    answer = TextField(L["answer"], limit=1000, rows=3, required=True)
    answered_at = LocalDateTimeField(L["answered_at"], required=True)
    is_satisfied = ChoiceField(L["is_satisfied"], choices=YES_NO, radio=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.answered_at.data = desk.at

    def to_command(self, desk: Desk) -> suggestions.AnswerCustomer:
        satisfied = {"yes": True, "no": False}.get(str(self.is_satisfied.data))
        return suggestions.AnswerCustomer(self.answer.data, self.answered_at.data, satisfied)


STEPS = StepPages(
    find=_find,
    forms={
        Action.SEND: (SendForm, suggestions.send),
        Action.DECIDE: (DecideForm, suggestions.decide),
        Action.IMPLEMENT: (ImplementForm, suggestions.implement),
        Action.ANSWER: (AnswerForm, suggestions.answer),
        Action.EXPLAIN: (AnswerForm, suggestions.answer),
    },
    kinds=N_("Suggestions of customers"),
    heading=lambda suggestion: (suggestion.name or str(N_("Without a name")), suggestion.subject),
    shows_waiting_clocks=False,
)
