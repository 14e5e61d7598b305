"""The forms of customers and their homes."""

from __future__ import annotations

from datetime import date
from typing import Any

from wtforms.validators import StopValidation

from blueprints.forms import (
    BooleanField,
    ChoiceField,
    EmailField,
    LocalDateField,
    MoneyField,
    NameField,
    PhoneField,
    PlaceField,
    TermField,
    TextField,
)
from blueprints.records.forms.base import AreaField, RecordForm
from portal.db import session
from portal.i18n import N_, _
from portal.imports import values
from portal.listing.cells import specialists
from portal.models.customer import Customer, CustomerGrade, CustomerKind, CustomerSource, GenderTitle, Intention
from portal.models.org import User
from portal.permissions import Permission, may
from portal.services import customers, properties

L = {name: field.label for name, field in customers.FIELDS.items()}
H = {name: field.label for name, field in properties.FIELDS.items()}
NOTHING = N_("Not known", "customer")


class CustomerForm(RecordForm):
    """All fields of a customer. Phones are shown masked; the mask sent back means unchanged."""

    FIELDS = customers.FIELDS
    SECTIONS = (
        (
            N_("Basic data"),
            ("name", "gender_title", "phone", "phone2", "wechat", "email", "representative", "representative_phone"),
        ),
        (N_("Where from"), ("source", "kind", "intention", "lost_reason", "is_repeat", "referred_by", "owner_id")),
        (N_("What is wanted"), ("style", "budget", "needs")),
        (N_("Care"), ("avoid_hours", "avoid_times", "sms_opt_out", "birthday", "moved_in", "remarks")),
    )

    name = NameField(L["name"])
    gender_title = TermField(L["gender_title"], GenderTitle, blank=NOTHING)
    phone = PhoneField(L["phone"], allow_landline=True, masked=True)
    phone2 = PhoneField(L["phone2"], required=False, allow_landline=True, masked=True)
    wechat = TextField(L["wechat"], limit=50)
    email = EmailField(L["email"])
    representative = NameField(L["representative"], required=False)
    representative_phone = PhoneField(L["representative_phone"], required=False, allow_landline=True, masked=True)
    source = TermField(L["source"], CustomerSource, required=True)
    kind = TermField(L["kind"], CustomerKind, required=True)
    intention = TermField(L["intention"], Intention, blank=NOTHING)
    lost_reason = TextField(L["lost_reason"], limit=500, rows=2)
    is_repeat = BooleanField(L["is_repeat"])
    referred_by = TextField(N_("Referred by (customer number)"), limit=40)
    owner_id = ChoiceField(L["owner_id"], coerce=int, blank=N_("Nobody yet"))
    style = TextField(L["style"], limit=100)
    budget = MoneyField(L["budget"])
    needs = TextField(L["needs"], limit=2000, rows=3)
    avoid_hours = TextField(
        L["avoid_hours"], limit=100, description=N_("Clock times, such as 12:00-14:00, 22:00-07:30: nobody calls then.")
    )
    avoid_times = TextField(L["avoid_times"], limit=200)
    sms_opt_out = BooleanField(L["sms_opt_out"])
    birthday = LocalDateField(N_("Birthday"))
    moved_in = LocalDateField(N_("Moved in on"))
    remarks = TextField(L["remarks"], limit=2000, rows=3)

    def prepare(self, user: User, customer: Customer | None = None) -> CustomerForm:
        """Offer what the person may choose; the responsible specialist is assigned by the manager."""
        self._customer, self._user = customer, user
        if may(user, Permission.CUSTOMER_ASSIGN):
            self.owner_id.choices = specialists(session(), user)
        else:
            del self.owner_id
        if not self.is_submitted() and customer is None:
            self.kind.data = CustomerKind.LEAD
        return self

    def fill(self, record: Any) -> None:
        """Days and the person who referred."""
        days = {item.get("label"): item.get("on") for item in record.anniversaries or []}
        self.birthday.data = _day(days.get("BIRTHDAY"))
        self.moved_in.data = _day(days.get("MOVE_IN"))
        self.referred_by.data = record.referred_by.number if record.referred_by else None

    def validate_referred_by(self, field: Any) -> None:
        """The number must be that of another customer the person sees."""
        if not field.data:
            return
        query = customers.visible_to(self._user).with_only_columns(Customer.id)
        found = session().scalar(query.where(Customer.number == field.data.upper()))
        if found is None or (self._customer is not None and found == self._customer.id):
            raise StopValidation(_("No other customer has this number"))
        self._referred_by_id = found

    def _values(self) -> dict[str, Any]:
        values = {
            name: field.data for name, field in self._fields.items() if name in customers.FIELDS and name != "grade"
        }
        values["referred_by_id"] = getattr(self, "_referred_by_id", None)
        days = (("BIRTHDAY", self.birthday.data), ("MOVE_IN", self.moved_in.data))
        values["anniversaries"] = [{"label": label, "on": f"{on:%Y-%m-%d}"} for label, on in days if on] or None
        if "owner_id" not in values:
            values["owner_id"] = self._customer.owner_id if self._customer is not None else None
        return values

    def to_create(self) -> customers.CreateCustomer:
        """The command for a new customer."""
        return customers.CreateCustomer(**self._values())

    def to_update(self) -> customers.UpdateCustomer:
        """The command for a change."""
        return customers.UpdateCustomer(**self._values(), version=self.seen_version())


class GradeForm(RecordForm):
    """The manager sets the grade by hand."""

    FIELDS = customers.FIELDS
    SECTIONS = ((N_("Customer grade"), ("grade", "reason")),)
    WIDE = frozenset({"reason"})

    grade = TermField(L["grade"], CustomerGrade, required=True, radio=True)
    reason = TextField(N_("Reason"), limit=500, rows=3, required=True)


class PropertyForm(RecordForm):
    """A home."""

    FIELDS = properties.FIELDS
    SECTIONS = (
        (N_("Address"), ("estate", "building", "unit", "room")),
        (N_("Home"), ("area", "layout", "handover_on", "remarks")),
    )

    estate = TextField(H["estate"], limit=100, required=True)
    building = PlaceField(
        H["building"], read=values.building, required=True, description=N_("Only the number or name, like 5")
    )
    unit = PlaceField(H["unit"], read=values.unit, description=N_("Leave empty when there are no units"))
    room = PlaceField(H["room"], read=values.room, required=True)
    area = AreaField(H["area"], required=True)
    layout = TextField(H["layout"], limit=50)
    handover_on = LocalDateField(H["handover_on"])
    remarks = TextField(H["remarks"], limit=2000, rows=3)

    def _values(self) -> dict[str, Any]:
        values = {name: field.data for name, field in self._fields.items() if name in properties.FIELDS}
        return values | {"unit": self.unit.data or ""}

    def to_create(self) -> properties.CreateProperty:
        """The command for a new home."""
        return properties.CreateProperty(**self._values())

    def to_update(self) -> properties.UpdateProperty:
        """The command for a change."""
        return properties.UpdateProperty(**self._values(), version=self.seen_version())


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if isinstance(text, str) and len(text) == 10 else None
