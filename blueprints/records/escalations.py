"""Escalated complaints, for the manager who settles them. Rules: `portal/processes/escalation.py`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload, selectinload

from blueprints.forms import (
    BooleanField,
    ChoiceField,
    LocalDateField,
    LocalDateTimeField,
    MoneyField,
    NameField,
    TextField,
)
from blueprints.http import find_or_404, requires
from blueprints.records import approval_tables, blueprint, consent_forms, editing, showing
from blueprints.records.consent_forms import PLEASE, PercentField, RefusalForm, TakeBackForm, WordForm
from blueprints.records.steps import Desk, StepForm, StepPages
from portal import clock, formatting
from portal.db import session
from portal.errors import Invalid
from portal.i18n import N_, Text, _, _p
from portal.models.complaint import Complaint, Escalation
from portal.models.org import Department, Party
from portal.permissions import Permission
from portal.processes.escalation import PROCESS, Action, Bearer, State
from portal.services import compensations, complaints

P = Permission
PATH = "/escalations/<number>"
L = PROCESS.field_labels
BEARERS = (1, 2, 3, 4)
COMPANY = "COMPANY"
FIELDS = compensations.FIELDS
HANDED_OVER = ("why", "cause", "process_so_far", "customer_demand")
VISIT = ("visit_due_at", "visit_at", "visit_head_id", "late_reason", "visited_at", "present", "findings")
SOLUTION = ("solution", "involves_money", "liability_at", "measures", "execute_until")
MONEY = ("amount", "leader_id", "leader_decided_at", "leader_decision", "paid_at")
END = ("is_satisfied", "has_agreement", "signed_by", "signed_on", "root_cause", "improvement", "closed_at")
SPARE = frozenset({"late_reason", "visited_at", "present", "findings", "measures", "execute_until", "leader_decision"})
"""Left out while they say nothing."""
NAMED = (
    joinedload(Escalation.complaint).joinedload(Complaint.customer),
    joinedload(Escalation.visit_head),
    joinedload(Escalation.leader),
    joinedload(Escalation.approval),
    selectinload(Escalation.shares),
    selectinload(Escalation.vouchers),
)


@blueprint.get(PATH)
@requires(P.ESCALATION_VIEW)
def escalation(number: str) -> ResponseReturnValue:
    """The case: what was handed over, visit, liability, money, end."""
    record = find_or_404(Escalation, number, NAMED)
    complaint = record.complaint
    groups: list[tuple[Text, tuple[str, ...]]] = [(N_("Handed over", "escalation"), HANDED_OVER)]
    if record.visit_at or record.visit_due_at:
        groups.append((N_("Visit", "escalation"), VISIT))
    if record.solution:
        groups.append((N_("Liability and solution"), SOLUTION))
    if record.amount:
        groups.append((N_("Money"), MONEY))
    if record.closed_at:
        groups.append((N_("End of the case"), END))
    by = record.submitted_by.name if record.submitted_by else formatting.DASH
    handed = _("Submitted by %(person)s, %(moment)s", person=by, moment=formatting.moment(record.submitted_at))
    return showing.show(
        record,
        complaint.subject,
        approval_tables.naming(FIELDS, "leader_id", record),
        tuple(
            (heading, tuple(name for name in names if name not in SPARE or getattr(record, name)))
            for heading, names in groups
        ),
        meta=[
            (complaint.complainant, editing.path(complaint)),
            (complaint.number, editing.path(complaint)),
            (handed, ""),
        ],
        notes=[
            *approval_tables.banner(record),
            *(("alert-triangle", str(sentence)) for sentence in _warnings(record)),
        ],
        tables=[_shares(record), *_vouchers(record), *approval_tables.rounds(record)],
    )


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.ESCALATION_VIEW)
def escalation_step(number: str, action: str) -> ResponseReturnValue:
    """One step of the case: its form, and carrying it out."""
    return STEPS.show(number, action)


# ---------- Parts ----------


def _find(number: str) -> Escalation:
    return find_or_404(Escalation, number)


def _warnings(record: Escalation) -> list[Text]:
    """Of wages, while it is still to be recovered."""
    return [] if record.state == State.CLOSED else compensations.warnings(session(), record)


def _shares(record: Escalation) -> showing.Table:
    rows: list[list[Any]] = []
    for share in record.shares:
        entry = (share.entry.number, editing.path(share.entry)) if share.entry else formatting.DASH
        rows.append(
            [
                share.name,
                Bearer.show(share.bearer),
                f"{share.percent.normalize():f}%",
                formatting.money(share.amount) if share.amount is not None else formatting.DASH,
                share.reason or formatting.DASH,
                entry,
            ]
        )
    head = [
        (_("Who bears it"), ""),
        (_("Out of which money"), "hide-small"),
        (_("Share"), "num"),
        (_("Amount (yuan)"), "num"),
        (_("Reason"), "fill hide-small"),
        (_("Ledger"), "ref hide-small"),
    ]
    return showing.Table(_("Liability and bearers"), head, rows, _("Liability is not decided yet."))


def _vouchers(record: Escalation) -> list[showing.Table]:
    if not record.vouchers:
        return []
    rows: list[list[Any]] = [
        [
            (voucher.number, editing.path(voucher)),
            voucher.payee,
            formatting.money(voucher.amount),
            _("Void")
            if voucher.voided_at
            else formatting.moment(voucher.paid_at)
            if voucher.paid_at
            else _("To be paid"),
        ]
        for voucher in record.vouchers
    ]
    head = [
        (_("Number"), "ref"),
        (_("Payee"), "fill"),
        (_("Amount (yuan)"), "num"),
        (_p("escalation", "Paid at"), "num"),
    ]
    return [showing.Table(_("Payment vouchers (F-08)"), head, rows, "")]


class TakeForm(StepForm):
    """Nothing to fill in."""

    def to_command(self, desk: Desk) -> None:
        return None


class VisitForm(StepForm):
    """The visit with head and customer."""

    visit_at = LocalDateTimeField(L["visit_at"], required=True)
    visit_head = ChoiceField(L["visit_head"], coerce=int, choices=[], required=True, blank=PLEASE)
    late_reason = TextField(L["late_reason"], limit=500, rows=2)

    def prepare(self, desk: Desk) -> None:
        self.visit_head.choices = consent_forms.parties(desk, Party.is_head.is_(True))
        lead = desk.record.complaint.lead_department
        if not self.is_submitted() and lead is not None:
            self.visit_head.data = lead.head_id

    def told(self, desk: Desk) -> list[str]:
        due = desk.record.visit_due_at
        return [_("The visit is to be made by %(moment)s (DL-15).", moment=formatting.moment(due))] if due else []

    def to_command(self, desk: Desk) -> compensations.SetVisit:
        head = consent_forms.party_of(desk, self.visit_head.data, "visit_head")
        return compensations.SetVisit(self.visit_at.data, head, self.late_reason.data)


class JudgeForm(StepForm):
    """What the visit brought, where there was one; solution, money or not, up to four who bear it."""

    ON_SITE = ("visited_at", "present", "findings")

    LINES = tuple(
        (
            N_("Bearer %(number)s") % {"number": place},
            [f"{name}_{place}" for name in ("who", "percent", "because", "wage")],
        )
        for place in BEARERS
    )
    visited_at = LocalDateTimeField(L["visited_at"], required=True)
    present = TextField(L["present"], limit=200, required=True)
    findings = TextField(L["findings"], limit=4000, rows=3, required=True)
    solution = TextField(L["solution"], limit=4000, rows=3, required=True)
    involves_money = ChoiceField(
        L["involves_money"], choices=[("yes", N_("Yes")), ("no", N_("No"))], required=True, radio=True
    )

    def prepare(self, desk: Desk) -> None:
        record = desk.record
        choices = [(COMPANY, _("The company")), *consent_forms.bearers(desk, record.project)]
        for place in BEARERS:
            self[f"who_{place}"].choices = choices
        on_site = record.state == State.VISIT_SET
        if not on_site:
            for name in self.ON_SITE:
                delattr(self, name)
        if self.is_submitted():
            return
        if on_site:
            head = record.visit_head.name if record.visit_head else None
            self.visited_at.data = min(record.visit_at, desk.at)
            self.present.data = "、".join(name for name in (record.complaint.complainant, head) if name)
        self.solution.data = record.solution
        if record.involves_money is not None:
            self.involves_money.data = "yes" if record.involves_money else "no"
        for place, share in zip(BEARERS, record.shares, strict=False):
            self[f"who_{place}"].data = (
                f"PERSON:{share.party_id}" if share.party_id else f"CREW:{share.crew_id}" if share.crew_id else COMPANY
            )
            self[f"percent_{place}"].data = share.percent
            self[f"because_{place}"].data, self[f"wage_{place}"].data = share.reason, share.monthly_wage
        if not record.shares:
            self["who_1"].data, self["percent_1"].data = COMPANY, Decimal(100)

    def to_command(self, desk: Desk) -> compensations.Judge:
        seen = {name: self[name].data for name in self.ON_SITE if name in self}
        return compensations.Judge(
            **seen,
            solution=self.solution.data,
            involves_money=self.involves_money.data == "yes",
            shares=self.shares(desk),
        )

    def shares(self, desk: Desk) -> tuple[compensations.Bears, ...]:
        """The lines that were filled in. Raises Invalid at a line with half of it."""
        found = []
        for place in BEARERS:
            who, percent = self[f"who_{place}"].data, self[f"percent_{place}"].data
            if who is None and percent is None:
                continue
            if who is None or percent is None:
                name = f"who_{place}" if who is None else f"percent_{place}"
                raise Invalid({name: N_("Who bears it and which share: both or neither.")})
            bearer = None if who == COMPANY else consent_forms.bearer_of(desk, who)
            found.append(
                compensations.Bears(bearer, percent, self[f"because_{place}"].data, self[f"wage_{place}"].data)
            )
        if sum((each.percent for each in found), Decimal(0)) != 100:
            raise Invalid({"percent_1": N_("The shares of the bearers must add up to 100 %.")})
        return tuple(found)


for _place in BEARERS:
    setattr(JudgeForm, f"who_{_place}", ChoiceField(N_("Who bears it"), choices=[], blank=N_("Nobody")))
    setattr(JudgeForm, f"percent_{_place}", PercentField(N_("Share (%)")))
    setattr(JudgeForm, f"because_{_place}", TextField(N_("Why"), limit=200))
    setattr(JudgeForm, f"wage_{_place}", MoneyField(N_("Monthly wage, as HR says (yuan)")))


class ExecuteForm(StepForm):
    """What is done without money."""

    measures = TextField(L["measures"], limit=4000, rows=3, required=True)
    execute_until = LocalDateField(L["execute_until"], required=True)

    def to_command(self, desk: Desk) -> compensations.Execute:
        return compensations.Execute(self.measures.data, self.execute_until.data)


class AskLeaderForm(StepForm):
    """The amount the customer is to get."""

    amount = MoneyField(L["amount"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.amount.data = desk.record.amount

    def told(self, desk: Desk) -> list[str]:
        shares = "、".join(f"{share.name} {share.percent.normalize():f}%" for share in desk.record.shares)
        return [_("It is shared out to the fen: %(shares)s", shares=shares)]

    def to_command(self, desk: Desk) -> compensations.AskLeader:
        return compensations.AskLeader(self.amount.data)


class PayForm(StepForm):
    """Finance has paid."""

    finance_no = TextField(L["finance_no"], limit=50, required=True)
    paid_at = LocalDateTimeField(L["paid_at"], required=True)
    clerk = ChoiceField(L["clerk"], coerce=int, choices=[], required=True, blank=PLEASE)

    def prepare(self, desk: Desk) -> None:
        self.clerk.choices = consent_forms.parties(desk, Party.department == Department.FINANCE)
        if not self.is_submitted():
            self.paid_at.data = desk.at
            self.clerk.data = self.clerk.choices[0][0] if len(self.clerk.choices) == 1 else None

    def told(self, desk: Desk) -> list[str]:
        return [str(sentence) for sentence in compensations.warnings(desk.session, desk.record)]

    def to_command(self, desk: Desk) -> compensations.Pay:
        clerk = consent_forms.party_of(desk, self.clerk.data, "clerk")
        return compensations.Pay(self.finance_no.data, self.paid_at.data, clerk)


class CloseForm(StepForm):
    """The end of the case."""

    is_satisfied = BooleanField(L["is_satisfied"])
    has_agreement = BooleanField(L["has_agreement"])
    signed_by = NameField(L["signed_by"])
    signed_on = LocalDateField(L["signed_on"], required=True)
    root_cause = TextField(L["root_cause"], limit=2000, rows=3, required=True)
    improvement = TextField(L["improvement"], limit=2000, rows=3, required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.signed_by.data = desk.record.complaint.complainant
            self.signed_on.data = clock.today(desk.at)
            self.root_cause.data = desk.record.cause

    def to_command(self, desk: Desk) -> compensations.Close:
        return compensations.Close(
            signed_by=self.signed_by.data,
            signed_on=self.signed_on.data,
            root_cause=self.root_cause.data,
            improvement=self.improvement.data,
            is_satisfied=self.is_satisfied.data,
            has_agreement=self.has_agreement.data,
        )


def _take(writing: Any, case: Escalation, _command: None, **said: Any) -> None:
    complaints.take(writing, case, **said)


STEPS = StepPages(
    find=_find,
    forms={
        Action.TAKE: (TakeForm, _take),
        Action.SET_VISIT: (VisitForm, compensations.set_visit),
        Action.JUDGE: (JudgeForm, compensations.judge),
        Action.JUDGE_ON_SITE: (JudgeForm, compensations.judge),
        Action.EXECUTE: (ExecuteForm, compensations.execute),
        Action.ASK_LEADER: (AskLeaderForm, compensations.ask_leader),
        Action.APPROVE: (WordForm, compensations.approve),
        Action.REFUSE: (RefusalForm, compensations.refuse),
        Action.RECALL: (TakeBackForm, compensations.recall),
        Action.PAY: (PayForm, compensations.pay),
        Action.CLOSE: (CloseForm, compensations.close),
    },
    kinds=N_("Escalations"),
    heading=lambda case: (case.complaint.complainant, case.complaint.subject),
    shows_waiting_clocks=False,
)
