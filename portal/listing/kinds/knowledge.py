"""The list of the knowledge base."""

from __future__ import annotations

from portal import formatting
from portal.i18n import N_, _
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing
from portal.listing.kinds import search
from portal.models.knowledge import KnowledgeArticle
from portal.permissions import Permission
from portal.processes import knowledge
from portal.processes.follow_up import CallStage, GradeClass
from portal.services.knowledge import unread
from portal.visibility import turn_of

P = Permission
LABELS = knowledge.PROCESS.field_labels


def _edition(number: int) -> str:
    return _("Edition %(number)s", number=number) if number else formatting.DASH


ARTICLES = Listing(
    kind=KnowledgeArticle.KIND,
    title=N_("Knowledge base"),
    one=N_("Knowledge article"),
    icon="book-2",
    model=KnowledgeArticle,
    permission=P.KNOWLEDGE_VIEW,
    number=KnowledgeArticle.number,
    order="-id",
    card=("category", "edition", "effective"),
    columns=(
        Column("title", LABELS["title"], (KnowledgeArticle.title,), cells.title, "cell-title", sort=KnowledgeArticle.title),
        Column("number", N_("Number"), (KnowledgeArticle.number,), cells.text, "ref hide-small", sort=KnowledgeArticle.number),
        Column("category", LABELS["category"], (KnowledgeArticle.category,), knowledge.Category.show, ""),
        Column("stage", LABELS["stage"], (KnowledgeArticle.stage,), CallStage.show, "hide-small"),
        Column("grade", LABELS["grade"], (KnowledgeArticle.grade,), GradeClass.show, "hide-small"),
        Column(
            "must", N_("Must be read"), (KnowledgeArticle.is_mandatory,), cells.yes(N_("Must be read")),
            "hide-small",
        ),
        Column(
            "edition", N_("Edition", "knowledge article"), (KnowledgeArticle.edition_no,), _edition, "hide-small",
            adds_up=False,
        ),
        Column("effective", LABELS["effective_from"], (KnowledgeArticle.effective_from,), cells.day, "num hide-small"),
        Column(
            "state", N_("State"), (KnowledgeArticle.state,), cells.state_of(knowledge.PROCESS), "cell-foot",
        ),
    ),
    search=search.knowledge_articles,
    placeholder=N_("Title, number or words of the text"),
    filters=(
        Filter(
            "in-force", N_("In force", "knowledge article"),
            lambda now: (KnowledgeArticle.edition_no > 0) & (KnowledgeArticle.state != knowledge.State.RETIRED),
        ),
        Filter("unread", N_("To be read by me"), lambda now: unread(now.viewer)),
        Filter(
            "in-work", N_("Being written"),
            lambda now: KnowledgeArticle.state.in_((knowledge.State.DRAFT, knowledge.State.APPROVED)),
        ),
        Filter("mine", N_("Written by me"), lambda now: turn_of(now.viewer, KnowledgeArticle.owner_id)),
    ),
    choices=(
        Choice("category", LABELS["category"], KnowledgeArticle.category, knowledge.Category),
        Choice("stage", LABELS["stage"], KnowledgeArticle.stage, CallStage),
        Choice("grade", LABELS["grade"], KnowledgeArticle.grade, GradeClass),
        Choice("state", N_("State"), KnowledgeArticle.state, knowledge.State, labels=cells.state_of(knowledge.PROCESS)),
    ),
    default_filters=("in-force",),
    create=P.KNOWLEDGE_WRITE,
    create_label=N_("Write an article"),
    create_path="/records/knowledge-articles/new",
    empty=N_("No article here. Whoever knows something others need writes it down with the button above."),
)  # fmt: skip

LISTINGS = (ARTICLES,)
