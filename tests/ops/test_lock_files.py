"""What is installed is what was reviewed: exact versions, checksums, and no address of any package index."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DIRECT = PROJECT["project"]["dependencies"]
DEVELOPMENT = PROJECT["dependency-groups"]["dev"]


def locked(name: str) -> dict[str, str]:
    """Package to the rest of its entry."""
    text = (ROOT / name).read_text()
    entries = re.split(r"\n(?=\S)", text.strip())
    return {re.match(r"[\w.-]+", entry)[0].lower(): entry for entry in entries}


@pytest.mark.parametrize("requirement", DIRECT + DEVELOPMENT)
def test_every_direct_dependency_is_pinned_exactly(requirement):
    assert re.fullmatch(r"[\w.-]+(\[\w+\])?==[\w.]+(; .+)?", requirement)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_locked_package_has_checksums_and_no_address(name):
    for package, entry in locked(name).items():
        assert re.match(r"[\w.\[\]-]+==[\w.]+", entry), package
        assert "--hash=sha256:" in entry, package
        assert "://" not in entry, package


@pytest.mark.parametrize(
    ("name", "requirements"), [("requirements.lock", DIRECT), ("requirements-dev.lock", DIRECT + DEVELOPMENT)]
)
def test_the_lock_files_hold_what_the_project_asks_for(name, requirements):
    entries = locked(name)
    for requirement in requirements:
        package, version = re.match(r"([\w.-]+)(?:\[\w+\])?==([\w.]+)", requirement).groups()
        assert re.match(rf"{package}(\[\w+\])?=={re.escape(version)}\s", entries[package], re.IGNORECASE), requirement


def test_development_installs_the_same_versions_as_production():
    runtime, development = locked("requirements.lock"), locked("requirements-dev.lock")
    assert {name: development.get(name) for name in runtime} == runtime


def test_the_version_the_command_line_prints_is_the_project_s():
    assert f'version="{PROJECT["project"]["version"]}"' in (ROOT / "portal" / "cli.py").read_text()
