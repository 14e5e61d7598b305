"""Making and changing any record: one form page, one transaction, one answer when somebody was faster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from blueprints.http import get_or_404, page, see_other
from blueprints.records.forms.base import Difference, RecordForm, shown
from portal import clock
from portal.db import session, transaction
from portal.errors import Invalid, Stale
from portal.i18n import Text, _
from portal.listing import engine
from portal.listing.registry import LISTINGS
from portal.listing.state import State
from portal.models.customer import Customer
from portal.models.org import User
from portal.paths import record_path
from portal.services import customers, record_kinds, requests
from portal.services.fields import Field

MAX_MATCHES = 10


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a record page."""

    label: str
    value: str
    wide: bool = False
    url: str = ""
    history_url: str = ""
    """Where its changes are read; empty: it never was changed."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A form page: where it stands, what it asks, which look-up warns of doubles while one types."""

    title: str
    crumbs: list[tuple[str, str | None]]
    submit: str
    cancel_url: str
    watch_url: str = ""
    watched: tuple[str, ...] = ()
    money: tuple[str, ...] = field(default=())
    note: str = ""


def path(record: Any) -> str:
    """Where a record is."""
    return record_path(record.KIND, record.number)


def facts(
    record: Any,
    fields: dict[str, Field],
    names: tuple[str, ...],
    wide: tuple[str, ...] = (),
    history: Mapping[str, str] | None = None,
) -> list[Fact]:
    """Fields of a record for its page; links lead to what they name where that has a page, `history` to what was."""
    lines = []
    for name in names:
        url = ""
        if fields[name].target is not None:
            linked = getattr(record, name.removesuffix("_id"), None)
            url = path(linked) if getattr(linked, "KIND", None) in LISTINGS else ""
        was = (history or {}).get(name, "")
        lines.append(Fact(str(fields[name].label), shown(record, name, fields[name]), name in wide, url, was))
    return lines


def create(form: RecordForm, sheet: Sheet, make: Callable[[Session], str], **context: Any) -> ResponseReturnValue:
    """Show the form; when it is sent, make the record once and go where `make` says."""
    if not form.is_submitted():
        form.client_key.data = requests.new_key()
    elif form.validate():
        try:
            with transaction() as writing:
                location = requests.once(
                    writing,
                    user=g.user,
                    key=form.client_key.data,
                    content=request.form.to_dict(flat=False),
                    at=clock.now(),
                    act=lambda: make(writing),
                )
            return see_other(location)
        except Invalid as refusal:
            form.take(refusal)
    return page(
        "records/form.html", fragment="form", status=422 if form.errors else 200, form=form, sheet=sheet, **context
    )


def change(
    form: RecordForm,
    sheet: Sheet,
    find: Callable[[], Any],
    act: Callable[[Session, Any], Any],
    *,
    back: str = "",
    **context: Any,
) -> ResponseReturnValue:
    """Show the form; when it is sent, change the record. Was somebody faster: 409 with both values of each field.

    `find` gives the record as it is now. After a conflict the form keeps what was typed and counts from the new version;
    the other's value of a field is taken with a button, and nothing is saved by that. `back`: where it goes on; empty: to
    the record itself.
    """
    record = find()
    rows: list[Difference] = []
    status = 200
    taken = request.form.get("take")
    if not form.is_submitted():
        form.version.data = str(record.version)
        form.fill(record)
    elif taken is not None:
        form.take_saved(record, taken)
        rows = form.differences(record)
    elif form.validate():
        try:
            with transaction() as writing:
                act(writing, find())
            flash(_("Saved."), "done")
            return see_other(back or path(find()))
        except Invalid as refusal:
            form.take(refusal)
        except Stale:
            record = find()
            rows, status = form.differences(record), 409
            form.version.data = str(record.version)
            form.version.raw_data = None
    return page(
        "records/form.html",
        fragment="form",
        status=422 if form.errors else status,
        form=form,
        sheet=sheet,
        conflict=rows,
        is_conflict=status == 409 or taken is not None,
        changed_by=_who_changed(record) if status == 409 or taken is not None else "",
        changed_at=getattr(record, "updated_at", None),
        here_url=f"{path(record)}/here?editing=1" if record.KIND in record_kinds.MODELS else "",
        **context,
    )


def _who_changed(record: Any) -> str:
    key = getattr(record, "updated_by_id", None)
    name = session().scalar(select(User.name).where(User.id == key)) if key else None
    return name or _("The portal")


def chosen_customer() -> Customer | None:
    """The customer a new record is for, by the number in the URL. Raises NotFound for one that is not there."""
    number = request.values.get("customer", "")
    return get_or_404(customers.visible_to(g.user), Customer.number == number) if number else None


def choose_customer(title: Text | str, action: str) -> ResponseReturnValue:
    """Ask whose record it will be: a search that leads on."""
    q = request.args.get("q", "")
    state = State(q=q[:100])
    found = engine.page(session(), g.user, LISTINGS["customers"], state, at=clock.now()).rows[:MAX_MATCHES] if q else []
    return page("records/choose_customer.html", title=str(title), action=action, q=q, matches=found)
