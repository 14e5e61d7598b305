"""Reports: made on their days, drawn up, marked late, and sent with the PDF attached. Each may run twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from jobs.outbox import Staged
from portal import clock, i18n
from portal.db import snapshot, transaction
from portal.documents import rendering
from portal.documents.paper import Paper
from portal.files.store import Store
from portal.i18n import _p
from portal.mail import MailRefused, Server, compose, send, server
from portal.models.outbox import Slot
from portal.models.report import ReportDelivery, ReportRun
from portal.processes.report import Delivered
from portal.reports.catalogue import REPORTS
from portal.services import documents, reports
from portal.services.delivery import close_slot
from portal.services.reports import Draft, Measured


def make_due(session: Session, *, schedule: str, slot: str, scope: str = "") -> None:
    """The reports of a day: those whose period is over, or that are due. What an outage left out is made too, once."""
    at = clock.now()
    row = session.get_one(Slot, (schedule, slot, scope))
    first = session.scalar(select(func.min(Slot.due_at)).where(Slot.schedule == schedule))
    made = reports.make_due(session, clock.today(row.due_at), clock.today(first or row.due_at), at=at)
    close_slot(session, schedule, slot, scope, at=at, result=str(len(made)))


class DrawUp(Staged):
    """`draw_up_report(run_id)`: measure the figures section by section, all of one moment, and put them into the run."""

    limit_seconds = 900

    def prepare(self, session: Session, **ids: Any) -> Draft | None:
        """Note that it begins. None: it is signed, or gone."""
        return reports.take_up(session, ids["run_id"])

    def act(self, prepared: Draft) -> Measured:
        """Read, and say on the page how far it has come."""

        def told(done: int) -> None:
            with transaction() as writing:
                reports.progress(writing, prepared.run_id, done)

        with snapshot() as reading:
            return reports.measure(reading, prepared, at=clock.now(), told=told)

    def finish(self, session: Session, prepared: Draft, result: Measured) -> None:
        """Put the figures in."""
        reports.put_in(session, prepared.run_id, result)


def miss(session: Session, *, run_id: int) -> None:
    """Mark a report as late that is not with its recipients by its time."""
    run = session.get(ReportRun, run_id, with_for_update=True)
    if run is not None:
        reports.miss(session, run, at=clock.now())


@dataclass(frozen=True, slots=True)
class Letter:
    """A report ready to be handed over."""

    delivery_id: int
    via: Server
    address: str
    message_id: str
    subject: str
    text: str
    file_name: str
    paper: Paper


class SendReport(Staged):
    """`send_report(delivery_id)`: the PDF of a signed report to one recipient. A repeat keeps the Message-ID."""

    limit_seconds = 180

    def prepare(self, session: Session, **ids: Any) -> Letter | None:
        """Read the frozen figures. None: it is sent, or e-mail was switched off meanwhile."""
        delivery = session.get(ReportDelivery, ids["delivery_id"], with_for_update=True)
        if delivery is None or delivery.state != Delivered.SENDING or not delivery.address:
            return None
        via = server(session)
        if via is None:
            delivery.state, delivery.answer = Delivered.FAILED, "no mail server"
            return None
        delivery.attempts += 1
        run, store = delivery.run, Store.of(current_app.config["PORTAL"])
        with i18n.use_locale(delivery.locale or i18n.DEFAULT):
            form = documents.get_form(run.code)
            draft = documents.drawn_up(
                session, form, run, number=None, by=via.sender_name, at=clock.now(), store=store
            )  # fmt: skip
            title = f"{run.code} {REPORTS[run.code].title} {run.period_from:%Y-%m-%d} – {run.period_to:%Y-%m-%d}"
            text = _p("report", "Attached: %(title)s.", title=title)
            return Letter(
                delivery.id, via, delivery.address, str(delivery.message_id), title, text,
                f"{run.code}-{run.period_from:%Y%m%d}-{run.period_to:%Y%m%d}.pdf", draft.paper(store),
            )  # fmt: skip

    def act(self, prepared: Letter) -> tuple[str, str]:
        """Print it and hand it over. Raises MailDeferred and MailUncertain: later again."""
        pdf = rendering.render_pdf(prepared.paper.html, prepared.paper.assets)
        try:
            message = compose(
                prepared.via, to=prepared.address, subject=prepared.subject, text=prepared.text,
                html=f"<p>{prepared.text}</p>", message_id=prepared.message_id, at=clock.now(),
            )  # fmt: skip
            message.add_attachment(pdf.content, maintype="application", subtype="pdf", filename=prepared.file_name)
            return Delivered.SENT, send(prepared.via, message)
        except MailRefused as error:
            return Delivered.FAILED, str(error)

    def finish(self, session: Session, prepared: Letter, result: tuple[str, str]) -> None:
        """Write what the server said; the last recipient ends the process."""
        delivery = session.get_one(ReportDelivery, prepared.delivery_id)
        state, answer = result
        if state == Delivered.SENT:
            reports.mailed(session, delivery, answer, at=clock.now())
        else:
            delivery.state, delivery.answer = state, answer

    def gave_up(self, session: Session, error: str, **ids: Any) -> None:
        """Shown beside the recipient, to be tried again by hand."""
        delivery = session.get(ReportDelivery, ids["delivery_id"])
        if delivery is not None and delivery.state == Delivered.SENDING:
            delivery.state, delivery.answer = Delivered.FAILED, error


HANDLERS: dict[str, Any] = {
    "reports": make_due,
    reports.DRAW_UP: DrawUp(),
    reports.MISS: miss,
    reports.SEND: SendReport(),
}
