"""Pictures for the demo's repairs, drawn: a tiled wall with a stain, and the same wall when it is done."""

from __future__ import annotations

import io

from flask import current_app

from portal.files.intake import Accepted
from portal.files.store import Store

SIZE = (1280, 960)
WALL, TILE, STAIN, DRAIN = "#d9d6ce", "#b9b5aa", "#b3a999", "#6f6a61"
SHIFT = 53
"""Pixels by which the walls of two homes differ."""


def photo(name: str, seed: int, *, is_done: bool) -> Accepted:
    """A picture in the store, as if the phone had sent it; the same one again is the same file."""
    content, small = _draw(seed, is_done=is_done)
    store = Store.of(current_app.config["PORTAL"])
    return Accepted(name, "image/jpeg", store.put(content), len(content), *SIZE, store.put(small))


def signature(seed: int) -> Accepted:
    """A few strokes of a pen on a clear ground."""
    from PIL import Image, ImageDraw

    image = Image.new("RGBA", (960, 384), (255, 255, 255, 0))
    pen = ImageDraw.Draw(image)
    for index in range(3):
        left = 120 + index * 240 + seed % 5 * 8
        pen.line([(left, 110), (left + 90, 96), (left + 150, 108)], fill="#14181d", width=9, joint="curve")
        pen.line([(left + 80, 70), (left + 60, 200), (left, 290)], fill="#14181d", width=9, joint="curve")
        pen.line([(left + 70, 180), (left + 120, 240), (left + 190, 280)], fill="#14181d", width=9, joint="curve")
    buffer, small = io.BytesIO(), io.BytesIO()
    image.save(buffer, "PNG")
    image.thumbnail((320, 320))
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image.getchannel("A"))
    ground.save(small, "JPEG", quality=78)
    store = Store.of(current_app.config["PORTAL"])
    content = buffer.getvalue()
    return Accepted("签名.png", "image/png", store.put(content), len(content), 960, 384, store.put(small.getvalue()))


def _draw(seed: int, *, is_done: bool) -> tuple[bytes, bytes]:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", SIZE, WALL)
    pen = ImageDraw.Draw(image)
    shift = seed * SHIFT % 240
    for x in range(shift, SIZE[0], 320):
        pen.line([(x, 0), (x, SIZE[1])], fill=TILE, width=8)
    for y in range(shift // 2, SIZE[1], 320):
        pen.line([(0, y), (SIZE[0], y)], fill=TILE, width=8)
    middle = (480 + shift, 420 + shift // 2)
    if not is_done:
        pen.ellipse((middle[0] - 260, middle[1] - 170, middle[0] + 240, middle[1] + 210), fill=STAIN)
        pen.ellipse((middle[0] - 70, middle[1] - 70, middle[0] + 70, middle[1] + 70), fill=DRAIN)
    else:
        pen.rectangle((middle[0] - 250, middle[1] - 160, middle[0] + 230, middle[1] + 200), outline=TILE, width=10)
    whole, small = io.BytesIO(), io.BytesIO()
    image.save(whole, "JPEG", quality=85)
    image.thumbnail((320, 320))
    image.save(small, "JPEG", quality=78)
    return whole.getvalue(), small.getvalue()


def plan(name: str, seed: int) -> Accepted:
    """A floor plan, as the store sends it: walls, rooms, dimensions; those of two homes differ a little."""
    from PIL import Image, ImageDraw

    wide, high = 1600, 1100
    image = Image.new("RGB", (wide, high), "white")
    pen = ImageDraw.Draw(image)
    split, door = 560 + seed % 7 * 12, 620 + seed % 5 * 10
    for wall in (
        (100, 120, 1500, 120), (1500, 120, 1500, 1000), (1500, 1000, 100, 1000), (100, 1000, 100, 120),
        (split, 120, split, 430), (split, door, split, 1000), (1080, 120, 1080, 520), (1080, 700, 1080, 1000),
        (split, 520, 900, 520), (1080, 520, 1500, 520), (100, 560, 340, 560), (430, 560, split, 560),
    ):  # fmt: skip
        pen.line(wall, fill="#3a4149", width=16)
    for box in (
        (140, 180, 330, 400), (640, 160, 940, 240), (1150, 150, 1460, 220), (1220, 760, 1440, 940), (150, 640, 320, 900),
        (660, 880, 1020, 960),
    ):  # fmt: skip
        pen.rectangle(box, outline="#9aa3ac", width=4)
    pen.ellipse((740, 310, 860, 430), outline="#9aa3ac", width=4)
    for left, right in ((100, split), (split, 1080), (1080, 1500)):
        pen.line((left, 70, right, 70), fill="#9aa3ac", width=3)
        for end in (left, right):
            pen.line((end, 52, end, 88), fill="#9aa3ac", width=3)
        pen.text(((left + right) / 2 - 40, 28), f"{(right - left) * 8:,}", fill="#6a727a", font_size=34)
    whole, small = io.BytesIO(), io.BytesIO()
    image.save(whole, "PNG")
    image.thumbnail((320, 320))
    image.save(small, "JPEG", quality=78)
    store = Store.of(current_app.config["PORTAL"])
    content = whole.getvalue()
    return Accepted(name, "image/png", store.put(content), len(content), wide, high, store.put(small.getvalue()))
