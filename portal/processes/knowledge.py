"""P27 Knowledge base: rules, scripts and answers, written by everybody, approved by the manager, published in editions. Source: domain.md 3.24, 4.27, 7.1."""

from __future__ import annotations

from enum import StrEnum

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Guard, Process, Transition
from portal.terms import Term

CONTEXT = "knowledge article"


class State(StrEnum):
    """Where an article stands (4.27). While a new edition is written, people go on reading the one before."""

    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    PUBLISHED = "PUBLISHED"
    RETIRED = "RETIRED"


class Action(StrEnum):
    """What can be done with an article."""

    WRITE = "write"
    CHANGE = "change"
    ASK = "ask"
    APPROVE = "approve"
    REFUSE = "refuse"
    RECALL = "recall"
    PUBLISH = "publish"
    REVISE = "revise"
    DROP = "drop"
    RETIRE = "retire"


class Category(Term):
    """What kind of article it is (3.24)."""

    SCRIPT = "SCRIPT", "Script"
    FAQ = "FAQ", "Frequent question"
    RULE = "RULE", "Rule"
    MATERIAL = "MATERIAL", "Workmanship and materials"
    PROCEDURE = "PROCEDURE", "Procedure"
    FORM = "FORM", "Form template"
    MANNERS = "MANNERS", "Manners"


NOT_ASKED = Guard("not-asked", N_("no consent is being waited for"), lambda article: not article.is_asked)
ASKED = Guard("asked", N_("consent was asked for"), lambda article: article.is_asked)
CAN_BE_TAKEN_BACK = Guard(
    "recallable",
    N_("consent was asked for or given"),
    lambda article: article.is_asked or article.state == State.APPROVED,
)
WAS_PUBLISHED = Guard("published", N_("an edition before it is published"), lambda article: article.edition_no > 0)
NAMED = ("title", "category", "grade")
P = Permission

PROCESS = Process(
    code="P27",
    kind="knowledge-articles",
    title=N_("Knowledge base"),
    purpose=N_("What everybody must know is written once, approved, and read in the edition that counts."),
    states=(
        base.State(State.DRAFT, N_("Draft", CONTEXT), N_("It is written, or waits for the manager's consent.")),
        base.State(State.APPROVED, N_("Approved", CONTEXT), N_("It is published by itself on the day it takes effect.")),
        base.State(State.PUBLISHED, N_("Published", CONTEXT), N_("This edition counts, and everybody reads it.")),
        base.State(
            State.RETIRED, N_("Retired", CONTEXT), N_("It counts no more; who writes still finds it."), final=True,
            main_line=False,
        ),
    ),
    transitions=(
        Transition(
            Action.WRITE, N_("Write an article"), frozenset(), State.DRAFT, P.KNOWLEDGE_WRITE, required=NAMED,
            optional=("stage", "is_mandatory", "effective_from"),
        ),
        Transition(
            Action.ASK, N_("Ask for approval", CONTEXT), frozenset({State.DRAFT}), State.DRAFT, P.KNOWLEDGE_WRITE,
            guards=(NOT_ASKED,), notify=("managers",), source_note="PA",
        ),
        Transition(
            Action.CHANGE, N_("Change the draft"), frozenset({State.DRAFT}), State.DRAFT, P.KNOWLEDGE_WRITE,
            required=NAMED, optional=("stage", "is_mandatory", "effective_from"), guards=(NOT_ASKED,), primary=False,
        ),
        Transition(
            Action.APPROVE, N_("Approve", CONTEXT), frozenset({State.DRAFT}), State.APPROVED, P.KNOWLEDGE_DECIDE,
            optional=("reason",), guards=(ASKED,), source_note="PA",
        ),
        Transition(
            Action.REFUSE, N_("Refuse", CONTEXT), frozenset({State.DRAFT}), State.DRAFT, P.KNOWLEDGE_DECIDE,
            required=("reason",), guards=(ASKED,), primary=False, source_note="PA",
        ),
        Transition(
            Action.RECALL, N_("Take the request or the consent back"), frozenset({State.DRAFT, State.APPROVED}), State.DRAFT,
            P.KNOWLEDGE_DECIDE, required=("reason",), guards=(CAN_BE_TAKEN_BACK,), primary=False, source_note="PA",
        ),
        Transition(
            Action.PUBLISH, N_("Publish", CONTEXT), frozenset({State.APPROVED}), State.PUBLISHED, P.KNOWLEDGE_DECIDE,
            automatic=True,
        ),
        Transition(
            Action.REVISE, N_("Write a new edition"), frozenset({State.PUBLISHED}), State.DRAFT, P.KNOWLEDGE_WRITE,
            primary=False,
        ),
        Transition(
            Action.DROP, N_("Drop the new edition"), frozenset({State.DRAFT}), State.PUBLISHED, P.KNOWLEDGE_WRITE,
            guards=(WAS_PUBLISHED, NOT_ASKED), primary=False,
        ),
        Transition(
            Action.RETIRE, N_("Retire", CONTEXT), frozenset({State.DRAFT, State.PUBLISHED}), State.RETIRED,
            P.KNOWLEDGE_DECIDE, required=("reason",), notify=("owner",), primary=False,
        ),
    ),
    field_labels={
        "title": N_("Title", CONTEXT),
        "category": N_("Category", CONTEXT),
        "grade": N_("For customers of", CONTEXT),
        "stage": N_("For calls", CONTEXT),
        "body": N_("Text", CONTEXT),
        "is_mandatory": N_("Everybody confirms that they read it"),
        "effective_from": N_("In effect from", CONTEXT),
        "reason": N_("Reason"),
    },
)  # fmt: skip
