"""Saved sets of columns: of one person, or for everybody when a manager says so."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.errors import Invalid, Message, NotFound, NotPermitted
from portal.exporting.fields import fields, has_clock
from portal.i18n import N_, Text
from portal.listing.registry import LISTINGS
from portal.models.export import ExportPreset
from portal.models.org import User
from portal.permissions import Permission, may
from portal.services import exports
from portal.visibility import visible_to

LONGEST = 40


def built_in(kind: str) -> dict[str, tuple[Text, tuple[str, ...]]]:
    """The sets that every list has: label and columns."""
    every = fields(kind)
    of_list = tuple(key for key, field in every.items() if field.group == "list")
    due = ("clock.due",) if has_clock(LISTINGS[kind]) else ()
    sets = {"list": (N_("As in the list"), of_list + due)}
    if due:
        clocks = tuple(key for key, field in every.items() if field.group == "clock")
        sets["clocks"] = (N_("With clocks"), of_list + clocks)
    if limits := tuple(key for key, field in every.items() if field.group == "limit"):
        named = tuple(key for key in of_list if key in (title_of(kind), "number", "state"))
        sets["limits"] = (N_("Deadlines one by one"), named + limits)
    if any(field.group == "record" for field in every.values()):
        again = tuple(key for key, field in every.items() if field.record_field)
        sets["again"] = (N_("For changing and importing again"), again)
    sets["all"] = (N_("All columns"), tuple(every))
    return sets


def title_of(kind: str) -> str:
    """The column that says whose record it is."""
    return next(each.key for each in LISTINGS[kind].columns if "cell-title" in each.css)


def offered(session: Session, user: User, kind: str) -> list[ExportPreset]:
    """One's own sets for the list and those for everybody, by name."""
    rows = visible_to(user, ExportPreset).where(ExportPreset.kind == kind)
    return list(session.scalars(rows.order_by(ExportPreset.is_shared, ExportPreset.name, ExportPreset.id)))


def may_share(user: User) -> bool:
    """Whether the person may give sets to everybody."""
    return may(user, Permission.EXPORT)


def save(
    session: Session, kind: str, name: str, columns: tuple[str, ...], *, shared: bool, actor: User
) -> ExportPreset:
    """Keep the columns under a name; one's own set of that name is replaced. Raises Invalid, NotPermitted."""
    kept = [each.key for each in exports.chosen(kind, columns)]
    wrong: dict[str, Message] = {}
    if not 0 < len(name) <= LONGEST:
        wrong["preset_name"] = N_("Give the set a name of at most 40 characters.")
    if not kept:
        wrong["columns"] = N_("Choose at least one column.")
    if wrong:
        raise Invalid(wrong)
    if shared and not may_share(actor):
        raise NotPermitted(N_("Only the manager saves sets for everybody."))
    own = (ExportPreset.kind == kind, ExportPreset.owner_id == actor.id, ExportPreset.name == name)
    preset = session.scalars(select(ExportPreset).where(*own)).one_or_none()
    if preset is None:
        preset = ExportPreset(kind=kind, name=name, owner_id=actor.id, columns=kept, is_shared=shared)
        session.add(preset)
    preset.columns, preset.is_shared = kept, shared
    session.flush()
    return preset


def delete(session: Session, preset_id: int, *, actor: User) -> ExportPreset:
    """Take a set away: one's own; managers also those for everybody. Raises NotFound, NotPermitted."""
    preset = session.scalars(visible_to(actor, ExportPreset).where(ExportPreset.id == preset_id)).one_or_none()
    if preset is None:
        raise NotFound()
    if preset.owner_id != actor.id and not may_share(actor):
        raise NotPermitted(N_("Only whoever saved it, or the manager, takes it away."))
    session.delete(preset)
    return preset
