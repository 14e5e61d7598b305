"""The fields of an import from what a record's service says already: labels, closed lists, links, types, lengths."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, get_args, get_type_hints

from sqlalchemy import String

from portal.i18n import N_, Text
from portal.imports import mapping, values, words
from portal.imports.mapping import NUMBER, VERSION, Need
from portal.models.consultation import Channel
from portal.models.customer import CustomerGrade, CustomerKind, CustomerSource
from portal.models.org import Department
from portal.models.project import ProjectKind
from portal.models.repair import CostBearer, Evaluation
from portal.permissions import ROLE_LABELS, Role
from portal.processes.repair import Cause, InWarranty, Trade, Urgency
from portal.services import repairs
from portal.services.fields import Field, is_phone

LONGEST = 2000
"""Characters of a text whose column has no length of its own, as on the forms."""

USUAL_WORDS: Mapping[Any, Mapping[str, str]] = {
    CustomerSource: words.SOURCE,
    CustomerKind: words.CUSTOMER_KIND,
    CustomerGrade: words.GRADE,
    ProjectKind: words.PROJECT_KIND,
    Department: words.DEPARTMENT,
    Channel: words.CHANNEL,
    Trade: words.TRADE,
    Urgency: words.URGENCY,
    InWarranty: words.IN_WARRANTY,
    Cause: words.CAUSE,
    CostBearer: words.BEARER,
    Evaluation: words.EVALUATION,
    repairs.Standing: words.REPAIR_STANDING,
}
"""What ledgers write for the codes of a closed list, beside the labels."""


class Roles:
    """The roles as a closed list with labels."""

    @staticmethod
    def show(value: str | None) -> str:
        """The role as people call it."""
        return str(ROLE_LABELS[Role(value)]) if value in ROLE_LABELS else value or "–"

    @staticmethod
    def choices() -> list[tuple[str, Text]]:
        """(code, label) pairs."""
        return [(role.value, role.label) for role in Role]


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link of an import leads."""

    model: Any
    number: str = "number"
    name: str = ""
    """The column that may be written instead of the number, when only one record has it."""
    only: Any = None
    """A further condition, given the model."""
    through: Any = None
    """A relationship from another numbered record that belongs to the one meant, whose number may be written as well."""


def of_service(
    labels: Mapping[str, Field],
    command: Any,
    model: Any,
    *,
    leave_out: Iterable[str] = (),
    required: Iterable[str] = (),
) -> list[mapping.Field]:
    """A field for each value of the command that makes a record, in its order; what has no default is required."""
    hints = get_type_hints(command)
    made = []
    for item in fields(command):
        if item.name in leave_out or item.name not in labels:
            continue
        must = (item.default is MISSING and item.default_factory is MISSING) or item.name in required
        made.append(_derive(item.name, labels[item.name], _bare(hints[item.name]), model, must=must))
    return made


def _bare(hint: Any) -> Any:
    """The type without None."""
    if isinstance(hint, UnionType):
        return next(part for part in get_args(hint) if part is not NoneType)
    return hint


def _derive(name: str, said: Field, kind: Any, model: Any, *, must: bool) -> mapping.Field:
    need = Need.REQUIRED if must else Need.OPTIONAL
    made = mapping.Field(name, said.label, values.text(200), "", need, is_never_empty=_is_never_empty(model, name))
    if said.target is not None:
        return replace(made, is_link=True, hint=NUMBER_OR_NAME)
    if said.terms is not None:
        return of_terms(made, said.terms)
    if is_phone(said) or name == "phone":
        return replace(made, read=values.phone_or_mask)
    if name == "email":
        return replace(made, read=values.email)
    return replace(made, **_by_type(name, kind, model))


def _is_never_empty(model: Any, name: str) -> bool:
    """Whether the column takes no empty value; yes and no, and amounts that may be 0, are cleared to these."""
    column = model.__table__.c.get(name)
    return column is not None and not column.nullable and column.type.python_type not in (bool, Decimal)


def _by_type(name: str, kind: Any, model: Any) -> dict[str, Any]:
    if name == "area":
        return {"read": values.area}
    if kind is bool:
        return {"read": values.yes_no(), "hint": N_("Yes or no", "import")}
    if kind is datetime:
        return {"read": values.moment, "hint": N_("Year-month-day hour:minute", "import")}
    if kind is date:
        return {"read": values.day, "hint": N_("Year-month-day", "import")}
    if kind is Decimal:
        return {"read": values.amount_or_nothing, "hint": N_("Yuan", "import")}
    if kind is int:
        return {"read": values.whole(0, 100_000)}
    column = getattr(model, name).type
    length = column.length if isinstance(column, String) and column.length else LONGEST
    if name in ("name", "representative", "signed_by_company"):
        return {"read": values.name if length >= 50 else values.text(length)}
    return {"read": values.lines(length) if length > 200 else values.text(length)}


NUMBER_OR_NAME = N_("Number, or a name that only one has", "import")


def of_terms(made: mapping.Field, terms: Any) -> mapping.Field:
    """The field as a closed list: its labels in every language, its codes, and what ledgers write."""
    codes = tuple(code for code, _label in terms.choices())

    @cache
    def reader() -> values.Reader:
        known = {code.casefold(): code for code in codes}
        for code, label in terms.choices():
            known |= {_folded(text): code for text in mapping.in_every_language([label])}
        usual = {word: code for word, code in USUAL_WORDS.get(terms, {}).items() if code in codes}
        return values.word({**usual, **known}, codes)

    return replace(made, read=lambda value: reader()(value), choices=codes, terms=terms)


def _folded(text: str) -> str:
    return re.sub(r"\s+", "", values.narrow(text)).casefold()


def number_field(label: Text, read: values.Reader = values.contract_number, *, must: bool = False) -> mapping.Field:
    """The field that says which record is meant."""
    return mapping.Field(NUMBER, label, read, "", Need.REQUIRED if must else Need.OPTIONAL)


VERSION_LABEL = N_("Version of the record", "import")


def version_field() -> mapping.Field:
    """The field that says which version of the record the file shows."""
    return mapping.Field(VERSION, VERSION_LABEL, values.whole(0, 10**9), "")


def named(made: Iterable[mapping.Field], headers: Mapping[str, Sequence[Text]]) -> tuple[mapping.Field, ...]:
    """The fields with the headers that mean them: their labels, and what lists and exports call them."""
    return tuple(replace(item, headers=(item.label, *headers.get(item.key, ()))) for item in made)
