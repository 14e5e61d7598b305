"""The list of loans of files."""

from __future__ import annotations

from sqlalchemy.orm import aliased

from portal.i18n import N_
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing, Span
from portal.listing.kinds import search
from portal.models.archive import ArchiveLoan
from portal.models.customer import Customer
from portal.models.org import Department, User
from portal.models.project import Project
from portal.permissions import Permission
from portal.processes import archive_loan as rules
from portal.processes.archive_loan import Condition, Mode, Secrecy
from portal.visibility import turn_of

STATE, DUE, OWNER = N_("State"), N_("Due"), N_("Keeper of the file")
CLOCKS = {"overdue": N_("Late"), "today": N_("Due today"), "soon": N_("Due within 24 hours")}
KEEPER = aliased(User)
CLOCK = cells.clock(ArchiveLoan.KIND, ArchiveLoan, DUE)
L = rules.PROCESS.field_labels

ARCHIVE_LOANS = Listing(
    kind=ArchiveLoan.KIND,
    title=N_("Loans of the archive"),
    one=N_("Loan of a file"),
    icon="archive",
    model=ArchiveLoan,
    permission=Permission.LOAN_VIEW,
    number=ArchiveLoan.number,
    order="-id",
    urgent_order="due",
    joins=(
        (Customer, Customer.id == ArchiveLoan.customer_id),
        (Project, Project.id == ArchiveLoan.project_id),
        (KEEPER, KEEPER.id == ArchiveLoan.owner_id),
        CLOCK.join,
    ),
    card=("file", "mode", "purpose"),
    spans=(Span(N_("Handed out to returned", "span"), ArchiveLoan.out_at, ArchiveLoan.returned_at, runs=True),),
    columns=(
        Column("applicant", L["applicant"], (ArchiveLoan.applicant,), cells.title, "cell-title"),
        Column("number", N_("Number"), (ArchiveLoan.number,), cells.text, "ref hide-small", sort=ArchiveLoan.number),
        Column("department", L["department"], (ArchiveLoan.department,), Department.show),
        Column("customer", N_("Customer"), (Customer.name,), cells.text),
        Column("file", N_("Archive number"), (Project.archive_number,), cells.text, "ref hide-small"),
        Column("purpose", L["purpose"], (ArchiveLoan.purpose,), lambda value: value[:120], "fill"),
        Column("mode", L["mode"], (ArchiveLoan.mode,), Mode.show),
        Column("secrecy", N_("Secrecy"), (ArchiveLoan.secrecy,), Secrecy.show, "hide-small"),
        Column("state", STATE, (ArchiveLoan.state,), cells.state_of(rules.PROCESS), "cell-foot"),
        Column("out", L["out_at"], (ArchiveLoan.out_at,), cells.moment, "num hide-small"),
        Column("back", L["returned_at"], (ArchiveLoan.returned_at,), cells.moment, "num hide-small"),
        Column("owner", OWNER, (KEEPER.name,), cells.text, "hide-small"),
        CLOCK.column,
    ),
    search=search.archive_loans,
    filters=(
        Filter("to-hand-out", N_("To be handed out"), lambda now: ArchiveLoan.state == rules.State.APPROVED, "stands"),
        Filter("out", N_("Handed out", "archive loan"), lambda now: ArchiveLoan.state.in_(sorted(rules.PAPERS_OUT)), "stands"),
        Filter("mine", N_("Mine"), lambda now: turn_of(now.viewer, ArchiveLoan.owner_id), "whose"),
        Filter("asked-by-me", N_("Asked by me"), lambda now: turn_of(now.viewer, ArchiveLoan.applicant_user_id), "whose"),
        *cells.clock_filters(ArchiveLoan.KIND, ArchiveLoan, CLOCKS),
    ),
    choices=(
        Choice("state", STATE, ArchiveLoan.state, rules.State, labels=cells.state_of(rules.PROCESS)),
        Choice("mode", L["mode"], ArchiveLoan.mode, Mode),
        Choice("department", L["department"], ArchiveLoan.department, Department),
        Choice("secrecy", N_("Secrecy"), ArchiveLoan.secrecy, Secrecy),
        Choice("condition", L["condition"], ArchiveLoan.condition, Condition),
        cells.of_customer(ArchiveLoan.customer_id),
        cells.of_project(ArchiveLoan.project_id),
    ),
    empty=N_("No loan here. A file is asked for on the page of its project."),
)  # fmt: skip

LISTINGS = (ARCHIVE_LOANS,)
