"""Pages of contracts: terms, payments, voiding."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from blueprints.http import find_or_404, get_or_404, page, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms.works import ContractForm, PaymentForm
from portal import clock, formatting
from portal.db import session
from portal.i18n import N_, _, _p
from portal.models.contract import Contract, ContractState, Payment, PaymentKind
from portal.models.drawing_review import DrawingReview
from portal.models.project import Project
from portal.permissions import Permission, may
from portal.processes.contract import BEFORE_SIGNED, LegalPoint, LegalResult, Topic
from portal.processes.drawing_review import State as ReviewState
from portal.services import cancellations, contracts

P = Permission
GROUPS = (
    (
        N_("Contract"),
        (
            "project_id",
            "signed_on",
            "signed_by_company",
            "signed_by_customer",
            "template_id",
            "copies",
            "amount",
            "output_value",
            "scope",
            "duration_days",
            "intended_on",
            "style",
            "deposit",
            "intended_until",
            "designer_id",
            "draft",
            "remarks",
        ),
    ),
)
VOIDED = ((N_("Voided", "contract"), ("voided_on", "void_reason")),)


NAMED = (
    joinedload(Contract.customer),
    joinedload(Contract.project).joinedload(Project.property),
    selectinload(Contract.terms),
    selectinload(Contract.payments),
    joinedload(Contract.designer),
    joinedload(Contract.template),
    selectinload(Contract.legal_reviews),
    selectinload(Contract.reviews).selectinload(DrawingReview.rounds),
)


def find(number: str) -> Contract:
    """The contract of that number, if it exists for the person. Raises NotFound."""
    return find_or_404(Contract, number, NAMED)


@blueprint.get("/contracts/<number>")
@requires(P.CONTRACT_VIEW)
def contract(number: str) -> ResponseReturnValue:
    """A contract: facts and instalments, its payments on a tab."""
    record = find(number)
    is_void = record.state == ContractState.TERMINATED
    meta = [(record.customer.name, editing.path(record.customer)), (ContractState.show(record.state), "")]
    if record.project is not None:
        meta.append((record.project.property.address, ""))
    meta += [(said, "") for said in _money(record)]
    return showing.show(
        record,
        _("Contract of %(name)s", name=record.customer.name),
        contracts.FIELDS,
        GROUPS + (VOIDED if is_void else ()),
        meta=meta,
        actions=_actions(record) if may(g.user, P.CONTRACT_EDIT) and not is_void else [],
        notes=_flags(record),
        tables=[_terms(record), *_way(record)],
        tabs=[showing.Tab("payments", _("Payments"), lambda: [_payments(record)], len(record.payments))],
        household_url=f"{editing.path(record.customer)}/household",
    )


def _flags(record: Contract) -> list[tuple[str, str]]:
    """What must be seen at once: signed although a review had not passed."""
    if not record.is_bypassed:
        return []
    return [
        (
            "alert-triangle",
            _(
                "Signed without a pass: signed although a review had not passed. Reason: %(reason)s",
                reason=record.bypass_reason,
            ),
        )
    ]


def _way(record: Contract) -> list[showing.Table]:
    """How it came to the signature: drawing reviews, what was covered, legal reviews; nothing for one registered as signed."""
    if record.intended_on is None and not record.reviews and not record.legal_reviews:
        return []
    reviews = [
        [
            (each.number, editing.path(each)) if may(g.user, P.REVIEW_VIEW) else each.number,
            ReviewState.show(each.state),
            each.round_no,
            each.current.score if each.current.score is not None else formatting.DASH,
            formatting.moment(each.submitted_at),
        ]
        for each in record.reviews
    ]
    covered = set(record.covered or ())
    topics = [[str(topic.label), "✓" if topic.value in covered else formatting.DASH] for topic in Topic]
    legal = [
        [
            each.round_no,
            each.draft,
            each.submitted_by.name if each.submitted_by else formatting.DASH,
            formatting.moment(each.submitted_at),
            LegalResult.show(each.result),
            _points(each.points or {}),
            each.opinion or formatting.DASH,
            each.approver.name if each.approver else formatting.DASH,
        ]
        for each in record.legal_reviews
    ]
    return [
        showing.Table(
            _("Drawing reviews"),
            [
                (_("Number"), ""),
                (_("State"), ""),
                (_p("review", "Round"), "num"),
                (_("Score"), "num"),
                (_p("drawing review", "Submitted at"), "num"),
            ],
            reviews,
            _("No drawings were handed in yet."),
        ),
        showing.Table(_("The negotiation has covered"), [(_("Point"), "fill"), (_("Covered"), "cell-due")], topics, ""),
        showing.Table(
            _("Legal reviews"),
            [
                (_p("review", "Round"), "num"),
                (_p("contract", "Draft"), ""),
                (_("Handed in by"), ""),
                (_("Handed in at"), "num"),
                (_("Result"), ""),
                (_("Points with an objection or a comment"), ""),
                (_("Opinion"), "fill"),
                (_p("contract", "Approved by"), "cell-foot"),
            ],
            legal,
            _("The draft was not with legal yet."),
        ),
    ]


def _points(points: dict[str, Any]) -> str:
    """What legal said of the five points: those that do not hold, and what was said of any of them."""
    said = []
    for point in LegalPoint:
        judged = points.get(point) or {}
        comment = judged.get("comment")
        if judged and (comment or not judged.get("holds")):
            label = LegalPoint.show(point) + (" ✓" if judged.get("holds") else "")
            said.append(f"{label}：{comment}" if comment else label)
    return "；".join(said) or formatting.DASH


def _actions(record: Contract) -> list[dict[str, Any]]:
    here = editing.path(record)
    if record.state in BEFORE_SIGNED:
        found = [
            {"label": _("What was covered"), "url": f"{here}/covered", "icon": "checklist"},
            showing.edit_action(record) | {"primary": False},
        ]
        if record.review is None and may(g.user, P.REVIEW_SUBMIT):
            url = f"/records/drawing-reviews/new?contract={quote(record.number, safe='')}"
            found.insert(0, {"label": _("Submit drawings"), "url": url, "icon": "ruler-2"})
        return found
    if may(g.user, P.CANCELLATION_WORK) and record.state == "SIGNED":
        running = cancellations.running_of(session(), record)
        if running is None:
            ending = {"label": _("Cancel the contract"), "url": f"{here}/cancellation", "icon": "circle-x"}
        else:
            ending = {"label": _("Cancellation %(number)s", number=running.number), "url": editing.path(running)}
    else:
        ending = None
    return [
        *([ending] if ending else []),
        {"label": _("Record a payment"), "url": f"{here}/payments/new", "icon": "cash", "primary": True},
        showing.edit_action(record) | {"primary": False},
    ]


def _terms(record: Contract) -> showing.Table:
    head = [(_("Instalment"), ""), (_("When"), ""), (_("Share"), "num"), (_("Amount (yuan)"), "num")]
    rows = [
        [
            PaymentKind.show(term.kind),
            term.due_event or formatting.DASH,
            f"{Decimal(term.percent).normalize():f}%",
            formatting.money(term.amount),
        ]
        for term in record.terms
    ]
    return showing.Table(_("Payment terms"), head, rows, _("No terms recorded."))


def _money(record: Contract) -> list[str]:
    """How much of it was paid, how much is open."""
    money = contracts.money_of(record)
    return [
        _("Paid %(amount)s yuan", amount=formatting.money(money.paid)),
        _("Open %(amount)s yuan", amount=formatting.money(money.open)),
    ]


def _payments(record: Contract) -> showing.Table:
    head = [
        (_("Payment"), ""),
        (_p("payment", "Received on"), ""),
        (_("Receipt number"), ""),
        (_("Amount (yuan)"), "num"),
        (_("Note"), "fill"),
    ]
    rows = [
        [
            PaymentKind.show(payment.kind),
            formatting.full_date(payment.paid_on),
            payment.receipt_no,
            formatting.money(-payment.amount if payment.kind == PaymentKind.REFUND else payment.amount),
            _payment_note(payment),
        ]
        for payment in record.payments
    ]
    return showing.Table(
        _("Payments"), head, rows, _("No payment yet. Finance reports them, you record them here."), foot=_money(record)
    )


def _payment_note(payment: Payment) -> str:
    early = payment.early_reason and _("Before the mid-term call: %(reason)s", reason=payment.early_reason)
    return " · ".join(filter(None, (payment.note, early)))


@blueprint.route("/contracts/new", methods=["GET", "POST"])
@requires(P.CONTRACT_EDIT)
def new_contract() -> ResponseReturnValue:
    """Record a contract."""
    customer = editing.chosen_customer()
    if customer is None:
        return editing.choose_customer(_("New contract"), "/records/contracts/new")
    form = ContractForm().prepare(customer)

    def make(writing: Session) -> str:
        return editing.path(contracts.create(writing, customer, form.to_create(), actor=g.user, at=clock.now()))

    return editing.create(form, _sheet(_("New contract"), None, note=customer.name), make)


@blueprint.route("/contracts/<number>/edit", methods=["GET", "POST"])
@requires(P.CONTRACT_EDIT)
def edit_contract(number: str) -> ResponseReturnValue:
    """Change a contract."""
    record = find(number)
    form = ContractForm(obj=record).prepare(record.customer, record)
    kept = record.id

    def now() -> Contract:
        return get_or_404(contracts.visible_to(g.user), Contract.id == kept)

    def act(writing: Session, fresh: Contract) -> None:
        contracts.update(writing, fresh, form.to_update(), actor=g.user, at=clock.now())

    return editing.change(form, _sheet(_("Change"), record), now, act, exclude=number)


def _sheet(title: str, record: Contract | None, **more: Any) -> editing.Sheet:
    watch: dict[str, Any] = {"watch_url": "/records/contracts/lookalikes", "watched": ("number",)}
    return showing.sheet(title, record, "contracts", money=("amount",), **watch, **more)


@blueprint.route("/contracts/<number>/payments/new", methods=["GET", "POST"])
@requires(P.CONTRACT_EDIT)
def record_payment(number: str) -> ResponseReturnValue:
    """Record money that finance reported."""
    record = find(number)
    form = PaymentForm().prepare(contracts.comes_early(session(), record, PaymentKind.MID))
    if not form.is_submitted():
        form.paid_on.data = clock.today(clock.now())
        paid = {payment.kind for payment in record.payments}
        following = next((term for term in record.terms if term.kind not in paid), None)
        if following is not None:
            form.kind.data, form.amount.data = PaymentKind(following.kind), following.amount

    def make(writing: Session) -> str:
        fresh = find(number)
        contracts.record_payment(writing, fresh, form.to_command(), actor=g.user, at=clock.now())
        flash(_("Payment recorded."), "done")
        return f"{editing.path(fresh)}?tab=payments"

    return editing.create(form, showing.sheet(_("Record a payment"), record, "contracts", money=("amount",)), make)


@blueprint.post("/contracts/lookalikes")
@requires(P.CONTRACT_EDIT)
def contract_lookalikes() -> ResponseReturnValue:
    """Whether the contract number being typed is taken. Writes nothing."""
    number, own = request.form.get("number", "").strip()[:40], request.form.get("exclude", "")
    taken = number and number != own and session().scalar(select(Contract.id).where(Contract.number == number))
    query = contracts.visible_to(g.user).options(joinedload(Contract.customer)).where(Contract.number == number)
    found = session().scalars(query).one_or_none() if taken else None
    return page("records/contract_lookalikes.html", is_taken=bool(taken), found=found)
