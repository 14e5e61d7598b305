"""HTML to PDF, in a capped child that reaches our fonts, the pictures it was given, and nothing else.

WeasyPrint is imported once per process, by `warm_up`; each PDF is then made in a fork of the warm process, which may not
write files, open a network (where the system allows us to take it away) or run for long.
"""

from __future__ import annotations

import ctypes
import gc
import io
import logging
import os
import pickle
import resource
import select
import signal
import sys
import time
import warnings
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from portal.documents.fetching import Asset, fetcher
from portal.errors import DomainError, Message
from portal.i18n import N_

ROOT = Path(__file__).resolve().parents[2]
FONTS = ROOT / "static" / "fonts"
STYLESHEET = ROOT / "static" / "css" / "print.css"

WALL_SECONDS = 60
CPU_SECONDS = 60
MEMORY_BYTES = 512 * 1024 * 1024
"""How much more than the warm process the child may map."""
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000

WARM_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415478da63f8ffff3f0005fe02fe0dc4e5e20000000049454e44ae426082"
)
"""One white pixel, so that the picture code is loaded before the first fork."""

log = logging.getLogger(__name__)
_warm: _Printer | None = None


class PdfError(DomainError):
    """The PDF could not be made; the sentence says why, `detail` is for the log."""

    status = 500

    def __init__(self, message: Message, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail


CANNOT_START = N_("PDF files cannot be made: a system library is missing. `portal doctor` names it.")
REFUSED = N_("The document asks for something outside itself and was not made.")
TOO_LONG = N_("Making the document took too long and was stopped.")
TOO_BIG = N_("The document needs more memory than it may have and was not made.")
BROKEN = N_("The document could not be made. The error was recorded.")


@dataclass(frozen=True, slots=True)
class Pdf:
    """A finished PDF."""

    content: bytes
    page_count: int


@dataclass(frozen=True, slots=True)
class _Printer:
    """WeasyPrint as imported, with the font set and the style sheet it prints with."""

    weasyprint: Any
    fonts: Any
    style: Any


def write_fonts_conf(cache: Path) -> Path:
    """Write the fontconfig file that knows our fonts only, and return it. Several processes may do so at once."""
    folder = cache / "fontconfig"
    folder.mkdir(parents=True, exist_ok=True)
    text = f"""<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{escape(str(FONTS))}</dir>
  <cachedir>{escape(str(folder))}</cachedir>
  <match target="pattern">
    <edit name="family" mode="append" binding="strong"><string>Portal Sans SC</string></edit>
    <edit name="family" mode="append" binding="strong"><string>Portal Sans SC Rare</string></edit>
  </match>
  <config><rescan><int>0</int></rescan></config>
</fontconfig>
"""
    path = folder / "fonts.conf"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        fresh = folder / f"fonts.conf.{os.getpid()}"
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    return path


def missing_library() -> str | None:
    """The library without which PDFs are impossible or tens of times slower; None when all is well."""
    names = {"linux": "libharfbuzz-subset.so.0", "darwin": "libharfbuzz-subset.0.dylib"}
    name = names.get(sys.platform)
    if name is None:
        return None
    try:
        ctypes.CDLL(name)
    except OSError:
        return name
    return None


def warm_up(home: Path | None = None) -> None:
    """Import WeasyPrint with our fonts and print one line, so that the first document is as quick as the next.

    `home` is the data folder (`Config.home`); None reads it from the environment. Calling again costs nothing.
    Raises PdfError when a system library is missing.
    """
    global _warm
    if _warm is not None:
        return
    if name := missing_library():
        log.error("%s is missing; `portal doctor` says how to get it", name)
        raise PdfError(CANNOT_START, name)
    if home is None:
        from portal.config import Config

        home = Config.from_env().home
    os.environ["FONTCONFIG_FILE"] = str(write_fonts_conf(home / "cache"))
    try:
        import weasyprint
        from weasyprint.text.fonts import FontConfiguration
    except OSError as error:
        raise PdfError(CANNOT_START, str(error)) from error
    for noisy in ("weasyprint", "weasyprint.progress", "fontTools"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    fonts = FontConfiguration()
    style = weasyprint.CSS(
        string=STYLESHEET.read_text(encoding="utf-8"), font_config=fonts, url_fetcher=fetcher({}), media_type="print"
    )
    _warm = _Printer(weasyprint, fonts, style)
    _print(_warm, '<p>回访 <b>Warm 䶮</b></p><img src="asset:dot">', {"dot": WARM_PICTURE})
    gc.collect()
    gc.freeze()


def render_pdf(html: str, assets: Mapping[str, Asset] | None = None) -> Pdf:
    """The page as PDF. `assets` are the pictures it names as `asset:<name>`; any other address stops the PDF.

    Made in a child process with limits on memory, processor time and wall time, without the right to write files.
    Raises PdfError with a sentence for the person who asked.
    """
    warm_up()
    printer = _warm
    assert printer is not None
    reading, writing = os.pipe()
    child = _fork()
    if child == 0:
        os.close(reading)
        _child(writing, printer, html, dict(assets or {}))
    os.close(writing)
    try:
        answer, in_time = _read_until(reading, time.monotonic() + WALL_SECONDS)
    finally:
        os.close(reading)
        status = _reap(child)
    if not in_time:
        raise PdfError(TOO_LONG, f"no result after {WALL_SECONDS} s")
    if not answer:
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        raise PdfError(TOO_LONG if number == signal.SIGXCPU else TOO_BIG, f"the child ended with signal {number}")
    ok, result = pickle.loads(answer)  # written by our own fork over a private pipe
    if ok:
        return Pdf(*result)
    message, detail = result
    log.error("document not made: %s", detail)
    raise PdfError({"refused": REFUSED, "memory": TOO_BIG}.get(message, BROKEN), detail)


def join(path: Path, forms: Iterable[tuple[str, bytes]]) -> int:
    """Write PDFs of ours one after the other into one file, each with its name in the outline; how many pages."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    for name, content in forms:
        writer.append(PdfReader(io.BytesIO(content)), outline_item=name, import_outline=False)
    writer.write(path)
    return len(writer.pages)


def _print(printer: _Printer, html: str, assets: Mapping[str, Asset]) -> tuple[bytes, int]:
    page = printer.weasyprint.HTML(string=html, base_url=None, url_fetcher=fetcher(assets), media_type="print")
    with _no_garbage_collection():
        paper = page.render(font_config=printer.fonts, stylesheets=[printer.style])
        return paper.write_pdf(), len(paper.pages)


@contextmanager
def _no_garbage_collection() -> Any:
    """Layout makes a great many small objects that all live to the end; collecting among them only costs time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _fork() -> int:
    with warnings.catch_warnings():
        # Python warns of locks that another thread may hold; the child touches only what this thread holds.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _child(writing: int, printer: _Printer, html: str, assets: dict[str, Asset]) -> None:
    """Print and answer over the pipe. Never returns, and runs nobody's exit handlers."""
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        try:
            _cap()
            answer: tuple[bool, Any] = (True, _print(printer, html, assets))
        except MemoryError:
            answer = (False, ("memory", "out of memory"))
        except BaseException as error:  # a refused address is no Exception, so that nothing swallows it
            refused = any(base.__name__ == "FatalURLFetchingError" for base in type(error).__mro__)
            cause = f" ({error.__cause__})" if error.__cause__ else ""
            answer = (False, ("refused" if refused else "broken", f"{type(error).__name__}: {error}{cause}"))
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(pickle.dumps(answer))
    finally:
        os._exit(0)


def _cap() -> None:
    """Take away what printing does not need: memory without end, time without end, files to write, the network."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    with open("/proc/self/statm", encoding="ascii") as statm:
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY_BYTES, mapped + MEMORY_BYTES))
    # A new network namespace holds no route and no interface that is up. Containers may forbid it; the fetcher
    # refuses every address anyway.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        libc.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def _read_until(reading: int, deadline: float) -> tuple[bytes, bool]:
    """All bytes until the other side closes, and whether it did so in time."""
    parts: list[bytes] = []
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([reading], [], [], left)[0]:
            break
        part = os.read(reading, 1 << 20)
        if not part:
            return b"".join(parts), True
        parts.append(part)
    return b"", False


def _reap(child: int) -> int:
    """End the child if it still runs and take its exit status."""
    finished, status = os.waitpid(child, os.WNOHANG)
    if finished:
        return status
    for _attempt in range(20):  # it has answered and is leaving; only a hanging child is killed
        time.sleep(0.005)
        finished, status = os.waitpid(child, os.WNOHANG)
        if finished:
            return status
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]
