"""A real SMTP server for tests: it behaves, refuses, and drops the line, as it is told."""

from __future__ import annotations

import email
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


class Sink:
    """Keeps what it is given; `answers` says how it behaves: one entry is used per message."""

    def __init__(self) -> None:
        self.port = 0
        self.got: list[Any] = []
        self.rcpt: list[str] = []
        self.data: list[str] = []
        self.drop_after_data = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.rcpt:
            return self.rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.got.append(email.message_from_bytes(envelope.content, policy=policy.default))
        if self.drop_after_data:
            self.drop_after_data -= 1
            server.transport.abort()
            return "451 never seen"
        return self.data.pop(0) if self.data else "250 taken as 1234"


@contextmanager
def serving() -> Iterator[Sink]:
    """The server, listening on `sink.port` of this machine."""
    kept = Sink()
    controller = Controller(kept, hostname="127.0.0.1", port=free_port())
    controller.start()
    kept.port = controller.port
    try:
        yield kept
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
