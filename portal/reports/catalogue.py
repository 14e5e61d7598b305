"""All reports of the manual: title, days, recipients and what stands in them. Source: `domain.md` 6.1, 5.6, 4.28 (F-17, F-29)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.i18n import N_, Text
from portal.metrics import METRICS, between
from portal.permissions import Role
from portal.processes.report import Recipient
from portal.reports.due import AfterMonth, Both, EachDay, FourthWednesday, MonthEnd, Monthly, Rule, Weekly

R = Recipient


@dataclass(frozen=True, slots=True)
class Tiles:
    """Key figures with their change."""

    title: Text
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """Figures one under the other: this period, the one before, the change, what was counted."""

    title: Text
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Figures beside each other for each value of a dimension, with a line for all."""

    title: Text
    by: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """Figures over the last periods of the same length, the present one last, as a drawing and a table."""

    title: Text
    keys: tuple[str, ...]
    periods: int = 6


@dataclass(frozen=True, slots=True)
class History:
    """Figures one under the other over the last periods of the same length, the present one last."""

    title: Text
    keys: tuple[str, ...]
    periods: int = 6


@dataclass(frozen=True, slots=True)
class Cases:
    """Records one by one: `listed` names a function of `portal.reports.cases`."""

    title: Text
    listed: str


@dataclass(frozen=True, slots=True)
class Said:
    """What people write: the field of the run."""

    title: Text
    field: str


@dataclass(frozen=True, slots=True)
class Note:
    """What always stands there: what the report reminds of."""

    title: Text
    text: Text


Section = Tiles | Board | Split | Trend | History | Cases | Note | Said


@dataclass(frozen=True, slots=True)
class Report:
    """A report. `form`: the printed form of the manual that it is."""

    code: str
    title: Text
    recipients: tuple[Recipient, ...]
    sections: tuple[Section, ...]
    rule: Callable[[Callable[[str], Any]], Rule]
    """Made of the settings."""
    form: str = ""
    roles: tuple[Role, ...] = ()
    """Who may have it drawn up besides specialists and the manager (7.1)."""
    time_setting: str = "report_due_time"


def _all(*stretches: tuple[str, str]) -> tuple[str, ...]:
    return tuple(key for first, last in stretches for key in between(first, last))


ANALYSIS = Said(N_("Analysis"), "analysis")
MEASURES = Said(N_("Measures proposed", "report"), "measures")
PLAN = Said(N_("Plan for the next period"), "plan")
HELP = Said(N_("Help needed"), "help")
SAID = {part.field: part for part in (ANALYSIS, MEASURES, PLAN, HELP)}
"""All that can be written beside the figures; what a report does not ask for is shown where it was written."""
WORDS = (ANALYSIS, MEASURES)
OUTCOME = ("M-20", "M-20.unfounded", "M-22", "M-27", "M-28", "M-29.escalations", "M-29.borne")
ON_TIME = _all(("M-23", "M-26"))
"""What of M-20 to M-29 can be said of a part of the complaints; M-21 is a share of all projects."""
COMPLAINTS_BY = (
    (N_("By category"), "category"), (N_("By department"), "department"), (N_("By phase"), "phase"),
    (N_("By specialist"), "owner"), (N_("By project manager"), "manager"), (N_("By foreman"), "foreman"),
)  # fmt: skip
COMPLAINTS_IN_TIME_BY = (
    (N_("In time, by category", "report"), "category"), (N_("In time, by department", "report"), "department"),
    (N_("In time, by phase", "report"), "phase"), (N_("In time, by specialist", "report"), "owner"),
)  # fmt: skip
KEY_FIGURES = N_("Key figures", "report")
ATTENDANCE = Note(
    N_("What is due", "report"),
    N_(
        "The front desk hands in the attendance list of the month to human resources by the day this is due. It only reminds"
        " of that.",
        "report",
    ),
)


def _weekday(key: str, *, ends_before: int = 1, stays: bool = False) -> Callable[[Callable[[str], Any]], Rule]:
    return lambda value: Weekly(int(value(key)), ends_before, stays)


def _and_weekly(weekly: Callable[[Callable[[str], Any]], Rule], longer: Rule) -> Callable[[Callable[[str], Any]], Rule]:
    return lambda value: Both(weekly(value), longer)


def _fixed(rule: Rule) -> Callable[[Callable[[str], Any]], Rule]:
    return lambda _value: rule


_DECLARED = (
    Report(
        "RP-01", N_("Analysis of the week's follow-up calls"), (R.MANAGER,),
        (
            Tiles(KEY_FIGURES, ("M-10", "M-10.effective", "M-11", "M-12", "M-13", "M-14")),
            Split(N_("By stage"), "stage", ("M-10", "M-10.effective", "M-10.missed", "M-11", "M-12")),
            Split(N_("By project manager"), "manager", ("M-10.effective", "M-12")),
            Split(N_("By foreman"), "foreman", ("M-10.effective", "M-12")),
            Split(N_("By designer"), "designer", ("M-10.effective", "M-12")),
            Cases(N_("Problems by department, the late ones first", "report"), "slips_by_department"),
            Cases(N_("Open liaison slips"), "open_slips"),
            Cases(N_("What came again", "report"), "repeats"),
            Trend(N_("Effective and satisfied, the last weeks"), ("M-11", "M-12")),
            *WORDS,
        ),
        _weekday("report_day_rp01", ends_before=2), form="F-29",
    ),
    Report(
        "RP-02", N_("Weekly report"), (R.HR, R.DESIGN, R.ENGINEERING),
        (
            Tiles(KEY_FIGURES, ("M-02", "M-11", "M-20", "M-22", "M-31", "M-41", "M-45", "M-95")),
            Board(N_("Drawing reviews"), _all(("M-01", "M-05"))),
            Board(N_("Follow-up calls", "metrics"), _all(("M-10", "M-14"))),
            Board(N_("Complaints"), _all(("M-20", "M-29"))),
            Board(N_("Pre-acceptances"), _all(("M-30", "M-34"))),
            Board(N_("Repairs"), _all(("M-40", "M-45"))),
            Board(N_("Cancellations and limits", "report"), ("M-50", "M-50.amount", "M-95")),
            Trend(N_("Complaints registered and repairs reported, the last weeks"), ("M-20", "M-40"), 8),
            Cases(N_("Open cases older than seven days"), "old_cases"),
            Cases(N_("What came again", "report"), "repeats"),
            *WORDS,
        ),
        _weekday("report_day_rp02"),
    ),
    Report(
        "RP-03", N_("Weekly work report to the operating meeting"), (R.GM,),
        (
            Tiles(KEY_FIGURES, ("M-11", "M-12", "M-20", "M-22", "M-31", "M-41", "M-29.escalations", "M-95")),
            Board(
                N_("Work done", "report"),
                ("M-01", "M-10.effective", "M-14", "M-22", "M-29.paid", "M-30", "M-40", "M-50", "M-60", "M-62"),
            ),
            Trend(N_("Complaints registered, the last weeks"), ("M-20",), 8),
            Cases(N_("Key cases", "report"), "key_cases"),
            Cases(N_("Departments in time", "report"), "departments"),
            Cases(N_("Limits missed, by person", "report"), "missed_by_person"),
            ANALYSIS, PLAN, HELP,
        ),
        _weekday("report_day_rp03", stays=True), time_setting="report_saturday_time",
    ),
    Report(
        "RP-04", N_("Monthly report of customer satisfaction"), (R.HEADQUARTERS,),
        (
            Tiles(KEY_FIGURES, ("M-70.surveys", "M-70", "M-70.unsatisfied", "M-71", "M-72")),
            Split(N_("By dimension"), "dimension", ("M-71", "M-71.satisfied", "M-71.unsatisfied")),
            *(
                Split(title, by, ("M-70.surveys", "M-70", "M-70.unsatisfied"))
                for title, by in (
                    (N_("By store"), "store"), (N_("By designer"), "designer"),
                    (N_("By project manager"), "manager"), (N_("By foreman"), "foreman"),
                )
            ),
            Cases(N_("What customers were not satisfied with", "report"), "unsatisfied_surveys"),
            Trend(N_("Satisfied customers, the last months"), ("M-70",)),
            *WORDS,
        ),
        _fixed(Monthly(25)),
    ),
    Report(
        "RP-05", N_("Monthly report"), (R.GM,),
        (
            Tiles(KEY_FIGURES, ("M-02", "M-11", "M-20", "M-22", "M-31", "M-41", "M-61", "M-95")),
            Cases(N_("Key cases", "report"), "key_cases"),
            Board(N_("Drawing reviews"), _all(("M-01", "M-05"))),
            Trend(N_("First-pass rate, the last periods"), ("M-02", "M-05")),
            Split(N_("Reviews by designer", "report"), "designer", ("M-01", "M-02", "M-03", "M-04.warnings", "M-04.deductions")),
            Board(N_("Follow-up calls", "metrics"), _all(("M-10", "M-14"))),
            Trend(N_("Effective and satisfied, the last periods", "report"), ("M-11", "M-12")),
            Split(N_("Calls by stage", "report"), "stage", ("M-10", "M-10.effective", "M-11", "M-12")),
            Split(N_("Calls by project manager", "report"), "manager", ("M-10.effective", "M-12")),
            Board(N_("Complaints"), _all(("M-20", "M-29"))),
            Trend(N_("Complaints and repairs, the last periods"), ("M-20", "M-40")),
            Trend(N_("Closing rate and pass rates, the last periods"), ("M-22", "M-31", "M-02")),
            Split(N_("Complaints by category", "report"), "category", ("M-20", "M-20.unfounded", "M-22", "M-27", "M-28")),
            Split(N_("Complaints by department", "report"), "department", ("M-20", "M-22", "M-23", "M-26", "M-27")),
            Split(N_("Compensation by who bears it", "report"), "bearer", ("M-29.borne",)),
            Cases(N_("Root causes and improvements", "report"), "root_causes"),
            Board(N_("Pre-acceptances"), _all(("M-30", "M-34"))),
            Split(N_("Pre-acceptances by foreman", "report"), "foreman", ("M-30", "M-31", "M-32", "M-33")),
            Board(N_("Repairs"), _all(("M-40", "M-45"))),
            Trend(N_("On site and satisfied, the last periods", "report"), ("M-41", "M-45")),
            Split(N_("Repairs by trade", "report"), "trade", ("M-40",)),
            Split(N_("Cost of repairs by who bears it", "report"), "bearer", ("M-44",)),
            Board(N_("Cancellations", "metrics"), _all(("M-50", "M-53"))),
            Board(N_("Reception and business", "metrics"), _all(("M-60", "M-63"))),
            Trend(N_("Contacts and contracts, the last periods"), ("M-60", "M-62")),
            Split(N_("Contacts by channel", "report"), "channel", ("M-60", "M-63")),
            Board(N_("Satisfaction, files, club", "report"), _all(("M-70", "M-72"), ("M-80", "M-80"), ("M-90", "M-90"))),
            Trend(N_("Satisfied customers, the last periods", "report"), ("M-70",)),
            Split(N_("Satisfaction by dimension", "report"), "dimension", ("M-71",)),
            Board(N_("Discipline of limits", "metrics"), _all(("M-95", "M-97"))),
            Trend(N_("Limits missed, the last periods", "report"), ("M-95",)),
            Split(N_("Limits missed, by limit", "report"), "code", ("M-95",)),
            Split(N_("Limits missed, by person", "report"), "person", ("M-95",)),
            Split(N_("Penalties by kind", "report"), "kind", ("M-96", "M-96.amount")),
            Cases(N_("Open cases older than seven days"), "old_cases"),
            History(N_("All figures over six periods", "report"), _all(("M-01", "M-97"))),
            *WORDS, PLAN,
        ),
        _fixed(FourthWednesday()),
    ),
    Report(
        "RP-06", N_("Analysis of customer complaints"), (R.DEPARTMENTS, R.GM),
        (
            Tiles(KEY_FIGURES, ("M-20", "M-21", "M-22", "M-23", "M-26", "M-27", "M-28", "M-29.escalations")),
            Trend(N_("Complaints and closing rate, the last months"), ("M-20",)),
            Cases(N_("Statistics of customer complaints (F-17)"), "complaint_statistics"),
            *(Split(title, by, OUTCOME) for title, by in COMPLAINTS_BY),
            *(Split(title, by, ON_TIME) for title, by in COMPLAINTS_IN_TIME_BY),
            Split(N_("Compensation by who bears it", "report"), "bearer", ("M-29.borne",)),
            Board(N_("All figures of complaints", "report"), _all(("M-20", "M-29"))),
            Cases(N_("Root causes and improvements", "report"), "root_causes"),
            *WORDS,
        ),
        _fixed(MonthEnd()), form="F-17",
    ),
    Report(
        "RP-07", N_("Drawing reviews with deductions"), (R.HR, R.DESIGN),
        (
            Tiles(KEY_FIGURES, _all(("M-01", "M-05"))[:4]),
            Split(N_("By designer"), "designer", ("M-01", "M-02", "M-03", "M-04.warnings", "M-04.deductions")),
            Split(N_("By store"), "store", ("M-01", "M-02", "M-03")),
            Cases(N_("Warnings and deductions one by one", "report"), "review_penalties"),
            Trend(N_("First-pass rate, the last periods"), ("M-02",)),
            *WORDS,
        ),
        _and_weekly(_weekday("report_day_rp02"), MonthEnd()), roles=(Role.REVIEWER,),
    ),
    Report(
        "RP-08", N_("Summary of follow-up calls for appraisal"), (R.HR,),
        (
            Tiles(KEY_FIGURES, ("M-10.effective", "M-11", "M-12", "M-12.unsatisfied")),
            Split(N_("By designer"), "designer", ("M-10.effective", "M-12", "M-12.designer", "M-12.unsatisfied")),
            Split(N_("By project manager"), "manager", ("M-10.effective", "M-12", "M-12.manager", "M-12.unsatisfied")),
            Split(N_("By foreman"), "foreman", ("M-10.effective", "M-12", "M-12.foreman", "M-12.unsatisfied")),
            Split(N_("By supervisor"), "supervisor", ("M-10.effective", "M-12", "M-12.supervisor", "M-12.unsatisfied")),
            Cases(N_("Unsatisfied cases", "report"), "unsatisfied_calls"),
            *WORDS,
        ),
        _fixed(MonthEnd()),
    ),
    Report(
        "RP-09", N_("Summary of the complaint log"), (R.DEPUTY_GM,),
        (
            Tiles(KEY_FIGURES, ("M-20", "M-20.unfounded", "M-22")),
            Cases(N_("Complaint log", "report"), "complaint_log"),
            ANALYSIS,
        ),
        _fixed(AfterMonth(working_day=3)), roles=(Role.FRONT_DESK,),
    ),
    Report(
        "RP-10", N_("Monthly material for the group"), (R.CULTURE,),
        (
            ANALYSIS,
            Cases(N_("Activities", "report"), "activities"),
            Cases(N_("Praise of customers", "report"), "praise"),
            Cases(N_("Homes that may be visited", "report"), "open_homes"),
        ),
        _fixed(AfterMonth(day=5)),
    ),
    Report(
        "RP-11", N_("Reminder of the attendance list"), (R.HR,), (ATTENDANCE, ANALYSIS),
        _fixed(Monthly(25, whole_month=True)), roles=(Role.FRONT_DESK,),
    ),
    Report(
        "RP-12", N_("Analysis of service quality"), (R.MANAGER,),
        (
            Tiles(KEY_FIGURES, ("M-11", "M-12", "M-24", "M-45", "M-63", "M-70")),
            Trend(N_("Answered and satisfied, the last periods"), ("M-63", "M-12", "M-70")),
            Split(N_("Calls by specialist"), "owner", ("M-10.effective", "M-11", "M-12")),
            ANALYSIS, MEASURES,
        ),
        _fixed(Monthly(22)),
    ),
    Report(
        "RP-13", N_("Analysis of window business"), (R.GM, R.MARKETING),
        (
            Tiles(KEY_FIGURES, ("M-60", "M-60.leads", "M-61", "M-62", "M-63.satisfied", "M-70")),
            Split(N_("By channel"), "channel", ("M-60", "M-63", "M-63.satisfied")),
            Split(N_("By kind of contract"), "kind", ("M-62",)),
            Split(N_("By contract amount"), "band", ("M-62",)),
            Split(N_("New leads by source"), "source", ("M-60.leads",)),
            Trend(N_("Contacts and contracts, the last periods"), ("M-60", "M-62")),
            Trend(N_("Closing rate and satisfaction, the last periods", "report"), ("M-61", "M-63.satisfied", "M-70")),
            *WORDS,
        ),
        _fixed(FourthWednesday()),
    ),
    Report(
        "RP-14", N_("Report on duties and plan of next month"), (R.GM,),
        (
            Tiles(KEY_FIGURES, ("M-11", "M-20", "M-22", "M-31", "M-41", "M-70", "M-61", "M-95")),
            ANALYSIS, PLAN, HELP,
        ),
        _fixed(Monthly(25, whole_month=True)),
    ),
    Report(
        "RP-15", N_("Duty statistics"), (R.MANAGER,),
        (
            Tiles(KEY_FIGURES, ("M-97", "M-97.answered", "M-20", "M-40")),
            Split(N_("Calls by kind"), "kind", ("M-97", "M-97.answered")),
            Cases(N_("Accepted, urged, fed back, called", "report"), "duty"),
            Cases(N_("Open cases older than seven days"), "old_cases"),
            ANALYSIS,
        ),
        _fixed(Both(EachDay(), Weekly(1))),
    ),
    Report(
        "RP-16", N_("Analysis of cancellations"), (R.GM,),
        (
            Tiles(KEY_FIGURES, ("M-50", "M-50.amount", "M-51", "M-53")),
            Split(N_("By liability"), "liability", ("M-52",)),
            Trend(N_("Cancellations, the last periods"), ("M-50",)),
            *WORDS,
        ),
        _fixed(FourthWednesday()),
    ),
    Report(
        "RP-17", N_("Notice of completed works"), (R.FINANCE,),
        (Cases(N_("Completed works", "report"), "completed"), Cases(N_("Homes that may be visited", "report"), "open_homes")),
        _weekday("report_day_rp02"),
    ),
)  # fmt: skip

REPORTS: dict[str, Report] = {report.code: report for report in _DECLARED}


def keys_of(report: Report) -> list[str]:
    """The metrics that a report shows, each once."""
    found = [key for part in report.sections if not isinstance(part, Cases | Note | Said) for key in part.keys]
    return [key for key in dict.fromkeys(found) if key in METRICS]
