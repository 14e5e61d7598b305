"""P16 loans of files: asked for, decided, handed out, returned. Rules: `processes/archive_loan.py`. Source: `domain.md` 4.16, R-21, DL-24."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from portal import clock, settings, visibility
from portal.calendar import compute_due
from portal.errors import DomainError, Invalid
from portal.i18n import N_
from portal.models.approval import Approval
from portal.models.archive import ArchiveLoan
from portal.models.org import Department, Party, User
from portal.models.project import Project
from portal.models.task import Task
from portal.permissions import Role
from portal.processes import archive_loan as rules
from portal.processes.approval import What
from portal.processes.archive_loan import Action, Mode, Secrecy
from portal.services import approvals, assignment, calendars, numbering, steps, telling
from portal.services.approvals import Request, TakeBack, Word

TELL_APPLICANT = N_("Telephone applicant and head: file not back (DL-24)")


def visible_to(user: User) -> Select[ArchiveLoan]:
    """The loans that exist for this person."""
    return visibility.visible_to(user, ArchiveLoan)


@dataclass(frozen=True, slots=True)
class Ask:
    """Who needs the file and what for. `applicant` None: whoever asks, for their own need."""

    purpose: str
    mode: str
    place: str
    applicant: str | None = None
    department: str | None = None
    wanted_until: date | None = None


@dataclass(frozen=True, slots=True)
class HandOut:
    """The file goes out. `due_at` None: counted from `out_at` by DL-24."""

    out_at: datetime
    pages_out: int
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TakeIn:
    """What came back, and how."""

    returned_at: datetime
    pages_back: int | None
    condition: str
    condition_note: str | None = None


def may_ask_for_others(user: User) -> bool:
    """Whether the person writes down what people without a login ask for (4.16)."""
    return user.role in (Role.SPECIALIST, Role.MANAGER)


def ask(session: Session, project: Project, command: Ask, *, actor: User, at: datetime) -> ArchiveLoan:
    """Ask for the file of a project; consent is asked for with it. Raises Invalid by field, ConditionsMissing."""
    own = command.applicant is None
    if not own and not may_ask_for_others(actor):
        raise Invalid({"applicant": N_("Ask for your own need; for others the specialist does.")})
    if not own and command.department is None:
        raise Invalid({"department": N_("Say to which department the applicant belongs.")})
    if command.wanted_until is not None and command.wanted_until < clock.today(at):
        raise Invalid({"wanted_until": N_("This day is over.")})
    loan = ArchiveLoan(
        number=numbering.next_number(session, ArchiveLoan.PREFIX, at),
        branch_id=project.branch_id,
        project_id=project.id,
        customer_id=project.customer_id,
        owner_id=_keeper(session, project, actor),
        applicant=actor.name if command.applicant is None else command.applicant,
        applicant_user_id=actor.id if own else None,
        department=command.department if not own else Department.SERVICE,
        purpose=command.purpose,
        mode=command.mode,
        place=command.place,
        wanted_until=command.wanted_until,
        secrecy=project.archive_secrecy,
    )
    set_committed_value(loan, "project", project)  # what the guards look at; the row itself is not there yet
    set_committed_value(loan, "customer", project.customer)
    entered = steps.entered_of(command) | {"applicant": loan.applicant, "department": loan.department}
    steps.begin(session, loan, Action.ASK, actor=actor, at=at, entered=entered)
    request = Request(
        What.ARCHIVE_LOAN,
        f"{project.archive_number or project.number} · {loan.subject}",
        is_top_secret=loan.secrecy == Secrecy.TOP,
    )
    loan.approval = approvals.ask(session, loan, request, actor=actor, at=at)
    return loan


def approve(session: Session, loan: ArchiveLoan, word: Word, *, actor: User, at: datetime) -> None:
    """Take down a consent; with the last one it takes the file may be handed out."""
    steps.check_permission(actor, loan.PROCESS.transition(loan.state, Action.APPROVE))
    if not approvals.approve(session, _asked(loan), word, actor=actor, at=at):
        return
    loan.approved_at, loan.decision = at, word.reason
    _advance(session, loan, Action.APPROVE, word, actor, at, acted_by=word.person)


def refuse(session: Session, loan: ArchiveLoan, word: Word, *, actor: User, at: datetime) -> None:
    """The file stays where it is; it may be asked for anew."""
    steps.check_permission(actor, loan.PROCESS.transition(loan.state, Action.REFUSE))
    approvals.refuse(session, _asked(loan), word, actor=actor, at=at)
    loan.decision = word.reason
    _advance(session, loan, Action.REFUSE, word, actor, at, acted_by=word.person)


def recall(session: Session, loan: ArchiveLoan, command: TakeBack, *, actor: User, at: datetime) -> None:
    """Request or consent is taken back before the file is handed out."""
    steps.check_permission(actor, loan.PROCESS.transition(loan.state, Action.RECALL))
    approvals.take_back(session, _asked(loan), command, actor=actor, at=at)
    loan.decision = command.reason
    _advance(session, loan, Action.RECALL, command, actor, at)


def usual_due(session: Session, mode: str, out_at: datetime) -> datetime:
    """When a file that goes out then has to be back (DL-24): on site and for copies counted in days, lent in working days."""
    due = compute_due(out_at, calendars.limit(session, rules.LIMITS[Mode(mode)]), calendars.current(session)).due_at
    assert due is not None
    return due


def hand_out(session: Session, loan: ArchiveLoan, command: HandOut, *, actor: User, at: datetime) -> None:
    """The papers are counted and go out; DL-24 runs. Raises Invalid by field, ConditionsMissing."""
    steps.check_permission(actor, loan.PROCESS.transition(loan.state, Action.HAND_OUT))
    session.execute(select(Project.id).where(Project.id == loan.project_id).with_for_update())
    loan.other_loan = other_loan(session, loan)
    due_at = command.due_at or usual_due(session, loan.mode, command.out_at)
    if due_at <= command.out_at:
        raise Invalid({"due_at": N_("It is to be returned after it was handed out.")})
    if loan.approved_at is not None and command.out_at < loan.approved_at.replace(second=0, microsecond=0):
        raise Invalid({"out_at": N_("Consent was not given yet at that moment.")})
    loan.out_at, loan.pages_out, loan.due_at = command.out_at, command.pages_out, due_at
    entered = steps.entered_of(command) | {"due_at": due_at}
    steps.advance(session, loan, Action.HAND_OUT, actor=actor, at=at, entered=entered)
    if loan.approval is not None:
        approvals.used(loan.approval, at)


def missed(session: Session, task_id: int, *, at: datetime) -> None:
    """DL-24 ran out: the loan is overdue, whoever keeps the file telephones. Asked twice, it is said once."""
    task = session.get(Task, task_id)
    loan = session.get(ArchiveLoan, task.record_id) if task and task.record_kind == ArchiveLoan.KIND else None
    if loan is None or task is None or task.closed_at is not None or loan.state != rules.State.OUT:
        return
    steps.advance(session, loan, Action.RUN_OVER, actor=None, at=at, entered={})
    if loan.applicant_user_id is None:
        detail = f"{Department.show(loan.department)} · {loan.applicant}"
        telling.have_told(session, loan, TELL_APPLICANT, detail=detail, at=at, person=loan.owner)


def take_in(session: Session, loan: ArchiveLoan, command: TakeIn, *, actor: User, at: datetime) -> None:
    """The papers are counted and stand on their shelf again. Raises Invalid by field, ConditionsMissing."""
    _came_back(loan, command)
    _advance(session, loan, Action.RETURN, command, actor, at)
    telling.was_told(session, loan, TELL_APPLICANT, actor=actor, at=at)


def lose(session: Session, loan: ArchiveLoan, command: TakeIn, *, actor: User, at: datetime) -> None:
    """Not everything came back whole: what is missing or damaged is written down, managers are told."""
    _came_back(loan, command)
    _advance(session, loan, Action.LOSE, command, actor, at)
    telling.was_told(session, loan, TELL_APPLICANT, actor=actor, at=at)


def other_loan(session: Session, loan: ArchiveLoan) -> str:
    """The number of the loan by which the file is with somebody else; empty: it is there."""
    numbers = papers_out(session, loan.project_id)
    return next((number for number in numbers if number != loan.number), "")


def papers_out(session: Session, project_id: int) -> Sequence[str]:
    """The loans by which papers of a project are out."""
    query = select(ArchiveLoan.number).where(
        ArchiveLoan.project_id == project_id, ArchiveLoan.state.in_(sorted(rules.PAPERS_OUT))
    )
    return session.scalars(query.order_by(ArchiveLoan.id)).all()


def place_as_set(session: Session) -> str:
    """Where files are read unless another place is agreed (R-21)."""
    return str(settings.get(session, "archive_place"))


def _keeper(session: Session, project: Project, actor: User) -> int | None:
    found = assignment.owner_for(session, customer=project.customer, actor=actor, branch_id=project.branch_id)
    return found.id if found is not None else None


def _asked(loan: ArchiveLoan) -> Approval:
    if loan.approval is None:
        raise DomainError(N_("Consent was not asked for."))
    return loan.approval


def _came_back(loan: ArchiveLoan, command: TakeIn) -> None:
    if loan.out_at is not None and command.returned_at < loan.out_at.replace(second=0, microsecond=0):
        raise Invalid({"returned_at": N_("It was not handed out yet then.")})
    loan.returned_at, loan.pages_back = command.returned_at, command.pages_back
    loan.condition, loan.condition_note = command.condition, command.condition_note


def _advance(
    session: Session, loan: ArchiveLoan, action: str, command: Any, actor: User, at: datetime,
    *, acted_by: Party | None = None,
) -> None:  # fmt: skip
    entered = steps.entered_of(command)
    session.flush()
    steps.advance(
        session, loan, action, actor=actor, at=at, entered=entered, said=steps.said_of(entered), acted_by=acted_by
    )
