"""Reading answers from the form of an import's questions."""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from blueprints.records import import_words as words
from portal.i18n import _, _n
from portal.imports.asking import Action, Answer, Choice, Question
from portal.services import imports


def answers(group: words.Group, form: MultiDict[str, str]) -> dict[str, Answer | None]:
    """What the form says: everything of the group alike, or question by question."""
    if "all" in form:
        return _answers_for_all(group, form["all"])
    found: dict[str, Answer | None] = {}
    for question in group.questions:
        said = _answer(question, form)
        if said is not None:
            found[question.id] = said
    return found


def _answers_for_all(group: words.Group, key: str) -> dict[str, Answer | None]:
    if key == "proposal":
        return dict(imports.proposals(list(group.questions)))
    return {
        question.id: Answer(choice.action, choice.value, choice.row)
        for question in group.questions
        for choice in question.choices
        if choice.key == key and not choice.takes_text
    }


def _answer(question: Question, form: MultiDict[str, str]) -> Answer | None:
    typed = form.get(f"text.{question.id}", "").strip()
    if typed and any(choice.action is Action.ENTER for choice in question.choices):
        return Answer(Action.ENTER, typed)
    choice = next((choice for choice in question.choices if choice.key == form.get(f"choice.{question.id}")), None)
    if choice is None:
        return None
    text = form.get(f"text.{question.id}.{choice.key}", "").strip() if choice.takes_text else choice.value
    return Answer(choice.action, text, choice.row)


def bulk(group: words.Group) -> list[tuple[str, str, bool]]:
    """(value, label, primary) of the buttons that answer all questions of the group."""
    count = len(group.questions)
    if count < 2:
        return []
    buttons = []
    if group.proposals:
        text = _n("Accept the proposal", "Accept all %(num)s proposals", group.proposals)
        buttons.append(("proposal", text, True))
    first = group.questions[0]
    common = set.intersection(*({choice.key for choice in question.choices} for question in group.questions))
    for choice in first.choices:
        if (
            choice.key in common
            and choice.action in (Action.EMPTY, Action.SEPARATE, Action.KEEP)
            and choice.key != first.proposed
        ):
            buttons.append((choice.key, _("All: %(what)s", what=words.choice_text(first, choice)), False))
    rows = len({row for question in group.questions for row in question.rows})
    buttons.append((Choice(Action.SKIP).key, _("Leave all %(num)s rows out", num=rows), False))
    return buttons
