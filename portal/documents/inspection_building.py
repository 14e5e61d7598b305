"""From inspections and notices to what F-09 and F-10 show. Call inside `i18n.use_locale`."""

from __future__ import annotations

from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import clock, formatting
from portal.documents.building import name_of
from portal.documents.inspection_views import CheckGroup, CheckRow, Defect, InspectionPaper, NoticePaper
from portal.documents.repair_views import PhotoPair
from portal.documents.views import Photo, Signature
from portal.files.store import Store
from portal.i18n import _p
from portal.models.contract import Contract
from portal.models.org import Party
from portal.models.pre_acceptance import Inspection, InspectionItem, InspectionPhoto, PreAcceptance, RectificationNotice
from portal.processes.pre_acceptance import Absent, CheckTrade, ItemResult, NoticeState, Result


def inspection(session: Session, held: Inspection, store: Store) -> InspectionPaper:
    """F-09 of one inspection, as far as it has come."""
    record = held.pre_acceptance
    contract = session.scalar(
        select(Contract.number).where(Contract.project_id == record.project_id).order_by(Contract.id).limit(1)
    )
    done_on = clock.today(held.inspected_at) if held.result in (Result.PASS, Result.FAIL) else None
    notice = held.notice
    return InspectionPaper(
        number=held.number,
        project_number=record.project.number,
        contract_number=contract,
        customer=held.customer.name,
        address=record.project.property.address,
        project_manager=held.project_manager.name,
        foreman=held.foreman.name,
        supervisor=name_of(record.supervisor),
        round_no=_round(held.round_no),
        inspected_at=held.inspected_at,
        present=_present(held),
        groups=tuple(
            CheckGroup(CheckTrade.show(trade), tuple(map(_row, items)))
            for trade, items in groupby(held.items, key=lambda item: item.trade)
        ),
        conclusions=tuple((str(each.label), held.result == each) for each in Result),
        note=_note(held, record),
        notice_number=notice.number if notice else None,
        signatures=(
            Signature(_p("form", "Inspector"), held.inspector.name, done_on),
            *_boxes(held, held.foreman, done_on),
        ),
        pairs=_pairs(held.items, store),
        photos=tuple(
            _photo(photo, store) for item in held.items if item.before is None for photo in item.photos
        ),
    )  # fmt: skip


def notice(session: Session, record: RectificationNotice, store: Store) -> NoticePaper:
    """F-10: the defects with their photos; after the re-inspection also what it found."""
    held, again = record.inspection, record.rechecked_by
    project = record.pre_acceptance.project
    after = {line.before_id: line for line in again.items} if again is not None else {}
    pairs = tuple(
        PhotoPair(
            place,
            tuple(_photo(photo, store, _p("form", "Before the rectification")) for photo in item.photos),
            tuple(_photo(photo, store, _p("form", "After the rectification")) for photo in _photos(after.get(item.id))),
        )
        for place, item in enumerate(record.items, 1)
        if item.photos or _photos(after.get(item.id))
    )
    return NoticePaper(
        number=record.number,
        project_number=project.number,
        customer=record.customer.name,
        address=project.property.address,
        inspection_number=held.number,
        round_no=_round(record.round_no),
        issued_on=record.issued_on,
        responsible=record.responsible.name,
        project_manager=held.project_manager.name,
        defects=tuple(_defect(item, after.get(item.id)) for item in record.items),
        requirement=record.requirement,
        limit_on=record.limit_on,
        recheck_at=record.recheck_at,
        rechecked_at=again.inspected_at if again is not None else None,
        rechecked_by=again.inspector.name if again is not None else None,
        outcomes=tuple((str(state.label), record.state == state) for state in (NoticeState.CLOSED, NoticeState.FAILED)),
        next_step=_next_step(record),
        signatures=(
            Signature(_p("form", "Inspector"), held.inspector.name, record.issued_on),
            *_boxes(held, record.responsible, record.issued_on),
        ),
        pairs=pairs if again is not None else (),
        photos=()
        if again is not None
        else tuple(_photo(photo, store) for item in record.items for photo in item.photos),
    )


BUILDERS: dict[str, Any] = {"F-09": inspection, "F-10": notice}


def _round(number: int) -> str:
    return _p("form", "No. %(number)s", number=number)


def _present(held: Inspection) -> str | None:
    if held.result is None:
        return None
    if held.absent is not None:
        return _p("form", "absent: %(who)s", who=Absent.show(held.absent))
    return "、".join((held.inspector.name, held.project_manager.name, held.foreman.name))


def _note(held: Inspection, record: PreAcceptance) -> str | None:
    if held.result is None:
        return None
    if not held.is_rectified:
        return _p("form", "The rectification was missed; the inspection was held anyway.")
    if held.result == Result.FAIL and held.round_no >= record.fail_limit:
        return _p("form", "Last inspection: the foreman is replaced (R-14).")
    return None


def _row(item: InspectionItem) -> CheckRow:
    return CheckRow(
        item.text,
        _limit(item),
        _measured(item),
        ItemResult.show(item.result) if item.result else None,
        item.result == ItemResult.FAIL,
        item.is_must,
        item.comment,
        _numbers(item),
    )


def _defect(item: InspectionItem, after: InspectionItem | None) -> Defect:
    found = "；".join(part for part in (_measured(item), item.comment or "") if part)
    recheck = None
    if after is not None and after.result:
        recheck = " ".join(part for part in (ItemResult.show(after.result), _measured(after)) if part)
    return Defect(f"{CheckTrade.show(item.trade)}：{item.text}", found, _numbers(item), recheck)


def _next_step(record: RectificationNotice) -> str | None:
    if record.state != NoticeState.FAILED:
        return None
    later = [notice for notice in record.pre_acceptance.notices if notice.id > record.id]
    return _p("form", "Goes on with %(number)s", number=later[0].number) if later else None


def _limit(item: InspectionItem) -> str:
    if item.low is not None and item.high is not None:
        return f"{item.low.normalize():f}–{item.high.normalize():f} {item.unit}"
    if item.high is not None:
        return f"≤ {item.high.normalize():f} {item.unit}"
    return f"≥ {item.low.normalize():f} {item.unit}" if item.low is not None else ""


def _measured(item: InspectionItem) -> str:
    return f"{item.measured.normalize():f} {item.unit}" if item.measured is not None else ""


def _numbers(item: InspectionItem) -> str:
    return "、".join(str(photo.number) for photo in item.photos)


def _photos(item: InspectionItem | None) -> list[InspectionPhoto]:
    return item.photos if item is not None else []


def _photo(photo: InspectionPhoto, store: Store, word: str = "") -> Photo:
    number = _p("form", "Photo %(number)s", number=photo.number)
    parts = [word, number, photo.item.text, formatting.stamp(photo.attachment.uploaded_at)]
    return Photo(" · ".join(part for part in parts if part), store.path(photo.attachment.file.sha256))


def _pairs(items: list[InspectionItem], store: Store) -> tuple[PhotoPair, ...]:
    """A repeated inspection: each line before and after, side by side."""
    return tuple(
        PhotoPair(
            place,
            tuple(_photo(photo, store, _p("form", "Before the rectification")) for photo in _photos(item.before)),
            tuple(_photo(photo, store, _p("form", "After the rectification")) for photo in item.photos),
        )
        for place, item in enumerate(items, 1)
        if item.before is not None and (item.photos or _photos(item.before))
    )


def _boxes(held: Inspection, foreman: Party, day: date | None) -> tuple[Signature, Signature]:
    """Project manager and foreman: signed on site, or refused to and why; an empty box is signed on paper."""
    return (
        _box(
            _p("form", "Project manager"),
            held.project_manager,
            day,
            is_signed=held.manager_signed,
            refusal=held.manager_refusal,
        ),
        _box(_p("form", "Foreman"), foreman, day, is_signed=held.foreman_signed, refusal=held.foreman_refusal),
    )


def _box(label: str, party: Party, day: date | None, *, is_signed: bool, refusal: str | None) -> Signature:
    if not is_signed and not refusal:
        return Signature(label)
    said = _p("form", "Refused to sign: %(reason)s", reason=refusal) if refusal else ""
    return Signature(label, party.name, day, refusal=said)
