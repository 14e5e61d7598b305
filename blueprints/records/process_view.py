"""Buttons, status bar and clocks of any record with a process, as the components want them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from portal import clock, explain, formatting
from portal.db import session
from portal.i18n import Text, _
from portal.models.field_entry import ClaimState, DeadlineClaim
from portal.models.org import User
from portal.models.task import Task
from portal.services import claims, steps, tasks

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


LONG_LINE, MOST_BOXES = 10, 6
"""A status bar of more boxes than the first does not fit beside the talk: so many are shown, the others are counted."""


def status_views(record: Any, user: User, path: str | None) -> list[dict[str, Any]]:
    """The boxes of the status bar; allowed next states lead to their step, the others ahead say why not yet. `path` None:
    the steps have no pages.

    Of a long line those around the present state are shown, and how many lie before and behind them.
    """
    boxes = [
        {
            "label": item.label,
            "kind": KINDS[item.kind],
            "url": f"{path}/steps/{item.action}" if path and item.kind == "allowed" else None,
            "id": f"not-yet-{item.code.lower()}",
            "reasons": item.reasons,
        }
        for item in steps.status_bar(session(), record, user)
    ]
    if len(boxes) <= LONG_LINE:
        return boxes
    here = next(index for index, box in enumerate(boxes) if box["kind"] == KINDS["now"])
    first = max(0, min(here - 2, len(boxes) - MOST_BOXES))
    behind = len(boxes) - first - MOST_BOXES
    shown = boxes[first : first + MOST_BOXES]
    if first:
        shown.insert(0, {"label": _("%(count)s steps before", count=first), "kind": KINDS["past"]})
    if behind:
        names = tuple(str(box["label"]) for box in boxes[first + MOST_BOXES :])
        more: dict[str, Any] = {"id": "not-yet-more", "title": _("Further on"), "reasons": names}
        shown.append({"label": _("%(count)s steps more", count=behind), "kind": "", **more})
    return shown


def clock_rows(record: Any, found: list[Task], *, shows_waiting: bool = True) -> list[dict[str, Any]]:
    """The clocks of the present round in the order of the process; with `shows_waiting` those not started yet too."""
    deadlines = record.PROCESS.deadlines
    latest = {task.code: task for task in found}
    present = max((task.round_no for task in found), default=1)
    late = [task.id for task in found if task.breached_at is not None or task.closed_at is not None]
    claimed = claims.of_tasks(session(), late) if late else {}
    codes = [declared.code for declared in deadlines]
    reached = max((codes.index(t.code) for t in found if t.code in codes and t.round_no == present), default=-1)
    rows = []
    for index, declared in enumerate(deadlines):
        task = latest.get(declared.code)
        if task is not None and index > reached and task.round_no < present:
            task = None  # of the round before; this round has not come so far
        if task is None and not shows_waiting:
            continue
        limit = ""
        if task is not None and task.due_at is not None:
            limit = _("Limit %(moment)s", moment=formatting.moment(task.due_at))
        if task is not None and task.id in claimed:
            limit = f"{limit} · {said_of(claimed[task.id])}"
        rows.append(
            {
                "name": str(declared.label),
                "code": declared.code,
                "view": formatting.clock_view(_with_pause(task)) if task else None,
                "current": task is not None and task.closed_at is None,
                "limit": limit,
                "waits": _("Not started"),
            }
        )
    return rows


def said_of(claim: DeadlineClaim) -> str:
    """Both times of a clock that was met without signal, and what the manager said to it."""
    times = {"met": formatting.moment(claim.met_at), "received": formatting.moment(claim.received_at)}
    if claim.state == ClaimState.ACCEPTED:
        return _("met on the phone %(met)s, received %(received)s: accepted", **times)
    if claim.state == ClaimState.REFUSED:
        return _("said to be met on the phone %(met)s, received %(received)s: refused", **times)
    return _("said to be met on the phone %(met)s, received %(received)s: the manager decides", **times)


def why(task: Task) -> dict[str, Any]:
    """Why a clock runs out when it does: words, figures and drawing."""
    due = tasks.explanation(task)
    assert due is not None
    view = explain.explain(due, clock.now())
    facts = [(fact.label, fact.value, fact.is_sum) for fact in view.facts]
    return {"task": task, "view": view, "facts": facts, "svg": explain.render_svg(view, key=f"why-{task.id}")}


def _with_pause(task: Task) -> dict[str, Any]:
    paused = next((item.reason for item in task.pauses if item.ended_at is None), None)
    names = ("due_at", "started_at", "warn_at", "closed_at", "outcome")
    return {**{name: getattr(task, name) for name in names}, "paused_reason": paused}
