"""A contract on its way to the signature: letter of intent, what was covered, legal review, signing. Rules: `processes/contract.py`."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from blueprints.forms import (
    BooleanField,
    ChecksField,
    ChoiceField,
    LocalDateField,
    LocalDateTimeField,
    MoneyField,
    NameField,
    TextField,
    WholeField,
)
from blueprints.http import find_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.drawing_reviews.forms import PLEASE, people
from blueprints.records.forms.base import RecordForm
from blueprints.records.steps import Desk, StepForm, StepPages
from portal import clock, formatting, settings
from portal.db import session
from portal.errors import Invalid
from portal.i18n import N_, _
from portal.models.contract import Contract, Quotation
from portal.models.customer import Customer
from portal.models.org import Branch, Party, PartyKind
from portal.models.project import Project
from portal.permissions import Permission
from portal.processes.contract import PROCESS, Action, LegalPoint, Topic
from portal.services import contracts, negotiations, parties

P = Permission
PATH = "/contracts/<number>"
L = PROCESS.field_labels
TOPICS, POINTS = tuple(Topic), tuple(LegalPoint)


# ---------- Letter of intent ----------


class IntentForm(RecordForm):
    """What both mean to agree on."""

    FIELDS = contracts.FIELDS
    SECTIONS = (
        (
            N_("Letter of intent", "form"),
            (
                "scope",
                "style",
                "amount",
                "deposit",
                "duration_days",
                "designer",
                "store",
                "project",
                "intended_on",
                "intended_until",
            ),
        ),
    )
    WIDE = frozenset({"scope"})

    scope = TextField(L["scope"], limit=2000, rows=3, required=True)
    amount = MoneyField(L["amount"], required=True)
    duration_days = WholeField(L["duration_days"], low=1, high=2000, required=True)
    designer = ChoiceField(L["designer"], coerce=int, choices=[], required=True, blank=PLEASE)
    store = ChoiceField(L["store"], coerce=int, choices=[], required=True, blank=PLEASE)
    project = ChoiceField(N_("Project"), coerce=int, choices=[], blank=N_("No project yet"))
    intended_on = LocalDateField(contracts.FIELDS["intended_on"].label, required=True)
    style = TextField(contracts.FIELDS["style"].label, limit=100)
    deposit = MoneyField(contracts.FIELDS["deposit"].label)
    intended_until = LocalDateField(contracts.FIELDS["intended_until"].label)

    def prepare(self, customer: Customer) -> IntentForm:
        """Offer designers, stores and the customer's projects without a contract."""
        self.designer.choices = people(session(), g.user, Party.kind == PartyKind.DESIGNER)
        self.store.choices = parties.branches(session())
        taken = select(Contract.project_id).where(Contract.project_id.is_not(None))
        free = select(Project).where(Project.customer_id == customer.id, Project.id.not_in(taken))
        self.project.choices = [
            (each.id, f"{each.number} · {each.property.address}") for each in session().scalars(free)
        ]
        if not self.is_submitted():
            self.intended_on.data = clock.today(clock.now())
            self.store.data = customer.branch_id or g.user.branch_id
        return self

    def to_command(self) -> negotiations.Intend:
        """The command."""
        reading = session()
        return negotiations.Intend(
            self.scope.data,
            self.amount.data,
            self.duration_days.data,
            reading.get(Party, self.designer.data),
            reading.get(Branch, self.store.data),
            reading.get(Project, self.project.data) if self.project.data else None,
            self.intended_on.data,
            self.style.data,
            self.deposit.data,
            self.intended_until.data,
        )


@blueprint.route("/contracts/intent", methods=["GET", "POST"])
@requires(P.CONTRACT_EDIT)
def new_intent() -> ResponseReturnValue:
    """Record a letter of intent (F-32): the contract begins."""
    customer = editing.chosen_customer()
    if customer is None:
        return editing.choose_customer(_("Letter of intent"), "/records/contracts/intent")
    form = IntentForm().prepare(customer)

    def make(writing: Session) -> str:
        fresh = writing.get_one(Customer, customer.id)
        return editing.path(negotiations.intend(writing, fresh, form.to_command(), actor=g.user, at=clock.now()))

    sheet = showing.sheet(_("Letter of intent"), None, "contracts", note=customer.name, money=("amount",))
    return editing.create(form, sheet, make)


# ---------- What was covered ----------


class CoveredForm(RecordForm):
    """The tick-list of the negotiation."""

    FIELDS = contracts.FIELDS
    SECTIONS = ((contracts.FIELDS["covered"].label, ("topics", "draft")),)

    topics = ChecksField(contracts.FIELDS["covered"].label)
    draft = TextField(L["draft"], limit=200)


@blueprint.route(f"{PATH}/covered", methods=["GET", "POST"])
@requires(P.CONTRACT_EDIT)
def contract_covered(number: str) -> ResponseReturnValue:
    """Tick what the negotiation has covered (4.3)."""
    record = find(number)
    contracts.refuse_signed(record)
    form = CoveredForm()
    form.topics.choices = [(place, topic.label) for place, topic in enumerate(TOPICS, 1)]
    if not form.is_submitted():
        form.topics.data = [place for place, topic in enumerate(TOPICS, 1) if topic.value in (record.covered or [])]
        form.draft.data = record.draft

    def act(writing: Session, fresh: Contract) -> None:
        ticked = tuple(topic.value for place, topic in enumerate(TOPICS, 1) if place in (form.topics.data or ()))
        command = negotiations.Cover(ticked, form.draft.data)
        negotiations.cover(writing, fresh, command, version=form.seen_version(), actor=g.user, at=clock.now())

    sheet = showing.sheet(_("What was covered"), record, "contracts")
    return editing.change(form, sheet, lambda: find(number), act, exclude=number)


# ---------- Steps ----------


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.CONTRACT_EDIT)
def contract_step(number: str, action: str) -> ResponseReturnValue:
    """One step of the contract: its form, and carrying it out."""
    return STEPS.show(number, action)


def find(number: str) -> Contract:
    """The contract of that number, if it exists for the person. Raises NotFound."""
    return find_or_404(Contract, number)


class NegotiateForm(StepForm):
    """A draft and a quotation."""

    draft = TextField(
        L["draft"], limit=200, required=True, description=N_("Its version or day; the file itself goes to the files.")
    )
    quotation = ChoiceField(L["quotation"], coerce=int, choices=[], required=True, blank=PLEASE)

    def prepare(self, desk: Desk) -> None:
        mine = select(Quotation).where(Quotation.customer_id == desk.record.customer_id).order_by(Quotation.id.desc())
        self.quotation.choices = [
            (each.id, f"{each.number} {each.title} {formatting.money(each.amount)}")
            for each in desk.session.scalars(mine)
        ]
        if not self.is_submitted() and len(self.quotation.choices) == 1:
            self.quotation.data = self.quotation.choices[0][0]

    def told(self, desk: Desk) -> list[str]:
        return [] if self.quotation.choices else [_("Record the quotation of the customer first.")]

    def to_command(self, desk: Desk) -> negotiations.Negotiate:
        return negotiations.Negotiate(self.draft.data, desk.session.get(Quotation, self.quotation.data))


class SubmitLegalForm(StepForm):
    """Who hands the draft to legal, and when."""

    submitted_by = ChoiceField(L["submitted_by"], coerce=int, choices=[], required=True, blank=PLEASE)
    submitted_at = LocalDateTimeField(L["submitted_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        self.submitted_by.choices = people(desk.session, desk.user, Party.kind == PartyKind.SALES)
        if not self.is_submitted():
            self.submitted_at.data = desk.at
            if len(self.submitted_by.choices) == 1:
                self.submitted_by.data = self.submitted_by.choices[0][0]

    def to_command(self, desk: Desk) -> negotiations.SubmitLegal:
        return negotiations.SubmitLegal(_party(desk, self.submitted_by.data, "submitted_by"), self.submitted_at.data)


class ResubmitLegalForm(StepForm):
    """What was changed since."""

    what_changed = TextField(L["what_changed"], limit=2000, rows=3, required=True)
    draft = TextField(L["draft"], limit=200)

    def to_command(self, desk: Desk) -> negotiations.Resubmit:
        return negotiations.Resubmit(self.what_changed.data, self.draft.data)


class LegalForm(StepForm):
    """The five points, the opinion, who approved."""

    LINES = ((N_("Comment on each point"), [f"comment_{point.lower()}" for point in LegalPoint]),)

    points = ChecksField(L["points"])
    opinion = TextField(L["opinion"], limit=2000, rows=3)
    approver = ChoiceField(L["approver"], coerce=int, choices=[], blank=PLEASE)
    comment_lawful = TextField(LegalPoint.LAWFUL.label, limit=300)
    comment_balanced = TextField(LegalPoint.BALANCED.label, limit=300)
    comment_specific = TextField(LegalPoint.SPECIFIC.label, limit=300)
    comment_payment = TextField(LegalPoint.PAYMENT.label, limit=300)
    comment_liability = TextField(LegalPoint.LIABILITY.label, limit=300)

    def prepare(self, desk: Desk) -> None:
        self.points.choices = [(place, point.label) for place, point in enumerate(POINTS, 1)]
        self.approver.choices = people(desk.session, desk.user, Party.kind == PartyKind.LEGAL)
        if not self.is_submitted() and len(self.approver.choices) == 1:
            self.approver.data = self.approver.choices[0][0]

    def to_command(self, desk: Desk) -> negotiations.Judge:
        held = self.points.data or ()
        points = {
            point.value: (place in held, self[f"comment_{point.lower()}"].data) for place, point in enumerate(POINTS, 1)
        }
        approver = desk.session.get(Party, self.approver.data) if self.approver.data else None
        return negotiations.Judge(points, self.opinion.data, approver)


class SignForm(StepForm):
    """Both sign."""

    LINES = ((contracts.FIELDS["copies"].label, [f"copies_{holder.lower()}" for holder in contracts.HOLDERS]),)

    signed_on = LocalDateField(L["signed_on"], required=True)
    amount = MoneyField(L["amount"], required=True)
    signed_by_company = NameField(L["signed_by_company"])
    signed_by_customer = NameField(L["signed_by_customer"])
    identities_checked = BooleanField(N_("The identities of both sides are checked"))
    copies_customer = WholeField(contracts.HOLDERS["CUSTOMER"], low=0, high=9)
    copies_finance = WholeField(contracts.HOLDERS["FINANCE"], low=0, high=9)
    copies_engineering = WholeField(contracts.HOLDERS["ENGINEERING"], low=0, high=9)
    copies_legal = WholeField(contracts.HOLDERS["LEGAL"], low=0, high=9)
    copies_archive = WholeField(contracts.HOLDERS["ARCHIVE"], low=0, high=9)

    def prepare(self, desk: Desk) -> None:
        if self.is_submitted():
            return
        self.signed_on.data, self.amount.data = clock.today(desk.at), desk.record.amount
        self.signed_by_customer.data = desk.record.customer.name
        for holder in contracts.HOLDERS:
            self[f"copies_{holder.lower()}"].data = 1 if holder in negotiations.USUAL_COPIES else 0

    def told(self, desk: Desk) -> list[str]:
        return [_("Give the customer an original, explain the terms once more and ask to keep it well.")]

    def to_command(self, desk: Desk) -> negotiations.Sign:
        counts = {holder: self[f"copies_{holder.lower()}"].data for holder in contracts.HOLDERS}
        copies = [{"holder": holder, "count": count} for holder, count in counts.items() if count]
        if not copies:
            raise Invalid({"copies_customer": N_("Say who holds an original.")})
        return negotiations.Sign(
            self.signed_on.data,
            self.signed_by_company.data,
            self.signed_by_customer.data,
            self.amount.data,
            copies,
            bool(self.identities_checked.data),
        )


class SignAnywayForm(StepForm):
    """It was signed although a review had not passed."""

    signed_on = LocalDateField(L["signed_on"], required=True)
    amount = MoneyField(L["amount"], required=True)
    reason = TextField(L["reason"], limit=1000, rows=3, required=True)
    signed_by_company = NameField(L["signed_by_company"], required=False)
    designer = ChoiceField(L["designer"], coerce=int, choices=[], blank=N_("As the contract or the review says"))
    branch_manager = ChoiceField(
        N_("Design branch manager"), coerce=int, choices=[], blank=N_("As the contract or the review says")
    )

    def prepare(self, desk: Desk) -> None:
        self.designer.choices = people(desk.session, desk.user, Party.kind == PartyKind.DESIGNER)
        self.branch_manager.choices = people(desk.session, desk.user, Party.kind == PartyKind.BRANCH_MANAGER)
        if not self.is_submitted():
            self.signed_on.data, self.amount.data = clock.today(desk.at), desk.record.amount

    def told(self, desk: Desk) -> list[str]:
        percent = f"{settings.get(desk.session, 'ratio_bypass').normalize():f}"
        return [
            _("This registers a fact: the contract is marked as signed without a pass and stays so."),
            _(
                "R-04: where the drawing review is not passed, %(percent)s %% less commission and public criticism are proposed for the designer, a fault slip for the head of the branch.",
                percent=percent,
            ),
        ]

    def to_command(self, desk: Desk) -> negotiations.SignAnyway:
        def party(key: int | None) -> Party | None:
            return desk.session.get(Party, key) if key else None

        return negotiations.SignAnyway(
            self.signed_on.data,
            self.amount.data,
            self.reason.data,
            self.signed_by_company.data,
            party(self.designer.data),
            party(self.branch_manager.data),
        )


class TerminateForm(StepForm):
    """The contract counts no more; it stays readable."""

    voided_on = LocalDateField(L["voided_on"], required=True)
    void_reason = TextField(L["void_reason"], limit=500, rows=3, required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.voided_on.data = clock.today(desk.at)

    def to_command(self, desk: Desk) -> contracts.Void:
        return contracts.Void(self.voided_on.data, self.void_reason.data or "")


def _party(desk: Desk, key: int | None, name: str) -> Party:
    found = desk.session.get(Party, key or 0)
    if found is None:
        raise Invalid({name: N_("This choice is no longer available, please choose again")})
    return found


FORMS: dict[str, tuple[type[StepForm], Any]] = {
    Action.NEGOTIATE: (NegotiateForm, negotiations.negotiate),
    Action.SUBMIT_LEGAL: (SubmitLegalForm, negotiations.submit_legal),
    Action.RETURN_LEGAL: (LegalForm, negotiations.return_legal),
    Action.RESUBMIT_LEGAL: (ResubmitLegalForm, negotiations.resubmit_legal),
    Action.APPROVE: (LegalForm, negotiations.approve),
    Action.SIGN: (SignForm, negotiations.sign),
    Action.SIGN_ANYWAY: (SignAnywayForm, negotiations.sign_anyway),
    Action.TERMINATE: (TerminateForm, contracts.void),
}
STEPS = StepPages(
    find=find,
    forms=FORMS,
    kinds=N_("Contracts"),
    heading=lambda contract: (contract.customer.name, contract.number),
    shows_waiting_clocks=False,
)
