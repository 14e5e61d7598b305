"""F-30, the summary of a round of calls for a holiday or an occasion: what it shows. Call inside `i18n.use_locale`. Source: `domain.md` 4.28, 5.1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal import clock, formatting, visibility
from portal.documents.views import Signature
from portal.files.store import Store
from portal.i18n import N_, Text, _p
from portal.models.follow_up import FollowUpCall
from portal.models.org import Department, User
from portal.processes import follow_up_ticket as ticket_rules
from portal.processes.follow_up import CallStage, Item, ItemKind, Overall
from portal.processes.follow_up_call import TALKED, WAITING, State

MOST_WORDS = 30
"""Customers whose words are quoted; a round can be of hundreds."""


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """What was answered to one question, over all talks of the round."""

    question: str
    answered: int
    said: str


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """A problem that came up, and what is done about it."""

    customer: str
    problem: str
    department: str
    measure: str | None
    state: str


@dataclass(frozen=True, slots=True)
class RoundReport:
    """F-30 回访总结报告."""

    FORM: ClassVar[str] = "F-30"
    TITLE: ClassVar[Text] = N_("Summary of a round of calls", "form")
    TEMPLATE: ClassVar[str] = "f30.html"

    number: str
    action: str
    first_on: date | None
    last_on: date | None
    planned: int
    reached: int
    unreachable: int
    waiting: int
    cancelled: int
    share: str
    opinions: str
    answers: tuple[AnswerLine, ...]
    words: tuple[tuple[str, str], ...]
    unquoted: int
    problems: tuple[ProblemLine, ...]
    author: str | None
    signatures: tuple[Signature, ...]
    row_ids: tuple[int, ...] = ()
    """The calls it counts."""


def season(session: Session, call: FollowUpCall, _store: Store, reader: User | None) -> RoundReport:
    """F-30: the round to which a call belongs, as far as the reader may see its calls (R-20). `reader` None: all of them."""
    mine = visibility.visible_to(reader, FollowUpCall) if reader is not None else select(FollowUpCall)
    query = mine.where(
        FollowUpCall.stage == CallStage.SEASONAL,
        FollowUpCall.remarks == call.remarks,
        FollowUpCall.expected_on == call.expected_on,
    ).options(
        joinedload(FollowUpCall.customer),
        joinedload(FollowUpCall.script),
        selectinload(FollowUpCall.answers),
        selectinload(FollowUpCall.tickets),
    )
    calls = session.scalars(query.order_by(FollowUpCall.id)).all()
    held = [each for each in calls if each.state in TALKED]
    days = [clock.today(each.called_at) for each in held if each.called_at is not None]
    quoted = [(each.customer.name, each.customer_words) for each in held if each.customer_words]
    states = {state.code: str(state.label) for state in ticket_rules.PROCESS.states}
    meant = sum(1 for each in calls if each.state != State.CANCELLED)
    author = reader.name if reader is not None else None
    return RoundReport(
        number=f"{call.expected_on:%Y-%m-%d}" if call.expected_on else call.number,
        action=call.remarks or CallStage.show(call.stage),
        first_on=call.expected_on,
        last_on=max(days, default=None),
        planned=meant,
        reached=len(held),
        unreachable=sum(1 for each in calls if each.state == State.UNREACHABLE),
        waiting=sum(1 for each in calls if each.state in WAITING),
        cancelled=len(calls) - meant,
        share=formatting.percent(len(held) / meant) if meant else formatting.DASH,
        opinions=_opinions(held),
        answers=tuple(_answers(held)),
        words=tuple(quoted[:MOST_WORDS]),
        unquoted=max(len(quoted) - MOST_WORDS, 0),
        problems=tuple(
            ProblemLine(
                each.customer.name, slip.problem, Department.show(slip.department), slip.measure, states[slip.state]
            )
            for each in held
            for slip in each.tickets
        ),
        author=author,
        signatures=(Signature(_p("form", "Written by"), author), Signature(_p("form", "Manager"))),
        row_ids=tuple(each.id for each in calls),
    )


@dataclass(slots=True)
class _Tally:
    item: Item
    values: list[str] = field(default_factory=list)
    scores: list[int] = field(default_factory=list)

    def line(self) -> AnswerLine:
        """In one line: how many said what."""
        if self.scores:
            mean = f"{sum(self.scores) / len(self.scores):.1f}"
            said = _p("form", "%(mean)s on average, lowest %(low)s", mean=mean, low=min(self.scores))
        elif self.item["kind"] == ItemKind.YES_NO:
            yes = self.values.count("YES")
            said = _p("form", "yes %(yes)s, no %(no)s", yes=yes, no=len(self.values) - yes)
        elif self.item["kind"] == ItemKind.TEXT:
            said = _p("form", "%(count)s said something", count=len(self.values))
        else:
            said = "、".join(sorted(self.values)) if self.values else formatting.DASH
        return AnswerLine(self.item["question"], len(self.values) + len(self.scores), said)


def _answers(held: Iterable[FollowUpCall]) -> list[AnswerLine]:
    tallies: dict[str, _Tally] = {}
    for call in held:
        given = {answer.item_code: answer for answer in call.answers}
        for item in call.script.items if call.script is not None else ():
            tally = tallies.setdefault(item["question"], _Tally(item))
            answer = given.get(item["code"])
            if answer is None:
                continue
            if answer.score is not None:
                tally.scores.append(answer.score)
            elif answer.value:
                tally.values.append(answer.value)
    return [tally.line() for tally in tallies.values()]


def _opinions(held: Sequence[FollowUpCall]) -> str:
    counted = [(opinion, sum(1 for call in held if call.overall == opinion)) for opinion in Overall]
    return _p("form", ", ").join(f"{opinion.label} {count}" for opinion, count in counted)


BUILDERS: dict[str, Any] = {"F-30": season}
