"""Reports from their due day to their recipients: made by the calendar, drawn up, signed, delivered. Source: `domain.md` 4.19, 6.1.

The figures are those of the moment of signing and never change afterwards; a correction is a run of its own.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, func, or_, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from portal import clock, outbox, settings, visibility
from portal.calendar import WorkCalendar, parse_minute
from portal.errors import DomainError, Invalid, NotPermitted
from portal.i18n import N_
from portal.metrics import Company, Period
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.outbox import Outbox, OutboxState
from portal.models.report import ReportDelivery, ReportRun
from portal.permissions import Permission, Role, may
from portal.processes.report import PROCESS, Action, Delivered, State, Way
from portal.reports import content, due
from portal.reports.catalogue import REPORTS, Report
from portal.reports.due import Due
from portal.reports.values import Block
from portal.services import calendars, events, numbering, steps
from portal.services.fields import Field, apply

P = Permission
DRAW_UP, MISS, SEND = "draw_up_report", "miss_report", "send_report"
LOOKS_BACK = timedelta(days=45)
"""How far the plan looks back for reports that were not made: further than any outage that is made up."""
LONGEST_DAYS = 1100
FIELDS = {name: Field(label) for name, label in PROCESS.field_labels.items()}
WORDS = tuple(FIELDS)
NAMED = (
    joinedload(ReportRun.asked_by),
    joinedload(ReportRun.signed_by),
    joinedload(ReportRun.corrects),
    selectinload(ReportRun.deliveries).joinedload(ReportDelivery.by),
)


# ---------- Who sees which ----------


def reports_of(role: str) -> tuple[str, ...]:
    """The codes of the reports a role sees and may have drawn up (7.1)."""
    if role in (Role.MANAGER, Role.SPECIALIST):
        return tuple(REPORTS)
    return tuple(code for code, report in REPORTS.items() if role in report.roles)


@visibility.rule(ReportRun)
def seen(viewer: visibility.Viewer) -> ColumnElement[bool]:
    """The reports of one's role, of the whole company for those who see every branch, else of the branch."""
    codes = reports_of(viewer.role)
    if not codes:
        return false()
    of_role = ReportRun.code.in_(codes)
    return of_role if viewer.branch_id is None else and_(of_role, ReportRun.branch_id == viewer.branch_id)


# ---------- The calendar ----------


def rule_of(session: Session, report: Report) -> due.Rule:
    """When a report comes back, by the settings in force."""
    return report.rule(lambda key: settings.get(session, key))


def due_at(session: Session, report: Report, due_on: date, calendar: WorkCalendar) -> datetime:
    """The moment a report is due on its day."""
    return calendar.moment(due_on, parse_minute(settings.get(session, report.time_setting)))


def wanted(session: Session) -> list[Report]:
    """The reports that the calendar makes, by the settings."""
    off = {line.strip().upper() for line in settings.get(session, "reports_off") if line.strip()}
    return [report for report in REPORTS.values() if report.code not in off]


def calendar_of(session: Session, first: date, last: date) -> Iterator[tuple[Report, Due]]:
    """What is drawn up on which of these days, both included."""
    calendar = calendars.current(session)
    for report in wanted(session):
        for each in due.made_between(rule_of(session, report), first, last, calendar):
            yield report, each


def make_due(session: Session, until: date, since: date, *, at: datetime) -> list[ReportRun]:
    """Make every report whose day has come and that is not there, each once. Gives those that were made."""
    made = []
    known = {
        (code, first, last)
        for code, first, last in session.execute(
            select(ReportRun.code, ReportRun.period_from, ReportRun.period_to).where(ReportRun.due_at.is_not(None))
        )
    }
    for report, each in calendar_of(session, max(since, until - LOOKS_BACK), until):
        if (report.code, each.period.first, each.period.last) not in known:
            made.append(make(session, report, each, at=at))
    return made


def make(session: Session, report: Report, each: Due, *, at: datetime) -> ReportRun:
    """One report of the calendar: its clock runs, the worker draws it up, and at its time it is late unless signed."""
    run = _new(session, report, each.period, at)
    run.due_at = due_at(session, report, each.due_on, calendars.current(session))
    steps.begin(session, run, Action.MAKE, actor=None, at=at, entered={})
    _have_drawn_up(session, run, at=at)
    outbox.post(session, MISS, key=f"report-late:{run.id}", at=at, run_after=run.due_at, run_id=run.id)
    return run


def _new(session: Session, report: Report, period: Period, at: datetime) -> ReportRun:
    return ReportRun(
        number=numbering.next_number(session, ReportRun.PREFIX, at),
        code=report.code,
        period_from=period.first,
        period_to=period.last,
    )


def _have_drawn_up(session: Session, run: ReportRun, *, at: datetime, actor: User | None = None) -> None:
    outbox.post(
        session, DRAW_UP, key=f"report:{run.id}:{at.isoformat()}", at=at, queue="pdf",
        made_by_id=actor.id if actor else None, run_id=run.id,
    )  # fmt: skip


def is_given_up(session: Session, run: ReportRun) -> bool:
    """Whether drawing it up was tried until it was given up, so that nobody waits for figures that do not come (P19)."""
    if run.content is not None:
        return False
    left = select(Outbox.state).where(
        Outbox.state.in_((OutboxState.PENDING, OutboxState.LEASED, OutboxState.DEAD)),
        Outbox.kind == DRAW_UP,
        Outbox.key.startswith(f"report:{run.id}:"),
    )
    return set(session.scalars(left)) == {OutboxState.DEAD}


# ---------- By hand ----------


@dataclass(frozen=True, slots=True)
class AskReport:
    """A report about any days."""

    code: str
    first: date
    last: date


def ask(session: Session, command: AskReport, *, actor: User, at: datetime) -> ReportRun:
    """Have a report drawn up for any days, of one's branch or of the company. Raises Invalid, NotPermitted."""
    report = REPORTS.get(command.code)
    if report is None or command.code not in reports_of(actor.role):
        raise Invalid({"code": N_("There is no such report.")})
    period = checked_period(command.first, command.last, at)
    _check_is_new(session, report, period, actor.branch_id)
    run = _new(session, report, period, at)
    run.branch_id, run.asked_by_id = actor.branch_id, actor.id
    steps.begin(session, run, Action.ASK, actor=actor, at=at, entered={})
    _have_drawn_up(session, run, at=at, actor=actor)
    return run


def _check_is_new(session: Session, report: Report, period: Period, branch_id: int | None) -> None:
    """One first edition about the same days. Raises Invalid with the number of the one that is there."""
    of_branch = ReportRun.branch_id.is_(None) if branch_id is None else ReportRun.branch_id == branch_id
    same = (ReportRun.code == report.code, ReportRun.period_from == period.first, ReportRun.period_to == period.last)
    known = session.scalars(select(ReportRun).where(*same, of_branch).order_by(ReportRun.id.desc()).limit(1)).first()
    if known is None:
        return
    if known.is_frozen:
        raise Invalid(
            {"last": N_("%(number)s about these days is signed: make a correction of it.") % {"number": known.number}}
        )
    raise Invalid(
        {"last": N_("%(number)s about these days is there: have it drawn up again.") % {"number": known.number}}
    )


def checked_period(first: date, last: date, at: datetime) -> Period:
    """The days, if a report can be about them. Raises Invalid."""
    if last < first:
        raise Invalid({"last": N_("The last day lies before the first.")})
    if first > clock.today(at):
        raise Invalid({"first": N_("These days have not come yet.")})
    if (last - first).days > LONGEST_DAYS:
        raise Invalid({"last": N_("A report is about three years at most.")})
    return Period(first, last)


@dataclass(frozen=True, slots=True)
class WriteWords:
    """What people say to the figures."""

    analysis: str | None = None
    measures: str | None = None
    plan: str | None = None
    help: str | None = None


def write(session: Session, run: ReportRun, command: WriteWords, *, actor: User, at: datetime) -> None:
    """Write what stands beside the figures, before it is signed. Raises DomainError, NotPermitted."""
    if not may(actor, P.REPORT_GENERATE):
        raise NotPermitted(N_("Only those who draw up reports write beside the figures."))
    if run.is_frozen:
        raise DomainError(N_("The report is signed: its figures and words stand still. A correction is a new edition."))
    _keep(session, run, command, actor=actor, at=at)


def _keep(session: Session, run: ReportRun, command: WriteWords, *, actor: User, at: datetime) -> None:
    apply(session, run, {name: getattr(command, name) for name in WORDS}, FIELDS, actor=actor, at=at)


# ---------- Drawing up ----------


@dataclass(frozen=True, slots=True)
class Draft:
    """A run whose figures are to be measured: which report about which days, of which branch (None: the company)."""

    run_id: int
    code: str
    period: Period
    branch_id: int | None

    @classmethod
    def of(cls, run: ReportRun) -> Draft:
        """That of a run."""
        return cls(run.id, run.code, Period(run.period_from, run.period_to), run.branch_id)


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of a draft at a moment, by the working calendar of that day."""

    content: Block
    calendar_version: str
    at: datetime


def measure(session: Session, draft: Draft, *, at: datetime, told: Callable[[int], None] | None = None) -> Measured:
    """Read the figures as they are now. `told` hears after each section how many there are."""
    report, version = REPORTS[draft.code], calendars.current(session).version
    days = period_of(session, report, draft.period)
    return Measured(
        content.draw_up(session, Company(draft.branch_id), report, days, at=at, calendar=version, told=told),
        version,
        at,
    )


def period_of(session: Session, report: Report, days: Period) -> due.ReportPeriod:
    """The days of a report, which by its rule know those of the report before."""
    rule, calendar = rule_of(session, report), calendars.current(session)
    return due.ReportPeriod(days.first, days.last, rule=rule, calendar=calendar)


def take_up(session: Session, run_id: int) -> Draft | None:
    """Note that its figures are being measured. None: it is signed already, or gone."""
    run = session.get(ReportRun, run_id, with_for_update=True)
    if run is None or run.is_frozen:
        return None
    progress(session, run.id, 0)
    return Draft.of(run)


def progress(session: Session, run_id: int, done: int) -> None:
    """Write how many sections are there; no change of the report itself."""
    session.execute(update(ReportRun).where(ReportRun.id == run_id).values(sections_done=done))


def put_in(session: Session, run_id: int, measured: Measured) -> None:
    """Put the figures into the run, unless it was signed or measured again meanwhile."""
    run = session.get_one(ReportRun, run_id, with_for_update=True, populate_existing=True)
    run.sections_done = None
    if not run.is_frozen and (run.drafted_at is None or run.drafted_at <= measured.at):
        _drawn_up(session, run, measured)


def draw_up(session: Session, run: ReportRun, *, at: datetime) -> bool:
    """Measure the figures as they are now and put them into the run. False: it is signed already, nothing was done."""
    if run.is_frozen:
        return False
    _drawn_up(session, run, measure(session, Draft.of(run), at=at))
    return True


def _fill(run: ReportRun, measured: Measured) -> None:
    run.content, run.calendar_version, run.drafted_at = measured.content, measured.calendar_version, measured.at


def _drawn_up(session: Session, run: ReportRun, measured: Measured) -> None:
    _fill(run, measured)
    if run.state in (State.DUE, State.LATE):
        steps.advance(session, run, Action.DRAW_UP, actor=None, at=measured.at, entered={})


def refresh(session: Session, run: ReportRun, *, actor: User, at: datetime) -> None:
    """Draw it up again, because the records changed. Raises TransitionNotAllowed, NotPermitted."""
    steps.advance(session, run, Action.REFRESH, actor=actor, at=at, entered={})
    _fill(run, measure(session, Draft.of(run), at=at))


def sign(session: Session, run: ReportRun, command: WriteWords, *, actor: User, at: datetime) -> None:
    """The manager signs: the figures are measured once more and stand still from now on.

    Raises TransitionNotAllowed, NotPermitted, ConditionsMissing.
    """
    _keep(session, run, command, actor=actor, at=at)
    run.signed_at, run.signed_by_id = at, actor.id
    steps.advance(session, run, Action.SIGN, actor=actor, at=at, entered=steps.entered_of(command))
    _fill(run, measure(session, Draft.of(run), at=at))
    session.add_all(ReportDelivery(run_id=run.id, recipient=each) for each in REPORTS[run.code].recipients)
    session.flush()
    session.refresh(run, ["deliveries"])


def miss(session: Session, run: ReportRun, *, at: datetime) -> bool:
    """DL-29: its time came and its recipients do not have it: late, which it stays in the statistics. False: they have."""
    if run.state not in (State.DUE, State.DRAFT, State.SIGNED) or run.due_at is None or at < run.due_at:
        return False
    run.is_late = True
    steps.advance(session, run, Action.MISS, actor=None, at=at, entered={})
    return True


def correct(session: Session, run: ReportRun, why: str, *, actor: User, at: datetime) -> ReportRun:
    """A new edition of a signed report, drawn up anew; the old one stays as it was. Raises DomainError, NotPermitted."""
    if not run.is_frozen:
        raise DomainError(N_("It is not signed yet: draw it up again instead."))
    if not why.strip():
        raise Invalid({"why": N_("Please say what is corrected.")})
    newest = session.scalar(
        select(func.max(ReportRun.edition)).where(
            ReportRun.code == run.code, ReportRun.period_from == run.period_from, ReportRun.period_to == run.period_to
        )
    )
    fresh = _new(session, REPORTS[run.code], Period(run.period_from, run.period_to), at)
    fresh.branch_id, fresh.asked_by_id, fresh.corrects_id = run.branch_id, actor.id, run.id
    fresh.why, fresh.edition = why.strip(), (newest or run.edition) + 1
    for name in WORDS:
        setattr(fresh, name, getattr(run, name))
    steps.begin(session, fresh, Action.ASK, actor=actor, at=at, entered={})
    draw_up(session, fresh, at=at)
    return fresh


# ---------- Delivering ----------


@dataclass(frozen=True, slots=True)
class Deliver:
    """How a recipient got it; `address` for e-mail."""

    delivery_id: int
    way: str
    name: str | None = None
    address: str | None = None
    locale: str = "zh_Hans"


def deliver(session: Session, run: ReportRun, command: Deliver, *, actor: User, at: datetime) -> None:
    """Hand it to one recipient: by e-mail the portal sends it, otherwise it is noted. The last one ends the process.

    Raises DomainError, Invalid, NotPermitted.
    """
    if not may(actor, P.REPORT_SEND):
        raise NotPermitted(N_("Only specialists and the manager deliver reports."))
    if not run.is_frozen:
        raise DomainError(N_("Only a signed report is delivered."))
    delivery = next((each for each in run.deliveries if each.id == command.delivery_id), None)
    if delivery is None:
        raise DomainError(N_("The report is not for this recipient."))
    if delivery.state in (Delivered.SENT, Delivered.SENDING):
        return
    delivery.way, delivery.name, delivery.by_id = command.way, command.name, actor.id
    delivery.address, delivery.locale = command.address, command.locale
    if command.way == Way.EMAIL:
        _by_mail(session, delivery, at=at)
    else:
        delivery.state, delivery.sent_at = Delivered.SENT, at
        _sent(session, run, delivery, actor=actor, at=at)


def _by_mail(session: Session, delivery: ReportDelivery, *, at: datetime) -> None:
    if not delivery.address or "@" not in delivery.address:
        raise Invalid({"address": N_("Please give the e-mail address.")})
    if not settings.get(session, "smtp_host"):
        raise Invalid({"way": N_("E-mail is not set up: the manager names the mail server in the settings.")})
    sender = settings.get(session, "mail_from")
    delivery.state, delivery.answer = Delivered.SENDING, None
    delivery.message_id = delivery.message_id or f"<{secrets.token_hex(16)}@{sender.rpartition('@')[2] or 'portal'}>"
    session.flush()
    outbox.post(
        session, SEND, key=f"report-mail:{delivery.id}:{at.isoformat()}", at=at, queue="pdf",
        made_by_id=delivery.by_id, delivery_id=delivery.id,
    )  # fmt: skip


def mailed(session: Session, delivery: ReportDelivery, answer: str, *, at: datetime) -> None:
    """The mail server took it."""
    delivery.state, delivery.answer, delivery.sent_at = Delivered.SENT, answer, at
    by = session.get(User, delivery.by_id) if delivery.by_id else None
    _sent(session, delivery.run, delivery, actor=by, at=at)


def _sent(session: Session, run: ReportRun, delivery: ReportDelivery, *, actor: User | None, at: datetime) -> None:
    events.record(
        session, EventKind.MESSAGE, action="deliver", actor=actor, at=at, record=run,
        to=delivery.recipient, way=delivery.way,
    )  # fmt: skip
    if run.state in (State.SIGNED, State.LATE) and all(each.state == Delivered.SENT for each in run.deliveries):
        run.sent_at = at
        steps.advance(session, run, Action.DELIVER, actor=actor, at=at, entered={})


def known_address(session: Session, recipient: str) -> tuple[str | None, str | None]:
    """Who took the last report for this recipient, and at which address."""
    row = session.execute(
        select(ReportDelivery.name, ReportDelivery.address)
        .where(ReportDelivery.recipient == recipient, ReportDelivery.state == Delivered.SENT)
        .where(or_(ReportDelivery.name.is_not(None), ReportDelivery.address.is_not(None)))
        .order_by(ReportDelivery.sent_at.desc())
        .limit(1)
    ).one_or_none()
    return (row[0], row[1]) if row else (None, None)
