"""Loans of the archive: asking for a file, its page, consent, handing out, taking back. Rules: `portal/processes/archive_loan.py`."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, joinedload

from blueprints.forms import LocalDateField, LocalDateTimeField, NameField, TermField, TextField, WholeField
from blueprints.http import find_or_404, requires
from blueprints.records import approval_tables, blueprint, editing, showing
from blueprints.records.consent_forms import PLEASE, RefusalForm, TakeBackForm, WordForm
from blueprints.records.forms.base import RecordForm
from blueprints.records.steps import Desk, StepForm, StepPages
from portal import clock, formatting
from portal.db import session
from portal.i18n import N_, Text, _
from portal.models.archive import ArchiveLoan
from portal.models.org import Department, User
from portal.models.project import Project
from portal.permissions import Permission
from portal.processes.archive_loan import PROCESS, Action, Condition, Mode, Secrecy, State
from portal.services import archive_loans
from portal.services.fields import Field, link, term

P = Permission
PATH = "/archive-loans/<number>"
L = PROCESS.field_labels
NAMED = (
    joinedload(ArchiveLoan.customer),
    joinedload(ArchiveLoan.project).joinedload(Project.property),
    joinedload(ArchiveLoan.owner),
    joinedload(ArchiveLoan.approval),
)
FIELDS: dict[str, Field] = {
    "applicant": Field(L["applicant"]),
    "department": term(L["department"], Department),
    "purpose": Field(L["purpose"]),
    "mode": term(L["mode"], Mode),
    "place": Field(L["place"]),
    "secrecy": term(N_("Secrecy"), Secrecy),
    "wanted_until": Field(L["wanted_until"]),
    "owner_id": link(N_("Keeper of the file"), User),
    "decision": Field(L["reason"]),
    "approved_at": Field(N_("Approved at")),
    "out_at": Field(L["out_at"]),
    "pages_out": Field(L["pages_out"], str),
    "due_at": Field(L["due_at"]),
    "returned_at": Field(L["returned_at"]),
    "pages_back": Field(L["pages_back"], str),
    "condition": term(L["condition"], Condition),
    "condition_note": Field(L["condition_note"]),
}
WIDE = ("purpose", "decision", "condition_note")
PARTS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (N_("Request", "archive loan"), ("applicant", "department", "mode", "place", "secrecy", "wanted_until", "owner_id", "purpose")),
    (N_("Decision", "archive loan"), ("approved_at", "decision")),
    (N_("Handed out", "archive loan"), ("out_at", "due_at", "pages_out")),
    (N_("Returned", "archive loan"), ("returned_at", "pages_back", "condition", "condition_note")),
)  # fmt: skip


@blueprint.get(PATH)
@requires(P.LOAN_VIEW)
def archive_loan(number: str) -> ResponseReturnValue:
    """The loan: who needs the file and what for, what was decided, when it went out and came back."""
    record = find_or_404(ArchiveLoan, number, NAMED)
    project = record.project
    return showing.show(
        record,
        f"{record.applicant} · {project.property.address}",
        FIELDS,
        tuple((heading, names) for heading, names in PARTS if any(getattr(record, name) for name in names)),
        wide=WIDE,
        meta=[
            (record.customer.name, editing.path(record.customer)),
            (project.number, editing.path(project)),
            *([(project.archive_number, "")] if project.archive_number else []),
            *([(_("Shelf %(shelf)s", shelf=project.archive_shelf), "")] if project.archive_shelf else []),
        ],
        notes=[*approval_tables.banner(record), *_notes(record)],
        tables=approval_tables.rounds(record),
    )


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.LOAN_VIEW)
def archive_loan_step(number: str, action: str) -> ResponseReturnValue:
    """One step of a loan: its form, and carrying it out."""
    return STEPS.show(number, action)


@blueprint.route("/projects/<number>/archive-loans/new", methods=["GET", "POST"])
@requires(P.LOAN_ASK)
def new_archive_loan(number: str) -> ResponseReturnValue:
    """Ask for the file of a project, for oneself; the specialist also writes down what others ask for."""
    project = find_or_404(Project, number)
    form = AskForm()
    if not archive_loans.may_ask_for_others(g.user):
        del form.applicant, form.department
    if not form.is_submitted():
        form.mode.data, form.place.data = Mode.READ_ON_SITE, archive_loans.place_as_set(session())

    def make(writing: Session) -> str:
        fresh = find_or_404(Project, number)
        return editing.path(archive_loans.ask(writing, fresh, form.to_command(), actor=g.user, at=clock.now()))

    return editing.create(form, showing.sheet(_("Ask for the file"), project, "projects"), make)


# ---------- Parts ----------


def _find(number: str) -> ArchiveLoan:
    return find_or_404(ArchiveLoan, number, NAMED)


def _notes(record: ArchiveLoan) -> list[tuple[str, str]]:
    if record.state == State.APPROVED and (other := archive_loans.other_loan(session(), record)):
        return [("lock", _("The file is with somebody else: %(number)s", number=other))]
    if record.state == State.OUT and record.mode == Mode.READ_ON_SITE:
        return [
            ("info-circle", _("To be read at %(place)s: no copying, no taking out, no alteration.", place=record.place))
        ]
    if record.state == State.OVERDUE:
        return [("alert-circle", _("It was to be back by %(due)s.", due=formatting.moment(record.due_at)))]
    return []


class AskForm(RecordForm):
    """Who needs the file, what for and how."""

    SECTIONS = (
        (N_("Who asks", "archive loan"), ("applicant", "department")),
        (N_("Request", "archive loan"), ("mode", "place", "wanted_until", "purpose")),
    )
    WIDE = frozenset({"purpose"})
    applicant = NameField(L["applicant"], required=False, description=N_("Left empty: for yourself"))
    department = TermField(L["department"], Department, blank=PLEASE)
    mode = TermField(L["mode"], Mode, required=True, radio=True)
    place = TextField(L["place"], limit=100, required=True)
    wanted_until = LocalDateField(L["wanted_until"])
    purpose = TextField(L["purpose"], limit=1000, rows=3, required=True)

    def to_command(self) -> archive_loans.Ask:
        for_others = "applicant" in self and self.applicant.data
        return archive_loans.Ask(
            purpose=self.purpose.data,
            mode=str(self.mode.data),
            place=self.place.data,
            applicant=self.applicant.data if for_others else None,
            department=str(self.department.data) if for_others and self.department.data else None,
            wanted_until=self.wanted_until.data,
        )


class HandOutForm(StepForm):
    """The papers are counted and go out."""

    out_at = LocalDateTimeField(L["out_at"], required=True)
    pages_out = WholeField(L["pages_out"], low=1, high=9999, required=True)
    due_at = LocalDateTimeField(L["due_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.out_at.data = desk.at
            self.due_at.data = archive_loans.usual_due(desk.session, desk.record.mode, desk.at)

    def to_command(self, desk: Desk) -> archive_loans.HandOut:
        return archive_loans.HandOut(self.out_at.data, self.pages_out.data, self.due_at.data)


class ReturnForm(StepForm):
    """The papers are counted again."""

    returned_at = LocalDateTimeField(L["returned_at"], required=True)
    pages_back = WholeField(L["pages_back"], low=0, high=9999, required=True)
    condition = TermField(L["condition"], Condition, required=True, radio=True, blank=PLEASE)
    condition_note = TextField(L["condition_note"], limit=500, rows=2)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.returned_at.data = desk.at

    def told(self, desk: Desk) -> list[str]:
        return [_("%(pages)s pages were handed out.", pages=desk.record.pages_out)]

    def to_command(self, desk: Desk) -> archive_loans.TakeIn:
        return archive_loans.TakeIn(
            self.returned_at.data, self.pages_back.data, str(self.condition.data), self.condition_note.data
        )


class LossForm(ReturnForm):
    """What is missing or damaged."""

    pages_back = WholeField(L["pages_back"], low=0, high=9999)
    condition = TermField(L["condition"], Condition, required=True, radio=True, leave_out=(Condition.INTACT,))
    condition_note = TextField(L["condition_note"], limit=500, rows=2, required=True)


STEPS = StepPages(
    find=_find,
    forms={
        Action.APPROVE: (WordForm, archive_loans.approve),
        Action.REFUSE: (RefusalForm, archive_loans.refuse),
        Action.RECALL: (TakeBackForm, archive_loans.recall),
        Action.HAND_OUT: (HandOutForm, archive_loans.hand_out),
        Action.RETURN: (ReturnForm, archive_loans.take_in),
        Action.LOSE: (LossForm, archive_loans.lose),
    },
    kinds=N_("Loans of the archive"),
    heading=lambda loan: (loan.applicant, loan.project.property.address),
    shows_waiting_clocks=False,
)
