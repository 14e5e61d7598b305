"""Holding an inspection: its lines, photos, presence, and what follows from its result. Source: `domain.md` 3.13, 4.11, R-14, R-15."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import clock, settings, visibility
from portal.calendar import parse_minute
from portal.errors import DomainError, Invalid
from portal.files.intake import Accepted
from portal.i18n import N_, Text, _p
from portal.models.event import EventKind
from portal.models.org import Party, User
from portal.models.pre_acceptance import (
    CheckItem,
    Inspection,
    InspectionItem,
    InspectionPhoto,
    PreAcceptance,
    RectificationNotice,
)
from portal.models.task import TaskKind
from portal.permissions import Role
from portal.processes import penalty
from portal.processes.pre_acceptance import (
    INSPECTED_FROM,
    IS_ASKED,
    LACKS_PHOTO,
    PROCESS,
    RECTIFYING,
    Absent,
    Action,
    ItemResult,
    NoticeState,
    Result,
    State,
    is_same_person,
    judge,
    unsigned,
)
from portal.services import (
    attachments,
    calendars,
    events,
    numbering,
    penalties,
    pre_acceptances,
    projects,
    steps,
    tasks,
)
from portal.services.fields import Field, term

FIELDS: dict[str, Field] = {
    "state": term(N_("State"), NoticeState),
    "reported_at": Field(N_("Said to be done at"), pre_acceptances.moment_text),
}
"""What changes on notices, as the history says it."""
NOT_APART = N_("Whoever did the work does not inspect it.")
NOT_SAID = N_("The inspection failed: choose whether this person has signed or refuses to.")
NO_REASON = N_("The inspection failed: write down why this person refuses to sign.")
OVER = N_("This inspection is finished; its lines stay as they are.")
MOST_PHOTOS = 99


def visible_to(user: User) -> Select[Inspection]:
    """The inspections that exist for this person."""
    return visibility.visible_to(user, Inspection)


@dataclass(frozen=True, slots=True)
class Judge:
    """What was found of a line. A measured value is judged by its tolerance, whatever was tapped."""

    result: str | None
    measured: Decimal | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of an inspection, and who signed F-09 and F-10: None is not said; one who refuses gives a reason, which counts for
    a failed one. `reported_at`: when the foreman said that the rectification is done, where nobody noted it before. The last
    three are for a failed one: what F-10 says."""

    inspected_at: datetime
    manager_present: bool
    foreman_present: bool
    manager_signed: bool | None = None
    foreman_signed: bool | None = None
    manager_refusal: str | None = None
    foreman_refusal: str | None = None
    reported_at: datetime | None = None
    requirement: str | None = None
    limit_on: date | None = None
    recheck_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NotHeld:
    """Who was not there at the appointed time."""

    absent: str
    inspected_at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Excuse:
    """The absence does not count; another date."""

    scheduled_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Count:
    """The absence counts as not rectified: the next limit and date."""

    reason: str
    limit_on: date
    recheck_at: datetime


@dataclass(frozen=True, slots=True)
class CountLast:
    """The absence counts as the last failure."""

    reason: str


# ---------- On site ----------


def next_number(record: PreAcceptance) -> str:
    """The number of the inspection that is being held, or of the one that is next."""
    running = record.running
    return running.number if running is not None else f"{record.number}-{len(record.inspections) + 1}"


def is_apart(record: PreAcceptance, actor: User) -> bool:
    """Whether somebody is none of those who did the work."""
    return not any(
        is_same_person(actor, party) for party in (record.foreman, record.project_manager, record.supervisor)
    )


def draft(session: Session, record: PreAcceptance, *, actor: User, at: datetime) -> Inspection:
    """The inspection that is next, as it would begin now; nothing is written. Raises DomainError: none can be held.

    The first of a cycle asks the lines of the trades the project has, a repeated one those that were not in order.
    """
    steps.check_permission(actor, PROCESS.transition(State.SCHEDULED, Action.PASS))
    if record.state not in INSPECTED_FROM:
        raise DomainError(N_("It is inspected once its date is published, and again after each rectification."))
    if record.absent is not None:
        raise DomainError(N_("An inspection could not be held; the manager decides first."))
    if not is_apart(record, actor):
        raise DomainError(NOT_APART, status=403)
    held = _new(record, actor, at)
    held.items = _lines(session, record)
    return held


def begin(
    session: Session, record: PreAcceptance, *, actor: User, at: datetime, happened_at: datetime | None = None
) -> Inspection:
    """Begin the inspection that is next, or go on with the one that is being held. `happened_at`: on a phone, before `at`."""
    if (running := record.running) is not None:
        _check_running(running, actor)
        return running
    held = draft(session, record, actor=actor, at=at)
    held.inspected_at = happened_at or at
    try:
        with session.begin_nested():
            session.add(held)
    except IntegrityError as error:  # somebody else began it at the same moment
        raise DomainError(N_("Somebody else has just begun this inspection. Open it again.")) from error
    record.inspections.append(held)
    events.record(session, EventKind.CREATED, action="begin", actor=actor, at=at, record=held)
    return held


def mark_of(item: InspectionItem) -> str:
    """What a line asks, as a short mark: a phone that kept other words is told."""
    limits = (limit.normalize() if limit is not None else None for limit in (item.low, item.high))
    asked = (item.trade, item.text, item.unit, *limits, item.is_must, item.photo_rule, item.asked_if_result)
    return sha256("|".join(map(str, asked)).encode()).hexdigest()[:12]


def judge_item(
    session: Session,
    item: InspectionItem,
    command: Judge,
    *,
    actor: User,
    at: datetime,
    happened_at: datetime | None = None,
) -> None:
    """Note what was found of a line; noted again, the last word counts. `happened_at`: on a phone, before `at`. Raises Invalid by field."""
    _check_running(item.inspection, actor)
    if command.measured is not None and not item.unit:
        raise Invalid({"measured": N_("Nothing is measured here.")})
    result, measured = command.result, command.measured
    if result == ItemResult.NOT_APPLICABLE:
        measured = None
    elif measured is not None and (item.low is not None or item.high is not None):
        result = judge(measured, item.low, item.high)
    item.result, item.measured, item.comment = result, measured, command.comment
    item.judged_at = (happened_at or at) if result else None
    item.inspection.updated_at, item.inspection.updated_by_id = at, actor.id


def skip_trade(session: Session, held: Inspection, trade: str, *, actor: User, at: datetime) -> None:
    """The project does not have this trade: its lines that are not judged yet do not apply."""
    _check_running(held, actor)
    for item in held.items:
        if item.trade == trade and item.result is None:
            judge_item(session, item, Judge(ItemResult.NOT_APPLICABLE), actor=actor, at=at)


def add_photo(session: Session, item: InspectionItem, file: Accepted, *, actor: User, at: datetime) -> InspectionPhoto:
    """Put a photo to a line; it gets the next number of the inspection. The same file twice is there once.

    Raises Invalid: it lies on another line.
    """
    held = item.inspection
    _check_running(held, actor)
    added = attachments.add(session, held, file, actor=actor, at=at, kind="PHOTO").attachment
    known = session.scalars(select(InspectionPhoto).where(InspectionPhoto.attachment_id == added.id)).one_or_none()
    if known is not None and known.item is not item:
        raise Invalid(
            {"file": N_("This photo lies on “%(line)s” already: take one of this line.") % {"line": known.item.text}}
        )
    if known is not None:
        return known
    numbers = [photo.number for line in held.items for photo in line.all_photos]
    if len(numbers) >= MOST_PHOTOS:
        raise Invalid({"file": N_("This inspection has as many photos as there may be.")})
    photo = InspectionPhoto(attachment=added, number=max(numbers, default=0) + 1)
    item.all_photos.append(photo)
    held.updated_at, held.updated_by_id = at, actor.id
    session.flush()
    return photo


def find_item(held: Inspection, position: int) -> InspectionItem | None:
    """The line at that place in this inspection."""
    return next((item for item in held.items if item.position == position), None)


@dataclass(frozen=True, slots=True)
class Missing:
    """What a line still lacks before the inspection can be finished."""

    item: InspectionItem
    what: Text


NOT_JUDGED, NO_PHOTO = N_("not judged yet"), N_("the photo is missing")


def missing(held: Inspection) -> list[Missing]:
    """What is still to be done on site, in the order of the lines."""
    found = []
    for item in held.asked:
        if item.result is None:
            found.append(Missing(item, NOT_JUDGED))
        elif LACKS_PHOTO(item):
            found.append(Missing(item, NO_PHOTO))
    return found


# ---------- The end ----------


def finish(session: Session, held: Inspection, command: Finish, *, actor: User, at: datetime) -> None:
    """End the inspection: passed, failed with a notice, failed for the last time, or not held. Raises Invalid by field."""
    _check_running(held, actor)
    record = held.pre_acceptance
    if not (command.manager_present and command.foreman_present):
        not_held(session, record, NotHeld(_absent(command), command.inspected_at), actor=actor, at=at)
        return
    _check_moment(held, command.inspected_at)
    held.inspected_at = command.inspected_at
    held.manager_present, held.foreman_present = command.manager_present, command.foreman_present
    held.manager_signed, held.foreman_signed = bool(command.manager_signed), bool(command.foreman_signed)
    held.manager_refusal = None if held.manager_signed else command.manager_refusal
    held.foreman_refusal = None if held.foreman_signed else command.foreman_refusal
    earlier = _open_notice(record, held)
    if earlier is not None:
        if earlier.reported_at is None and command.reported_at is not None:
            report_done(session, earlier, None, reported_at=command.reported_at, actor=actor, at=at)
        held.is_rectified = not earlier.is_missed
    if lacking := missing(held):
        count = len(lacking)
        raise Invalid(
            {
                "": N_("%(count)s lines are not complete: judge them, and take the photos they ask for.")
                % {"count": count}
            }
        )
    for item in held.items:
        if not IS_ASKED(item):
            item.result, item.measured = ItemResult.NOT_APPLICABLE, None
    verdict = held.verdict
    entered: dict[str, Any] = {"inspected_at": command.inspected_at}
    if verdict == Result.PASS:
        action, record.passed_at = Action.PASS, at
    elif record.round_no >= record.fail_limit:
        action = Action.FAIL_LAST
        _check(_unsigned(held, command))
    else:
        action = Action.FAIL
        command = replace(command, requirement=command.requirement or usual_requirement(held))
        _check(_unsigned(held, command) | _notice_problems(command))
        entered |= {"requirement": command.requirement, "limit_on": command.limit_on, "recheck_at": command.recheck_at}
        assert command.requirement and command.limit_on and command.recheck_at
        notice = _issue(session, record, held, command.requirement, command.limit_on, command.recheck_at, actor, at)
        notice.manager_signed, notice.foreman_signed = held.manager_signed, held.foreman_signed
        record.recheck_due_at = _end_of_day(session, command.recheck_at)
    session.flush()
    steps.advance(session, record, action, actor=actor, at=at, entered=entered)
    held.result, held.finished_at = verdict, at
    held.updated_at, held.updated_by_id = at, actor.id
    if earlier is not None:
        _close(session, earlier, held, actor=actor, at=at)
    pre_acceptances.end_tasks(
        session, record, pre_acceptances.TELL_DATE, pre_acceptances.TELL_NOTICE, actor=actor, at=at, is_done=False
    )
    if action == Action.PASS:
        projects.pre_accepted(session, record.project, at=at)
    elif action == Action.FAIL_LAST:
        _third_failure(session, record, held, actor=actor, at=at)
    else:
        _next_round(session, record, command.recheck_at, at)


def not_held(session: Session, record: PreAcceptance, command: NotHeld, *, actor: User, at: datetime) -> None:
    """Somebody was absent: it is not held, counts as not rectified unless the manager excuses it (4.11)."""
    steps.check_permission(actor, PROCESS.transition(record.state, Action.NOT_HELD))
    held = record.running
    if held is None:
        held = begin(session, record, actor=actor, at=at)
    _check_moment(held, command.inspected_at)
    session.flush()
    steps.advance(
        session, record, Action.NOT_HELD, actor=actor, at=at,
        entered=steps.entered_of(command), said=steps.said_of(steps.entered_of(command)),
    )  # fmt: skip
    held.manager_present = command.absent == Absent.FOREMAN
    held.foreman_present = command.absent == Absent.PROJECT_MANAGER
    held.inspected_at, held.absent, held.result, held.finished_at = (
        command.inspected_at,
        command.absent,
        Result.NOT_HELD,
        at,
    )
    record.absent = command.absent
    who = tasks.Responsible(role=Role.MANAGER)
    due = at + timedelta(hours=24)
    detail = Absent.show(command.absent)
    tasks.open_task(
        session, TaskKind.TODO, pre_acceptances.DECIDE.message, record, due_at=due, at=at, who=who, detail=detail
    )


def excuse(session: Session, record: PreAcceptance, command: Excuse, *, actor: User, at: datetime) -> None:
    """The manager excuses the absence: the same inspection on another date."""
    if command.scheduled_at < at:
        raise Invalid({"scheduled_at": N_("This moment has passed.")})
    _decide(session, record, Action.EXCUSE, command, actor, at)
    record.scheduled_at = command.scheduled_at
    pre_acceptances.to_be_told(session, record, pre_acceptances.TELL_DATE, at)


def count(session: Session, record: PreAcceptance, command: Count, *, actor: User, at: datetime) -> None:
    """The manager counts the absence as not rectified: a further notice, the next round. Raises Invalid by field."""
    held = record.inspection
    if held is None:
        raise DomainError(N_("No inspection was begun."))
    _check(_date_problems(clock.today(at), command.limit_on, command.recheck_at))
    earlier = _open_notice(record, held)
    _issue(session, record, held, command.reason, command.limit_on, command.recheck_at, actor, at)
    record.recheck_due_at = _end_of_day(session, command.recheck_at)
    _decide(session, record, Action.COUNT, command, actor, at)
    if earlier is not None:
        _close(session, earlier, held, actor=actor, at=at)
    _next_round(session, record, command.recheck_at, at)


def count_last(session: Session, record: PreAcceptance, command: CountLast, *, actor: User, at: datetime) -> None:
    """The manager counts the absence as the last failure (R-14)."""
    held = record.inspection
    if held is None:
        raise DomainError(N_("No inspection was begun."))
    earlier = _open_notice(record, held)
    _decide(session, record, Action.COUNT_LAST, command, actor, at)
    if earlier is not None:
        _close(session, earlier, held, actor=actor, at=at)
    _third_failure(session, record, held, actor=actor, at=at)


# ---------- Notices ----------


def report_done(
    session: Session,
    notice: RectificationNotice,
    note: str | None,
    *,
    reported_at: datetime | None = None,
    actor: User,
    at: datetime,
) -> None:
    """The foreman says that it is done, `reported_at` or now: noted, and nothing is closed by it; only a re-inspection closes a notice.

    Said after the limit, or never, the rectification was missed and the re-inspection fails (DL-19). Raises Invalid.
    """
    when = reported_at or at
    if when > at + steps.CLOCK_SLACK:
        raise Invalid({"reported_at": N_("This moment lies in the future.")})
    if clock.local(when).date() < notice.issued_on:
        raise Invalid({"reported_at": N_("The notice was not issued yet then.")})
    steps.check_permission(actor, PROCESS.transition(None, Action.LIST))
    if notice.state not in (NoticeState.OPEN, NoticeState.REPORTED):
        raise DomainError(N_("This notice is closed."))
    notice.state, notice.reported_at, notice.reported_note = NoticeState.REPORTED, when, note
    notice.updated_at, notice.updated_by_id = at, actor.id
    changes = {"reported_at": [None, when]}
    events.record(session, EventKind.CHANGE, action="reported", actor=actor, at=at, record=notice, changes=changes)


def usual_dates(session: Session, inspected_at: datetime) -> tuple[date, datetime]:
    """The usual limit of a rectification and the re-inspection: some days later, and the working day after that."""
    limit_on = clock.local(inspected_at).date() + timedelta(days=int(settings.get(session, "rectify_days")))
    day = calendars.current(session).next_working_day(limit_on)
    local = clock.local(inspected_at)
    return limit_on, clock.at_local(day, local.hour, local.minute)


def usual_requirement(held: Inspection) -> str:
    """What is to be done, from what was noted at the failed lines."""
    return "\n".join(f"{_words(item)}{f'：{item.comment}' if item.comment else ''}" for item in held.failed)


def _issue(
    session: Session, record: PreAcceptance, held: Inspection, requirement: str, limit_on: date, recheck_at: datetime,
    actor: User, at: datetime,
) -> RectificationNotice:  # fmt: skip
    notice = RectificationNotice(
        number=numbering.next_number(session, RectificationNotice.PREFIX, at),
        branch_id=record.branch_id,
        state=NoticeState.OPEN,
        inspection_id=held.id,
        customer_id=record.customer_id,
        cycle=record.cycle,
        round_no=record.round_no,
        responsible=record.foreman,
        requirement=requirement,
        issued_on=clock.local(held.inspected_at).date(),
        limit_on=limit_on,
        recheck_at=recheck_at,
        created_at=at,
        updated_at=at,
        created_by_id=actor.id,
        updated_by_id=actor.id,
    )
    record.notices.append(notice)
    session.flush()
    session.expire(held, ["notice"])
    events.record(session, EventKind.CREATED, action="issue", actor=actor, at=at, record=notice)
    return notice


def _open_notice(record: PreAcceptance, held: Inspection) -> RectificationNotice | None:
    """The notice whose lines this inspection looked at again."""
    found = [notice for notice in record.notices if notice.closed_at is None and notice.inspection_id != held.id]
    return found[-1] if found else None


def _close(session: Session, notice: RectificationNotice, held: Inspection, *, actor: User, at: datetime) -> None:
    notice.state = NoticeState.CLOSED if held.result == Result.PASS else NoticeState.FAILED
    notice.rechecked_by, notice.closed_at = held, at
    notice.updated_at, notice.updated_by_id = at, actor.id
    changes = {"state": [NoticeState.OPEN.value, notice.state]}
    events.record(session, EventKind.CHANGE, action="rechecked", actor=actor, at=at, record=notice, changes=changes)


# ---------- Parts ----------


def _new(record: PreAcceptance, actor: User, at: datetime) -> Inspection:
    return Inspection(
        number=next_number(record),
        branch_id=record.branch_id,
        pre_acceptance_id=record.id,
        customer_id=record.customer_id,
        cycle=record.cycle,
        round_no=record.round_no,
        foreman=record.foreman,
        project_manager=record.project_manager,
        inspector=actor,
        inspected_at=at,
        is_rectified=True,
        created_at=at,
        updated_at=at,
        created_by_id=actor.id,
        updated_by_id=actor.id,
    )


def _lines(session: Session, record: PreAcceptance) -> list[InspectionItem]:
    notice = record.notice
    again = notice.items if notice is not None and record.state in RECTIFYING else []
    if again:
        return [_copied(item, position, before=_seen(item)) for position, item in enumerate(again, 1)]
    asked = session.scalars(
        select(CheckItem)
        .where(CheckItem.is_active.is_(True), CheckItem.trade.in_(record.trades))
        .order_by(CheckItem.position, CheckItem.id)
    )
    lines = [
        item
        for item in asked
        if item.asked_if is None or (item.asked_if.is_active and item.asked_if.trade in record.trades)
    ]
    found = [_copied(item, position) for position, item in enumerate(lines, 1)]
    places = {item.id: position for position, item in enumerate(lines, 1)}
    for line, item in zip(found, lines, strict=True):
        line.asked_if_position, line.asked_if_result = places.get(item.asked_if_id or 0), item.asked_if_result
    if not found:
        raise DomainError(N_("There are no lines for the trades of this project. The manager keeps the lines."))
    return found


def _seen(item: InspectionItem) -> InspectionItem:
    """The line as it was last looked at: one of an inspection that was not held leads to the one before."""
    while item.result is None and item.before is not None:
        item = item.before
    return item


def _copied(source: CheckItem | InspectionItem, position: int, before: InspectionItem | None = None) -> InspectionItem:
    names = ("trade", "text", "unit", "low", "high", "is_must", "photo_rule")
    return InspectionItem(position=position, before=before, **{name: getattr(source, name) for name in names})


def _check_running(held: Inspection, actor: User) -> None:
    steps.check_permission(actor, PROCESS.transition(State.SCHEDULED, Action.PASS))
    if held.result is not None:
        raise DomainError(OVER)
    if not is_apart(held.pre_acceptance, actor):
        raise DomainError(NOT_APART, status=403)


def _check_moment(held: Inspection, inspected_at: datetime) -> None:
    day = clock.local(held.created_at).date()
    if clock.local(inspected_at).date() < day - timedelta(days=7):
        raise Invalid({"inspected_at": N_("This lies more than a week before the inspection was begun.")})


def _absent(command: Finish) -> str:
    if not command.manager_present and not command.foreman_present:
        return Absent.BOTH
    return Absent.FOREMAN if command.manager_present else Absent.PROJECT_MANAGER


def _check(problems: dict[str, Text | str]) -> None:
    if problems:
        raise Invalid(problems)


def _unsigned(held: Inspection, command: Finish) -> dict[str, Text | str]:
    """What is wrong where somebody has neither signed nor given a reason: at the choice, or at the reason of who refuses."""
    said = {who: getattr(command, f"{who}_signed") is not None for who in unsigned(held)}
    return {
        f"{who}_refusal" if is_said else f"{who}_signed": NO_REASON if is_said else NOT_SAID
        for who, is_said in said.items()
    }


def _notice_problems(command: Finish) -> dict[str, Text | str]:
    problems: dict[str, Text | str] = {
        name: N_("Please fill in: %(field)s") % {"field": PROCESS.field_labels[name]}
        for name in ("requirement", "limit_on", "recheck_at")
        if not getattr(command, name)
    }
    if command.limit_on and command.recheck_at:
        problems |= _date_problems(clock.local(command.inspected_at).date(), command.limit_on, command.recheck_at)
    return problems


def _date_problems(day: date, limit_on: date, recheck_at: datetime) -> dict[str, Text | str]:
    if limit_on < day:
        return {"limit_on": N_("The limit cannot lie before the inspection.")}
    if limit_on > day + pre_acceptances.LONGEST_AHEAD:
        return {"limit_on": N_("This day is too far ahead.")}
    if clock.local(recheck_at).date() < limit_on:
        return {"recheck_at": N_("The re-inspection cannot lie before the limit of the rectification.")}
    if recheck_at > clock.at_local(limit_on) + pre_acceptances.LONGEST_AHEAD:
        return {"recheck_at": N_("This day is too far ahead.")}
    return {}


def _end_of_day(session: Session, recheck_at: datetime) -> datetime:
    """The re-inspection is in time on the agreed day: until work ends, or as late as it was agreed."""
    ends = parse_minute(settings.get(session, "working_day_ends"))
    return max(recheck_at, clock.at_local(clock.local(recheck_at).date(), *divmod(ends, 60)))


def _next_round(session: Session, record: PreAcceptance, recheck_at: datetime | None, at: datetime) -> None:
    record.round_no += 1
    record.scheduled_at = recheck_at
    pre_acceptances.to_be_told(session, record, pre_acceptances.TELL_NOTICE, at)


def _decide(session: Session, record: PreAcceptance, action: str, command: Any, actor: User, at: datetime) -> None:
    session.flush()
    entered = steps.entered_of(command)
    steps.advance(session, record, action, actor=actor, at=at, entered=entered, said=steps.said_of(entered))
    record.absent = None
    pre_acceptances.end_tasks(session, record, pre_acceptances.DECIDE, actor=actor, at=at, is_done=True)


def _third_failure(session: Session, record: PreAcceptance, held: Inspection, *, actor: User, at: datetime) -> None:
    """R-14: foreman replaced, fined, no orders for some months; a serious fault slip for the project manager."""
    record.replaced_foreman_id, record.recheck_due_at = record.foreman_id, None
    day = clock.local(held.inspected_at).date()
    until = penalties.months_later(day, int(settings.get(session, "preaccept_suspend_months")))
    evidence = _evidence(session, record)
    Kind = penalty.Kind
    for rule, kind, party_id, more in (
        ("K-05", Kind.FOREMAN_REPLACED, record.foreman_id, {}),
        ("K-05", Kind.FINE, record.foreman_id, {"amount": settings.get(session, "preaccept_fine")}),
        ("K-05", Kind.ORDER_SUSPENSION, record.foreman_id, {"suspended_from": day, "suspended_until": until}),
        ("K-06", Kind.SERIOUS_FAULT, record.project_manager_id, {}),
    ):
        penalties.propose(
            session, rule=rule, party_id=party_id, record=record, kind=kind, actor=actor, at=at, evidence=evidence,
            cause=f"R-14:{record.KIND}:{record.id}:{record.cycle}", offended_on=day, **more,
        )  # fmt: skip


def _evidence(session: Session, record: PreAcceptance) -> dict[str, Any]:
    """Inspections and notices of the cycle in words and moments, with the last clock; later changes do not touch it."""
    of_cycle = [held for held in record.inspections if held.cycle == record.cycle]
    clocks = [task for task in tasks.clocks_of(session, record) if task.code == "DL-19"]
    return {
        "pre_acceptance": record.number,
        **(penalties.clock_facts(clocks[-1]) if clocks else {}),
        "address": record.project.property.address,
        "foreman": record.foreman.name,
        "project_manager": record.project_manager.name,
        "inspections": [
            {
                "number": held.number,
                "inspected_at": held.inspected_at.isoformat(),
                "inspector": held.inspector.name,
                "absent": held.absent,
                "failed": [_words(item) for item in held.failed],
            }
            for held in of_cycle
        ],
        "notices": [
            {
                "number": notice.number,
                "limit_on": notice.limit_on.isoformat(),
                "reported_at": notice.reported_at.isoformat() if notice.reported_at else None,
            }
            for notice in record.notices
            if notice.cycle == record.cycle
        ],
    }


def _words(item: InspectionItem) -> str:
    """A failed line; one of which nothing else is known says that it is not in order, for its text reads as if it were."""
    if item.measured is not None:
        return f"{item.text} {item.measured.normalize():f} {item.unit}"
    return item.text if item.comment else f"{item.text}：{_p('inspection', 'not in order')}"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the works of a foreman passed: M-31 is `passed` of `first`; R-15: nothing else follows from a first failure."""

    foreman_id: int
    name: str
    first: int
    """First inspections of a cycle that were held."""
    passed: int
    open: int
    """Rectification notices that are not closed."""


def foremen(session: Session, user: User, most: int) -> list[Standing]:
    """The foremen whose works were inspected, as far as the person sees them: most open notices first, then the lowest rate."""
    held = (
        select(
            Inspection.foreman_id,
            func.count().label("first"),
            func.sum(case((Inspection.result == Result.PASS, 1), else_=0)).label("passed"),
        )
        .where(
            visibility.condition(user, Inspection),
            Inspection.round_no == 1,
            Inspection.result.in_((Result.PASS, Result.FAIL)),
        )
        .group_by(Inspection.foreman_id)
        .subquery()
    )
    waiting = (
        select(RectificationNotice.responsible_id, func.count().label("open"))
        .where(visibility.condition(user, RectificationNotice), RectificationNotice.closed_at.is_(None))
        .group_by(RectificationNotice.responsible_id)
        .subquery()
    )
    is_open = func.coalesce(waiting.c.open, 0)
    query = (
        select(Party.id, Party.name, held.c.first, held.c.passed, is_open)
        .join(held, held.c.foreman_id == Party.id)
        .outerjoin(waiting, waiting.c.responsible_id == Party.id)
        .order_by(is_open.desc(), held.c.passed * 1.0 / held.c.first, Party.name)
        .limit(most)
    )
    return [
        Standing(key, name, first, int(passed), count) for key, name, first, passed, count in session.execute(query)
    ]
