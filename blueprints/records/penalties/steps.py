"""The steps of a penalty: their forms and who carries them out."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from blueprints.forms import ChoiceField, LocalDateField, LocalDateTimeField, MoneyField, TermField, TextField
from blueprints.http import find_or_404, requires
from blueprints.records import blueprint
from blueprints.records.penalties.pages import NAMED
from blueprints.records.steps import Desk, StepForm, StepPages
from portal import formatting
from portal.i18n import N_, _
from portal.models.org import Department, Party
from portal.models.penalty import PenaltyEntry
from portal.permissions import Permission
from portal.processes.approval import Level
from portal.processes.penalty import MONEY, PROCESS, Action, Executor, Kind, is_own
from portal.services import penalty_steps

L = PROCESS.field_labels
PLEASE = N_("Please choose")
LAW = N_("Money may only be taken from wages within the limits of the law; HR looks at that before it is carried out.")


@blueprint.route("/penalties/<number>/steps/<action>", methods=["GET", "POST"])
@requires(Permission.PENALTY_VIEW)
def penalty_step(number: str, action: str) -> ResponseReturnValue:
    """One step of a penalty: its form, and carrying it out."""
    return STEPS.show(number, action)


def _find(number: str) -> PenaltyEntry:
    return find_or_404(PenaltyEntry, number, NAMED)


class ApproveForm(StepForm):
    """The decision; fields that do not belong to this penalty are not there."""

    kind = TermField(L["kind"], Kind, leave_out=(Kind.BY_DECISION,), required=True, blank=PLEASE)
    amount = MoneyField(L["amount"])
    suspended_from = LocalDateField(L["suspended_from"])
    suspended_until = LocalDateField(L["suspended_until"])
    confirmed_by = ChoiceField(L["confirmed_by"], coerce=int, choices=[], blank=PLEASE)
    confirmed_at = LocalDateTimeField(L["confirmed_at"])
    decision = TextField(L["decision"], limit=1000, rows=3)

    def prepare(self, desk: Desk) -> None:
        entry = desk.record
        people = penalty_steps.confirmers(desk.session, entry, desk.at)
        self.confirmed_by.choices = [(party.id, called(party)) for party in people]
        if is_own(entry):
            del self.confirmed_by, self.confirmed_at
        if entry.percent is not None:
            del self.amount
        if entry.kind not in (Kind.ORDER_SUSPENSION, Kind.BY_DECISION):
            del self.suspended_from, self.suspended_until
            self.kind.choices = [
                (kind, label) for kind, label in self.kind.choices or () if kind != Kind.ORDER_SUSPENSION
            ]
        if not self.is_submitted():
            self.kind.data = None if entry.kind == Kind.BY_DECISION else Kind(entry.kind)
            if "amount" in self._fields:
                self.amount.data = entry.amount
            if "suspended_from" in self._fields:
                self.suspended_from.data, self.suspended_until.data = entry.suspended_from, entry.suspended_until
            if "confirmed_at" in self._fields:
                self.confirmed_at.data = desk.at
            if waits_for_head(entry):
                self.confirmed_by.data = people[0].id if len(people) == 1 else None
                self.decision.data = entry.decision

    def told(self, desk: Desk) -> list[str]:
        entry = desk.record
        said = [str(entry.offence)]
        if entry.percent is not None:
            said.append(
                _(
                    "%(percent)s %% of %(base)s yuan are %(amount)s yuan.",
                    percent=f"{entry.percent.normalize():f}",
                    base=formatting.money(entry.base),
                    amount=formatting.money(entry.amount),
                )
            )
        if not is_own(entry):
            said.append(confirmed_elsewhere(entry))
        if waits_for_head(entry):
            said.append(_("The manager decided it; what is changed now is decided anew."))
        if entry.kind in MONEY or entry.kind == Kind.BY_DECISION:
            said.append(str(LAW))
        return said

    def to_command(self, desk: Desk) -> penalty_steps.ApprovePenalty:
        def value(name: str) -> Any:
            return self._fields[name].data if name in self._fields else None

        party = desk.session.get(Party, value("confirmed_by") or 0)
        return penalty_steps.ApprovePenalty(
            kind=str(self.kind.data or ""),
            amount=value("amount"),
            suspended_from=value("suspended_from"),
            suspended_until=value("suspended_until"),
            confirmed_by=party,
            confirmed_at=value("confirmed_at") if party else None,  # filled in beforehand: alone it says nothing
            decision=self.decision.data,
        )


class RejectForm(StepForm):
    """Why there is no penalty; who said so, where the head of the other department was asked."""

    person = ChoiceField(L["person"], coerce=int, choices=[], required=True, blank=PLEASE)
    decided_at = LocalDateTimeField(L["decided_at"], required=True)
    decision = TextField(L["decision"], limit=1000, rows=3, required=True)

    def prepare(self, desk: Desk) -> None:
        if not waits_for_head(desk.record):
            del self.person, self.decided_at
            return
        people = penalty_steps.confirmers(desk.session, desk.record, desk.at)
        self.person.choices = [(party.id, called(party)) for party in people]
        if not self.is_submitted():
            self.person.data = people[0].id if len(people) == 1 else None
            self.decided_at.data = desk.at

    def to_command(self, desk: Desk) -> penalty_steps.RejectPenalty:
        if "person" not in self._fields:
            return penalty_steps.RejectPenalty(self.decision.data)
        person = desk.session.get(Party, self.person.data or 0)
        return penalty_steps.RejectPenalty(self.decision.data, person, self.decided_at.data)


class SendForm(StepForm):
    """To whom it goes."""

    executor = TermField(L["executor"], Executor, required=True)
    sent_at = LocalDateTimeField(L["sent_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.executor.data, self.sent_at.data = penalty_steps.executor_of(desk.record), desk.at

    def told(self, desk: Desk) -> list[str]:
        said = [str(LAW)] if desk.record.kind in MONEY else []
        if desk.record.appeal_until is not None and desk.record.appeal_until > desk.at:
            until = formatting.stamp(desk.record.appeal_until)
            said.append(_("The person may appeal until %(moment)s; once sent, an appeal is too late.", moment=until))
        return said

    def to_command(self, desk: Desk) -> penalty_steps.SendPenalty:
        return penalty_steps.SendPenalty(str(self.executor.data), self.sent_at.data)


class ExecuteForm(StepForm):
    """It was carried out."""

    executed_at = LocalDateTimeField(L["executed_at"], required=True)
    execution_note = TextField(L["execution_note"], limit=500, rows=2)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.executed_at.data = desk.at

    def to_command(self, desk: Desk) -> penalty_steps.ExecutePenalty:
        return penalty_steps.ExecutePenalty(self.executed_at.data, self.execution_note.data)


class AppealForm(StepForm):
    """What the person says."""

    appealed_at = LocalDateTimeField(L["appealed_at"], required=True)
    appeal = TextField(L["appeal"], limit=2000, rows=4, required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.appealed_at.data = desk.at

    def told(self, desk: Desk) -> list[str]:
        if desk.record.appeal_until is None:
            return []
        until = formatting.stamp(desk.record.appeal_until)
        if desk.at <= desk.record.appeal_until:
            return [_("The person may appeal until %(moment)s.", moment=until)]
        return [_("It could be appealed until %(moment)s; only an appeal made before that counts.", moment=until)]

    def to_command(self, desk: Desk) -> penalty_steps.AppealPenalty:
        return penalty_steps.AppealPenalty(self.appeal.data, self.appealed_at.data)


class DecideAppealForm(StepForm):
    """The result of the appeal."""

    appeal_result = TextField(L["appeal_result"], limit=1000, rows=3, required=True)

    def told(self, desk: Desk) -> list[str]:
        return [desk.record.appeal] if desk.record.appeal else []

    def to_command(self, desk: Desk) -> penalty_steps.DecideAppeal:
        return penalty_steps.DecideAppeal(self.appeal_result.data)


def waits_for_head(entry: Any) -> bool:
    """Whether the manager has decided and the word of the other department is to come."""
    asked = entry.approval if isinstance(entry, PenaltyEntry) else None
    return asked is not None and asked.present is not None and asked.present.level == Level.HEAD


def confirmed_elsewhere(entry: Any) -> str:
    """Who has to confirm it, said above the form."""
    where = Department.show(entry.department)
    return _("For %(department)s its head, or HR, confirms it; note who and when.", department=where)


def called(party: Party) -> str:
    """Somebody who may confirm, with the department."""
    return f"{party.name} · {Department.show(party.department)}" if party.department else party.name


STEPS = StepPages(
    find=_find,
    forms={
        Action.APPROVE: (ApproveForm, penalty_steps.approve),
        Action.REJECT: (RejectForm, penalty_steps.reject),
        Action.SEND: (SendForm, penalty_steps.send),
        Action.EXECUTE: (ExecuteForm, penalty_steps.execute),
        Action.APPEAL: (AppealForm, penalty_steps.appeal),
        Action.UPHOLD: (DecideAppealForm, penalty_steps.uphold),
        Action.REVERSE: (DecideAppealForm, penalty_steps.reverse),
    },
    kinds=N_("Penalties"),
    heading=lambda entry: (entry.person, str(entry.offence)),
    shows_waiting_clocks=False,
)
