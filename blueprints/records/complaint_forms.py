"""Forms of P09: one per step, each turned into the command of `portal/services/complaints.py`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select
from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from blueprints.forms import (
    BooleanField,
    ChoiceField,
    Form,
    HiddenField,
    LocalDateTimeField,
    NameField,
    PhoneField,
    TermField,
    TextField,
)
from blueprints.materials import material_field, offer
from blueprints.records.steps import Desk, StepForm
from portal import visibility
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.consultation import Channel
from portal.models.org import Department, Party, PartyKind, PartyStatus
from portal.models.project import Project
from portal.processes.complaint import PROCESS, Action, Category, Phase, Severity, Verdict
from portal.processes.escalation import Ground
from portal.services import complaints, numbering

L = PROCESS.field_labels
YES_NO = [("yes", N_("Yes")), ("no", N_("No"))]


class RegisterForm(Form):
    """F-16, the registration of a complaint."""

    client_key = HiddenField()
    consultation = HiddenField()
    survey = HiddenField()
    customer = HiddenField()
    project = ChoiceField(N_("Project"), coerce=int, choices=[], blank=N_("Not about a project"))
    complainant = NameField(L["complainant"])
    phone = PhoneField(L["phone"], allow_landline=True)
    channel = TermField(N_("Channel"), Channel)
    received_at = LocalDateTimeField(L["received_at"], required=True)
    phase = TermField(L["phase"], Phase)
    category = TermField(L["category"], Category, required=True, blank=N_("Please choose"))
    severity = TermField(N_("Severity"), Severity)
    subject = TextField(L["subject"], limit=100, required=True)
    content = TextField(L["content"], limit=4000, rows=4, required=True)
    demand = TextField(L["demand"], limit=2000, rows=2, required=True)
    material = material_field(L["material"])
    is_multi_department = BooleanField(N_("Several departments are concerned"))


class DepartmentForm(StepForm):
    """Which department, and who signed for it."""

    department = TermField(L["department"], Department)
    head = ChoiceField(L["head"], coerce=int, choices=[], blank=N_("Somebody else"), required=False)
    other_head = NameField(N_("Name of somebody else"), required=False)
    signed_at = LocalDateTimeField(L["signed_at"], required=True)
    copy_left = BooleanField(L["copy_left"])
    further_departments = SelectMultipleField(
        N_("Also concerned"),
        choices=[],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def prepare(self, desk: Desk) -> None:
        people = list(
            desk.session.scalars(
                select(Party)
                .where(Party.is_head.is_(True), Party.status == PartyStatus.ACTIVE, visibility.standing(Party))
                .order_by(Party.department, Party.id)
                .limit(200)
            )
        )
        self.head.choices = [(p.id, f"{p.name} · {Department.show(p.department)}") for p in people]
        lead = complaints.lead_departments(desk.session, desk.record.category)
        self.further_departments.choices = Department.choices()
        if not self.is_submitted():
            first = lead[0] if lead else None
            self.department.data = Department(first) if first else None
            self.head.data = next((p.id for p in people if p.department == first), None)
            self.further_departments.data = list(lead[1:])
            self.signed_at.data = desk.at

    def signer(self, desk: Desk) -> Party:
        """The head who was chosen, or a new party for the name that was typed."""
        department = str(self.department.data)
        if self.head.data:
            return desk.session.get_one(Party, self.head.data)
        return person_named(desk, self.other_head.data, department, "other_head", is_head=True)


class HandOverForm(DepartmentForm):
    """The head signs (DL-10)."""

    def to_command(self, desk: Desk) -> complaints.HandOver:
        return complaints.HandOver(
            department=str(self.department.data),
            head=self.signer(desk),
            signed_at=self.signed_at.data,
            copy_left=bool(self.copy_left.data) or None,
            further_departments=tuple(self.further_departments.data or ()),
        )


class ReassignForm(DepartmentForm):
    """The manager moves the complaint."""

    reason = TextField(L["reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> complaints.Reassign:
        return complaints.Reassign(
            department=str(self.department.data),
            head=self.signer(desk),
            signed_at=self.signed_at.data,
            copy_left=bool(self.copy_left.data) or None,
            further_departments=tuple(self.further_departments.data or ()),
            reason=self.reason.data,
        )


class HandleForm(StepForm):
    """Customer service settles it."""

    plan = TextField(L["plan"], limit=4000, rows=4, required=True)
    visit_appointment = LocalDateTimeField(L["visit_appointment"])

    def to_command(self, desk: Desk) -> complaints.Handle:
        return complaints.Handle(self.plan.data, self.visit_appointment.data)


class ExplainForm(StepForm):
    """Not founded."""

    verdict = TermField(L["verdict"], Verdict, leave_out=(Verdict.ESTABLISHED, Verdict.MALICIOUS))
    reason = TextField(L["reason"], limit=2000, rows=3, required=True)
    explanation = TextField(L["explanation"], limit=2000, rows=3, required=True)

    def to_command(self, desk: Desk) -> complaints.Explain:
        return complaints.Explain(str(self.verdict.data), self.reason.data, self.explanation.data)


class RefuseForm(StepForm):
    """Malicious."""

    verdict = TermField(L["verdict"], Verdict, leave_out=(Verdict.ESTABLISHED, Verdict.NOT_ESTABLISHED))
    explanation = TextField(N_("Evidence and what was said"), limit=2000, rows=4, required=True)

    def to_command(self, desk: Desk) -> complaints.Refuse:
        return complaints.Refuse(str(self.verdict.data), self.explanation.data)


class VerifyForm(StepForm):
    """The department's call (DL-11)."""

    verify_call_at = LocalDateTimeField(L["verify_call_at"], required=True)
    verified_by = ChoiceField(L["verified_by"], coerce=int, choices=[], required=False)
    other_person = NameField(N_("Name of somebody else"), required=False)
    verify_result = TextField(L["verify_result"], limit=4000, rows=4, required=True)

    def prepare(self, desk: Desk) -> None:
        people = concerned_people(desk)
        self.verified_by.choices = [(0, N_("Somebody else")), *((p.id, _person(p)) for p in people)]
        if not self.is_submitted():
            self.verified_by.data = people[0].id if people else 0
            self.verify_call_at.data = desk.at

    def to_command(self, desk: Desk) -> complaints.Verify:
        if self.verified_by.data:
            person = desk.session.get_one(Party, self.verified_by.data)
        else:
            lead = desk.record.lead_department
            department = lead.department if lead else Department.SERVICE
            person = person_named(desk, self.other_person.data, department, "other_person")
        return complaints.Verify(self.verify_call_at.data, person, self.verify_result.data)


class PlanForm(StepForm):
    """Plan and visit (DL-12)."""

    plan = TextField(L["plan"], limit=4000, rows=4, required=True)
    plan_fed_back_at = LocalDateTimeField(L["plan_fed_back_at"], required=True)
    visit_appointment = LocalDateTimeField(L["visit_appointment"], required=True)
    customer_agreed = ChoiceField(L["customer_agreed"], choices=YES_NO, required=True, blank=N_("Please choose"))
    costs_money = BooleanField(L["costs_money"])

    def prepare(self, desk: Desk) -> None:
        now = desk.record.present_round
        if not self.is_submitted():
            self.plan_fed_back_at.data = desk.at
            if now is not None and now.plan:
                self.plan.data, self.visit_appointment.data = now.plan, now.visit_appointment
                self.costs_money.data = desk.record.costs_money
                self.customer_agreed.data = {True: "yes", False: "no"}.get(now.customer_agreed)

    def to_command(self, desk: Desk) -> complaints.Plan:
        return complaints.Plan(
            plan=self.plan.data,
            visit_appointment=self.visit_appointment.data,
            customer_agreed=self.customer_agreed.data == "yes",
            plan_fed_back_at=self.plan_fed_back_at.data,
            costs_money=bool(self.costs_money.data),
        )


class VisitForm(StepForm):
    """The visit (DL-13)."""

    visit_at = LocalDateTimeField(L["visit_at"], required=True)
    visit_by = TextField(L["visit_by"], limit=200, required=True)
    solution_record = TextField(L["solution_record"], limit=4000, rows=4, required=True)
    customer_signed = BooleanField(L["customer_signed"])
    no_signature_reason = TextField(L["no_signature_reason"], limit=200)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.visit_at.data = desk.at

    def to_command(self, desk: Desk) -> complaints.Visit:
        signed = bool(self.customer_signed.data)
        if not signed and not self.no_signature_reason.data:
            raise Invalid({"no_signature_reason": N_("The customer signed, or say why not.")})
        return complaints.Visit(
            self.visit_at.data, self.visit_by.data, self.solution_record.data, signed, self.no_signature_reason.data
        )


class CloseForm(StepForm):
    """The call after the visit, and the analysis (DL-14)."""

    follow_up_at = LocalDateTimeField(L["follow_up_at"], required=True)
    follow_up_satisfied = ChoiceField(
        L["follow_up_satisfied"], choices=YES_NO, required=True, blank=N_("Please choose")
    )
    follow_up_note = TextField(L["follow_up_note"], limit=2000, rows=2)
    verdict = TermField(L["verdict"], Verdict, leave_out=(Verdict.MALICIOUS,))
    root_cause = TextField(L["root_cause"], limit=2000, rows=2, required=True)
    material = material_field(L["material"])
    improvement = TextField(L["improvement"], limit=2000, rows=2, required=True)
    responsible = TextField(L["responsible"], limit=100, required=True)

    def prepare(self, desk: Desk) -> None:
        offer(self.material, desk.session, desk.record.material)
        if not self.is_submitted():
            self.follow_up_at.data = desk.at
            self.verdict.data = Verdict(desk.record.verdict or Verdict.ESTABLISHED)

    def to_command(self, desk: Desk) -> complaints.Close:
        if self.follow_up_satisfied.data != "yes":
            raise Invalid({"follow_up_satisfied": N_("Not satisfied: open the next round or escalate instead.")})
        return complaints.Close(
            follow_up_at=self.follow_up_at.data,
            follow_up_satisfied=True,
            verdict=str(self.verdict.data),
            root_cause=self.root_cause.data,
            material=self.material.data or None,
            improvement=self.improvement.data,
            responsible=self.responsible.data,
            follow_up_note=self.follow_up_note.data,
        )


class ReworkForm(StepForm):
    """Not satisfied for the first time."""

    follow_up_at = LocalDateTimeField(L["follow_up_at"], required=True)
    follow_up_note = TextField(L["follow_up_note"], limit=2000, rows=2)
    new_demand = TextField(L["new_demand"], limit=2000, rows=2, required=True)
    plan = TextField(L["plan"], limit=4000, rows=3, required=True)
    visit_appointment = LocalDateTimeField(L["visit_appointment"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.follow_up_at.data = desk.at

    def to_command(self, desk: Desk) -> complaints.Rework:
        return complaints.Rework(
            follow_up_at=self.follow_up_at.data,
            new_demand=self.new_demand.data,
            plan=self.plan.data,
            visit_appointment=self.visit_appointment.data,
            follow_up_note=self.follow_up_note.data,
        )


class EscalateForm(StepForm):
    """The three texts of P10."""

    why = TermField(L["why"], Ground)
    cause = TextField(L["cause"], limit=4000, rows=3, required=True)
    process_so_far = TextField(L["process_so_far"], limit=4000, rows=3, required=True)
    customer_demand = TextField(L["customer_demand"], limit=4000, rows=2, required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.customer_demand.data = desk.record.demand

    def to_command(self, desk: Desk) -> complaints.Escalate:
        return complaints.Escalate(
            str(self.why.data), self.cause.data, self.process_so_far.data, self.customer_demand.data
        )


STEP_FORMS: dict[str, tuple[type[StepForm], Any]] = {
    Action.HAND_OVER: (HandOverForm, complaints.hand_over),
    Action.REASSIGN: (ReassignForm, complaints.reassign),
    Action.HANDLE: (HandleForm, complaints.handle),
    Action.EXPLAIN: (ExplainForm, complaints.explain),
    Action.REFUSE: (RefuseForm, complaints.refuse),
    Action.VERIFY: (VerifyForm, complaints.verify),
    Action.PLAN: (PlanForm, complaints.plan),
    Action.VISIT: (VisitForm, complaints.visit),
    Action.CLOSE: (CloseForm, complaints.close),
    Action.REWORK: (ReworkForm, complaints.rework),
    Action.ESCALATE: (EscalateForm, complaints.escalate),
}
"""The form of each step and the service function that carries it out."""


def concerned_people(desk: Desk) -> list[Party]:
    """Who may have acted: the responsible department's people and those of the project."""
    complaint, project = desk.record, desk.record.project
    lead = complaint.lead_department
    conditions = []
    if lead is not None:
        conditions.append(Party.department == lead.department)
        if lead.head_id:
            conditions.append(Party.id == lead.head_id)
    if project is not None:
        conditions.append(Party.id.in_(_project_people(project)))
    if not conditions:
        return []
    query = select(Party).where(or_(*conditions), Party.status == PartyStatus.ACTIVE, visibility.standing(Party))
    return list(desk.session.scalars(query.order_by(Party.is_head.desc(), Party.id).limit(100)))


def person_named(desk: Desk, name: str | None, department: str, field: str, *, is_head: bool = False) -> Party:
    """A new party for a name that is not in the list yet. Raises Invalid at the field when no name was typed."""
    if not name:
        raise Invalid({field: N_("Choose a person, or type the name.")})
    party = Party(
        number=numbering.next_number(desk.session, Party.PREFIX, desk.at),
        name=name,
        kind=PartyKind.DEPARTMENT_HEAD if is_head else PartyKind.OTHER,
        department=department,
        is_head=is_head,
        branch_id=desk.record.branch_id,
        created_at=desk.at,
        updated_at=desk.at,
        created_by_id=desk.user.id,
    )
    desk.session.add(party)
    desk.session.flush()
    return party


def _project_people(project: Project) -> list[int]:
    ids = (project.project_manager_id, project.foreman_id, project.designer_id, project.supervisor_id, project.sales_id)
    return [person for person in ids if person is not None]


def _person(party: Party) -> str:
    return f"{party.name} · {PartyKind.show(party.kind)}"
