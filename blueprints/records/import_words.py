"""Questions and rows of imports in the words of the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from portal import formatting
from portal.i18n import N_, Text, _, _n
from portal.imports import texts
from portal.imports.asking import Action, Ask, Choice, Question
from portal.imports.mapping import FIELDS, NUMBER, VERSION, Kind
from portal.models.complaint import Category
from portal.models.consultation import Channel
from portal.models.customer import CustomerGrade, CustomerKind, CustomerSource, GenderTitle
from portal.models.importing import ImportKind, ImportRun
from portal.models.org import Department
from portal.models.project import ProjectKind
from portal.services.imports.kinds import RECORD_KINDS
from portal.services.imports.stored import question_from_json
from portal.terms import Term

TERMS: Mapping[str, type[Term]] = {
    "source": CustomerSource,
    "grade": CustomerGrade,
    "customer_kind": CustomerKind,
    "gender_title": GenderTitle,
    "project_kind": ProjectKind,
    "department": Department,
    "category": Category,
    "channel": Channel,
}
KINDS: Mapping[Kind, Text] = {Kind(kind.value): kind.label for kind in ImportKind}
RECORDS = {
    "customer": N_("Customer", "import"),
    "property": N_("Home", "import"),
    "project": N_("Project", "import"),
    "contract": N_("Contract", "import"),
    "complaint": N_("Complaint", "import"),
    **{str(kind): made.one for kind, made in RECORD_KINDS.items()},
}
MADE = {
    "customers": N_("Customers", "import"),
    "properties": N_("Homes", "import"),
    "projects": N_("Projects", "import"),
    "contracts": N_("Contracts", "import"),
    "complaints": N_("Complaints", "import"),
    "parties": N_("People outside", "import"),
    "branches": N_("Stores", "import"),
    **{str(kind): RECORD_KINDS[kind].title for kind in (
        Kind.REPAIRS, Kind.WARRANTIES, Kind.QUOTATIONS, Kind.PAYMENTS, Kind.CONSULTATIONS, Kind.TASKS, Kind.CREWS, Kind.USERS,
    )},
}  # fmt: skip
STATUSES = {
    "CREATE": N_("New", "import"),
    "MERGE": N_("Merged", "import"),
    "CHANGE": N_("Changed", "import"),
    "SAME": N_("The same", "import"),
    "SKIP": N_("Left out", "import"),
    "QUESTION": N_("Question open", "import"),
}
ACTS = {
    "CREATE": N_("new", "import"),
    "MERGE": N_("filled", "import"),
    "REUSE": N_("there already", "import"),
    "CHANGE": N_("changed", "import"),
}
MOST_RADIOS = 5
"""More choices than this become a list to choose from."""


def value_text(field: str, value: str, terms: Any = None) -> str:
    """A proposed value for people: labels of closed lists, dates and amounts written out."""
    if terms := terms or TERMS.get(field):
        return str(terms.show(value))
    if field.endswith(("_on", "_start", "_finish")):
        try:
            return formatting.full_date(date.fromisoformat(value))
        except ValueError:
            return value
    if field == "amount":
        try:
            return _("%(amount)s yuan", amount=formatting.money(Decimal(value)))
        except InvalidOperation:
            return value
    return value


KEEPS: Mapping[str, Text] = {
    Ask.HOLDER_DIFFERS: N_("This contract is right"),
    Ask.FIXED: N_("Keep what the portal says"),
    Ask.CHANGED_SINCE: N_("Take the values of the file"),
}
SEPARATES: Mapping[str, Text] = {Ask.NAME_DIFFERS: N_("Different people"), Ask.SAME_RECORD: N_("Different records")}


def choice_text(question: Question, choice: Choice, terms: Any = None) -> str:
    """What a choice does, as a label."""
    rows = len(question.rows)
    match choice.action:
        case Action.USE:
            return value_text(question.field, choice.value, terms)
        case Action.ENTER:
            return _("Or enter")
        case Action.EMPTY:
            return _("Not known") if question.code == Ask.CLOSED_NO_DATE else _("Leave empty")
        case Action.KEEP if question.code == Ask.SAME_RECORD:
            return _("Row %(row)s counts, the others are left out", row=choice.row)
        case Action.KEEP if choice.row is not None:
            return _("Row %(row)s keeps the number, the others are left out", row=choice.row)
        case Action.KEEP:
            return str(KEEPS.get(question.code, N_("Keep as it is")))
        case Action.RENUMBER:
            return _("Row %(row)s gets the number", row=choice.row)
        case Action.SAME:
            return _("One person: %(name)s", name=choice.value)
        case Action.SEPARATE:
            return str(SEPARATES.get(question.code, N_("Both have a home there")))
        case Action.CREATE:
            return _("Register as a new store") if question.code == Ask.STORE_UNKNOWN else _("Make a new record")
    return _("Leave the row out") if rows == 1 else _("Leave the %(num)s rows out", num=rows)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the page draws it."""

    question: Question
    place: str
    context: str
    lines: tuple[str, ...]
    problem: str
    choices: tuple[tuple[Choice, str], ...]
    """What can be chosen without typing, and renumbering."""
    takes_text: bool
    as_list: bool

    @classmethod
    def of(cls, kind: Kind, question: Question) -> Asked:
        """The question with its sentences in the present language."""
        plain = tuple(choice for choice in question.choices if choice.action is not Action.ENTER)
        terms = FIELDS[kind][question.field].terms
        return cls(
            question=question,
            place=_place(question),
            context=_context(kind, question),
            lines=_lines(question),
            problem=str(texts.WRONG.get(question.problem, texts.WRONG["UNREADABLE"])) if question.problem else "",
            choices=tuple((choice, choice_text(question, choice, terms)) for choice in plain),
            takes_text=len(plain) < len(question.choices),
            as_list=len(plain) > MOST_RADIOS,
        )


def _place(question: Question) -> str:
    rows = question.rows
    if len(rows) == 1:
        return f"{question.column}{rows[0]}" if question.column else str(rows[0])
    shown = _(", ").join(str(row) for row in rows[:4])
    return (
        shown if len(rows) <= 4 else _n("%(rows)s … (%(num)s row)", "%(rows)s … (%(num)s rows)", len(rows), rows=shown)
    )


PLAIN = ("number", "name", "phone", "contract_number", "title", "customer", "username")
"""What needs no label to be understood."""


def _context(kind: Kind, question: Question) -> str:
    fields = FIELDS[kind]
    said = []
    for key, value in question.context.items():
        if key in fields and value:
            text = str(value)
            said.append(text if key in PLAIN else f"{fields[key].label} {text}")
    return " · ".join(said)


def _lines(question: Question) -> tuple[str, ...]:
    """Further facts: the rows that clash, who holds what the file claims."""
    lines = [
        _("Row %(row)s: %(what)s", row=row, what=" · ".join(value for value in facts.values() if value))
        for row, facts in question.context.get("rows", {}).items()
    ]
    if "holder" in question.context:
        holder = question.context["holder"] or _("a customer you may not see")
        lines.append(_("In the portal it belongs to %(holder)s.", holder=holder))
    if "said" in question.context:
        lines.append(texts.sentence(question.context["said"]))
    if question.context.get("changed"):
        lines.append(_("Last changed: %(who)s", who=question.context["changed"]))
    if question.context.get("known"):
        lines.append(_("In the portal: %(what)s", what=_(", ").join(question.context["known"])))
    if question.context.get("other_row"):
        lines.append(_("Row %(row)s has the same address.", row=question.context["other_row"]))
    return tuple(lines)


@dataclass(frozen=True, slots=True)
class Group:
    """Questions of one kind about one field."""

    key: str
    label: str
    wrong: str
    to_do: str
    questions: tuple[Question, ...]

    @property
    def proposals(self) -> int:
        """How many carry a proposal."""
        return sum(question.proposal is not None for question in self.questions)


def groups(run: ImportRun) -> list[Group]:
    """The open questions, by field and kind, the smallest groups first: they need thought, the large ones a glance."""
    found: dict[str, list[Question]] = {}
    for data in run.questions:
        question = question_from_json(data)
        found.setdefault(question.group, []).append(question)
    fields = FIELDS[Kind(run.kind)]
    made = [
        Group(
            key,
            str(fields[items[0].field].label),
            str(texts.WRONG[items[0].code]),
            str(texts.TO_DO[items[0].code]),
            tuple(items),
        )
        for key, items in found.items()
    ]
    return sorted(made, key=lambda group: (len(group.questions), group.key))


@dataclass(frozen=True, slots=True)
class Given:
    """An answer that was given, for the list in which it can be taken back."""

    id: str
    what: str
    where: str
    said: str


def given(run: ImportRun) -> list[Given]:
    """The answers of the run."""
    fields = FIELDS[Kind(run.kind)]
    found = []
    for key, data in run.answers.items():
        field, code, mark = [*key.split(":", 2), "", ""][:3]
        if field not in fields or code not in texts.WRONG:
            continue
        choice = Choice(Action(data["action"]), str(data.get("value", "")), data.get("row"))
        question = Question(key, code, field, (0,), "", "", ())
        typed = choice.action is Action.ENTER
        said = choice.value if typed else choice_text(question, choice, fields[field].terms)
        if choice.action is Action.RENUMBER:
            said = f"{said} {choice.value}"
        where = _("Row %(row)s", row=mark) if mark.isdigit() and len(mark) < 7 else mark
        found.append(Given(key, f"{fields[field].label}: {texts.WRONG[code]}", where, said))
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """A field of a record that gets another value."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the preview."""

    row_no: int
    status: str
    label: Text
    title: str
    sub: str
    steps: tuple[str, ...]
    notes: tuple[str, ...]
    changes: tuple[Change, ...] = ()


def line(kind: Kind, row: Any) -> Line:
    """A stored preview row with its sentences."""
    said = row.said
    shown = said["shown"]
    fields = FIELDS[kind]
    notes = [
        f"{fields[note['field']].label}: {texts.NOTES[note['code']]}"
        for note in said["notes"]
        if note["field"] in fields and note["code"] in texts.NOTES
    ]
    if row.reason:
        notes.insert(0, texts.skip_text(row.reason, said["skip_value"]))
    steps = [
        f"{RECORDS[step['record']]} {step['number']} {ACTS[step['act']]}".replace("  ", " ") for step in said["steps"]
    ]
    title, sub = _shown(kind, shown)
    return Line(
        row.row_no,
        row.status,
        STATUSES[row.status],
        title,
        sub,
        tuple(steps),
        tuple(notes),
        tuple(each for step in said["steps"] for each in _changes(kind, step)),
    )


SHOWN = ("phone", "contract_number", "estate", "building", "unit", "room", "amount", "received_on", "content")


def _shown(kind: Kind, shown: Mapping[str, str]) -> tuple[str, str]:
    """What a row is about: a ledger by the customer, a list by its first fields."""
    if kind.is_ledger:
        return shown.get("name") or "–", " · ".join(shown[key] for key in SHOWN if shown.get(key))
    said = {key: text for key, text in shown.items() if text and key != VERSION}
    title = next((said.pop(key) for key in ("name", "title", "question", NUMBER) if key in said), "–")
    return title, " · ".join(list(said.values())[:5])


def _changes(kind: Kind, step: Mapping[str, Any]) -> list[Change]:
    fields = FIELDS[kind]
    made = []
    for key, old in step.get("before", {}).items():
        if key not in fields:
            continue
        value, after = step["values"].get(key), step["after"].get(key, "")
        made.append(Change(str(fields[key].label), old or formatting.DASH, _after(kind, key, value, after)))
    return made


def _after(kind: Kind, key: str, value: Any, written: str) -> str:
    """The new value for people, as the record will show it; a link as the file writes it."""
    said = RECORD_KINDS[kind].labels.get(key)
    if FIELDS[kind][key].is_link or said is None:
        return written or formatting.DASH
    if isinstance(value, str) and isinstance(said.show, type(None)):
        return written or formatting.DASH
    return said.text(value)


def made_text(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """(what, how many) of records made or taken back, then of those changed."""
    made = [(str(label), counts[key]) for key, label in MADE.items() if counts.get(key)]
    changed = [
        (_("%(what)s, changed", what=label), counts[f"{key}.changed"])
        for key, label in MADE.items()
        if counts.get(f"{key}.changed")
    ]
    return made + changed


def planned(run: ImportRun) -> list[tuple[str, int, int, int]]:
    """(record, new, filled or changed, there already) as the last check counted them."""
    counts: Counter[str] = Counter({key: number for key, number in run.counts.items() if isinstance(number, int)})
    rows = [
        (
            str(label),
            counts[f"{record}.CREATE"],
            counts[f"{record}.MERGE"] + counts[f"{record}.CHANGE"],
            counts[f"{record}.REUSE"] + (counts["row.SAME"] if record == run.kind else 0),
        )
        for record, label in RECORDS.items()
    ]
    rows += [
        (str(MADE["parties"]), counts["party.CREATE"], 0, 0),
        (str(MADE["branches"]), counts["store.CREATE"], 0, 0),
    ]
    return [(str(label), new, filled, there) for label, new, filled, there in rows if new or filled or there]


def skipped(run: ImportRun) -> list[tuple[str, int]]:
    """(why, how many rows) of those left out."""
    words = {
        "DUPLICATE": _("Say the same as an earlier row"),
        "ANSWER": _("Left out by answers"),
        "OTHER_KEPT": _("Another row keeps the contract number"),
        "OTHER_ROW": _("Another row counts for the record"),
        "ALREADY_THERE": _("Already in the portal"),
    }
    found = [(text, run.counts.get(f"skip.{code}", 0)) for code, text in words.items()]
    found.append((_("Totals and repeated headers"), run.counts.get("dropped", 0)))
    return [(text, number) for text, number in found if number]


def noted(run: ImportRun) -> list[tuple[str, int]]:
    """(note, how many cells) of the last check."""
    found = [(str(text), run.counts.get(f"note.{code}", 0)) for code, text in texts.NOTES.items()]
    return [(text, number) for text, number in found if number]
