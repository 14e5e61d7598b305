"""What somebody chose of a list, for whatever is done with chosen rows: changed, taken out, printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.errors import Invalid
from portal.exporting import reading
from portal.i18n import N_, Text
from portal.listing import engine
from portal.listing.declaration import Listing
from portal.listing.state import State
from portal.models.org import User

NONE = N_("Nothing is chosen. Choose rows of the list first.")
NONE_LEFT = N_("None of the chosen records is there for you.")
GONE = N_("No longer there, or no longer yours to see.")


@dataclass(frozen=True, slots=True)
class Selection:
    """What is chosen of a list: these records, or all that the list shows in a state."""

    listing: Listing
    state: State
    ids: tuple[int, ...] = ()
    is_all: bool = False


def wanted(session: Session, chosen: Selection, *, most: int, too_many: Text, actor: User, at: datetime) -> list[int]:
    """The inner numbers of what is chosen. Raises Invalid at "" when that is nothing, or more than `most`."""
    if chosen.is_all:
        statement, values = engine.ids(session, actor, chosen.listing.kind, reading.parameters(chosen.state), at=at)
        ids = list(session.scalars(statement.limit(most + 1), values))
    else:
        ids = list(dict.fromkeys(chosen.ids))
    if not ids:
        raise Invalid({"": NONE})
    if len(ids) > most:
        raise Invalid({"": too_many % {"most": f"{most:,}"}})
    return ids


def in_order(session: Session, chosen: Selection, *, most: int, too_many: Text, actor: User, at: datetime) -> list[int]:
    """As `wanted`: those that are there for the person, in the order of the list. Raises Invalid when none is."""
    ids = wanted(session, chosen, most=most, too_many=too_many, actor=actor, at=at)
    found = engine.in_order(session, actor, chosen.listing, chosen.state, ids, at=at)
    if not found:
        raise Invalid({"": NONE_LEFT})
    return found
