"""Penalties that are proposed: the entry with its evidence. Rules: `portal/processes/penalty.py`."""

from __future__ import annotations

from datetime import datetime

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from blueprints.http import find_or_404, requires
from blueprints.records import blueprint, showing
from portal import formatting
from portal.db import session
from portal.i18n import N_, _, _p
from portal.models.org import Crew, Party
from portal.models.penalty import PenaltyEntry
from portal.paths import record_path
from portal.permissions import Permission
from portal.processes.penalty import RULES, Kind, State
from portal.services import penalties
from portal.services.fields import Field, link, money, term

P = Permission
FIELDS: dict[str, Field] = {
    "state": term(N_("State"), State),
    "crew_id": link(N_("Crew"), Crew),
    "party_id": link(N_("Person"), Party),
    "rule": Field(N_("By rule")),
    "kind": term(N_("Kind"), Kind),
    "amount": money(N_("Amount")),
    "occurrence_no": Field(N_("Time within a year")),
    "created_at": Field(N_("Proposed at")),
}
GROUPS = ((N_("Penalty"), tuple(FIELDS)),)


@blueprint.get("/penalties/<number>")
@requires(P.PENALTY_VIEW)
def penalty(number: str) -> ResponseReturnValue:
    """The penalty: whom, by which rule, and the evidence as it was when it was proposed."""
    record = find_or_404(PenaltyEntry, number, (joinedload(PenaltyEntry.crew), joinedload(PenaltyEntry.party)))
    rule = RULES.get(record.rule)
    since = penalties.met_since(session(), record)
    notes = []
    if since is not None and since.late_minutes == 0:
        notes.append(("info-circle", _("What was entered later says that the work was done within the limit.")))
    return showing.show(
        record,
        str(rule.offence) if rule else record.rule,
        FIELDS,
        GROUPS,
        meta=[(record.record_number, record_path(record.record_kind, record.record_number))],
        tables=[_evidence(record)],
        notes=notes,
    )


def _evidence(record: PenaltyEntry) -> showing.Table:
    said = record.evidence
    when = {name: formatting.stamp(datetime.fromisoformat(said[name])) for name in ("started_at", "due_at", "found_at")}
    lines = [
        (_("Deadline"), f"{said['clock']} {_(said['title'])}"),
        (_("Crew told at"), when["started_at"]),
        (_("Limit"), when["due_at"]),
        (_("Missed, found at"), when["found_at"]),
        (_p("record", "Repair"), (said["repair"], record_path(record.record_kind, said["repair"]))),
        (_("Address"), said["address"]),
        (_("Symptom"), said["symptom"]),
        (_("Crew"), said["crew"]),
        (_("Foreman"), said["foreman"] or formatting.DASH),
        (_("Repair captain"), said["captain"] or formatting.DASH),
    ]
    head = [(_("Evidence"), ""), (_("As it was when proposed"), "")]
    return showing.Table(_("Evidence"), head, [list(line) for line in lines], "")
