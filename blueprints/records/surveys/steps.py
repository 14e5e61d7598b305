"""The steps of a survey: the answers as the specialist hears them, and making it void."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from blueprints import survey_scores
from blueprints.forms import BooleanField, LocalDateTimeField, TermField, TextField
from blueprints.http import find_or_404, requires
from blueprints.records import blueprint
from blueprints.records.steps import Desk, StepForm, StepPages
from blueprints.records.surveys.pages import NAMED
from portal.i18n import N_
from portal.models.survey import Survey
from portal.permissions import Permission
from portal.processes.survey import PROCESS, Action, AnsweredVia, SurveyKind
from portal.services import surveys

L = PROCESS.field_labels


@blueprint.route("/surveys/<number>/steps/<action>", methods=["GET", "POST"])
@requires(Permission.SURVEY_VIEW)
def survey_step(number: str, action: str) -> ResponseReturnValue:
    """One step of a survey: its form, and carrying it out."""
    return STEPS.show(number, action)


def _find(number: str) -> Survey:
    return find_or_404(Survey, number, NAMED)


class AnswerForm(StepForm):
    """What the customer says: a key for each score, then the words."""

    TEMPLATE = "records/surveys/answer.html"
    praise = TextField(L["praise"], limit=1000, rows=2)
    criticism = TextField(L["criticism"], limit=1000, rows=2)
    wants_contact = BooleanField(L["wants_contact"])
    answered_via = TermField(L["answered_via"], AnsweredVia, leave_out=(AnsweredVia.LINK,), required=True, radio=True)
    answered_at = LocalDateTimeField(L["answered_at"], required=True)
    lines: list[survey_scores.Line]

    def prepare(self, desk: Desk) -> None:
        self.lines = survey_scores.add(self, desk.record)
        if not self.is_submitted():
            self.answered_via.data, self.answered_at.data = AnsweredVia.PHONE, desk.at

    @property
    def meanings(self) -> list[tuple[int, str]]:
        """What each score means."""
        return [(score, str(words)) for score, words in survey_scores.MEANINGS.items()]

    def to_command(self, desk: Desk) -> surveys.AnswerSurvey:
        assert self.answered_at.data is not None
        return surveys.AnswerSurvey(
            AnsweredVia(str(self.answered_via.data)),
            self.answered_at.data,
            survey_scores.scores(self, desk.record),
            survey_scores.recommend(self),
            self.praise.data,
            self.criticism.data,
            bool(self.wants_contact.data),
        )


class VoidForm(StepForm):
    """Why it does not count."""

    void_reason = TextField(L["void_reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> surveys.VoidSurvey:
        return surveys.VoidSurvey(self.void_reason.data)


STEPS = StepPages(
    find=_find,
    forms={
        Action.ANSWER: (AnswerForm, surveys.answer),
        Action.VOID: (VoidForm, surveys.void),
        Action.ANNUL: (VoidForm, surveys.void),
    },
    kinds=N_("Satisfaction surveys"),
    heading=lambda survey: (survey.customer.name, SurveyKind.show(survey.kind)),
    shows_waiting_clocks=False,
)
