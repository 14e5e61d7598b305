"""Rewards: the page of one, proposing one from the record where it was seen, its steps. Rules: `portal/processes/reward.py`."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session, joinedload

from blueprints.forms import ChoiceField, LocalDateTimeField, MoneyField, TermField, TextField
from blueprints.http import find_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms.base import RecordForm
from blueprints.records.penalties import evidence, pages, proposing, steps
from blueprints.records.steps import Desk, StepForm, StepPages
from portal import clock
from portal.i18n import N_, Text, _
from portal.models.org import Crew, Department, Party, User
from portal.models.reward import RewardEntry
from portal.paths import record_path
from portal.permissions import Permission
from portal.processes.penalty import Executor, is_own
from portal.processes.reward import PROCESS, Action, Cause, Kind
from portal.services import penalty_steps, rewards
from portal.services.fields import Field, link, money, term

P = Permission
L = PROCESS.field_labels
NAMED = (
    joinedload(RewardEntry.crew),
    joinedload(RewardEntry.party),
    joinedload(RewardEntry.user),
    joinedload(RewardEntry.proposed_by),
    joinedload(RewardEntry.approved_by),
    joinedload(RewardEntry.confirmed_by),
)
FIELDS: dict[str, Field] = {
    "crew_id": link(N_("Crew"), Crew),
    "party_id": link(N_("Person"), Party),
    "user_id": link(N_("Colleague"), User),
    "department": term(N_("Department"), Department),
    "reason": term(N_("Rewarded for"), Cause),
    "rule": Field(N_("By rule")),
    "kind": term(L["kind"], Kind),
    "amount": money(N_("Amount")),
    "words": Field(N_("What was done well")),
    "proposed_by_id": link(N_("Proposed by"), User),
    "created_at": Field(N_("Proposed at")),
    "approved_by_id": link(N_("Decided by"), User),
    "approved_at": Field(N_("Approved at")),
    "confirmed_by_id": link(L["confirmed_by"], Party),
    "confirmed_at": Field(L["confirmed_at"]),
    "decision": Field(L["decision"]),
    "executor": term(L["executor"], Executor),
    "sent_at": Field(L["sent_at"]),
    "executed_at": Field(L["executed_at"]),
    "execution_note": Field(L["execution_note"]),
}
REWARD = ("reason", "rule", "kind", "department", "proposed_by_id", "created_at", "words")
PARTS: tuple[tuple[Text, tuple[str, ...]], ...] = (
    (N_("Reward"), ("crew_id", "party_id", "user_id", *REWARD, "amount")),
    (N_("Decision"), ("decision", "approved_by_id", "approved_at", "confirmed_by_id", "confirmed_at")),
    (N_("Carrying out"), ("executor", "sent_at", "executed_at", "execution_note")),
)


@blueprint.get("/rewards/<number>")
@requires(P.PENALTY_VIEW)
def reward(number: str) -> ResponseReturnValue:
    """The reward: whom, for what, what was known when it was proposed, its line in the ledger."""
    record = _find(number)
    return showing.show(
        record,
        f"{record.person} · {Cause.show(record.reason)}",
        FIELDS,
        pages.groups_shown(record, PARTS, frozenset(REWARD)),
        meta=[(record.record_number, record_path(record.record_kind, record.record_number))],
        tables=[evidence.table(record), *pages.ledger_lines(record)],
    )


@blueprint.route("/rewards/new", methods=["GET", "POST"])
@requires(P.PENALTY_PROPOSE)
def new_reward() -> ResponseReturnValue:
    """Propose a reward for what was seen at a record: the customer's praise, a spotless hand-over, good work."""
    record = proposing.source()
    form = ProposeForm()
    form.person.choices = proposing.person_choices(record)

    def make(writing: Session) -> str:
        made = rewards.propose_by_hand(
            writing, proposing.source(), form.to_command(writing), actor=g.user, at=clock.now()
        )
        return editing.path(made)

    note = _("For %(number)s. The manager decides; praise is then made known to everybody.", number=record.number)
    return editing.create(form, showing.sheet(_("Propose a reward"), record, record.KIND, note=note), make)


@blueprint.route("/rewards/<number>/steps/<action>", methods=["GET", "POST"])
@requires(P.PENALTY_VIEW)
def reward_step(number: str, action: str) -> ResponseReturnValue:
    """One step of a reward: its form, and carrying it out."""
    return STEPS.show(number, action)


class ProposeForm(RecordForm):
    """Who, for what, in which words."""

    SECTIONS = ((N_("Reward"), ("person", "reason", "kind", "amount", "words")),)
    WIDE = frozenset({"words"})

    person = ChoiceField(N_("Crew or person"), choices=[], required=True, blank=proposing.PLEASE)
    reason = TermField(N_("Rewarded for"), Cause, required=True, blank=proposing.PLEASE)
    kind = TermField(L["kind"], Kind, required=True)
    amount = MoneyField(N_("Amount of a bonus (yuan)"))
    words = TextField(N_("What was done well"), limit=1000, rows=4, required=True)

    def to_command(self, writing: Session) -> rewards.ProposeReward:
        """Raises Invalid when the person is gone meanwhile."""
        return rewards.ProposeReward(
            person=proposing.chosen_person(writing, str(self.person.data)),
            reason=str(self.reason.data),
            words=self.words.data,
            kind=str(self.kind.data),
            amount=self.amount.data,
        )


class ApproveForm(StepForm):
    """The decision; who confirmed it only where another department's person is rewarded."""

    kind = TermField(L["kind"], Kind, required=True)
    amount = MoneyField(N_("Amount of a bonus (yuan)"))
    confirmed_by = ChoiceField(L["confirmed_by"], coerce=int, choices=[], blank=proposing.PLEASE)
    confirmed_at = LocalDateTimeField(L["confirmed_at"])
    decision = TextField(L["decision"], limit=1000, rows=3)

    def prepare(self, desk: Desk) -> None:
        entry = desk.record
        people = penalty_steps.confirmers(desk.session, entry, desk.at)
        self.confirmed_by.choices = [(party.id, steps.called(party)) for party in people]
        if is_own(entry):
            del self.confirmed_by, self.confirmed_at
        if not self.is_submitted():
            self.kind.data, self.amount.data = Kind(entry.kind), entry.amount
            if "confirmed_by" in self._fields:
                self.confirmed_by.data = people[0].id if len(people) == 1 else None
                self.confirmed_at.data = desk.at

    def told(self, desk: Desk) -> list[str]:
        said = [desk.record.words]
        if not is_own(desk.record):
            said.append(steps.confirmed_elsewhere(desk.record))
        return said

    def to_command(self, desk: Desk) -> rewards.ApproveReward:
        def value(name: str) -> Any:
            return self._fields[name].data if name in self._fields else None

        party = desk.session.get(Party, value("confirmed_by") or 0)
        return rewards.ApproveReward(
            kind=str(self.kind.data),
            amount=self.amount.data,
            confirmed_by=party,
            confirmed_at=value("confirmed_at") if party else None,  # filled in beforehand: alone it says nothing
            decision=self.decision.data,
        )


class SendForm(StepForm):
    """To whom it goes."""

    executor = TermField(L["executor"], Executor, leave_out=(Executor.ENGINEERING,), required=True)
    sent_at = LocalDateTimeField(L["sent_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.executor.data, self.sent_at.data = rewards.executor_of(desk.record), desk.at

    def to_command(self, desk: Desk) -> penalty_steps.SendPenalty:
        return penalty_steps.SendPenalty(str(self.executor.data), self.sent_at.data)


def _find(number: str) -> RewardEntry:
    return find_or_404(RewardEntry, number, NAMED)


STEPS = StepPages(
    find=_find,
    forms={
        Action.APPROVE: (ApproveForm, rewards.approve),
        Action.REJECT: (steps.RejectForm, penalty_steps.reject),
        Action.SEND: (SendForm, penalty_steps.send),
        Action.EXECUTE: (steps.ExecuteForm, penalty_steps.execute),
    },
    kinds=N_("Rewards"),
    heading=lambda entry: (entry.person, str(Cause.show(entry.reason))),
    shows_waiting_clocks=False,
)
