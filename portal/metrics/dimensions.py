"""By what figures are split: the columns of a record that say who, where and what kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func
from sqlalchemy.orm import aliased

from portal.i18n import N_, Text
from portal.models.cancellation import Cancellation, CancellationShare
from portal.models.compensation import CompensationShare, PaymentVoucher
from portal.models.complaint import Complaint, ComplaintDepartment, Escalation
from portal.models.completion import CompletionAcceptance
from portal.models.consultation import Channel, Consultation, Matter
from portal.models.contract import Contract
from portal.models.customer import Customer, CustomerSource
from portal.models.drawing_review import DrawingReview
from portal.models.follow_up import FollowUpCall, FollowUpTicket
from portal.models.org import Branch, Crew, Department, Party, User
from portal.models.penalty import PenaltyEntry
from portal.models.pre_acceptance import Inspection, PreAcceptance, RectificationNotice
from portal.models.project import Project, ProjectKind
from portal.models.repair import CostBearer, RepairCost, RepairOrder
from portal.models.reward import RewardEntry
from portal.models.survey import Survey, SurveyAnswer
from portal.models.task import DeadlineBreach, Task
from portal.processes.cancellation import Liability
from portal.processes.complaint import Category, Phase, Severity, Verdict
from portal.processes.escalation import Bearer
from portal.processes.follow_up import CallStage
from portal.processes.penalty import Kind
from portal.processes.repair import InWarranty, Trade
from portal.processes.reward import Kind as RewardKind
from portal.processes.survey import Dimension as SurveyDimension


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to split. `terms` reads stored codes; without it the values are names."""

    title: Text
    column: Any
    terms: Any = None
    joins: tuple[tuple[Any, Any], ...] = ()


_CASE = aliased(Complaint)
_DESIGNER, _FOREMAN, _MANAGER = aliased(Party), aliased(Party), aliased(Party)
_STORE = aliased(Branch)
BAND = case((Contract.amount >= 200_000, "≥ 200,000"), (Contract.amount >= 80_000, "80,000–199,999"), else_="< 80,000")
"""The amount bands of the grades (5.5), in yuan."""

ANSWERS = case(
    (DeadlineBreach.party_id.is_not(None), Party.name), (DeadlineBreach.department.is_(None), User.name)
)  # fmt: skip
"""Who answers for a missed limit: of a department its head or whom it named, not the specialist who follows it (4.9.2)."""

DESIGNER, FOREMAN, MANAGER = N_("Designer"), N_("Foreman"), N_("Project manager")
STORE, CREW, PERSON = N_("Store"), N_("Crew"), N_("Person responsible")


def _store(model: Any) -> Dimension:
    return Dimension(STORE, _STORE.name, joins=((_STORE, _STORE.id == model.branch_id),))


PEOPLE = {"designer": DESIGNER, "manager": MANAGER, "foreman": FOREMAN, "supervisor": N_("Supervisor")}
"""Who worked at a project, by the name of the link without its end."""
_LINKS = {"manager": "project_manager_id"}


def _of_project(title: Text, project_id: Any, name: str) -> Dimension:
    project, person = aliased(Project), aliased(Party)
    on = (person, person.id == link_of(project, name))
    return Dimension(title, person.name, joins=((project, project.id == project_id), on))


def link_of(project: Any, name: str) -> Any:
    """The column of a project that says who it is, by the name in `PEOPLE`."""
    return getattr(project, _LINKS.get(name, f"{name}_id"))


def _of_complaint(case: Any, *joins: tuple[Any, Any]) -> dict[str, Dimension]:
    """How complaints are split, and what hangs on a complaint, which `joins` leads to."""
    lead, owner = aliased(ComplaintDepartment), aliased(User)
    is_lead = and_(lead.complaint_id == case.id, lead.is_lead.is_(True), lead.replaced_at.is_(None))

    def of_project(name: str) -> Dimension:
        found = _of_project(PEOPLE[name], case.project_id, name)
        return Dimension(found.title, found.column, joins=(*joins, *found.joins))

    return {
        "category": Dimension(N_("Category"), case.category, Category, joins),
        "phase": Dimension(N_("Phase"), case.phase, Phase, joins),
        "severity": Dimension(N_("Severity"), case.severity, Severity, joins),
        "verdict": Dimension(N_("Verdict"), case.verdict, Verdict, joins),
        "department": Dimension(N_("Department"), lead.department, Department, (*joins, (lead, is_lead))),
        "owner": Dimension(N_("Specialist"), owner.name, joins=(*joins, (owner, owner.id == case.owner_id))),
        "foreman": of_project("foreman"),
        "manager": of_project("manager"),
    }


DIMENSIONS: dict[Any, dict[str, Dimension]] = {
    DrawingReview: {
        "designer": Dimension(DESIGNER, _DESIGNER.name, joins=((_DESIGNER, _DESIGNER.id == DrawingReview.designer_id),)),
        "store": _store(DrawingReview),
    },
    Complaint: _of_complaint(Complaint),
    FollowUpCall: {
        "stage": Dimension(N_("Stage", "call"), FollowUpCall.stage, CallStage),
        "owner": Dimension(N_("Specialist"), User.name, joins=((User, User.id == FollowUpCall.owner_id),)),
        **{name: _of_project(title, FollowUpCall.project_id, name) for name, title in PEOPLE.items()},
    },
    FollowUpTicket: {
        "department": Dimension(N_("Department"), FollowUpTicket.department, Department),
        **{name: _of_project(title, FollowUpTicket.project_id, name) for name, title in PEOPLE.items()},
    },
    Survey: {
        "dimension": Dimension(N_("Dimension", "survey"), SurveyAnswer.dimension, SurveyDimension),
        "store": _store(Survey),
        **{name: _of_project(title, Survey.project_id, name) for name, title in PEOPLE.items()},
    },
    Cancellation: {"liability": Dimension(N_("Liable", "cancellation"), CancellationShare.liability, Liability)},
    PaymentVoucher: {},
    Escalation: {
        "bearer": Dimension(N_("Borne by"), CompensationShare.bearer, Bearer),
        **_of_complaint(_CASE, (_CASE, _CASE.id == Escalation.complaint_id)),
    },
    PreAcceptance: {},
    Inspection: {
        "foreman": Dimension(FOREMAN, _FOREMAN.name, joins=((_FOREMAN, _FOREMAN.id == Inspection.foreman_id),)),
        "manager": Dimension(MANAGER, _MANAGER.name, joins=((_MANAGER, _MANAGER.id == Inspection.project_manager_id),)),
    },
    RectificationNotice: {
        "foreman": Dimension(FOREMAN, _FOREMAN.name, joins=((_FOREMAN, _FOREMAN.id == RectificationNotice.responsible_id),)),
    },
    RepairOrder: {
        "trade": Dimension(N_("Trade", "repair"), RepairOrder.trade, Trade),
        "warranty": Dimension(N_("In warranty"), RepairOrder.in_warranty, InWarranty),
        "crew": Dimension(CREW, Crew.name, joins=((Crew, Crew.id == RepairOrder.responsible_crew_id),)),
        "bearer": Dimension(N_("Borne by"), RepairCost.bearer, CostBearer),
    },
    Consultation: {
        "channel": Dimension(N_("Channel"), Consultation.channel, Channel),
        "kind": Dimension(N_("Kind"), Consultation.kind, Matter),
    },
    Customer: {"source": Dimension(N_("Source"), Customer.source, CustomerSource)},
    Contract: {
        "kind": Dimension(N_("Kind"), Project.kind, ProjectKind, ((Project, Project.id == Contract.project_id),)),
        "band": Dimension(N_("Contract amount (yuan)"), BAND),
        "store": _store(Contract),
    },
    Project: {},
    CompletionAcceptance: {},
    Task: {
        "code": Dimension(N_("Limit", "deadline"), DeadlineBreach.code),
        "person": Dimension(
            PERSON, ANSWERS,
            joins=((User, User.id == DeadlineBreach.user_id), (Party, Party.id == DeadlineBreach.party_id)),
        ),
        "department": Dimension(N_("Department"), DeadlineBreach.department, Department),
    },
    PenaltyEntry: {
        "kind": Dimension(N_("Kind"), PenaltyEntry.kind, Kind),
        "person": Dimension(
            PERSON, func.coalesce(Crew.name, Party.name, User.name),
            joins=(
                (Crew, Crew.id == PenaltyEntry.crew_id), (Party, Party.id == PenaltyEntry.party_id),
                (User, User.id == PenaltyEntry.user_id),
            ),
        ),
        "designer": Dimension(DESIGNER, _DESIGNER.name, joins=((_DESIGNER, _DESIGNER.id == PenaltyEntry.party_id),)),
    },
    RewardEntry: {
        "kind": Dimension(N_("Kind"), RewardEntry.kind, RewardKind),
        "person": Dimension(
            PERSON, func.coalesce(Crew.name, Party.name, User.name),
            joins=(
                (Crew, Crew.id == RewardEntry.crew_id), (Party, Party.id == RewardEntry.party_id),
                (User, User.id == RewardEntry.user_id),
            ),
        ),
    },
}  # fmt: skip
"""Per record type; a figure can be split by the dimensions of the record behind it."""

__all__ = ["DIMENSIONS", "PEOPLE", "Dimension", "link_of"]
