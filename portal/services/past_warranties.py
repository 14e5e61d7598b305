"""Warranty certificates that were issued before the portal: the archive that repairs are checked against. Source: `domain.md` 3.15, 4.13."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Invalid
from portal.i18n import N_, Text
from portal.models.contract import Contract
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.project import Project
from portal.models.repair import Evaluation, WarrantyCertificate, WarrantyTerm
from portal.processes.repair import Trade
from portal.processes.warranty import PROCESS, TRADES, State, last_day
from portal.services import assignment, events, numbering, projects, warranties
from portal.services.fields import Field, cleaned, link, stamp, term
from portal.services.warranty_terms import promised_years

L = PROCESS.field_labels
FIELDS: dict[str, Field] = {
    "project_id": link(N_("Project"), Project),
    "starts_on": Field(L["starts_on"]),
    "evaluation": term(L["evaluation"], Evaluation),
    "issued_on": Field(N_("Issued on", "warranty")),
    "paid_on": Field(N_("Paid in full on", "warranty")),
    "received_by": Field(L["received_by"]),
    "exclusions": Field(L["exclusions"]),
    **{f"years_{trade.lower()}": Field(N_("%(trade)s: years") % {"trade": trade.label}) for trade in TRADES},
    "remarks": Field(N_("Remarks")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PastWarranty:
    """A certificate as it was issued on paper. `issued_on`, `paid_on` None: the day of acceptance.

    Years None: those of the contract's template, else the usual ones.
    """

    project_id: int
    starts_on: date
    evaluation: str
    issued_on: date | None = None
    paid_on: date | None = None
    received_by: str | None = None
    exclusions: str | None = None
    years_basic: int | None = None
    years_water_electric: int | None = None
    years_waterproof: int | None = None
    years_woodwork: int | None = None
    years_hardware: int | None = None
    years_paint: int | None = None
    remarks: str | None = None

    def years(self, trade: Trade) -> int | None:
        """The years the paper gives the trade."""
        given: int | None = getattr(self, f"years_{trade.lower()}")
        return given


def enter(
    session: Session, command: PastWarranty, *, number: str, actor: User, at: datetime
) -> WarrantyCertificate:  # fmt: skip
    """Take a certificate over under its number: the works stand in warranty, or out of it. Raises Invalid by field.

    It was issued once: no clock starts, nothing is printed, nobody is told or invited.
    """
    project = session.get_one(Project, command.project_id)
    numbering.check_own(WarrantyCertificate, number)
    contract = _check(session, project, command, at)
    terms = [
        _term(trade, command.starts_on, command.years(trade) or promised_years(session, contract, trade))
        for trade in TRADES
    ]
    ends_on = max(term.ends_on for term in terms)
    is_over = ends_on < clock.today(at)
    certificate = WarrantyCertificate(
        number=number,
        state=State.EXPIRED if is_over else State.ISSUED,
        branch_id=contract.branch_id,
        project=project,
        contract=contract,
        customer=contract.customer,
        owner=assignment.owner_for(session, customer=contract.customer, actor=actor, branch_id=contract.branch_id),
        paid_on=command.paid_on or command.starts_on,
        starts_on=command.starts_on,
        ends_on=ends_on,
        acceptance_signed=True,
        evaluation=command.evaluation,
        issued_at=clock.at_local(command.issued_on or command.starts_on),
        received_by=cleaned(command.received_by),
        exclusions=cleaned(command.exclusions),
        template=contract.template.name if contract.template is not None else None,
        remarks=cleaned(command.remarks),
        terms=terms,
    )
    stamp(certificate, actor=actor, at=at)
    session.add(certificate)
    session.flush()
    events.record(session, EventKind.CREATED, at=at, actor=actor, record=certificate, to=certificate.state)
    projects.warranted(session, project, at=at)
    if is_over:
        projects.expired(session, project, at=at)
    return certificate


def _term(trade: Trade, starts_on: date, years: int) -> WarrantyTerm:
    return WarrantyTerm(trade=trade, years=years, starts_on=starts_on, ends_on=last_day(starts_on, years))


def _check(session: Session, project: Project, command: PastWarranty, at: datetime) -> Contract:
    """The contract of the works. Raises Invalid by field."""
    contract: Contract | None = project.contract
    known = warranties.of_project(session, project.id)
    today, problems = clock.today(at), dict[str, Text | str]()
    if known is not None:
        problems["project_id"] = N_("This project has the certificate %(number)s already.") % {"number": known.number}
    elif contract is None:
        problems["project_id"] = N_("This project has no contract.")
    if command.starts_on > today:
        problems["starts_on"] = N_("This day is still to come.")
    if command.issued_on is not None and not command.starts_on <= command.issued_on <= today:
        problems["issued_on"] = N_("A certificate is issued after the acceptance, and no later than today.")
    if problems or contract is None:
        raise Invalid(problems)
    return contract
