"""What happens again: earlier complaints, repairs and slips of the same crew, estate, trade, category or material.

Only what the person may see is named and counted. Days and least numbers are settings; the days count back from the
moment of the record. One question for a record, one for each sort on the manager's page, all by indexes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)  # fmt: skip
from sqlalchemy.orm import Session

from portal import settings, visibility
from portal.db import UtcDateTime
from portal.models.complaint import Complaint
from portal.models.customer import Property
from portal.models.follow_up import FollowUpTicket
from portal.models.org import Crew, User
from portal.models.project import Project
from portal.models.repair import RepairOrder
from portal.permissions import Role, may
from portal.prepared import Prepared
from portal.processes.complaint import Category
from portal.processes.repair import Cause, Trade
from portal.services.record_kinds import VIEW
from portal.terms import Term


class Sort(Term):
    """In what something is the same."""

    CREW = "CREW", "Same crew"
    ESTATE = "ESTATE", "Same estate"
    TRADE = "TRADE", "Same trade"
    CATEGORY = "CATEGORY", "Same category"
    MATERIAL = "MATERIAL", "Same material"
    BAD_MATERIAL = "BAD_MATERIAL", "Bad material again"
    """Nobody said which."""


COUNTED = (Sort.CREW, Sort.ESTATE, Sort.TRADE, Sort.CATEGORY, Sort.MATERIAL)
"""What is counted over all records, for the manager and the reports."""
OF_A_KIND = frozenset({Sort.TRADE, Sort.CATEGORY})
"""Sorts that many records share: they need more earlier ones before anybody is told."""
SHOWN, MOST = 3, 20
"""Earlier records that are named, and how far they are counted."""
MOST_LISTED, MOST_ROWS = 100, 30
"""Records behind a number of the manager's page, and rows of one sort there."""

AT: dict[type[Any], Any] = {
    Complaint: Complaint.received_at,
    RepairOrder: RepairOrder.reported_at,
    FollowUpTicket: FollowUpTicket.handed_over_at,
}
"""The kinds of records that are compared, each with its moment."""
TITLES: dict[type[Any], Any] = {
    Complaint: Complaint.subject,
    RepairOrder: RepairOrder.symptom,
    FollowUpTicket: FollowUpTicket.problem,
}


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier record: where it is, when, and what it was about."""

    kind: str
    number: str
    at: datetime
    title: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """How often the same thing happened before, and the latest of them."""

    sort: Sort
    count: int
    is_capped: bool
    earlier: list[Earlier]


def of_record(session: Session, user: User, record: Any) -> list[Repeat]:
    """What happened before to the same crew, estate, trade, category or material, as far as the person sees it.

    Asks one question; the project of the record with its property must be loaded.
    """
    about = _about(record)
    if not about:
        return []
    moment = getattr(record, AT[type(record)].key)
    since = moment - timedelta(days=int(settings.get(session, "repeat_days")))
    before = moment - timedelta(microseconds=1)
    rows = _rows(session, user, about, since, before, record.KIND, record.id, MOST + 1)
    found = []
    for sort in about:
        mine = sorted((row for row in rows if row[0] == sort), key=lambda row: row[3], reverse=True)
        least = int(settings.get(session, "repeat_least_kind" if sort in OF_A_KIND else "repeat_least"))
        if len(mine) >= least:
            named = [Earlier(kind, number, at, title or "") for _sort, kind, number, at, title in mine[:SHOWN]]
            found.append(Repeat(sort, min(len(mine), MOST), len(mine) > MOST, named))
    return found


def _about(record: Any) -> dict[Sort, Any]:
    """In what the record can be the same as others."""
    project = record.project
    crew = getattr(record, "responsible_crew_id", None) or (project.crew_id if project is not None else None)
    is_material = (
        getattr(record, "cause", None) == Cause.MATERIAL or getattr(record, "category", "") == Category.MATERIAL
    )
    found = {
        Sort.CREW: crew,
        Sort.ESTATE: project.property.estate if project is not None else None,
        Sort.TRADE: getattr(record, "trade", None),
        Sort.CATEGORY: None if is_material else getattr(record, "category", None),
        Sort.MATERIAL: record.material,
        Sort.BAD_MATERIAL: (is_material and not record.material) or None,
    }
    return {sort: value for sort, value in found.items() if value is not None}


# ---------- The records ----------


def _same(model: type[Any], sort: Sort) -> ColumnElement[bool] | None:
    """When a record of the model is the same in a sort, by the placeholder of that sort; None: never."""
    value: Any = bindparam(f"same_{sort.value.lower()}")
    match sort, model:
        case Sort.CREW, _ if model is RepairOrder:
            of_project = and_(RepairOrder.responsible_crew_id.is_(None), RepairOrder.project_id.in_(_of_crew(value)))
            return or_(RepairOrder.responsible_crew_id == value, of_project)
        case Sort.CREW, _:
            return model.project_id.in_(_of_crew(value))
        case Sort.ESTATE, _:
            homes = select(Project.id).join(Property, Property.id == Project.property_id)
            return model.project_id.in_(homes.where(Property.estate == value))
        case Sort.TRADE, _ if model is RepairOrder:
            return RepairOrder.trade == value
        case Sort.CATEGORY, _ if model is Complaint:
            return Complaint.category == value
        case Sort.MATERIAL, _:
            return model.material == value
        case Sort.BAD_MATERIAL, _ if model is Complaint:
            return Complaint.category == Category.MATERIAL
        case Sort.BAD_MATERIAL, _ if model is RepairOrder:
            return RepairOrder.cause == Cause.MATERIAL
    return None


def _may_read(role: Role, model: type[Any]) -> bool:
    """Whether records of the model have pages, and the role may open them."""
    return model in VIEW and may(role, VIEW[model])


def _of_crew(value: Any) -> Select[Any]:
    return select(Project.id).where(Project.crew_id == value)


def _rows(
    session: Session, user: User, about: Mapping[Sort, Any], since: datetime, until: datetime, own: str,
    own_id: int, most: int,
) -> list[Any]:  # fmt: skip
    statement = _statement(visibility.placeholder(user), tuple(about), own)
    if statement is None:
        return []
    given = visibility.parameters(user) | {"since": since, "until": until, "own_id": own_id, "most": most}
    session.flush()
    return statement.rows(session, given | {f"same_{sort.value.lower()}": value for sort, value in about.items()})


@lru_cache(maxsize=256)
def _statement(viewer: visibility.Placeholder, sorts: tuple[Sort, ...], own: str) -> Prepared | None:
    """All sorts and kinds in one question: each part the latest of its own, by an index."""
    parts = []
    for sort in sorts:
        for model, at in AT.items():
            same = _same(model, sort)
            if same is None or not _may_read(Role(viewer.role), model):
                continue
            part = (
                select(
                    literal(sort.value).label("sort"), literal(model.KIND).label("kind"), model.number.label("number"),
                    at.label("at"), cast(TITLES[model], String).label("title"),
                )
                .where(
                    same, visibility.condition(viewer, model),
                    at >= bindparam("since", type_=UtcDateTime()), at <= bindparam("until", type_=UtcDateTime()),
                    model.id != bindparam("own_id") if own == model.KIND else true(),
                )
                .order_by(at.desc(), model.id.desc())
                .limit(bindparam("most"))
                .subquery()
            )  # fmt: skip
            parts.append(select(part))
    return Prepared(union_all(*parts)) if parts else None


# ---------- The manager's page ----------


@dataclass(frozen=True, slots=True)
class Row:
    """What one crew, estate, trade, category or material had in the days of the setting."""

    value: str
    name: str
    complaints: int
    repairs: int
    slips: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.complaints + self.repairs + self.slips


def counts(
    session: Session,
    user: visibility.Viewer,
    sort: Sort,
    *,
    at: datetime,
    since: datetime | None = None,
    least: int = 2,
) -> list[Row]:
    """Who or what had at least two (`least`) in the days of the setting or `since`, the most first; of what the person sees."""
    since = since or at - timedelta(days=int(settings.get(session, "repeat_days")))
    found: dict[str, dict[str, int]] = {}
    parts = []
    for model, moment in AT.items():
        if not _may_read(Role(user.role), model):
            continue
        seen = (visibility.condition(user, model), moment >= since, moment <= at)
        parts += [
            select(literal(model.KIND), cast(key, String), func.count()).select_from(source).where(*seen, key.is_not(None)).group_by(key)
            for source, key in _keyed(model, sort)
        ]  # fmt: skip
    for kind, value, number in session.execute(union_all(*parts)).all() if parts else ():
        found.setdefault(value, {})[kind] = found.get(value, {}).get(kind, 0) + number
    names = _names(session, sort, found)
    rows = [
        Row(value, names.get(value, value), *(of.get(model.KIND, 0) for model in AT)) for value, of in found.items()
    ]
    repeated = [row for row in rows if row.total >= least]
    return sorted(repeated, key=lambda row: (-row.total, row.name))[:MOST_ROWS]


@dataclass(frozen=True, slots=True)
class Again:
    """What happened again in a period: how often in it (`new`), and with what came before it (`row`)."""

    sort: Sort
    row: Row
    new: int


def again(session: Session, user: visibility.Viewer, *, start: datetime, end: datetime) -> list[Again]:
    """Crews, estates, trades, categories and materials of which something came in the period and enough stood in the days of the setting.

    The same least numbers as the banner on a record; the most first.
    """
    found = []
    for sort in COUNTED:
        new = {row.value: row.total for row in counts(session, user, sort, at=end, since=start, least=1)}
        least = int(settings.get(session, "repeat_least_kind" if sort in OF_A_KIND else "repeat_least")) + 1
        rows = counts(session, user, sort, at=end, least=least) if new else []
        found += [Again(sort, row, new[row.value]) for row in rows if row.value in new]
    return sorted(found, key=lambda each: (-each.row.total, -each.new))


def _keyed(model: type[Any], sort: Sort) -> list[tuple[Any, Any]]:
    """From where the records of a model are counted for a sort, and by what."""
    table = model.__table__
    with_project = table.join(Project.__table__, Project.id == model.project_id)
    if sort is Sort.CREW and model is RepairOrder:
        crew = func.coalesce(RepairOrder.responsible_crew_id, Project.crew_id)
        return [(table.outerjoin(Project.__table__, Project.id == RepairOrder.project_id), crew)]
    if sort is Sort.CREW:
        return [(with_project, Project.crew_id)]
    if sort is Sort.ESTATE:
        return [(with_project.join(Property.__table__, Property.id == Project.property_id), Property.estate)]
    if sort is Sort.MATERIAL:
        return [(table, model.material)]
    if sort is Sort.TRADE and model is RepairOrder:
        return [(table, RepairOrder.trade)]
    if sort is Sort.CATEGORY and model is Complaint:
        return [(table, Complaint.category)]
    return []


def _names(session: Session, sort: Sort, found: Mapping[str, Any]) -> dict[str, str]:
    if sort is Sort.CREW:
        crews = session.execute(select(Crew.id, Crew.name).where(Crew.id.in_([int(value) for value in found])))
        return {str(key): name for key, name in crews}
    terms = {Sort.TRADE: Trade, Sort.CATEGORY: Category}.get(sort)
    return {value: terms.show(value) for value in found} if terms is not None else {}


def name_of(session: Session, sort: Sort, value: str) -> str:
    """What a value of the manager's page is called."""
    if sort is Sort.CREW and not _is_number(value):
        return value
    return _names(session, sort, {value: {}}).get(value, value)


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdecimal() and len(value) < 10


def behind(session: Session, user: User, sort: Sort, value: str, *, at: datetime) -> list[Earlier]:
    """The records behind a number of the manager's page, the latest first. Nothing for a value that cannot be."""
    same: Any = value
    if sort is Sort.CREW:
        if not _is_number(value):
            return []
        same = int(value)
    since = at - timedelta(days=int(settings.get(session, "repeat_days")))
    rows = _rows(session, user, {sort: same}, since, at, "", 0, MOST_LISTED)
    latest = sorted(rows, key=lambda row: row[3], reverse=True)[:MOST_LISTED]
    return [Earlier(kind, number, moment, title or "") for _sort, kind, number, moment, title in latest]
