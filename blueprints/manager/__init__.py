"""Pages of manager."""

from flask import Blueprint

blueprint = Blueprint("manager", __name__, url_prefix="/manager")

from blueprints.manager import (  # noqa: E402
    absences,  # noqa: F401
    approvals,  # noqa: F401
    audit,  # noqa: F401
    calendar,  # noqa: F401
    call_scripts,  # noqa: F401
    check_items,  # noqa: F401
    claims,  # noqa: F401
    moved,  # noqa: F401
    operations,  # noqa: F401
    promises,  # noqa: F401
    repeats,  # noqa: F401
    settings,  # noqa: F401
    task_types,  # noqa: F401
    views,  # noqa: F401
    wall,  # noqa: F401
)
