"""What the forms of warranty and repair show, as plain values: F-19 to F-22. Source: `domain.md` 3.15 to 3.17, 4.13 to 4.15."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from portal.documents.views import Photo, Signature, Ticks
from portal.i18n import N_, Text


@dataclass(frozen=True, slots=True)
class TermLine:
    """How long one trade is covered."""

    trade: str
    years: int
    ends_on: date


@dataclass(frozen=True, slots=True)
class CertificatePaper:
    """F-19 工程保修单."""

    FORM: ClassVar[str] = "F-19"
    TITLE: ClassVar[Text] = N_("Warranty certificate", "form")
    TEMPLATE: ClassVar[str] = "f19.html"

    number: str
    customer: str
    address: str
    contract_number: str
    project_number: str
    project_kind: str
    starts_on: date | None
    terms: tuple[TermLine, ...]
    template: str | None
    """The contract template that promised them, as it was called when the certificate was issued."""
    exclusions: str | None
    care_notes: str | None
    hotline: str | None
    issued_on: date | None
    issued_by: str | None
    replaced_numbers: str | None
    link: str
    """Where the code leads: registering a repair for this certificate."""
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class CostRow:
    """One line of cost, in yuan."""

    kind: str
    what: str
    measure: str
    bearer: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PhotoPair:
    """The same spot before and after; where one side is missing, its place stays empty."""

    number: int
    before: tuple[Photo, ...]
    after: tuple[Photo, ...]


@dataclass(frozen=True, slots=True)
class RepairPaper:
    """F-20 维修单."""

    FORM: ClassVar[str] = "F-20"
    TITLE: ClassVar[Text] = N_("Repair order", "form")
    TEMPLATE: ClassVar[str] = "f20.html"

    number: str
    reporter: str
    phone: str
    address: str
    project_number: str | None
    certificate_number: str | None
    trades: Ticks
    urgencies: Ticks
    symptom: str
    reported_at: datetime
    in_warranty: Ticks
    crew: str | None
    responsible_crew: str | None
    """Who built it, and whether that crew is still there."""
    captain: str | None
    told_at: datetime | None
    arrive_due_at: datetime | None
    arrived_at: datetime | None
    causes: Ticks
    plan: str | None
    planned_done_at: datetime | None
    quote: Decimal | None
    work_done: str | None
    done_at: datetime | None
    costs: tuple[CostRow, ...]
    total: Decimal | None
    rating: int | None
    result: str | None
    is_void: bool
    """The customer signed other words than those that stand here now."""
    signatures: tuple[Signature, ...]
    pairs: tuple[PhotoPair, ...] = ()
    photos: tuple[Photo, ...] = ()
    """What stands in no pair."""


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """F-21 维修服务报告."""

    FORM: ClassVar[str] = "F-21"
    TITLE: ClassVar[Text] = N_("Repair service report", "form")
    TEMPLATE: ClassVar[str] = "f21.html"

    number: str
    customer: str
    address: str
    problem: str
    cause: str | None
    work_done: str | None
    materials: str | None
    result: str | None
    charge: Decimal | None
    """What the customer bears, in yuan; None: free of charge."""
    payments: tuple[str, ...]
    rating: int | None
    is_void: bool
    done_at: datetime | None
    signatures: tuple[Signature, ...]
    pairs: tuple[PhotoPair, ...] = ()
    photos: tuple[Photo, ...] = ()
    """What stands in no pair."""


@dataclass(frozen=True, slots=True)
class BearerRow:
    """What one bearer pays, in yuan; for retention money what was there before and after."""

    bearer: str
    amount: Decimal
    before: Decimal | None = None
    after: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CostCasePaper:
    """F-22 报修费用处理单."""

    FORM: ClassVar[str] = "F-22"
    TITLE: ClassVar[Text] = N_("Settlement of repair cost", "form")
    TEMPLATE: ClassVar[str] = "f22.html"

    number: str
    order_number: str
    customer: str
    address: str
    symptom: str
    reasons: Ticks
    crew: str
    executor: str | None
    estimate_material: Decimal
    estimate_labour: Decimal
    estimate: Decimal
    causes: Ticks
    at_fault: str | None
    confirmed_by: str | None
    confirmed_at: datetime | None
    decision: str | None
    approved_by: str | None
    approved_at: datetime | None
    gm: str | None
    gm_decided_at: datetime | None
    actual: Decimal | None
    shares: tuple[BearerRow, ...]
    is_booked: bool
    voucher_no: str | None
    executor_paid_at: datetime | None
    signatures: tuple[Signature, ...]
