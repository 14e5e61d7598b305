"""What a penalty rests on, as people read it: facts and moments as they were when it was proposed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from blueprints.records import showing
from portal import formatting
from portal.i18n import N_, Text, _
from portal.models.penalty import PenaltyEntry
from portal.models.reward import RewardEntry
from portal.paths import record_path
from portal.processes.pre_acceptance import Absent

LABELS: dict[str, Text] = {
    "what": N_("What was seen", "evidence"),
    "seen_by": N_("Proposed by"),
    "record": N_("Source record", "evidence"),
    "clock": N_("Deadline"),
    "started_at": N_("Clock started", "export"),
    "due_at": N_("Due", "evidence"),
    "found_at": N_("Missed, found at"),
    "calendar": N_("Version of the calendar", "evidence"),
    "repair": N_("Repair", "record"),
    "review": N_("Drawing review"),
    "round": N_("Round", "evidence"),
    "reviewed_at": N_("Decided at"),
    "score": N_("Score", "evidence"),
    "pass_score": N_("Pass mark", "evidence"),
    "findings": N_("Findings", "evidence"),
    "code": N_("Code", "catalogue"),
    "title": N_("Finding", "evidence"),
    "count": N_("How many", "evidence"),
    "points": N_("Points", "evidence"),
    "place": N_("Place", "evidence"),
    "signed_on": N_("Contract signed on", "evidence"),
    "pre_acceptance": N_("Pre-acceptance", "evidence"),
    "inspections": N_("Inspections", "evidence"),
    "number": N_("Number"),
    "inspected_at": N_("Inspected at", "evidence"),
    "inspector": N_("Inspector"),
    "notices": N_("Rectification notices"),
    "limit_on": N_("To be rectified by"),
    "reported_at": N_("Said to be done at"),
    "absent": N_("Absent", "evidence"),
    "failed": N_("Not in order", "evidence"),
    "project_manager": N_("Project manager"),
    "contract": N_("Contract"),
    "amount": N_("Amount", "evidence"),
    "project": N_("Project"),
    "customer": N_("Customer"),
    "address": N_("Address"),
    "symptom": N_("Symptom"),
    "designer": N_("Designer"),
    "crew": N_("Crew"),
    "foreman": N_("Foreman"),
    "captain": N_("Repair captain"),
}
"""What the facts of evidence are called; a fact of another name is shown under its own."""
HIDDEN = frozenset({"breach", "title"})


def table(entry: PenaltyEntry | RewardEntry) -> showing.Table:
    """The evidence of a penalty or a reward, line by line; the record leads to its page."""
    lines: list[list[Any]] = []
    for name, value in entry.evidence.items():
        if name in HIDDEN or value in (None, "", [], {}):
            continue
        lines.append([str(LABELS.get(name, name)), _cell(entry, name, value)])
    head = [(_("Evidence"), ""), (_("As it was when proposed"), "fill wrap")]
    return showing.Table(
        _("Evidence"),
        head,
        lines,
        _("Nothing more was noted."),
        foot=_rule(entry) if isinstance(entry, PenaltyEntry) else [],
    )


def _rule(entry: PenaltyEntry) -> list[str]:
    """The line of the catalogue as it was then, and where it came from."""
    said = entry.rule_said
    if said.get("offence") is None:
        return []
    words = {"rule": entry.rule, "offence": str(entry.offence)}
    if said.get("edition"):
        return [_("%(rule)s in edition %(edition)s: %(offence)s", edition=said["edition"], **words)]
    return [_("%(rule)s as the papers say it (%(source)s): %(offence)s", source=said.get("source") or "", **words)]


def _cell(entry: PenaltyEntry | RewardEntry, name: str, value: Any) -> Any:
    if name == "clock":
        return f"{value} {_(entry.evidence.get('title') or '')}".strip()
    if name == "amount":
        return formatting.money(value)
    if value == entry.record_number:
        return (value, record_path(entry.record_kind, value))
    return _text(value)


def _text(value: Any) -> str:
    """Moments and days in the reader's words; a list in one line, of a small table each row in its own."""
    if isinstance(value, dict):
        return "，".join(
            f"{LABELS.get(key, key)} {Absent.show(part) if key == 'absent' else _text(part)}"
            for key, part in value.items()
            if part not in (None, [])
        )
    if isinstance(value, list):
        return ("\n" if any(isinstance(part, dict) for part in value) else "；").join(map(_text, value))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, str) and len(value) >= 19 and value[10:11] == "T":
        try:
            return formatting.stamp(datetime.fromisoformat(value))
        except ValueError:
            return value
    if isinstance(value, str) and len(value) == 10 and value[4:5] == "-":
        try:
            return formatting.full_date(date.fromisoformat(value))
        except ValueError:
            return value
    return str(value)
