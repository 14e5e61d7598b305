"""Make the fonts of `static/fonts/` anew; a developer runs this once a year, the portal never.

    python -m portal.documents.make_fonts NotoSansCJK-Regular.ttc NotoSansCJK-Bold.ttc static/fonts

The sources are the static TTC files of Noto Sans CJK (Debian: `fonts-noto-cjk`). A variable font would do for the eye
but makes every PDF eighty times slower. Needs fontTools, a development dependency.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

FAMILY = "Portal Sans SC"
RARE_FAMILY = "Portal Sans SC Rare"
SIGNS = "✓▲▼△▽■□●○◎★☆←↑→↓↔·•…—–―‘’“”€£¥￥℃℉㎡㎥㎜㎝㎞㎏①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩ√×÷±≈≠≤≥∞〇"
FEATURES = ["kern", "ccmp", "liga", "mark", "mkmk", "pnum", "tnum", "lnum"]
NAMES_TO_DROP = {7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 21, 22, 25}


def common_characters() -> set[int]:
    """What the main fonts hold: all of GBK, Latin with accents, Greek, Cyrillic, punctuation and the signs of forms."""
    trail = [*range(0x40, 0x7F), *range(0x80, 0xFF)]
    pairs = (bytes([lead, low]).decode("gbk", "ignore") for lead in range(0x81, 0xFF) for low in trail)
    characters = {ord(text) for text in pairs if len(text) == 1}
    characters |= {ord(sign) for sign in SIGNS}
    for first, last in (
        (0x20, 0x7E),
        (0xA0, 0x17F),
        (0x370, 0x3FF),
        (0x400, 0x45F),
        (0x2000, 0x206F),
        (0x3000, 0x303F),
    ):
        characters.update(range(first, last + 1))
    return {point for point in characters if not 0xE000 <= point <= 0xF8FF}


def rare_characters(covered: set[int]) -> set[int]:
    """The hanzi of names beyond GBK (extension A and the supplementary planes), as far as the source draws them."""
    return {point for point in covered if 0x3400 <= point < 0x4DC0 or 0x9FA6 <= point < 0xA000 or point >= 0x20000}


def simplified_face(collection: Path) -> TTFont:
    """The face with mainland glyph forms."""
    for number, font in enumerate(TTCollection(str(collection), lazy=True).fonts):
        if font["name"].getDebugName(1).startswith("Noto Sans CJK SC"):
            return TTFont(str(collection), fontNumber=number)
    raise SystemExit(f"{collection} holds no face for Simplified Chinese")


def rename(font: TTFont, family: str, style: str) -> None:
    """Give the font our family name, as the licence asks of altered versions; its copyright line stays."""
    postscript = f"{family.replace(' ', '')}-{style}"
    words = {1: family, 2: style, 3: f"portal;{postscript}", 4: f"{family} {style}", 6: postscript}
    table = font["name"]
    table.names = [name for name in table.names if name.nameID not in NAMES_TO_DROP and name.nameID not in words]
    for number, text in words.items():
        table.setName(text, number, 3, 1, 0x409)
    table.setName("This Font Software is licensed under the SIL Open Font License, Version 1.1.", 13, 3, 1, 0x409)
    table.setName("https://openfontlicense.org", 14, 3, 1, 0x409)
    face = font["CFF "].cff
    face.fontNames = [postscript]
    face.topDictIndex[0].FamilyName, face.topDictIndex[0].FullName = family, f"{family} {style}"


def make(source: Path, target: Path, *, family: str, style: str, rare: bool) -> None:
    """Write one font file with the wished characters."""
    font = simplified_face(source)
    points = rare_characters(set(font.getBestCmap())) if rare else common_characters()
    options = subset.Options(
        hinting=False, desubroutinize=False, layout_features=FEATURES, name_IDs=["*"], notdef_outline=True
    )
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "DSIG"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=points)
    cutter.subset(font)
    rename(font, family, style)
    font.save(str(target))


def main(arguments: list[str]) -> None:
    """Make the three files; arguments: regular TTC, bold TTC, target folder."""
    regular, bold, folder = (Path(argument) for argument in arguments)
    make(regular, folder / "PortalSansSC-Regular.otf", family=FAMILY, style="Regular", rare=False)
    make(bold, folder / "PortalSansSC-Bold.otf", family=FAMILY, style="Bold", rare=False)
    make(regular, folder / "PortalSansSCRare-Regular.otf", family=RARE_FAMILY, style="Regular", rare=True)


if __name__ == "__main__":
    main(sys.argv[1:])
