"""The forms of projects, contracts, payments and quotations."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from blueprints.forms import (
    BooleanField,
    ChoiceField,
    LocalDateField,
    MoneyField,
    NameField,
    TermField,
    TextField,
    WholeField,
)
from blueprints.records.forms.base import PercentField, RecordForm
from portal import visibility
from portal.db import session
from portal.i18n import N_
from portal.models.contract import Contract, ContractState, PaymentKind
from portal.models.customer import Customer, Property
from portal.models.org import User
from portal.models.project import Project, ProjectKind, ProjectStage
from portal.processes.archive_loan import Secrecy
from portal.services import contract_templates, contracts, crews, parties, projects, quotations

P = {name: field.label for name, field in projects.FIELDS.items()}
C = {name: field.label for name, field in contracts.FIELDS.items()}
Q = {name: field.label for name, field in quotations.FIELDS.items()}
NOBODY = N_("Nobody yet")


def homes_of(customer: Customer) -> list[tuple[int, str]]:
    """The homes of a customer, to choose from."""
    return [
        (home.id, home.address)
        for home in session().scalars(
            select(Property)
            .where(Property.customer_id == customer.id, visibility.standing(Property))
            .order_by(Property.id)
        )
    ]


class ProjectForm(RecordForm):
    """All fields of a project."""

    FIELDS = projects.FIELDS
    SECTIONS = (
        (
            N_("Project"),
            ("property_id", "kind", "stage", "branch_id", "contract_days", "is_model_house", "visit_allowed"),
        ),
        (
            N_("People"),
            ("designer_id", "sales_id", "project_manager_id", "foreman_id", "crew_id", "supervisor_id"),
        ),
        (N_("Dates"), ("planned_start_on", "actual_start_on", "planned_finish_on", "actual_finish_on")),
        (N_("File", "archive"), ("archive_shelf", "archive_secrecy")),
        (N_("Other"), ("remarks",)),
    )

    property_id = ChoiceField(N_("Property"), coerce=int, required=True, blank=N_("Please choose"))
    kind = TermField(P["kind"], ProjectKind, required=True)
    stage = TermField(
        P["stage"], ProjectStage, required=True, description=N_("Begun before the portal: where it stands now")
    )
    branch_id = ChoiceField(P["branch_id"], coerce=int, required=True, blank=N_("Please choose"))
    contract_days = WholeField(P["contract_days"], low=1, high=2000, required=True)
    is_model_house = BooleanField(P["is_model_house"])
    visit_allowed = BooleanField(P["visit_allowed"])
    designer_id = ChoiceField(P["designer_id"], coerce=int, required=True, blank=N_("Please choose"))
    sales_id = ChoiceField(P["sales_id"], coerce=int, required=True, blank=N_("Please choose"))
    project_manager_id = ChoiceField(P["project_manager_id"], coerce=int, blank=NOBODY)
    foreman_id = ChoiceField(P["foreman_id"], coerce=int, blank=NOBODY)
    crew_id = ChoiceField(P["crew_id"], coerce=int, blank=NOBODY)
    supervisor_id = ChoiceField(P["supervisor_id"], coerce=int, blank=NOBODY)
    planned_start_on = LocalDateField(P["planned_start_on"])
    actual_start_on = LocalDateField(P["actual_start_on"])
    planned_finish_on = LocalDateField(P["planned_finish_on"])
    actual_finish_on = LocalDateField(P["actual_finish_on"])
    archive_shelf = TextField(P["archive_shelf"], limit=40)
    archive_secrecy = TermField(P["archive_secrecy"], Secrecy, required=True)
    remarks = TextField(P["remarks"], limit=2000, rows=3)

    def prepare(self, user: User, customer: Customer, project: Project | None = None) -> ProjectForm:
        """Offer the homes, stores and people there are now, and those the project has already."""
        if project is not None:
            del self.property_id, self.stage
        else:
            self.property_id.choices = homes_of(customer)
        self.branch_id.choices = parties.branches(session())
        everybody = parties.working(session(), user, {kind for kinds in parties.POSTS.values() for kind in kinds})
        for name, kinds in parties.POSTS.items():
            chosen = [(one.id, one.name) for one in everybody if one.kind in kinds]
            present = getattr(project, name.removesuffix("_id"), None)
            if present is not None and all(key != present.id for key, _name in chosen):
                chosen.append((present.id, present.name))
            self[name].choices = chosen
        keep = project.crew_id if project is not None else None
        self.crew_id.choices = [(crew.id, crew.name) for crew in crews.working(session(), user, keep_id=keep)]
        if not self.is_submitted() and project is None:
            self.stage.data, self.archive_secrecy.data = ProjectStage.SIGNED, Secrecy.CONFIDENTIAL
            self.branch_id.data = customer.branch_id or user.branch_id
            if len(self.property_id.choices) == 1:
                self.property_id.data = self.property_id.choices[0][0]
        return self

    def _values(self) -> dict[str, Any]:
        return {name: field.data for name, field in self._fields.items() if name in projects.FIELDS}

    def to_create(self) -> projects.CreateProject:
        """The command for a new project."""
        return projects.CreateProject(**self._values())

    def to_update(self) -> projects.UpdateProject:
        """The command for a change."""
        return projects.UpdateProject(**self._values(), version=self.seen_version())


BY_STEPS = tuple(state for state in ContractState if state not in (ContractState.NEGOTIATING, ContractState.SIGNED))
"""States that a contract does not begin in when it is registered from paper."""


class ContractForm(RecordForm):
    """A contract with its payment terms; the amounts follow from the shares."""

    FIELDS = contracts.FIELDS
    SECTIONS = (
        (
            N_("Contract"),
            (
                "number",
                "state",
                "project_id",
                "amount",
                "signed_on",
                "template_id",
                "signed_by_company",
                "reviewed_on_paper",
            ),
        ),
        (
            N_("Payment terms"),
            ("first_percent", "first_due", "mid_percent", "mid_due", "final_percent", "final_due"),
        ),
        (N_("Originals held by"), tuple(f"copies_{holder.lower()}" for holder in contracts.HOLDERS)),
        (N_("Other"), ("remarks",)),
    )

    number = TextField(C["number"], limit=40, description=N_("As printed; empty: the next number"))
    state = TermField(C["state"], ContractState, leave_out=BY_STEPS, required=True)
    project_id = ChoiceField(C["project_id"], coerce=int, blank=N_("No project yet"))
    amount = MoneyField(C["amount"], required=True)
    signed_on = LocalDateField(C["signed_on"])
    template_id = ChoiceField(
        C["template_id"], coerce=int, blank=N_("No template: the usual warranty terms"),
        description=N_("It says how long each trade is under warranty."),
    )  # fmt: skip
    signed_by_company = NameField(C["signed_by_company"], required=False)
    reviewed_on_paper = BooleanField(
        C["reviewed_on_paper"],
        description=N_(
            "A contract entered as signed without a passed review has R-04 proposed, unless its drawings passed on paper."
        ),
    )
    first_percent = PercentField(N_("First payment (%)"), required=True)
    first_due = TextField(N_("First payment: when"), limit=100)
    mid_percent = PercentField(N_("Mid-term payment (%)"), required=True)
    mid_due = TextField(N_("Mid-term payment: when"), limit=100)
    final_percent = PercentField(N_("Final payment (%)"), required=True)
    final_due = TextField(N_("Final payment: when"), limit=100)
    copies_customer = WholeField(contracts.HOLDERS["CUSTOMER"], low=0, high=9)
    copies_finance = WholeField(contracts.HOLDERS["FINANCE"], low=0, high=9)
    copies_engineering = WholeField(contracts.HOLDERS["ENGINEERING"], low=0, high=9)
    copies_legal = WholeField(contracts.HOLDERS["LEGAL"], low=0, high=9)
    copies_archive = WholeField(contracts.HOLDERS["ARCHIVE"], low=0, high=9)
    remarks = TextField(C["remarks"], limit=2000, rows=3)

    def prepare(self, customer: Customer, contract: Contract | None = None) -> ContractForm:
        """Offer the customer's projects that have no contract yet."""
        own = contract.project_id if contract is not None else None
        self._state = contract.state if contract is not None else None
        if contract is not None:
            del self.state
        taken = select(Contract.project_id).where(Contract.project_id.is_not(None), Contract.project_id != (own or 0))
        free = select(Project).where(Project.customer_id == customer.id, Project.id.not_in(taken))
        self.project_id.choices = [
            (project.id, f"{project.number} · {project.property.address}") for project in session().scalars(free)
        ]
        keep = contract.template_id if contract is not None else None
        self.template_id.choices = [
            (template.id, template.name) for template in contract_templates.usable(session(), keep_id=keep)
        ]
        if not self.is_submitted():
            self._lines(contract.terms if contract is not None else contracts.default_terms(session()))
            for item in (contract.copies if contract is not None else None) or []:
                if f"copies_{item['holder'].lower()}" in self:
                    self[f"copies_{item['holder'].lower()}"].data = item["count"]
            if contract is None:
                self.state.data = ContractState.SIGNED
                if len(self.project_id.choices) == 1:
                    self.project_id.data = self.project_id.choices[0][0]
        return self

    def _lines(self, terms: Any) -> None:
        names = {PaymentKind.FIRST: "first", PaymentKind.MID: "mid", PaymentKind.FINAL: "final"}
        for kind, name in names.items():
            line = next((term for term in terms if term.kind == kind), None)
            self[f"{name}_percent"].data = line.percent if line else Decimal(0)
            self[f"{name}_due"].data = line.due_event if line else None

    def _values(self) -> dict[str, Any]:
        lines = (
            contracts.TermLine(kind, self[f"{name}_percent"].data, self[f"{name}_due"].data)
            for kind, name in ((PaymentKind.FIRST, "first"), (PaymentKind.MID, "mid"), (PaymentKind.FINAL, "final"))
        )
        copies = [
            {"holder": holder, "count": self[f"copies_{holder.lower()}"].data}
            for holder in contracts.HOLDERS
            if self[f"copies_{holder.lower()}"].data
        ]
        names = (
            *("number", "project_id", "amount", "signed_on", "template_id", "signed_by_company"),
            *("reviewed_on_paper", "remarks"),
        )
        return {
            **{name: self[name].data for name in names},
            "state": self._state or self.state.data,
            "terms": tuple(line for line in lines if line.percent),
            "copies": copies or None,
        }

    def take(self, refusal: Any) -> None:
        """Sentences about the shares stand at the last of them."""
        super().take(refusal)
        if "terms" in refusal.fields:
            self.final_percent.errors = [str(refusal.fields["terms"])]
            self.form_errors = [text for text in self.form_errors if text != str(refusal.fields["terms"])]

    def to_create(self) -> contracts.CreateContract:
        """The command for a new contract."""
        return contracts.CreateContract(**self._values())

    def to_update(self) -> contracts.UpdateContract:
        """The command for a change."""
        return contracts.UpdateContract(**self._values(), version=self.seen_version())


class PaymentForm(RecordForm):
    """Money that finance reported."""

    SECTIONS = ((N_("Payment"), ("kind", "amount", "paid_on", "receipt_no", "note", "early_reason")),)
    WIDE = frozenset({"note", "early_reason"})

    kind = TermField(N_("Kind of payment"), PaymentKind, required=True)
    amount = MoneyField(N_("Amount"), required=True)
    paid_on = LocalDateField(N_("Received on", "payment"), required=True)
    receipt_no = TextField(N_("Receipt number"), limit=50, required=True)
    note = TextField(N_("Note"), limit=200)
    early_reason = TextField(
        N_("Why before the mid-term call"), limit=500, rows=2,
        description=N_("Needed for the mid-term payment only: the customer was not found content at the mid-term call yet."),
    )  # fmt: skip

    def prepare(self, is_early: bool) -> PaymentForm:
        """Ask for the reason only where mid-term money would come before the call (Q20)."""
        if not is_early:
            del self.early_reason
        return self

    def to_command(self) -> contracts.RecordPayment:
        """The command."""
        return contracts.RecordPayment(
            str(self.kind.data), self.amount.data, self.paid_on.data, self.receipt_no.data, self.note.data,
            self.early_reason.data if "early_reason" in self else None,
        )  # fmt: skip


class QuotationForm(RecordForm):
    """The head of a quotation."""

    FIELDS = quotations.FIELDS
    SECTIONS = (
        (
            N_("Quotation"),
            ("title", "property_id", "amount", "quoted_on", "valid_until", "designer_id", "contract_id", "remarks"),
        ),
    )

    title = TextField(Q["title"], limit=100, required=True)
    property_id = ChoiceField(Q["property_id"], coerce=int, blank=N_("No home yet"))
    amount = MoneyField(Q["amount"], required=True)
    quoted_on = LocalDateField(Q["quoted_on"], required=True)
    valid_until = LocalDateField(Q["valid_until"])
    designer_id = ChoiceField(Q["designer_id"], coerce=int, blank=NOBODY)
    contract_id = ChoiceField(Q["contract_id"], coerce=int, blank=N_("No contract yet"))
    remarks = TextField(Q["remarks"], limit=2000, rows=3)

    def prepare(self, user: User, customer: Customer, keep_designer: int | None = None) -> QuotationForm:
        """Offer the customer's homes and contracts, and the designers there are."""
        self.property_id.choices = homes_of(customer)
        found = session().execute(select(Contract.id, Contract.number).where(Contract.customer_id == customer.id))
        self.contract_id.choices = [(key, number) for key, number in found]
        designers = parties.working(session(), user, parties.POSTS["designer_id"], keep_id=keep_designer)
        self.designer_id.choices = [(one.id, one.name) for one in designers]
        return self

    def _values(self) -> dict[str, Any]:
        return {name: field.data for name, field in self._fields.items() if name in quotations.FIELDS}

    def to_create(self) -> quotations.CreateQuotation:
        """The command for a new quotation."""
        return quotations.CreateQuotation(**self._values())

    def to_update(self) -> quotations.UpdateQuotation:
        """The command for a change."""
        return quotations.UpdateQuotation(**self._values(), version=self.seen_version())
