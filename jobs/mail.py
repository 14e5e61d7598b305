"""Sending e-mail: write "sending", hand over, write what came of it. Whether it is still wanted is asked right before."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from jobs.notices import mail_sections
from jobs.outbox import Staged
from portal import clock, faults, formatting, i18n, settings
from portal.i18n import N_, Text, _
from portal.mail import MailRefused, MailUncertain, Server, compose, send, server
from portal.models.notice import Delivery, DeliveryState, Notice, NoticeLevel
from portal.models.org import User
from portal.models.task import Task, TaskKind
from portal.services import notices

State = DeliveryState

MOST_UNCERTAIN = 3
"""Tries at most when the server takes the message and never answers; each may have gone out."""

WITHDRAWN = N_("The person may not sign in any more.")
READ = N_("Read in the portal before it was sent.")
CLOSED = N_("The task was done before it was sent.")
SWITCHED_OFF = N_("No mail server or no address.")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be handed over."""

    delivery_id: int
    via: Server
    message: EmailMessage | None
    problem: str = ""


class SendMail(Staged):
    """One e-mail. A repeat keeps the Message-ID, so a mailbox shows it once."""

    limit_seconds = 120

    def prepare(self, session: Session, **ids: Any) -> Letter | None:
        """Ask whether it is still wanted, and write that it is being sent."""
        delivery = session.get(Delivery, ids["delivery_id"], with_for_update=True)
        if delivery is None or delivery.state in (State.SENT, State.FAILED, State.SUPPRESSED):
            return None
        if delivery.state == State.SENDING:  # the one who wrote this never said how it went
            delivery.state = State.UNCERTAIN
        if delivery.state == State.UNCERTAIN and delivery.attempts >= MOST_UNCERTAIN:
            return None
        user = session.get(User, delivery.user_id)
        notice = session.get(Notice, delivery.notice_id) if delivery.notice_id else None
        via = server(session)
        if reason := _unwanted(session, user, notice, via):
            if delivery.state != State.UNCERTAIN:
                delivery.state, delivery.answer = State.SUPPRESSED, reason.message
            return None
        assert user is not None and via is not None and notice is not None and user.email
        try:
            message, problem = _letter(session, delivery, user, notice, via), ""
        except MailRefused as error:
            message, problem = None, str(error)
        delivery.state = State.SENDING
        delivery.attempts += 1
        return Letter(delivery.id, via, message, problem)

    def act(self, prepared: Letter) -> tuple[DeliveryState, str]:
        """Hand it over. Raises MailDeferred and MailUncertain: later again."""
        faults.reach("K11")
        if prepared.message is None:
            return State.FAILED, prepared.problem
        try:
            answer = State.SENT, send(prepared.via, prepared.message)
        except MailRefused as error:
            answer = State.FAILED, str(error)
        faults.reach("K12")
        return answer

    def finish(self, session: Session, prepared: Letter, result: tuple[DeliveryState, str]) -> None:
        """Write what the server said."""
        delivery = session.get_one(Delivery, prepared.delivery_id)
        delivery.state, delivery.answer = result
        if delivery.state == State.SENT:
            delivery.sent_at = clock.now()

    def tried(self, session: Session, error: Exception, **ids: Any) -> None:
        """A try failed: due again, or uncertain when the message was handed over."""
        delivery = session.get_one(Delivery, ids["delivery_id"])
        delivery.state = State.UNCERTAIN if isinstance(error, MailUncertain) else State.DUE
        delivery.answer = str(error)

    def gave_up(self, session: Session, error: str, **ids: Any) -> None:
        """Shown as failed on the manager's page."""
        delivery = session.get_one(Delivery, ids["delivery_id"])
        if delivery.state in (State.DUE, State.SENDING):
            delivery.state, delivery.answer = State.FAILED, error


def _unwanted(session: Session, user: User | None, notice: Notice | None, via: Server | None) -> Text | None:
    """Why the mail is not needed any more; None: it is."""
    if user is None or not user.is_active:
        return WITHDRAWN
    if via is None or not user.email:
        return SWITCHED_OFF
    if notice is None or notice.read_at is not None:
        return READ
    task = session.get(Task, notice.task_id) if notice.task_id else None
    return CLOSED if task is not None and task.closed_at is not None else None


def _letter(session: Session, delivery: Delivery, user: User, notice: Notice, via: Server) -> EmailMessage:
    """The message in the person's language. It names case numbers and never a customer."""
    at = clock.now()
    with i18n.use_locale(user.locale):
        number = notice.params.get("number", "")
        level = NoticeLevel.show(notice.level)
        heading = (
            notices.sentence(notice.title, notice.params)
            if "customer" not in notice.params
            else _("%(level)s: %(number)s", level=level, number=number)
        )
        portal = str(settings.get(session, "portal_url")).rstrip("/")
        values = {
            "heading": heading,
            "what": _what(session, notice),
            "due": formatting.moment(notice.due_at, at) if notice.due_at else "",
            "sections": mail_sections(session, notice, at),
            "portal": portal,
            "url": portal + notice.link,
            "company": via.sender_name,
            "locale": i18n.locale().replace("_", "-"),
        }
        text, html = (
            current_app.jinja_env.get_template(f"notifications/notice.{kind}").render(values)
            for kind in ("txt", "html")
        )
    return compose(
        via, to=str(user.email), subject=heading, text=text, html=html, message_id=delivery.message_id, at=at
    )  # fmt: skip


def _what(session: Session, notice: Notice) -> str:
    """What it is about, without anybody's name or words."""
    task = session.get(Task, notice.task_id) if notice.task_id else None
    if task is not None:
        return i18n.gettext(task.title) if task.kind == TaskKind.DEADLINE else TaskKind.show(task.kind)
    step = notice.params.get("step")
    return notices.sentence("%(step)s", {"step": step}) if step else ""


HANDLERS = {"send_mail": SendMail()}
