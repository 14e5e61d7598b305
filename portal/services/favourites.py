"""Favourites of lists: kept, shared, the one a list opens with, and the morning's look at those that tell their owner.

A favourite is a state of a list under a name. It shows to each person the rows that exist for that person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from portal import clock
from portal.errors import Invalid, Message, NotFound, NotPermitted
from portal.i18n import N_, Text
from portal.listing import engine
from portal.listing.declaration import Listing
from portal.listing.registry import LISTINGS
from portal.listing.state import State, args_of, from_args
from portal.models.favourite import Favourite, Shared
from portal.models.notice import NoticeLevel
from portal.models.org import User
from portal.permissions import Permission, Role, may
from portal.prepared import Prepared
from portal.services import notices
from portal.visibility import Placeholder, condition, parameters, placeholder, visible_to

LONGEST = 40
MOST = 60
"""Favourites of one person and list."""
HIGHEST = engine.CEILING - 1
"""Counting stops beyond."""
OVER = N_("“%(name)s” has %(count)s rows, more than %(limit)s")
LOST = N_(
    "A part of this favourite is not there any more and was left out, so it shows other records than it was kept for."
)
UNTOLD = N_("“%(name)s” cannot be counted: a part of it is not there any more")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person says of a favourite. `shared`: ME, ALL, or a role."""

    name: str
    shared: str = Shared.ME.value
    is_default: bool = False
    is_counted: bool = True
    alert_over: str = ""


class Seen(NamedTuple):
    """What every list page needs of a favourite, for its menu and to know what it opens with."""

    id: int
    name: str
    query: str
    shared: str
    is_counted: bool
    is_default: bool
    owner_id: int
    owner_role: str


def offered(session: Session, user: User, kind: str) -> list[Seen]:
    """As `seen`, for the list page itself."""
    rows = _offered(placeholder(user)).rows(session, parameters(user) | {"kind": kind})
    return [Seen(*row) for row in rows]


@lru_cache(maxsize=32)
def _offered(viewer: Placeholder) -> Prepared:
    values = (getattr(Favourite, name) for name in Seen._fields[:-1])
    rows = select(*values, User.role).join(User, User.id == Favourite.owner_id)
    rows = rows.where(condition(viewer, Favourite), Favourite.kind == bindparam("kind"))
    return Prepared(rows.order_by(Favourite.owner_id != viewer.id, Favourite.name, Favourite.id))


def seen(session: Session, user: User, kind: str) -> list[Favourite]:
    """The favourites of a list that exist for the person: their own first, by name."""
    rows = visible_to(user, Favourite).where(Favourite.kind == kind).options(joinedload(Favourite.owner))
    return list(session.scalars(rows.order_by(Favourite.owner_id != user.id, Favourite.name, Favourite.id)))


def opening(user: User, found: Sequence[Seen]) -> Seen | None:
    """What a list opens with unless its link says more: one's own, else what a manager gave the role, then everybody."""
    own = [each for each in found if each.is_default and each.owner_id == user.id]
    given = [each for each in found if each.is_default and may(Role(each.owner_role), Permission.FAVOURITE_SHARE)]
    for_role = [each for each in given if each.shared == Shared.ROLE]
    return next(iter([*own, *for_role, *given]), None)


def state_of(listing: Listing, query: str) -> tuple[State, list[Text]]:
    """What a favourite shows, and LOST when it says what its list does not know any more, which is left out."""
    state, problems = from_args(listing, args_of(query))
    return state, [LOST] if problems else []


def kept(state: State) -> str:
    """The query of a state as a favourite keeps it: without the page and without which groups are open."""
    return state.seen_as(state.view or "list", open="").query()


def may_give(user: User) -> list[str]:
    """With whom the person may share: values of `Wish.shared`."""
    if may(user, Permission.FAVOURITE_SHARE):
        return [Shared.ME.value, *(role.value for role in Role), Shared.ALL.value]
    return [Shared.ME.value, user.role]


def of_wish(favourite: Favourite) -> Wish:
    """What was said of a favourite."""
    shared = favourite.role if favourite.shared == Shared.ROLE else favourite.shared
    limit = "" if favourite.alert_over is None else str(favourite.alert_over)
    return Wish(favourite.name, shared, favourite.is_default, favourite.is_counted, limit)


# ---------- Changing ----------


def save(session: Session, listing: Listing, state: State, wish: Wish, *, actor: User, at: datetime) -> Favourite:
    """Keep a state under a name. Raises Invalid, NotPermitted."""
    own = [each for each in seen(session, actor, listing.kind) if each.owner_id == actor.id]
    if len(own) >= MOST:
        raise Invalid({"name": N_("You have as many favourites of this list as there may be. Please delete one.")})
    favourite = Favourite(
        kind=listing.kind, query=kept(state), owner_id=actor.id, branch_id=actor.branch_id, created_at=at
    )
    _apply(session, favourite, wish, actor)
    session.add(favourite)
    session.flush()
    return favourite


def change(session: Session, favourite_id: int, wish: Wish, *, actor: User) -> Favourite:
    """Say something else of one's own favourite. Raises NotFound, Invalid, NotPermitted."""
    favourite = own(session, favourite_id, actor)
    _apply(session, favourite, wish, actor)
    session.flush()
    return favourite


def keep_instead(session: Session, favourite_id: int, state: State, *, actor: User) -> Favourite:
    """One's own favourite means this state from now on. Raises NotFound."""
    favourite = own(session, favourite_id, actor)
    favourite.query = kept(state)
    return favourite


def delete(session: Session, favourite_id: int, *, actor: User) -> Favourite:
    """Take one's own favourite away. Raises NotFound."""
    favourite = own(session, favourite_id, actor)
    session.delete(favourite)
    return favourite


def own(session: Session, favourite_id: int, actor: User) -> Favourite:
    """One's own favourite. Raises NotFound, for those of others as well."""
    mine = visible_to(actor, Favourite).where(Favourite.id == favourite_id, Favourite.owner_id == actor.id)
    favourite = session.scalars(mine).one_or_none()
    if favourite is None:
        raise NotFound()
    return favourite


def _apply(session: Session, favourite: Favourite, wish: Wish, actor: User) -> None:
    wrong: dict[str, Message] = {}
    if not 0 < len(wish.name) <= LONGEST:
        wrong["name"] = N_("Please give a name of at most 40 characters.")
    same = (Favourite.owner_id == actor.id, Favourite.kind == favourite.kind, Favourite.name == wish.name)
    others = select(Favourite.id).where(*same)
    if favourite.id is not None:
        others = others.where(Favourite.id != favourite.id)
    if session.scalars(others).first() is not None:
        wrong["name"] = N_("You have a favourite of that name already.")
    limit = wish.alert_over.strip()
    if limit and not (limit.isascii() and limit.isdecimal() and len(limit) < 6 and int(limit) <= HIGHEST):
        wrong["alert_over"] = N_("Please write a whole number up to 9999, or nothing.")
    if wrong:
        raise Invalid(wrong)
    if wish.shared not in may_give(actor):
        raise NotPermitted(N_("Only the manager shares favourites with everybody or with other roles."))
    favourite.name, favourite.is_counted = wish.name, wish.is_counted
    favourite.shared = wish.shared if wish.shared in (Shared.ME, Shared.ALL) else Shared.ROLE.value
    favourite.role = wish.shared if favourite.shared == Shared.ROLE else actor.role
    favourite.alert_over = int(limit) if limit else None
    if wish.is_default and not favourite.is_default:
        for other in session.scalars(select(Favourite).where(*same[:2], Favourite.is_default.is_(True))):
            other.is_default = False
    favourite.is_default = wish.is_default


# ---------- Counting ----------


def counts(session: Session, user: User, found: Sequence[Favourite], *, at: datetime) -> dict[int, tuple[int, bool]]:
    """How many rows each has for the person, and whether counting stopped."""
    if not found:
        return {}
    wanted = [(each.kind, args_of(each.query)) for each in found]
    return dict(zip([each.id for each in found], engine.count_many(session, user, wanted, at=at), strict=True))


def tell(session: Session, *, at: datetime) -> int:
    """Tell the owners of favourites that have more rows than they want, once a day. Gives how many were told.

    Of a favourite that lost a part nothing is counted, and its owner is told so once.
    """
    told = 0
    asked = select(Favourite).where(Favourite.alert_over.is_not(None)).options(joinedload(Favourite.owner))
    for favourite in session.scalars(asked.order_by(Favourite.id)):
        owner, listing = favourite.owner, LISTINGS.get(favourite.kind)
        if listing is None or not owner.is_active or not may(owner, listing.permission):
            continue
        if state_of(listing, favourite.query)[1]:
            told += notices.notify(
                session,
                user=owner,
                key=f"favourite:{favourite.id}:lost",
                level=NoticeLevel.INFO,
                title=UNTOLD,
                params={"name": favourite.name},
                link=f"{listing.path}/favourites#favourite-{favourite.id}",
                at=at,
            )
            continue
        count, capped = counts(session, owner, [favourite], at=at)[favourite.id]
        if favourite.alert_over is not None and count > favourite.alert_over:
            told += notices.notify(
                session,
                user=owner,
                key=f"favourite:{favourite.id}:{clock.today(at).isoformat()}",
                level=NoticeLevel.INFO,
                title=OVER,
                params={
                    "name": favourite.name,
                    "count": f"{count}{'+' if capped else ''}",
                    "limit": favourite.alert_over,
                },
                link=f"{listing.path}/favourites/{favourite.id}",
                at=at,
            )
    return told
