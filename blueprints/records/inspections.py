"""Inspections and rectification notices at the desk. On site: `blueprints/reviewer/inspections.py`."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload, selectinload

from blueprints.http import find_or_404, page, requires, see_other
from blueprints.records import blueprint, editing, showing
from blueprints.records.pre_acceptance_forms import ReportForm
from portal import clock
from portal.db import transaction
from portal.errors import Invalid
from portal.files.kinds import HEIC, JPEG, PNG, WEBP
from portal.i18n import N_, _
from portal.models.org import Party, User
from portal.models.pre_acceptance import (
    CheckItem,
    Inspection,
    InspectionItem,
    InspectionPhoto,
    PreAcceptance,
    RectificationNotice,
)
from portal.models.project import Project
from portal.permissions import Permission, may
from portal.processes.pre_acceptance import (
    PROCESS,
    Absent,
    CheckTrade,
    Result,
)
from portal.services import inspections
from portal.services.fields import Field, link, term
from portal.shell import INSPECTIONS_ON_SITE

P = Permission
PATH = "/inspections/<number>"
NOTICE_PATH = "/rectification-notices/<number>"
L = PROCESS.field_labels
PICTURES = frozenset({JPEG, PNG, WEBP, HEIC})
NO_PHOTO = N_("Please take a photo or choose one.")
ITEMS = selectinload(Inspection.items)
NAMED = (
    joinedload(Inspection.pre_acceptance).joinedload(PreAcceptance.project).joinedload(Project.property),
    joinedload(Inspection.pre_acceptance).joinedload(PreAcceptance.project_manager),
    joinedload(Inspection.customer),
    joinedload(Inspection.foreman),
    joinedload(Inspection.project_manager),
    joinedload(Inspection.inspector),
    joinedload(Inspection.notice),
    ITEMS.selectinload(InspectionItem.all_photos).joinedload(InspectionPhoto.attachment),
    ITEMS.joinedload(InspectionItem.before).selectinload(InspectionItem.all_photos),
)
"""Everything the pages of an inspection name, in few questions to the database."""

FIELDS: dict[str, Field] = {
    "inspected_at": Field(L["inspected_at"]),
    "round_no": Field(N_("Which inspection"), str),
    "result": term(N_("Result", "inspection"), Result),
    "absent": term(L["absent"], Absent),
    "inspector_id": link(N_("Inspector"), User),
    "project_manager_id": link(L["project_manager"], Party),
    "manager_present": Field(N_("The project manager is present")),
    "foreman_id": link(L["foreman"], Party),
    "foreman_present": Field(N_("The foreman is present")),
    "manager_signed": Field(N_("The project manager has signed")),
    "foreman_signed": Field(N_("The foreman has signed")),
    "manager_refusal": Field(N_("Why the project manager refuses to sign")),
    "foreman_refusal": Field(N_("Why the foreman refuses to sign")),
    "is_rectified": Field(N_("The rectification was made in time")),
    "finished_at": Field(N_("Finished at")),
}
GROUPS = (
    (N_("Inspection"), ("inspected_at", "round_no", "result", "absent", "is_rectified", "finished_at")),
    (
        N_("People"),
        (
            "inspector_id",
            "project_manager_id",
            "manager_present",
            "manager_signed",
            "manager_refusal",
            "foreman_id",
            "foreman_present",
            "foreman_signed",
            "foreman_refusal",
        ),
    ),
)
NOTICE_FIELDS: dict[str, Field] = {
    "responsible_id": link(N_("Responsible"), Party),
    "requirement": Field(L["requirement"]),
    "issued_on": Field(N_("Issued on", "inspection")),
    "limit_on": Field(L["limit_on"]),
    "recheck_at": Field(L["recheck_at"]),
    "state": inspections.FIELDS["state"],
    "reported_at": inspections.FIELDS["reported_at"],
    "reported_note": Field(N_("What was done")),
    "manager_signed": Field(N_("The project manager has signed")),
    "foreman_signed": Field(N_("The foreman has signed")),
    "manager_refusal": FIELDS["manager_refusal"],
    "foreman_refusal": FIELDS["foreman_refusal"],
    "closed_at": Field(N_("Re-inspected")),
}
NOTICE_GROUPS = (
    (N_("Notice", "inspection"), ("state", "issued_on", "limit_on", "recheck_at", "responsible_id", "requirement")),
    (N_("Rectification"), ("reported_at", "reported_note", "closed_at")),
    (N_("Signatures"), ("manager_signed", "manager_refusal", "foreman_signed", "foreman_refusal")),
)
ONLY_IF_SO = frozenset({"absent", "finished_at", "reported_note", "manager_refusal", "foreman_refusal"})


# ---------- The record pages ----------


@blueprint.get(PATH)
@requires(P.PREACCEPT_VIEW)
def inspection(number: str) -> ResponseReturnValue:
    """An inspection: its lines by trade, what was measured, its photos by number."""
    record = _find(number)
    actions = []
    if record.result is None and may(g.user, P.PREACCEPT_WORK):
        label, url = _("Go on with the inspection"), INSPECTIONS_ON_SITE.records + record.number
        actions.append({"label": label, "url": url, "primary": True, "icon": "clipboard-check"})
    again = [(record.notice.number, editing.path(record.notice))] if record.notice is not None else []
    return showing.show(
        record,
        f"{record.customer.name} · {record.pre_acceptance.project.property.address}",
        FIELDS,
        _known(record, GROUPS),
        meta=[(record.pre_acceptance.number, editing.path(record.pre_acceptance)), *again],
        actions=actions,
        template="records/pre_acceptances/inspection.html",
        sections=sections(record),
        judged=sum(item.result is not None for item in record.items),
    )


@blueprint.get(NOTICE_PATH)
@requires(P.PREACCEPT_VIEW)
def rectification_notice(number: str) -> ResponseReturnValue:
    """A rectification notice: what is to be done until when, and what the re-inspection found."""
    record = find_or_404(RectificationNotice, number)
    actions = []
    if record.closed_at is None and may(g.user, P.PREACCEPT_LIST):
        label = _("The foreman says it is done")
        actions.append({"label": label, "url": f"{editing.path(record)}/report", "icon": "check"})
    again = record.rechecked_by
    return showing.show(
        record,
        f"{record.customer.name} · {record.responsible.name}",
        NOTICE_FIELDS,
        _known(record, NOTICE_GROUPS),
        meta=[
            (record.pre_acceptance.number, editing.path(record.pre_acceptance)),
            (record.inspection.number, editing.path(record.inspection)),
        ],
        actions=actions,
        template="records/pre_acceptances/notice.html",
        pairs=[(item, _after(item, again)) for item in record.items],
        is_rechecked=again is not None,
    )


@blueprint.route(f"{NOTICE_PATH}/report", methods=["GET", "POST"])
@requires(P.PREACCEPT_LIST)
def report_rectification(number: str) -> ResponseReturnValue:
    """The foreman says that it is done; the re-inspection is held all the same."""
    record, form = find_or_404(RectificationNotice, number), ReportForm()
    if not form.is_submitted():
        form.reported_at.data = clock.now()
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                fresh = find_or_404(RectificationNotice, number)
                inspections.report_done(
                    writing, fresh, form.note.data, reported_at=form.reported_at.data, actor=g.user, at=clock.now()
                )
            return see_other(editing.path(record))
        except Invalid as refusal:
            form.take(refusal)
            record = find_or_404(RectificationNotice, number)
    return page(
        "records/pre_acceptances/report.html",
        fragment="form",
        status=422 if form.errors or form.form_errors else form.status,
        form=form,
        record=record,
        path=editing.path(record),
    )


# ---------- Parts ----------


def sections(held: Inspection) -> list[tuple[str, str, list[InspectionItem]]]:
    """The lines by trade: (code, name, lines)."""
    return [
        (trade.lower(), CheckTrade.show(trade), list(items))
        for trade, items in groupby(held.items, key=lambda item: item.trade)
    ]


def limit_text(item: CheckItem | InspectionItem) -> str:
    """The tolerance of a line as people say it: 5–8 mm."""
    if item.low is not None and item.high is not None:
        return f"{item.low.normalize():f}–{item.high.normalize():f} {item.unit}"
    if item.high is not None:
        return f"≤ {item.high.normalize():f} {item.unit}"
    return f"≥ {item.low.normalize():f} {item.unit}" if item.low is not None else item.unit or ""


def measured_text(item: InspectionItem) -> str:
    """What was measured, with its unit."""
    return f"{item.measured.normalize():f} {item.unit}" if item.measured is not None else ""


def _find(number: str) -> Inspection:
    return find_or_404(Inspection, number, NAMED)


def _known(record: Any, groups: Any) -> Any:
    return tuple(
        (heading, tuple(name for name in names if name not in ONLY_IF_SO or getattr(record, name)))
        for heading, names in groups
    )


def _after(item: InspectionItem, again: Inspection | None) -> InspectionItem | None:
    """The same line in the inspection that looked at it again."""
    if again is None:
        return None
    return next((line for line in again.items if line.before_id == item.id), None)
