"""P16 loans: consent by secrecy, four eyes, one reader at a time, DL-24 with who is told, loss, an ended contract. Source: 4.16, R-21."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal as D
from typing import Any

import pytest
from sqlalchemy import select

from jobs import calls as jobs
from jobs import notices
from portal.clock import ZONE
from portal.db import session, transaction
from portal.errors import ConditionsMissing, DomainError, Invalid, NotPermitted
from portal.metrics import registry
from portal.metrics.questions import Period
from portal.models.archive import ArchiveLoan
from portal.models.notice import Notice
from portal.models.org import PartyKind, User
from portal.models.setting import SettingValue
from portal.models.task import DeadlineBreach, Task
from portal.permissions import Role
from portal.processes.archive_loan import Secrecy
from portal.services import archive_loans, cancellations, consents, projects, tasks
from portal.services.approvals import TakeBack, Word
from portal.services.archive_loans import Ask, HandOut, TakeIn


def when(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


class Archive:
    """The file of a project, those who keep it, and those who want it."""

    def __init__(self, make: Any, clock: Any) -> None:
        self.make, self.clock = make, clock
        clock.set("2026-05-12 09:00")
        self.specialist = make.user(Role.SPECIALIST, name="周晓雯")
        self.manager = make.user(Role.MANAGER, name="方敏")
        self.reviewer = make.user(Role.REVIEWER, name="郑核")
        self.gm = make.party(PartyKind.GM, name="总经理", department="MANAGEMENT", is_head=True)
        self.customer = make.customer(name="王芳", owner_id=self.specialist.id)
        self.project = make.project(self.customer, stage="ARCHIVED", archive_number="DA-2026-0001")

    def act(self, service: Any, *args: Any, by: Any = None) -> Any:
        with transaction() as writing:
            found = [writing.merge(arg) if hasattr(arg, "__table__") else arg for arg in args]
            return service(writing, *found, actor=writing.merge(by or self.manager), at=self.clock.now())

    def at(self, text: str) -> datetime:
        self.clock.set(f"2026-{text}")
        return when(text)

    def asked(self, mode: str = "READ_ON_SITE", by: Any = None, **more: Any) -> ArchiveLoan:
        kept = {"applicant": "高建国", "department": "ENGINEERING"} if by is None else {}
        command = Ask("核对隐蔽工程", mode, "客服部档案室", **(kept | more))
        return self.act(archive_loans.ask, self.project, command, by=by or self.specialist)

    def approved(self, mode: str = "READ_ON_SITE") -> ArchiveLoan:
        loan = self.asked(mode)
        self.act(consents.approve, fresh(loan).approval, Word(reason="同意"))
        return loan

    def out(self, mode: str = "READ_ON_SITE", text: str = "05-12 10:00") -> ArchiveLoan:
        loan = self.approved(mode)
        self.act(archive_loans.hand_out, loan, HandOut(self.at(text), 46), by=self.specialist)
        return loan

    def run_over(self, loan: ArchiveLoan) -> None:
        """The sweep and what it puts before the workers, twice."""
        with transaction() as writing:
            tasks.sweep(writing, self.clock.now())
        clock = fresh_clock(loan)
        for _twice in range(2):
            with transaction() as writing:
                jobs.clock_missed(writing, task_id=clock.id)
            with transaction() as writing:
                notices.notify_task(writing, task_id=clock.id, level="OVERDUE")


@pytest.fixture
def archive(make, clock) -> Archive:
    return Archive(make, clock)


def fresh(record: Any) -> Any:
    return session().get(type(record), record.id, populate_existing=True)


def fresh_clock(loan: ArchiveLoan) -> Task:
    query = select(Task).where(Task.record_kind == loan.KIND, Task.record_id == loan.id, Task.code == "DL-24")
    return session().scalars(query.execution_options(populate_existing=True)).one()


def told_of_the_miss() -> list[str]:
    session().expire_all()
    names = select(User.name).join(Notice, Notice.user_id == User.id).where(Notice.level == "OVERDUE")
    return sorted(session().scalars(names))


def test_read_on_site_and_back_on_the_same_day(archive):
    """The worked example: engineering asks on 05-12, reads on site, the file is back the same day."""
    loan = archive.asked()
    assert (loan.number, loan.state, loan.department, loan.owner.name) == (
        "JY-2026-0001",
        "REQUESTED",
        "ENGINEERING",
        "周晓雯",
    )
    assert [step.level for step in fresh(loan).approval.steps] == ["MANAGER"]
    with pytest.raises(NotPermitted):
        archive.act(archive_loans.approve, loan, Word(), by=archive.specialist)
    archive.act(consents.approve, fresh(loan).approval, Word(reason="同意"))
    assert fresh(loan).state == "APPROVED"
    archive.act(archive_loans.hand_out, loan, HandOut(archive.at("05-12 10:00"), 46), by=archive.specialist)
    assert fresh(loan).due_at == when("05-13 10:00") == fresh_clock(loan).due_at
    archive.at("05-12 16:00")
    with pytest.raises(ConditionsMissing):
        archive.act(archive_loans.take_in, loan, TakeIn(archive.clock.now(), 45, "INTACT"), by=archive.specialist)
    archive.act(archive_loans.take_in, loan, TakeIn(archive.clock.now(), 46, "INTACT"), by=archive.specialist)
    assert (fresh(loan).state, fresh_clock(loan).outcome) == ("RETURNED", "DONE")
    assert fresh(loan).approval.is_used


def test_what_is_taken_out_counts_working_days(archive):
    """A Thursday: Friday, Monday, Tuesday; on site and for copies a day."""
    assert fresh(archive.out("BORROW", "05-14 10:00")).due_at == when("05-19 18:00")
    assert archive_loans.usual_due(session(), "COPY", when("05-14 10:00")) == when("05-15 10:00")


def test_both_limits_are_settings(archive):
    with transaction() as writing:
        for key, value in (("loan_lent_wd", 1), ("loan_on_site_days", 2)):
            set_by = archive.manager.id
            writing.add(SettingValue(key=key, value=value, updated_at=archive.clock.now(), updated_by_id=set_by))
    assert archive_loans.usual_due(session(), "BORROW", when("05-14 10:00")) == when("05-15 18:00")
    assert archive_loans.usual_due(session(), "READ_ON_SITE", when("05-14 10:00")) == when("05-16 10:00")


@pytest.mark.parametrize(
    ("secrecy", "by", "levels"),
    [
        ("GENERAL", "specialist", ["MANAGER"]),
        ("CONFIDENTIAL", "reviewer", ["MANAGER"]),
        ("TOP", "specialist", ["MANAGER", "GM"]),
        ("GENERAL", "manager", ["GM"]),
    ],
)
def test_whose_consent_it_takes(archive, secrecy, by, levels):
    """4.16: the manager; of top secret files the general manager too; a manager does not decide what they ask for."""
    with transaction() as writing:
        writing.merge(archive.project).archive_secrecy = secrecy
    loan = archive.asked(by=getattr(archive, by))
    assert [step.level for step in fresh(loan).approval.steps] == levels
    if levels[-1] != "GM":
        return
    if len(levels) == 2:
        archive.act(consents.approve, fresh(loan).approval, Word())
        assert fresh(loan).state == "REQUESTED"
    word = Word(archive.gm, archive.clock.now(), "可以", "总经办档案 3")
    archive.act(consents.approve, fresh(loan).approval, word)
    assert fresh(loan).state == "APPROVED"


def test_top_secret_stays_so_unless_a_manager_says_otherwise(archive):
    def set_to(secrecy: str, by: Any) -> None:
        with transaction() as writing:
            project = writing.merge(archive.project)
            writing.refresh(project)
            projects.change(
                writing, project, {"archive_secrecy": secrecy}, version=project.version, actor=writing.merge(by),
                at=archive.clock.now(),
            )  # fmt: skip

    set_to("TOP", archive.specialist)
    with pytest.raises(Invalid) as refused:
        set_to("GENERAL", archive.specialist)
    assert set(refused.value.fields) == {"archive_secrecy"}
    set_to("GENERAL", archive.manager)
    assert fresh(archive.project).archive_secrecy == Secrecy.GENERAL


def test_own_need_and_that_of_others(archive):
    own = archive.asked(by=archive.reviewer)
    assert (own.applicant, own.department, own.applicant_user_id) == ("郑核", "SERVICE", archive.reviewer.id)
    with pytest.raises(Invalid) as refused:
        archive.asked(by=archive.reviewer, applicant="高建国", department="ENGINEERING")
    assert set(refused.value.fields) == {"applicant"}
    with pytest.raises(Invalid) as refused:
        archive.asked(department=None)
    assert set(refused.value.fields) == {"department"}
    with pytest.raises(Invalid) as refused:
        archive.asked(wanted_until=date(2026, 5, 11))
    assert set(refused.value.fields) == {"wanted_until"}


def test_a_file_that_is_not_open_cannot_be_asked_for(archive):
    with transaction() as writing:
        writing.merge(archive.project).stage = "SIGNED"
    with pytest.raises(ConditionsMissing):
        archive.asked()


def test_refused_and_taken_back(archive):
    loan = archive.asked()
    archive.act(consents.refuse, fresh(loan).approval, Word(reason="资料未齐"))
    assert (fresh(loan).state, fresh(loan).decision) == ("REFUSED", "资料未齐")
    again = archive.approved()
    archive.act(consents.take_back, fresh(again).approval, TakeBack("客户不同意"))
    assert fresh(again).state == "REFUSED" and fresh(again).approval.state == "WITHDRAWN"
    out = archive.out()
    with pytest.raises(DomainError):
        archive.act(consents.take_back, fresh(out).approval, TakeBack("太晚"))


def test_one_reader_at_a_time(archive):
    archive.out()
    other = archive.approved("BORROW")
    with pytest.raises(ConditionsMissing):
        archive.act(archive_loans.hand_out, other, HandOut(archive.clock.now(), 46), by=archive.specialist)


@pytest.mark.parametrize(
    ("field", "command"),
    [
        ("out_at", HandOut(when("05-11 10:00"), 46)),
        ("out_at", HandOut(when("05-12 18:00"), 46)),
        ("due_at", HandOut(when("05-12 09:00"), 46, when("05-12 08:00"))),
    ],
)
def test_times_that_cannot_be(archive, field, command):
    loan = archive.approved()
    with pytest.raises(Invalid) as refused:
        archive.act(archive_loans.hand_out, loan, command, by=archive.specialist)
    assert set(refused.value.fields) == {field}
    assert fresh(loan).state == "APPROVED"


def test_overdue_is_told_to_keeper_applicant_and_managers_and_telephoned_to_others(archive):
    """DL-24: a colleague is told in the portal; of others the keeper telephones applicant and head."""
    archive.at("05-12 10:00")
    own = archive.asked(by=archive.reviewer)
    archive.act(consents.approve, fresh(own).approval, Word())
    archive.act(archive_loans.hand_out, own, HandOut(archive.clock.now(), 46), by=archive.specialist)
    archive.at("05-13 10:01")
    archive.run_over(own)
    assert fresh(own).state == "OVERDUE"
    assert told_of_the_miss() == ["周晓雯", "方敏", "郑核"]
    assert not session().scalars(select(Task).where(Task.title == archive_loans.TELL_APPLICANT.message)).all()
    archive.act(archive_loans.take_in, own, TakeIn(archive.clock.now(), 46, "INTACT"), by=archive.specialist)
    late = fresh_clock(own)
    assert (fresh(own).state, late.outcome, late.breached_at is not None) == ("RETURNED", "DONE", True)
    theirs = archive.out("READ_ON_SITE", "05-13 11:00")
    archive.at("05-14 11:01")
    archive.run_over(theirs)
    missed = session().scalars(select(DeadlineBreach).where(DeadlineBreach.record_number == theirs.number)).one()
    assert (missed.department, missed.code) == ("ENGINEERING", "DL-24")
    (call,) = session().scalars(select(Task).where(Task.title == archive_loans.TELL_APPLICANT.message))
    assert call.person.name == "周晓雯" and "高建国" in call.detail and call.closed_at is None
    archive.act(archive_loans.take_in, theirs, TakeIn(archive.clock.now(), 46, "INTACT"), by=archive.specialist)
    assert fresh(call).closed_at is not None


def test_what_is_lost_is_written_down_and_told(archive):
    loan = archive.out()
    archive.at("05-12 17:00")
    with pytest.raises(ConditionsMissing):
        archive.act(archive_loans.lose, loan, TakeIn(archive.clock.now(), 46, "INTACT", "没事"), by=archive.specialist)
    with pytest.raises(Invalid) as refused:
        archive.act(archive_loans.lose, loan, TakeIn(archive.clock.now(), 44, "PAGES_MISSING"), by=archive.specialist)
    assert set(refused.value.fields) == {"condition_note"}
    missing = TakeIn(archive.clock.now(), 44, "PAGES_MISSING", "缺水电图两页")
    archive.act(archive_loans.lose, loan, missing, by=archive.specialist)
    assert (fresh(loan).state, fresh_clock(loan).outcome) == ("LOST", "CANCELLED")


def test_an_open_loan_keeps_the_cancellation_open(archive):
    """4.17: the settlement is not closed while the file is out."""
    loan = archive.out()
    contract = archive.make.contract(
        archive.project, customer=archive.customer, amount=D("96000.00"), signed_on=date(2026, 4, 14)
    )
    apply = cancellations.Apply(archive.clock.now(), "王芳", "CUSTOMER", "工作调动")
    case = archive.act(cancellations.apply, contract, apply, by=archive.specialist)
    assert cancellations.open_numbers(session(), fresh(case)) == (loan.number,)
    archive.act(archive_loans.take_in, loan, TakeIn(archive.clock.now(), 46, "INTACT"), by=archive.specialist)
    assert cancellations.open_numbers(session(), fresh(case)) == ()


def test_loans_overdue_are_a_figure_that_stays_as_it_was(archive):
    """M-80: on the last day of the period, whatever came back afterwards."""
    loan = archive.out()
    archive.at("05-20 09:00")
    archive.run_over(loan)
    archive.act(archive_loans.take_in, loan, TakeIn(archive.clock.now(), 46, "INTACT"), by=archive.specialist)
    archive.at("06-01 09:00")

    def figure(first: date, last: date) -> Any:
        question = registry.METRICS["M-80.loans"].ask(Period(first, last))
        return session().scalars(question.rows.ids()).all()

    assert figure(date(2026, 5, 11), date(2026, 5, 12)) == []
    assert figure(date(2026, 5, 11), date(2026, 5, 17)) == [loan.id]
    assert figure(date(2026, 5, 18), date(2026, 5, 24)) == []
