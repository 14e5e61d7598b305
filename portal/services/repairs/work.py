"""On site: arrived, quoted, repaired, finished. Source: `domain.md` 4.14, DL-22, R-16, R-18."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from portal.errors import Invalid
from portal.i18n import N_
from portal.models.org import User
from portal.models.repair import RepairOrder
from portal.permissions import Role
from portal.processes.repair import Action, Executor, StandsFor, Urgency
from portal.services import steps, tasks
from portal.services.repairs import visits
from portal.services.repairs.checklists import tick
from portal.services.repairs.common import advance
from portal.services.repairs.money import CostLine, cost_row
from portal.services.repairs.reminders import COST_CASE, GONE, INTERIM_CALL, ask_for, no_more, plan_call
from portal.services.repairs.signing import Signed, sign


@dataclass(frozen=True, slots=True)
class TakeOver:
    """The captain goes with the own team, at the crew's cost."""

    reason: str


@dataclass(frozen=True, slots=True)
class Reach:
    """The captain stands at the door; cause and plan follow."""

    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class Arrive:
    """On site: cause and plan. `checks`: lines of the checklist that are in order, by id."""

    arrived_at: datetime
    cause: str
    plan: str
    planned_done_at: datetime
    plan_made_at: datetime
    is_plan_told: bool = False
    checks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Quote:
    """What it would cost the customer, in yuan."""

    quote_material: Decimal
    quote_labour: Decimal


@dataclass(frozen=True, slots=True)
class AnswerQuote:
    """What the customer said to the quote: signed, or noted how it was said."""

    quote_answered_at: datetime
    quote_note: str | None = None
    consent: Signed | None = None


@dataclass(frozen=True, slots=True)
class Extend:
    """What was found besides; what it costs the customer more, in yuan, with the consent (R-16)."""

    new_problem: str
    planned_done_at: datetime
    quote_material: Decimal | None = None
    quote_labour: Decimal | None = None
    quote_note: str | None = None


@dataclass(frozen=True, slots=True)
class FinishRepair:
    """The work is done and the place is clean. `costs` are added to those that were noted while working."""

    work_done: str
    done_at: datetime
    site_cleaned: bool | None
    costs: tuple[CostLine, ...] = ()
    has_no_costs: bool = False
    checks: tuple[int, ...] = ()


def take_over(session: Session, order: RepairOrder, command: TakeOver, *, actor: User, at: datetime) -> None:
    """DL-22 was missed: the captain goes with the own team at the crew's cost."""
    step = order.PROCESS.transition(order.state, Action.TAKE_OVER)
    steps.check_permission(actor, step)
    if unmet := order.PROCESS.unmet(step, order, entered=True):
        raise steps.ConditionsMissing([guard.label for guard in unmet])
    advance(session, order, Action.TAKE_OVER, command, actor, at)
    order.executor, order.taken_over_at, order.take_over_reason = Executor.CAPTAIN_TEAM, at, command.reason


def reach(session: Session, order: RepairOrder, command: Reach, *, actor: User, at: datetime) -> None:
    """The captain stands at the door. DL-22 runs on until the plan is made."""
    step = order.PROCESS.transition(order.state, Action.REACH)
    if unmet := order.PROCESS.unmet(step, order, entered=True):
        raise steps.ConditionsMissing([guard.label for guard in unmet])
    advance(session, order, Action.REACH, command, actor, at)
    order.arrived_at = command.arrived_at
    visits.came(order, command.arrived_at)


def arrive(session: Session, order: RepairOrder, command: Arrive, *, actor: User, at: datetime) -> None:
    """On site with cause and plan: DL-22 is met when the plan is made. Raises Invalid by field."""
    if command.plan_made_at < command.arrived_at:
        raise Invalid({"plan_made_at": N_("The plan is made after the arrival.")})
    order.arrived_at, order.cause, order.plan = command.arrived_at, command.cause, command.plan
    order.planned_done_at, order.plan_made_at = command.planned_done_at, command.plan_made_at
    order.is_plan_told = command.is_plan_told
    tick(order, Action.ARRIVE, command.checks, actor, at)
    advance(session, order, Action.ARRIVE, command, actor, at)
    visits.came(order, command.arrived_at)
    if order.urgency == Urgency.URGENT and order.crew_status in GONE:
        ask_for(session, order, COST_CASE, "cost_case_wd", at, tasks.Responsible(order.captain, Role.REPAIR_CAPTAIN))


def start(session: Session, order: RepairOrder, _command: None = None, *, actor: User, at: datetime) -> None:
    """Begin: it is free of charge, and there is nothing to fill in."""
    session.flush()
    steps.advance(session, order, Action.START, actor=actor, at=at, entered={})
    plan_call(session, order, at)


def quote(session: Session, order: RepairOrder, command: Quote, *, actor: User, at: datetime) -> None:
    """Say what it would cost; the customer decides."""
    order.quote_material, order.quote_labour = command.quote_material, command.quote_labour
    order.quote_accepted = None
    advance(session, order, Action.QUOTE, command, actor, at)


def accept(session: Session, order: RepairOrder, command: AnswerQuote, *, actor: User, at: datetime) -> None:
    """The customer accepts the quote. Signed for other words than the record's, the signature is kept, is void, and the step
    is not taken."""
    steps.check_permission(actor, order.PROCESS.transition(order.state, Action.ACCEPT))
    if command.consent is not None and not sign(session, order, StandsFor.QUOTE, command.consent, actor=actor, at=at):
        return
    _answer(order, command, accepted=True)
    advance(session, order, Action.ACCEPT, command, actor, at)
    plan_call(session, order, at)


def decline(session: Session, order: RepairOrder, command: AnswerQuote, *, actor: User, at: datetime) -> None:
    """The customer declines the quote: the repair ends without work."""
    _answer(order, command, accepted=False)
    order.closed_at = at
    advance(session, order, Action.DECLINE, command, actor, at)
    visits.called_off(order)


def extend(session: Session, order: RepairOrder, command: Extend, *, actor: User, at: datetime) -> None:
    """What was found besides goes into the plan before it is repaired. Raises Invalid by field."""
    more = (command.quote_material or Decimal(0)) + (command.quote_labour or Decimal(0))
    if more and not order.quote_accepted:
        raise Invalid({"quote_material": N_("This repair is free of charge.")})
    if more and not command.quote_note:
        raise Invalid({"quote_note": N_("How did the customer agree to the higher quote?")})
    order.plan = f"{order.plan}\n{command.new_problem}" if order.plan else command.new_problem
    order.planned_done_at = command.planned_done_at
    if more:
        order.quote_material = (order.quote_material or Decimal(0)) + (command.quote_material or Decimal(0))
        order.quote_labour = (order.quote_labour or Decimal(0)) + (command.quote_labour or Decimal(0))
        order.quote_note = "\n".join(filter(None, (order.quote_note, command.quote_note)))
    advance(session, order, Action.EXTEND, command, actor, at)


def finish(session: Session, order: RepairOrder, command: FinishRepair, *, actor: User, at: datetime) -> None:
    """Work done, costs noted, place clean; now the customer looks at it. Raises Invalid by field."""
    if (command.costs or order.costs) and command.has_no_costs:
        raise Invalid({"has_no_costs": N_("There are lines of cost.")})
    order.work_done, order.done_at = command.work_done, command.done_at
    order.site_cleaned, order.has_no_costs = bool(command.site_cleaned), command.has_no_costs
    order.costs.extend(map(cost_row, command.costs))
    tick(order, Action.FINISH, command.checks, actor, at)
    advance(session, order, Action.FINISH, command, actor, at)
    visits.left(order, command.done_at, command.work_done, field="done_at")
    no_more(session, order, INTERIM_CALL, actor, at)


def _answer(order: RepairOrder, command: AnswerQuote, *, accepted: bool) -> None:
    order.quote_accepted = accepted
    order.quote_answered_at, order.quote_note = command.quote_answered_at, command.quote_note
