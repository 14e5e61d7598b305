"""The ledger of a month: its lines, sums by person, department and kind, closing, the file."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import date

import xlsxwriter
from flask import Response, g, request, send_file
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires, see_other
from blueprints.records import blueprint, showing
from blueprints.records.exports import MIMES
from portal import clock, formatting
from portal.db import session, transaction
from portal.errors import NotFound
from portal.i18n import N_, _, _n, _p
from portal.models.event import EventKind
from portal.models.export import ExportFormat
from portal.models.ledger import LedgerLine
from portal.models.org import Department
from portal.models.reward import RewardEntry
from portal.paths import record_path
from portal.permissions import Permission, may
from portal.processes.penalty import Kind
from portal.processes.reward import Cause
from portal.processes.reward import Kind as RewardKind
from portal.services import events, penalty_ledger

P = Permission
TAKEN = N_("Taken (yuan)", "ledger")
GIVEN = N_("Given (yuan)", "ledger")


@blueprint.get("/penalty-ledger")
@requires(P.PENALTY_DECIDE)
def penalty_ledger_page() -> ResponseReturnValue:
    """The lines of a month and their sums; the present month unless the address names another one."""
    at = clock.now()
    present = penalty_ledger.month_of(clock.today(at))
    month = _month(request.args.get("month", ""), present)
    found = penalty_ledger.lines(session(), g.user, month)
    closed = penalty_ledger.is_closed(session(), month)
    return page(
        "records/penalties/ledger.html",
        month=month,
        months=_choices(month, present),
        taken=sum((line.amount for line in found if line.penalty), penalty_ledger.NOTHING),
        given=sum((line.amount for line in found if line.reward), penalty_ledger.NOTHING),
        tables=[_lines(found), *_sums(found)],
        closed=closed,
        may_close=closed is None and month < present and g.user.branch_id is None,
        is_over=month < present,
        may_export=may(g.user, P.EXPORT_RUN),
    )


@blueprint.post("/penalty-ledger/<month>/close")
@requires(P.PENALTY_DECIDE)
def close_penalty_ledger(month: str) -> ResponseReturnValue:
    """Close a month: what is decided for it later stands in the first open one."""
    wanted = _month(month, None)
    with transaction() as writing:
        penalty_ledger.close(writing, wanted, actor=g.user, at=clock.now())
    return see_other(f"/records/penalty-ledger?month={wanted:%Y-%m}")


@blueprint.get("/penalty-ledger/<month>/xlsx")
@requires(P.EXPORT_RUN)
def export_penalty_ledger(month: str) -> ResponseReturnValue:
    """The month as a workbook; taken out is written down. Managers only, as the page."""
    if not may(g.user, P.PENALTY_DECIDE):
        raise NotFound()
    wanted, at = _month(month, None), clock.now()
    with transaction() as writing:
        found = penalty_ledger.lines(writing, g.user, wanted)
        content = workbook(wanted, found)
        name = f"{_('Ledger of penalties and rewards')}-{wanted:%Y-%m}.xlsx"
        events.record(
            writing, EventKind.EXPORT, at=at, actor=g.user, action="export", name=name, list="penalties",
            rows=len(found), format=ExportFormat.XLSX.value, full_phones=False,
        )  # fmt: skip
    answer: Response = send_file(
        io.BytesIO(content), mimetype=MIMES[ExportFormat.XLSX], as_attachment=True, download_name=name
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def workbook(month: date, found: Sequence[LedgerLine]) -> bytes:
    """Lines on one sheet, each sum on another: amounts as numbers, texts as texts that never calculate."""
    buffer = io.BytesIO()
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, plain) as book:
        head, yuan = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "#,##0.00"})
        sheet = book.add_worksheet(f"{month:%Y-%m}")
        names = (_("Number"), _("Crew or person"), _("Department"), _("By rule"), _p("ledger", "For what"), _("Kind"),
                 _p("ledger", "Line"), _p("ledger", "Decided on"), TAKEN, GIVEN, _("State"))  # fmt: skip
        for column, label in enumerate(names):
            sheet.write_string(0, column, str(label), head)
        for row, line in enumerate(found, 1):
            entry = line.entry
            texts = (entry.number, entry.person, Department.show(entry.department), entry.rule, _for_what(line),
                     _kind(line), _line(line), f"{line.decided_on:%Y-%m-%d}")  # fmt: skip
            for column, text in enumerate(texts):
                sheet.write_string(row, column, text)
            sheet.write_number(row, len(texts) + (line.reward is not None), line.amount, yuan)
            sheet.write_string(row, len(texts) + 2, str(entry.PROCESS.state(entry.state).label))
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, len(names), 16)
        for title, label, rows in _added_up(found):
            sums = book.add_worksheet(title[:31])
            for column, text in enumerate((label, _p("ledger", "Lines"), _("Amount (yuan)"))):
                sums.write_string(0, column, text, head)
            for row, total in enumerate(rows, 1):
                sums.write_string(row, 0, total.name)
                sums.write_number(row, 1, total.count)
                sums.write_number(row, 2, total.amount, yuan)
            sums.set_column(0, 2, 18)
    return buffer.getvalue()


# ---------- Parts ----------


def _added_up(found: Sequence[LedgerLine]) -> list[tuple[str, str, list[penalty_ledger.Total]]]:
    """Each sum: its title, what is added up by, the totals. What is taken and what is given is never one sum."""
    groups: tuple[tuple[str, Callable[[LedgerLine], str]], ...] = (
        (_p("ledger", "By person"), lambda line: line.entry.person),
        (_p("ledger", "By department"), lambda line: Department.show(line.entry.department)),
        (_p("ledger", "By kind"), _kind),
    )
    sides = (
        (_("Penalties"), [line for line in found if line.penalty]),
        (_("Rewards"), [line for line in found if line.reward]),
    )
    return [
        (f"{side} · {title}", title, penalty_ledger.totals(lines, name))
        for side, lines in sides
        if lines
        for title, name in groups
    ]


def _lines(found: Sequence[LedgerLine]) -> showing.Table:
    rows = [
        [
            (line.entry.number, record_path(line.entry.KIND, line.entry.number)),
            line.entry.person,
            f"{line.entry.rule} {_for_what(line)}",
            _kind(line),
            _line(line),
            formatting.full_date(line.decided_on),
            formatting.money(line.amount) if line.penalty else "",
            formatting.money(line.amount) if line.reward else "",
        ]
        for line in found
    ]
    head = [(_("Number"), ""), (_("Crew or person"), ""), (_p("ledger", "For what"), "fill"), (_("Kind"), ""),
            (_p("ledger", "Line"), ""), (_p("ledger", "Decided on"), "num"), (str(TAKEN), "num"), (str(GIVEN), "num")]  # fmt: skip
    return showing.Table(_p("ledger", "Each line"), head, rows, _("Nothing was decided in this month."))


def _sums(found: Sequence[LedgerLine]) -> list[showing.Table]:
    tables = []
    for title, label, totals in _added_up(found):
        rows = [[total.name, _lines_said(total.count), formatting.money(total.amount)] for total in totals]
        head = [(label, ""), (_p("ledger", "Lines"), "num cell-foot"), (_("Amount (yuan)"), "num cell-due")]
        tables.append(showing.Table(title, head, rows, ""))
    return tables


def _lines_said(count: int) -> str:
    return _n("%(num)s ledger line", "%(num)s ledger lines", count)


def _line(line: LedgerLine) -> str:
    return _p("ledger", "Taken back") if line.is_reversal else _p("ledger", "Decided")


def _kind(line: LedgerLine) -> str:
    entry = line.entry
    return RewardKind.show(entry.kind) if isinstance(entry, RewardEntry) else Kind.show(entry.kind)


def _for_what(line: LedgerLine) -> str:
    entry = line.entry
    if isinstance(entry, RewardEntry):
        return Cause.show(entry.reason)
    return str(entry.offence)


def _choices(month: date, present: date) -> list[tuple[str, str]]:
    """The months to choose from: those with lines, the present one, the one that is shown."""
    known = sorted({present, month, *penalty_ledger.months(session(), g.user)}, reverse=True)
    return [(f"{each:%Y-%m}", f"{each:%Y-%m}") for each in known]


def _month(text: str, usual: date | None) -> date:
    """`2026-05` as the first day of the month. Raises NotFound for what is none, where there is no usual one."""
    try:
        found = date.fromisoformat(f"{text}-01")
        if len(text) == 7 and 2000 <= found.year <= 2100:
            return found
    except ValueError:
        pass
    if usual is None or text:
        raise NotFound()
    return usual
