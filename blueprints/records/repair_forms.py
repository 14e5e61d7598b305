"""Forms of P14: one per step, each turned into the command of `portal/services/repairs.py`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from blueprints.forms import (
    BooleanField,
    ChecksField,
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
from blueprints.records.forms.base import RecordForm
from blueprints.records.steps import Desk, StepForm
from portal import clock, visibility
from portal.errors import Invalid
from portal.i18n import N_, _
from portal.models.consultation import Channel
from portal.models.org import Crew, User
from portal.models.repair import NOTHING, CostBearer, CostKind, PaymentMethod, WarrantyCertificate
from portal.processes.repair import (
    PROCESS,
    Action,
    Cause,
    CrewStatus,
    Executor,
    Ground,
    InWarranty,
    Trade,
    Urgency,
    fingerprint,
)
from portal.processes.warranty import Standing, Verdict
from portal.services import repair_words, repairs, warranties

L = PROCESS.field_labels
YES_NO = [("yes", N_("Yes")), ("no", N_("No"))]
PLEASE = N_("Please choose")


class CheckedForm(StepForm):
    """A step with a checklist: what must be in order is marked, the rest may stay open."""

    STEP: Action
    checks = ChecksField(N_("Checklist"))

    def prepare(self, desk: Desk) -> None:
        lines = [line for line in desk.record.checks if line.step == self.STEP]
        if not lines:
            del self.checks
            return
        must = _("%(text)s (must)")
        self.checks.choices = [
            (line.id, must % {"text": line.text} if line.is_required else line.text) for line in lines
        ]
        if not self.is_submitted():
            self.checks.data = [line.id for line in lines if line.ticked_at is not None]

    @property
    def ticked(self) -> tuple[int, ...]:
        """The lines that are in order."""
        return tuple(self.checks.data or ()) if self.checks else ()


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

    def prepare(self, desk: Desk) -> None:
        crews = desk.session.scalars(visibility.visible_to(desk.user, Crew).order_by(Crew.name, Crew.id).limit(300))
        self.responsible_crew.choices = [(0, N_("None known")), *((crew.id, crew.name) for crew in crews)]
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
        number = WarrantyCertificate.number == self.certificate.data.strip().upper()
        found = desk.session.scalars(visibility.visible_to(desk.user, WarrantyCertificate).where(number)).one_or_none()
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
        self.captain.choices = [(0, PLEASE), *((person.id, person.name) for person in people)]
        if not self.is_submitted():
            active = desk.record.crew_status == CrewStatus.ACTIVE
            self.executor.data = Executor.RESPONSIBLE_CREW if active else Executor.CAPTAIN_TEAM
            self.captain.data = people[0].id if len(people) == 1 else 0
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


class TakeOverForm(StepForm):
    """DL-22 was missed."""

    reason = TextField(L["reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> repairs.TakeOver:
        return repairs.TakeOver(self.reason.data)


class ReachForm(StepForm):
    """The captain stands at the door."""

    arrived_at = LocalDateTimeField(L["arrived_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.arrived_at.data = desk.at

    def to_command(self, desk: Desk) -> repairs.Reach:
        return repairs.Reach(self.arrived_at.data)


class ArriveForm(CheckedForm):
    """On site: cause and plan."""

    STEP = Action.ARRIVE

    arrived_at = LocalDateTimeField(L["arrived_at"], required=True)
    cause = TermField(L["cause"], Cause, required=True, blank=PLEASE)
    plan = TextField(L["plan"], limit=2000, rows=3, required=True)
    planned_done_at = LocalDateTimeField(L["planned_done_at"], required=True)
    plan_made_at = LocalDateTimeField(L["plan_made_at"], required=True)
    is_plan_told = BooleanField(L["is_plan_told"])

    def prepare(self, desk: Desk) -> None:
        super().prepare(desk)
        if not self.is_submitted():
            self.arrived_at.data, self.plan_made_at.data = desk.record.arrived_at or desk.at, desk.at

    def to_command(self, desk: Desk) -> repairs.Arrive:
        return repairs.Arrive(
            arrived_at=self.arrived_at.data,
            cause=str(self.cause.data),
            plan=self.plan.data,
            planned_done_at=self.planned_done_at.data,
            plan_made_at=self.plan_made_at.data,
            is_plan_told=bool(self.is_plan_told.data),
            checks=self.ticked,
        )


class StartForm(StepForm):
    """Nothing to fill in: it is free."""

    def to_command(self, desk: Desk) -> None:
        return None


class QuoteForm(StepForm):
    """What it would cost."""

    quote_material = MoneyField(L["quote_material"], required=True, minimum=NOTHING)
    quote_labour = MoneyField(L["quote_labour"], required=True, minimum=NOTHING)

    def to_command(self, desk: Desk) -> repairs.Quote:
        return repairs.Quote(self.quote_material.data, self.quote_labour.data)


class AnswerForm(StepForm):
    """What the customer said to the quote."""

    quote_answered_at = LocalDateTimeField(L["quote_answered_at"], required=True)
    quote_note = TextField(L["quote_note"], limit=500, rows=2, required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.quote_answered_at.data = desk.at

    def to_command(self, desk: Desk) -> repairs.AnswerQuote:
        return repairs.AnswerQuote(self.quote_answered_at.data, self.quote_note.data)


class ExtendForm(StepForm):
    """A further problem goes into the plan before it is repaired."""

    new_problem = TextField(L["new_problem"], limit=1000, rows=3, required=True)
    planned_done_at = LocalDateTimeField(L["planned_done_at"], required=True)
    quote_material = MoneyField(N_("Quoted besides: material (yuan)"))
    quote_labour = MoneyField(N_("Quoted besides: labour (yuan)"))
    quote_note = TextField(L["quote_note"], limit=500, rows=2)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.planned_done_at.data = desk.record.planned_done_at
        if not desk.record.quote_accepted:
            for name in ("quote_material", "quote_labour", "quote_note"):
                del self._fields[name]

    def to_command(self, desk: Desk) -> repairs.Extend:
        quoted = {name: self[name].data for name in ("quote_material", "quote_labour", "quote_note") if name in self}
        return repairs.Extend(self.new_problem.data, self.planned_done_at.data, **quoted)


PARTS = (1, 2, 3)
"""Lines for parts of a repair."""
PART_FIELDS = ("what", "quantity", "unit", "amount", "bearer")


class FinishForm(CheckedForm):
    """Work done, parts used, costs, place clean. Costs that were noted while working stay; these come to them."""

    STEP = Action.FINISH

    done_at = LocalDateTimeField(L["done_at"], required=True)
    work_done = TextField(L["work_done"], limit=4000, rows=4, required=True)
    site_cleaned = BooleanField(
        L["site_cleaned"],
        description=N_("R-18: badge and shoe covers worn, furniture protected, everything cleaned up"),
    )
    has_no_costs = BooleanField(L["has_no_costs"])
    labour_what = TextField(N_("What", "cost"), limit=100)
    labour_amount = MoneyField(N_("Amount (yuan)"), minimum=NOTHING)
    labour_bearer = TermField(N_("Borne by"), CostBearer)
    other_what = TextField(N_("What", "cost"), limit=100)
    other_amount = MoneyField(N_("Amount (yuan)"), minimum=NOTHING)
    other_bearer = TermField(N_("Borne by"), CostBearer)

    LINES = (
        *((N_("Part %(number)s") % {"number": n}, [f"part_{n}_{name}" for name in PART_FIELDS]) for n in PARTS),
        (N_("Labour"), ["labour_what", "labour_amount", "labour_bearer"]),
        (N_("Other cost"), ["other_what", "other_amount", "other_bearer"]),
    )

    def prepare(self, desk: Desk) -> None:
        super().prepare(desk)
        if self.is_submitted():
            return
        order = desk.record
        self.done_at.data = desk.at
        self.work_done.data = order.work_done
        bearer = CostBearer.CREW if order.taken_over_at else CostBearer.COMPANY
        for name, field in self._fields.items():
            if name.endswith("_bearer"):
                field.data = bearer if order.is_free else CostBearer.CUSTOMER
        if not order.costs:
            self["part_1_amount"].data, self.labour_amount.data = order.quote_material, order.quote_labour

    def to_command(self, desk: Desk) -> repairs.FinishRepair:
        problems: dict[str, Any] = {}
        lines = [
            line
            for kind, prefix in (
                *((CostKind.MATERIAL, f"part_{n}") for n in PARTS),
                (CostKind.LABOUR, "labour"),
                (CostKind.OTHER, "other"),
            )
            if (line := self._line(kind, prefix, problems)) is not None
        ]
        if problems:
            raise Invalid(problems)
        return repairs.FinishRepair(
            work_done=self.work_done.data,
            done_at=self.done_at.data,
            site_cleaned=bool(self.site_cleaned.data) or None,
            costs=tuple(lines),
            has_no_costs=bool(self.has_no_costs.data),
            checks=self.ticked,
        )

    def _line(self, kind: CostKind, prefix: str, problems: dict[str, Any]) -> repairs.CostLine | None:
        """The line of the cost; None where it is empty. What is named and has no amount is asked for."""
        given = {name: self[f"{prefix}_{name}"].data for name in PART_FIELDS if f"{prefix}_{name}" in self}
        if given["amount"] is None:
            if given["what"] or given.get("quantity"):
                problems[f"{prefix}_amount"] = N_("What did it cost? Without cost enter 0.")
            return None
        return repairs.CostLine(
            kind,
            given["what"] or str(kind.label),
            Decimal(given["amount"]),
            str(given["bearer"]),
            given.get("quantity"),
            given.get("unit"),
        )


def _part_fields() -> None:
    """The lines for parts are all alike."""
    for n in PARTS:
        fields = {
            "what": TextField(N_("Material used"), limit=100),
            "quantity": MoneyField(N_("Quantity"), maximum=Decimal("99999999.99")),
            "unit": TextField(N_("Unit", "quantity"), limit=10),
            "amount": MoneyField(N_("Amount (yuan)"), minimum=NOTHING),
            "bearer": TermField(N_("Borne by"), CostBearer),
        }
        for name in PART_FIELDS:
            setattr(FinishForm, f"part_{n}_{name}", fields[name])


_part_fields()


class SignOffForm(CheckedForm):
    """The customer signed on paper; what was shown goes along."""

    STEP = Action.SIGN_OFF

    shown_hash = HiddenField()
    signed_by = NameField(L["signed_by"])
    signed_at = LocalDateTimeField(L["signed_at"], required=True)
    rating = ChoiceField(
        L["rating"], coerce=int, choices=[(0, N_("Not given")), *((n, str(n)) for n in range(5, 0, -1))], required=False
    )

    def prepare(self, desk: Desk) -> None:
        super().prepare(desk)
        if not self.is_submitted():
            self.shown_hash.data = fingerprint(desk.record)
            self.signed_by.data, self.signed_at.data = desk.record.reporter, desk.at

    def to_command(self, desk: Desk) -> repairs.SignOff:
        return repairs.SignOff(
            signed_by=self.signed_by.data,
            signed_at=self.signed_at.data,
            shown=repair_words.shown(desk.record),
            shown_hash=self.shown_hash.data or "",
            rating=self.rating.data or None,
            checks=self.ticked,
        )


class RejectForm(StepForm):
    """What is not in order."""

    defects = TextField(L["defects"], limit=2000, rows=3, required=True)

    def to_command(self, desk: Desk) -> repairs.Reject:
        return repairs.Reject(self.defects.data)


class CloseForm(StepForm):
    """The call after the repair (DL-23)."""

    follow_up_at = LocalDateTimeField(L["follow_up_at"], required=True)
    follow_up_satisfied = ChoiceField(L["follow_up_satisfied"], choices=YES_NO, required=True, blank=PLEASE)
    follow_up_note = TextField(L["follow_up_note"], limit=2000, rows=2)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.follow_up_at.data = desk.at

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


def _start(session: Any, order: Any, _command: None, **said: Any) -> None:
    repairs.start(session, order, **said)


STEP_FORMS: dict[str, tuple[type[StepForm], Any]] = {
    Action.CHECK: (CheckForm, repairs.check),
    Action.ASSIGN: (AssignForm, repairs.assign),
    Action.TAKE_OVER: (TakeOverForm, repairs.take_over),
    Action.REACH: (ReachForm, repairs.reach),
    Action.ARRIVE: (ArriveForm, repairs.arrive),
    Action.START: (StartForm, _start),
    Action.QUOTE: (QuoteForm, repairs.quote),
    Action.ACCEPT: (AnswerForm, repairs.accept),
    Action.DECLINE: (AnswerForm, repairs.decline),
    Action.EXTEND: (ExtendForm, repairs.extend),
    Action.FINISH: (FinishForm, repairs.finish),
    Action.SIGN_OFF: (SignOffForm, repairs.sign_off),
    Action.REJECT: (RejectForm, repairs.reject),
    Action.CLOSE: (CloseForm, repairs.close),
    Action.REWORK: (ReworkForm, repairs.rework),
    Action.COMPLAIN: (ComplainForm, repairs.complain),
}
"""The form of each step and the service function that carries it out."""
