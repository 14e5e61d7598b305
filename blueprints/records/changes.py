"""Many records of a list changed at once: what to change, looking at what would happen, carrying it out, taking it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from blueprints.http import page, polled, requires, see_other
from blueprints.records import blueprint, chosen
from blueprints.records.forms.changes import HIDDEN, Said, form_of
from blueprints.records.forms.many import form_for
from blueprints.records.steps import Desk
from portal import clock, formatting, i18n, settings
from portal.db import session, transaction
from portal.errors import Invalid, NotFound
from portal.i18n import N_, _
from portal.listing.declaration import Listing
from portal.listing.registry import LISTINGS
from portal.listing.state import args_of, from_args
from portal.models.change import ChangeItem, ChangeRun, RunState
from portal.models.task import Task
from portal.paths import record_path
from portal.permissions import Permission
from portal.services import followers, requests, tasks, way_back
from portal.services.changes import kinds, runs
from portal.services.changes.declaring import VALUE, Change, refuse
from portal.services.changes.stepping import COMMAND, REHEARSED, SAID, Step
from portal.services.selections import Selection

P = Permission


SENT = "sent"
"""In what a run keeps: the form as it was sent, so that it can be filled in otherwise."""
UNKEPT = frozenset({*HIDDEN, "csrf_token"}) - {"all"}
NOT_OPEN = N_("None of the chosen records can take this step now.")


# ---------- Asking ----------


@dataclass(frozen=True, slots=True)
class Asked:
    """What is chosen, and what is to be changed of it."""

    listing: Listing
    change: Change
    selection: Selection
    rows: str

    @property
    def back(self) -> str:
        """The list as it stood."""
        return f"{self.listing.path}?{self.rows}"


def _asked() -> Asked:
    """What the form of the list says. Raises NotFound for what there is not, NotPermitted."""
    selection = chosen.selection()
    change = kinds.find(selection.listing.kind, request.values.get("change", ""))
    if change is None or not change.in_bulk:
        raise NotFound()
    refuse(change, g.user)
    return Asked(selection.listing, change, selection, selection.state.query())


@blueprint.route("/changes/new", methods=["GET", "POST"])
@requires(P.HOME)
def new_change() -> ResponseReturnValue:
    """Say what the chosen records shall become; sent, it is written down as a draft to look at."""
    asked, at = _asked(), clock.now()
    return _fill_in(asked, at)


@blueprint.get("/changes/<int:run_id>/again")
@requires(P.HOME)
def change_again(run_id: int) -> ResponseReturnValue:
    """The form of a draft once more, with the same records chosen and what was filled in, to be changed."""
    run = runs.find(session(), g.user, run_id)
    what = runs.change_of(run)
    if not _may_fill_in_again(run, what):
        raise NotFound()
    refuse(what, g.user)
    said: Said = MultiDict([(name, value) for name, value in run.given[SENT]])
    listing = LISTINGS[run.kind]
    state, _problems = from_args(listing, args_of(run.query))
    is_all = said.get("all") == "1"
    selection = Selection(listing, state, () if is_all else tuple(runs.ids(session(), run)), is_all=is_all)
    return _fill_in(Asked(listing, what, selection, run.query), clock.now(), said)


def _may_fill_in_again(run: ChangeRun, what: Change) -> bool:
    """Whether it is a draft for which something was filled in."""
    return run.state == RunState.DRAFT and run.undo_of_id is None and bool(run.given.get(SENT)) and what.in_bulk


def _fill_in(asked: Asked, at: datetime, said: Said | None = None) -> ResponseReturnValue:
    g.menu_path = asked.listing.path
    is_sent = request.method == "POST" and request.form.get("do") == "look"
    form, count, problem = None, 0, ""
    try:
        count = len(runs.wanted(session(), asked.selection, actor=g.user, at=at))
        form = _form(asked, at, is_sent, said)
        if request.method == "POST" and (form is None or not form.shown(asked.change)):
            return see_other(_look(asked, {}))
        if form is None:
            problem = str(NOT_OPEN)
        elif is_sent and form.validate():
            return see_other(_look(asked, _given(asked.change, form, at)))
    except Invalid as refusal:
        if form is not None:
            form.take(refusal)
        else:
            problem = str(refusal.fields.get("") or refusal)
    return page(
        "records/changes/new.html",
        status=422 if problem or (form is not None and form.errors) else 200,
        asked=asked,
        form=form,
        count=count,
        problem=problem,
        final=isinstance(asked.change, Step) and not asked.change.can_return,
        is_step=isinstance(asked.change, Step),
        undo_minutes=settings.get(session(), way_back.GRACE),
        client_key=request.form.get("client_key") or requests.new_key(),
    )


def _form(asked: Asked, at: datetime, is_sent: bool, said: Said | None) -> Any:
    """The form of what is asked for; None: a step that none of the chosen records can take."""
    if not isinstance(asked.change, Step):
        return form_of(asked.change, g.user, at=at, is_sent=is_sent, said=said)
    first = runs.example(session(), asked.selection, asked.change, actor=g.user, at=at)
    if first is None:
        return None
    return form_for(asked.listing.kind, asked.change, first, g.user, at=at, is_sent=is_sent, said=said)


def _given(change: Change, form: Any, at: datetime) -> dict[str, Any]:
    """What was filled in, as the change wants it. Raises Invalid by field."""
    if not isinstance(change, Step):
        given: dict[str, Any] = form.given(change)
        return given
    return {COMMAND: form.to_command(Desk(session(), None, g.user, at)), SAID: form.said(change)}


def _look(asked: Asked, given: dict[str, Any]) -> str:
    at, kept = clock.now(), asked.change.kept(given)
    if given:
        kept[SENT] = [[name, value] for name, value in request.form.items(multi=True) if name not in UNKEPT]

    def act() -> str:
        run = runs.draft(
            writing, asked.selection, asked.change, kept, actor=g.user, locale=i18n.locale(), at=at
        )  # fmt: skip
        return url_for(".change", run_id=run.id)

    said = {"rows": asked.rows, "all": asked.selection.is_all, "ids": asked.selection.ids}
    said |= {"kind": asked.listing.kind, "change": asked.change.key, "given": kept}
    # Whoever goes back and fills in something else wants another draft: only the very same form is one and the same.
    sent = request.form.get("client_key")
    key = requests.fingerprint(said | {"form": sent}) if sent else None
    with transaction() as writing:
        return requests.once(writing, user=g.user, key=key, content=said, at=at, act=act)


# ---------- One run ----------


@blueprint.get("/changes/<int:run_id>")
@requires(P.HOME)
def change(run_id: int) -> ResponseReturnValue:
    """What would be changed and what not; while it is carried out how far it is; afterwards what came of it."""
    run = runs.find(session(), g.user, run_id)
    what, listing = runs.change_of(run), LISTINGS[run.kind]
    g.menu_path = listing.path
    done, left = runs.changed(session(), run), runs.skipped(session(), run)
    ids = [item.record_id for item in (*done, *(item for group in left for item in group.first))]
    records = runs.records_of(session(), g.user, run, ids)
    counts = runs.counts(session(), run)
    return page(
        "records/changes/show.html",
        run=run,
        change=what,
        listing=listing,
        back=f"{listing.path}?{run.query}",
        state=run.state,
        again=url_for(".change_again", run_id=run.id) if _may_fill_in_again(run, what) else "",
        counts=counts,
        total=sum(counts.values()),
        words=_words(run, what),
        lines=[_line(item, records, run, what) for item in done],
        groups=[(group, [_line(item, records, run, what) for item in group.first]) for group in left],
        can_return=runs.can_return(session(), run),
        keep_days=settings.get(session(), "change_keep_days"),
        final=isinstance(what, Step) and not what.can_return,
        is_step=isinstance(what, Step),
        undo_minutes=settings.get(session(), way_back.GRACE),
        tried=sum(counts.values()) <= REHEARSED,
    )


def _labels(what: Change) -> dict[str, str]:
    ask = what.asked.get(VALUE)
    if ask is None or ask.options is None:
        return {}
    if "labels" not in g:
        g.labels = {str(value): str(label) for value, label in ask.options(session(), g.user)}
    found: dict[str, str] = g.labels
    return found


def _words(run: ChangeRun, what: Change) -> list[tuple[str, str]]:
    """What was filled in, as people read it."""
    if isinstance(what, Step):
        return [(label, text) for label, text in run.given[SAID]]
    found = []
    for ask in what.asks:
        kept = run.given.get(ask.key)
        if run.undo_of_id is not None and ask.key == VALUE:
            found.append((str(ask.label), _("the value from before")))
        elif kept is not None or ask.key == VALUE:
            found.append((str(ask.label), _read(what, ask.key, kept)))
    return found


def _read(what: Change, key: str, kept: str | None) -> str:
    """A kept value as people read it."""
    ask = what.asked[key]
    if kept is None or kept == "":
        return str(ask.blank or formatting.DASH)
    if ask.options is not None:
        known = _labels(what) if key == VALUE else {str(v): str(label) for v, label in ask.options(session(), g.user)}
        return known.get(kept, kept)
    value = ask.read(session(), kept)
    match ask.kind.value:
        case "day":
            return formatting.full_date(value)
        case "moment":
            return formatting.moment(value)
        case "money":
            return formatting.money(value)
    return str(value)


def _line(item: ChangeItem, records: dict[int, Any], run: ChangeRun, what: Change) -> dict[str, str]:
    """A record as the page names it, with the old value and the new one where it has them."""
    record = records.get(item.record_id)
    line = {"name": _("A record that is no longer yours to see"), "number": "", "url": "", "before": "", "after": ""}
    if record is None:
        return line
    if isinstance(record, Task):
        line["name"], line["number"] = tasks.shown_title(record), record.record_number or ""
        line["url"] = record_path(record.record_kind, record.record_number) if record.record_number else ""
    else:
        line["name"], line["number"] = followers.title_of(record), record.number
        line["url"] = record_path(record.KIND, record.number)
    if what.attribute and item.outcome != "SKIPPED":
        before = item.before if item.outcome else what.present(record)
        after = item.value if item.value is not None else run.given.get(VALUE)
        line["before"], line["after"] = _read(what, VALUE, before), _read(what, VALUE, after)
    return line


@blueprint.get("/changes/<int:run_id>/progress")
@requires(P.HOME)
@polled
def change_progress(run_id: int) -> ResponseReturnValue:
    """The line that asks again each second; once it has ended, the whole page says how."""
    run = runs.find(session(), g.user, run_id)
    if run.state != RunState.WORKING:
        return see_other(".change", run_id=run_id)
    return page("records/changes/progress.html", run=run, counts=runs.counts(session(), run))


@blueprint.post("/changes/<int:run_id>/carry-out")
@requires(P.HOME)
def carry_out_change(run_id: int) -> ResponseReturnValue:
    """Carry a draft out: few records at once, many by a worker. Sent twice it is carried out once."""
    with transaction() as writing:
        waits = runs.begin(writing, runs.find(writing, g.user, run_id), at=clock.now())
    if waits:
        runs.work(run_id, at=clock.now())
    return see_other(".change", run_id=run_id)


@blueprint.post("/changes/<int:run_id>/drop")
@requires(P.HOME)
def drop_change(run_id: int) -> ResponseReturnValue:
    """Leave everything as it is and go back to the list."""
    with transaction() as writing:
        run = runs.find(writing, g.user, run_id)
        back = f"{LISTINGS[run.kind].path}?{run.query}"
        runs.drop(writing, run)
    return see_other(back)


@blueprint.post("/changes/<int:run_id>/undo")
@requires(P.HOME)
def undo_change(run_id: int) -> ResponseReturnValue:
    """Look at what putting the old values back would do."""

    def act(writing: Session) -> str:
        made = runs.take_back(writing, runs.find(writing, g.user, run_id), at=clock.now())
        return url_for(".change", run_id=made.id)

    with transaction() as writing:
        key = request.form.get("client_key")
        target = requests.once(
            writing, user=g.user, key=key, content={"undo": run_id}, at=clock.now(), act=lambda: act(writing)
        )
    return see_other(target)
