"""The help pages of the processes: everything on them comes from the `Process` objects and the settings in force."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.http import page, requires
from blueprints.records import blueprint
from portal import clock, flowchart, settings
from portal.db import session
from portal.errors import NotFound
from portal.explain.words import counting_text, limit_text
from portal.flowchart import Standing
from portal.i18n import N_, Text, _
from portal.listing.registry import LISTINGS
from portal.models.org import User
from portal.permissions import Permission, Role, may
from portal.processes.base import Deadline, Process, Transition
from portal.processes.registry import PROCESSES
from portal.services import calendars
from portal.services.setting_changes import PROVENANCE
from portal.services.standings import standings, standings_of

BY_CODE = {process.code.lower(): process for process in PROCESSES.values()}

AUDIENCES = {
    "owner": N_("owner of the record", "audience"),
    "applicant": N_("applicant", "audience"),
    "captain": N_("repair captain", "audience"),
    "customer_owner": N_("specialist of the customer", "audience"),
    "reviewers": N_("reviewers", "audience"),
    "inspectors": N_("inspectors", "audience"),
    "project_manager": N_("project manager", "audience"),
    "managers": N_("managers", "audience"),
    "specialists": N_("specialists", "audience"),
    "handlers": N_("everybody who works on it", "audience"),
    "department": N_("responsible department", "audience"),
}


@dataclass(frozen=True, slots=True)
class StepRow:
    """One line of the table of steps."""

    id: str
    label: Text
    sources: list[Text]
    target: Text
    roles: list[Text]
    conditions: list[Text]
    required: list[Text | str]
    effects: list[str]
    source: str


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One line of the table of deadlines, with the limit that counts now."""

    code: str
    label: Text
    starts: list[Text]
    met: list[Text]
    limit: str
    cap: str
    counting: str
    provenance: Text
    is_changed: bool
    answers: Text
    told: list[Text]


@dataclass(frozen=True, slots=True)
class Overview:
    """One process in the index."""

    process: Process
    url: str
    states: int
    open: int | None
    late: int


@blueprint.get("/processes")
@requires(Permission.HOME)
def processes() -> ResponseReturnValue:
    """All processes that the portal carries out, with what is open in them now."""
    seen = [process for process in PROCESSES.values() if sees(process, g.user)]
    standing = standings_of(session(), g.user, seen, at=clock.now())
    found = []
    for code, process in BY_CODE.items():
        now = standing.get(process.kind)
        is_open = [] if now is None else [now[s.code] for s in process.states if not s.final and s.code in now]
        found.append(
            Overview(
                process,
                f"/records/processes/{code}",
                len(process.states),
                None if now is None else sum(item.count for item in is_open),
                sum(item.late for item in (now or {}).values()),
            )
        )
    return page("records/processes/index.html", overviews=found)


@blueprint.get("/processes/<code>")
@requires(Permission.HOME)
def process(code: str) -> ResponseReturnValue:
    """One process: its chart with what stands where now, its states, steps, deadlines, and who may do what."""
    found = BY_CODE.get(code)
    if found is None:
        raise NotFound()
    current, at = session(), clock.now()
    now = standing_of(found, g.user, at)
    chart = flowchart.render_svg(
        found,
        now,
        limits={item.code: limit_of(current, item) for item in found.deadlines},
        state_url=(lambda state: list_url(found, state)) if now is not None else None,
        links_steps=True,
    )
    return page(
        "records/processes/show.html",
        process=found,
        chart=chart,
        standings=now,
        open_count=sum(now[state.code].count for state in found.states if not state.final and state.code in now)
        if now is not None
        else None,
        late_count=sum(item.late for item in now.values()) if now is not None else 0,
        state_urls={state.code: list_url(found, state.code) for state in found.states} if now is not None else {},
        list_path=f"/records/{found.kind}" if now is not None else "",
        steps=[step_row(found, step) for step in found.transitions],
        clocks=[clock_row(current, found, item) for item in found.deadlines],
        matrix=[(step, [may(role, step.permission) for role in Role]) for step in found.transitions],
        roles=list(Role),
    )


def standing_of(process: Process, user: User, at: datetime) -> dict[str, Standing] | None:
    """What stands where, for those who may see the records at all; None for everybody else."""
    return standings(session(), user, process, at=at) if sees(process, user) else None


def sees(process: Process, user: User) -> bool:
    """Whether the person may see records of the process at all."""
    listing = LISTINGS.get(process.kind)
    return listing is not None and may(user, listing.permission)


def list_url(process: Process, state: str) -> str:
    """The list of the records that stand in a state."""
    return f"/records/{process.kind}?{urlencode({'filter': f'state.{state}'})}"


def limit_of(session: Session, item: Deadline) -> str:
    """The limit in force, as people read it: `24 小时`, or which date it is."""
    if item.due_words is not None:
        return str(item.due_words)
    return limit_text(calendars.limit(session, item.setting, item.clock_setting))


def step_row(process: Process, step: Transition) -> StepRow:
    """What the table of steps says of one."""
    labels = {state.code: state.label for state in process.states}
    return StepRow(
        flowchart.step_id(step),
        step.label,
        [state.label for state in process.states if state.code in step.sources],
        labels[step.target],
        [role.label for role in Role if may(role, step.permission)],
        [guard.label for guard in step.guards],
        [process.field_labels.get(name, name) for name in step.required],
        list(_effects(process, step)),
        step.source_note,
    )


def _effects(process: Process, step: Transition) -> list[str]:
    said = []
    started = process.deadlines_started(step)
    for item in process.deadlines:
        if step.target in item.met_by and step.action not in item.not_met_by and step.sources and item not in started:
            if step.sources & item.starts:
                said.append(_("%(code)s is met", code=item.code))
        elif step.target in item.cancelled_by and step.sources & item.starts:
            said.append(_("%(code)s is cancelled", code=item.code))
    said += [_("%(code)s starts: %(task)s", code=item.code, task=item.label) for item in started]
    if step.notify:
        told = "、".join(str(AUDIENCES[name]) for name in step.notify)
        said.append(_("Told: %(audience)s", audience=told))
    if step.on_behalf:
        said.append(_("Recorded on behalf of others, with person, time and scan"))
    return said


def clock_row(session: Session, process: Process, item: Deadline) -> ClockRow:
    """What the table of deadlines says of one."""
    labels = {state.code: state.label for state in process.states}
    order = [state.code for state in process.states]
    limit = calendars.limit(session, item.setting, item.clock_setting) if item.due_field is None else None
    setting = settings.SETTINGS[item.setting]
    return ClockRow(
        item.code,
        item.label,
        [labels[code] for code in order if code in item.starts],
        [labels[code] for code in order if code in item.met_by],
        limit_of(session, item),
        limit_text(calendars.limit(session, item.cap_setting, item.clock_setting)) if item.cap_setting else "",
        counting_text(limit) if limit is not None else _("Nothing is counted: the date itself."),
        PROVENANCE[setting.provenance],
        settings.get(session, item.setting) != setting.default,
        AUDIENCES[item.responsible],
        [AUDIENCES[name] for name in item.overdue_also],
    )
