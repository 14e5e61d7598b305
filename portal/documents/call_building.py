"""F-04 and F-05, the register of calls and the liaison slip: what they show. Call inside `i18n.use_locale`. Source: `domain.md` 3.10, 4.28."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock, settings, visibility
from portal.documents.building import name_of
from portal.documents.views import Signature
from portal.files.store import Store
from portal.i18n import N_, Text, _, _p
from portal.models.customer import CustomerGrade
from portal.models.follow_up import FollowUpCall, FollowUpTicket
from portal.models.org import Department, User
from portal.processes.follow_up import CallStage, Overall
from portal.processes.follow_up_call import TALKED


@dataclass(frozen=True, slots=True)
class CallLine:
    """One call of the project."""

    stage: str
    called_at: datetime
    caller: str | None
    overall: str
    is_effective: bool
    words: str | None
    handling: str
    revisit: str


@dataclass(frozen=True, slots=True)
class CallRegister:
    """F-04 客户追踪回访情况登记表, of the project of a call."""

    FORM: ClassVar[str] = "F-04"
    TITLE: ClassVar[Text] = N_("Register of follow-up calls", "form")
    TEMPLATE: ClassVar[str] = "f04.html"

    number: str
    customer: str
    phone: str
    address: str
    grade: str
    designer: str | None
    project_manager: str | None
    foreman: str | None
    supervisor: str | None
    effective: str
    lines: tuple[CallLine, ...]
    signatures: tuple[Signature, ...]
    row_ids: tuple[int, ...] = ()
    """The calls it lists."""


@dataclass(frozen=True, slots=True)
class SlipPaper:
    """F-05 回访联系单."""

    FORM: ClassVar[str] = "F-05"
    TITLE: ClassVar[Text] = N_("Liaison slip", "form")
    TEMPLATE: ClassVar[str] = "f05.html"

    number: str
    project_number: str | None
    customer: str
    phone: str
    address: str | None
    source: str | None
    round_no: str
    problem: str
    words: str | None
    department: str
    responsible: str | None
    handed_over_at: datetime
    limit_at: datetime
    received_at: datetime | None
    measure: str | None
    done_at: datetime | None
    revisit_at: datetime | None
    revisit_result: str | None
    material: str | None
    solved: str | None
    complaint: str | None
    signatures: tuple[Signature, ...]


def register(session: Session, call: FollowUpCall, _store: Store, reader: User | None) -> CallRegister:
    """F-04: the talks held with the customer about this project, as far as the reader may see them (R-20).

    `reader` None: all of them.
    """
    project, customer = call.project, call.customer
    assert project is not None, "the form is for the calls of a project"
    mine = visibility.visible_to(reader, FollowUpCall) if reader is not None else select(FollowUpCall)
    query = mine.where(FollowUpCall.project_id == project.id, FollowUpCall.state.in_(sorted(TALKED)))
    held = session.scalars(query.order_by(FollowUpCall.called_at, FollowUpCall.id)).all()
    effective = sum(1 for each in held if each.is_effective)
    return CallRegister(
        number=project.number,
        customer=customer.name,
        phone=customer.phone,
        address=project.property.address,
        grade=CustomerGrade.show(customer.grade),
        designer=name_of(project.designer),
        project_manager=name_of(project.project_manager),
        foreman=name_of(project.foreman),
        supervisor=name_of(project.supervisor),
        effective=_("%(count)s of %(all)s", count=effective, all=settings.get(session, "min_effective_calls")),
        lines=tuple(map(_line, held)),
        signatures=(Signature(_p("form", "Specialist"), name_of(call.owner)), Signature(_p("form", "Manager"))),
        row_ids=tuple(each.id for each in held),
    )


def slip(_session: Session, record: FollowUpTicket, _store: Store) -> SlipPaper:
    """F-05: the problem, who answers for it until when, and what came of it."""
    project = record.project
    source = record.call.number if record.call is not None else record.survey.number if record.survey else None
    return SlipPaper(
        number=record.number,
        project_number=project.number if project is not None else None,
        customer=record.customer.name,
        phone=record.customer.phone,
        address=project.property.address if project is not None else None,
        source=source,
        round_no=_("Round %(number)s", number=record.round_no),
        problem=record.problem,
        words=record.call.customer_words if record.call is not None else None,
        department=Department.show(record.department),
        responsible=name_of(record.responsible),
        handed_over_at=record.handed_over_at,
        limit_at=record.limit_at,
        received_at=record.received_at,
        measure=record.measure,
        done_at=record.done_at,
        revisit_at=record.revisit_at,
        revisit_result=record.revisit_result,
        material=record.material,
        solved=None if record.is_solved is None else _("Yes") if record.is_solved else _("No"),
        complaint=record.complaint.number if record.complaint is not None else None,
        signatures=(
            Signature(_p("form", "Handed over by"), name_of(record.owner), clock.today(record.handed_over_at)),
            Signature(_p("form", "Signed for by"), name_of(record.received_by), _day(record.received_at)),
            Signature(_p("form", "Asked again by"), _asker(record), _day(record.revisit_at)),
        ),
    )


def _line(call: FollowUpCall) -> CallLine:
    return CallLine(
        stage=CallStage.show(call.stage),
        called_at=call.called_at,  # type: ignore[arg-type]  # a talk that was held has its time
        caller=name_of(call.caller),
        overall=Overall.show(call.overall),
        is_effective=call.is_effective,
        words=call.customer_words,
        handling="；".join(
            f"{each.problem} → {each.measure or Department.show(each.department)}" for each in call.tickets
        ),
        revisit="；".join(each.revisit_result for each in call.tickets if each.revisit_result),
    )


def _asker(record: FollowUpTicket) -> str | None:
    """Who called about the last measure; None: nobody, or it was settled without a call."""
    called = [each.call for each in record.revisits if each.call.called_at is not None]
    return name_of(called[-1].caller) if called else None


def _day(moment: datetime | None) -> date | None:
    return clock.today(moment) if moment is not None else None


BUILDERS: dict[str, Any] = {"F-04": register, "F-05": slip}
