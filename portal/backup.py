"""One archive with everything: the database as of one moment, the files, and checksums to prove it.

Files of the store never change once written, so the database is copied first and every file it names is then there.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from portal import clock, faults
from portal.config import Config

MANIFEST = "manifest.json"
FORMAT = 1
SQLITE, POSTGRESQL = "database.sqlite3", "database.dump"
SCRATCH = {"run", "valkey", "backups", "tmp", "cache"}
"""Folders of the data folder that hold nothing worth keeping."""

Progress = Callable[[str], None]


class BackupError(RuntimeError):
    """The archive cannot be made or used; the text says why and what to do."""


@dataclass(frozen=True)
class Report:
    """What an archive holds. `members` maps each name to its SHA-256; `created_at` is ISO 8601, UTC."""

    created_at: str
    members: dict[str, str] = field(default_factory=dict)
    size_bytes: int = 0
    format: int = FORMAT

    @property
    def files(self) -> int:
        """How many files the archive holds, the database counted as one."""
        return len(self.members)


# Making --------------------------------------------------------------------------------------------------------------


def create(config: Config, target: Path, *, progress: Progress = lambda _text: None) -> Report:
    """Write the archive, read it back, and only then give it its name: a file called `target` is always whole."""
    if config.is_sqlite and not _sqlite_file(config).exists():
        raise BackupError(f"There is no database in {config.home}; set PORTAL_HOME, or create one with portal init.")
    target = target.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".part")
    report = Report(created_at=clock.now().isoformat(timespec="seconds"))
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
        progress("Copying the database")
        copy = Path(folder) / (SQLITE if config.is_sqlite else POSTGRESQL)
        (_copy_sqlite if config.is_sqlite else _dump_postgresql)(config, copy)
        try:
            _write(unfinished, config, copy, report, progress)
            faults.reach("K15")
            progress("Reading it back")
            with tempfile.TemporaryDirectory(prefix=".check-", dir=target.parent) as check:
                _unpack(unfinished, Path(check))
            size = unfinished.stat().st_size
            unfinished.replace(target)
            _sync(target.parent)
        finally:
            unfinished.unlink(missing_ok=True)
    return replace(report, size_bytes=size)


def _write(target: Path, config: Config, copy: Path, report: Report, progress: Progress) -> None:
    mode = "w:gz" if target.name.endswith((".gz.part", ".tgz.part")) else "w"
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode=mode, format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
            _add(archive, copy.name, copy, report)
            for number, path in enumerate(sorted(_kept(config)), 1):
                _add(archive, f"home/{path.relative_to(config.home).as_posix()}", path, report)
                if number % 500 == 0:
                    progress(f"{number} files")
            text = json.dumps(asdict(report), indent=1).encode()
            facts = tarfile.TarInfo(MANIFEST)
            facts.size = len(text)
            archive.addfile(facts, io.BytesIO(text))
        file.flush()
        os.fsync(file.fileno())


def _kept(config: Config) -> Iterator[Path]:
    """The files of the data folder that belong into an archive; the database is copied in its own way."""
    for top in _content(config.home):
        if not top.name.startswith("portal.sqlite3"):
            yield from (path for path in [top, *top.rglob("*")] if path.is_file() and not path.is_symlink())


def _content(home: Path) -> list[Path]:
    """What lies in the data folder and is data: no scratch, no hidden files, nothing set aside by a restore."""
    return [path for path in home.iterdir() if path.name not in SCRATCH and not path.name.startswith((".", "before-"))]


def _add(archive: tarfile.TarFile, name: str, path: Path, report: Report) -> None:
    """Add one file and note its checksum; one that was swept away meanwhile belongs to no row and is left out."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        status = os.fstat(file.fileno())
        facts = tarfile.TarInfo(name)
        facts.size, facts.mtime, facts.mode = status.st_size, int(status.st_mtime), 0o600
        digest = hashlib.sha256()
        archive.addfile(facts, _Tee(file, digest.update))
        report.members[name] = digest.hexdigest()


class _Tee:
    """A file that shows what is read from it to somebody else as well."""

    def __init__(self, file: BinaryIO, see: Callable[[bytes], object]) -> None:
        self.file, self.see = file, see

    def read(self, size: int = -1) -> bytes:
        portion = self.file.read(size)
        self.see(portion)
        return portion


def _copy_sqlite(config: Config, copy: Path) -> None:
    """A compact copy as of one moment; writers are not held up."""
    with closing(_connect(_sqlite_file(config))) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))


def _dump_postgresql(config: Config, copy: Path) -> None:
    _postgresql(config, "pg_dump", "--format=custom", "--no-owner", f"--file={copy}")


def _sqlite_file(config: Config) -> Path:
    return Path(config.database_url.removeprefix("sqlite:///"))


def _connect(path: Path) -> Any:
    from portal import sqlite

    return sqlite.module().connect(str(path), isolation_level=None)


def _postgresql(config: Config, program: str, *words: str) -> None:
    """Run a PostgreSQL tool; address and password go through its environment, where other users cannot read them."""
    from sqlalchemy.engine import make_url

    if not shutil.which(program):
        raise BackupError(f"{program} is missing; install the PostgreSQL client programs.")
    url = make_url(config.database_url)
    parts = {
        "PGHOST": url.host,
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    environ = dict(os.environ) | {name: str(value) for name, value in parts.items() if value is not None}
    done = subprocess.run((program, *words), env=environ, capture_output=True, text=True)
    if done.returncode != 0:
        raise BackupError(f"{program} failed: {done.stderr.strip()}")


# Reading back --------------------------------------------------------------------------------------------------------


def _unpack(archive: Path, folder: Path) -> tuple[Report, dict[str, Path]]:
    """Unpack into a folder under names of our own, proving every checksum and the database itself.

    Raises BackupError at the first thing that is wrong.
    """
    paths: dict[str, Path] = {}
    found: dict[str, str] = {}
    manifest: dict[str, Any] = {}
    try:
        with tarfile.open(archive) as tar:
            for number, facts in enumerate(tar):
                content = tar.extractfile(facts) if facts.isreg() else None
                if content is None or not _is_safe(facts.name):
                    raise BackupError(f"{archive.name} holds {facts.name!r}, which no backup of this portal holds.")
                if facts.name == MANIFEST:
                    manifest = json.load(content)
                    continue
                paths[facts.name] = folder / str(number)
                with paths[facts.name].open("wb") as file:
                    digest = hashlib.sha256()
                    shutil.copyfileobj(_Tee(content, digest.update), file, 1 << 20)  # type: ignore[arg-type]
                found[facts.name] = digest.hexdigest()
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise BackupError(f"{archive.name} is damaged and cannot be read: {error}") from error
    if manifest.get("format") != FORMAT:
        raise BackupError(f"{archive.name} is no backup of this portal, or it is cut off.")
    if manifest["members"] != found:
        raise BackupError(f"{archive.name} is damaged: its checksums do not fit.")
    if SQLITE in paths:
        _check_database(paths[SQLITE])
    return Report(**manifest), paths


def _is_safe(name: str) -> bool:
    """True for the names that `create` gives; an archive made by somebody else may try to reach elsewhere."""
    parts = PurePosixPath(name).parts
    return name in (MANIFEST, SQLITE, POSTGRESQL) or (len(parts) > 1 and parts[0] == "home" and ".." not in parts)


def _check_database(path: Path) -> None:
    with closing(_connect(path)) as connection:
        result = connection.execute("PRAGMA integrity_check").fetchone()[0]
        orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
    if result != "ok" or orphan is not None:
        raise BackupError(f"The database in the archive is damaged: {orphan if result == 'ok' else result}.")


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# Putting back --------------------------------------------------------------------------------------------------------


def restore(config: Config, archive: Path, *, replace_data: bool, progress: Progress = lambda _text: None) -> Report:
    """Put an archive's content into the data folder; what was there is kept in a folder `before-...`.

    The archive is proved before anything is touched. Raises BackupError when it is damaged or when there is data
    and `replace_data` is not set, ServeError while the portal serves from this folder.
    """
    from portal import supervisor

    with (
        supervisor.exclusive(config.home),
        tempfile.TemporaryDirectory(prefix=".restore-", dir=config.home) as folder,
    ):
        progress("Checking the archive")
        report, members = _unpack(archive, Path(folder))
        if (SQLITE in members) != config.is_sqlite:
            held = "an SQLite" if SQLITE in members else "a PostgreSQL"
            raise BackupError(f"The archive holds {held} database; PORTAL_DATABASE_URL names another kind.")
        _make_room(config, replace_data=replace_data)
        progress("Putting it in place")
        for name, path in members.items():
            if name == POSTGRESQL:
                _restore_postgresql(config, path)
                continue
            place = _sqlite_file(config) if name == SQLITE else config.home / name.removeprefix("home/")
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
    return report


def _restore_postgresql(config: Config, dump: Path) -> None:
    from sqlalchemy.engine import make_url

    database = str(make_url(config.database_url).database)
    options = ("--clean", "--if-exists", "--no-owner", "--single-transaction")
    _postgresql(config, "pg_restore", *options, "--dbname", database, str(dump))


def _make_room(config: Config, *, replace_data: bool) -> None:
    """Move what is in the data folder aside. Raises BackupError when there is something and it may not be moved."""
    old = _content(config.home)
    if all(path.name == "secret-key" for path in old) and config.is_sqlite:
        return
    if not replace_data:
        raise BackupError(f"There is data in {config.home}; give --replace to set it aside and put the archive there.")
    aside = config.home / f"before-{clock.now():%Y%m%dT%H%M%SZ}"
    aside.mkdir()
    for path in old:
        path.rename(aside / path.name)
