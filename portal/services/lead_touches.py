"""P02: messages before the hand-over of an estate and after a visit. Rules: `processes/lead_touch.py`. Source: `domain.md` 3.9, 4.2, 8.1.

All messages of a hand-over or a visit are planned when it is saved, once however often that happens; they move with its date.
On its day a message becomes a task of the specialist. What stands against it in the customer skips it, at the latest then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, joinedload

from portal import clock, mail, outbox, settings, visibility
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.consultation import Channel, Consultation, Matter
from portal.models.customer import Customer, CustomerKind, Property
from portal.models.lead_touch import LeadTouch
from portal.models.notice import DeliveryState
from portal.models.org import User
from portal.models.task import Task, TaskKind
from portal.permissions import Role
from portal.processes.lead_touch import (
    OF_HANDOVER,
    OF_VISIT,
    PROCESS,
    Action,
    SkipReason,
    State,
    TouchChannel,
    TouchKind,
)
from portal.services import canned, numbering, steps, tasks
from portal.services.fields import Field, apply, term

L = PROCESS.field_labels
SEND_MESSAGE = N_("Send the pre-sale message")
ANOTHER_WAY = N_("The e-mail did not go out: send the message another way")
ABOUT_A_CASE = frozenset({Matter.COMPLAINT, Matter.REPAIR})
"""Visits about these are no visits of somebody who looks for a company."""
REVIVED = frozenset({SkipReason.PAST, SkipReason.NO_DATE})
"""What was skipped for these is wanted again when the date moves."""
MOST = 100
"""Messages in the queue of a day; the list has the others."""

FIELDS: dict[str, Field] = {
    "kind": term(L["kind"], TouchKind),
    "due_on": Field(L["due_on"]),
    "channel": term(L["channel"], TouchChannel),
    "sent_at": Field(N_("Sent at", "lead touch")),
    "text": Field(L["text"]),
    "response": Field(L["response"]),
    "asked_to_stop": Field(L["asked_to_stop"]),
    "skip_reason": term(N_("Reason", "lead touch"), SkipReason),
    "reason": Field(L["reason"]),
    "mail_state": term(N_("What became of the e-mail"), DeliveryState),
}


def visible_to(user: User) -> Select[LeadTouch]:
    """The messages that exist for this person."""
    return visibility.visible_to(user, LeadTouch)


@dataclass(frozen=True, slots=True)
class Send:
    """How it was sent. `text` None: the text of its kind."""

    channel: str
    text: str | None = None
    response: str | None = None
    asked_to_stop: bool = False


@dataclass(frozen=True, slots=True)
class Skip:
    """Why it is not sent."""

    reason: str


@dataclass(frozen=True, slots=True)
class Respond:
    """What the customer said to it."""

    response: str
    asked_to_stop: bool = False


# ---------- Planning ----------


def of_visit(session: Session, contact: Consultation, *, actor: User | None, at: datetime) -> list[LeadTouch]:
    """Plan the messages after a visit to the shop, once; what an earlier visit has left is skipped. Else nothing."""
    if contact.channel != Channel.VISIT or contact.kind in ABOUT_A_CASE or contact.customer is None:
        return []
    customer = contact.customer
    key = f"visit:{contact.id}"
    if _of(session, key) or _is_customer(session, customer):
        return []
    day = clock.today(contact.occurred_at)
    if settings.get(session, "touch_restart"):
        for earlier in _due_of(session, customer):
            if earlier.kind in OF_VISIT:
                _stop(session, earlier, SkipReason.NEW_VISIT, at)
    return _plan(session, customer, OF_VISIT, key, day, contact=contact, actor=actor, at=at)


def of_contact(session: Session, contact: Consultation, *, actor: User | None, at: datetime) -> list[LeadTouch]:
    """Plan what hangs on the hand-over that a contact named, unless a home of the customer says its date itself."""
    if contact.handover_on is None or contact.customer is None:
        return []
    customer = contact.customer
    known = select(Property.id).where(
        Property.customer_id == customer.id, Property.handover_on.is_not(None), visibility.standing(Property)
    )
    if session.scalar(known.limit(1)) is not None:
        return []
    return _of_handover(session, customer, None, contact.handover_on, contact=contact, actor=actor, at=at)


def of_home(
    session: Session, home: Property, customer: Customer, *, actor: User | None, at: datetime
) -> list[LeadTouch]:
    """Plan what hangs on the hand-over of a home, or move it with its date; without a date nothing is sent."""
    return _of_handover(session, customer, home, home.handover_on, actor=actor, at=at)


def _of_handover(
    session: Session, customer: Customer, home: Property | None, day: date | None, *,
    contact: Consultation | None = None, actor: User | None, at: datetime,
) -> list[LeadTouch]:  # fmt: skip
    named = f"handover:{customer.id}"
    key = f"property:{home.id}" if home is not None else named
    known = _of(session, key)
    if not known and home is not None:
        known = _of(session, named)
        for touch in known:
            touch.hangs_on, touch.property = key, home
    if known:
        _move(session, known, customer, day, at)
        return known
    if day is None or _is_customer(session, customer):
        return []
    return _plan(session, customer, OF_HANDOVER, key, day, home=home, contact=contact, actor=actor, at=at)


def _plan(
    session: Session, customer: Customer, kinds: Sequence[TouchKind], key: str, day: date, *,
    home: Property | None = None, contact: Consultation | None = None, actor: User | None, at: datetime,
) -> list[LeadTouch]:  # fmt: skip
    stop, today = stop_of(session, customer), clock.today(at)
    numbers = numbering.next_numbers(session, LeadTouch.PREFIX, at, len(kinds))
    made = []
    for kind, number in zip(kinds, numbers, strict=True):
        due_on = kind.due_on(day)
        reason = SkipReason.PAST if due_on < today else stop
        touch = LeadTouch(
            number=number, branch_id=customer.branch_id, customer=customer, property=home, consultation=contact,
            kind=kind, hangs_on=key, due_on=due_on,
        )  # fmt: skip
        steps.begin(session, touch, Action.PLAN, actor=None, at=at, entered={"kind": kind, "due_on": due_on})
        touch.created_by_id = actor.id if actor else None
        if reason:
            _stop(session, touch, reason, at)
        elif due_on <= today:
            _open_task(session, touch, at)
        made.append(touch)
    return made


def _move(session: Session, known: Sequence[LeadTouch], customer: Customer, day: date | None, at: datetime) -> None:
    today, stop = clock.today(at), stop_of(session, customer)
    for touch in known:
        due_on = TouchKind(touch.kind).due_on(day) if day is not None else None
        if touch.state == State.DUE and due_on is None:
            _stop(session, touch, SkipReason.NO_DATE, at)
        elif touch.state == State.DUE and due_on != touch.due_on:
            assert due_on is not None
            touch.due_on = due_on
            _end_tasks(session, touch, at=at, actor=None, is_done=False)
            if due_on < today:
                _stop(session, touch, SkipReason.PAST, at)
                continue
            steps.advance(session, touch, Action.MOVE, actor=None, at=at, entered={"due_on": due_on})
            if due_on <= today:
                _open_task(session, touch, at)
        elif touch.state == State.SKIPPED and touch.skip_reason in REVIVED and due_on is not None:
            touch.due_on = due_on
            if due_on >= today and stop is None:
                steps.advance(session, touch, Action.WANT, actor=None, at=at, entered={"due_on": due_on})
                touch.skip_reason = None
                if due_on <= today:
                    _open_task(session, touch, at)


# ---------- Stopping ----------


def stop_of(session: Session, customer: Customer) -> SkipReason | None:
    """What in a customer stands against messages: no messages are wanted, lost, signed. The last two by setting.

    Who wants no messages gets none, whatever is set: the law asks for consent.
    """
    if customer.sms_opt_out:
        return SkipReason.OPTED_OUT
    if customer.kind in (CustomerKind.LOST, CustomerKind.CANCELLED):
        return SkipReason.LOST if settings.get(session, "touch_stop_lost") else None
    if customer.kind != CustomerKind.LEAD:
        return SkipReason.SIGNED if settings.get(session, "touch_stop_signed") else None
    return None


def _is_customer(session: Session, customer: Customer) -> bool:
    """Whether nothing need be planned at all: signed, or lost."""
    return stop_of(session, customer) in (SkipReason.SIGNED, SkipReason.LOST)


def halt(session: Session, customer: Customer, *, at: datetime) -> None:
    """Skip what is still to be sent to a customer who has signed, is lost or wants no messages."""
    reason = stop_of(session, customer)
    if reason is None:
        return
    session.flush()
    for touch in _due_of(session, customer):
        _stop(session, touch, reason, at)


def merged(session: Session, kept: object, *, at: datetime) -> None:
    """After two customers or homes became one: what stands against messages holds for all, and none is sent twice."""
    if isinstance(kept, Customer):
        halt(session, kept, at=at)
    if not isinstance(kept, Property):
        return
    theirs = select(LeadTouch).where(LeadTouch.property_id == kept.id, LeadTouch.state != State.SKIPPED)
    seen: set[str] = set()
    for touch in session.scalars(theirs.order_by(LeadTouch.state == State.DUE, LeadTouch.id)).all():
        if touch.state == State.DUE and touch.kind in seen:
            _stop(session, touch, SkipReason.DOUBLE, at)
        seen.add(touch.kind)


def _stop(session: Session, touch: LeadTouch, reason: SkipReason, at: datetime) -> None:
    touch.skip_reason = reason
    steps.advance(session, touch, Action.STOP, actor=None, at=at, entered={"skip_reason": reason})
    _end_tasks(session, touch, at=at, actor=None, is_done=False)


# ---------- Steps ----------


def text_of(session: Session, touch: LeadTouch, actor: User, at: datetime) -> str:
    """What is written to the customer: as it was sent, before that the text of its kind filled in."""
    kept: str = touch.text or settings.get(session, f"touch_text_{touch.kind.lower()}")
    return kept if touch.text else canned.fill(kept, touch, actor, at)


def send(session: Session, touch: LeadTouch, command: Send, *, actor: User, at: datetime) -> None:
    """Note that it was sent by hand; by e-mail it goes out after the commit. Raises Invalid, ConditionsMissing."""
    by_mail = command.channel == TouchChannel.EMAIL
    if by_mail and not touch.customer.email:
        raise Invalid({"channel": N_("No e-mail address of this customer is known.")})
    if by_mail and mail.server(session) is None:
        raise Invalid({"channel": N_("E-mail is not set up; choose another way.")})
    touch.text = command.text or text_of(session, touch, actor, at)
    touch.channel, touch.response, touch.asked_to_stop = command.channel, command.response, command.asked_to_stop
    touch.sent_at, touch.sent_by = at, actor
    said = steps.entered_of(command) | {"text": touch.text}
    steps.advance(session, touch, Action.SEND, actor=actor, at=at, entered=said)
    _end_tasks(session, touch, at=at, actor=actor, is_done=True)
    if by_mail:
        touch.mail_state = DeliveryState.DUE
        outbox.post(session, "mail_touch", key=f"touch:{touch.id}", at=at, touch_id=touch.id)
    _asked(session, touch, command.asked_to_stop, actor, at)


def skip(session: Session, touch: LeadTouch, command: Skip, *, actor: User, at: datetime) -> None:
    """Do not send it, with the reason."""
    touch.skip_reason, touch.reason = SkipReason.BY_HAND, command.reason
    steps.advance(session, touch, Action.SKIP, actor=actor, at=at, entered=steps.entered_of(command))
    _end_tasks(session, touch, at=at, actor=actor, is_done=False)


def respond(session: Session, touch: LeadTouch, command: Respond, *, actor: User, at: datetime) -> None:
    """Note what the customer said to it."""
    touch.response = command.response
    touch.asked_to_stop = touch.asked_to_stop or command.asked_to_stop
    steps.advance(session, touch, Action.RESPOND, actor=actor, at=at, entered=steps.entered_of(command))
    _end_tasks(session, touch, at=at, actor=actor, is_done=True)
    _asked(session, touch, command.asked_to_stop, actor, at)


def _asked(session: Session, touch: LeadTouch, asked_to_stop: bool, actor: User, at: datetime) -> None:
    if asked_to_stop:
        apply(session, touch.customer, {"sms_opt_out": True}, {}, actor=actor, at=at)
        halt(session, touch.customer, at=at)


def mail_failed(session: Session, touch: LeadTouch, *, at: datetime) -> None:
    """The e-mail will not arrive: the specialist sends it another way."""
    _open_task(session, touch, at, title=ANOTHER_WAY.message, due_at=at + timedelta(days=1))


# ---------- The day ----------


def queue(session: Session, user: User, at: datetime) -> list[LeadTouch]:
    """What is to be sent today or is late, the latest first; specialists: of their own customers and of nobody's."""
    query = (
        visible_to(user)
        .join(Customer, Customer.id == LeadTouch.customer_id)
        .where(LeadTouch.state == State.DUE, LeadTouch.due_on <= clock.today(at))
        .options(joinedload(LeadTouch.customer).joinedload(Customer.owner), joinedload(LeadTouch.property))
        .order_by(LeadTouch.due_on, LeadTouch.id)
    )
    if user.role == Role.SPECIALIST:
        query = query.where(or_(visibility.turn_of(user, Customer.owner_id), Customer.owner_id.is_(None)))
    return list(session.scalars(query.limit(MOST)))


def begin_day(session: Session, at: datetime) -> tuple[int, int]:
    """Make tasks of what falls due by today, or skip it; plan for homes that came without. How many of each.

    Run twice, it leaves what one run leaves.
    """
    for home in session.scalars(_unplanned(clock.today(at))).all():
        of_home(session, home, home.customer, actor=None, at=at)
    session.flush()
    has_task = select(Task.id).where(
        Task.record_kind == LeadTouch.KIND, Task.record_id == LeadTouch.id, Task.closed_at.is_(None)
    )
    waiting = select(LeadTouch).where(
        LeadTouch.state == State.DUE, LeadTouch.due_on <= clock.today(at), ~has_task.exists()
    )
    opened = stopped = 0
    for touch in session.scalars(waiting.options(joinedload(LeadTouch.customer)).order_by(LeadTouch.id)).all():
        reason = stop_of(session, touch.customer)
        if reason is None:
            _open_task(session, touch, at)
            opened += 1
        else:
            _stop(session, touch, reason, at)
            stopped += 1
    return opened, stopped


def _unplanned(today: date) -> Select[Property]:
    """Homes of people who have not signed, handed over from today on, of which nothing is planned: imported ones."""
    planned = select(LeadTouch.id).where(LeadTouch.property_id == Property.id)
    return (
        select(Property)
        .join(Customer, Customer.id == Property.customer_id)
        .where(
            Property.handover_on >= today, Customer.kind == CustomerKind.LEAD, ~planned.exists(),
            visibility.standing(Property), visibility.standing(Customer),
        )
        .order_by(Property.id)
        .limit(1000)
    )  # fmt: skip


# ---------- Parts ----------


def _of(session: Session, key: str) -> list[LeadTouch]:
    return list(session.scalars(select(LeadTouch).where(LeadTouch.hangs_on == key).order_by(LeadTouch.id)))


def _due_of(session: Session, customer: Customer) -> list[LeadTouch]:
    due = select(LeadTouch).where(LeadTouch.customer_id == customer.id, LeadTouch.state == State.DUE)
    return list(session.scalars(due.order_by(LeadTouch.id)))


def _open_task(
    session: Session,
    touch: LeadTouch,
    at: datetime,
    *,
    title: str = SEND_MESSAGE.message,
    due_at: datetime | None = None,
) -> None:
    """A task of whoever answers for the customer; it is late once the days of grace after its day are over."""
    grace = int(settings.get(session, "touch_grace_days"))
    limit = due_at or clock.at_local(touch.due_on + timedelta(days=1 + grace))
    owner = touch.customer.owner
    who = tasks.Responsible(owner, None if owner else Role.SPECIALIST.value)
    tasks.open_task(session, TaskKind.TODO, title, touch, due_at=limit, at=at, who=who)


def _end_tasks(session: Session, touch: LeadTouch, *, at: datetime, actor: User | None, is_done: bool) -> None:
    for task in tasks.open_of(session, touch):
        if task.kind != TaskKind.TODO:
            continue
        if is_done:
            tasks.close(session, task, happened_at=at, at=at, actor=actor)
        else:
            tasks.cancel(session, task, at=at, actor=actor)
