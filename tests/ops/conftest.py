"""A portal that is really started: `portal serve` in a data folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests import databases

ROOT = Path(__file__).parents[2]


def wait_until(condition, seconds=120, what="waited in vain", every=0.05):
    """Come back when the condition holds; what it gave is given."""
    until = time.monotonic() + seconds
    while not (result := condition()):
        assert time.monotonic() < until, what
        time.sleep(every)
    return result


class Portal:
    """One `portal serve` under test."""

    def __init__(self, home: Path, **environ: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.home = home
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        self.environ = clean | {
            "PYTHONPATH": str(ROOT),
            "PORTAL_HOME": str(home),
            "PORTAL_PORT": str(self.port),
            **environ,
        }
        self.log = home.with_name(home.name + ".log")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "portal", "serve"],
                env=self.environ,
                cwd=self.home.parent,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(lambda: self.ended or self.said("ready on"), what=f"never ready: {self.text}")
        assert not self.ended, self.text
        wait_until(lambda: all(self.pid(name) for name in NAMES))
        return self

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command on the same data folder."""
        return subprocess.run(
            [sys.executable, "-m", "portal", *words],
            env=self.environ,
            cwd=self.home.parent,
            capture_output=True,
            text=True,
            timeout=60,
        )

    @property
    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def said(self, words: str) -> bool:
        return words in self.text

    @property
    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def pid(self, name: str) -> int | None:
        """The process that does the work now; None while there is none."""
        try:
            pid = int((self.home / "run" / f"{name}.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if is_running(pid) else None

    def stop(self, number: int = signal.SIGTERM, seconds: float = 60) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(seconds)


NAMES = ("web", "worker-fast", "worker-pdf", "scheduler", "valkey")


def is_running(pid: int) -> bool:
    """True while the process runs; a dead one that nobody has buried yet does not count."""
    status = subprocess.run(("ps", "-o", "stat=", "-p", str(pid)), capture_output=True, text=True).stdout.strip()
    return bool(status) and not status.startswith("Z")


@pytest.fixture
def portal(tmp_path, sqlite_template):
    """Make portals on data folders of this test, with an empty database unless they are to make it at their first start;
    whatever still runs at the end is killed."""
    made = []

    def make(folder: str = "home", *, is_new: bool = False, **environ: str) -> Portal:
        home = tmp_path / folder
        home.mkdir(parents=True, exist_ok=True)
        if not is_new and not (home / "portal.sqlite3").exists():
            databases.copy_sqlite(sqlite_template, home)
        made.append(Portal(home, **environ))
        return made[-1]

    yield make
    for one in made:
        if one.process is not None and not one.ended:
            one.process.kill()
            one.process.wait()
