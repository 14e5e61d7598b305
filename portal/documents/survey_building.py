"""F-18, the evaluation of a project: what it shows, and where that comes from. Call inside `i18n.use_locale`. Source: `domain.md` 3.21, 4.28."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from portal import clock
from portal.documents.building import name_of
from portal.documents.views import Signature, Ticks
from portal.files.store import Store
from portal.i18n import N_, Text, _p
from portal.models.project import ProjectKind
from portal.models.survey import Survey
from portal.processes.survey import ASKS_RECOMMEND, BEST, WORST, AnsweredVia, Dimension, SurveyKind


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """One line with its five boxes."""

    label: str
    is_required: bool
    boxes: Ticks


@dataclass(frozen=True, slots=True)
class EvaluationPaper:
    """F-18 项目评价及反馈单; unanswered it is a form to fill in by hand."""

    FORM: ClassVar[str] = "F-18"
    TITLE: ClassVar[Text] = N_("Project evaluation and feedback", "form")
    TEMPLATE: ClassVar[str] = "f18.html"

    number: str
    customer: str
    kind: str
    project_number: str | None
    project_kind: str | None
    address: str | None
    contract_number: str | None
    designer: str | None
    project_manager: str | None
    foreman: str | None
    accepted_on: date | None
    lines: tuple[ScoreLine, ...]
    recommend: Ticks
    """0 to 10; empty where it is not asked."""
    praise: str | None
    criticism: str | None
    wants_contact: Ticks
    via: str | None
    is_void: bool
    signatures: tuple[Signature, ...]


def evaluation(_session: Session, survey: Survey, _store: Store) -> EvaluationPaper:
    """F-18 as it was answered, or to be filled in."""
    project = survey.project
    given = {line.dimension: line.score for line in survey.answers}
    answered_on = clock.today(survey.answered_at) if survey.answered_at else None
    return EvaluationPaper(
        number=survey.number,
        customer=survey.contact_name,
        kind=SurveyKind.show(survey.kind),
        project_number=project.number if project else None,
        project_kind=ProjectKind.show(project.kind) if project else None,
        address=project.property.address if project else None,
        contract_number=project.contract.number if project and project.contract else None,
        designer=name_of(project.designer) if project else None,
        project_manager=name_of(project.project_manager) if project else None,
        foreman=name_of(project.foreman) if project else None,
        accepted_on=project.actual_finish_on if project else None,
        lines=tuple(
            ScoreLine(Dimension.show(line["code"]), line["is_required"], _boxes(WORST, BEST, given.get(line["code"])))
            for line in survey.questions
        ),
        recommend=_boxes(0, 10, survey.recommend) if survey.kind in ASKS_RECOMMEND else (),
        praise=survey.praise,
        criticism=survey.criticism,
        wants_contact=((_p("form", "Please call me back"), survey.wants_contact),),
        via=AnsweredVia.show(survey.answered_via) if survey.answered_via else None,
        is_void=survey.void_reason is not None,
        signatures=(
            Signature(_p("form", "Customer's signature"), survey.contact_name, answered_on),
            Signature(_p("form", "Entered by"), name_of(survey.entered_by), answered_on if survey.entered_by else None),
        ),
    )


def _boxes(first: int, last: int, chosen: int | None) -> Ticks:
    return tuple((str(number), number == chosen) for number in range(first, last + 1))


BUILDERS: dict[str, Any] = {"F-18": evaluation}
