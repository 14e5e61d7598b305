"""Operations: queues, given-up work, schedules, workers, e-mail; and the two buttons that put things right."""

from __future__ import annotations

from typing import Any

from flask import flash, g, render_template
from flask.typing import ResponseReturnValue

from blueprints.http import page, polled, requires, see_other
from blueprints.manager import blueprint
from portal import clock
from portal.db import session, transaction
from portal.errors import DomainError
from portal.i18n import N_, _
from portal.models.event import EventKind
from portal.models.notice import DeliveryState
from portal.models.org import User
from portal.permissions import Permission
from portal.services import delivery, events, operations, slots


@blueprint.get("/operations")
@requires(Permission.OPERATION_VIEW)
def operations_page() -> ResponseReturnValue:
    """How the work behind the pages stands."""
    return page("manager/operations/page.html", doubt=slots.doubt(session(), clock.now()), **_figures())


@blueprint.get("/operations/figures")
@requires(Permission.OPERATION_VIEW)
@polled
def operations_figures() -> ResponseReturnValue:
    """The same as it stands now; the page asks again every ten seconds."""
    return render_template("manager/operations/figures.html", **_figures())


def _figures() -> dict[str, Any]:
    current, at = session(), clock.now()
    counts = operations.mail_counts(current)
    return {
        "queues": operations.queues(current, at),
        "dead": operations.dead(current),
        "failing": operations.failing(current),
        "slots": operations.slot_views(current, at),
        "workers": operations.workers(current, clock.machine_now()),
        "mail": [(state.label, counts[state]) for state in DeliveryState if counts.get(state)],
        "troubled_mail": operations.troubled_mail(current),
        "kind_label": operations.kind_label,
        "DeliveryState": DeliveryState,
    }


@blueprint.post("/operations/<int:outbox_id>/rerun")
@requires(Permission.OPERATION_VIEW)
def rerun_work(outbox_id: int) -> ResponseReturnValue:
    """Give up work another chance."""
    user_id = g.user.id
    with transaction() as writing:
        if not delivery.rerun(writing, outbox_id, at=clock.now()):
            raise DomainError(N_("This work is not given up any more; nothing was changed."))
        events.record(
            writing, EventKind.SYSTEM, action="rerun", at=clock.now(), actor=writing.get(User, user_id), outbox_id=outbox_id
        )  # fmt: skip
    flash(_("The work is in line again."), "done")
    return see_other(".operations_page")


@blueprint.post("/operations/confirm-clock")
@requires(Permission.OPERATION_VIEW)
def confirm_clock() -> ResponseReturnValue:
    """The manager says that the server's clock is right, so that what was missed is made up."""
    user_id = g.user.id
    with transaction() as writing:
        slots.confirm_clock(writing, at=clock.now())
        events.record(
            writing, EventKind.SYSTEM, action="confirm-clock", at=clock.now(), actor=writing.get(User, user_id)
        )  # fmt: skip
    flash(_("Thank you. What was missed is being made up."), "done")
    return see_other(".operations_page")
