"""The catalogue of penalties: all lines as they hold now, how they were changed, and changing them."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import flash, g
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from blueprints.forms import BooleanField, TermField, TextField
from blueprints.http import page, requires
from blueprints.records import blueprint, editing, showing
from blueprints.records.forms.base import RecordForm
from blueprints.records.penalties.proposing import follows, sanction_text
from portal import clock, formatting
from portal.db import session
from portal.errors import Invalid
from portal.i18n import N_, _, _p
from portal.permissions import Permission, may
from portal.processes.penalty import Kind, Rule, Sanction, Subject
from portal.services import penalty_rules
from portal.services.penalty_rules import ChangeRule

P = Permission
PATH = "/records/penalty-rules"


@blueprint.get("/penalty-rules")
@requires(P.PENALTY_VIEW)
def penalty_rules_page() -> ResponseReturnValue:
    """All lines as they hold now; what the manager changed says so."""
    rules = penalty_rules.in_force(session()).values()
    may_edit = may(g.user, P.PENALTY_DECIDE)
    rows = [_line(rule, may_edit) for rule in rules]
    head = [(_p("catalogue", "Code"), ""), (_("For whom"), ""), (_("Offence"), "fill"),
            (_p("catalogue", "What follows"), ""), (_p("catalogue", "Otherwise"), ""),
            (_p("catalogue", "From"), "")]  # fmt: skip
    tables = [showing.Table(_("Catalogue of penalties"), head, rows, "")]
    return page("records/penalties/catalogue.html", tables=tables, may_edit=may_edit)


@blueprint.route("/penalty-rules/<code>", methods=["GET", "POST"])
@requires(P.PENALTY_DECIDE)
def change_penalty_rule(code: str) -> ResponseReturnValue:
    """Change a line, or add one (`new`): a new edition; what was proposed before keeps the old one."""
    rule = None if code == "new" else penalty_rules.rule(session(), code)
    form = RuleForm().prepare(rule)

    def make(writing: Session) -> str:
        made = penalty_rules.change(writing, form.to_command(rule), actor=g.user, at=clock.now())
        flash(_("Saved as edition %(edition)s.", edition=made.edition), "done")
        return PATH

    title = _("New line of the catalogue") if rule is None else f"{rule.code} {rule.offence}"
    sheet = editing.Sheet(
        title=title,
        crumbs=[(_("Catalogue of penalties"), PATH), (title, None)],
        submit=_("Save"),
        cancel_url=PATH,
        note=_history(code) if rule is not None else "",
    )
    return editing.create(form, sheet, make)


class RuleForm(RecordForm):
    """A line of the catalogue; what follows is written one line per time."""

    SECTIONS = (
        (N_("Line of the catalogue"), ("code", "subject", "offence", "is_active")),
        (N_("What follows", "catalogue"), ("times", "otherwise", "note")),
        (N_("Why it is changed"), ("reason",)),
    )
    WIDE = frozenset({"offence", "times", "otherwise", "note", "reason"})

    code = TextField(N_("Code", "catalogue"), limit=10, required=True)
    subject = TermField(N_("For whom"), Subject, required=True)
    offence = TextField(N_("Offence"), limit=200, required=True)
    is_active = BooleanField(N_("In force"))
    times = TextField(
        N_("What follows", "catalogue"), limit=500, rows=4, required=True,
        description=N_("One line per time; several consequences with a comma, an amount, per cent or months behind the name."),
    )  # fmt: skip
    otherwise = TextField(N_("Instead, in grave cases or by choice"), limit=300)
    note = TextField(N_("Note"), limit=200)
    reason = TextField(N_("Reason"), limit=200, required=True)

    def prepare(self, rule: Rule | None) -> RuleForm:
        """What the line says now."""
        if rule is not None:
            self.code.render_kw = {"readonly": True}
        if not self.is_submitted():
            self.is_active.data = rule is None or rule.is_active
            if rule is not None:
                self.version.data = str(rule.edition)
                self.code.data, self.subject.data = rule.code, rule.subject
                self.offence.data, self.note.data = str(rule.offence), str(rule.note or "") or None
                self.times.data = "\n".join("、".join(map(sanction_text, time)) for time in rule.times)
                self.otherwise.data = "、".join(map(sanction_text, rule.otherwise)) or None
        return self

    def to_command(self, rule: Rule | None) -> ChangeRule:
        """Raises Invalid by field for what is no consequence."""
        if rule is not None and rule.is_reward:
            raise Invalid({"times": N_("This line is about rewards and names no penalty.")})
        return ChangeRule(
            code=rule.code if rule is not None else self.code.data.upper(),
            edition=self.seen_version() if rule is not None else 0,
            subject=str(self.subject.data),
            offence=self.offence.data,
            times=tuple(_consequences(line, "times") for line in self.times.data.splitlines() if line.strip()),
            otherwise=_consequences(self.otherwise.data or "", "otherwise"),
            note=self.note.data,
            is_active=self.is_active.data,
            reason=self.reason.data,
        )


# ---------- Parts ----------


def _line(rule: Rule, may_edit: bool) -> list[Any]:
    name: Any = (rule.code, f"{PATH}/{rule.code}") if may_edit and not rule.is_reward else rule.code
    otherwise = "、".join(map(sanction_text, rule.otherwise))
    beside = "；".join(part for part in (otherwise, str(rule.note or "")) if part and part != follows(rule))
    origin = _("Edition %(edition)s", edition=rule.edition) if rule.edition else rule.source
    return [
        name,
        str(rule.subject.label),
        str(rule.offence),
        follows(rule),
        beside,
        origin if rule.is_active else _("No longer in force"),
    ]


def _history(code: str) -> str:
    said = [
        _(
            "Edition %(edition)s, %(day)s, %(person)s: %(reason)s",
            edition=row.edition,
            day=formatting.full_date(row.changed_at),
            person=row.changed_by.name,
            reason=row.reason,
        )
        for row in penalty_rules.editions(session(), code)
    ]
    return "；".join(said) or _("As in the papers, never changed.")


def _consequences(text: str, field: str) -> tuple[Sanction, ...]:
    return tuple(_consequence(part.strip(), field) for part in re.split(r"[、,，;；]", text) if part.strip())


def _consequence(text: str, field: str) -> Sanction:
    """`罚款 50`, `扣提成 0.5 %`, `停单 3 个月`, or the name alone. Raises Invalid."""
    for kind in sorted(Kind, key=lambda each: -len(str(each.label))):
        if text.startswith(str(kind.label)):
            rest = text.removeprefix(str(kind.label)).strip()
            return _with_figure(kind, rest, field)
    names = "、".join(str(kind.label) for kind in Kind)
    raise Invalid(
        {field: N_("“%(text)s” is no consequence. There are: %(names)s.") % {"text": text[:40], "names": names}}
    )


def _with_figure(kind: Kind, rest: str, field: str) -> Sanction:
    if not rest:
        return Sanction(kind)
    figure = re.fullmatch(r"\D{0,6}?([0-9,]{1,9}(?:\.[0-9]{1,3})?)\s*(%|％)?\D{0,10}", rest)
    if figure is not None:
        try:
            value = Decimal(figure[1].replace(",", ""))
        except InvalidOperation:
            value = Decimal(0)
        if kind == Kind.ORDER_SUSPENSION and value == value.to_integral_value() and 0 < value <= 24:
            return Sanction(kind, months=int(value))
        if figure[2] and 0 < value <= 100:
            return Sanction(kind, percent=value)
        if not figure[2] and value > 0 and kind != Kind.ORDER_SUSPENSION:
            return Sanction(kind, amount=value.quantize(Decimal("0.01")))
    raise Invalid({field: N_("“%(text)s”: the figure cannot be read.") % {"text": rest[:40]}})
