"""The command line. Every command imports what it needs when it runs, so that help is instant.

Errors are one clear line on standard error and exit status 1 (2 for a wrong command line).
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portal import cli_users, lifeline
from portal.config import Config, ConfigError

if TYPE_CHECKING:
    from flask import Flask

FILE = click.Path(dir_okay=False, path_type=Path)
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--traceback", is_flag=True, help="Show where in the code an unexpected error happened.")
@click.version_option(package_name=None, version="0.1.0", prog_name="portal")
@click.pass_context
def cli(context: click.Context, traceback: bool) -> None:
    """Portal of the customer-service department."""
    context.obj = {"traceback": traceback}


class Elsewhere(click.Command):
    """A command that is written beside the code it calls; loaded when it runs, so that help stays instant."""

    def __init__(self, name: str, target: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self.target = target

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Hand over to the real command, which knows its options and its help."""
        module, _colon, name = self.target.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command.make_context(info_name, args, parent, **extra)


cli.add_command(cli_users.user)
cli.add_command(
    Elsewhere("import", "portal.imports.cli:import_command", "Import a ledger from Excel, or say what it would become.")
)
cli.add_command(
    Elsewhere("document", "portal.documents.cli:document_command", "Print a form of a record into a PDF file.")
)
cli.add_command(Elsewhere("report", "portal.reports.cli:report_command", "Draw up a report into a PDF or workbook."))


@contextmanager
def application() -> Iterator[Flask]:
    """The application with its database at hand, as a command needs it."""
    from portal import preparation

    with preparation.application(Config.from_env()) as app:
        yield app


def run_service(run: Any) -> None:
    """Run a process of the portal in the foreground; it may be a child of `portal serve`."""
    lifeline.follow_supervisor()
    run()


# Serving -------------------------------------------------------------------------------------------------------------


@cli.command()
@click.option("--host", help="Address to listen on. Default: PORTAL_HOST, else 127.0.0.1.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on. Default: PORTAL_PORT, else 8000.")
def serve(host: str | None, port: int | None) -> None:
    """Run everything: web server, workers, scheduler and, unless PORTAL_REDIS_URL is set, the embedded Valkey.

    Creates or migrates the database first. Starts again what dies. Ctrl-C or SIGTERM stops it cleanly.
    """
    from dataclasses import replace

    from portal import supervisor

    config = Config.from_env()
    supervisor.serve(replace(config, host=host or config.host, port=port or config.port))


@cli.command()
@click.option("--workers", type=click.IntRange(1, 64), help="Server processes. Default: one per core, at most two.")
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True, help="Requests each works on.")
def web(workers: int | None, threads: int) -> None:
    """Run the web server alone (PORTAL_HOST, PORTAL_PORT)."""
    from portal import preparation
    from portal import web as server

    config = Config.from_env()
    preparation.refuse_known_passwords(config)
    if not lifeline.is_supervised():  # `serve` has looked, and brings the server back even when the store rests
        preparation.refuse_broken_store(config)
    server.check_address(config.host, config.port, patience_seconds=3)
    with server.holding(config.home, config.port):
        run_service(lambda: server.run(config.host, config.port, workers=workers, threads=threads))


@cli.command()
@click.option("--queue", type=click.Choice(["fast", "pdf"]), required=True, help="The one queue it works on.")
def worker(queue: str) -> None:
    """Run one worker: `fast` delivers notices and small work, `pdf` renders documents and reports."""
    from jobs import worker as jobs_worker

    run_service(lambda: jobs_worker.run(queue))


@cli.command()
def scheduler() -> None:
    """Run the scheduler: deadlines, periodic work and the sweep of what was left behind."""
    from jobs import scheduler as jobs_scheduler

    run_service(jobs_scheduler.run)


# Data ----------------------------------------------------------------------------------------------------------------


@cli.command()
@click.option("--for-serve", is_flag=True, hidden=True)
def init(for_serve: bool) -> None:
    """Create the data folder and the database, or bring them to this version. Safe to run again."""
    from portal import preparation

    preparation.prepare(Config.from_env(), serving=for_serve)
    if not for_serve:
        click.echo("The database is ready.")


@cli.group()
def db() -> None:
    """The database's structure."""


@db.command()
def upgrade() -> None:
    """Apply the migrations that are missing. Run it once before new code serves a PostgreSQL database."""
    from portal import preparation

    preparation.prepare(Config.from_env(), serving=False)
    click.echo("The database has the structure of this version.")


@cli.command()
def demo() -> None:
    """Load the demo data: five people (password: demo) and a living week of work around today."""
    from portal import preparation

    preparation.load_demo(Config.from_env())
    click.echo("The demo data is loaded.")


@cli.command()
@click.option("--projects", type=click.IntRange(1, 5_000_000), required=True, help="How many projects to make.")
def seed(projects: int) -> None:
    """Make synthetic volume, for measuring: customers, projects and their histories."""
    with application():
        from portal import seeding

        seeding.seed(projects)


@cli.command()
@click.argument("file", type=FILE)
def backup(file: Path) -> None:
    """Write database and files into one archive FILE, and read it back to be sure.

    Works while the portal serves. A name ending in .gz is compressed.
    """
    from portal import backup as backups

    report = backups.create(Config.from_env(), file, progress=_progress)
    click.echo(f"{file}: {report.files} files, {report.size_bytes:,} bytes, read back and intact.")
    _say_missing(report)


@cli.command()
@click.argument("file", type=EXISTING)
@click.option("--replace", is_flag=True, help="The data folder is in use: keep its old content aside, then replace it.")
def restore(file: Path, replace: bool) -> None:
    """Put the content of the archive FILE into data folder, database and file store. The portal must be stopped."""
    from portal import backup as backups

    report = backups.restore(Config.from_env(), file, replace_data=replace, progress=_progress)
    click.echo(f"Restored {report.files} files of {report.created_at}.")
    _say_missing(report)


def _say_missing(report: Any) -> None:
    """Exit status 1 when content that the database names was lost before the backup was made."""
    if report.missing:
        raise click.ClickException(
            f"the archive holds everything but {len(report.missing)} files, which the store had lost or changed before: "
            f"{', '.join(report.missing)}. portal verify names them too; find them in an older backup."
        )


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One object per invariant instead of sentences.")
def verify(as_json: bool) -> None:
    """Check the invariants: nothing lost, nothing doubled, nothing half done. Exit status 1 when one is broken."""
    with application():
        from portal import verify as verification

        results = [_as_object(result) for result in verification.run_all(lambda line: click.echo(line, err=True))]
    if as_json:
        click.echo(json.dumps(results, ensure_ascii=False, indent=2))
    else:
        for result in results:
            click.echo(f"{result['code']:<4} {'ok    ' if result['ok'] else 'BROKEN'} checked {result['checked']}")
            for problem in result["problems"]:
                click.echo(f"     {problem}")
    if not all(result["ok"] for result in results):
        raise click.ClickException("an invariant is broken.")


@cli.group()
def audit() -> None:
    """The record of who did what."""


@audit.command("check")
def audit_check() -> None:
    """Follow the chain of all events; exit status 1 when one was changed, removed, added or moved."""
    with application():
        from portal.db import session
        from portal.services import events

        report = events.check_chain(session())
    if not report.ok:
        raise click.ClickException(f"{report.problem}; {report.checked} events before it are whole.")
    click.echo(f"{report.checked} events, every link holds.")


def _as_object(result: Any) -> dict[str, Any]:
    names = ("code", "ok", "checked", "problems")
    return result if isinstance(result, dict) else {name: getattr(result, name) for name in names}


def _progress(text: str) -> None:
    """Progress of long work: one line that replaces itself on a terminal, plain lines elsewhere."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{text}", nl=False, err=True)
    else:
        click.echo(text, err=True)


# The machine and the routes ------------------------------------------------------------------------------------------


@cli.command()
def doctor() -> None:
    """Check this machine and this installation; each missing piece is named with its cure."""
    from portal import doctor as examination

    findings = examination.examine(Config.from_env())
    for finding in findings:
        click.echo(str(finding))
    if any(finding.is_fatal for finding in findings):
        raise click.ClickException("the portal cannot run like this; the cures stand above.")


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="A list of objects instead of a table.")
def routes(as_json: bool) -> None:
    """List the addresses of the portal with the permission each one asks for."""
    with application() as app:
        from portal import routes as listing

        rows = listing.describe(app)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo(f"{','.join(row['methods']):<12} {row['path']:<60} {row['permission'] or 'public'}")


# The whole -----------------------------------------------------------------------------------------------------------


def main() -> None:
    """Run one command. Every error a person can meet is one line on standard error."""
    wants_traceback = "--traceback" in sys.argv
    if not lifeline.is_supervised():  # while nothing serves nobody can be told, and the workers look by themselves
        logging.getLogger("portal.queue").setLevel(logging.ERROR)
    try:
        cli.main(prog_name="portal", standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:  # `portal routes | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except click.UsageError as error:
        hint = f" ({error.ctx.command_path} --help)" if error.ctx else ""
        _fail(f"{error.format_message()}{hint}", 2)
    except click.ClickException as error:
        _fail(error.format_message(), 1)
    except Exception as error:
        if wants_traceback or not _is_for_people(error):
            _keep_traceback(wants_traceback)
        _fail(_words(error), 1)


def _is_for_people(error: Exception) -> bool:
    """True when the text of the error was written for the person at the terminal."""
    from portal.errors import DomainError

    return isinstance(error, ConfigError | DomainError) or type(error).__module__.startswith("portal.")


def _words(error: Exception) -> str:
    from portal import i18n

    with i18n.use_locale("en"):
        text = str(error)
    return text if text and _is_for_people(error) else f"{type(error).__name__}: {text}"


def _keep_traceback(show: bool) -> None:
    """Where an unexpected error came from: on the terminal when asked or supervised, else not at all."""
    if show or lifeline.is_supervised():
        traceback.print_exc()


def _fail(text: str, status: int) -> None:
    click.echo(f"portal: {' '.join(text.split())}", err=True)
    sys.exit(status)
