"""What the manager sees of the work behind the pages: queues, given-up work, schedules, workers, e-mail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import i18n
from portal.i18n import N_, Text
from portal.models.notice import Delivery, DeliveryState
from portal.models.org import User
from portal.models.outbox import Outbox, OutboxState, Slot, Worker
from portal.schedules import SCHEDULES
from portal.services import delivery, slots

QUEUES = ("fast", "pdf")
LATE_AFTER = timedelta(seconds=45)
"""A worker writes a sign of life every ten seconds."""
MOST_ROWS = 50

KINDS: dict[str, Text] = {
    "notify_task": N_("Reminder of a deadline", "work"),
    "notify_step": N_("Notice of a step", "work"),
    "notify_absence": N_("Notice of who stands in", "work"),
    "notify_handover": N_("Notice of what was handed over", "work"),
    "absences": N_("Who stands in from today", "work"),
    "notify_claim": N_("Notice of a clock met without signal", "work"),
    "notify_followers": N_("Notice to followers", "work"),
    "notify_talk": N_("Notice of a note or message", "work"),
    "send_mail": N_("E-mail", "work"),
    "render_document": N_("Printed form", "work"),
    "print_certificate": N_("Printed warranty certificate", "work"),
    "print_many": N_("Printed forms as one file", "work"),
    "import_run": N_("Import", "work"),
    "make_export": N_("Export of a list", "work"),
    "digest": N_("Morning digest", "work"),
    "digest_person": N_("Digest of a person", "work"),
    "audit_check": N_("Check of the audit chain", "work"),
    "cleanup": N_("Clearing away", "work"),
    "duplicates": N_("Search for duplicates", "work"),
    "propose_penalty": N_("Proposal of a penalty", "work"),
    "publish_criticism": N_("Public criticism", "work"),
    "publish_praise": N_("Praise made known", "work"),
    "suspension_ended": N_("End of a suspension", "work"),
    "lead_touches": N_("Pre-sale messages of the day", "work"),
    "mail_touch": N_("Pre-sale message by e-mail", "work"),
    "knowledge": N_("Articles that take effect", "work"),
    "warranties": N_("Warranty terms that end", "work"),
    "week_list": N_("Wait for the pre-acceptance list", "work"),
    "favourite_alerts": N_("Alerts of favourites", "work"),
    "calendar_reminder": N_("Reminder of the calendar", "work"),
    "work_given_up": N_("Alert to given-up work", "work"),
}


def kind_label(kind: str) -> str:
    """A kind of work in the words of the page."""
    return str(KINDS.get(kind, kind))


@dataclass(frozen=True, slots=True)
class QueueView:
    """One queue: how much waits, is in hand, was given up; since when the oldest waits."""

    name: str
    waiting: int
    working: int
    dead: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class SlotView:
    """One time a schedule was due. `state`: DUE, DONE, MERGED, or MISSING when it is due for over five minutes."""

    label: str
    key: str
    state: str
    due_at: datetime
    done_at: datetime | None
    result: str | None


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A process and its last sign of life, in machine time."""

    name: str
    kind: str
    started_at: datetime
    silent_seconds: int
    is_late: bool
    outbox_id: int | None


def queues(session: Session, at: datetime) -> list[QueueView]:
    """Both queues, also when they are empty."""
    counts = delivery.counts(session)
    oldest = {
        name: moment
        for name, moment in session.execute(
            select(Outbox.queue, func.min(Outbox.run_after))
            .where(Outbox.state == OutboxState.PENDING, Outbox.run_after <= at)
            .group_by(Outbox.queue)
        )
    }
    return [
        QueueView(
            name,
            counts.get((name, OutboxState.PENDING), 0),
            counts.get((name, OutboxState.LEASED), 0),
            counts.get((name, OutboxState.DEAD), 0),
            oldest.get(name),
        )
        for name in QUEUES
    ]


def dead(session: Session) -> list[Outbox]:
    """Given-up work, the newest first."""
    rows = select(Outbox).where(Outbox.state == OutboxState.DEAD).order_by(Outbox.id.desc()).limit(MOST_ROWS)
    return list(session.scalars(rows))


def failing(session: Session) -> list[Outbox]:
    """Work that failed and will be tried again, soonest first."""
    rows = (
        select(Outbox)
        .where(Outbox.state == OutboxState.PENDING, Outbox.last_error.is_not(None))
        .order_by(Outbox.run_after)
        .limit(MOST_ROWS)
    )
    return list(session.scalars(rows))


def slot_views(session: Session, at: datetime) -> list[SlotView]:
    """The latest slots; those that are missing first."""
    labels = {schedule.name: str(schedule.label) for schedule in SCHEDULES}
    overdue = at - timedelta(minutes=5)

    def state(slot: Slot) -> str:
        return "MISSING" if slot.state == "DUE" and slot.due_at < overdue else slot.state

    return [
        SlotView(
            labels.get(slot.schedule, slot.schedule), slot.key, state(slot), slot.due_at, slot.done_at, slot.result
        )
        for slot in slots.recent(session)
    ]


def workers(session: Session, machine_at: datetime) -> list[WorkerView]:
    """All processes that were seen in the last day."""
    views = []
    for row in session.scalars(
        select(Worker).where(Worker.seen_at > machine_at - timedelta(days=1)).order_by(Worker.kind)
    ):
        silent = machine_at - row.seen_at
        views.append(
            WorkerView(
                row.name,
                row.kind,
                row.started_at,
                max(0, int(silent.total_seconds())),
                silent > LATE_AFTER,
                row.outbox_id,
            )
        )
    return views


@dataclass(frozen=True, slots=True)
class MailView:
    """One e-mail that needs a look."""

    person: str
    state: str
    answer: str
    attempts: int
    created_at: datetime


def mail_counts(session: Session) -> dict[str, int]:
    """How many e-mails stand in each state."""
    rows = session.execute(select(Delivery.state, func.count()).group_by(Delivery.state))
    return {state: count for state, count in rows}


def troubled_mail(session: Session) -> list[MailView]:
    """E-mails that failed, or of which nobody knows whether they arrived."""
    rows = session.execute(
        select(User.name, Delivery.state, Delivery.answer, Delivery.attempts, Delivery.created_at)
        .join(User, User.id == Delivery.user_id)
        .where(Delivery.state.in_((DeliveryState.FAILED, DeliveryState.UNCERTAIN)))
        .order_by(Delivery.id.desc())
        .limit(MOST_ROWS)
    )
    return [
        MailView(name, state, i18n.gettext(answer) if answer else "", attempts, created_at)
        for name, state, answer, attempts, created_at in rows
    ]
