"""Pages of a customer: the record, its forms, the full phone numbers, who may be a double."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from blueprints.http import find_or_404, page, requires, see_other
from blueprints.records import blueprint, editing, showing
from blueprints.records.editing import Sheet
from blueprints.records.forms.customers import CustomerForm, GradeForm
from portal import clock
from portal.db import session, transaction
from portal.errors import Invalid
from portal.i18n import N_, _, _p
from portal.models.customer import Customer
from portal.permissions import Permission, may
from portal.services import customers, record_kinds
from portal.services import duplicates as doubles

P = Permission
PURPOSES = {
    "call-back": N_("Call the customer back"),
    "complaint": N_("Work on a complaint"),
    "visit": N_("Arrange a visit"),
    "check": N_("Check or correct the data"),
}
SMART = (
    ("properties", N_("Properties"), "home-2", P.PROJECT_VIEW),
    ("projects", N_("Projects"), "hammer", P.PROJECT_VIEW),
    ("contracts", N_("Contracts"), "file-text", P.CONTRACT_VIEW),
    ("complaints", N_("Complaints"), "message-report", P.COMPLAINT_VIEW),
    ("consultations", N_("Contacts"), "phone", P.CONSULTATION_VIEW),
)
GROUPS = (
    (N_("Basic data"), ("gender_title", "wechat", "email", "representative")),
    (N_("Where from"), ("source", "kind", "intention", "lost_reason", "is_repeat", "referred_by_id", "owner_id")),
    (N_("What is wanted"), ("style", "budget", "needs")),
    (N_("Care"), ("avoid_hours", "avoid_times", "sms_opt_out", "anniversaries", "remarks")),
)


NAMED = (joinedload(Customer.owner), joinedload(Customer.referred_by))


def find(number: str) -> Customer:
    """The customer of that number, if it exists for the person. Raises NotFound."""
    return find_or_404(Customer, number, NAMED)


@blueprint.get("/customers/<number>")
@requires(P.CUSTOMER_VIEW)
def customer(number: str) -> ResponseReturnValue:
    """A customer: facts; on tabs homes and projects, contracts, cases, contacts, files and changes; talk beside."""
    return _show(find(number))


def _show(record: Customer, *, phones: bool = False, error: str = "", status: int = 200) -> ResponseReturnValue:
    counts = record_kinds.counts(session(), g.user, "customer_id", record.id, COUNTED)
    return showing.show(
        record,
        record.name,
        customers.FIELDS,
        GROUPS,
        template="records/customers/show.html",
        fragment="phones" if phones or error else None,
        status=status,
        customer=record,
        smart=_smart(record, counts),
        tabs=showing.related_tabs(_tabs(), f"customer.{record.id}", counts, _new(record, counts)),
        household_url=f"{editing.path(record)}/household",
        phones_open=phones,
        purposes=[(key, str(label)) for key, label in PURPOSES.items()],
        unmask_error=error,
        grade_label=customers.FIELDS["grade"].text(record.grade),
    )


COUNTED = (
    "properties", "projects", "contracts", "quotations", "complaints", "repair-orders", "warranties", "consultations", "lead-touches",
    "surveys", "suggestions",
)  # fmt: skip


def _tabs() -> list[tuple[str, str, tuple[str, ...]]]:
    return [
        ("works", _("Homes and projects"), ("properties", "projects")),
        ("contracts", _("Contracts and quotations"), ("contracts", "quotations")),
        ("cases", _("Cases"), ("complaints", "repair-orders", "warranties")),
        ("contacts", _p("app", "Contacts"), ("consultations", "lead-touches")),
        ("opinions", _p("app", "Opinions"), ("surveys", "suggestions")),
    ]


def _new(record: Customer, counts: Mapping[str, int]) -> dict[str, tuple[str, str]]:
    """The buttons that add to a customer, where the person may."""
    offered = {
        "properties": (P.PROJECT_EDIT, _("New property")),
        "projects": (P.PROJECT_EDIT, _("New project")),
        "contracts": (P.CONTRACT_EDIT, _("New contract")),
        "quotations": (P.CONTRACT_EDIT, _("New quotation")),
        "complaints": (P.COMPLAINT_PREFILL, _("Register a complaint")),
        "repair-orders": (P.REPAIR_CREATE, _("Register a repair")),
        "surveys": (P.SURVEY_WORK, _("New survey")),
        "suggestions": (P.SUGGESTION_CREATE, _("Register a suggestion")),
    }
    return {
        kind: (f"/records/{kind}/new?customer={record.number}", label)
        for kind, (permission, label) in offered.items()
        if may(g.user, permission) and (kind != "projects" or counts["properties"])  # a project stands on a home
    }


def _smart(record: Customer, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "count": counts[kind],
            "label": str(label),
            "icon": icon,
            "url": f"/records/{kind}?filter=customer.{record.id}",
        }
        for kind, label, icon, permission in SMART
        if may(g.user, permission)
    ]


@blueprint.post("/customers/<number>/unmask")
@requires(P.CUSTOMER_UNMASK)
def unmask_customer(number: str) -> ResponseReturnValue:
    """Show the full numbers once; who saw them and for what is kept."""
    purpose = request.form.get("purpose", "")
    try:
        with transaction() as writing:
            label = PURPOSES.get(purpose)
            said = label.message if label is not None else ""
            customers.unmask(writing, find(number), purpose=said, actor=g.user, at=clock.now())
    except Invalid as refusal:
        return _show(find(number), error=str(refusal), status=422)
    return _show(find(number), phones=True)


@blueprint.route("/customers/new", methods=["GET", "POST"])
@requires(P.CUSTOMER_CREATE)
def new_customer() -> ResponseReturnValue:
    """Register a customer."""
    form = CustomerForm().prepare(g.user)
    if not form.is_submitted():
        form.phone.data = request.args.get("phone", "")[:30] or None
        form.name.data = request.args.get("name", "")[:50] or None

    def make(writing: Session) -> str:
        made = customers.create(writing, form.to_create(), actor=g.user, at=clock.now())
        doubles.at_entry(writing, made, at=clock.now())
        return editing.path(made)

    return editing.create(form, _sheet(_("New customer"), None), make, exclude="")


@blueprint.route("/customers/<number>/edit", methods=["GET", "POST"])
@requires(P.CUSTOMER_EDIT)
def edit_customer(number: str) -> ResponseReturnValue:
    """Change a customer."""
    record = find(number)
    form = CustomerForm(obj=record).prepare(g.user, record)

    def act(writing: Session, fresh: Customer) -> None:
        customers.update(writing, fresh, form.to_update(), actor=g.user, at=clock.now())
        doubles.at_entry(writing, fresh, at=clock.now())

    return editing.change(form, _sheet(_("Change"), record), lambda: find(number), act, exclude=number)


@blueprint.route("/customers/<number>/grade", methods=["GET", "POST"])
@requires(P.CUSTOMER_GRADE)
def grade_customer(number: str) -> ResponseReturnValue:
    """The manager sets the grade, with a reason."""
    record = find(number)
    form = GradeForm(obj=record)

    def act(writing: Session, fresh: Customer) -> None:
        customers.change_grade(
            writing,
            fresh,
            grade=str(form.grade.data),
            reason=form.reason.data or "",
            version=form.seen_version(),
            actor=g.user,
            at=clock.now(),
        )

    return editing.change(form, _sheet(_("Change the grade"), record, watch=False), lambda: find(number), act)


def _sheet(title: str, record: Customer | None, *, watch: bool = True) -> Sheet:
    crumbs: list[tuple[str, str | None]] = [(_("Customers"), "/records/customers")]
    if record is not None:
        crumbs.append((record.name, editing.path(record)))
    return Sheet(
        title=title if record is None else f"{title} · {record.name}",
        crumbs=[*crumbs, (title, None)],
        submit=_("Save"),
        cancel_url=editing.path(record) if record is not None else "/records/customers",
        watch_url="/records/customers/lookalikes" if watch else "",
        watched=("name", "phone", "phone2", "representative_phone"),
        money=("budget",),
    )


@blueprint.post("/customers/lookalikes")
@requires(P.CUSTOMER_CREATE)
def customer_lookalikes() -> ResponseReturnValue:
    """Who may be the customer being typed: a warning beside the form, while it is typed. Writes nothing."""
    phones = [
        start
        for name in ("phone", "phone2")
        if len(digits := customers.digits_of(request.form.get(name, "")[:40])) >= 7
        for start in customers.phone_starts(digits)
    ]
    number = request.form.get("exclude", "")
    own = session().scalar(select(Customer.id).where(Customer.number == number)) if number else None
    found = customers.lookalikes(session(), g.user, phones, name=request.form.get("name", "")[:50], exclude_id=own)
    return page("records/customers/lookalikes.html", found=found)


@blueprint.post("/customers/<number>/take")
@requires(P.CUSTOMER_EDIT)
def take_customer(number: str) -> ResponseReturnValue:
    """A specialist takes a customer whom nobody owns yet."""
    with transaction() as writing:
        customers.take(writing, find(number), actor=g.user, at=clock.now())
    flash(_("You are responsible for this customer now."), "done")
    return see_other(f"/records/customers/{number}")
