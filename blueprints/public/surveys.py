"""The customer's page of a survey: opened by a signed link, without signing in, without a session. Source: `domain.md` 4.21."""

from __future__ import annotations

from typing import Any

from flask import current_app, request
from flask.typing import ResponseReturnValue

from blueprints import survey_scores
from blueprints.forms import BooleanField, Form, TextField
from blueprints.http import by_link, page, see_other
from blueprints.public import blueprint
from portal import clock, settings
from portal.db import session, transaction
from portal.errors import DomainError, Invalid
from portal.i18n import N_, _
from portal.models.survey import SurveyLink
from portal.processes.survey import AnsweredVia
from portal.services import attempts
from portal.services.surveys import AnswerSurvey, LinkOver, links


class AnswerForm(Form):
    """What the customer says; the scores are added for the survey. The signed address stands for the token of a session."""

    praise = TextField(N_("What did we do well?"), limit=1000, rows=3)
    criticism = TextField(N_("What should we do better?"), limit=1000, rows=3)
    wants_contact = BooleanField(N_("Please call me back"))

    class Meta(Form.Meta):
        """No session, so no token of one."""

        csrf = False


@blueprint.route("/s/<path:token>", methods=["GET", "POST"])
@by_link
def answer_survey(token: str) -> ResponseReturnValue:
    """The survey to fill in, once. Every address that does not open says the same."""
    try:
        return _take(token) if request.method == "POST" else _show(token)
    except (LinkOver, attempts.TooMany) as refusal:
        return _over(refusal)


@blueprint.get("/s/thanks")
@by_link
def survey_thanks() -> ResponseReturnValue:
    """The answers have arrived. Says nothing of whose."""
    return page("public/thanks.html", **_company())


# ---------- Parts ----------


def _show(token: str) -> ResponseReturnValue:
    link = links.find(session(), token, key=_key(), at=clock.now())
    form = AnswerForm()
    return _form(link, form, survey_scores.add(form, link.survey))


def _take(token: str) -> ResponseReturnValue:
    at = clock.now()
    with transaction() as writing:
        attempt = links.count_try(writing, token, address=request.remote_addr or "", key=_key(), at=at)
    link = links.known(session(), token, key=_key())
    form = AnswerForm()
    lines = survey_scores.add(form, link.survey)
    if form.validate():
        command = AnswerSurvey(
            AnsweredVia.LINK,
            at,
            survey_scores.scores(form, link.survey),
            survey_scores.recommend(form),
            form.praise.data,
            form.criticism.data,
            bool(form.wants_contact.data),
        )
        try:
            with transaction() as writing:
                links.answer(writing, token, command, key=_key(), at=at)
                attempts.succeeded(writing, attempt, at=at)
            return see_other("public.survey_thanks")
        except Invalid as refusal:
            form.take(refusal)
    link = links.find(session(), token, key=_key(), at=at)
    return _form(link, form, lines)


def _form(link: SurveyLink, form: AnswerForm, lines: list[survey_scores.Line]) -> ResponseReturnValue:
    return page(
        "public/survey.html",
        status=form.status,
        form=form,
        lines=lines,
        kind=link.survey.kind,
        meanings=[(score, str(words)) for score, words in survey_scores.MEANINGS.items()],
        **_company(),
    )


def _over(refusal: DomainError) -> ResponseReturnValue:
    sentence = _("Please try again in a quarter of an hour.") if refusal.status == 429 else None
    return page("public/over.html", status=refusal.status, sentence=sentence, **_company())


def _company() -> dict[str, Any]:
    return {name: settings.get(session(), f"company_{name}") for name in ("name", "hotline")}


def _key() -> str:
    key: str = current_app.config["PORTAL"].secret_key
    return key
