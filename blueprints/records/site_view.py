"""What stands of the site on the page of a project: the strip of its milestones, what is missing, the tab with the rest."""

from __future__ import annotations

from typing import Any

from flask import g

from blueprints.records import editing, showing
from portal import clock, formatting, settings
from portal.db import session
from portal.i18n import _, _p, ngettext
from portal.models.follow_up import FollowUpCall
from portal.models.milestone import ContactChannel, StageKind, StageResult, SupervisorVisitKind
from portal.models.project import Project
from portal.permissions import Permission, may
from portal.processes import change_order
from portal.processes.follow_up import CallStage
from portal.services import call_plan, change_orders, milestones, site_progress
from portal.services.site_progress import Mark

P = Permission


def strip(record: Project) -> dict[str, Any]:
    """The milestones with their words, what is missing, and the mid-term money that waits."""
    at = clock.now()
    due = site_progress.mid_due(session(), record)
    return {
        "marks": [_shown(mark) for mark in site_progress.strip(session(), record, at)],
        "lacks": site_progress.missing(session(), record, at),
        "money": formatting.money(due) if due and may(g.user, P.CONTRACT_VIEW) else "",
    }


def _shown(mark: Mark) -> dict[str, str]:
    return {
        "label": str(mark.milestone.label),
        "state": mark.state,
        "planned": formatting.day(mark.planned_on) if mark.planned_on else "",
        "actual": formatting.day(mark.actual_on) if mark.actual_on else "",
        "said": _said(mark),
    }


def _said(mark: Mark) -> str:
    if mark.state == "failed":
        return _("failed, to be looked at again")
    if mark.days_late is None:
        return _p("milestone", "next") if mark.state == "next" else ""
    if mark.days_late == 0:
        return _("on the day")
    if mark.days_late < 0:
        return ngettext("%(num)s day early", "%(num)s days early", -mark.days_late)
    late = ngettext("%(num)s day late", "%(num)s days late", mark.days_late)
    return late if mark.actual_on else _("%(late)s so far", late=late)


# ---------- The tab ----------


def tables(record: Project) -> list[showing.Table]:
    """Acceptances, changes, delays, reports, the supervisor's visits, hazards, open days; each with its way to a new one."""
    base = editing.path(record) if may(g.user, P.PROJECT_EDIT) else ""
    is_building = record.stage in milestones.BUILDING
    site = base if is_building else ""
    changes = base if record.stage in change_order.OPEN else ""
    found = [
        *([_calls(record)] if may(g.user, P.FOLLOW_UP_VIEW) else []),
        _stages(record, site),
        _changes(record, changes),
        _delays(record, changes),
        _reports(record, site),
        _visits(record, site),
        _hazards(record, site),
        _open_days(record, base if record.visit_allowed else ""),
    ]
    return [table for table in found if table.rows or table.url]


def _new(base: str, where: str, label: str) -> tuple[str, str]:
    return (f"{base}/{where}/new", label) if base else ("", "")


def _signed(*names: str | None) -> str:
    return "、".join(name for name in names if name) or formatting.DASH


def _calls(record: Project) -> showing.Table:
    """When the customer is called about which stage; what was said stands on the calls, for those who may read them."""
    head = [(_("Call about"), ""), (_("Expected on"), "num"), (_("Window from"), "num"), (_("Due"), "num")]
    head += [(_("Called at"), "num"), (_("State"), "cell-foot")]
    rows = [
        [
            CallStage.show(call.stage) + (f" · {call.remarks}" if call.remarks else ""),
            *(
                formatting.full_date(day) if day else formatting.DASH
                for day in (call.expected_on, call.window_from, call.due_on)
            ),
            formatting.moment(call.called_at) if call.called_at else formatting.DASH,
            str(FollowUpCall.PROCESS.state(call.state).label),
        ]
        for call in call_plan.calls_of(session(), record)
    ]
    return showing.Table(_("Plan of calls"), head, rows, _("No call is planned."))


def _stages(record: Project, base: str) -> showing.Table:
    head = [(_("Number"), ""), (_("Stage of the works"), ""), (_("Part of the home"), "fill")]
    head += [(_("Accepted on"), "num"), (_("Signed by"), ""), (_p("stage", "Result"), "cell-foot")]
    rows = [
        [
            (one.number, editing.path(one)),
            StageKind.show(one.stage),
            one.place,
            formatting.full_date(one.held_on),
            _signed(one.customer_signed_by, one.supervisor_signed_by, one.pm_signed_by, one.foreman_signed_by),
            StageResult.show(one.result),
        ]
        for one in milestones.stages_of(session(), record)
    ]
    new = _new(base, "stage-acceptances", _("Record an acceptance"))
    return showing.Table(_("Stage acceptances"), head, rows, _("No stage was accepted yet."), *new)


def _changes(record: Project, base: str) -> showing.Table:
    head = [(_("Number"), ""), (_("Added and left out"), "fill"), (_("More or less (yuan)"), "num")]
    head += [(_("Extra days"), "num"), (_("Signed on"), "num"), (_("State"), "cell-foot")]
    rows = [
        [
            (one.number, editing.path(one)),
            one.title,
            formatting.money(one.amount),
            one.extra_days,
            formatting.full_date(one.signed_on) if one.signed_on else formatting.DASH,
            str(one.PROCESS.state(one.state).label),
        ]
        for one in change_orders.of_project(session(), record)
    ]
    new = _new(base, "change-orders", _("Write a change order"))
    return showing.Table(_("Change orders"), head, rows, _("Nothing was changed."), *new)


def _delays(record: Project, base: str) -> showing.Table:
    head = [(_("Number"), ""), (_("Cause"), "fill"), (_("Days"), "num"), (_("Signed by"), ""), (_("Signed on"), "num")]
    head.append((_("State"), "cell-foot"))
    rows = [
        [
            (one.number, editing.path(one)),
            one.cause,
            one.days,
            one.customer_signed_by or formatting.DASH,
            formatting.full_date(one.signed_on) if one.signed_on else formatting.DASH,
            str(one.PROCESS.state(one.state).label),
        ]
        for one in change_orders.delays_of(session(), record)
    ]
    new = _new(base if record.planned_finish_on else "", "delays", _("Record a delay"))
    return showing.Table(_p("works", "Delays"), head, rows, _("No delay was agreed."), *new)


def _reports(record: Project, base: str) -> showing.Table:
    head = [
        (_p("works", "Told at"), "num"),
        (_("Channel"), ""),
        (_("Progress"), "fill"),
        (_("What the customer said"), "fill"),
    ]
    rows = [
        [
            (formatting.moment(one.told_at), editing.path(one)),
            ContactChannel.show(one.channel),
            one.progress,
            one.customer_words or formatting.DASH,
        ]
        for one in milestones.reports_of(session(), record)[: showing.MOST_RELATED]
    ]
    new = _new(base, "weekly-reports", _("Record a report"))
    return showing.Table(_("Weekly reports to the customer"), head, rows, _("No report yet."), *new)


def _visits(record: Project, base: str) -> showing.Table:
    found = milestones.visits_of(session(), record)
    count = milestones.counted(found)
    foot = [
        _("Contacts: %(count)s of %(least)s", count=count[SupervisorVisitKind.CONTACT],
          least=settings.get(session(), "supervisor_contacts")),
        _("Obligatory visits: %(count)s of %(least)s", count=count[SupervisorVisitKind.VISIT],
          least=settings.get(session(), "supervisor_visits")),
    ]  # fmt: skip
    head = [(_p("day", "On"), "num"), (_("Counts as"), ""), (_("What was found or said"), "fill")]
    rows = [
        [(formatting.full_date(one.held_on), editing.path(one)), SupervisorVisitKind.show(one.kind), one.what]
        for one in found
    ]
    new = _new(base, "supervisor-visits", _("Count a visit"))
    title = _("Contacts and visits of the supervisor")
    return showing.Table(title, head, rows, _("Nothing was counted yet."), *new, foot)


def _hazards(record: Project, base: str) -> showing.Table:
    head = [(_("Number"), ""), (_("Hazard"), "fill"), (_("Responsible"), ""), (_("To be removed by"), "num")]
    head.append((_("State"), "cell-foot"))
    rows = [
        [
            (one.number, editing.path(one)),
            one.hazard,
            one.responsible.name,
            formatting.full_date(one.limit_on),
            str(one.PROCESS.state(one.state).label),
        ]
        for one in milestones.hazards_of(session(), record)
    ]
    new = _new(base, "safety-notices", _("Write a safety notice"))
    return showing.Table(_("Safety notices"), head, rows, _("No hazard is known."), *new)


def _open_days(record: Project, base: str) -> showing.Table:
    head = [(_p("day", "On"), "num"), (_("Customers invited"), "fill"), (_("Who came, and what they said"), "fill")]
    rows = [
        [(formatting.full_date(one.held_on), editing.path(one)), one.invited, one.attended or formatting.DASH]
        for one in milestones.open_days_of(session(), record)
    ]
    new = _new(base, "open-days", _("Record an open day"))
    return showing.Table(_("Open days"), head, rows, _("The site was not shown yet."), *new)
