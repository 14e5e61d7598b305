"""An empty workbook of a kind to fill in: its headers, what may be written, and a row above that says how."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter
from sqlalchemy.orm import Session

from portal.i18n import N_, Text, _
from portal.imports.mapping import FIELDS, NUMBER, VERSION, Field, Kind
from portal.models.org import User
from portal.services.imports import demand
from portal.services.imports.kinds import RECORD_KINDS
from portal.services.imports.stored_records import seen

ROWS = 2000
"""So many rows offer their lists to choose from."""
MOST_NAMES = 200
YES_NO = (N_("Yes"), N_("No"))


def write(session: Session, kind: Kind, *, viewer: User, title: Text) -> bytes:
    """The workbook in the present language. Raises NotPermitted for a kind the person may not import."""
    demand(viewer, kind)
    fields = [item for item in FIELDS[kind].values() if item.key != VERSION]
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        page = book.add_worksheet("".join(sign for sign in str(title) if sign not in "[]:*?/\\'")[:31])
        _heads(book, page, kind, fields)
        lists = book.add_worksheet(_("Allowed values"))
        lists.hide()
        for column, item in enumerate(fields):
            allowed = _allowed(session, kind, item, viewer)
            if not allowed:
                continue
            for line, text in enumerate(allowed):
                lists.write_string(line, column, text)
            letters = xlsxwriter.utility.xl_col_to_name(column, col_abs=True)
            source = f"='{lists.get_name()}'!{letters}$1:{letters}${len(allowed)}"
            page.data_validation(
                2, column, ROWS, column, {"validate": "list", "source": source, "error_type": "warning"}
            )
    return buffer.getvalue()


def _heads(book: Any, page: Any, kind: Kind, fields: list[Field]) -> None:
    head = book.add_format({"bold": True, "bottom": 1})
    hint = book.add_format(
        {"italic": True, "font_color": "#6B7280", "text_wrap": True, "valign": "top", "num_format": "@"}
    )
    text = book.add_format({"num_format": "@"})
    page.set_row(0, 48)
    for column, item in enumerate(fields):
        page.write_string(0, column, _hint(kind, item), hint)
        page.write_string(1, column, f"{item.label}{' *' if item.is_required else ''}", head)
        page.set_column(column, column, 18, text)
    page.freeze_panes(2, 0)


def _hint(kind: Kind, item: Field) -> str:
    """What to write in the column."""
    if item.key == NUMBER and not item.is_required:
        return _("Empty for a new record; the number of one that is there changes it")
    if item.hint is not None:
        return str(item.hint)
    if item.terms is not None or item.choices:
        return _("Choose from the list")
    return _("Needed") if item.is_required else _("May stay empty")


def _allowed(session: Session, kind: Kind, item: Field, viewer: User) -> list[str]:
    """What may be chosen: the labels of a closed list, yes and no, or the names of a short table."""
    if item.terms is not None:
        return [str(label) for _code, label in item.terms.choices()]
    made = RECORD_KINDS.get(kind)
    if made is None:
        return []
    if made.is_yes_or_no(item.key):
        return [str(text) for text in YES_NO]
    link = made.links.get(item.key)
    if link is None or link.model is None or not link.name:
        return []
    query = seen(viewer, link.model).with_only_columns(getattr(link.model, link.name)).distinct()
    if link.only is not None:
        query = query.where(link.only(link.model))
    names = session.scalars(query.order_by(getattr(link.model, link.name)).limit(MOST_NAMES + 1)).all()
    return list(names) if len(names) <= MOST_NAMES and item.key != "customer" else []
