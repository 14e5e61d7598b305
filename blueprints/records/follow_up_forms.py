"""Forms of P07 beside the call desk: one per step of a call and of a liaison slip."""

from __future__ import annotations

from typing import Any

from blueprints.forms import ChoiceField, Form, HiddenField, LocalDateTimeField, TermField, TextField
from blueprints.materials import material_field, offer
from blueprints.records.steps import Desk, StepForm
from portal import formatting
from portal.errors import Invalid
from portal.i18n import N_, _
from portal.models.follow_up import FollowUpTicket
from portal.models.org import Party, PartyKind
from portal.processes import follow_up_call as call_rules
from portal.processes import follow_up_ticket as ticket_rules
from portal.processes.complaint import Category
from portal.processes.follow_up import AttemptOutcome
from portal.services import calls, parties
from portal.services.calls import dialling, tickets

C, T = call_rules.PROCESS.field_labels, ticket_rules.PROCESS.field_labels
PLEASE = N_("Please choose")
NOT_REACHED = (AttemptOutcome.REACHED,)


class AttemptForm(StepForm):
    """Not reached: what came of it, and when it is tried again."""

    outcome = TermField(C["outcome"], AttemptOutcome, leave_out=NOT_REACHED, required=True, radio=True)
    tried_at = LocalDateTimeField(C["tried_at"], required=True)
    next_at = LocalDateTimeField(
        C["next_at"], description=N_("Left empty, the portal says when: soon, in the evening, the next day.")
    )
    reason = TextField(C["reason"], limit=200, rows=2)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.tried_at.data = desk.at

    def to_command(self, desk: Desk) -> dialling.Attempt:
        return dialling.Attempt(str(self.outcome.data), self.tried_at.data, self.reason.data, self.next_at.data)


class ExplainForm(StepForm):
    """Why a call was not made in its window."""

    missed_reason = TextField(C["missed_reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> calls.Explain:
        return calls.Explain(self.missed_reason.data)


class BecauseForm(StepForm):
    """A step that asks why."""

    reason = TextField(C["reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> calls.Because:
        return calls.Because(self.reason.data)


class AllowVisitForm(BecauseForm):
    """The manager lets a visit stand in for the call."""

    def told(self, desk: Desk) -> list[str]:
        return [_("The same questions are asked face to face; the visit counts as an effective call (5.2).")]


CALL_FORMS: dict[str, tuple[type[StepForm], Any]] = {
    call_rules.Action.ATTEMPT: (AttemptForm, calls.attempt),
    call_rules.Action.EXPLAIN: (ExplainForm, calls.explain),
    call_rules.Action.CALL_AGAIN: (BecauseForm, calls.call_again),
    call_rules.Action.ALLOW_VISIT: (AllowVisitForm, calls.allow_visit),
    call_rules.Action.CANCEL: (BecauseForm, calls.cancel),
}


# ---------- Liaison slips ----------


class ReceiveForm(StepForm):
    """The department signs."""

    received_by = ChoiceField(T["received_by"], coerce=int, choices=[], required=True, blank=PLEASE)
    received_at = LocalDateTimeField(T["received_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        slip: FollowUpTicket = desk.record
        known = [
            one for one in parties.working(desk.session, desk.user, set(PartyKind)) if one.department == slip.department
        ]
        self.received_by.choices = [(one.id, one.name) for one in known]
        if not self.is_submitted():
            self.received_at.data = desk.at
            heads = [one.id for one in known if one.is_head]
            self.received_by.data = slip.responsible_id or (heads[0] if len(heads) == 1 else None)

    def to_command(self, desk: Desk) -> tickets.Receive:
        person = desk.session.get(Party, self.received_by.data or 0)
        if person is None:
            raise Invalid({"received_by": PLEASE})
        return tickets.Receive(self.received_at.data, person)


class ExtendForm(StepForm):
    """Another limit."""

    limit_at = LocalDateTimeField(T["limit_at"], required=True)
    reason = TextField(T["reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> tickets.Extend:
        return tickets.Extend(self.limit_at.data, self.reason.data)


class FinishForm(StepForm):
    """The department reports it done."""

    measure = TextField(T["measure"], limit=1000, rows=3, required=True)
    done_at = LocalDateTimeField(T["done_at"], required=True)
    material = material_field(T["material"])

    def prepare(self, desk: Desk) -> None:
        offer(self.material, desk.session, desk.record.material)
        if not self.is_submitted():
            self.done_at.data = desk.at

    def told(self, desk: Desk) -> list[str]:
        return [_("The customer is asked again within a day; only then is it settled.")]

    def to_command(self, desk: Desk) -> tickets.Finish:
        return tickets.Finish(self.measure.data, self.done_at.data, self.material.data or None)


class RevisitForm(StepForm):
    """The customer was asked again after the measure."""

    revisit_at = LocalDateTimeField(T["revisit_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.revisit_at.data = desk.at

    def told(self, desk: Desk) -> list[str]:
        slip: FollowUpTicket = desk.record
        return [f"{slip.problem} → {slip.measure}"] if slip.measure else []


class VerifyForm(RevisitForm):
    """Asked again, content."""

    is_solved = ChoiceField(T["is_solved"], choices=(("YES", N_("Yes")), ("NO", N_("No"))), required=True, radio=True)
    revisit_result = TextField(T["revisit_result"], limit=1000, rows=2)

    def to_command(self, desk: Desk) -> tickets.Verify:
        return tickets.Verify(self.revisit_at.data, self.revisit_result.data, self.is_solved.data == "YES")


class ReopenForm(RevisitForm):
    """Asked again, not content."""

    revisit_result = TextField(T["revisit_result"], limit=1000, rows=3, required=True)
    limit_at = LocalDateTimeField(T["limit_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        super().prepare(desk)
        if not self.is_submitted():
            self.limit_at.data = tickets.usual_limit(desk.session, desk.at)

    def told(self, desk: Desk) -> list[str]:
        slip: FollowUpTicket = desk.record
        rest = slip.rounds - slip.round_no
        said = _(
            "Round %(next)s of %(rounds)s begins; the head and the manager are told.",
            next=slip.round_no + 1,
            rounds=slip.rounds,
        )
        return [*super().told(desk), *([said] if rest > 0 else [])]

    def to_command(self, desk: Desk) -> Any:
        return tickets.Reopen(self.revisit_at.data, self.revisit_result.data, self.limit_at.data)


class EscalateForm(StepForm):
    """It becomes a complaint."""

    category = TermField(N_("Category", "complaint"), Category, required=True)
    demand = TextField(T["demand"], limit=2000, rows=3, required=True)
    why = TextField(T["why"], limit=1000, rows=2)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            slip: FollowUpTicket = desk.record
            self.category.data = tickets.category_of(slip)
            self.demand.data = slip.revisit_result or (slip.call.customer_words if slip.call is not None else None)
            self.why.data = tickets.why_complaint(slip)

    def told(self, desk: Desk) -> list[str]:
        slip: FollowUpTicket = desk.record
        moment = formatting.stamp(slip.handed_over_at)
        return [
            _(
                "A complaint is registered with what is known: %(problem)s (handed over %(moment)s).",
                problem=slip.problem,
                moment=moment,
            )
        ]

    def to_command(self, desk: Desk) -> tickets.Escalate:
        return tickets.Escalate(self.demand.data, self.why.data, str(self.category.data))


TICKET_FORMS: dict[str, tuple[type[StepForm], Any]] = {
    ticket_rules.Action.RECEIVE: (ReceiveForm, tickets.receive),
    ticket_rules.Action.EXTEND: (ExtendForm, tickets.extend),
    ticket_rules.Action.FINISH: (FinishForm, tickets.finish),
    ticket_rules.Action.VERIFY: (VerifyForm, tickets.verify),
    ticket_rules.Action.REOPEN: (ReopenForm, tickets.reopen),
    ticket_rules.Action.ESCALATE: (EscalateForm, tickets.escalate),
}


class AccessForm(Form):
    """Asking to read the call records of a project."""

    client_key = HiddenField()
    purpose = TextField(N_("What is in doubt"), limit=500, rows=3, required=True)
    party = ChoiceField(N_("For the head of a department"), coerce=int, choices=[], blank=N_("For myself"))

    def prepare(self, user: Any, known: Any) -> None:
        """The heads of departments."""
        self.party.choices = [(one.id, one.name) for one in parties.working(known, user, set(PartyKind)) if one.is_head]
