"""Records by the words of their address: which kinds have files and papers, and who may see them."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portal import visibility
from portal.errors import NotFound
from portal.models.complaint import Complaint, Escalation
from portal.models.consultation import Consultation
from portal.models.contract import Contract, Quotation
from portal.models.customer import Customer, Property
from portal.models.org import Crew, Party, User
from portal.models.project import Project
from portal.permissions import Permission, may

P = Permission

VIEW: dict[type[Any], Permission] = {
    Complaint: P.COMPLAINT_VIEW,
    Consultation: P.CONSULTATION_VIEW,
    Contract: P.CONTRACT_VIEW,
    Crew: P.PARTY_VIEW,
    Customer: P.CUSTOMER_VIEW,
    Escalation: P.ESCALATION_VIEW,
    Party: P.PARTY_VIEW,
    Project: P.PROJECT_VIEW,
    Property: P.PROJECT_VIEW,
    Quotation: P.CONTRACT_VIEW,
}
"""What a role must be granted to see records of a type at all; which rows is `portal.visibility`."""

MODELS: dict[str, type[Any]] = {model.KIND: model for model in VIEW}


def find(session: Session, user: User, kind: str, *, number: str | None = None, record_id: int | None = None) -> Any:
    """The record of that number (or id), if it exists for this person. Raises NotFound; unknown and foreign look alike."""
    model = MODELS.get(kind)
    if model is None or not may(user, VIEW[model]):
        raise NotFound()
    return seen(session, user, model, number=number, record_id=record_id)


def seen(
    session: Session, user: User, model: type[Any], *, number: str | None = None, record_id: int | None = None
) -> Any:
    """As `find`, by the row rule alone: for what a role may do with records it may not open. Raises NotFound."""
    condition = model.number == number if record_id is None else model.id == record_id
    record = session.scalars(visibility.visible_to(user, model).where(condition)).one_or_none()
    if record is None:
        raise NotFound()
    return record
