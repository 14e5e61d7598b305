"""The settings page: every setting with its origin; one form per group."""

from __future__ import annotations

from collections.abc import Mapping

from flask import flash, g, request
from flask.typing import ResponseReturnValue

from blueprints.http import page, requires, see_other
from blueprints.manager import blueprint
from portal import clock
from portal.db import session, transaction
from portal.errors import Invalid, Message, NotFound
from portal.i18n import _, _n
from portal.models.org import Department
from portal.permissions import Permission, Role
from portal.processes.complaint import LEAD_DEPARTMENTS, Category
from portal.services import dry_runs, setting_changes
from portal.services.dry_runs import DryRun
from portal.services.setting_changes import Conflict

Texts = dict[str, list[str]]


@blueprint.get("/settings")
@requires(Permission.SETTING_EDIT)
def settings() -> ResponseReturnValue:
    """All settings by group."""
    return _page()


@blueprint.post("/settings/<group>")
@requires(Permission.SETTING_EDIT)
def save_settings(group: str) -> ResponseReturnValue:
    """Save one group; what cannot be taken comes back with what was typed and a sentence at the field.

    A changed limit first shows what it would have done last month, and is saved when just that was seen.
    """
    if group not in {item.slug for item in setting_changes.groups(session())}:
        raise NotFound()
    typed, versions = _read()
    try:
        tried = _dry_run(group, typed, versions)
        if tried is not None and request.form.get("seen") != tried.seal:
            return _page(group, typed, tried=tried)
        with transaction() as writing:
            changed = setting_changes.change(writing, group, typed, versions, actor=g.user, at=clock.now())
    except Invalid as refusal:
        return _page(group, typed, refusal.fields, status=422)
    except Conflict as conflict:
        return _page(group, typed, conflict=conflict, status=409)
    said = _n("%(num)s setting was changed.", "%(num)s settings were changed.", len(changed))
    flash(said if changed else _("Nothing was changed."), "done")
    return see_other(f"/manager/settings#{group}")


def _dry_run(group: str, typed: Texts, versions: dict[str, int]) -> DryRun | None:
    changes = setting_changes.considered(session(), group, typed, versions)
    return dry_runs.of_changes(session(), g.user, changes, at=clock.now()) if changes else None


def _read() -> tuple[Texts, dict[str, int]]:
    """What was typed by key, and the versions that the page showed: they also tell which settings it had."""
    versions = {
        name.removeprefix("version."): int(text)
        for name, text in request.form.items()
        if name.startswith("version.") and text.isdecimal() and len(text) < 10
    }
    typed: Texts = {}
    for key in versions:
        typed[key] = request.form.getlist(key)
        for category in Category:
            lead = request.form.get(f"{key}.{category.value}", "")
            second = request.form.get(f"{key}.{category.value}.second", "")
            if lead or second:
                typed[key].append(
                    f"{category.value}={lead}+{second}" if lead and second else f"{category.value}={lead}"
                )
    return typed, versions


def _page(
    group: str = "",
    typed: Texts | None = None,
    errors: Mapping[str, Message] | None = None,
    conflict: Conflict | None = None,
    tried: DryRun | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    return page(
        "manager/settings/index.html",
        status=status,
        groups=setting_changes.groups(session()),
        tried=group,
        dry_run=tried,
        why_left_out=dry_runs.why_left_out,
        typed=typed or {},
        errors=errors or {},
        conflict=conflict,
        provenance=setting_changes.PROVENANCE,
        told=setting_changes.told,
        roles=list(Role),
        categories=[(item, [Department.show(name) for name in LEAD_DEPARTMENTS[item]]) for item in Category],
        departments=Department.choices(),
    )
