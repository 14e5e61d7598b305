"""Many records changed at once: looked at as a draft, then carried out, each record once, and taken back.

What is chosen is asked for anew with the rights of the person, so a number that is not theirs is simply not there. A
record that somebody changed after the draft is left alone and said. Few records are changed while the person waits,
many by a worker; both do the same in short transactions, in which each record is marked as done with its change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import i18n, outbox, settings
from portal.db import transaction
from portal.errors import DomainError, Invalid, Message, NotFound, NotPermitted, Stale
from portal.i18n import N_
from portal.listing.registry import LISTINGS
from portal.models.change import ChangeItem, ChangeRun, Outcome, RunState
from portal.models.notice import NoticeLevel
from portal.models.org import User
from portal.permissions import may
from portal.services import notices, selections
from portal.services.changes import kinds
from portal.services.changes.declaring import VALUE, Change, Given, Job, refusal_of, refuse
from portal.services.selections import Selection
from portal.visibility import visible_to

OUTBOX_KIND = "carry_out_changes"
AT_ONCE = 200
"""So many records are changed while the person waits; more are left to a worker."""
ALONE_AT_ONCE = 50
"""The same where each record has a transaction of its own."""
CHUNK, LOADED = 50, 500
"""Records of one transaction; records looked at together."""
SPARE = timedelta(minutes=1)
"""After that a worker goes on with what a request that died has left."""

CHANGED = N_("Somebody changed it in the meantime.")
BARRED = N_("You may no longer do this.")
UNREADABLE = N_("What was filled in is no longer there to be chosen.")
TOO_MANY = N_(
    "These are more than %(most)s records, and one change takes no more. Narrow the list with a filter first."
)
FINISHED = N_("Your change is carried out: %(list)s, %(changed)s changed, %(skipped)s left as they were")
BACK = N_("Taken back")


# Looking first -------------------------------------------------------------------------------------------------------


def draft(
    session: Session, chosen: Selection, change: Change, kept: dict[str, Any], *, actor: User, locale: str, at: datetime
) -> ChangeRun:
    """Write down what would be changed and what would be skipped; `kept` is what was filled in (`Change.kept`).

    Raises NotPermitted, Invalid with the sentence at "".
    """
    ids = wanted(session, chosen, actor=actor, at=at)
    return _draft(
        session, chosen.listing.kind, change, kept, dict.fromkeys(ids), chosen.state.query(),
        actor=actor, locale=locale, at=at,
    )  # fmt: skip


def wanted(session: Session, chosen: Selection, *, actor: User, at: datetime) -> list[int]:
    """The inner numbers of what is chosen, at most as many as one change takes. Raises Invalid."""
    return selections.wanted(
        session, chosen, most=settings.get(session, "change_max_rows"), too_many=TOO_MANY, actor=actor, at=at
    )


def _draft(
    session: Session, kind: str, change: Change, kept: dict[str, Any], targets: dict[int, tuple[str | None, int] | None],
    query: str, *, actor: User, locale: str, at: datetime, undo_of_id: int | None = None,
) -> ChangeRun:  # fmt: skip
    """`targets`: per record the value of its own and the version it must still have, or None."""
    refuse(change, actor)
    given = change.read(session, kept)
    rows = []
    for records in _loaded(session, kind, change, list(targets), actor):
        for own, part in _by_value(records, targets):
            own_given = given if own is None or change.asked == {} else given | _own(session, change, own[0])
            job = Job(session, part, own_given, actor, at, is_looked_at=True)
            reasons = change.reasons(job)
            for record in part:
                asked = targets[record.id]
                why = reasons.get(record.id) if asked is None or asked[1] == record.version else CHANGED
                rows.append(
                    {
                        "record_id": record.id, "version": record.version, "value": asked[0] if asked else None,
                        "outcome": Outcome.SKIPPED.value if why is not None else None, "reason": _said(why),
                    }
                )  # fmt: skip
    if not rows:
        raise Invalid({"": selections.NONE_LEFT})
    run = ChangeRun(
        kind=kind, change=change.key, given=kept, query=query, locale=locale, state=RunState.DRAFT,
        requested_by_id=actor.id, requested_at=at, missing=len(targets) - len(rows), undo_of_id=undo_of_id,
    )  # fmt: skip
    session.add(run)
    session.flush()
    session.execute(insert(ChangeItem), [row | {"run_id": run.id} for row in rows])
    return run


def example(session: Session, chosen: Selection, change: Change, *, actor: User, at: datetime) -> Any:
    """The first of what is chosen that nothing stands against yet; None: it is so of none. Raises Invalid."""
    ids = wanted(session, chosen, actor=actor, at=at)
    for records in _loaded(session, chosen.listing.kind, change, ids, actor):
        reasons = change.reasons(Job(session, records, {}, actor, at))
        if (found := next((record for record in records if record.id not in reasons), None)) is not None:
            return found
    return None


def _by_value(
    records: Sequence[Any], targets: dict[int, Any]
) -> Iterator[tuple[tuple[str | None, int] | None, list[Any]]]:
    """The records that get the same value together, so that each value is checked once."""
    groups: dict[Any, list[Any]] = {}
    for record in records:
        asked = targets[record.id]
        groups.setdefault(asked is not None and asked[0], []).append(record)
    for part in groups.values():
        yield targets[part[0].id], part


def _own(session: Session, change: Change, value: str | None) -> dict[str, Any]:
    return {VALUE: change.asked[VALUE].read(session, value or None)}


def _loaded(session: Session, kind: str, change: Change, ids: Sequence[int], actor: User) -> Iterator[list[Any]]:
    """The records of these numbers that exist for the person, with what the check looks at."""
    model = LISTINGS[kind].model
    for start in range(0, len(ids), LOADED):
        yield list(session.scalars(_visible(actor, model, change, ids[start : start + LOADED])))


def _visible(actor: User, model: Any, change: Change, ids: Sequence[int]) -> Select[Any]:
    return visible_to(actor, model).where(model.id.in_(ids)).options(*change.load).order_by(model.id.desc())


def _said(why: Message | None) -> dict[str, Any] | None:
    return None if why is None else i18n.pack(why)


# Carrying it out -----------------------------------------------------------------------------------------------------


def find(session: Session, user: User, run_id: int) -> ChangeRun:
    """The run, if it is the person's. Raises NotFound."""
    run = session.scalars(visible_to(user, ChangeRun).where(ChangeRun.id == run_id)).one_or_none()
    if run is None or run.kind not in LISTINGS or kinds.find(run.kind, run.change) is None:
        raise NotFound()
    return run


def begin(session: Session, run: ChangeRun, *, at: datetime) -> bool:
    """Let a draft be carried out; what is on its way already stays so. True: few enough to wait for."""
    if run.state != RunState.DRAFT:
        return False
    refuse(change_of(run), run.requested_by)
    left = open_items(session, run.id)
    run.state, run.began_at = RunState.WORKING, at
    waits = left <= (ALONE_AT_ONCE if change_of(run).is_alone else AT_ONCE)
    later = at + SPARE if waits else at
    outbox.post(
        session,
        OUTBOX_KIND,
        key=f"changes:{run.id}",
        at=at,
        run_after=later,
        made_by_id=run.requested_by_id,
        run_id=run.id,
    )
    return waits


def change_of(run: ChangeRun) -> Change:
    """What the run changes. Raises NotFound when nobody knows it any more."""
    change = kinds.find(run.kind, run.change)
    if change is None:
        raise NotFound()
    return change


def open_items(session: Session, run_id: int) -> int:
    """How many records are still to be changed."""
    statement = select(func.count()).select_from(ChangeItem)
    return session.scalar(statement.where(ChangeItem.run_id == run_id, ChangeItem.outcome.is_(None))) or 0


def work(run_id: int, *, at: datetime) -> None:
    """Change what is left of a run that was begun. Run twice, or by two at once, each record is changed once."""
    while True:
        try:
            with transaction() as session:
                if not _some(session, run_id, at=at):
                    return
        except (DomainError, IntegrityError):
            _one_by_one(run_id, at=at)


def _some(session: Session, run_id: int, *, at: datetime, only: int | None = None) -> bool:
    """Change some of what is left; False: nothing is left."""
    run = session.get(ChangeRun, run_id, with_for_update=True, populate_existing=True)
    if run is None or run.state != RunState.WORKING:
        return False
    left = select(ChangeItem).where(ChangeItem.run_id == run_id, ChangeItem.outcome.is_(None))
    if only is not None:
        left = left.where(ChangeItem.record_id == only)
    change = kinds.find(run.kind, run.change)
    many = 1 if change is not None and change.is_alone else CHUNK
    items = list(session.scalars(left.order_by(ChangeItem.record_id.desc()).limit(many)))
    if not items:
        if only is None:
            _finish(session, run, at)
        return False
    actor = run.requested_by
    try:
        if change is None or not actor.is_active:
            raise NotPermitted(BARRED)
        refuse(change, actor)
        given = change.read(session, run.given)
    except DomainError as refusal:
        for item in items:
            _skip(item, UNREADABLE if isinstance(refusal, Invalid) else BARRED)
        return True
    model = LISTINGS[run.kind].model
    statement = _visible(actor, model, change, [item.record_id for item in items])
    records = {record.id: record for record in session.scalars(statement.execution_options(populate_existing=True))}
    for item in items:
        _one(session, change, item, records.get(item.record_id), given, actor, at)
    return True


def _one(
    session: Session, change: Change, item: ChangeItem, record: Any, given: Given, actor: User, at: datetime
) -> None:
    if record is None:
        return _skip(item, selections.GONE)
    if record.version != item.version:
        return _skip(item, CHANGED)
    if item.value is not None:
        given = {**given, **_own(session, change, item.value)}
    why = change.reasons(Job(session, [record], given, actor, at)).get(record.id)
    if why is not None:
        return _skip(item, why)
    item.before = (change.present(record) or "") if change.attribute else None
    change.apply(session, record, given, actor, at)
    session.flush()
    item.outcome, item.after_version = Outcome.CHANGED, record.version
    return None


def _skip(item: ChangeItem, why: Message) -> None:
    item.outcome, item.reason = Outcome.SKIPPED, _said(why)


def _one_by_one(run_id: int, *, at: datetime) -> None:
    """One of some records was refused while it was changed: each by itself, so that it alone is left as it was."""
    with transaction() as session:
        many = 1 if change_of(session.get_one(ChangeRun, run_id)).is_alone else CHUNK
        left = select(ChangeItem.record_id).where(ChangeItem.run_id == run_id, ChangeItem.outcome.is_(None))
        numbers = list(session.scalars(left.order_by(ChangeItem.record_id.desc()).limit(many)))
    for number in numbers:
        try:
            with transaction() as session:
                _some(session, run_id, at=at, only=number)
        except (DomainError, IntegrityError) as error:
            why = refusal_of(error) if isinstance(error, DomainError) else CHANGED
            with transaction() as session:
                item = session.get(ChangeItem, (run_id, number))
                if item is not None and item.outcome is None:
                    _skip(item, why)


def _finish(session: Session, run: ChangeRun, at: datetime) -> None:
    run.state, run.finished_at = RunState.DONE, at
    found = counts(session, run)
    if sum(found.values()) > AT_ONCE:
        notices.notify(
            session, user=run.requested_by, key=f"changes:{run.id}", level=NoticeLevel.INFO, title=FINISHED,
            params={"list": LISTINGS[run.kind].title, "changed": f"{found['CHANGED']:,}", "skipped": f"{found['SKIPPED']:,}"},
            link=f"/records/changes/{run.id}", at=at,
        )  # fmt: skip


# What is told --------------------------------------------------------------------------------------------------------


def counts(session: Session, run: ChangeRun) -> dict[str, int]:
    """How many records are still to be changed (""), were changed, were skipped."""
    statement = select(ChangeItem.outcome, func.count()).where(ChangeItem.run_id == run.id).group_by(ChangeItem.outcome)
    found = {outcome or "": number for outcome, number in session.execute(statement)}
    return {key: found.get(key, 0) for key in ("", Outcome.CHANGED.value, Outcome.SKIPPED.value)}


@dataclass(slots=True)
class Group:
    """Records that go the same way: those to be changed, those that were, those skipped for one reason."""

    reason: str
    count: int
    first: list[ChangeItem]


NAMED = 10
"""So many records of a group are named."""


def ids(session: Session, run: ChangeRun) -> list[int]:
    """The records of a run, by their inner numbers."""
    return list(session.scalars(select(ChangeItem.record_id).where(ChangeItem.run_id == run.id)))


def changed(session: Session, run: ChangeRun) -> list[ChangeItem]:
    """The first records that are to be changed, or were."""
    mine = select(ChangeItem).where(ChangeItem.run_id == run.id, ChangeItem.outcome.is_distinct_from(Outcome.SKIPPED))
    return list(session.scalars(mine.order_by(ChangeItem.record_id.desc()).limit(NAMED)))


def skipped(session: Session, run: ChangeRun) -> list[Group]:
    """The records that are left as they are, by reason, the most frequent first."""
    mine = select(ChangeItem).where(ChangeItem.run_id == run.id, ChangeItem.outcome == Outcome.SKIPPED)
    groups: dict[str, Group] = {}
    for item in session.scalars(mine.order_by(ChangeItem.record_id.desc())):
        said = item.reason or _said(selections.GONE)
        group = groups.setdefault(json.dumps(said, sort_keys=True), Group(i18n.unpack(said or {}), 0, []))
        group.count += 1
        if len(group.first) < NAMED:
            group.first.append(item)
    return sorted(groups.values(), key=lambda group: -group.count)


def records_of(session: Session, user: User, run: ChangeRun, ids: Sequence[int]) -> dict[int, Any]:
    """The records of these numbers, for their names."""
    model = LISTINGS[run.kind].model
    return {record.id: record for record in session.scalars(visible_to(user, model).where(model.id.in_(ids)))}


# Taking it back ------------------------------------------------------------------------------------------------------


def can_return(session: Session, run: ChangeRun) -> bool:
    """Whether the run can be taken back: it put a value in the place of another, or took a step that has a way back."""
    if run.state != RunState.DONE or run.undo_of_id is not None or not change_of(run).can_return:
        return False
    taken = select(ChangeRun.id).where(ChangeRun.undo_of_id == run.id, ChangeRun.state != RunState.DRAFT)
    return may(run.requested_by, change_of(run).permission) and session.scalar(taken.limit(1)) is None


def take_back(session: Session, run: ChangeRun, *, at: datetime) -> ChangeRun:
    """A draft that puts the old values back, or takes the step back, where nobody has changed the record since.

    Raises DomainError, Invalid.
    """
    if not can_return(session, run):
        raise DomainError(N_("This change cannot be taken back."))
    change = change_of(run)
    done = select(ChangeItem).where(ChangeItem.run_id == run.id, ChangeItem.outcome == Outcome.CHANGED)
    items = list(session.scalars(done))
    if change.way_back is not None:
        versions: dict[int, Any] = {item.record_id: (None, item.after_version or 0) for item in items}
        return _draft(
            session, run.kind, change.way_back, {}, versions, run.query, actor=run.requested_by, locale=run.locale, at=at,
            undo_of_id=run.id,
        )  # fmt: skip
    is_needed = change.asked[VALUE].required
    targets: dict[int, Any] = {
        item.record_id: (item.before or "", item.after_version or 0) for item in items if item.before or not is_needed
    }
    if not targets:
        raise DomainError(N_("Nothing can be taken back: there was no value before."))
    kept = dict(run.given) | ({"reason": str(BACK)} if "reason" in change.asked else {})
    return _draft(
        session, run.kind, change, kept, targets, run.query, actor=run.requested_by, locale=run.locale, at=at,
        undo_of_id=run.id,
    )  # fmt: skip


def drop(session: Session, run: ChangeRun) -> None:
    """Forget a draft; what was begun stays."""
    if run.state == RunState.DRAFT:
        session.delete(run)


def expired(session: Session, *, at: datetime) -> list[int]:
    """Runs whose old values are kept no longer, those that take others back first."""
    kept = timedelta(days=settings.get(session, "change_keep_days"))
    old = select(ChangeRun.id).where(ChangeRun.state == RunState.DONE, ChangeRun.requested_at <= at - kept)
    return list(session.scalars(old.order_by(ChangeRun.id.desc())))


# One record, on the spot ---------------------------------------------------------------------------------------------


def edit(
    session: Session, change: Change, record: Any, given: Given, *, version: str, actor: User, at: datetime
) -> bool:
    """Change one record now. False: it was so already. Raises NotPermitted, Stale, Invalid at "value"."""
    refuse(change, actor)
    if str(record.version) != version:
        raise Stale()
    if change.attribute and change.present(record) == change.asked[VALUE].kept(given.get(VALUE)):
        return False
    why = change.check(Job(session, [record], given, actor, at)).get(record.id)
    if why is not None:
        raise Invalid({VALUE: why})
    change.apply(session, record, given, actor, at)
    session.flush()
    return True
