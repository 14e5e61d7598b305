"""The lists of customers, properties, projects, contracts and quotations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Date, func, select
from sqlalchemy.orm import aliased

from portal.i18n import N_
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing, Span
from portal.listing.kinds import search
from portal.models.contract import Contract, ContractState, ContractTemplate, Quotation
from portal.models.customer import Customer, CustomerGrade, CustomerKind, CustomerSource, Intention, Property
from portal.models.org import Branch, Party, User
from portal.models.project import Project, ProjectKind, ProjectStage
from portal.permissions import Permission
from portal.processes.warranty import TRADES
from portal.visibility import turn_of

P = Permission
HOME = (Property.estate, Property.building, Property.unit, Property.room)
OWNER, BRANCH, PLANNED = N_("Owner", "record"), N_("Store"), N_("Planned", "span")
DESIGNER, MANAGER, THEIR_HOME, NEW = aliased(Party), aliased(Party), aliased(Property), aliased(Customer)
FIRST_HOME = (
    select(func.min(THEIR_HOME.id)).where(THEIR_HOME.customer_id == Customer.id).correlate(Customer).scalar_subquery()
)
"""The number of a customer's first home."""

CUSTOMERS = Listing(
    kind=Customer.KIND,
    title=N_("Customers"),
    one=N_("Customer"),
    icon="users",
    model=Customer,
    permission=P.CUSTOMER_VIEW,
    number=Customer.number,
    order="-id",
    joins=((User, User.id == Customer.owner_id), (Property, Property.id == FIRST_HOME)),
    columns=(
        Column("name", N_("Customer"), (Customer.name, Customer.grade), cells.title, "cell-title", sort=Customer.name),
        Column("number", N_("Number"), (Customer.number,), cells.text, "ref hide-small", sort=Customer.number),
        Column("phone", N_("Phone"), (Customer.phone,), cells.phone, "tabular cell-due"),
        Column("home", N_("Home"), HOME, cells.home, "fill"),
        Column("kind", N_("Customer kind"), (Customer.kind,), CustomerKind.show),
        Column("grade", N_("Customer grade"), (Customer.grade,), CustomerGrade.show),
        Column("source", N_("Customer source"), (Customer.source,), CustomerSource.show),
        Column("owner", OWNER, (User.name,), cells.text, "cell-foot"),
        Column(
            "created",
            N_("Registered", "column"),
            (Customer.created_at,),
            cells.moment,
            "num hide-small",
            sort=Customer.created_at,
        ),
    ),
    search=search.customers,
    filters=(
        Filter("mine", N_("Mine"), lambda now: turn_of(now.viewer, Customer.owner_id), "owner"),
        Filter("unowned", N_("Nobody's"), lambda now: Customer.owner_id.is_(None), "owner"),
        Filter(
            "new-today",
            N_("Registered today"),
            lambda now: Customer.id.in_(
                select(NEW.id).where(NEW.created_at >= now.day_from, NEW.merged_into_id.is_(None))
            ),
        ),
        Filter("no-messages", N_("No text messages"), lambda now: Customer.sms_opt_out.is_(True)),
    ),
    choices=(
        Choice("kind", N_("Customer kind"), Customer.kind, CustomerKind),
        Choice("grade", N_("Customer grade"), Customer.grade, CustomerGrade),
        Choice("source", N_("Customer source"), Customer.source, CustomerSource),
        Choice("intention", N_("Intention"), Customer.intention, Intention),
        Choice("owner", OWNER, Customer.owner_id, options=cells.specialists),
    ),
    create=P.CUSTOMER_CREATE,
    create_label=N_("New customer"),
    create_path="/records/customers/new",
    empty=N_("Register a customer here, or import the ledger you keep in Excel."),
)

PROPERTIES = Listing(
    kind=Property.KIND,
    title=N_("Properties"),
    one=N_("Property"),
    icon="home-2",
    model=Property,
    permission=P.PROJECT_VIEW,
    number=Property.number,
    order="-id",
    joins=((Customer, Customer.id == Property.customer_id),),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Number"), (Property.number,), cells.text, "ref hide-small", sort=Property.number),
        Column("home", N_("Home"), HOME, cells.formatting.address, "fill"),
        Column("area", N_("Area (m²)"), (Property.area,), cells.text, "num cell-due"),
        Column("layout", N_("Layout"), (Property.layout,), cells.text, "cell-foot"),
        Column(
            "handover",
            N_("Hand-over"),
            (Property.handover_on,),
            cells.day,
            "num hide-small",
            **cells.by_day(Property.handover_on),
        ),
    ),
    search=search.properties,
    choices=(cells.of_customer(Property.customer_id),),
    create=P.PROJECT_EDIT,
    create_label=N_("New property"),
    create_path="/records/properties/new",
    empty=N_("A property belongs to a customer: open the customer and add the home there."),
)

PROJECTS = Listing(
    kind=Project.KIND,
    title=N_("Projects"),
    one=N_("Project"),
    icon="hammer",
    model=Project,
    permission=P.PROJECT_VIEW,
    number=Project.number,
    order="-id",
    joins=(
        (Customer, Customer.id == Project.customer_id),
        (Property, Property.id == Project.property_id),
        (DESIGNER, DESIGNER.id == Project.designer_id),
        (MANAGER, MANAGER.id == Project.project_manager_id),
        (Branch, Branch.id == Project.branch_id),
    ),
    spans=(
        Span(N_("Actual", "span"), Project.actual_start_on, Project.actual_finish_on, runs=True),
        Span(PLANNED, Project.planned_start_on, Project.planned_finish_on, planned=True),
    ),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Number"), (Project.number,), cells.text, "ref hide-small", sort=Project.number),
        Column("home", N_("Home"), HOME, cells.formatting.short_address, "fill"),
        Column("kind", N_("Project kind"), (Project.kind,), ProjectKind.show),
        Column("stage", N_("Stage"), (Project.stage,), ProjectStage.show, "cell-due"),
        Column("designer", N_("Designer"), (DESIGNER.name,), cells.text),
        Column("manager", N_("Project manager"), (MANAGER.name,), cells.text, "cell-foot"),
        Column("branch", BRANCH, (Branch.name,), cells.text),
        Column(
            "start",
            N_("Start"),
            (Project.actual_start_on,),
            cells.day,
            "num hide-small",
            **cells.by_day(Project.actual_start_on),
        ),
    ),
    search=search.projects,
    by=search.whose(Project),
    filters=(
        Filter("model-house", N_("Model house"), lambda now: Project.is_model_house.is_(True)),
        Filter("visitable", N_("May be visited"), lambda now: Project.visit_allowed.is_(True)),
    ),
    choices=(
        Choice("stage", N_("Stage"), Project.stage, ProjectStage),
        Choice("kind", N_("Project kind"), Project.kind, ProjectKind),
        cells.of_customer(Project.customer_id),
    ),
    create=P.PROJECT_EDIT,
    create_label=N_("New project"),
    create_path="/records/projects/new",
    empty=N_("Open a project when the contract is signed, or import the ledger you keep in Excel."),
)


def _of_works(column: Any) -> Any:
    """A day of the works under a contract."""
    return select(column).where(Project.id == Contract.project_id).correlate(Contract).scalar_subquery()


def _template(title: str | None, edition: str | None) -> str:
    """A contract template by its name and edition."""
    return " ".join(filter(None, (title, edition)))


CONTRACTS = Listing(
    kind=Contract.KIND,
    title=N_("Contracts"),
    one=N_("Contract"),
    icon="file-text",
    model=Contract,
    permission=P.CONTRACT_VIEW,
    number=Contract.number,
    order="-id",
    joins=(
        (Customer, Customer.id == Contract.customer_id),
        (Project, Project.id == Contract.project_id),
        (Property, Property.id == Project.property_id),
        (ContractTemplate, ContractTemplate.id == Contract.template_id),
    ),
    spans=(
        Span(
            N_("Signed to finished", "span"),
            Contract.signed_on,
            func.coalesce(Contract.voided_on, _of_works(Project.actual_finish_on), type_=Date()),
            runs=True,
        ),
        Span(PLANNED, _of_works(Project.planned_start_on), _of_works(Project.planned_finish_on), planned=True),
    ),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Contract number"), (Contract.number,), cells.text, "ref hide-small", sort=Contract.number),
        Column("home", N_("Home"), HOME, cells.home, "fill"),
        Column("state", N_("State"), (Contract.state,), ContractState.show, "cell-foot"),
        Column(
            "signed",
            N_("Signed on"),
            (Contract.signed_on,),
            cells.day,
            "num hide-small",
            **cells.by_day(Contract.signed_on),
        ),
        Column("amount", N_("Amount (yuan)"), (Contract.amount,), cells.money, "num cell-due", sort=Contract.amount),
        Column("value", N_("Output value (yuan)"), (Contract.output_value,), cells.money, "num hide-small"),
        Column(
            "template",
            N_("Contract template"),
            (ContractTemplate.title, ContractTemplate.edition),
            _template,
            "hide-small",
        ),
    ),
    search=search.contracts,
    choices=(Choice("state", N_("State"), Contract.state, ContractState), cells.of_customer(Contract.customer_id)),
    create=P.CONTRACT_EDIT,
    create_label=N_("New contract"),
    create_path="/records/contracts/new",
    beside="records/contracts/beside.html",
    empty=N_("Record a contract when it is signed, or import the ledger you keep in Excel."),
)

QUOTATIONS = Listing(
    kind=Quotation.KIND,
    title=N_("Quotations"),
    one=N_("Quotation"),
    icon="currency-yuan",
    model=Quotation,
    permission=P.CONTRACT_VIEW,
    number=Quotation.number,
    order="-id",
    joins=((Customer, Customer.id == Quotation.customer_id),),
    spans=(Span(N_("Quoted, valid until", "span"), Quotation.quoted_on, Quotation.valid_until),),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Number"), (Quotation.number,), cells.text, "ref hide-small", sort=Quotation.number),
        Column("title", N_("Title", "quotation"), (Quotation.title,), cells.text, "fill"),
        Column(
            "quoted",
            N_("Quoted on"),
            (Quotation.quoted_on,),
            cells.day,
            "num cell-foot",
            sort=Quotation.quoted_on,
        ),
        Column("amount", N_("Amount (yuan)"), (Quotation.amount,), cells.money, "num cell-due"),
    ),
    search=search.of_customer(Quotation),
    choices=(cells.of_customer(Quotation.customer_id),),
    create=P.CONTRACT_EDIT,
    create_label=N_("New quotation"),
    create_path="/records/quotations/new",
    empty=N_("Record the head of a quotation when the designer hands it in."),
)

TEMPLATES = Listing(
    kind=ContractTemplate.KIND,
    title=N_("Contract templates"),
    one=N_("Contract template"),
    icon="file-text",
    model=ContractTemplate,
    permission=P.CONTRACT_VIEW,
    number=ContractTemplate.number,
    order="-effective",
    columns=(
        Column(
            "title", N_("Name", "contract template"), (ContractTemplate.title,), cells.title, "cell-title",
            sort=ContractTemplate.title,
        ),
        Column("number", N_("Number"), (ContractTemplate.number,), cells.text, "ref hide-small", sort=ContractTemplate.number),
        Column("edition", N_("Edition", "contract template"), (ContractTemplate.edition,), cells.text, "fill"),
        Column(
            "effective", N_("In use from", "contract template"), (ContractTemplate.effective_from,), cells.day,
            "num cell-foot", sort=ContractTemplate.effective_from,
        ),
        *(
            Column(
                f"years-{trade.lower().replace('_', '-')}", N_("%(trade)s: years") % {"trade": trade.label},
                (getattr(ContractTemplate, f"years_{trade.lower()}"),), cells.text, "num hide-small",
                adds_up=False,
            )
            for trade in TRADES
        ),
        Column(
            "active", N_("In use", "contract template"), (ContractTemplate.is_active,),
            cells.yes(N_("In use", "contract template")), "cell-due",
        ),
    ),
    search=search.contract_templates,
    placeholder=N_("Name, edition or number"),
    filters=(Filter("in-use", N_("In use", "contract template"), lambda now: ContractTemplate.is_active.is_(True)),),
    create=P.SETTING_EDIT,
    create_label=N_("New contract template"),
    create_path="/records/contract-templates/new",
    empty=N_("Enter the printed contracts of the company with the warranty that each promises."),
)  # fmt: skip

LISTINGS = (CUSTOMERS, PROPERTIES, PROJECTS, CONTRACTS, QUOTATIONS, TEMPLATES)
