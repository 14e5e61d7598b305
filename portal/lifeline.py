"""Children that do not outlive their parent, even when it is killed without a chance to clean up."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

SUPERVISOR_VARIABLE = "PORTAL_SUPERVISOR_PID"
"""Names the supervisor to the processes it starts; unset for a process that was started by hand."""


def die_with_parent() -> None:
    """Ask the kernel (Linux) to end this process with SIGTERM when its parent dies."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def tied_to(parent: int) -> Callable[[], None]:
    """What a child runs between fork and exec so that it dies with the process `parent`."""

    def tie() -> None:
        die_with_parent()
        if _libc is not None and os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return tie


def is_supervised() -> bool:
    """True in a process that `portal serve` started; what it prints is a log, not an answer to a person."""
    return SUPERVISOR_VARIABLE in os.environ


def follow_supervisor() -> None:
    """End this process with SIGTERM when the supervisor named in the environment is gone; without one, do nothing.

    Linux does this in the kernel already; elsewhere a thread looks once a second.
    """
    parent = os.environ.get(SUPERVISOR_VARIABLE)
    if parent and _libc is None:
        threading.Thread(target=_watch, args=(int(parent),), daemon=True, name="lifeline").start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
