"""The web server process: granian in front of the Flask application."""

from __future__ import annotations

import fcntl
import gc
import ipaddress
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portal import lifeline


class AddressInUse(RuntimeError):
    """Another program answers on the address; the text names it and the cure."""


def is_loopback(host: str) -> bool:
    """True when only this machine can reach the host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_address(host: str, port: int, *, patience_seconds: float = 0) -> None:
    """Raise AddressInUse when the port is taken. granian alone would share it with another granian, silently."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    until = time.monotonic() + patience_seconds
    while True:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
                return
            except OSError as error:
                if time.monotonic() >= until:
                    raise AddressInUse(
                        f"{host}:{port} cannot be used ({error.strerror}); stop the program there or choose another "
                        "PORTAL_PORT."
                    ) from error
        time.sleep(0.1)


@contextmanager
def holding(home: Path, port: int) -> Iterator[None]:
    """While the server runs, hold a lock in the data folder that `is_ours` sees; it cannot outlive the processes."""
    path = _lock_file(home, port)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def is_ours(home: Path, port: int) -> bool:
    """Whether a web server of this data folder runs with this port."""
    try:
        descriptor = os.open(_lock_file(home, port), os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock_file(home: Path, port: int) -> Path:
    return home / "run" / f"web-{port}.lock"


def _load(_target: str) -> Callable[..., Any]:
    """Runs in each server process: it must not outlive the main one, or two versions of the portal would answer."""
    lifeline.die_with_parent()
    collect_seldom()
    from portal.wsgi import app

    return app


def collect_seldom() -> None:
    """Look for garbage in circles once in some dozen requests, not several times in each: a page makes and drops
    thousands of records. What is loaded already is never looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)
    gc.enable()


def run(host: str, port: int, *, workers: int | None = None, threads: int = 4) -> None:
    """Serve until SIGTERM or Ctrl-C; requests in work are finished first.

    workers: server processes, at most two of them by default, one per core; threads: requests each works on at once.
    """
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces

    import portal.wsgi  # noqa: F401  loaded once: the server processes are forks and share its memory

    gc.disable()
    gc.freeze()
    Granian(
        target="portal.wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers or min(2, os.cpu_count() or 1),
        blocking_threads=threads,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=True,
        log_level="warning",  # type: ignore[arg-type]
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=10,
    ).serve(target_loader=_load)
