"""The page of a survey: what was asked and said, the link that opens it. Rules: `portal/processes/survey.py`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, g
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from blueprints.http import find_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.survey_scores import MEANINGS
from portal import clock, formatting, settings
from portal.db import session
from portal.i18n import N_, Text, _, _p
from portal.models.complaint import Complaint
from portal.models.consultation import Consultation
from portal.models.customer import Customer
from portal.models.follow_up import FollowUpTicket
from portal.models.org import Department, User
from portal.models.project import Project
from portal.models.repair import RepairOrder
from portal.models.survey import Survey, SurveyLink
from portal.permissions import Permission, may
from portal.processes.survey import ASKS_RECOMMEND, PROCESS, AnsweredVia, Dimension, HandedVia, State, SurveyKind
from portal.services import second_factor, suggestions
from portal.services.fields import Field, link, term
from portal.services.surveys import links

P = Permission
L = PROCESS.field_labels
NAMED = (
    joinedload(Survey.customer).joinedload(Customer.owner),
    joinedload(Survey.project).joinedload(Project.property),
    joinedload(Survey.repair_order),
    joinedload(Survey.consultation),
    joinedload(Survey.complaint),
    joinedload(Survey.owner),
    joinedload(Survey.entered_by),
    selectinload(Survey.answers),
    selectinload(Survey.links),
)
FIELDS: dict[str, Field] = {
    "kind": term(N_("Kind"), SurveyKind),
    "project_id": link(N_("Project"), Project),
    "repair_order_id": link(N_("Repair", "record"), RepairOrder),
    "consultation_id": link(N_("Contact", "record"), Consultation),
    "complaint_id": link(N_("Complaint", "record"), Complaint),
    "contact_name": Field(N_("Who is asked")),
    "contact_phone": Field(N_("Phone"), formatting.phone_mask),
    "sent_at": Field(N_("Sent at", "survey")),
    "owner_id": link(N_("Owner", "record"), User),
    "answered_via": term(L["answered_via"], AnsweredVia),
    "answered_at": Field(L["answered_at"]),
    "entered_by_id": link(N_("Entered by"), User),
    "recommend": Field(L["recommend"]),
    "praise": Field(L["praise"]),
    "criticism": Field(L["criticism"]),
    "wants_contact": Field(L["wants_contact"]),
    "void_reason": Field(L["void_reason"]),
}
ASKED = ("kind", "contact_name", "contact_phone", "sent_at", "owner_id")
SAID = ("answered_via", "answered_at", "entered_by_id", "wants_contact")
PARTS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (N_("What is asked", "survey"), (*ASKED, "project_id", "repair_order_id", "consultation_id", "complaint_id")),
    (N_("What was said", "survey"), ("praise", "criticism", "recommend", *SAID)),
    (N_("Why it is void"), ("void_reason",)),
)


@dataclass(frozen=True, slots=True)
class Score:
    """One line of the page: what was asked, the score or none, what the score means."""

    label: str
    score: int | None
    meaning: str
    is_low: bool


@dataclass(frozen=True, slots=True)
class OpenLink:
    """The link as the desk hands it out."""

    url: str
    picture: str
    link: SurveyLink
    handed: str
    email: str | None
    """Where it can be sent; None: no address, or no mail server."""


@blueprint.get("/surveys/<number>")
@requires(P.SURVEY_VIEW)
def survey(number: str) -> ResponseReturnValue:
    """What the customer was asked and said; while it waits, the link that opens it."""
    return show(find_or_404(Survey, number, NAMED))


def show(record: Survey) -> ResponseReturnValue:
    """The page of the record."""
    at = clock.now()
    works = may(g.user, P.SURVEY_WORK)
    return showing.show(
        record,
        f"{record.customer.name} · {SurveyKind.show(record.kind)}",
        FIELDS,
        _groups(record),
        wide=("praise", "criticism", "void_reason"),
        template="records/surveys/show.html",
        meta=[(record.customer.name, editing.path(record.customer)), *_home(record)],
        actions=_actions(record),
        notes=_notes(record),
        tables=_slips(record),
        household_url=f"{editing.path(record.customer)}/household",
        scores=_scores(record) if record.state != State.SENT else [],
        open_link=_open_link(record, at) if works else None,
        may_link=works and record.state == State.SENT,
        ways=HandedVia.choices(),
    )


def _groups(record: Survey) -> tuple[tuple[Text, tuple[str, ...]], ...]:
    shown = []
    for heading, names in PARTS:
        there = tuple(name for name in names if name in ASKED or _is_said(record, name))
        if there and (heading != PARTS[1][0] or record.answered_at is not None):
            shown.append((heading, there))
    return tuple(shown)


def _is_said(record: Survey, name: str) -> bool:
    if name == "recommend" and record.kind in ASKS_RECOMMEND and record.answered_at is not None:
        return True
    return getattr(record, name) not in (None, "", False)


def _home(record: Survey) -> list[tuple[str, str]]:
    return [(record.project.property.address, "")] if record.project is not None else []


def _scores(record: Survey) -> list[Score]:
    given = {line.dimension: line.score for line in record.answers}
    limit = int(settings.get(session(), "survey_low_score"))
    return [
        Score(
            Dimension.show(line["code"]),
            (score := given.get(line["code"])),
            str(MEANINGS[score]) if score is not None else "",
            score is not None and score <= limit,
        )
        for line in record.questions
    ]


def _actions(record: Survey) -> list[dict[str, Any]]:
    found = []
    if record.is_low and record.complaint_id is None and may(g.user, P.COMPLAINT_PREFILL):
        found.append(
            {
                "label": _("Register the complaint (F-16)"),
                "url": f"/records/complaints/new?survey={record.number}",
                "icon": "message-report",
            }
        )
    if record.state == State.ANSWERED and may(g.user, P.SUGGESTION_CREATE):
        found.append(
            {
                "label": _("Register a suggestion"),
                "url": f"/records/suggestions/new?survey={record.number}",
                "icon": "bulb",
            }
        )
    return found


def _notes(record: Survey) -> list[tuple[str, str]]:
    notes = []
    if record.is_low and record.state == State.ANSWERED:
        notes.append(("alert-triangle", _("The customer is not content, or asks to be called: see to it now.")))
    if (number := suggestions.number_of_source(session(), record)) is not None:
        notes.append(("bulb", _("A suggestion was registered from it: %(number)s", number=number)))
    return notes


def _slips(record: Survey) -> list[showing.Table]:
    """The liaison slips that came of it."""
    found = session().scalars(
        select(FollowUpTicket).where(FollowUpTicket.survey_id == record.id).order_by(FollowUpTicket.id)
    )
    rows: list[list[Any]] = [
        [
            (slip.number, editing.path(slip)),
            Department.show(slip.department),
            slip.problem,
            formatting.moment(slip.limit_at),
            str(slip.PROCESS.state(slip.state).label),
        ]
        for slip in found
    ]
    head = [
        (_("Number"), ""),
        (_("Department"), ""),
        (_("Problem"), "fill"),
        (_p("slip", "Until"), "num"),
        (_("State"), "cell-foot"),
    ]
    return [showing.Table(_("Liaison slips"), head, rows, "")] if rows else []


def _open_link(record: Survey, at: Any) -> OpenLink | None:
    found = links.current(record, at)
    if found is None:
        return None
    url = links.address(session(), found, current_app.config["PORTAL"].secret_key)
    email = record.customer.email if settings.get(session(), "smtp_host") else None
    return OpenLink(url, second_factor.picture(url), found, HandedVia.show(found.handed_via), email)
