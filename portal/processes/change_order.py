"""P06 Change orders: nothing is added or left out before all four have signed. Source: domain.md 3.7, 4.6 (6)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from portal.i18n import N_
from portal.permissions import Permission
from portal.processes import base
from portal.processes.base import Guard, Process, Transition
from portal.processes.project import ProjectStage

CONTEXT = "change-order"


class State(StrEnum):
    """Where a change order stands."""

    PROPOSED = "PROPOSED"
    SIGNED = "SIGNED"
    WITHDRAWN = "WITHDRAWN"


class Action(StrEnum):
    """What can be done with a change order."""

    PROPOSE = "propose"
    SIGN = "sign"
    WITHDRAW = "withdraw"


OPEN = frozenset(
    {
        ProjectStage.ARCHIVED,
        ProjectStage.TO_DISPATCH,
        ProjectStage.DISPATCHED,
        ProjectStage.MATERIAL_CARD,
        ProjectStage.START_SET,
        ProjectStage.IN_PROGRESS,
        ProjectStage.SUSPENDED,
        ProjectStage.PRE_ACCEPTED,
        ProjectStage.ACCEPTED,
    }
)
"""Until the last money is in the works can still be changed."""
SIGNERS = ("designer_signed_by", "foreman_signed_by", "pm_signed_by", "customer_signed_by")
"""Who signs the paper (004)."""


def _has_value(order: Any) -> bool:
    contract = order.project.contract
    return contract is not None and contract.output_value + order.amount > 0


WORKS_OPEN = Guard(
    "works-open",
    N_("the works are under way: the file is open and the last money is not in"),
    lambda record: record.project.stage in OPEN,
)
HAS_CONTRACT = Guard(
    "contract",
    N_("the project has a contract, and it stands"),
    lambda order: order.project.contract is not None and order.project.contract.state != "TERMINATED",
)
HAS_VALUE = Guard("value", N_("the contract holds more than is left out"), _has_value)

PROCESS = Process(
    code="P06-1",
    kind="change-orders",
    title=N_("Change orders"),
    purpose=N_("No work is added or left out before the customer has signed; money and finish move with the signature."),
    states=(
        base.State(State.PROPOSED, N_("To be signed", CONTEXT), N_("Written; nothing of it may be carried out yet.")),
        base.State(
            State.SIGNED, N_("Signed", CONTEXT), N_("All four signed: the output value and the finish moved."), final=True
        ),
        base.State(
            State.WITHDRAWN, N_("Withdrawn", CONTEXT), N_("It was not signed; all stays as agreed."),
            final=True, main_line=False,
        ),
    ),
    transitions=(
        Transition(
            Action.PROPOSE,
            N_("Write a change order"),
            frozenset(),
            State.PROPOSED,
            Permission.PROJECT_EDIT,
            required=("items", "amount"),
            optional=("extra_days", "remarks"),
            guards=(WORKS_OPEN,),
        ),
        Transition(
            Action.SIGN,
            N_("Record the signatures"),
            frozenset({State.PROPOSED}),
            State.SIGNED,
            Permission.PROJECT_EDIT,
            required=(*SIGNERS, "signed_on"),
            guards=(WORKS_OPEN, HAS_CONTRACT, HAS_VALUE),
            on_behalf=True,
        ),
        Transition(
            Action.WITHDRAW,
            N_("Withdraw", CONTEXT),
            frozenset({State.PROPOSED}),
            State.WITHDRAWN,
            Permission.PROJECT_EDIT,
            required=("withdrawn_why",),
            primary=False,
        ),
    ),
    field_labels={
        "items": N_("Added and left out"),
        "amount": N_("More or less (yuan)"),
        "extra_days": N_("Extra days"),
        "remarks": N_("Remarks"),
        "designer_signed_by": N_("Signed by the designer"),
        "foreman_signed_by": N_("Signed by the foreman"),
        "pm_signed_by": N_("Signed by the project manager"),
        "customer_signed_by": N_("Signed by the customer"),
        "signed_on": N_("Signed by the customer on"),
        "withdrawn_why": N_("Why it was withdrawn"),
    },
)  # fmt: skip
