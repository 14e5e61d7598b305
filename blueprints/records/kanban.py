"""A list as a board: a column for each state or other value, cards that are moved by the steps of the process.

A card is moved with the same services as the buttons of its page, so a board allows nothing that they do not. What asks
for something opens the page of the step, what needs nothing is carried out at once. Where a card may go is asked when
somebody takes hold of it: it depends on the record as it is then, and on the person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from flask import g, request
from flask import session as browser
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from blueprints.http import find_or_404, page, requires, safe_path, see_other, wants_fragment
from blueprints.records import (
    approvals,
    archive_loans,
    blueprint,
    cancellations,
    complaints,
    completions,
    consultations,
    contract_steps,
    escalations,
    faces,
    follow_up_calls,
    knowledge,
    lead_touches,
    lists,
    pre_acceptances,
    process_view,
    project_steps,
    report_runs,
    site_records,
    warranties,
)
from blueprints.records.drawing_reviews import pages as drawing_reviews
from blueprints.records.penalties import rewards
from blueprints.records.penalties import steps as penalty_steps
from blueprints.records.repairs import cost_cases
from blueprints.records.repairs import steps as repair_steps
from blueprints.records.steps import StepPages
from blueprints.records.suggestions import steps as suggestion_steps
from blueprints.records.surveys import steps as survey_steps
from portal import clock, formatting
from portal.db import session, transaction
from portal.errors import DomainError, NotFound, Stale
from portal.i18n import N_, _, ngettext
from portal.listing import board, groups
from portal.listing.board import Lane
from portal.listing.declaration import Listing
from portal.listing.groups import Grouping
from portal.listing.registry import LISTINGS
from portal.listing.state import Cursor, State, args_of, from_args, order_type
from portal.paths import record_path
from portal.permissions import may, who_may
from portal.services import requests
from portal.services.changes import kinds
from portal.services.changes.declaring import VALUE, Change, Job, Kind

FORMS: dict[str, StepPages] = {
    "approvals": approvals.STEPS,
    "archive-loans": archive_loans.STEPS,
    "cancellations": cancellations.STEPS,
    "change-orders": site_records.CHANGE_STEPS,
    "complaints": complaints.STEPS,
    "completions": completions.STEPS,
    "consultations": consultations.STEPS,
    "contracts": contract_steps.STEPS,
    "delays": site_records.DELAY_STEPS,
    "drawing-reviews": drawing_reviews.STEPS,
    "escalations": escalations.STEPS,
    "follow-up-calls": follow_up_calls.CALL_STEPS,
    "follow-up-tickets": follow_up_calls.TICKET_STEPS,
    "knowledge-articles": knowledge.STEPS,
    "lead-touches": lead_touches.STEPS,
    "penalties": penalty_steps.STEPS,
    "rewards": rewards.STEPS,
    "pre-acceptances": pre_acceptances.STEPS,
    "projects": project_steps.STEPS,
    "repair-cost-cases": cost_cases.STEPS,
    "repair-orders": repair_steps.STEPS,
    "report-runs": report_runs.STEPS,
    "safety-notices": site_records.HAZARD_STEPS,
    "suggestions": suggestion_steps.STEPS,
    "surveys": survey_steps.STEPS,
    "warranties": warranties.STEPS,
}
"""The step pages of the records that have them: where a step asks for something."""
MOVED = sorted(
    {
        *FORMS,
        *(
            kind
            for kind in LISTINGS
            if not LISTINGS[kind].link and any(change.column or not change.asks for change in kinds.of_kind(kind))
        ),
    }
)
CHANGED = N_("Somebody changed %(who)s after you opened the board. Nothing was moved; the board is up to date again.")


# ---------- The board ----------


@dataclass(frozen=True, slots=True)
class Shown:
    """A column as the page draws it."""

    lane: Lane
    label: str
    is_folded: bool
    fold_url: str
    more_url: str
    total: str
    """The sum of what is summed."""
    bar: str
    """What the bar says, for those who do not see it; empty: these records have no clocks."""


def show(asked: lists.Asked, *, refused: str = "", status: int = 200) -> ResponseReturnValue:
    """The board of a list, or further cards of one column; `refused` says why a card was not moved."""
    listing, state, problems = asked.listing, asked.state, list(asked.problems)
    grouping = _grouping(listing, state, problems)
    measure = next(iter(groups.measures(listing)), None)
    found, more = board.lanes(session(), g.user, listing, state, grouping, measure, asked.at)
    if more:
        said = {"count": board.MOST_COLUMNS, "field": grouping.field.label}
        problems.append(_("Only the first %(count)s columns are shown. Choose fewer values of “%(field)s”.", **said))
    toggled = set(state.option("open").split(","))
    folded = {lane.key for lane in found if _is_closed(listing, grouping, lane) is not (lane.key in toggled)}
    place, from_lane = _place(listing, state, found, problems)
    plain = state.without_place().seen_as("kanban", columns="")
    here = f"{listing.path}?{plain.query()}"
    opened = [lane for lane in found if lane.key not in folded and lane is not from_lane]
    if from_lane is not None:
        board.fill(session(), g.user, listing, state, grouping, [from_lane], asked.at, place)
    if not (from_lane is not None and wants_fragment()):
        board.fill(session(), g.user, listing, state, grouping, opened, asked.at)
    cards = _cards(listing, grouping, found, here, asked)
    names = board.names(session(), g.user, grouping, [lane.value for lane in found])
    shown = [
        Shown(
            lane,
            groups.label(grouping, lane.value, names) if lane.value is not None else _("Not filled in"),
            lane.key in folded and lane is not from_lane,
            f"{listing.path}?{_fold(plain, toggled, lane.key).query()}",
            f"{listing.path}?{plain.seen_as('kanban', columns=lane.key).placed('after', lane.next).query()}"
            if lane.next
            else "",
            formatting.money(lane.sums[0]) if lane.sums and lane.sums[0] else "",
            _bar(listing, lane),
        )
        for lane in found
    ]
    return page(
        "records/kanban.html",
        fragment="cards" if from_lane is not None else None,
        status=status,
        **lists.around(lists.Asked(listing, state, problems, asked.at)),
        lanes=shown,
        lane=next((each for each in shown if each.lane is from_lane), None),
        cards=cards,
        measure=str(measure.label) if measure else "",
        grouping=grouping,
        groupings=[
            (str(each.field.label), f"{listing.path}?{plain.seen_as('kanban', group=each.key, open='').query()}",
             each == grouping)
            for each in board.groupings(listing)
        ],
        here=here,
        fixed="" if _is_moved(listing, grouping) else _fixed(grouping),
        refused=refused,
        done=browser.pop("moved", None) if status == 200 and from_lane is None else None,
    )  # fmt: skip


def _grouping(listing: Listing, state: State, problems: list[str]) -> Grouping:
    wanted, usual = state.option("group"), board.default(listing)
    assert usual is not None
    found = next((each for each in board.groupings(listing) if each.key == wanted), None)
    if wanted and found is None:
        problems.append(_("The columns of this link are not known; these are by “%(field)s”.", field=usual.field.label))
    return found or usual


def _place(listing: Listing, state: State, found: list[Lane], problems: list[str]) -> tuple[Cursor | None, Lane | None]:
    """Which column is gone on with, and from where."""
    wanted = state.option("columns")
    if not state.after or not wanted:
        return None, None
    lane = next((each for each in found if each.key == wanted), None)
    place = Cursor.read(state.after, order_type(listing, state))
    if lane is None or place is None:
        problems.append(_("The column of this link is not known; this is the whole board."))
        return None, None
    return place, lane


def _is_closed(listing: Listing, grouping: Grouping, lane: Lane) -> bool:
    process = board.process_of(listing, grouping)
    return process is not None and any(each.code == lane.value and each.final for each in process.states)


def _fold(state: State, toggled: set[str], key: str) -> State:
    return state.seen_as("kanban", open=",".join(sorted((toggled ^ {key}) - {""})))


def _bar(listing: Listing, lane: Lane) -> str:
    if board.clock_of(listing) is None:
        return ""
    return _("Late %(late)s, soon %(soon)s, of %(total)s", late=lane.late, soon=lane.soon, total=lane.count)


def _is_moved(listing: Listing, grouping: Grouping) -> bool:
    if board.process_of(listing, grouping) is not None:
        return listing.kind in MOVED
    hand = _hand(listing, grouping)
    return hand is not None and may(g.user, hand.permission)


def _hand(listing: Listing, grouping: Grouping) -> Change | None:
    """The plain value that a card is moved along: chosen from what is offered, with nothing else to be said."""
    if listing.link:  # its rows stand under the number of another record
        return None
    change = kinds.in_column(listing.kind, grouping.key)
    return change if change is not None and change.is_plain and change.asked[VALUE].options is not None else None


def _at_once(listing: Listing, action: str) -> Change | None:
    """A step that asks for nothing."""
    change = kinds.find(listing.kind, action)
    return change if change is not None and not change.asks else None


def _fixed(grouping: Grouping) -> str:
    return _("Cards are not moved here: “%(field)s” is changed on the page of the record.", field=grouping.field.label)


def _cards(
    listing: Listing, grouping: Grouping, lanes: list[Lane], here: str, asked: lists.Asked
) -> dict[str, list[Markup]]:
    """The cards of each column, drawn."""
    shows_stay = board.process_of(listing, grouping) is not None
    ids = [card.row.id for lane in lanes for card in lane.cards]
    since = board.since(session(), listing, ids) if shows_stay and ids else {}
    moves = f"group={grouping.key}&{urlencode({'next': here})}&version=" if _is_moved(listing, grouping) else ""
    drawn: dict[str, list[Markup]] = {}
    for lane in lanes:
        read = faces.read((card.row for card in lane.cards), grouping.key)
        drawn[lane.key] = [
            face.draw(
                "records/kanban_parts.html",
                "card",
                _stays(since.get(card.row.id), asked.at),
                f"{record_path(listing.kind, face.number)}/move?{moves}{card.version}" if moves else "",
            )
            for face, card in zip(read, lane.cards, strict=True)
        ]
    return drawn


def _stays(since: datetime | None, at: datetime) -> str:
    """For how long a card has stood in its column."""
    if since is None:
        return ""
    days = max(at - since, timedelta()).days
    return ngettext("%(num)s day here", "%(num)s days here", days) if days else _("here since today")


# ---------- Moving a card ----------


@dataclass(frozen=True, slots=True)
class Way:
    """Where a card may go, or why not. `url`: the page that asks for what is needed; without one it is done at once."""

    key: str
    place: str
    step: str
    reasons: tuple[str, ...] = ()
    url: str = ""


def _ways(listing: Listing, record: Any, grouping: Grouping, back: str) -> list[Way]:
    """All columns but the one it stands in."""
    process = board.process_of(listing, grouping)
    if process is None:
        return _by_hand(listing, record, grouping)
    present = process.state(record.state).label
    steps = [] if getattr(record, "is_historical", False) else process_view.buttons(record, g.user)
    known = {step.action: step for step in process.steps_from(record.state)}
    found = []
    for state in process.states:
        if state.code == record.state:
            continue
        ways = [
            Way(
                state.code,
                str(state.label),
                str(step.label),
                tuple(reason for reason, _met in step.reason_lines),
                ""
                if _at_once(listing, step.action)
                else f"{record_path(listing.kind, record.number)}/steps/{step.action}?next={quote(back, safe='')}",
            )
            for step in steps
            if known[step.action].target == state.code
        ]
        none = Way(state.code, str(state.label), "", (_("No step leads there from “%(state)s”.", state=present),))
        found += ways or [none]
    return found


def _by_hand(listing: Listing, record: Any, grouping: Grouping) -> list[Way]:
    """The values that the record can get."""
    change = _hand(listing, grouping)
    if change is None:
        raise DomainError(_fixed(grouping))
    present, ask, barred = _present(record, grouping), change.asked[VALUE], tuple[str, ...]()
    if not may(g.user, change.permission):
        barred = (_("Only: %(roles)s", roles="、".join(str(role.label) for role in who_may(change.permission))),)
    found, at = [], clock.now()
    for value, label in ask.options(session(), g.user) if ask.options else ():
        if str(value) == present:
            continue
        given = change.read(session(), {VALUE: str(value)})
        why = change.check(Job(session(), [record], given, g.user, at)).get(record.id)
        if why is not None and ask.kind is Kind.PERSON:
            continue  # of another branch
        found.append(Way(str(value), str(label), str(label), barred or ((str(why),) if why is not None else ())))
    if present == board.NOBODY:
        return found
    reasons = (_("Somebody has to be named."),) if ask.required else barred
    return [*found, Way(board.NOBODY, _("Not filled in"), _("Not filled in") if not reasons else "", reasons)]


def _present(record: Any, grouping: Grouping) -> str:
    return board.key_of(getattr(record, grouping.field.column.key))


def ask(listing: Listing, number: str) -> ResponseReturnValue:
    """Where a card may go: a panel of the board, or a page of its own."""
    record, grouping, back = _taken(listing, number)
    who = _who(listing, record)
    if request.args.get("version", "") != str(record.version):
        raise Stale(N_("Somebody changed %(who)s after you opened the board. Open the board again.") % {"who": who})
    return page(
        "records/kanban_move.html",
        fragment="panel",
        listing=listing,
        record=record,
        who=who,
        grouping=grouping,
        ways=_ways(listing, record, grouping, back),
        back=back,
        action=f"{record_path(listing.kind, number)}/move",
        client_key=requests.new_key(),
    )


def move(listing: Listing, number: str) -> ResponseReturnValue:
    """Carry out what needs nothing more. Refused, the board comes back as it is now, with the sentence."""
    record, grouping, back = _taken(listing, number)
    who, to = _who(listing, record), request.values.get("to", "")
    said: dict[str, Any] = {}

    def act() -> str:
        said.update(_carry_out(writing, listing, find_or_404(listing.model, number), grouping, to, back))
        return back

    try:
        with transaction() as writing:
            content = {name: request.values.get(name, "") for name in ("to", "version", "group")} | {"number": number}
            key = request.form.get("client_key")
            requests.once(writing, user=g.user, key=key, content=content, at=clock.now(), act=act)
    except NotFound:
        raise
    except Stale:
        return _refused(listing, back, str(CHANGED % {"who": who}), Stale.status)
    except DomainError as refusal:
        return _refused(listing, back, str(refusal), refusal.status)
    if said:
        browser["moved"] = said
    return see_other(back)


def _carry_out(
    writing: Session, listing: Listing, record: Any, grouping: Grouping, to: str, back: str
) -> dict[str, str]:
    """Move the card; what the board says of it afterwards, and the way back where the rules have one."""
    if request.values.get("version", "") != str(record.version):
        raise Stale()
    way = next((each for each in _ways(listing, record, grouping, back) if each.key == to and not each.url), None)
    if way is None:
        raise DomainError(N_("The card cannot be moved there."), status=422)
    if way.reasons:
        raise DomainError(way.reasons[0])
    at, before = clock.now(), _present(record, grouping)
    if (change := _hand(listing, grouping)) is not None:
        given = change.read(writing, {VALUE: None if to == board.NOBODY else to})
    else:
        steps = [step for step in record.PROCESS.steps_from(record.state) if step.target == to]
        change = next(found for step in steps if (found := _at_once(listing, step.action)) is not None)
        given = {}
    change.apply(writing, record, given, g.user, at)
    writing.flush()
    said = {"who": _who(listing, record), "place": way.place}
    ways_back = [each for each in _ways(listing, record, grouping, back) if each.key == before and not each.reasons]
    if not ways_back:
        return {"text": _("%(who)s was moved to “%(place)s”. This cannot be undone.", **said), "undo": ""}
    if ways_back[0].url:  # the way back is a step that asks for something
        text = _("%(who)s was moved to “%(place)s”.", **said)
        return {"text": text, "undo": "", "link": ways_back[0].url, "step": ways_back[0].step}
    undo = urlencode({"group": grouping.key, "to": before, "version": record.version, "next": back})
    return {
        "text": _("%(who)s was moved to “%(place)s”.", **said),
        "undo": f"{record_path(listing.kind, record.number)}/move?{undo}",
    }


def _taken(listing: Listing, number: str) -> tuple[Any, Grouping, str]:
    """The record, along which field it is moved, and the board it is moved on."""
    record = find_or_404(listing.model, number)
    key = request.values.get("group", "")
    grouping = next((each for each in board.groupings(listing) if each.key == key), None)
    if grouping is None:
        raise DomainError(N_("Cards are not moved along this field."), status=422)
    usual = f"{listing.path}?{State(filters=listing.default_filters).seen_as('kanban', group=key).query()}"
    back = safe_path(request.values.get("next"), usual)
    return record, grouping, back if urlsplit(back).path == listing.path else usual


def _who(listing: Listing, record: Any) -> str:
    """Who a card is about, as a sentence names it."""
    pages = FORMS.get(listing.kind)
    name = pages.heading(record)[0] if pages else record.number
    return _("%(one)s of %(name)s", one=listing.one, name=name) if pages else f"{listing.one} {name}"


def _refused(listing: Listing, back: str, sentence: str, status: int) -> ResponseReturnValue:
    """The board as it is now, with the reason why nothing was moved."""
    session().rollback()
    state, _problems = from_args(listing, args_of(urlsplit(back).query))
    return show(lists.Asked(listing, state, [], clock.now()), refused=sentence, status=status)


def _route(listing: Listing, view: Callable[[Listing, str], ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    def routed(number: str) -> ResponseReturnValue:
        return view(listing, number)

    routed.__doc__ = view.__doc__
    return requires(listing.permission)(routed)


for _kind in MOVED:
    _listing, _name = LISTINGS[_kind], _kind.replace("-", "_")
    for _method, _view in (("GET", ask), ("POST", move)):
        blueprint.add_url_rule(
            f"/{_kind}/<number>/move",
            endpoint=f"{_view.__name__}_{_name}_card",
            view_func=_route(_listing, _view),
            methods=[_method],
        )


lists.VIEWS["kanban"] = lists.View(
    N_("Kanban", "view"), "layout-kanban", lambda listing: board.default(listing) is not None, show
)
