"""The forms of the call desk: the script of a stage as fields, what came of dialling, asking again after a measure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from blueprints.forms import BooleanField, ChoiceField, Form, HiddenField, LocalDateTimeField, TermField, TextField
from blueprints.materials import material_field, offer
from portal.i18n import N_
from portal.models.follow_up import FollowUpCall
from portal.models.org import Department, Party, PartyKind, User
from portal.processes import follow_up as asked
from portal.processes.follow_up import AnsweredBy, AttemptOutcome, ItemKind, Manner, Overall
from portal.processes.follow_up_call import PROCESS
from portal.processes.follow_up_ticket import PROCESS as SLIP_PROCESS
from portal.processes.repair import Trade
from portal.services import calls, parties
from portal.services.calls import dialling

C, T = PROCESS.field_labels, SLIP_PROCESS.field_labels
YES_NO = (("YES", N_("Yes")), ("NO", N_("No")))
HEAD = N_("Head of the department")
SLIPS = 3
"""Liaison slips that one talk can open at the desk."""
SAID = ("repair", "suggestion", "praise", "incident")
"""What can be heard beside the answers; each is a fold of its own."""


class TalkForm(Form):
    """A talk beside its questions, which each script adds."""

    client_key = HiddenField()
    version = HiddenField()
    overall = TermField(C["overall"], Overall, required=True, radio=True)
    answered_by = TermField(C["answered_by"], AnsweredBy, required=True, radio=True, default=AnsweredBy.CUSTOMER)
    manner = TermField(C["manner"], Manner, required=True, radio=True, default=Manner.PHONE)
    customer_words = TextField(C["customer_words"], limit=2000, rows=3)
    called_at = LocalDateTimeField(C["called_at"])
    slips = HiddenField()
    limit_at = LocalDateTimeField(N_("New limit for the department"))
    is_to_be_repaired_again = BooleanField(N_("Not whole: the captain comes again"))
    repair = TextField(N_("What is to be repaired"), limit=500, rows=2)
    repair_trade = TermField(N_("Trade", "repair"), Trade, default=Trade.OTHER)
    repair_urgent = BooleanField(N_("Urgent: water, power or gas is not safe"))
    suggestion = TextField(N_("Suggestion for the company"), limit=1000, rows=2)
    praise = TextField(N_("What the customer praises"), limit=1000, rows=2)
    praised = ChoiceField(N_("Who is praised"), coerce=int, choices=[], blank=N_("Nobody named"))
    incident = TextField(
        N_("Hint of money or gifts taken, or of a forged signature"), limit=1000, rows=2,
        description=N_("The manager is told at once and has it today."),
    )  # fmt: skip
    promise = TextField(N_("Promised to the customer"), limit=200, rows=1)
    promised_at = LocalDateTimeField(N_("Until", "promise"))
    script: Sequence[asked.Item] = ()

    @property
    def questions(self) -> list[tuple[asked.Item, Any, Any]]:
        """The questions in order, each with its field and the field of its comment."""
        return [(item, self[f"answers-{item['code']}"], self[f"comments-{item['code']}"]) for item in self.script]

    @property
    def slip_rows(self) -> list[tuple[Any, Any, Any, Any, Any]]:
        """Problem, department, person, limit and material of each slip."""
        names = ("problem", "department", "responsible", "limit_at", "material")
        return [tuple(self[f"slip{number}_{name}"] for name in names) for number in range(SLIPS)]

    def to_command(self, writing: Session, at: datetime) -> calls.FinishCall:
        """The talk. What was left open is no answer."""
        answers = []
        for item, field, comment in self.questions:
            if field.data in (None, ""):
                continue
            is_score = item["kind"] in asked.RANGES
            value, score = (None, int(field.data)) if is_score else (str(field.data), None)
            if value and item["kind"] == ItemKind.TIME:
                value = calls.as_time(value)
            answers.append(calls.Answer(item["code"], value, score, comment.data))
        slips = tuple(
            calls.Slip(
                problem.data,
                str(department.data or ""),
                _party(writing, person.data),
                limit.data,
                material.data or None,
            )
            for problem, department, person, limit, material in self.slip_rows
            if problem.data
        )
        wish = None
        if self.repair.data:
            trade = str(self.repair_trade.data or Trade.OTHER)
            wish = calls.RepairWish(self.repair.data, trade, bool(self.repair_urgent.data))
        return calls.FinishCall(
            called_at=self.called_at.data or at,
            manner=str(self.manner.data),
            answered_by=str(self.answered_by.data),
            overall=str(self.overall.data),
            answers=tuple(answers),
            customer_words=self.customer_words.data,
            slips=slips,
            repair=wish,
            suggestion=self.suggestion.data,
            praise=self.praise.data,
            praised=_party(writing, self.praised.data),
            incident=self.incident.data,
            limit_at=self.limit_at.data,
            is_to_be_repaired_again=bool(self.is_to_be_repaired_again.data),
        )


def talk_form(call: FollowUpCall, items: Sequence[asked.Item], session: Session, user: User) -> TalkForm:
    """The form of a call with the questions of its script."""
    fields: dict[str, Any] = {"script": list(items)}
    if call.stage in asked.OBLIGATORY:  # somebody else's words are a try (5.2)
        fields["answered_by"] = TermField(
            C["answered_by"], AnsweredBy, leave_out=(AnsweredBy.OTHER,), required=True, radio=True,
            default=AnsweredBy.CUSTOMER,
        )  # fmt: skip
    for item in items:
        fields[f"answers-{item['code']}"] = _field(item)
        fields[f"comments-{item['code']}"] = TextField(N_("Comment"), limit=500)
    for number in range(SLIPS):
        fields |= {
            f"slip{number}_problem": TextField(T["problem"], limit=1000, rows=2),
            f"slip{number}_department": TermField(T["department"], Department, default=Department.ENGINEERING),
            f"slip{number}_responsible": ChoiceField(T["responsible"], coerce=int, choices=[], blank=HEAD),
            f"slip{number}_limit_at": LocalDateTimeField(T["limit_at"]),
            f"slip{number}_material": material_field(T["material"]),
        }
    form: TalkForm = type("ScriptForm", (TalkForm,), fields)()
    people = parties.working(session, user, set(PartyKind))
    works = call.project
    ours = {works.project_manager_id, works.foreman_id, works.designer_id, works.supervisor_id} if works else set()
    people.sort(key=lambda one: one.id not in ours)
    named = [(one.id, f"{one.name} · {PartyKind.show(one.kind)}") for one in people]
    for number in range(SLIPS):
        form[f"slip{number}_responsible"].choices = named
        offer(form[f"slip{number}_material"], session)
    form.praised.choices = named
    return form


class TryForm(Form):
    """What came of dialling."""

    outcome = TermField(C["outcome"], AttemptOutcome, leave_out=(AttemptOutcome.REACHED,), required=True)
    next_at = LocalDateTimeField(C["next_at"])
    reason = TextField(C["reason"], limit=200)
    version = HiddenField()

    def to_command(self, at: datetime) -> dialling.Attempt:
        """The try, now."""
        return dialling.Attempt(str(self.outcome.data), at, self.reason.data, self.next_at.data)


def _field(item: asked.Item) -> Any:
    kind, label = ItemKind(item["kind"]), item["question"]
    if kind == ItemKind.YES_NO:
        return ChoiceField(label, choices=YES_NO, radio=True)
    if kind in asked.RANGES:
        low, high = asked.RANGES[kind]
        return ChoiceField(label, choices=[(str(each), str(each)) for each in range(low, high + 1)], radio=True)
    attributes = {"autocomplete": "off"}
    if kind == ItemKind.NUMBER:
        attributes["inputmode"] = "decimal"
    return TextField(label, limit=2000 if kind == ItemKind.TEXT else 20, render_kw=attributes)


def _party(writing: Session, key: int | None) -> Party | None:
    return writing.get(Party, key) if key else None
