"""P05 Archive registration, dispatch, start, and how the works go on from there. Source: domain.md 4.5, DL-05 to DL-07."""

from __future__ import annotations

from enum import StrEnum

from portal.i18n import N_, Text
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Deadline, Guard, Process, Transition
from portal.terms import Term


class ProjectStage(Term):
    """The stage of the works (`domain.md` 4.5)."""

    SIGNED = "SIGNED", "Contract signed"
    ARCHIVED = "ARCHIVED", "Archive opened"
    TO_DISPATCH = "TO_DISPATCH", "To dispatch"
    DISPATCHED = "DISPATCHED", "Dispatched"
    MATERIAL_CARD = "MATERIAL_CARD", "Material card issued"
    START_SET = "START_SET", "Start is set"
    IN_PROGRESS = "IN_PROGRESS", "Under construction"
    PRE_ACCEPTED = "PRE_ACCEPTED", "Pre-accepted"
    ACCEPTED = "ACCEPTED", "Accepted"
    SETTLED = "SETTLED", "Settled"
    IN_WARRANTY = "IN_WARRANTY", "In warranty"
    OUT_OF_WARRANTY = "OUT_OF_WARRANTY", "Out of warranty"
    SUSPENDED = "SUSPENDED", "Works stopped"
    CANCELLED = "CANCELLED", "Cancelled"


class Action(StrEnum):
    """What can be done with a project."""

    OPEN = "open"
    SIGN = "sign"
    ARCHIVE = "archive"
    HAND_OVER = "hand-over"
    DISPATCH = "dispatch"
    ISSUE_CARD = "issue-card"
    SET_START = "set-start"
    START = "start"
    SUSPEND = "suspend"
    RESUME = "resume"
    PRE_ACCEPT = "pre-accept"
    ACCEPT = "accept"
    SETTLE = "settle"
    WARRANT = "warrant"
    EXPIRE = "expire"
    CANCEL = "cancel"


class StopReason(Term):
    """Why works are stopped (4.5)."""

    PAYMENT = "PAYMENT", "Payment"
    DISPUTE = "DISPUTE", "Dispute"
    QUALITY = "QUALITY", "Quality"
    OTHER = "OTHER", "Other"


class PaperStage(Term):
    """By when a paper must be there (4.16)."""

    SIGNING = "SIGNING", "Signing"
    COMPLETION = "COMPLETION", "Completion"


MEANINGS: dict[ProjectStage, Text] = {
    ProjectStage.SIGNED: N_("The contract is signed; the archive is to be opened."),
    ProjectStage.ARCHIVED: N_("The file of customer service is open."),
    ProjectStage.TO_DISPATCH: N_("Handed to engineering, which names who builds."),
    ProjectStage.DISPATCHED: N_("Project manager, foreman, crew and supervisor are named."),
    ProjectStage.MATERIAL_CARD: N_("The crew may draw materials."),
    ProjectStage.START_SET: N_("The day of the start is agreed with the customer."),
    ProjectStage.IN_PROGRESS: N_("Works are running."),
    ProjectStage.PRE_ACCEPTED: N_("Customer service found nothing that stands against the acceptance."),
    ProjectStage.ACCEPTED: N_("The customer accepted the works."),
    ProjectStage.SETTLED: N_("The final payment is in."),
    ProjectStage.IN_WARRANTY: N_("The certificate is issued."),
    ProjectStage.OUT_OF_WARRANTY: N_("The last term is over."),
    ProjectStage.SUSPENDED: N_("Works are stopped: payment, dispute, quality."),
    ProjectStage.CANCELLED: N_("The customer ended the contract."),
}
LAST = frozenset({ProjectStage.OUT_OF_WARRANTY, ProjectStage.CANCELLED})
WORKS_OVER = LAST | {ProjectStage.ACCEPTED, ProjectStage.SETTLED, ProjectStage.IN_WARRANTY}
"""The works were accepted or given up: nothing of them is waited for any more, so nothing of them grows late."""
BESIDE = frozenset({ProjectStage.SUSPENDED, ProjectStage.CANCELLED})
"""Off the main line."""
BEFORE_ACCEPTANCE = frozenset(
    set(ProjectStage) - {ProjectStage.ACCEPTED, ProjectStage.SETTLED, ProjectStage.IN_WARRANTY, *LAST}
)
"""A contract may still be ended (4.17)."""


def missing_papers(project: base.Facts, stage: PaperStage) -> list[str]:
    """The papers that must be there by a stage and are not."""
    return [
        paper.title
        for paper in project.papers
        if paper.stage == stage and paper.is_required and paper.present_on is None
    ]


CONTRACT_SIGNED = Guard("contract", N_("the contract is signed"), lambda project: bool(project.is_signed))
FIRST_PAYMENT = Guard(
    "first-payment", N_("the first payment is recorded"), lambda project: bool(project.has_first_payment)
)
PAPERS = Guard(
    "papers",
    N_("the required papers of the signing are in the file"),
    lambda project: not missing_papers(project, PaperStage.SIGNING),
)
FOREMAN_FREE = Guard(
    "foreman",
    N_("the foreman is not suspended from new orders"),
    lambda project: not project.foreman_suspended,
    needs_input=True,
)
CREW_ACTIVE = Guard(
    "crew",
    N_("the crew works for us"),
    lambda project: project.crew is not None and project.crew.status == "ACTIVE",
    needs_input=True,
)
AGREED = Guard(
    "agreed", N_("the customer agreed to the day"), lambda project: bool(project.start_agreed), needs_input=True
)
NOT_FROZEN = Guard(
    "not-frozen",
    N_("the customer does not want to end the contract (P17)"),
    lambda project: project.frozen_at is None,
)
DISCLOSED = Guard("disclosed", N_("the technical disclosure is recorded (F-31)"), lambda p: bool(p.disclosures))
DRAWINGS = Guard(
    "drawings",
    N_("the drawings were reviewed jointly"),
    lambda project: any(one.drawings_reviewed for one in project.disclosures),
)
P = Permission


def _system(action: Action, label: Text, source: ProjectStage, target: ProjectStage, note: str) -> Transition:
    """A step that another process brings about."""
    return Transition(
        action, label, frozenset({source}), target, P.PROJECT_EDIT, automatic=True, notify=("owner",), source_note=note
    )


PROCESS = Process(
    code="P05",
    kind="projects",
    title=N_("Archive registration, dispatch, start"),
    purpose=N_("From the signature to the first day of work nothing is forgotten, and everybody knows who builds."),
    states=tuple(
        base.State(stage.value, stage.label, MEANINGS[stage], final=stage in LAST, main_line=stage not in BESIDE)
        for stage in ProjectStage
    ),
    transitions=(
        Transition(Action.OPEN, N_("Open the project"), frozenset(), ProjectStage.SIGNED, P.PROJECT_EDIT),
        Transition(
            Action.SIGN,
            N_("The contract is signed"),
            frozenset({ProjectStage.SIGNED}),
            ProjectStage.SIGNED,
            P.PROJECT_EDIT,
            guards=(CONTRACT_SIGNED,),
            notify=("owner",),
            automatic=True,
            source_note="P03, DL-05",
        ),
        Transition(
            Action.ARCHIVE,
            N_("Open the archive"),
            frozenset({ProjectStage.SIGNED}),
            ProjectStage.ARCHIVED,
            P.PROJECT_EDIT,
            required=("archive_number", "grade", "is_repeat", "slip_engineering_at", "slip_finance_at"),
            optional=("slip_service_at", "grade_reason", "promises"),
            guards=(CONTRACT_SIGNED, FIRST_PAYMENT),
            source_note="F-15, DL-05",
        ),
        Transition(
            Action.HAND_OVER,
            N_("Hand to engineering"),
            frozenset({ProjectStage.ARCHIVED}),
            ProjectStage.TO_DISPATCH,
            P.PROJECT_EDIT,
            required=("received_at", "received_by"),
            guards=(PAPERS, NOT_FROZEN),
            happened_field="received_at",
            source_note="DL-06",
        ),
        Transition(
            Action.DISPATCH,
            N_("Record the dispatch"),
            frozenset({ProjectStage.TO_DISPATCH}),
            ProjectStage.DISPATCHED,
            P.PROJECT_EDIT,
            required=("dispatched_at", "project_manager", "foreman", "crew", "supervisor"),
            guards=(NOT_FROZEN, FOREMAN_FREE, CREW_ACTIVE),
            happened_field="dispatched_at",
            notify=("owner",),
            on_behalf=True,
            source_note="DL-06",
        ),
        Transition(
            Action.ISSUE_CARD,
            N_("Record the material card"),
            frozenset({ProjectStage.DISPATCHED}),
            ProjectStage.MATERIAL_CARD,
            P.PROJECT_EDIT,
            required=("card_number", "issued_on"),
            optional=("card_limit",),
            guards=(NOT_FROZEN,),
            on_behalf=True,
        ),
        Transition(
            Action.SET_START,
            N_("Set the start"),
            frozenset({ProjectStage.MATERIAL_CARD}),
            ProjectStage.START_SET,
            P.PROJECT_EDIT,
            required=("planned_start_on", "start_agreed"),
            guards=(NOT_FROZEN, AGREED),
        ),
        Transition(
            Action.START,
            N_("Works have begun"),
            frozenset({ProjectStage.START_SET}),
            ProjectStage.IN_PROGRESS,
            P.PROJECT_EDIT,
            required=("actual_start_on",),
            guards=(NOT_FROZEN, DISCLOSED, DRAWINGS),
            on_behalf=True,
        ),
        Transition(
            Action.SUSPEND,
            N_("Stop the works"),
            frozenset({ProjectStage.IN_PROGRESS}),
            ProjectStage.SUSPENDED,
            P.PROJECT_EDIT,
            required=("reason", "since", "what"),
            optional=("until",),
            notify=("owner", "managers"),
            primary=False,
            on_behalf=True,
        ),
        Transition(
            Action.RESUME,
            N_("Works go on"),
            frozenset({ProjectStage.SUSPENDED}),
            ProjectStage.IN_PROGRESS,
            P.PROJECT_EDIT,
            required=("resumed_on",),
            notify=("owner", "managers"),
            on_behalf=True,
        ),
        _system(
            Action.PRE_ACCEPT, N_("Pre-acceptance passed"), ProjectStage.IN_PROGRESS, ProjectStage.PRE_ACCEPTED, "P11"
        ),
        _system(Action.ACCEPT, N_("The customer accepted"), ProjectStage.PRE_ACCEPTED, ProjectStage.ACCEPTED, "P12"),
        _system(Action.SETTLE, N_("The final payment is in"), ProjectStage.ACCEPTED, ProjectStage.SETTLED, "P12"),
        _system(Action.WARRANT, N_("The warranty is issued"), ProjectStage.SETTLED, ProjectStage.IN_WARRANTY, "P13"),
        _system(
            Action.EXPIRE, N_("The last term is over"), ProjectStage.IN_WARRANTY, ProjectStage.OUT_OF_WARRANTY, "P13"
        ),
        Transition(
            Action.CANCEL,
            N_("The contract was ended"),
            BEFORE_ACCEPTANCE,
            ProjectStage.CANCELLED,
            P.PROJECT_EDIT,
            notify=("owner", "managers"),
            automatic=True,
            primary=False,
            source_note="P17",
        ),
    ),
    deadlines=(
        Deadline(
            "DL-05",
            N_("Open the archive"),
            starts=frozenset({ProjectStage.SIGNED}),
            met_by=frozenset({ProjectStage.ARCHIVED}),
            setting="archive_open_wd",
            start_field="signed_from",
            starts_on=frozenset({Action.SIGN}),
            cancelled_by=frozenset({ProjectStage.CANCELLED}),
        ),
        Deadline(
            "DL-06",
            N_("Name the foreman"),
            starts=frozenset({ProjectStage.TO_DISPATCH}),
            met_by=frozenset({ProjectStage.DISPATCHED}),
            setting="dispatch_wd",
            start_field="received_at",
            cancelled_by=frozenset({ProjectStage.CANCELLED}),
            responsible="department",
        ),
        Deadline(
            "DL-07",
            N_("Project manager tells the customer how the works go"),
            starts=frozenset({ProjectStage.IN_PROGRESS}),
            met_by=frozenset({ProjectStage.PRE_ACCEPTED}),
            setting="weekly_report_days",
            start_field="works_from",
            starts_on=frozenset({Action.START, Action.RESUME}),
            cancelled_by=frozenset({ProjectStage.SUSPENDED, ProjectStage.CANCELLED}),
            responsible="project_manager",
        ),
    ),
    field_labels={
        "archive_number": N_("Archive number"),
        "grade": N_("Customer grade"),
        "grade_reason": N_("Why another grade"),
        "is_repeat": N_("Repeat customer"),
        "promises": N_("Special promises"),
        "slip_engineering_at": N_("Contract information sent to engineering at"),
        "slip_finance_at": N_("Contract information sent to finance at"),
        "slip_service_at": N_("Contract information received by customer service at"),
        "received_at": N_("Handed over at"),
        "received_by": N_("Handed over to"),
        "dispatched_at": N_("Dispatched at"),
        "project_manager": N_("Project manager"),
        "foreman": N_("Foreman"),
        "crew": N_("Crew"),
        "supervisor": N_("Supervisor"),
        "card_number": N_("Number of the material card"),
        "issued_on": N_("Issued on"),
        "card_limit": N_("Items and limit"),
        "planned_start_on": N_("Planned start"),
        "start_agreed": N_("The customer agreed to the day"),
        "actual_start_on": N_("Actual start"),
        "reason": N_("Reason"),
        "what": N_("What happened"),
        "since": N_("Stopped since"),
        "until": N_("Expected until"),
        "resumed_on": N_("Works go on since"),
    },
    forms=("F-15", "F-31"),
)
