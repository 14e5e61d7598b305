"""F-27, the slip of a penalty: what it shows, and where that comes from. Call inside `i18n.use_locale`. Source: `domain.md` 4.18, 4.28."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from portal import clock, formatting
from portal.documents.building import name_of
from portal.documents.views import Signature, Ticks
from portal.files.store import Store
from portal.i18n import N_, Text, _p
from portal.models.org import Department, PartyKind
from portal.models.penalty import PenaltyEntry
from portal.permissions import Role
from portal.processes.penalty import MONEY, Executor, Kind
from portal.processes.pre_acceptance import Absent

FAULTS = frozenset({Kind.ORDINARY_FAULT, Kind.SERIOUS_FAULT})


@dataclass(frozen=True, slots=True)
class PenaltySlip:
    """F-27 现场罚款单/过失单/警告单."""

    FORM: ClassVar[str] = "F-27"
    TITLE: ClassVar[Text] = N_("Penalty slip", "form")
    TEMPLATE: ClassVar[str] = "f27.html"

    number: str
    slips: Ticks
    person: str
    post: str | None
    department: str | None
    project: str | None
    address: str | None
    offended_on: date
    rule: str
    offence: str
    what: str | None
    occurrence_no: int
    sanction: str
    amount: Decimal | None
    share: tuple[Decimal, Decimal] | None
    """Percent, and the yuan it is taken of."""
    suspended: tuple[date, date] | None
    decision: str | None
    issued_by: str | None
    approved_by: str | None
    approved_at: datetime | None
    confirmed_by: str | None
    appeal_until: datetime | None
    executor: str | None
    is_money: bool
    signatures: tuple[Signature, ...]


def penalty_slip(_session: Session, entry: PenaltyEntry, _store: Store) -> PenaltySlip:
    """F-27 as far as the penalty has come; before it is approved the places of the decision stay open."""
    evidence = entry.evidence
    decided = clock.today(entry.approved_at) if entry.approved_at else None
    return PenaltySlip(
        number=entry.number,
        slips=_slips(entry),
        person=entry.person,
        post=_post(entry),
        department=Department.show(entry.department) if entry.department else None,
        project=evidence.get("project") or entry.record_number,
        address=evidence.get("address"),
        offended_on=entry.offended_on,
        rule=entry.rule,
        offence=str(entry.offence),
        what=evidence.get("what") or evidence.get("symptom") or _found(evidence),
        occurrence_no=entry.occurrence_no,
        sanction=Kind.show(entry.kind),
        amount=entry.amount,
        share=(entry.percent, entry.base) if entry.percent is not None and entry.base is not None else None,
        suspended=(entry.suspended_from, entry.suspended_until)
        if entry.suspended_from is not None and entry.suspended_until is not None
        else None,
        decision=entry.decision,
        issued_by=name_of(entry.proposed_by) or _p("form", "The portal, by rule"),
        approved_by=name_of(entry.approved_by),
        approved_at=entry.approved_at,
        confirmed_by=name_of(entry.confirmed_by),
        appeal_until=entry.appeal_until,
        executor=Executor.show(entry.executor) if entry.executor else None,
        is_money=entry.kind in MONEY,
        signatures=(
            Signature(_p("form", "Slip written by"), name_of(entry.proposed_by), clock.today(entry.created_at)),
            Signature(_p("form", "Confirmed by"), name_of(entry.confirmed_by), decided),
            Signature(_p("form", "Manager"), name_of(entry.approved_by), decided),
            Signature(_p("form", "Person concerned"), None),
        ),
    )


BUILDERS: dict[str, Any] = {"F-27": penalty_slip}


def _found(evidence: Mapping[str, Any]) -> str | None:
    """What a rule rests on, in words, from what was kept when it was proposed; None: nothing of the kind."""
    said = []
    if evidence.get("review"):
        facts = {"number": evidence["review"], "round": evidence["round"], "score": evidence["score"]}
        said.append(_p("form", "%(number)s, round %(round)s: score %(score)s", **facts))
        for each in evidence.get("findings", ()):
            words = (each["code"], each["title"], f"× {each['count']}", each["place"])
            said.append(" ".join(str(word) for word in words if word))
    if evidence.get("signed_on"):
        said.append(_p("form", "Contract signed on %(day)s", day=evidence["signed_on"]))
    for held in evidence.get("inspections", ()):
        moment = formatting.stamp(datetime.fromisoformat(held["inspected_at"]))
        if held["absent"]:
            found = _p("form", "absent: %(who)s", who=Absent.show(held["absent"]))
        else:
            found = _p("form", "not in order: %(lines)s", lines="、".join(held["failed"]))
        said.append(f"{held['number']} {moment} {found}")
    return "\n".join(said) or None


def _slips(entry: PenaltyEntry) -> Ticks:
    """Which of the papers of F-27 it is."""
    is_fault, is_warning = entry.kind in FAULTS, entry.kind == Kind.WARNING
    is_ticket = entry.is_ticket and not (is_fault or is_warning)
    return (
        (_p("form", "On-site ticket"), is_ticket),
        (_p("form", "Fault slip"), is_fault),
        (_p("form", "Warning slip"), is_warning),
        (_p("form", "Notice of penalty"), not (is_ticket or is_fault or is_warning)),
    )


def _post(entry: PenaltyEntry) -> str | None:
    if entry.user is not None:
        return str(Role(entry.user.role).label)
    if entry.crew is not None:
        return _p("form", "Crew")
    return PartyKind.show(entry.party.kind) if entry.party is not None else None
