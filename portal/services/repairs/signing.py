"""A customer's signature: for the finished work, or for a quote. It counts for the words that were shown, and no others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from portal.errors import DomainError
from portal.files.intake import Accepted
from portal.i18n import N_
from portal.models.event import EventKind
from portal.models.org import User
from portal.models.repair import RepairOrder, RepairSignature
from portal.processes.repair import StandsFor, fingerprint, quote_fingerprint
from portal.services import attachments, events, steps

OTHER_WORDS = "signed-other-words"
"""What happened when a signature came for words that the record does not say."""
PRESENT = {StandsFor.WORK: fingerprint, StandsFor.QUOTE: quote_fingerprint}
"""What the record says now, by what a signature stands for."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature. `facts_hash`: the fingerprint of what the words shown say; None: they say something else than the
    record, as a phone without network may have shown them."""

    signed_by: str
    signed_at: datetime
    shown: str
    facts_hash: str | None
    signature: Accepted | None = None
    """What was drawn on the screen, or the scan of the signed paper."""


def sign(
    session: Session, order: RepairOrder, stands_for: StandsFor, signed: Signed, *, actor: User, at: datetime
) -> bool:
    """Keep a signature. False: it is void because the record says something else, and captain and owner are told.

    Raises DomainError when the page itself showed words that are no longer those of the record.
    """
    if signed.facts_hash not in (None, PRESENT[stands_for](order)):
        raise DomainError(N_("The text changed while the customer was reading it. Show it again and have it signed."))
    drawn = None
    if signed.signature is not None:
        drawn = attachments.add(session, order, signed.signature, actor=actor, at=at, kind="SIGNATURE").attachment
    kept = RepairSignature(
        signed_by=signed.signed_by,
        signed_at=signed.signed_at,
        shown=signed.shown,
        shown_hash=hashlib.sha256(signed.shown.encode()).hexdigest(),
        facts_hash=signed.facts_hash,
        attachment_id=drawn.id if drawn else None,
        recorded_by_id=actor.id,
        stands_for=stands_for.value,
    )
    (order.signatures if stands_for == StandsFor.WORK else order.consents).append(kept)
    if signed.facts_hash is not None:
        return True
    order.updated_at, order.updated_by_id = at, actor.id
    when = signed.signed_at.isoformat()
    events.record(
        session,
        EventKind.CHANGE,
        action=OTHER_WORDS,
        actor=actor,
        at=at,
        record=order,
        name=signed.signed_by,
        met_at=when,
    )
    steps.announce(session, order, OTHER_WORDS, ("captain", "owner"), actor=actor, at=at)
    return False


def signature_is_void(order: RepairOrder) -> bool:
    """Whether the last signature stands for other words than those that are written now."""
    return bool(order.signatures) and order.signatures[-1].facts_hash != fingerprint(order)


def consent_is_void(order: RepairOrder) -> bool:
    """Whether the last signature under a quote was given for other words than those that are written now."""
    return bool(order.consents) and order.consents[-1].facts_hash != quote_fingerprint(order)
