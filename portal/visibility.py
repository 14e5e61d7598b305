"""Which rows exist for whom: one rule per record type. Source: `domain.md` 7.1.

A permission says what may be done at all; these rules say to which rows. A row outside the rule does not exist for the
person: unknown and forbidden answer alike. People without a branch see every branch; people with one see the rows of
their branch and those of no branch. Reviewers and repair captains see the cases that were given to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import ColumnElement, Select, and_, bindparam, except_, false, or_, select, true, union
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BooleanClauseList, Grouping, True_

from portal.models.absence import Absence
from portal.models.approval import Approval
from portal.models.archive import ArchiveLoan
from portal.models.base import Mergeable
from portal.models.cancellation import Cancellation, LossNotice
from portal.models.canned import CannedText
from portal.models.change import ChangeRun
from portal.models.compensation import PaymentVoucher
from portal.models.complaint import Complaint, Escalation
from portal.models.completion import CompletionAcceptance
from portal.models.consultation import Consultation
from portal.models.contract import Contract, ContractTemplate, Quotation
from portal.models.customer import Customer, Property
from portal.models.document import PrintRun
from portal.models.drawing_review import DrawingReview, ReviewFinding, ReviewRound
from portal.models.export import Export, ExportPreset
from portal.models.favourite import Favourite, Shared
from portal.models.field_entry import DeadlineClaim
from portal.models.follow_up import AccessState, FollowUpCall, FollowUpTicket, RecordAccess
from portal.models.importing import ImportRun
from portal.models.knowledge import KnowledgeArticle
from portal.models.lead_touch import LeadTouch
from portal.models.milestone import (
    ChangeOrder,
    DelayNotice,
    OpenDay,
    OpenDaySite,
    SafetyNotice,
    StageAcceptance,
    SupervisorVisit,
    WeeklyReportToCustomer,
)
from portal.models.notice import Notice
from portal.models.org import Branch, Crew, Party, User
from portal.models.penalty import PenaltyEntry
from portal.models.pre_acceptance import Inspection, PreAcceptance, RectificationNotice
from portal.models.project import Project
from portal.models.repair import RepairCostCase, RepairOrder, RepairVisit, WarrantyCertificate
from portal.models.reward import RewardEntry
from portal.models.suggestion import Suggestion
from portal.models.survey import Survey
from portal.models.task import Follower, Task
from portal.models.task_type import TaskType
from portal.models.works import DispatchOrder
from portal.permissions import Role
from portal.prepared import Prepared
from portal.processes.knowledge import State as KnowledgeState

Row = TypeVar("Row")
Condition = ColumnElement[bool]


class Viewer(Protocol):
    """Whoever looks: a person, or placeholders for one in a statement that is built once."""

    @property
    def id(self) -> Any:
        """The person's number, or a placeholder."""

    @property
    def branch_id(self) -> Any:
        """The person's branch, a placeholder, or None for every branch."""

    @property
    def role(self) -> Any:
        """The person's role."""

    @property
    def stands_in(self) -> bool:
        """Whether the person stands in for somebody now, so that what is due to that one counts too."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A viewer of whom only the role is known yet, and whether one branch or all are seen; see `parameters`."""

    role: str
    has_branch: bool
    stands_in: bool = False

    @property
    def id(self) -> Any:
        """The placeholder of the person's number."""
        return bindparam("viewer_id")

    @property
    def branch_id(self) -> Any:
        """The placeholder of the person's branch; None: every branch."""
        return bindparam("viewer_branch_id") if self.has_branch else None


def placeholder(user: Viewer) -> Placeholder:
    """The kind of viewer a person is: statements are built once per kind."""
    return Placeholder(user.role, user.branch_id is not None, user.stands_in)


def parameters(user: Viewer) -> dict[str, Any]:
    """What fills the placeholders for this person."""
    return {"viewer_id": user.id, "viewer_branch_id": user.branch_id}


_OWN = aliased(Customer)
RULES: dict[type[Any], Callable[[Viewer], Condition]] = {}
Rule = Callable[[Viewer], Condition]


def rule(*models: type[Any]) -> Callable[[Callable[..., Condition]], Callable[..., Condition]]:
    """Declare the rule of one or several record types; with several, the rule is given the model first."""

    def declare(function: Callable[..., Condition]) -> Callable[..., Condition]:
        for model in models:
            RULES[model] = function if len(models) == 1 else _of(function, model)
        return function

    return declare


def _of(function: Callable[..., Condition], model: type[Any]) -> Rule:
    return lambda viewer: function(model, viewer)


def condition(viewer: Viewer, model: type[Any]) -> Condition:
    """The rule as a condition on the model's columns. A type without a rule is seen by nobody, nor is what was merged."""
    found = RULES.get(model)
    return and_(standing(model), found(viewer)) if found else false()


def standing(model: type[Any]) -> Condition:
    """Only records that stand for themselves: not those that were merged into another one."""
    return cast(Condition, model.merged_into_id.is_(None)) if issubclass(model, Mergeable) else true()


@dataclass(frozen=True, slots=True)
class Alternative:
    """Some of the rows a person sees. Together the alternatives are the rule; by itself each is served by an index."""

    condition: Condition
    key: Any = None
    """A column of another table that names the rows; None: the condition is on the rows themselves."""
    rest: Condition | None = None
    """Those of its rows that no other alternative has, as a condition on the rows; None: no other has any of them."""

    @property
    def alone(self) -> Condition:
        """The condition with which each row is in one alternative only: for whoever counts."""
        return self.condition if self.rest is None else self.rest


def alternatives(viewer: Viewer, model: type[Any]) -> list[Alternative]:
    """The rule taken apart at its "or", for lists that are read in order. A row may be among several of them."""
    if model is Customer and viewer.branch_id is not None and not _sees_given_only(viewer):
        works = and_(standing(Customer), Project.branch_id == viewer.branch_id)
        guests = Customer.branch_id.is_not(None), Customer.id.in_(_customers_of_others(viewer))
        by_work = Alternative(works, Project.customer_id, and_(standing(Customer), *guests))
        return [*(_standing(part, Customer) for part in _taken_apart(in_branch(Customer, viewer))), by_work]
    found = RULES.get(model)
    return [_standing(part, model) for part in _taken_apart(found(viewer))] if found else [Alternative(false())]


def _standing(part: Condition, model: type[Any]) -> Alternative:
    return Alternative(and_(standing(model), part))


def _taken_apart(rule: Any) -> list[Condition]:
    inner = rule.element if isinstance(rule, Grouping) else rule
    if not isinstance(inner, BooleanClauseList) or inner.operator is not operators.or_:
        return [rule]
    return [part for clause in inner.clauses for part in _taken_apart(clause)]


def visible_to(user: Viewer, model: type[Row]) -> Select[Row]:
    """The rows of a record type that exist for the person."""
    return select(model).where(condition(user, model))


def by_number(session: Session, user: User, model: type[Row], number: str, options: tuple[Any, ...] = ()) -> Row | None:
    """The record of that number if it exists for the person. `options` live at module level: they name a statement."""
    given = parameters(user) | {"number": number}
    statement = _by_number(placeholder(user), cast(Any, model), options)
    return cast("Row | None", session.scalars(statement, given).one_or_none())


def of_customer(
    session: Session, user: User, model: type[Row], customer_id: int, options: tuple[Any, ...] = (), *, most: int = 50
) -> Sequence[Row]:
    """The records of a household that exist for the person in the order of entry; of more than `most` the last."""
    given = parameters(user) | {"customer_id": customer_id, "most": most}
    statement = _of_customer(placeholder(user), cast(Any, model), options)
    return session.scalars(statement, given).all()[::-1]


@lru_cache(maxsize=512)
def _by_number(viewer: Placeholder, model: Any, options: tuple[Any, ...]) -> Any:
    return visible_to(viewer, model).where(model.number == bindparam("number")).options(*options)


@lru_cache(maxsize=512)
def _of_customer(viewer: Placeholder, model: Any, options: tuple[Any, ...]) -> Any:
    rows = visible_to(viewer, model).where(model.customer_id == bindparam("customer_id")).options(*options)
    return rows.order_by(model.id.desc()).limit(bindparam("most"))


# ---------- Parts ----------


def may_see(session: Any, user: Viewer, record: Any) -> bool:
    """Whether the record is among those `visible_to` gives; for links that would otherwise lead nowhere."""
    session.flush()
    given = parameters(user) | {"record_id": record.id}
    return _one(placeholder(user), cast(Any, type(record))).scalar(session, given) is not None


@lru_cache(maxsize=512)
def _one(viewer: Placeholder, model: Any) -> Prepared:
    return Prepared(select(model.id).where(condition(viewer, model), model.id == bindparam("record_id")))


def in_branch(model: Any, viewer: Viewer) -> Condition:
    """Of the viewer's branch or of none."""
    if viewer.branch_id is None:
        return true()
    return or_(model.branch_id.is_(None), model.branch_id == viewer.branch_id)


def turn_of(viewer: Viewer, column: Any) -> Condition:
    """The column names the viewer, or somebody away for whom the viewer stands in now (`services/standing_in.py`)."""
    return cast(Condition, column.in_(_stood_for(viewer, "id")) if viewer.stands_in else column == viewer.id)


def turn_of_role(viewer: Viewer, column: Any) -> Condition:
    """The column names the viewer's role, or that of somebody for whom the viewer stands in now."""
    return cast(Condition, column.in_(_stood_for(viewer, "role")) if viewer.stands_in else column == viewer.role)


def _stood_for(viewer: Viewer, column: str) -> Select[Any]:
    person = aliased(User)
    return select(getattr(person, column)).where(or_(person.id == viewer.id, person.stand_in_id == viewer.id))


def given_to(viewer: Viewer, kind: str, column: Any) -> Condition:
    """Records on which the viewer has, or had, a task, or which the viewer follows."""
    return cast(Condition, column.in_(union(*_given(viewer, kind))))


def _given(viewer: Viewer, kind: str) -> list[Select[Any]]:
    tasks = select(Task.record_id).where(Task.record_kind == kind, turn_of(viewer, Task.person_id))
    waiting = select(Task.record_id).where(
        Task.record_kind == kind, turn_of_role(viewer, Task.role), Task.person_id.is_(None), Task.closed_at.is_(None)
    )
    followed = select(Follower.record_id).where(Follower.record_kind == kind, turn_of(viewer, Follower.user_id))
    return [tasks, waiting, followed]


def _sees_given_only(viewer: Viewer) -> bool:
    return viewer.role in (Role.REVIEWER, Role.REPAIR_CAPTAIN)


# ---------- Rules ----------


@rule(Customer)
def customers(viewer: Viewer) -> Condition:
    """By branch, or by the branch of one of the customer's projects; reviewers and captains: those of their cases."""
    seen = _customers_of_branch(viewer)
    if not _sees_given_only(viewer):
        return seen
    cases = select(Complaint.customer_id).where(
        Complaint.customer_id.is_not(None), given_to(viewer, Complaint.KIND, Complaint.id)
    )
    tasks = select(Task.customer_id).where(Task.customer_id.is_not(None), turn_of(viewer, Task.person_id))
    projects = select(Project.customer_id).where(given_to(viewer, Project.KIND, Project.id))
    # One set of numbers: for an OR of two, PostgreSQL would look through all customers.
    return and_(seen, Customer.id.in_(union(cases, tasks, projects, *_given(viewer, Customer.KIND))))


def _customers_of_branch(viewer: Viewer) -> Condition:
    if viewer.branch_id is None:
        return true()
    # Not as an EXISTS, for which PostgreSQL would first gather the customers of all projects of the branch.
    theirs = select(Project.customer_id).where(
        Project.customer_id == Customer.id, Project.branch_id == viewer.branch_id
    )
    return or_(in_branch(Customer, viewer), theirs.correlate(Customer).limit(1).scalar_subquery().is_not(None))


def _customers_of_others(viewer: Viewer) -> Select[Any]:
    """The customers of the branch's projects without the branch's own. Found once in a statement, however often it asks:
    two indexes that name the customers in their order are laid beside each other."""
    own = select(_OWN.id).where(_OWN.branch_id == viewer.branch_id, _OWN.merged_into_id.is_(None))
    theirs = select(Project.customer_id).where(Project.branch_id == viewer.branch_id)
    found = except_(theirs, own).cte("customers_of_others")
    return select(found.c.customer_id)


def _through_customer(model: Any, viewer: Viewer) -> Condition:
    """Of the viewer's branch; of no branch when the customer is one the branch sees, or there is none."""
    if viewer.branch_id is None:
        return true()
    seen = select(Customer.id).where(Customer.id == model.customer_id, _customers_of_branch(viewer))
    return or_(
        model.branch_id == viewer.branch_id,
        and_(model.branch_id.is_(None), or_(model.customer_id.is_(None), seen.correlate(model.__table__).exists())),
    )


def _is_among(column: Any, model: Any, seen: Condition) -> Condition:
    """The column names one of those records: asked of each row by its number, for they may be too many to be gathered."""
    if isinstance(seen, True_):
        return cast(Condition, column.is_not(None))
    one = select(model.id).where(model.id == column, seen).correlate(column.class_.__table__).limit(1)
    return cast(Condition, one.scalar_subquery().is_not(None))


def _of_project(model: Any, viewer: Viewer) -> Condition:
    seen = projects(viewer)
    if viewer.role == Role.REPAIR_CAPTAIN:  # the projects of a captain's cases are few
        return cast(Condition, model.project_id.in_(select(Project.id).where(seen)))
    return _is_among(model.project_id, Project, seen)


@rule(Project)
def projects(viewer: Viewer) -> Condition:
    """By branch; captains: the projects of their cases. Reviewers see them as they see the contracts."""
    seen = _through_customer(Project, viewer)
    if viewer.role != Role.REPAIR_CAPTAIN:
        return seen
    cases = select(Complaint.project_id).where(
        Complaint.project_id.is_not(None), given_to(viewer, Complaint.KIND, Complaint.id)
    )
    return and_(seen, Project.id.in_(union(cases, *_given(viewer, Project.KIND))))


@rule(
    ArchiveLoan,
    DispatchOrder,
    StageAcceptance,
    ChangeOrder,
    DelayNotice,
    SafetyNotice,
    WeeklyReportToCustomer,
    SupervisorVisit,
)
def of_the_site(model: Any, viewer: Viewer) -> Condition:
    """As the project they are for."""
    return _of_project(model, viewer)


@rule(OpenDay)
def open_days(viewer: Viewer) -> Condition:
    """As one of the sites that are shown."""
    sites = select(OpenDaySite.open_day_id).join(Project, Project.id == OpenDaySite.project_id)
    return OpenDay.id.in_(sites.where(projects(viewer)))


@rule(CompletionAcceptance)
def completions(viewer: Viewer) -> Condition:
    """As the project that is accepted; the front desk sees none."""
    if viewer.role == Role.FRONT_DESK:
        return false()
    return _of_project(CompletionAcceptance, viewer)


@rule(Property)
def properties(viewer: Viewer) -> Condition:
    """As the customer they belong to, or as a project on them."""
    if not _sees_given_only(viewer):
        return _through_customer(Property, viewer)
    seen = select(Customer.id).where(customers(viewer))
    # Asked of each home: reviewers see all projects of their stores, too many to be gathered.
    works = select(Project.property_id).where(Project.property_id == Property.id, projects(viewer))
    has_works = works.correlate(Property).limit(1).scalar_subquery().is_not(None)
    return or_(Property.customer_id.in_(seen), has_works)


@rule(Contract, Quotation)
def contracts(model: Any, viewer: Viewer) -> Condition:
    """By branch, for the roles that see contracts at all."""
    if viewer.role in (Role.FRONT_DESK, Role.REPAIR_CAPTAIN):
        return false()
    return _through_customer(model, viewer)


@rule(DrawingReview)
def drawing_reviews(viewer: Viewer) -> Condition:
    """By branch, for the roles that see reviews at all: any reviewer may take any review of the branch."""
    if viewer.role in (Role.FRONT_DESK, Role.REPAIR_CAPTAIN):
        return false()
    return _through_customer(DrawingReview, viewer)


@rule(ReviewFinding)
def review_findings(viewer: Viewer) -> Condition:
    """As the review they belong to."""
    return _is_among(ReviewFinding.review_id, DrawingReview, drawing_reviews(viewer))


@rule(Consultation)
def consultations(viewer: Viewer) -> Condition:
    """By branch; captains see none."""
    return false() if viewer.role == Role.REPAIR_CAPTAIN else _through_customer(Consultation, viewer)


@rule(LeadTouch)
def lead_touches(viewer: Viewer) -> Condition:
    """By branch; front desk and reviewers: those of contacts they registered; captains see none."""
    if viewer.role == Role.REPAIR_CAPTAIN:
        return false()
    seen = _through_customer(LeadTouch, viewer)
    if viewer.role in (Role.FRONT_DESK, Role.REVIEWER):
        return and_(seen, turn_of(viewer, LeadTouch.created_by_id))
    return seen


@rule(Complaint)
def complaints(viewer: Viewer) -> Condition:
    """By branch; reviewers and captains: those on which they have a task or which they follow."""
    seen = _through_customer(Complaint, viewer)
    return and_(seen, given_to(viewer, Complaint.KIND, Complaint.id)) if _sees_given_only(viewer) else seen


@rule(Escalation)
def escalations(viewer: Viewer) -> Condition:
    """Managers by branch; specialists those they submitted or whose complaint is theirs; nobody else."""
    if viewer.role == Role.MANAGER:
        return in_branch(Escalation, viewer)
    if viewer.role == Role.SPECIALIST:
        own = _is_among(Escalation.complaint_id, Complaint, turn_of(viewer, Complaint.owner_id))
        return and_(in_branch(Escalation, viewer), or_(turn_of(viewer, Escalation.submitted_by_id), own))
    return false()


@rule(PaymentVoucher)
def payment_vouchers(viewer: Viewer) -> Condition:
    """Managers by branch; nobody else (7.1)."""
    return in_branch(PaymentVoucher, viewer) if viewer.role == Role.MANAGER else false()


@rule(Cancellation, LossNotice)
def cancellations(model: Any, viewer: Viewer) -> Condition:
    """By branch, for specialists and managers (7.1)."""
    return in_branch(model, viewer) if viewer.role in (Role.SPECIALIST, Role.MANAGER) else false()


@rule(Approval)
def approvals(viewer: Viewer) -> Condition:
    """Managers by branch, who decide or record; everybody else what they asked for."""
    seen = in_branch(Approval, viewer)
    return seen if viewer.role == Role.MANAGER else and_(seen, turn_of(viewer, Approval.asked_by_id))


@rule(Absence)
def absences(viewer: Viewer) -> Condition:
    """Managers those of their branch and of leaders; everybody else their own, and where they stand in."""
    if viewer.role != Role.MANAGER:
        return or_(Absence.user_id == viewer.id, Absence.by_user_id == viewer.id)
    if viewer.branch_id is None:
        return true()
    here = select(User.id).where(in_branch(User, viewer))
    return or_(Absence.user_id.is_(None), Absence.user_id.in_(here))


@rule(WarrantyCertificate)
def warranties(viewer: Viewer) -> Condition:
    """By branch; captains: those of their repairs."""
    seen = _through_customer(WarrantyCertificate, viewer)
    if viewer.role == Role.FRONT_DESK:
        return false()
    if viewer.role != Role.REPAIR_CAPTAIN:
        return seen
    own = select(RepairOrder.certificate_id).where(
        RepairOrder.certificate_id.is_not(None), turn_of(viewer, RepairOrder.captain_id)
    )
    return and_(seen, WarrantyCertificate.id.in_(own))


@rule(RepairOrder)
def repair_orders(viewer: Viewer) -> Condition:
    """By branch; captains those that are theirs or were given to them; the front desk what it took itself."""
    seen = _through_customer(RepairOrder, viewer)
    if viewer.role == Role.FRONT_DESK:
        return and_(seen, turn_of(viewer, RepairOrder.created_by_id))
    if viewer.role == Role.REPAIR_CAPTAIN:
        given = given_to(viewer, RepairOrder.KIND, RepairOrder.id)
        return and_(seen, or_(turn_of(viewer, RepairOrder.captain_id), given))
    return false() if viewer.role == Role.REVIEWER else seen


@rule(RepairVisit)
def repair_visits(viewer: Viewer) -> Condition:
    """As the repair they belong to."""
    theirs = select(RepairOrder.id).where(RepairOrder.id == RepairVisit.order_id, repair_orders(viewer))
    return theirs.correlate(RepairVisit).exists()


@rule(RepairCostCase)
def repair_cost_cases(viewer: Viewer) -> Condition:
    """By branch; captains those of their repairs."""
    seen = in_branch(RepairCostCase, viewer)
    if viewer.role == Role.REPAIR_CAPTAIN:
        return and_(seen, turn_of(viewer, RepairCostCase.captain_id))
    return seen if viewer.role in (Role.SPECIALIST, Role.MANAGER) else false()


@rule(Survey)
def surveys(viewer: Viewer) -> Condition:
    """By branch, for the front desk, specialists and managers."""
    return false() if _sees_given_only(viewer) else _through_customer(Survey, viewer)


@rule(Suggestion)
def suggestions(viewer: Viewer) -> Condition:
    """By branch, for specialists and managers; the front desk what it wrote down itself."""
    if _sees_given_only(viewer):
        return false()
    seen = _through_customer(Suggestion, viewer)
    return and_(seen, turn_of(viewer, Suggestion.created_by_id)) if viewer.role == Role.FRONT_DESK else seen


@rule(KnowledgeArticle)
def knowledge_articles(viewer: Viewer) -> Condition:
    """By branch; the front desk, which only reads, what is published and not retired."""
    seen = in_branch(KnowledgeArticle, viewer)
    if viewer.role != Role.FRONT_DESK:
        return seen
    return and_(seen, KnowledgeArticle.edition_no > 0, KnowledgeArticle.state != KnowledgeState.RETIRED)


@rule(PreAcceptance, Inspection, RectificationNotice)
def pre_acceptances(model: Any, viewer: Viewer) -> Condition:
    """By branch, for specialists, reviewers and managers: inspecting is the reviewers' work, not given case by case."""
    if viewer.role in (Role.FRONT_DESK, Role.REPAIR_CAPTAIN):
        return false()
    return in_branch(model, viewer)


@rule(PenaltyEntry, RewardEntry)
def penalties(model: Any, viewer: Viewer) -> Condition:
    """Managers by branch, who decide; specialists what was decided and is carried out; everybody else what they proposed."""
    seen = in_branch(model, viewer)
    if viewer.role == Role.MANAGER:
        return seen
    own = turn_of(viewer, model.proposed_by_id)
    if viewer.role == Role.SPECIALIST:
        return and_(seen, or_(own, model.approved_at.is_not(None)))
    return and_(seen, own)


@rule(Task)
def tasks(viewer: Viewer) -> Condition:
    """Managers by branch; everybody else what is theirs, what they set, what waits for their role with nobody named."""
    if viewer.role == Role.MANAGER:
        return in_branch(Task, viewer)
    waiting = and_(Task.person_id.is_(None), turn_of_role(viewer, Task.role), in_branch(Task, viewer))
    return or_(turn_of(viewer, Task.person_id), turn_of(viewer, Task.set_by_id), waiting)


@rule(DeadlineClaim)
def deadline_claims(viewer: Viewer) -> Condition:
    """Managers by branch: nobody else decides whether a clock was met without signal."""
    return in_branch(DeadlineClaim, viewer) if viewer.role == Role.MANAGER else false()


@rule(FollowUpCall, FollowUpTicket)
def follow_ups(model: Any, viewer: Viewer) -> Condition:
    """R-20: who calls and who answers for the customer, managers, reviewers and captains of the project, and by leave."""
    seen = in_branch(model, viewer)
    if viewer.role == Role.MANAGER:
        return seen
    if viewer.role == Role.FRONT_DESK:
        return false()
    allowed = select(RecordAccess.project_id).where(
        RecordAccess.requester_id == viewer.id, RecordAccess.state == AccessState.APPROVED
    )
    ways = [model.project_id.in_(allowed), model.project_id.in_(_handled(viewer))]
    if viewer.role == Role.SPECIALIST:
        theirs = and_(turn_of(viewer, Customer.owner_id), Customer.merged_into_id.is_(None))
        of_theirs = _is_among(model.customer_id, Customer, theirs)
        ways = [turn_of(viewer, model.owner_id), model.owner_id.is_(None), of_theirs, ways[0]]
    return and_(seen, or_(*ways))


def _handled(viewer: Viewer) -> Any:
    """The projects that a reviewer reviewed or inspects, or whose repairs a captain does."""
    if viewer.role == Role.REPAIR_CAPTAIN:
        return select(RepairOrder.project_id).where(
            turn_of(viewer, RepairOrder.captain_id), RepairOrder.project_id.is_not(None)
        )
    reviewed = (
        select(Contract.project_id)
        .join(DrawingReview, DrawingReview.contract_id == Contract.id)
        .join(ReviewRound, ReviewRound.review_id == DrawingReview.id)
        .where(turn_of(viewer, ReviewRound.reviewer_id), Contract.project_id.is_not(None))
    )
    return reviewed.union(select(PreAcceptance.project_id).where(turn_of(viewer, PreAcceptance.inspector_id)))


@rule(RecordAccess)
def record_accesses(viewer: Viewer) -> Condition:
    """One's own; managers what the people of their branch ask for."""
    own = RecordAccess.requester_id == viewer.id
    return or_(own, in_branch(RecordAccess, viewer)) if viewer.role == Role.MANAGER else own


@rule(Party, Crew)
def people_outside(model: Any, viewer: Viewer) -> Condition:
    """By branch; those of no branch work for all."""
    return in_branch(model, viewer)


@rule(Branch, TaskType, ContractTemplate)
def open_to_all(_model: Any, _viewer: Viewer) -> Condition:
    """Everybody: which stores, types of tasks and printed contracts there are is no secret."""
    return true()


@rule(User)
def users(viewer: Viewer) -> Condition:
    """Colleagues of the branch and those who work for all."""
    return in_branch(User, viewer)


@rule(Export)
def exports(viewer: Viewer) -> Condition:
    """Whoever asked; managers also what the people of their branch asked for."""
    own = Export.requested_by_id == viewer.id
    if viewer.role != Role.MANAGER:
        return own
    if viewer.branch_id is None:
        return true()
    return or_(own, Export.requested_by_id.in_(select(User.id).where(User.branch_id == viewer.branch_id)))


@rule(ImportRun)
def import_runs(viewer: Viewer) -> Condition:
    """Whoever uploaded the file, and the managers of the branch: a ledger holds what masks hide elsewhere."""
    own = ImportRun.created_by_id == viewer.id
    return or_(own, in_branch(ImportRun, viewer)) if viewer.role == Role.MANAGER else own


@rule(Notice)
def notices(viewer: Viewer) -> Condition:
    """One's own only, managers too."""
    return Notice.user_id == viewer.id


@rule(ExportPreset)
def export_presets(viewer: Viewer) -> Condition:
    """One's own, and those for everybody."""
    return or_(ExportPreset.owner_id == viewer.id, ExportPreset.is_shared.is_(True))


@rule(ChangeRun)
def change_runs(viewer: Viewer) -> Condition:
    """Whoever asked for it."""
    return cast(Condition, ChangeRun.requested_by_id == viewer.id)


@rule(PrintRun)
def print_runs(viewer: Viewer) -> Condition:
    """Whoever asked for it; what is in the file is asked of each record anew (`prints.lost`)."""
    return cast(Condition, PrintRun.requested_by_id == viewer.id)


@rule(Favourite)
def favourites(viewer: Viewer) -> Condition:
    """One's own; of one's branch or of no branch those for one's role and those for everybody."""
    given = or_(
        Favourite.shared == Shared.ALL.value,
        and_(Favourite.shared == Shared.ROLE.value, Favourite.role == viewer.role),
    )
    return or_(turn_of(viewer, Favourite.owner_id), and_(given, in_branch(Favourite, viewer)))


@rule(CannedText)
def canned_texts(viewer: Viewer) -> Condition:
    """One's own; of one's branch or of no branch those for everybody and for one's role; managers those for any role."""
    given = CannedText.shared != Shared.ME.value
    if viewer.role != Role.MANAGER:
        given = or_(CannedText.shared == Shared.ALL.value, CannedText.role == viewer.role)
    return or_(CannedText.owner_id == viewer.id, and_(given, in_branch(CannedText, viewer)))
