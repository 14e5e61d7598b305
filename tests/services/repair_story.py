"""A household, its crew and captain, and what happens to a repair of theirs; for tests."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from jobs.outbox import handlers
from portal import clock
from portal.db import session, transaction
from portal.files.intake import Accepted
from portal.models.org import PartyKind
from portal.models.outbox import Outbox
from portal.models.repair import RepairOrder, WarrantyCertificate
from portal.models.setting import SettingValue
from portal.models.task import Task
from portal.permissions import Role
from portal.processes.repair import fingerprint
from portal.processes.survey import AnsweredVia, Dimension
from portal.processes.survey import State as SurveyState
from portal.services import calls, contracts, repair_photos, repair_words, repairs, surveys, tasks, warranties
from portal.services.calls import scripts
from portal.services.surveys import evaluation

ALL_CONTENT = {
    line.value: 5 for line in (Dimension.CONSTRUCTION, Dimension.PROGRESS, Dimension.ATTITUDE, Dimension.OVERALL)
}
"""What F-18 asks at least, all of it at its best."""


class Story:
    """A settled project with its people; each act is a transaction of its own."""

    def __init__(self, make: Any, clock: Any) -> None:
        self.make, self.clock = make, clock
        clock.set("2026-07-06 10:00")
        self.desk = make.user(Role.FRONT_DESK)
        self.specialist = make.user(Role.SPECIALIST, name="周晓雯")
        self.captain = make.user(Role.REPAIR_CAPTAIN, name="马建国")
        self.manager = make.user(Role.MANAGER)
        self.engineering = make.party()
        self.gm = make.party(PartyKind.GM, name="方总")
        self.crew = make.crew(name="刘大勇队", retention_balance=Decimal("5000.00"))
        self.customer = make.customer(name="张建军")
        self.project = make.project(customer=self.customer, crew_id=self.crew.id, actual_finish_on=date(2026, 7, 4))
        self.contract = make.contract(
            customer=self.customer, project=self.project, amount=Decimal("168000.00"),
            output_value=Decimal("171600.00"),
        )  # fmt: skip

    def act(self, service: Any, *args: Any, actor: Any) -> Any:
        with transaction() as writing:
            fresh = [writing.merge(arg) if hasattr(arg, "__table__") else arg for arg in args]
            return service(writing, *fresh, actor=actor, at=self.clock.now())

    def pays(self, kind: str, amount: str, day: str) -> None:
        command = contracts.RecordPayment(
            kind=kind, amount=Decimal(amount), paid_on=date.fromisoformat(day), receipt_no=f"SJ-{kind}", note=None,
            early_reason="客户出差前先付",
        )  # fmt: skip
        self.act(contracts.record_payment, self.contract, command, actor=self.specialist)

    @property
    def certificate(self) -> WarrantyCertificate | None:
        return session().scalars(select(WarrantyCertificate)).one_or_none()

    def settled(self) -> None:
        for kind, amount, day in (
            ("FIRST", "100800.00", "2026-03-31"), ("MID", "62400.00", "2026-05-22"), ("FINAL", "8400.00", "2026-07-06"),
        ):  # fmt: skip
            self.pays(kind, amount, day)

    def issued(self) -> WarrantyCertificate:
        survey = evaluation.of_project(session(), self.project, SurveyState.SENT)
        said = surveys.AnswerSurvey(AnsweredVia.PAPER, self.clock.now(), ALL_CONTENT)
        self.act(surveys.answer, survey, said, actor=self.specialist)
        command = warranties.IssueWarranty(
            starts_on=date(2026, 7, 4), acceptance_signed=True, exclusions="使用不当", received_by="张建军",
            evaluation="COLLECTED",
        )  # fmt: skip
        self.act(warranties.issue, self.certificate, command, actor=self.specialist)
        found = self.certificate
        assert found is not None
        return found

    def reported(self, **more: Any) -> RepairOrder:
        fields = {
            "reporter": "张建军", "phone": self.customer.phone, "address": "滨江花园 3 号楼 2 单元 1501",
            "trade": "WATERPROOF", "symptom": "卫生间漏水到楼下", "urgency": "NORMAL",
            "reported_at": self.clock.now(), "channel": "PHONE", "customer": self.customer, "project": self.project,
        }  # fmt: skip
        with transaction() as writing:
            given = fields | more
            given = {k: writing.merge(v) if hasattr(v, "__table__") else v for k, v in given.items()}
            return repairs.report(writing, repairs.ReportRepair(**given), actor=self.desk, at=self.clock.now())

    def checked(self, order: RepairOrder, status: str = "DEPARTED") -> None:
        command = repairs.CheckRepair("YES", "防水在保", status, "属施工责任免费", session().merge(self.crew))
        self.act(repairs.check, order, command, actor=self.specialist)

    def assigned(self, order: RepairOrder, executor: str = "CAPTAIN_TEAM", **more: Any) -> None:
        command = repairs.AssignRepair(session().merge(self.captain), executor, self.clock.now(), **more)
        self.act(repairs.assign, order, command, actor=self.specialist)

    def photo(self, order: RepairOrder, kind: str, shot: str = "") -> None:
        """A photo of the visit, without content in the store; another `shot` is another picture."""
        sha256 = hashlib.sha256(f"{order.id} {kind}{shot}".encode()).hexdigest()
        command = repair_photos.AddPhoto(Accepted(f"{kind}.jpg", "image/jpeg", sha256, 1000, 640, 480), kind)
        self.act(repair_photos.add, order, command, actor=self.captain)

    def ticked(self, order: RepairOrder, action: str) -> tuple[int, ...]:
        return tuple(line.id for line in session().merge(order).checks if line.step == action)

    def on_site(self, order: RepairOrder, cause: str = "CONSTRUCTION") -> None:
        at = self.clock.now()
        self.photo(order, "BEFORE")
        ticked = self.ticked(order, "arrive")
        command = repairs.Arrive(at, cause, "更换接头，重做防水", at + timedelta(days=1), at, checks=ticked)
        self.act(repairs.arrive, order, command, actor=self.captain)

    def done(self, order: RepairOrder) -> None:
        lines = (
            repairs.CostLine("MATERIAL", "接头、防水涂料", Decimal("460.00"), "COMPANY"),
            repairs.CostLine("LABOUR", "两个工日", Decimal("600.00"), "COMPANY"),
        )
        self.photo(order, "AFTER", f" of round {session().merge(order).round_no}")
        command = repairs.FinishRepair(
            "换接头，闭水试验合格", self.clock.now(), True, lines, checks=self.ticked(order, "finish")
        )
        self.act(repairs.finish, order, command, actor=self.captain)

    def signed(self, order: RepairOrder) -> None:
        fresh = session().merge(order)
        command = repairs.SignOff(
            "张建军", self.clock.now(), repair_words.shown(fresh), fingerprint(fresh), rating=5,
            checks=self.ticked(order, "sign-off"),
        )  # fmt: skip
        self.act(repairs.sign_off, order, command, actor=self.captain)

    def called(self, order: RepairOrder, said: str | None = None, *, wrong: tuple[str, ...] = (), **more: Any) -> None:
        """The customer is called after the repair: content, or not and in these words; `wrong` is answered the bad way."""
        call = session().merge(order).waiting_call
        script = scripts.script_for(session(), call.stage, call.customer.grade, clock.today(self.clock.now()))
        answers = []
        for item in script.items:
            good = "14:30" if item["kind"] == "TIME" else ("NO" if item.get("when") == "YES" else "YES")
            bad = "YES" if item.get("when") == "YES" else "NO"
            answers.append(calls.Answer(item["code"], bad if item["code"] in wrong else good))
        overall = "SATISFIED" if said is None else "UNSATISFIED"
        command = calls.FinishCall(
            self.clock.now(), "PHONE", "CUSTOMER", overall, tuple(answers), customer_words=said or "满意", **more
        )
        self.act(calls.finish, call, command, actor=self.specialist)


def task_of(order: Any, code: str) -> Task:
    return session().scalars(
        select(Task).where(Task.record_kind == order.KIND, Task.record_id == order.id, Task.code == code)
    ).one()  # fmt: skip


def local(moment: Any) -> str:
    return clock.local(moment).strftime("%m-%d %H:%M")


def told(story: Story, **more: Any) -> RepairOrder:
    order = story.reported(**more)
    story.checked(order, "ACTIVE")
    story.assigned(order, "RESPONSIBLE_CREW")
    return order


def begun(story: Story, **more: Any) -> RepairOrder:
    order = told(story, **more)
    story.on_site(order)
    story.act(repairs.start, order, actor=story.captain)
    return order


def closed(story: Story, order: RepairOrder) -> None:
    story.done(order)
    story.signed(order)
    story.called(order)


def fresh(order: RepairOrder) -> RepairOrder:
    session().expire_all()
    return session().get_one(RepairOrder, order.id)


def change(key: str, value: Any, at: Any) -> None:
    with transaction() as writing:
        writing.merge(SettingValue(key=key, value=value, updated_at=at))


def swept(story: Story) -> None:
    with transaction() as writing:
        tasks.sweep(writing, story.clock.now())
    session().expire_all()


def run_penalties() -> None:
    for row in session().scalars(select(Outbox).where(Outbox.kind == "propose_penalty")).all():
        with transaction() as writing:
            handlers()["propose_penalty"](writing, **row.payload)


def open_tasks(order: RepairOrder, title: str) -> list[Task]:
    query = select(Task).where(Task.record_kind == order.KIND, Task.record_id == order.id, Task.closed_at.is_(None))
    return [task for task in session().scalars(query) if task.title == title]


def chargeable(story: Story, quote: str = "680.00") -> RepairOrder:
    order = told(story)
    story.on_site(order, "CUSTOMER_USE")
    story.act(repairs.quote, order, repairs.Quote(Decimal("280.00"), Decimal("400.00")), actor=story.captain)
    story.act(repairs.accept, order, repairs.AnswerQuote(story.clock.now(), "电话同意"), actor=story.specialist)
    return order


def finish_with(story: Story, order: RepairOrder, line: repairs.CostLine) -> None:
    story.photo(order, "AFTER")
    checks = story.ticked(order, "finish")
    command = repairs.FinishRepair("重做", story.clock.now(), True, (line,), checks=checks)
    story.act(repairs.finish, order, command, actor=story.captain)


def arrived(story: Story, order: RepairOrder, at: datetime) -> None:
    """The captain was there at that time, noted now."""
    story.photo(order, "BEFORE")
    checks = story.ticked(order, "arrive")
    command = repairs.Arrive(at, "CONSTRUCTION", "更换", at + timedelta(days=1), at, checks=checks)
    story.act(repairs.arrive, order, command, actor=story.captain)


def finished(story: Story, order: RepairOrder, amount: str, bearer: str = "CUSTOMER") -> None:
    line = repairs.CostLine("MATERIAL", "防水涂料", Decimal(amount), bearer, Decimal("2.5"), "桶")
    finish_with(story, order, line)
