"""P07 Follow-up calls. Rules: `processes/follow_up.py`, `follow_up_call.py`, `follow_up_ticket.py`. Source: `domain.md` 4.7, 5."""

from portal.services.calls.common import may_call_now, next_allowed, tickets_visible_to, visible_to
from portal.services.calls.dialling import Attempt, attempt, next_try
from portal.services.calls.talking import Answer, FinishCall, Outcome, RepairWish, Slip, as_time, finish
from portal.services.calls.windows import (
    Because,
    Explain,
    allow_visit,
    call_again,
    cancel,
    explain,
    find,
    give_to,
    missed,
    open_window,
    plan_call,
)

__all__ = [
    "Answer",
    "Attempt",
    "Because",
    "Explain",
    "FinishCall",
    "Outcome",
    "RepairWish",
    "Slip",
    "allow_visit",
    "as_time",
    "attempt",
    "call_again",
    "cancel",
    "explain",
    "find",
    "finish",
    "give_to",
    "may_call_now",
    "missed",
    "next_allowed",
    "next_try",
    "open_window",
    "plan_call",
    "tickets_visible_to",
    "visible_to",
]
