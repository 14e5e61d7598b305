"""One archive with everything: the database as of one moment, the files, and checksums to prove it.

Files of the store never change once written, so the database is copied first and every file it names is then there.
They go into the archive under their SHA-256, wherever the store keeps them, and come back into whatever store the
portal is configured with at that time.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from portal import clock, faults
from portal.config import Config
from portal.files.folder import FolderStore
from portal.files.store import Kept, Store, chunks

MANIFEST = "manifest.json"
FORMAT = 1
SQLITE, POSTGRESQL = "database.sqlite3", "database.dump"
HOME, FILES = "home/", "files/"
"""What member names begin with: the data folder's own files, and those of the store, named by their SHA-256."""
IN_MEMORY = 16_000_000
SCRATCH = {"run", "valkey", "backups", "tmp", "cache"}
"""Folders of the data folder that hold nothing worth keeping."""

Progress = Callable[[str], None]


class BackupError(RuntimeError):
    """The archive cannot be made or used; the text says why and what to do."""


@dataclass(frozen=True)
class Report:
    """What an archive holds. `members` maps each name to its SHA-256; `created_at` is ISO 8601, UTC.

    `missing`: content that the database names and the store did not have, or not unchanged.
    """

    created_at: str
    members: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    size_bytes: int = 0
    format: int = FORMAT

    @property
    def files(self) -> int:
        """How many files the archive holds, the database counted as one."""
        return len(self.members)


# Making --------------------------------------------------------------------------------------------------------------


def create(config: Config, target: Path, *, progress: Progress = lambda _text: None) -> Report:
    """Write the archive, read it back, and only then give it its name: a file called `target` is always whole.

    Files that are lost already do not keep the others from being saved: they are named in the report.
    """
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
            store = Store.of(config)
            for path in sorted(_kept(config, store)):
                _add(archive, HOME + path.relative_to(config.home).as_posix(), path, report)
            named = _named(config.database_url if not config.is_sqlite else f"sqlite:///{copy}")
            progress(f"Copying the files of {store}")
            for number, kept in enumerate(store.all(), 1):
                _add_kept(archive, store, kept, report)
                if number % 500 == 0:
                    progress(f"{number} files")
            lost = {name for name in named if FILES + name not in report.members}
            if lost:  # what was thrown away meanwhile is not lost
                lost &= _named(config.database_url)
            report.missing.extend(sorted(lost))
            text = json.dumps(asdict(report), indent=1).encode()
            facts = tarfile.TarInfo(MANIFEST)
            facts.size = len(text)
            archive.addfile(facts, io.BytesIO(text))
        file.flush()
        os.fsync(file.fileno())


def _kept(config: Config, store: Store) -> Iterator[Path]:
    """The files of the data folder that belong into an archive; database and store are copied in their own way."""
    root = _inside(config, store)
    for top in _content(config.home):
        if not top.name.startswith("portal.sqlite3"):
            for path in [top, *top.rglob("*")]:
                if path.is_file() and not path.is_symlink() and root not in path.parents:
                    yield path


def _inside(config: Config, store: Store) -> Path | None:
    """The folder of the store, if it lies in the data folder."""
    return store.root if isinstance(store, FolderStore) and config.home in store.root.parents else None


def _named(url: str) -> set[str]:
    """The SHA-256 of all content that a database names."""
    from sqlalchemy import column, create_engine, inspect, select, table

    from portal import sqlite
    from portal.models.attachment import names_content

    options = {"module": sqlite.module()} if url.startswith("sqlite") else {}
    engine = create_engine(url, **options)
    names: set[str] = set()
    try:
        found = inspect(engine).get_multi_columns()
        with engine.connect() as connection:
            for (_schema, name), columns in found.items():
                for wanted in (item["name"] for item in columns if names_content(item["name"])):
                    names.update(connection.scalars(select(column(wanted)).select_from(table(name)).distinct()))
    finally:
        engine.dispose()
    return names - {None}


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


def _add_kept(archive: tarfile.TarFile, store: Store, kept: Kept, report: Report) -> None:
    """Add a file of the store, if it is what its name says: a changed one is as good as lost and counts as missing."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as content:
        digest = hashlib.sha256()
        with suppress(FileNotFoundError), store.open(kept.sha256) as source:
            for chunk in chunks(source):
                digest.update(chunk)
                content.write(chunk)
        if digest.hexdigest() != kept.sha256:
            return
        facts = tarfile.TarInfo(FILES + kept.sha256)
        facts.size, facts.mtime, facts.mode = content.tell(), int(kept.at), 0o600
        content.seek(0)
        archive.addfile(facts, content)
        report.members[facts.name] = kept.sha256


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
    misnamed = any(name.startswith(FILES) and name != FILES + checksum for name, checksum in found.items())
    if manifest["members"] != found or misnamed:
        raise BackupError(f"{archive.name} is damaged: its checksums do not fit.")
    if SQLITE in paths:
        _check_database(paths[SQLITE])
    return Report(**manifest), paths


def _is_safe(name: str) -> bool:
    """True for the names that `create` gives; an archive made by somebody else may try to reach elsewhere."""
    if name in (MANIFEST, SQLITE, POSTGRESQL):
        return True
    if name.startswith(FILES):
        return re.fullmatch(r"[0-9a-f]{64}", name.removeprefix(FILES)) is not None
    return name.startswith(HOME) and len(name) > len(HOME) and ".." not in PurePosixPath(name).parts


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
    """Put an archive's content into data folder, database and store; the old data folder is kept as `before-...`.

    The archive is proved before anything is touched. Raises BackupError when it is damaged or when there is data
    and `replace_data` is not set, ServeError while the portal serves from this folder, StoreError when the store
    cannot be written.
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
        old, store = _old(config, replace_data=replace_data), Store.of(config)
        is_inside = _inside(config, store) is not None
        if not is_inside:  # a store that fails now has cost nothing: what it has is only added to
            _put_files(store, members, progress)
        _set_aside(config, old)
        if is_inside:
            _put_files(store, members, progress)
        progress("Putting the database in place")
        for name, path in members.items():
            if name == POSTGRESQL:
                _restore_postgresql(config, path)
            elif not name.startswith(FILES):
                place = _sqlite_file(config) if name == SQLITE else config.home / name.removeprefix(HOME)
                place.parent.mkdir(parents=True, exist_ok=True)
                path.replace(place)
    return report


def _put_files(store: Store, members: dict[str, Path], progress: Progress) -> None:
    progress(f"Putting the files into {store}")
    for name, path in members.items():
        if name.startswith(FILES):
            with path.open("rb") as file:
                store.put(file, replace=True)


def _restore_postgresql(config: Config, dump: Path) -> None:
    from sqlalchemy.engine import make_url

    database = str(make_url(config.database_url).database)
    options = ("--clean", "--if-exists", "--no-owner", "--single-transaction")
    _postgresql(config, "pg_restore", *options, "--dbname", database, str(dump))


def _old(config: Config, *, replace_data: bool) -> list[Path]:
    """What is in the data folder and must make room. Raises BackupError when it may not be moved."""
    old = [path for path in _content(config.home) if path.is_file() or any(path.iterdir())]
    if all(path.name == "secret-key" for path in old) and config.is_sqlite:
        return []
    if not replace_data:
        raise BackupError(f"There is data in {config.home}; give --replace to set it aside and put the archive there.")
    return old


def _set_aside(config: Config, old: list[Path]) -> None:
    if not old:
        return
    aside = config.home / f"before-{clock.now():%Y%m%dT%H%M%SZ}"
    aside.mkdir()
    for path in old:
        path.rename(aside / path.name)
