"""A whole portal on real processes: `portal serve`, or the separate commands over PostgreSQL and Redis."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from portal.clock import ZONE
from tests.databases import sqlite_engine
from tests.faults.conftest import children, quietly_kill
from tests.ops.conftest import Portal, wait_until

PASSWORD = "seven green umbrellas"
PEOPLE = {"front_desk": "周倩", "specialist": "彭志刚", "manager": "王晓芳"}
"""Names for signing in, which are the roles too, and the people behind them."""


class Server(Portal):
    """`portal serve` on SQLite and the embedded Valkey, in a time of its own."""

    def __init__(self, home: Path, begins: str, **environ: str) -> None:
        self.clock_file = home.with_name("clock")
        super().__init__(home, PORTAL_ENV="test", PORTAL_TEST_CLOCK=str(self.clock_file), **environ)
        self.set_clock(begins)
        self.engine: Engine | None = None

    @property
    def base(self) -> str:
        """The address of the pages."""
        return f"http://127.0.0.1:{self.port}"

    def set_clock(self, local: str) -> datetime:
        """It is this time on the company's clocks. Nobody ever reads half a time."""
        moment = datetime.fromisoformat(local).replace(tzinfo=ZONE)
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(moment.isoformat(), encoding="ascii")
        os.replace(fresh, self.clock_file)
        return moment

    def prepare(self) -> None:
        """What an administrator does before the first start: the database, and one account per role."""
        done = self.command("init")
        assert done.returncode == 0, done.stderr
        adding = [
            subprocess.Popen(
                [sys.executable, "-m", "portal", "user", "add", role, "--role", role, "--name", name],
                env=self.environ, cwd=self.home.parent, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
            for role, name in PEOPLE.items()
        ]  # fmt: skip
        for process in adding:
            said, _none = process.communicate(PASSWORD + "\n", timeout=60)
            assert process.returncode == 0, said

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        """Facts out of the database, which the test only reads."""
        if self.engine is None:
            url = self.environ.get("PORTAL_DATABASE_URL")
            self.engine = create_engine(url) if url else sqlite_engine(self.home / "portal.sqlite3")
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def report(self, *words: str) -> Any:
        """What a command with `--json` prints; its exit status must be 0 or 1."""
        done = self.command(*words)
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)

    def kill(self, name: str) -> None:
        """`kill -9` of the process that the supervisor started under that name."""
        quietly_kill(wait_until(lambda: self.pid(name), what=f"{name} does not run: {self.text[-2000:]}"))

    def kill_children(self, name: str) -> None:
        """`kill -9` of the processes under it that do the work: answering requests, carrying out jobs."""
        pid = wait_until(lambda: self.pid(name), what=f"{name} does not run")
        for child in wait_until(lambda: children(pid), what=f"{name} has no child"):
            quietly_kill(child)

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self.engine is not None:
            self.engine.dispose()
        if self.process is not None and not self.ended:
            self.process.kill()
            self.process.wait()


class Commands(Server):
    """`portal web`, two `portal worker` and `portal scheduler`, as on several machines."""

    def start(self) -> Commands:
        self.started = [
            self._run("web"),
            self._run("worker", "--queue", "fast"),
            self._run("worker", "--queue", "pdf"),
            self._run("scheduler"),
        ]
        wait_until(self.answers, what=f"never ready: {self.text if self.log.exists() else ''}")
        return self

    def _run(self, *words: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "portal", *words],
                env=self.environ,
                cwd=self.home.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def stop(self, number: int = signal.SIGTERM, seconds: float = 60) -> int:
        """Stop all, the web server last; gives the worst exit status."""
        for process in reversed(self.started):
            process.send_signal(number)
        return max((process.wait(seconds) for process in self.started), key=abs)

    def end(self) -> None:
        super().end()
        for process in getattr(self, "started", ()):
            if process.poll() is None:
                for child in children(process.pid):
                    quietly_kill(child)
                process.kill()
            process.wait()
