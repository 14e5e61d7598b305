"""Opinions in the demo: MY-2026-0001 of the worked example, the surveys of a living fortnight, suggestions in every state. Source: `domain.md` 8.1 (07-06)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.demo.cases import Household
from portal.demo.hours import on_duty
from portal.demo.stage import Stage
from portal.models.consultation import Channel
from portal.processes.survey import AnsweredVia, Dimension, State, SurveyKind
from portal.services import suggestions, surveys
from portal.services.surveys import evaluation, links

D = Dimension
WHOLE = (
    D.DESIGN, D.QUOTATION, D.CONSTRUCTION, D.PROGRESS, D.SITE_ORDER, D.MATERIALS, D.ATTITUDE, D.RESPONSE, D.AFTER_SALES,
    D.OVERALL,
)  # fmt: skip
SHORT = (D.CONSTRUCTION, D.RESPONSE, D.ATTITUDE, D.AFTER_SALES, D.OVERALL)


def _scores(lines: tuple[Dimension, ...], digits: str) -> Mapping[str, int]:
    """One digit for each line, a dot for what was not answered."""
    return {line.value: int(digit) for line, digit in zip(lines, digits, strict=True) if digit != "."}


def evaluate(stage: Stage, house: Household, writing: Session, at: datetime, digits: str = "5545555555") -> None:
    """The household fills in F-18 at the office, before the certificate is handed out."""
    project, actor = stage.get(writing, f"{house.key}.project"), stage.get(writing, "specialist")
    survey = evaluation.of_project(writing, project, State.SENT)
    if survey is None:
        command = surveys.SendSurvey(SurveyKind.SETTLEMENT, project.customer, project)
        survey = surveys.send(writing, command, actor=actor, at=at)
    said = surveys.AnswerSurvey(
        AnsweredVia.PAPER,
        at,
        _scores(WHOLE, digits),
        recommend=10,
        praise="师傅手艺好，现场每天收拾得干净，项目经理有问必答。",
    )
    surveys.answer(writing, survey, said, actor=actor, at=at)


def plan(stage: Stage, houses: list[Household], today: datetime) -> None:
    """Put surveys and suggestions around today on the stage."""

    def ago(hours: float) -> datetime:
        return on_duty(today - timedelta(hours=hours), today)

    _asked(stage, houses[3], "MYA", ago(290), SurveyKind.PERIODIC)
    _answered(stage, "MYA", ago(270), AnsweredVia.PHONE, "44544", recommend=9, praise="售后电话接得快。")
    _asked(stage, houses[5], "MYB", ago(200), SurveyKind.PERIODIC)
    _answered(
        stage, "MYB", ago(170), AnsweredVia.LINK, "32433", recommend=6, criticism="报修后等了两天才有人回电。",
        wants_contact=True,
    )  # fmt: skip
    _asked(stage, houses[8], "MYC", ago(150), SurveyKind.SERVICE_END)
    _answered(stage, "MYC", ago(150), AnsweredVia.PHONE, "5", lines=(D.OVERALL,))
    _asked(stage, houses[2], "MYD", ago(70), SurveyKind.PERIODIC)
    _answered(
        stage, "MYD", ago(46), AnsweredVia.LINK, "1221" "1", recommend=2,
        criticism="厨房墙砖空鼓投诉后一直没有结果，换了三个人都说不清楚。", wants_contact=True,
    )  # fmt: skip
    _asked(stage, houses[11], "MYE", ago(45), SurveyKind.PERIODIC)
    _linked(stage, "MYE", ago(44))
    _asked(stage, houses[13], "MYF", ago(22), SurveyKind.SERVICE_END)
    _suggestions(stage, houses, ago)


def _asked(stage: Stage, house: Household, key: str, moment: datetime, kind: SurveyKind) -> None:
    def act(writing: Session, at: datetime) -> None:
        project, actor = stage.get(writing, f"{house.key}.project"), stage.get(writing, house.owner)
        command = surveys.SendSurvey(kind, project.customer, project)
        stage.keep(key, surveys.send(writing, command, actor=actor, at=at))

    stage.at(moment, act)


def _answered(
    stage: Stage, key: str, moment: datetime, via: AnsweredVia, digits: str, lines: tuple[Dimension, ...] = SHORT,
    **more: Any,
) -> None:  # fmt: skip
    def act(writing: Session, at: datetime) -> None:
        survey, said = stage.get(writing, key), surveys.AnswerSurvey(via, at, _scores(lines, digits), **more)
        if via is AnsweredVia.LINK:
            surveys.receive(writing, survey, said, at=at)
        else:
            surveys.answer(writing, survey, said, actor=survey.owner, at=at)

    stage.at(moment + timedelta(minutes=1), act)


def _linked(stage: Stage, key: str, moment: datetime) -> None:
    def act(writing: Session, at: datetime) -> None:
        survey = stage.get(writing, key)
        links.make(writing, survey, actor=survey.owner, at=at)

    stage.at(moment, act)


def _suggestions(stage: Stage, houses: list[Household], ago: Any) -> None:
    said: tuple[tuple[str, int, float, str, str], ...] = (
        ("JL1", 4, 400, "PHONE", "建议开工前给业主一张节点表，写清每个阶段谁负责、哪天验收。"),
        ("JL2", 6, 300, "WECHAT", "建议材料进场前一天发短信提醒业主，方便到场验收。"),
        ("JL3", 7, 190, "BOX", "建议样板间周末延长到晚上九点。"),
        ("JL4", 9, 60, "PHONE", "建议保修卡做成电子版，手机里随时能看。"),
        ("JL5", 10, 5, "VISIT", "建议门店增加儿童看护角。"),
    )
    for key, house, hours, channel, content in said:
        _recorded(stage, houses[house], key, ago(hours), channel, content)
    sent = (("JL1", 396, "ENGINEERING", "石磊"), ("JL2", 296, "PURCHASING", "何材"), ("JL3", 186, "STORE", None), ("JL4", 50, "SERVICE", None))  # fmt: skip
    for key, hours, department, person in sent:
        _sent(stage, key, ago(hours), department, person)
    _decided(stage, "JL1", ago(330), "ADOPTED", "做法合理，列入开工交底资料。", "石磊")
    _decided(stage, "JL2", ago(240), "PARTLY", "主材进场前提醒，辅材批次多，暂不逐次提醒。", "何材")
    _decided(stage, "JL3", ago(150), "NOT_ADOPTED", "周末晚间客流很少，人手不足。", None)

    def in_effect(writing: Session, at: datetime) -> None:
        record = stage.get(writing, "JL1")
        command = suggestions.ImplementSuggestion("节点表已印入客户服务手册，新开工工地随交底发放。", at)
        suggestions.implement(writing, record, command, actor=record.owner, at=at)

    def told(writing: Session, at: datetime) -> None:
        record = stage.get(writing, "JL1")
        command = suggestions.AnswerCustomer("已告知客户：节点表从本月起随交底发放，感谢建议。", at, True)
        suggestions.answer(writing, record, command, actor=record.owner, at=at)

    stage.at(ago(150), in_effect)
    stage.at(ago(120), told)


def _recorded(stage: Stage, house: Household, key: str, moment: datetime, channel: str, content: str) -> None:
    def act(writing: Session, at: datetime) -> None:
        project, actor = stage.get(writing, f"{house.key}.project"), stage.get(writing, house.owner)
        command = suggestions.RegisterSuggestion(content, at, Channel(channel), customer=project.customer)
        stage.keep(key, suggestions.register(writing, command, actor=actor, at=at))

    stage.at(moment, act)


def _sent(stage: Stage, key: str, moment: datetime, department: str, person: str | None) -> None:
    def act(writing: Session, at: datetime) -> None:
        record, party = stage.get(writing, key), stage.get(writing, person) if person else None
        note = "多位客户提过，成本不高，值得部门考虑。"
        command = suggestions.SendSuggestion(department, "SOME", note, at, party)
        suggestions.send(writing, record, command, actor=record.owner, at=at)

    stage.at(moment, act)


def _decided(stage: Stage, key: str, moment: datetime, decision: str, note: str, person: str | None) -> None:
    def act(writing: Session, at: datetime) -> None:
        record, party = stage.get(writing, key), stage.get(writing, person) if person else None
        command = suggestions.DecideSuggestion(decision, note, at, party)
        suggestions.decide(writing, record, command, actor=record.owner, at=at)

    stage.at(moment, act)
