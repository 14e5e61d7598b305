"""Closed lists of values with their labels: `Severity.MAJOR` is stored as text and shown as 重大."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from sqlalchemy import CheckConstraint

from portal.i18n import Text


class Term(StrEnum):
    """A StrEnum whose members carry an English label; its translation context is the class name."""

    label: Text

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = Text(label, cls.__name__)
        return member

    @classmethod
    def choices(cls) -> list[tuple[str, Text]]:
        """(value, label) pairs for a select field."""
        return [(member.value, member.label) for member in cls]

    @classmethod
    def show(cls, value: str | None) -> str:
        """The label of a stored value; a dash for none; the value itself when the list no longer knows it."""
        if value is None:
            return "–"
        return str(cls(value).label) if value in cls._value2member_map_ else value


def one_of(column: str, terms: type[StrEnum], *, nullable: bool = False) -> CheckConstraint:
    """The constraint that keeps a text column inside its list."""
    values = ", ".join(f"'{member.value}'" for member in terms)
    rule = f"{column} IN ({values})"
    return CheckConstraint(f"{column} IS NULL OR {rule}" if nullable else rule, name=f"{column}_known")
