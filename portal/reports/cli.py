"""`portal report RP-06 --period 2026-10 -o FILE`: a report without the web, for the administrator."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from portal import clock, i18n
from portal.metrics.periods import month_of, week_of, year_of
from portal.metrics.questions import Period


@click.command("report")
@click.argument("code")
@click.option(
    "--period",
    metavar="DAYS",
    help="2026-10 (month), 2026-W42 (week), 2026 (year), 2026-10-15 (day) or 2026-10-01..2026-10-15."
    " Without it, the last period of the report that is over.",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True,
    help="The file to write: .pdf, or .xlsx for a workbook.",
)  # fmt: skip
@click.option("--language", type=click.Choice(list(i18n.LOCALES)), default=i18n.DEFAULT, show_default=True)
def report_command(code: str, period: str | None, output: Path, language: str) -> None:
    """Draw up the report CODE (RP-01 … RP-17) of the whole company into a file.

    The file is logged; the register of reports keeps none.
    """
    from portal import preparation
    from portal.config import Config
    from portal.db import transaction
    from portal.documents import rendering
    from portal.documents.cli import write_whole
    from portal.errors import DomainError
    from portal.files.store import Store
    from portal.models.event import EventKind
    from portal.models.report import ReportRun
    from portal.processes.report import State
    from portal.reports import content, drawing, due, workbook
    from portal.reports.catalogue import REPORTS

    config = Config.from_env()
    report = REPORTS.get(code.upper())
    if report is None:
        raise click.ClickException(f"there is no report {code}; the reports are {', '.join(REPORTS)}.")
    if output.suffix.lower() not in (".pdf", ".xlsx"):
        raise click.ClickException("the file ends in .pdf or .xlsx.")
    with preparation.application(config), i18n.use_locale(language):
        from portal.services import calendars, documents, events, reports

        try:
            at = clock.now()
            with transaction() as session:
                calendar = calendars.current(session)
                days = read_period(period) if period else due.usual(
                    reports.rule_of(session, report), clock.today(at), calendar
                )  # fmt: skip
                reports.checked_period(days.first, days.last, at)
                run = ReportRun(
                    number="–", code=report.code, period_from=days.first, period_to=days.last, edition=1,
                    state=State.DRAFT, drafted_at=at, calendar_version=calendar.version,
                )  # fmt: skip
                about_days = reports.period_of(session, report, days)
                run.content = content.draw_up(
                    session, reports.Company(), report, about_days, at=at, calendar=calendar.version
                )  # fmt: skip
                draft = documents.drawn_up(
                    session, documents.get_form(report.code), run, number=None,
                    by=i18n.pgettext("form", "administrator"), at=at, store=Store.of(config),
                )  # fmt: skip
                events.record(session, EventKind.EXPORT, action="export", actor=None, at=at, name=output.name)
            if output.suffix.lower() == ".pdf":
                rendering.warm_up(config.home)
                paper = draft.paper(Store.of(config))
                made = rendering.render_pdf(paper.html, paper.assets).content
            else:
                about = [(i18n.pgettext("report", "Period"), drawing.title_of_period(days))]
                made = workbook.write(f"{report.code} {report.title}", about, drawing.draw(run.content, {}))
        except DomainError as error:
            raise click.ClickException(str(error)) from error
    write_whole(output, made)
    click.echo(f"{output}: {report.code} {days.first} to {days.last}, {len(made):,} bytes.")


def read_period(text: str) -> Period:
    """The days a word of the command line means. Raises ClickException with one line."""
    said = text.strip()
    try:
        if ".." in said:
            first, last = said.split("..")
            return Period(date.fromisoformat(first), date.fromisoformat(last))
        if "W" in said.upper():
            year, week = said.upper().split("-W")
            return week_of(date.fromisocalendar(int(year), int(week), 1))
        parts = [int(part) for part in said.split("-")]
        if len(parts) == 1:
            return year_of(date(parts[0], 1, 1))
        if len(parts) == 2:
            return month_of(date(parts[0], parts[1], 1))
        return Period(date(*parts), date(*parts))
    except (ValueError, TypeError) as error:
        raise click.ClickException(
            f"{text} is no period; write 2026-10, 2026-W42 or 2026-10-01..2026-10-15."
        ) from error
