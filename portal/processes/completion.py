"""P12 Completion acceptance and settlement. Source: domain.md 4.12, 3.14, DL-20; forms F-11, F-12, F-13."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition
from portal.processes.project import PaperStage, ProjectStage, missing_papers
from portal.terms import Term

CONTEXT = "completion"


class State(StrEnum):
    """Where a completion acceptance stands."""

    PREPARING = "PREPARING"
    INITIAL_DONE = "INITIAL_DONE"
    NOTICE_SENT = "NOTICE_SENT"
    RECTIFYING = "RECTIFYING"
    ACCEPTED = "ACCEPTED"
    SETTLED = "SETTLED"


class Action(StrEnum):
    """What can be done with a completion acceptance."""

    PREPARE = "prepare"
    CHECK = "check"
    SEND_NOTICE = "send-notice"
    ACCEPT = "accept"
    REFUSE = "refuse"
    AGAIN = "again"
    SETTLE = "settle"


class Verdict(Term):
    """What the customer says to one line of the acceptance."""

    PASSED = "PASSED", "Passed"
    REFUSED = "REFUSED", "Refused"
    NONE = "NONE", "Does not apply"


class NoticeChannel(Term):
    """How the notice F-12 reached the customer."""

    PHONE = "PHONE", "Phone"
    WECHAT = "WECHAT", "WeChat"
    MESSAGE = "MESSAGE", "Text message"
    PAPER = "PAPER", "On paper"


SHOWN = ("number", "address", "contract_number")
"""What the customer reads before signing, beside the lines of the acceptance."""


def fingerprint(completion: base.Facts) -> str:
    """SHA-256 of what a signature stands for; any later change of it gives another one, so the signature is void."""
    facts = [str(getattr(completion, name)) for name in SHOWN]
    lines = [[line.room, line.trade, line.what, line.verdict, line.remark] for line in completion.checks]
    return hashlib.sha256(json.dumps([facts, lines], ensure_ascii=False).encode()).hexdigest()


def gives_time(completion: base.Facts) -> bool:
    """Whether the customer has at least the hours of the notice before the acceptance."""
    least = timedelta(hours=completion.notice_hours or 0)
    sent, appointed = completion.notice_sent_at, completion.appointed_at
    return sent is not None and appointed is not None and appointed - sent >= least


def refused(completion: base.Facts) -> bool:
    """Whether the customer refused a line."""
    return any(line.verdict == Verdict.REFUSED for line in completion.checks)


PRE_ACCEPTED = Guard(
    "pre-accepted",
    N_("the pre-acceptance passed (P11)"),
    lambda completion: completion.project.stage == ProjectStage.PRE_ACCEPTED,
)
PAPERS = Guard(
    "papers",
    N_("the list of papers is complete"),
    lambda completion: (
        any(paper.stage == PaperStage.COMPLETION for paper in completion.project.papers)
        and not missing_papers(completion.project, PaperStage.COMPLETION)
    ),
)
DEFECTS_GONE = Guard(
    "defects",
    N_("what the own check found is removed"),
    lambda completion: bool(completion.defects_removed),
    needs_input=True,
)
TIME_ENOUGH = Guard("notice", N_("the customer has the time of the notice"), gives_time, needs_input=True)
ALL_LINES = Guard(
    "lines",
    N_("every line of the acceptance has a result"),
    lambda completion: bool(completion.checks) and all(line.verdict is not None for line in completion.checks),
)
NONE_REFUSED = Guard("none-refused", N_("the customer refused nothing"), lambda completion: not refused(completion))
ONE_REFUSED = Guard("one-refused", N_("the customer refused a line"), refused)
SIGNED = Guard(
    "signed",
    N_("the customer signed what stands here"),
    lambda completion: any(one.shown_hash == fingerprint(completion) for one in completion.signatures),
    needs_input=True,
)
PAID = Guard(
    "paid",
    N_("the final payment is in, with all changes"),
    lambda completion: completion.contract.has_final_payment and completion.contract.is_paid,
    needs_input=True,
)
CHANGES_CLOSED = Guard(
    "changes-closed",
    N_("no change order waits for a signature"),
    lambda completion: not completion.project.has_open_changes,
)
P = Permission

PROCESS = Process(
    code="P12",
    kind="completions",
    title=N_("Completion acceptance and settlement"),
    purpose=N_(
        "The customer accepts room by room and signs; that day starts the warranty, then the last money comes in."
    ),
    states=(
        base.State(State.PREPARING, N_("Preparing", CONTEXT), N_("Papers are sorted, the site checks itself.")),
        base.State(State.INITIAL_DONE, N_("Own check passed", CONTEXT), N_("The project manager's own check passed.")),
        base.State(State.NOTICE_SENT, N_("Notice sent", CONTEXT), N_("The customer has date and place.")),
        base.State(
            State.RECTIFYING, N_("Rectifying", CONTEXT), N_("The customer refused a part of it."), main_line=False
        ),
        base.State(State.ACCEPTED, N_("Accepted", CONTEXT), N_("The report is signed.")),
        base.State(State.SETTLED, N_("Settled", CONTEXT), N_("The money is in."), final=True),
    ),
    transitions=(
        Transition(
            Action.PREPARE,
            N_("Prepare the acceptance"),
            frozenset(),
            State.PREPARING,
            P.COMPLETION_WORK,
            guards=(PRE_ACCEPTED, PAPERS),
            on_behalf=True,
        ),
        Transition(
            Action.CHECK,
            N_("Record the own check"),
            frozenset({State.PREPARING}),
            State.INITIAL_DONE,
            P.COMPLETION_WORK,
            required=("self_checked_at", "initial_checked_at", "initial_present", "defects_removed"),
            optional=("initial_result",),
            guards=(DEFECTS_GONE,),
            happened_field="initial_checked_at",
            on_behalf=True,
        ),
        Transition(
            Action.SEND_NOTICE,
            N_("Send the notice"),
            frozenset({State.INITIAL_DONE}),
            State.NOTICE_SENT,
            P.COMPLETION_WORK,
            required=("notice_sent_at", "notice_channel", "appointed_at", "place", "invited"),
            guards=(TIME_ENOUGH,),
            happened_field="notice_sent_at",
            on_behalf=True,
            source_note="F-12",
        ),
        Transition(
            Action.ACCEPT,
            N_("The customer accepts and signs"),
            frozenset({State.NOTICE_SENT}),
            State.ACCEPTED,
            P.COMPLETION_WORK,
            required=("accepted_at", "present", "conclusion", "signed_by"),
            optional=("customer_words",),
            guards=(ALL_LINES, NONE_REFUSED, SIGNED),
            notify=("owner",),
            happened_field="accepted_at",
            on_behalf=True,
            source_note="F-11, F-13, DL-20",
        ),
        Transition(
            Action.REFUSE,
            N_("A part was refused"),
            frozenset({State.NOTICE_SENT}),
            State.RECTIFYING,
            P.COMPLETION_WORK,
            required=("refused_at", "requirement", "limit_on"),
            guards=(ONE_REFUSED,),
            notify=("owner",),
            happened_field="refused_at",
            primary=False,
            on_behalf=True,
        ),
        Transition(
            Action.AGAIN,
            N_("Rectified, accept again"),
            frozenset({State.RECTIFYING}),
            State.NOTICE_SENT,
            P.COMPLETION_WORK,
            required=("rectified_on", "appointed_at", "place"),
            on_behalf=True,
        ),
        Transition(
            Action.SETTLE,
            N_("Record the final payment"),
            frozenset({State.ACCEPTED}),
            State.SETTLED,
            P.COMPLETION_WORK,
            required=("amount", "paid_on", "receipt_no"),
            guards=(CHANGES_CLOSED, PAID),
            notify=("owner", "managers"),
            on_behalf=True,
            source_note="P13, F-18",
        ),
    ),
    deadlines=(
        Deadline(
            "DL-20",
            N_("Remind of the final payment"),
            starts=frozenset({State.ACCEPTED}),
            met_by=frozenset({State.SETTLED}),
            setting="final_payment_days",
        ),
    ),
    field_labels={
        "self_checked_at": N_("Self-check at"),
        "initial_checked_at": N_("Own check at"),
        "initial_present": N_("Checked by"),
        "initial_result": N_("What was found"),
        "defects_removed": N_("What was found is removed"),
        "notice_sent_at": N_("Notice sent at"),
        "notice_channel": N_("Notice sent by"),
        "appointed_at": N_("Acceptance at"),
        "place": N_("Place"),
        "invited": N_("Invited"),
        "accepted_at": N_("Accepted at"),
        "present": N_("Present"),
        "conclusion": N_("Conclusion"),
        "customer_words": N_("The customer's remarks"),
        "signed_by": N_("Signed for the customer by"),
        "refused_at": N_("Refused at"),
        "requirement": N_("What is to be rectified"),
        "limit_on": N_("To be done until"),
        "rectified_on": N_("Rectified on"),
        "amount": N_("Amount"),
        "paid_on": N_("Received on", "payment"),
        "receipt_no": N_("Receipt number"),
    },
    forms=("F-11", "F-12", "F-13"),
)
