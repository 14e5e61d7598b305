"""Inspections: the page of one, and the work on site with phone or tablet. Rules: `portal/processes/pre_acceptance.py`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

from flask import current_app, flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, joinedload, selectinload

from blueprints.http import find_or_404, page, requires, see_other, wants_fragment
from blueprints.records import blueprint, editing, showing
from blueprints.records.pre_acceptance_forms import FinishForm, LineForm, PhotoForm, ReportForm, last_failure_text
from portal import clock, formatting
from portal.db import transaction
from portal.errors import ConditionsMissing, Invalid, NotFound
from portal.files import intake
from portal.files.kinds import HEIC, JPEG, PNG, WEBP
from portal.files.store import Store
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
    ItemResult,
    Result,
    lacks_photo,
)
from portal.services import inspections, requests
from portal.services.fields import Field, link, term

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
            "foreman_id",
            "foreman_present",
            "foreman_signed",
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
    "closed_at": Field(N_("Re-inspected")),
}
NOTICE_GROUPS = (
    (N_("Notice", "inspection"), ("state", "issued_on", "limit_on", "recheck_at", "responsible_id", "requirement")),
    (N_("Rectification"), ("reported_at", "reported_note", "closed_at", "manager_signed", "foreman_signed")),
)
ONLY_IF_SO = frozenset({"absent", "finished_at", "reported_note"})


# ---------- The record pages ----------


@blueprint.get(PATH)
@requires(P.PREACCEPT_VIEW)
def inspection(number: str) -> ResponseReturnValue:
    """An inspection: its lines by trade, what was measured, its photos by number."""
    record = _find(number)
    base, actions = editing.path(record), []
    if record.result is None and may(g.user, P.PREACCEPT_WORK):
        label = _("Go on with the inspection")
        actions.append({"label": label, "url": f"{base}/work", "primary": True, "icon": "clipboard-check"})
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


# ---------- On site ----------


@blueprint.post("/pre-acceptances/<number>/inspect")
@requires(P.PREACCEPT_WORK)
def begin_inspection(number: str) -> ResponseReturnValue:
    """Begin the inspection that is next, or go on with the one that is being held."""
    with transaction() as writing:
        record = find_or_404(PreAcceptance, number)
        held = inspections.begin(writing, record, actor=g.user, at=clock.now())
        target = f"{editing.path(held)}/work"
    return see_other(target)


@blueprint.get(f"{PATH}/work")
@requires(P.PREACCEPT_WORK)
def inspection_work(number: str) -> ResponseReturnValue:
    """The lines to be judged, each saved as it is tapped."""
    return _work(number)


@blueprint.post(f"{PATH}/lines/<int:item_id>")
@requires(P.PREACCEPT_WORK)
def judge_line(number: str, item_id: int) -> ResponseReturnValue:
    """Save what was found of a line; a measured value is judged by its tolerance at once."""
    form = LineForm(prefix=_prefix(item_id))

    def act(writing: Session, item: InspectionItem) -> None:
        inspections.judge_item(writing, item, form.to_command(), actor=g.user, at=clock.now())

    return _line(number, item_id, form, act)


@blueprint.post(f"{PATH}/lines/<int:item_id>/photos")
@requires(P.PREACCEPT_WORK)
def photograph_line(number: str, item_id: int) -> ResponseReturnValue:
    """Put photos to a line."""
    form = PhotoForm()
    held = _find(number)
    if held.result is not None:
        raise NotFound()
    taken: list[intake.Accepted] = []
    problem: str | None = None
    if form.validate():
        try:
            uploads = [upload for upload in request.files.getlist("file") if upload.filename]
            if not uploads:
                raise Invalid({"file": NO_PHOTO})
            store = Store.of(current_app.config["PORTAL"])
            taken = [intake.take(one.stream, one.filename, store, kinds=PICTURES, field="file") for one in uploads[:10]]
        except Invalid as refusal:
            problem = "；".join(map(str, refusal.fields.values()))

    def act(writing: Session, item: InspectionItem) -> None:
        for file in taken:
            inspections.add_photo(writing, item, file, actor=g.user, at=clock.now())

    return _line(number, item_id, None, act, problem=problem)


photograph_line.largest_bytes = 150_000_000  # type: ignore[attr-defined]  # ten photos as phones take them


@blueprint.post(f"{PATH}/skip")
@requires(P.PREACCEPT_WORK)
def skip_trade(number: str) -> ResponseReturnValue:
    """The project does not have a trade: its open lines do not apply."""
    trade = request.form.get("trade", "")
    if trade not in CheckTrade._value2member_map_:
        raise NotFound()
    with transaction() as writing:
        inspections.skip_trade(writing, _find(number), trade, actor=g.user, at=clock.now())
    return see_other(f"{editing.path(_find(number))}/work#{trade.lower()}")


@blueprint.route(f"{PATH}/finish", methods=["GET", "POST"])
@requires(P.PREACCEPT_WORK)
def finish_inspection(number: str) -> ResponseReturnValue:
    """The end: what is missing, the result as it stands, and for a failed one what F-10 says."""
    held = _find(number)
    if held.result is not None:
        return see_other(editing.path(held))
    form = FinishForm()
    form.prepare(held)
    if not form.is_submitted():
        form.client_key.data = requests.new_key()
    elif form.validate():
        try:
            return see_other(_finish(number, form))
        except Invalid as refusal:
            form.take(refusal)
        except ConditionsMissing as refusal:
            form.form_errors = [_("Missing: %(condition)s", condition=reason) for reason in refusal.reasons]
        held = _find(number)
    record = held.pre_acceptance
    return page(
        "records/pre_acceptances/finish.html",
        fragment="form",
        status=422 if form.errors or form.form_errors else 200,
        form=form,
        held=held,
        record=record,
        path=editing.path(held),
        missing=inspections.missing(held),
        verdict=Result.FAIL if record.to_recheck is not None and record.to_recheck.is_missed else held.verdict,
        rectification=_rectification(record),
        warning=last_failure_text(record)
        if held.verdict == Result.FAIL and record.round_no >= record.fail_limit
        else "",
    )


# ---------- Parts ----------


def _rectification(record: PreAcceptance) -> str:
    """What is known of the rectification that is looked at again; nothing where nothing was to be rectified."""
    notice = record.to_recheck
    if notice is None:
        return ""
    limit = formatting.full_date(notice.limit_on)
    if notice.reported_at is None:
        return _("Nobody noted yet that the rectification is done; it was due by %(day)s.", day=limit)
    said = {"moment": formatting.moment(notice.reported_at), "day": limit}
    if notice.is_missed:
        return _(
            "Said to be done at %(moment)s, after the limit of %(day)s: missed, the inspection fails (DL-19).", **said
        )
    return _("Said to be done at %(moment)s, within the limit of %(day)s.", **said)


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


def _prefix(item_id: int) -> str:
    return f"line{item_id}-"


def line_form(item: InspectionItem) -> LineForm:
    """The form of a line as it is saved."""
    form = LineForm(prefix=_prefix(item.id), formdata=None)
    form.result.data = ItemResult(item.result) if item.result else None
    form.measured.data, form.comment.data = item.measured, item.comment
    return form


def _shown(item: InspectionItem, form: LineForm | None = None, problem: str | None = None) -> dict[str, Any]:
    return {
        "item": item,
        "form": form or line_form(item),
        "limit": limit_text(item),
        "measured": measured_text(item),
        "before_text": measured_text(item.before) if item.before is not None else "",
        "lacks_photo": lacks_photo(item),
        "problem": problem,
    }


def _line(
    number: str,
    item_id: int,
    form: LineForm | None,
    act: Callable[[Session, InspectionItem], None],
    *,
    problem: str | None = None,
) -> ResponseReturnValue:
    """Carry out what concerns one line: the line as it stands now, or the page at it."""
    refused = problem is not None
    if not refused and (form is None or form.validate()):
        try:
            with transaction() as writing:
                found = inspections.find_item(_find(number), item_id)
                if found is None:
                    raise NotFound()
                act(writing, found)
            form = None
        except Invalid as refusal:
            refused = True
            if form is not None:
                form.take(refusal)
            else:
                problem = "；".join(map(str, refusal.fields.values()))
    elif not refused:
        refused = True
    held = _find(number)
    item = inspections.find_item(held, item_id)
    if item is None:
        raise NotFound()
    if not refused and not wants_fragment():
        return see_other(f"{editing.path(held)}/work#line-{item_id}")
    if wants_fragment():
        return page(
            "records/pre_acceptances/line.html",
            fragment="judged",
            status=422 if refused else 200,
            path=editing.path(held),
            line=_shown(item, form, problem),
            progress=_progress(held),
        )
    return _work(number, sent={item_id: (form, problem)}, status=422)


def _progress(held: Inspection) -> dict[str, int]:
    judged = [item for item in held.items if item.result is not None]
    return {
        "judged": len(judged),
        "all": len(held.items),
        "failed": len(held.failed),
        "missing": len(inspections.missing(held)),
    }


def _work(number: str, sent: dict[int, Any] | None = None, status: int = 200) -> ResponseReturnValue:
    held = _find(number)
    if held.result is not None:
        return see_other(editing.path(held))
    record = held.pre_acceptance
    return page(
        "records/pre_acceptances/work.html",
        status=status,
        held=held,
        record=record,
        path=editing.path(held),
        sections=[
            (code, name, [_shown(item, *(sent or {}).get(item.id, ())) for item in items])
            for code, name, items in sections(held)
        ],
        progress=_progress(held),
    )


def _finish(number: str, form: FinishForm) -> str:
    at = clock.now()
    with transaction() as writing:

        def act() -> str:
            held = _find(number)
            inspections.finish(writing, held, form.to_command(), actor=g.user, at=at)
            word = Result.show(held.result)
            flash(_("Inspection of %(who)s: %(result)s.", who=held.customer.name, result=word), "done")
            return editing.path(held.notice if held.notice is not None else held)

        return requests.once(
            writing, user=g.user, key=form.client_key.data, content=request.form.to_dict(flat=False), at=at, act=act
        )
