"""The changes of every kind of record. A new one is declared here and is in the list, in bulk and on the board."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal import visibility
from portal.errors import Message
from portal.i18n import N_, Text
from portal.models.complaint import Complaint, Escalation
from portal.models.contract import Contract, Quotation
from portal.models.customer import Customer, CustomerGrade, CustomerKind, CustomerSource, Intention, Property
from portal.models.org import Crew, Party, PartyStatus, User
from portal.models.project import Project, ProjectStage
from portal.models.task import Follower, Task
from portal.permissions import Permission, Role, may
from portal.services import (
    assignment,
    calendars,
    complaints,
    contracts,
    crews,
    customers,
    followers,
    own_tasks,
    parties,
    projects,
    properties,
    quotations,
    record_kinds,
    steps,
)
from portal.services.changes import stepping
from portal.services.changes.declaring import VALUE, Ask, Change, Given, Job, Kind, each
from portal.services.own_tasks import SetTask, When, Whose
from portal.terms import Term

P = Permission
TASKS = "tasks"
NOBODY = N_("Nobody")
REASON = Ask(key="reason", label=N_("Why"), kind=Kind.TEXT, limit=300)

# Who and what can be chosen ------------------------------------------------------------------------------------------


def _specialists(session: Session, actor: User) -> list[tuple[Any, Any]]:
    return [(person.id, person.name) for person in assignment.specialists(session, actor.branch_id)]


def _colleagues(session: Session, actor: User) -> list[tuple[Any, Any]]:
    query = visibility.visible_to(actor, User).where(User.disabled_at.is_(None)).order_by(User.name, User.id)
    return [(person.id, person.name) for person in session.scalars(query)]


def _terms(terms: type[Term], *leave_out: Term) -> Callable[[Session, User], Sequence[tuple[Any, Any]]]:
    return lambda _session, _actor: [(each.value, each.label) for each in terms if each not in leave_out]


def _posts(name: str) -> Callable[[Session, User], Sequence[tuple[Any, Any]]]:
    def offered(session: Session, actor: User) -> list[tuple[Any, Any]]:
        return [(person.id, person.name) for person in parties.working(session, actor, parties.POSTS[name])]

    return offered


def _yes_no(_session: Session, _actor: User) -> list[tuple[Any, Any]]:
    return [("True", N_("Yes")), ("False", N_("No"))]


def _tomorrow(session: Session, _actor: User, at: datetime) -> datetime:
    return own_tasks.moment(When.NEXT_WORKING_DAY, calendars.current(session), at)


def _oneself(_session: Session, actor: User, _at: datetime) -> int:
    return actor.id


def _value(label: Text, kind: Kind, **more: Any) -> Ask:
    return Ask(key=VALUE, label=label, kind=kind, **more)


# Fields of plain records ---------------------------------------------------------------------------------------------


def _field(service: Any, name: str, ask: Ask, *, more: tuple[Ask, ...] = (), says: Any = None, **rest: Any) -> Change:
    """A field that `service.change` writes; `says(record, values, job)` raises what its rules object to."""

    def values(given: Given) -> dict[str, Any]:
        value = given[VALUE].id if isinstance(given[VALUE], User) else given[VALUE]
        if ask.options is _yes_no:
            value = value == "True"
        return {name: value, **{each.key: given[each.key] for each in more}}

    def apply(session: Session, record: Any, given: Given, actor: User, at: datetime) -> None:
        service.change(session, record, values(given), version=record.version, actor=actor, at=at)

    def rule(record: Any, job: Job) -> Message | None:
        return says(record, values(job.given), job) if says else None

    return Change(key=name, label=ask.label, asks=(ask, *more), apply=apply, check=each(rule), attribute=name, **rest)


def _customer(name: str, ask: Ask, **rest: Any) -> Change:
    rest = {"permission": P.CUSTOMER_EDIT, "icon": "edit", **rest}
    return _field(customers, name, ask, says=lambda record, new, _job: customers.check(customers.present(record) | new), **rest)  # fmt: skip


def _project(name: str, ask: Ask, **rest: Any) -> Change:
    def says(record: Project, new: dict[str, Any], job: Job) -> None:
        projects.check(projects.present(record) | new, at=job.at)

    # A model house lifts the grade of its customer.
    load = (joinedload(Project.customer),)
    return _field(projects, name, ask, says=says, permission=P.PROJECT_EDIT, icon="edit", load=load, **rest)


def _contract(name: str, ask: Ask, **rest: Any) -> Change:
    def says(record: Contract, new: dict[str, Any], job: Job) -> None:
        contracts.check(record, new, at=job.at)

    load = (joinedload(Contract.customer), selectinload(Contract.terms))
    return _field(contracts, name, ask, says=says, permission=P.CONTRACT_EDIT, icon="edit", load=load, **rest)


def _status(service: Any) -> Change:
    since = Ask(key="status_from", label=service.FIELDS["status_from"].label, kind=Kind.DAY, required=False)
    return _field(
        service, "status", _value(service.FIELDS["status"].label, Kind.CHOICE, options=_terms(PartyStatus)),
        more=(since,), says=lambda record, new, _job: service.check(service.present(record) | new),
        permission=P.PARTY_EDIT, icon="edit", column="status",
    )  # fmt: skip


# Acts ----------------------------------------------------------------------------------------------------------------


def _following(job: Job) -> set[int]:
    ids = [record.id for record in job.records]
    return set(
        job.session.scalars(
            select(Follower.record_id).where(
                Follower.record_kind == job.records[0].KIND,
                Follower.user_id == job.actor.id,
                Follower.record_id.in_(ids),
            )
        )
    )


def _follows(job: Job) -> dict[int, Message]:
    return dict.fromkeys(_following(job), N_("You follow it already."))


def _follows_not(job: Job) -> dict[int, Message]:
    return dict.fromkeys({record.id for record in job.records} - _following(job), N_("You do not follow it."))


def _blind(job: Job) -> dict[int, Message]:
    """Records that the person who gets the task would not see."""
    person = _turn(job.given)
    seen: set[tuple[str, int]] = set()
    wanted: dict[str, set[int]] = {}
    for record in job.records:
        kind, number = _what(record)
        wanted.setdefault(kind, set()).add(number)
    brings_in = may(job.actor, P.FOLLOWER_ADD)
    for kind, ids in wanted.items():
        if (model := record_kinds.MODELS.get(kind)) is not None:
            found = record_kinds.seen_among(job.session, person, model, ids, once_given=brings_in)
            seen |= {(kind, number) for number in found}
    why = N_("%(name)s may not see this record.") % {"name": person.name}
    return {record.id: why for record in job.records if _what(record) not in seen}


def _what(record: Any) -> tuple[str, int]:
    return (record.record_kind, record.record_id) if isinstance(record, Task) else (record.KIND, record.id)


def _set_task(session: Session, record: Any, given: Given, actor: User, at: datetime) -> None:
    command = SetTask(given["title"], given["due_at"], Whose(given["person"]))
    own_tasks.add(session, record, command, actor=actor, at=at)


def _handed_over(job: Job) -> dict[int, Message]:
    fixed = each(lambda task, _job: own_tasks.refuse_fixed(task))(job)
    theirs = {
        task.id: N_("The task is with them already.") for task in job.records if task.person_id == _turn(job.given).id
    }
    return _blind(job) | theirs | fixed


def _hand_over(session: Session, task: Task, given: Given, actor: User, at: datetime) -> None:
    own_tasks.hand_over(session, task, Whose(_turn(given)), given["reason"], actor=actor, at=at)


def _turn(given: Given) -> User:
    """Whose turn it becomes: asked for by itself, or the value of a cell."""
    person: User = given["person"] if "person" in given else given[VALUE]
    return person


def _put_off(task: Task, job: Job) -> None:
    own_tasks.refuse_fixed(task)
    own_tasks.refuse_no_later(task, job.given["due_at"] if "due_at" in job.given else job.given[VALUE], job.at)


def _ticked(task: Task, _job: Job) -> Message | None:
    own_tasks.refuse_tick(task)
    return N_("This task is closed already.") if task.closed_at is not None else None


def _take(record: Any, job: Job) -> Message | None:
    found = next((step for step in steps.actions(record, job.actor) if step.action == "take"), None)
    if found is None:
        return N_("No step leads there from “%(state)s”.") % {"state": record.PROCESS.state(record.state).label}
    return found.reasons[0] if found.reasons else None


TASK_PERSON = Ask(key="person", label=N_("Whose turn"), kind=Kind.PERSON, options=_colleagues, usual=_oneself)
FOLLOW = Change(
    key="follow", label=N_("Follow"), icon="eye", permission=P.HOME, check=_follows,
    apply=lambda session, record, _given, actor, at: followers.follow(session, record, actor, actor=actor, at=at),
)  # fmt: skip
UNFOLLOW = Change(
    key="unfollow", label=N_("Stop following"), icon="eye-off", permission=P.HOME, check=_follows_not,
    apply=lambda session, record, _given, actor, at: followers.unfollow(session, record, actor, actor=actor, at=at),
)  # fmt: skip
SET_TASK = Change(
    key="task", label=N_("Set a task"), icon="checklist", permission=P.TASK_SET, apply=_set_task, check=_blind,
    asks=(
        Ask(key="title", label=N_("What is to be done"), kind=Kind.TEXT),
        TASK_PERSON,
        Ask(key="due_at", label=N_("Due"), kind=Kind.MOMENT, usual=_tomorrow),
    ),
)  # fmt: skip

# The table -----------------------------------------------------------------------------------------------------------

CF, PF, KF = customers.FIELDS, projects.FIELDS, contracts.FIELDS

OWN: dict[str, tuple[Change, ...]] = {
    Complaint.KIND: (
        Change(
            key="owner_id", label=N_("Owner", "record"), icon="user-circle", permission=P.COMPLAINT_REASSIGN,
            asks=(_value(N_("Owner", "record"), Kind.PERSON, options=_specialists),),
            apply=lambda session, record, given, actor, at: complaints.assign(
                session, record, given[VALUE], actor=actor, at=at
            ),
            check=each(lambda record, job: complaints.why_not_owner(record, job.given[VALUE])),
            attribute="owner_id", column="owner", load=(joinedload(Complaint.owner),),
        ),
    ),
    Escalation.KIND: (
        Change(
            key="take", label=N_("Take over"), icon="check", permission=P.ESCALATION_WORK, check=each(_take),
            apply=lambda session, record, _given, actor, at: complaints.take(session, record, actor=actor, at=at),
            load=(joinedload(Escalation.complaint),),
        ),
    ),
    Customer.KIND: (
        _customer(
            "owner_id", _value(CF["owner_id"].label, Kind.PERSON, options=_specialists, required=False, blank=NOBODY),
            permission=P.CUSTOMER_ASSIGN, icon="user-circle", column="owner",
        ),
        Change(
            key="grade", label=CF["grade"].label, icon="star", permission=P.CUSTOMER_GRADE, attribute="grade",
            asks=(_value(CF["grade"].label, Kind.CHOICE, options=_terms(CustomerGrade)), REASON), column="grade",
            apply=lambda session, record, given, actor, at: customers.change_grade(
                session, record, grade=given[VALUE], reason=given["reason"], version=record.version, actor=actor, at=at
            ),
        ),
        _customer("kind", _value(CF["kind"].label, Kind.CHOICE, options=_terms(CustomerKind)), column="kind"),
        _customer("source", _value(CF["source"].label, Kind.CHOICE, options=_terms(CustomerSource)), column="source"),
        _customer("intention", _value(CF["intention"].label, Kind.CHOICE, options=_terms(Intention))),
        _customer("sms_opt_out", _value(CF["sms_opt_out"].label, Kind.CHOICE, options=_yes_no)),
    ),
    Property.KIND: (
        _field(properties, "layout", _value(properties.FIELDS["layout"].label, Kind.TEXT, limit=50, required=False),
               permission=P.PROJECT_EDIT, icon="edit", column="layout"),
        _field(properties, "handover_on", _value(properties.FIELDS["handover_on"].label, Kind.DAY, required=False),
               permission=P.PROJECT_EDIT, icon="edit", column="handover"),
    ),
    Project.KIND: (
        Change(
            key="stage", label=N_("Stage of works begun before the portal"), icon="edit", permission=P.PROJECT_PLACE,
            asks=(_value(PF["stage"].label, Kind.CHOICE, options=_terms(ProjectStage)), REASON), attribute="stage",
            apply=lambda session, record, given, actor, at: projects.place(
                session, record, given[VALUE], actor=actor, at=at, reason=given["reason"]
            ),
            check=each(lambda record, job: projects.check(
                projects.present(record) | {"stage": job.given[VALUE]}, at=job.at
            )),
        ),
        _project("designer_id", _value(PF["designer_id"].label, Kind.LINK, options=_posts("designer_id"),
                                       required=False, blank=NOBODY), column="designer"),
        _project("project_manager_id", _value(PF["project_manager_id"].label, Kind.LINK, required=False, blank=NOBODY,
                                              options=_posts("project_manager_id")), column="manager"),
        _project("actual_start_on", _value(PF["actual_start_on"].label, Kind.DAY, required=False), column="start"),
        _project("visit_allowed", _value(PF["visit_allowed"].label, Kind.CHOICE, options=_yes_no)),
    ),
    Contract.KIND: (
        _contract("signed_on", _value(KF["signed_on"].label, Kind.DAY), column="signed"),
        _contract("amount", _value(KF["amount"].label, Kind.MONEY), column="amount", in_bulk=False),
    ),
    Quotation.KIND: (
        _field(quotations, "title", _value(quotations.FIELDS["title"].label, Kind.TEXT),
               permission=P.CONTRACT_EDIT, icon="edit", column="title", in_bulk=False),
        _field(quotations, "quoted_on", _value(quotations.FIELDS["quoted_on"].label, Kind.DAY), column="quoted",
               permission=P.CONTRACT_EDIT, icon="edit",
               says=lambda record, new, _job: quotations.check(quotations.present(record) | new)),
        _field(quotations, "amount", _value(quotations.FIELDS["amount"].label, Kind.MONEY),
               permission=P.CONTRACT_EDIT, icon="edit", column="amount", in_bulk=False),
    ),
    Party.KIND: (_status(parties),),
    Crew.KIND: (_status(crews),),
    TASKS: (
        Change(
            key="hand-over", label=N_("Hand over", "task"), icon="user-circle", permission=P.HOME, apply=_hand_over,
            check=_handed_over, load=(joinedload(Task.person),),
            asks=(TASK_PERSON, Ask(key="reason", label=N_("Remark for them"), kind=Kind.TEXT, required=False, limit=300)),
        ),
        Change(
            key="later", label=N_("Put off"), icon="clock", permission=P.HOME, check=each(_put_off),
            asks=(Ask(key="due_at", label=N_("Due"), kind=Kind.MOMENT, usual=_tomorrow), REASON),
            apply=lambda session, task, given, actor, at: own_tasks.put_off(
                session, task, given["due_at"], given["reason"], actor=actor, at=at
            ),
        ),
        Change(
            key="done", label=N_("Done", "task"), icon="check", permission=P.HOME, check=each(_ticked),
            column="done", bars=own_tasks.refuse_tick,
            asks=(Ask(key="result", label=N_("What came of it"), kind=Kind.TEXT, required=False, limit=2000),),
            apply=lambda session, task, given, actor, at: own_tasks.finish(
                session, task, given["result"], actor=actor, at=at
            ),
        ),
        Change(
            key="title", label=N_("To do", "column"), icon="edit", permission=P.HOME, column="title", in_bulk=False,
            attribute="title", bars=own_tasks.refuse_fixed, check=each(lambda task, _job: own_tasks.refuse_fixed(task)),
            asks=(_value(N_("What is to be done"), Kind.TEXT),),
            apply=lambda session, task, given, actor, at: own_tasks.rename(
                session, task, given[VALUE], actor=actor, at=at
            ),
        ),
        Change(
            key="due_at", label=N_("Put off"), icon="clock", permission=P.HOME, column="due", in_bulk=False,
            attribute="due_at", bars=own_tasks.refuse_fixed, check=each(_put_off),
            asks=(_value(N_("Due"), Kind.MOMENT), REASON),
            apply=lambda session, task, given, actor, at: own_tasks.put_off(
                session, task, given[VALUE], given["reason"], actor=actor, at=at
            ),
        ),
        Change(
            key="person_id", label=N_("Whose turn"), icon="user-circle", permission=P.HOME, column="person",
            attribute="person_id", in_bulk=False, bars=own_tasks.refuse_fixed, check=_handed_over, apply=_hand_over,
            load=(joinedload(Task.person),),
            asks=(
                _value(N_("Whose turn"), Kind.PERSON, options=_colleagues),
                Ask(key="reason", label=N_("Remark for them"), kind=Kind.TEXT, required=False, limit=300),
            ),
        ),
        Change(
            key="call-off", label=N_("Call off"), icon="x", permission=P.HOME, asks=(REASON,),
            check=each(lambda task, _job: own_tasks.refuse_fixed(task)),
            apply=lambda session, task, given, actor, at: own_tasks.call_off(
                session, task, given["reason"], actor=actor, at=at
            ),
        ),
    ),
}  # fmt: skip
"""By kind of record, what only it has."""
COMMON = (SET_TASK, FOLLOW, UNFOLLOW)
"""What everything has that talk and tasks can hang on."""


def of_kind(kind: str) -> tuple[Change, ...]:
    """The changes of a kind of record."""
    return (*OWN.get(kind, ()), *stepping.ALL.get(kind, ()), *(COMMON if kind in record_kinds.MODELS else ()))


def find(kind: str, key: str) -> Change | None:
    """The change of that key."""
    return next((change for change in (*of_kind(kind), *stepping.BACK.get(kind, ())) if change.key == key), None)


def offered(kind: str, actor: User | Role) -> list[Change]:
    """What the person may change of many records at once."""
    return [change for change in of_kind(kind) if change.in_bulk and may(actor, change.permission)]


def in_column(kind: str, column: str) -> Change | None:
    """What is changed in the cells of a column."""
    return next((change for change in of_kind(kind) if column and change.column == column), None)
