"""Papers page by page: a PDF is drawn by a child with limits (`pdf_page.py`), a picture is its own only page.

Nothing is kept but the last pages in the memory of this process; the browser keeps what it has seen.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.errors import DomainError
from portal.files import pdf_page
from portal.files.kinds import PDF
from portal.files.store import Store
from portal.i18n import N_
from portal.kept import Kept

WALL_SECONDS = 20
NOT_SHOWN = N_("This paper cannot be shown here. Save it and look at it in another program.")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as a picture; sizes in pixels."""

    content: bytes
    width: int
    height: int


_counts: Kept[str, int] = Kept(500)
_pages: Kept[tuple[str, int], Page] = Kept(24)


def count(store: Store, sha256: str, mime: str) -> int:
    """How many pages a paper has; a picture has one. Raises DomainError for a PDF that cannot be read."""
    if mime != PDF.mime:
        return 1
    return _counts.get(sha256) or _counts.keep(sha256, int(_ask(store, sha256, 0)[0]["pages"]))


def draw(store: Store, sha256: str, page_no: int) -> Page:
    """A page of a PDF, from 1. Raises DomainError when it cannot be drawn or is not there."""
    if kept := _pages.get((sha256, page_no)):
        return kept
    answer, content = _ask(store, sha256, page_no)
    return _pages.keep((sha256, page_no), Page(content, int(answer["width"]), int(answer["height"])))


def _ask(store: Store, sha256: str, page_no: int) -> tuple[dict[str, Any], bytes]:
    with tempfile.TemporaryDirectory(prefix="page-", dir=store.make_workspace()) as folder:
        source, target = Path(folder, "source"), Path(folder, "page")
        source.write_bytes(store.read(sha256))
        command = [sys.executable, "-I", pdf_page.__file__, str(source), str(target), str(page_no)]
        try:
            run = subprocess.run(
                command, capture_output=True, timeout=WALL_SECONDS, env={"MALLOC_ARENA_MAX": "1"}, check=False
            )
        except subprocess.TimeoutExpired:
            raise DomainError(NOT_SHOWN, status=422) from None
        answer: dict[str, Any] = (
            json.loads(run.stdout.splitlines()[-1]) if run.returncode == 0 and run.stdout else {"problem": "ended"}
        )
        if problem := answer.get("problem"):
            log.info("page %s not drawn: %s", page_no, answer.get("detail", problem))
            raise DomainError(NOT_SHOWN, status=422)
        return answer, target.read_bytes() if page_no else b""
