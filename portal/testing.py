"""`./run test`: every test this machine can run, on servers of its own, and a plain word about what it could not.

PostgreSQL and Redis are started in a temporary folder for this run alone; a server somebody uses is never touched,
unless its address is given in PORTAL_TEST_DATABASE_URL or PORTAL_TEST_REDIS_URL. Missing programs are installed where
that is possible; PORTAL_TEST_INSTALL=no leaves the machine as it is. What PORTAL_TEST_REQUIRE names (for example
`postgresql,redis,browser,pdf`) must have been exercised, or the run fails.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal import bootstrap, lifeline

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
CHROMIUM_ON_MACOS = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


@dataclass(frozen=True)
class Need:
    """Something that only part of the machines have. `marker` is the pytest marker of the tests that need it."""

    marker: str
    name: str
    variable: str
    packages: bootstrap.PACKAGES_WANTED
    find: Callable[[], str | None]
    """The program, or None when it is not there."""


def find_postgresql() -> str | None:
    """The newest `initdb`; Debian and Ubuntu keep it off the search path."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return str(places[-1]) if places else shutil.which("initdb")


def find_redis() -> str | None:
    """A Redis or Valkey server of the machine."""
    return shutil.which("redis-server") or shutil.which("valkey-server")


def find_chromium() -> str | None:
    """A Chromium or Chrome of the machine."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    return found or (CHROMIUM_ON_MACOS if os.path.exists(CHROMIUM_ON_MACOS) else None)


NEEDS = (
    Need(
        "postgresql",
        "PostgreSQL",
        "PORTAL_TEST_DATABASE_URL",
        {"apt-get": ("postgresql",), "dnf": ("postgresql-server",), "brew": ("postgresql@16",)},
        find_postgresql,
    ),
    Need(
        "redis",
        "Redis",
        "PORTAL_TEST_REDIS_URL",
        {"apt-get": ("redis-server",), "dnf": ("redis",), "brew": ("redis",)},
        find_redis,
    ),
    Need(
        "browser",
        "Chromium",
        "PORTAL_TEST_CHROMIUM",
        {"apt-get": ("chromium", "fonts-wqy-microhei"), "dnf": ("chromium",)},
        find_chromium,
    ),
)


class Tally:
    """Counts, per marker, the tests that passed, and names what failed as it fails; a pytest plugin of the process that collects the results."""

    def __init__(self) -> None:
        self.passed: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called once per phase of a test, also for tests that another process ran."""
        if report.failed:  # said at once: the whole run takes minutes
            print(f"\nFAILED {report.nodeid}", flush=True)
        if report.when == "call" and report.passed:
            self.passed.update(need for need in ("postgresql", "redis", "browser", "pdf") if need in report.keywords)


# Servers -------------------------------------------------------------------------------------------------------------


@contextmanager
def postgresql(initdb: str, folder: Path) -> Iterator[str]:
    """A PostgreSQL of our own on a free loopback port; gives its address. It refuses root, so it gets another user."""
    data, programs = folder / "postgresql", Path(initdb).parent
    data.mkdir(mode=0o700)
    user: str | None = None
    if os.geteuid() == 0:
        user = next((name for name in ("postgres", "nobody") if _has_user(name)), None)
        if user is None:
            raise RuntimeError("PostgreSQL does not run as root and there is no other user to run it")
        os.chmod(folder, 0o755)
        shutil.chown(data, user)
    words = [initdb, "-D", str(data), "-U", "portal", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    made = subprocess.run(words, user=user, extra_groups=[] if user else None, cwd="/", capture_output=True, text=True)
    if made.returncode != 0:
        raise RuntimeError(made.stderr.strip().splitlines()[-1] if made.stderr.strip() else "initdb failed")
    port = _free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",  # the data lives as long as the run
        "full_page_writes": "off",
        "max_connections": "200",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with _server([str(programs / "postgres"), "-D", str(data), *options], folder / "postgresql.log", port, user=user):
        yield f"postgresql+psycopg://portal@127.0.0.1:{port}/postgres"


@contextmanager
def redis(program: str, folder: Path) -> Iterator[str]:
    """A Redis of our own on a free loopback port; gives its address."""
    port = _free_port()
    words = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with _server([*words, "--dir", str(folder)], folder / "redis.log", port):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def _server(words: list[str], log: Path, port: int, *, user: str | None = None) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            words,
            user=user,
            extra_groups=[] if user else None,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=lifeline.tied_to(os.getpid()),
        )
    try:
        until = time.monotonic() + 30
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{Path(words[0]).name} does not start: {log.read_text(errors='replace')[-300:]}")
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(2)  # SIGINT: PostgreSQL ends its sessions and stops
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


# The run -------------------------------------------------------------------------------------------------------------


def provide(need: Need, folder: Path, stack: ExitStack) -> str | None:
    """Make a need available and put its address into the environment; gives the reason when that cannot be."""
    if os.environ.get(need.variable):
        return None
    if need.find() is None and os.environ.get("PORTAL_TEST_INSTALL", "yes") != "no":
        bootstrap.install_packages(need.packages)
    program = need.find()
    if program is None:
        cure = bootstrap.install_command(need.packages)
        return f"{need.name} is not installed" + (f" ({cure})" if cure else "")
    starters = {"postgresql": postgresql, "redis": redis}
    try:
        starter = starters.get(need.marker)
        os.environ[need.variable] = stack.enter_context(starter(program, folder)) if starter else program
    except (OSError, RuntimeError) as error:
        return f"{need.name} does not run here: {error}"
    return None


MOST_AT_ONCE = 6
"""Processes of tests: each takes up to a gigabyte."""
CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def cores() -> int:
    """Processors that this process may use: of the machine, or of the container that it runs in."""
    found = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = CPU_LIMIT.read_text(encoding="ascii").split()
        return max(1, min(found, int(quota) // int(period)))
    except (OSError, ValueError):  # no such limit, or "max"
        return found


def main(arguments: list[str]) -> int:
    """Run the tests with the arguments for pytest; gives the exit status."""
    os.chdir(bootstrap.ROOT)
    for name in [name for name in os.environ if name.startswith("PORTAL_") and not name.startswith("PORTAL_TEST_")]:
        del os.environ[name]  # the tests choose their own data folder and databases
    required = set(filter(None, os.environ.get("PORTAL_TEST_REQUIRE", "").replace(" ", "").split(",")))
    left_out: dict[str, str] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="portal-test-")))
        for need in NEEDS:
            if reason := provide(need, folder, stack):
                left_out[need.marker] = reason
        if missing := bootstrap.missing_pdf_libraries():
            left_out["pdf"] = f"{', '.join(missing)} is missing"
        tally = Tally()
        chosen = " and ".join(f"not {marker}" for marker in left_out)
        options = [
            "-n",
            str(min(cores() + 1, MOST_AT_ONCE)),
            "--dist",
            "worksteal",
            *(["-m", chosen] if chosen else []),
        ]
        status = int(pytest.main([*options, *arguments], plugins=[tally]))
        if status == pytest.ExitCode.TESTS_FAILED:
            status = _alone(status, tally)
    return _close(status, required, left_out, tally, whole=not arguments)


MOST_AGAIN = 25
"""More failures than this are no matter of a busy machine."""


def _alone(status: int, tally: Tally) -> int:
    """Run what failed once more, one test at a time and with nothing beside it; gives the exit status that counts.

    Tests that kill processes and wait for signs of life share two cores with the rest of the run. Those that pass
    alone are named, so that nobody takes them for sound.
    """
    kept = Path(bootstrap.ROOT, ".pytest_cache", "v", "cache", "lastfailed")
    failed = sorted(json.loads(kept.read_text())) if kept.exists() else []
    if not 0 < len(failed) <= MOST_AGAIN:
        return status
    print(f"\n{len(failed)} failed; once more, alone:", flush=True)
    words = ["-n", "0", "--last-failed", "--last-failed-no-failures", "none"]
    if pytest.main(words, plugins=[tally]) == pytest.ExitCode.OK:
        print("Passed only when run alone: " + ", ".join(failed))
        return 0
    return status


def _close(status: int, required: set[str], left_out: dict[str, str], tally: Tally, *, whole: bool) -> int:
    """The closing paragraph: what was exercised, what was not and why, and what that means."""
    names = {"postgresql": "PostgreSQL", "redis": "Redis", "browser": "the browser", "pdf": "PDF"}
    print()
    print("Ran on SQLite and the embedded Valkey.", end=" ")
    for marker, name in names.items():
        if marker in left_out:
            print(f"NOT run: the tests that need {name}, because {left_out[marker]}.", end=" ")
        else:
            print(f"With {name}: {tally.passed[marker]} passed.", end=" ")
    print("The tests failed." if status else "All tests that ran passed.")
    unmet = sorted(marker for marker in required if marker not in names or not tally.passed[marker])
    if unmet and whole:
        print(f"PORTAL_TEST_REQUIRE asks for {', '.join(unmet)}, and no such test passed, so this run fails.")
        return status or 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
