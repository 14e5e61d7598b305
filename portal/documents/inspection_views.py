"""What the forms of pre-acceptance show, as plain values: F-09, F-10. Source: `domain.md` 3.13, 4.11."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from portal.documents.repair_views import PhotoPair
from portal.documents.views import Photo, Signature, Ticks
from portal.i18n import N_, Text


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A line of an inspection. `photos`: their numbers."""

    text: str
    limit: str
    measured: str
    result: str | None
    is_failed: bool
    is_must: bool
    comment: str | None
    photos: str


@dataclass(frozen=True, slots=True)
class CheckGroup:
    """The lines of one trade."""

    trade: str
    rows: tuple[CheckRow, ...]


@dataclass(frozen=True, slots=True)
class InspectionPaper:
    """F-09 预验收单."""

    FORM: ClassVar[str] = "F-09"
    TITLE: ClassVar[Text] = N_("Pre-acceptance record", "form")
    TEMPLATE: ClassVar[str] = "f09.html"

    number: str
    project_number: str
    contract_number: str | None
    customer: str
    address: str
    project_manager: str
    foreman: str
    supervisor: str | None
    round_no: str
    inspected_at: datetime | None
    present: str | None
    groups: tuple[CheckGroup, ...]
    conclusions: Ticks
    note: str | None
    notice_number: str | None
    signatures: tuple[Signature, ...]
    pairs: tuple[PhotoPair, ...] = ()
    photos: tuple[Photo, ...] = ()


@dataclass(frozen=True, slots=True)
class Defect:
    """What is to be rectified, and what the re-inspection found of it. `photos`: their numbers."""

    text: str
    found: str
    photos: str
    recheck: str | None


@dataclass(frozen=True, slots=True)
class NoticePaper:
    """F-10 限期整改通知单."""

    FORM: ClassVar[str] = "F-10"
    TITLE: ClassVar[Text] = N_("Rectification notice", "form")
    TEMPLATE: ClassVar[str] = "f10.html"

    number: str
    project_number: str
    customer: str
    address: str
    inspection_number: str
    round_no: str
    issued_on: date
    responsible: str
    project_manager: str
    defects: tuple[Defect, ...]
    requirement: str
    limit_on: date
    recheck_at: datetime
    rechecked_at: datetime | None
    rechecked_by: str | None
    outcomes: Ticks
    next_step: str | None
    signatures: tuple[Signature, ...]
    pairs: tuple[PhotoPair, ...] = ()
    photos: tuple[Photo, ...] = ()
