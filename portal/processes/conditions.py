"""Conditions as data: looked at here, and word for word the same by a phone that has no network.

A rule of a process that a phone must know stands here once. `condition(facts)` looks at a record; `condition.data` is the
same as JSON for `static/js/conditions.js`. Facts are named as the record's attributes; a name with a dot looks into one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Facts = Any
"""The record, or anything with the same attributes; one line of a list where a condition looks at lines."""
NOTHING = Decimal(0)


def fact(facts: Facts, name: str) -> Any:
    """What a record says under a name; None: nothing."""
    for part in name.split("."):
        facts = facts.get(part) if isinstance(facts, Mapping) else getattr(facts, part, None)
        if facts is None:
            return None
    return facts


class Condition:
    """Something that holds of a record or does not."""

    def __call__(self, facts: Facts) -> bool:
        """Whether it holds."""
        raise NotImplementedError

    @property
    def data(self) -> list[Any]:
        """The same for the phone: the operator, then what it is about."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Says(Condition):
    """There is something under the name: ticked, written, not empty."""

    name: str

    def __call__(self, facts: Facts) -> bool:
        return bool(fact(facts, self.name))

    @property
    def data(self) -> list[Any]:
        return ["says", self.name]


@dataclass(frozen=True, slots=True)
class Given(Condition):
    """Something stands under the name, a nought too."""

    name: str

    def __call__(self, facts: Facts) -> bool:
        return fact(facts, self.name) is not None

    @property
    def data(self) -> list[Any]:
        return ["given", self.name]


@dataclass(frozen=True, slots=True)
class Is(Condition):
    """What stands under the name is one of these values."""

    name: str
    values: tuple[str, ...]

    def __call__(self, facts: Facts) -> bool:
        return fact(facts, self.name) in self.values

    @property
    def data(self) -> list[Any]:
        return ["is", self.name, [str(value) for value in self.values]]


@dataclass(frozen=True, slots=True)
class Same(Condition):
    """The same stands under both names."""

    name: str
    other: str

    def __call__(self, facts: Facts) -> bool:
        return bool(fact(facts, self.name) == fact(facts, self.other))

    @property
    def data(self) -> list[Any]:
        return ["same", self.name, self.other]


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """The other does not hold."""

    other: Condition

    def __call__(self, facts: Facts) -> bool:
        return not self.other(facts)

    @property
    def data(self) -> list[Any]:
        return ["not", self.other.data]


@dataclass(frozen=True, slots=True)
class Every(Condition):
    """All of them hold."""

    others: tuple[Condition, ...]

    def __call__(self, facts: Facts) -> bool:
        return all(other(facts) for other in self.others)

    @property
    def data(self) -> list[Any]:
        return ["every", [other.data for other in self.others]]


@dataclass(frozen=True, slots=True)
class Some(Condition):
    """At least one of them holds."""

    others: tuple[Condition, ...]

    def __call__(self, facts: Facts) -> bool:
        return any(other(facts) for other in self.others)

    @property
    def data(self) -> list[Any]:
        return ["some", [other.data for other in self.others]]


@dataclass(frozen=True, slots=True)
class Has(Condition):
    """The list has a line of which the condition holds."""

    name: str
    where: Condition

    def __call__(self, facts: Facts) -> bool:
        return any(self.where(line) for line in fact(facts, self.name) or ())

    @property
    def data(self) -> list[Any]:
        return ["has", self.name, self.where.data]


class Amount:
    """Something that is counted together of a record, in yuan or as a number."""

    def __call__(self, facts: Facts) -> Decimal:
        """How much it is."""
        raise NotImplementedError

    @property
    def data(self) -> list[Any]:
        """The same for the phone."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Total(Amount):
    """The sum of what stands under the names; nothing counts as zero. `only_if`: else it is zero altogether."""

    names: tuple[str, ...]
    only_if: Condition | None = None

    def __call__(self, facts: Facts) -> Decimal:
        if self.only_if is not None and not self.only_if(facts):
            return NOTHING
        return sum((Decimal(fact(facts, name) or 0) for name in self.names), NOTHING)

    @property
    def data(self) -> list[Any]:
        return ["total", list(self.names), self.only_if.data if self.only_if is not None else None]


@dataclass(frozen=True, slots=True)
class SumOf(Amount):
    """The sum over the lines of a list of which the condition holds."""

    name: str
    of: str
    where: Condition

    def __call__(self, facts: Facts) -> Decimal:
        return sum((fact(line, self.of) for line in fact(facts, self.name) or () if self.where(line)), NOTHING)

    @property
    def data(self) -> list[Any]:
        return ["sum", self.name, self.of, self.where.data]


@dataclass(frozen=True, slots=True)
class Fixed(Amount):
    """A number of the rule itself."""

    value: int

    def __call__(self, facts: Facts) -> Decimal:
        return Decimal(self.value)

    @property
    def data(self) -> list[Any]:
        return ["fixed", self.value]


@dataclass(frozen=True, slots=True)
class AtMost(Condition):
    """One amount is not above the other."""

    less: Amount
    more: Amount

    def __call__(self, facts: Facts) -> bool:
        return self.less(facts) <= self.more(facts)

    @property
    def data(self) -> list[Any]:
        return ["at-most", self.less.data, self.more.data]


def names_in(data: Any) -> set[str]:
    """Each name that a condition as data looks up on the record itself."""
    if not isinstance(data, list) or not data:
        return set()
    match data[0]:
        case "says" | "given" | "is" | "has" | "sum":
            return {data[1]}
        case "same":
            return {data[1], data[2]}
        case "not":
            return names_in(data[1])
        case "every" | "some":
            return {name for other in data[1] for name in names_in(other)}
        case "total":
            return {*data[1]} | names_in(data[2])
        case "at-most":
            return names_in(data[1]) | names_in(data[2])
    return set()
