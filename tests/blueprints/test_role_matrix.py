"""Every page without parts in its address, for every role and for nobody: allowed, refused or sent to sign in."""

from __future__ import annotations

import pytest

from blueprints.guard import permission_of
from portal.permissions import Role, may

UNLESS_ASKED_FOR = {"public.metrics", "account.give_code"}
"""Answers that depend on more than the role."""
OF_A_KIND = {
    "/records/changes/new",
    "/records/import-runs/template.xlsx",
    "/records/penalties/new",
    "/records/rewards/new",
}
"""Pages that are not there without the kind they are asked about, for those who may ask."""


ACCESS_LOG = {"event", "event_head"}
"""An export is written down although it is a GET."""


def pages(app):
    for rule in app.url_map.iter_rules():
        if not rule.arguments and "GET" in rule.methods and rule.endpoint not in UNLESS_ASKED_FOR | {"static"}:
            yield rule.rule, permission_of(app, rule.endpoint)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("role", Role)
def test_each_page_answers_as_the_table_says(app, sign_in, role):
    browser = sign_in(role)
    wrong = []
    for path, permission in pages(app):
        status = browser.get(path, check=False).status_code
        allowed = permission is None or may(role, permission)
        expected = (status == 404 if path in OF_A_KIND else status < 400) if allowed else status == 403
        if not expected:
            wrong.append(f"{path}: {status}, permission {permission}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.sqlite_only
def test_nobody_gets_anything_but_the_way_to_sign_in(app, visitor):
    for path, permission in pages(app):
        answer = visitor.get(path, check=False)
        if permission is not None:
            assert answer.status_code == 303 and "/account/sign-in" in answer.location, path


@pytest.mark.sqlite_only
def test_reading_changes_nothing(app, sign_in, session):
    """No GET writes: the rows of every table are the same before and after a walk through all pages."""
    from sqlalchemy import func, select

    from portal.db import Base

    browser = sign_in(Role.MANAGER)

    def rows():
        session.rollback()
        tables = [(name, table) for name, table in Base.metadata.tables.items() if name not in ACCESS_LOG]
        return {name: session.scalar(select(func.count()).select_from(table)) for name, table in tables}

    before = rows()
    for path, permission in pages(app):
        if permission is not None and may(Role.MANAGER, permission):
            browser.get(path, check=False)
    assert rows() == before


@pytest.mark.sqlite_only
def test_figures_are_for_this_machine_only(app, visitor):
    assert "portal_outbox_waiting" in visitor.get("/metrics", status=200, check=False).text
    away = visitor.browser.get("/metrics", environ_base={"REMOTE_ADDR": "10.1.2.3"})
    assert away.status_code == 404
