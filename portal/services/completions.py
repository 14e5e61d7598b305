"""P12 completion acceptance: own check, notice, acceptance per room and trade, the last money. Source: `domain.md` 3.14, 4.12.

Rules: `processes/completion.py`. The day of the acceptance starts the warranty (P13).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal import clock, formatting, settings, visibility
from portal.errors import ConditionsMissing, DomainError, Invalid
from portal.files.intake import Accepted
from portal.i18n import N_, Text, _
from portal.models.completion import CompletionAcceptance, CompletionCheck, CompletionRound, CompletionSignature
from portal.models.contract import PaymentKind
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.project import Project
from portal.models.task import TaskKind
from portal.permissions import Role
from portal.processes import project as project_rules
from portal.processes.completion import PAPERS, PROCESS, Action, State, Verdict, fingerprint, gives_time
from portal.services import (
    assignment,
    attachments,
    calendars,
    contracts,
    events,
    numbering,
    projects,
    steps,
    tasks,
    warranties,
    works,
)

RECTIFY = N_("Have the refused items rectified")


@dataclass(frozen=True, slots=True)
class OwnCheck:
    """The site checks itself before the customer comes."""

    self_checked_at: datetime
    initial_checked_at: datetime
    initial_present: str
    defects_removed: bool | None
    initial_result: str | None = None


@dataclass(frozen=True, slots=True)
class SendNotice:
    """The notice F-12: when, where, who comes, how the customer was told."""

    notice_sent_at: datetime
    notice_channel: str
    appointed_at: datetime
    place: str
    invited: str


@dataclass(frozen=True, slots=True)
class Line:
    """What the customer says to a line; `id` None: a line that is added."""

    verdict: str | None
    remark: str | None = None
    id: int | None = None
    room: str = ""
    trade: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class Accept:
    """The customer accepts and signs what is shown."""

    accepted_at: datetime
    present: str
    conclusion: str
    signed_by: str
    shown: str
    shown_hash: str
    signature: Accepted | None = None
    customer_words: str | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """A part was refused: what must be done, until when."""

    refused_at: datetime
    requirement: str
    limit_on: date


@dataclass(frozen=True, slots=True)
class Again:
    """What was refused is rectified; the next appointment."""

    rectified_on: date
    appointed_at: datetime
    place: str


@dataclass(frozen=True, slots=True)
class Settle:
    """The last money as finance reported it, in yuan."""

    amount: Decimal
    paid_on: date
    receipt_no: str


def visible_to(user: User) -> Select[CompletionAcceptance]:
    """The completion acceptances that exist for the person."""
    return visibility.visible_to(user, CompletionAcceptance)


def of_project(session: Session, project_id: int) -> CompletionAcceptance | None:
    """The acceptance of a project; None: it is not prepared yet."""
    query = select(CompletionAcceptance).where(CompletionAcceptance.project_id == project_id)
    return session.scalars(query).one_or_none()


def missing_papers(session: Session, project: Project) -> list[str]:
    """The papers that must be in the file before the acceptance and are not, also where no list was ticked yet."""
    listed = SimpleNamespace(papers=works.papers_of(session, project, project_rules.PaperStage.COMPLETION))
    return project_rules.missing_papers(listed, project_rules.PaperStage.COMPLETION)


def lacking(session: Session, project: Project) -> list[Text]:
    """What is missing before the acceptance can be prepared, papers by their names; empty: it can be."""
    found = [] if project.contract is not None else [N_("the contract of the project")]
    step = PROCESS.transition(None, Action.PREPARE)
    for guard in PROCESS.unmet(step, SimpleNamespace(project=project), entered=False):
        papers = missing_papers(session, project) if guard is PAPERS else []
        found.append(
            N_("papers of the completion (%(papers)s)") % {"papers": "、".join(papers)} if papers else guard.label
        )
    return found


# ---------- Steps ----------


def prepare(session: Session, project: Project, *, actor: User, at: datetime) -> CompletionAcceptance:
    """Prepare the acceptance of a project. Raises ConditionsMissing, DomainError when there is one or no contract."""
    if of_project(session, project.id) is not None:
        raise DomainError(N_("The acceptance of this project is prepared already."))
    if project.contract is None:
        raise DomainError(N_("The project has no contract yet."))
    completion = CompletionAcceptance(
        branch_id=project.branch_id,
        project=project,
        contract=project.contract,
        customer=project.customer,
        owner=assignment.owner_for(session, customer=project.customer, actor=actor, branch_id=project.branch_id),
        checks=usual_lines(session),
    )
    with session.no_autoflush:
        step = completion.PROCESS.transition(None, Action.PREPARE)
        steps.check_permission(actor, step)
        if missing := lacking(session, project):
            raise ConditionsMissing(missing)
        completion.number = numbering.next_number(session, CompletionAcceptance.PREFIX, at)
        steps.begin(session, completion, Action.PREPARE, actor=actor, at=at, entered={})
    return completion


def usual_lines(session: Session) -> list[CompletionCheck]:
    """The lines of the acceptance as the setting lists them: room, trade and what is looked at."""
    found = []
    for line in settings.get(session, "completion_checks"):
        parts = [part.strip() for part in line.removeprefix("*").replace(":", "：").split("：", 2)]
        room, trade, what = ["", *parts][-3:] if len(parts) > 1 else ["", "", parts[0]]
        found.append(CompletionCheck(room=room[:50], trade=trade[:50], what=what[:200]))
    return found


def check(session: Session, completion: CompletionAcceptance, command: OwnCheck, *, actor: User, at: datetime) -> None:
    """The own check of project manager, team leader and quality staff."""
    if command.self_checked_at > command.initial_checked_at:
        raise Invalid({"self_checked_at": N_("The self-check comes before the check of the project manager.")})
    completion.self_checked_at, completion.initial_checked_at = command.self_checked_at, command.initial_checked_at
    completion.initial_present, completion.initial_result = command.initial_present, command.initial_result
    completion.defects_removed = bool(command.defects_removed)
    _advance(session, completion, Action.CHECK, command, actor, at)


def send_notice(
    session: Session, completion: CompletionAcceptance, command: SendNotice, *, actor: User, at: datetime
) -> None:
    """Send the notice F-12; refused when it leaves the customer less time than the setting asks for."""
    completion.notice_hours = int(settings.get(session, "completion_notice_hours"))
    completion.notice_sent_at, completion.notice_channel = command.notice_sent_at, command.notice_channel
    completion.appointed_at, completion.place = command.appointed_at, command.place
    completion.invited = command.invited
    if not gives_time(completion):
        least = command.notice_sent_at + timedelta(hours=completion.notice_hours)
        said = {"hours": completion.notice_hours, "moment": formatting.moment(least)}
        raise Invalid(
            {
                "appointed_at": N_("The customer needs at least %(hours)s hours: not before %(moment)s.") % said,
            }
        )
    _advance(session, completion, Action.SEND_NOTICE, command, actor, at)


def keep_lines(
    session: Session, completion: CompletionAcceptance, lines: Sequence[Line], *, actor: User, at: datetime
) -> None:
    """Write down what the customer says to each line, and lines that are added. A given signature no longer counts."""
    if completion.state != State.NOTICE_SENT:
        raise DomainError(N_("Results are written down at the appointed acceptance."))
    steps.check_permission(actor, completion.PROCESS.transition(completion.state, Action.ACCEPT))
    problems: dict[str, Text | str] = {}
    known = {line.id: line for line in completion.checks}
    for entered in lines:
        name = f"remark_{entered.id}" if entered.id else "new_remark"
        if entered.verdict == Verdict.REFUSED and not (entered.remark or "").strip():
            problems[name] = N_("Say what is wrong.")
        if entered.id is None and not entered.what.strip():
            problems["new_what"] = N_("Say what is looked at.")
    if problems:
        raise Invalid(problems)
    changes: dict[str, list[Any]] = {}
    for entered in lines:
        if entered.id is None:
            row = CompletionCheck(room=entered.room, trade=entered.trade, what=entered.what.strip())
            completion.checks.append(row)
        elif entered.id in known:
            row = known[entered.id]
        else:
            continue
        if (row.verdict, row.remark) != (entered.verdict, entered.remark):
            changes[said_of(row)] = [_result(row.verdict, row.remark), _result(entered.verdict, entered.remark)]
        row.verdict, row.remark = entered.verdict, entered.remark
    if changes:
        completion.updated_at, completion.updated_by_id = at, actor.id
        events.record(session, EventKind.CHANGE, at=at, actor=actor, record=completion, changes=changes)
    session.flush()


def said_of(line: CompletionCheck) -> str:
    """A line as people read it."""
    return " · ".join(part for part in (line.room, line.trade, line.what) if part)


def _result(verdict: str | None, remark: str | None) -> str | None:
    if verdict is None:
        return None
    return f"{Verdict.show(verdict)} {remark}" if remark else Verdict.show(verdict)


def words(completion: CompletionAcceptance) -> str:
    """What the customer reads before signing."""
    lines = [
        f"{_('Works')}: {completion.project.number} · {completion.address}",
        f"{_('Contract')}: {completion.contract.number}",
    ]
    for place, line in enumerate(completion.checks, 1):
        lines.append(f"{place}. {said_of(line)}: {_result(line.verdict, line.remark) or formatting.DASH}")
    return "\n".join(lines)


def accept(session: Session, completion: CompletionAcceptance, command: Accept, *, actor: User, at: datetime) -> None:
    """The customer accepted and signed: the report is written, the warranty starts with this day (F-11, F-13)."""
    steps.check_permission(actor, completion.PROCESS.transition(completion.state, Action.ACCEPT))
    if command.shown_hash != fingerprint(completion):
        raise DomainError(N_("The text changed while the customer was reading it. Show it again and have it signed."))
    if completion.notice_sent_at and command.accepted_at < completion.notice_sent_at:
        raise Invalid({"accepted_at": N_("The notice was sent later than that.")})
    drawn = None
    if command.signature is not None:
        drawn = attachments.add(session, completion, command.signature, actor=actor, at=at, kind="SIGNATURE").attachment
    completion.signatures.append(
        CompletionSignature(
            signed_by=command.signed_by,
            signed_at=command.accepted_at,
            shown=command.shown,
            shown_hash=command.shown_hash,
            attachment_id=drawn.id if drawn else None,
            recorded_by_id=actor.id,
        )
    )
    completion.accepted_at, completion.present = command.accepted_at, command.present
    completion.conclusion, completion.customer_words = command.conclusion, command.customer_words
    _advance(session, completion, Action.ACCEPT, command, actor, at)
    day = clock.today(command.accepted_at)
    projects.accepted(session, completion.project, on=day, at=at)
    if completion.contract.payments:  # everything may be paid already
        paid_on = max(max(payment.paid_on for payment in completion.contract.payments), day)
        warranties.open_when_paid(session, completion.contract, paid_on=paid_on, actor=actor, at=at)


def refuse(session: Session, completion: CompletionAcceptance, command: Refuse, *, actor: User, at: datetime) -> None:
    """A part was refused: it is rectified until the limit, then the customer looks again."""
    if command.limit_on < clock.today(command.refused_at):
        raise Invalid({"limit_on": N_("The limit cannot lie before the acceptance.")})
    items = "\n".join(
        f"{said_of(line)}: {line.remark}" for line in completion.checks if line.verdict == Verdict.REFUSED
    )
    completion.rounds.append(
        CompletionRound(
            refused_at=command.refused_at, items=items, requirement=command.requirement, limit_on=command.limit_on
        )
    )
    _advance(session, completion, Action.REFUSE, command, actor, at)
    due = clock.at_local(command.limit_on) + timedelta(minutes=calendars.current(session).day_end or 0)
    tasks.open_task(session, TaskKind.TODO, RECTIFY.message, completion, due_at=due, at=at, who=_owner(completion))


def again(session: Session, completion: CompletionAcceptance, command: Again, *, actor: User, at: datetime) -> None:
    """It is rectified: the refused lines are looked at once more at the new appointment."""
    problems: dict[str, Text | str] = {}
    if command.rectified_on > clock.today(at):
        problems["rectified_on"] = N_("This day is still to come.")
    if clock.today(command.appointed_at) < command.rectified_on:
        problems["appointed_at"] = N_("The acceptance cannot lie before the rectification.")
    if problems:
        raise Invalid(problems)
    completion.rounds[-1].rectified_on = command.rectified_on
    for line in completion.checks:
        if line.verdict == Verdict.REFUSED:
            line.verdict = None
    completion.appointed_at, completion.place = command.appointed_at, command.place
    for task in tasks.open_of(session, completion):
        if task.title == RECTIFY.message:
            tasks.close(session, task, happened_at=at, at=at, actor=actor)
    _advance(session, completion, Action.AGAIN, command, actor, at)


# ---------- Money ----------


def still_due(completion: CompletionAcceptance) -> Decimal:
    """What is to be paid yet, in yuan: the contract with all signed changes less what came in."""
    return completion.contract.output_value - completion.contract.received


def settle(session: Session, completion: CompletionAcceptance, command: Settle, *, actor: User, at: datetime) -> None:
    """Record the last money: refused when less than due, so that nothing stays open. Then the warranty is issued."""
    step = completion.PROCESS.transition(completion.state, Action.SETTLE)
    steps.check_permission(actor, step)
    if unmet := completion.PROCESS.unmet(step, completion, entered=False):
        raise ConditionsMissing([guard.label for guard in unmet])
    due = still_due(completion)
    if command.amount != due:
        said = {
            "due": formatting.money(due),
            "amount": formatting.money(command.amount),
            "difference": formatting.money(abs(due - command.amount)),
        }
        less = N_("Due are %(due)s yuan with all changes; %(amount)s is %(difference)s too little.") % said
        more = N_("Due are %(due)s yuan with all changes; %(amount)s is %(difference)s too much.") % said
        raise Invalid({"amount": less if command.amount < due else more})
    if completion.accepted_on and command.paid_on < completion.accepted_on and due > 0:
        raise Invalid({"paid_on": N_("The works were accepted on %(day)s.") % {
            "day": formatting.full_date(completion.accepted_on)}})  # fmt: skip
    payment = contracts.RecordPayment(PaymentKind.FINAL, command.amount, command.paid_on, command.receipt_no)
    contracts.record_payment(session, completion.contract, payment, actor=actor, at=at)


# ---------- Parts ----------


def _owner(completion: CompletionAcceptance) -> tasks.Responsible:
    return tasks.Responsible(completion.owner, None if completion.owner else Role.SPECIALIST)


def _advance(
    session: Session, completion: CompletionAcceptance, action: str, command: Any, actor: User, at: datetime
) -> None:
    entered = steps.entered_of(command)
    said = {name: value for name, value in entered.items() if name not in ("shown", "shown_hash", "signature")}
    session.flush()
    steps.advance(session, completion, action, actor=actor, at=at, entered=entered, said=steps.said_of(said))
