"""Steps of a process taken with many records at once: the same command for each, by the service of the single step.

Only steps whose words can be true of many records are here; a signature, an amount or what one customer wants is said of
one record at a time. What was filled in is kept as the command itself, so that a worker needs no form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.errors import ConditionsMissing, DomainError, Invalid, Message
from portal.i18n import N_, _
from portal.models.base import Base
from portal.models.complaint import Complaint
from portal.models.consultation import Consultation
from portal.models.follow_up import RepairFollowUp
from portal.models.lead_touch import LeadTouch
from portal.models.org import Crew, Party, User
from portal.models.repair import RepairCostCase, RepairOrder, WarrantyCertificate
from portal.permissions import may, who_may
from portal.processes import complaint, consultation, lead_touch, repair, repair_cost, warranty
from portal.processes.base import Transition
from portal.services import complaints, consultations, lead_touches, repair_costs, repairs, warranties, way_back
from portal.services.approvals import Word
from portal.services.changes.declaring import Change, Given, Job, each, refusal_of

COMMAND, SAID = "command", "said"
"""What was filled in: as the service takes it, and as people read it."""
REHEARSED = 100
"""With so many records the step is tried on each before anybody is asked, so that what is skipped is known exactly."""
MODELS: dict[str, type[Any]] = {model.__tablename__: model for model in (User, Party, Crew)}
"""The records that a command may name."""
Also = Callable[[Any, Any], Message | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Back(Change):
    """Taking a step back that was taken with many records. `key` is `back-` and the action of the step, `label` its own."""

    @property
    def title(self) -> str:
        """That it is taken back."""
        return _("Take back: %(step)s", step=self.label)

    @property
    def is_alone(self) -> bool:
        """As one by one."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Change):
    """A step of a process as a change of many records. `key` is `step-` and its action."""

    action: str
    command: type[Any] | None
    back: Back | None = None

    @property
    def title(self) -> str:
        """The step as its button says it."""
        return str(self.label)

    @property
    def can_return(self) -> bool:
        """Whether the process knows a way back; else a step that was taken stays taken."""
        return self.back is not None

    @property
    def way_back(self) -> Change | None:
        """The change that takes the step back."""
        return self.back

    @property
    def is_alone(self) -> bool:
        """As one by one."""
        return True

    def kept(self, given: Given) -> dict[str, Any]:
        """What was filled in, as JSON."""
        return {COMMAND: pack(given.get(COMMAND)), SAID: given.get(SAID, [])}

    def read(self, session: Session, kept: Mapping[str, Any]) -> dict[str, Any]:
        """What `kept` wrote. Raises Invalid for a person who is gone."""
        said = kept.get(COMMAND)
        if self.command is None or said is None:
            return {COMMAND: None, SAID: kept.get(SAID, [])}
        values = {name: unpack(session, value) for name, value in said.items()}
        return {COMMAND: self.command(**values), SAID: kept.get(SAID, [])}


# What was filled in, kept --------------------------------------------------------------------------------------------


def pack(command: Any) -> dict[str, Any] | None:
    """A command as JSON."""
    return None if command is None else {one.name: _packed(getattr(command, one.name)) for one in fields(command)}


def _packed(value: Any) -> Any:
    if isinstance(value, Base):
        return {"record": [value.__tablename__, value.id]}  # type: ignore[attr-defined]
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, Decimal):
        return {"amount": str(value)}
    if isinstance(value, tuple | list):
        return {"several": [_packed(each) for each in value]}
    return value if value is None or isinstance(value, bool | int) else str(value)


def unpack(session: Session, kept: Any) -> Any:
    """A value that `pack` wrote. Raises Invalid for a record that is gone."""
    if not isinstance(kept, dict):
        return kept
    ((kind, value),) = kept.items()
    match kind:
        case "record":
            found = session.get(MODELS[value[0]], value[1])
            if found is None or (isinstance(found, User) and not found.is_active):
                raise Invalid({"": N_("This person may not sign in any more.")})
            return found
        case "at":
            return datetime.fromisoformat(value)
        case "day":
            return date.fromisoformat(value)
        case "amount":
            return Decimal(value)
    return tuple(unpack(session, each) for each in value)


# Which records are skipped -------------------------------------------------------------------------------------------


def _check(action: str, taken: Taken) -> Callable[[Job], dict[int, Message]]:
    def check(job: Job) -> dict[int, Message]:
        found: dict[int, Message] = {}
        command = job.given.get(COMMAND)
        is_filled_in = command is not None or taken.command is None
        for record in job.records:
            try:
                why = _why_not(record, action, job.actor)
                if why is None and taken.also is not None and command is not None:
                    why = taken.also(record, command)
            except DomainError as refusal:
                why = refusal_of(refusal)
            if why is not None:
                found[record.id] = why
        if job.is_looked_at and is_filled_in and len(job.records) <= REHEARSED:
            found |= _rehearsed(job, taken, [record for record in job.records if record.id not in found])
        return found

    return check


def _why_not(record: Any, action: str, actor: User) -> Message | None:
    """What stands against the step before anything is filled in; raises what says that it is not possible."""
    if getattr(record, "is_historical", False):
        return N_("This comes from the old ledger and is kept for reading only.")
    step: Transition = record.PROCESS.transition(record.state, action)
    if not may(actor, step.permission):
        roles = "、".join(str(role.label) for role in who_may(step.permission))
        return N_("Only: %(roles)s") % {"roles": roles}
    if unmet := record.PROCESS.unmet(step, record, entered=False):
        return refusal_of(ConditionsMissing([guard.label for guard in unmet]))
    return None


def _rehearsed(job: Job, taken: Taken, records: list[Any]) -> dict[int, Message]:
    """Take the step with each, one after the other as it would be, and take all of it back: what was refused and why.

    Nothing of it stays: neither rows nor events nor anything to be sent.
    """
    found: dict[int, Message] = {}
    if not records:
        return found
    session, model = job.session, type(records[0])
    ids = [record.id for record in records]
    before = {key: value.copy() if hasattr(value, "copy") else value for key, value in session.info.items()}
    whole = session.begin_nested()
    try:
        for number, record in zip(ids, records, strict=True):
            try:
                with session.begin_nested():
                    taken.act(session, record, job.given[COMMAND], actor=job.actor, at=job.at)
                    session.flush()
            except DomainError as refusal:
                found[number] = refusal_of(refusal)
    finally:
        whole.rollback()
        session.info.clear()
        session.info.update(before)
    again = select(model).where(model.id.in_(ids)).execution_options(populate_existing=True)
    session.scalars(again).all()
    return found


# The table -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """What carries a step out, with which command; `also` is what must hold of each record for what was filled in; `back`
    takes it back where the process knows the way."""

    act: Callable[..., Any]
    command: type[Any] | None = None
    also: Also | None = None
    back: Callable[..., Any] | None = None


def _of_branch(order: RepairOrder, command: repairs.AssignRepair) -> Message | None:
    """A captain is sent within the own branch, as the form of a single repair offers it."""
    if order.branch_id is not None and command.captain.branch_id not in (None, order.branch_id):
        return N_("%(name)s works for another branch.") % {"name": command.captain.name}
    return None


def start_repair(session: Session, order: RepairOrder, _command: None, *, actor: User, at: datetime) -> None:
    """Begin a repair that is free of charge: nothing is filled in."""
    repairs.start(session, order, actor=actor, at=at)


def charge_case(session: Session, case: RepairCostCase, _command: None, *, actor: User, at: datetime) -> None:
    """Book a cost case: who bears it follows from R-19."""
    repair_costs.charge(session, case, actor=actor, at=at)


C, K, R, M, W = complaint.Action, consultation.Action, repair.Action, repair_cost.Action, warranty.Action
T = lead_touch.Action

STEPS: dict[str, dict[str, Taken]] = {
    Complaint.KIND: {
        C.HAND_OVER: Taken(complaints.hand_over, complaints.HandOver),
        C.HANDLE: Taken(complaints.handle, complaints.Handle),
        C.EXPLAIN: Taken(complaints.explain, complaints.Explain),
        C.CLOSE: Taken(complaints.close, complaints.Close),
        C.REASSIGN: Taken(complaints.reassign, complaints.Reassign),
    },
    Consultation.KIND: {
        K.ANSWER: Taken(consultations.answer, consultations.Answer),
        K.FORWARD: Taken(consultations.forward, consultations.Forward),
        K.REPLY: Taken(consultations.reply, consultations.Reply),
        K.CLOSE: Taken(consultations.close, consultations.Close),
    },
    LeadTouch.KIND: {
        T.SEND: Taken(lead_touches.send, lead_touches.Send),
        T.SKIP: Taken(lead_touches.skip, lead_touches.Skip),
    },
    RepairOrder.KIND: {
        R.ASSIGN: Taken(repairs.assign, repairs.AssignRepair, _of_branch, back=repairs.take_back),
        R.TAKE_OVER: Taken(repairs.take_over, repairs.TakeOver),
        R.START: Taken(start_repair, back=repairs.take_back),
        R.ACCEPT: Taken(repairs.accept, repairs.AnswerQuote, back=repairs.take_back),
        R.DECLINE: Taken(repairs.decline, repairs.AnswerQuote),
        R.CLOSE: Taken(repairs.close, repairs.CloseRepair),
    },
    RepairCostCase.KIND: {
        M.APPROVE: Taken(repair_costs.approve, Word),
        M.CHARGE: Taken(charge_case),
        M.CLOSE: Taken(repair_costs.close, repair_costs.CloseCase),
    },
    WarrantyCertificate.KIND: {
        W.REISSUE: Taken(warranties.reissue, warranties.Reissue),
        W.VOID: Taken(warranties.void, warranties.Void),
    },
}
"""The steps that are taken with many records of a kind, in the order of the manual."""

LOADED: dict[str, tuple[Any, ...]] = {
    LeadTouch.KIND: (
        joinedload(LeadTouch.customer),
        joinedload(LeadTouch.property),
        joinedload(LeadTouch.consultation),
    ),
    Complaint.KIND: (selectinload(Complaint.departments), selectinload(Complaint.rounds)),
    RepairOrder.KIND: (
        selectinload(RepairOrder.costs),
        selectinload(RepairOrder.signatures),
        selectinload(RepairOrder.follow_ups).joinedload(RepairFollowUp.call),
    ),
    RepairCostCase.KIND: (
        joinedload(RepairCostCase.order),
        joinedload(RepairCostCase.crew),
        joinedload(RepairCostCase.approval),
    ),
}
"""What the guards of a kind look at beside the record."""


def _declared(model: type[Any], action: str, taken: Taken) -> Step:
    known: Transition = next(step for step in model.PROCESS.transitions if step.action == action)
    return Step(
        key=f"step-{action}", label=known.label, icon="arrow-right",
        permission=known.permission, apply=_applied(taken), check=_check(action, taken),
        load=LOADED.get(model.KIND, ()), action=action, command=taken.command, back=_back(model, known, taken),
    )  # fmt: skip


def _back(model: type[Any], step: Transition, taken: Taken) -> Back | None:
    act = taken.back
    if act is None:
        return None

    def check(job: Job) -> dict[int, Message]:
        last = way_back.last_steps(job.session, job.records)

        def rule(record: Any, job: Job) -> None:
            way_back.refuse(job.session, record, step.action, last.get(record.id), actor=job.actor, at=job.at)

        return each(rule)(job)

    return Back(
        key=f"back-{step.action}", label=step.label, icon="arrow-back-up",
        permission=step.permission, check=check, in_bulk=False, load=LOADED.get(model.KIND, ()),
        apply=lambda session, record, _given, actor, at: act(session, record, step.action, actor=actor, at=at),
    )  # fmt: skip


def _applied(taken: Taken) -> Callable[[Session, Any, Given, User, datetime], Any]:
    return lambda session, record, given, actor, at: taken.act(session, record, given[COMMAND], actor=actor, at=at)


ALL: dict[str, tuple[Step, ...]] = {
    model.KIND: tuple(_declared(model, action, taken) for action, taken in STEPS[model.KIND].items())
    for model in (Complaint, Consultation, LeadTouch, RepairOrder, RepairCostCase, WarrantyCertificate)
}
"""The declared steps, by kind of record."""
BACK: dict[str, tuple[Back, ...]] = {
    kind: tuple(step.back for step in found if step.back is not None) for kind, found in ALL.items()
}
"""The ways back of these steps: nobody chooses them in a list, a run that is taken back goes them."""
