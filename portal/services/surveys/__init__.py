"""P21 surveys: asked, answered by telephone or by a one-time link, seen to where they are bad. Rules: `processes/survey.py`."""

from portal.services.surveys.answering import AnswerSurvey, VoidSurvey, answer, receive, void
from portal.services.surveys.asking import SendSurvey, send, visible_to
from portal.services.surveys.care import became_complaint
from portal.services.surveys.evaluation import EVALUATION, collected, evaluated
from portal.services.surveys.links import LinkOver
from portal.services.surveys.moments import after_repair, at_settlement, declined, sample

__all__ = [
    "EVALUATION",
    "AnswerSurvey",
    "LinkOver",
    "SendSurvey",
    "VoidSurvey",
    "after_repair",
    "answer",
    "at_settlement",
    "became_complaint",
    "collected",
    "declined",
    "evaluated",
    "receive",
    "sample",
    "send",
    "visible_to",
    "void",
]
