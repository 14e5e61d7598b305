"""Plans for tests, and short ways to look into them."""

from portal.imports import mapping
from portal.imports.asking import Answer
from portal.imports.known import Nothing, Rules
from portal.imports.mapping import ColumnMapping, Kind
from portal.imports.plan import Plan, make_plan


def planned(sheet, answers=None, known=None, kind=Kind.CUSTOMERS, columns=None) -> Plan:
    chosen = ColumnMapping(columns or mapping.guess(sheet, kind), mapping.SUGGESTED_CONSTANTS[kind])
    return make_plan(sheet, kind, chosen, known=known or Nothing(), rules=Rules(), answers=answers or {})


def accepted(plan: Plan, answers: dict[str, Answer]) -> dict[str, Answer]:
    """The answers plus the proposal of every open question that has one."""
    more = {
        question.id: Answer(question.proposal.action, question.proposal.value, question.proposal.row)
        for question in plan.questions
        if question.proposal
    }
    return {**more, **answers}


def row(plan: Plan, number: int):
    return next(item for item in plan.rows if item.number == number)


def steps(plan: Plan, number: int):
    return {step.record: step for step in row(plan, number).steps}
