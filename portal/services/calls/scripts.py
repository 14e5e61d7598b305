"""Which questions are asked at a stage, and new editions of them by the manager. Source: `domain.md` 5.4, 5.5."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal import clock
from portal.errors import Invalid, NotPermitted
from portal.i18n import N_, Text, _
from portal.models.customer import CustomerGrade
from portal.models.event import EventKind
from portal.models.follow_up import CallScript
from portal.models.org import User
from portal.permissions import Permission, may
from portal.processes.follow_up import KEPT, CallStage, GradeClass, ItemKind, Opens, When
from portal.services import events

LONGEST_QUESTION, MOST_ITEMS = 200, 40
_CODE = re.compile(r"[^a-z0-9_]")


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the manager writes it. `code` empty: it is new."""

    question: str
    kind: str
    required: bool = False
    opens: str | None = None
    when: str | None = None
    code: str = ""


@dataclass(frozen=True, slots=True)
class NewEdition:
    """The questions from a day on."""

    effective_from: date
    questions: tuple[Question, ...]


def script_for(session: Session, stage: str, grade: str, on: date) -> CallScript | None:
    """The script of a stage for a grade on a day: the own one of the grade before the common one, the latest edition."""
    classes = [GradeClass.A if grade == CustomerGrade.A else GradeClass.BC, GradeClass.ALL]
    query = (
        select(CallScript)
        .where(CallScript.stage == stage, CallScript.grade_class.in_(classes), CallScript.effective_from <= on)
        .order_by((CallScript.grade_class == GradeClass.ALL).asc(), CallScript.edition.desc())
        .limit(1)
    )
    return session.scalars(query).first()


def in_force(session: Session, on: date) -> list[CallScript]:
    """The latest edition of each script, in the order of the stages; one that begins later stands in place of it."""
    latest = (
        select(CallScript.stage, CallScript.grade_class, func.max(CallScript.edition).label("edition"))
        .group_by(CallScript.stage, CallScript.grade_class)
        .subquery()
    )
    found = session.scalars(
        select(CallScript).join(
            latest,
            (CallScript.stage == latest.c.stage)
            & (CallScript.grade_class == latest.c.grade_class)
            & (CallScript.edition == latest.c.edition),
        )
    ).all()
    places = {stage: place for place, stage in enumerate(CallStage)}
    return sorted(found, key=lambda script: (places[CallStage(script.stage)], script.grade_class))


def editions(session: Session, stage: str, grade_class: str) -> Sequence[CallScript]:
    """All editions of a script, the newest first."""
    query = select(CallScript).where(CallScript.stage == stage, CallScript.grade_class == grade_class)
    return session.scalars(query.order_by(CallScript.edition.desc())).all()


def new_edition(session: Session, known: CallScript, command: NewEdition, *, actor: User, at: datetime) -> CallScript:
    """The manager's next edition of a script. Calls made before keep theirs. Raises Invalid by field, NotPermitted."""
    if not may(actor, Permission.FOLLOW_UP_DECIDE):
        raise NotPermitted(_("Only the manager changes scripts."))
    _check(known.stage, command, at)
    items = _items(command.questions)
    last = session.scalar(
        select(func.max(CallScript.edition)).where(
            CallScript.stage == known.stage, CallScript.grade_class == known.grade_class
        )
    )
    made = CallScript(
        stage=known.stage,
        grade_class=known.grade_class,
        edition=(last or 0) + 1,
        effective_from=command.effective_from,
        items=items,
        approved_by_id=actor.id,
        created_at=at,
    )
    session.add(made)
    session.flush()
    events.record(
        session, EventKind.SETTING, action="call-script", actor=actor, at=at, name=f"{made.stage} {made.grade_class}",
        changes={"edition": [last, made.edition], "questions": [len(known.items), len(items)]},
    )  # fmt: skip
    return made


def _check(stage: str, command: NewEdition, at: datetime) -> None:
    problems: dict[str, Text | str] = {}
    if command.effective_from < clock.today(at):
        problems["effective_from"] = N_("This day has passed.")
    if not command.questions:
        problems["questions"] = N_("A script has at least one question.")
    if len(command.questions) > MOST_ITEMS:
        problems["questions"] = N_("Not too many questions: at most %(count)s.") % {"count": MOST_ITEMS}
    for number, line in enumerate(command.questions):
        if not line.question.strip():
            problems[f"questions-{number}"] = N_("Please write the question.")
        elif len(line.question) > LONGEST_QUESTION:
            problems[f"questions-{number}"] = N_("At most %(count)s characters.") % {"count": LONGEST_QUESTION}
        elif not _fits(line):
            problems[f"questions-{number}"] = N_("This answer cannot lead to that with this kind of question.")
    kept = KEPT.get(CallStage(stage))
    if kept is not None and not any(_asks(kept, line) for line in command.questions):
        problems["questions"] = N_(
            "This script keeps the question whether the problem is solved, answered by yes or no."
        )
    if problems:
        raise Invalid(problems)


def _asks(code: str, line: Question) -> bool:
    return line.code == code and line.kind == ItemKind.YES_NO and line.required


def _fits(line: Question) -> bool:
    if not line.opens:
        return True
    allowed = {
        ItemKind.YES_NO: {When.YES, When.NO},
        ItemKind.SCORE: {When.LOW},
        ItemKind.RATE10: {When.LOW},
    }.get(ItemKind(line.kind), {When.ANY})
    return line.opens in tuple(Opens) and line.when in allowed


def _items(lines: Sequence[Question]) -> list[dict[str, Any]]:
    taken: set[str] = set()
    items = []
    for number, line in enumerate(lines, 1):
        code = _CODE.sub("", line.code)[:30] or f"own_{number}"
        while code in taken:
            code = f"{code[:26]}_{number}"
        taken.add(code)
        item: dict[str, Any] = {
            "code": code, "question": line.question.strip(), "kind": line.kind, "required": line.required,
        }  # fmt: skip
        if line.opens:
            item |= {"opens": line.opens, "when": line.when}
        items.append(item)
    return items
