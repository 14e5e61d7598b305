"""Doubles: the pairs that may be one record, comparing and merging two, and taking a merge back."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from blueprints import errors
from blueprints.http import get_or_404, page, requires, see_other
from blueprints.records import blueprint, chatter, editing
from portal import clock, formatting
from portal.db import session, transaction
from portal.errors import DomainError, Invalid, NotFound, Stale
from portal.i18n import N_, Text, _
from portal.models.customer import Customer, CustomerKind, Property
from portal.models.merging import DoubleReason, Merge, PairState
from portal.models.org import PartyKind
from portal.models.outbox import Slot
from portal.permissions import Permission
from portal.services import duplicates, links, merged, merging, requests
from portal.services.followers import title_of

P = Permission
HERE = "/records/duplicates"
KINDS: dict[str, Text] = {
    "customers": N_("Customers"),
    "properties": N_("Properties"),
    "parties": N_("Parties"),
}
SHOWS: dict[str, Text] = {
    "open": N_("To be looked at"),
    "dismissed": N_("Not duplicates"),
    "merged": N_("Merged"),
}
STATES = {"open": PairState.OPEN, "dismissed": PairState.DISMISSED}


# ---------- The pairs ----------


@blueprint.get("/duplicates")
@requires(P.CUSTOMER_MERGE)
def duplicate_pairs() -> ResponseReturnValue:
    """Pairs that may be one record, those that are not, and what was merged lately."""
    kind = request.args.get("kind", "")
    kind = kind if kind in KINDS else Customer.KIND
    show = request.args.get("show", "")
    show = show if show in SHOWS else "open"
    before = request.args.get("before", type=int)
    lines: list[dict[str, Any]]
    if show == "merged":
        query = merging.merges(g.user, kind).options(joinedload(Merge.by))
        query = query.where(Merge.id < before) if before is not None else query
        found = session().scalars(query.order_by(Merge.id.desc()).limit(duplicates.PAGE + 1)).all()
        names = duplicates.titles(session(), kind, {key for done in found for key in (done.kept_id, done.merged_id)})
        lines = [
            {
                "id": done.id,
                "done": done,
                "merged": names[done.merged_id],
                "kept": names[done.kept_id],
                "url": f"{HERE}/merges/{done.id}",
            }
            for done in found
        ]
    else:
        pairs = duplicates.page(session(), g.user, kind, STATES[show], before=before, limit=duplicates.PAGE + 1)
        lines = [_line(shown) for shown in pairs]
    shown, more = lines[: duplicates.PAGE], len(lines) > duplicates.PAGE
    return page(
        "records/duplicates/list.html",
        kind=kind,
        show=show,
        kinds=[
            {
                "label": str(label),
                "url": f"{HERE}?kind={key}",
                "current": key == kind,
                "count": _counted(duplicates.count(session(), g.user, key)),
            }
            for key, label in KINDS.items()
        ],
        shows=[
            {"label": str(label), "url": f"{HERE}?kind={kind}&show={key}", "current": key == show}
            for key, label in SHOWS.items()
        ],
        lines=shown,
        more_url=f"{HERE}?kind={kind}&show={show}&before={shown[-1]['id']}" if more else "",
        last=_last_search(),
        client_key=requests.new_key(),
    )


def _counted(number: int) -> str:
    return f"{duplicates.COUNTED - 1}+" if number >= duplicates.COUNTED else str(number)


def _line(shown: duplicates.Shown) -> dict[str, Any]:
    return {
        "id": shown.pair.id,
        "pair": shown.pair,
        "reason": DoubleReason.show(shown.pair.reason),
        "sides": [brief(shown.first), brief(shown.second)],
        "url": path(shown.first, shown.second),
    }


def brief(record: Any) -> dict[str, Any]:
    """A record in one line."""
    says: list[str | None]
    if isinstance(record, Customer):
        says = [formatting.phone_mask(record.phone), CustomerKind.show(record.kind)]
    elif isinstance(record, Property):
        says = [record.customer.name, _("%(area)s m²", area=record.area)]
    else:
        says = [PartyKind.show(record.kind), formatting.phone_mask(record.phone) if record.phone else None]
    return {
        "title": title_of(record),
        "number": record.number,
        "url": editing.path(record),
        "says": [text for text in says if text],
        "since": record.created_at,
        "updated": record.updated_at,
    }


def path(one: Any, other: Any) -> str:
    """Where two records are compared; the first is the one to be kept, the older one unless somebody turns it round."""
    kept, gone = sorted((one, other), key=lambda record: record.id)
    return f"{HERE}/{kept.KIND}/{quote(kept.number, safe='')}/{quote(gone.number, safe='')}"


def _last_search() -> dict[str, Any] | None:
    """When the portal looked last, and what it left out."""
    query = select(Slot).where(Slot.schedule == "duplicates", Slot.state == "DONE", Slot.result.is_not(None))
    slot = session().scalars(query.order_by(Slot.due_at.desc()).limit(1)).first()
    said = re.fullmatch(r"(\d+)(\+?)(?: −(\d+))?", slot.result or "") if slot else None
    if slot is None or said is None:
        return None
    return {"at": slot.done_at, "new": int(said[1]), "is_cut": bool(said[2]), "left_out": int(said[3] or 0)}


def banner(record: Any) -> list[dict[str, str]]:
    """The sentences on a record's page: who may be the same. Only for those who can tell."""
    if not merging.is_mergeable(record):
        return []
    lines = []
    for shown in duplicates.open_of(session(), g.user, record):
        other = shown.second if shown.first.id == record.id else shown.first
        said = _(
            "%(name)s %(number)s may be the same: %(reason)s.",
            name=title_of(other),
            number=other.number,
            reason=DoubleReason.show(shown.pair.reason),
        )
        lines.append({"text": said, "url": path(record, other)})
    return lines


# ---------- Comparing and merging ----------


@blueprint.get("/customers/<number>/merge")
@requires(P.CUSTOMER_MERGE)
def merge_customer(number: str) -> ResponseReturnValue:
    """Choose the customer with whom this one is to be merged."""
    record = merging.find(session(), g.user, Customer.KIND, number)
    if (chosen := request.args.get("customer")) is None:
        return editing.choose_customer(
            _("Merge %(name)s with another customer", name=record.name), f"{editing.path(record)}/merge"
        )
    return see_other(path(record, merging.find(session(), g.user, Customer.KIND, chosen)))


@blueprint.route("/duplicates/<kind>/<number>/<other>", methods=["GET", "POST"])
@requires(P.CUSTOMER_MERGE)
def merge_pair(kind: str, number: str, other: str) -> ResponseReturnValue:
    """Two records side by side; sent, the second is merged into the first."""
    if request.method == "GET":
        return _compare(kind, number, other)

    def act(writing: Session) -> str:
        done = merging.merge(
            writing,
            merging.find(writing, g.user, kind, number),
            merging.find(writing, g.user, kind, other),
            merging.MergeRecords(
                chosen={
                    name.removeprefix("field-"): value
                    for name, value in request.form.items()
                    if name.startswith("field-")
                },
                kept_version=request.form.get("kept_version", -1, type=int),
                other_version=request.form.get("other_version", -1, type=int),
            ),
            actor=g.user,
            at=clock.now(),
        )
        writing.flush()
        duplicates.after_merge(writing, done, at=clock.now())
        return f"{HERE}/merges/{done.id}"

    try:
        location = chatter.once(act)
    except Invalid as refusal:
        return _compare(kind, number, other, wrong=dict(refusal.fields), status=422)
    except (Stale, links.Clash) as refusal:
        return _compare(kind, number, other, said=str(refusal), status=409)
    flash(_("Merged. It can be undone for %(days)s days.", days=merging.UNDO_DAYS), "done")
    return see_other(location)


def _compare(
    kind: str, number: str, other: str, *, wrong: dict[str, Any] | None = None, said: str = "", status: int = 200
) -> ResponseReturnValue:
    try:
        kept, gone = (merging.find(session(), g.user, kind, each) for each in (number, other))
    except NotFound:
        if (done := _merge_of(kind, number, other)) is not None:
            return see_other(f"{HERE}/merges/{done.id}")
        raise
    try:
        merging.check(session(), kept, gone, g.user)
    except DomainError as refusal:
        said, status = str(refusal), refusal.status
        return page("records/duplicates/refused.html", status=status, said=said, kept=brief(kept), gone=brief(gone))
    lines = merging.compare(session(), merging.KINDS[kind], kept, gone, g.user)
    return page(
        "records/duplicates/compare.html",
        status=status,
        kind=kind,
        kept=kept,
        gone=gone,
        sides=[brief(kept), brief(gone)],
        choices=[
            {
                "line": line,
                "chosen": request.form.get(f"field-{line.name}", line.proposed),
                "wrong": (wrong or {}).get(line.name),
            }
            for line in lines
            if len(line.options) > 1
        ],
        settled=[
            (str(line.label), line.options[0].text)
            for line in lines
            if len(line.options) == 1 and line.options[0].value not in (None, "", False, [])
        ],
        loose=[text for name, text in (wrong or {}).items() if not _is_shown(lines, name)],
        moving=links.counts(session(), gone),
        staying=links.counts(session(), kept),
        said=said,
        dismissed=duplicates.dismissed(session(), g.user, kept, gone),
        turned_url=f"{HERE}/{kind}/{quote(gone.number, safe='')}/{quote(kept.number, safe='')}",
        here=f"{HERE}/{kind}/{quote(kept.number, safe='')}/{quote(gone.number, safe='')}",
        client_key=requests.new_key(),
        undo_days=merging.UNDO_DAYS,
    )


def _is_shown(lines: list[merging.Line], name: str) -> bool:
    return any(line.name == name and len(line.options) > 1 for line in lines)


def _merge_of(kind: str, number: str, other: str) -> Merge | None:
    """The merge of these two that stands, for whoever comes back to the page where it was decided."""
    if kind not in merging.KINDS:
        return None
    query = merging.merges(g.user, kind).where(
        Merge.kept_number.in_([number, other]), Merge.merged_number.in_([number, other]), Merge.undone_at.is_(None)
    )
    return session().scalars(query.limit(1)).first()


@blueprint.post("/duplicates/<kind>/<number>/<other>/dismiss")
@requires(P.CUSTOMER_MERGE)
def dismiss_pair(kind: str, number: str, other: str) -> ResponseReturnValue:
    """These two are not the same: never asked again."""
    return _decided(kind, number, other, duplicates.dismiss, _("Noted: these two are not the same."))


@blueprint.post("/duplicates/<kind>/<number>/<other>/reopen")
@requires(P.CUSTOMER_MERGE)
def reopen_pair(kind: str, number: str, other: str) -> ResponseReturnValue:
    """They may be the same after all."""
    return _decided(kind, number, other, duplicates.reopen, _("The pair is among those to be looked at again."))


def _decided(kind: str, number: str, other: str, decide: Any, said: str) -> ResponseReturnValue:
    with transaction() as writing:
        one, two = (merging.find(writing, g.user, kind, each) for each in (number, other))
        decide(writing, one, two, actor=g.user, at=clock.now())
    flash(said, "done")
    return see_other(f"{HERE}?kind={kind}")


# ---------- What was merged ----------


@blueprint.get("/duplicates/merges/<int:merge_id>")
@requires(P.CUSTOMER_MERGE)
def merge_result(merge_id: int) -> ResponseReturnValue:
    """What a merge did, and the way back."""
    done = _find(merge_id)
    kind = merging.KINDS[done.kind]
    kept, gone = (session().get_one(kind.model, key) for key in (done.kept_id, done.merged_id))
    reason = merging.why_not_undone(session(), done, at=clock.now())
    return page(
        "records/duplicates/merged.html",
        done=done,
        kept=brief(kept),
        gone=brief(gone),
        moved=merging.moved_counts(done),
        changes=merging.taken_over(session(), done),
        reason=str(reason) if reason is not None else "",
        left=merging.left_text(done),
        until=merging.undo_until(done),
        client_key=requests.new_key(),
        list_url=f"{HERE}?kind={done.kind}&show=merged",
    )


@blueprint.post("/duplicates/merges/<int:merge_id>/undo")
@requires(P.CUSTOMER_MERGE)
def undo_merge(merge_id: int) -> ResponseReturnValue:
    """Take a merge back."""

    def act(writing: Session) -> str:
        merging.undo(writing, _find(merge_id), actor=g.user, at=clock.now())
        return f"{HERE}/merges/{merge_id}"

    location = chatter.once(act)
    flash(_("Undone: both records stand for themselves again."), "done")
    return see_other(location)


def _find(merge_id: int) -> Merge:
    kind = session().scalar(select(Merge.kind).where(Merge.id == merge_id))
    if kind is None:
        raise NotFound()
    return get_or_404(merging.merges(g.user, kind).options(joinedload(Merge.by)), Merge.id == merge_id)


# ---------- The address of what was merged ----------


@blueprint.errorhandler(NotFound)
def lead_to_kept(error: NotFound) -> ResponseReturnValue:
    """The address of a merged record leads to the one that is kept, with a sentence; anything else is not found."""
    parts = request.path.split("/")
    number = (request.view_args or {}).get("number", "")
    kind = parts[2] if len(parts) > 3 else ""
    kept = merged.kept_instead(session(), g.get("user"), kind, number) if number else None
    if kept is None:
        return errors.answer(error.status, str(error))
    said = _("%(number)s was merged into %(name)s %(kept)s.", number=number, name=title_of(kept), kept=kept.number)
    if request.method != "GET":
        return errors.answer(409, said + _("Nothing was saved."))
    flash(said, "done")
    parts[3] = quote(kept.number, safe="")
    query = request.query_string.decode()
    return see_other("/".join(parts) + (f"?{query}" if query else ""))
