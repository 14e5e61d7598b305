"""Which blueprints make up the portal."""

from __future__ import annotations

from importlib import import_module

from flask import Blueprint

PACKAGES = (
    "blueprints.public",
    "blueprints.account",
    "blueprints.records",
    "blueprints.front_desk",
    "blueprints.specialist",
    "blueprints.reviewer",
    "blueprints.repair_captain",
    "blueprints.manager",
)


def blueprints() -> list[Blueprint]:
    """The blueprints of all packages; each package names its own as `blueprint`."""
    return [import_module(package).blueprint for package in PACKAGES]
