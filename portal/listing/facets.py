"""Conditions of one's own as the box shows them: one chip for each, put on and taken off by itself.

What a click or a typed word adds stands at the top, under "all". Of a field the same question asked twice means either
answer: subject contains "leak" or "damp". Anything else narrows the list further.
"""

from __future__ import annotations

from dataclasses import replace

from portal.listing import criteria
from portal.listing.criteria import Asked, Group
from portal.listing.declaration import Listing

Part = Asked | Group
GATHERED = frozenset({"contains", "in"})
"""Questions that are put together when asked of the same field again."""


def read(listing: Listing, where: str) -> tuple[Part, ...]:
    """The chips of the conditions in a URL; a group of alternatives is one."""
    if not where:
        return ()
    group = criteria.read(listing, where)
    return group.parts if group.how == "all" else (group,)


def write(listing: Listing, parts: tuple[Part, ...]) -> str:
    """The conditions as they stand in the URL. Raises Unreadable when they are too many or too long."""
    if not parts:
        return ""
    alone = parts[0] if len(parts) == 1 else None
    text = criteria.write(alone if isinstance(alone, Group) else Group("all", parts))
    criteria.read(listing, text)
    return text


def gathered(part: Part) -> tuple[Asked, ...]:
    """The questions of a chip that asks one field the same thing with one or more answers; else nothing."""
    tests = (part,) if isinstance(part, Asked) else part.parts if part.how == "any" else ()
    first = tests[0] if tests else None
    if not isinstance(first, Asked) or first.operator not in GATHERED:
        return ()
    same = tuple(each for each in tests if isinstance(each, Asked) and _alike(each, first))
    return same if len(same) == len(tests) else ()


def _alike(one: Asked, other: Asked) -> bool:
    return replace(one, values=()) == replace(other, values=())


def toggled(listing: Listing, where: str, test: Asked) -> str:
    """The conditions with one question put on, or taken off where it stood. Raises Unreadable."""
    parts = read(listing, where)
    for place, part in enumerate(parts):
        tests = gathered(part)
        if tests and _alike(tests[0], test):
            rest = tuple(each for each in tests if each != test) if test in tests else (*tests, test)
            changed = () if not rest else rest if len(rest) == 1 else (Group("any", rest),)
            return write(listing, (*parts[:place], *changed, *parts[place + 1 :]))
    return write(listing, (*parts, test))


def holds(listing: Listing, where: str, test: Asked) -> bool:
    """Whether the question is among the chips."""
    return any(test in gathered(part) for part in read(listing, where))


def without(listing: Listing, where: str, place: int) -> str:
    """The conditions without one of their chips."""
    parts = read(listing, where)
    return write(listing, (*parts[:place], *parts[place + 1 :]))


def narrowed(listing: Listing, where: str, tests: tuple[Asked, ...]) -> str:
    """The conditions and these as well. Raises Unreadable when that is too much."""
    return write(listing, (*read(listing, where), *tests))
