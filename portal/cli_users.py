"""`portal user`: accounts, for the administrator at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

ROLES = ("FRONT_DESK", "SPECIALIST", "REVIEWER", "REPAIR_CAPTAIN", "MANAGER")


@click.group()
def user() -> None:
    """Accounts: who may sign in."""


@user.command("add")
@click.argument("username")
@click.option("--name", help="The person's name as it is shown. Default: the username.")
@click.option("--role", type=click.Choice(ROLES, case_sensitive=False), required=True, help="What the person may do.")
@click.option("--branch", help="Code of the person's branch. Default: every branch.")
@click.option("--email", help="Where notices go by e-mail.")
@click.option("--one-time", is_flag=True, help="The password must be changed at the first sign-in.")
def user_add(username: str, name: str | None, role: str, branch: str | None, email: str | None, one_time: bool) -> None:
    """Make an account. The password is asked for, or read from standard input."""
    password = _ask_password()
    with _accounts() as (accounts, session, at):
        branch_id = _branch_id(session, branch) if branch else None
        details = accounts.Details(name=name or username, role=role.upper(), branch_id=branch_id, email=email)
        accounts.add_user(
            session, username=username, details=details, password=password, actor=None, at=at, must_change=one_time
        )
    click.echo(f"{username} can sign in now.")


@user.command("disable")
@click.argument("username")
def user_disable(username: str) -> None:
    """Close an account; the person is signed out at once. The last manager cannot be disabled."""
    with _accounts() as (accounts, session, at):
        accounts.disable(session, _person(accounts, session, username), actor=None, at=at)
    click.echo(f"{username} can no longer sign in.")


@user.command("password")
@click.argument("username")
@click.option("--one-time", is_flag=True, help="It must be changed at the next sign-in.")
def user_password(username: str, one_time: bool) -> None:
    """Set a password; the person is signed out everywhere. It is asked for, or read from standard input."""
    password = _ask_password()
    with _accounts() as (accounts, session, at):
        person = _person(accounts, session, username)
        accounts.set_password(session, person, password, actor=None, at=at, one_time=one_time)
    click.echo(f"{username} has a new password.")


def _ask_password() -> str:
    """Never an argument: other users of the machine can read those."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


@contextmanager
def _accounts() -> Iterator[tuple[Any, Any, Any]]:
    """The service of accounts, a session that is committed at the end, and the present moment; words in English."""
    from portal import preparation
    from portal.config import Config

    with preparation.application(Config.from_env()):
        from portal import clock, i18n
        from portal.db import transaction
        from portal.services import accounts

        with i18n.use_locale("en"), transaction() as session:
            yield accounts, session, clock.now()


def _person(accounts: Any, session: Any, username: str) -> Any:
    person = accounts.named(session, username)
    if person is None:
        raise click.ClickException(f"nobody is called {username}.")
    return person


def _branch_id(session: Any, code: str) -> int:
    from sqlalchemy import select

    from portal.models.org import Branch

    found = session.scalar(select(Branch.id).where(Branch.code == code))
    if found is None:
        codes = ", ".join(session.scalars(select(Branch.code).order_by(Branch.code)))
        raise click.ClickException(f"there is no branch {code}; the branches are: {codes or 'none yet'}.")
    return int(found)
