"""P27 knowledge base: reading an article, confirming it, writing it, its steps. Rules: `portal/processes/knowledge.py`."""

from __future__ import annotations

from typing import Any

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, joinedload, selectinload

from blueprints.forms import BooleanField, LocalDateField, TermField, TextField
from blueprints.http import find_or_404, requires, see_other
from blueprints.records import approval_tables, blueprint, editing, showing
from blueprints.records.consent_forms import RefusalForm, TakeBackForm, WordForm
from blueprints.records.forms.base import RecordForm
from blueprints.records.steps import Desk, StepForm, StepPages
from portal import clock, formatting, prose
from portal.db import session, transaction
from portal.errors import DomainError, NotFound
from portal.i18n import N_, _, _p
from portal.models.knowledge import WORDING, KnowledgeArticle, KnowledgeEdition
from portal.permissions import Permission, Role, may
from portal.processes.follow_up import CallStage, GradeClass
from portal.processes.knowledge import PROCESS, Action, Category, State
from portal.services import knowledge

P = Permission
L = PROCESS.field_labels
PATH = "/knowledge-articles/<number>"
PLEASE, NO_CALL = N_("Please choose"), N_("No particular call")
LONGEST = 20_000
NAMED = (
    joinedload(KnowledgeArticle.approval),
    joinedload(KnowledgeArticle.owner),
    selectinload(KnowledgeArticle.editions).joinedload(KnowledgeEdition.written_by),
)
HOW = N_("“# ” begins a heading, “- ” an item of a list, “1. ” a numbered one; an empty line begins a new paragraph.")
WHEN = N_("Empty: from the day it is approved on. A later day: the portal publishes it on that day.")


# ---------- Pages ----------


@blueprint.get(PATH)
@requires(P.KNOWLEDGE_VIEW)
def knowledge_article(number: str) -> ResponseReturnValue:
    """The article to read, in the edition that counts or the one that is asked for."""
    record = find_or_404(KnowledgeArticle, number, NAMED)
    writes = may(g.user, P.KNOWLEDGE_WRITE)
    editions = [each for each in record.editions if writes or each.published_at is not None]
    shown = _chosen(record, editions)
    is_current = record.counts and shown.no == record.edition_no
    to_confirm = is_current and record.is_mandatory
    return showing.show(
        record,
        shown.title,
        {},
        (),
        meta=_meta(shown),
        notes=[*(approval_tables.banner(record) if writes else []), *_notes(record, shown, writes)],
        tables=approval_tables.rounds(record) if writes else [],
        tabs=_tabs(record, editions),
        first=str(L["body"]),
        template="records/knowledge/show.html",
        edition=shown,
        text=prose.blocks(shown.body),
        writes=writes,
        to_confirm=to_confirm,
        confirmed_at=knowledge.read_at(session(), record, g.user) if to_confirm else None,
    )


@blueprint.post(f"{PATH}/read")
@requires(P.KNOWLEDGE_VIEW)
def confirm_reading(number: str) -> ResponseReturnValue:
    """The person has read the edition they saw; another one that counts by now is to be read first."""
    said = request.form.get("edition", "")
    edition = int(said) if said.isascii() and said.isdecimal() and len(said) < 6 else 0
    try:
        with transaction() as writing:
            record = find_or_404(KnowledgeArticle, number)
            knowledge.confirm_reading(writing, record, edition, actor=g.user, at=clock.now())
    except DomainError as refusal:
        flash(str(refusal), "alert")
    else:
        flash(_("Thank you. It is noted that you have read it."), "done")
    return see_other(editing.path(find_or_404(KnowledgeArticle, number)))


@blueprint.route("/knowledge-articles/new", methods=["GET", "POST"])
@requires(P.KNOWLEDGE_WRITE)
def new_knowledge_article() -> ResponseReturnValue:
    """Write an article: the draft of its first edition."""
    form = WriteForm()
    if not form.is_submitted():
        form.grade.data = GradeClass.ALL

    def make(writing: Session) -> str:
        return editing.path(knowledge.write(writing, form.draft(), actor=g.user, at=clock.now()))

    return editing.create(form, showing.sheet(_("Write an article"), None, KnowledgeArticle.KIND), make)


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.KNOWLEDGE_VIEW)
def knowledge_step(number: str, action: str) -> ResponseReturnValue:
    """One step of an article: its form, and carrying it out."""
    return STEPS.show(number, action)


# ---------- Parts ----------


def _chosen(record: KnowledgeArticle, editions: list[KnowledgeEdition]) -> KnowledgeEdition:
    """The edition the address asks for; else the one that counts, before there is one the draft. Raises NotFound."""
    wanted = request.args.get("edition") or str(record.edition_no or editions[-1].no)
    found = next((each for each in editions if str(each.no) == wanted), None)
    if found is None:
        raise NotFound()
    return found


def _meta(shown: KnowledgeEdition) -> list[tuple[str, str]]:
    """What kind of article it is and for which calls, under the title."""
    said = [
        Category.show(shown.category),
        CallStage.show(shown.stage) if shown.stage else "",
        GradeClass.show(shown.grade) if shown.grade != GradeClass.ALL else "",
        _("Edition %(number)s", number=shown.no),
    ]
    return [(each, "") for each in said if each]


def _notes(record: KnowledgeArticle, shown: KnowledgeEdition, writes: bool) -> list[tuple[str, Any]]:
    """Whether the edition that is shown counts, and where the other one is."""
    path, newest = editing.path(record), record.newest
    if record.state == State.RETIRED:
        return [("alert-circle", _("It counts no more: %(reason)s", reason=record.reason))]
    if shown.published_at is None:
        sentences = [N_("This is the draft of edition %(number)s. Nobody goes by it yet.") % {"number": shown.no}]
        if record.state == State.APPROVED:
            day = formatting.full_date(shown.effective_from)
            sentences = [N_("Approved. It is published by itself on %(day)s.") % {"day": day}]
        return [("pencil", str(sentence)) for sentence in sentences]
    if shown.no != record.edition_no:
        link = approval_tables.LINK.format(path, _("Edition %(number)s", number=record.edition_no))
        return [
            ("alert-circle", approval_tables.linked(N_("This edition counts no more. Read: %(edition)s"), edition=link))
        ]
    if writes and newest.published_at is None:
        link = approval_tables.LINK.format(f"{path}?edition={newest.no}", _("Edition %(number)s", number=newest.no))
        sentence = N_("A new edition is being written, this one counts until it is published: %(edition)s")
        return [("pencil", approval_tables.linked(sentence, edition=link))]
    return []


def _tabs(record: KnowledgeArticle, editions: list[KnowledgeEdition]) -> list[showing.Tab]:
    tabs = [showing.Tab("editions", _("Editions"), lambda: [_editions(record, editions)], len(editions))]
    if record.counts and record.is_mandatory and may(g.user, P.KNOWLEDGE_DECIDE):
        readers = knowledge.readers(session(), record)
        lacking = sum(moment is None for _person, moment in readers)
        tabs.append(showing.Tab("readers", _("Not read yet"), lambda: [_readers(readers)], lacking))
    return tabs


def _editions(record: KnowledgeArticle, editions: list[KnowledgeEdition]) -> showing.Table:
    path = editing.path(record)
    rows = [
        [
            (_("Edition %(number)s", number=each.no), f"{path}?edition={each.no}"),
            each.title,
            each.written_by.name if each.written_by else formatting.DASH,
            each.approved_by or formatting.DASH,
            formatting.day(each.effective_from)
            if each.published_at and each.effective_from
            else _p("edition", "Draft"),
        ]
        for each in reversed(editions)
    ]
    head = [
        (_p("knowledge article", "Edition"), ""),
        (str(L["title"]), "fill"),
        (_p("edition", "Written by"), "hide-small"),
        (_p("edition", "Approved by"), ""),
        (str(L["effective_from"]), "num"),
    ]
    return showing.Table(_("Editions"), head, rows, "")


def _readers(readers: list[Any]) -> showing.Table:
    rows = [
        [
            person.name,
            str(Role(person.role).label),
            formatting.moment(moment) if moment is not None else _("Not read yet"),
        ]
        for person, moment in readers
    ]
    head = [(_("Who"), ""), (_("Role"), "fill"), (_p("edition", "Confirmed at"), "num")]
    return showing.Table(_p("edition", "Who has read it"), head, rows, _("Nobody has to read it."))


# ---------- Forms ----------


class Words:
    """What an edition says."""

    title = TextField(L["title"], limit=100, required=True)
    category = TermField(L["category"], Category, required=True, blank=PLEASE)
    stage = TermField(L["stage"], CallStage, blank=NO_CALL)
    grade = TermField(L["grade"], GradeClass, required=True)
    body = TextField(L["body"], limit=LONGEST, rows=18, required=True, description=HOW)
    effective_from = LocalDateField(L["effective_from"], description=WHEN)
    is_mandatory = BooleanField(L["is_mandatory"])

    def draft(self) -> knowledge.Draft:
        """The command with what was typed."""
        return knowledge.Draft(
            title=self.title.data,
            category=str(self.category.data),
            body=self.body.data,
            grade=str(self.grade.data),
            stage=str(self.stage.data) if self.stage.data else None,
            is_mandatory=bool(self.is_mandatory.data),
            effective_from=self.effective_from.data,
        )


class WriteForm(Words, RecordForm):
    """A new article."""

    SECTIONS = (
        (N_("Article", "knowledge article"), ("title", "category", "body")),
        (N_("Whom it is for"), ("stage", "grade", "effective_from", "is_mandatory")),
    )
    WIDE = frozenset({"title", "body"})


class ChangeForm(Words, StepForm):
    """The draft as it is now."""

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            terms = {"category": Category, "stage": CallStage, "grade": GradeClass}
            for name in WORDING:
                value = getattr(desk.record.newest, name)
                self[name].data = terms[name](value) if name in terms and value else value

    def to_command(self, desk: Desk) -> knowledge.Draft:
        return self.draft()


class NothingForm(StepForm):
    """Nothing to fill in."""

    def to_command(self, desk: Desk) -> None:
        return None


class AskForm(NothingForm):
    """Asking for consent says what is asked for."""

    def told(self, desk: Desk) -> list[str]:
        return [_("The manager decides. Until then the draft stays as it is.")]


class RetireForm(StepForm):
    """Why it counts no more."""

    reason = TextField(L["reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> knowledge.Retire:
        return knowledge.Retire(self.reason.data)


STEPS = StepPages(
    find=lambda number: find_or_404(KnowledgeArticle, number, NAMED),
    forms={
        Action.CHANGE: (ChangeForm, knowledge.change),
        Action.ASK: (AskForm, knowledge.ask),
        Action.APPROVE: (WordForm, knowledge.approve),
        Action.REFUSE: (RefusalForm, knowledge.refuse),
        Action.RECALL: (TakeBackForm, knowledge.recall),
        Action.REVISE: (NothingForm, knowledge.revise),
        Action.DROP: (NothingForm, knowledge.drop),
        Action.RETIRE: (RetireForm, knowledge.retire),
    },
    kinds=PROCESS.title,
    heading=lambda article: (article.newest.title, Category.show(article.newest.category)),
    shows_waiting_clocks=False,
)
