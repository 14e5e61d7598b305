"""The log of a day, as a list and as a workbook; the visitors of today. Source: `domain.md` 3.8, 4.1, 7.1."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import xlsxwriter
from flask import Response, g, request, send_file
from flask.typing import ResponseReturnValue
from sqlalchemy import Select

from blueprints.front_desk import blueprint, desk
from blueprints.http import get_or_404, page, requires, see_other
from portal import clock, formatting
from portal.db import session, transaction
from portal.i18n import N_, Text, _
from portal.models.consultation import Channel, Consultation, Matter
from portal.models.event import EventKind
from portal.models.org import Department, User
from portal.permissions import Permission, may
from portal.processes.consultation import PROCESS, State
from portal.services import consultations, events
from portal.services import desk as desk_queries

P = Permission
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_LINES = 500
"""A desk takes some hundred contacts a day; a page of more is no page."""

COLUMNS: tuple[tuple[Text, int], ...] = (
    (N_("Number"), 14),
    (N_("Time"), 17),
    (N_("Channel"), 9),
    (N_("Matter"), 10),
    (N_("Name"), 12),
    (N_("Phone"), 15),
    (N_("What was said"), 50),
    (N_("Answer"), 40),
    (N_("Forwarded to"), 14),
    (N_("Status"), 10),
    (N_("Is the customer satisfied?"), 10),
    (N_("Taken by"), 10),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which contacts: of a day, and of a channel, matter or state where one is chosen."""

    day: date
    channel: str = ""
    kind: str = ""
    state: str = ""

    def query(self, user: User) -> Select[Consultation]:
        """The contacts, newest first."""
        found = desk_queries.of_day(user, self.day)
        for name in ("channel", "kind", "state"):
            if value := getattr(self, name):
                found = found.where(getattr(Consultation, name) == value)
        return found

    def url(self, path: str = "/front-desk/log", **changed: Any) -> str:
        """This choice as an address, with something changed."""
        said = {"day": self.day.isoformat(), "channel": self.channel, "kind": self.kind, "state": self.state}
        return f"{path}?{urlencode({name: value for name, value in {**said, **changed}.items() if value})}"


@blueprint.get("/log")
@requires(P.CONSULTATION_VIEW)
def log() -> ResponseReturnValue:
    """The contacts of a day, with the day before and after."""
    wanted, today = _wanted(), clock.today(clock.now())
    found = desk.rows(wanted.query(g.user), MOST_LINES)
    return page(
        "front_desk/log.html",
        wanted=wanted,
        is_today=wanted.day == today,
        lines=[_line(contact, number) for contact, number in found],
        previous_url=wanted.url(day=(wanted.day - timedelta(days=1)).isoformat()),
        next_url=wanted.url(day=(wanted.day + timedelta(days=1)).isoformat()) if wanted.day < today else None,
        today_url=wanted.url(day=""),
        export_url=wanted.url("/front-desk/log.xlsx") if may(g.user, P.EXPORT) else None,
        channels=[("", _("All channels")), *Channel.choices()],
        kinds=[("", _("All matters")), *Matter.choices()],
        states=[("", _("All states")), *((item.code, item.label) for item in PROCESS.states)],
    )


@blueprint.get("/log.xlsx")
@requires(P.EXPORT)
def export_log() -> ResponseReturnValue:
    """The same contacts as a workbook; phones are masked, and that it was taken out is written down."""
    wanted = _wanted()
    found = list(session().scalars(wanted.query(g.user)))
    writers = dict(session().query(User.id, User.name).all())
    content = workbook([_cells(contact, writers.get(contact.created_by_id or 0)) for contact in found])
    with transaction() as writing:
        events.record(
            writing, EventKind.EXPORT, at=clock.now(), actor=g.user, action="consultation-log",
            name=f"{wanted.day:%Y-%m-%d}", rows=len(found), channel=wanted.channel, matter=wanted.kind, state=wanted.state,
        )  # fmt: skip
    name = f"{_('Log of the day')}-{wanted.day:%Y-%m-%d}.xlsx"
    answer: Response = send_file(io.BytesIO(content), mimetype=XLSX, as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def workbook(lines: list[list[str]]) -> bytes:
    """The lines under their heads. Every cell is text: nothing that a caller said can calculate."""
    buffer = io.BytesIO()
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, plain) as book:
        head, as_text = book.add_format({"bold": True, "bottom": 1}), book.add_format({"num_format": "@"})
        sheet = book.add_worksheet(_("Log of the day")[:31])
        for column, (label, width) in enumerate(COLUMNS):
            sheet.write_string(0, column, str(label), head)
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        for row, cells in enumerate(lines, start=1):
            for column, text in enumerate(cells):
                sheet.write_string(row, column, text[:32_000], as_text)
    return buffer.getvalue()


@blueprint.get("/visitors")
@requires(P.FRONT_DESK)
def visitors() -> ResponseReturnValue:
    """Who is in the house now, and everybody who came today."""
    at = clock.now()
    came = list(session().scalars(desk_queries.visits_of_day(g.user, at)))
    return page(
        "front_desk/visitors.html",
        here=[visit for visit in reversed(came) if visit.left_at is None],
        gone=[visit for visit in came if visit.left_at is not None],
        matter=Matter.show,
    )


@blueprint.post("/visitors/<number>/leave")
@requires(P.FRONT_DESK)
def visitor_left(number: str) -> ResponseReturnValue:
    """A visitor has left the house."""
    with transaction() as writing:
        contact = get_or_404(consultations.visible_to(g.user), Consultation.number == number)
        consultations.leave(writing, contact, actor=g.user, at=clock.now())
    return see_other("/front-desk/visitors")


# ---------- Parts ----------


def _wanted() -> Wanted:
    """What the address asks for; what it cannot mean is left out."""
    asked = request.args.get("day", "")
    try:
        day = date.fromisoformat(asked) if len(asked) == 10 else None
    except ValueError:
        day = None
    known: dict[str, Any] = {"channel": Channel, "kind": Matter, "state": State}
    chosen = {name: request.args.get(name, "") for name in known}
    if day is None or not 2000 <= day.year <= 2100:
        day = clock.today(clock.now())
    return Wanted(day, **{name: value for name, value in chosen.items() if value in set(known[name])})


def _line(contact: Consultation, complaint_number: str | None) -> dict[str, Any]:
    return {
        "contact": contact,
        "time": formatting.stamp(contact.occurred_at)[-5:],
        "channel": Channel.show(contact.channel),
        "kind": Matter.show(contact.kind),
        "outcome": desk.outcome(contact),
        "complaint": complaint_number,
    }


def _cells(contact: Consultation, writer: str | None) -> list[str]:
    satisfied = {True: _("Yes"), False: _("No"), None: ""}[contact.is_satisfied]
    return [
        contact.number,
        formatting.stamp(contact.occurred_at),
        Channel.show(contact.channel),
        Matter.show(contact.kind),
        contact.name,
        formatting.phone_mask(contact.phone),
        contact.question,
        contact.reply or contact.answer or "",
        Department.show(contact.forwarded_department) if contact.forwarded_department else "",
        str(PROCESS.state(contact.state).label),
        satisfied,
        writer or "",
    ]
