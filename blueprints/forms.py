"""Forms: the one place where typed text becomes domain values. Sentences stand at the field, in the page's language.

Every form of the portal inherits `Form`. Field names that a form does not have are refused and logged. Text fields
give None for blank. Errors mean status 422: `page(..., status=form.status)`. The fields are in `blueprints/fields.py`
and are imported from here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from flask import g, request
from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, FieldList, FormField, HiddenField, SelectMultipleField, StringField
from wtforms.fields import MultipleFileField, PasswordField
from wtforms.meta import DefaultMeta

from blueprints.fields import (
    ChecksField,
    ChoiceField,
    EmailField,
    LocalDateField,
    LocalDateTimeField,
    MoneyField,
    NameField,
    NoMoreThan,
    PhoneField,
    PlaceField,
    Required,
    TermField,
    TextField,
    WholeField,
)
from portal import typed
from portal.errors import DomainError, Invalid
from portal.i18n import N_, _

__all__ = [
    "BooleanField",
    "ChecksField",
    "ChoiceField",
    "EmailField",
    "Form",
    "HiddenField",
    "LocalDateField",
    "LocalDateTimeField",
    "MoneyField",
    "NameField",
    "NoMoreThan",
    "PasswordField",
    "PhoneField",
    "PlaceField",
    "Required",
    "StrangeForm",
    "TermField",
    "TextField",
    "WholeField",
]

log = logging.getLogger("portal.security")

COMMON_NAMES = frozenset({"csrf_token", "client_key", "next", "version"})
"""Hidden fields that any form may carry without declaring them."""


class StrangeForm(DomainError):
    """A form with fields that no page of ours has: an old page, or somebody trying."""

    status = 400

    def __init__(self) -> None:
        super().__init__(N_("The content of the form is not right. Reload the page and try again."))


class _Translations:
    """The sentences of WTForms itself, from our catalogues."""

    def gettext(self, message: str) -> str:
        return _(message)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return _(singular if n == 1 else plural)


class Form(FlaskForm):
    """The base of all forms."""

    class Meta(FlaskForm.Meta):
        """Own sentences; text made readable before anything looks at it."""

        def get_translations(self, form: Any) -> Any:
            return _Translations()

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Any:
            kind = unbound_field.field_class
            if issubclass(kind, StringField) and not issubclass(kind, PasswordField):
                own = unbound_field.kwargs.get("filters", ())
                options = {**options, "filters": (_readable, *own)}
            return DefaultMeta.bind_field(self, form, unbound_field, options)

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether everything can be taken. Raises StrangeForm for fields that this form does not have."""
        self._refuse_strange_names()
        return bool(super().validate(extra_validators))

    @property
    def status(self) -> int:
        """422 when the form comes back with errors, else 200."""
        return 422 if self.errors else 200

    def take(self, refusal: Invalid) -> None:
        """Show what a service refused at the fields it names; what names no field stands above the form."""
        for name, sentence in refusal.fields.items():
            field = self._fields.get(name)
            if field is None:
                self.form_errors: list[str] = [*(self.form_errors or ()), str(sentence)]
            else:
                field.errors = [*field.errors, str(sentence)]

    def _refuse_strange_names(self) -> None:
        known, open_ended, repeated = _names(self._fields.values())
        prefix = self._prefix
        for source in (request.form, request.files):
            for name, given in source.lists():
                bare = name.removeprefix(prefix)
                if name in COMMON_NAMES or bare in COMMON_NAMES:
                    strange = len(given) > 1
                elif name in known:
                    strange = len(given) > 1 and name not in repeated
                else:
                    strange = not any(name.startswith(start) for start in open_ended)
                if strange:
                    user = g.get("user")
                    log.warning(
                        "strange field %r in %s by %s", name[:60], request.endpoint, user.username if user else "nobody"
                    )
                    raise StrangeForm()


def _names(fields: Iterable[Field]) -> tuple[set[str], tuple[str, ...], set[str]]:
    """Names a form has, beginnings of names of its lists, and names that may come more than once."""
    known: set[str] = set()
    open_ended: list[str] = []
    repeated: set[str] = set()
    for field in fields:
        known.add(field.name)
        if isinstance(field, FieldList):
            open_ended.append(f"{field.name}-")
        elif isinstance(field, FormField):
            inner = _names(field.form._fields.values())
            known |= inner[0]
            open_ended += inner[1]
            repeated |= inner[2]
        if isinstance(field, SelectMultipleField | MultipleFileField):
            repeated.add(field.name)
    return known, tuple(open_ended), repeated


def _readable(text: Any) -> Any:
    """The filter of all text fields: cleaned, None for blank."""
    return (typed.clean(text) or None) if isinstance(text, str) else text
