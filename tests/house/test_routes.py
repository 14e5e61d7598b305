"""Rules of addresses: who may is said beside each, and all are written alike."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from werkzeug.routing import Rule

from blueprints.guard import is_declared, permission_of
from portal.permissions import GRANTS, Permission

PUBLIC = {
    "static",
    "account.sign_in",
    "account.demo_sign_in",
    "account.give_code",
    "account.sign_out",
    "account.preferences",
    "repair_captain.not_ready",
    "reviewer.not_ready",
    "reviewer.service_worker",
    "reviewer.manifest",
    "repair_captain.service_worker",
    "repair_captain.manifest",
    "public.health",
    "public.metrics",
    "public.home",
    "public.answer_survey",
    "public.survey_thanks",
}
"""What answers without signing in. A new one is added here on purpose, never in passing."""

PART = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]+)?|<(?:int|string|path|any\([a-z0-9, -]+\)):[a-z_]+>|<[a-z_]+>")


@pytest.fixture
def rules(app: Flask) -> list[Rule]:
    return list(app.url_map.iter_rules())


@pytest.mark.sqlite_only
def test_every_endpoint_says_who_may(app: Flask, rules: list[Rule]) -> None:
    undeclared = sorted({rule.endpoint for rule in rules if not is_declared(app, rule.endpoint)})
    assert undeclared == [], "add @requires(Permission....) or @public below the route of each"


@pytest.mark.sqlite_only
def test_public_endpoints_are_the_known_ones(app: Flask, rules: list[Rule]) -> None:
    public = {rule.endpoint for rule in rules if permission_of(app, rule.endpoint) is None}
    assert public <= PUBLIC, "is this really for everybody without signing in? Then add it to PUBLIC"


@pytest.mark.sqlite_only
def test_permissions_of_routes_are_granted_to_somebody(app: Flask, rules: list[Rule]) -> None:
    granted = set().union(*GRANTS.values())
    asked = {permission_of(app, rule.endpoint) for rule in rules} - {None}
    assert {permission for permission in asked if isinstance(permission, Permission)} == asked
    assert asked <= granted, "a page that no role may open: extend GRANTS"


@pytest.mark.sqlite_only
def test_addresses_are_kebab_case(rules: list[Rule]) -> None:
    wrong = [
        rule.rule
        for rule in rules
        if rule.endpoint != "static"
        and not all(PART.fullmatch(part) for part in rule.rule.strip("/").split("/") if part)
    ]
    assert wrong == [], "English kebab-case, converters with a type: /repair-orders/<int:order_id>/finish"


@pytest.mark.sqlite_only
def test_endpoints_are_named_after_their_functions(app: Flask, rules: list[Rule]) -> None:
    wrong = [
        rule.endpoint
        for rule in rules
        if rule.endpoint != "static" and not re.fullmatch(r"[a-z_]+\.[a-z][a-z0-9_]*", rule.endpoint)
    ]
    assert wrong == [], "a blueprint and a function name, so that url_for reads well"


@pytest.mark.sqlite_only
def test_what_changes_something_is_no_get(rules: list[Rule]) -> None:
    """A step has its own address and takes POST; GET may show its form."""
    steps = ("/end", "/end-others", "/disable", "/enable", "/reset", "/sign-out", "/delete", "/undo", "/read")
    wrong = [rule.rule for rule in rules if rule.rule.endswith(steps) and "POST" not in (rule.methods or set())]
    assert wrong == []
