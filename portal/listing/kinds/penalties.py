"""The lists of penalties and rewards."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import String, cast
from sqlalchemy.orm import aliased

from portal.i18n import N_, Text
from portal.listing import cells
from portal.listing.declaration import Choice, Column, Filter, Listing
from portal.listing.kinds import search
from portal.listing.kinds.repairs import STATE, crews
from portal.models.org import Crew, Department, Party, User
from portal.models.penalty import PenaltyEntry
from portal.models.reward import RewardEntry
from portal.permissions import Permission
from portal.processes.penalty import Kind, State
from portal.processes.reward import Cause
from portal.processes.reward import Kind as RewardKind
from portal.processes.reward import State as RewardState

COLLEAGUE = aliased(User)
OPEN = (State.PROPOSED, State.APPROVED, State.SENT, State.APPEALED)


def _subject(crew: str | None, person: str | None, colleague: str | None) -> cells.Title:
    return cells.Title(crew or person or colleague or "", person if crew and person else "")


def _offence(rule: str, said: str | None) -> str:
    words = (json.loads(said or "null") or {}).get("offence")
    return f"{rule} {Text(words)}" if words else rule


def _amount(value: Any) -> str:
    return cells.money(value) if value is not None else ""


PENALTIES = Listing(
    kind=PenaltyEntry.KIND,
    title=N_("Penalties"),
    one=N_("Penalty"),
    icon="gavel",
    model=PenaltyEntry,
    permission=Permission.PENALTY_VIEW,
    number=PenaltyEntry.number,
    order="-id",
    joins=(
        (Crew, Crew.id == PenaltyEntry.crew_id),
        (Party, Party.id == PenaltyEntry.party_id),
        (COLLEAGUE, COLLEAGUE.id == PenaltyEntry.user_id),
    ),
    card=("offence", "source", "amount"),
    columns=(
        Column("subject", N_("Crew or person"), (Crew.name, Party.name, COLLEAGUE.name), _subject, "cell-title"),
        Column("number", N_("Number"), (PenaltyEntry.number,), cells.text, "ref hide-small", sort=PenaltyEntry.number),
        Column("offence", N_("Offence"), (PenaltyEntry.rule, cast(PenaltyEntry.rule_said, String)), _offence, "fill"),
        Column("kind", N_("Kind"), (PenaltyEntry.kind,), Kind.show, ""),
        Column("source", N_("Proposed for"), (PenaltyEntry.record_number,), cells.text, "ref"),
        Column("amount", N_("Amount (yuan)"), (PenaltyEntry.amount,), _amount, "num"),
        Column("occurrence", N_("Time within a year"), (PenaltyEntry.occurrence_no,), cells.text, "num hide-small", adds_up=False),
        Column("proposed", N_("Proposed at"), (PenaltyEntry.created_at,), cells.moment, "num hide-small"),
        Column("state", STATE, (PenaltyEntry.state,), State.show, "cell-foot"),
    ),
    search=search.penalties,
    filters=(
        Filter("open", N_("Open", "record"), lambda now: PenaltyEntry.state.in_(OPEN)),
        Filter("proposed", N_("Proposed"), lambda now: PenaltyEntry.state == State.PROPOSED),
        Filter("to-carry-out", N_("To be carried out"), lambda now: PenaltyEntry.state.in_((State.APPROVED, State.SENT))),
        Filter("appealed", N_("Appealed"), lambda now: PenaltyEntry.state == State.APPEALED),
    ),
    choices=(
        Choice("state", STATE, PenaltyEntry.state, State),
        Choice("kind", N_("Kind"), PenaltyEntry.kind, Kind),
        Choice("department", N_("Department"), PenaltyEntry.department, Department),
        Choice("crew", N_("Crew"), PenaltyEntry.crew_id, options=crews),
    ),
    default_filters=("open",),
    empty=N_("No penalty here. Rules propose some by themselves; others are proposed from the record where it was seen."),
)  # fmt: skip

REWARDED = aliased(User)
REWARD_OPEN = (RewardState.PROPOSED, RewardState.APPROVED, RewardState.SENT)

REWARDS = Listing(
    kind=RewardEntry.KIND,
    title=N_("Rewards"),
    one=N_("Reward"),
    icon="thumb-up",
    model=RewardEntry,
    permission=Permission.PENALTY_VIEW,
    number=RewardEntry.number,
    order="-id",
    joins=(
        (Crew, Crew.id == RewardEntry.crew_id),
        (Party, Party.id == RewardEntry.party_id),
        (REWARDED, REWARDED.id == RewardEntry.user_id),
    ),
    card=("reason", "source", "amount"),
    columns=(
        Column("subject", N_("Crew or person"), (Crew.name, Party.name, REWARDED.name), _subject, "cell-title"),
        Column("number", N_("Number"), (RewardEntry.number,), cells.text, "ref hide-small", sort=RewardEntry.number),
        Column("reason", N_("Rewarded for"), (RewardEntry.reason,), Cause.show, "fill"),
        Column("kind", N_("Kind"), (RewardEntry.kind,), RewardKind.show, ""),
        Column("source", N_("Proposed for"), (RewardEntry.record_number,), cells.text, "ref"),
        Column("amount", N_("Amount (yuan)"), (RewardEntry.amount,), _amount, "num"),
        Column("proposed", N_("Proposed at"), (RewardEntry.created_at,), cells.moment, "num hide-small"),
        Column("state", STATE, (RewardEntry.state,), RewardState.show, "cell-foot"),
    ),
    search=search.rewards,
    filters=(
        Filter("open", N_("Open", "record"), lambda now: RewardEntry.state.in_(REWARD_OPEN)),
        Filter("proposed", N_("Proposed"), lambda now: RewardEntry.state == RewardState.PROPOSED),
        Filter("to-carry-out", N_("To be carried out"), lambda now: RewardEntry.state.in_((RewardState.APPROVED, RewardState.SENT))),
    ),
    choices=(
        Choice("state", STATE, RewardEntry.state, RewardState),
        Choice("kind", N_("Kind"), RewardEntry.kind, RewardKind),
        Choice("reason", N_("Rewarded for"), RewardEntry.reason, Cause),
        Choice("department", N_("Department"), RewardEntry.department, Department),
        Choice("crew", N_("Crew"), RewardEntry.crew_id, options=crews),
    ),
    default_filters=("open",),
    empty=N_("No reward here. Praise a customer gave, a spotless hand-over, good work: propose it from the record where it was seen."),
)  # fmt: skip

LISTINGS = (PENALTIES, REWARDS)
