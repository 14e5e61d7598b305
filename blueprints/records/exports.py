"""Exports of lists: choose the columns, watch the file being made, take it. The list's search and filters come along."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import current_app, flash, g, request, url_for
from flask.typing import ResponseReturnValue

from blueprints.http import page, polled, requires, see_other
from blueprints.records import blueprint, chosen, lists, menus
from blueprints.records.documents import send_content
from portal import clock, i18n, settings, typed
from portal.db import session, transaction
from portal.errors import Invalid, NotFound
from portal.exporting.fields import fields
from portal.exporting.limits import deadlines
from portal.exporting.reading import parameters
from portal.files.store import Store
from portal.i18n import N_, _
from portal.listing import engine
from portal.listing.declaration import Listing
from portal.listing.registry import LISTINGS
from portal.listing.state import State, from_args
from portal.models.export import Export, ExportFormat, ExportPreset, ExportState
from portal.permissions import Permission
from portal.services import exports, requests, selections
from portal.services.exports import Wanted, presets
from portal.services.selections import Selection

P = Permission
TOO_MANY = N_(
    "These are more than %(most)s chosen records. Take out the whole list with its button Export, or choose fewer."
)
GROUPS = {
    "list": N_("Columns of the list"),
    "more": N_("More about the record"),
    "record": N_("For changing and importing again"),
    "clock": N_("Clocks", "export"),
}
MIMES = {
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.CSV: "text/csv; charset=utf-8",
}


@blueprint.app_template_global()
def export_url(listing: Listing, state: State) -> str:
    """Where the list as it stands is exported; nothing for whoever may not."""
    if g.get("user") is None or not exports.may_export(session(), g.user, listing):
        return ""
    return f"/records/exports/new?kind={listing.kind}&{_rows_and_order(state).query()}"


def _rows_and_order(state: State) -> State:
    """What an export takes over: which rows there are and their order, not the view or the page."""
    return state.rows_only().without_place(sort=state.sort)


# ---------- Asking ----------


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form says, as it is shown again when something is wrong with it."""

    columns: tuple[str, ...]
    format: str = ExportFormat.XLSX.value
    full_phones: bool = False
    purpose: str = ""
    preset_name: str = ""
    shared: bool = False


@blueprint.route("/exports/new", methods=["GET", "POST"])
@requires(P.EXPORT_RUN)
def new_export() -> ResponseReturnValue:
    """Choose columns and format for the list as it stands, or for chosen rows of it; start it, or keep the columns."""
    if not request.values.get("kind"):
        return _choose()
    listing = exports.listing_for(session(), g.user, request.values["kind"])
    selection = chosen.selection() if "rows" in request.form else None
    state = _rows_and_order(selection.state if selection else from_args(listing, request.values)[0])
    if request.method == "GET" or (selection and request.form.get("do") != "make"):
        columns = _columns_of_preset(listing.kind, request.values.get("preset", "list"))
        return _form(listing, state, Asked(columns), {}, selection)
    asked = _asked()
    try:
        if "save" not in request.form:
            return see_other(_begin(listing, state, asked, selection))
        target = _save(listing, state, asked)
    except Invalid as error:
        wrong = {name: str(message) for name, message in error.fields.items()}
        return _form(listing, state, asked, wrong, selection)
    return _form(listing, state, asked, {}, selection) if selection else see_other(target)


def _choose() -> ResponseReturnValue:
    """Which list, for whoever comes from none."""
    return page(
        "records/exports/choose.html",
        lists=[each for each in LISTINGS.values() if exports.may_export(session(), g.user, each)],
        keep_days=settings.get(session(), "export_keep_days"),
    )


def _asked() -> Asked:
    form = request.form
    return Asked(
        tuple(form.getlist("columns")[:200]),
        form.get("format", "")[:10],
        "full_phones" in form,
        typed.clean(form.get("purpose", ""))[:200],
        typed.clean(form.get("preset_name", ""))[:200],
        "shared" in form,
    )


def _columns_of_preset(kind: str, name: str) -> tuple[str, ...]:
    known = presets.built_in(kind)
    if name.isascii() and name.isdecimal():
        for preset in presets.offered(session(), g.user, kind):
            if preset.id == int(name[:9]):
                return tuple(preset.columns)
    return known.get(name, known["list"])[1]


def _begin(listing: Listing, state: State, asked: Asked, selection: Selection | None) -> str:
    at, ids, words = clock.now(), None, in_words(listing, state)
    if selection is not None:
        ids = _numbers(selection)
        words = words_of(replace(selection, is_all=False), len(ids))
    wanted = Wanted(listing, state, words, asked.columns, asked.format, asked.full_phones, asked.purpose, ids)

    def act() -> str:
        export = exports.begin(writing, wanted, actor=g.user, locale=i18n.locale(), at=at)
        return url_for(".export", export_id=export.id)

    said = {"kind": listing.kind, "query": state.query(), "asked": repr(asked), "ids": ids}
    # Whoever goes back and chooses other columns wants another file: only the very same form is one and the same.
    form = request.form.get("client_key")
    key = requests.fingerprint(said | {"form": form}) if form else None
    with transaction() as writing:
        return requests.once(writing, user=g.user, key=key, content=said, at=at, act=act)


def _numbers(selection: Selection) -> tuple[int, ...]:
    """The rows that are chosen now, by their inner numbers. Raises Invalid."""
    most = settings.get(session(), "change_max_rows")
    return tuple(selections.in_order(session(), selection, most=most, too_many=TOO_MANY, actor=g.user, at=clock.now()))


def _save(listing: Listing, state: State, asked: Asked) -> str:
    with transaction() as writing:
        preset = presets.save(
            writing, listing.kind, asked.preset_name, asked.columns, shared=asked.shared, actor=g.user
        )  # fmt: skip
        name, number = preset.name, preset.id
    flash(_("The columns are saved as “%(name)s”.", name=name))
    return _url(listing, state, str(number))


def _form(
    listing: Listing, state: State, asked: Asked, wrong: dict[str, str], selection: Selection | None = None
) -> ResponseReturnValue:
    rows, words, problem = "", in_words(listing, state), ""
    if selection is None:
        rows = lists.total(*engine.count_state(session(), g.user, listing, state, at=clock.now()))
        hidden = [("kind", listing.kind), *parameters(state).items()]
    else:
        hidden = chosen.hidden(selection)
        try:
            count = len(_numbers(selection))
            rows, words = f"{count:,}", words_of(replace(selection, is_all=False), count)
        except Invalid as refusal:
            problem = str(refusal.fields[""])
    saved = presets.offered(session(), g.user, listing.kind)
    return page(
        "records/exports/new.html",
        status=422 if wrong or problem else 200,
        listing=listing,
        words=words,
        rows=rows,
        problem=problem,
        chosen=selection is not None,
        back=chosen.back(selection) if selection else f"{listing.path}?{state.query()}",
        hidden=hidden,
        groups=_groups(listing),
        asked=asked,
        wrong=wrong,
        formats=ExportFormat.choices(),
        may_unmask=exports.may_unmask(g.user),
        may_share=presets.may_share(g.user),
        sets=_sets(listing, state, saved, asked),
        saved=saved,
        client_key=request.form.get("client_key") or requests.new_key(),
        most=settings.get(session(), "export_max_rows"),
    )


def _groups(listing: Listing) -> list[tuple[str, list[tuple[str, str]]]]:
    """The columns to choose from, under headings; each deadline is one of its own."""
    every = fields(listing.kind).values()
    found = [(str(label), [each for each in every if each.group == key]) for key, label in GROUPS.items()]
    for each in deadlines(listing):
        found.append((f"{each.code} {each.label}", [field for field in every if field.code == each.code]))
    return [(head, [(each.key, str(each.short or each.label)) for each in held]) for head, held in found if held]


def _sets(listing: Listing, state: State, saved: list[ExportPreset], asked: Asked) -> list[dict[str, Any]]:
    """The sets to choose from, with the one that stands in the form marked."""
    known = [(key, str(label), columns) for key, (label, columns) in presets.built_in(listing.kind).items()]
    known += [(str(preset.id), preset.name, tuple(preset.columns)) for preset in saved]
    return [
        {"key": key, "label": label, "url": _url(listing, state, key), "current": set(columns) == set(asked.columns)}
        for key, label, columns in known
    ]


def _url(listing: Listing, state: State, preset: str) -> str:
    return f"/records/exports/new?kind={listing.kind}&{state.query()}&preset={preset}"


def in_words(listing: Listing, state: State) -> str:
    """List, filters, own conditions and search in words, as the chips of the list say them."""
    known = dict(lists.labels(listing, state))
    parts = [str(listing.title)]
    for chip in (*menus.chosen(listing, state, known), *menus.conditions(listing, state, known)):
        values = " / ".join(chip["values"])
        parts.append(f"{chip['kind']}: {values}" if chip["kind"] else values)
    if state.q:
        parts.append(f"“{state.q}”")
    return " · ".join(parts)


def words_of(selection: Selection, count: int) -> str:
    """What was chosen, in words: the list with its filters, or so many of its rows."""
    if selection.is_all:
        return in_words(selection.listing, selection.state)
    return f"{selection.listing.title} · {_('%(count)s chosen', count=f'{count:,}')}"


@blueprint.post("/exports/presets/<int:preset_id>/delete")
@requires(P.EXPORT_RUN)
def delete_export_preset(preset_id: int) -> ResponseReturnValue:
    """Take a saved set of columns away, and stay with the list."""
    with transaction() as writing:
        preset = presets.delete(writing, preset_id, actor=g.user)
        listing, name = LISTINGS[preset.kind], preset.name
    flash(_("“%(name)s” is no longer among the sets.", name=name))
    return see_other(_url(listing, _rows_and_order(from_args(listing, request.form)[0]), "list"))


# ---------- One export ----------


@blueprint.get("/exports/<int:export_id>")
@requires(P.EXPORT_RUN)
def export(export_id: int) -> ResponseReturnValue:
    """The file: being made, ready, or failed with the reason. Without JavaScript the page refreshes itself."""
    found = _found(export_id)
    every = fields(found.kind)
    return page(
        "records/exports/show.html",
        fragment="progress",
        export=found,
        error=exports.error_text(found),
        listing=LISTINGS[found.kind],
        list_url=f"/records/{found.kind}?{found.query}",
        columns=[str(every[key].label) for key in found.columns if key in every],
        format_label=ExportFormat.show(found.format),
        waiting=found.state in exports.WAITING,
        missing=exports.missing(found),
    )


@blueprint.get("/exports/<int:export_id>/progress")
@requires(P.EXPORT_RUN)
@polled
def export_progress(export_id: int) -> ResponseReturnValue:
    """The line that asks again each second; once it has ended, the whole page says how."""
    found = _found(export_id)
    if found.state not in exports.WAITING:
        return see_other(".export", export_id=export_id)
    return page("records/exports/progress.html", export=found)


@blueprint.get("/exports/<int:export_id>/file")
@requires(P.EXPORT_RUN)
def export_file(export_id: int) -> ResponseReturnValue:
    """The file. Each time it leaves the portal is noted."""
    found = _found(export_id)
    if found.state != ExportState.READY or not found.sha256:
        raise NotFound()
    name = f"{LISTINGS[found.kind].title}-{clock.local(found.as_of or found.requested_at):%Y%m%d-%H%M}"
    store = Store.of(current_app.config["PORTAL"])
    try:
        answer = send_content(
            store, found.sha256, MIMES[ExportFormat(found.format)], f"{name}.{found.format.lower()}", as_attachment=True
        )
    except FileNotFoundError as error:
        raise NotFound() from error
    if answer.status_code == 200 and request.method == "GET":
        with transaction() as writing:
            again = writing.get_one(Export, export_id)
            exports.handed_out(writing, again, actor=g.user, at=clock.now())
    return answer


@blueprint.post("/exports/<int:export_id>/stop")
@requires(P.EXPORT_RUN)
def stop_export(export_id: int) -> ResponseReturnValue:
    """Stop one that is not finished."""
    with transaction() as writing:
        exports.stop(writing, _found(export_id))
    return see_other(".export", export_id=export_id)


@blueprint.post("/exports/<int:export_id>/retry")
@requires(P.EXPORT_RUN)
def retry_export(export_id: int) -> ResponseReturnValue:
    """Have a failed or stopped one made anew."""
    with transaction() as writing:
        exports.retry(writing, _found(export_id), actor=g.user, at=clock.now())
    return see_other(".export", export_id=export_id)


def _found(export_id: int) -> Export:
    return exports.find(session(), g.user, export_id, at=clock.now())
