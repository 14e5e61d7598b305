"""Monday morning: from now on the list of next week's pre-acceptances is waited for. Source: DL-17, `domain.md` 4.11."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock
from portal.models.outbox import Slot
from portal.models.pre_acceptance import WEEK
from portal.services import week_lists
from portal.services.delivery import close_slot


def expect(session: Session, *, schedule: str, slot: str, scope: str = "") -> None:
    """Start the clock of the list that engineering hands in in the week of the slot (2026-W25): it is for the week after."""
    of_slot = (Slot.schedule == schedule, Slot.key == slot, Slot.scope == scope)
    if session.scalar(select(Slot.state).where(*of_slot)) != "DUE":
        return  # done before: what came since is not waited for after the fact
    at = clock.now()
    year, _w, week = slot.partition("-W")
    task = week_lists.expect(session, date.fromisocalendar(int(year), int(week), 1) + WEEK, at=at)
    close_slot(session, schedule, slot, scope, at=at, result=task.record_number if task is not None else "–")


HANDLERS = {"week_list": expect}
