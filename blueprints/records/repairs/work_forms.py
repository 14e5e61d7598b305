"""Forms of P14 on site, one per step; the captain's phone has them in short."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from blueprints.forms import (
    BooleanField,
    ChecksField,
    ChoiceField,
    HiddenField,
    LocalDateTimeField,
    MoneyField,
    NameField,
    TermField,
    TextField,
)
from blueprints.records.steps import Desk, StepForm
from portal.errors import Invalid
from portal.i18n import N_, _
from portal.models.repair import NOTHING, CostBearer, CostKind
from portal.processes.repair import PROCESS, Action, Cause, checks_of, fingerprint
from portal.services import repair_words, repairs

L = PROCESS.field_labels
PLEASE = N_("Please choose")
PARTS = (1, 2, 3)
"""Lines for parts of a repair."""
PART_FIELDS = ("what", "quantity", "unit", "amount", "bearer")


class CheckedForm(StepForm):
    """A step with a checklist: what must be in order is marked, the rest may stay open."""

    STEP: Action
    checks = ChecksField(N_("Checklist"))

    def prepare(self, desk: Desk) -> None:
        lines = checks_of(desk.record, self.STEP)
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
        for name, field in self._fields.items():
            if name.endswith("_bearer"):
                field.data = repairs.usual_bearer(order)
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

    facts_hash = HiddenField()
    signed_by = NameField(L["signed_by"])
    signed_at = LocalDateTimeField(L["signed_at"], required=True)
    rating = ChoiceField(
        L["rating"], coerce=int, choices=[(0, N_("Not given")), *((n, str(n)) for n in range(5, 0, -1))], required=False
    )

    def prepare(self, desk: Desk) -> None:
        super().prepare(desk)
        if not self.is_submitted():
            self.facts_hash.data = fingerprint(desk.record)
            self.signed_by.data, self.signed_at.data = desk.record.reporter, desk.at

    def to_command(self, desk: Desk) -> repairs.SignOff:
        return repairs.SignOff(
            signed_by=self.signed_by.data,
            signed_at=self.signed_at.data,
            shown=repair_words.shown(desk.record),
            facts_hash=self.facts_hash.data or "",
            rating=self.rating.data or None,
            checks=self.ticked,
        )


class RejectForm(StepForm):
    """What is not in order."""

    defects = TextField(L["defects"], limit=2000, rows=3, required=True)

    def to_command(self, desk: Desk) -> repairs.Reject:
        return repairs.Reject(self.defects.data)
