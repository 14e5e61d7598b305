"""Follow-up calls of the demo that are still in somebody's hands: due, not reached, with a department, to be asked again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal import clock
from portal.demo.cases import Household
from portal.demo.hours import on_duty
from portal.demo.stage import Stage
from portal.models.follow_up import FollowUpCall
from portal.processes.follow_up import AnsweredBy, CallStage, ItemKind, Manner, Overall, When
from portal.processes.follow_up_call import WAITING
from portal.services import calls
from portal.services.calls import scripts, tickets

S = CallStage
GOOD = {ItemKind.YES_NO: ("YES", None), ItemKind.NUMBER: ("3", None), ItemKind.TEXT: (None, None)}
WORDS = ("都挺好，没有意见", "师傅很细心", "进度可以，希望保持联系", "暂时没有问题，谢谢")


def opens(stage: Stage, house: Household, which: CallStage, moment: datetime) -> None:
    """The event of a stage happened: its window is open."""

    def act(writing: Session, at: datetime) -> None:
        project = stage.get(writing, f"{house.key}.project")
        calls.open_window(writing, project, which, on=clock.today(at), event=project, at=at)

    stage.at(moment, act)


def talks(
    stage: Stage,
    house: Household,
    which: CallStage,
    moment: datetime,
    *,
    overall: str = Overall.SATISFIED,
    words: str | None = None,
    wrong: dict[str, str] | None = None,
    slip: tuple[str, str, str] | None = None,
    key: str = "",
) -> None:
    """The customer was called; `slip`: problem, department, who answers for it."""

    def act(writing: Session, at: datetime) -> None:
        call = calls.find(writing, stage.get(writing, f"{house.key}.project"), which)
        if call is None or call.state not in WAITING or call.window_from is None:
            return
        problem = None
        if slip is not None:
            problem = calls.Slip(slip[0], slip[1], stage.get(writing, slip[2]))
        command = calls.FinishCall(
            called_at=at,
            manner=Manner.PHONE,
            answered_by=AnsweredBy.CUSTOMER,
            overall=overall,
            answers=_answers(writing, call, at, wrong or {}),
            customer_words=words or WORDS[len(house.name + house.room) % len(WORDS)],
            slips=(problem,) if problem is not None else (),
        )
        calls.finish(writing, call, command, actor=stage.get(writing, house.owner), at=at)
        if problem is not None and key:
            stage.keep(key, call.tickets[0])

    stage.at(moment, act)


def tries(stage: Stage, house: Household, which: CallStage, moment: datetime, outcome: str) -> None:
    """The customer was not reached."""

    def act(writing: Session, at: datetime) -> None:
        call = calls.find(writing, stage.get(writing, f"{house.key}.project"), which)
        if call is not None and call.state in WAITING:
            calls.attempt(writing, call, calls.Attempt(outcome, at), actor=stage.get(writing, house.owner), at=at)

    stage.at(moment, act)


def plan(stage: Stage, houses: list[Household], today: datetime) -> None:
    """What stands in the queues now: due, late, not reached, with a department, to be asked again."""

    def ago(hours: float) -> datetime:
        return on_duty(today - timedelta(hours=hours), today)

    for index, which, hours in (
        (0, S.WATERPROOF, 30), (2, S.MATERIAL, 50), (3, S.WATERPROOF, 74), (4, S.MATERIAL, 26), (6, S.WATERPROOF, 22),
        (7, S.MATERIAL, 100), (16, S.WATERPROOF, 46), (18, S.MATERIAL, 44), (19, S.WATERPROOF, 28), (20, S.MATERIAL, 20),
    ):  # fmt: skip
        opens(stage, houses[index], which, ago(hours))
    tries(stage, houses[2], S.MATERIAL, ago(27), "NO_ANSWER")
    tries(stage, houses[2], S.MATERIAL, ago(24), "BUSY")
    tries(stage, houses[3], S.WATERPROOF, ago(48), "NO_ANSWER")
    talks(
        stage, houses[16], S.WATERPROOF, ago(25), overall=Overall.UNSATISFIED, words="楼下邻居说天花板有水印",
        wrong={"dry_below": "NO"}, slip=("闭水后楼下天花板有水印，需查漏重做防水", "ENGINEERING", "石磊"), key="LX-open",
    )  # fmt: skip
    talks(
        stage, houses[18], S.MATERIAL, ago(42), overall=Overall.FAIR, words="地板型号跟合同上不一样",
        wrong={"as_agreed": "NO"}, slip=("到场地板型号与合同不符，请核对更换", "PURCHASING", "何材"), key="LX-done",
    )  # fmt: skip

    def measured(writing: Session, at: datetime) -> None:
        slip = stage.get(writing, "LX-done")
        tickets.finish(writing, slip, tickets.Finish("已更换为合同型号，客户当场核对", at), actor=slip.owner, at=at)

    stage.at(ago(18), measured)


def _answers(writing: Session, call: FollowUpCall, at: datetime, wrong: dict[str, str]) -> tuple[calls.Answer, ...]:
    script = scripts.script_for(writing, call.stage, call.customer.grade, clock.today(at))
    said = []
    for item in script.items if script is not None else ():
        code, kind = item["code"], ItemKind(item["kind"])
        if kind in (ItemKind.SCORE, ItemKind.RATE10):
            best = 5 if kind == ItemKind.SCORE else 9
            said.append(calls.Answer(code, None, int(wrong.get(code, best))))
            continue
        value = wrong.get(code, GOOD[kind][0])
        if kind == ItemKind.YES_NO and item.get("when") == When.YES and code not in wrong:
            value = "NO"
        if kind == ItemKind.TEXT and item["required"]:
            value = {"best": "施工师傅认真负责", "contact_day": "星期三晚上"}.get(code, "保持现在的沟通频率")
        if value is not None:
            said.append(calls.Answer(code, value))
    return tuple(said)
