"""How far a running import has come, for the page that waits. A small file in the store's workspace.

The rows themselves are written in one transaction that nobody else sees before its end, and SQLite lets nobody else
write meanwhile; so progress is no row. Losing the file costs a number on a page.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def _path(folder: Path, run_id: int) -> Path:
    return folder / f"import-{run_id}.progress"


def write(folder: Path, run_id: int, done: int, total: int) -> None:
    """Say that `done` of `total` rows are carried out. Failure to write is no failure of the import."""
    path = _path(folder, run_id)
    fresh = path.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(f"{done} {total}", encoding="ascii")
        fresh.replace(path)


def read(folder: Path, run_id: int) -> tuple[int, int] | None:
    """(done, total), or None when nothing was said yet."""
    try:
        done, total = _path(folder, run_id).read_text(encoding="ascii").split()
        return int(done), int(total)
    except (OSError, ValueError):
        return None


def clear(folder: Path, run_id: int) -> None:
    """The import has ended."""
    with suppress(OSError):
        _path(folder, run_id).unlink()
