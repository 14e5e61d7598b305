"""`portal user` on a real database: accounts are made, closed and given passwords; refusals are one line."""

import io
import os
import sys
from contextlib import closing
from typing import NamedTuple

import pytest

from portal import cli, passwords, sqlite

GOOD = "seven green umbrellas"


class Done(NamedTuple):
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(database, home, monkeypatch, capsys):
    """Run `portal user ...` on the database of this test, with the password on standard input.

    In this process: a new one takes seconds to load, and `test_cli.py` starts real ones.
    """
    for name in [name for name in os.environ if name.startswith("PORTAL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PORTAL_HOME", str(home))
    monkeypatch.setenv("PORTAL_DATABASE_URL", database)

    def command(*words, password=""):
        monkeypatch.setattr(sys, "argv", ["portal", "user", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(password + "\n"))
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as ended:
            code = ended.code
        return Done(code, *capsys.readouterr())

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
