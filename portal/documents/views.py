"""What each form shows, as plain values: built from records by `portal.services.documents`, printed by `paper`.

Labels of closed lists arrive as text in the language of the paper. Times are aware, money is Decimal yuan, None is a
field to be filled in by hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar, Protocol

from portal.documents.fetching import Asset
from portal.i18n import N_, Text

Ticks = tuple[tuple[str, bool], ...]
"""The words of a closed list and which of them holds: ☑ 售中　☐ 售后."""


@dataclass(frozen=True, slots=True)
class Company:
    """The company as its settings name it, for the head of the paper."""

    name: str
    department: str
    hotline: str | None = None
    logo: Asset | None = None
    """PNG or JPEG; None prints the house mark."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Facts of this paper that do not belong to the record."""

    company: Company
    document_number: str
    made_at: datetime
    made_by: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A box to sign in; with the scan or drawing once it was signed."""

    label: str
    name: str | None = None
    day: date | None = None
    image: Asset | None = None
    is_void: bool = False
    """What was signed is not what stands here any more."""
    refusal: str = ""
    """What stands in the box of somebody who refused to sign."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture with its caption. Without an image its place says that it cannot be shown."""

    caption: str
    image: Asset | None


@dataclass(frozen=True, slots=True)
class SignOff:
    """A responsible department and its head's signature for the copy of F-06."""

    department: str
    head: str | None
    signed_at: datetime | None
    copy_left: bool


@dataclass(frozen=True, slots=True)
class SlipRound:
    """One round of plan, visit and call-back."""

    round_no: int
    new_demand: str | None = None
    plan: str | None = None
    plan_fed_back_at: datetime | None = None
    visit_appointment: datetime | None = None
    solve_due_at: datetime | None = None
    visit_at: datetime | None = None
    visit_by: str | None = None
    solution_record: str | None = None
    no_signature_reason: str | None = None
    follow_up_at: datetime | None = None
    follow_up: str | None = None


@dataclass(frozen=True, slots=True)
class ProblemSlip:
    """F-06 售中、售后问题确认单 (`domain.md` 4.9)."""

    FORM: ClassVar[str] = "F-06"
    TITLE: ClassVar[Text] = N_("Confirmation of problems during and after construction", "form")
    TEMPLATE: ClassVar[str] = "f06.html"

    number: str
    phases: Ticks
    customer: str
    phone: str
    address: str | None
    contract_number: str | None
    designer: str | None
    project_manager: str | None
    foreman: str | None
    supervisor: str | None
    category: str
    severity: str
    content: str
    demand: str
    received_by: str | None
    received_at: datetime
    handover_due_at: datetime | None
    departments: tuple[SignOff, ...]
    verify_call_at: datetime | None
    verified_by: str | None
    verify_result: str | None
    verify_due_at: datetime | None
    rounds: tuple[SlipRound, ...]
    closed_at: datetime | None
    root_cause: str | None
    improvement: str | None
    responsible: str | None
    signatures: tuple[Signature, ...]
    photos: tuple[Photo, ...] = ()


@dataclass(frozen=True, slots=True)
class CourseEntry:
    """One step in the course of a complaint."""

    at: datetime
    what: str
    who: str | None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """A deadline of the case and how it was kept; `done_at` None: still running or never met."""

    code: str
    what: str
    due_at: datetime
    done_at: datetime | None
    is_late: bool


@dataclass(frozen=True, slots=True)
class Liability:
    """Who answers for which part, and why."""

    party: str
    percent: Decimal | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """Who bears which part of a compensation."""

    bearer: str
    percent: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Annex:
    """A paper or file that belongs to the case."""

    name: str
    kind: str
    day: date
    page_count: int | None = None


@dataclass(frozen=True, slots=True)
class ComplaintFile:
    """F-07 客户投诉档案 (`domain.md` 4.28): the whole case, for the archive; the manager's paper."""

    FORM: ClassVar[str] = "F-07"
    TITLE: ClassVar[Text] = N_("Customer complaint file", "form")
    TEMPLATE: ClassVar[str] = "f07.html"

    number: str
    state: str
    customer: str
    customer_number: str | None
    grade: str | None
    phone: str
    address: str | None
    project_number: str | None
    contract_number: str | None
    contract_amount: Decimal | None
    designer: str | None
    project_manager: str | None
    foreman: str | None
    supervisor: str | None
    received_at: datetime
    channel: str
    received_by: str | None
    owner: str | None
    phase: str
    category: str
    severity: str
    verdict: str | None
    departments: tuple[str, ...]
    content: str
    demand: str
    course: tuple[CourseEntry, ...]
    limits: tuple[Limit, ...]
    escalation_number: str | None
    cause: str | None
    liability: tuple[Liability, ...]
    solution: str | None
    compensation: Decimal | None
    shares: tuple[Share, ...]
    root_cause: str | None
    improvement: str | None
    responsible: str | None
    closed_at: datetime | None
    annexes: tuple[Annex, ...]
    signatures: tuple[Signature, ...]
    photos: tuple[Photo, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerForm:
    """F-14 客户信息登记表 (`domain.md` 4.1, 4.28): filled in with a visitor."""

    FORM: ClassVar[str] = "F-14"
    TITLE: ClassVar[Text] = N_("Customer information form", "form")
    TEMPLATE: ClassVar[str] = "f14.html"

    number: str
    name: str | None
    title: str | None
    phone: str | None
    phone2: str | None
    wechat: str | None
    sources: Ticks
    referred_by: str | None
    address: str | None
    area: Decimal | None
    layout: str | None
    style: str | None
    budget: Decimal | None
    handover_on: date | None
    wanted_start_on: date | None
    intentions: Ticks
    needs: str | None
    answer: str | None
    avoid_times: str | None
    received_by: str | None
    consultant: str | None
    occurred_at: datetime
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class ComplaintRegister:
    """F-16 顾客投诉登记表 (`domain.md` 4.28): the complaint as it was taken."""

    FORM: ClassVar[str] = "F-16"
    TITLE: ClassVar[Text] = N_("Complaint registration form", "form")
    TEMPLATE: ClassVar[str] = "f16.html"

    number: str
    complainant: str
    phone: str
    customer: str | None
    address: str | None
    contract_number: str | None
    received_at: datetime
    channels: Ticks
    phases: Ticks
    category: str | None
    severities: Ticks
    content: str
    demand: str
    evidence: tuple[str, ...]
    verdicts: Ticks
    verdict_note: str | None
    departments: tuple[str, ...]
    taken_by: str | None
    owner: str | None
    handover_due_at: datetime | None
    signatures: tuple[Signature, ...]
    photos: tuple[Photo, ...] = ()


class View(Protocol):
    """What a form shows: a frozen dataclass with its code, title and template."""

    FORM: ClassVar[str]
    TITLE: ClassVar[Text]
    TEMPLATE: ClassVar[str]

    @property
    def number(self) -> str:
        """The number of the record."""

    @property
    def signatures(self) -> tuple[Signature, ...]:
        """The boxes to sign in."""
