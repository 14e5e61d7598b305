"""P13 Issuing the warranty, and whether a repair is covered by it. Source: domain.md 4.13, 3.15, DL-21.

The terms run from the day of acceptance, not from payment; no certificate before everything is paid.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition
from portal.processes.repair import Trade
from portal.terms import Term

CONTEXT = "warranty"


class State(StrEnum):
    """Where a warranty certificate stands."""

    PENDING = "PENDING"
    ISSUED = "ISSUED"
    REISSUED = "REISSUED"
    VOID = "VOID"
    EXPIRED = "EXPIRED"


class Action(StrEnum):
    """What can be done with a certificate."""

    OPEN = "open"
    ISSUE = "issue"
    REISSUE = "reissue"
    VOID = "void"
    EXPIRE = "expire"


VALID = frozenset({State.ISSUED, State.REISSUED})
"""The customer may rely on it."""

TRADES = tuple(trade for trade in Trade if trade is not Trade.OTHER)
"""The trades a certificate has a term for."""


class Standing(Term):
    """Whether a defect of a trade lies within its term on a day."""

    IN_TERM = "IN_TERM", "Within the term"
    BORDERLINE = "BORDERLINE", "Just over the term"
    OUT_OF_TERM = "OUT_OF_TERM", "Out of term"
    NO_TERM = "NO_TERM", "No term for it"


class VoidGround(Term):
    """What makes a certificate void (4.13)."""

    MONEY_RETURNED = "MONEY_RETURNED", "The money was returned"
    CONTRACT_CANCELLED = "CONTRACT_CANCELLED", "The contract was cancelled"
    LEGAL = "LEGAL", "Another legal ground"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the dates say; a person decides. `ends_on`: last day of the term, None where there is none."""

    standing: Standing
    starts_on: date | None = None
    ends_on: date | None = None


def last_day(starts_on: date, years: int) -> date:
    """The last day of a term: start plus years less one day; a start on 29 February ends with 28 February."""
    try:
        return starts_on.replace(year=starts_on.year + years) - timedelta(days=1)
    except ValueError:
        return date(starts_on.year + years, 2, 28)


def verdict(
    terms: Iterable[tuple[str, date, date]], trade: str, on: date, *, is_valid: bool, borderline_days: int
) -> Verdict:
    """Whether a defect reported on a day is within the term of its trade; terms are (trade, first day, last day)."""
    term = next(((start, end) for code, start, end in terms if code == trade), None)
    if term is None or not is_valid:
        return Verdict(Standing.NO_TERM)
    start, end = term
    if start <= on <= end:
        return Verdict(Standing.IN_TERM, start, end)
    near = on > end and on <= end + timedelta(days=borderline_days)
    return Verdict(Standing.BORDERLINE if near else Standing.OUT_OF_TERM, start, end)


FINAL_PAYMENT = Guard(
    "final-payment",
    N_("the final payment is recorded"),
    lambda certificate: bool(certificate.has_final_payment),
)
PAID_IN_FULL = Guard(
    "paid",
    N_("the final payment is in, everything is paid"),
    lambda certificate: bool(certificate.is_paid),
)
ACCEPTED = Guard(
    "accepted",
    N_("the acceptance form F-11 is signed"),
    lambda certificate: bool(certificate.acceptance_signed),
    needs_input=True,
)
TERMS = Guard(
    "terms",
    N_("a term is given for each trade"),
    lambda certificate: {term.trade for term in certificate.terms} >= set(TRADES),
    needs_input=True,
)
CONSENT = Guard(
    "consent",
    N_("the manager consents"),
    lambda certificate: certificate.consented_by_id is not None,
)

PROCESS = Process(
    code="P13",
    kind="warranties",
    title=N_("Issuing the warranty"),
    purpose=N_("The day everything is paid the customer holds the certificate, with a term for each trade."),
    states=(
        base.State(State.PENDING, N_("To be issued", CONTEXT), N_("Everything is paid; the certificate is due.")),
        base.State(State.ISSUED, N_("Issued", CONTEXT), N_("Printed and signed for by the customer.")),
        base.State(State.REISSUED, N_("Issued again", CONTEXT), N_("The lost one no longer counts."), main_line=False),
        base.State(State.VOID, N_("Void", CONTEXT), N_("By the manager's decision."), final=True, main_line=False),
        base.State(State.EXPIRED, N_("Expired", CONTEXT), N_("The last term is over."), final=True),
    ),
    transitions=(
        Transition(
            Action.OPEN,
            N_("Open the certificate"),
            frozenset(),
            State.PENDING,
            Permission.CONTRACT_EDIT,
            guards=(FINAL_PAYMENT, PAID_IN_FULL),
            automatic=True,
            notify=("owner",),
            source_note="DL-21",
        ),
        Transition(
            Action.ISSUE,
            N_("Issue the certificate"),
            frozenset({State.PENDING}),
            State.ISSUED,
            Permission.WARRANTY_ISSUE,
            required=(
                "starts_on",
                "acceptance_signed",
                "exclusions",
                "care_notes",
                "hotline",
                "received_by",
                "evaluation",
            ),
            guards=(PAID_IN_FULL, ACCEPTED, TERMS),
            source_note="DL-21",
        ),
        Transition(
            Action.REISSUE,
            N_("Issue again, the old one is lost"),
            frozenset({State.ISSUED}),
            State.REISSUED,
            Permission.WARRANTY_ISSUE,
            required=("reason",),
            guards=(CONSENT,),
            primary=False,
        ),
        Transition(
            Action.VOID,
            N_("Make void"),
            frozenset({State.ISSUED, State.REISSUED}),
            State.VOID,
            Permission.WARRANTY_VOID,
            required=("ground", "reason"),
            notify=("owner",),
            primary=False,
        ),
        Transition(
            Action.EXPIRE,
            N_("The last term is over"),
            frozenset({State.ISSUED, State.REISSUED}),
            State.EXPIRED,
            Permission.WARRANTY_ISSUE,
            automatic=True,
            notify=("owner",),
        ),
    ),
    deadlines=(
        Deadline(
            "DL-21",
            N_("Issue the warranty certificate"),
            starts=frozenset({State.PENDING}),
            met_by=frozenset({State.ISSUED}),
            setting="warranty_issue_wd",
            start_field="paid_from",
        ),
    ),
    field_labels={
        "starts_on": N_("Warranty begins (day of acceptance)"),
        "acceptance_signed": N_("F-11 is signed"),
        "exclusions": N_("Not covered"),
        "care_notes": N_("Use and care"),
        "hotline": N_("Repair hotline"),
        "received_by": N_("Received and signed by"),
        "evaluation": N_("Evaluation form F-18"),
        "ground": N_("Ground", "void"),
        "reason": N_("Reason"),
    },
    forms=("F-19",),
)
