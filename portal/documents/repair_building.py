"""From warranties and repairs to what F-19 to F-22 show. Call inside `i18n.use_locale`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from portal import clock, formatting, settings
from portal.documents.building import name_of, photos, ticks
from portal.documents.repair_views import (
    BearerRow,
    CertificatePaper,
    CostCasePaper,
    CostRow,
    PhotoPair,
    RepairPaper,
    ServiceReport,
    TermLine,
)
from portal.documents.views import Asset, Photo, Signature
from portal.files.store import Store
from portal.i18n import _p
from portal.models.attachment import Attachment
from portal.models.org import User
from portal.models.project import ProjectKind
from portal.models.repair import (
    CostBearer,
    CostKind,
    PaymentMethod,
    RepairCostCase,
    RepairOrder,
    RepairPayment,
    RepairPhoto,
    RepairSignature,
    WarrantyCertificate,
)
from portal.processes.repair import Cause, CrewStatus, Executor, InWarranty, PhotoKind, Trade, Urgency, fingerprint
from portal.processes.repair_cost import Bearer
from portal.services import approvals, repair_costs, repair_photos, tasks


def certificate(session: Session, record: WarrantyCertificate, _store: Store) -> CertificatePaper:
    """F-19 of a certificate."""
    base = str(settings.get(session, "portal_url")).rstrip("/")
    issued_on = clock.today(record.issued_at) if record.issued_at else None
    return CertificatePaper(
        number=record.number,
        customer=record.customer.name,
        address=record.project.property.address,
        contract_number=record.contract.number,
        project_number=record.project.number,
        project_kind=ProjectKind.show(record.project.kind),
        starts_on=record.starts_on,
        terms=tuple(TermLine(Trade.show(term.trade), term.years, term.ends_on) for term in record.terms),
        template=record.template,
        exclusions=record.exclusions,
        care_notes=record.care_notes,
        hotline=record.hotline,
        issued_on=issued_on,
        issued_by=name_of(record.issued_by),
        replaced_numbers=record.replaced_numbers,
        link=f"{base}/records/repair-orders/new?certificate={record.number}",
        signatures=(
            Signature(_p("form", "Company seal"), None, issued_on),
            Signature(_p("form", "Customer's signature"), record.received_by, issued_on),
        ),
    )


def repair_order(session: Session, order: RepairOrder, store: Store) -> RepairPaper:
    """F-20 as far as the repair has come."""
    due = next((task.due_at for task in tasks.clocks_of(session, order) if task.code == "DL-22"), None)
    crew = _crew(order)
    quoted = [amount for amount in (order.quote_material, order.quote_labour) if amount is not None]
    return RepairPaper(
        number=order.number,
        reporter=order.reporter,
        phone=order.phone,
        address=order.address,
        project_number=order.project.number if order.project else None,
        certificate_number=order.certificate.number if order.certificate else None,
        trades=ticks(Trade, order.trade),
        urgencies=ticks(Urgency, order.urgency),
        symptom=order.symptom,
        reported_at=order.reported_at,
        in_warranty=ticks(InWarranty, order.in_warranty),
        crew=crew,
        responsible_crew=_responsible(order),
        captain=name_of(order.captain),
        told_at=order.told_at,
        arrive_due_at=due,
        arrived_at=order.arrived_at,
        causes=ticks(Cause, order.cause),
        plan=order.plan,
        planned_done_at=order.planned_done_at,
        quote=sum(quoted, Decimal(0)) if quoted else None,
        work_done=order.work_done,
        done_at=order.done_at,
        costs=tuple(
            CostRow(CostKind.show(line.kind), line.what, line.measure, CostBearer.show(line.bearer), line.amount)
            for line in order.costs
        ),
        total=sum((line.amount for line in order.costs), Decimal(0)) if order.costs else None,
        rating=order.rating,
        result=str(order.PROCESS.state(order.state).label) if order.done_at else None,
        is_void=_is_void(order),
        signatures=(
            *_consent(session, order, store),
            _signature(session, order, store),
            Signature(_p("form", "Carried out by"), crew),
            Signature(_p("form", "Repair captain"), name_of(order.captain)),
            Signature(_p("form", "Specialist"), name_of(order.owner)),
        ),
        pairs=_pairs(order, store),
        photos=_other_photos(session, order, store),
    )


def service_report(session: Session, order: RepairOrder, store: Store) -> ServiceReport:
    """F-21: problem, cause, work, materials, result."""
    materials = "、".join(
        " ".join(filter(None, (line.what, line.measure))) for line in order.costs if line.kind == CostKind.MATERIAL
    )
    return ServiceReport(
        number=order.number,
        customer=order.reporter,
        address=order.address,
        problem=f"{Trade.show(order.trade)}：{order.symptom}",
        cause=Cause.show(order.cause) if order.cause else None,
        work_done=order.work_done,
        materials=materials or None,
        result=str(order.PROCESS.state(order.state).label),
        charge=order.customer_share or None,
        payments=tuple(_paid(payment) for payment in order.payments),
        rating=order.rating,
        is_void=_is_void(order),
        done_at=order.done_at,
        signatures=(
            _signature(session, order, store),
            Signature(_p("form", "Repair captain"), name_of(order.captain)),
        ),
        pairs=_pairs(order, store),
        photos=_other_photos(session, order, store),
    )


def cost_case(session: Session, case: RepairCostCase, _store: Store) -> CostCasePaper:
    """F-22: before it is booked, whose money it would be taken from."""
    approver = session.get(User, case.approved_by_id) if case.approved_by_id else None
    manager, gm = (approvals.said_by(session, case.approval_id, person) for person in (approver, case.gm))
    rows = tuple(
        BearerRow(Bearer.show(each.bearer), each.amount, each.balance_before, each.balance_after)
        for each in case.bookings
    )
    if not rows and case.cause is not None:
        planned = repair_costs.planned(case, case.actual or case.estimate)
        rows = tuple(BearerRow(Bearer.show(share.bearer), share.amount) for share in planned)
    faults = {True: _p("form", "Yes"), False: _p("form", "No")}
    return CostCasePaper(
        number=case.number,
        order_number=case.order.number,
        customer=case.order.reporter,
        address=case.order.address,
        symptom=case.order.symptom,
        reasons=ticks([CrewStatus.DEPARTED, CrewStatus.REPLACED_ON_REQUEST], case.crew_status),
        crew=case.crew.name,
        executor=_crew(case.order),
        estimate_material=case.estimate_material,
        estimate_labour=case.estimate_labour,
        estimate=case.estimate,
        causes=ticks(Cause, case.cause),
        at_fault=faults[case.is_crew_at_fault] if case.is_crew_at_fault is not None else None,
        confirmed_by=name_of(case.confirmed_by),
        confirmed_at=case.confirmed_at,
        decision=case.decision,
        approved_by=manager,
        approved_at=case.approved_at,
        gm=gm,
        gm_decided_at=case.gm_decided_at,
        actual=case.actual,
        shares=rows,
        is_booked=bool(case.bookings),
        voucher_no=case.voucher_no,
        executor_paid_at=case.executor_paid_at,
        signatures=(
            Signature(_p("form", "Repair captain"), name_of(case.captain)),
            Signature(_p("form", "Engineering"), name_of(case.confirmed_by)),
            Signature(_p("form", "Manager"), manager),
            Signature(_p("form", "General manager"), gm),
        ),
    )


BUILDERS: dict[str, Any] = {
    "F-19": certificate,
    "F-20": repair_order,
    "F-21": service_report,
    "F-22": cost_case,
}


def _crew(order: RepairOrder) -> str | None:
    if order.executor is None:
        return None
    if order.executor == Executor.RESPONSIBLE_CREW:
        return name_of(order.responsible_crew)
    return str(Executor.CAPTAIN_TEAM.label)


def _responsible(order: RepairOrder) -> str | None:
    """The crew that built it, and how it stands to this repair: who carries it out may be another."""
    said = [name_of(order.responsible_crew), CrewStatus.show(order.crew_status) if order.crew_status else None]
    return " · ".join(part for part in said if part) or None


def _paid(payment: RepairPayment) -> str:
    return _p(
        "form", "%(amount)s yuan, %(method)s, %(moment)s, receipt %(receipt)s",
        amount=f"{payment.amount:,.2f}", method=PaymentMethod.show(payment.method),
        moment=formatting.stamp(payment.paid_at), receipt=payment.receipt_no,
    )  # fmt: skip


def _signature(session: Session, order: RepairOrder, store: Store) -> Signature:
    """The customer's box; what was drawn or scanned stands in it, struck out once it stands for other words."""
    last = order.signatures[-1] if order.signatures else None
    signed_on = clock.today(order.signed_at) if order.signed_at else None
    label = _p("form", "Customer's signature")
    return Signature(label, order.signed_by, signed_on, _drawn(session, last, store), _is_void(order))


def _consent(session: Session, order: RepairOrder, store: Store) -> tuple[Signature, ...]:
    """The box under the quote, where the customer signed one that counted when it was accepted."""
    held = [each for each in order.consents if each.facts_hash is not None]
    if not held:
        return ()
    last, label = held[-1], _p("form", "Customer's consent to the quote")
    return (Signature(label, last.signed_by, clock.today(last.signed_at), _drawn(session, last, store)),)


def _drawn(session: Session, signed: RepairSignature | None, store: Store) -> Asset | None:
    """The picture of a signature; None: there is none."""
    if signed is None or signed.attachment_id is None:
        return None
    drawn = session.get_one(Attachment, signed.attachment_id)
    return store.path(drawn.file.sha256) if drawn.file.mime.startswith("image/") else None


def _pairs(order: RepairOrder, store: Store) -> tuple[PhotoPair, ...]:
    """Before and after side by side; of a photo that was drawn on, the copy with the marks."""
    drawn_on = {photo.drawn_on_id for photo in order.photos}

    def side(found: tuple[RepairPhoto, ...], word: str) -> tuple[Photo, ...]:
        return tuple(_photo(photo, word, store) for photo in found if photo.id not in drawn_on)

    return tuple(
        PhotoPair(spot.number, side(spot.before, _p("form", "Before")), side(spot.after, _p("form", "After")))
        for spot in repair_photos.pairs(order)
    )


def _photo(photo: RepairPhoto, word: str, store: Store) -> Photo:
    parts = [word, photo.note, formatting.stamp(photo.taken_at or photo.attachment.uploaded_at)]
    return Photo(" · ".join(part for part in parts if part), store.path(photo.attachment.file.sha256))


def _other_photos(session: Session, order: RepairOrder, store: Store) -> tuple[Photo, ...]:
    """What was taken during the work first: it shows what is behind the wall now."""
    drawn_on = {photo.drawn_on_id for photo in order.photos}
    during = [photo for photo in order.photos if photo.kind == PhotoKind.DURING]
    shown = {photo.attachment_id for photo in order.photos if photo.pair is not None or photo in during}
    word = _p("form", "During")
    taken = tuple(_photo(photo, word, store) for photo in during if photo.id not in drawn_on)
    return taken + photos(session, order, store, but=shown)


def _is_void(order: RepairOrder) -> bool:
    return bool(order.signatures) and order.signatures[-1].facts_hash != fingerprint(order)
