"""Forms of the captain's phone, with large choices instead of lists.

They name their own fields, so a field that the desk asks for does not come to the phone by itself; both make the same
commands. Several stand on one page, so each is told whether it is the one that was sent.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from flask import current_app, request
from wtforms.fields import MultipleFileField

from blueprints.forms import (
    BooleanField,
    ChoiceField,
    HiddenField,
    LocalDateTimeField,
    MoneyField,
    NameField,
    TermField,
    TextField,
    WholeField,
)
from blueprints.records.repairs.work_forms import CheckedForm
from blueprints.records.steps import Desk, StepForm
from blueprints.repair_captain import signature
from portal import clock
from portal.errors import Invalid
from portal.files.intake import Accepted
from portal.files.store import Store
from portal.i18n import N_
from portal.models.repair import NOTHING, CostBearer, CostKind
from portal.processes.repair import PROCESS, Action, Cause, CrewStatus, PhotoKind, StandsFor, State
from portal.processes.repair_cost import PROCESS as COST_PROCESS
from portal.processes.repair_cost import Action as CaseAction
from portal.services import repair_costs, repair_words, repairs, requests

L = PROCESS.field_labels
C = COST_PROCESS.field_labels
DRAFT_CASE, EXECUTE_CASE, EXCEED_CASE = "draft-case", "execute-case", "exceed-case"
CASE_STEPS = {DRAFT_CASE: CaseAction.DRAFT, EXECUTE_CASE: CaseAction.EXECUTE, EXCEED_CASE: CaseAction.EXCEED}
"""The steps of the cost case (P15) that are taken on the phone."""


class OnSite(StepForm):
    """What every form of the phone carries: the key that makes it count once, and when the phone says it was sent."""

    client_key = HiddenField()
    device_at = HiddenField()

    def __init__(self, name: str, *, sent: bool) -> None:
        self._sent = sent
        super().__init__(**({} if sent else {"formdata": None}))
        self.name = name
        if not sent:
            self.client_key.data = requests.new_key()
        for field in self:
            field.id = f"{name}-{field.name}"
            field.label.field_id = field.id

    def is_submitted(self) -> bool:
        """Whether this is the form that was sent."""
        return self._sent

    def stands_at(self, field: LocalDateTimeField, at: datetime) -> None:
        """Suggest the present: a page may have been kept or left open, so the phone moves it on until a time is typed."""
        field.data = at
        field.render_kw = {"data-present": "", "autocomplete": "off"}  # else the browser brings an old present back

    @property
    def says_what_was_seen(self) -> bool:
        """Whether the form itself says what the person looked at; else its version does."""
        return False


class ReachForm(OnSite):
    """At the door."""

    arrived_at = LocalDateTimeField(L["arrived_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.stands_at(self.arrived_at, desk.at)

    def to_command(self, desk: Desk) -> repairs.Reach:
        return repairs.Reach(self.arrived_at.data)


class ArriveForm(OnSite, CheckedForm):
    """Cause and plan."""

    STEP = Action.ARRIVE
    cause = TermField(L["cause"], Cause, required=True, radio=True)
    plan = TextField(L["plan"], limit=2000, rows=4, required=True)
    is_plan_told = BooleanField(L["is_plan_told"])
    arrived_at = LocalDateTimeField(L["arrived_at"], required=True)
    planned_done_at = LocalDateTimeField(L["planned_done_at"], required=True)
    plan_made_at = LocalDateTimeField(L["plan_made_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        super().prepare(desk)
        if not self.is_submitted():
            self.stands_at(self.plan_made_at, desk.at)
            if desk.record.arrived_at is None:
                self.stands_at(self.arrived_at, desk.at)
            else:
                self.arrived_at.data = desk.record.arrived_at

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


class QuoteForm(OnSite):
    """What it would cost the customer."""

    quote_material = MoneyField(L["quote_material"], required=True, minimum=NOTHING)
    quote_labour = MoneyField(L["quote_labour"], required=True, minimum=NOTHING)

    def to_command(self, desk: Desk) -> repairs.Quote:
        return repairs.Quote(self.quote_material.data, self.quote_labour.data)


class AnswerForm(OnSite):
    """What the customer says to the quote."""

    quote_note = TextField(L["quote_note"], limit=500, rows=2, required=True)
    quote_answered_at = LocalDateTimeField(L["quote_answered_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.stands_at(self.quote_answered_at, desk.at)

    def to_command(self, desk: Desk) -> repairs.AnswerQuote:
        return repairs.AnswerQuote(self.quote_answered_at.data, self.quote_note.data)


class SignedForm(OnSite):
    """The customer reads and signs with the finger.

    The page says in `facts_hash` what its words stand for. A script that puts the words together from what is not sent
    yet says them in `shown`, with their SHA-256 in `shown_hash`; then only these words count.
    """

    STANDS_FOR = StandsFor.WORK
    MUST = True
    """Whether the step needs a signature; else it goes without one."""
    MISSING = signature.MISSING
    """Said of an empty pad, by the phone as by the portal."""
    facts_hash = HiddenField()
    shown = HiddenField()
    shown_hash = HiddenField()
    signature = HiddenField(N_("Signature"))
    signed_by = NameField(L["signed_by"])

    def prepare(self, desk: Desk) -> None:
        super().prepare(desk)
        self.text = repair_words.shown(desk.record, self.STANDS_FOR)
        if not self.is_submitted():
            self.facts_hash.data = repairs.PRESENT[self.STANDS_FOR](desk.record)
            self.signed_by.data = desk.record.reporter

    def take_files(self, store: Store) -> None:
        """Read words and signature before anything is written. Raises Invalid."""
        drawn, scan = request.form.get("signature"), request.files.get("signature")
        if not self.MUST and not drawn and not (scan is not None and scan.filename):
            return
        self.words = signature.words(request.form.get("shown"), request.form.get("shown_hash"))
        self.drawn = signature.take(drawn, scan, store)

    @property
    def says_what_was_seen(self) -> bool:
        """The words that were signed are compared, whatever else happened to the record since."""
        return self.words is not None

    def signed(self, desk: Desk, signed_at: datetime) -> dict[str, Any]:
        """What `repairs.Signed` is made of. Raises Invalid."""
        if not self.signed_by.data:
            raise Invalid({"signed_by": N_("Who signed?")})
        facts_hash: str | None = self.facts_hash.data or ""
        if self.words is not None:
            holds = repair_words.says(desk.record, self.words, self.STANDS_FOR)
            facts_hash = repairs.PRESENT[self.STANDS_FOR](desk.record) if holds else None
        return {
            "signed_by": self.signed_by.data,
            "signed_at": signed_at,
            "shown": self.words or repair_words.shown(desk.record, self.STANDS_FOR),
            "facts_hash": facts_hash,
            "signature": self.drawn,
        }

    text = ""
    """What the customer reads, as the portal knows it."""
    words: str | None = None
    drawn: Accepted | None = None


class ConsentForm(SignedForm):
    """The customer agrees to the quote: signed here, or it is noted how it was said."""

    STANDS_FOR = StandsFor.QUOTE
    MUST = False
    signed_by = NameField(N_("Who signs the quote"), required=False)
    quote_note = TextField(
        L["quote_note"], limit=500, rows=2, description=N_("Not needed where the customer signs here")
    )
    quote_answered_at = LocalDateTimeField(L["quote_answered_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        super().prepare(desk)
        if not self.is_submitted():
            self.stands_at(self.quote_answered_at, desk.at)

    def to_command(self, desk: Desk) -> repairs.AnswerQuote:
        at = self.quote_answered_at.data
        consent = repairs.Signed(**self.signed(desk, at)) if self.drawn is not None else None
        return repairs.AnswerQuote(at, self.quote_note.data, consent)


class FinishForm(OnSite, CheckedForm):
    """The work is done; its costs were noted before."""

    STEP = Action.FINISH
    work_done = TextField(L["work_done"], limit=4000, rows=4, required=True)
    site_cleaned = BooleanField(L["site_cleaned"])
    has_no_costs = BooleanField(L["has_no_costs"])
    done_at = LocalDateTimeField(L["done_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        super().prepare(desk)
        if not self.is_submitted():
            self.stands_at(self.done_at, desk.at)
            self.work_done.data = desk.record.work_done

    def to_command(self, desk: Desk) -> repairs.FinishRepair:
        return repairs.FinishRepair(
            work_done=self.work_done.data,
            done_at=self.done_at.data,
            site_cleaned=bool(self.site_cleaned.data) or None,
            has_no_costs=bool(self.has_no_costs.data),
            checks=self.ticked,
        )


class SignOffForm(SignedForm, CheckedForm):
    """The customer signs for the work, and says how it was."""

    STEP = Action.SIGN_OFF
    rating = ChoiceField(
        L["rating"], coerce=int, choices=[(n, str(n)) for n in range(1, 6)], required=False, radio=True
    )
    signed_at = LocalDateTimeField(L["signed_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        super().prepare(desk)
        if not self.is_submitted():
            self.stands_at(self.signed_at, desk.at)

    def to_command(self, desk: Desk) -> repairs.SignOff:
        signed = self.signed(desk, self.signed_at.data)
        return repairs.SignOff(**signed, rating=self.rating.data or None, checks=self.ticked)


class RejectForm(OnSite):
    """The customer is not content."""

    defects = TextField(L["defects"], limit=2000, rows=3, required=True)

    def to_command(self, desk: Desk) -> repairs.Reject:
        return repairs.Reject(self.defects.data)


class ExtendForm(OnSite):
    """A further problem; where the customer pays, what it costs more."""

    QUOTED = ("quote_material", "quote_labour", "quote_note")
    new_problem = TextField(L["new_problem"], limit=1000, rows=3, required=True)
    quote_material = MoneyField(N_("Quoted besides: material (yuan)"))
    quote_labour = MoneyField(N_("Quoted besides: labour (yuan)"))
    quote_note = TextField(L["quote_note"], limit=500, rows=2)
    planned_done_at = LocalDateTimeField(L["planned_done_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.planned_done_at.data = desk.record.planned_done_at
        if not desk.record.quote_accepted:
            for name in self.QUOTED:
                del self._fields[name]

    def to_command(self, desk: Desk) -> repairs.Extend:
        quoted = {name: self[name].data for name in self.QUOTED if name in self}
        return repairs.Extend(self.new_problem.data, self.planned_done_at.data, **quoted)


class VisitForm(OnSite):
    """When the captain comes again."""

    appointment_at = LocalDateTimeField(L["appointment_at"], required=True)
    overlap_reason = TextField(N_("Why two visits may lie on each other"), limit=200)

    def to_command(self, desk: Desk) -> repairs.MoveVisit:
        return repairs.MoveVisit(self.appointment_at.data, self.overlap_reason.data)


class TakeOverForm(OnSite):
    """The own team goes."""

    reason = TextField(L["reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> repairs.TakeOver:
        return repairs.TakeOver(self.reason.data)


class CostForm(OnSite):
    """A part that was used, or hours."""

    kind = TermField(N_("What for"), CostKind, required=True, radio=True)
    what = TextField(N_("Part or work"), limit=100, required=True)
    amount = MoneyField(N_("Amount (yuan)"), required=True)
    quantity = MoneyField(N_("Quantity"), maximum=Decimal("99999999.99"))
    unit = TextField(N_("Unit", "quantity"), limit=10)
    bearer = TermField(N_("Who bears the cost"), CostBearer, required=True, radio=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.kind.data = CostKind.MATERIAL
            self.bearer.data = repairs.usual_bearer(desk.record)

    def to_command(self, desk: Desk) -> repairs.CostLine:
        return repairs.CostLine(
            str(self.kind.data),
            self.what.data,
            self.amount.data,
            str(self.bearer.data),
            self.quantity.data,
            self.unit.data,
        )


class DraftCaseForm(OnSite):
    """The estimate for what a crew that is gone has to pay (P15), and why another one repairs it."""

    crew_status = TermField(C["crew_status"], CrewStatus, leave_out=(CrewStatus.ACTIVE,), required=True, radio=True)
    estimate_material = MoneyField(C["estimate_material"], required=True, minimum=NOTHING)
    estimate_labour = MoneyField(C["estimate_labour"], required=True, minimum=NOTHING)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted() and desk.record.crew_status in repairs.GONE:
            self.crew_status.data = CrewStatus(desk.record.crew_status)

    def to_command(self, desk: Desk) -> repair_costs.DraftCase:
        return repair_costs.DraftCase(
            str(self.crew_status.data), self.estimate_material.data, self.estimate_labour.data
        )


ACTUAL: dict[str, str] = {
    CostKind.MATERIAL: "actual_material", CostKind.LABOUR: "actual_labour", CostKind.OTHER: "actual_labour",
}  # fmt: skip
"""Where the lines of a repair are counted together when the actual cost of its case is noted."""


class ActualForm(OnSite):
    """What it really cost; the noted lines are the suggestion."""

    actual_material = MoneyField(C["actual_material"], required=True, minimum=NOTHING)
    actual_labour = MoneyField(C["actual_labour"], required=True, minimum=NOTHING)

    def prepare(self, desk: Desk) -> None:
        if self.is_submitted():
            return
        for name in set(ACTUAL.values()):
            self[name].data = sum((line.amount for line in desk.record.costs if ACTUAL[line.kind] == name), NOTHING)

    def to_command(self, desk: Desk) -> repair_costs.ActualCost:
        return repair_costs.ActualCost(self.actual_material.data, self.actual_labour.data)


class ExceedForm(ActualForm):
    """It costs more than was approved."""

    reason = TextField(C["reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> repair_costs.ActualCost:
        return repair_costs.ActualCost(self.actual_material.data, self.actual_labour.data, self.reason.data)


class PhotoForm(OnSite):
    """What the photos show. The files themselves are read beside it."""

    file = MultipleFileField(N_("Photos"))
    kind = TermField(N_("Shows"), PhotoKind, required=True, radio=True)
    taken_at = HiddenField()
    pair = WholeField(N_("Same spot as photo"), low=1, high=99)
    note = TextField(N_("Note"), limit=200)
    marks = HiddenField()

    def prepare(self, desk: Desk) -> None:
        is_before = desk.record.state in (State.ASSIGNED, State.ON_SITE, State.QUOTED)
        self.kind.data = PhotoKind.BEFORE if is_before else PhotoKind.AFTER

    @property
    def moment(self) -> datetime | None:
        """When the camera took it, as the phone says; nothing that cannot be read."""
        return moment(self.taken_at.data)


class MarksForm(OnSite):
    """What was drawn on a photo."""

    marks = HiddenField()


class BareForm(OnSite):
    """Nothing to fill in."""

    def to_command(self, desk: Desk) -> None:
        return None


def moment(text: str | None) -> datetime | None:
    """An ISO moment of the browser with its zone; None for what is none."""
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return read.astimezone(UTC) if read.tzinfo is not None and 2000 <= read.year <= 2100 else None


def camera_moment(text: str | None) -> datetime | None:
    """What a camera wrote into the picture, on the company's clocks."""
    try:
        read = datetime.strptime(text or "", "%Y:%m:%d %H:%M:%S").replace(tzinfo=clock.ZONE)
    except ValueError:
        return None
    return read.astimezone(UTC) if 2000 <= read.year <= 2100 else None


def store() -> Store:
    """Where files are kept."""
    return Store.of(current_app.config["PORTAL"])


def _draft(session: Any, order: Any, command: repair_costs.DraftCase, **said: Any) -> None:
    repair_costs.draft(session, order, command, **said)


def _execute(session: Any, order: Any, command: repair_costs.ActualCost, **said: Any) -> None:
    repair_costs.execute(session, order.cost_case, command, **said)


def _exceed(session: Any, order: Any, command: repair_costs.ActualCost, **said: Any) -> None:
    repair_costs.exceed(session, order.cost_case, command, **said)


STEPS: dict[str, tuple[type[OnSite], Any]] = {
    Action.REACH: (ReachForm, repairs.reach),
    Action.ARRIVE: (ArriveForm, repairs.arrive),
    Action.START: (BareForm, repairs.start),
    Action.QUOTE: (QuoteForm, repairs.quote),
    Action.ACCEPT: (ConsentForm, repairs.accept),
    Action.DECLINE: (AnswerForm, repairs.decline),
    Action.FINISH: (FinishForm, repairs.finish),
    Action.SIGN_OFF: (SignOffForm, repairs.sign_off),
    Action.REJECT: (RejectForm, repairs.reject),
    Action.EXTEND: (ExtendForm, repairs.extend),
    Action.TAKE_OVER: (TakeOverForm, repairs.take_over),
    DRAFT_CASE: (DraftCaseForm, _draft),
    EXECUTE_CASE: (ActualForm, _execute),
    EXCEED_CASE: (ExceedForm, _exceed),
}
"""The form of each step on the phone and the service function that carries it out; those of P15 go through the repair."""
BESIDE: dict[str, type[OnSite]] = {
    "costs": CostForm, "photos": PhotoForm, "visit": VisitForm, "marks": MarksForm, "drop": BareForm,
}  # fmt: skip
"""What can be sent beside the steps."""
