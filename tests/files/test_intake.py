"""What becomes of an upload: cleaned and kept, or refused with a plain sentence."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from portal import i18n
from portal.errors import Invalid
from portal.files import intake, reencode
from portal.files.folder import FolderStore
from portal.files.kinds import IMPORTS, XLSX
from portal.files.store import Store
from tests.files import hostile

Take = Callable[..., intake.Accepted]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return FolderStore(tmp_path / "files")


@pytest.fixture
def take(store: Store) -> Take:
    return lambda content, name="照片.jpg", **options: intake.take(io.BytesIO(content), name, store, **options)


def refusal(take: Take, content: bytes, name: str, **options: object) -> str:
    """The sentence with which the file is refused."""
    with i18n.use_locale("zh_Hans"), pytest.raises(Invalid) as caught:
        take(content, name, **options)
    return str(caught.value.fields["files"])


def picture(store: Store, sha256: str | None) -> Image.Image:
    assert sha256
    return Image.open(io.BytesIO(store.read(sha256)))


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "空.jpg", "文件为空"),
        (b"\xff", "一.jpg", "不是有效的图片"),
        (b"\xff\xd8\xff" + b"\0" * (15_000_000), "大.jpg", "超过 15 MB"),
        (hostile.HTML, "网页.jpg", "不是有效的图片"),
        (hostile.SVG, "图.jpg", "不是有效的图片"),
        (hostile.SVG, "图.svg", "不支持的格式"),
        (hostile.PHP, "a.png", "不是有效的图片"),
        (hostile.EXE, "x.jpg.exe", "不支持的格式"),
        (hostile.ZIP, "x.zip", "不支持的格式"),
        (hostile.ZIP, "x.heic", "不是有效的图片"),
        (hostile.gif(), "动图.gif", "不支持的格式"),
        (hostile.gif(50), "动图.jpg", "不是有效的图片"),
        (hostile.TIFF, "a.tif", "不支持的格式"),
        (hostile.TIFF, "a.jpg", "不是有效的图片"),
        (hostile.BMP, "a.bmp", "不支持的格式"),
        (hostile.EPS, "a.jpg", "不是有效的图片"),
        (hostile.PSD, "a.jpg", "不是有效的图片"),
        (hostile.FITS, "a.png", "不是有效的图片"),
        (hostile.EICAR, "a.pdf", "文件未通过安全检查"),
        (b"%PDF-1.4\n" + hostile.EICAR, "a.pdf", "文件未通过安全检查"),
        (hostile.photo() + hostile.EICAR, "a.jpg", "文件未通过安全检查"),
        (hostile.photo()[: len(hostile.photo()) // 2], "断.jpg", "不是有效的图片"),
        (b"\xff\xd8\xff\xe0" + b"A" * 5000, "乱.jpg", "不是有效的图片"),
        (b"\x89PNG\r\n\x1a\n" + hostile.HTML, "头.png", "不是有效的图片"),
        (b"RIFF\x10\x00\x00\x00WEBP" + hostile.HTML, "头.webp", "不是有效的图片"),
        (b"\0\0\0\x18ftypheic" + hostile.HTML, "头.heic", "不是有效的图片"),
        (hostile.png_header(50_000, 50_000), "炸弹.png", "图片尺寸过大"),
        (hostile.png_header(2**31 - 1, 1), "长.png", "图片尺寸过大"),
        (hostile.png_header(7072, 7072), "五千万.png", "图片尺寸过大"),
        (b"name,phone\n=cmd|' /C calc'!A0,1", "表.csv", "不支持的格式"),
    ],
)
def test_what_is_no_honest_file_is_refused_with_a_sentence(
    take: Take, store: Store, content: bytes, name: str, sentence: str
) -> None:
    assert sentence in refusal(take, content, name)
    assert list(store.all()) == []
    assert list((store.root / "tmp").iterdir()) == []


def test_a_picture_loses_place_owner_and_comment_and_stands_upright(take: Take, store: Store) -> None:
    taken = take(hostile.located_photo())
    clean = picture(store, taken.sha256)
    assert (taken.mime, taken.width, taken.height) == ("image/jpeg", 320, 640) == ("image/jpeg", *clean.size)
    assert clean.getpixel((160, 100))[0] > 200 > 100 > clean.getpixel((160, 100))[1]
    assert not dict(clean.getexif()) and not {"exif", "xmp", "comment", "icc_profile"} & set(clean.info)
    for kept in store.all():
        content = store.read(kept.sha256)
        assert hostile.GPS_MARK not in content and b"PhoneMaker" not in content and b"<script>" not in content


def test_a_polyglot_is_only_a_picture_afterwards(take: Take, store: Store) -> None:
    taken = take(hostile.POLYGLOT)
    content = store.read(taken.sha256)
    assert b"<script>" not in content and b"PK\x03\x04" not in content


def test_heic_becomes_jpeg(take: Take, store: Store) -> None:
    taken = take(hostile.heic_photo(), "IMG_0001.HEIC")
    assert (taken.name, taken.mime) == ("IMG_0001.jpg", "image/jpeg")
    assert picture(store, taken.sha256).format == "JPEG"


@pytest.mark.parametrize(
    "image",
    [
        Image.new("CMYK", (400, 300), (0, 200, 200, 0)),
        Image.new("L", (400, 300), 90),
    ],
    ids=["cmyk", "grey"],
)
def test_pictures_of_other_colours_are_taken(take: Take, store: Store, image: Image.Image) -> None:
    taken = take(hostile.encoded(image, "JPEG"))
    assert picture(store, taken.sha256).mode == "RGB"


def test_a_16_bit_picture_keeps_its_shade(take: Take, store: Store) -> None:
    taken = take(hostile.encoded(Image.new("I;16", (64, 64), 0x8000), "PNG"), "深.png")
    assert picture(store, taken.sha256).convert("L").getpixel((5, 5)) == pytest.approx(128, abs=2)


def test_a_transparent_picture_stays_transparent_and_its_thumbnail_is_white(take: Take, store: Store) -> None:
    taken = take(hostile.encoded(Image.new("RGBA", (400, 200), (0, 0, 0, 0)), "PNG"), "签名.png")
    assert picture(store, taken.sha256).mode == "RGBA"
    assert picture(store, taken.thumbnail_sha256).getpixel((3, 3)) == (255, 255, 255)


def test_a_large_photo_is_made_smaller_with_a_thumbnail(take: Take, store: Store) -> None:
    taken = take(hostile.photo((8000, 6000)))
    assert (taken.width, taken.height) == (2560, 1920)
    assert picture(store, taken.thumbnail_sha256).size == (320, 240)


def test_a_packed_picture_ends_its_own_process_not_ours(take: Take) -> None:
    started = time.monotonic()
    try:
        taken = take(hostile.bomb_png(), "包.png")
    except Invalid as refused:
        assert refused.fields["files"]
    else:
        assert (taken.width, taken.height) == (2560, 2560)
    assert time.monotonic() - started < intake.WALL_SECONDS + 5


def test_a_picture_that_takes_too_long_is_refused(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "WALL_SECONDS", 0.001)
    assert "图片尺寸过大" in refusal(take, hostile.photo(), "慢.jpg")


def test_the_limits_are_those_of_the_rules() -> None:
    assert (reencode.MAX_PIXELS, reencode.SIDE, reencode.THUMBNAIL_SIDE) == (50_000_000, 2560, 320)
    assert (reencode.MEMORY_BYTES, reencode.CPU_SECONDS, intake.MAX_BYTES) == (400 * 1024**2, 20, 15_000_000)


def test_a_length_that_lies_costs_no_more_than_the_limit(store: Store) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"\xff" * size

    endless = Endless()
    with i18n.use_locale("zh_Hans"), pytest.raises(Invalid, match="超过 15 MB"):
        intake.take(endless, "无尽.jpg", store)  # type: ignore[arg-type]
    assert endless.given == intake.MAX_BYTES + 1


def test_a_pdf_is_kept_as_it_is_for_download_only(take: Take, store: Store) -> None:
    taken = take(hostile.PDF, "协议.PDF")
    assert (taken.name, taken.mime, store.read(taken.sha256)) == ("协议.pdf", "application/pdf", hostile.PDF)
    assert intake.is_download_only(taken.mime) and not intake.is_download_only("image/jpeg")


def test_a_workbook_is_taken_for_imports_only(take: Take) -> None:
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        book.add_worksheet("客户").write(0, 0, "姓名")
    assert take(buffer.getvalue(), "台账.xlsx", kinds=IMPORTS).mime == XLSX.mime
    assert "不支持的格式" in refusal(take, buffer.getvalue(), "台账.xlsx")
    assert "不支持的格式" in refusal(take, hostile.PDF, "协议.pdf", kinds=IMPORTS)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("照片 1.JPG", "照片 1.jpg"),
        ("../../etc/x.jpg", "x.jpg"),
        ("C:\\Users\\周\\x.jpg", "x.jpg"),
        ("x.jpg.exe", "x.jpg.jpg"),
        ("x.jpg\0.html", "x.jpg.jpg"),
        ("con.jpg", "_con.jpg"),
        ("\u202egpj.exe", "gpj.jpg"),
        ("a\r\nSet-Cookie: b.jpg", "a Set-Cookie b.jpg"),
        ("\"quoted'.jpg", "quoted'.jpg"),
        ("....", "图片.jpg"),
        ("", "图片.jpg"),
        (None, "图片.jpg"),
        ("长" * 300 + ".jpg", "长" * 116 + ".jpg"),
        ("无后缀", "无后缀.jpg"),
        ("版本 2.0 定稿", "版本 2.0 定稿.jpg"),
    ],
)
def test_names_are_shown_safely(take: Take, typed: str | None, kept: str) -> None:
    with i18n.use_locale("zh_Hans"):
        assert take(hostile.photo((20, 20)), typed).name == kept


def test_the_picture_process_sees_nothing_of_our_environment(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}
    real = intake.subprocess.run

    def watch(command: list[str], **options: object) -> object:
        seen.update(options)
        return real(command, **options)  # type: ignore[call-overload]

    monkeypatch.setenv("PORTAL_SECRET_KEY", "secret")
    monkeypatch.setattr(intake.subprocess, "run", watch)
    take(hostile.photo())
    assert "secret" not in str(seen["env"])
    assert os.environ["PORTAL_SECRET_KEY"] == "secret"
