"""Reports from the calendar to their recipients: each once after an outage, frozen, late, equal on screen, paper and in the file."""

from __future__ import annotations

import dataclasses
import importlib
import io
import re
import subprocess
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select, update
from sqlalchemy import text as sql

from jobs import outbox as delivery
from portal import charts
from portal import clock as portal_clock
from portal import queue as portal_queue
from portal.db import session, transaction
from portal.documents import paper, rendering
from portal.files.store import Store
from portal.i18n import use_locale
from portal.models.document import Document
from portal.models.outbox import Outbox, OutboxState, Slot
from portal.models.report import ReportDelivery, ReportRun
from portal.models.setting import SettingValue
from portal.models.task import DeadlineBreach, Task
from portal.permissions import Role
from portal.processes.report import State
from portal.reports import content, drawing, workbook
from portal.reports.catalogue import REPORTS, Said
from portal.schedules import SCHEDULES
from portal.services import calendars, documents, reports, slots, tasks
from portal.services import delivery as queued
from tests.metrics import may as month
from tests.metrics.may import MAY
from tests.metrics.test_metrics import BY_HAND
from tests.smtp import serving

SCHEDULE = next(each for each in SCHEDULES if each.name == "reports")


@pytest.fixture(autouse=True)
def no_queue_store(monkeypatch):
    monkeypatch.setattr(portal_queue, "wake", lambda found: None)


@pytest.fixture
def office(app, make, clock):
    """People, and a calendar that knows the holidays; the clock stands on a Monday evening before anything is due."""
    clock.set("2026-04-27 20:00")
    with transaction() as writing:
        if not calendars.rules(writing):
            calendars.seed(writing, [2025, 2026, 2027], at=clock.now())
    return make.user(Role.SPECIALIST, name="周晓雯"), make.user(Role.MANAGER, name="陈丽华")


def scheduler(clock: Any) -> None:
    with transaction() as writing:
        slots.plan(writing, SCHEDULE, at=clock.now())


def worker(rounds: int = 6) -> None:
    """Carry out all reports' work that is due; in one round what is due is made, but not drawn up yet."""
    for _round in range(rounds):
        session().rollback()
        due = select(Outbox.id).where(
            Outbox.state == OutboxState.PENDING, Outbox.run_after <= portal_clock.now(),
            Outbox.kind.in_(("reports", "draw_up_report", "miss_report", "send_report")),
        )  # fmt: skip
        found = list(session().scalars(due.order_by(Outbox.id)))
        for number in found:
            delivery.deliver(number)
        if not found:
            return


def runs() -> list[tuple[str, str, str, str]]:
    session().rollback()
    found = session().scalars(select(ReportRun).order_by(ReportRun.due_at, ReportRun.code))
    return [
        (run.code, f"{run.period_from:%m-%d}", f"{portal_clock.local(run.due_at):%m-%d %H:%M}", run.state)
        for run in found
    ]


def test_a_report_that_is_asked_for_says_how_many_sections_are_there(sign_in, clock, monkeypatch):
    client = sign_in(Role.MANAGER)
    with transaction() as writing:
        command = reports.AskReport("RP-05", date(2026, 4, 1), date(2026, 4, 30))
        run = reports.ask(writing, command, actor=writing.merge(client.user), at=clock.now())
    whole = len(REPORTS["RP-05"].sections)
    seen: list[str] = []
    measured = content._MAKERS[Said]

    def looked(*given: Any) -> Any:  # somebody looks while this section is being made
        seen.append(client.get(f"/records/report-runs/{run.number}/progress", status=200).text)
        return measured(*given)

    monkeypatch.setitem(content._MAKERS, Said, looked)
    worker()
    words = [i for i, part in enumerate(REPORTS["RP-05"].sections) if isinstance(part, Said)]
    for done, page in zip(words, seen, strict=True):
        assert f"已完成 {done} / {whole} 节" in page and f'max="{whole}" value="{done}"' in page
    assert len(words) >= 2 and words[0] > 0
    page = client.get(f"/records/report-runs/{run.number}", status=200).text
    assert "正在统计" not in page
    session().rollback()
    kept = session().get_one(ReportRun, run.id, populate_existing=True)
    assert kept.sections_done is None and kept.content["code"] == "RP-05"


def test_figures_that_come_late_do_not_take_the_place_of_newer_ones(office, clock):
    with transaction() as writing:
        command = reports.AskReport("RP-05", date(2026, 4, 1), date(2026, 4, 30))
        run = reports.ask(writing, command, actor=writing.merge(office[1]), at=clock.now())
        draft = reports.take_up(writing, run.id)
        old = reports.measure(writing, draft, at=clock.now())
        newer = reports.measure(writing, draft, at=clock.now() + timedelta(minutes=2))
        reports.put_in(writing, run.id, newer)
        reports.put_in(writing, run.id, old)
        assert run.drafted_at == newer.at and run.content["at"] == newer.at.isoformat()
        run.signed_at = clock.now()
        reports.put_in(writing, run.id, reports.measure(writing, draft, at=clock.now() + timedelta(minutes=9)))
        assert run.drafted_at == newer.at and reports.take_up(writing, run.id) is None
        run.signed_at = None


def test_two_weeks_without_workers_make_each_report_once_with_its_own_days(office, clock):
    """The holidays of May lie in the outage: RP-01 of 04-27 is due on Wednesday 05-06."""
    scheduler(clock)
    clock.set("2026-05-12 09:00")
    for _again in range(3):
        scheduler(clock)
    worker()
    weekly = [run for run in runs() if run[0] in ("RP-01", "RP-02", "RP-03")]
    assert weekly == [
        ("RP-02", "04-22", "04-29 18:00", State.LATE),
        ("RP-03", "04-25", "04-30 12:00", State.LATE),
        ("RP-01", "04-27", "05-06 18:00", State.LATE),
        ("RP-02", "04-29", "05-06 18:00", State.LATE),
        ("RP-03", "05-02", "05-09 12:00", State.LATE),
        ("RP-01", "05-04", "05-12 18:00", State.DRAFT),
    ]
    assert ("RP-09", "04-01", "05-08 18:00", State.LATE) in runs() and (
        "RP-06",
        "04-01",
        "04-30 18:00",
        State.LATE,
    ) in runs()
    before = len(runs())
    with transaction() as writing:  # whoever runs the work of a slot again finds everything there
        slot = writing.scalars(select(Slot).order_by(Slot.due_at.desc())).first()
        assert reports.make_due(writing, date(2026, 5, 12), date(2026, 4, 28), at=clock.now()) == []
        assert slot is not None and slot.schedule == "reports"
        assert tasks.sweep(writing, clock.now(), limit=500) > 0
    worker()
    assert len(runs()) == before
    missed = session().scalar(select(func.count(DeadlineBreach.id)).where(DeadlineBreach.code == "DL-29"))
    assert missed == sum(state == State.LATE for *_rest, state in runs())
    assert all(run.content for run in session().scalars(select(ReportRun)))


def test_signed_in_time_and_delivered_late_is_late(office, make, clock, sign_in):
    """DL-29 ends with the last recipient: Saturday's report is due at 12:00 with the general manager."""
    specialist, manager = office
    clock.set("2026-05-15 20:00")
    scheduler(clock)
    clock.set("2026-05-16 08:00")
    scheduler(clock)
    worker()
    found = session().scalars(select(ReportRun).where(ReportRun.code == "RP-03")).all()
    path = f"/records/report-runs/{found[-1].number}"
    assert (run_of(path).state, f"{portal_clock.local(run_of(path).due_at):%m-%d %H:%M}") == (
        State.DRAFT,
        "05-16 12:00",
    )
    clock.set("2026-05-16 11:00")
    chief = sign_in(manager)
    chief.post(f"{path}/steps/sign", {"plan": "下周回访三户。"}, status=303)
    frozen = run_of(path).content
    assert run_of(path).state == State.SIGNED
    clock.set("2026-05-16 12:00")
    worker()
    run = run_of(path)
    assert (run.state, run.is_late, run.is_frozen, run.content) == (State.LATE, True, True, frozen)
    chief, desk = sign_in(manager), sign_in(specialist)
    assert "尚未审签" in chief.post(f"{path}/steps/sign", {"plan": "x"}, status=422).text
    chief.post(f"{path}/steps/refresh", {}, status=422)
    assert "冻结" in desk.post(f"{path}/words", {"analysis": "y"}, status=409).text
    assert run.number in desk.get("/records/report-runs?filter=to-send", status=200).text
    assert run.number not in desk.get("/records/report-runs?filter=open", status=200).text
    (only,) = run.deliveries
    desk.post(f"{path}/deliveries/{only.id}", {"way": "PAPER", "name": "总经办", "client_key": "k" * 32}, status=303)
    run = run_of(path)
    assert (run.state, run.is_late, run.plan, run.content) == (State.SENT, True, "下周回访三户。", frozen)


def test_a_report_that_is_drawn_up_waits_on_the_desk_of_the_manager(office, clock, sign_in):
    """DL-29: before it is drawn up it is the specialist's, then the manager's until the last recipient has it."""

    def clocks() -> list[tuple[int | None, str | None, str]]:
        session().rollback()
        query = select(Task.person_id, Task.role, ReportRun.state).join(ReportRun, ReportRun.id == Task.record_id)
        found = session().execute(
            query.where(Task.code == "DL-29", Task.closed_at.is_(None), ReportRun.code == "RP-03")
        )
        return [tuple(row) for row in found]

    clock.set("2026-05-15 20:00")
    scheduler(clock)
    clock.set("2026-05-16 08:00")
    scheduler(clock)
    worker(rounds=1)
    desk, chief = (sign_in(person) for person in office)
    number = session().scalars(select(ReportRun.number).where(ReportRun.code == "RP-03")).all()[-1]
    mine = "/records/tasks?filter=mine,open"
    assert clocks()[-1] == (None, "SPECIALIST", State.DUE)
    assert number in desk.get(mine, status=200).text and number not in chief.get(mine, status=200).text
    worker()
    for client, is_theirs in ((desk, False), (chief, True)):
        assert (number in client.get(mine, status=200).text) == is_theirs
    assert "审签并报送报表" in chief.get("/manager/", status=200).text
    assert clocks()[-1] == (None, "MANAGER", State.DRAFT)
    before_0054(number)
    assert clocks()[-1] == (None, "SPECIALIST", State.DRAFT)
    after_0054()
    assert clocks()[-1] == (None, "MANAGER", State.DRAFT)
    chief.post(f"/records/report-runs/{number}/steps/sign", {}, status=303)
    assert clocks()[-1] == (None, "MANAGER", State.SIGNED)  # signed, but nobody has it yet
    before_0054(number)
    clock.set("2026-05-16 12:00")
    worker()
    assert clocks()[-1] == (None, "MANAGER", State.LATE)


def before_0054(number: str) -> None:
    with transaction() as writing:
        writing.execute(update(Task).where(Task.record_number == number).values(role="SPECIALIST"))


def after_0054() -> None:
    module = importlib.import_module("portal.migrations.versions.0054_reports_wait_for_the_manager")
    with transaction() as writing:
        writing.execute(sql(module.OPEN.format(of="SPECIALIST", to="MANAGER")))


def test_what_has_nothing_to_say_is_gathered_and_no_row_stands_alone(office, make, clock, app):
    """Empty headings become one line; the first and last rows of a table hold together; a minus is drawn."""
    with transaction() as writing:
        run = reports.ask(
            writing, reports.AskReport("RP-01", date(2026, 4, 1), date(2026, 4, 7)), actor=office[1], at=clock.now()
        )
        reports.draw_up(writing, run, at=clock.now())
        number = run.number
    with use_locale("zh_Hans"):
        parts = drawing.draw(run_of(f"/{number}").content, {"analysis": "低了 \u22123。"}, on_paper=True)
        draft = documents.drawn_up(
            session(), documents.get_form("RP-01"), run_of(f"/{number}"), number=None, by="x", at=clock.now(),
            store=Store.of(app.config["PORTAL"]),
        )  # fmt: skip
        html = draft.paper(Store.of(app.config["PORTAL"])).html
        assert str(paper.plain(charts.short(-3))) == str(paper.plain("\u22123")) == "\u20133"
    assert [part.kind for part in parts] == ["tiles", "nothing", "words"]
    (titles, why), (unwritten, unsaid) = parts[1].lines
    assert not parts[1].summary and parts[1].sentences[1] == "改进措施：未填写。"
    assert why == "本期没有。" and titles.startswith("按回访阶段、") and "未完成联系单" in titles
    assert unsaid == "未填写。" and unwritten == "改进措施"
    assert html.count("<h2") == 1 + 2 and "\u2212" not in html
    many = drawing.Table("T", (("A", "fill"), ("B", "num")), ((drawing.Cell("1"), drawing.Cell("2")),) * 6, (), "")
    view = dataclasses.replace(draft.view, parts=(many,))
    with use_locale("zh_Hans"):
        html = paper.write(view, draft.issue).html
    held = [each.strip() for each in re.findall(r'<tr class="([^"]*)">', html)]
    assert held == ["from-head", "from-head", "", "", "to-foot", "to-foot"]


@pytest.mark.parametrize(
    ("code", "kinds", "said"),
    [
        ("RP-17", ["nothing"], "2026-04-01 至 2026-04-07：本报表所涉事项均未发生。"),
        ("RP-10", ["nothing"], "2026-04-01 至 2026-04-07：本报表所涉事项均未发生。"),
        ("RP-11", ["words", "nothing"], "考勤表交人力资源部"),
    ],
)
def test_a_report_about_nothing_says_so_in_one_sentence(office, clock, sign_in, code, kinds, said):
    """No list of empty headings alone: what did not happen, or what the report reminds of, on screen and in the workbook."""
    with transaction() as writing:
        command = reports.AskReport(code, date(2026, 4, 1), date(2026, 4, 7))
        run = reports.ask(writing, command, actor=office[1], at=clock.now())
        reports.draw_up(writing, run, at=clock.now())
        number = run.number
    with use_locale("zh_Hans"):
        parts = drawing.draw(run_of(f"/{number}").content, {})
        book = openpyxl.load_workbook(io.BytesIO(workbook.write("x", [], parts)))
    assert [part.kind for part in parts] == kinds
    assert said in sign_in(office[1]).get(f"/records/report-runs/{number}", status=200).text
    assert any(said in str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row)


def test_the_monthly_report_shows_every_figure_over_six_periods(make, clock):
    """6.1, RP-05: all metrics that have a source, the present month last."""
    month.tell(make, clock)
    drawn = content.draw_up(session(), reports.Company(), REPORTS["RP-05"], MAY, at=portal_clock.now(), calendar="1")
    with use_locale("zh_Hans"):
        (table,) = [
            part for part in drawing.draw(drawn, {}) if isinstance(part, drawing.Table) and part.shape == "history"
        ]
    assert [label for label, css in table.heads if css == "num"] == [
        "2025-12",
        *(f"2026-{number:02d}" for number in range(1, 6)),
    ]
    figures = {(row[0].text, row[1].text): [cell.text for cell in row[3:]] for row in table.rows}
    assert len(figures) == len(BY_HAND)
    assert figures["M-22", "结案率"][-2:] == ["0.0", "57.1"] and figures["M-44", "维修费用"][-2:] == [
        "999.00",
        "1,260.50",
    ]


def test_nobody_waits_for_figures_that_were_given_up(office, clock, sign_in):
    """The page asks again while a report is drawn up, and says so when that was given up; tried again it comes."""
    specialist, manager = office
    with transaction() as writing:
        command = reports.AskReport("RP-09", date(2026, 4, 1), date(2026, 4, 7))
        number = reports.ask(writing, command, actor=manager, at=clock.now()).number
    path = f"/records/report-runs/{number}"
    desk = sign_in(specialist)
    assert f'hx-get="{path}/progress"' in desk.get(path, status=200).text
    with transaction() as writing:
        (work,) = writing.scalars(select(Outbox).where(Outbox.kind == reports.DRAW_UP)).all()
        work.state, work_id = OutboxState.DEAD, work.id
    assert desk.get(f"{path}/progress", htmx=True, status=204).headers["HX-Redirect"] == path
    told = desk.get(path, status=200).text
    assert "数据未能生成" in told and "正在统计" not in told
    assert "hx-get" not in told.split('id="report-parts"')[1][:200]
    with transaction() as writing:
        assert queued.rerun(writing, work_id, at=clock.now())
    worker()
    assert "数据未能生成" not in desk.get(path, status=200).text and "M-20" in desk.get(path).text


def test_what_the_report_before_promised_opens_the_next_one(office, make, clock):
    """Measures, plan and help of the newest signed edition of the week before; a month's report is no week's."""
    _specialist, manager = office

    def made(first: date, last: date, **words: str) -> ReportRun:
        with transaction() as writing:
            run = reports.ask(writing, reports.AskReport("RP-03", first, last), actor=manager, at=clock.now())
            reports.draw_up(writing, run, at=clock.now())
            if words:
                reports.sign(writing, run, reports.WriteWords(**words), actor=manager, at=clock.now())
            return run

    def opens(run: ReportRun) -> Any:
        with use_locale("zh_Hans"):
            first = drawing.draw(run.content, {})[0]
            return first.paragraphs if isinstance(first, drawing.Words) else None

    clock.set("2026-04-27 20:00")
    made(date(2026, 3, 1), date(2026, 3, 31), plan="月度计划")
    first = made(
        date(2026, 4, 4), date(2026, 4, 10), analysis="不重复", plan="回访三户。\n\n培训一次。", help="增派一人"
    )
    assert opens(first) is None
    with transaction() as writing:
        fixed = reports.correct(writing, session().get_one(ReportRun, first.id), "漏了", actor=manager, at=clock.now())
        reports.sign(
            writing,
            fixed,
            reports.WriteWords(plan="回访四户。\n培训一次。", help="增派一人"),
            actor=manager,
            at=clock.now(),
        )
    made(date(2026, 4, 11), date(2026, 4, 17))  # never signed: what it says binds nobody
    following = made(date(2026, 4, 18), date(2026, 4, 24))
    assert opens(following) == (
        f"{fixed.number} · 2026-04-04 至 2026-04-10", "下期计划：回访四户。", "培训一次。", "需要的支持：增派一人",
    )  # fmt: skip
    assert opens(made(date(2026, 4, 1), date(2026, 4, 26)))[1] == "下期计划：月度计划"


def test_all_that_was_written_is_shown_whatever_the_report_asks_for(office, clock):
    """RP-03 does not ask for measures, RP-01 for no plan: both stand in them, and open the next one, once they are written."""
    _specialist, manager = office
    clock.set("2026-05-11 10:00")
    words = reports.WriteWords(analysis="甲", measures="乙", plan="丙", help="丁")
    for code in ("RP-03", "RP-01"):
        with transaction() as writing:
            days = (date(2026, 4, 18), date(2026, 4, 24)), (date(2026, 4, 25), date(2026, 5, 1))
            first, second = [
                reports.ask(writing, reports.AskReport(code, *each), actor=manager, at=clock.now()) for each in days
            ]
            reports.draw_up(writing, first, at=clock.now())
            reports.sign(writing, first, words, actor=manager, at=clock.now())
            reports.draw_up(writing, second, at=clock.now())
        with use_locale("zh_Hans"):
            shown = drawing.draw(first.content, {name: getattr(first, name) for name in reports.WORDS})
            opening = drawing.draw(second.content, {})[0]
        assert [part.paragraphs for part in shown if isinstance(part, drawing.Words)] == [
            ("甲",),
            ("乙",),
            ("丙",),
            ("丁",),
        ]
        assert [line[-1] for line in opening.paragraphs[1:]] == ["乙", "丙", "丁"]


def test_one_first_edition_about_the_same_days(office, clock, sign_in):
    """Asked for again, the one that is there is named; signed, it is corrected; the list shows both editions."""
    _specialist, manager = office
    clock.set("2026-05-11 10:00")
    chief = sign_in(manager)
    form = {"code": "RP-03", "first": "2026-04-18", "last": "2026-04-24", "client_key": "a" * 32}
    path = chief.post("/records/report-runs/new", form, status=303).location
    number = path.rsplit("/", 1)[1]
    again = chief.post("/records/report-runs/new", form | {"client_key": "b" * 32}, status=422).text
    assert f"这段日期已有 {number}" in again
    with transaction() as writing:
        run = writing.scalars(select(ReportRun).where(ReportRun.number == number)).one()
        reports.draw_up(writing, run, at=clock.now())
        reports.sign(writing, run, reports.WriteWords(), actor=writing.merge(manager), at=clock.now())
    again = chief.post("/records/report-runs/new", form | {"client_key": "c" * 32}, status=422).text
    assert f"{number} 已审签" in again and 'value="2026-04-24"' in again
    fixed = chief.post(f"{path}/correct", {"why": "漏了", "client_key": "d" * 32}, status=303).location
    shown = chief.get("/records/report-runs?filter=", status=200).text
    assert "第 2 版" in shown and fixed.rsplit("/", 1)[1] in shown


def test_the_page_comes_whole_once_the_figures_are_there(office, clock, sign_in):
    chief = sign_in(office[1])
    form = {"code": "RP-03", "first": "2026-04-18", "last": "2026-04-24", "client_key": "a" * 32}
    path = chief.post("/records/report-runs/new", form, status=303).location
    assert "正在统计" in chief.get(f"{path}/progress", htmx=True, status=200, check=False).text
    worker()
    arrived = chief.get(f"{path}/progress", htmx=True, status=204)
    assert arrived.headers["HX-Redirect"] == path
    assert "审签" in chief.get(path, status=200).text


def test_from_the_draft_to_the_last_recipient(office, make, clock, sign_in, app):
    """Words, signature, frozen figures, e-mail with the PDF, the other recipients by hand, a correction."""
    specialist, manager = office
    told = month.tell(make, clock)
    clock.set("2026-06-01 09:00")
    desk, chief = sign_in(specialist), sign_in(manager)
    form = {"code": "RP-02", "first": "2026-05-01", "last": "2026-05-31", "client_key": "a" * 32}
    wrong = desk.post("/records/report-runs/new", form | {"last": "2026-04-01"}, status=422)
    assert "止日" in wrong.text or "早于" in wrong.text
    path = desk.post("/records/report-runs/new", form, status=303).location
    assert desk.post("/records/report-runs/new", form, status=303).location == path
    assert "正在统计" in desk.get(path, status=200).text
    worker()
    page = chief.get(path, status=200).text
    assert "57.1" in page and "figure.M-22.whole.20260501.20260531" in page
    desk.post(
        f"{path}/words",
        {"version": str(run_of(path).version), "analysis": "投诉集中在工地文明。", "client_key": "b" * 32},
        status=303,
    )
    desk.post(f"{path}/steps/sign", {"analysis": "x"}, status=403)
    chief.post(f"{path}/steps/sign", {"analysis": "投诉集中在工地文明。", "measures": "每周巡检。"}, status=303)
    run = run_of(path)
    assert (run.state, run.signed_by_id, run.measures) == (State.SIGNED, manager.id, "每周巡检。")
    frozen = run.content
    told.complaint("2026-05-12 10:00", "2026-05-13 10:00")  # written down too late
    chief.post(f"{path}/steps/refresh", {}, status=409)
    assert "冻结" in desk.post(f"{path}/words", {"analysis": "y"}, status=409).text
    assert run_of(path).content == frozen

    first, second, third = run_of(path).deliveries
    key = iter("cdefgh")
    where = f"{path}/deliveries/"
    assert (
        "邮件服务器"
        in desk.post(
            f"{where}{first.id}",
            {"way": "EMAIL", "address": "hr@example.com", "client_key": next(key) * 32},
            status=422,
        ).text
    )
    with serving() as sink:
        with transaction() as writing:
            writing.add_all(
                [
                    SettingValue(key="smtp_host", value="127.0.0.1", updated_at=clock.now()),
                    SettingValue(key="smtp_port", value=sink.port, updated_at=clock.now()),
                ]
            )
            writing.info.pop("settings", None)
        desk.post(
            f"{where}{first.id}",
            {"way": "EMAIL", "address": "hr@example.com", "client_key": next(key) * 32},
            status=303,
        )
        worker()
        (letter,) = sink.got
    assert letter["To"] == "hr@example.com" and letter["Subject"].startswith("RP-02 周报表")
    (attached,) = [part for part in letter.walk() if part.get_filename()]
    assert (
        attached.get_filename() == "RP-02-20260501-20260531.pdf" and attached.get_payload(decode=True)[:5] == b"%PDF-"
    )
    for each in (second, third):
        assert run_of(path).state == State.SIGNED
        desk.post(f"{where}{each.id}", {"way": "PAPER", "name": "郑红", "client_key": next(key) * 32}, status=303)
    assert run_of(path).state == State.SENT and run_of(path).sent_at is not None
    assert "hr@example.com" in desk.get(f"{path}?tab=delivery").text

    fresh = desk.post(f"{path}/correct", {"why": "漏记一件投诉", "client_key": next(key) * 32}, status=303).location
    assert (run_of(fresh).edition, run_of(fresh).state, run_of(path).content) == (2, State.DRAFT, frozen)
    assert figure(run_of(fresh), "M-20") == "5" and figure(run_of(path), "M-20") == "4"
    assert fresh.rpartition("/")[2] in desk.get(path).text
    desk.get(f"{path}/xlsx", status=403)
    assert chief.get(f"{path}/xlsx", status=200).data[:2] == b"PK"
    for role in (Role.REVIEWER, Role.FRONT_DESK):
        sign_in(role).get(path, status=404)
    sign_in(Role.REPAIR_CAPTAIN).get(path, status=403)
    assert "RP-07" in sign_in(Role.REVIEWER).get("/records/report-calendar", status=200).text
    assert session().scalar(select(func.count(Document.id))) == 0


def run_of(path: str) -> ReportRun:
    session().rollback()
    session().expire_all()
    found = session().scalars(select(ReportRun).where(ReportRun.number == path.rpartition("/")[2])).one()
    assert all(isinstance(each, ReportDelivery) for each in found.deliveries)
    return found


def figure(run: ReportRun, key: str) -> str:
    tiles = next(block["tiles"] for block in run.content["blocks"] if block["kind"] == "tiles")
    return next(tile["now"]["n"] for tile in tiles if tile["key"] == key)


@pytest.mark.pdf
@pytest.mark.sqlite_only
def test_every_report_says_the_same_on_paper_on_the_screen_and_in_the_file(office, make, clock, sign_in, app, tmp_path):
    _specialist, manager = office
    month.tell(make, clock)
    clock.set("2026-06-01 09:00")
    chief = sign_in(manager)
    for code, report in REPORTS.items():
        with transaction() as writing:
            command = reports.AskReport(code, MAY.first, MAY.last)
            number = reports.ask(writing, command, actor=manager, at=clock.now()).number
        worker()
        run = run_of(f"/{number}")
        with use_locale("zh_Hans"):
            parts = drawing.draw(run.content, {})
            book = openpyxl.load_workbook(io.BytesIO(workbook.write("x", [], parts)), data_only=True)
            draft = documents.drawn_up(
                session(), documents.get_form(code), run, number=None, by="x", at=clock.now(),
                store=Store.of(app.config["PORTAL"]),
            )  # fmt: skip
        wanted = [text for part in parts for text in texts(part)]
        screen = squeezed(re.sub(r"<[^>]+>", " ", chief.get(f"/records/report-runs/{number}", status=200).text))
        sheet = draft.paper(Store.of(app.config["PORTAL"]))
        (tmp_path / "report.pdf").write_bytes(rendering.render_pdf(sheet.html, sheet.assets).content)
        printed = squeezed(
            subprocess.run(
                ["pdftotext", "-layout", tmp_path / "report.pdf", "-"], capture_output=True, text=True, check=True
            ).stdout
        )
        for text in wanted:
            assert squeezed(text) in screen, (code, text)
            assert squeezed(text) in printed, (code, text)
        assert numbers_of(book) == sorted(
            float(cell.number) for part in parts for cell in cells(part) if cell.number is not None
        ), code
        assert squeezed(str(report.title)) in printed and "共" in printed
    with transaction() as writing:
        again = content.draw_up(writing, reports.Company(), REPORTS["RP-06"], MAY, at=portal_clock.now(), calendar="1")
        frozen = writing.scalars(select(ReportRun).where(ReportRun.code == "RP-06")).one().content
    assert again["blocks"] == frozen["blocks"]


@pytest.mark.pdf
@pytest.mark.sqlite_only
@pytest.mark.parametrize("count", [29, 31, 33])
def test_signatures_never_stand_alone_on_a_page(office, clock, app, tmp_path, count):
    """However long the last table is, part of the report stands above what is signed."""
    store = Store.of(app.config["PORTAL"])
    with transaction() as writing:
        command = reports.AskReport("RP-17", date(2026, 4, 1), date(2026, 4, 7))
        run = reports.ask(writing, command, actor=office[1], at=clock.now())
        reports.draw_up(writing, run, at=clock.now())
        number = run.number
    rows = ((drawing.Cell("滨江花园"), drawing.Cell("2")),) * count
    table = drawing.Table("T", (("A", "fill"), ("B", "num")), rows, (), "")
    with use_locale("zh_Hans"):
        draft = documents.drawn_up(
            session(),
            documents.get_form("RP-17"),
            run_of(f"/{number}"),
            number=None,
            by="x",
            at=clock.now(),
            store=store,
        )
        sheet = paper.write(dataclasses.replace(draft.view, parts=(table,)), draft.issue)
    (tmp_path / "report.pdf").write_bytes(rendering.render_pdf(sheet.html, sheet.assets).content)
    printed = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "report.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    (signed,) = [page for page in printed.split("\f") if "编制人" in page]
    assert "滨江花园" in signed


def texts(part: drawing.Part) -> list[str]:
    if isinstance(part, drawing.Nothing):
        return [part.title, *part.sentences]
    return [part.title, *(cell.text for cell in cells(part))]


def cells(part: drawing.Part) -> list[drawing.Cell]:
    match part:
        case drawing.Tiles():
            return [tile.cell for line in part.rows for tile in line]
        case drawing.Chart():
            return [cell for row in part.table.rows for cell in row]
        case drawing.Table():
            return [cell for row in (*part.rows, part.total) for cell in row]
    return []


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def numbers_of(book: Any) -> list[float]:
    return sorted(
        float(cell.value)
        for sheet in book for row in sheet.iter_rows() for cell in row
        if isinstance(cell.value, int | float) and not isinstance(cell.value, bool)
    )  # fmt: skip
