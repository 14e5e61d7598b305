"""Not reached: when to try again, and when to stop trying. Source: `domain.md` 5.2, C-6."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from portal import clock, settings
from portal.calendar.hours import parse_minute
from portal.errors import Invalid
from portal.i18n import N_, Text
from portal.models.follow_up import CallAttempt, FollowUpCall
from portal.models.org import User
from portal.models.task import TaskKind
from portal.permissions import Role
from portal.processes import follow_up as asked
from portal.processes.follow_up import FAILED, AttemptOutcome
from portal.processes.follow_up_call import Action
from portal.services import steps, tasks
from portal.services.calls.common import advance, avoided, call_hours, next_allowed

RIGHT_NUMBER = N_("Find out the customer's right telephone number")
FURTHEST = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Attempt:
    """The number was dialled. `next_at` None: by the ladder."""

    outcome: str
    tried_at: datetime
    reason: str | None = None
    next_at: datetime | None = None


def attempt(session: Session, call: FollowUpCall, command: Attempt, *, actor: User, at: datetime) -> CallAttempt:
    """Note a try; the next one has its time at once. After failed tries on several days the call is given up (5.2).

    Raises Invalid by field.
    """
    _check(session, call, command, at)
    made = CallAttempt(at=command.tried_at, by_id=actor.id, outcome=command.outcome, reason=command.reason)
    call.attempts.append(made)
    agreed = command.next_at
    made.next_at = agreed if agreed is not None else next_try(session, call, command.tried_at)
    call.next_at = made.next_at
    entered = {
        "outcome": command.outcome, "tried_at": command.tried_at, "reason": command.reason, "next_at": made.next_at,
    }  # fmt: skip
    advance(session, call, Action.ATTEMPT, entered, actor, at)
    if command.outcome == AttemptOutcome.WRONG_NUMBER:
        who = tasks.Responsible(call.owner, None if call.owner else Role.SPECIALIST)
        tasks.open_task(session, TaskKind.TODO, RIGHT_NUMBER.message, call, due_at=made.next_at, at=at, who=who)
    if command.outcome in FAILED and len(failed_days(call)) >= settings.get(session, "call_attempt_days"):
        call.next_at = made.next_at = None
        advance(session, call, Action.GIVE_UP, {}, None, at)
    return made


def failed_days(call: FollowUpCall) -> set[object]:
    """The days of failed tries since the call was last taken up."""
    since = call.attempts_from
    return {
        clock.today(each.at) for each in call.attempts if each.outcome in FAILED and (since is None or each.at >= since)
    }


def next_try(session: Session, call: FollowUpCall, tried_at: datetime) -> datetime:
    """The ladder: again after two hours, then in the evening, then the next day; never at a time to avoid or of rest."""
    today = clock.today(tried_at)
    tries = sum(1 for each in call.attempts if clock.today(each.at) == today and each.at <= tried_at)
    evening = clock.at_local(today, *divmod(parse_minute(settings.get(session, "call_evening")), 60))
    if tries <= 1:
        wanted = tried_at + timedelta(minutes=settings.get(session, "call_retry_minutes"))
    elif tries == 2 and evening > tried_at:
        wanted = evening
    else:
        wanted = clock.at_local(today + timedelta(days=1))
    return next_allowed(session, call.customer, wanted)


def _check(session: Session, call: FollowUpCall, command: Attempt, at: datetime) -> None:
    problems: dict[str, Text | str] = {}
    if command.outcome == AttemptOutcome.REACHED:
        problems["outcome"] = N_("The customer was reached: write down what was said.")
    if command.outcome == AttemptOutcome.ASKED_LATER and command.next_at is None:
        problems["next_at"] = N_("When does the customer want to be called?")
    if command.next_at is not None:
        if command.next_at <= at - steps.CLOCK_SLACK:
            problems["next_at"] = N_("This moment has passed.")
        elif command.next_at - at > FURTHEST:
            problems["next_at"] = N_("This day is too far ahead.")
        elif command.outcome != AttemptOutcome.ASKED_LATER and not asked.may_call_at(
            clock.local(command.next_at), call_hours(session), avoided(call.customer)
        ):
            problems["next_at"] = N_(
                "Nobody is called at this time: it is rest time, or the customer does not want it."
            )
    if problems:
        raise Invalid(problems)
