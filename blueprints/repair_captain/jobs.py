"""One job on the captain's phone: what is next, its photos, its costs, the customer's signature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, joinedload, selectinload

from blueprints import on_site
from blueprints.http import find_or_404, page, requires, see_other
from blueprints.records.steps import Desk
from blueprints.repair_captain import blueprint, forms, route
from portal import clock
from portal.db import session, transaction
from portal.errors import ConditionsMissing, DomainError, Invalid, NotFound, Stale
from portal.files import intake, marks
from portal.files.intake import Accepted
from portal.files.kinds import HEIC, JPEG, PNG, WEBP
from portal.i18n import N_, _
from portal.models.project import Project
from portal.models.repair import RepairOrder
from portal.permissions import Permission
from portal.services import attachments, events, repair_photos, repairs, requests, timeline

P = Permission
PATH = "/jobs/<number>"
PICTURES = frozenset({JPEG, PNG, WEBP, HEIC})
NO_PHOTO = N_("Please take a photo or choose one.")
NAMED = (
    joinedload(RepairOrder.customer),
    joinedload(RepairOrder.captain),
    joinedload(RepairOrder.owner),
    joinedload(RepairOrder.responsible_crew),
    joinedload(RepairOrder.certificate),
    joinedload(RepairOrder.cost_case),
    joinedload(RepairOrder.project).joinedload(Project.property),
    selectinload(RepairOrder.costs),
    selectinload(RepairOrder.signatures),
    selectinload(RepairOrder.consents),
    selectinload(RepairOrder.visits),
    selectinload(RepairOrder.checks),
    selectinload(RepairOrder.all_photos),
)


@blueprint.get(PATH)
@requires(P.REPAIR_WORK)
def job(number: str) -> ResponseReturnValue:
    """The job: the next step at the thumb, what was done, photos, costs, signature."""
    return _show(number)


@blueprint.post(f"{PATH}/steps/<action>")
@requires(P.REPAIR_WORK)
def job_step(number: str, action: str) -> ResponseReturnValue:
    """Carry a step out; refused, nothing typed is lost."""
    if action not in forms.STEPS:
        raise NotFound()
    order = _find(number)
    kind, service = forms.STEPS[action]
    form = kind(action, sent=True)
    form.prepare(Desk(session(), order, g.user, clock.now()))

    def act(writing: Session, fresh: RepairOrder) -> None:
        at = clock.now()
        if action in (forms.EXECUTE_CASE, forms.EXCEED_CASE) and fresh.cost_case is None:
            raise NotFound()
        service(writing, fresh, form.to_command(Desk(writing, fresh, g.user, at)), actor=g.user, at=at)

    return _take(number, form, act, read=getattr(form, "take_files", None))


@blueprint.post(f"{PATH}/costs")
@requires(P.REPAIR_WORK)
def job_costs(number: str) -> ResponseReturnValue:
    """Note a part that was used, or hours."""
    order = _find(number)
    form = forms.CostForm("costs", sent=True)
    form.prepare(Desk(session(), order, g.user, clock.now()))

    def act(writing: Session, fresh: RepairOrder) -> None:
        at = clock.now()
        repairs.add_cost(writing, fresh, form.to_command(Desk(writing, fresh, g.user, at)), actor=g.user, at=at)

    return _take(number, form, act, place="#costs")


@blueprint.post(f"{PATH}/costs/<int:cost_id>/drop")
@requires(P.REPAIR_WORK)
def drop_job_cost(number: str, cost_id: int) -> ResponseReturnValue:
    """Take back a line of cost."""
    _find(number)

    def act(writing: Session, fresh: RepairOrder) -> None:
        repairs.drop_cost(writing, fresh, cost_id, actor=g.user, at=clock.now())

    return _take(number, forms.BareForm("drop", sent=True), act, place="#costs")


@blueprint.post(f"{PATH}/visit")
@requires(P.REPAIR_PLAN)
def plan_job_visit(number: str) -> ResponseReturnValue:
    """Agree on when the captain comes again, or on another time for a visit that is still to come."""
    _find(number)
    form = forms.VisitForm("visit", sent=True)

    def act(writing: Session, fresh: RepairOrder) -> None:
        at = clock.now()
        repairs.move_visit(writing, fresh, form.to_command(Desk(writing, fresh, g.user, at)), actor=g.user, at=at)

    return _take(number, form, act, place="#visits")


@blueprint.post(f"{PATH}/photos")
@requires(P.REPAIR_WORK)
def job_photos(number: str) -> ResponseReturnValue:
    """Add photos: from the phone's own outbox one each, from a plain form several."""
    order = _find(number)
    attachments.refuse_closed(order)
    form = forms.PhotoForm("photos", sent=True)
    taken: list[tuple[Accepted, Accepted | None]] = []

    def read(store: Any) -> None:
        uploads = [upload for upload in request.files.getlist("file") if upload.filename]
        if not uploads:
            raise Invalid({"file": NO_PHOTO})
        strokes = marks.read(form.marks.data)
        for upload in uploads[: attachments.MOST_PER_RECORD]:
            accepted = intake.take(upload.stream, upload.filename, store, kinds=PICTURES, field="file")
            taken.append((accepted, marks.draw(strokes, accepted, store) if strokes else None))

    def act(writing: Session, fresh: RepairOrder) -> None:
        for accepted, drawn in taken:
            taken_at = form.moment or forms.camera_moment(accepted.taken)
            command = repair_photos.AddPhoto(
                accepted, str(form.kind.data), taken_at, form.pair.data, form.note.data, drawn
            )
            repair_photos.add(writing, fresh, command, actor=g.user, at=clock.now())

    return _take(number, form, act, read=read, place="#photos")


job_photos.largest_bytes = 150_000_000  # type: ignore[attr-defined]  # ten photos as phones take them


@blueprint.post(f"{PATH}/photos/<int:photo_id>/marks")
@requires(P.REPAIR_WORK)
def mark_job_photo(number: str, photo_id: int) -> ResponseReturnValue:
    """Put a copy beside a photo, with what the finger drew on it."""
    form = forms.MarksForm("marks", sent=True)
    photo = repair_photos.find(_find(number), photo_id)
    file = photo.attachment.file
    picture = Accepted(photo.attachment.name, file.mime, file.sha256, file.size, file.width, file.height)
    drawn: list[Accepted] = []

    def read(store: Any) -> None:
        strokes = marks.read(form.marks.data)
        if not strokes:
            raise Invalid({"marks": N_("Draw something first.")})
        drawn.append(marks.draw(strokes, picture, store))

    def act(writing: Session, fresh: RepairOrder) -> None:
        repair_photos.mark(writing, repair_photos.find(fresh, photo_id), drawn[0], actor=g.user, at=clock.now())

    return _take(number, form, act, read=read, place="#photos")


@blueprint.post(f"{PATH}/call")
@requires(P.REPAIR_WORK)
def call_customer(number: str) -> ResponseReturnValue:
    """The full number to call, written down as seen."""
    with transaction() as writing:
        fresh = find_or_404(RepairOrder, number)
        phone = repairs.show_number(writing, fresh, actor=g.user, at=clock.now())
        reporter = fresh.reporter
    return page("repair_captain/call.html", fragment="number", number=number, phone=phone, reporter=reporter)


# ---------- Parts ----------


def _find(number: str) -> RepairOrder:
    return find_or_404(RepairOrder, number, NAMED)


def _take(
    number: str,
    form: forms.OnSite,
    act: Callable[[Session, RepairOrder], None],
    *,
    read: Callable[[Any], None] | None = None,
    place: str = "",
) -> ResponseReturnValue:
    """Carry out what a form asks for, once however often it arrives: 303; 422 or 409 with the form as it was typed."""
    problem: str | None = None
    status = 422
    if form.validate():
        try:
            return see_other(_carry_out(number, form, act, read, place))
        except Invalid as refusal:
            form.take(refusal)
        except ConditionsMissing as refusal:
            form.form_errors = [_("Missing: %(condition)s", condition=reason) for reason in refusal.reasons]
        except DomainError as refusal:
            if refusal.status != 409:
                raise
            problem, status = str(refusal), 409
    return _show(number, sent=form, status=status, problem=problem)


def _carry_out(
    number: str,
    form: forms.OnSite,
    act: Callable[[Session, RepairOrder], None],
    read: Callable[[Any], None] | None,
    place: str,
) -> str:
    content = on_site.content()
    if read is not None:
        read(forms.store())
    with transaction() as writing:

        def carry_out() -> str:
            fresh = _find(number)
            if not form.says_what_was_seen:
                _refuse_stale(writing, fresh, form.version.data)
            events.said_by_device(writing, forms.moment(form.device_at.data))
            act(writing, fresh)
            return url_for("repair_captain.job", number=number) + place

        return requests.once(
            writing, user=g.user, key=form.client_key.data, content=content, at=clock.now(), act=carry_out
        )


def _refuse_stale(writing: Session, order: RepairOrder, version: str | None) -> None:
    """What the same person did since, from the same page, is no conflict; what others did is. Raises Stale."""
    seen = int(version) if version and version.isdecimal() and len(version) < 19 else None
    if seen is not None and timeline.changed_by_others(writing, order, after=seen, user=g.user):
        raise Stale()


def _show(
    number: str, *, sent: forms.OnSite | None = None, status: int = 200, problem: str | None = None
) -> ResponseReturnValue:
    order = _find(number)
    desk = Desk(session(), order, g.user, clock.now())
    shown = route.of(desk, sent)
    version = str(timeline.newest_id(session(), order))
    for form in shown.forms.values():
        form.version.data = version
    return page(
        "repair_captain/job.html",
        fragment="main",
        status=status,
        job=shown,
        order=order,
        sent=sent,
        problem=problem,
        version=version,
    )
