"""The planned day of each milestone of a project, from its dates and the shares in the settings. Source: `domain.md` 4.6.

Days of the company's calendar. One forecast serves the strip of the project and the plan of its calls.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.orm import Session

from portal import settings
from portal.models.project import Project
from portal.terms import Term


class Milestone(Term):
    """What the strip of a project shows, in the order of the works."""

    START = "START", "Start"
    MATERIAL = "MATERIAL", "Materials"
    CONCEALED = "CONCEALED", "Concealed works"
    WATERPROOF = "WATERPROOF", "Waterproofing"
    MID = "MID", "Mid-term"
    PRE_ACCEPTANCE = "PRE_ACCEPTANCE", "Pre-acceptance"
    ACCEPTANCE = "ACCEPTANCE", "Acceptance"


SHARES = {
    Milestone.MATERIAL: "share_material",
    Milestone.CONCEALED: "share_concealed",
    Milestone.WATERPROOF: "share_waterproof",
    Milestone.MID: "share_mid",
    Milestone.PRE_ACCEPTANCE: "share_pre_acceptance",
}


def span(project: Project) -> tuple[date | None, date | None]:
    """First and last day of the works as far as they are known: the actual start before the planned one."""
    start = project.actual_start_on or project.planned_start_on
    finish = project.planned_finish_on
    if finish is None and start is not None and project.contract_days:
        finish = start + timedelta(days=project.contract_days)
    return start, finish


def forecast(session: Session, project: Project) -> dict[Milestone, date]:
    """The planned day of each milestone; without a start there is none."""
    start, finish = span(project)
    if start is None:
        return {}
    found = {Milestone.START: project.planned_start_on or start}
    if finish is None or finish <= start:
        return found
    days = (finish - start).days
    for milestone, key in SHARES.items():
        found[milestone] = start + timedelta(days=days * settings.get(session, key) // 100)
    found[Milestone.ACCEPTANCE] = finish
    return found
