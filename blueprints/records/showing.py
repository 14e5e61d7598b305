"""What the plain record page needs, the same for every record type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import g
from flask.typing import ResponseReturnValue

from blueprints.http import page
from blueprints.records import attachments, chatter, documents, duplicates, editing, field_history, process_view
from portal import visibility
from portal.db import session
from portal.i18n import Text, _
from portal.listing.registry import LISTINGS
from portal.services import tasks
from portal.services.fields import Field


@dataclass(frozen=True, slots=True)
class Table:
    """A small table under the facts. Cells are text, or (text, url)."""

    title: str
    head: list[tuple[str, bool]]
    rows: list[list[Any]]
    empty: str
    url: str = ""
    url_label: str = ""
    foot: list[str] = field(default_factory=list)


def show(
    record: Any,
    title: str,
    fields: dict[str, Field],
    groups: tuple[tuple[Text, tuple[str, ...]], ...],
    *,
    meta: list[tuple[str, str]] | None = None,
    smart: list[dict[str, Any]] | None = None,
    actions: list[dict[str, Any]] | None = None,
    tables: list[Table] | None = None,
    household_url: str = "",
    notes: list[tuple[str, str]] | None = None,
) -> ResponseReturnValue:
    """The page of a record: facts in groups, tables, files, talk; of one with a process its steps and clocks too.

    `notes`: (icon, sentence) above the sheet.
    """
    listing = LISTINGS[record.KIND]
    customer = getattr(record, "customer", None)
    if customer is not None and not visibility.may_see(session(), g.user, customer):
        meta = [(text, "" if url == editing.path(customer) else url) for text, url in meta or []]
        household_url = ""
    talk = chatter.of(record)
    history = field_history.urls(record)
    return page(
        "records/show.html",
        record=record,
        title=title,
        path=[(str(listing.title), listing.path), (record.number, None)],
        groups=[
            (str(heading), editing.facts(record, fields, names, ("remarks", "void_reason"), history))
            for heading, names in groups
        ],
        meta=meta or [],
        smart=smart or [],
        actions=actions or [],
        tables=tables or [],
        notes=notes or [],
        print_items=documents.print_menu(record),
        **_process(record),
        household_url=household_url,
        doubles=duplicates.banner(record),
        files=attachments.panel(record),
        talk=talk,
    )


def _process(record: Any) -> dict[str, Any]:
    """Steps, status bar and clocks of a record with a process; nothing for others."""
    if not hasattr(record, "PROCESS"):
        return {"steps": [], "status_views": [], "clocks": [], "why": []}
    clocks = tasks.clocks_of(session(), record)
    return {
        "steps": process_view.buttons(record, g.user),
        "status_views": process_view.status_views(record, g.user, editing.path(record)),
        "clocks": process_view.clock_rows(record, clocks, shows_waiting=False),
        "why": [process_view.why(task) for task in clocks if task.closed_at is None and task.explanation],
    }


def edit_action(record: Any) -> dict[str, Any]:
    """The button that opens the form of the record."""
    return {"label": _("Change"), "url": f"{editing.path(record)}/edit", "icon": "pencil", "primary": True, "key": "e"}


def sheet(title: str, record: Any | None, kind: str, name: str = "", **more: Any) -> editing.Sheet:
    """The frame of a form page."""
    listing = LISTINGS[kind]
    crumbs: list[tuple[str, str | None]] = [(str(listing.title), listing.path)]
    if record is not None:
        crumbs.append((record.number, editing.path(record)))
    return editing.Sheet(
        title=f"{title} · {name or record.number}" if record is not None else title,
        crumbs=[*crumbs, (title, None)],
        submit=_("Save"),
        cancel_url=editing.path(record) if record is not None else listing.path,
        **more,
    )
