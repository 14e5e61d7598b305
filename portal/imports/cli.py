"""`portal import KIND FILE`: an import from the command line, with the same checks, questions and events as the pages."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portal.imports.mapping import Kind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from portal.imports.asking import Answer, Question
    from portal.imports.plan import Plan
    from portal.models.importing import ImportRun
    from portal.models.org import User

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SHOWN_QUESTIONS = 20


class _RolledBack(Exception):
    """Ends a dry run: everything was written, nothing stays."""


@click.command("import")
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]))
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Check everything against the database and leave nothing behind.")
@click.option("--answers", type=FILE, help="JSON file with answers by question, as --questions writes it.")
@click.option(
    "--questions",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the open questions with their choices here.",
)
@click.option("--accept-proposals", is_flag=True, help="Take the proposed answer wherever there is one.")
@click.option("--sheet", help="Name of the sheet. Default: the first that looks like KIND.")
@click.option("--set", "constants", multiple=True, metavar="FIELD=VALUE", help="A value for rows that have none.")
@click.option("--empty-clears", is_flag=True, help="An empty cell of a list takes the value away.")
@click.option("--user", "username", help="Who imports. Default: the first active manager.")
def import_command(
    kind: str,
    file: Path,
    dry_run: bool,
    answers: Path | None,
    questions: Path | None,
    accept_proposals: bool,
    sheet: str | None,
    constants: tuple[str, ...],
    empty_clears: bool,
    username: str | None,
) -> None:
    """Import a workbook: an Excel ledger, or a list of one kind of record.

    KIND customers is the department's ledger (customers with homes, projects, contracts), complaints is the ledger of
    old complaints. Every other kind has one record in a row: customer-list, properties, projects, contracts, payments,
    quotations, consultations (past calls and visits), tasks, parties, crews, branches, users. A row with the number of
    a record changes it; without one it is looked for by what tells it apart, and made when it is not there.

    All rows or none. Exits with status 1 when questions are open; answer them with --answers or in the browser.
    """
    from portal import i18n
    from portal.cli import application
    from portal.errors import DomainError

    with application() as app, i18n.use_locale("en"):
        try:
            command = _Import(
                app.config["PORTAL"], kind, file, sheet, dict(_pair(text) for text in constants), username,
                empty_clears=empty_clears,
            )  # fmt: skip
            given = _read_answers(answers) if answers else {}
            command.carry_out(given, accept_proposals=accept_proposals, dry_run=dry_run, questions=questions)
        except DomainError as error:
            raise click.ClickException(str(error)) from error


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise click.UsageError(f"--set takes FIELD=VALUE, not {text!r}.")
    return key, value


def _read_answers(path: Path) -> dict[str, Answer]:
    from portal.imports.asking import Answer

    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {
            key: Answer.from_json(item.get("answer") or item) for key, item in data.items() if item.get("answer", item)
        }
    except (ValueError, AttributeError) as error:
        raise click.ClickException(f"{path} is no file of answers: {error}") from error


class _Import:
    def __init__(
        self, config: Any, kind: str, file: Path, sheet: str | None, constants: dict[str, str], username: str | None,
        *, empty_clears: bool,
    ) -> None:  # fmt: skip
        from portal.files.store import Store

        self._empty_clears = empty_clears
        self._store = Store.of(config)
        self._kind, self._sheet_name, self._constants = Kind(kind), sheet, constants
        self._username = username
        self._content, self._name = file.read_bytes(), file.name

    def carry_out(
        self, given: dict[str, Answer], *, accept_proposals: bool, dry_run: bool, questions: Path | None
    ) -> None:
        """Upload, check, ask, and unless it is a dry run, write."""
        from portal import clock
        from portal.db import transaction
        from portal.models.importing import ImportRun
        from portal.services import imports
        from portal.services.imports import running
        from portal.services.imports.record_writing import RowsRefused

        at = clock.now()
        refused = 0
        book = imports.take(self._store, self._content, self._name)
        try:
            with transaction() as session:
                actor = _actor(session, self._username)
                run = imports.start(
                    session, book, actor=actor, at=at, kind=self._kind, sheet_name=self._sheet_name
                )  # fmt: skip
                sheet = next(item for item in book.sheets if item.name == run.sheet)
                columns = {int(number): key for number, key in run.mapping["columns"].items()}
                constants = {**run.mapping["constants"], **self._constants}
                command = imports.SetMapping(columns, constants, run.mapping.get("owner_id"), self._empty_clears)
                imports.set_mapping(session, run, command, sheet, actor=actor, at=at)
                plan = imports.check(session, run, sheet, actor=actor, at=at)
                proposed = imports.proposals(list(plan.questions)) if accept_proposals else {}
                if given or proposed:
                    imports.answer(session, run, {**proposed, **given}, sheet, actor=actor, at=at)
                    plan = imports.plan_of(session, run, sheet, actor)
                _show(run, plan)
                if questions:
                    _write_questions(questions, list(plan.questions))
                if not plan.questions and dry_run:
                    refused = _try(session, run, plan, actor, at)
                if dry_run:
                    raise _RolledBack
                number, run_id, is_ready = run.number, run.id, plan.is_ready
        except _RolledBack:
            click.echo("Dry run: nothing was kept.")
            if refused:
                raise click.ClickException(f"{refused} rows are refused.") from None
            if plan.questions:
                raise click.ClickException(f"{len(plan.questions)} questions are open.") from None
            return
        if plan.questions:
            raise click.ClickException(
                f"{len(plan.questions)} questions are open; import {number} waits for the answers."
            )
        if not is_ready:
            click.echo("Every row is in the portal or left out; nothing to do.")
            return
        try:
            running.dry_run(run_id, sheet, at=at)
        except RowsRefused as refusal:
            with transaction() as session:
                run = session.get_one(ImportRun, run_id)
                plan = imports.plan_of(session, run, sheet, _actor(session, self._username))
                _show(run, plan)
            if questions:
                _write_questions(questions, list(plan.questions))
            raise click.ClickException(f"{refusal} Import {number} waits for the answers.") from refusal
        with transaction() as session:
            run = session.get_one(ImportRun, run_id)
            running.confirm(session, run, actor=_actor(session, self._username), at=at)
        running.execute(self._store, run_id, at=clock.now())
        with transaction() as session:
            run = session.get_one(ImportRun, run_id)
            state, made, error = run.state, run.counts.get("made", {}), running.error_text(run)
        if state != "DONE":
            raise click.ClickException(f"Import {number}: {error}")
        _show_made(made)
        click.echo(f"Import {number} is done.")


def _actor(session: Session, username: str | None) -> User:
    from sqlalchemy import select

    from portal.models.org import User
    from portal.permissions import Permission, Role, may

    query = select(User).where(User.disabled_at.is_(None)).order_by(User.id)
    query = query.where(User.username == username.lower()) if username else query.where(User.role == Role.MANAGER)
    user = session.scalars(query.limit(1)).first()
    if user is None:
        who = f"nobody is called {username!r}" if username else "there is no active manager"
        raise click.ClickException(f"Who imports? Here, {who}; name somebody with --user.")
    if not may(user, Permission.IMPORT_RUN):
        raise click.ClickException(f"{user.username} may not import.")
    return user


def _try(session: Session, run: ImportRun, plan: Plan, actor: User, at: datetime) -> int:
    """Write everything for a dry run. Gives how many rows the services of the records refuse, after saying why."""
    from portal.imports import texts
    from portal.services.imports import running
    from portal.services.imports.record_writing import RowsRefused

    try:
        _show_made(running.carry_out(session, run, plan, actor=actor, at=at))
    except RowsRefused as error:
        for refusal in error.refusals[:SHOWN_QUESTIONS]:
            click.echo(f"  ! row {refusal.row}: {texts.sentence(refusal.said)}")
        return len({refusal.row for refusal in error.refusals})
    return 0


def _show(run: ImportRun, plan: Plan) -> None:
    from portal.imports import errors_workbook
    from portal.imports.mapping import FIELDS

    counts = plan.counts()
    click.echo(f"{run.number}: sheet {run.sheet}, {len(plan.rows)} rows")
    for status in ("CREATE", "MERGE", "CHANGE", "SAME", "SKIP", "QUESTION"):
        if counts.get(f"row.{status}"):
            click.echo(f"  rows {status.lower():9} {counts[f'row.{status}']}")
    for question in plan.questions[:SHOWN_QUESTIONS]:
        where = f"{question.column}{question.rows[0]}" if len(question.rows) == 1 else f"{len(question.rows)} rows"
        label = FIELDS[plan.kind][question.field].label
        click.echo(f"  ? {where} {label}: {question.found!r} {errors_workbook.wrong(question)}")
    if len(plan.questions) > SHOWN_QUESTIONS:
        click.echo(f"  ? … and {len(plan.questions) - SHOWN_QUESTIONS} more questions")


def _show_made(made: dict[str, int]) -> None:
    for kind, number in made.items():
        click.echo(f"  {kind:12} {number}")


def _write_questions(path: Path, questions: list[Question]) -> None:
    data = {
        question.id: {
            "rows": list(question.rows),
            "column": question.column,
            "found": question.found,
            "choices": [
                {"action": str(choice.action), "value": choice.value}
                | ({"row": choice.row} if choice.row is not None else {})
                for choice in question.choices
            ],
            "answer": None,
        }
        for question in questions
    }
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    click.echo(f"The questions are in {path}; write an answer into each and give the file to --answers.")
