"""Conditions of one's own: any or all of several, nested, each a field, an operator that fits it, and values.

In the URL they are one JSON text, `where=["all",["category","is","QUALITY"],["any",["received","in","last-month"],
["owner","me"]]]`; "none" in place of "any" turns a group around. As everywhere in the engine the statement is built
for the shape (`Shape`: everything but the values) and kept, the values fill it. Source: the feature bar, line 5.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Date, Integer, Numeric, String, and_, bindparam, false, func, not_, or_
from sqlalchemy.orm import Session

from portal import clock, formatting
from portal.db import UtcDateTime
from portal.i18n import N_, Text, _, _p
from portal.listing import passages, terms
from portal.listing.declaration import Listing
from portal.listing.fields import PASSAGES, Field, Kind, fields_of
from portal.listing.kinds import search
from portal.listing.terms import Word
from portal.visibility import Viewer, turn_of

LONGEST, DEEPEST, MOST, MOST_VALUES = 4_000, 3, 20, 20
"""Limits of a text in the URL: signs, groups in groups, conditions, values of one condition."""
UNREADABLE = N_("The conditions of this link cannot be read and were left out.")
GROUPS = {"all": N_("all of these"), "any": N_("any of these"), "none": N_("none of these")}


class Unreadable(ValueError):
    """The text is no condition on this list."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A field, an operator, and the values as they stand in the URL."""

    field: str
    operator: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Several tests or groups: all, any or none of them."""

    how: str
    parts: tuple[Asked | Group, ...]


@dataclass(frozen=True, slots=True)
class Operator:
    """What a field can be asked. `values`: how many it takes; None: one or more, which are alternatives."""

    key: str
    label: Text
    values: int | None = 1
    span: bool = False
    """The value is a named stretch of days."""


IS, IS_NOT = Operator("is", N_("is", "operator"), None), Operator("not", N_("is not", "operator"), None)
EMPTY, FILLED = Operator("empty", N_("is empty", "operator"), 0), Operator("filled", N_("is filled in", "operator"), 0)
TIMES = (
    Operator("in", N_("in", "operator"), 1, span=True),
    Operator("on", N_("on", "operator")),
    Operator("from", N_("from", "operator")),
    Operator("until", N_("until", "operator")),
    Operator("between", N_("between", "operator"), 2),
    EMPTY,
    FILLED,
)
_OPERATORS: dict[Kind, tuple[Operator, ...]] = {
    Kind.TEXT: (
        Operator("contains", N_("contains", "operator")),
        Operator("lacks", N_("does not contain", "operator")),
        Operator("begins", N_("begins with", "operator")),
        Operator("equals", N_("is exactly", "operator")),
        EMPTY,
        FILLED,
    ),
    Kind.PASSAGES: (
        Operator("contains", N_("contains", "operator")),
        Operator("lacks", N_("does not contain", "operator")),
    ),
    Kind.NUMBER: (
        Operator("eq", N_("equals", "operator")),
        Operator("least", N_("is at least", "operator")),
        Operator("most", N_("is at most", "operator")),
        Operator("between", N_("between", "operator"), 2),
        EMPTY,
        FILLED,
    ),
    Kind.DAY: TIMES,
    Kind.MOMENT: TIMES,
    Kind.TERM: (IS, IS_NOT, EMPTY, FILLED),
    Kind.LINK: (IS, IS_NOT, Operator("me", N_("is me", "operator"), 0), EMPTY, FILLED),
    Kind.YES: (Operator("yes", N_("yes", "operator"), 0), Operator("no", N_("no", "operator"), 0)),
}

_OPERATORS[Kind.PLACES] = _OPERATORS[Kind.PASSAGES][:1]

SPANS: dict[str, Text] = {
    "today": N_("today", "span"),
    "yesterday": N_("yesterday", "span"),
    "tomorrow": N_("tomorrow", "span"),
    "this-week": N_("this week", "span"),
    "last-week": N_("last week", "span"),
    "next-week": N_("next week", "span"),
    "this-month": N_("this month", "span"),
    "last-month": N_("last month", "span"),
    "next-month": N_("next month", "span"),
    "this-quarter": N_("this quarter", "span"),
    "this-year": N_("this year", "span"),
    "last-year": N_("last year", "span"),
    "last-7-days": N_("the last 7 days", "span"),
    "last-30-days": N_("the last 30 days", "span"),
    "next-7-days": N_("the next 7 days", "span"),
    "next-30-days": N_("the next 30 days", "span"),
}


def span(name: str, today: date) -> tuple[date, date]:
    """The stretch of days, [from, to). Weeks begin on Monday; the last 7 days include today."""
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    year = date(today.year, 1, 1)
    quarter = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    day, week = timedelta(days=1), timedelta(weeks=1)
    return {
        "today": (today, today + day),
        "yesterday": (today - day, today),
        "tomorrow": (today + day, today + 2 * day),
        "this-week": (monday, monday + week),
        "last-week": (monday - week, monday),
        "next-week": (monday + week, monday + 2 * week),
        "this-month": (first, _month(first, 1)),
        "last-month": (_month(first, -1), first),
        "next-month": (_month(first, 1), _month(first, 2)),
        "this-quarter": (quarter, _month(quarter, 3)),
        "this-year": (year, date(today.year + 1, 1, 1)),
        "last-year": (date(today.year - 1, 1, 1), year),
        "last-7-days": (today - 6 * day, today + day),
        "last-30-days": (today - 29 * day, today + day),
        "next-7-days": (today, today + 7 * day),
        "next-30-days": (today, today + 30 * day),
    }[name]


def _month(first: date, months: int) -> date:
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


# ---------- Reading and writing ----------


def read(listing: Listing, text: str) -> Group:
    """The conditions of a URL. Raises Unreadable for anything that is none on this list."""
    if len(text) > LONGEST:
        raise Unreadable("too long")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable("no JSON") from error
    group = _read(listing, found, 1)
    if not isinstance(group, Group) or sum(1 for _test in tests(group)) > MOST:
        raise Unreadable("no group of at most MOST")
    return group


def _read(listing: Listing, found: Any, depth: int) -> Asked | Group:
    if not isinstance(found, list) or not found or depth > DEEPEST + 1:
        raise Unreadable("no list")
    first, *rest = found
    if isinstance(first, str) and first in GROUPS:
        if depth > DEEPEST:
            raise Unreadable("too deep")
        return Group(first, tuple(_read(listing, part, depth + 1) for part in rest))
    if not all(isinstance(part, str) for part in found):
        raise Unreadable("neither group nor test")
    return check(listing, Asked(first, rest[0] if rest else "", tuple(rest[1:])))


def check(listing: Listing, test: Asked) -> Asked:
    """The test as it is. Raises Unreadable when field, operator or a value do not fit."""
    field = fields_of(listing).get(test.field)
    operator = operator_of(field, test.operator) if field is not None else None
    if field is None or operator is None:
        raise Unreadable("unknown field or operator")
    wanted = operator.values
    if not (1 <= len(test.values) <= MOST_VALUES if wanted is None else len(test.values) == wanted):
        raise Unreadable("wrong number of values")
    for value in test.values:
        if operator.span:
            if value not in SPANS:
                raise Unreadable("unknown span")
        else:
            _value(field, value)
    return test


def operators(field: Field) -> list[Operator]:
    """What the field can be asked."""
    return [operator for operator in _OPERATORS[field.kind] if operator.key != "me" or field.is_person]


def operator_of(field: Field, key: str) -> Operator | None:
    """The operator of that key, if it fits the field."""
    return next((operator for operator in operators(field) if operator.key == key), None)


def write(part: Asked | Group) -> str:
    """The conditions as they stand in the URL."""
    return json.dumps(_plain(part), ensure_ascii=False, separators=(",", ":"))


def _plain(part: Asked | Group) -> list[Any]:
    if isinstance(part, Asked):
        return [part.field, part.operator, *part.values]
    return [part.how, *(_plain(each) for each in part.parts)]


def tests(part: Asked | Group) -> Iterator[Asked]:
    """All tests, in their order."""
    if isinstance(part, Asked):
        yield part
    else:
        for each in part.parts:
            yield from tests(each)


def words(listing: Listing, part: Asked | Group, name_of: Callable[[Field, str], str]) -> str:
    """The conditions as a sentence. `name_of` names the record of a link."""
    if isinstance(part, Asked):
        field = fields_of(listing)[part.field]
        operator = operator_of(field, part.operator)
        assert operator is not None
        shown = [_shown(field, operator, value, name_of) for value in part.values]
        between = _p("condition", " and ") if operator.key == "between" else _p("condition", " or ")
        return " ".join(filter(None, (str(field.label), str(operator.label), between.join(shown))))
    joined = (_p("condition", "; and ") if part.how == "all" else _p("condition", "; or ")).join(
        words(listing, each, name_of) for each in part.parts
    )
    return _("none of: %(conditions)s", conditions=joined) if part.how == "none" else joined


def _shown(field: Field, operator: Operator, value: str, name_of: Callable[[Field, str], str]) -> str:
    if operator.span:
        return str(SPANS[value])
    if field.kind is Kind.TERM and field.choice is not None:
        return field.choice.read(value)
    if field.kind is Kind.LINK:
        return name_of(field, value)
    if field.kind in (Kind.DAY, Kind.MOMENT):
        return formatting.full_date(date.fromisoformat(value))
    return value


def _value(field: Field, text: str) -> Any:
    """A value of the URL as the field keeps it. Raises Unreadable."""
    try:
        match field.kind:
            case Kind.TEXT | Kind.PLACES:
                said = terms.normalised(text)
                if not said:
                    raise Unreadable("nothing to look for")
                return said
            case Kind.PASSAGES:
                said = passages.meant(text)
                if len(said) < passages.SHORTEST:
                    raise Unreadable("too short")
                return said
            case Kind.NUMBER:
                number = Decimal(text)
                if not number.is_finite() or abs(number) >= 10**12:
                    raise Unreadable("too large")
                return number
            case Kind.DAY | Kind.MOMENT:
                day = date.fromisoformat(text)
                if not 1900 <= day.year <= 2200:
                    raise Unreadable("no date of ours")
                return day
            case Kind.TERM | Kind.LINK:
                if field.choice is None or not field.choice.takes(text):
                    raise Unreadable("unknown choice")
                return int(text) if field.kind is Kind.LINK else text
    except (ValueError, InvalidOperation) as error:
        raise Unreadable(str(error)) from error
    raise Unreadable("takes no value")


# ---------- Asking ----------


@dataclass(frozen=True, slots=True)
class Shape:
    """The conditions without their values: equal shapes share a statement. `counts` are the numbers of values."""

    part: Asked | Group
    counts: tuple[int, ...]
    tried: frozenset[int] = frozenset()
    """The tests, by their place, on what many records say: tried on each row, the others are gathered."""
    words: tuple[tuple[Word, ...], ...] = ()
    """Of each test the words that are looked for in places."""
    common: frozenset[int] = frozenset()
    """Those of them, by their place, that many records fit: tried on each row as well."""

    @property
    def narrows(self) -> bool:
        """Whether a text that few records say, or a word that few fit, is among what all must hold."""
        top = isinstance(self.part, Group) and self.part.how == "all"
        return top and any(
            any(word.place not in self.common for word in words)
            or (test.field == PASSAGES and test.operator == "contains" and place not in self.tried)
            for place, (test, words) in enumerate(zip(tests(self.part), self.words, strict=True))
            if isinstance(self.part, Group) and any(test is each for each in self.part.parts)
        )


def ask(listing: Listing, group: Group, at: datetime) -> tuple[Shape, dict[str, Any]]:
    """The shape of the conditions, and what fills its placeholders: `where_<test>_<value>`."""
    values: dict[str, Any] = {}
    counts, words = [], []
    for place, test in enumerate(tests(group)):
        field = fields_of(listing)[test.field]
        typed = _typed(field, test, place)
        filling = [] if field.places is not None else _filling(listing, field, test, at)
        counts.append(len(filling))
        words.append(typed.words)
        values |= {f"where_{place}_{number}": value for number, value in enumerate(filling)} | dict(typed.values)
    return Shape(_bare(group), tuple(counts), words=tuple(words)), values


def _typed(field: Field, test: Asked, place: int) -> search.Typed:
    """The words of a test that are looked for in places; apart from those of the box and of other tests by their place."""
    return search.Typed() if field.places is None else search.read(test.values[0], (place + 1) * 100)


def common(session: Session, listing: Listing, group: Group) -> frozenset[int]:
    """The words looked for in places that many records fit, by their place."""
    found: frozenset[int] = frozenset()
    for place, test in enumerate(tests(group)):
        field = fields_of(listing)[test.field]
        if field.places is not None:
            typed = _typed(field, test, place)
            found |= search.many(
                session, f"{listing.kind}.{field.key}", field.places, typed, times=search.times_on_a_page(session)
            )
    return found


def said_by_many(session: Session, listing: Listing, group: Group) -> frozenset[int]:
    """The tests on texts that many records fit, by their place."""
    fields = fields_of(listing)
    return frozenset(
        place
        for place, test in enumerate(tests(group))
        if fields[test.field].kind is Kind.PASSAGES
        and passages.fits_many(session, listing.kind, passages.meant(test.values[0]))
    )


def _bare(part: Asked | Group) -> Asked | Group:
    if isinstance(part, Asked):
        return Asked(part.field, part.operator)
    return Group(part.how, tuple(_bare(each) for each in part.parts))


def _filling(listing: Listing, field: Field, test: Asked, at: datetime) -> list[Any]:
    if test.operator == "in":
        return [*_bounds(field, *span(test.values[0], clock.today(at)))]
    given = [_value(field, value) for value in test.values]
    if field.kind is Kind.PASSAGES:
        return passages.asked(listing.kind, given[0])
    if field.kind in (Kind.DAY, Kind.MOMENT) and given:
        first, last = min(given), max(given)
        start, end = _bounds(field, first, last + timedelta(days=1))
        return {"on": [start, end], "between": [start, end], "from": [start], "until": [end]}[test.operator]
    if field.kind is Kind.NUMBER and test.operator == "between":
        return sorted(given)
    if test.operator in ("contains", "lacks"):
        return [terms.pattern(given[0])]
    if test.operator == "begins":
        return [terms.pattern(given[0])[1:]]
    return given


def _bounds(field: Field, start: date, end: date) -> tuple[Any, Any]:
    if field.kind is Kind.DAY:
        return start, end
    return clock.at_local(start), clock.at_local(end)


def condition(listing: Listing, shape: Shape, viewer: Viewer) -> ColumnElement[bool]:
    """The conditions on the rows of the list, with placeholders. What is empty is neither equal nor unequal to a value,
    but "is not" and "does not contain" hold for it, as people expect."""
    counts = iter(enumerate(zip(shape.counts, shape.words, strict=True)))

    def build(part: Asked | Group) -> ColumnElement[bool]:
        if isinstance(part, Asked):
            place, (count, words) = next(counts)
            field = fields_of(listing)[part.field]
            if field.places is not None:
                return and_(*search.conditions(field.places, words, shape.common))
            marks = [bindparam(f"where_{place}_{number}", type_=_type(field)) for number in range(count)]
            if field.kind is Kind.PASSAGES:
                said, phrase, pattern = marks
                many = place in shape.tried
                found = (
                    passages.tried(listing.model, pattern) if many else passages.gathered(listing.model, said, phrase)
                )
                return found if part.operator == "contains" else not_(found)
            if field.rows is not None:
                return _elsewhere(listing, field, part.operator, marks, viewer)
            return _test(field, part.operator, marks, viewer)
        parts = [build(each) for each in part.parts]
        if part.how == "all":
            return and_(*parts) if parts else not_(false())
        if part.how == "any":
            return or_(*parts) if parts else false()
        return not_(func.coalesce(or_(*parts), false())) if parts else not_(false())

    return build(shape.part)


def _type(field: Field) -> Any:
    return {
        Kind.TEXT: String(), Kind.PASSAGES: String(), Kind.PLACES: String(), Kind.NUMBER: Numeric(18, 4), Kind.DAY: Date(), Kind.MOMENT: UtcDateTime(),
        Kind.TERM: String(), Kind.LINK: Integer(), Kind.YES: Boolean(),
    }[field.kind]  # fmt: skip


def _elsewhere(listing: Listing, field: Field, operator: str, marks: list[Any], viewer: Viewer) -> ColumnElement[bool]:
    """A condition on rows beside the record: that there is such a row, or that there is none."""
    positive = {"not": "is", "empty": "filled"}.get(operator, operator)
    found: ColumnElement[bool] = listing.model.id.in_(field.rows.where(_test(field, positive, marks, viewer)))
    return found if positive == operator else not_(found)


def _test(field: Field, operator: str, marks: list[Any], viewer: Viewer) -> ColumnElement[bool]:
    column: Any = field.column
    empty = column.is_(None)
    if field.kind is Kind.TEXT:
        empty = or_(empty, column == "")
    match operator:
        case "empty":
            found = empty
        case "filled":
            found = not_(empty)
        case "is":
            found = or_(*(column == mark for mark in marks))
        case "not":
            found = or_(empty, and_(*(column != mark for mark in marks)))
        case "me":
            found = turn_of(viewer, column)
        case "yes" | "no":
            found = column.is_(operator == "yes")
        case "contains" | "begins":
            found = column.ilike(marks[0], escape="/")
        case "lacks":
            found = or_(empty, not_(column.ilike(marks[0], escape="/")))
        case "equals" | "eq":
            found = column == marks[0]
        case "least" | "from":
            found = column >= marks[0]
        case "most":
            found = column <= marks[0]
        case "until":
            found = column < marks[0]
        case "between" if field.kind is Kind.NUMBER:
            found = and_(column >= marks[0], column <= marks[1])
        case "in" | "on" | "between":
            found = and_(column >= marks[0], column < marks[1])
        case _:
            raise ValueError(operator)
    return found
