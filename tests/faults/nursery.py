"""Processes of the portal as forks of one that has loaded it: each starts in a moment, not after seconds of a processor.

They are as real as those that `python -m portal` starts: with numbers, logs and an environment of their own, to be
stopped and killed. `tests/ops/test_serve.py` starts the portal as people do.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


class Started:
    """One of them, with what the tests use of `subprocess.Popen`."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery, self.pid = nursery, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """How it ended; None while it runs. Minus the signal that killed it."""
        if self.returncode is None:
            self.returncode = self._nursery.ask(do="poll", pid=self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it has. Raises TimeoutExpired after so many seconds."""
        begun = time.monotonic()
        while (code := self.poll()) is None:
            if timeout is not None and time.monotonic() - begun > timeout:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.02)
        return code

    def send_signal(self, number: int) -> None:
        """As long as it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """At once."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that has loaded the portal."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.nursery", str(theirs.fileno())],
                cwd=ROOT,
                pass_fds=[theirs.fileno()],
            )
        self._socket, self._lines = ours, ours.makefile("rw", encoding="utf-8")

    def start(self, *words: str, environ: dict[str, str], log: Path) -> Started:
        """`portal ...` in this environment; what it prints is added to the log."""
        return Started(self, self.ask(do="start", words=words, environ=environ, log=str(log)))

    def ask(self, **question: Any) -> Any:
        """One question, one answer."""
        print(json.dumps(question), file=self._lines, flush=True)
        return json.loads(self._lines.readline())

    def close(self) -> None:
        """It ends by itself when nobody can ask any more."""
        self._lines.close()
        self._socket.close()
        self._process.wait()


def main(descriptor: int) -> None:
    """Load, then fork whenever asked. A fork leaves this function to become a process of the portal."""
    from sqlalchemy.orm import configure_mappers

    from blueprints import registration

    registration.blueprints()
    configure_mappers()
    with socket.socket(fileno=descriptor) as own, own.makefile("rw", encoding="utf-8") as lines:
        for line in iter(lines.readline, ""):
            question = json.loads(line)
            if question["do"] == "start":
                pid = os.fork()
                if pid == 0:
                    break
                answer: int | None = pid
            else:
                answer = _ended(question["pid"])
            print(json.dumps(answer), file=lines, flush=True)
        else:
            return
    _become(question)


def _ended(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _become(question: dict[str, Any]) -> None:
    from portal import cli

    os.environ.clear()
    os.environ.update(question["environ"])
    log = os.open(question["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, target)
    os.close(log)
    os.close(nothing)
    sys.argv = ["portal", *question["words"]]
    cli.main()


if __name__ == "__main__":
    main(int(sys.argv[1]))
