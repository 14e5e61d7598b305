"""Pages of quotations: their head; the items come with the drawing review."""

from __future__ import annotations

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, joinedload

from blueprints.http import find_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms.works import QuotationForm
from portal import clock
from portal.i18n import N_, _
from portal.models.contract import Quotation
from portal.permissions import Permission, may
from portal.services import quotations

P = Permission
GROUPS = (
    (
        N_("Quotation"),
        ("amount", "quoted_on", "valid_until", "property_id", "contract_id", "designer_id", "remarks"),
    ),
)


LINKED = (Quotation.customer, Quotation.property, Quotation.contract, Quotation.designer)
NAMED = tuple(joinedload(link) for link in LINKED)


def find(number: str) -> Quotation:
    """The quotation of that number, if it exists for the person. Raises NotFound."""
    return find_or_404(Quotation, number, NAMED)


@blueprint.get("/quotations/<number>")
@requires(P.CONTRACT_VIEW)
def quotation(number: str) -> ResponseReturnValue:
    """The head of a quotation."""
    record = find(number)
    return showing.show(
        record,
        record.title,
        quotations.FIELDS,
        GROUPS,
        meta=[(record.customer.name, editing.path(record.customer))],
        actions=[showing.edit_action(record)] if may(g.user, P.CONTRACT_EDIT) else [],
        household_url=f"{editing.path(record.customer)}/household",
    )


@blueprint.route("/quotations/new", methods=["GET", "POST"])
@requires(P.CONTRACT_EDIT)
def new_quotation() -> ResponseReturnValue:
    """Record the head of a quotation."""
    customer = editing.chosen_customer()
    if customer is None:
        return editing.choose_customer(_("New quotation"), "/records/quotations/new")
    form = QuotationForm().prepare(g.user, customer)
    if not form.is_submitted():
        form.quoted_on.data = clock.today(clock.now())

    def make(writing: Session) -> str:
        return editing.path(quotations.create(writing, customer, form.to_create(), actor=g.user, at=clock.now()))

    sheet = showing.sheet(_("New quotation"), None, "quotations", note=customer.name, money=("amount",))
    return editing.create(form, sheet, make)


@blueprint.route("/quotations/<number>/edit", methods=["GET", "POST"])
@requires(P.CONTRACT_EDIT)
def edit_quotation(number: str) -> ResponseReturnValue:
    """Change the head of a quotation."""
    record = find(number)
    form = QuotationForm(obj=record).prepare(g.user, record.customer, record.designer_id)

    def act(writing: Session, fresh: Quotation) -> None:
        quotations.update(writing, fresh, form.to_update(), actor=g.user, at=clock.now())

    sheet = showing.sheet(_("Change"), record, "quotations", money=("amount",))
    return editing.change(form, sheet, lambda: find(number), act)
