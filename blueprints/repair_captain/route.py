"""The way of a job from the door to the signature, as the phone shows it: done, now, later; and the form of each step."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from blueprints.records.steps import Desk
from blueprints.repair_captain import forms, visit
from portal import formatting, settings
from portal.errors import TransitionNotAllowed
from portal.i18n import N_, Text, _
from portal.models.repair import CostBearer, CostKind, RepairOrder, RepairPhoto
from portal.paths import record_path
from portal.processes.repair import Action, Cause, Executor, InWarranty, State, Trade
from portal.processes.repair_cost import ON_SITE
from portal.processes.repair_cost import State as CaseState
from portal.services import maps, repair_costs, repair_photos, repairs, tasks

A = Action
MOVE, ANOTHER = N_("Move the visit"), N_("Agree on another visit")
WHEN_POSSIBLE = frozenset({A.START, A.QUOTE, A.ACCEPT, A.DECLINE, A.SIGN_OFF, *forms.CASE_STEPS})
"""Steps that a page shows ahead only once the phone knows that they come: what is chargeable is quoted, what is free begins."""
NEXT = {State.ON_SITE: A.START, State.QUOTED: A.ACCEPT, State.REPAIRING: A.FINISH, State.DONE: A.SIGN_OFF}
HEADINGS: dict[str, Text] = {
    A.REACH: N_("I have arrived"),
    A.ARRIVE: N_("Cause and plan"),
    A.START: N_("Begin the repair"),
    A.QUOTE: N_("Quote"),
    A.ACCEPT: N_("The customer's answer"),
    A.DECLINE: N_("The customer declines the quote"),
    A.FINISH: N_("Hand over", "phone"),
    A.SIGN_OFF: N_("The customer signs"),
    A.REJECT: N_("The customer is not content"),
    A.TAKE_OVER: N_("Take over with own team"),
    A.EXTEND: N_("A further problem"),
    forms.DRAFT_CASE: N_("Cost case: estimate"),
    forms.EXECUTE_CASE: N_("Cost case: actual cost"),
    forms.EXCEED_CASE: N_("Cost case: it costs more"),
}
"""What stands above the form of a step."""
HINTS: dict[str, Text] = {
    A.START: N_("In warranty and our fault: the customer pays nothing."),
    A.QUOTE: N_("Not free of charge. The customer decides before anything is done."),
    forms.DRAFT_CASE: N_("The crew that built it is gone: who pays is decided by this."),
    forms.EXECUTE_CASE: N_("Suggested is what was noted while working."),
}
TITLES: dict[str, Text] = {
    A.REACH: N_("I have arrived"),
    A.ARRIVE: N_("Cause and plan are clear"),
    A.START: N_("Begin, free of charge"),
    A.QUOTE: N_("Send the quote"),
    A.ACCEPT: N_("The customer agrees"),
    A.DECLINE: N_("The customer declines"),
    A.FINISH: N_("Done, hand over"),
    A.SIGN_OFF: N_("The customer has signed"),
    A.REJECT: N_("The customer is not content"),
    A.TAKE_OVER: N_("Take over with own team"),
    A.EXTEND: N_("Put it into the plan"),
    forms.DRAFT_CASE: N_("Write the estimate"),
    forms.EXECUTE_CASE: N_("Note the actual cost"),
    forms.EXCEED_CASE: N_("It costs more: confirm anew"),
}
"""What the button of a step says."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the way: `kind` is-done, is-now or empty."""

    title: Text
    kind: str
    actions: str
    """The steps that it stands for."""
    text: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What the page of a job shows."""

    marks: list[Mark]
    now: str | None
    forms: dict[str, forms.OnSite]
    later: list[str]
    besides: list[str]
    hidden: list[str]
    """Those that are shown once the phone knows that they can be taken."""
    missing: list[str]
    clock: Any
    map_url: str
    visit: dict[str, Any]
    pairs: list[repair_photos.Pair]
    others: list[RepairPhoto]
    is_void: bool
    consent_is_void: bool
    is_planned: bool
    visit_title: Text
    takes_costs: bool
    takes_photos: bool
    side: int
    basis: str
    borne_by: str
    case_steps: list[str]
    """Steps of the cost case whose forms are on the page."""
    case_url: str
    titles: dict[str, Text] = field(default_factory=lambda: TITLES)
    headings: dict[str, Text] = field(default_factory=lambda: HEADINGS)
    hints: dict[str, Text] = field(default_factory=lambda: HINTS)
    cost_kinds: dict[str, str] = field(default_factory=lambda: {kind.value: str(kind.label) for kind in CostKind})


def basis(order: RepairOrder) -> str:
    """Warranty and trade in few words."""
    return f"{InWarranty.show(order.in_warranty)} · {Trade.show(order.trade)}"


def of(desk: Desk, sent: forms.OnSite | None) -> Job:
    """The job for the person who asks; `sent` is the form that came back."""
    order: RepairOrder = desk.record
    now = next_step(order)
    later = [action for action in _later(order) if action != now]
    besides = _besides(order)
    takes_costs = order.state == State.REPAIRING
    takes_photos = not order.PROCESS.state(order.state).final
    shown: dict[str, forms.OnSite] = {}
    for name in [*([now] if now else []), *later, *besides, *forms.BESIDE]:
        if sent is not None and sent.name == name:
            shown[name] = sent
        else:
            kind = forms.STEPS[name][0] if name in forms.STEPS else forms.BESIDE[name]
            shown[name] = kind(name, sent=False)
            shown[name].prepare(desk)
    return Job(
        marks=_marks(order, now),
        now=now,
        forms=shown,
        later=later,
        besides=besides,
        hidden=[name for name in (*later, *besides) if name in WHEN_POSSIBLE and not _is_possible(order, name)],
        missing=_missing(order, now),
        clock=next((task for task in tasks.clocks_of(desk.session, order) if task.code == "DL-22"), None),
        map_url=maps.url(desk.session, order.address),
        visit=visit.of(order),
        pairs=repair_photos.pairs(order),
        others=repair_photos.others(order),
        is_void=repairs.signature_is_void(order),
        consent_is_void=repairs.consent_is_void(order),
        is_planned=order.state in repairs.PLANNED,
        visit_title=MOVE if any(not visit.came_at and not visit.left_at for visit in order.visits) else ANOTHER,
        takes_costs=takes_costs,
        takes_photos=takes_photos,
        side=settings.get(desk.session, "photo_side"),
        basis=basis(order),
        borne_by="、".join(dict.fromkeys(CostBearer.show(line.bearer) for line in order.costs)),
        case_steps=[name for name in shown if name in forms.CASE_STEPS],
        case_url=record_path(order.cost_case.KIND, order.cost_case.number) if order.cost_case is not None else "",
    )


def next_step(order: RepairOrder) -> str | None:
    """The one step that comes now."""
    if order.state == State.ASSIGNED:
        return A.REACH if order.arrived_at is None else A.ARRIVE
    if order.state == State.ON_SITE and not order.is_free:
        return A.QUOTE
    if _is_possible(order, forms.EXECUTE_CASE):
        return forms.EXECUTE_CASE
    return NEXT.get(State(order.state))


def _later(order: RepairOrder) -> list[str]:
    """Steps that can be written down already, to be sent in this order where there is no network."""
    found: list[str] = []
    if order.state == State.ASSIGNED:
        found = [A.ARRIVE, A.START, A.QUOTE, A.ACCEPT, A.FINISH, A.SIGN_OFF]
    elif order.state == State.ON_SITE:
        found = [*([] if order.is_free else [A.ACCEPT]), A.FINISH, A.SIGN_OFF]
    elif order.state == State.QUOTED:
        found = [A.FINISH, A.SIGN_OFF]
    elif order.state == State.REPAIRING:
        found = [A.SIGN_OFF]
    if order.cost_case is not None and order.cost_case.state == CaseState.APPROVED:
        found.append(forms.EXECUTE_CASE)
    return found


def _is_possible(order: RepairOrder, action: str) -> bool:
    if action == forms.DRAFT_CASE:
        return order.cost_case is None and not repair_costs.lacking(order)
    record: Any = order.cost_case if action in forms.CASE_STEPS else order
    if record is None:
        return False
    try:
        step = record.PROCESS.transition(record.state, forms.CASE_STEPS.get(action, action))
    except TransitionNotAllowed:
        return False
    return not record.PROCESS.unmet(step, record, entered=False)


def _besides(order: RepairOrder) -> list[str]:
    found: list[str] = []
    if order.state == State.ASSIGNED and order.executor == Executor.RESPONSIBLE_CREW and order.is_arrival_late:
        found.append(A.TAKE_OVER)
    if order.state in (State.ASSIGNED, State.ON_SITE, State.QUOTED):
        found.append(A.DECLINE)
    if order.state == State.REPAIRING:
        found.append(A.EXTEND)
    if order.state == State.DONE:
        found.append(A.REJECT)
    case = order.cost_case
    is_open = not order.PROCESS.state(order.state).final
    if (
        case is None and is_open and {*repair_costs.lacking(order)} <= {ON_SITE}
    ):  # the phone may know of the arrival first
        found.append(forms.DRAFT_CASE)
    if case is not None and case.state == CaseState.APPROVED:
        found.append(forms.EXCEED_CASE)
    return found


def _missing(order: RepairOrder, now: str | None) -> list[str]:
    """What stands in the way of the next step before it is filled in."""
    try:
        step = order.PROCESS.transition(order.state, now or "")
    except TransitionNotAllowed:
        return []
    return [str(guard.label) for guard in order.PROCESS.unmet(step, order, entered=False)]


def _marks(order: RepairOrder, now: str | None) -> list[Mark]:
    paid = order.quote_material is not None
    line: list[tuple[str, Text, datetime | None, str]] = [
        (A.REACH, N_("Arrive"), order.arrived_at, ""),
        (A.ARRIVE, N_("Cause and plan"), order.plan_made_at, Cause.show(order.cause) if order.cause else ""),
    ]
    if paid or now == A.QUOTE or (order.state == State.ASSIGNED and order.in_warranty != InWarranty.YES):
        line.append((A.QUOTE, N_("Quote"), order.quote_answered_at, _quote(order)))
    line += [
        (A.FINISH, N_("Repair and clean up"), order.done_at, (order.work_done or "")[:60]),
        (A.SIGN_OFF, N_("The customer signs"), order.signed_at, order.signed_by or ""),
    ]
    at = {A.ACCEPT: A.QUOTE, A.START: A.FINISH}.get(now, now)  # type: ignore[call-overload]
    place = next((index for index, entry in enumerate(line) if entry[0] == at), len(line))
    found = []
    for index, (action, title, when, text) in enumerate(line):
        is_done = index < place
        kind = "is-done" if is_done else "is-now" if index == place else ""
        shows = is_done or action == A.QUOTE  # what was quoted stands there while the customer decides
        actions = f"{A.QUOTE} {A.ACCEPT}" if action == A.QUOTE else action
        found.append(Mark(title, kind, actions, text if shows else "", when if is_done else None))
    return found


def _quote(order: RepairOrder) -> str:
    if order.quote_material is None or order.quote_labour is None:
        return ""
    return _("%(amount)s yuan", amount=formatting.money(order.quote_material + order.quote_labour))
