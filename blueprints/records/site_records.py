"""The pages of what happens on a site and has a number of its own, and the steps of those that have states."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, joinedload

from blueprints.forms import LocalDateField, NameField, TextField
from blueprints.http import find_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms import site as forms
from blueprints.records.steps import Desk, StepForm, StepPages
from portal import clock, formatting, visibility
from portal.db import session
from portal.i18n import N_, _
from portal.models.milestone import (
    ChangeOrder,
    DelayNotice,
    OpenDay,
    SafetyNotice,
    StageAcceptance,
    StageResult,
    SupervisorVisit,
    WeeklyReportToCustomer,
)
from portal.models.org import Party
from portal.models.project import Project
from portal.permissions import Permission, may
from portal.processes import change_order as change_rules
from portal.processes import delay_notice as delay_rules
from portal.processes import safety_notice as hazard_rules
from portal.services import change_orders, milestones

P = Permission
C, D, H = (rules.PROCESS.field_labels for rules in (change_rules, delay_rules, hazard_rules))
HOMES: dict[type[Any], tuple[Any, ...]] = {
    model: (joinedload(model.customer), joinedload(model.project).joinedload(Project.property))
    for model in (StageAcceptance, ChangeOrder, DelayNotice, SafetyNotice, WeeklyReportToCustomer, SupervisorVisit)
}
HOMES[SafetyNotice] = (*HOMES[SafetyNotice], joinedload(SafetyNotice.responsible))
NOT_SIGNED = N_("Not signed yet: nothing of it may be carried out.")
FINISH_STAYS = N_("Not signed yet: the finish stays where it is.")


def _links(record: Any) -> list[tuple[str, str]]:
    return [
        (record.customer.name, editing.path(record.customer)),
        (record.project.number, editing.path(record.project)),
    ]


def _said(record: Any, *names: str) -> tuple[str, ...]:
    """The fields that say something."""
    return tuple(name for name in names if getattr(record, name) not in (None, ""))


# ---------- Stages ----------

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


# ---------- Change orders and delays ----------


@blueprint.get("/change-orders/<number>")
@requires(P.PROJECT_VIEW)
def change_order(number: str) -> ResponseReturnValue:
    """A change order: what, how much, who signed."""
    record = find_or_404(ChangeOrder, number, HOMES[ChangeOrder])
    return showing.show(
        record,
        record.project.property.address,
        change_orders.FIELDS,
        (
            (N_("Change order"), ("project_id", "items", "amount", "extra_days", *_said(record, "withdrawn_why"), "remarks")),
            (
                N_("Signed on the paper by"),
                ("designer_signed_by", "foreman_signed_by", "pm_signed_by", "customer_signed_by", "signed_on"),
            ),
        ),
        meta=_links(record),
        wide=("items", "withdrawn_why", "remarks"),
        notes=[("alert-circle", str(NOT_SIGNED))] if record.state == change_rules.State.PROPOSED else [],
    )  # fmt: skip


@blueprint.get("/delays/<number>")
@requires(P.PROJECT_VIEW)
def delay_notice(number: str) -> ResponseReturnValue:
    """A delay form: by how many days the finish moves, why, and whether the customer signed."""
    record = find_or_404(DelayNotice, number, HOMES[DelayNotice])
    return showing.show(
        record,
        record.project.property.address,
        change_orders.DELAY_FIELDS,
        (
            (
                N_("Delay", "works"),
                ("project_id", "days", *_said(record, "stop_id"), "cause", *_said(record, "withdrawn_why", "remarks")),
            ),
            (N_("Signed on the paper by"), ("customer_signed_by", "signed_on")),
        ),
        meta=_links(record),
        wide=("cause", "withdrawn_why", "remarks"),
        notes=[("alert-circle", str(FINISH_STAYS))] if record.state == delay_rules.State.PROPOSED else [],
    )


class SignForm(StepForm):
    """The four signatures under a change order."""

    designer_signed_by = NameField(C["designer_signed_by"])
    foreman_signed_by = NameField(C["foreman_signed_by"])
    pm_signed_by = NameField(C["pm_signed_by"])
    customer_signed_by = NameField(C["customer_signed_by"])
    signed_on = LocalDateField(C["signed_on"], required=True)

    def prepare(self, desk: Desk) -> None:
        """Who signs as a rule: the people of the project, today."""
        if not self.is_submitted():
            project = desk.record.project
            self.designer_signed_by.data = _name(project.designer)
            self.foreman_signed_by.data = _name(project.foreman)
            self.pm_signed_by.data = _name(project.project_manager)
            self.customer_signed_by.data = project.customer.name
            self.signed_on.data = clock.today(desk.at)

    def to_command(self, desk: Desk) -> change_orders.Sign:
        """The command."""
        return change_orders.Sign(
            self.designer_signed_by.data,
            self.foreman_signed_by.data,
            self.pm_signed_by.data,
            self.customer_signed_by.data,
            self.signed_on.data,
        )


class SignDelayForm(StepForm):
    """The customer's signature under a delay form."""

    customer_signed_by = NameField(D["customer_signed_by"])
    signed_on = LocalDateField(D["signed_on"], required=True)

    def prepare(self, desk: Desk) -> None:
        """The customer, today."""
        if not self.is_submitted():
            self.customer_signed_by.data, self.signed_on.data = desk.record.customer.name, clock.today(desk.at)

    def to_command(self, desk: Desk) -> change_orders.SignDelay:
        """The command."""
        return change_orders.SignDelay(self.customer_signed_by.data, self.signed_on.data)


class WithdrawForm(StepForm):
    """Why it will not be signed."""

    withdrawn_why = TextField(C["withdrawn_why"], limit=1000, rows=3, required=True)

    def to_command(self, desk: Desk) -> change_orders.Withdraw:
        """The command."""
        return change_orders.Withdraw(self.withdrawn_why.data)


def _name(party: Party | None) -> str:
    return party.name if party else ""


def _heading(record: Any) -> tuple[str, str]:
    return record.customer.name, record.title


CHANGE_STEPS = StepPages(
    find=lambda number: find_or_404(ChangeOrder, number, HOMES[ChangeOrder]),
    forms={
        change_rules.Action.SIGN: (SignForm, change_orders.sign),
        change_rules.Action.WITHDRAW: (WithdrawForm, change_orders.withdraw),
    },
    kinds=N_("Change orders"),
    heading=_heading,
)
DELAY_STEPS = StepPages(
    find=lambda number: find_or_404(DelayNotice, number, HOMES[DelayNotice]),
    forms={
        delay_rules.Action.SIGN: (SignDelayForm, change_orders.sign_delay),
        delay_rules.Action.WITHDRAW: (WithdrawForm, change_orders.withdraw),
    },
    kinds=N_("Delays", "works"),
    heading=_heading,
)


@blueprint.route("/change-orders/<number>/steps/<action>", methods=["GET", "POST"])
@requires(P.PROJECT_VIEW)
def change_order_step(number: str, action: str) -> ResponseReturnValue:
    """One step of a change order: its form, and carrying it out."""
    return CHANGE_STEPS.show(number, action)


@blueprint.route("/delays/<number>/steps/<action>", methods=["GET", "POST"])
@requires(P.PROJECT_VIEW)
def delay_step(number: str, action: str) -> ResponseReturnValue:
    """One step of a delay form: its form, and carrying it out."""
    return DELAY_STEPS.show(number, action)


# ---------- Hazards ----------


@blueprint.get("/safety-notices/<number>")
@requires(P.PROJECT_VIEW)
def safety_notice(number: str) -> ResponseReturnValue:
    """A hazard: who removes it until when, and what the recheck found."""
    record = find_or_404(SafetyNotice, number, HOMES[SafetyNotice])
    return showing.show(
        record,
        record.project.property.address,
        milestones.HAZARD_FIELDS,
        (
            (N_("Safety notice"), ("project_id", "found_on", "hazard", "responsible_id", "limit_on")),
            (N_("Recheck"), ("rechecked_on", "recheck", "remarks")),
        ),
        meta=_links(record),
        wide=("hazard", "recheck", "remarks"),
    )


class RemoveForm(StepForm):
    """A recheck found the hazard gone."""

    rechecked_on = LocalDateField(H["rechecked_on"], required=True)
    recheck = TextField(H["recheck"], limit=2000, rows=3, required=True)

    def prepare(self, desk: Desk) -> None:
        """Today."""
        if not self.is_submitted():
            self.rechecked_on.data = clock.today(desk.at)

    def to_command(self, desk: Desk) -> Any:
        """The command."""
        return milestones.Remove(self.rechecked_on.data, self.recheck.data)


class ExtendForm(RemoveForm):
    """A recheck found the hazard still there."""

    limit_on = LocalDateField(N_("To be removed by, anew"), required=True)

    def to_command(self, desk: Desk) -> Any:
        """The command."""
        return milestones.Extend(self.rechecked_on.data, self.recheck.data, self.limit_on.data)


HAZARD_STEPS = StepPages(
    find=lambda number: find_or_404(SafetyNotice, number, HOMES[SafetyNotice]),
    forms={
        hazard_rules.Action.REMOVE: (RemoveForm, milestones.remove),
        hazard_rules.Action.EXTEND: (ExtendForm, milestones.extend),
    },
    kinds=N_("Safety notices"),
    heading=_heading,
)


@blueprint.route("/safety-notices/<number>/steps/<action>", methods=["GET", "POST"])
@requires(P.PROJECT_VIEW)
def safety_notice_step(number: str, action: str) -> ResponseReturnValue:
    """One step of a safety notice: its form, and carrying it out."""
    return HAZARD_STEPS.show(number, action)


# ---------- Words, visits, open days ----------


@blueprint.get("/weekly-reports/<number>")
@requires(P.PROJECT_VIEW)
def weekly_report(number: str) -> ResponseReturnValue:
    """What the project manager told the customer in a week, and what the customer said."""
    record = find_or_404(WeeklyReportToCustomer, number, HOMES[WeeklyReportToCustomer])
    said = ("progress", *_said(record, "quality", "safety", "next_week", "customer_words"))
    return showing.show(
        record,
        record.project.property.address,
        milestones.WEEK_FIELDS,
        (
            (N_("Weekly report to the customer"), ("project_id", "told_at", "channel", "by_id")),
            (N_("What was said"), said),
        ),
        meta=_links(record),
        wide=said,
    )


@blueprint.get("/supervisor-visits/<number>")
@requires(P.PROJECT_VIEW)
def supervisor_visit(number: str) -> ResponseReturnValue:
    """A contact or visit of the supervisor; the page of the customer service booklet is its file."""
    record = find_or_404(SupervisorVisit, number, HOMES[SupervisorVisit])
    return showing.show(
        record,
        record.project.property.address,
        milestones.VISIT_FIELDS,
        ((N_("Contact or visit of the supervisor"), ("project_id", "kind", "held_on", "by_id", "what")),),
        meta=_links(record),
        wide=("what",),
    )


@blueprint.get("/open-days/<number>")
@requires(P.PROJECT_VIEW)
def open_day(number: str) -> ResponseReturnValue:
    """An open day: its sites, who was invited, who came."""
    record = find_or_404(OpenDay, number)
    visible = visibility.visible_to(g.user, Project).where(Project.id.in_([site.id for site in record.sites]))
    sites = [
        [(site.number, editing.path(site)), site.customer.name, site.property.address]
        for site in session().scalars(
            visible.options(joinedload(Project.customer), joinedload(Project.property)).order_by(Project.id)
        )
    ]
    head = [(_("Number"), ""), (_("Customer"), "cell-title"), (_("Address"), "fill")]
    label = _("Change") if record.attended else _("Write down who came")
    edit = {"label": label, "url": f"{editing.path(record)}/edit", "icon": "pencil", "primary": True, "key": "e"}
    return showing.show(
        record,
        formatting.full_date(record.held_on),
        milestones.OPEN_DAY_FIELDS,
        ((N_("Open day"), ("held_on", "invited", "attended")),),
        wide=("invited", "attended"),
        actions=[edit] if may(g.user, P.PROJECT_EDIT) else [],
        tables=[showing.Table(_("Sites that are shown"), head, sites, _("None of the sites is yours to see."))],
    )


@blueprint.route("/open-days/<number>/edit", methods=["GET", "POST"])
@requires(P.PROJECT_EDIT)
def edit_open_day(number: str) -> ResponseReturnValue:
    """Write down who came and what they said."""
    form = forms.AttendanceForm()

    def act(writing: Session, fresh: OpenDay) -> None:
        milestones.note_attendance(
            writing,
            fresh,
            invited=form.invited.data,
            attended=form.attended.data,
            version=form.seen_version(),
            actor=g.user,
            at=clock.now(),
        )

    record = find_or_404(OpenDay, number)
    sheet = showing.sheet(_("Write down who came"), record, "open-days")
    return editing.change(form, sheet, lambda: find_or_404(OpenDay, number), act)
