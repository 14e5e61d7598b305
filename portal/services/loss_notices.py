"""Loss notices F-26 of a cancellation: who bears how much, to finance, and what came of it. Source: `domain.md` 4.17."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.errors import DomainError, Invalid, NotPermitted
from portal.i18n import N_
from portal.models.cancellation import Cancellation, CancellationShare, LossNotice
from portal.models.contract import Contract
from portal.models.event import EventKind
from portal.models.org import Crew, Department, Party, PartyKind, User
from portal.permissions import Permission, may
from portal.processes.cancellation import Liability
from portal.services import events, numbering, penalty_shares
from portal.services.fields import Field, link, money, stamp, term

FIELDS: dict[str, Field] = {
    "cancellation_id": link(N_("Cancellation"), Cancellation),
    "contract_id": link(N_("Contract"), Contract),
    "liability": term(N_("Who is liable"), Liability),
    "party_id": link(N_("Designer"), Party),
    "crew_id": link(N_("Crew"), Crew),
    "basis": Field(N_("Basis")),
    "loss": money(N_("Loss")),
    "percent": Field(N_("Share (%)")),
    "amount": money(N_("Amount")),
    "sent_at": Field(N_("Sent to finance at")),
    "received_at": Field(N_("Received by finance at")),
    "received_by_id": link(N_("Received by"), Party),
    "copied_at": Field(N_("Copy to human resources at")),
    "executed_at": Field(N_("Carried out at")),
}
"""How the fields of a notice are called and read."""


@dataclass(frozen=True, slots=True)
class Receive:
    """Who of finance took it, and when."""

    received_by: Party
    received_at: datetime


def visible_to(user: User) -> Select[LossNotice]:
    """The loss notices that exist for this person."""
    return visibility.visible_to(user, LossNotice)


def write(session: Session, case: Cancellation, *, actor: User, at: datetime) -> list[LossNotice]:
    """One notice for each who bears a part of the loss; designers' and crews' parts go into the ledger. Once per share."""
    known = {(notice.liability, notice.party_id, notice.crew_id) for notice in case.notices}
    for share in case.shares:
        if share.amount and (share.liability, share.party_id, share.crew_id) not in known:
            case.notices.append(_notice(session, case, share, actor, at))
    session.flush()
    return case.notices


def receive(session: Session, notice: LossNotice, command: Receive, *, actor: User, at: datetime) -> None:
    """Finance has it. Raises Invalid by field, DomainError when it was taken before."""
    _check_right(actor)
    if notice.received_at is not None:
        raise DomainError(N_("Finance has this notice already."))
    problems: dict[str, Any] = {}
    if command.received_by.department != Department.FINANCE and command.received_by.kind != PartyKind.FINANCE:
        problems["received_by"] = N_("Somebody of finance takes it.")
    if command.received_at < notice.sent_at.replace(second=0, microsecond=0):
        problems["received_at"] = N_("It was not sent yet then.")
    elif command.received_at > at:
        problems["received_at"] = N_("This moment lies in the future.")
    if problems:
        raise Invalid(problems)
    notice.received_by, notice.received_at = command.received_by, command.received_at
    _changed(session, notice, "received", actor, at, acted_by=command.received_by)


def execute(session: Session, notice: LossNotice, executed_at: datetime, *, actor: User, at: datetime) -> None:
    """Finance has carried it out. Raises Invalid, DomainError before it was received or a second time."""
    _check_right(actor)
    if notice.received_at is None or notice.executed_at is not None:
        raise DomainError(N_("A notice is carried out once finance has it, and once."))
    if not notice.received_at.replace(second=0, microsecond=0) <= executed_at <= at:
        raise Invalid({"executed_at": N_("This moment lies before finance had it, or in the future.")})
    notice.executed_at = executed_at
    _changed(session, notice, "carried-out", actor, at, acted_by=notice.received_by)


# ---------- Parts ----------


def _notice(session: Session, case: Cancellation, share: CancellationShare, actor: User, at: datetime) -> LossNotice:
    assert share.amount is not None and case.loss is not None
    notice = LossNotice(
        number=numbering.next_number(session, LossNotice.PREFIX, at),
        branch_id=case.branch_id,
        customer_id=case.customer_id,
        contract_id=case.contract_id,
        liability=share.liability,
        party=share.party,
        crew=share.crew,
        basis=(case.liability_reason or "")[:200],
        percent=share.percent,
        loss=case.loss,
        amount=share.amount,
        sent_at=at,
    )
    stamp(notice, actor=actor, at=at)
    bearer = share.party or share.crew
    if bearer is not None:
        notice.copied_at = at if share.party is not None else None
        said = {
            "record": case.number,
            "contract": case.contract.number,
            "approval": case.approval.number if case.approval else None,
            "decided_by": case.gm.name if case.gm else None,
            "decided_at": case.gm_at,
            "percent": share.percent,
            "of": case.loss,
            "amount": share.amount,
            "notice": notice.number,
        }
        notice.entry = penalty_shares.book(
            session,
            case,
            bearer,
            share.amount,
            cause=f"cancellation:{case.id}:{share.liability}:{bearer.id}",
            evidence=said,
            decided_on=clock.today(case.gm_at or at),
            approved_by=case.signed_by,
            paid_at=at,
            at=at,
        )
    return notice


def _check_right(actor: User) -> None:
    if not may(actor, Permission.CANCELLATION_WORK):
        raise NotPermitted(N_("Your role may not do this."))


def _changed(
    session: Session, notice: LossNotice, action: str, actor: User, at: datetime, *, acted_by: Party | None
) -> None:
    notice.updated_at, notice.updated_by_id = at, actor.id
    events.record(
        session, EventKind.NOTE, action=f"loss-{action}", actor=actor, at=at, record=notice, acted_by=acted_by
    )
