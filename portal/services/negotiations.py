"""P03: a contract from the letter of intent over negotiation and legal review to the signature. Rules: `processes/contract.py`.

Source: `domain.md` 4.3, 3.3, 3.4, DL-03, R-04. A contract that was signed before the portal knew of it is registered
or imported as signed (`contracts.create`); it has none of these steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from portal import clock, formatting
from portal.errors import Invalid, Message
from portal.i18n import N_
from portal.models.contract import Contract, LegalReview, Quotation
from portal.models.customer import Customer, Intention
from portal.models.org import Branch, Party, PartyKind, User
from portal.models.project import Project
from portal.processes import contract as rules
from portal.processes import drawing_review
from portal.processes.contract import Action, LegalPoint, LegalResult, Topic
from portal.services import bypasses, contracts, customers, drawing_reviews, numbering, review_penalties, steps
from portal.services.fields import apply, cleaned

USUAL_COPIES = ("CUSTOMER", "FINANCE", "ENGINEERING", "LEGAL")
"""Who holds an original (001)."""


@dataclass(frozen=True, slots=True)
class Intend:
    """What the letter of intent says (F-32): scope, price and deposit in yuan, duration in calendar days, its last day."""

    scope: str | None
    amount: Decimal | None
    duration_days: int | None
    designer: Party | None
    store: Branch | None
    project: Project | None = None
    intended_on: date | None = None
    """None: today."""
    style: str | None = None
    deposit: Decimal | None = None
    intended_until: date | None = None


@dataclass(frozen=True, slots=True)
class Negotiate:
    """A draft and a quotation are on the table."""

    draft: str | None
    quotation: Quotation | None


@dataclass(frozen=True, slots=True)
class Cover:
    """What the negotiation has covered, and which draft is talked about now."""

    covered: tuple[str, ...]
    draft: str | None = None


@dataclass(frozen=True, slots=True)
class SubmitLegal:
    """Sales hands the draft to legal."""

    submitted_by: Party | None
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class Resubmit:
    """What was changed since legal returned it."""

    what_changed: str | None
    draft: str | None = None


@dataclass(frozen=True, slots=True)
class Judge:
    """What legal said of each point: code to (whether it holds, comment), and who approved."""

    points: Mapping[str, tuple[bool, str | None]]
    opinion: str | None = None
    approver: Party | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """Both sign; the amount in yuan as it stands on the contract."""

    signed_on: date | None
    signed_by_company: str | None
    signed_by_customer: str | None
    amount: Decimal
    copies: list[dict[str, Any]] | None
    identities_checked: bool = False


@dataclass(frozen=True, slots=True)
class SignAnyway:
    """It was signed although a review had not passed; without any drawing review its people are named here."""

    signed_on: date | None
    amount: Decimal
    reason: str | None
    signed_by_company: str | None = None
    designer: Party | None = None
    branch_manager: Party | None = None


def intend(session: Session, customer: Customer, command: Intend, *, actor: User, at: datetime) -> Contract:
    """Record a letter of intent; the customer's intention is high. Raises Invalid by field."""
    if command.project is not None and command.project.customer_id != customer.id:
        raise Invalid({"project": N_("This project belongs to somebody else.")})
    if command.designer is not None and command.designer.kind != PartyKind.DESIGNER:
        raise Invalid({"designer": N_("Choose a designer.")})
    intended_on = command.intended_on or clock.today(at)
    if command.intended_until is not None and command.intended_until < intended_on:
        raise Invalid({"intended_until": N_("The last day lies before the day of the letter.")})
    steps.check_permission(actor, rules.PROCESS.transition(None, Action.INTEND))
    contract = Contract(
        number=numbering.next_number(session, Contract.PREFIX, at),
        customer=customer,
        project=command.project,
        branch_id=command.store.id if command.store else customer.branch_id,
        amount=command.amount,
        output_value=command.amount,
        scope=cleaned(command.scope),
        duration_days=command.duration_days,
        designer=command.designer,
        intended_on=intended_on,
        style=cleaned(command.style),
        deposit=command.deposit,
        intended_until=command.intended_until,
        covered=[],
    )
    entered = steps.entered_of(command)
    steps.begin(session, contract, Action.INTEND, actor=actor, at=at, entered=steps.said_of(entered))
    contracts.set_terms(session, contract, contracts.default_terms(session))
    if customer.intention != Intention.HIGH:
        apply(
            session,
            customer,
            {"intention": Intention.HIGH},
            customers.FIELDS,
            actor=actor,
            at=at,
            reason=contract.number,
        )
    return contract


def negotiate(session: Session, contract: Contract, command: Negotiate, *, actor: User, at: datetime) -> None:
    """Proposal and quotation are explained."""
    if command.quotation is not None and command.quotation.customer_id != contract.customer_id:
        raise Invalid({"quotation": N_("This quotation belongs to somebody else.")})
    contract.draft = cleaned(command.draft)
    _advance(session, contract, Action.NEGOTIATE, command, actor, at)
    assert command.quotation is not None, "required by the step"
    command.quotation.contract_id = contract.id


def cover(session: Session, contract: Contract, command: Cover, *, version: int, actor: User, at: datetime) -> None:
    """Tick what the negotiation has covered. Raises Stale, DomainError once it is signed."""
    contracts.refuse_signed(contract)
    values = {"covered": [topic.value for topic in Topic if topic.value in command.covered]}
    if command.draft is not None:
        values["draft"] = command.draft  # type: ignore[assignment]
    contracts.refuse_stale(contract, version)
    apply(session, contract, values, contracts.FIELDS, actor=actor, at=at)


def submit_legal(session: Session, contract: Contract, command: SubmitLegal, *, actor: User, at: datetime) -> None:
    """The draft goes to legal; DL-03 starts."""
    _advance(session, contract, Action.SUBMIT_LEGAL, command, actor, at, acted_by=command.submitted_by)
    _new_round(session, contract, command.submitted_by, command.submitted_at, None)


def resubmit_legal(session: Session, contract: Contract, command: Resubmit, *, actor: User, at: datetime) -> None:
    """The revised draft goes back to legal; a new DL-03."""
    last = contract.legal_review
    if command.draft:
        contract.draft = command.draft
    _advance(session, contract, Action.RESUBMIT_LEGAL, command, actor, at, round_no=contract.round_no + 1)
    _new_round(session, contract, last.submitted_by if last else None, at, cleaned(command.what_changed))


def return_legal(session: Session, contract: Contract, command: Judge, *, actor: User, at: datetime) -> None:
    """Legal returns the draft: a point does not hold."""
    _judge(session, contract, command, Action.RETURN_LEGAL, LegalResult.RETURN, actor, at)


def approve(session: Session, contract: Contract, command: Judge, *, actor: User, at: datetime) -> None:
    """Legal passes the draft; with the drawing review passed it may be signed."""
    if command.approver is not None and command.approver.kind != PartyKind.LEGAL:
        raise Invalid({"approver": N_("Choose who approved it for legal.")})
    bypasses.attach(session, contract)
    _judge(session, contract, command, Action.APPROVE, LegalResult.PASS, actor, at)


def sign(session: Session, contract: Contract, command: Sign, *, actor: User, at: datetime) -> None:
    """Both have signed after both reviews passed; the drawing review ends, the customer is a signed one."""
    _check_day(command.signed_on, at)
    if contract.review is not None and contract.review.contract_amount != command.amount:
        passed = formatting.money(contract.review.contract_amount)
        raise Invalid(
            {
                "amount": N_("The review passed %(amount)s yuan; another price is reviewed anew (R-06).")
                % {"amount": passed}
            }
        )
    contract.identities_checked = command.identities_checked
    _advance(session, contract, Action.SIGN, command, actor, at)
    _signed(session, contract, command.signed_on, command.amount, command.signed_by_company, actor, at)
    contract.signed_by_customer, contract.copies = cleaned(command.signed_by_customer), command.copies
    session.flush()
    assert contract.review is not None, "a guard of the step"
    drawing_reviews.sign(session, contract.review, actor=actor, at=at)


def sign_anyway(session: Session, contract: Contract, command: SignAnyway, *, actor: User, at: datetime) -> None:
    """Register that it was signed although a review had not passed: red flag, and R-04 where it was the drawing review."""
    _check_day(command.signed_on, at)
    review = bypasses.attach(session, contract)
    if review is None:
        _check_named(command, contract)
    was = review.state if review is not None else None
    _advance(session, contract, Action.SIGN_ANYWAY, command, actor, at)
    _signed(session, contract, command.signed_on, command.amount, command.signed_by_company, actor, at)
    contract.bypass_reason = cleaned(command.reason)
    session.flush()
    if review is None:
        contract.designer = command.designer or contract.designer
        session.flush()
        assert command.branch_manager is not None, "checked above"
        review_penalties.for_no_review(session, contract, command.branch_manager.id, actor=actor, at=at)
    elif was in drawing_review.OPEN:
        drawing_reviews.bypass(session, review, drawing_reviews.Bypass(command.signed_on), actor=actor, at=at)
    elif was == drawing_review.State.PASSED:
        drawing_reviews.sign(session, review, actor=actor, at=at)


# ---------- Parts ----------


def _new_round(session: Session, contract: Contract, by: Party | None, at: datetime, what: str | None) -> None:
    contract.legal_reviews.append(
        LegalReview(
            round_no=len(contract.legal_reviews) + 1,
            draft=contract.draft or "",
            what_changed=what,
            submitted_by=by,
            submitted_at=at,
        )
    )
    session.flush()


def _judge(
    session: Session, contract: Contract, command: Judge, action: str, result: LegalResult, actor: User, at: datetime
) -> None:
    if unknown := set(command.points) - {point.value for point in LegalPoint}:
        raise Invalid({"points": N_("There is no such point: %(name)s.") % {"name": sorted(unknown)[0]}})
    review = contract.legal_review
    if review is not None:
        review.points = {
            code: {"holds": holds, "comment": cleaned(comment)} for code, (holds, comment) in command.points.items()
        }
    entered = {"opinion": command.opinion, "approver": command.approver}
    held = "、".join(LegalPoint.show(code) for code, (holds, _comment) in command.points.items() if holds)
    session.flush()
    steps.advance(
        session, contract, action, actor=actor, at=at, entered=entered, said=steps.said_of(entered | {"points": held}),
        acted_by=command.approver,
    )  # fmt: skip
    assert review is not None, "the state says that one is open"
    review.opinion, review.result, review.decided_at = cleaned(command.opinion), result, at
    review.approver = command.approver


def _signed(
    session: Session,
    contract: Contract,
    day: date | None,
    amount: Decimal,
    company: str | None,
    actor: User,
    at: datetime,
) -> None:
    values = {
        "signed_on": day,
        "amount": amount,
        "output_value": contract.output_value + (amount - contract.amount),
        "signed_by_company": cleaned(company),
    }
    changes = apply(session, contract, values, contracts.FIELDS, actor=actor, at=at)
    if "amount" in changes:
        contracts.respread(session, contract)
    contracts.follow_signing(session, contract, actor=actor, at=at)


def _check_day(day: date | None, at: datetime) -> None:
    if day and day > clock.today(at):
        raise Invalid({"signed_on": N_("This day is still to come.")})


def _check_named(command: SignAnyway, contract: Contract) -> None:
    problems: dict[str, Message] = {}
    if command.designer is None and contract.designer_id is None:
        problems["designer"] = N_("No drawing review is there: who was the designer?")
    if command.branch_manager is None:
        problems["branch_manager"] = N_("No drawing review is there: who leads the designer's branch?")
    if problems:
        raise Invalid(problems)


def _advance(
    session: Session,
    contract: Contract,
    action: str,
    command: Any,
    actor: User,
    at: datetime,
    *,
    acted_by: Party | None = None,
    round_no: int | None = None,
) -> None:
    entered = steps.entered_of(command)
    said = {name: value for name, value in entered.items() if name != "copies"}
    session.flush()
    steps.advance(
        session, contract, action, actor=actor, at=at, entered=entered, said=steps.said_of(said), acted_by=acted_by,
        round_no=round_no,
    )  # fmt: skip
