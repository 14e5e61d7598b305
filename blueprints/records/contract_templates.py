"""Pages of contract templates: what the manager keeps, and everybody who sees contracts reads."""

from __future__ import annotations

from typing import Any

from flask import g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.forms import BooleanField, LocalDateField, TextField, WholeField
from blueprints.http import find_or_404, get_or_404, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms.base import RecordForm
from portal import clock
from portal.db import session
from portal.i18n import N_, _
from portal.models.contract import ContractTemplate
from portal.permissions import Permission, may
from portal.services import contract_templates, warranty_terms

P = Permission
F = {name: field.label for name, field in contract_templates.FIELDS.items()}
TERMS = tuple(contract_templates.YEARS)
GROUPS = (
    (N_("Template", "contract template"), ("edition", "effective_from", "is_active", "remarks")),
    (N_("Warranty it promises"), TERMS),
)


class TemplateForm(RecordForm):
    """A printed contract with the warranty it promises."""

    FIELDS = contract_templates.FIELDS
    SECTIONS = (
        (N_("Template", "contract template"), ("title", "edition", "effective_from", "is_active")),
        (N_("Warranty it promises"), TERMS),
        (N_("Other"), ("remarks",)),
    )

    title = TextField(F["title"], limit=50, required=True)
    edition = TextField(F["edition"], limit=20, required=True)
    effective_from = LocalDateField(F["effective_from"], required=True)
    years_basic = WholeField(F["years_basic"], low=0, high=50, required=True)
    years_water_electric = WholeField(F["years_water_electric"], low=0, high=50, required=True)
    years_waterproof = WholeField(F["years_waterproof"], low=0, high=50, required=True)
    years_woodwork = WholeField(F["years_woodwork"], low=0, high=50, required=True)
    years_hardware = WholeField(F["years_hardware"], low=0, high=50, required=True)
    years_paint = WholeField(F["years_paint"], low=0, high=50, required=True)
    is_active = BooleanField(F["is_active"], default=True)
    remarks = TextField(F["remarks"], limit=2000, rows=3)

    def offer_usual(self) -> None:
        """Begin with the usual terms, from today on."""
        self.effective_from.data = clock.today(clock.now())
        for name, trade in contract_templates.YEARS.items():
            self[name].data = warranty_terms.usual_years(session(), trade)

    def _values(self) -> dict[str, Any]:
        return {name: field.data for name, field in self._fields.items() if name in contract_templates.FIELDS}

    def to_create(self) -> contract_templates.CreateTemplate:
        """The command for a new template."""
        return contract_templates.CreateTemplate(**self._values())

    def to_update(self) -> contract_templates.UpdateTemplate:
        """The command for a change."""
        return contract_templates.UpdateTemplate(**self._values(), version=self.seen_version())


@blueprint.get("/contract-templates/<number>")
@requires(P.CONTRACT_VIEW)
def contract_template(number: str) -> ResponseReturnValue:
    """The page of a template."""
    record = find_or_404(ContractTemplate, number)
    actions = [showing.edit_action(record)] if may(g.user, P.SETTING_EDIT) else []
    return showing.show(record, record.name, contract_templates.FIELDS, GROUPS, actions=actions)


@blueprint.route("/contract-templates/new", methods=["GET", "POST"])
@requires(P.SETTING_EDIT)
def new_contract_template() -> ResponseReturnValue:
    """Enter a template; the usual terms are filled in."""
    form = TemplateForm()
    if not form.is_submitted():
        form.offer_usual()

    def make(writing: Session) -> str:
        return editing.path(contract_templates.create(writing, form.to_create(), actor=g.user, at=clock.now()))

    return editing.create(form, showing.sheet(_("New contract template"), None, ContractTemplate.KIND), make)


@blueprint.route("/contract-templates/<number>/edit", methods=["GET", "POST"])
@requires(P.SETTING_EDIT)
def edit_contract_template(number: str) -> ResponseReturnValue:
    """Change a template; certificates that were issued by it stay as they are."""
    record = find_or_404(ContractTemplate, number)
    form = TemplateForm(obj=record)
    kept = record.id

    def now() -> ContractTemplate:
        return get_or_404(contract_templates.visible_to(g.user), ContractTemplate.id == kept)

    def act(writing: Session, fresh: ContractTemplate) -> None:
        contract_templates.update(writing, fresh, form.to_update(), actor=g.user, at=clock.now())

    note = _("Certificates that were issued by it stay as they are.")
    return editing.change(form, showing.sheet(_("Change"), record, record.KIND, record.name, note=note), now, act)
