"""The store in a folder: on a disk of this machine, or one that all machines mount."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from portal import faults
from portal.files.store import Kept, Store, StoreError, chunks, is_place, place


@dataclass(frozen=True, slots=True)
class FolderStore(Store):
    """`root` holds `ab/cd/<sha256>`; `tmp` in it what is being written, on the same disk so that it can be renamed."""

    root: Path

    @property
    def workspace(self) -> Path:
        """Beside the files."""
        return self.root / "tmp"

    def put(self, content: bytes | BinaryIO, *, replace: bool = False) -> str:
        """See `Store.put`."""
        with self._unfinished() as (file, name):
            digest = hashlib.sha256()
            for chunk in chunks(content):
                digest.update(chunk)
                with self._told():
                    file.write(chunk)
            with self._told():
                file.flush()
                os.fsync(file.fileno())
                faults.reach("K8")
                sha256 = digest.hexdigest()
                target = self.path(sha256)
                if replace or not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    name.replace(target)
                    _sync(target.parent)
                    faults.reach("K9")
        return sha256

    def open(self, sha256: str) -> BinaryIO:
        """See `Store.open`."""
        with self._told():
            return self.path(sha256).open("rb")

    def has(self, sha256: str) -> bool:
        """See `Store.has`."""
        return self.path(sha256).is_file()

    def size(self, sha256: str) -> int:
        """See `Store.size`."""
        with self._told():
            return self.path(sha256).stat().st_size

    def delete(self, sha256: str) -> None:
        """See `Store.delete`."""
        with self._told():
            self.path(sha256).unlink(missing_ok=True)

    def all(self) -> Iterator[Kept]:
        """See `Store.all`."""
        for path in sorted(self.root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*")):
            if is_place(path.relative_to(self.root).as_posix()):
                status = path.stat()
                yield Kept(path.name, status.st_size, status.st_mtime)

    def path(self, sha256: str) -> Path:
        """See `Store.path`."""
        return self.root / place(sha256)

    def bring(self, sha256: str) -> Path:
        """See `Store.bring`. It is there already."""
        path = self.path(sha256)
        if not path.is_file():
            raise FileNotFoundError(path)
        return path

    def check(self) -> None:
        """See `Store.check`."""
        is_new = not self.root.exists()
        with self._unfinished() as (file, name), self._told():
            file.write(b"portal")
            file.flush()
            if name.read_bytes() != b"portal":
                raise StoreError(f"The folder for files {self} does not give back what was written.")
        if is_new:
            with suppress(OSError):
                self.workspace.rmdir()  # asking leaves no trace
                self.root.rmdir()

    @contextmanager
    def _unfinished(self) -> Iterator[tuple[BinaryIO, Path]]:
        """A file of the workspace that is gone afterwards, unless it was renamed."""
        folder = self.make_workspace()
        with self._told():
            descriptor, name = tempfile.mkstemp(dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file, Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell what the system says as an error of the store."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StoreError(f"The folder for files {self} cannot be used: {error.strerror}.") from error

    def __str__(self) -> str:
        return str(self.root)


def _sync(folder: Path) -> None:
    """Make the new name durable, not only the content."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
