"""What happens on a site: recording it from the page of the project, and the pages of what has a number of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, joinedload

from blueprints.http import find_or_404, get_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms import site as forms
from blueprints.records.forms.base import RecordForm
from portal import clock, visibility
from portal.i18n import N_, Text, _
from portal.models.milestone import ChangeOrder, SafetyNotice, StageAcceptance, StageResult
from portal.models.org import Party
from portal.models.project import Project
from portal.permissions import Permission, may
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
    """Record a later finish that the customer signed."""
    form = forms.DelayForm().prepare(_project(number))
    return _record(
        number,
        form,
        N_("Delay", "works"),
        lambda writing, fresh: change_orders.delay(writing, fresh, form.to_command(), actor=g.user, at=clock.now()),
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


# ---------- Pages of what has a number ----------


def _links(record: Any) -> list[tuple[str, str]]:
    return [
        (record.customer.name, editing.path(record.customer)),
        (record.project.number, editing.path(record.project)),
    ]


HOMES = {
    model: (joinedload(model.customer), joinedload(model.project).joinedload(Project.property))
    for model in (StageAcceptance, ChangeOrder, SafetyNotice)
}
STAGE_GROUPS = (
    (N_("Acceptance of a stage"), ("stage", "result", "held_on", "place", "items")),
    (N_("Before concealed works are covered"), ("customer_told_at", "supervisor_told_at", "covering_on")),
    (N_("Signed on the paper by"), ("customer_signed_by", "supervisor_signed_by", "pm_signed_by", "foreman_signed_by")),
    (N_("Other"), ("remarks",)),
)


@blueprint.get("/stage-acceptances/<number>")
@requires(P.PROJECT_VIEW)
def stage_acceptance(number: str) -> ResponseReturnValue:
    """A stage that was looked at; photos and the scan of the paper are its files."""
    record = find_or_404(StageAcceptance, number, HOMES[StageAcceptance])
    actions = []
    if record.result == StageResult.FAIL and may(g.user, P.PROJECT_EDIT):
        url = f"{editing.path(record.project)}/stage-acceptances/new?stage={record.stage}"
        actions.append({"label": _("Record the next look"), "url": url, "icon": "plus", "primary": True})
    return showing.show(
        record,
        record.project.property.address,
        milestones.FIELDS,
        STAGE_GROUPS,
        meta=_links(record),
        actions=actions,
    )


@blueprint.get("/change-orders/<number>")
@requires(P.PROJECT_VIEW)
def change_order(number: str) -> ResponseReturnValue:
    """A change order: what, how much, who signed."""
    record = find_or_404(ChangeOrder, number, HOMES[ChangeOrder])
    is_signed = record.signed_on is not None
    actions = []
    if not is_signed and may(g.user, P.PROJECT_EDIT):
        actions = [{"label": _("Record the signatures"), "url": f"{editing.path(record)}/sign", "primary": True}]
    waits = [] if is_signed else [("alert-circle", _("Not signed yet: nothing of it may be carried out."))]
    return showing.show(
        record,
        record.project.property.address,
        change_orders.FIELDS,
        (
            (N_("Change order"), ("project_id", "items", "amount", "extra_days", "remarks")),
            (
                N_("Signed on the paper by"),
                ("designer_signed_by", "foreman_signed_by", "pm_signed_by", "customer_signed_by", "signed_on"),
            ),
        ),
        meta=_links(record),
        actions=actions,
        notes=waits,
    )


@blueprint.route("/change-orders/<number>/sign", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def sign_change_order(number: str) -> ResponseReturnValue:
    """The four signatures: money and finish move with them."""

    def find() -> ChangeOrder:
        return find_or_404(ChangeOrder, number, HOMES[ChangeOrder])

    record, form = find(), forms.SignForm()

    def act(writing: Session, fresh: ChangeOrder) -> None:
        change_orders.sign(writing, fresh, form.to_command(), actor=g.user, at=clock.now())

    return editing.change(form, showing.sheet(_("Record the signatures"), record, "change-orders"), find, act)


@blueprint.get("/safety-notices/<number>")
@requires(P.PROJECT_VIEW)
def safety_notice(number: str) -> ResponseReturnValue:
    """A hazard: who removes it until when, and what the recheck found."""
    record = find_or_404(SafetyNotice, number, (*HOMES[SafetyNotice], joinedload(SafetyNotice.responsible)))
    actions = []
    if not record.is_removed and may(g.user, P.PROJECT_EDIT):
        actions = [{"label": _("Record the recheck"), "url": f"{editing.path(record)}/recheck", "primary": True}]
    return showing.show(
        record,
        record.project.property.address,
        milestones.HAZARD_FIELDS,
        (
            (N_("Safety notice"), ("project_id", "found_on", "hazard", "responsible_id", "limit_on")),
            (N_("Recheck"), ("is_removed", "rechecked_on", "recheck", "remarks")),
        ),
        meta=_links(record),
        actions=actions,
    )


@blueprint.route("/safety-notices/<number>/recheck", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def recheck_safety_notice(number: str) -> ResponseReturnValue:
    """Somebody looked again."""

    def find() -> SafetyNotice:
        return find_or_404(SafetyNotice, number, HOMES[SafetyNotice])

    record, form = find(), forms.RecheckForm()

    def act(writing: Session, fresh: SafetyNotice) -> None:
        milestones.recheck(writing, fresh, form.to_command(), actor=g.user, at=clock.now())

    return editing.change(form, showing.sheet(_("Record the recheck"), record, "safety-notices"), find, act)
