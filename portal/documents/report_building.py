"""RP-01 to RP-17 on paper: what a report shows, from the figures kept with it. Call inside `i18n.use_locale`. Source: `domain.md` 6.1."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from portal import clock, formatting
from portal.documents.views import Signature
from portal.errors import DomainError
from portal.files.store import Store
from portal.i18n import N_, Text, _p
from portal.models.report import ReportRun
from portal.processes.report import Recipient
from portal.reports import drawing
from portal.reports.catalogue import REPORTS

NOT_DRAWN = N_("The figures of this report are not drawn up yet.")
WORDS = ("analysis", "measures", "plan", "help")


@dataclass(frozen=True, slots=True)
class ReportPaper:
    """A report as it is printed: cover, contents, parts, signatures."""

    TEMPLATE: ClassVar[str] = "report.html"

    FORM: str
    TITLE: Text
    number: str
    period: str
    recipients: str
    author: str | None
    due: datetime | None
    state: str
    is_draft: bool
    edition: int
    why: str | None
    drawn_up: str
    calendar: str
    parts: tuple[drawing.Part, ...]
    signatures: tuple[Signature, ...]


def words_of(run: ReportRun) -> dict[str, str | None]:
    """What was written beside the figures, by field."""
    return {name: getattr(run, name) for name in WORDS}


def report_paper(_session: Session, run: ReportRun, _store: Store) -> ReportPaper:
    """The report from its frozen figures; before it is signed, from those of the draft. Raises DomainError without any."""
    if run.content is None:
        raise DomainError(NOT_DRAWN)
    report = REPORTS[run.code]
    signed = clock.today(run.signed_at) if run.signed_at else None
    return ReportPaper(
        FORM=f"{run.code} · {report.form}" if report.form else run.code,
        TITLE=report.title,
        number=run.number,
        period=drawing.title_of_period(drawing.period_of(run.content)),
        recipients="、".join(Recipient.show(each) for each in report.recipients),
        author=run.signed_by.name if run.signed_by else None,
        due=run.due_at,
        state=str(run.PROCESS.state(run.state).label),
        is_draft=not run.is_frozen,
        edition=run.edition,
        why=run.why,
        drawn_up=formatting.stamp(datetime.fromisoformat(run.content["at"])),
        calendar=run.content["calendar"],
        parts=tuple(drawing.draw(run.content, words_of(run), on_paper=True)),
        signatures=(
            Signature(_p("form", "Drawn up by"), run.asked_by.name if run.asked_by else None),
            Signature(_p("form", "Manager"), run.signed_by.name if run.signed_by else None, signed),
            Signature(_p("report", "Received by")),
        ),
    )


BUILDERS: dict[str, Any] = dict.fromkeys(REPORTS, report_paper)
