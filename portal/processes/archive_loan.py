"""P16 Loans of the archive: nobody reads, takes out or copies a file without consent. Source: domain.md 3.19, 4.16, R-21, DL-24."""

from __future__ import annotations

from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition
from portal.processes.project import ProjectStage
from portal.terms import Term

CONTEXT = "archive loan"


class State(StrEnum):
    """Where a loan stands."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    OUT = "OUT"
    OVERDUE = "OVERDUE"
    RETURNED = "RETURNED"
    REFUSED = "REFUSED"
    LOST = "LOST"


class Action(StrEnum):
    """What can be done with a loan."""

    ASK = "ask"
    APPROVE = "approve"
    REFUSE = "refuse"
    RECALL = "recall"
    HAND_OUT = "hand-out"
    RUN_OVER = "run-over"
    RETURN = "return"
    LOSE = "lose"


class Mode(Term):
    """What the file is wanted for; reading it on the spot unless said otherwise (R-21)."""

    READ_ON_SITE = "READ_ON_SITE", "Read on site"
    BORROW = "BORROW", "Taken out"
    COPY = "COPY", "Copied"


class Secrecy(Term):
    """How secret a file is."""

    GENERAL = "GENERAL", "General"
    CONFIDENTIAL = "CONFIDENTIAL", "Confidential"
    TOP = "TOP", "Top secret"


class Condition(Term):
    """How the file came back."""

    INTACT = "INTACT", "Intact"
    DAMAGED = "DAMAGED", "Damaged"
    PAGES_MISSING = "PAGES_MISSING", "Pages missing"
    GONE = "GONE", "Not to be found"


PAPERS_OUT = frozenset({State.OUT, State.OVERDUE})
"""The file is with somebody else."""
LIMITS = {Mode.READ_ON_SITE: "loan_on_site_days", Mode.COPY: "loan_on_site_days", Mode.BORROW: "loan_lent_wd"}
"""DL-24: by which setting the return is counted, where no other day is agreed. Copies are made on the spot."""

HAS_FILE = Guard("file", N_("the file of the project is open"), lambda loan: loan.project.stage != ProjectStage.SIGNED)
CONSENT = Guard(
    "consent",
    N_("consent was given, and stands"),
    lambda loan: loan.approval is not None and loan.approval.state == "APPROVED",
)
ONE_AT_A_TIME = Guard(
    "one-at-a-time", N_("the file is not with somebody else"), lambda loan: not loan.other_loan, needs_input=True
)
ALL_PAGES = Guard(
    "pages",
    N_("as many pages came back as went out; otherwise the loss is recorded"),
    lambda loan: loan.pages_back == loan.pages_out,
    needs_input=True,
)
INTACT = Guard(
    "intact",
    N_("the file is intact; otherwise the damage is recorded"),
    lambda loan: loan.condition == Condition.INTACT,
    needs_input=True,
)
NOT_INTACT = Guard(
    "not-intact",
    N_("something is missing or damaged; what is intact is returned"),
    lambda loan: loan.condition != Condition.INTACT,
    needs_input=True,
)
P = Permission

PROCESS = Process(
    code="P16",
    kind="archive-loans",
    title=N_("Loans of the archive"),
    purpose=N_("A file is read, taken out or copied with consent only, and comes back whole and in time."),
    states=(
        base.State(
            State.REQUESTED,
            N_("Requested", CONTEXT),
            N_("The manager decides, of top secret files the general manager too."),
        ),
        base.State(State.APPROVED, N_("Approved", CONTEXT), N_("The file may be handed out as it was asked for.")),
        base.State(State.OUT, N_("Handed out", CONTEXT), N_("It is with the applicant until the day agreed.")),
        base.State(
            State.OVERDUE,
            N_("Overdue", CONTEXT),
            N_("It should be back; applicant and managers are told every day."),
            main_line=False,
        ),
        base.State(
            State.RETURNED, N_("Returned", CONTEXT), N_("Pages counted, intact, back on its shelf."), final=True
        ),
        base.State(
            State.REFUSED,
            N_("Refused", CONTEXT),
            N_("Not so; it may be asked for anew.", CONTEXT),
            final=True,
            main_line=False,
        ),
        base.State(
            State.LOST,
            N_("Lost", CONTEXT),
            N_("Not everything came back whole; what is missing is written down."),
            final=True,
            main_line=False,
        ),
    ),
    transitions=(
        Transition(
            Action.ASK,
            N_("Ask for a file"),
            frozenset(),
            State.REQUESTED,
            P.LOAN_ASK,
            required=("applicant", "department", "purpose", "mode", "place"),
            optional=("wanted_until",),
            guards=(HAS_FILE,),
            notify=("managers",),
            source_note="R-21",
        ),
        Transition(
            Action.APPROVE,
            N_("Approve", CONTEXT),
            frozenset({State.REQUESTED}),
            State.APPROVED,
            P.APPROVAL_DECIDE,
            optional=("person", "decided_at", "reason", "evidence", "scan"),
            guards=(CONSENT,),
            on_behalf=True,
            notify=("owner", "applicant"),
            source_note="R-21",
        ),
        Transition(
            Action.REFUSE,
            N_("Refuse", CONTEXT),
            frozenset({State.REQUESTED}),
            State.REFUSED,
            P.APPROVAL_DECIDE,
            required=("reason",),
            optional=("person", "decided_at", "evidence", "scan"),
            on_behalf=True,
            notify=("owner", "applicant"),
            primary=False,
        ),
        Transition(
            Action.RECALL,
            N_("Take the consent back", CONTEXT),
            frozenset({State.REQUESTED, State.APPROVED}),
            State.REFUSED,
            P.APPROVAL_DECIDE,
            required=("reason",),
            notify=("owner", "applicant"),
            primary=False,
        ),
        Transition(
            Action.HAND_OUT,
            N_("Hand the file out"),
            frozenset({State.APPROVED}),
            State.OUT,
            P.LOAN_KEEP,
            required=("out_at", "pages_out", "due_at"),
            guards=(CONSENT, ONE_AT_A_TIME),
            happened_field="out_at",
            source_note="DL-24",
        ),
        Transition(
            Action.RUN_OVER,
            N_("Not back in time"),
            frozenset({State.OUT}),
            State.OVERDUE,
            P.LOAN_KEEP,
            automatic=True,
            source_note="DL-24",
        ),
        Transition(
            Action.RETURN,
            N_("Take the file back"),
            frozenset(PAPERS_OUT),
            State.RETURNED,
            P.LOAN_KEEP,
            required=("returned_at", "pages_back", "condition"),
            optional=("condition_note",),
            guards=(ALL_PAGES, INTACT),
            happened_field="returned_at",
            notify=("applicant",),
            source_note="DL-24",
        ),
        Transition(
            Action.LOSE,
            N_("Record loss or damage"),
            frozenset(PAPERS_OUT),
            State.LOST,
            P.LOAN_KEEP,
            required=("returned_at", "condition", "condition_note"),
            optional=("pages_back",),
            guards=(NOT_INTACT,),
            happened_field="returned_at",
            notify=("managers", "applicant"),
            primary=False,
        ),
    ),
    deadlines=(
        Deadline(
            "DL-24",
            N_("Files are returned to the archive"),
            starts=frozenset({State.OUT}),
            met_by=frozenset({State.RETURNED}),
            cancelled_by=frozenset({State.LOST}),
            setting="loan_lent_wd",
            start_field="out_at",
            due_field="due_at",
            due_words=N_("The day agreed when it is handed out: 1 day on site, 3 working days when taken out, as set"),
            responsible="department",
            overdue_also=("managers", "applicant"),
        ),
    ),
    field_labels={
        "applicant": N_("Applicant", CONTEXT),
        "department": N_("Department"),
        "purpose": N_("Purpose", CONTEXT),
        "mode": N_("Manner of use", CONTEXT),
        "place": N_("Where it is read", CONTEXT),
        "wanted_until": N_("Wanted until", CONTEXT),
        "reason": N_("What was said to it", "approval"),
        "person": N_("Who decided"),
        "decided_at": N_("Decided at", "approval"),
        "evidence": N_("Evidence: where the signed paper is"),
        "scan": N_("Scan of the signed decision"),
        "out_at": N_("Handed out at", CONTEXT),
        "pages_out": N_("Pages handed out", CONTEXT),
        "due_at": N_("To be returned by", CONTEXT),
        "returned_at": N_("Returned at", CONTEXT),
        "pages_back": N_("Pages returned", CONTEXT),
        "condition": N_("Condition", CONTEXT),
        "condition_note": N_("What is missing or damaged", CONTEXT),
    },
    forms=("F-24",),
)
