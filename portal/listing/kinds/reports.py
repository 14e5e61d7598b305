"""The list of reports."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import and_
from sqlalchemy.orm import aliased

from portal.i18n import N_, _
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing
from portal.listing.kinds import search
from portal.metrics.questions import Period
from portal.models.org import User
from portal.models.report import ReportRun
from portal.permissions import Permission
from portal.processes.report import PROCESS, State
from portal.reports.catalogue import REPORTS
from portal.reports.drawing import title_of_period

SIGNER = aliased(User)
CLOCK = cells.clock(ReportRun.KIND, ReportRun, N_("Due"))


_CODES = {code.replace("-", "_"): code for code in REPORTS}
ReportCode = StrEnum("ReportCode", _CODES)  # type: ignore[misc]  # the codes stand in the catalogue alone


def _title(code: str, edition: int) -> cells.Title:
    report = REPORTS.get(code)
    said = _("Edition %(number)s", number=edition) if edition > 1 else ""
    return cells.Title(f"{code} {report.title if report else ''}".strip(), said, "")


def _period(first: date, last: date) -> str:
    return title_of_period(Period(first, last))


def _code(value: str) -> str:
    return f"{value} {REPORTS[value].title}" if value in REPORTS else value


REPORT_RUNS = Listing(
    kind=ReportRun.KIND,
    title=N_("Reports"),
    one=N_("Report"),
    icon="report-analytics",
    model=ReportRun,
    permission=Permission.REPORT_VIEW,
    number=ReportRun.number,
    order="-id",
    urgent_order="due",
    joins=((SIGNER, SIGNER.id == ReportRun.signed_by_id), CLOCK.join),
    card=("period", "signed"),
    columns=(
        Column("title", N_("Report"), (ReportRun.code, ReportRun.edition), _title, "cell-title"),
        Column("number", N_("Number"), (ReportRun.number,), cells.text, "ref hide-small", sort=ReportRun.number),
        Column("period", N_("Period"), (ReportRun.period_from, ReportRun.period_to), _period, "fill", adds_up=False),
        Column("from", N_("First day", "metrics"), (ReportRun.period_from,), cells.day, "num hide-small", sort=ReportRun.period_from),
        Column("signer", N_("Signed by"), (SIGNER.name,), cells.text, "hide-small"),
        Column("signed", N_("Signed at"), (ReportRun.signed_at,), cells.moment, "num hide-small"),
        Column("sent", N_("Delivered at"), (ReportRun.sent_at,), cells.moment, "num hide-small"),
        Column("late", N_("Late"), (ReportRun.is_late,), cells.yes(N_("Late"))),
        Column("state", N_("State"), (ReportRun.state,), cells.state_of(PROCESS), "cell-foot"),
        CLOCK.column,
    ),
    search=search.report_runs,
    placeholder=N_("Number or code, like RP-06"),
    filters=(
        Filter("open", N_("Not signed yet", "report"), lambda now: ReportRun.signed_at.is_(None)),
        Filter("to-send", N_("To deliver"), lambda now: and_(
            ReportRun.signed_at.is_not(None), ReportRun.sent_at.is_(None)
        )),
        *cells.clock_filters(
            ReportRun.KIND,
            ReportRun,
            {"overdue": N_("Late"), "today": N_("Due today"), "soon": N_("Due within 24 hours")},
        ),
        Filter("was-late", N_("Was late"), lambda now: ReportRun.is_late.is_(True)),
        Filter("by-hand", N_("Drawn up by hand"), lambda now: and_(
            ReportRun.due_at.is_(None), ReportRun.corrects_id.is_(None)
        )),
        Filter("corrections", N_("Corrections"), lambda now: ReportRun.corrects_id.is_not(None)),
    ),
    choices=(
        Choice("state", N_("State"), ReportRun.state, State, labels=cells.state_of(PROCESS)),
        Choice("report", N_("Report"), ReportRun.code, ReportCode, labels=_code),
    ),
    create=Permission.REPORT_GENERATE,
    create_label=N_("Have a report drawn up"),
    create_path="/records/report-runs/new",
    empty=N_("No report here. The calendar makes each one when its period is over; any other is drawn up by the button."),
)  # fmt: skip

LISTINGS = (REPORT_RUNS,)
