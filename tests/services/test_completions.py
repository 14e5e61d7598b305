"""The acceptance by the customer and the last money: the worked example, and what stands in the way. Source: `domain.md` 4.12, 8.1."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from portal import i18n
from portal.clock import ZONE
from portal.db import session, transaction
from portal.documents import paper, works_building
from portal.documents.views import Company, Issue
from portal.errors import ConditionsMissing, DomainError, Invalid
from portal.models.completion import CompletionAcceptance
from portal.models.contract import Contract
from portal.models.repair import WarrantyCertificate
from portal.models.task import Task
from portal.permissions import Role
from portal.processes.completion import fingerprint
from portal.processes.project import PaperStage
from portal.services import change_orders, completions, contracts, steps, works


def when(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


class Story:
    """A home that passed the pre-acceptance, 62,400.00 of mid-term money and change order in."""

    def __init__(self, make: Any, clock: Any) -> None:
        self.clock = clock
        clock.set("2026-06-30 15:00")
        self.specialist = make.user(Role.SPECIALIST, name="周晓雯")
        self.customer = make.customer(name="张建军", owner_id=self.specialist.id)
        self.project = make.project(
            self.customer, stage="PRE_ACCEPTED", archive_number="DA-2026-0001", actual_start_on=date(2026, 4, 8)
        )
        self.contract = make.contract(
            self.project, customer=self.customer, amount=Decimal("168000.00"), output_value=Decimal("171600.00")
        )
        for kind, amount, day in (
            ("FIRST", "100800.00", "03-31"),
            ("MID", "58800.00", "05-22"),
            ("CHANGE", "3600.00", "05-22"),
        ):
            self.pays(kind, amount, day)

    def act(self, service: Any, *args: Any) -> Any:
        with transaction() as writing:
            fresh = [writing.merge(arg) if hasattr(arg, "__table__") else arg for arg in args]
            return service(writing, *fresh, actor=writing.merge(self.specialist), at=self.clock.now())

    def pays(self, kind: str, amount: str, day: str) -> None:
        on = date.fromisoformat(f"2026-{day}")
        command = contracts.RecordPayment(kind, Decimal(amount), on, f"SJ-{kind}", early_reason="客户出差前先付")
        self.act(contracts.record_payment, self.contract, command)

    def step(self, service: Any, command: Any) -> None:
        self.act(service, self.completion, command)

    @property
    def completion(self) -> CompletionAcceptance:
        return session().scalars(select(CompletionAcceptance)).one()

    def prepares(self) -> None:
        self.act(works.keep_papers, self.project, PaperStage.COMPLETION, range(10))
        self.act(completions.prepare, self.project)

    def noticed(self) -> None:
        self.prepares()
        checked = completions.OwnCheck(when("06-30 14:00"), when("06-30 15:00"), "王志强、质检员", True)
        self.step(completions.check, checked)
        self.clock.set("2026-07-01 09:00")
        self.step(completions.send_notice, self.notice("07-04 10:00"))
        self.clock.set("2026-07-04 11:00")

    def notice(self, appointed: str) -> completions.SendNotice:
        return completions.SendNotice(self.clock.now(), "WECHAT", when(appointed), "现场", "客户、项目经理、设计师")

    def says(self, refused: int | None = None) -> None:
        lines = [
            completions.Line(
                "REFUSED" if place == refused else "PASSED", "踢脚线划痕" if place == refused else None, line.id
            )
            for place, line in enumerate(self.completion.checks)
        ]
        self.act(completions.keep_lines, self.completion, lines)

    def accepts(self, **more: Any) -> None:
        shown = self.completion
        values = {
            "accepted_at": when("07-04 11:00"), "present": "客户、项目经理", "conclusion": "合格", "signed_by": "张建军",
            "shown": completions.words(shown), "shown_hash": fingerprint(shown),
        }  # fmt: skip
        self.step(completions.accept, completions.Accept(**values | more))


@pytest.fixture
def story(make, clock):
    return Story(make, clock)


def test_the_worked_example_from_the_own_check_to_the_last_money(story, session):
    with pytest.raises(ConditionsMissing):
        story.act(completions.prepare, story.project)
    story.prepares()
    with pytest.raises(DomainError):
        story.act(completions.prepare, story.project)
    with pytest.raises(ConditionsMissing):
        story.step(completions.check, completions.OwnCheck(when("06-30 14:00"), when("06-30 15:00"), "王志强", False))
    story.step(completions.check, completions.OwnCheck(when("06-30 14:00"), when("06-30 15:00"), "王志强", True))
    story.clock.set("2026-07-01 10:01")
    with pytest.raises(Invalid) as refused:
        story.step(completions.send_notice, story.notice("07-03 10:00"))
    assert "48" in str(refused.value.fields["appointed_at"])
    story.clock.set("2026-07-01 09:00")
    story.step(completions.send_notice, story.notice("07-04 10:00"))
    story.clock.set("2026-07-04 11:00")
    with pytest.raises(ConditionsMissing):  # not one line has a result
        story.accepts()
    story.says()
    seen = fingerprint(story.completion)
    story.act(completions.keep_lines, story.completion, [completions.Line("PASSED", None, None, "阳台", "", "地漏")])
    with pytest.raises(DomainError):  # the customer read other words
        story.accepts(shown_hash=seen)
    story.accepts()
    found = story.completion
    assert (found.number, found.state, found.accepted_on) == ("JG-2026-0001", "ACCEPTED", date(2026, 7, 4))
    assert (found.project.stage, found.project.actual_finish_on) == ("ACCEPTED", date(2026, 7, 4))
    clocks = {task.code: task.due_at for task in session.scalars(select(Task).where(Task.record_kind == "completions"))}
    assert clocks["DL-20"] == when("07-07 11:00")

    story.clock.set("2026-07-06 10:00")
    assert completions.still_due(story.completion) == Decimal("8400.00")
    for amount, said in (("8000.00", "400.00"), ("9000.00", "600.00")):
        with pytest.raises(Invalid) as less:
            story.step(completions.settle, completions.Settle(Decimal(amount), date(2026, 7, 6), "SJ-FINAL"))
        assert said in str(less.value.fields["amount"])
    story.step(completions.settle, completions.Settle(Decimal("8400.00"), date(2026, 7, 6), "SJ-FINAL"))
    session.expire_all()
    contract = session.scalars(select(Contract)).one()
    assert contract.received == contract.output_value == Decimal("171600.00")
    found = story.completion
    certificate = session.scalars(select(WarrantyCertificate)).one()
    assert (found.state, found.settled_on, found.project.stage) == ("SETTLED", date(2026, 7, 6), "SETTLED")
    assert (certificate.state, certificate.number) == ("PENDING", "BX-2026-0001")
    todo = set(session.scalars(select(Task.title).where(Task.kind == "TODO", Task.record_kind == "completions")))
    assert todo == {"Have the evaluation form F-18 filled in", "Tell finance that the project is completed"}


def test_the_acceptance_is_locked_until_its_papers_are_in_the_file(story, sign_in, session):
    """The button says which papers are missing and leads to their list; sent all the same, the answer says so too."""
    desk, here = sign_in(Role.SPECIALIST), f"/records/projects/{story.project.number}"
    wanted = [
        paper.title for paper in works.papers_of(session, story.project, PaperStage.COMPLETION) if paper.is_required
    ]
    assert len(wanted) > 1

    def bar() -> str:
        page = desk.get(f"{here}?tab=acceptance", status=200).text
        return page.partition('class="record-bar"')[2].partition('class="panel sheet"')[0]

    said = f"尚缺：竣工资料（{'、'.join(wanted)}）"
    locked = bar()
    assert 'aria-describedby="why-completion"' in locked and said in locked
    assert f'action="{here}/completion"' not in locked
    assert f'href="{here}/papers/completion">登记资料</a>' in locked
    assert said in desk.post(f"{here}/completion", status=409).text
    assert session.scalars(select(CompletionAcceptance)).all() == []

    story.act(works.keep_papers, story.project, PaperStage.COMPLETION, range(1, 10))
    locked = bar()
    assert f"尚缺：竣工资料（{wanted[0]}）" in locked and wanted[1] not in locked
    story.act(works.keep_papers, story.project, PaperStage.COMPLETION, range(10))
    free = bar()
    assert f'action="{here}/completion"' in free and "尚缺" not in free and "登记资料" not in free
    desk.post(f"{here}/completion", status=303)
    assert "准备竣工验收" not in bar()


def test_what_the_customer_refuses_is_rectified_and_looked_at_again(story, session):
    story.noticed()
    with pytest.raises(Invalid):
        lines = [completions.Line("REFUSED", None, story.completion.checks[0].id)]
        story.act(completions.keep_lines, story.completion, lines)
    story.says(refused=4)
    with pytest.raises(ConditionsMissing):
        story.accepts()
    story.step(completions.refuse, completions.Refuse(when("07-04 11:00"), "更换踢脚线", date(2026, 7, 7)))
    assert (story.completion.state, story.completion.rounds[0].items.count("踢脚线划痕")) == ("RECTIFYING", 1)
    due = session.scalars(select(Task.due_at).where(Task.title == "Have the refused items rectified")).one()
    assert due == when("07-07 18:00")
    story.clock.set("2026-07-06 10:00")
    with pytest.raises(Invalid):
        story.step(completions.again, completions.Again(date(2026, 7, 7), when("07-07 10:00"), "现场"))
    story.step(completions.again, completions.Again(date(2026, 7, 6), when("07-07 10:00"), "现场"))
    assert [line.verdict for line in story.completion.checks].count(None) == 1
    story.clock.set("2026-07-07 10:30")
    story.says()
    story.accepts(accepted_at=when("07-07 10:30"))
    assert story.completion.accepted_on == date(2026, 7, 7)


def test_money_that_came_early_settles_with_the_acceptance_and_not_before(story, session):
    story.noticed()
    story.pays("FINAL", "8400.00", "07-04")
    session.expire_all()
    assert story.completion.project.stage == "PRE_ACCEPTED", "money alone accepts nothing"
    assert session.scalars(select(WarrantyCertificate)).all() == []
    story.says()
    story.accepts()
    session.expire_all()
    assert (story.completion.state, story.completion.project.stage) == ("SETTLED", "SETTLED")
    assert session.scalars(select(WarrantyCertificate)).one().paid_on == date(2026, 7, 4)


def test_a_change_order_that_waits_for_a_signature_holds_the_settlement_up(story, session):
    """4.12: the last money is paid with the open changes; who signed nothing yet may still move the sum."""
    story.noticed()
    story.says()
    story.accepts()
    change = story.act(change_orders.propose, story.project, change_orders.Propose("多装两个插座", Decimal("200.00")))
    last = completions.Settle(Decimal("8400.00"), date(2026, 7, 4), "SJ-FINAL")
    button = next(view for view in steps.actions(story.completion, story.specialist) if view.action == "settle")
    assert not button.is_allowed and "变更单" in button.reasons[0]
    with pytest.raises(ConditionsMissing):
        story.step(completions.settle, last)
    session.rollback()
    assert not story.completion.contract.has_final_payment, "nothing is kept of what was refused"
    story.pays("FINAL", "8400.00", "07-04")  # finance notes it on the contract's page
    assert (story.completion.state, story.completion.project.stage) == ("ACCEPTED", "ACCEPTED")
    story.act(change_orders.withdraw, change, change_orders.Withdraw("客户不要了"))
    session.expire_all()
    assert (story.completion.state, story.completion.project.stage) == ("SETTLED", "SETTLED")
    assert session.scalars(select(WarrantyCertificate)).one().number == "BX-2026-0001"


def test_the_forms_say_what_was_agreed_and_accepted(story, session):
    """F-11, F-12, F-13, F-15 and F-31 before there is anything to say, and afterwards."""
    issue = Issue(Company("示例装饰", "客服部"), "000001", story.clock.now(), "周晓雯")

    def printed(code: str, record: Any) -> str:
        with i18n.use_locale("zh_Hans"):
            view = works_building.BUILDERS[code](session(), record, None)
            return paper.write(view, issue).html

    project = session.merge(story.project)
    assert "168,000.00" in printed("F-15", project) and "技术交底记录" in printed("F-31", project)
    story.noticed()
    assert "2026-07-04 10:00" in printed("F-12", story.completion) and "微信" in printed("F-12", story.completion)
    story.says(refused=4)
    story.step(completions.refuse, completions.Refuse(when("07-04 11:00"), "更换踢脚线", date(2026, 7, 7)))
    story.clock.set("2026-07-07 10:30")
    story.step(completions.again, completions.Again(date(2026, 7, 6), when("07-07 10:00"), "现场"))
    story.says()
    story.accepts(accepted_at=when("07-07 10:30"), customer_words="总体满意")
    accepted = printed("F-11", story.completion)
    assert all(said in accepted for said in ("更换踢脚线", "踢脚线划痕", "总体满意", "2026-07-07"))
    report = printed("F-13", story.completion)
    assert "验收 8 项，合格 8 项，整改 1 次" in report and "客户、工程部、财务部、档案" in report
    story.completion.checks[0].remark = "后来改的"
    assert "签字作废" in printed("F-11", story.completion) or "void-note" in printed("F-11", story.completion)


def test_pages_of_an_acceptance_keep_what_was_typed(story, sign_in, make):
    """By the forms of the desk: lines, a paper signature that is missing, the settlement with too little."""
    story.noticed()
    desk = sign_in(Role.SPECIALIST)
    path = f"/records/completions/{story.completion.number}"
    page = desk.get(f"{path}/lines", status=200)
    version = story.completion.version
    ids = [line.id for line in story.completion.checks]
    sent = {f"verdict_{key}": "PASSED" for key in ids} | {"version": version, "new_room": "阳台"}
    wrong = desk.post(f"{path}/lines", sent, status=422)
    assert "阳台" in wrong.text and "error" in wrong.text and page
    desk.post(f"{path}/lines", {**sent, "new_room": ""}, status=303)
    form = desk.get(f"{path}/steps/accept", status=200)
    assert "张建军" in form.text
    given = {
        "shown_hash": fingerprint(story.completion), "accepted_at": "2026-07-04T10:30", "signed_by": "张建军",
        "present": "客户", "conclusion": "合格品", "version": story.completion.version,
    }  # fmt: skip
    unsigned = desk.post(f"{path}/steps/accept", given, status=422)
    assert "合格品" in unsigned.text
    assert story.completion.state == "NOTICE_SENT"
    late = story.completion.appointed_at + timedelta(days=1)
    future = desk.post(
        f"{path}/steps/accept", {**given, "accepted_at": f"{late.astimezone(ZONE):%Y-%m-%dT%H:%M}"}, status=422
    )
    assert "合格品" in future.text
    for tab in ("facts", "dispatch", "papers", "acceptance", "contract", "cases"):
        desk.get(f"/records/projects/{story.project.number}?tab={tab}", status=200)
    sign_in(Role.FRONT_DESK).get(path, status=403)
    reviewer = sign_in(Role.REVIEWER)
    reviewer.get(path, status=200)
    reviewer.get(f"{path}/lines", status=403)
