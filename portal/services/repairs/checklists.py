"""The checklist of each step, copied to the repair when the captain is told. Source: `domain.md` 4.14, R-18."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from portal import i18n, settings
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.org import User
from portal.models.repair import RepairCheck, RepairOrder
from portal.processes.repair import CHECKED, Action, Trade, checks_of, unticked

AGAIN = (Action.FINISH, Action.SIGN_OFF)
"""The steps that come again in each round."""


def checklist(session: Session, trade: str) -> list[RepairCheck]:
    """The lines of all steps that hold for a trade now, as settings have them."""
    found = []
    for action in CHECKED:
        for line in settings.get(session, f"repair_checks_{word(action)}"):
            starred, text = line.startswith("*"), line.removeprefix("*").strip()
            head, colon, rest = text.replace(":", "：", 1).partition("：")
            only = _trades().get(head.strip()) if colon else None
            if only in (None, trade):
                found.append(RepairCheck(step=action, text=(rest if only else text).strip(), is_required=starred))
    return found


def begin_round(order: RepairOrder) -> None:
    """The customer sent the work back: what is looked at before handing over is looked at again, the old ticks stay as they were."""
    again = [line for action in AGAIN for line in checks_of(order, action)]
    order.round_no += 1
    for line in again:
        order.checks.append(
            RepairCheck(step=line.step, text=line.text, is_required=line.is_required, round_no=order.round_no)
        )


def tick(order: RepairOrder, action: str, ticked: tuple[int, ...], actor: User, at: datetime) -> None:
    """Take over what is in order. Raises Invalid that names what must be and is not."""
    for line in checks_of(order, action):
        is_on = line.id in ticked
        line.ticked_at = (line.ticked_at or at) if is_on else None
        line.ticked_by_id = actor.id if is_on else None
    if missing := unticked(order, action):
        raise Invalid({"checks": N_("Still missing: %(lines)s") % {"lines": "；".join(missing)}})


def _trades() -> dict[str, str]:
    """The trades by what they are called in any language."""
    found: dict[str, str] = {}
    for locale in i18n.LOCALES:
        with i18n.use_locale(locale):
            found |= {str(trade.label): str(trade) for trade in Trade}
    return found


def word(action: str) -> str:
    """An action as it stands in the names of settings."""
    return str(action).replace("-", "_")
