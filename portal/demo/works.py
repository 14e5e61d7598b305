"""How the works of a household begin: archive, engineering, card, start, each by the step of the process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.demo.cases import Household
from portal.demo.stage import Stage, local
from portal.models.org import User
from portal.models.project import Project
from portal.models.works import Presence
from portal.processes.project import PaperStage
from portal.services import own_tasks, tasks, works

LIMIT = "水泥 60 袋、电线 12 卷、水管 90 米，超出另批"
EXPLAINED = "水电点位、防水高度 1.8 米、墙地砖排版、成品保护"
FOUND = "入户门、窗、地漏、原有管道完好；厨房两块旧瓷砖有裂纹，已拍照"


def builds(
    stage: Stage,
    house: Household,
    *,
    archived: str,
    dispatched: str,
    started: str,
    card: str,
    foreman: str = "刘大勇",
    crew: str = "刘大勇队",
    manager: str = "王志强",
) -> None:
    """The steps of P05 at their moments; those that are still to come are left out."""
    take = _taker(stage, house)
    opened, told, begun = local(archived), local(dispatched), local(started)

    def archive(writing: Session, project: Project, actor: User, at: datetime) -> None:
        signed = project.contract.signed_on if project.contract else None
        sent = datetime.combine(signed or at.date(), datetime.min.time(), at.tzinfo).replace(hour=17)
        sent = min(sent, at)
        found = works.propose(writing, project)
        works.archive(
            writing,
            project,
            works.Archive(found.grade, found.is_repeat, sent, sent, sent),
            actor=actor,
            at=at,
        )
        wanted = range(len(works.papers_of(writing, project, PaperStage.SIGNING)))
        works.keep_papers(writing, project, PaperStage.SIGNING, wanted, actor=actor, at=at)

    def hand_over(writing: Session, project: Project, actor: User, at: datetime) -> None:
        works.hand_over(writing, project, works.HandOver(at, stage.get(writing, "石磊")), actor=actor, at=at)

    def dispatch(writing: Session, project: Project, actor: User, at: datetime) -> None:
        people = [stage.get(writing, name) for name in (manager, foreman, crew, "丁一")]
        works.dispatch(writing, project, works.Dispatch(at, *people), actor=actor, at=at)

    def issue_card(writing: Session, project: Project, actor: User, at: datetime) -> None:
        works.issue_card(writing, project, works.IssueCard(card, at.date(), LIMIT), actor=actor, at=at)
        _done(writing, project, works.TELL_WHO_BUILDS.message, "已电话告知项目经理和工长", actor, at)

    def set_start(writing: Session, project: Project, actor: User, at: datetime) -> None:
        works.set_start(writing, project, works.SetStart(begun.date(), True), actor=actor, at=at)

    def disclose(writing: Session, project: Project, actor: User, at: datetime) -> None:
        command = works.Disclose(
            held_at=at,
            place=project.property.address,
            present=tuple(one.value for one in Presence),
            drawings_reviewed=True,
            items=EXPLAINED,
            condition=FOUND,
            signed_by=project.customer.name,
            questions="插座能否增加：可以，另签变更单",
        )
        works.disclose(writing, project, command, actor=actor, at=at)

    def start(writing: Session, project: Project, actor: User, at: datetime) -> None:
        works.start(writing, project, works.Start(at.date()), actor=actor, at=at)

    def called(writing: Session, project: Project, actor: User, at: datetime) -> None:
        _done(writing, project, works.START_CALL.message, "客户满意，无意见", actor, at)

    take(opened, archive)
    take(opened + timedelta(minutes=30), hand_over)
    take(told, dispatch)
    take(told + timedelta(hours=2), issue_card)
    take(told + timedelta(hours=3), set_start)
    take(begun - timedelta(minutes=30), disclose)
    take(begun, start)
    take(begun + timedelta(days=2, hours=1), called)


def usual(stage: Stage, house: Household, started: date, number: int) -> None:
    """As `builds`, at the usual distances from the signing: archive the same day, engineering the day after."""
    signed = date.fromisoformat(house.signed)
    builds(
        stage,
        house,
        archived=f"{signed} 17:00",
        dispatched=f"{signed + timedelta(days=1)} 11:00",
        started=f"{started} 09:00",
        card=f"LLK-{number:04d}",
    )


def _taker(stage: Stage, house: Household) -> Callable[[datetime, Callable[..., None]], None]:
    def take(moment: datetime, act: Callable[..., None]) -> None:
        def step(writing: Session, at: datetime) -> Any:
            project = stage.get(writing, f"{house.key}.project")
            act(writing, project, stage.get(writing, house.owner), at)

        stage.at(moment, step)

    return take


def _done(writing: Session, project: Project, title: str, result: str, actor: User, at: datetime) -> None:
    for task in tasks.open_of(writing, project):
        if task.title == title:
            own_tasks.finish(writing, task, result, actor=actor, at=at)
