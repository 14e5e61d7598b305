"""`portal user` on a real database: accounts are made, closed and given passwords; refusals are one line."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from portal import passwords, sqlite

ROOT = Path(__file__).parents[2]
GOOD = "seven green umbrellas"


@pytest.fixture
def run(database, home):
    """Run `portal user ...` on the database of this test, with the password on standard input."""

    def command(*words, password=""):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        return subprocess.run(
            [sys.executable, "-m", "portal", "user", *words],
            env=clean | {"PYTHONPATH": str(ROOT), "PORTAL_HOME": str(home), "PORTAL_DATABASE_URL": database},
            input=password + "\n",
            capture_output=True,
            text=True,
            timeout=60,
        )

    return command


def row(home, username):
    with closing(sqlite.module().connect(str(next(home.glob("*.sqlite3"))))) as connection:
        columns = "password_hash, must_change_password, disabled_at, role"
        return connection.execute(f'SELECT {columns} FROM "user" WHERE username = ?', (username,)).fetchone()


@pytest.mark.sqlite_only
def test_an_account_is_made_changed_and_closed(run, home):
    for name in ("boss", "deputy"):
        done = run("add", name, "--role", "manager", "--name", "王经理", password=GOOD)
        assert (done.returncode, done.stdout) == (0, f"{name} can sign in now.\n"), done.stderr
    kept, must_change, disabled_at, role = row(home, "boss")
    assert passwords.matches(kept, GOOD)
    assert (must_change, disabled_at, role) == (0, None, "MANAGER")
    assert run("password", "boss", "--one-time", password="nine yellow bicycles").returncode == 0
    kept, must_change, *_rest = row(home, "boss")
    assert passwords.matches(kept, "nine yellow bicycles") and must_change
    assert run("disable", "boss").returncode == 0
    assert row(home, "boss")[2] is not None


@pytest.mark.sqlite_only
def test_refusals_are_one_line_in_english(run):
    run("add", "boss", "--role", "manager", password=GOOD)
    for words, password, sentence in (
        (("add", "boss", "--role", "manager"), GOOD, "This name is taken"),
        (("add", "other", "--role", "manager"), "short", "At least 12 characters"),
        (("add", "other", "--role", "manager", "--branch", "X9"), GOOD, "there is no branch X9"),
        (("disable", "boss"), "", "This is the last manager"),
        (("disable", "nobody"), "", "nobody is called nobody"),
        (("password", "boss"), "", "At least 12 characters"),
    ):
        done = run(*words, password=password)
        assert done.returncode == 1, words
        assert sentence in done.stderr and done.stderr.count("\n") == 1, done.stderr


def test_it_works_on_both_databases(run):
    assert run("add", "boss", "--role", "manager", password=GOOD).returncode == 0
    again = run("add", "BOSS", "--role", "manager", password=GOOD)
    assert again.returncode == 1 and "This name is taken" in again.stderr
