"""The scores of a survey in a form: one field of five for each line that is asked. Nothing is chosen beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from wtforms.form import BaseForm

from blueprints.forms import ChoiceField, Form
from portal.i18n import N_, Text
from portal.models.survey import Survey
from portal.processes.survey import ASKS_RECOMMEND, BEST, MOST_LIKELY, WORST, Dimension

MEANINGS: Mapping[int, Text] = {
    1: N_("Very dissatisfied", "score"),
    2: N_("Dissatisfied", "score"),
    3: N_("Fair", "score"),
    4: N_("Satisfied", "score"),
    5: N_("Very satisfied", "score"),
}
SCORES = tuple((score, str(score)) for score in range(WORST, BEST + 1))
LIKELY = tuple((number, str(number)) for number in range(MOST_LIKELY + 1))


@dataclass(frozen=True, slots=True)
class Line:
    """One line as the page draws it."""

    field: Any
    is_required: bool


def add(form: Form, survey: Survey) -> list[Line]:
    """Give the form the fields of the survey's lines, filled with what was sent; gives them in their order."""
    lines = [_score(form, place, line) for place, line in enumerate(survey.questions)]
    if survey.kind in ASKS_RECOMMEND:
        field = ChoiceField(
            N_("Would you recommend us to friends? 0 is not at all, 10 is very gladly."),
            choices=LIKELY,
            coerce=int,
            radio=True,
        )
        _give(form, "recommend", field)
    return lines


def scores(form: Form, survey: Survey) -> dict[str, int]:
    """What was chosen, by the code of the line."""
    given = {line["code"]: form[f"score_{place}"].data for place, line in enumerate(survey.questions)}
    return {code: score for code, score in given.items() if score is not None}


def recommend(form: Form) -> int | None:
    """0 to 10; None: not said, or not asked."""
    return form["recommend"].data if "recommend" in form else None


def _score(form: Form, place: int, line: Mapping[str, Any]) -> Line:
    name = f"score_{place}"
    field = ChoiceField(
        Dimension.show(line["code"]), choices=SCORES, coerce=int, radio=True, required=line["is_required"]
    )
    _give(form, name, field)
    return Line(form[name], line["is_required"])


def _give(form: Form, name: str, field: Any) -> None:
    """A field of this one form; WTForms lets only its base class take it."""
    BaseForm.__setitem__(form, name, field)
    form[name].process(request.form if form.is_submitted() else None)
