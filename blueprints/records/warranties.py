"""Warranty certificates: page and steps. Rules: `portal/processes/warranty.py`."""

from __future__ import annotations

from typing import Any

from flask import flash, g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import joinedload, selectinload

from blueprints.forms import BooleanField, LocalDateField, NameField, TermField, TextField, WholeField
from blueprints.http import find_or_404, requires, see_other
from blueprints.records import blueprint, editing, showing
from blueprints.records.steps import Desk, StepForm, StepPages
from portal import clock, formatting, settings
from portal.db import session, transaction
from portal.errors import NotFound
from portal.i18n import N_, _
from portal.models.contract import Contract
from portal.models.project import Project
from portal.models.repair import Evaluation, WarrantyCertificate
from portal.permissions import Permission, may
from portal.processes.repair import Trade
from portal.processes.warranty import PROCESS, TRADES, VALID, Action, VoidGround
from portal.services import surveys, warranties, warranty_terms
from portal.services.fields import Field, link, term
from portal.visibility import by_number

P = Permission
PATH = "/warranties/<number>"
L = PROCESS.field_labels
NAMED = (
    joinedload(WarrantyCertificate.customer),
    joinedload(WarrantyCertificate.owner),
    joinedload(WarrantyCertificate.issued_by),
    joinedload(WarrantyCertificate.project).joinedload(Project.property),
    joinedload(WarrantyCertificate.contract).selectinload(Contract.payments),
    selectinload(WarrantyCertificate.terms),
)
FIELDS: dict[str, Field] = {
    "project_id": link(N_("Project"), Project),
    "contract_id": link(N_("Contract"), Contract),
    "template": Field(N_("Terms by the template")),
    "paid_on": Field(N_("Paid in full on")),
    "starts_on": Field(L["starts_on"]),
    "ends_on": Field(N_("Last term ends on")),
    "issued_at": Field(N_("Issued at")),
    "received_by": Field(L["received_by"]),
    "evaluation": term(L["evaluation"], Evaluation),
    "exclusions": Field(L["exclusions"]),
    "care_notes": Field(L["care_notes"]),
    "hotline": Field(L["hotline"]),
    "replaced_numbers": Field(N_("Numbers that no longer count")),
    "ground": term(L["ground"], VoidGround),
    "reason": Field(L["reason"]),
}
GROUPS = ((N_("Certificate"), tuple(FIELDS)),)
EXCLUSIONS = (
    "使用不当或客户自行造成的损坏；第三方或客户私自委托的施工；客户自购材料；房屋沉降及不可抗力；"
    "合同中已取消的项目；正常磨损。"
)
"""What the usual certificate does not cover (3.15, [ext]); the form offers it for change."""


@blueprint.get(PATH)
@requires(P.WARRANTY_VIEW)
def warranty(number: str) -> ResponseReturnValue:
    """The certificate: terms by trade, what it does not cover, its steps. The number of a lost one leads to the new one."""
    record = by_number(session(), g.user, WarrantyCertificate, number, NAMED)
    if record is None:
        instead = warranties.in_place_of(session(), number)
        if instead is None:
            raise NotFound()
        fresh = find_or_404(WarrantyCertificate, instead.number)
        flash(_("%(old)s was issued anew as %(number)s.", old=number, number=fresh.number))
        return see_other(editing.path(fresh))
    actions = []
    if record.state in VALID and record.consented_by_id is None and may(g.user, P.WARRANTY_CONSENT):
        actions.append(
            {"label": _("Consent to a new copy"), "url": f"{editing.path(record)}/consent", "method": "post"}
        )
    head = [(_("Trade"), ""), (_("Years"), "num"), (_("Last day"), "num")]
    rows = [[label, str(years), formatting.full_date(day)] for label, years, day in warranties.term_lines(record.terms)]
    return showing.show(
        record,
        record.project.property.address,
        FIELDS,
        GROUPS,
        meta=[(record.customer.name, editing.path(record.customer))],
        actions=actions,
        tables=[showing.Table(_("Terms"), head, rows, _("The terms are fixed when the certificate is issued."))],
        household_url=f"{editing.path(record.customer)}/household",
    )


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(P.WARRANTY_VIEW)
def warranty_step(number: str, action: str) -> ResponseReturnValue:
    """One step of the certificate: its form, and carrying it out."""
    return STEPS.show(number, action)


@blueprint.post(f"{PATH}/consent")
@requires(P.WARRANTY_CONSENT)
def consent_to_reissue(number: str) -> ResponseReturnValue:
    """The manager consents to issuing a lost certificate again."""
    with transaction() as writing:
        warranties.consent(writing, _find(number), actor=g.user, at=clock.now())
    return see_other(editing.path(_find(number)))


def _find(number: str) -> WarrantyCertificate:
    return find_or_404(WarrantyCertificate, number)


def _years(trade: Trade) -> Any:
    return WholeField(N_("%(trade)s: years") % {"trade": trade.label}, low=0, high=50, required=True)


class IssueForm(StepForm):
    """What F-19 says."""

    starts_on = LocalDateField(L["starts_on"], required=True)
    acceptance_signed = BooleanField(L["acceptance_signed"])
    years_basic = _years(Trade.BASIC)
    years_water_electric = _years(Trade.WATER_ELECTRIC)
    years_waterproof = _years(Trade.WATERPROOF)
    years_woodwork = _years(Trade.WOODWORK)
    years_hardware = _years(Trade.HARDWARE)
    years_paint = _years(Trade.PAINT)
    exclusions = TextField(L["exclusions"], limit=2000, rows=4, required=True)
    care_notes = TextField(L["care_notes"], limit=2000, rows=4, required=True)
    hotline = TextField(L["hotline"], limit=50, required=True)
    received_by = NameField(L["received_by"])
    evaluation = TermField(L["evaluation"], Evaluation, required=True, blank=N_("Please choose"))

    def prepare(self, desk: Desk) -> None:
        if self.is_submitted():
            return
        self.starts_on.data = desk.record.project.actual_finish_on
        self.received_by.data, self.exclusions.data = desk.record.customer.name, EXCLUSIONS
        self.care_notes.data, self.hotline.data = warranties.CARE, settings.get(desk.session, "company_hotline")
        for trade in TRADES:
            years = warranty_terms.promised_years(desk.session, desk.record.contract, trade)
            self[f"years_{trade.lower()}"].data = years

    def told(self, desk: Desk) -> list[str]:
        template = desk.record.contract.template
        terms = (
            _("The contract is signed on “%(name)s”; its terms are filled in.", name=template.name)
            if template is not None
            else _("The contract names no template; the usual terms are filled in.")
        )
        found = surveys.collected(desk.session, desk.record.project)
        if found is None:
            return [
                terms,
                _(
                    "The evaluation F-18 is not answered yet. Enter its answers first, or note that the customer declined."
                ),
            ]
        answered = _(
            "F-18 is answered: %(number)s, overall %(score)s points.", number=found.number, score=found.overall
        )
        return [terms, answered]

    def to_command(self, desk: Desk) -> warranties.IssueWarranty:
        return warranties.IssueWarranty(
            starts_on=self.starts_on.data,
            acceptance_signed=bool(self.acceptance_signed.data) or None,
            exclusions=self.exclusions.data,
            care_notes=self.care_notes.data,
            hotline=self.hotline.data,
            received_by=self.received_by.data,
            evaluation=str(self.evaluation.data),
            years=tuple((trade.value, self[f"years_{trade.lower()}"].data) for trade in TRADES),
        )


class ReissueForm(StepForm):
    """Lost."""

    reason = TextField(L["reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> warranties.Reissue:
        return warranties.Reissue(self.reason.data)


class VoidForm(StepForm):
    """No longer valid."""

    ground = TermField(L["ground"], VoidGround, required=True, blank=N_("Please choose"))
    reason = TextField(L["reason"], limit=500, rows=2, required=True)

    def to_command(self, desk: Desk) -> warranties.Void:
        return warranties.Void(str(self.ground.data), self.reason.data)


STEPS = StepPages(
    find=_find,
    forms={
        Action.ISSUE: (IssueForm, warranties.issue),
        Action.REISSUE: (ReissueForm, warranties.reissue),
        Action.VOID: (VoidForm, warranties.void),
    },
    kinds=N_("Warranty certificates"),
    heading=lambda certificate: (certificate.customer.name, certificate.number),
    shows_waiting_clocks=False,
)
