"""The forms of the steps of a drawing review. What is found is written at the bench."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from blueprints.forms import ChecksField, ChoiceField, LocalDateField, LocalDateTimeField, MoneyField, TextField
from blueprints.records.steps import Desk, StepForm
from portal import clock, visibility
from portal.errors import Invalid
from portal.i18n import N_, _
from portal.models.org import Department, Party, PartyStatus
from portal.processes.drawing_review import PROCESS, Paper
from portal.services import attachments
from portal.services import drawing_reviews as service

L = PROCESS.field_labels
PLEASE = N_("Please choose")
PAPERS = tuple(Paper)


def people(session: Any, user: Any, *conditions: Any) -> list[tuple[int, str]]:
    """Parties at work that the person sees, for a choice."""
    query = visibility.visible_to(user, Party).where(*conditions, Party.status == PartyStatus.ACTIVE)
    return [(party.id, party.name) for party in session.scalars(query.order_by(Party.name, Party.id).limit(300))]


class PapersField(ChecksField):
    """What is handed in, to be ticked; `codes` are those of `Paper`."""

    def offer(self, ticked: list[str] | None = None) -> None:
        """Fill in the lines; of a fresh form also what was handed in before."""
        self.choices = [(place, paper.label) for place, paper in enumerate(PAPERS, 1)]
        if ticked is not None:
            self.data = [place for place, paper in enumerate(PAPERS, 1) if paper.value in ticked]

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of what is ticked."""
        return tuple(paper.value for place, paper in enumerate(PAPERS, 1) if place in (self.data or ()))


class OpinionForm(StepForm):
    """The reviewer's word without the bench."""

    opinion = TextField(L["opinion"], limit=2000, rows=4)

    def told(self, desk: Desk) -> list[str]:
        review = desk.record
        return [_("Score %(score)s, pass mark %(mark)s.", score=review.score, mark=review.pass_score)]

    def to_command(self, desk: Desk) -> service.Decide:
        return service.Decide(self.opinion.data)


class ResubmitForm(StepForm):
    """Corrected papers, and what the designer says of each open finding: that is asked, nothing is taken for granted."""

    documents = PapersField(L["documents"])
    corrected = ChecksField(L["corrected"])
    submitted_at = LocalDateTimeField(L["submitted_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        review, fresh = desk.record, not self.is_submitted()
        self.documents.offer(review.current.documents if fresh else None)
        self.corrected.choices = [
            (each.id, " ".join(filter(None, (each.code, each.title, each.place)))) for each in review.open_findings
        ]
        if fresh:
            self.submitted_at.data = desk.at

    def to_command(self, desk: Desk) -> service.Resubmit:
        return service.Resubmit(self.documents.codes, self.submitted_at.data, tuple(self.corrected.data or ()))


class ChangeForm(StepForm):
    """Drawings or price changed after the pass (R-06)."""

    what_changed = TextField(L["what_changed"], limit=2000, rows=3, required=True)
    contract_amount = MoneyField(L["contract_amount"], required=True)
    documents = PapersField(L["documents"])
    submitted_at = LocalDateTimeField(L["submitted_at"], required=True)

    def prepare(self, desk: Desk) -> None:
        fresh = not self.is_submitted()
        self.documents.offer(desk.record.current.documents if fresh else None)
        if fresh:
            self.contract_amount.data, self.submitted_at.data = desk.record.contract_amount, desk.at

    def to_command(self, desk: Desk) -> service.ChangeAfterPass:
        return service.ChangeAfterPass(
            self.documents.codes, self.what_changed.data, self.submitted_at.data, self.contract_amount.data
        )


class AcknowledgeForm(StepForm):
    """The design department signs for the return; the scan is one of the files of the review."""

    acknowledged_by = ChoiceField(L["acknowledged_by"], coerce=int, choices=[], required=True, blank=PLEASE)
    acknowledged_at = LocalDateTimeField(L["acknowledged_at"], required=True)
    scan = ChoiceField(N_("Scan of the signed paper"), coerce=int, choices=[], blank=N_("None", "scan"))

    def prepare(self, desk: Desk) -> None:
        self.acknowledged_by.choices = people(desk.session, desk.user, Party.department == Department.DESIGN)
        self.scan.choices = [(item.id, item.name) for item in attachments.of_record(desk.session, desk.record)]
        if not self.is_submitted():
            self.acknowledged_by.data, self.acknowledged_at.data = desk.record.designer_id, desk.at

    def to_command(self, desk: Desk) -> service.Acknowledge:
        return service.Acknowledge(
            _party(desk, self.acknowledged_by.data, "acknowledged_by"), self.acknowledged_at.data, self.scan.data
        )


class BypassForm(StepForm):
    """It was signed all the same."""

    signed_on = LocalDateField(L["signed_on"], required=True)

    def prepare(self, desk: Desk) -> None:
        contract = desk.record.contract
        if not self.is_submitted():
            self.signed_on.data = (contract.signed_on if contract else None) or clock.today(desk.at)

    def told(self, desk: Desk) -> list[str]:
        return [
            _(
                "R-04: for %(designer)s a deduction from commission and public criticism are proposed, for %(head)s a fault slip.",
                designer=desk.record.designer.name,
                head=desk.record.branch_manager.name,
            )
        ]

    def to_command(self, desk: Desk) -> service.Bypass:
        return service.Bypass(self.signed_on.data)


class WithdrawForm(StepForm):
    """The customer is lost."""

    reason = TextField(L["reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> service.Withdraw:
        return service.Withdraw(self.reason.data)


class SignForm(StepForm):
    """Nothing to fill in: the contract says it."""

    def to_command(self, desk: Desk) -> None:
        return None


def _party(desk: Desk, key: int | None, name: str) -> Party:
    found = desk.session.scalars(select(Party).where(Party.id == (key or 0))).one_or_none()
    if found is None:
        raise Invalid({name: N_("This choice is no longer available, please choose again")})
    return found
