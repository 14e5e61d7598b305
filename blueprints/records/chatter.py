"""The talk and history beside every record: notes and messages are written here, events are read here.

The column is one block: with htmx it replaces itself, without it the same block is a page of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from flask import flash, g, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from blueprints.http import page, requires, see_other, wants_fragment
from blueprints.records import blueprint, told
from portal import clock, typed
from portal.db import session, transaction
from portal.i18n import _
from portal.models.canned import Place
from portal.models.event import Event
from portal.models.org import User
from portal.models.task import Task, TaskKind, Topic
from portal.paths import record_path
from portal.permissions import Permission, Role, may
from portal.pinyin import searchable
from portal.services import (
    attachments,
    canned,
    following,
    own_tasks,
    record_kinds,
    records,
    requests,
    standing_in,
    talk,
    tasks,
    timeline,
)

P = Permission
LONGEST_SEARCH, MOST_FOUND = 100, 100
FILES_ELSEWHERE = {"consultations": "/attachments", "escalations": "/attachments"}
"""Kinds whose own page does not show the files at once: what leads to them, after the path of the record; of others the tab."""


@dataclass(frozen=True, slots=True)
class Composer:
    """What stands above the history: an empty note, or a form with what was typed."""

    mode: str = "note"
    text: str = ""
    error: str = ""
    form: Any = None
    title: str = ""
    action: str = ""
    is_conflict: bool = False
    files: list[dict[str, Any]] = field(default_factory=list)
    """What goes with the text."""
    problems: tuple[str, ...] = ()
    """A sentence for each file that was refused."""
    seen: int = 0
    """The event whose words are changed."""

    @property
    def place(self) -> Place:
        """Which canned texts fit."""
        return {"message": Place.MESSAGE, "done": Place.RESULT}.get(self.mode, Place.NOTE)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What a follower is told of: (code, label, whether) of each topic. `is_own`: said for this record."""

    topics: list[tuple[str, str, bool]]
    is_own: bool


@dataclass(frozen=True, slots=True)
class Talk:
    """What the chatter column shows. `more_url` leads to older entries; None: these are all."""

    kind: str
    number: str
    base: str
    days: list[tuple[str, Markup]]
    more_url: str | None
    composer: Composer
    tasks: list[dict[str, Any]] = field(default_factory=list)
    followers: list[User] = field(default_factory=list)
    subscription: Subscribed | None = None
    """What the viewer is told of; None: does not follow."""
    receivers: str = ""
    """Who is told of what is written, by name."""
    files_count: int = 0
    files_url: str = ""
    client_key: str = ""
    said: str = ""
    viewer_id: int = 0
    is_asked_for: bool = False
    """Somebody chose to write: the cursor goes there."""
    may_attach: bool = False
    texts: list[tuple[int, str]] = field(default_factory=list)
    """Canned texts by number and title, for those without JavaScript."""
    search: str = ""
    """What of the history is looked for."""
    found: int | None = None


def of(record: Any, *, composer: Composer | None = None, said: str = "", before: int | None = None) -> Talk:
    """The chatter of a record, newest first. `said` tells what the last form did."""
    days, more_url = history(record, before)
    base = path(record)
    shown = composer or Composer()
    subscriptions = following.of_record(session(), record)
    others = [each for each in subscriptions if each.person.id != g.user.id]
    return Talk(
        kind=record.KIND,
        number=record.number,
        base=base,
        days=days,
        more_url=more_url,
        composer=shown,
        tasks=[_task(line) for line in own_tasks.open_on(session(), record, g.user) if _belongs_here(line.task)],
        followers=[each.person for each in subscriptions],
        subscription=_subscription(subscriptions, others),
        receivers=receivers(record, shown.mode, shown.text)
        if shown.text
        else _names([each.person for each in others if _topic(shown.mode) in each.topics]),
        files_count=attachments.count(session(), record),
        files_url=f"{base}{FILES_ELSEWHERE.get(record.KIND, '?tab=files')}#attachments",
        client_key=requests.new_key(),
        said=said,
        viewer_id=g.user.id,
        is_asked_for=composer is not None,
        may_attach=may(g.user, P.ATTACHMENT_ADD) and not attachments.is_closed(record),
    )


def receivers(record: Any, mode: str, text: str) -> str:
    """Who is told of a text as it stands, by name."""
    return _names(talk.goes_to(session(), record, text, _topic(mode), actor=g.user).receivers)


def _topic(mode: str) -> Topic:
    return Topic.MESSAGES if mode == "message" else Topic.NOTES


def _names(people: list[User]) -> str:
    return "、".join(person.name for person in people)


def _subscription(everybody: list[following.Subscription], others: list[following.Subscription]) -> Subscribed | None:
    own = next((each for each in everybody if each not in others), None)
    if own is None:
        return None
    return Subscribed([(topic.value, str(topic.label), topic in own.topics) for topic in Topic], own.is_own)


def path(record: Any) -> str:
    """Where a record is."""
    return record_path(record.KIND, record.number)


def history(record: Any, before: int | None = None) -> tuple[list[tuple[str, Markup]], str | None]:
    """A page of the history by day, and where the page before it is."""
    found = timeline.of_record(session(), record.KIND, record.id, before=before, limit=timeline.PAGE + 1)
    if before is None and len(found) <= timeline.PAGE:
        g.setdefault("whole_history", {})[record.KIND, record.id] = found
    shown = found[: timeline.PAGE]
    more = f"{path(record)}/timeline?before={shown[-1].id}" if len(found) > timeline.PAGE else None
    return told.days(shown, g.user, now_read=timeline.as_now_read(session(), shown, g.user, clock.now())), more


def since_version(record: Any, _version: str | None) -> list[timeline.Entry]:
    """What others did lately: shown when somebody was faster."""
    found: list[Event] = timeline.of_record(session(), record.KIND, record.id, limit=5)
    return timeline.entries(found, g.user)


def show(record: Any, composer: Composer | None = None, *, status: int = 200, said: str = "") -> ResponseReturnValue:
    """The column again, or a page with it."""
    column = of(record, composer=composer, said=said)
    if not wants_fragment():  # with JavaScript they are offered while one types
        found = canned.offered(session(), g.user, record, column.composer.place, clock.now())
        column = replace(column, texts=[(each.id, each.title) for each in found])
    return page("records/chatter_page.html", fragment="chatter", status=status, talk=column, record=record)


def answer(record: Any, said: str) -> ResponseReturnValue:
    """After something was written: the column with a word about it, or the way back to the record."""
    if wants_fragment():
        return show(record, said=said)
    flash(said, "done")
    return see_other(path(record))


def once(act: Callable[[Session], str]) -> str:
    """Carry out what a form asks for in one transaction, once however often the form arrives."""
    with transaction() as writing:
        return requests.once(
            writing,
            user=g.user,
            key=request.form.get("client_key"),
            content=request.form.to_dict(flat=False),
            at=clock.now(),
            act=lambda: act(writing),
        )


@blueprint.get("/<kind>/<number>/talk")
@requires(P.NOTE_WRITE)
def talk_of_record(kind: str, number: str) -> ResponseReturnValue:
    """The column with the composer one asks for: a note, a message, a task."""
    record = records.find(g.user, kind, number)
    mode = request.args.get("mode", "note")
    if mode == "task" and may(g.user, P.TASK_SET):
        from blueprints.records.own_tasks import task_composer

        return show(record, task_composer(record, after=request.args.get("after", type=int)))
    return show(record, Composer(mode if mode in ("note", "message") else "note"))


@blueprint.get("/<kind>/<number>/colleagues")
@requires(P.NOTE_WRITE)
def colleagues(kind: str, number: str) -> ResponseReturnValue:
    """Who can be named with @ on a record: offered under the text while one types."""
    record = records.find(g.user, kind, number)
    people = session().scalars(record_kinds.who_sees(record).where(User.id != g.user.id).order_by(User.name, User.id))
    return render_template(
        "records/colleagues.html",
        people=people.all(),
        role=lambda code: str(Role(code).label),
        searchable=searchable,
    )


@blueprint.get("/<kind>/<number>/timeline")
@requires(P.NOTE_WRITE)
def older(kind: str, number: str) -> ResponseReturnValue:
    """Older entries of a record's history, or what of it holds some words: a part for htmx, a page without."""
    record = records.find(g.user, kind, number)
    words = typed.clean(request.args.get("q", ""))[:LONGEST_SEARCH]
    column = of(record, before=request.args.get("before", type=int))
    if words:
        found = timeline.search(session(), record.KIND, record.id, words, g.user, clock.now())
        shown = found[:MOST_FOUND]
        days = told.days(shown, g.user, now_read=timeline.as_now_read(session(), shown, g.user, clock.now()))
        column = replace(column, days=days, more_url=None, search=words, found=len(found))
    return page("records/chatter_page.html", fragment="entries", talk=column, record=record)


def _belongs_here(task: Task) -> bool:
    """What was promised on a contact is kept on its page, with words of its own; beside it stands the rest."""
    return task.record_kind != "consultations" or task.kind == TaskKind.HAND


ACTS = ("done", "later", "hand-over", "call-off")
"""What can be done with a task that was set by hand, beside the tick."""
ACTS_OF_A_PROMISE = ("done", "call-off")
"""What was promised to a customer is neither moved nor passed on."""


def _who(person: User) -> str:
    """Whose turn it is; of somebody away with who stands in."""
    if person.stand_in_id is None:
        return person.name
    stand_in = session().get_one(User, person.stand_in_id)
    return _("%(who)s for %(other)s", who=stand_in.name, other=person.name)


def _task(line: own_tasks.Line) -> dict[str, Any]:
    """An open task as a line: who, how long, and what the viewer may do with it."""
    task = line.task
    is_hand, is_promise = task.kind == TaskKind.HAND, task.kind == TaskKind.PROMISE
    may_tick = line.is_mine and (is_hand or (task.code is None and standing_in.acts_as(g.user, task.person)))
    who = _who(task.person) if task.person else (str(Role(task.role).label) if task.role else "")
    parts = (task.code, TaskKind.show(task.kind) if is_promise else task.type_name, who)
    url = f"/records/tasks/{task.id}"
    return {
        "id": f"task-{task.id}",
        "title": tasks.shown_title(task),
        "detail": " · ".join(part for part in parts if part),
        "note": task.note or "",
        "done_url": f"{url}/done" if may_tick else None,
        "acts_url": url if (is_hand or is_promise) and line.is_mine else None,
        "acts": ACTS if is_hand else ACTS_OF_A_PROMISE,
        **{name: getattr(task, name) for name in ("code", "due_at", "started_at", "warn_at", "closed_at", "outcome")},
    }
