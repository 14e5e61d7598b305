"""Records by the words of their address: which kinds have files and papers, and who may see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from sqlalchemy import Integer, Select, and_, bindparam, func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from portal import visibility
from portal.errors import NotFound
from portal.models.approval import Approval
from portal.models.archive import ArchiveLoan
from portal.models.cancellation import Cancellation, LossNotice
from portal.models.compensation import PaymentVoucher
from portal.models.complaint import Complaint, Escalation
from portal.models.completion import CompletionAcceptance
from portal.models.consultation import Consultation
from portal.models.contract import Contract, ContractTemplate, Quotation
from portal.models.customer import Customer, Property
from portal.models.drawing_review import DrawingReview
from portal.models.follow_up import FollowUpCall, FollowUpTicket
from portal.models.knowledge import KnowledgeArticle
from portal.models.lead_touch import LeadTouch
from portal.models.milestone import (
    ChangeOrder,
    DelayNotice,
    OpenDay,
    SafetyNotice,
    StageAcceptance,
    SupervisorVisit,
    WeeklyReportToCustomer,
)
from portal.models.org import Branch, Crew, Party, User
from portal.models.penalty import PenaltyEntry
from portal.models.pre_acceptance import Inspection, PreAcceptance, RectificationNotice
from portal.models.project import Project
from portal.models.repair import RepairCostCase, RepairOrder, WarrantyCertificate
from portal.models.report import ReportRun
from portal.models.reward import RewardEntry
from portal.models.suggestion import Suggestion
from portal.models.survey import Survey
from portal.models.works import DispatchOrder
from portal.permissions import Permission, Role, may

P = Permission

VIEW: dict[type[Any], Permission] = {
    Approval: P.APPROVAL_VIEW,
    ArchiveLoan: P.LOAN_VIEW,
    Branch: P.PARTY_VIEW,
    ChangeOrder: P.PROJECT_VIEW,
    Cancellation: P.CANCELLATION_VIEW,
    Complaint: P.COMPLAINT_VIEW,
    CompletionAcceptance: P.COMPLETION_VIEW,
    Consultation: P.CONSULTATION_VIEW,
    Contract: P.CONTRACT_VIEW,
    ContractTemplate: P.CONTRACT_VIEW,
    Crew: P.PARTY_VIEW,
    Customer: P.CUSTOMER_VIEW,
    DelayNotice: P.PROJECT_VIEW,
    DispatchOrder: P.PROJECT_VIEW,
    DrawingReview: P.REVIEW_VIEW,
    Escalation: P.ESCALATION_VIEW,
    FollowUpCall: P.FOLLOW_UP_VIEW,
    FollowUpTicket: P.FOLLOW_UP_VIEW,
    Inspection: P.PREACCEPT_VIEW,
    KnowledgeArticle: P.KNOWLEDGE_VIEW,
    LeadTouch: P.TOUCH_VIEW,
    LossNotice: P.CANCELLATION_VIEW,
    OpenDay: P.PROJECT_VIEW,
    Party: P.PARTY_VIEW,
    PaymentVoucher: P.VOUCHER_VIEW,
    PenaltyEntry: P.PENALTY_VIEW,
    PreAcceptance: P.PREACCEPT_VIEW,
    Project: P.PROJECT_VIEW,
    Property: P.PROJECT_VIEW,
    Quotation: P.CONTRACT_VIEW,
    RectificationNotice: P.PREACCEPT_VIEW,
    RepairCostCase: P.COST_CASE_VIEW,
    RepairOrder: P.REPAIR_VIEW,
    ReportRun: P.REPORT_VIEW,
    RewardEntry: P.PENALTY_VIEW,
    SafetyNotice: P.PROJECT_VIEW,
    StageAcceptance: P.PROJECT_VIEW,
    Suggestion: P.SUGGESTION_VIEW,
    SupervisorVisit: P.PROJECT_VIEW,
    Survey: P.SURVEY_VIEW,
    WarrantyCertificate: P.WARRANTY_VIEW,
    WeeklyReportToCustomer: P.PROJECT_VIEW,
}
"""What a role must be granted to see records of a type at all; which rows is `portal.visibility`."""

MODELS: dict[str, type[Any]] = {model.KIND: model for model in VIEW}


def find(session: Session, user: User, kind: str, *, number: str | None = None, record_id: int | None = None) -> Any:
    """The record of that number (or id), if it exists for this person. Raises NotFound; unknown and foreign look alike."""
    model = MODELS.get(kind)
    if model is None or not may(user, VIEW[model]):
        raise NotFound()
    return seen(session, user, model, number=number, record_id=record_id)


def seen(
    session: Session, user: User, model: type[Any], *, number: str | None = None, record_id: int | None = None
) -> Any:
    """As `find`, by the row rule alone: for what a role may do with records it may not open. Raises NotFound."""
    condition = model.number == number if record_id is None else model.id == record_id
    record = session.scalars(visibility.visible_to(user, model).where(condition)).one_or_none()
    if record is None:
        raise NotFound()
    return record


def counts(session: Session, user: User, link: str, key: int, kinds: Iterable[str]) -> dict[str, int]:
    """How many records of each kind the person sees whose `link` is `key`, as ("customer_id", 7), in one question."""
    columns = [
        select(func.count())
        .select_from(model := MODELS[kind])
        .where(getattr(model, link) == key, visibility.condition(user, model))
        .scalar_subquery()
        .label(kind)
        for kind in kinds
    ]
    return dict(session.execute(select(*columns)).one()._mapping)


def branch_of(record: Any) -> int | None:
    """The branch whose people a record concerns; None: every branch."""
    own: int | None = record.id if isinstance(record, Branch) else record.branch_id
    return own


# ---------- Who sees a record ----------


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A viewer who is a row of the person table: the rules of `portal.visibility` asked about everybody at once."""

    role: str
    has_branch: bool
    stands_in: bool = True
    """Of everybody at once it must be asked."""

    @property
    def id(self) -> Any:
        """The number of the person in the outer row; text, so that no inner query takes the table for its own."""
        return literal_column("candidate.id", Integer)

    @property
    def branch_id(self) -> Any:
        """The branch of the person in the outer row; None: every branch."""
        return literal_column("candidate.branch_id", Integer) if self.has_branch else None


def who_sees(record: Any) -> Select[User]:
    """The people for whom a record exists, by role and row, among those who may sign in."""
    return _who_sees(cast(Any, type(record))).params(record_id=record.id)


@cache
def _who_sees(model: type[Any]) -> Select[User]:
    """Built once for each type: it asks every rule of the type about everybody."""
    candidate = aliased(User, name="candidate")
    kinds = [
        and_(
            candidate.role == role.value,
            candidate.branch_id.is_not(None) if has_branch else candidate.branch_id.is_(None),
            select(model.id)
            .where(model.id == bindparam("record_id"), visibility.condition(_Candidate(role.value, has_branch), model))
            .exists(),
        )
        for role in Role
        if may(role, VIEW[model])
        for has_branch in (True, False)
    ]
    ids = select(candidate.id).where(candidate.disabled_at.is_(None), or_(*kinds))
    return select(User).where(User.id.in_(ids))


def sees(session: Session, person: User, record: Any) -> bool:
    """Whether the record exists for this person, who may sign in."""
    return session.scalar(who_sees(record).with_only_columns(User.id).where(User.id == person.id)) is not None


def seen_among(session: Session, person: User, model: type[Any], ids: Iterable[int], *, once_given: bool) -> set[int]:
    """Which of these records exist for a person; `once_given`: also those that would when given to the person.

    Reviewers and captains see what is given to them and lies in their branch, as specialists do without that.
    """
    if not may(Role(person.role), VIEW[model]) or not person.is_active:
        return set()
    viewer: visibility.Viewer = person
    if once_given and person.role in (Role.REVIEWER, Role.REPAIR_CAPTAIN):
        viewer = _Given(person.id, person.branch_id)
    return set(session.scalars(select(model.id).where(model.id.in_(ids), visibility.condition(viewer, model))))


@dataclass(frozen=True, slots=True)
class _Given:
    """A person as somebody who sees the whole branch."""

    id: Any
    branch_id: Any
    role: str = Role.SPECIALIST.value
    stands_in: bool = False


def who_could_be_given(session: Session, record: Any, actor: User) -> list[User]:
    """Reviewers and captains known to the actor who would see the record once it is given to them."""
    model = type(record)
    roles = [role.value for role in (Role.REVIEWER, Role.REPAIR_CAPTAIN) if may(role, VIEW[model])]
    query = visibility.visible_to(actor, User).where(
        User.role.in_(roles),
        User.disabled_at.is_(None),
        User.id.not_in(who_sees(record).with_only_columns(User.id)),
    )
    if (branch_id := branch_of(record)) is not None:
        query = query.where(or_(User.branch_id.is_(None), User.branch_id == branch_id))
    return list(session.scalars(query.order_by(User.name, User.id)))
