"""E-mail over SMTP: composing, and sending one message with a clear answer to what became of it."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

from sqlalchemy.orm import Session

from portal import settings

TIMEOUT_SECONDS = 20
"""Per answer of the mail server."""


class MailError(Exception):
    """The mail did not go out; the text is what the server said."""


class MailDeferred(MailError):
    """Not now: no connection, or a temporary refusal. Nothing was handed over; trying again is safe."""


class MailRefused(MailError):
    """Never to this address: a lasting refusal of the address or of the message."""


class MailUncertain(MailError):
    """The message was handed over, the answer never came. It may have gone out; a repeat keeps its Message-ID."""


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server of the settings."""

    host: str
    port: int
    user: str
    password: str
    starttls: bool
    sender: str
    sender_name: str


def server(session: Session) -> Server | None:
    """The mail server in force; None when e-mail is not set up."""

    def value(key: str) -> str:
        return str(settings.get(session, key) or "").strip()

    if not value("smtp_host"):
        return None
    return Server(
        host=value("smtp_host"),
        port=int(settings.get(session, "smtp_port")),
        user=value("smtp_user"),
        password=str(settings.get(session, "smtp_password") or ""),
        starttls=bool(settings.get(session, "smtp_starttls")),
        sender=value("mail_from"),
        sender_name=value("company_name"),
    )


def compose(via: Server, *, to: str, subject: str, text: str, html: str, message_id: str, at: datetime) -> EmailMessage:
    """One message in plain text and HTML. Raises MailRefused for an address that cannot be written in a header."""
    message = EmailMessage(policy=SMTP)
    try:
        to.encode("ascii")
        message["From"] = formataddr((via.sender_name, via.sender))
        message["To"] = to
        message["Subject"] = " ".join(subject.split())
        message["Message-ID"] = message_id
    except (ValueError, IndexError) as error:
        raise MailRefused(f"{to!r} is not an address: {error}") from error
    message["Date"] = format_datetime(at)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


def send(via: Server, message: EmailMessage) -> str:
    """Hand one message over and give the server's answer. Raises MailDeferred, MailRefused or MailUncertain."""
    try:
        connection = smtplib.SMTP(via.host, via.port, timeout=TIMEOUT_SECONDS)
    except (OSError, smtplib.SMTPException) as error:
        raise MailDeferred(f"{via.host}:{via.port}: {_said(error)}") from error
    try:
        _greet(connection, via)
        _envelope(connection, via, str(message["To"]))
        answer = _hand_over(connection, message.as_bytes())
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            connection.close()
    return answer


def _greet(connection: smtplib.SMTP, via: Server) -> None:
    try:
        connection.ehlo_or_helo_if_needed()
        if via.starttls:
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo()
        if via.user:
            connection.login(via.user, via.password)
    except (OSError, smtplib.SMTPException) as error:
        raise MailDeferred(_said(error)) from error


def _envelope(connection: smtplib.SMTP, via: Server, to: str) -> None:
    try:
        code, said = connection.mail(via.sender)
        if code != 250:
            raise MailDeferred(_answer(code, said))
        code, said = connection.rcpt(to)
    except (OSError, smtplib.SMTPException) as error:
        raise MailDeferred(_said(error)) from error
    if code >= 500:
        raise MailRefused(_answer(code, said))
    if code not in (250, 251):
        raise MailDeferred(_answer(code, said))


def _hand_over(connection: smtplib.SMTP, content: bytes) -> str:
    try:
        code, said = connection.data(content)
    except smtplib.SMTPDataError as error:  # refused before a byte of the message was sent
        raise _by_code(error.smtp_code, error.smtp_error) from error
    except (OSError, smtplib.SMTPException) as error:
        raise MailUncertain(_said(error)) from error
    if code != 250:
        raise _by_code(code, said)
    return _answer(code, said)


def _by_code(code: int, said: bytes | str) -> MailError:
    return MailRefused(_answer(code, said)) if code >= 500 else MailDeferred(_answer(code, said))


def _answer(code: int, said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return f"{code} {text}"[:500]


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
