"""What the steps of approvals, escalations and cancellations ask in the same way: a leader's word, shares, people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask import current_app, request
from sqlalchemy import select
from wtforms import FileField

from blueprints.fields import Parsed
from blueprints.forms import ChoiceField, LocalDateTimeField, TextField
from blueprints.records.steps import Desk, StepForm
from portal import formatting, typed, visibility
from portal.errors import Invalid
from portal.files import intake
from portal.files.kinds import HEIC, JPEG, PDF, PNG, WEBP
from portal.files.store import Store
from portal.i18n import N_, _
from portal.models.approval import Approval
from portal.models.org import Crew, Party, PartyStatus
from portal.models.project import Project
from portal.processes.approval import PROCESS, RECORDED, Level
from portal.services import approvals, standing_in

L = PROCESS.field_labels
PLEASE = N_("Please choose")
SCANS = {JPEG, PNG, WEBP, HEIC, PDF}


class PercentField(Parsed):
    """A share in percent, above nothing and up to 100, with at most two decimals."""

    def __init__(self, label: Any, **kw: Any) -> None:
        kw.setdefault("render_kw", {"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(label, [], **kw)

    def parse(self, text: str) -> Decimal:
        """`70`, `33.33`, `70 %`. Raises ValueError; nothing is rounded."""
        narrow = typed.narrow(text).strip().removesuffix("%").strip()
        if not re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,2})?", narrow):
            raise ValueError(_("Enter percents with at most two decimals"))
        percent = Decimal(narrow)
        if not 0 < percent <= 100:
            raise ValueError(_("A share is more than 0 and at most 100 %"))
        return percent

    def show(self, value: Any) -> str:
        """Without zeros at the end."""
        return f"{value.normalize():f}"


class WordForm(StepForm):
    """Somebody's word on a request: a colleague's own, or of a leader who has no login, with its evidence."""

    HAS_FILES = True
    RECORDED_NAMES = ("person", "decided_at", "evidence", "scan")

    person = ChoiceField(L["person"], coerce=int, choices=[], blank=PLEASE)
    decided_at = LocalDateTimeField(L["decided_at"])
    reason = TextField(L["reason"], limit=1000, rows=2)
    evidence = TextField(L["evidence"], limit=200)
    scan = FileField(L["scan"])
    is_recorded = True

    def prepare(self, desk: Desk) -> None:
        approval = approval_of(desk)
        step = approval.present if approval is not None else None
        self.is_recorded = step is not None and step.level in RECORDED
        if step is None or not self.is_recorded:
            for name in self.RECORDED_NAMES:
                delattr(self, name)
            return
        self.person.choices = [(one.id, one.name) for one in standing_in.people(desk.session, step, desk.at)]
        if not self.is_submitted():
            self.person.data = self.person.choices[0][0] if self.person.choices else None
            self.decided_at.data = desk.at

    def told(self, desk: Desk) -> list[str]:
        approval = approval_of(desk)
        if approval is None:
            return []
        step = approval.present
        barred = standing_in.barred(desk.session, step, desk.at) if step is not None and self.is_recorded else []
        names = "、".join(one.name for one in barred)
        out = _("Not offered, because the liability is with them or with their department: %(names)s", names=names)
        return [*told_of(approval), *([out] if barred else [])]

    def to_command(self, desk: Desk) -> approvals.Word:
        if not self.is_recorded:
            return approvals.Word(reason=self.reason.data)
        person = desk.session.get(Party, self.person.data) if self.person.data else None
        return approvals.Word(person, self.decided_at.data, self.reason.data, self.evidence.data, scan_of("scan"))


class RefusalForm(WordForm):
    """The same for a refusal, which has its reason."""

    reason = TextField(L["reason"], limit=1000, rows=2, required=True)


class TakeBackForm(StepForm):
    """Why request or consent is taken back."""

    reason = TextField(L["reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> approvals.TakeBack:
        return approvals.TakeBack(self.reason.data)


def approval_of(desk: Desk) -> Approval | None:
    """The request the step is about: the record itself, or the round of it that counts."""
    return desk.record if isinstance(desk.record, Approval) else desk.record.approval


def told_of(approval: Approval) -> list[str]:
    """What whoever decides must know: the amount, what the household was granted before, whose word it takes."""
    said = []
    if approval.amount is not None:
        said.append(_("%(amount)s yuan are asked for.", amount=formatting.money(approval.amount)))
        if approval.counted is not None and approval.counted != approval.amount:
            said.append(
                _(
                    "With what the same contract and household was granted before it is %(amount)s yuan, which decides the level.",
                    amount=formatting.money(approval.counted),
                )
            )
    levels = " → ".join(Level.show(step.level) for step in approval.steps)
    said.append(_("It takes the consent of: %(levels)s", levels=levels))
    return said


def scan_of(name: str) -> intake.Accepted | None:
    """The file that came with the form, looked at; None: none came. Raises Invalid by field."""
    given = request.files.get(name)
    if given is None or not given.filename:
        return None
    return intake.take(given.stream, given.filename, Store.of(current_app.config["PORTAL"]), kinds=SCANS, field=name)


def parties(desk: Desk, *conditions: Any) -> list[tuple[int, str]]:
    """People without a login who work for the company, for a choice."""
    query = select(Party).where(*conditions, Party.status == PartyStatus.ACTIVE, visibility.standing(Party))
    query = query.where(visibility.in_branch(Party, desk.user))
    return [(party.id, party.name) for party in desk.session.scalars(query.order_by(Party.name, Party.id).limit(100))]


def party_of(desk: Desk, key: int | None, name: str) -> Party:
    """The chosen person. Raises Invalid at the field."""
    found = desk.session.get(Party, key) if key else None
    if found is None:
        raise Invalid({name: N_("Please choose a person.")})
    return found


def people_of(project: Project | None) -> list[Party]:
    """Who worked at a project, each once."""
    if project is None:
        return []
    named = (project.foreman, project.project_manager, project.designer, project.supervisor, project.sales)
    return list({person.id: person for person in named if person is not None}.values())


def bearers(desk: Desk, project: Project | None, kinds: Sequence[str] | None = None) -> list[tuple[str, str]]:
    """Persons and crews for a share: those of the project first."""
    own = [person for person in people_of(project) if kinds is None or person.kind in kinds]
    crew = project.crew if project is not None else None
    conditions = () if kinds is None else (Party.kind.in_(kinds),)
    choices = [(f"PERSON:{person.id}", _("%(name)s (this project)", name=person.name)) for person in own]
    if crew is not None:
        choices.append((f"CREW:{crew.id}", _("%(name)s (crew of this project)", name=crew.name)))
    known = {key for key, _label in choices}
    others = [(f"PERSON:{key}", name) for key, name in parties(desk, *conditions)]
    crews = select(Crew).where(Crew.status != PartyStatus.DEPARTED, visibility.in_branch(Crew, desk.user))
    found = desk.session.scalars(crews.order_by(Crew.name, Crew.id).limit(100))
    others += [(f"CREW:{each.id}", _("Crew: %(name)s", name=each.name)) for each in found]
    return [*choices, *(each for each in others if each[0] not in known)]


def bearer_of(desk: Desk, chosen: str) -> Party | Crew:
    """The person or crew of a choice. Raises Invalid."""
    kind, _colon, key = chosen.partition(":")
    found: Party | Crew | None
    found = desk.session.get(Crew, int(key)) if kind == "CREW" else desk.session.get(Party, int(key))
    if found is None:
        raise Invalid({"": N_("Please choose a person.")})
    return found
