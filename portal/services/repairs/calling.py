"""The call after a repair (维修回访): planned at the signature, going along with the repair. Source: `domain.md` 4.14, 5.3, DL-23.

What its answer does to the repair is `ending.heard`. A repair of somebody who is no customer of ours has no such call: what is
said is noted on its page.
"""

from __future__ import annotations

from datetime import datetime
from types import ModuleType

from sqlalchemy.orm import Session

from portal import clock
from portal.i18n import N_
from portal.models.follow_up import RepairFollowUp
from portal.models.repair import RepairOrder
from portal.processes.follow_up import CallStage
from portal.processes.follow_up_call import WAITING, Action, State
from portal.services import call_plan, tasks

CLOCK = "DL-23"
WENT_ON = N_("The repair went on without this call.")


def plan(session: Session, order: RepairOrder, *, at: datetime) -> None:
    """The customer signed: the call of this round is in the queue of who tracks the repair, due with DL-23."""
    if order.customer is None:
        return
    due_at = next((task.due_at for task in tasks.open_of(session, order) if task.code == CLOCK), None) or at
    windows = _windows()
    call = windows.plan_call(
        session, order.project, CallStage.REPAIR, at=at, customer=order.customer, owner=order.owner,
        plan=call_plan.of_project(session, order.project) if order.project is not None else None,
        occurrence=windows.following(session, order.project, CallStage.REPAIR),
    )  # fmt: skip
    call.window_from = clock.today(order.signed_at or at)
    call.due_on = max(clock.today(due_at), call.window_from)
    call.opened_kind, call.opened_id = RepairOrder.KIND, order.id
    order.follow_ups.append(RepairFollowUp(call=call, round_no=order.round_no, due_at=due_at, is_sent_back=False))
    session.flush()


def follow(session: Session, order: RepairOrder, *, at: datetime) -> None:
    """The calls that sent the repair back move on with it."""
    session.flush()
    for each in order.follow_ups:
        if each.is_sent_back:
            _steps().follow(session, each.call, at)


def call_off(session: Session, order: RepairOrder, *, at: datetime) -> None:
    """The repair went on without the call; what was not made is not to be made any more."""
    for each in order.follow_ups:
        if each.call.state in WAITING or each.call.state == State.UNREACHABLE:
            each.call.reason, each.call.next_at = WENT_ON.message, None
            _steps().advance(session, each.call, Action.GO_ON, {}, None, at)


def _windows() -> ModuleType:
    """When calls are due. The services of calls know repairs, so they are found late."""
    from portal.services.calls import windows

    return windows


def _steps() -> ModuleType:
    """How calls move on; found late for the same reason."""
    from portal.services.calls import common

    return common
