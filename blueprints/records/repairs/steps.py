"""The steps of a repair: the form of each, shown and carried out. Rules: `portal/processes/repair.py`."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue

from blueprints.http import find_or_404, requires
from blueprints.records import blueprint
from blueprints.records.repairs import desk_forms as desk
from blueprints.records.repairs import work_forms as work
from blueprints.records.repairs.pages import PATH
from blueprints.records.steps import StepForm, StepPages
from portal.i18n import N_
from portal.models.repair import RepairOrder
from portal.permissions import Permission
from portal.processes.repair import PROCESS, Action
from portal.services import repairs

STEP_FORMS: dict[str, tuple[type[StepForm], Any]] = {
    Action.CHECK: (desk.CheckForm, repairs.check),
    Action.ASSIGN: (desk.AssignForm, repairs.assign),
    Action.TAKE_OVER: (work.TakeOverForm, repairs.take_over),
    Action.REACH: (work.ReachForm, repairs.reach),
    Action.ARRIVE: (work.ArriveForm, repairs.arrive),
    Action.START: (work.StartForm, repairs.start),
    Action.QUOTE: (work.QuoteForm, repairs.quote),
    Action.ACCEPT: (work.AnswerForm, repairs.accept),
    Action.DECLINE: (work.AnswerForm, repairs.decline),
    Action.EXTEND: (work.ExtendForm, repairs.extend),
    Action.FINISH: (work.FinishForm, repairs.finish),
    Action.SIGN_OFF: (work.SignOffForm, repairs.sign_off),
    Action.REJECT: (work.RejectForm, repairs.reject),
    Action.CLOSE: (desk.CloseForm, repairs.close),
    Action.REWORK: (desk.ReworkForm, repairs.rework),
    Action.COMPLAIN: (desk.ComplainForm, repairs.complain),
}
"""The form of each step and the service function that carries it out."""
STEPS = StepPages(
    find=lambda number: find_or_404(RepairOrder, number),
    forms=STEP_FORMS,
    kinds=N_("Repairs"),
    heading=lambda order: (order.reporter, order.symptom[:40]),
    back=repairs.take_back,
    shows_waiting_clocks=False,
)
assert set(STEP_FORMS) == {str(step.action) for step in PROCESS.transitions if step.sources and not step.automatic}


@blueprint.route(f"{PATH}/steps/<action>", methods=["GET", "POST"])
@requires(Permission.REPAIR_VIEW)
def repair_step(number: str, action: str) -> ResponseReturnValue:
    """One step of the repair: its form, and carrying it out."""
    return STEPS.show(number, action)


@blueprint.post(f"{PATH}/steps/<action>/back")
@requires(Permission.REPAIR_VIEW)
def take_repair_step_back(number: str, action: str) -> ResponseReturnValue:
    """Take a step of the repair back that was taken by mistake."""
    return STEPS.take_back(number, action)
