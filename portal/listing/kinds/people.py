"""The lists of parties, crews, branches and people with a login: small tables, searched anywhere in the name."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean

from portal import formatting
from portal.db import UtcDateTime
from portal.i18n import N_, _, _p
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing
from portal.listing.kinds import search
from portal.models.org import Branch, Crew, Department, Party, PartyKind, PartyStatus, User
from portal.permissions import Permission, Role

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


def person(name: str, is_on_duty: bool) -> cells.Title:
    """A person; who is on duty is marked."""
    return cells.Title(name, _("On duty") if is_on_duty else "")


def telephone(phone: str | None, extension: str | None) -> str:
    """Where a colleague is reached."""
    return " · ".join(filter(None, (phone, extension)))


def access(disabled_at: datetime | None, must_change: bool) -> str:
    """Whether the person may come in."""
    if disabled_at is not None:
        return _("Closed since %(when)s", when=formatting.full_date(disabled_at))
    return _("One-time password") if must_change else _p("account", "Open")


USERS = Listing(
    kind=User.KIND,
    title=N_("Users"),
    one=N_("User"),
    icon="user-check",
    model=User,
    permission=P.USER_EDIT,
    number=User.username,
    order="name",
    joins=((Branch, Branch.id == User.branch_id),),
    columns=(
        Column(
            "name",
            N_("Person", "account"),
            (User.name, cells.unasked(User.is_on_duty, Boolean())),
            person,
            "cell-title",
            sort=User.name,
        ),
        Column("number", N_("Account"), (User.username,), cells.text, "ref hide-small", sort=User.username),
        Column("role", N_("Role"), (User.role,), cells.role, "cell-foot"),
        Column("branch", N_("Branch or store"), (Branch.name,), lambda name: name or _("Every branch")),
        Column("group", N_("Group"), (User.group_name,), cells.text),
        Column("lead", N_("Leads the group"), (User.is_lead,), cells.yes(N_("Lead", "account"))),
        Column("phone", N_("Telephone"), (User.phone, User.extension), telephone, "tabular hide-small"),
        Column(
            "second-factor",
            N_("Second factor"),
            (cells.unasked(User.totp_confirmed_at, UtcDateTime()),),
            cells.yes(N_("Set up")),
        ),
        Column("created", N_("Registered", "column"), (User.created_at,), cells.moment, "num hide-small"),
        Column(
            "access",
            N_("State", "account"),
            (cells.unasked(User.disabled_at, UtcDateTime()), cells.unasked(User.must_change_password, Boolean())),
            access,
            "cell-due",
        ),
    ),
    card=("branch", "group"),
    search=search.users,
    placeholder=N_("Name, account or phone"),
    filters=(
        Filter("open", N_("May sign in"), lambda now: User.disabled_at.is_(None), "access"),
        Filter("closed", N_("Closed", "account"), lambda now: User.disabled_at.is_not(None), "access"),
        Filter("on-duty", N_("On duty"), lambda now: User.is_on_duty.is_(True)),
        Filter("one-time", N_("One-time password"), lambda now: User.must_change_password.is_(True)),
        Filter("no-second-factor", N_("Without a second factor"), lambda now: User.totp_confirmed_at.is_(None)),
    ),
    choices=(
        Choice("role", N_("Role"), User.role, Role, labels=cells.role),
        Choice("branch", N_("Branch or store"), User.branch_id, options=cells.stores),
    ),
    default_filters=("open",),
    create=P.USER_EDIT,
    create_label=N_("New user"),
    create_path="/records/users/new",
    empty=N_("Everybody who signs in stands here."),
)

LISTINGS = (PARTIES, CREWS, BRANCHES, USERS)
