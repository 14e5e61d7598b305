"""Handing drawings in for the first time."""

from __future__ import annotations

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from blueprints.forms import ChoiceField, LocalDateTimeField, MoneyField
from blueprints.http import find_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.drawing_reviews.forms import PLEASE, PapersField, people
from blueprints.records.forms.base import RecordForm
from portal import clock, formatting
from portal.db import session
from portal.i18n import N_, _
from portal.models.contract import Contract
from portal.models.customer import Customer, Property
from portal.models.org import Branch, Party, PartyKind
from portal.permissions import Permission
from portal.processes.contract import BEFORE_SIGNED
from portal.processes.drawing_review import PROCESS
from portal.services import drawing_reviews, parties

L = PROCESS.field_labels


class SubmitForm(RecordForm):
    """Who designed what for which price, and what is handed in."""

    SECTIONS = (
        (N_("Drawing review"), ("designer", "branch_manager", "store", "contract_amount", "home", "contract")),
        (L["documents"], ("documents", "submitted_at")),
    )

    designer = ChoiceField(L["designer"], coerce=int, choices=[], required=True, blank=PLEASE)
    branch_manager = ChoiceField(L["branch_manager"], coerce=int, choices=[], required=True, blank=PLEASE)
    store = ChoiceField(L["store"], coerce=int, choices=[], required=True, blank=PLEASE)
    contract_amount = MoneyField(L["contract_amount"], required=True)
    home = ChoiceField(N_("Property"), coerce=int, choices=[], blank=N_("No home yet"))
    contract = ChoiceField(L["contract"], coerce=int, choices=[], blank=N_("No contract yet"))
    documents = PapersField(L["documents"])
    submitted_at = LocalDateTimeField(L["submitted_at"], required=True)

    def prepare(self, customer: Customer, contract: Contract | None) -> SubmitForm:
        """Offer people, homes and contracts; fill in what the contract or the customer already says."""
        self.designer.choices = people(session(), g.user, Party.kind == PartyKind.DESIGNER)
        self.branch_manager.choices = people(session(), g.user, Party.kind == PartyKind.BRANCH_MANAGER)
        self.store.choices = parties.branches(session())
        self.home.choices = [
            (home.id, formatting.address(home.estate, home.building, home.unit, home.room))
            for home in customer.properties
        ]
        mine = select(Contract).where(Contract.customer_id == customer.id, Contract.state.in_(sorted(BEFORE_SIGNED)))
        self.contract.choices = [
            (each.id, f"{each.number} · {formatting.money(each.amount)}")
            for each in session().scalars(mine.order_by(Contract.id))
        ]
        self.documents.offer(None if self.is_submitted() else [])
        if not self.is_submitted():
            self._fill(customer, contract)
        return self

    def _fill(self, customer: Customer, contract: Contract | None) -> None:
        self.submitted_at.data = clock.now()
        self.store.data = customer.branch_id or g.user.branch_id
        if contract is None and len(self.contract.choices) == 1:
            contract = session().get(Contract, self.contract.choices[0][0])
        if contract is not None:
            self.contract.data, self.contract_amount.data = contract.id, contract.amount
            self.designer.data, self.store.data = contract.designer_id, contract.branch_id or self.store.data
        for field in (self.designer, self.branch_manager, self.store, self.home):
            if field.data is None and len(field.choices) == 1:
                field.data = field.choices[0][0]

    def to_command(self) -> drawing_reviews.SubmitReview:
        """The command."""
        reading = session()
        return drawing_reviews.SubmitReview(
            documents=self.documents.codes,
            designer=reading.get(Party, self.designer.data),
            branch_manager=reading.get(Party, self.branch_manager.data),
            store=reading.get(Branch, self.store.data),
            contract_amount=self.contract_amount.data,
            submitted_at=self.submitted_at.data,
            home=reading.get(Property, self.home.data) if self.home.data else None,
            contract=reading.get(Contract, self.contract.data) if self.contract.data else None,
        )


@blueprint.route("/drawing-reviews/new", methods=["GET", "POST"])
@requires(Permission.REVIEW_SUBMIT)
def new_drawing_review() -> ResponseReturnValue:
    """Hand drawings and quotation in, for a customer or from the page of a contract."""
    number = request.values.get("contract", "") if request.method == "GET" else request.args.get("contract", "")
    contract = find_or_404(Contract, number) if number else None
    customer = contract.customer if contract is not None else editing.chosen_customer()
    if customer is None:
        return editing.choose_customer(_("Submit drawings"), "/records/drawing-reviews/new")
    form = SubmitForm().prepare(customer, contract)

    def make(writing: Session) -> str:
        fresh = writing.get_one(Customer, customer.id)
        return editing.path(drawing_reviews.submit(writing, fresh, form.to_command(), actor=g.user, at=clock.now()))

    sheet = showing.sheet(_("Submit drawings"), None, "drawing-reviews", note=customer.name, money=("contract_amount",))
    return editing.create(form, sheet, make)
