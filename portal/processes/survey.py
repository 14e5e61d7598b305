"""P21 Satisfaction surveys: sent or asked by telephone, answered once, never guessed. Source: domain.md 3.21, 4.21."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Guard, Process, Transition
from portal.terms import Term

CONTEXT = "survey"
BEST, WORST = 5, 1
"""Scores of a dimension."""
MOST_LIKELY = 10
"""Would recommend us: 0 to 10."""


class State(StrEnum):
    """Where a survey stands (4.21)."""

    SENT = "SENT"
    ANSWERED = "ANSWERED"
    VOID = "VOID"


class Action(StrEnum):
    """What can be done with a survey."""

    SEND = "send"
    ANSWER = "answer"
    RECEIVE = "receive"
    VOID = "void"
    ANNUL = "annul"


class SurveyKind(Term):
    """What is asked about, and when."""

    SETTLEMENT = "SETTLEMENT", "Project evaluation (F-18)"
    SERVICE_END = "SERVICE_END", "End of a service"
    PERIODIC = "PERIODIC", "Periodic survey"
    REPAIR = "REPAIR", "Evaluation of a repair"


class AnsweredVia(Term):
    """How the customer answered."""

    PHONE = "PHONE", "By telephone"
    LINK = "LINK", "By the link"
    PAPER = "PAPER", "On paper"
    VISIT = "VISIT", "In person"


class HandedVia(Term):
    """How somebody of the desk passes a link on."""

    WECHAT = "WECHAT", "By WeChat"
    SMS = "SMS", "By text message"
    SHOWN = "SHOWN", "Code shown to the customer"


class Dimension(Term):
    """What the manual has scored (3.21). The manager may ask for more: an answer keeps the words of the question."""

    DESIGN = "DESIGN", "Design"
    QUOTATION = "QUOTATION", "Transparent quotation"
    CONSTRUCTION = "CONSTRUCTION", "Quality of the work"
    PROGRESS = "PROGRESS", "Duration of the works"
    SITE_ORDER = "SITE_ORDER", "Order on the site"
    MATERIALS = "MATERIALS", "Materials"
    ATTITUDE = "ATTITUDE", "Attitude"
    RESPONSE = "RESPONSE", "Speed of response"
    AFTER_SALES = "AFTER_SALES", "After-sales service"
    OVERALL = "OVERALL", "Overall"


COMPULSORY: Mapping[SurveyKind, tuple[Dimension, ...]] = {
    SurveyKind.SETTLEMENT: (Dimension.CONSTRUCTION, Dimension.PROGRESS, Dimension.ATTITUDE, Dimension.OVERALL),
    SurveyKind.SERVICE_END: (Dimension.OVERALL,),
    SurveyKind.PERIODIC: (Dimension.CONSTRUCTION, Dimension.RESPONSE, Dimension.ATTITUDE, Dimension.OVERALL),
    SurveyKind.REPAIR: (Dimension.CONSTRUCTION, Dimension.RESPONSE, Dimension.ATTITUDE, Dimension.OVERALL),
}
"""Attitude, quality and efficiency are always asked (000); the end of a service asks one question (003)."""
ANSWERS_FOR: Mapping[str, str] = {
    Dimension.DESIGN: "DESIGN",
    Dimension.QUOTATION: "DESIGN",
    Dimension.CONSTRUCTION: "ENGINEERING",
    Dimension.PROGRESS: "ENGINEERING",
    Dimension.SITE_ORDER: "ENGINEERING",
    Dimension.MATERIALS: "PURCHASING",
}
"""The department that answers for a dimension; for all others customer service does [assumed]."""
OWN_DEPARTMENT = "SERVICE"
ASKS_RECOMMEND = frozenset({SurveyKind.SETTLEMENT, SurveyKind.PERIODIC})
"""Where the customer is asked whether they would recommend us."""


@dataclass(frozen=True, slots=True)
class Question:
    """One line of a survey: the code of a dimension, or the manager's own words."""

    code: str
    is_required: bool


def with_compulsory(kind: SurveyKind, chosen: Iterable[Question]) -> tuple[Question, ...]:
    """The chosen lines, each once, with what is always asked; the overall opinion comes last."""
    wanted = {question.code: question.is_required for question in chosen}
    wanted |= dict.fromkeys(COMPULSORY[kind], True)
    wanted[Dimension.OVERALL] = wanted.pop(Dimension.OVERALL)
    return tuple(Question(str(code), is_required) for code, is_required in wanted.items())


def is_low(scores: Iterable[int], *, limit: int, wants_contact: bool) -> bool:
    """Whether somebody must see to it: a score up to `limit`, or the customer asks to be called."""
    return wants_contact or any(score <= limit for score in scores)


def department_of(scores: Mapping[str, int]) -> str:
    """Who answers for the lowest score; of equal ones the first that is not customer service's own, the overall one last."""
    lowest = min(scores.values(), default=BEST)
    found = [ANSWERS_FOR.get(code, OWN_DEPARTMENT) for code, score in scores.items() if score == lowest < BEST]
    return next((code for code in found if code != OWN_DEPARTMENT), OWN_DEPARTMENT)


def is_severe(scores: Iterable[int], *, limit: int) -> bool:
    """Whether it is a complaint at once; with a limit of 0 none is."""
    return any(score <= limit for score in scores)


OVERALL_SAID = Guard(
    "overall",
    N_("the overall opinion is there"),
    lambda survey: survey.overall is not None,
    needs_input=True,
)
ANSWERS = ("answered_via", "answered_at", "scores", "recommend", "praise", "criticism", "wants_contact")

PROCESS = Process(
    code="P21",
    kind="surveys",
    title=N_("Satisfaction surveys"),
    purpose=N_("What customers think is asked the same way each time; what is bad is seen to within the hour."),
    states=(
        base.State(State.SENT, N_("Sent", CONTEXT), N_("Asked; it counts in no figure until it is answered.")),
        base.State(State.ANSWERED, N_("Answered", CONTEXT), N_("It counts in the figures of its month."), final=True),
        base.State(State.VOID, N_("Void", CONTEXT), N_("It counts nowhere."), final=True, main_line=False),
    ),
    transitions=(
        Transition(Action.SEND, N_("Start a survey"), frozenset(), State.SENT, Permission.SURVEY_WORK),
        Transition(
            Action.ANSWER,
            N_("Enter the answers"),
            frozenset({State.SENT}),
            State.ANSWERED,
            Permission.SURVEY_WORK,
            required=("answered_via", "answered_at"),
            optional=ANSWERS[2:],
            guards=(OVERALL_SAID,),
            happened_field="answered_at",
        ),
        Transition(
            Action.RECEIVE,
            N_("Receive the answers"),
            frozenset({State.SENT}),
            State.ANSWERED,
            Permission.SURVEY_WORK,
            required=("answered_via", "answered_at"),
            optional=ANSWERS[2:],
            guards=(OVERALL_SAID,),
            happened_field="answered_at",
            automatic=True,
        ),
        Transition(
            Action.VOID,
            N_("Make void"),
            frozenset({State.SENT}),
            State.VOID,
            Permission.SURVEY_WORK,
            required=("void_reason",),
            primary=False,
        ),
        Transition(
            Action.ANNUL,
            N_("Make the answers void"),
            frozenset({State.ANSWERED}),
            State.VOID,
            Permission.SURVEY_VOID,
            required=("void_reason",),
            notify=("owner",),
            primary=False,
        ),
    ),
    field_labels={
        "answered_via": N_("Answered by way of"),
        "answered_at": N_("Answered at", CONTEXT),
        "scores": N_("Scores"),
        "recommend": N_("Would recommend us (0–10)"),
        "praise": N_("Praise"),
        "criticism": N_("Criticism"),
        "wants_contact": N_("The customer asks to be called"),
        "void_reason": N_("Reason"),
    },
    forms=("F-18",),
)
