"""The lines that inspections ask (验收项目): kept by the manager, copied by each inspection. Source: `domain.md` 3.13."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.errors import Invalid, Message, NotFound, NotPermitted, Stale
from portal.i18n import N_
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.pre_acceptance import CheckItem
from portal.permissions import Permission, may
from portal.processes.pre_acceptance import CheckTrade, ItemResult, PhotoNeed
from portal.services import events
from portal.services.fields import Field, term

FIELDS: dict[str, Field] = {
    "trade": term(N_("Trade"), CheckTrade),
    "text": Field(N_("What is looked at", "inspection")),
    "unit": Field(N_("Unit of the measured value")),
    "low": Field(N_("At least")),
    "high": Field(N_("At most")),
    "is_must": Field(N_("Must be in order")),
    "photo_rule": term(N_("Photo"), PhotoNeed),
    "position": Field(N_("Place in the list"), str),
    "is_active": Field(N_("Is asked")),
    "asked_if_id": Field(N_("Asked only if"), str),
    "asked_if_result": term(N_("came out"), ItemResult),
}
"""What a line says, as its history names it."""


@dataclass(frozen=True, slots=True)
class Details:
    """What a line says. `low` and `high` in `unit`, limits included; None: no such limit."""

    trade: str
    text: str
    unit: str | None
    low: Decimal | None
    high: Decimal | None
    is_must: bool
    photo_rule: str
    position: int
    is_active: bool = True
    asked_if_id: int | None = None
    asked_if_result: str | None = None


def every(session: Session) -> list[CheckItem]:
    """All lines in their order."""
    return list(session.scalars(select(CheckItem).order_by(CheckItem.position, CheckItem.id)))


def find(session: Session, item_id: int) -> CheckItem:
    """One line. Raises NotFound."""
    found = session.get(CheckItem, item_id)
    if found is None:
        raise NotFound()
    return found


def add(session: Session, details: Details, *, actor: User, at: datetime) -> CheckItem:
    """A new line, asked from the next inspection on. Raises Invalid by field, NotPermitted."""
    _check(session, details, None, actor)
    item = CheckItem(**asdict(details))
    session.add(item)
    session.flush()
    _log(session, item, {}, asdict(details), actor, at)
    return item


def change(session: Session, item: CheckItem, details: Details, *, version: int, actor: User, at: datetime) -> None:
    """Say something else of a line; inspections that were begun keep their words. Raises Invalid by field, Stale."""
    if item.version != version:
        raise Stale()
    _check(session, details, item, actor)
    new = asdict(details)
    old = {name: getattr(item, name) for name in new}
    for name, value in new.items():
        setattr(item, name, value)
    _log(session, item, old, new, actor, at)


def _check(session: Session, details: Details, item: CheckItem | None, actor: User) -> None:
    if not may(actor, Permission.PREACCEPT_DECIDE):
        raise NotPermitted(N_("Only the manager changes the lines of inspections."))
    wrong: dict[str, Message] = {}
    twin = select(CheckItem.id).where(CheckItem.trade == details.trade, CheckItem.text == details.text)
    if session.scalar(twin.where(CheckItem.id != (item.id if item is not None else 0))) is not None:
        wrong["text"] = N_("There is such a line for this trade already.")
    if (details.low is not None or details.high is not None) and not details.unit:
        wrong["unit"] = N_("A tolerance needs a unit.")
    if details.asked_if_id is not None:
        other = session.get(CheckItem, details.asked_if_id)
        if other is None or (item is not None and other.id == item.id):
            wrong["asked_if"] = N_("Choose another line.")
        elif other.asked_if_id is not None:
            wrong["asked_if"] = N_("That line itself is asked only sometimes; choose one that is always asked.")
        elif not details.asked_if_result:
            wrong["asked_if_result"] = N_("Choose how that line has to come out.")
        elif item is not None and session.scalar(select(CheckItem.id).where(CheckItem.asked_if_id == item.id)):
            wrong["asked_if"] = N_("Other lines depend on this one, so it is always asked.")
        elif other.position >= details.position:
            wrong["asked_if"] = N_("That line comes later in the list; choose one before.")
    if details.low is not None and details.high is not None and details.low > details.high:
        wrong["high"] = N_("This is less than the least value.")
    if wrong:
        raise Invalid(wrong)


def _log(
    session: Session, item: CheckItem, old: dict[str, Any], new: dict[str, Any], actor: User, at: datetime
) -> None:
    changes = {name: [old.get(name), value] for name, value in new.items() if old.get(name) != value}
    if changes:
        events.record(
            session, EventKind.SETTING, action="check-item", actor=actor, at=at, item=item.id, name=item.text,
            changes=changes,
        )  # fmt: skip
