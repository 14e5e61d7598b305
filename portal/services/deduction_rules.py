"""The catalogue of deductions (扣分标准, F-02): found by code, words or pinyin initials; kept by the manager. Source: 3.5."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import pinyin
from portal.errors import Invalid, NotFound, NotPermitted, Stale
from portal.i18n import N_
from portal.models.drawing_review import DeductionRule, Provenance
from portal.models.event import EventKind
from portal.models.org import User
from portal.permissions import Permission, may
from portal.services import events
from portal.services.fields import Field

FIELDS = {
    "code": Field(N_("Code", "deduction")),
    "title": Field(N_("Finding")),
    "points": Field(N_("Points each")),
    "must_fix": Field(N_("Must be fixed")),
    "is_active": Field(N_("Can be chosen")),
}


@dataclass(frozen=True, slots=True)
class Details:
    """What the manager says about a line of the catalogue; `points` are deducted each time."""

    code: str
    title: str
    points: int
    must_fix: bool = True
    is_active: bool = True


def every(session: Session) -> list[DeductionRule]:
    """All lines in the order of their codes."""
    return list(session.scalars(select(DeductionRule).order_by(DeductionRule.code)))


def find(session: Session, rule_id: int) -> DeductionRule:
    """One line. Raises NotFound."""
    found = session.get(DeductionRule, rule_id)
    if found is None:
        raise NotFound()
    return found


def matching(session: Session, wanted: str) -> list[DeductionRule]:
    """The lines that can be chosen and fit what was typed, the best first: a code, words of the text, pinyin initials."""
    text = "".join(wanted.split()).casefold()
    lines = [line for line in every(session) if line.is_active]
    if not text:
        return lines
    ranked = [(rank, line) for line in lines if (rank := _rank(line, text)) is not None]
    return [line for _rank_, line in sorted(ranked, key=lambda each: (each[0], each[1].code))]


def _rank(line: DeductionRule, text: str) -> int | None:
    code, title = line.code.casefold(), line.title.casefold()
    if text in (code, code.lstrip("d").lstrip("0")):
        return 0
    if code.startswith(text):
        return 1
    if text in title:
        return 2 if title.startswith(text) else 3
    spelled = pinyin.spellings(line.title)
    if any(text in way for way in spelled):
        return 4 if any(way.startswith(text) for way in spelled) else 5
    return None


def add(session: Session, details: Details, *, actor: User, at: datetime) -> DeductionRule:
    """A new line. Raises Invalid by field, NotPermitted."""
    made = DeductionRule(provenance=Provenance.OWN)
    _apply(session, made, details, actor)
    session.add(made)
    session.flush()
    _log(session, made, {name: [None, new] for name, new in _said(made).items()}, actor, at)
    return made


def change(session: Session, line: DeductionRule, details: Details, *, version: int, actor: User, at: datetime) -> None:
    """Say something else of a line; findings that are there keep what it said then. Raises Invalid, Stale, NotPermitted."""
    if line.version != version:
        raise Stale()
    before = _said(line)
    _apply(session, line, details, actor)
    changes = {name: [before[name], new] for name, new in _said(line).items() if before[name] != new}
    if changes:
        line.provenance = Provenance.OWN
        session.flush()
        _log(session, line, changes, actor, at)


def _said(line: DeductionRule) -> dict[str, Any]:
    return {name: getattr(line, name) for name in FIELDS}


def _apply(session: Session, line: DeductionRule, details: Details, actor: User) -> None:
    if not may(actor, Permission.SETTING_EDIT):
        raise NotPermitted(N_("Only the manager changes the catalogue of deductions."))
    twin = select(DeductionRule.id).where(DeductionRule.code == details.code, DeductionRule.id != (line.id or 0))
    if session.scalar(twin):
        raise Invalid({"code": N_("There is a line with this code already.")})
    for name, value in asdict(details).items():
        setattr(line, name, value)


def _log(session: Session, line: DeductionRule, changes: dict[str, list[Any]], actor: User, at: datetime) -> None:
    events.record(
        session, EventKind.SETTING, action="deduction-rule", actor=actor, at=at,
        rule=line.id, name=line.code, changes=changes,
    )  # fmt: skip
