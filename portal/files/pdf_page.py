"""Draw one page of a PDF as a picture, or count its pages.

Runs as a program of its own (`python -I pdf_page.py SOURCE TARGET PAGE`; page 0 counts), because a hostile PDF may take
memory and time without end: its own limits end it, not the portal. Prints one JSON line: pages, width and height, or a problem.
"""

from __future__ import annotations

import json
import resource
import sys

MEMORY_BYTES = 600 * 1024 * 1024
CPU_SECONDS = 15
SIDE = 2000
"""The longest side of the picture in pixels: enough to read the dimensions of an A3 drawing."""
MOST_PAGES = 300


def limit() -> None:
    """Cap memory and processor time of this process."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def draw(source: str, target: str, page_no: int) -> dict[str, int | str]:
    """Write page `page_no` (from 1) to `target` as JPEG; 0 only counts."""
    import pypdfium2

    document = pypdfium2.PdfDocument(source)
    pages = min(len(document), MOST_PAGES)
    if page_no == 0:
        return {"pages": pages}
    if not 1 <= page_no <= pages:
        return {"problem": "no such page"}
    page = document[page_no - 1]
    width, height = page.get_size()
    scale = min(SIDE / max(width, height, 1), 8)
    picture = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
    picture.save(target, "JPEG", quality=82, optimize=True)
    return {"pages": pages, "width": picture.width, "height": picture.height}


def main(arguments: list[str]) -> None:
    """Answer in one line of JSON; only sentences we know leave this process."""
    limit()
    try:
        source, target, page_no = arguments
        answer = draw(source, target, int(page_no))
    except MemoryError:
        answer = {"problem": "too large"}
    except Exception as error:
        answer = {"problem": "not readable", "detail": f"{type(error).__name__}: {error}"[:300]}
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1:])
