"""The half-yearly sample of customers, and the e-mail with the link of a survey. Source: `domain.md` 4.21."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from jobs.outbox import Staged
from portal import clock, formatting, i18n, settings
from portal.i18n import N_, _
from portal.mail import MailRefused, Server, compose, send, server
from portal.models.survey import SurveyLink
from portal.services import surveys
from portal.services.delivery import close_slot
from portal.services.surveys import links

SUBJECT = N_("How content are you? %(company)s would like to know")


def sample(session: Session, *, schedule: str, slot: str, scope: str = "") -> None:
    """Ask some customers of this half year, as `2026-1`; run twice, nobody is asked twice."""
    at = clock.now()
    asked = surveys.sample(session, _half(clock.today(at)), at=at)
    close_slot(session, schedule, slot, scope, at=at, result=str(asked))


def _half(day: date) -> str:
    return f"{day.year}-{1 if day.month <= 6 else 2}"


@dataclass(frozen=True, slots=True)
class Letter:
    """A message ready to be handed over."""

    link_id: int
    via: Server
    message: EmailMessage


class SendLink(Staged):
    """The link of a survey to the customer. A repeat keeps the Message-ID, so a mailbox shows it once."""

    limit_seconds = 120

    def prepare(self, session: Session, **ids: Any) -> Letter | None:
        """Ask whether the link is still open and not sent yet."""
        link, via = session.get(SurveyLink, ids["link_id"]), server(session)
        if link is None or via is None or not link.mailed_to or link.mailed_at is not None:
            return None
        if links.current(link.survey, clock.now()) is not link:
            return None
        return Letter(link.id, via, _letter(session, link, via))

    def act(self, prepared: Letter) -> str:
        """Hand it over. Raises MailDeferred and MailUncertain: later again; a lasting refusal is written down."""
        try:
            send(prepared.via, prepared.message)
        except MailRefused as error:
            return str(error)
        return ""

    def finish(self, session: Session, prepared: Letter, result: str) -> None:
        """It is out; or nobody takes mail there, and the desk sees that it was not sent."""
        link = session.get_one(SurveyLink, prepared.link_id)
        if result:
            link.mailed_to = None
        else:
            link.mailed_at = clock.now()


def _letter(session: Session, link: SurveyLink, via: Server) -> EmailMessage:
    """The words of the letter: no name and nothing of the case, only the way to the page."""
    at = clock.now()
    with i18n.use_locale(i18n.DEFAULT):
        values = {
            "url": links.address(session, link, current_app.config["PORTAL"].secret_key),
            "until": formatting.stamp(link.expires_at),
            "company": via.sender_name,
            "hotline": settings.get(session, "company_hotline"),
            "locale": i18n.DEFAULT.replace("_", "-"),
        }
        subject = _(SUBJECT.message, company=via.sender_name)
        text, html = (
            current_app.jinja_env.get_template(f"notifications/survey.{kind}").render(values)
            for kind in ("txt", "html")
        )
    name = hashlib.sha256(link.nonce.encode()).hexdigest()[:32]
    message_id = f"<{name}@{via.sender.rpartition('@')[2] or 'portal'}>"
    return compose(via, to=str(link.mailed_to), subject=subject, text=text, html=html, message_id=message_id, at=at)


HANDLERS = {"survey_sample": sample, "send_survey_link": SendLink()}
