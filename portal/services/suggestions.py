"""P08 suggestions: registered from wherever they were said, weighed, sent, decided, put into effect, answered. Rules: `processes/suggestion.py`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.errors import Invalid
from portal.i18n import N_, Text
from portal.models.consultation import Channel, Consultation
from portal.models.customer import Customer
from portal.models.org import Party, User
from portal.models.project import Project
from portal.models.suggestion import Suggestion
from portal.processes.suggestion import Action, Decision, State
from portal.services import assignment, consultations, numbering, steps


@dataclass(frozen=True, slots=True)
class RegisterSuggestion:
    """What was said, by whom and where. `source`: the contact, call or survey it was said in; any record."""

    content: str
    received_at: datetime
    channel: str = Channel.PHONE
    name: str | None = None
    phone: str | None = None
    customer: Customer | None = None
    project: Project | None = None
    source: Any = None


@dataclass(frozen=True, slots=True)
class SendSuggestion:
    """What it is worth, to which department it goes, and by when the customer was told to hear again."""

    department: str
    worth: str
    worth_note: str
    sent_at: datetime
    sent_to: Party | None = None
    expected_on: date | None = None


@dataclass(frozen=True, slots=True)
class DecideSuggestion:
    """What the department says, when and by whom."""

    decision: str
    decision_note: str
    decided_at: datetime
    decided_by: Party | None = None


@dataclass(frozen=True, slots=True)
class ImplementSuggestion:
    """What was changed, and since when."""

    progress: str
    done_at: datetime


@dataclass(frozen=True, slots=True)
class AnswerCustomer:
    """What the customer was told; `is_satisfied` None: not asked."""

    answer: str
    answered_at: datetime
    is_satisfied: bool | None = None


def visible_to(user: User) -> Select[Suggestion]:
    """The suggestions that exist for this person."""
    return visibility.visible_to(user, Suggestion)


def register(session: Session, command: RegisterSuggestion, *, actor: User, at: datetime) -> Suggestion:
    """Write a suggestion down; the specialist is told. Of a contact nothing is left to write then. Raises Invalid."""
    customer, source = command.customer, command.source
    branch_id = customer.branch_id if customer is not None else actor.branch_id
    suggestion = Suggestion(
        number=numbering.next_number(session, Suggestion.PREFIX, at),
        branch_id=branch_id,
        name=command.name or (customer.name if customer is not None else None),
        phone=command.phone or (customer.phone if customer is not None else None),
        channel=command.channel,
        content=command.content,
        received_at=command.received_at,
        customer=customer,
        project=command.project,
        owner=assignment.owner_for(session, customer=customer, actor=actor, branch_id=branch_id),
    )
    if source is not None:
        suggestion.source_kind, suggestion.source_id, suggestion.source_number = source.KIND, source.id, source.number
    entered = {"content": command.content, "received_at": command.received_at}
    steps.begin(session, suggestion, Action.RECORD, actor=actor, at=at, entered=entered)
    if isinstance(source, Consultation):
        consultations.case_written(session, source, actor=actor, at=at)
    return suggestion


def send(session: Session, suggestion: Suggestion, command: SendSuggestion, *, actor: User, at: datetime) -> None:
    """It goes to the department, with what it is worth (DL-09 starts)."""
    _not_before(command.sent_at, suggestion.received_at, "sent_at", N_("It was not made yet then."))
    if command.expected_on is not None and command.expected_on < clock.today(command.sent_at):
        raise Invalid({"expected_on": N_("This day lies before it was sent.")})
    _take(session, suggestion, Action.SEND, command, actor, at)


def decide(session: Session, suggestion: Suggestion, command: DecideSuggestion, *, actor: User, at: datetime) -> None:
    """The department has decided (DL-09 met)."""
    _not_before(command.decided_at, suggestion.sent_at, "decided_at", N_("It was not sent yet then."))
    _take(session, suggestion, Action.DECIDE, command, actor, at, acted_by=command.decided_by)


def implement(
    session: Session, suggestion: Suggestion, command: ImplementSuggestion, *, actor: User, at: datetime
) -> None:
    """What was adopted is in effect."""
    _not_before(command.done_at, suggestion.decided_at, "done_at", N_("It was not decided yet then."))
    _take(session, suggestion, Action.IMPLEMENT, command, actor, at)


def answer(session: Session, suggestion: Suggestion, command: AnswerCustomer, *, actor: User, at: datetime) -> None:
    """The customer was told: what was done, or why nothing is."""
    since = suggestion.done_at or suggestion.decided_at
    _not_before(command.answered_at, since, "answered_at", N_("There was nothing to tell yet then."))
    action = Action.EXPLAIN if suggestion.state == State.DECIDED else Action.ANSWER
    _take(session, suggestion, action, command, actor, at)


def is_adopted(suggestion: Suggestion) -> bool:
    """Whether something is to be put into effect."""
    return suggestion.decision in (Decision.ADOPTED, Decision.PARTLY)


def number_of_source(session: Session, source: Any) -> str | None:
    """The number of the newest suggestion that was made in a contact, call or survey; None: there is none."""
    query = select(Suggestion.number).where(Suggestion.source_kind == source.KIND, Suggestion.source_id == source.id)
    return session.scalars(query.order_by(Suggestion.id.desc()).limit(1)).one_or_none()


def _not_before(moment: datetime, earliest: datetime | None, name: str, sentence: Text) -> None:
    if earliest is not None and moment < earliest.replace(second=0, microsecond=0):  # forms know minutes
        raise Invalid({name: sentence})


def _take(
    session: Session, suggestion: Suggestion, action: Action, command: Any, actor: User, at: datetime,
    *, acted_by: Party | None = None,
) -> None:  # fmt: skip
    steps.check_permission(actor, suggestion.PROCESS.transition(suggestion.state, action))
    entered = steps.entered_of(command)
    for name, value in entered.items():
        setattr(suggestion, name, value)
    steps.advance(
        session, suggestion, action, actor=actor, at=at, entered=entered, said=steps.said_of(entered),
        acted_by=acted_by,
    )  # fmt: skip
