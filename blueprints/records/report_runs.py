"""Reports: the page with its figures, asking for one, words beside the figures, signing, delivering, the calendar."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from flask import Response, flash, g, request, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from blueprints.forms import ChoiceField, EmailField, LocalDateField, NameField, TermField, TextField
from blueprints.http import find_or_404, page, polled, requires, see_other
from blueprints.records import blueprint, editing, showing
from blueprints.records.exports import MIMES
from blueprints.records.forms.base import RecordForm
from blueprints.records.steps import Desk, StepForm, StepPages
from portal import clock, formatting, i18n, visibility
from portal.db import session, transaction
from portal.errors import DomainError, NotFound, Stale
from portal.i18n import N_, _, _p
from portal.models.event import EventKind
from portal.models.export import ExportFormat
from portal.models.org import User
from portal.models.report import ReportRun
from portal.permissions import Permission, may
from portal.processes.report import PROCESS, Action, Delivered, Recipient, Way
from portal.reports import drawing, due, workbook
from portal.reports.catalogue import REPORTS
from portal.services import calendars, events, reports
from portal.services.fields import Field, link

P = Permission
PATH = "/report-runs/<number>"
L = PROCESS.field_labels
AHEAD_DAYS = 35
FIELDS: dict[str, Field] = {
    "code": Field(N_("Code")),
    "period_from": Field(N_("First day", "metrics")),
    "period_to": Field(N_("Last day", "metrics")),
    "due_at": Field(N_("To be delivered by")),
    "edition": Field(N_("Edition")),
    "corrects_id": link(N_("Corrects"), ReportRun),
    "why": Field(N_("What was corrected")),
    "asked_by_id": link(N_("Asked for by"), User),
    "drafted_at": Field(N_("Figures as of")),
    "calendar_version": Field(N_("Working calendar, version")),
    "signed_by_id": link(N_("Signed by"), User),
    "signed_at": Field(N_("Signed at")),
    "sent_at": Field(N_("Delivered at")),
    **{name: Field(label) for name, label in L.items()},
}
ALWAYS = ("code", "period_from", "period_to", "due_at", "edition", "drafted_at", "signed_by_id", "signed_at", "sent_at")


@blueprint.get(PATH)
@requires(P.REPORT_VIEW)
def report_run(number: str) -> ResponseReturnValue:
    """The report: its figures on the first tab, who got it, files and changes."""
    run = find_or_404(ReportRun, number, reports.NAMED)
    report = REPORTS[run.code]
    period = drawing.title_of_period(due.Period(run.period_from, run.period_to))
    names = tuple(name for name in FIELDS if name not in L and (name in ALWAYS or getattr(run, name) is not None))
    return showing.show(
        run,
        f"{run.code} {report.title}",
        FIELDS,
        ((N_("About this report"), names),),
        meta=[(period, ""), *((Recipient.show(each), "") for each in report.recipients)],
        actions=_actions(run),
        tabs=[_deliveries(run)] if run.deliveries else [],
        notes=_notes(run),
        template="records/reports/run.html",
        parts=_parts(run),
        **_waiting(run),
    )


@blueprint.get(f"{PATH}/progress")
@requires(P.REPORT_VIEW)
@polled
def report_progress(number: str) -> ResponseReturnValue:
    """How far it has come; once the figures are there, the whole page with its state and buttons."""
    run = find_or_404(ReportRun, number, reports.NAMED)
    waiting = _waiting(run)
    if not waiting["progress_url"]:
        return see_other(editing.path(run))
    return page("records/reports/parts.html", parts=[], **waiting)


def _waiting(run: ReportRun) -> dict[str, Any]:
    """Where the page asks again while the figures are drawn up, or that they do not come by themselves."""
    gave_up = reports.is_given_up(session(), run)
    waits = run.content is None and not gave_up
    return {
        "progress_url": f"{editing.path(run)}/progress" if waits else "",
        "sections": (run.sections_done or 0, len(REPORTS[run.code].sections)),
        "gave_up": gave_up,
    }


def _parts(run: ReportRun) -> list[drawing.Part]:
    words = {name: getattr(run, name) for name in reports.WORDS}
    return drawing.draw(run.content, words, links=True) if run.content else []


def _actions(run: ReportRun) -> list[dict[str, Any]]:
    base = editing.path(run)
    found = []
    if run.content and not run.is_frozen and may(g.user, P.REPORT_GENERATE):
        found.append({"label": _("Write beside the figures"), "url": f"{base}/words", "icon": "pencil", "key": "e"})
    if run.content and may(g.user, P.REPORT_EXPORT):
        found.append({"label": _("Take out as a workbook"), "url": f"{base}/xlsx", "icon": "download"})
    if run.is_frozen and may(g.user, P.REPORT_GENERATE):
        found.append({"label": _("Make a correction"), "url": f"{base}/correct", "icon": "history"})
    return found


def _notes(run: ReportRun) -> list[tuple[str, str]]:
    found = []
    if run.is_late and run.due_at is not None:
        found.append(
            ("alert-triangle", _("Late: it was to be delivered by %(due)s.", due=formatting.stamp(run.due_at)))
        )
    newer = session().scalar(select(ReportRun.number).where(ReportRun.corrects_id == run.id))
    if newer:
        found.append(("history", _("There is a corrected edition: %(number)s.", number=newer)))
    return found


def _deliveries(run: ReportRun) -> showing.Tab:
    def content() -> list[showing.Table]:
        head = [
            (_("Recipient"), ""), (_("State"), ""), (_("How"), ""), (_p("report", "Who took it"), "fill"),
            (_("Delivered at"), "num"), ("", ""),
        ]  # fmt: skip
        rows: list[list[Any]] = []
        for each in run.deliveries:
            is_open = each.state in (Delivered.WAITING, Delivered.FAILED) and run.is_frozen
            rows.append(
                [
                    Recipient.show(each.recipient),
                    Delivered.show(each.state),
                    Way.show(each.way) if each.way else formatting.DASH,
                    " ".join(filter(None, (each.name, each.address, each.answer))) or formatting.DASH,
                    formatting.moment(each.sent_at) if each.sent_at else formatting.DASH,
                    (_("Deliver"), f"{editing.path(run)}/deliveries/{each.id}")
                    if is_open and may(g.user, P.REPORT_SEND)
                    else "",
                ]
            )
        return [showing.Table(_("Recipients"), head, rows, "")]

    waiting = sum(each.state != Delivered.SENT for each in run.deliveries)
    return showing.Tab("delivery", _("Delivery"), content, waiting)


# ---------- Asking ----------


class AskForm(RecordForm):
    """Which report, about which days."""

    code = ChoiceField(N_("Report"), choices=[])
    first = LocalDateField(N_("First day", "metrics"), required=True)
    last = LocalDateField(N_("Last day", "metrics"), required=True)
    SECTIONS = ((N_("Report"), ("code", "first", "last")),)
    WIDE = frozenset({"code"})


@blueprint.route("/report-runs/new", methods=["GET", "POST"])
@requires(P.REPORT_GENERATE)
def new_report() -> ResponseReturnValue:
    """Have a report drawn up for any days; the usual ones of the report are filled in."""
    form, today = AskForm(), clock.today(clock.now())
    codes = reports.reports_of(g.user.role)
    form.code.choices = [(code, f"{code} {REPORTS[code].title}") for code in codes]
    if not form.is_submitted():
        wanted = request.args.get("report", "")
        form.code.data = wanted if wanted in codes else codes[0]
        rule = reports.rule_of(session(), REPORTS[form.code.data])
        usual = due.usual(rule, today, calendars.current(session()))
        form.first.data, form.last.data = usual.first, usual.last

    def make(writing: Session) -> str:
        command = reports.AskReport(str(form.code.data), form.first.data, form.last.data)
        return editing.path(reports.ask(writing, command, actor=g.user, at=clock.now()))

    return editing.create(form, showing.sheet(_("Have a report drawn up"), None, ReportRun.KIND), make)


# ---------- Words, steps, corrections ----------


class WordsForm(RecordForm):
    """What is said beside the figures."""

    analysis = TextField(L["analysis"], limit=6000, rows=6)
    measures = TextField(L["measures"], limit=6000, rows=4)
    plan = TextField(L["plan"], limit=6000, rows=4)
    help = TextField(L["help"], limit=6000, rows=3)
    SECTIONS = ((N_("Beside the figures"), tuple(L)),)
    FIELDS = reports.FIELDS
    WIDE = frozenset(L)

    def fill(self, record: Any) -> None:
        for name in L:
            self[name].data = getattr(record, name)

    def command(self) -> reports.WriteWords:
        """What was written."""
        return reports.WriteWords(*(self[name].data for name in L))


@blueprint.route(f"{PATH}/words", methods=["GET", "POST"])
@requires(P.REPORT_GENERATE)
def report_words(number: str) -> ResponseReturnValue:
    """Write analysis, measures, plan and what help is needed."""
    form = WordsForm()

    def act(writing: Session, run: ReportRun) -> None:
        if form.seen_version() != run.version:
            raise Stale()
        reports.write(writing, run, form.command(), actor=g.user, at=clock.now())

    run = _find(number)
    if run.is_frozen:
        raise DomainError(N_("The report is signed: its figures and words stand still. A correction is a new edition."))
    return editing.change(form, showing.sheet(_("Beside the figures"), run, ReportRun.KIND), lambda: _find(number), act)


class SignForm(StepForm):
    """The manager's words, and the signature."""

    analysis = TextField(L["analysis"], limit=6000, rows=5)
    measures = TextField(L["measures"], limit=6000, rows=4)
    plan = TextField(L["plan"], limit=6000, rows=3)
    help = TextField(L["help"], limit=6000, rows=2)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            for name in L:
                self[name].data = getattr(desk.record, name)

    def told(self, desk: Desk) -> list[str]:
        return [_("With the signature the figures are measured once more and stand still from then on.")]

    def to_command(self, desk: Desk) -> reports.WriteWords:
        return reports.WriteWords(*(self[name].data for name in L))


class RefreshForm(StepForm):
    """Nothing is asked."""

    def told(self, desk: Desk) -> list[str]:
        return [_("The figures are measured anew from the records as they are now. What was written stays.")]

    def to_command(self, desk: Desk) -> None:
        return None


def _refresh(writing: Session, run: ReportRun, _command: None, *, actor: User, at: Any) -> None:
    reports.refresh(writing, run, actor=actor, at=at)


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.REPORT_GENERATE)
def report_step(number: str, action: str) -> ResponseReturnValue:
    """One step of a report: its form, and carrying it out."""
    return STEPS.show(number, action)


class CorrectForm(RecordForm):
    """Why there is a new edition."""

    why = TextField(N_("What is corrected, and why"), limit=1000, rows=3, required=True)
    SECTIONS = ((N_("Correction"), ("why",)),)
    WIDE = frozenset({"why"})


@blueprint.route(f"{PATH}/correct", methods=["GET", "POST"])
@requires(P.REPORT_GENERATE)
def correct_report(number: str) -> ResponseReturnValue:
    """A new edition of a signed report, drawn up from the records as they are now; the signed one stays as it is."""
    form, run = CorrectForm(), _find(number)

    def make(writing: Session) -> str:
        made = reports.correct(writing, _find(number), form.why.data, actor=g.user, at=clock.now())
        return editing.path(made)

    return editing.create(form, showing.sheet(_("Make a correction"), run, ReportRun.KIND), make)


# ---------- Delivering ----------


class DeliverForm(RecordForm):
    """How a recipient gets it."""

    way = TermField(N_("How"), Way, required=True)
    name = NameField(N_("Who takes it"), required=False)
    address = EmailField(N_("E-mail address"))
    SECTIONS = ((N_("Delivery"), ("way", "name", "address")),)


@blueprint.route(f"{PATH}/deliveries/<int:delivery_id>", methods=["GET", "POST"])
@requires(P.REPORT_SEND)
def deliver_report(number: str, delivery_id: int) -> ResponseReturnValue:
    """Deliver a signed report to one recipient: by e-mail with the PDF, or noted as handed over."""
    form, run = DeliverForm(), _find(number)
    delivery = next((each for each in run.deliveries if each.id == delivery_id), None)
    if delivery is None:
        raise NotFound()
    if not form.is_submitted():
        form.name.data, form.address.data = reports.known_address(session(), delivery.recipient)
        form.way.data = Way.EMAIL if form.address.data else Way.PAPER

    def make(writing: Session) -> str:
        fresh = _find(number)
        command = reports.Deliver(
            delivery_id, str(form.way.data), form.name.data, form.address.data, locale=i18n.locale()
        )  # fmt: skip
        reports.deliver(writing, fresh, command, actor=g.user, at=clock.now())
        return f"{editing.path(fresh)}?tab=delivery"

    title = _("Deliver to: %(recipient)s", recipient=Recipient.show(delivery.recipient))
    answer = editing.create(form, showing.sheet(title, run, ReportRun.KIND), make)
    if getattr(answer, "status_code", 200) in (204, 303):
        flash(_("Saved."), "done")
    return answer


@blueprint.get(f"{PATH}/xlsx")
@requires(P.REPORT_EXPORT)
def export_report(number: str) -> ResponseReturnValue:
    """The report as a workbook with the same figures; taken out is written down."""
    with transaction() as writing:
        run = find_or_404(ReportRun, number, reports.NAMED)
        if run.content is None:
            raise NotFound()
        title = f"{run.code} {REPORTS[run.code].title}"
        content = workbook.write(title, about(run), _parts(run))
        name = f"{run.code}-{run.period_from:%Y%m%d}-{run.period_to:%Y%m%d}.xlsx"
        events.record(
            writing, EventKind.EXPORT, at=clock.now(), actor=g.user, action="export", record=run, name=name,
            format=ExportFormat.XLSX.value, full_phones=False,
        )  # fmt: skip
    answer: Response = send_file(
        io.BytesIO(content), mimetype=MIMES[ExportFormat.XLSX], as_attachment=True, download_name=name
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def about(run: ReportRun) -> list[tuple[str, str]]:
    """What the first sheet of a workbook says of a report."""
    period = drawing.title_of_period(due.Period(run.period_from, run.period_to))
    return [
        (_("Number"), run.number),
        (_("Period"), period),
        (_("State"), str(PROCESS.state(run.state).label)),
        (_("Edition"), str(run.edition)),
        (_("Figures as of"), formatting.stamp(run.drafted_at)),
        (_("Signed by"), run.signed_by.name if run.signed_by else formatting.DASH),
    ]


# ---------- The calendar ----------


@blueprint.get("/report-calendar")
@requires(P.REPORT_VIEW)
def report_calendar() -> ResponseReturnValue:
    """Which reports fall due in the next weeks, about which days, and those that were made already."""
    today = clock.today(clock.now())
    codes = reports.reports_of(g.user.role)
    calendar = calendars.current(session())
    last = today + timedelta(days=AHEAD_DAYS)
    found = [
        (report, each)
        for report, each in reports.calendar_of(session(), today - timedelta(days=40), last)
        if report.code in codes and today <= each.due_on <= last
    ]
    made = {
        (run.code, run.period_from, run.period_to): run
        for run in session().scalars(
            visibility.visible_to(g.user, ReportRun).where(
                ReportRun.period_to >= today - timedelta(days=80), ReportRun.due_at.is_not(None)
            )
        )
    }
    rows = []
    for report, each in sorted(found, key=lambda pair: (pair[1].due_on, pair[0].code)):
        run = made.get((report.code, each.period.first, each.period.last))
        rows.append(
            [
                (f"{report.code} {report.title}", editing.path(run)) if run else f"{report.code} {report.title}",
                formatting.stamp(reports.due_at(session(), report, each.due_on, calendar)),
                drawing.title_of_period(each.period),
                "、".join(Recipient.show(recipient) for recipient in report.recipients),
                str(PROCESS.state(run.state).label) if run else _("Not made yet"),
            ]
        )
    head = [
        (_("Report"), ""),
        (_("To be delivered by"), "num"),
        (_("Period"), ""),
        (_("Recipients"), "fill"),
        (_("State"), "cell-foot"),
    ]
    others = [(code, str(REPORTS[code].title)) for code in codes]
    return page(
        "records/reports/calendar.html",
        table=showing.Table(_("The next five weeks"), head, rows, _("No report falls due.")),
        others=others,
        may_ask=may(g.user, P.REPORT_GENERATE),
    )


def _find(number: str) -> ReportRun:
    return find_or_404(ReportRun, number, reports.NAMED)


STEPS = StepPages(
    find=_find,
    forms={Action.SIGN: (SignForm, reports.sign), Action.REFRESH: (RefreshForm, _refresh)},
    kinds=N_("Reports"),
    heading=lambda run: (str(REPORTS[run.code].title), f"{run.code} {run.number}"),
    shows_waiting_clocks=False,
)
