"""Contract templates: which printed contract promises which warranty, from which day on. Source: `domain.md` 3.15."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.errors import Invalid, Stale
from portal.i18n import N_, Text
from portal.models.contract import Contract, ContractTemplate
from portal.models.event import EventKind
from portal.models.org import User
from portal.processes.repair import Trade
from portal.processes.warranty import TRADES
from portal.services import events, numbering, warranty_terms
from portal.services.fields import Field, apply, cleaned, stamp

YEARS: dict[str, Trade] = {f"years_{trade.lower()}": trade for trade in TRADES}
"""The trades by the field that holds their years."""

FIELDS: dict[str, Field] = {
    "title": Field(N_("Name", "contract template")),
    "edition": Field(N_("Edition", "contract template")),
    "effective_from": Field(N_("In use from", "contract template")),
    **{name: Field(N_("%(trade)s: years") % {"trade": trade.label}) for name, trade in YEARS.items()},
    "is_active": Field(N_("In use", "contract template")),
    "remarks": Field(N_("Remarks")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTemplate:
    """A printed contract. The terms are in years from the acceptance."""

    title: str
    edition: str
    effective_from: date
    years_basic: int
    years_water_electric: int
    years_waterproof: int
    years_woodwork: int
    years_hardware: int
    years_paint: int
    is_active: bool = True
    remarks: str | None = None

    def values(self) -> dict[str, Any]:
        """The columns and what to write into them."""
        return {name: cleaned(getattr(self, name)) for name in _COLUMNS}


_COLUMNS = tuple(item.name for item in fields(CreateTemplate))


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateTemplate(CreateTemplate):
    """All fields as they shall be. `version` is the one the person saw."""

    version: int


def visible_to(user: User) -> Select[ContractTemplate]:
    """The templates that exist for the person."""
    return visibility.visible_to(user, ContractTemplate)


def create(session: Session, command: CreateTemplate, *, actor: User | None, at: datetime) -> ContractTemplate:
    """Enter a template. Raises Invalid by field: the edition is there already, a term is shorter than the law allows."""
    _check(session, command, 0)
    number = numbering.next_number(session, ContractTemplate.PREFIX, at)
    template = ContractTemplate(number=number, **command.values())
    stamp(template, actor=actor, at=at)
    session.add(template)
    session.flush()
    events.record(session, EventKind.CREATED, at=at, actor=actor, record=template)
    return template


def update(
    session: Session, template: ContractTemplate, command: UpdateTemplate, *, actor: User, at: datetime
) -> dict[str, list[Any]]:
    """Change a template. What was issued by it stays as it is. Raises Stale, Invalid by field."""
    if template.version != command.version:
        raise Stale()
    _check(session, command, template.id)
    return apply(session, template, command.values(), FIELDS, actor=actor, at=at)


def usable(session: Session, *, keep_id: int | None = None) -> list[ContractTemplate]:
    """What a contract can be signed on, the newest first, and the one it names already."""
    query = select(ContractTemplate).where(
        ContractTemplate.is_active.is_(True) | (ContractTemplate.id == (keep_id or 0))
    )
    return list(
        session.scalars(query.order_by(ContractTemplate.effective_from.desc(), ContractTemplate.id.desc()).limit(200))
    )


def problem(
    session: Session, template_id: int | None, present: Contract | None, signed_on: date | None, at: datetime
) -> Text | None:
    """Why a contract cannot be signed on a template; None: it can, names none, or named it before."""
    if template_id is None or (present is not None and present.template_id == template_id):
        return None
    template = session.get(ContractTemplate, template_id)
    if template is None or not template.is_active:
        return N_("This template is not in use.")
    if template.effective_from > (signed_on or clock.today(at)):
        return N_("This template is in use from %(day)s on.") % {"day": template.effective_from.isoformat()}
    return None


def _check(session: Session, command: CreateTemplate, own: int) -> None:
    problems: dict[str, Text | str] = {}
    taken = select(ContractTemplate.id).where(
        ContractTemplate.id != own,
        ContractTemplate.title == cleaned(command.title),
        ContractTemplate.edition == cleaned(command.edition),
    )
    if session.scalar(taken) is not None:
        problems["edition"] = N_("There is this edition already.")
    for name, trade in YEARS.items():
        least = warranty_terms.least_years(session, trade)
        if getattr(command, name) < least:
            problems[name] = N_("The law gives at least %(years)s years.") % {"years": least}
    if problems:
        raise Invalid(problems)
