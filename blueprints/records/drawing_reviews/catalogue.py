"""The catalogue of deductions (扣分标准): read by whoever sees reviews, kept by the manager."""

from __future__ import annotations

from flask import flash, g, request
from flask.typing import ResponseReturnValue

from blueprints.forms import BooleanField, Form, HiddenField, TextField, WholeField
from blueprints.http import page, requires, see_other
from blueprints.records import blueprint
from portal import clock
from portal.db import session, transaction
from portal.errors import Invalid, Stale
from portal.i18n import _
from portal.models.drawing_review import DeductionRule, Provenance
from portal.permissions import Permission
from portal.services import deduction_rules
from portal.services.deduction_rules import FIELDS, Details


class LineForm(Form):
    """A line of the catalogue."""

    code = TextField(FIELDS["code"].label, limit=10, required=True)
    title = TextField(FIELDS["title"].label, limit=100, required=True)
    points = WholeField(FIELDS["points"].label, low=1, high=100, required=True)
    must_fix = BooleanField(FIELDS["must_fix"].label)
    is_active = BooleanField(FIELDS["is_active"].label)
    version = HiddenField()

    def to_details(self) -> Details:
        """What the service takes."""
        return Details(
            (self.code.data or "").upper(), self.title.data or "", self.points.data or 0, bool(self.must_fix.data),
            bool(self.is_active.data),
        )  # fmt: skip


@blueprint.get("/deduction-rules")
@requires(Permission.REVIEW_VIEW)
def deduction_rules_list() -> ResponseReturnValue:
    """All lines with points and where they come from."""
    return page(
        "records/drawing_reviews/catalogue.html",
        lines=deduction_rules.every(session()),
        provenance=Provenance.show,
    )


@blueprint.route("/deduction-rules/new", methods=["GET", "POST"])
@requires(Permission.SETTING_EDIT)
def new_deduction_rule() -> ResponseReturnValue:
    """A new line."""
    return _edit(None)


@blueprint.route("/deduction-rules/<int:rule_id>", methods=["GET", "POST"])
@requires(Permission.SETTING_EDIT)
def edit_deduction_rule(rule_id: int) -> ResponseReturnValue:
    """Change a line; findings that are there keep what it said when they were found."""
    return _edit(deduction_rules.find(session(), rule_id))


def _edit(line: DeductionRule | None) -> ResponseReturnValue:
    form = LineForm(obj=line)
    if not form.is_submitted():
        form.version.data = str(line.version) if line else ""
        if line is None:
            form.must_fix.data = form.is_active.data = True
    status = 200
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                if line is None:
                    deduction_rules.add(writing, form.to_details(), actor=g.user, at=clock.now())
                else:
                    fresh = deduction_rules.find(writing, line.id)
                    seen = request.form.get("version", "")
                    version = int(seen) if seen.isdecimal() and len(seen) < 10 else -1
                    deduction_rules.change(
                        writing, fresh, form.to_details(), version=version, actor=g.user, at=clock.now()
                    )
        except Invalid as refusal:
            form.take(refusal)
        except Stale as refusal:
            form.form_errors, status = [str(refusal)], refusal.status
        else:
            flash(_("Saved."), "done")
            return see_other(".deduction_rules_list")
    return page(
        "records/drawing_reviews/line.html", form=form, line=line, status=status if status != 200 else form.status
    )
