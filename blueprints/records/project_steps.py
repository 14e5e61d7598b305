"""The steps of P05 and what they rest on: one form per step, the papers of the file, the technical disclosure."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.forms import (
    BooleanField,
    ChecksField,
    ChoiceField,
    LocalDateField,
    LocalDateTimeField,
    NameField,
    TermField,
    TextField,
)
from blueprints.http import find_or_404, requires
from blueprints.records import blueprint, showing
from blueprints.records.editing import change
from blueprints.records.forms.base import RecordForm
from blueprints.records.steps import Desk, StepForm, StepPages
from portal import clock, visibility
from portal.db import session
from portal.i18n import N_, _
from portal.models.customer import CustomerGrade
from portal.models.org import Crew, Department, Party
from portal.models.project import Project
from portal.models.works import Presence
from portal.permissions import Permission
from portal.processes.project import PROCESS, Action, PaperStage, StopReason
from portal.services import crews, parties, works

P = Permission
L = PROCESS.field_labels
PLEASE = N_("Please choose")


def find(number: str) -> Project:
    """The project of that number, if it exists for the person. Raises NotFound."""
    return find_or_404(Project, number)


def chosen(desk: Desk, model: Any, key: int | None) -> Any:
    """The person or crew that was chosen from the list."""
    return desk.session.scalars(visibility.visible_to(desk.user, model).where(model.id == key)).one()


class ArchiveForm(StepForm):
    """The file is opened; what the portal found about the customer stands above."""

    archive_number = TextField(L["archive_number"], limit=40, description=N_("Empty: the next number"))
    grade = TermField(L["grade"], CustomerGrade, required=True)
    grade_reason = TextField(L["grade_reason"], limit=300)
    is_repeat = BooleanField(L["is_repeat"])
    slip_engineering_at = LocalDateTimeField(L["slip_engineering_at"], required=True)
    slip_finance_at = LocalDateTimeField(L["slip_finance_at"], required=True)
    slip_service_at = LocalDateTimeField(L["slip_service_at"], required=True)
    promises = TextField(L["promises"], limit=2000, rows=3)

    def prepare(self, desk: Desk) -> None:
        if self.is_submitted():
            return
        found = works.propose(desk.session, desk.record)
        self.grade.data, self.is_repeat.data = found.grade, found.is_repeat
        for name in ("slip_engineering_at", "slip_finance_at", "slip_service_at"):
            self[name].data = desk.at

    def told(self, desk: Desk) -> list[str]:
        found = works.propose(desk.session, desk.record)
        said = [_("By contract amount, home and history the grade is %(grade)s.", grade=found.grade)]
        if found.known_by:
            said.append(_("The portal knows this household: %(number)s. A repeat customer.", number=found.known_by))
        return said

    def to_command(self, desk: Desk) -> works.Archive:
        return works.Archive(
            archive_number=self.archive_number.data,
            grade=str(self.grade.data),
            grade_reason=self.grade_reason.data,
            is_repeat=bool(self.is_repeat.data),
            slip_engineering_at=self.slip_engineering_at.data,
            slip_finance_at=self.slip_finance_at.data,
            slip_service_at=self.slip_service_at.data,
            promises=self.promises.data,
        )


class HandOverForm(StepForm):
    """The file goes to engineering."""

    received_at = LocalDateTimeField(L["received_at"], required=True)
    received_by = ChoiceField(L["received_by"], coerce=int, choices=[], required=True, blank=PLEASE)

    def prepare(self, desk: Desk) -> None:
        engineers = visibility.visible_to(desk.user, Party).where(
            Party.department == Department.ENGINEERING, Party.status == "ACTIVE"
        )
        heads = desk.session.scalars(engineers.order_by(Party.is_head.desc(), Party.name).limit(300))
        self.received_by.choices = [(one.id, one.name) for one in heads]
        if not self.is_submitted():
            self.received_at.data = desk.at

    def to_command(self, desk: Desk) -> works.HandOver:
        return works.HandOver(self.received_at.data, chosen(desk, Party, self.received_by.data))


class DispatchForm(StepForm):
    """Who builds, as engineering named them."""

    dispatched_at = LocalDateTimeField(L["dispatched_at"], required=True)
    project_manager = ChoiceField(L["project_manager"], coerce=int, choices=[], required=True, blank=PLEASE)
    foreman = ChoiceField(L["foreman"], coerce=int, choices=[], required=True, blank=PLEASE)
    crew = ChoiceField(L["crew"], coerce=int, choices=[], required=True, blank=PLEASE)
    supervisor = ChoiceField(L["supervisor"], coerce=int, choices=[], required=True, blank=PLEASE)

    def prepare(self, desk: Desk) -> None:
        for name in ("project_manager", "foreman", "supervisor"):
            kinds = parties.POSTS[f"{name}_id"]
            people = visibility.visible_to(desk.user, Party).where(Party.kind.in_(kinds), Party.status != "DEPARTED")
            found = desk.session.scalars(people.order_by(Party.name).limit(500))
            self[name].choices = [(one.id, one.name) for one in found]
        self.crew.choices = [(crew.id, crew.name) for crew in crews.working(desk.session, desk.user)]
        if not self.is_submitted():
            self.dispatched_at.data = desk.at
            for name in ("project_manager", "foreman", "crew", "supervisor"):
                self[name].data = getattr(desk.record, f"{name}_id")

    def to_command(self, desk: Desk) -> works.Dispatch:
        return works.Dispatch(
            dispatched_at=self.dispatched_at.data,
            project_manager=chosen(desk, Party, self.project_manager.data),
            foreman=chosen(desk, Party, self.foreman.data),
            crew=chosen(desk, Crew, self.crew.data),
            supervisor=chosen(desk, Party, self.supervisor.data),
        )


class CardForm(StepForm):
    """The material card."""

    card_number = TextField(L["card_number"], limit=40, required=True)
    issued_on = LocalDateField(L["issued_on"], required=True)
    card_limit = TextField(L["card_limit"], limit=2000, rows=3)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.issued_on.data = clock.today(desk.at)

    def to_command(self, desk: Desk) -> works.IssueCard:
        return works.IssueCard(self.card_number.data, self.issued_on.data, self.card_limit.data)


class SetStartForm(StepForm):
    """The day agreed with the customer."""

    planned_start_on = LocalDateField(L["planned_start_on"], required=True)
    start_agreed = BooleanField(L["start_agreed"])

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.planned_start_on.data = desk.record.planned_start_on

    def to_command(self, desk: Desk) -> works.SetStart:
        return works.SetStart(self.planned_start_on.data, bool(self.start_agreed.data) or None)


class StartForm(StepForm):
    """The first day of work."""

    actual_start_on = LocalDateField(L["actual_start_on"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.actual_start_on.data = min(desk.record.planned_start_on or clock.today(desk.at), clock.today(desk.at))

    def to_command(self, desk: Desk) -> works.Start:
        return works.Start(self.actual_start_on.data)


class SuspendForm(StepForm):
    """Works are stopped."""

    reason = TermField(L["reason"], StopReason, required=True, blank=PLEASE)
    what = TextField(L["what"], limit=2000, rows=3, required=True)
    since = LocalDateField(L["since"], required=True)
    until = LocalDateField(L["until"])

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.since.data = clock.today(desk.at)

    def to_command(self, desk: Desk) -> works.Suspend:
        return works.Suspend(str(self.reason.data), self.what.data, self.since.data, self.until.data)


class ResumeForm(StepForm):
    """Works go on."""

    resumed_on = LocalDateField(L["resumed_on"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.resumed_on.data = clock.today(desk.at)

    def to_command(self, desk: Desk) -> works.Resume:
        return works.Resume(self.resumed_on.data)


STEPS = StepPages(
    find=find,
    forms={
        Action.ARCHIVE: (ArchiveForm, works.archive),
        Action.HAND_OVER: (HandOverForm, works.hand_over),
        Action.DISPATCH: (DispatchForm, works.dispatch),
        Action.ISSUE_CARD: (CardForm, works.issue_card),
        Action.SET_START: (SetStartForm, works.set_start),
        Action.START: (StartForm, works.start),
        Action.SUSPEND: (SuspendForm, works.suspend),
        Action.RESUME: (ResumeForm, works.resume),
    },
    kinds=N_("Projects"),
    heading=lambda project: (project.customer.name, project.property.address),
    shows_waiting_clocks=False,
)


@blueprint.route("/projects/<number>/steps/<action>", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def project_step(number: str, action: str) -> ResponseReturnValue:
    """One step of the works: its form, and carrying it out."""
    return STEPS.show(number, action)


# ---------- Papers ----------


class PapersForm(RecordForm):
    """Which papers of a stage are in the file."""

    SECTIONS = ((N_("Papers in the file"), ("papers",)),)

    papers = ChecksField(N_("Papers"))

    def prepare(self, project: Project, stage: PaperStage) -> PapersForm:
        """Offer the papers of the list, by their place in it."""
        found = works.papers_of(session(), project, stage)
        self.papers.choices = [
            (place, _("%(text)s (must)", text=paper.title) if paper.is_required else paper.title)
            for place, paper in enumerate(found)
        ]
        if not self.is_submitted():
            self.papers.data = [place for place, paper in enumerate(found) if paper.present_on is not None]
        return self


@blueprint.route("/projects/<number>/papers/<any(signing, completion):stage>", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def project_papers(number: str, stage: str) -> ResponseReturnValue:
    """Tick the papers that are in the file."""
    record, which = find(number), PaperStage(stage.upper())
    form = PapersForm().prepare(record, which)

    def act(writing: Session, fresh: Project) -> None:
        works.keep_papers(writing, fresh, which, form.papers.data or (), actor=g.user, at=clock.now())

    return change(form, showing.sheet(_("Papers"), record, "projects"), lambda: find(number), act)


# ---------- Technical disclosure ----------


class DisclosureForm(RecordForm):
    """What was explained and found before the start (F-31)."""

    SECTIONS = (
        (N_("Technical disclosure"), ("held_at", "place", "present", "drawings_reviewed")),
        (N_("What was explained and found"), ("items", "condition", "questions", "signed_by")),
    )
    WIDE = frozenset({"items", "condition", "questions"})

    held_at = LocalDateTimeField(N_("Held at"), required=True)
    place = TextField(N_("Place"), limit=200, required=True)
    present = ChecksField(N_("Present"))
    drawings_reviewed = BooleanField(N_("The drawings were reviewed jointly"))
    items = TextField(N_("What was explained"), limit=2000, rows=4, required=True)
    condition = TextField(N_("Tiles, pipes and the rest as found"), limit=2000, rows=3, required=True)
    questions = TextField(N_("Questions and answers"), limit=2000, rows=3)
    signed_by = NameField(N_("Signed for the customer by"))

    def prepare(self, project: Project) -> DisclosureForm:
        """Offer who may have been there, and what is usual."""
        self.present.choices = [(place, one.label) for place, one in enumerate(Presence)]
        if not self.is_submitted():
            self.held_at.data, self.place.data = clock.now(), project.property.address
            self.signed_by.data = project.customer.name
        return self

    def to_command(self) -> works.Disclose:
        """The command."""
        everybody = list(Presence)
        return works.Disclose(
            held_at=self.held_at.data,
            place=self.place.data,
            present=tuple(everybody[place].value for place in self.present.data or () if place < len(everybody)),
            drawings_reviewed=bool(self.drawings_reviewed.data),
            items=self.items.data,
            questions=self.questions.data,
            condition=self.condition.data,
            signed_by=self.signed_by.data,
        )


@blueprint.route("/projects/<number>/disclosures/new", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def new_disclosure(number: str) -> ResponseReturnValue:
    """Record the technical disclosure."""
    record = find(number)
    form = DisclosureForm().prepare(record)

    def act(writing: Session, fresh: Project) -> None:
        works.disclose(writing, fresh, form.to_command(), actor=g.user, at=clock.now())

    return change(form, showing.sheet(_("Technical disclosure"), record, "projects"), lambda: find(number), act)
