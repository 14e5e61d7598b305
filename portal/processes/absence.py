"""Leave: who may stand in for whom. Source: domain.md 3.23 (substitution is asked for beforehand), Q29; roles as in 7.1.

A leave never pauses a clock: what falls due is done by whoever stands in, and stays the work of the one who is away.
"""

from __future__ import annotations

from collections.abc import Mapping

from portal.permissions import Role

MAY_STAND_IN: dict[Role, frozenset[Role]] = {
    Role.FRONT_DESK: frozenset({Role.FRONT_DESK, Role.SPECIALIST, Role.MANAGER}),
    Role.SPECIALIST: frozenset({Role.SPECIALIST, Role.MANAGER}),
    Role.REVIEWER: frozenset({Role.REVIEWER}),
    Role.REPAIR_CAPTAIN: frozenset({Role.REPAIR_CAPTAIN, Role.MANAGER}),
    Role.MANAGER: frozenset({Role.MANAGER}),
}
"""Whose role may do the work of which role. Reviewing is nobody else's; managers are stood in for by managers only."""
LONGEST_DAYS = 366


def roles_for(role: Role) -> list[Role]:
    """The roles whose people may stand in for somebody of a role, the same role first."""
    return sorted(MAY_STAND_IN[role], key=lambda each: (each != role, list(Role).index(each)))


def fits(role: Role, branch_id: int | None, *, for_role: Role, for_branch_id: int | None) -> bool:
    """Whether an account may stand in for another: the role may do the work, and it sees the same branch. None: all."""
    return role in MAY_STAND_IN[for_role] and branch_id in (None, for_branch_id)


def resolve(direct: Mapping[int, int]) -> dict[int, int | None]:
    """Who acts for each person away, when those who stand in are away themselves: theirs is who stands in for them.

    `direct`: who is away → who stands in. None: they stand in for each other, so nobody is there.
    """
    found: dict[int, int | None] = {}
    for away in direct:
        at, seen = direct[away], {away}
        while at in direct and at not in seen:
            seen.add(at)
            at = direct[at]
        found[away] = None if at in seen else at
    return found
