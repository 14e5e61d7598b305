"""The content-addressed store: a file lies once under its SHA-256, written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from portal import faults
from portal.config import Config, ConfigError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20
ABANDONED_SECONDS = 600
"""A temporary file older than this belongs to a process that died."""


@dataclass(frozen=True, slots=True)
class Store:
    """The store in one folder. `root` holds `ab/cd/<sha256>`; `tmp` in it holds what is being written."""

    root: Path

    @classmethod
    def of(cls, config: Config) -> Store:
        """The store of this installation: `files` in the data folder, or the shared folder of PORTAL_FILES_URL.

        Raises ConfigError for an address that is no folder.
        """
        if not config.files_url:
            return cls(config.home / "files")
        scheme, colon, rest = config.files_url.partition("://")
        if colon and scheme != "file":
            raise ConfigError("PORTAL_FILES_URL must be a folder, as /srv/portal/files or file:///srv/portal/files.")
        return cls(Path(rest if colon else config.files_url))

    def path(self, sha256: str) -> Path:
        """Where the content lies. Raises ValueError for what is no SHA-256."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError("not a SHA-256")
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def put(self, content: bytes | BinaryIO) -> str:
        """Keep the content and return its SHA-256. The same content twice is kept once. Durable when it returns."""
        self._folder("tmp")
        digest = hashlib.sha256()
        descriptor, name = tempfile.mkstemp(dir=self.root / "tmp")
        try:
            with os.fdopen(descriptor, "wb") as file:
                for chunk in _chunks(content):
                    digest.update(chunk)
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            faults.reach("K8")
            sha256 = digest.hexdigest()
            target = self.path(sha256)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(name, target)
                _sync(target.parent)
                faults.reach("K9")
        finally:
            Path(name).unlink(missing_ok=True)
        return sha256

    def open(self, sha256: str) -> BinaryIO:
        """The content for reading. Raises FileNotFoundError."""
        return self.path(sha256).open("rb")

    def read(self, sha256: str) -> bytes:
        """The whole content. Raises FileNotFoundError."""
        return self.path(sha256).read_bytes()

    def has(self, sha256: str) -> bool:
        """Whether the content is there."""
        return self.path(sha256).is_file()

    def size(self, sha256: str) -> int:
        """Bytes. Raises FileNotFoundError."""
        return self.path(sha256).stat().st_size

    def verify(self, sha256: str) -> bool:
        """Whether the content is there and is what its name says."""
        try:
            with self.path(sha256).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except FileNotFoundError:
            return False

    def all(self) -> Iterator[str]:
        """The SHA-256 of everything kept, in order."""
        for path in sorted(self.root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")):
            if _SHA256.fullmatch(path.name):
                yield path.name

    def sweep(self) -> int:
        """Remove what dead processes left half written; returns how many entries. Safe at any time."""
        before = time.time() - ABANDONED_SECONDS
        removed = 0
        for path in (self.root / "tmp").glob("*"):
            try:
                if path.stat().st_mtime < before:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue
        return removed

    def _folder(self, name: str) -> None:
        (self.root / name).mkdir(mode=0o700, parents=True, exist_ok=True)


def _chunks(content: bytes | BinaryIO) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    while chunk := content.read(_CHUNK):
        yield chunk


def _sync(folder: Path) -> None:
    """Make the new name durable, not only the content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
