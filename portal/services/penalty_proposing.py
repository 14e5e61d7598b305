"""P18: proposing a penalty by hand, from the record it was seen at. Source: `domain.md` 4.18, 7.9."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.errors import Invalid
from portal.i18n import N_
from portal.models.org import Crew, Party, PartyStatus, User
from portal.models.penalty import PenaltyEntry
from portal.models.project import Project
from portal.processes.penalty import Kind, Rule
from portal.services import penalties, penalty_rules

MOST_PEOPLE = 300


@dataclass(frozen=True, slots=True)
class ProposePenalty:
    """What was seen, of whom and by which rule. `kind` None: what the catalogue says; amount and base in yuan."""

    rule: str
    person: Party | Crew | User
    offended_on: date
    what: str
    kind: str | None = None
    amount: Decimal | None = None
    base: Decimal | None = None
    is_ticket: bool = False


def propose_by_hand(
    session: Session, record: Any, command: ProposePenalty, *, actor: User, at: datetime
) -> list[PenaltyEntry]:
    """Propose every consequence that the catalogue names, or the one that was chosen. Raises Invalid by field."""
    person = command.person
    cause = f"hand:{record.KIND}:{record.id}:{person.KIND}:{person.id}:{command.rule}:{command.offended_on}"
    line = penalty_rules.rule(session, command.rule)
    _check(session, line, command, cause, at)
    who: dict[str, Any] = {"party_id": None}
    if isinstance(person, Crew):
        who = {"party_id": person.foreman_id, "crew_id": person.id}
    elif isinstance(person, Party):
        who = {"party_id": person.id}
    else:
        who = {"party_id": None, "user_id": person.id}
    said: dict[str, Any] = {
        "rule": command.rule,
        "record": record,
        "cause": cause,
        "evidence": {"what": command.what, "seen_by": actor.name, **about(record)},
        "offended_on": command.offended_on,
        "is_ticket": command.is_ticket,
        "actor": actor,
        "at": at,
    }
    if command.kind is not None:
        kinds = [Kind(command.kind)]
    else:
        times = penalties.occurrence(session, person, command.rule, cause, at)
        kinds = [sanction.kind for sanction in line.sanctions(times)]
    made = []
    for kind in kinds:
        amount = command.amount if kind == kinds[0] else None
        made.append(penalties.propose(session, kind=kind, amount=amount, base=command.base, **who, **said))
    return made


def about(record: Any) -> dict[str, Any]:
    """What a record is about, as it is now: number, address, customer, project."""
    project = _project(record)
    customer = getattr(record, "customer", None)
    address = getattr(record, "address", None) or (project.property.address if project is not None else None)
    return {
        "record": record.number,
        "project": project.number if project is not None else None,
        "customer": customer.name if customer is not None else None,
        "address": address,
    }


def people_of(session: Session, record: Any) -> list[Party | Crew]:
    """Who worked at what the record is about: crew and people of its project, each once."""
    project = _project(record)
    if project is None:
        return []
    named = (
        getattr(record, "responsible_crew", None), project.crew, project.foreman, project.project_manager,
        project.supervisor, project.designer, project.sales,
    )  # fmt: skip
    return list({(person.KIND, person.id): person for person in named if person is not None}.values())


def people(session: Session, user: User) -> tuple[list[Crew], list[Party], list[User]]:
    """Everybody who can be named: crews, parties, colleagues, as far as the person sees them."""
    crews = visibility.visible_to(user, Crew).where(Crew.status != PartyStatus.DEPARTED)
    parties = visibility.visible_to(user, Party).where(Party.status != PartyStatus.DEPARTED)
    colleagues = select(User).where(User.disabled_at.is_(None))
    return (
        list(session.scalars(crews.order_by(Crew.name, Crew.id).limit(MOST_PEOPLE))),
        list(session.scalars(parties.order_by(Party.name, Party.id).limit(MOST_PEOPLE))),
        list(session.scalars(colleagues.order_by(User.name, User.id).limit(MOST_PEOPLE))),
    )


def _project(record: Any) -> Project | None:
    found = record if isinstance(record, Project) else getattr(record, "project", None)
    return found if isinstance(found, Project) else None


def _check(session: Session, line: Rule, command: ProposePenalty, cause: str, at: datetime) -> None:
    problems: dict[str, Any] = {}
    if line.is_reward or not line.is_active:
        problems["rule"] = N_("Nothing is proposed by this line of the catalogue.")
    if command.offended_on > clock.today(at):
        problems["offended_on"] = N_("This day lies in the future.")
    chosen = Kind(command.kind) if command.kind else line.kind
    if line.sanction(chosen, 1).percent is not None and command.base is None and command.amount is None:
        problems["base"] = N_("A percentage needs the amount it is taken of.")
    known = penalties.of_cause(session, cause, kind=Kind(command.kind) if command.kind else None)
    if known is not None:
        problems["rule"] = N_("This was proposed already: %(number)s.") % {"number": known.number}
    if problems:
        raise Invalid(problems)
