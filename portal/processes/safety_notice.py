"""P06 Safety notices: a hazard has somebody who removes it, a limit and a recheck. Source: domain.md 3.7, 4.6 (11)."""

from __future__ import annotations

from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Guard, Process, Transition
from portal.processes.project import ProjectStage

CONTEXT = "hazard"


class State(StrEnum):
    """Where a safety notice stands."""

    OPEN = "OPEN"
    REMOVED = "REMOVED"


class Action(StrEnum):
    """What can be done with a safety notice."""

    NOTE = "note"
    REMOVE = "remove"
    EXTEND = "extend"


BUILDING = frozenset({ProjectStage.IN_PROGRESS, ProjectStage.SUSPENDED, ProjectStage.PRE_ACCEPTED})
"""Somebody works on the site, or will again."""
AT_WORK = Guard("building", N_("somebody works on the site"), lambda notice: notice.project.stage in BUILDING)

PROCESS = Process(
    code="P06-3",
    kind="safety-notices",
    title=N_("Safety notices"),
    purpose=N_("Every hazard on a site is somebody's to remove by a day, and is looked at again until it is gone."),
    states=(
        base.State(State.OPEN, N_("To be removed", CONTEXT), N_("Rechecked on the day of its limit.")),
        base.State(State.REMOVED, N_("Removed", CONTEXT), N_("A recheck found that it is gone."), final=True),
    ),
    transitions=(
        Transition(
            Action.NOTE,
            N_("Write a safety notice"),
            frozenset(),
            State.OPEN,
            Permission.PROJECT_EDIT,
            required=("found_on", "hazard", "responsible", "limit_on"),
            guards=(AT_WORK,),
        ),
        Transition(
            Action.REMOVE,
            N_("Recheck: it is removed"),
            frozenset({State.OPEN}),
            State.REMOVED,
            Permission.PROJECT_EDIT,
            required=("rechecked_on", "recheck"),
        ),
        Transition(
            Action.EXTEND,
            N_("Recheck: it is still there"),
            frozenset({State.OPEN}),
            State.OPEN,
            Permission.PROJECT_EDIT,
            required=("rechecked_on", "recheck", "limit_on"),
            primary=False,
        ),
    ),
    field_labels={
        "found_on": N_("Found on"),
        "hazard": N_("Hazard"),
        "responsible": N_("Responsible"),
        "limit_on": N_("To be removed by"),
        "rechecked_on": N_("Rechecked on"),
        "recheck": N_("What the recheck found"),
    },
)
