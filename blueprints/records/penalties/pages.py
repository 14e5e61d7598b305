"""The page of a penalty: whom, by which rule, the evidence, what the ledger says. Rules: `portal/processes/penalty.py`."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload

from blueprints.http import find_or_404, requires
from blueprints.records import approval_tables, blueprint, showing
from blueprints.records.penalties import evidence
from portal import clock, formatting
from portal.db import session
from portal.i18n import N_, Text, _, _p
from portal.models.org import Crew, Department, Party, User
from portal.models.penalty import PenaltyEntry
from portal.models.reward import RewardEntry
from portal.paths import record_path
from portal.permissions import Permission
from portal.processes.penalty import PROCESS, SUSPENDS, Executor, Kind, State
from portal.services import penalty_ledger, penalty_misses
from portal.services.fields import Field, link, money, term

P = Permission
L = PROCESS.field_labels
NAMED = (
    joinedload(PenaltyEntry.crew),
    joinedload(PenaltyEntry.party),
    joinedload(PenaltyEntry.user),
    joinedload(PenaltyEntry.proposed_by),
    joinedload(PenaltyEntry.approved_by),
    joinedload(PenaltyEntry.confirmed_by),
    joinedload(PenaltyEntry.appeal_decided_by),
)
FIELDS: dict[str, Field] = {
    "crew_id": link(N_("Crew"), Crew),
    "party_id": link(N_("Person"), Party),
    "user_id": link(N_("Colleague"), User),
    "department": term(N_("Department"), Department),
    "offended_on": Field(N_("Day of the offence")),
    "rule": Field(N_("By rule")),
    "kind": term(L["kind"], Kind),
    "amount": money(N_("Amount")),
    "percent": Field(N_("Percent"), lambda value: f"{value.normalize():f} %"),
    "base": money(N_("Percent of")),
    "suspended_from": Field(L["suspended_from"]),
    "suspended_until": Field(L["suspended_until"]),
    "occurrence_no": Field(N_("Time within a year")),
    "is_ticket": Field(N_("Ticket written on site")),
    "proposed_by_id": link(N_("Proposed by"), User),
    "created_at": Field(N_("Proposed at")),
    "approved_by_id": link(N_("Decided by"), User),
    "approved_at": Field(N_("Approved at")),
    "confirmed_by_id": link(L["confirmed_by"], Party),
    "confirmed_at": Field(L["confirmed_at"]),
    "decision": Field(L["decision"]),
    "appeal_until": Field(N_("Appeal until")),
    "executor": term(L["executor"], Executor),
    "sent_at": Field(L["sent_at"]),
    "executed_at": Field(L["executed_at"]),
    "execution_note": Field(L["execution_note"]),
    "appeal": Field(L["appeal"]),
    "appealed_at": Field(L["appealed_at"]),
    "appeal_result": Field(L["appeal_result"]),
    "appeal_decided_by_id": link(N_("Appeal decided by"), User),
    "appeal_decided_at": Field(N_("Appeal decided at")),
}
PENALTY = ("offended_on", "rule", "kind", "occurrence_no", "department", "proposed_by_id", "created_at")
PARTS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (N_("Penalty"), ("crew_id", "party_id", "user_id", *PENALTY, "amount", "percent", "base", "suspended_from",
                     "suspended_until", "is_ticket")),
    (N_("Decision"), ("decision", "approved_by_id", "approved_at", "confirmed_by_id", "confirmed_at", "appeal_until")),
    (N_("Carrying out"), ("executor", "sent_at", "executed_at", "execution_note")),
    (N_("Appeal"), ("appeal", "appealed_at", "appeal_result", "appeal_decided_by_id", "appeal_decided_at")),
)  # fmt: skip
ALWAYS = frozenset(PENALTY)
"""Shown even where nothing is said; of the rest only what is there."""


@blueprint.get("/penalties/<number>")
@requires(P.PENALTY_VIEW)
def penalty(number: str) -> ResponseReturnValue:
    """The penalty: whom, by which rule, the evidence as it was when it was proposed, its lines in the ledger."""
    record = find_or_404(PenaltyEntry, number, NAMED)
    return showing.show(
        record,
        f"{record.person} · {record.offence}",
        FIELDS,
        groups_shown(record, PARTS, ALWAYS),
        meta=[(record.record_number, record_path(record.record_kind, record.record_number))],
        tables=[evidence.table(record), *approval_tables.rounds(record), *ledger_lines(record)],
        notes=[*approval_tables.banner(record), *_notes(record)],
    )


def groups_shown(
    record: Any, parts: tuple[tuple[Text, tuple[str, ...]], ...], always: frozenset[str]
) -> tuple[tuple[Text, tuple[str, ...]], ...]:
    """The groups of facts without what is not there; some are shown always."""
    found = []
    for heading, names in parts:
        shown = tuple(name for name in names if name in always or getattr(record, name) not in (None, "", False))
        if shown:
            found.append((heading, shown))
    return tuple(found)


def _notes(record: PenaltyEntry) -> list[tuple[str, str]]:
    notes = []
    since = penalty_misses.met_since(session(), record)
    if since is not None and since.late_minutes == 0:
        notes.append(("info-circle", _("What was entered later says that the work was done within the limit.")))
    if record.state == State.APPROVED and record.appeal_result is None and record.appeal_until is not None:
        until = formatting.stamp(record.appeal_until)
        if clock.now() <= record.appeal_until:
            notes.append(("info-circle", _("The person may appeal until %(moment)s.", moment=until)))
        else:
            notes.append(
                ("info-circle", _("Nobody appealed until %(moment)s; it can be sent to be carried out.", moment=until))
            )
    if (words := _suspended(record)) is not None:
        notes.append(("lock", words))
    return notes


def _suspended(record: PenaltyEntry) -> str | None:
    """From when to when no orders are given; nothing of a suspension that was refused or taken back."""
    if record.kind != Kind.ORDER_SUSPENSION or not (record.suspended_from and record.suspended_until):
        return None
    days = {
        "first": formatting.full_date(record.suspended_from), "last": formatting.full_date(record.suspended_until)
    }  # fmt: skip
    if record.state == State.PROPOSED:
        return _("No orders from %(first)s to %(last)s, both days counted, once it is approved.", **days)
    if record.state not in SUSPENDS:
        return None
    if record.suspended_until < clock.today(clock.now()):
        return _("No orders were given from %(first)s to %(last)s.", **days)
    return _("No orders from %(first)s to %(last)s, both days counted.", **days)


def ledger_lines(record: PenaltyEntry | RewardEntry) -> list[showing.Table]:
    """What the ledger says of it: nothing while it is not decided."""
    rows = [
        [
            f"{line.month:%Y-%m}",
            _p("ledger", "Taken back") if line.is_reversal else _p("ledger", "Decided"),
            formatting.money(line.amount),
            formatting.moment(line.booked_at),
        ]
        for line in penalty_ledger.lines_of(session(), record)
    ]
    head = [
        (_p("ledger", "Month"), ""),
        (_p("ledger", "Line"), "fill"),
        (_("Amount (yuan)"), "num"),
        (_p("ledger", "Written at"), "num"),
    ]
    return [showing.Table(_("Ledger"), head, rows, "")] if rows else []
