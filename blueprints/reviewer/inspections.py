"""The inspection day on phone or tablet, also without signal: what is to be inspected, lines, photos, the end.

An inspection is addressed by the number it has or will have; it begins with the first thing that is noted of it.
Rules: `portal/processes/pre_acceptance.py`. Forms come from the outbox of the phone or from the page itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import current_app, flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints import on_site
from blueprints.http import find_or_404, page, requires, see_other, wants_fragment
from blueprints.records import editing
from blueprints.records.inspections import NAMED, limit_text, measured_text, sections
from blueprints.records.pre_acceptance_forms import last_failure_text
from blueprints.reviewer import blueprint
from blueprints.reviewer.inspection_forms import FinishForm, LineForm, PhotoForm
from portal import clock, formatting
from portal.db import session, transaction
from portal.errors import ConditionsMissing, DomainError, Invalid, NotFound
from portal.files import intake
from portal.files.kinds import HEIC, JPEG, PNG, WEBP
from portal.files.store import Store
from portal.i18n import N_, _
from portal.models.pre_acceptance import Inspection, InspectionItem, PreAcceptance
from portal.permissions import Permission
from portal.processes.pre_acceptance import (
    IS_ASKED,
    IS_OPEN_MUST,
    IS_OUT,
    LACKS_PHOTO,
    PROCESS,
    CheckTrade,
    ItemResult,
    Result,
    State,
)
from portal.services import inspections, maps, pre_acceptances, requests, timeline
from portal.shell import INSPECTIONS_ON_SITE
from portal.visibility import by_number

P = Permission
PATH = "/inspections/<number>"
PICTURES = frozenset({JPEG, PNG, WEBP, HEIC})
NO_PHOTO = N_("Please take a photo or choose one.")
OTHER_WORDS = N_("This line reads differently now. Open the page again with a network, and judge the line anew.")
RULES = {"asked": IS_ASKED.data, "out": IS_OUT.data, "must": IS_OPEN_MUST.data, "photo": LACKS_PHOTO.data}
"""What the phone looks at beside what is not sent yet; the portal looks again and decides."""


@dataclass(frozen=True, slots=True)
class Stop:
    """An inspection as the page of the day shows it."""

    record: PreAcceptance
    url: str
    """Where it is held; empty: it is over, or cannot be held now."""
    time: str
    address: str
    state: str
    map_url: str
    is_again: bool


# ---------- The day ----------


@blueprint.get("/inspections/")
@requires(P.PREACCEPT_WORK)
def inspection_day() -> ResponseReturnValue:
    """What is to be inspected today and tomorrow, and what was left open, in the order it is driven to."""
    today = clock.today(clock.now())
    parts: dict[str, list[Stop]] = {"open": [], "today": [], "tomorrow": [], "over": []}
    for record in pre_acceptances.on_the_road(session(), g.user, today):
        stop = _stop(record)
        assert record.scheduled_on is not None
        if record.state == State.PASSED or (not stop.url and record.scheduled_on < today):
            parts["over"].append(stop)
        elif record.scheduled_on < today:
            parts["open"].append(stop)
        else:
            parts["today" if record.scheduled_on == today else "tomorrow"].append(stop)
    return page("reviewer/inspections/day.html", parts=parts, is_empty=not any(parts.values()))


def _stop(record: PreAcceptance) -> Stop:
    address = record.project.property.address
    return Stop(
        record,
        INSPECTIONS_ON_SITE.records + inspections.next_number(record) if _is_mine(record) else "",
        formatting.moment(record.scheduled_at),
        address,
        str(PROCESS.state(record.state).label),
        maps.url(session(), address),
        record.round_no > 1,
    )


def _is_mine(record: PreAcceptance) -> bool:
    return pre_acceptances.may_inspect_now(record) and inspections.is_apart(record, g.user)


# ---------- One inspection ----------


@blueprint.get(PATH)
@requires(P.PREACCEPT_WORK)
def inspection_on_site(number: str) -> ResponseReturnValue:
    """The lines to be judged, each saved as it is tapped, and the end."""
    return _show(number)


@blueprint.get(f"{PATH}/lines/<int:position>")
@requires(P.PREACCEPT_WORK)
def line_on_site(number: str, position: int) -> ResponseReturnValue:
    """One line as it stands now."""
    record, held = _find(number)
    item = inspections.find_item(held, position)
    if item is None:
        raise NotFound()
    return _line(record, held, _shown(item))


@blueprint.post(f"{PATH}/lines/<int:position>")
@requires(P.PREACCEPT_WORK)
def judge_line(number: str, position: int) -> ResponseReturnValue:
    """Save what was found of a line; a measured value is judged by its tolerance at once."""
    form = LineForm(position, sent=True)

    def act(writing: Session, item: InspectionItem) -> None:
        found, happened_at = form.to_command(), on_site.happened_at()
        inspections.judge_item(writing, item, found, actor=g.user, at=clock.now(), happened_at=happened_at)

    return _take(number, position, form, act)


@blueprint.post(f"{PATH}/lines/<int:position>/photos")
@requires(P.PREACCEPT_WORK)
def photograph_line(number: str, position: int) -> ResponseReturnValue:
    """Put photos to a line."""
    form = PhotoForm(position, sent=True)
    _find(number)
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

    return _take(number, position, form, act, problem=problem)


photograph_line.largest_bytes = 150_000_000  # type: ignore[attr-defined]  # ten photos as phones take them


@blueprint.post(f"{PATH}/trades/<trade>/skip")
@requires(P.PREACCEPT_WORK)
def skip_trade(number: str, trade: str) -> ResponseReturnValue:
    """The project does not have a trade: its open lines do not apply."""
    if trade not in CheckTrade._value2member_map_:
        raise NotFound()
    with transaction() as writing:
        inspections.skip_trade(writing, _reach(writing, number), trade, actor=g.user, at=clock.now())
    return see_other(f"{_path(number)}#{trade.lower()}")


@blueprint.post(f"{PATH}/finish")
@requires(P.PREACCEPT_WORK)
def finish_inspection(number: str) -> ResponseReturnValue:
    """The end: passed, failed with its notice, or not held."""
    record, held = _find(number)
    form = FinishForm()
    form.prepare(record, held)
    if form.validate():
        try:
            return see_other(_finish(number, form))
        except Invalid as refusal:
            form.take(refusal)
        except ConditionsMissing as refusal:
            form.form_errors = [_("Missing: %(condition)s", condition=reason) for reason in refusal.reasons]
    return _show(number, form=form, status=422)


# ---------- Parts ----------


def _path(number: str) -> str:
    return INSPECTIONS_ON_SITE.records + number


def _record(number: str) -> PreAcceptance | None:
    return by_number(session(), g.user, PreAcceptance, number.rpartition("-")[0])


def _find(number: str) -> tuple[PreAcceptance, Inspection]:
    """The inspection of that number with its pre-acceptance; the next one as it would begin. Raises NotFound."""
    held = by_number(session(), g.user, Inspection, number, NAMED)
    if held is not None:
        return held.pre_acceptance, held
    record = _record(number)
    if record is None or number != inspections.next_number(record):
        raise NotFound()
    return record, inspections.draft(session(), record, actor=g.user, at=clock.now())


def _reach(writing: Session, number: str) -> Inspection:
    """The inspection of that number, begun now if it is the next one."""
    held = by_number(writing, g.user, Inspection, number, NAMED)
    if held is not None:
        return held
    record = find_or_404(PreAcceptance, number.rpartition("-")[0])
    if number != inspections.next_number(record):
        raise NotFound()
    return inspections.begin(writing, record, actor=g.user, at=clock.now(), happened_at=on_site.happened_at())


def _line_form(item: InspectionItem) -> LineForm:
    """The form of a line as it is saved."""
    form = LineForm(item.position, sent=False)
    form.result.data = ItemResult(item.result) if item.result else None
    form.measured.data, form.comment.data = item.measured, item.comment
    return form


def _shown(item: InspectionItem, form: LineForm | None = None, problem: str | None = None) -> dict[str, Any]:
    return {
        "item": item,
        "form": form or _line_form(item),
        "mark": inspections.mark_of(item),
        "limit": limit_text(item),
        "measured": measured_text(item),
        "before_text": measured_text(item.before) if item.before is not None else "",
        "lacks_photo": LACKS_PHOTO(item),
        "is_asked": IS_ASKED(item),
        "problem": problem,
    }


def _take(
    number: str,
    position: int,
    form: LineForm | PhotoForm,
    act: Callable[[Session, InspectionItem], None],
    *,
    problem: str | None = None,
) -> ResponseReturnValue:
    """Carry out what concerns one line, once however often it arrives: the line as it stands now, or the page at it."""
    refused = problem is not None or (isinstance(form, LineForm) and not form.validate())
    if not refused:
        try:
            _carry_out(number, position, form, act)
        except Invalid as refusal:
            refused = True
            if isinstance(form, LineForm):
                form.take(refusal)
            else:
                problem = "；".join(map(str, refusal.fields.values()))
    if refused:
        on_site.remember([problem] if problem else [str(each) for found in form.errors.values() for each in found])
    if not refused and not wants_fragment():
        return see_other(f"{_path(number)}#line-{position}")
    record, held = _find(number)
    item = inspections.find_item(held, position)
    if item is None:
        raise NotFound()
    typed = form if refused and isinstance(form, LineForm) else None
    if wants_fragment():
        return _line(record, held, _shown(item, typed, problem), status=422 if refused else 200)
    return _show(number, sent={position: (typed, problem)}, status=422)


def _carry_out(
    number: str, position: int, form: LineForm | PhotoForm, act: Callable[[Session, InspectionItem], None]
) -> None:
    with transaction() as writing:

        def carry_out() -> str:
            item = inspections.find_item(_reach(writing, number), position)
            if item is None or (form.seen.data and form.seen.data != inspections.mark_of(item)):
                raise DomainError(OTHER_WORDS)
            act(writing, item)
            return f"{_path(number)}#line-{position}"

        requests.once(
            writing, user=g.user, key=form.client_key.data, content=on_site.content(), at=clock.now(), act=carry_out
        )


def _line(record: PreAcceptance, held: Inspection, line: dict[str, Any], *, status: int = 200) -> ResponseReturnValue:
    return page(
        "reviewer/inspections/line.html",
        fragment="judged",
        status=status,
        path=_path(held.number),
        line=line,
        progress=_progress(held),
    )


def _progress(held: Inspection) -> dict[str, int]:
    judged = [item for item in held.asked if item.result is not None]
    return {
        "judged": len(judged),
        "all": len(held.asked),
        "failed": len(held.failed),
        "missing": len(inspections.missing(held)),
    }


def _show(
    number: str, *, sent: dict[int, Any] | None = None, form: FinishForm | None = None, status: int = 200
) -> ResponseReturnValue:
    record, held = _find(number)
    if held.result is not None:
        return see_other(editing.path(held))
    if form is None:
        form = FinishForm(formdata=None)
        form.prepare(record, held)
        form.client_key.data = requests.new_key()
    is_missed = record.to_recheck is not None and record.to_recheck.is_missed
    return page(
        "reviewer/inspections/work.html",
        status=status,
        held=held,
        record=record,
        path=_path(number),
        home=INSPECTIONS_ON_SITE.root,
        rules=json.dumps(RULES),
        photo_side=on_site.photo_side(),
        sections=[
            (code, name, [_shown(item, *(sent or {}).get(item.position, ())) for item in items])
            for code, name, items in sections(held)
        ],
        progress=_progress(held),
        form=form,
        missing=inspections.missing(held),
        is_missed=is_missed,
        verdict=Result.FAIL if is_missed else held.verdict,
        rectification=_rectification(record),
        warning=last_failure_text(record) if record.round_no >= record.fail_limit else "",
    )


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


def _finish(number: str, form: FinishForm) -> str:
    at = clock.now()
    with transaction() as writing:

        def act() -> str:
            held = _reach(writing, number)
            inspections.finish(writing, held, form.to_command(), actor=g.user, at=at)
            word = Result.show(held.result)
            if not on_site.is_from_outbox():
                flash(_("Inspection of %(who)s: %(result)s.", who=held.customer.name, result=word), "done")
            return on_site.leads_to(editing.path(held.notice if held.notice is not None else held))

        return requests.once(writing, user=g.user, key=form.client_key.data, content=on_site.content(), at=at, act=act)


# ---------- Without signal ----------


def _pages(code: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for record in pre_acceptances.on_the_road(session(), g.user, clock.today(clock.now())):
        if not _is_mine(record):
            continue
        running = record.running
        noted = running.updated_at.timestamp() if running is not None else 0
        version = f"{code}-{timeline.last_id(session(), record)}-{noted:.0f}"
        found.append((_path(inspections.next_number(record)), version))
    return found


SITE = on_site.Site(
    area=INSPECTIONS_ON_SITE,
    name=N_("Inspections: customer service portal"),
    short_name=N_("Inspections", "app name"),
    home=N_("Inspections of today"),
    keeps=N_("This page is not kept on the phone. The inspections of today and tomorrow are, with their lines."),
    files=("js/conditions.js", "js/moments.js", "js/photos.js", "js/inspections.js", "css/inspections.css"),
    pages=_pages,
    record=_record,
    path=_path,
)
on_site.attach(blueprint, SITE)
