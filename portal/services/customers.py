"""Customers: find, register, change, grade. Source: `domain.md` 3.1, 5.5, 7.1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import Session, joinedload

from portal import clock, settings, visibility
from portal.calendar.hours import hours_text, parse_quiet
from portal.errors import DomainError, Invalid, NotPermitted, Stale
from portal.i18n import N_, _
from portal.listing import terms
from portal.models.customer import (
    Customer,
    CustomerGrade,
    CustomerKind,
    CustomerSource,
    GenderTitle,
    Intention,
)
from portal.models.event import Event, EventKind
from portal.models.org import User
from portal.permissions import Permission, Role, may
from portal.services import call_plan, events, lead_touches, numbering
from portal.services.fields import Field, apply, cleaned, link, money, phone, stamp, term

FIELDS: dict[str, Field] = {
    "name": Field(N_("Customer name")),
    "gender_title": term(N_("Form of address"), GenderTitle),
    "phone": phone(N_("Phone")),
    "phone2": phone(N_("Second phone")),
    "wechat": Field(N_("WeChat")),
    "email": Field(N_("E-mail")),
    "representative": Field(N_("Representative")),
    "representative_phone": phone(N_("Phone of the representative")),
    "grade": term(N_("Customer grade"), CustomerGrade),
    "source": term(N_("Customer source"), CustomerSource),
    "intention": term(N_("Intention"), Intention),
    "kind": term(N_("Customer kind"), CustomerKind),
    "is_repeat": Field(N_("Repeat customer")),
    "referred_by_id": link(N_("Referred by"), Customer),
    "style": Field(N_("Preferred style")),
    "budget": money(N_("Budget")),
    "needs": Field(N_("Needs")),
    "avoid_times": Field(N_("Do not call at")),
    "avoid_hours": Field(N_("Do not call between")),
    "sms_opt_out": Field(N_("No text messages")),
    "owner_id": link(N_("Responsible specialist"), User),
    "anniversaries": Field(N_("Anniversaries"), lambda value: anniversaries_text(value)),
    "lost_reason": Field(N_("Reason of the loss")),
    "remarks": Field(N_("Remarks")),
}

LONGEST_HOURS = 100
"""Signs of the hours of quiet as they are kept."""
MIN_DIGITS = 3
"""Fewer digits say nothing about a caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCustomer:
    """What is known of a new customer. Phones are as `PhoneField` gives them: digits, a landline with its dash."""

    name: str
    phone: str
    source: str = CustomerSource.PHONE
    gender_title: str | None = None
    phone2: str | None = None
    wechat: str | None = None
    email: str | None = None
    representative: str | None = None
    representative_phone: str | None = None
    intention: str | None = None
    kind: str = CustomerKind.LEAD
    is_repeat: bool = False
    referred_by_id: int | None = None
    style: str | None = None
    budget: Decimal | None = None
    needs: str | None = None
    avoid_times: str | None = None
    avoid_hours: str | None = None
    """Clock times, also over midnight: `12:00-14:00, 22:00-07:30`."""
    sms_opt_out: bool = False
    owner_id: int | None = None
    anniversaries: list[dict[str, Any]] | None = None
    lost_reason: str | None = None
    remarks: str | None = None

    def values(self) -> dict[str, Any]:
        """The columns and what to write into them."""
        return {name: cleaned(getattr(self, name)) for name in _COLUMNS}


_COLUMNS = tuple(item.name for item in fields(CreateCustomer))


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCustomer(CreateCustomer):
    """All fields as they shall be. `version` is the one the person saw."""

    version: int


def visible_to(user: User) -> Select[Customer]:
    """The customers that exist for the person."""
    return visibility.visible_to(user, Customer)


# ---------- Find ----------


def digits_of(text: str) -> str:
    """The digits of what was typed or shown by the telephone, without the country code of a mobile."""
    digits = re.sub(r"\D", "", text)
    for code in ("0086", "86"):
        if digits.startswith(code) and digits[len(code) :].startswith("1") and len(digits) > len(code) + 9:
            return digits[len(code) :]
    return digits


def phone_starts(digits: str) -> list[str]:
    """How a stored number may begin when its digits begin so: a landline is kept with a dash after its area code."""
    starts = [digits]
    if digits.startswith("0") and len(digits) > MIN_DIGITS:
        starts += [f"{digits[:area]}-{digits[area:]}" for area in (3, 4) if len(digits) > area]
    return starts


_STANDS_FOR = func.coalesce(Customer.merged_into_id, Customer.id)
"""Who a row means: whoever it was merged into, so that an old number still tells who calls."""


def find_by_phone(session: Session, user: User, digits: str, *, limit: int = 8) -> list[Customer]:
    """Whose number it may be while it is typed: customers of the person's rows, by first, second and representative's phone.

    The whole number counts before a beginning of it; four digits may be the last four. Fewer than three digits give
    nobody. With the responsible specialist loaded; served by indexes.
    """
    typed = digits_of(digits)
    if len(typed) < MIN_DIGITS:
        return []
    starts = {f"phone{place}": start for place, start in enumerate(phone_starts(typed))}
    word, filled = terms.word(0, starts, {"tail": typed} if len(typed) == 4 else {})
    statement = _of_phone(visibility.placeholder(user), word, tuple(starts), limit)
    return list(session.scalars(statement, visibility.parameters(user) | filled))


@lru_cache(maxsize=64)
def _of_phone(
    viewer: visibility.Placeholder, word: terms.Word, starts: tuple[str, ...], limit: int
) -> Select[Customer]:
    columns = (Customer.phone, Customer.phone2, Customer.representative_phone)
    ids = [select(_STANDS_FOR).where(word.begins(column, start)) for column in columns for start in starts]
    if "tail" in word.readings:
        ids.append(select(_STANDS_FOR).where(word.equals(Customer.phone_tail, "tail")))
    exact = or_(*(word.equals(column, start) for column in columns for start in starts))
    return (
        visibility.visible_to(viewer, Customer)
        .where(Customer.id.in_(ids[0].union(*ids[1:])))
        .options(joinedload(Customer.owner))
        .order_by(case((exact, 0), else_=1), Customer.id.desc())
        .limit(limit)
    )


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A customer who may be the one being typed. `customer` is None when the person may not see that row."""

    customer: Customer | None
    same_name: bool
    by: str
    """Which field is the same: `phone` or `phone2`."""


def lookalikes(
    session: Session, user: User, phones: list[str], *, name: str = "", exclude_id: int | None = None
) -> list[Lookalike]:
    """Customers with one of the phones, as first or second number. Says that rows of others exist, not what is in them."""
    wanted = [number for number in phones if number]
    if not wanted:
        return []
    found = session.scalars(
        select(Customer)
        .where(
            or_(Customer.phone.in_(wanted), Customer.phone2.in_(wanted)),
            Customer.id != (exclude_id or 0),
            visibility.standing(Customer),
        )
        .order_by(Customer.id)
        .limit(5)
    ).all()
    seen = set(
        session.scalars(
            select(Customer.id).where(Customer.id.in_([one.id for one in found]), visibility.condition(user, Customer))
        )
    )
    return [
        Lookalike(
            one if one.id in seen else None, one.name == name.strip(), "phone" if one.phone in wanted else "phone2"
        )
        for one in found
    ]


# ---------- Register and change ----------


def create(session: Session, command: CreateCustomer, *, actor: User | None, at: datetime) -> Customer:
    """Register a customer with the next KH number. Raises Invalid when name and phone are those of another."""
    values = _with_hours(command.values())
    check(values)
    _refuse_double(session, values, actor=actor, exclude_id=None)
    if values["owner_id"] is None and actor is not None and actor.role == Role.SPECIALIST:
        values["owner_id"] = actor.id
    customer = Customer(
        number=numbering.next_number(session, Customer.PREFIX, at),
        branch_id=actor.branch_id if actor else None,
        phone_tail=tail(values["phone"]),
        grade=default_grade(session, is_repeat=command.is_repeat),
        **values,
    )
    stamp(customer, actor=actor, at=at)
    session.add(customer)
    session.flush()
    events.record(session, EventKind.CREATED, at=at, actor=actor, record=customer)
    return customer


def update(
    session: Session, customer: Customer, command: UpdateCustomer, *, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Change a customer; what differs is kept as old and new. Raises Stale, NotPermitted, Invalid."""
    return change(session, customer, command.values(), version=command.version, actor=actor, at=at)


def change(
    session: Session, customer: Customer, values: Mapping[str, Any], *, version: int, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Change some fields of a customer. Raises Stale, NotPermitted, Invalid."""
    if customer.version != version:
        raise Stale()
    if values.get("owner_id", customer.owner_id) != customer.owner_id and not may(actor, Permission.CUSTOMER_ASSIGN):
        raise NotPermitted(N_("The manager assigns the responsible specialist."))
    values = _with_hours(values)
    wanted = present(customer) | values
    check(wanted)
    if values.keys() & {"name", "phone"}:
        _refuse_double(session, wanted, actor=actor, exclude_id=customer.id)
        customer.phone_tail = tail(wanted["phone"])
    changes = apply(session, customer, values, FIELDS, actor=actor, at=at)
    if changes.keys() & {"kind", "sms_opt_out"}:
        lead_touches.halt(session, customer, at=at)
    return changes


def present(customer: Customer) -> dict[str, Any]:
    """All fields as they are."""
    return {name: getattr(customer, name) for name in _COLUMNS}


def take(session: Session, customer: Customer, *, actor: User, at: datetime) -> None:
    """A specialist becomes responsible for a customer whom nobody owns. Raises DomainError when somebody does."""
    if customer.owner_id is not None:
        raise DomainError(N_("Somebody is responsible already; the manager can change that."))
    apply(session, customer, {"owner_id": actor.id}, FIELDS, actor=actor, at=at)


def _with_hours(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the hours of quiet as they are kept. Raises Invalid where they are no clock times."""
    said = values.get("avoid_hours")
    if not said:
        return dict(values)
    try:
        kept = hours_text(parse_quiet(said))
    except ValueError:
        raise Invalid({"avoid_hours": N_("Write clock times such as 12:00-14:00, 22:00-07:30.")}) from None
    if len(kept) > LONGEST_HOURS:
        raise Invalid({"avoid_hours": N_("These are too many times: at most six.")})
    return dict(values) | {"avoid_hours": kept}


def check(values: Mapping[str, Any]) -> None:
    """Raise Invalid for what cannot be: lost without a reason."""
    if values["kind"] == CustomerKind.LOST and not values["lost_reason"]:
        raise Invalid({"lost_reason": N_("Say why the customer was lost.")})


def _refuse_double(session: Session, values: Mapping[str, Any], *, actor: User | None, exclude_id: int | None) -> None:
    same = (Customer.phone == values["phone"], Customer.name == values["name"], Customer.id != (exclude_id or 0))
    found = session.execute(select(Customer.id, Customer.number).where(*same, visibility.standing(Customer))).first()
    if found is None:
        return
    if actor is not None and session.scalar(
        visible_to(actor).with_only_columns(Customer.id).where(Customer.id == found.id)
    ):
        raise Invalid({"phone": N_("%(number)s has this name and phone already.") % {"number": found.number}})
    raise Invalid({"phone": N_("A customer of another branch has this name and phone already. Ask the manager.")})


def standing_with(session: Session, name: str, number: str, *, except_ids: tuple[int, ...]) -> str | None:
    """The number of another customer with this name and phone, if there is one that was not merged."""
    return session.scalar(
        select(Customer.number)
        .where(
            Customer.phone == number,
            Customer.name == name,
            Customer.id.not_in(except_ids),
            visibility.standing(Customer),
        )
        .limit(1)
    )


def tail(number: str) -> str:
    """The last four digits, for callers who say only these."""
    return re.sub(r"\D", "", number)[-4:]


# ---------- Grade ----------


def default_grade(
    session: Session,
    *,
    amount: Decimal | None = None,
    layout: str | None = None,
    project_kind: str | None = None,
    is_model_house: bool = False,
    is_repeat: bool = False,
    was_escalated: bool = False,
) -> CustomerGrade:
    """The grade by the table of 5.5; amounts in yuan against the settings `grade_a_amount` and `grade_b_amount`."""
    special = is_model_house or is_repeat or was_escalated or any(word in (layout or "") for word in ("别墅", "別墅"))
    if special or (amount is not None and amount >= settings.get(session, "grade_a_amount")):
        return CustomerGrade.A
    if amount is not None and amount >= settings.get(session, "grade_b_amount") and project_kind != "PARTIAL":
        return CustomerGrade.B
    return CustomerGrade.C


def raise_grade(
    session: Session, customer: Customer, grade: str, *, reason: str, actor: User | None, at: datetime
) -> None:
    """Lift the grade to what the facts ask for. Never lowers: that is the manager's decision."""
    if grade < customer.grade:
        apply(session, customer, {"grade": grade}, FIELDS, actor=actor, at=at, reason=reason)
        call_plan.replan_all(session, customer, at=at)


def change_grade(
    session: Session, customer: Customer, *, grade: str, reason: str, version: int, actor: User, at: datetime
) -> None:
    """Set the grade by hand. Raises NotPermitted unless the role may, Invalid without a reason, Stale."""
    if not may(actor, Permission.CUSTOMER_GRADE):
        raise NotPermitted(N_("The manager changes grades."))
    if customer.version != version:
        raise Stale()
    if not reason.strip():
        raise Invalid({"reason": N_("Say why the grade changes.")})
    if grade not in set(CustomerGrade):
        raise Invalid({"grade": N_("Choose a grade.")})
    apply(session, customer, {"grade": grade}, FIELDS, actor=actor, at=at, reason=reason.strip())
    call_plan.replan_all(session, customer, at=at)


# ---------- The full phone number ----------


def unmask(
    session: Session, customer: Customer, *, purpose: str, actor: User, at: datetime, record: Any = None
) -> None:
    """Write down that the person sees the full numbers, and for what. `record`: the case worked on, else the customer.

    Raises NotPermitted by role, Invalid without a purpose, DomainError (429) past the limit of customers a day.
    """
    if not may(actor, Permission.CUSTOMER_UNMASK):
        raise NotPermitted(N_("Your role sees phone numbers masked."))
    if not purpose.strip():
        raise Invalid({"purpose": N_("Say what you need the number for.")})
    since = clock.at_local(clock.today(at))
    seen = set(
        session.scalars(
            select(Event.customer_id).where(
                Event.actor_id == actor.id, Event.kind == EventKind.VIEW, Event.action == "unmask", Event.at >= since
            )
        )
    )
    if customer.id not in seen and len(seen) >= settings.get(session, "unmask_per_day"):
        raise DomainError(N_("You have opened as many full numbers today as the setting allows."), status=429)
    events.record(
        session,
        EventKind.VIEW,
        at=at,
        actor=actor,
        record=record if record is not None else customer,
        action="unmask",
        customer_id=customer.id,
        purpose=purpose.strip()[:200],
    )


# ---------- What belongs to a customer ----------


def anniversaries_text(value: Any) -> str:
    """Anniversaries as people write them: 生日 05-12、入住日 2026-10-01."""
    known = {"BIRTHDAY": _("Birthday"), "MOVE_IN": _("Moved in on")}
    days = [item for item in value or [] if isinstance(item, dict)]
    return "、".join(
        f"{known.get(str(item.get('label')), item.get('label'))} {_written(item.get('on'))}" for item in days
    )


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value or "")
