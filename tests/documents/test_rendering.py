"""HTML to PDF: right and small on paper, and closed to the world."""

from __future__ import annotations

import io
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

from portal import i18n
from portal.documents import paper, rendering
from portal.documents.views import Photo, View
from portal.errors import DomainError
from tests.documents import examples

pytestmark = pytest.mark.pdf

HANZI = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
CANARY = "CANARY-7f3e-DO-NOT-PRINT"


@pytest.fixture(scope="module", autouse=True)
def warm(tmp_path_factory: pytest.TempPathFactory) -> None:
    rendering.warm_up(tmp_path_factory.mktemp("home"))


def printed(view: View) -> rendering.Pdf:
    with i18n.use_locale("zh_Hans"):
        sheet = paper.write(view, examples.ISSUE)
    return rendering.render_pdf(sheet.html, sheet.assets)


def text_of(pdf: bytes, tmp_path: Path) -> str:
    """The text as a reader finds it: by pdftotext where it is there, else by pypdf."""
    if not shutil.which("pdftotext"):
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    path = tmp_path / "form.pdf"
    path.write_bytes(pdf)
    return subprocess.run(["pdftotext", path, "-"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    "view",
    [examples.SLIP, examples.EMPTY_SLIP, examples.FILE, examples.VISITOR, examples.REGISTER],
    ids=lambda view: f"{view.FORM} {view.number}",
)
def test_every_hanzi_of_the_form_can_be_searched(view: View, tmp_path: Path) -> None:
    with i18n.use_locale("zh_Hans"):
        shown = re.sub(r"<head>.*?</head>|<[^>]+>", "", paper.write(view, examples.ISSUE).html, flags=re.DOTALL)
    pdf = printed(view)
    found = text_of(pdf.content, tmp_path)
    assert set(HANZI.findall(shown)) <= set(HANZI.findall(found))
    assert view.number in found and f"第 1 页，共 {pdf.page_count} 页" in found
    assert len(pdf.content) <= 300_000


def test_our_fonts_and_no_others_are_in_the_file() -> None:
    fonts = set()
    for page in pypdf.PdfReader(io.BytesIO(printed(examples.EMPTY_SLIP).content)).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            fonts.add(font.get_object()["/BaseFont"].split("+")[1])
    assert fonts == {"Portal-Sans-SC", "Portal-Sans-SC-Bold", "Portal-Sans-SC-Rare"}


def test_rare_characters_of_names_are_drawn(tmp_path: Path) -> None:
    assert "𠮷䶮㛃" in text_of(printed(replace(examples.SLIP, customer="𠮷䶮㛃")).content, tmp_path)


def test_a_long_text_flows_on_and_every_page_says_whose_form_it_is(tmp_path: Path) -> None:
    pdf = printed(replace(examples.SLIP, content="客户反映厨房墙砖空鼓，多处开裂。" * 400))
    assert pdf.page_count >= 3
    text = text_of(pdf.content, tmp_path)
    assert re.sub(r"\s", "", text).count("厨房墙砖空鼓") >= 397  # the few that miss are broken over two pages
    pages = text.split("\f")[: pdf.page_count]
    for number, page in enumerate(pages, 1):
        assert "售中、售后问题确认单" in page and "TS-2026-0001" in page
        assert f"第 {number} 页，共 {pdf.page_count} 页" in page


def test_photos_stand_two_in_a_row_and_the_file_stays_small() -> None:
    photos = tuple(Photo(f"第 {number} 张", examples.picture(number)) for number in range(1, 5))
    pdf = printed(replace(examples.SLIP, photos=photos, signatures=()))
    assert pdf.page_count == 2
    assert len(pypdf.PdfReader(io.BytesIO(pdf.content)).pages[1].images) == 4
    assert len(pdf.content) <= 300_000


def test_no_text_is_cut_off_when_words_do_not_break(tmp_path: Path) -> None:
    pdf = printed(replace(examples.SLIP, customer="A" * 50, address="B" * 200, content="C" * 3000))
    text = re.sub(r"\s", "", text_of(pdf.content, tmp_path))
    assert text.count("A") >= 50 and text.count("B") >= 200 and text.count("C") >= 3000


# Closed to the world -------------------------------------------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A TCP server on loopback that notes who calls."""
    calls: list[str] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.1)
    stop = threading.Event()

    def listen() -> None:
        while not stop.is_set():
            try:
                connection, address = server.accept()
            except TimeoutError:
                continue
            calls.append(str(address))
            connection.close()

    thread = threading.Thread(target=listen)
    thread.start()
    yield server.getsockname()[1], calls
    stop.set()
    thread.join()
    server.close()


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    path = tmp_path / "canary.svg"
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg"><text y="9">{CANARY}</text></svg>')
    return path


def payloads(port: int, canary: Path) -> list[str]:
    """Ways to make a document read a file or call an address."""
    address = f"http://127.0.0.1:{port}/x"
    file = canary.as_uri()
    spellings = ("localhost", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0")
    embedded = f"<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'><image xlink:href='{address}' width='9' height='9'/></svg>"
    in_file = embedded.replace(address, file)
    tags = [
        f'<img src="{address}">',
        f'<img src="{file}">',
        f'<img src="{canary}">',
        '<img src="file:///etc/passwd">',
        '<img src="../../../../../../etc/passwd">',
        f'<img srcset="{address} 1x">',
        f'<link rel="stylesheet" href="{address}">',
        f'<link rel="stylesheet" href="{file}">',
        f'<link rel="attachment" href="{file}">',
        f'<link rel="attachment" href="{address}">',
        f'<a rel="attachment" href="{file}">a</a>',
        f'<a rel="attachment" href="{address}">a</a>',
        f'<base href="{address}"><img src="y">',
        f'<base href="{file}"><img src="canary.svg">',
        f"<style>@import url({address});</style>",
        f"<style>@import '{file}';</style>",
        f"<style>@font-face{{font-family:x;src:url({address})}}p{{font-family:x}}</style><p>字</p>",
        f"<style>@font-face{{font-family:x;src:url({file})}}p{{font-family:x}}</style><p>字</p>",
        f'<p style="background:url({address})">a</p>',
        f'<p style="background-image:url({file})">a</p>',
        f'<p style="list-style-image:url({address});display:list-item">a</p>',
        f'<p style="border-image:url({address}) 1">a</p>',
        f"<style>p::before{{content:url({address})}}</style><p>a</p>",
        f"<style>p::before{{content:url({file})}}</style><p>a</p>",
        f"<style>@page{{background:url({address})}}</style>",
        f'<p style="mask:url({address})">a</p><p style="cursor:url({address}),auto">a</p>',
        f'<object data="{address}">a</object>',
        f'<object data="{file}" type="image/svg+xml"></object>',
        f'<embed src="{address}">',
        f'<embed src="{file}">',
        f'<iframe src="{address}"></iframe>',
        f'<input type="image" src="{address}">',
        f'<video poster="{address}"></video>',
        f'<meta http-equiv="refresh" content="0;url={address}">',
        f'<script src="{address}"></script>',
        f'<svg><image href="{address}" width="9" height="9"/></svg>',
        f'<svg><image xlink:href="{file}" width="9" height="9"/></svg>',
        f'<svg><use href="{address}#a"/></svg>',
        f'<svg><use xlink:href="{file}#a"/></svg>',
        f"<svg><style>@import url({address});</style><rect width='9' height='9'/></svg>",
        f'<svg><linearGradient id="g" href="{address}#g"/><rect fill="url({address}#g)" width="9" height="9"/></svg>',
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "{file}">]><svg><text>&e;</text></svg>',
        f'<img src="data:image/svg+xml,{embedded.replace("#", "%23").replace(chr(34), "%22")}">',
        f'<img src="data:image/svg+xml,{in_file}">',
        f'<img src="ftp://127.0.0.1:{port}/x">',
        f'<img src="gopher://127.0.0.1:{port}/x">',
        f'<img src="jar:{address}!/x">',
        f'<img src="asset:{canary}">',
        '<img src="asset:../../../etc/passwd">',
        "<img src='asset:'>",
    ]
    return tags + [f'<img src="http://{name}:{port}/x">' for name in spellings]


def inflated(pdf: bytes) -> bytes:
    """All streams of the file unpacked, besides the file itself."""
    parts = [pdf]
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            parts.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return b"".join(parts)


def test_text_of_people_reaches_neither_files_nor_addresses(listener: tuple[int, list[str]], canary: Path) -> None:
    port, calls = listener
    everything = "".join(payloads(port, canary))
    assert len(payloads(port, canary)) >= 40
    slip = replace(
        examples.SLIP,
        customer=everything[:400],
        address=everything,
        content=everything,
        demand=everything,
        verify_result=everything,
        root_cause=everything,
        photos=(Photo(everything, examples.picture()),),
    )
    for view in (
        slip,
        replace(examples.FILE, content=everything, cause=everything, course=examples.FILE.course[:1]),
        replace(examples.VISITOR, needs=everything, name=everything[:300]),
        replace(examples.REGISTER, content=everything, evidence=(everything,)),
    ):
        content = inflated(printed(view).content)
        assert b"/EmbeddedFile" not in content and b"root:x:0" not in content
    assert calls == []


def test_even_raw_html_reaches_neither_files_nor_addresses(
    listener: tuple[int, list[str]], canary: Path, tmp_path: Path
) -> None:
    """The second wall: what if a template forgot to escape."""
    port, calls = listener
    refused = 0
    for payload in payloads(port, canary):
        try:
            pdf = rendering.render_pdf(f"<p>甲</p>{payload}").content
        except rendering.PdfError as error:
            refused += 1
            assert CANARY not in str(error)
            continue
        content = inflated(pdf)
        assert CANARY.encode() not in content and b"root:x:0" not in content and b"/EmbeddedFile" not in content
        assert CANARY not in text_of(pdf, tmp_path)
    assert calls == []
    assert refused >= 25


def test_a_data_picture_and_given_pictures_are_shown() -> None:
    html = '<img src="asset:a"><img src="data:image/svg+xml,<svg xmlns=\'http://www.w3.org/2000/svg\'/>">'
    pdf = rendering.render_pdf(html, {"a": examples.picture()})
    assert len(pypdf.PdfReader(io.BytesIO(pdf.content)).pages[0].images) == 1


def test_a_given_file_is_shown_and_anything_but_a_picture_stops_the_paper(tmp_path: Path) -> None:
    photo, secret = tmp_path / "a", tmp_path / "b"
    photo.write_bytes(examples.picture())
    secret.write_text(CANARY)
    assert rendering.render_pdf('<img src="asset:a">', {"a": photo}).page_count == 1
    with pytest.raises(rendering.PdfError):
        rendering.render_pdf('<img src="asset:b">', {"b": secret})


# Limits --------------------------------------------------------------------------------------------------------------


def test_a_paper_that_takes_too_long_is_stopped_and_the_next_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "WALL_SECONDS", 1)
    monkeypatch.setattr(rendering, "_print", lambda *_arguments: time.sleep(30))
    started = time.monotonic()
    with i18n.use_locale("zh_Hans"), pytest.raises(DomainError, match="时间过长"):
        rendering.render_pdf("<p>慢</p>")
    assert time.monotonic() - started < 5
    monkeypatch.undo()
    assert rendering.render_pdf("<p>快</p>").page_count == 1


def test_a_paper_that_eats_memory_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_print", lambda *_arguments: bytearray(2 * rendering.MEMORY_BYTES))
    with pytest.raises(rendering.PdfError) as caught:
        rendering.render_pdf("<p>大</p>")
    assert caught.value.message == rendering.TOO_BIG


def test_a_child_that_dies_is_an_error_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_print", lambda *_arguments: os.kill(os.getpid(), 9))
    with i18n.use_locale("zh_Hans"), pytest.raises(rendering.PdfError) as caught:
        rendering.render_pdf("<p>死</p>")
    assert "signal 9" in caught.value.detail


def test_the_child_can_write_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def leak(*_arguments: object) -> None:
        (tmp_path / "leak").write_text(CANARY * 1000)

    monkeypatch.setattr(rendering, "_print", leak)
    with pytest.raises(rendering.PdfError):
        rendering.render_pdf("<p>写</p>")
    assert not (tmp_path / "leak").exists() or (tmp_path / "leak").read_text() == ""


def test_no_child_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[int] = []
    fork = rendering._fork
    monkeypatch.setattr(rendering, "_fork", lambda: children.append(child := fork()) or child)
    rendering.render_pdf("<p>一</p>")
    with pytest.raises(ProcessLookupError):
        os.kill(children[0], 0)


def test_the_fonts_file_names_our_folder_only(tmp_path: Path) -> None:
    path = rendering.write_fonts_conf(tmp_path / "a & b")
    text = path.read_text()
    assert re.findall(r"<dir>(.*?)</dir>", text) == [str(rendering.FONTS)] and "a &amp; b" in text
    before = path.stat().st_mtime_ns
    assert rendering.write_fonts_conf(tmp_path / "a & b").stat().st_mtime_ns == before


def test_a_missing_library_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_warm", None)
    monkeypatch.setattr(rendering, "missing_library", lambda: "libharfbuzz-subset.so.0")
    with i18n.use_locale("zh_Hans"), pytest.raises(rendering.PdfError, match="portal doctor") as caught:
        rendering.render_pdf("<p>字</p>")
    assert caught.value.detail == "libharfbuzz-subset.so.0"
