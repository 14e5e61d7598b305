"""Merging two records that are one, and taking that back. Source: `domain.md` 3.1, 7.1.

One mechanism for every type in `KINDS`: a value is chosen per field, all links go to the record that is kept, the other
stays but stands for nothing (`portal.models.base.Mergeable`). Nothing is deleted and no event changed, so a merge can be
undone to the letter for UNDO_DAYS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, Numeric, Select, select
from sqlalchemy import Text as LongText
from sqlalchemy.orm import Session

from portal import visibility
from portal.errors import DomainError, Invalid, NotFound, NotPermitted, Stale
from portal.i18n import N_, Text, _
from portal.models.customer import Customer, CustomerKind, Property
from portal.models.event import EventKind
from portal.models.merging import DuplicatePair, Merge, PairState
from portal.models.org import Branch, Party, User
from portal.permissions import Permission, may
from portal.services import customers, events, lead_touches, links, parties, properties
from portal.services.fields import Field, apply, as_text, link, name_of, same
from portal.services.followers import title_of

UNDO_DAYS = 30
REASON = N_("Two records of the same were merged")
KEPT, OTHER, BOTH, SPARE, NONE = "kept", "other", "both", "spare", "none"
"""Where a value comes from: the record that is kept, the other one, the texts of both, what another field leaves over
(`Kind.borrows`), nowhere."""

_STANDING = (
    CustomerKind.UNDER_CONSTRUCTION, CustomerKind.SIGNED, CustomerKind.IN_WARRANTY, CustomerKind.OUT_OF_WARRANTY,
    CustomerKind.CANCELLED, CustomerKind.LOST, CustomerKind.LEAD,
)  # fmt: skip
"""Which of two standings says more: whoever has a contract is no lead."""

Rank = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """What merging records of one type needs to know."""

    model: type[Any]
    fields: Mapping[str, Field]
    prefers: Mapping[str, Rank] = field(default_factory=dict)
    """By field: which record's value to propose; the greatest wins. Else the newest that has one."""
    borrows: Mapping[str, str] = field(default_factory=dict)
    """By field: another field whose values fit too, so that no second phone is lost."""
    guarded: Mapping[str, Permission] = field(default_factory=dict)
    """Fields that take the proposed value unless the person has the permission."""
    check: Callable[[Session, Any, Any], None] = lambda session, kept, other: None
    """Raise DomainError when these two cannot be one."""
    settle: Callable[[Any], None] = lambda record: None
    """Compute what follows from the fields."""


def _follow_phone(customer: Customer) -> None:
    customer.phone_tail = customers.tail(customer.phone)


def _same_household(_session: Session, kept: Property, other: Property) -> None:
    if kept.customer_id != other.customer_id:
        raise DomainError(N_("These homes belong to two customers. Merge the customers first, or none of the two."))


_BRANCH = {"branch_id": link(N_("Branch"), Branch)}

KINDS: dict[str, Kind] = {
    Customer.KIND: Kind(
        Customer,
        customers.FIELDS | _BRANCH,
        prefers={
            "name": lambda one: -_STANDING.index(CustomerKind(one.kind)),
            "kind": lambda one: -_STANDING.index(CustomerKind(one.kind)),
            "grade": lambda one: -ord(one.grade),
            "source": lambda one: -one.created_at.timestamp(),
            "owner_id": lambda one: -one.created_at.timestamp(),
            "is_repeat": lambda one: one.is_repeat,
            "sms_opt_out": lambda one: one.sms_opt_out,
        },
        borrows={"phone2": "phone"},
        guarded={"owner_id": Permission.CUSTOMER_ASSIGN, "grade": Permission.CUSTOMER_GRADE},
        settle=_follow_phone,
    ),
    Property.KIND: Kind(Property, properties.FIELDS | _BRANCH, check=_same_household),
    Party.KIND: Kind(Party, parties.FIELDS),
}


# ---------- Comparing ----------


@dataclass(frozen=True, slots=True)
class Option:
    """One value that a field may take. `source` names it in the form."""

    source: str
    value: Any
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A field of both records side by side."""

    name: str
    label: Text
    kept: str
    other: str
    options: list[Option]
    """What can be chosen; one option: nothing to choose."""
    proposed: str
    hides: bool = False
    """The values read alike though they differ: the difference is among the hidden digits."""


def compare(session: Session, kind: Kind, kept: Any, other: Any, actor: User) -> list[Line]:
    """The fields of both, those with a choice first."""
    lines = [_line(session, kind, name, kept, other, actor) for name in kind.fields]
    return sorted(lines, key=lambda line: len(line.options) < 2)


def _line(session: Session, kind: Kind, name: str, kept: Any, other: Any, actor: User) -> Line:
    shown = kind.fields[name]

    def text(value: Any) -> str:
        if shown.target is not None and value is not None:
            found = session.get(shown.target, value)
            return name_of(found) if found is not None else as_text(value)
        return shown.text(value)

    values = {KEPT: _of(kept, name, kept, other), OTHER: _of(other, name, kept, other)}
    first = max((KEPT, OTHER), key=lambda source: _rank(kind, name, kept if source == KEPT else other, values[source]))
    if is_long_text(kind.model, name) and all(values.values()):
        values[BOTH] = "\n".join(dict.fromkeys((values[KEPT], values[OTHER])))
        first = BOTH
    lender = kind.borrows.get(name)
    if lender is not None and not same(getattr(kept, lender), getattr(other, lender)):
        first = _lend(kind, lender, kept, other, values, first)
    if name == "branch_id" and actor.branch_id is not None:
        values = {KEPT: values[KEPT]}
        first = KEPT
    if name in kind.guarded and not may(actor, kind.guarded[name]):
        values = {first: values[first]}
    options: list[Option] = []
    for source, value in values.items():
        if source == SPARE or not any(same(option.value, value) for option in options if option.source != SPARE):
            options.append(Option(source, value, text(value) if source != SPARE else ""))
    chosen = next(option.source for option in options if option.source == first or same(option.value, values[first]))
    pair = (text(getattr(kept, name)), text(getattr(other, name)))
    hides = pair[0] == pair[1] and not same(getattr(kept, name), getattr(other, name))
    return Line(name, shown.label, *pair, options, chosen, hides)


def _lend(kind: Kind, lender: str, kept: Any, other: Any, values: dict[str, Any], first: str) -> str:
    """Offer the first phone that is not chosen; it is proposed where it would be lost otherwise."""
    used, spare = sorted((kept, other), key=lambda one: _rank(kind, lender, one, getattr(one, lender)), reverse=True)
    values |= {SPARE: getattr(spare, lender), NONE: None}
    wanted = (first, OTHER if first == KEPT else KEPT, SPARE)
    return next(
        (source for source in wanted if values[source] and not same(values[source], getattr(used, lender))), NONE
    )


def is_long_text(model: type[Any], name: str) -> bool:
    """Whether the field holds free text, of which both can be kept."""
    return isinstance(model.__table__.c[name].type, LongText)


def _of(record: Any, name: str, kept: Any, other: Any) -> Any:
    """The value of a field; that one of the two stands for the other is no value any more."""
    value = getattr(record, name)
    own = type(record).__table__
    refers = any(key.column.table is own for key in own.c[name].foreign_keys)
    return None if refers and value in (kept.id, other.id) else value


def _rank(kind: Kind, name: str, record: Any, value: Any) -> Any:
    """Which value to propose: one that is there before none, then as the type prefers, then the newest."""
    prefers = kind.prefers.get(name)
    has = value is not None and value != "" and value != []
    return (
        has,
        prefers(record) if prefers else record.updated_at.timestamp(),
        record.updated_at.timestamp(),
        record.id,
    )


# ---------- Merging ----------


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRecords:
    """Which values to take, by field, and the versions the person saw of both."""

    chosen: Mapping[str, str]
    kept_version: int
    other_version: int


def find(session: Session, actor: User, kind: str, number: str) -> Any:
    """A record that can be merged, if it exists for the person. Raises NotFound."""
    if kind not in KINDS:
        raise NotFound()
    model = KINDS[kind].model
    record = session.scalars(visibility.visible_to(actor, model).where(model.number == number)).one_or_none()
    if record is None:
        raise NotFound()
    return record


def check(session: Session, kept: Any, other: Any, actor: User) -> None:
    """Raise DomainError when the person cannot merge these two."""
    if not may(actor, Permission.CUSTOMER_MERGE):
        raise NotPermitted(N_("Specialists and managers merge records."))
    if kept.id == other.id:
        raise DomainError(N_("This is one and the same record."))
    _check_branch(actor, kept, other)
    KINDS[kept.KIND].check(session, kept, other)


def _check_branch(actor: User, *records: Any) -> None:
    if actor.branch_id is not None and any(one.branch_id not in (None, actor.branch_id) for one in records):
        raise NotPermitted(N_("One of the two belongs to another branch. Ask a manager of all branches."))


def merge(session: Session, kept: Any, other: Any, command: MergeRecords, *, actor: User, at: datetime) -> Merge:
    """Make two records one. Raises Stale, NotPermitted, Invalid by field, Clash when links cannot go together."""
    kept, other = _lock(session, type(kept), kept.id, other.id)
    if (kept.version, other.version) != (command.kept_version, command.other_version):
        raise Stale()
    if kept.merged_into_id is not None or other.merged_into_id is not None:
        raise Stale()
    check(session, kept, other, actor)
    kind = KINDS[kept.KIND]
    values = _chosen(session, kind, kept, other, command, actor)
    moved = links.move(session, other, kept)
    other.merged_into_id = kept.id
    _touch(other, actor, at)
    session.flush()
    before = {name: events.plain(getattr(kept, name)) for name in values}
    apply(session, kept, values, kind.fields, actor=actor, at=at, reason=REASON.message)
    kind.settle(kept)
    _touch(kept, actor, at)
    session.flush()
    lead_touches.merged(session, kept, at=at)
    done = Merge(
        kind=kept.KIND,
        kept_id=kept.id,
        merged_id=other.id,
        kept_number=kept.number,
        merged_number=other.number,
        changes={
            name: [old, new] for name, old in before.items() if not same(old, new := events.plain(getattr(kept, name)))
        },
        moved=moved,
        at=at,
        by_id=actor.id,
    )
    session.add(done)
    decide(session, kept, other, PairState.MERGED, actor=actor, at=at)
    _tell(session, kept, other, "merged", actor, at)
    return done


def _lock(session: Session, model: type[Any], *record_ids: int) -> list[Any]:
    """The records as they are now, held until the transaction ends, in the order asked for."""
    query = select(model).where(model.id.in_(record_ids)).order_by(model.id).with_for_update()
    found = {one.id: one for one in session.scalars(query.execution_options(populate_existing=True))}
    return [found[record_id] for record_id in record_ids]


def _chosen(session: Session, kind: Kind, kept: Any, other: Any, command: MergeRecords, actor: User) -> dict[str, Any]:
    """The values of the kept record afterwards. Raises Invalid."""
    values: dict[str, Any] = {}
    wrong: dict[str, Text | str] = {}
    for line in compare(session, kind, kept, other, actor):
        source = command.chosen.get(line.name, line.proposed if len(line.options) < 2 else "")
        option = next((option for option in line.options if option.source == source), None)
        if option is None:
            wrong[line.name] = N_("Choose one of the values.")
            continue
        values[line.name] = option.value
        if option.source == SPARE:
            pair = [getattr(one, kind.borrows[line.name]) for one in (kept, other)]
            values[line.name] = pair[pair[0] == values.get(kind.borrows[line.name])]
        limit = getattr(kind.model.__table__.c[line.name].type, "length", None)
        if option.value in (None, "") and not kind.model.__table__.c[line.name].nullable:
            wrong[line.name] = N_("This field cannot be empty.")
        elif isinstance(option.value, str) and limit and len(option.value) > limit:
            wrong[line.name] = N_("Both together are too long; choose one.")
    if not wrong:
        wrong = _refused(session, kept, other, values)
    if wrong:
        raise Invalid(wrong)
    return values


def _refused(session: Session, kept: Any, other: Any, values: Mapping[str, Any]) -> dict[str, Text | str]:
    """What the values together must not be."""
    if not isinstance(kept, Customer):
        return {}
    if values["phone2"] is not None and values["phone2"] == values["phone"]:
        return {"phone2": N_("This is the first phone already.")}
    if values["kind"] == CustomerKind.LOST and not values["lost_reason"]:
        return {"lost_reason": N_("Say why the customer was lost.")}
    taken = customers.standing_with(session, values["name"], values["phone"], except_ids=(kept.id, other.id))
    if taken is not None:
        return {"phone": N_("%(number)s has this name and phone already. Merge it first.") % {"number": taken}}
    return {}


def decide(session: Session, one: Any, other: Any, state: PairState, *, actor: User, at: datetime) -> None:
    """Note on the pair, where there is one, what was said of it."""
    first, second = sorted((one.id, other.id))
    pair = session.scalars(
        select(DuplicatePair).where(
            DuplicatePair.kind == one.KIND, DuplicatePair.first_id == first, DuplicatePair.second_id == second
        )
    ).one_or_none()
    if pair is not None:
        pair.state = state
        pair.decided_at, pair.decided_by_id = (None, None) if state == PairState.OPEN else (at, actor.id)


def _touch(record: Any, actor: User, at: datetime) -> None:
    record.updated_at, record.updated_by_id = at, actor.id


def _tell(session: Session, kept: Any, other: Any, action: str, actor: User, at: datetime) -> None:
    """One event on each of the two."""
    for record, way, one in ((kept, "into", other), (other, "away", kept)):
        name = f"{title_of(one)} {one.number}" if title_of(one) != one.number else one.number
        said = {"name": name, "code": record.number}
        events.record(session, EventKind.CHANGE, at=at, actor=actor, record=record, action=f"{action}-{way}", **said)


# ---------- Undoing ----------


def merges(user: User, kind: str) -> Select[Merge]:
    """Merges whose kept record the person sees."""
    model = KINDS[kind].model
    seen = select(model.id).where(model.id == Merge.kept_id, visibility.condition(user, model)).exists()
    return select(Merge).where(Merge.kind == kind, seen)


def undo_until(done: Merge) -> datetime:
    """Until when a merge can be undone."""
    return done.at + timedelta(days=UNDO_DAYS)


def why_not_undone(session: Session, done: Merge, *, at: datetime) -> Text | None:
    """Why a merge cannot be undone; None: it can."""
    if done.undone_at is not None:
        return N_("It was undone already.")
    if at > undo_until(done):
        return N_("It is older than %(days)s days.") % {"days": UNDO_DAYS}
    model = KINDS[done.kind].model
    kept, other = session.get(model, done.kept_id), session.get(model, done.merged_id)
    if kept is None or other is None:
        return N_("One of the two records is gone.")
    if kept.merged_into_id is not None:
        return N_("%(number)s was merged into another record since. Undo that first.") % {"number": done.kept_number}
    later = select(Merge.merged_number).where(
        Merge.kind == done.kind, Merge.kept_id == done.kept_id, Merge.undone_at.is_(None), Merge.id > done.id
    )
    if (number := session.scalar(later.order_by(Merge.id.desc()).limit(1))) is not None:
        return N_("%(number)s was merged into the same record later. Undo that first.") % {"number": number}
    return None


def undo(session: Session, done: Merge, *, actor: User, at: datetime) -> Merge:
    """Put back what a merge took over and moved; what was changed since stays and is named. Raises DomainError."""
    if not may(actor, Permission.CUSTOMER_MERGE):
        raise NotPermitted(N_("Specialists and managers merge records."))
    kind = KINDS[done.kind]
    kept, other = _lock(session, kind.model, done.kept_id, done.merged_id)
    _check_branch(actor, kept, other)
    session.refresh(done)  # whoever else undoes it has held the two records until now
    if (reason := why_not_undone(session, done, at=at)) is not None:
        raise DomainError(reason)
    back, left = {}, []
    for name, (old, new) in done.changes.items():
        if same(events.plain(getattr(kept, name)), new):
            back[name] = _typed(kind.model, name, old)
        else:
            left.append(name)
    apply(session, kept, back, kind.fields, actor=actor, at=at, reason=N_("A merge was undone").message)
    kind.settle(kept)
    _touch(kept, actor, at)
    session.flush()
    if isinstance(other, Customer):
        taken = customers.standing_with(session, other.name, other.phone, except_ids=(other.id,))
        if taken is not None:
            raise DomainError(
                N_("%(number)s has the name and phone of %(other)s now. Change one of them first.")
                % {"number": taken, "other": other.number}
            )
    other.merged_into_id = None
    _touch(other, actor, at)
    rows_left = links.put_back(session, done.moved)
    done.undone_at, done.undone_by_id, done.left = at, actor.id, {"fields": left, "links": rows_left}
    decide(session, kept, other, PairState.OPEN, actor=actor, at=at)
    _tell(session, kept, other, "unmerged", actor, at)
    return done


def follow_up(session: Session, *, at: datetime) -> int:
    """Let what came to a merged record while it was merged follow to the kept one; gives how many rows."""
    late = 0
    recent = select(Merge).where(Merge.undone_at.is_(None), Merge.at > at - timedelta(days=2)).order_by(Merge.id)
    for done in session.scalars(recent).all():
        model = KINDS[done.kind].model
        other = session.get(model, done.merged_id)
        kept = session.get(model, other.merged_into_id) if other is not None and other.merged_into_id else None
        if kept is None:
            continue
        try:
            with session.begin_nested():
                moved = links.move(session, other, kept)
        except links.Clash:
            continue
        if moved and kept.id == done.kept_id:
            done.moved = [*done.moved, *moved]
        late += sum(len(group["keys"]) for group in moved)
    return late


def _typed(model: type[Any], name: str, value: Any) -> Any:
    """A value as the column keeps it, from what JSON kept."""
    kind = model.__table__.c[name].type
    if value is None:
        return None
    if isinstance(kind, Numeric):
        return Decimal(value)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    return value


def is_mergeable(record: Any) -> bool:
    """Whether records of this type can be merged."""
    return record.KIND in KINDS


def moved_counts(done: Merge) -> list[tuple[str, int]]:
    """How much moved, by what people call it."""
    found: dict[str, int] = {}
    for group in done.moved:
        said = str(links.label(group["table"]))
        found[said] = found.get(said, 0) + len(group["keys"])
    return list(found.items())


def taken_over(session: Session, done: Merge) -> list[tuple[str, str, str]]:
    """What the kept record took over: (label, before, after)."""
    fields = KINDS[done.kind].fields

    def text(shown: Field, value: Any) -> str:
        if shown.target is not None and value is not None:
            found = session.get(shown.target, value)
            return name_of(found) if found is not None else str(value)
        return shown.text(value)

    return [
        (str(fields[name].label), text(fields[name], old), text(fields[name], new))
        for name, (old, new) in done.changes.items()
        if name in fields
    ] or []


def left_text(done: Merge) -> str:
    """What undoing left as it was, as a sentence; empty: nothing."""
    left = done.left or {}
    fields = [str(KINDS[done.kind].fields[name].label) for name in left.get("fields", ())]
    said = []
    if fields:
        said.append(_("Changed since and left as they are: %(fields)s.", fields="、".join(fields)))
    if left.get("links"):
        said.append(_("%(count)s linked records had gone elsewhere and stay there.", count=left["links"]))
    return "".join(said)
