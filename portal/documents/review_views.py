"""What the forms of drawing reviews and of the letter of intent show, as plain values: F-01 to F-03, F-32. Source: 4.4, 4.28."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from portal.documents.views import Signature, Ticks
from portal.i18n import N_, Text


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding. `points` are what it deducts; `fixed` says in which round it was corrected, or that it is open."""

    number: int
    code: str
    title: str
    place: str | None
    description: str | None
    count: int
    points: int
    must_fix: bool
    round_no: int
    fixed: str | None
    fixed_at: datetime | None
    checked_by: str | None
    result: str | None


@dataclass(frozen=True, slots=True)
class RoundRow:
    """One round: when, what came out, by whom."""

    round_no: int
    submitted_at: datetime
    due_at: datetime | None
    reviewed_at: datetime | None
    papers: str
    score: int | None
    result: str | None
    opinion: str | None
    reviewer: str | None


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    """F-01 图纸报价审核记录表."""

    FORM: ClassVar[str] = "F-01"
    TITLE: ClassVar[Text] = N_("Record of the review of drawings and quotation", "form")
    TEMPLATE: ClassVar[str] = "f01.html"

    number: str
    customer: str
    address: str
    designer: str
    branch_manager: str
    store: str | None
    amount: Decimal
    papers: Ticks
    rounds: tuple[RoundRow, ...]
    findings: tuple[FindingRow, ...]
    round_no: int
    score: int | None
    pass_score: int
    result: str | None
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class DeductionRow:
    """One review of a designer in a month."""

    number: str
    customer: str
    reviewed_on: date
    round_no: int
    items: str
    points: int
    score: int
    result: str


@dataclass(frozen=True, slots=True)
class DeductionSheet:
    """F-02 合同审核扣分情况表: the month of the review, of its designer."""

    FORM: ClassVar[str] = "F-02"
    TITLE: ClassVar[Text] = N_("Deductions in reviews", "form")
    TEMPLATE: ClassVar[str] = "f02.html"

    number: str
    designer: str
    store: str | None
    month: str
    rows: tuple[DeductionRow, ...]
    total: int
    warnings: int
    deducted: Decimal
    first_pass: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class CorrectionSheet:
    """F-03 审单/整改记录表."""

    FORM: ClassVar[str] = "F-03"
    TITLE: ClassVar[Text] = N_("Record of returns and corrections", "form")
    TEMPLATE: ClassVar[str] = "f03.html"

    number: str
    customer: str
    address: str
    designer: str
    store: str | None
    round_no: int
    returned_at: datetime | None
    opinion: str | None
    findings: tuple[FindingRow, ...]
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class IntentPaper:
    """F-32 初步合作意向书."""

    FORM: ClassVar[str] = "F-32"
    TITLE: ClassVar[Text] = N_("Letter of intent", "form")
    TEMPLATE: ClassVar[str] = "f32.html"

    number: str
    customer: str
    phone: str
    address: str | None
    scope: str | None
    amount: Decimal
    duration_days: int | None
    designer: str | None
    store: str | None
    terms: tuple[tuple[str, str, Decimal], ...]
    """Instalment, when, amount in yuan."""
    intended_on: date | None
    signatures: tuple[Signature, ...]
    style: str | None = None
    deposit: Decimal | None = None
    intended_until: date | None = None
