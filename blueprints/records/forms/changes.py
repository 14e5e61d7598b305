"""The form of a change, made of what the change asks for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import SelectMultipleField

from blueprints.forms import ChoiceField, Form, HiddenField, LocalDateField, LocalDateTimeField, MoneyField, TextField
from portal.db import session
from portal.models.org import User
from portal.services.changes.declaring import Ask, Change, Kind

HIDDEN = ("version", "client_key", "kind", "change", "rows", "all", "do", "id")
"""What a form of a change carries along."""


class ChangeForm(Form):
    """`version` is the one the person looked at, where one record is changed on the spot; the rest is carried along."""

    version = HiddenField()
    client_key = HiddenField()
    kind = HiddenField()
    change = HiddenField()
    rows = HiddenField()
    all = HiddenField()
    do = HiddenField()
    id = SelectMultipleField(choices=[], validate_choice=False)

    def shown(self, change: Change) -> list[Any]:
        """The fields one sees."""
        return [self._fields[ask.key] for ask in change.asks]

    def given(self, change: Change) -> dict[str, Any]:
        """What was filled in, as the change wants it."""
        return {ask.key: self._given(ask) for ask in change.asks}

    def _given(self, ask: Ask) -> Any:
        data = self._fields[ask.key].data
        return session().get(User, data) if ask.kind is Kind.PERSON and data is not None else data


Said = MultiDict[str, str]
"""A form as it was sent."""


def form_of(
    change: Change, actor: User, *, at: datetime, is_sent: bool, record: Any = None, said: Said | None = None
) -> Any:
    """The form; fresh, it shows what is usual, or what the record says. `said`: what was filled in before, to be changed."""
    made = type("OneChange", (ChangeForm,), {ask.key: _field(ask, actor) for ask in change.asks})
    form = made() if is_sent else made(formdata=said)
    if not is_sent and said is None:
        for ask in change.asks:
            if record is not None and change.attribute and ask.key == "value":
                form[ask.key].process(None, data=getattr(record, change.attribute))
            elif ask.usual is not None:
                form[ask.key].process(None, data=ask.usual(session(), actor, at))
    return form


def _field(ask: Ask, actor: User) -> Any:
    match ask.kind:
        case Kind.TEXT:
            return TextField(ask.label, limit=ask.limit, required=ask.required)
        case Kind.DAY:
            return LocalDateField(ask.label, required=ask.required)
        case Kind.MOMENT:
            return LocalDateTimeField(ask.label, required=ask.required)
        case Kind.MONEY:
            return MoneyField(ask.label, required=ask.required)
    offered = list(ask.options(session(), actor)) if ask.options else []
    coerce = int if ask.kind in (Kind.PERSON, Kind.LINK) else str
    blank = ask.blank if ask.blank is not None else ("" if ask.required else "–")
    return ChoiceField(ask.label, choices=offered, coerce=coerce, required=ask.required, blank=blank)
