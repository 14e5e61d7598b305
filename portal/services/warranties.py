"""P13 warranty certificates: opened when everything is paid, issued with a term per trade, void, expired.

Source: `domain.md` 3.15, 4.13, DL-21. Rules: `processes/warranty.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal import clock, settings, visibility
from portal.errors import DomainError, Invalid
from portal.i18n import N_, Text
from portal.models.contract import Contract, ContractState
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.project import Project, ProjectStage
from portal.models.repair import Evaluation, WarrantyCertificate, WarrantyTerm
from portal.permissions import Permission, may
from portal.processes import warranty as rules
from portal.processes.contract import Action as ContractAction
from portal.processes.repair import Trade
from portal.processes.warranty import Action, State, Verdict, last_day
from portal.services import assignment, events, numbering, projects, settlement, steps, surveys, warranty_followup
from portal.services.warranty_terms import least_years, promised_years

CARE = "保持室内通风，地漏、下水保持畅通；有水管、电线的墙面请勿打孔；地面积水请及时擦干。发现问题请尽早告知。"
"""How the home is to be used and cared for (3.15); the form offers it for change."""


PAID = frozenset({ProjectStage.SETTLED, ProjectStage.IN_WARRANTY, ProjectStage.OUT_OF_WARRANTY})
"""Stages in which the last money was in already."""


def visible_to(user: User) -> Select[WarrantyCertificate]:
    """The certificates that exist for this person."""
    return visibility.visible_to(user, WarrantyCertificate)


@dataclass(frozen=True, slots=True)
class IssueWarranty:
    """What F-19 says: the day of acceptance, years by trade, what is not covered, who received it."""

    starts_on: date
    acceptance_signed: bool | None
    exclusions: str
    received_by: str
    evaluation: str
    years: tuple[tuple[str, int], ...] = ()
    """(trade, years); trades that are not named get the term of the contract's template, else the usual one."""
    care_notes: str | None = None
    """None: the usual ones."""
    hotline: str | None = None
    """None: the company's."""


@dataclass(frozen=True, slots=True)
class Reissue:
    """The certificate was lost."""

    reason: str


@dataclass(frozen=True, slots=True)
class Void:
    """Money returned, contract cancelled, or another legal ground."""

    ground: str
    reason: str


def open_when_paid(session: Session, contract: Contract, *, paid_on: date, actor: User, at: datetime) -> None:
    """Have the certificate issued once the final payment of a signed contract is in, open changes too (4.12, 4.13).

    The project is settled; DL-21 counts from the day of payment. Once per project.
    """
    if contract.project is None or contract.state != ContractState.SIGNED:
        return
    if not (contract.has_final_payment and contract.is_paid) or contract.project.stage == ProjectStage.CANCELLED:
        return
    if of_project(session, contract.project.id) is not None or settlement.waits_for_acceptance(contract.project):
        return
    if contract.project.has_open_changes:
        return  # the sum may move yet; the signature or the withdrawal comes here again
    certificate = WarrantyCertificate(
        number=numbering.next_number(session, WarrantyCertificate.PREFIX, at),
        branch_id=contract.branch_id,
        project=contract.project,
        contract=contract,
        customer=contract.customer,
        owner=assignment.owner_for(session, customer=contract.customer, actor=actor, branch_id=contract.branch_id),
        paid_on=paid_on,
    )
    steps.begin(session, certificate, Action.OPEN, actor=actor, at=at, entered={"paid_on": paid_on})
    steps.advance(session, contract, ContractAction.COMPLETE, actor=actor, at=at, entered={})
    if contract.project.stage not in PAID:
        settlement.reached(session, contract.project, paid_on=paid_on, actor=actor, at=at)


def issue(
    session: Session, certificate: WarrantyCertificate, command: IssueWarranty, *, actor: User, at: datetime
) -> None:
    """Issue the certificate: terms are fixed, the project is in warranty, what follows is set. Raises Invalid by field, ConditionsMissing."""
    given = dict(command.years)
    years: dict[Trade, int] = {
        each: given.get(each, promised_years(session, certificate.contract, each)) for each in rules.TRADES
    }
    _check(session, certificate, command, years, at)
    hotline = command.hotline or str(settings.get(session, "company_hotline"))
    command = replace(command, care_notes=command.care_notes or CARE, hotline=hotline)
    certificate.starts_on, certificate.acceptance_signed = command.starts_on, bool(command.acceptance_signed)
    certificate.exclusions, certificate.evaluation = command.exclusions, command.evaluation
    certificate.received_by, certificate.care_notes = command.received_by, command.care_notes
    certificate.hotline = command.hotline
    certificate.terms = [_term(trade, command.starts_on, count) for trade, count in years.items()]
    template = certificate.contract.template
    certificate.template = template.name if template is not None else None
    certificate.ends_on = max(term.ends_on for term in certificate.terms)
    certificate.issued_at, certificate.issued_by_id = at, actor.id
    _advance(session, certificate, Action.ISSUE, command, actor, at)
    projects.warranted(session, certificate.project, at=at)
    warranty_followup.issued(session, certificate, actor=actor, at=at)


def consent(session: Session, certificate: WarrantyCertificate, *, actor: User, at: datetime) -> None:
    """The manager consents to issuing a lost certificate again."""
    if not may(actor, Permission.WARRANTY_CONSENT):
        raise DomainError(N_("Only the manager consents to that."), status=403)
    if certificate.state not in rules.VALID:
        raise DomainError(N_("Only a valid certificate is issued again."))
    certificate.consented_by_id, certificate.updated_at = actor.id, at
    events.record(session, EventKind.NOTE, action="warranty-consent", actor=actor, at=at, record=certificate)


def reissue(session: Session, certificate: WarrantyCertificate, command: Reissue, *, actor: User, at: datetime) -> None:
    """A new number takes the place of the lost one, which no longer counts; the terms stay."""
    old = certificate.number
    _advance(session, certificate, Action.REISSUE, command, actor, at)
    certificate.number = numbering.next_number(session, WarrantyCertificate.PREFIX, at)
    certificate.replaced_numbers = "、".join(filter(None, (certificate.replaced_numbers, old)))
    certificate.reason, certificate.consented_by_id = command.reason, None
    certificate.issued_at, certificate.issued_by_id = at, actor.id
    warranty_followup.printed_anew(session, certificate, actor=actor, at=at)


def in_place_of(session: Session, number: str) -> WarrantyCertificate | None:
    """The certificate that took the place of a lost one, whoever asks: paper with the old number is still about."""
    replaced = WarrantyCertificate.replaced_numbers
    query = select(WarrantyCertificate).where(replaced.is_not(None), replaced.contains(number, autoescape=True))
    found = session.scalars(query.order_by(WarrantyCertificate.id).limit(20))
    return next((each for each in found if number in (each.replaced_numbers or "").split("、")), None)


def void(session: Session, certificate: WarrantyCertificate, command: Void, *, actor: User, at: datetime) -> None:
    """Make a certificate void, with the ground."""
    certificate.ground, certificate.reason = command.ground, command.reason
    _advance(session, certificate, Action.VOID, command, actor, at)
    warranty_followup.called_off(session, certificate, actor=actor, at=at)


def expire(session: Session, certificate: WarrantyCertificate, *, at: datetime) -> None:
    """The last term is over: the portal says so by itself, the project is out of warranty."""
    if certificate.state not in rules.VALID or certificate.ends_on is None or certificate.ends_on >= clock.today(at):
        return
    steps.advance(session, certificate, Action.EXPIRE, actor=None, at=at, entered={})
    projects.expired(session, certificate.project, at=at)


def over(session: Session, at: datetime, limit: int = 200) -> list[WarrantyCertificate]:
    """Valid certificates whose last term is over."""
    query = select(WarrantyCertificate).where(
        WarrantyCertificate.state.in_(sorted(rules.VALID)), WarrantyCertificate.ends_on < clock.today(at)
    )
    return list(session.scalars(query.order_by(WarrantyCertificate.id).limit(limit)))


def ending(session: Session, at: datetime) -> list[WarrantyTerm]:
    """Terms of valid certificates that end within the days of the setting, the soonest first."""
    today = clock.today(at)
    last = today + timedelta(days=int(settings.get(session, "warranty_notice_days")))
    query = (
        select(WarrantyTerm)
        .join(WarrantyCertificate, WarrantyCertificate.id == WarrantyTerm.certificate_id)
        .where(WarrantyCertificate.state.in_(sorted(rules.VALID)))
        .where(WarrantyTerm.ends_on >= today, WarrantyTerm.ends_on <= last)
        .order_by(WarrantyTerm.ends_on, WarrantyTerm.id)
    )
    return list(session.scalars(query))


def verdict(
    session: Session, project: Project | None, trade: str, on: date
) -> tuple[Verdict, WarrantyCertificate | None]:
    """What the archive says about a defect: the verdict of the dates and the certificate it comes from."""
    certificate = of_project(session, project.id) if project is not None else None
    if certificate is None:
        return Verdict(rules.Standing.NO_TERM), None
    return verdict_by(session, certificate, trade, on), certificate


def verdict_by(session: Session, certificate: WarrantyCertificate, trade: str, on: date) -> Verdict:
    """What the terms of a certificate say about a defect of a trade on a day."""
    return rules.verdict(
        [(term.trade, term.starts_on, term.ends_on) for term in certificate.terms],
        trade,
        on,
        is_valid=certificate.state in (*rules.VALID, State.EXPIRED),
        borderline_days=int(settings.get(session, "warranty_borderline_days")),
    )


def of_project(session: Session, project_id: int) -> WarrantyCertificate | None:
    """The certificate of a project; None: there is none."""
    return session.scalars(
        select(WarrantyCertificate).where(WarrantyCertificate.project_id == project_id)
    ).one_or_none()


def _term(trade: Trade, starts_on: date, years: int) -> WarrantyTerm:
    return WarrantyTerm(trade=trade, years=years, starts_on=starts_on, ends_on=last_day(starts_on, years))


def _check(
    session: Session, certificate: WarrantyCertificate, command: IssueWarranty, years: Mapping[Trade, int], at: datetime
) -> None:
    problems: dict[str, Text | str] = {}
    if command.evaluation == Evaluation.COLLECTED and surveys.collected(session, certificate.project) is None:
        problems["evaluation"] = N_("F-18 is not answered yet. Enter the answers of the evaluation first.")
    if command.starts_on > clock.today(at):
        problems["starts_on"] = N_("This day is still to come.")
    for trade, count in years.items():
        least = least_years(session, trade)
        if count < least:
            problems[f"years_{trade.lower()}"] = N_("The law gives at least %(years)s years.") % {"years": least}
    if problems:
        raise Invalid(problems)


def _advance(
    session: Session, certificate: WarrantyCertificate, action: str, command: Any, actor: User, at: datetime
) -> None:
    entered = steps.entered_of(command)
    said = {name: value for name, value in entered.items() if name != "years"}
    session.flush()
    steps.advance(session, certificate, action, actor=actor, at=at, entered=entered, said=steps.said_of(said))


def term_lines(terms: Iterable[WarrantyTerm]) -> list[tuple[str, int, date]]:
    """(trade, years, last day) of each term, as the form and the page show them."""
    return [(Trade.show(term.trade), term.years, term.ends_on) for term in terms]
