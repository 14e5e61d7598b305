"""The look, kept by rules: pinned files, no inline style or script, colours in one place, readable contrast, real icons."""

from __future__ import annotations

import gzip
import hashlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "static"
TEMPLATES = ROOT / "templates"
PAPER = {"documents", "notifications"}
"""Folders of templates that no browser page comes from: PDF and mail have their own style rules."""


def page_templates() -> list[Path]:
    return [path for path in TEMPLATES.rglob("*.html") if path.relative_to(TEMPLATES).parts[0] not in PAPER]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def vendored() -> list[dict[str, str]]:
    with (STATIC / "vendor/vendor.toml").open("rb") as file:
        return tomllib.load(file)["file"]


@pytest.mark.parametrize("entry", vendored(), ids=lambda entry: entry["path"])
def test_vendored_file_is_the_one_we_reviewed(entry):
    content = (STATIC / entry["path"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == entry["sha256"], (
        f"static/{entry['path']} is not the file in vendor.toml: "
        "take the new version under a new name and write its sha256 and licence down"
    )
    assert (STATIC / entry["licence_file"]).read_text(encoding="utf-8").strip()
    assert entry["licence"] in {"MIT", "0BSD", "BSD-3-Clause", "Apache-2.0"}
    if entry["path"].startswith("vendor/"):
        assert entry["version"] in entry["path"], "the version stands in the file name, so that caches never mix two"


def test_nothing_is_vendored_unlisted():
    listed = {entry["path"] for entry in vendored()} | {entry["licence_file"] for entry in vendored()}
    found = {str(path.relative_to(STATIC)) for path in (STATIC / "vendor").iterdir()} - {"vendor/vendor.toml"}
    assert found <= listed, f"list these in vendor.toml or delete them: {sorted(found - listed)}"


INLINE = {
    "a style attribute": re.compile(r"\sstyle\s*="),
    "a style element": re.compile(r"<style\b"),
    "a script without src": re.compile(r"<script\b(?![^>]*\ssrc=)"),
    "an event attribute": re.compile(r"<[^>{]*\s(?:on[a-z]+|hx-on[^=\s]*)\s*="),
    "a javascript link": re.compile(r"javascript:", re.IGNORECASE),
    "an expression for htmx to evaluate": re.compile(r"hx-(?:vals|headers)[^=]*=\s*[\"']js:|hx-trigger=\"[^\"]*\["),
}


@pytest.mark.parametrize("template", page_templates(), ids=name_of)
def test_pages_keep_the_strict_content_security_policy(template):
    text = template.read_text(encoding="utf-8")
    for what, pattern in INLINE.items():
        found = pattern.search(text)
        assert not found, f"{name_of(template)} has {what}: use a class, or a data attribute that app.js knows"


COLOUR = re.compile(
    r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|oklch|oklab|lab|lch)\((?!from)|:\s*(?:white|black|red|gray|grey)\b"
)


@pytest.mark.parametrize("name", ["portal.css", "records.css", "plain.css"])
def test_colours_stand_in_tokens_css_only(name):
    text = re.sub(r"/\*.*?\*/", "", (STATIC / "css" / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    # An id selector looks like a colour only to the eye: what stands before "{" is no value.
    values = re.sub(r"[^{}]*\{", "{", re.sub(r"color-mix\(in oklab", "color-mix(", text))
    assert not COLOUR.findall(values), (
        f"static/css/{name} writes a colour: give it a name in tokens.css, for both themes"
    )


@pytest.mark.parametrize("template", page_templates(), ids=name_of)
def test_templates_write_no_colours(template):
    found = re.findall(
        r"(?:fill|stroke|stop-color|color|bgcolor)=\"#[0-9a-fA-F]{3,8}\"", template.read_text(encoding="utf-8")
    )
    assert not found, f"{name_of(template)} writes {found}: use a class of the charts, or currentColor"


def tokens(theme: str) -> dict[str, str]:
    text = re.sub(r"/\*.*?\*/", "", (STATIC / "css/tokens.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    blocks = re.findall(r"([^{}]+)\{([^{}]*)\}", text)
    found: dict[str, str] = {}
    for selector, body in blocks:
        if selector.strip() == ":root" or (theme == "dark" and selector.strip() == '[data-bs-theme="dark"]'):
            found |= dict(re.findall(r"--([\w-]+):\s*([^;]+);", body))
    return found


def luminance(colour: str) -> float:
    def linear(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[place : place + 2], 16)) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


PAIRS = [
    *[(ink, ground) for ink in ("ink", "ink-2") for ground in ("paper", "surface", "surface-2", "surface-3")],
    *[("ink-3", ground) for ground in ("paper", "surface", "surface-2", "surface-3")],
    *[("accent", ground) for ground in ("paper", "surface", "surface-2")],
    *[("accent-strong", ground) for ground in ("surface", "accent-soft", "surface-3")],
    ("ink", "accent-soft"),
    ("ink-3", "accent-soft"),
    ("ink-2", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    *[(signal, ground) for signal in ("late", "soon", "done") for ground in ("surface", f"{signal}-soft")],
    ("late", "paper"),
    ("soon", "surface-2"),
    ("ink-2", "soon-soft"),
    ("ink", "note"),
    ("note-ink", "note"),
    ("accent-strong", "message"),
    ("ink-3", "message"),
    ("rail-ink", "rail"),
    ("rail-strong", "rail-active"),
    ("on-alarm", "alarm"),
    ("surface", "ink"),
    ("art-ink", "art"),
    ("art-hot", "art"),
]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS, ids=lambda name: name)
def test_text_can_be_read(theme, ink, ground):
    colours = tokens(theme)
    ratio = contrast(colours[ink], colours[ground])
    assert ratio >= 4.5, f"--{ink} on --{ground} has {ratio:.2f}:1 in the {theme} theme; text needs 4.5:1"


def icons_in_sprite() -> set[str]:
    return set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))


def icons_asked_for(text: str) -> set[str]:
    asked = set()
    for arguments in re.findall(r"\bicon\(([^)]*)\)", text):
        first = re.sub(r"==\s*[\"'][^\"']*[\"']", "", arguments.split(",")[0])
        asked |= set(re.findall(r"[\"']([a-z0-9-]+)[\"']", first))
    return asked | set(re.findall(r"[\"']?\bicon(?:_name)?[\"']?\s*[:=]\s*[\"']([a-z0-9-]+)[\"']", text))


def sources() -> list[Path]:
    python = [path for folder in ("portal", "blueprints") for path in (ROOT / folder).rglob("*.py")]
    return page_templates() + python


def test_every_icon_is_in_the_sprite():
    known = icons_in_sprite()
    missing = {
        (name_of(path), icon)
        for path in sources()
        for icon in icons_asked_for(path.read_text(encoding="utf-8")) - known
    }
    assert not missing, f"not in static/icons.svg: {sorted(missing)}"


def test_every_app_of_the_rail_has_its_icon():
    shell = (ROOT / "portal/shell.py").read_text(encoding="utf-8")
    icons = set(re.findall(r'App\(\s*N_\([^)]*\),\s*"([a-z0-9-]+)"', shell))
    assert len(icons) > 3 and icons <= icons_in_sprite()


def test_the_sprite_has_no_icon_twice():
    names = re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8"))
    assert len(names) == len(set(names)) and len(names) > 90


FIRST_LOAD = [
    "vendor/tabler-1.6.1.min.css",
    "vendor/htmx-4.0.1.min.js",
    "css/tokens.css",
    "css/portal.css",
    "css/records.css",
    "js/app.js",
    "js/keys.js",
    "js/talk.js",
    "js/journey.js",
    "js/theme.js",
    "icons.svg",
    "favicon.svg",
]


def test_first_load_stays_light():
    """300 kB in all; a list of 100 kB HTML leaves 150 kB for what every page loads."""
    weight = sum(len(gzip.compress((STATIC / name).read_bytes(), 6)) for name in FIRST_LOAD)
    assert weight <= 150_000, f"{weight} bytes gzipped"


def test_pages_load_what_the_weight_counts():
    layouts = (TEMPLATES / "layouts/base.html").read_text() + (TEMPLATES / "layouts/page.html").read_text()
    linked = set(re.findall(r"static_url\('([^']+)'\)", layouts))
    assert linked <= set(FIRST_LOAD)
    assert sum(name.endswith(".css") for name in linked) <= 4
