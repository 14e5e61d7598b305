"""The scripts of follow-up calls as editions, and who else may read call records: the manager's part of P07."""

from __future__ import annotations

from typing import Any

from flask import flash, g, request
from flask.typing import ResponseReturnValue

from blueprints.forms import BooleanField, Form, LocalDateField, TermField, TextField, WholeField
from blueprints.http import get_or_404, page, requires, see_other
from blueprints.manager import blueprint
from portal import clock, visibility
from portal.db import session, transaction
from portal.errors import DomainError, Invalid, NotFound
from portal.i18n import N_, _
from portal.models.follow_up import AccessState, CallScript, RecordAccess
from portal.permissions import Permission
from portal.processes.follow_up import CallStage, GradeClass, ItemKind, Opens, When
from portal.services.calls import access, scripts

P = Permission
SPARE = 4
"""Empty rows for new questions."""


class EditionForm(Form):
    """A new edition; each question is a row that is moved by its place and dropped by emptying it."""

    effective_from = LocalDateField(N_("In force from"), required=True)
    ROWS = 0

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The fields of each question."""
        names = ("place", "question", "kind", "required", "opens", "when", "code")
        return [{name: self[f"q{number}_{name}"] for name in names} for number in range(self.ROWS)]

    def to_command(self) -> scripts.NewEdition:
        """The questions in the order of their places."""
        filled = [row for row in self.rows if row["question"].data]
        filled.sort(key=lambda row: row["place"].data or 0)
        return scripts.NewEdition(
            self.effective_from.data,
            tuple(
                scripts.Question(
                    question=row["question"].data,
                    kind=str(row["kind"].data or ItemKind.YES_NO),
                    required=bool(row["required"].data),
                    opens=str(row["opens"].data) if row["opens"].data else None,
                    when=str(row["when"].data) if row["opens"].data and row["when"].data else None,
                    code=row["code"].data or "",
                )
                for row in filled
            ),
        )


def edition_form(script: CallScript) -> EditionForm:
    """The form with as many rows as the script has questions, and some to spare."""
    count = len(script.items) + SPARE
    fields: dict[str, Any] = {"ROWS": count}
    for number in range(count):
        fields |= {
            f"q{number}_place": WholeField(N_("Place in the list"), low=1, high=99),
            f"q{number}_question": TextField(N_("Question"), limit=scripts.LONGEST_QUESTION),
            f"q{number}_kind": TermField(N_("Answered by", "script"), ItemKind),
            f"q{number}_required": BooleanField(N_("Has to be answered")),
            f"q{number}_opens": TermField(N_("Leads to"), Opens, blank=N_("Nothing", "script")),
            f"q{number}_when": TermField(N_("With the answer"), When, blank=N_("Nothing", "script")),
            f"q{number}_code": TextField("", limit=30),
        }
    form: EditionForm = type("ScriptEditionForm", (EditionForm,), fields)()
    if not form.is_submitted():
        form.effective_from.data = clock.today(clock.now())
        for number, row in enumerate(form.rows):
            row["place"].data = number + 1
            row["kind"].data = ItemKind.YES_NO
            if number < len(script.items):
                item = script.items[number]
                for name in ("question", "code"):
                    row[name].data = item[name]
                row["kind"].data, row["required"].data = ItemKind(item["kind"]), item["required"]
                row["opens"].data = Opens(item["opens"]) if item.get("opens") else None
                row["when"].data = When(item["when"]) if item.get("opens") else None
    return form


@blueprint.get("/call-scripts")
@requires(P.FOLLOW_UP_DECIDE)
def list_call_scripts() -> ResponseReturnValue:
    """The scripts in force, by stage and grade."""
    today = clock.today(clock.now())
    rows = [
        {
            "script": script,
            "stage": CallStage.show(script.stage),
            "grades": GradeClass.show(script.grade_class),
            "required": sum(1 for item in script.items if item["required"]),
            "is_later": script.effective_from > today,
        }
        for script in scripts.in_force(session(), today)
    ]
    return page("manager/call_scripts/list.html", rows=rows)


@blueprint.route("/call-scripts/<stage>/<grades>", methods=["GET", "POST"])
@requires(P.FOLLOW_UP_DECIDE)
def edit_call_script(stage: str, grades: str) -> ResponseReturnValue:
    """The questions of a script; saved, they are its next edition."""
    known = scripts.editions(session(), stage.upper(), grades.upper())
    if not known:
        raise NotFound()
    script = known[0]
    form = edition_form(script)
    if form.is_submitted() and form.validate():
        try:
            with transaction() as writing:
                scripts.new_edition(writing, script, form.to_command(), actor=g.user, at=clock.now())
        except Invalid as refusal:
            form.form_errors = [str(sentence) for sentence in refusal.fields.values()]
            return _draw(form, script, known, 422)
        flash(_("Saved as the next edition. Calls that were made keep theirs."), "done")
        return see_other(".list_call_scripts")
    return _draw(form, script, known, form.status)


def _draw(form: EditionForm, script: CallScript, known: Any, status: int) -> ResponseReturnValue:
    return page(
        "manager/call_scripts/form.html",
        form=form,
        script=script,
        title=f"{CallStage.show(script.stage)} · {GradeClass.show(script.grade_class)}",
        editions=known,
        status=status,
    )


@blueprint.get("/call-access")
@requires(P.FOLLOW_UP_DECIDE)
def list_call_access() -> ResponseReturnValue:
    """Who asks to read call records, and who may until when (R-20)."""
    found = access.waiting(session(), g.user)
    return page(
        "manager/call_access.html",
        asked=[each for each in found if each.state == AccessState.REQUESTED],
        decided=[(each, AccessState.show(each.state)) for each in found if each.state != AccessState.REQUESTED],
    )


@blueprint.post("/call-access/<int:access_id>/<any(allow, refuse):decision>")
@requires(P.FOLLOW_UP_DECIDE)
def decide_call_access(access_id: int, decision: str) -> ResponseReturnValue:
    """Allow or refuse; leave ends by itself."""
    try:
        with transaction() as writing:
            found = visibility.visible_to(g.user, RecordAccess).where(RecordAccess.id == access_id)
            command = access.Decide(decision == "allow", (request.form.get("note") or "").strip()[:500] or None)
            access.decide(writing, get_or_404(found), command, actor=g.user, at=clock.now())
    except DomainError as refusal:
        if isinstance(refusal, NotFound):
            raise
        flash(str(refusal), "error")
        return see_other(".list_call_access")
    flash(_("Allowed; it ends by itself.") if decision == "allow" else _("Refused; the person is told."), "done")
    return see_other(".list_call_access")
