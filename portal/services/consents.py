"""What a decision means for the record it is about: the inbox and the page of a request end in the record's own step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from portal.errors import DomainError
from portal.i18n import N_
from portal.models.approval import Approval
from portal.models.archive import ArchiveLoan
from portal.models.cancellation import Cancellation
from portal.models.complaint import Escalation
from portal.models.knowledge import KnowledgeArticle
from portal.models.org import User
from portal.models.penalty import PenaltyEntry
from portal.models.repair import RepairCostCase
from portal.processes.approval import State, What
from portal.services import archive_loans, cancellations, compensations, knowledge, penalty_steps, repair_costs
from portal.services.approvals import TakeBack, Word

Act = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Subject:
    """The record type a kind of request is about, and its steps."""

    model: type[Any]
    approve: Act
    refuse: Act
    take_back: Act


SUBJECTS: dict[str, Subject] = {
    What.COMPENSATION: Subject(Escalation, compensations.approve, compensations.refuse, compensations.recall),
    What.CANCELLATION: Subject(Cancellation, cancellations.approve, cancellations.refuse, cancellations.recall),
    What.COST_CASE: Subject(RepairCostCase, repair_costs.approve, repair_costs.refuse, repair_costs.recall),
    What.ARCHIVE_LOAN: Subject(ArchiveLoan, archive_loans.approve, archive_loans.refuse, archive_loans.recall),
    What.KNOWLEDGE: Subject(KnowledgeArticle, knowledge.approve, knowledge.refuse, knowledge.recall),
    What.PENALTY: Subject(PenaltyEntry, penalty_steps.consent, penalty_steps.refuse, penalty_steps.take_back),
}


def approve(session: Session, approval: Approval, word: Word, *, actor: User, at: datetime) -> None:
    """Take a consent down where it was asked for; with the last word it takes, the record goes on."""
    subject, record = _record(session, approval)
    subject.approve(session, record, word, actor=actor, at=at)


def refuse(session: Session, approval: Approval, word: Word, *, actor: User, at: datetime) -> None:
    """Take a refusal down; the record goes back."""
    subject, record = _record(session, approval)
    subject.refuse(session, record, word, actor=actor, at=at)


def take_back(session: Session, approval: Approval, command: TakeBack, *, actor: User, at: datetime) -> None:
    """Take back request or consent; the record goes back to where it was asked for."""
    subject, record = _record(session, approval, (State.WAITING, State.APPROVED))
    subject.take_back(session, record, command, actor=actor, at=at)


def _record(session: Session, approval: Approval, states: tuple[State, ...] = (State.WAITING,)) -> tuple[Subject, Any]:
    if approval.state not in states:
        raise DomainError(N_("This was decided already."))
    subject = SUBJECTS[approval.what]
    return subject, session.get_one(subject.model, approval.record_id)
