"""Pre-sale messages: what falls due in the morning becomes a task; those sent by e-mail go out. Source: `domain.md` 4.2."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from jobs.mail import MOST_UNCERTAIN
from jobs.outbox import Staged
from portal import clock, i18n
from portal.i18n import _
from portal.mail import MailRefused, MailUncertain, Server, compose, send, server
from portal.models.lead_touch import LeadTouch
from portal.models.notice import DeliveryState
from portal.services import lead_touches
from portal.services.delivery import close_slot

State = DeliveryState
OVER = (State.SENT, State.FAILED, State.SUPPRESSED)


def look(session: Session, *, schedule: str, slot: str, scope: str = "") -> None:
    """Every morning: tasks for what falls due, nothing for whom a stop rule holds."""
    at = clock.now()
    opened, stopped = lead_touches.begin_day(session, at)
    close_slot(session, schedule, slot, scope, at=at, result=f"{opened} / {stopped}")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be handed over; without one `problem` says why it cannot be written."""

    touch_id: int
    via: Server
    message: EmailMessage | None
    problem: str = ""


class MailTouch(Staged):
    """One message as an e-mail. A repeat keeps the Message-ID, so a mailbox shows it once."""

    limit_seconds = 120

    def prepare(self, session: Session, **ids: Any) -> Letter | None:
        """Ask whether the customer may still be written to, and write that it is being sent."""
        touch = session.get(LeadTouch, ids["touch_id"], with_for_update=True)
        if touch is None or touch.mail_state in OVER:
            return None
        if touch.mail_state == State.SENDING:  # the one who wrote this never said how it went
            touch.mail_state = State.UNCERTAIN
        if touch.mail_state == State.UNCERTAIN and touch.mail_attempts >= MOST_UNCERTAIN:
            return None
        via = server(session)
        if touch.customer.sms_opt_out or not touch.customer.email or via is None:
            if touch.mail_state != State.UNCERTAIN:
                touch.mail_state = State.SUPPRESSED
            return None
        touch.mail_state = State.SENDING
        touch.mail_attempts += 1
        try:
            return Letter(touch.id, via, _letter(touch, via))
        except MailRefused as error:
            return Letter(touch.id, via, None, str(error))

    def act(self, prepared: Letter) -> tuple[DeliveryState, str]:
        """Hand it over. Raises MailDeferred and MailUncertain: later again."""
        if prepared.message is None:
            return State.FAILED, prepared.problem
        try:
            return State.SENT, send(prepared.via, prepared.message)
        except MailRefused as error:
            return State.FAILED, str(error)

    def finish(self, session: Session, prepared: Letter, result: tuple[DeliveryState, str]) -> None:
        """Write what the server said; what will never arrive becomes a task."""
        touch = session.get_one(LeadTouch, prepared.touch_id)
        touch.mail_state, touch.mail_answer = result[0], result[1][:500]
        if touch.mail_state == State.FAILED:
            lead_touches.mail_failed(session, touch, at=clock.now())

    def tried(self, session: Session, error: Exception, **ids: Any) -> None:
        """A try failed: due again, or uncertain when the message was handed over."""
        touch = session.get_one(LeadTouch, ids["touch_id"])
        touch.mail_state = State.UNCERTAIN if isinstance(error, MailUncertain) else State.DUE
        touch.mail_answer = str(error)[:500]

    def gave_up(self, session: Session, error: str, **ids: Any) -> None:
        """The specialist sends it another way."""
        touch = session.get_one(LeadTouch, ids["touch_id"])
        if touch.mail_state in (State.DUE, State.SENDING):
            touch.mail_state, touch.mail_answer = State.FAILED, error[:500]
            lead_touches.mail_failed(session, touch, at=clock.now())


def _letter(touch: LeadTouch, via: Server) -> EmailMessage:
    """The text as it was sent, in the company's name."""
    at = clock.now()
    with i18n.use_locale(i18n.DEFAULT):
        subject = _("A word from %(company)s", company=via.sender_name)
        values = {"text": touch.text, "company": via.sender_name, "locale": i18n.locale().replace("_", "-")}
        html = current_app.jinja_env.get_template("notifications/touch.html").render(values)
    return compose(
        via, to=str(touch.customer.email), subject=subject, text=str(touch.text), html=html,
        message_id=f"<touch-{touch.id}-{int(touch.sent_at.timestamp()) if touch.sent_at else 0}@portal>", at=at,
    )  # fmt: skip


HANDLERS = {"lead_touches": look, "mail_touch": MailTouch()}
