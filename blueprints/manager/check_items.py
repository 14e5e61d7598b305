"""The lines that inspections ask, for the manager: list, new, change."""

from __future__ import annotations

from flask import flash, g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires, see_other
from blueprints.manager import blueprint
from blueprints.manager.task_types import seen_version
from blueprints.records.inspections import limit_text
from blueprints.records.pre_acceptance_forms import CheckItemForm
from portal import clock
from portal.db import session, transaction
from portal.errors import Invalid, Stale
from portal.i18n import _
from portal.models.pre_acceptance import CheckItem
from portal.permissions import Permission
from portal.processes.pre_acceptance import CheckTrade, ItemResult, PhotoNeed
from portal.services import check_items


@blueprint.get("/check-items")
@requires(Permission.PREACCEPT_DECIDE)
def list_check_items() -> ResponseReturnValue:
    """All lines in their order."""
    return page(
        "manager/check_items/list.html",
        items=[
            {
                "item": item,
                "trade": CheckTrade.show(item.trade),
                "limit": limit_text(item),
                "photo": PhotoNeed.show(item.photo_rule),
                "asked_if_result": ItemResult.show(item.asked_if_result) if item.asked_if_result else "",
            }
            for item in check_items.every(session())
        ],
    )


@blueprint.route("/check-items/new", methods=["GET", "POST"])
@requires(Permission.PREACCEPT_DECIDE)
def new_check_item() -> ResponseReturnValue:
    """A new line."""
    return _edit(None)


@blueprint.route("/check-items/<int:item_id>", methods=["GET", "POST"])
@requires(Permission.PREACCEPT_DECIDE)
def edit_check_item(item_id: int) -> ResponseReturnValue:
    """Change a line; inspections that were begun keep their words."""
    return _edit(check_items.find(session(), item_id))


def _edit(item: CheckItem | None) -> ResponseReturnValue:
    form, status = CheckItemForm(), 200
    every = check_items.every(session())
    form.prepare(item, max((each.position for each in every), default=0) + 1, every)
    if form.validate_on_submit():
        try:
            with transaction() as writing:
                if item is None:
                    check_items.add(writing, form.to_details(), actor=g.user, at=clock.now())
                else:
                    fresh = check_items.find(writing, item.id)
                    version = seen_version()
                    check_items.change(writing, fresh, form.to_details(), version=version, actor=g.user, at=clock.now())
        except Invalid as refusal:
            form.take(refusal)
        except Stale as refusal:
            form.form_errors, status = [str(refusal)], refusal.status
        else:
            flash(_("Saved."), "done")
            return see_other(".list_check_items")
    return page(
        "manager/check_items/form.html",
        form=form,
        item=item,
        version=request.form.get("version") or (item.version if item is not None else ""),
        status=status if status != 200 else form.status,
    )
