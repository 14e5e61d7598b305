"""F-24, the register of loans of a file: what it shows. Call inside `i18n.use_locale`. Source: `domain.md` 3.19, 4.16, 4.28."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.documents.building import name_of
from portal.documents.views import Signature
from portal.files.store import Store
from portal.i18n import N_, Text, _p
from portal.models.archive import ArchiveLoan
from portal.models.org import Department
from portal.processes.archive_loan import PAPERS_OUT, PROCESS, Condition, Mode, Secrecy, State
from portal.services import approvals

WENT_OUT = PAPERS_OUT | {State.RETURNED, State.LOST}


@dataclass(frozen=True, slots=True)
class LoanLine:
    """One loan of the file."""

    number: str
    department: str
    applicant: str
    purpose: str
    mode: str
    consent: str | None
    out_at: datetime | None
    pages_out: int | None
    due_at: datetime | None
    returned_at: datetime | None
    pages_back: int | None
    state: str


@dataclass(frozen=True, slots=True)
class LoanRegister:
    """F-24 档案借阅登记表, of the file whose loan is printed."""

    FORM: ClassVar[str] = "F-24"
    TITLE: ClassVar[Text] = N_("Register of archive loans", "form")
    TEMPLATE: ClassVar[str] = "f24.html"

    number: str
    customer: str
    address: str
    shelf: str | None
    secrecy: str
    lines: tuple[LoanLine, ...]
    signatures: tuple[Signature, ...]


def register(session: Session, loan: ArchiveLoan, _store: Store) -> LoanRegister:
    """F-24: every loan of the file, the first one first, with who consented, when it went out and how it came back."""
    project = loan.project
    query = select(ArchiveLoan).where(ArchiveLoan.project_id == project.id).order_by(ArchiveLoan.id)
    return LoanRegister(
        number=project.archive_number or project.number,
        customer=project.customer.name,
        address=project.property.address,
        shelf=project.archive_shelf,
        secrecy=Secrecy.show(project.archive_secrecy),
        lines=tuple(_line(each) for each in session.scalars(query)),
        signatures=(
            Signature(_p("form", "Keeper of the file"), name_of(loan.owner)),
            Signature(_p("form", "Manager")),
        ),
    )


def _line(loan: ArchiveLoan) -> LoanLine:
    said = loan.approval.steps[-1] if loan.approval is not None else None
    state = Condition.show(loan.condition) if loan.state in (State.RETURNED, State.LOST) else None
    return LoanLine(
        number=loan.number,
        department=Department.show(loan.department),
        applicant=loan.applicant,
        purpose=loan.purpose,
        mode=Mode.show(loan.mode),
        consent=approvals.who_of(said) if said is not None and said.decision else None,
        out_at=loan.out_at if loan.state in WENT_OUT else None,
        pages_out=loan.pages_out,
        due_at=loan.due_at if loan.state in WENT_OUT else None,
        returned_at=loan.returned_at,
        pages_back=loan.pages_back,
        state=state or str(PROCESS.state(loan.state).label),
    )


BUILDERS: dict[str, Any] = {"F-24": register}
