"""`portal doctor`: what this machine and this installation have, and the cure for each missing piece."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from portal import bootstrap, sqlite, supervisor, valkey, web
from portal.config import Bucket, Config
from portal.files.store import Store, StoreError

LEAST_FREE_BYTES = 2_000_000_000
REMOTE_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"}
"""SQLite's write-ahead log needs memory shared between processes, which these do not give."""
FONTS = Path(__file__).resolve().parent.parent / "static" / "fonts"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `cure` is empty when all is well; fatal means the portal must not serve."""

    name: str
    detail: str
    cure: str = ""
    is_fatal: bool = False

    def __str__(self) -> str:
        mark = "ok" if not self.cure else "FAILED" if self.is_fatal else "warning"
        return f"{mark:<8} {self.name}: {self.detail}" + (f"\n         Cure: {self.cure}" if self.cure else "")


def examine(config: Config) -> Iterator[Finding]:
    """Look at each thing in turn; a check that breaks is itself a finding."""
    for check in CHECKS:
        try:
            yield from check(config)
        except Exception as error:
            name = check.__name__.removeprefix("_").replace("_", " ")
            text = " ".join(str(error).split()) or type(error).__name__
            yield Finding(name, text, "correct what the message names and run portal doctor again", True)


def _python(_config: Config) -> Iterator[Finding]:
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    cure = "" if sys.version_info >= (3, 11) else "install Python 3.11 or newer and run ./run"
    yield Finding("Python", detail, cure, bool(cure))


def _sqlite(config: Config) -> Iterator[Finding]:
    if not config.is_sqlite:
        return
    try:
        yield Finding("SQLite", sqlite.module().sqlite_version)
    except sqlite.SqliteTooOld as error:
        yield Finding("SQLite", str(error), "run ./run, it installs the locked pysqlite3", True)


def _pdf_libraries(_config: Config) -> Iterator[Finding]:
    missing = bootstrap.missing_pdf_libraries()
    if not missing:
        yield Finding("PDF libraries", "pango and harfbuzz-subset are there")
        return
    cure = bootstrap.install_command(bootstrap.PDF_PACKAGES) or "install pango and harfbuzz with its subset library"
    yield Finding("PDF libraries", f"{', '.join(missing)} is missing, so PDF files fail or are very slow", cure)


def _fonts(_config: Config) -> Iterator[Finding]:
    fonts = sorted(path.name for path in FONTS.glob("*.otf"))
    cure = "" if fonts else f"the checkout is incomplete, {FONTS} must hold the fonts; fetch it again"
    yield Finding("Fonts", ", ".join(fonts) or "none", cure)


def _data_folder(config: Config) -> Iterator[Finding]:
    writable = os.access(config.home, os.W_OK | os.X_OK)
    cure = "" if writable else f"make {config.home} writable for this user, or set PORTAL_HOME"
    yield Finding("Data folder", str(config.home), cure, not writable)
    kind = _file_system(config.home)
    if config.is_sqlite and kind in REMOTE_FILE_SYSTEMS:
        cure = "set PORTAL_HOME to a folder on a disk of this machine, or use PostgreSQL (PORTAL_DATABASE_URL)"
        yield Finding(
            "Disk", f"{config.home} is on a network file system ({kind}), which SQLite must not use", cure, True
        )
    free = shutil.disk_usage(config.home).free
    cure = "" if free >= LEAST_FREE_BYTES else "free some space, or set PORTAL_HOME to a larger disk"
    yield Finding("Free space", f"{free / 1e9:.1f} GB", cure)


def _file_system(path: Path) -> str | None:
    """The type of the file system that holds the path, where the system tells (Linux)."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    mounts = {fields[1].encode().decode("unicode_escape"): fields[2] for fields in map(str.split, lines)}
    return next((mounts[str(place)] for place in (path, *path.parents) if str(place) in mounts), None)


def _queue(config: Config) -> Iterator[Finding]:
    if config.redis_url is None:
        answers = valkey.ping(config.home)
        yield Finding(
            "Queue", f"embedded Valkey, {valkey.binary().name}, {'answers' if answers else 'not running now'}"
        )
        return
    import redis

    cure = "start the server, or correct PORTAL_REDIS_URL"
    try:
        redis.Redis.from_url(config.redis_url, socket_connect_timeout=2, socket_timeout=2).ping()
    except (redis.RedisError, ValueError) as error:
        yield Finding("Queue", f"PORTAL_REDIS_URL does not answer: {error}", cure)
    else:
        yield Finding("Queue", "PORTAL_REDIS_URL answers")


def _database(config: Config) -> Iterator[Finding]:
    if config.is_sqlite and not Path(config.database_url.removeprefix("sqlite:///")).exists():
        yield Finding("Database", "not created yet", "portal init, or portal serve, which does it too")
        return
    from portal import database, preparation

    with preparation.application(config):
        missing = database.pending()
    cure = "portal db upgrade" if missing else ""
    yield Finding("Database", f"{len(missing)} migrations are missing" if missing else "reachable and current", cure)


def _files(config: Config) -> Iterator[Finding]:
    store = Store.of(config)
    if isinstance(config.files, Bucket):
        cure = "correct PORTAL_FILES_URL, the AWS_* variables, or what the keys may do in the bucket"
    else:
        cure = "make the folder writable for this user, or correct PORTAL_FILES_URL"
    try:
        store.check()
    except StoreError as error:
        yield Finding("Files", str(error), cure, True)
    else:
        yield Finding("Files", f"{store} takes, gives back and deletes")


def _address(config: Config) -> Iterator[Finding]:
    where = f"{config.host}:{config.port}"
    try:
        with supervisor.exclusive(config.home):
            web.check_address(config.host, config.port)
    except supervisor.ServeError:
        yield Finding("Address", f"a portal serves this data folder now ({where})")
    except web.AddressInUse:
        if web.is_ours(config.home, config.port):
            yield Finding("Address", f"the web server of this data folder listens on {where}")
            return
        yield Finding("Address", f"another program listens on {where}", "stop that program, or set PORTAL_PORT")
    else:
        yield Finding("Address", f"{where} is free")


CHECKS: tuple[Callable[[Config], Iterator[Finding]], ...] = (
    _python,
    _sqlite,
    _pdf_libraries,
    _fonts,
    _data_folder,
    _queue,
    _database,
    _files,
    _address,
)
