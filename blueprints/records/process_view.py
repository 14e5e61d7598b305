"""Buttons and status bar of any record with a process, as the components want them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal.i18n import Text
from portal.models.org import User
from portal.services import steps

KINDS = {"past": "past", "now": "now-at", "allowed": "allowed", "blocked": "blocked", "future": ""}


@dataclass(frozen=True, slots=True)
class Button:
    """A step as a button; `reason_lines` are (sentence, met) pairs under a grey one."""

    action: str
    label: Text
    is_allowed: bool
    is_primary: bool
    reason_lines: tuple[tuple[str, bool], ...]


def buttons(record: Any, user: User) -> list[Button]:
    """The steps that lead on from here, the next one first."""
    return [
        Button(
            view.action, view.label, view.is_allowed, view.is_primary, tuple((reason, False) for reason in view.reasons)
        )
        for view in steps.actions(record, user)
    ]


def status_views(record: Any, user: User, path: str | None) -> list[dict[str, Any]]:
    """The boxes of the status bar; allowed next states lead to their step. `path` None: the steps have no pages."""
    return [
        {
            "label": item.label,
            "kind": KINDS[item.kind],
            "url": f"{path}/steps/{item.action}" if path and item.kind == "allowed" else None,
            "described_by": f"why-{item.action}" if item.kind == "blocked" else None,
        }
        for item in steps.status_bar(record, user)
    ]
