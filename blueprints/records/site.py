"""What happens on a site: recording it from the page of the project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.http import find_or_404, get_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms import site as forms
from blueprints.records.forms.base import RecordForm
from portal import clock, visibility
from portal.i18n import N_, Text
from portal.models.milestone import SafetyNotice
from portal.models.org import Party
from portal.models.project import Project
from portal.permissions import Permission
from portal.services import change_orders, milestones

P = Permission


def _project(number: str) -> Project:
    return find_or_404(Project, number)


def _record(number: str, form: RecordForm, title: Text, make: Callable[[Session, Project], Any]) -> ResponseReturnValue:
    """Ask, record once, and go back to the project, or to what was made where it has a page."""
    project = _project(number)

    def act(writing: Session) -> str:
        fresh = _project(number)
        made = make(writing, fresh)
        return editing.path(made) if hasattr(made, "KIND") else f"{editing.path(fresh)}?tab=site"

    sheet = showing.sheet(str(title), project, "projects", note=f"{project.customer.name} · {project.property.address}")
    return editing.create(form, sheet, act)


@blueprint.route("/projects/<number>/stage-acceptances/new", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def new_stage_acceptance(number: str) -> ResponseReturnValue:
    """Record that a stage was looked at."""
    form = forms.StageForm().prepare(_project(number), request.args.get("stage"))
    return _record(
        number,
        form,
        N_("Acceptance of a stage"),
        lambda writing, fresh: milestones.accept_stage(writing, fresh, form.to_command(), actor=g.user, at=clock.now()),
    )


@blueprint.route("/projects/<number>/change-orders/new", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def new_change_order(number: str) -> ResponseReturnValue:
    """Write a change order."""
    form = forms.ChangeOrderForm()
    return _record(
        number,
        form,
        N_("Change order"),
        lambda writing, fresh: change_orders.propose(writing, fresh, form.to_command(), actor=g.user, at=clock.now()),
    )


@blueprint.route("/projects/<number>/delays/new", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def new_delay(number: str) -> ResponseReturnValue:
    """Write a delay form, signed or still to be signed."""
    form = forms.DelayForm().prepare(_project(number))
    return _record(
        number,
        form,
        N_("Delay", "works"),
        lambda writing, fresh: change_orders.delay(
            writing, fresh, form.to_command(fresh), actor=g.user, at=clock.now()
        ),
    )


@blueprint.route("/projects/<number>/weekly-reports/new", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def new_weekly_report(number: str) -> ResponseReturnValue:
    """Record what the project manager told the customer."""
    form = forms.WeekForm().prepare(_project(number))
    return _record(
        number,
        form,
        N_("Weekly report to the customer"),
        lambda writing, fresh: milestones.report_week(writing, fresh, form.to_command(), actor=g.user, at=clock.now()),
    )


@blueprint.route("/projects/<number>/supervisor-visits/new", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def new_supervisor_visit(number: str) -> ResponseReturnValue:
    """Count a contact or a visit of the supervisor."""
    form = forms.VisitForm().prepare(_project(number))
    return _record(
        number,
        form,
        N_("Contact or visit of the supervisor"),
        lambda writing, fresh: milestones.record_visit(
            writing,
            fresh,
            kind=str(form.kind.data),
            held_on=form.held_on.data,
            what=form.what.data,
            actor=g.user,
            at=clock.now(),
        ),
    )


@blueprint.route("/projects/<number>/open-days/new", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def new_open_day(number: str) -> ResponseReturnValue:
    """Record an open day on this site and others."""
    form = forms.OpenDayForm().prepare(_project(number), g.user)

    def make(writing: Session, fresh: Project) -> Any:
        chosen = visibility.visible_to(g.user, Project).where(Project.id.in_(form.sites.data or ()))
        return milestones.hold_open_day(
            writing,
            [fresh, *writing.scalars(chosen.order_by(Project.id))],
            held_on=form.held_on.data,
            invited=form.invited.data,
            attended=form.attended.data,
            actor=g.user,
            at=clock.now(),
        )

    return _record(number, form, N_("Open day"), make)


@blueprint.route("/projects/<number>/safety-notices/new", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def new_safety_notice(number: str) -> ResponseReturnValue:
    """Write a safety notice."""
    form = forms.HazardForm().prepare(_project(number), g.user)

    def make(writing: Session, fresh: Project) -> SafetyNotice:
        responsible = get_or_404(visibility.visible_to(g.user, Party), Party.id == form.responsible_id.data)
        command = milestones.NoteHazard(form.found_on.data, form.hazard.data, responsible, form.limit_on.data)
        return milestones.note_hazard(writing, fresh, command, actor=g.user, at=clock.now())

    return _record(number, form, N_("Safety notice"), make)
