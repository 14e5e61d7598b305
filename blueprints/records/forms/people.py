"""The forms of parties, crews and branches."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from blueprints.forms import (
    BooleanField,
    ChoiceField,
    LocalDateField,
    MoneyField,
    NameField,
    PhoneField,
    TermField,
    TextField,
)
from blueprints.records.forms.base import RecordForm
from portal.db import session
from portal.i18n import N_
from portal.models.org import Department, PartyKind, PartyStatus, User
from portal.services import branches, crews, parties

P = {name: field.label for name, field in parties.FIELDS.items()}
C = {name: field.label for name, field in crews.FIELDS.items()}
B = {name: field.label for name, field in branches.FIELDS.items()}
ALL_BRANCHES = N_("Works for all stores")
STATUS = (N_("At work"), ("status", "status_from", "status_until", "remarks"))


class PartyForm(RecordForm):
    """A person outside the portal."""

    FIELDS = parties.FIELDS
    SECTIONS = ((N_("Who"), ("name", "kind", "department", "is_head", "phone", "branch_id")), STATUS)

    name = NameField(P["name"])
    kind = TermField(P["kind"], PartyKind, required=True)
    department = TermField(P["department"], Department, blank=N_("None"))
    is_head = BooleanField(P["is_head"])
    phone = PhoneField(P["phone"], required=False, allow_landline=True, masked=True)
    branch_id = ChoiceField(P["branch_id"], coerce=int, blank=ALL_BRANCHES)
    status = TermField(P["status"], PartyStatus, required=True)
    status_from = LocalDateField(P["status_from"])
    status_until = LocalDateField(P["status_until"])
    remarks = TextField(P["remarks"], limit=2000, rows=3)

    def prepare(self) -> PartyForm:
        """Offer the stores."""
        self.branch_id.choices = parties.branches(session())
        return self

    def _values(self) -> dict[str, Any]:
        return {name: field.data for name, field in self._fields.items() if name in parties.FIELDS}

    def to_create(self) -> parties.CreateParty:
        """The command for a new party."""
        return parties.CreateParty(**self._values())

    def to_update(self) -> parties.UpdateParty:
        """The command for a change."""
        return parties.UpdateParty(**self._values(), version=self.seen_version())


class CrewForm(RecordForm):
    """A crew."""

    FIELDS = crews.FIELDS
    SECTIONS = (
        (N_("Crew"), ("name", "foreman_id", "phone", "branch_id", "retention_balance", "wage_basis")),
        STATUS,
    )
    WIDE = frozenset({"wage_basis", "remarks"})

    name = TextField(C["name"], limit=50, required=True)
    foreman_id = ChoiceField(C["foreman_id"], coerce=int, blank=N_("Nobody yet"))
    phone = PhoneField(C["phone"], required=False, allow_landline=True, masked=True)
    branch_id = ChoiceField(C["branch_id"], coerce=int, blank=ALL_BRANCHES)
    retention_balance = MoneyField(C["retention_balance"], minimum=Decimal("0"))
    wage_basis = TextField(C["wage_basis"], limit=1000, rows=2)
    status = TermField(C["status"], PartyStatus, required=True)
    status_from = LocalDateField(C["status_from"])
    status_until = LocalDateField(C["status_until"])
    remarks = TextField(C["remarks"], limit=2000, rows=3)

    def prepare(self, user: User, keep_foreman: int | None = None) -> CrewForm:
        """Offer foremen and stores."""
        self.branch_id.choices = parties.branches(session())
        foremen = parties.working(session(), user, (PartyKind.FOREMAN, PartyKind.TEAM_LEADER), keep_id=keep_foreman)
        self.foreman_id.choices = [(one.id, one.name) for one in foremen]
        return self

    def _values(self) -> dict[str, Any]:
        values = {name: field.data for name, field in self._fields.items() if name in crews.FIELDS}
        return values | {"retention_balance": self.retention_balance.data or Decimal("0.00")}

    def to_create(self) -> crews.CreateCrew:
        """The command for a new crew."""
        return crews.CreateCrew(**self._values())

    def to_update(self) -> crews.UpdateCrew:
        """The command for a change."""
        return crews.UpdateCrew(**self._values(), version=self.seen_version())


class BranchForm(RecordForm):
    """A store."""

    FIELDS = branches.FIELDS
    SECTIONS = ((N_("Branch"), ("code", "name", "phone", "address", "is_active")),)
    WIDE = frozenset({"address"})

    code = TextField(B["code"], limit=20, required=True)
    name = TextField(B["name"], limit=50, required=True)
    phone = PhoneField(B["phone"], required=False, allow_landline=True)
    address = TextField(B["address"], limit=200)
    is_active = BooleanField(B["is_active"], default=True)

    def _values(self) -> dict[str, Any]:
        return {name: field.data for name, field in self._fields.items() if name in branches.FIELDS}

    def to_create(self) -> branches.CreateBranch:
        """The command for a new store."""
        return branches.CreateBranch(**self._values())

    def to_update(self) -> branches.UpdateBranch:
        """The command for a change."""
        return branches.UpdateBranch(**self._values(), version=self.seen_version())
