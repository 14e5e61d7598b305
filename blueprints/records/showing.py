"""What the plain record page needs, the same for every record type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from blueprints.http import page
from blueprints.records import attachments, chatter, documents, duplicates, editing, field_history, lines, process_view
from portal import clock, formatting, visibility
from portal.db import session
from portal.i18n import N_, Text, _, _p
from portal.listing import engine
from portal.listing.registry import LISTINGS
from portal.listing.state import from_args
from portal.models.document import DocumentState
from portal.permissions import may
from portal.services import documents as documents_service
from portal.services import field_history as changes_of
from portal.services import tasks
from portal.services.fields import Field


@dataclass(frozen=True, slots=True)
class Table:
    """A small table under the facts. Cells are text, or (text, url). `count`: how many there are, where not all are shown."""

    title: str
    head: list[tuple[str, str]]
    """What the columns are called, and their classes."""
    rows: list[list[Any]]
    empty: str
    url: str = ""
    url_label: str = ""
    foot: list[str] = field(default_factory=list)
    count: int | None = None
    all_url: str = ""
    """The list with all of them."""


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of a record's page. `content` is asked only when the tab is open; `count` stands on it before."""

    key: str
    label: str
    content: Callable[[], list[Table]]
    count: int | None = None


FACTS, FILES, CHANGES = "facts", "files", "changes"
"""The tabs that every record has."""
MOST_RELATED = 20
"""Rows of other records on a tab; the list shows the rest."""


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
    tabs: Sequence[Tab] = (),
    household_url: str = "",
    notes: list[tuple[str, str]] | None = None,
    first: str = "",
    wide: tuple[str, ...] = ("needs", "remarks", "void_reason"),
    template: str = "records/show.html",
    fragment: str | None = None,
    status: int = 200,
    **more: Any,
) -> ResponseReturnValue:
    """The page of a record: what stands on each tab, talk beside; of one with a process its steps and clocks too.

    `tables` stand under the facts, `tabs` between facts and files. `notes`: (icon, sentence) above the sheet.
    `first`: what the tab of the facts is called, where they are not what it is about.
    """
    listing = LISTINGS[record.KIND]
    customer = getattr(record, "customer", None)
    if customer is not None and not visibility.may_see(session(), g.user, customer):
        meta = [(text, "" if url == editing.path(customer) else url) for text, url in meta or []]
        household_url = ""
    talk = chatter.of(record)
    everything = [
        Tab(FACTS, first or _("Basic data"), lambda: tables or []),
        *tabs,
        *common_tabs(record, talk.files_count),
    ]
    tab = chosen(everything)
    history = field_history.urls(record)
    return page(
        template,
        fragment=fragment,
        status=status,
        record=record,
        title=title,
        path=[(str(listing.title), listing.path), (record.number, None)],
        tab=tab.key,
        tabs=strip(record, everything, tab),
        tables=tab.content(),
        groups=[(str(heading), editing.facts(record, fields, names, wide, history)) for heading, names in groups]
        if tab.key == FACTS
        else [],
        history=history,
        meta=meta or [],
        smart=smart or [],
        actions=actions or [],
        notes=notes or [],
        print_items=documents.print_menu(record),
        **_process(record),
        household_url=household_url,
        doubles=duplicates.banner(record),
        files=attachments.panel(record) if tab.key == FILES else None,
        talk=talk,
        **more,
    )


# ---------- Tabs ----------


def common_tabs(record: Any, files_count: int) -> list[Tab]:
    """What stands behind the tabs of its own on the page of every record: its files and forms, what was changed."""
    return [
        Tab(FILES, _p("attachment", "Files"), lambda: _papers(record), files_count),
        Tab(CHANGES, _("Changes"), lambda: [_changes(record)]),
    ]


def chosen(tabs: Sequence[Tab]) -> Tab:
    """The tab the address asks for; the first one where it asks for none, or for one that is not there."""
    wanted = request.args.get("tab")
    return next((tab for tab in tabs if tab.key == wanted), tabs[0])


def is_facts() -> bool:
    """Whether the tab with the facts is asked for, by its name or by none."""
    return request.args.get("tab", FACTS) == FACTS


def strip(record: Any, tabs: Sequence[Tab], current: Tab) -> list[dict[str, Any]]:
    """The tabs as links for the macro `tab_strip`."""
    path = editing.path(record)
    return [
        {
            "url": path if tab is tabs[0] else f"{path}?tab={tab.key}",
            "label": tab.label,
            "count": tab.count,
            "current": tab is current,
        }
        for tab in tabs
    ]


RELATED: dict[str, tuple[Text, tuple[str, ...]]] = {
    "properties": (N_("Properties"), ("home", "area", "layout")),
    "projects": (N_("Projects"), ("home", "kind", "stage", "manager")),
    "contracts": (N_("Contracts"), ("home", "state", "signed", "amount")),
    "quotations": (N_("Quotations"), ("title", "quoted", "amount")),
    "complaints": (N_("Complaints"), ("category", "subject", "state", "received", "due")),
    "repair-orders": (N_("Repairs"), ("trade", "symptom", "state", "reported", "due")),
    "warranties": (N_("Warranty certificates"), ("state", "starts", "ends")),
    "consultations": (N_("Calls, visits, messages"), ("kind", "question", "state", "occurred", "due")),
    "lead-touches": (N_("Pre-sale messages"), ("kind", "due-on", "state", "sent", "response")),
    "surveys": (N_("Satisfaction surveys"), ("kind", "state", "overall", "words", "answered")),
    "archive-loans": (N_("Loans of the archive"), ("applicant", "purpose", "state", "out", "due")),
    "suggestions": (N_("Suggestions of customers"), ("content", "decision", "state", "due")),
}
"""What records are called that stand under another one, and which columns of their list say what they are about."""


def related_tabs(
    tabs: Iterable[tuple[str, str, tuple[str, ...]]],
    link: str,
    counts: Mapping[str, int],
    new: Mapping[str, tuple[str, str]] | None = None,
) -> list[Tab]:
    """Tabs with the records of other kinds that belong to this one: (key, label, kinds), as far as the person sees them.

    `link` is the filter of their lists, as "customer.7"; `new` the address and the words of the button that adds one.
    """
    made = []
    for key, label, kinds in tabs:
        seen = [kind for kind in kinds if may(g.user, LISTINGS[kind].permission)]
        if seen:
            made.append(
                Tab(key, label, partial(_related, seen, link, counts, new or {}), sum(counts[kind] for kind in seen))
            )
    return made


def _related(kinds: list[str], link: str, counts: Mapping[str, int], new: Mapping[str, tuple[str, str]]) -> list[Table]:
    return [_rows_of(kind, link, counts[kind], *new.get(kind, ("", ""))) for kind in kinds]


def _rows_of(kind: str, link: str, count: int, url: str, url_label: str) -> Table:
    """The first rows of the list with that filter; none is asked for where none is there."""
    listing, (title, keys) = LISTINGS[kind], RELATED[kind]
    shown = [(at, column) for at, column in enumerate(listing.columns) if column.key in keys]
    rows = []
    if count:
        state = from_args(listing, {"filter": link})[0]
        found = engine.page(session(), g.user, listing, state, at=clock.now()).rows[:MOST_RELATED]
        rows = [[(row.number, row.path), *(lines.cell_of(row.cells[at]) for at, _column in shown)] for row in found]
    return Table(
        str(title),
        [
            (_("Number"), ""),
            *((str(column.label), "cell-foot" if column.key == "state" else column.css) for _at, column in shown),
        ],
        rows,
        _("Nothing here yet"),
        url,
        url_label,
        count=count,
        all_url=f"{listing.path}?filter={link}",
    )


def _papers(record: Any) -> list[Table]:
    """The printed forms of a record, where it has some that the person may print."""
    if not documents.print_menu(record):
        return []
    rows = [
        [
            (documents_service.name_of(paper.form), f"/records/documents/{paper.id}"),
            DocumentState.show(paper.state),
            formatting.moment(paper.requested_at),
            paper.page_count or formatting.DASH,
        ]
        for paper in documents_service.of_record(session(), g.user, record)
    ]
    head = [
        (_p("document", "Form"), ""),
        (_("State"), ""),
        (_p("export", "Asked for"), "num"),
        (_p("document", "Pages"), "num"),
    ]
    return [Table(_("Printed forms"), head, rows, _("Nothing was printed of this record yet."))]


BECAME = Markup("<del>{}</del> → <ins>{}</ins>")


def _changes(record: Any) -> Table:
    head = [(_("Field"), ""), (_p("field", "Change"), "fill"), (_("Who"), "cell-foot"), (_("When"), "num cell-due")]
    rows = [
        [
            label,
            BECAME.format(change.before, change.after) + (f" · {change.reason}" if change.reason else ""),
            change.who,
            formatting.moment(change.at),
        ]
        for label, change in changes_of.of_record(session(), record)
    ]
    return Table(_("Changes"), head, rows, _("Nothing was changed since it was registered."))


# ---------- Parts ----------


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
