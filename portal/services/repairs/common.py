"""What the steps of a repair share: who sees it, how a step is carried out, how the history says what changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from portal import formatting, visibility
from portal.i18n import N_, _
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.repair import PaymentMethod, RepairOrder
from portal.processes.repair import PROCESS
from portal.services import events, steps
from portal.services.fields import Field

L = PROCESS.field_labels


def payment_text(value: Any) -> str:
    """A payment for a repair as people read it."""
    amount = _("%(amount)s yuan", amount=formatting.money(value["amount"]))
    receipt = _("receipt %(number)s", number=value["receipt_no"])
    return f"{amount} · {PaymentMethod.show(value['method'])} · {receipt}"


def visit_text(value: Any) -> str:
    """A visit as people read it: from when to when, who, what."""
    times = "–".join(_stamp(value[name]) for name in ("came_at", "left_at"))
    return " · ".join(filter(None, (value["number"], times, value["workers"], value["work"])))


def _stamp(moment: datetime | str | None) -> str:
    """A moment as an event keeps it."""
    return formatting.stamp(datetime.fromisoformat(moment) if isinstance(moment, str) else moment) if moment else ""


FIELDS: dict[str, Field] = {
    "appointment_at": Field(L["appointment_at"]),
    "overlap_reason": Field(N_("Why two visits may lie on each other")),
    "visit": Field(N_("Visit"), visit_text),
    "payment": Field(N_("Payment"), payment_text),
    "call": Field(N_("Call during the repair"), str),
}
"""What changes beside the steps, as the history says it."""


def visible_to(user: User) -> Select[RepairOrder]:
    """The repairs that exist for this person."""
    return visibility.visible_to(user, RepairOrder)


def advance(session: Session, order: RepairOrder, action: str, command: Any, actor: User, at: datetime) -> None:
    """Carry a step of the process out with what was entered; the event keeps what no other row keeps."""
    entered = steps.entered_of(command)
    said = {name: value for name, value in entered.items() if name not in _KEPT_APART}
    session.flush()
    steps.advance(session, order, action, actor=actor, at=at, entered=entered, said=steps.said_of(said))


_KEPT_APART = frozenset({"shown", "facts_hash", "signature", "costs", "certificate", "checks", "consent"})
"""What the event need not keep: it stands in rows of its own."""


def note(session: Session, order: RepairOrder, name: str, said: Any, actor: User, at: datetime) -> None:
    """Write down what was added beside the steps."""
    changes = {name: [None, said]}
    events.record(session, EventKind.CHANGE, action=name, actor=actor, at=at, record=order, changes=changes)
    session.flush()
