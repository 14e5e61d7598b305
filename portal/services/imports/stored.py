"""Questions and rows of a plan as the run keeps them between requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from portal.imports.asking import Action, Choice, Question
from portal.imports.plan import RowPlan
from portal.services import events


def question_to_json(question: Question) -> dict[str, Any]:
    """A question as JSON."""
    return {**asdict(question), "code": str(question.code), "choices": [_choice(choice) for choice in question.choices]}


def _choice(choice: Choice) -> dict[str, Any]:
    return {"action": str(choice.action), "value": choice.value, "row": choice.row, "takes_text": choice.takes_text}


def question_from_json(data: Mapping[str, Any]) -> Question:
    """The question again."""
    choices = tuple(
        Choice(Action(item["action"]), item["value"], item["row"], item["takes_text"]) for item in data["choices"]
    )
    return Question(**{**data, "choices": choices, "rows": tuple(data["rows"])})


def row_to_json(row: RowPlan) -> dict[str, Any]:
    """A row of the preview as the table keeps it."""
    return {
        "row_no": row.number,
        "status": str(row.status),
        "reason": str(row.skip) if row.skip else None,
        "said": {
            "shown": dict(row.shown),
            "skip_value": row.skip_value,
            "questions": list(row.questions),
            "steps": [
                {
                    "act": str(step.act),
                    "record": step.record,
                    "number": step.existing_number,
                    "values": {key: events.plain(value) for key, value in step.values.items()},
                    **({"before": dict(step.before), "after": dict(step.after)} if step.before else {}),
                }
                for step in row.steps
            ],
            "notes": [{"code": str(note.code), "field": note.field, "value": note.value} for note in row.notes],
        },
    }
