"""Named points at which a test build may die, raise or sleep. Outside `PORTAL_ENV=test` nothing ever happens.

`PORTAL_FAULTS` is a comma-separated list of `point=action`, action one of `kill`, `raise`, `sleep:SECONDS`; with
`point=action@file` the action happens once, and the file is removed when it does.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

_plan: dict[str, str] = {}


class InjectedFault(RuntimeError):
    """Raised at a fault point by a test."""


def configure(text: str) -> None:
    """Take the plan of `PORTAL_FAULTS`."""
    _plan.clear()
    for item in filter(None, (part.strip() for part in text.split(","))):
        point, _equals, action = item.partition("=")
        _plan[point] = action


def reach(point: str) -> None:
    """Say that a fault point was reached; does what the plan of the test says."""
    if not _plan:
        return
    action = _plan.get(point)
    if not action:
        return
    action, _at, once = action.partition("@")
    if once:
        try:
            Path(once).unlink()
        except FileNotFoundError:
            return
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "raise":
        raise InjectedFault(point)
    elif action.startswith("sleep:"):
        time.sleep(float(action.removeprefix("sleep:")))
