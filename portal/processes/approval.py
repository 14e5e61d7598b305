"""Approvals: who decides about money, endings, files and articles, up to which amount, in which order.

One way for compensation, cost cases, penalties, cancellations, loans of files and knowledge articles. Source: domain.md
4.10, 4.15, 4.16, 4.17, 4.18, 4.27, Q31. Rounds are kept: what was asked and decided once is
never changed, a changed amount is asked for anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Guard, Process, Transition
from portal.terms import Term

CONTEXT = "approval"


class State(Term):
    """Where a request stands."""

    WAITING = "WAITING", "Waits for a decision"
    APPROVED = "APPROVED", "Consent given"
    REFUSED = "REFUSED", "Consent refused"
    WITHDRAWN = "WITHDRAWN", "Taken back"
    VOID = "VOID", "Void: the amount changed"


class Action(StrEnum):
    """What can be done with a request."""

    ASK = "ask"
    APPROVE = "approve"
    REFUSE = "refuse"
    FORWARD = "forward"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"
    LAPSE = "lapse"
    ANNUL = "annul"
    VOID = "void"


class What(Term):
    """What consent is asked for."""

    COMPENSATION = "COMPENSATION", "Compensation"
    COST_CASE = "COST_CASE", "Repair cost"
    PENALTY = "PENALTY", "Penalty"
    CANCELLATION = "CANCELLATION", "Cancellation"
    ARCHIVE_LOAN = "ARCHIVE_LOAN", "Loan of a file"
    KNOWLEDGE = "KNOWLEDGE", "Knowledge article"


class Level(Term):
    """Whose consent it takes. Heads and leaders have no login: their word is recorded with its evidence."""

    MANAGER = "MANAGER", "Manager of customer service"
    HEAD = "HEAD", "Head of the department, or HR"
    DEPUTY_GM = "DEPUTY_GM", "Deputy general manager"
    GM = "GM", "General manager"


class Decision(Term):
    """What somebody said to it."""

    APPROVED = "APPROVED", "Approved"
    REFUSED = "REFUSED", "Refused"


RECORDED = frozenset({Level.HEAD, Level.DEPUTY_GM, Level.GM})
"""Levels of people without a login."""
MAY_STAND_IN = {Level.DEPUTY_GM: (Level.DEPUTY_GM, Level.GM), Level.GM: (Level.GM,)}
"""Whoever decides more may decide less."""
MANAGEMENT = "MANAGEMENT"
FOUR_EYES = frozenset(What) - {What.PENALTY}
"""Whoever asks does not decide. About penalties of their own people managers decide alone (4.18)."""


def levels(
    what: What, counted: Decimal, *, deputy_limit: Decimal, manager_limit: Decimal, both_leaders: bool, is_own: bool = False,
    is_top_secret: bool = False, by_manager: bool = False,
) -> tuple[Level, ...]:  # fmt: skip
    """Whose consent it takes, in this order. `counted`: yuan, with what the same contract and household got before.

    About files and articles managers decide; about what one of them asks for (`by_manager`), the general manager.
    """
    if what is What.CANCELLATION:
        return (Level.GM,)
    if what in (What.ARCHIVE_LOAN, What.KNOWLEDGE):
        if by_manager:
            return (Level.GM,)
        return (Level.MANAGER, Level.GM) if is_top_secret else (Level.MANAGER,)
    if what is What.PENALTY:
        return (Level.MANAGER,) if is_own else (Level.MANAGER, Level.HEAD)
    if what is What.COST_CASE:
        return (Level.MANAGER,) if counted <= manager_limit else (Level.MANAGER, Level.GM)
    if counted <= deputy_limit:
        return (Level.DEPUTY_GM,)
    return (Level.DEPUTY_GM, Level.GM) if both_leaders else (Level.GM,)


def is_by_others(deciders: Iterable[tuple[str, int]], asked_by: tuple[str, int] | None, what: str) -> bool:
    """Four eyes: each decides once, and where money is given out, a contract ended or an article published nobody what they asked for."""
    found = list(deciders)
    if len(found) != len(set(found)):
        return False
    return what not in FOUR_EYES or asked_by not in found


def bears_liability(person: tuple[int, str | None], *, people: Iterable[int], departments: Iterable[str]) -> bool:
    """Four eyes over a payment: whoever bears it, or belongs to a department that does, does not decide about it.

    `person`: number and department. The law asks for two different people (4.10, 4.15, 4.17, Q31) and is silent about who
    may not be the second; read strictly everybody of a liable department is out, not its head alone, and nobody decides
    in the name of somebody who is out. Company management is above the departments: of it only the person who bears.
    """
    number, department = person
    return number in people or (department not in (None, MANAGEMENT) and department in departments)


ALL_HAVE_SAID_YES = Guard(
    "all",
    N_("everybody whose consent it takes has given it"),
    lambda approval: all(step.decision == Decision.APPROVED for step in approval.steps),
    needs_input=True,
)
BY_OTHERS = Guard(
    "four-eyes",
    N_("each person decides once, and not what they asked for themselves"),
    lambda approval: is_by_others(approval.deciders, approval.asker, approval.what),
    needs_input=True,
)
NOT_DONE_YET = Guard(
    "not-done", N_("what was consented to is not carried out yet"), lambda approval: not approval.is_used
)
BY_APPEAL = Guard(
    "by-appeal",
    N_("no penalty: what was decided about one is taken back by an appeal"),
    lambda approval: approval.what != What.PENALTY,
)
P = Permission

PROCESS = Process(
    code="PA",
    kind="approvals",
    title=N_("Approvals"),
    purpose=N_("Money and endings are decided by whoever is entitled to, by other people than those who ask."),
    states=(
        base.State(State.WAITING, State.WAITING.label, N_("Somebody has to decide.", CONTEXT)),
        base.State(State.APPROVED, State.APPROVED.label, N_("It may be carried out as it was asked for.", CONTEXT)),
        base.State(
            State.REFUSED, State.REFUSED.label, N_("Not so; it may be asked for anew.", CONTEXT), final=True,
            main_line=False,
        ),
        base.State(
            State.WITHDRAWN, State.WITHDRAWN.label, N_("By whoever asked or decided.", CONTEXT), final=True,
            main_line=False,
        ),
        base.State(
            State.VOID, State.VOID.label, N_("Another amount needs another consent.", CONTEXT), final=True,
            main_line=False,
        ),
    ),
    transitions=(
        Transition(Action.ASK, N_("Ask for consent"), frozenset(), State.WAITING, P.HOME),
        Transition(
            Action.APPROVE,
            N_("Approve", CONTEXT),
            frozenset({State.WAITING}),
            State.APPROVED,
            P.APPROVAL_DECIDE,
            optional=("person", "decided_at", "reason", "evidence", "scan"),
            guards=(ALL_HAVE_SAID_YES, BY_OTHERS),
            on_behalf=True,
            notify=("owner",),
        ),
        Transition(
            Action.REFUSE,
            N_("Refuse", CONTEXT),
            frozenset({State.WAITING}),
            State.REFUSED,
            P.APPROVAL_DECIDE,
            required=("reason",),
            optional=("person", "decided_at", "evidence", "scan"),
            guards=(BY_OTHERS,),
            on_behalf=True,
            notify=("owner",),
            primary=False,
        ),
        Transition(
            Action.FORWARD,
            N_("Have somebody else decide"),
            frozenset({State.WAITING}),
            State.WAITING,
            P.APPROVAL_DECIDE,
            required=("to", "reason"),
            primary=False,
        ),
        Transition(
            Action.WITHDRAW,
            N_("Take the request back"),
            frozenset({State.WAITING}),
            State.WITHDRAWN,
            P.APPROVAL_DECIDE,
            required=("reason",),
            primary=False,
        ),
        Transition(
            Action.REVOKE,
            N_("Take the consent back"),
            frozenset({State.APPROVED}),
            State.WITHDRAWN,
            P.APPROVAL_DECIDE,
            required=("reason",),
            guards=(NOT_DONE_YET, BY_APPEAL),
            notify=("owner",),
            primary=False,
        ),
        Transition(
            Action.LAPSE,
            N_("Nothing is asked for any more"),
            frozenset({State.WAITING}),
            State.WITHDRAWN,
            P.APPROVAL_DECIDE,
            automatic=True,
            primary=False,
        ),
        Transition(
            Action.ANNUL,
            N_("Reversed on appeal"),
            frozenset({State.APPROVED}),
            State.WITHDRAWN,
            P.APPROVAL_DECIDE,
            automatic=True,
            primary=False,
        ),
        Transition(
            Action.VOID,
            N_("The amount changed"),
            frozenset({State.WAITING, State.APPROVED}),
            State.VOID,
            P.APPROVAL_DECIDE,
            automatic=True,
            primary=False,
        ),
    ),
    field_labels={
        "person": N_("Who decided"),
        "decided_at": N_("Decided at", CONTEXT),
        "reason": N_("What was said to it", CONTEXT),
        "evidence": N_("Evidence: where the signed paper is"),
        "scan": N_("Scan of the signed decision"),
        "to": N_("Who decides instead"),
    },
)  # fmt: skip
