"""Draw a picture anew: upright, at most 2560 pixels, without location, device, comment or anything hidden behind it.

Runs as a program of its own (`python -I reencode.py SOURCE TARGET THUMBNAIL KIND`), because a hostile picture may take
memory without end: its own limits end it, not the portal. Prints one JSON line: width and height, or a problem.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MEMORY_BYTES = 400 * 1024 * 1024
CPU_SECONDS = 20
MAX_PIXELS = 50_000_000
MAX_SIDE = 30_000
SIDE = 2560
THUMBNAIL_SIDE = 320
FORMATS = {"jpeg": ("JPEG", "MPO"), "png": ("PNG",), "webp": ("WEBP",), "heic": ("HEIF",)}


def limit() -> None:
    """Cap memory and processor time of this process."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def plain_colours(image: Image.Image) -> Image.Image:
    """Eight-bit RGB, or RGBA where the picture is transparent. 16-bit grey is brought down, not cut off."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("RGB")


def reencode(source: str, target: str, thumbnail: str, kind: str) -> dict[str, int | str]:
    """Read the source as exactly this kind and write the clean picture and its thumbnail."""
    from PIL import Image, ImageFile, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # our own limit, checked before a pixel is decoded
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    if kind == "heic":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    with Image.open(source, formats=FORMATS[kind]) as image:
        width, height = image.size
        if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
            return {"problem": "too many pixels"}
        taken = taken_at(image)
        if getattr(image, "n_frames", 1) > 1:
            image.seek(0)
        if kind == "jpeg":
            image.draft("RGB", (SIDE, SIDE))
        image.load()
        image.thumbnail((SIDE, SIDE), reducing_gap=2.0)  # in place: two full copies would not fit into the limit
        upright = plain_colours(ImageOps.exif_transpose(image))
    upright.info.clear()
    size = {"width": upright.width, "height": upright.height}
    if kind == "png":
        upright.save(target, "PNG", optimize=False)
    elif kind == "webp":
        upright.save(target, "WEBP", quality=85, method=2)
    else:
        flat(upright).save(target, "JPEG", quality=85, optimize=True)
    upright.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    flat(upright).save(thumbnail, "JPEG", quality=78, optimize=True)
    return {**size, "taken": taken} if taken else {**size}


def taken_at(image: Image.Image) -> str:
    """When the camera says it took the picture, `2026:10:12 14:31:05`; empty where it says nothing that reads so."""
    said = image.getexif().get_ifd(0x8769).get(0x9003)
    return said if isinstance(said, str) and re.fullmatch(r"\d{4}:\d\d:\d\d \d\d:\d\d:\d\d", said) else ""


def flat(image: Image.Image) -> Image.Image:
    """Without transparency, on white."""
    from PIL import Image as Images

    if image.mode != "RGBA":
        return image
    ground = Images.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    return ground


def main(arguments: list[str]) -> None:
    """Answer in one line of JSON; only sentences we know leave this process."""
    limit()
    try:
        answer = reencode(*arguments)
    except MemoryError:
        answer = {"problem": "too many pixels"}
    except Exception as error:
        answer = {"problem": "not a picture", "detail": f"{type(error).__name__}: {error}"[:300]}
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
