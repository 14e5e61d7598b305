"""The documentation names what exists: files, commands, variables, settings, records of decisions."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from portal.cli import cli
from portal.settings import SETTINGS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(document.relative_to(ROOT)) for document in PAGES]
GUIDES = ("front-desk", "specialist", "reviewer", "repair-captain", "manager")

LINK = re.compile(r"(?:\]\(|src=\")([^)\s\"]+)[)\"]")
CODE = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[\s`&|(])(?:\./run|portal) +(-?[a-z][a-z-]*)(?: +([a-z-]+))?")
PLACE = re.compile(r"(?:portal|blueprints|jobs|templates|static|tests|docs)/[\w./<>*-]*")
SOURCES = ("portal", "jobs", "blueprints", "tests")


def spoken(document: Path) -> str:
    """What a page says as code: in backticks or in a block."""
    text = document.read_text(encoding="utf-8")
    blocks = [re.sub(r"#.*", "", block) for block in BLOCK.findall(text)]
    return "\n".join([*blocks, *(f"`{found}`" for found in CODE.findall(BLOCK.sub("", text)))])


def commands(document: Path) -> list[tuple[str, str]]:
    """Pairs of a command and the word after it."""
    return [found for found in COMMAND.findall(spoken(document)) if not found[0].startswith("-")]


@pytest.mark.parametrize("document", PAGES, ids=NAMES)
def test_links_lead_somewhere(document):
    missing = []
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            path = target.partition("#")[0]
            if path and not (document.parent / path).exists():
                missing.append(target)
    assert not missing, f"{document.name} links to files that do not exist: {missing}"


@pytest.mark.parametrize("document", PAGES, ids=NAMES)
def test_commands_exist(document):
    unknown = []
    for name, word in commands(document):
        command = cli.commands.get(name)
        if name == "test":  # of ./run, not of the portal
            continue
        is_group = isinstance(command, click.Group)
        if command is None or (is_group and word and word not in command.commands):
            unknown.append(f"{name} {word}".strip())
    assert not unknown, f"{document.name} names commands that do not exist: {unknown}"


@pytest.mark.parametrize("document", PAGES, ids=NAMES)
def test_places_exist(document):
    missing = []
    for code in CODE.findall(BLOCK.sub("", document.read_text(encoding="utf-8"))):
        if PLACE.fullmatch(code):
            pattern = re.sub(r"<[^>]*>", "*", code).rstrip("/")
            if not any(ROOT.glob(pattern)):
                missing.append(code)
    assert not missing, f"{document.name} names files that do not exist: {missing}"


def test_the_guide_knows_every_command():
    told = commands(ROOT / "docs" / "administrator.md")
    missing = {name for name in cli.commands if not any(name == found for found, _word in told)}
    for name, group in cli.commands.items():
        if isinstance(group, click.Group):
            missing |= {f"{name} {word}" for word in group.commands if (name, word) not in told}
    assert not missing, f"docs/administrator.md says nothing of: {sorted(missing)}"


def test_the_guide_knows_every_variable_and_no_other():
    read = set(re.findall(r'"(PORTAL_[A-Z_]+)"', (ROOT / "portal" / "config.py").read_text(encoding="utf-8")))
    told = set(re.findall(r"PORTAL_[A-Z_]+", (ROOT / "docs" / "administrator.md").read_text(encoding="utf-8")))
    assert told == read, "docs/administrator.md and portal/config.py know different variables"


def test_variables_of_all_pages_exist():
    code = "\n".join(
        path.read_text(encoding="utf-8") for folder in SOURCES for path in sorted((ROOT / folder).rglob("*.py"))
    )
    for document in PAGES:
        for name in re.findall(r"PORTAL_[A-Z_]+", document.read_text(encoding="utf-8")):
            assert name in code, f"{document.name} names {name}, which nothing reads"


def test_settings_named_in_the_guide_exist():
    text = (ROOT / "docs" / "administrator.md").read_text(encoding="utf-8")
    section = (
        text.partition("## Settings")[2].partition("## E-mail")[0] + text.partition("## E-mail")[2].partition("##")[0]
    )
    named = {code for code in CODE.findall(section) if re.fullmatch(r"[a-z]+(?:_[a-z]+)+", code)}
    assert len(named) > 15
    assert named <= set(SETTINGS), f"no such settings: {sorted(named - set(SETTINGS))}"


def test_decisions_are_numbered_without_gaps():
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(path.name[:4])}. "), f"{path.name} begins with its number"
        for head in ("needed", "decided", "What follows"):
            assert re.search(rf"^## .*{head}", text, re.MULTILINE), f"{path.name} says what was {head}"


def test_every_role_has_a_guide():
    assert {path.stem for path in (ROOT / "docs" / "guides").glob("*.md")} == set(GUIDES)
