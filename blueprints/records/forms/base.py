"""What all record forms share: labels and order from one place, the version seen, the comparison after a conflict."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from wtforms import BooleanField, SelectField

from blueprints.fields import MoneyField
from blueprints.forms import Form, HiddenField
from portal.i18n import Text, _
from portal.services.fields import Field, name_of, same


class Difference(NamedTuple):
    """A field that two people left otherwise, for people to read."""

    name: str
    label: str
    mine: str
    saved: str


class RecordForm(Form):
    """A form for making and for changing a record; its fields are named as the record's."""

    client_key = HiddenField()
    version = HiddenField()

    SECTIONS: ClassVar[tuple[tuple[Text, tuple[str, ...]], ...]] = ()
    """Headings with the names of the fields under them, in order."""
    FIELDS: ClassVar[Mapping[str, Field]] = {}
    WIDE: ClassVar[frozenset[str]] = frozenset({"remarks", "needs", "lost_reason"})

    def sections(self) -> list[tuple[str, list[Any]]]:
        """Headings with their fields, for the template; fields a person may not set are left out."""
        found = [
            (str(title), [self._fields[name] for name in names if name in self._fields])
            for title, names in self.SECTIONS
        ]
        return [(title, fields) for title, fields in found if fields]

    def fill(self, record: Any) -> None:
        """What a fresh form shows of a record beyond the fields of the same name."""

    def seen_version(self) -> int:
        """The version of the record that the person looked at; -1 when the form does not say."""
        text = self.version.data or ""
        return int(text) if text.isdecimal() and len(text) < 10 else -1

    def take_saved(self, record: Any, name: str) -> None:
        """Put what the record says now in place of what was typed in one field; unknown names change nothing."""
        if name in self.FIELDS and name in self._fields and hasattr(record, name):
            self._fields[name].process(None, data=getattr(record, name))

    def differences(self, record: Any) -> list[Difference]:
        """The fields in which what was typed is not what the record says now."""
        rows = []
        for _title, fields in self.sections():
            for field in fields:
                name = field.name
                if name not in self.FIELDS or not hasattr(record, name) or same(getattr(record, name), field.data):
                    continue
                saved = shown(record, name, self.FIELDS[name])
                rows.append(Difference(name, str(field.label.text), self._typed(field), saved))
        return rows

    def _typed(self, field: Any) -> str:
        if isinstance(field, SelectField):
            return next((str(label) for value, label in field.choices or () if value == field.data), _("Nothing"))
        if isinstance(field, BooleanField):
            return _("Yes") if field.data else _("No")
        return self.FIELDS[field.name].text(field.data)


def shown(record: Any, name: str, field: Field) -> str:
    """The value of a record's field for people; links by the name of what they lead to, or as the field shows it."""
    if field.target is not None:
        target = getattr(record, name.removesuffix("_id"), None)
        return (field.show or name_of)(target) if target is not None else field.text(None)
    return field.text(getattr(record, name))


class AreaField(MoneyField):
    """Square metres with at most two decimals."""

    def parse(self, text: str) -> Decimal:
        """Raises ValueError for what is no area."""
        try:
            return super().parse(text.removesuffix("㎡").removesuffix("m²").removesuffix("平方米"))
        except ValueError:
            raise ValueError(_("Enter the area in square metres, like 118.5")) from None


class PercentField(MoneyField):
    """A share from 0 to 100 percent."""

    def __init__(self, label: Any, **kw: Any) -> None:
        super().__init__(label, minimum=Decimal("0"), maximum=Decimal("100"), **kw)

    def parse(self, text: str) -> Decimal:
        """Raises ValueError for what is no share."""
        try:
            return super().parse(text.strip().removesuffix("%").removesuffix("％"))
        except ValueError:
            raise ValueError(_("Enter a share from 0 to 100")) from None

    def show(self, value: Any) -> str:
        """Without zeros that say nothing."""
        return f"{Decimal(value).normalize():f}"
