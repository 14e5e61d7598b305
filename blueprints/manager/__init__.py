"""Pages of manager."""

from flask import Blueprint

blueprint = Blueprint("manager", __name__, url_prefix="/manager")

from blueprints.manager import audit, calendar, check_items, claims, moved, operations, settings, task_types, views  # noqa: E402, F401
