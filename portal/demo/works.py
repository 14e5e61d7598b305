"""How the works of a household begin: archive, engineering, card, start, each by the step of the process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from portal.demo import pictures
from portal.demo.cases import Household
from portal.demo.stage import Stage, local
from portal.models.completion import CompletionAcceptance
from portal.models.org import User
from portal.models.project import Project
from portal.models.works import Presence
from portal.processes.completion import Verdict, fingerprint
from portal.processes.project import PaperStage
from portal.services import completions, own_tasks, tasks, works

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
    told, begun = local(dispatched), local(started)

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

    archives(stage, house, archived)
    take(local(archived) + timedelta(minutes=30), hand_over)
    take(told, dispatch)
    take(told + timedelta(hours=2), issue_card)
    take(told + timedelta(hours=3), set_start)
    take(begun - timedelta(minutes=30), disclose)
    take(begun, start)


def archives(stage: Stage, house: Household, archived: str) -> None:
    """The archive is opened, with the papers of the signing."""

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

    _taker(stage, house)(local(archived), archive)


def usual(
    stage: Stage, house: Household, started: date, number: int, *, foreman: str = "刘大勇", manager: str = "王志强"
) -> None:
    """As `builds`, at the usual distances from the signing: archive the same day, engineering the day after."""
    signed = date.fromisoformat(house.signed)
    dispatched = signed + timedelta(days=1)
    builds(
        stage,
        house,
        archived=f"{signed} 17:00",
        dispatched=f"{dispatched} 11:00",
        started=f"{started} 09:00",
        card=f"LLK-{number:04d}",
        foreman=foreman,
        crew=f"{foreman}队",
        manager=manager,
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


def completes(stage: Stage, house: Household, *, checked: str, noticed: str, appointed: str, paid: str) -> None:
    """The steps of P12 at their moments: own check, notice, acceptance with the signature, the last money."""
    key, meeting = f"{house.key}.completion", local(appointed)

    def take(moment: datetime, service: Callable[..., Any], command: Callable[[Session, Any, datetime], Any]) -> None:
        def step(writing: Session, at: datetime) -> None:
            found = stage.get(writing, key)
            actor = stage.get(writing, house.owner)
            service(writing, found, command(writing, found, at), actor=actor, at=at)

        stage.at(moment, step)

    def prepare(writing: Session, at: datetime) -> None:
        project, actor = stage.get(writing, f"{house.key}.project"), stage.get(writing, house.owner)
        wanted = range(len(works.papers_of(writing, project, PaperStage.COMPLETION)))
        works.keep_papers(writing, project, PaperStage.COMPLETION, wanted, actor=actor, at=at)
        stage.keep(key, completions.prepare(writing, project, actor=actor, at=at))

    def lines(_writing: Session, found: CompletionAcceptance, _at: datetime) -> list[completions.Line]:
        return [completions.Line(Verdict.PASSED, None, line.id) for line in found.checks]

    def accept(_writing: Session, found: CompletionAcceptance, at: datetime) -> completions.Accept:
        return completions.Accept(
            accepted_at=at,
            present=_everybody(found),
            conclusion="工程范围、质量、观感和功能均符合约定，验收合格。",
            signed_by=found.customer.name,
            shown=completions.words(found),
            shown_hash=fingerprint(found),
            signature=pictures.signature(found.id),
        )

    def settle(_writing: Session, found: CompletionAcceptance, at: datetime) -> completions.Settle:
        return completions.Settle(completions.still_due(found), at.date(), f"SJ{at:%Y%m%d}{found.contract_id:03d}F")

    before = local(checked)
    stage.at(before - timedelta(hours=2), prepare)
    take(
        before,
        completions.check,
        lambda _w, found, at: completions.OwnCheck(
            at - timedelta(hours=3), at, f"{_manager(found)}、丁一", True, "踢脚线补漆两处，已整改"
        ),
    )
    take(
        local(noticed),
        completions.send_notice,
        lambda _w, found, at: completions.SendNotice(at, "WECHAT", meeting, found.address, _everybody(found)),
    )
    take(meeting + timedelta(minutes=50), completions.keep_lines, lines)
    take(meeting + timedelta(hours=1), completions.accept, accept)
    take(local(paid), completions.settle, settle)
    take(local(paid) + timedelta(hours=2), _finish_all, lambda _w, _f, _at: None)


def _manager(found: CompletionAcceptance) -> str:
    manager = found.project.project_manager
    assert manager is not None, "dispatched before"
    return manager.name


def _everybody(found: CompletionAcceptance) -> str:
    return f"客户、项目经理{_manager(found)}、设计师许诺、质检丁一"


def _finish_all(writing: Session, found: CompletionAcceptance, _nothing: None, *, actor: User, at: datetime) -> None:
    """F-18 is there, finance has its list."""
    for task in tasks.open_of(writing, found):
        own_tasks.finish(writing, task, "已办妥", actor=actor, at=at)
