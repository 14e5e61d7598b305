"""The lists of satisfaction surveys and of suggestions."""

from __future__ import annotations

from typing import Any

from portal.formatting import DASH
from portal.i18n import N_
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing, Span
from portal.listing.kinds import search
from portal.models.consultation import Channel
from portal.models.customer import Customer, Property
from portal.models.org import Department, User
from portal.models.project import Project
from portal.models.suggestion import Suggestion
from portal.models.survey import Survey
from portal.permissions import Permission
from portal.processes import suggestion, survey
from portal.visibility import turn_of

P = Permission
HOME = (Property.estate, Property.building, Property.unit, Property.room)
OWNER, STATE, DUE = N_("Owner", "record"), N_("State"), N_("Due")
CLOCKS = {"overdue": N_("Late"), "today": N_("Due today"), "soon": N_("Due within 24 hours")}
OPEN, MINE = N_("Open", "record"), N_("Mine")


def _score(value: int | None) -> str:
    return DASH if value is None else str(value)


def _words(praise: str | None, criticism: str | None) -> Any:
    return cells.joined(part.splitlines()[0][:60] for part in (criticism, praise) if part)


SURVEYS = Listing(
    kind=Survey.KIND,
    title=N_("Satisfaction surveys"),
    one=N_("Survey", "record"),
    icon="star",
    model=Survey,
    permission=P.SURVEY_VIEW,
    number=Survey.number,
    order="-id",
    joins=(
        (Customer, Customer.id == Survey.customer_id),
        (Project, Project.id == Survey.project_id),
        (Property, Property.id == Project.property_id),
        (User, User.id == Survey.owner_id),
    ),
    card=("kind", "overall", "words"),
    spans=(Span(N_("Sent to answered", "span"), Survey.sent_at, Survey.answered_at, runs=True),),
    columns=(
        Column("customer", N_("Customer"), (Customer.name, Customer.grade, *HOME), cells.title, "cell-title"),
        Column("number", N_("Number"), (Survey.number,), cells.text, "ref hide-small", sort=Survey.number),
        Column("kind", N_("Kind"), (Survey.kind,), survey.SurveyKind.show),
        Column("state", STATE, (Survey.state,), cells.state_of(survey.PROCESS), "cell-due"),
        Column("overall", N_("Overall"), (Survey.overall,), _score, "num", adds_up=False),
        Column("lowest", N_("Lowest score"), (Survey.lowest,), _score, "num hide-small", adds_up=False),
        Column("recommend", N_("Recommend"), (Survey.recommend,), _score, "num hide-small", adds_up=False),
        Column("words", N_("In the customer's words"), (Survey.praise, Survey.criticism), _words, "fill"),
        Column("owner", OWNER, (User.name,), cells.text, "hide-small"),
        Column("sent", N_("Sent at", "survey"), (Survey.sent_at,), cells.moment, "num hide-small"),
        Column("answered", N_("Answered at", "survey"), (Survey.answered_at,), cells.moment, "num cell-foot"),
    ),
    search=search.surveys,
    filters=(
        Filter("waiting", N_("Not answered yet"), lambda now: Survey.state == survey.State.SENT),
        Filter("answered", N_("Answered", "survey"), lambda now: Survey.state == survey.State.ANSWERED),
        Filter("low", N_("To be seen to", "survey"), lambda now: Survey.is_low.is_(True)),
        Filter("to-call", N_("Asks to be called"), lambda now: Survey.wants_contact.is_(True)),
        Filter("mine", MINE, lambda now: turn_of(now.viewer, Survey.owner_id)),
    ),
    choices=(
        Choice("state", STATE, Survey.state, survey.State, labels=cells.state_of(survey.PROCESS)),
        Choice("kind", N_("Kind"), Survey.kind, survey.SurveyKind),
        Choice("via", N_("Answered by way of"), Survey.answered_via, survey.AnsweredVia),
        Choice("owner", OWNER, Survey.owner_id, options=cells.specialists),
        cells.of_customer(Survey.customer_id),
        cells.of_project(Survey.project_id),
    ),
    create=P.SURVEY_WORK,
    create_label=N_("New survey"),
    create_path="/records/surveys/new",
    empty=N_("No survey here. The portal asks after the settlement and after repairs; others are started with the button above."),
)  # fmt: skip

SUGGESTION_CLOCK = cells.clock(Suggestion.KIND, Suggestion, DUE)

SUGGESTIONS = Listing(
    kind=Suggestion.KIND,
    title=N_("Suggestions of customers"),
    one=N_("Suggestion", "record"),
    icon="bulb",
    model=Suggestion,
    permission=P.SUGGESTION_VIEW,
    number=Suggestion.number,
    order="-id",
    urgent_order="due",
    joins=(
        (Customer, Customer.id == Suggestion.customer_id),
        (User, User.id == Suggestion.owner_id),
        SUGGESTION_CLOCK.join,
    ),
    card=("content", "department", "decision"),
    spans=(Span(N_("Received to told", "span"), Suggestion.received_at, Suggestion.answered_at, runs=True),),
    columns=(
        Column("name", N_("Name"), (Suggestion.name, Customer.grade), cells.title, "cell-title"),
        Column("number", N_("Number"), (Suggestion.number,), cells.text, "ref hide-small", sort=Suggestion.number),
        Column("content", N_("Suggestion"), (Suggestion.content,), lambda value: value[:120], "fill"),
        Column("channel", N_("Channel"), (Suggestion.channel,), Channel.show),
        Column("department", N_("Department"), (Suggestion.department,), Department.show),
        Column("decision", N_("Decision", "suggestion"), (Suggestion.decision,), suggestion.Decision.show),
        Column("state", STATE, (Suggestion.state,), cells.state_of(suggestion.PROCESS)),
        Column("owner", OWNER, (User.name,), cells.text, "cell-foot"),
        Column("received", N_("Received"), (Suggestion.received_at,), cells.moment, "num hide-small"),
        SUGGESTION_CLOCK.column,
    ),
    search=search.suggestions,
    filters=(
        Filter("open", OPEN, lambda now: Suggestion.state != suggestion.State.ANSWERED_CUSTOMER),
        Filter("mine", MINE, lambda now: turn_of(now.viewer, Suggestion.owner_id)),
        *cells.clock_filters(Suggestion.KIND, Suggestion, CLOCKS),
        Filter(
            "to-follow",
            N_("Adopted, not in effect yet"),
            lambda now: (
                (Suggestion.state == suggestion.State.DECIDED)
                & (Suggestion.decision != suggestion.Decision.NOT_ADOPTED)
            ),
        ),
    ),
    choices=(
        Choice("state", STATE, Suggestion.state, suggestion.State, labels=cells.state_of(suggestion.PROCESS)),
        Choice("decision", N_("Decision", "suggestion"), Suggestion.decision, suggestion.Decision),
        Choice("department", N_("Department"), Suggestion.department, Department),
        Choice("channel", N_("Channel"), Suggestion.channel, Channel),
        Choice("owner", OWNER, Suggestion.owner_id, options=cells.specialists),
        cells.of_customer(Suggestion.customer_id),
    ),
    default_filters=("open",),
    create=P.SUGGESTION_CREATE,
    create_label=N_("Register a suggestion"),
    create_path="/records/suggestions/new",
    empty=N_("No suggestion here. Customers make them in calls, on slips and in surveys."),
)

LISTINGS = (SURVEYS, SUGGESTIONS)
