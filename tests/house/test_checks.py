"""Format, lint, types and the direction of imports, checked by the tools that `pyproject.toml` sets up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent

CHECKS = {
    "lint": ["ruff", "check", "-q", "."],
    "format": ["ruff", "format", "--check", "-q", "."],
    "imports": ["lint-imports"],
    "types": ["mypy"],
    "templates": ["djlint", "templates", "--lint", "--quiet"],
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_check_finds_nothing(name):
    command = CHECKS[name]
    done = subprocess.run([TOOLS / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"run `{' '.join(command)}`:\n{(done.stdout + done.stderr)[-4000:]}"
