"""The only addresses a document may name: `data:` and the pictures it was given. No files, no network, no redirects."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Asset = bytes | Path
"""A picture of the document: its content, or the file of our own store that holds it."""

SCHEME = "asset:"
DATA_LIMIT = 2_000_000
PRINTED_SIDE = 640
"""Pixels of a picture on paper: half the width of a page at 180 dots per inch."""
SIGNATURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"<svg", "image/svg+xml"))


def media_type(content: bytes) -> str:
    """The type of a picture by its first bytes. Raises ValueError for what no document shows."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    for signature, name in SIGNATURES:
        if content.startswith(signature):
            return name
    raise ValueError("not a picture that a document shows")


def as_printed(content: bytes) -> bytes:
    """The picture no larger than paper shows it, so that a form with photos stays small. Raises ValueError."""
    kind = media_type(content)
    if kind == "image/svg+xml":
        return content
    from PIL import Image

    with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as image:
        if max(image.size) <= PRINTED_SIDE and kind != "image/webp":
            return content
        is_photo = kind == "image/jpeg" or image.mode == "RGB"
        image.draft("RGB", (PRINTED_SIDE, PRINTED_SIDE))
        image.thumbnail((PRINTED_SIDE, PRINTED_SIDE))
        buffer = io.BytesIO()
        if is_photo:
            image.convert("RGB").save(buffer, "JPEG", quality=70, optimize=True)
        else:
            image.convert("RGBA").save(buffer, "PNG")
    return buffer.getvalue()


def fetcher(assets: Mapping[str, Asset]) -> Any:
    """A WeasyPrint fetcher over these assets; every other address ends the document with FatalURLFetchingError."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class AssetFetcher(URLFetcher):
        """Opens nothing that was not handed over."""

        def __init__(self) -> None:
            super().__init__(allowed_protocols=("data",), allow_redirects=False, fail_on_errors=True)

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            if url.startswith("data:") and len(url) <= DATA_LIMIT:
                return super().fetch(url, headers)
            name = url.removeprefix(SCHEME)
            if name == url or name not in assets:
                raise ValueError("address not allowed")
            asset = assets[name]
            content = asset.read_bytes() if isinstance(asset, Path) else asset
            content = as_printed(content)
            return URLFetcherResponse(url, content, {"Content-Type": media_type(content)})

    return AssetFetcher()
