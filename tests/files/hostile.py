"""Files as attackers and bad phones send them, built in memory."""

from __future__ import annotations

import io
import struct
import zlib

import pillow_heif
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import IFDRational

GPS_MARK = b"SECRET-OWNER-OF-THE-CAMERA"


def photo(size: tuple[int, int] = (640, 480), colour: str = "#556b2f", **options: object) -> bytes:
    """A plain JPEG."""
    return encoded(Image.new("RGB", size, colour), "JPEG", **options)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The image as a file of this kind."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def located_photo() -> bytes:
    """A JPEG taken sideways, with GPS position, owner, comment, XMP and a colour profile."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x013B] = GPS_MARK.decode()
    exif[0x010F] = "PhoneMaker"
    position = exif.get_ifd(0x8825)
    position[1], position[2] = "N", (IFDRational(30), IFDRational(16), IFDRational(1))
    image = Image.new("RGB", (640, 320), "white")
    image.paste("red", (0, 0, 320, 320))  # left half red: upright, the red half is on top
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + GPS_MARK + b"</x:xmpmeta>"
    return encoded(image, "JPEG", exif=exif, comment=b"<script>" + GPS_MARK, xmp=xmp, icc_profile=profile)


def heic_photo() -> bytes:
    """What an iPhone sends."""
    pillow_heif.register_heif_opener()
    return encoded(Image.new("RGB", (320, 240), "teal"), "HEIF")


def png_header(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def bomb_png() -> bytes:
    """A true PNG whose 49 megapixels of RGBA unpack from some kilobytes."""
    width, height = 7000, 7000

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    row = b"\0" * (1 + width * 4)
    body = b"".join(packer.compress(row) for _row in range(height)) + packer.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def gif(frames: int = 1) -> bytes:
    """An (animated) GIF."""
    images = [Image.new("P", (8, 8), index % 200) for index in range(frames)]
    return encoded(images[0], "GIF", save_all=frames > 1, append_images=images[1:])


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(document.cookie)</script>"
PHP = b"<?php system($_GET['c']);"
EXE = b"MZ\x90\x00" + b"\0" * 200
ZIP = b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + b"\0" * 30 + b"evil.js"
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n"
TIFF = encoded(Image.new("RGB", (8, 8)), "TIFF")
BMP = encoded(Image.new("RGB", (8, 8)), "BMP")
PSD = b"8BPS\x00\x01" + b"\0" * 40
FITS = b"SIMPLE  =                    T" + b" " * 80
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
POLYGLOT = photo() + b"<script>alert(1)</script>" + ZIP
