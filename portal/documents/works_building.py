"""From projects and completion acceptances to what F-11, F-12, F-13, F-15 and both F-31 show. Call inside `i18n.use_locale`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from portal import clock, formatting, settings
from portal.documents.building import name_of
from portal.documents.views import Signature
from portal.documents.works_views import (
    AcceptanceForm,
    Cell,
    CompletionNotice,
    CompletionReport,
    ContractInformation,
    DisclosureRecord,
    Grid,
    Section,
    StageRecord,
)
from portal.files.store import Store
from portal.i18n import _p
from portal.models.attachment import Attachment
from portal.models.completion import CompletionAcceptance
from portal.models.contract import PaymentKind
from portal.models.milestone import StageAcceptance, StageKind, StageResult
from portal.models.project import Project, ProjectKind
from portal.models.works import Presence
from portal.processes.completion import NoticeChannel, Verdict, fingerprint
from portal.services.completions import said_of

WHOLE = 5
"""A value as wide as the paper."""


def _day(value: date | None) -> str | None:
    return formatting.full_date(value) if value else None


def _moment(value: datetime | None) -> str | None:
    return formatting.stamp(value) if value else None


def _works(project: Project, contract_number: str | None) -> Section:
    return Section(
        _p("form", "1. Works"),
        (
            (
                Cell(_p("form", "Customer"), project.customer.name),
                Cell(_p("form", "Contract no."), contract_number),
                Cell(_p("form", "Project no."), project.number),
            ),
            (Cell(_p("form", "Address"), project.property.address, WHOLE),),
            (
                Cell(_p("form", "Project manager"), name_of(project.project_manager)),
                Cell(_p("form", "Foreman"), name_of(project.foreman)),
                Cell(_p("form", "Supervisor"), name_of(project.supervisor)),
            ),
        ),
    )


def _is_void(record: CompletionAcceptance) -> bool:
    return bool(record.signatures) and record.signatures[-1].shown_hash != fingerprint(record)


def _signed(session: Session, record: CompletionAcceptance, store: Store) -> tuple[Signature, ...]:
    """The customer's box with the signature, then those of the site."""
    last, image = record.signatures[-1] if record.signatures else None, None
    if last is not None and last.attachment_id is not None:
        drawn = session.get_one(Attachment, last.attachment_id)
        image = store.path(drawn.file.sha256) if drawn.file.mime.startswith("image/") else None
    customer = Signature(
        _p("form", "Customer's signature"),
        last.signed_by if last else None,
        clock.today(last.signed_at) if last else None,
        image,
        _is_void(record),
    )
    project = record.project
    return (
        customer,
        Signature(_p("form", "Project manager"), name_of(project.project_manager)),
        Signature(_p("form", "Supervisor"), name_of(project.supervisor)),
    )


def acceptance(session: Session, record: CompletionAcceptance, store: Store) -> AcceptanceForm:
    """F-11: lines per room and trade with results, remaining items, the customer's opinion and signature."""
    lines = tuple(
        (line.room, line.trade, line.what, Verdict.show(line.verdict) if line.verdict else "", line.remark or "")
        for line in record.checks
    )
    head = ("Room", "Trade", "Item", "Result", "Remark")
    remaining = "\n".join(
        _p("form", "%(items)s – %(requirement)s, until %(limit)s, rectified %(done)s") % {
            "items": one.items, "requirement": one.requirement, "limit": formatting.full_date(one.limit_on),
            "done": _day(one.rectified_on) or formatting.DASH,
        }
        for one in record.rounds
    )  # fmt: skip
    return AcceptanceForm(
        number=record.number,
        sections=(
            _works(record.project, record.contract.number),
            Section(
                _p("form", "2. Acceptance per room and trade"),
                grid=Grid(tuple(_HEADS[word]() for word in head), lines, wide=2),
            ),
            Section(
                _p("form", "3. Remaining items and opinion"),
                (
                    (Cell(_p("form", "Remaining items"), remaining or _none(record), WHOLE, True),),
                    (Cell(_p("form", "Customer's opinion"), record.customer_words or _none(record), WHOLE, True),),
                    (
                        Cell(_p("form", "Accepted at"), _moment(record.accepted_at)),
                        Cell(_p("form", "Conclusion"), record.conclusion, 3),
                    ),
                ),
            ),
        ),
        signatures=_signed(session, record, store),
        note=_p("form", "The warranty begins with the day of this acceptance."),
        is_void=_is_void(record),
    )


def _none(record: CompletionAcceptance) -> str | None:
    return _p("form", "None") if record.accepted_at else None


_HEADS: dict[str, Callable[[], str]] = {
    "Room": lambda: _p("form", "Room"),
    "Trade": lambda: _p("form", "Trade of the works"),
    "Item": lambda: _p("form", "Item"),
    "Result": lambda: _p("form", "Result of the acceptance"),
    "Remark": lambda: _p("form", "Remark"),
}


def notice(session: Session, record: CompletionAcceptance, _store: Store) -> CompletionNotice:
    """F-12: when, where, who, what is looked at, whom to ask, how and when it was sent."""
    looked_at = "\n".join(f"{place}. {said_of(line)}" for place, line in enumerate(record.checks, 1))
    contact = "　".join(filter(None, (name_of(record.owner), str(settings.get(session, "company_hotline")))))
    return CompletionNotice(
        number=record.number,
        sections=(
            _works(record.project, record.contract.number),
            Section(
                _p("form", "2. Acceptance"),
                (
                    (
                        Cell(_p("form", "Date and time"), _moment(record.appointed_at), 2),
                        Cell(_p("form", "Where"), record.place, 2),
                    ),
                    (Cell(_p("form", "Persons"), record.invited, WHOLE),),
                    (Cell(_p("form", "To be looked at"), looked_at, WHOLE, True),),
                ),
            ),
            Section(
                _p("form", "3. Contact and delivery"),
                (
                    (Cell(_p("form", "Contact"), contact, WHOLE),),
                    (
                        Cell(
                            _p("form", "Sent by"),
                            NoticeChannel.show(record.notice_channel) if record.notice_channel else None,
                            2,
                        ),
                        Cell(_p("form", "Sent at"), _moment(record.notice_sent_at), 2),
                    ),
                ),
            ),
        ),
        signatures=(
            Signature(_p("form", "Specialist"), name_of(record.owner)),
            Signature(_p("form", "Received by the customer")),
        ),
        note=_p("form", "Please tell us early when the time does not suit you."),
    )


def report(session: Session, record: CompletionAcceptance, store: Store) -> CompletionReport:
    """F-13: overview, basis, scope, standard, findings, conclusion; who gets a copy."""
    project, contract = record.project, record.contract
    passed = sum(line.verdict == Verdict.PASSED for line in record.checks)
    overview = _p("form", "%(kind)s, %(area)s m², contract period %(days)s days, begun %(start)s, finished %(finish)s") % {
        "kind": ProjectKind.show(project.kind), "area": project.property.area,
        "days": project.contract_days or formatting.DASH, "start": _day(project.actual_start_on) or formatting.DASH,
        "finish": _day(project.actual_finish_on) or formatting.DASH,
    }  # fmt: skip
    basis = _p("form", "Contract %(number)s of %(day)s with drawings, quotation and signed changes") % {
        "number": contract.number,
        "day": _day(contract.signed_on) or formatting.DASH,
    }
    found = _p("form", "%(passed)s of %(all)s lines passed, %(rounds)s times rectified") % {
        "passed": passed,
        "all": len(record.checks),
        "rounds": len(record.rounds),
    }
    scope = "、".join(dict.fromkeys(" ".join(filter(None, (line.room, line.trade))) for line in record.checks))
    rows = (
        (_p("form", "Overview"), overview),
        (_p("form", "Basis"), basis),
        (_p("form", "Scope"), scope),
        (_p("form", "Standard"), str(settings.get(session, "completion_standard"))),
        (_p("form", "Findings"), found if record.accepted_at else None),
        (_p("form", "Conclusion"), record.conclusion),
    )
    return CompletionReport(
        number=record.number,
        sections=(
            _works(project, contract.number),
            Section(_p("form", "2. Report"), tuple((Cell(label, text, WHOLE, True),) for label, text in rows)),
            Section(
                _p("form", "3. Persons and copies"),
                (
                    (Cell(_p("form", "Present"), record.present, WHOLE),),
                    (Cell(_p("form", "Copies"), _p("form", "customer, engineering, finance, archive"), WHOLE),),
                ),
            ),
        ),
        signatures=_signed(session, record, store),
        is_void=_is_void(record),
    )


def contract_information(session: Session, project: Project, _store: Store) -> ContractInformation:
    """F-15: what engineering, finance and customer service need to know of a contract, and when they got it."""
    contract, slip = project.contract, project.slip
    terms = tuple(
        (PaymentKind.show(line.kind), f"{line.percent.normalize():f} %", formatting.money(line.amount), line.due_event or "")
        for line in (contract.terms if contract else ())
    )  # fmt: skip
    repeat = {True: _p("form", "Yes"), False: _p("form", "No")}
    sent = (
        (_p("form", "Engineering"), _moment(slip.engineering_at) or "") if slip else (_p("form", "Engineering"), ""),
        (_p("form", "Finance"), _moment(slip.finance_at) or "") if slip else (_p("form", "Finance"), ""),
        (_p("form", "Customer service"), _moment(slip.service_at) or "")
        if slip
        else (_p("form", "Customer service"), ""),
    )
    return ContractInformation(
        number=project.archive_number or project.number,
        sections=(
            Section(
                _p("form", "1. Contract"),
                (
                    (
                        Cell(_p("form", "Customer"), project.customer.name),
                        Cell(_p("form", "Contract no."), contract.number if contract else None),
                        Cell(_p("form", "Signed on"), _day(contract.signed_on) if contract else None),
                    ),
                    (Cell(_p("form", "Address"), project.property.address, WHOLE),),
                    (
                        Cell(
                            _p("form", "Amount"),
                            _p("form", "%(amount)s yuan", amount=formatting.money(contract.amount))
                            if contract
                            else None,
                        ),
                        Cell(_p("form", "Kind of works"), ProjectKind.show(project.kind)),
                        Cell(_p("form", "Repeat customer"), repeat[slip.is_repeat] if slip else None),
                    ),
                    (
                        Cell(_p("form", "Start"), _day(project.actual_start_on or project.planned_start_on)),
                        Cell(_p("form", "Finish"), _day(project.actual_finish_on or project.planned_finish_on)),
                        Cell(_p("form", "Days"), str(project.contract_days) if project.contract_days else None),
                    ),
                    (
                        Cell(_p("form", "Designer"), name_of(project.designer)),
                        Cell(_p("form", "Store"), name_of(project.branch)),
                        Cell(_p("form", "Sales"), name_of(project.sales)),
                    ),
                    (Cell(_p("form", "Special promises"), slip.promises if slip else None, WHOLE, True),),
                ),
            ),
            Section(
                _p("form", "2. Payments"),
                grid=Grid(
                    (_p("form", "Kind"), _p("form", "Share"), _p("form", "Amount (yuan)"), _p("form", "Falls due")),
                    terms,
                    wide=3,
                    figures=(1, 2),
                ),
            ),
            Section(
                _p("form", "3. Sent to"),
                grid=Grid((_p("form", "Department told"), _p("form", "Sent to it at")), sent, wide=1),
            ),
        ),
        signatures=(
            Signature(_p("form", "Design")),
            Signature(_p("form", "Engineering")),
            Signature(_p("form", "Finance")),
            Signature(_p("form", "Customer service"), name_of(project.owner)),
        ),
    )


def disclosure(_session: Session, project: Project, _store: Store) -> DisclosureRecord:
    """F-31: the last technical disclosure; without one the paper is filled in on site."""
    last = project.disclosures[-1] if project.disclosures else None
    reviewed = {True: _p("form", "Yes"), False: _p("form", "No")}
    present = "、".join(Presence.show(code) for code in last.present) if last else None
    return DisclosureRecord(
        number=project.number,
        sections=(
            _works(project, project.contract.number if project.contract else None),
            Section(
                _p("form", "2. Disclosure"),
                (
                    (
                        Cell(_p("form", "Date and time"), _moment(last.held_at) if last else None, 2),
                        Cell(_p("form", "Drawings reviewed jointly"), reviewed[last.drawings_reviewed] if last else None, 2),
                    ),
                    (Cell(_p("form", "Where"), last.place if last else None, WHOLE),),
                    (Cell(_p("form", "Persons"), present, WHOLE),),
                    (Cell(_p("form", "Explained"), last.items if last else None, WHOLE, True),),
                    (Cell(_p("form", "Site as found"), last.condition if last else None, WHOLE, True),),
                    (Cell(_p("form", "Questions and answers"), last.questions if last else None, WHOLE, True),),
                ),
            ),
        ),
        signatures=(
            Signature(
                _p("form", "Customer's signature"),
                last.signed_by if last else None,
                clock.today(last.held_at) if last else None,
            ),
            Signature(_p("form", "Designer"), name_of(project.designer)),
            Signature(_p("form", "Project manager"), name_of(project.project_manager)),
            Signature(_p("form", "Foreman"), name_of(project.foreman)),
        ),
    )  # fmt: skip


def stage_record(_session: Session, record: StageAcceptance, _store: Store) -> StageRecord:
    """F-31 of a stage: when customer and supervisor were told, what was looked at and found, who signed."""
    project, is_concealed = record.project, record.stage == StageKind.CONCEALED
    told = (
        (
            Cell(_p("form", "Customer told at"), _moment(record.customer_told_at)),
            Cell(_p("form", "Supervisor told at"), _moment(record.supervisor_told_at)),
            Cell(_p("form", "Covered on"), _day(record.covering_on)),
        ),
    )
    return StageRecord(
        number=record.number,
        sections=(
            _works(project, project.contract.number if project.contract else None),
            Section(
                _p("form", "2. Stage"),
                (
                    (
                        Cell(_p("form", "Stage of the works"), StageKind.show(record.stage)),
                        Cell(_p("form", "Date"), _day(record.held_on)),
                        Cell(_p("form", "Conclusion"), StageResult.show(record.result)),
                    ),
                    (Cell(_p("form", "Where"), record.place, WHOLE),),
                    *(told if is_concealed else ()),
                    (Cell(_p("form", "Looked at and found"), record.items, WHOLE, True),),
                    (Cell(_p("form", "Remark"), record.remarks, WHOLE, True),),
                ),
            ),
        ),
        signatures=(
            _stage_signature(_p("form", "Customer's signature"), record.customer_signed_by, record),
            _stage_signature(_p("form", "Supervisor"), record.supervisor_signed_by, record),
            _stage_signature(_p("form", "Project manager"), record.pm_signed_by, record),
            _stage_signature(_p("form", "Foreman"), record.foreman_signed_by, record),
        ),
        note=_p("form", "Concealed works are covered only after customer and supervisor signed.")
        if is_concealed
        else None,
    )


def _stage_signature(label: str, name: str | None, record: StageAcceptance) -> Signature:
    return Signature(label, name, record.held_on if name else None)


BUILDERS: dict[str, Any] = {
    "F-11": acceptance,
    "F-12": notice,
    "F-13": report,
    "F-15": contract_information,
    "F-31": disclosure,
    "F-31-2": stage_record,
}
