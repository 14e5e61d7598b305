"""Pairs of records that may be one: found over night in whole tables, shown to those who can tell. Source: `domain.md` 3.1.

The database groups, nothing is compared one by one: a million customers are a few passes over an index or a table.
What people said of a pair stays said; a pair is written once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations, groupby
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, Select, String, cast, func, or_, select, union_all
from sqlalchemy.orm import Session, aliased, joinedload

from portal import visibility
from portal.errors import NotPermitted
from portal.i18n import N_
from portal.models.contract import Contract
from portal.models.customer import Customer, Property
from portal.models.merging import DoubleReason, DuplicatePair, Merge, PairState
from portal.models.org import Party, User
from portal.permissions import Permission, may
from portal.services import merging
from portal.services.customers import digits_of
from portal.services.delivery import insert_once
from portal.services.followers import title_of

TAIL = 8
"""So many last digits of a phone: the number without an area code, or with a slip in the first three."""
CHANCE = 100_000
"""With more customers than this, eight digits are the same by chance: then the name must be the same too."""
MOST_IN_GROUP = 20
"""What more records share is a switchboard or a filler, and says nothing."""
MOST_A_RUN = 5_000
"""So many new pairs are written in one night; the others follow in the next."""
PAGE = 40
COUNTED = 100
"""Counting stops here: `99+`."""


class Found(NamedTuple):
    """Two records that may be one."""

    kind: str
    first_id: int
    second_id: int
    reason: str


@dataclass(slots=True)
class Search:
    """What one night's search found, and what it left out."""

    pairs: list[Found] = field(default_factory=list)
    groups_left_out: int = 0
    is_cut: bool = False
    """More were found than one run writes."""

    def said(self, written: int) -> str:
        """The result of a slot, in signs: `12` new, `12+` there are more, `12 −3` three groups left out as too large."""
        return f"{written}{'+' if self.is_cut else ''}" + (f" −{self.groups_left_out}" if self.groups_left_out else "")


# ---------- Finding ----------


def search(session: Session, *, most: int = MOST_A_RUN) -> Search:
    """New pairs of all kinds, the surest first. Writes nothing."""
    result = Search()
    known = {
        (kind, first, second)
        for kind, first, second in session.execute(
            select(DuplicatePair.kind, DuplicatePair.first_id, DuplicatePair.second_id)
        )
    }
    for ways in (_contracts, _names_and_addresses, _phones, homes, _parties):
        for pair in ways(session, result):
            key = (pair.kind, pair.first_id, pair.second_id)
            if key in known:
                continue
            if len(result.pairs) >= most:
                result.is_cut = True
                return result
            known.add(key)
            result.pairs.append(pair)
    return result


def write(session: Session, pairs: list[Found], *, at: datetime) -> int:
    """Write pairs that are not known yet; gives how many are new."""
    rows = [{**pair._asdict(), "state": PairState.OPEN.value, "found_at": at} for pair in pairs]
    return sum(insert_once(session, DuplicatePair, rows[start : start + 500]) for start in range(0, len(rows), 500))


def _pair(kind: str, one: int, other: int, reason: DoubleReason) -> Found:
    return Found(kind, min(one, other), max(one, other), reason.value)


def _plain(column: Any) -> Any:
    """Text as it is compared: without blanks, small letters."""
    return func.replace(func.lower(column), " ", "")


def _place(column: Any) -> Any:
    """A building, unit or room without the words around its number."""
    text = _plain(column)
    for word in ("号楼", "號樓", "栋", "棟", "幢", "单元", "單元", "室", "号", "號"):
        text = func.replace(text, word, "")
    return text


def _groups(session: Session, rows: Select[Any] | CompoundSelect[Any], result: Search | None) -> Iterator[list[Any]]:
    """Rows (key, id, …) that share their key, group by group. What too many share is counted, not read."""
    every = rows.subquery()
    keys = select(every.c.key).group_by(every.c.key)
    shared = keys.having(func.count(every.c.id.distinct()).between(2, MOST_IN_GROUP))
    found = select(every).where(every.c.key.in_(shared)).order_by(every.c.key, every.c.id)
    for _key, group in groupby(session.execute(found.execution_options(yield_per=1000)), key=lambda row: row.key):
        yield list(group)
    if result is not None:
        crowded = keys.having(func.count(every.c.id.distinct()) > MOST_IN_GROUP).subquery()
        result.groups_left_out += session.scalar(select(func.count()).select_from(crowded)) or 0


def _phones(session: Session, result: Search | None) -> Iterator[Found]:
    """Customers by phone: the whole number first, then its last eight digits."""
    columns = (Customer.phone, Customer.phone2)
    parts = []
    for column in columns:
        digits = func.replace(column, "-", "")
        tail = func.substr(digits, func.length(digits) - TAIL + 1)
        parts.append(
            select(tail.label("key"), Customer.id.label("id"), digits.label("digits"), _plain(Customer.name).label("name"))
            .where(visibility.standing(Customer), func.length(digits) >= TAIL)
        )  # fmt: skip
    is_chance = (session.scalar(select(func.max(Customer.id))) or 0) > CHANCE
    weak: list[Found] = []
    for group in _groups(session, union_all(*parts), result):
        for one, other in combinations(group, 2):
            if one.id == other.id:
                continue
            mine, theirs = digits_of(one.digits), digits_of(other.digits)
            if mine == theirs:
                yield _pair(Customer.KIND, one.id, other.id, DoubleReason.PHONE)
            elif not is_chance or one.name == other.name or mine.endswith(theirs) or theirs.endswith(mine):
                weak.append(_pair(Customer.KIND, one.id, other.id, DoubleReason.PHONE_TAIL))
    yield from weak


def _names_and_addresses(session: Session, result: Search | None) -> Iterator[Found]:
    """Customers of the same name with a home at the same address."""
    key = _joined(_plain(Customer.name), *_address())
    rows = (
        select(key.label("key"), Customer.id.label("id"))
        .join(Property, Property.customer_id == Customer.id)
        .where(visibility.standing(Customer), visibility.standing(Property))
    )
    for group in _groups(session, rows, result):
        for one, other in combinations(sorted({row.id for row in group}), 2):
            yield _pair(Customer.KIND, one, other, DoubleReason.NAME_ADDRESS)


def _contracts(session: Session, result: Search | None) -> Iterator[Found]:
    """Customers whose contracts have one number, written in two ways: with and without dashes, small and large letters."""
    key = func.upper(Contract.number)
    for sign in "-－—_/.· ":
        key = func.replace(key, sign, "")
    rows = select(key.label("key"), Contract.id.label("id"), Contract.customer_id.label("customer"))
    for group in _groups(session, rows, result):
        for one, other in combinations(sorted({row.customer for row in group}), 2):
            yield _pair(Customer.KIND, one, other, DoubleReason.CONTRACT)


def homes(session: Session, result: Search | None, *, customer_id: int | None = None) -> Iterator[Found]:
    """Homes of one customer at one address; of this customer only, when one is given."""
    key = _joined(cast(Property.customer_id, String), *_address())
    rows = select(key.label("key"), Property.id.label("id")).where(visibility.standing(Property))
    if customer_id is not None:
        rows = rows.where(Property.customer_id == customer_id)
    for group in _groups(session, rows, result):
        for one, other in combinations(group, 2):
            yield _pair(Property.KIND, one.id, other.id, DoubleReason.ADDRESS)


def _parties(session: Session, result: Search | None) -> Iterator[Found]:
    """People outside the portal: the same name, and the same phone or post."""
    rows = select(
        _plain(Party.name).label("key"), Party.id.label("id"), Party.phone, Party.kind, Party.branch_id
    ).where(visibility.standing(Party))
    for group in _groups(session, rows, result):
        for one, other in combinations(group, 2):
            if one.phone and other.phone and digits_of(one.phone) == digits_of(other.phone):
                yield _pair(Party.KIND, one.id, other.id, DoubleReason.PHONE)
            elif one.kind == other.kind and (
                one.branch_id == other.branch_id or None in (one.branch_id, other.branch_id)
            ):
                yield _pair(Party.KIND, one.id, other.id, DoubleReason.NAME)


def _address() -> tuple[Any, ...]:
    return (_plain(Property.estate), *(_place(column) for column in (Property.building, Property.unit, Property.room)))


def _joined(*parts: Any) -> Any:
    """Several texts as one that no other texts make."""
    key = parts[0]
    for part in parts[1:]:
        key = key.concat("\n").concat(part)
    return key


def at_entry(session: Session, customer: Customer, *, at: datetime) -> int:
    """Whoever is entered with the phone of another customer in spite of the warning is a pair at once."""
    phones = [number for number in (customer.phone, customer.phone2) if number]
    others = session.scalars(
        select(Customer.id)
        .where(
            or_(Customer.phone.in_(phones), Customer.phone2.in_(phones)),
            Customer.id != customer.id,
            visibility.standing(Customer),
        )
        .limit(MOST_IN_GROUP)
    ).all()
    if len(others) == MOST_IN_GROUP:
        return 0
    return write(session, [_pair(Customer.KIND, customer.id, one, DoubleReason.PHONE) for one in others], at=at)


def at_address(session: Session, home: Property, *, at: datetime) -> int:
    """A home entered at the address of another makes pairs at once: of its customer and one of the same name, of two homes
    of the customer. Addresses that are written otherwise are found over night."""
    same = (getattr(Property, part) == getattr(home, part) for part in ("estate", "building", "unit", "room"))
    customer_id = home.customer_id
    others = session.scalars(
        select(Customer.id)
        .distinct()
        .join(Property, Property.customer_id == Customer.id)
        .where(
            *same,
            _plain(Customer.name) == select(_plain(Customer.name)).where(Customer.id == customer_id).scalar_subquery(),
            Customer.id != customer_id,
            visibility.standing(Customer),
            visibility.standing(Property),
        )
        .limit(MOST_IN_GROUP)
    ).all()
    if len(others) == MOST_IN_GROUP:
        return 0
    pairs = [_pair(Customer.KIND, customer_id, one, DoubleReason.NAME_ADDRESS) for one in others]
    return write(session, [*pairs, *homes(session, None, customer_id=customer_id)], at=at)


# ---------- Showing and deciding ----------


def visible(user: User, kind: str, state: PairState = PairState.OPEN) -> Select[DuplicatePair]:
    """Pairs of which the person sees both records."""
    model = merging.KINDS[kind].model
    seen = visibility.condition(user, model)
    query = select(DuplicatePair).where(DuplicatePair.kind == kind, DuplicatePair.state == state)
    for column in (DuplicatePair.first_id, DuplicatePair.second_id):
        query = query.where(select(model.id).where(model.id == column, seen).exists())
    if model is Property:  # homes whose customers were told apart again are two homes
        one, other = aliased(Property), aliased(Property)
        both = (one.id == DuplicatePair.first_id, other.id == DuplicatePair.second_id)
        query = query.where(select(one.id).join(other, other.customer_id == one.customer_id).where(*both).exists())
    return query


def count(session: Session, user: User, kind: str, state: PairState = PairState.OPEN) -> int:
    """How many there are for the person; COUNTED means as many or more."""
    some = visible(user, kind, state).with_only_columns(DuplicatePair.id).limit(COUNTED).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A pair with its two records."""

    pair: DuplicatePair
    first: Any
    second: Any


def page(
    session: Session, user: User, kind: str, state: PairState, *, before: int | None = None, limit: int = PAGE
) -> list[Shown]:
    """Pairs, newest first."""
    query = visible(user, kind, state).options(joinedload(DuplicatePair.decided_by))
    if before is not None:
        query = query.where(DuplicatePair.id < before)
    pairs = session.scalars(query.order_by(DuplicatePair.id.desc()).limit(limit)).all()
    model = merging.KINDS[kind].model
    ids = {key for pair in pairs for key in (pair.first_id, pair.second_id)}
    records = {one.id: one for one in session.scalars(select(model).where(model.id.in_(ids)))} if ids else {}
    return [Shown(pair, records[pair.first_id], records[pair.second_id]) for pair in pairs]


def titles(session: Session, kind: str, ids: set[int]) -> dict[int, str]:
    """What records are called, merged ones too."""
    model = merging.KINDS[kind].model
    return {one.id: title_of(one) for one in session.scalars(select(model).where(model.id.in_(ids)))}


def open_of(session: Session, user: User, record: Any) -> list[Shown]:
    """The open pairs of one record, for the sentence on its page."""
    if not may(user, Permission.CUSTOMER_MERGE):
        return []
    mine = or_(DuplicatePair.first_id == record.id, DuplicatePair.second_id == record.id)
    pairs = session.scalars(visible(user, record.KIND).where(mine).order_by(DuplicatePair.id).limit(5)).all()
    model = type(record)
    return [Shown(pair, session.get(model, pair.first_id), session.get(model, pair.second_id)) for pair in pairs]


def dismissed(session: Session, user: User, one: Any, other: Any) -> DuplicatePair | None:
    """What somebody said of these two: that they are not the same; None: nobody did."""
    first, second = sorted((one.id, other.id))
    query = visible(user, one.KIND, PairState.DISMISSED).options(joinedload(DuplicatePair.decided_by))
    return session.scalars(
        query.where(DuplicatePair.first_id == first, DuplicatePair.second_id == second)
    ).one_or_none()


def dismiss(session: Session, one: Any, other: Any, *, actor: User, at: datetime) -> None:
    """Two records are not the same: remembered, so that no night asks again. Twice says it once."""
    if not may(actor, Permission.CUSTOMER_MERGE):
        raise NotPermitted(N_("Specialists and managers merge records."))
    write(session, [_pair(one.KIND, one.id, other.id, DoubleReason.HAND)], at=at)
    merging.decide(session, one, other, PairState.DISMISSED, actor=actor, at=at)


def after_merge(session: Session, done: Merge, *, at: datetime) -> int:
    """The homes of two customers come together: those at one address are a pair at once."""
    if done.kind != Customer.KIND:
        return 0
    return write(session, list(homes(session, None, customer_id=done.kept_id)), at=at)


def reopen(session: Session, one: Any, other: Any, *, actor: User, at: datetime) -> None:
    """Take back that two records are not the same."""
    if not may(actor, Permission.CUSTOMER_MERGE):
        raise NotPermitted(N_("Specialists and managers merge records."))
    merging.decide(session, one, other, PairState.OPEN, actor=actor, at=at)
