"""`portal serve`: web, two workers, the scheduler and the embedded Valkey as one program.

The supervisor never opens the database. It starts its children, prefixes their lines, brings back what dies and ends
them in an order that loses nothing: workers, scheduler, web, Valkey.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from portal import lifeline, valkey, web
from portal.config import Config

READY_WITHIN_SECONDS = 60
HEALTHY_AFTER_SECONDS = 30
BACK_OFF_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
GRACE_SECONDS = {"worker-fast": 25.0, "worker-pdf": 25.0, "scheduler": 10.0, "web": 15.0, "valkey": 10.0}
STOP_ORDER = (("worker-fast", "worker-pdf"), ("scheduler",), ("web",), ("valkey",))


class ServeError(RuntimeError):
    """`portal serve` cannot run; the text is one clear sentence with the cure."""


@contextlib.contextmanager
def exclusive(home: Path) -> Iterator[None]:
    """Hold the data folder alone. Raises ServeError when a portal serves from it."""
    folder = home / "run"
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.read(descriptor, 20).decode(errors="replace").strip()
            raise ServeError(
                f"A portal already serves {home} (process {owner}); stop it first or set PORTAL_HOME."
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


@dataclass
class Child:
    """One process that the supervisor keeps alive."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    """Monotonic seconds."""
    deaths: int = 0
    """In a row, without a healthy stretch between."""
    due: float = 0.0
    """Not to be started again before this moment (monotonic)."""
    pending: bytes = field(default=b"", repr=False)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Runs the portal on one data folder until it is told to stop."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.run_folder = config.home / "run"
        self.selector = selectors.DefaultSelector()
        self.stopping = 0
        self.embedded = config.redis_url is None
        self.environ = dict(os.environ)
        self.environ |= {
            "PORTAL_HOME": str(config.home),
            "PORTAL_HOST": config.host,
            "PORTAL_PORT": str(config.port),
            "PYTHONUNBUFFERED": "1",
            lifeline.SUPERVISOR_VARIABLE: str(os.getpid()),
        }
        self.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling everything five times would cost seconds
        self.children: list[Child] = []
        if self.embedded:
            self.environ["PORTAL_REDIS_URL"] = valkey.url(config.home)
            self.children.append(Child("valkey", self._start_valkey))
        for name, words in (
            ("web", ["web"]),
            ("worker-fast", ["worker", "--queue", "fast"]),
            ("worker-pdf", ["worker", "--queue", "pdf"]),
            ("scheduler", ["scheduler"]),
        ):
            self.children.append(Child(name, lambda words=words: self._spawn(words)))  # type: ignore[misc]

    # The whole life --------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until SIGTERM or Ctrl-C. Raises ServeError when the portal cannot start."""
        os.umask(0o077)  # the data folder is for its owner
        with exclusive(self.config.home):
            try:
                self._end_strangers()
                web.check_address(self.config.host, self.config.port, patience_seconds=5)
                for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                    signal.signal(number, self._on_signal)
                self._serve()
            finally:
                self._stop()

    def _serve(self) -> None:
        if self.embedded:
            self._begin("valkey")
        self._prepare()
        self._begin("web")
        self._until_ready()
        if not self.stopping:
            self.say(f"ready on {self.url}")
        while not self.stopping:
            self._tick(0.2)

    def _end_strangers(self) -> None:
        """End children of a killed supervisor that the kernel did not end with it (outside Linux)."""
        for path in self.run_folder.glob("*.pid"):
            with contextlib.suppress(ValueError, ProcessLookupError, PermissionError):
                pid = int(path.read_text())
                words = subprocess.run(("ps", "-o", "command=", "-p", str(pid)), capture_output=True, text=True).stdout
                if "-m portal " in words or str(valkey.folder(self.config.home)) in words:
                    os.kill(pid, signal.SIGTERM)
            path.unlink(missing_ok=True)

    def _prepare(self) -> None:
        """Create or migrate the database, and load the demo where it is asked for, in a process of its own."""
        process = self._spawn(["init", "--for-serve"])
        preparing = Child("init", lambda: process, process=process)
        self._watch_output(preparing)
        while preparing.alive and not self.stopping:
            self._tick(0.2)
        self._drain(preparing)
        if self.stopping:
            process.terminate()
            process.wait()
        elif process.returncode != 0:
            raise ServeError("The portal could not be prepared; the lines above say why.")

    def _until_ready(self) -> None:
        """Wait for the first answer of the web server; the others start right after it, or it would wait for them."""
        until = time.monotonic() + READY_WITHIN_SECONDS
        others = [child.name for child in self.children if child.name not in ("valkey", "web")]
        while not self.stopping and not self._answers():
            if self._child("web").deaths >= len(BACK_OFF_SECONDS) or time.monotonic() > until:
                raise ServeError("The web server does not answer; the lines above say why.")
            self._tick(0.05)
        for name in others:
            if not self.stopping:
                self._begin(name)

    # One turn --------------------------------------------------------------------------------------------------------

    def _tick(self, seconds: float) -> None:
        """Pass on what the children print, and bring back the dead."""
        for key, _events in self.selector.select(seconds):
            self._read(key.data, key.fileobj)
        now = time.monotonic()
        for child in self.children:
            if child.process is None and not child.due:  # not begun yet
                continue
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, now)
            if child.process is None and now >= child.due and not self.stopping:
                self._launch(child)

    def _bury(self, child: Child, now: float) -> None:
        assert child.process is not None
        status = child.process.returncode
        self._drain(child)
        child.process = None
        (self.run_folder / f"{child.name}.pid").unlink(missing_ok=True)
        lived = now - child.started
        child.deaths = 1 if lived > HEALTHY_AFTER_SECONDS else child.deaths + 1
        pause = BACK_OFF_SECONDS[min(child.deaths, len(BACK_OFF_SECONDS)) - 1]
        child.due = now + pause
        if self.stopping:
            return
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        self.say(f"{child.name} {how} after {lived:.1f} s; starting it again in {pause:g} s")
        if child.name == "valkey" and child.deaths == 3 and status > 0:
            aside = valkey.set_aside_damage(self.config.home)
            if aside is not None:
                self.say(f"valkey refuses its file; it starts empty, the old one is kept in {aside}")

    def _begin(self, name: str) -> None:
        self._launch(self._child(name))

    def _launch(self, child: Child) -> None:
        child.started = time.monotonic()
        try:
            child.process = child.start()
        except (OSError, valkey.ValkeyError) as error:
            self.say(f"{child.name} could not be started: {error}")
            child.deaths += 1
            child.due = child.started + BACK_OFF_SECONDS[min(child.deaths, len(BACK_OFF_SECONDS)) - 1]
            if child.name == "valkey" and child.deaths >= 3:
                raise ServeError(str(error)) from error
            return
        (self.run_folder / f"{child.name}.pid").write_text(f"{child.process.pid}\n")
        self._watch_output(child)

    def _start_valkey(self) -> subprocess.Popen[bytes]:
        return valkey.start(self.config.home, output=subprocess.PIPE)

    def _spawn(self, words: list[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "portal", *words],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,  # Ctrl-C reaches the supervisor alone, which knows the order of stopping
            preexec_fn=lifeline.tied_to(os.getpid()),
        )

    # Stopping --------------------------------------------------------------------------------------------------------

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.stopping += 1

    def _stop(self) -> None:
        """Workers first, so that nothing is half done; Valkey last. A second signal ends the patience."""
        self.stopping = max(self.stopping, 1)
        asked = self.stopping
        if not any(child.alive for child in self.children):
            return
        self.say("stopping")
        for group in STOP_ORDER:
            members = [child for child in self.children if child.name in group and child.alive]
            for child in members:
                assert child.process is not None
                child.process.terminate()
            for child in members:
                assert child.process is not None
                until = time.monotonic() + GRACE_SECONDS[child.name]
                while child.alive and time.monotonic() < until and self.stopping == asked:
                    self._pass_on(0.05)
                if child.alive:
                    self.say(f"{child.name} does not stop; killing it")
                    child.process.kill()
                    child.process.wait()
                self._drain(child)
                (self.run_folder / f"{child.name}.pid").unlink(missing_ok=True)
        self.say("stopped")

    # Health and lines ------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.config.host, self.config.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.config.port}"

    def _answers(self) -> bool:
        if not self._child("web").alive:
            return False
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _child(self, name: str) -> Child:
        return next(child for child in self.children if child.name == name)

    def _watch_output(self, child: Child) -> None:
        assert child.process is not None and child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self.selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def _pass_on(self, seconds: float) -> None:
        for key, _events in self.selector.select(seconds):
            self._read(key.data, key.fileobj)

    def _read(self, child: Child, pipe: object) -> bool:
        """Pass on one portion; False when there is nothing more for now."""
        try:
            portion = os.read(pipe.fileno(), 65536)  # type: ignore[attr-defined]
        except BlockingIOError:
            return False
        if not portion:
            self.selector.unregister(pipe)  # type: ignore[arg-type]
            pipe.close()  # type: ignore[attr-defined]
            return False
        *lines, child.pending = (child.pending + portion).split(b"\n")
        for line in lines:
            if child.name == "valkey" and any(word.encode() in line for word in valkey.UNIMPORTANT_LINES):
                continue
            self._line(child.name, line.decode(errors="replace"))
        return True

    def _drain(self, child: Child) -> None:
        """Pass on the last words of a child that has ended."""
        pipe = child.process.stdout if child.process is not None else None
        if pipe is not None:
            while not pipe.closed and self._read(child, pipe):
                pass
        if child.pending:
            self._line(child.name, child.pending.decode(errors="replace"))
            child.pending = b""

    def say(self, text: str) -> None:
        """One line of the supervisor itself."""
        self._line("portal", text)

    def _line(self, name: str, text: str) -> None:
        stamp = datetime.now(UTC).astimezone().strftime("%H:%M:%S")
        with contextlib.suppress(OSError):  # a closed terminal is no reason to stop serving
            print(f"{stamp} {name:<11} | {text.rstrip()}", flush=True)


def serve(config: Config) -> None:
    """Run the portal on this machine until it is told to stop. Raises ServeError with the cure when it cannot."""
    try:
        Supervisor(config).run()
    except (web.AddressInUse, valkey.ValkeyError) as error:
        raise ServeError(str(error)) from error
