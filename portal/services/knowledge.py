"""P27 knowledge base: articles written, approved, published in editions, read and confirmed. Rules: `processes/knowledge.py`. Source: 4.27."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from portal import clock, visibility
from portal.errors import DomainError, Invalid
from portal.i18n import N_
from portal.models.approval import Approval
from portal.models.knowledge import WORDING, KnowledgeArticle, KnowledgeEdition, KnowledgeReading
from portal.models.org import User
from portal.permissions import Permission, may
from portal.processes.approval import What
from portal.processes.follow_up import GradeClass
from portal.processes.knowledge import Action, Category, State
from portal.services import approvals, numbering, record_kinds, steps
from portal.services.approvals import Request, TakeBack, Word
from portal.services.delivery import insert_once

TO_READ = "to-read"
"""What everybody is told when an article is published that must be read."""
FEW = 5
"""Articles beside a form."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What an edition says. `effective_from` None: from the day it is approved on."""

    title: str
    category: str
    body: str
    grade: str = GradeClass.ALL.value
    stage: str | None = None
    is_mandatory: bool = False
    effective_from: date | None = None


@dataclass(frozen=True, slots=True)
class Retire:
    """Why it counts no more."""

    reason: str


def visible_to(user: visibility.Viewer) -> Select[KnowledgeArticle]:
    """The articles that exist for this person."""
    return visibility.visible_to(user, KnowledgeArticle)


# ---------- Writing ----------


def write(session: Session, command: Draft, *, actor: User, at: datetime) -> KnowledgeArticle:
    """Begin an article with the draft of its first edition. Raises Invalid by field."""
    _check(command)
    article = KnowledgeArticle(
        number=numbering.next_number(session, KnowledgeArticle.PREFIX, at),
        branch_id=actor.branch_id,
        owner=actor,
        edition_no=0,
        editions=[_edition(command, 1, actor, at)],
        **_values(command),
    )
    steps.begin(session, article, Action.WRITE, actor=actor, at=at, entered=_entered(command))
    return article


def change(session: Session, article: KnowledgeArticle, command: Draft, *, actor: User, at: datetime) -> None:
    """Say something else in the draft; what is published stays as it is. Raises Invalid by field."""
    _check(command)
    edition = article.newest
    _put(edition, command)
    edition.written_by_id, edition.written_at = actor.id, at
    if article.edition_no == 0:
        _put(article, command)
    _advance(session, article, Action.CHANGE, _entered(command), actor, at)


def revise(session: Session, article: KnowledgeArticle, _command: None, *, actor: User, at: datetime) -> None:
    """Begin the next edition with the words of the present one, which is read until the new one is published."""
    _advance(session, article, Action.REVISE, {}, actor, at)
    article.editions.append(_edition(_draft(article), article.edition_no + 1, actor, at))
    article.newest.effective_from = None
    article.owner, article.approval = actor, None


def drop(session: Session, article: KnowledgeArticle, _command: None, *, actor: User, at: datetime) -> None:
    """Leave the new edition: the one that is published stays."""
    _advance(session, article, Action.DROP, {}, actor, at)
    article.editions.remove(article.newest)


def retire(session: Session, article: KnowledgeArticle, command: Retire, *, actor: User, at: datetime) -> None:
    """It counts no more; a request for consent that waits is void."""
    article.reason = command.reason
    _advance(session, article, Action.RETIRE, {"reason": command.reason}, actor, at)
    if article.approval is not None:
        approvals.lapse(session, article.approval, command.reason, at=at)


# ---------- Consent ----------


def ask(session: Session, article: KnowledgeArticle, _command: None, *, actor: User, at: datetime) -> None:
    """Ask for consent to the draft: the manager's; the general manager's where a manager wrote it."""
    _advance(session, article, Action.ASK, {}, actor, at)
    edition = article.newest
    request = Request(What.KNOWLEDGE, f"{edition.title} V{edition.no}")
    article.approval = approvals.ask(session, article, request, actor=actor, at=at)


def approve(session: Session, article: KnowledgeArticle, word: Word, *, actor: User, at: datetime) -> None:
    """The manager's consent. The edition is published at once, or by the portal on the day it takes effect."""
    edition = article.newest
    _advance(session, article, Action.APPROVE, {"reason": word.reason}, actor, at)
    asked = _asked(article)
    approvals.approve(session, asked, word, actor=actor, at=at)
    edition.approved_by, edition.approved_at = approvals.who_of(asked.steps[-1]), at
    if edition.effective_from is None or edition.effective_from <= clock.today(at):
        _publish(session, article, at)


def refuse(session: Session, article: KnowledgeArticle, word: Word, *, actor: User, at: datetime) -> None:
    """Not in these words: it is changed and asked for anew."""
    _advance(session, article, Action.REFUSE, {"reason": word.reason}, actor, at)
    approvals.refuse(session, _asked(article), word, actor=actor, at=at)


def recall(session: Session, article: KnowledgeArticle, command: TakeBack, *, actor: User, at: datetime) -> None:
    """Request or consent is taken back before the edition is published."""
    _advance(session, article, Action.RECALL, {"reason": command.reason}, actor, at)
    approvals.take_back(session, _asked(article), command, actor=actor, at=at)
    article.newest.approved_by = article.newest.approved_at = None


def publish_due(session: Session, at: datetime) -> int:
    """Publish what was approved for today or a day before; how many."""
    due = (
        select(KnowledgeArticle)
        .join(KnowledgeEdition, KnowledgeEdition.article_id == KnowledgeArticle.id)
        .where(
            KnowledgeArticle.state == State.APPROVED,
            KnowledgeEdition.published_at.is_(None),
            KnowledgeEdition.effective_from <= clock.today(at),
        )
        .order_by(KnowledgeArticle.id)
    )
    articles = session.scalars(due).all()
    for article in articles:
        _publish(session, article, at)
    return len(articles)


# ---------- Reading ----------


def unread(viewer: visibility.Viewer) -> ColumnElement[bool]:
    """The condition that an article has to be read and the person has not confirmed the edition that counts."""
    confirmed = exists().where(
        KnowledgeReading.article_id == KnowledgeArticle.id,
        KnowledgeReading.edition_no == KnowledgeArticle.edition_no,
        KnowledgeReading.user_id == viewer.id,
    )
    return and_(
        KnowledgeArticle.is_mandatory.is_(True),
        KnowledgeArticle.edition_no > 0,
        KnowledgeArticle.state != State.RETIRED,
        ~confirmed,
    )


def confirm_reading(session: Session, article: KnowledgeArticle, edition_no: int, *, actor: User, at: datetime) -> None:
    """Note that a person has read an edition; once is enough. Raises DomainError when another edition counts by now."""
    if not (article.counts and article.is_mandatory):
        raise DomainError(N_("Nobody has to confirm having read this."))
    if edition_no != article.edition_no:
        raise DomainError(N_("A new edition was published meanwhile. Please read that one."))
    row = {"article_id": article.id, "edition_no": edition_no, "user_id": actor.id, "read_at": at}
    insert_once(session, KnowledgeReading, [row])


def read_at(session: Session, article: KnowledgeArticle, user: User) -> datetime | None:
    """When a person confirmed the edition that counts; None: not yet."""
    return session.scalar(
        select(KnowledgeReading.read_at).where(
            KnowledgeReading.article_id == article.id,
            KnowledgeReading.edition_no == article.edition_no,
            KnowledgeReading.user_id == user.id,
        )
    )


def readers(session: Session, article: KnowledgeArticle) -> list[tuple[User, datetime | None]]:
    """Everybody who has to read the edition that counts, and when they confirmed it; who has not comes first."""
    rows = session.execute(
        select(KnowledgeReading.user_id, KnowledgeReading.read_at).where(
            KnowledgeReading.article_id == article.id, KnowledgeReading.edition_no == article.edition_no
        )
    )
    confirmed: dict[int, datetime] = {user_id: moment for user_id, moment in rows}
    people = session.scalars(record_kinds.who_sees(article).order_by(User.name, User.id)).all()
    return sorted(((each, confirmed.get(each.id)) for each in people), key=lambda one: one[1] is not None)


def beside(session: Session, user: User, stage: str, grade: str | None) -> Sequence[KnowledgeArticle]:
    """What is read beside a call: of its stage and the customer's grade, and scripts for every call; at most FEW."""
    grades = (GradeClass.ALL, GradeClass.A if grade == GradeClass.A else GradeClass.BC)
    for_every = and_(KnowledgeArticle.stage.is_(None), KnowledgeArticle.category == Category.SCRIPT)
    return _few(
        session,
        user,
        KnowledgeArticle.grade.in_(grades),
        or_(KnowledgeArticle.stage == stage, for_every),
        order=KnowledgeArticle.stage.is_(None),
    )


def _few(session: Session, user: User, *conditions: Any, order: Any) -> Sequence[KnowledgeArticle]:
    if not may(user, Permission.KNOWLEDGE_VIEW):
        return []
    counting = (KnowledgeArticle.edition_no > 0, KnowledgeArticle.state != State.RETIRED)
    query = visible_to(user).where(*counting, *conditions)
    return session.scalars(
        query.order_by(order, KnowledgeArticle.published_at.desc(), KnowledgeArticle.id).limit(FEW)
    ).all()


# ---------- Parts ----------


def _publish(session: Session, article: KnowledgeArticle, at: datetime) -> None:
    edition = article.newest
    edition.effective_from = edition.effective_from or clock.today(at)
    edition.published_at = article.published_at = at
    _put(article, _draft(edition))
    article.edition_no = edition.no
    steps.advance(session, article, Action.PUBLISH, actor=None, at=at, entered={})
    approvals.used(_asked(article), at)
    if article.is_mandatory:
        steps.announce(session, article, TO_READ, ("readers",), actor=None, at=at)


def _edition(command: Draft, no: int, actor: User, at: datetime) -> KnowledgeEdition:
    return KnowledgeEdition(no=no, written_by=actor, written_at=at, **_values(command))


def _values(command: Draft) -> dict[str, Any]:
    return {name: getattr(command, name) for name in WORDING}


def _draft(said: KnowledgeArticle | KnowledgeEdition) -> Draft:
    return Draft(**{name: getattr(said, name) for name in WORDING})


def _put(said: KnowledgeArticle | KnowledgeEdition, command: Draft) -> None:
    for name, value in _values(command).items():
        setattr(said, name, value)


def _entered(command: Draft) -> dict[str, Any]:
    """What the history keeps of a draft; the text itself is kept by the edition."""
    return {name: value for name, value in _values(command).items() if name != "body"}


def _check(command: Draft) -> None:
    if not command.body.strip():
        raise Invalid({"body": N_("An article says something.")})


def _asked(article: KnowledgeArticle) -> Approval:
    if article.approval is None:
        raise DomainError(N_("Consent was not asked for yet."))
    return article.approval


def _advance(
    session: Session, article: KnowledgeArticle, action: Action, entered: dict[str, Any], actor: User, at: datetime
) -> None:
    steps.advance(session, article, action, actor=actor, at=at, entered=entered)
