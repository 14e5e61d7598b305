"""Figures of reception, contracts and files. Source: `domain.md` 6.2, M-60 to M-63, M-80."""

from __future__ import annotations

from sqlalchemy import exists, or_, select

from portal.i18n import N_
from portal.metrics import clocks
from portal.metrics.hindsight import only_later
from portal.metrics.questions import Count, Period, Question, Rows, Share
from portal.metrics.registry import Unit, metric
from portal.models.archive import ArchiveLoan
from portal.models.completion import CompletionAcceptance
from portal.models.consultation import Consultation
from portal.models.contract import Contract
from portal.models.customer import Customer
from portal.models.project import Project
from portal.models.works import ProjectPaper
from portal.permissions import Permission
from portal.processes.archive_loan import PAPERS_OUT
from portal.processes.archive_loan import Action as Loan
from portal.processes.consultation import Action

P = Permission


def _leads(period: Period) -> Rows:
    return Rows(Customer, (period.holds(Customer.created_at),))


def signed(period: Period) -> Rows:
    """Contracts signed in the period, also those that were cancelled later."""
    return Rows(Contract, (period.holds_day(Contract.signed_on),))


@metric("M-60", N_("Calls, visits and online contacts", "metric"), Unit.COUNT, P.CONSULTATION_VIEW, "more")
def contacts(period: Period) -> Question:
    """Contacts of the period, by channel."""
    return Count(Rows(Consultation, (period.holds(Consultation.occurred_at),)))


@metric("M-60.leads", N_("New leads", "metric"), Unit.COUNT, P.CUSTOMER_VIEW, "more")
def leads(period: Period) -> Question:
    """Customers registered in the period."""
    return Count(_leads(period))


@metric("M-61", N_("Closing rate of leads", "metric"), Unit.PERCENT, P.CONTRACT_VIEW, "more")
def conversion(period: Period) -> Question:
    """Contracts signed in the period ÷ new leads of the period."""
    return Share(signed(period), _leads(period))


@metric("M-62", N_("Contracts signed", "metric"), Unit.COUNT, P.CONTRACT_VIEW, "more")
def contracts(period: Period) -> Question:
    """Contracts signed in the period, by kind and amount."""
    return Count(signed(period))


@metric("M-63", N_("Questions answered in time", "metric"), Unit.PERCENT, P.CONSULTATION_VIEW, "more")
def answered_in_time(period: Period) -> Question:
    """Forwarded questions answered within DL-01 ÷ forwarded in the period; what still runs counts in neither."""
    return clocks.kept_of_started(period, "DL-01", Consultation)


@metric("M-63.satisfied", N_("Satisfied at the window", "metric"), Unit.PERCENT, P.CONSULTATION_VIEW, "more")
def satisfied(period: Period) -> Question:
    """Contacts of the period whose caller or visitor was satisfied ÷ those who had been asked by its end."""
    asked_later = only_later(Consultation, (Action.CLOSE,), period)
    whole = Rows(
        Consultation, (period.holds(Consultation.occurred_at), Consultation.is_satisfied.is_not(None), ~asked_later)
    )
    return Share(whole.only(Consultation.is_satisfied.is_(True)), whole)


@metric("M-80.opened", N_("Files opened in time", "metric"), Unit.PERCENT, P.PROJECT_VIEW, "more")
def opened_in_time(period: Period) -> Question:
    """Files opened within DL-05 ÷ files opened in the period."""
    return clocks.kept_of_ended(period, "DL-05", Project)


@metric("M-80.complete", N_("Files complete", "metric"), Unit.PERCENT, P.PROJECT_VIEW, "more")
def complete(period: Period) -> Question:
    """Files without a required paper missing at the end of the period ÷ files that could be closed in it: of projects settled then."""
    settled = select(CompletionAcceptance.project_id).where(period.holds_day(CompletionAcceptance.settled_on))
    missing = exists(ProjectPaper.id).where(
        ProjectPaper.project_id == Project.id,
        ProjectPaper.is_required,
        or_(ProjectPaper.present_on.is_(None), ProjectPaper.present_on > period.last),
    )
    whole = Rows(Project, (Project.id.in_(settled),))
    return Share(whole.only(~missing), whole)


@metric("M-80.loans", N_("Loans overdue", "metric"), Unit.COUNT, P.LOAN_VIEW, "less")
def overdue_loans(period: Period) -> Question:
    """Files that were to be back by the end of the period's last day and were not (DL-24)."""
    came_later = only_later(ArchiveLoan, (Loan.RETURN, Loan.LOSE), period)
    still_out = or_(ArchiveLoan.state.in_(sorted(PAPERS_OUT)), came_later)
    return Count(Rows(ArchiveLoan, (ArchiveLoan.due_at < period.end, still_out)))
