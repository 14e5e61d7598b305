"""A bad line between a phone and the portal: carries every connection, and cuts some of them in the middle of a message."""

from __future__ import annotations

import contextlib
import random
import re
import socket
import threading
from urllib.parse import urlsplit

SENDS = b"POST /repair-captain/jobs/"


class Cutter:
    """Cuts the first requests that an outbox sends, each at a random byte of the request or of its answer.

    `cut` says what was done: (request or answer, bytes that got through, bytes there were). What comes later goes through.
    """

    def __init__(self, url: str, *, cuts: int, seed: int) -> None:
        self._target = urlsplit(url)
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._left = ["request", "answer"] * (cuts // 2)
        self._random.shuffle(self._left)
        self.cut: list[tuple[str, int, int]] = []
        self.posts = 0
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._welcome, daemon=True).start()

    def close(self) -> None:
        """No further connections."""
        self._door.close()

    def _welcome(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                phone, _address = self._door.accept()
                threading.Thread(target=self._carry, args=(phone,), daemon=True).start()

    def _carry(self, phone: socket.socket) -> None:
        """One message after the other, as HTTP has them; the end of either side is the end of both."""
        with (
            contextlib.suppress(OSError, EOFError),
            phone,
            socket.create_connection((str(self._target.hostname), int(self._target.port or 80))) as portal,
        ):
            while True:
                request = _message(phone)
                side = self._next(request)
                if side == "request":
                    portal.sendall(request[: self._place(side, request)])
                    return
                portal.sendall(request)
                answer = _message(portal, has_body=not request.startswith(b"HEAD"))
                if side == "answer":
                    phone.sendall(answer[: self._place(side, answer)])
                    return
                phone.sendall(answer)

    def _next(self, request: bytes) -> str:
        if not request.startswith(SENDS):
            return ""
        with self._lock:
            self.posts += 1
            return self._left.pop() if self._left else ""

    def _place(self, side: str, message: bytes) -> int:
        with self._lock:
            place = self._random.randrange(len(message))
            self.cut.append((side, place, len(message)))
            return place


def _message(source: socket.socket, *, has_body: bool = True) -> bytes:
    """A whole request or answer. Raises EOFError when the other side is gone."""
    said = b""
    while b"\r\n\r\n" not in said:
        said += _more(source)
    head, _gap, body = said.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length:\s*(\d+)", head)
    if length is not None and has_body:
        while len(body) < int(length[1]):
            body += _more(source)
    elif re.search(rb"(?im)^transfer-encoding:\s*chunked", head):
        while not body.endswith(b"0\r\n\r\n"):
            body += _more(source)
    return head + b"\r\n\r\n" + body


def _more(source: socket.socket) -> bytes:
    found = source.recv(65536)
    if not found:
        raise EOFError
    return found
