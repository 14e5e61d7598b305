"""Parties, crews, stores, people with a login."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from portal import passwords
from portal.i18n import N_
from portal.imports import values
from portal.imports.mapping import NUMBER, Kind
from portal.imports.records import Rule
from portal.models.org import Branch, Crew, Party, PartyKind, PartyStatus, User
from portal.permissions import Permission, Role
from portal.services import (
    accounts,
    branches,
    crews,
    parties,
)
from portal.services.fields import Field
from portal.services.imports import deriving
from portal.services.imports.deriving import Link, Roles
from portal.services.imports.kinds.base import (
    BRANCH,
    NUMBER_LABEL,
    VERSION,
    RecordKind,
    as_now,
    changes,
    declare,
    names,
)

P = Permission

# ---------- People, crews, stores ----------

declare(
    RecordKind(
        Kind.PARTIES, Party, N_("Parties"), N_("Party"), P.PARTY_EDIT, P.PARTY_EDIT, Rule(("name", "kind")),
        (
            deriving.number_field(NUMBER_LABEL),
            *deriving.of_service(parties.FIELDS, parties.CreateParty, Party),
            VERSION,
        ),
        parties.FIELDS,
        {"branch_id": BRANCH},
        lambda session, said, actor, at: parties.create(session, parties.CreateParty(**said), actor=actor, at=at),
        changes(parties, parties.UpdateParty),
        columns={"head": "is_head"},
    )
)  # fmt: skip

declare(
    RecordKind(
        Kind.CREWS, Crew, N_("Crews"), N_("Crew"), P.PARTY_EDIT, P.PARTY_EDIT, Rule(("name",)),
        (
            deriving.number_field(NUMBER_LABEL),
            *(
                replace(item, read=values.text(50)) if item.key == "name" else item
                for item in deriving.of_service(crews.FIELDS, crews.CreateCrew, Crew)
            ),
            VERSION,
        ),
        crews.FIELDS,
        {"branch_id": BRANCH, "foreman_id": Link(
            Party, name="name",
            only=lambda model: model.kind.in_((PartyKind.FOREMAN, PartyKind.TEAM_LEADER))
            & (model.status != PartyStatus.DEPARTED),
        )},
        lambda session, said, actor, at: crews.create(session, crews.CreateCrew(**said), actor=actor, at=at),
        lambda session, record, said, actor, at: changes(crews, crews.UpdateCrew)(
            session, record, _zero(said, "retention_balance"), actor, at
        ),
        columns={"retention": "retention_balance"},
    )
)  # fmt: skip


def _zero(said: dict[str, Any], name: str) -> dict[str, Any]:
    return said | {name: Decimal("0.00")} if name in said and said[name] is None else said


declare(
    RecordKind(
        Kind.BRANCHES, Branch, N_("Branches"), N_("Branch"), P.SETTING_EDIT, P.SETTING_EDIT, Rule(gives_number=True),
        (
            deriving.number_field(branches.FIELDS["code"].label, values.text(20), must=True),
            *(
                replace(item, read=values.text(50)) if item.key == "name" else item
                for item in deriving.of_service(branches.FIELDS, branches.CreateBranch, Branch, leave_out=("code",))
            ),
            VERSION,
        ),
        branches.FIELDS,
        {},
        lambda session, said, actor, at: branches.create(
            session, branches.CreateBranch(code=said.pop(NUMBER), **said), actor=actor, at=at
        ),
        changes(branches, branches.UpdateBranch),
        number="code",
        columns={"code": NUMBER, "active": "is_active"},
    )
)  # fmt: skip

USER_FIELDS: dict[str, Field] = {
    "name": Field(N_("Name")),
    "role": Field(N_("Role"), Roles.show, terms=Roles),  # type: ignore[arg-type]
    "branch_id": Field(N_("Branch or store"), target=Branch),
    "group_name": Field(N_("Group")),
    "is_lead": Field(N_("Leads the group")),
    "is_on_duty": Field(N_("On duty: gets what nobody owns yet")),
    "email": Field(N_("E-mail")),
    "phone": Field(N_("Mobile or landline")),
    "extension": Field(N_("Extension")),
}


def _make_user(session: Session, said: dict[str, Any], actor: User, at: datetime) -> User:
    """The account is closed, with a password that nobody knows: the manager sets a one-time one and opens it."""
    username = said.pop(NUMBER)
    user = accounts.add_user(
        session, username=username, details=accounts.Details(**said | {"role": Role(said["role"])}),
        password=passwords.one_time(), actor=actor, at=at,
    )  # fmt: skip
    accounts.disable(session, user, actor=actor, at=at)
    return user


def _change_user(session: Session, record: User, said: dict[str, Any], actor: User, at: datetime) -> None:
    whole = as_now(record, names(accounts.Details), said)
    details = accounts.Details(**whole | {"role": Role(whole["role"])})
    accounts.change(session, record, details, actor=actor, at=at, version=record.version)


def _username(value: Any) -> values.Reading:
    read = values.text(50)(value)
    return values.Found(accounts.fold(str(read.value))) if isinstance(read, values.Found) else read


declare(
    RecordKind(
        Kind.USERS, User, N_("People with a login", "import"), N_("Person with a login", "import"),
        P.USER_EDIT, P.USER_EDIT, Rule(gives_number=True),
        (
            deriving.number_field(N_("Account"), _username, must=True),
            *deriving.of_service(USER_FIELDS, accounts.Details, User),
            VERSION,
        ),
        USER_FIELDS,
        {"branch_id": BRANCH},
        _make_user,
        _change_user,
        number="username",
        columns={"group": "group_name", "phone": "", "access": ""},
        as_stored=frozenset({"branch"}),
    )
)  # fmt: skip
