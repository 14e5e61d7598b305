"""From an upload to clean content in the store: size, type by content, security check, pictures drawn anew."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from portal.errors import Invalid
from portal.files import reencode
from portal.files.kinds import ATTACHMENTS, HEIC, JPEG, PDF, Kind, sniff
from portal.files.names import clean_name, shown_name
from portal.files.store import Store
from portal.i18n import N_, Text, _

MAX_BYTES = 15 * 1000 * 1000
WALL_SECONDS = 20
FIELD = "files"

EMPTY = N_("The file is empty.")
TOO_BIG = N_("The file is larger than 15 MB.")
NOT_A_PICTURE = N_("This is not a valid picture.")
TOO_MANY_PIXELS = N_("The picture has too many pixels.")
NOT_SUPPORTED = N_("This kind of file is not supported. Supported: JPG, PNG, WEBP, HEIC and PDF.")
NOT_SAFE = N_("The file did not pass the security check.")

_PICTURE_NAMES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".heic", ".heif")
_TEST_VIRUS = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file that was taken: where its content lies and what it is. Sizes in bytes and pixels."""

    name: str
    mime: str
    sha256: str
    size: int
    width: int | None = None
    height: int | None = None
    thumbnail_sha256: str | None = None
    taken: str | None = None
    """When the camera took it by its own clock, `2026:10:12 14:31:05`, before that was removed."""


def is_safe(path: Path) -> bool:
    """The antivirus hook: whether the content passes. Out of the box it knows the harmless test virus (EICAR)."""
    with path.open("rb") as file:
        return _TEST_VIRUS not in file.read(MAX_BYTES + 1)


scan: Callable[[Path], bool] = is_safe
"""The check in force; an installation with a scanner puts its own function here."""


def take(
    upload: IO[bytes], name: str | None, store: Store, *, kinds: Collection[Kind] = ATTACHMENTS, field: str = FIELD
) -> Accepted:
    """Check an upload, clean it and keep it. Pictures are re-encoded: location, device and hidden content are gone.

    HEIC becomes JPEG. A PDF is kept as it is, for download only. Raises Invalid with a plain sentence at `field`.
    """

    def refuse(message: Text) -> Invalid:
        shown = shown_name(name)
        return Invalid({field: _("%(name)s: %(problem)s", name=shown, problem=message) if shown else message})

    with tempfile.TemporaryDirectory(prefix="upload-", dir=store.make_workspace()) as folder:
        source = Path(folder, "source")
        size = _copy_up_to(upload, source, MAX_BYTES)
        if size == 0:
            raise refuse(EMPTY)
        if size > MAX_BYTES:
            raise refuse(TOO_BIG)
        if not scan(source):
            raise refuse(NOT_SAFE)
        with source.open("rb") as file:
            kind = sniff(file.read(4096))
        if kind is None or kind not in kinds:
            claims_picture = (name or "").lower().endswith(_PICTURE_NAMES) and any(one.is_image for one in kinds)
            raise refuse(NOT_A_PICTURE if claims_picture else NOT_SUPPORTED)
        if not kind.is_image:
            with source.open("rb") as file:
                sha256 = store.put(file)
            shown = clean_name(name, extension=kind.extension, fallback=str(N_("file")))
            return Accepted(shown, kind.mime, sha256, size)
        clean, small = Path(folder, "clean"), Path(folder, "small")
        answer = _redraw(source, clean, small, kind)
        if problem := answer.get("problem"):
            log.info("picture refused: %s", answer.get("detail", problem))
            raise refuse(TOO_MANY_PIXELS if problem == "too many pixels" else NOT_A_PICTURE)
        result = JPEG if kind == HEIC else kind
        with clean.open("rb") as file, small.open("rb") as thumbnail:
            return Accepted(
                clean_name(name, extension=result.extension, fallback=str(N_("picture"))),
                result.mime,
                store.put(file),
                clean.stat().st_size,
                int(answer["width"]),
                int(answer["height"]),
                store.put(thumbnail),
                answer.get("taken"),
            )


def is_download_only(mime: str) -> bool:
    """Whether a browser must save the file instead of showing it: everything but the pictures we drew ourselves."""
    return mime == PDF.mime or not mime.startswith("image/")


def _copy_up_to(upload: IO[bytes], target: Path, limit: int) -> int:
    """Copy at most one byte more than the limit, so that a lying length header costs nothing."""
    size = 0
    with target.open("wb") as file:
        while size <= limit and (chunk := upload.read(min(1 << 20, limit + 1 - size))):
            file.write(chunk)
            size += len(chunk)
    return size


def _redraw(source: Path, clean: Path, small: Path, kind: Kind) -> dict[str, str]:
    """Re-encode in a process of its own, with nothing of ours in its environment."""
    command = [sys.executable, "-I", reencode.__file__, str(source), str(clean), str(small), kind.name]
    try:
        run = subprocess.run(
            command, capture_output=True, timeout=WALL_SECONDS, env={"MALLOC_ARENA_MAX": "1"}, check=False
        )
    except subprocess.TimeoutExpired:
        return {"problem": "too many pixels", "detail": "took too long"}
    if run.returncode != 0 or not run.stdout:
        # The limits of the child ended it: more memory or time than a photo takes.
        return {"problem": "too many pixels", "detail": f"ended with {run.returncode}"}
    answer: dict[str, str] = json.loads(run.stdout.splitlines()[-1])
    return answer
