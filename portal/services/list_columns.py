"""Which columns of a list a person sees, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from portal.listing.declaration import Column, Listing
from portal.models.favourite import ListColumns
from portal.models.org import User
from portal.prepared import Prepared

TITLE = "cell-title"
_CHOSEN = Prepared(
    select(ListColumns.columns).where(
        ListColumns.user_id == bindparam("user_id"), ListColumns.kind == bindparam("kind")
    )
)


def chosen(session: Session, user: User, listing: Listing) -> tuple[str, ...]:
    """The columns the person wants of the list; those it opens with, when nothing was chosen."""
    kept = _CHOSEN.scalar(session, {"user_id": user.id, "kind": listing.kind})
    return sound(listing, kept) if kept else opening(listing)


def every(listing: Listing) -> tuple[str, ...]:
    """The columns as the list declares them."""
    return tuple(column.key for column in listing.columns)


def opening(listing: Listing) -> tuple[str, ...]:
    """The columns of whoever chose none."""
    return tuple(column.key for column in listing.columns if not column.hidden)


def sound(listing: Listing, wanted: Sequence[str]) -> tuple[str, ...]:
    """The columns there are, each once; the one that leads to the record is always among them."""
    known = {column.key for column in listing.columns}
    leading = [column.key for column in listing.columns if is_title(column)]
    found = [key for key in dict.fromkeys(wanted) if key in known]
    return (*(key for key in leading if key not in found), *found)


def is_title(column: Column) -> bool:
    """Whether the column carries the way to the record."""
    return TITLE in column.css.split()


def choose(session: Session, user: User, listing: Listing, wanted: Sequence[str]) -> None:
    """Keep the columns; those of the list itself are kept as no choice, so that new ones are seen."""
    session.execute(delete(ListColumns).where(ListColumns.user_id == user.id, ListColumns.kind == listing.kind))
    found = sound(listing, wanted)
    if found != opening(listing):
        session.add(ListColumns(user_id=user.id, kind=listing.kind, columns=list(found)))
