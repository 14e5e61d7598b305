"""The command line: help for each command, one clear line for each error, nothing slow before it is needed."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from portal.cli import cli

ROOT = Path(__file__).parents[2]


def paths(group=cli, before=()):
    """Every command, as the words that name it."""
    for name, command in group.commands.items():
        yield (*before, name)
        if isinstance(command, click.Group):
            yield from paths(command, (*before, name))


def portal(*words, home, **environ):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    return subprocess.run(
        [sys.executable, "-m", "portal", *words],
        env=clean | {"PYTHONPATH": str(ROOT), "PORTAL_HOME": str(home), **environ},
        cwd=home.parent,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("words", list(paths()), ids=" ".join)
def test_every_command_has_help(words):
    result = cli.main([*words, "--help"], prog_name="portal", standalone_mode=False)
    command = cli
    for word in words:
        command = command.commands[word]
    assert result == 0
    assert command.help and command.help[0].isupper()
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, f"--{parameter.name} of {words} explains nothing"


def test_help_loads_neither_flask_nor_the_database(tmp_path):
    program = "import sys, portal.cli; print([n for n in ('flask', 'sqlalchemy', 'weasyprint') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "environ", "status", "sentence"),
    [
        (("nonsense",), {}, 2, "No such command 'nonsense'"),
        (("worker",), {}, 2, "Missing option '--queue'"),
        (("worker", "--queue", "slow"), {}, 2, "'slow' is not one of 'fast', 'pdf'"),
        (("init",), {"PORTAL_ENV": "demon"}, 1, "PORTAL_ENV must be one of production, demo, test"),
        (("init",), {"PORTAL_TEST_CLOCK": "/x"}, 1, "PORTAL_TEST_CLOCK is only allowed with PORTAL_ENV=test"),
        (("init",), {"PORTAL_FAULTS": "K1=kill"}, 1, "PORTAL_FAULTS is only allowed with PORTAL_ENV=test"),
        (("init",), {"PORTAL_PORT": "many"}, 1, "PORTAL_PORT must be a number"),
        (("web",), {"PORTAL_ENV": "demo", "PORTAL_HOST": "0.0.0.0"}, 1, "is not served on 0.0.0.0"),
        (("restore", "missing.tar"), {}, 2, "does not exist"),
        (("backup", "all.tar"), {}, 1, "There is no database"),
    ],
)
def test_an_error_is_one_clear_line(tmp_path, words, environ, status, sentence):
    done = portal(*words, home=tmp_path / "home", **environ)
    assert done.returncode == status
    assert done.stdout == ""
    assert sentence in done.stderr
    assert done.stderr.startswith("portal: ")
    assert done.stderr.count("\n") == 1


def test_help_creates_nothing(tmp_path):
    done = portal("--help", home=tmp_path / "home")
    assert done.returncode == 0
    assert not list(tmp_path.iterdir())
