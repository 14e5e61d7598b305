"""Pre-acceptances: putting one on the list, its page, its steps. Rules: `portal/processes/pre_acceptance.py`."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, g, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload, selectinload

from blueprints.http import find_or_404, get_or_404, page, requires, see_other
from blueprints.records import blueprint, editing, showing
from blueprints.records.pre_acceptance_forms import (
    STEP_FORMS,
    TRADES,
    EntryForm,
    TradesForm,
    ticked_trades,
    trade_choices,
    week_text,
)
from blueprints.records.steps import StepPages
from portal import clock, formatting
from portal.db import session, transaction
from portal.errors import Invalid, Stale
from portal.i18n import N_, _, _p
from portal.models.org import Party, User
from portal.models.pre_acceptance import Inspection, PreAcceptance
from portal.models.project import Project
from portal.permissions import Permission, may
from portal.processes.pre_acceptance import OPEN, PROCESS, Absent, NoticeState, Result, State
from portal.services import inspections, maps, pre_acceptances, projects, requests, tasks
from portal.services.fields import Field, link, term
from portal.shell import INSPECTIONS_ON_SITE

P = Permission
PATH = "/pre-acceptances/<number>"
L = PROCESS.field_labels
NAMED = (
    joinedload(PreAcceptance.customer),
    joinedload(PreAcceptance.project).joinedload(Project.property),
    joinedload(PreAcceptance.project_manager),
    joinedload(PreAcceptance.foreman),
    joinedload(PreAcceptance.supervisor),
    joinedload(PreAcceptance.owner),
    joinedload(PreAcceptance.inspector),
    joinedload(PreAcceptance.week),
    selectinload(PreAcceptance.inspections).joinedload(Inspection.inspector),
    selectinload(PreAcceptance.inspections).selectinload(Inspection.items),
    selectinload(PreAcceptance.notices),
)
"""Everything the page names, in few questions to the database."""

FIELDS: dict[str, Field] = {
    "project_id": link(N_("Project"), Project),
    "project_manager_id": link(L["project_manager"], Party),
    "foreman_id": link(L["foreman"], Party),
    "replaced_foreman_id": link(N_("Replaced foreman"), Party),
    "supervisor_id": link(L["supervisor"], Party),
    "owner_id": link(N_("Owner", "record"), User),
    "inspector_id": pre_acceptances.FIELDS["inspector_id"],
    "listed_at": Field(L["listed_at"]),
    "is_late": Field(N_("After the list was closed (DL-17)")),
    "admitted_at": Field(N_("Admitted by the manager")),
    "scheduled_at": Field(L["scheduled_at"]),
    "parties_told_at": Field(N_("Project manager and foreman told")),
    "cycle": Field(N_("Which foreman"), str),
    "round_no": Field(N_("Which inspection"), str),
    "absent": term(L["absent"], Absent),
    "trades": pre_acceptances.FIELDS["trades"],
    "passed_at": Field(N_("Passed at")),
    "reason": Field(L["reason"]),
    "remarks": Field(L["remarks"]),
}
ONLY_IF_SO = frozenset({"is_late", "admitted_at", "replaced_foreman_id", "absent", "passed_at", "reason", "remarks"})
GROUPS = (
    (N_("List and dates"), ("listed_at", "is_late", "admitted_at", "scheduled_at", "parties_told_at", "round_no", "passed_at", "reason")),
    (N_("People"), ("inspector_id", "project_manager_id", "foreman_id", "replaced_foreman_id", "supervisor_id", "owner_id", "absent")),
    (N_("Works"), ("project_id", "trades", "remarks")),
)  # fmt: skip


@blueprint.get(PATH)
@requires(P.PREACCEPT_VIEW)
def pre_acceptance(number: str) -> ResponseReturnValue:
    """The pre-acceptance: its dates, people, inspections and notices."""
    record = find_or_404(PreAcceptance, number, NAMED)
    return showing.show(
        record,
        f"{record.customer.name} · {record.project.property.address}",
        FIELDS,
        tuple(
            (heading, tuple(name for name in names if name not in ONLY_IF_SO or getattr(record, name)))
            for heading, names in GROUPS
        ),
        meta=[
            (record.project.number, editing.path(record.project)),
            (_("Week %(week)s", week=week_text(record.week.week_from)), week_url(record.week.week_from)),
        ],
        smart=_smart(record),
        actions=_actions(record),
        tables=[_inspections(record), *_notices(record)],
        notes=_remarks(record),
        household_url=f"{editing.path(record.customer)}/household",
    )


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.PREACCEPT_VIEW)
def pre_acceptance_step(number: str, action: str) -> ResponseReturnValue:
    """One step: its form, and carrying it out."""
    return STEPS.show(number, action)


@blueprint.post(f"{PATH}/told")
@requires(P.PREACCEPT_WORK)
def pre_acceptance_told(number: str) -> ResponseReturnValue:
    """Project manager and foreman were told by telephone."""
    with transaction() as writing:
        pre_acceptances.record_told(writing, _find(number), actor=g.user, at=clock.now())
    flash(_("Noted: they were told."), "done")
    back = request.form.get("next", "")
    return see_other(back if back.startswith("/records/pre-acceptances/") else editing.path(_find(number)))


@blueprint.route(f"{PATH}/trades", methods=["GET", "POST"])
@requires(P.PREACCEPT_WORK)
def pre_acceptance_trades(number: str) -> ResponseReturnValue:
    """Which trades the project has."""
    record, form, status = _find(number), TradesForm(), 200
    form.trades.choices = trade_choices()
    if not form.is_submitted():
        form.trades.data = [place for place, trade in enumerate(TRADES, 1) if trade in record.trades]
    elif form.validate():
        try:
            with transaction() as writing:
                fresh = _find(number)
                if form.version.data != str(fresh.version):
                    raise Stale()
                trades = ticked_trades(form.trades.data)
                pre_acceptances.change_trades(writing, fresh, trades, actor=g.user, at=clock.now())
            return see_other(editing.path(record))
        except Stale as refusal:
            form.form_errors, status, record = [str(refusal)], 409, _find(number)
    form.version.data = str(record.version)
    form.version.raw_data = None
    return page(
        "records/pre_acceptances/trades.html",
        fragment="form",
        status=status if status != 200 else form.status,
        form=form,
        record=record,
        path=editing.path(record),
    )


@blueprint.route("/pre-acceptances/new", methods=["GET", "POST"])
@requires(P.PREACCEPT_LIST)
def new_pre_acceptance() -> ResponseReturnValue:
    """Put a project on engineering's list of a week."""
    chosen = None
    if number := request.args.get("project"):
        chosen = get_or_404(projects.visible_to(g.user), Project.number == number)
    form = EntryForm()
    week_from = read_week(request.args.get("week")) or pre_acceptances.next_week(clock.now())
    form.prepare(g.user, chosen, week_from)
    if not form.is_submitted():
        form.client_key.data = requests.new_key()
    elif form.validate():
        try:
            return see_other(_list(form))
        except Invalid as refusal:
            form.take(refusal)
    return page(
        "records/pre_acceptances/new.html", fragment="form", status=form.status, form=form, back=week_url(week_from)
    )


# ---------- Parts ----------


def week_url(week_from: date) -> str:
    """The list of a week."""
    return f"/records/pre-acceptances/week?week={week_from.isoformat()}"


def read_week(given: str | None) -> date | None:
    """The Monday of the week of a day as an address has it; None: it cannot be read."""
    try:
        day = date.fromisoformat((given or "").strip())
    except ValueError:
        return None
    return pre_acceptances.monday_of(day) if 2000 < day.year < 2100 else None


def _find(number: str) -> PreAcceptance:
    return find_or_404(PreAcceptance, number)


def _list(form: EntryForm) -> str:
    at = clock.now()
    with transaction() as writing:

        def act() -> str:
            project = get_or_404(projects.visible_to(g.user), Project.id == form.project.data)
            command = form.to_command(writing, project)
            made = pre_acceptances.list_project(writing, command, actor=g.user, at=at)
            return week_url(made.week.week_from)

        return requests.once(
            writing, user=g.user, key=form.client_key.data, content=request.form.to_dict(flat=False), at=at, act=act
        )


def _smart(record: PreAcceptance) -> list[dict[str, Any]]:
    address = record.project.property.address
    return [{"url": maps.url(session(), address), "icon": "map-pin", "count": "", "label": _("Map")}]


def _actions(record: PreAcceptance) -> list[dict[str, Any]]:
    if not may(g.user, P.PREACCEPT_WORK):
        return []
    found: list[dict[str, Any]] = []
    if pre_acceptances.may_inspect_now(record):
        label = _("Go on with the inspection") if record.running else _("Begin the inspection")
        url = INSPECTIONS_ON_SITE.records + inspections.next_number(record)
        found.append({"label": label, "url": url, "primary": True, "icon": "clipboard-check"})
    waiting = {pre_acceptances.TELL_DATE.message, pre_acceptances.TELL_NOTICE.message}
    if any(task.title in waiting for task in tasks.open_of(session(), record)):
        url = f"{editing.path(record)}/told"
        found.append({"label": _("They were told"), "url": url, "method": "post", "icon": "phone"})
    if record.state in OPEN:
        found.append({"label": _("Trades"), "url": f"{editing.path(record)}/trades", "icon": "tools", "quiet": True})
    return found


def _remarks(record: PreAcceptance) -> list[tuple[str, str]]:
    if record.state == State.LISTED and record.is_late and record.admitted_at is None:
        day = formatting.full_date(record.earliest_on)
        return [("clock", _("Handed in late: it waits until %(day)s unless the manager admits it (DL-17).", day=day))]
    if record.absent is not None:
        who = Absent.show(record.absent)
        return [("alert-triangle", _("The inspection was not held, absent: %(who)s. The manager decides.", who=who))]
    return []


def _inspections(record: PreAcceptance) -> showing.Table:
    rows = [
        [
            (held.number, editing.path(held)),
            formatting.stamp(held.inspected_at),
            _("No. %(round)s", round=held.round_no),
            held.inspector.name,
            len(held.failed) or formatting.DASH,
            Result.show(held.result) if held.result else _("Being held"),
        ]
        for held in record.inspections
    ]
    head = [
        (_("Number"), "cell-title"), (str(L["inspected_at"]), "num"), (_("Which inspection"), ""), (_("Inspector"), ""),
        (_("Not in order"), "num"), (_p("inspection", "Result"), "cell-foot"),
    ]  # fmt: skip
    return showing.Table(_("Inspections"), head, rows, _("Not inspected yet."))


def _notices(record: PreAcceptance) -> list[showing.Table]:
    if not record.notices:
        return []
    rows = [
        [
            (notice.number, editing.path(notice)),
            formatting.full_date(notice.limit_on),
            formatting.stamp(notice.recheck_at),
            NoticeState.show(notice.state),
        ]
        for notice in record.notices
    ]
    head = [
        (_("Number"), "cell-title"), (str(L["limit_on"]), "num"), (str(L["recheck_at"]), "num"),
        (_("State"), "cell-foot"),
    ]  # fmt: skip
    return [showing.Table(_("Rectification notices"), head, rows, "")]


STEPS = StepPages(
    find=_find,
    forms=STEP_FORMS,
    kinds=N_("Pre-acceptances"),
    heading=lambda record: (record.customer.name, record.project.property.address),
    shows_waiting_clocks=False,
)
assert {str(step.action) for step in PROCESS.transitions if step.sources and not step.automatic} == set(STEP_FORMS)
