"""The content-addressed store: a file lies once under its SHA-256, written whole or not at all.

Two places can hold it, a folder (`folder.py`) and a bucket of an S3-compatible store (`bucket.py`). Both lay it out the
same way, `ab/cd/<sha256>`, so one can be copied into the other with any tool.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from portal.config import Bucket, Config

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20
ABANDONED_SECONDS = 600
"""A temporary file older than this belongs to a process that died."""


class StoreError(RuntimeError):
    """The store cannot be used; the text tells the administrator which one and why. What was asked for was not done."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of the store, as listing it tells. `at` is when it was written, in seconds of the system's clock."""

    sha256: str
    size: int
    at: float


class Store(ABC):
    """Where content lies. Errors of the place are StoreError; content that is not there is FileNotFoundError."""

    @property
    @abstractmethod
    def workspace(self) -> Path:
        """A folder of this machine for what is on its way into the store or out of it; `sweep` clears it."""

    @staticmethod
    def of(config: Config) -> Store:
        """The store of this installation: `files` in the data folder, or what PORTAL_FILES_URL names."""
        if isinstance(config.files, Bucket):
            from portal.files.bucket import BucketStore  # its library takes time to load

            return BucketStore(config.files, config.home / "tmp")
        from portal.files.folder import FolderStore

        return FolderStore(config.files)

    @abstractmethod
    def put(self, content: bytes | BinaryIO, *, replace: bool = False) -> str:
        """Keep the content and return its SHA-256. The same content twice is kept once. Durable when it returns.

        `replace`: write it even if it is there, because what lies there may be damaged.
        """

    @abstractmethod
    def open(self, sha256: str) -> BinaryIO:
        """The content for reading from any position, never all of it in memory. Raises FileNotFoundError."""

    @abstractmethod
    def has(self, sha256: str) -> bool:
        """Whether the content is there."""

    @abstractmethod
    def size(self, sha256: str) -> int:
        """Bytes. Raises FileNotFoundError."""

    @abstractmethod
    def delete(self, sha256: str) -> None:
        """Forget the content, if it is there. Whoever asks knows that no row names it any more."""

    @abstractmethod
    def all(self) -> Iterator[Kept]:
        """Everything kept, in order of its SHA-256."""

    @abstractmethod
    def path(self, sha256: str) -> Path:
        """Where the content lies on this machine once `bring` was called. Raises ValueError for what is no SHA-256."""

    @abstractmethod
    def bring(self, sha256: str) -> Path:
        """See to it that the content lies at its `path` for the next minutes. Raises FileNotFoundError."""

    @abstractmethod
    def check(self) -> None:
        """Write, read and delete something small. Raises StoreError when one of them is impossible."""

    def read(self, sha256: str) -> bytes:
        """The whole content. Raises FileNotFoundError."""
        with self.open(sha256) as file:
            return file.read()

    def verify(self, sha256: str) -> bool:
        """Whether the content is there and is what its name says."""
        try:
            with self.open(sha256) as file:
                return hash_of(file) == sha256
        except FileNotFoundError:
            return False

    def sweep(self) -> int:
        """Remove what dead processes left half written; returns how many entries. Safe at any time."""
        before = time.time() - ABANDONED_SECONDS
        removed = 0
        for path in self.workspace.glob("*"):
            try:
                if path.stat().st_mtime < before:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
                    removed += 1
            except FileNotFoundError:
                continue
        return removed

    def make_workspace(self) -> Path:
        """The workspace, made if it is not there yet, for its owner only. Raises StoreError."""
        try:
            self.workspace.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder {self.workspace} cannot be made: {error.strerror}.") from error
        return self.workspace


def place(sha256: str) -> str:
    """Where content lies below the top of a store. Raises ValueError for what is no SHA-256."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError("not a SHA-256")
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def is_place(path: str) -> bool:
    """Whether `place` gives this path for some content."""
    return bool(_SHA256.fullmatch(path[-64:])) and path == place(path[-64:])


def hash_of(file: BinaryIO) -> str:
    """The SHA-256 of what is left to read."""
    digest = hashlib.sha256()
    for chunk in chunks(file):
        digest.update(chunk)
    return digest.hexdigest()


def chunks(content: bytes | BinaryIO) -> Iterator[bytes]:
    """The content in portions that fit into memory."""
    if isinstance(content, bytes):
        yield content
        return
    while chunk := content.read(_CHUNK):
        yield chunk
