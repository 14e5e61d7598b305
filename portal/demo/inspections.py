"""Pre-acceptance in the demo: the worked example, the third failure, and the reviewer's present week.

Source: `domain.md` 8.1 (rows 06-17 to 06-30), 8.2 line 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from portal import clock
from portal.demo import pictures
from portal.demo.cases import Household
from portal.demo.stage import Stage, local
from portal.models.pre_acceptance import InspectionItem
from portal.models.project import ProjectStage
from portal.processes.pre_acceptance import PhotoNeed
from portal.services import inspections, pre_acceptances

HOLLOW, MARKS, GAP = "瓷砖空鼓率", "无刷痕、滚筒印", "门缝宽度"
Failing = Mapping[str, tuple[str | None, str]]
"""Lines that are not in order: what was measured, and what was noted."""


class Site:
    """A project on its way through the inspections; moments are text or aware. Works that are not going on are left out."""

    def __init__(self, stage: Stage, key: str, house: Household) -> None:
        self.stage, self.key, self.house = stage, key, house

    def listed(self, moment: datetime | str, week_from: date) -> Site:
        """The specialist records engineering's list: the people are those who were dispatched."""

        def act(writing: Session, at: datetime) -> None:
            project = self.stage.get(writing, f"{self.house.key}.project")
            if project.stage != ProjectStage.IN_PROGRESS:
                return
            command = pre_acceptances.ListProject(
                project=project, week_from=week_from, project_manager=project.project_manager,
                foreman=project.foreman, supervisor=project.supervisor,
                listed_by=self.stage.get(writing, "石磊"), listed_at=at,
            )  # fmt: skip
            actor = self.stage.get(writing, "specialist")
            self.stage.keep(self.key, pre_acceptances.list_project(writing, command, actor=actor, at=at))

        return self._at(moment, act, is_first=True)

    def planned(self, moment: datetime | str, when: datetime | str) -> Site:
        """Pencilled in, not published."""
        return self._do(moment, pre_acceptances.plan, _moment(when))

    def scheduled(self, moment: datetime | str, when: datetime | str, *, told: bool = True) -> Site:
        """The date is published; a little later project manager and foreman are told by telephone."""
        self._do(moment, pre_acceptances.schedule, pre_acceptances.Schedule(_moment(when)))
        return self.told(_moment(moment) + timedelta(minutes=20)) if told else self

    def told(self, moment: datetime | str) -> Site:
        """They were told."""
        return self._do(moment, pre_acceptances.record_told)

    def inspected(
        self, moment: datetime | str, failing: Failing | None = None, limit: date | None = None,
        recheck: datetime | str | None = None,
    ) -> Site:  # fmt: skip
        """All lines are judged, photos taken; it ends as they say."""

        def act(writing: Session, at: datetime) -> None:
            actor, record = self.stage.get(writing, "reviewer"), self.stage.get(writing, self.key)
            held = inspections.begin(writing, record, actor=actor, at=at)
            writing.flush()
            for item in held.items:
                self._judge(writing, item, failing or {}, actor, at)
            notice: dict[str, Any] = {}
            if limit and recheck:
                notice = {"requirement": inspections.usual_requirement(held), "limit_on": limit, "recheck_at": _moment(recheck)}  # fmt: skip
            command = inspections.Finish(
                at, manager_present=True, foreman_present=True, manager_signed=True, foreman_signed=True, **notice
            )
            inspections.finish(writing, held, command, actor=actor, at=at)

        return self._at(moment, act)

    def begun(self, moment: datetime | str, judged: int) -> Site:
        """Begun, and so many lines judged."""

        def act(writing: Session, at: datetime) -> None:
            actor, record = self.stage.get(writing, "reviewer"), self.stage.get(writing, self.key)
            held = inspections.begin(writing, record, actor=actor, at=at)
            writing.flush()
            for item in held.items[:judged]:
                self._judge(writing, item, {}, actor, at)

        return self._at(moment, act)

    def reported(self, moment: datetime | str, note: str) -> Site:
        """The foreman says that it is done."""

        def act(writing: Session, at: datetime) -> None:
            notice = self.stage.get(writing, self.key).notice
            actor = self.stage.get(writing, "specialist")
            inspections.report_done(writing, notice, note, actor=actor, at=at)

        return self._at(moment, act)

    def restarted(self, moment: datetime | str, foreman: str, when: datetime | str) -> Site:
        """Engineering's new foreman."""

        def act(writing: Session, at: datetime) -> None:
            command = pre_acceptances.Restart(self.stage.get(writing, foreman), _moment(when))
            record, actor = self.stage.get(writing, self.key), self.stage.get(writing, "reviewer")
            pre_acceptances.restart(writing, record, command, actor=actor, at=at)

        return self._at(moment, act)

    def _judge(self, writing: Session, item: InspectionItem, failing: Failing, actor: Any, at: datetime) -> None:
        found = failing.get(item.text)
        value = found[0] if found else None
        if value is None and item.unit:
            value = "6" if item.low else "2"
        command = inspections.Judge(
            "FAIL" if found else "PASS", Decimal(value) if value else None, found[1] if found else None
        )
        inspections.judge_item(writing, item, command, actor=actor, at=at)
        if found or item.photo_rule == PhotoNeed.ALWAYS or item.before_id is not None:
            seed = item.inspection_id * 31 + item.id
            file = pictures.photo(f"{item.text}.jpg", seed, is_done=not found)
            inspections.add_photo(writing, item, file, actor=actor, at=at)

    def _do(self, moment: datetime | str, service: Any, *args: Any) -> Site:
        def act(writing: Session, at: datetime) -> None:
            actor = self.stage.get(writing, "reviewer")
            service(writing, self.stage.get(writing, self.key), *args, actor=actor, at=at)

        return self._at(moment, act)

    def _at(self, moment: datetime | str, act: Any, *, is_first: bool = False) -> Site:
        def step(writing: Session, at: datetime) -> None:
            if is_first or self.key in self.stage.names:
                act(writing, at)

        self.stage.at(moment, step)
        return self


def plan(stage: Stage, zhang: Household, zhao: Household, houses: list[Household], today: datetime) -> None:
    """Put the inspections on the stage."""
    _worked_example(stage, zhang)
    _third_failure(stage, zhao)
    _present_week(stage, houses, today)


def _worked_example(stage: Stage, zhang: Household) -> None:
    """YY-2026-0001: hollow tiles 7 % and paint marks, put right in time."""
    site = Site(stage, "YY1", zhang).listed("2026-06-17 10:00", date(2026, 6, 22))
    site.scheduled("2026-06-18 15:00", "2026-06-25 09:30")
    failing = {HOLLOW: ("7", "客厅地面 3 块、阳台 2 块"), MARKS: (None, "主卧东墙滚筒印")}
    site.inspected("2026-06-25 09:40", failing, date(2026, 6, 29), "2026-06-30 10:00").told("2026-06-25 11:00")
    site.reported("2026-06-29 16:30", "空鼓砖已更换，墙面已打磨重刷")
    site.inspected("2026-06-30 10:05")


def _third_failure(stage: Stage, zhao: Household) -> None:
    """赵敏: three failures cost the foreman the site; another one passes. Four weeks after 8.2, so that YY-2026-0001 is 8.1's."""
    site = Site(stage, "YY2", zhao).listed("2026-06-24 11:00", date(2026, 6, 29))
    site.scheduled("2026-06-25 15:00", "2026-07-02 09:30")
    failing = {HOLLOW: ("9", "厨房、客厅多处空鼓"), "做法、尺寸与图纸一致": (None, "鞋柜位置与图纸不符")}
    site.inspected("2026-07-02 09:40", failing, date(2026, 7, 6), "2026-07-07 10:00").told("2026-07-02 11:30")
    site.inspected("2026-07-07 10:10", failing, date(2026, 7, 9), "2026-07-10 10:00").told("2026-07-07 11:30")
    site.inspected("2026-07-10 10:10", {HOLLOW: ("8", "返工后仍超标")})
    site.restarted("2026-07-13 14:00", "吴刚", "2026-07-16 09:30").told("2026-07-13 14:30")
    site.inspected("2026-07-16 09:40")


def _present_week(stage: Stage, houses: list[Household], today: datetime) -> None:
    """The reviewer's route of today, what is being rectified, and next week's list."""
    day = clock.today(today)
    monday = pre_acceptances.monday_of(day)
    wednesday, thursday = monday - timedelta(days=5), monday - timedelta(days=4)

    def at(of: date, hour: int, minute: int = 0) -> datetime:
        return clock.at_local(of, hour, minute)

    def site(index: int) -> Site:
        return Site(stage, f"site-{index}", houses[index])

    first = site(0).listed(at(wednesday - timedelta(days=7), 10), monday - timedelta(days=7))
    first.scheduled(at(thursday - timedelta(days=7), 15), at(monday - timedelta(days=4), 9, 30))
    first.inspected(
        at(monday - timedelta(days=4), 9, 40), {HOLLOW: ("6.5", "次卧 2 块"), GAP: ("4", "主卧门")}, day - timedelta(days=1), at(day, 15, 30)
    ).told(at(monday - timedelta(days=4), 11))  # fmt: skip
    first.reported(at(day - timedelta(days=1), 16, 45), "空鼓砖已换，门缝已调")
    for index, hour, minute in ((1, 9, 30), (2, 11, 0), (3, 14, 0)):
        made = site(index).listed(at(wednesday, 10, index * 5), monday)
        made.scheduled(at(thursday, 15, index), at(day, hour, minute), told=index != 3)
        if index == 1:
            made.begun(at(day, 9, 35), 9)
    following = monday + timedelta(days=7)
    site(4).listed(at(thursday, 16), following)
    site(5).listed(at(thursday, 16, 20), following)
    site(6).listed(at(wednesday, 18, 20), monday)


def _moment(when: datetime | str) -> datetime:
    return local(when) if isinstance(when, str) else when
