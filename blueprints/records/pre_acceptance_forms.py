"""Forms of P11: the entry on the list, one per step, the lines of an inspection and its end."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from blueprints.fields import Parsed
from blueprints.forms import (
    BooleanField,
    ChecksField,
    ChoiceField,
    Form,
    HiddenField,
    LocalDateField,
    LocalDateTimeField,
    TermField,
    TextField,
    WholeField,
)
from blueprints.records.steps import Desk, StepForm
from portal import clock, formatting, typed
from portal.db import session
from portal.errors import Invalid
from portal.i18n import N_, Text, _
from portal.models.org import Party, PartyKind, User
from portal.models.pre_acceptance import CheckItem, PreAcceptance
from portal.models.project import Project
from portal.processes.pre_acceptance import PROCESS, Absent, Action, CheckTrade, ItemResult, PhotoNeed
from portal.services import inspections, parties, pre_acceptances
from portal.services.check_items import Details

L = PROCESS.field_labels
PLEASE = N_("Please choose")
NOBODY = N_("Nobody named")
WEEKS_AHEAD = 4
YES_NO = [("yes", N_("Yes")), ("no", N_("No"))]
TRADES = list(CheckTrade)


class MeasureField(Parsed):
    """A measured value from 0 with at most two decimals."""

    def __init__(self, label: Text | str, **kw: Any) -> None:
        kw.setdefault("render_kw", {"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(label, **kw)

    def parse(self, text: str) -> Decimal:
        """Raises ValueError; nothing is rounded or guessed. A comma is a point: no value has thousands."""
        narrow = typed.narrow(text)
        if not re.fullmatch(r"[0-9]{1,6}(?:[.,][0-9]{1,2})?", narrow):
            raise ValueError(_("Enter a number with at most two decimals, without its unit"))
        return Decimal(narrow.replace(",", "."))

    def show(self, value: Any) -> str:
        """Without zeros at the end."""
        return f"{value.normalize():f}"


def trade_choices() -> list[tuple[int, str]]:
    """The trades as lines to tick."""
    return [(number, str(trade.label)) for number, trade in enumerate(TRADES, 1)]


def ticked_trades(ticked: list[int] | None) -> tuple[str, ...]:
    """What was ticked, as trades."""
    return tuple(TRADES[number - 1] for number in ticked or () if 1 <= number <= len(TRADES))


def week_text(week_from: date) -> str:
    """06-22 to 06-28."""
    return f"{week_from:%m-%d} – {week_from + timedelta(days=6):%m-%d}"


class EntryForm(Form):
    """A project on engineering's list."""

    client_key = HiddenField()
    project = ChoiceField(N_("Project"), coerce=int, choices=[], required=True, blank=PLEASE)
    week_from = ChoiceField(L["week_from"], choices=[], required=True)
    project_manager = ChoiceField(L["project_manager"], coerce=int, choices=[], required=True, blank=PLEASE)
    foreman = ChoiceField(L["foreman"], coerce=int, choices=[], required=True, blank=PLEASE)
    supervisor = ChoiceField(L["supervisor"], coerce=int, choices=[], blank=NOBODY)
    listed_by = ChoiceField(N_("Handed in by", "inspection"), coerce=int, choices=[], blank=NOBODY)
    listed_at = LocalDateTimeField(L["listed_at"], required=True)
    trades = ChecksField(N_("Trades of the project"), description=N_("Lines of other trades are not asked."))
    remarks = TextField(L["remarks"], limit=2000, rows=2)

    def prepare(self, user: User, chosen: Project | None, week_from: date) -> None:
        """Offer projects, weeks and people; a chosen project brings its own people."""
        self.project.choices = [
            (project.id, f"{project.number} · {project.customer.name} · {project.property.address}")
            for project in pre_acceptances.offered(session(), user)
        ]
        at = clock.now()
        this_week = pre_acceptances.monday_of(clock.today(at))
        weeks = sorted({this_week + timedelta(weeks=number) for number in range(WEEKS_AHEAD + 1)} | {week_from})
        self.week_from.choices = [(monday.isoformat(), week_text(monday)) for monday in weeks if monday >= this_week]
        everybody = parties.working(session(), user, set(PartyKind))
        for field, kinds in (
            (self.project_manager, parties.POSTS["project_manager_id"]),
            (self.foreman, parties.POSTS["foreman_id"]),
            (self.supervisor, parties.POSTS["supervisor_id"]),
        ):
            field.choices = [(one.id, one.name) for one in everybody if one.kind in kinds]
        self.listed_by.choices = [(one.id, one.name) for one in everybody if one.department == "ENGINEERING"]
        self.trades.choices = trade_choices()
        if not self.is_submitted():
            self.listed_at.data, self.week_from.data = at, week_from.isoformat()
            heads = [one.id for one in everybody if one.department == "ENGINEERING" and one.is_head]
            self.listed_by.data = heads[0] if len(heads) == 1 else None
            self._take_from(chosen)

    def _take_from(self, project: Project | None) -> None:
        usual = pre_acceptances.usual_trades(project) if project is not None else TRADES
        self.trades.data = [number for number, trade in enumerate(TRADES, 1) if trade in usual]
        if project is None:
            return
        self.project.data = project.id
        for name in ("project_manager", "foreman", "supervisor"):
            self[name].data = getattr(project, f"{name}_id")

    def to_command(self, writing: Any, project: Project) -> pre_acceptances.ListProject:
        """The entry; people are read anew. Raises Invalid by field."""

        def party(name: str) -> Party | None:
            return writing.get(Party, self[name].data) if self[name].data else None

        manager, foreman = party("project_manager"), party("foreman")
        if manager is None or foreman is None:
            raise Invalid({"foreman": N_("Choose project manager and foreman.")})
        return pre_acceptances.ListProject(
            project=project,
            week_from=date.fromisoformat(str(self.week_from.data)),
            project_manager=manager,
            foreman=foreman,
            supervisor=party("supervisor"),
            listed_by=party("listed_by"),
            listed_at=self.listed_at.data,
            trades=ticked_trades(self.trades.data),
            remarks=self.remarks.data,
        )


class TradesForm(Form):
    """Which trades the project has."""

    version = HiddenField()
    trades = ChecksField(N_("Trades of the project"), description=N_("Lines of other trades are not asked."))


# ---------- Steps ----------


class ReasonForm(StepForm):
    """A step that asks why."""

    reason = TextField(L["reason"], limit=500, rows=2, required=True)


class AdmitForm(ReasonForm):
    """The manager lets a late entry in."""

    def told(self, desk: Desk) -> list[str]:
        record: PreAcceptance = desk.record
        return [
            _("Handed in %(when)s; the list was closed %(closed)s.",
              when=formatting.stamp(record.listed_at), closed=formatting.stamp(record.list_due_at))
        ]  # fmt: skip

    def to_command(self, desk: Desk) -> pre_acceptances.Admit:
        return pre_acceptances.Admit(self.reason.data)


class WithdrawForm(ReasonForm):
    """Taken off the list."""

    def to_command(self, desk: Desk) -> pre_acceptances.Withdraw:
        return pre_acceptances.Withdraw(self.reason.data)


class ScheduleForm(StepForm):
    """When it is inspected."""

    scheduled_at = LocalDateTimeField(L["scheduled_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.scheduled_at.data = desk.record.scheduled_at or _usual_time(desk)

    def told(self, desk: Desk) -> list[str]:
        record: PreAcceptance = desk.record
        names = {"manager": record.project_manager.name, "foreman": record.foreman.name}
        return [_("Project manager %(manager)s and foreman %(foreman)s are to be told.", **names)]

    def to_command(self, desk: Desk) -> Any:
        return pre_acceptances.Schedule(self.scheduled_at.data)


class MoveForm(ScheduleForm):
    """Another time than was published."""

    reason = TextField(L["reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> Any:
        return pre_acceptances.Move(self.scheduled_at.data, self.reason.data)


class RestartForm(StepForm):
    """The new foreman."""

    foreman = ChoiceField(N_("New foreman"), coerce=int, choices=[], required=True, blank=PLEASE)
    scheduled_at = LocalDateTimeField(L["scheduled_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        kinds = parties.POSTS["foreman_id"]
        self.foreman.choices = [(one.id, one.name) for one in parties.working(desk.session, desk.user, kinds)]

    def to_command(self, desk: Desk) -> pre_acceptances.Restart:
        foreman = desk.session.get(Party, self.foreman.data or 0)
        if foreman is None:
            raise Invalid({"foreman": PLEASE})
        return pre_acceptances.Restart(foreman, self.scheduled_at.data)


class NotHeldForm(StepForm):
    """Somebody is absent."""

    absent = TermField(L["absent"], Absent, required=True, radio=True)
    inspected_at = LocalDateTimeField(N_("Noted at the appointed place at"), required=True)
    reason = TextField(N_("What is known of it"), limit=500, rows=2)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.inspected_at.data = desk.at

    def told(self, desk: Desk) -> list[str]:
        return [_("It counts as not rectified unless the manager excuses it.")]

    def to_command(self, desk: Desk) -> inspections.NotHeld:
        return inspections.NotHeld(str(self.absent.data), self.inspected_at.data, self.reason.data)


class ExcuseForm(MoveForm):
    """The manager excuses the absence."""

    def prepare(self, desk: Desk) -> None:
        """A new date is asked for."""

    def to_command(self, desk: Desk) -> Any:
        return inspections.Excuse(self.scheduled_at.data, self.reason.data)


class CountForm(ReasonForm):
    """The manager counts the absence."""

    limit_on = LocalDateField(L["limit_on"], required=True)
    recheck_at = LocalDateTimeField(L["recheck_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        if not self.is_submitted():
            self.limit_on.data, self.recheck_at.data = inspections.usual_dates(desk.session, desk.at)

    def to_command(self, desk: Desk) -> inspections.Count:
        return inspections.Count(self.reason.data, self.limit_on.data, self.recheck_at.data)


class CountLastForm(ReasonForm):
    """The manager counts the absence as the last failure."""

    def told(self, desk: Desk) -> list[str]:
        return [last_failure_text(desk.record)]

    def to_command(self, desk: Desk) -> inspections.CountLast:
        return inspections.CountLast(self.reason.data)


STEP_FORMS: dict[str, tuple[type[StepForm], Any]] = {
    Action.ADMIT: (AdmitForm, pre_acceptances.admit),
    Action.SCHEDULE: (ScheduleForm, pre_acceptances.schedule),
    Action.MOVE: (MoveForm, pre_acceptances.move),
    Action.NOT_HELD: (NotHeldForm, inspections.not_held),
    Action.EXCUSE: (ExcuseForm, inspections.excuse),
    Action.COUNT: (CountForm, inspections.count),
    Action.COUNT_LAST: (CountLastForm, inspections.count_last),
    Action.RESTART: (RestartForm, pre_acceptances.restart),
    Action.WITHDRAW: (WithdrawForm, pre_acceptances.withdraw),
}


def last_failure_text(record: PreAcceptance) -> str:
    """What the last failure costs, before it is said (R-14)."""
    return _(
        "This is the last inspection: foreman %(foreman)s is proposed to be replaced, fined and given no orders,"
        " project manager %(manager)s to get a slip for a serious fault (R-14).",
        foreman=record.foreman.name, manager=record.project_manager.name,
    )  # fmt: skip


def _usual_time(desk: Desk) -> Any:
    """Thursday of the first week it can be inspected in (Q06), at the usual hour; None: that has passed."""
    record: PreAcceptance = desk.record
    when = pre_acceptances.usual_time(desk.session, pre_acceptances.monday_of(record.earliest_on))
    return when if when > desk.at else None


class ReportForm(Form):
    """What the foreman says of a rectification."""

    reported_at = LocalDateTimeField(N_("The foreman said that it is done at"), required=True)
    note = TextField(N_("What was done"), limit=500, rows=2)


# ---------- The lines that are kept ----------


class CheckItemForm(Form):
    """A line that inspections ask."""

    version = HiddenField()
    trade = TermField(N_("Trade"), CheckTrade, required=True, blank=PLEASE)
    text = TextField(N_("What is looked at", "inspection"), limit=200, required=True)
    unit = TextField(N_("Unit of the measured value"), limit=10, description=N_("Empty: nothing is measured"))
    low = MeasureField(N_("At least"))
    high = MeasureField(N_("At most"))
    is_must = BooleanField(N_("Must be in order"), description=N_("Open, it fails the inspection"))
    photo_rule = TermField(N_("Photo"), PhotoNeed, required=True, radio=True)
    position = WholeField(N_("Place in the list"), low=0, high=9999, required=True)
    is_active = BooleanField(N_("Is asked"))
    asked_if = ChoiceField(N_("Asked only if"), coerce=int, choices=[], blank=N_("Always", "inspection"))
    asked_if_result = TermField(N_("came out"), ItemResult, blank=PLEASE)

    def prepare(self, item: CheckItem | None, position: int, others: list[CheckItem]) -> None:
        """What is there now when nothing was sent; the lines on which it may depend."""
        own = item.id if item is not None else None
        self.asked_if.choices = [
            (other.id, other.text) for other in others if other.asked_if_id is None and other.id != own
        ]
        if self.is_submitted():
            return
        if item is not None:
            self.process(obj=item)
            self.asked_if.data = item.asked_if_id
            self.asked_if_result.data = ItemResult(item.asked_if_result) if item.asked_if_result else None
            self.trade.data, self.photo_rule.data = CheckTrade(item.trade), PhotoNeed(item.photo_rule)
        else:
            self.photo_rule.data, self.position.data, self.is_active.data = PhotoNeed.ON_FAILURE, position, True

    def to_details(self) -> Details:
        """What the service takes."""
        return Details(
            trade=str(self.trade.data),
            text=self.text.data,
            unit=self.unit.data,
            low=self.low.data,
            high=self.high.data,
            is_must=bool(self.is_must.data),
            photo_rule=str(self.photo_rule.data),
            position=self.position.data,
            is_active=bool(self.is_active.data),
            asked_if_id=self.asked_if.data or None,
            asked_if_result=str(self.asked_if_result.data)
            if self.asked_if.data and self.asked_if_result.data
            else None,
        )
