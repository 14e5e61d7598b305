"""`portal document F-06 TS-2026-0001 -o FILE`: a form without the web, for the administrator."""

from __future__ import annotations

import os
from pathlib import Path

import click
from sqlalchemy import select

from portal import clock, i18n


@click.command("document")
@click.argument("form")
@click.argument("number")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The PDF to write."
)
@click.option("--language", type=click.Choice(list(i18n.LOCALES)), default=i18n.DEFAULT, show_default=True)
def document_command(form: str, number: str, output: Path, language: str) -> None:
    """Print the form FORM (F-06, F-07, F-14, F-16) of the record NUMBER into a PDF file. The print is logged."""
    from portal import preparation
    from portal.config import Config
    from portal.db import transaction
    from portal.documents import rendering
    from portal.errors import DomainError
    from portal.files.store import Store
    from portal.models.event import EventKind
    from portal.services import documents, events

    config = Config.from_env()
    store = Store.of(config)
    code = form.upper()
    if code not in documents.FORMS:
        raise click.ClickException(f"there is no form {form}; the forms are {', '.join(documents.FORMS)}.")
    chosen = documents.FORMS[code]
    with preparation.application(config), i18n.use_locale(language):
        try:
            rendering.warm_up(config.home)
            with transaction() as session:
                record = session.scalars(select(chosen.model).where(chosen.model.number == number)).one_or_none()
                if record is None:
                    raise click.ClickException(f"there is no record {number} of which {code} could be printed.")
                draft = documents.drawn_up(
                    session, chosen, record, number=None, by=i18n.pgettext("form", "administrator"),
                    at=clock.now(), store=store,
                )  # fmt: skip
            sheet = draft.paper(store)
            pdf = rendering.render_pdf(sheet.html, sheet.assets)
            with transaction() as session:
                again = session.get_one(chosen.model, record.id)
                events.record(
                    session, EventKind.PRINT, action="print", actor=None, at=clock.now(), record=again, form=code
                )
        except DomainError as error:
            raise click.ClickException(str(error)) from error
    write_whole(output, pdf.content)
    click.echo(f"{output}: {code} {number}, {pdf.page_count} pages, {len(pdf.content):,} bytes.")


def write_whole(output: Path, content: bytes) -> None:
    """The whole file or none. Raises ClickException with one line when the place cannot be written."""
    fresh = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        fresh.write_bytes(content)
        fresh.replace(output)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from error
