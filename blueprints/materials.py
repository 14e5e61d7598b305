"""Which material a case is about: one of the list that the manager keeps."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from blueprints.forms import ChoiceField
from portal import settings
from portal.i18n import N_, Text

NONE_KNOWN = N_("None, or not known")
LONGEST = 40


def material_field(label: Text) -> Any:
    """A field that may stay empty; `offer` gives it its choices."""
    return ChoiceField(label, choices=[], blank=NONE_KNOWN)


def offer(field: Any, session: Session, known: str | None = None) -> None:
    """The materials of the setting, and the one that the case names already."""
    names = dict.fromkeys(line.strip()[:LONGEST] for line in settings.get(session, "materials") if line.strip())
    field.choices = [(name, name) for name in dict.fromkeys([*names, *([known] if known else [])])]
    if known and not field.raw_data:
        field.data = known
