"""The lists of parties, crews and branches: small tables, searched anywhere in the name."""

from __future__ import annotations

from portal.i18n import N_
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing
from portal.listing.kinds import search
from portal.models.org import Branch, Crew, Department, Party, PartyKind, PartyStatus
from portal.permissions import Permission

P = Permission
STATUS = N_("Status", "party")

PARTIES = Listing(
    kind=Party.KIND,
    title=N_("Parties"),
    one=N_("Party"),
    icon="user-circle",
    model=Party,
    permission=P.PARTY_VIEW,
    number=Party.number,
    order="-id",
    joins=((Branch, Branch.id == Party.branch_id),),
    columns=(
        Column("name", N_("Name"), (Party.name,), cells.title, "cell-title", sort=Party.name),
        Column("number", N_("Number"), (Party.number,), cells.text, "ref hide-small", sort=Party.number),
        Column("kind", N_("Post"), (Party.kind,), PartyKind.show, "fill"),
        Column("department", N_("Department"), (Party.department,), Department.show, "cell-foot"),
        Column("head", N_("Signs for the department"), (Party.is_head,), cells.yes(N_("Head"))),
        Column("phone", N_("Phone"), (Party.phone,), cells.phone, "tabular hide-small"),
        Column("branch", N_("Store"), (Branch.name,), cells.text),
        Column("status", STATUS, (Party.status,), PartyStatus.show, "cell-due"),
    ),
    search=search.parties,
    placeholder=N_("Name, pinyin initials or number"),
    filters=(Filter("heads", N_("Heads of departments"), lambda now: Party.is_head.is_(True)),),
    choices=(
        Choice("status", STATUS, Party.status, PartyStatus),
        Choice("kind", N_("Post"), Party.kind, PartyKind),
        Choice("department", N_("Department"), Party.department, Department),
    ),
    create=P.PARTY_EDIT,
    create_label=N_("New party"),
    create_path="/records/parties/new",
    empty=N_("Enter the designers, project managers and department heads whose acts are recorded."),
)


CREWS = Listing(
    kind=Crew.KIND,
    title=N_("Crews"),
    one=N_("Crew"),
    icon="users-group",
    model=Crew,
    permission=P.PARTY_VIEW,
    number=Crew.number,
    order="-id",
    joins=((Party, Party.id == Crew.foreman_id),),
    columns=(
        Column("name", N_("Name"), (Crew.name,), cells.title, "cell-title", sort=Crew.name),
        Column("number", N_("Number"), (Crew.number,), cells.text, "ref hide-small", sort=Crew.number),
        Column("foreman", N_("Foreman"), (Party.name,), cells.text, "fill"),
        Column("phone", N_("Phone"), (Crew.phone,), cells.phone, "tabular hide-small"),
        Column("retention", N_("Retention (yuan)"), (Crew.retention_balance,), cells.money, "num cell-foot"),
        Column("status", STATUS, (Crew.status,), PartyStatus.show, "cell-due"),
    ),
    search=search.crews,
    placeholder=N_("Name of the crew or its foreman"),
    choices=(Choice("status", STATUS, Crew.status, PartyStatus),),
    create=P.PARTY_EDIT,
    create_label=N_("New crew"),
    create_path="/records/crews/new",
    empty=N_("Enter the crews that work for the company, with their foremen."),
)

BRANCHES = Listing(
    kind=Branch.KIND,
    title=N_("Branches"),
    one=N_("Branch"),
    icon="building-store",
    model=Branch,
    permission=P.PARTY_VIEW,
    number=Branch.code,
    order="code",
    columns=(
        Column("name", N_("Name"), (Branch.name,), cells.title, "cell-title", sort=Branch.name),
        Column("code", N_("Code"), (Branch.code,), cells.text, "ref hide-small", sort=Branch.code),
        Column("address", N_("Address"), (Branch.address,), cells.text, "fill"),
        Column("phone", N_("Phone"), (Branch.phone,), cells.text, "tabular cell-foot"),
        Column("active", N_("Open", "branch"), (Branch.is_active,), cells.yes(N_("Open", "branch")), "cell-due"),
    ),
    search=search.branches,
    placeholder=N_("Name, code or address"),
    filters=(Filter("open", N_("Open", "branch"), lambda now: Branch.is_active.is_(True)),),
    create=P.SETTING_EDIT,
    create_label=N_("New branch"),
    create_path="/records/branches/new",
    empty=N_("Enter the stores of the company; people and cases belong to one of them or to all."),
)

LISTINGS = (PARTIES, CREWS, BRANCHES)
