"""One-time links: signed, for one survey and its one contact, for some days, answered once. Source: `domain.md` 4.21.

The address holds a random word and its signature. Without the key no address can be made, without the row none opens
anything; every address that does not open says the same, whatever the reason.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from itsdangerous import BadSignature, Signer
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal import outbox, settings
from portal.errors import DomainError, Invalid
from portal.i18n import N_
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.survey import Survey, SurveyLink
from portal.processes.survey import HandedVia, State
from portal.services import attempts, events
from portal.services.surveys import answering

SALT = "survey-link"
LONGEST = 200
PLACE = "link:"
"""Tries at links are counted apart from tries to sign in."""


class LinkOver(DomainError):
    """Used, over, withdrawn, changed or never made: which of these is not said."""

    status = 404

    def __init__(self) -> None:
        super().__init__(N_("This link is no longer open."))


# Of the desk ---------------------------------------------------------------------------------------------------------


def make(session: Session, survey: Survey, *, actor: User, at: datetime) -> SurveyLink:
    """A fresh link for a survey that waits; an earlier one no longer opens. Raises DomainError."""
    if survey.state != State.SENT:
        raise DomainError(N_("Only a survey that waits for answers has a link."))
    for earlier in survey.links:
        if earlier.withdrawn_at is None:
            earlier.withdrawn_at = at
    days = int(settings.get(session, "survey_link_days"))
    link = SurveyLink(
        nonce=secrets.token_urlsafe(12), made_at=at, made_by_id=actor.id, expires_at=at + timedelta(days=days)
    )
    survey.links.append(link)
    survey.updated_at, survey.updated_by_id = at, actor.id
    session.flush()
    events.record(session, EventKind.CHANGE, action="survey-link", actor=actor, at=at, record=survey)
    return link


def current(survey: Survey, at: datetime) -> SurveyLink | None:
    """The link that opens the survey now."""
    last = survey.links[-1] if survey.links and survey.state == State.SENT else None
    return last if last is not None and _is_open(last, at) else None


def address(session: Session, link: SurveyLink, key: str) -> str:
    """What the customer opens."""
    base = str(settings.get(session, "portal_url")).rstrip("/")
    return f"{base}/s/{_signer(key).sign(link.nonce).decode()}"


def hand_over(session: Session, survey: Survey, via: HandedVia, *, actor: User, at: datetime) -> None:
    """Note by which way somebody passed the link on. Raises DomainError when none is open."""
    link = _open_link(survey, at)
    link.handed_via, link.handed_at = via, at
    survey.updated_at, survey.updated_by_id = at, actor.id
    events.record(session, EventKind.CHANGE, action="survey-link-handed", actor=actor, at=at, record=survey, via=via)


def mail(session: Session, survey: Survey, *, actor: User, at: datetime) -> None:
    """Have the link sent to the customer's e-mail address, once. Raises Invalid, DomainError."""
    link = _open_link(survey, at)
    to = survey.customer.email
    if not to or not settings.get(session, "smtp_host"):
        raise Invalid({"": N_("No mail server or no address.")})
    if link.mailed_to is not None:
        return
    link.mailed_to = to
    survey.updated_at, survey.updated_by_id = at, actor.id
    outbox.post(session, "send_survey_link", key=f"survey-link:{link.id}", at=at, link_id=link.id)
    events.record(session, EventKind.CHANGE, action="survey-link-mailed", actor=actor, at=at, record=survey)


# Of the customer -----------------------------------------------------------------------------------------------------


def count_try(session: Session, token: str, *, address: str, key: str, at: datetime) -> int:
    """Count one attempt to answer, by the link if it is one of ours, else by where it comes from. Raises TooMany."""
    nonce = _nonce(token, key)
    name = attempts.quota(f"{PLACE}{nonce or address}")
    return attempts.count(session, name, address=f"{PLACE}{address}", at=at)


def find(session: Session, token: str, *, key: str, at: datetime) -> SurveyLink:
    """The link of an address that opens now, with its survey. Raises LinkOver."""
    link = _of_token(session, token, key)
    if link is None or not _is_open(link, at) or link.survey.state != State.SENT:
        raise LinkOver()
    return link


def known(session: Session, token: str, *, key: str) -> SurveyLink:
    """The link of an address that was once given out, open or not. Raises LinkOver."""
    link = _of_token(session, token, key)
    if link is None:
        raise LinkOver()
    return link


def answer(session: Session, token: str, command: answering.AnswerSurvey, *, key: str, at: datetime) -> None:
    """Take the customer's answers. The same ones again change nothing; others, or too late, raise LinkOver."""
    mark, link = fingerprint(command), known(session, token, key=key)
    if link.used_mark == mark:
        return
    claimed = session.execute(
        update(SurveyLink)
        .where(SurveyLink.id == link.id, SurveyLink.used_at.is_(None), SurveyLink.withdrawn_at.is_(None))
        .where(SurveyLink.expires_at > at)
        .values(used_at=at, used_mark=mark)
        .execution_options(synchronize_session=False)
    )
    session.refresh(link)
    if not claimed.rowcount:  # type: ignore[attr-defined]
        if link.used_mark == mark:  # the same form came twice at the same moment
            return
        raise LinkOver()
    if link.survey.state != State.SENT:
        raise LinkOver()
    answering.receive(session, link.survey, replace(command, answered_at=at), at=at)


def fingerprint(command: answering.AnswerSurvey) -> str:
    """What the answers say, as a hash; when they came is no part of it."""
    said = {name: value for name, value in _values(command).items() if name != "answered_at"}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


# Parts ---------------------------------------------------------------------------------------------------------------


def _values(command: answering.AnswerSurvey) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(command, name) for name in command.__dataclass_fields__}
    return values | {"scores": dict(command.scores)}


def _open_link(survey: Survey, at: datetime) -> SurveyLink:
    link = current(survey, at)
    if link is None:
        raise DomainError(N_("No link is open. Make one first."))
    return link


def _is_open(link: SurveyLink, at: datetime) -> bool:
    return link.used_at is None and link.withdrawn_at is None and at < link.expires_at


def _signer(key: str) -> Signer:
    return Signer(key, salt=SALT, key_derivation="hmac", digest_method=hashlib.sha256)


def _nonce(token: str, key: str) -> str | None:
    if len(token) > LONGEST or not token.isascii():
        return None
    try:
        return _signer(key).unsign(token).decode()
    except BadSignature:
        return None


def _of_token(session: Session, token: str, key: str) -> SurveyLink | None:
    nonce = _nonce(token, key)
    if nonce is None:
        return None
    return session.scalars(select(SurveyLink).where(SurveyLink.nonce == nonce)).one_or_none()
