"""Forms of P14 at the desk: the request, the archive, who goes, what is paid and said on the phone."""

from __future__ import annotations

from datetime import datetime

from blueprints.forms import (
    BooleanField,
    ChoiceField,
    Form,
    HiddenField,
    LocalDateTimeField,
    MoneyField,
    NameField,
    PhoneField,
    TermField,
    TextField,
)
from blueprints.materials import material_field, offer
from blueprints.records.forms.base import RecordForm
from blueprints.records.steps import Desk, StepForm
from portal import clock, visibility
from portal.errors import Invalid
from portal.i18n import N_, _
from portal.models.consultation import Channel
from portal.models.org import Crew, User
from portal.models.repair import PaymentMethod, RepairOrder, RepairVisit, WarrantyCertificate
from portal.processes.repair import PROCESS, CrewStatus, Executor, Ground, InWarranty, Trade, Urgency
from portal.processes.warranty import Standing, Verdict
from portal.services import repair_words, repairs, warranties
from portal.services.fields import Field

L = PROCESS.field_labels
YES_NO = [("yes", N_("Yes")), ("no", N_("No"))]
PLEASE = N_("Please choose")


class ReportForm(Form):
    """A request for repair, from a call, a visit, a message."""

    client_key = HiddenField()
    consultation = HiddenField()
    customer = HiddenField()
    project = ChoiceField(N_("Project"), coerce=int, choices=[], blank=N_("Not known yet"))
    reporter = NameField(L["reporter"])
    phone = PhoneField(L["phone"], allow_landline=True)
    address = TextField(L["address"], limit=200, required=True)
    trade = TermField(L["trade"], Trade, required=True, blank=PLEASE)
    urgency = TermField(L["urgency"], Urgency)
    symptom = TextField(L["symptom"], limit=2000, rows=3, required=True)
    material = material_field(L["material"])
    channel = TermField(N_("Channel"), Channel)
    reported_at = LocalDateTimeField(L["reported_at"], required=True)


class CheckForm(StepForm):
    """Archive, warranty, crew. What the dates say is shown; a person decides."""

    in_warranty = TermField(L["in_warranty"], InWarranty, required=True, blank=PLEASE)
    warranty_reason = TextField(L["warranty_reason"], limit=500, rows=2, required=True)
    certificate = TextField(L["certificate"], limit=40, description=N_("Its number, as on F-19"))
    has_no_certificate = BooleanField(L["has_no_certificate"])
    responsible_crew = ChoiceField(
        L["responsible_crew"], coerce=int, choices=[], blank=N_("None known"), required=False
    )
    crew_status = TermField(L["crew_status"], CrewStatus)
    basis_told = TextField(L["basis_told"], limit=200, required=True)
    material = material_field(L["material"])

    def prepare(self, desk: Desk) -> None:
        crews = desk.session.scalars(visibility.visible_to(desk.user, Crew).order_by(Crew.name, Crew.id).limit(300))
        self.responsible_crew.choices = [(crew.id, crew.name) for crew in crews]
        offer(self.material, desk.session, desk.record.material)
        if self.is_submitted():
            return
        order = desk.record
        found, certificate = self._verdict(desk)
        self.warranty_reason.data = repair_words.verdict(found, certificate)
        self.certificate.data = certificate.number if certificate else None
        if found.standing in (Standing.IN_TERM, Standing.OUT_OF_TERM, Standing.NO_TERM):
            self.in_warranty.data = InWarranty.YES if found.standing == Standing.IN_TERM else InWarranty.NO
        crew = order.project.crew if order.project else None
        if crew is not None:
            self.responsible_crew.data = crew.id
        self.crew_status.data = CrewStatus(repairs.crew_status_now(crew))
        self.basis_told.data = (
            _("Free of charge if the fault is ours")
            if self.in_warranty.data == InWarranty.YES
            else _("Chargeable, quoted on site first")
        )

    def told(self, desk: Desk) -> list[str]:
        found, certificate = self._verdict(desk)
        said = [repair_words.verdict(found, certificate)]
        if found.standing == Standing.BORDERLINE:
            said.append(_("The term ended only a short time ago: decide by the case and say why."))
        return said

    @staticmethod
    def _verdict(desk: Desk) -> tuple[Verdict, WarrantyCertificate | None]:
        order = desk.record
        return warranties.verdict(desk.session, order.project, order.trade, clock.local(order.reported_at).date())

    def _certificate(self, desk: Desk) -> WarrantyCertificate | None:
        if not self.certificate.data:
            return None
        typed = self.certificate.data.strip().upper()
        found = visibility.by_number(desk.session, desk.user, WarrantyCertificate, typed)
        if found is None and (instead := warranties.in_place_of(desk.session, typed)) is not None:
            found = visibility.by_number(desk.session, desk.user, WarrantyCertificate, instead.number)
        if found is None:
            raise Invalid({"certificate": N_("There is no certificate of this number.")})
        if self.has_no_certificate.data:
            raise Invalid({"has_no_certificate": N_("A certificate is named.")})
        if desk.record.project_id not in (None, found.project_id):
            raise Invalid({"certificate": N_("This certificate belongs to another project.")})
        return found

    def to_command(self, desk: Desk) -> repairs.CheckRepair:
        crew = desk.session.get(Crew, self.responsible_crew.data) if self.responsible_crew.data else None
        return repairs.CheckRepair(
            in_warranty=str(self.in_warranty.data),
            warranty_reason=self.warranty_reason.data,
            crew_status=str(self.crew_status.data),
            basis_told=self.basis_told.data,
            responsible_crew=crew,
            certificate=self._certificate(desk),
            has_no_certificate=bool(self.has_no_certificate.data),
            material=self.material.data or None,
        )


class AssignForm(StepForm):
    """Who goes; the crew is phoned at once (DL-22)."""

    executor = TermField(L["executor"], Executor)
    captain = ChoiceField(L["captain"], coerce=int, choices=[], required=True, blank=PLEASE)
    told_at = LocalDateTimeField(L["told_at"], required=True)
    appointment_at = LocalDateTimeField(L["appointment_at"])
    overlap_reason = TextField(N_("Why two visits may lie on each other"), limit=200)

    def prepare(self, desk: Desk) -> None:
        people = repairs.captains(desk.session, desk.record.branch_id)
        self.captain.choices = [(person.id, person.name) for person in people]
        if not self.is_submitted():
            active = desk.record.crew_status == CrewStatus.ACTIVE
            self.executor.data = Executor.RESPONSIBLE_CREW if active else Executor.CAPTAIN_TEAM
            self.captain.data = people[0].id if len(people) == 1 else None
            self.told_at.data = desk.at

    def to_command(self, desk: Desk) -> repairs.AssignRepair:
        captain = desk.session.get(User, self.captain.data or 0)
        if captain is None:
            raise Invalid({"captain": N_("Choose a repair captain.")})
        return repairs.AssignRepair(
            captain=captain,
            executor=str(self.executor.data),
            told_at=self.told_at.data,
            appointment_at=self.appointment_at.data,
            overlap_reason=self.overlap_reason.data,
        )


class MoveVisitForm(RecordForm):
    """Another time for the visit."""

    appointment_at = LocalDateTimeField(L["appointment_at"])
    overlap_reason = TextField(N_("Why two visits may lie on each other"), limit=200)

    SECTIONS = ((N_("Visit"), ("appointment_at", "overlap_reason")),)
    FIELDS = repairs.FIELDS
    WIDE = frozenset({"overlap_reason"})

    def to_command(self) -> repairs.MoveVisit:
        return repairs.MoveVisit(self.appointment_at.data, self.overlap_reason.data, version=self.seen_version())


class NoteVisitForm(RecordForm):
    """Who was there from when to when, and what was done."""

    FIELDS = {
        "came_at": Field(N_("Came at")),
        "left_at": Field(N_("Left at")),
        "workers": Field(N_("Who was there")),
        "work": Field(N_("What was done", "visit")),
    }
    SECTIONS = ((N_("Visit"), tuple(FIELDS)),)
    WIDE = frozenset({"work"})

    came_at = LocalDateTimeField(FIELDS["came_at"].label, required=True)
    left_at = LocalDateTimeField(FIELDS["left_at"].label, description=N_("Empty: still there"))
    workers = TextField(FIELDS["workers"].label, limit=100)
    work = TextField(FIELDS["work"].label, limit=2000, rows=3)

    visit: RepairVisit | None = None
    """The one that is noted; None: one more."""

    def prepare(self, record: RepairOrder, at: datetime) -> None:
        """One more visit: what is likely."""
        self.came_at.data, self.workers.data = at, record.captain.name if record.captain else None

    def fill(self, record: RepairVisit) -> None:
        """What is known of the visit, and what is likely."""
        self.came_at.data, self.left_at.data, self.work.data = record.begins_at, record.left_at, record.work
        self.workers.data = record.workers or (record.captain.name if record.captain else None)

    def to_command(self) -> repairs.NoteVisit:
        known = {"visit_id": self.visit.id, "version": self.seen_version()} if self.visit is not None else {}
        return repairs.NoteVisit(self.came_at.data, self.left_at.data, self.workers.data, self.work.data, **known)


class PaymentForm(RecordForm):
    """What the customer paid."""

    SECTIONS = ((N_("Payment"), ("amount", "method", "paid_at", "paid_by", "receipt_no")),)

    amount = MoneyField(N_("Amount (yuan)"), required=True)
    method = TermField(N_("Paid by", "method"), PaymentMethod)
    paid_at = LocalDateTimeField(N_("Paid at"), required=True)
    paid_by = NameField(N_("Who paid"))
    receipt_no = TextField(N_("Receipt number"), limit=50, required=True)

    def to_command(self) -> repairs.RecordPayment:
        return repairs.RecordPayment(
            self.amount.data, str(self.method.data), self.paid_at.data, self.paid_by.data, self.receipt_no.data
        )


class CallForm(RecordForm):
    """A call while the repair goes on."""

    SECTIONS = ((N_("Call"), ("called_at", "is_reached", "is_satisfied", "said")),)
    WIDE = frozenset({"said"})

    called_at = LocalDateTimeField(N_("Called at"), required=True)
    is_reached = ChoiceField(N_("Reached?"), choices=YES_NO, required=True)
    is_satisfied = ChoiceField(L["follow_up_satisfied"], choices=[("", N_("Not said")), *YES_NO], required=False)
    said = TextField(L["follow_up_note"], limit=1000, rows=3, required=True)

    def to_command(self) -> repairs.RecordCall:
        satisfied = {"yes": True, "no": False}.get(self.is_satisfied.data or "")
        reached = self.is_reached.data == "yes"
        return repairs.RecordCall(self.called_at.data, reached, self.said.data, satisfied if reached else None)


class CloseForm(StepForm):
    """The call after the repair (DL-23)."""

    follow_up_at = LocalDateTimeField(L["follow_up_at"], required=True)
    follow_up_satisfied = ChoiceField(L["follow_up_satisfied"], choices=YES_NO, required=True, blank=PLEASE)
    follow_up_note = TextField(L["follow_up_note"], limit=2000, rows=2)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            order = desk.record
            self.follow_up_at.data, self.follow_up_note.data = order.follow_up_at or desk.at, order.follow_up_note
            self.follow_up_satisfied.data = {True: "yes", False: "no", None: None}[order.follow_up_satisfied]

    def to_command(self, desk: Desk) -> repairs.CloseRepair:
        if self.follow_up_satisfied.data != "yes":
            raise Invalid({"follow_up_satisfied": N_("Not satisfied: have it repaired again or make it a complaint.")})
        return repairs.CloseRepair(self.follow_up_at.data, True, self.follow_up_note.data)


class ReworkForm(StepForm):
    """Not satisfied in the call."""

    follow_up_at = LocalDateTimeField(L["follow_up_at"], required=True)
    follow_up_note = TextField(L["follow_up_note"], limit=2000, rows=2, required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.follow_up_at.data = desk.at

    def to_command(self, desk: Desk) -> repairs.Rework:
        return repairs.Rework(self.follow_up_at.data, self.follow_up_note.data)


class ComplainForm(StepForm):
    """It becomes a complaint; what the portal knows is filled in."""

    ground = TermField(L["ground"], Ground, required=True, blank=PLEASE)
    why_complaint = TextField(L["why_complaint"], limit=1000, rows=2, required=True)
    demand = TextField(L["demand"], limit=2000, rows=2, required=True)

    def prepare(self, desk: Desk) -> None:
        if self.is_submitted():
            return
        ground, why = repair_words.why_complaint(desk.session, desk.record)
        self.ground.data, self.why_complaint.data = ground, why

    def to_command(self, desk: Desk) -> repairs.Complain:
        return repairs.Complain(self.why_complaint.data, self.demand.data, str(self.ground.data))
