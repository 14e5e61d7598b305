"""The catalogue of penalties in force: the papers' lines with the manager's editions over them. Source: `domain.md` 7.9."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from portal.errors import DomainError, Invalid, NotFound, NotPermitted
from portal.i18n import N_, Text
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.penalty import PenaltyRuleEdition
from portal.permissions import Permission, may
from portal.processes.penalty import MONEY, RULES, Kind, Rule, Sanction, Subject
from portal.services import events

MOST_TIMES = 5


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """A line as the manager wants it from now on; `edition` is the one that was looked at."""

    code: str
    edition: int
    subject: str
    offence: str
    times: tuple[tuple[Sanction, ...], ...]
    otherwise: tuple[Sanction, ...]
    note: str | None
    is_active: bool
    reason: str


def in_force(session: Session) -> dict[str, Rule]:
    """All lines by code, in the order of the catalogue; those that no longer hold are marked."""
    newest = select(func.max(PenaltyRuleEdition.id)).group_by(PenaltyRuleEdition.code)
    editions = session.scalars(select(PenaltyRuleEdition).where(PenaltyRuleEdition.id.in_(newest)))
    found = RULES | {row.code: _rule(row) for row in editions}
    return dict(sorted(found.items()))


def rule(session: Session, code: str) -> Rule:
    """The line of that code as it is now. Raises NotFound."""
    newest = select(PenaltyRuleEdition).where(PenaltyRuleEdition.code == code)
    row = session.scalars(newest.order_by(PenaltyRuleEdition.edition.desc()).limit(1)).first()
    if row is not None:
        return _rule(row)
    if code not in RULES:
        raise NotFound()
    return RULES[code]


def editions(session: Session, code: str) -> list[PenaltyRuleEdition]:
    """How the line was changed, newest first."""
    query = select(PenaltyRuleEdition).where(PenaltyRuleEdition.code == code)
    return list(
        session.scalars(
            query.options(joinedload(PenaltyRuleEdition.changed_by)).order_by(PenaltyRuleEdition.edition.desc())
        )
    )


def change(session: Session, command: ChangeRule, *, actor: User, at: datetime) -> Rule:
    """Write a new edition; what was proposed before keeps the old one. Raises Invalid by field, DomainError."""
    if not may(actor, Permission.PENALTY_DECIDE):
        raise NotPermitted(N_("The manager changes the catalogue."))
    known = in_force(session).get(command.code)
    _check(command)
    if (known.edition if known else 0) != command.edition:
        raise DomainError(N_("Somebody changed this line after you opened it. Nothing was saved yet."))
    row = PenaltyRuleEdition(
        code=command.code,
        edition=command.edition + 1,
        subject=command.subject,
        offence=_kept_words(command.offence, known.offence if known else None),
        times=[[_plain(one) for one in time] for time in command.times],
        otherwise=[_plain(one) for one in command.otherwise],
        note=_kept_words(command.note, known.note if known else None) if command.note else None,
        is_active=command.is_active,
        reason=command.reason,
        changed_at=at,
        changed_by_id=actor.id,
    )
    session.add(row)
    session.flush()
    events.record(
        session, EventKind.SETTING, action="penalty-rule", actor=actor, at=at, name=f"{row.code} / {row.edition}",
        text=row.reason,
    )  # fmt: skip
    return _rule(row)


def _check(command: ChangeRule) -> None:
    problems: dict[str, Any] = {}
    if not re.fullmatch(r"K-[0-9]{2,3}", command.code):
        problems["code"] = N_("A code is K- and two or three digits.")
    if not command.times or len(command.times) > MOST_TIMES or not all(command.times):
        problems["times"] = N_("Say what follows the first time, one line per time, at most five.")
    for one in (*(one for time in command.times for one in time), *command.otherwise):
        if one.amount is not None and (one.kind not in MONEY or one.amount <= 0):
            problems["times"] = N_("Only fines and deductions have an amount, and it is above zero.")
    if problems:
        raise Invalid(problems)


def _rule(row: PenaltyRuleEdition) -> Rule:
    return Rule(
        code=row.code,
        subject=Subject(row.subject),
        offence=Text(row.offence),
        times=tuple(tuple(_sanction(one) for one in time) for time in row.times),
        source=RULES[row.code].source if row.code in RULES else "",
        otherwise=tuple(_sanction(one) for one in row.otherwise),
        note=Text(row.note) if row.note else None,
        edition=row.edition,
        is_active=row.is_active,
    )


def _kept_words(said: str, known: Text | None) -> str:
    """The message id where the words were left as they were, so that every language still finds its own."""
    return known.message if known is not None and str(known) == said else said


def _plain(one: Sanction) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "amount": None if one.amount is None else str(one.amount),
        "percent": None if one.percent is None else str(one.percent),
        "months": one.months,
    }


def _sanction(said: Mapping[str, Any]) -> Sanction:
    return Sanction(
        Kind(said["kind"]),
        None if said["amount"] is None else Decimal(said["amount"]),
        None if said["percent"] is None else Decimal(said["percent"]),
        said["months"],
    )
