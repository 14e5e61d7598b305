"""What a finger drew on a photo: read strictly, and drawn onto a copy of the clean picture."""

from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass
from typing import Any

from portal.errors import Invalid
from portal.files.intake import Accepted
from portal.files.store import Store
from portal.i18n import N_

SHAPES = ("line", "arrow", "circle")
LONGEST = 60_000
MOST_STROKES, MOST_POINTS = 40, 400
INK, EDGE = (229, 57, 53), (255, 255, 255)
"""Red with a white edge shows on every wall."""
QUALITY = 88

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Stroke:
    """One stroke. Points are shares of width and height, 0 to 1; arrows and circles have two: where they begin and end."""

    shape: str
    points: tuple[Point, ...]


def read(text: str | None) -> tuple[Stroke, ...]:
    """Strokes from `[{"shape": "arrow", "points": [[0.1, 0.2], [0.5, 0.5]]}]`; nothing drawn is none. Raises Invalid."""
    if not text or not text.strip():
        return ()
    try:
        if len(text) > LONGEST:
            raise ValueError("too long")
        given = json.loads(text)
        if not isinstance(given, list) or len(given) > MOST_STROKES:
            raise ValueError("not a list of strokes")
        return tuple(map(_stroke, given))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Invalid({"marks": N_("What was drawn cannot be read. Draw it again.")}) from error


def _stroke(given: Any) -> Stroke:
    shape, points = given["shape"], given["points"]
    if shape not in SHAPES or not isinstance(points, list) or not 2 <= len(points) <= MOST_POINTS:
        raise ValueError("not a stroke")
    read = tuple((float(x), float(y)) for x, y in points)
    if not all(math.isfinite(value) and -0.05 <= value <= 1.05 for point in read for value in point):
        raise ValueError("outside the picture")
    return Stroke(shape, read)


def draw(strokes: tuple[Stroke, ...], picture: Accepted, store: Store) -> Accepted:
    """The picture with the strokes on it, as a file of its own. `picture` is one that the portal drew itself."""
    from PIL import Image, ImageDraw

    with store.open(picture.sha256) as file, Image.open(file, formats=("JPEG", "PNG", "WEBP")) as opened:
        image = opened.convert("RGB")
    pen = ImageDraw.Draw(image)
    width = max(4, round(max(image.size) / 160))
    for colour, breadth in ((EDGE, width + max(2, width // 2)), (INK, width)):
        for stroke in strokes:
            _draw(pen, stroke, image.size, colour, breadth, head=width * 5)
    whole, small = io.BytesIO(), io.BytesIO()
    image.save(whole, "JPEG", quality=QUALITY, optimize=True)
    size = image.size
    image.thumbnail((320, 320))
    image.save(small, "JPEG", quality=78, optimize=True)
    content = whole.getvalue()
    return Accepted(
        picture.name.rpartition(".")[0] + ".jpg",
        "image/jpeg",
        store.put(io.BytesIO(content)),
        len(content),
        *size,
        store.put(io.BytesIO(small.getvalue())),
    )


def _draw(pen: Any, stroke: Stroke, size: tuple[int, int], colour: Any, width: int, *, head: int) -> None:
    points = [(x * size[0], y * size[1]) for x, y in stroke.points]
    (x0, y0), (x1, y1) = points[0], points[-1]
    if stroke.shape == "circle":
        box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        pen.ellipse(box, outline=colour, width=width)
        return
    pen.line(points if stroke.shape == "line" else [points[0], points[-1]], fill=colour, width=width, joint="curve")
    if stroke.shape == "arrow":
        angle = math.atan2(y1 - y0, x1 - x0)
        for turn in (math.pi * 5 / 6, -math.pi * 5 / 6):
            tip = (x1 + head * math.cos(angle + turn), y1 + head * math.sin(angle + turn))
            pen.line([(x1, y1), tip], fill=colour, width=width)


def has_ink(picture: Accepted, store: Store) -> bool:
    """Whether somebody wrote on a pad: an empty one, white or transparent, is no signature."""
    from PIL import Image

    with store.open(picture.sha256) as file, Image.open(file, formats=("JPEG", "PNG", "WEBP")) as opened:
        opened.thumbnail((400, 400))
        image = opened.convert("RGBA")
    ground = Image.new("RGBA", image.size, "white")
    ground.alpha_composite(image)
    dark = sum(ground.convert("L").histogram()[:128])
    return dark >= LEAST_INK


LEAST_INK = 20
"""Dark dots of a pad 400 wide; one touch is no signature."""
