"""One form of many records as one file: ask for it with chosen rows, watch it being made, take it."""

from __future__ import annotations

from flask import current_app, g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, polled, requires, see_other
from blueprints.records import blueprint, chosen, exports
from blueprints.records.documents import send_content
from portal import clock, i18n, settings
from portal.db import session, transaction
from portal.errors import DomainError, Invalid, NotFound
from portal.files.store import Store
from portal.i18n import N_
from portal.models.document import DocumentState, PrintRun
from portal.paths import record_path
from portal.permissions import Permission
from portal.services import documents, followers, prints, selections

P = Permission
LOST = N_("Some of these records are no longer yours to see. Have the file made anew: they are left out of it.")


@blueprint.post("/prints")
@requires(P.DOCUMENT_PRINT)
def print_chosen() -> ResponseReturnValue:
    """Have a form printed of the chosen rows of a list, in the order of the list."""
    selection, at = chosen.selection(), clock.now()
    form = documents.get_form(request.form.get("form", ""))
    if form.model is not selection.listing.model:
        raise NotFound()
    with transaction() as writing:
        try:
            ids = selections.in_order(
                writing, selection, most=settings.get(writing, "print_max_forms"), too_many=prints.TOO_MANY,
                actor=g.user, at=at,
            )  # fmt: skip
        except Invalid as refusal:
            raise DomainError(refusal.fields[""], status=422) from refusal
        run = prints.print_many(
            writing, form.code, ids, actor=g.user, locale=i18n.locale(), at=at,
            words=exports.words_of(selection, len(ids)), back=chosen.back(selection),
        )  # fmt: skip
        run_id = run.id
    return see_other(".print_run", run_id=run_id)


@blueprint.get("/prints/<int:run_id>")
@requires(P.DOCUMENT_PRINT)
def print_run(run_id: int) -> ResponseReturnValue:
    """The file: being made, ready, or failed with the reason. Without JavaScript the page refreshes itself."""
    run = _found(run_id)
    return page(
        "records/prints/show.html",
        run=run,
        name=_name(run),
        waiting=run.state in documents.WAITING,
        lost=prints.lost(session(), g.user, run) if run.state == DocumentState.DONE else 0,
        lost_text=LOST,
        error=i18n.unpack(run.error) if run.error else "",
        left=[
            (
                group,
                [
                    (followers.title_of(each), each.number, record_path(each.KIND, each.number))
                    for each in group.records
                ],
            )
            for group in prints.left_out(session(), g.user, run)
        ],
    )


@blueprint.get("/prints/<int:run_id>/progress")
@requires(P.DOCUMENT_PRINT)
@polled
def print_progress(run_id: int) -> ResponseReturnValue:
    """The line that asks again each second; once it has ended, the whole page says how."""
    run = _found(run_id)
    if run.state not in documents.WAITING:
        return see_other(".print_run", run_id=run_id)
    return page("records/prints/progress.html", run=run)


@blueprint.get("/prints/<int:run_id>/file")
@requires(P.DOCUMENT_PRINT)
def print_file(run_id: int) -> ResponseReturnValue:
    """The PDF, if each record in it is still the person's to print. Each time it leaves the portal is noted."""
    run = _found(run_id)
    if run.state != DocumentState.DONE or not run.sha256:
        raise NotFound()
    if prints.lost(session(), g.user, run):
        raise DomainError(LOST)
    name, as_attachment = f"{run.form}-{clock.local(run.requested_at):%Y%m%d-%H%M}.pdf", "download" in request.args
    try:
        answer = send_content(
            Store.of(current_app.config["PORTAL"]), run.sha256, "application/pdf", name, as_attachment=as_attachment
        )
    except FileNotFoundError as error:
        raise NotFound() from error
    if request.method == "GET" and answer.status_code == 200:
        with transaction() as writing:
            prints.handed_out(writing, writing.get_one(PrintRun, run_id), actor=g.user, at=clock.now())
    return answer


@blueprint.post("/prints/<int:run_id>/retry")
@requires(P.DOCUMENT_PRINT)
def retry_print(run_id: int) -> ResponseReturnValue:
    """Have it made anew, of the records that are still the person's to print."""
    with transaction() as writing:
        prints.retry(writing, prints.find(writing, g.user, run_id, at=clock.now()), at=clock.now())
    return see_other(".print_run", run_id=run_id)


def _found(run_id: int) -> PrintRun:
    return prints.find(session(), g.user, run_id, at=clock.now())


def _name(run: PrintRun) -> str:
    return f"{run.form} {documents.FORMS[run.form].title}"
